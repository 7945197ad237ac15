//! A node that dies at the worst moment, and its caller afterwards.

use super::*;
use crate::store::Uncharged;

#[tokio::test]
async fn a_call_that_was_cut_off_is_not_charged_and_its_lane_goes_on() {
	let node = Node::start(Script::Say(vec!["four"])).await;
	let first = node.pay(&plain(5), 1, 0).await;
	assert_eq!(node.post(&plain(5), Some(&first)).await.status(), StatusCode::OK);

	node.backend.follow(Script::Stall(vec!["five"]));
	let second = node.pay(&streamed(5), 2, cost(1)).await;
	let answer = node.post(&streamed(5), Some(&second)).await;
	assert_eq!(answer.status(), StatusCode::OK);
	let (status, code, _) = error(node.get("/v1/statements/5/0/2").await).await;
	assert_eq!((status, code.as_str()), (409, "call_in_progress"));

	// The process dies: what is on disk is all that is left of it.
	let copy = tempfile::tempdir().expect("a directory");
	let file = node.directory.path().join("calls.redb");
	std::fs::copy(file, copy.path().join("calls.redb")).expect("it can be copied");
	let again = Node::start_in(copy, Script::Say(vec!["six"]), Settings::default()).await;

	assert_eq!(again.status(1).await, Some(CallStatus::Served), "nothing served is lost");
	let status = again.status(2).await;
	assert_eq!(status, Some(CallStatus::NotCharged(Uncharged::NodeStopped)));
	let (status, code, _) = error(again.get("/v1/statements/5/0/2").await).await;
	assert_eq!((status, code.as_str()), (404, "not_charged"));
	let lane: Value = again.get("/v1/sessions/5/0").await.json().await.expect("it is JSON");
	assert_eq!(lane["next_sequence"], json!(3));
	assert_eq!(lane["charged"], json!(cost(1).to_string()));

	let replayed = again.post(&streamed(5), Some(&second)).await;
	assert_eq!(replayed.status(), StatusCode::CONFLICT, "a used voucher stays used");
	let third = again.pay(&plain(5), 3, cost(1)).await;
	assert_eq!(again.post(&plain(5), Some(&third)).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn stopping_in_order_loses_nothing() {
	let node = Node::start(Script::Say(vec!["four"])).await;
	let first = node.pay(&plain(5), 1, 0).await;
	assert_eq!(node.post(&plain(5), Some(&first)).await.status(), StatusCode::OK);
	let (directory, store) = node.finish().await;
	store.close().await;
	let again = Node::start_in(directory, Script::Say(vec!["five"]), Settings::default()).await;
	assert!(again.store.recovered().is_empty());
	let second = again.pay(&plain(5), 2, cost(1)).await;
	assert_eq!(again.post(&plain(5), Some(&second)).await.status(), StatusCode::OK);
}
