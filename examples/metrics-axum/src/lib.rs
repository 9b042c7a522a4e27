//! An app beside whose routes a page tells what was counted.

use axum::{Router, routing::get};
use jeton::Authority;
use jeton_axum::{Authenticated, authenticate};
use metrics_exporter_prometheus::PrometheusHandle;

/// The routes of the app. The recorder behind the handle must be installed before the authority is built.
pub fn router(authority: Authority, metrics: PrometheusHandle) -> Router {
    let app = Router::new()
        .route("/hello", get(async |_: Authenticated| "hello"))
        .layer(authenticate(authority.clone()));
    // To be reached by those who watch the app, and not by everybody.
    let page = Router::new().route("/metrics", get(async move || metrics.render()));
    app.merge(page).nest("/auth", jeton_axum::router(authority))
}
