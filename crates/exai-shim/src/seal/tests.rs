#![allow(clippy::unwrap_used)]

use super::*;

const NOW: u64 = 1_785_240_000_000;
const DIGEST: Digest = [3; 16];

fn seal() -> Seal {
    Seal::new(&[7; 32])
}

fn carried() -> Carried {
    let journal = |n| JournalId::from_bytes([n; 16]);
    let past = Past {
        under: Some(journal(4)),
        accepted_seen: true,
        attempts_seen: 2,
        exposed: Some((journal(5), 1)),
    };
    Carried {
        call_id: CallId::from_bytes([1; 16]),
        fingerprint: Fingerprint::from_bytes([2; 16]),
        digest: DIGEST,
        past,
        round: 3,
        spent_ms: 150_123,
        issued_ms: NOW,
    }
}

#[test]
fn what_is_sealed_comes_back_whole() {
    for past in [carried().past, Past::default()] {
        let carried = Carried { past, ..carried() };
        let text = seal().close(&carried);
        assert_eq!(carried.body().len(), BODY_BYTES);
        assert_eq!(seal().open(&text, DIGEST, NOW + 1), Ok(carried));
        assert_eq!(seal().open(&text, DIGEST, NOW - 3_600_000), Ok(carried), "a clock may be set back");
    }
}

#[test]
fn a_change_anywhere_is_noticed() {
    let text = seal().close(&carried());
    for at in 0..text.len() {
        let mut forged = text.clone().into_bytes();
        forged[at] = if forged[at] == b'0' { b'1' } else { b'0' };
        let forged = String::from_utf8(forged).unwrap();
        assert_eq!(seal().open(&forged, DIGEST, NOW), Err(Unacceptable::Forged), "{at}");
    }
    for forged in [
        "",
        "00",
        text.get(2..).unwrap(),
        &format!("{text}00"),
        &text.to_uppercase(),
        &"ä".repeat(text.len() / 2),
    ] {
        assert_eq!(seal().open(forged, DIGEST, NOW), Err(Unacceptable::Forged), "{forged}");
    }
    assert_eq!(Seal::new(&[8; 32]).open(&text, DIGEST, NOW), Err(Unacceptable::Forged));
}

#[test]
fn it_is_good_for_its_own_call_and_for_a_day() {
    let text = seal().close(&carried());
    assert_eq!(seal().open(&text, [4; 16], NOW), Err(Unacceptable::OtherCall));
    let day = 24 * 3_600_000;
    assert!(seal().open(&text, DIGEST, NOW + day).is_ok());
    assert_eq!(seal().open(&text, DIGEST, NOW + day + 1), Err(Unacceptable::Expired));
}
