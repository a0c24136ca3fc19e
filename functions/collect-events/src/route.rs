//! Which address means what.

use event::EventType;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    Health,
    /// A browser asks whether it may send.
    Preflight,
    /// One event, its type given by the address.
    Call(EventType),
    /// Many events of now.
    Batch,
    /// Many events of the past.
    Import,
    /// A known address, asked in another way than the one named.
    WrongMethod {
        allowed: &'static str,
    },
    Unknown,
}

/// All routes, as answers name them.
pub(crate) const ROUTES: &str = "POST /v1/identify, /v1/track, /v1/page, /v1/screen, /v1/group, /v1/alias, \
    /v1/batch, /v1/import; GET /health";

pub(crate) fn route(method: &str, path: &str) -> Route {
    let path = path.strip_suffix('/').unwrap_or(path);
    let (target, expected, allowed) = match path.strip_prefix("/v1/") {
        Some("batch") => (Route::Batch, "POST", "POST, OPTIONS"),
        Some("import") => (Route::Import, "POST", "POST, OPTIONS"),
        Some(call) => match EventType::parse(call) {
            Some(kind) => (Route::Call(kind), "POST", "POST, OPTIONS"),
            None => return Route::Unknown,
        },
        None if path == "/health" => (Route::Health, "GET", "GET, OPTIONS"),
        None => return Route::Unknown,
    };
    match method {
        "OPTIONS" => Route::Preflight,
        _ if method == expected => target,
        _ => Route::WrongMethod { allowed },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(route("POST", "/v1/track"), Route::Call(EventType::Track));
        assert_eq!(route("POST", "/v1/batch/"), Route::Batch);
        assert_eq!(route("OPTIONS", "/v1/import"), Route::Preflight);
        assert_eq!(route("GET", "/health"), Route::Health);
        assert_eq!(route("GET", "/v1/track"), Route::WrongMethod { allowed: "POST, OPTIONS" });
        for unknown in ["/", "", "/v1", "/v1/", "/v1/purchase", "/v2/track", "/v1/track/x"] {
            assert_eq!(route("POST", unknown), Route::Unknown, "{unknown}");
        }
    }
}
