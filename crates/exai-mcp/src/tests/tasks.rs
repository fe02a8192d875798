//! The tasks extension.

use serde_json::{Value, json};

use super::world::{World, cancelled, modern, raw, request, tool_call};
use crate::{Answer, CallKey, Event, Task, TaskId, TaskState, TaskVerb, Tasks};

const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

fn id() -> TaskId {
    TaskId { call: [0xab; 16], created_ms: 1_785_240_000_000 }
}

fn task(state: TaskState) -> Task {
    Task { id: id(), state, message: String::new(), updated_ms: 1_785_240_001_500, ttl_ms: 3_600_000 }
}

/// The same message from a host that knows tasks.
fn declared(message: Value) -> Value {
    let mut message = modern(message);
    message["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] =
        json!({"extensions": {"io.modelcontextprotocol/tasks": {}}});
    message
}

fn about(method: &str, task_id: &str) -> Value {
    declared(request(&json!("t"), method, &json!({"taskId": task_id})))
}

/// Asks about the task; the key to answer with.
fn asked(world: &mut World, method: &str) -> (CallKey, TaskVerb) {
    world.say(&about(method, &id().to_string()));
    let found = world.events().into_iter().find_map(|event| match event {
        Event::Task { key, id: of, verb } if of == id() => Some((key, verb)),
        _ => None,
    });
    found.unwrap()
}

fn got(world: &mut World, state: TaskState) -> Value {
    let (key, verb) = asked(world, "tasks/get");
    assert_eq!(verb, TaskVerb::Get);
    world.engine.answer(world.now, key, Answer::Task(Box::new(task(state))));
    world.only()["result"].clone()
}

/// Everything about tasks, for the test of all kinds of lines.
pub(super) fn converse(world: &mut World) {
    let call = world.call(&declared(tool_call(&json!("task"))));
    world.engine.answer(world.now, call.key, Answer::Task(Box::new(task(TaskState::Working))));
    world.lines();
    world.ask(&modern(request(&json!("undeclared"), "tasks/get", &json!({}))));
    got(world, TaskState::Cancelled);
    let (key, _) = asked(world, "tasks/update");
    world.engine.answer(world.now, key, Answer::Acknowledged);
    world.lines();
    let filter = json!({"notifications": {"taskIds": [id().to_string()]}});
    world.ask(&declared(request(&json!("watch"), "subscriptions/listen", &filter)));
    world.engine.notify_task(&task(TaskState::Working));
    world.lines();
}

#[test]
fn a_name_tells_its_call_and_no_other_text_does() {
    let name = id().to_string();
    assert_eq!(name, format!("{}-19fa8989600", "ab".repeat(16)));
    assert_eq!(name.parse(), Ok(id()));
    for wrong in ["", "-", "latest", &name.to_uppercase(), &format!("0{name}"), &name.replace('-', "-0")] {
        assert!(wrong.parse::<TaskId>().is_err(), "{wrong}");
    }
}

#[test]
fn a_call_is_answered_with_a_task_flat_and_working() {
    let mut world = World::new();
    let call = world.call(&declared(tool_call(&json!(1))));
    assert_eq!(call.tasks, Tasks::Declared);
    let new = Task { message: "It runs.".into(), ..task(TaskState::Working) };
    world.engine.answer(world.now, call.key, Answer::Task(Box::new(new)));
    let result = world.only()["result"].clone();
    assert_eq!(
        result,
        json!({
            "resultType": "task", "taskId": id().to_string(), "status": "working", "statusMessage": "It runs.",
            "createdAt": "2026-07-28T12:00:00.000Z", "lastUpdatedAt": "2026-07-28T12:00:01.500Z",
            "ttlMs": 3_600_000, "pollIntervalMs": 2000,
            "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "exai", "version": "0.1.0"}}
        })
    );
}

#[test]
fn a_task_is_told_with_what_its_state_carries() {
    let mut world = World::new();
    let working = got(&mut world, TaskState::Working);
    assert_eq!((&working["resultType"], &working["status"]), (&json!("complete"), &json!("working")));
    assert!(working.get("content").is_none() && working.get("statusMessage").is_none());

    let result = raw(&json!({"content": [{"type": "text", "text": "hi"}], "isError": true}));
    let completed = got(&mut world, TaskState::Completed(result));
    assert_eq!(completed["status"], "completed");
    assert_eq!(completed["result"]["content"][0]["text"], "hi");
    assert_eq!(
        (&completed["result"]["isError"], &completed["result"]["resultType"]),
        (&json!(true), &json!("complete"))
    );

    let failed = got(&mut world, TaskState::Failed { code: -32603, message: "no \"x\"".into() });
    assert_eq!(
        (&failed["status"], &failed["error"]),
        (&json!("failed"), &json!({"code": -32603, "message": "no \"x\""}))
    );
    assert_eq!(got(&mut world, TaskState::Cancelled)["status"], "cancelled");
    assert_eq!(got(&mut world, TaskState::Completed(raw(&json!([1]))))["status"], "failed");
}

#[test]
fn a_result_that_no_line_holds_is_cut() {
    let mut world = World::unchecked();
    let result = raw(&json!({"content": [{"type": "text", "text": "x".repeat(9 << 20)}]}));
    let completed = got(&mut world, TaskState::Completed(result));
    assert_eq!(completed["status"], "completed");
    assert!(completed["result"]["_meta"][crate::CUT_META_KEY].is_object());
    let side = raw(&json!({"structuredContent": "x".repeat(9 << 20)}));
    assert_eq!(got(&mut world, TaskState::Completed(side))["status"], "failed");
}

#[test]
fn updates_and_cancels_are_acknowledged() {
    let mut world = World::new();
    for (method, verb) in [("tasks/update", TaskVerb::Update), ("tasks/cancel", TaskVerb::Cancel)] {
        let (key, wanted) = asked(&mut world, method);
        assert_eq!(wanted, verb);
        world.engine.answer(world.now, key, Answer::Acknowledged);
        let result = world.only()["result"].clone();
        assert_eq!(result["resultType"], "complete");
        assert_eq!(result.as_object().unwrap().len(), 2, "nothing but _meta beside it: {result}");
    }
}

#[test]
fn what_names_no_task_is_refused_by_its_form() {
    let mut world = World::new();
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        assert_eq!(world.ask(&about(method, "latest"))["error"]["code"], -32602);
        let nameless = declared(request(&json!("t"), method, &json!({})));
        assert_eq!(world.ask(&nameless)["error"]["code"], -32602);
    }
    assert!(!world.events().iter().any(|event| matches!(event, Event::Task { .. })));
}

#[test]
fn hosts_that_do_not_declare_tasks_get_none_of_them() {
    let mut world = World::new();
    let needed = json!({"requiredCapabilities": {"extensions": {"io.modelcontextprotocol/tasks": {}}}});
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let error =
            world.ask(&modern(request(&json!(1), method, &json!({"taskId": id().to_string()}))))["error"]
                .clone();
        assert_eq!((&error["code"], &error["data"]), (&json!(-32021), &needed));
    }
    let filter = json!({"notifications": {"taskIds": [id().to_string()]}});
    let error = world.ask(&modern(request(&json!(1), "subscriptions/listen", &filter)))["error"].clone();
    assert_eq!((&error["code"], &error["data"]), (&json!(-32021), &needed));
}

#[test]
fn the_tasks_of_older_revisions_are_unknown() {
    let mut world = World::opened("2025-11-25");
    for method in ["tasks/get", "tasks/result", "tasks/list", "tasks/cancel"] {
        let answer = world.ask(&request(&json!(1), method, &json!({"taskId": id().to_string()})));
        assert_eq!(answer["error"]["code"], -32601, "{method}");
    }
    let mut call = tool_call(&json!(2));
    call["params"]["task"] = json!({"ttl": 60000});
    let key = world.call(&call).key;
    world.answer_text(key, "plain");
    assert_eq!(world.only()["result"]["content"][0]["text"], "plain");
}

#[test]
fn a_question_about_a_task_can_be_cancelled() {
    let mut world = World::new();
    let (key, _) = asked(&mut world, "tasks/get");
    world.say(&cancelled(&json!("t")));
    assert!(matches!(&world.events()[..], [Event::Cancelled { key: of, .. }] if *of == key));
    world.engine.answer(world.now, key, Answer::Task(Box::new(task(TaskState::Working))));
    assert!(world.lines().is_empty());
}

#[test]
fn who_watches_a_task_is_told_of_it_whole_and_tagged() {
    let mut world = World::new();
    let other = TaskId { call: [1; 16], created_ms: 1 };
    let listen = |id: &str, ids: Value| {
        declared(request(&json!(id), "subscriptions/listen", &json!({"notifications": {"taskIds": ids}})))
    };
    let acknowledged = world.ask(&listen("l1", json!([id().to_string(), "latest", 5, id().to_string()])));
    assert_eq!(acknowledged["params"]["notifications"], json!({"taskIds": [id().to_string()]}));
    assert!(matches!(&world.events()[..], [.., Event::Watched(ids)] if *ids == [id()]));
    world.ask(&listen("l2", json!([other.to_string(), id().to_string()])));
    assert!(world.engine.is_watched(other));
    assert_eq!(world.ask(&listen("l3", json!("all")))["error"]["code"], -32602);

    let result = raw(&json!({"content": []}));
    let key = world.engine.notify_task(&task(TaskState::Completed(result))).unwrap();
    let outputs = world.outputs();
    assert!(outputs.iter().all(|output| output.answers == [key]));
    let lines: Vec<Value> =
        outputs.iter().map(|output| serde_json::from_slice(&output.line).unwrap()).collect();
    let tags: Vec<&Value> = lines.iter().map(|line| &line["params"]["_meta"][SUBSCRIPTION]).collect();
    assert_eq!(tags, [&json!("l1"), &json!("l2")]);
    assert_eq!(lines[0]["method"], "notifications/tasks");
    assert_eq!(
        (&lines[0]["params"]["status"], &lines[0]["params"]["taskId"]),
        (&json!("completed"), &json!(id().to_string()))
    );
    assert_eq!(lines[0]["params"]["result"]["content"], json!([]));

    world.say(&cancelled(&json!("l1")));
    world.say(&cancelled(&json!("l2")));
    assert_eq!(world.engine.notify_task(&task(TaskState::Cancelled)), None);
    assert!(!world.engine.is_watched(id()) && world.lines().is_empty());
}
