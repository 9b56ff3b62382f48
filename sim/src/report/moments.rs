//! What is worth a line each: like moments share one.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use samara::Time;

use super::marks::Mark;
use super::tally::Tally;
use super::text::{Text, count, plural, short, span};
use crate::history::Moment;

/// Lines of one chapter; with eight chapters a page has 200 at most.
const LINES: usize = 25;
/// Names in a line before the rest is a number.
const NAMES: usize = 6;

/// The chapters, in the order of how much a reader wants to know.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Chapter {
    Failures,
    Faults,
    Outages,
    Bans,
    Stale,
    Bad,
    Refuted,
    Expired,
}

/// Moments that share a line.
struct Line {
    first: Time,
    last: Time,
    number: usize,
    /// Those of whom it is told, before and after the text.
    who: Vec<usize>,
}

/// What makes moments alike: the text before the names, and the one after them.
type Like = (String, String);

/// The chapters that have something to tell.
pub(super) fn draw(out: &mut String, tally: &Tally<'_>) -> fmt::Result {
    let mut chapters: BTreeMap<Chapter, BTreeMap<Like, Line>> = BTreeMap::new();
    let mut down: BTreeMap<usize, (Time, &str)> = BTreeMap::new();
    let mut add = |chapter, like: Like, at, until: Option<Time>, who: &[usize]| {
        let lines = chapters.entry(chapter).or_default();
        let line =
            lines.entry(like).or_insert_with(|| Line { first: at, last: at, number: 0, who: Vec::new() });
        line.last = line.last.max(until.unwrap_or(at));
        line.number += 1;
        line.who.extend(who);
    };
    let name = |host: &usize| tally.name(*host);
    for (at, moment) in &tally.history.moments {
        let at = *at;
        match moment {
            Moment::Failed { host, why } => {
                add(Chapter::Failures, (String::new(), why.clone()), at, None, &[*host])
            }
            Moment::Fault { kind, hosts, until } => {
                let before = if hosts.is_empty() { (*kind).to_owned() } else { format!("{kind}:") };
                // Those of one length share a line.
                let after = until.map_or_else(String::new, |until| format!("for {}", span(until.since(at))));
                add(Chapter::Faults, (before, after), at, *until, hosts);
            }
            Moment::Down { host, how } => {
                down.insert(*host, (at, how));
            }
            Moment::Up { host } => {
                if let Some((went, how)) = down.remove(host) {
                    let like = (String::new(), format!("{how}, back after {}", span(at.since(went))));
                    add(Chapter::Outages, like, went, Some(at), &[*host]);
                }
            }
            Moment::Banned { host, whom, why } => {
                add(Chapter::Bans, (format!("{} banned by", name(whom)), why.clone()), at, None, &[*host]);
            }
            Moment::Stale { host, whom, why } => {
                add(
                    Chapter::Stale,
                    (format!("{} found stale by", name(whom)), why.clone()),
                    at,
                    None,
                    &[*host],
                );
            }
            Moment::Bad { host, from } => {
                add(
                    Chapter::Bad,
                    (format!("{} sent bad chunks to", name(from)), String::new()),
                    at,
                    None,
                    &[*host],
                );
            }
            Moment::Refuted { host } => {
                add(Chapter::Refuted, ("hash lists refuted by".into(), String::new()), at, None, &[*host]);
            }
            Moment::Expired { tracker, host } => {
                add(
                    Chapter::Expired,
                    (format!("{} forgot", name(tracker)), String::new()),
                    at,
                    None,
                    &[*host],
                );
            }
            Moment::Verified { .. } | Moment::Resumed { .. } | Moment::Done { .. } => {}
        }
    }
    for (host, (at, how)) in down {
        add(Chapter::Outages, (String::new(), format!("{how}, not back")), at, None, &[host]);
    }
    if chapters.is_empty() {
        out.push_str("<p class=\"lead\">Nothing out of the ordinary: no faults, no bans, nobody failed.</p>");
    }
    for (chapter, lines) in chapters {
        write_chapter(out, tally, chapter, lines)?;
    }
    Ok(())
}

fn write_chapter(
    out: &mut String,
    tally: &Tally<'_>,
    chapter: Chapter,
    lines: BTreeMap<Like, Line>,
) -> fmt::Result {
    let number = lines.values().map(|line| line.number).sum();
    let (mark, title) = chapter.title(number);
    let mut lines: Vec<_> = lines.into_iter().collect();
    lines.sort_by(|(a_like, a), (b_like, b)| (a.first, a_like).cmp(&(b.first, b_like)));
    let open = if lines.len() <= 12 || chapter == Chapter::Failures { " open=\"open\"" } else { "" };
    write!(
        out,
        "<details{open}><summary><svg width=\"14\" height=\"14\"><use href=\"#m-{}\" x=\"7\" y=\"7\"/></svg>{title}</summary>",
        mark.id()
    )?;
    out.push_str("<table><thead><tr><th>from</th><th>to</th><th>times</th><th class=\"what\">what</th></tr></thead><tbody>");
    let more = lines.len().saturating_sub(LINES);
    for ((before, after), mut line) in lines.into_iter().take(LINES) {
        let to = if line.last > line.first { seconds(line.last) } else { String::new() };
        write!(
            out,
            "<tr><td>{}</td><td>{to}</td><td>{}</td><td class=\"what\">",
            seconds(line.first),
            count(line.number as u64)
        )?;
        line.who.sort_unstable();
        line.who.dedup();
        let (all, mut text) = (line.who.len(), before);
        let names: Vec<_> = line.who.iter().take(NAMES).map(|host| short(&tally.name(*host), 40)).collect();
        write!(text, "{}{}", if text.is_empty() { "" } else { " " }, names.join(", "))?;
        if all > NAMES {
            write!(text, " and {} more", count((all - NAMES) as u64))?;
        }
        write!(out, "{}", Text(text.trim()))?;
        if !after.trim().is_empty() {
            write!(out, " <span class=\"why\">{}</span>", Text(after.trim()))?;
        }
        out.push_str("</td></tr>");
    }
    if more > 0 {
        write!(
            out,
            "<tr class=\"more\"><td></td><td></td><td></td><td class=\"what\">… and {} more</td></tr>",
            count(more as u64)
        )?;
    }
    out.push_str("</tbody></table></details>");
    Ok(())
}

impl Chapter {
    fn title(self, number: usize) -> (Mark, String) {
        match self {
            Self::Failures => (Mark::Failed, plural(number, "failure", "failures")),
            Self::Faults => (Mark::Fault, plural(number, "fault", "faults")),
            Self::Outages => (Mark::Down, plural(number, "crash or stop", "crashes and stops")),
            Self::Bans => (Mark::Ban, plural(number, "ban", "bans")),
            Self::Stale => (Mark::Stale, plural(number, "stale finding", "stale findings")),
            Self::Bad => (Mark::Bad, plural(number, "bad chunk", "bad chunks")),
            Self::Refuted => (Mark::Refuted, plural(number, "refuted hash list", "refuted hash lists")),
            Self::Expired => (Mark::Expired, plural(number, "expiry", "expiries")),
        }
    }
}

/// Seconds with three decimals, below each other in a column.
fn seconds(at: Time) -> String {
    let millis = at.as_micros() / 1_000;
    format!("{}.{:03}", count(millis / 1_000), millis % 1_000)
}
