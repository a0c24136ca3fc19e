//! A large table, imported in little memory, and killed and resumed: the same as undisturbed.

use crate::shop_log::Random;
use crate::state::copy_keys;
use crate::{import, succeed};
use embedded::{Keys, LakeFolder, Sealer, Store};
use lake::LakeStore;
use pollster::block_on;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// What an import may take at most, in KiB.
const MEMORY: u64 = 200 * 1024;

const MAPPING: &str = "\
event: Order Completed
message_id: { column: order_id, prefix: \"large-\" }
timestamp: { column: ordered_at, zone: Asia/Shanghai }
identifiers: { user_id: customer, email: email }
properties:
  order_id: order_id
  revenue: { column: amount, type: money, currency: EUR }
  quantity: { column: items, type: integer }
  note: note
";

/// Writes orders of so many customers until the table has so many bytes; how many there are. One in fifty has line
/// breaks, separators and quotation marks in a cell; one in a thousand is broken.
fn write_table(path: &Path, bytes: u64, customers: u64) -> (u64, u64) {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path).unwrap());
    let mut random = Random(11);
    let heading = "order_id,customer,email,ordered_at,amount,items,note\n";
    file.write_all(heading.as_bytes()).unwrap();
    let (mut written, mut orders, mut broken) = (heading.len() as u64, 0u64, 0);
    while written < bytes {
        let customer = random.below(customers);
        let note = match orders % 50 {
            0 => format!("\"gift for \"\"{customer}\"\", ring twice,\nleave it at the door\""),
            _ => "standard delivery; no remarks at all".to_owned(),
        };
        let amount = if orders % 1000 == 7 {
            "much".to_owned()
        } else {
            format!("{}.{:02}", 5 + orders % 200, orders % 100)
        };
        broken += u64::from(orders % 1000 == 7);
        let row = format!(
            "o-{orders},c-{customer},c{customer}@example.com,2025-{:02}-{:02} {:02}:{:02}:{:02},{amount},{},{note}\n",
            1 + orders / 100_000 % 12,
            1 + orders % 28,
            orders % 24,
            orders % 60,
            orders % 59,
            1 + orders % 4,
        );
        file.write_all(row.as_bytes()).unwrap();
        written += row.len() as u64;
        orders += 1;
    }
    file.flush().unwrap();
    (orders, broken)
}

/// Sums over all that an installation holds, which do not depend on its order.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sums {
    rows: u64,
    row_hashes: u64,
    ids: u64,
    profiles: u64,
    profile_hashes: u64,
    refused: u64,
    refused_hashes: u64,
}

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn sums(data: &Path) -> Sums {
    let mut sums = Sums::default();
    let keys = Keys::open(&data.join("keys")).unwrap();
    let store = Store::open(&data.join("store.redb"), Sealer::new(&keys.vault)).unwrap();
    store
        .each_profile(|person, _, blob| {
            sums.profiles += 1;
            sums.profile_hashes = sums.profile_hashes.wrapping_add(hash((person.0, blob)));
        })
        .unwrap();
    for record in store.quarantined().unwrap() {
        sums.refused += 1;
        sums.refused_hashes = sums.refused_hashes.wrapping_add(hash((record.source, record.original)));
    }
    let lake = LakeFolder::new(data.join("lake"));
    for path in block_on(lake.list(lake::EVENTS)).unwrap() {
        lake::replay(&path, block_on(lake.open(&path)).unwrap(), |archived| {
            let mut wire = Vec::new();
            archived.event.encode(&mut wire);
            sums.rows += 1;
            sums.row_hashes = sums.row_hashes.wrapping_add(hash(&wire));
            sums.ids = sums.ids.wrapping_add(hash(&*archived.event.message_id));
        })
        .unwrap();
    }
    sums
}

/// Runs a command to its end, or for so long and then kills it; whether it ended, and the most memory it had, in KiB.
fn watched(mut command: Command, kill_after: Option<Duration>) -> (bool, u64) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let (mut peak, step, mut waited) = (0, Duration::from_millis(5), Duration::ZERO);
    loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let now = line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok()).unwrap_or(0);
        peak = peak.max(now);
        if let Some(exit) = child.try_wait().unwrap() {
            assert!(exit.success(), "{exit}");
            return (true, peak);
        }
        if kill_after.is_some_and(|limit| waited >= limit) {
            child.kill().unwrap();
            child.wait().unwrap();
            return (false, peak);
        }
        sleep(step);
        waited += step;
    }
}

fn import_table(bytes: u64, customers: u64, kills: u64, pause: Duration, batch: Option<&str>) {
    let folder = tempfile::tempdir().unwrap();
    let (table, mapping) = (folder.path().join("orders.csv"), folder.path().join("orders.yaml"));
    let (whole, killed) = (folder.path().join("whole"), folder.path().join("killed"));
    fs::write(&mapping, MAPPING).unwrap();
    let (orders, broken) = write_table(&table, bytes, customers);
    let command = |data: &Path| {
        let mut command = import(&table, data);
        command.arg("--mapping").arg(&mapping);
        command.args(batch.map(|lines| ["--batch", lines]).into_iter().flatten());
        command
    };
    let (ended, peak) = watched(command(&whole), None);
    assert!(ended);
    println!("{bytes} bytes, {orders} orders: {} MiB at most", peak / 1024);
    assert!(peak > 0 && peak <= MEMORY, "{peak} KiB");

    copy_keys(&whole, &killed);
    let mut interrupted = 0;
    for kill in 0..kills {
        let (ended, peak) = watched(command(&killed), Some(pause + pause * (kill % 3) as u32));
        assert!(peak <= MEMORY, "{peak} KiB after {kill} kills");
        interrupted += u64::from(!ended);
    }
    assert!(interrupted > 0, "no kill came in the middle");
    let (_, peak) = watched(command(&killed), None);
    assert!(peak <= MEMORY, "{peak} KiB in the end");
    assert!(succeed(command(&killed)).contains("nothing to do"));

    let expected = sums(&whole);
    assert_eq!((expected.rows, expected.refused), (orders - broken, broken));
    assert_eq!(sums(&killed), expected);
}

#[test]
fn a_table_killed_and_resumed_is_the_same() {
    import_table(400_000, 300, 3, Duration::from_millis(200), Some("200"));
}

/// The same at full size: `cargo test --release -p rondo --test faults -- --ignored --nocapture gigabyte`. Some twenty
/// minutes and 8 GB of disk.
#[test]
#[ignore = "takes many minutes and gigabytes of disk"]
fn a_gigabyte_in_200_megabytes() {
    import_table(1_000_000_000, 300_000, 4, Duration::from_secs(15), None);
}
