//! Profiles, identities and the vault on DynamoDB.

use crate::samples::key;
use crate::{identity_log, profile_conflicts, profiles, quality, vault};
use aws::{Aws, People, QualityTable, Tables, VaultTable, create_tables};
use person::Blob;
use rondo_tests::{Endpoint, fresh_name};
use std::collections::BTreeMap;
use tokio::runtime::Runtime;

/// Writes are refused whose version is not the stored one.
const CONDITIONAL: bool = true;

/// Runs a suite on each endpoint, with tables of its own.
fn each(suite: impl AsyncFn(&Aws, &Tables)) {
    for endpoint in [Endpoint::ministack(), Endpoint::moto()] {
        Runtime::new().unwrap().block_on(async {
            let aws = Aws::local(endpoint.url(), None).await;
            let tables = create_tables(&aws, &fresh_name("people")).await.unwrap();
            suite(&aws, &tables).await;
        });
    }
}

#[test]
fn profiles_and_identities() {
    each(async |aws, tables| {
        profiles::suite(&People::new(aws, &tables.profiles), CONDITIONAL).await;
        // Another connection sees the same.
        let people = People::new(aws, &tables.profiles);
        profiles::holds_what_the_suite_left(&people).await;
        let mut found = BTreeMap::new();
        let visit = |person, version, blob: &[u8]| {
            found.insert(person, (version, Blob::forward_of(blob).unwrap()));
        };
        people.each_profile(visit).await.unwrap();
        let (ann, ben, visitor) = ((3, None), (2, None), (2, Some(key(1))));
        assert_eq!(
            found,
            BTreeMap::from([(key(1), ann), (key(2), ben), (key(3), visitor)]),
            "no pointer of an e-mail"
        );
    });
}

/// Two writers on one table: what one kept from reading is out of date once the other wrote, fails its write, and is
/// read anew.
#[test]
fn a_writer_reads_again_what_another_changed() {
    each(async |aws, tables| {
        let (one, two) = (People::of_writer(aws, &tables.profiles), People::of_writer(aws, &tables.profiles));
        profiles::suite(&one, CONDITIONAL).await;
        profiles::reads_again_after_a_conflict(&one, &two).await;
    });
}

#[test]
fn tables_that_are_there_stay() {
    each(async |aws, tables| {
        let vault = VaultTable::new(aws, &tables.vault);
        event::Vault::put(&vault, &vault::secrets()).await.unwrap();
        let prefix = tables.vault.strip_suffix("-vault").unwrap();
        assert_eq!(&create_tables(aws, prefix).await.unwrap(), tables);
        vault::holds_secrets(&vault).await;
    });
}

#[test]
fn identity_logs() {
    each(async |aws, tables| identity_log::suite(&People::new(aws, &tables.profiles), CONDITIONAL).await);
    each(async |aws, tables| {
        identity_log::suite(&People::of_writer(aws, &tables.profiles), CONDITIONAL).await;
    });
}

#[test]
fn chains_of_merges() {
    each(async |aws, tables| profiles::chains_of_merges(&People::new(aws, &tables.profiles)).await);
    each(async |aws, tables| profiles::chains_of_merges(&People::of_writer(aws, &tables.profiles)).await);
}

#[test]
fn many_people_and_identifiers() {
    each(async |aws, tables| {
        let people = People::new(aws, &tables.profiles);
        profiles::many(&people, CONDITIONAL).await;
        let mut visited = 0;
        people.each_profile(|_, _, _| visited += 1).await.unwrap();
        assert_eq!(visited, 121);
    });
}

#[test]
fn writes_that_come_too_late() {
    each(async |aws, tables| profile_conflicts::suite(&People::new(aws, &tables.profiles)).await);
    each(async |aws, tables| profile_conflicts::suite(&People::of_writer(aws, &tables.profiles)).await);
}

#[test]
fn quality_counts() {
    each(async |aws, tables| quality::suite(&QualityTable::new(aws, &tables.quality)).await);
}

#[test]
fn vaults() {
    each(async |aws, tables| {
        vault::suite(&VaultTable::new(aws, &tables.vault)).await;
        let vault = VaultTable::new(aws, &tables.vault);
        vault::many(&vault).await;
        vault::whole(&vault).await;
    });
}
