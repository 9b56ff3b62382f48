//! What a user is told when the disk fails.

use samara::store::{DiskError, DiskErrorKind};

#[test]
fn a_disk_error_says_what_was_being_done_and_what_was_in_the_way() {
    let said = |kind| DiskError { kind, doing: "writing the part file", os: Some(28) }.to_string();
    assert_eq!(
        said(DiskErrorKind::Full),
        "writing the part file: no space left (or a size limit is reached)"
    );
    assert_eq!(said(DiskErrorKind::Denied), "writing the part file: permission denied");
    let why = |kind| said(kind).split_once(": ").unwrap().1.to_owned();
    assert_eq!(why(DiskErrorKind::NoFolder), "the folder does not exist");
    assert_eq!(why(DiskErrorKind::Exists), "the target exists");
    assert_eq!(why(DiskErrorKind::Locked), "another process is downloading the same file");
    assert_eq!(why(DiskErrorKind::NotPlain), "the part file is not a plain file with one link");
    assert_eq!(why(DiskErrorKind::Foreign), "what is there is not of this download");
}
