/// A session.
#[derive(Debug)]
pub struct Session<T = Tcp>
where
    T: Transport,
{
    transport: T,
}
impl<T> Session<T>
where
    T: Transport,
{
    /// Describes one as a [`Lifespan`](::core_lib::lifespan::Lifespan): nothing runs until it is scoped or entered.
    #[track_caller]
    pub fn lifespan(
        url: String,
        arg1: (u8, u8),
    ) -> ::core_lib::lifespan::Lifespan<Self, impl ::core_lib::lifespan::Enter<Self>> {
        ::core_lib::lifespan::Lifespan::<Self, _>::of(wire::open::<T>(url, arg1))
    }
}
impl<T> ::core_lib::lifespan::ScopedResource for Session<T>
where
    T: Transport,
    Self: 'static,
{
    async fn exit(
        self,
        exit: &::core_lib::lifespan::Exit,
    ) -> ::core_lib::lifespan::__private::ExitResult {
        ::core_lib::lifespan::__private::exited(shut_down(self, exit).await)
    }
}
