//! The endpoints that stand in for AWS, and another client that makes what adapters work on, and reads what they left.

use aws::Aws;
use rondo_tests::Endpoint;
pub use rondo_tests::other_client;
use tokio::runtime::Runtime;

/// Runs a test against every endpoint. It may block: the runtime has several threads.
pub fn each<F: Future<Output = ()>>(test: impl Fn(&'static Endpoint, Aws) -> F) {
    let runtime = Runtime::new().unwrap();
    for endpoint in [Endpoint::ministack(), Endpoint::moto()] {
        runtime.block_on(async { test(endpoint, Aws::local(endpoint.url(), None).await).await });
    }
}
