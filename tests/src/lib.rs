//! What the end-to-end tests share: the quickstarts as programs, apps that are set up otherwise, and a client whose calls
//! are a line each.
//!
//! Whatever is asked goes over a socket: the tests see what any client on the network sees.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod actor;
mod answer;
mod app;
mod browser;
mod contract;
mod framework;
mod local;
mod made;
mod oauth;
mod proxy;
mod raw;
mod server;
mod workspace;

pub use actor::{Actor, Request, encoded};
pub use answer::{Answer, without_last_use};
pub use app::{App, Ended, MASTER_KEY, Setup};
pub use browser::Browser;
pub use framework::Framework;
pub use local::{GateSettings, Local, LocalApp};
pub use made::Made;
pub use oauth::OauthClient;
pub use proxy::Proxy;
pub use raw::raw;
pub use server::{Kind, Server};
pub use workspace::{metadata, root};

/// Makes tests of functions that take a [`Framework`]: one on each.
#[macro_export]
macro_rules! on_both {
    ($($test:ident),* $(,)?) => {$(
        mod $test {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn axum() {
                super::$test($crate::Framework::Axum).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn actix() {
                super::$test($crate::Framework::Actix).await;
            }
        }
    )*};
}

/// Makes tests of functions that take a [`Kind`] of server: one on each.
#[macro_export]
macro_rules! on_each_kind {
    ($($test:ident),* $(,)?) => {$(
        mod $test {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                super::$test($crate::Kind::Postgres).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn redis() {
                super::$test($crate::Kind::Redis).await;
            }
        }
    )*};
}
