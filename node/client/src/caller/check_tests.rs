use super::*;
use crate::keys::{Keypair, Scheme};
use openledger_primitives::{
	info::{NodeStatus, ServedInfo},
	policy::RevenuePolicy,
	price::PriceSchedule,
	statement::Statement,
	voucher::request_hash,
	OPEN,
};
use sp_runtime::Permill;

const BODY: &[u8] = br#"{"model": "m", "messages": [], "max_tokens": 50}"#;

fn key(uri: &str) -> Keypair {
	Keypair::from_uri(uri, Scheme::Sr25519).unwrap()
}

fn genesis() -> Hash {
	Hash::repeat_byte(3)
}

fn model() -> ModelInfo {
	ModelInfo {
		id: 4,
		name: "m".into(),
		owner: key("//Dave").account(),
		paused: false,
		retired_at: None,
		offered_to: None,
		version: 2,
		price_version: 5,
		price: PriceSchedule { per_call: OPEN, per_input_token: 7, per_output_token: 11 },
		policy: RevenuePolicy {
			developer: Permill::one(),
			data: Permill::zero(),
			node: Permill::zero(),
			attributed: Permill::zero(),
		},
		uri: String::new(),
		weights_hash: Hash::zero(),
		tokenizer_hash: Hash::zero(),
		sources: Default::default(),
		parent: None,
		next_version: None,
		next_price: None,
		next_policy: None,
		deposit: 0,
	}
}

fn node() -> NodeInfo {
	NodeInfo {
		operator: key("//Bob").account(),
		endpoint: "http://node".into(),
		receipt_key: key("//Bob//receipts").account(),
		bond: OPEN,
		models: vec![ServedInfo { model: 4, capacity: 1 }],
		status: NodeStatus::Active,
		last_heartbeat: 0,
		sessions: 1,
	}
}

fn requirements() -> Requirements {
	let terms = crate::x402::Terms {
		genesis_hash: genesis(),
		model: 4,
		model_name: "m".into(),
		version: 2,
		price_version: 5,
		price: model().price,
		input_tokens: 20,
		max_output_tokens: 50,
		receipt_key: node().receipt_key,
		block: 10,
		valid_until: 20,
	};
	Requirements::new(node().operator, 60, terms).unwrap()
}

fn checked(
	change: impl FnOnce(&mut Requirements),
	limit: Option<Balance>,
) -> Result<Requirements, CallerError> {
	let mut requirements = requirements();
	change(&mut requirements);
	let facts = Facts {
		genesis_hash: genesis(),
		network: &crate::x402::network(&genesis()),
		node: &node(),
		model: &model(),
		body: BODY,
		limit,
	};
	offer(PaymentRequired::new("", "http://node", requirements), facts)
}

#[test]
fn a_fair_offer_is_taken() {
	assert_eq!(checked(|_| {}, None), Ok(requirements()));
	assert_eq!(checked(|_| {}, Some(requirements().amount)), Ok(requirements()));
}

#[test]
fn an_offer_above_the_limit_is_not() {
	let limit = requirements().amount - 1;
	let refused = checked(|_| {}, Some(limit)).unwrap_err();
	assert_eq!(refused, CallerError::TooExpensive { amount: requirements().amount, limit });
	assert!(refused.to_string().contains("raise the limit"));
}

#[test]
fn every_lie_in_an_offer_is_found() {
	let changes: [(fn(&mut Requirements), &str); 14] = [
		(|offer| offer.scheme = "exact".into(), "wants to be paid by exact"),
		(|offer| offer.network = "eip155:1".into(), "on eip155:1"),
		(|offer| offer.asset = "USDC".into(), "wants to be paid"),
		(|offer| offer.extra.genesis_hash = Hash::zero(), "genesis hash"),
		(|offer| offer.pay_to = [1; 32].into(), "account to pay"),
		(|offer| offer.extra.receipt_key = [1; 32].into(), "receipt key"),
		(|offer| offer.extra.model = 5, "model"),
		(|offer| offer.extra.version = 1, "version"),
		(|offer| offer.extra.price_version = 4, "price version"),
		(|offer| offer.extra.price.per_output_token = 12, "price"),
		(|offer| offer.extra.input_tokens = 5_000, "5000 tokens in"),
		(|offer| offer.extra.max_output_tokens = 51, "51 output tokens where 50"),
		(|offer| offer.amount += 1, "where the price comes to"),
		(|offer| offer.amount -= 1, "where the price comes to"),
	];
	for (change, said) in changes {
		match checked(change, None) {
			Err(CallerError::Offer(reason)) => assert!(reason.contains(said), "{reason}"),
			other => panic!("{said}: {other:?}"),
		}
	}
}

#[test]
fn a_request_without_a_bound_leaves_it_to_the_node() {
	assert_eq!(max_tokens(b"{}"), None);
	assert_eq!(max_tokens(b"not json"), None);
	assert_eq!(max_tokens(br#"{"max_tokens": 7, "max_completion_tokens": 6}"#), Some(6));
}

const SALT: [u8; 32] = [8; 32];

fn call() -> OpenCall {
	OpenCall {
		sequence: 6,
		model: 4,
		version: 2,
		price_version: 5,
		price: model().price,
		input_tokens: 20,
		max_output_tokens: 50,
		allowance: requirements().amount,
		request_hash: request_hash(&SALT, BODY),
		salt: SALT.into(),
		valid_until: 60,
		rejected: None,
	}
}

fn receipt(change: impl FnOnce(&mut Statement)) -> Receipt {
	let mut statement = Statement {
		genesis_hash: genesis(),
		session: 1,
		lane: 2,
		sequence: 6,
		model: 4,
		version: 2,
		price_version: 5,
		input_tokens: 20,
		output_tokens: 10,
		charge: OPEN + 20 * 7 + 10 * 11,
		request_hash: request_hash(&SALT, BODY),
		response_hash: response_hash(&SALT, b"Paris."),
		attribution: Default::default(),
	};
	change(&mut statement);
	let signature = key("//Bob//receipts").sign_message(&statement);
	Receipt { statement, signature }
}

fn holds(receipt: &Receipt, text: Option<&str>) -> Result<(), String> {
	let receipt_key = node().receipt_key;
	let place = Place { genesis_hash: genesis(), session: 1, lane: 2, receipt_key: &receipt_key };
	statement(receipt, place, &call(), text)
}

#[test]
fn a_true_statement_holds() {
	assert_eq!(holds(&receipt(|_| {}), Some("Paris.")), Ok(()));
	assert_eq!(holds(&receipt(|_| {}), None), Ok(()));
	// Fewer tokens than agreed on, at their price.
	let fewer = receipt(|statement| {
		statement.input_tokens = 0;
		statement.output_tokens = 0;
		statement.charge = OPEN;
	});
	assert_eq!(holds(&fewer, None), Ok(()));
}

#[test]
fn every_lie_in_a_statement_is_found() {
	let changes: [(fn(&mut Statement), &str); 14] = [
		(|statement| statement.genesis_hash = Hash::zero(), "chain"),
		(|statement| statement.session = 2, "session"),
		(|statement| statement.lane = 1, "lane"),
		(|statement| statement.sequence = 5, "call"),
		(|statement| statement.request_hash = Hash::zero(), "request"),
		(|statement| statement.model = 5, "model"),
		(|statement| statement.version = 1, "version"),
		(|statement| statement.price_version = 1, "price version"),
		(|statement| statement.input_tokens = 21, "21 input tokens where 20"),
		(|statement| statement.output_tokens = 51, "51 output tokens where 50"),
		(|statement| statement.charge += 1, "not the price"),
		(|statement| statement.charge -= 1, "not the price"),
		(|statement| statement.output_tokens = 11, "not the price"),
		(|statement| statement.response_hash = Hash::zero(), "another answer"),
	];
	for (change, said) in changes {
		let reason = holds(&receipt(change), Some("Paris.")).unwrap_err();
		assert!(reason.contains(said), "{said}: {reason}");
	}
	let mut unsigned = receipt(|_| {});
	unsigned.signature = key("//Bob").sign_message(&unsigned.statement);
	assert!(holds(&unsigned, None).unwrap_err().contains("not signed"));
}

#[test]
fn no_statement_charges_more_tokens_than_the_text_can_have() {
	let many = receipt(|statement| {
		statement.output_tokens = 50;
		statement.charge = OPEN + 20 * 7 + 50 * 11;
	});
	assert_eq!(holds(&many, None), Ok(()));
	let reason = holds(&many, Some("Paris.")).unwrap_err();
	assert!(reason.contains("50 output tokens for 6 bytes"), "{reason}");
}

#[test]
fn no_statement_costs_more_than_was_allowed() {
	let receipt_key = node().receipt_key;
	let place = Place { genesis_hash: genesis(), session: 1, lane: 2, receipt_key: &receipt_key };
	let call = OpenCall { allowance: OPEN, ..call() };
	let reason = statement(&receipt(|_| {}), place, &call, None).unwrap_err();
	assert!(reason.contains("were allowed"), "{reason}");
}
