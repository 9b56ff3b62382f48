use super::*;
use alloc::collections::BTreeSet;
use proptest::prelude::*;

fn picker(chunks: u32) -> Picker {
    seeded(chunks, 5)
}

fn seeded(chunks: u32, entropy: u64) -> Picker {
    let mut picker = Picker::new(chunks, Entropy::new(entropy));
    (0..chunks).for_each(|index| picker.want(index));
    picker.permit(|_| true);
    picker
}

fn some(chunks: u32, indices: &[u32]) -> Have {
    let mut have = Have::none(chunks);
    indices.iter().for_each(|index| {
        have.insert(*index);
    });
    have
}

const NOT_MINE: fn(u32) -> bool = |_| false;

#[test]
fn the_rarest_comes_first_and_full_peers_make_nothing_rarer() {
    let mut picker = picker(4);
    picker.join(&Have::all(4));
    picker.join(&some(4, &[0, 1, 3]));
    picker.join(&some(4, &[1, 3]));
    assert_eq!(picker.pick(&Have::all(4), 2), [2, 0]);
    assert_eq!((picker.holders(2), picker.holders(3)), (1, 3));
}

#[test]
fn ties_are_random() {
    let firsts: BTreeSet<_> = (0..50).map(|seed| seeded(8, seed).pick(&Have::all(8), 1)).collect();
    assert!(firsts.len() > 5, "{firsts:?}");
}

#[test]
fn picks_are_disjoint_until_released() {
    let mut picker = picker(6);
    let have = Have::all(6);
    picker.join(&have);
    let (a, b) = (picker.pick(&have, 4), picker.pick(&have, 4));
    let all: BTreeSet<_> = a.iter().chain(&b).copied().collect();
    assert_eq!((a.len(), b.len(), all.len(), picker.free()), (4, 2, 6, 0));
    picker.release(a[0]);
    assert_eq!(picker.pick(&have, 4), [a[0]]);
}

#[test]
fn what_is_not_permitted_is_not_picked() {
    let mut picker = picker(6);
    let have = Have::all(6);
    picker.join(&have);
    picker.permit(|index| index == 5);
    assert_eq!(picker.pick(&have, 4), [5]);
    assert_eq!(picker.double(&have, NOT_MINE), Some(5), "the chunks that must wait don't count");
    picker.permit(|index| index >= 4);
    assert_eq!(picker.pick(&have, 4), [4]);
    picker.permit(|_| false);
    picker.release(4);
    assert_eq!((picker.free(), picker.wanted()), (0, 6));
}

#[test]
fn what_is_permitted_can_grow_downwards() {
    let mut picker = picker(6);
    picker.permit(|index| index == 1 || index >= 4);
    picker.permit_more(|index| index >= 3);
    assert_eq!(picker.free(), 4, "1, 3, 4 and 5");
    picker.permit_more(|_| true);
    assert_eq!(picker.free(), 6);
}

#[test]
fn nothing_is_doubled_while_a_chunk_that_somebody_has_is_free() {
    let mut picker = picker(2);
    let (all, zero) = (Have::all(2), some(2, &[0]));
    picker.join(&zero);
    assert_eq!(picker.pick(&zero, 8), [0]);
    assert_eq!(picker.double(&zero, |index| index == 0), None, "not from the same peer");
    // Chunk 1 is free, but nobody has it: that doesn't count.
    assert_eq!(picker.double(&zero, NOT_MINE), Some(0));
    assert_eq!(picker.double(&zero, NOT_MINE), None, "two copies at most");
    picker.release(0);
    picker.join(&all);
    assert_eq!(picker.double(&all, NOT_MINE), None);
    assert_eq!(picker.pick(&all, 8), [1]);
    assert!(picker.double(&all, NOT_MINE).is_some());
}

#[test]
fn an_orphan_is_a_wanted_chunk_without_holders() {
    let mut picker = picker(2);
    picker.join(&some(2, &[0]));
    assert_eq!(picker.orphan(), Some(1));
    picker.hold(1);
    assert_eq!(picker.orphan(), Some(1));
    picker.finish(1);
    assert_eq!(picker.orphan(), None);
}

#[test]
fn a_chunk_that_is_finished_while_held_is_not_free_when_released() {
    let mut picker = picker(1);
    picker.hold(0);
    picker.finish(0);
    assert!(picker.is_held(0) && picker.wanted() == 0);
    picker.release(0);
    assert_eq!(picker.free(), 0);
    picker.want(0);
    assert_eq!(picker.free(), 1);
}

#[derive(Clone, Debug)]
enum Op {
    Join(usize, u32),
    Leave(usize),
    Gain(usize, u32),
    Lose(usize, u32),
    Hold(u32),
    Release(u32),
    Want(u32),
    Finish(u32),
    Permit(u32),
}

fn op() -> impl Strategy<Value = Op> {
    let (peer, index) = (0usize..4, 0u32..10);
    prop_oneof![
        (peer.clone(), index.clone()).prop_map(|(peer, index)| Op::Join(peer, index)),
        peer.clone().prop_map(Op::Leave),
        (peer.clone(), index.clone()).prop_map(|(peer, index)| Op::Gain(peer, index)),
        (peer, index.clone()).prop_map(|(peer, index)| Op::Lose(peer, index)),
        index.clone().prop_map(Op::Hold),
        index.clone().prop_map(Op::Release),
        index.clone().prop_map(Op::Want),
        index.clone().prop_map(Op::Finish),
        index.prop_map(Op::Permit),
    ]
}

/// What the picker's counts have to be, recounted each time.
struct Model {
    peers: [Option<Have>; 4],
    wanted: BTreeSet<u32>,
    copies: [u32; 10],
    from: u32,
}

impl Model {
    fn step(&mut self, picker: &mut Picker, op: &Op) {
        match *op {
            Op::Join(peer, index) if self.peers[peer].is_none() => {
                // Index 9 stands for a full bitmap, 8 for one that lacks a single chunk.
                let mut have = if index >= 8 { Have::all(10) } else { some(10, &[index, 3]) };
                if index == 8 {
                    have.remove(0);
                }
                picker.join(&have);
                self.peers[peer] = Some(have);
            }
            Op::Leave(peer) => self.peers[peer].take().iter().for_each(|have| picker.leave(have)),
            Op::Gain(peer, index) => {
                self.peers[peer].iter_mut().for_each(|have| picker.insert(have, index % 3));
            }
            Op::Lose(peer, index) => {
                self.peers[peer].iter_mut().for_each(|have| picker.remove(have, index));
            }
            Op::Hold(index) => {
                picker.hold(index);
                self.copies[index as usize] += 1;
            }
            Op::Release(index) if self.copies[index as usize] > 0 => {
                picker.release(index);
                self.copies[index as usize] -= 1;
            }
            Op::Want(index) => {
                picker.want(index);
                self.wanted.insert(index);
            }
            Op::Finish(index) => {
                picker.finish(index);
                self.wanted.remove(&index);
            }
            Op::Permit(from) => {
                picker.permit(|index| index >= from);
                self.from = from;
            }
            Op::Join(..) | Op::Release(_) => {}
        }
    }

    fn free(&self) -> BTreeSet<u32> {
        let free = |index: &u32| *index >= self.from && self.copies[*index as usize] == 0;
        self.wanted.iter().copied().filter(free).collect()
    }
}

proptest! {
    #[test]
    fn counts_are_those_of_a_model(ops in prop::collection::vec(op(), 1..200)) {
        let mut picker = picker(10);
        let mut model =
            Model { peers: [const { None }; 4], wanted: (0..10).collect(), copies: [0; 10], from: 0 };
        for op in &ops {
            model.step(&mut picker, op);
            prop_assert_eq!(picker.free(), model.free().len());
            prop_assert_eq!(picker.wanted(), model.wanted.len());
            for index in 0..10 {
                let holders = model.peers.iter().flatten().filter(|have| have.has(index)).count();
                prop_assert_eq!(picker.holders(index), holders, "after {:?}", op);
                prop_assert_eq!(picker.is_held(index), model.copies[index as usize] > 0);
            }
        }
        let picked: BTreeSet<_> = picker.pick(&Have::all(10), 10).into_iter().collect();
        prop_assert_eq!(picked, model.free());
    }
}
