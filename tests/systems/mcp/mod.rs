//! Two MCP servers in one app (`examples/two_servers`), in a process of its own, which is asked and stopped from outside: by hand,
//! by the official Python client, and through an SSE client that is a scoped resource itself.

mod environment;
#[allow(dead_code, reason = "the programs under test use all of it")]
mod example;
mod relay;
mod server;
mod session;

mod answers;
mod clients;
mod figures;
mod lent;
mod python;
mod restarts;
mod shutdown;
mod sse;
mod start_up;
