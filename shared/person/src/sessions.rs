//! Visits: the union of the intervals that events lie in.

use event::wire::{Damaged, Reader, put_varint};
use event::{SECOND, day_of};

/// Two events further apart than this belong to two sessions, in seconds.
pub const SESSION_GAP_S: i64 = 30 * 60;

/// How many UTC days back sessions are kept, the day of the newest event included.
pub const SESSION_DAYS: i32 = 14;

/// One visit. Sessions end at UTC midnight, which keeps days independent of each other, so that old ones
/// can be dropped whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// Epoch seconds of the first event.
    pub start_s: i64,
    /// Epoch seconds of the last event.
    pub end_s: i64,
    /// How many events lie in it.
    pub events: u64,
}

impl Session {
    pub(crate) fn at(at_ms: i64) -> Self {
        let second = at_ms.div_euclid(SECOND);
        Session { start_s: second, end_s: second, events: 1 }
    }

    /// From its first to its last event, in seconds.
    pub fn length_s(&self) -> i64 {
        self.end_s - self.start_s
    }

    fn day(&self) -> i32 {
        day_of(self.start_s * SECOND)
    }

    fn touches(&self, other: &Session) -> bool {
        self.day() == other.day()
            && self.start_s <= other.end_s + SESSION_GAP_S
            && other.start_s <= self.end_s + SESSION_GAP_S
    }
}

/// Puts a session (or a single event) among others that are sorted by start, joining those it touches.
pub(crate) fn add(sessions: &mut Vec<Session>, session: Session) {
    let from =
        sessions.partition_point(|s| s.end_s + SESSION_GAP_S < session.start_s || s.day() < session.day());
    let mut joined = session;
    let mut to = from;
    while let Some(next) = sessions.get(to).filter(|next| next.touches(&joined)) {
        joined.start_s = joined.start_s.min(next.start_s);
        joined.end_s = joined.end_s.max(next.end_s);
        joined.events += next.events;
        to += 1;
    }
    if to == from {
        sessions.insert(from, joined);
    } else {
        sessions[from] = joined;
        sessions.drain(from + 1..to);
    }
}

/// Drops the days that the newest event left behind.
pub(crate) fn prune(sessions: &mut Vec<Session>, newest_ms: i64) {
    let first_day = day_of(newest_ms) - SESSION_DAYS + 1;
    if sessions.first().is_some_and(|first| first.day() < first_day) {
        sessions.retain(|session| session.day() >= first_day);
    }
}

pub(crate) fn encode(sessions: &[Session], out: &mut Vec<u8>, base: i64) {
    let mut before = base.div_euclid(SECOND);
    for session in sessions.iter().rev() {
        put_varint(out, (before - session.end_s) as u64);
        put_varint(out, session.length_s() as u64);
        put_varint(out, session.events);
        before = session.start_s;
    }
}

pub(crate) fn decode(sessions: &mut Vec<Session>, mut reader: Reader<'_>, base: i64) -> Result<(), Damaged> {
    let mut before = base.div_euclid(SECOND);
    while !reader.is_empty() {
        let end_s = before.wrapping_sub(reader.varint()? as i64);
        let start_s = end_s.wrapping_sub(reader.varint()? as i64);
        sessions.push(Session { start_s, end_s, events: reader.varint()? });
        before = start_s;
    }
    sessions.reverse();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use event::{DAY, MINUTE};

    #[test]
    fn an_event_between_two_sessions_joins_them() {
        let mut sessions = Vec::new();
        for minute in [0, 50, 200, 25] {
            add(&mut sessions, Session::at(minute * MINUTE));
        }
        assert_eq!(
            sessions,
            [
                Session { start_s: 0, end_s: 3000, events: 3 },
                Session { start_s: 12000, end_s: 12000, events: 1 }
            ]
        );
    }

    #[test]
    fn midnight_ends_a_session_and_old_days_go() {
        let mut sessions = Vec::new();
        add(&mut sessions, Session::at(DAY - 1));
        add(&mut sessions, Session::at(DAY));
        assert_eq!(sessions.len(), 2);
        prune(&mut sessions, DAY * i64::from(SESSION_DAYS));
        assert_eq!(sessions, [Session::at(DAY)]);
    }
}
