//! Programs with stacks, cancelled and dropped at each of their poll points (laws 1, 3, 7, 8, 13, 17).

use lifespan::testing::{Journal, Step};
use lifespan::{Error, ExitStack};
use tokio::task::yield_now;

use crate::sweeps::swept;

fn script(journal: &Journal, name: &'static str) -> lifespan::testing::Script {
    let script = journal.resource(name);
    script.enter(Step::Yield).exit(Step::Yield)
}

#[test]
fn three_entries_laws_7_and_13() {
    swept(|journal| async move {
        let _ = ExitStack::new()
            .scope(async |stack| {
                let _a = stack.enter(script(&journal, "a").lifespan()).await?;
                let mut b = stack.enter(script(&journal, "b").lifespan()).await?;
                yield_now().await;
                stack.on_exit(async |_| yield_now().await)?;
                stack
                    .enter(script(&journal, "c").exit(Step::Fail("bad")).lifespan())
                    .await?;
                b.log("body");
                let _ = &mut *b;
                yield_now().await;
                Ok::<_, Error>(())
            })
            .await;
    });
}

#[test]
fn early_exits_laws_1_and_13() {
    swept(|journal| async move {
        let _ = ExitStack::new()
            .scope(async |stack| {
                let a = stack.enter(script(&journal, "a").lifespan()).await?;
                stack.enter(script(&journal, "b").lifespan()).await?;
                a.exit().await?;
                stack.close().await?;
                yield_now().await;
                Ok::<_, Error>(())
            })
            .await;
    });
}

#[test]
fn entered_side_by_side_laws_7_and_17() {
    swept(|journal| async move {
        let _ = ExitStack::new()
            .scope(async |stack| {
                let (a, b) = tokio::join!(
                    stack.enter(script(&journal, "a").lifespan()),
                    stack.enter(script(&journal, "b").lifespan()),
                );
                (a?, b?).0.log("body");
                yield_now().await;
                Ok::<_, Error>(())
            })
            .await;
    });
}

#[test]
fn registered_while_it_exits_law_7() {
    swept(|journal| async move {
        let _ = ExitStack::new()
            .scope(async |stack| {
                stack.enter(script(&journal, "a").lifespan()).await?;
                let (registrar, next) = (stack.handle(), script(&journal, "next"));
                stack.on_exit(async move |_| {
                    let live = next.lifespan().enter().await?;
                    registrar.adopt(live).map_err(Error::from)
                })?;
                Ok::<_, Error>(())
            })
            .await;
    });
}

#[test]
fn a_stack_in_a_scope_laws_3_and_7() {
    swept(|journal| async move {
        let outer = script(&journal, "outer").lifespan();
        let _ = outer
            .scope(async |_| {
                let mut stack = ExitStack::new().enter().await?;
                stack.enter(script(&journal, "a").lifespan()).await?;
                let moved = stack.move_all();
                moved.enter(script(&journal, "b").lifespan()).await?;
                yield_now().await;
                moved.exit().await?;
                stack.exit().await
            })
            .await;
    });
}
