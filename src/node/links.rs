//! Each link's events go to the machine that owns it: its space says which.

use core::net::SocketAddr;

use super::{Action, Node, trackers};
use crate::downloader;
use crate::hash::Hashed;
use crate::machine::Link;
use crate::seeder::{self, FileId};
use crate::wire::session::Fault;
use crate::wire::{DecodeError, Message};

/// Who owns a link.
enum Owner {
    Seeder,
    Trackers,
    Download(FileId),
    /// Nobody any more.
    Nobody,
}

impl Node {
    fn owner(&self, link: Link) -> Owner {
        match link.space {
            Link::ACCEPTED => Owner::Seeder,
            trackers::SPACE => Owner::Trackers,
            _ => self.downloads.owner(link).map_or(Owner::Nobody, Owner::Download),
        }
    }

    pub(super) fn downloader(&mut self, file: FileId, event: downloader::Event) {
        let now = self.now;
        self.downloads.with(file, |download| download.downloader(now, event));
    }

    pub(super) fn opened(&mut self, link: Link, peer: SocketAddr) {
        match self.owner(link) {
            Owner::Trackers => self.trackers.opened(self.now, link, peer),
            Owner::Download(file) => self.downloader(file, downloader::Event::Opened { link }),
            Owner::Seeder | Owner::Nobody => {}
        }
    }

    pub(super) fn message(&mut self, link: Link, request: u32, message: Message) {
        match self.owner(link) {
            Owner::Seeder => self.seeder(seeder::Event::Message { link, request, message }),
            Owner::Trackers => self.trackers.message(self.now, link, request, message),
            Owner::Download(file) => {
                self.downloader(file, downloader::Event::Message { link, request, message });
            }
            Owner::Nobody => {}
        }
    }

    /// Only a dialer asks: on a dialled link, a request ends the connection.
    pub(super) fn unknown_request(&mut self, link: Link, request: u32) {
        match self.owner(link) {
            Owner::Seeder => self.seeder(seeder::Event::UnknownRequest { link, request }),
            Owner::Trackers => self.trackers.fault(self.now, link, Fault::Unexpected),
            Owner::Download(_) => self.out.push(Action::Close { link, fault: Fault::Unexpected }),
            Owner::Nobody => {}
        }
    }

    pub(super) fn malformed(&mut self, link: Link, error: DecodeError) {
        match self.owner(link) {
            Owner::Seeder => self.seeder(seeder::Event::Malformed { link, error }),
            Owner::Trackers => self.trackers.fault(self.now, link, Fault::Malformed(error)),
            Owner::Download(file) => self.downloader(file, downloader::Event::Malformed { link, error }),
            Owner::Nobody => {}
        }
    }

    pub(super) fn closed(&mut self, link: Link) {
        match self.owner(link) {
            Owner::Seeder => self.seeder(seeder::Event::Closed { link }),
            Owner::Trackers => self.trackers.closed(self.now, link),
            Owner::Download(file) => self.downloader(file, downloader::Event::Closed { link }),
            Owner::Nobody => {}
        }
    }

    pub(super) fn chunk(&mut self, link: Link, request: u32, hashed: Hashed) {
        match self.owner(link) {
            Owner::Download(file) => {
                self.downloader(file, downloader::Event::Chunk { link, request, hashed })
            }
            Owner::Seeder | Owner::Trackers | Owner::Nobody => {}
        }
    }
}
