//! Async resources with a scope.

#[doc(hidden)]
pub mod __private;

mod abandon;
mod aside;
mod body;
mod enter;
mod entry;
mod error;
mod exit;
mod failures;
mod foreign;
mod handover;
mod identity;
mod lifespan;
mod live;
mod policy;
mod report;
mod rescue;
mod resource;
mod scope;
mod scope_macro;
mod timer;

pub use crate::body::Failure;
pub use crate::enter::{Enter, Entered};
pub use crate::error::{BoxError, Error, ErrorKind, Phase};
pub use crate::exit::{Cause, Exit};
pub use crate::foreign::{Exited, Resource, ResourceLocal};
pub use crate::handover::Handover;
pub use crate::identity::checks_enabled;
pub use crate::lifespan::{BoxFuture, Lifespan, LocalBoxFuture};
pub use crate::live::Live;
pub use crate::policy::{DEFAULT_EXIT_TIMEOUT, Policy};
pub use crate::report::{Report, ReportHook, ReportKind, set_report_hook, take_report_hook};
pub use crate::rescue::{Drained, drain};
pub use crate::resource::{LocalResource, ScopedResource};

pub use lifespan_macros::scoped_resource;
