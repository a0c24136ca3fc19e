//! What a column is to an event, by its name and its values.

use super::column::{Content, Summary};

/// Where a column's value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Identifier,
    Time,
    Trait,
    Consent,
    Property,
    Context,
    /// It is left out.
    None,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Role {
    pub part: Part,
    /// The canonical name.
    pub field: String,
    pub guessed: bool,
}

/// Names as exports write them (letters and digits only, in lower case), and what they stand for.
const NAMES: &[(Part, &str, &[&str])] = &[
    (
        Part::Identifier,
        "user_id",
        &[
            "customerid",
            "userid",
            "uid",
            "customer",
            "customernumber",
            "customerno",
            "custid",
            "buyerid",
            "clientid",
            "memberid",
            "user",
            "accountid",
            "who",
            "visitorname",
            "kundennr",
            "kundennummer",
            "kunde",
            "client",
            "客户编号",
            "用户id",
            "会员id",
            "买家id",
        ],
    ),
    (Part::Identifier, "member_card", &["membercard", "cardno", "loyaltycard", "会员卡号", "会员号"]),
    (Part::Identifier, "open_id", &["openid"]),
    (Part::Identifier, "union_id", &["unionid"]),
    (
        Part::Identifier,
        "anonymous_id",
        &["anonymousid", "visitorid", "sessionid", "cookieid", "cid", "session"],
    ),
    (Part::Identifier, "device_id", &["deviceid", "idfa", "gaid", "imei", "machineid"]),
    (
        Part::Property,
        "order_id",
        &[
            "orderid",
            "orderno",
            "ordernumber",
            "order",
            "invoiceno",
            "invoice",
            "bestellnr",
            "bestellnummer",
            "commande",
            "订单号",
            "订单编号",
        ],
    ),
    (
        Part::Property,
        "product_id",
        &[
            "productid",
            "sku",
            "itemid",
            "stockcode",
            "articleno",
            "lineitemsku",
            "asin",
            "artikelnr",
            "artikelnummer",
            "商品编号",
            "商品id",
        ],
    ),
    (
        Part::Property,
        "name",
        &["productname", "product", "title", "lineitemname", "description", "商品名称", "商品"],
    ),
    (Part::Property, "price", &["price", "unitprice", "lineitemprice", "preis", "prix", "单价", "价格"]),
    (
        Part::Property,
        "quantity",
        &[
            "quantity",
            "qty",
            "items",
            "count",
            "lineitemquantity",
            "pieces",
            "units",
            "menge",
            "anzahl",
            "数量",
        ],
    ),
    (
        Part::Property,
        "revenue",
        &[
            "revenue",
            "total",
            "amount",
            "totalprice",
            "grandtotal",
            "ordertotal",
            "paid",
            "sum",
            "value",
            "dollarvalue",
            "betrag",
            "umsatz",
            "summe",
            "montant",
            "金额",
            "实付金额",
            "总价",
        ],
    ),
    (Part::Property, "currency", &["currency", "currencycode", "币种"]),
    (Part::Property, "coupon", &["coupon", "couponcode", "discountcode", "voucher", "优惠券"]),
    (Part::Property, "discount", &["discount", "discountamount", "优惠"]),
    (Part::Property, "tax", &["tax", "taxes", "vat"]),
    (Part::Property, "shipping", &["shipping", "shippingcost", "运费"]),
    (Part::Property, "category", &["category", "productcategory", "类目", "分类"]),
    (Part::Property, "brand", &["brand", "vendor", "品牌"]),
    (Part::Property, "query", &["query", "searchterm", "keyword", "search", "搜索词"]),
    (Part::Property, "rating", &["rating", "stars", "score", "评分"]),
    (Part::Property, "review_body", &["review", "reviewtext", "reviewbody", "comment", "评论", "评价内容"]),
    (Part::Trait, "first_name", &["firstname", "givenname", "名"]),
    (Part::Trait, "last_name", &["lastname", "familyname", "surname", "姓"]),
    (Part::Trait, "name", &["fullname", "customername", "billingname", "realname", "姓名", "收货人"]),
    (
        Part::Trait,
        "address",
        &["address", "address1", "street", "billingaddress1", "shippingaddress1", "地址", "收货地址"],
    ),
    (Part::Trait, "city", &["city", "billingcity", "shippingcity", "城市"]),
    (Part::Trait, "country", &["country", "billingcountry", "shippingcountry", "国家"]),
    (Part::Trait, "postal_code", &["zip", "postcode", "postalcode", "billingzip", "shippingzip", "邮编"]),
    (Part::Trait, "gender", &["gender", "sex", "性别"]),
    (Part::Trait, "birthday", &["birthday", "birthdate", "dateofbirth", "dob", "生日"]),
    (
        Part::Consent,
        "email",
        &["emailoptin", "emailmarketing", "acceptsemailmarketing", "emailsubscribed", "newsletter"],
    ),
    (Part::Consent, "sms", &["smsoptin", "smsmarketing", "acceptssmsmarketing"]),
    (
        Part::Consent,
        "marketing",
        &[
            "acceptsmarketing",
            "marketing",
            "marketingconsent",
            "optin",
            "subscribed",
            "consent",
            "gdprconsent",
            "同意营销",
        ],
    ),
    (Part::Context, "page.url", &["pageurl", "url", "pagelocation"]),
    (Part::Context, "page.referrer", &["referrer", "referer"]),
    (Part::Context, "userAgent", &["useragent"]),
    (Part::Context, "campaign.source", &["utmsource"]),
    (Part::Context, "campaign.medium", &["utmmedium"]),
    (Part::Context, "campaign.name", &["utmcampaign"]),
    (Part::Context, "locale", &["locale", "language"]),
];

/// Names of the time at which a row happened, the likeliest first.
const TIMES: &[&str] = &[
    "timestamp",
    "time",
    "date",
    "datetime",
    "orderdate",
    "createdat",
    "invoicedate",
    "purchasedate",
    "paidat",
    "eventtime",
    "at",
    "createddate",
    "datecreated",
    "下单时间",
    "日期",
    "时间",
    "创建时间",
];

/// The role of each column. No field is given twice.
pub(super) fn roles(summaries: &[Summary]) -> Vec<Role> {
    let plain: Vec<String> = summaries.iter().map(|summary| plain(&summary.name)).collect();
    let is_time = |n: usize| matches!(summaries[n].content, Content::Time(_));
    let when =
        TIMES.iter().find_map(|name| (0..plain.len()).find(|n| plain[*n] == *name && is_time(*n))).or_else(
            || (0..plain.len()).find(|n| is_time(*n) && !plain[*n].contains("birth") && plain[*n] != "dob"),
        );
    let mut roles: Vec<Role> = Vec::with_capacity(summaries.len());
    for (n, summary) in summaries.iter().enumerate() {
        let known = |wanted: &str| {
            let last = wanted.rsplit('.').next().unwrap_or(wanted).to_owned();
            NAMES.iter().find(|(_, _, names)| names.contains(&last.as_str()))
        };
        let role = |part, field: &str, guessed| Role { part, field: field.to_owned(), guessed };
        let mut found = match &summary.content {
            _ if when == Some(n) => role(Part::Time, "timestamp", false),
            _ if !summary.filled => role(Part::None, "", false),
            Content::Email => role(Part::Identifier, "email", false),
            Content::Phone => role(Part::Identifier, "phone", false),
            Content::Ip => role(Part::Identifier, "device_id", true),
            _ => match known(&plain[n]) {
                Some((Part::Identifier, field, _)) if summary.longest > 128 => {
                    role(Part::Property, field, true)
                }
                Some((part, field, _)) => role(
                    *part,
                    field,
                    *part == Part::Identifier && *field == "user_id" && plain[n] != "userid",
                ),
                None => role(Part::Property, &snake(&summary.name), false),
            },
        };
        if found.part != Part::None
            && roles.iter().any(|other| other.part == found.part && other.field == found.field)
        {
            // The second of two e-mail addresses and the like is nobody's identifier, but personal all the same.
            found = match found.part {
                Part::Identifier
                    if matches!(summary.content, Content::Email | Content::Phone | Content::Ip) =>
                {
                    role(Part::None, "", true)
                }
                _ => role(Part::Property, &snake(&summary.name), true),
            };
        }
        let taken = |field: &str| roles.iter().any(|other| other.part == found.part && other.field == field);
        if found.part != Part::None && taken(&found.field) {
            let numbered = (2..).map(|nth| format!("{}_{nth}", found.field));
            found.field = numbered.filter(|field| !taken(field)).take(1).collect();
        }
        roles.push(found);
    }
    roles
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric() || *c == '.').flat_map(char::to_lowercase).collect()
}

/// A name as properties are written.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    let mut lower = false;
    for c in name.chars() {
        if c.is_uppercase() && lower {
            snake.push('_');
        }
        lower = c.is_lowercase() || c.is_numeric();
        if c.is_alphanumeric() {
            snake.extend(c.to_lowercase());
        } else if !snake.ends_with('_') && !snake.is_empty() {
            snake.push('_');
        }
    }
    let trimmed = snake.trim_end_matches('_');
    if trimmed.is_empty() { "column".to_owned() } else { trimmed.to_owned() }
}
