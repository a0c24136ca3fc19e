//! The table of profiles: all of them as they were at one time, for who looks at everybody.
//!
//! A snapshot is a folder of numbered parts, `profiles/taken-<UTC ms>/part-<number>.parquet`, each with the columns
//! `person`, `version` and `profile` (the stored form). [`LATEST`] names the one that is whole.

use crate::scan::{guarded, whole};
use crate::{LakeError, LakeFile, LakeStore};
use bytes::Bytes;
use event::PortError;
use parquet::basic::{Compression, Encoding, Repetition, Type as Physical};
use parquet::column::reader::ColumnReader;
use parquet::data_type::{ByteArray, ByteArrayType, FixedLenByteArray, FixedLenByteArrayType, Int64Type};
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::{ChunkReader, FileReader, Length as _};
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnPath, Type, TypePtr};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The table of profiles: the prefix that lists all its files.
pub const PROFILES: &str = "profiles/";
/// The folder of the file that says which snapshot is the latest.
const LATEST: &str = "profiles/latest/";
/// How many profiles are decoded at once.
const BATCH: usize = 1_024;

/// A snapshot that is whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// When it was begun, UTC ms: what tells it from others.
    pub taken_at: i64,
    pub parts: u32,
    pub people: u64,
}

impl Snapshot {
    /// The folder of the snapshot that was begun at a time.
    pub fn folder(taken_at: i64) -> String {
        format!("{PROFILES}taken-{taken_at:013}/")
    }

    /// Where a part lies.
    pub fn part(taken_at: i64, part: u32) -> String {
        format!("{}part-{part:06}.parquet", Snapshot::folder(taken_at))
    }

    /// When the snapshot was begun that a path belongs to; `None` for a path of no snapshot.
    pub fn taken_at_of(path: &str) -> Option<i64> {
        path.strip_prefix(PROFILES)?.strip_prefix("taken-")?.split_once('/')?.0.parse().ok()
    }

    /// The file that makes this the latest snapshot, once all its parts are there.
    pub fn pointer(&self) -> LakeFile {
        let bytes = serde_json::to_vec(self).expect("a snapshot is written as JSON");
        LakeFile { path: format!("{LATEST}snapshot.json"), bytes }
    }

    /// The latest snapshot, if there is any.
    ///
    /// # Errors
    /// A lake that can't be read, or a damaged pointer: remove it, and another snapshot is taken.
    pub async fn latest<L: LakeStore>(lake: &L) -> std::result::Result<Option<Snapshot>, LatestError> {
        let paths = lake.list(LATEST).await?;
        let Some(path) = paths.first() else { return Ok(None) };
        let file = lake.open(path).await?;
        let damaged =
            |reason: String| LatestError::Damaged(LakeError::Damaged { file: path.clone(), reason });
        let length = usize::try_from(file.len()).unwrap_or(usize::MAX);
        let bytes = guarded(|| file.get_bytes(0, length)).map_err(|error| damaged(error.to_string()))?;
        serde_json::from_slice(&bytes).map(Some).map_err(|error| damaged(error.to_string()))
    }
}

/// Why it is not known which snapshot is the latest.
#[derive(Debug, thiserror::Error)]
pub enum LatestError {
    #[error(transparent)]
    Port(#[from] PortError),
    #[error(transparent)]
    Damaged(LakeError),
}

/// A part in the making.
#[derive(Debug, Default)]
pub struct SnapshotPart {
    people: Vec<FixedLenByteArray>,
    versions: Vec<i64>,
    ends: Vec<usize>,
    arena: Vec<u8>,
}

impl SnapshotPart {
    pub fn push(&mut self, person: event::Key, version: u64, blob: &[u8]) {
        self.people.push(FixedLenByteArray::from(ByteArray::from(person.0.to_vec())));
        self.versions.push(version as i64);
        self.arena.extend_from_slice(blob);
        self.ends.push(self.arena.len());
    }

    /// How many people are in it.
    pub fn len(&self) -> usize {
        self.people.len()
    }

    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// The part as a whole Parquet file, to be put under `path`.
    pub fn finish(self, path: String) -> std::result::Result<LakeFile, LakeError> {
        match self.encode() {
            Ok(bytes) => Ok(LakeFile { path, bytes }),
            Err(error) => Err(LakeError::Encode { file: path, reason: error.to_string() }),
        }
    }

    fn encode(self) -> Result<Vec<u8>> {
        let arena = Bytes::from(self.arena);
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let blobs: Vec<ByteArray> =
            starts.zip(&self.ends).map(|(start, end)| ByteArray::from(arena.slice(start..*end))).collect();
        let out = Vec::with_capacity(arena.len() / 2 + 4_096);
        let mut file = SerializedFileWriter::new(out, schema()?, Arc::new(properties()))?;
        let mut group = file.next_row_group()?;
        let missing = || ParquetError::General("the schema lacks a column".into());
        let mut column = group.next_column()?.ok_or_else(missing)?;
        column.typed::<FixedLenByteArrayType>().write_batch(&self.people, None, None)?;
        column.close()?;
        let mut column = group.next_column()?.ok_or_else(missing)?;
        column.typed::<Int64Type>().write_batch(&self.versions, None, None)?;
        column.close()?;
        let mut column = group.next_column()?.ok_or_else(missing)?;
        column.typed::<ByteArrayType>().write_batch(&blobs, None, None)?;
        column.close()?;
        group.close()?;
        file.into_inner()
    }
}

/// Streams the people of a part through `visit`: person, version, stored profile. `path` names the file in errors.
///
/// # Errors
/// A damaged file.
pub fn scan_snapshot<R: ChunkReader + 'static>(
    path: &str,
    file: R,
    mut visit: impl FnMut(event::Key, u64, &[u8]),
) -> std::result::Result<(), LakeError> {
    let damaged =
        |error: ParquetError| LakeError::Damaged { file: path.to_owned(), reason: error.to_string() };
    let reader = guarded(|| SerializedFileReader::new(file)).map_err(damaged)?;
    for number in 0..reader.num_row_groups() {
        let mut group = guarded(|| Group::open(&reader, number)).map_err(damaged)?;
        while group.left > 0 {
            guarded(|| group.advance()).map_err(damaged)?;
            for ((person, version), blob) in group.people.iter().zip(&group.versions).zip(&group.blobs) {
                let person = person.data().try_into().unwrap_or_default();
                visit(event::Key(person), *version as u64, blob.data());
            }
        }
    }
    Ok(())
}

/// The part without some rows (person, stored profile), where it has any of them: how many those are, and the file that
/// takes its place.
///
/// # Errors
/// A damaged file.
pub fn without_rows<R: ChunkReader + 'static>(
    path: &str,
    file: R,
    is_removed: impl Fn(event::Key, &[u8]) -> bool,
) -> std::result::Result<Option<(u64, LakeFile)>, LakeError> {
    let (mut kept, mut removed) = (SnapshotPart::default(), 0);
    scan_snapshot(path, file, |person, version, blob| {
        if is_removed(person, blob) {
            removed += 1;
        } else {
            kept.push(person, version, blob);
        }
    })?;
    if removed == 0 { Ok(None) } else { Ok(Some((removed, kept.finish(path.to_owned())?))) }
}

struct Group {
    left: usize,
    columns: [ColumnReader; 3],
    people: Vec<FixedLenByteArray>,
    versions: Vec<i64>,
    blobs: Vec<ByteArray>,
}

impl Group {
    fn open<R: ChunkReader + 'static>(reader: &SerializedFileReader<R>, number: usize) -> Result<Group> {
        let group = reader.get_row_group(number)?;
        let names: Vec<&str> = group.metadata().columns().iter().map(|c| c.column_descr().name()).collect();
        if names != NAMES {
            return Err(ParquetError::General(format!("its columns are {names:?}, not {NAMES:?}")));
        }
        Ok(Group {
            left: usize::try_from(group.metadata().num_rows()).unwrap_or(0),
            columns: [group.get_column_reader(0)?, group.get_column_reader(1)?, group.get_column_reader(2)?],
            people: Vec::new(),
            versions: Vec::new(),
            blobs: Vec::new(),
        })
    }

    /// Decodes the next rows.
    fn advance(&mut self) -> Result<()> {
        let count = self.left.min(BATCH);
        self.people.clear();
        self.versions.clear();
        self.blobs.clear();
        let [
            ColumnReader::FixedLenByteArrayColumnReader(people),
            ColumnReader::Int64ColumnReader(versions),
            ColumnReader::ByteArrayColumnReader(blobs),
        ] = &mut self.columns
        else {
            return Err(ParquetError::General("its columns are of other types".into()));
        };
        whole(people.read_records(count, None, None, &mut self.people)?, count, NAMES[0])?;
        whole(versions.read_records(count, None, None, &mut self.versions)?, count, NAMES[1])?;
        whole(blobs.read_records(count, None, None, &mut self.blobs)?, count, NAMES[2])?;
        self.left -= count;
        Ok(())
    }
}

const NAMES: [&str; 3] = ["person", "version", "profile"];

fn schema() -> Result<TypePtr> {
    let required =
        |name, physical| Type::primitive_type_builder(name, physical).with_repetition(Repetition::REQUIRED);
    let fields = vec![
        Arc::new(required(NAMES[0], Physical::FIXED_LEN_BYTE_ARRAY).with_length(16).build()?),
        Arc::new(required(NAMES[1], Physical::INT64).build()?),
        Arc::new(required(NAMES[2], Physical::BYTE_ARRAY).build()?),
    ];
    Ok(Arc::new(Type::group_type_builder("profile").with_fields(fields).build()?))
}

fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_created_by("rondo".to_owned())
        .set_compression(Compression::SNAPPY)
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .set_column_compression(ColumnPath::from(NAMES[0]), Compression::UNCOMPRESSED)
        .set_column_encoding(ColumnPath::from(NAMES[1]), Encoding::DELTA_BINARY_PACKED)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use event::Key;

    fn people(file: &LakeFile) -> Vec<(Key, u64, Vec<u8>)> {
        let mut seen = Vec::new();
        let bytes = Bytes::from(file.bytes.clone());
        scan_snapshot(&file.path, bytes, |person, version, blob| seen.push((person, version, blob.to_vec())))
            .unwrap();
        seen
    }

    #[test]
    fn a_part_gives_back_what_was_put_in_and_loses_who_is_removed() {
        let rows: Vec<(Key, u64, Vec<u8>)> = (0..3_000u32)
            .map(|n| (Key([n as u8; 16]), u64::from(n), vec![n as u8; n as usize % 50]))
            .collect();
        let mut part = SnapshotPart::default();
        rows.iter().for_each(|(person, version, blob)| part.push(*person, *version, blob));
        assert_eq!(part.len(), 3_000);
        let file = part.finish(Snapshot::part(1_795_341_600_250, 3)).unwrap();
        assert_eq!(file.path, "profiles/taken-1795341600250/part-000003.parquet");
        assert_eq!(Snapshot::taken_at_of(&file.path), Some(1_795_341_600_250));
        assert_eq!(people(&file), rows);

        let gone = Key([7; 16]);
        let bytes = Bytes::from(file.bytes.clone());
        let (removed, rest) = without_rows(&file.path, bytes.clone(), |key, _| key == gone).unwrap().unwrap();
        assert_eq!((removed, &rest.path), (12, &file.path));
        let kept: Vec<_> = rows.iter().filter(|(person, ..)| *person != gone).cloned().collect();
        assert_eq!(people(&rest), kept);
        assert_eq!(without_rows(&file.path, bytes, |_, blob| blob == b"nobody's").unwrap(), None);
    }

    #[test]
    fn an_empty_part_is_a_file_and_a_damaged_one_an_error() {
        let file = SnapshotPart::default().finish(Snapshot::part(1, 0)).unwrap();
        assert_eq!(people(&file), []);
        let cut = Bytes::from(file.bytes[..file.bytes.len() / 2].to_vec());
        let error = scan_snapshot("profiles/taken-1/part-0", cut, |_, _, _| {}).unwrap_err();
        assert!(error.to_string().contains("profiles/taken-1/part-0"), "{error}");
    }
}
