//! Every setting once: name, type, unit, default, range, meaning.
