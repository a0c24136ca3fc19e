//! Mail as it left: to whom, its subject, its text and its HTML.

use crate::{Endpoint, python};
use campaign::{LedgerEntry, LedgerState};
use event::Key;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// What a reader sees of a mail: to whom, subject, text, HTML.
pub type Mail = [String; 4];

/// Reads the `.eml` files of a folder.
const READ: &str = "import email, email.policy, json, pathlib, sys
def read(path):
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    part = lambda kind: body.get_content() if (body := mail.get_body((kind,))) else ''
    return [mail['To'].addresses[0].addr_spec, mail['Subject'], part('plain'), part('html')]
print(json.dumps({path.stem: read(path) for path in pathlib.Path(sys.argv[1]).glob('*.eml')}))";

/// Tells the endpoint that these domains may send and receive.
pub fn verify_domains(endpoint: &Endpoint, domains: &[&str]) {
    for domain in domains {
        let body = format!(r#"{{"EmailIdentity":"{domain}"}}"#);
        let answer = ureq::post(format!("{}/v2/email/identities", endpoint.url()))
            .header("authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/ses/aws4_request")
            .header("content-type", "application/json")
            .send(body);
        assert!(answer.is_ok(), "{domain}: {answer:?}");
    }
}

/// The mails of an outbox folder, by action.
///
/// # Panics
/// Where there is no such folder, or no Python.
pub fn in_folder(folder: &Path) -> BTreeMap<Key, Mail> {
    let mut read = Command::new(python().unwrap_or_else(|error| panic!("{error}")));
    let output = read.args(["-c", READ]).arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mails: BTreeMap<String, Mail> = serde_json::from_slice(&output.stdout).unwrap();
    let by_action = |(action, mail): (String, Mail)| (Key::parse(&action).unwrap(), mail.map(trimmed));
    mails.into_iter().map(by_action).collect()
}

/// The mails that the endpoint took for the sent messages of a ledger, by action.
///
/// # Panics
/// Where it took none for one of them.
pub fn sent(endpoint: &Endpoint, ledger: &BTreeMap<Key, LedgerEntry>) -> BTreeMap<Key, Mail> {
    let url = format!("{}/_ministack/ses/messages", endpoint.url());
    let answer: Value =
        serde_json::from_reader(ureq::get(url).call().unwrap().into_body().into_reader()).unwrap();
    let accounts = answer["messages"].as_object().expect("messages by account");
    let messages = accounts.values().filter_map(Value::as_array).flatten();
    let by_id: BTreeMap<&str, &Value> =
        messages.filter_map(|message| Some((message["MessageId"].as_str()?, message))).collect();
    let mail_of = |entry: &LedgerEntry| {
        let mail = by_id.get(entry.receipt.as_str());
        let mail = mail.unwrap_or_else(|| panic!("no mail {} at the endpoint", entry.receipt));
        [&mail["To"][0], &mail["Subject"], &mail["BodyText"], &mail["BodyHtml"]]
            .map(|field| trimmed(field.as_str().unwrap_or_default().to_owned()))
    };
    let sent = ledger.values().filter(|entry| entry.state == LedgerState::Sent);
    sent.map(|entry| (entry.action, mail_of(entry))).collect()
}

/// Lines end as they do here, and the last with nothing.
fn trimmed(text: String) -> String {
    text.replace("\r\n", "\n").trim().to_owned()
}
