//! honor-privacy over the stores on AWS.

use crate::other_client::{each, other_client};
use crate::privacy;
use aws::{
    CampaignTableNames, CampaignTables, HeldTable, JourneyTable, LakeBucket, LedgerTable, LivePrivacy,
    People, PrivacyBucket, QuarantineBucket, VaultTable, create_tables,
};
use campaign::NoCopies;
use event::{PRIVACY_LIST, Parser, PrivacyList, PrivacyStore};
use honor_privacy::{Deps, Stores};
use rondo_tests::{Endpoint, fresh_name};

struct OnAws;

impl Stores for OnAws {
    type People = People;
    type Journeys = JourneyTable;
    type Campaigns = CampaignTables;
    type Lake = LakeBucket;
    type Vault = VaultTable;
    type Quarantine = QuarantineBucket;
    type Copies = NoCopies;
    type Files = PrivacyBucket;
}

fn new_bucket(endpoint: &Endpoint, what: &str) -> String {
    let name = fresh_name(what);
    other_client(endpoint, "client('s3').create_bucket(Bucket=arguments[0])", &[&name]);
    name
}

/// Looks for texts and bytes in every item of tables and every object of buckets, those of the person who is named
/// last; prints where one was found.
const SEARCH: &str = r#"
import base64
tables, buckets, needles = [part.split(',') for part in arguments]
needles = [base64.b16decode(needle.upper()) for needle in needles]
needles += [needle.hex().encode() for needle in needles if len(needle) == 16]
def flat(value):
    if isinstance(value, dict):
        return b' '.join(name.encode() + b' ' + flat(of) for name, of in value.items())
    if isinstance(value, list):
        return b' '.join(map(flat, value))
    return value if isinstance(value, bytes) else str(value).encode()
def look(place, data):
    for needle in needles:
        assert needle not in data, place + ' has ' + repr(needle)
looked = 0
for table in tables:
    for page in client('dynamodb').get_paginator('scan').paginate(TableName=table):
        for item in page['Items']:
            look(table, flat(item))
            looked += 1
for bucket in buckets:
    for page in client('s3').get_paginator('list_objects_v2').paginate(Bucket=bucket):
        for item in page.get('Contents', []):
            look(item['Key'], client('s3').get_object(Bucket=bucket, Key=item['Key'])['Body'].read())
            looked += 1
assert looked > 5, looked
"#;

#[test]
fn a_person_goes_from_every_table_and_bucket() {
    each(|endpoint, aws| async move {
        let tables = create_tables(&aws, &fresh_name("privacy")).await.unwrap();
        let buckets = ["lake", "quarantine", "privacy"].map(|what| new_bucket(endpoint, what));
        let names = CampaignTableNames {
            journeys: tables.journeys.clone(),
            timers: tables.timers.clone(),
            held: tables.held.clone(),
            ledger: tables.ledger.clone(),
            caps: tables.caps.clone(),
        };
        let deps: Deps<'_, OnAws> = Deps {
            erases_unasked: false,
            people: &People::new(&aws, &tables.profiles),
            journeys: &JourneyTable::new(&aws, &tables.journeys, &tables.timers),
            campaigns: &CampaignTables::new(&aws, names),
            lake: &LakeBucket::new(&aws, &buckets[0]),
            vault: &VaultTable::new(&aws, &tables.vault),
            quarantine: &QuarantineBucket::new(&aws, &buckets[1]),
            copies: &NoCopies,
            files: &PrivacyBucket::new(&aws, &buckets[2]),
            parser: &privacy::parser(),
            settle: &|| Ok(()),
        };
        let all = [
            &tables.profiles,
            &tables.journeys,
            &tables.timers,
            &tables.held,
            &tables.ledger,
            &tables.caps,
            &tables.vault,
        ];
        let all = all.map(String::as_str).join(",");
        // All but the list, the receipt and the log.
        let searched = buckets[..2].join(",");
        let erased = async |parser: &Parser| {
            let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            let keys = privacy::identifiers(parser, "ann-privacy").map(|identifier| hex(&identifier.key.0));
            let needles = [hex(b"ann-privacy"), keys.join(",")].join(",");
            other_client(endpoint, SEARCH, &[&all, &searched, &needles]);
        };
        let ledger = LedgerTable::new(&aws, &tables.ledger, &tables.caps);
        let held = HeldTable::new(&aws, &tables.held);
        privacy::suite(&deps, &ledger, &held, erased).await;
    });
}

#[test]
fn privacy_files() {
    each(|endpoint, aws| async move {
        privacy::files(&PrivacyBucket::new(&aws, new_bucket(endpoint, "privacy"))).await;
    });
}

#[test]
fn a_list_is_seen_within_a_minute() {
    each(|endpoint, aws| async move {
        let bucket = new_bucket(endpoint, "privacy");
        let files = PrivacyBucket::new(&aws, &bucket);
        let live = LivePrivacy::new(&aws, Some(bucket));
        let ann = privacy::identifiers(&privacy::parser(), "ann-privacy");
        let now = 1_795_341_600_000;
        let in_force = live.current(now).await.unwrap();
        assert!(in_force.is_empty());
        let mut list = PrivacyList::default();
        list.restrict(&ann, true);
        files.put(PRIVACY_LIST, &list.to_json(), Some("")).await.unwrap();
        assert!(live.current(now + 59_000).await.unwrap().is_empty());
        assert!(live.current(now + 60_000).await.unwrap().is_restricted(&ann));
        // Who had it before sees it too, and a list that is not what it was.
        assert!(in_force.is_restricted(&ann));
        list.restrict(&ann, false);
        files.put(PRIVACY_LIST, &list.to_json(), None).await.unwrap();
        assert!(live.current(now + 119_000).await.unwrap().is_restricted(&ann));
        assert!(live.current(now + 120_000).await.unwrap().is_empty());
        // One that can't be read stays out, and the one before stays in force for a while.
        files.put(PRIVACY_LIST, b"[", None).await.unwrap();
        assert!(live.current(now + 180_000).await.is_ok());
        let error = live.current(now + 180_000 + 15 * 60_000).await.unwrap_err().to_string();
        assert!(error.contains("the privacy list can't be read"), "{error}");
        assert!(LivePrivacy::new(&aws, None).current(now).await.unwrap().is_empty());
    });
}
