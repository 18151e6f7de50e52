use super::borrows;
use quote::quote;

#[test]
fn a_type_borrows_by_its_lifetimes() {
    assert!(borrows(quote!(Tx<'a>)));
    assert!(borrows(quote!(Tx<'_>)));
    assert!(borrows(quote!(Tx<&str>)));
    assert!(!borrows(quote!(Tx<(u8, fn(&str))>)));
    assert!(borrows(quote!(Tx<(u8, &'a str)>)));
    assert!(!borrows(quote!(Tx)));
    assert!(!borrows(quote!(Tx<'static>)));
    assert!(!borrows(quote!(Tx<&'static str>)));
    assert!(!borrows(quote!(Tx<for<'a> fn(&'a str) -> &'a str>)));
    assert!(!borrows(quote!(Tx<fn(&str)>)));
}
