//! Reading a model's answer.

use crate::wording::Wording;
use crate::writer::{CopyError, Stop, Written};
use serde::Deserialize;

/// What the model is asked to answer with.
#[derive(Deserialize)]
struct AnswerFile {
    drafts: Vec<DraftFile>,
}

#[derive(Deserialize)]
struct DraftFile {
    #[serde(default)]
    subject: String,
    body: String,
}

/// The drafts of an answer, at most so many, each once.
pub(crate) fn read(written: &Written, variants: usize) -> Result<Vec<Wording>, CopyError> {
    match &written.stop {
        Stop::Done => {}
        Stop::MaxTokens => return Err(CopyError::CutOff { output: written.tokens.output }),
        Stop::ContentFilter => return Err(CopyError::Filtered),
        Stop::Guardrail => return Err(CopyError::Guarded),
        Stop::Other(reason) => return Err(CopyError::Stopped { reason: reason.clone() }),
    }
    let text = written.text.trim();
    if text.is_empty() {
        return Err(CopyError::Empty);
    }
    // Models like to put a fence around JSON, or a sentence before it.
    let (start, end) = (text.find('{'), text.rfind('}'));
    let json = start.zip(end).and_then(|(start, end)| text.get(start..end + 1));
    let Some(json) = json.filter(|json| !json.is_empty()) else {
        return Err(CopyError::Unreadable { reason: "it holds no JSON object".to_owned() });
    };
    let file: AnswerFile = serde_json::from_str(json)
        .map_err(|error| CopyError::Unreadable { reason: format!("no JSON as it was asked for: {error}") })?;
    let mut drafts: Vec<Wording> = Vec::new();
    for draft in file.drafts {
        let subject = draft.subject.split_whitespace().collect::<Vec<_>>().join(" ");
        let wording = Wording { subject, body: draft.body.trim().to_owned() + "\n" };
        if wording.body.trim().is_empty() || drafts.contains(&wording) {
            continue;
        }
        drafts.push(wording);
    }
    drafts.truncate(variants);
    if drafts.is_empty() { Err(CopyError::Empty) } else { Ok(drafts) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writer::Tokens;

    fn of(text: &str, stop: Stop) -> Result<Vec<Wording>, CopyError> {
        read(&Written { text: text.to_owned(), stop, tokens: Tokens { input: 9, output: 7 } }, 2)
    }

    #[test]
    fn drafts_are_read_each_once_and_no_more_than_were_asked_for() {
        let text = r#"Here you are:
```json
{"drafts": [{"subject": " Tea \n is back", "body": "<p>A</p>"}, {"subject": "Tea is back", "body": "<p>A</p> "},
 {"body": " "}, {"subject": "B", "body": "b"}, {"subject": "C", "body": "c"}]}
```"#;
        let wording = |subject: &str, body: &str| Wording { subject: subject.into(), body: body.into() };
        assert_eq!(
            of(text, Stop::Done).unwrap(),
            [wording("Tea is back", "<p>A</p>\n"), wording("B", "b\n")]
        );
    }

    #[test]
    fn what_is_no_answer_says_what_to_do() {
        for (text, stop, said) in [
            ("{", Stop::MaxTokens, "cut off after 7 tokens: raise `max_tokens`"),
            ("", Stop::ContentFilter, "a filter of the model's provider"),
            ("Sorry", Stop::Guardrail, "the guardrail stopped it"),
            ("", Stop::Other("tool_use".into()), "stopped for `tool_use`"),
            (" \n", Stop::Done, "answered nothing"),
            (r#"{"drafts": []}"#, Stop::Done, "answered nothing"),
            ("I can't do that.", Stop::Done, "it holds no JSON object"),
            (r#"{"drafts": [{"subject": "x"}]}"#, Stop::Done, "missing field `body`"),
            ("}{", Stop::Done, "it holds no JSON object"),
        ] {
            let error = of(text, stop).unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
