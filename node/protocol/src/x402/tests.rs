use super::*;
use crate::testing::{agreement, receipt, voucher, Key, Scheme};
use openledger_primitives::{
	answer::Evidence,
	lane::{Agreement, VersionedStatement, Voucher},
	price::{PriceSchedule, Tokens},
	OPEN,
};
use proptest::prelude::*;
use serde_json::{json, Value};
use sp_core::crypto::Ss58Codec;

fn genesis() -> Hash {
	Hash::repeat_byte(0xab)
}

fn alice(scheme: Scheme) -> Key {
	Key::new("//Alice", scheme)
}

fn requirements() -> Requirements {
	let node = alice(Scheme::Sr25519).account();
	let terms = Terms {
		genesis_hash: genesis(),
		model: 3,
		model_name: "smollm2-135m".into(),
		version: 1,
		price_version: 2,
		price: PriceSchedule {
			per_call: OPEN,
			per_input_token: 5,
			per_cached_input_token: 2,
			per_output_token: 7,
		},
		own_price: None,
		input_tokens: 20,
		max_output_tokens: 100,
		receipt_key: node.clone(),
		block: 1_000,
		valid_until: 1_100,
	};
	Requirements::new(node, 120, terms).unwrap()
}

fn payment(scheme: Scheme) -> PaymentSignature {
	let voucher = voucher();
	let signature = alice(scheme).sign_message(&voucher);
	let resource = PaymentRequired::new("", "http://node/v1/chat/completions", requirements());
	let payload = Payload { voucher: voucher.into(), signature, salt: [7; 32] };
	PaymentSignature::new(resource.resource, requirements(), payload)
}

#[test]
fn networks_are_named_by_their_genesis() {
	assert_eq!(network(&genesis()), "polkadot:abababababababababababababababab");
}

#[test]
fn demands_survive_the_way() {
	let demand = PaymentRequired::new("payment required", "http://node/x", requirements());
	assert_eq!(decode::<PaymentRequired>(&encode(&demand)), Ok(demand));
}

#[test]
fn payments_of_every_kind_of_key_survive_the_way() {
	for scheme in [Scheme::Sr25519, Scheme::Ed25519, Scheme::Ecdsa] {
		let decoded: PaymentSignature = decode(&encode(&payment(scheme))).unwrap();
		assert!(decoded.payload.is_signed_by(&alice(scheme).account()));
		assert!(decoded.payload.is_for(b"{}"));
		assert!(!decoded.payload.is_for(b"{ }"));
		assert_eq!(decoded.payload.voucher.newest(), voucher());
	}
}

#[test]
fn acknowledgements_survive_the_way() {
	let node = alice(Scheme::Ed25519);
	let signature = node.sign_message(receipt().statement.newest());
	let receipt = Receipt { signature, ..receipt() };
	let response = PaymentResponse::new(&genesis(), node.account(), receipt);
	let decoded: PaymentResponse = decode(&encode(&response)).unwrap();
	assert_eq!(decoded, response);
	assert!(decoded.extra.is_signed_by(&node.account()));
	assert_eq!(decoded.amount, OPEN + 301);
}

#[test]
fn a_largest_statement_fits_into_a_header() {
	use openledger_primitives::{
		answer::{header::MAX_RETRIEVED, Entry, RetrievedRange, MAX_OWNERS},
		lane::AttributionShare,
	};
	let mut receipt = receipt();
	let shares = (0..MAX_OWNERS)
		.map(|at| AttributionShare { contribution: u64::MAX - u64::from(at), basis_points: 625 });
	let VersionedStatement::V2(statement) = &mut receipt.statement;
	statement.attribution = shares.collect::<Vec<_>>().try_into().unwrap();
	let entry = Entry { contribution: u64::MAX, credit: u32::MAX, first_word: u32::MAX };
	receipt.header.entries = vec![entry; MAX_OWNERS as usize].try_into().unwrap();
	let range = RetrievedRange { contribution: u64::MAX, offset: u64::MAX, length: u32::MAX };
	receipt.header.retrieved = vec![range; MAX_RETRIEVED as usize].try_into().unwrap();
	let response = PaymentResponse::new(&genesis(), alice(Scheme::Ecdsa).account(), receipt);
	assert_eq!(decode(&encode(&response)), Ok(response));
}

#[test]
fn json_is_what_javascript_expects() {
	let json: Value = serde_json::to_value(payment(Scheme::Sr25519)).unwrap();
	assert_eq!(json["x402Version"], 2);
	let accepted = &json["accepted"];
	assert_eq!(accepted["scheme"], "batch-settlement");
	assert_eq!(accepted["asset"], "OPEN");
	assert_eq!(accepted["amount"], (OPEN + 20 * 5 + 100 * 7).to_string());
	assert_eq!(accepted["payTo"], alice(Scheme::Sr25519).address());
	assert_eq!(accepted["maxTimeoutSeconds"], 120);
	assert_eq!(accepted["extra"]["receiptKey"], alice(Scheme::Sr25519).address());
	assert_eq!(accepted["extra"]["price"]["perCachedInputToken"], "2");
	assert_eq!(accepted["extra"]["price"]["perOutputToken"], "7");
	assert_eq!(accepted["extra"]["modelName"], "smollm2-135m");
	assert_eq!(accepted["extra"].get("ownPrice"), None);
	let payload = &json["payload"];
	let hash = |byte: &str| format!("0x{}", byte.repeat(32));
	assert_eq!(
		payload["voucher"],
		json!({
			"format": "v3",
			"genesisHash": hash("ab"),
			"session": 9,
			"lane": 1,
			"agreement": {
				"model": 3, "version": 1, "priceVersion": 2, "asOf": 990, "evidence": "open",
				"ownPrice": null,
			},
			"sequence": 4,
			"acknowledged": (3 * OPEN).to_string(),
			"acknowledgedRoot": hash("03"),
			"authorised": (5 * OPEN).to_string(),
			"requestHash": format!("{:?}", voucher().request_hash),
			"validUntil": 1_050,
			"extension": null,
		})
	);
	assert_eq!(payload["signature"]["type"], "sr25519");
	assert_eq!(payload["salt"], format!("0x{}", "07".repeat(32)));
	let response = PaymentResponse::new(&genesis(), alice(Scheme::Sr25519).account(), receipt());
	let json = serde_json::to_value(response).unwrap();
	let statement = &json["extra"]["statement"];
	assert_eq!(
		*statement,
		json!({
			"format": "v2",
			"genesisHash": hash("ab"),
			"session": 9,
			"lane": 1,
			"agreement": payload["voucher"]["agreement"],
			"sequence": 4,
			"tokens": { "input": 20, "cached": 10, "retrieved": 0, "output": 33 },
			"charge": (OPEN + 301).to_string(),
			"requestHash": payload["voucher"]["requestHash"],
			"responseHash": statement["responseHash"],
			"attribution": [{ "contribution": 5, "basisPoints": 6 }],
			"extension": null,
		})
	);
	let header = hex::encode(codec::Encode::encode(&receipt().header));
	assert_eq!(json["extra"]["header"], format!("0x{header}"));
	assert_eq!(json["transaction"], "");
}

#[test]
fn addresses_have_the_prefix_of_the_chain_and_are_read_with_any() {
	let account = alice(Scheme::Sr25519).account();
	let mut json = serde_json::to_value(payment(Scheme::Sr25519)).unwrap();
	let address = json["accepted"]["payTo"].as_str().unwrap();
	assert!(address.starts_with("op"), "{address}");

	// Substrate's own prefix, Polkadot's, and one that nobody has registered.
	for prefix in [42_u16, 0, 4_522] {
		let address = account.to_ss58check_with_version(prefix.into());
		json["accepted"]["payTo"] = json!(address);
		let decoded = decode::<PaymentSignature>(&encode(&json));
		assert_eq!(decoded.map(|payment| payment.accepted.pay_to).as_ref(), Ok(&account));
	}
	let mistyped = alice(Scheme::Sr25519).address().replace('A', "B");
	json["accepted"]["payTo"] = json!(mistyped);
	let refused = decode::<PaymentSignature>(&encode(&json)).unwrap_err().to_string();
	assert!(refused.contains("SS58"), "{refused}");
}

#[test]
fn an_offer_covers_a_prompt_of_which_any_part_is_cached() {
	let offer = requirements();
	let Terms { price, input_tokens: input, max_output_tokens: most, .. } = offer.extra;
	for cached in 0..=input {
		let tokens = Tokens { cached, ..Tokens::new(input, most) };
		assert!(price.charge(&tokens).unwrap() <= offer.amount, "{cached}");
	}
}

#[test]
fn a_nodes_own_price_is_what_is_offered_and_never_above_the_list_price() {
	let Requirements { pay_to, extra: terms, .. } = requirements();
	let own = PriceSchedule { per_call: OPEN / 2, per_output_token: 6, ..terms.price };
	let offer = |own| {
		let terms = Terms { own_price: Some(own), ..terms.clone() };
		Requirements::new(pay_to.clone(), 120, terms)
	};

	let offered = offer(own).unwrap();
	assert_eq!(offered.amount, OPEN / 2 + 20 * 5 + 100 * 6);
	assert_eq!((offered.extra.price, offered.extra.charged_price()), (terms.price, own));
	let sealed = offered.extra.agreement(7, Evidence::Sealed);
	let expected =
		Agreement { as_of: 7, evidence: Evidence::Sealed, own_price: Some(own), ..agreement() };
	assert_eq!(sealed, expected);
	let json = serde_json::to_value(&offered).unwrap();
	assert_eq!(json["extra"]["ownPrice"]["perOutputToken"], "6");
	assert_eq!(decode(&encode(&offered)), Ok(offered));

	let list = terms.price;
	for above in [
		PriceSchedule { per_call: OPEN + 1, ..list },
		PriceSchedule { per_input_token: 6, ..list },
		PriceSchedule { per_cached_input_token: 3, ..list },
		PriceSchedule { per_output_token: 8, ..list },
	] {
		assert_eq!(offer(above), None, "{above:?}");
	}
	assert!(offer(list).is_some());
}

#[test]
fn unknown_fields_are_left_to_newer_clients() {
	let mut json = serde_json::to_value(payment(Scheme::Sr25519)).unwrap();
	json["extensions"] = json!({"later": true});
	json["accepted"]["extra"]["later"] = json!(1);
	let decoded = decode::<PaymentSignature>(&encode(&json)).unwrap();
	assert_eq!(decoded.payload.voucher.newest(), voucher());
}

#[test]
fn both_alphabets_of_base64_are_read() {
	let demand = PaymentRequired::new("~~~???>>>", "http://node/?a=>", requirements());
	let json = serde_json::to_vec(&demand).unwrap();
	for header in [
		general_purpose::STANDARD.encode(&json),
		general_purpose::STANDARD_NO_PAD.encode(&json),
		general_purpose::URL_SAFE.encode(&json),
		general_purpose::URL_SAFE_NO_PAD.encode(&json),
	] {
		assert_eq!(decode::<PaymentRequired>(&header).as_ref(), Ok(&demand));
	}
}

#[test]
fn rubbish_is_refused_with_a_reason() {
	let read = |header: &str| decode::<PaymentSignature>(header).unwrap_err();
	assert!(matches!(read("not base64!"), X402Error::Base64(_)));
	assert!(matches!(read(""), X402Error::Json(_)));
	assert!(matches!(read(&"A".repeat(17_000)), X402Error::TooLong(_)));
	assert!(matches!(read(&general_purpose::STANDARD.encode("[]")), X402Error::Json(_)));
	assert_eq!(read(&encode(&json!({"x402Version": 1}))), X402Error::Version(1));
	assert_eq!(read(&encode(&json!({"x402Version": null}))), X402Error::Version(0));
	let mut other = serde_json::to_value(payment(Scheme::Sr25519)).unwrap();
	other["x402Version"] = json!(3);
	assert_eq!(read(&encode(&other)), X402Error::Version(3));

	let change = |pointer: &str, value: Value| {
		let mut json = serde_json::to_value(payment(Scheme::Sr25519)).unwrap();
		*json.pointer_mut(pointer).unwrap() = value;
		read(&encode(&json)).to_string()
	};
	assert!(change("/accepted/amount", json!("1.5")).contains("amount in planck"));
	assert!(change("/payload/voucher/authorised", json!(-1)).contains("amount in planck"));
	assert!(change("/payload/signature/type", json!("rsa")).contains("unknown variant"));
	assert!(change("/payload/signature/value", json!("0x00")).contains("another length"));
	assert!(change("/payload/signature/value", json!("xyz")).contains("not hex"));
	assert!(change("/payload/salt", json!("0x00")).contains("salt"));
	assert!(change("/payload/voucher", json!({})).contains("format"));
	assert!(change("/payload/voucher/format", json!("v2")).contains("unknown variant `v2`"));
	assert!(change("/payload/voucher", json!({ "format": "v3" })).contains("genesisHash"));
	assert!(
		change("/payload/voucher/agreement/evidence", json!("some")).contains("unknown variant")
	);
	assert!(change("/payload/voucher/agreement/ownPrice", json!({})).contains("perCall"));
	assert!(change("/accepted/payTo", json!("nobody")).contains("not what it should be"));
	let long = change("/payload/signature/type", json!("\u{1b}[2Jé".repeat(300)));
	assert!(long.contains("variant `[2Jé[2J") && long.chars().count() < 400, "{long}");
}

proptest! {
	#[test]
	fn any_header_is_read_or_refused(header in ".{0,300}") {
		let _ = decode::<PaymentSignature>(&header);
		let _ = decode::<PaymentRequired>(&header);
		let _ = decode::<PaymentResponse>(&header);
	}

	#[test]
	fn any_voucher_survives_the_way(
		session: u64, lane: u16, sequence: u64, acknowledged: u128, authorised: u128, as_of: u32,
		sealed: bool, own_price: Option<u128>,
	) {
		let mut payment = payment(Scheme::Sr25519);
		let own_price =
			own_price.map(|per_call| PriceSchedule { per_call, ..PriceSchedule::default() });
		let evidence = if sealed { Evidence::Sealed } else { Evidence::Open };
		let agreement = Agreement { as_of, evidence, own_price, ..agreement() };
		let voucher = Voucher {
			session, lane, agreement, sequence, acknowledged, authorised, ..voucher()
		};
		payment.payload.voucher = voucher.into();
		prop_assert_eq!(decode::<PaymentSignature>(&encode(&payment)), Ok(payment));
	}
}
