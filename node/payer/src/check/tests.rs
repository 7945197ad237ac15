use super::*;
use crate::recount::most_owed;
use openledger_primitives::{
	answer::{prompt_root, AnswerSalts, Entry, Evidence},
	info::{NodeStatus, ServedInfo},
	lane::{request_hash, Agreement, AttributionShare, Statement},
	OPEN,
};
use openledger_testkit::key;

const BODY: &[u8] = br#"{"model": "m", "messages": [], "max_tokens": 50}"#;

fn genesis() -> Hash {
	Hash::repeat_byte(3)
}

fn model() -> ModelInfo {
	ModelInfo {
		id: 4,
		name: "m".into(),
		version: 2,
		price_version: 5,
		price: PriceSchedule {
			per_call: OPEN,
			per_input_token: 7,
			per_cached_input_token: 3,
			per_output_token: 11,
		},
		..openledger_testkit::model()
	}
}

fn node() -> NodeInfo {
	NodeInfo {
		operator: key("//Bob").account(),
		payee: key("//Bob").account(),
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
	let terms = openledger_protocol::x402::Terms {
		genesis_hash: genesis(),
		model: 4,
		model_name: "m".into(),
		version: 2,
		price_version: 5,
		price: model().price,
		own_price: None,
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
) -> Result<Requirements, OfferError> {
	checked_for(BODY, change, limit)
}

fn checked_for(
	body: &[u8],
	change: impl FnOnce(&mut Requirements),
	limit: Option<Balance>,
) -> Result<Requirements, OfferError> {
	let mut requirements = requirements();
	change(&mut requirements);
	let facts = Facts {
		genesis_hash: genesis(),
		network: &openledger_protocol::x402::network(&genesis()),
		node: &node(),
		model: &model(),
		finalized: 110,
		body,
		limit,
		unasked: 60,
	};
	check_offer(PaymentRequired::new("", "http://node", requirements), facts)
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
	assert_eq!(refused, OfferError::TooExpensive { amount: requirements().amount, limit });
	assert!(refused.to_string().contains("raise the limit"));
}

#[test]
fn every_lie_in_an_offer_is_found() {
	let changes: [(fn(&mut Requirements), &str); 16] = [
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
		(|offer| offer.extra.price.per_cached_input_token = 4, "price"),
		(|offer| offer.extra.block = 9, "of block 9, and the newest final block is 110"),
		(|offer| offer.extra.input_tokens = 5_000, "5000 tokens in"),
		(|offer| offer.extra.max_output_tokens = 51, "51 output tokens where 50"),
		(|offer| offer.amount += 1, "where the price comes to"),
		(|offer| offer.amount -= 1, "where the price comes to"),
	];
	for (change, said) in changes {
		match checked(change, None) {
			Err(OfferError::Differs(reason)) => assert!(reason.contains(said), "{reason}"),
			other => panic!("{said}: {other:?}"),
		}
	}
}

/// An offer at a price of the node's own.
fn at_own_price(
	change: impl FnOnce(&mut PriceSchedule),
	amount: impl FnOnce(Balance) -> Balance,
) -> Result<Requirements, OfferError> {
	let mut own = model().price;
	change(&mut own);
	let most = own.charge(&Tokens::new(20, 50)).unwrap();
	let with_own = |offer: &mut Requirements| {
		offer.extra.own_price = Some(own);
		offer.amount = amount(most);
	};
	checked(with_own, None)
}

#[test]
fn a_nodes_own_price_is_taken_if_nothing_in_it_is_above_the_list() {
	let cheap = |own: &mut PriceSchedule| (own.per_call, own.per_output_token) = (OPEN / 2, 10);
	let offer = at_own_price(cheap, |most| most).unwrap();
	assert_eq!(offer.amount, OPEN / 2 + 20 * 7 + 50 * 10);
	assert!(at_own_price(|_| {}, |most| most).is_ok(), "the list price");
	let dear: [fn(&mut PriceSchedule); 4] = [
		|own| (own.per_call, own.per_output_token) = (OPEN + 1, 0),
		|own| (own.per_call, own.per_input_token) = (0, 8),
		|own| (own.per_call, own.per_cached_input_token) = (0, 4),
		|own| (own.per_call, own.per_output_token) = (0, 12),
	];
	for change in dear {
		let refused = at_own_price(change, |most| most).unwrap_err().to_string();
		assert!(refused.contains("above the price on chain"), "{refused}");
	}
	let odd = |own: &mut PriceSchedule| own.per_input_token = 2;
	let refused = at_own_price(odd, |most| most).unwrap_err().to_string();
	assert!(refused.contains("dearer than another one"), "{refused}");
	// And what it comes to is what is asked for.
	let list = model().price.charge(&Tokens::new(20, 50)).unwrap();
	for amount in [list, 0] {
		let refused = at_own_price(cheap, |_| amount).unwrap_err().to_string();
		assert!(refused.contains("where the price comes to"), "{refused}");
	}
}

#[test]
fn what_a_node_wants_instead_is_short_and_plain() {
	let odd = |offer: &mut Requirements| offer.scheme = "\u{1b}[2J\u{e9}".repeat(999);
	let refused = checked(odd, None).unwrap_err().to_string();
	assert!(
		refused.contains("paid by [2J\u{e9}[2J\u{e9}") && !refused.contains('\u{1b}'),
		"{refused}"
	);
	assert!(refused.chars().count() < 600, "{refused}");
}

#[test]
fn an_offer_is_bounded_where_nothing_was_asked_for() {
	let body = br#"{"model": "m", "messages": []}"#;
	let longer = |tokens: u32| {
		move |offer: &mut Requirements| {
			offer.extra.max_output_tokens = tokens;
			offer.amount = offer.extra.price.charge(&Tokens::new(20, tokens)).unwrap();
		}
	};
	assert!(checked_for(body, longer(60), None).is_ok());
	let refused = checked_for(body, longer(61), None).unwrap_err();
	assert_eq!(refused, OfferError::TooLong { tokens: 61, limit: 60 });
	// What was asked for is asked for, in whatever form.
	let body = br#"{"model": "m", "messages": [], "max_tokens": 100.0}"#;
	assert!(checked_for(body, longer(100), None).is_ok());
	assert!(matches!(checked_for(body, longer(101), None), Err(OfferError::Differs(_))));
}

#[test]
fn a_bound_is_found_in_a_request() {
	let of = |body: &str| max_tokens(&serde_json::from_str(body).unwrap());
	assert_eq!(of("{}"), None);
	assert_eq!(of(r#"{"max_tokens": 7, "max_completion_tokens": 6}"#), Some(6));
	assert_eq!(of(r#"{"max_tokens": 7.0, "max_completion_tokens": null}"#), Some(7));
}

#[test]
fn no_more_input_tokens_are_paid_than_a_chat_has_bytes() {
	// Escaped, the text has six times as many bytes.
	let text = "\\u0041".repeat(1_000);
	let body = format!(
		r#"{{"model": "m", "messages": [{{"role": "user", "content": "{text}"}}], "max_tokens": 50}}"#
	);
	let of = |tokens: u32| {
		checked_for(
			body.as_bytes(),
			move |offer| {
				offer.extra.input_tokens = tokens;
				offer.amount = offer.extra.price.charge(&Tokens::new(tokens, 50)).unwrap();
			},
			None,
		)
	};
	assert!(of(1_000 + 36 + 1_024).is_ok());
	let refused = of(1_000 + 36 + 1_025).unwrap_err();
	assert!(refused.to_string().contains("in 1036 bytes"), "{refused}");
}

const SALT: [u8; 32] = [8; 32];

fn agreed() -> CallTerms {
	CallTerms {
		agreement: Agreement {
			model: 4,
			version: 2,
			price_version: 5,
			as_of: 9,
			evidence: Evidence::Open,
			own_price: None,
		},
		list_price: model().price,
		input_tokens: 20,
		max_output_tokens: 50,
		allowance: requirements().amount,
		request_hash: request_hash(&SALT, BODY),
		salt: SALT.into(),
		valid_until: 60,
		receipt_key: node().receipt_key,
	}
}

fn call(agreed: CallTerms) -> OpenCall {
	OpenCall { sequence: 6, agreed, expected: None, rejected: None, lost: None }
}

/// The answer of which this text was delivered.
fn answer(text: &str) -> Response {
	let request = request_hash(&SALT, BODY);
	let prompt = prompt_root(&AnswerSalts::new(&SALT, &request), b"What?").unwrap();
	unattributed(&SALT, &request, text.as_bytes(), prompt, Evidence::Open).unwrap()
}

fn receipt(change: impl FnOnce(&mut Statement)) -> Receipt {
	receipt_of(answer("Paris."), change)
}

/// The statement of a call with this answer.
fn receipt_of(answer: Response, change: impl FnOnce(&mut Statement)) -> Receipt {
	let mut statement = Statement {
		genesis_hash: genesis(),
		session: 1,
		lane: 2,
		agreement: agreed().agreement,
		sequence: 6,
		tokens: Tokens::new(20, 10),
		charge: OPEN + 20 * 7 + 10 * 11,
		request_hash: request_hash(&SALT, BODY),
		response_hash: answer.hash(),
		attribution: Default::default(),
		extension: None,
	};
	change(&mut statement);
	let signature = key("//Bob//receipts").sign_message(&statement);
	Receipt { statement: statement.into(), signature, header: answer.header }
}

fn check(receipt: &Receipt, call: &OpenCall) -> Result<(), String> {
	let slot = LaneSlot { node: node().operator, session: 1, lane: 2, sequence: 6 };
	check_statement(receipt, genesis(), &slot, call)
}

fn holds(receipt: &Receipt) -> Result<(), String> {
	check(receipt, &call(agreed()))
}

/// Compares a statement with an answer of which that has come.
fn fits(receipt: &Receipt, text: &str, whole: bool, counted: Option<usize>) -> Result<(), String> {
	let said = AnswerText { signed: text.into(), besides: String::new() };
	let agreed = CallTerms { max_output_tokens: 4_096, allowance: 2 * OPEN, ..agreed() };
	check(receipt, &owed(&call(agreed), &said, whole, counted).unwrap())
}

#[test]
fn a_true_statement_holds() {
	assert_eq!(holds(&receipt(|_| {})), Ok(()));
	assert_eq!(fits(&receipt(|_| {}), "Paris.", true, None), Ok(()));
	// Fewer tokens than agreed on, at their price.
	let fewer = receipt(|statement| {
		statement.tokens = Tokens::default();
		statement.charge = OPEN;
	});
	assert_eq!(holds(&fewer), Ok(()));
	// Some of the prompt was cached.
	let cached = receipt(|statement| {
		statement.tokens.cached = 15;
		statement.charge = OPEN + 5 * 7 + 15 * 3 + 10 * 11;
	});
	assert_eq!(holds(&cached), Ok(()));
}

#[test]
fn every_lie_in_a_statement_is_found() {
	let changes: [(fn(&mut Statement), &str); 19] = [
		(|statement| statement.genesis_hash = Hash::zero(), "chain"),
		(|statement| statement.session = 2, "session"),
		(|statement| statement.lane = 1, "lane"),
		(|statement| statement.sequence = 5, "call"),
		(|statement| statement.request_hash = Hash::zero(), "request"),
		(|statement| statement.agreement.model = 5, "model"),
		(|statement| statement.agreement.version = 1, "version"),
		(|statement| statement.agreement.price_version = 1, "price version"),
		(|statement| statement.agreement.as_of = 8, "agreement"),
		(|statement| statement.agreement.evidence = Evidence::Sealed, "agreement"),
		(|statement| statement.agreement.own_price = Some(model().price), "agreement"),
		(|statement| statement.extension = Some(Hash::zero()), "not known here"),
		(|statement| statement.tokens.input = 21, "21 input tokens where 20"),
		(|statement| statement.tokens.output = 51, "51 output tokens where 50"),
		(|statement| statement.charge += 1, "not the price"),
		(|statement| statement.charge -= 1, "not the price"),
		(|statement| statement.tokens.output = 11, "not the price"),
		(|statement| statement.tokens.cached = 1, "not the price"),
		(|statement| statement.tokens.cached = 21, "not the price"),
	];
	for (change, said) in changes {
		let reason = holds(&receipt(change)).unwrap_err();
		assert!(reason.contains(said), "{said}: {reason}");
	}
	let mut unsigned = receipt(|_| {});
	unsigned.signature = key("//Bob").sign_message(unsigned.statement.newest());
	assert!(holds(&unsigned).unwrap_err().contains("not signed"));
}

#[test]
fn a_statement_is_about_the_text_that_was_delivered() {
	let other = |text: &str| fits(&receipt(|_| {}), text, true, None);
	assert_eq!(other("Paris."), Ok(()));
	for text in ["Paris", "paris.", "Paris. ", "Paris. Yes.", "Berlin", ""] {
		assert_eq!(other(text).unwrap_err(), "it is about another answer", "{text}");
	}
	// Of one that broke off nobody knows what the rest was.
	assert_eq!(fits(&receipt(|_| {}), "Par", false, None), Ok(()));
	// The prompt's root is the node's to say, and its hash is over that.
	let mut other_prompt = answer("Paris.");
	other_prompt.header.prompt_root = Hash::repeat_byte(9);
	let hash = other_prompt.hash();
	assert_eq!(fits(&receipt_of(other_prompt.clone(), |_| {}), "Paris.", true, None), Ok(()));
	let signed = receipt_of(answer("Paris."), |statement| statement.response_hash = hash);
	assert_eq!(fits(&signed, "Paris.", true, None).unwrap_err(), "it is about another answer");
}

#[test]
fn nobody_is_traced_in_an_answer() {
	let entry = Entry { contribution: 1, credit: 16, first_word: 0 };
	let share = AttributionShare { contribution: 1, basis_points: 10_000 };
	let changes: [(fn(&mut Header), &str); 5] = [
		(|header| header.rule = 1, "nobody is traced"),
		(|header| header.release_root = Hash::repeat_byte(1), "nobody is traced"),
		(|header| header.info += 4, "nobody is traced"),
		(|header| header.words = u32::MAX, "nobody is traced"),
		(|header| header.evidence = Evidence::Sealed, "another permission"),
	];
	let lie = |change: &dyn Fn(&mut Header)| {
		let mut answer = answer("Paris.");
		change(&mut answer.header);
		let receipt = receipt_of(answer, |_| {});
		// Also if not all of the answer is known.
		let reason = fits(&receipt, "Par", false, None).unwrap_err();
		assert_eq!(fits(&receipt, "Paris.", true, None), Err(reason.clone()));
		reason
	};
	for (change, said) in changes {
		let reason = lie(&change);
		assert!(reason.contains(said), "{said}: {reason}");
	}
	let reason = lie(&move |header: &mut Header| header.entries.try_push(entry).unwrap());
	assert!(reason.contains("names contributions"), "{reason}");
	let paid = receipt(|statement| statement.attribution.try_push(share).unwrap());
	assert!(holds(&paid).unwrap_err().contains("names contributions"));
}

#[test]
fn answers_of_sealed_lanes_are_sealed() {
	let mut terms = agreed();
	terms.agreement.evidence = Evidence::Sealed;
	let mut answer = answer("Paris.");
	answer.header.evidence = Evidence::Sealed;
	let sealed = |statement: &mut Statement| statement.agreement.evidence = Evidence::Sealed;
	let receipt = receipt_of(answer, sealed);
	let said = AnswerText { signed: "Paris.".into(), besides: String::new() };
	let call = owed(&call(terms), &said, true, None).unwrap();
	assert_eq!(check(&receipt, &call), Ok(()));
	assert!(holds(&receipt).unwrap_err().contains("agreement"));
}

#[test]
fn no_answer_is_longer_than_what_a_statement_can_be_about() {
	let text = |bytes: usize| AnswerText { signed: "x".repeat(bytes), besides: String::new() };
	let longest = 16 * 1024 * 1024;
	assert!(owed(&call(agreed()), &text(longest), true, None).is_ok());
	assert!(owed(&call(agreed()), &text(longest + 1), true, None).is_err());
	assert!(owed(&call(agreed()), &text(longest + 1), false, None).is_ok());
}

#[test]
fn no_statement_charges_more_tokens_than_the_text_can_have() {
	let many = receipt(|statement| {
		statement.tokens.output = 50;
		statement.charge = OPEN + 20 * 7 + 50 * 11;
	});
	assert_eq!(holds(&many), Ok(()));
	let reason = fits(&many, "Paris.", true, None).unwrap_err();
	assert!(reason.contains("50 output tokens where 22 are owed"), "{reason}");
	// Where its tokens can be counted, they are.
	let reason = fits(&charging(17), &"x".repeat(100), true, Some(0)).unwrap_err();
	assert!(reason.contains("17 output tokens where 16 are owed"), "{reason}");
}

#[test]
fn no_statement_costs_more_than_was_allowed() {
	let call = call(CallTerms { allowance: OPEN, ..agreed() });
	let reason = check(&receipt(|_| {}), &call).unwrap_err();
	assert!(reason.contains("were allowed"), "{reason}");
}

/// The statement of a call with so many output tokens.
fn charging(output_tokens: u32) -> Receipt {
	receipt(|statement| {
		statement.tokens.output = output_tokens;
		statement.charge = OPEN + 20 * 7 + Balance::from(output_tokens) * 11;
	})
}

#[test]
fn what_broke_off_is_compared_with_what_has_come() {
	let holds =
		|tokens, bytes: usize| fits(&charging(tokens), &"x".repeat(bytes), false, None).is_ok();
	let silent = most_owed(0, None);
	assert!(holds(TOKENS_UNDER_WAY + silent, 0) && !holds(TOKENS_UNDER_WAY + silent + 1, 0));
	assert!(holds(TOKENS_UNDER_WAY + silent + 9, 9) && !holds(4_096, 9));
}

#[test]
fn no_more_is_owed_later_than_for_what_has_come() {
	let call = call(CallTerms { max_output_tokens: 4_096, allowance: 2 * OPEN, ..agreed() });
	let check = |tokens, call: &OpenCall| {
		check(&charging(tokens), call).map_err(|why| {
			let why: Vec<_> = why.split(' ').take(5).collect();
			why.join(" ")
		})
	};
	check(4_096, &call).unwrap();
	// As the ledger notes it when the answer broke off, or came without a statement.
	let most = most_owed(9, None);
	let owed = |most, expected| {
		let agreed = CallTerms { max_output_tokens: most, ..call.agreed.clone() };
		OpenCall { agreed, expected, ..call.clone() }
	};
	check(most, &owed(most, None)).unwrap();
	let more = check(most + 1, &owed(most, None)).unwrap_err();
	assert_eq!(more, format!("it charges {} output tokens", most + 1));
	let other = answer_of(&call.agreed, "nine byte").unwrap();
	assert_eq!(check(1, &owed(most, Some(other))).unwrap_err(), "it is about another answer");
	let expected = Some(answer_of(&call.agreed, "Paris.").unwrap());
	check(1, &owed(most, expected.clone())).unwrap();
	check(most + 1, &owed(most, expected)).unwrap_err();
}
