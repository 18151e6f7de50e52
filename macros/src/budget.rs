//! [`Budget`]: a time bound as it stands in an option, `"5s"` or `"none"`.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote_spanned;
use syn::{Error, LitStr, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Budget {
    Unlimited,
    Nanos(u64),
    Micros(u64),
    Millis(u64),
    Secs(u64),
}

impl Budget {
    pub(crate) fn parse(literal: &LitStr) -> Result<Self> {
        Self::read(literal.value().trim()).map_err(|message| Error::new_spanned(literal, message))
    }

    fn read(text: &str) -> std::result::Result<Self, String> {
        if text == "none" {
            return Ok(Budget::Unlimited);
        }
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (amount, unit) = text.split_at(digits);
        if amount.is_empty() {
            return Err(not_a_duration(text));
        }
        let amount: u64 = amount.parse().map_err(|_| too_long(text))?;
        let secs = |factor: u64| {
            amount
                .checked_mul(factor)
                .map(Budget::Secs)
                .ok_or_else(|| too_long(text))
        };
        let budget = match unit.trim_start() {
            "ns" => Budget::Nanos(amount),
            "us" | "µs" => Budget::Micros(amount),
            "ms" => Budget::Millis(amount),
            "s" => Budget::Secs(amount),
            "m" | "min" => secs(60)?,
            "h" => secs(60 * 60)?,
            _ => return Err(not_a_duration(text)),
        };
        if amount == 0 { Err(zero()) } else { Ok(budget) }
    }

    /// What `Policy::enter_timeout` and `Policy::exit_timeout` take.
    pub(crate) fn tokens(self, span: Span) -> TokenStream {
        let (unit, amount) = match self {
            Budget::Unlimited => return quote_spanned!(span=> ::core::option::Option::None),
            Budget::Nanos(amount) => ("from_nanos", amount),
            Budget::Micros(amount) => ("from_micros", amount),
            Budget::Millis(amount) => ("from_millis", amount),
            Budget::Secs(amount) => ("from_secs", amount),
        };
        let (unit, amount) = (Ident::new(unit, span), Literal::u64_unsuffixed(amount));
        quote_spanned!(span=> ::core::time::Duration::#unit(#amount))
    }
}

fn not_a_duration(text: &str) -> String {
    format!(
        "`{text}` is not a duration\n\
         help: write a whole number and a unit (`ns`, `us`, `ms`, `s`, `m`, `h`), as in `\"5s\"`, or `\"none\"` for no bound"
    )
}

fn too_long(text: &str) -> String {
    format!("`{text}` is too long for a duration\nhelp: write `\"none\"` for no bound")
}

fn zero() -> String {
    "a budget of zero would run out at once\nhelp: give it the time it needs, or `\"none\"` for no bound".to_owned()
}

#[cfg(test)]
mod tests {
    use super::Budget;

    #[test]
    fn a_number_and_a_unit() {
        assert_eq!(Budget::read("7ns"), Ok(Budget::Nanos(7)));
        assert_eq!(Budget::read("7us"), Ok(Budget::Micros(7)));
        assert_eq!(Budget::read("250 ms"), Ok(Budget::Millis(250)));
        assert_eq!(Budget::read("5s"), Ok(Budget::Secs(5)));
        assert_eq!(Budget::read("2m"), Ok(Budget::Secs(120)));
        assert_eq!(Budget::read("1h"), Ok(Budget::Secs(3600)));
        assert_eq!(Budget::read("none"), Ok(Budget::Unlimited));
    }

    #[test]
    fn anything_else_is_refused_in_words() {
        for text in ["5 parsecs", "5", "", "s", "-5s", "1.5s", "None"] {
            let message = Budget::read(text).unwrap_err();
            assert!(
                message.starts_with(&format!("`{text}` is not a duration\nhelp: ")),
                "{message}"
            );
        }
    }

    #[test]
    fn zero_and_more_than_fits_are_refused() {
        assert!(
            Budget::read("0s")
                .unwrap_err()
                .starts_with("a budget of zero would run out at once\n")
        );
        assert!(
            Budget::read("0h")
                .unwrap_err()
                .starts_with("a budget of zero would run out at once\n")
        );
        let message = Budget::read("18446744073709551615h").unwrap_err();
        assert!(
            message.starts_with("`18446744073709551615h` is too long for a duration\n"),
            "{message}"
        );
    }
}
