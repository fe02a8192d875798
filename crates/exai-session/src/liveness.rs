//! Silence, suspicion, death.
