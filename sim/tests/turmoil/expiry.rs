//! A holder is named until its TTL is over, and not a moment longer.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use samara::tracker;
use samara::wire::Message;
use samara::wire::message::{HolderAddr, Query};
use samara_tokio::client::Client;
use tokio::time::sleep;

use crate::env::Turmoil;
use crate::stage::{PORT, Stage, TRACKER_PORT, TRAVEL};

const TTL: Duration = Duration::from_secs(15);
const INTERVAL: Duration = Duration::from_secs(5);
/// When the seeder crashes.
const CRASH: Duration = Duration::from_secs(22);
/// Until when the tracker is asked.
const END: Duration = Duration::from_secs(45);

/// An answer of the tracker.
struct Answer {
    asked: Duration,
    answered: Duration,
    holders: Vec<HolderAddr>,
}

/// Asks the tracker who holds the file, again and again.
async fn ask(stage: Stage, answers: Rc<RefCell<Vec<Answer>>>) -> turmoil::Result {
    stage.until(|log| log.announced().len() == 1).await;
    let mut client = Client::connect(Turmoil, (turmoil::lookup("tracker"), TRACKER_PORT).into()).await?;
    let query =
        Query { file_hash: stage.seed().file_hash(), seed_id: None, stale: Vec::new(), refuted: Vec::new() };
    while now() < END {
        let asked = now();
        let Message::Holders(said) = client.ask(&Message::Query(query.clone())).await? else {
            return Err("the tracker answered something else".into());
        };
        let holders = said.holders.iter().map(|holder| holder.addr).collect();
        answers.borrow_mut().push(Answer { asked, answered: now(), holders });
        sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

fn now() -> Duration {
    turmoil::sim_elapsed().unwrap_or_default()
}

#[test]
fn a_crashed_seeder_is_named_until_its_ttl_is_over_and_never_after_it() -> turmoil::Result {
    let stage = Stage::new(1, 6)?;
    let mut sim = stage.sim();
    stage.tracker(&mut sim, tracker::Config { ttl: TTL, interval: INTERVAL, ..tracker::Config::default() });
    stage.seeder(&mut sim, "seeder", 0)?;
    let seeder = (sim.lookup("seeder"), PORT).into();
    let answers = Rc::<RefCell<Vec<Answer>>>::default();
    sim.client("asker", ask(stage.clone(), answers.clone()));
    while sim.elapsed() < CRASH {
        assert!(!sim.step()?);
    }
    sim.crash("seeder");
    sim.run()?;

    // Its last announcement came at most an interval before the crash.
    let (alive, dead) = (CRASH - INTERVAL - TRAVEL + TTL, CRASH + TRAVEL + TTL);
    let answers = answers.take();
    assert!(answers.iter().any(|answer| answer.asked > CRASH && answer.answered < alive));
    assert!(answers.iter().any(|answer| answer.asked >= dead));
    for Answer { asked, answered, holders } in &answers {
        assert!(*asked >= alive || *holders == [HolderAddr::At(seeder)], "gone too early: {answered:?}");
        assert!(*asked < dead || holders.is_empty(), "named too late: {asked:?}");
    }
    let last = answers.iter().rposition(|answer| !answer.holders.is_empty());
    let first = answers.iter().position(|answer| answer.holders.is_empty());
    assert_eq!(last.map(|last| last + 1), first, "it never came back");

    let expired = stage.log().expired();
    assert!(
        matches!(expired[..], [(at, node)] if node == seeder && (alive..dead).contains(&at)),
        "{expired:?}"
    );
    Ok(())
}
