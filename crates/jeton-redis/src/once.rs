//! Names that count once, on all nodes: a sorted set of them by their end.

use async_trait::async_trait;
use jeton::{OnceStore, StoreError, Timestamp};

use super::{
    RedisStore,
    scripts::{GIVE_NAME_BACK, PRUNE_NAMES, TAKE_NAME},
};

#[async_trait]
impl OnceStore for RedisStore {
    async fn take_name(&self, name: &str, until: Timestamp) -> Result<bool, StoreError> {
        let args = vec![name.to_owned(), until.unix_seconds().to_string()];
        Ok(self.run(&TAKE_NAME, args).await?.number()? == 1)
    }

    async fn give_name_back(&self, name: &str) -> Result<(), StoreError> {
        self.run(&GIVE_NAME_BACK, vec![name.to_owned()]).await.map(drop)
    }

    async fn prune_names(&self, before: Timestamp) -> Result<(), StoreError> {
        self.prune(&PRUNE_NAMES, before).await
    }
}
