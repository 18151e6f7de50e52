//! How the members exit, and what is known of them before: the trait impls.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{GenericParam, Generics, Lifetime, LifetimeParam, Token, parse_quote};

use super::Expansion;
use super::unread::expression;
use crate::blame::Blame;
use crate::lifespan::model::{Member, Role, within_option};

impl Expansion<'_> {
    // Output: `__rt::resource::<Db, __K>()`, or `__rt::beside::<Pool, __K, App, 2>()`
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

    /// Whether it ends by itself. A plain value cannot fail, nor can one whose end is beside it.
    pub(super) fn is_resource(member: &Member<'_>) -> bool {
        matches!(member.role, Role::Entered { .. }) && member.exit.is_none()
    }

    /// The functions of the runtime that say what a member is, and that enter it.
    pub(super) fn functions(member: &Member<'_>) -> (&'static str, &'static str) {
        match (member.role, member.exit.is_some()) {
            (Role::Entered { absent: false }, false) => ("resource", "enter"),
            (Role::Entered { absent: true }, false) => ("optional", "enter_optional"),
            (Role::Entered { absent: false }, true) => ("beside", "enter_beside"),
            (Role::Entered { absent: true }, true) => ("optional_beside", "enter_optional_beside"),
            (Role::Value { awaited: true }, _) => ("plain", "enter_beside"),
            _ => ("plain", "compute"),
        }
    }

    /// The type of what is in the field when it is there.
    fn value_of(member: &Member<'_>) -> TokenStream {
        let is_optional = member.role == (Role::Entered { absent: true });
        let within = is_optional.then(|| within_option(member.ty)).flatten();
        within.unwrap_or(member.ty).to_token_stream()
    }

    /// The place of a member in the graph.
    fn place(&self, member: &Member<'_>) -> Option<Literal> {
        let field = self.model.fields.iter().position(|field| field.name == member.name)?;
        self.places[field].map(Literal::usize_unsuffixed)
    }

    // Output:
    //     impl __rt::Ends<Pool, 2> for App {
    //         async fn __end(__v: Pool, __e: &__rt::Exit) -> __rt::ExitResult {
    //             __rt::exited(__rt::end(async |pool, exit| .., __v, __e).await)
    //         }
    //     }
    //
    // Of the whole, because `Self` is the user's in there.
    pub(super) fn end(&self, field: usize) -> Option<TokenStream> {
        let member = &self.model.fields[field];
        let exit = member.exit.as_ref()?;
        let at = Blame::on(&exit.function).start;
        let (generics, _, clause) = self.subject.generics.split_for_impl();
        let (whole, value, place) = (&self.subject.ty, Self::value_of(member), self.place(member));
        let ends = Ident::new(if self.is_local() { "EndsLocal" } else { "Ends" }, at);
        let function = expression(exit.function.clone());
        Some(quote_spanned! {at=>
            impl #generics __rt::#ends<#value, #place> for #whole #clause {
                async fn __end(__v: #value, __e: &__rt::Exit) -> __rt::ExitResult {
                    __rt::exited(__rt::end(#function, __v, __e).await)
                }
            }
        })
    }

    // Output:
    //     impl __rt::Composed<__K> for App {
    //         const MEMBERS: ..
    //         fn __part(self, __parts: &mut __rt::Parts<'_, __K>) {
    //             let Self { db: __db, cache: __cache } = self;
    //             __parts.member(__rt::resource::<Db, __K>(), __db);
    //             __parts.member(__rt::resource::<Cache, __K>(), __cache);
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
        let (kind, mut generics) = self.of_kind(at);
        if self.is_local() {
            let a = self.lifetime(at);
            generics.make_where_clause().predicates.push(parse_quote!(Self: #a));
        }
        let (generics, _, clause) = generics.split_for_impl();
        let data = self.data();
        quote! {
            impl #generics __rt::Composed<#kind> for #whole #clause {
                #data
                fn __part(#this, __parts: &mut __rt::Parts<'_, #kind>) {
                    #apart
                    #(#kept)*
                    #(__parts.member(#roles, #values);)*
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
        let (this, kind) = (Token![self](Span::mixed_site()), self.kind(None, at));
        let failure = self.failure();
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
            fn __what() -> __rt::What {
                __rt::What::Nested(__rt::graph::<Self, #kind>())
            }
            #failure
            #abandon
        };
        let body = quote_spanned!(at=> __rt::exit(#this, __exit).await);
        let name = quote_spanned!(at=> __exit);
        self.subject.resource(&[], &name, &body, Some(&rest), at)
    }

    // Output:
    //     fn __failure(&self, __failing: &mut __rt::Failing<'_>) {
    //         let mut __asking = __rt::asking::<Self, __K>(__failing);
    //         __asking.member(0, __rt::resource::<Db, __K>(), &self.db);
    //     }
    fn failure(&self) -> Option<TokenStream> {
        let at = Span::mixed_site();
        let (this, kind) = (Token![self](at), self.kind(None, at));
        let asked = self
            .members
            .iter()
            .enumerate()
            .filter(|(_, member)| Self::is_resource(member));
        let asked = asked.map(|(at, member)| {
            let (name, role, at) = (member.name, self.role(member), Literal::usize_unsuffixed(at));
            quote!(__asking.member(#at, #role, &#this.#name);)
        });
        let asked: Vec<_> = asked.collect();
        (!asked.is_empty()).then(|| {
            quote! {
                fn __failure(&#this, __failing: &mut __rt::Failing<'_>) {
                    let mut __asking = __rt::asking::<Self, #kind>(__failing);
                    #(#asked)*
                }
            }
        })
    }
}
