//! Resources that come and go: the types around an [`OwnerMap`](crate::OwnerMap), which holds them by key, and a
//! [`Shared`](crate::Shared), which keeps one for as long as a lease is held.

pub(crate) mod map;
pub(crate) mod shared;

pub use self::map::InsertError;
pub use self::shared::Lease;
