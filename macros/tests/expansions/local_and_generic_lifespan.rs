#[cfg(unix)]
const _: () = {
    use ::core_lib::lifespan::__private as __rt;
    impl<'a, T> __rt::ComposedLocal for Work<'a, T>
    where
        T: Row,
    {
        const GRAPH: &'static __rt::Graph = {
            const MEMBERS: &[__rt::Member] = &[
                __rt::Member::new("tx", &[], &[0]),
                __rt::Member::new("type", &[0], &[]),
            ];
            static GRAPH: __rt::Graph = __rt::Graph::new("Work", &["conn"], MEMBERS);
            &GRAPH
        };
        fn __members<'__a>(self) -> impl __rt::Members<__rt::Local<'__a>>
        where
            Self: '__a,
        {
            let Self { tx: __tx, r#type: __type } = self;
            (
                __tx,
                <__rt::BesideLocal<
                    Table<T>,
                    __EndOf_type,
                    Work<'a, T>,
                > as __rt::Closed<_>>::__close(__type),
            )
        }
    }
    impl<'a, T> Work<'a, T>
    where
        T: Row,
    {
        /// The life of the whole [`Work`]: nothing runs until it is scoped, entered or run.
        #[track_caller]
        pub(crate) fn lifespan(
            conn: &'a mut Conn,
        ) -> ::core_lib::lifespan::Lifespan<
            Self,
            impl ::core_lib::lifespan::Enter<Self>,
        > {
            __rt::lifespan_local(async move {
                let __slot_tx = __rt::lent_local::<
                    Tx<'a>,
                    _,
                >(__rt::graph_local::<Self>().at(0));
                let __slot_type = __rt::leaf_local::<
                    Table<T>,
                    __rt::BesideLocal<Table<T>, __EndOf_type, Work<'a, T>>,
                >(__rt::graph_local::<Self>().at(1));
                let __lanes = __rt::two(
                    __rt::enter(
                        &__slot_tx,
                        (__rt::Moved(conn),),
                        |(conn,)| Tx::begin(conn),
                    ),
                    __rt::enter_beside(
                        &__slot_type,
                        (__slot_tx.lend(),),
                        |(tx,)| Table::<T>::lock(tx.name()),
                    ),
                );
                let __entered = __rt::entered(__lanes).await;
                let __slots = (__slot_tx, __slot_type);
                __rt::made(
                    __entered,
                    __slots,
                    move |(__tx, __type)| Self { tx: __tx, r#type: __type },
                )
            })
        }
        /// What [`Work`] is made of, in which order, and how long that may take; nothing runs.
        pub(crate) fn plan() -> ::core_lib::lifespan::Plan {
            __rt::plan_local::<Self>()
        }
        #[doc(hidden)]
        async fn __lifespan_exit_type(
            __value: Table<T>,
            __exit: &::core_lib::lifespan::Exit,
        ) -> ::core::result::Result<(), ::core_lib::lifespan::BoxError> {
            __rt::exited(
                __rt::end(
                        async |table, exit| table.unlock(exit.is_clean()).await,
                        __value,
                        __exit,
                    )
                    .await,
            )
        }
    }
    enum __EndOf_type {}
    impl<'a, T> __rt::EndsLocal<Table<T>, Work<'a, T>> for __EndOf_type
    where
        T: Row,
    {
        async fn __end(
            __value: Table<T>,
            __exit: &::core_lib::lifespan::Exit,
        ) -> ::core::result::Result<(), ::core_lib::lifespan::BoxError> {
            <Work<'a, T>>::__lifespan_exit_type(__value, __exit).await
        }
    }
    impl<'a, T> ::core_lib::lifespan::LocalResource for Work<'a, T>
    where
        T: Row,
    {
        async fn exit_local(
            self,
            __exit: &::core_lib::lifespan::Exit,
        ) -> ::core::result::Result<(), ::core_lib::lifespan::BoxError> {
            __rt::exit_local(self, __exit).await
        }
        fn policy() -> ::core_lib::lifespan::Policy {
            __rt::graph_local::<Self>().policy::<Self>()
        }
        fn __what() -> __rt::What {
            __rt::What::Nested(Self::plan())
        }
        fn __failure(&self, __failing: &mut __rt::Failing<'_>) {
            __rt::failing(
                __rt::graph_local::<Self>(),
                __failing,
                (__rt::Ask(&self.tx).asked(), __rt::Unasked),
            );
        }
        fn __abandon<__T: __rt::TakesOver>(
            self,
            __abandoned: ::core_lib::lifespan::__private::Abandoned,
        ) {
            __rt::abandon(self, &__abandoned);
        }
    }
};
