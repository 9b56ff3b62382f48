//! `ATTACKS.md` has every row, and every test that it names is there.

use std::fs;
use std::path::Path;

/// Rows of the table, numbered from 1.
const ROWS: usize = 32;

/// A line of the table: its number, its cells.
fn row(line: &str) -> Option<(usize, Vec<&str>)> {
    let cells: Vec<_> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
    Some((cells.first()?.parse().ok()?, cells))
}

/// The tests of a cell: each a path and the name of a function.
fn tests(cell: &str) -> Vec<(&str, &str)> {
    cell.split('`').skip(1).step_by(2).filter_map(|test| test.split_once("::")).collect()
}

/// Is there a test function of this name?
fn has_test(source: &str, name: &str) -> bool {
    let lines: Vec<_> = source.lines().map(str::trim).collect();
    let begins =
        |line: &str, prefix: &str| line.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('('));
    let is_it =
        |line: &str| ["fn ", "async fn "].iter().any(|keyword| begins(line, &format!("{keyword}{name}")));
    let is_attribute = |line: &str| line.starts_with("#[");
    lines.iter().position(|line| is_it(line)).is_some_and(|at| {
        let attributes = lines[..at].iter().rev().take_while(|line| is_attribute(line));
        let of_a_test = |line: &&&str| ["#[test]", "#[tokio::test"].iter().any(|test| line.starts_with(test));
        attributes.filter(of_a_test).count() == 1
    })
}

#[test]
fn every_row_has_its_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = fs::read_to_string(root.join("tests/ATTACKS.md")).unwrap();
    let rows: Vec<_> = table.lines().filter_map(row).collect();
    assert!(rows.iter().map(|(number, _)| *number).eq(1..=ROWS), "{ROWS} rows, in order");
    for (number, cells) in rows {
        let [_, attack, behaviour, tests_of_it] = cells[..] else { panic!("row {number}: {cells:?}") };
        assert!(!attack.is_empty() && !behaviour.is_empty(), "row {number}");
        let tests = tests(tests_of_it);
        assert!(!tests.is_empty(), "row {number} has no test");
        for (path, name) in tests {
            let source = fs::read_to_string(root.join(path));
            let source = source.unwrap_or_else(|error| panic!("row {number}: {path}: {error}"));
            assert!(has_test(&source, name), "row {number}: no test {name} in {path}");
        }
    }
}

#[test]
fn only_a_function_that_is_a_test_counts_as_one() {
    let source = "#[test]\n#[cfg(unix)]\nfn a() {}\n\n    #[tokio::test(flavor = \"x\")]\n    async fn b() {}\n\nfn c() {}\n";
    let is_there = ["a", "b", "c", "d"].map(|name| has_test(source, name));
    assert_eq!(is_there, [true, true, false, false]);
    assert_eq!(tests("`x/y.rs::z`, `a.rs::b`"), [("x/y.rs", "z"), ("a.rs", "b")]);
}
