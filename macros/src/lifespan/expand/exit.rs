//! How the members exit, and what is known of them before: the trait impls.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Lifetime, Token, Type};

use super::Expansion;
use super::unread::expression;
use crate::blame::{Blame, ours};
use crate::lifespan::ending::Ending;
use crate::lifespan::model::{Member, Role};

impl Expansion<'_> {
    // Output: `__rt::resource::<Db>()`, `__rt::plain::<u8>()`, or, with what the field becomes on its way out,
    // `__rt::role::<Pool, __rt::Beside<Pool, __EndOf_pool, App>, __rt::Sendable>()`
    pub(super) fn role(&self, member: &Member<'_>) -> TokenStream {
        let (name, ty) = (member.name, member.ty);
        let at = Blame::on(ty).start;
        let closed = match (member.role, member.exit.is_some()) {
            (Role::Entered { optional: false }, false) => {
                let resource = self.rt("resource", "resource_local", at);
                return quote_spanned!(at=> #resource::<#ty>());
            }
            (Role::Entered { optional: true }, false) => Self::some(ty),
            (Role::Entered { optional }, true) => {
                let value = if optional { Self::some(ty) } else { quote!(#ty) };
                let (beside, end) = (self.rt("Beside", "BesideLocal", at), end_name(name));
                let whole = &self.subject.ty;
                quote_spanned!(at=> #beside<#value, #end, #whole>)
            }
            _ => {
                let plain = self.rt("plain", "plain_local", at);
                return quote_spanned!(at=> #plain::<#ty>());
            }
        };
        let optional = self.rt("Optional", "OptionalLocal", at);
        let is_optional = member.role == Role::Entered { optional: true };
        let closed = if is_optional {
            quote_spanned!(at=> #optional<#closed>)
        } else {
            closed
        };
        let kind = if self.is_local() {
            quote_spanned!(at=> __rt::Local<'_>)
        } else {
            quote_spanned!(at=> __rt::Sendable)
        };
        quote_spanned!(at=> __rt::role::<#ty, #closed, #kind>())
    }

    /// What is in an optional field.
    pub(super) fn some(ty: &Type) -> TokenStream {
        let at = Blame::on(ty).start;
        quote_spanned!(at=> __rt::SomeOf<#ty>)
    }

    // Output, in `impl App`:
    //     async fn __lifespan_exit_pool(
    //         __value: PgPool,
    //         __exit: &::lifespan::Exit,
    //     ) -> __rt::ExitResult {
    //         __rt::exited(__rt::end(async |pool, exit| .., __value, __exit).await)
    //     }
    //
    // There, and not in the impl that calls it, because `Self` is the user's.
    pub(super) fn end_in_place(&self, field: usize) -> Option<TokenStream> {
        let (member, exit) = self.beside(field)?;
        let at = Blame::on(&exit.function).start;
        let exit = expression(exit.function.clone());
        let krate = self.model.options.krate(at);
        let (function, value) = (function_name(member.name), Self::beside_value(member));
        Some(quote_spanned! {at=>
            #[doc(hidden)]
            async fn #function(
                __value: #value,
                __exit: &#krate::Exit,
            ) -> __rt::ExitResult {
                __rt::exited(__rt::end(#exit, __value, __exit).await)
            }
        })
    }

    // Output:
    //     enum __EndOf_pool {}
    //     impl __rt::Ends<PgPool, App> for __EndOf_pool {
    //         async fn __end(__value: PgPool, __exit: &::lifespan::Exit) -> __rt::ExitResult {
    //             <App>::__lifespan_exit_pool(__value, __exit).await
    //         }
    //     }
    pub(super) fn end(&self, field: usize) -> Option<TokenStream> {
        let (member, exit) = self.beside(field)?;
        let at = Blame::on(&exit.function).start;
        let krate = self.model.options.krate(at);
        let (generics, _, clause) = self.subject.generics.split_for_impl();
        let ends = self.rt("Ends", "EndsLocal", at);
        let (end, whole, value) = (end_name(member.name), &self.subject.ty, Self::beside_value(member));
        let function = function_name(member.name);
        Some(quote_spanned! {at=>
            enum #end {}
            impl #generics #ends<#value, #whole> for #end #clause {
                async fn __end(
                    __value: #value,
                    __exit: &#krate::Exit,
                ) -> __rt::ExitResult {
                    <#whole>::#function(__value, __exit).await
                }
            }
        })
    }

    /// A member whose end is beside it, and that.
    fn beside(&self, field: usize) -> Option<(&Member<'_>, &Ending)> {
        let member = &self.model.fields[field];
        Some((member, member.exit.as_ref()?))
    }

    fn beside_value(member: &Member<'_>) -> TokenStream {
        let ty = member.ty;
        let is_optional = member.role == Role::Entered { optional: true };
        if is_optional { Self::some(ty) } else { quote!(#ty) }
    }

    // Output:
    //     impl __rt::Composed for App {
    //         const GRAPH: &'static __rt::Graph = { .. };
    //         fn __part(self, __parts: &mut __rt::Parts<'_, __rt::Sendable>) {
    //             let Self { db: __db, cache: __cache } = self;
    //             __parts.member(__rt::resource::<Db>(), __db);
    //             __parts.member(__rt::resource::<Cache>(), __cache);
    //         }
    //         fn __ask(&self, __asking: &mut __rt::Asking<'_, '_>) { .. }
    //     }
    pub(super) fn composed(&self) -> TokenStream {
        let (generics, _, clause) = self.subject.generics.split_for_impl();
        let at = Blame::on(self.model.head.name).start;
        let (whole, composed) = (&self.subject.ty, self.rt("Composed", "ComposedLocal", at));
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
        let names = self.members.iter().map(|member| member.name);
        let (life, kind, clause_of_life) = if self.is_local() {
            let a = self.lifetime(at);
            (quote!(<#a>), quote!(__rt::Local<#a>), quote!(where Self: #a))
        } else {
            (TokenStream::new(), quote!(__rt::Sendable), TokenStream::new())
        };
        let data = self.data();
        quote! {
            impl #generics #composed for #whole #clause {
                const GRAPH: &'static __rt::Graph = #data;
                fn __part #life(#this, __parts: &mut __rt::Parts<'_, #kind>) #clause_of_life {
                    #apart
                    #(#kept)*
                    #(__parts.member(#roles, #values);)*
                }
                fn __ask(&#this, __asking: &mut __rt::Asking<'_, '_>) {
                    #(__asking.member(#roles, &#this.#names);)*
                }
            }
        }
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
        let krate = self.model.options.krate(at);
        let vis = self.model.head.vis;
        let plan = self.rt("plan", "plan_local", at);
        let docs = format!(
            " What [`{}`] is made of, in which order, and how long that may take; nothing runs.",
            self.model.head.name
        );
        quote! {
            #[doc = #docs]
            #vis fn plan() -> #krate::Plan {
                #plan::<Self>()
            }
        }
    }

    pub(super) fn resource(&self) -> TokenStream {
        let at = Blame::on(self.model.head.name).start;
        let krate = self.model.options.krate(at);
        let (exit, failing) = (
            self.rt("exit", "exit_local", at),
            self.rt("failing", "failing_local", at),
        );
        let (this, graph) = (Token![self](Span::mixed_site()), self.graph_of_self(at));
        let abandon = if self.is_local() {
            quote_spanned! {at=>
                fn __abandon<__T: __rt::TakesOver>(#this, __abandoned: __rt::Abandoned) {
                    __rt::abandon(#this, &__abandoned);
                }
            }
        } else {
            quote_spanned! {at=>
                fn __lose(#this, __abandoned: __rt::Abandoned) {
                    __rt::lose(#this, &__abandoned);
                }
            }
        };
        let rest = quote_spanned! {at=>
            fn policy() -> #krate::Policy {
                #graph.policy::<Self>()
            }
            fn __what() -> __rt::What {
                __rt::What::Nested(Self::plan())
            }
            fn __failure(&#this, __failing: &mut __rt::Failing<'_>) {
                #failing(#this, __failing);
            }
            #abandon
        };
        let body = quote_spanned!(at=> #exit(#this, __exit).await);
        let name = quote_spanned!(at=> __exit);
        self.subject.resource(&[], &name, &body, Some(&rest), at)
    }
}

fn end_name(name: &Ident) -> Ident {
    format_ident!("__EndOf_{}", name, span = ours(name.span()))
}

fn function_name(name: &Ident) -> Ident {
    format_ident!("__lifespan_exit_{}", name, span = ours(name.span()))
}
