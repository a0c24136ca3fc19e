//! Asking a model, which answers as it likes.

use copy::{Asked, CopyError, CopyWriter, Prompt, Stop, Tokens, Written, ask};
use pollster::block_on;
use std::cell::RefCell;

/// Gives these answers in turn.
struct Script(RefCell<Vec<Result<(&'static str, Stop), CopyError>>>);

impl CopyWriter for Script {
    async fn write(&self, _: &Prompt) -> Result<Written, CopyError> {
        let (text, stop) = self.0.borrow_mut().remove(0)?;
        Ok(Written { text: text.to_owned(), stop, tokens: Tokens { input: 100, output: 10 } })
    }
}

/// What comes of the answers, and how many were left.
fn asked(answers: Vec<Result<(&'static str, Stop), CopyError>>) -> (Result<Asked, CopyError>, usize) {
    let script = Script(RefCell::new(answers));
    let prompt = Prompt { system: String::new(), user: String::new() };
    let result = block_on(ask(&script, &prompt, 3));
    let left = script.0.borrow().len();
    (result, left)
}

const GOOD: &str = r#"{"drafts": [{"subject": "Tea", "body": "<p>Tea</p>"}]}"#;

#[test]
fn what_can_not_be_read_is_asked_once_more() {
    for bad in ["", "Sure! Here are some drafts.", "{\"drafts\": [}"] {
        let (result, left) =
            asked(vec![Ok((bad, Stop::Done)), Ok((GOOD, Stop::Done)), Ok((GOOD, Stop::Done))]);
        let asked = result.unwrap();
        assert_eq!((asked.wordings.len(), asked.wordings[0].subject.as_str(), left), (1, "Tea", 1), "{bad}");
        // Both calls are billed.
        assert_eq!(asked.tokens, Tokens { input: 200, output: 20 });
    }
    let (result, left) = asked(vec![Ok(("", Stop::Done)), Ok(("", Stop::Done)), Ok((GOOD, Stop::Done))]);
    assert_eq!((result, left), (Err(CopyError::Empty), 1));
}

#[test]
fn what_would_come_again_is_not_asked_again() {
    for (stop, error) in [
        (Stop::MaxTokens, CopyError::CutOff { output: 10 }),
        (Stop::ContentFilter, CopyError::Filtered),
        (Stop::Guardrail, CopyError::Guarded),
        (Stop::Other("tool_use".into()), CopyError::Stopped { reason: "tool_use".into() }),
    ] {
        assert_eq!(asked(vec![Ok((GOOD, stop)), Ok((GOOD, Stop::Done))]), (Err(error), 1));
    }
    let refused = CopyError::Refused { reason: "no".into() };
    assert_eq!(asked(vec![Err(refused.clone()), Ok((GOOD, Stop::Done))]), (Err(refused), 1));
}
