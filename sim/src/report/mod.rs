//! A run as one page that needs nothing else: no network, no fonts, no scripts to be readable.
//!
//! [`html`] makes the same text of the same [`History`], so that two reports can be compared; [`crowd`](fn@crowd) makes a picture
//! of runs that are only measured.

mod axis;
mod crowd;
mod curve;
mod events;
mod lanes;
mod marks;
mod moments;
mod senders;
mod style;
mod tally;
mod text;
mod title;
mod traffic;

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use crate::history::History;
use crate::swarm::{Crowd, Outcome};
use tally::Tally;
use text::Text;

/// What there is to say of a run besides its history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// The scenario's name.
    pub scenario: String,
    /// The number that all of the run follows from.
    pub seed: u64,
    /// What went wrong; none if all was well.
    pub failure: Option<String>,
    /// The command that runs the same once more.
    pub replay: String,
    /// What tells this run from others with the same name.
    pub trace_hash: String,
    /// How many events the world went through.
    pub events: u64,
    /// How often each fault fired.
    pub faults: BTreeMap<&'static str, u64>,
    /// The faults that the scenario planned and that never fired.
    pub unfired: Vec<String>,
}

/// The page.
pub fn html(history: &History, header: &Header) -> String {
    let mut out = String::new();
    page(&mut out, history, header).expect("strings can be written to");
    out
}

/// Runs of a crowd as one picture, an SVG file: how many nodes were done, and how much they held, over time.
pub fn crowd(crowd: &Crowd, runs: &[Outcome]) -> String {
    let mut out = String::new();
    crowd::draw(&mut out, crowd, runs).expect("strings can be written to");
    out
}

fn page(out: &mut String, history: &History, header: &Header) -> fmt::Result {
    let tally = Tally::of(history);
    out.push_str("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>");
    out.push_str("<meta name=\"color-scheme\" content=\"light dark\"/>");
    writeln!(out, "<title>{} · seed {} · samara-sim</title>", Text(&header.scenario), header.seed)?;
    style::write(out)?;
    writeln!(out, "</head>\n<body data-end=\"{}\" data-foot=\"{}\">", tally.axis.end, tally.axis.foot())?;
    marks::shapes(out)?;
    out.push_str("<main>");
    title::draw(out, &tally, header)?;
    section(out, "Completion", "How far the downloaders were, and what happened meanwhile.")?;
    out.push_str(concat!(
        "<div class=\"legend\"><span class=\"key\"><svg width=\"22\" height=\"12\"><path class=\"complete\" d=\"M0 6h22\"/></svg>",
        " downloaders with the whole file</span><span class=\"key\"><svg width=\"22\" height=\"12\">",
        "<path class=\"held\" d=\"M0 6h22\"/></svg> chunks that downloaders hold, of all they want</span>",
        "<span class=\"key\"><svg width=\"22\" height=\"12\"><rect class=\"lasts\" width=\"22\" height=\"12\" rx=\"2\"/></svg>",
        " a fault lasts</span></div>"
    ));
    curve::draw(out, &tally)?;
    section(
        out,
        "Chunks per host",
        "A lane per host: the stronger the colour, the more of the file it holds.",
    )?;
    marks::legend(out, lanes::crowd(&tally))?;
    lanes::draw(out, &tally)?;
    section(out, "Who sent to whom", "Chunks that were sent and verified.")?;
    traffic::draw(out, &tally)?;
    section(out, "Moments", "Times in simulated seconds. Like moments share a line.")?;
    moments::draw(out, &tally)?;
    out.push_str("</section></main>");
    style::script(out)?;
    out.push_str("</body></html>\n");
    Ok(())
}

/// Ends a section and begins the next.
fn section(out: &mut String, title: &str, says: &str) -> fmt::Result {
    write!(out, "</section>\n<section><h2>{title}</h2><p class=\"says\">{says}</p>")
}
