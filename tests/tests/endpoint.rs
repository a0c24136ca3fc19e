//! The endpoints of the other tests start, once a process, and are apart.

use rondo_tests::{Endpoint, fresh_name, python};
use std::process::Command;

#[test]
fn endpoints_start_once_and_answer() {
    let (ministack, moto) = (Endpoint::ministack(), Endpoint::moto());
    assert!(std::ptr::eq(ministack, Endpoint::ministack()));
    // A client that is not ours sees a table of the one endpoint there alone.
    if std::env::var_os("RONDO_TEST_ENDPOINT").is_some() {
        return;
    }
    let name = fresh_name("endpoint");
    let client = "import boto3, sys; c = boto3.client('dynamodb', endpoint_url=sys.argv[1], region_name='us-east-1', \
         aws_access_key_id='test', aws_secret_access_key='test')\n";
    let run = |program: &str, endpoint: &Endpoint| {
        let mut command = Command::new(python().unwrap());
        let output =
            command.args(["-c", &format!("{client}{program}"), endpoint.url(), &name]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let create = "k = dict(AttributeName='k'); c.create_table(TableName=sys.argv[2], BillingMode='PAY_PER_REQUEST', \
         KeySchema=[k | dict(KeyType='HASH')], AttributeDefinitions=[k | dict(AttributeType='S')])";
    run(create, ministack);
    let tables = "print(sys.argv[2] in c.list_tables()['TableNames'])";
    assert_eq!((run(tables, ministack).trim(), run(tables, moto).trim()), ("True", "False"));
}
