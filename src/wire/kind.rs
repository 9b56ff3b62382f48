//! The kinds of frames: their numbers, and what the header alone tells about each. (PROTOCOL.md, "Kinds")

use super::frame::Class;
use super::limits;
use super::message::Message;

/// The number of `Data` frames, which carry a chunk's bytes instead of a message.
pub(super) const DATA: u16 = 5;

/// A kind of message that this version knows. The numbers are the protocol's and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Hello = 1,
    Cancel = 2,
    Refused = 3,
    Unsupported = 4,

    Update = 16,
    Updated = 17,
    Publish = 18,
    Published = 19,
    Withdraw = 20,
    Leave = 21,
    Query = 22,
    Holders = 23,
    List = 24,
    Listing = 25,
    GetSeed = 26,
    Seed = 27,
    Unknown = 28,

    Test = 32,
    Have = 33,
    Gone = 34,
    Busy = 35,
    Fetch = 36,
    Chunk = 37,
    Rejected = 38,
    Gained = 39,
}

impl Kind {
    const ALL: [Self; 25] = [
        Self::Hello,
        Self::Cancel,
        Self::Refused,
        Self::Unsupported,
        Self::Update,
        Self::Updated,
        Self::Publish,
        Self::Published,
        Self::Withdraw,
        Self::Leave,
        Self::Query,
        Self::Holders,
        Self::List,
        Self::Listing,
        Self::GetSeed,
        Self::Seed,
        Self::Unknown,
        Self::Test,
        Self::Have,
        Self::Gone,
        Self::Busy,
        Self::Fetch,
        Self::Chunk,
        Self::Rejected,
        Self::Gained,
    ];

    /// The kind of this number, if this version knows it.
    pub(super) fn from_number(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// Its number in the header.
    pub(super) const fn number(self) -> u16 {
        self as u16
    }

    /// May it come in this class? `Gone` answers a `Test`, and is pushed to that number later.
    pub(super) fn allows(self, class: Class) -> bool {
        self.class() == class || (self == Self::Gone && class == Class::Push)
    }

    /// The class in which it is sent.
    pub(super) const fn class(self) -> Class {
        match self {
            Self::Hello
            | Self::Cancel
            | Self::Update
            | Self::Publish
            | Self::Withdraw
            | Self::Leave
            | Self::Query
            | Self::List
            | Self::GetSeed
            | Self::Test
            | Self::Fetch => Class::Request,
            Self::Refused
            | Self::Unsupported
            | Self::Updated
            | Self::Published
            | Self::Holders
            | Self::Listing
            | Self::Seed
            | Self::Unknown
            | Self::Have
            | Self::Gone
            | Self::Busy
            | Self::Chunk
            | Self::Rejected => Class::Answer,
            Self::Gained => Class::Push,
        }
    }

    /// Most bytes of its body: its layout with every list, name and option as large as it may be.
    pub(super) const fn max_body(self) -> usize {
        match self {
            Self::Hello => 8 + 2 + 8 + 8,
            Self::Unsupported | Self::Published | Self::Leave | Self::Unknown => 0,
            Self::Update => {
                2 + OPTION + ADDR + 8 + 4 + 1 + HASH + TAG + 2 * COUNT + limits::MAX_ENTRIES * ENTRY
            }
            Self::Updated => 8 + 1 + 4 + 4 + HASH + 1 + COUNT + limits::MAX_WANT * HASH,
            Self::Publish | Self::Seed => MAX_SEED,
            Self::Withdraw => COUNT + limits::MAX_ENTRIES * KEY,
            Self::Query => {
                const EXCLUDED: usize = 2 * COUNT + limits::MAX_EXCLUDED * (HOLDER_ADDR + HASH);
                HASH + OPTION + HASH + EXCLUDED
            }
            Self::Holders => {
                const SEEDS: usize = COUNT + limits::MAX_SEED_IDS * (HASH + 4 + 4);
                SEEDS + COUNT + limits::MAX_HOLDERS * (HOLDER_ADDR + HASH + 1) + 1
            }
            Self::List => 8 + 2,
            Self::Listing => {
                const ABOUT: usize = OPTION + COUNT + limits::MAX_NAME + 8;
                COUNT + limits::MAX_SUMMARIES * (KEY + ABOUT + 4 + 4) + OPTION + 8
            }
            Self::GetSeed => HASH + OPTION + HASH,
            Self::Test => KEY,
            Self::Have => TAG + COUNT + MAX_BITMAP,
            Self::Refused | Self::Cancel | Self::Gone | Self::Busy => 4,
            Self::Fetch => 4 + COUNT + limits::MAX_ANY_OF * 4,
            Self::Chunk => 4 + 4,
            Self::Rejected => TAG + 4,
            Self::Gained => COUNT + limits::MAX_GAINED * 4,
        }
    }

    /// The kind of a message.
    pub(super) const fn of(message: &Message) -> Self {
        match message {
            Message::Hello(_) => Self::Hello,
            Message::Cancel { .. } => Self::Cancel,
            Message::Refused(_) => Self::Refused,
            Message::Unsupported => Self::Unsupported,
            Message::Update(_) => Self::Update,
            Message::Updated(_) => Self::Updated,
            Message::Publish(_) => Self::Publish,
            Message::Published => Self::Published,
            Message::Withdraw(_) => Self::Withdraw,
            Message::Leave => Self::Leave,
            Message::Query(_) => Self::Query,
            Message::Holders(_) => Self::Holders,
            Message::List(_) => Self::List,
            Message::Listing(_) => Self::Listing,
            Message::GetSeed { .. } => Self::GetSeed,
            Message::Seed(_) => Self::Seed,
            Message::Unknown => Self::Unknown,
            Message::Test(_) => Self::Test,
            Message::Have(_) => Self::Have,
            Message::Gone(_) => Self::Gone,
            Message::Busy { .. } => Self::Busy,
            Message::Fetch(_) => Self::Fetch,
            Message::Chunk { .. } => Self::Chunk,
            Message::Rejected(_) => Self::Rejected,
            Message::Gained(_) => Self::Gained,
        }
    }
}

/// Bytes of a list's count, of an enum's variant number, and of an option's mark.
const COUNT: usize = 8;
const TAG: usize = 4;
const OPTION: usize = 1;

/// Bytes of a hash; of file hash and seed id; of those with a `bool`.
const HASH: usize = 32;
const KEY: usize = 2 * HASH;
const ENTRY: usize = KEY + 1;

/// Bytes of the longer kind of address; of one that may be `SameHost` instead.
const ADDR: usize = TAG + 16 + 2;
const HOLDER_ADDR: usize = TAG + ADDR;

/// Most bytes of a bitmap.
pub(super) const MAX_BITMAP: usize = limits::MAX_CHUNKS as usize / 8;

/// Most bytes of a seed's body.
pub(super) const MAX_SEED: usize =
    COUNT + limits::MAX_NAME + 8 + 4 + HASH + COUNT + limits::MAX_CHUNKS as usize * HASH;

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::vec::Vec;

    #[test]
    fn the_table_in_the_protocol_is_the_one_in_the_code() {
        let rows: Vec<[&str; 4]> = include_str!("PROTOCOL.md")
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>())
            .filter_map(|words| Some([*words.first()?, *words.get(1)?, *words.get(2)?, *words.get(3)?]))
            .filter(|row| row[0].parse::<u16>().is_ok() && ["R", "A", "A,", "P"].contains(&row[2]))
            .collect();
        assert_eq!(rows.len(), Kind::ALL.len());
        for (kind, [number, name, class, longest]) in Kind::ALL.into_iter().zip(rows) {
            assert_eq!(name, format!("{kind:?}"));
            assert_eq!(number.parse(), Ok(kind.number()), "{name}");
            assert!(format!("{:?}", kind.class()).starts_with(&class[..1]), "{name}");
            if kind == Kind::Gone {
                continue; // its class takes two columns
            }
            assert_eq!(longest.replace(',', "").parse(), Ok(kind.max_body()), "{name}");
        }
    }
}
