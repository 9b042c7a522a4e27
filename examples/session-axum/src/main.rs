//! Serves the app.

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3001").await?;
    axum::serve(listener, session_axum::router(session_axum::authority().await?)).await?;
    Ok(())
}
