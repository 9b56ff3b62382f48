//! Questions to trackers and nodes, each with a time limit.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use samara::wire::Message;
use samara_tokio::Tokio;
use samara_tokio::client::Client;
use tokio::time::timeout;

use crate::args::HostPort;
use crate::exit::{Blame, Code, Failure};
use crate::{net, text};

/// How long a connection, and an answer, may take.
const TIME: Duration = Duration::from_secs(5);

/// Somebody to ask.
pub(crate) struct Line {
    client: Client,
    /// Where it was reached.
    pub(crate) addr: SocketAddr,
}

impl Line {
    /// Connects to an address.
    pub(crate) async fn to(addr: SocketAddr) -> io::Result<Self> {
        let client = timeout(TIME, Client::connect(Tokio, addr)).await??;
        Ok(Self { client, addr })
    }

    /// Connects to the first address of a name that answers.
    pub(crate) async fn to_name(name: &str) -> io::Result<Self> {
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for addr in net::lookup(name).await? {
            match Self::to(addr).await {
                Ok(line) => return Ok(line),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Asks one question. A refusal is an error of the kind `PermissionDenied`.
    pub(crate) async fn ask(&mut self, question: &Message) -> io::Result<Message> {
        let answer = timeout(TIME, self.client.ask(question)).await??;
        if let Message::Refused(why) = answer {
            let refused = format!("refused: {why:?}");
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, refused));
        }
        Ok(answer)
    }
}

/// An answer that fits no question.
pub(crate) fn unexpected() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "an answer that does not fit the question")
}

/// Which trackers answered, and what became of the others.
#[derive(Debug, Default)]
pub(crate) struct Fates {
    answered: usize,
    failed: Vec<(String, io::Error)>,
}

impl Fates {
    /// One tracker's fate.
    pub(crate) fn take(&mut self, tracker: &HostPort, fate: io::Result<()>) {
        match fate {
            Ok(()) => self.answered += 1,
            Err(error) => self.failed.push((tracker.to_string(), error)),
        }
    }

    /// Fails if nobody answered; warns of those that did not.
    pub(crate) fn judge(self) -> Result<(), Failure> {
        if self.answered == 0 {
            return Err(nobody(&self.failed));
        }
        for (tracker, error) in &self.failed {
            tracing::warn!("tracker {tracker}: {}", text::os(error));
        }
        Ok(())
    }
}

fn nobody(failed: &[(String, io::Error)]) -> Failure {
    let denied = failed.iter().any(|(_, error)| error.kind() == io::ErrorKind::PermissionDenied);
    let failure = if denied {
        Failure::new(Code::Denied, "the tracker refused").next("the same command later, or another --tracker")
    } else {
        Failure::new(Code::NoTracker, "no tracker could be reached")
            .next("--tracker HOST:PORT; 'samara tracker' starts one")
    };
    failure.trackers(failed.iter().map(|(tracker, error)| Blame::new(tracker, text::os(error))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_answer_is_enough_and_none_is_code_6_or_7() {
        let tracker: HostPort = "t:1".parse().unwrap();
        let error = |kind| Err(io::Error::from(kind));
        let mut fates = Fates::default();
        fates.take(&tracker, error(io::ErrorKind::ConnectionRefused));
        fates.take(&tracker, Ok(()));
        assert!(fates.judge().is_ok());
        for (kind, code) in [
            (io::ErrorKind::ConnectionRefused, Code::NoTracker),
            (io::ErrorKind::PermissionDenied, Code::Denied),
        ] {
            let mut fates = Fates::default();
            fates.take(&tracker, error(kind));
            let failure = fates.judge().unwrap_err();
            assert_eq!((failure.code, failure.trackers.len()), (code, 1));
        }
    }
}
