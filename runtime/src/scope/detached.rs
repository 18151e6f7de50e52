//! [`Detached`]: a resource that may leave its task, with its type forgotten, so that what abandons it is compiled once.

use std::future::Future;
use std::pin::Pin;

use crate::error::BoxError;
use crate::resource::ScopedResource;
use crate::resource::exit::Exit;
use crate::resource::origin::Origin;

type DetachedExit<'x> = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + 'x>>;

pub(super) struct Detached(Box<dyn AnyResource>);

trait AnyResource: Send {
    fn exit_boxed(self: Box<Self>, exit: &Exit) -> DetachedExit<'_>;

    fn goes_on(&self) -> bool;

    fn exits_elsewhere(&self) -> bool;

    fn lose(self: Box<Self>, abandoned: Origin);
}

impl<R: ScopedResource> AnyResource for R {
    fn exit_boxed(self: Box<Self>, exit: &Exit) -> DetachedExit<'_> {
        Box::pin(ScopedResource::exit(*self, exit))
    }

    fn goes_on(&self) -> bool {
        self.__goes_on()
    }

    fn exits_elsewhere(&self) -> bool {
        self.__exits_elsewhere()
    }

    fn lose(self: Box<Self>, abandoned: Origin) {
        self.__lose(abandoned);
    }
}

impl Detached {
    pub(super) fn new<R: ScopedResource>(resource: R) -> Self {
        Detached(Box::new(resource))
    }
}

#[diagnostic::do_not_recommend]
impl ScopedResource for Detached {
    fn exit(self, exit: &Exit) -> impl Future<Output = Result<(), BoxError>> + Send {
        self.0.exit_boxed(exit)
    }

    fn __goes_on(&self) -> bool {
        self.0.goes_on()
    }

    fn __exits_elsewhere(&self) -> bool {
        self.0.exits_elsewhere()
    }

    fn __lose(self, abandoned: Origin) {
        self.0.lose(abandoned);
    }
}
