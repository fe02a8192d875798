//! Pauses between dials.
