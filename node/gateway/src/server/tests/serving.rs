//! Paid calls with a whole answer at once.

use super::*;
use openledger_books::Uncharged;
use openledger_primitives::answer::Evidence;

pub(super) fn payment_response(response: &Response) -> PaymentResponse {
	let header = response.headers().get(x402::PAYMENT_RESPONSE).expect("it was charged");
	x402::decode(header.to_str().expect("it is ASCII")).expect("it can be read")
}

#[tokio::test]
async fn an_answer_comes_with_its_statement() {
	let node = Node::start(Script::Say(vec!["four", "five"])).await;
	let payment = node.pay(&plain(5), 1, 0).await;
	let response = node.post(&plain(5), Some(&payment)).await;
	assert_eq!(response.status(), StatusCode::OK);
	let receipt = payment_response(&response);
	let body: Value = response.json().await.expect("it is JSON");
	assert_eq!(body["choices"][0]["message"]["content"], json!("four five "));
	assert_eq!(body["choices"][0]["finish_reason"], json!("stop"));
	assert_eq!(body["usage"]["total_tokens"], json!(5));
	assert_eq!(body["id"], json!("chatcmpl-5-0-1"));

	assert!(receipt.success);
	assert_eq!((receipt.amount, receipt.payer.clone()), (cost(2), caller().account()));
	assert_is_for(&receipt.extra, &payment, "four five ", PROMPT);
	let statement = receipt.extra.statement.newest();
	assert_eq!((statement.tokens, statement.charge), (Tokens::new(3, 2), cost(2)));
	assert_eq!(statement.agreement, testkit::agreement());

	assert_eq!(node.status(1).await, Some(CallStatus::Served));
	let lane = node.lane(0).await.expect("it is there");
	assert_eq!((lane.sequence, lane.charged(), lane.in_flight), (1, cost(2), None));
	// The caller gets to the same list by itself.
	let mut list = openledger_primitives::lane_list::LaneList::default();
	testkit::append(&mut list, statement);
	assert_eq!(lane.list, list);
}

#[tokio::test]
async fn a_sealed_lane_is_served_all_the_same() {
	let node = Node::start(Script::Say(vec!["four"])).await;
	let payment = changed(&node.pay(&plain(5), 1, 0).await, &caller(), |voucher| {
		voucher.agreement.evidence = Evidence::Sealed;
	});
	let response = node.post(&plain(5), Some(&payment)).await;
	assert_eq!(response.status(), StatusCode::OK);
	let receipt = payment_response(&response).extra;
	assert_eq!(receipt.header.evidence, Evidence::Sealed);
	assert_is_for(&receipt, &payment, "four ", PROMPT);
}

#[tokio::test]
async fn calls_follow_one_another() {
	let node = Node::start(Script::Say(vec!["four", "five"])).await;
	let mut acknowledged = 0;
	for sequence in 1..=5 {
		let payment = node.pay(&plain(5), sequence, acknowledged).await;
		let response = node.post(&plain(5), Some(&payment)).await;
		assert_eq!(response.status(), StatusCode::OK);
		acknowledged += payment_response(&response).amount;
	}
	assert_eq!(acknowledged, 5 * cost(2));
	assert_eq!(node.lane(0).await.expect("it is there").charged(), acknowledged);
}

#[tokio::test]
async fn lanes_run_side_by_side_and_share_one_deposit() {
	let node = Node::start(Script::Say(vec!["four", "five"])).await;
	let body = plain(5);
	let required = node.required(&body).await;
	let most = required.accepts[0].amount;
	node.chain.change_session(|session| session.deposit = 10 * most);
	// All are written down before one is served: the deposit is for ten.
	node.backend.follow(Script::Stall(vec!["four"]));
	let streamed = streamed(5);
	let mut calls = tokio::task::JoinSet::new();
	let node = Arc::new(node);
	for lane in 0..16 {
		let voucher = Voucher { lane, ..testkit::voucher(&streamed, most) };
		let payment = payment(&required, voucher, &caller());
		let (node, streamed) = (node.clone(), streamed.clone());
		calls.spawn(async move { node.post(&streamed, Some(&payment)).await });
	}
	let answers = calls.join_all().await;
	let served = answers.iter().filter(|answer| answer.status() == StatusCode::OK).count();
	assert_eq!(served, 10);
	let refused = answers.iter().filter(|answer| answer.status() == StatusCode::PAYMENT_REQUIRED);
	assert_eq!(refused.count(), 6);
}

#[tokio::test]
async fn one_voucher_sent_many_times_is_served_once() {
	let node = Arc::new(Node::start(Script::Say(vec!["four"])).await);
	let payment = node.pay(&plain(5), 1, 0).await;
	let mut calls = tokio::task::JoinSet::new();
	for _ in 0..12 {
		let (node, payment) = (node.clone(), payment.clone());
		calls.spawn(async move {
			let answer = node.post(&plain(5), Some(&payment)).await;
			(answer.status(), answer.text().await.expect("it ends"))
		});
	}
	let answers = calls.join_all().await;
	let (served, refused): (Vec<_>, Vec<_>) =
		answers.iter().partition(|(status, _)| *status == StatusCode::OK);
	assert!(!served.is_empty() && served.iter().all(|answer| *answer == served[0]), "{served:?}");
	assert!(refused.iter().all(|(status, _)| *status == StatusCode::CONFLICT), "{refused:?}");
	assert_eq!(node.store.totals().await.expect("the store works").served_calls, 1);
	assert_eq!(node.lane(0).await.expect("it is there").charged(), cost(1));
}

#[tokio::test]
async fn a_caller_that_goes_away_before_the_answer_is_not_charged() {
	let node = Node::start(Script::Stall(vec!["four"])).await;
	let payment = node.pay(&plain(5), 1, 0).await;
	let body = plain(5);
	let call = node.post(&body, Some(&payment));
	assert!(tokio::time::timeout(Duration::from_millis(300), call).await.is_err());
	assert_eq!(node.end_of(1).await, CallStatus::NotCharged(Uncharged::CallerGone));
	node.backend.follow(Script::Say(vec!["four"]));
	let next = node.pay(&plain(5), 2, 0).await;
	assert_eq!(node.post(&plain(5), Some(&next)).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_not_charged() {
	let settings = Settings { timeout: Duration::from_millis(200), ..Settings::default() };
	let node = Node::start_with(Script::Stall(vec!["four"]), settings).await;
	let payment = node.pay(&plain(5), 1, 0).await;
	let (status, code, _) = error(node.post(&plain(5), Some(&payment)).await).await;
	assert_eq!((status, code.as_str()), (504, "timeout"));
	assert_eq!(node.status(1).await, Some(CallStatus::NotCharged(Uncharged::TimedOut)));
}

#[tokio::test]
async fn an_empty_answer_is_an_answer() {
	let node = Node::start(Script::Say(vec![])).await;
	let payment = node.pay(&plain(5), 1, 0).await;
	let response = node.post(&plain(5), Some(&payment)).await;
	assert_eq!(response.status(), StatusCode::OK);
	assert_eq!(payment_response(&response).amount, cost(0));
}
