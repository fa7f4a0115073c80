//! An HTTP listener that can vanish and drop replies.

use std::{convert::Infallible, io, time::Duration};

use axum::{Router, body::Body};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpListener,
    task::{JoinHandle, JoinSet},
};
use tower::ServiceExt as _;

use super::http::Dropped;

#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) port: u16,
    task: JoinHandle<()>,
}

impl Listener {
    /// Binds to this port of the loopback interface; 0 for any.
    pub(crate) async fn bind(port: u16, router: Router) -> Self {
        let socket = TcpListener::bind(("127.0.0.1", port)).await.expect("the port is free");
        let port = socket.local_addr().expect("a bound socket has an address").port();
        Self { port, task: tokio::spawn(serve(socket, router)) }
    }

    /// Stops listening and cuts every connection.
    pub(crate) async fn close(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(socket: TcpListener, router: Router) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = socket.accept() => {
                let Ok((stream, _)) = accepted else {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    continue;
                };
                let _ = stream.set_nodelay(true);
                let router = router.clone();
                connections.spawn(async move {
                    let service = service_fn(move |request| answer(router.clone(), request));
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn answer(
    router: Router,
    request: http::Request<Incoming>,
) -> io::Result<http::Response<Body>> {
    let reply: Result<_, Infallible> = router.oneshot(request.map(Body::new)).await;
    let Ok(reply) = reply;
    if reply.extensions().get::<Dropped>().is_some() {
        // An error instead of a reply makes hyper close the connection.
        return Err(io::Error::other("dropped on purpose"));
    }
    Ok(reply)
}
