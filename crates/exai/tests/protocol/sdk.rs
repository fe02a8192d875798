//! The Rust SDK's client in its three ways to begin: a second opinion on the protocol.

use std::time::{Duration, Instant};

use exai_sim::process::HANG;
use exai_sim::provider::{End, Ended, answer_to};
use rmcp::model::{CallToolRequestParams, SubscriptionFilter};
use rmcp::transport::TokioChildProcess;
use rmcp::{ClientServiceExt as _, ServiceError};
use serde_json::json;

use crate::gate::Gate;
use crate::sdk_client::{Listener, Sdk, modes, runtime, text};
use crate::world::{TOOLS, World, installation};

#[test]
fn it_lists_and_calls_every_tool() {
    let world = World::new();
    for mode in modes() {
        let modern = !matches!(mode, rmcp::ClientLifecycleMode::Initialize);
        let sdk = Sdk::start(&world.exai, mode);
        let mut tools = sdk.wait(sdk.client().list_all_tools()).unwrap();
        tools.sort_by(|a, b| a.name.cmp(&b.name));
        assert_eq!(tools.iter().map(|tool| &*tool.name).collect::<Vec<_>>(), TOOLS);
        let prompt = format!("by the SDK {}", world.provider.requests().len());
        assert!(sdk.call("chat", json!({"prompt": prompt})).starts_with(&answer_to(&prompt, 3)));
        assert!(sdk.call("version", json!({})).contains(env!("CARGO_PKG_VERSION")));
        assert!(sdk.call("listmodels", json!({})).contains("glm"));
        assert!(!sdk.call("status", json!({})).is_empty());
        let failed = sdk.result(sdk.send("chat", json!({"prompt": 5}))).unwrap();
        assert_eq!(failed.is_error, Some(true));
        let unknown = sdk.result(sdk.send("chatt", json!({}))).unwrap_err();
        assert!(matches!(&unknown, ServiceError::McpError(error) if error.code.0 == -32602), "{unknown}");
        assert!(sdk.wait(sdk.client().list_all_prompts()).unwrap().is_empty());
        assert!(sdk.wait(sdk.client().list_all_resources()).unwrap().is_empty());
        assert!(sdk.wait(sdk.client().list_all_resource_templates()).unwrap().is_empty());
        let transcript = sdk.end();
        let first = &transcript.sent().next().unwrap().text;
        assert_eq!(first.contains("server/discover"), modern, "{first}");
        assert_eq!(transcript.sent().any(|line| line.text.contains("\"initialize\"")), !modern);
    }
}

#[test]
fn it_begins_without_a_daemon_too() {
    let exai = installation();
    for mode in modes() {
        let sdk = Sdk::start(&exai, mode);
        assert_eq!(sdk.wait(sdk.client().list_all_tools()).unwrap().len(), TOOLS.len());
        assert!(sdk.call("version", json!({})).contains("out of reach"));
        sdk.end();
    }
}

#[test]
fn it_is_told_of_progress() {
    let world = World::new();
    let gate = Gate::hold(&world.provider);
    let clients = modes().map(|mode| {
        let sdk = Sdk::start(&world.exai, mode);
        let call = sdk.send("chat", json!({"prompt": "slow"}));
        (sdk, call)
    });
    let told: Vec<_> = clients.iter().map(|(sdk, _)| sdk.wait_progress(2)).collect();
    gate.let_go("slow");
    for ((sdk, call), told) in clients.into_iter().zip(told) {
        assert!(told.windows(2).all(|pair| pair[0].progress < pair[1].progress), "{told:?}");
        assert!(told.iter().all(|told| told.progress_token == call.progress_token));
        assert!(text(&sdk.result(call).unwrap()).starts_with(&answer_to("slow", 3)));
        sdk.end();
    }
}

#[test]
fn it_comes_back_by_itself_until_its_call_is_answered() {
    let world = World::with(&[("EXAI_HOST_TIMEOUT", "2s")]);
    let gate = Gate::hold(&world.provider);
    let [_, discover, _] = modes();
    // The SDK gives a token with every request, so it has to be one of the hosts that do not care for progress.
    let sdk = Sdk::start_as("zed", &world.exai, discover);
    let serde_json::Value::Object(arguments) = json!({"prompt": "slow"}) else { panic!("an object") };
    let call = sdk.client().call_tool(CallToolRequestParams::new("chat").with_arguments(arguments));
    let mut call = Box::pin(call);
    // Three rounds, then the model answers.
    let rounds = |sdk: &Sdk| sdk.received("input_required");
    while rounds(&sdk) < 3 {
        let early = sdk.poll_for(Duration::from_millis(50), call.as_mut());
        assert!(early.is_none(), "{early:?}");
    }
    gate.let_go("slow");
    let result = sdk.wait(call).unwrap();
    assert!(text(&result).starts_with(&answer_to("slow", 3)));
    assert_eq!(world.provider.requests().len(), 1);
    sdk.end();
}

#[test]
fn its_cancel_reaches_the_provider() {
    let world = World::new();
    for (round, mode) in modes().into_iter().enumerate() {
        let sdk = Sdk::start(&world.exai, mode);
        let call = sdk.send("chat", json!({"prompt": "[[sim: stall after=1]]"}));
        world.provider.wait_for(HANG, |all| all.len() == round + 1 && all[round].events > 0).unwrap();
        sdk.wait(call.cancel(Some("enough".to_owned()))).unwrap();
        let closed = |ended: Option<Ended>| ended.is_some_and(|e| e.how == End::ClientClosed);
        world.provider.wait_for(HANG, |all| closed(all[round].ended)).unwrap();
        sdk.call("version", json!({}));
        sdk.end();
    }
}

#[test]
fn a_daemon_killed_between_and_during_its_calls_costs_a_pause() {
    let mut world = World::new();
    for (round, mode) in modes().into_iter().enumerate() {
        let sdk = Sdk::start(&world.exai, mode);
        assert!(sdk.call("chat", json!({"prompt": "before"})).starts_with(&answer_to("before", 3)));
        world.daemon.kill().unwrap();
        world.daemon = world.exai.daemon().unwrap();
        assert!(sdk.call("chat", json!({"prompt": "between"})).starts_with(&answer_to("between", 3)));

        // The first attempt never ends, the second is as any other.
        let prompt = format!("[[sim 1: stall after=2]] during {round}");
        let call = sdk.send("chat", json!({"prompt": prompt}));
        let asked =
            world.provider.wait_for(HANG, |all| all.iter().any(|r| *r.prompt == *prompt && r.events == 2));
        asked.unwrap();
        world.daemon.kill().unwrap();
        let waiting = sdk.send("chat", json!({"prompt": "while it is away"}));
        world.daemon = world.exai.daemon().unwrap();
        assert!(text(&sdk.result(waiting).unwrap()).starts_with(&answer_to("while it is away", 3)));
        assert!(text(&sdk.result(call).unwrap()).starts_with(&answer_to(&prompt, 3)));
        sdk.end();
    }
}

#[test]
fn its_subscription_is_acknowledged_and_completed() {
    let exai = installation();
    let [_, discover, _] = modes();
    let sdk = Sdk::start(&exai, discover);
    let filter = SubscriptionFilter::builder().tools_list_changed().build();
    let mut subscription = sdk.wait(sdk.client().listen(filter)).unwrap();
    assert_eq!(subscription.acknowledged().tools_list_changed, Some(true));
    sdk.wait(subscription.cancel()).unwrap();
    assert!(sdk.call("version", json!({})).contains(env!("CARGO_PKG_VERSION")));
    sdk.end();
}

#[test]
fn its_own_way_to_end_a_server_needs_no_signal() {
    let world = World::new();
    let runtime = runtime();
    for mode in modes() {
        runtime.block_on(async {
            let command = tokio::process::Command::from(world.exai.command(&["shim"]));
            let client = Listener::default()
                .serve_with_lifecycle(TokioChildProcess::new(command).unwrap(), mode)
                .await
                .unwrap();
            client.call_tool(CallToolRequestParams::new("version")).await.unwrap();
            let began = Instant::now();
            client.cancel().await.unwrap();
            // It sends SIGTERM after three seconds.
            assert!(began.elapsed() < Duration::from_secs(3));
        });
    }
}
