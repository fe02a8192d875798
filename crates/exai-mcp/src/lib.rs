//! MCP as a state machine without I/O.
