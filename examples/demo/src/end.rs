//! When the program shall end.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// Ends with the first SIGTERM or SIGINT, from this call on and not only once it is awaited.
///
/// # Errors
///
/// If the system does not let it listen.
pub fn asked_to_end() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
