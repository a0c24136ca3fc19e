//! Drafts are held to what they were asked for.

use campaign::{Campaign, Templates};
use copy::{Circumstances, CopyBrief, LEFT_OUT, Language, Prompt, Wording, check};

const PRESENT: &str = "{% extends \"layout.html\" %}{% block body %}<p>Hello {{ person.first_name | default('there') }}, \
    {{ kept.name }} waits.</p><a href=\"https://shop.example.com/cart\">Cart</a>{% endblock %}";
const LAYOUT: &str =
    "<html><body>{% block body %}{% endblock %}<a href=\"{{ unsubscribe_url }}\">No more</a></body></html>";

fn sources() -> Vec<(String, String)> {
    let text = "Hello, {{ kept.name }} waits: https://shop.example.com/cart";
    [("cart.html", PRESENT), ("layout.html", LAYOUT), ("text.txt", text)]
        .map(|(n, t)| (n.into(), t.into()))
        .into()
}

fn campaign() -> Campaign {
    let yaml = "name: cart\ndescription: Reminds of a cart.\nentry: { event: Product Added, keep: [name, url, price] }\n\
                goal: { event: Order Completed }\nsteps:\n  - send: reminder\n    subject: \"{{ kept.name }} waits\"\n    \
                template: cart.html\n  - send: text\n    channel: sms\n    template: text.txt\n  - send: app\n    \
                channel: push\n    subject: Your cart\n    template: text.txt\n";
    Campaign::parse(yaml, &Templates::new(sources()).unwrap()).unwrap()
}

fn brief(step: &str, language: Language) -> CopyBrief {
    let source = if step == "reminder" { PRESENT.to_owned() } else { sources()[2].1.clone() };
    let with = Circumstances {
        shop: "Kettle & Leaf".into(),
        language,
        notes: vec!["Ann (ann@example.com, +49 30 901820) likes puns.".into()],
        rejected: vec!["Too loud.".into()],
        variants: 2,
        ..Circumstances::default()
    };
    CopyBrief::of(&campaign(), step, &source, with).unwrap()
}

fn wrong(step: &str, subject: &str, body: &str) -> Vec<String> {
    let wording = Wording { subject: subject.into(), body: body.into() };
    check(&wording, &brief(step, Language::English), &sources()).err().unwrap_or_default()
}

/// A body in the frame.
fn framed(inner: &str) -> String {
    format!("{{% extends \"layout.html\" %}}{{% block body %}}{inner}{{% endblock %}}")
}

#[test]
fn a_prompt_says_what_is_wanted_and_nothing_personal() {
    let prompt = Prompt::of(&brief("reminder", Language::Chinese), "DE");
    for said in [
        "Shop: Kettle & Leaf\n",
        "What it is: Reminds of a cart.\n",
        "It begins with the event: Product Added\n",
        "It is to bring about the event: Order Completed\n",
        "Language: Simplified Chinese\n",
        "Channel: e-mail; a subject of at most 78 characters, better 50; the body is HTML; it has to link to {{ unsubscribe_url }}\n",
        "Fields: kept.name, kept.price, kept.url, person.first_name, person.last_name, unsubscribe_url\n",
        "Wordings wanted, each with an idea of its own: 2\n",
        "An earlier draft was rejected: Too loud.\n",
        PRESENT,
    ] {
        assert!(prompt.user.contains(said), "{said}\n{}", prompt.user);
    }
    let all = format!("{}{}", prompt.system, prompt.user);
    assert!(!all.contains("ann@") && !all.contains("901820") && !all.contains("hmac:"), "{all}");
    assert!(all.contains(&format!("Heed: Ann ({LEFT_OUT}, {LEFT_OUT}) likes puns.")), "{all}");
    let again = Prompt::of(&brief("reminder", Language::Chinese), "DE");
    assert_eq!((prompt.hash(), prompt.hash().len()), (again.hash(), 64));
    assert_ne!(prompt.hash(), Prompt::of(&brief("reminder", Language::English), "DE").hash());
    let text = Prompt::of(&brief("text", Language::English), "DE").user;
    assert!(text.contains("at most 2 parts") && !text.contains("Present subject"), "{text}");
}

#[test]
fn what_holds_is_let_through() {
    let good = framed(
        "<p>Hi {{ person.first_name | default('there') }}: {{ kept.name }} for {{ kept.price | round(2) }}</p>\
        <a href=\"{{ kept.url }}?from=mail\">Look</a> <a href=\"https://shop.example.com/cart\">Cart</a>",
    );
    assert_eq!(wrong("reminder", "Still thinking about {{ kept.name }}?", &good), [""; 0]);
    assert_eq!(wrong("text", "", "{{ kept.name }} waits: https://shop.example.com/cart\n"), [""; 0]);
    let chinese = Wording { subject: "{{ kept.name }}还在等您".into(), body: framed("<p>您好</p>") };
    assert_eq!(check(&chinese, &brief("reminder", Language::Chinese), &sources()), Ok(()));
}

#[test]
fn what_was_left_out_of_the_prompt_is_written_in_by_hand() {
    let body = framed("<p>Write to <a href=\"mailto:[left out]\">[left out]</a></p>");
    assert_eq!(wrong("reminder", "Hi", &body), [""; 0]);
    let wording = |subject: &str, body: String| Wording { subject: subject.into(), body };
    let told = wording("Hi", body).is_unfinished().unwrap();
    assert!(told.contains("in the place of `[left out]` into the file by hand"), "{told}");
    assert!(wording("Ask [left out]", String::new()).is_unfinished().is_some());
    assert_eq!(wording("Hi", framed("<p>Left out</p>")).is_unfinished(), None);
}

#[test]
fn what_does_not_hold_is_told() {
    let framed_good = framed("<p>Hello</p>");
    let long = "x".repeat(79);
    let loops = framed("{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}");
    let huge = framed(&format!("{{% for a in range(400) %}}{}{{% endfor %}}", "x".repeat(2_000)));
    for (subject, body, told) in [
        ("Hi", "<p>{{ kept.name </p>".to_owned(), "syntax error"),
        ("Hi", framed("{% include \"/etc/passwd\" %}"), "template"),
        ("Hi", loops, "too many steps"),
        ("Hi", huge, "prints more than 512 KiB"),
        ("Hi", format!("{}{framed_good}", " ".repeat(Templates::MAX_SOURCE)), "longer than 256 KiB"),
        ("Hi", framed("{{ profile.traits.email }}"), "it looks up `profile.traits.email`, which it may not"),
        ("Hi", framed("{{ person.phone }}"), "it looks up `person.phone`, which it may not"),
        ("{{ person }}", framed_good.clone(), "it looks up `person`, which it may not"),
        ("Hi", framed("{{ kept.name | safe }}"), "without escaping"),
        ("Hi", framed("{% autoescape false %}{{ kept.name }}{% endautoescape %}"), "without escaping"),
        ("Hi", framed("<script>alert(1)</script>"), "it has `<script`"),
        ("Hi", framed("<img src=x onerror=alert(1)>"), "an `on…` attribute"),
        (
            "Hi",
            framed("<a href=\"https://evil.example/cart\">Cart</a>"),
            "it links to https://evil.example/cart",
        ),
        ("Hi", framed("<a href=\"//evil.example\">Cart</a>"), "it links to //evil.example"),
        (
            "Hi",
            framed("{% if kept.name == 'x' %}<a href='https://evil.example'>.</a>{% endif %}"),
            "evil.example",
        ),
        ("Hi", "<p>Hello</p>".to_owned(), "it does not show where to unsubscribe"),
        ("", framed_good.clone(), "it has no subject"),
        (&long, framed_good.clone(), "its subject has 79 characters; 78 is the most"),
        ("您好", framed("<p>您好，您的购物车还在，请回来看看吧</p>"), "it is not in English"),
    ] {
        let wrong = wrong("reminder", subject, &body);
        assert!(wrong.iter().any(|reason| reason.contains(told)), "{told}: {wrong:?}");
    }
    let three_parts = wrong("text", "", &"tea ".repeat(77));
    assert_eq!(three_parts, ["it takes 3 parts as a text message; 2 is the most"]);
    let much = wrong("app", "Your cart", &"tea ".repeat(60));
    assert_eq!(much, ["its text has 239 characters; 180 is the most"]);
}
