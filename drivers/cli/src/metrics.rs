//! What a tracker counts, for Prometheus: `GET /metrics`, and nothing else, one small answer a connection.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, LabelSetEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use samara::tracker::Note;
use samara::wire::message::Refusal;
use samara::wire::session::Fault;
use samara_tokio::Counters;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Connections answered at once; more wait.
const AT_ONCE: usize = 16;
/// Bytes of a request that are read.
const REQUEST: usize = 8 << 10;
/// How long one connection may take.
const TIME: Duration = Duration::from_secs(5);

/// A label: why a tracker refused something, or turned somebody away.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Why(&'static str);

impl EncodeLabelSet for Why {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), std::fmt::Error> {
        [("why", self.0)].encode(encoder)
    }
}

/// Counters of a tracker.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    joined: Counter,
    expired: Counter,
    left: Counter,
    published: Counter,
    queries: Counter,
    holders: Counter,
    refusals: Family<Why, Counter<u64, AtomicU64>>,
    turned_away: Family<Why, Counter<u64, AtomicU64>>,
    connections: Gauge,
    accepted: Gauge,
    requests: Gauge,
    received: Gauge,
    sent: Gauge,
}

impl Metrics {
    /// All at zero.
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("samara_tracker");
        let mut counter = |name, help| {
            let counter = Counter::default();
            registry.register(name, help, counter.clone());
            counter
        };
        let joined = counter("leases_begun", "Leases that began or were replaced");
        let expired = counter("leases_expired", "Leases that ran out");
        let left = counter("leases_left", "Nodes that left by themselves");
        let published = counter("seeds_published", "Seed bodies taken");
        let queries = counter("queries", "Queries answered");
        let holders = counter("holders_named", "Holders named in answers");
        let refusals = Family::default();
        registry.register("refusals", "Requests refused", refusals.clone());
        let turned_away = Family::default();
        let help = "Connections ended because their peer broke a rule, or for want of room";
        registry.register("turned_away", help, turned_away.clone());
        let mut gauge = |name, help| {
            let gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        let connections = gauge("connections", "Connections that are open");
        let accepted = gauge("accepted", "Connections accepted since the start");
        let requests = gauge("requests", "Messages that came since the start");
        let received = gauge("received_bytes", "Bytes that came since the start");
        let sent = gauge("sent_bytes", "Bytes sent since the start");
        Self {
            registry,
            joined,
            expired,
            left,
            published,
            queries,
            holders,
            refusals,
            turned_away,
            connections,
            accepted,
            requests,
            received,
            sent,
        }
    }

    /// Counts a note.
    pub(crate) fn take(&self, note: &Note) {
        match note {
            Note::Joined { .. } => self.joined.inc(),
            Note::Expired { .. } => self.expired.inc(),
            Note::Left { .. } => self.left.inc(),
            Note::Published { .. } => self.published.inc(),
            // Counted by the driver.
            Note::Queried { .. } => return,
            Note::Refused { why, .. } => self.refusals.get_or_create(&Why(word(*why))).inc(),
            Note::TurnedAway { why, .. } => self.turned_away.get_or_create(&Why(cause(*why))).inc(),
        };
    }

    /// Takes over what the driver counts.
    pub(crate) fn observe(&self, counters: Counters) {
        let set = |gauge: &Gauge, value: u64| gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        set(&self.connections, counters.connections);
        set(&self.accepted, counters.accepted);
        set(&self.requests, counters.requests);
        set(&self.received, counters.received);
        set(&self.sent, counters.sent);
        self.queries.inc_by(counters.queries.saturating_sub(self.queries.get()));
        self.holders.inc_by(counters.named.saturating_sub(self.holders.get()));
    }

    fn text(&self) -> String {
        let mut text = String::new();
        match encode(&mut text, &self.registry) {
            Ok(()) => text,
            Err(error) => format!("# {error}\n"),
        }
    }
}

const fn word(why: Refusal) -> &'static str {
    match why {
        Refusal::Version => "version",
        Refusal::PortInUse => "port_in_use",
        Refusal::Quota => "quota",
        Refusal::Denied => "denied",
        Refusal::Invalid => "invalid",
    }
}

const fn cause(why: Fault) -> &'static str {
    match why {
        Fault::Full => "full",
        Fault::NoHello => "no_hello",
        Fault::Flood => "flood",
        Fault::Slow => "slow",
        Fault::Malformed(_) => "malformed",
        Fault::Version(_) => "version",
        Fault::OutOfTurn
        | Fault::Unexpected
        | Fault::Unsolicited
        | Fault::BadChunk { .. }
        | Fault::OutOfRange
        | Fault::Useless => "rules",
        Fault::Myself | Fault::Finished | Fault::Idle | Fault::Stopping => "routine",
    }
}

/// Answers every connection to `listener`.
pub(crate) async fn serve(listener: TcpListener, metrics: Arc<Metrics>) {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    while let Ok(place) = Arc::clone(&room).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => {
                let metrics = Arc::clone(&metrics);
                tokio::spawn(async move {
                    let _too_slow_or_gone = timeout(TIME, answer(stream, &metrics)).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::debug!("metrics: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn answer(mut stream: TcpStream, metrics: &Metrics) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut part = [0; 1_024];
    while !request.windows(4).any(|four| four == b"\r\n\r\n") && request.len() < REQUEST {
        match stream.read(&mut part).await? {
            0 => break,
            n => request.extend(part.iter().take(n)),
        }
    }
    stream.write_all(reply(&request, || metrics.text()).as_bytes()).await?;
    stream.shutdown().await
}

fn reply(request: &[u8], text: impl Fn() -> String) -> String {
    let line = request.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let mut words = line.split(|byte| *byte == b' ');
    let path = words.nth(1).map(|path| path.split(|byte| *byte == b'?').next().unwrap_or_default());
    let (status, kind, body) = match (line.starts_with(b"GET "), path) {
        (true, Some(b"/metrics")) => {
            ("200 OK", "application/openmetrics-text; version=1.0.0; charset=utf-8", text())
        }
        (true, _) => ("404 Not Found", "text/plain", "only /metrics is here\n".to_owned()),
        (false, _) => ("405 Method Not Allowed", "text/plain", "only GET\n".to_owned()),
    };
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_get_metrics_is_answered_with_them() {
        let status = |request: &str| reply(request.as_bytes(), || "x 1\n".to_owned());
        assert!(status("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n").starts_with("HTTP/1.1 200 OK\r\n"));
        assert!(
            status("GET /metrics HTTP/1.1\r\n\r\n")
                .ends_with("Content-Length: 4\r\nConnection: close\r\n\r\nx 1\n")
        );
        assert!(status("GET /metrics?a=b HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 200"));
        assert!(status("GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404"));
        assert!(status("POST /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405"));
        assert!(status("").starts_with("HTTP/1.1 405"));
    }

    #[test]
    fn notes_are_counted() {
        let metrics = Metrics::new();
        let from = "10.0.0.1:5".parse().unwrap();
        metrics.take(&Note::Refused { from, why: Refusal::Quota });
        metrics.take(&Note::TurnedAway { from, why: Fault::Full });
        metrics.take(&Note::Left { node: from });
        metrics.take(&Note::Left { node: from });
        for queries in [2, 5] {
            metrics.observe(Counters { queries, named: 10 * queries, ..Counters::default() });
        }
        let text = metrics.text();
        assert!(text.contains("samara_tracker_refusals_total{why=\"quota\"} 1\n"), "{text}");
        assert!(text.contains("samara_tracker_turned_away_total{why=\"full\"} 1\n"), "{text}");
        assert!(text.contains("samara_tracker_leases_left_total 2\n"), "{text}");
        assert!(text.contains("samara_tracker_queries_total 5\n"), "{text}");
        assert!(text.contains("samara_tracker_holders_named_total 50\n"), "{text}");
        assert!(text.ends_with("# EOF\n"));
    }
}
