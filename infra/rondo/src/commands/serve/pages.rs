//! The report, and the files beside it.

use super::desk::{Desk, Request};
use super::http::Answer;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::{Response, StatusCode};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// How long somebody waits for a report to be made.
const PATIENCE: Duration = Duration::from_secs(120);

/// Whether an address is one of these pages.
pub fn is_page(path: &str) -> bool {
    path == "/" || path == "/report" || path.starts_with("/reports/")
}

/// Answers a GET. `folder` is the data folder.
pub async fn page(desk: &Desk, folder: &Path, path: &str) -> Answer {
    let file = match path {
        "/" | "/report" => {
            let (answer, made) = oneshot::channel();
            desk.put(Request::Report(answer));
            match timeout(PATIENCE, made).await {
                Ok(Ok(Ok(page))) => page,
                Ok(Ok(Err(_))) => {
                    return text(StatusCode::INTERNAL_SERVER_ERROR, "The report failed; the log says why.");
                }
                Ok(Err(_)) => return text(StatusCode::SERVICE_UNAVAILABLE, "The server is stopping."),
                Err(_) => {
                    return text(
                        StatusCode::SERVICE_UNAVAILABLE,
                        "The report is being made; reload this page.",
                    );
                }
            }
        }
        path => match inside(folder, path) {
            Some(file) => file,
            None => return text(StatusCode::NOT_FOUND, "There is no such report."),
        },
    };
    let read = spawn_blocking(move || {
        let file = if file.is_dir() { file.join("index.html") } else { file };
        fs::read(&file).map(|bytes| (bytes, file))
    });
    match read.await {
        Ok(Ok((bytes, file))) => answer(StatusCode::OK, content_type(&file), bytes),
        _ => text(StatusCode::NOT_FOUND, "There is no such report."),
    }
}

/// The file of an address below `reports/`; `None` for one that leads out of it.
fn inside(folder: &Path, path: &str) -> Option<PathBuf> {
    let relative = Path::new(path.strip_prefix('/')?);
    let plain = |part: Component<'_>| matches!(part, Component::Normal(name) if !name.to_string_lossy().starts_with('.'));
    relative.components().all(plain).then(|| folder.join(relative))
}

fn content_type(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}

fn text(status: StatusCode, text: &str) -> Answer {
    answer(status, "text/plain; charset=utf-8", format!("{text}\n").into_bytes())
}

fn answer(status: StatusCode, content_type: &'static str, bytes: Vec<u8>) -> Answer {
    let mut response = Response::new(Full::new(Bytes::from(bytes)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_stay_within_the_reports() {
        let folder = Path::new("/data");
        let page = inside(folder, "/reports/latest/index.html");
        assert_eq!(page, Some(PathBuf::from("/data/reports/latest/index.html")));
        for outside in
            ["/reports/../keys/hash.key", "/reports//../store.redb", "/reports/.hidden", "reports/x"]
        {
            assert_eq!(inside(folder, outside), None, "{outside}");
        }
    }
}
