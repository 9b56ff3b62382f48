//! Every seed that somebody claims to hold, under a number, with its holders.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::hint::black_box;

use super::claims::{Claims, Rivals};
use super::crowd::{Crowd, Group, Member};
use super::slab::Slab;
use crate::entropy::Entropy;
use crate::hash::FileHash;
use crate::lookup::{Index, Tag};
use crate::wire::message::SeedKey;

/// The table of seeds. A seed is in it exactly as long as it has holders.
#[derive(Debug)]
pub(super) struct Seeds {
    table: Slab<Seed>,
    files: Index<Claims>,
}

/// One seed and its holders, some of which may have expired or not begun: only their leases know.
#[derive(Debug)]
pub(super) struct Seed {
    /// Which.
    pub(super) key: SeedKey,
    /// Those who claim it, wholly or in part.
    pub(super) holders: Crowd,
    /// Distinct prefixes among all of them.
    pub(super) prefixes: u32,
    /// Has its body ever been here?
    pub(super) body: Body,
    /// Its position among its file's [`Rivals`].
    position: u32,
}

/// What is known of a seed's body. Whether it is still here, the cache knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// Never seen: worth asking for.
    Unseen,
    /// Seen once; not asked for again.
    Seen,
}

impl Seeds {
    /// None yet.
    pub(super) fn new(entropy: &mut Entropy) -> Self {
        Self { table: Slab::new(), files: Index::new(entropy) }
    }

    /// The seed under `number`.
    pub(super) fn get(&self, number: u32) -> Option<&Seed> {
        self.table.get(number)
    }

    /// Notes that the seed's body has been here.
    pub(super) fn saw_body(&mut self, number: u32) {
        if let Some(seed) = self.table.get_mut(number) {
            seed.body = Body::Seen;
        }
    }

    /// How many seeds there are.
    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    /// Every seed's number is below it.
    pub(super) fn slots(&self) -> u32 {
        self.table.slots()
    }

    /// The seeds claimed for a file.
    pub(super) fn of_file(&self, file: &FileHash) -> Option<&Claims> {
        self.tagged(self.files.tag(file), file)
    }

    fn tagged(&self, tag: Tag, file: &FileHash) -> Option<&Claims> {
        self.files.find(tag, |claims| are_of(claims, file, &self.table))
    }

    /// Has a look at what queries for these files will look at. In loops so tight that a processor waits for the memory
    /// of many at once.
    pub(super) fn foresee<'a>(&self, files: impl Iterator<Item = &'a FileHash>) {
        let tags: Vec<_> = files.map(|file| (self.files.tag(file), file)).collect();
        let claims = tags.into_iter().filter_map(|(tag, file)| self.tagged(tag, file)?.any());
        let seeds: Vec<&Seed> = claims.filter_map(|number| self.table.get(number)).collect();
        for seed in seeds {
            // One of each line of memory, of as many as are in an answer.
            let members = seed.holders.members().iter().step_by(8).take(8);
            black_box((seed.body, members.fold(0, |all, member| all ^ member.lease)));
        }
    }

    /// The number of a seed, if anybody holds it.
    pub(super) fn find(&self, key: &SeedKey) -> Option<u32> {
        match self.of_file(&key.file_hash)? {
            Claims::One(number) => self.table.get(*number).filter(|seed| seed.key == *key).map(|_| *number),
            Claims::Many(rivals) => rivals.get(key.seed_id),
        }
    }

    /// Adds a holder to a seed, which begins to exist if it didn't; gives the seed's number.
    pub(super) fn hold(&mut self, key: SeedKey, member: Member) -> u32 {
        let number = self.find(&key).unwrap_or_else(|| self.begin(key));
        self.change(number, member.group, |seed| seed.holders.insert(member));
        number
    }

    /// Takes a holder from a seed. True if that was the last one, and the seed has gone with it.
    pub(super) fn release(&mut self, number: u32, member: Member) -> bool {
        self.change(number, member.group, |seed| seed.holders.remove(member));
        let ended = self.table.get(number).is_some_and(|seed| seed.holders.len() == 0);
        if ended {
            self.end(number);
        }
        ended
    }

    /// A holder of the seed claims something else than before.
    pub(super) fn turn(&mut self, number: u32, before: Member, after: Member) {
        self.change(number, after.group, |seed| {
            seed.holders.remove(before);
            seed.holders.insert(after);
        });
    }

    /// Changes a seed's holders by some of a group's prefix, and keeps the rank of the seed right.
    fn change(&mut self, number: u32, group: Group, change: impl FnOnce(&mut Seed)) {
        let Some(seed) = self.table.get_mut(number) else { return };
        let before = seed.prefixes;
        let had = seed.holders.has_prefix(group.prefix());
        change(seed);
        match (had, seed.holders.has_prefix(group.prefix())) {
            (false, true) => seed.prefixes = before.saturating_add(1),
            (true, false) => seed.prefixes = before.saturating_sub(1),
            (true, true) | (false, false) => return,
        }
        let (after, file) = (seed.prefixes, seed.key.file_hash);
        if let Some(Claims::Many(rivals)) = self.claims(&file) {
            rivals.rank(number, before, after);
        }
    }

    fn begin(&mut self, key: SeedKey) -> u32 {
        let (holders, body) = (Crowd::new(), Body::Unseen);
        let number = self.table.insert(Seed { key, holders, prefixes: 0, body, position: 0 });
        let file = &key.file_hash;
        let tag = self.files.tag(file);
        let Some(claims) = self.files.find_mut(tag, |claims| are_of(claims, file, &self.table)) else {
            self.files.insert(tag, Claims::One(number));
            return number;
        };
        if let Claims::One(first) = *claims {
            let mut rivals = Rivals::default();
            if let Some(seed) = self.table.get_mut(first) {
                seed.position = rivals.insert(seed.key.seed_id, first, seed.prefixes);
            }
            *claims = Claims::Many(Box::new(rivals));
        }
        if let (Claims::Many(rivals), Some(seed)) = (claims, self.table.get_mut(number)) {
            seed.position = rivals.insert(key.seed_id, number, 0);
        }
        number
    }

    fn end(&mut self, number: u32) {
        let Some(seed) = self.table.get(number) else { return };
        let (SeedKey { file_hash, seed_id }, prefixes, position) = (seed.key, seed.prefixes, seed.position);
        if let Some(claims) = self.claims(&file_hash)
            && let Claims::Many(rivals) = claims
        {
            let moved = rivals.remove(seed_id, prefixes, position);
            if let Some(only) = rivals.only() {
                *claims = Claims::One(only);
            }
            if let Some(moved) = moved.and_then(|moved| self.table.get_mut(moved)) {
                moved.position = position;
            }
        } else {
            self.files.remove(self.files.tag(&file_hash), |claims| claims.any() == Some(number));
        }
        self.table.remove(number);
    }

    fn claims(&mut self, file: &FileHash) -> Option<&mut Claims> {
        self.files.find_mut(self.files.tag(file), |claims| are_of(claims, file, &self.table))
    }
}

/// Are these the claims for this file?
fn are_of(claims: &Claims, file: &FileHash, table: &Slab<Seed>) -> bool {
    claims.any().and_then(|number| table.get(number)).is_some_and(|seed| seed.key.file_hash == *file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::SeedId;

    fn key(file: u8, seed: u8) -> SeedKey {
        SeedKey { file_hash: FileHash::new([file; 32]), seed_id: SeedId::new([seed; 32]) }
    }

    const fn complete(prefix: u32, lease: u32) -> Member {
        Member { group: Group::new(prefix, true), lease }
    }

    const fn partial(prefix: u32, lease: u32) -> Member {
        Member { group: Group::new(prefix, false), lease }
    }

    fn ranked(seeds: &Seeds, file: u8) -> Vec<u8> {
        let numbers = seeds.of_file(&FileHash::new([file; 32])).into_iter().flat_map(Claims::ranked);
        numbers.map(|number| seeds.get(number).unwrap().key.seed_id.as_bytes()[0]).collect()
    }

    #[test]
    fn a_seed_lives_as_long_as_it_has_holders() {
        let mut seeds = Seeds::new(&mut Entropy::new(1));
        let number = seeds.hold(key(1, 1), complete(0, 0));
        assert_eq!(seeds.hold(key(1, 1), partial(0, 1)), number);
        assert_eq!((seeds.find(&key(1, 1)), seeds.find(&key(1, 2))), (Some(number), None));
        assert!(!seeds.release(number, complete(0, 0)));
        assert!(seeds.release(number, partial(0, 1)));
        assert_eq!((seeds.find(&key(1, 1)), seeds.len(), seeds.files.len()), (None, 0, 0));
    }

    #[test]
    fn rivals_are_ranked_by_distinct_prefixes_not_by_holders() {
        let mut seeds = Seeds::new(&mut Entropy::new(1));
        for lease in 0..50 {
            seeds.hold(key(1, 1), complete(7, lease));
        }
        let second = seeds.hold(key(1, 2), complete(1, 100));
        seeds.hold(key(1, 2), partial(2, 101));
        seeds.hold(key(1, 2), partial(1, 102));
        assert_eq!(ranked(&seeds, 1), [2, 1]);
        assert_eq!(seeds.get(second).map(|seed| seed.prefixes), Some(2));
        seeds.release(second, partial(2, 101));
        seeds.hold(key(1, 1), partial(8, 103));
        assert_eq!(ranked(&seeds, 1), [1, 2]);
    }

    #[test]
    fn the_last_rival_stands_alone_again() {
        let mut seeds = Seeds::new(&mut Entropy::new(1));
        let numbers: Vec<_> = (0..20).map(|n| seeds.hold(key(1, n), complete(n.into(), 0))).collect();
        for n in (0..19).rev().chain([19]) {
            let claims = seeds.of_file(&FileHash::new([1; 32])).unwrap();
            assert_eq!((0..claims.len()).filter_map(|at| claims.nth(at)).count(), claims.len());
            assert_eq!(seeds.find(&key(1, n)), Some(numbers[n as usize]));
            seeds.release(numbers[n as usize], complete(n.into(), 0));
            assert_eq!(seeds.find(&key(1, n)), None);
        }
        assert_eq!((seeds.len(), seeds.files.len()), (0, 0));
    }

    #[test]
    fn turning_complete_moves_a_holder_once() {
        let mut seeds = Seeds::new(&mut Entropy::new(1));
        let number = seeds.hold(key(1, 1), partial(3, 4));
        seeds.turn(number, partial(3, 4), complete(3, 4));
        let seed = seeds.get(number).unwrap();
        assert_eq!((seed.holders.members(), seed.prefixes), ([complete(3, 4)].as_slice(), 1));
    }
}
