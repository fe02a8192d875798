//! What is said to model APIs, and when.
