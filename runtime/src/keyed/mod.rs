//! Resources that many use and that come and go: the types around an [`OwnerMap`](crate::OwnerMap), which has them by key, and a
//! [`Shared`](crate::Shared), which has one as long as a lease is held.

pub(crate) mod map;
pub(crate) mod shared;

pub use self::map::InsertError;
pub use self::shared::Lease;
