use super::*;
use crate::key::Key;

const MODELS: &str = r#"
[[model]]
id = "g1"
provider = "glm"
aliases = ["gee"]
[[model]]
id = "g2"
provider = "glm"
[[model]]
id = "k1"
provider = "kimi"
[[model]]
id = "far"
provider = "elsewhere"
"#;

fn provider(name: &str, key: &str) -> ProviderConfig {
    ProviderConfig { key: Key::new(key).ok(), ..ProviderConfig::new(name, "http://h") }
}

fn config() -> ProvidersConfig {
    ProvidersConfig {
        providers: vec![provider("glm", "a"), provider("kimi", "b"), provider("box", "")],
        ..ProvidersConfig::default()
    }
}

fn names(config: &ProvidersConfig, chat: &Chat) -> Result<Vec<String>, (Cause, String)> {
    let catalogue = Catalogue::default().merge("models", MODELS).unwrap();
    let route = route(config, &catalogue, chat).map_err(|failure| (failure.cause, failure.message))?;
    let name = |candidate: &Candidate| {
        format!("{}/{}", config.providers[candidate.provider].name, candidate.model.id)
    };
    Ok(route.candidates.iter().map(name).collect())
}

fn asking(model: &str) -> Chat {
    Chat { model: Some(model.to_owned()), ..Chat::default() }
}

#[test]
fn without_a_name_the_first_answers_and_the_chain_follows() {
    assert_eq!(names(&config(), &Chat::default()).unwrap(), ["glm/g1", "kimi/k1"]);
    assert_eq!(names(&config(), &asking("auto")).unwrap(), ["glm/g1", "kimi/k1"]);
    let default = ProvidersConfig { default_model: Some("k1".to_owned()), ..config() };
    assert_eq!(names(&default, &Chat::default()).unwrap(), ["kimi/k1", "glm/g1"]);
    let chain = ProvidersConfig {
        chain: vec!["gee".into(), "nonsense".into(), "g2".into(), "box/x".into()],
        ..config()
    };
    assert_eq!(names(&chain, &Chat::default()).unwrap(), ["glm/g1", "glm/g2", "box/x"]);
    let off = ProvidersConfig { fallback: FallbackPolicy::Off, ..config() };
    assert_eq!(names(&off, &Chat::default()).unwrap(), ["glm/g1"]);
    let family = ProvidersConfig { fallback: FallbackPolicy::Family, ..config() };
    assert_eq!(names(&family, &Chat::default()).unwrap(), ["glm/g1", "glm/g2"]);
}

#[test]
fn a_named_model_answers_alone_unless_more_is_allowed() {
    assert_eq!(names(&config(), &asking("GEE")).unwrap(), ["glm/g1"]);
    let allowed = Chat { fallback: Fallback::Allowed, ..asking("g2") };
    assert_eq!(names(&config(), &allowed).unwrap(), ["glm/g2", "kimi/k1"]);
    let never = Chat { fallback: Fallback::Never, ..Chat::default() };
    assert_eq!(names(&config(), &never).unwrap(), ["glm/g1"]);
}

#[test]
fn a_model_that_is_not_listed_is_addressed_by_its_provider() {
    assert_eq!(names(&config(), &asking("box/org/model:7b")).unwrap(), ["box/org/model:7b"]);
    assert_eq!(names(&config(), &asking("glm/gee")).unwrap(), ["glm/g1"]);
    assert_eq!(names(&config(), &asking("box/")).unwrap_err().0, Cause::UnknownModel);
}

#[test]
fn names_in_the_settings_that_nobody_answers_to_are_told_before_any_call() {
    let mut catalogue = Catalogue::default().merge("models", MODELS).unwrap();
    let set = ProvidersConfig {
        default_model: Some("auto".into()),
        chain: ["gee", "gge", "k1", "box/x", "far"].map(str::to_owned).into(),
        ..config()
    };
    let told = slips(&set, &catalogue);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("EXAI_CHAIN: Model `gge` is unknown; did you mean gee?"), "{told:?}");
    assert!(told[1].starts_with("EXAI_CHAIN: Model `far` belongs to provider `elsewhere`"), "{told:?}");
    let family =
        ProvidersConfig { fallback: FallbackPolicy::Family, default_model: Some("g3".into()), ..set.clone() };
    let told = slips(&family, &catalogue);
    assert!(told.len() == 1 && told[0].starts_with("EXAI_DEFAULT_MODEL: Model `g3` is unknown;"), "{told:?}");
    assert_eq!(slips(&config(), &catalogue), Vec::<String>::new());
    // What its provider tells of later is none.
    let list = br#"[{"id":"gge"}]"#;
    catalogue.with_found("box", &crate::discovery::parse(list, &crate::redact::Redactor::default()).unwrap());
    assert_eq!(slips(&set, &catalogue).len(), 1);
}

#[test]
fn what_can_not_be_an_id_is_not_asked_for() {
    let longest = "x".repeat(model::ID_BYTES_MAX);
    assert_eq!(names(&config(), &asking(&format!("box/{longest}"))).unwrap(), [format!("box/{longest}")]);
    for id in [format!("{longest}x"), "a\nb".to_owned(), "a\u{1b}[31m".to_owned(), "a\u{202e}b".to_owned()] {
        let (cause, message) = names(&config(), &asking(&format!("box/{id}"))).unwrap_err();
        assert_eq!(cause, Cause::UnknownModel, "{id:?}");
        assert!(message.len() < 300 && !message.chars().any(redact::is_unseen), "{message:?}");
        let default = ProvidersConfig { default_model: Some(format!("box/{id}")), ..config() };
        let (cause, message) = names(&default, &Chat::default()).unwrap_err();
        assert_eq!(cause, Cause::UnknownModel);
        assert!(message.ends_with("(EXAI_DEFAULT_MODEL names it.)"), "{message}");
    }
}

#[test]
fn why_the_only_one_is_alone_is_true_of_a_provider_with_a_key_and_no_listed_model() {
    let two = ProvidersConfig { providers: vec![provider("glm", "a"), provider("box", "b")], ..config() };
    let catalogue = Catalogue::default().merge("models", MODELS).unwrap();
    let route = route(&two, &catalogue, &Chat::default()).unwrap();
    assert_eq!(
        left_out::sentence(&route.left_out).trim(),
        "Not asked: other models of glm (no other provider has a key and a listed model, and EXAI_CHAIN names none)."
    );
}

#[test]
fn names_in_the_chain_that_nobody_answers_to_are_told() {
    let chain = vec!["g2".into(), "nonsense".into(), "far".into(), "k1".into()];
    let chained =
        ProvidersConfig { chain, providers: vec![provider("glm", "a"), provider("kimi", "")], ..config() };
    let told = |config: &ProvidersConfig, chat: &Chat| {
        let catalogue = Catalogue::default().merge("models", MODELS).unwrap();
        left_out::sentence(&route(config, &catalogue, chat).unwrap().left_out)
    };
    assert_eq!(
        told(&chained, &Chat::default()),
        "Not asked: nonsense in EXAI_CHAIN (unknown model); far in EXAI_CHAIN (unknown model); k1 in EXAI_CHAIN (no key)."
    );
    assert_eq!(told(&chained, &asking("g1")), "");
    let off = ProvidersConfig { fallback: FallbackPolicy::Off, ..chained };
    assert_eq!(told(&off, &Chat::default()), "");
}

#[test]
fn errors_say_what_to_do() {
    let (cause, message) = names(&config(), &asking("k2")).unwrap_err();
    assert_eq!(cause, Cause::UnknownModel);
    assert!(message.contains("did you mean") && message.contains("k1"), "{message}");
    let (_, message) = names(&config(), &asking("far")).unwrap_err();
    assert!(message.contains("EXAI_PROVIDERS"), "{message}");
    let no_key = ProvidersConfig { providers: vec![provider("glm", ""), provider("kimi", "")], ..config() };
    let (cause, message) = names(&no_key, &Chat::default()).unwrap_err();
    assert!(cause == Cause::NoKey && message.contains("GLM_API_KEY or KIMI_API_KEY"), "{message}");
    let (cause, message) = names(&no_key, &asking("g1")).unwrap_err();
    assert!(cause == Cause::NoKey && message.contains("GLM_API_KEY"), "{message}");
    let half = ProvidersConfig { providers: vec![provider("glm", ""), provider("kimi", "b")], ..config() };
    assert_eq!(names(&half, &Chat::default()).unwrap(), ["kimi/k1"]);
    let (_, message) = names(&config(), &asking("nonsense")).unwrap_err();
    assert!(message.contains("shows the known ones. A model"), "{message}");
    let none = ProvidersConfig { providers: Vec::new(), ..config() };
    assert!(names(&none, &Chat::default()).unwrap_err().1.contains("No provider is configured"));
}

#[test]
fn a_provider_without_a_listed_model_says_how_to_name_one() {
    let unset = || vec![provider("glm", ""), provider("kimi", "")];
    let with = |more: Vec<ProviderConfig>| {
        let providers = unset().into_iter().chain(more).collect();
        ProvidersConfig { providers, ..config() }
    };
    let keyed = with(vec![provider("local", ""), provider("mine", "c")]);
    for chat in [Chat::default(), asking("mine"), asking("MINE")] {
        let (cause, message) = names(&keyed, &chat).unwrap_err();
        assert_eq!(cause, Cause::UnknownModel);
        assert_eq!(
            message,
            "Provider `mine` has a key but no listed model: name one as mine/<model>, or set \
             EXAI_DEFAULT_MODEL=mine/<model>."
        );
    }
    let keyless = with(vec![provider("local", "")]);
    assert!(names(&keyless, &Chat::default()).unwrap_err().1.contains("name one as local/<model>"));
    assert_eq!(names(&keyless, &asking("local/m1")).unwrap(), ["local/m1"]);
    let default = ProvidersConfig { default_model: Some("local/m1".to_owned()), ..keyless };
    assert_eq!(names(&default, &Chat::default()).unwrap(), ["local/m1"]);
    assert_eq!(
        names(&config(), &asking("kimi")).unwrap(),
        ["kimi/k1"],
        "a provider's name means its first model"
    );
}

const PRICED: &str = r#"
[[model]]
id = "g"
provider = "glm"
price_in = 1
price_out = 4
[[model]]
id = "g-free"
provider = "glm"
price_in = 0
price_out = 0
[[model]]
id = "g-dear"
provider = "glm"
price_in = 1
price_out = 12.1
[[model]]
id = "g-unpriced"
provider = "glm"
[[model]]
id = "k"
provider = "kimi"
price_in = 1
price_out = 12
"#;

/// Who may answer after the model that is named, and who is left out.
fn after(config: &ProvidersConfig, name: &str) -> (Vec<String>, String) {
    let catalogue = Catalogue::default().merge("models", PRICED).unwrap();
    let chat = Chat { fallback: Fallback::Allowed, ..asking(name) };
    let route = route(config, &catalogue, &chat).unwrap();
    let ids = route.candidates.iter().skip(1).map(|candidate| candidate.model.id.clone());
    (ids.collect(), left_out::sentence(&route.left_out))
}

#[test]
fn a_stand_in_costs_three_times_as_much_at_most() {
    let family = ProvidersConfig { fallback: FallbackPolicy::Family, ..config() };
    let (ids, left_out) = after(&family, "g");
    assert_eq!(ids, ["g-free", "g-unpriced"], "what has no known price is not left out");
    assert_eq!(
        left_out,
        "Not asked: g-dear (its answers cost 3.0 times as much as those of g; EXAI_CHAIN can name it)."
    );
    assert_eq!(after(&config(), "g"), (vec!["k".to_owned()], String::new()), "three times is not more");
    assert_eq!(after(&config(), "g-unpriced").0, ["k"], "nothing to compare with");
}

#[test]
fn free_stays_free() {
    let (ids, left_out) = after(&config(), "g-free");
    assert!(ids.is_empty());
    assert!(left_out.contains("k (its answers cost money and those of g-free do not;"), "{left_out}");
}

#[test]
fn whom_the_chain_names_may_cost_what_it_does() {
    let chain = ProvidersConfig { chain: vec!["g-dear".into(), "k".into()], ..config() };
    assert_eq!(after(&chain, "g-free"), (vec!["g-dear".to_owned(), "k".to_owned()], String::new()));
    let family = ProvidersConfig { fallback: FallbackPolicy::Family, ..chain };
    assert_eq!(after(&family, "g").0, ["g-dear", "g-free", "g-unpriced"]);
}

#[test]
fn a_stand_in_that_the_question_does_not_fit_is_left_out() {
    let models = "[[model]]\nid = \"g\"\nprovider = \"glm\"\n[[model]]\nid = \"k\"\nprovider = \"kimi\"\ncontext = 1000\n";
    let catalogue = Catalogue::default().merge("models", models).unwrap();
    let long = crate::chat::Message::new(crate::chat::Role::User, "x".repeat(3000));
    let chat = Chat { messages: vec![long], ..Chat::default() };
    let route = route(&config(), &catalogue, &chat).unwrap();
    assert_eq!((route.candidates.len(), route.prompt_tokens), (1, 866));
    let left_out = left_out::sentence(&route.left_out);
    assert!(
        left_out.starts_with("Not asked: k (about 866 tokens, and 750 of its context of 1000 are free"),
        "{left_out}"
    );
}

#[test]
fn what_is_found_is_asked_by_name_behind_everything_that_people_have_written() {
    let mut catalogue = Catalogue::default().merge("models", MODELS).unwrap();
    let list = br#"[{"id":"gee"},{"id":"kimi"},{"id":"kimi/k1"},{"id":"new"},{"id":"B1"}]"#;
    catalogue.with_found("box", &crate::discovery::parse(list, &crate::redact::Redactor::default()).unwrap());
    let first = |name: &str| {
        let route = route(&config(), &catalogue, &asking(name)).map_err(|failure| failure.message)?;
        let Candidate { provider, model } = &route.candidates[0];
        Ok::<_, String>(format!("{}/{}", config().providers[*provider].name, model.id))
    };
    for (name, means) in [
        ("gee", "glm/g1"),
        ("kimi", "kimi/k1"),
        ("kimi/k1", "kimi/k1"),
        ("box/gee", "box/gee"),
        ("NEW", "box/new"),
        ("b1", "box/B1"),
    ] {
        assert_eq!(first(name).as_deref(), Ok(means), "{name}");
    }
    assert!(first("newe").unwrap_err().contains("did you mean new"));
    let text = first("box").unwrap_err();
    assert!(text.ends_with("It says that it has gee, kimi, kimi/k1, new, B1."), "{text}");
}
