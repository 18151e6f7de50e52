const _: () = {
    use ::lifespan::__private as __rt;
    impl __rt::Composed for App {
        const GRAPH: &'static __rt::Graph = {
            const MEMBERS: &[__rt::Member] = &[
                __rt::Member::new("db", &[], &[0]),
                __rt::Member::new("cache", &[0], &[0]),
                __rt::Member::new("echo", &[0], &[]),
            ];
            static GRAPH: __rt::Graph = __rt::Graph::new("App", &["config"], MEMBERS);
            &GRAPH
        };
        fn __members(self) -> impl __rt::Members<__rt::Sendable> {
            let Self { db: __db, cache: __cache, echo: __echo } = self;
            (__db, __cache, __echo)
        }
    }
    impl App {
        /// The life of the whole [`App`]: nothing runs until it is scoped, entered or run.
        #[track_caller]
        pub fn lifespan(
            config: Config,
        ) -> ::lifespan::Lifespan<Self, impl ::lifespan::Enter<Self>> {
            __rt::lifespan(async move {
                let __slot_db = __rt::lent::<Db, _>(__rt::graph::<Self>().at(0));
                let __slot_cache = __rt::leaf::<Cache, _>(__rt::graph::<Self>().at(1));
                let __slot_echo = __rt::leaf::<
                    EchoServer,
                    _,
                >(__rt::graph::<Self>().at(2));
                let __lanes = __rt::three(
                    __rt::enter(
                        &__slot_db,
                        (&config,),
                        |(config,)| Db::open(&config.database),
                    ),
                    __rt::enter(
                        &__slot_cache,
                        (&config, __slot_db.lend()),
                        |(config, db)| Cache::warm(config.cache_size, db.pool()),
                    ),
                    __rt::enter(
                        &__slot_echo,
                        (__slot_db.lend(),),
                        |(db,)| EchoServer::start(db.pool()),
                    ),
                );
                let __entered = __rt::entered(__lanes).await;
                let __slots = (__slot_db, __slot_cache, __slot_echo);
                __rt::made(
                    __entered,
                    __slots,
                    move |(__db, __cache, __echo)| Self {
                        db: __db,
                        cache: __cache,
                        echo: __echo,
                    },
                )
            })
        }
        /// What [`App`] is made of, in which order, and how long that may take; nothing runs.
        pub fn plan() -> ::lifespan::Plan {
            __rt::plan::<Self>()
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
                    __rt::Ask(&self.cache).asked(),
                    __rt::Ask(&self.echo).asked(),
                ),
            );
        }
        fn __lose(self, __abandoned: ::lifespan::__private::Abandoned) {
            __rt::lose(self, &__abandoned);
        }
    }
};
