#[cfg(unix)]
const _: () = {
    use ::core_lib::lifespan::__private::{self as __rt, Local as __K};
    impl<'__a, 'a, T> __rt::Composed<__K<'__a>> for Work<'a, T>
    where
        T: Row,
        Self: '__a,
    {
        const NAME: &'static str = "Work";
        const INPUTS: &'static [&'static str] = &["conn"];
        const MEMBERS: &'static [__rt::GraphMember] = &[
            __rt::row("tx", &[], &[0], __rt::resource::<Tx<'a>, __K<'_>>()),
            __rt::row(
                "type",
                &[0],
                &[],
                __rt::beside::<Table<T>, __K<'_>, Work<'a, T>, 1>(),
            ),
        ];
        fn __part(self, __parts: &mut __rt::Parts<'_, __K<'__a>>) {
            let Self { tx: __tx, r#type: __type } = self;
            __parts.member(__rt::resource::<Tx<'a>, __K<'_>>(), __tx);
            __parts.member(__rt::beside::<Table<T>, __K<'_>, Work<'a, T>, 1>(), __type);
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
            __rt::lifespan(
                (
                    __rt::leaf(__rt::beside::<Table<T>, __K<'_>, Work<'a, T>, 1>()),
                    __rt::lent(__rt::resource::<Tx<'a>, __K<'_>>()),
                ),
                (__rt::moved(conn),),
                [
                    |__s, __i, __m| {
                        let conn = __i.0.take();
                        __rt::enter(&__s.1, __m, Tx::begin(conn))
                    },
                    |__s, __i, __m| {
                        let tx = __s.1.get();
                        __rt::enter_beside(&__s.0, __m, Table::<T>::lock(tx.name()))
                    },
                ],
                |__s, __i| Self {
                    tx: __s.1.value(),
                    r#type: __s.0.value(),
                },
            )
        }
        /// What [`Work`] is made of, in which order, and how long that may take; nothing runs.
        pub(crate) fn plan() -> ::core_lib::lifespan::Plan {
            __rt::plan::<Self, __K<'_>>()
        }
    }
    impl<'a, T> __rt::EndsLocal<Table<T>, 1> for Work<'a, T>
    where
        T: Row,
    {
        async fn __end(__v: Table<T>, __e: &__rt::Exit) -> __rt::ExitResult {
            __rt::exited(
                __rt::end(
                        async |table, exit| table.unlock(exit.is_clean()).await,
                        __v,
                        __e,
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
        fn __what() -> __rt::What {
            __rt::What::Nested(__rt::graph::<Self, __K<'_>>())
        }
        fn __failure(&self, __failing: &mut __rt::Failing<'_>) {
            let mut __asking = __rt::asking::<Self, __K<'_>>(__failing);
            __asking.member(0, __rt::resource::<Tx<'a>, __K<'_>>(), &self.tx);
        }
        fn __abandon<__T: __rt::TakesOver>(self, __abandoned: __rt::Origin) {
            __rt::abandon(self, &__abandoned);
        }
    }
};
