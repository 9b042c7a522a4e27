//! Users found by a part of their name, for a picker.

use super::Authority;
use crate::{Caller, FieldError, ManageError, Match, Unavailable, fold};

/// How many users one search finds at most.
const LIMIT: usize = 20;
/// How long what is searched may be, in characters.
const MAX_TEXT: usize = 200;

impl Authority {
    /// The first 20 users whom that text fits, for a caller that may make tokens for others: one that holds
    /// `tokens:grant` and belongs to no tenant, as the directory knows none. Others find themselves alone, and their
    /// text does not reach the directory.
    ///
    /// Nobody else is found if no [`directory_search`](super::AuthorityBuilder::directory_search) was given.
    ///
    /// # Errors
    ///
    /// If the text is longer than 200 characters, or if the directory does not answer in its time.
    pub async fn search_subjects(&self, caller: &Caller, text: &str) -> Result<Vec<Match>, ManageError> {
        if text.chars().count() > MAX_TEXT {
            let error = FieldError::new("/text", format!("must have at most {MAX_TEXT} characters"));
            return Err(ManageError::Invalid(vec![error]));
        }
        if caller.may_grant() && caller.tenant().is_none() && self.0.search.is_some() {
            return Ok(self.search(text).await?);
        }
        let Some(own) = caller.held().and_then(|held| held.subject) else { return Ok(Vec::new()) };
        let found = self.search(own).await?.into_iter().find(|found| found.subject == own);
        let found = found.unwrap_or_else(|| Match { subject: own.to_owned(), display_name: own.to_owned() });
        let fits =
            [&found.subject, &found.display_name].into_iter().any(|name| fold(name).contains(&fold(text)));
        Ok(if fits { vec![found] } else { Vec::new() })
    }

    async fn search(&self, text: &str) -> Result<Vec<Match>, Unavailable> {
        let Some(search) = &self.0.search else { return Ok(Vec::new()) };
        let answer =
            tokio::time::timeout(self.0.settings.directory_timeout, search.search(text, LIMIT)).await;
        let mut matches =
            answer.map_err(|_| Unavailable::DirectoryTimeout)?.map_err(Unavailable::Directory)?;
        matches.truncate(LIMIT);
        Ok(matches)
    }
}
