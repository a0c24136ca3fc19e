//! Parquet files, read whole and in parts.

use event::{Mapping, Parser, ParserSettings, Pseudonymizer};
use import_data::{Arena, Format, Position, Rows, SourceFile, convert};
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use std::io::Cursor;
use std::sync::Arc;

const NOW: i64 = 1_795_341_600_000;
const SCHEMA: &str = "message m {
    required binary who (utf8); required int64 at (timestamp(nanos, true)); required int32 day (date);
    required int64 cents (decimal(12, 2)); optional double weight; required binary \"odd name\" (utf8);
}";
const MAPPING: &str = "event: Order Completed\ntimestamp: at\nidentifiers: { user_id: who }\n\
    properties: { day: day, revenue: { column: cents, type: money, currency: EUR }, weight: weight }\n";

/// Row groups of so many rows.
fn file(groups: &[usize], compression: Compression) -> Vec<u8> {
    let schema = SCHEMA.replace("\"odd name\"", "odd");
    let schema = Arc::new(parse_message_type(&schema).unwrap());
    let properties = Arc::new(WriterProperties::builder().set_compression(compression).build());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties).unwrap();
    let mut first = 0;
    for rows in groups {
        let numbers: Vec<i64> = (first..first + *rows as i64).collect();
        let texts: Vec<ByteArray> =
            numbers.iter().map(|n| ByteArray::from(format!("u-{n}").into_bytes())).collect();
        let mut group = writer.next_row_group().unwrap();
        let mut nth = 0;
        while let Some(mut column) = group.next_column().unwrap() {
            match nth {
                0 | 5 => drop(column.typed::<ByteArrayType>().write_batch(&texts, None, None).unwrap()),
                1 => {
                    let nanos: Vec<i64> = numbers.iter().map(|n| (NOW + n) * 1_000_000 + 5).collect();
                    column.typed::<Int64Type>().write_batch(&nanos, None, None).unwrap();
                }
                2 => drop(column.typed::<Int32Type>().write_batch(&vec![20_000; *rows], None, None).unwrap()),
                3 => {
                    let cents: Vec<i64> = numbers.iter().map(|n| n * 100 + 5).collect();
                    column.typed::<Int64Type>().write_batch(&cents, None, None).unwrap();
                }
                _ => {
                    // Every second has none.
                    let levels: Vec<i16> = (0..*rows).map(|n| (n % 2) as i16).collect();
                    let values = vec![0.5; levels.iter().filter(|level| **level == 1).count()];
                    column.typed::<DoubleType>().write_batch(&values, Some(&levels), None).unwrap();
                }
            }
            column.close().unwrap();
            nth += 1;
        }
        group.close().unwrap();
        first += *rows as i64;
    }
    writer.into_inner().unwrap()
}

/// User, amount and moment of each event, and the place after them.
fn read(mut rows: Rows, batches: usize, max: usize) -> (Vec<(String, i64, i64)>, Position) {
    let parser = Parser::new(Pseudonymizer::new(b"k"), ParserSettings::default());
    let mapping = Mapping::parse(MAPPING).unwrap();
    let (mut found, mut at, mut arena) = (Vec::new(), Position::default(), Arena::default());
    for _ in 0..batches {
        let Some(batch) = rows.next_batch(max).unwrap() else { break };
        at = batch.end;
        let imported = convert(&parser, Format::Rows(&mapping), "f", &batch, &mut arena, NOW);
        assert_eq!(imported.rejected, []);
        found.extend(imported.events.iter().map(|event| {
            (event.user_id.as_deref().unwrap().to_owned(), event.facts.amount.unwrap(), event.happened_at)
        }));
    }
    (found, at)
}

#[test]
fn rows_of_parquet_files() {
    let mapping = Mapping::parse(MAPPING).unwrap();
    let expected: Vec<_> = (0..12).map(|n| (format!("u-{n}"), n * 100 + 5, NOW + n)).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orders.parquet");
    let all = [
        Compression::SNAPPY,
        Compression::UNCOMPRESSED,
        Compression::ZSTD(ZstdLevel::default()),
        Compression::GZIP(Default::default()),
        Compression::LZ4_RAW,
    ];
    for compression in all {
        let bytes = file(&[5, 0, 4, 3], compression);
        let rows = Rows::of_stream("a.parquet", Cursor::new(bytes.clone()), Some(&mapping)).unwrap();
        assert_eq!(read(rows, usize::MAX, 100).0, expected, "{compression}");
        std::fs::write(&path, bytes).unwrap();
        for stop in 0..8 {
            let rows = |from| SourceFile::open(&path).unwrap().rows(from, Some(&mapping), 0).unwrap();
            let (mut found, at) = read(rows(Position::default()), stop, 2);
            found.extend(read(rows(at), usize::MAX, 100).0);
            assert_eq!(found, expected, "after {stop} batches");
        }
    }
    let beyond = Position { bytes: 9, lines: 13 };
    let error = SourceFile::open(&path).unwrap().rows(beyond, Some(&mapping), 0).err().unwrap();
    assert!(error.to_string().contains("another file"), "{error}");
}

#[test]
fn damage_is_an_error() {
    let mapping = Mapping::parse(MAPPING).unwrap();
    let bytes = file(&[50, 50], Compression::SNAPPY);
    for at in (4..bytes.len()).step_by(7) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x55;
        for bytes in [damaged, bytes[..at].to_vec()] {
            let Ok(mut rows) = Rows::of_stream("a.parquet", Cursor::new(bytes), Some(&mapping)) else {
                continue;
            };
            // It ends, in an error or not: some bytes are values.
            for _ in 0..200 {
                match rows.next_batch(10) {
                    Ok(Some(_)) => {}
                    Ok(None) | Err(_) => break,
                }
            }
        }
    }
}
