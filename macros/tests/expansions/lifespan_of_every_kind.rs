const _: () = {
    use ::lifespan::__private as __rt;
    struct __Slots<__0, __1> {
        http: __rt::Leaf<Http, __rt::Sendable>,
        probe: __rt::Leaf<Option<Probe>, __rt::Sendable>,
        pool: __rt::Leaf<Pool, __rt::Sendable>,
        cache: __rt::Lent<Option<Cache>, __rt::Sendable>,
        events: __rt::Lent<Events, __rt::Sendable>,
        db: __rt::Lent<Db, __rt::Sendable>,
        config: ::core::option::Option<__0>,
        port: __rt::Moved<__1>,
    }
    impl __rt::Composed for App {
        const GRAPH: &'static __rt::Graph = &__rt::Graph::new(
                "App",
                &["config", "port"],
                &[
                    __rt::member("db", &[], &[0], __rt::resource::<Db>())
                        .enter(
                            ::core::option::Option::Some(
                                ::core::time::Duration::from_secs(5),
                            ),
                        ),
                    __rt::member("events", &[0], &[], __rt::plain::<Events>()),
                    __rt::member(
                        "cache",
                        &[0, 1],
                        &[],
                        __rt::optional::<__rt::SomeOf<Option<Cache>>>(),
                    ),
                    __rt::member("pool", &[], &[0], __rt::beside::<Pool, App, 3>())
                        .exit(::core::option::Option::None),
                    __rt::member(
                        "probe",
                        &[0],
                        &[],
                        __rt::optional_beside::<__rt::SomeOf<Option<Probe>>, App, 4>(),
                    ),
                    __rt::member("http", &[2], &[1], __rt::resource::<Http>()),
                ],
            )
            .exit(::core::option::Option::Some(::core::time::Duration::from_secs(20)));
        fn __part(self, __parts: &mut __rt::Parts<'_, __rt::Sendable>) {
            let Self {
                config: __config,
                db: __db,
                cache: __cache,
                pool: __pool,
                probe: __probe,
                events: __events,
                http: __http,
            } = self;
            __parts.kept(__rt::plain::<Config>(), __config);
            __parts.member(__rt::resource::<Db>(), __db);
            __parts.member(__rt::plain::<Events>(), __events);
            __parts.member(__rt::optional::<__rt::SomeOf<Option<Cache>>>(), __cache);
            __parts.member(__rt::beside::<Pool, App, 3>(), __pool);
            __parts
                .member(
                    __rt::optional_beside::<__rt::SomeOf<Option<Probe>>, App, 4>(),
                    __probe,
                );
            __parts.member(__rt::resource::<Http>(), __http);
        }
        fn __ask(&self, __asking: &mut __rt::Asking<'_, '_>) {
            __asking.member(0, __rt::resource::<Db>(), &self.db);
            __asking
                .member(2, __rt::optional::<__rt::SomeOf<Option<Cache>>>(), &self.cache);
            __asking.member(5, __rt::resource::<Http>(), &self.http);
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
                __Slots {
                    http: __rt::leaf(__rt::resource::<Http>()),
                    probe: __rt::leaf(
                        __rt::optional_beside::<__rt::SomeOf<Option<Probe>>, App, 4>(),
                    ),
                    pool: __rt::leaf(__rt::beside::<Pool, App, 3>()),
                    cache: __rt::lent(__rt::optional::<__rt::SomeOf<Option<Cache>>>()),
                    events: __rt::lent(__rt::plain::<Events>()),
                    db: __rt::lent(__rt::resource::<Db>()),
                    config: ::core::option::Option::Some(config),
                    port: __rt::Moved::new(::core::option::Option::Some(port)),
                },
                [
                    |__s, __m| {
                        let config = __rt::given(&__s.config);
                        __rt::enter(&__s.db, __m, Db::open(&config.url))
                    },
                    |__s, __m| {
                        let db = __rt::get(&__s.db);
                        __rt::compute(&__s.events, __m, Events::of(db))
                    },
                    |__s, __m| {
                        let db = __rt::get(&__s.db);
                        let _events = __rt::get(&__s.events);
                        __rt::enter_optional(&__s.cache, __m, Cache::warm(db.pool()))
                    },
                    |__s, __m| __rt::enter_beside(
                        &__s.pool,
                        __m,
                        __rt::beside::<Pool, App, 3>(),
                        __rt::made(
                            (__rt::given(&__s.config),),
                            async |(config,): (&Config,)| -> io::Result<Pool> {
                                Pool::connect(&config.pool).await
                            },
                        ),
                    ),
                    |__s, __m| {
                        let db = __rt::get(&__s.db);
                        __rt::enter_optional_beside(
                            &__s.probe,
                            __m,
                            __rt::optional_beside::<
                                __rt::SomeOf<Option<Probe>>,
                                App,
                                4,
                            >(),
                            Probe::start(db.pool()),
                        )
                    },
                    |__s, __m| {
                        let port = __rt::moved(&__s.port);
                        let mut cache = __rt::get(&__s.cache);
                        __rt::enter(&__s.http, __m, Http::serve(port, cache))
                    },
                ],
                |__s, __each| {
                    __each(&mut __s.db);
                    __each(&mut __s.events);
                    __each(&mut __s.cache);
                    __each(&mut __s.pool);
                    __each(&mut __s.probe);
                    __each(&mut __s.http);
                },
                |__s| Self {
                    config: __rt::value(&mut __s.config),
                    db: __rt::value(&mut __s.db),
                    cache: __rt::value(&mut __s.cache),
                    pool: __rt::value(&mut __s.pool),
                    probe: __rt::value(&mut __s.probe),
                    events: __rt::value(&mut __s.events),
                    http: __rt::value(&mut __s.http),
                },
            )
        }
        /// What [`App`] is made of, in which order, and how long that may take; nothing runs.
        fn plan() -> ::lifespan::Plan {
            __rt::plan::<Self>()
        }
    }
    impl __rt::Ends<Pool, 3> for App {
        async fn __end(__value: Pool, __exit: &::lifespan::Exit) -> __rt::ExitResult {
            __rt::exited(
                __rt::end(async |pool, _| pool.close().await, __value, __exit).await,
            )
        }
    }
    impl __rt::Ends<__rt::SomeOf<Option<Probe>>, 4> for App {
        async fn __end(
            __value: __rt::SomeOf<Option<Probe>>,
            __exit: &::lifespan::Exit,
        ) -> __rt::ExitResult {
            __rt::exited(__rt::end(Probe::stop, __value, __exit).await)
        }
    }
    impl ::lifespan::ScopedResource for App {
        async fn exit(self, __exit: &::lifespan::Exit) -> __rt::ExitResult {
            __rt::exit(self, __exit).await
        }
        fn policy() -> ::lifespan::Policy {
            __rt::graph::<Self>().policy::<Self>()
        }
        fn __what() -> __rt::What {
            __rt::What::Nested(__rt::graph::<Self>())
        }
        fn __failure(&self, __failing: &mut __rt::Failing<'_>) {
            __rt::failing(self, __failing);
        }
        fn __lose(self, __abandoned: __rt::Origin) {
            __rt::lose(self, &__abandoned);
        }
    }
};
