//! Programs that open messages and follow their links in the place of people.

use crate::{Notice, Told};
use event::SECOND;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// By what an open or click is known as a program's.
///
/// The rules are made to mark too much rather than too little: a person who opens counts by their next click, a program
/// that counts spoils every rate, and ends journeys that wait for a click.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Machine {
    /// Apple's Mail Privacy Protection, which fetches the pictures of every message when it arrives: its agent is
    /// `Mozilla/5.0` and nothing else, or the address is one of Apple's (17.0.0.0/8).
    MailPrivacy,
    /// A proxy that fetches pictures for a mailbox: Google's and Yahoo's name themselves.
    ImageProxy,
    /// A program that names itself: a mail scanner, a preview, a crawler, a library.
    Agent,
    /// Nobody reads within [`Machine::TOO_SOON`] of the sending.
    TooSoon,
    /// Several links of one message at once; see [`mark_bursts`].
    AllLinks,
}

impl Machine {
    /// How long after its sending a message is not yet read by a person, ms.
    pub const TOO_SOON: i64 = 5 * SECOND;
    /// How many links of a message nobody follows within [`Machine::BURST_TIME`].
    pub const BURST: usize = 3;
    /// See [`Machine::BURST`]; ms.
    pub const BURST_TIME: i64 = 10 * SECOND;

    /// The sign as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Machine::MailPrivacy => "mail_privacy",
            Machine::ImageProxy => "image_proxy",
            Machine::Agent => "agent",
            Machine::TooSoon => "too_soon",
            Machine::AllLinks => "all_links",
        }
    }

    /// What tells of a program in one open or click, if anything does. `after` is how long after the sending it was, ms.
    pub(crate) fn of(agent: &str, address: &str, after: i64) -> Option<Machine> {
        let agent = agent.trim();
        let lower = agent.to_ascii_lowercase();
        let names = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        let apple = matches!(address.trim().parse(), Ok(IpAddr::V4(address)) if address.octets()[0] == 17);
        if agent == "Mozilla/5.0" || apple {
            Some(Machine::MailPrivacy)
        } else if names(&IMAGE_PROXIES) {
            Some(Machine::ImageProxy)
        } else if agent.is_empty() || names(&PROGRAMS) {
            Some(Machine::Agent)
        } else if after < Machine::TOO_SOON {
            Some(Machine::TooSoon)
        } else {
            None
        }
    }
}

/// As these proxies name themselves, in small letters.
const IMAGE_PROXIES: [&str; 4] = ["googleimageproxy", "ggpht.com", "yahoomailproxy", "yahoocachesystem"];

/// Words in the names of scanners, previews, crawlers and libraries, in small letters.
const PROGRAMS: [&str; 24] = [
    "bot",
    "crawler",
    "spider",
    "scanner",
    "preview",
    "barracuda",
    "mimecast",
    "proofpoint",
    "symantec",
    "sophos",
    "trendmicro",
    "forcepoint",
    "headless",
    "phantomjs",
    "python",
    "curl/",
    "wget/",
    "go-http-client",
    "java/",
    "okhttp",
    "libwww",
    "node-fetch",
    "axios",
    "apache-httpclient",
];

/// Marks clicks as a program's that came with others: [`Machine::BURST`] different links of one message within
/// [`Machine::BURST_TIME`]. Only what is told together can be seen together.
pub fn mark_bursts(notices: &mut [Notice]) {
    let mut clicks: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (index, notice) in notices.iter().enumerate() {
        if matches!(notice.told, Told::Clicked { .. }) {
            clicks.entry(notice.message.action).or_default().push(index);
        }
    }
    for indices in clicks.into_values() {
        let burst: Vec<usize> = indices
            .iter()
            .copied()
            .filter(|index| {
                let at = notices[*index].at;
                let near = indices.iter().map(|other| &notices[*other]);
                let near = near.filter(|other| (other.at - at).abs() <= Machine::BURST_TIME);
                let links: BTreeSet<&str> = near
                    .filter_map(|other| match &other.told {
                        Told::Clicked { link, .. } => Some(link.as_str()),
                        _ => None,
                    })
                    .collect();
                links.len() >= Machine::BURST
            })
            .collect();
        for index in burst {
            if let Told::Clicked { machine, .. } = &mut notices[index].told {
                machine.get_or_insert(Machine::AllLinks);
            }
        }
    }
}
