//! The marks on lanes, told apart by shape as well as by colour, and what they mean.

use std::fmt::{self, Write as _};

use super::tally::{LEVELS, Tally};
use super::text::{Px, Text};
use crate::history::Moment;

/// A kind of mark.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    Start,
    Done,
    Down,
    Fault,
    Expired,
    Refuted,
    Bad,
    Stale,
    Ban,
    Failed,
}

/// A mark on a host's lane.
pub(super) struct Placed {
    pub(super) host: usize,
    pub(super) mark: Mark,
    /// It stands at whom the moment was about, not at who noticed.
    pub(super) hollow: bool,
    pub(super) title: String,
}

impl Mark {
    /// All of them, as the legend has them.
    pub(super) const ALL: [Self; 10] = [
        Self::Start,
        Self::Done,
        Self::Failed,
        Self::Down,
        Self::Ban,
        Self::Stale,
        Self::Bad,
        Self::Refuted,
        Self::Expired,
        Self::Fault,
    ];

    /// Its name in ids and classes.
    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Done => "done",
            Self::Down => "down",
            Self::Fault => "fault",
            Self::Expired => "expired",
            Self::Refuted => "refuted",
            Self::Bad => "bad",
            Self::Stale => "stale",
            Self::Ban => "ban",
            Self::Failed => "failed",
        }
    }

    /// What it means.
    const fn says(self) -> &'static str {
        match self {
            Self::Start => "started",
            Self::Done => "has the file",
            Self::Down => "crashed or stopped",
            Self::Fault => "fault",
            Self::Expired => "forgotten by a tracker",
            Self::Refuted => "refuted a hash list",
            Self::Bad => "bad chunk",
            Self::Stale => "stale",
            Self::Ban => "ban",
            Self::Failed => "failed",
        }
    }

    /// Its shape around the origin, for `<path>`.
    const fn shape(self) -> &'static str {
        match self {
            Self::Start => "M-2.5-3.5L3.5 0L-2.5 3.5Z",
            Self::Done => "M-3.2 0a3.2 3.2 0 1 1 6.4 0a3.2 3.2 0 1 1-6.4 0Z",
            Self::Down => "M-3-3L3 3M3-3L-3 3",
            Self::Fault => "M0-5V5",
            Self::Expired => "M-3 0a3 3 0 1 1 6 0a3 3 0 1 1-6 0Z",
            Self::Refuted => "M-4-3H4L0 4Z",
            Self::Bad => "M-2 0a2 2 0 1 1 4 0a2 2 0 1 1-4 0Z",
            Self::Stale => "M-3-3H3V3H-3Z",
            Self::Ban => "M0-4.6L4.6 0L0 4.6L-4.6 0Z",
            Self::Failed => "M-4.5-4.5H4.5V4.5H-4.5Z",
        }
    }
}

/// The shapes, once, for all pictures to use.
pub(super) fn shapes(out: &mut String) -> fmt::Result {
    out.push_str("<svg class=\"shapes\" width=\"0\" height=\"0\" aria-hidden=\"true\"><defs>");
    for mark in Mark::ALL {
        let (id, shape) = (mark.id(), mark.shape());
        write!(
            out,
            "<g id=\"m-{id}\"><path class=\"halo\" d=\"{shape}\"/><path class=\"m-{id}\" d=\"{shape}\"/></g>"
        )?;
        write!(
            out,
            "<g id=\"o-{id}\"><path class=\"halo\" d=\"{shape}\"/><path class=\"m-{id} o\" d=\"{shape}\"/></g>"
        )?;
    }
    out.push_str(concat!(
        "<pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">",
        "<path class=\"hatch\" d=\"M0 3H6\"/></pattern></defs></svg>"
    ));
    Ok(())
}

/// One mark with what it says when pointed at.
pub(super) fn draw(out: &mut String, x: f64, y: f64, mark: Mark, hollow: bool, title: &str) -> fmt::Result {
    let style = if hollow { 'o' } else { 'm' };
    let (x, y, id) = (Px(x), Px(y), mark.id());
    write!(out, "<use href=\"#{style}-{id}\" x=\"{x}\" y=\"{y}\"><title>{}</title></use>", Text(title))
}

/// What the shades and marks mean.
pub(super) fn legend(out: &mut String, crowd: bool) -> fmt::Result {
    out.push_str("<div class=\"legend\"><span class=\"key\">holds nothing <svg class=\"ramp\" width=\"170\" height=\"12\">");
    for level in 0..=LEVELS {
        write!(out, "<path class=\"l{level}\" d=\"M{} 6h10\" stroke-width=\"12\"/>", u32::from(level) * 10)?;
    }
    out.push_str("</svg> the whole file</span>");
    let box_of = |class: &str| {
        format!(
            "<svg width=\"22\" height=\"12\"><rect class=\"{class}\" width=\"22\" height=\"12\" rx=\"2\"/></svg>"
        )
    };
    write!(out, "<span class=\"key\">{} tracker up</span>", box_of("k-tracker"))?;
    write!(out, "<span class=\"key\">{} hostile up</span>", box_of("k-hostile"))?;
    write!(out, "<span class=\"key\">{} fault lasts</span>", box_of("lasts"))?;
    for mark in Mark::ALL {
        let (id, says) = (mark.id(), mark.says());
        write!(
            out,
            "<span class=\"key\"><svg width=\"12\" height=\"12\"><use href=\"#m-{id}\" x=\"6\" y=\"6\"/></svg> {says}</span>"
        )?;
    }
    out.push_str(concat!(
        "<span class=\"key\"><svg width=\"28\" height=\"12\"><use href=\"#m-ban\" x=\"6\" y=\"6\"/><use href=\"#o-ban\" x=\"21\" y=\"6\"/></svg>",
        " full: who noticed; hollow: whom it was about</span>"
    ));
    if crowd {
        out.push_str(
            "<span class=\"key\">lanes without names: only crashes and failures are marked, as dots</span>",
        );
    }
    out.push_str("</div>");
    Ok(())
}

/// The marks that `moment` leaves.
pub(super) fn of(tally: &Tally<'_>, moment: &Moment) -> Vec<Placed> {
    let name = |host: usize| tally.name(host);
    let full = |host, mark, title: String| Placed { host, mark, hollow: false, title };
    let both = |host, whom, mark, title: String| {
        let hollow = Placed { host: whom, mark, hollow: true, title: title.clone() };
        vec![Placed { host, mark, hollow: false, title }, hollow]
    };
    match moment {
        Moment::Up { host } => vec![full(*host, Mark::Start, format!("{} started", name(*host)))],
        Moment::Down { host, how } => vec![full(*host, Mark::Down, format!("{} {how}", name(*host)))],
        Moment::Verified { .. } | Moment::Resumed { .. } => Vec::new(),
        Moment::Bad { host, from } => {
            both(*host, *from, Mark::Bad, format!("{} got a bad chunk from {}", name(*host), name(*from)))
        }
        Moment::Banned { host, whom, why } => {
            both(*host, *whom, Mark::Ban, format!("{} banned {}: {why}", name(*host), name(*whom)))
        }
        Moment::Stale { host, whom, why } => {
            both(*host, *whom, Mark::Stale, format!("{} found {} stale: {why}", name(*host), name(*whom)))
        }
        Moment::Refuted { host } => {
            vec![full(*host, Mark::Refuted, format!("{} refuted a hash list", name(*host)))]
        }
        Moment::Expired { tracker, host } => {
            both(*tracker, *host, Mark::Expired, format!("{} forgot {}", name(*tracker), name(*host)))
        }
        Moment::Done { host } => vec![full(*host, Mark::Done, format!("{} has the whole file", name(*host)))],
        Moment::Failed { host, why } => {
            vec![full(*host, Mark::Failed, format!("{} failed: {why}", name(*host)))]
        }
        Moment::Fault { kind, hosts, .. } => {
            hosts.iter().map(|host| full(*host, Mark::Fault, format!("{kind}: {}", name(*host)))).collect()
        }
    }
}
