//! Catalogue and data quality of a small lake, worked out by hand.

use build_reports::{Catalogue, CatalogueEvent, CatalogueField, Insight, Settings, insight, run};
use bytes::Bytes;
use event::{
    Arrival, Code, Event, HOUR, Measure, NotCounted, Parser, ParserSettings, PortError, Pseudonymizer,
    QualityCount, QualitySource, Violation,
};
use lake::{EventFile, LakeFile, LakeStore, ReportStore};
use pollster::block_on;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// 2026-11-22T10:30:00Z.
const NOW: i64 = 1_795_343_400_000;

#[derive(Default)]
struct Memory {
    files: RefCell<BTreeMap<String, Vec<u8>>>,
    counts: Vec<QualityCount>,
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
        Ok(Bytes::from(self.files.borrow()[path].clone()))
    }
}

impl ReportStore for Memory {
    async fn put(&self, file: &LakeFile) -> Result<(), PortError> {
        LakeStore::put(self, file).await
    }
}

impl QualitySource for Memory {
    async fn between(&self, from: i64, to: i64) -> Result<Vec<QualityCount>, PortError> {
        Ok(self.counts.iter().filter(|count| (from..=to).contains(&count.hour)).cloned().collect())
    }
}

impl Memory {
    /// Events that the bus took at `at`.
    fn add(&self, at: i64, events: &[Event<'_>]) {
        let mut file = EventFile::new(event::day_of(at), &format!("s{at}"));
        events.iter().zip(0..).for_each(|(event, sequence)| file.push(sequence, at, event));
        block_on(LakeStore::put(self, &file.finish().unwrap())).unwrap();
    }

    fn text(&self, path: &str) -> String {
        String::from_utf8(self.files.borrow()[path].clone()).unwrap()
    }
}

fn parsed<'a>(source: &'a str, at: i64, records: &'a [&'a str]) -> Vec<Event<'a>> {
    let parser = Parser::new(Pseudonymizer::new(b"insight"), ParserSettings::default());
    let parse = |record: &&'a str| parser.parse(record.as_bytes(), source, Arrival::Live { now: at });
    records.iter().map(|record| parse(record).unwrap().event).collect()
}

/// Two hours ago from `web`, of which one broke a rule and one is from yesterday; ten days ago from `till`.
fn shop() -> Memory {
    let mut lake = Memory::default();
    let web = [
        r#"{"type":"track","event":"Order Completed","userId":"u1","properties":{"order_id":"o1","revenue":5,"coupon":null,"products":[{"sku":"a","price":5}]}}"#,
        r#"{"type":"track","event":"Order Completed","userId":"u2","timestamp":"2026-11-21T08:00:00Z","properties":{"revenue":2.5,"note":"call ann@example.com"}}"#,
        r#"{"type":"track","event":"Consent Changed","userId":"u9"}"#,
        r#"{"type":"identify","userId":"u1","traits":{"email":"ann@example.com","firstName":"Ann","plan":"pro"}}"#,
    ];
    let recent = NOW - 2 * HOUR;
    let mut events = parsed("web", recent, &web);
    let broken = Violation { rule: "required".into(), field: "properties.order_id".into(), fixed: false };
    events[1].marks = event::Marks::new(vec![broken], Vec::new());
    lake.add(recent, &events);
    let old = NOW - 240 * HOUR;
    let till = [r#"{"type":"track","event":"<b>Odd</b>","userId":"u3","properties":{"x<i>":""}}"#];
    lake.add(old, &parsed("till", old, &till));
    let count = |hours: i64, source: &str, measure, count| QualityCount {
        hour: (NOW - hours * HOUR).div_euclid(HOUR),
        source: source.into(),
        measure,
        count,
    };
    lake.counts = vec![
        count(2, "web", Measure::Rejected(Code::InvalidJson), 2),
        count(2, "web", Measure::Duplicate, 1),
        count(3, "web", Measure::Withheld, 4),
        count(1, "partner", Measure::Rejected(Code::PlanViolation), 3),
        count(200, "web", Measure::Duplicate, 9),
    ];
    lake
}

fn planned() -> Settings {
    let order = [("order_id".to_owned(), true), ("revenue".to_owned(), false), ("total".to_owned(), false)];
    let planned = [("Order Completed".to_owned(), order.into()), ("Tea Brewed".to_owned(), BTreeMap::new())];
    Settings { planned: planned.into(), ..Settings::default() }
}

fn look(lake: &Memory, settings: &Settings) -> Insight {
    block_on(insight(lake, lake, NOW, settings)).unwrap()
}

fn event<'c>(catalogue: &'c Catalogue, name: &str) -> &'c CatalogueEvent {
    catalogue.events.iter().find(|event| event.name == name).unwrap()
}

fn field<'c>(fields: &'c [CatalogueField], name: &str) -> &'c CatalogueField {
    fields.iter().find(|field| field.name == name).unwrap()
}

#[test]
fn the_catalogue_knows_events_and_their_properties() {
    let Insight { catalogue, .. } = look(&shop(), &planned());
    let names: Vec<_> = catalogue.events.iter().map(|event| (event.name.as_str(), event.count)).collect();
    assert_eq!(names, [("Order Completed", 2), ("<b>Odd</b>", 1), ("Consent Changed", 1), ("Identified", 1)]);
    assert_eq!(catalogue.never_seen, ["Tea Brewed"]);

    let order = event(&catalogue, "Order Completed");
    assert!(order.planned && order.kind == "track");
    assert_eq!((order.sources["web"], order.first_seen.as_str()), (2, "2026-11-22T08:30:00.000Z"));
    let order_id = field(&order.properties, "order_id");
    assert!(order_id.required && order_id.planned);
    assert_eq!((order_id.present, order_id.null, order_id.null_rate), (1, 0, 0.5));
    let revenue = field(&order.properties, "revenue");
    assert_eq!((revenue.types["integer"], revenue.types["number"], revenue.null_rate), (1, 1, 0.0));
    let coupon = field(&order.properties, "coupon");
    assert_eq!((coupon.present, coupon.null, coupon.null_rate, coupon.planned), (0, 1, 1.0, false));
    assert_eq!(field(&order.properties, "products[].price").present, 1);
    let note = field(&order.properties, "note");
    assert!(note.personal && note.masked == 1 && !revenue.personal);
    assert_eq!((order.violations[0].field.as_str(), order.violations[0].count), ("properties.order_id", 1));
    // A property that may be there and never was is not told.
    assert!(order.properties.iter().all(|field| field.name != "total"));

    let identified = event(&catalogue, "Identified");
    assert_eq!(identified.vault.keys().collect::<Vec<_>>(), ["email", "first_name"]);
    assert_eq!(field(&identified.traits, "plan").present, 1);
}

#[test]
fn quality_is_by_source_and_hour() {
    let Insight { quality, .. } = look(&shop(), &planned());
    let names: Vec<_> = quality.sources.iter().map(|s| (s.source.as_str(), s.is_quiet, s.events)).collect();
    assert_eq!(names, [("partner", true, 0), ("till", true, 1), ("web", false, 4)]);
    let web = &quality.sources[2];
    assert_eq!(web.age_ms, Some(2 * HOUR));
    let hours: Vec<_> = web.hours.iter().map(|hour| (hour.hour.as_str(), hour.measures.events)).collect();
    assert_eq!(hours, [("2026-11-22T07:00:00.000Z", 0), ("2026-11-22T08:00:00.000Z", 4)]);
    let hour = &web.hours[1].measures;
    assert_eq!((hour.late, hour.without_time, hour.violating, hour.duplicates), (1, 3, 1, 1));
    assert_eq!(hour.rejected["invalid_json"], 2);
    // One null of order_id, revenue, coupon, sku, price; revenue, note; plan.
    assert_eq!(hour.null_rate, Some(1.0 / 8.0));
    assert_eq!((web.total.withheld, web.total.duplicates, web.total.rejections()), (5, 1, 2));
    assert_eq!(quality.rejected, [("invalid_json".into(), 2), ("plan_violation".into(), 3)].into());
    let broken = &quality.violations[0];
    assert_eq!(
        (broken.event.as_str(), broken.rule.as_str(), broken.count),
        ("Order Completed", "required", 1)
    );
    // Ten days ago is none of the week's hours.
    assert!(quality.sources[1].hours.is_empty());
}

#[test]
fn older_events_are_counted_though_not_looked_into() {
    let settings = Settings { look_into: 1, ..planned() };
    let Insight { catalogue, .. } = look(&shop(), &settings);
    assert_eq!((catalogue.events_counted, catalogue.events_looked_into), (5, 4));
    let odd = event(&catalogue, "<b>Odd</b>");
    assert_eq!((odd.count, odd.looked_into, odd.properties.len()), (1, 0, 0));
}

#[test]
fn many_names_of_events_stay_few() {
    let lake = Memory::default();
    let records: Vec<String> = (0..700)
        .map(|n| format!(r#"{{"type":"track","event":"e{n}","userId":"u","properties":{{"k{n}":1}}}}"#))
        .collect();
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    lake.add(NOW, &parsed("web", NOW, &records));
    let Insight { catalogue, .. } = look(&lake, &Settings::default());
    assert_eq!(catalogue.events.len(), 501);
    assert_eq!((catalogue.events[0].name.as_str(), catalogue.events[0].count), ("(others)", 200));
}

#[test]
fn pages_lie_beside_the_report_and_escape_what_was_sent() {
    let lake = shop();
    block_on(run(&lake, &lake, &lake, NOW, &planned())).unwrap();
    for page in ["catalogue.html", "quality.html"] {
        let page = lake.text(&format!("reports/latest/{page}"));
        assert!(!page.contains("<b>Odd</b>") && !page.contains("example.com"), "{page}");
    }
    assert!(lake.text("reports/latest/catalogue.html").contains("&lt;b&gt;Odd&lt;"));
    let catalogue: serde_json::Value =
        serde_json::from_str(&lake.text("reports/latest/catalogue.json")).unwrap();
    assert_eq!(catalogue["events"][0]["type"], "track");
    let quality: serde_json::Value = serde_json::from_str(&lake.text("reports/latest/quality.json")).unwrap();
    assert_eq!(quality["sources"][2]["hours"][1]["events"], 4);
    assert!(lake.text("reports/latest/index.html").contains("href=\"quality.html\""));
}

#[test]
fn nothing_is_nothing() {
    let lake = Memory::default();
    let Insight { catalogue, quality } =
        block_on(insight(&lake, &NotCounted, NOW, &Settings::default())).unwrap();
    assert!(catalogue.events.is_empty() && quality.sources.is_empty());
    block_on(run(&lake, &lake, &NotCounted, NOW, &Settings::default())).unwrap();
    assert!(lake.text("reports/latest/quality.html").contains("Nothing came in yet"));
}
