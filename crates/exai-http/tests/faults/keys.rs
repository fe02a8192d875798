//! F33: where a key does not go. Proxies are the transport's own tests' and exai's.

use exai_sim::provider::{ErrorReply, Reply, Script, SimProvider, answer_to};

use crate::world::World;

#[tokio::test]
async fn f33_a_redirect_to_another_host_gets_no_key_and_no_question() {
    let (world, elsewhere) = (World::new(), SimProvider::start().unwrap());
    for status in [301, 302, 307, 308] {
        let location = format!("{}/chat/completions", elsewhere.base_url("glm"));
        let away = ErrorReply {
            status,
            headers: vec![("location".to_owned(), location.clone())],
            content_type: "text/plain".to_owned(),
            body: String::new(),
        };
        world.sim.push(Script { reply: Reply::Error(away), ..Script::default() });
        let prompt = format!("moved with {status}?");
        let reply = world.answer(&prompt, &["glm:wrong_address", "kimi:ok"], (1, 1)).await;
        assert_eq!(reply.text, answer_to(&prompt, 3));
        assert_eq!(reply.attempts[0].detail, format!("HTTP {status}: the base URL only leads to {location}"));
        let keys: Vec<_> = world.sim.asked(&prompt).into_iter().map(|request| request.key.unwrap()).collect();
        assert_eq!(keys, ["glm-secret-key", "kimi-secret-key"], "to each its own");
    }
    assert_eq!((elsewhere.requests().len(), elsewhere.open_sockets()), (0, 0));
}
