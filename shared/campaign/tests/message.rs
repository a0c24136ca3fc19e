//! Messages: what templates may do, and what they may not.

use campaign::{ChannelKind, Message, MessageContext, Rendered, TemplateError, Templates, Utm};
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

/// A template that somebody hostile wrote: read, and rendered if it can be read.
fn tried(source: &str) -> Result<Rendered, TemplateError> {
    Message::check("a.html", source)?;
    render("", "a.html", source)
}

#[test]
fn nothing_outside_of_the_templates_can_be_reached() {
    for beyond in [
        "{% include '/etc/passwd' %}",
        "{% include '../settings.yaml' %}",
        "{% include 'keys/hash.key' %}",
        "{% import '/proc/self/environ' as env %}{{ env }}",
        "{% extends 'file:///etc/passwd' %}",
        "{{ open('/etc/passwd') }}",
        "{{ env('HOME') }}",
        "{{ kept.__class__.__init__() }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ ''|attr('__class__')() }}",
    ] {
        assert!(tried(beyond).is_err(), "{beyond}");
    }
    // What looks like a secret is a name that nothing has.
    for nothing in
        ["{{ env.HOME }}", "{{ settings.keys }}", "{{ self.template }}", "{{ vault }}", "{{ config.items }}"]
    {
        assert_eq!(tried(nothing).map(|message| message.html), Ok(String::new()), "{nothing}");
    }
}

#[test]
fn hostile_templates_are_bounded_in_every_way() {
    for endless in [
        "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
        "{% for a in range(1000000000) %}{% endfor %}",
        "{% for a in range(9999) %}{% for b in range(9999) %}{% if a %}{% endif %}{% endfor %}{% endfor %}",
        "{% block a %}{% include 'a.html' %}{% endblock %}",
        "{% extends 'a.html' %}",
        "{{ ('x' * 100000) * 100000 }}",
        "{% for a in range(6000) %}{{ 'x' * 100 }}{% endfor %}",
        "{{ range(9999) | map('string') | join('x' * 9999) }}",
    ] {
        let error = tried(endless).expect_err(endless);
        assert!(!error.reason.is_empty() && !error.to_string().contains("Ann"), "{endless}: {error}");
    }
}

#[test]
fn a_language_has_its_own_template_where_there_is_one() {
    let templates = templates(&[
        ("a.html", "Hello {{ person.first_name }}"),
        ("a.zh.html", "你好 {{ person.last_name }}"),
        ("a.pt-BR.html", "Oi {{ kept.nome }}"),
        ("a.b.c.html", "{{ person.phone }}"),
    ]);
    let message = Message::new(ChannelKind::Email, None, "", "a.html", &templates).unwrap();
    assert_eq!(message.person_fields().collect::<Vec<_>>(), ["first_name", "last_name"]);
    let in_locale = |locale: serde_json::Value| {
        let rendered = message.render(&MessageContext {
            profile: &json!({"traits": {"locale": locale}}),
            kept: &json!({}),
            key: "",
            person: &BTreeMap::from([
                ("first_name".into(), "Ann".into()),
                ("last_name".into(), "Wang".into()),
            ]),
            unsubscribe_url: "",
        });
        let rendered = rendered.unwrap();
        (rendered.html, rendered.missing)
    };
    let nothing: Vec<String> = Vec::new();
    for locale in ["zh", "zh-CN", "zh_TW", "ZH-Hans-CN"] {
        assert_eq!(in_locale(json!(locale)), ("你好 Wang".to_owned(), nothing.clone()), "{locale}");
    }
    assert_eq!(in_locale(json!("pt_br")), ("Oi ".to_owned(), vec!["kept.nome".to_owned()]));
    for locale in [json!("pt"), json!("en-GB"), json!(null), json!(5), json!("../../zh"), json!("b.c")] {
        assert_eq!(in_locale(locale.clone()).0, "Hello Ann", "{locale}");
    }
}

#[test]
fn links_are_marked_and_the_one_to_unsubscribe_is_not() {
    let body = "<a class=x href=\"https://shop.example/tea?a=1&amp;b=2#top\">Tea</a>\n\
                <A HREF='http://shop.example'>Shop</A><a href=https://shop.example/c?utm_source=own>C</a>\n\
                <a href=\"{{ unsubscribe_url }}\">No more</a><a href=\"mailto:a@shop.example\">Mail</a>\n\
                <!-- <a href=\"https://shop.example/x\"> --><a name=here>Here</a><abbr href=\"https://a.example\">A</abbr>\n\
                <a href=\"{{ kept.name }}\">odd</a><img src=\"https://shop.example/i.png\"><a href=\"/here\">rel</a>";
    let marks =
        |deployment: Option<&Utm>, own: Option<&Utm>| Utm::of(deployment, own, "tea-week", "top", "email");
    let settings = Utm { source: Some("Kettle & Leaf".into()), ..Utm::default() };
    let unsubscribe = "https://s.example/u?m=1&c=2";
    let marked = render("", "a.html", body)
        .unwrap()
        .with_marked_links(&marks(Some(&settings), None).unwrap(), unsubscribe);
    let all =
        "utm_source=Kettle%20%26%20Leaf&amp;utm_medium=email&amp;utm_campaign=tea-week&amp;utm_content=top";
    for link in [
        format!("href=\"https://shop.example/tea?a=1&amp;b=2&amp;{all}#top\""),
        format!("HREF='http://shop.example?{all}'"),
        "href=https://shop.example/c?utm_source=own&amp;utm_medium=email&amp;utm_campaign=tea-week&amp;utm_content=top>".into(),
        "href=\"mailto:a@shop.example\"".into(),
        "<!-- <a href=\"https://shop.example/x\"> -->".into(),
        "<abbr href=\"https://a.example\">".into(),
        "<img src=\"https://shop.example/i.png\">".into(),
        "<a href=\"/here\">".into(),
        "href=\"Tea &amp; &lt;b&gt;Pot&lt;".into(),
    ] {
        assert!(marked.html.contains(&link), "{link} in\n{}", marked.html);
    }
    let plain = "utm_source=Kettle%20%26%20Leaf&utm_medium=email&utm_campaign=tea-week&utm_content=top";
    assert!(
        marked.text.contains(&format!("Tea (https://shop.example/tea?a=1&b=2&{plain}#top)")),
        "{}",
        marked.text
    );
    assert!(marked.text.contains(&format!("No more ({unsubscribe})")), "{}", marked.text);

    assert_eq!(marks(None, None), None, "nobody asked for it");
    let off = Utm { mark: Some(false), ..Utm::default() };
    assert_eq!(marks(Some(&settings), Some(&off)), None, "the campaign wants none");
    assert!(marks(None, Some(&settings)).is_some() && marks(Some(&Utm::default()), None).is_some());
    let own = Utm { source: Some("own".into()), ..Utm::default() };
    let marked = render("", "a.html", "<a href=\"https://a.example\">a</a>").unwrap();
    let marked = marked.with_marked_links(&marks(Some(&settings), Some(&own)).unwrap(), "");
    assert!(marked.html.contains("utm_source=own&amp;"), "{}", marked.html);
    let text = render("", "a.txt", "https://shop.example")
        .unwrap()
        .with_marked_links(&marks(Some(&own), None).unwrap(), "");
    assert_eq!(text.text, "https://shop.example");
}

#[test]
fn broken_html_is_marked_without_end_or_panic() {
    let marks = Utm::of(None, Some(&Utm::default()), "c", "s", "email").unwrap();
    for broken in [
        "<a",
        "<a ",
        "<a href",
        "<a href=",
        "<a href=\"https://x.example",
        "<a href=\"\"",
        "<a =é é=é href='é'",
        "<!-- <a href=x",
        "<a é",
        "<a href=https://x.example",
        "< a href=x>",
    ] {
        let rendered = render("", "a.html", &broken.replace("{", "")).unwrap();
        let before = rendered.html.clone();
        let after = rendered.with_marked_links(&marks, "").html;
        assert!(after == before || after.contains("utm_source"), "{broken}: {after}");
    }
}
