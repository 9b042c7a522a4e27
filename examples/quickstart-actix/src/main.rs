//! The demo app in actix-web.

mod app;

use std::process::ExitCode;

use actix_web::{App, HttpServer, web};

/// How many seconds requests in flight may take once the end was asked for.
const GRACE: u64 = 10;

#[actix_web::main]
#[expect(clippy::print_stderr, reason = "a program talks to whoever starts it")]
async fn main() -> ExitCode {
    demo::log_to_stderr();
    let demo = match demo::start().await {
        Ok(demo) => demo,
        Err(error) => {
            eprintln!("error: {}", error.report());
            return ExitCode::FAILURE;
        }
    };
    match serve(demo).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Until SIGTERM or SIGINT.
#[expect(clippy::print_stdout, reason = "a program talks to whoever starts it")]
async fn serve(demo: demo::Demo) -> std::io::Result<()> {
    let (gate, authority) = (demo.gate, demo.authority);
    let behind = authority.clone();
    let app = move || {
        App::new()
            .configure(|config| app::routes(config, &gate, &behind))
            .default_service(web::to(app::nowhere))
    };
    // Before it says that it serves: who reads that may end it at once, and actix-web by itself listens later.
    let asked_to_end = demo::asked_to_end()?;
    println!("listening: {}", demo.url);
    let server = HttpServer::new(app).shutdown_signal(asked_to_end).shutdown_timeout(GRACE);
    server.listen(demo.listener)?.run().await?;
    authority.flush().await.map_err(std::io::Error::other)
}
