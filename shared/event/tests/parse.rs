//! The parser against the Segment spec, and against input that means harm.

use event::{
    Arrival, Code, Currency, Event, EventType, Identifier, IdentifierKind, MAX_ENVELOPE_BYTES, Parsed,
    Parser, ParserSettings, Pseudonymizer, Rejection, TimeMark, decode_envelope, encode_envelopes,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// 2026-11-22T10:00:00Z
const NOW: i64 = 1_795_341_600_000;
const LIVE: Arrival = Arrival::Live { now: NOW };
const RECORDED: Arrival = Arrival::Recorded { now: NOW };

fn parser() -> Parser {
    let settings = ParserSettings {
        region: "CN".into(),
        currency: Currency::parse("EUR").unwrap(),
        ..Default::default()
    };
    Parser::new(Pseudonymizer::new(b"test key"), settings)
}

fn key(kind: IdentifierKind, value: &str) -> Identifier {
    Pseudonymizer::new(b"test key").identifier(kind, value)
}

/// Parses a record and looks at what came out.
fn look<T>(record: Value, arrival: Arrival, look: impl FnOnce(&Parsed<'_>) -> T) -> T {
    let text = record.to_string();
    look(&parser().parse(text.as_bytes(), "web", arrival).unwrap_or_else(|e| panic!("{e}: {text}")))
}

fn refusal(record: &[u8]) -> Rejection {
    parser().parse(record, "web", LIVE).map(|parsed| parsed.event.name.into_owned()).unwrap_err()
}

/// A track call with more fields.
fn track(more: Value) -> Value {
    let mut record = json!({"type": "track", "event": "Seen", "userId": "u-1", "messageId": "m-1"});
    record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    record
}

fn identifiers(record: Value) -> Vec<Identifier> {
    look(record, LIVE, |parsed| parsed.event.identifiers.to_vec())
}

fn times(more: Value, arrival: Arrival) -> (i64, i64, TimeMark) {
    look(track(more), arrival, |parsed| {
        let event = &parsed.event;
        (event.happened_at, event.received_at, event.time_mark)
    })
}

mod calls {
    use super::*;

    #[test]
    fn every_call_of_the_spec() {
        for (kind, name, event_type) in [
            ("identify", "Identified", EventType::Identify),
            ("track", "Order Completed", EventType::Track),
            ("page", "Page Viewed", EventType::Page),
            ("screen", "Screen Viewed", EventType::Screen),
            ("group", "Group Joined", EventType::Group),
            ("alias", "Aliased", EventType::Alias),
        ] {
            let record = json!({"type": kind, "event": "Order Completed", "userId": "u-1", "messageId": "m"});
            look(record, LIVE, |parsed| {
                let event = &parsed.event;
                assert_eq!((event.kind, event.name.as_ref()), (event_type, name));
                assert_eq!((event.message_id.as_ref(), event.source.as_ref()), ("m", "web"));
                assert_eq!(event.user_id.as_deref(), Some("u-1"));
            });
        }
    }

    #[test]
    fn page_and_screen_keep_name_and_category() {
        let record = json!({"type": "page", "anonymousId": "a-1", "name": "Home", "category": "Start",
            "properties": {"name": "own", "path": "/"}});
        let properties: Value = look(record, LIVE, |p| serde_json::from_str(&p.event.properties).unwrap());
        assert_eq!(properties, json!({"name": "own", "path": "/", "category": "Start"}));
    }

    #[test]
    fn group_and_alias_name_the_other_side() {
        let group = json!({"type": "group", "userId": "u-1", "groupId": "g-1", "traits": {"name": "ACME"}});
        let properties: Value = look(group, LIVE, |p| serde_json::from_str(&p.event.properties).unwrap());
        assert_eq!(properties, json!({"group_id": "g-1"}));
        let alias = json!({"type": "alias", "userId": "u-1", "previousId": "a-1"});
        assert_eq!(
            identifiers(alias),
            [key(IdentifierKind::User, "u-1"), key(IdentifierKind::Anonymous, "a-1")]
        );
    }

    #[test]
    fn the_address_gives_the_type_and_the_record_may_overrule_it() {
        let parse = |record: &[u8]| {
            parser().parse_call(record, Some(EventType::Page), "web", LIVE).map(|parsed| parsed.event.kind)
        };
        assert_eq!(parse(br#"{"userId":"u-1"}"#), Ok(EventType::Page));
        assert_eq!(parse(br#"{"type":"screen","userId":"u-1"}"#), Ok(EventType::Screen));
    }

    #[test]
    fn snake_case_fields_are_the_same_fields() {
        let record = json!({"type": "track", "event": "Seen", "user_id": "u-1", "anonymous_id": "a-1",
            "message_id": "m-9", "original_timestamp": "2026-11-22T09:00:00Z"});
        look(record, LIVE, |parsed| {
            let event = &parsed.event;
            assert_eq!((event.message_id.as_ref(), event.happened_at), ("m-9", NOW - 3_600_000));
            assert_eq!(event.identifiers.len(), 2);
        });
    }

    #[test]
    fn a_record_without_a_message_id_gets_the_same_one_each_time() {
        let id = |record: Value, source| {
            let text = record.to_string();
            parser().parse(text.as_bytes(), source, LIVE).unwrap().event.message_id.into_owned()
        };
        let record = |n| json!({"type": "track", "event": "Seen", "userId": "u-1", "properties": {"n": n}});
        assert_eq!(id(record(1), "web"), id(record(1), "web"));
        assert_ne!(id(record(1), "web"), id(record(2), "web"));
        assert_ne!(id(record(1), "web"), id(record(1), "app"));
    }
}

mod time {
    use super::*;

    #[test]
    fn clock_skew_is_corrected_as_the_spec_has_it() {
        // timestamp = receivedAt - (sentAt - originalTimestamp); the client's clock is 10 minutes fast, it
        // waited 4 ms, and what it calls 10:09:59.996 was 09:59:59.996.
        let sent = json!({"timestamp": "2026-11-22T10:09:59.996Z", "sentAt": "2026-11-22T10:10:00.000Z"});
        assert_eq!(times(sent, LIVE), (NOW - 4, NOW, TimeMark::Given));
        let original =
            json!({"originalTimestamp": "2026-11-22T10:09:59.996Z", "sentAt": "2026-11-22T10:10:00.000Z"});
        assert_eq!(times(original, LIVE), (NOW - 4, NOW, TimeMark::Given));
        // A clock 8 hours slow, and an event of an hour before it was sent.
        let slow = json!({"timestamp": "2026-11-22T01:00:00Z", "sentAt": "2026-11-22T02:00:00Z"});
        assert_eq!(times(slow, LIVE), (NOW - 3_600_000, NOW, TimeMark::Given));
    }

    #[test]
    fn without_sent_at_the_time_is_taken_as_given() {
        let given = json!({"timestamp": "2026-11-22T17:59:00+08:00"});
        assert_eq!(times(given, LIVE), (NOW - 60_000, NOW, TimeMark::Given));
    }

    #[test]
    fn a_recorded_event_keeps_its_receive_time() {
        let whole = json!({"originalTimestamp": "2020-01-01T00:10:00Z", "sentAt": "2020-01-01T00:10:01Z",
            "receivedAt": "2020-01-01T00:00:02Z", "timestamp": "2020-01-01T00:00:01Z"});
        // 2020-01-01T00:00:00Z is 1577836800.
        assert_eq!(times(whole, RECORDED), (1_577_836_801_000, 1_577_836_802_000, TimeMark::Given));
        let sent = json!({"timestamp": "2020-01-01T00:00:00Z", "sentAt": "2020-01-01T00:00:03Z"});
        assert_eq!(times(sent, RECORDED), (1_577_836_800_000, 1_577_836_803_000, TimeMark::Given));
        let stamp = json!({"timestamp": "2020-01-01T00:00:00Z"});
        assert_eq!(times(stamp, RECORDED), (1_577_836_800_000, 1_577_836_800_000, TimeMark::Given));
        assert_eq!(times(json!({}), RECORDED), (NOW, NOW, TimeMark::Missing));
    }

    #[test]
    fn a_live_event_cannot_choose_its_receive_time() {
        let given = json!({"receivedAt": "2020-01-01T00:00:00Z", "timestamp": "2020-01-01T00:00:00Z"});
        assert_eq!(times(given, LIVE), (1_577_836_800_000, NOW, TimeMark::Given));
    }

    #[test]
    fn epochs_of_every_unit() {
        for stamp in [
            json!(1_795_341_540),
            json!(1_795_341_540_000i64),
            json!(1_795_341_540_000_000i64),
            json!("1795341540"),
            json!(1_795_341_540.0),
        ] {
            assert_eq!(
                times(json!({"timestamp": stamp}), LIVE),
                (NOW - 60_000, NOW, TimeMark::Given),
                "{stamp}"
            );
        }
    }

    #[test]
    fn no_usable_time_takes_the_receive_time_and_is_marked() {
        for stamp in
            [json!(null), json!(""), json!("yesterday"), json!("2026-02-30T00:00:00Z"), json!(0), json!(-1)]
        {
            assert_eq!(times(json!({"timestamp": stamp}), LIVE), (NOW, NOW, TimeMark::Missing), "{stamp}");
        }
    }

    #[test]
    fn more_than_a_day_ahead_takes_the_receive_time_and_is_marked() {
        let at = |text: &str| times(json!({"timestamp": text}), LIVE);
        assert_eq!(at("2026-11-23T10:00:00.000Z"), (NOW + 86_400_000, NOW, TimeMark::Given));
        assert_eq!(at("2026-11-23T10:00:00.001Z"), (NOW, NOW, TimeMark::Future));
        assert_eq!(at("3000-01-01T00:00:00Z"), (NOW, NOW, TimeMark::Future));
        // A clock of the year 3000 on both times is only skewed.
        let skewed = json!({"timestamp": "3000-01-01T00:00:00Z", "sentAt": "3000-01-01T00:00:05Z"});
        assert_eq!(times(skewed, LIVE), (NOW - 5_000, NOW, TimeMark::Given));
        let recorded = json!({"timestamp": "3000-01-01T00:00:00Z"});
        assert_eq!(times(recorded, RECORDED), (NOW, NOW, TimeMark::Future));
    }
}

mod identity {
    use super::*;

    #[test]
    fn e_mail_addresses_are_one_in_any_case() {
        let expected = key(IdentifierKind::Email, "ann.lee@example.com");
        for email in ["ann.lee@example.com", " Ann.Lee@EXAMPLE.com "] {
            let identify = json!({"type": "identify", "anonymousId": "a-1", "traits": {"email": email}});
            assert_eq!(identifiers(identify), [expected, key(IdentifierKind::Anonymous, "a-1")]);
            let context = track(json!({"context": {"traits": {"email": email}}}));
            assert_eq!(identifiers(context), [key(IdentifierKind::User, "u-1"), expected]);
        }
    }

    #[test]
    fn phone_numbers_are_one_in_any_form() {
        let expected = key(IdentifierKind::Phone, "+8613800138000");
        for phone in
            ["13800138000", "138-0013-8000", "+86 138 0013 8000", "0086 13800138000", " +8613800138000 "]
        {
            let identify = json!({"type": "identify", "traits": {"phone": phone}});
            assert_eq!(identifiers(identify), [expected], "{phone}");
        }
        assert_eq!(
            identifiers(json!({"type": "identify", "traits": {"phone": 13_800_138_000i64}})),
            [expected]
        );
    }

    #[test]
    fn junk_identifies_nobody() {
        for junk in [
            json!(null),
            json!("null"),
            json!("undefined"),
            json!("0"),
            json!(0),
            json!("-1"),
            json!(-1),
            json!("anonymous"),
            json!("Unknown"),
            json!(""),
            json!("  "),
            json!("7777"),
            json!("00000000-0000-0000-0000-000000000000"),
        ] {
            let record =
                json!({"type": "track", "event": "E", "userId": junk, "anonymousId": junk}).to_string();
            let refused = refusal(record.as_bytes());
            assert_eq!((refused.code, refused.field.as_str()), (Code::MissingIdentifier, "userId"), "{junk}");
            assert_eq!(
                identifiers(json!({"type": "track", "event": "E", "userId": junk, "anonymousId": "a-1"})),
                [key(IdentifierKind::Anonymous, "a-1")],
                "{junk}"
            );
        }
    }

    #[test]
    fn a_number_is_an_id() {
        let expected = [key(IdentifierKind::User, "4711")];
        assert_eq!(identifiers(json!({"type": "track", "event": "E", "userId": 4711})), expected);
        assert_eq!(identifiers(json!({"type": "track", "event": "E", "userId": " 4711 "})), expected);
    }

    #[test]
    fn ids_of_devices_and_other_systems() {
        let record =
            track(json!({"anonymousId": "a-1", "context": {"device": {"id": "d-1"}, "externalIds": [
            {"id": "o-1", "type": "openid"}, {"id": "x-1", "type": "crm"}, {"id": "null", "type": "unionid"},
            {"id": "Ann@Example.com", "type": "email"}, {"id": "m-1", "type": "memberCard"}]}}));
        let expected = [
            key(IdentifierKind::User, "u-1"),
            key(IdentifierKind::OpenId, "o-1"),
            key(IdentifierKind::MemberCard, "m-1"),
            key(IdentifierKind::Email, "ann@example.com"),
            key(IdentifierKind::External, "crm:x-1"),
            key(IdentifierKind::Device, "d-1"),
            key(IdentifierKind::Anonymous, "a-1"),
        ];
        assert_eq!(identifiers(record), expected);
    }

    #[test]
    fn the_same_text_in_two_kinds_is_two_identifiers() {
        let both = identifiers(track(json!({"anonymousId": "u-1"})));
        assert_eq!(both.len(), 2);
        assert_ne!(both[0].key, both[1].key);
    }

    #[test]
    fn unicode_forms_are_one_id() {
        assert_eq!(
            identifiers(track(json!({"userId": "Jose\u{301}"}))),
            identifiers(track(json!({"userId": "Jos\u{e9}"})))
        );
    }
}

mod personal_data {
    use super::*;

    /// All of an event's bytes as they travel.
    fn wire(event: &Event<'_>) -> String {
        let mut bytes = Vec::new();
        event.encode(&mut bytes);
        String::from_utf8_lossy(&bytes).to_lowercase()
    }

    #[test]
    fn traits_give_it_to_the_vault() {
        let record = json!({"type": "identify", "userId": "u-1", "traits": {"email": "Ann.Lee@Example.com",
            "phone": "13800138000", "firstName": "Ann", "name": "Ann Lee", "address": {"city": "Berlin"}, "plan": "gold"}});
        look(record, LIVE, |parsed| {
            assert_eq!(parsed.event.traits, r#"{"plan":"gold"}"#);
            let owner = key(IdentifierKind::User, "u-1");
            let of = |field: &str| {
                parsed.secrets.iter().find(|s| s.field == field).map(|s| (s.identifier, s.value.as_str()))
            };
            assert_eq!(
                of("email"),
                Some((key(IdentifierKind::Email, "ann.lee@example.com"), "ann.lee@example.com"))
            );
            assert_eq!(of("phone"), Some((key(IdentifierKind::Phone, "+8613800138000"), "+8613800138000")));
            assert_eq!(of("first_name"), Some((owner, "Ann")));
            assert_eq!(of("name"), Some((owner, "Ann Lee")));
            assert_eq!(of("address"), Some((owner, r#"{"city":"Berlin"}"#)));
            for raw in ["ann", "berlin", "138001"] {
                assert!(!wire(&parsed.event).contains(raw), "{raw}");
            }
        });
    }

    #[test]
    fn a_user_id_shaped_like_a_contact_is_not_readable() {
        for (id, kind, cleaned) in [
            ("Ann@Example.com", IdentifierKind::Email, "ann@example.com"),
            ("+86 138 0013 8000", IdentifierKind::Phone, "+8613800138000"),
            ("13800138000", IdentifierKind::Phone, "+8613800138000"),
        ] {
            look(track(json!({"userId": id})), LIVE, |parsed| {
                assert_eq!(parsed.event.user_id, None, "{id}");
                assert!(parsed.event.identifiers.contains(&key(kind, cleaned)), "{id}");
                assert_eq!(parsed.secrets[0].value, cleaned);
            });
        }
    }

    #[test]
    fn an_address_anywhere_leaves_no_trace() {
        let email = "ann.lee@example.com";
        for more in [
            json!({"userId": email}),
            json!({"anonymousId": email}),
            json!({"messageId": format!("signup-{email}")}),
            json!({"messageId": email}),
            json!({"userId": format!("{email} (web)")}),
            json!({"userId": "ann.lee%40example.com"}),
            json!({"properties": {"note": format!("@{email}@x and <{email}>, '{email}'.")}}),
            json!({"event": format!("Mail to {email}")}),
            json!({"properties": {"email": email}}),
            json!({"properties": {"note": format!("write to {email} now")}}),
            json!({"properties": {"a": [{"b": {"c": email}}]}}),
            json!({"properties": {(email): 1}}),
            json!({"properties": {"products": [{"sku": "s", "gift_to": email}]}}),
            json!({"properties": {"link": format!("https://x.example/?m={email}&a=1")}}),
            json!({"properties": {"link": "https://x.example/?m=ann.lee%40example.com"}}),
            json!({"properties": {"product_id": email}}),
            json!({"properties": {"escaped": "ESCAPED"}}),
            json!({"context": {"page": {"url": format!("https://x.example/?m={email}")}}}),
            json!({"context": {"page": {"url": format!("https://x.example/u/{email}/orders")}}}),
            json!({"context": {"page": {"url": "https://x.example/?m=ann.lee%40example.com"}}}),
            json!({"context": {"page": {"url": "https://x.example/u/ann.lee%40example.com"}}}),
            json!({"context": {"page": {"path": format!("/u/{email}")}}}),
            json!({"context": {"traits": {"nickname": email}}}),
            json!({"context": {"page": {"referrer": format!("https://x.example/{email}")}}}),
            json!({"context": {"page": {"title": format!("Inbox of {email}")}}}),
            json!({"context": {"campaign": {"content": email}}}),
            json!({"context": {"device": {"model": format!("Phone of {email}")}}}),
            json!({"context": {"userAgent": format!("bot ({email})")}}),
            json!({"context": {"locale": email}}),
            json!({"context": {"app": {"version": email}}}),
            json!({"context": {"consent": {"categoryPreferences": {"by": email}}}}),
            json!({"context": {"other": {"deep": [email]}}}),
            json!({"context": {(email): true}}),
            json!({"context": {"externalIds": [{"id": email, "type": "crm"}]}}),
            json!({"type": "group", "groupId": email}),
            json!({"type": "group", "traits": {"contact": email}}),
            json!({"type": "identify", "traits": {"nickname": email}}),
            json!({"type": "page", "name": format!("Profile of {email}")}),
        ] {
            let text = track(more).to_string().replace("ESCAPED", r"ann.lee\u0040example.com");
            let parser = parser();
            let parsed = parser.parse(text.as_bytes(), "web", LIVE).unwrap();
            assert!(!wire(&parsed.event).contains("ann.lee"), "{text}\n{:?}", parsed.event);
        }
    }

    #[test]
    fn no_ip_address() {
        let record = track(json!({"context": {"ip": "203.0.113.7"}, "properties": {"ip": "203.0.113.7"}}));
        look(record, LIVE, |parsed| {
            assert!(!wire(&parsed.event).contains("203.0.113"), "{:?}", parsed.event)
        });
    }

    #[test]
    fn debug_output_has_no_secret() {
        look(json!({"type": "identify", "userId": "u-1", "traits": {"firstName": "Ann"}}), LIVE, |parsed| {
            assert!(!format!("{parsed:?}").contains("Ann"));
        });
    }
}

mod context {
    use super::*;

    #[test]
    fn what_the_spec_names_has_its_field() {
        let record = track(json!({"context": {
            "page": {"url": "https://shop.example.com/p/1?utm_source=x", "title": " Caf\u{e9} ", "referrer": "https://ref.example/"},
            "userAgent": "Agent/1", "locale": "zh-CN", "timezone": "Asia/Shanghai",
            "campaign": {"source": "news", "medium": "email", "name": "spring", "term": "grinder", "content": "b"},
            "device": {"id": "d-1", "model": "X9", "type": "phone"}, "os": {"name": "Android", "version": "16"},
            "app": {"name": "Shop", "version": "4.2"},
            "consent": {"categoryPreferences": {"Advertising": true, "analytics": true}}}}));
        look(record, LIVE, |parsed| {
            let context = &parsed.event.context;
            assert_eq!(context.url.as_deref(), Some("https://shop.example.com/p/1?utm_source=x"));
            assert_eq!(context.title.as_deref(), Some("Caf\u{e9}"));
            assert_eq!(context.referrer.as_deref(), Some("https://ref.example/"));
            assert_eq!(context.user_agent.as_deref(), Some("Agent/1"));
            assert_eq!(context.locale.as_deref(), Some("zh-CN"));
            assert_eq!(context.timezone.as_deref(), Some("Asia/Shanghai"));
            let campaign = context.campaign.as_deref().unwrap();
            let texts =
                [&campaign.source, &campaign.medium, &campaign.name, &campaign.term, &campaign.content];
            assert_eq!(texts.map(|t| t.as_deref().unwrap()), ["news", "email", "spring", "grinder", "b"]);
            let device = context.device.as_deref().unwrap();
            let texts = [&device.model, &device.kind, &device.os, &device.app_version];
            assert_eq!(texts.map(|t| t.as_deref().unwrap()), ["X9", "phone", "Android", "4.2"]);
            let consent: Value = serde_json::from_str(context.consent.as_deref().unwrap()).unwrap();
            assert_eq!(consent, json!({"marketing": true, "analytics": true}));
            assert_eq!(context.rest, None);
        });
    }

    #[test]
    fn other_keys_are_kept_as_they_are() {
        let rest = json!({"library": {"name": "analytics.js", "version": "2.1"}, "screen": {"width": 390}, "nfc": true});
        let mut context = rest.clone();
        context["locale"] = json!("en");
        let kept = look(track(json!({"context": context})), LIVE, |p| {
            p.event.context.rest.as_deref().map(str::to_owned)
        });
        assert_eq!(serde_json::from_str::<Value>(&kept.unwrap()).unwrap(), rest);
    }

    #[test]
    fn nothing_given_is_nothing_kept() {
        for context in [
            json!(null),
            json!({}),
            json!({"page": null, "os": null, "app": null, "device": null,
            "campaign": null, "consent": null, "traits": null, "externalIds": null, "locale": " "}),
        ] {
            look(track(json!({"context": context})), LIVE, |parsed| {
                assert_eq!(parsed.event.context, event::Context::default());
            });
        }
    }
}

mod batches {
    use super::*;

    #[test]
    fn sent_at_of_the_envelope_corrects_records_without_one() {
        let body = json!({"sentAt": "2026-11-22T10:10:00Z", "batch": [
            {"type": "track", "event": "A", "userId": "u-1", "timestamp": "2026-11-22T10:09:00Z"},
            {"type": "track", "event": "B", "userId": "u-1", "timestamp": "2026-11-22T10:09:00Z", "sentAt": "2026-11-22T10:09:30Z"},
        ]})
        .to_string();
        let parsed = parser().parse_batch(body.as_bytes(), "web", LIVE).unwrap();
        let lateness: Vec<_> = parsed.iter().map(|p| p.as_ref().unwrap().event.lateness()).collect();
        assert_eq!(lateness, [60_000, 30_000]);
    }

    #[test]
    fn one_bad_record_stops_none_of_the_others() {
        let body = r#"{"batch":[{"type":"track","event":"A","userId":"u-1"}, 7, {"type":"track"},
            {"type":"page","anonymousId":"a-1"}]}"#;
        let parsed = parser().parse_batch(body.as_bytes(), "web", LIVE).unwrap();
        let codes: Vec<_> =
            parsed.iter().map(|p| p.as_ref().map(|_| ()).map_err(|(r, text)| (r.code, *text))).collect();
        let refused = |code, text| Err((code, text));
        assert_eq!(
            codes,
            [
                Ok(()),
                refused(Code::InvalidField, "7"),
                refused(Code::MissingEvent, r#"{"type":"track"}"#),
                Ok(())
            ]
        );
    }

    #[test]
    fn what_is_no_batch_is_refused_whole() {
        let code = |body: &str| parser().parse_batch(body.as_bytes(), "web", LIVE).unwrap_err().code;
        assert_eq!(code("{}"), Code::InvalidField);
        assert_eq!(code("[]"), Code::InvalidField);
        assert_eq!(code(r#"{"batch":1}"#), Code::InvalidField);
        assert_eq!(code(r#"{"batch":[{}"#), Code::InvalidJson);
        assert_eq!(code(&format!(r#"{{"batch":[{}0]}}"#, "0,".repeat(Parser::MAX_BATCH))), Code::TooLarge);
    }
}

mod refusals {
    use super::*;

    #[test]
    fn each_has_its_code() {
        let deep = format!(
            r#"{{"type":"track","event":"E","userId":"u-1","properties":{}{}}}"#,
            r#"{"a":"#.repeat(500),
            "}".repeat(500)
        );
        let large = format!(
            r#"{{"type":"track","event":"E","userId":"u-1","properties":{{"a":"{}"}}}}"#,
            "x".repeat(32 * 1024)
        );
        for (record, code, field) in [
            (&b""[..], Code::InvalidJson, ""),
            (br#"{"type":"track","event":"E","userId":"u-"#, Code::InvalidJson, ""),
            (br#"{"type":"track"} {"#, Code::InvalidJson, ""),
            (b"{\"type\":\"track\",\"event\":\"\xff\"}", Code::InvalidUtf8, ""),
            (deep.as_bytes(), Code::TooDeep, ""),
            (large.as_bytes(), Code::TooLarge, ""),
            (br#"{"userId":"u-1"}"#, Code::InvalidType, "type"),
            (br#"{"type":"Purchase","userId":"u-1"}"#, Code::InvalidType, "type"),
            (br#"{"type":"track","userId":"u-1"}"#, Code::MissingEvent, "event"),
            (br#"{"type":"track","event":" ","userId":"u-1"}"#, Code::MissingEvent, "event"),
            (br#"{"type":"track","event":"E"}"#, Code::MissingIdentifier, "userId"),
            (
                br#"{"type":"track","event":"E","userId":"u-1","properties":[1]}"#,
                Code::InvalidField,
                "properties",
            ),
            (br#"{"type":"identify","userId":"u-1","traits":"gold"}"#, Code::InvalidField, "traits"),
            (br#"{"type":"track","event":{},"userId":"u-1"}"#, Code::InvalidField, ""),
            (br#"[1,2]"#, Code::InvalidField, ""),
        ] {
            let refused = refusal(record);
            assert_eq!(
                (refused.code, refused.field.as_str()),
                (code, field),
                "{}",
                String::from_utf8_lossy(&record[..record.len().min(90)])
            );
            assert!(!refused.reason.is_empty());
            assert_eq!(Code::parse(code.as_str()), Some(code));
        }
    }

    #[test]
    fn nesting_up_to_the_limit_is_taken() {
        let nested = |depth: usize| {
            format!(
                r#"{{"type":"track","event":"E","userId":"u-1","properties":{{"a":{}{}}}}}"#,
                "[".repeat(depth),
                "]".repeat(depth)
            )
        };
        assert!(parser().parse(nested(Parser::MAX_DEPTH - 2).as_bytes(), "web", LIVE).is_ok());
        assert_eq!(refusal(nested(Parser::MAX_DEPTH - 1).as_bytes()).code, Code::TooDeep);
        // Brackets inside a text are no nesting.
        let text =
            json!({"type": "track", "event": "E", "userId": "u-1", "properties": {"a": "[\"{".repeat(200)}})
                .to_string();
        assert!(parser().parse(text.as_bytes(), "web", LIVE).is_ok());
    }

    #[test]
    fn a_refusal_holds_no_value_of_the_record() {
        for record in [
            r#"{"type":"hunter2","userId":"hunter2"}"#,
            r#"{"type":"track","event":["hunter2"]}"#,
            r#"{"type":"track","event":"hunter2"}"#,
            r#"{"type":"track","event":"E","userId":"u","properties":"hunter2"}"#,
            r#"hunter2"#,
            r#""hunter2""#,
            r#"{"type":"track","context":"hunter2"}"#,
        ] {
            let refused = refusal(record.as_bytes());
            assert!(!format!("{refused} {refused:?}").contains("hunter2"), "{refused}");
        }
    }
}

/// JSON values of the kinds that properties hold, with texts that are awkward to carry.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9f64).prop_map(Value::from),
        "[ -~]{0,12}".prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        prop::sample::select(&["ann@example.com", "12.50", "EUR", "e\u{301}", "\u{0}\\\"", "null"][..])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((field(), inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Names of fields, among them all that mean something.
fn field() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(
            &[
                "product_id",
                "category",
                "brand",
                "order_id",
                "revenue",
                "total",
                "price",
                "quantity",
                "currency",
                "dwell_ms",
                "duration",
                "channel",
                "products",
                "email",
                "phone",
                "firstName",
                "name",
                "page",
                "device",
                "os",
                "app",
                "campaign",
                "consent",
                "categoryPreferences",
                "traits",
                "externalIds",
                "id",
                "type",
                "url",
                "title",
                "userAgent",
                "locale",
                "ip"
            ][..]
        )
        .prop_map(str::to_owned),
        "\\PC{0,6}",
    ]
}

fn object() -> impl Strategy<Value = Value> {
    prop::collection::vec((field(), value()), 0..8)
        .prop_map(|fields| Value::Object(fields.into_iter().collect()))
}

fn stamp() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0i64..4_000_000_000_000).prop_map(|ms| Value::from(event::iso_time(ms))),
        "[0-9TZ:+.-]{0,30}".prop_map(Value::from),
    ]
}

fn record() -> impl Strategy<Value = Value> {
    let kind = prop::sample::select(&["identify", "track", "page", "screen", "group", "alias"][..]);
    (kind, "\\PC{0,12}", "\\PC{0,12}", object(), object(), object(), stamp(), stamp(), stamp()).prop_map(
        |(kind, event, id, properties, traits, context, timestamp, sent, received)| {
            json!({"type": kind, "event": format!("E{event}"), "userId": id, "anonymousId": "a-1",
                "properties": properties, "traits": traits, "context": context, "timestamp": timestamp,
                "sentAt": sent, "receivedAt": received})
        },
    )
}

/// That an event survives the wire, alone and in an envelope.
fn assert_carried(event: &Event<'_>) {
    let mut bytes = Vec::new();
    event.encode(&mut bytes);
    assert_eq!(&Event::decode(&bytes).unwrap(), event);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn envelopes_are_small_and_whole(records in prop::collection::vec(record(), 0..100), padding in 0usize..3000) {
        let texts: Vec<String> = records
            .into_iter()
            .map(|mut record| {
                record["properties"]["padding"] = json!("x".repeat(padding));
                record.to_string()
            })
            .collect();
        let parser = parser();
        let events: Vec<Event<'_>> = texts
            .iter()
            .filter_map(|text| Some(parser.parse(text.as_bytes(), "web", LIVE).ok()?.event))
            .collect();
        let envelopes = encode_envelopes(&events);
        for envelope in &envelopes {
            prop_assert!(envelope.len() <= MAX_ENVELOPE_BYTES);
        }
        let decoded: Vec<_> = envelopes.iter().flat_map(|envelope| decode_envelope(envelope).unwrap()).collect();
        prop_assert_eq!(decoded, events);
    }
}

proptest! {
    #[test]
    fn an_event_survives_the_wire(record in record(), live: bool) {
        let text = record.to_string();
        if let Ok(parsed) = parser().parse(text.as_bytes(), "web", if live { LIVE } else { RECORDED }) {
            assert_carried(&parsed.event);
            let event = &parsed.event;
            for json in [&event.properties, &event.traits] {
                prop_assert!(json.is_empty() || serde_json::from_str::<Value>(json).unwrap().is_object());
            }
            prop_assert!(event.happened_at <= event.received_at + event::MAX_FUTURE_MS);
        }
    }

    #[test]
    fn any_bytes_are_an_event_or_a_refusal(bytes: Vec<u8>) {
        let _ = parser().parse(&bytes, "web", LIVE);
        let _ = parser().parse_batch(&bytes, "web", RECORDED);
        let _ = Event::decode(&bytes);
        let _ = decode_envelope(&bytes);
    }

    #[test]
    fn a_damaged_record_is_an_event_or_a_refusal(
        record in record(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4u8), 1..6),
    ) {
        let mut bytes = record.to_string().into_bytes();
        for (at, byte, how) in damage {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.truncate(at),
                2 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        if let Ok(parsed) = parser().parse(&bytes, "web", LIVE) {
            assert_carried(&parsed.event);
        }
        let batch = [b"{\"batch\":[", &bytes[..], b"]}"].concat();
        let _ = parser().parse_batch(&batch, "web", LIVE);
    }

    #[test]
    fn damaged_wire_bytes_are_an_error_not_a_panic(record in record(), at: prop::sample::Index, byte: u8) {
        let text = record.to_string();
        if let Ok(parsed) = parser().parse(text.as_bytes(), "web", LIVE) {
            let mut bytes = encode_envelopes([&parsed.event]).remove(0);
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = decode_envelope(&bytes);
        }
    }
}

#[test]
fn an_event_larger_than_an_envelope_travels_alone() {
    let text = track(json!({"properties": {"long": "x".repeat(30_000)}})).to_string();
    let parser = parser();
    let large = parser.parse(text.as_bytes(), "web", LIVE).unwrap().event;
    let text = track(json!({})).to_string();
    let small = parser.parse(text.as_bytes(), "web", LIVE).unwrap().event;
    let envelopes = encode_envelopes([&small, &large, &small, &small]);
    let sizes: Vec<_> = envelopes.iter().map(|envelope| decode_envelope(envelope).unwrap().len()).collect();
    assert_eq!(sizes, [1, 1, 2]);
    assert_eq!(decode_envelope(&envelopes[1]).unwrap()[0], large);
}

#[test]
fn records_without_an_id_are_told_apart_by_content_or_by_the_moment_they_came() {
    let parser = Parser::new(Pseudonymizer::new(b"k"), ParserSettings::default());
    let id = |record: &str, arrival| {
        let parsed = parser.parse(record.as_bytes(), "web", arrival).unwrap();
        parsed.event.message_id.into_owned()
    };
    let click = r#"{"type":"track","event":"Clicked","userId":"u1"}"#;
    let timed = r#"{"type":"track","event":"Clicked","userId":"u1","timestamp":"2026-11-22T10:00:00Z"}"#;
    let (one, two) = (Arrival::Live { now: 1_795_341_600_000 }, Arrival::Live { now: 1_795_341_601_000 });
    assert_ne!(id(click, one), id(click, two), "two clicks");
    assert_eq!(id(timed, one), id(timed, two), "one, sent twice");
    assert_ne!(id(timed, one), id(click, one));
}

#[test]
fn who_is_on_the_privacy_list_is_refused() {
    let parser = parser();
    let id = |kind, value: &str| parser.hasher().identifier(kind, value);
    let mut list = event::PrivacyList::default();
    let ann = [id(IdentifierKind::User, "ann-1"), id(IdentifierKind::Email, "ann@example.com")];
    let erased_at = event::parse_time("2026-11-22T12:00:00Z").unwrap();
    list.erase(&ann, erased_at);
    list.restrict(&[id(IdentifierKind::User, "bob-1")], true);
    parser.settings().privacy.replace(list);

    let code = |record: &str, arrival| {
        parser.parse(record.as_bytes(), "web", arrival).map(drop).map_err(|rejection| rejection.code)
    };
    let recorded = Arrival::Recorded { now: erased_at + 1_000 };
    let live = Arrival::Live { now: erased_at + 1_000 };
    let old = r#"{"type":"track","event":"Viewed","userId":"ann-1","timestamp":"2026-11-22T11:00:00Z"}"#;
    let new = r#"{"type":"track","event":"Viewed","userId":"ann-1","timestamp":"2026-11-22T12:00:00.500Z"}"#;
    let untimed = r#"{"type":"track","event":"Viewed","userId":"ann-1"}"#;
    let by_mail = r#"{"type":"identify","anonymousId":"x-1","traits":{"email":"Ann@Example.com"},"timestamp":"2026-11-01"}"#;
    let other = r#"{"type":"track","event":"Viewed","userId":"cat-1","timestamp":"2026-11-22T11:00:00Z"}"#;
    let restricted = r#"{"type":"track","event":"Viewed","userId":"bob-1"}"#;
    for arrival in [recorded, live] {
        assert_eq!(code(old, arrival), Err(Code::Erased));
        assert_eq!(code(by_mail, arrival), Err(Code::Erased));
        assert_eq!(code(new, arrival), Ok(()));
        assert_eq!(code(other, arrival), Ok(()));
        assert_eq!(code(restricted, arrival), Err(Code::Restricted));
    }
    // What comes now happens now; what is read from a file without a time may be from any.
    assert_eq!(code(untimed, live), Ok(()));
    assert_eq!(code(untimed, recorded), Err(Code::Erased));
    let rejection = parser.parse(old.as_bytes(), "web", live).unwrap_err();
    assert!(!rejection.to_string().contains("ann"), "{rejection}");
    assert!(!Code::Erased.is_kept() && Code::Restricted.is_kept());
}

#[test]
fn blocked_identifiers_are_taken_as_not_given() {
    let blocked = [(IdentifierKind::User, "tester"), (IdentifierKind::Email, "shop@x.de")];
    let blocked = blocked.map(|(kind, value)| (kind, value.to_owned()));
    let settings =
        ParserSettings { blocked: event::BlockedIdentifiers::new(blocked), ..ParserSettings::default() };
    let parser = Parser::new(Pseudonymizer::new(b"test key"), settings);
    let of = |record: &str| {
        parser.parse(record.as_bytes(), "web", LIVE).map(|parsed| {
            let kinds: Vec<&str> = parsed.event.identifiers.iter().map(|id| id.kind.as_str()).collect();
            (kinds.join(" "), parsed.secrets.len())
        })
    };
    let fine = r#"{"type":"identify","userId":"ann","anonymousId":"a","traits":{"email":"ann@x.de"}}"#;
    assert_eq!(of(fine), Ok(("user_id email anonymous_id".into(), 1)));
    let test_account =
        r#"{"type":"identify","userId":" tester ","anonymousId":"a","traits":{"email":"Shop@X.de"}}"#;
    assert_eq!(of(test_account), Ok(("anonymous_id".into(), 0)));
    let nobodys = r#"{"type":"identify","anonymousId":"a","traits":{"email":"no-reply@x.de"}}"#;
    assert_eq!(of(nobodys), Ok(("anonymous_id".into(), 0)));
    // Nobody is left.
    for record in [
        r#"{"type":"identify","userId":"tester"}"#,
        r#"{"type":"identify","userId":"NoReply@x.de"}"#,
        r#"{"type":"identify","traits":{"email":"shop@x.de"}}"#,
    ] {
        assert_eq!(of(record).unwrap_err().code, Code::MissingIdentifier, "{record}");
    }
}

mod consent {
    use super::*;
    use event::{ConsentRules, Unasked, names};

    /// Parses by rules, and gives back the event's wire form as text with the answer, or the refusal's code.
    fn by(rules: ConsentRules, record: &Value) -> Result<(bool, Value, String, usize), Code> {
        let settings = ParserSettings { consent: rules, ..ParserSettings::default() };
        let parser = Parser::new(Pseudonymizer::new(b"test key"), settings);
        let text = record.to_string();
        let parsed = parser.parse(text.as_bytes(), "web", LIVE).map_err(|rejection| rejection.code)?;
        let event = parsed.event;
        let consent =
            event.context.consent.as_deref().map_or(Value::Null, |text| serde_json::from_str(text).unwrap());
        let mut wire = Vec::new();
        event.encode(&mut wire);
        let wire = String::from_utf8_lossy(&wire).into_owned();
        Ok((event.is_withheld(), consent, wire, parsed.secrets.len()))
    }

    fn refusing(more: Value) -> Value {
        let mut record = track(json!({
            "anonymousId": "a-1", "properties": {"product_id": "kettle", "note": "CONTENT"},
            "context": {"page": {"url": "https://shop.example/CONTENT"}, "consent": {"categoryPreferences": {"C0002": false}},
                "traits": {"email": "ann@example.com", "firstName": "CONTENT"}},
        }));
        record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        record
    }

    #[test]
    fn without_analytics_only_the_answers_go_on() {
        for (more, answers) in [
            (json!({}), json!({"analytics": false})),
            (
                json!({"event": "Unsubscribed", "properties": {"channel": "sms"}}),
                json!({"analytics": false, "sms": false}),
            ),
            (
                json!({"event": "Subscribed", "properties": {}}),
                json!({"analytics": false, "marketing": true}),
            ),
            (
                json!({"type": "identify", "traits": {"email_opt_in": true, "plan": "CONTENT", "phone": "13800138000"}}),
                json!({"analytics": false, "email": true}),
            ),
            (json!({"type": "page", "name": "CONTENT"}), json!({"analytics": false})),
            // Neither is a record kept in quarantine, whose content is of no use.
            (json!({"type": "CONTENT"}), json!({"analytics": false})),
            (json!({"traits": 7, "properties": "CONTENT"}), json!({"analytics": false})),
        ] {
            let (withheld, consent, wire, secrets) =
                by(ConsentRules::default(), &refusing(more.clone())).unwrap();
            assert!(withheld && secrets == 0, "{more}");
            assert_eq!(consent, answers, "{more}");
            assert!(wire.contains(names::CONSENT_CHANGED) && wire.contains("m-1"), "{more}");
            assert!(!wire.contains("CONTENT") && !wire.contains("kettle") && !wire.contains("u-1"), "{wire}");
        }
        let nobody = json!({"type": "track", "event": "Seen", "context": {"consent": {"categoryPreferences": {"analytics": false}}}});
        assert_eq!(by(ConsentRules::default(), &nobody), Err(Code::NoConsent));
        assert!(!Code::NoConsent.is_kept());
    }

    #[test]
    fn where_consent_is_required_silence_is_a_no() {
        let rules = ConsentRules { analytics: Unasked::Required, ..ConsentRules::default() };
        let consent =
            |preferences: Value| track(json!({"context": {"consent": {"categoryPreferences": preferences}}}));
        assert_eq!(by(rules.clone(), &track(json!({}))), Err(Code::NoConsent));
        let (withheld, answers, ..) = by(rules.clone(), &consent(json!({"email": true}))).unwrap();
        assert_eq!((withheld, answers), (true, json!({"email": true})));
        let (withheld, ..) = by(rules.clone(), &consent(json!({"analytics": true}))).unwrap();
        assert!(!withheld);
        let exempt = ConsentRules { exempt: vec!["web".into()], ..rules };
        assert!(!by(exempt.clone(), &track(json!({}))).unwrap().0);
        assert!(by(exempt, &consent(json!({"analytics": false}))).unwrap().0, "a no counts from everybody");
    }
}

/// What stands before a value in the record is no part of it: neither a key that is read as a word before a number,
/// nor a quote.
#[test]
fn a_key_does_not_keep_its_value_from_being_masked() {
    let values = [
        "02112345678 please",
        "021-12345678 please",
        "call 13812345678",
        "13812345678",
        "+49 30 901820",
        "4111 1111 1111 1111",
        "11010519491231002X",
        "203.0.113.9 it was",
        "a@b.example",
    ];
    let keys = [
        "no", "id", "sku", "order", "order_no", "version", "v", "nr", "tel", "ref", "number", "a", "x-y",
        "note", "编号",
    ];
    let masked = |key: &str, value: &str| {
        let record = json!({"type": "track", "event": "E", "userId": "u", "properties": {key: value}});
        look(record, LIVE, |parsed| parsed.event.properties.to_string())
    };
    for value in values {
        let alone = masked("zz_text", value);
        for key in keys {
            let with = masked(key, value);
            if with.contains(value) {
                assert!(alone.contains(value), "`{key}`: {value} stays, and is masked elsewhere: {alone}");
            }
        }
    }
}
