//! Objects whose bytes break off on their way.

use crate::server::{self, Answer};
use aws::{Aws, LakeBucket};
use event::PortError;
use lake::LakeStore;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What is read where the first answers break off, and how many calls that took.
async fn read(broken: usize) -> (Result<bytes::Bytes, PortError>, usize) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let url = server::start(move |_| match counted.fetch_add(1, Ordering::SeqCst) < broken {
        true => Answer::Half("half".to_owned()),
        false => Answer::Of(200, ("ETag", "\"1\"".to_owned()), "the whole".to_owned()),
    });
    let lake = LakeBucket::new(&Aws::local(&url, None).await, "lake");
    let result = lake.open("events/a.parquet").await;
    (result, calls.load(Ordering::SeqCst))
}

#[tokio::test]
async fn an_object_that_breaks_off_is_read_again() {
    let (whole, calls) = read(2).await;
    assert_eq!((&whole.unwrap()[..], calls), (&b"the whole"[..], 3));
    let (broken, calls) = read(usize::MAX).await;
    assert!(matches!(broken, Err(PortError::Unavailable { .. })), "never the half of it");
    assert_eq!(calls, 4);
}
