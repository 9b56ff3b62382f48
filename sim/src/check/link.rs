//! A `samara:` link from anywhere.

use samara::link::{MAX_LINK, MAX_TRACKERS};
use samara::{FileHash, SafeName, SeedId, ShareLink};

use super::draw::Draw;

/// Parsing never panics, and what it accepts is written as a link that says the same. What a link can say is read
/// as it was written.
pub fn link(bytes: &[u8]) {
    if let Some(link) = str::from_utf8(bytes).ok().and_then(|text| text.parse::<ShareLink>().ok()) {
        assert!(bytes.len() <= MAX_LINK && link.trackers.len() <= MAX_TRACKERS);
        let hash = bytes.split(|byte| b":?".contains(byte)).nth(1);
        assert!(hash.is_some_and(|hash| hash.eq_ignore_ascii_case(link.file_hash.to_string().as_bytes())));
        reads_as_written(&link);
        if let Some(name) = &link.name {
            assert_eq!(SafeName::new(name.as_str()).as_ref(), Ok(name));
        }
    }
    reads_as_written(&drawn(&mut Draw::new(bytes)));
}

fn reads_as_written(link: &ShareLink) {
    assert_eq!(link.to_string().parse().as_ref(), Ok(link), "written as {link}");
}

fn drawn(draw: &mut Draw<'_>) -> ShareLink {
    let tracker = |draw: &mut Draw<'_>| {
        let port = draw.any::<u16>().max(1);
        if draw.any() { format!("{:x}.example:{port}", draw.any::<u32>()) } else { draw.addr_with(port) }
    };
    ShareLink {
        file_hash: FileHash::new([draw.any(); 32]),
        trackers: draw.list(MAX_TRACKERS, tracker),
        seed_id: draw.perhaps(|draw| SeedId::new([draw.any(); 32])),
        length: draw.perhaps(|draw| draw.any::<u64>() >> 24),
        name: SafeName::new(&String::from_utf8_lossy(draw.rest())).ok(),
    }
}
