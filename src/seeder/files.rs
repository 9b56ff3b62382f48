//! What happens to files: they come, grow, change and go.

use super::catalogue::Item;
use super::event::{Action, FileId, Note};
use super::library::Held;
use super::looks::Outcome;
use super::{Seeder, Stage};
use crate::store::Identity;
use crate::wire::message::{Gone, SeedKey};

impl Seeder {
    pub(super) fn add(&mut self, file: FileId, held: Held) {
        if self.stage == Stage::Stopping {
            return;
        }
        self.remove(file, Gone::Withdrawn);
        let key = held.key();
        self.library.add(file, held);
        self.catalogue(key);
        self.announce.expect(self.now, key, file, &mut self.outbox);
    }

    pub(super) fn gained(&mut self, file: FileId, index: u32) {
        if let Some(key) = self.library.gained(file, index) {
            self.tell_subscribers(file, key, &[index]);
            self.catalogue(key);
        }
    }

    pub(super) fn completed(&mut self, file: FileId, identity: Identity) {
        if let Some((key, news)) = self.library.completed(file, identity) {
            self.tell_subscribers(file, key, &news);
            self.catalogue(key);
        }
    }

    fn tell_subscribers(&mut self, file: FileId, key: SeedKey, news: &[u32]) {
        if self.library.serving(key).is_some_and(|(serving, _)| serving == file) {
            news.iter().for_each(|index| self.subscriptions.gained(self.now, key, *index));
            self.push_news();
        }
    }

    /// Announces what now holds of a key.
    fn catalogue(&mut self, key: SeedKey) {
        let serving = self.library.serving(key).map(|(_, held)| held);
        let item = serving.filter(|held| held.is_worth_telling()).map(|held| Item {
            seed: held.seed.clone(),
            complete: held.is_complete(),
            publish: held.publish || held.is_complete(),
        });
        self.announce.set(self.now, key, item, &mut self.outbox);
    }

    pub(super) fn remove(&mut self, file: FileId, why: Gone) {
        let Some(key) = self.library.get(file).map(Held::key) else { return };
        let was_serving = self.library.serving(key).is_some_and(|(serving, _)| serving == file);
        let Some(held) = self.library.remove(file, why) else { return };
        self.announce.forget(key, file);
        self.catalogue(key);
        // Another file with the same chunks takes over without anybody noticing, if both have all of them.
        let next = self.library.serving(key).map(|(_, next)| next);
        if was_serving && !next.is_some_and(|next| next.is_complete() && held.is_complete()) {
            self.end_service(key, why);
        }
        self.looks.removed(file);
        for (link, request) in self.looks.take_tests(file) {
            self.test(link, request, key);
        }
    }

    fn end_service(&mut self, key: SeedKey, why: Gone) {
        for push in self.subscriptions.gone(key, why) {
            self.push(push);
        }
        for verdict in self.uploads.gone(key, why) {
            self.carry_out(verdict);
        }
    }

    /// A file isn't what it was: nothing of it is offered any more.
    pub(super) fn changed(&mut self, file: FileId) {
        self.outbox.push(Action::Note(Note::Changed { file }));
        self.remove(file, Gone::Changed);
    }

    /// Asks for a look at a file, unless one is under way.
    pub(super) fn look(&mut self, file: FileId) {
        if self.looks.want(file) {
            self.outbox.push(Action::Look { file });
        }
    }

    /// Goes on with the round of looks, if there is one.
    pub(super) fn look_around(&mut self) {
        for file in self.looks.walk(|after| self.library.next_whole(after)) {
            self.outbox.push(Action::Look { file });
        }
    }

    pub(super) fn looked(&mut self, file: FileId, identity: Option<Identity>) {
        match self.looks.looked(file) {
            Outcome::Void => {}
            Outcome::Again => self.look(file),
            Outcome::Valid => match self.library.get(file) {
                Some(held) if held.identity == identity => {
                    let key = held.key();
                    for (link, request) in self.looks.take_tests(file) {
                        self.have(link, request, key);
                    }
                }
                Some(_) => self.changed(file),
                None => {}
            },
        }
        self.look_around();
    }
}
