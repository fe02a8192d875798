use super::*;
use crate::before::Fate;
use crate::cause::StallClock;
use crate::kept::KeptSeam;

/// A part of so many characters that took so many seconds.
fn part(chars: usize, seconds: u64, broke: Broke) -> Part {
    let words = (0..).flat_map(|n: u32| format!("word {n} ").into_bytes());
    let text: String = words.take(chars).map(char::from).collect();
    Part {
        provider: "kimi".to_owned(),
        model: "kimi-k3".to_owned(),
        broke,
        answer: Answer::of_text(&text),
        seams: Vec::new(),
        generated: Duration::from_secs(seconds),
        unreadable: 0,
    }
}

const CUT: Broke = Broke::Failed(Cause::Cut);

const KIMI: Candidacy<'_> =
    Candidacy { provider: "kimi", prefix: Prefix::Partial, output: 32_768, is_last_attempt: false };

const GLM: Candidacy<'_> = Candidacy { provider: "glm", prefix: Prefix::None, ..KIMI };

fn how(part: Part, candidacy: Candidacy<'_>) -> Option<How> {
    plan(&Arc::new(part), candidacy).map(|plan| plan.how)
}

const NATIVE: Option<How> = Some(How::Prefix(Prefix::Partial));

#[test]
fn what_was_lost_with_the_daemon_is_gone_on_from_where_the_provider_can() {
    for broke in [Broke::DaemonLost, Broke::DaemonRestart] {
        assert_eq!(how(part(200, 0, broke), KIMI), NATIVE);
        assert_eq!(how(part(199, 0, broke), KIMI), None);
        // For another provider, and by a turn, it must be worth the seam.
        let other = Candidacy { provider: "mistral", ..KIMI };
        assert_eq!((how(part(900, 0, broke), other), how(part(900, 0, broke), GLM)), (None, None));
        let long = || part(30_000, 0, broke);
        assert_eq!((how(long(), other), how(long(), GLM)), (NATIVE, Some(How::Turn)));
    }
}

#[test]
fn what_broke_off_is_gone_on_from_where_it_is_worth_a_seam() {
    for broke in [CUT, Broke::Failed(Cause::Stall(StallClock::Idle))] {
        for (candidacy, yes) in [(KIMI, NATIVE), (GLM, Some(How::Turn))] {
            assert_eq!(how(part(22_000, 60, broke), candidacy), None);
            assert_eq!(how(part(24_000, 0, broke), candidacy), yes, "a fifth of the longest output");
            assert_eq!(how(part(900, 61, broke), candidacy), yes, "a minute of generation");
            let last = Candidacy { is_last_attempt: true, ..candidacy };
            assert_eq!(how(part(900, 0, broke), last), yes, "no attempt is left");
            assert_eq!(how(part(199, 90, broke), last), None);
        }
    }
}

#[test]
fn only_plain_text_is_taken_up_in_the_middle() {
    let long = || part(30_000, 90, CUT);
    let last = Candidacy { is_last_attempt: true, ..KIMI };
    assert_eq!(how(long(), last), NATIVE);
    let mut calling = long();
    calling.answer.tool_calls.push(crate::reply::ToolCall::default());
    let thinking = Part { answer: Answer::of_text(&format!("<think>\n{}", long().answer.text)), ..long() };
    let stopped = Part { broke: Broke::Failed(Cause::Policy), ..long() };
    let holed = Part { unreadable: 1, ..long() };
    for part in [calling, thinking, stopped, holed] {
        assert_eq!(how(part, last), None);
    }
}

#[test]
fn a_turn_keeps_whole_words_and_a_prefix_keeps_all() {
    let part = Arc::new(part(30_003, 0, Broke::DaemonLost));
    let text = &part.answer.text;
    assert_eq!(plan(&part, KIMI).unwrap().beginning(), text);
    let kept = plan(&part, GLM).unwrap();
    assert!(kept.beginning().ends_with(' ') && text.len() - kept.beginning().len() < 10);
}

#[test]
fn seams_are_counted_in_characters_and_kept_in_order() {
    let mut first = part(300, 0, Broke::DaemonLost);
    first.answer.text = "ä".repeat(300);
    let seams = plan(&Arc::new(first), KIMI).unwrap().seams("kimi-k3");
    let seam = |at_char, to: &str, cause| Continued {
        at_char,
        from_model: "kimi-k3".to_owned(),
        to_model: to.to_owned(),
        cause,
    };
    assert_eq!(seams, [seam(300, "kimi-k3", Broke::DaemonLost)]);
    let second = Part { seams: seams.clone(), ..part(900, 61, CUT) };
    assert_eq!(
        plan(&Arc::new(second), KIMI).unwrap().seams("other"),
        [seam(300, "kimi-k3", Broke::DaemonLost), seam(900, "other", CUT)]
    );
    // A turn goes on from a whole word, here from before the seam: what is there is the first model's.
    let second = Part { model: "other".to_owned(), seams, ..part(301, 61, CUT) };
    assert_eq!(
        plan(&Arc::new(second), Candidacy { is_last_attempt: true, ..GLM }).unwrap().seams("glm-5.3"),
        [seam(299, "glm-5.3", CUT)]
    );
}

#[test]
fn kept_text_tells_how_it_was_lost() {
    let kept = Kept { attempt: 2, provider: "kimi", model: "kimi-k3", text: "half", seams: &[] };
    let before = |n, fate| Before { n, provider: "kimi".to_owned(), model: "kimi-k3".to_owned(), fate };
    let broke = |before: &[Before]| Part::of_kept(kept, before).unwrap().broke;
    assert_eq!(broke(&[before(1, Fate::Cut), before(2, Fate::Lost)]), Broke::DaemonLost);
    assert_eq!(broke(&[before(1, Fate::Lost), before(2, Fate::Cut)]), Broke::DaemonRestart);
    assert!(Part::of_kept(Kept { text: " \n", ..kept }, &[]).is_none());
}

#[test]
fn kept_text_tells_whose_its_parts_are() {
    let seams = [KeptSeam { at: 6, attempt: 1 }, KeptSeam { at: 12, attempt: 2 }];
    let kept =
        Kept { attempt: 3, provider: "kimi", model: "kimi-k3", text: "ääääääääää", seams: &seams };
    let before = |n, model: &str, fate| Before { n, provider: "p".to_owned(), model: model.to_owned(), fate };
    let before =
        [before(1, "glm-5.3", Fate::Cut), before(2, "other", Fate::Lost), before(3, "kimi-k3", Fate::Lost)];
    let seam = |at_char, from: &str, to: &str, cause| Continued {
        at_char,
        from_model: from.to_owned(),
        to_model: to.to_owned(),
        cause,
    };
    let told =
        [seam(3, "glm-5.3", "other", Broke::DaemonRestart), seam(6, "other", "kimi-k3", Broke::DaemonLost)];
    assert_eq!(Part::of_kept(kept, &before).unwrap().seams, told);
    let salvaged = crate::Reply::of_kept(kept, &before, None, String::new()).unwrap();
    assert_eq!(salvaged.continued, told);
}
