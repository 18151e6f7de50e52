const _: () = {
    use ::lifespan::__private::{self as __rt, Sendable as __K};
    impl __rt::Composed<__K> for App {
        const NAME: &'static str = "App";
        const INPUTS: &'static [&'static str] = &["config", "port"];
        const MEMBERS: &'static [__rt::GraphMember] = &[
            __rt::row("db", &[], &[0], __rt::resource::<Db, __K>())
                .within(__rt::UNSAID.enter(__rt::Some(__rt::Duration::from_secs(5)))),
            __rt::row("events", &[0], &[], __rt::plain::<Events, __K>()),
            __rt::row("cache", &[0, 1], &[], __rt::optional::<Cache, __K>()),
            __rt::row("pool", &[], &[0], __rt::beside::<Pool, __K, App, 3>())
                .within(__rt::UNSAID.exit(__rt::None)),
            __rt::row("probe", &[0], &[], __rt::optional_beside::<Probe, __K, App, 4>()),
            __rt::row("http", &[2], &[1], __rt::resource::<Http, __K>()),
        ];
        const BUDGETS: __rt::Budgets = __rt::UNSAID
            .exit(__rt::Some(__rt::Duration::from_secs(20)));
        fn __part(self, __parts: &mut __rt::Parts<'_, __K>) {
            let Self {
                config: __config,
                db: __db,
                cache: __cache,
                pool: __pool,
                probe: __probe,
                events: __events,
                http: __http,
            } = self;
            __parts.kept(__rt::plain::<Config, __K>(), __config);
            __parts.member(__rt::resource::<Db, __K>(), __db);
            __parts.member(__rt::plain::<Events, __K>(), __events);
            __parts.member(__rt::optional::<Cache, __K>(), __cache);
            __parts.member(__rt::beside::<Pool, __K, App, 3>(), __pool);
            __parts.member(__rt::optional_beside::<Probe, __K, App, 4>(), __probe);
            __parts.member(__rt::resource::<Http, __K>(), __http);
        }
    }
    impl App {
        /// The life of the whole [`App`]: nothing runs until it is scoped, entered or run.
        #[track_caller]
        fn lifespan(
            config: Config,
            port: u16,
        ) -> __rt::Lifespan<Self, impl __rt::Enter<Self>> {
            __rt::lifespan(
                (
                    __rt::leaf(__rt::resource::<Http, __K>()),
                    __rt::leaf(__rt::optional_beside::<Probe, __K, App, 4>()),
                    __rt::leaf(__rt::beside::<Pool, __K, App, 3>()),
                    __rt::lent(__rt::optional::<Cache, __K>()),
                    __rt::lent(__rt::plain::<Events, __K>()),
                    __rt::lent(__rt::resource::<Db, __K>()),
                ),
                (__rt::given(config), __rt::moved(port)),
                [
                    |__s, __i, __m| {
                        let config = __i.0.get();
                        __rt::enter(&__s.5, __m, Db::open(&config.url))
                    },
                    |__s, __i, __m| {
                        let db = __s.5.get();
                        __rt::compute(&__s.4, __m, Events::of(db))
                    },
                    |__s, __i, __m| {
                        let (db, _events) = (__s.5.get(), __s.4.get());
                        __rt::enter_optional(&__s.3, __m, Cache::warm(db.pool()))
                    },
                    |__s, __i, __m| __rt::enter_beside(
                        &__s.2,
                        __m,
                        __rt::made(
                            __i.0.get(),
                            async |config: &Config| -> io::Result<Pool> {
                                Pool::connect(&config.pool).await
                            },
                        ),
                    ),
                    |__s, __i, __m| {
                        let db = __s.5.get();
                        __rt::enter_optional_beside(&__s.1, __m, Probe::start(db.pool()))
                    },
                    |__s, __i, __m| {
                        let (port, mut cache) = (__i.1.take(), __s.3.get());
                        __rt::enter(&__s.0, __m, Http::serve(port, cache))
                    },
                ],
                |__s, __i| Self {
                    config: __i.0.value(),
                    db: __s.5.value(),
                    cache: __s.3.value(),
                    pool: __s.2.value(),
                    probe: __s.1.value(),
                    events: __s.4.value(),
                    http: __s.0.value(),
                },
            )
        }
        /// What [`App`] is made of, in which order, and how long that may take; nothing runs.
        fn plan() -> ::lifespan::Plan {
            __rt::plan::<Self, __K>()
        }
    }
    impl __rt::Ends<Pool, 3> for App {
        async fn __end(__v: Pool, __e: &__rt::Exit) -> __rt::ExitResult {
            __rt::exited(__rt::end(async |pool, _| pool.close().await, __v, __e).await)
        }
    }
    impl __rt::Ends<Probe, 4> for App {
        async fn __end(__v: Probe, __e: &__rt::Exit) -> __rt::ExitResult {
            __rt::exited(__rt::end(Probe::stop, __v, __e).await)
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
            __asking.member(2, __rt::optional::<Cache, __K>(), &self.cache);
            __asking.member(5, __rt::resource::<Http, __K>(), &self.http);
        }
        fn __lose(self, __abandoned: __rt::Origin) {
            __rt::lose(self, &__abandoned);
        }
    }
};
