use proptest::prelude::*;

use super::*;

/// What a beginning and a rest become when the rest arrives in pieces of so many characters, and what was told on the way.
fn joined(beginning: &str, rest: &str, manner: Manner, piece: usize) -> (String, Joined) {
    let mut splice = Splice::after(beginning, manner);
    let (mut text, mut told) = (String::new(), beginning.to_owned());
    let chars: Vec<char> = rest.chars().collect();
    for piece in chars.chunks(piece.max(1)) {
        text.extend(piece);
        tell(&mut told, splice.fresh(&text, More::Coming));
    }
    tell(&mut told, splice.fresh(&text, More::Over));
    assert_eq!(splice.fresh(&text, More::Over), None, "nothing is told twice");
    let joined = splice.join(&mut text);
    assert_eq!(text, told, "what is told on the way is what comes out");
    (text, joined)
}

/// As a journal takes pieces: one after the other, or from the start.
fn tell(told: &mut String, fresh: Option<(usize, &str)>) {
    let Some((offset, fresh)) = fresh else { return };
    assert!(offset == told.len() || offset == 0, "a gap at {offset}, {} are told", told.len());
    told.truncate(offset);
    told.push_str(fresh);
}

/// Prose without repetition, of so many sentences.
fn prose(sentences: usize) -> String {
    let letter =
        |n: usize, at: u32| char::from(b"etaoinshrdlcumwfgypbvkjxqz"[(n * 7919 / 26_usize.pow(at)) % 26]);
    let word = |n: usize| (0..2 + n * 5 % 4).map(|at| letter(n * n + n, at as u32)).collect::<String>();
    (0..sentences * 4).map(|n| format!("{}{}", word(n + 3), if n % 4 == 3 { ". " } else { " " })).collect()
}

fn by_prefix(beginning: &str, rest: &str) -> String {
    joined(beginning, rest, Manner::Prefix, 7).0
}

fn by_turn(beginning: &str, rest: &str) -> String {
    joined(beginning, rest, Manner::Turn, 7).0
}

#[test]
fn alone_everything_goes_through_at_once() {
    let mut splice = Splice::alone();
    assert_eq!(splice.fresh("a", More::Coming), Some((0, "a")));
    assert_eq!(splice.fresh("abc", More::Coming), Some((1, "bc")));
    assert_eq!(splice.fresh("abc", More::Over), None);
    let mut text = "abc".to_owned();
    assert_eq!((splice.join(&mut text), text.as_str()), (Joined::Alone, "abc"));
}

#[test]
fn the_opening_is_held_back_until_it_is_judged() {
    let beginning = prose(20);
    let mut splice = Splice::after(&beginning, Manner::Prefix);
    let rest = "x".repeat(199);
    assert_eq!(splice.fresh(&rest, More::Coming), None);
    let rest = "x".repeat(200);
    assert_eq!(splice.fresh(&rest, More::Coming), Some((beginning.len(), rest.as_str())));
}

#[test]
fn an_end_that_comes_again_is_dropped() {
    let whole = prose(40);
    let (beginning, rest) = whole.split_at(600);
    for overlap in [40, 120, 200] {
        let again = format!("{}{rest}", last_chars(beginning, overlap));
        assert_eq!(by_prefix(beginning, &again), whole, "{overlap}");
        assert_eq!(by_turn(beginning, &again), whole, "{overlap}");
    }
    let again = format!("{}{rest}", last_chars(beginning, 15));
    assert_eq!(by_turn(beginning, &again), whole);
    // All that came was there already.
    assert_eq!(by_turn(beginning, last_chars(beginning, 50)), beginning);
}

#[test]
fn what_stands_twice_by_itself_is_no_overlap() {
    for line in ["-".repeat(90), "    }\n".repeat(12), "| --- | --- |\n".repeat(8)] {
        let beginning = format!("{}{line}", prose(20));
        assert_eq!(by_prefix(&beginning, &line), format!("{beginning}{line}"));
    }
    // Two lines of code with a ruler between, twice in a row.
    let block = format!("{}\n```\n    }}\n", "-".repeat(100));
    let beginning = format!("{}{block}", prose(20));
    assert_eq!(by_prefix(&beginning, &block), format!("{beginning}{block}"));
    let row = "a row of a log that is quite long and always the same\n";
    let beginning = format!("{}{row}{row}", prose(20));
    assert_eq!(by_prefix(&beginning, row), format!("{beginning}{row}"), "it was there twice before");
}

#[test]
fn an_answer_that_begins_anew_is_taken_as_a_new_one() {
    let beginning = prose(20);
    let anew = format!("{}And then it goes another way.", prose(5));
    for manner in [Manner::Prefix, Manner::Turn] {
        assert_eq!(joined(&beginning, &anew, manner, 9), (anew.clone(), Joined::Anew));
        // Also where it breaks off before it differs.
        let short = prose(5);
        assert_eq!(joined(&beginning, &short, manner, 9), (short.clone(), Joined::Anew));
    }
    let greeted = format!("Of course, here is the whole answer:\n\n{anew}");
    assert_eq!(joined(&beginning, &greeted, Manner::Turn, 9), (anew, Joined::Anew));
}

#[test]
fn a_beginning_that_is_sent_along_is_no_new_one() {
    let whole = prose(40);
    let (beginning, _) = whole.split_at(700);
    assert_eq!(joined(beginning, &whole, Manner::Prefix, 11), (whole.clone(), Joined::At(700)));
    assert_eq!(joined(beginning, beginning, Manner::Prefix, 11), (beginning.to_owned(), Joined::At(700)));
}

#[test]
fn a_text_that_says_its_start_again_and_again_is_gone_on_from() {
    let verse = "The same words come at the start of every verse of this song, and they are long words. ";
    let beginning = format!("{verse}One. {verse}Two. {verse}Three. ");
    let rest = format!("{verse}Four. The end.");
    assert_eq!(by_prefix(&beginning, &rest), format!("{beginning}{rest}"));
    assert_eq!(by_turn(&beginning, &rest), format!("{beginning}{rest}"));
}

#[test]
fn a_block_is_not_opened_twice() {
    let beginning = format!("{}\n```rust\nfn a() {{\n", prose(10));
    assert_eq!(by_turn(&beginning, "```rust\n    1\n}\n```\n"), format!("{beginning}    1\n}}\n```\n"));
    assert_eq!(by_turn(&beginning, "```\n\nThat was it."), format!("{beginning}```\n\nThat was it."));
    let closed = format!("{beginning}}}\n```\n");
    assert_eq!(by_turn(&closed, "```rust\nfn b() {}\n"), format!("{closed}```rust\nfn b() {{}}\n"));
    // After its line may come what was there.
    let again = format!("```rust\n{}    1\n", last_chars(&beginning, 9));
    let beginning = format!("{}\n```rust\nfn the_long_name() {{\n", prose(10));
    assert_eq!(
        by_turn(&beginning, &again.replace("fn a", "fn the_long_name")),
        format!("{beginning}    1\n")
    );
}

#[test]
fn a_turn_goes_on_behind_a_whole_line_or_word() {
    let long = prose(20);
    let at = |text: &str| text.len() - seam(text);
    assert_eq!(at(&format!("{long}\nlet x = 4")), 9);
    assert_eq!(at(&format!("{long}\n")), 0);
    assert_eq!(at(&format!("{long}half of a wo")), 2);
    let unbroken = "字".repeat(900);
    assert_eq!(seam(&unbroken), unbroken.len());
    assert_eq!(by_turn("It was a long", " day."), "It was a long day.");
    assert_eq!(by_turn("It was a long ", " day."), "It was a long day.");
}

/// Texts as models write them, with what repeats in them: a line over and over, but nothing longer twice in a row, which
/// nobody could tell from a repetition.
fn text() -> impl Strategy<Value = String> {
    const LINES: &[&str] = &["\n\n", "    }\n", "| --- | --- |\n", "-", "```rust\n", "```\n", "same line\n"];
    let run = (prop::sample::select(LINES), 1_usize..60).prop_map(|(line, times)| line.repeat(times));
    let piece = prop_oneof!["[a-z ,.]{1,60}", "[äöü字日🙂 ]{1,30}", run];
    prop::collection::vec(piece, 5..40).prop_map(|pieces| {
        pieces.iter().enumerate().map(|(n, piece)| format!("{piece}{n}")).collect::<String>()
    })
}

proptest! {
    #[test]
    fn an_honest_rest_gives_the_whole_wherever_it_was_cut(
        whole in text(),
        cut in any::<prop::sample::Index>(),
        piece in 1_usize..400,
    ) {
        let cuts: Vec<usize> = whole.char_indices().map(|(at, _)| at).chain([whole.len()]).collect();
        let (beginning, rest) = whole.split_at(*cut.get(&cuts));
        let (text, _) = joined(beginning, rest, Manner::Prefix, piece);
        prop_assert_eq!(text, whole);
    }

    #[test]
    fn nothing_that_comes_upsets_it(beginning in text(), rest in text(), piece in 1_usize..400) {
        for manner in [Manner::Prefix, Manner::Turn] {
            joined(&beginning, &rest, manner, piece);
        }
    }
}
