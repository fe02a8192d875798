//! The catalogue: schema, class and behaviour of every tool.
