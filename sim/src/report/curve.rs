//! How far the downloaders together were, and under it what the scenario and the hosts did at that time.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use samara::Time;

use super::axis::{FULL, LEFT, WIDTH};
use super::tally::{Sample, Tally};
use super::text::{Px, Text, count, seconds, short};
use crate::history::{Kind, Moment};

/// Where the curve's picture has 100 % and 0 %.
const TOP: f64 = 24.0;
const BOTTOM: f64 = 244.0;
/// The height of a rail, and how many different faults have one of their own.
const RAIL: f64 = 17.0;
const RAILS: usize = 12;

/// The curve and the rails.
pub(super) fn draw(out: &mut String, tally: &Tally<'_>) -> fmt::Result {
    let rails = rails(tally);
    let bottom = if rails.is_empty() { BOTTOM } else { BOTTOM + 12.0 + RAIL * rails.len() as f64 };
    let height = Px(bottom + tally.axis.foot());
    write!(
        out,
        "<svg class=\"time\" viewBox=\"0 0 {FULL} {height}\" role=\"img\" aria-label=\"Completion over time\">"
    )?;
    for share in [0, 25, 50, 75, 100] {
        let y = Px(of_share(f64::from(share) / 100.0));
        write!(out, "<path class=\"grid\" d=\"M{LEFT} {y}h{WIDTH}\"/>")?;
        write!(out, "<text class=\"tick\" x=\"{}\" y=\"{y}\" dy=\"3.5\">{share} %</text>", LEFT - 10)?;
    }
    tally.axis.draw(out, TOP, bottom)?;
    bands(out, tally)?;
    curves(out, tally)?;
    for (number, ((order, label), rail)) in rails.iter().enumerate() {
        rail.draw(out, tally, BOTTOM + 12.0 + RAIL * (number as f64 + 0.5), *order, label)?;
    }
    out.push_str("</svg>");
    Ok(())
}

fn of_share(share: f64) -> f64 {
    BOTTOM - (BOTTOM - TOP) * share
}

/// What lasting faults cover.
fn bands(out: &mut String, tally: &Tally<'_>) -> fmt::Result {
    let mut spans: Vec<(u32, u32)> = tally
        .history
        .moments
        .iter()
        .filter_map(|(at, moment)| {
            let Moment::Fault { until: Some(until), .. } = moment else { return None };
            Some((tally.axis.x(*at), tally.axis.x(*until)))
        })
        .collect();
    spans.sort_unstable();
    let mut path = String::new();
    let mut covered = 0;
    for (from, to) in spans {
        let from = from.max(covered);
        if to > from {
            write!(path, "M{from} {}H{to}V{}H{from}Z", Px(TOP), Px(BOTTOM))?;
            covered = to;
        }
    }
    if !path.is_empty() {
        write!(
            out,
            "<g class=\"bands\"><path class=\"lasts\" d=\"{path}\"><title>a fault lasts</title></path></g>"
        )?;
    }
    Ok(())
}

fn curves(out: &mut String, tally: &Tally<'_>) -> fmt::Result {
    let downloaders = tally.of_kind(Kind::Downloader) as u64;
    let all = downloaders * u64::from(tally.history.chunks);
    let done = line(tally, |sample| sample.done, downloaders)?;
    let held = line(tally, |sample| sample.held, all)?;
    write!(out, "<path class=\"area\" d=\"{done}V{}H{LEFT}Z\"/>", Px(BOTTOM))?;
    write!(out, "<path class=\"held\" d=\"{held}\"/><path class=\"complete\" d=\"{done}\"/>")?;
    let finishes = tally.finishes();
    let needed = |share: u64| (downloaders * share).div_ceil(100);
    let mut free = 0;
    for (share, says) in [(50, "half of them"), (90, "90 %"), (100, "all of them")] {
        let number = needed(share);
        let place = usize::try_from(number).unwrap_or(usize::MAX).checked_sub(1);
        let Some(at) = place.and_then(|place| finishes.get(place)) else { continue };
        if share < 100 && number == downloaders {
            continue;
        }
        let (x, y) = (tally.axis.x(*at), of_share(number as f64 / downloaders as f64));
        write!(out, "<circle class=\"milestone\" cx=\"{x}\" cy=\"{}\" r=\"3.5\"/>", Px(y))?;
        // Only where there is room for it: what isn't written here is in the figures.
        if x >= free || share == 100 {
            let (anchor, dx) = if x > LEFT + WIDTH - 130 { ("end", -9) } else { ("start", 9) };
            let dy = if share == 100 { -9.0 } else { 15.0 };
            let (at, y) = (seconds(*at), Px(y + dy));
            write!(
                out,
                "<text class=\"says\" text-anchor=\"{anchor}\" x=\"{x}\" dx=\"{dx}\" y=\"{y}\">{says}: {at}</text>"
            )?;
            free = x + 20;
        }
    }
    Ok(())
}

/// A line in steps: what is so stays so until it changes.
fn line(tally: &Tally<'_>, of: impl Fn(&Sample) -> u64, all: u64) -> Result<String, fmt::Error> {
    let mut path = format!("M{LEFT} {}", Px(BOTTOM));
    let mut before = 0;
    for sample in &tally.curve {
        let value = of(sample);
        if value != before {
            write!(path, "H{}V{}", LEFT + sample.px, Px(of_share(value as f64 / all.max(1) as f64)))?;
            before = value;
        }
    }
    write!(path, "H{}", LEFT + WIDTH)?;
    Ok(path)
}

/// One kind of event over time: how many came when, and how long they lasted.
#[derive(Default)]
struct Rail {
    came: BTreeMap<u32, u64>,
    lasted: Vec<(u32, u32)>,
    number: u64,
}

/// The rails in their order: faults first, in purple, then what hosts did.
fn rails(tally: &Tally<'_>) -> BTreeMap<(u8, String), Rail> {
    let mut rails: BTreeMap<(u8, String), Rail> = BTreeMap::new();
    for (at, moment) in &tally.history.moments {
        let (order, label, until) = match moment {
            Moment::Fault { kind, until, .. } => (0, (*kind).to_owned(), *until),
            Moment::Down { how, .. } => (1, (*how).to_owned(), None),
            Moment::Expired { .. } => (2, "expired".into(), None),
            Moment::Refuted { .. } => (3, "refuted lists".into(), None),
            Moment::Bad { .. } => (4, "bad chunks".into(), None),
            Moment::Stale { .. } => (5, "stale".into(), None),
            Moment::Banned { .. } => (6, "bans".into(), None),
            Moment::Failed { .. } => (7, "failures".into(), None),
            Moment::Up { .. } | Moment::Verified { .. } | Moment::Resumed { .. } | Moment::Done { .. } => {
                continue;
            }
        };
        let key = (order, label);
        let faults = if order < 2 { rails.range(..(2, String::new())).count() } else { 0 };
        let key = if faults >= RAILS && !rails.contains_key(&key) { (order, "other".into()) } else { key };
        rails.entry(key).or_default().take(tally, *at, until);
    }
    rails
}

impl Rail {
    fn take(&mut self, tally: &Tally<'_>, at: Time, until: Option<Time>) {
        self.number += 1;
        *self.came.entry(tally.axis.px(at) / 3 * 3).or_default() += 1;
        if let Some(until) = until {
            self.lasted.push((tally.axis.x(at), tally.axis.x(until)));
        }
    }

    fn draw(&self, out: &mut String, tally: &Tally<'_>, y: f64, order: u8, label: &str) -> fmt::Result {
        let class = match order {
            0 => "r-fault",
            1 => "r-down",
            2 | 3 => "r-note",
            5 => "r-stale",
            _ => "r-ban",
        };
        let (label, mid) = (short(label, 24), Px(y));
        write!(out, "<g class=\"rail {class}\"><path class=\"line\" d=\"M{LEFT} {mid}h{WIDTH}\"/>")?;
        write!(out, "<text x=\"{}\" y=\"{mid}\" dy=\"3.5\">{}</text>", LEFT - 10, Text(&label))?;
        write!(
            out,
            "<text class=\"sum\" x=\"{}\" y=\"{mid}\" dy=\"3.5\">{}</text>",
            LEFT + WIDTH + 10,
            count(self.number)
        )?;
        let mut path = String::new();
        for (from, to) in &self.lasted {
            write!(path, "M{from} {mid}H{to}")?;
        }
        if !path.is_empty() {
            write!(out, "<path class=\"span\" d=\"{path}\"/>")?;
        }
        let most = self.came.values().copied().max().unwrap_or(1) as f64;
        for (px, number) in &self.came {
            // The busiest moment is the tallest tick; a single event stays visible beside it.
            let tall = 5.0 + 7.0 * (*number as f64 / most).sqrt();
            let (x, y, at) = (LEFT + px, Px(y - tall / 2.0), seconds(tally.axis.at(*px)));
            write!(
                out,
                "<path class=\"came\" d=\"M{x} {y}v{}\"><title>{at} · {} {}</title></path>",
                Px(tall),
                count(*number),
                Text(&label)
            )?;
        }
        out.push_str("</g>");
        Ok(())
    }
}
