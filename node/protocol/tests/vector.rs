//! The test vector of the protocol's page, which the other implementations check as well.

use std::{fs, path::Path};

use openledger_primitives::{
	answer::{prompt_root, unattributed, AnswerSalts},
	lane::request_hash,
	lane_list::{LaneList, Totals},
	price::Tokens,
	signing::Signed,
	AccountId, Hash,
};
use openledger_protocol::{
	closing::CloseAnswer,
	x402::{Payload, Receipt},
	LaneStateBody,
};
use serde::de::DeserializeOwned;
use serde_json::{json, Value};
use sp_core::crypto::Ss58Codec;

/// The only block of JSON on the page that begins with a salt.
fn vector() -> Value {
	let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/x402-openledger.md");
	let page = fs::read_to_string(path).unwrap();
	let mut blocks = page.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap());
	let block = blocks.find(|block| block.trim_start().starts_with("{\n  \"salt\""));
	serde_json::from_str(block.expect("the page has a test vector")).unwrap()
}

fn read<T: DeserializeOwned>(value: &Value) -> T {
	serde_json::from_value(value.clone()).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
	hex::decode(value.as_str().unwrap().strip_prefix("0x").unwrap()).unwrap()
}

fn text(value: &Value) -> &[u8] {
	value.as_str().unwrap().as_bytes()
}

fn account(value: &Value) -> AccountId {
	AccountId::from_ss58check_with_version(value.as_str().unwrap()).unwrap().0
}

#[test]
fn vouchers_are_those_of_the_page() {
	let vector = vector();
	for signed in vector["voucherSignatures"].as_array().unwrap() {
		let (voucher, salt) = (&vector["voucher"], &vector["salt"]);
		let json = json!({ "voucher": voucher, "signature": signed["signature"], "salt": salt });
		let payload: Payload = read(&json);
		assert!(payload.is_signed_by(&account(&signed["account"])), "{signed}");
		assert!(payload.is_for(text(&vector["body"])));
		let voucher = payload.voucher.newest();
		assert_eq!(voucher.signing_payload(), bytes(&vector["voucherPayload"]));
		assert_eq!(serde_json::to_value(&payload).unwrap(), json);
	}
}

#[test]
fn statements_are_those_of_the_page() {
	let vector = vector();
	for signed in vector["statementSignatures"].as_array().unwrap() {
		let json = json!({
			"statement": vector["statement"],
			"signature": signed["signature"],
			"header": vector["header"],
		});
		let receipt: Receipt = read(&json);
		assert!(receipt.is_signed_by(&account(&signed["account"])), "{signed}");
		let statement = receipt.statement.newest();
		assert_eq!(statement.signing_payload(), bytes(&vector["statementPayload"]));
		assert_eq!(receipt.statement.hash(), read::<Hash>(&vector["statementHash"]));
		assert_eq!(serde_json::to_value(&receipt).unwrap(), json);
	}
}

#[test]
fn answers_are_hashed_as_on_the_page() {
	let vector = vector();
	let salt: [u8; 32] = bytes(&vector["salt"]).try_into().unwrap();
	let request = request_hash(&salt, text(&vector["body"]));
	assert_eq!(request, read::<Hash>(&vector["requestHash"]));
	let state: LaneStateBody = read(&vector["laneState"]);
	let receipt = state.last.unwrap().statement.unwrap();
	let evidence = receipt.statement.newest().agreement.evidence;

	let prompt = prompt_root(&AnswerSalts::new(&salt, &request), text(&vector["prompt"])).unwrap();
	let answer = unattributed(&salt, &request, text(&vector["text"]), prompt, evidence).unwrap();

	assert_eq!(prompt, read::<Hash>(&vector["promptRoot"]));
	assert_eq!(answer.header, receipt.header);
	assert_eq!(answer.hash(), receipt.statement.newest().response_hash);
}

#[test]
fn lanes_are_acknowledged_as_on_the_page() {
	let vector = vector();
	let mut list = LaneList::default();
	for call in vector["calls"].as_array().unwrap() {
		let tokens: Tokens = read(&call["tokens"]);
		let totals = Totals {
			calls: 1,
			charge: call["charge"].as_str().unwrap().parse().unwrap(),
			input_tokens: tokens.input.into(),
			cached_tokens: tokens.cached.into(),
			retrieved_tokens: tokens.retrieved.into(),
			output_tokens: tokens.output.into(),
			calls_with_entries: 0,
		};
		list.append(read(&call["sequence"]), read(&call["statement"]), &totals).unwrap();
	}
	assert_eq!(list.root(), read::<Hash>(&vector["acknowledgedRoot"]));

	let state: LaneStateBody = read(&vector["laneState"]);
	assert_eq!(serde_json::to_value(&state).unwrap(), vector["laneState"]);
	let last = state.last.unwrap();
	assert_eq!(last.list(), Ok(list.clone()));
	let statement = last.statement.unwrap().statement;
	let call = statement.newest();
	list.append(call.sequence, statement.hash(), &call.totals()).unwrap();
	assert_eq!(list.root(), read::<Hash>(&vector["root"]));
	assert_eq!((list.totals().charge, call.sequence), (state.charged, state.sequence));
}

#[test]
fn agreements_to_close_are_those_of_the_page() {
	let vector = vector();
	let (close, signature) = (&vector["close"], &vector["closeSignature"]);
	let answer: CloseAnswer = read(&json!({ "settled": close["settled"], "signature": signature }));
	let node = account(&vector["statementSignatures"][0]["account"]);
	let (genesis, session) = (read(&close["genesisHash"]), read(&close["session"]));
	assert!(answer.is_signed_by(genesis, session, &node));
	let agreement = answer.agreement(genesis, session);
	assert_eq!(agreement.signing_payload(), bytes(&vector["closePayload"]));
}
