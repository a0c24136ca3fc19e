//! E-mail on one machine, as files of a folder.

use campaign::{Action, Channel, ChannelKind, Lane, Outgoing, Receipt, SendError, Sender, SentCopies};
use embedded::Outbox;
use event::{Key, parse_time};
use pollster::block_on;
use std::collections::BTreeMap;
use std::fs;

fn send(channel: &impl Channel, to: &str, subject: &str) -> Result<Receipt, SendError> {
    send_as(ChannelKind::Email, channel, to, subject)
}

fn send_as(kind: ChannelKind, channel: &impl Channel, to: &str, subject: &str) -> Result<Receipt, SendError> {
    let action = Action {
        id: Key([0xab; 16]),
        person: Key([2; 16]),
        campaign: "browse".to_owned(),
        step: "coupon".to_owned(),
        key: "p1".to_owned(),
        entered_at: 0,
        due_at: 0,
        lane: Lane::Marketing,
        kept: r#"{"price":12.5}"#.to_owned(),
        ..Action::default()
    };
    block_on(channel.send(&Outgoing {
        action: &action,
        at: parse_time("2026-11-22T10:00:00Z").unwrap(),
        kind,
        channel: "email",
        to,
        sender: &Sender { name: "茶 Shop".to_owned(), address: "hello@shop.example".to_owned() },
        subject,
        html: "<p>您好</p>",
        text: "您好\n",
        unsubscribe_url: Some("https://shop.example/unsubscribe?m=abab"),
        unsubscribe_mailto: Some("no@shop.example"),
        token: Some("T-1"),
        personal: &BTreeMap::from([("phone".to_owned(), "+8613800138000".to_owned())]),
        webhook: None,
    }))
}

const NAME: &str = "abababababababababababababababab";

#[test]
fn an_email_is_a_file_that_overwrites_itself() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = Outbox::new(folder.path().join("outbox")).unwrap();
    for subject in ["first", "还在想那把茶壶吗？"] {
        let receipt = send(&outbox, "ann@example.com", subject).unwrap();
        assert_eq!(receipt.id, format!("{NAME}@shop.example"));
    }
    let files: Vec<_> =
        fs::read_dir(folder.path().join("outbox")).unwrap().map(|f| f.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    assert_eq!(files[0].file_name().unwrap().to_str(), Some(format!("{NAME}.eml").as_str()));
    let eml = fs::read_to_string(&files[0]).unwrap();
    assert!(eml.is_ascii() && eml.lines().all(|line| line.len() <= 998));
    let head = eml.split("\r\n\r\n").next().unwrap().replace("\r\n\t", " ").replace("\r\n ", " ");
    for line in [
        "To: <ann@example.com>",
        "Date: Sun, 22 Nov 2026 10:00:00 +0000",
        "Message-ID: <abababababababababababababababab@shop.example>",
        "List-Unsubscribe: <https://shop.example/unsubscribe?m=abab>, <mailto:no@shop.example?subject=unsubscribe%20T-1>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        // The base64 of the UTF-8 bytes, by `base64` of coreutils.
        "Subject: =?utf-8?B?6L+Y5Zyo5oOz6YKj5oqK6Iy25aO25ZCX77yf?=",
    ] {
        assert!(head.lines().any(|l| l.eq_ignore_ascii_case(line)), "{line} in\n{head}");
    }
    assert!(head.contains("<hello@shop.example>") && head.contains("multipart/alternative"), "{head}");
    assert!(eml.find("text/plain") < eml.find("text/html"), "the plainer part comes first");
}

#[test]
fn messages_to_telephones_and_apps_are_files_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = Outbox::new(folder.path()).unwrap();
    send_as(ChannelKind::Sms, &outbox, "+4915112345678", "").unwrap();
    send_as(ChannelKind::Push, &outbox, "ios:t0ken", "Hi").unwrap();
    let read = |ending: &str| fs::read_to_string(folder.path().join(format!("{NAME}.{ending}"))).unwrap();
    assert_eq!(read("sms"), "To: +4915112345678\r\nDate: 2026-11-22T10:00:00.000Z\r\n\r\n您好\n");
    let push = "To: ios:t0ken\r\nDate: 2026-11-22T10:00:00.000Z\r\nSubject: Hi\r\n\r\n您好\n";
    assert_eq!(read("push"), push);
    // They are copies of what was sent: found by the action, by whom they went to, and removed with a person.
    let found = |actions: &[Key], addresses: &[&str]| {
        let addresses: Vec<String> = addresses.iter().map(|address| (*address).to_owned()).collect();
        let copies = block_on(outbox.copies(actions, &addresses)).unwrap();
        copies.into_iter().map(|copy| copy.name).collect::<Vec<_>>()
    };
    let (sms, push) = (format!("{NAME}.sms"), format!("{NAME}.push"));
    assert_eq!(found(&[Key([0xab; 16])], &[]), [push.clone(), sms.clone()]);
    assert_eq!(found(&[], &["+4915112345678"]), std::slice::from_ref(&sms));
    block_on(outbox.remove_copies(&[sms, push])).unwrap();
    assert!(found(&[Key([0xab; 16])], &[]).is_empty());
}

#[test]
fn a_folder_that_is_gone_is_not_delivered() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = Outbox::new(folder.path().join("outbox")).unwrap();
    fs::remove_dir(folder.path().join("outbox")).unwrap();
    assert!(matches!(
        send(&outbox, "ann@example.com", "s"),
        Err(SendError::NotDelivered { retry: true, .. })
    ));
}
