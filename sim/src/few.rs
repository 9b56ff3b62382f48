//! A map for a few things by number: a list, since a tree's first node is as large as many of them.

/// What there is by request number.
#[derive(Clone, Debug)]
pub(crate) struct Few<T>(Vec<(u32, T)>);

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Few<T> {
    /// Puts `what` under `number`, in place of what was there.
    pub(crate) fn insert(&mut self, number: u32, what: T) {
        match self.get_mut(number) {
            Some(place) => *place = what,
            None => self.0.push((number, what)),
        }
    }

    /// What is under `number`.
    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        self.0.iter().find(|(other, _)| *other == number).map(|(_, what)| what)
    }

    /// The same, to change.
    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        self.0.iter_mut().find(|(other, _)| *other == number).map(|(_, what)| what)
    }

    /// Takes out what is under `number`.
    pub(crate) fn remove(&mut self, number: u32) -> Option<T> {
        let at = self.0.iter().position(|(other, _)| *other == number)?;
        Some(self.0.swap_remove(at).1)
    }

    /// Takes out all.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
