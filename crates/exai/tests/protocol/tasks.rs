//! The tasks extension: hosts that know it are given a task where their patience ends.

use exai_sim::host::{Host, Pending, Revision};
use exai_sim::process::{HANG, Signal};
use exai_sim::provider::{End, answer_to};
use serde_json::{Value, json};

use crate::gate::Gate;
use crate::world::{World, check};

fn impatient() -> World {
    World::with(&[("EXAI_HOST_TIMEOUT", "2s")])
}

/// A request of a host that knows tasks.
fn request(host: &Host, method: &str, mut params: Value) -> Pending {
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] =
        json!({"extensions": {"io.modelcontextprotocol/tasks": {}}});
    host.request(method, params).unwrap()
}

fn result(host: &Host, method: &str, params: Value) -> Value {
    host.wait(&request(host, method, params), HANG).unwrap().result().unwrap().clone()
}

/// Asks a model that does not answer yet; the name of the task.
fn made(host: &Host, prompt: &str) -> String {
    let task = result(host, "tools/call", json!({"name": "chat", "arguments": {"prompt": prompt}}));
    assert_eq!((&task["resultType"], &task["status"]), (&json!("task"), &json!("working")), "{task}");
    task["taskId"].as_str().unwrap().to_owned()
}

fn get(host: &Host, task: &str) -> Value {
    result(host, "tasks/get", json!({"taskId": task}))
}

/// Asks after a task until it is over. Each question waits a second for news by itself.
fn until_over(host: &Host, task: &str) -> Value {
    for _ in 0..30 {
        let state = get(host, task);
        if state["status"] != "working" {
            return state;
        }
    }
    panic!("a task that does not end")
}

fn assert_answer(state: &Value, prompt: &str) {
    assert_eq!(state["status"], "completed", "{state}");
    let text = state["result"]["content"][0]["text"].as_str().unwrap();
    assert!(text.starts_with(&answer_to(prompt, 3)), "{text}");
}

#[test]
fn a_task_is_asked_after_and_watched_until_it_is_completed() {
    let world = impatient();
    let gate = Gate::hold(&world.provider);
    let host = world.host();
    let greeting = host.discover().unwrap();
    assert_eq!(greeting["capabilities"]["extensions"], json!({"io.modelcontextprotocol/tasks": {}}));
    let task = made(&host, "slow");
    let filter = json!({"notifications": {"taskIds": [task]}});
    let watch = request(&host, "subscriptions/listen", filter);
    assert_eq!(get(&host, &task)["status"], "working");
    gate.let_go("slow");
    let told = host.wait_for(HANG, |transcript| {
        let told = transcript.notifications("notifications/tasks");
        told.iter().find_map(|line| {
            let params = line.json.as_ref()?.get("params")?;
            (params["status"] == "completed").then(|| params.clone())
        })
    });
    let told = told.unwrap();
    assert_eq!(told["_meta"]["io.modelcontextprotocol/subscriptionId"], watch.id);
    assert_answer(&told, "slow");
    let state = get(&host, &task);
    assert_answer(&state, "slow");
    assert_eq!((&state["result"], &get(&host, &task)["result"]), (&told["result"], &told["result"]));
    assert_eq!(world.provider.requests().len(), 1);
    host.close_stdin();
    host.wait_exit(HANG).unwrap();
    check(&host);
}

#[test]
fn a_task_outlives_its_shim_and_its_daemon() {
    let mut world = impatient();
    let gate = Gate::hold(&world.provider);
    let killed = world.greeted(Revision::V2026_07_28);
    let task = made(&killed, "slow");
    killed.signal(Signal::Kill).unwrap();
    let host = world.greeted(Revision::V2026_07_28);
    assert_eq!(get(&host, &task)["status"], "working");
    gate.let_go("slow");
    assert_answer(&until_over(&host, &task), "slow");
    assert_eq!(world.provider.requests().len(), 1);

    let task = made(&host, "slower");
    world.daemon.kill().unwrap();
    let state = get(&host, &task);
    assert_eq!(state["status"], "working");
    assert!(state["statusMessage"].as_str().unwrap().contains("out of reach"), "{state}");
    world.daemon = world.exai.daemon().unwrap();
    gate.let_go("slower");
    assert_answer(&until_over(&host, &task), "slower");
    check(&host);
}

#[test]
fn a_cancelled_task_is_cancelled_at_the_provider_whichever_shim_is_told() {
    let world = impatient();
    for other in [false, true] {
        let mut host = world.greeted(Revision::V2026_07_28);
        let prompt = format!("[[sim: stall after=1]] cancelled {other}");
        let task = made(&host, &prompt);
        if other {
            host.signal(Signal::Kill).unwrap();
            host = world.greeted(Revision::V2026_07_28);
        }
        assert_eq!(result(&host, "tasks/cancel", json!({"taskId": task}))["resultType"], "complete");
        let closed = world.provider.wait_for(HANG, |all| {
            all.iter().any(|r| *r.prompt == *prompt && r.ended.is_some_and(|e| e.how == End::ClientClosed))
        });
        closed.unwrap();
        assert_eq!(until_over(&host, &task)["status"], "cancelled");
        check(&host);
    }
}

#[test]
fn what_is_no_task_or_not_declared_is_an_error() {
    let world = impatient();
    let host = world.greeted(Revision::V2026_07_28);
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let unknown = format!("{}-{now:x}", "0".repeat(32));
    for (task, method) in [("latest", "tasks/get"), ("latest", "tasks/cancel"), (&*unknown, "tasks/get")] {
        let answer = host.wait(&request(&host, method, json!({"taskId": task})), HANG).unwrap();
        assert_eq!(answer.error_code(), Some(-32602), "{}", answer.line);
    }
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let pending = host.request(method, json!({"taskId": unknown})).unwrap();
        assert_eq!(host.wait(&pending, HANG).unwrap().error_code(), Some(-32021));
    }
    for method in ["tasks/result", "tasks/list"] {
        let answer = host.wait(&request(&host, method, json!({"taskId": unknown})), HANG).unwrap();
        assert_eq!(answer.error_code(), Some(-32601));
    }
    check(&host);
}
