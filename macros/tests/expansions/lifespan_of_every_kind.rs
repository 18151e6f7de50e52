const _: () = {
    use ::lifespan::__private as __rt;
    impl __rt::Composed for App {
        const GRAPH: &'static __rt::Graph = {
            const MEMBERS: &[__rt::Member] = &[
                __rt::Member::new("db", &[], &[0])
                    .enter(
                        ::core::option::Option::Some(
                            ::core::time::Duration::from_secs(5),
                        ),
                    ),
                __rt::Member::new("events", &[0], &[]),
                __rt::Member::new("cache", &[0, 1], &[]),
                __rt::Member::new("pool", &[], &[0]).exit(::core::option::Option::None),
                __rt::Member::new("probe", &[0], &[]),
                __rt::Member::new("http", &[2], &[1]),
            ];
            static GRAPH: __rt::Graph = __rt::Graph::new(
                    "App",
                    &["config", "port"],
                    MEMBERS,
                )
                .exit(
                    ::core::option::Option::Some(::core::time::Duration::from_secs(20)),
                );
            &GRAPH
        };
        fn __members(self) -> impl __rt::Members<__rt::Sendable> {
            let Self {
                config: __config,
                db: __db,
                cache: __cache,
                pool: __pool,
                probe: __probe,
                events: __events,
                http: __http,
            } = self;
            (
                __rt::Input(__config),
                __db,
                <__rt::Plain<Events> as __rt::Closed<_>>::__close(__events),
                <__rt::Optional<
                    __rt::SomeOf<Option<Cache>>,
                > as __rt::Closed<_>>::__close(__cache),
                <__rt::Beside<
                    Pool,
                    __EndOf_pool,
                    App,
                > as __rt::Closed<_>>::__close(__pool),
                <__rt::Optional<
                    __rt::Beside<__rt::SomeOf<Option<Probe>>, __EndOf_probe, App>,
                > as __rt::Closed<_>>::__close(__probe),
                __http,
            )
        }
    }
    impl App {
        /// The life of the whole [`App`]: nothing runs until it is scoped, entered or run.
        #[track_caller]
        fn lifespan(
            config: Config,
            port: u16,
        ) -> ::lifespan::Lifespan<Self, impl ::lifespan::Enter<Self>> {
            __rt::lifespan(async move {
                let __slot_db = __rt::lent::<Db, _>(__rt::graph::<Self>().at(0));
                let __slot_events = __rt::lent::<
                    Events,
                    __rt::Plain<Events>,
                >(__rt::graph::<Self>().at(1));
                let __slot_cache = __rt::lent::<
                    Option<Cache>,
                    __rt::Optional<__rt::SomeOf<Option<Cache>>>,
                >(__rt::graph::<Self>().at(2));
                let __slot_pool = __rt::leaf::<
                    Pool,
                    __rt::Beside<Pool, __EndOf_pool, App>,
                >(__rt::graph::<Self>().at(3));
                let __slot_probe = __rt::leaf::<
                    Option<Probe>,
                    __rt::Optional<
                        __rt::Beside<__rt::SomeOf<Option<Probe>>, __EndOf_probe, App>,
                    >,
                >(__rt::graph::<Self>().at(4));
                let __slot_http = __rt::leaf::<Http, _>(__rt::graph::<Self>().at(5));
                let __lanes = __rt::three(
                    __rt::two(
                        __rt::enter(
                            &__slot_db,
                            (&config,),
                            |(config,)| Db::open(&config.url),
                        ),
                        __rt::compute(
                            &__slot_events,
                            (__slot_db.lend(),),
                            |(db,)| Events::of(db),
                        ),
                    ),
                    __rt::two(
                        __rt::enter_optional(
                            &__slot_cache,
                            (__slot_db.lend(), __slot_events.lend()),
                            |(db, _events)| Cache::warm(db.pool()),
                        ),
                        __rt::enter_beside(
                            &__slot_pool,
                            (&config,),
                            async |(config,): (&Config,)| -> io::Result<Pool> {
                                Pool::connect(&config.pool).await
                            },
                        ),
                    ),
                    __rt::two(
                        __rt::enter_optional_beside(
                            &__slot_probe,
                            (__slot_db.lend(),),
                            |(db,)| Probe::start(db.pool()),
                        ),
                        __rt::enter(
                            &__slot_http,
                            (__rt::Moved(port), __slot_cache.lend()),
                            |(port, mut cache)| Http::serve(port, cache),
                        ),
                    ),
                );
                let __entered = __rt::entered(__lanes).await;
                let __slots = (
                    __slot_db,
                    __slot_events,
                    __slot_cache,
                    __slot_pool,
                    __slot_probe,
                    __slot_http,
                );
                __rt::made(
                    __entered,
                    __slots,
                    move |(__db, __events, __cache, __pool, __probe, __http)| Self {
                        config: config,
                        db: __db,
                        cache: __cache,
                        pool: __pool,
                        probe: __probe,
                        events: __events,
                        http: __http,
                    },
                )
            })
        }
        /// What [`App`] is made of, in which order, and how long that may take; nothing runs.
        fn plan() -> ::lifespan::Plan {
            __rt::plan::<Self>()
        }
        #[doc(hidden)]
        async fn __lifespan_exit_pool(
            __value: Pool,
            __exit: &::lifespan::Exit,
        ) -> ::core::result::Result<(), ::lifespan::BoxError> {
            __rt::exited(
                __rt::end(async |pool, _| pool.close().await, __value, __exit).await,
            )
        }
        #[doc(hidden)]
        async fn __lifespan_exit_probe(
            __value: __rt::SomeOf<Option<Probe>>,
            __exit: &::lifespan::Exit,
        ) -> ::core::result::Result<(), ::lifespan::BoxError> {
            __rt::exited(__rt::end(Probe::stop, __value, __exit).await)
        }
    }
    enum __EndOf_pool {}
    impl __rt::Ends<Pool, App> for __EndOf_pool {
        async fn __end(
            __value: Pool,
            __exit: &::lifespan::Exit,
        ) -> ::core::result::Result<(), ::lifespan::BoxError> {
            <App>::__lifespan_exit_pool(__value, __exit).await
        }
    }
    enum __EndOf_probe {}
    impl __rt::Ends<__rt::SomeOf<Option<Probe>>, App> for __EndOf_probe {
        async fn __end(
            __value: __rt::SomeOf<Option<Probe>>,
            __exit: &::lifespan::Exit,
        ) -> ::core::result::Result<(), ::lifespan::BoxError> {
            <App>::__lifespan_exit_probe(__value, __exit).await
        }
    }
    impl ::lifespan::ScopedResource for App {
        async fn exit(
            self,
            __exit: &::lifespan::Exit,
        ) -> ::core::result::Result<(), ::lifespan::BoxError> {
            __rt::exit(self, __exit).await
        }
        fn policy() -> ::lifespan::Policy {
            __rt::graph::<Self>().policy::<Self>()
        }
        fn __what() -> __rt::What {
            __rt::What::Nested(Self::plan())
        }
        fn __failure(&self, __failing: &mut __rt::Failing<'_>) {
            __rt::failing(
                __rt::graph::<Self>(),
                __failing,
                (
                    __rt::Ask(&self.db).asked(),
                    __rt::Unasked,
                    __rt::Ask(&self.cache).asked(),
                    __rt::Unasked,
                    __rt::Unasked,
                    __rt::Ask(&self.http).asked(),
                ),
            );
        }
        fn __lose(self, __abandoned: ::lifespan::__private::Abandoned) {
            __rt::lose(self, &__abandoned);
        }
    }
};
