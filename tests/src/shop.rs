//! The configuration of a shop with two campaigns: one that answers at once, and one that waits.

use config::Files;

/// The write key of the source `web`.
pub const KEY: &str = "deployment-test";

const SETTINGS: &str = "\
name: Deployment
sender: { name: Shop, address: hello@shop.example }
unsubscribe_url: https://shop.example/stop
lateness: 1m
global_holdout: 0.1
write_keys:
  # printf deployment-test | sha256sum
  web: \"sha256:@DIGEST@\"
";

/// Sent at once, and asks for nothing but the event itself.
const THANKS: &str = "\
name: thanks
lane: service
entry:
  event: Order Completed
  key: event.properties.order_id
  keep: [order_id, total]
steps:
  - send: note
    subject: Your order {{ kept.order_id }}
    template: thanks.html
";

/// Waits until everything has come in: a purchase that came late ends it all the same.
const REMINDER: &str = "\
name: reminder
entry:
  event: Product Viewed
  when: event.properties.dwell_ms >= 20000
  key: event.properties.product_id
  keep: [name]
exit_on:
  - event: Order Completed
    key: event.properties.products.map(p, p.product_id)
steps:
  - wait: 4m
  - send: reminder
    subject: Still thinking about {{ kept.name }}?
    template: reminder.html
";

/// The configuration of both sides.
pub fn config_files() -> [(&'static str, String); 5] {
    [
        ("settings.yaml", SETTINGS.replace("@DIGEST@", DIGEST)),
        ("campaigns/thanks.yaml", THANKS.to_owned()),
        ("campaigns/reminder.yaml", REMINDER.to_owned()),
        ("templates/thanks.html", "<p>Thank you! {{ kept.total }} EUR</p>".to_owned()),
        (
            "templates/reminder.html",
            "<p>{{ person.first_name | default('Hello') }}, {{ kept.name }} is still here.</p><a href=\"{{ unsubscribe_url }}\">stop</a>".to_owned(),
        ),
    ]
}

/// SHA-256 of [`KEY`].
const DIGEST: &str = "c06ab3650db33bfa7b7862ed47ddff242a22fb1eb78cd7c04a020544de8c8472";

/// The same, read into one.
pub fn config() -> Files {
    let mut files = Files::default();
    config_files().into_iter().for_each(|(path, text)| files.insert(path, text));
    files
}
