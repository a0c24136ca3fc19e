//! Which refused records are meant.

use crate::installation::clock;
use anyhow::{Context, Result, bail};
use clap::Args;
use event::{Code, DAY, HOUR, MINUTE, Quarantined, parse_time};
use serde::{Deserialize, Serialize};

#[derive(Debug, Args)]
pub struct FilterArgs {
    /// Only those refused for this reason, for example invalid_row; may be given several times
    #[arg(long = "code", value_name = "CODE")]
    codes: Vec<String>,
    /// Only those of this source: a write key's name, a queue's, a file's, or file:line
    #[arg(long)]
    source: Option<String>,
    /// Only those refused since then: 2026-11-01, 2026-11-01T10:00:00Z, or 30m, 12h, 7d ago
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
}

/// The same, ready to be asked.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Filter {
    codes: Vec<String>,
    source: Option<String>,
    /// UTC ms.
    since: Option<i64>,
}

impl FilterArgs {
    pub fn read(&self) -> Result<Filter> {
        if let Some(unknown) = self.codes.iter().find(|code| Code::parse(code).is_none()) {
            bail!(
                "no record is refused for `{unknown}`; `rondo quarantine` shows the reasons that there are"
            );
        }
        let since = self.since.as_deref().map(|text| moment(text, clock())).transpose()?;
        Ok(Filter { codes: self.codes.clone(), source: self.source.clone(), since })
    }
}

impl Filter {
    /// Whether it leaves nothing out.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty() && self.source.is_none() && self.since.is_none()
    }

    pub fn holds(&self, record: &Quarantined) -> bool {
        let code = record.rejection.code.as_str();
        (self.codes.is_empty() || self.codes.iter().any(|wanted| wanted == code))
            && self.since.is_none_or(|since| record.at >= since)
            && self.source.as_deref().is_none_or(|source| is_of(&record.source, source))
    }
}

/// Whether a record's source is the one named, or a line or message of it.
fn is_of(source: &str, named: &str) -> bool {
    source == named || source.rsplit_once(':').is_some_and(|(name, _)| name == named)
}

/// A time, or so long before `now`; UTC ms.
fn moment(text: &str, now: i64) -> Result<i64> {
    let units = [("m", MINUTE), ("h", HOUR), ("d", DAY)];
    let ago = units.into_iter().find_map(|(name, unit)| {
        let count: i64 = text.strip_suffix(name)?.parse().ok()?;
        (count >= 0).then(|| now.saturating_sub(count.saturating_mul(unit)))
    });
    ago.or_else(|| parse_time(text))
        .with_context(|| format!("`{text}` is no time; write 2026-11-01, or 30m, 12h or 7d for so long ago"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sources() {
        assert_eq!(moment("2h", 10 * HOUR).unwrap(), 8 * HOUR);
        assert_eq!(moment("7d", 0).unwrap(), -7 * DAY);
        assert_eq!(moment("1970-01-02", 0).unwrap(), DAY);
        assert!(moment("soon", 0).is_err() && moment("-1d", 0).is_err());
        assert!(is_of("shop.csv:7", "shop.csv") && is_of("shop.csv:7", "shop.csv:7") && is_of("web", "web"));
        assert!(
            !is_of("shop.csv:7", "shop") && !is_of("shop.csv:7", "shop.csv:70") && !is_of("webshop", "web")
        );
    }
}
