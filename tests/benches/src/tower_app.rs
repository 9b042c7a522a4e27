//! An app that is a tower service.

use std::{
    convert::Infallible,
    error::Error,
    future::{Future, poll_fn},
    net::TcpListener,
    time::Duration,
};

use futures_util::future::LocalBoxFuture;
use http::{HeaderValue, Request, Response, header::AUTHORIZATION};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::runtime::Handle;
use tower::{Service, ServiceExt as _};

use crate::{
    app::App,
    stopwatch::Stopwatch,
    walk::{Bearer, Walk},
};

/// A service, and how the body of its framework is made of one that comes in.
pub(crate) struct TowerApp<S, B> {
    service: S,
    body: fn(Incoming) -> B,
}

impl<S, B: Default> TowerApp<S, B>
where
    S: Service<Request<B>, Error = Infallible>,
{
    /// That service.
    pub(crate) fn new(service: S, body: fn(Incoming) -> B) -> Self {
        Self { service, body }
    }

    async fn call(&mut self, bearer: HeaderValue) -> S::Response {
        let mut request = Request::new(B::default());
        request.headers_mut().insert(AUTHORIZATION, bearer);
        let Ok(()) = poll_fn(|task| self.service.poll_ready(task)).await;
        let Ok(response) = self.service.call(request).await;
        response
    }
}

impl<S, B, R> App for TowerApp<S, B>
where
    S: Service<Request<B>, Response = Response<R>, Error = Infallible, Future: Send> + Clone + Send + 'static,
    B: Default + 'static,
    R: http_body::Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    fn status<'a>(&'a mut self, bearer: &'a Bearer) -> LocalBoxFuture<'a, u16> {
        Box::pin(async { self.call(bearer.http.clone()).await.status().as_u16() })
    }

    fn round<'a>(&'a mut self, mut walk: Walk<'a>, calls: u32) -> LocalBoxFuture<'a, Duration> {
        Box::pin(async move {
            let (mut left, mut span) = (calls, Duration::ZERO);
            while left > 0 {
                let bearers = walk.read(left, |bearer| copied(&bearer.http));
                left -= u32::try_from(bearers.len()).unwrap_or(left);
                let watch = Stopwatch::start();
                for bearer in bearers {
                    assert_eq!(self.call(bearer).await.status(), 200);
                }
                span += watch.span();
            }
            span
        })
    }

    fn serve(&self, listener: TcpListener, runtime: &Handle, _core: usize) {
        let body = self.body;
        let service = self.service.clone().map_request(move |request: Request<Incoming>| request.map(body));
        runtime.spawn(accept(listener, move |stream| {
            let service = TowerToHyperService::new(service.clone());
            async move {
                // The load tool hangs up at the end, which is no failure.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            }
        }));
    }
}

/// The same value in memory of its own.
fn copied(value: &HeaderValue) -> HeaderValue {
    HeaderValue::from_bytes(value.as_bytes()).unwrap_or_else(|_| value.clone())
}

async fn accept<F: Future<Output = ()> + Send + 'static>(
    listener: TcpListener,
    serve: impl Fn(tokio::net::TcpStream) -> F,
) -> std::io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(serve(stream));
    }
}
