//! The top of the page: which run this is, how it ended, and its figures.

use std::fmt::{self, Write as _};

use super::Header;
use super::tally::Tally;
use super::text::{Text, count, percent, plural, seconds};
use crate::history::{Kind, Moment};

/// All that stands before the first picture. Leaves its section open.
pub(super) fn draw(out: &mut String, tally: &Tally<'_>, header: &Header) -> fmt::Result {
    let verdict = match header.failure {
        None => "<span class=\"verdict ok\">✓ all is well</span>",
        Some(_) => "<span class=\"verdict bad\">✗ failed</span>",
    };
    write!(out, "<section class=\"title\"><p class=\"brand\">samara-sim</p><h1>{} ", Text(&header.scenario))?;
    write!(out, "<span class=\"seed\">seed {}</span> {verdict}</h1>", header.seed)?;
    if let Some(failure) = &header.failure {
        write!(out, "<p class=\"failure\">{}</p>", Text(failure))?;
    }
    write!(out, "<p class=\"replay\"><span>replay</span><code>{}</code></p>", Text(&header.replay))?;
    out.push_str("<dl class=\"figures\">");
    figures(out, tally, header)?;
    out.push_str("</dl>");
    chips(out, header)
}

fn figures(out: &mut String, tally: &Tally<'_>, header: &Header) -> fmt::Result {
    let downloaders = tally.of_kind(Kind::Downloader);
    let finishes = tally.finishes();
    let mut figure = |name: &str, value: &str, says: &str| {
        write!(
            out,
            "<div><dt>{name}</dt><dd>{}</dd><dd class=\"says\">{}</dd></div>",
            Text(value),
            Text(says)
        )
    };
    let done = format!("{} of {}", count(finishes.len() as u64), count(downloaders as u64));
    let share = percent(finishes.len() as u64, downloaders as u64);
    figure("complete", &done, &format!("{share} % of the downloaders"))?;
    let (half, last) = (finishes.get(downloaders.div_ceil(2).saturating_sub(1)), finishes.last());
    let time = |at: Option<&samara::Time>| at.map_or_else(|| "–".into(), |at| seconds(*at));
    let every = finishes.len() == downloaders && downloaders > 0;
    figure(
        if every { "all complete at" } else { "last complete at" },
        &time(last),
        &format!("half of them at {}", time(half)),
    )?;
    figure("simulated time", &seconds(tally.history.end), &format!("{} events", count(header.events)))?;
    let kinds = [(Kind::Tracker, "trackers"), (Kind::Seeder, "seeders"), (Kind::Hostile, "hostile")];
    let says =
        kinds.map(|(kind, name)| (tally.of_kind(kind), name)).map(|(number, name)| match (number, name) {
            (1, "trackers") => "1 tracker".into(),
            (1, "seeders") => "1 seeder".into(),
            _ => format!("{} {name}", count(number as u64)),
        });
    figure("hosts", &count(tally.hosts.len() as u64), &says.join(", "))?;
    figure(
        "chunks of the file",
        &count(tally.history.chunks),
        &format!("{} sent", count(tally.sent.values().sum::<u64>())),
    )?;
    let bans = tally.moments(|moment| matches!(moment, Moment::Banned { .. }));
    let bad = tally.moments(|moment| matches!(moment, Moment::Bad { .. }));
    figure("bans", &count(bans as u64), &plural(bad, "bad chunk", "bad chunks"))?;
    let stale = tally.moments(|moment| matches!(moment, Moment::Stale { .. }));
    let refuted = tally.moments(|moment| matches!(moment, Moment::Refuted { .. }));
    figure("found stale", &count(stale as u64), &plural(refuted, "refuted hash list", "refuted hash lists"))?;
    let short: String = header.trace_hash.chars().take(10).collect();
    write!(
        out,
        "<div><dt>trace</dt><dd class=\"mono\" title=\"{}\">{}</dd>",
        Text(&header.trace_hash),
        Text(&short)
    )?;
    out.push_str("<dd class=\"says\">the same for the same seed</dd></div>");
    Ok(())
}

/// The faults that fired, and those that didn't.
fn chips(out: &mut String, header: &Header) -> fmt::Result {
    if header.faults.is_empty() && header.unfired.is_empty() {
        return Ok(());
    }
    out.push_str("<p class=\"chips\"><span class=\"name\">faults</span>");
    for (fault, number) in &header.faults {
        write!(out, " <span class=\"chip\">{} <b>{}</b></span>", Text(fault), count(*number))?;
    }
    for fault in &header.unfired {
        write!(out, " <span class=\"chip unfired\">{} <b>never fired</b></span>", Text(fault))?;
    }
    out.push_str("</p>");
    Ok(())
}
