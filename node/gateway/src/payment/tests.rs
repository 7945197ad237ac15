//! The pipeline by itself. Every refusal, over HTTP and with its status, is in the server's tests.

use openledger_books::{CallStatus, Identity, Store, Uncharged};
use openledger_chain_client::Keypair;
use openledger_primitives::{
	price::Tokens,
	signing::{wrap, Signed},
	statement::response_hash,
	voucher::Voucher,
	Balance,
};

use super::*;
use openledger_protocol::x402::PaymentRequired;
use openledger_settlement::testing::TestChain;
use openledger_testkit::{
	caller, header, key, model, operator, payment, voucher, BEST, GENESIS, PRICE, SALT,
};

const BODY: &[u8] = br#"{"model":"echo"}"#;
const INPUT: u32 = 3;
const OUTPUT: u32 = 5;
const LONGEST: u32 = 50;

fn offer() -> Offer {
	Offer::new(&model(), INPUT, OUTPUT).expect("the price fits")
}

fn required(offer: &Offer) -> PaymentRequired {
	let (node, receipt) = (operator().account(), operator().account());
	let requirements = offer.requirements(GENESIS, node, receipt, BEST, 60);
	PaymentRequired::new("", "http://node", requirements.expect("the price fits"))
}

fn most() -> Balance {
	PRICE.charge(&Tokens::new(INPUT, OUTPUT)).expect("it fits")
}

async fn check(voucher: Voucher, signer: &Keypair) -> Result<Checked, Refusal> {
	let offer = offer();
	let payment = payment(&required(&offer), voucher, signer);
	let presented = Presented::decode(&header(&payment), BODY).expect("it can be read");
	presented.check(offer, &TestChain::default(), LONGEST).await
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

	let offer = offer();
	let mut payment = payment(&required(&offer), good, &caller());
	payment.payload.signature = caller().sign(&wrap(&good.signing_payload()));
	let presented = Presented::decode(&header(&payment), BODY).expect("it can be read");
	assert!(presented.check(offer, &TestChain::default(), LONGEST).await.is_ok());
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
	assert!(check(until(BEST + LONGEST), &caller()).await.is_ok());
	for found in [BEST + LONGEST + 1, u32::MAX] {
		let long = check(until(found), &caller()).await;
		assert!(matches!(long, Err(Refusal::VoucherValidTooLong { .. })), "{long:?}");
	}
}

#[tokio::test]
async fn from_voucher_to_statement() {
	let (_directory, store) = store().await;
	let checked = check(voucher(BODY, most()), &caller()).await.expect("it is good");
	let reserved = checked.reserve(&store, Balance::MAX).await.expect("it is taken");
	let id = reserved.id();
	let receipt_key = key("//Receipts");
	let delivered = Delivered { text: "four five", input_tokens: INPUT, output_tokens: 2 };
	let served = reserved.deliver(delivered, None, &receipt_key).await.expect("it is recorded");
	assert_eq!(served.statement().charge, 1_000 + 30 + 200);

	let response = served.response();
	assert!(response.extra.is_signed_by(&receipt_key.account()));
	assert_eq!(response.payer, caller().account());
	let statement = response.extra.statement;
	assert_eq!(statement.response_hash, response_hash(&SALT, b"four five"));
	assert_eq!((statement.session, statement.lane, statement.sequence), (5, 0, 1));
	let call = store.call(id).await.expect("the store works").expect("it is there");
	assert_eq!(call.status, CallStatus::Served);
}

#[tokio::test]
async fn a_call_that_is_dropped_frees_its_lane() {
	let (_directory, store) = store().await;
	let checked = check(voucher(BODY, most()), &caller()).await.expect("it is good");
	let reserved = checked.reserve(&store, Balance::MAX).await.expect("it is taken");
	let id = reserved.id();
	drop(reserved);
	// The destructor's operation is queued before this one.
	assert!(!store.release(id, Uncharged::TimedOut).await.expect("the store works"));
	let call = store.call(id).await.expect("the store works").expect("it is there");
	assert_eq!(call.status, CallStatus::NotCharged(Uncharged::NodeStopped));
}
