//! The seeder's rules, seen from outside: only `handle`, `poll` and `deadline`.

#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test panics where it is surprised"
)]

mod seeder_rules {
    mod harness;
    mod trackers;

    mod announcing;
    mod connections;
    mod flood;
    mod leases;
    mod once;
    mod serving;
    mod trace;
}
