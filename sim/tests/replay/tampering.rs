//! What differs is named: in the recording, in the data, in the core.

use std::fs;

use samara_sim::replay::{Error, command};

use super::{GET, SEED, TRACKER, data, memory, run};

/// The difference that a replay finds.
#[track_caller]
fn difference(recording: &str) -> String {
    match run(recording, memory(data())) {
        Err(error @ Error::Differs(_)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn unusable(recording: &str, bytes: Vec<u8>) -> String {
    match run(recording, memory(bytes)) {
        Err(error @ Error::Unusable(..)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

/// The line with this number, from 1, is replaced.
fn with_line(recording: &str, number: usize, edit: impl Fn(&str) -> String) -> String {
    let lines = recording.lines().enumerate();
    lines.map(|(at, line)| if at + 1 == number { edit(line) } else { format!("{line}\n") }).collect()
}

/// The number of the first line that contains `text`.
fn line_of(recording: &str, text: &str) -> usize {
    recording.lines().position(|line| line.contains(text)).unwrap() + 1
}

#[test]
fn another_entropy_makes_another_machine() {
    let (before, after) = GET.split_once("\"entropy\":").unwrap();
    let (_, after) = after.split_once(',').unwrap();
    let told = difference(&format!("{before}\"entropy\":1,{after}"));
    assert!(told.contains("expected ") && told.contains("got "), "{told}");
}

#[test]
fn an_action_that_is_not_as_recorded_is_named() {
    let line = line_of(GET, "\"Receive ");
    let edited = with_line(GET, line, |line| line.replacen("\"Receive ", "\"Receive 0", 1) + "\n");
    let told = difference(&edited);
    assert!(told.starts_with(&format!("line {line}, at ")), "{told}");
    assert!(told.contains(" Chunk 4: 100 B', action 1 differs\n  expected Receive 0"), "{told}");
    assert!(told.contains("got      Receive ") && told.contains(": receive 2.0#1 "), "{told}");
}

#[test]
fn one_action_more_or_less_is_named() {
    let line = line_of(GET, "\"Receive ");
    let more = with_line(GET, line, |line| line.replace("]}", ",\"Stopped 0\"]}\n"));
    assert!(
        difference(&more).ends_with("expected Stopped 0\n  got      nothing more"),
        "{}",
        difference(&more)
    );
    let less = with_line(GET, line, |line| line.split(",\"actions\"").next().unwrap().to_owned() + "}\n");
    assert!(difference(&less).contains("action 1 differs\n  expected nothing more\n  got      Receive "));
}

#[test]
fn an_event_that_is_missing_or_earlier_shows() {
    let dropped = with_line(SEED, line_of(SEED, "\"accepted\""), |_| String::new());
    difference(&dropped);
    let dropped = with_line(TRACKER, line_of(TRACKER, "\"message\""), |_| String::new());
    difference(&dropped);
    // The same answers, but from somebody else.
    let moved = TRACKER.replacen("\"from\":\"127.0.0.1:", "\"from\":\"10.0.0.1:", 2);
    difference(&moved);
}

#[test]
fn data_that_is_not_the_file_is_noticed() {
    let mut bytes = data();
    bytes[3 << 18] ^= 1;
    let told = unusable(GET, bytes);
    assert!(told.contains("the file has other bytes in chunk 3: --data takes"), "{told}");
    let told = unusable(GET, data()[..1 << 20].to_vec());
    assert!(told.contains("chunk 4 cannot be read from the file"), "{told}");
}

#[test]
fn a_digest_in_the_recording_is_not_believed() {
    let line = line_of(GET, "\"index\":1,");
    let (start, _) = GET.lines().nth(line - 1).unwrap().split_once("\"digest\":\"").unwrap();
    let digest = "0".repeat(64);
    let forged = with_line(GET, line, |_| format!("{start}\"digest\":\"{digest}\"}}}}}}}}}}\n"));
    let told = unusable(&forged, data());
    assert!(
        told.starts_with(&format!("line {line}: ")) && told.contains("chunk 1 was not asked for"),
        "{told}"
    );
}

#[test]
fn a_torn_last_line_is_left_out_with_a_note() {
    let cut = GET.len() - 20;
    let replayed = run(&GET[..cut], memory(data())).unwrap();
    let last = GET.lines().last().unwrap().len() + 1 - 20;
    assert_eq!((replayed.events, replayed.torn), (GET.lines().count() as u64 - 2, last));
}

#[test]
fn the_command_has_a_code_for_each_end() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("get"), GET).unwrap();
    fs::write(at("torn"), &TRACKER[..TRACKER.len() - 1]).unwrap();
    fs::write(at("other"), SEED.replace("\"Serve ", "\"Serve 0")).unwrap();
    fs::write(at("data"), data()).unwrap();
    let run = |name: &str, data: Option<&str>, json| {
        let (mut out, mut errors) = (Vec::new(), Vec::new());
        let code = command(&at(name), data.map(at).as_deref(), json, &mut out, &mut errors);
        (code, String::from_utf8(out).unwrap(), String::from_utf8(errors).unwrap())
    };
    let (code, out, errors) = run("get", Some("data"), false);
    assert!(code == 0 && errors.is_empty() && out.lines().last().unwrap().starts_with("replayed "), "{out}");
    assert!(out.contains("    -> receive 2.0#1 "), "{out}");
    let (code, out, errors) = run("torn", None, false);
    assert!(
        code == 0 && errors.contains("left out") && out.ends_with(": the same as recorded\n"),
        "{errors}"
    );
    let (code, out, _) = run("other", None, true);
    let last: serde_json::Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert!(code == 1 && last["same"] == false && last["difference"]["action"] == 1, "{last}");
    let (code, out, _) = run("get", Some("data"), true);
    assert!(code == 0 && out.lines().all(|line| line.starts_with('{')), "{out}");
    for (name, data, word) in [
        ("get", None, "--data"),
        ("missing", None, "cannot read"),
        ("get", Some("missing"), "cannot read"),
        ("data", None, "no recording"),
    ] {
        let (code, _, errors) = run(name, data, false);
        assert!(code == 2 && errors.starts_with("error: ") && errors.contains(word), "{name}: {errors}");
    }
}
