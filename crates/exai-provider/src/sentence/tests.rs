use super::*;

fn attempt(model: &str, cause: Cause, detail: &str, ms: u64) -> AttemptReport {
    AttemptReport {
        n: 1,
        provider: "p".to_owned(),
        model: model.to_owned(),
        cause: cause.code(),
        detail: detail.to_owned(),
        until_ms: None,
        left_ms: None,
        ms,
        nano_usd: None,
        estimated: false,
        billed: true,
    }
}

#[test]
fn attempts_that_ended_alike_are_told_once() {
    let rate = |id: &str, ms| attempt("a", Cause::Rate, &format!("HTTP 429: too many requests {id}"), ms);
    let same = [rate("x", 100), rate("y", 200), rate("z", 300)];
    assert_eq!(
        failure(Cause::Rate, &same, &[]),
        "a at p did not answer: 3 × rate limit after 0.1 s, 0.2 s, 0.3 s (HTTP 429: too many requests z). Ask again \
         later, or another model."
    );
    let mixed = [rate("x", 100), rate("y", 200), attempt("b", Cause::AuthDead, "", 50)];
    let text = failure(Cause::AuthDead, &mixed, &[]);
    let start = "No model answered. a at p: 2 × rate limit after 0.1 s, 0.2 s (HTTP 429: too many requests y); b at p: \
                 key refused after 0.1 s. The key is refused";
    assert!(text.starts_with(start), "{text}");
}

#[test]
fn what_providers_say_is_cut_where_more_than_one_has_something_to_say() {
    let long = "é".repeat(400);
    let [one, other] = ["a", "b"].map(|model| attempt(model, Cause::Server, &long, 100));
    let text = failure(Cause::Server, std::slice::from_ref(&one), &[]);
    assert!(text.contains(&format!("({long})")), "{text}");
    let text = failure(Cause::Server, &[one, other], &[]);
    let cut = format!("server error after 0.1 s ({}…)", "é".repeat(120));
    assert_eq!(text.matches(&cut).count(), 2, "{text}");
}

#[test]
fn a_model_that_failed_in_different_ways_is_named_once() {
    let attempts = [Cause::Server, Cause::Server, Cause::Cut].map(|cause| attempt("a", cause, "", 100));
    let text = failure(Cause::Cut, &attempts, &[]);
    let start = "a at p did not answer: 2 × server error after 0.1 s, 0.1 s, then stream broke off after 0.1 s. Asking";
    assert!(text.starts_with(start), "{text}");
    let next = attempt("b", Cause::Cut, "", 100);
    let text = failure(Cause::Cut, &[attempts.as_slice(), &[next]].concat(), &[]);
    assert!(
        text.starts_with("No model answered. a at p: 2 × server") && text.contains("; b at p: "),
        "{text}"
    );
}

#[test]
fn no_sentence_holds_a_code() {
    for cause in
        [Cause::AuthDead, Cause::AccountDead, Cause::ModelGone, Cause::EmptyAnswer, Cause::BadRequest]
    {
        for attempts in [vec![], vec![attempt("a", cause, "", 1)]] {
            let text = failure(cause, &attempts, &[]);
            assert!(!text.contains(cause.code()) && text.contains(cause.words()), "{text}");
        }
    }
}

#[test]
fn what_people_must_mend_is_told_for_every_provider() {
    let at =
        |provider: &str, cause| AttemptReport { provider: provider.to_owned(), ..attempt("m", cause, "", 1) };
    let with_key = |name: &str, url: &str| ProviderConfig {
        key: crate::key::Key::new("0123456789").ok(),
        ..ProviderConfig::new(name, url)
    };
    let providers = [with_key("glm", "http://g"), with_key("kimi", "http://k")];
    let attempts = [at("glm", Cause::AuthDead), at("kimi", Cause::Connect), at("kimi", Cause::Connect)];
    let text = failure(Cause::Connect, &attempts, &providers);
    let end = "The key is refused: check GLM_API_KEY, and that it belongs to http://g; once it is mended, start the daemon \
               again (`exai stop`; the next call starts one, unless it is started by hand). Check the network and the \
               address of kimi: http://k.";
    assert!(text.ends_with(end) && text.matches("http://k").count() == 1, "{text}");
    let attempts = [at("glm", Cause::Server), at("kimi", Cause::AuthDead)];
    let text = failure(Cause::AuthDead, &attempts, &providers);
    assert!(!text.contains("in a minute") && text.contains("KIMI_API_KEY"), "{text}");
    let keyless = [ProviderConfig::new("glm", "http://g")];
    let text = failure(Cause::AuthDead, &[at("glm", Cause::AuthDead)], &keyless);
    assert!(text.contains("glm wants a key: set GLM_API_KEY and start the daemon again"), "{text}");
}

#[test]
fn who_was_not_asked_took_no_time() {
    let ceiling = attempt("a", Cause::Budget, "1.00 of 1.00 USD are spent today, UTC", 0);
    let text = failure(Cause::Budget, &[ceiling], &[]);
    assert!(text.starts_with("a at p did not answer: daily limit reached (1.00 of"), "{text}");
}
