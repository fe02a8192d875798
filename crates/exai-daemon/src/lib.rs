//! Listens, admits, journals, executes, drains, tells its health.
