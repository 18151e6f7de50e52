//! Async resources with a scope.
