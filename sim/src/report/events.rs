//! What befell hosts, drawn over their lanes: bands for what lasted, marks for moments.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use super::axis::LEFT;
use super::lanes::Group;
use super::marks::{self, Mark};
use super::tally::Tally;
use super::text::{Px, Text, count, seconds};
use crate::history::Moment;

/// Bands over the lanes of those whom a lasting fault befell; over all if it befell nobody in particular.
pub(super) fn faults(out: &mut String, tally: &Tally<'_>, groups: &[Group]) -> fmt::Result {
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

/// Where marks of a kind are too close to tell apart. In this order they are drawn: the worst on top.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    mark: Mark,
    hollow: bool,
    host: usize,
    step: u32,
}

/// The marks of one place, drawn as one.
struct Several {
    px: u32,
    number: usize,
    /// What the first says.
    title: String,
}

/// The marks: on lanes with names each (but one for many of a kind at one place), in a crowd dots of the worst.
pub(super) fn marks(out: &mut String, tally: &Tally<'_>, groups: &[Group]) -> fmt::Result {
    let mut lane_of = BTreeMap::new();
    for (number, group) in groups.iter().enumerate() {
        lane_of.extend(group.hosts.iter().enumerate().map(|(lane, host)| (*host, (number, lane))));
    }
    let mut named: BTreeMap<Place, Several> = BTreeMap::new();
    let mut dots: BTreeMap<Mark, BTreeMap<(usize, u32), u32>> = BTreeMap::new();
    for (at, moment) in &tally.history.moments {
        for placed in marks::of(tally, moment) {
            let Some((group, _)) = lane_of.get(&placed.host) else { continue };
            let px = tally.axis.px(*at);
            if groups[*group].named {
                let step = if placed.hollow { 10 } else { 7 };
                let place =
                    Place { mark: placed.mark, hollow: placed.hollow, host: placed.host, step: px / step };
                let first =
                    || Several { px, number: 0, title: format!("{} · {}", seconds(*at), placed.title) };
                named.entry(place).or_insert_with(first).number += 1;
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
        write!(
            out,
            "<path class=\"dots around\" d=\"{path}\"/><path class=\"dots d-{}\" d=\"{path}\"/>",
            mark.id()
        )?;
    }
    for (Place { mark, hollow, host, .. }, Several { px, number, mut title }) in named {
        let (group, lane) = lane_of[&host];
        if number > 1 {
            write!(title, " (and {} more here)", count((number - 1) as u64))?;
        }
        marks::draw(out, f64::from(LEFT + px), groups[group].y(lane), mark, hollow, &title)?;
    }
    Ok(())
}
