//! The contract of [`Store`](jeton::Store) and [`KeyStore`](jeton::KeyStore) as a suite: one test per promise.
//!
//! [`store_contract!`](crate::store_contract), [`key_store_contract!`](crate::key_store_contract) and, for what is both,
//! [`keys_in_store_contract!`](crate::keys_in_store_contract) make the tests. Each gets a store of its own, which must
//! be empty. The suite reads no clock and waits for no time to pass.

mod sample;

use std::future::Future;

pub use self::sample::{entry, full_record, id, insert_of, minimal_record, named, time, update_to};

/// The cases, for the macros. Each is one promise and panics if it is broken.
#[doc(hidden)]
#[allow(missing_docs, reason = "the name of a case is what it promises")]
pub mod cases {
    mod audiences;
    mod audit;
    mod cancel;
    mod changes;
    mod filters;
    mod keys;
    mod limits;
    mod names;
    mod once;
    mod orders;
    mod records;
    mod restore;
    mod updates;
    mod watch;

    pub use self::{
        audiences::*, audit::*, cancel::*, changes::*, filters::*, keys::*, limits::*, names::*, once::*,
        orders::*, records::*, restore::*, updates::*, watch::*,
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
            a_tombstone_keeps_its_id_taken
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
            lives_beyond_the_bounds_of_their_kind_are_found
            who_may_sign_for_any_user_is_found
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
            every_write_leaves_its_entry
            a_refused_write_leaves_no_entry
            entries_are_found_as_they_were_appended
            every_audit_filter_alone_and_with_others
            pages_of_the_audit_log_fit_together
            old_entries_are_pruned_and_no_others
            entries_of_many_are_all_there
            a_dropped_append_is_whole_or_not_there
            of_many_who_take_a_name_one_is_first
            a_name_is_taken_until_it_is_dropped
            a_name_that_was_given_back_can_be_taken_again
            of_many_inserts_as_many_succeed_as_fit
            of_many_updates_as_many_succeed_as_fit
            inserts_and_updates_share_a_limit
            what_is_live_counts_against_a_limit
            a_record_does_not_count_against_itself
            a_restoration_raises_every_record
            a_restoration_loses_every_cursor
            a_cursor_that_nobody_gave_out_is_lost
            a_dropped_restoration_is_done_or_undone
            an_announcement_is_in_the_log_alone
            old_tombstones_are_pruned_and_nothing_else
            each_row_wakes_whoever_watches
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
            a_key_follows_the_youngest_of_its_ring
            of_many_keys_after_one_one_is_added
            a_retired_key_stays_without_its_sealed_part
            a_key_is_sealed_anew_if_it_is_sealed_as_expected
            a_key_is_removed_alone
        }
    };
}

/// Makes one test per promise of what keeps keys beside records: of a [`KeyStore`](jeton::KeyStore) that is a
/// [`Store`](jeton::Store) too.
#[macro_export]
macro_rules! keys_in_store_contract {
    ($fresh:path) => {
        $crate::store_contract! { @cases $fresh:
            changes_of_keys_are_logged_where_records_are
        }
    };
}

/// Runs a case on a runtime of its own with several threads.
#[doc(hidden)]
pub fn run(case: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(case);
}
