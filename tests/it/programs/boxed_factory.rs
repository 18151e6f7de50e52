//! A factory of lifespans, boxed, stored in a struct, chosen at run time.

use std::collections::BTreeMap;

use lifespan::{BoxError, Lifespan, Resource};

use crate::everywhere::everywhere;

type Factory = Box<dyn Fn(&str) -> Lifespan<Resource<String>> + Send + Sync>;

#[derive(Default)]
struct Registry {
    kinds: BTreeMap<&'static str, Factory>,
}

impl Registry {
    fn register<F>(&mut self, kind: &'static str, factory: F)
    where
        F: Fn(&str) -> Lifespan<Resource<String>> + Send + Sync + 'static,
    {
        self.kinds.insert(kind, Box::new(factory));
    }

    fn open(&self, kind: &str, name: &str) -> Option<Lifespan<Resource<String>>> {
        Some(self.kinds.get(kind)?(name).named(format!("{kind} {name}")))
    }
}

fn registry() -> Registry {
    let mut registry = Registry::default();
    registry.register("file", |name| {
        let path = format!("/{name}");
        Lifespan::new(async { Ok::<_, BoxError>(path) }, async |_, _| ()).boxed()
    });
    registry.register("broken", |_| {
        Lifespan::new(async { Err(BoxError::from("broken")) }, async |_, _| ()).boxed()
    });
    registry
}

#[test]
fn opens_what_is_asked_for() {
    everywhere(|| async {
        let registry = registry();
        let file = registry.open("file", "a").unwrap();
        let length = tokio::spawn(file.scope_ok(async |path| path.len())).await.unwrap();
        assert_eq!(length.unwrap(), 2);
        let error = registry
            .open("broken", "b")
            .unwrap()
            .scope_ok(async |_| ())
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "resource `broken b` failed to enter: broken");
        assert!(registry.open("socket", "c").is_none());
    });
}
