//! [`Role`]: what a member of a lifespan is, by its type: how it exits, whether it may fail while others use it, and what its plan
//! says. That is known where the type is; the lists of members know nothing of types.

use std::marker::PhantomData;

use super::resources::{Beside, Closed, Ends, EndsLocal, Optional, OptionalBeside, Plain};
use crate::base::entry::Entry;
use crate::base::policy::Policy;
use crate::lifespan::kind::{Kind, Local, Sendable, Takes};
use crate::plan::graph::{GraphMember, What};
use crate::resource::exit::ForMembers;
use crate::resource::failing::Failing;
use crate::resource::kept::Kept;
use crate::resource::origin::Origin;
use crate::resource::{LocalResource, ScopedResource};
use crate::scope::abandon::Collected;

/// That of a field of type `V`, which becomes an `R` on its way out.
pub struct Role<V, R, K: Kind> {
    pub(super) ending: Ending<V, K>,
    becomes: PhantomData<fn(V) -> R>,
    pub(super) ask: fn(&V, &mut Failing<'_>),
    what: fn() -> What,
    pub(super) policy: fn() -> Policy,
}

/// What becomes of a value that has entered: its exit, or the end of one that is dropped.
pub(crate) struct Ending<V, K: Kind> {
    pub(super) part: fn(V, Origin, ForMembers) -> K::Exit,
    abandon: fn(V, Origin),
}

impl<V, K: Kind> Ending<V, K> {
    /// From here on the value will be exited, or its loss reported (law 5).
    pub(super) fn keep(&self, value: V, entry: Entry) -> Kept<V> {
        Kept::new(value, Origin::here(entry), self.abandon)
    }
}

impl<V, R, K: Kind> Copy for Role<V, R, K> {}

impl<V, R, K: Kind> Clone for Role<V, R, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V, K: Kind> Copy for Ending<V, K> {}

impl<V, K: Kind> Clone for Ending<V, K> {
    fn clone(&self) -> Self {
        *self
    }
}

/// What a member has to be that ends by itself.
#[diagnostic::on_unimplemented(
    message = "the member `{Self}` has no exit that can run here",
    label = "this member has no exit",
    note = "say at its field how it ends, `#[exit(async |it| ..)]`, or annotate its type with `#[scoped_resource]`; \
            a plain value is a `#[value(..)]`",
    note = "resources that are declared to be local are members of a `#[lifespan(local, ..)]`"
)]
pub trait HasExit<K: Kind>: LocalResource {
    /// What it is.
    const ROLE: Role<Self, Self, K>;
    /// What one is that may not be there.
    const OPTIONAL: Role<Option<Self>, Optional<Self, K>, K>;
}

#[diagnostic::do_not_recommend]
impl<R: ScopedResource> HasExit<Sendable> for R {
    const ROLE: Role<R, R, Sendable> = role();
    const OPTIONAL: Role<Option<R>, Optional<R, Sendable>, Sendable> = role();
}

#[diagnostic::do_not_recommend]
impl<'a, R: LocalResource + 'a> HasExit<Local<'a>> for R {
    const ROLE: Role<R, R, Local<'a>> = role();
    const OPTIONAL: Role<Option<R>, Optional<R, Local<'a>>, Local<'a>> = role();
}

/// A kind that plain values of this type may be of.
pub trait Carries<V>: Kind {
    /// What one is.
    const ROLE: Role<V, Plain<V, Self>, Self>;
}

impl<V: Send + 'static> Carries<V> for Sendable {
    const ROLE: Role<V, Plain<V, Self>, Self> = role();
}

impl<'a, V: 'a> Carries<V> for Local<'a> {
    const ROLE: Role<V, Plain<V, Self>, Self> = role();
}

/// A kind that values of this type may be of whose end is beside them, in the lifespan `A`.
pub trait CarriesTo<V, A, const AT: usize>: Kind {
    /// What one is.
    const ROLE: Role<V, Beside<V, A, Self, AT>, Self>;
    /// What one is that may not be there.
    const OPTIONAL: Role<Option<V>, OptionalBeside<V, A, Self, AT>, Self>;
}

impl<V: Send + 'static, A: Ends<V, AT> + 'static, const AT: usize> CarriesTo<V, A, AT> for Sendable {
    const ROLE: Role<V, Beside<V, A, Self, AT>, Self> = role();
    const OPTIONAL: Role<Option<V>, OptionalBeside<V, A, Self, AT>, Self> = role();
}

impl<'a, V: 'a, A: EndsLocal<V, AT> + 'a, const AT: usize> CarriesTo<V, A, AT> for Local<'a> {
    const ROLE: Role<V, Beside<V, A, Self, AT>, Self> = role();
    const OPTIONAL: Role<Option<V>, OptionalBeside<V, A, Self, AT>, Self> = role();
}

/// That of a resource.
///
/// All generated code asks for it here, at the type of the field, so that rustc says once what is wrong with that.
#[must_use]
pub const fn resource<V: HasExit<K>, K: Kind>() -> Role<V, V, K> {
    V::ROLE
}

/// That of a resource that may not be there.
#[must_use]
pub const fn optional<V: HasExit<K>, K: Kind>() -> Role<Option<V>, Optional<V, K>, K> {
    V::OPTIONAL
}

/// That of a plain value.
#[must_use]
pub const fn plain<V, K: Carries<V>>() -> Role<V, Plain<V, K>, K> {
    K::ROLE
}

/// That of a value whose end is beside it, in the lifespan `A`.
#[must_use]
pub const fn beside<V, K: CarriesTo<V, A, AT>, A, const AT: usize>() -> Role<V, Beside<V, A, K, AT>, K> {
    K::ROLE
}

/// As [`beside`], for one that may not be there.
#[must_use]
pub const fn optional_beside<V, K: CarriesTo<V, A, AT>, A, const AT: usize>()
-> Role<Option<V>, OptionalBeside<V, A, K, AT>, K> {
    K::OPTIONAL
}

/// That of a field that becomes an `R`.
const fn role<V, R, K>() -> Role<V, R, K>
where
    R: LocalResource + Closed<V>,
    K: Takes<R>,
{
    Role {
        ending: Ending {
            part: |value, origin, exit| K::__part_of_many(R::__close(value), origin, exit),
            abandon: |value, origin| R::__close(value).__abandon::<Collected>(origin),
        },
        becomes: PhantomData,
        ask: R::__ask,
        what: R::__what,
        policy: R::policy,
    }
}

/// A member that has this role, and is made from these members and these inputs. The place is that of the call.
#[must_use]
#[track_caller]
pub const fn row<V, R, K: Kind>(
    name: &'static str,
    needs: &'static [usize],
    takes: &'static [usize],
    role: Role<V, R, K>,
) -> GraphMember {
    GraphMember::new(name, needs, takes, role.what, role.policy)
}
