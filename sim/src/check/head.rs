//! What a frame's header alone decides, by the table in PROTOCOL.md.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use samara::wire::{DecodeError, limits};

/// A kind's classes, and its longest body.
struct Row {
    classes: Vec<u16>,
    longest: u32,
}

/// Of every kind of message, by its number.
static KINDS: LazyLock<BTreeMap<u16, Row>> = LazyLock::new(|| {
    let class = |name: &str| ["R", "A", "P"].iter().position(|class| *class == name);
    let row = |line: &str| {
        let words: Vec<_> = line.split_whitespace().map(|word| word.trim_end_matches(',')).collect();
        let number = words.first()?.parse().ok()?;
        let classes: Vec<_> = words.iter().skip(2).map_while(|word| class(word)).collect();
        let longest = words.get(2 + classes.len())?.replace(',', "").parse().ok()?;
        let classes: Vec<_> = classes.into_iter().filter_map(|class| u16::try_from(class).ok()).collect();
        (!classes.is_empty()).then_some((number, Row { classes, longest }))
    };
    let kinds = include_str!("../../../src/wire/PROTOCOL.md").split("\n## Kinds").nth(1);
    let all: BTreeMap<_, _> = kinds.expect("the table").lines().filter_map(row).collect();
    assert_eq!(all.len(), 25, "kinds");
    all
});

const DATA: u16 = 5;

/// Numbers and longest bodies of all kinds of messages.
pub(super) fn kinds() -> impl Iterator<Item = (u16, u32)> {
    KINDS.iter().map(|(kind, row)| (*kind, row.longest))
}

/// Panics unless what was made of these bytes is what has to be made of the header in front: how many bytes its frame
/// takes, or that it breaks a rule.
pub(super) fn judge(bytes: &[u8], made: Result<usize, DecodeError>) {
    let Some(([a, b, c, d, e, f, g, h, ..], _)) = bytes.split_first_chunk::<{ limits::HEADER }>() else {
        return assert_eq!(made, Ok(limits::HEADER));
    };
    let len = u32::from_le_bytes([*a, *b, *c, *d]);
    let (kind, flags) = (u16::from_le_bytes([*e, *f]), u16::from_le_bytes([*g, *h]));
    let known = KINDS.get(&kind);
    let wrong = match known {
        None if kind == DATA => flags != 3,
        None => false,
        Some(row) => !row.classes.contains(&flags),
    };
    let longest = match known {
        None if kind == DATA => limits::MAX_DATA,
        None => limits::MAX_UNKNOWN,
        Some(row) => row.longest,
    };
    let body = if kind == DATA { 0 } else { len as usize };
    match made {
        _ if wrong => assert_eq!(made, Err(DecodeError::Flags { kind, flags })),
        _ if len > longest => assert_eq!(made, Err(DecodeError::TooLong { kind, len })),
        Ok(takes) => assert_eq!(takes, limits::HEADER + body, "bytes of a frame of kind {kind}"),
        Err(DecodeError::Body { kind: of }) => assert_eq!(of, kind),
        Err(error) => assert!(error == DecodeError::Magic && kind == 1, "{error} in kind {kind}"),
    }
}
