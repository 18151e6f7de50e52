//! How the members exit, and what is known of them before: the trait impls.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{GenericParam, Generics, Lifetime, LifetimeParam, Token, parse_quote};

use super::Expansion;
use super::unread::expression;
use crate::blame::Blame;
use crate::lifespan::model::{Member, Role};

impl Expansion<'_> {
    // Output: `__rt::resource::<Db, __Kind>()`, or `__rt::beside::<Pool, __Kind, App, 2>()`
    pub(super) fn role(&self, member: &Member<'_>) -> TokenStream {
        let ty = member.ty;
        let at = Blame::on(ty).start;
        let (role, _) = Self::functions(member);
        let (role, kind, value) = (Ident::new(role, at), self.kind(None, at), Self::value_of(member));
        let end = member.exit.is_some().then(|| {
            let (whole, place) = (&self.subject.ty, self.place(member));
            quote_spanned!(at=> , #whole, #place)
        });
        quote_spanned!(at=> __rt::#role::<#value, #kind #end>())
    }

    /// The functions of the runtime that say what a member is, and that enter it.
    pub(super) fn functions(member: &Member<'_>) -> (&'static str, &'static str) {
        match (member.role, member.exit.is_some()) {
            (Role::Entered { optional: false }, false) => ("resource", "enter"),
            (Role::Entered { optional: true }, false) => ("optional", "enter_optional"),
            (Role::Entered { optional: false }, true) => ("beside", "enter_beside"),
            (Role::Entered { optional: true }, true) => ("optional_beside", "enter_optional_beside"),
            _ => ("plain", "compute"),
        }
    }

    /// The type of what is in the field when it is there.
    fn value_of(member: &Member<'_>) -> TokenStream {
        let ty = member.ty;
        if member.role == (Role::Entered { optional: true }) {
            let at = Blame::on(ty).start;
            quote_spanned!(at=> __rt::SomeOf<#ty>)
        } else {
            quote!(#ty)
        }
    }

    /// The place of a member in the graph.
    fn place(&self, member: &Member<'_>) -> Option<Literal> {
        let field = self.model.fields.iter().position(|field| field.name == member.name)?;
        self.places[field].map(Literal::usize_unsuffixed)
    }

    // Output:
    //     impl __rt::Ends<Pool, 2> for App {
    //         async fn __end(__value: Pool, __exit: &::lifespan::Exit) -> __rt::ExitResult {
    //             __rt::exited(__rt::end(async |pool, exit| .., __value, __exit).await)
    //         }
    //     }
    //
    // Of the whole, because `Self` is the user's in there.
    pub(super) fn end(&self, field: usize) -> Option<TokenStream> {
        let member = &self.model.fields[field];
        let exit = member.exit.as_ref()?;
        let at = Blame::on(&exit.function).start;
        let krate = self.model.options.krate(at);
        let (generics, _, clause) = self.subject.generics.split_for_impl();
        let (whole, value, place) = (&self.subject.ty, Self::value_of(member), self.place(member));
        let ends = Ident::new(if self.is_local() { "EndsLocal" } else { "Ends" }, at);
        let function = expression(exit.function.clone());
        Some(quote_spanned! {at=>
            impl #generics __rt::#ends<#value, #place> for #whole #clause {
                async fn __end(__value: #value, __exit: &#krate::Exit) -> __rt::ExitResult {
                    __rt::exited(__rt::end(#function, __value, __exit).await)
                }
            }
        })
    }

    // Output:
    //     impl __rt::Composed<__Kind> for App {
    //         const GRAPH: &'static __rt::Graph = { .. };
    //         fn __part(self, __parts: &mut __rt::Parts<'_, __Kind>) {
    //             let Self { db: __db, cache: __cache } = self;
    //             __parts.member(__rt::resource::<Db, __Kind>(), __db);
    //             __parts.member(__rt::resource::<Cache, __Kind>(), __cache);
    //         }
    //         fn __ask(&self, __asking: &mut __rt::Asking<'_, '_>) {
    //             __asking.member(0, __rt::resource::<Db, __Kind>(), &self.db);
    //             __asking.member(1, __rt::resource::<Cache, __Kind>(), &self.cache);
    //         }
    //     }
    pub(super) fn composed(&self) -> TokenStream {
        let at = Blame::on(self.model.head.name).start;
        let whole = &self.subject.ty;
        let this = Token![self](Span::mixed_site());
        let roles: Vec<_> = self.members.iter().map(|member| self.role(member)).collect();
        let fields = self.model.fields.iter().map(|field| {
            let (name, value) = (field.name, self.value_name(field.name));
            quote!(#name: #value)
        });
        // At once: what cannot be taken apart, since it implements `Drop`, is one mistake.
        let apart = quote_spanned!(at=> let Self { #(#fields),* } = #this;);
        // Members may need what was kept to their end.
        let kept = self.model.fields.iter().filter(|field| field.role == Role::Kept);
        let kept = kept.map(|field| {
            let (role, value) = (self.role(field), self.value_name(field.name));
            quote!(__parts.kept(#role, #value);)
        });
        let values = self.members.iter().map(|member| self.value_name(member.name));
        // A plain value cannot fail, nor can one whose end is beside it.
        let asked = self
            .members
            .iter()
            .enumerate()
            .zip(&roles)
            .filter_map(|((at, member), role)| {
                let (name, at) = (member.name, Literal::usize_unsuffixed(at));
                let may_fail = matches!(member.role, Role::Entered { .. }) && member.exit.is_none();
                may_fail.then(|| quote!(__asking.member(#at, #role, &#this.#name);))
            });
        let (kind, mut generics) = self.of_kind(at);
        if self.is_local() {
            let a = self.lifetime(at);
            generics.make_where_clause().predicates.push(parse_quote!(Self: #a));
        }
        let (generics, _, clause) = generics.split_for_impl();
        let data = self.data();
        quote! {
            impl #generics __rt::Composed<#kind> for #whole #clause {
                const GRAPH: &'static __rt::Graph = #data;
                fn __part(#this, __parts: &mut __rt::Parts<'_, #kind>) {
                    #apart
                    #(#kept)*
                    #(__parts.member(#roles, #values);)*
                }
                fn __ask(&#this, __asking: &mut __rt::Asking<'_, '_>) {
                    #(#asked)*
                }
            }
        }
    }

    /// The kind of the members, and the parameters of what depends on it.
    pub(super) fn of_kind(&self, at: Span) -> (TokenStream, Generics) {
        let mut generics = self.subject.generics.clone();
        let a = self.is_local().then(|| self.lifetime(at));
        let kind = self.kind(a.as_ref(), at);
        if let Some(a) = a {
            generics.params.insert(0, GenericParam::Lifetime(LifetimeParam::new(a)));
        }
        (kind, generics)
    }

    /// One that the type has not.
    pub(super) fn lifetime(&self, at: Span) -> Lifetime {
        let mut name = "'__a".to_owned();
        let mut of_type = self.model.head.generics.lifetimes();
        while of_type.any(|of_type| of_type.lifetime.to_string() == name) {
            name.push('_');
            of_type = self.model.head.generics.lifetimes();
        }
        Lifetime::new(&name, at)
    }

    pub(super) fn plan(&self) -> TokenStream {
        let at = Span::mixed_site();
        let (krate, kind) = (self.model.options.krate(at), self.kind(None, at));
        let vis = self.model.head.vis;
        let docs = format!(
            " What [`{}`] is made of, in which order, and how long that may take; nothing runs.",
            self.model.head.name
        );
        quote! {
            #[doc = #docs]
            #vis fn plan() -> #krate::Plan {
                __rt::plan::<Self, #kind>()
            }
        }
    }

    pub(super) fn resource(&self) -> TokenStream {
        let at = Blame::on(self.model.head.name).start;
        let krate = self.model.options.krate(at);
        let (this, kind) = (Token![self](Span::mixed_site()), self.kind(None, at));
        let abandon = if self.is_local() {
            quote_spanned! {at=>
                fn __abandon<__T: __rt::TakesOver>(#this, __abandoned: __rt::Origin) {
                    __rt::abandon(#this, &__abandoned);
                }
            }
        } else {
            quote_spanned! {at=>
                fn __lose(#this, __abandoned: __rt::Origin) {
                    __rt::lose(#this, &__abandoned);
                }
            }
        };
        let rest = quote_spanned! {at=>
            fn policy() -> #krate::Policy {
                __rt::graph::<Self, #kind>().policy::<Self>()
            }
            fn __what() -> __rt::What {
                __rt::What::Nested(__rt::graph::<Self, #kind>())
            }
            fn __failure(&#this, __failing: &mut __rt::Failing<'_>) {
                __rt::failing(#this, __failing);
            }
            #abandon
        };
        let body = quote_spanned!(at=> __rt::exit(#this, __exit).await);
        let name = quote_spanned!(at=> __exit);
        self.subject.resource(&[], &name, &body, Some(&rest), at)
    }
}
