//! A file name from a stranger.

use std::path::{Component, Path};

use samara::SafeName;

/// A name that is accepted is one plain file in whatever folder, on every system, and looks like what it is.
pub fn name(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let plain = (1..=255).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_lowercase());
    let Ok(name) = SafeName::new(text) else {
        assert!(!plain || ["con", "prn", "aux", "nul"].contains(&text), "{text:?} is harmless");
        return;
    };
    assert_eq!((name.as_str(), name.to_string().as_str()), (text, text));
    assert!((1..=255).contains(&text.len()));
    let folder = Path::new("folder");
    let path = folder.join(text);
    assert_eq!(path.components().next_back(), Some(Component::Normal(text.as_ref())));
    assert_eq!(path.parent(), Some(folder));
    assert!(!text.contains(|c: char| c.is_control() || r#"/\:*?"<>|"#.contains(c)), "{text:?}");
    assert!(!text.contains(['\u{200b}', '\u{200e}', '\u{202e}', '\u{2066}', '\u{feff}']), "{text:?}");
    assert!(!text.ends_with(['.', ' ']) && !text.starts_with(' '), "{text:?}");
    let stem = text.split('.').next().unwrap_or(text).trim_end_matches(' ').to_lowercase();
    assert!(!["con", "prn", "aux", "nul", "com1", "lpt9", "conin$"].contains(&stem.as_str()), "{text:?}");
}
