//! `samara-sim` as its users meet it.

use std::process::{Command, Output};

use clap::ValueEnum as _;
use samara_sim::scenario::{self, Options};
use samara_sim::swarm::Profile;
use samara_sim::swarm::figures::{COUNTS, RATIOS};
use serde_json::Value;

fn samara_sim(arguments: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_samara-sim"));
    command.args(arguments.split_whitespace()).output().expect("it can be run")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn objects(output: &Output) -> Vec<Value> {
    stdout(output).lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect()
}

#[test]
fn another_process_says_the_same_of_the_same_seed() {
    for name in ["chaos", "ttl-expiry", "false-chunk-list"] {
        let output = samara_sim(&format!("run {name} --seed 11 --json"));
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let here = scenario::run(scenario::find(name).unwrap(), &Options::new(11));
        let [there] = &objects(&output)[..] else { panic!("{output:?}") };
        assert_eq!(there["trace_hash"], format!("{:016x}", here.trace_hash), "{name}");
        assert_eq!((there["ok"].as_bool(), there["events"].as_u64()), (Some(true), Some(here.events)));
        assert_eq!((there["seed"].as_u64(), there["scenario"].as_str()), (Some(11), Some(name)));
        let simulated = there["simulated_s"].as_f64().unwrap();
        assert!((simulated - here.simulated.as_secs_f64()).abs() < 1e-6);
        let faults = there["faults"].as_object().unwrap();
        assert!(faults.values().all(|count| count.as_u64() > Some(0)));
        assert!(there["unfired"].is_array() && there["failure"].is_null());
    }
}

#[test]
fn a_sweep_excludes_its_end_and_does_not_depend_on_threads() {
    let [one, two] =
        [1, 2].map(|jobs| samara_sim(&format!("sweep clock-jumps --seeds 5..9 --jobs {jobs} --json")));
    let runs = |output: &Output| -> Vec<_> {
        let objects = objects(output);
        objects
            .iter()
            .filter(|object| object.get("seed").is_some())
            .map(|run| run["trace_hash"].clone())
            .collect()
    };
    assert_eq!((runs(&one).len(), runs(&one)), (4, runs(&two)));
    assert_eq!(one.status.code(), Some(0));
}

#[test]
fn every_scenario_is_listed() {
    let listed = stdout(&samara_sim("list"));
    assert_eq!(scenario::all().count(), 15);
    for scenario in scenario::all() {
        assert!(listed.contains(&format!("{} ", scenario.name)), "{}", scenario.name);
    }
}

#[test]
fn a_trace_tells_what_happened() {
    let output = samara_sim("run stale-seeders --seed 2 --trace");
    let text = stdout(&output);
    assert!(text.contains("downloader0 -> tracker0") && text.contains("stale: no longer has it"), "{text}");
}

#[test]
fn a_report_is_one_page() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("report.html");
    let output = samara_sim(&format!("report hostile-half --seed 1 -o {}", page.display()));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("hostile-half") && page.contains("<svg"));
    assert!(!page.contains("src=\"") && !page.contains("href=\"http"), "it needs no network");
}

#[test]
fn a_crowd_has_its_figures() {
    let output = samara_sim("swarm --nodes 5 --chunks 16 --seeds 3..5 --json");
    let runs = objects(&output);
    let runs: Vec<_> = runs.iter().filter(|run| run.get("seed").is_some()).collect();
    assert_eq!(runs.len(), 2);
    for run in runs {
        assert!(run["last_over_fluid"].as_f64() >= Some(1.0), "nobody beats the bound: {run}");
        assert_eq!(run["stranded"].as_u64(), Some(0));
    }
}

#[test]
fn every_kind_of_crowd_is_measured_alike() {
    let picture = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("crowd.svg");
    for profile in Profile::value_variants() {
        let arguments =
            format!("swarm --nodes 20 --chunks 32 --profile {profile} --svg {} --json", picture.display());
        let output = samara_sim(&arguments);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let [run, sum] = &objects(&output)[..] else { panic!("{output:?}") };
        assert_eq!(
            (run["seed"].as_u64(), run["profile"].as_str()),
            (Some(0), Some(profile.to_string().as_str()))
        );
        let (sum, names) = (&sum["summary"], RATIOS.map(|(name, _)| name));
        for name in names.into_iter().chain(COUNTS.map(|(name, _)| name)).chain(["wall_s"]) {
            assert!(run[name].is_number(), "{profile}: {name} in {run}");
            assert!(
                sum[name]["median"].is_number() && sum[name]["max"].is_number(),
                "{profile}: {name} in {sum}"
            );
        }
        assert!(sum["seed"].is_null() && sum["failed"] == 0);
        assert_eq!((run["stranded"].as_u64(), run["bad_per_pair"].as_u64() <= Some(1)), (Some(0), true));
        let picture = std::fs::read_to_string(&picture).unwrap();
        assert!(picture.starts_with("<svg ") && picture.contains(&profile.to_string()));
    }
}

#[test]
fn wrong_use_is_explained() {
    for (arguments, hint) in [
        ("run nonsense --seed 1", "there are: ttl-expiry"),
        ("run chaos --seed 1 --without gremlins", "half-open"),
        ("sweep chaos --seeds 5..5", "excluded"),
        ("sweep chaos --seeds five", "0..100"),
        ("run chaos", "--seed"),
        ("minimise ttl-expiry --seed 1", "does not fail"),
        ("replay no-such-file", "no-such-file"),
        ("swarm --profile nobody", "seeder-leaves"),
        ("swarm --nodes 2 --chunks 2 --svg /no/such/folder/crowd.svg", "cannot write"),
        ("report chaos --seed 1 -o /no/such/folder/page.html", "cannot write"),
    ] {
        let output = samara_sim(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments}: {said}");
        assert!(said.contains(hint), "{arguments}: {said}");
    }
}
