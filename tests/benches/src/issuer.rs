//! Who issues the tokens of a run: an authority of jeton, whose access tokens all candidates accept.

use std::{sync::Arc, time::Duration};

use jeton::{
    Account, Algorithm, Authority, AuthorityBuilder, Caller, Exchange, Generate, MemoryStore, SigningKey,
    StaticDirectory, SystemRandom,
};

use crate::{Fallible, keys::Key};

/// `iss` and `aud` of all tokens.
pub(crate) const ISSUER: &str = "https://app.example/auth";

/// How many tokens there are.
pub(crate) const TOKENS: usize = 10_000;

/// How many users they stand for.
const USERS: usize = 100;

/// One key, and all that was signed with it.
pub(crate) struct Issuer {
    /// What it signs with.
    pub(crate) algorithm: Algorithm,
    /// The key of the access tokens.
    pub(crate) key: Key,
    /// As an app has it.
    pub(crate) authority: Authority,
    /// The same without remembering.
    pub(crate) cold: Authority,
    /// Access tokens, each of an API token of its own.
    pub(crate) tokens: Vec<String>,
}

impl Issuer {
    /// With a new key.
    pub(crate) async fn new(algorithm: Algorithm) -> Fallible<Self> {
        let key = Key::generate(algorithm)?;
        let authority = builder(&key)?.build().await?;
        let cold = builder(&key)?.remembered_bytes(0).build().await?;
        let mut tokens = Vec::with_capacity(TOKENS);
        for api_token in api_tokens(&authority).await? {
            let exchanged = authority.exchange(&api_token, &Exchange::default()).await?;
            tokens.push(exchanged.access_token.expose().to_owned());
        }
        Ok(Self { algorithm, key, authority, cold, tokens })
    }

    /// Shows the authority each token once, as it would be after a while.
    pub(crate) fn remember(&self) -> Fallible<()> {
        for token in &self.tokens {
            self.authority.verifier().verify(token)?;
        }
        Ok(())
    }
}

/// API tokens of that authority.
pub(crate) async fn api_tokens(authority: &Authority) -> Fallible<Vec<String>> {
    let setup = Caller::system("benchmark");
    let mut tokens = Vec::with_capacity(TOKENS);
    for number in 0..TOKENS {
        let generate = Generate::new(format!("token {number}")).with_subject(user(number % USERS));
        tokens.push(authority.generate(&setup, generate).await?.api_token.expose().to_owned());
    }
    Ok(tokens)
}

/// An authority whose access tokens are signed with that key.
pub(crate) fn builder(key: &Key) -> Fallible<AuthorityBuilder> {
    let scopes = ["exports:read", "reports:read", "reports:write"];
    let account = Account::active().with_role("report-reader").with_role("report-writer");
    let account = scopes.iter().fold(account, |account, scope| account.with_scope(*scope));
    let directory = (0..USERS)
        .fold(StaticDirectory::new(), |directory, number| directory.with(user(number), account.clone()));
    let builder = Authority::builder(ISSUER)
        .store(Arc::new(MemoryStore::new()))
        .directory(Arc::new(directory))
        .api_keys([SigningKey::generate(Algorithm::Hs256, &SystemRandom)?])
        .access_keys([key.signing()?])
        // Longer than any run.
        .access_ttl(Duration::from_secs(86_400));
    Ok(builder)
}

fn user(number: usize) -> String {
    format!("user-{number:04}@app.example")
}
