//! What no protocol can beat.

/// What lines there are, in bytes per second, and what they have to carry.
#[derive(Clone, Copy, Debug)]
pub struct Lines<'a> {
    /// Bytes of the file.
    pub file: f64,
    /// The first seeder's uplink.
    pub source: f64,
    /// The uplinks of those who want the file.
    pub up: &'a [f64],
    /// Their downlinks.
    pub down: &'a [f64],
}

/// The least seconds in which everybody can have the file, were it a fluid: the source sends each drop at least once,
/// the slowest receives all, and all uplinks together send it to everybody (Mundinger, Weber, Weiss 2008).
pub fn fluid(lines: &Lines<'_>) -> f64 {
    let Lines { file, source, up, down } = *lines;
    let slowest = down.iter().copied().fold(f64::INFINITY, f64::min);
    let together = source + up.iter().sum::<f64>();
    (file / source).max(file / slowest).max(file * down.len() as f64 / together)
}

/// The same for whole chunks and equal lines, in chunk times: M + ⌊log₂ N⌋.
pub fn chunked(nodes: usize, chunks: u32) -> f64 {
    f64::from(chunks) + f64::from(nodes.max(1).ilog2())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(source: f64, up: &[f64], down: &[f64]) -> f64 {
        fluid(&Lines { file: 100.0, source, up, down })
    }

    #[test]
    fn with_equal_lines_it_is_the_time_to_send_the_file_once() {
        for nodes in [1, 10, 1_000] {
            assert!((bound(2.0, &vec![2.0; nodes], &vec![2.0; nodes]) - 50.0).abs() < 1e-9);
        }
    }

    #[test]
    fn the_narrowest_place_decides() {
        let narrow = [10.0; 4];
        assert!((bound(1.0, &narrow, &narrow) - 100.0).abs() < 1e-9, "the source");
        assert!((bound(10.0, &narrow, &[10.0, 0.5, 10.0, 10.0]) - 200.0).abs() < 1e-9, "one downlink");
        assert!((bound(10.0, &[0.0; 4], &narrow) - 40.0).abs() < 1e-9, "all uplinks");
    }

    #[test]
    fn whole_chunks_need_a_doubling_each() {
        assert!((chunked(1, 256) - 256.0).abs() < 1e-9);
        assert!((chunked(1_000, 256) - 265.0).abs() < 1e-9);
        assert!((chunked(1_024, 64) - 74.0).abs() < 1e-9);
    }
}
