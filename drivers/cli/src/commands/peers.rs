//! `samara peers`: who holds a file, and (with `--test`) really still does.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;

use samara::wire::Message;
use samara::wire::limits::MAX_EXCLUDED;
use samara::wire::message::{HaveSet, Holder, HolderAddr, Query, SeedKey};
use samara::{FileHash, SeedId};
use serde::Serialize;
use tokio::task::JoinSet;

use super::get::unique;
use crate::args::{Global, HostPort, PeersArgs};
use crate::ask::{Fates, Line, unexpected};
use crate::exit::{Code, Failure, Outcome};
use crate::output::Out;
use crate::target::Wanted;
use crate::text;

/// Questions to one tracker that bring nobody new before we believe that there is nobody.
const DRY: usize = 4;
/// Questions to one tracker in all: a tracker can make up holders for ever.
const MOST: usize = 2_048;
/// Tests at once.
const TESTS: usize = 32;

/// One holder as JSON.
#[derive(Serialize)]
struct Peer {
    addr: SocketAddr,
    complete: bool,
    /// Null without `--test`.
    test: Option<String>,
    seed_id: SeedId,
}

/// Runs the command.
pub(crate) async fn run(global: &Global, args: &PeersArgs) -> Outcome {
    let out = Out::new(global.json);
    let wanted = Wanted::read(&args.target).await?;
    let file_hash = wanted.target.file_hash;
    let (mut holders, mut fates) = (BTreeMap::new(), Fates::default());
    for tracker in trackers(args, &wanted)? {
        let found = ask(&tracker, file_hash, wanted.seed_id(), &mut holders).await;
        fates.take(&tracker, found);
    }
    fates.judge()?;
    if holders.is_empty() {
        return Err(Failure::new(Code::Unknown, format!("no tracker knows a holder of sha256:{file_hash}"))
            .next("samara seed FILE --tracker HOST:PORT where the file is"));
    }
    let mut passed = !args.test;
    for peers in chunks(holders) {
        for peer in if args.test { test(file_hash, peers).await } else { peers } {
            passed |= peer.test.as_deref().is_some_and(|test| test == PASSED);
            print(out, &peer);
        }
    }
    if passed {
        return Ok(Code::Ok);
    }
    Err(Failure::new(Code::NoHolder, "no holder passed the test")
        .next("wait for one to come back, or seed it again"))
}

/// The given ones, else the link's, else the one on this machine.
fn trackers(args: &PeersArgs, wanted: &Wanted) -> Result<Vec<HostPort>, Failure> {
    let mut names = wanted.trackers.clone();
    names.extend(args.trackers.iter().map(ToString::to_string));
    if names.is_empty() {
        names.push("127.0.0.1:7070".to_owned());
    }
    unique(names).iter().map(|name| name.parse().map_err(Failure::usage)).collect()
}

/// Adds every holder that a tracker names, by asking until it has no more: an answer is a sample.
async fn ask(
    tracker: &HostPort,
    file_hash: FileHash,
    seed_id: Option<SeedId>,
    holders: &mut BTreeMap<SocketAddr, Peer>,
) -> io::Result<()> {
    let mut line = Line::to_name(tracker.as_str()).await?;
    let (mut seen, mut dry): (Vec<HolderAddr>, usize) = (Vec::new(), 0);
    for _ in 0..MOST {
        let stale = seen.iter().rev().take(MAX_EXCLUDED).copied().collect();
        let query = Query { file_hash, seed_id, stale, refuted: Vec::new() };
        let Message::Holders(answer) = line.ask(&Message::Query(query)).await? else {
            return Err(unexpected());
        };
        let before = seen.len();
        for holder in answer.holders {
            if !seen.contains(&holder.addr) {
                seen.push(holder.addr);
            }
            add(holders, holder, line.addr);
        }
        let total =
            answer.seeds.iter().map(|seed| u64::from(seed.complete) + u64::from(seed.partial)).sum::<u64>();
        dry = if seen.len() == before { dry + 1 } else { 0 };
        if seen.len() as u64 >= total || dry == DRY {
            return Ok(());
        }
    }
    Ok(())
}

/// One line for each address, complete if it is under any list.
fn add(holders: &mut BTreeMap<SocketAddr, Peer>, holder: Holder, tracker: SocketAddr) {
    let Some(addr) = holder.addr.resolve(tracker.ip()) else { return };
    let Holder { seed_id, complete, .. } = holder;
    let peer = holders.entry(addr).or_insert(Peer { addr, complete, test: None, seed_id });
    if complete && !peer.complete {
        (peer.complete, peer.seed_id) = (true, seed_id);
    }
}

fn chunks(holders: BTreeMap<SocketAddr, Peer>) -> Vec<Vec<Peer>> {
    let mut chunks = Vec::new();
    let mut holders = holders.into_values().peekable();
    while holders.peek().is_some() {
        chunks.push(holders.by_ref().take(TESTS).collect());
    }
    chunks
}

/// Tests some holders at once; the answers come in the order of the holders.
async fn test(file_hash: FileHash, peers: Vec<Peer>) -> Vec<Peer> {
    let mut tests = JoinSet::new();
    for mut peer in peers {
        tests.spawn(async move {
            let key = SeedKey { file_hash, seed_id: peer.seed_id };
            let answer = async { Line::to(peer.addr).await?.ask(&Message::Test(key)).await }.await;
            peer.test = Some(verdict(answer));
            peer
        });
    }
    let mut tested = tests.join_all().await;
    tested.sort_by_key(|peer| peer.addr);
    tested
}

/// What `test` says of a holder that has the file or some of it.
const PASSED: &str = "ok";

fn verdict(answer: io::Result<Message>) -> String {
    match answer {
        Ok(Message::Have(HaveSet::Some(bits))) if bits.iter().all(|byte| *byte == 0) => {
            "nothing yet".to_owned()
        }
        Ok(Message::Have(_)) => PASSED.to_owned(),
        Ok(Message::Gone(why)) => format!("gone: {why}"),
        Ok(Message::Busy { .. }) => "busy".to_owned(),
        Ok(_) => "bad answer".to_owned(),
        Err(error) => format!("unreachable: {}", text::os(&error)),
    }
}

fn print(out: Out, peer: &Peer) {
    out.object(peer);
    let complete = if peer.complete { "complete" } else { "partial" };
    let test = peer.test.as_deref().map_or_else(String::new, |test| format!("  {test}"));
    out.line(&format!("{:<21}  {complete:<8}{test}", peer.addr.to_string()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use samara::Have;

    #[test]
    fn one_line_for_each_address_that_may_be_dialled() {
        let (mut holders, tracker) = (BTreeMap::new(), "10.0.0.9:7070".parse().unwrap());
        let holder =
            |addr, complete| Holder { addr, seed_id: SeedId::new([u8::from(complete); 32]), complete };
        let at = |text: &str| HolderAddr::At(text.parse().unwrap());
        add(&mut holders, holder(HolderAddr::SameHost(5), false), tracker);
        add(&mut holders, holder(at("10.0.0.9:5"), true), tracker);
        add(&mut holders, holder(at("127.0.0.1:5"), true), tracker);
        assert_eq!(holders.len(), 1);
        let peer = holders.values().next().unwrap();
        assert!(peer.complete && peer.seed_id == SeedId::new([1; 32]));
    }

    #[test]
    fn a_holder_of_nothing_has_not_passed() {
        let have = |have: &Have| verdict(Ok(Message::Have(HaveSet::from(have))));
        assert_eq!(have(&Have::none(9)), "nothing yet");
        assert_eq!(have(&Have::all(9)), PASSED);
        assert_eq!(verdict(Ok(Message::Busy { retry_after: std::time::Duration::ZERO })), "busy");
        assert_eq!(verdict(Err(io::ErrorKind::ConnectionRefused.into())), "unreachable: connection refused");
    }
}
