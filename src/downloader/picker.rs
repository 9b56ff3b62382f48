//! Which chunk to ask for next: the rarest of those that are missing, ties at random.

use alloc::vec;
use alloc::vec::Vec;

use crate::entropy::Entropy;
use crate::have::Have;

#[cfg(test)]
mod tests;

/// Most requests for one chunk at a time, in the endgame.
const MAX_COPIES: u8 = 2;

/// Keeps the chunks that are free to be asked for in one list per rarity, so that each change is O(1) and a pick
/// looks at no more chunks than it must. Peers that have everything are only counted: they make nothing rarer.
#[derive(Debug)]
pub(super) struct Picker {
    chunks: Vec<Chunk>,
    /// `free[n]`: the free chunks that `n` partial holders have, in random order.
    free: Vec<Vec<u32>>,
    /// All free chunks: says quickly if a peer has any.
    open: Have,
    /// The wanted chunks that are asked for, in no order.
    held: Vec<u32>,
    /// How many chunks are wanted.
    wanted: usize,
    /// All chunks from here on may be fetched.
    floor: u32,
    /// Peers that have every chunk.
    complete: usize,
    entropy: Entropy,
}

#[derive(Clone, Debug)]
struct Chunk {
    wanted: bool,
    /// May it be fetched now?
    permitted: bool,
    /// Requests that hold it.
    copies: u8,
    /// Partial holders.
    holders: usize,
    /// Its place in the list that it is in.
    place: usize,
}

/// Which list a chunk is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shelf {
    /// None: not wanted, or not permitted.
    Closed,
    /// `free` of so many holders.
    Free(usize),
    /// `held`.
    Held,
}

impl Chunk {
    const fn shelf(&self) -> Shelf {
        match (self.wanted, self.copies, self.permitted) {
            (true, 0, true) => Shelf::Free(self.holders),
            (true, 1.., _) => Shelf::Held,
            (false, _, _) | (true, 0, false) => Shelf::Closed,
        }
    }
}

impl Picker {
    /// For `chunks` chunks, none of which is wanted or permitted yet.
    pub(super) fn new(chunks: u32, entropy: Entropy) -> Self {
        let blank = Chunk { wanted: false, permitted: false, copies: 0, holders: 0, place: 0 };
        Self {
            chunks: vec![blank; chunks as usize],
            free: Vec::new(),
            open: Have::none(chunks),
            held: Vec::new(),
            wanted: 0,
            floor: chunks,
            complete: 0,
            entropy,
        }
    }

    /// Chunk `index` is wanted.
    pub(super) fn want(&mut self, index: u32) {
        if self.chunks.get(index as usize).is_some_and(|chunk| !chunk.wanted) {
            self.wanted = self.wanted.saturating_add(1);
            self.change(index, |chunk| chunk.wanted = true);
        }
    }

    /// Chunk `index` is no longer wanted.
    pub(super) fn finish(&mut self, index: u32) {
        if self.chunks.get(index as usize).is_some_and(|chunk| chunk.wanted) {
            self.wanted = self.wanted.saturating_sub(1);
            self.change(index, |chunk| chunk.wanted = false);
        }
    }

    /// How many chunks are wanted.
    pub(super) const fn wanted(&self) -> usize {
        self.wanted
    }

    /// Which chunks may be fetched from now on.
    pub(super) fn permit(&mut self, may: impl Fn(u32) -> bool) {
        for index in 0..self.open.chunks() {
            let permitted = may(index);
            self.change(index, |chunk| chunk.permitted = permitted);
        }
        self.floor = self.open.chunks();
        self.permit_more(may);
    }

    /// The chunks that may be fetched reach further towards the file's beginning, perhaps, and nothing else has
    /// changed: costs no more than what is new.
    pub(super) fn permit_more(&mut self, may: impl Fn(u32) -> bool) {
        while let Some(index) = self.floor.checked_sub(1).filter(|index| may(*index)) {
            self.floor = index;
            self.change(index, |chunk| chunk.permitted = true);
        }
    }

    /// A peer with these chunks joined.
    pub(super) fn join(&mut self, have: &Have) {
        if have.is_all() {
            self.complete = self.complete.saturating_add(1);
        } else {
            have.iter().for_each(|index| self.gain(index));
        }
    }

    /// A peer with these chunks left.
    pub(super) fn leave(&mut self, have: &Have) {
        if have.is_all() {
            self.complete = self.complete.saturating_sub(1);
        } else {
            have.iter().for_each(|index| self.lose(index));
        }
    }

    /// A peer that joined with `have` has chunk `index` from now on. A bitmap that becomes full is counted the other
    /// way.
    pub(super) fn insert(&mut self, have: &mut Have, index: u32) {
        if have.insert(index) {
            self.gain(index);
            if have.is_all() {
                have.iter().for_each(|index| self.lose(index));
                self.join(have);
            }
        }
    }

    /// A peer that joined with `have` has chunk `index` no longer.
    pub(super) fn remove(&mut self, have: &mut Have, index: u32) {
        if have.is_all() && have.has(index) {
            self.leave(have);
            have.iter().for_each(|index| self.gain(index));
        }
        if have.remove(index) {
            self.lose(index);
        }
    }

    fn gain(&mut self, index: u32) {
        self.change(index, |chunk| chunk.holders = chunk.holders.saturating_add(1));
    }

    fn lose(&mut self, index: u32) {
        self.change(index, |chunk| chunk.holders = chunk.holders.saturating_sub(1));
    }

    /// How many connected peers have chunk `index`.
    pub(super) fn holders(&self, index: u32) -> usize {
        self.chunks.get(index as usize).map_or(0, |chunk| chunk.holders.saturating_add(self.complete))
    }

    /// A request holds chunk `index` from now on.
    pub(super) fn hold(&mut self, index: u32) {
        self.change(index, |chunk| chunk.copies = chunk.copies.saturating_add(1));
    }

    /// A request no longer holds chunk `index`.
    pub(super) fn release(&mut self, index: u32) {
        self.change(index, |chunk| chunk.copies = chunk.copies.saturating_sub(1));
    }

    /// Does any request hold chunk `index`?
    pub(super) fn is_held(&self, index: u32) -> bool {
        self.chunks.get(index as usize).is_some_and(|chunk| chunk.copies > 0)
    }

    /// How many wanted chunks that may be fetched nobody is asked for.
    pub(super) const fn free(&self) -> usize {
        self.open.count() as usize
    }

    /// How many of those no partial holder has.
    pub(super) fn rare(&self) -> usize {
        self.free.first().map_or(0, Vec::len)
    }

    /// Is any chunk in `have` free?
    pub(super) fn is_interesting(&self, have: &Have) -> bool {
        have.meets(&self.open)
    }

    /// Takes up to `most` free chunks of those in `have`, the rarest first, and holds them.
    pub(super) fn pick(&mut self, have: &Have, most: usize) -> Vec<u32> {
        // Often a peer has but one of them: no need to look on once it is found.
        let most = most.min(have.common(&self.open));
        let rarest = self.free.iter().flatten().copied();
        let picked: Vec<_> = rarest.filter(|index| have.has(*index)).take(most).collect();
        picked.iter().for_each(|index| self.hold(*index));
        picked
    }

    /// In the endgame (every chunk that somebody has and that may be fetched is asked for): a chunk out of `have`
    /// that is worth asking for a second time, and holds it. `mine`: the peer is asked for it already.
    pub(super) fn double(&mut self, have: &Have, mine: impl Fn(u32) -> bool) -> Option<u32> {
        let orphans = usize::from(self.complete == 0);
        if self.free.iter().skip(orphans).any(|list| !list.is_empty()) {
            return None;
        }
        let single = |index: u32| {
            let chunk = self.chunks.get(index as usize);
            chunk.is_some_and(|chunk| chunk.permitted && chunk.copies < MAX_COPIES)
        };
        let start = self.entropy.below(self.held.len());
        let (before, after) = self.held.split_at_checked(start)?;
        let mut held = after.iter().chain(before).copied();
        let index = held.find(|index| have.has(*index) && single(*index) && !mine(*index))?;
        self.hold(index);
        Some(index)
    }

    /// A chunk that is wanted, may be fetched, and that nobody connected has.
    pub(super) fn orphan(&self) -> Option<u32> {
        if self.complete > 0 {
            return None;
        }
        let lost = |index: &&u32| self.holders(**index) == 0;
        self.free.first().and_then(|list| list.first()).or_else(|| self.held.iter().find(lost)).copied()
    }

    /// Changes a chunk, and moves it to the list where it then belongs.
    fn change(&mut self, index: u32, change: impl FnOnce(&mut Chunk)) {
        let Some(chunk) = self.chunks.get_mut(index as usize) else { return };
        let (before, place) = (chunk.shelf(), chunk.place);
        change(chunk);
        let after = chunk.shelf();
        if before != after {
            self.take_off(before, place, index);
            self.put_on(after, index);
        }
    }

    fn take_off(&mut self, shelf: Shelf, place: usize, index: u32) {
        if matches!(shelf, Shelf::Free(_)) {
            self.open.remove(index);
        }
        let filler = self.list(shelf).and_then(|list| {
            (place < list.len()).then(|| list.swap_remove(place))?;
            list.get(place).copied()
        });
        self.set_place(filler, place);
    }

    /// Among free chunks at a random place, so that ties stay random.
    fn put_on(&mut self, shelf: Shelf, index: u32) {
        let Some(end) = self.list(shelf).map(|list| list.len()) else { return };
        let place = match shelf {
            Shelf::Free(_) => self.entropy.below(end.saturating_add(1)),
            Shelf::Held | Shelf::Closed => end,
        };
        if matches!(shelf, Shelf::Free(_)) {
            self.open.insert(index);
        }
        let displaced = self.list(shelf).and_then(|list| {
            list.push(index);
            list.swap(place, end);
            list.get(end).copied()
        });
        self.set_place(displaced, end);
        self.set_place(Some(index), place);
    }

    fn set_place(&mut self, index: Option<u32>, place: usize) {
        if let Some(chunk) = index.and_then(|index| self.chunks.get_mut(index as usize)) {
            chunk.place = place;
        }
    }

    fn list(&mut self, shelf: Shelf) -> Option<&mut Vec<u32>> {
        match shelf {
            Shelf::Closed => None,
            Shelf::Held => Some(&mut self.held),
            Shelf::Free(holders) => {
                if self.free.len() <= holders {
                    self.free.resize_with(holders.saturating_add(1), Vec::new);
                }
                self.free.get_mut(holders)
            }
        }
    }
}
