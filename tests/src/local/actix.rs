//! The app in actix-web.

use std::net::TcpListener;

use actix_web::{App, HttpServer, cookie::Key, web};
use jeton_actix::{Authenticated, Protected, endpoint};
use serde_json::Value;

use super::{Site, app::Server};

pub(super) fn serve(listener: TcpListener, site: Site) -> Server {
    let key = Key::generate();
    let app =
        move || App::new().wrap(session_actix::sessions(&key)).configure(|config| configure(config, &site));
    let server = HttpServer::new(app).workers(2).disable_signals().listen(listener).unwrap().run();
    let handle = server.handle();
    tokio::spawn(server);
    Server::Actix(handle)
}

fn configure(config: &mut web::ServiceConfig, site: &Site) {
    let Site { gate, routes, names } = site;
    session_actix::routes(config, gate.clone());
    websocket_actix::routes(config, gate.clone());
    for route in routes {
        let gate = (route.gate)(gate.clone());
        config.service(Protected::new(gate).get(route.path, route.policy.clone(), whoami));
    }
    for (path, name) in names {
        config.service(web::resource(*path).route(endpoint(gate.clone(), *name)));
    }
}

async fn whoami(who: Authenticated) -> web::Json<Value> {
    web::Json(demo::whoami(&who))
}
