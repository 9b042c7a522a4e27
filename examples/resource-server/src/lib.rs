//! What both resource servers share, without any framework: the settings, the verifier and the answers.

use std::{env, error::Error, io, net::TcpListener, sync::Arc, time::Duration};

use jeton::{BuildError, Principal, Verifier};
use jeton_http::Gate;
use jeton_remote::{HttpSource, HttpSourceError};
use serde_json::{Value, json};

/// A resource server, but for its framework.
#[derive(Debug)]
pub struct Server {
    /// Bound, and in the mode that async runtimes want.
    pub listener: TcpListener,
    /// The URL under which it can be reached.
    pub url: String,
    /// How its requests are authenticated.
    pub gate: Gate,
    /// What verifies access tokens.
    pub verifier: Verifier,
}

/// Why it does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The environment.
    #[error("{0}")]
    Setting(&'static str),
    /// The address.
    #[error("the address of JETON_ADDR cannot be used")]
    Address(#[source] io::Error),
    /// The way to the issuer.
    #[error(transparent)]
    Source(#[from] HttpSourceError),
    /// The verifier.
    #[error(transparent)]
    Build(#[from] BuildError),
}

impl StartError {
    /// What went wrong, with all its causes.
    pub fn report(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    }
}

/// Writes what is logged to the standard error output, at the level of `RUST_LOG`.
pub fn log_to_stderr() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
}

/// Binds the address and begins to read what the issuer publishes. It does not wait for the issuer: until it answers,
/// every token is answered with 503.
///
/// # Errors
///
/// If a setting cannot be used.
pub fn start() -> Result<Server, StartError> {
    let issuer =
        read("JETON_ISSUER").ok_or(StartError::Setting("JETON_ISSUER must be the URL of the issuer"))?;
    let audience =
        read("JETON_AUDIENCE").unwrap_or_else(|| issuer.strip_suffix("/auth").unwrap_or(&issuer).to_owned());
    let mut verifier = Verifier::builder(&issuer)
        .audience(audience)
        .source(Arc::new(HttpSource::of_issuer(&issuer).build()?));
    if let Some(interval) = seconds("JETON_CUT_OFFS_INTERVAL")? {
        verifier = verifier.cut_offs_interval(interval);
    }
    if let Some(interval) = seconds("JETON_KEYS_INTERVAL")? {
        verifier = verifier.keys_interval(interval);
    }
    let address = read("JETON_ADDR").unwrap_or_else(|| "127.0.0.1:3001".to_owned());
    let listener = TcpListener::bind(&address).map_err(StartError::Address)?;
    listener.set_nonblocking(true).map_err(StartError::Address)?;
    let url = format!("http://{}", listener.local_addr().map_err(StartError::Address)?);
    // Last: from here on it asks the issuer in the background, and logs what goes wrong.
    let verifier = verifier.build()?;
    let gate = Gate::from(verifier.clone()).realm("reports");
    Ok(Server { listener, url, gate, verifier })
}

fn seconds(name: &'static str) -> Result<Option<Duration>, StartError> {
    let number = read(name).map(|text| text.parse().map(Duration::from_secs));
    number.transpose().map_err(|_| StartError::Setting("an interval must be a number of seconds"))
}

/// An empty variable counts as not set.
fn read(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Who asks.
pub fn whoami(principal: &Principal) -> Value {
    json!({
        "subject": principal.subject(),
        "roles": principal.roles(),
        "scopes": principal.scopes(),
        "token_id": principal.token_id(),
    })
}

/// The reports, for readers.
pub fn reports() -> Value {
    json!({"reports": ["elsewhere"]})
}

/// Whether it can judge tokens, and what it knows of the issuer.
pub fn health(verifier: &Verifier) -> (bool, Value) {
    let status = verifier.status();
    let age = |age: Option<Duration>| age.map(|age| age.as_secs());
    let body = json!({
        "kids": status.kids,
        "cut_offs": status.cut_offs,
        "keys_age": age(status.keys_age),
        "cut_offs_age": age(status.cut_offs_age),
        "failing": status.failing,
    });
    (verifier.ready().is_ok(), body)
}
