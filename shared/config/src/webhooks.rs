//! The sections of webhooks: those that come in, and those that messages leave by.

use campaign::{WebhookForm, WebhookSettings};
use event::dialect::{ShopSystem, WebhookSource};
use serde::Deserialize;
use serde_saphyr::Spanned;

/// A webhook that messages leave by.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookFile {
    /// None where it is among the secrets.
    #[serde(default)]
    url: Option<Spanned<String>>,
    #[serde(default)]
    personal: Vec<String>,
    #[serde(default)]
    form: WebhookForm,
    #[serde(default)]
    http: bool,
    #[serde(default)]
    private_network: bool,
}

impl WebhookFile {
    /// The settings, and what is wrong with the URL.
    pub fn check(self) -> Result<WebhookSettings, (Spanned<String>, String)> {
        if let Some(url) = self.url.as_ref().filter(|url| {
            let is = |scheme: &str| {
                url.value.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
            };
            !(is("https://") || (self.http && is("http://")))
        }) {
            // The URL is not quoted: it may hold a secret.
            let advice =
                "a webhook's url starts with https://; `http: true` beside it allows http:// as well";
            return Err((url.clone(), advice.to_owned()));
        }
        Ok(WebhookSettings {
            url: self.url.map(|url| url.value).unwrap_or_default(),
            personal: self.personal,
            form: self.form,
            http: self.http,
            private_network: self.private_network,
            secrets: Vec::new(),
        })
    }
}

/// A source of webhooks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IncomingFile {
    kind: IncomingKind,
    #[serde(default)]
    completed: Completed,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum IncomingKind {
    Shopify,
    WooCommerce,
}

/// When an order counts.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Completed {
    #[default]
    Placed,
    Paid,
}

impl From<IncomingFile> for WebhookSource {
    fn from(file: IncomingFile) -> WebhookSource {
        let system = match file.kind {
            IncomingKind::Shopify => ShopSystem::Shopify,
            IncomingKind::WooCommerce => ShopSystem::WooCommerce,
        };
        WebhookSource { system, completed_when_paid: matches!(file.completed, Completed::Paid) }
    }
}
