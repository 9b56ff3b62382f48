//! Recordings from strangers: clear errors, bounded memory, never a panic.

use std::io::{self, BufReader, Read};

use samara::Entropy;
use samara::record::MAX_LINE;
use samara_sim::replay::{Error, Unusable, replay};

use super::{GET, SEED, TRACKER, data, memory, run};

fn why(recording: &str) -> Unusable {
    match run(recording, None) {
        Err(Error::Unusable(_, why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_no_recording_is_said_to_be_none() {
    for text in ["", "\n", "no json\n", "{}\n", "{\"samara_recording\":\"1\"}\n", &GET[..100], "[[[[[[[\n"] {
        assert!(matches!(why(text), Unusable::NoRecording), "{text}");
    }
    let later = GET.replacen("\"samara_recording\":1", "\"samara_recording\":7", 1);
    assert!(matches!(why(&later), Unusable::Version(7)));
    assert!(matches!(why("{\"samara_recording\":1,\"at\":0}\n"), Unusable::Malformed(_)));
}

#[test]
fn lines_that_are_no_entries_are_named() {
    let (start, _) = TRACKER.split_once('\n').unwrap();
    for line in [
        "",
        "null",
        r#"{"at":1}"#,
        r#"{"at":-1,"event":"wake"}"#,
        r#"{"at":1,"event":"dance"}"#,
        r#"{"at":1,"event":{"closed":{"link":"1.2"}}}"#,
        r#"{"at":1,"event":{"closed":{"link":"1.70000#1"}}}"#,
        r#"{"at":1,"event":{"message":{"link":"0.0#1","frame":"0"}}}"#,
    ] {
        let error = run(&format!("{start}\n{line}\n"), None).unwrap_err().to_string();
        assert!(error.starts_with("line 2: the recording is damaged"), "{line}: {error}");
    }
    for (event, word) in [
        (r#""stop""#, "cannot happen to this machine"),
        (r#"{"accepted":{"link":"0.0#1","from":"1.2.3.4:5"}}"#, "cannot happen to this machine"),
        (r#"{"message":{"link":"0.0#1","frame":""}}"#, "no frame"),
        (r#"{"message":{"link":"0.0#1","frame":"00"}}"#, "no frame"),
        (r#"{"message":{"link":"0.0#1","frame":"000000000000000000000000ff"}}"#, "no frame"),
    ] {
        let error = run(&format!("{start}\n{{\"at\":1,\"event\":{event}}}\n"), None).unwrap_err().to_string();
        assert!(error.starts_with("line 2: ") && error.contains(word), "{event}: {error}");
    }
}

#[test]
fn disk_errors_with_endless_texts_are_no_way_to_fill_the_memory() {
    let (start, _) = SEED.split_once('\n').unwrap();
    let entry = |doing: &str| {
        let failed = format!("{{\"failed\":{{\"kind\":\"Other\",\"doing\":\"{doing}\",\"os\":null}}}}");
        format!("{{\"at\":1,\"event\":{{\"disk\":{{\"file\":9,\"job\":1,\"outcome\":{failed}}}}}}}\n")
    };
    let of = |doings: &mut dyn Iterator<Item = String>| {
        run(&format!("{start}\n{}", doings.map(|doing| entry(&doing)).collect::<String>()), None)
    };
    of(&mut (0..1_000).map(|_| "writing".to_owned())).unwrap();
    assert!(of(&mut (0..1_000).map(|at| at.to_string())).is_err());
    assert!(of(&mut std::iter::once("x".repeat(1_000))).is_err());
}

#[test]
fn an_endless_line_is_given_up() {
    let endless = BufReader::with_capacity(1 << 20, io::repeat(b'1').take(1 << 40));
    match replay(endless, None, |_| Ok(())) {
        Err(Error::Unusable(1, Unusable::TooLong)) => {}
        other => panic!("{other:?} (of {MAX_LINE})"),
    }
}

/// Runs `recording` after each of `rounds` changes; gives how often it came out the same, different and unusable.
fn damaged(recording: &str, rounds: u32, mut change: impl FnMut(&mut Entropy) -> Vec<u8>) -> [u32; 3] {
    let (mut entropy, mut ends) = (Entropy::new(7), [0; 3]);
    for _ in 0..rounds {
        let bytes = change(&mut entropy);
        ends[match replay(&bytes[..], memory(data()), |_| Ok(())) {
            Ok(_) => 0,
            Err(Error::Differs(_)) => 1,
            Err(Error::Unusable(..) | Error::Read(_) | Error::Tell(_)) => 2,
        }] += 1;
    }
    assert!(ends[1] > 10 && ends[2] > 10, "same, different, unusable: {ends:?} of {}", &recording[..40]);
    ends
}

#[test]
fn damage_anywhere_ends_in_an_error_or_a_difference() {
    for recording in [GET, SEED, TRACKER] {
        damaged(recording, ROUNDS, |entropy| {
            let mut bytes = recording.as_bytes().to_vec();
            for _ in 0..=entropy.below(2) {
                let at = entropy.below(bytes.len());
                // Digits stay digits, to get past the parser.
                bytes[at] = match bytes[at] {
                    digit @ b'0'..=b'9' => b'0' + (digit - b'0' + 1 + entropy.below(9) as u8) % 10,
                    other => other ^ (1 << entropy.below(7)),
                };
            }
            bytes
        });
    }
}

#[test]
fn no_number_is_too_large() {
    for recording in [GET, SEED, TRACKER] {
        let digits = recording.match_indices(|c: char| c.is_ascii_digit()).map(|(at, _)| at);
        let starts: Vec<_> =
            digits.filter(|at| matches!(recording.as_bytes()[at.saturating_sub(1)], b':' | b',')).collect();
        damaged(recording, ROUNDS, |entropy| {
            let at = starts[entropy.below(starts.len())];
            let rest = recording[at..].trim_start_matches(|c: char| c.is_ascii_digit());
            let number = entropy.pick(&NUMBERS).unwrap();
            format!("{}{number}{rest}", &recording[..at]).into_bytes()
        });
    }
}

/// What numbers are changed into.
const NUMBERS: [u64; 7] = [0, 1, 255, 65_535, 999_999_999, u32::MAX as u64, u64::MAX];

/// Changed recordings of each kind.
const ROUNDS: u32 = 200;
