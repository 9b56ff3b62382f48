//! File names that are safe to have come from a stranger.

use alloc::boxed::Box;
use core::fmt;
use core::str::FromStr;

/// One plain file name: never a path, never invisible, never special to an operating system.
///
/// It is the only way from a seed to a path. Rejects (never repairs): nothing, more than 255 bytes, `.` and `..`,
/// `/` `\` `:` `*` `?` `"` `<` `>` `|`, control, bidirectional, zero-width and other invisible characters, a space
/// in front, a dot or space at the end, and the names that Windows reserves, with any extension.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SafeName(Box<str>);

impl SafeName {
    /// Checks `name`.
    ///
    /// # Errors
    /// [`NameError`] says what is wrong with it.
    pub fn new(name: &str) -> Result<Self, NameError> {
        if name.is_empty() || name.len() > 255 {
            return Err(NameError::Length);
        }
        if name.chars().any(|c| c.is_control() || r#"/\:*?"<>|"#.contains(c)) {
            return Err(NameError::Character);
        }
        if name.chars().any(is_invisible) {
            return Err(NameError::Invisible);
        }
        if name.ends_with(['.', ' ']) || name.starts_with(' ') {
            return Err(NameError::Edge);
        }
        if is_reserved(name) {
            return Err(NameError::Reserved);
        }
        Ok(Self(name.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Characters that change how a name looks without being seen (the list of libtorrent's `torrent_info.cpp`, with
/// the soft hyphen, line separators, variation selectors and tags).
const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Names that are devices on Windows, whatever extension follows.
fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end_matches(' ');
    let is = |word: &str| stem.eq_ignore_ascii_case(word);
    if ["con", "prn", "aux", "nul", "conin$", "conout$"].into_iter().any(is) {
        return true;
    }
    let (Some(port), Some(digit)) = (stem.get(..3), stem.get(3..)) else { return false };
    (port.eq_ignore_ascii_case("com") || port.eq_ignore_ascii_case("lpt"))
        && matches!(digit, "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³")
}

impl FromStr for SafeName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        Self::new(name)
    }
}

impl fmt::Display for SafeName {
    /// As it is: what could confuse a terminal can't be in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SafeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// What is wrong with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameError {
    /// It is empty or longer than 255 bytes.
    Length,
    /// It has a separator, a control character, or one that Windows forbids.
    Character,
    /// It has an invisible or direction-changing character.
    Invisible,
    /// It begins with a space or ends with a dot or space.
    Edge,
    /// Windows reserves it for a device.
    Reserved,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Length => "a file name has 1 to 255 bytes",
            Self::Character => "the file name has a separator, a control character or one of :*?\"<>|",
            Self::Invisible => "the file name has an invisible or direction-changing character",
            Self::Edge => "the file name begins with a space, or ends with a dot or space",
            Self::Reserved => "the file name is reserved for a device on Windows",
        })
    }
}

impl core::error::Error for NameError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_in_any_script_are_taken() {
        for name in [
            "a",
            "model.safetensors",
            "two words.bin",
            "файл",
            "日本語.txt",
            "...a",
            "console",
            "com",
            "com10",
        ] {
            assert_eq!(SafeName::new(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn what_could_leave_the_folder_or_fool_the_eye_is_rejected() {
        let table = [
            ("", NameError::Length),
            (".", NameError::Edge),
            ("..", NameError::Edge),
            ("a/b", NameError::Character),
            ("..\\a", NameError::Character),
            ("c:x", NameError::Character),
            ("a\0", NameError::Character),
            ("\x1b[2J", NameError::Character),
            ("a\u{85}", NameError::Character),
            ("gpj.\u{202e}exe", NameError::Invisible),
            ("a\u{200b}b", NameError::Invisible),
            ("a\u{feff}", NameError::Invisible),
            ("a.", NameError::Edge),
            ("a ", NameError::Edge),
            (" a", NameError::Edge),
            ("NUL", NameError::Reserved),
            ("con.txt", NameError::Reserved),
            ("Com1.tar.gz", NameError::Reserved),
            ("lpt¹", NameError::Reserved),
            ("aux .txt", NameError::Reserved),
        ];
        for (name, error) in table {
            assert_eq!(SafeName::new(name), Err(error), "{name:?}");
        }
        assert!(SafeName::new(&"a".repeat(255)).is_ok());
        assert_eq!(SafeName::new(&"a".repeat(256)), Err(NameError::Length));
    }
}
