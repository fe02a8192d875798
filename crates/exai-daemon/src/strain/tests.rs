use exai_session::Strain;

use super::sentence;

#[test]
fn what_is_the_matter_is_said_with_what_to_do() {
    let refused =
        |waiting, full, why: &str| sentence(&Strain::Refused { waiting, full, why: why.to_owned() });
    let full = refused(2, true, "the journal is full: the disk is full");
    assert!(full.contains("2 answers wait") && full.contains("the disk is full; free some space"), "{full}");
    let broken = refused(0, false, "the journal can't be written: it is read-only");
    assert!(broken.starts_with("new calls wait: the journal") && broken.contains("look after"), "{broken}");
    assert!(sentence(&Strain::Filled).contains("EXAI_JOURNAL_MAX"));
}
