//! What came of creatives, over a lake that was worked out by hand.

use aws_lambda_events::eventbridge::EventBridgeEvent;
use build_reports::{Built, Deps, Settings, handle, learn};
use bytes::Bytes;
use campaign::{Campaign, Campaigns, CreativeStore, Creatives, Placement, Placements, Templates};
use event::{
    DAY, Event, HOUR, IdentifierKind, Identifiers, NotCounted, PortError, Pseudonymizer, day_of, names,
};
use lake::{EventFile, LakeFile, LakeStore, ReportStore};
use pollster::block_on;
use serde_json::json;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// 2026-11-01T12:00:00Z.
const START: i64 = 1_793_534_400_000;

#[derive(Default)]
struct Memory {
    files: RefCell<BTreeMap<String, Vec<u8>>>,
    opened: Cell<usize>,
    learned: RefCell<Option<Vec<u8>>>,
}

impl LakeStore for Memory {
    type File = Bytes;

    async fn put(&self, file: &LakeFile) -> Result<(), PortError> {
        self.files.borrow_mut().insert(file.path.clone(), file.bytes.clone());
        Ok(())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, PortError> {
        Ok(self.files.borrow().keys().filter(|path| path.starts_with(prefix)).cloned().collect())
    }

    async fn open(&self, path: &str) -> Result<Bytes, PortError> {
        self.opened.set(self.opened.get() + 1);
        Ok(Bytes::from(self.files.borrow()[path].clone()))
    }
}

impl ReportStore for Memory {
    async fn put(&self, file: &LakeFile) -> Result<(), PortError> {
        LakeStore::put(self, file).await
    }
}

impl CreativeStore for Memory {
    async fn load(&self) -> Result<Creatives, PortError> {
        let learned = self.learned.borrow();
        learned.as_ref().map_or(Ok(Creatives::default()), |bytes| Creatives::of_file(bytes, "memory"))
    }

    async fn save(&self, creatives: &Creatives) -> Result<(), PortError> {
        *self.learned.borrow_mut() = Some(creatives.encode());
        Ok(())
    }
}

impl Memory {
    /// Puts the events of a day, `day` days after the first: of each the name, the person, the action and the title.
    fn add(&self, day: i64, events: &[(&str, &str, u8, &str)]) {
        let at = START + day * DAY;
        let mut file = EventFile::new(day_of(at), "bus");
        for (sequence, (name, person, action, title)) in (0..).zip(events) {
            let mut identifiers = Identifiers::default();
            identifiers.insert(Pseudonymizer::new(b"learn").identifier(IdentifierKind::User, person));
            let mut properties = json!({"campaign": "welcome", "step": "hello"});
            if *action > 0 {
                properties["action_id"] = json!(format!("{action:032x}"));
            }
            if !title.is_empty() {
                properties["creative"] =
                    json!({"levels": {"title": title}, "circumstances": [], "explored": true});
            }
            if *name == names::CREATIVE_VIEWED {
                properties["placement"] = json!("home-hero");
                properties["creative"]["levels"] = json!({"creative": title});
            }
            let (id, at) = (format!("m-{day}-{sequence}"), at + sequence * HOUR);
            let event = Event::reported(id, name, identifiers, at, properties.to_string(), "rondo");
            file.push(sequence, at, &event);
        }
        block_on(LakeStore::put(self, &file.finish().unwrap())).unwrap();
    }
}

fn campaigns(with_creative: bool) -> Campaigns {
    let creative =
        "    creative:\n      slots: { title: { plain: Hello, question: How are you? } }\n      window: 2d\n";
    let creative = if with_creative { creative } else { "" };
    let subject = if with_creative { "{{ creative.title }}" } else { "Hello" };
    let yaml = format!(
        "name: welcome\nentry: {{ event: Signed Up }}\nsteps:\n  - send: hello\n    subject: \"{subject}\"\n    \
         template: hello.html\n{creative}"
    );
    let templates = Templates::new([("hello.html".to_owned(), "<p>Hello</p>".to_owned())]).unwrap();
    Campaigns::new(vec![Campaign::parse(&yaml, &templates).unwrap()])
}

/// What the function makes of the night after `day`.
fn night(lake: &Memory, campaigns: &Campaigns, day: i64) -> Built {
    night_with(lake, campaigns, &Placements::default(), day)
}

fn night_with(lake: &Memory, campaigns: &Campaigns, placements: &Placements, day: i64) -> Built {
    let settings = Settings::default();
    let (reports, counts, creatives) = (lake, &NotCounted, lake);
    let deps = Deps { lake, reports, counts, creatives, campaigns, placements, settings };
    let event: EventBridgeEvent = serde_json::from_value(json!({
        "source": "aws.events", "detail-type": "Scheduled Event", "detail": {}, "resources": [],
        "time": event::iso_time(START + day * DAY + 13 * HOUR),
    }))
    .unwrap();
    block_on(handle(&deps, &event, 0)).unwrap()
}

const SENT: &str = names::MESSAGE_SENT;

#[test]
fn each_night_teaches_what_is_over_and_once() {
    let (lake, campaigns) = (Memory::default(), campaigns(true));
    // Ann and Bo got the plain title, Cy the question; Ann clicked on the next day, Cy too late.
    lake.add(
        0,
        &[
            (SENT, "ann", 1, "plain"),
            (SENT, "bo", 2, "plain"),
            (SENT, "cy", 3, "question"),
            (SENT, "dee", 4, ""),
        ],
    );
    lake.add(1, &[("Message Clicked", "ann", 1, "")]);
    lake.add(3, &[("Message Clicked", "cy", 3, ""), (SENT, "eve", 5, "question")]);

    assert_eq!(night(&lake, &campaigns, 0).learned["welcome/hello"], 0, "the windows are open");
    let third = night(&lake, &campaigns, 2);
    assert_eq!((third.learned["welcome/hello"], third.report.totals.events), (3, 7));
    let of = |title: &str| block_on(lake.load()).unwrap().learned()["welcome/hello"].of("title", title);
    assert_eq!((of("plain"), of("question")), ((2, 1), (1, 0)));

    // A retry of the night, and the next, teach nothing twice.
    let kept = lake.learned.borrow().clone();
    assert_eq!(night(&lake, &campaigns, 2).learned["welcome/hello"], 0);
    assert_eq!(*lake.learned.borrow(), kept);
    assert_eq!(night(&lake, &campaigns, 5).learned["welcome/hello"], 1);
    assert_eq!((of("plain"), of("question")), ((2, 1), (2, 0)));
}

#[test]
fn days_that_taught_already_are_not_read_again() {
    let (lake, campaigns) = (Memory::default(), campaigns(true));
    for day in 0..20 {
        lake.add(day, &[(SENT, "ann", 1 + day as u8, "plain")]);
    }
    let creative = campaigns.get("welcome").unwrap().message("hello").unwrap().creative().unwrap();
    let first = block_on(learn(&lake, &[creative], &Creatives::default(), START + 18 * DAY)).unwrap();
    assert_eq!((first.messages["welcome/hello"], lake.opened.get()), (16, 20));
    lake.opened.set(0);
    let second = block_on(learn(&lake, &[creative], &first.creatives, START + 20 * DAY)).unwrap();
    // Learned is what was shown before day 16; so the files of days 15 to 19.
    assert_eq!((second.messages["welcome/hello"], lake.opened.get()), (2, 5));
}

#[test]
fn nothing_is_kept_where_nothing_is_chosen_and_what_is_damaged_is_told() {
    let lake = Memory::default();
    lake.add(0, &[(SENT, "ann", 1, "")]);
    assert!(night(&lake, &campaigns(false), 9).learned.is_empty());
    assert_eq!(*lake.learned.borrow(), None);

    *lake.learned.borrow_mut() = Some(b"?".to_vec());
    let deps = Deps {
        lake: &lake,
        reports: &lake,
        counts: &NotCounted,
        creatives: &lake,
        campaigns: &campaigns(true),
        placements: &Placements::default(),
        settings: Settings::default(),
    };
    let error = block_on(handle(&deps, &EventBridgeEvent::default(), START)).unwrap_err().to_string();
    assert!(error.contains("memory is damaged: remove it"), "{error}");
    assert!(
        lake.files.borrow().contains_key("reports/latest/index.html"),
        "the report is there all the same"
    );
}

#[test]
fn placements_that_learn_are_learned_beside_campaigns() {
    let (lake, viewed) = (Memory::default(), names::CREATIVE_VIEWED);
    let yaml = "name: home-hero\nlearn: { window: 1d }\n\
                creatives:\n  - { name: pans, content: 1 }\n  - { name: pots, content: 2 }\n";
    let placements = Placements::new([Placement::parse(yaml).unwrap()]);
    lake.add(
        0,
        &[
            (viewed, "ann", 1, "pans"),
            (viewed, "bo", 2, "pots"),
            // Told again, as another process does.
            (viewed, "ann", 1, "pans"),
            ("Promotion Clicked", "bo", 2, ""),
            (SENT, "ann", 9, "plain"),
        ],
    );
    lake.add(1, &[("Page Viewed", "ann", 0, ""), ("Promotion Clicked", "ann", 0, "")]);
    let learned = night_with(&lake, &campaigns(true), &placements, 4).learned;
    assert_eq!((learned["placement:home-hero"], learned["welcome/hello"]), (2, 1));
    let kept = block_on(lake.load()).unwrap();
    let of = |creative: &str| kept.learned()["placement:home-hero"].of("creative", creative);
    assert_eq!((of("pans"), of("pots")), ((1, 0), (1, 1)), "a day and an hour later is too late");
}
