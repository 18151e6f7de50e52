//! The parts of `examples/two_servers`, for who runs them in the same process.

#[path = "../../../examples/two_servers/app.rs"]
pub(crate) mod app;
#[path = "../../../examples/two_servers/calls.rs"]
pub(crate) mod calls;
#[path = "../../../examples/two_servers/endpoint.rs"]
pub(crate) mod endpoint;
#[path = "../../../examples/two_servers/http.rs"]
pub(crate) mod http;
#[path = "../../../examples/two_servers/timeline.rs"]
mod timeline;
#[path = "../../../examples/two_servers/tools.rs"]
mod tools;
#[path = "../../../examples/two_servers/workspace.rs"]
mod workspace;
