//! `params` of a call, as far as the shim reads them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Params<'a> {
    #[serde(borrow, default)]
    arguments: Option<BTreeMap<Cow<'a, str>, &'a RawValue>>,
}

/// The arguments; none where they can't be read.
pub(crate) fn arguments(params: &RawValue) -> BTreeMap<Cow<'_, str>, &RawValue> {
    let params: Option<Params<'_>> = serde_json::from_str(params.get()).ok();
    params.and_then(|params| params.arguments).unwrap_or_default()
}
