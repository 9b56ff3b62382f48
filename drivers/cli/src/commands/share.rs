//! `samara share`: a tracker and a seeder in one process.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use samara::tracker::Config;
use samara_tokio::TrackerHandle;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::seed::{CHANGES, items};
use super::tracker;
use crate::args::{Global, HostPort, ShareArgs};
use crate::exit::{Failure, Outcome};
use crate::hashing;
use crate::index::Index;
use crate::output::{Event, Out};
use crate::progress::Meter;
use crate::reach;
use crate::serve::{self, Server};
use crate::signals::Signals;
use crate::turned_away::TurnedAway;

/// Runs the command.
pub(crate) async fn run(global: &Global, args: &ShareArgs, signals: &mut Signals) -> Outcome {
    let out = Out::new(global.json);
    let items = signals.or(items(args.paths.clone())).await?;
    let mut tracker = start(args).await?;
    let listens = tracker.local_addr();
    out.event(&Event::Listening { role: "tracker", addr: listens });
    tokio::spawn(async move {
        let mut turned_away = TurnedAway::default();
        while let Some(note) = tracker.note().await {
            tracker::log(&note, &mut turned_away);
            turned_away.tell(Instant::now());
        }
    });
    let node_listen = match &args.node_listen {
        Some(listen) => listen.clone(),
        None => typed(SocketAddr::new(listens.ip(), 0))?,
    };
    let (node, reports) =
        serve::start(&args.giving, &node_listen, vec![near(listens).to_string()], None).await?;
    out.event(&Event::Listening { role: "node", addr: node.local_addr() });
    let (changes, receive) = mpsc::channel(CHANGES);
    tokio::spawn(hashing::all(items, Index::of_user(), Meter::new(global, out), changes));
    let server = Server::new(global, out, node, reports, vec![far(args, listens)?.to_string()]);
    server.run(Some(receive), signals, None).await
}

/// The tracker: where the user says, else at the usual port, else at a free one.
async fn start(args: &ShareArgs) -> Result<TrackerHandle, Failure> {
    if let Some(listen) = &args.listen {
        return tracker::start(listen, Config::default(), None).await;
    }
    let any = |port| typed(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port));
    match tracker::start(&any(7070)?, Config::default(), None).await {
        Ok(tracker) => Ok(tracker),
        Err(_taken) => tracker::start(&any(0)?, Config::default(), None).await,
    }
}

fn typed(addr: SocketAddr) -> Result<HostPort, Failure> {
    addr.to_string().parse().map_err(Failure::usage)
}

/// Where our own node reaches the tracker.
fn near(listens: SocketAddr) -> SocketAddr {
    let ip = match listens.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, listens.port())
}

/// Where others reach the tracker: what the link says.
fn far(args: &ShareArgs, listens: SocketAddr) -> Result<HostPort, Failure> {
    let addr = match &args.link_host {
        Some(host) => format!("{host}:{}", listens.port()),
        None => SocketAddr::new(reach::host(listens), listens.port()).to_string(),
    };
    addr.parse().map_err(Failure::usage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tracker_on_every_address_is_near_over_loopback() {
        let near = |addr: &str| near(addr.parse().unwrap()).to_string();
        assert_eq!(near("0.0.0.0:7"), "127.0.0.1:7");
        assert_eq!(near("[::]:7"), "[::1]:7");
        assert_eq!(near("10.0.0.1:7"), "10.0.0.1:7");
    }
}
