//! The program as a function from a request to a response, in whatever form it is written.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use tower_service::Service;

use crate::body::{Body, BoxError, Request, Response};

/// Something that becomes a response: what a closure may return.
pub trait IntoResponse {
    /// The response.
    fn into_response(self) -> Response;
}

impl<B> IntoResponse for http::Response<B>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn into_response(self) -> Response {
        self.map(Body::new)
    }
}

impl<T: IntoResponse, E: IntoResponse> IntoResponse for Result<T, E> {
    fn into_response(self) -> Response {
        match self {
            Ok(response) => response.into_response(),
            Err(error) => error.into_response(),
        }
    }
}

/// A program: a function from a request to a response.
///
/// It need not be implemented by hand. These are apps:
///
/// - a closure `Fn(Request) -> impl IntoResponse`,
/// - a closure that returns a future of one,
/// - a [`tower::Service`](tower_service::Service) of [`http::Request<Body>`](http::Request) that can be cloned;
///   an `axum::Router` is one.
///
/// `Kind` only tells these three apart for the compiler.
pub trait App<Kind>: Send + Sync + 'static {
    /// The answer to `request`.
    fn call(&self, request: Request) -> impl Future<Output = Response> + Send;
}

/// An [`App`] that is a closure.
#[derive(Debug)]
pub enum Closure {}

impl<F, R> App<(Closure, R)> for F
where
    F: Fn(Request) -> R + Send + Sync + 'static,
    R: IntoResponse,
{
    fn call(&self, request: Request) -> impl Future<Output = Response> + Send {
        std::future::ready(self(request).into_response())
    }
}

/// An [`App`] that is a closure which returns a future.
#[derive(Debug)]
pub enum AsyncClosure {}

impl<F, R> App<(AsyncClosure, R)> for F
where
    F: Fn(Request) -> R + Send + Sync + 'static,
    R: Future<Output: IntoResponse> + Send,
{
    async fn call(&self, request: Request) -> Response {
        self(request).await.into_response()
    }
}

/// An [`App`] that is a `tower::Service`.
#[derive(Debug)]
pub enum TowerService {}

impl<S, B> App<(TowerService, B)> for S
where
    S: Service<Request, Response = http::Response<B>> + Clone + Send + Sync + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    async fn call(&self, request: Request) -> Response {
        // A service is readied before it is called, and a clone may have lost its readiness.
        let mut service = self.clone();
        let answer = async {
            std::future::poll_fn(|cx| service.poll_ready(cx)).await.map_err(drop)?;
            Service::call(&mut service, request).await.map_err(drop)
        };
        answer.await.map_or_else(
            |()| {
                let mut response = Response::new("The server met an error.\n".into());
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                response
            },
            IntoResponse::into_response,
        )
    }
}

/// An app of any kind behind one type.
#[derive(Clone)]
pub(crate) struct SharedApp(Arc<dyn Fn(Request) -> ResponseFuture + Send + Sync>);

pub(crate) type ResponseFuture = Pin<Box<dyn Future<Output = Response> + Send>>;

impl SharedApp {
    pub(crate) fn new<Kind: 'static>(app: impl App<Kind>) -> Self {
        let app = Arc::new(app);
        SharedApp(Arc::new(move |request| {
            let app = Arc::clone(&app);
            Box::pin(async move { app.call(request).await })
        }))
    }

    pub(crate) fn call(&self, request: Request) -> ResponseFuture {
        (self.0)(request)
    }
}
