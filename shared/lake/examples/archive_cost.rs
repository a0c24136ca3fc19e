//! What it costs to turn events into lake files: `archive_cost EVENTS.ndjson [FOLDER]`.

use event::{Arrival, Parser, ParserSettings, Pseudonymizer};
use lake::{Columns, EventFile, Key, Long, Text, replay, scan};
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let records = std::fs::read(args.next().ok_or("name a file of events")?)?;
    let folder = args.next();
    let parser = Parser::new(Pseudonymizer::new(b"archive-cost"), ParserSettings::default());
    let lines: Vec<&[u8]> = records.split(|b| *b == b'\n').filter(|line| !line.is_empty()).collect();
    let now = 1_795_342_000_000;
    let parsed: Vec<_> =
        lines.iter().filter_map(|line| parser.parse(line, "web", Arrival::Recorded { now }).ok()).collect();

    let started = Instant::now();
    let mut file = EventFile::new(0, "log");
    let (mut files, mut buffered, mut pushing) = (Vec::new(), 0, 0.0);
    for (at, batch) in parsed.chunks(65_536).enumerate() {
        let begun = Instant::now();
        for (n, parsed) in batch.iter().enumerate() {
            file.push((at * 65_536 + n) as i64, now, &parsed.event);
        }
        pushing += begun.elapsed().as_secs_f64();
        buffered += file.approx_bytes();
        files.push(file.finish()?);
    }
    let took = started.elapsed().as_secs_f64();
    let events = parsed.len() as f64;
    let bytes: usize = files.iter().map(|file| file.bytes.len()).sum();
    println!(
        "{events} events: {:.2} µs each ({:.2} of it to buffer)",
        took * 1e6 / events,
        pushing * 1e6 / events
    );
    println!(
        "{:.0} B an event buffered, {:.0} B in the file",
        buffered as f64 / events,
        bytes as f64 / events
    );

    let started = Instant::now();
    let mut rows_seen = 0;
    for file in &files {
        let columns = Columns {
            longs: &[Long::HappenedAt, Long::ReceivedAt, Long::AmountMinor],
            keys: &[Key::User, Key::Anonymous, Key::Email, Key::Phone],
            texts: &[Text::Name, Text::Currency],
        };
        scan(&file.path, bytes::Bytes::from(file.bytes.clone()), columns, |rows| rows_seen += rows.len())?;
    }
    println!(
        "scan of 9 columns: {:.2} µs a row, {rows_seen} rows",
        started.elapsed().as_secs_f64() * 1e6 / events
    );
    let started = Instant::now();
    let mut same = 0;
    let mut expected = parsed.iter();
    for file in &files {
        replay(&file.path, bytes::Bytes::from(file.bytes.clone()), |archived| {
            same += usize::from(expected.next().is_some_and(|parsed| parsed.event == archived.event));
        })?;
    }
    println!("replay: {:.2} µs an event, {same} equal", started.elapsed().as_secs_f64() * 1e6 / events);
    if let Some(folder) = folder {
        for file in files {
            std::fs::write(format!("{folder}/{}", file.path.replace('/', "_")), file.bytes)?;
        }
    }
    Ok(())
}
