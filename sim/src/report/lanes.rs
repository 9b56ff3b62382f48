//! A lane per host: what it held when, and what befell it.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use super::axis::{FULL, LEFT, WIDTH};
use super::marks::{self, Mark};
use super::tally::Tally;
use super::text::{Px, Text, count, plural, seconds, short};
use crate::history::{Kind, Moment};

/// Up to so many hosts all have a lane with their name.
const NAMED: usize = 130;
/// So many of a kind have names even in a crowd.
const FEW: usize = 24;
/// More lanes than this aren't drawn: every so many are left out.
const MOST: usize = 1_200;

/// The lanes of one kind of host.
struct Group {
    kind: Kind,
    hosts: Vec<usize>,
    /// How many there are, drawn or not.
    all: usize,
    top: f64,
    pitch: f64,
    named: bool,
}

/// The pictures of all lanes.
pub(super) fn draw(out: &mut String, tally: &Tally<'_>) -> fmt::Result {
    let groups = layout(tally);
    let bottom = groups.last().map_or(0.0, Group::bottom) + 4.0;
    let height = bottom + 40.0;
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
    faults(out, tally, &groups)?;
    for group in &groups {
        summaries(out, tally, group)?;
    }
    places(out, tally, &groups)?;
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
            _ if named => 12.0,
            _ => (1_000.0 / all as f64).floor().clamp(1.0, 5.0),
        };
        let step = total.div_ceil(MOST);
        hosts = hosts.into_iter().step_by(step).collect();
        let top = groups.last().map_or(6.0, |group| group.bottom() + 12.0);
        groups.push(Group { kind, hosts, all: total, top, pitch, named });
    }
    groups
}

impl Group {
    fn bottom(&self) -> f64 {
        self.top + self.pitch * self.hosts.len() as f64
    }

    /// The middle of a lane.
    fn y(&self, lane: usize) -> f64 {
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
    let mut paths: BTreeMap<(u8, &str), String> = BTreeMap::new();
    for (lane, host) in group.hosts.iter().enumerate() {
        let y = Px(group.y(lane));
        let steps = &tally.hosts[*host].steps;
        for (place, (px, level)) in steps.iter().enumerate() {
            let next = steps.get(place + 1).map_or(WIDTH, |(next, _)| *next);
            let (key, x) = ((level.map_or(0, |level| level + 1), class(group.kind, *level)), LEFT + px);
            if next > *px {
                write!(paths.entry(key).or_default(), "M{x} {y}h{}", next - px)?;
            }
        }
    }
    let thick = if group.pitch >= 9.0 { group.pitch - 3.0 } else { group.pitch };
    write!(out, "<g class=\"strips\" stroke-width=\"{}\">", Px(thick))?;
    for ((level, class), path) in paths {
        let level = level.saturating_sub(1);
        match class {
            "l" => write!(out, "<path class=\"l{level}\" d=\"{path}\"/>")?,
            _ => write!(out, "<path class=\"{class}\" d=\"{path}\"/>")?,
        }
    }
    out.push_str("</g>");
    Ok(())
}

/// The class of a host's strip: trackers and the hostile hold nothing that could be shown.
const fn class(kind: Kind, level: Option<u8>) -> &'static str {
    match (level, kind) {
        (None, _) => "off",
        (_, Kind::Tracker) => "on-tracker",
        (_, Kind::Hostile) => "on-hostile",
        (_, Kind::Seeder | Kind::Downloader) => "l",
    }
}

/// Bands over the lanes of those whom a lasting fault befell; over all if it befell nobody in particular.
fn faults(out: &mut String, tally: &Tally<'_>, groups: &[Group]) -> fmt::Result {
    let mut bands: BTreeMap<(&str, u32, u32), Vec<&[usize]>> = BTreeMap::new();
    for (at, moment) in &tally.history.moments {
        let Moment::Fault { kind, hosts, until } = moment else { continue };
        let (from, to) = (tally.axis.x(*at), tally.axis.x(until.unwrap_or(*at)));
        if until.is_some() || hosts.is_empty() {
            bands.entry((kind, from, to.max(from + 2))).or_default().push(hosts);
        }
    }
    for ((kind, from, to), hosts) in bands {
        let (mut hit, all) = (vec![false; tally.hosts.len()], hosts.iter().any(|hosts| hosts.is_empty()));
        for host in hosts.into_iter().flatten() {
            if let Some(hit) = hit.get_mut(*host) {
                *hit = true;
            }
        }
        let mut path = String::new();
        for group in groups {
            let is_hit = |lane: &usize| all || hit[group.hosts[*lane]];
            let mut lane = 0;
            while lane < group.hosts.len() {
                // Neighbours share a rectangle.
                let lanes = (lane..group.hosts.len()).take_while(is_hit).count();
                if lanes > 0 {
                    let (y, height) =
                        (Px(group.top + group.pitch * lane as f64), Px(group.pitch * lanes as f64));
                    write!(path, "M{from} {y}h{}v{height}H{from}Z", to - from)?;
                }
                lane += lanes.max(1);
            }
        }
        write!(out, "<path class=\"lasts\" d=\"{path}\"><title>{}</title></path>", Text(kind))?;
    }
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

/// The marks: on lanes with names each (but one for many of a kind at one place), in a crowd dots of the worst.
fn places(out: &mut String, tally: &Tally<'_>, groups: &[Group]) -> fmt::Result {
    let mut lane_of = BTreeMap::new();
    for (number, group) in groups.iter().enumerate() {
        lane_of.extend(group.hosts.iter().enumerate().map(|(lane, host)| (*host, (number, lane))));
    }
    let mut named: BTreeMap<(Mark, bool, usize, u32), (u32, usize, String)> = BTreeMap::new();
    let mut dots: BTreeMap<Mark, BTreeMap<(usize, u32), u32>> = BTreeMap::new();
    for (at, moment) in &tally.history.moments {
        for placed in marks::of(tally, moment) {
            let Some((group, _)) = lane_of.get(&placed.host) else { continue };
            let px = tally.axis.px(*at);
            if groups[*group].named {
                let title = || format!("{} · {}", seconds(*at), placed.title);
                let key = (placed.mark, placed.hollow, placed.host, px / 7);
                named.entry(key).or_insert_with(|| (px, 0, title())).1 += 1;
            } else if matches!(placed.mark, Mark::Down | Mark::Failed) {
                dots.entry(placed.mark).or_default().entry((placed.host, px / 4)).or_insert(px);
            }
        }
    }
    for (mark, dots) in dots {
        let mut path = String::new();
        for ((host, _), px) in dots {
            let (group, lane) = lane_of[&host];
            write!(path, "M{} {}h0", LEFT + px, Px(groups[group].y(lane)))?;
        }
        write!(out, "<path class=\"dots d-{}\" d=\"{path}\"/>", mark.id())?;
    }
    for ((mark, hollow, host, _), (px, number, mut title)) in named {
        let (group, lane) = lane_of[&host];
        if number > 1 {
            write!(title, " (and {} more here)", count(number - 1))?;
        }
        marks::draw(out, f64::from(LEFT + px), groups[group].y(lane), mark, hollow, &title)?;
    }
    Ok(())
}
