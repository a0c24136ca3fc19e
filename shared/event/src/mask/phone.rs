//! Telephone numbers in running text: which digits look like one, before a library says whether it can exist.

use super::number::Written;

/// How the country of an installation writes its telephone numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plan {
    China,
    /// Ten digits, `(415) 555-2671`.
    NorthAmerica,
    /// A national number begins with 0 (in Russia with 8).
    Trunk,
    /// A national number has no such sign.
    Open,
}

/// How sure one can be that such digits are a telephone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Likeness {
    No,
    /// If it stands among words.
    Weak,
    Strong,
}

impl Plan {
    /// `region` is an ISO 3166 code.
    pub fn of(region: &str) -> Plan {
        const NORTH_AMERICA: [&str; 9] = ["US", "CA", "PR", "DO", "JM", "TT", "BS", "BB", "BM"];
        const OPEN: [&str; 22] = [
            "ES", "PT", "PL", "CZ", "DK", "NO", "IT", "GR", "HK", "SG", "MO", "LU", "MT", "CY", "EE", "LV",
            "IS", "IN", "MX", "BR", "CL", "CR",
        ];
        match region {
            "CN" => Plan::China,
            region if NORTH_AMERICA.contains(&region) => Plan::NorthAmerica,
            region if OPEN.contains(&region) => Plan::Open,
            _ => Plan::Trunk,
        }
    }

    /// Whether numbers of eight characters are telephone numbers here.
    pub fn is_short(self) -> bool {
        self != Plan::China
    }

    /// The first `groups` groups as a national number.
    pub fn likeness(self, written: &Written, groups: usize, bracket: bool) -> Likeness {
        let digits = written.first(groups);
        let sizes = &written.sizes[..groups];
        let bare = if groups == 1 { Likeness::Weak } else { Likeness::Strong };
        let grouped = groups > 1 && (bracket || written.joined_by(groups, b" -."));
        let found = match self {
            _ if is_date(sizes) => false,
            Plan::China => {
                let landline = matches!(digits, [b'0', b'1'..=b'9', ..]) && (10..=12).contains(&digits.len());
                landline && (groups == 1 || groups <= 3 && (3..=4).contains(&sizes[0]))
            }
            Plan::NorthAmerica => {
                let national = if sizes[0] == 1 && digits[0] == b'1' { &sizes[1..] } else { sizes };
                let length = matches!(digits.len(), 10 if digits[0] >= b'2')
                    || digits.len() == 11 && digits[0] == b'1';
                length && matches!(national, [10] | [11] | [3, 3, 4] | [3, 7])
            }
            Plan::Trunk if digits[0] == b'8' => digits.len() == 11 && groups > 2,
            Plan::Trunk => {
                let length =
                    (9..=12).contains(&digits.len()) && (bracket || digits[0] == b'0' && sizes[0] > 1);
                length && (groups == 1 || grouped)
            }
            Plan::Open => {
                let small = sizes.iter().all(|size| (2..=5).contains(size));
                (8..=11).contains(&digits.len())
                    && (groups == 1 || bracket || small && written.joined_by(groups, b" -"))
                    && digits[0] != b'0'
            }
        };
        if found { bare } else { Likeness::No }
    }
}

/// Whether the first groups are a national number behind an area code in brackets: `(030) 901820`.
pub(super) fn has_area_code(written: &Written, groups: usize) -> bool {
    let digits = written.first(groups);
    groups > 1
        && (3..=6).contains(&written.sizes[0])
        && written.joints[1] == b'('
        && !written.joints[2..groups].contains(&b'(')
        && matches!(digits, [b'0', b'1'..=b'9', ..])
        && (8..=12).contains(&digits.len())
}

/// The mobile number of eleven digits, if the first groups are one of China, with or without its country code.
pub(super) fn chinese_mobile(written: &Written, groups: usize, plan: Plan) -> Option<&[u8]> {
    let digits = written.first(groups);
    let sizes = &written.sizes[..groups];
    if !written.joined_by(groups, b" -") {
        return None;
    }
    let (mobile, coded) = match digits.len() {
        11 => (digits, false),
        13 => (digits.strip_prefix(b"86")?, true),
        15 => (digits.strip_prefix(b"0086")?, true),
        _ => return None,
    };
    let layout = match sizes {
        [11] => plan == Plan::China,
        [3, 4, 4] | [3, 3, 5] | [3, 8] => true,
        [7, 4] => plan == Plan::China,
        _ => coded,
    };
    (layout && matches!(mobile, [b'1', b'3'..=b'9', ..])).then_some(mobile)
}

/// Year, month, day in either order.
fn is_date(sizes: &[u8]) -> bool {
    matches!(sizes, [4, 1..=2, 1..=2, ..] | [1..=2, 1..=2, 4, ..])
}
