//! Experiments: who gets which arm, as every GrowthBook SDK would decide it.
//!
//! The method is the published one of the GrowthBook SDKs (<https://docs.growthbook.io/lib/build-your-own>, spec 0.5):
//! an attribute is hashed with FNV-1a (32 bits) into [0, 1), and the arm is the one whose bucket range holds that
//! number. So a page that runs an SDK of theirs, and a campaign here, put one visitor into one arm. Its test cases are
//! in `tests/growthbook`.

/// An experiment: arms, the first of them the control.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// What it is called in exposures.
    pub key: String,
    /// What its buckets are independent of others by; the key where none is stated.
    pub seed: String,
    pub hash: HashVersion,
    /// The names of the arms.
    pub arms: Vec<String>,
    /// The bucket range of each arm.
    pub ranges: Vec<BucketRange>,
    /// The part of a namespace that it is confined to.
    pub namespace: Option<Namespace>,
}

/// From (inside) and to (outside), within [0, 1].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BucketRange {
    pub from: f64,
    pub to: f64,
}

/// Experiments that lie in parts of one namespace that do not overlap never share a visitor.
#[derive(Debug, Clone, PartialEq)]
pub struct Namespace {
    pub name: String,
    pub range: BucketRange,
}

/// Which hash of the spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HashVersion {
    /// A thousand buckets, biased between experiments: for experiments that began with it.
    V1,
    /// Ten thousand buckets, without that bias.
    #[default]
    V2,
}

/// The arm of one visitor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assignment {
    /// Which of [`Experiment::arms`]: the control for those outside.
    pub arm: usize,
    /// Whether they take part, so that their exposure counts.
    pub takes_part: bool,
    /// Where in [0, 1) they fell; `None` where it was not asked.
    pub bucket: Option<f64>,
}

impl Experiment {
    /// Arms of equal weight, all people, no namespace.
    pub fn new(key: impl Into<String>, arms: impl IntoIterator<Item = impl Into<String>>) -> Experiment {
        let key = key.into();
        let arms: Vec<String> = arms.into_iter().map(Into::into).collect();
        let ranges = bucket_ranges(arms.len(), 1.0, None);
        Experiment { seed: key.clone(), key, hash: HashVersion::default(), arms, ranges, namespace: None }
    }

    /// The same with a share of the people (0 to 1), and with weights of the arms that come to 1.
    #[must_use]
    pub fn weighted(mut self, coverage: f64, weights: Option<&[f64]>) -> Experiment {
        self.ranges = bucket_ranges(self.arms.len(), coverage, weights);
        self
    }

    /// The arm of the visitor whose attribute has this text: always the same.
    pub fn assign(&self, attribute: &str) -> Assignment {
        let outside = Assignment { arm: 0, takes_part: false, bucket: None };
        let in_namespace = || self.namespace.as_ref().is_none_or(|namespace| namespace.holds(attribute));
        if attribute.is_empty() || self.arms.len() < 2 || !in_namespace() {
            return outside;
        }
        let bucket = self.hash.hash(&self.seed, attribute);
        match choose(bucket, &self.ranges).filter(|arm| *arm < self.arms.len()) {
            Some(arm) => Assignment { arm, takes_part: true, bucket: Some(bucket) },
            None => Assignment { bucket: Some(bucket), ..outside },
        }
    }

    /// The name of an assigned arm.
    pub fn arm(&self, assignment: Assignment) -> &str {
        self.arms.get(assignment.arm).map_or("", String::as_str)
    }
}

impl BucketRange {
    /// Whether a number falls into it.
    pub fn holds(self, n: f64) -> bool {
        n >= self.from && n < self.to
    }
}

impl Namespace {
    /// Whether its part holds a visitor.
    pub fn holds(&self, attribute: &str) -> bool {
        self.range.holds(HashVersion::V1.hash(&format!("__{}", self.name), attribute))
    }
}

impl HashVersion {
    /// The version of that number.
    pub fn of(number: u32) -> Option<HashVersion> {
        match number {
            1 => Some(HashVersion::V1),
            2 => Some(HashVersion::V2),
            _ => None,
        }
    }

    /// A number in [0, 1).
    pub fn hash(self, seed: &str, value: &str) -> f64 {
        match self {
            HashVersion::V1 => f64::from(fnv1a([value, seed]) % 1_000) / 1_000.0,
            HashVersion::V2 => {
                let first = fnv1a([seed, value]);
                f64::from(fnv1a([first.to_string().as_str(), ""]) % 10_000) / 10_000.0
            }
        }
    }
}

/// The range of each of so many arms, at a coverage from 0 to 1 (what is beyond is taken for the nearest). Weights of
/// another number, or that do not come to about 1, are taken for equal.
pub fn bucket_ranges(arms: usize, coverage: f64, weights: Option<&[f64]>) -> Vec<BucketRange> {
    let coverage = coverage.clamp(0.0, 1.0);
    let equal = vec![1.0 / arms.max(1) as f64; arms];
    let sums_to_one = |weights: &&[f64]| (0.99..=1.01).contains(&weights.iter().sum::<f64>());
    let weights = weights.filter(|weights| weights.len() == arms).filter(sums_to_one).unwrap_or(&equal);
    let mut from = 0.0;
    let range = |weight: &f64| {
        let range = BucketRange { from, to: from + coverage * weight };
        from += weight;
        range
    };
    weights.iter().map(range).collect()
}

/// The first range that holds a number.
pub fn choose(n: f64, ranges: &[BucketRange]) -> Option<usize> {
    ranges.iter().position(|range| range.holds(n))
}

/// FNV-1a of 32 bits over the UTF-16 units of a text in two parts, as the JavaScript SDK reckons it: for ASCII the same
/// as over bytes. (Fowler, Noll, Vo: The FNV Non-Cryptographic Hash Algorithm, RFC 9923.)
fn fnv1a(parts: [&str; 2]) -> u32 {
    let units = parts.into_iter().flat_map(str::encode_utf16);
    units.fold(0x811c_9dc5, |hash, unit| (hash ^ u32::from(unit)).wrapping_mul(0x0100_0193))
}
