//! Checks over arbitrary bytes: what holds whatever comes. Each panics if it doesn't.
//!
//! Fuzz targets call them with new bytes, `tests/corpus.rs` with the committed ones. Of two kinds:
//! - **What is read**: frames, files, links, names. The bytes are what an attacker sends; whatever is accepted keeps
//!   every bound and has one form.
//! - **What happens**: the bytes are choices, of which events are made, such as may and such as must not happen. A
//!   machine is told them, and compared with a small model that knows only the design.

mod bounds;
mod breach;
mod download;
mod draw;
mod frame;
mod have;
mod head;
mod journal;
mod link;
mod messages;
mod name;
mod recording;
mod seed_file;
mod seeder;
mod stream;
mod swarm;
mod talk;
mod tracker;

pub use download::download;
pub use frame::frame;
pub use have::have;
pub use journal::journal;
pub use link::link;
pub use name::name;
pub use recording::recording;
pub use seed_file::seed_file;
pub use seeder::seeder;
pub use stream::stream;
pub use swarm::swarm;
pub use tracker::tracker;

/// A check.
pub type Check = fn(&[u8]);

/// Every check, by the name of its fuzz target and of its folder in `fuzz/corpus`.
pub const ALL: &[(&str, Check)] = &[
    ("download", download),
    ("frame", frame),
    ("have", have),
    ("journal", journal),
    ("link", link),
    ("name", name),
    ("recording", recording),
    ("seed_file", seed_file),
    ("seeder", seeder),
    ("stream", stream),
    ("swarm", swarm),
    ("tracker", tracker),
];
