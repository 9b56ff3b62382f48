//! Looking at files.

use std::path::Path;
use std::sync::Arc;

use samara::Machine;
use samara::node::{Action, Event};
use samara::store::Identity;
use tokio::sync::mpsc::UnboundedReceiver;

use super::role::{Look, NodeRole};
use crate::env::{Disk, Env};
use crate::run::Driver;

/// Files that are looked at in one go.
const LOOKS: usize = 256;

/// Looks at files.
pub(super) async fn all<E: Env, M>(driver: Arc<Driver<E, NodeRole<M>>>, mut to_do: UnboundedReceiver<Look>)
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
