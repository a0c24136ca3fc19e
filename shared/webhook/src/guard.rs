//! Finds a webhook's host, once, and lets no address through that is none of a webhook.

use crate::address::{Place, place_of};
use std::error::Error as StdError;
use std::fmt;
use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// Looks a host up as usual, and refuses it where any of its addresses is not allowed. The connection is made to the
/// addresses that were looked at: nothing is looked up a second time, so that a name can't lead somewhere else in
/// between.
#[derive(Debug)]
pub(crate) struct Guard<R = DefaultResolver> {
    /// Whether private addresses are allowed.
    private: bool,
    names: R,
}

/// The host has an address that is not allowed. Which, is not said: it would tell a stranger about the network.
#[derive(Debug)]
pub(crate) struct Forbidden;

impl Guard {
    pub(crate) fn new(private: bool) -> Guard {
        Guard { private, names: DefaultResolver::default() }
    }
}

impl<R: Resolver> Resolver for Guard<R> {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let found = self.names.resolve(uri, config, timeout)?;
        let allowed = |place| match place {
            Place::Public => true,
            Place::Private => self.private,
            Place::Nowhere => false,
        };
        match found.iter().all(|address| allowed(place_of(address.ip()))) {
            true => Ok(found),
            false => Err(Error::Other(Box::new(Forbidden))),
        }
    }
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the host is in a private network, or nowhere that a webhook may be")
    }
}

impl StdError for Forbidden {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;
    use ureq::Agent;
    use ureq::unversioned::transport::DefaultConnector;

    /// Names that mean these addresses, and then the next ones at each further look: a name that is made to lead
    /// elsewhere.
    #[derive(Debug)]
    struct Names {
        answers: Vec<Vec<SocketAddr>>,
        asked: Arc<AtomicUsize>,
    }

    impl Resolver for Names {
        fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
            let turn = self.asked.fetch_add(1, Ordering::SeqCst);
            let mut found = self.empty();
            self.answers[turn.min(self.answers.len() - 1)].iter().for_each(|address| found.push(*address));
            Ok(found)
        }
    }

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    /// Posts to a name, and returns whether it was forbidden, and how often the name was looked up.
    fn post(private: bool, answers: Vec<Vec<SocketAddr>>) -> (bool, usize) {
        let asked = Arc::new(AtomicUsize::new(0));
        let guard = Guard { private, names: Names { answers, asked: Arc::clone(&asked) } };
        let config = Agent::config_builder().timeout_global(Some(Duration::from_secs(2))).build();
        let agent = Agent::with_parts(config, DefaultConnector::new(), guard);
        let result = agent.post("http://innocent.example/").send("{}");
        let forbidden = matches!(&result, Err(Error::Other(error)) if error.is::<Forbidden>());
        (forbidden, asked.load(Ordering::SeqCst))
    }

    #[test]
    fn a_name_is_looked_up_once_and_every_address_counts() {
        let loopback = address("127.0.0.1:9");
        assert_eq!(post(false, vec![vec![loopback]]), (true, 1));
        // One bad address among good ones is enough: which one is connected to is not ours to choose.
        assert_eq!(post(false, vec![vec![address("8.8.8.8:80"), loopback]]), (true, 1));
        assert_eq!(post(true, vec![vec![loopback, address("169.254.169.254:80")]]), (true, 1));
        // A name that would lead elsewhere at a second look never gets one; nobody listens on the discard port.
        assert_eq!(post(true, vec![vec![loopback], vec![address("169.254.169.254:80")]]), (false, 1));
    }
}
