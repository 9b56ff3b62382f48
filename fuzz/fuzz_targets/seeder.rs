#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| samara_sim::check::seeder(bytes));
