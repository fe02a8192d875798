use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use super::*;

mod client;
mod raw;

const LONG: Duration = Duration::from_secs(20);

/// A client that knows just enough: it sends a chat request and gives back the raw response.
struct Client(TcpStream);

impl Client {
    fn ask(provider: &SimProvider, name: &str, prompt: &str) -> Self {
        Self::go_on(provider, name, prompt, &[])
    }

    /// The same, with turns behind the prompt: role and text.
    fn go_on(provider: &SimProvider, name: &str, prompt: &str, turns: &[(&str, &str)]) -> Self {
        let turns = [("system", "s"), ("user", prompt)].into_iter().chain(turns.iter().copied());
        let messages: Vec<_> =
            turns.map(|(role, text)| serde_json::json!({"role": role, "content": text})).collect();
        let body = serde_json::json!({"model": "glm-4.6", "stream": true, "request_id": "call-1",
            "messages": messages})
        .to_string();
        let mut stream = TcpStream::connect(provider.address()).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        write!(
            stream,
            "POST /{name}/v1/chat/completions HTTP/1.1\r\nhost: x\r\nAuthorization: Bearer sk-1\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        Self(stream)
    }

    fn until(&mut self, what: &str) -> String {
        let mut text = Vec::new();
        let mut byte = [0];
        while !text.ends_with(what.as_bytes()) {
            assert_eq!(self.0.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&text));
            text.push(byte[0]);
        }
        String::from_utf8(text).unwrap()
    }

    /// All until the connection ends; the error that ended it, if one did.
    fn rest(&mut self) -> (String, Option<std::io::ErrorKind>) {
        let mut bytes = Vec::new();
        let error = self.0.read_to_end(&mut bytes).err().map(|e| e.kind());
        (String::from_utf8_lossy(&bytes).into_owned(), error)
    }
}

/// The text of all content deltas.
fn content(response: &str) -> String {
    let events = response.lines().filter_map(|line| line.strip_prefix("data: "));
    events
        .filter_map(|event| serde_json::from_str::<serde_json::Value>(event).ok())
        .filter_map(|event| event["choices"][0]["delta"]["content"].as_str().map(str::to_owned))
        .collect()
}

fn ended(provider: &SimProvider, how: End) -> Request {
    let log =
        provider.wait_for(LONG, |log| log.iter().any(|r| r.ended.is_some_and(|e| e.how == how))).unwrap();
    log.into_iter().find(|r| r.ended.is_some_and(|e| e.how == how)).unwrap()
}

#[test]
fn an_answer_arrives_whole_and_is_logged() {
    let provider = SimProvider::start().unwrap();
    let response = Client::ask(&provider, "glm", "What is a session?").until("0\r\n\r\n");
    assert_eq!(content(&response), answer_to("What is a session?", 3));
    assert!(response.contains(r#""usage":{"#) && response.contains("data: [DONE]\n\n"), "{response}");
    let request = ended(&provider, End::Completed);
    assert_eq!((request.number, request.events, request.provider.as_str()), (1, 3, "glm"));
    assert_eq!(request.request_id.as_deref(), Some("call-1"));
    assert_eq!(request.key.as_deref(), Some("sk-1"));
    assert_eq!(&*request.prompt, "What is a session?");
    provider.wait_sockets(0, LONG).unwrap();
}

#[test]
fn kimi_sends_its_role_first_and_its_usage_inside_the_choice() {
    let provider = SimProvider::start().unwrap();
    let response = Client::ask(&provider, "kimi", "[[sim: reasoning=2 chunks=1]]").until("0\r\n\r\n");
    let events: Vec<serde_json::Value> =
        response.lines().filter_map(|line| line.strip_prefix("data: ")?.parse().ok()).collect();
    assert_eq!(events.len(), 5, "{response}");
    assert_eq!(events[0]["choices"][0]["delta"]["role"], "assistant");
    assert_eq!(events[1]["choices"][0]["delta"]["reasoning_content"], "thought 0 ");
    assert_eq!(events[4]["choices"][0]["usage"]["completion_tokens"], 3);
}

#[test]
fn a_closed_socket_is_noticed_during_a_stall() {
    let provider = SimProvider::start().unwrap();
    let mut client = Client::ask(&provider, "glm", "[[sim: chunks=9 stall after=3]]");
    client.until("part 3\"}}]}\n\n");
    assert!(provider.requests()[0].is_open());
    assert_eq!(provider.open_sockets(), 1);
    drop(client);
    assert_eq!(ended(&provider, End::ClientClosed).events, 3);
    provider.wait_sockets(0, LONG).unwrap();
}

#[test]
fn cuts_are_told_apart_by_what_the_client_sees() {
    let provider = SimProvider::start().unwrap();
    let ask = |prompt: &str| Client::ask(&provider, "glm", prompt).rest();
    let (fin, error) = ask("[[sim: cut=fin after=2]]");
    assert!(error.is_none() && !fin.ends_with("0\r\n\r\n") && fin.contains("chunked"), "{fin}");
    let (close, error) = ask("[[sim: cut=close after=2]]");
    assert!(error.is_none() && close.contains("connection: close") && !close.contains("[DONE]"), "{close}");
    let (_, error) = ask("[[sim: cut=rst after=2]]");
    assert_eq!(error, Some(std::io::ErrorKind::ConnectionReset));
    let (nothing, _) = ask("[[sim: close=fin]]");
    assert_eq!(nothing, "");
    assert!(provider.requests().iter().all(|r| r.ended.is_none_or(|e| e.how == End::Cut)));
}

#[test]
fn faults_that_never_end_are_no_progress() {
    let provider = SimProvider::start().unwrap();
    for (words, sign) in [
        ("role-only", r#""content":""}"#),
        ("comments gap=1ms", ": keep-alive\n\n"),
        ("blank gap=1ms", "\r\n1\r\n\n"),
    ] {
        let mut client = Client::ask(&provider, "glm", &format!("[[sim: {words}]]"));
        let seen = client.until(sign);
        assert_eq!(content(&seen), "", "{words}");
    }
}

#[test]
fn a_stream_goes_on_after_faults_that_it_survives() {
    let provider = SimProvider::start().unwrap();
    for words in [
        "malformed after=1",
        "huge=70000 after=1",
        "nothing=1000 after=1",
        "pause=5ms after=1",
        "bytes=1",
        "write-each",
    ] {
        let prompt = format!("[[sim: chunks=2 framing=close {words}]]");
        let (response, _) = Client::ask(&provider, "glm", &prompt).rest();
        let text = content(&response).replace('h', "");
        assert_eq!(text, answer_to(&prompt, 2).replace('h', ""), "{words}");
        assert!(response.ends_with("data: [DONE]\n\n"), "{words}");
    }
}

#[test]
fn ends_may_be_missing() {
    let provider = SimProvider::start().unwrap();
    let ask =
        |words: &str| Client::ask(&provider, "glm", &format!("[[sim: framing=close {words}]]")).rest().0;
    let no_done = ask("no-done");
    assert!(no_done.contains("finish_reason") && !no_done.contains("[DONE]"));
    let no_finish = ask("no-finish");
    assert!(!no_finish.contains("finish_reason") && no_finish.contains("[DONE]"));
    assert!(ask("done=bare").ends_with("data: [DONE]\n"));
    assert!(ask("error-chunk=1302 after=1").contains(r#"data: {"error":{"code":"1302""#));
}

#[test]
fn other_responses_than_streams() {
    let provider = SimProvider::start().unwrap();
    let ask = |words: &str, end: &str| Client::ask(&provider, "glm", &format!("[[sim: {words}]]")).until(end);
    assert!(ask("json", "\"total_tokens\":11}").contains("chat.completion"));
    assert!(ask("html", "</html>").starts_with("HTTP/1.1 502"));
    assert!(ask("empty", "\r\n\r\n").contains("content-length: 0"));
    assert!(ask("status=401 code=1002", "}").starts_with("HTTP/1.1 401"));
    assert!(ask("sttus=401", "\"}").contains("no directive"));
}

#[test]
fn function_queue_directive_and_default_decide_in_this_order() {
    let provider = SimProvider::start().unwrap();
    let script =
        |chunks| Script { reply: Reply::Stream(Stream { chunks, ..Stream::default() }), ..Script::default() };
    let ask = |prompt: &str| Client::ask(&provider, "glm", prompt).until("0\r\n\r\n").matches("part").count();
    provider.set_default(script(5));
    provider.push(script(2));
    provider.decide(move |request| (request.prompt.contains("function")).then(|| script(3)));
    assert_eq!(ask("function [[sim: chunks=4]]"), 2);
    assert_eq!(ask("queue [[sim: chunks=4]]"), 1);
    assert_eq!(ask("directive [[sim: chunks=4]]"), 3);
    assert_eq!(ask("default"), 4);
}

#[test]
fn dropping_the_provider_ends_stalled_answers() {
    let provider = SimProvider::start().unwrap();
    let mut client = Client::ask(&provider, "glm", "[[sim: stall]]");
    client.until("\r\n\r\n");
    drop(provider);
    assert_eq!(client.rest().0, "");
}

#[test]
fn a_client_that_has_the_beginning_gets_what_comes_after() {
    let provider = SimProvider::start().unwrap();
    let go_on = |words: &str, begun: &str, more: &[(&str, &str)]| {
        let prompt = format!("[[sim: chunks=20 {words}]]");
        let turns: Vec<_> = [("assistant", begun)].into_iter().chain(more.iter().copied()).collect();
        content(&Client::go_on(&provider, "kimi", &prompt, &turns).until("0\r\n\r\n"))
    };
    let whole = |words: &str| answer_to(&format!("[[sim: chunks=20 {words}]]"), 20);
    for cut in [0, 5, 30, 31, 60] {
        let whole = whole("");
        let (begun, rest) = whole.split_at(cut);
        assert_eq!(go_on("", begun, &[]), rest);
        assert_eq!(go_on("", begun, &[("user", "Your last message broke off. Go on.")]), rest);
    }
    assert_eq!(go_on("", &whole(""), &[]), "");
    let wide = wide_answer_to("[[sim: chunks=20 width=100]]", 20, 100);
    let (begun, rest) = wide.split_at(777);
    assert_eq!((go_on("width=100", begun, &[]), wide.len()), (rest.to_owned(), 2000));
    let again = whole("overlap=20");
    assert_eq!(go_on("overlap=20", again.split_at(50).0, &[]), again.split_at(30).1);
    let anew = whole("anew=Sure:");
    assert_eq!(go_on("anew=Sure:", anew.split_at(50).0, &[]), format!("Sure:{anew}"));
    let log = provider.requests();
    assert_eq!(
        (log[0].continues(), log[2].continues(), log[2].digest.clone()),
        (0, 5, log[0].digest.clone())
    );
    assert!(log[2].begun.as_deref() == Some("sim a") && log[0].begun.as_deref() == Some(""));
}

#[test]
fn a_beginning_of_another_answer_is_refused() {
    let provider = SimProvider::start().unwrap();
    for begun in ["sim answer to somebody else", &format!("{} and more", answer_to("hi", 3))] {
        let mut client = Client::go_on(&provider, "kimi", "hi", &[("assistant", begun)]);
        let response = client.until("\"}");
        assert!(response.starts_with("HTTP/1.1 400") && response.contains("does not begin"), "{response}");
    }
}

/// The answer to a question which models there are.
fn models(provider: &SimProvider) -> (String, Option<std::io::ErrorKind>) {
    let mut stream = TcpStream::connect(provider.address()).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    write!(stream, "GET /kimi/v1/models HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    Client(stream).rest()
}

#[test]
fn the_list_of_models_is_by_script() {
    let provider = SimProvider::start().unwrap();
    assert!(models(&provider).0.contains(r#"{"data":[{"id":"sim-model","#));
    provider.list_models(&["a", "b"]);
    let (text, _) = models(&provider);
    assert!(text.starts_with("HTTP/1.1 200 ") && text.contains(r#""id":"b""#), "{text}");
    provider.set_models(Reply::Error(ErrorReply::kimi(401, "invalid_authentication_error", "who")));
    assert!(models(&provider).0.starts_with("HTTP/1.1 401 "));
    provider.set_models(Reply::Close(Cut::Fin));
    assert_eq!(models(&provider).0, "");
    provider.wait_models(4, LONG).unwrap();
    assert_eq!((provider.models_asked(), provider.requests().len()), (4, 0));
}
