//! Campaigns that compare arms.

use crate::play::{PERSON, Play, T0, buy, sent, view};
use campaign::{Action, ActionKind, Experiment};
use event::{DAY, HOUR};

/// A text, or a picture an hour later; who takes no part gets the text.
fn yaml(experiment: &str) -> String {
    format!(
        "
name: greeting
entry: {{ event: Product Viewed, key: event.properties.product_id, reentry: each }}
exit_on: [ {{ event: Order Completed, key: event.product_ids }} ]
steps:
  - wait: 1d
  - experiment: {experiment}
    arms:
      - name: text
        steps: [ {{ send: text, template: t.txt }} ]
      - name: picture
        steps: [ {{ wait: 1h }}, {{ send: picture, template: t.txt }} ]
  - wait: 1d
  - send: last
    template: t.txt
"
    )
}

fn exposures(play: &Play) -> Vec<&Action> {
    let is_one = |action: &&Action| matches!(action.kind, ActionKind::Exposure { .. });
    play.actions.iter().map(|(_, action)| action).filter(is_one).collect()
}

/// Names of experiments that put the person into the control, and into the other arm, by the published method.
fn names() -> [String; 2] {
    let arm = |name: &String| Experiment::new(name, ["text", "picture"]).assign(&PERSON.to_string()).arm;
    let mut names = (0..).map(|n| format!("look-{n}"));
    [0, 1].map(|wanted| names.find(|name| arm(name) == wanted).unwrap())
}

#[test]
fn an_arm_is_taken_when_it_is_reached_and_reported() {
    let [text, picture] = names();
    for (name, arm, steps, due) in
        [(text, "text", ["text", "last"], 0), (picture, "picture", ["picture", "last"], 1)]
    {
        let play = Play::new(&yaml(&name)).arrive(T0, view("a", T0)).run();
        let reported = exposures(&play);
        assert_eq!(reported.len(), 1);
        let kind = ActionKind::Exposure { experiment: name.clone(), variation: arm.to_owned() };
        assert_eq!((&reported[0].kind, reported[0].due_at), (&kind, T0 + DAY));
        let sends: Vec<&str> = sent(&play).into_iter().filter(|step| *step != name).collect();
        assert_eq!(sends, steps);
        let first = play.actions.iter().find(|(_, action)| action.kind == ActionKind::Send).unwrap();
        assert_eq!(first.1.due_at, T0 + DAY + due * HOUR);
    }
}

#[test]
fn who_leaves_before_was_not_exposed() {
    let play =
        Play::new(&yaml(&names()[1])).arrive(T0, view("a", T0)).arrive(T0 + HOUR, buy(&["a"], T0 + HOUR));
    assert_eq!(sent(&play.run()), [] as [&str; 0]);
}

#[test]
fn an_exposure_is_the_same_one_in_each_journey() {
    let play =
        Play::new(&yaml(&names()[1])).arrive(T0, view("a", T0)).arrive(T0 + DAY, view("b", T0 + DAY)).run();
    let reported = exposures(&play);
    assert_eq!(reported.len(), 2);
    assert_eq!(reported[0].id, reported[1].id);
    let sends: Vec<&Action> = play
        .actions
        .iter()
        .map(|(_, action)| action)
        .filter(|action| action.kind == ActionKind::Send)
        .collect();
    assert_eq!(sends.len(), 4);
    assert!(sends.iter().all(|send| send.id != reported[0].id));
}

#[test]
fn who_takes_no_part_gets_the_control_and_is_not_reported() {
    let name = format!("{}\n    coverage: 0", names()[1]);
    let play = Play::new(&yaml(&name)).arrive(T0, view("a", T0)).run();
    assert_eq!(sent(&play), ["text", "last"]);
    let person = PERSON.to_string();
    let whole = |from: f64, to: f64| {
        format!("{}\n    namespace: {{ name: looks, from: {from}, to: {to} }}", names()[1])
    };
    let namespace = |from, to| campaign::Namespace {
        name: "looks".to_owned(),
        range: campaign::BucketRange { from, to },
    };
    let (inside, outside) =
        if namespace(0.0, 0.5).holds(&person) { ((0.0, 0.5), (0.5, 1.0)) } else { ((0.5, 1.0), (0.0, 0.5)) };
    let play = |(from, to): (f64, f64)| Play::new(&yaml(&whole(from, to))).arrive(T0, view("a", T0)).run();
    assert_eq!(exposures(&play(inside)).len(), 1);
    assert_eq!(sent(&play(outside)), ["text", "last"]);
}
