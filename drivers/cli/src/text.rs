//! Words for people: names that can't harm a terminal, sizes, rates, times.

use std::io;
use std::path::Path;
use std::time::Duration;

use bytesize::ByteSize;

/// A path as it may be printed: control and invisible characters are escaped.
pub(crate) fn path(path: &Path) -> String {
    escape(&path.to_string_lossy())
}

/// Text from outside as it may be printed.
pub(crate) fn escape(text: &str) -> String {
    let odd = |c: char| c.is_control() || (!c.is_ascii() && !is_visible(c));
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        if odd(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
        out
    })
}

/// Does [`samara::SafeName`], the judge of invisible characters, take it?
fn is_visible(c: char) -> bool {
    samara::SafeName::new(&format!("a{c}a")).is_ok()
}

/// A word as a shell takes it.
pub(crate) fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A path as a shell takes it; quoted only if it must be.
pub(crate) fn shell_path(path: &Path) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,@".contains(c);
    let name = path.to_string_lossy();
    if !name.is_empty() && name.chars().all(plain) { name.into_owned() } else { quote(&self::path(path)) }
}

/// Bytes with a unit: `46.6 GiB`.
pub(crate) fn size(bytes: u64) -> String {
    ByteSize::b(bytes).display().iec().to_string()
}

/// Bytes per second with a unit.
pub(crate) fn rate(bytes_per_second: u64) -> String {
    format!("{}/s", size(bytes_per_second))
}

/// A number with a comma at each thousand.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `one thing`, `3 things`.
pub(crate) fn plural(number: u64, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{} {thing}s", count(number)) }
}

/// A time in whole seconds: `1m 5s`.
pub(crate) fn time(span: Duration) -> String {
    humantime::format_duration(Duration::from_secs(span.as_secs())).to_string()
}

/// What the system says, without its number: `Connection refused`.
pub(crate) fn os(error: &io::Error) -> String {
    let whole = error.to_string();
    let plain = whole.split(" (os error").next().unwrap_or(&whole);
    let mut letters = plain.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_drive_a_terminal() {
        assert_eq!(escape("a\x1b[2Jb\nc"), r"a\u{1b}[2Jb\u{a}c");
        assert_eq!(escape("gpj.\u{202e}exe"), r"gpj.\u{202e}exe");
        assert_eq!(escape("файл 日本 é*?"), "файл 日本 é*?");
    }

    #[test]
    fn a_quoted_word_stays_one_word() {
        assert_eq!(quote("samara:a?b&c"), "'samara:a?b&c'");
        assert_eq!(quote("it's"), r"'it'\''s'");
        assert_eq!(shell_path(Path::new("/a/b.seed")), "/a/b.seed");
        assert_eq!(shell_path(Path::new("a b")), "'a b'");
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!((count(0), count(999), count(11_921)), ("0".into(), "999".into(), "11,921".into()));
        assert_eq!((plural(1, "chunk"), plural(0, "chunk")), ("1 chunk".into(), "0 chunks".into()));
        assert_eq!(size(3 << 30), "3.0 GiB");
        assert_eq!(os(&io::Error::from_raw_os_error(2)), "no such file or directory");
    }
}
