//! Every bound on what comes from outside, in one table. Each is checked before memory is spent.

use core::time::Duration;

/// Smallest chunk, in bytes.
pub const MIN_CHUNK_SIZE: u32 = 64;
/// Largest chunk, in bytes: one chunk is the most that a transfer buffers.
pub const MAX_CHUNK_SIZE: u32 = 16 << 20;
/// Most chunks of a file: a list is at most 2 MiB, a file at most 1 TiB.
pub const MAX_CHUNKS: u32 = 65_536;
/// Longest file name, in bytes.
pub const MAX_NAME: usize = 255;

/// Bytes of a frame's header.
pub const HEADER: usize = 12;
/// Most bytes of a chunk in one `Data` frame: a cancel or a control frame never waits for more.
pub const MAX_DATA: u32 = 256 << 10;
/// Longest body of a frame of a kind that this version doesn't know; it is discarded unread.
pub const MAX_UNKNOWN: u32 = 4 << 10;
/// Frames of unknown kinds before a connection is closed.
pub const MAX_UNKNOWN_FRAMES: u32 = 64;

/// Entries in one page of an `Update` or in a `Withdraw`.
pub const MAX_ENTRIES: usize = 4_096;
/// Pages of one generation of an `Update`: 1,048,576 entries a node.
pub const MAX_PAGES: u32 = 256;
/// Seeds that a tracker asks for in one `Updated`.
pub const MAX_WANT: usize = 4_096;
/// Addresses and seed ids that a `Query` may exclude.
pub const MAX_EXCLUDED: usize = 64;
/// Holders in one `Holders`.
pub const MAX_HOLDERS: usize = 64;
/// Seed ids in one `Holders`.
pub const MAX_SEED_IDS: usize = 8;
/// Summaries in one `Listing`.
pub const MAX_SUMMARIES: usize = 512;
/// Candidates in one `Fetch`.
pub const MAX_ANY_OF: usize = 8;
/// Chunks in one `Gained`.
pub const MAX_GAINED: usize = 1_024;

/// How long a connection may take to say `Hello`.
pub const HELLO_TIMEOUT: Duration = Duration::from_secs(10);
/// Unanswered requests of one connection.
pub const MAX_OUTSTANDING: usize = 1_024;
