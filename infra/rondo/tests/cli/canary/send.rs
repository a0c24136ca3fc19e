//! Everything that comes in over HTTP, in the form of every tool, with a value in every field.

use super::records::{records, refused};
use super::{ADDRESS, ANYWHERE, CARD, EMAIL, FIRST_NAME, IP, PHONE, RESIDENT};
use crate::server::{KEY, Server, basic};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Sends, and keeps the answers.
pub struct Sender<'s> {
    server: &'s Server,
    pub answers: Vec<String>,
}

/// Sends everything; gives the answers.
pub fn send(server: &Server) -> Vec<String> {
    let mut sender = Sender { server, answers: Vec::new() };
    for (n, value) in ANYWHERE.iter().enumerate() {
        sender.segment(value, n);
        sender.posthog(value, n);
        sender.ga4(value, n);
        sender.cloud_events(value, n);
        sender.pixels(value, n);
        sender.others(value, n);
        sender.shops(value, n);
    }
    sender.person();
    sender.answers
}

impl Sender<'_> {
    pub fn request(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> u16 {
        let answer = self.server.request(method, path, headers, body);
        self.answers.push(format!("{}{}", answer.head, answer.body));
        answer.status
    }

    fn post(&mut self, path: &str, body: &Value) -> u16 {
        self.request("POST", path, &[("Authorization", &basic(KEY))], body.to_string().as_bytes())
    }

    /// The same, of which something has to be taken.
    fn taken(&mut self, path: &str, body: &Value) {
        let status = self.post(path, body);
        assert!(status < 300, "{path}: {status} for {body}: {:?}", self.answers.last());
    }

    fn segment(&mut self, value: &str, n: usize) {
        let batch: Vec<Value> = records(value, n).into_iter().chain(refused(value)).collect();
        self.taken("/v1/batch", &json!({"batch": batch, "context": {"ip": IP, "note": value}}));
        self.taken("/v1/import", &json!({"batch": records(value, n + 400)}));
        for record in refused(value) {
            self.post("/v1/track", &record);
        }
        self.post("/v1/track", &json!({"batch": value}));
        self.post(&format!("/{}", value.replace(' ', "-")), &json!({}));
    }

    fn posthog(&mut self, value: &str, n: usize) {
        let event = |name: &str, id: &str| {
            json!({
                "event": name, "distinct_id": id, "uuid": format!("{name} {value} {n}"), "timestamp": "2026-11-22T10:00:00Z",
                "$set": {"plan": value, value: value, "email": value}, "$set_once": {"first": value, "initial": {value: value}},
                "properties": {
                    "$set": {"note": value}, "$set_once": {"$initial_referrer": format!("https://r.example/?q={value}")},
                    "$ip": IP, "$lib": "web", "$device_id": value, "$user_id": id, "$anon_distinct_id": value, "alias": value,
                    "$current_url": format!("https://shop.example/{value}?mail={value}"), "$pathname": format!("/{value}"),
                    "$referrer": format!("https://r.example/?from={value}"), "$raw_user_agent": format!("Agent ({value})"),
                    "$browser_language": value, "$timezone": value, "$os": value, "$app_version": if value == IP { "1.0" } else { value }, "$device_model": value,
                    "utm_source": value, "utm_campaign": value, "utm_term": value, "title": value, "$screen_name": value,
                    "$group_type": value, "$group_key": value, "$group_set": {"name": value, value: value},
                    "$groups": {"company": value, value: "x"}, "$exception_message": format!("no {value}"),
                    "$elements": [{"text": value, "attributes": {"href": format!("mailto:{value}")}}], "$session_id": value,
                    value: [value, {value: value}],
                },
            })
        };
        let names = [
            "$pageview",
            "$screen",
            "$autocapture",
            "$identify",
            "$create_alias",
            "$groupidentify",
            "$set",
            "$exception",
            value,
        ];
        let mut batch: Vec<Value> = names.into_iter().map(|name| event(name, &format!("ph-{n}"))).collect();
        batch.extend([
            event("Wrote", value),
            json!({"event": value, "distinct_id": {"of": value}}),
            json!({"distinct_id": value}),
        ]);
        self.taken("/batch/", &json!({"api_key": KEY, "batch": batch, "historical_migration": false}));
        self.taken("/capture/", &event("Captured", &format!("ph-{n}")));
        let form =
            format!("data={}", escaped(&STANDARD.encode(event("Formed", &format!("ph-{n}")).to_string())));
        let kind =
            [("Authorization", basic(KEY)), ("Content-Type", "application/x-www-form-urlencoded".into())];
        let kind = kind.each_ref().map(|(name, text)| (*name, text.as_str()));
        assert_eq!(self.request("POST", "/e/?ip=1&ver=1.2", &kind, form.as_bytes()), 200);
    }

    fn ga4(&mut self, value: &str, n: usize) {
        let event = |name: &str| {
            json!({"name": name, "params": {
                "page_location": format!("https://shop.example/{value}?q={value}"), "page_referrer": format!("https://r.example/?q={value}"),
                "page_title": value, "transaction_id": value, "search_term": value, "coupon": value, "value": 9.5, "currency": "EUR",
                "items": [{"item_id": value, "item_name": value, "item_brand": value, "item_category": value, value: value}],
                value: value, "screen_name": value,
            }})
        };
        let events: Vec<Value> =
            ["page_view", "screen_view", "purchase", "add_to_cart", "search", value].map(event).into();
        let body = |client: &str, user: &str| {
            json!({
                "client_id": client, "user_id": user, "user_properties": {"tier": {"value": value}, value: {"value": value}},
                "user_data": {"sha256_email_address": value, "address": [{"city": value}]}, "events": events,
                "consent": {"ad_user_data": "GRANTED", value: "GRANTED"}, "user_agent": value, "ip_override": IP,
            })
        };
        self.taken("/mp/collect", &body(value, &format!("ga-{n}")));
        self.taken("/mp/collect", &body(&format!("{n}.{n}"), value));
        self.post("/debug/mp/collect", &body(value, value));
        self.post("/mp/collect", &json!({"events": value}));
    }

    fn cloud_events(&mut self, value: &str, n: usize) {
        let event = |id: usize, data: Value| {
            json!({
                "specversion": "1.0", "id": format!("{value} {n} {id}"), "source": format!("/{value}"), "type": format!("wrote.{value}"),
                "subject": value, "time": "2026-11-22T10:00:00Z", "dataschema": format!("https://x.example/{value}"),
                "partitionkey": value, "data": data,
            })
        };
        let data = json!({"userId": format!("ce-{n}"), "note": value, value: [value], "traits": {"nick": value, "email": value}});
        let mut packed = event(4, Value::Null);
        packed["data_base64"] = json!(STANDARD.encode(data.to_string()));
        let mut plain = event(5, Value::Null);
        plain["data_base64"] = json!(STANDARD.encode(format!("My number is {value}")));
        let structured =
            [("Authorization", basic(KEY)), ("Content-Type", "application/cloudevents+json".into())];
        let structured = structured.each_ref().map(|(name, text)| (*name, text.as_str()));
        let one = event(1, data.clone()).to_string();
        assert_eq!(self.request("POST", "/ce", &structured, one.as_bytes()), 200);
        let batch = json!([event(2, data.clone()), event(3, json!(value)), packed, plain, {"specversion": "9", "id": value, "subject": value}]);
        self.taken("/ce", &batch);
        let (path, key) = (format!("/{}", escaped(value)), basic(KEY));
        let subject = escaped(value);
        let headers = [
            ("Authorization", key.as_str()),
            ("ce-specversion", "1.0"),
            ("ce-id", subject.as_str()),
            ("ce-source", path.as_str()),
            ("ce-type", subject.as_str()),
            ("ce-subject", subject.as_str()),
            ("ce-extension", subject.as_str()),
            ("Content-Type", "application/json"),
        ];
        assert_eq!(self.request("POST", "/ce", &headers, data.to_string().as_bytes()), 200);
        assert_eq!(self.request("POST", "/ce", &headers, format!("Mine is {value}").as_bytes()), 200);
        self.request("POST", "/ce", &headers[..3], value.as_bytes());
    }

    fn pixels(&mut self, value: &str, n: usize) {
        let text = escaped(value);
        let fields = format!(
            "event=Seen&userId=px-{n}&anonymousId={text}&name={text}&messageId={text}-px&note={text}&{text}={text}&context=%7B%22locale%22%3A%22{text}%22%7D"
        );
        let agent = format!("Agent ({value})");
        let page = format!("https://shop.example/?mail={value}");
        let headers = [("User-Agent", agent.as_str()), ("Referer", page.as_str()), ("X-Write-Key", KEY)];
        assert_eq!(self.request("GET", &format!("/pixel.gif?{fields}"), &headers, b""), 200);
        let data = STANDARD.encode(records(value, n + 500)[0].to_string());
        let path = format!("/v1/pixel/track?writeKey={KEY}&data={}", escaped(&data));
        assert_eq!(self.request("GET", &path, &headers[..2], b""), 200);
        assert_eq!(self.request("POST", "/pixel", &headers, fields.replace("-px&", "-px2&").as_bytes()), 200);
        self.request("GET", &format!("/pixel.gif?writeKey={KEY}&data={text}"), &headers[..2], b"");
        // A browser's beacon: text/plain, the key in the body.
        let mut beacon = records(value, n + 600)[0].clone();
        beacon["writeKey"] = json!(KEY);
        let beacon = beacon.to_string();
        assert_eq!(
            self.request("POST", "/beacon", &[("Content-Type", "text/plain")], beacon.as_bytes()),
            200
        );
    }

    /// Jitsu and Dittofeed.
    fn others(&mut self, value: &str, n: usize) {
        let of = |more: usize| records(value, n + more);
        self.taken("/api/s/track", &of(700)[0]);
        self.taken("/api/s/s2s/identify", &of(710)[3]);
        self.taken("/api/s/event", &json!({"event_type": value, "event": value, "title": value, "userId": format!("j-{n}"), "doc_path": value}));
        self.taken(
            "/api/public/apps/batch",
            &json!({"batch": of(720), "context": {"page": {"title": value}}}),
        );
        self.taken("/api/public/apps/identify", &of(730)[3]);
    }

    /// Somebody whose data is personal by the fields that it stands in, and bodies that are cut short.
    fn person(&mut self) {
        let person = json!({"email": EMAIL, "phone": PHONE, "firstName": FIRST_NAME, "address": {"street": ADDRESS}, "idCard": RESIDENT,
            "bankCard": CARD, "ip": IP});
        self.taken(
            "/v1/identify",
            &json!({"userId": "u-0", "messageId": "who", "traits": person, "context": {"traits": person}}),
        );
        let order = json!({"userId": "u-0", "messageId": "order", "event": "Order Completed", "properties": {"shipping": person, "email": EMAIL,
            "customerName": FIRST_NAME, "product_id": EMAIL}});
        self.taken("/v1/track", &order);
        let broken = format!("{{\"userId\": \"u\", \"event\": \"{EMAIL} {PHONE}");
        for path in ["/v1/track", "/v1/batch", "/batch/", "/mp/collect", "/ce", "/beacon", "/api/s/track"] {
            let status = self.request("POST", path, &[("Authorization", &basic(KEY))], broken.as_bytes());
            assert_eq!(status, 400, "{path}");
        }
        assert_eq!(self.request("POST", "/v1/track", &[("X-Write-Key", EMAIL)], broken.as_bytes()), 401);
    }
}

/// As it stands in an address.
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
