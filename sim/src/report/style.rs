//! How the page looks, by day and by night.

use std::fmt::{self, Write as _};

use super::tally::LEVELS;

/// A colour, red first.
type Colour = [u8; 3];

/// Shades from nothing to all of a file. One hue that only gains depth: it reads the same to the colour-blind.
const DAY: [Colour; 6] = [
    [0xe9, 0xed, 0xf1],
    [0xc3, 0xdc, 0xec],
    [0x86, 0xbc, 0xdd],
    [0x3f, 0x8f, 0xc4],
    [0x14, 0x62, 0xa3],
    [0x0a, 0x37, 0x6b],
];
const NIGHT: [Colour; 6] = [
    [0x25, 0x2c, 0x35],
    [0x1b, 0x3c, 0x54],
    [0x1b, 0x5a, 0x82],
    [0x26, 0x7d, 0xb0],
    [0x4c, 0xa3, 0xd4],
    [0x8e, 0xcb, 0xee],
];

/// The style, shades included.
pub(super) fn write(out: &mut String) -> fmt::Result {
    out.push_str("<style>\n");
    out.push_str(include_str!("page.css"));
    for (open, stops, close) in [("", &DAY, ""), ("@media (prefers-color-scheme:dark){", &NIGHT, "}")] {
        out.push_str(open);
        for level in 0..=LEVELS {
            let [red, green, blue] = shade(stops, level);
            write!(
                out,
                ".l{level}{{stroke:#{red:02x}{green:02x}{blue:02x}}}.f{level}{{fill:#{red:02x}{green:02x}{blue:02x}}}"
            )?;
        }
        out.push_str(close);
    }
    out.push_str("</style>\n");
    Ok(())
}

/// The little that a script adds: the time under the pointer, in all pictures of time at once.
pub(super) fn script(out: &mut String) -> fmt::Result {
    write!(out, "<script>\n{}</script>\n", include_str!("page.js"))
}

/// The shade of `level`, between two stops.
fn shade(stops: &[Colour; 6], level: u8) -> Colour {
    let place = u32::from(level) * 5 * 100 / u32::from(LEVELS);
    let (stop, part) = ((place / 100).min(4) as usize, place - (place / 100).min(4) * 100);
    let mix = |channel: usize| {
        let (from, to) = (u32::from(stops[stop][channel]), u32::from(stops[stop + 1][channel]));
        u8::try_from((from * (100 - part) + to * part) / 100).unwrap_or(u8::MAX)
    };
    [mix(0), mix(1), mix(2)]
}
