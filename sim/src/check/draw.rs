//! Arbitrary bytes as a source of choices. It never runs dry: behind the last byte come zeros.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use samara::wire::message::{Entry, HolderAddr, SeedKey};
use samara::{FileHash, SafeName, Seed, SeedId};

use crate::file;

/// Seeds that drawn messages are about: two lists of one file, of which the second is false, and two other files.
pub(super) static SEEDS: LazyLock<[Arc<Seed>; 4]> = LazyLock::new(|| {
    let long = file::seed(&file::random(11 * 64 - 9, 1), 64);
    let lie = file::forged(&long, &[2]);
    [long, lie, file::seed(&file::random(200, 2), 64), file::seed(&file::random(1, 3), 1 << 10)]
});

/// The key of a seed.
pub(super) fn key(seed: &Seed) -> SeedKey {
    SeedKey { file_hash: seed.file_hash(), seed_id: seed.id() }
}

/// What is left of the bytes.
pub(super) struct Draw<'a>(Unstructured<'a>);

impl<'a> Draw<'a> {
    /// All of `bytes`.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(Unstructured::new(bytes))
    }

    /// Are all bytes used up?
    pub(super) fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    /// Anything of its type.
    pub(super) fn any<T: Arbitrary<'a> + Default>(&mut self) -> T {
        self.0.arbitrary().unwrap_or_default()
    }

    /// A number below `count`, which isn't 0.
    pub(super) fn below(&mut self, count: usize) -> usize {
        self.0.int_in_range(0..=count - 1).unwrap_or(0)
    }

    /// A small number below `count`, which isn't 0.
    pub(super) fn few(&mut self, count: u8) -> u8 {
        self.any::<u8>() % count
    }

    /// True once in `count` times.
    pub(super) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == count - 1
    }

    /// One of these.
    pub(super) fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// At most `most` of them.
    pub(super) fn list<T>(&mut self, most: usize, mut one: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| one(self)).collect()
    }

    /// Perhaps one.
    pub(super) fn perhaps<T>(&mut self, one: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.any::<bool>().then(|| one(self))
    }

    /// So many bytes, or as many as there are.
    pub(super) fn bytes(&mut self, count: usize) -> &'a [u8] {
        self.0.bytes(count.min(self.0.len())).unwrap_or_default()
    }

    /// All that is left.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        self.bytes(usize::MAX)
    }

    /// One of [`SEEDS`].
    pub(super) fn seed(&mut self) -> Arc<Seed> {
        Arc::clone(&SEEDS[self.below(SEEDS.len())])
    }

    /// The key of one of [`SEEDS`], or one that is nobody's.
    pub(super) fn key(&mut self) -> SeedKey {
        match self.below(8) {
            7 => SeedKey { file_hash: FileHash::new([self.any(); 32]), seed_id: SeedId::new([0; 32]) },
            _ => key(&self.seed()),
        }
    }

    /// A key, and a claim to hold all of it or some.
    pub(super) fn entry(&mut self) -> Entry {
        Entry { key: self.key(), complete: self.any() }
    }

    /// A name.
    pub(super) fn name(&mut self) -> SafeName {
        let name = format!("{:x}", self.any::<u16>());
        SafeName::new(&name).expect("hex digits are a name")
    }

    /// An index that a file may have, most often that of one of [`SEEDS`].
    pub(super) fn index(&mut self) -> u32 {
        if self.one_in(8) { self.any::<u16>().into() } else { self.few(12).into() }
    }

    /// A span of milliseconds, as it is told to others.
    pub(super) fn millis(&mut self) -> Duration {
        Duration::from_millis(self.any::<u32>().into())
    }

    /// An address.
    pub(super) fn addr(&mut self) -> SocketAddr {
        let ip = match self.below(4) {
            0 => IpAddr::V6(Ipv6Addr::from_bits(self.any())),
            1 => IpAddr::V4(Ipv4Addr::from_bits(self.any())),
            _ => IpAddr::V4(Ipv4Addr::new(10, 0, self.few(4), 1)),
        };
        SocketAddr::new(ip, if self.any() { 7_000 } else { self.any() })
    }

    /// An address with this port, as a text.
    pub(super) fn addr_with(&mut self, port: u16) -> String {
        SocketAddr::new(self.addr().ip(), port).to_string()
    }

    /// A holder's address.
    pub(super) fn holder_addr(&mut self) -> HolderAddr {
        if self.one_in(4) { HolderAddr::SameHost(self.any()) } else { HolderAddr::At(self.addr()) }
    }

    /// A moment soon: any number of microseconds up to two minutes, small ones as likely as large ones.
    pub(super) fn span(&mut self) -> Duration {
        let most = 1_u64 << self.below(28);
        Duration::from_micros(self.any::<u32>() as u64 % most)
    }
}
