//! The contract of all stores.

use crate::server::fresh;

jeton_testkit::store_contract!(fresh);
jeton_testkit::key_store_contract!(fresh);
jeton_testkit::keys_in_store_contract!(fresh);
jeton_testkit::model_test!(fresh, 10);
jeton_testkit::throughput_test!(fresh);
