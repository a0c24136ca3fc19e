//! WooCommerce's webhooks: orders with their refunds, and customers.

use super::record::Record;
use super::store::{Buyer, amount, field, id_of, properties, texts};
use super::{Delivery, Translated};
use crate::{Rejection, parse_time};
use serde_json::{Map, Value};

/// How long after its payment the update that tells of it comes, at most; ms.
const PAYMENT: i64 = 60_000;

/// The records that a webhook stands for; none for a topic that says nothing of a person.
///
/// An order counts once: when it is placed with a status that needs no more of the buyer, or by the update that came with its
/// payment. Other updates say that it changed. The shop system tells of refunds in updates of their order.
///
/// # Errors
/// A body that is no JSON object, or has no id.
pub fn records(delivery: &Delivery<'_>) -> Result<Vec<Translated>, Rejection> {
    let records = match delivery.topic.split_once('.') {
        Some(("order", "created" | "updated" | "refunded" | "restored" | "deleted")) => {
            order(delivery, &delivery.json()?)?
        }
        Some(("customer", "created" | "updated")) => customer(delivery, &delivery.json()?)?,
        _ => Vec::new(),
    };
    Ok(texts(records))
}

fn order(delivery: &Delivery<'_>, order: &Value) -> Result<Vec<Record>, Rejection> {
    let (source, id) = (delivery.source, id_of(order, "id")?);
    let Some(status) = order.get("status").and_then(Value::as_str) else {
        // A deleted order is told of by its id alone.
        return Ok(Vec::new());
    };
    let buyer = buyer(order);
    let [placed, paid, changed] =
        ["date_created", "date_paid", "date_modified"].map(|name| time(order, name));
    let version = changed.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
    let message = |what: &str| format!("{source}:order:{id}:{what}");
    let name = match status {
        "cancelled" => "Order Cancelled",
        _ if is_completed(delivery, order, status, &paid, &changed) => "Order Completed",
        _ => "Order Updated",
    };
    let (what, at) = match name {
        "Order Completed" => {
            ("completed".to_owned(), if delivery.completed_when_paid { paid.or(placed) } else { placed })
        }
        "Order Cancelled" => ("cancelled".to_owned(), changed.clone()),
        _ => (format!("{status}:{version}"), changed.clone()),
    };
    let mut record = buyer.track(name, message(&what), at.clone());
    properties(
        &mut record,
        [
            ("order_id", Some(Value::String(id.clone()))),
            ("order_number", field(order, "number")),
            ("revenue", amount(order, "total")),
            ("tax", amount(order, "total_tax")),
            ("discount", amount(order, "discount_total")),
            ("shipping", amount(order, "shipping_total")),
            ("currency", field(order, "currency")),
            ("coupon", order.pointer("/coupon_lines/0/code").cloned()),
            ("status", Some(Value::String(status.to_owned()))),
            ("payment_method", field(order, "payment_method")),
            ("products", products(order.get("line_items"))),
        ],
    );
    let mut records = vec![record];
    if name == "Order Completed" {
        let traits = person(&Value::Null, order.get("billing").unwrap_or(&Value::Null));
        records.extend(buyer.identify(message("customer"), at, traits));
    }
    for refund in order.get("refunds").and_then(Value::as_array).into_iter().flatten() {
        let number = id_of(refund, "id")?;
        let mut record = buyer.track("Order Refunded", format!("{source}:refund:{number}"), changed.clone());
        // It writes what it pays back as less than nothing.
        let sum = amount(refund, "total").and_then(|sum| sum.as_f64()).map(|sum| Value::from(sum.abs()));
        properties(
            &mut record,
            [
                ("order_id", Some(Value::String(id.clone()))),
                ("refund_id", Some(Value::String(number))),
                ("revenue", sum),
                ("currency", field(order, "currency")),
            ],
        );
        records.push(record);
    }
    Ok(records)
}

fn is_completed(
    delivery: &Delivery<'_>,
    order: &Value,
    status: &str,
    paid: &Option<Value>,
    changed: &Option<Value>,
) -> bool {
    if !matches!(status, "processing" | "completed") {
        return false;
    }
    if delivery.topic == "order.created" {
        return !delivery.completed_when_paid || paid.is_some();
    }
    // What is paid at the door was complete when it was placed.
    let at_the_door = order.get("payment_method").is_some_and(|method| method == "cod");
    let moment = |time: &Option<Value>| time.as_ref().and_then(Value::as_str).and_then(parse_time);
    let just_paid = matches!((moment(paid), moment(changed)), (Some(paid), Some(changed)) if (changed - paid).abs() <= PAYMENT);
    just_paid && (delivery.completed_when_paid || !at_the_door)
}

fn products(lines: Option<&Value>) -> Option<Value> {
    let lines = lines?.as_array()?.iter().map(|line| {
        let fields = [
            ("product_id", field(line, "product_id").or_else(|| field(line, "sku"))),
            ("variant_id", field(line, "variation_id").filter(|id| *id != 0)),
            ("sku", field(line, "sku")),
            ("name", field(line, "name")),
            ("price", amount(line, "price")),
            ("quantity", field(line, "quantity")),
        ];
        let filled = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Value::Object(filled.collect())
    });
    Some(Value::Array(lines.collect()))
}

fn customer(delivery: &Delivery<'_>, customer: &Value) -> Result<Vec<Record>, Rejection> {
    let id = id_of(customer, "id")?;
    let billing = customer.get("billing").unwrap_or(&Value::Null);
    let buyer = Buyer {
        user_id: Some(Value::String(id.clone())),
        email: field(customer, "email").or_else(|| field(billing, "email")),
        phone: field(billing, "phone"),
        ..Buyer::default()
    };
    let at = time(customer, "date_modified").or_else(|| time(customer, "date_created"));
    let version = at.as_ref().and_then(Value::as_str).unwrap_or_default();
    let message = format!("{}:customer:{id}:{version}", delivery.source);
    Ok(buyer.identify(message, at, person(customer, billing)).into_iter().collect())
}

fn buyer(order: &Value) -> Buyer {
    let billing = order.get("billing").unwrap_or(&Value::Null);
    Buyer {
        user_id: field(order, "customer_id"),
        email: field(billing, "email"),
        phone: field(billing, "phone"),
        ..Buyer::default()
    }
}

fn person(customer: &Value, billing: &Value) -> Map<String, Value> {
    let given = |name: &str| field(customer, name).or_else(|| field(billing, name));
    let fields = [
        ("first_name", given("first_name")),
        ("last_name", given("last_name")),
        ("address", field(billing, "address_1")),
        ("city", field(billing, "city")),
        ("postal_code", field(billing, "postcode")),
        ("country", field(billing, "country")),
        ("customer_role", field(customer, "role")),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// A time in UTC; the shop's own, which has no offset, where there is no other.
fn time(of: &Value, name: &str) -> Option<Value> {
    field(of, &format!("{name}_gmt")).or_else(|| field(of, name))
}
