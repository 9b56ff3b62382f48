//! What a [`NodeHandle`](super::NodeHandle) asks of a running node, whatever world it runs in.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use samara::Machine;
use samara::node::{Action, Event};
use samara::seeder::{FileId, TrackerId};

use super::role::NodeRole;
use crate::env::Env;
use crate::run::{Driver, ShutDown};

/// A running node.
pub(super) trait Control: Send + Sync {
    fn share(&self, file: FileId, path: PathBuf, event: Event);
    fn unshare(&self, file: FileId);
    fn download(&self, file: FileId, path: PathBuf, event: Event);
    fn stop(&self);
    fn tracker_addr(&self, tracker: TrackerId) -> Option<SocketAddr>;
    fn shut_down(&self);
}

impl<E: Env, M> Control for Arc<Driver<E, NodeRole<M>>>
where
    M: Machine<Event = Event, Action = Action> + Send + 'static,
{
    fn share(&self, file: FileId, path: PathBuf, event: Event) {
        self.turn(|state, now| {
            state.role.add(file, path.into());
            state.handle(now, event);
        });
    }

    fn unshare(&self, file: FileId) {
        self.turn(|state, now| {
            state.handle(now, Event::Unshare { file });
            state.role.remove(file);
        });
    }

    fn download(&self, file: FileId, path: PathBuf, event: Event) {
        let part = self.env.disk().part(&path);
        self.turn(|state, now| {
            state.role.add_download(file, path.into(), part);
            state.handle(now, event);
        });
    }

    fn stop(&self) {
        self.turn(|state, now| state.handle(now, Event::Stop));
    }

    fn tracker_addr(&self, tracker: TrackerId) -> Option<SocketAddr> {
        self.turn(|state, _| state.role.tracker_addr(tracker))
    }

    fn shut_down(&self) {
        ShutDown::shut_down(&**self);
    }
}
