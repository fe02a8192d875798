//! What the simulated provider writes, read by the types of a client that others use: it must not drift into a format that
//! only this project knows.

use async_openai::types::chat::{
    ChatCompletionResponseMessage, CompletionUsage, CreateChatCompletionResponse,
    CreateChatCompletionStreamResponse, FinishReason, Role,
};

use super::*;

/// The chunks of a stream, each as the client reads it.
fn chunks(response: &str) -> Vec<CreateChatCompletionStreamResponse> {
    let events = response.split("\n\n").filter_map(|event| event.split("data: ").nth(1));
    let chunk = |event: &str| serde_json::from_str(event).unwrap_or_else(|e| panic!("{event}: {e}"));
    events.filter(|event| *event != "[DONE]").map(chunk).collect()
}

fn text(chunks: &[CreateChatCompletionStreamResponse]) -> String {
    let choices = chunks.iter().flat_map(|chunk| &chunk.choices);
    choices.filter_map(|choice| choice.delta.content.as_deref()).collect()
}

fn finish(chunks: &[CreateChatCompletionStreamResponse]) -> Vec<FinishReason> {
    chunks.iter().flat_map(|chunk| &chunk.choices).filter_map(|choice| choice.finish_reason).collect()
}

/// The prompt with this directive for a provider that speaks this shape.
fn prompt(shape: &str, words: &str) -> String {
    format!("[[sim: framing=close shape={shape} {words}]]")
}

fn ask(provider: &SimProvider, shape: &str, words: &str) -> Vec<CreateChatCompletionStreamResponse> {
    let chunks = chunks(&Client::ask(provider, shape, &prompt(shape, words)).rest().0);
    for chunk in &chunks {
        assert_eq!((chunk.object.as_str(), chunk.model.as_str()), ("chat.completion.chunk", "glm-4.6"));
        assert!(chunk.id.starts_with("sim-") && chunk.created > 1_700_000_000, "{chunk:?}");
        assert!(chunk.choices.len() == 1 && chunk.choices[0].index == 0, "{chunk:?}");
    }
    chunks
}

#[test]
fn another_client_reads_every_chunk_of_both_shapes() {
    let provider = SimProvider::start().unwrap();
    for shape in ["glm", "kimi"] {
        for words in [
            "chunks=2",
            "chunks=2 reasoning=4",
            "chunks=2 bytes=1",
            "chunks=2 write-each gap=1ms",
            "chunks=2 nothing=3 after=1",
            "chunks=2 no-done",
        ] {
            let chunks = ask(&provider, shape, words);
            assert_eq!(text(&chunks), answer_to(&prompt(shape, words), 2), "{shape} {words}");
            assert_eq!(finish(&chunks), [FinishReason::Stop], "{shape} {words}");
        }
        let wide = ask(&provider, shape, "chunks=2 width=700");
        assert_eq!(text(&wide), wide_answer_to(&prompt(shape, "chunks=2 width=700"), 2, 700));
        let given = ask(&provider, shape, "text=\"é世界🙂 \\ x\" chunks=4");
        assert_eq!(text(&given), "é世界🙂 \\ x");
        let huge = ask(&provider, shape, "chunks=2 huge=70000 after=2");
        assert!(text(&huge).ends_with(&"h".repeat(70_000)));
        let cut = ask(&provider, shape, "chunks=2 cut=close after=2");
        assert_eq!((text(&cut).is_empty(), finish(&cut)), (false, Vec::new()));
    }
}

#[test]
fn another_client_reads_a_role_without_text() {
    let provider = SimProvider::start().unwrap();
    for shape in ["glm", "kimi"] {
        let mut client = Client::ask(&provider, shape, &prompt(shape, "role-only"));
        client.until("\r\n\r\n");
        let chunks = chunks(&client.until("\n\n"));
        assert_eq!((chunks.len(), chunks[0].choices[0].delta.role), (1, Some(Role::Assistant)), "{shape}");
        assert_eq!(text(&chunks), "");
    }
}

#[test]
fn another_client_reads_roles_usage_and_reasons() {
    let provider = SimProvider::start().unwrap();
    let glm = ask(&provider, "glm", "reasoning=2 chunks=3 finish=length");
    assert!(glm.iter().all(|chunk| chunk.choices[0].delta.role == Some(Role::Assistant)));
    assert_eq!(finish(&glm), [FinishReason::Length]);
    let usage: Vec<&CompletionUsage> = glm.iter().filter_map(|chunk| chunk.usage.as_ref()).collect();
    assert_eq!((usage.len(), usage[0].completion_tokens, usage[0].total_tokens), (1, 5, 13));
    let reasoning = usage[0].completion_tokens_details.as_ref().unwrap().reasoning_tokens;
    assert_eq!(reasoning, Some(2));

    let kimi = ask(&provider, "kimi", "chunks=3 finish=tool_calls");
    let roles: Vec<bool> = kimi.iter().map(|chunk| chunk.choices[0].delta.role.is_some()).collect();
    assert_eq!(roles, [true, false, false, false, false]);
    assert_eq!(finish(&kimi), [FinishReason::ToolCalls]);
    // Inside the choice, where this client does not look.
    assert!(kimi.iter().all(|chunk| chunk.usage.is_none()));
}

#[test]
fn another_client_reads_an_answer_that_is_not_streamed() {
    let provider = SimProvider::start().unwrap();
    for name in ["glm", "kimi"] {
        let mut client = Client::ask(&provider, name, "[[sim: json]]");
        let head = client.until("\r\n\r\n");
        let length = head.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        client.0.read_exact(&mut body).unwrap();
        let whole: CreateChatCompletionResponse = serde_json::from_slice(&body).unwrap();
        let ChatCompletionResponseMessage { content, .. } = &whole.choices[0].message;
        assert_eq!(content.as_deref(), Some(answer_to("[[sim: json]]", 3).as_str()));
        assert_eq!(whole.usage.unwrap().total_tokens, 11);
    }
}
