#[cfg(unix)]
#[allow(dead_code)]
///Only once.
impl<T: Transport, const N: usize> Pool<T, N>
where
    T: Clone,
{
    /// How many.
    const SIZE: usize = { N };
    #[inline]
    #[deprecated]
    #[must_use = "it costs"]
    #[allow(unused_variables, reason = "for later")]
    #[cfg_attr(docsrs, doc(cfg(unix)))]
    /// Returns a [`Lifespan`](::lifespan::Lifespan): nothing runs until it is scoped or entered.
    #[track_caller]
    pub fn open<'a, E>(
        a: &'a T,
        arg1: (u8, u8),
        arg2: u8,
        _d: impl Into<E>,
    ) -> ::lifespan::Lifespan<Self, impl ::lifespan::Enter<Self>>
    where
        E: 'a,
    {
        ::lifespan::Lifespan::<
            Self,
            _,
        >::of(Self::__lifespan_enter_open::<E>(a, arg1, arg2, _d))
    }
    #[doc(hidden)]
    #[inline]
    #[allow(unused_variables, reason = "for later")]
    #[tracing::instrument(name = "open", skip(a))]
    #[cfg_attr(docsrs, some::attribute)]
    async fn __lifespan_enter_open<'a, E>(
        mut a: &'a T,
        (b, c): (u8, u8),
        _: u8,
        _d: impl Into<E>,
    ) -> Self
    where
        E: 'a,
    {
        body
    }
    #[cfg(feature = "tls")]
    /// Returns a [`Lifespan`](::lifespan::Lifespan): nothing runs until it is scoped or entered.
    #[track_caller]
    fn r#match(
        #[cfg(unix)]
        fd: u32,
        rest: u8,
    ) -> ::lifespan::Lifespan<Self, impl ::lifespan::Enter<Self>> {
        #[cfg(unix)]
        { ::lifespan::Lifespan::<Self, _>::of(Self::__lifespan_enter_match(fd, rest)) }
        #[cfg(not(unix))]
        { ::lifespan::Lifespan::<Self, _>::of(Self::__lifespan_enter_match(rest)) }
    }
    #[doc(hidden)]
    #[cfg(feature = "tls")]
    async fn __lifespan_enter_match(
        #[cfg(unix)]
        fd: u32,
        #[allow(unused)]
        rest: u8,
    ) -> Result<Self> {
        body
    }
    #[cfg(feature = "tls")]
    async fn shut_down_tls(mut self, why: &Exit) {
        body
    }
    #[cfg(not(feature = "tls"))]
    #[inline]
    pub async fn shut_down(self) {
        body
    }
}
#[cfg(unix)]
#[allow(dead_code)]
#[cfg(feature = "tls")]
impl<T: Transport, const N: usize> ::lifespan::ScopedResource for Pool<T, N>
where
    T: Clone,
    Self: 'static,
{
    async fn exit(self, exit: &::lifespan::Exit) -> ::lifespan::__private::ExitResult {
        ::lifespan::__private::exited(Self::shut_down_tls(self, exit).await)
    }
}
#[cfg(unix)]
#[allow(dead_code)]
#[cfg(not(feature = "tls"))]
impl<T: Transport, const N: usize> ::lifespan::ScopedResource for Pool<T, N>
where
    T: Clone,
    Self: 'static,
{
    async fn exit(self, _: &::lifespan::Exit) -> ::lifespan::__private::ExitResult {
        ::lifespan::__private::exited(Self::shut_down(self).await)
    }
}
