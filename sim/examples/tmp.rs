use samara_sim::{file, host::Order, trace::Detail, world::World};
use samara::{node, tracker};
use std::time::{Duration, Instant};
fn main() {
    let a: Vec<usize> = std::env::args().skip(1).map(|a| a.parse().unwrap()).collect();
    let (n, m) = (a[0], a[1]);
    let bytes = file::random(m * 1024, 1);
    let seed = file::seed(&bytes, 1024);
    let mut w = World::new(1, Detail::Nothing);
    let mut tc = tracker::Config::default(); tc.max_connections = 0;
    let t = w.tracker("t", tc);
    let s = w.node("s", &[t], node::Config::default());
    w.place(s).up = 12_000; w.place(s).down = 12_000;
    w.share(s, "file", &bytes, seed.clone());
    w.run_for(Duration::from_secs(1));
    let t0 = w.now();
    let wall = Instant::now();
    let gets: Vec<_> = (0..n).map(|i| {
        let h = w.node(&format!("d{i}"), &[t], node::Config::default());
        w.place(h).up = 12_000; w.place(h).down = 12_000;
        let mut o = Order::new("file", file::pinned(&seed));
        o.config.stall_timeout = Duration::from_secs(600);
        (h, w.download(h, o))
    }).collect();
    let mut steps = 0u64;
    loop {
        for _ in 0..10000 { w.step(); steps += 1; }
        let done = gets.iter().filter(|(h, f)| w.outcome(*h, *f).is_some()).count();
        if done == n || (w.now() - t0).as_secs() > 400 { break }
        if steps % 1000000 == 0 { eprintln!("{} steps {} done {} wall {:?}", w.now(), steps, done, wall.elapsed()); }
    }
    let fails = gets.iter().filter(|(h, f)| matches!(w.outcome(*h, *f), Some(samara_sim::host::Report::Failed{..}))).count();
    println!("sim {:?} chunk time {:?} bound {:?} steps {} fails {fails} wall {:?} mistakes {}", w.now() - t0, 1024.0/12000.0, m as f64 * 1024.0/12000.0, steps, wall.elapsed(), w.mistakes().len());
}
