//! A lane per host: what it held when, and what befell it.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use super::axis::{FULL, LEFT, WIDTH};
use super::events;
use super::tally::{State, Tally};
use super::text::{Px, Text, count, plural, seconds, short};
use crate::history::Kind;

/// Up to so many hosts all have a lane with their name.
const NAMED: usize = 130;
/// So many of a kind have names even in a crowd.
const FEW: usize = 24;
/// More lanes than this aren't drawn: every so many are left out.
const MOST: usize = 1_200;

/// The lanes of one kind of host.
pub(super) struct Group {
    pub(super) kind: Kind,
    pub(super) hosts: Vec<usize>,
    /// How many there are, drawn or not.
    all: usize,
    /// One in so many is drawn.
    step: usize,
    pub(super) top: f64,
    pub(super) pitch: f64,
    pub(super) named: bool,
}

/// The pictures of all lanes.
pub(super) fn draw(out: &mut String, tally: &Tally<'_>) -> fmt::Result {
    let groups = layout(tally);
    let bottom = groups.last().map_or(0.0, Group::bottom) + 4.0;
    let height = bottom + tally.axis.foot();
    write!(
        out,
        "<svg class=\"time\" viewBox=\"0 0 {FULL} {}\" role=\"img\" aria-label=\"What each host held when\">",
        Px(height)
    )?;
    tally.axis.draw(out, 0.0, bottom)?;
    for group in &groups {
        labels(out, tally, group)?;
        strips(out, tally, group)?;
    }
    events::faults(out, tally, &groups)?;
    for group in &groups {
        summaries(out, tally, group)?;
    }
    events::marks(out, tally, &groups)?;
    out.push_str("</svg>");
    Ok(())
}

/// Is this a crowd, in which lanes of downloaders have no names?
pub(super) fn crowd(tally: &Tally<'_>) -> bool {
    tally.hosts.len() > NAMED
}

fn layout(tally: &Tally<'_>) -> Vec<Group> {
    let all = tally.hosts.len();
    let mut groups: Vec<Group> = Vec::new();
    for kind in [Kind::Tracker, Kind::Seeder, Kind::Downloader, Kind::Hostile] {
        let mut hosts = tally.ordered(kind, crowd(tally));
        if hosts.is_empty() {
            continue;
        }
        let (total, named) = (hosts.len(), all <= NAMED || hosts.len() <= FEW);
        let pitch = match all {
            0..=30 => 18.0,
            31..=64 => 14.0,
            65..=NAMED => 11.0,
            _ if named => 14.0,
            _ => (1_000.0 / all as f64).floor().clamp(1.0, 5.0),
        };
        let step = total.div_ceil(MOST);
        hosts = hosts.into_iter().step_by(step).collect();
        let top = groups.last().map_or(6.0, |group| group.bottom() + 12.0);
        groups.push(Group { kind, hosts, all: total, step, top, pitch, named });
    }
    groups
}

impl Group {
    fn bottom(&self) -> f64 {
        self.top + self.pitch * self.hosts.len() as f64
    }

    /// The middle of a lane.
    pub(super) fn y(&self, lane: usize) -> f64 {
        self.top + self.pitch * (lane as f64 + 0.5)
    }
}

/// What a kind's lanes are called.
fn kinds(kind: Kind, number: usize) -> String {
    match kind {
        Kind::Tracker => plural(number, "tracker", "trackers"),
        Kind::Seeder => plural(number, "seeder", "seeders"),
        Kind::Downloader => plural(number, "downloader", "downloaders"),
        Kind::Hostile => format!("{} hostile", count(number)),
    }
}

fn labels(out: &mut String, tally: &Tally<'_>, group: &Group) -> fmt::Result {
    let x = LEFT - 10;
    if group.named {
        let size = (group.pitch - 2.5).clamp(8.0, 11.5);
        let class = if group.kind == Kind::Hostile { "names hostile" } else { "names" };
        write!(out, "<g class=\"{class}\" font-size=\"{}\">", Px(size))?;
        for (lane, host) in group.hosts.iter().enumerate() {
            let (y, name) = (Px(group.y(lane) + size * 0.35), short(&tally.name(*host), 22));
            write!(out, "<text x=\"{x}\" y=\"{y}\">{}</text>", Text(&name))?;
        }
        out.push_str("</g>");
        return Ok(());
    }
    let (top, bottom) = (group.top, group.bottom());
    write!(out, "<g class=\"crowd\"><path d=\"M{x} {}V{}\"/>", Px(top), Px(bottom))?;
    write!(
        out,
        "<text class=\"kind\" x=\"8\" y=\"{}\">{}</text>",
        Px(top + 10.0),
        kinds(group.kind, group.all)
    )?;
    write!(out, "<text class=\"note\" x=\"8\" y=\"{}\">first to finish on top</text>", Px(top + 25.0))?;
    if group.step > 1 {
        let y = Px(top + 39.0);
        write!(out, "<text class=\"note\" x=\"8\" y=\"{y}\">one in {} is drawn</text>", group.step)?;
    }
    let every = [10usize, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000]
        .into_iter()
        .find(|every| group.all.div_ceil(*every) <= 12)
        .unwrap_or(10_000);
    for number in (every..=group.all).step_by(every) {
        let y = top + (bottom - top) * number as f64 / group.all as f64;
        write!(
            out,
            "<path d=\"M{} {y}h5\"/><text x=\"{}\" y=\"{}\">{}</text>",
            x - 5,
            x - 9,
            Px(y + 3.5),
            count(number),
            y = Px(y)
        )?;
    }
    out.push_str("</g>");
    Ok(())
}

/// What the hosts of a group held: a path per shade, over all lanes.
fn strips(out: &mut String, tally: &Tally<'_>, group: &Group) -> fmt::Result {
    let mut paths: BTreeMap<State, String> = BTreeMap::new();
    for (lane, host) in group.hosts.iter().enumerate() {
        let y = Px(group.y(lane));
        let steps = &tally.hosts[*host].steps;
        for (place, (px, state)) in steps.iter().enumerate() {
            let next = steps.get(place + 1).map_or(WIDTH, |(next, _)| *next);
            if next > *px {
                write!(paths.entry(*state).or_default(), "M{} {y}h{}", LEFT + px, next - px)?;
            }
        }
    }
    let thick = if group.pitch >= 9.0 { group.pitch - 3.5 } else { group.pitch };
    write!(out, "<g class=\"strips\" stroke-width=\"{}\">", Px(thick))?;
    for (state, path) in paths {
        match (state, group.kind) {
            (State::Before, _) => write!(out, "<path class=\"before\" d=\"{path}\"/>")?,
            (State::Down, _) => write!(out, "<path class=\"off\" d=\"{path}\"/>")?,
            // Trackers and the hostile hold nothing that could be shown.
            (State::Up(_), Kind::Tracker) => write!(out, "<path class=\"on-tracker\" d=\"{path}\"/>")?,
            (State::Up(_), Kind::Hostile) => write!(out, "<path class=\"on-hostile\" d=\"{path}\"/>")?,
            (State::Up(level), Kind::Seeder | Kind::Downloader) => {
                write!(out, "<path class=\"l{level}\" d=\"{path}\"/>")?;
            }
        }
    }
    out.push_str("</g>");
    Ok(())
}

/// What a lane says when pointed at.
fn summaries(out: &mut String, tally: &Tally<'_>, group: &Group) -> fmt::Result {
    out.push_str("<g class=\"hit\">");
    for (lane, host) in group.hosts.iter().enumerate() {
        let seen = &tally.hosts[*host];
        let mut says = tally.name(*host);
        let end = match (seen.done, seen.failed) {
            (Some(done), _) => format!("has the file since {}", seconds(done)),
            (None, Some(failed)) => format!("failed at {}", seconds(failed)),
            (None, None) if group.kind == Kind::Downloader => "never had the whole file".into(),
            (None, None) => kinds(group.kind, 1).trim_start_matches("1 ").to_owned(),
        };
        write!(says, " · {end} · got {}, gave {}", count(seen.got), count(seen.gave))?;
        if seen.downs > 0 {
            write!(says, " · went down {}×", seen.downs)?;
        }
        if seen.banned > 0 {
            write!(says, " · banned {}×", seen.banned)?;
        }
        let (y, height) = (Px(group.top + group.pitch * lane as f64), Px(group.pitch));
        write!(
            out,
            "<rect x=\"0\" y=\"{y}\" width=\"{FULL}\" height=\"{height}\"><title>{}</title></rect>",
            Text(&says)
        )?;
    }
    out.push_str("</g>");
    Ok(())
}
