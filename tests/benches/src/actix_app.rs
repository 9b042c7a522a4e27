//! An app of actix-web.

use std::{fmt, net::TcpListener, thread, time::Duration};

use actix_http::Request;
use actix_service::IntoServiceFactory;
use actix_web::{
    Error, HttpServer,
    body::MessageBody,
    dev::{AppConfig, Service, ServiceFactory, ServiceResponse},
    http::header::{AUTHORIZATION, HeaderValue},
    rt::System,
    test::{TestRequest, init_service},
};
use futures_util::future::LocalBoxFuture;
use tokio::runtime::Handle;

use crate::{
    app::App,
    core::pin,
    stopwatch::Stopwatch,
    walk::{Bearer, Walk},
};

/// A service that is called in process, and how the same is served.
struct ActixApp<S> {
    service: S,
    serve: Box<dyn Fn(TcpListener, usize)>,
}

/// What that function makes, as an app.
pub(crate) async fn actix_app<F, I, S, B>(make: F) -> Box<dyn App>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request> + 'static,
    S: ServiceFactory<Request, Config = AppConfig, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::InitError: fmt::Debug,
    B: MessageBody + 'static,
{
    let service = init_service(make()).await;
    let serve = Box::new(move |listener, core| {
        let make = make.clone();
        thread::spawn(move || {
            // The worker is started by this thread and stays on its core.
            pin(core);
            let server = HttpServer::new(make).workers(1).disable_signals().listen(listener)?;
            System::new().block_on(server.run())
        });
    });
    Box::new(ActixApp { service, serve })
}

impl<S, B> ActixApp<S>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
{
    async fn call(&self, bearer: HeaderValue) -> u16 {
        let request = TestRequest::default().insert_header((AUTHORIZATION, bearer)).to_request();
        match self.service.call(request).await {
            Ok(response) => response.status().as_u16(),
            // What a middleware refuses by an error, the server would make an answer of.
            Err(error) => error.as_response_error().status_code().as_u16(),
        }
    }
}

impl<S, B> App for ActixApp<S>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    B: 'static,
{
    fn status<'a>(&'a mut self, bearer: &'a Bearer) -> LocalBoxFuture<'a, u16> {
        Box::pin(self.call(bearer.actix.clone()))
    }

    fn round<'a>(&'a mut self, mut walk: Walk<'a>, calls: u32) -> LocalBoxFuture<'a, Duration> {
        Box::pin(async move {
            let (mut left, mut span) = (calls, Duration::ZERO);
            while left > 0 {
                let bearers = walk.read(left, |bearer| copied(&bearer.actix));
                left -= u32::try_from(bearers.len()).unwrap_or(left);
                let watch = Stopwatch::start();
                for bearer in bearers {
                    assert_eq!(self.call(bearer).await, 200);
                }
                span += watch.span();
            }
            span
        })
    }

    fn serve(&self, listener: TcpListener, _runtime: &Handle, core: usize) {
        (self.serve)(listener, core);
    }
}

/// The same value in memory of its own.
fn copied(value: &HeaderValue) -> HeaderValue {
    HeaderValue::from_bytes(value.as_bytes()).unwrap_or_else(|_| value.clone())
}
