//! Serves the app.

use actix_web::{App, HttpServer, cookie::Key};

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (authority, key) = (session_actix::authority().await?, Key::generate());
    let app = move || {
        let authority = authority.clone();
        App::new()
            .wrap(session_actix::sessions(&key))
            .configure(|config| session_actix::routes(config, authority))
    };
    HttpServer::new(app).bind("127.0.0.1:3002")?.run().await?;
    Ok(())
}
