//! Where a file of the lake lies.

/// The table of events: the prefix that lists all its files.
pub const EVENTS: &str = "events/";

/// The path of the file whose first event has that sequence number. `day` is the UTC day (days since
/// 1970-01-01) on which the bus took it. The same batch written again gets the same path, and so replaces
/// itself.
pub fn event_path(day: i32, shard: &str, first_sequence: i64) -> String {
    format!("{EVENTS}dt={}/{shard}-{first_sequence:020}.parquet", event::iso_date(day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_sort_by_day_shard_and_sequence() {
        assert_eq!(event_path(20_779, "log", 42), "events/dt=2026-11-22/log-00000000000000000042.parquet");
    }
}
