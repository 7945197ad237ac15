//! Records of settled calls, with their proofs.

use super::*;
use openledger_books::{Cutoff, Outcome, Submission};
use openledger_primitives::{
	lane::{CallRecord, SettledCall, SettledItem, SettledLane, SettledRun},
	lane_list::{acknowledged_root, LaneLeaf, LaneList},
	mountain, tree, Hash,
};
use serde::de::DeserializeOwned;

fn read<T: DeserializeOwned>(value: &Value) -> T {
	serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}: {value}"))
}

/// The lane's event of a settlement of these items.
fn header_of(items: &[SettledItem]) -> SettledLane {
	let leaves: Vec<_> = items.iter().map(SettledItem::leaf).collect();
	let model = testkit::model();
	SettledLane {
		session: SESSION,
		lane: 0,
		caller: caller().account(),
		node: operator().account(),
		node_payee: operator().account(),
		agreement: testkit::agreement(),
		developer_payee: model.payee,
		price: model.price,
		policy: model.policy,
		protocol_share: sp_runtime::Permill::from_percent(5),
		lineage: Default::default(),
		sources: Default::default(),
		pools: Default::default(),
		sequence: items.last().expect("there are some").last_sequence(),
		voucher_sequence: items.last().expect("there are some").last_sequence(),
		acknowledged_root: LaneList::default().root(),
		items: u32::try_from(items.len()).expect("there are few"),
		rejected: 0,
		charged: items.iter().map(SettledItem::charge).sum(),
		root: tree::root(&leaves).expect("there are few"),
	}
}

#[tokio::test]
async fn records_come_with_their_proofs() {
	let node = Node::start(Script::Say(vec!["four"])).await;
	let mut list = LaneList::default();
	let mut run = None;
	for sequence in 1..=3 {
		if sequence == 3 {
			run = Some((list.root(), list.totals()));
		}
		let payment = node.pay(&plain(5), sequence, list.totals().charge).await;
		let response = node.post(&plain(5), Some(&payment)).await;
		assert_eq!(response.status(), StatusCode::OK);
		let receipt = super::serving::payment_response(&response).extra;
		testkit::append(&mut list, receipt.statement.newest());
	}
	let record = |sequence: Sequence| {
		let node = &node;
		async move {
			let path = format!("/v1/records/{SESSION}/0/{sequence}");
			let body: Value = node.get(&path).await.json().await.expect("it is JSON");
			body
		}
	};
	let served = record(3).await;
	assert_eq!((&served["status"], &served["settlement"]), (&json!("served"), &Value::Null));
	assert_eq!(served["charge"], json!(cost(1).to_string()));

	let (root, totals) = run.expect("there was a third call");
	let run = SettledRun {
		first_sequence: 1,
		last_sequence: 2,
		count: 2,
		acknowledged_root: root,
		totals,
		parts: Default::default(),
	};
	let call = SettledCall {
		record: read::<CallRecord>(&served["record"]),
		charge: cost(1),
		parts: Default::default(),
		direct: Default::default(),
	};
	let items = vec![SettledItem::Run(run), SettledItem::Call(call)];
	let header = header_of(&items);
	let each = |outcome| {
		let id = |sequence| CallId { session: SESSION, lane: 0, sequence };
		(1..=3).map(|sequence| (id(sequence), outcome)).collect::<Vec<_>>()
	};
	let sent = each(Outcome::Submitted(Submission { at: 1, until: 2 }));
	node.store.note(sent).await.expect("the store works");
	node.store.note_settled_lane(header.clone(), items.clone(), 9).await.expect("the store works");
	node.store.note(each(Outcome::Settled { block: Some(9) })).await.expect("the store works");

	for (sequence, kind, index) in [(1, "run", 0), (2, "run", 0), (3, "call", 1)] {
		let body = record(sequence).await;
		let settlement = &body["settlement"];
		assert_eq!((&settlement["kind"], &settlement["block"]), (&json!(kind), &json!(9)));
		let item: SettledItem = read(&settlement["item"]);
		assert_eq!(settlement["leaf"], json!(item.leaf()));
		assert_eq!((&settlement["index"], &settlement["items"]), (&json!(index), &json!(2)));
		let opened = [(index, item.leaf())];
		let hashes: Vec<Hash> = read(&settlement["hashes"]);
		assert_eq!(tree::root_from(2, &opened, &hashes), Some(read(&settlement["root"])));
		assert_eq!(settlement["root"], json!(header.root));
		match item {
			SettledItem::Call(call) => assert_eq!(call.record, read(&body["record"])),
			SettledItem::Run(run) => assert_is_listed(&settlement["list"], &run, &body),
		}
	}
	let (status, code, _) = error(node.get("/v1/records/5/0/9").await).await;
	assert_eq!((status, code.as_str()), (404, "call_unknown"));

	let cutoff = Cutoff { answers: 0, at: u64::MAX, block: 10 };
	let lane = CallId { session: SESSION, lane: 0, sequence: 1 }.lane_key();
	node.store.prune(cutoff, lane, 100).await.expect("the store works");
	for path in ["/v1/records/5/0/1", "/v1/statements/5/0/1"] {
		let (status, code, _) = error(node.get(path).await).await;
		assert_eq!((status, code.as_str()), (409, "record_removed"));
	}
}

/// Checks that a call is one of those that the voucher behind a run has acknowledged.
fn assert_is_listed(list: &Value, run: &SettledRun, record: &Value) {
	let count: u32 = read(&list["count"]);
	let (peaks, hashes): (Vec<Hash>, Vec<Hash>) = (read(&list["peaks"]), read(&list["hashes"]));
	let leaf: LaneLeaf = read(&list["leaf"]);
	assert_eq!(acknowledged_root(count, &peaks), Some(run.acknowledged_root));
	let index = leaf.index().expect("it is a call's");
	assert!(mountain::holds(count, &peaks, &[(index, leaf.hash())], &hashes));
	let call: CallRecord = read(&record["record"]);
	assert_eq!(leaf.sequence, call.sequence);
	assert!((run.first_sequence..=run.last_sequence).contains(&leaf.sequence));
}
