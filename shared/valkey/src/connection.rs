//! One connection, which nobody waits for.

use event::PortError;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, IntoConnectionInfo, RedisError};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

const WHAT: &str = "the shared profiles";
/// How long an answer may take: the store itself takes little longer.
const ANSWER_TIME: Duration = Duration::from_millis(5);
const CONNECT_TIME: Duration = Duration::from_secs(1);
/// How long it is left alone once it did not answer; twice as long each time that it can't be reached, up to the longest.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Keeps a value unless it is an older version of the same person: both stand in front of it, in hexadecimal digits.
const PUT: &str = "\
local kept = redis.pcall('GETRANGE', KEYS[1], 0, 47)
if type(kept) == 'string' and #kept == 48 and string.sub(kept, 1, 32) == string.sub(ARGV[1], 1, 32)
  and string.sub(kept, 33, 48) > string.sub(ARGV[1], 33, 48) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1";

/// A server of Valkey or Redis. It is connected to beside requests, never by one.
pub struct Valkey {
    client: Client,
    /// How long a value stays, ms.
    fresh_for: u64,
    line: Arc<Mutex<Line>>,
    /// Where the connection is driven, wherever it is asked from.
    home: OnceLock<Handle>,
}

enum Line {
    Open(MultiplexedConnection),
    Connecting,
    /// Left alone until then.
    Alone {
        until: Instant,
        pause: Duration,
    },
}

impl Valkey {
    /// The server at an address like `redis://cache.example.internal:6379/0`; values stay for `fresh_for` ms.
    ///
    /// # Errors
    /// What is no address of that kind. There is no TLS: the server belongs into the same private network.
    pub fn new(address: &str, fresh_for: i64) -> Result<Valkey, PortError> {
        let wrong = || PortError::Failed {
            what: WHAT,
            // The address may hold a password.
            reason:
                "REDIS_URL is no address; write one like redis://cache.example.internal:6379/0 (without TLS)"
                    .to_owned(),
        };
        if !address.starts_with("redis://") {
            return Err(wrong());
        }
        let client = address.into_connection_info().and_then(Client::open).map_err(|_| wrong())?;
        let line = Line::Alone { until: Instant::now(), pause: PAUSE };
        let fresh_for = fresh_for.max(1) as u64;
        Ok(Valkey { client, fresh_for, line: Arc::new(Mutex::new(line)), home: OnceLock::new() })
    }

    /// Connects, beside what runs, where it is neither connected nor left alone. The first to call it, or to ask for a
    /// value, says on which runtime the connection lives.
    pub fn connect(&self) {
        let home = self.home.get_or_init(Handle::current);
        let mut line = lock(&self.line);
        let Line::Alone { until, pause } = *line else { return };
        if Instant::now() < until {
            return;
        }
        *line = Line::Connecting;
        let (client, shared) = (self.client.clone(), Arc::clone(&self.line));
        home.spawn(async move {
            let config = AsyncConnectionConfig::new()
                .set_response_timeout(Some(ANSWER_TIME))
                .set_connection_timeout(Some(CONNECT_TIME));
            let connected = client.get_multiplexed_async_connection_with_config(&config).await;
            *lock(&shared) = match connected {
                Ok(connection) => Line::Open(connection),
                Err(_) => alone((pause * 2).min(LONGEST_PAUSE)),
            };
        });
    }

    /// What is kept under a name; nothing also while it is not connected.
    pub(crate) async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, PortError> {
        Ok(self.ask(redis::cmd("GET").arg(name)).await?.flatten())
    }

    /// Keeps a value that has person and version in front, unless a newer one is there; does nothing while it is not
    /// connected.
    pub(crate) async fn put(&self, name: &str, value: &[u8]) -> Result<(), PortError> {
        let mut put = redis::cmd("EVAL");
        put.arg(PUT).arg(1).arg(name).arg(value).arg(self.fresh_for);
        self.ask::<i64>(&put).await.map(drop)
    }

    /// The answer to a command; none while it is not connected, or where another kind of value is in the place.
    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<Option<T>, PortError> {
        let Some(mut connection) = self.connection() else { return Ok(None) };
        let answer: Result<T, RedisError> = command.query_async(&mut connection).await;
        match answer {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.code() == Some("WRONGTYPE") => Ok(None),
            Err(error) => {
                let mut line = lock(&self.line);
                // Others may have failed by it, too, and it may be made anew by now.
                if matches!(*line, Line::Open(_)) {
                    *line = alone(PAUSE);
                }
                let reason = format!("it is left alone for a while: {}", error.category());
                Err(PortError::Unavailable { what: WHAT, reason })
            }
        }
    }

    fn connection(&self) -> Option<MultiplexedConnection> {
        if let Line::Open(connection) = &*lock(&self.line) {
            return Some(connection.clone());
        }
        self.connect();
        None
    }
}

fn alone(pause: Duration) -> Line {
    Line::Alone { until: Instant::now() + pause, pause }
}

fn lock(line: &Mutex<Line>) -> MutexGuard<'_, Line> {
    // What is in there is always whole.
    line.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_address_is_told_without_repeating_it() {
        for wrong in
            ["cache.example.internal", "http://user:secret@x", "rediss://secret@x:1", "redis://:secret@:x"]
        {
            let error = Valkey::new(wrong, 1).map(|_| ()).unwrap_err().to_string();
            assert!(error.contains("redis://cache.example.internal") && !error.contains("secret"), "{error}");
        }
    }
}
