//! The webhooks of shop systems with a value in every field.

use super::IP;
use super::send::Sender;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

/// What the shops sign with.
pub const SHOP_SECRETS: &str = r#"{"shop": "hush", "woo": "hush-hush"}"#;

impl Sender<'_> {
    pub fn shops(&mut self, value: &str, n: usize) {
        let of_person = |mut body: Value| {
            for name in [
                "first_name",
                "last_name",
                "company",
                "address1",
                "address2",
                "address_1",
                "city",
                "zip",
                "country",
            ] {
                body[name] = json!(value);
            }
            body
        };
        let line = json!({"product_id": 7, "variant_id": 8, "title": value, "name": value, "vendor": value, "sku": value, "price": "5.00",
            "quantity": 1, "properties": [{"name": value, "value": value}]});
        let address = of_person(json!({"phone": value, "name": value}));
        let order = json!({
            "id": 9_000 + n, "name": format!("#{n} {value}"), "email": value, "contact_email": value, "phone": value, "note": value,
            "processed_at": "2026-11-22T10:00:00Z", "updated_at": "2026-11-22T10:00:00Z", "total_price": "12.50", "currency": "EUR",
            "browser_ip": IP, "client_details": {"user_agent": value, "browser_ip": IP}, "customer_locale": value, "landing_site": format!("/?q={value}"),
            "referring_site": format!("https://r.example/{value}"), "discount_codes": [{"code": value}], "cancel_reason": value,
            "financial_status": value, "note_attributes": [{"name": value, "value": value}], "line_items": [line],
            "shipping_address": address, "billing_address": address, "buyer_accepts_marketing": true, "tags": value,
            "customer": of_person(json!({"id": 5_000 + n, "email": value, "phone": value, "tags": value, "note": value, "default_address": address,
                "updated_at": "2026-11-22T10:00:00Z", "email_marketing_consent": {"state": "subscribed", "consent_updated_at": value}})),
        });
        let refund = json!({"id": 8_000 + n, "order_id": 9_000 + n, "note": value, "created_at": value,
            "transactions": [{"kind": "refund", "status": "success", "amount": "1.00", "currency": "EUR", "message": value}],
            "refund_line_items": [{"quantity": 1, "line_item": line}]});
        let wish = json!({"shop_domain": value, "customer": {"id": 5_000 + n, "email": value, "phone": value}, "orders_requested": [value],
            "data_request": {"id": value}});
        let mut nameless = order.clone();
        nameless["id"] = json!({"is": value});
        for (topic, body) in [
            ("orders/create", &order),
            ("orders/updated", &order),
            ("orders/cancelled", &order),
            ("orders/create", &nameless),
            ("refunds/create", &refund),
            ("customers/update", &order["customer"]),
            ("customers/data_request", &wish),
            (value, &order),
        ] {
            self.signed("shop", "hush", ["X-Shopify-Hmac-Sha256", "X-Shopify-Topic"], topic, body);
        }
        let billing = of_person(json!({"email": value, "phone": value, "postcode": value, "state": value}));
        let order = json!({
            "id": 7_000 + n, "number": value, "status": "processing", "customer_id": 6_000 + n, "customer_ip_address": IP, "customer_user_agent": value,
            "customer_note": value, "date_created_gmt": "2026-11-22T10:00:00", "date_modified_gmt": "2026-11-22T10:00:00", "total": "9.00",
            "currency": "EUR", "payment_method": value, "payment_method_title": value, "billing": billing, "shipping": billing,
            "line_items": [{"product_id": 1, "name": value, "sku": value, "price": 9, "quantity": 1, "meta_data": [{"value": value}]}],
            "coupon_lines": [{"code": value}], "meta_data": [{"key": value, "value": value}], "refunds": [{"id": 1, "reason": value, "total": "-1"}],
        });
        let customer = of_person(
            json!({"id": 6_000 + n, "email": value, "username": value, "role": value, "billing": billing,
            "date_modified_gmt": "2026-11-22T10:00:00"}),
        );
        for (topic, body) in
            [("order.created", &order), ("order.updated", &order), ("customer.updated", &customer)]
        {
            self.signed("woo", "hush-hush", ["x-wc-webhook-signature", "x-wc-webhook-topic"], topic, body);
        }
        let bare = self.request(
            "POST",
            "/webhooks/shop",
            &[("X-Shopify-Topic", value)],
            order.to_string().as_bytes(),
        );
        assert_eq!(bare, 401);
    }

    fn signed(
        &mut self,
        source: &str,
        secret: &str,
        [signature, topic]: [&str; 2],
        about: &str,
        body: &Value,
    ) {
        let body = body.to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(body.as_bytes());
        let signed = STANDARD.encode(mac.finalize().into_bytes());
        let status = self.request(
            "POST",
            &format!("/webhooks/{source}"),
            &[(signature, &signed), (topic, about)],
            body.as_bytes(),
        );
        assert_eq!(status, 200, "{source} {about}: {:?}", self.answers.last());
    }
}
