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
            __rt::lifespan(async move {
                let __db = __rt::lent::<Db, _>(__GRAPH.at(0));
                let __cache = __rt::leaf::<Cache, _>(__GRAPH.at(1));
                let __echo = __rt::leaf::<EchoServer, _>(__GRAPH.at(2));
                let __lanes = __rt::three(
                    __rt::enter(
                        &__db,
                        (&config,),
                        |(config,)| Db::open(&config.database),
                    ),
                    __rt::enter(
                        &__cache,
                        (&config, __db.lend()),
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
                    move |(db, cache, echo)| Self { db, cache, echo },
                )
            })
        }
        /// What [`App`] is made of, in which order, and how long that may take; nothing runs.
        pub fn plan() -> ::lifespan::Plan {
            __rt::plan::<Self>()
        }
    }
    impl __rt::Composed for App {
        const GRAPH: &'static __rt::Graph = &__GRAPH;
        fn __members(self) -> impl __rt::Members<__rt::Sendable> {
            (self.db, self.cache, self.echo)
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
            __GRAPH.policy::<Self>()
        }
        fn __what() -> __rt::What {
            __rt::What::Nested(Self::plan())
        }
        fn __failure(&self, __failing: &mut __rt::Failing<'_>) {
            __rt::failing(&__GRAPH, __failing, (&self.db, &self.cache, &self.echo));
        }
        fn __lose(self, __abandoned: ::lifespan::__private::Abandoned) {
            __rt::lose(self, &__abandoned);
        }
    }
};
