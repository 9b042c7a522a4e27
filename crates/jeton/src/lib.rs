//! The domain of API tokens.
mod grant;
mod id;
mod jose;
mod list;
mod memory;
mod random;
mod record;
mod secret;
mod store;
mod text;
mod time;

pub use grant::{Grant, Names};
pub use id::{InvalidRecordId, RecordId};
pub use jose::{Algorithm, KeyError, MasterKey, MasterKeyError, PublicJwk, PublicJwks, Sealed, SigningKey};
pub use list::{Filter, InvalidSort, Page, Position, Query, Sort, SortBy, SortKey, fold};
pub use memory::MemoryStore;
pub use random::{Random, RandomError, SystemRandom};
pub use record::{Credential, Fingerprint, Kind, LastUse, PreviousCredential, Record, Standing, State};
pub use secret::{AccessToken, ApiToken};
pub use store::{Change, ChangeRow, Changes, Cursor, KeyStore, Ring, Store, StoreError, StoredKey, Update};
pub use text::{FieldError, MAX_LIST};
pub use time::{Clock, InvalidTimestamp, SystemClock, Timestamp};
