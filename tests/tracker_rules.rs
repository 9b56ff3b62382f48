//! The tracker's rules, seen from outside: only `handle`, `poll` and `deadline`.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which clippy does not take for tests")]
#![expect(clippy::cast_possible_truncation, reason = "small numbers")]

mod tracker_rules {
    mod support;

    mod addresses;
    mod conversation;
    mod leases;
    mod listing;
    mod paging;
    mod quotas;
    mod removal;
    mod replays;
    mod sampling;
    mod ttl;
}
