//! Which address means what.

use event::EventType;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route<'p> {
    Health,
    /// A browser asks whether it may send, or a source of CloudEvents does.
    Preflight,
    /// Records to be taken.
    Take(Form),
    /// What clients ask for before they send, and get an answer that lets them.
    Ask(Question<'p>),
    /// What the shop system of that name sends.
    Webhook(&'p str),
    /// The unsubscribe link of a token.
    Unsubscribe(&'p str),
    /// A known address, asked in another way than the one named.
    WrongMethod {
        allowed: &'static str,
    },
    Unknown,
}

/// How the records of a body are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// One event, its type given by the address.
    Call(EventType, Client),
    /// Many events of now.
    Batch(Client),
    /// Many events of the past.
    Import,
    /// One event or many.
    Beacon,
    PostHog,
    Ga4,
    /// As the one before, but only looked at.
    Ga4Check,
    CloudEvents,
    /// In the address, or in a body where there is one.
    Pixel(Option<EventType>),
}

/// Whose client reads the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Client {
    /// Segment's, RudderStack's, Dittofeed's.
    Segment,
    Jitsu,
}

/// What a client wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question<'p> {
    /// PostHog's feature flags and settings: there are none, and nothing but events is wanted.
    PostHogFlags,
    /// PostHog's flags to be worked out by the client: none.
    PostHogLocalFlags,
    /// The settings of Segment's browser client, for a write key.
    SegmentSettings(&'p str),
    /// The settings of RudderStack's clients.
    RudderSettings,
    /// Segment's client tells how it fares; nobody reads it.
    ClientMetrics,
}

/// All routes, as answers name them.
pub(crate) const ROUTES: &str = "POST /v1/identify, /v1/track, /v1/page, /v1/screen, /v1/group, /v1/alias, \
    /v1/merge, /v1/batch, /v1/import (Segment, RudderStack); /batch/, /capture/, /e/ (PostHog); /api/s/{type} (Jitsu); \
    /api/public/apps/{type} (Dittofeed); /mp/collect (GA4); /ce (CloudEvents); /beacon; /webhooks/{source} (Shopify, WooCommerce); /u/{token} (unsubscribe links); GET /pixel.gif; GET /health";

const POST: &[&str] = &["POST"];
const GET: &[&str] = &["GET"];
const BOTH: &[&str] = &["GET", "POST"];

pub(crate) fn route<'p>(method: &str, path: &'p str) -> Route<'p> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let webhook = || path.strip_prefix("/webhooks/").map(|name| (Route::Webhook(name), POST));
    let unsubscribe = || path.strip_prefix("/u/").map(|token| (Route::Unsubscribe(token), BOTH));
    let found = segment(path).or_else(|| other(path)).or_else(webhook).or_else(unsubscribe);
    let Some((target, methods)) = found else { return Route::Unknown };
    match method {
        "OPTIONS" => Route::Preflight,
        // A link that is looked at without its body is no event.
        "HEAD" if methods.contains(&"GET") && target == Route::Health => target,
        _ if methods.contains(&method) => target,
        _ if methods == POST => Route::WrongMethod { allowed: "POST, OPTIONS" },
        _ if methods == GET => Route::WrongMethod { allowed: "GET, OPTIONS" },
        _ => Route::WrongMethod { allowed: "GET, POST, OPTIONS" },
    }
}

/// The calls of the Segment spec, under their names and under the one letter that browsers' clients write.
fn segment(path: &str) -> Option<(Route<'_>, &'static [&'static str])> {
    let call = path.strip_prefix("/v1/")?;
    let form = match call {
        "batch" | "b" => Form::Batch(Client::Segment),
        "import" => Form::Import,
        "beacon" => Form::Beacon,
        "m" => return Some((Route::Ask(Question::ClientMetrics), POST)),
        _ => match call.split_once('/') {
            Some(("pixel", call)) => return Some((Route::Take(Form::Pixel(Some(kind(call)?))), BOTH)),
            Some(("projects", rest)) => {
                let key = rest.strip_suffix("/settings")?;
                return Some((Route::Ask(Question::SegmentSettings(key)), GET));
            }
            Some(_) => return None,
            None => Form::Call(kind(call)?, Client::Segment),
        },
    };
    Some((Route::Take(form), POST))
}

fn other(path: &str) -> Option<(Route<'_>, &'static [&'static str])> {
    Some(match path {
        "/health" => (Route::Health, GET),
        "/batch" | "/capture" | "/track" | "/e" | "/i/v0/e" | "/i/v0/ai/batch" => {
            (Route::Take(Form::PostHog), BOTH)
        }
        "/flags" | "/decide" => (Route::Ask(Question::PostHogFlags), BOTH),
        "/api/feature_flag/local_evaluation" | "/flags/definitions" => {
            (Route::Ask(Question::PostHogLocalFlags), GET)
        }
        "/mp/collect" => (Route::Take(Form::Ga4), POST),
        "/debug/mp/collect" => (Route::Take(Form::Ga4Check), POST),
        "/ce" => (Route::Take(Form::CloudEvents), POST),
        "/beacon" => (Route::Take(Form::Beacon), POST),
        "/beacon/v1/batch" => (Route::Take(Form::Batch(Client::Segment)), POST),
        "/pixel.gif" | "/pixel" => (Route::Take(Form::Pixel(None)), BOTH),
        "/sourceConfig" => (Route::Ask(Question::RudderSettings), GET),
        _ => {
            if let Some(call) = path.strip_prefix("/pixel/v1/") {
                return Some((Route::Take(Form::Pixel(Some(kind(call)?))), BOTH));
            }
            if path.strip_prefix("/array/").is_some_and(|rest| rest.ends_with("/config")) {
                return Some((Route::Ask(Question::PostHogFlags), GET));
            }
            let (call, client) = match path.strip_prefix("/api/s/") {
                Some(call) => (call.strip_prefix("s2s/").unwrap_or(call), Client::Jitsu),
                None => (path.strip_prefix("/api/public/apps/")?, Client::Segment),
            };
            let form = match call {
                "batch" => Form::Batch(client),
                // Jitsu's clients name the event in the address of a track call that is not of the spec.
                "event" => Form::Call(EventType::Track, client),
                call => Form::Call(kind(call)?, client),
            };
            (Route::Take(form), POST)
        }
    })
}

/// The type of a call by its name or its one letter.
fn kind(call: &str) -> Option<EventType> {
    Some(match call {
        "t" => EventType::Track,
        "i" => EventType::Identify,
        "p" => EventType::Page,
        "s" => EventType::Screen,
        "g" => EventType::Group,
        "a" | "merge" => EventType::Alias,
        name => EventType::parse(name)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let call = |kind| Route::Take(Form::Call(kind, Client::Segment));
        assert_eq!(route("POST", "/v1/track"), call(EventType::Track));
        assert_eq!(route("POST", "/v1/t"), call(EventType::Track));
        assert_eq!(route("GET", "/u/abc"), Route::Unsubscribe("abc"));
        assert_eq!(route("POST", "/u/abc"), Route::Unsubscribe("abc"));
        assert_eq!(route("POST", "/v1/merge"), call(EventType::Alias));
        assert_eq!(route("POST", "/v1/batch/"), Route::Take(Form::Batch(Client::Segment)));
        assert_eq!(route("POST", "/api/s/s2s/page"), Route::Take(Form::Call(EventType::Page, Client::Jitsu)));
        assert_eq!(route("POST", "/api/public/apps/identify"), call(EventType::Identify));
        assert_eq!(route("OPTIONS", "/v1/import"), Route::Preflight);
        assert_eq!(route("GET", "/health"), Route::Health);
        assert_eq!(route("GET", "/v1/track"), Route::WrongMethod { allowed: "POST, OPTIONS" });
        assert_eq!(route("PUT", "/e/"), Route::WrongMethod { allowed: "GET, POST, OPTIONS" });
        assert_eq!(route("GET", "/v1/projects/k-1/settings"), Route::Ask(Question::SegmentSettings("k-1")));
        for unknown in
            ["/", "", "/v1", "/v1/", "/v1/purchase", "/v2/track", "/v1/track/x", "/api/s/", "/array/x"]
        {
            assert_eq!(route("POST", unknown), Route::Unknown, "{unknown}");
        }
    }
}
