//! The pipeline by itself. Every refusal, over HTTP and with its status, is in the server's tests.

use openledger_books::{CallId, CallStatus, Identity, Store, Uncharged};
use openledger_chain_client::Keypair;
use openledger_primitives::{
	answer::MAX_ANSWER,
	lane::Voucher,
	price::Tokens,
	signing::{wrap, Signed},
	Balance,
};

use super::*;
use openledger_protocol::x402::PaymentRequired;
use openledger_settlement::testing::TestChain;
use openledger_testkit::{
	caller, header, key, model, operator, payment, response, voucher, BEST, GENESIS, PRICE, SALT,
};

const BODY: &[u8] = br#"{"model":"echo"}"#;
const INPUT: u32 = 3;
const OUTPUT: u32 = 5;
const LATEST: u32 = 50;
const PROMPT: &str = "one two three";

fn offer() -> Offer {
	Offer::new(&model(), None, INPUT, OUTPUT).expect("the price fits")
}

fn required(offer: &Offer) -> PaymentRequired {
	let (node, receipt) = (operator().account(), operator().account());
	let requirements = offer.requirements(GENESIS, node, receipt, (BEST - 2, BEST), 60);
	PaymentRequired::new("", "http://node", requirements.expect("the price fits"))
}

fn most() -> Balance {
	PRICE.charge(&Tokens::new(INPUT, OUTPUT)).expect("it fits")
}

async fn check(voucher: Voucher, signer: &Keypair) -> Result<Checked, Refusal> {
	let (_directory, store) = store().await;
	check_in(&store, voucher, signer).await
}

async fn check_in(store: &Store, voucher: Voucher, signer: &Keypair) -> Result<Checked, Refusal> {
	let offer = offer();
	let payment = payment(&required(&offer), voucher, signer);
	let presented = Presented::decode(&header(&payment), BODY).expect("it can be read");
	presented.check(offer, &TestChain::default(), store, LATEST).await
}

async fn store() -> (tempfile::TempDir, Store) {
	let directory = tempfile::tempdir().expect("a directory");
	let identity = Identity { genesis: GENESIS, operator: operator().account() };
	let store = Store::open(&directory.path().join("calls.redb"), identity).await;
	(directory, store.expect("it opens"))
}

#[tokio::test]
async fn offers_are_for_the_tokens_that_were_counted() {
	let offer = offer();
	assert_eq!((offer.input_tokens, offer.max_output_tokens), (INPUT, OUTPUT));
	assert_eq!(offer.max_charge, 1_000 + 3 * 10 + 5 * 100);
	assert_eq!(required(&offer).accepts[0].amount, offer.max_charge);
	assert_eq!(offer.charge(INPUT, 2), 1_000 + 30 + 200);
	assert_eq!(offer.charge(99, 99), offer.max_charge, "never more than was offered");
}

#[tokio::test]
async fn both_forms_of_a_signature_are_taken() {
	let good = voucher(BODY, most());
	assert!(check(good, &caller()).await.is_ok());

	let (offer, (_directory, store)) = (offer(), store().await);
	let mut payment = payment(&required(&offer), good, &caller());
	payment.payload.signature = caller().sign(&wrap(&good.signing_payload()));
	let presented = Presented::decode(&header(&payment), BODY).expect("it can be read");
	assert!(presented.check(offer, &TestChain::default(), &store, LATEST).await.is_ok());
}

#[tokio::test]
async fn exactly_enough_is_enough() {
	assert!(check(voucher(BODY, most()), &caller()).await.is_ok());
	let refused = check(voucher(BODY, most() - 1), &caller()).await;
	let (needed, allowed) = (most(), most() - 1);
	assert!(
		matches!(refused, Err(Refusal::InsufficientAuthorisation { needed: n, allowed: a })
            if (n, a) == (needed, allowed)),
		"{refused:?}"
	);
}

#[tokio::test]
async fn bounds_of_validity() {
	let until = |valid_until| Voucher { valid_until, ..voucher(BODY, most()) };
	assert!(check(until(BEST), &caller()).await.is_ok());
	let late = check(until(BEST - 1), &caller()).await;
	assert!(matches!(late, Err(Refusal::VoucherExpired { .. })), "{late:?}");
	assert!(check(until(BEST + LATEST), &caller()).await.is_ok());
	for found in [BEST + LATEST + 1, u32::MAX] {
		let long = check(until(found), &caller()).await;
		assert!(matches!(long, Err(Refusal::VoucherValidTooLong { .. })), "{long:?}");
	}
}

#[tokio::test]
async fn no_voucher_is_valid_for_a_day() {
	let until = |valid_until| Voucher { valid_until, ..voucher(BODY, most()) };
	let check = |voucher: Voucher| async move {
		let payment = payment(&required(&offer()), voucher, &caller());
		let presented = Presented::decode(&header(&payment), BODY).expect("it can be read");
		let (_directory, store) = store().await;
		presented.check(offer(), &TestChain::default(), &store, u32::MAX).await
	};

	assert!(check(until(BEST + LONGEST)).await.is_ok());
	let long = check(until(BEST + LONGEST + 1)).await;
	assert!(matches!(long, Err(Refusal::VoucherValidTooLong { .. })), "{long:?}");
}

/// Serves a call, with this answer to this prompt.
async fn deliver(
	store: &Store,
	voucher: Voucher,
	prompt: &str,
	text: &str,
) -> Result<Served, DeliverError> {
	let checked = check_in(store, voucher, &caller()).await.expect("it is good");
	let reserved = checked.reserve(store, Balance::MAX, prompt.into()).await.expect("it is taken");
	let delivered = Delivered { text: text.into(), input_tokens: INPUT, output_tokens: 2 };
	reserved.deliver(delivered, None, &key("//Receipts")).await
}

#[tokio::test]
async fn from_voucher_to_statement() {
	let (_directory, store) = store().await;
	let voucher = voucher(BODY, most());
	let served = deliver(&store, voucher, PROMPT, "four five").await.expect("it is recorded");
	assert_eq!(served.statement().newest().charge, 1_000 + 30 + 200);

	let receipt = served.response();
	assert!(receipt.extra.is_signed_by(&key("//Receipts").account()));
	assert_eq!(receipt.payer, caller().account());
	let answer = response(&voucher, &SALT, b"four five", PROMPT.as_bytes());
	assert_eq!(receipt.extra.header, answer.header);
	let statement = receipt.extra.statement.newest();
	assert_eq!(statement.response_hash, answer.hash());
	assert_eq!((statement.session, statement.lane, statement.sequence), (5, 0, 1));
	assert_eq!((statement.agreement, statement.extension), (voucher.agreement, None));
	assert_eq!(statement.tokens, Tokens::new(INPUT, 2));
	let call = store.call(CallId::of(&voucher)).await.expect("the store works");
	assert_eq!(call.expect("it is there").status, CallStatus::Served);
}

#[tokio::test]
async fn long_texts_are_hashed_as_short_ones_are() {
	let (_directory, store) = store().await;
	let (prompt, text) = ("one two ".repeat(2_000), "three, four ".repeat(2_000));
	let voucher = voucher(BODY, most());
	let served = deliver(&store, voucher, &prompt, &text).await.expect("it is recorded");

	let answer = response(&voucher, &SALT, text.as_bytes(), prompt.as_bytes());
	assert_eq!(served.statement().newest().response_hash, answer.hash());
	assert_eq!(served.response().extra.header, answer.header);
}

#[tokio::test]
async fn an_answer_that_nobody_could_check_is_not_charged() {
	let (_directory, store) = store().await;
	let long = "a".repeat(usize::try_from(MAX_ANSWER).expect("it fits") + 1);
	for (sequence, prompt, text) in [(1, PROMPT, long.as_str()), (2, long.as_str(), "four")] {
		let voucher = Voucher { sequence, ..voucher(BODY, most()) };
		let refused = deliver(&store, voucher, prompt, text).await;
		assert!(matches!(refused, Err(DeliverError::Hash(_))), "{refused:?}");
		let call = store.call(CallId::of(&voucher)).await.expect("the store works");
		let uncharged = CallStatus::NotCharged(Uncharged::BackendFailed);
		assert_eq!(call.expect("it is there").status, uncharged);
	}
	// The lane goes on.
	let voucher = Voucher { sequence: 3, ..voucher(BODY, most()) };
	deliver(&store, voucher, PROMPT, "four").await.expect("it is recorded");
}

#[tokio::test]
async fn a_call_that_is_dropped_frees_its_lane() {
	let (_directory, store) = store().await;
	let checked = check(voucher(BODY, most()), &caller()).await.expect("it is good");
	let reserved = checked.reserve(&store, Balance::MAX, PROMPT.into()).await;
	let reserved = reserved.expect("it is taken");
	let id = reserved.id();
	drop(reserved);
	// The destructor's operation is queued before this one.
	assert!(!store.release(id, Uncharged::TimedOut).await.expect("the store works"));
	let call = store.call(id).await.expect("the store works").expect("it is there");
	assert_eq!(call.status, CallStatus::NotCharged(Uncharged::NodeStopped));
}
