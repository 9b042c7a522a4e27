//! The demo app in axum.

mod app;

use std::{net::SocketAddr, process::ExitCode, time::Duration};

/// How long requests in flight may take once the end was asked for.
const GRACE: Duration = Duration::from_secs(10);

#[tokio::main]
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

#[expect(clippy::print_stdout, reason = "a program talks to whoever starts it")]
async fn serve(demo: demo::Demo) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(demo.listener)?;
    let authority = demo.authority;
    let app = app::router(demo.gate, authority.clone()).into_make_service_with_connect_info::<SocketAddr>();
    // Before it says that it serves: who reads that may end it at once.
    let asked_to_end = demo::asked_to_end()?;
    println!("listening: {}", demo.url);
    let (ended, end) = tokio::sync::watch::channel(());
    let asked = async move {
        asked_to_end.await;
        drop(ended);
    };
    let mut late = end.clone();
    let deadline = async move {
        let _ = late.changed().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        served = axum::serve(listener, app).with_graceful_shutdown(asked).into_future() => served?,
        () = deadline => {}
    }
    authority.flush().await.map_err(std::io::Error::other)
}
