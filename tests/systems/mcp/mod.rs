//! Two MCP servers in one app (`examples/two_servers`), in a process of its own, which is asked and stopped from outside: by hand,
//! by the official Python client, and through an SSE client that is a scoped resource itself.

mod environment;
mod relay;
mod server;
mod session;

mod answers;
mod clients;
mod figures;
mod python;
mod restarts;
mod shutdown;
mod sse;
mod start_up;
