//! A bitmap from a stranger.

use std::collections::BTreeSet;

use samara::Have;
use samara::wire::message::HaveSet;

use super::draw::Draw;

/// A bitmap is taken only at its exact length and with its spare bits zero, has one form, and stays the set that it is
/// whatever is put in or taken out.
pub fn have(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    let chunks = u32::from(draw.any::<u8>());
    let length = draw.below(chunks.div_ceil(8) as usize + 2);
    let bitmap = draw.bytes(length);
    let bits =
        (0..).zip(bitmap).flat_map(|(at, byte)| (0..8).map(move |bit| (at * 8 + bit, byte >> bit & 1)));
    let mut set: BTreeSet<u32> = bits.filter(|(_, bit)| *bit == 1).map(|(index, _)| index).collect();
    let fits = bitmap.len() == chunks.div_ceil(8) as usize && set.iter().all(|index| *index < chunks);

    let taken = Have::from_bytes(chunks, bitmap);
    assert_eq!(taken.is_some(), fits, "{bitmap:?} for {chunks} chunks");
    assert_eq!(HaveSet::Some(bitmap.to_vec()).into_have(chunks), taken);
    let Some(mut have) = taken else { return };
    assert_eq!(have.as_bytes(), bitmap);
    while !draw.is_over() {
        let index = draw.any::<u16>() as u32 % (chunks + 2);
        if draw.any() {
            assert_eq!(have.insert(index), index < chunks && set.insert(index));
        } else {
            assert_eq!(have.remove(index), set.remove(&index));
        }
    }
    is(&have, &set);
}

fn is(have: &Have, set: &BTreeSet<u32>) {
    assert_eq!(have.iter().collect::<BTreeSet<_>>(), *set);
    assert!(have.missing().all(|index| !set.contains(&index) && index < have.chunks()));
    assert_eq!(
        (have.count() as usize, have.missing().count()),
        (set.len(), have.chunks() as usize - set.len())
    );
    assert_eq!((have.is_all(), have.is_none()), (set.len() == have.chunks() as usize, set.is_empty()));
    assert_eq!(HaveSet::from(have).into_have(have.chunks()).as_ref(), Some(have));
}
