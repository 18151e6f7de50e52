const _: () = {
    use ::lifespan::__private::{self as __rt, Sendable as __K};
    impl __rt::Composed<__K> for App {
        const NAME: &'static str = "App";
        const INPUTS: &'static [&'static str] = &["config"];
        const MEMBERS: &'static [__rt::GraphMember] = &[
            __rt::row("db", &[], &[0], __rt::resource::<Db, __K>()),
            __rt::row("cache", &[0], &[0], __rt::resource::<Cache, __K>()),
            __rt::row("echo", &[0], &[], __rt::resource::<EchoServer, __K>()),
        ];
        fn __part(self, __parts: &mut __rt::Parts<'_, __K>) {
            let Self { db: __db, cache: __cache, echo: __echo } = self;
            __parts.member(__rt::resource::<Db, __K>(), __db);
            __parts.member(__rt::resource::<Cache, __K>(), __cache);
            __parts.member(__rt::resource::<EchoServer, __K>(), __echo);
        }
    }
    impl App {
        /// The life of the whole [`App`]: nothing runs until it is scoped, entered or run.
        #[track_caller]
        pub fn lifespan(config: Config) -> __rt::Lifespan<Self, impl __rt::Enter<Self>> {
            __rt::lifespan(
                (
                    __rt::leaf(__rt::resource::<EchoServer, __K>()),
                    __rt::leaf(__rt::resource::<Cache, __K>()),
                    __rt::lent(__rt::resource::<Db, __K>()),
                ),
                (__rt::given(config),),
                [
                    |__s, __i, __m| {
                        let config = __i.0.get();
                        __rt::enter(&__s.2, __m, Db::open(&config.database))
                    },
                    |__s, __i, __m| {
                        let (config, db) = (__i.0.get(), __s.2.get());
                        __rt::enter(
                            &__s.1,
                            __m,
                            Cache::warm(config.cache_size, db.pool()),
                        )
                    },
                    |__s, __i, __m| {
                        let db = __s.2.get();
                        __rt::enter(&__s.0, __m, EchoServer::start(db.pool()))
                    },
                ],
                |__s, __i| Self {
                    db: __s.2.value(),
                    cache: __s.1.value(),
                    echo: __s.0.value(),
                },
            )
        }
        /// What [`App`] is made of, in which order, and how long that may take; nothing runs.
        pub fn plan() -> ::lifespan::Plan {
            __rt::plan::<Self, __K>()
        }
    }
    impl ::lifespan::ScopedResource for App {
        async fn exit(self, __exit: &::lifespan::Exit) -> __rt::ExitResult {
            __rt::exit(self, __exit).await
        }
        fn __what() -> __rt::What {
            __rt::What::Nested(__rt::graph::<Self, __K>())
        }
        fn __failure(&self, __failing: &mut __rt::Failing<'_>) {
            let mut __asking = __rt::asking::<Self, __K>(__failing);
            __asking.member(0, __rt::resource::<Db, __K>(), &self.db);
            __asking.member(1, __rt::resource::<Cache, __K>(), &self.cache);
            __asking.member(2, __rt::resource::<EchoServer, __K>(), &self.echo);
        }
        fn __lose(self, __abandoned: __rt::Origin) {
            __rt::lose(self, &__abandoned);
        }
    }
};
