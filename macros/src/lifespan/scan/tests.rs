use proc_macro2::TokenStream;
use quote::quote;

use super::tried;

fn awaited(expr: &TokenStream) -> Option<String> {
    let (word, without) = super::awaited(expr);
    word.map(|_| without.to_string())
}

fn unbound(expr: &TokenStream) -> bool {
    super::unbound(expr).contains_key("db")
}

#[test]
fn awaits_of_its_own() {
    assert!(awaited(&quote!(f(a).await)).is_some());
    assert!(awaited(&quote!(f(g(a).await))).is_some());
    assert!(awaited(&quote!(async { f(a).await })).is_none());
    assert!(awaited(&quote!(f(async |a| g(a).await, b.await))).is_some());
    assert!(awaited(&quote!(a.await_all(b))).is_none());
    assert!(
        awaited(&quote!(start(async move |ready, stop| {
            stop.requested().await;
        })))
        .is_none()
    );
    assert!(awaited(&quote!(new(open(), async |it, _| it.close().await))).is_none());
    assert!(awaited(&quote!(held(async |it| -> Result<Vec<A>, B> { it.lend(1).await }))).is_none());
    assert!(awaited(&quote!(held(async |it| -> Result<A, B> { it }, b.await))).is_some());
    assert_eq!(
        awaited(&quote!(new(async |it, _| it.close().await, open().await))),
        Some(quote!(new(async |it, _| it.close().await, open())).to_string())
    );
}

#[test]
fn question_marks_of_its_own() {
    assert!(tried(&quote!(open(parse(url)?))).is_some());
    assert!(
        tried(&quote!({
            let url = parse(url)?;
            open(url)
        }))
        .is_some()
    );
    assert!(tried(&quote!(open(|a, b| parse(a, b)?, x?))).is_some());
    assert!(tried(&quote!(open(|a, b| parse(a, b)?))).is_none());
    assert!(tried(&quote!(async move { parse(url)?.await })).is_none());
    assert!(tried(&quote!(open::<dyn Fn() + ?Sized>(url))).is_none());
    assert!(tried(&quote!(open(matches!(x?, y)))).is_none());
}

#[test]
fn names_that_nothing_binds() {
    for expr in [
        quote!(open(db)),
        quote!(open(&db)),
        quote!(open(db.pool())),
        quote!({
            let url = db.url();
            open(url)
        }),
        quote!(open(Config { db: 1, other: db })),
    ] {
        assert!(unbound(&expr), "{expr}");
    }
}

#[test]
fn names_that_something_may_bind_or_that_are_no_values() {
    for expr in [
        quote!({
            let db = url.db();
            open(db, db.pool())
        }),
        quote!(open(|db| db.pool())),
        quote!(open(|db: &Db| db.pool())),
        quote!(match url {
            Some(db) => db.pool(),
            _ => other,
        }),
        quote!(db(url)),
        quote!(db::open(url)),
        quote!(self::db),
        quote!(open(url.db)),
        quote!(open(url.db.pool())),
        quote!(db!(url)),
        quote!(Config { db: 1 }),
        quote!(all!(db)),
    ] {
        assert!(!unbound(&expr), "{expr}");
    }
}
