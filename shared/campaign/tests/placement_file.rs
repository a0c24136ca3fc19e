//! Placement files: one that uses everything, and the mistakes that people make, each with its place and its cure.

use campaign::placement::{Because, By, Recommend};
use campaign::{Lane, Placement, Placements};
use event::DAY;
use serde_json::json;

const GOOD: &str = r#"name: home-hero
description: The top of the front page
ttl: 1d
default: { title: Welcome, tiles: [1, 2] }
creatives:
  - name: help
    lane: service
    when: profile.service.open_cases > 0
    content: { title: We look into it }
  - name: winter
    starts: 2026-11-01T00:00:00Z
    ends: 2027-03-01T00:00:00Z
    when: "event.properties.place == 'front'"
    content: Winter is here
  - name: anybody
    content: { title: Hello }
recommend:
  count: 4
  from: [viewed, popular]
"#;

#[test]
fn a_file_that_uses_everything() {
    let placement = Placement::parse(GOOD).unwrap();
    assert_eq!((placement.name.as_str(), placement.ttl), ("home-hero", DAY));
    assert_eq!(placement.default, json!({"title": "Welcome", "tiles": [1, 2]}));
    let creatives: Vec<_> = placement.creatives.iter().map(|c| (c.name.as_str(), c.lane)).collect();
    assert_eq!(
        creatives,
        [("help", Lane::Service), ("winter", Lane::Marketing), ("anybody", Lane::Marketing)]
    );
    assert_eq!(placement.creatives[1].content, json!("Winter is here"));
    // 2026-11-01 and 2027-03-01.
    assert_eq!(placement.creatives[1].starts, Some(1_793_491_200_000));
    assert_eq!(placement.creatives[1].ends, Some(1_803_859_200_000));
    let recommend = Recommend { count: 4, from: vec![Because::Viewed, Because::Popular] };
    assert_eq!(placement.recommend, Some(recommend));
}

#[test]
fn what_is_left_out_has_a_default() {
    let placement = Placement::parse("name: a\nrecommend: { count: 2 }\n").unwrap();
    assert_eq!((placement.ttl, placement.default.is_null()), (60_000, true));
    let all = vec![Because::Related, Because::Viewed, Because::Popular];
    assert_eq!(placement.recommend.unwrap().from, all);
}

#[test]
fn each_mistake_has_its_place_and_its_cure() {
    let long = format!("content: {}", "x".repeat(17_000));
    for (from, to, line, column, message) in [
        ("name: home-hero", "name: Home", 1, 7, "a placement's name has up to 64 lower-case letters"),
        ("ttl: 1d", "ttl: 2d", 3, 6, "write 1d or less"),
        ("ttl: 1d", "ttl: a day", 3, 6, "write one like 30m"),
        ("creatives:", "creative:", 5, 1, "did you mean `creatives`?"),
        ("lane: service", "lane: care", 7, 11, "they are service, marketing"),
        ("open_cases > 0", "open_case > 0", 8, 27, "did you mean `open_cases`?"),
        ("ends: 2027", "ends: 2025", 12, 11, "ends before it starts"),
        ("name: winter", "name: help", 10, 11, "`help` stands here twice"),
        ("  count: 4", "  count: 0", 18, 10, "1 to 50 products"),
        ("[viewed, popular]", "[]", 19, 9, "related, viewed, popular"),
        ("[viewed, popular]", "[seen]", 19, 10, "related, viewed, popular"),
        ("content: Winter is here", &long, 10, 11, "more than 16384"),
        ("    content: Winter is here\n", "", 13, 5, "the field `content` is missing"),
        ("    when: profile.service.open_cases > 0\n", "", 9, 11, "`winter` is never shown"),
    ] {
        assert!(GOOD.contains(from), "{from}");
        let error = Placement::parse(&GOOD.replacen(from, to, 1)).unwrap_err();
        assert_eq!((error.line, error.column), (line, column), "{to:.40}: {error}");
        assert!(error.message.contains(message), "{to:.40}: {error}");
    }
}

#[test]
fn experiments_and_their_mistakes() {
    let good = "\
name: a
experiments:
  - name: hero
    by: anonymous_id
    coverage: 0.5
    arms: [ { name: plain, weight: 0.9 }, { name: bold, weight: 0.1 } ]
creatives:
  - { name: b, arm: hero.bold, content: x }
";
    let placement = Placement::parse(good).unwrap();
    let trial = &placement.experiments[0];
    assert_eq!(
        (trial.experiment.arms.len(), trial.by, placement.creatives[0].arm),
        (2, By::AnonymousId, Some((0, 1)))
    );
    let ranges: Vec<_> = trial.experiment.ranges.iter().map(|range| (range.from, range.to)).collect();
    // Half of each arm's weight.
    assert!(ranges[0].0 == 0.0 && (ranges[0].1 - 0.45).abs() < 1e-9, "{ranges:?}");
    assert!((ranges[1].0 - 0.9).abs() < 1e-9 && (ranges[1].1 - 0.95).abs() < 1e-9, "{ranges:?}");
    for (from, to, line, message) in [
        ("hero.bold", "hero.bolt", 8, "did you mean `hero.bold`?; there are hero.plain, hero.bold"),
        ("weight: 0.9", "weight: 0.8", 6, "make it 1"),
        ("coverage: 0.5", "coverage: 2", 5, "a share of people from 0 to 1"),
        ("by: anonymous_id", "by: cookie", 4, "person, user_id, anonymous_id"),
        (
            "{ name: bold, weight: 0.1 }",
            "{ name: bold, weight: 0.1, steps: [ { exit: true } ] }",
            6,
            "has no steps",
        ),
    ] {
        assert!(good.contains(from), "{from}");
        let error = Placement::parse(&good.replacen(from, to, 1)).unwrap_err();
        assert!(error.line == line && error.message.contains(message), "{to}: {error}");
    }
}

#[test]
fn what_is_learned_and_its_mistakes() {
    let good = "\
name: a
creatives:
  - { name: b, content: x }
  - { name: c, content: y }
learn:
  circumstances: { buyer: profile.orders.count > 0 }
  reward: Order Completed
  window: 3d
  explore: 0.2
  min_samples: 50
";
    let learn = Placement::parse(good).unwrap().learn.unwrap();
    assert_eq!(
        (learn.name.as_str(), learn.reward.as_str(), learn.window),
        ("placement:a", "Order Completed", 3 * DAY)
    );
    assert_eq!((learn.design.min_samples, learn.design.features()), (50, 4));
    assert_eq!((learn.slots[0].name.as_str(), learn.slots[0].levels.len()), ("creative", 2));
    let plain = Placement::parse(
        "name: a\nlearn: {}\ncreatives: [ { name: b, content: 1 }, { name: c, content: 2 } ]\n",
    );
    let plain = plain.unwrap().learn.unwrap();
    assert_eq!(
        (plain.reward.as_str(), plain.window, plain.design.min_samples),
        ("Promotion Clicked", 7 * DAY, 100)
    );
    let creatives: String = (0..20).map(|n| format!("  - {{ name: n{n}, content: x }}\n")).collect();
    let many = format!("creatives:\n{creatives}");
    for (from, to, line, message) in [
        ("  - { name: c, content: y }\n", "", 5, "fewer than two creatives"),
        ("explore: 0.2", "explore: 0", 9, "a share from 0.01 to 1"),
        ("window: 3d", "window: long", 8, "write one like 30m"),
        ("buyer:", "'a buyer':", 6, "letters, digits, - and _"),
        ("profile.orders.count", "profile.order.count", 6, "did you mean `orders`?"),
        ("explore:", "explores:", 9, "did you mean `explore`?"),
        ("creatives:\n", &many, 26, "come to 110"),
    ] {
        assert!(good.contains(from), "{from}");
        let circumstances = "circumstances: { buyer: profile.orders.count > 0, x: true, y: true, z: true }";
        let changed = good.replacen(from, to, 1);
        let changed = if message == "come to 110" {
            changed.replace("circumstances: { buyer: profile.orders.count > 0 }", circumstances)
        } else {
            changed
        };
        match Placement::parse(&changed) {
            Err(error) => assert!(error.line == line && error.message.contains(message), "{to:.40}: {error}"),
            Ok(_) => panic!("{changed}"),
        }
    }
}

#[test]
fn a_name_is_given_once() {
    let mut placements = Placements::default();
    placements.add(Placement::parse(GOOD).unwrap()).unwrap();
    let error = placements.add(Placement::parse(GOOD).unwrap()).unwrap_err();
    assert!(error.message.contains("another placement `home-hero`"), "{error}");
}
