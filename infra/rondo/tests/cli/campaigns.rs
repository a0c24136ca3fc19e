//! Campaigns that select their people: counted, run, and run by the server.

use crate::rondo::{output, run, write};
use crate::server::{Server, eventually};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::{TempDir, tempdir};

const SPRING: &str = "\
name: spring
entry: { schedule: { cron: \"0 9 1 3 *\", time_zone: Europe/Berlin } }
audience: has(profile.traits.plan) && profile.traits.plan == 'gold'
steps:
  - send: hello
    subject: Spring
    template: hello.html
";
const VIEWED: &str = "\
name: viewed
entry: { event: Product Viewed }
steps:
  - send: hello
    subject: Hello
    template: hello.html
";

/// Twelve people: every second gold, every third without an answer about marketing, the first with a complaint.
fn shop() -> (TempDir, PathBuf) {
    let folder = tempdir().unwrap();
    let data = folder.path().join("data");
    write(
        &data,
        &[
            ("config/settings.yaml", "unsubscribe_url: https://shop.example/u\nglobal_holdout: 0\n"),
            ("config/campaigns/spring.yaml", SPRING),
            ("config/campaigns/viewed.yaml", VIEWED),
            ("config/templates/hello.html", "Hello. <a href=\"{{ unsubscribe_url }}\">no more</a>"),
        ],
    );
    let mut records = Vec::new();
    for n in 0..12 {
        let plan = if n % 2 == 0 { "gold" } else { "free" };
        let answers = if n % 3 == 0 { json!({"analytics": true}) } else { json!({"marketing": true}) };
        records.push(
            json!({"type": "identify", "userId": format!("user-{n}"), "messageId": format!("i-{n}"),
            "timestamp": "2026-11-01T10:00:00Z", "context": {"consent": {"categoryPreferences": answers}},
            "traits": {"email": format!("user-{n}@example.com"), "plan": plan}}),
        );
    }
    records.push(json!({"type": "track", "userId": "user-2", "event": "Case Opened", "messageId": "c-1",
        "timestamp": "2026-11-02T10:00:00Z", "properties": {"case_id": "c-1", "case_kind": "complaint"}}));
    let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
    write(folder.path(), &[("log.ndjson", &lines)]);
    output(&data, &[Path::new("import"), &folder.path().join("log.ndjson")]);
    (folder, data)
}

fn mails(data: &Path) -> usize {
    let files = fs::read_dir(data.join("outbox")).unwrap().flatten();
    files.filter(|file| file.path().extension().is_some_and(|ending| ending == "eml")).count()
}

#[test]
fn an_audience_is_counted_with_what_would_become_of_its_message() {
    let (_folder, data) = shop();
    // Gold are 0, 2, 4, 6, 8, 10; of these 0 and 6 gave no answer, and 2 has a complaint.
    let counted: Value = serde_json::from_str(&output(&data, &["audience", "spring", "--json"])).unwrap();
    let refused = json!({"no_consent": 2, "open_complaint": 1});
    let message = json!({"step": "hello", "sent": 3, "held": 0, "refused": refused});
    assert_eq!(counted, json!({"people": 12, "audience": 6, "message": message}));
    let dry = output(&data, &["run", "spring", "--dry-run"]);
    assert!(dry.starts_with("spring: 6 of 12 people\n") && dry.contains("\n  3 would be sent\n"), "{dry}");
    assert!(dry.contains("2 would not be sent: no_consent: it needs a yes"), "{dry}");
    assert_eq!(mails(&data), 0, "counting sends nothing");

    let free = output(&data, &["audience", "has(profile.traits.plan) && profile.traits.plan == 'free'"]);
    assert_eq!(free.trim_end(), "has(profile.traits.plan) && profile.traits.plan == 'free': 6 of 12 people");
    let wrong = run(Some(&data), &["audience", "profil.orders > 1"]);
    assert!(
        wrong.code == 1 && wrong.err.contains("is no campaign (there are: spring, viewed)"),
        "{}",
        wrong.err
    );
}

#[test]
fn a_campaign_that_is_run_reaches_its_audience_once() {
    let (_folder, data) = shop();
    let at = event::iso_time(now() - 60_000);
    let said = output(&data, &["run", "spring", "--at", &at]);
    assert!(said.contains("6 of 12 people enter it"), "{said}");
    assert_eq!(mails(&data), 3);
    output(&data, &["run", "spring", "--at", &at]);
    assert_eq!(mails(&data), 3, "as of the same time nobody is reached twice");
    let why = output(&data, &["why", "user-0", "spring"]);
    assert!(why.contains("no_consent"), "{why}");

    for (arguments, reason) in [
        (["run", "viewed"], "lets people in by what they do"),
        (["run", "autumn"], "there is no campaign `autumn`; campaigns are: spring, viewed"),
    ] {
        let refused = run(Some(&data), &arguments);
        assert!(refused.code == 1 && refused.err.contains(reason), "{}", refused.err);
    }
    let no_time = run(Some(&data), &["run", "spring", "--at", "tomorrow"]);
    assert!(no_time.err.contains("`tomorrow` is no time; write one like"), "{}", no_time.err);
}

#[test]
fn a_running_server_runs_what_it_is_told_and_what_is_due() {
    let (_folder, data) = shop();
    let server = Server::start(&data);
    let said = output(&data, &["run", "spring"]);
    assert!(said.contains("6 of 12 people enter it"), "{said}");
    eventually("the messages", || mails(&data) == 3);
    drop(server);

    let every_minute = SPRING.replace("0 9 1 3 *", "* * * * *").replace("name: spring", "name: often");
    let from = event::iso_time(now() - 90_000);
    let often = every_minute.replace("audience:", &format!("starts: {from}\naudience:"));
    write(&data, &[("config/campaigns/often.yaml", &often)]);
    let server = Server::start(&data);
    // The day's cap of marketing is two; one was sent already.
    eventually("the campaign's own time", || mails(&data) == 6);
    drop(server);
}

#[allow(clippy::disallowed_methods)]
fn now() -> i64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64
}
