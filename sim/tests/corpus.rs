//! Every committed fuzz input, through its check: what was once found stays found.

use std::fs;
use std::path::Path;

use samara_sim::check;

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus"))
}

#[test]
fn every_committed_input_holds() {
    for (name, check) in check::ALL {
        let inputs = fs::read_dir(folder().join(name)).expect("each check has a corpus");
        let mut count = 0;
        for input in inputs {
            let path = input.expect("readable").path();
            eprintln!("{}", path.display()); // shown if the check panics
            check(&fs::read(&path).expect("readable"));
            count += 1;
        }
        assert!(count >= 10, "{name} has only {count} inputs");
    }
}

#[test]
fn every_corpus_and_target_has_its_check() {
    let mut names: Vec<_> = check::ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    names.sort();
    let listed = |folder: &Path| {
        let mut all: Vec<_> = fs::read_dir(folder)
            .expect("readable")
            .map(|entry| {
                entry.expect("readable").path().file_stem().expect("named").to_string_lossy().into_owned()
            })
            .collect();
        all.sort();
        all
    };
    assert_eq!(listed(folder()), names);
    assert_eq!(listed(&folder().join("../fuzz_targets")), names);
}
