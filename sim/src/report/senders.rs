//! How much each host gave, where there are too many to name.

use std::fmt::{self, Write as _};

use super::axis::{FULL, LEFT, WIDTH};
use super::tally::Tally;
use super::text::{Px, count};
use crate::history::Kind;

/// The class of a bar.
pub(super) const fn bar(kind: Kind) -> &'static str {
    match kind {
        Kind::Seeder => "b-seeder",
        Kind::Hostile => "b-hostile",
        Kind::Downloader | Kind::Tracker => "b-downloader",
    }
}

/// A bar for each sender, the largest first, and what shares of them sent.
pub(super) fn draw(out: &mut String, tally: &Tally<'_>) -> fmt::Result {
    let mut gave: Vec<(u64, Kind)> = (0..tally.hosts.len())
        .filter_map(|host| Some((tally.hosts[host].gave, tally.kind(host)?)))
        .filter(|(_, kind)| *kind != Kind::Tracker)
        .collect();
    gave.sort_unstable_by(|a, b| b.cmp(a));
    let most = gave.first().map_or(1, |(most, _)| (*most).max(1));
    let (top, bottom) = (14.0, 174.0);
    // A few seeders far above all would flatten the others: heights are roots, then.
    let half = gave.get(gave.len() / 2).map_or(0, |(half, _)| *half);
    let roots = half.saturating_mul(5) < most;
    let height =
        |chunks: u64| if roots { (chunks as f64 / most as f64).sqrt() } else { chunks as f64 / most as f64 };
    let y_of = |chunks: u64| bottom - (bottom - top) * height(chunks);
    let x_of = |number: usize| f64::from(LEFT) + f64::from(WIDTH) * number as f64 / gave.len() as f64;
    write!(
        out,
        "<h3>Chunks sent per host, the most first <span>{}</span></h3>",
        if roots { "heights are square roots" } else { "" }
    )?;
    write!(
        out,
        "<svg class=\"senders\" viewBox=\"0 0 {FULL} 214\" role=\"img\" aria-label=\"Chunks sent per host\">"
    )?;
    for part in [0, 1, 2, 3, 4] {
        let chunks = if roots { most * part * part / 16 } else { most * part / 4 };
        let y = Px(y_of(chunks));
        write!(
            out,
            "<path class=\"grid\" d=\"M{LEFT} {y}h{WIDTH}\"/><text class=\"tick\" x=\"{}\" y=\"{y}\" dy=\"3.5\">{}</text>",
            LEFT - 10,
            count(chunks)
        )?;
    }
    for kind in [Kind::Downloader, Kind::Seeder, Kind::Hostile] {
        let mut path = String::new();
        for (number, (chunks, _)) in gave.iter().enumerate().filter(|(_, (_, of))| *of == kind) {
            let (from, to) = (x_of(number), x_of(number + 1));
            write!(path, "M{} {}V{}H{}V{}Z", Px(from), Px(bottom), Px(y_of(*chunks)), Px(to), Px(bottom))?;
        }
        write!(out, "<path class=\"{}\" d=\"{path}\"/>", bar(kind))?;
    }
    for (share, says) in [(10, "10 %"), (50, "half"), (90, "90 %")] {
        let place = gave.len() * share / 100;
        let Some((chunks, _)) = gave.get(place) else { continue };
        let x = Px(x_of(place));
        write!(out, "<g class=\"quantile\"><path d=\"M{x} {}V{}\"/>", Px(top), Px(bottom + 4.0))?;
        write!(
            out,
            "<text x=\"{x}\" y=\"{}\">{says} sent more than {}</text></g>",
            Px(bottom + 17.0),
            count(*chunks)
        )?;
    }
    out.push_str("</svg><div class=\"legend\">");
    for (kind, says) in
        [(Kind::Seeder, "seeder"), (Kind::Downloader, "downloader"), (Kind::Hostile, "hostile")]
    {
        write!(
            out,
            "<span class=\"key\"><svg width=\"22\" height=\"12\"><rect class=\"{}\" width=\"22\" height=\"12\" rx=\"2\"/></svg> {says}</span>",
            bar(kind)
        )?;
    }
    write!(
        out,
        "</div><h3>Between groups of hosts <span>downloaders in the order in which they finished</span></h3>"
    )
}
