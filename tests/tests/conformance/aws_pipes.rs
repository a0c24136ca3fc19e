//! The bus, the queues, e-mail and secrets on AWS.

use crate::other_client::{each, other_client};
use crate::{action_queue, bus};
use aws::{ActionQueues, Bus, DueMessages, KinesisBus, Secret, SesEmail, TopicBus};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use campaign::{
    Action, Channel, ChannelKind, DueQueue, Lane, Outgoing, SendError, Sender, StartQueue, Starts,
};
use event::{Key, decode_envelope};
use rondo_tests::{Endpoint, fresh_name};
use std::cell::RefCell;
use std::collections::BTreeMap;

#[test]
fn a_stream_is_a_bus() {
    each(|endpoint, aws| async move {
        let stream = fresh_name("bus");
        let create = "kinesis = client('kinesis')\n\
            kinesis.create_stream(StreamName=arguments[0], ShardCount=1)\n\
            kinesis.get_waiter('stream_exists').wait(StreamName=arguments[0], WaiterConfig=dict(Delay=1))";
        other_client(endpoint, create, &[&stream]);
        let read = "kinesis, stream = client('kinesis'), arguments[0]\n\
            shard = kinesis.list_shards(StreamName=stream)['Shards'][0]['ShardId']\n\
            at = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType='TRIM_HORIZON')\n\
            at = at['ShardIterator']\n\
            while records := (answer := kinesis.get_records(ShardIterator=at))['Records']:\n    \
                at = answer['NextShardIterator']\n    \
                for record in records:\n        \
                    print(base64.b64encode(record['Data']).decode())";
        let carried = || wires(&lines_decoded(&other_client(endpoint, read, &[&stream])));
        bus::suite(&Bus::Stream(KinesisBus::new(&aws, &stream)), carried, true).await;
    });
}

#[test]
fn a_topic_with_a_queue_is_a_bus() {
    each(|endpoint, aws| async move {
        let queue = new_queue(endpoint, "consumer");
        let create = "sqs, sns = client('sqs'), client('sns')\n\
            queue = sqs.get_queue_attributes(QueueUrl=arguments[1], AttributeNames=['QueueArn'])['Attributes']\n\
            topic = sns.create_topic(Name=arguments[0])['TopicArn']\n\
            sns.subscribe(TopicArn=topic, Protocol='sqs', Endpoint=queue['QueueArn'], \
            Attributes=dict(RawMessageDelivery='true'))\n\
            print(topic, end='')";
        let topic = other_client(endpoint, create, &[&fresh_name("bus"), &queue]);
        let taken = RefCell::new(Vec::new());
        let carried = || {
            taken.borrow_mut().extend(take_all(endpoint, &queue));
            wires(&lines_decoded(&taken.borrow().join("\n")))
        };
        bus::suite(&Bus::Topic(TopicBus::new(&aws, &topic)), carried, false).await;
    });
}

#[test]
fn action_queues() {
    each(|endpoint, aws| async move {
        let (service, marketing) = (new_queue(endpoint, "service"), new_queue(endpoint, "marketing"));
        let taken = RefCell::new(BTreeMap::new());
        // A standard queue keeps no order, and repeats, which the ledger knows by their ids.
        let queued = || -> Vec<Action> {
            for (lane, queue) in [(Lane::Service, &service), (Lane::Marketing, &marketing)] {
                for body in take_all(endpoint, queue) {
                    let action = Action::decode(&STANDARD.decode(body).unwrap()).unwrap();
                    assert_eq!(action.lane, lane);
                    taken.borrow_mut().insert((lane, action.id), action);
                }
            }
            taken.borrow().values().cloned().collect()
        };
        action_queue::suite(&ActionQueues::new(&aws, &service, &marketing), queued).await;
    });
}

#[test]
fn due_queues() {
    each(|endpoint, aws| async move {
        let queue = new_queue(endpoint, "due");
        let due = DueMessages::new(&aws, &queue);
        let people: Vec<Key> = (1..=1002_u128).map(|n| Key((n << 100).to_be_bytes())).collect();
        DueQueue::put(&due, &[]).await.unwrap();
        DueQueue::put(&due, &people).await.unwrap();
        let mut bodies = take_all(endpoint, &queue);
        bodies.sort_by_key(|body| std::cmp::Reverse(body.len()));
        assert_eq!(bodies.len(), 2);
        let named: Vec<Key> = bodies.join(",").split(',').map(|key| Key::parse(key).unwrap()).collect();
        assert_eq!(named, people);

        let starts = Starts::of("weekly", people.iter().map(|person| (7, *person)).collect());
        StartQueue::put(&due, &starts).await.unwrap();
        let mut bodies = take_all(endpoint, &queue);
        bodies.sort_by_key(|body| std::cmp::Reverse(body.len()));
        let read: Vec<Starts> = bodies.iter().map(|body| Starts::parse(body).unwrap()).collect();
        assert_eq!(read, starts);
    });
}

#[test]
fn secrets() {
    each(|endpoint, aws| async move {
        let (text, binary, none) = (fresh_name("text"), fresh_name("binary"), fresh_name("none"));
        let create = "secrets = client('secretsmanager')\n\
            secrets.create_secret(Name=arguments[0], SecretString='pässword')\n\
            print(secrets.create_secret(Name=arguments[1], SecretBinary=bytes([0, 255, 7]))['ARN'], end='')";
        let arn = other_client(endpoint, create, &[&text, &binary]);
        let secret = |id: &str| Secret::new(&aws, id);
        assert_eq!(secret(&text).get().await.unwrap(), "pässword".as_bytes());
        assert_eq!(secret(&binary).get().await.unwrap(), [0, 255, 7]);
        assert_eq!(secret(&arn).get().await.unwrap(), [0, 255, 7]);
        let missing = secret(&none).get().await.unwrap_err().to_string();
        assert!(missing.contains(&none) && missing.contains("put its value"), "{missing}");
    });
}

#[test]
fn emails() {
    each(|endpoint, aws| async move {
        // The endpoint takes letters of verified senders alone, as SES does, and to verified recipients alone, as it
        // does with a new account.
        let verify =
            "for identity in arguments: client('sesv2').create_email_identity(EmailIdentity=identity)";
        other_client(endpoint, verify, &["hello@shop.example", "ann@example.com"]);
        let action = Action {
            id: Key([0xab; 16]),
            person: Key([2; 16]),
            campaign: "browse".to_owned(),
            step: "coupon".to_owned(),
            key: String::new(),
            entered_at: 0,
            due_at: 0,
            lane: Lane::Marketing,
            kept: String::new(),
            ..Action::default()
        };
        let message = Outgoing {
            action: &action,
            at: 1_800_000_000_000,
            kind: ChannelKind::Email,
            channel: "email",
            to: "ann@example.com",
            sender: &Sender { name: "茶 Shop".to_owned(), address: "hello@shop.example".to_owned() },
            subject: "还在想那把茶壶吗？",
            html: "<p>您好</p>",
            text: "您好\n",
            unsubscribe_url: Some("https://shop.example/unsubscribe?m=abab"),
            unsubscribe_mailto: None,
            token: None,
            personal: &BTreeMap::new(),
            webhook: None,
        };
        let ses = SesEmail::new(&aws, None);
        let receipt = ses.send(&message).await.unwrap();
        assert!(!receipt.id.is_empty());
        let stranger = Sender { name: String::new(), address: "stranger@shop.example".to_owned() };
        let refused = ses.send(&Outgoing { sender: &stranger, ..message }).await.unwrap_err();
        assert!(matches!(refused, SendError::NotDelivered { retry: false, .. }), "{refused}");
        // Only this endpoint shows what it has sent.
        if endpoint.url() == Endpoint::ministack().url() {
            let read = "answer = urllib.request.urlopen(url + '/_ministack/ses/messages').read()\n\
                messages = [m for all in json.loads(answer)['messages'].values() for m in all]\n\
                mail = next(m for m in messages if m['MessageId'] == arguments[0])\n\
                print(mail['Source'], *mail['To'], mail['Subject'], mail['BodyText'].strip(), mail['BodyHtml'].strip(), \
                sep='|', end='')";
            let sent = other_client(endpoint, read, &[&receipt.id]);
            assert_eq!(sent, "hello@shop.example|ann@example.com|还在想那把茶壶吗？|您好|<p>您好</p>");
        }
    });
}

fn lines_decoded(text: &str) -> Vec<Vec<u8>> {
    text.lines().map(|line| STANDARD.decode(line).unwrap()).collect()
}

/// The URL of a new queue.
fn new_queue(endpoint: &Endpoint, what: &str) -> String {
    let create = "print(client('sqs').create_queue(QueueName=arguments[0])['QueueUrl'], end='')";
    other_client(endpoint, create, &[&fresh_name(what)])
}

/// Takes everything out of a queue: the bodies.
fn take_all(endpoint: &Endpoint, queue: &str) -> Vec<String> {
    let take = "sqs = client('sqs')\n\
        while messages := sqs.receive_message(QueueUrl=arguments[0], MaxNumberOfMessages=10).get('Messages'):\n    \
            for message in messages:\n        \
                print(message['Body'])\n        \
                sqs.delete_message(QueueUrl=arguments[0], ReceiptHandle=message['ReceiptHandle'])";
    other_client(endpoint, take, &[queue]).lines().map(str::to_owned).collect()
}

/// The events of envelopes, each in wire form.
fn wires(envelopes: &[Vec<u8>]) -> Vec<Vec<u8>> {
    envelopes.iter().flat_map(|envelope| bus::wires(&decode_envelope(envelope).unwrap())).collect()
}
