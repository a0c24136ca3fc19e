//! What a deployment sets for one webhook.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;

/// One webhook. Its URL and what it signs with may be secrets, so that neither is printed.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct WebhookSettings {
    /// `https://`, or `http://` where `http` allows it; empty where it is among the secrets and these are not there.
    pub url: String,
    /// The fields of the vault (`phone`, `first_name`, …) that are posted to it.
    pub personal: Vec<String>,
    /// How the body is written.
    pub form: WebhookForm,
    /// Whether its URL may be `http://`, so that everybody on the way reads what is sent.
    pub http: bool,
    /// Whether it may be in a private network: loopback, RFC 1918, unique local and shared addresses. Link-local
    /// addresses, where clouds keep the credentials of a machine, are never posted to.
    pub private_network: bool,
    /// What bodies are signed with, each for itself, so that a new secret can be handed out before the old one goes:
    /// `whsec_` and base64 for a webhook of ours, what the robot's page shows for a robot. None: nothing is signed.
    pub secrets: Vec<String>,
}

/// How the body of a webhook is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WebhookForm {
    /// A JSON object with everything of the message.
    #[default]
    Json,
    /// A text message of a WeCom (Weixin Work) group robot.
    WeCom,
    /// A text message of a DingTalk group robot.
    DingTalk,
    /// A text message of a Feishu (or Lark) group robot.
    Feishu,
}

/// What of webhooks is no part of the configuration, by their names.
#[derive(Clone, Default)]
pub struct WebhookSecrets(BTreeMap<String, Secrets>);

#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Secrets {
    /// Wins over the configuration's.
    url: Option<String>,
    secrets: Vec<String>,
}

impl WebhookSecrets {
    /// How many secrets of a webhook hold at once.
    pub const MAX: usize = 2;

    /// Reads a JSON object of name and `{"url": "…", "secrets": ["whsec_…"]}`; empty text is none.
    ///
    /// # Errors
    /// Anything else; the error quotes nothing of it.
    pub fn parse(json: &[u8]) -> Result<WebhookSecrets, String> {
        if json.is_empty() {
            return Ok(WebhookSecrets::default());
        }
        let read: BTreeMap<String, Secrets> = serde_json::from_slice(json).map_err(|error| {
            format!(
                "line {} column {}: not a JSON object of names and secrets, like \
                 {{\"sms\": {{\"secrets\": [\"whsec_…\"]}}}}",
                error.line(),
                error.column()
            )
        })?;
        match read.iter().find(|(_, secrets)| secrets.secrets.len() > WebhookSecrets::MAX) {
            Some((name, _)) => {
                Err(format!("`{name}` has more than {} secrets; take the oldest away", WebhookSecrets::MAX))
            }
            None => Ok(WebhookSecrets(read)),
        }
    }

    /// Puts the secrets beside the settings of their webhooks.
    pub fn fill(&self, webhooks: &mut BTreeMap<String, WebhookSettings>) {
        for (name, settings) in webhooks {
            let Some(secrets) = self.0.get(name) else { continue };
            if let Some(url) = &secrets.url {
                settings.url.clone_from(url);
            }
            settings.secrets.clone_from(&secrets.secrets);
        }
    }

    /// The names of those that have any.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSettings")
            .field("personal", &self.personal)
            .field("form", &self.form)
            .field("http", &self.http)
            .field("private_network", &self.private_network)
            .field("secrets", &self.secrets.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for WebhookSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_stand_beside_the_settings_and_are_not_printed() {
        let json = br#"{"sms":{"secrets":["whsec_bmV3","whsec_b2xk"]},"ops":{"url":"https://robot.example/?t=s3cret"}}"#;
        let secrets = WebhookSecrets::parse(json).unwrap();
        let named = |url: &str| WebhookSettings { url: url.to_owned(), ..WebhookSettings::default() };
        let mut webhooks = BTreeMap::from([
            ("ops".to_owned(), named("")),
            ("other".to_owned(), named("https://other.example/")),
            ("sms".to_owned(), named("https://sms.example/")),
        ]);
        secrets.fill(&mut webhooks);
        assert_eq!(webhooks["sms"].secrets, ["whsec_bmV3", "whsec_b2xk"]);
        assert_eq!(webhooks["sms"].url, "https://sms.example/");
        assert_eq!(webhooks["ops"].url, "https://robot.example/?t=s3cret");
        assert_eq!(webhooks["other"], named("https://other.example/"));
        let printed = format!("{webhooks:?} {secrets:?}");
        for secret in ["s3cret", "whsec_", "bmV3"] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }

    #[test]
    fn secrets_that_cannot_be_read_are_not_quoted() {
        for json in [r#"{"sms":"s3cret"}"#, r#"{"sms":{"secret":["s3cret"]}}"#, "s3cret"] {
            let error = WebhookSecrets::parse(json.as_bytes()).unwrap_err();
            assert!(error.starts_with("line 1 column") && !error.contains("s3cret"), "{error}");
        }
        let many = br#"{"sms":{"secrets":["a","b","c"]}}"#;
        assert!(WebhookSecrets::parse(many).unwrap_err().contains("`sms`"));
        assert_eq!(WebhookSecrets::parse(b"").unwrap().names().count(), 0);
    }
}
