//! Who sent to whom: host by host where they fit on a page, by groups where they don't.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use super::axis::{FULL, LEFT};
use super::lanes;
use super::senders::{self, bar};
use super::tally::{LEVELS, Tally};
use super::text::{Px, Text, bytes, count, percent, plural, short};
use crate::history::Kind;

/// Up to so many hosts each have a row and a column.
const EACH: usize = 60;
/// How many hosts share a row in a crowd; more if the rows would be more than [`EACH`].
const GROUP: usize = 20;

/// A row, and the column of the same number.
struct Party {
    name: String,
    kind: Kind,
    hosts: usize,
}

/// Both pictures, or just the matrix if it has all hosts.
pub(super) fn draw(out: &mut String, tally: &Tally<'_>) -> fmt::Result {
    words(out, tally)?;
    let (parties, party_of) = parties(tally);
    if parties.len() < tally.hosts.len() - tally.of_kind(Kind::Tracker) {
        senders::draw(out, tally)?;
    }
    let mut cells: BTreeMap<(usize, usize), u64> = BTreeMap::new();
    for ((from, to), chunks) in &tally.sent {
        if let (Some(from), Some(to)) = (party_of.get(from), party_of.get(to)) {
            *cells.entry((*from, *to)).or_default() += chunks;
        }
    }
    matrix(out, &parties, &cells)
}

/// What there is to say in one sentence.
fn words(out: &mut String, tally: &Tally<'_>) -> fmt::Result {
    let all: u64 = tally.sent.values().sum();
    if all == 0 {
        out.push_str("<p class=\"lead\">Nothing was sent.</p>");
        return Ok(());
    }
    let by = |kind| -> u64 {
        tally
            .sent
            .iter()
            .filter(|((from, _), _)| tally.kind(*from) == Some(kind))
            .map(|(_, chunks)| chunks)
            .sum()
    };
    let (seeders, peers) = (by(Kind::Seeder), by(Kind::Downloader));
    let copies = seeders as f64 / f64::from(tally.history.chunks.max(1));
    write!(out, "<p class=\"lead\">{} chunks ({}) went over the network. ", count(all), bytes(tally.bytes))?;
    write!(
        out,
        "<b>{} %</b> came from other downloaders; seeders sent <b>{copies:.1}</b> copies of the file",
        percent(peers, all)
    )?;
    writeln!(out, " for {}.</p>", plural(tally.of_kind(Kind::Downloader), "downloader", "downloaders"))
}

/// Who shares a row, and whose row is which. Trackers carry no chunks.
fn parties(tally: &Tally<'_>) -> (Vec<Party>, BTreeMap<usize, usize>) {
    let hosts = tally.hosts.len() - tally.of_kind(Kind::Tracker);
    let size = if hosts <= EACH { 1 } else { GROUP.max(hosts.div_ceil(EACH - 4)) };
    let (mut parties, mut party_of) = (Vec::new(), BTreeMap::new());
    for kind in [Kind::Seeder, Kind::Downloader, Kind::Hostile] {
        let ordered = tally.ordered(kind, lanes::crowd(tally));
        for (number, group) in ordered.chunks(size).enumerate() {
            let first = number * size + 1;
            let name = match (group, kind) {
                ([one], _) => tally.name(*one),
                (_, Kind::Seeder) => format!("seeders {first}–{}", first + group.len() - 1),
                (_, Kind::Hostile) => format!("hostile {first}–{}", first + group.len() - 1),
                (_, Kind::Downloader | Kind::Tracker) => format!("{first}–{}", first + group.len() - 1),
            };
            party_of.extend(group.iter().map(|host| (*host, parties.len())));
            parties.push(Party { name, kind, hosts: group.len() });
        }
    }
    (parties, party_of)
}

fn matrix(out: &mut String, parties: &[Party], cells: &BTreeMap<(usize, usize), u64>) -> fmt::Result {
    if parties.is_empty() {
        return Ok(());
    }
    let size = (760.0 / parties.len() as f64).clamp(10.0, 22.0).floor();
    let side = size * parties.len() as f64;
    let (left, top) = (f64::from(LEFT), 112.0);
    let at = |number: usize| size * number as f64;
    write!(
        out,
        "<svg class=\"matrix\" viewBox=\"0 0 {FULL} {}\" role=\"img\" aria-label=\"Chunks from each sender to each receiver\">",
        Px(top + side + 24.0)
    )?;
    write!(
        out,
        "<rect class=\"ground\" x=\"{LEFT}\" y=\"{top}\" width=\"{side}\" height=\"{side}\"/>",
        top = Px(top),
        side = Px(side)
    )?;
    let font = Px((size - 3.0).clamp(7.5, 11.5));
    write!(
        out,
        "<text class=\"corner\" x=\"{x}\" y=\"{}\">sender ↓&#160;&#160;receiver →</text>",
        Px(top - 10.0),
        x = LEFT - 10
    )?;
    write!(out, "<g class=\"names\" font-size=\"{font}\">")?;
    for (number, party) in parties.iter().enumerate() {
        let (mid, name) = (at(number) + size / 2.0, short(&party.name, 20));
        let class = if party.kind == Kind::Hostile { " class=\"hostile\"" } else { "" };
        write!(
            out,
            "<text{class} x=\"{}\" y=\"{}\" dy=\".35em\">{}</text>",
            LEFT - 8,
            Px(top + mid),
            Text(&name)
        )?;
        let (x, y) = (Px(left + mid), Px(top - 7.0));
        write!(
            out,
            "<text{class} transform=\"translate({x} {y}) rotate(-60)\" style=\"text-anchor:start\" dy=\".35em\">{}</text>",
            Text(&short(&party.name, 18))
        )?;
    }
    out.push_str("</g>");
    let most = cells.values().copied().max().unwrap_or(1);
    for ((from, to), chunks) in cells {
        let (x, y, level) = (Px(left + at(*to) + 0.5), Px(top + at(*from) + 0.5), level(*chunks, most));
        write!(
            out,
            "<rect class=\"f{level}\" x=\"{x}\" y=\"{y}\" width=\"{size}\" height=\"{size}\">",
            size = Px(size - 1.0)
        )?;
        write!(
            out,
            "<title>{} → {}: {}</title></rect>",
            Text(&parties[*from].name),
            Text(&parties[*to].name),
            count(*chunks)
        )?;
    }
    sums(out, parties, cells, (left + side, top, size))?;
    scale(out, most)?;
    out.push_str("</svg>");
    Ok(())
}

/// Beside the rows: all that a sender sent.
fn sums(
    out: &mut String,
    parties: &[Party],
    cells: &BTreeMap<(usize, usize), u64>,
    at: (f64, f64, f64),
) -> fmt::Result {
    let (right, top, size) = at;
    let mut sums = vec![0u64; parties.len()];
    for ((from, _), chunks) in cells {
        sums[*from] += chunks;
    }
    let (most, room) = (sums.iter().copied().max().unwrap_or(1).max(1), f64::from(FULL) - right - 130.0);
    write!(
        out,
        "<g class=\"sums\"><text class=\"corner\" style=\"text-anchor:start\" x=\"{}\" y=\"{}\">all that it sent, in chunks</text>",
        Px(right + 20.0),
        Px(top - 10.0)
    )?;
    for (number, (sum, party)) in sums.iter().zip(parties).enumerate() {
        let (y, width) = (top + size * number as f64, room * *sum as f64 / most as f64);
        let class = bar(party.kind);
        write!(
            out,
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
            Px(right + 20.0),
            Px(y + 2.0),
            Px(width),
            Px(size - 4.0)
        )?;
        let per = if party.hosts > 1 {
            format!(" ({} each)", count(sum / party.hosts as u64))
        } else {
            String::new()
        };
        write!(
            out,
            "<text x=\"{}\" y=\"{}\" dy=\".35em\">{}{per}</text>",
            Px(right + 26.0 + width),
            Px(y + size / 2.0),
            count(*sum)
        )?;
    }
    out.push_str("</g>");
    Ok(())
}

/// The shade of a cell: the lightest for the least, too, so that something is never nothing.
fn level(chunks: u64, most: u64) -> u8 {
    u8::try_from((chunks * u64::from(LEVELS)).div_ceil(most.max(1))).unwrap_or(LEVELS)
}

fn scale(out: &mut String, most: u64) -> fmt::Result {
    let x = FULL - 260;
    write!(
        out,
        "<g class=\"scale\"><text x=\"{}\" y=\"22\" style=\"text-anchor:end\">1 chunk</text>",
        x - 8
    )?;
    for level in 1..=LEVELS {
        write!(
            out,
            "<rect class=\"f{level}\" x=\"{}\" y=\"12\" width=\"11\" height=\"12\"/>",
            x + (u32::from(level) - 1) * 11
        )?;
    }
    write!(out, "<text x=\"{}\" y=\"22\">{}</text></g>", x + u32::from(LEVELS) * 11 + 8, count(most))
}
