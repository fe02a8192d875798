//! What two requests must have in common to mean the same call: tool and arguments, whatever stands beside them.

use std::borrow::Cow;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

/// Half of a SHA-256: 128 bits tell payloads apart by far.
pub(crate) type Digest = [u8; 16];

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Params<'a> {
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
}

/// Digest of a tool and the arguments in `params`. Layout and the order of fields don't count where the arguments can be
/// read whole; hosts may write them anew for each request.
pub(crate) fn of_call(tool: &str, params: &RawValue) -> Digest {
    let read = serde_json::from_str::<Params<'_>>(params.get());
    let arguments = read.map_or(params.get(), |params| params.arguments.map_or("{}", RawValue::get));
    let canonical = serde_json::from_str::<Value>(arguments).map(|value| value.to_string());
    of_parts(tool, canonical.as_deref().unwrap_or(arguments))
}

/// Digest of a question: what is asked, by which host, from where. Asked again it has the same; see
/// [`exai_wire::AdoptKey`]. Files count with their texts, which stand in the arguments by then.
pub(crate) fn of_question(params: &RawValue, host: Option<&str>, workspace: Option<&Path>) -> Digest {
    let tool = serde_json::from_str::<Named<'_>>(params.get()).map(|named| named.name).unwrap_or_default();
    let asked = of_call(&tool, params);
    let place = workspace.map(|path| path.to_string_lossy()).unwrap_or_default();
    let hash = Sha256::new()
        .chain_update(asked)
        .chain_update(host.unwrap_or_default())
        .chain_update([0])
        .chain_update(place.as_bytes());
    half(hash.finalize())
}

fn half(hash: impl IntoIterator<Item = u8>) -> Digest {
    let mut half = Digest::default();
    half.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    half
}

/// Digest of two texts, the first without zeros in it.
pub(crate) fn of_parts(first: &str, second: &str) -> Digest {
    let hash = Sha256::new().chain_update(first).chain_update([0]).chain_update(second).finalize();
    half(hash)
}

#[cfg(test)]
mod tests;
