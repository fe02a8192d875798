//! What others put together for the same purpose.

use std::convert::Infallible;

use async_openai::types::chat::CreateChatCompletionStreamResponse;
use bytes::Bytes;
use eventsource_stream::Eventsource as _;
use futures_util::StreamExt as _;
use sse_core::{SseDecoder, SseEvent};

/// Events without I/O, JSON as a tree.
pub(crate) fn sse_core(pieces: Vec<Bytes>) -> usize {
    let (mut decoder, mut text) = (SseDecoder::new(), String::new());
    for mut piece in pieces {
        while let Some(event) = decoder.next(&mut piece) {
            let SseEvent::Message(message) = event.unwrap() else { continue };
            if message.data == "[DONE]" {
                continue;
            }
            let chunk: serde_json::Value = serde_json::from_str(&message.data).unwrap();
            text.push_str(chunk["choices"][0]["delta"]["content"].as_str().unwrap_or_default());
        }
    }
    text.len()
}

/// The decoder that most clients use, and the types of one of them.
pub(crate) fn eventsource_stream(pieces: Vec<Bytes>) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let stream = futures_util::stream::iter(pieces.into_iter().map(Ok::<_, Infallible>));
        let (mut events, mut text) = (stream.eventsource(), String::new());
        while let Some(event) = events.next().await {
            let data = event.unwrap().data;
            if data == "[DONE]" {
                continue;
            }
            let chunk: CreateChatCompletionStreamResponse = serde_json::from_str(&data).unwrap();
            for choice in chunk.choices {
                text.push_str(&choice.delta.content.unwrap_or_default());
            }
        }
        text.len()
    })
}
