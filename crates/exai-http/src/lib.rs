//! The HTTP transport that the provider layer is driven with.
