//! Numbers and names as a page shows them.

use std::fmt::{self, Write as _};
use std::time::Duration;

use samara::Time;

/// Text between tags or in an attribute: nothing in it is markup. Control characters, which no page may hold, are
/// shown as what can't be shown.
pub(super) struct Text<'a>(pub(super) &'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for char in self.0.chars() {
            match char {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\n' | '\t' => f.write_char(' ')?,
                // Overrides of the writing direction would let a name rearrange the line that it stands in.
                '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => f.write_char('\u{fffd}')?,
                _ if char.is_control() => f.write_char('\u{fffd}')?,
                _ => f.write_char(char)?,
            }
        }
        Ok(())
    }
}

/// A length in a picture, to a tenth.
#[derive(Clone, Copy)]
pub(super) struct Px(pub(super) f64);

impl fmt::Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0 * 10.0).round() / 10.0;
        if tenths.fract() == 0.0 { write!(f, "{tenths:.0}") } else { write!(f, "{tenths:.1}") }
    }
}

/// A whole number with its thousands apart.
pub(super) fn count(number: impl TryInto<u64>) -> String {
    let digits = number.try_into().unwrap_or(u64::MAX).to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 ban`, `2 bans`.
pub(super) fn plural(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// A time of a run, as exact as a reader can use.
pub(super) fn seconds(at: Time) -> String {
    span(at.since(Time::ZERO))
}

/// How long something took.
pub(super) fn span(span: Duration) -> String {
    let whole = span.as_secs();
    match whole {
        0 if span.is_zero() => "0 s".into(),
        0 if span.as_millis() < 100 => format!("{:.1} ms", span.as_secs_f64() * 1e3),
        0..10 => format!("{:.2} s", span.as_secs_f64()),
        10..100 => format!("{:.1} s", span.as_secs_f64()),
        100..600 => format!("{whole} s"),
        600..3_600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3_600, whole / 60 % 60),
    }
}

/// `part` of `whole` in whole percent; 0 of nothing.
pub(super) fn percent(part: u64, whole: u64) -> u64 {
    (u128::from(part) * 100)
        .checked_div(u128::from(whole))
        .and_then(|share| share.try_into().ok())
        .unwrap_or(0)
}

/// The first `most` characters of a name, with a sign if there are more.
pub(super) fn short(name: &str, most: usize) -> String {
    if name.chars().count() <= most {
        return name.to_owned();
    }
    name.chars().take(most - 1).chain(['…']).collect()
}

/// An amount of bytes.
pub(super) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let (mut amount, mut unit) = (bytes as f64, 0);
    while amount >= 1024.0 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{amount:.1} {}", UNITS[unit]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_is_markup() {
        let text = Text("</svg><b a='\"'>&\u{0}\u{202e}\n").to_string();
        assert_eq!(text, "&lt;/svg&gt;&lt;b a=&#39;&quot;&#39;&gt;&amp;\u{fffd}\u{fffd} ");
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!([count(7u64), count(1_234_567u64)], ["7", "1,234,567"]);
        assert_eq!([Px(3.0).to_string(), Px(2.26).to_string()], ["3", "2.3"]);
        assert_eq!(bytes(1_536), "1.5 KiB");
        assert_eq!(short("downloader-17", 6), "downl…");
        let shown =
            [0, 42, 9_876, 98_765, 123_456, 754_000, 5_400_000].map(|ms| span(Duration::from_millis(ms)));
        assert_eq!(shown, ["0 s", "42.0 ms", "9.88 s", "98.8 s", "123 s", "12 min 34 s", "1 h 30 min"]);
        assert_eq!((percent(1, 3), percent(1, 0)), (33, 0));
    }
}
