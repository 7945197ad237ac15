//! Lanes: one agreement, one list of calls, which caller and node keep alike.

use super::{
	lookups::json_of,
	refusals::{refused, refused_payment},
	serving::payment_response,
	*,
};
use openledger_primitives::{
	answer::Evidence,
	info::{LaneTermsInfo, ModelInfo},
	lane::RejectReason,
	lane_list::LaneList,
	price::PriceSchedule,
	Hash,
};
use openledger_protocol::LaneStateBody;
use openledger_testkit::{settled_lane, AS_OF, BEST, DEPOSIT, OPENED_AT, PRICE, PRICE_VERSION};
use sp_runtime::Permill;

fn words() -> Script {
	Script::Say(vec!["four", "five"])
}

/// A payment for the first call of another lane.
fn on_lane(payment: &PaymentSignature, lane: LaneId) -> PaymentSignature {
	changed(payment, &caller(), |voucher| {
		voucher.authorised -= voucher.acknowledged;
		(voucher.lane, voucher.sequence, voucher.acknowledged) = (lane, 1, 0);
		voucher.acknowledged_root = LaneList::default().root();
	})
}

async fn serve_one(node: &Node, payment: &PaymentSignature) -> Receipt {
	let response = node.post(&plain(5), Some(payment)).await;
	assert_eq!(response.status(), StatusCode::OK);
	payment_response(&response).extra
}

async fn lane_of(node: &Node, lane: LaneId) -> LaneStateBody {
	let body = json_of(node, &format!("/v1/sessions/{SESSION}/{lane}")).await;
	serde_json::from_value(body).expect("it is the state of a lane")
}

/// Sets what the chain says of calls that are made under the usual agreement.
fn set_terms(node: &Node, terms: Result<LaneTermsInfo, RejectReason>) {
	let key = (MODEL, testkit::VERSION, PRICE_VERSION, AS_OF);
	node.chain.state().lane_terms.insert(key, terms);
}

fn usual_terms() -> LaneTermsInfo {
	let chain = TestChain::default();
	let state = chain.state();
	state.lane_terms(MODEL, testkit::VERSION, PRICE_VERSION, AS_OF).expect("they are known")
}

#[tokio::test]
async fn vouchers_that_do_not_follow_the_last_one() {
	let node = Node::start(words()).await;
	serve_one(&node, &node.pay(&plain(5), 1, 0).await).await;
	let charged = cost(2);

	let backwards = node.pay(&plain(4), 1, 0).await;
	let body = refused_payment(&node, &plain(4), backwards, 409, "voucher_out_of_order").await;
	assert_eq!(body["openledger"]["sequence"], json!(2));
	let ahead = node.pay(&plain(5), 3, charged).await;
	refused_payment(&node, &plain(5), ahead, 409, "voucher_out_of_order").await;
	for wrong in [charged - 1, charged + 1, 0] {
		let disagreeing = node.pay(&plain(5), 2, wrong).await;
		let code = "acknowledged_mismatch";
		let body = refused_payment(&node, &plain(5), disagreeing, 402, code).await;
		assert_eq!(body["openledger"]["acknowledged"], json!(charged.to_string()));
	}
	serve_one(&node, &node.pay(&plain(5), 2, charged).await).await;
}

#[tokio::test]
async fn a_caller_that_acknowledges_other_calls_is_not_served() {
	let node = Node::start(words()).await;
	serve_one(&node, &node.pay(&plain(5), 1, 0).await).await;
	let good = node.pay(&plain(5), 2, cost(2)).await;
	let root = good.payload.voucher.newest().acknowledged_root;

	for wrong in [Hash::zero(), LaneList::default().root()] {
		let other = changed(&good, &caller(), |voucher| voucher.acknowledged_root = wrong);
		let code = "acknowledged_mismatch";
		let body = refused_payment(&node, &plain(5), other, 402, code).await;
		assert_eq!(body["openledger"]["acknowledged_root"], json!(root));
		assert_eq!(body["openledger"]["acknowledged"], json!(cost(2).to_string()));
	}
	assert_eq!(node.backend.calls(), 1);
	serve_one(&node, &good).await;
}

#[tokio::test]
async fn a_caller_and_its_node_keep_the_same_list() {
	let node = Node::start(words()).await;
	let mut list = LaneList::default();
	for sequence in 1..=5 {
		let payment = node.pay(&plain(5), sequence, list.totals().charge).await;
		let payment =
			changed(&payment, &caller(), |voucher| voucher.acknowledged_root = list.root());
		let receipt = serve_one(&node, &payment).await;
		assert_is_for(&receipt, &payment, "four five ", PROMPT);
		testkit::append(&mut list, receipt.statement.newest());
	}
	assert_eq!(node.lane(0).await.expect("it is there").list, list);
	assert_eq!(list.totals().charge, 5 * cost(2));
}

#[tokio::test]
async fn lanes_that_are_used_for_something_else() {
	let node = Node::start(words()).await;
	let old = node.required(&plain(5)).await;
	node.chain.state().standing.insert((MODEL, PRICE_VERSION), PRICE);
	node.chain.change_model(|model| model.price_version += 1);
	serve_one(&node, &node.pay(&plain(5), 1, 0).await).await;
	let good = node.pay(&plain(5), 2, cost(2)).await;
	// The chain would not pay for the first call with such a voucher.
	let code = "lane_of_other_terms";
	let standing = changed(&good, &caller(), |voucher| voucher.agreement = super::agreement(&old));
	let body = refused_payment(&node, &plain(5), standing, 409, code).await;
	let price_version = PRICE_VERSION + 1;
	let used = json!({
		"model": MODEL, "version": 1, "price_version": price_version, "as_of": AS_OF,
	});
	assert_eq!(body["openledger"], used);
	serve_one(&node, &good).await;

	// Nor with one as of another block, or of which nothing may be shown.
	let next = node.pay(&plain(5), 3, 2 * cost(2)).await;
	let later = changed(&next, &caller(), |voucher| voucher.agreement.as_of += 1);
	refused_payment(&node, &plain(5), later, 409, code).await;
	let sealed = changed(&next, &caller(), |voucher| voucher.agreement.evidence = Evidence::Sealed);
	refused_payment(&node, &plain(5), sealed, 409, code).await;
	// Nor with one for the next version or price; on another lane it is good.
	let changes: [fn(&mut ModelInfo); 2] =
		[|model| model.version += 1, |model| model.price_version += 1];
	for (lane, change) in (1..).zip(changes) {
		node.chain.change_model(change);
		let next = node.pay(&plain(5), 3, 2 * cost(2)).await;
		refused_payment(&node, &plain(5), next.clone(), 409, code).await;
		serve_one(&node, &on_lane(&next, lane)).await;
	}
}

#[tokio::test]
async fn lanes_are_as_of_a_block_that_their_session_has_seen() {
	let node = Node::start(words()).await;
	let code = "as_of_unusable";
	for as_of in [0, OPENED_AT - 1, BEST + 1, u32::MAX] {
		let change = |voucher: &mut Voucher| voucher.agreement.as_of = as_of;
		let body = refused(&node, change, 402, code).await;
		assert_eq!(body["openledger"], json!({ "from": OPENED_AT, "until": BEST }));
	}
	assert_eq!(node.backend.calls(), 0);
	let good = node.pay(&plain(5), 1, 0).await;
	for (lane, as_of) in [(0, OPENED_AT), (1, BEST)] {
		let payment = on_lane(&good, lane);
		let payment = changed(&payment, &caller(), |voucher| voucher.agreement.as_of = as_of);
		serve_one(&node, &payment).await;
	}
	// What is not final may yet be another block.
	node.chain.state().finalized = BEST - 3;
	let offered = node.required(&plain(5)).await;
	assert_eq!(offered.accepts[0].extra.block, BEST - 3);
	let change = |voucher: &mut Voucher| voucher.agreement.as_of = BEST - 2;
	let later = changed(&on_lane(&good, 2), &caller(), change);
	let body = refused_payment(&node, &plain(5), later, 402, code).await;
	assert_eq!(body["openledger"], json!({ "from": OPENED_AT, "until": BEST - 3 }));
	let change = |voucher: &mut Voucher| voucher.agreement.as_of = BEST - 3;
	serve_one(&node, &changed(&on_lane(&good, 2), &caller(), change)).await;
	// A session may be known from a block after the one that is known to be the best.
	node.chain.change_session(|session| session.opened_at = BEST + 2);
	let early = changed(&on_lane(&good, 3), &caller(), |voucher| voucher.agreement.as_of = BEST);
	refused_payment(&node, &plain(5), early.clone(), 402, code).await;
	let payment = changed(&early, &caller(), |voucher| voucher.agreement.as_of = BEST + 2);
	serve_one(&node, &payment).await;
}

#[tokio::test]
async fn no_lane_is_begun_for_which_the_operator_has_no_deposit() {
	let node = Node::start(words()).await;
	let good = node.pay(&plain(5), 1, 0).await;
	let has = |free| {
		let mut state = node.chain.state();
		(state.lane_deposit, state.operator_free) = (10, free);
	};
	has(9);
	let body = refused_payment(&node, &plain(5), good.clone(), 429, "overloaded").await;
	assert!(body["error"]["message"].as_str().unwrap().contains("its operator's account has 9"));
	has(19);
	serve_one(&node, &good).await;
	refused_payment(&node, &plain(5), on_lane(&good, 1), 429, "overloaded").await;
	// A lane that was begun goes on.
	has(0);
	serve_one(&node, &node.pay(&plain(5), 2, cost(2)).await).await;
	has(20);
	serve_one(&node, &on_lane(&good, 1)).await;
}

#[tokio::test]
async fn nothing_is_served_under_terms_that_have_changed() {
	let node = Node::start(words()).await;
	let good = node.pay(&plain(5), 1, 0).await;
	let last = good.payload.voucher.newest().valid_until;
	let until = |valid_until| LaneTermsInfo {
		changed_at: Some(BEST),
		valid_until: Some(valid_until),
		..usual_terms()
	};
	for terms in [Ok(until(last - 1)), Err(RejectReason::TermsForgotten)] {
		set_terms(&node, terms);
		refused_payment(&node, &plain(5), good.clone(), 402, "terms_changed").await;
	}
	// One that ends in time is good, and so is a lane as of a later block.
	set_terms(&node, Ok(until(last)));
	serve_one(&node, &good).await;
	set_terms(&node, Err(RejectReason::TermsForgotten));
	let next = node.pay(&plain(5), 2, cost(2)).await;
	refused_payment(&node, &plain(5), next.clone(), 402, "terms_changed").await;
	let later = changed(&on_lane(&next, 1), &caller(), |voucher| voucher.agreement.as_of = BEST);
	serve_one(&node, &later).await;
}

#[tokio::test]
async fn the_chain_is_asked_about_terms_for_vouchers_that_are_good_otherwise() {
	let node = Node::start(words()).await;
	let good = node.pay(&plain(5), 1, 0).await;
	serve_one(&node, &good).await;
	set_terms(&node, Err(RejectReason::TermsForgotten));
	let cheap = changed(&on_lane(&good, 1), &caller(), |voucher| voucher.authorised -= 1);
	refused_payment(&node, &plain(5), cheap, 402, "insufficient_authorisation").await;
	let late = changed(&on_lane(&good, 1), &caller(), |voucher| voucher.sequence = 2);
	refused_payment(&node, &plain(5), late, 409, "voucher_out_of_order").await;
	refused_payment(&node, &plain(5), on_lane(&good, 1), 402, "terms_changed").await;
}

#[tokio::test]
async fn a_lane_of_which_the_chain_knows_more_is_lost() {
	let node = Node::start(words()).await;
	serve_one(&node, &node.pay(&plain(5), 1, 0).await).await;
	let next = node.pay(&plain(5), 2, cost(2)).await;
	node.chain.change_session(|session| {
		session.lanes = vec![settled_lane(0, 4, 3 * cost(2))];
		session.settled = 3 * cost(2);
	});
	let (status, code, _) = error(node.post(&plain(5), Some(&next)).await).await;
	assert_eq!((status, code.as_str()), (409, "lane_lost"));
	assert_eq!(node.backend.calls(), 1);
	let lost = lane_of(&node, 0).await;
	assert_eq!((lost.agreement, lost.last.is_none()), (None, true));
	assert!(lost.sequence >= 4, "nobody takes it for a new one");
	// Another one goes on, and what was settled counts.
	serve_one(&node, &on_lane(&next, 1)).await;
	node.chain.change_session(|session| session.deposit = 4 * cost(2) + cost(5) - 1);
	let again = changed(&on_lane(&next, 2), &caller(), |_| ());
	let (status, code, _) = error(node.post(&plain(5), Some(&again)).await).await;
	assert_eq!((status, code.as_str()), (402, "session_underfunded"));
}

#[tokio::test]
async fn lanes_say_how_far_they_are() {
	let node = Node::start(Script::Say(vec!["four"])).await;
	let fresh = lane_of(&node, 0).await;
	assert_eq!((fresh.sequence, fresh.charged, fresh.agreement), (0, 0, None));
	assert_eq!((fresh.deposit_left, fresh.last.is_none()), (DEPOSIT, true));
	let payment = node.pay(&plain(5), 1, 0).await;
	serve_one(&node, &payment).await;
	let used = lane_of(&node, 0).await;
	assert_eq!((used.next_sequence, used.in_flight, used.charged), (2, None, cost(1)));
	assert_eq!(used.deposit_left, DEPOSIT - cost(1));
	assert_eq!(used.agreement, Some(testkit::agreement()));
	assert_eq!(used.price_version, Some(PRICE_VERSION));

	// What the chain has settled counts, though this store knows of less.
	node.chain.change_session(|session| {
		session.lanes = vec![settled_lane(9, 4, 70)];
		session.settled = cost(1) + 70;
	});
	let elsewhere = lane_of(&node, 9).await;
	assert_eq!((elsewhere.sequence, elsewhere.agreement), (4, None));
	assert_eq!(elsewhere.deposit_left, DEPOSIT - cost(1) - 70);
	let (status, code, _) = error(node.get("/v1/sessions/77/0").await).await;
	assert_eq!((status, code.as_str()), (404, "session_unknown"));
}

#[tokio::test]
async fn a_caller_that_lost_its_lane_gets_it_back() {
	let node = Node::start(words()).await;
	let mut list = LaneList::default();
	let mut last = None;
	for sequence in 1..=3 {
		let payment = node.pay(&plain(5), sequence, list.totals().charge).await;
		let receipt = serve_one(&node, &payment).await;
		testkit::append(&mut list, receipt.statement.newest());
		last = Some((payment.payload, receipt));
	}
	let (payload, receipt) = last.expect("there were some");

	let found = lane_of(&node, 0).await.last.expect("there were some");
	assert_eq!((found.voucher, &found.signature), (payload.voucher, &payload.signature));
	assert!(found.is_signed_by(&caller().account()));
	assert_eq!(found.statement, Some(receipt.clone()));
	let mut restored = found.list().expect("it is the list that was acknowledged");
	testkit::append(&mut restored, receipt.statement.newest());
	assert_eq!(restored, list);

	// A call that was not charged has a voucher and no statement.
	node.backend.follow(Script::Break(vec![], openledger_models::BackendError::Failed("x".into())));
	let payment = node.pay(&plain(5), 4, list.totals().charge).await;
	assert_eq!(node.post(&plain(5), Some(&payment)).await.status().as_u16(), 500);
	let found = lane_of(&node, 0).await.last.expect("there were some");
	assert_eq!((found.voucher.newest().sequence, &found.statement), (4, &None));
	assert_eq!(found.list(), Ok(list));
}

/// A price that the chain allows beside the list price.
const OWN: PriceSchedule = PriceSchedule {
	per_call: 800,
	per_input_token: 8,
	per_cached_input_token: 4,
	per_output_token: 70,
};

async fn cheap_node(price: PriceSchedule) -> Node {
	let own_price = Some(OwnPrice { price, protocol_share: Permill::from_percent(5) });
	Node::start_with(words(), Settings { own_price, ..Settings::default() }).await
}

#[tokio::test]
async fn a_price_of_the_nodes_own_is_offered_and_charged() {
	let node = cheap_node(OWN).await;
	let required = node.required(&plain(5)).await;
	let terms = &required.accepts[0].extra;
	assert_eq!((terms.own_price, terms.price), (Some(OWN), PRICE));
	assert_eq!(required.accepts[0].amount, 800 + 3 * 8 + 5 * 70);
	let models = json_of(&node, "/v1/models").await;
	assert_eq!(models["data"][0]["openledger"]["own_price"]["per_call"], json!("800"));

	let payment = node.pay(&plain(5), 1, 0).await;
	let receipt = serve_one(&node, &payment).await;
	let charge = 800 + 3 * 8 + 2 * 70;
	assert_eq!(receipt.statement.newest().charge, charge);
	assert_is_for(&receipt, &payment, "four five ", PROMPT);
	assert_eq!(node.lane(0).await.expect("it is there").charged(), charge);
}

#[tokio::test]
async fn another_own_price_than_the_offers_is_refused() {
	let node = cheap_node(OWN).await;
	let good = node.pay(&plain(5), 1, 0).await;
	let lower = PriceSchedule { per_output_token: 69, ..OWN };
	for own_price in [None, Some(PRICE), Some(lower)] {
		let other = changed(&good, &caller(), |voucher| {
			voucher.agreement.own_price = own_price;
			voucher.authorised = cost(5);
		});
		let body = refused_payment(&node, &plain(5), other, 402, "price_changed").await;
		assert_eq!(body["openledger"]["price_version"], json!(PRICE_VERSION));
	}
	let node = Node::start(words()).await;
	let change = |voucher: &mut Voucher| voucher.agreement.own_price = Some(OWN);
	refused(&node, change, 402, "price_changed").await;
}

#[tokio::test]
async fn a_price_that_the_chain_does_not_allow_is_not_charged() {
	let above = PriceSchedule { per_call: PRICE.per_call + 1, ..OWN };
	let below_others = PriceSchedule { per_output_token: 61, ..OWN };
	for price in [above, below_others] {
		let node = cheap_node(price).await;
		let required = node.required(&plain(5)).await;
		assert_eq!(required.accepts[0].extra.own_price, None);
		assert_eq!(required.accepts[0].amount, cost(5));
		serve_one(&node, &node.pay(&plain(5), 1, 0).await).await;
	}
	// It was allowed when the node started, and is not by the terms of the voucher.
	let node = cheap_node(OWN).await;
	let good = node.pay(&plain(5), 1, 0).await;
	let protocol_share = Permill::from_percent(30);
	set_terms(&node, Ok(LaneTermsInfo { protocol_share, ..usual_terms() }));
	refused_payment(&node, &plain(5), good, 402, "price_changed").await;
}
