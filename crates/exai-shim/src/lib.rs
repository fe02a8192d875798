//! stdin and stdout, the MCP engine, the session, the socket.
