//! Each way out of an HTTP handler, on a real server: also the one that only a client can take, to hang up. hyper then drops the
//! handler's future, and the task of its connection, which belongs to the server, awaits its exit (law 3).

use std::future::pending;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use lifespan::{BoxError, Enter, Lifespan, Service};
use lifespan_serve::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::database::{Orders, TestDatabase};
use super::on_each_database;

on_each_database!(
    the_client_is_answered,
    the_client_hangs_up,
    many_clients_share_few_connections,
);

async fn the_client_is_answered<D: TestDatabase>(database: D) {
    serve(database.clone())
        .scope(async |server| -> Result<_, BoxError> {
            assert_eq!(ask(**server, "/take/tea").await?, Some(201));
            assert_eq!(ask(**server, "/refuse/milk").await?, Some(409));
            assert_eq!(ask(**server, "/stumble/cocoa").await?, None);
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(database.orders().await, ["tea"]);
    database.journal().assert([
        "transaction has begun",
        "transaction commits",
        "transaction has ended",
        "transaction has begun",
        "transaction rolls back (failed)",
        "transaction has ended",
        "transaction has begun",
        "transaction rolls back (panicked)",
        "transaction has ended",
    ]);
}

async fn the_client_hangs_up<D: TestDatabase>(database: D) {
    let journal = database.journal();
    serve(database.clone())
        .scope(async |server| -> Result<_, BoxError> {
            let stream = send(**server, "/wait/tea").await?;
            journal.reached("handler has ordered tea").await;
            drop(stream);
            journal.reached("transaction rolls back (abandoned)").await;
            Ok(())
        })
        .await
        .unwrap();
    assert!(lifespan::drain().await.is_clean());
    assert_eq!(database.open_transactions().await, 0);
    assert!(database.orders().await.is_empty());
    journal.assert([
        "transaction has begun",
        "handler has ordered tea",
        "handler is dropped",
        "transaction rolls back (abandoned)",
        "transaction has ended",
    ]);
}

/// Some hang up at once, wherever their handler is by then.
async fn many_clients_share_few_connections<D: TestDatabase>(database: D) {
    let taken = serve(database.clone())
        .scope(async |server| -> Result<_, BoxError> {
            let (address, mut clients) = (**server, JoinSet::new());
            for number in 0..40 {
                clients.spawn(visit(address, number));
            }
            Ok(clients.join_all().await.into_iter().flatten().collect())
        })
        .await;
    let mut taken: Vec<String> = taken.unwrap();
    taken.sort();
    assert_eq!(taken.len(), 10);
    assert_eq!(database.orders().await, taken);
    assert!(lifespan::drain().await.is_clean());
    assert_eq!(database.open_transactions().await, 0);
    assert_eq!(database.orders().await, taken);
}

/// The order, if it was taken.
async fn visit(address: SocketAddr, number: u32) -> Option<String> {
    let item = format!("item-{number:02}");
    match number % 4 {
        0 => {
            let answer = ask(address, &format!("/take/{item}")).await.unwrap();
            assert_eq!(answer, Some(201));
            return Some(item);
        }
        1 => drop(ask(address, &format!("/refuse/{item}")).await.unwrap()),
        2 => drop(ask(address, &format!("/stumble/{item}")).await.unwrap()),
        _ => drop(send(address, &format!("/wait/{item}")).await.unwrap()),
    }
    None
}

#[track_caller]
fn serve<D: TestDatabase>(database: D) -> Lifespan<Service<SocketAddr>, impl Enter<Service<SocketAddr>>> {
    let router = Router::new()
        .route("/take/{item}", post(take::<D>))
        .route("/refuse/{item}", post(refuse::<D>))
        .route("/stumble/{item}", post(stumble::<D>))
        .route("/wait/{item}", post(wait::<D>))
        .with_state(database);
    Server::bind((Ipv4Addr::LOCALHOST, 0), router).lifespan()
}

type Answer = Result<StatusCode, StatusCode>;

async fn take<D: TestDatabase>(State(database): State<D>, Path(item): Path<String>) -> Answer {
    answer(
        database
            .transaction()
            .scope(async |tx| -> Result<_, BoxError> { Ok(tx.order(&item).await?) })
            .await,
    )
}

async fn refuse<D: TestDatabase>(State(database): State<D>, Path(item): Path<String>) -> Answer {
    answer(
        database
            .transaction()
            .scope(async |tx| -> Result<_, BoxError> {
                tx.order(&item).await?;
                Err("sold out".into())
            })
            .await,
    )
}

async fn stumble<D: TestDatabase>(State(database): State<D>, Path(item): Path<String>) -> Answer {
    answer(
        database
            .transaction()
            .scope(async |tx| -> Result<_, BoxError> {
                tx.order(&item).await?;
                std::panic::resume_unwind(Box::new("stumbles"))
            })
            .await,
    )
}

async fn wait<D: TestDatabase>(State(database): State<D>, Path(item): Path<String>) -> Answer {
    let journal = database.journal();
    answer(
        database
            .transaction()
            .scope(async |tx| -> Result<_, BoxError> {
                tx.order(&item).await?;
                journal.line("handler", format_args!("has ordered {item}"));
                let _dropped = AtDrop(|| journal.line("handler", "is dropped"));
                pending().await
            })
            .await,
    )
}

fn answer(outcome: Result<(), BoxError>) -> Answer {
    outcome.map(|()| StatusCode::CREATED).map_err(|_| StatusCode::CONFLICT)
}

pub(super) struct AtDrop<F: FnMut()>(pub(super) F);

impl<F: FnMut()> Drop for AtDrop<F> {
    fn drop(&mut self) {
        self.0();
    }
}

pub(super) async fn send(address: SocketAddr, path: &str) -> std::io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("POST {path} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    Ok(stream)
}

/// The status of the answer, if there is one.
async fn ask(address: SocketAddr, path: &str) -> std::io::Result<Option<u16>> {
    let mut answer = String::new();
    send(address, path).await?.read_to_string(&mut answer).await?;
    Ok(answer.split(' ').nth(1).and_then(|status| status.parse().ok()))
}
