//! The endpoints that stand in for AWS, and another client (boto3) that makes what adapters work on, and reads what they
//! left.

use aws::Aws;
use rondo_tests::{Endpoint, python};
use std::process::Command;
use tokio::runtime::Runtime;

/// Runs a test against every endpoint. It may block: the runtime has several threads.
pub fn each<F: Future<Output = ()>>(test: impl Fn(&'static Endpoint, Aws) -> F) {
    let runtime = Runtime::new().unwrap();
    for endpoint in [Endpoint::ministack(), Endpoint::moto()] {
        runtime.block_on(async { test(endpoint, Aws::local(endpoint.url(), None).await).await });
    }
}

/// Runs a program of the other client, which sees `client(service)` and its arguments; returns what it printed.
pub fn other_client(endpoint: &Endpoint, program: &str, arguments: &[&str]) -> String {
    let prelude = "import base64, boto3, json, sys, urllib.request\n\
        url, arguments = sys.argv[1], sys.argv[2:]\n\
        client = lambda service: boto3.client(service, endpoint_url=url, region_name='us-east-1', \
        aws_access_key_id='test', aws_secret_access_key='test')\n";
    let mut command = Command::new(python().unwrap());
    command.args(["-c", &format!("{prelude}{program}"), endpoint.url()]).args(arguments);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
