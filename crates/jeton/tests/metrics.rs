//! What is counted, through the facade, as a recorder of the host sees it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use crate::common::{Call, World, admin, child, seconds, service};
use jeton::{Exchange, OriginRef};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

/// All values, by name and labels.
fn values(snapshotter: &Snapshotter) -> BTreeMap<String, DebugValue> {
    let named = |key: &metrics_util::CompositeKey| {
        let labels: Vec<_> =
            key.key().labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        format!("{}{{{}}}", key.key().name(), labels.join(","))
    };
    snapshotter.snapshot().into_vec().into_iter().map(|(key, _, _, value)| (named(&key), value)).collect()
}

#[tokio::test]
async fn requests_exchanges_refusals_and_the_store_are_counted() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _installed = metrics::set_default_local_recorder(&recorder);
    let world = World::new();
    let node = world.start(world.builder().cached_records(10, seconds(30))).await;
    let token = service(&node, "CI").await;
    let access_token = child(&node, &token).await;
    let again = child(&node, &token).await;
    let from = OriginRef::default();
    for _ in 0..3 {
        node.authenticate_from(&access_token, from).unwrap();
    }
    node.revoke(&admin(), token.record.id).await.unwrap();
    node.authenticate_from(&again, from).unwrap_err();
    node.authenticate_from("x.y.z", from).unwrap_err();
    node.exchange(token.api_token.expose(), &Exchange::default()).await.unwrap_err();
    world.store.fail(Call::Find, true);
    node.exchange(token.api_token.expose(), &Exchange::default()).await.unwrap_err();
    world.store.fail(Call::Find, false);
    world.clock.pass(2);
    node.sync().await.unwrap();

    let mut found = values(&snapshotter);
    let mut counted = |name: &str| match found.remove(name) {
        Some(DebugValue::Counter(count)) => count,
        other => panic!("{name}: {other:?} in {found:?}"),
    };
    assert_eq!(counted("jeton_requests_total{outcome=accepted}"), 3);
    assert_eq!(counted("jeton_requests_total{outcome=rejected}"), 2);
    assert_eq!(counted("jeton_requests_total{outcome=unavailable}"), 0);
    assert_eq!(counted("jeton_exchanges_total{outcome=accepted}"), 2);
    assert_eq!(counted("jeton_exchanges_total{outcome=rejected}"), 1);
    assert_eq!(counted("jeton_exchanges_total{outcome=unavailable}"), 1);
    assert_eq!(counted("jeton_refusals_total{reason=cut_off}"), 1);
    assert_eq!(counted("jeton_refusals_total{reason=revoked}"), 1);
    assert_eq!(counted("jeton_verified_tokens_total{result=hit}"), 2);
    assert_eq!(counted("jeton_verified_tokens_total{result=miss}"), 3);
    assert_eq!(counted("jeton_verified_api_tokens_total{result=hit}"), 3, "the four exchanges but the first");
    assert_eq!(counted("jeton_verified_api_tokens_total{result=miss}"), 1);
    assert_eq!(
        counted("jeton_cached_records_total{result=hit}"),
        2,
        "also one that is refused, and so read again"
    );
    let DebugValue::Gauge(age) = found["jeton_change_log_age_seconds{}"] else { panic!("{found:?}") };
    assert!(age.abs() < f64::EPSILON, "it was read a moment ago");
    assert!(
        matches!(found["jeton_cut_offs{}"], DebugValue::Gauge(count) if (*count - 1.0).abs() < f64::EPSILON)
    );
    let DebugValue::Histogram(times) = &found["jeton_store_seconds{call=find,outcome=unavailable}"] else {
        panic!("{found:?}")
    };
    assert_eq!(times.len(), 1);
    // No label comes from outside.
    let id = token.record.id.to_string();
    assert!(!found.keys().any(|name| name.contains(&id) || name.contains("CI")), "{found:?}");
}
