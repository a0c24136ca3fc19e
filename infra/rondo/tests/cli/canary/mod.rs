//! Personal data is planted in every field of everything that comes in, and looked for, byte by byte, in everything that
//! is kept, said and answered. It may be found in the vault, opened with its key, and nowhere else; but for the `To:` of
//! a mail, which names whom it goes to.

mod files;
mod records;
mod search;
mod send;
mod shops;

use crate::rondo::{output, run, write};
use crate::server::{Server, eventually};
use files::{MAPPINGS, imports};
use search::{mails, rows, search, vaulted, visit};
use send::send;
use serde_json::Value;
use shops::SHOP_SECRETS;
use std::fs;
use tempfile::tempdir;

const EMAIL: &str = "Canary.Bird@nest.example";
const PHONE: &str = "13912345678";
const CARD: &str = "4111111111111111";
const RESIDENT: &str = "11010519491231002X";
const IP: &str = "203.0.113.195";
const IPV6: &str = "2001:db8:85a3::8a2e:370:7334";
/// Found in running text, in whatever field it stands.
const ANYWHERE: [&str; 12] = [
    EMAIL,
    PHONE,
    "+86 139 1234 5678",
    "139-1234-5678",
    "+1 (415) 555-2671",
    "(030) 901820",
    CARD,
    "4111 1111 1111 1111",
    RESIDENT,
    "110105 19491231 002X",
    IP,
    IPV6,
];
/// Found by the field in which they stand.
const FIRST_NAME: &str = "Kanarine";
const ADDRESS: &str = "Canary Wharf 7";

/// What must be nowhere: parts of the above that stand in nothing else.
const TRACES: [&str; 19] = [
    "canary.bird",
    "nest.example",
    "13912345678",
    "139 1234",
    "139-1234",
    "415) 555",
    "139+1234",
    "415)+555",
    "901820",
    "5552671",
    "41111111",
    "4111 1111",
    "11010519491231",
    "110105 1949",
    "203.0.113",
    "2001:db8",
    "8a2e:370",
    "kanarine",
    "canary wharf",
];

const SETTINGS: &str = "region: CN
incoming_webhooks:
  shop: { kind: shopify }
  woo: { kind: woocommerce }
";
const THANKS: &str = "name: thanks
lane: service
entry: { event: Order Completed }
steps:
  - send: thanks
    subject: \"Thanks {{ profile.traits.nickname }}\"
    template: thanks.html
";
const THANKS_MAIL: &str =
    "Thank you. {{ profile.traits }} {{ profile.recent }} {{ profile.affinity }} {{ profile.touches }}";

#[test]
fn personal_data_is_in_the_vault_and_nowhere_else() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("data");
    write(
        &data,
        &[
            ("config/settings.yaml", SETTINGS),
            ("config/campaigns/thanks.yaml", THANKS),
            ("config/templates/thanks.html", THANKS_MAIL),
        ],
    );
    write(&data, &MAPPINGS);
    let mut said = Vec::new();

    for (file, mapping) in &imports(folder.path()) {
        let mut arguments = vec!["import", file.as_str()];
        arguments.extend(mapping.iter().flat_map(|mapping| ["--mapping", *mapping]));
        let run = run(Some(&data), &arguments);
        assert_eq!(run.code, 0, "{file}: {}{}", run.out, run.err);
        said.extend([run.out, run.err]);
    }

    write(&data, &[("keys/webhooks.json", SHOP_SECRETS)]);
    let server = Server::start(&data);
    said.extend(send(&server));
    eventually("the last event", || output(&data, &["profile", "u-10"]).contains("Wrote"));
    eventually("a mail", || fs::read_dir(data.join("outbox")).is_ok_and(|mails| mails.count() > 0));
    for arguments in [
        &["profile", "u-0"][..],
        &["profile", "u-0", "--json"],
        &["profile", "ph-1", "--json"],
        &["profile", EMAIL],
        &["profile", PHONE],
        &["identity", "u-0"],
        &["identity", "u-0", "--json"],
        &["consent", "u-0"],
        &["consent", "u-0", "--json"],
        &["consent", "u-0", "--history"],
        &["why", "u-0"],
        &["quarantine"],
        &["quarantine", "list", "--json"],
        &["catalogue"],
        &["catalogue", "--json"],
        &["quality"],
        &["quality", "--json"],
    ] {
        let run = run(Some(&data), arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {}", run.err);
        said.extend([run.out, run.err]);
    }
    let listed = output(&data, &["quarantine", "list", "--json"]);
    let refused: Vec<Value> = listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(refused.len() > 100, "{} are in quarantine", refused.len());
    for record in refused.iter().step_by(7) {
        said.push(output(&data, &["quarantine", "show", record["id"].as_str().unwrap()]));
    }
    let stopped = server.stop();
    said.extend([stopped.out, stopped.err]);
    let report = run(Some(&data), &["report"]);
    assert_eq!(report.code, 0, "{}", report.err);
    said.extend([report.out, report.err]);

    let mut found = Vec::new();
    for text in &said {
        search("what was said or answered", text.as_bytes(), &mut found);
    }
    let mut files = 0;
    visit(&data, &mut |path, bytes| {
        if !path.starts_with(data.join("outbox")) {
            files += 1;
            search("the name of a file", path.as_os_str().as_encoded_bytes(), &mut found);
            search(&path.display().to_string(), bytes, &mut found);
        }
    });
    assert!(files > 6, "{files} files were looked at");
    assert!(rows(&data, &mut found) > 1_000);
    mails(&data.join("outbox"), &mut found);
    assert!(found.is_empty(), "{} traces:\n{}", found.len(), found[..found.len().min(100)].join("\n"));
    vaulted(&data);
}
