//! How long a usable answer takes under each fault, for docs/benchmarks.md.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use super::{Played, calls, connecting, ends, refusals, silence, sleeping, slow, stuck, wire};
use crate::*;

const DOCS: &str = include_str!("../../../../../../docs/benchmarks.md");
const HEAD: &str = "| fault | the first provider … | fast model | model that thinks | answered by | requests |\n|---|---|---|---|---|---|\n";

/// Faults after which nobody waits for an answer, or that only whole processes and sockets have.
const TIMELESS: [u32; 5] = [29, 30, 31, 33, 34];

thread_local! {
    /// What the tests on this thread have measured.
    static ROWS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

impl Played {
    /// A row of the table: the numbers of the faults, and what the provider does.
    pub(super) fn row(&self, faults: &str, what: &str) {
        let told = |time: Option<Duration>| time.map_or_else(|| "–".to_owned(), seconds);
        let (fast, thinking) = (told(Some(self.took)), told(self.thinking));
        let requests = match (self.counts, self.attempts()[0].provider.as_str()) {
            ((0, kimi), "kimi") => kimi.to_string(),
            ((glm, 0), _) => glm.to_string(),
            ((glm, kimi), _) => format!("{glm} + {kimi}"),
        };
        let by = self.answered_by();
        let row = format!("| {faults} | {what} | {fast} | {thinking} | {by} | {requests} |\n");
        ROWS.with_borrow_mut(|rows| rows.push(row));
    }

    fn answered_by(&self) -> String {
        let reply = match &self.outcome {
            Ok(reply) => reply,
            Err(failure) => return format!("nobody: `{}`", failure.code()),
        };
        let is_same = self.attempts().iter().all(|attempt| attempt.provider == reply.provider);
        let model = if is_same { "the same model" } else { "the fallback" };
        match &reply.ending {
            Ending::Partial(_) => return format!("{model}, what there was"),
            Ending::Truncated => return format!("{model}, cut short"),
            Ending::Whole | Ending::Unterminated => {}
        }
        match (reply.continued.is_empty(), is_same && self.attempts().len() > 1) {
            (false, _) => format!("{model}, going on"),
            (true, true) => format!("{model}, asked anew"),
            (true, false) => model.to_owned(),
        }
    }
}

fn seconds(time: Duration) -> String {
    match time.as_millis() {
        // Where so much is sent that it takes a moment.
        0..50 => "at once".to_owned(),
        millis if millis % 1000 == 0 => format!("{} s", time.as_secs()),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

/// The tests that measure, by number.
const MEASURE: &[fn()] = &[
    connecting::f01_a_refused_connection_is_tried_thrice_and_costs_no_attempt,
    connecting::f01_f02_a_blackhole_costs_one_connect_timeout_before_the_next_is_asked,
    connecting::f01_f02_a_blackhole_is_asked_again_where_nobody_else_is_left,
    silence::f03_silence_before_the_head_is_a_stall,
    silence::f03_who_stalls_again_and_again_is_not_asked_for_a_while,
    silence::f04_silence_after_the_head_is_a_stall,
    silence::f05_comments_forever_are_a_stall,
    silence::f06_blank_lines_and_blank_text_forever_are_a_stall,
    silence::f07_a_role_and_then_silence_is_a_stall,
    slow::f08_who_thinks_aloud_for_ten_minutes_is_waited_for,
    slow::f09_silence_below_the_clocks_is_no_stall,
    silence::f10_a_few_words_and_then_silence_is_a_stall,
    silence::f10_a_stalled_stream_is_gone_on_from_and_gives_the_whole,
    silence::f10_another_model_goes_on_by_its_own_means,
    ends::f11_f13_a_connection_that_breaks_is_a_cut,
    ends::f12_a_body_that_ends_without_a_mark_is_a_cut,
    ends::f12_who_is_cut_twice_is_left_for_the_fallback,
    ends::f14_a_finish_reason_without_mark_is_accepted_and_marked,
    ends::f15_an_end_mark_without_finish_reason_is_accepted_and_marked,
    ends::f16_an_end_mark_with_a_single_line_end_is_one,
    ends::f17_unreadable_chunks_are_passed_over_once,
    refusals::f18_an_error_in_the_middle_of_a_stream_is_what_its_code_says,
    refusals::f19_an_error_under_http_200_is_what_its_code_says,
    refusals::f19_a_page_of_a_gateway_is_trouble_of_the_server,
    refusals::f19_an_empty_body_is_an_empty_answer,
    refusals::f20_a_429_is_what_its_code_says,
    refusals::f20_who_has_no_money_is_asked_once,
    refusals::f21_a_wish_is_honoured_within_the_deadline,
    refusals::f21_a_wish_beyond_the_deadline_is_told_at_once,
    slow::f22_a_trickle_is_cut_at_the_stream_timeout,
    slow::f22_a_trickle_of_the_last_candidate_goes_on_to_the_deadline,
    wire::f23_a_line_or_event_without_end_is_unreadable_and_falls_back,
    wire::f23_an_event_of_64_mib_is_unreadable_and_falls_back,
    wire::f23_a_million_empty_events_are_no_answer_and_no_harm,
    wire::f23_an_answer_without_end_is_cut_and_asked_for_once,
    wire::f24_no_cut_mark_or_line_end_changes_a_byte,
    wire::f25_differences_that_do_not_matter_are_accepted,
    ends::f26_an_empty_answer_is_asked_for_once_more_with_more_room,
    calls::f27_pieces_of_tool_calls_are_merged_wherever_they_are_cut,
    calls::f27_a_tool_call_that_nobody_can_read_is_no_answer,
    stuck::f28_with_all_providers_down_the_end_is_near_and_each_cause_is_told,
    stuck::f28_where_all_are_paused_the_one_that_is_back_first_is_asked_and_the_others_are_told,
    sleeping::f32_a_connection_that_a_sleep_has_lost_is_a_cut_within_a_minute,
];

#[test]
fn the_table_in_the_docs_is_what_these_tests_measure() {
    for measure in MEASURE {
        measure();
    }
    let rows = ROWS.take();
    let numbers = rows.iter().flat_map(|row| row.split('|').nth(1).unwrap().split(','));
    let numbers: BTreeSet<u32> =
        numbers.map(|number| number.trim().trim_start_matches('F').parse().unwrap()).collect();
    let expected: BTreeSet<u32> = (1..=34).filter(|number| !TIMELESS.contains(number)).collect();
    assert_eq!(numbers, expected);
    let table = format!("{HEAD}{}", rows.concat());
    assert!(DOCS.contains(&format!("\n{table}\n")), "docs/benchmarks.md has another table than\n\n{table}");
}
