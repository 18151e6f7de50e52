const _: () = {
    use ::lifespan::__private::{self as __rt, Sendable as __Kind};
    struct __Slots<__0, __1> {
        http: __rt::LeafSlot<Http, __Kind>,
        probe: __rt::LeafSlot<Option<Probe>, __Kind>,
        pool: __rt::LeafSlot<Pool, __Kind>,
        cache: __rt::LentSlot<Option<Cache>, __Kind>,
        events: __rt::LentSlot<Events, __Kind>,
        db: __rt::LentSlot<Db, __Kind>,
        config: ::core::option::Option<__0>,
        port: __rt::Moved<__1>,
    }
    impl __rt::Composed<__Kind> for App {
        const GRAPH: &'static __rt::Graph = &__rt::Graph::new(
                "App",
                &["config", "port"],
                &[
                    __rt::member("db", &[], &[0], __rt::resource::<Db, __Kind>())
                        .enter(__rt::Some(__rt::Duration::from_secs(5))),
                    __rt::member("events", &[0], &[], __rt::plain::<Events, __Kind>()),
                    __rt::member(
                        "cache",
                        &[0, 1],
                        &[],
                        __rt::optional::<__rt::SomeOf<Option<Cache>>, __Kind>(),
                    ),
                    __rt::member(
                            "pool",
                            &[],
                            &[0],
                            __rt::beside::<Pool, __Kind, App, 3>(),
                        )
                        .exit(__rt::None),
                    __rt::member(
                        "probe",
                        &[0],
                        &[],
                        __rt::optional_beside::<
                            __rt::SomeOf<Option<Probe>>,
                            __Kind,
                            App,
                            4,
                        >(),
                    ),
                    __rt::member("http", &[2], &[1], __rt::resource::<Http, __Kind>()),
                ],
            )
            .exit(__rt::Some(__rt::Duration::from_secs(20)));
        fn __part(self, __parts: &mut __rt::Parts<'_, __Kind>) {
            let Self {
                config: __config,
                db: __db,
                cache: __cache,
                pool: __pool,
                probe: __probe,
                events: __events,
                http: __http,
            } = self;
            __parts.kept(__rt::plain::<Config, __Kind>(), __config);
            __parts.member(__rt::resource::<Db, __Kind>(), __db);
            __parts.member(__rt::plain::<Events, __Kind>(), __events);
            __parts
                .member(
                    __rt::optional::<__rt::SomeOf<Option<Cache>>, __Kind>(),
                    __cache,
                );
            __parts.member(__rt::beside::<Pool, __Kind, App, 3>(), __pool);
            __parts
                .member(
                    __rt::optional_beside::<
                        __rt::SomeOf<Option<Probe>>,
                        __Kind,
                        App,
                        4,
                    >(),
                    __probe,
                );
            __parts.member(__rt::resource::<Http, __Kind>(), __http);
        }
        fn __ask(&self, __asking: &mut __rt::Asking<'_, '_>) {
            __asking.member(0, __rt::resource::<Db, __Kind>(), &self.db);
            __asking
                .member(
                    2,
                    __rt::optional::<__rt::SomeOf<Option<Cache>>, __Kind>(),
                    &self.cache,
                );
            __asking.member(5, __rt::resource::<Http, __Kind>(), &self.http);
        }
    }
    impl App {
        /// The life of the whole [`App`]: nothing runs until it is scoped, entered or run.
        #[track_caller]
        fn lifespan(
            config: Config,
            port: u16,
        ) -> __rt::Lifespan<Self, impl __rt::Enter<Self>> {
            __rt::lifespan::<
                _,
                _,
                __Kind,
                _,
            >(
                __Slots {
                    http: __rt::leaf(__rt::resource::<Http, __Kind>()),
                    probe: __rt::leaf(
                        __rt::optional_beside::<
                            __rt::SomeOf<Option<Probe>>,
                            __Kind,
                            App,
                            4,
                        >(),
                    ),
                    pool: __rt::leaf(__rt::beside::<Pool, __Kind, App, 3>()),
                    cache: __rt::lent(
                        __rt::optional::<__rt::SomeOf<Option<Cache>>, __Kind>(),
                    ),
                    events: __rt::lent(__rt::plain::<Events, __Kind>()),
                    db: __rt::lent(__rt::resource::<Db, __Kind>()),
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
                        __rt::beside::<Pool, __Kind, App, 3>(),
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
                                __Kind,
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
            __rt::plan::<Self, __Kind>()
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
