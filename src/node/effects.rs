//! What the parts of a node want done: handed out, or handed on to another part.

use super::trackers::{self, Asker, Question};
use super::{Action, Endpoint, Leaving, Node, Note, Phase, download};
use crate::downloader;
use crate::machine::Machine;
use crate::seeder;

impl Node {
    /// Takes out what the parts want done until none wants anything. It ends: a tracker's answer comes later than
    /// its question, and nothing else goes back and forth.
    pub(super) fn settle(&mut self) {
        loop {
            if let Some(action) = self.seeder.poll() {
                self.on_seeder(action);
            } else if let Some(effect) = self.downloads.poll() {
                self.on_download(effect);
            } else if let Some(effect) = self.trackers.poll() {
                self.on_trackers(effect);
            } else {
                return;
            }
        }
    }

    fn on_seeder(&mut self, action: seeder::Action) {
        self.out.push(match action {
            seeder::Action::Send { link, request, message } => Action::Send { link, request, message },
            seeder::Action::Serve { link, request, file, identity, index, range } => {
                Action::Serve { link, request, file, identity, index, range }
            }
            seeder::Action::Stop { link, request } => Action::Stop { link, request },
            seeder::Action::Close { link, fault } => Action::Close { link, fault },
            seeder::Action::Look { file } => Action::Look { file },
            seeder::Action::Announced { file, tracker } => Action::Announced { file, tracker },
            seeder::Action::Note(note) => Action::Note(Note::Seeder(note)),
            seeder::Action::Ask { tracker, tag, request } => {
                return self.trackers.ask(self.now, tracker, Question { asker: Asker::Seeder, tag, request });
            }
            seeder::Action::Left => {
                if let Phase::Stopping { seeder, .. } = &mut self.phase {
                    *seeder = Leaving::Left;
                }
                return;
            }
        });
    }

    fn on_download(&mut self, effect: download::Effect) {
        match effect {
            download::Effect::Act(action) => self.out.push(action),
            download::Effect::Ask(tracker, question) => self.trackers.ask(self.now, tracker, question),
            download::Effect::Tell(event) => self.seeder(event),
            download::Effect::Ended(_) => {}
        }
    }

    fn on_trackers(&mut self, effect: trackers::Effect) {
        match effect {
            trackers::Effect::Dial { link, tracker } => {
                self.out.push(Action::Dial { link, to: Endpoint::Tracker(tracker) });
            }
            trackers::Effect::Send { link, request, message } => {
                self.out.push(Action::Send { link, request, message });
            }
            trackers::Effect::Close { link, fault } => self.out.push(Action::Close { link, fault }),
            trackers::Effect::Answer { asker: Asker::Seeder, tracker, tag, answer, .. } => {
                self.seeder(seeder::Event::Answer { tracker, tag, answer });
            }
            trackers::Effect::Answer { asker: Asker::Download(file), tracker, tag, at, answer } => {
                let (now, event) = (self.now, downloader::Event::Answer { tracker, tag, at, answer });
                self.downloads.with_file(file, |download| download.downloader(now, event));
            }
        }
    }
}
