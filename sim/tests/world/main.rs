//! Trackers, seeders and downloaders against each other, in simulated time.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod crashes;
mod downloads;
mod expiry;
mod faults;
mod flood;
mod handouts;
mod poison;
mod stale;
mod traces;

use std::net::SocketAddr;
use std::time::Duration;

use samara::downloader::{Failure, Note, Stale};
use samara::seeder::FileId;
use samara::wire::session::Fault;
use samara::{node, tracker};
use samara_sim::host::{HostId, Report};
use samara_sim::trace::Detail;
use samara_sim::world::World;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// A tracker, and nodes that know it.
fn world<const N: usize>(seed: u64, nodes: [&str; N]) -> (World, HostId, [HostId; N]) {
    let mut world = World::new(seed, Detail::All);
    let tracker = world.tracker("tracker", tracker::Config::default());
    let nodes = nodes.map(|name| world.node(name, &[tracker], node::Config::default()));
    (world, tracker, nodes)
}

/// Waits until a download is over and gives its failure, if it failed.
#[track_caller]
fn finish(world: &mut World, host: HostId, file: FileId) -> Option<Failure> {
    let over = world.run_while_not(5 * MINUTE, |world| world.outcome(host, file).is_some());
    assert!(over, "it hangs:\n{}", world.trace());
    assert!(world.mistakes().is_empty(), "{:#?}", world.mistakes());
    match world.outcome(host, file) {
        Some(Report::Failed { error, .. }) => Some(error.why),
        Some(_) | None => None,
    }
}

/// The notes about a host's downloads.
fn notes(world: &World, host: HostId) -> impl Iterator<Item = &Note> {
    world.reports(host).iter().filter_map(|(_, report)| {
        let Report::Node(node::Note::Download { note, .. }) = report else { return None };
        Some(note)
    })
}

/// How many chunks verified that came from `from`.
fn chunks_from(world: &World, host: HostId, from: HostId) -> usize {
    let addr = world.addr(from);
    notes(world, host).filter(|note| matches!(note, Note::Verified { from, .. } if *from == addr)).count()
}

fn banned(world: &World, host: HostId) -> Vec<(SocketAddr, Fault)> {
    let ban =
        |note: &Note| if let Note::Banned { addr, fault } = note { Some((*addr, *fault)) } else { None };
    notes(world, host).filter_map(ban).collect()
}

fn stale(world: &World, host: HostId) -> Vec<(SocketAddr, Stale)> {
    let stale = |note: &Note| if let Note::Stale { addr, why } = note { Some((*addr, *why)) } else { None };
    notes(world, host).filter_map(stale).collect()
}
