//! `samara share`: two commands, two machines.

use std::process::Command;

use crate::world::{CHUNK, Running, World, finish, sha256, text};

#[test]
fn a_shared_file_is_got_with_the_printed_line_alone() {
    let world = World::new();
    let file = world.file("it's a file", 5 * CHUNK, 1);
    let mut share = world.spawn(&["share", "it's a file", "--listen", "127.0.0.1:0"]);
    let line = loop {
        let line = share.line().expect("a line that gets the file");
        if line.contains("samara get") {
            break line;
        }
    };
    std::fs::create_dir(world.at("there")).unwrap();
    let ended = finish(world.wrapped("sh", &["-c", &format!("cd there && {line}")]));
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(sha256(&world.at("there/it's a file")), sha256(&file));
    share.signal("INT");
    assert_eq!(share.wait().code, 130);
}

#[test]
fn two_shares_run_on_one_machine() {
    let world = World::new();
    for (name, salt) in [("a", 1), ("b", 2)] {
        world.file(name, 1000, salt);
    }
    let mut shares = ["a", "b"].map(|name| world.spawn(&["share", name, "--json"]));
    for (share, copy) in shares.iter_mut().zip(["copy a", "copy b"]) {
        let link = text(&share.event("seeding"), "link");
        world.expect(0, &["get", &link, "-o", copy]);
    }
}

#[test]
fn the_link_says_the_host_that_the_user_wants() {
    let world = World::new();
    world.file("f", 1000, 1);
    let mut share =
        world.spawn(&["share", "f", "--listen", "127.0.0.1:0", "--link-host", "localhost", "--json"]);
    let link = text(&share.event("seeding"), "link");
    assert!(link.contains("tr=localhost"), "{link}");
    world.expect(0, &["get", &link, "-o", "copy"]);
}

/// Two hosts on one cable. Needs the right to make network namespaces; without it the test says so and passes.
#[cfg(target_os = "linux")]
#[test]
fn another_host_gets_it_and_nobody_dials_loopback_by_mistake() {
    let Some(cable) = Cable::lay() else {
        eprintln!("skipped: network namespaces are not allowed here");
        return;
    };
    let world = World::new();
    let file = world.file("f", 5 * CHUNK, 1);
    let mut share = Running::start(cable.on(&world, &cable.near, &["share", "f", "--json"]));
    let link = text(&share.event("seeding"), "link");
    assert!(link.contains("10.77.0.1"), "{link}");
    let ended = finish(cable.on(&world, &cable.far, &["get", &link, "-o", "copy", "--json"]));
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!(sha256(&world.at("copy")), sha256(&file));
    let source = text(&ended.event("done")["sources"][0], "addr");
    assert!(source.starts_with("10.77.0.1:"), "{source}");
}

/// Two network namespaces and a pair of virtual interfaces between them.
#[cfg(target_os = "linux")]
struct Cable {
    near: String,
    far: String,
}

#[cfg(target_os = "linux")]
impl Cable {
    fn lay() -> Option<Self> {
        let id = std::process::id();
        let cable = Self { near: format!("samara-a{id}"), far: format!("samara-b{id}") };
        let (a, b) = (format!("sa{id}"), format!("sb{id}"));
        let steps = [
            format!("netns add {}", cable.near),
            format!("netns add {}", cable.far),
            format!("link add {a} netns {} type veth peer name {b} netns {}", cable.near, cable.far),
            format!("-n {} addr add 10.77.0.1/24 dev {a}", cable.near),
            format!("-n {} addr add 10.77.0.2/24 dev {b}", cable.far),
            format!("-n {} link set {a} up", cable.near),
            format!("-n {} link set {b} up", cable.far),
            format!("-n {} link set lo up", cable.near),
            format!("-n {} link set lo up", cable.far),
        ];
        steps.iter().all(|step| ip(step)).then_some(cable)
    }

    /// `samara` on one of the two hosts.
    fn on(&self, world: &World, host: &str, args: &[&str]) -> Command {
        world.wrapped("ip", &[&["netns", "exec", host, env!("CARGO_BIN_EXE_samara")], args].concat())
    }
}

#[cfg(target_os = "linux")]
impl Drop for Cable {
    fn drop(&mut self) {
        ip(&format!("netns del {}", self.near));
        ip(&format!("netns del {}", self.far));
    }
}

#[cfg(target_os = "linux")]
fn ip(args: &str) -> bool {
    Command::new("ip").args(args.split(' ')).output().is_ok_and(|output| output.status.success())
}
