//! Writes the report of an invented shop, to look at the page: `sample_report FOLDER`.

use build_reports::{Settings, run};
use bytes::Bytes;
use event::{
    Arrival, DAY, HOUR, IdentifierKind, Identifiers, MINUTE, NotCounted, Parser, ParserSettings, PortError,
    Pseudonymizer, iso_time, names,
};
use lake::{EventFile, LakeFile, LakeStore, ReportStore};
use std::path::{Path, PathBuf};

/// 2026-11-22T10:00:00Z.
const NOW: i64 = 1_795_341_600_000;
const DAYS: i64 = 150;

struct Sample {
    lake: LakeFile,
    folder: PathBuf,
}

impl LakeStore for Sample {
    type File = Bytes;

    async fn put(&self, _: &LakeFile) -> Result<(), PortError> {
        Ok(())
    }

    async fn list(&self, _: &str) -> Result<Vec<String>, PortError> {
        Ok(vec![self.lake.path.clone()])
    }

    async fn open(&self, _: &str) -> Result<Bytes, PortError> {
        Ok(Bytes::from(self.lake.bytes.clone()))
    }
}

impl ReportStore for Sample {
    async fn put(&self, file: &LakeFile) -> Result<(), PortError> {
        let path = self.folder.join(&file.path);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))
            .and_then(|()| std::fs::write(&path, &file.bytes))
            .map_err(|error| PortError::Failed { what: "the report", reason: error.to_string() })
    }
}

/// Numbers that look random and are the same every time (xorshift64*).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: i64) -> i64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        ((self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as i64) % bound
    }

    fn chance(&mut self, percent: i64) -> bool {
        self.below(100) < percent
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("name a folder to write to")?);
    let parser = Parser::new(Pseudonymizer::new(b"sample"), ParserSettings::default());
    let mut file = EventFile::new(20_779, "sample");
    let mut sequence = 0;
    let mut track = |name: &str, who: &str, at: i64, late: i64, properties: &str| {
        let record = format!(
            "{{\"type\":\"track\",\"event\":\"{name}\",{who},\"timestamp\":\"{}\",\"receivedAt\":\"{}\",\"properties\":{properties}}}",
            iso_time(at),
            iso_time(at + late)
        );
        let parsed = parser.parse(record.as_bytes(), "sample", Arrival::Recorded { now: NOW });
        file.push(sequence, NOW, &parsed.expect("the sample's records are sound").event);
        sequence += 1;
    };
    let mut dice = Dice(42);
    let mut messages = Vec::new();
    for visitor in 0..1_800 {
        let first = NOW - DAY * DAYS + dice.below(DAYS * 24) * HOUR;
        let anonymous = format!("\"anonymousId\":\"a-{visitor}\"");
        let user = format!("\"userId\":\"u-{visitor}\",{anonymous}");
        let late = if dice.chance(2) { 3 * HOUR } else { 0 };
        track("Home Viewed", &anonymous, first, late, "{}");
        if dice.chance(28) {
            continue;
        }
        track("Product Viewed", &anonymous, first + MINUTE, late, "{\"product_id\":\"sku-1\"}");
        if dice.chance(45) {
            continue;
        }
        track("Product Added", &user, first + 2 * MINUTE, 0, "{\"product_id\":\"sku-1\"}");
        let mut at = first + HOUR;
        let reached = dice.chance(60);
        if reached {
            messages.push((visitor, at, "viewed-not-bought", names::MESSAGE_SENT, ""));
        } else {
            let reason = ["quiet_hours", "no_consent", "holdout"][dice.below(3) as usize];
            messages.push((visitor, at, "viewed-not-bought", names::MESSAGE_REFUSED, reason));
        }
        let mut again = if reached { 62 } else { 45 };
        while dice.chance(again) && at < NOW {
            let total = 15 + dice.below(140);
            let currency = if visitor % 23 == 0 { "GBP" } else { "EUR" };
            let order = format!("{{\"revenue\":{total}.95,\"currency\":\"{currency}\"}}");
            track("Order Completed", &user, at, 0, &order);
            if dice.chance(4) {
                let refund = format!("{{\"total\":{total}.95,\"currency\":\"{currency}\"}}");
                track("Order Refunded", &user, at + 5 * DAY, 0, &refund);
            }
            if dice.chance(30) {
                messages.push((visitor, at + 12 * DAY, "thank-you", names::MESSAGE_SENT, ""));
            }
            at += DAY * (5 + dice.below(45));
            again = 48;
        }
    }
    for (place, (visitor, at, campaign, name, reason)) in messages.into_iter().enumerate() {
        let mut identifiers = Identifiers::default();
        identifiers.insert(parser.hasher().identifier(IdentifierKind::User, &format!("u-{visitor}")));
        let properties =
            format!("{{\"campaign\":\"{campaign}\",\"channel\":\"email\",\"reason\":\"{reason}\"}}");
        let id = format!("message-{place}");
        let event = event::Event::reported(id, name, identifiers, at.min(NOW), properties, "rondo");
        file.push(sequence + place as i64, NOW, &event);
    }
    let sample = Sample { lake: file.finish()?, folder };
    let settings = Settings { title: "Sample shop".into(), ..Settings::default() };
    let report = pollster::block_on(run(&sample, &sample, &NotCounted, NOW, &settings))?;
    println!(
        "{} events, {} orders: {}/reports/latest/index.html",
        report.totals.events,
        report.totals.orders,
        sample.folder.display()
    );
    Ok(())
}
