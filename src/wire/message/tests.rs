use super::*;

fn at(text: &str) -> HolderAddr {
    HolderAddr::At(text.parse().unwrap())
}

#[test]
fn same_host_is_where_the_tracker_was_reached() {
    let tracker = "10.0.0.9".parse().unwrap();
    assert_eq!(HolderAddr::SameHost(7).resolve(tracker), Some("10.0.0.9:7".parse().unwrap()));
    assert_eq!(HolderAddr::SameHost(0).resolve(tracker), None);
}

#[test]
fn addresses_that_must_not_be_dialled_are_not() {
    let (far, near) = ("10.0.0.9".parse().unwrap(), "127.0.0.1".parse().unwrap());
    assert_eq!(at("127.0.0.1:5").resolve(far), None);
    assert_eq!(at("[::ffff:127.0.0.1]:5").resolve(far), None);
    assert!(at("127.0.0.1:5").resolve(near).is_some());
    for bad in ["0.0.0.0:5", "[::]:5", "224.0.0.1:5", "255.255.255.255:5", "[ff02::1]:5", "10.0.0.1:0"] {
        assert_eq!(at(bad).resolve(near), None, "{bad}");
    }
    assert!(at("10.0.0.1:5").resolve(far).is_some());
}
