#[cfg(unix)]
const _: () = {
    use ::core_lib::lifespan::__private as __rt;
    struct __Slots<'__a, 'a, T, __0>
    where
        T: Row,
    {
        r#type: __rt::Leaf<Table<T>, __rt::Local<'__a>>,
        tx: __rt::Lent<Tx<'a>, __rt::Local<'__a>>,
        conn: __rt::Moved<__0>,
        __whole: ::core::marker::PhantomData<fn(&'__a ()) -> Work<'a, T>>,
    }
    impl<'a, T> __rt::ComposedLocal for Work<'a, T>
    where
        T: Row,
    {
        const GRAPH: &'static __rt::Graph = &__rt::Graph::new(
            "Work",
            &["conn"],
            &[
                __rt::member("tx", &[], &[0], __rt::resource_local::<Tx<'a>>()),
                __rt::member(
                    "type",
                    &[0],
                    &[],
                    __rt::beside_local::<Table<T>, Work<'a, T>, 1>(),
                ),
            ],
        );
        fn __part<'__a>(self, __parts: &mut __rt::Parts<'_, __rt::Local<'__a>>)
        where
            Self: '__a,
        {
            let Self { tx: __tx, r#type: __type } = self;
            __parts.member(__rt::resource_local::<Tx<'a>>(), __tx);
            __parts.member(__rt::beside_local::<Table<T>, Work<'a, T>, 1>(), __type);
        }
        fn __ask(&self, __asking: &mut __rt::Asking<'_, '_>) {
            __asking.member(0, __rt::resource_local::<Tx<'a>>(), &self.tx);
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
        ) -> __rt::Lifespan<Self, impl __rt::Enter<Self>> {
            __rt::lifespan_local(
                __Slots {
                    r#type: __rt::leaf(__rt::beside_local::<Table<T>, Work<'a, T>, 1>()),
                    tx: __rt::lent_local(__rt::resource_local::<Tx<'a>>()),
                    conn: __rt::Moved::new(::core::option::Option::Some(conn)),
                    __whole: ::core::marker::PhantomData::<fn(_) -> Self>,
                },
                [
                    |__s, __m| {
                        let conn = __rt::moved(&__s.conn);
                        __rt::enter(&__s.tx, __m, Tx::begin(conn))
                    },
                    |__s, __m| {
                        let tx = __rt::get(&__s.tx);
                        __rt::enter_beside(
                            &__s.r#type,
                            __m,
                            __rt::beside_local::<Table<T>, Work<'a, T>, 1>(),
                            Table::<T>::lock(tx.name()),
                        )
                    },
                ],
                |__s, __each| {
                    __each(&mut __s.tx);
                    __each(&mut __s.r#type);
                },
                |__s| Self {
                    tx: __rt::value(&mut __s.tx),
                    r#type: __rt::value(&mut __s.r#type),
                },
            )
        }
        /// What [`Work`] is made of, in which order, and how long that may take; nothing runs.
        pub(crate) fn plan() -> ::core_lib::lifespan::Plan {
            __rt::plan_local::<Self>()
        }
    }
    impl<'a, T> __rt::EndsLocal<Table<T>, 1> for Work<'a, T>
    where
        T: Row,
    {
        async fn __end(
            __value: Table<T>,
            __exit: &::core_lib::lifespan::Exit,
        ) -> __rt::ExitResult {
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
    impl<'a, T> ::core_lib::lifespan::LocalResource for Work<'a, T>
    where
        T: Row,
    {
        async fn exit_local(
            self,
            __exit: &::core_lib::lifespan::Exit,
        ) -> __rt::ExitResult {
            __rt::exit_local(self, __exit).await
        }
        fn policy() -> ::core_lib::lifespan::Policy {
            __rt::graph_local::<Self>().policy::<Self>()
        }
        fn __what() -> __rt::What {
            __rt::What::Nested(__rt::graph_local::<Self>())
        }
        fn __failure(&self, __failing: &mut __rt::Failing<'_>) {
            __rt::failing_local(self, __failing);
        }
        fn __abandon<__T: __rt::TakesOver>(self, __abandoned: __rt::Origin) {
            __rt::abandon(self, &__abandoned);
        }
    }
};
