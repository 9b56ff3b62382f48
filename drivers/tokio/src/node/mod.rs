//! A node on this driver: what a program sees of it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use samara::downloader::{self, DownloadError, Target};
use samara::node::{Config, Download, Event, Node, Note};
use samara::seeder::{FileId, TrackerId};
use samara::store::{self, Identity};
use samara::{Seed, record};
use tokio::sync::mpsc;

use crate::env::Env;
use crate::record::{Recorder, Recording};
use crate::run::{Driver, Meters};

mod control;
mod look;
pub(crate) mod reports;
pub(crate) mod role;

use control::Control;
pub use reports::Reports;
use role::NodeRole;

/// How to start a node.
#[derive(Clone, Debug)]
pub struct NodeOptions {
    /// Where to serve; port 0: any free one.
    pub listen: SocketAddr,
    /// `HOST:PORT` each, looked up at each connection.
    pub trackers: Vec<String>,
    /// The machine's settings; the port and the number of trackers are filled in.
    pub config: Config,
    /// Is to be random.
    pub entropy: u64,
}

/// A download to begin.
#[derive(Clone, Debug)]
pub struct Order {
    /// What to get.
    pub target: Target,
    /// Where to put it.
    pub path: PathBuf,
    /// Peers to ask, besides those that trackers name.
    pub peers: Vec<SocketAddr>,
    /// May a file that is there be replaced?
    pub overwrite: bool,
    /// How.
    pub config: downloader::Config,
}

/// What a node tells.
#[derive(Clone, Debug)]
pub enum Report {
    /// A tracker has acknowledged a file.
    Announced {
        /// Which file.
        file: FileId,
        /// Which tracker.
        tracker: TrackerId,
    },
    /// A download is complete, and seeded from now on.
    Done {
        /// Which.
        file: FileId,
        /// Where it is.
        path: PathBuf,
        /// What it is.
        seed: Arc<Seed>,
        /// What it looks like.
        identity: Identity,
    },
    /// A download has failed; what is there of it stays on the disk.
    Failed {
        /// Which.
        file: FileId,
        /// Why.
        error: Box<DownloadError>,
    },
    /// Something worth counting or logging.
    Note(Note),
    /// [`NodeHandle::stop`] is carried out.
    Stopped,
}

/// Bytes of chunks that went over the network, also those of chunks that are still under way, and what keeping them
/// took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// To peers.
    pub sent: u64,
    /// From peers.
    pub received: u64,
    /// For how long the disk was syncing downloads, each sync counted by itself.
    pub syncing: Duration,
}

/// A running node; it ends when the last clone of this is dropped.
#[derive(Clone)]
pub struct NodeHandle(Arc<Running>);

struct Running {
    control: Box<dyn Control>,
    local: SocketAddr,
    meters: Arc<Meters>,
    /// The next file's number.
    next: AtomicU32,
}

impl NodeHandle {
    /// Starts a node.
    ///
    /// # Errors
    /// The address can't be listened at.
    pub async fn start<E: Env>(env: E, options: NodeOptions) -> io::Result<(Self, Reports)> {
        Self::start_recorded(env, options, None).await
    }

    /// The same, and takes down what happens to it, if that is wanted.
    ///
    /// # Errors
    /// The address can't be listened at.
    pub async fn start_recorded<E: Env>(
        env: E,
        options: NodeOptions,
        recording: Option<Recording>,
    ) -> io::Result<(Self, Reports)> {
        let NodeOptions { listen, trackers, mut config, entropy } = options;
        let (listener, local) = env.bind(listen).await?;
        config.seeder.port = local.port();
        config.trackers = u16::try_from(trackers.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let at = env.now();
        let recorder =
            recording.map(|it| Recorder::start(it, at, entropy, record::Machine::Node(config.clone())));
        let machine = Node::new(config, entropy, at);

        let (sender, reports) = reports::channel();
        let (looks, to_look_at) = mpsc::unbounded_channel();
        let role = NodeRole::new(trackers, sender, looks);
        let driver = Driver::start(env, machine, role, listener, recorder);
        driver.spawn(look::all(driver.clone(), to_look_at));
        let meters = driver.meters.clone();
        let running = Running { control: Box::new(driver), local, meters, next: AtomicU32::new(0) };
        Ok((Self(Arc::new(running)), reports))
    }

    /// Where it serves.
    pub fn local_addr(&self) -> SocketAddr {
        self.0.local
    }

    /// Seeds the file at `path`, which looked like `identity` when its seed was made.
    pub fn share(&self, path: PathBuf, seed: Arc<Seed>, identity: Identity) -> FileId {
        let file = self.name();
        self.0.control.share(file, path, Event::Share { file, seed, identity });
        file
    }

    /// Seeds a file no longer.
    pub fn unshare(&self, file: FileId) {
        self.0.control.unshare(file);
    }

    /// Begins a download, and seeds what is there of it. Ends in [`Report::Done`] or [`Report::Failed`].
    pub fn download(&self, order: Order) -> FileId {
        let Order { target, path, peers, overwrite, config } = order;
        let file = self.name();
        let store = store::Config { overwrite, ..store::Config::new(target.file_hash) };
        let download = Download { file, target, peers, config, store };
        self.0.control.download(file, path, Event::Download(Box::new(download)));
        file
    }

    /// Stops in order: journals flushed, trackers left. Ends in [`Report::Stopped`].
    pub fn stop(&self) {
        self.0.control.stop();
    }

    /// What went over the network so far.
    pub fn traffic(&self) -> Traffic {
        let meters = &self.0.meters;
        Traffic {
            sent: meters.sent.load(Ordering::Relaxed),
            received: meters.received.load(Ordering::Relaxed),
            syncing: Duration::from_micros(meters.syncing.load(Ordering::Relaxed)),
        }
    }

    /// At which address a tracker was reached last.
    pub fn tracker_addr(&self, tracker: TrackerId) -> Option<SocketAddr> {
        self.0.control.tracker_addr(tracker)
    }

    fn name(&self) -> FileId {
        FileId(self.0.next.fetch_add(1, Ordering::Relaxed))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.control.shut_down();
    }
}

impl fmt::Debug for NodeHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeHandle").field("local", &self.0.local).finish_non_exhaustive()
    }
}
