//! The course of a run: who comes when, and what befalls them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use samara::{Entropy, Seed, Time, node, tracker};

use super::curve::{Member, TICKS};
use super::profile::{Act, Profile};
use super::{CHUNK, Crowd, SLICES, WEIGHT};
use crate::fault::Fault;
use crate::file;
use crate::host::{HostId, Order, Then};
use crate::hostile::Poisoner;
use crate::trace::Detail;
use crate::world::{Weight, World};

/// A run.
pub(super) struct Course<'a> {
    crowd: &'a Crowd,
    pub(super) world: World,
    tracker: HostId,
    /// The first seeder.
    pub(super) source: HostId,
    seed: Arc<Seed>,
    begun: Time,
    /// What is going to happen, next one first.
    plan: VecDeque<(Time, Act)>,
    /// After how many bytes the first seeder leaves.
    farewell: Option<u64>,
    pub(super) members: Vec<Member>,
    /// How many crashed and came back.
    pub(super) crashed: usize,
    /// When it is looked next what everybody holds, and how long after that again.
    tick: Time,
    every: Duration,
}

/// Steps between the moments at which it is looked who is done, at least, and for each node.
const LOOK: usize = 5_000;
const LOOK_EACH: usize = 8;
/// After so many chunk times for each chunk of the file nobody is waited for any longer.
const PATIENCE: u32 = 20;

impl<'a> Course<'a> {
    /// The stage is set: a tracker and the first seeder, but nobody who wants the file.
    pub(super) fn new(crowd: &'a Crowd) -> Self {
        let mut entropy = Entropy::new(crowd.seed);
        let bytes = file::random(crowd.chunks as usize * CHUNK as usize, entropy.next());
        let seed = file::seed(&bytes, CHUNK);
        let mut world = World::unwatched(entropy.next(), Detail::Nothing);
        world.weigh(Weight {
            factor: WEIGHT / u64::from(CHUNK),
            slice: u64::from(CHUNK) / SLICES,
            express: !crowd.fifo,
        });
        let tracker = world.tracker("tracker", tracker::Config { max_connections: 0, ..Default::default() });
        // It is nobody's bottleneck.
        place(&mut world, tracker, crowd, 0, 0);
        let source = node(&mut world, "seeder", tracker, crowd, crowd.rate);
        world.share(source, "file", &bytes, seed.clone());
        world.count_from(source, crowd.chunks);
        world.run_for(Duration::from_secs(1));
        let begun = world.now();
        let plan = crowd.profile.plan(crowd).into_iter().map(|(after, act)| (begun + after, act)).collect();
        let farewell = crowd.profile.farewell().map(|share| bytes.len() as u64 * share / 100);
        let every = Duration::from_secs_f64(crowd.fluid() / f64::from(TICKS));
        let (members, crashed, tick) = (Vec::new(), 0, begun + every);
        Self { crowd, world, tracker, source, seed, begun, plan, farewell, members, crashed, tick, every }
    }

    /// Lets everybody have the file, if they can.
    pub(super) fn run(&mut self) {
        let last = self.plan.back().map_or(self.begun, |(at, _)| *at);
        let end = last + self.crowd.chunk_time() * self.crowd.chunks * PATIENCE;
        let look = LOOK.max(self.crowd.nodes * LOOK_EACH);
        while self.world.now() < end && self.is_pending() && (0..look).all(|_| self.step()) {}
        self.look();
    }

    /// Is anybody waited for?
    fn is_pending(&self) -> bool {
        let waits = |member: &Member| self.world.outcome(member.host, member.file).is_none();
        !self.plan.is_empty() || self.members.iter().any(waits)
    }

    /// Lets the next thing happen, and whatever is planned for before.
    fn step(&mut self) -> bool {
        while let Some((at, act)) = self.plan.front().copied()
            && self.world.next_at().is_none_or(|next| at <= next)
        {
            self.plan.pop_front();
            self.world.run_until(at);
            self.carry_out(act);
        }
        let went_on = self.world.step();
        if self.farewell.is_some_and(|bytes| self.world.uploaded(self.source) >= bytes) {
            self.farewell = None;
            self.world.count(Fault::Leave, self.source);
            self.world.crash(self.source);
        }
        while self.tick <= self.world.now() {
            self.look();
            self.tick = self.tick + self.every;
        }
        went_on
    }

    /// Looks what everybody holds.
    fn look(&mut self) {
        self.members.iter_mut().for_each(|member| member.tick(&self.world));
    }

    fn carry_out(&mut self, act: Act) {
        let now = self.world.now();
        match act {
            Act::Arrive => self.arrive(),
            Act::Poison => self.poison(),
            Act::Wipe(number) => {
                let Some(member) = self.members.get_mut(number) else { return };
                let host = member.host;
                member.again(now);
                self.world.count(Fault::Crash, host);
                self.world.crash(host);
                self.world.disk_mut(host).wipe();
                self.world.start(host);
                self.crashed += 1;
            }
        }
    }

    fn arrive(&mut self) {
        let (number, profile) = (self.members.len(), self.crowd.profile);
        let uplink = profile.uplink(number, self.crowd.rate);
        let host = node(&mut self.world, &format!("node{number}"), self.tracker, self.crowd, uplink);
        let mut order = Order::new("file", file::pinned(&self.seed));
        order.config.stall_timeout = Duration::from_secs(3_600);
        if profile == Profile::LeaveOnCompletion {
            order.then = Then::Leave;
        }
        let file = self.world.download(host, order);
        self.members.push(Member::new(host, file, self.world.now()));
    }

    fn poison(&mut self) {
        let trackers = vec![self.world.addr(self.tracker)];
        let poisoner = Poisoner::new(trackers, Arc::clone(&self.seed), self.crowd.chunk_time());
        let host = self.world.actor("poisoner", false, Box::new(poisoner));
        place(&mut self.world, host, self.crowd, self.crowd.rate, self.crowd.rate);
        self.world.mark(host, Fault::Poisoner);
    }

    /// How many nodes are gone for good.
    pub(super) fn left(&self) -> usize {
        let hosts = self.members.iter().map(|member| member.host).chain([self.source]);
        hosts.filter(|host| !self.world.is_up(*host)).count()
    }
}

/// Adds a node with this uplink.
fn node(world: &mut World, name: &str, tracker: HostId, crowd: &Crowd, up: u64) -> HostId {
    let mut config = node::Config::default();
    config.seeder.slowest = 1;
    let host = world.node(name, &[tracker], config);
    place(world, host, crowd, up, crowd.rate);
    host
}

/// Gives a host its lines.
fn place(world: &mut World, host: HostId, crowd: &Crowd, up: u64, down: u64) {
    let place = world.place(host);
    (place.up, place.down, place.latency) = (up, down, crowd.profile.distance(crowd));
}
