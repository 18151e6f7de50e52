//! How an entered lifespan asks its members to tell if they fail (law 21).

use std::ops::Deref;

use crate::base::entry::Entry;
use crate::compose::graph::Graph;
use crate::resource::LocalResource;
use crate::resource::failing::Failing;

/// Asks each member, as who it is itself.
pub fn failing(graph: &'static Graph, failing: &mut Failing<'_>, members: impl Asked) {
    members.__ask(&mut Asking {
        graph,
        next: 0,
        failing,
    });
}

/// Members that are asked, in the order of the graph.
#[derive(Debug)]
pub struct Asking<'a, 'f> {
    graph: &'static Graph,
    next: usize,
    failing: &'a mut Failing<'f>,
}

impl Asking<'_, '_> {
    fn member<R: LocalResource>(&mut self, member: Option<&R>) {
        let at = self.next;
        self.next += 1;
        let Some(resource) = member else { return };
        let entry = self.failing.parts().and_then(|entries| entries.get(at));
        let entry = entry.cloned().unwrap_or_else(|| {
            let member = self.graph.at(at);
            Entry::new(member.policy::<R>(), member.place)
        });
        self.failing.member(resource, &entry);
    }
}

/// The members of a lifespan in the order of its graph, as tuples in tuples.
#[diagnostic::on_unimplemented(
    message = "one of the members `{Self}` has no exit that can run here",
    label = "a member has no exit"
)]
pub trait Asked {
    /// Asks each.
    fn __ask(self, asking: &mut Asking<'_, '_>);
}

/// A member that cannot fail: a plain value, or one whose end is beside it.
#[derive(Debug)]
pub struct Unasked;

impl Asked for Unasked {
    fn __ask(self, asking: &mut Asking<'_, '_>) {
        asking.next += 1;
    }
}

/// A member that ends by itself, about to be asked. If it is no resource, that is said where it should end, and not here: its
/// `asked` is then that of `NoResource`.
#[derive(Debug)]
pub struct Ask<'a, R>(pub &'a R);

impl<'a, R> Ask<'a, R>
where
    &'a R: Asked,
{
    /// The member.
    #[must_use]
    pub fn asked(self) -> &'a R {
        self.0
    }
}

impl<R> Deref for Ask<'_, R> {
    type Target = NoResource;

    fn deref(&self) -> &NoResource {
        &NoResource
    }
}

/// What a member is of that nobody can ask.
#[derive(Debug)]
pub struct NoResource;

impl NoResource {
    /// Nothing.
    #[must_use]
    #[allow(clippy::unused_self, reason = "it is called as that of `Ask` is")]
    pub fn asked(&self) -> Unasked {
        Unasked
    }
}

#[diagnostic::do_not_recommend]
impl<R: LocalResource> Asked for &R {
    fn __ask(self, asking: &mut Asking<'_, '_>) {
        asking.member(Some(self));
    }
}

#[diagnostic::do_not_recommend]
impl<R: LocalResource> Asked for &Option<R> {
    fn __ask(self, asking: &mut Asking<'_, '_>) {
        asking.member(self.as_ref());
    }
}

macro_rules! asked {
    ($($member:ident)*) => {
        #[diagnostic::do_not_recommend]
        impl<$($member: Asked),*> Asked for ($($member,)*) {
            #[allow(non_snake_case, unused_variables, reason = "a value is called like its type here")]
            fn __ask(self, asking: &mut Asking<'_, '_>) {
                let ($($member,)*) = self;
                $($member.__ask(asking);)*
            }
        }

        asked! { @without_first $($member)* }
    };
    (@without_first) => {};
    (@without_first $first:ident $($rest:ident)*) => { asked! { $($rest)* } };
}

asked! { A B C D E F G H }
