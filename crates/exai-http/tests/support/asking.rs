//! A call that nothing came before, and its gate.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use exai_provider::{BoxFuture, CallContext, Chat, Denied, Failure, Gate, Observer, Providers, Reply, Timer};

/// Long enough for any machine; only a hang reaches it.
pub(crate) const HANG: Duration = Duration::from_secs(60);

/// Asks, with ten minutes and three attempts.
pub(crate) async fn ask(
    providers: &Providers,
    timer: &dyn Timer,
    chat: Chat,
    observer: &dyn Observer,
) -> Result<Reply, Failure> {
    let asked = chat.messages.clone();
    let context = CallContext {
        call_id: "call-1",
        sharer: 1,
        before: &[],
        kept: None,
        deadline: timer.now() + Duration::from_secs(600),
        gate: &Three::default(),
        observer,
    };
    let outcome = tokio::time::timeout(HANG, providers.chat(chat, context)).await;
    outcome.unwrap_or_else(|_| panic!("{asked:?} hangs"))
}

/// Grants three attempts.
#[derive(Default)]
struct Three(AtomicU32);

impl Gate for Three {
    fn begin<'a>(
        &'a self,
        unused: Option<u32>,
        _: &'a str,
        _: &'a str,
        _: u64,
    ) -> BoxFuture<'a, Result<u32, Denied>> {
        let n = unused.unwrap_or_else(|| self.0.fetch_add(1, Ordering::SeqCst) + 1);
        Box::pin(std::future::ready(if n <= 3 { Ok(n) } else { Err(Denied::Exhausted) }))
    }
}
