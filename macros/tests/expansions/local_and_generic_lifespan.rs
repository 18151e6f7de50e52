#[cfg(unix)]
const _: () = {
    use ::core_lib::lifespan::__private::{self as __rt, Local as __Kind};
    struct __Slots<'__a, 'a, T, __0>
    where
        T: Row,
    {
        r#type: __rt::LeafSlot<Table<T>, __Kind<'__a>>,
        tx: __rt::LentSlot<Tx<'a>, __Kind<'__a>>,
        conn: __rt::Moved<__0>,
        __whole: ::core::marker::PhantomData<fn(&'__a ()) -> Work<'a, T>>,
    }
    impl<'__a, 'a, T> __rt::Composed<__Kind<'__a>> for Work<'a, T>
    where
        T: Row,
        Self: '__a,
    {
        const GRAPH: &'static __rt::Graph = &__rt::Graph::new(
            "Work",
            &["conn"],
            &[
                __rt::member("tx", &[], &[0], __rt::resource::<Tx<'a>, __Kind<'_>>()),
                __rt::member(
                    "type",
                    &[0],
                    &[],
                    __rt::beside::<Table<T>, __Kind<'_>, Work<'a, T>, 1>(),
                ),
            ],
        );
        fn __part(self, __parts: &mut __rt::Parts<'_, __Kind<'__a>>) {
            let Self { tx: __tx, r#type: __type } = self;
            __parts.member(__rt::resource::<Tx<'a>, __Kind<'_>>(), __tx);
            __parts
                .member(__rt::beside::<Table<T>, __Kind<'_>, Work<'a, T>, 1>(), __type);
        }
        fn __ask(&self, __asking: &mut __rt::Asking<'_, '_>) {
            __asking.member(0, __rt::resource::<Tx<'a>, __Kind<'_>>(), &self.tx);
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
            __rt::lifespan::<
                _,
                _,
                __Kind<'_>,
                _,
            >(
                __Slots {
                    r#type: __rt::leaf(
                        __rt::beside::<Table<T>, __Kind<'_>, Work<'a, T>, 1>(),
                    ),
                    tx: __rt::lent(__rt::resource::<Tx<'a>, __Kind<'_>>()),
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
                            __rt::beside::<Table<T>, __Kind<'_>, Work<'a, T>, 1>(),
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
            __rt::plan::<Self, __Kind<'_>>()
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
            __rt::exit(self, __exit).await
        }
        fn policy() -> ::core_lib::lifespan::Policy {
            __rt::graph::<Self, __Kind<'_>>().policy::<Self>()
        }
        fn __what() -> __rt::What {
            __rt::What::Nested(__rt::graph::<Self, __Kind<'_>>())
        }
        fn __failure(&self, __failing: &mut __rt::Failing<'_>) {
            __rt::failing(self, __failing);
        }
        fn __abandon<__T: __rt::TakesOver>(self, __abandoned: __rt::Origin) {
            __rt::abandon(self, &__abandoned);
        }
    }
};
