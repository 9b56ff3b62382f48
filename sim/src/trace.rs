//! What happened, a readable line each.

mod messages;
mod reports;

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::hash::Hasher as _;
use std::net::{IpAddr, SocketAddr};

use siphasher::sip::SipHasher13;

use samara::Time;

/// How much a trace takes down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Nothing: for large worlds.
    #[default]
    Nothing,
    /// Messages, and what befalls hosts: reads like the protocol's specification.
    Wire,
    /// Disk operations, data and uploads, too.
    All,
}

/// The lines, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    detail: Detail,
    names: Names,
    text: String,
}

/// What hosts are called, by their addresses.
#[derive(Clone, Debug, Default)]
pub struct Names(BTreeMap<IpAddr, String>);

impl Trace {
    /// An empty one.
    pub fn new(detail: Detail) -> Self {
        Self { detail, ..Self::default() }
    }

    /// From now on lines call `ip` by its name.
    pub fn call(&mut self, ip: IpAddr, name: &str) {
        self.names.0.insert(ip, name.to_owned());
    }

    /// Are lines of this `detail` wanted?
    pub fn takes(&self, detail: Detail) -> bool {
        self.detail >= detail && self.detail != Detail::Nothing
    }

    /// Adds a line if `detail` is wanted; otherwise `line` isn't even made.
    pub fn line<D: fmt::Display>(&mut self, detail: Detail, now: Time, line: impl FnOnce(&Names) -> D) {
        if self.takes(detail) {
            writeln!(self.text, "{now}  {}", line(&self.names)).expect("strings can be written to");
        }
    }

    /// All lines.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Everything that happens, in its order, as one number (SipHash-1-3 under the zero key).
#[derive(Clone, Debug, Default)]
pub(crate) struct Digest {
    state: SipHasher13,
    steps: u64,
}

impl Digest {
    /// The next step, at this time.
    pub(crate) fn step(&mut self, at: Time) {
        self.steps += 1;
        self.state.write_u64(at.as_micros());
    }

    /// Something that happened in this step: to whom, and what of it.
    pub(crate) fn add(&mut self, host: usize, what: &[u8]) {
        self.state.write_u64(host as u64);
        self.state.write_u64(what.len() as u64);
        self.state.write(what);
    }

    pub(crate) fn value(&self) -> u64 {
        self.state.finish()
    }

    pub(crate) const fn steps(&self) -> u64 {
        self.steps
    }
}

impl Names {
    /// The name of the host at `addr`, or the address.
    pub fn of(&self, addr: SocketAddr) -> String {
        self.0.get(&addr.ip()).cloned().unwrap_or_else(|| addr.to_string())
    }
}
