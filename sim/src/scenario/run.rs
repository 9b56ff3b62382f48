//! A run, in two phases as TigerBeetle's VOPR has them: faults are on, and nothing unsafe may happen; then a random
//! core that can finish is healed, and must finish. Faults that heal by luck would hide a protocol that hangs.

use std::collections::BTreeMap;
use std::time::Duration;

use samara::downloader::Note;
use samara::wire::session;
use samara::{Entropy, Time, node};

use super::blows::Blow;
use super::setup::Setup;
use super::stage::Stage;
use super::{Options, Scenario, Verdict};
use crate::disk::Harm;
use crate::fault::Fault;
use crate::host::{HostId, Report};

/// How long a healed core may take, in simulated time.
const BOUND: Duration = Duration::from_secs(900);
/// How often the rules are looked at that go by time.
const LOOK: Duration = Duration::from_millis(250);
/// How long nodes may take to tell trackers that they are complete.
const SETTLING: Duration = Duration::from_secs(5);
/// How often a fault is tried again that had no effect so far.
const INSISTENCE: usize = 80;

/// Runs a scenario once.
pub fn run(scenario: &Scenario, options: &Options) -> Verdict {
    let mut entropy = Entropy::new(options.seed ^ tag(scenario.name));
    let mut setup = Setup::new(&mut entropy);
    (scenario.draw)(&mut setup, &mut entropy);
    setup.faults.retain(|fault| !options.without.contains(fault));
    if let Some(nodes) = options.nodes {
        setup.downloaders = nodes.max(1);
    }
    play(scenario, options, setup, entropy)
}

/// Runs a scenario once, of this size and with these faults; what is left to be drawn follows from `entropy`.
pub fn play(scenario: &Scenario, options: &Options, setup: Setup, entropy: Entropy) -> Verdict {
    let (wanted, nodes) = (setup.faults.clone(), setup.downloaders);
    let mut run = Run {
        stage: Stage::new(setup, entropy, options.detail, options.take_down),
        agenda: BTreeMap::new(),
        entries: 0,
    };
    (scenario.prepare)(&mut run.stage);
    let result = run
        .trouble(&wanted)
        .and_then(|()| run.recovery())
        .and_then(|()| run.safety())
        .and_then(|()| (scenario.check)(&run.stage));
    let world = &run.stage.world;
    let unfired: Vec<_> = wanted.into_iter().filter(|fault| !world.fired().contains_key(fault)).collect();
    let own = unfired.iter().find(|fault| scenario.faults.contains(fault));
    let idle = || own.map_or(Ok(()), |fault| Err(format!("the fault {fault} never had an effect")));
    let result = result.and_then(|()| idle());
    Verdict {
        scenario: scenario.name,
        options: options.clone(),
        failure: result.err(),
        trace_hash: world.trace_hash(),
        simulated: world.now().since(Time::ZERO),
        events: world.steps(),
        fired: world.fired().clone(),
        unfired,
        nodes,
        chunks: run.stage.seed.chunks(),
        trace: world.trace().to_owned(),
        history: world.history().cloned(),
    }
}

/// Another stream for each scenario.
fn tag(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |tag, byte| (tag ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

struct Run {
    stage: Stage,
    /// What is going to happen, and when; among equals, in the order in which it was planned.
    agenda: BTreeMap<(Time, u64), Blow>,
    entries: u64,
}

impl Run {
    fn plan(&mut self, after: Duration, blow: Blow) {
        self.entries += 1;
        self.agenda.insert((self.stage.world.now() + after, self.entries), blow);
    }

    /// Faults are on.
    fn trouble(&mut self, wanted: &[Fault]) -> Result<(), String> {
        let (stagger, trouble) = (self.stage.setup.stagger, self.stage.setup.trouble);
        self.stage.world.run_for(Duration::from_secs(1));
        for n in 0..self.stage.setup.downloaders {
            let after = if n == 0 { Duration::ZERO } else { self.within(stagger) };
            self.plan(after, Blow::Begin);
        }
        for fault in wanted {
            for _ in 0..self.stage.setup.strikes {
                let after = self.within(trouble);
                self.plan(after, Blow::Strike(*fault));
            }
        }
        self.go()?;
        for _ in 0..INSISTENCE {
            let fired = self.stage.world.fired();
            let Some(fault) = wanted.iter().find(|fault| !fired.contains_key(fault)).copied() else { break };
            self.dismiss();
            self.plan(Duration::ZERO, Blow::Begin);
            let after = self.within(Duration::from_secs(3));
            self.plan(after, Blow::Strike(fault));
            self.plan(Duration::from_secs(5), Blow::Strike(fault));
            self.go()?;
        }
        Ok(())
    }

    /// Those that are done go, so that the next one has to turn to those that were there at first.
    fn dismiss(&mut self) {
        let world = &mut self.stage.world;
        for get in &self.stage.downloads {
            if world.is_up(get.host) && matches!(world.outcome(get.host, get.file), Some(Report::Done { .. }))
            {
                world.kill(get.host);
            }
        }
    }

    fn within(&mut self, span: Duration) -> Duration {
        Duration::from_micros(self.stage.entropy.below(span.as_micros() as usize + 1) as u64)
    }

    /// Goes through the agenda.
    fn go(&mut self) -> Result<(), String> {
        while let Some(((at, _), blow)) = self.agenda.pop_first() {
            self.watch_until(at)?;
            if let Some((after, next)) = self.stage.fall(blow) {
                self.plan(after, next);
            }
        }
        Ok(())
    }

    /// A core is healed, and finishes.
    fn recovery(&mut self) -> Result<(), String> {
        let core = self.heal();
        let healed = self.stage.world.now();
        let mut again = vec![true; self.stage.downloads.len()];
        while let Some(pending) = self.pending(&core) {
            if self.stage.world.now().since(healed) > BOUND {
                let name = self.stage.world.name(self.stage.downloads[pending].host);
                return Err(format!("{name} is neither done nor has it failed after {BOUND:?}"));
            }
            self.stage.world.run_for(LOOK);
            self.sound()?;
            for get in core.iter().copied() {
                self.judge(get, healed, &mut again)?;
            }
        }
        // Everybody has the time to say what there is to say.
        self.watch_until(self.stage.world.clocks_caught_up() + SETTLING)?;
        self.stage.world.check_known();
        self.sound()
    }

    /// Lets time pass until `at`, and sees to the rules meanwhile.
    fn watch_until(&mut self, at: Time) -> Result<(), String> {
        while self.stage.world.now() < at {
            let next = self.stage.world.now() + LOOK;
            self.stage.world.run_until(at.min(next));
            self.sound()?;
        }
        Ok(())
    }

    /// What is broken in the core works again: trackers, the first seeder, and some downloads. Gives these downloads.
    fn heal(&mut self) -> Vec<usize> {
        let stage = &mut self.stage;
        let mut core: Vec<_> = (0..stage.downloads.len()).filter(|_| stage.entropy.below(4) > 0).collect();
        if core.is_empty() {
            core.push(stage.entropy.below(stage.downloads.len()));
        }
        for (number, get) in stage.downloads.clone().iter().enumerate() {
            if !core.contains(&number) && stage.entropy.below(2) == 0 && stage.world.is_up(get.host) {
                stage.world.kill(get.host);
            }
        }
        stage.world.heal_all();
        let first = stage.seeders.first().map(|(host, _)| *host);
        let gets = core.iter().map(|number| stage.downloads[*number].host);
        let hosts: Vec<_> = stage.trackers.iter().copied().chain(first).chain(gets).collect();
        for host in hosts {
            stage.world.place(host).loss = 0;
            stage.world.disk_mut(host).harm(Harm::default());
            if !stage.world.is_up(host) {
                stage.world.start(host);
            }
        }
        for number in &core {
            let get = &stage.downloads[*number];
            if stage.world.has_failed(get.host, get.file) {
                stage.world.download_again(get.host, get.file);
            }
        }
        core
    }

    /// One that isn't over, of the core's downloads and those outside that are up.
    fn pending(&self, core: &[usize]) -> Option<usize> {
        let stage = &self.stage;
        (0..stage.downloads.len()).find(|number| {
            let get = &stage.downloads[*number];
            let matters = core.contains(number) || stage.world.is_up(get.host);
            matters && stage.world.outcome(get.host, get.file).is_none()
        })
    }

    /// A download of the core that fails had given up before it was healed, more or less; then it is ordered again,
    /// once.
    fn judge(&mut self, number: usize, healed: Time, again: &mut [bool]) -> Result<(), String> {
        let get = self.stage.downloads[number].clone();
        let world = &mut self.stage.world;
        if !world.has_failed(get.host, get.file) {
            return Ok(());
        }
        let late = world.now().since(healed) > get.order.config.stall_timeout + Duration::from_secs(2);
        if late || !std::mem::take(&mut again[number]) {
            let Some(Report::Failed { error, .. }) = world.outcome(get.host, get.file) else { return Ok(()) };
            return Err(format!("{} fails though it could finish: {error:?}", world.name(get.host)));
        }
        world.download_again(get.host, get.file);
        Ok(())
    }

    /// No rule was broken so far.
    fn sound(&mut self) -> Result<(), String> {
        self.stage.world.check_silence();
        self.stage.world.mistakes().first().map_or(Ok(()), |mistake| Err(mistake.clone()))
    }

    /// Whoever is done has the right file, and nobody honest was banned.
    fn safety(&mut self) -> Result<(), String> {
        self.sound()?;
        for get in &self.stage.downloads {
            let world = &self.stage.world;
            let done = matches!(world.outcome(get.host, get.file), Some(Report::Done { .. }));
            if done && world.disk(get.host).bytes(&get.order.name) != Some(self.stage.bytes.as_slice()) {
                return Err(format!("{} is done and has not got the file", world.name(get.host)));
            }
            if let Some((whom, fault)) = self.banned_by(get.host) {
                let (host, whom) = (world.name(get.host), world.name(whom));
                return Err(format!("{host} bans {whom}, which is honest: it {fault}"));
            }
        }
        Ok(())
    }

    fn banned_by(&self, host: HostId) -> Option<(HostId, session::Fault)> {
        let world = &self.stage.world;
        world.reports(host).iter().find_map(|(_, report)| {
            let Report::Node(node::Note::Download { note: Note::Banned { addr, fault }, .. }) = report else {
                return None;
            };
            world.host_at(*addr).filter(|host| world.is_honest(*host)).map(|host| (host, *fault))
        })
    }
}
