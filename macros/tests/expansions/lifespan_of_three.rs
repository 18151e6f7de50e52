const _: () = {
    use ::lifespan::__private as __rt;
    const __MEMBERS: &[__rt::Member] = &[
        __rt::Member::new("db", &[], &[0]),
        __rt::Member::new("cache", &[0], &[0]),
        __rt::Member::new("echo", &[0], &[]),
    ];
    static __GRAPH: __rt::Graph = __rt::Graph::new("App", &["config"], __MEMBERS);
    impl App {
        /// The life of the whole [`App`]: nothing runs until it is scoped, entered or run.
        #[track_caller]
        pub fn lifespan(
            config: Config,
        ) -> ::lifespan::Lifespan<Self, impl ::lifespan::Enter<Self>> {
            let __block = async move {
                let __db = __rt::lent::<Db, _>(__GRAPH.at(0), __rt::own);
                let __cache = __rt::leaf::<Cache, _>(__GRAPH.at(1), __rt::own);
                let __echo = __rt::leaf::<EchoServer, _>(__GRAPH.at(2), __rt::own);
                let __lanes = __rt::three(
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
                    __rt::enter(
                        &__echo,
                        (__db.lend(),),
                        |(db,)| EchoServer::start(db.pool()),
                    ),
                );
                let __entered = __rt::entered(__lanes).await;
                let __slots = (__db, __cache, __echo);
                __rt::made(
                    __entered,
                    __slots,
                    |(db, cache, echo)| Self { db, cache, echo },
                )
            };
            __rt::lifespan(&__GRAPH, __block)
        }
        /// What [`App`] is made of, in which order, and how long that may take; nothing runs.
        #[allow(dead_code)]
        pub fn plan() -> ::lifespan::Plan {
            __rt::plan::<(Db, Cache, EchoServer)>(&__GRAPH)
        }
    }
    impl ::lifespan::ScopedResource for App {
        async fn exit(
            self,
            __exit: &::lifespan::Exit,
        ) -> ::core::result::Result<(), ::lifespan::BoxError> {
            let __members = (
                __rt::One(self.db),
                __rt::One(self.cache),
                __rt::One(self.echo),
            );
            __rt::exit(&__GRAPH, __exit, __members).await
        }
        fn policy() -> ::lifespan::Policy {
            __GRAPH.policy::<Self>()
        }
        fn __kind() -> __rt::DraftKind {
            __rt::DraftKind::Nested(Self::plan())
        }
    }
};
