//! The running app.

use std::{fs, net::TcpListener, path::Path, sync::Arc};

use jeton::{
    Algorithm, Authority, Caller, Exchange, Expiry, Generate, MasterKey, SigningKey, StaticDirectory,
    SystemRandom,
};
use jeton_axum::Gate;
use jeton_sqlx::SqliteStore;
use tempfile::TempDir;

use super::{Local, Site, actix, axum};
use crate::{Actor, Framework};

/// A running app; dropped, it ends.
pub struct LocalApp {
    /// The URL under which it answers.
    pub url: String,
    /// Its authority, for what an operator does in the code of the app.
    pub authority: Authority,
    /// Its users.
    pub users: StaticDirectory,
    folder: TempDir,
    anonymous: Actor,
    _server: Server,
}

/// What ends the server when it is dropped.
pub(super) enum Server {
    Axum(tokio::task::JoinHandle<std::io::Result<()>>),
    Actix(actix_web::dev::ServerHandle),
}

impl Drop for Server {
    fn drop(&mut self) {
        match self {
            Self::Axum(server) => server.abort(),
            // It is told at once; nobody waits for it.
            Self::Actix(server) => drop(server.stop(false)),
        }
    }
}

impl Local {
    /// Starts it, with its tokens in a SQLite file of its own.
    pub async fn start(self) -> LocalApp {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(folder.path().join("tokens.sqlite3")).await.unwrap());
        let directory = self.directory.unwrap_or_else(|| Arc::new(self.users.clone()));
        let mut builder = Authority::builder(format!("{url}/auth"))
            .audience(url.clone())
            .store(store.clone())
            .directory(directory);
        builder = if self.given_keys {
            let key = || [SigningKey::generate(Algorithm::EdDsa, &SystemRandom).unwrap()];
            builder.api_keys(key()).access_keys(key())
        } else {
            builder.managed_keys(store, MasterKey::generate(&SystemRandom).unwrap())
        };
        if let Some(clock) = self.clock {
            builder = builder.clock(Arc::new(clock));
        }
        builder = self.settings.into_iter().fold(builder, |builder, settings| settings(builder));
        let authority = builder.build().await.unwrap();
        let gate = (self.gate)(Gate::new(authority.clone()).realm("demo"));
        let site = Site { gate, routes: self.routes, names: self.names };
        let server = match self.framework {
            Framework::Axum => axum::serve(listener, &site),
            Framework::Actix => actix::serve(listener, site),
        };
        let anonymous = Actor::anonymous(&url);
        LocalApp { url, authority, users: self.users, folder, anonymous, _server: server }
    }
}

impl LocalApp {
    /// Nobody.
    pub fn anon(&self) -> Actor {
        self.anonymous.clone()
    }

    /// Whoever holds that token.
    pub fn bearer(&self, token: &str) -> Actor {
        self.anonymous.with_bearer(token)
    }

    /// The holder of an access token of `root`.
    pub async fn admin(&self) -> Actor {
        self.as_user("root").await
    }

    /// The holder of an access token of a new token for that user.
    pub async fn as_user(&self, subject: &str) -> Actor {
        let made = self.made(Generate::new(unique(subject)).with_subject(subject)).await;
        self.exchange(&made).await
    }

    /// A new token, made by the app itself.
    pub async fn made(&self, request: Generate) -> String {
        let request = request.with_expiry(Expiry::Never);
        let made = self.authority.generate(&Caller::system("test"), request).await.unwrap();
        made.api_token.expose().to_owned()
    }

    /// The holder of a new access token, for an API token.
    pub async fn exchange(&self, api_token: &str) -> Actor {
        let exchanged = self.authority.exchange(api_token, &Exchange::default()).await.unwrap();
        self.bearer(exchanged.access_token.expose())
    }

    /// The user, logged in by the app's own login, in a browser on a page of the app.
    pub async fn login(&self, subject: &str) -> Actor {
        let form = "application/x-www-form-urlencoded";
        let login = self.anonymous.request("POST", "/login").header("content-type", form);
        let answer = login.body(format!("user={subject}")).send().await.is(204);
        let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        self.anon().with_header("cookie", &cookie).with_header("sec-fetch-site", "same-origin")
    }

    /// Where the tokens are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Every file beside the tokens, with its name.
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let files = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        files.map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect()
    }

    /// Host and port.
    pub fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }
}

/// A name that no other token has.
fn unique(name: &str) -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("{name} {}", NEXT.fetch_add(1, Ordering::Relaxed))
}
