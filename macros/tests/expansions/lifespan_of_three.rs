const _: () = {
    use ::lifespan::__private::{self as __rt, Sendable as __Kind};
    struct __Slots<__0> {
        echo: __rt::LeafSlot<EchoServer, __Kind>,
        cache: __rt::LeafSlot<Cache, __Kind>,
        db: __rt::LentSlot<Db, __Kind>,
        config: ::core::option::Option<__0>,
    }
    impl __rt::Composed<__Kind> for App {
        const GRAPH: &'static __rt::Graph = &__rt::Graph::new(
            "App",
            &["config"],
            &[
                __rt::member("db", &[], &[0], __rt::resource::<Db, __Kind>()),
                __rt::member("cache", &[0], &[0], __rt::resource::<Cache, __Kind>()),
                __rt::member("echo", &[0], &[], __rt::resource::<EchoServer, __Kind>()),
            ],
        );
        fn __part(self, __parts: &mut __rt::Parts<'_, __Kind>) {
            let Self { db: __db, cache: __cache, echo: __echo } = self;
            __parts.member(__rt::resource::<Db, __Kind>(), __db);
            __parts.member(__rt::resource::<Cache, __Kind>(), __cache);
            __parts.member(__rt::resource::<EchoServer, __Kind>(), __echo);
        }
        fn __ask(&self, __asking: &mut __rt::Asking<'_, '_>) {
            __asking.member(0, __rt::resource::<Db, __Kind>(), &self.db);
            __asking.member(1, __rt::resource::<Cache, __Kind>(), &self.cache);
            __asking.member(2, __rt::resource::<EchoServer, __Kind>(), &self.echo);
        }
    }
    impl App {
        /// The life of the whole [`App`]: nothing runs until it is scoped, entered or run.
        #[track_caller]
        pub fn lifespan(config: Config) -> __rt::Lifespan<Self, impl __rt::Enter<Self>> {
            __rt::lifespan::<
                _,
                _,
                __Kind,
                _,
            >(
                __Slots {
                    echo: __rt::leaf(__rt::resource::<EchoServer, __Kind>()),
                    cache: __rt::leaf(__rt::resource::<Cache, __Kind>()),
                    db: __rt::lent(__rt::resource::<Db, __Kind>()),
                    config: ::core::option::Option::Some(config),
                },
                [
                    |__s, __m| {
                        let config = __rt::given(&__s.config);
                        __rt::enter(&__s.db, __m, Db::open(&config.database))
                    },
                    |__s, __m| {
                        let config = __rt::given(&__s.config);
                        let db = __rt::get(&__s.db);
                        __rt::enter(
                            &__s.cache,
                            __m,
                            Cache::warm(config.cache_size, db.pool()),
                        )
                    },
                    |__s, __m| {
                        let db = __rt::get(&__s.db);
                        __rt::enter(&__s.echo, __m, EchoServer::start(db.pool()))
                    },
                ],
                |__s, __each| {
                    __each(&mut __s.db);
                    __each(&mut __s.cache);
                    __each(&mut __s.echo);
                },
                |__s| Self {
                    db: __rt::value(&mut __s.db),
                    cache: __rt::value(&mut __s.cache),
                    echo: __rt::value(&mut __s.echo),
                },
            )
        }
        /// What [`App`] is made of, in which order, and how long that may take; nothing runs.
        pub fn plan() -> ::lifespan::Plan {
            __rt::plan::<Self, __Kind>()
        }
    }
    impl ::lifespan::ScopedResource for App {
        async fn exit(self, __exit: &::lifespan::Exit) -> __rt::ExitResult {
            __rt::exit(self, __exit).await
        }
        fn policy() -> ::lifespan::Policy {
            __rt::graph::<Self, __Kind>().policy::<Self>()
        }
        fn __what() -> __rt::What {
            __rt::What::Nested(__rt::graph::<Self, __Kind>())
        }
        fn __failure(&self, __failing: &mut __rt::Failing<'_>) {
            __rt::failing(self, __failing);
        }
        fn __lose(self, __abandoned: __rt::Origin) {
            __rt::lose(self, &__abandoned);
        }
    }
};
