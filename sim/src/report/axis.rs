//! Time from left to right, the same in every picture, so that what stands above each other came at once.

use std::fmt::{self, Write as _};

use samara::Time;

use super::text::{Px, seconds};
use crate::history::{History, Moment};

/// Where time begins, right of the names.
pub(super) const LEFT: u32 = 170;
/// How wide time is drawn.
pub(super) const WIDTH: u32 = 980;
/// The whole picture.
pub(super) const FULL: u32 = LEFT + WIDTH + 50;

/// The scale of time.
pub(super) struct Axis {
    /// The last moment drawn.
    pub(super) end: Time,
    /// The end of the run, if nothing happened for so long that this part isn't drawn.
    pub(super) quiet: Option<Time>,
}

impl Axis {
    /// One that shows all that happened; a long quiet end would only squeeze it.
    pub(super) fn of(history: &History) -> Self {
        let over = |(at, moment): &(Time, Moment)| {
            if let Moment::Fault { until: Some(until), .. } = moment { *at.max(until) } else { *at }
        };
        let last = history.moments.iter().map(over).max().unwrap_or_default();
        let end = history.end.max(history.moments.iter().map(|(at, _)| *at).max().unwrap_or_default());
        let room = last.as_micros().saturating_add(last.as_micros() / 25);
        if last > Time::ZERO && room < end.as_micros() / 5 * 4 {
            return Self { end: Time::from_micros(room), quiet: Some(end) };
        }
        Self { end: end.max(Time::from_micros(1)), quiet: None }
    }

    /// How far right of [`LEFT`] `at` is; never beyond [`WIDTH`].
    pub(super) fn px(&self, at: Time) -> u32 {
        let at = at.min(self.end);
        let px = u128::from(at.as_micros()) * u128::from(WIDTH) / u128::from(self.end.as_micros());
        u32::try_from(px).unwrap_or(WIDTH)
    }

    /// The x of `at`.
    pub(super) fn x(&self, at: Time) -> u32 {
        LEFT + self.px(at)
    }

    /// The moment drawn at `px`.
    pub(super) fn at(&self, px: u32) -> Time {
        Time::from_micros(
            u64::try_from(u128::from(self.end.as_micros()) * u128::from(px) / u128::from(WIDTH))
                .unwrap_or(u64::MAX),
        )
    }

    /// Lines down from `top` to `bottom`, and their times underneath.
    pub(super) fn draw(&self, out: &mut String, top: f64, bottom: f64) -> fmt::Result {
        let step = self.step();
        let mut at = 0;
        out.push_str("<g class=\"axis\">");
        while at <= self.end.as_micros() {
            let x = self.x(Time::from_micros(at));
            write!(out, "<path d=\"M{x} {}V{}\"/>", Px(top), Px(bottom + 4.0))?;
            write!(out, "<text x=\"{x}\" y=\"{}\">{}</text>", Px(bottom + 17.0), label(at, step))?;
            at += step;
        }
        if let Some(end) = self.quiet {
            let (x, y) = (LEFT + WIDTH, Px(bottom + 32.0));
            write!(out, "<text class=\"end\" x=\"{x}\" y=\"{y}\">then quiet until {}</text>", seconds(end))?;
        }
        out.push_str("</g>");
        Ok(())
    }

    /// The room that the times take below a picture.
    pub(super) const fn foot(&self) -> f64 {
        if self.quiet.is_some() { 38.0 } else { 22.0 }
    }

    /// Microseconds between lines: about ten of them, at times that people count in.
    fn step(&self) -> u64 {
        const COUNTED: [u64; 9] = [1, 2, 5, 10, 15, 30, 60, 120, 300];
        let least = self.end.as_micros() / 12;
        if let Some(step) =
            (least >= 500_000).then(|| COUNTED.iter().find(|s| **s * 1_000_000 >= least)).flatten()
        {
            return *step * 1_000_000;
        }
        let mut ten = if least >= 500_000 { 600_000_000 } else { 1 };
        loop {
            if let Some(step) = [1, 2, 5].iter().map(|n| n * ten).find(|step| *step >= least) {
                return step;
            }
            ten = ten.saturating_mul(10);
        }
    }
}

/// A line's time, with as many decimals as the lines are apart.
fn label(at: u64, step: u64) -> String {
    let whole = at / 1_000_000;
    match step {
        _ if at == 0 => "0".into(),
        1_000_000.. if whole >= 3_600 => {
            format!("{}:{:02}:{:02}", whole / 3_600, whole / 60 % 60, whole % 60)
        }
        1_000_000.. if whole >= 120 => format!("{}:{:02}", whole / 60, whole % 60),
        1_000_000.. => format!("{whole} s"),
        100_000.. => format!("{:.1} s", at as f64 / 1e6),
        1_000.. => format!("{} ms", at / 1_000),
        _ => format!("{at} µs"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Kind;

    #[test]
    fn lines_are_neither_few_nor_many() {
        for end in [1, 37, 4_321, 999_999, 5_000_000, 59_000_000, 600_000_000, 86_400_000_000, u64::MAX / 4] {
            let axis = Axis { end: Time::from_micros(end), quiet: None };
            let lines = end / axis.step();
            assert!(lines <= 12 && (lines >= 3 || end < 100), "{end}: {lines} lines, {} apart", axis.step());
        }
    }

    #[test]
    fn a_long_quiet_end_is_not_drawn() {
        let mut history = History::new(1);
        let host = history.host("a", Kind::Downloader);
        history.add(Time::from_micros(1_000_000), Moment::Done { host });
        history.end = Time::from_micros(600_000_000);
        let axis = Axis::of(&history);
        assert_eq!(axis.quiet, Some(history.end));
        assert!((900..WIDTH).contains(&axis.px(Time::from_micros(1_000_000))));
        assert_eq!(axis.px(history.end), WIDTH);
    }
}
