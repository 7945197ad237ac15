//! Calls the methods as a JSON-RPC client does, against a chain that a test makes up.

mod chain;

use self::chain::{
	best, Block, Chain, ALICE, ANSWERED, BROKEN, CONTRIBUTIONS, DATANETS, DECLINED, MODELS, PAUSED,
	PRICELESS, PRUNED, RELEASES, REMOVED, REQUESTS, SESSION, VERSIONS,
};
use crate::{module, DEFAULT_LIMIT};
use jsonrpsee::{server::MethodsError, types::ErrorObjectOwned, RpcModule};
use openledger_primitives::{
	info::{ModelInfo, VersionInfo},
	Hash,
};
use serde_json::{json, Value};
use std::sync::Arc;

/// Calls a method with positional parameters: its result, or its error.
async fn answer(method: &str, params: Value) -> Result<Value, ErrorObjectOwned> {
	let module: RpcModule<()> = module::<_, Block>(Arc::new(Chain)).unwrap();
	let params = params.as_array().unwrap().clone();
	module.call(method, params).await.map_err(|error| match error {
		MethodsError::JsonRpc(error) => error,
		other => panic!("{other}"),
	})
}

/// Calls a method with positional parameters: its result, or the code of its error.
async fn call(method: &str, params: Value) -> Result<Value, i32> {
	answer(method, params).await.map_err(|error| error.code())
}

/// The entries of a page.
fn entries<'a>(page: &'a Value, of: &str) -> &'a [Value] {
	page[of].as_array().unwrap()
}

fn stranger() -> String {
	format!("0x{}", "00".repeat(32))
}

#[tokio::test]
async fn every_method_reads_the_block_that_is_asked_for() {
	let module: RpcModule<()> = module::<_, Block>(Arc::new(Chain)).unwrap();
	let mut methods = [
		("models_list", json!([null, null])),
		("models_get", json!([0])),
		("models_versions", json!([0, null, null])),
		("datanets_list", json!([null, null])),
		("datanets_get", json!([0])),
		("datanets_releases", json!([0, null, null])),
		("datanets_contribution", json!([0])),
		("datanets_contributions", json!([ALICE, null, null])),
		("inference_quote", json!([0, 1, 1])),
		("inference_session", json!([SESSION])),
		("inference_node", json!([ALICE])),
		("inference_nodes", json!([0, null, null])),
		("inference_request", json!([0])),
		("inference_requests", json!([0, null, null])),
		("payouts_pending", json!([ALICE, null, null])),
		("payouts_earnings", json!([ALICE])),
		("payouts_model", json!([0])),
	];
	for (method, params) in &methods {
		let at = |hash: Hash| {
			let mut params = params.as_array().unwrap().clone();
			params.push(json!(hash));
			Value::from(params)
		};
		let newest = call(method, params.clone()).await.unwrap();
		assert_eq!(call(method, at(best())).await, Ok(newest), "{method}");
		let error = answer(method, at(Hash::zero())).await.unwrap_err();
		assert_eq!(error.code(), 12001, "{method}");
		assert!(error.message().contains("leave `at` out"), "{method}: {}", error.message());
		let mut wrong = params.as_array().unwrap().clone();
		wrong.push(json!("0x01"));
		assert_eq!(call(method, wrong.into()).await, Err(-32602), "{method}");
	}
	let mut served: Vec<_> = module.method_names().collect();
	served.sort_unstable();
	methods.sort_unstable_by_key(|(method, _)| *method);
	assert_eq!(served, methods.map(|(method, _)| method), "every method is tested here");
}

#[tokio::test]
async fn pages_are_bounded_everywhere() {
	for (method, params) in [
		("models_list", json!([0])),
		("models_versions", json!([0, 0])),
		("datanets_list", json!([0])),
		("datanets_releases", json!([0, 0])),
		("datanets_contributions", json!([ALICE, 0])),
		("inference_nodes", json!([0, null])),
		("inference_requests", json!([0, 0])),
		("payouts_pending", json!([ALICE, 0])),
	] {
		let limited = |limit: u32| {
			let mut params = params.as_array().unwrap().clone();
			params.push(json!(limit));
			Value::from(params)
		};
		assert!(call(method, limited(256)).await.is_ok(), "{method}");
		for limit in [0, 257, u32::MAX] {
			let error = answer(method, limited(limit)).await.unwrap_err();
			assert_eq!(error.code(), 12011, "{method}");
			assert!(error.message().contains("from 1 to 256"), "{method}");
		}
	}
}

#[tokio::test]
async fn models_are_listed_page_by_page() {
	let page = call("models_list", json!([0, 2])).await.unwrap();
	assert_eq!(entries(&page, "models").len(), 2);
	assert_eq!(page["next"], 2);
	let page = call("models_list", json!([4, 2])).await.unwrap();
	assert_eq!(page["models"][0]["name"], "model-4");
	assert_eq!(page["next"], Value::Null);
	let all = call("models_list", json!([])).await.unwrap();
	assert_eq!(entries(&all, "models").len(), 5);
}

#[tokio::test]
async fn a_model_is_got_by_id_and_by_name() {
	let by_id = call("models_get", json!([1])).await.unwrap();
	assert_eq!(by_id, call("models_get", json!(["model-1"])).await.unwrap());
	assert_eq!((&by_id["owner"], &by_id["payee"]), (&json!(ALICE), &json!(ALICE)));
	assert_eq!(by_id["price"]["per_call"], "10");
	assert_eq!(by_id["deposit"], (1u128 << 100).to_string());
	assert_eq!(by_id["parent"]["royalty"], 100_000);
	assert_eq!(by_id["next_price"]["from"], 50);
	assert_eq!(by_id["next_price"]["value"]["price"]["per_output_token"], "2");
	assert_eq!(by_id["price"]["per_cached_input_token"], "0");
	assert_eq!(by_id["uri"], "https://example.org");
	assert_eq!(by_id["base_hash"], json!(Hash::repeat_byte(2)));
	assert_eq!((&by_id["adapter_hash"], &by_id["template_overhead"]), (&Value::Null, &json!(9)));
	assert_eq!(by_id["sources"][0]["release"]["fixed"], 1);
	assert!(serde_json::from_value::<ModelInfo>(by_id).is_ok(), "clients can read it");
	assert_eq!(call("models_get", json!([])).await, Err(-32602));

	let unknown = answer("models_get", json!(["nobody"])).await.unwrap_err();
	assert_eq!(unknown.code(), 12020);
	assert_eq!(
		unknown.message(),
		"unknown model \"nobody\": models_list shows those that there are"
	);
	assert_eq!(call("models_get", json!([5])).await, Err(12020));
	let wrong = answer("models_get", json!([true])).await.unwrap_err();
	assert_eq!(wrong.code(), -32602);
	assert!(wrong.data().unwrap().get().contains("a name in quotes"), "{wrong:?}");
}

#[tokio::test]
async fn versions_are_listed_page_by_page() {
	let page = call("models_versions", json!(["model-0", 0, 2])).await.unwrap();
	assert_eq!(entries(&page, "versions").len(), 2);
	assert_eq!(page["versions"][1]["version"], 1);
	assert_eq!(page["versions"][1]["tokenizer_hash"], json!(Hash::repeat_byte(3)));
	assert!(serde_json::from_value::<VersionInfo>(page["versions"][1].clone()).is_ok());
	assert_eq!(page["next"], 2);
	let rest = call("models_versions", json!([0, 2, 2])).await.unwrap();
	assert_eq!(rest["versions"][0]["version"], VERSIONS - 1);
	assert_eq!(rest["next"], Value::Null);
	assert_eq!(call("models_versions", json!([MODELS])).await, Err(12020));
	assert_eq!(call("models_versions", json!(["nobody"])).await, Err(12020));
}

#[tokio::test]
async fn datanets_are_listed_and_got() {
	let page = call("datanets_list", json!([0, 2])).await.unwrap();
	assert_eq!((entries(&page, "datanets").len(), &page["next"]), (2, &json!(2)));
	let rest = call("datanets_list", json!([2, 2])).await.unwrap();
	assert_eq!((entries(&rest, "datanets").len(), &rest["next"]), (1, &Value::Null));

	let by_id = call("datanets_get", json!([2])).await.unwrap();
	assert_eq!(by_id, call("datanets_get", json!(["datanet-2"])).await.unwrap());
	assert_eq!((&by_id["curator"], &by_id["curator_share"]), (&json!(ALICE), &json!(50_000)));
	assert_eq!(by_id["current_release"], RELEASES - 1);
	assert_eq!(by_id["next_release"], json!({ "from": 90, "value": RELEASES }));
	for unknown in [json!([DATANETS]), json!(["model-0"])] {
		let error = answer("datanets_get", unknown).await.unwrap_err();
		assert_eq!(error.code(), 12040);
		assert!(error.message().contains("datanets_list"), "{}", error.message());
	}
}

#[tokio::test]
async fn releases_are_listed_page_by_page() {
	let page = call("datanets_releases", json!(["datanet-1", null, 3])).await.unwrap();
	assert_eq!((&page["releases"][0]["release"], &page["next"]), (&json!(1), &json!(4)));
	assert_eq!(page["releases"][0]["datanet"], 1);
	assert_eq!(page["releases"][0]["root"], json!(Hash::repeat_byte(6)));
	assert_eq!(page["releases"][0]["received"], (1u128 << 90).to_string());
	let rest = call("datanets_releases", json!([1, 4, 3])).await.unwrap();
	assert_eq!((&rest["releases"][0]["release"], &rest["next"]), (&json!(RELEASES), &Value::Null));
	assert_eq!(call("datanets_releases", json!([DATANETS])).await, Err(12040));
}

#[tokio::test]
async fn contributions_are_found_by_id_and_by_account() {
	let one = call("datanets_contribution", json!([4])).await.unwrap();
	assert_eq!((&one["id"], &one["state"]), (&json!(4), &json!("accepted")));
	assert_eq!(one["bond"], (1u128 << 70).to_string());
	assert_eq!((&one["format"], &one["since"]), (&json!(1), &json!(12)));
	assert_eq!(one["licence"], json!(Hash::repeat_byte(7)));
	assert_eq!((&one["shown_at"], &one["withheld"]), (&Value::Null, &json!(false)));
	assert_eq!(one["slashed_at"], Value::Null);
	assert_eq!(one["drawn"], json!({ "leaf": 2, "offset": 512, "length": 256 }));
	let unknown = answer("datanets_contribution", json!([CONTRIBUTIONS])).await.unwrap_err();
	assert_eq!(unknown.code(), 12041);
	assert!(unknown.message().contains("rejected or withdrawn"), "{}", unknown.message());

	let page = call("datanets_contributions", json!([ALICE, 3, 2])).await.unwrap();
	assert_eq!((&page["contributions"][0]["id"], &page["next"]), (&json!(3), &json!(5)));
	let nobody = call("datanets_contributions", json!([stranger()])).await.unwrap();
	assert_eq!(nobody, json!({ "contributions": [], "next": null }));
	assert_eq!(call("datanets_contributions", json!(["alice"])).await, Err(12010));
}

#[tokio::test]
async fn quotes_say_why_there_is_none() {
	let quote = call("inference_quote", json!(["model-0", 3, 4])).await.unwrap();
	assert_eq!(quote["charge"], "21");
	assert_eq!(quote["price_version"], 2);
	let paused = answer("inference_quote", json!([PAUSED, 3, 4])).await.unwrap_err();
	assert_eq!(paused.code(), 12021);
	assert!(paused.message().contains("paused or retired"), "{}", paused.message());
	assert_eq!(call("inference_quote", json!([PRICELESS, 3, 4])).await, Err(12022));
	assert_eq!(call("inference_quote", json!([MODELS, 3, 4])).await, Err(12020));
	assert_eq!(call("inference_quote", json!([0, -1, 4])).await, Err(-32602));
}

#[tokio::test]
async fn failures_of_the_state_are_told_apart() {
	let session = call("inference_session", json!([SESSION])).await.unwrap();
	assert_eq!(session["deposit"], u128::MAX.to_string());
	assert_eq!(session["spending_limit"], (u128::MAX - 1).to_string());
	assert_eq!(call("inference_session", json!([1])).await, Err(12030));
	assert_eq!(call("inference_session", json!([BROKEN])).await, Err(12002));
	assert_eq!(call("inference_session", json!([PRUNED])).await, Err(12001));
}

#[tokio::test]
async fn nodes_are_found_by_operator_and_by_model() {
	let node = call("inference_node", json!([ALICE])).await.unwrap();
	assert_eq!((&node["operator"], &node["payee"]), (&json!(ALICE), &json!(ALICE)));
	assert_eq!(node["models"], json!([{ "model": 0, "capacity": 4 }]));
	assert_eq!(node["status"], json!({ "unbonding": 77 }));
	assert_eq!(call("inference_node", json!([stranger()])).await, Err(12031));
	let wrong = answer("inference_node", json!(["alice"])).await.unwrap_err();
	assert_eq!(wrong.code(), 12010);
	assert!(wrong.message().contains("SS58 address of this chain"), "{}", wrong.message());

	let page = call("inference_nodes", json!(["model-0"])).await.unwrap();
	assert_eq!((&page["nodes"][0], &page["next"]), (&node, &Value::Null));
	let full = call("inference_nodes", json!([0, null, 1])).await.unwrap();
	assert_eq!(full["next"], ALICE);
	let rest = call("inference_nodes", json!([0, ALICE])).await.unwrap();
	assert_eq!(rest["nodes"], json!([]));
	assert_eq!(call("inference_nodes", json!([MODELS])).await, Err(12020));
	assert_eq!(call("inference_nodes", json!([0, "alice"])).await, Err(12010));
}

#[tokio::test]
async fn requests_are_found_by_id_and_by_model() {
	let request = call("inference_request", json!([1])).await.unwrap();
	assert_eq!(request["max_charge"], (1u128 << 64).to_string());
	assert_eq!((&request["state"], &request["input"]), (&json!("waiting"), &json!("Hi")));
	let claim = json!({ "node": ALICE, "deposit": (1u128 << 65).to_string(), "until": 85 });
	assert_eq!(request["claim"], claim);
	let refusal = json!({ "node": ALICE, "refusal": { "gave_up": "too_late" } });
	assert_eq!(request["refusals"], json!([refusal]));
	let gone = answer("inference_request", json!([REQUESTS])).await.unwrap_err();
	assert_eq!(gone.code(), 12032);
	assert!(gone.message().contains("has expired"), "{}", gone.message());

	let page = call("inference_requests", json!(["model-0", 1, 1])).await.unwrap();
	assert_eq!((&page["requests"][0]["id"], &page["next"]), (&request["id"], &json!(2)));
	let none = call("inference_requests", json!([1])).await.unwrap();
	assert_eq!(none, json!({ "requests": [], "next": null }));
	assert_eq!(call("inference_requests", json!([MODELS])).await, Err(12020));
}

/// Whoever asks a second too late reads the answer too.
#[tokio::test]
async fn what_became_of_a_request_can_be_read() {
	let answered = call("inference_request", json!([ANSWERED])).await.unwrap();
	let charge = (1u128 << 64).to_string();
	let end = json!({ "answered": { "node": ALICE, "charge": charge, "output": "Grüße" } });
	assert_eq!((&answered["state"], &answered["end"]), (&json!("over"), &end));
	assert_eq!(answered["deposit"], (1u128 << 66).to_string());

	let declined = call("inference_request", json!([DECLINED])).await.unwrap();
	let end = json!({ "declined": { "node": ALICE, "reason": "bad_input" } });
	assert_eq!((&declined["state"], &declined["end"]), (&json!("over"), &end));
}

#[tokio::test]
async fn payouts_are_those_of_the_account() {
	let page = call("payouts_pending", json!([ALICE, 6])).await.unwrap();
	assert_eq!(page["payouts"][0]["contribution"], 6);
	assert_eq!(page["payouts"][0]["datanet"], DEFAULT_LIMIT);
	assert_eq!(page["payouts"][0]["release"], 1);
	assert_eq!(page["payouts"][0]["amount"], "9007199254740993");
	assert_eq!(page["next"], 7);
	assert_eq!(page["curator"], (1u128 << 100).to_string());
	let nothing = call("payouts_pending", json!([stranger()])).await.unwrap();
	assert_eq!(nothing, json!({ "payouts": [], "next": null, "curator": "0" }));

	let earned = call("payouts_earnings", json!([ALICE])).await.unwrap();
	for (role, amount) in [
		("developer", "0"),
		("data", "0"),
		("node", "1"),
		("protocol", "0"),
		("curator", "2"),
		("royalty", "3"),
		("accrued", "0"),
	] {
		assert_eq!(earned[role], amount, "{role}");
	}
	for method in ["payouts_pending", "payouts_earnings"] {
		assert_eq!(call(method, json!(["5Grw"])).await, Err(12010));
		assert_eq!(call(method, json!([42])).await, Err(-32602));
	}
}

#[tokio::test]
async fn a_models_totals_outlive_it() {
	let earned = call("payouts_model", json!(["model-0"])).await.unwrap();
	assert_eq!((&earned["calls"], &earned["developer"]), (&json!(2), &json!("0")));
	assert_eq!(earned["charged"], (1u128 << 80).to_string());
	assert_eq!(call("payouts_model", json!([REMOVED])).await.unwrap(), earned);
	let unused = call("payouts_model", json!([1])).await.unwrap();
	assert_eq!((&unused["calls"], &unused["charged"]), (&json!(0), &json!("0")));
	assert_eq!(call("payouts_model", json!([MODELS])).await, Err(12020));
	assert_eq!(call("payouts_model", json!(["nobody"])).await, Err(12020));
}
