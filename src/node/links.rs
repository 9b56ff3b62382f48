//! Each link's events go to the machine that owns it: its space says which.

use core::net::SocketAddr;

use super::{Action, Node, trackers};
use crate::downloader;
use crate::hash::Hashed;
use crate::machine::Link;
use crate::seeder;
use crate::wire::session::Fault;
use crate::wire::{DecodeError, Message};

/// Who owns a link.
enum Owner {
    Seeder,
    Trackers,
    /// A download, if it is still under way.
    Download,
}

impl Node {
    const fn owner(link: Link) -> Owner {
        match link.space {
            Link::ACCEPTED => Owner::Seeder,
            trackers::SPACE => Owner::Trackers,
            _ => Owner::Download,
        }
    }

    fn downloader(&mut self, link: Link, event: downloader::Event) {
        let now = self.now;
        self.downloads.with(link.space, |download| download.downloader(now, event));
    }

    pub(super) fn opened(&mut self, link: Link, peer: SocketAddr) {
        match Self::owner(link) {
            Owner::Trackers => self.trackers.opened(self.now, link, peer),
            Owner::Download => self.downloader(link, downloader::Event::Opened { link }),
            Owner::Seeder => {}
        }
    }

    pub(super) fn message(&mut self, link: Link, request: u32, message: Message) {
        match Self::owner(link) {
            Owner::Seeder => self.seeder(seeder::Event::Message { link, request, message }),
            Owner::Trackers => self.trackers.message(self.now, link, request, message),
            Owner::Download => {
                self.downloader(link, downloader::Event::Message { link, request, message });
            }
        }
    }

    /// Only a dialer asks: on a dialled link, a request ends the connection.
    pub(super) fn unknown_request(&mut self, link: Link, request: u32) {
        match Self::owner(link) {
            Owner::Seeder => self.seeder(seeder::Event::UnknownRequest { link, request }),
            Owner::Trackers => self.trackers.fault(self.now, link, Fault::Unexpected),
            Owner::Download if self.downloads.is_in_use(link.space) => {
                self.out.push(Action::Close { link, fault: Fault::Unexpected });
            }
            Owner::Download => {}
        }
    }

    pub(super) fn malformed(&mut self, link: Link, error: DecodeError) {
        match Self::owner(link) {
            Owner::Seeder => self.seeder(seeder::Event::Malformed { link, error }),
            Owner::Trackers => self.trackers.fault(self.now, link, Fault::Malformed(error)),
            Owner::Download => self.downloader(link, downloader::Event::Malformed { link, error }),
        }
    }

    pub(super) fn closed(&mut self, link: Link) {
        match Self::owner(link) {
            Owner::Seeder => self.seeder(seeder::Event::Closed { link }),
            Owner::Trackers => self.trackers.closed(self.now, link),
            Owner::Download => self.downloader(link, downloader::Event::Closed { link }),
        }
    }

    pub(super) fn chunk(&mut self, link: Link, request: u32, hashed: Hashed) {
        match Self::owner(link) {
            Owner::Download => self.downloader(link, downloader::Event::Chunk { link, request, hashed }),
            Owner::Seeder | Owner::Trackers => {}
        }
    }
}
