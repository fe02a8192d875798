use serde_json::{Value, json};

use super::*;
use crate::catalogue::Catalogue;
use crate::chat::{Message, Role};
use crate::key::Key;

const MODELS: &str = r#"
[[model]]
id = "steps"
provider = "glm"
output_cap = 100_000
thinking = "always"
effort = ["low", "high", "max"]
temperature_max = 1.0
[[model]]
id = "switch"
provider = "kimi"
output_cap = 20_000
thinking = "switch"
temperature_max = 0.0
"#;

fn model(id: &str) -> Model {
    let catalogue = Catalogue::default().merge("models", MODELS).unwrap();
    catalogue.find(id).map_or_else(|| Model::unlisted("local", id), |model| Model::clone(model))
}

fn request(id: &str, chat: &Chat, room: Room) -> (Request, Value) {
    let model = model(id);
    let key = Key::new("secret.half").ok().filter(|_| model.provider != "local");
    let config = ProviderConfig { key, ..ProviderConfig::new(&model.provider, "http://h/v1/") };
    let variant = Variant { request_id: "call-1-1", room, after: None, is_mended: false };
    let request = build(&config, Dialect::of(&config), &model, chat, variant).unwrap();
    let body = serde_json::from_slice(&request.body).unwrap();
    (request, body)
}

fn chat() -> Chat {
    Chat { messages: vec![Message::new(Role::User, "hi")], ..Chat::default() }
}

#[test]
fn each_provider_gets_its_own_words() {
    let messages = json!([{"role": "user", "content": "hi"}]);
    let (request, body) = request_of("steps", &chat());
    assert_eq!(request.url, "http://h/v1/chat/completions");
    assert!(request.headers.contains(&("accept-encoding", "identity".to_owned())));
    assert!(request.headers.contains(&("authorization", "Bearer secret.half".to_owned())));
    assert_eq!(
        body,
        json!({"model": "steps", "messages": messages, "stream": true, "max_tokens": 32_768, "request_id": "call-1-1"})
    );
    assert_eq!(
        request_of("switch", &chat()).1,
        json!({"model": "switch", "messages": messages, "stream": true, "max_completion_tokens": 20_000,
            "stream_options": {"include_usage": true}})
    );
    let (request, body) = request_of("unknown", &chat());
    assert!(request.headers.iter().all(|(name, _)| *name != "authorization"));
    assert_eq!(
        body,
        json!({"model": "unknown", "messages": messages, "stream": true, "stream_options": {"include_usage": true}})
    );
}

fn request_of(id: &str, chat: &Chat) -> (Request, Value) {
    request(id, chat, Room::Asked)
}

#[test]
fn effort_becomes_what_the_model_knows() {
    for (effort, sent) in
        [(Effort::None, "low"), (Effort::Medium, "high"), (Effort::High, "high"), (Effort::Max, "max")]
    {
        let (_, body) = request_of("steps", &Chat { effort: Some(effort), ..chat() });
        assert_eq!((body["reasoning_effort"].as_str(), body.get("thinking")), (Some(sent), None));
    }
    for (effort, sent) in [(Effort::Minimal, "disabled"), (Effort::Low, "enabled")] {
        let (_, body) = request_of("switch", &Chat { effort: Some(effort), ..chat() });
        assert_eq!((body["thinking"]["type"].as_str(), body.get("reasoning_effort")), (Some(sent), None));
    }
}

#[test]
fn what_a_model_refuses_is_left_out_and_said() {
    let warm = Chat { temperature: Some(1.7), effort: Some(Effort::Medium), ..chat() };
    assert_eq!(request_of("switch", &warm).1.get("temperature"), None);
    assert_eq!(left_out(&model("switch"), &warm).len(), 1);
    assert_eq!(request_of("steps", &warm).1["temperature"], json!(1.0));
    assert_eq!(left_out(&model("steps"), &warm).len(), 2);
    let fine = Chat { temperature: Some(0.333), effort: Some(Effort::High), ..chat() };
    assert_eq!(request_of("steps", &fine).1["temperature"], json!(0.33));
    assert!(left_out(&model("steps"), &fine).is_empty());
}

#[test]
fn output_stays_within_the_cap_also_when_doubled() {
    let asked = |id, room| request(id, &chat(), room).1["max_tokens"].as_u64();
    assert_eq!(asked("steps", Room::Asked), Some(32_768));
    assert_eq!(asked("steps", Room::Doubled), Some(65_536));
    let capped = |room| request("switch", &chat(), room).1["max_completion_tokens"].as_u64();
    assert_eq!((capped(Room::Asked), capped(Room::Doubled)), (Some(20_000), Some(20_000)));
}

#[test]
fn a_request_for_the_rest_goes_where_and_how_the_endpoint_wants_it() {
    let body = |prefix, base_url: &str| {
        let model = Model::unlisted("local", "m");
        let config = ProviderConfig::new("local", base_url);
        let after = Some(Continuation { text: "It was", reasoning: "", how: How::Prefix(prefix) });
        let variant = Variant { request_id: "call-1-1", room: Room::Asked, after, is_mended: false };
        let request = build(&config, Dialect::of(&config), &model, &chat(), variant).unwrap();
        (request.url.clone(), serde_json::from_slice::<Value>(&request.body).unwrap())
    };
    let (url, vllm) = body(Prefix::Vllm, "http://h/v1");
    assert_eq!(url, "http://h/v1/chat/completions");
    assert_eq!(
        (&vllm["continue_final_message"], &vllm["add_generation_prompt"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(vllm["messages"][1], json!({"role": "assistant", "content": "It was"}));
    for base_url in ["http://h", "http://h/v1/", "http://h/beta"] {
        let (url, beta) = body(Prefix::Beta, base_url);
        assert_eq!(
            (url.as_str(), &beta["messages"][1]["prefix"]),
            ("http://h/beta/chat/completions", &json!(true))
        );
        assert_eq!(beta.get("continue_final_message"), None);
    }
}
