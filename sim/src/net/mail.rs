//! Parcels under way.

use super::Parcel;

/// The parcels of all connections together. Few are under way at a time, so a place is used again while it is still in
/// the cache, which a queue of each connection's own would never be.
#[derive(Debug, Default)]
pub(super) struct Mail {
    /// Each with the place of the one behind it.
    places: Vec<(u32, Option<Parcel>)>,
    free: Vec<u32>,
}

/// Some of the parcels, in their order.
#[derive(Debug, Default)]
pub(super) struct Row {
    first: u32,
    last: u32,
    len: u32,
}

impl Mail {
    /// Adds a parcel at the end of a row.
    pub(super) fn push(&mut self, row: &mut Row, parcel: Parcel) {
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push((0, None));
            u32::try_from(self.places.len() - 1).expect("fewer than four billion parcels")
        });
        self.places[place as usize].1 = Some(parcel);
        if row.len == 0 {
            row.first = place;
        } else {
            self.places[row.last as usize].0 = place;
        }
        (row.last, row.len) = (place, row.len + 1);
    }

    /// Takes the first parcel of a row.
    pub(super) fn pop(&mut self, row: &mut Row) -> Option<Parcel> {
        row.len = row.len.checked_sub(1)?;
        self.free.push(row.first);
        let (behind, parcel) = &mut self.places[row.first as usize];
        row.first = *behind;
        parcel.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_keeps_its_order_and_places_are_used_again() {
        let (mut mail, mut rows) = (Mail::default(), [Row::default(), Row::default()]);
        let parcel = |request| Parcel::Data { request, bytes: bytes::Bytes::new() };
        let number = |parcel| match parcel {
            Some(Parcel::Data { request, .. }) => Some(request),
            Some(Parcel::Message { .. } | Parcel::Fin) | None => None,
        };
        for round in 0..10 {
            (0..6).for_each(|n| mail.push(&mut rows[n as usize % 2], parcel(round * 10 + n)));
            for n in [0, 2, 1, 4, 3, 5] {
                assert_eq!(number(mail.pop(&mut rows[n as usize % 2])), Some(round * 10 + n));
            }
            assert!(mail.pop(&mut rows[0]).is_none() && mail.pop(&mut rows[1]).is_none());
        }
        assert_eq!(mail.places.len(), 6);
    }
}
