//! Serves the app, with a token for `alice`.

use std::{error::Error, sync::Arc, time::Duration};

use jeton::{Account, Authority, Caller, Generate, MasterKey, MemoryStore, StaticDirectory, SystemRandom};
use metrics_exporter_prometheus::PrometheusBuilder;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the token is for whoever starts the program")]
async fn main() -> Result<(), Box<dyn Error>> {
    // First: whoever counts asks once for what it counts with.
    let metrics = PrometheusBuilder::new().install_recorder()?;
    let store = Arc::new(MemoryStore::new());
    let authority = Authority::builder("http://127.0.0.1:3005/auth")
        .store(store.clone())
        .managed_keys(store, MasterKey::generate(&SystemRandom)?)
        .directory(Arc::new(StaticDirectory::new().with("alice", Account::active())))
        .build()
        .await?;
    let token = Generate::new("metrics").with_subject("alice");
    let token = authority.generate(&Caller::system("setup"), token).await?;
    println!("API token: {}", token.api_token.expose());

    let upkeep = metrics.clone();
    tokio::spawn(async move {
        let mut interval = tokio::time::interval(Duration::from_secs(5));
        loop {
            interval.tick().await;
            upkeep.run_upkeep();
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3005").await?;
    axum::serve(listener, metrics_axum::router(authority, metrics)).await?;
    Ok(())
}
