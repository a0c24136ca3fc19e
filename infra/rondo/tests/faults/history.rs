//! What an imported file says of the last days is read to its end before campaigns act on it.

use crate::{import, succeed};
use embedded::{Keys, Sealer, Store};
use event::{DAY, HOUR, iso_time};
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

const CAMPAIGN: &str = "\
name: unanswered-view
entry: { event: Product Viewed }
exit_on: [ { event: Order Completed } ]
steps:
  - wait: 3h
  - send: reminder
    template: reminder.txt
";

#[test]
fn a_purchase_further_down_the_file_still_cancels() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (folder.path().join("days.ndjson"), folder.path().join("data"));
    for name in ["campaigns", "templates"] {
        fs::create_dir_all(data.join("config").join(name)).unwrap();
    }
    fs::write(data.join("config/campaigns/unanswered-view.yaml"), CAMPAIGN).unwrap();
    fs::write(data.join("config/templates/reminder.txt"), "Still interested?").unwrap();

    let viewed = now() - 4 * DAY;
    let record = |user: &str, event: &str, at: i64| {
        format!(
            r#"{{"type":"track","messageId":"{user} {event}","userId":"{user}","event":"{event}","timestamp":"{}"}}"#,
            iso_time(at)
        )
    };
    let lines = [
        record("buyer", "Product Viewed", viewed),
        record("looker", "Product Viewed", viewed),
        record("buyer", "Order Completed", viewed + HOUR),
    ];
    fs::write(&file, lines.join("\n")).unwrap();
    let mut command = import(&file, &data);
    // Each line is a batch of its own.
    command.args(["--batch", "1"]);
    succeed(command);

    let keys = Keys::open(&data.join("keys")).unwrap();
    let store = Store::open(&data.join("store.redb"), Sealer::new(&keys.vault)).unwrap();
    let (queued, _) = store.queued_actions().unwrap();
    assert_eq!(queued, 1, "the looker's reminder, and no other");
}

#[allow(clippy::disallowed_methods)] // the program goes by the wall clock, too
fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64
}
