//! Files of every format with a value in every row.

use super::records::{records, refused};
use super::{ANYWHERE, IP};
use flate2::write::GzEncoder;
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// The mappings of the files, by their names.
pub const MAPPINGS: [(&str, &str); 4] = [
    ("config/mappings/chats.yaml", CHATS),
    ("config/mappings/rows.yaml", ROWS),
    ("config/mappings/visits.yaml", VISITS),
    ("config/mappings/reviews.yaml", REVIEWS),
];

const CHATS: &str = "separator: tab
columns: [person, at, text]
skip_lines: 1
event: Chat Message
timestamp: { column: at }
identifiers: { user_id: { column: person } }
properties: { text: { column: text } }
";
const ROWS: &str = "event: Form Filled
identifiers: { anonymous_id: who }
traits: { nickname: nick, city: note }
properties: { note: note, product_id: who, category: nick }
";
const VISITS: &str = "format: weblog
event: Page Requested
identifiers: { device_id: { column: [host, user_agent] } }
properties: { path: path, who: user, status: { column: status, type: integer } }
context: { userAgent: user_agent, page.referrer: referrer, page.url: path }
";
const REVIEWS: &str = "format: text
pattern: '^(?<line>.*)$'
event: Review Written
identifiers: { user_id: { value: reviewers } }
properties: { text: line }
";

/// What is imported, and by which mapping.
pub fn imports(folder: &Path) -> Vec<(String, Option<&'static str>)> {
    let (mut lines, mut visits, mut reviews) = (String::new(), String::new(), String::new());
    let mut chats = String::from("person\tat\ttext\n");
    let mut form = String::from("who,nick,note\n");
    for (n, value) in ANYWHERE.iter().enumerate() {
        for record in records(value, n + 100).into_iter().chain(refused(value)) {
            lines += &format!("{record}\n");
        }
        lines += &format!("this is no JSON but {value}\n");
        chats += &format!("c-{n}\t2026-11-22T10:00:00Z\tMy number is {value}, thanks\n");
        chats += &format!("{value}\t2026-11-22T10:00:00Z\t我的是{value}。\n");
        chats += &format!("too\tmany\tcells\t{value}\n");
        form += &format!("\"{value}\",\"{value}\",\"It is {value}.\"\n\"{value}\n");
        let (path, query) = (value.replace(' ', "%20"), value.replace(' ', "+"));
        visits += &format!(
            "{IP} - {path} [22/Nov/2026:10:00:0{} +0000] \"GET /{path}?q={query} HTTP/1.1\" 200 {n} \
             \"https://r.example/{path}?from={query}\" \"Agent/1.0 ({value})\"\n",
            n % 10
        );
        visits += &format!("{IP} is no visit of {value}\n");
        reviews += &format!("Good tea, write to {value} for more\n");
    }
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(lines.replace("100", "200").as_bytes()).unwrap();
    let zstd = zstd::encode_all(lines.replace("100", "300").as_bytes(), 3).unwrap();
    for (name, bytes) in [
        ("records.ndjson", lines.as_bytes()),
        ("more.ndjson.gz", &gzip.finish().unwrap()),
        ("again.ndjson.zst", &zstd),
        ("chats.tsv", chats.as_bytes()),
        ("form.csv", form.as_bytes()),
        ("form.parquet", &rows_in_columns()),
        ("access.log", visits.as_bytes()),
        ("reviews.txt", reviews.as_bytes()),
    ] {
        fs::write(path(name), bytes).unwrap();
    }
    let by = |name: &str, mapping| (path(name), mapping);
    vec![
        by("records.ndjson", None),
        by("more.ndjson.gz", None),
        by("again.ndjson.zst", None),
        by("chats.tsv", Some("chats")),
        by("form.csv", Some("rows")),
        by("form.parquet", Some("rows")),
        by("access.log", Some("visits")),
        by("reviews.txt", Some("reviews")),
    ]
}

/// The form as a Parquet file.
fn rows_in_columns() -> Vec<u8> {
    let schema = "message form { required binary who (utf8); required binary nick (utf8); required binary note (utf8); }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let columns: [fn(&str) -> String; 3] =
        [|value| format!("p {value}"), str::to_owned, |value| format!("Mine is {value}")];
    for text in columns {
        let values: Vec<ByteArray> =
            ANYWHERE.iter().map(|value| ByteArray::from(text(value).into_bytes())).collect();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&values, None, None).unwrap();
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.into_inner().unwrap()
}
