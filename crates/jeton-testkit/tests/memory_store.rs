//! The store in memory keeps the contract.

use jeton::MemoryStore;

async fn fresh() -> (MemoryStore, ()) {
    (MemoryStore::new(), ())
}

jeton_testkit::store_contract!(fresh);
jeton_testkit::key_store_contract!(fresh);
jeton_testkit::keys_in_store_contract!(fresh);
jeton_testkit::model_test!(fresh);
jeton_testkit::throughput_test!(fresh);
