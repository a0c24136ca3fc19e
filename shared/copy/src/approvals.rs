//! Who approved which generated template.

use crate::draft::Draft;
use campaign::Templates;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The file `approvals.yaml` of a configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Approvals(Vec<Approval>);

/// One approval: these bytes are what somebody read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The template's name.
    pub template: String,
    /// Of the template's bytes.
    pub sha256: String,
    pub by: String,
    /// As in `2026-11-22T10:00:00.000Z`.
    pub at: String,
    pub campaign: String,
    pub step: String,
    pub model: String,
    /// The hash of the prompt.
    pub prompt: String,
}

/// What the file begins with.
const HEAD: &str = "# Who approved which template that a model wrote, by its bytes. `rondo copy approve` writes this file, and \
                    `rondo check`\n# holds the templates to it. The last line of a template counts.\n";

impl Approvals {
    /// The file's name, below the configuration's folder.
    pub const FILE: &'static str = "approvals.yaml";

    /// Reads the file; an empty one holds none.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(yaml: &str) -> Result<Approvals, serde_saphyr::Error> {
        let approvals: Option<Vec<Approval>> = serde_saphyr::from_str(yaml)?;
        Ok(Approvals(approvals.unwrap_or_default()))
    }

    /// The file with one more.
    pub fn with(text: &str, approval: &Approval) -> String {
        let before = if text.trim().is_empty() { HEAD.to_owned() } else { text.trim_end().to_owned() + "\n" };
        format!("{before}- {}\n", serde_json::to_string(approval).unwrap_or_default())
    }

    /// The last approval of a template.
    pub fn of(&self, template: &str) -> Option<&Approval> {
        self.0.iter().rev().find(|approval| approval.template == template)
    }

    /// Whether a file may be a template: no draft may, nor one that was approved and changed since.
    ///
    /// # Errors
    /// Why it may not, and what to do.
    pub fn admit(&self, template: &str, text: &str) -> Result<(), String> {
        if Draft::is_one(text) || template.contains(Templates::DRAFT) {
            return Err("it is a draft, which nobody approved: move it back to drafts/, and have `rondo copy approve` \
                        make a template of it"
                .to_owned());
        }
        match self.of(template) {
            Some(approval) if approval.sha256 != sha256(text.as_bytes()) => Err(format!(
                "a model wrote it, and it was changed after {} approved it on {}: read it again, then write `rondo copy \
                 approve {template} --by NAME`",
                approval.by,
                approval.at.split('T').next().unwrap_or_default()
            )),
            _ => Ok(()),
        }
    }
}

/// In hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_approved_is_held_to_its_bytes() {
        let approval = |text: &str, by: &str| Approval {
            template: "cart-1.html".into(),
            sha256: sha256(text.as_bytes()),
            by: by.into(),
            at: "2026-11-22T10:00:00.000Z".into(),
            campaign: "cart".into(),
            step: "reminder".into(),
            model: "m".into(),
            prompt: "p".into(),
        };
        let first = Approvals::with("", &approval("<p>A</p>", "Ann: \"A\""));
        let approvals = Approvals::parse(&first).unwrap();
        assert_eq!(approvals.of("cart-1.html"), Some(&approval("<p>A</p>", "Ann: \"A\"")));
        assert_eq!(approvals.admit("cart-1.html", "<p>A</p>"), Ok(()));
        assert_eq!(
            approvals.admit("welcome.html", "<p>B</p>"),
            Ok(()),
            "what people wrote needs nobody's word"
        );
        let changed = approvals.admit("cart-1.html", "<p>A!</p>").unwrap_err();
        assert!(changed.contains("approved it on 2026-11-22: read it again"), "{changed}");
        // The last word counts.
        let again = Approvals::parse(&Approvals::with(&first, &approval("<p>A!</p>", "Bo"))).unwrap();
        assert_eq!(again.admit("cart-1.html", "<p>A!</p>"), Ok(()));
        assert!(again.admit("cart-1.html", "<p>A</p>").unwrap_err().contains("after Bo approved it"));
        assert_eq!(Approvals::parse("").unwrap(), Approvals::default());
        assert_eq!(Approvals::parse("# none yet\n").unwrap(), Approvals::default());
        assert!(Approvals::parse("a: 1").is_err());
        // Published for "abc" (FIPS 180-2, B.1).
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
