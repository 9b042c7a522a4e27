//! Web pages beside the routes: whatever answers all paths below its own, in any framework.

use futures_util::future::BoxFuture;

use crate::{Answer, Request};

/// Pages that an app mounts as a whole. The adapters hand every request below a path over, whatever its method, and
/// send the answer as it is.
///
/// ```
/// use futures_util::future::BoxFuture;
/// use jeton_http::{Answer, Pages, Problem, Request};
///
/// #[derive(Clone)]
/// struct Hello;
///
/// impl Pages for Hello {
///     fn respond<'a>(&'a self, path: &'a str, _: Request) -> BoxFuture<'a, Answer> {
///         Box::pin(async move {
///             if path == "/" { Answer::new("hello".into()) } else { Problem::not_found().answer() }
///         })
///     }
/// }
/// ```
pub trait Pages: Clone + Send + Sync + 'static {
    /// Answers a request. The path is what follows the one that the pages are mounted at: empty for that path itself, or
    /// with a slash before it. [`Request::parameter`] is none.
    fn respond<'a>(&'a self, path: &'a str, request: Request) -> BoxFuture<'a, Answer>;
}
