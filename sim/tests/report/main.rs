//! Reports of made-up runs: what has to be on the page, and what must not break it.
//!
//! The pages are left in `target/tmp/report-*.html`, to be looked at.

mod swarm;

use std::fs;
use std::path::Path;

use samara::Time;
use samara_sim::history::{History, Kind, Moment};
use samara_sim::report::{self, Header, html};
use samara_sim::swarm::{Crowd, Profile, RATE};

/// The page of a run, left where it can be looked at.
fn page(name: &str, history: &History, header: &Header) -> String {
    let page = html(history, header);
    fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("report-{name}.html")), &page)
        .expect("the folder for tests' files can be written to");
    page
}

/// Checks that all tags are closed in order and that all attributes are quoted: no text became markup.
fn check_markup(page: &str) {
    let (mut open, mut rest) = (Vec::new(), page.strip_prefix("<!DOCTYPE html>").expect("a doctype"));
    while let Some(start) = rest.find('<') {
        assert!(!rest[..start].contains('>'), "a stray >: {}", &rest[..start]);
        let end = start + rest[start..].find('>').expect("a tag ends");
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "before {}", &rest[..rest.len().min(80)]);
            continue;
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes in <{tag}>");
        assert!(!tag.contains('<'), "a tag in a tag: <{tag}>");
        let name = tag.split([' ', '/']).next().expect("a name");
        assert!(name.chars().all(|char| char.is_ascii_alphanumeric()), "a name: {name}");
        if tag.ends_with('/') {
            continue;
        }
        if matches!(name, "style" | "script") {
            // What is in these isn't markup; our own text, and nothing of a run's.
            rest = &rest[rest.find("</").expect("an end")..];
        }
        open.push(name);
    }
    assert!(open.is_empty(), "never closed: {open:?}");
}

/// Checks that opening the page asks nobody for anything.
fn check_alone(page: &str) {
    let known = "http://www.w3.org/2000/svg";
    let elsewhere = page.replace(known, "");
    for outside in ["http:", "https:", "src=", "@import", "url(http", "url(//", "<link", "<iframe"] {
        assert!(!elsewhere.contains(outside), "{outside}");
    }
    assert!(page.split("href=\"").skip(1).all(|href| href.starts_with('#')), "a link that leads away");
}

#[test]
fn a_dozen_hosts_in_trouble() {
    let history = swarm::run(12, 48, 7);
    let header = Header {
        failure: Some("n-05 has not the whole file after 14 s: it holds 41 of 48 chunks".into()),
        ..swarm::header("trouble", &history)
    };
    let page = page("12", &history, &header);
    check_markup(&page);
    check_alone(&page);
    assert!(page.contains("✗ failed") && page.contains("it holds 41 of 48 chunks"));
}

#[test]
fn fifty_hosts_have_lanes_with_names() {
    let history = swarm::run(50, 128, 3);
    let page = page("50", &history, &swarm::header("fifty", &history));
    check_markup(&page);
    check_alone(&page);
    for host in &history.hosts {
        assert!(page.contains(&format!(">{}</text>", host.name)), "{}", host.name);
    }
    assert!(page.contains("✓ all is well"));
}

#[test]
fn a_thousand_hosts_fit_on_a_page_of_sane_size() {
    let history = swarm::run(1_000, 256, 1);
    let page = page("1000", &history, &swarm::header("thousand", &history));
    check_markup(&page);
    check_alone(&page);
    assert!(page.len() < 3 << 20, "{} bytes", page.len());
    assert!(page.matches("<tr>").count() <= 208, "{} rows", page.matches("<tr>").count());
    assert!(page.contains("… and "), "what was left out is counted");
}

#[test]
fn of_more_hosts_than_lanes_every_so_many_is_drawn() {
    let history = swarm::run(3_000, 16, 5);
    let page = page("3000", &history, &swarm::header("many", &history));
    check_markup(&page);
    assert!(page.contains("one in 3 is drawn"));
    assert!(page.len() < 3 << 20, "{} bytes", page.len());
}

#[test]
fn the_same_run_makes_the_same_page() {
    let make = || {
        let history = swarm::run(20, 32, 9);
        html(&history, &swarm::header("twice", &history))
    };
    assert_eq!(make(), make());
}

#[test]
fn names_and_reasons_are_only_text() {
    let evil = "</title></svg><script>alert('1')</script>\"&\u{0}\u{1b}[31m";
    let mut history = History::new(1);
    let hosts =
        [Kind::Tracker, Kind::Seeder, Kind::Downloader, Kind::Hostile].map(|kind| history.host(evil, kind));
    let at = Time::from_micros(1_000);
    let (host, whom) = (hosts[2], hosts[3]);
    history.add(at, Moment::Banned { host, whom, why: evil.into() });
    history.add(at, Moment::Stale { host, whom, why: evil.into() });
    history.add(at, Moment::Failed { host, why: evil.into() });
    let header = Header {
        scenario: evil.into(),
        failure: Some(evil.into()),
        replay: evil.into(),
        trace_hash: evil.into(),
        unfired: vec![evil.into()],
        ..Header::default()
    };
    let page = page("evil", &history, &header);
    check_markup(&page);
    assert!(!page.contains("alert('1')") && !page.contains('\u{0}') && !page.contains('\u{1b}'));
    assert_eq!(page.matches("<script>").count(), 1, "our own");
}

#[test]
fn each_kind_of_moment_shows_up() {
    let mut history = History::new(4);
    let tracker = history.host("tracker", Kind::Tracker);
    let from = history.host("seeder", Kind::Seeder);
    let host = history.host("node", Kind::Downloader);
    let late = history.host("late", Kind::Downloader);
    let whom = history.host("liar", Kind::Hostile);
    let at = |number: u64| Time::from_micros(number * 100_000);
    let moments = [
        Moment::Up { host },
        Moment::Verified { host, from: Some(from), index: 0, bytes: 1_000 },
        Moment::Down { host, how: "crashed" },
        Moment::Up { host },
        Moment::Resumed { host, chunks: 1 },
        Moment::Bad { host, from: whom },
        Moment::Banned { host, whom, why: "one bad chunk".into() },
        Moment::Stale { host, whom, why: "answered Absent".into() },
        Moment::Refuted { host },
        Moment::Expired { tracker, host: whom },
        Moment::Done { host },
        Moment::Failed { host: late, why: "disk is full".into() },
        Moment::Fault { kind: "one-way cut", hosts: vec![host, late], until: Some(at(15)) },
        Moment::Fault { kind: "clock jump", hosts: Vec::new(), until: None },
    ];
    for (moment, number) in moments.into_iter().zip(1..) {
        history.add(at(number), moment);
    }
    let page = page("each", &history, &Header::default());
    check_markup(&page);
    for says in [
        "node started",
        "seeder → node: 1<",
        "crashed, back after 0.10 s",
        "liar sent bad chunks to node",
        "one bad chunk",
        "answered Absent",
        "hash lists refuted by node",
        "tracker forgot liar",
        "node has the whole file",
        "disk is full",
        "one-way cut: node, late",
        "clock jump",
    ] {
        assert!(page.contains(says), "{says}");
    }
}

#[test]
fn odd_runs_have_a_page() {
    let mut lonely = History::new(0);
    lonely.host("alone", Kind::Downloader);
    // Hosts that nobody ever added: a mistake of whoever took it down, but no reason to show nothing.
    let mut wrong = History::new(2);
    let (host, whom, from) = (7, 8, Some(9));
    for moment in [
        Moment::Up { host },
        Moment::Verified { host, from, index: 99, bytes: u64::MAX },
        Moment::Banned { host, whom, why: String::new() },
        Moment::Fault { kind: "cut", hosts: vec![host], until: Some(Time::ZERO) },
    ] {
        wrong.add(Time::ZERO, moment);
    }
    for history in [History::default(), lonely, wrong] {
        check_markup(&html(&history, &Header::default()));
    }
}

#[test]
fn a_crowd_is_one_picture() {
    let crowd =
        Crowd { nodes: 12, chunks: 16, rate: RATE, fifo: false, profile: Profile::Poisoners, seed: 0 };
    let runs: Vec<_> = (0..3).map(|seed| Crowd { seed, ..crowd }.run()).collect();
    for runs in [&runs[..1], &runs] {
        let picture = report::crowd(&crowd, runs);
        check_markup(&format!("<!DOCTYPE html>{picture}"));
        check_alone(&picture);
        assert!(picture.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox="));
        assert!(picture.contains("prefers-color-scheme:dark"), "it is read at night, too");
        for text in ["poisoners", "12 nodes, 16 chunks", "fluid bound", "last / bound", "bad chunks"] {
            assert!(picture.contains(text), "{text}");
        }
        assert_eq!(
            picture.matches("class=\"held\"").count(),
            runs.len() + 1,
            "a curve a run, and the legend"
        );
    }
}

#[test]
fn a_crowd_that_never_finished_is_drawn_as_well() {
    let crowd =
        Crowd { nodes: 3, chunks: 4, rate: RATE, fifo: false, profile: Profile::Homogeneous, seed: 0 };
    let mut run = crowd.run();
    (run.stranded, run.last_over_fluid) = (3, f64::INFINITY);
    (run.curve.done, run.curve.held) = (Vec::new(), vec![0.0, 0.25, 0.5]);
    let picture = report::crowd(&crowd, &[run]);
    check_markup(&format!("<!DOCTYPE html>{picture}"));
    assert!(picture.contains("never") && !picture.contains("all of them"));
    assert!(!picture.contains("inf") && !picture.contains("NaN"));
}
