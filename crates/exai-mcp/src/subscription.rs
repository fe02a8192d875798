//! Held `subscriptions/listen` requests, the modern way to hear of changes.

use serde_json::value::RawValue;

use crate::error::{RpcError, code};
use crate::id;
use crate::json::{Kind, kind, pick};
use crate::limit::SUBSCRIPTIONS_MAX;
use crate::task::{Task, TaskId};

/// Requests that are acknowledged and not ended.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    held: Vec<Subscription>,
}

#[derive(Debug)]
struct Subscription {
    /// The request's id, raw; it tags every notification.
    id: Box<str>,
    tools: ToolChanges,
    tasks: Vec<TaskId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ToolChanges {
    Wanted,
    NotWanted,
}

impl Subscriptions {
    /// Holds a request with what it filters of `tasks`; gives the acknowledgement to send first.
    ///
    /// # Errors
    ///
    /// The filter is no object, or too many are held.
    pub(crate) fn listen(
        &mut self,
        id: &str,
        filter: Option<&RawValue>,
        tasks: Option<&[TaskId]>,
    ) -> Result<String, RpcError> {
        let Some(filter) = filter.filter(|filter| kind(filter) == Kind::Object) else {
            return Err(RpcError::invalid_params(
                "subscriptions/listen needs the object params.notifications",
            ));
        };
        self.cancel(id);
        if self.held.len() >= SUBSCRIPTIONS_MAX {
            let message = format!("{SUBSCRIPTIONS_MAX} subscriptions are held already; cancel one first");
            return Err(RpcError::new(code::INTERNAL, message));
        }
        let wanted =
            matches!(pick(filter.get(), ["toolsListChanged"]), Ok([Some(flag)]) if flag.get() == "true");
        let (tools, mut accepted) = match wanted {
            true => (ToolChanges::Wanted, vec!["\"toolsListChanged\":true".to_owned()]),
            false => (ToolChanges::NotWanted, Vec::new()),
        };
        if let Some(tasks) = tasks {
            let names: Vec<String> = tasks.iter().map(|task| format!("\"{task}\"")).collect();
            accepted.push(format!("\"taskIds\":[{}]", names.join(",")));
        }
        let tasks = tasks.unwrap_or_default().to_owned();
        self.held.push(Subscription { id: id.into(), tools, tasks });
        let extra = format!(",\"notifications\":{{{}}}", accepted.join(","));
        Ok(notification("notifications/subscriptions/acknowledged", id, &extra))
    }

    /// Ends the subscription of that id, in silence: the host does not want it any more.
    pub(crate) fn cancel(&mut self, id: &str) {
        self.held.retain(|held| !id::same(&held.id, id));
    }

    /// The notifications of a changed tool list.
    pub(crate) fn tools_changed(&self) -> impl Iterator<Item = String> {
        let listens = |held: &&Subscription| held.tools == ToolChanges::Wanted;
        self.held
            .iter()
            .filter(listens)
            .map(|held| notification("notifications/tools/list_changed", &held.id, ""))
    }

    /// Whether somebody wants news of this task.
    pub(crate) fn watches(&self, task: TaskId) -> bool {
        self.held.iter().any(|held| held.tasks.contains(&task))
    }

    /// The notifications of a task's state.
    pub(crate) fn task_changed(&self, task: &Task, server_info: &str) -> Vec<String> {
        let told = self.held.iter().filter(|held| held.tasks.contains(&task.id));
        let line = |held: &Subscription| {
            task.line(server_info, |fields| {
                notification("notifications/tasks", &held.id, &format!(",{fields}"))
            })
        };
        told.map(line).collect()
    }

    /// Ends all of them; gives raw ids and result bodies.
    pub(crate) fn end(&mut self, server_info: &str) -> Vec<(Box<str>, String)> {
        let ended = std::mem::take(&mut self.held);
        ended.into_iter().map(|held| (held.id.clone(), completion(&held.id, server_info))).collect()
    }
}

fn notification(method: &str, id: &str, extra: &str) -> String {
    format!(
        "{{\"jsonrpc\":\"2.0\",\"method\":\"{method}\",\"params\":\
         {{\"_meta\":{{\"io.modelcontextprotocol/subscriptionId\":{id}}}{extra}}}}}"
    )
}

fn completion(id: &str, server_info: &str) -> String {
    format!(
        "{{\"resultType\":\"complete\",\"_meta\":{{\"io.modelcontextprotocol/subscriptionId\":{id},\
         \"io.modelcontextprotocol/serverInfo\":{server_info}}}}}"
    )
}
