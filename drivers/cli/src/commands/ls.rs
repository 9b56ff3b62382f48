//! `samara ls`: what trackers know.

use std::collections::BTreeSet;
use std::io;

use samara::wire::Message;
use samara::wire::message::{List, SeedKey, Summary};
use samara::{FileHash, SeedId};
use serde::Serialize;

use crate::args::{Global, HostPort, LsArgs};
use crate::ask::{Fates, Line, unexpected};
use crate::exit::{Code, Outcome};
use crate::output::Out;
use crate::text;

/// Seeds asked for at once.
const PAGE: u16 = 512;
/// Pages of one tracker: twice what a full one has. A tracker that has more is making them up.
const PAGES: usize = 16_384;

/// One seed as JSON.
#[derive(Serialize)]
struct Listed<'a> {
    file_hash: FileHash,
    name: Option<&'a str>,
    length: Option<u64>,
    complete: u32,
    partial: u32,
    seed_id: SeedId,
}

/// Runs the command.
pub(crate) async fn run(global: &Global, args: &LsArgs) -> Outcome {
    let (mut listing, mut fates) =
        (Listing { out: Out::new(global.json), seen: BTreeSet::new() }, Fates::default());
    for tracker in &args.trackers {
        fates.take(tracker, listing.ask(tracker).await);
    }
    fates.judge()?;
    Ok(Code::Ok)
}

/// What is printed so far.
struct Listing {
    out: Out,
    seen: BTreeSet<SeedKey>,
}

impl Listing {
    /// Prints the seeds of one tracker that no earlier one had.
    async fn ask(&mut self, tracker: &HostPort) -> io::Result<()> {
        let mut line = Line::to_name(tracker.as_str()).await?;
        let mut after = 0;
        for _ in 0..PAGES {
            let Message::Listing(page) = line.ask(&Message::List(List { after, limit: PAGE })).await? else {
                return Err(unexpected());
            };
            page.summaries.iter().for_each(|summary| self.print(summary));
            match page.next {
                Some(next) => after = next,
                None => return Ok(()),
            }
        }
        Err(io::Error::other("the list does not end"))
    }

    fn print(&mut self, summary: &Summary) {
        let Summary { key, about, complete, partial } = summary;
        if self.seen.is_empty() {
            let head =
                format!("{:<64}  {:>10}  {:>8}  {:>7}  NAME", "SHA-256", "LENGTH", "COMPLETE", "PARTIAL");
            self.out.line(&head);
        }
        if !self.seen.insert(*key) {
            return;
        }
        let SeedKey { file_hash, seed_id } = *key;
        let (complete, partial) = (*complete, *partial);
        let name = about.as_ref().map(|(name, _)| name.as_str());
        let length = about.as_ref().map(|(_, length)| *length);
        self.out.object(&Listed { file_hash, name, length, complete, partial, seed_id });
        let size = length.map_or_else(|| "?".to_owned(), text::size);
        let name = text::escape(name.unwrap_or("?"));
        self.out.line(&format!("{file_hash}  {size:>10}  {complete:>8}  {partial:>7}  {name}"));
    }
}
