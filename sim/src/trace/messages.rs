//! Messages in a few words; hashes by their first eight digits.

use std::fmt;

use samara::wire::Message;
use samara::wire::message::{
    Entry, HaveSet, Holder, HolderAddr, Query, Rejection, Update, UpdateSet, Updated,
};

use super::Names;

impl Names {
    /// A message in a few words.
    pub fn message(&self, message: &Message) -> String {
        match message {
            Message::Hello(hello) => format!("Hello version {}", hello.version),
            Message::Cancel { target } => format!("Cancel #{target}"),
            Message::Refused(why) => format!("Refused: {why:?}"),
            Message::Update(update) => describe_update(update),
            Message::Updated(updated) => describe_updated(updated),
            Message::Publish(seed) => format!("Publish {seed:?}"),
            Message::Seed(seed) => format!("{seed:?}"),
            Message::Withdraw(keys) => format!("Withdraw [{}]", list(keys.iter().map(|key| key.seed_id))),
            Message::Query(query) => self.query(query),
            Message::Holders(holders) => {
                let named: Vec<_> = holders.holders.iter().map(|holder| self.holder(holder)).collect();
                let warming = if holders.warming { " (warming)" } else { "" };
                format!("Holders [{}]{warming}", named.join(", "))
            }
            Message::GetSeed { file_hash, seed_id: Some(id) } => format!("GetSeed {id:?} of {file_hash:?}"),
            Message::GetSeed { file_hash, seed_id: None } => format!("GetSeed of {file_hash:?}"),
            Message::Test(key) => format!("Test {:?} of {:?}", key.seed_id, key.file_hash),
            Message::Have(HaveSet::All) => "Have all".to_owned(),
            Message::Have(HaveSet::Some(bits)) => {
                format!("Have {} chunks", bits.iter().map(|byte| byte.count_ones()).sum::<u32>())
            }
            Message::Gone(why) => format!("Gone: {why}"),
            Message::Busy { retry_after } => format!("Busy: retry after {retry_after:?}"),
            Message::Fetch(fetch) => format!("Fetch any of {:?} (Test #{})", fetch.any_of, fetch.t),
            Message::Chunk { index, len } => format!("Chunk {index}: {len} B"),
            Message::Rejected(Rejection::Busy { retry_after }) => {
                format!("Rejected: busy, retry after {retry_after:?}")
            }
            Message::Rejected(Rejection::Gone(why)) => format!("Rejected: {why}"),
            Message::Rejected(Rejection::NotHeld) => "Rejected: not held".to_owned(),
            Message::Rejected(Rejection::Cancelled) => "Rejected: cancelled".to_owned(),
            Message::Gained(indices) => format!("Gained {indices:?}"),
            Message::List(page) => format!("List {} after {}", page.limit, page.after),
            Message::Listing(listing) => format!("Listing of {}", listing.summaries.len()),
            Message::Unsupported => "Unsupported".to_owned(),
            Message::Published => "Published".to_owned(),
            Message::Leave => "Leave".to_owned(),
            Message::Unknown => "Unknown".to_owned(),
        }
    }

    fn query(&self, query: &Query) -> String {
        let mut text = format!("Query {:?}", query.file_hash);
        if let Some(id) = query.seed_id {
            text += &format!(" as {id:?}");
        }
        if !query.stale.is_empty() {
            let stale: Vec<_> = query.stale.iter().map(|addr| self.holder_addr(*addr)).collect();
            text += &format!(" stale [{}]", stale.join(", "));
        }
        if !query.refuted.is_empty() {
            text += &format!(" refuted [{}]", list(query.refuted.iter()));
        }
        text
    }

    fn holder(&self, holder: &Holder) -> String {
        format!("{} {}", self.holder_addr(holder.addr), completeness(holder.complete))
    }

    fn holder_addr(&self, addr: HolderAddr) -> String {
        match addr {
            HolderAddr::SameHost(port) => format!("same host:{port}"),
            HolderAddr::At(addr) => self.of(addr),
        }
    }
}

fn describe_update(update: &Update) -> String {
    let more = if update.last { "" } else { ", more follows" };
    let entry = |entry: &Entry| format!("{:?} {}", entry.key.seed_id, completeness(entry.complete));
    let entries = |entries: &[Entry]| entries.iter().map(entry).collect::<Vec<_>>().join(", ");
    match &update.set {
        UpdateSet::All(all) => format!("Update: all [{}]{more}", entries(all)),
        UpdateSet::Delta { added, removed } => {
            let removed = list(removed.iter().map(|key| key.seed_id));
            format!("Update: added [{}] removed [{removed}]{more}", entries(added))
        }
        UpdateSet::Same => "Update: the same".to_owned(),
    }
}

fn describe_updated(updated: &Updated) -> String {
    let mut text = format!("Updated: ttl {:?}, interval {:?}", updated.ttl, updated.interval);
    if updated.resend {
        text += ", resend";
    }
    if !updated.want.is_empty() {
        text += &format!(", want [{}]", list(updated.want.iter()));
    }
    text
}

const fn completeness(complete: bool) -> &'static str {
    if complete { "complete" } else { "partial" }
}

fn list<T: fmt::Debug>(items: impl Iterator<Item = T>) -> String {
    items.map(|item| format!("{item:?}")).collect::<Vec<_>>().join(", ")
}
