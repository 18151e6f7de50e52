//! Two MCP servers in one app (`examples/two_servers`), which is asked and stopped from outside.

mod answers;
mod clients;
mod restarts;
mod shutdown;
mod start_up;
