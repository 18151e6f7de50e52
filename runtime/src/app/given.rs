//! [`Given`]: what a member is made from: inputs, lent or given away, and members, lent once they are entered.

/// Whether all of it is there, and then all of it.
pub trait Given {
    /// What the expression of the member gets.
    type Args;

    /// Whether all of it is there.
    fn __is_there(&self) -> bool;

    /// All of it.
    fn __take(self) -> Self::Args;
}

/// An input, given away.
#[derive(Debug)]
pub struct Moved<T>(pub T);

/// An input, lent.
impl<'a, T> Given for &'a T {
    type Args = &'a T;

    fn __is_there(&self) -> bool {
        true
    }

    fn __take(self) -> &'a T {
        self
    }
}

impl<T> Given for Moved<T> {
    type Args = T;

    fn __is_there(&self) -> bool {
        true
    }

    fn __take(self) -> T {
        self.0
    }
}

macro_rules! given {
    ($($one:ident)*) => {
        impl<$($one: Given),*> Given for ($($one,)*) {
            type Args = ($($one::Args,)*);

            #[allow(non_snake_case, reason = "a value is called like its type here")]
            fn __is_there(&self) -> bool {
                let ($($one,)*) = self;
                true $(&& $one.__is_there())*
            }

            #[allow(non_snake_case, clippy::unused_unit, reason = "as above; and there is a tuple of none")]
            fn __take(self) -> Self::Args {
                let ($($one,)*) = self;
                ($($one.__take(),)*)
            }
        }

        given! { @without_first $($one)* }
    };
    (@without_first) => {};
    (@without_first $first:ident $($rest:ident)*) => { given! { $($rest)* } };
}

given! { A B C D E F G H I J K L M N O P }
