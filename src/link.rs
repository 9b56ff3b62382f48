//! The `samara:` link: what to type, paste or click to get a file. (PROTOCOL.md, "The samara: link")

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write as _};
use core::net::Ipv6Addr;
use core::str::FromStr;

use crate::hash::{FileHash, SeedId};
use crate::name::{NameError, SafeName};
use crate::wire::limits;

/// Longest link, in bytes.
pub const MAX_LINK: usize = 8 << 10;
/// Most trackers in one link.
pub const MAX_TRACKERS: usize = 16;

/// `samara:HEX?tr=HOST:PORT&tr=…&id=HEX&n=NAME&l=LENGTH`: a file's SHA-256, and where and how to get it.
///
/// Only the hash has to be there. Values are percent-encoded (RFC 3986); parameters that aren't known are ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareLink {
    /// The file.
    pub file_hash: FileHash,
    /// Trackers to ask, each `HOST:PORT` (an IPv6 address in brackets); at most [`MAX_TRACKERS`].
    pub trackers: Vec<String>,
    /// The only list of chunk hashes to believe: with it the download is pinned.
    pub seed_id: Option<SeedId>,
    /// What to call the file.
    pub name: Option<SafeName>,
    /// Its length in bytes, at most 1 TiB.
    pub length: Option<u64>,
}

impl fmt::Display for ShareLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut mark = ['?'].into_iter().chain(core::iter::repeat('&'));
        let mut key = |f: &mut fmt::Formatter<'_>, key| write!(f, "{}{key}=", mark.next().unwrap_or('&'));
        write!(f, "samara:{}", self.file_hash)?;
        for tracker in &self.trackers {
            key(f, "tr")?;
            percent_encode(f, tracker)?;
        }
        if let Some(id) = self.seed_id {
            key(f, "id")?;
            write!(f, "{id}")?;
        }
        if let Some(name) = &self.name {
            key(f, "n")?;
            percent_encode(f, name.as_str())?;
        }
        if let Some(length) = self.length {
            key(f, "l")?;
            write!(f, "{length}")?;
        }
        Ok(())
    }
}

impl FromStr for ShareLink {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Self, LinkError> {
        if text.len() > MAX_LINK {
            return Err(LinkError::TooLong);
        }
        let (scheme, rest) = text.split_once(':').ok_or(LinkError::Scheme)?;
        if !scheme.eq_ignore_ascii_case("samara") {
            return Err(LinkError::Scheme);
        }
        let (hash, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let file_hash = hash.parse().map_err(|_| LinkError::Hash)?;
        let mut link = Self { file_hash, trackers: Vec::new(), seed_id: None, name: None, length: None };
        for parameter in parameters.split('&') {
            let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            link.set(key, value)?;
        }
        Ok(link)
    }
}

impl ShareLink {
    /// Takes in one parameter.
    fn set(&mut self, key: &str, value: &str) -> Result<(), LinkError> {
        match key {
            "tr" if self.trackers.len() == MAX_TRACKERS => Err(LinkError::TooManyTrackers),
            "tr" => {
                let tracker = percent_decode(value)?;
                if !is_host_and_port(&tracker) {
                    return Err(LinkError::Tracker);
                }
                self.trackers.push(tracker);
                Ok(())
            }
            "id" => once(&mut self.seed_id, value.parse().map_err(|_| LinkError::SeedId)?),
            "n" => once(&mut self.name, percent_decode(value)?.parse().map_err(LinkError::Name)?),
            "l" => once(&mut self.length, length(value)?),
            _ => Ok(()),
        }
    }
}

fn once<T>(place: &mut Option<T>, value: T) -> Result<(), LinkError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(LinkError::Twice),
    }
}

fn length(text: &str) -> Result<u64, LinkError> {
    let most = u64::from(limits::MAX_CHUNKS).saturating_mul(limits::MAX_CHUNK_SIZE.into());
    number(text).filter(|&length| length <= most).ok_or(LinkError::Length)
}

/// A number in decimal digits, and nothing but those.
fn number<N: FromStr>(text: &str) -> Option<N> {
    text.bytes().all(|c| c.is_ascii_digit()).then(|| text.parse().ok())?
}

fn is_host_and_port(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let named = |c: u8| c.is_ascii_alphanumeric() || b"-._".contains(&c);
    let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(v6) => v6.parse::<Ipv6Addr>().is_ok(),
        None => (1..=253).contains(&host.len()) && host.bytes().all(named),
    };
    host && number::<u16>(port).is_some_and(|port| port != 0)
}

/// Writes every byte as `%XX` but those that no part of a URI gives a meaning to, and the colon.
fn percent_encode(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    text.bytes().try_for_each(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' => {
            f.write_char(byte.into())
        }
        _ => write!(f, "%{byte:02X}"),
    })
}

fn percent_decode(text: &str) -> Result<String, LinkError> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    let digit = |c: Option<u8>| char::from(c?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => match (digit(bytes.next()), digit(bytes.next())) {
                (Some(high), Some(low)) => high << 4 | low,
                (None, _) | (_, None) => return Err(LinkError::Percent),
            },
            _ => byte,
        });
    }
    String::from_utf8(decoded).map_err(|_| LinkError::Percent)
}

/// Why a text is no link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkError {
    /// It is longer than [`MAX_LINK`].
    TooLong,
    /// It doesn't begin with `samara:`.
    Scheme,
    /// What follows `samara:` is no SHA-256.
    Hash,
    /// A `%` without two hex digits behind it, or bytes that are no text.
    Percent,
    /// A tracker that isn't `HOST:PORT`.
    Tracker,
    /// More than [`MAX_TRACKERS`].
    TooManyTrackers,
    /// The seed id isn't 64 hex digits.
    SeedId,
    /// The file's name could do harm.
    Name(NameError),
    /// The length is no number, or above 1 TiB.
    Length,
    /// `id`, `n` or `l` stands there twice.
    Twice,
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "a link has at most {MAX_LINK} bytes"),
            Self::Scheme => f.write_str("a link begins with samara:"),
            Self::Hash => f.write_str("after samara: a link has a SHA-256 of 64 hex digits"),
            Self::Percent => {
                f.write_str("the link has a % without two hex digits, or bytes that are no text")
            }
            Self::Tracker => f.write_str("a tracker in the link (tr=) is not HOST:PORT"),
            Self::TooManyTrackers => write!(f, "the link has more than {MAX_TRACKERS} trackers"),
            Self::SeedId => f.write_str("the link's seed id (id=) is not 64 hex digits"),
            Self::Name(error) => write!(f, "the link's name (n=) does not do: {error}"),
            Self::Length => f.write_str("the link's length (l=) is not a number of bytes up to 1 TiB"),
            Self::Twice => f.write_str("the link says id=, n= or l= twice"),
        }
    }
}

impl core::error::Error for LinkError {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString;

    const HASH: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn parse(parameters: &str) -> Result<ShareLink, LinkError> {
        format!("samara:{HASH}{parameters}").parse()
    }

    #[test]
    fn a_full_link_reads_as_it_was_written() {
        let link = ShareLink {
            file_hash: HASH.parse().unwrap(),
            trackers: ["tracker.example:7070", "[2001:db8::1]:7070", "10.0.0.1:1"].map(String::from).to_vec(),
            seed_id: Some(SeedId::new([0xab; 32])),
            name: Some(SafeName::new("100% ü & more=#.bin").unwrap()),
            length: Some(1 << 40),
        };
        let text = link.to_string();
        let id = "ab".repeat(32);
        assert_eq!(
            text,
            format!(
                "samara:{HASH}?tr=tracker.example:7070&tr=%5B2001:db8::1%5D:7070&tr=10.0.0.1:1&id={id}\
                 &n=100%25%20%C3%BC%20%26%20more%3D%23.bin&l=1099511627776"
            )
        );
        assert_eq!(text.parse(), Ok(link));
    }

    #[test]
    fn a_bare_hash_is_enough() {
        let link = parse("").unwrap();
        assert_eq!(link.to_string(), format!("samara:{HASH}"));
        assert_eq!(parse("?"), Ok(link.clone()));
        assert_eq!(format!("SAMARA:{}", HASH.to_uppercase()).parse(), Ok(link));
    }

    #[test]
    fn what_later_versions_add_is_ignored() {
        assert_eq!(parse("?x=1&l=5&&flag&ws=%zz"), parse("?l=5"));
    }

    #[test]
    fn each_malformed_part_is_named() {
        let table = [
            ("?tr=", LinkError::Tracker),
            ("?tr", LinkError::Tracker),
            ("?tr=host", LinkError::Tracker),
            ("?tr=:7070", LinkError::Tracker),
            ("?tr=host:0", LinkError::Tracker),
            ("?tr=host:", LinkError::Tracker),
            ("?tr=host:+80", LinkError::Tracker),
            ("?tr=host:65536", LinkError::Tracker),
            ("?tr=ho%20st:80", LinkError::Tracker),
            ("?tr=2001:db8::1:7070", LinkError::Tracker),
            ("?tr=[host]:7070", LinkError::Tracker),
            ("?id=abc", LinkError::SeedId),
            ("?n=", LinkError::Name(NameError::Length)),
            ("?n=..%2Fetc", LinkError::Name(NameError::Character)),
            ("?n=a%2", LinkError::Percent),
            ("?n=a%", LinkError::Percent),
            ("?n=%é", LinkError::Percent),
            ("?n=%ff", LinkError::Percent),
            ("?l=", LinkError::Length),
            ("?l=-1", LinkError::Length),
            ("?l=+1", LinkError::Length),
            ("?l=1099511627777", LinkError::Length),
            ("?l=18446744073709551616", LinkError::Length),
            ("?l=1&l=1", LinkError::Twice),
            ("0", LinkError::Hash),
            ("#x", LinkError::Hash),
        ];
        for (parameters, error) in table {
            assert_eq!(parse(parameters), Err(error), "{parameters}");
        }
        assert_eq!(HASH.parse::<ShareLink>(), Err(LinkError::Scheme));
        assert_eq!("magnet:?xt=1".parse::<ShareLink>(), Err(LinkError::Scheme));
        assert_eq!("samara:".parse::<ShareLink>(), Err(LinkError::Hash));
    }

    #[test]
    fn the_bounds_hold_exactly() {
        let sixteen = format!("?l=1{}", "&tr=host:1".repeat(16));
        assert_eq!(parse(&sixteen).unwrap().trackers.len(), 16);
        assert_eq!(parse(&format!("{sixteen}&tr=host:1")), Err(LinkError::TooManyTrackers));
        let room = MAX_LINK - "samara:".len() - HASH.len() - "?x=".len();
        assert!(parse(&format!("?x={}", "a".repeat(room))).is_ok());
        assert_eq!(parse(&format!("?x={}", "a".repeat(room + 1))), Err(LinkError::TooLong));
    }
}
