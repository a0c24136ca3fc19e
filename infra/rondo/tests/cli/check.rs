//! Hand-written files and their mistakes.

use crate::rondo::{run, write};
use crate::samples::events;
use std::path::Path;
use tempfile::tempdir;

fn check(folder: &Path) -> crate::rondo::Run {
    run(None, &[Path::new("check"), folder])
}

const HELLO: (&str, &str) = ("templates/hello.txt", "Hello\n");

#[test]
fn the_sample_shop_is_right() {
    let run = check(&events().join("shop"));
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert!(
        run.out.ends_with(
            "config: 13 campaigns, 17 templates, 1 mapping, 2 placements, 3 schemas, settings: all good\n"
        ),
        "{}",
        run.out
    );
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let folder = tempdir().unwrap();
    write(
        folder.path(),
        &[
            HELLO,
            ("settings.yaml", "name: Shop\ntime_zones: Europe/Berlin\n"),
            (
                "campaigns/a-field.yaml",
                "name: a\nentry: { event: Signed Up }\naudiense: profile.known\n\
             steps: [ { send: hello, template: hello.txt } ]\n",
            ),
            (
                "campaigns/b-cel.yaml",
                "name: b\nentry:\n  event: Product Viewed\n  when: event.properties.price > > 3\n\
             steps: [ { send: hello, template: hello.txt } ]\n",
            ),
            (
                "campaigns/c-wait.yaml",
                "name: c\nentry: { event: Signed Up }\nsteps:\n  - wait: 3 days\n  - send: hello\n    template: hello.txt\n",
            ),
            (
                "campaigns/d-fine.yaml",
                "name: d\nentry: { event: Signed Up }\nsteps: [ { send: hello, template: broken.html } ]\n",
            ),
            ("templates/broken.html", "<p>one</p>\n<p>{{ kept.x </p>\n"),
            (
                "mappings/orders.yaml",
                "separator: comma\ncolumns: [id, day]\nevent: Order Completed\ntimestamp: { column: date }\n\
             identifiers: { user_id: { column: id } }\n",
            ),
            ("mappings/people.yaml", "separator: comma\ncolumn: [id]\n"),
        ],
    );
    let run = check(folder.path());
    assert_eq!((run.code, run.out.as_str()), (1, ""));
    let told: Vec<&str> = run.err.lines().collect();
    let expected = [
        ("settings.yaml:2:1: unknown field `time_zones`", "time_zone"),
        ("templates/broken.html:2:1: syntax error: ", ""),
        ("campaigns/a-field.yaml:3:1: unknown field `audiense`", "did you mean `audience`?"),
        ("campaigns/b-cel.yaml:4:34: not a CEL expression: ", ">"),
        ("campaigns/c-wait.yaml:4:11: `3 days` is no time span; write one like 30m, 12h or 3d", ""),
        ("mappings/orders.yaml:4:22: there is no column `date`; columns are id, day", ""),
        ("mappings/people.yaml:2:1: unknown field `column`", "columns"),
    ];
    assert_eq!(told.len(), expected.len() + 1, "{}", run.err);
    for (line, (start, part)) in told.iter().zip(expected) {
        let place = line.strip_prefix(&format!("{}/", folder.path().display())).unwrap_or(line);
        assert!(place.starts_with(start) && place[start.len()..].contains(part), "{line}");
    }
    assert!(told[expected.len()].ends_with("7 mistakes to mend"), "{}", run.err);

    // What is checked is what is opened.
    let data = tempdir().unwrap();
    write(data.path(), &[("config/settings.yaml", "name: Shop\ntime_zones: Europe/Berlin\n")]);
    let opened = crate::rondo::run(Some(data.path()), &["report"]);
    assert!(opened.code == 1 && opened.err.contains("settings.yaml:2:1: unknown field"), "{}", opened.err);
}

#[test]
fn what_is_hardly_meant_is_warned_of() {
    let folder = tempdir().unwrap();
    write(
        folder.path(),
        &[
            ("config/settings.yaml", "unsubscribe_url: https://shop.example.com/unsubscribe\n"),
            (
                "config/campaigns/a.yaml",
                "name: a\nentry: { event: Signed Up, keep: [plan] }\nsteps:\n  - send: hello\n    template: a.html\n  \
             - send: text\n    channel: webhook\n    webhook: sms\n    template: text.txt\n",
            ),
            ("config/campaigns/b.yaml.old", "name: b\n"),
            ("config/templates/a.html", "<p>{{ kept.plan }}</p>\n<p>{{ kept.plam }}</p>\n"),
            ("config/templates/text.txt", "Hello\n"),
        ],
    );
    let run = check(folder.path());
    let config = folder.path().join("config");
    assert_eq!(run.code, 0, "{}", run.err);
    let told: Vec<String> =
        run.err.lines().map(|line| line.replace(&format!("{}/", config.display()), "")).collect();
    let expected = [
        "campaigns/a.yaml:6:11: warning: the settings have no webhook `sms`",
        "campaigns/b.yaml.old: warning: is not read",
        "templates/a.html: warning: marketing by e-mail (campaign a) has to show where to unsubscribe",
        "templates/a.html:2:7: warning: `kept.plam` is always empty: campaign a does not keep `plam`",
    ];
    assert_eq!(told.len(), expected.len(), "{}", run.err);
    for (line, start) in told.iter().zip(expected) {
        assert!(line.starts_with(start), "{line}");
    }
}

#[test]
fn a_folder_that_is_none_is_told() {
    let folder = tempdir().unwrap();
    let run = check(folder.path());
    assert!(run.code == 1 && run.err.contains("holds no configuration"), "{}", run.err);
    let run = check(&folder.path().join("none"));
    assert!(run.code == 1 && run.err.contains("does not exist"), "{}", run.err);
}
