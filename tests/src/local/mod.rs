//! An app in the process of the test, at a port of its own and behind a real socket: for set-ups that the quickstarts do
//! not have.

mod actix;
mod app;
mod axum;

use std::sync::Arc;

use jeton::{Account, AuthorityBuilder, Directory, StaticDirectory, policy::Policy, rights};
use jeton_axum::{Endpoint, Gate};
use jeton_testkit::FakeClock;

pub use app::LocalApp;

use crate::Framework;

type Settings = Box<dyn FnOnce(AuthorityBuilder) -> AuthorityBuilder + Send>;

/// How a gate differs from one that takes access tokens alone.
pub type GateSettings = fn(Gate) -> Gate;

/// What an app is put together from. There is always a `root`, who may do everything.
pub struct Local {
    framework: Framework,
    users: StaticDirectory,
    directory: Option<Arc<dyn Directory>>,
    settings: Vec<Settings>,
    gate: GateSettings,
    routes: Vec<Route>,
    names: Vec<(&'static str, Endpoint)>,
    clock: Option<FakeClock>,
    given_keys: bool,
}

/// A route that tells who asks, if the policy lets it pass.
#[derive(Clone)]
struct Route {
    path: &'static str,
    policy: Policy,
    gate: GateSettings,
}

/// What is served, by whatever framework.
#[derive(Clone)]
struct Site {
    gate: Gate,
    routes: Vec<Route>,
    names: Vec<(&'static str, Endpoint)>,
}

impl Local {
    /// One with the settings that an authority has unless told otherwise.
    pub fn new(framework: Framework) -> Self {
        let root = Account::active().with_role(rights::TOKEN_ADMIN);
        Self {
            framework,
            users: StaticDirectory::new().with("root", root),
            directory: None,
            settings: Vec::new(),
            gate: |gate| gate,
            routes: Vec::new(),
            names: Vec::new(),
            clock: None,
            given_keys: false,
        }
    }

    /// With that user.
    #[must_use]
    pub fn user(self, subject: &str, account: Account) -> Self {
        self.users.set(subject, account);
        self
    }

    /// With a directory of its own, in the place of the users that are known here.
    #[must_use]
    pub fn directory(mut self, directory: impl FnOnce(StaticDirectory) -> Arc<dyn Directory>) -> Self {
        self.directory = Some(directory(self.users.clone()));
        self
    }

    /// With these settings of the authority.
    #[must_use]
    pub fn authority(
        mut self,
        settings: impl FnOnce(AuthorityBuilder) -> AuthorityBuilder + Send + 'static,
    ) -> Self {
        self.settings.push(Box::new(settings));
        self
    }

    /// With these settings of the gate before the routes of jeton.
    #[must_use]
    pub fn gate(self, gate: GateSettings) -> Self {
        Self { gate, ..self }
    }

    /// With a route, for access tokens.
    #[must_use]
    pub fn route(self, path: &'static str, policy: Policy) -> Self {
        self.route_behind(|gate| gate, path, policy)
    }

    /// With a route behind another gate.
    #[must_use]
    pub fn route_behind(mut self, gate: GateSettings, path: &'static str, policy: Policy) -> Self {
        self.routes.push(Route { path, policy, gate });
        self
    }

    /// With a route of jeton under another name as well.
    #[must_use]
    pub fn also(mut self, path: &'static str, endpoint: Endpoint) -> Self {
        self.names.push((path, endpoint));
        self
    }

    /// With keys that the app gives, in the place of managed ones.
    #[must_use]
    pub fn with_given_keys(mut self) -> Self {
        self.given_keys = true;
        self
    }

    /// With a clock that the test sets.
    #[must_use]
    pub fn clock(mut self, clock: &FakeClock) -> Self {
        self.clock = Some(clock.clone());
        self
    }
}
