//! [`opaque_debug!`]: the `Debug` of what has nothing to show but its name.

/// `opaque_debug!([F, X] WithExit<F, X>, "WithExit")`.
macro_rules! opaque_debug {
    ([$($generics:tt)*] $type:ty, $name:literal) => {
        impl<$($generics)*> std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct($name).finish_non_exhaustive()
            }
        }
    };
}

pub(crate) use opaque_debug;
