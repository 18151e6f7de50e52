//! Programs as users would write them.
