//! `samara tracker`: who holds what.

use std::sync::Arc;
use std::time::Duration;

use samara::tracker::{Config, Note};
use samara_tokio::{Tokio, TrackerHandle};
use tokio::net::TcpListener;
use tokio::time::interval;

use crate::args::{Global, HostPort, Record, TrackerArgs};
use crate::exit::{Failure, Outcome};
use crate::metrics::{self, Metrics};
use crate::net;
use crate::output::{Event, Out};
use crate::serve;
use crate::signals::Signals;
use crate::turned_away::TurnedAway;

/// Runs the command.
pub(crate) async fn run(global: &Global, args: &TrackerArgs, signals: &mut Signals) -> Outcome {
    let out = Out::new(global.json);
    let config = config(args);
    let metrics = Arc::new(Metrics::new());
    if let Some(listen) = &args.metrics {
        let listener = listen_for_metrics(out, listen).await?;
        tokio::spawn(metrics::serve(listener, Arc::clone(&metrics)));
    }
    let mut tracker = start(&args.listen, config, Some(&args.record)).await?;
    let addr = tracker.local_addr();
    out.event(&Event::Listening { role: "tracker", addr });
    out.line(&format!("tracker listening on {addr}"));
    let mut turned_away = TurnedAway::default();
    let mut tick = interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            code = signals.next() => return Ok(code),
            now = tick.tick() => {
                metrics.observe(tracker.counters());
                turned_away.tell(now);
            }
            note = tracker.note() => match note {
                Some(note) => {
                    metrics.take(&note);
                    log(&note, &mut turned_away);
                }
                None => return Err(Failure::new(crate::exit::Code::Other, "the tracker has ended")),
            }
        }
    }
}

/// Starts a tracker.
pub(crate) async fn start(
    listen: &HostPort,
    config: Config,
    record: Option<&Record>,
) -> Result<TrackerHandle, Failure> {
    let addr = net::resolve(listen).await?;
    let recording = record.map_or(Ok(None), serve::recording)?;
    let started = TrackerHandle::start_recorded(Tokio, addr, config, net::entropy()?, recording).await;
    started.map_err(|error| {
        record.into_iter().for_each(serve::discard);
        Failure::listen(listen, &error)
    })
}

fn config(args: &TrackerArgs) -> Config {
    let usual = Config::default();
    let interval = args.interval.unwrap_or_else(|| usual.interval.min(args.ttl / 3));
    if interval >= args.ttl {
        tracing::warn!("holders expire between two announcements: --interval should be shorter than --ttl");
    }
    let mut config =
        Config { ttl: args.ttl, interval, trust_advertised: args.trust_advertised.clone(), ..usual };
    args.limits.apply(&mut config);
    config
}

async fn listen_for_metrics(out: Out, listen: &HostPort) -> Result<TcpListener, Failure> {
    let failed = |error: std::io::Error| {
        Failure::listen(listen, &error).next("--metrics with another port; port 0 takes a free one")
    };
    let listener = TcpListener::bind(net::resolve(listen).await?).await.map_err(failed)?;
    let addr = listener.local_addr().map_err(failed)?;
    out.event(&Event::Listening { role: "metrics", addr });
    out.line(&format!("metrics at http://{addr}/metrics"));
    Ok(listener)
}

/// One line of log for each note.
pub(crate) fn log(note: &Note, turned_away: &mut TurnedAway) {
    match note {
        Note::Joined { node, entries } => tracing::info!("{node} joined with {entries} files"),
        Note::Expired { node, entries } => tracing::info!("{node} expired with {entries} files"),
        Note::Left { node } => tracing::info!("{node} left"),
        Note::Published { key } => tracing::info!("seed of sha256:{} published", key.file_hash),
        // The driver counts and logs these.
        Note::Queried { .. } => {}
        Note::TurnedAway { from, why } => turned_away.take(*from, *why),
        Note::Refused { from, why } => tracing::info!("{from} refused: {why:?}"),
    }
}
