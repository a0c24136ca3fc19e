use super::*;
use proptest::prelude::*;
use serde_json::value::RawValue;

fn is_taken(text: &str) -> bool {
    let mut cursor = Cursor::new(text);
    cursor.skip().and_then(|()| cursor.end()).is_ok()
}

/// Pieces of JSON and of what is nearly JSON.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(
        &[
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "\\",
            "\"a\"",
            "\"\\u00e9\"",
            "\"\\u0g\"",
            "\\u12",
            "1",
            "-",
            "0",
            ".",
            "e",
            "+",
            "true",
            "nul",
            "null",
            "false",
            " ",
            "\n",
            "\u{1}",
            "\u{7f}",
            "é",
            "{\"a\":",
            "[1,",
        ][..],
    );
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn takes_what_another_reader_takes(text in pieces()) {
        prop_assert_eq!(is_taken(&text), serde_json::from_str::<&RawValue>(&text).is_ok());
    }

    #[test]
    fn reads_what_another_reader_reads(text in "(\\PC|\\\\|\"){0,200}", number: f64, whole: i64) {
        let written = serde_json::to_string(&text).unwrap();
        prop_assert_eq!(Cursor::new(&written).text(), Ok(Some(text.into())));
        let written = serde_json::to_string(&whole).unwrap();
        prop_assert_eq!(Cursor::new(&written).text(), Ok(Some(whole.to_string().into())));
        if number.is_finite() {
            let written = serde_json::to_string(&number).unwrap();
            let read = Cursor::new(&written).text().unwrap().unwrap();
            prop_assert_eq!(read.parse::<f64>(), Ok(number));
        }
    }
}

#[test]
fn faults_name_their_kind() {
    let kind = |text: &str| {
        let mut cursor = Cursor::new(text);
        cursor.text().and_then(|_| cursor.end()).map_err(|fault| fault.kind)
    };
    assert_eq!(kind("\"a\" "), Ok(()));
    assert_eq!(kind("\"a"), Err(FaultKind::Early));
    assert_eq!(kind("tru"), Err(FaultKind::Early));
    assert_eq!(kind("-"), Err(FaultKind::Early));
    assert_eq!(kind("trub"), Err(FaultKind::Syntax));
    assert_eq!(kind("\"a\" b"), Err(FaultKind::Syntax));
    assert_eq!(kind("\"\\ud800\""), Err(FaultKind::Syntax));
    assert_eq!(kind("1e999"), Err(FaultKind::Syntax));
    assert_eq!(kind("{}"), Err(FaultKind::Type));
    assert_eq!(Cursor::new(&"[".repeat(65)).skip().unwrap_err().kind, FaultKind::Deep);
    assert!(is_taken(&format!("{}{}", "[".repeat(64), "]".repeat(64))));
}
