//! The settings of identities: how many identifiers of a kind one person may have, and which values identify nobody.

use crate::{Problem, Problems};
use event::{BlockedIdentifiers, IdentifierKind};
use person::Limits;
use serde::Deserialize;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;
use std::path::Path;

/// The part `identity` of the file of settings, by kind of identifier.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct IdentityFile(BTreeMap<String, Spanned<KindFile>>);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KindFile {
    limit: Option<Spanned<u64>>,
    #[serde(default)]
    blocked: Vec<Spanned<String>>,
}

impl IdentityFile {
    /// The limits and blocked values, checked; each mistake is reported with its place. Phone numbers without a
    /// country code are read as ones of `region`.
    pub(crate) fn check(
        self,
        path: &Path,
        region: &str,
        problems: &mut Problems,
    ) -> (Limits, BlockedIdentifiers) {
        let mut limits = Limits::default();
        let mut blocked = Vec::new();
        let mut wrong = |line, column, message: String| {
            problems.add(Problem::new(path, line, column, message));
        };
        let mut last = (0, 0);
        for (name, file) in self.0 {
            let (line, column) = (file.referenced.line(), file.referenced.column());
            let file = file.value;
            let Some(kind) = IdentifierKind::all().find(|kind| kind.as_str() == name) else {
                let kinds: Vec<&str> = IdentifierKind::all().map(IdentifierKind::as_str).collect();
                wrong(line, column, format!("`{}` is no kind of identifier; use {}", name, kinds.join(", ")));
                continue;
            };
            if let Some(limit) = file.limit {
                let (line, column) = (limit.referenced.line(), limit.referenced.column());
                match u8::try_from(limit.value) {
                    Ok(1) => limits.set(kind, 1),
                    Ok(most @ 2..=100) if kind != IdentifierKind::User => limits.set(kind, most),
                    _ if kind == IdentifierKind::User => {
                        wrong(
                            line,
                            column,
                            "a person has one user_id: two are two people; leave the limit out".into(),
                        );
                    }
                    _ => {
                        wrong(line, column, format!("a limit is a number from 1 to 100, not {}", limit.value))
                    }
                }
                last = last.max((line, column));
            }
            for value in file.blocked {
                match BlockedIdentifiers::cleaned(kind, &value.value, region) {
                    Some(cleaned) => blocked.push((kind, cleaned)),
                    None => wrong(
                        value.referenced.line(),
                        value.referenced.column(),
                        format!("this is no {}, so that it need not be blocked", kind.as_str()),
                    ),
                }
            }
        }
        if limits.sum() > Limits::MOST {
            let reason = format!(
                "the limits of all kinds add up to {}; a person may have {} identifiers, so lower some",
                limits.sum(),
                Limits::MOST
            );
            wrong(last.0, last.1, reason);
        }
        (limits, BlockedIdentifiers::new(blocked))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Files, FromFiles, Settings};
    use event::IdentifierKind::{Anonymous, Email, Phone, User};

    fn read(yaml: &str) -> (Settings, Vec<String>) {
        let mut files = Files::default();
        files.insert("settings.yaml", yaml.to_owned());
        let (settings, problems) = <Settings as FromFiles>::read(&files);
        (settings, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn limits_and_blocked_values_are_read() {
        let (settings, problems) = read(
            "region: DE\nidentity:\n  email: { limit: 3, blocked: [\" Shop@X.de \"] }\n  anonymous_id:\n    limit: 40\n  \
             phone:\n    blocked: [\"030 1234567\"]\n  user_id: { limit: 1, blocked: [tester, 42] }\n",
        );
        assert_eq!(problems, Vec::<String>::new());
        let limits = settings.identity.limits;
        assert_eq!([Email, Anonymous, User, Phone].map(|kind| limits.of(kind)), [3, 40, 1, 5]);
        let blocked = settings.parser.blocked;
        assert!(blocked.blocks(Email, "shop@x.de") && blocked.blocks(Phone, "+49301234567"));
        assert!(blocked.blocks(User, "tester") && blocked.blocks(User, "42"));
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let (_, problems) = read(
            "identity:\n  mail: { limit: 3 }\n  user_id: { limit: 2 }\n  phone:\n    limit: 0\n    blocked: [none]\n",
        );
        assert_eq!(problems.len(), 4, "{problems:?}");
        let has = |place: &str, text: &str| {
            assert!(
                problems.iter().any(|p| p.starts_with(place) && p.contains(text)),
                "{place} in {problems:?}"
            );
        };
        has("settings.yaml:2:", "`mail` is no kind of identifier; use user_id, union_id");
        has("settings.yaml:3:", "a person has one user_id");
        has("settings.yaml:5:", "from 1 to 100");
        has("settings.yaml:6:", "this is no phone");
        let (_, problems) = read("identity:\n  email: { limit: 60 }\n  anonymous_id: { limit: 90 }\n");
        assert!(problems[0].contains("lower some"), "{problems:?}");
    }
}
