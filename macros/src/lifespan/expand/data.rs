//! The graph, as data.

use proc_macro2::{Literal, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;

use super::Expansion;
use crate::budget::budgets;
use crate::lifespan::model::Dependency;

impl Expansion<'_> {
    // Output:
    //     &__rt::Graph::new("App", &["config"], &[__rt::member("db", &[], &[0], __rt::resource::<Db, __Kind>()), ..])
    pub(super) fn data(&self) -> TokenStream {
        let options = &self.model.options;
        let name = options
            .name
            .as_ref()
            .map_or_else(|| self.model.head.name.to_string(), syn::LitStr::value);
        let inputs = options.inputs.iter().map(|input| input.name.unraw().to_string());
        let members = self.graph.order.iter().map(|field| self.member(*field));
        let budgets = budgets(
            &[("enter", options.enter_timeout), ("exit", options.exit_timeout)],
            &quote!(__rt),
        );
        quote! {
            &__rt::Graph::new(#name, &[#(#inputs),*], &[#(#members),*])#budgets
        }
    }

    pub(super) fn member(&self, field: usize) -> TokenStream {
        let member = &self.model.fields[field];
        let name = member.name.unraw().to_string();
        let (mut needs, mut takes) = (Vec::new(), Vec::new());
        for dependency in self.dependencies(field) {
            match dependency {
                Dependency::Input(input) => takes.push(Literal::usize_unsuffixed(*input)),
                Dependency::Field(field) => {
                    needs.extend(self.places[*field].map(Literal::usize_unsuffixed));
                }
            }
        }
        let budgets = budgets(
            &[("enter", member.enter_timeout), ("exit", member.exit_timeout)],
            &quote!(__rt),
        );
        let role = self.role(member);
        // As if it stood there: the place that errors show is that of the field, and not that of the attribute.
        let at = member.name.span();
        let new = quote_spanned!(at=> __rt::member(#name, &[#(#needs),*], &[#(#takes),*], #role));
        quote!(#new #budgets)
    }
}
