impl SseClient {
    /// Connects.
    ///
    /// Returns a [`Lifespan`](::lifespan::Lifespan): nothing runs until it is scoped or entered.
    #[track_caller]
    pub fn connect(
        url: String,
        retries: u32,
    ) -> ::lifespan::Lifespan<Self, impl ::lifespan::Enter<Self>> {
        ::lifespan::Lifespan::<Self, _>::of(Self::__lifespan_enter_connect(url, retries))
    }
    #[doc(hidden)]
    async fn __lifespan_enter_connect(
        url: String,
        retries: u32,
    ) -> Result<Self, SseError> {
        let stream = open(&url, retries).await?;
        Ok(SseClient { stream })
    }
    async fn close(self, exit: &Exit) -> Result<(), SseError> {
        self.stream.close(exit.is_clean()).await
    }
}
impl ::lifespan::ScopedResource for SseClient {
    async fn exit(self, exit: &::lifespan::Exit) -> ::lifespan::__private::ExitResult {
        ::lifespan::__private::exited(Self::close(self, exit).await)
    }
}
