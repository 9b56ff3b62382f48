//! What every simulation here has: a file, hosts that run the driver, a folder for each.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use samara::downloader::{self, Pin, Target};
use samara::{Entropy, SafeName, Seed, node, seeder, tracker};
use samara_tokio::{Env, NodeHandle, NodeOptions, Order, Report, Reports, TrackerHandle, files};
use tempfile::TempDir;
use turmoil::{Builder, Sim};

use crate::env::Turmoil;
use crate::log::{Log, What};

/// Where the tracker listens.
pub(crate) const TRACKER_PORT: u16 = 7_070;
/// Where nodes serve.
pub(crate) const PORT: u16 = 7_071;
/// More than a few messages take.
pub(crate) const TRAVEL: Duration = Duration::from_millis(100);
/// Longer than any of these simulations takes, in simulated time.
const BOUND: Duration = Duration::from_secs(180);
/// How often a host looks whether something has happened.
const LOOK: Duration = Duration::from_millis(5);

/// A file that is to be spread, and what became of that.
#[derive(Clone)]
pub(crate) struct Stage(Rc<Inner>);

struct Inner {
    folder: TempDir,
    rng_seed: u64,
    content: Vec<u8>,
    seed: Arc<Seed>,
    log: Log,
}

impl Stage {
    /// With a file of so many chunks, the last of which is shorter. All randomness comes from `rng_seed`.
    pub(crate) fn new(chunks: usize, rng_seed: u64) -> turmoil::Result<Self> {
        let folder = TempDir::new()?;
        let mut random = Entropy::new(1);
        let words = (chunks * (256 << 10) - 5_000) / 8;
        let content: Vec<u8> = (0..words).flat_map(|_| random.next().to_le_bytes()).collect();
        let path = folder.path().join("original");
        fs::write(&path, &content)?;
        let (seed, _) = files::hash(&path, SafeName::new("file")?, &|_| {})?;
        assert_eq!(seed.chunks() as usize, chunks);
        Ok(Self(Rc::new(Inner { folder, rng_seed, content, seed, log: Log::default() })))
    }

    /// A simulation without hosts.
    pub(crate) fn sim(&self) -> Sim<'static> {
        Builder::new()
            .epoch(SystemTime::UNIX_EPOCH)
            .rng_seed(self.0.rng_seed)
            .enable_random_order()
            .simulation_duration(BOUND)
            .min_message_latency(Duration::from_millis(1))
            .max_message_latency(Duration::from_millis(10))
            // An end of stream that finds the buffer full is lost.
            .tcp_capacity(1 << 14)
            .build()
    }

    /// What was reported so far.
    pub(crate) fn log(&self) -> &Log {
        &self.0.log
    }

    /// What the file is.
    pub(crate) fn seed(&self) -> &Arc<Seed> {
        &self.0.seed
    }

    /// Where the file is on a host.
    pub(crate) fn path(&self, host: &str) -> PathBuf {
        self.0.folder.path().join(host).join("file")
    }

    /// Is the whole file there, byte for byte, and nothing else?
    pub(crate) fn is_whole_on(&self, host: &str) -> io::Result<bool> {
        let path = self.path(host);
        let folder = fs::read_dir(self.0.folder.path().join(host))?;
        Ok(fs::read(path)? == self.0.content && folder.count() == 1)
    }

    /// Adds the tracker.
    pub(crate) fn tracker(&self, sim: &mut Sim<'_>, config: tracker::Config) {
        let stage = self.clone();
        sim.host("tracker", move || stage.clone().run_tracker(config.clone()));
    }

    async fn run_tracker(self, config: tracker::Config) -> turmoil::Result {
        let mut tracker =
            TrackerHandle::start(Turmoil, listen(TRACKER_PORT), config, self.entropy("tracker")).await?;
        while let Some(note) = tracker.note().await {
            self.log().add("tracker", What::Tracker(note));
        }
        Err("the tracker has ended".into())
    }

    /// Adds a node that seeds a copy of the file. `limit`: bytes per second that it sends; 0: no limit.
    pub(crate) fn seeder(&self, sim: &mut Sim<'_>, host: &'static str, limit: u64) -> io::Result<()> {
        let path = self.path(host);
        fs::create_dir(self.0.folder.path().join(host))?;
        fs::write(&path, &self.0.content)?;
        let stage = self.clone();
        sim.host(host, move || stage.clone().run_seeder(host, limit));
        Ok(())
    }

    async fn run_seeder(self, host: &'static str, limit: u64) -> turmoil::Result {
        let (node, mut reports) = self.node(Turmoil, host, limit).await?;
        let path = self.path(host);
        let identity = files::identity(&path)?;
        node.share(path, self.seed().clone(), identity);
        self.follow(host, &mut reports, |_| false).await
    }

    /// To be run on a host: downloads the file, and ends when it is there.
    pub(crate) async fn download(&self, host: &'static str, pin: Pin) -> turmoil::Result {
        let (_node, mut reports) = self.begin(Turmoil, host, pin, 0).await?;
        self.follow(host, &mut reports, |report| matches!(report, Report::Done { .. })).await
    }

    /// Adds a node that downloads the file once so many others have announced it, and seeds it from then on. Unlike a
    /// client, it can crash. `limit`: bytes per second that it sends; 0: no limit.
    pub(crate) fn downloader(&self, sim: &mut Sim<'_>, host: &'static str, others: usize, limit: u64) {
        let stage = self.clone();
        sim.host(host, move || {
            let stage = stage.clone();
            async move {
                stage.until(|log| log.announced().len() >= others).await;
                let (_node, mut reports) = stage.begin(Turmoil, host, Pin::Hash, limit).await?;
                stage.follow(host, &mut reports, |_| false).await
            }
        });
    }

    /// Lets the simulation run until so many downloads are complete.
    pub(crate) fn ends_with(&self, sim: &mut Sim<'_>, downloads: usize) {
        let stage = self.clone();
        sim.client("end", async move {
            stage.until(|log| log.done().len() == downloads).await;
            Ok(())
        });
    }

    /// To be run on a host: starts a node that downloads the file.
    pub(crate) async fn begin(
        &self,
        env: impl Env,
        host: &'static str,
        pin: Pin,
        limit: u64,
    ) -> io::Result<(NodeHandle, Reports)> {
        let (node, reports) = self.node(env, host, limit).await?;
        // It is there already after a crash.
        fs::create_dir_all(self.0.folder.path().join(host))?;
        node.download(Order {
            target: Target { file_hash: self.seed().file_hash(), pin },
            path: self.path(host),
            peers: Vec::new(),
            overwrite: false,
            config: downloader::Config::default(),
        });
        Ok((node, reports))
    }

    /// Writes down reports up to `the_last`.
    async fn follow(
        &self,
        host: &'static str,
        reports: &mut Reports,
        the_last: impl Fn(&Report) -> bool,
    ) -> turmoil::Result {
        while let Some(report) = reports.next().await {
            self.log().add(host, What::Node(report.clone()));
            if let Report::Failed { error, .. } = report {
                return Err(format!("{host}: {error:?}").into());
            }
            if the_last(&report) {
                return Ok(());
            }
        }
        Err(format!("{host} has ended").into())
    }

    async fn node(
        &self,
        env: impl Env,
        host: &'static str,
        limit_up: u64,
    ) -> io::Result<(NodeHandle, Reports)> {
        let seeder = seeder::Config { limit_up, ..seeder::Config::default() };
        let options = NodeOptions {
            listen: listen(PORT),
            trackers: vec![format!("tracker:{TRACKER_PORT}")],
            config: node::Config { seeder, ..node::Config::default() },
            entropy: self.entropy(host),
        };
        NodeHandle::start(env, options).await
    }

    /// To be run on a host: returns when `happened`.
    pub(crate) async fn until(&self, happened: impl Fn(&Log) -> bool) {
        while !happened(self.log()) {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Another number for each host, and each time that it starts.
    fn entropy(&self, host: &str) -> u64 {
        let seed = self.0.rng_seed ^ Turmoil.now().as_micros();
        host.bytes().fold(seed, |seed, byte| Entropy::new(seed ^ u64::from(byte)).next())
    }
}

fn listen(port: u16) -> SocketAddr {
    ([0, 0, 0, 0], port).into()
}

/// The address of a host's node.
pub(crate) fn addr(sim: &Sim<'_>, host: &str) -> SocketAddr {
    (sim.lookup(host), PORT).into()
}

/// Lets time pass.
pub(crate) fn pass(sim: &mut Sim<'_>, time: Duration) -> turmoil::Result {
    let end = sim.elapsed() + time;
    while sim.elapsed() < end {
        sim.step()?;
    }
    Ok(())
}
