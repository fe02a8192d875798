//! `subscriptions/listen`, and what a changed catalogue does in either era.

use exai_sim::host::{Host, Revision};
use exai_sim::process::HANG;
use serde_json::{Value, json};

use crate::fake_daemon::FakeDaemon;
use crate::world::{ask, check, installation, modern_meta, names};

const CHANGED: &str = "notifications/tools/list_changed";

fn listen(host: &Host, wanted: Value) -> exai_sim::host::Pending {
    host.request("subscriptions/listen", json!({"notifications": wanted, "_meta": modern_meta()})).unwrap()
}

fn acknowledged(host: &Host, pending: &exai_sim::host::Pending) -> Value {
    host.wait_for(HANG, |transcript| {
        let all = transcript.notifications("notifications/subscriptions/acknowledged");
        all.iter().find_map(|line| {
            let params = line.json.as_ref()?.get("params")?;
            let id = &params["_meta"]["io.modelcontextprotocol/subscriptionId"];
            (*id == pending.id).then(|| params["notifications"].clone())
        })
    })
    .unwrap()
}

#[test]
fn a_subscription_is_acknowledged_held_and_completed_at_the_end() {
    let exai = installation();
    let host = exai.host().unwrap();
    host.discover().unwrap();
    let tools = listen(&host, json!({"toolsListChanged": true, "promptsListChanged": true}));
    let nothing = listen(&host, json!({}));
    assert_eq!(acknowledged(&host, &tools), json!({"toolsListChanged": true}));
    assert_eq!(acknowledged(&host, &nothing), json!({}));
    host.list_tools().unwrap();
    assert!(host.answer(&tools).is_none() && host.answer(&nothing).is_none());
    host.close_stdin();
    assert!(host.wait_exit(HANG).unwrap().status.success());
    for pending in [&tools, &nothing] {
        let result = host.wait(pending, HANG).unwrap();
        let id = &result.result().unwrap()["_meta"]["io.modelcontextprotocol/subscriptionId"];
        assert_eq!(*id, pending.id);
    }
    check(&host);
}

#[test]
fn a_cancelled_subscription_is_told_of_nothing_more() {
    let daemon = FakeDaemon::start();
    let exai = daemon.installation();
    let host = exai.host().unwrap();
    host.discover().unwrap();
    let (kept, cancelled) =
        (listen(&host, json!({"toolsListChanged": true})), listen(&host, json!({"toolsListChanged": true})));
    acknowledged(&host, &kept);
    acknowledged(&host, &cancelled);
    host.cancel(&cancelled, "").unwrap();
    daemon.change_tools();
    host.ask("chat", json!({"prompt": "x"})).unwrap();
    let told = host.wait_for(HANG, |t| Some(t.notifications(CHANGED)).filter(|all| !all.is_empty())).unwrap();
    host.list_tools().unwrap();
    let told_after = host.transcript().notifications(CHANGED);
    assert_eq!((told.len(), told_after.len()), (1, 1));
    let json = told[0].json.as_ref().unwrap();
    assert_eq!(json["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], kept.id);
    check(&host);
}

#[test]
fn hosts_of_both_eras_hear_of_a_changed_list_once_and_of_an_equal_one_never() {
    let daemon = FakeDaemon::start();
    daemon.change_tools();
    let exai = daemon.installation();
    let host = exai.host().unwrap();
    host.initialize(Revision::V2025_11_25).unwrap();
    let subscription = listen(&host, json!({"toolsListChanged": true}));
    acknowledged(&host, &subscription);
    host.ask("chat", json!({"prompt": "x"})).unwrap();
    host.wait_for(HANG, |t| (t.notifications(CHANGED).len() == 2).then_some(())).unwrap();
    assert_eq!(names(&host.list_tools().unwrap()), ["chat", "newer"]);
    // The same list again, after the connection was lost.
    daemon.hang_up();
    host.ask("chat", json!({"prompt": "y"})).unwrap();
    assert!(!ask(&host, "tools/list", Value::Null).line.contains("listmodels"));
    assert_eq!(check(&host).notifications(CHANGED).len(), 2);
    drop(host);

    // What the daemon told is kept for the next shim, and is nothing new to it.
    let next = exai.host().unwrap();
    next.initialize(Revision::V2025_11_25).unwrap();
    assert_eq!(names(&next.list_tools().unwrap()), ["chat", "newer"]);
    next.ask("chat", json!({"prompt": "z"})).unwrap();
    assert_eq!(check(&next).notifications(CHANGED).len(), 0);
}
