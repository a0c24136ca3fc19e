//! [`QualityLog`] and [`QualitySource`].

use event::{Code, Measure, QualityCount, QualityLog, QualitySource};

fn count(hour: i64, source: &str, measure: Measure, count: u64) -> QualityCount {
    QualityCount { hour, source: source.to_owned(), measure, count }
}

/// Two days around midnight, so that what is kept by day is looked through by day.
pub async fn suite<S: QualityLog + QualitySource>(store: &S) {
    let noon = 24 * 20_779 + 12;
    let refused = Measure::Rejected(Code::InvalidJson);
    assert_eq!(store.between(noon - 200, noon).await.unwrap(), []);
    store.add(&[]).await.unwrap();
    store
        .add(&[count(noon, "web", refused, 2), count(noon - 20, "shop#1:till.csv", Measure::Duplicate, 1)])
        .await
        .unwrap();
    // Counts add up; sources and measures are told apart.
    store
        .add(&[
            count(noon, "web", refused, 3),
            count(noon, "web", Measure::Withheld, 1),
            count(noon, "we", refused, 7),
        ])
        .await
        .unwrap();
    let all = [
        count(noon - 20, "shop#1:till.csv", Measure::Duplicate, 1),
        count(noon, "we", refused, 7),
        count(noon, "web", refused, 5),
        count(noon, "web", Measure::Withheld, 1),
    ];
    assert_eq!(store.between(noon - 200, noon).await.unwrap(), all);
    // Both ends count.
    assert_eq!(store.between(noon - 20, noon - 1).await.unwrap(), all[..1]);
    assert_eq!(store.between(noon + 1, noon + 24).await.unwrap(), []);
}
