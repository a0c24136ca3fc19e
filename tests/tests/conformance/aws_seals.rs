//! The vault and the quarantine on AWS, sealed: under data keys of KMS, and under a secret.

use crate::other_client::other_client;
use crate::{quarantine, vault};
use aws::{Aws, Meter, QuarantineBucket, Seals, Tables, VaultTable, create_tables};
use event::{Quarantine, QuarantineStore, Quarantined, Vault};
use rondo_tests::{Endpoint, fresh_name};
use tokio::runtime::{Handle, Runtime};

/// What a suite works on.
struct Place<'p> {
    endpoint: &'static Endpoint,
    aws: &'p Aws,
    tables: Tables,
    bucket: String,
}

/// Runs a suite with a table and a bucket of its own, under a key of KMS and under a secret.
fn each(suite: impl AsyncFn(&Place<'_>, &str)) {
    let key = "print(client('kms').create_key(Description='vault')['KeyMetadata']['Arn'], end='')";
    let secret = "print(client('secretsmanager').create_secret(Name=arguments[0], SecretString='first key')['ARN'], end='')";
    for endpoint in [Endpoint::ministack(), Endpoint::moto()] {
        let arns =
            [other_client(endpoint, key, &[]), other_client(endpoint, secret, &[&fresh_name("vault-key")])];
        for arn in arns {
            Runtime::new().unwrap().block_on(async {
                let aws = Aws::local(endpoint.url(), None).await;
                let tables = create_tables(&aws, &fresh_name("seals")).await.unwrap();
                let bucket = fresh_name("seals");
                other_client(endpoint, "client('s3').create_bucket(Bucket=arguments[0])", &[&bucket]);
                suite(&Place { endpoint, aws: &aws, tables, bucket }, &arn).await;
            });
        }
    }
}

impl Place<'_> {
    fn vault(&self, arn: &str) -> VaultTable {
        VaultTable::new(self.aws, &self.tables.vault).sealed(Seals::new(self.aws, arn))
    }

    fn quarantine(&self, arn: &str) -> QuarantineBucket {
        QuarantineBucket::new(self.aws, &self.bucket).sealed(Seals::new(self.aws, arn))
    }

    /// Everything that lies in the table and in the bucket, as bytes.
    fn stored(&self) -> Vec<u8> {
        let program = "import pickle\n\
            items = client('dynamodb').scan(TableName=arguments[0])['Items']\n\
            s3 = client('s3')\n\
            keys = [entry['Key'] for entry in s3.list_objects_v2(Bucket=arguments[1]).get('Contents', [])]\n\
            bodies = [s3.get_object(Bucket=arguments[1], Key=key)['Body'].read() for key in keys]\n\
            print((pickle.dumps(items, 0) + b''.join(bodies)).hex(), end='')";
        let hex = other_client(self.endpoint, program, &[&self.tables.vault, &self.bucket]);
        hex.as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }
}

#[test]
fn sealed_vaults() {
    each(async |place, arn| {
        vault::suite(&place.vault(arn)).await;
        vault::many(&place.vault(arn)).await;
        vault::whole(&place.vault(arn)).await;
        let stored = place.stored();
        assert!(stored.len() > 1_000);
        for plain in vault::PLAIN.into_iter().chain(["value 24", "new@example.com"]) {
            assert!(
                !stored.windows(plain.len()).any(|bytes| bytes == plain.as_bytes()),
                "{plain} lies in the table"
            );
        }
        // Without the key nothing opens; what an earlier release put in as it is, does.
        let plain = VaultTable::new(place.aws, &place.tables.vault);
        let [_, phone, first_name] = vault::secrets().try_into().unwrap_or_else(|_| panic!());
        let error = plain.get(phone.identifier, &phone.field).await.unwrap_err().to_string();
        assert!(error.contains("was given no key"), "{error}");
        plain.put(std::slice::from_ref(&phone)).await.unwrap();
        let sealed = place.vault(arn);
        assert_eq!(sealed.get(phone.identifier, &phone.field).await.unwrap(), Some(phone.value.clone()));
        sealed.put(std::slice::from_ref(&phone)).await.unwrap();
        // A value that is moved to another person opens there no more.
        let swap = "table = client('dynamodb')\n\
            items = table.scan(TableName=arguments[0])['Items']\n\
            one = next(item for item in items if item['field']['S'] == 'phone')\n\
            other = next(item for item in items if item['field']['S'] == 'first_name')\n\
            other['sealed'] = one['sealed']\n\
            table.put_item(TableName=arguments[0], Item=other)\n\
            print(other['identifier']['B'].hex(), end='')";
        let moved = other_client(place.endpoint, swap, &[&place.tables.vault]);
        assert!(moved.ends_with(&first_name.identifier.key.to_string()), "{moved}");
        let error = sealed.get(first_name.identifier, "first_name").await.unwrap_err().to_string();
        assert!(error.contains("for another place"), "{error}");
        assert_eq!(sealed.get(phone.identifier, "phone").await.unwrap(), Some(phone.value));
    });
}

#[test]
fn sealed_quarantines() {
    each(async |place, arn| {
        let bucket = place.quarantine(arn);
        let kept = || -> Vec<Quarantined> {
            let mut records = Vec::new();
            let each = bucket.each(|_, record| records.push(record));
            tokio::task::block_in_place(|| Handle::current().block_on(each)).unwrap();
            records.sort_by_key(|record| record.at);
            records
        };
        quarantine::suite(&bucket, kept).await;
        let stored = place.stored();
        for plain in [quarantine::PLAIN, "shop.ndjson", "missing_identifier", "ben.quarantine"] {
            assert!(
                !stored.windows(plain.len()).any(|bytes| bytes == plain.as_bytes()),
                "{plain} lies in the bucket"
            );
        }
        // A record of a function that seals none is read beside them.
        let plain = QuarantineBucket::new(place.aws, &place.bucket);
        let records = kept();
        let other = Quarantined { at: 99, source: "update-profiles".into(), ..records[0].clone() };
        plain.put(std::slice::from_ref(&other)).await.unwrap();
        assert_eq!(kept().last(), Some(&other));
        assert!(plain.each(|_, _| ()).await.unwrap_err().to_string().contains("was given no key"));
    });
}

#[test]
fn a_data_key_serves_many_values() {
    for endpoint in [Endpoint::ministack(), Endpoint::moto()] {
        let create = "print(client('kms').create_key()['KeyMetadata']['Arn'], end='')";
        let arn = other_client(endpoint, create, &[]);
        Runtime::new().unwrap().block_on(async {
            let meter = Meter::default();
            let aws = Aws::local(endpoint.url(), Some(meter.clone())).await;
            let tables = create_tables(&aws, &fresh_name("seals")).await.unwrap();
            let vault = || VaultTable::new(&aws, &tables.vault).sealed(Seals::new(&aws, &arn));
            let calls = |operation: &str| meter.counts().sum("KMS", operation, "").calls;
            // Two processes that write, each with a data key of its own; one that reads what both wrote.
            for _ in 0..2 {
                let writer = vault();
                vault::many(&writer).await;
                vault::many(&writer).await;
            }
            assert_eq!(
                (calls("GenerateDataKey"), calls("Decrypt")),
                (2, 2),
                "they read back what they wrote"
            );
            let reader = vault();
            vault::whole(&reader).await;
            assert_eq!((calls("GenerateDataKey"), calls("Decrypt")), (3, 3));
            assert_eq!(meter.counts().sum("KMS", "", arn.rsplit(['/', ':']).next().unwrap()).units, 6);
        });
    }
}

#[test]
fn a_secret_may_get_a_new_first_line() {
    each(async |place, arn| {
        if arn.contains(":kms:") {
            // KMS changes what is behind its key by itself, and unwraps with the older ones.
            return;
        }
        place.vault(arn).put(&vault::secrets()).await.unwrap();
        let change =
            "client('secretsmanager').put_secret_value(SecretId=arguments[0], SecretString=arguments[1])";
        other_client(place.endpoint, change, &[arn, "second key\nfirst key\n"]);
        let after = place.vault(arn);
        vault::holds_secrets(&after).await;
        after.put(&vault::secrets()).await.unwrap();
        other_client(place.endpoint, change, &[arn, "second key"]);
        vault::holds_secrets(&place.vault(arn)).await;
        other_client(place.endpoint, change, &[arn, "third key"]);
        let first = &vault::secrets()[0];
        assert!(place.vault(arn).get(first.identifier, &first.field).await.is_err());
        other_client(place.endpoint, change, &[arn, "one key\none key"]);
        let error = place.vault(arn).get(first.identifier, &first.field).await.unwrap_err().to_string();
        assert!(error.contains("write one key a line"), "{error}");
    });
}
