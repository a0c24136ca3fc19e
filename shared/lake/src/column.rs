//! The columns of the table of events.

use event::IdentifierKind;

/// Columns of whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Long {
    /// Where the event stands on the bus, within its shard.
    Sequence,
    /// When the bus took it, UTC ms.
    AppendedAt,
    /// When it happened, UTC ms.
    HappenedAt,
    /// When it was received, UTC ms.
    ReceivedAt,
    /// Minor units of the currency.
    AmountMinor,
    Quantity,
}

/// Columns of identifiers: keyed hashes of 16 bytes, the first of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    User,
    Anonymous,
    Email,
    Phone,
    Device,
}

/// Columns of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text {
    /// `given`, `missing`, `future`.
    TimeMark,
    /// The call of the Segment spec.
    Type,
    Name,
    MessageId,
    /// The user id in readable form, where it may be readable.
    UserId,
    /// Identifiers that have no column of their own: `kind:hex kind:hex`.
    OtherIdentities,
    /// The text of a JSON object.
    Properties,
    /// The text of a JSON object.
    Traits,
    ProductId,
    Category,
    Brand,
    OrderId,
    /// ISO 4217, of `amount_minor`.
    Currency,
    Url,
    Title,
    Referrer,
    UserAgent,
    Locale,
    Timezone,
    UtmSource,
    UtmMedium,
    UtmCampaign,
    UtmTerm,
    UtmContent,
    DeviceModel,
    DeviceType,
    Os,
    AppVersion,
    /// Consent by category, the text of a JSON object.
    Consent,
    /// What else the context held, the text of a JSON object.
    ContextRest,
    Source,
    /// The campaign that a message sent or refused belongs to.
    MessageCampaign,
    /// Why a message was refused.
    MessageReason,
    /// What of the tracking plan the event broke, a line each: `required properties.order_id`.
    PlanViolations,
    /// The fields that were taken out of it to the vault, with spaces between them.
    Vaulted,
}

impl Long {
    pub(crate) const ALL: [Long; 6] = [
        Long::Sequence,
        Long::AppendedAt,
        Long::HappenedAt,
        Long::ReceivedAt,
        Long::AmountMinor,
        Long::Quantity,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Long::Sequence => "sequence",
            Long::AppendedAt => "appended_at",
            Long::HappenedAt => "happened_at",
            Long::ReceivedAt => "received_at",
            Long::AmountMinor => "amount_minor",
            Long::Quantity => "quantity",
        }
    }

    pub(crate) fn is_time(self) -> bool {
        matches!(self, Long::AppendedAt | Long::HappenedAt | Long::ReceivedAt)
    }

    pub(crate) fn is_required(self) -> bool {
        self.is_time() || self == Long::Sequence
    }
}

impl Key {
    pub(crate) const ALL: [Key; 5] = [Key::User, Key::Anonymous, Key::Email, Key::Phone, Key::Device];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Key::User => "user_key",
            Key::Anonymous => "anonymous_key",
            Key::Email => "email_key",
            Key::Phone => "phone_key",
            Key::Device => "device_key",
        }
    }

    /// The kind of identifier in the column.
    pub fn kind(self) -> IdentifierKind {
        match self {
            Key::User => IdentifierKind::User,
            Key::Anonymous => IdentifierKind::Anonymous,
            Key::Email => IdentifierKind::Email,
            Key::Phone => IdentifierKind::Phone,
            Key::Device => IdentifierKind::Device,
        }
    }

    pub(crate) fn of(kind: IdentifierKind) -> Option<Key> {
        Key::ALL.into_iter().find(|key| key.kind() == kind)
    }
}

/// How the values of a text column are laid out.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Layout {
    /// Few distinct values: each is stored once.
    Dictionary,
    /// Mostly distinct.
    Plain,
    /// Distinct and random: compressing them costs time and gains nothing.
    Random,
}

impl Text {
    pub(crate) const ALL: [Text; 35] = [
        Text::TimeMark,
        Text::Type,
        Text::Name,
        Text::MessageId,
        Text::UserId,
        Text::OtherIdentities,
        Text::Properties,
        Text::Traits,
        Text::ProductId,
        Text::Category,
        Text::Brand,
        Text::OrderId,
        Text::Currency,
        Text::Url,
        Text::Title,
        Text::Referrer,
        Text::UserAgent,
        Text::Locale,
        Text::Timezone,
        Text::UtmSource,
        Text::UtmMedium,
        Text::UtmCampaign,
        Text::UtmTerm,
        Text::UtmContent,
        Text::DeviceModel,
        Text::DeviceType,
        Text::Os,
        Text::AppVersion,
        Text::Consent,
        Text::ContextRest,
        Text::Source,
        Text::MessageCampaign,
        Text::MessageReason,
        Text::PlanViolations,
        Text::Vaulted,
    ];

    fn spec(self) -> (&'static str, Layout) {
        use Layout::{Dictionary, Plain, Random};
        match self {
            Text::TimeMark => ("time_mark", Dictionary),
            Text::Type => ("type", Dictionary),
            Text::Name => ("name", Dictionary),
            Text::MessageId => ("message_id", Random),
            Text::UserId => ("user_id", Plain),
            Text::OtherIdentities => ("other_identities", Plain),
            Text::Properties => ("properties", Plain),
            Text::Traits => ("traits", Plain),
            Text::ProductId => ("product_id", Dictionary),
            Text::Category => ("category", Dictionary),
            Text::Brand => ("brand", Dictionary),
            Text::OrderId => ("order_id", Plain),
            Text::Currency => ("currency", Dictionary),
            Text::Url => ("url", Plain),
            Text::Title => ("title", Dictionary),
            Text::Referrer => ("referrer", Dictionary),
            Text::UserAgent => ("user_agent", Dictionary),
            Text::Locale => ("locale", Dictionary),
            Text::Timezone => ("timezone", Dictionary),
            Text::UtmSource => ("utm_source", Dictionary),
            Text::UtmMedium => ("utm_medium", Dictionary),
            Text::UtmCampaign => ("utm_campaign", Dictionary),
            Text::UtmTerm => ("utm_term", Dictionary),
            Text::UtmContent => ("utm_content", Dictionary),
            Text::DeviceModel => ("device_model", Dictionary),
            Text::DeviceType => ("device_type", Dictionary),
            Text::Os => ("os", Dictionary),
            Text::AppVersion => ("app_version", Dictionary),
            Text::Consent => ("consent", Dictionary),
            Text::ContextRest => ("context_rest", Plain),
            Text::Source => ("source", Dictionary),
            Text::MessageCampaign => ("message_campaign", Dictionary),
            Text::MessageReason => ("message_reason", Dictionary),
            Text::PlanViolations => ("plan_violations", Dictionary),
            Text::Vaulted => ("vaulted", Dictionary),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        self.spec().0
    }

    pub(crate) fn layout(self) -> Layout {
        self.spec().1
    }

    pub(crate) fn is_required(self) -> bool {
        matches!(self, Text::TimeMark | Text::Type | Text::Name | Text::MessageId | Text::Source)
    }
}
