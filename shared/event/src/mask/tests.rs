//! What is found, and what has to stay. Numbers are those that networks, standards and authorities publish as samples.

use super::*;

fn masker(region: &str) -> Masker {
    Masker::new(Pseudonymizer::new(b"test key"), region)
}

fn mask(region: &str, text: &str) -> String {
    masker(region).mask(Cow::Borrowed(text)).into_owned()
}

fn token(field: &str, value: &str) -> String {
    masker("CN").field_token(field, value)
}

#[test]
fn what_is_personal_becomes_the_token_of_its_plain_form() {
    let mut wrong = Vec::new();
    let phone = token("phone", "+8613800138000");
    let abroad = token("phone", "+14155552671");
    let card = token("card", "4111111111111111");
    let document = token("document", "11010519491231002X");
    let email = token("email", "ann.lee@example.com");
    for (written, expected) in [
        // Telephone numbers
        ("13800138000", phone.clone()),
        ("电话13800138000，谢谢", format!("电话{phone}，谢谢")),
        ("call 138 0013 8000 now", format!("call {phone} now")),
        ("138-0013-8000", phone.clone()),
        ("+86 138 0013 8000.", format!("{phone}.")),
        ("+8613800138000", phone.clone()),
        ("8613800138000", phone.clone()),
        ("0086 13800138000", phone.clone()),
        ("(13800138000)", format!("({phone})")),
        ("tel-13800138000", format!("tel-{phone}")),
        ("wx_13800138000", format!("wx_{phone}")),
        ("13800138000/13800138000", format!("{phone}/{phone}")),
        ("13800138000 13800138000", format!("{phone} {phone}")),
        (r"line\n13800138000", format!(r"line\n{phone}")),
        ("１３８００１３８０００", phone.clone()),
        ("138\u{200b}0013\u{200b}8000", phone.clone()),
        ("138\u{a0}0013\u{a0}8000", phone.clone()),
        (r"\u0031\u0033800138000", phone.clone()),
        ("?tel=%2B8613800138000&x=1", format!("?tel={phone}&x=1")),
        ("?tel=138+0013+8000&x=1", format!("?tel={phone}&x=1")),
        ("?q=%2B1+%28415%29+555-2671", format!("?q={abroad}")),
        ("?q=+1+(415)+555-2671&a=b", format!("?q={abroad}&a=b")),
        ("?card=4111+1111+1111+1111", format!("?card={card}")),
        ("?id=110105+19491231+002X", format!("?id={document}")),
        ("%E7%94%B5%E8%AF%9D13800138000", format!("电话{phone}")),
        ("Ring +1 (415) 555-2671 today", format!("Ring {abroad} today")),
        ("+1.415.555.2671", abroad.clone()),
        ("+14155552671", abroad.clone()),
        ("001 415 555 2671", abroad),
        ("+49 (0)30 901820", token("phone", "+4930901820")),
        ("座机 010-65123456", format!("座机 {}", token("phone", "+861065123456"))),
        ("座机 (010) 6512 3456 转 8", format!("座机 {} 转 8", token("phone", "+861065123456"))),
        ("座机 01065123456 即可", format!("座机 {} 即可", token("phone", "+861065123456"))),
        // Bank cards
        ("4111111111111111", card.clone()),
        ("card 4111 1111 1111 1111, thanks", format!("card {card}, thanks")),
        ("4111-1111-1111-1111", card.clone()),
        ("卡号:4111111111111111。", format!("卡号:{card}。")),
        ("3782 822463 10005", token("card", "378282246310005")),
        ("paid by 4222222222222 then", format!("paid by {} then", token("card", "4222222222222"))),
        ("6200000000000005", token("card", "6200000000000005")),
        // Resident identity numbers
        ("11010519491231002X", document.clone()),
        ("身份证11010519491231002x已核实", format!("身份证{document}已核实")),
        ("110105 19491231 002X", document.clone()),
        ("440524188001010014", token("document", "440524188001010014")),
        // IP addresses
        ("from 203.0.113.195:443", format!("from {}:443", token("ip", "203.0.113.195"))),
        ("http://198.51.100.7/x", format!("http://{}/x", token("ip", "198.51.100.7"))),
        ("2001:db8:85a3::8a2e:370:7334", token("ip", "2001:db8:85a3::8a2e:370:7334")),
        ("[2001:DB8:0:0:0:0:0:1]:80", format!("[{}]:80", token("ip", "2001:db8::1"))),
        (
            "seen at fe80::1ff:fe23:4567:890a.",
            format!("seen at {}.", token("ip", "fe80::1ff:fe23:4567:890a")),
        ),
        ("wrote.203.0.113.195", format!("wrote.{}", token("ip", "203.0.113.195"))),
        ("mailto:2001:db8::8a2e:370:7334", format!("mailto:{}", token("ip", "2001:db8::8a2e:370:7334"))),
        (
            "email:2001:db8::8a2e:370:7334:true",
            format!("email:{}:true", token("ip", "2001:db8::8a2e:370:7334")),
        ),
        ("wrote.2001:db8::8a2e:370:7334", format!("wrote.{}", token("ip", "2001:db8::8a2e:370:7334"))),
        // E-mail addresses
        ("write to Ann.Lee@Example.com.", format!("write to {email}.")),
        ("ann.lee%40example.com", email.clone()),
        ("ann.lee%2540example.com", email.clone()),
        (r"ann.lee\u0040example.com", email.clone()),
        ("ann.lee＠example．com", email.clone()),
        ("ann.\u{200b}lee@exam\u{ad}ple.com", email.clone()),
        ("邮箱：ann.lee@example.com，谢谢", format!("邮箱：{email}，谢谢")),
        // Several, of several kinds
        ("ann.lee@example.com 13800138000 4111 1111 1111 1111", format!("{email} {phone} {card}")),
        ("203.0.113.195 13800138000", format!("{} {phone}", token("ip", "203.0.113.195"))),
    ] {
        wrong.extend(
            (mask("CN", written) != expected).then(|| format!("{written} -> {}", mask("CN", written))),
        );
        // Masked again it stays what it is.
        assert_eq!(mask("CN", &expected), expected, "{written} masked twice");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn national_numbers_of_other_countries() {
    let mut wrong = Vec::new();
    for (region, written, expected) in [
        ("US", "call (415) 555-2671", "call {+14155552671}"),
        ("US", "call 415-555-2671", "call {+14155552671}"),
        ("US", "call 415.555.2671 or", "call {+14155552671} or"),
        ("US", "my number is 4155552671", "my number is {+14155552671}"),
        ("US", "138-0013-8000", "{+8613800138000}"),
        ("DE", "030 901820 anrufen", "{+4930901820} anrufen"),
        ("DE", "unter 030901820 melden", "unter {+4930901820} melden"),
        ("FR", "06 12 34 56 78", "{+33612345678}"),
        ("FR", "06.12.34.56.78", "{+33612345678}"),
        ("GB", "020 7946 0018", "{+442079460018}"),
        ("SG", "ring 6123 4567", "ring {+6561234567}"),
        ("ES", "612 345 678", "{+34612345678}"),
        ("JP", "090-1234-5678", "{+819012345678}"),
        // Of no country that is known, but in brackets as area codes are.
        ("US", "ring (030) 901820 today", "ring {030901820} today"),
        ("CN", "Tel. (0171) 123 4567", "Tel. {01711234567}"),
        ("ES", "(040)123456", "{040123456}"),
        ("CN", "(030) 901820 (030 Berlin)", "{030901820} (030 Berlin)"),
        ("IN", "98765 43210", "{+919876543210}"),
    ] {
        let (open, close) = (expected.find('{').unwrap(), expected.find('}').unwrap());
        let token = token("phone", &expected[open + 1..close]);
        let expected = format!("{}{token}{}", &expected[..open], &expected[close + 1..]);
        wrong.extend((mask(region, written) != expected).then(|| format!("{written} in {region}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_is_not_personal_stays() {
    let mut wrong = Vec::new();
    for text in [
        // Orders, products, parcels
        "order 20261122100000123456",
        "ORD-2026-000123",
        "ORD-13800138000",
        "order-13800138000",
        "SKU13800138000",
        "o-13800138000-b",
        "订单号 2026112200012345",
        "4006381333931",
        "EAN 4006381333931",
        "gid://shopify/Order/4567890123456",
        "JD0123456789012",
        "1Z999AA10123456784",
        "420000123420261122123456789",
        "978-3-16-148410-0",
        // Times
        "2026-11-22T10:00:00.123Z",
        "2026-11-22 10:00:00",
        "22.11.2026 10:00",
        "1795341600000",
        "1795341600",
        "20261122100000",
        "10:00:00:00",
        "11/22/2026 10:00:00 AM",
        // Amounts, measures, coordinates
        "12.95",
        "1,234,567.89",
        "13800138000.50",
        "52.520008, 13.404954",
        "116.40739512345678",
        "-33.8688197 151.2092955",
        "10 20 30 40 50 60 70 80 90",
        "1920x1080",
        // Versions
        "v1.2.3.4",
        "version 1.2.3.4",
        "版本：1.2.3.4",
        "Chrome/126.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.6478.127",
        "okhttp/4.12.0",
        "1.2.3.4.5",
        "127.0.0.1",
        "::1",
        "std::vec::Vec",
        "face::before",
        "dead::beef::new",
        "ab:cd:ef:01:23:45:67:89:ab:cd:ef:01:23:45:67:89:ab:cd:ef:01",
        "version-1.2.3.4",
        "release_1.2.3.4",
        "a::before",
        // Codes
        "550e8400-e29b-41d4-a716-446655440000",
        "00000b7d-1b2c-4d3e-8f90-000000000b7d",
        "12345678-1234-4234-8123-446655440000",
        "ajs-next-1795341600000-d3ac94af-0f21",
        "fb.1.1795341600000.1098115397",
        "GA1.2.1098115397.1795341600",
        "892f902bd23f0824128b2f330c5c7fd0",
        "hmac:13800138000138001380001380001380",
        "aa:bb:cc:dd:ee:ff",
        // Nearly personal
        "4111111111111112",
        "110105194912310021",
        "12345678901",
        "@shop",
        "100% of 5 @ home",
        "2026-11-22T10:00:00+08:00",
        "20261122100000+0800",
        "1+1+2+3+5+8+13+21+34",
        "12345678+12345678",
        "400-123-4567",
        "95588",
    ] {
        let json = serde_json::json!({"a": text}).to_string();
        let found = masker("CN").finds(&json, None) && !text.contains('@');
        wrong.extend((found || mask("CN", text) != text).then_some(text));
    }
    for (region, text) in [
        ("US", "4155552671"),
        ("US", "order 4155552671"),
        ("US", "Order #4155552671 came"),
        ("US", "13800138000"),
        ("US", "2026-11-22 1030"),
        ("DE", "52.5200 13.4050"),
        ("DE", "22.11.2026 10"),
        ("FR", "03.11.2026 10"),
        ("DE", "012345678905"),
        ("US", "(01) 09501101530003"),
        ("US", "(012) 3"),
        ("US", "f(100) 2000 3000"),
        ("CN", "(2026) 11 22 10"),
    ] {
        wrong.extend((mask(region, text) != text).then_some(text));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn json_is_found_personal_where_a_text_in_it_is() {
    let masker = masker("CN");
    for text in [
        "13800138000",
        "电话13800138000",
        "a\n13800138000",
        "x\t203.0.113.195",
        "ann@x.com",
        "4111 1111 1111 1111",
    ] {
        let json = serde_json::json!({"a": {"b": [text]}}).to_string();
        assert!(masker.finds(&json, None), "{json}");
        let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        assert!(masker.finds(&format!(r#"{{"a":"{escaped}"}}"#), None), "{escaped}");
    }
    let record = r#"{"ip":"203.0.113.195","n":1}"#;
    assert!(!masker.finds(record, Some(&record[6..21])));
    assert!(masker.finds(record, None));
}

#[test]
fn a_long_text_is_searched_to_its_end() {
    let phone = token("phone", "+8613800138000");
    for before in 0..200 {
        let text = format!("{} 13800138000 {}", "词".repeat(before), "x".repeat(before));
        assert_eq!(mask("CN", &text), text.replace("13800138000", &phone), "after {before}");
        let quad = format!("{}|203.0.113.195", "x".repeat(before));
        assert_eq!(mask("CN", &quad), quad.replace("203.0.113.195", &token("ip", "203.0.113.195")));
    }
    let many = "13800138000 ".repeat(500);
    assert_eq!(mask("CN", &many), many.replace("13800138000", &phone));
}

proptest::proptest! {
    #[test]
    fn any_text_is_masked_without_panic_and_for_good(text in r"[0-9a-fA-F :.+()@%\\u-]{0,80}|\PC{0,80}") {
        for region in ["CN", "US", "DE", "ES"] {
            let masked = mask(region, &text);
            proptest::prop_assert!(masker(region).finds(&text, None) || masked == text);
        }
    }
}

proptest::proptest! {
    #[test]
    fn a_survey_leads_to_what_a_search_finds(
        text in r#"([a-z":, ]{0,40}|[0-9a-f:. +()-]{0,24}|13800138000|203\.0\.113\.195|fe80::1ff:fe23|4111 1111 1111 1111){0,9}"#,
        short: bool,
    ) {
        let masker = masker(if short { "SG" } else { "CN" });
        let survey = masker.survey(&text);
        proptest::prop_assert_eq!(masker.finds_in(&text, &survey, [None, None]), masker.finds(&text, None));
    }
}

#[test]
fn what_is_not_kept_is_not_looked_at() {
    let masker = masker("CN");
    let record = r#"{"anonymousId":"13800138000","ip":"203.0.113.195","n":"138 0013 8001"}"#;
    let finds = |record: &str, except| masker.finds_in(record, &masker.survey(record), except);
    let (id, ip) = (&record[16..27], &record[34..49]);
    assert!(finds(record, [Some(id), Some(ip)]));
    let record = &record[..record.len() - 2];
    let (id, ip) = (&record[16..27], &record[34..49]);
    let shorter = &record[..51];
    assert!(!finds(shorter, [Some(id), Some(ip)]));
    assert!(finds(shorter, [Some(id), None]) && finds(shorter, [None, Some(ip)]));
}
