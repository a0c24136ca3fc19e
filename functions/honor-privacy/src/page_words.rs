//! The words of the page, in Chinese and English.

/// What stands above the page of somebody whose data may not be worked with.
pub const RESTRICTED: (&str, &str) = (
    "您的数据目前处于限制处理状态：仅保存，不作其他使用。",
    "Your data are restricted at present: they are kept, and not used for anything else.",
);

/// The name of a section or field, in both languages; one that is the deployment's own stays as it is.
pub fn words(name: &str) -> (String, String) {
    let known = FIELDS.iter().find(|(field, ..)| *field == name);
    let (chinese, english) = known.map_or((name, name), |(_, chinese, english)| (*chinese, *english));
    (chinese.to_owned(), english.to_owned())
}

/// What a section is about.
pub fn explanation(section: &str) -> Option<(&'static str, &'static str)> {
    Some(match section {
        "personal_data" => (
            "这些是能直接识别您的信息，加密保存，仅用于向您发送消息和回应您的请求。",
            "What names you directly. It is kept encrypted, and read only to write to you and to answer requests like this.",
        ),
        "identifiers" => (
            "系统用来识别您的编号；除保险库外只保存其加密摘要。",
            "What you are recognised by. Outside the vault only keyed hashes of it are kept.",
        ),
        "profile" => (
            "由您的行为汇总而成的画像，金额以最小货币单位（分）表示。",
            "What was summed up from your events. Amounts are in the smallest unit of their currency.",
        ),
        "messages" => ("每条消息是否发送及其原因。", "What was decided on each message to you, and why."),
        "events" => ("关于您的每一条记录。", "Every record about you."),
        "quarantined" => (
            "未能识别或暂不处理的记录，按原样加密保存。",
            "Records that could not be taken in, or wait, kept encrypted as they came.",
        ),
        "access_log" => {
            ("谁在何时、因何查看或更改过您的数据。", "Who looked at or changed your data, when and why.")
        }
        _ => return None,
    })
}

/// A value of a field that has words.
pub fn value(field: &str, value: &str) -> Option<(&'static str, &'static str)> {
    let words = match field {
        "state" => STATES.as_slice(),
        "kind" | "kept_under" | "field" | "action" => FIELDS_AS_VALUES.as_slice(),
        _ => return None,
    };
    words.iter().find(|(word, ..)| *word == value).map(|(_, chinese, english)| (*chinese, *english))
}

/// Whether a number of that name is a time, UTC ms.
pub fn is_time(name: &str) -> bool {
    matches!(name, "at" | "first" | "last" | "opened" | "closed" | "last_reached" | "last_start" | "since")
        || name.ends_with("_at")
        || name.ends_with("_seen")
}

const STATES: [(&str, &str, &str); 5] = [
    ("sent", "已发送", "sent"),
    ("refused", "未发送", "not sent"),
    ("held", "等待中", "waiting"),
    ("claimed", "发送中", "being sent"),
    ("unknown", "未知", "unknown"),
];

const FIELDS_AS_VALUES: [(&str, &str, &str); 20] = [
    ("user_id", "用户编号", "user id"),
    ("anonymous_id", "匿名编号", "anonymous id"),
    ("device_id", "设备编号", "device id"),
    ("external_id", "外部编号", "external id"),
    ("member_card", "会员卡", "member card"),
    ("open_id", "小程序 OpenID", "open id"),
    ("union_id", "小程序 UnionID", "union id"),
    ("email", "电子邮箱", "e-mail"),
    ("phone", "电话", "phone"),
    ("name", "姓名", "name"),
    ("first_name", "名", "first name"),
    ("last_name", "姓", "last name"),
    ("address", "地址", "address"),
    ("document", "证件号码", "document"),
    ("card", "银行卡", "bank card"),
    ("export", "导出", "export"),
    ("erase", "删除", "erasure"),
    ("restrict", "限制处理", "restriction"),
    ("unrestrict", "解除限制", "end of restriction"),
    ("rectify", "更正", "rectification"),
];

const FIELDS: [(&str, &str, &str); 78] = [
    ("personal_data", "个人信息", "Personal data"),
    ("identifiers", "身份标识", "Identifiers"),
    ("profile", "画像", "Profile"),
    ("messages", "消息", "Messages"),
    ("waiting_messages", "待发送的消息", "Messages that wait"),
    ("journeys", "营销与服务流程", "Journeys"),
    ("sent_copies", "已发送邮件的副本", "Copies of mails sent"),
    ("events", "行为记录", "Events"),
    ("quarantined", "隔离的记录", "Records in quarantine"),
    ("access_log", "访问记录", "Access log"),
    ("merged_people", "合并的档案", "Merged people"),
    ("kept_under", "归属标识", "Kept under"),
    ("field", "字段", "Field"),
    ("value", "值", "Value"),
    ("kind", "类型", "Kind"),
    ("key", "摘要", "Hash"),
    ("first_seen", "首次出现", "First seen"),
    ("last_seen", "最近出现", "Last seen"),
    ("last_seen_iso", "最近出现", "Last seen"),
    ("first_event", "首个事件", "First event"),
    ("source", "来源", "Source"),
    ("known", "已注册", "Known"),
    ("traits", "属性", "Traits"),
    ("counters", "事件次数", "Counts"),
    ("total", "总计", "Total"),
    ("first", "首次", "First"),
    ("last", "最近", "Last"),
    ("days_1", "一天内", "In 1 day"),
    ("days_7", "七天内", "In 7 days"),
    ("days_30", "三十天内", "In 30 days"),
    ("sessions", "访问", "Sessions"),
    ("count", "数量", "Count"),
    ("short", "短", "Short"),
    ("medium", "中", "Medium"),
    ("long", "长", "Long"),
    ("last_start", "最近开始", "Last began"),
    ("dwell", "停留", "Dwell"),
    ("orders", "订单", "Orders"),
    ("refunds", "退款", "Refunds"),
    ("days_since_last", "距上次天数", "Days since the last"),
    ("revenue_minor", "消费额（分）", "Spent (minor units)"),
    ("refunded_minor", "退款额（分）", "Refunded (minor units)"),
    ("affinity", "兴趣", "Interests"),
    ("categories", "品类", "Categories"),
    ("brands", "品牌", "Brands"),
    ("products", "商品", "Products"),
    ("score", "分值", "Score"),
    ("first_touch", "首次来源", "First touch"),
    ("touches", "来源记录", "Touches"),
    ("channels", "渠道与同意", "Channels and consent"),
    ("consent", "同意", "Consent"),
    ("consents", "同意记录", "Consents"),
    ("consent_at", "同意时间", "Answered at"),
    ("last_reached", "最近联系", "Last reached"),
    ("devices", "设备", "Devices"),
    ("service", "客户服务", "Service"),
    ("cases", "工单", "Cases"),
    ("open_cases", "未结工单", "Open cases"),
    ("open_complaint", "投诉处理中", "Open complaint"),
    ("recent", "最近事件", "Latest events"),
    ("at", "时间", "Time"),
    ("event", "事件", "Event"),
    ("name", "名称", "Name"),
    ("type", "调用", "Call"),
    ("happened_at", "发生时间", "Happened at"),
    ("received_at", "接收时间", "Received at"),
    ("message_id", "消息编号", "Message id"),
    ("user_id", "用户编号", "User id"),
    ("properties", "内容", "Properties"),
    ("context", "环境", "Context"),
    ("campaign", "活动", "Campaign"),
    ("step", "步骤", "Step"),
    ("channel", "渠道", "Channel"),
    ("state", "状态", "State"),
    ("reason", "原因", "Reason"),
    ("due_at", "到期时间", "Due at"),
    ("by", "操作人", "By"),
    ("action", "操作", "Action"),
];
