use samara_sim::scenario::{self, Options};
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let n: u64 = a[2].parse().unwrap(); let m: u64 = a[3].parse().unwrap();
    for s in scenario::all().filter(|s| a[1] == "all" || s.name == a[1]) {
        let t = std::time::Instant::now();
        let mut bad = 0; let mut shown = 0; let mut sim = 0.0; let mut ev = 0;
        for seed in n..m {
            let mut o = Options::new(seed);
            if a.get(4).is_some() { o.detail = samara_sim::trace::Detail::All; }
            let v = scenario::run(s, &o);
            sim += v.simulated.as_secs_f64(); ev += v.events;
            if a.get(4).is_some() { println!("{}", v.trace); }
            if !v.is_ok() { bad += 1; if shown < 4 { shown += 1; println!("  {} {} {}", s.name, seed, v.failure.unwrap().chars().take(400).collect::<String>()); } }
        }
        println!("{:20} bad {bad}/{} sim {sim:.0}s events {ev} wall {:?}", s.name, m - n, t.elapsed());
    }
}
