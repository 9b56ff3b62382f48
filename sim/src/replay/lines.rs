//! The lines of a recording, each bounded.

use std::io::{BufRead, Read as _};

use samara::record::{Entry, Head, MAX_LINE, Start, VERSION};

use super::{Error, Unusable};

/// Reads a recording line by line.
pub(super) struct Lines<R> {
    from: R,
    line: Vec<u8>,
    number: u64,
    torn: usize,
}

impl<R: BufRead> Lines<R> {
    pub(super) const fn new(from: R) -> Self {
        Self { from, line: Vec::new(), number: 0, torn: 0 }
    }

    /// The number of the line that was read last, from 1.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// Bytes of a last line without an end: the program was killed while it wrote it.
    pub(super) const fn torn(&self) -> usize {
        self.torn
    }

    /// The first line.
    pub(super) fn start(&mut self) -> Result<Start, Error> {
        if !self.advance()? {
            return Err(self.unusable(Unusable::NoRecording));
        }
        match serde_json::from_slice(&self.line) {
            Err(_) => Err(self.unusable(Unusable::NoRecording)),
            Ok(Head { samara_recording: VERSION }) => {
                serde_json::from_slice(&self.line).map_err(|error| self.malformed(error))
            }
            Ok(Head { samara_recording }) => Err(self.unusable(Unusable::Version(samara_recording))),
        }
    }

    /// The next event; none at the end.
    pub(super) fn entry(&mut self) -> Result<Option<Entry>, Error> {
        if !self.advance()? {
            return Ok(None);
        }
        serde_json::from_slice(&self.line).map(Some).map_err(|error| self.malformed(error))
    }

    /// Reads a line, without its end; false if there are no more.
    fn advance(&mut self) -> Result<bool, Error> {
        self.line.clear();
        let most = MAX_LINE as u64 + 1;
        self.from.by_ref().take(most).read_until(b'\n', &mut self.line).map_err(Error::Read)?;
        if self.line.is_empty() {
            return Ok(false);
        }
        self.number += 1;
        if self.line.pop_if(|last| *last == b'\n').is_some() {
            return Ok(true);
        }
        if self.line.len() > MAX_LINE {
            return Err(self.unusable(Unusable::TooLong));
        }
        self.torn = self.line.len();
        Ok(false)
    }

    const fn malformed(&self, error: serde_json::Error) -> Error {
        self.unusable(Unusable::Malformed(error))
    }

    const fn unusable(&self, why: Unusable) -> Error {
        Error::Unusable(self.number, why)
    }
}
