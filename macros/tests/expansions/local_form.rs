impl<'a> Tx<'a> {
    /// Returns a [`Lifespan`](::lifespan::Lifespan): nothing runs until it is scoped or entered.
    #[track_caller]
    pub fn begin(
        conn: &'a mut Conn,
    ) -> ::lifespan::Lifespan<Self, impl ::lifespan::Enter<Self>> {
        ::lifespan::Lifespan::<Self, _>::of(Self::__lifespan_enter_begin(conn))
    }
    #[doc(hidden)]
    async fn __lifespan_enter_begin(conn: &'a mut Conn) -> Self {
        Tx { conn }
    }
    async fn roll_back(self) {}
}
impl<'a> ::lifespan::LocalResource for Tx<'a> {
    async fn exit_local(
        self,
        _: &::lifespan::Exit,
    ) -> ::lifespan::__private::ExitResult {
        ::lifespan::__private::exited(Self::roll_back(self).await)
    }
    fn policy() -> ::lifespan::Policy {
        ::lifespan::Policy::of::<Self>()
            .named("tx")
            .enter_timeout(
                ::lifespan::__private::Some(
                    ::lifespan::__private::Duration::from_secs(5),
                ),
            )
            .exit_timeout(::lifespan::__private::None)
    }
}
