use super::support::*;
use samara::tracker::Config;
use samara::wire::Message;
use samara::wire::message::{Digest, HolderAddr, Refusal, Update, UpdateSet};

fn advertising(
    world: &mut World,
    from: &str,
    port: u16,
    advertise: Option<&str>,
) -> Result<HolderAddr, Refusal> {
    let mut peer = world.connect(from, 1);
    let update = Update {
        port,
        advertise: advertise.map(|addr| addr.parse().unwrap()),
        generation: 1,
        page: 0,
        last: true,
        base: Digest::default(),
        set: UpdateSet::All(vec![complete(1)]),
    };
    granted(world.ask(&mut peer, Message::Update(update))).map(|_| world.holders(1)[0].addr)
}

#[test]
fn the_source_address_is_handed_out_and_nothing_out_of_the_message() {
    assert_eq!(advertising(&mut World::new(), "10.0.0.1", 7, None), Ok(at("10.0.0.1", 7)));
    assert_eq!(advertising(&mut World::new(), "10.0.0.1", 7, Some("192.0.2.1:80")), Ok(at("10.0.0.1", 7)));
    assert_eq!(advertising(&mut World::new(), "::ffff:10.0.0.1", 7, None), Ok(at("10.0.0.1", 7)));
}

#[test]
fn only_trusted_sources_advertise() {
    let trusting = || {
        let trust_advertised = vec![("10.1.0.0".parse().unwrap(), 16)];
        World::with(Config { trust_advertised, ..Config::default() })
    };
    let outside = Some("192.0.2.1:80");
    assert_eq!(advertising(&mut trusting(), "10.1.2.3", 7, outside), Ok(at("192.0.2.1", 80)));
    assert_eq!(advertising(&mut trusting(), "10.2.2.3", 7, outside), Ok(at("10.2.2.3", 7)));
    assert_eq!(advertising(&mut trusting(), "10.1.2.3", 7, None), Ok(at("10.1.2.3", 7)));
    for bad in ["192.0.2.1:0", "0.0.0.0:80", "224.0.0.1:80", "127.0.0.1:80", "[ff02::1]:80"] {
        assert_eq!(advertising(&mut trusting(), "10.1.2.3", 7, Some(bad)), Err(Refusal::Denied), "{bad}");
    }
}

#[test]
fn a_port_that_can_not_be_dialled_is_denied() {
    let mut world = World::new();
    assert_eq!(advertising(&mut world, "10.0.0.1", 0, None), Err(Refusal::Denied));
    assert_eq!(advertising(&mut world, "224.0.0.1", 7, None), Err(Refusal::Denied));
    assert_eq!(world.holders(1), []);
}

#[test]
fn holders_on_the_trackers_host_have_no_address() {
    // The tracker was reached at 10.9.9.9.
    for from in ["127.0.0.1", "::1", "10.9.9.9", "::ffff:10.9.9.9"] {
        assert_eq!(advertising(&mut World::new(), from, 7, None), Ok(HolderAddr::SameHost(7)), "{from}");
    }
}

#[test]
fn one_port_of_this_host_is_one_node_however_it_connects() {
    let mut world = World::new();
    let first = world.holder("127.0.0.1", 1, &[complete(1)]);
    let mut second = world.connect("10.9.9.9", 2);
    assert_eq!(world.try_announce(&mut second, &[complete(1)]), Err(Refusal::PortInUse));
    world.close(&first);
    world.announce(&mut second, &[complete(1)]);
    assert_eq!(world.holders(1).len(), 1);
}
