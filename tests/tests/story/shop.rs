//! A shop with one campaign, on one machine.

use campaign::LedgerEntry;
use collect_events::{Deps, Request, WriteKeys};
use embedded::{BusLog, FrameBuilder, Intake};
use event::{Event, EventBus, Identifier, IdentifierKind, PortError, Quarantine, Quarantined, Secret, Vault};
use pollster::block_on;
use rondo::{Durable, Installation};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const SETTINGS: &str = "\
name: Story
sender: { name: Shop, address: hello@shop.example }
unsubscribe_url: https://shop.example/stop
lateness: 1m
global_holdout: 0
";

const CAMPAIGN: &str = "\
name: browse
entry:
  event: Product Viewed
  when: event.properties.dwell_ms >= 20000
  key: event.properties.product_id
  keep: [name]
exit_on:
  - event: Order Completed
    key: event.properties.products.map(p, p.product_id)
steps:
  - wait: 3d
  - send: coupon
    subject: Still thinking about {{ kept.name }}?
    template: coupon.txt
";

const TEMPLATE: &str = "Dear {{ person.first_name }}, here is your coupon. {{ unsubscribe_url }}";

/// The intake of the installation, by the story's clock.
struct Door<'i> {
    intake: &'i Intake,
    log: &'i BusLog,
    now: i64,
}

impl Door<'_> {
    fn append(&self, fill: impl FnOnce(&mut FrameBuilder) -> Result<(), PortError>) -> Result<(), PortError> {
        let mut frame = FrameBuilder::default();
        fill(&mut frame)?;
        self.log.append(&mut frame, self.now).map(drop)
    }
}

impl EventBus for Door<'_> {
    async fn publish(&self, events: &[Event<'_>]) -> Result<(), PortError> {
        self.append(|frame| {
            events.iter().for_each(|event| frame.event(event));
            Ok(())
        })
    }
}

impl Vault for Door<'_> {
    async fn put(&self, secrets: &[Secret]) -> Result<(), PortError> {
        self.append(|frame| self.intake.frame_secrets(frame, secrets))
    }

    async fn get(&self, identifier: Identifier, field: &str) -> Result<Option<String>, PortError> {
        self.intake.get(identifier, field).await
    }
}

impl Quarantine for Door<'_> {
    async fn put(&self, records: &[Quarantined]) -> Result<(), PortError> {
        self.append(|frame| self.intake.frame_quarantined(frame, records))
    }
}

pub struct Shop {
    folder: TempDir,
    write_keys: WriteKeys,
    running: Option<Installation>,
}

impl Shop {
    pub fn new() -> Shop {
        Shop::of(&[
            ("config/settings.yaml", SETTINGS),
            ("config/campaigns/browse.yaml", CAMPAIGN),
            ("config/templates/coupon.txt", TEMPLATE),
        ])
    }

    /// A data folder that begins with these files.
    pub fn of(files: &[(impl AsRef<Path>, impl AsRef<[u8]>)]) -> Shop {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let write_keys = WriteKeys::new([("web".to_owned(), "secret".to_owned())]);
        let running = Some(Installation::open(folder.path()).unwrap());
        Shop { folder, write_keys, running }
    }

    pub fn running(&mut self) -> &mut Installation {
        self.running.as_mut().unwrap()
    }

    /// The process dies with all that is not durable, and starts again.
    pub fn crash(&mut self) {
        self.running = None;
        self.running = Some(Installation::open(self.folder.path()).unwrap());
    }

    /// Sends calls as one batch, without telling the loop of it; returns the status of the answer.
    pub fn send(&mut self, now: i64, calls: &[Value]) -> u16 {
        let mut calls = calls.to_vec();
        for (n, call) in calls.iter_mut().enumerate() {
            call["messageId"] = json!(format!("{now}-{n}"));
            call["timestamp"] = json!(now);
        }
        let body = json!({"batch": calls, "sentAt": now}).to_string();
        let running = self.running.as_ref().unwrap();
        let Durable { intake, log, .. } = running.pump.durable.as_ref().unwrap();
        let door = Door { intake, log, now };
        let deps = Deps {
            bus: &door,
            vault: &door,
            quarantine: &door,
            requests: &event::NoRequests,
            parser: &running.parser,
            write_keys: &self.write_keys,
        };
        let request = Request {
            method: "POST",
            path: "/v1/batch",
            query: "",
            headers: &[("X-Write-Key", "secret")],
            body: body.as_bytes(),
            now,
        };
        block_on(collect_events::run(&deps, &request)).status
    }

    pub fn tick(&mut self, now: i64) {
        self.running().tick(now).unwrap();
    }

    /// The e-mails, without the encoding of their lines.
    pub fn outbox(&self) -> Vec<String> {
        let files = fs::read_dir(self.folder.path().join("outbox")).unwrap();
        let read = |path: PathBuf| fs::read_to_string(path).unwrap().replace("=\r\n", "").replace("=3D", "=");
        files.map(|file| read(file.unwrap().path())).collect()
    }

    /// What became of a user's messages.
    pub fn ledger(&mut self, user: &str) -> Vec<LedgerEntry> {
        let running = self.running();
        let person = running.parser.hasher().identifier(IdentifierKind::User, user).key;
        running.pump.store.ledger_of(person).unwrap()
    }

    /// Codes of what is in quarantine.
    pub fn refused(&mut self) -> Vec<&'static str> {
        let refused = self.running().pump.store.quarantined().unwrap();
        refused.iter().map(|record| record.rejection.code.as_str()).collect()
    }

    /// The numbers of a report.
    pub fn report(&mut self, now: i64) -> Value {
        let page = self.running().report(now).unwrap();
        serde_json::from_slice(&fs::read(page.with_file_name("report.json")).unwrap()).unwrap()
    }

    /// Files below the data folder that hold a text, by their paths from there.
    pub fn files_with(&self, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        search(self.folder.path(), "", text.as_bytes(), &mut found);
        found
    }
}

fn search(root: &Path, below: &str, text: &[u8], found: &mut Vec<String>) {
    for entry in fs::read_dir(root.join(below)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{below}{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            search(root, &format!("{path}/"), text, found);
        } else if fs::read(entry.path()).unwrap().windows(text.len()).any(|w| w == text) {
            found.push(path);
        }
    }
}
