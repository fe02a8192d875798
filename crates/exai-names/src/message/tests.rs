use std::net::IpAddr;

use super::{Family, Reply, question, reply};

/// The answer section of a reply: each record with a pointer to the name that was asked for.
fn answer(question: &[u8], flags: [u8; 2], records: &[(u16, &[u8])]) -> Vec<u8> {
    let count = u16::try_from(records.len()).unwrap().to_be_bytes();
    let mut bytes = question[..2].to_vec();
    bytes.extend([flags[0], flags[1], 0, 1, count[0], count[1], 0, 0, 0, 0]);
    bytes.extend(&question[12..]);
    for (kind, data) in records {
        bytes.extend([0xc0, 12]);
        bytes.extend(kind.to_be_bytes());
        bytes.extend([0, 1, 0, 0, 0, 60]);
        bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        bytes.extend(*data);
    }
    bytes
}

#[test]
fn a_question_stands_as_the_rfc_wants_it() {
    let bytes = question(0x1234, "api.z.ai", Family::V6).unwrap();
    assert_eq!(bytes, b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03api\x01z\x02ai\0\0\x1c\0\x01");
}

#[test]
fn what_can_be_no_name_is_no_question() {
    for name in ["", "a..b", ".a", &"x".repeat(64), &["x"; 200].join(".")] {
        assert_eq!(question(1, name, Family::V4), None, "{name}");
    }
}

#[test]
fn addresses_are_found_behind_aliases() {
    let asked = question(7, "simulator", Family::V4).unwrap();
    let alias: &[u8] = b"\x05other\xc0\x0c";
    let bytes = answer(&asked, [0x81, 0x80], &[(5, alias), (1, &[10, 0, 0, 7]), (1, &[10, 0, 0, 8])]);
    let ips: Vec<IpAddr> = vec!["10.0.0.7".parse().unwrap(), "10.0.0.8".parse().unwrap()];
    assert_eq!(reply(&asked, &bytes), Some(Reply::Addresses(ips)));
    let asked = question(7, "simulator", Family::V6).unwrap();
    let bytes = answer(&asked, [0x81, 0x80], &[(28, &[0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9])]);
    assert_eq!(reply(&asked, &bytes), Some(Reply::Addresses(vec!["fd00::9".parse().unwrap()])));
}

#[test]
fn servers_say_no_in_several_ways() {
    let asked = question(7, "x", Family::V4).unwrap();
    for (flags, expected) in [
        ([0x81, 0x80], Reply::Addresses(Vec::new())),
        ([0x81, 0x83], Reply::NoName),
        ([0x81, 0x82], Reply::Failed(2)),
        ([0x83, 0x80], Reply::Truncated),
    ] {
        assert_eq!(reply(&asked, &answer(&asked, flags, &[])), Some(expected));
    }
}

#[test]
fn an_answer_to_something_else_is_none() {
    let asked = question(7, "simulator", Family::V4).unwrap();
    for other in [
        question(8, "simulator", Family::V4).unwrap(),
        question(7, "simulated", Family::V4).unwrap(),
        question(7, "simulator", Family::V6).unwrap(),
    ] {
        assert_eq!(reply(&asked, &answer(&other, [0x81, 0x80], &[])), None);
    }
    assert_eq!(reply(&asked, &asked), None, "a question is no answer");
    let shouted = question(7, "SIMULATOR", Family::V4).unwrap();
    assert!(reply(&asked, &answer(&shouted, [0x81, 0x80], &[])).is_some(), "case does not count");
}

#[test]
fn damage_is_no_address() {
    let asked = question(7, "simulator", Family::V4).unwrap();
    let whole = answer(&asked, [0x81, 0x80], &[(1, &[10, 0, 0, 7])]);
    for length in 0..whole.len() {
        let reply = reply(&asked, &whole[..length]);
        assert!(matches!(reply, None | Some(Reply::Failed(_))), "{length} bytes: {reply:?}");
    }
    let short = answer(&asked, [0x81, 0x80], &[(1, &[10, 0, 0])]);
    assert_eq!(reply(&asked, &short), Some(Reply::Failed(1)));
}
