use lifespan::{Service, lifespan, scoped_resource};

pub struct Endpoint;

#[scoped_resource]
impl Endpoint {
    #[enter]
    pub async fn open(_name: &str, _state: &str) -> Self {
        Endpoint
    }

    #[exit]
    async fn close(self) {}
}

// Two MCP servers, and an HTTP server with a route to each; one of the names is not right.
#[lifespan(state: String)]
struct App {
    #[enter(|state| Endpoint::open("echo", state))]
    echo: Endpoint,
    #[enter(|state| Endpoint::open("math", state))]
    math: Endpoint,
    #[enter(|echo, maths| {
        let _routes = [("/echo", echo), ("/math", maths)];
        Service::start(async |ready, stop| {
            ready.set(80);
            stop.requested().await;
        })
    })]
    http: Service<u16>,
}

fn main() {
    let _ = App::lifespan(String::new()).scope_ok(async |app| {
        let _ = (&app.echo, &app.math, &app.http);
    });
}
