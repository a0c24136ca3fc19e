//! Shopify's webhooks: orders, refunds, customers, and what is asked for by law.

use super::record::Record;
use super::store::{Buyer, amount, field, id_of, properties, texts};
use super::{Delivery, Translated};
use crate::{Asked, IdentifierKind, Rejection};
use serde_json::{Map, Value, json};

/// The records that a webhook stands for; none for a topic that says nothing of a person.
///
/// An order counts once, whichever topics a shop subscribes to: it is completed when it is placed (`orders/create`), or
/// where the settings say so when it is paid (`orders/paid`). The other topics say that it changed. A refund
/// names no customer: it is about whom the order of its id is about.
///
/// # Errors
/// A body that is no JSON object, or has no id.
pub fn records(delivery: &Delivery<'_>) -> Result<Vec<Translated>, Rejection> {
    let topic = delivery.topic;
    let body = delivery.json()?;
    let records = match topic {
        "orders/create"
        | "orders/paid"
        | "orders/updated"
        | "orders/cancelled"
        | "orders/fulfilled"
        | "orders/partially_fulfilled"
        | "orders/edited" => order(delivery, &body)?,
        "refunds/create" => vec![refund(delivery, &body)?],
        "customers/create" | "customers/update" => customer(delivery, &body)?,
        _ => Vec::new(),
    };
    Ok(texts(records))
}

/// What a webhook asks for by law, and a record that carries the identifiers of whom it is about; `None` for the other
/// topics. A shop that is to be forgotten names nobody.
///
/// # Errors
/// A body that is no JSON object.
pub fn request(delivery: &Delivery<'_>) -> Result<Option<(Asked, String)>, Rejection> {
    let asked = match delivery.topic {
        "customers/data_request" => Asked::Export,
        "customers/redact" => Asked::Erase,
        "shop/redact" => Asked::EraseShop,
        _ => return Ok(None),
    };
    let body = delivery.json()?;
    let customer = body.get("customer").unwrap_or(&Value::Null);
    let buyer = Buyer {
        user_id: field(customer, "id"),
        email: field(customer, "email"),
        phone: field(customer, "phone"),
        ..Buyer::default()
    };
    let record = buyer.track("Privacy Requested", delivery.topic.to_owned(), None);
    Ok(Some((asked, record.into_text())))
}

fn order(delivery: &Delivery<'_>, order: &Value) -> Result<Vec<Record>, Rejection> {
    let (source, id) = (delivery.source, id_of(order, "id")?);
    let buyer = buyer(order, &id);
    let placed = field(order, "processed_at").or_else(|| field(order, "created_at"));
    let updated = field(order, "updated_at");
    let version = updated.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
    let message = |what: &str| format!("{source}:order:{id}:{what}");
    let mut record = match (delivery.topic, delivery.completed_when_paid) {
        ("orders/create", false) => buyer.track("Order Completed", message("completed"), placed.clone()),
        ("orders/paid", true) => {
            buyer.track("Order Completed", message("completed"), updated.clone().or(placed.clone()))
        }
        ("orders/cancelled", _) => {
            let at = field(order, "cancelled_at").or_else(|| updated.clone());
            buyer.track("Order Cancelled", message("cancelled"), at)
        }
        (topic, _) => buyer.track("Order Updated", message(&format!("{topic}:{version}")), updated.clone()),
    };
    properties(
        &mut record,
        [
            ("order_id", Some(Value::String(id.clone()))),
            ("order_number", field(order, "name")),
            ("revenue", amount(order, "total_price")),
            ("subtotal", amount(order, "subtotal_price")),
            ("tax", amount(order, "total_tax")),
            ("discount", amount(order, "total_discounts")),
            (
                "shipping",
                order
                    .pointer("/total_shipping_price_set/shop_money")
                    .and_then(|money| amount(money, "amount")),
            ),
            ("currency", field(order, "currency")),
            ("coupon", order.pointer("/discount_codes/0/code").cloned()),
            ("financial_status", field(order, "financial_status")),
            ("fulfillment_status", field(order, "fulfillment_status")),
            ("cancel_reason", field(order, "cancel_reason")),
            ("test", order.get("test").filter(|test| **test == Value::Bool(true)).cloned()),
            ("products", products(order.get("line_items"))),
        ],
    );
    record.context(&["locale"], field(order, "customer_locale"));
    record.context(&["page", "url"], field(order, "landing_site"));
    record.context(&["page", "referrer"], field(order, "referring_site"));
    let mut records = vec![record];
    if delivery.topic == "orders/create" {
        let given = order.get("customer").unwrap_or(&Value::Null);
        let address = ["shipping_address", "billing_address"]
            .iter()
            .find_map(|name| order.get(name).filter(|a| a.is_object()));
        let traits = person(given, address.unwrap_or(&Value::Null));
        records.extend(buyer.identify(message("customer"), placed.clone(), traits));
        // A box ticked at the till is an answer; one that was not is none.
        if order.get("buyer_accepts_marketing") == Some(&Value::Bool(true)) && buyer.email.is_some() {
            records.push(buyer.consent(message("consent:email"), placed, "email", true));
        }
    }
    Ok(records)
}

fn products(lines: Option<&Value>) -> Option<Value> {
    let lines = lines?.as_array()?.iter().map(|line| {
        let fields = [
            ("product_id", field(line, "product_id").or_else(|| field(line, "sku"))),
            ("variant_id", field(line, "variant_id")),
            ("sku", field(line, "sku")),
            ("name", field(line, "title").or_else(|| field(line, "name"))),
            ("brand", field(line, "vendor")),
            ("price", amount(line, "price")),
            ("quantity", field(line, "quantity")),
        ];
        let filled = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Value::Object(filled.collect())
    });
    Some(Value::Array(lines.collect()))
}

fn refund(delivery: &Delivery<'_>, refund: &Value) -> Result<Record, Rejection> {
    let (id, order) = (id_of(refund, "id")?, id_of(refund, "order_id")?);
    let buyer = Buyer { external: vec![order_of(&order)], ..Buyer::default() };
    let at = field(refund, "processed_at").or_else(|| field(refund, "created_at"));
    let mut record = buyer.track("Order Refunded", format!("{}:refund:{id}", delivery.source), at);
    let paid_back = refund.get("transactions").and_then(Value::as_array).into_iter().flatten();
    let paid_back = paid_back.filter(|given| {
        given.get("kind").is_none_or(|kind| kind == "refund")
            && given.get("status").is_none_or(|status| status == "success" || status == "pending")
    });
    let (mut sum, mut currency) = (None, None);
    for given in paid_back {
        sum = amount(given, "amount").and_then(|n| n.as_f64()).map(|n| sum.unwrap_or(0.0) + n).or(sum);
        currency = currency.or_else(|| field(given, "currency"));
    }
    let lines = refund.get("refund_line_items").and_then(Value::as_array);
    let lines = lines.map(|lines| {
        let items = lines.iter().map(|line| {
            let mut item = line.get("line_item").cloned().unwrap_or_default();
            if let (Value::Object(item), Some(quantity)) = (&mut item, field(line, "quantity")) {
                item.insert("quantity".into(), quantity);
            }
            item
        });
        Value::Array(items.collect())
    });
    properties(
        &mut record,
        [
            ("order_id", Some(Value::String(order))),
            ("refund_id", Some(Value::String(id))),
            // Rounded to what any currency has, since sums of doubles have more.
            ("revenue", sum.map(|sum| json!((sum * 1_000.0).round() / 1_000.0))),
            ("currency", currency),
            ("products", products(lines.as_ref())),
        ],
    );
    Ok(record)
}

fn customer(delivery: &Delivery<'_>, customer: &Value) -> Result<Vec<Record>, Rejection> {
    let (source, id) = (delivery.source, id_of(customer, "id")?);
    let buyer = Buyer {
        user_id: Some(Value::String(id.clone())),
        email: field(customer, "email"),
        phone: field(customer, "phone"),
        ..Buyer::default()
    };
    let at = field(customer, "updated_at").or_else(|| field(customer, "created_at"));
    let version = at.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
    let traits = person(customer, customer.get("default_address").unwrap_or(&Value::Null));
    let mut records = Vec::new();
    records.extend(buyer.identify(format!("{source}:customer:{id}:{version}"), at.clone(), traits));
    for (channel, name) in [("email", "email_marketing_consent"), ("sms", "sms_marketing_consent")] {
        let Some(answer) = customer.get(name).filter(|answer| answer.is_object()) else { continue };
        let granted =
            match answer.get("state").and_then(Value::as_str).map(str::to_ascii_lowercase).as_deref() {
                Some("subscribed") => true,
                Some("unsubscribed" | "redacted" | "invalid") => false,
                // Nobody was asked, or has not confirmed it yet.
                _ => continue,
            };
        let when = field(answer, "consent_updated_at").or_else(|| at.clone());
        let stamp = when.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
        let message = format!("{source}:customer:{id}:consent:{channel}:{stamp}:{granted}");
        records.push(buyer.consent(message, when, channel, granted));
    }
    // What older releases of its API say instead.
    if customer.get("email_marketing_consent").is_none_or(Value::is_null)
        && let (Some(Value::Bool(granted)), Some(when)) =
            (customer.get("accepts_marketing"), field(customer, "accepts_marketing_updated_at"))
    {
        let stamp = when.as_str().unwrap_or_default().to_owned();
        let message = format!("{source}:customer:{id}:consent:email:{stamp}:{granted}");
        records.push(buyer.consent(message, Some(when), "email", *granted));
    }
    Ok(records)
}

/// The order of a number, by which its refunds are found to be its buyer's.
fn order_of(id: &str) -> (&'static str, Value) {
    (IdentifierKind::Order.as_str(), Value::String(format!("shopify:{id}")))
}

fn buyer(order: &Value, id: &str) -> Buyer {
    let customer = order.get("customer").unwrap_or(&Value::Null);
    let given = |name: &str| field(order, name).or_else(|| field(customer, name));
    Buyer {
        user_id: field(customer, "id"),
        external: vec![order_of(id)],
        email: given("email").or_else(|| field(order, "contact_email")),
        phone: given("phone"),
    }
}

fn person(customer: &Value, address: &Value) -> Map<String, Value> {
    let given = |name: &str| field(customer, name).or_else(|| field(address, name));
    let fields = [
        ("first_name", given("first_name")),
        ("last_name", given("last_name")),
        ("address", field(address, "address1")),
        ("city", field(address, "city")),
        ("postal_code", field(address, "zip")),
        ("country", field(address, "country_code").or_else(|| field(address, "country"))),
        ("tags", field(customer, "tags")),
        ("customer_state", field(customer, "state")),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}
