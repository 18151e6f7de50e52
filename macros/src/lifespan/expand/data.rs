//! The graph, as data.

use proc_macro2::{Literal, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;

use super::Expansion;
use crate::budget::{self, Budget};
use crate::lifespan::model::Dependency;

impl Expansion<'_> {
    // Output:
    //     const NAME: &'static str = "App";
    //     const INPUTS: &'static [&'static str] = &["config"];
    //     const MEMBERS: &'static [__rt::GraphMember] = &[__rt::row("db", &[], &[0], __rt::resource::<Db, __K>()), ..];
    //     const BUDGETS: __rt::Budgets = __rt::UNSAID.exit(__rt::Some(__rt::Duration::from_secs(20)));
    pub(super) fn data(&self) -> TokenStream {
        let options = &self.model.options;
        let name = options
            .name
            .as_ref()
            .map_or_else(|| self.model.head.name.to_string(), syn::LitStr::value);
        let inputs = options.inputs.iter().map(|input| input.name.unraw().to_string());
        let members = self.graph.order.iter().map(|field| self.member(*field));
        let budgets = said([&options.enter_timeout, &options.exit_timeout, &options.drain_for]);
        let budgets = budgets.map(|budgets| quote!(const BUDGETS: __rt::Budgets = #budgets;));
        quote! {
            const NAME: &'static str = #name;
            const INPUTS: &'static [&'static str] = &[#(#inputs),*];
            const MEMBERS: &'static [__rt::GraphMember] = &[#(#members),*];
            #budgets
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
        let budgets = said([&member.enter_timeout, &member.exit_timeout, &None]);
        let budgets = budgets.map(|budgets| quote!(.within(#budgets)));
        let role = self.role(member);
        // As if it stood there: the place that errors show is that of the field, and not that of the attribute.
        let at = member.name.span();
        let new = quote_spanned!(at=> __rt::row(#name, &[#(#needs),*], &[#(#takes),*], #role));
        quote!(#new #budgets)
    }
}

// Output: `__rt::UNSAID.enter(__rt::Some(__rt::Duration::from_secs(5)))`, if something was said
fn said(budgets: [&Option<Budget>; 3]) -> Option<TokenStream> {
    let said: Vec<_> = ["enter", "exit", "drain"]
        .into_iter()
        .zip(budgets.map(Option::as_ref))
        .collect();
    let said = budget::budgets(&said, &quote!(__rt));
    (!said.is_empty()).then(|| quote!(__rt::UNSAID #said))
}
