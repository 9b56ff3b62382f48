//! Drawn messages: of every kind, within the bounds that hold for whatever was decoded.

use samara::wire::message::{
    Digest, Fetch, Gone, HaveSet, Hello, Holder, Holders, List, Listing, Message, Query, Refusal, Rejection,
    SeedCount, Summary, Update, UpdateSet, Updated, VERSION,
};

use super::draw::Draw;

impl Draw<'_> {
    /// Any message.
    pub(super) fn message(&mut self) -> Message {
        match self.below(25) {
            0 => Message::Hello(self.hello()),
            1 => Message::Cancel { target: self.any() },
            2 => Message::Refused(self.refusal()),
            3 => Message::Unsupported,
            4 => Message::Update(self.update()),
            5 => Message::Updated(self.updated()),
            6 => Message::Publish(self.seed()),
            7 => Message::Published,
            8 => Message::Withdraw(self.list(4, Self::key)),
            9 => Message::Leave,
            10 => Message::Query(self.query()),
            11 => Message::Holders(self.holders()),
            12 => Message::List(List { after: self.any(), limit: self.any() }),
            13 => Message::Listing(self.listing()),
            14 => {
                let key = self.key();
                Message::GetSeed { file_hash: key.file_hash, seed_id: self.perhaps(|_| key.seed_id) }
            }
            15 => Message::Seed(self.seed()),
            16 => Message::Unknown,
            17 => Message::Test(self.key()),
            18 => Message::Have(self.have_set()),
            19 => Message::Gone(self.gone()),
            20 => Message::Busy { retry_after: self.millis() },
            21 => Message::Fetch(self.fetch()),
            22 => Message::Chunk { index: self.index(), len: self.chunk_len() },
            23 => Message::Rejected(self.rejection()),
            _ => Message::Gained(self.list(5, Self::index)),
        }
    }

    /// Most often this version's.
    pub(super) fn hello(&mut self) -> Hello {
        let version = if self.one_in(8) { self.any() } else { VERSION };
        Hello { version, features: self.any::<u8>().into(), node: self.any::<u8>().into() }
    }

    pub(super) fn gone(&mut self) -> Gone {
        self.of(&[Gone::Never, Gone::Withdrawn, Gone::Changed])
    }

    pub(super) fn refusal(&mut self) -> Refusal {
        use Refusal::{Denied, Invalid, PortInUse, Quota, Version};
        self.of(&[Version, PortInUse, Quota, Denied, Invalid])
    }

    pub(super) fn have_set(&mut self) -> HaveSet {
        let bits = self.below(5);
        if self.any() { HaveSet::All } else { HaveSet::Some(self.bytes(bits).to_vec()) }
    }

    /// At least one candidate and no two equal, as the decoder sees to.
    pub(super) fn fetch(&mut self) -> Fetch {
        let mut any_of = self.list(7, Self::index);
        any_of.push(self.index());
        any_of.sort_unstable();
        any_of.dedup();
        Fetch { t: self.any::<u8>().into(), any_of }
    }

    pub(super) fn rejection(&mut self) -> Rejection {
        match self.below(4) {
            0 => Rejection::NotHeld,
            1 => Rejection::Busy { retry_after: self.millis() },
            2 => Rejection::Cancelled,
            _ => Rejection::Gone(self.gone()),
        }
    }

    fn chunk_len(&mut self) -> u32 {
        if self.one_in(4) { self.any::<u32>() % (16 << 20) + 1 } else { 64 }
    }

    fn update(&mut self) -> Update {
        Update {
            port: self.any(),
            advertise: self.perhaps(Self::addr),
            generation: self.any(),
            page: self.any::<u8>().into(),
            last: self.any(),
            base: Digest([self.any(); 32]),
            set: self.update_set(),
        }
    }

    /// The change of an announcement.
    pub(super) fn update_set(&mut self) -> UpdateSet {
        match self.below(3) {
            0 => UpdateSet::All(self.list(4, Self::entry)),
            1 => UpdateSet::Delta { added: self.list(3, Self::entry), removed: self.list(3, Self::key) },
            _ => UpdateSet::Same,
        }
    }

    fn updated(&mut self) -> Updated {
        Updated {
            epoch: self.any::<u8>().into(),
            warming: self.any(),
            ttl: self.millis(),
            interval: self.millis(),
            digest: Digest([self.any(); 32]),
            resend: self.any(),
            want: self.list(4, |draw| draw.key().seed_id),
        }
    }

    /// A question for holders.
    pub(super) fn query(&mut self) -> Query {
        let key = self.key();
        Query {
            file_hash: key.file_hash,
            seed_id: self.perhaps(|_| key.seed_id),
            stale: self.list(3, Self::holder_addr),
            refuted: self.list(2, |draw| draw.key().seed_id),
        }
    }

    /// An answer to that.
    pub(super) fn holders(&mut self) -> Holders {
        Holders {
            seeds: self.list(3, Self::seed_count),
            holders: self.list(6, Self::holder),
            warming: self.any(),
        }
    }

    pub(super) fn seed_count(&mut self) -> SeedCount {
        SeedCount { seed_id: self.key().seed_id, complete: self.any(), partial: self.any() }
    }

    pub(super) fn holder(&mut self) -> Holder {
        Holder { addr: self.holder_addr(), seed_id: self.key().seed_id, complete: self.any() }
    }

    fn listing(&mut self) -> Listing {
        let summary = |draw: &mut Self| Summary {
            key: draw.key(),
            about: draw.perhaps(|draw| (draw.name(), draw.any())),
            complete: draw.any(),
            partial: draw.any(),
        };
        Listing { summaries: self.list(4, summary), next: self.perhaps(Self::any) }
    }
}
