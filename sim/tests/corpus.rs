//! Every committed fuzz input, through its check: what was once found stays found.

use std::fs;
use std::panic;
use std::path::Path;

use samara_sim::check;

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus"))
}

/// Names in a folder of `fuzz`, without what follows a dot, sorted.
fn listed(folder: &Path) -> Vec<String> {
    let name =
        |entry: std::io::Result<fs::DirEntry>| entry.expect("readable").path().file_stem().map(Into::into);
    let names = fs::read_dir(folder).expect("readable").filter_map(name);
    let mut all: Vec<_> = names.map(|name: std::ffi::OsString| name.to_string_lossy().into_owned()).collect();
    all.sort();
    all
}

/// All inputs of one check, as far as it holds: one test each, so that they run side by side.
fn replay(name: &str) {
    let (_, check) = check::ALL.iter().find(|(known, _)| *known == name).expect("a check");
    let (mut count, mut bytes) = (0, 0);
    for input in fs::read_dir(folder().join(name)).expect("each check has a corpus") {
        let path = input.expect("readable").path();
        let input = fs::read(&path).expect("readable");
        (count, bytes) = (count + 1, bytes + input.len());
        if panic::catch_unwind(|| check(&input)).is_err() {
            panic!("{} fails its check", path.display());
        }
    }
    assert!((10..=1_000).contains(&count) && bytes < 2 << 20, "{name} has {count} inputs of {bytes} bytes");
}

macro_rules! replay {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            replay(stringify!($name));
        })*

        #[test]
        fn every_check_has_its_target_and_its_corpus() {
            let names: Vec<_> = check::ALL.iter().map(|(name, _)| *name).collect();
            assert_eq!(names, [$(stringify!($name)),*]);
            assert_eq!(listed(folder()), names);
            assert_eq!(listed(&folder().join("../fuzz_targets")), names);
        }
    };
}

replay! { download frame have journal link name recording seed_file seeder stream swarm tracker }
