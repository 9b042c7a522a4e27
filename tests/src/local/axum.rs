//! The app in axum.

use std::net::{SocketAddr, TcpListener};

use ::axum::Json;
use jeton_axum::{Authenticated, Protected, endpoint};
use serde_json::Value;

use super::{Site, app::Server};

pub(super) fn serve(listener: TcpListener, site: &Site) -> Server {
    let Site { gate, routes, names } = site;
    let mut app = session_axum::router(gate.clone()).merge(websocket_axum::router(gate.clone()));
    for route in routes {
        let gate = (route.gate)(gate.clone());
        app = app.merge(Protected::new(gate).get(route.path, route.policy.clone(), whoami));
    }
    for (path, name) in names {
        app = app.route(path, endpoint(gate.clone(), *name));
    }
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    Server::Axum(tokio::spawn(::axum::serve(listener, app).into_future()))
}

async fn whoami(who: Authenticated) -> Json<Value> {
    Json(demo::whoami(&who))
}
