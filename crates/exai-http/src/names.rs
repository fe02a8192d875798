//! Names for a program that can't ask the C library.

use exai_names::addresses;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Asks without the C library. The client puts the port in.
#[derive(Debug)]
pub(crate) struct OwnNames;

impl Resolve for OwnNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::task::spawn_blocking(move || addresses(name.as_str(), 0)).await??;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
