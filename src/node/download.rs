//! One download: a downloader and its store, and what the seeder is told of them.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;

use super::sharing::Sharing;
use super::trackers::{Asker, Question};
use super::{Action, Download as Order, Endpoint, Note};
use crate::downloader::{self, DownloadError, Downloader};
use crate::entropy::Entropy;
use crate::have::Have;
use crate::machine::{Deadline, Machine, Outbox};
use crate::seed::Seed;
use crate::seeder::{self, FileId, TrackerId};
use crate::store::{self, Identity, Store};
use crate::time::Time;

/// A download under way.
#[derive(Debug)]
pub(super) struct Download {
    file: FileId,
    downloader: Downloader,
    store: Store,
    /// Peers that the user gave, until the downloader may be told.
    peers: Vec<SocketAddr>,
    sharing: Sharing,
    phase: Phase,
    out: Outbox<Effect>,
}

#[derive(Debug)]
enum Phase {
    Running,
    /// It has failed, and the store is closing.
    Failing(Box<DownloadError>),
    /// The node is stopping, and the store is closing.
    Stopping,
    Ended,
}

/// What follows.
#[derive(Debug)]
pub(super) enum Effect {
    /// Something for the driver.
    Act(Action),
    /// A question for a tracker.
    Ask(TrackerId, Question),
    /// Something that the seeder has to know.
    Tell(seeder::Event),
    /// Nothing more will come of this one.
    Ended(FileId),
}

impl Download {
    /// Begins: the files are being opened. The configurations are complete.
    pub(super) fn new(order: Order, entropy: &mut Entropy, now: Time) -> Self {
        let Order { file, target, peers, config, store } = order;
        let mut download = Self {
            file,
            downloader: Downloader::new(target, config, entropy.next(), now),
            store: Store::new(store, entropy.next(), now),
            peers,
            sharing: Sharing::new(file),
            phase: Phase::Running,
            out: Outbox::new(),
        };
        download.store(now, store::Event::Open);
        download
    }

    /// Hands an event to the downloader.
    pub(super) fn downloader(&mut self, now: Time, event: downloader::Event) {
        self.downloader.handle(now, event);
        self.drain(now);
    }

    /// Hands an event to the store.
    pub(super) fn store(&mut self, now: Time, event: store::Event) {
        self.store.handle(now, event);
        self.drain(now);
    }

    /// Wakes whichever of the two is due.
    pub(super) fn wake(&mut self, now: Time) {
        let due = |deadline: Option<Deadline>| deadline.is_some_and(|deadline| deadline.at <= now);
        if due(self.store.deadline()) {
            self.store.handle(now, store::Event::Wake);
        }
        if due(self.downloader.deadline()) {
            self.downloader.handle(now, downloader::Event::Wake);
        }
        self.drain(now);
    }

    /// The node is stopping: what is there is made durable.
    pub(super) fn stop(&mut self, now: Time) {
        if matches!(self.phase, Phase::Running) {
            self.phase = Phase::Stopping;
            self.downloader.handle(now, downloader::Event::Stop);
            self.store(now, store::Event::Close);
        }
    }

    /// The oldest effect.
    pub(super) fn poll(&mut self) -> Option<Effect> {
        self.out.pop()
    }

    /// When a wake-up is wanted.
    pub(super) fn deadline(&self) -> Option<Deadline> {
        let (store, downloader) = (self.store.deadline(), self.downloader.deadline());
        store.into_iter().chain(downloader).min_by_key(|deadline| deadline.at)
    }

    /// Takes out what both want done, until neither wants anything.
    fn drain(&mut self, now: Time) {
        loop {
            if let Some(action) = self.downloader.poll() {
                self.on_downloader(now, action);
            } else if let Some(action) = self.store.poll() {
                self.on_store(now, action);
            } else {
                return;
            }
        }
    }

    fn on_store(&mut self, now: Time, action: store::Action) {
        match action {
            store::Action::Disk { job, op } => self.act(Action::Disk { file: self.file, job, op }),
            store::Action::Opened { seed, have, claimed } => self.resume(now, seed, have, claimed),
            store::Action::Adopted { have, claimed } => {
                self.share(|sharing, out| sharing.share(&have, out));
                self.downloader.handle(now, downloader::Event::Adopted { have, claimed });
            }
            store::Action::Checked { index, ok } => {
                if ok {
                    self.share(|sharing, out| sharing.gained(index, out));
                }
                self.downloader.handle(now, downloader::Event::Checked { index, ok });
            }
            store::Action::Stored { index } => {
                self.share(|sharing, out| sharing.gained(index, out));
                self.downloader.handle(now, downloader::Event::Stored { index });
            }
            store::Action::Published { identity } => self.published(now, identity),
            store::Action::Closed => self.closed(),
            store::Action::Failed(error) => self.store_failed(now, error),
        }
    }

    fn on_downloader(&mut self, now: Time, action: downloader::Action) {
        match action {
            downloader::Action::Adopt { seed, pinned } => {
                self.share(|sharing, out| sharing.adopt(&seed, pinned, out));
                self.store.handle(now, store::Event::Adopt { seed, pinned });
            }
            downloader::Action::Put { index, bytes } => {
                self.store.handle(now, store::Event::Put { index, bytes });
            }
            downloader::Action::Publish => self.store.handle(now, store::Event::Publish),
            downloader::Action::Done { identity } => self.done(now, identity),
            downloader::Action::Failed(error) => self.fail(now, error),
            downloader::Action::Ask { tracker, tag, request } => {
                let asker = Asker::Download(self.file);
                self.out.push(Effect::Ask(tracker, Question { asker, tag, request }));
            }
            downloader::Action::Dial { link, addr } => {
                self.act(Action::Dial { link, to: Endpoint::Peer(addr) });
            }
            downloader::Action::Send { link, request, message } => {
                self.act(Action::Send { link, request, message });
            }
            downloader::Action::Receive { link, request, step } => {
                self.act(Action::Receive { link, request, step });
            }
            downloader::Action::Close { link, fault } => self.act(Action::Close { link, fault }),
            downloader::Action::Note(note) => {
                self.share(|sharing, out| sharing.learn(&note, out));
                self.act(Action::Note(Note::Download { file: self.file, note }));
            }
        }
    }

    fn act(&mut self, action: Action) {
        self.out.push(Effect::Act(action));
    }

    fn resume(&mut self, now: Time, seed: Option<(Arc<Seed>, bool)>, have: Have, claimed: Have) {
        if let Some((seed, pinned)) = &seed {
            self.share(|sharing, out| sharing.resume(seed, *pinned, &have, out));
        }
        if matches!(self.phase, Phase::Running) {
            self.downloader.handle(now, downloader::Event::Resumed { seed, have, claimed });
            let peers = core::mem::take(&mut self.peers);
            if !peers.is_empty() {
                self.downloader.handle(now, downloader::Event::Peers(peers));
            }
        }
    }

    /// Tells the seeder of what is there, unless all is coming to an end.
    fn share(&mut self, tell: impl FnOnce(&mut Sharing, &mut Outbox<Effect>)) {
        if matches!(self.phase, Phase::Running) {
            tell(&mut self.sharing, &mut self.out);
        }
    }

    /// The file is in place; a downloader that was stopped meanwhile doesn't say so any more.
    fn published(&mut self, now: Time, identity: Identity) {
        match self.phase {
            Phase::Running => self.downloader.handle(now, downloader::Event::Published { identity }),
            Phase::Failing(_) | Phase::Stopping | Phase::Ended => {
                self.phase = Phase::Stopping;
                self.complete(identity);
            }
        }
    }

    /// Seeding goes on without this download, which ends with its store.
    fn done(&mut self, now: Time, identity: Identity) {
        self.complete(identity);
        if matches!(self.phase, Phase::Running) {
            self.phase = Phase::Stopping;
            self.store.handle(now, store::Event::Close);
        }
    }

    fn complete(&mut self, identity: Identity) {
        if let Some(seed) = self.sharing.complete(identity, &mut self.out) {
            self.act(Action::Done { file: self.file, seed, identity });
        }
    }

    fn fail(&mut self, now: Time, error: Box<DownloadError>) {
        self.sharing.withdraw(&mut self.out);
        match self.phase {
            Phase::Running => {
                self.phase = Phase::Failing(error);
                self.store.handle(now, store::Event::Close);
            }
            Phase::Failing(_) | Phase::Stopping | Phase::Ended => {}
        }
    }

    fn store_failed(&mut self, now: Time, error: store::DiskError) {
        self.sharing.withdraw(&mut self.out);
        self.downloader.handle(now, downloader::Event::StoreFailed(error));
    }

    fn closed(&mut self) {
        if let Phase::Failing(error) = core::mem::replace(&mut self.phase, Phase::Ended) {
            self.act(Action::Failed { file: self.file, error });
        }
        self.out.push(Effect::Ended(self.file));
    }
}
