//! How a crowd got on, as one picture that needs nothing else: how many were done, and how much they held, against the
//! bound that no protocol can beat.

use std::fmt::{self, Write as _};

use super::text::{Px, Text, count, plural};
use crate::swarm::figures::{Figure, RATIOS, median};
use crate::swarm::{Crowd, Outcome, TICKS};

/// The whole picture.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 590.0;
/// Where the curves are.
const LEFT: f64 = 76.0;
const RIGHT: f64 = 964.0;
const TOP: f64 = 196.0;
const BOTTOM: f64 = 510.0;

/// Time from left to right, in units of the fluid bound, up to this.
struct Scale(f64);

impl Scale {
    /// One on which everybody who was ever done is to be seen, and the bound.
    fn of(runs: &[Outcome]) -> Self {
        let last = runs.iter().filter_map(|run| run.curve.done.last().copied()).reduce(f64::max);
        let held = runs.iter().map(|run| run.curve.held.len()).max().unwrap_or(0);
        Self(last.unwrap_or_else(|| held as f64 / f64::from(TICKS)).max(1.05) * 1.06)
    }

    fn x(&self, at: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * (at / self.0).min(1.0)
    }

    /// Between two lines: ten of them or fewer, but not many fewer.
    fn step(&self) -> f64 {
        let steps = [0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0];
        steps.into_iter().find(|step| self.0 / step <= 13.0).unwrap_or(10.0)
    }
}

fn y(share: f64) -> f64 {
    BOTTOM - (BOTTOM - TOP) * share
}

/// The picture of runs of this crowd, with whatever seeds.
pub(super) fn draw(out: &mut String, crowd: &Crowd, runs: &[Outcome]) -> fmt::Result {
    let scale = Scale::of(runs);
    let what = format!("{} nodes, {} chunks", count(crowd.nodes as u64), count(u64::from(crowd.chunks)));
    let what = format!("{what}, {}", plural(runs.len(), "run", "runs"));
    write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">\n\
         <title>A crowd of {what}: {}</title>\n<style>{}</style>\n\
         <rect class=\"paper\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"10\"/>",
        Text(&crowd.profile.to_string()),
        include_str!("crowd.css"),
    )?;
    title(out, &crowd.profile.to_string(), &what)?;
    figures(out, runs)?;
    grid(out, &scale)?;
    for run in runs {
        curves(out, &scale, run, (1.6 / runs.len() as f64).clamp(0.2, 1.0))?;
    }
    bound(out, &scale)?;
    milestones(out, &scale, runs)?;
    legend(out)?;
    out.push_str("</svg>\n");
    Ok(())
}

fn title(out: &mut String, name: &str, what: &str) -> fmt::Result {
    write!(out, "<text class=\"brand\" x=\"36\" y=\"40\">samara-sim swarm</text>")?;
    write!(out, "<text class=\"name\" x=\"36\" y=\"74\">{}", Text(name))?;
    writeln!(out, "<tspan class=\"what\" dx=\"14\">{}</tspan></text>", Text(what))
}

/// What the runs came to: medians.
fn figures(out: &mut String, runs: &[Outcome]) -> fmt::Result {
    let stranded: usize = runs.iter().map(|run| run.stranded).sum();
    let bad: u64 = runs.iter().map(|run| run.bad_chunks).sum();
    let names = ["last / bound", "last / chunked", "p99 / p50", "mean / bound", "seeder copies"];
    let names = names.into_iter().chain(["duplicates", "control"]);
    let mut tiles: Vec<_> =
        names.zip(RATIOS).map(|(name, figure)| (name, shown(figure, runs), true)).collect();
    tiles.push(("stranded", count(stranded as u64), stranded == 0));
    if bad > 0 {
        tiles.push(("bad chunks", count(bad), true));
    }
    let each = (WIDTH - 72.0) / tiles.len() as f64;
    for (place, (name, value, well)) in tiles.iter().enumerate() {
        let x = Px(36.0 + each * place as f64);
        let class = if *well { "figure" } else { "figure wrong" };
        write!(out, "<path class=\"rule\" d=\"M{x} 98h{}\"/>", Px(each - 16.0))?;
        write!(out, "<text x=\"{x}\" y=\"118\">{name}</text>")?;
        write!(out, "<text class=\"{class}\" x=\"{x}\" y=\"144\">{value}</text>")?;
    }
    out.push('\n');
    Ok(())
}

/// A figure's median as a reader can use it.
fn shown((name, figure): Figure, runs: &[Outcome]) -> String {
    let value = median(runs.iter().map(figure).collect());
    match value.is_finite() {
        true if name.ends_with("_ratio") => format!("{:.2} %", value * 100.0),
        true => format!("{value:.3}"),
        false => "never".to_owned(),
    }
}

fn grid(out: &mut String, scale: &Scale) -> fmt::Result {
    for share in [0, 25, 50, 75, 100] {
        let at = Px(y(f64::from(share) / 100.0));
        write!(out, "<path class=\"grid\" d=\"M{LEFT} {at}H{RIGHT}\"/>")?;
        write!(out, "<text class=\"y\" x=\"{}\" y=\"{at}\" dy=\"4\">{share} %</text>", LEFT - 10.0)?;
    }
    let (step, mut line) = (scale.step(), 0_u32);
    while step * f64::from(line) <= scale.0 {
        let at = step * f64::from(line);
        let x = Px(scale.x(at));
        write!(out, "<path class=\"grid\" d=\"M{x} {TOP}V{}\"/>", BOTTOM + 5.0)?;
        // As many decimals as it takes to tell them apart.
        let text = format!("{at:.2}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        write!(out, "<text class=\"x\" x=\"{x}\" y=\"{}\">{text}</text>", BOTTOM + 20.0)?;
        line += 1;
    }
    out.push('\n');
    Ok(())
}

/// What one run adds to the picture: the more there are, the fainter each.
fn curves(out: &mut String, scale: &Scale, run: &Outcome, strength: f64) -> fmt::Result {
    let (mut done, mut held) = (format!("M{LEFT} {BOTTOM}"), format!("M{LEFT} {BOTTOM}"));
    let all = run.curve.nodes.max(1) as f64;
    for (place, at) in run.curve.done.iter().enumerate() {
        write!(done, "H{}V{}", Px(scale.x(*at)), Px(y((place + 1) as f64 / all)))?;
    }
    for (tick, share) in (0_u32..).zip(&run.curve.held) {
        let at = f64::from(tick) / f64::from(TICKS);
        if at > scale.0 {
            break;
        }
        write!(held, "L{} {}", Px(scale.x(at)), Px(y(*share)))?;
    }
    write!(out, "<path class=\"area\" opacity=\"{:.3}\" d=\"{done}H{RIGHT}V{BOTTOM}Z\"/>", 0.1 * strength)?;
    write!(out, "<path class=\"held\" opacity=\"{strength:.2}\" d=\"{held}H{RIGHT}\"/>")?;
    writeln!(out, "<path class=\"done\" opacity=\"{strength:.2}\" d=\"{done}H{RIGHT}\"/>")
}

fn bound(out: &mut String, scale: &Scale) -> fmt::Result {
    let x = Px(scale.x(1.0));
    write!(out, "<path class=\"bound\" d=\"M{x} {}V{BOTTOM}\"/>", TOP - 10.0)?;
    writeln!(
        out,
        "<text class=\"limit\" text-anchor=\"end\" x=\"{x}\" y=\"{}\">fluid bound</text>",
        TOP - 16.0
    )
}

/// When half of the nodes were done, and when all were: the medians of the runs.
fn milestones(out: &mut String, scale: &Scale, runs: &[Outcome]) -> fmt::Result {
    for (parts, says) in [(2, "half of them"), (1, "all of them")] {
        let share = 1.0 / parts as f64;
        let when = |run: &Outcome| {
            let number = run.curve.nodes.div_ceil(parts);
            run.curve.done.get(number.saturating_sub(1)).copied().unwrap_or(f64::INFINITY)
        };
        let at = median(runs.iter().map(when).collect());
        if !at.is_finite() {
            continue;
        }
        let (x, top) = (scale.x(at), y(share));
        write!(out, "<circle class=\"at\" cx=\"{}\" cy=\"{}\" r=\"4\"/>", Px(x), Px(top))?;
        let (anchor, dx, dy) = match parts {
            1 => ("middle", 0.0, -12.0),
            _ if x > RIGHT - 140.0 => ("end", -12.0, 4.0),
            _ => ("start", 12.0, 4.0),
        };
        let x = if parts == 1 { x.min(RIGHT - 50.0) } else { x };
        write!(
            out,
            "<text class=\"says\" text-anchor=\"{anchor}\" x=\"{}\" y=\"{}\">{says}: {at:.3}</text>",
            Px(x + dx),
            Px(top + dy)
        )?;
    }
    Ok(())
}

fn legend(out: &mut String) -> fmt::Result {
    let y = HEIGHT - 26.0;
    write!(out, "<path class=\"done\" d=\"M{LEFT} {}h24\"/>", y - 4.0)?;
    write!(out, "<text x=\"{}\" y=\"{y}\">nodes that are done</text>", LEFT + 32.0)?;
    write!(out, "<path class=\"held\" d=\"M{} {}h24\"/>", LEFT + 180.0, y - 4.0)?;
    write!(out, "<text x=\"{}\" y=\"{y}\">chunks that nodes hold, on average</text>", LEFT + 212.0)?;
    let says = "each node\u{2019}s time since it started, in units of the bound";
    writeln!(out, "<text text-anchor=\"end\" x=\"{RIGHT}\" y=\"{y}\">{says}</text>")
}
