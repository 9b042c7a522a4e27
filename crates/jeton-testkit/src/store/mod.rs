//! The contract of [`Store`](jeton::Store) and [`KeyStore`](jeton::KeyStore) as a suite: one test per promise.
//!
//! [`store_contract!`](crate::store_contract) and [`key_store_contract!`](crate::key_store_contract) make the tests.
//! Each gets a store of its own, which must be empty. The suite reads no clock and waits for no time to pass.

mod sample;

use std::future::Future;

pub use self::sample::{entry, full_record, id, insert_of, minimal_record, named, time, update_to};

/// The cases, for the macros. Each is one promise and panics if it is broken.
#[doc(hidden)]
#[allow(missing_docs, reason = "the name of a case is what it promises")]
pub mod cases {
    mod audiences;
    mod cancel;
    mod changes;
    mod filters;
    mod keys;
    mod names;
    mod orders;
    mod records;
    mod updates;

    pub use self::{
        audiences::*, cancel::*, changes::*, filters::*, keys::*, names::*, orders::*, records::*, updates::*,
    };
}

/// Makes one test per promise of [`Store`](jeton::Store).
///
/// It takes an async function that makes an empty store, beside what must live as long as it (its folder, say).
///
/// ```
/// async fn fresh() -> (jeton::MemoryStore, ()) {
///     (jeton::MemoryStore::new(), ())
/// }
///
/// jeton_testkit::store_contract!(fresh);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! store_contract {
    ($fresh:path) => {
        $crate::store_contract! { @cases $fresh:
            a_record_is_found_as_it_was_inserted
            an_unknown_record_is_not_found
            an_id_is_taken_once
            an_id_is_taken_for_ever
            a_name_is_taken_once_per_tenant
            a_name_is_free_after_its_record_was_deleted
            a_rename_takes_the_new_name_and_frees_the_old
            of_two_inserts_with_one_name_one_succeeds
            an_update_replaces_everything_that_may_change
            an_update_leaves_the_last_use
            a_last_use_moves_forward_alone
            uses_are_added_whenever_they_were
            an_update_of_another_version_is_a_conflict
            an_update_of_no_record_is_a_conflict
            of_many_updates_of_one_version_one_succeeds
            a_refused_update_leaves_nothing
            rows_are_read_in_order_and_once
            the_log_is_complete_under_concurrent_writers
            who_reads_a_row_finds_the_update
            trimming_keeps_later_rows
            no_place_in_the_log_is_given_twice
            the_longest_lifetime_only_rises
            rows_carry_the_longest_lifetime
            every_filter_alone_and_with_others
            the_state_filter_is_the_state_of_the_record
            tombstones_are_in_no_list
            every_order_both_ways_over_pages
            pages_end_where_the_list_ends
            pages_stand_still_while_others_insert
            an_update_moves_the_record_in_the_lists
            a_dropped_update_is_done_or_undone
            an_aborted_update_is_done_or_undone
            a_dropped_insert_is_done_or_undone
            an_audience_is_found_as_it_was_put
            audiences_come_in_the_order_of_their_names
            an_audience_goes_from_version_to_version
            of_many_puts_of_one_version_one_succeeds
            who_reads_a_row_finds_the_audience
            a_dropped_put_is_done_or_undone
            it_answers
        }
    };
    (@cases $fresh:path: $($case:ident)*) => {$(
        #[test]
        fn $case() {
            $crate::store::run(async {
                let (store, _kept) = $fresh().await;
                $crate::store::cases::$case(::std::sync::Arc::new(store)).await;
            });
        }
    )*};
}

/// Makes one test per promise of [`KeyStore`](jeton::KeyStore), as [`store_contract!`](crate::store_contract) does.
#[macro_export]
macro_rules! key_store_contract {
    ($fresh:path) => {
        $crate::store_contract! { @cases $fresh:
            the_first_key_of_a_ring_stays
            of_many_first_keys_one_stays
            keys_come_oldest_first
        }
    };
}

/// Runs a case on a runtime of its own with several threads.
#[doc(hidden)]
pub fn run(case: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(case);
}
