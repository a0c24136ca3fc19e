//! Messages that a model writes: what is asked, what a person says to it, and that nothing else is sent.

use crate::rondo::{output, run, write};
use crate::samples::events;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::{TempDir, tempdir};

/// The sample shop's configuration, in a data folder of its own.
fn shop() -> (TempDir, PathBuf) {
    let data = tempdir().unwrap();
    let config = data.path().join("config");
    copy_folder(&events().join("shop/config"), &config);
    (data, config)
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy_folder(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), &target).unwrap()),
        }
    }
}

const DRAFT: &str = "cart-abandonment.reminder.en-1.draft.html";
const HEAD: &str = "{#- draft: nobody approved it yet\ncampaign: cart-abandonment\nstep: reminder\nlanguage: en\n\
    subject: \"Your tea, {{ kept.name }}\"\ntemplate: cart-reminder.html\nmodel: some.model-v1:0\n\
    written_at: 2026-11-22T10:00:00.000Z\nprompt: abcd\ncall: { wordings: 2, tokens_in: 900, tokens_out: 300, cost: 0.00013 USD }\n-#}\n";
const BODY: &str = "{% extends \"layout.html\" %}\n{% block body %}\n<p>Hello {{ person.first_name | default('there') }}, \
    {{ kept.name }} is still yours.</p>\n<a href=\"https://shop.example.com/cart\">Back</a>\n{% endblock %}\n{% block footer %}\n\
    <a href=\"{{ unsubscribe_url }}\">Unsubscribe</a>\n{% endblock %}\n";

fn put_draft(config: &Path, name: &str, body: &str) {
    write(config, &[(&format!("drafts/{name}"), &format!("{HEAD}{body}"))]);
}

#[test]
fn what_would_be_asked_is_shown_and_needs_no_model() {
    let (data, _config) = shop();
    let draft = |more: &[&str]| {
        let all = [&["copy", "draft", "cart-abandonment", "reminder"], more].concat();
        run(Some(data.path()), &all)
    };
    let shown =
        draft(&["--show-prompt", "--language", "zh", "--note", "Ask ann@example.com or +49 30 901820."]);
    assert_eq!((shown.code, shown.err.as_str()), (0, ""));
    assert!(shown.out.contains("Language: Simplified Chinese\n"), "{}", shown.out);
    assert!(shown.out.contains("Heed: Ask [left out] or [left out].\n"), "{}", shown.out);
    for (more, told) in [
        (&[][..], "no model is named: write `copy: { model: … }` into settings.yaml"),
        (&["--variants", "9"], "--variants is a number from 1 to 5"),
        (&["--language", "fr"], "`fr` is no language that copy is written in"),
    ] {
        let refused = draft(more);
        assert!(refused.code == 1 && refused.err.contains(told), "{}", refused.err);
    }
    let no_step = run(Some(data.path()), &["copy", "draft", "cart-abandonment", "hello"]);
    assert!(no_step.err.contains("sends no `hello`; it sends: reminder, last-call"), "{}", no_step.err);
}

#[cfg(not(feature = "bedrock"))]
#[test]
fn a_build_without_a_model_says_how_to_have_one() {
    let (data, _config) = shop();
    let refused = run(Some(data.path()), &["copy", "draft", "welcome", "hello", "--model", "m"]);
    let told =
        "built without Amazon Bedrock: build it with `cargo build --release -p rondo --features bedrock`";
    assert!(refused.code == 1 && refused.err.contains(told), "{}", refused.err);
}

#[test]
fn an_approved_draft_becomes_a_template_and_is_held_to_its_bytes() {
    let (data, config) = shop();
    put_draft(&config, DRAFT, BODY);
    let listed = output(data.path(), &["copy", "list"]);
    assert!(
        listed.contains(DRAFT) && listed.contains("1200") && listed.contains("0.00013 USD  yes"),
        "{listed}"
    );

    let taken =
        run(Some(data.path()), &["copy", "approve", DRAFT, "--by", "Ann Lee", "--as", "welcome.html"]);
    assert!(
        taken.code == 1 && taken.err.contains("there is a template welcome.html already"),
        "{}",
        taken.err
    );
    let nobody = run(Some(data.path()), &["copy", "approve", DRAFT, "--by", " "]);
    assert!(nobody.code == 1 && nobody.err.contains("--by is the name"), "{}", nobody.err);
    let said = output(data.path(), &["copy", "approve", &format!("drafts/{DRAFT}"), "--by", "Ann Lee"]);
    assert!(
        said.contains("  - send: reminder\n    subject: \"Your tea, {{ kept.name }}\"\n    template: cart-reminder-2.html\n"),
        "{said}"
    );
    let template = config.join("templates/cart-reminder-2.html");
    let text = fs::read_to_string(&template).unwrap();
    assert!(text.starts_with(
        "{#- Written by some.model-v1:0 for cart-abandonment, reminder; approved by Ann Lee on 20"
    ));
    assert!(text.ends_with(BODY) && !config.join("drafts").join(DRAFT).exists());
    let record = fs::read_to_string(config.join("approvals.yaml")).unwrap();
    assert!(record.contains("\"by\":\"Ann Lee\"") && record.contains(&copy_hash(&text)), "{record}");

    // It can be sent from now on.
    let campaign = config.join("campaigns/cart-abandonment.yaml");
    let yaml = fs::read_to_string(&campaign).unwrap().replace("cart-reminder.html", "cart-reminder-2.html");
    fs::write(&campaign, yaml).unwrap();
    assert_eq!(run(Some(data.path()), &["check"]).code, 0);
    let bundle = data.path().join("bundle.json");
    let ran = run(None, &[Path::new("bundle"), &config, Path::new("-o"), &bundle]);
    assert!(ran.code == 0 && fs::read_to_string(&bundle).unwrap().contains("approvals.yaml"), "{}", ran.err);

    // What was changed since is nobody's word.
    fs::write(&template, text.replace("still yours", "gone tomorrow")).unwrap();
    let refused = run(Some(data.path()), &["check"]);
    let told = "cart-reminder-2.html:1:1: a model wrote it, and it was changed after Ann Lee approved it on ";
    assert!(refused.code == 1 && refused.err.contains(told), "{}", refused.err);
    assert_eq!(run(Some(data.path()), &["report"]).code, 1, "nothing runs by it");
    output(data.path(), &["copy", "approve", "cart-reminder-2.html", "--by", "Bo"]);
    assert_eq!(run(Some(data.path()), &["check"]).code, 0);
    let again = run(Some(data.path()), &["copy", "approve", "cart-reminder-2.html", "--by", "Bo"]);
    assert!(again.code == 1 && again.err.contains("is as Bo approved it"), "{}", again.err);
}

fn copy_hash(text: &str) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn nothing_sends_a_draft() {
    let (data, config) = shop();
    put_draft(&config, DRAFT, BODY);
    assert_eq!(run(Some(data.path()), &["check"]).code, 0, "a draft that waits is no mistake");
    let campaign = config.join("campaigns/cart-abandonment.yaml");
    let yaml = fs::read_to_string(&campaign).unwrap();
    for name in [DRAFT.to_owned(), format!("drafts/{DRAFT}")] {
        fs::write(&campaign, yaml.replace("cart-reminder.html", &name)).unwrap();
        let refused = run(Some(data.path()), &["check"]);
        let told = "it is a draft, and nothing sends a draft: `rondo copy approve` makes a template of it";
        assert!(refused.code == 1 && refused.err.contains(told), "{}", refused.err);
        assert!(refused.err.contains("campaigns/cart-abandonment.yaml:24:"), "{}", refused.err);
    }
    fs::write(&campaign, &yaml).unwrap();
    // Nor does it become a template by being put among them, under whatever name.
    for name in [DRAFT, "cart-reminder.html"] {
        let target = config.join("templates").join(name);
        let before = fs::read(&target).ok();
        fs::copy(config.join("drafts").join(DRAFT), &target).unwrap();
        let refused = run(Some(data.path()), &["check"]);
        let told = format!("templates/{name}:1:1: it is a draft, which nobody approved");
        assert!(refused.code == 1 && refused.err.contains(&told), "{}", refused.err);
        match before {
            Some(bytes) => fs::write(&target, bytes).unwrap(),
            None => fs::remove_file(&target).unwrap(),
        }
    }
    assert_eq!(run(Some(data.path()), &["check"]).code, 0);
}

#[test]
fn a_draft_that_does_not_hold_is_not_approved_and_a_rejected_one_teaches() {
    let (data, config) = shop();
    put_draft(&config, DRAFT, &BODY.replace("https://shop.example.com/cart", "https://evil.example"));
    let listed = output(data.path(), &["copy", "list"]);
    let told = "it links to https://evil.example, to which the present template does not link";
    assert!(listed.contains(told), "{listed}");
    let refused = run(Some(data.path()), &["copy", "approve", DRAFT, "--by", "Ann"]);
    assert!(refused.code == 1 && refused.err.contains(told), "{}", refused.err);
    output(data.path(), &["copy", "reject", DRAFT, "--reason", "Links  elsewhere #} now"]);
    let kept = fs::read_to_string(config.join("drafts/rejected").join(DRAFT)).unwrap();
    assert!(kept.contains("rejected: {\"reason\":\"Links elsewhere \\u0023} now\""), "{kept}");
    assert!(output(data.path(), &["copy", "list"]).starts_with("No draft waits."));
    let shown = output(data.path(), &["copy", "draft", "cart-abandonment", "reminder", "--show-prompt"]);
    assert!(shown.contains("An earlier draft was rejected: Links elsewhere #} now\n"), "{shown}");
    let gone = run(Some(data.path()), &["copy", "reject", DRAFT, "--reason", "x"]);
    assert!(gone.code == 1 && gone.err.contains("there is no draft `cart-abandonment"), "{}", gone.err);
}

#[test]
fn what_the_model_was_not_told_is_written_in_before_it_is_approved() {
    let (data, config) = shop();
    let body = BODY.replace("is still yours", "is still yours; write to [left out]");
    put_draft(&config, DRAFT, &body);
    let approve = ["copy", "approve", DRAFT, "--by", "Ann"];
    let refused = run(Some(data.path()), &approve);
    let told = "write what belongs in the place of `[left out]` into the file by hand";
    assert!(refused.code == 1 && refused.err.contains(told), "{}", refused.err);
    put_draft(&config, DRAFT, &body.replace("[left out]", "hello@shop.example.com"));
    output(data.path(), &approve);
    let template = fs::read_to_string(config.join("templates/cart-reminder-2.html")).unwrap();
    assert!(template.contains("write to hello@shop.example.com"), "{template}");
}

#[cfg(feature = "bedrock")]
mod bedrock {
    use super::{BODY, shop};
    use crate::rondo::{Run, command};
    use serde_json::{Value, json};
    use std::fs;
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpListener;
    use std::path::Path;
    use std::sync::{Arc, Mutex};
    use std::thread;

    /// A server in Bedrock's place that gives these answers in turn, the last of them for ever; its URL, and the requests
    /// as they came.
    fn bedrock(answers: Vec<(u16, Value)>) -> (String, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let asked = seen.clone();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let (mut head, mut length) = (String::new(), 0);
                loop {
                    let mut line = String::new();
                    if reader.read_line(&mut line).unwrap() == 0 || line.trim().is_empty() {
                        break;
                    }
                    if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    head += &line;
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let mut asked = asked.lock().unwrap();
                let (status, answer) = &answers[asked.len().min(answers.len() - 1)];
                asked.push(head + "\n" + &String::from_utf8(body).unwrap());
                let (code, answer) = (answer["code"].as_str().unwrap_or_default(), answer.to_string());
                write!(
                    stream,
                    "HTTP/1.1 {status} -\r\nx-amzn-ErrorType: {code}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}",
                    answer.len()
                )
                .unwrap();
            }
        });
        (url, seen)
    }

    fn says(text: &str, stop: &str) -> (u16, Value) {
        let message = json!({"role": "assistant", "content": [{"text": text}]});
        let usage = json!({"inputTokens": 1500, "outputTokens": 500, "totalTokens": 2000});
        (
            200,
            json!({"output": {"message": message}, "stopReason": stop, "usage": usage, "metrics": {"latencyMs": 9}}),
        )
    }

    fn draft(data: &Path, url: &str, more: &[&str]) -> Run {
        let mut command = command();
        command.args(["copy", "draft", "cart-abandonment", "reminder"]).args(more).arg("--data").arg(data);
        command
            .env("AWS_ENDPOINT_URL", url)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test");
        command.env("AWS_EC2_METADATA_DISABLED", "true").env_remove("AWS_PROFILE").output().unwrap().into()
    }

    const SETTINGS: &str = "\ncopy:\n  model: some.model-v1:0\n  region: eu-central-1\n  prices: { input: 0.06, output: 0.24 }\n";

    #[test]
    fn drafts_are_written_after_a_throttled_call_and_nobody_is_in_the_prompt() {
        let (data, config) = shop();
        let settings = fs::read_to_string(config.join("settings.yaml")).unwrap() + SETTINGS;
        fs::write(config.join("settings.yaml"), settings).unwrap();
        // The installation knows people.
        let log = data.path().join("log.ndjson");
        let person = json!({"type": "identify", "userId": "user-canary", "messageId": "i-1",
            "timestamp": "2026-11-01T10:00:00Z", "traits": {"email": "canary@example.com", "firstName": "Canarina",
            "phone": "+4915112345678", "favourite": "canary-trait"}});
        fs::write(&log, person.to_string()).unwrap();
        crate::rondo::output(data.path(), &[Path::new("import"), &log]);

        let evil = BODY.replace("shop.example.com", "evil.example");
        let drafts =
            json!({"drafts": [{"subject": "Your tea", "body": BODY}, {"subject": "Bad", "body": evil}]});
        let throttled = (429, json!({"code": "ThrottlingException", "message": "Too many requests"}));
        let (url, seen) = bedrock(vec![throttled, says(&format!("```json\n{drafts}\n```"), "end_turn")]);
        let ran = draft(data.path(), &url, &["--variants", "2"]);
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
        assert!(
            ran.err.contains(
                "wording 2 of 2 does not hold and is left out: it links to https://evil.example/cart"
            )
        );
        assert!(
            ran.out.contains("1 to review, by some.model-v1:0 (1500 tokens in, 500 out, about 0.00021 USD)"),
            "{}",
            ran.out
        );
        let text = fs::read_to_string(config.join("drafts").join(super::DRAFT)).unwrap();
        assert!(text.ends_with(BODY) && text.contains("subject: \"Your tea\"\n"), "{text}");
        assert!(text.contains("\"tokens_in\":1500") && text.contains("model: \"some.model-v1:0\""), "{text}");

        let seen = seen.lock().unwrap();
        assert_eq!(seen.len(), 2);
        assert!(seen[1].starts_with("POST /model/some.model-v1%3A0/converse HTTP/1.1\r\n"), "{}", seen[1]);
        assert!(seen[1].contains("/eu-central-1/bedrock/aws4_request"), "{}", seen[1]);
        for personal in ["canary", "Canarina", "15112345678", "user-canary"] {
            assert!(!seen.iter().any(|request| request.contains(personal)), "{personal}");
        }
        drop(seen);
        // The next one does not take the place of the first.
        let (url, _) = bedrock(vec![says(&drafts.to_string(), "end_turn")]);
        assert_eq!(draft(data.path(), &url, &["--variants", "2"]).code, 0);
        assert!(config.join("drafts/cart-abandonment.reminder.en-2.draft.html").exists());
    }

    #[test]
    fn no_draft_is_written_where_none_holds() {
        let (data, config) = shop();
        let settings = fs::read_to_string(config.join("settings.yaml")).unwrap() + SETTINGS;
        fs::write(config.join("settings.yaml"), settings).unwrap();
        let denied =
            (403, json!({"code": "AccessDeniedException", "message": "You don't have access to the model."}));
        for (answers, told) in [
            (vec![says("{\"drafts\": [", "max_tokens")], "cut off after 500 tokens: raise `max_tokens`"),
            (vec![says("", "content_filtered")], "a filter of the model's provider stopped it"),
            (vec![says("No.", "guardrail_intervened")], "the guardrail stopped it"),
            (vec![says("", "end_turn")], "the model answered nothing"),
            (vec![says("Here you are!", "end_turn")], "the answer can't be read (it holds no JSON object)"),
            (
                vec![says(
                    "{\"drafts\": [{\"subject\": \"Hi\", \"body\": \"<p>{{ person.email }}</p>\"}]}",
                    "end_turn",
                )],
                "no wording holds (1500 tokens in, 500 out, about 0.00021 USD)",
            ),
            (vec![denied], "access to some.model-v1:0 has to be given"),
        ] {
            let (url, _) = bedrock(answers);
            let ran = draft(data.path(), &url, &[]);
            assert!(ran.code == 1 && ran.err.contains(told), "{told}: {}", ran.err);
        }
        assert!(!config.join("drafts").exists());
    }
}
