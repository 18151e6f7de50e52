const _: () = {
    use ::lifespan::__private as __rt;
    static __GRAPH: __rt::Graph = __rt::Graph::new(
        "App",
        &["config"],
        &[
            __rt::Member::new("db", &[], &[0]),
            __rt::Member::new("cache", &[0], &[0]),
            __rt::Member::new("echo", &[0], &[]),
        ],
    );
    impl App {
        /// The life of the whole [`App`]: nothing runs until it is scoped, entered or run.
        #[track_caller]
        pub fn lifespan(
            config: Config,
        ) -> ::lifespan::Lifespan<Self, impl ::lifespan::Enter<Self>> {
            __rt::lifespan(
                &__GRAPH,
                async move {
                    let __db = __rt::lent::<Db, _>(__GRAPH.at(0), __rt::own);
                    let __cache = __rt::leaf::<Cache, _>(__GRAPH.at(1), __rt::own);
                    let __echo = __rt::leaf::<EchoServer, _>(__GRAPH.at(2), __rt::own);
                    let __entered = __rt::entered(
                            __rt::both(
                                __rt::both(
                                    __rt::enter(
                                        &__db,
                                        (__rt::Input(&config),),
                                        |(config,)| Db::open(&config.database),
                                    ),
                                    __rt::enter(
                                        &__cache,
                                        (__rt::Input(&config), __db.lend()),
                                        |(config, db)| Cache::warm(config.cache_size, db.pool()),
                                    ),
                                ),
                                __rt::enter(
                                    &__echo,
                                    (__db.lend(),),
                                    |(db,)| EchoServer::start(db.pool()),
                                ),
                            ),
                        )
                        .await;
                    __entered
                        .into(
                            (__db, __cache, __echo),
                            |(db, cache, echo)| Self { db, cache, echo },
                        )
                },
            )
        }
    }
    impl ::lifespan::ScopedResource for App {
        async fn exit(
            self,
            __exit: &::lifespan::Exit,
        ) -> ::core::result::Result<(), ::lifespan::BoxError> {
            __rt::exit(
                    &__GRAPH,
                    __exit,
                    (__rt::One(self.db), __rt::One(self.cache), __rt::One(self.echo)),
                )
                .await
        }
        fn policy() -> ::lifespan::Policy {
            __GRAPH.policy::<Self>()
        }
    }
};
