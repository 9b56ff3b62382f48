//! What a node has done on the disk.

use std::path::Path;
use std::sync::Arc;

use samara::Machine;
use samara::node::{Action, Event};
use samara::seeder::FileId;
use samara::store::{Identity, Op};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;

use super::role::{Job, Look, NodeRole};
use crate::disk::Queue;
use crate::env::{Disk, Env, Part};
use crate::run::Driver;

/// Files that are looked at in one go.
const LOOKS: usize = 256;

/// Carries out the operations of one download until it has ended, then closes its files.
pub(super) async fn store<E: Env, M>(
    driver: Arc<Driver<E, NodeRole<M>>>,
    file: FileId,
    part: Arc<dyn Part>,
    mut to_do: UnboundedReceiver<Job>,
) where
    M: Machine<Event = Event, Action = Action> + Send + 'static,
{
    let mut queue = Queue::default();
    let mut running = JoinSet::new();
    let mut end = None;
    loop {
        while let Some((job, op)) = queue.next() {
            running.spawn(perform(driver.clone(), file, part.clone(), job, op));
        }
        tokio::select! {
            biased;
            Some(ended) = running.join_next() => match ended {
                Ok(job) => queue.done(job),
                Err(_) => return,
            },
            next = to_do.recv(), if end.is_none() => match next {
                Some(Job::Do(job, op)) => queue.push(job, op),
                Some(Job::End(farewell)) => end = Some(farewell),
                None => return,
            },
            else => break,
        }
    }
    driver.env.block(move || part.close()).await;
    drop(end);
}

/// Carries out one operation, and hands in how it ended.
async fn perform<E: Env, M>(
    driver: Arc<Driver<E, NodeRole<M>>>,
    file: FileId,
    part: Arc<dyn Part>,
    job: u32,
    op: Op,
) -> u32
where
    M: Machine<Event = Event, Action = Action> + Send + 'static,
{
    let env = driver.env.clone();
    env.block(move || {
        let outcome = part.perform(op);
        driver.turn(|state, now| state.handle(now, Event::Disk { file, job, outcome }));
    })
    .await;
    job
}

/// Looks at files.
pub(super) async fn look<E: Env, M>(driver: Arc<Driver<E, NodeRole<M>>>, mut to_do: UnboundedReceiver<Look>)
where
    M: Machine<Event = Event, Action = Action> + Send + 'static,
{
    let mut looks = Vec::new();
    while to_do.recv_many(&mut looks, LOOKS).await > 0 {
        let (driver, looks) = (driver.clone(), std::mem::take(&mut looks));
        let env = driver.env.clone();
        env.block(move || {
            let disk = driver.env.disk();
            for Look { file, path } in looks {
                let identity = path.and_then(|path| identity(&*disk, &path));
                driver.turn(|state, now| state.handle(now, Event::Looked { file, identity }));
            }
        })
        .await;
    }
}

fn identity(disk: &dyn Disk, path: &Path) -> Option<Identity> {
    disk.open(path).and_then(|content| content.identity()).ok()
}
