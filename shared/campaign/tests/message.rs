//! Messages: what templates may do, and what they may not.

use campaign::{ChannelKind, Message, MessageContext, Rendered, TemplateError, Templates};
use serde_json::json;
use std::collections::BTreeMap;

fn templates(sources: &[(&str, &str)]) -> Templates {
    Templates::new(sources.iter().map(|(name, source)| (name.to_string(), source.to_string()))).unwrap()
}

fn render(subject: &str, name: &str, source: &str) -> Result<Rendered, TemplateError> {
    let templates = templates(&[(name, source), ("foot.html", "<p>Bye {{ person.last_name }}</p>")]);
    Message::new(ChannelKind::Email, None, subject, name, &templates)?.render(&MessageContext {
        profile: &json!({"traits": {"city": "上海"}, "orders": {"count": 2}}),
        kept: &json!({"name": "Tea & <b>Pot</b>", "price": 12.5}),
        key: "p1",
        person: &BTreeMap::from([("first_name".to_owned(), "Ann".to_owned())]),
        unsubscribe_url: "https://s.example/u?m=1&c=2",
    })
}

#[test]
fn html_is_escaped_and_text_is_made_from_it() {
    let body = "<p>Hi {{ person.first_name }} in {{ profile.traits.city }}:</p>\
                <p>{{ kept.name }} at {{ kept.price }} ({{ key }})</p><a href=\"{{ unsubscribe_url }}\">No more</a>";
    let message = render("Still thinking of\n{{ kept.name }}?", "coupon.html", body).unwrap();
    assert_eq!(message.subject, "Still thinking of Tea & <b>Pot</b>?");
    assert!(message.html.contains("<p>Tea &amp; &lt;b&gt;Pot&lt;"), "{}", message.html);
    assert_eq!(
        message.text,
        "Hi Ann in 上海:\n\nTea & <b>Pot</b> at 12.5 (p1)\n\nNo more (https://s.example/u?m=1&c=2)\n"
    );
    assert!(message.missing.is_empty());
    assert!(!format!("{message:?}").contains("Ann"), "personal data is not printed");

    let text = render("", "sms.txt", "{{ kept.name }}").unwrap();
    assert_eq!((text.html.as_str(), text.text.as_str()), ("", "Tea & <b>Pot</b>"));
}

#[test]
fn what_is_not_there_prints_as_nothing_and_is_named() {
    let body = "{{ kept.colour.shade }}|{{ person.last_name|default('friend') }}|{% for x in profile.list %}{{ x.a }}{% endfor %}";
    let message = render("For {{ nobody }}", "a.html", body).unwrap();
    assert_eq!((message.subject.as_str(), message.html.as_str()), ("For", "|friend|"));
    assert_eq!(message.missing, ["kept.colour.shade", "nobody", "person.last_name", "profile.list"]);
}

#[test]
fn only_the_fields_that_are_shown_are_asked_of_the_vault() {
    let fields = |source: &str| {
        let templates = templates(&[("a.html", source), ("foot.html", "{{ person.last_name }}")]);
        let message =
            Message::new(ChannelKind::Webhook, Some("sms"), "{{ person.name }}", "a.html", &templates)
                .unwrap();
        assert_eq!(message.channel, "sms");
        message.person_fields().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(fields("{{ person.first_name }}"), ["first_name", "name"]);
    assert_eq!(fields("{% include 'foot.html' %}"), ["last_name", "name"]);
}

#[test]
fn a_hostile_template_ends_in_an_error() {
    let reason = |body: &str| render("", "a.html", body).unwrap_err().reason;
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}";
    assert!(reason(endless).contains("too many steps"));
    let huge = "{% for a in range(2000) %}{{ 'x' * 1000 }}{% endfor %}";
    assert!(reason(huge).contains("prints more than 512 KiB"));
    assert!(!reason("{{ 'x' * 9999999999 }}").is_empty());
    assert!(!reason("{% include 'a.html' %}").is_empty());
    assert!(!reason("{% include '../secret.html' %}").is_empty());
    assert!(!reason("{% set n = namespace(t='x') %}").is_empty());
    assert!(render("{% for a in range(9999) %}{{ 'x' * 999 }}{% endfor %}", "a.html", "").is_err());
}

#[test]
fn errors_name_template_and_line() {
    let error = Message::check("coupon.html", "<p>\n{{ kept.name }}\n{% if %}").unwrap_err();
    assert_eq!((error.name.as_str(), error.line), ("coupon.html", 3));
    assert!(error.to_string().starts_with("template coupon.html, line 3: syntax error"), "{error}");
    let none = Message::new(ChannelKind::Email, None, "", "no.html", &templates(&[])).unwrap_err();
    assert!(none.to_string().contains("no such template"), "{none}");
    let subject =
        Message::new(ChannelKind::Email, None, "{{", "a.html", &templates(&[("a.html", "")])).unwrap_err();
    assert_eq!(subject.name, "<subject>");
    let failing = render("", "a.html", "\n{{ kept.name / 2 }}").unwrap_err();
    assert_eq!(failing.line, 2);
    assert!(!failing.to_string().contains("Pot"), "an error holds nothing of what was rendered: {failing}");
}
