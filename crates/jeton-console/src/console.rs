//! The console as a whole: its settings, and the way from a path to a page.

use std::{collections::BTreeMap, fmt, sync::Arc};

use futures_util::future::BoxFuture;
use jeton::Authority;
use jeton_http::{Answer, Gate, Pages, Problem, Request};

use crate::{
    Accent, Texts,
    asset::{self, Asset},
    cookie::SessionCookie,
    failure, page,
    path::Path,
    visitor,
};

/// The web pages, ready to be mounted at `/console` beside the routes. Cheap to clone.
///
/// ```
/// use jeton_console::Console;
///
/// # fn mount(authority: jeton::Authority) -> Result<Console, Box<dyn std::error::Error>> {
/// let console = Console::new(authority)
///     .title("Tokens of the shop")
///     .accent("#0b57d0".parse()?, "#a8c7fa".parse()?)
///     .describe_scope("reports:write", "write reports");
/// # Ok(console) }
/// ```
#[derive(Clone)]
pub struct Console(Option<Arc<Settings>>);

#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) gate: Gate,
    pub(crate) authority: Authority,
    /// The path that it is mounted at, without a slash at the end.
    pub(crate) base: String,
    pub(crate) title: Option<String>,
    pub(crate) texts: Texts,
    pub(crate) script: Asset,
    pub(crate) style: Asset,
    /// None where a session would travel in clear.
    pub(crate) cookie: Option<SessionCookie>,
    /// What scopes of the host mean.
    pub(crate) scopes: BTreeMap<String, String>,
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = self.0.as_ref().map(|settings| &settings.base);
        f.debug_struct("Console").field("base", &base).finish_non_exhaustive()
    }
}

impl Console {
    /// The console of an authority, or of a [`Gate`] where proxies are trusted or origins allowed. It is known at
    /// `/console` below the issuer. With a gate that has a verifier alone, every page answers 500 and says so.
    pub fn new(gate: impl Into<Gate>) -> Self {
        let gate = gate.into();
        let Some(authority) = gate.authority().cloned() else {
            tracing::error!("a console was made that has no authority behind it");
            return Self(None);
        };
        let issuer = authority.issuer();
        let host = issuer.find("://").map_or(0, |at| at + 3);
        let mount = issuer[host..].find('/').map_or("", |at| &issuer[host + at..]);
        Self(Some(Arc::new(Settings {
            base: format!("{}/console", mount.trim_end_matches('/')),
            title: None,
            texts: Texts::english(),
            script: asset::script(),
            style: asset::style(""),
            cookie: SessionCookie::of_issuer(issuer),
            scopes: BTreeMap::new(),
            authority,
            gate,
        })))
    }

    fn with(self, change: impl FnOnce(&mut Settings)) -> Self {
        Self(self.0.map(|settings| {
            let mut settings = Arc::unwrap_or_clone(settings);
            change(&mut settings);
            Arc::new(settings)
        }))
    }

    /// The path at which browsers find it, if it is another one: `/admin/tokens`.
    #[must_use]
    pub fn at(self, path: &str) -> Self {
        self.with(|settings| settings.base = path.trim_end_matches('/').to_owned())
    }

    /// What stands at the top of each page.
    #[must_use]
    pub fn title(self, title: impl Into<String>) -> Self {
        self.with(|settings| settings.title = Some(title.into()))
    }

    /// The colour of buttons and links, on light pages and on dark ones. White text stands on the first, and black on
    /// the second.
    #[must_use]
    pub fn accent(self, light: Accent, dark: Accent) -> Self {
        let dark_rule = format!("@media(prefers-color-scheme:dark){{:root{{--accent:{dark}}}}}");
        self.with(|settings| settings.style = asset::style(&format!(":root{{--accent:{light}}}{dark_rule}")))
    }

    /// Other texts, for another language.
    #[must_use]
    pub fn texts(self, texts: Texts) -> Self {
        self.with(|settings| settings.texts = texts)
    }

    /// What a scope of the app means, shown beside it.
    #[must_use]
    pub fn describe_scope(self, scope: impl Into<String>, meaning: impl Into<String>) -> Self {
        self.with(|settings| drop(settings.scopes.insert(scope.into(), meaning.into())))
    }

    async fn answer(&self, path: &str, request: Request) -> Answer {
        let Some(settings) = self.0.as_deref() else {
            let detail = "this console has no authority behind it";
            let status = http::StatusCode::INTERNAL_SERVER_ERROR;
            return Problem::new(status, "authority_missing", detail).answer();
        };
        for asset in [&settings.script, &settings.style] {
            if path == asset.path {
                return asset.answer(&request.method);
            }
        }
        if path.is_empty() {
            return page::see_other(&format!("{}/", settings.base));
        }
        let visitor = visitor::of(settings, &request).await;
        let page = page::Page { console: settings, request: &request, visitor: &visitor, below: path };
        let answered = match Path::of(path) {
            Some(path) => page.answer(path).await,
            None => Err(failure::Failure::NotFound),
        };
        answered.unwrap_or_else(|failure| failure.answer(&page))
    }
}

impl Settings {
    pub(crate) fn authority(&self) -> &Authority {
        &self.authority
    }
}

impl Pages for Console {
    fn respond<'a>(&'a self, path: &'a str, request: Request) -> BoxFuture<'a, Answer> {
        Box::pin(self.answer(path, request))
    }
}
