//! What honor-privacy needs of every store: a person is found in all of them, goes from all of them, and from them alone.

use campaign::{
    Action, Cap, Caps, Claim, Holding, JourneyStore, JourneyWrite, Lane, Ledger, LedgerEntry, LedgerState,
};
use event::{
    Arrival, Code, Event, Identifier, IdentifierKind, Key, PRIVACY_LIST, Parser, ParserSettings, PortError,
    PrivacyStore, Pseudonymizer, Quarantine, QuarantineStore, Quarantined, Rejection, Secret, Vault,
    VaultStore,
};
use honor_privacy::{Deps, Request, Stores, run, sweep};
use lake::{EVENTS, EventFile, LakeStore, Snapshot, SnapshotPart};
use person::{IdentityStore, Owner, Profile, ProfileStore, ProfileWrite};
use serde_json::{Value, json};

/// 2026-11-22T10:00:00Z
const NOW: i64 = 1_795_341_600_000;

pub fn parser() -> Parser {
    Parser::new(Pseudonymizer::new(b"conformance"), ParserSettings::default())
}

/// A record of a user, as it came.
fn record(user: &str, name: &str, id: &str) -> String {
    json!({"type": "track", "event": name, "userId": user, "messageId": id, "timestamp": "2026-11-20T10:00:00Z",
        "context": {"externalIds": [{"type": "email", "id": format!("{user}@example.com")}]}})
    .to_string()
}

fn user(parser: &Parser, user: &str) -> Key {
    parser.hasher().identifier(IdentifierKind::User, user).key
}

/// Everything by which a user is known.
pub fn identifiers(parser: &Parser, user: &str) -> [Identifier; 2] {
    let hasher = parser.hasher();
    [
        hasher.identifier(IdentifierKind::User, user),
        hasher.identifier(IdentifierKind::Email, &format!("{user}@example.com")),
    ]
}

/// Puts something of two people into every store.
async fn fill<S: Stores>(deps: &Deps<'_, S>, ledger: &impl Ledger, holding: &impl Holding) {
    let names = ["ann-privacy", "bob-privacy"];
    let records: Vec<String> = names
        .iter()
        .flat_map(|name| ["Seen", "Bought"].map(|event| record(name, event, &format!("{name}-{event}"))))
        .collect();
    let arrival = Arrival::Recorded { now: NOW };
    let events: Vec<Event<'_>> = records
        .iter()
        .map(|text| deps.parser.parse(text.as_bytes(), "web", arrival).unwrap().event)
        .collect();
    let mut file = EventFile::new(20_777, "bus");
    events.iter().zip(0..).for_each(|(event, n)| file.push(n, NOW, event));
    LakeStore::put(deps.lake, &file.finish().unwrap()).await.unwrap();
    let mut snapshot = SnapshotPart::default();
    for (n, (name, events)) in (1..).zip(names.iter().zip(events.chunks(2))) {
        let [id, email] = identifiers(deps.parser, name);
        let mut profile = Profile::default();
        for event in events {
            profile.apply(event);
        }
        let mut blob = Vec::new();
        profile.encode(&mut blob);
        snapshot.push(id.key, 1, &blob);
        let write = ProfileWrite {
            person: id.key,
            version: 0,
            blob: blob.into(),
            fresh: Vec::new(),
            merged: Vec::new(),
            links: vec![email],
            owner: Owner::from(id),
            log: Vec::new(),
        };
        assert_eq!(deps.people.write(vec![write]).await.unwrap(), []);
        let journeys =
            JourneyWrite { person: id.key, version: 0, blob: vec![1, 1, 7], timer: Some(30_000_000 + n) };
        assert_eq!(deps.journeys.write(vec![journeys]).await.unwrap(), []);
        let secret = |field: &str, value: &str| Secret {
            identifier: email,
            field: field.to_owned(),
            value: value.to_owned(),
        };
        let secrets = [secret("email", &format!("{name}@example.com")), secret("first_name", "Nobody")];
        Vault::put(deps.vault, &secrets).await.unwrap();
        let refused = Quarantined {
            at: NOW,
            source: "web".to_owned(),
            rejection: Rejection::new(Code::InvalidType, "type", "none"),
            original: json!({"userId": name}).to_string().into_bytes(),
            came: Default::default(),
        };
        Quarantine::put(deps.quarantine, &[refused]).await.unwrap();
        let action = |kind: u8| Action {
            id: Key([n as u8 * 16 + kind; 16]),
            person: id.key,
            campaign: "hello".to_owned(),
            step: "first".to_owned(),
            key: String::new(),
            entered_at: NOW,
            due_at: NOW,
            lane: Lane::Service,
            kept: String::new(),
            ..Action::default()
        };
        holding.hold(&action(1), NOW + 60_000).await.unwrap();
        let entry = LedgerEntry {
            action: action(2).id,
            person: id.key,
            campaign: "hello".to_owned(),
            step: "first".to_owned(),
            channel: "email".to_owned(),
            state: LedgerState::Claimed,
            reason: None,
            at: NOW,
            due_at: NOW,
            capped_on: Some(20_779),
            receipt: String::new(),
            detail: String::new(),
            creative: Box::default(),
        };
        let caps = Caps { channel: Cap { per_day: Some(9), ..Cap::default() }, ..Caps::default() };
        ledger.claim(&[Claim { entry, caps }]).await.unwrap();
    }
    LakeStore::put(deps.lake, &snapshot.finish(Snapshot::part(NOW, 0)).unwrap()).await.unwrap();
}

fn request(action: &str, user: &str) -> Request {
    let asked = json!({"action": action, "identifier": {"kind": "user_id", "value": user}, "by": "dana"});
    serde_json::from_value(asked).unwrap()
}

async fn asked<S: Stores>(deps: &Deps<'_, S>, request: &Request) -> Value {
    run(deps, request, NOW).await.unwrap()
}

/// `erased` is called once Ann is gone and Bob is not.
pub async fn suite<S: Stores>(
    deps: &Deps<'_, S>,
    ledger: &impl Ledger,
    holding: &impl Holding,
    erased: impl AsyncFn(&Parser),
) {
    fill(deps, ledger, holding).await;
    (deps.settle)().unwrap();
    let export = |answer: Value| answer["export"].clone();
    let bob = export(asked(deps, &request("export", "bob-privacy")).await);
    let ann = export(asked(deps, &request("export", "ann-privacy")).await);
    for (what, count) in [
        ("identifiers", 2),
        ("personal_data", 2),
        ("events", 2),
        ("waiting_messages", 1),
        ("messages", 1),
        ("quarantined", 1),
    ] {
        assert_eq!(ann[what].as_array().unwrap().len(), count, "{what}: {ann}");
    }
    let mut restricted = asked(deps, &request("restrict", "ann-privacy")).await;
    assert_eq!(restricted["identifiers"], 2);
    let late = record("ann-privacy", "Late", "late");
    let live = Arrival::Live { now: NOW };
    let refused = |text: &str| {
        deps.parser.parse(text.as_bytes(), "web", live).map(drop).map_err(|rejection| rejection.code)
    };
    assert_eq!(refused(&late), Err(Code::Restricted));
    restricted = asked(deps, &request("unrestrict", "ann-privacy")).await;
    assert_eq!(restricted["restricted"], false);
    assert_eq!(refused(&late), Ok(()));

    let receipt = asked(deps, &request("erase", "ann-privacy")).await["receipt"].clone();
    let removed = &receipt["removed"];
    for (store, count) in [
        ("lake_rows", 2),
        ("quarantine", 1),
        ("journeys", 1),
        ("timers", 1),
        ("waiting_actions", 1),
        ("ledger", 1),
        ("caps", 1),
        ("profiles", 1),
        ("snapshot_rows", 1),
        ("vault_values", 2),
    ] {
        assert_eq!(removed[store], count, "{store}: {removed}");
    }
    gone(deps, ledger).await;
    erased(deps.parser).await;
    assert_eq!(refused(&late), Err(Code::Erased));
    let mut verify = request("verify", "ann-privacy");
    (verify.identifier, verify.receipt) = (None, Some(receipt));
    let verified = asked(deps, &verify).await;
    assert_eq!((&verified["genuine"], &verified["honoured"]), (&json!(true), &json!(true)));

    // What was on its way meanwhile goes with the next look.
    let text = record("ann-privacy", "On Its Way", "on-its-way");
    let quiet = parser();
    let event = quiet.parse(text.as_bytes(), "web", Arrival::Recorded { now: NOW }).unwrap().event;
    let mut file = EventFile::new(20_779, "bus");
    file.push(99, NOW, &event);
    LakeStore::put(deps.lake, &file.finish().unwrap()).await.unwrap();
    assert_eq!(sweep(deps, NOW + 1).await.unwrap(), 1);
    assert_eq!(sweep(deps, NOW + 2).await.unwrap(), 0);
    gone(deps, ledger).await;

    let mut again = export(run(deps, &request("export", "bob-privacy"), NOW + 5).await.unwrap());
    for changed in ["request", "made_at", "access_log"] {
        again[changed] = bob[changed].clone();
    }
    assert_eq!(again, bob, "who was not asked for is as before");
    let log: Request = serde_json::from_value(json!({"action": "log", "by": "dana"})).unwrap();
    let entries = asked(deps, &log).await["entries"].as_array().unwrap().len();
    assert_eq!(entries, 7, "three exports, a restriction and its end, an erasure and what was on its way");
}

async fn gone<S: Stores>(deps: &Deps<'_, S>, ledger: &impl Ledger) {
    let [id, email] = identifiers(deps.parser, "ann-privacy");
    let person = user(deps.parser, "ann-privacy");
    assert!(deps.people.load(&[person]).await.unwrap()[0].is_none());
    assert_eq!(deps.people.owners(&[email]).await.unwrap(), [None]);
    assert!(deps.journeys.load(&[person]).await.unwrap()[0].is_none());
    assert_eq!(VaultStore::fields(deps.vault, email).await.unwrap(), []);
    assert!(ledger.get(Key([18; 16])).await.unwrap().is_none());
    assert!(ledger.sends(person).await.unwrap().is_empty());
    let mut kept = 0;
    deps.quarantine.each(|_, _| kept += 1).await.unwrap();
    assert_eq!(kept, 1);
    let mut people = Vec::new();
    let part = Snapshot::part(NOW, 0);
    let file = deps.lake.open(&part).await.unwrap();
    lake::scan_snapshot(&part, file, |person, _, _| people.push(person)).unwrap();
    assert_eq!(people, [user(deps.parser, "bob-privacy")]);
    for path in deps.lake.list(EVENTS).await.unwrap() {
        lake::replay(&path, deps.lake.open(&path).await.unwrap(), |row| {
            assert!(!row.event.identifiers.contains(&id), "{path}");
        })
        .unwrap();
    }
}

/// The files of the list, receipts and the log.
pub async fn files<F: PrivacyStore>(files: &F) {
    assert_eq!(files.get(PRIVACY_LIST).await.unwrap(), None);
    files.put(PRIVACY_LIST, b"one", Some("")).await.unwrap();
    let taken = files.put(PRIVACY_LIST, b"two", Some("")).await.unwrap_err();
    assert!(matches!(taken, PortError::Conflict { .. }), "{taken}");
    let stored = files.get(PRIVACY_LIST).await.unwrap().unwrap();
    assert_eq!(stored.bytes, b"one");
    files.put(PRIVACY_LIST, b"two", Some(&stored.version)).await.unwrap();
    let stale = files.put(PRIVACY_LIST, b"three", Some(&stored.version)).await.unwrap_err();
    assert!(matches!(stale, PortError::Conflict { .. }), "{stale}");
    files.put(PRIVACY_LIST, b"four", None).await.unwrap();
    for path in ["log/2026-11-22/b.json", "log/2026-11-21/a.json", "receipts/c.json"] {
        files.put(path, b"{}", None).await.unwrap();
    }
    assert_eq!(files.list("log/").await.unwrap(), ["log/2026-11-21/a.json", "log/2026-11-22/b.json"]);
    files.remove("log/2026-11-21/a.json").await.unwrap();
    files.remove("log/2026-11-21/a.json").await.unwrap();
    assert_eq!(files.list("log/").await.unwrap(), ["log/2026-11-22/b.json"]);
    assert_eq!(files.get(PRIVACY_LIST).await.unwrap().unwrap().bytes, b"four");
}
