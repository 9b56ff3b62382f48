//! Events and actions in a few words.

use samara::node::{self, Endpoint};
use samara::store::Outcome;
use samara::tracker;
use samara::wire::Message;

use crate::disk::doing;
use crate::trace::Names;

/// What can be said in a few words, on one line.
pub(super) trait Readable {
    fn readable(&self) -> String;
}

impl Readable for tracker::Event {
    fn readable(&self) -> String {
        match self {
            Self::Wake => "wake".to_owned(),
            Self::Accepted { link, from, local } => format!("{link:?} accepted from {from} at {local}"),
            Self::Message { link, request, message } => said(link, *request, message),
            Self::UnknownRequest { link, request } => format!("{link:?} #{request} is of an unknown kind"),
            Self::Malformed { link, error } => format!("{link:?} malformed: {error}"),
            Self::Closed { link } => format!("{link:?} closed"),
        }
    }
}

impl Readable for tracker::Action {
    fn readable(&self) -> String {
        match self {
            Self::Send { link, request, message } => format!("send {}", said(link, *request, message)),
            Self::Close { link, fault } => format!("close {link:?}: {fault}"),
            Self::Note(note) => format!("note: {}", Names::default().tracker(note)),
        }
    }
}

impl Readable for node::Event {
    fn readable(&self) -> String {
        match self {
            Self::Wake => "wake".to_owned(),
            Self::Share { file, seed, .. } => format!("share file {}: {seed:?}", file.0),
            Self::Unshare { file } => format!("unshare file {}", file.0),
            Self::Download(order) => format!("download file {}: {:?}", order.file.0, order.target.file_hash),
            Self::Stop => "stop".to_owned(),
            Self::Accepted { link, from } => format!("{link:?} accepted from {from}"),
            Self::Opened { link, peer } => format!("{link:?} opened to {peer}"),
            Self::Message { link, request, message } => said(link, *request, message),
            Self::UnknownRequest { link, request } => format!("{link:?} #{request} is of an unknown kind"),
            Self::Malformed { link, error } => format!("{link:?} malformed: {error}"),
            Self::Closed { link } => format!("{link:?} closed"),
            Self::Chunk { link, request, hashed } => format!("{link:?} #{request} data: {hashed:?}"),
            Self::Served { link, request, outcome } => format!("{link:?} #{request} served: {outcome:?}"),
            Self::Looked { file, identity: Some(identity) } => {
                format!("file {} looks like {} B, inode {}", file.0, identity.size, identity.inode)
            }
            Self::Looked { file, identity: None } => format!("file {} is not there", file.0),
            Self::Disk { file, job, outcome } => {
                format!("disk job {job} of file {}: {}", file.0, ended(outcome))
            }
        }
    }
}

impl Readable for node::Action {
    fn readable(&self) -> String {
        let names = Names::default();
        match self {
            Self::Dial { link, to: Endpoint::Tracker(tracker) } => {
                format!("dial {link:?} to tracker {}", tracker.0)
            }
            Self::Dial { link, to: Endpoint::Peer(addr) } => format!("dial {link:?} to {addr}"),
            Self::Send { link, request, message } => format!("send {}", said(link, *request, message)),
            Self::Receive { link, request, step } => {
                format!("receive {link:?} #{request} chunk {}: {} B", step.index, step.len)
            }
            Self::Serve { link, request, file, index, .. } => {
                format!("serve {link:?} #{request} chunk {index} of file {}", file.0)
            }
            Self::Stop { link, request } => format!("stop serving {link:?} #{request}"),
            Self::Close { link, fault } => format!("close {link:?}: {fault}"),
            Self::Look { file } => format!("look at file {}", file.0),
            Self::Disk { file, job, op } => format!("disk job {job} of file {}: {}", file.0, doing(op)),
            Self::Announced { file, tracker } => {
                format!("file {} is announced at tracker {}", file.0, tracker.0)
            }
            Self::Done { file, seed, .. } => format!("file {} is done: {seed:?}", file.0),
            Self::Failed { file, error } => format!("file {} has failed: {}", file.0, names.failure(error)),
            Self::Stopped => "stopped".to_owned(),
            Self::Note(node::Note::Seeder(note)) => format!("note: {}", names.seeder(note)),
            Self::Note(node::Note::Download { file, note }) => {
                format!("note of file {}: {}", file.0, names.download(note))
            }
        }
    }
}

fn said(link: &samara::Link, request: u32, message: &Message) -> String {
    format!("{link:?} #{request} {}", Names::default().message(message))
}

fn ended(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done => "done".to_owned(),
        Outcome::Opened { journal, part } => {
            let journal = journal.as_ref().map_or(0, bytes::Bytes::len);
            format!("opened, {journal} B of journal, {} B of data", part.map_or(0, |part| part.size))
        }
        Outcome::Checked(hashed) => format!("checked {hashed:?}"),
        Outcome::Looked(identity) => format!("looks like {} B, inode {}", identity.size, identity.inode),
        Outcome::Failed(error) => format!("failed {error}"),
    }
}
