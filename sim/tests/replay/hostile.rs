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

#[test]
fn damage_anywhere_ends_in_an_error_or_a_difference() {
    let mut entropy = Entropy::new(7);
    for recording in [GET, SEED, TRACKER] {
        let mut ends = [0_u32; 3];
        for _ in 0..400 {
            let mut bytes = recording.as_bytes().to_vec();
            for _ in 0..=entropy.below(2) {
                let at = entropy.below(bytes.len());
                // Digits stay digits most of the time: the damage is to get past the parser.
                bytes[at] = match bytes[at] {
                    digit @ b'0'..=b'9' => b'0' + (digit - b'0' + 1 + entropy.below(9) as u8) % 10,
                    other => other ^ (1 << entropy.below(7)),
                };
            }
            ends[match replay(&bytes[..], memory(data()), |_| Ok(())) {
                Ok(_) => 0,
                Err(Error::Differs(_)) => 1,
                Err(Error::Unusable(..) | Error::Read(_) | Error::Tell(_)) => 2,
            }] += 1;
        }
        assert!(ends.iter().all(|count| *count > 20), "same, different, unusable: {ends:?}");
    }
}
