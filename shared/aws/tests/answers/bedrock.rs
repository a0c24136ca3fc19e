//! Copy by Bedrock, against a server that answers as its Converse API does (Amazon Bedrock API Reference, Converse).

use crate::server::{self, Answer};
use aws::{Aws, BedrockWriter};
use copy::{CopyError, CopyWriter, Prompt, Stop, Tokens, Written};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const MODEL: &str = "amazon.nova-lite-v1:0";

/// Requests as they came: head and body.
type Seen = Arc<Mutex<Vec<(String, Value)>>>;

/// Asks a server that gives these answers in turn, the last of them for ever.
async fn write(answers: &'static [(u16, &'static str, &'static str)]) -> (Result<Written, CopyError>, Seen) {
    let seen = Seen::default();
    let asked = seen.clone();
    let url = server::start_whole(move |head, body| {
        let mut asked = asked.lock().unwrap();
        let (status, code, answer) = answers[asked.len().min(answers.len() - 1)];
        asked.push((head.to_owned(), serde_json::from_slice(body).unwrap()));
        Answer::Of(status, ("x-amzn-ErrorType", code.to_owned()), answer.to_owned())
    });
    let aws = Aws::local(&url, None).await;
    let guardrail = Some(("g-1".to_owned(), "3".to_owned()));
    let writer = BedrockWriter::new(&aws, MODEL, Some("eu-central-1".to_owned()), 900, guardrail);
    let prompt = Prompt { system: "You write.".to_owned(), user: "Write.".to_owned() };
    (writer.write(&prompt).await, seen)
}

const DONE: &str = r#"{"output": {"message": {"role": "assistant", "content": [
    {"reasoningContent": {"reasoningText": {"text": "Let me think."}}}, {"text": "{\"drafts\":"}, {"text": " []}"}]}},
    "stopReason": "end_turn", "usage": {"inputTokens": 812, "outputTokens": 340, "totalTokens": 1152},
    "metrics": {"latencyMs": 900}}"#;

#[tokio::test]
async fn a_prompt_goes_out_as_the_api_has_it_and_the_text_comes_back() {
    let (written, seen) = write(&[(200, "", DONE)]).await;
    let tokens = Tokens { input: 812, output: 340 };
    assert_eq!(written, Ok(Written { text: r#"{"drafts": []}"#.to_owned(), stop: Stop::Done, tokens }));
    let seen = seen.lock().unwrap();
    let (head, body) = &seen[0];
    assert!(head.starts_with("POST /model/amazon.nova-lite-v1%3A0/converse HTTP/1.1\r\n"), "{head}");
    let signature = head.lines().find(|line| line.starts_with("authorization: ")).unwrap();
    assert!(
        signature.contains("AWS4-HMAC-SHA256 Credential=test/")
            && signature.contains("/eu-central-1/bedrock/aws4_request"),
        "{signature}"
    );
    let expected = json!({
        "system": [{"text": "You write."}],
        "messages": [{"role": "user", "content": [{"text": "Write."}]}],
        "inferenceConfig": {"maxTokens": 900},
        "guardrailConfig": {"guardrailIdentifier": "g-1", "guardrailVersion": "3", "trace": "disabled"},
    });
    assert_eq!(*body, expected);
}

#[tokio::test]
async fn a_throttled_prompt_is_put_again() {
    let (written, seen) = write(&[
        (429, "ThrottlingException", "{}"),
        (503, "ServiceUnavailableException", "{}"),
        (200, "", DONE),
    ])
    .await;
    assert_eq!((written.unwrap().stop, seen.lock().unwrap().len()), (Stop::Done, 3));
    let (written, seen) = write(&[(429, "ThrottlingException", r#"{"message": "Too many"}"#)]).await;
    let error = written.unwrap_err();
    assert_eq!(error, CopyError::Throttled { code: "ThrottlingException".to_owned() });
    assert!(error.to_string().contains("try again in a minute"), "{error}");
    assert_eq!(seen.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn why_a_model_stopped() {
    for (reason, stop) in [
        ("max_tokens", Stop::MaxTokens),
        ("content_filtered", Stop::ContentFilter),
        ("guardrail_intervened", Stop::Guardrail),
        ("stop_sequence", Stop::Done),
        ("tool_use", Stop::Other("tool_use".to_owned())),
        ("something_new", Stop::Other("something_new".to_owned())),
    ] {
        let answer = DONE.replace("end_turn", reason);
        let (written, _) = write(Box::leak(Box::new([(200, "", &*answer.leak())]))).await;
        assert_eq!(written.unwrap().stop, stop, "{reason}");
    }
    let empty = r#"{"output": {"message": {"role": "assistant", "content": []}}, "stopReason": "end_turn",
        "usage": {"inputTokens": 1, "outputTokens": 0, "totalTokens": 1}, "metrics": {"latencyMs": 1}}"#;
    assert_eq!(write(Box::leak(Box::new([(200, "", empty)]))).await.0.unwrap().text, "");
}

#[tokio::test]
async fn what_can_not_be_mended_by_repeating_is_asked_once() {
    for (status, code, said) in [
        (400, "ValidationException", "is amazon.nova-lite-v1:0 a model of this region"),
        (403, "AccessDeniedException", "access to amazon.nova-lite-v1:0 has to be given"),
        (404, "ResourceNotFoundException", "a model of this region"),
        // It may be billed.
        (408, "ModelTimeoutException", "did not answer in time"),
    ] {
        let (written, seen) = write(Box::leak(Box::new([(status, code, r#"{"message": "No."}"#)]))).await;
        let error = written.unwrap_err().to_string();
        assert!(error.contains(said), "{code}: {error}");
        assert_eq!(seen.lock().unwrap().len(), 1, "{code}");
    }
    let aws = Aws::local("http://127.0.0.1:1", None).await;
    let writer = BedrockWriter::new(&aws, MODEL, None, 900, None);
    let prompt = Prompt { system: "S".to_owned(), user: "U".to_owned() };
    let error = writer.write(&prompt).await.unwrap_err();
    assert!(matches!(error, CopyError::Unavailable { .. }), "{error}");
}
