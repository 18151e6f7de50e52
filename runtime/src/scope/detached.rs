//! [`Detached`]: a resource that may leave its task, with its type forgotten.

use std::future::Future;
use std::pin::Pin;

use crate::error::BoxError;
use crate::resource::ScopedResource;
use crate::resource::exit::Exit;
use crate::resource::origin::Origin;

pub(crate) trait Detached: Send {
    fn exit_boxed<'x>(self: Box<Self>, exit: &'x Exit) -> DetachedExit<'x>
    where
        Self: 'x;

    fn goes_on(&self) -> fn() -> bool;

    fn exits_elsewhere(&self) -> bool;

    fn lose(self: Box<Self>, abandoned: Origin);
}

type DetachedExit<'x> = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + 'x>>;

impl<R: ScopedResource> Detached for R {
    fn exit_boxed<'x>(self: Box<Self>, exit: &'x Exit) -> DetachedExit<'x>
    where
        Self: 'x,
    {
        Box::pin(ScopedResource::exit(*self, exit))
    }

    fn goes_on(&self) -> fn() -> bool {
        R::__goes_on
    }

    fn exits_elsewhere(&self) -> bool {
        self.__exits_elsewhere()
    }

    fn lose(self: Box<Self>, abandoned: Origin) {
        self.__lose(abandoned);
    }
}
