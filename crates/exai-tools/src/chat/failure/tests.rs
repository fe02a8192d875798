use exai_provider::{AttemptReport, Before, Cause, Failure, Fate, ModelInfo, Status};
use serde_json::Value;

use super::{provider, too_long};
use crate::chat::prompt::TooLong;
use crate::result::ToolResult;

fn shown(result: &ToolResult) -> (String, Value) {
    let body: Value = serde_json::from_str(result.body.get()).unwrap();
    assert_eq!(body["isError"], true);
    (body["content"][0]["text"].as_str().unwrap().to_owned(), body["_meta"]["dev.exai/route"].clone())
}

fn model(id: &str, context: u32, usable: bool) -> ModelInfo {
    ModelInfo { context, usable, ..crate::tests::model(id) }
}

#[test]
fn a_missing_key_is_told_with_the_file_it_goes_to() {
    let failed =
        Failure { cause: Cause::NoKey, message: "Set GLM_API_KEY.".to_owned(), attempts: Vec::new() };
    let (text, facts) = shown(&provider(&failed, &[], Some("/h/exai/.env")));
    assert_eq!(text, "Set GLM_API_KEY. The daemon reads such settings from /h/exai/.env.");
    assert_eq!(facts["error"], "no_key");
    assert_eq!(facts["retryable"], false);
}

#[test]
fn the_attempts_of_a_failed_call_are_told_to_programs_too() {
    let attempt = AttemptReport {
        n: 1,
        provider: "glm".to_owned(),
        model: "glm-5.3".to_owned(),
        cause: "server",
        detail: String::new(),
        until_ms: None,
        left_ms: None,
        ms: 1500,
        billed: true,
        nano_usd: None,
        estimated: false,
    };
    let failed = Failure { cause: Cause::Server, message: "All failed.".to_owned(), attempts: vec![attempt] };
    let (text, facts) = shown(&provider(&failed, &[], None));
    assert_eq!(text, "All failed.");
    assert_eq!(facts["attempts"][0]["ms"], 1500);
    assert_eq!(facts["retryable"], true);
}

#[test]
fn a_prompt_that_is_too_long_gets_numbers_and_larger_models() {
    let models = [
        model("small", 1000, true),
        model("large", 9000, true),
        model("no-key", 99_000, false),
        ModelInfo { status: Status::Deprecated, ..model("going", 99_000, true) },
        ModelInfo { found: true, ..model("found", 99_000, true) },
    ];
    let refused = TooLong { needed: 1234, room: 750 };
    let (text, _) = shown(&too_long(&refused, models.first(), &models, &[]));
    assert!(
        text.starts_with("The prompt with its files is too long for small, nothing was sent: about"),
        "{text}"
    );
    assert!(text.contains("1234 tokens, and 750 of its context of 1000"), "{text}");
    assert!(text.ends_with("choose a model with a larger context: large (9000 tokens)."), "{text}");
    let (provider, model) = ("glm".to_owned(), "small".to_owned());
    let before = [Before { n: 1, provider, model, fate: Fate::Cut }];
    let (text, facts) = shown(&too_long(&refused, models.first(), &models, &before));
    assert!(
        text.starts_with("An attempt of this call (small (glm)) was cut by a restart of the daemon"),
        "{text}"
    );
    assert!(text.contains(" The prompt with its files is too long for small: about"), "{text}");
    assert_eq!(facts["attempts_lost"], 1);
}
