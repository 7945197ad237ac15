//! Calls the methods as a JSON-RPC client does, against a chain that a test makes up.

use crate::{module, DEFAULT_LIMIT};
use jsonrpsee::{server::MethodsError, RpcModule};
use openledger_primitives::{
	info::{
		Earnings, ModelInfo, NodeInfo, PendingPage, PendingPayout, Quote, QuoteError, SessionInfo,
	},
	policy::RevenuePolicy,
	price::PriceSchedule,
	runtime_api::{InferenceApi, ModelsApi, PayoutsApi},
	AccountId, ContributionId, Hash, ModelId, SessionId,
};
use serde_json::{json, Value};
use sp_api::{ApiRef, ProvideRuntimeApi};
use sp_blockchain::{BlockStatus, HeaderBackend, Info};
use sp_runtime::{
	generic,
	traits::{BlakeTwo256, Header as _},
	OpaqueExtrinsic, Permill,
};
use std::sync::Arc;

type Header = generic::Header<u32, BlakeTwo256>;
type Block = generic::Block<Header, OpaqueExtrinsic>;

const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
const MODELS: ModelId = 5;
/// A model that its owner has paused.
const PAUSED: ModelId = 3;
/// A model of which every call costs too much for a balance.
const PRICELESS: ModelId = 4;
const SESSION: SessionId = 7;
/// A session at which the runtime fails.
const BROKEN: SessionId = 8;
/// A session that has been pruned.
const PRUNED: SessionId = 9;

fn alice() -> AccountId {
	crate::parse_account(ALICE).unwrap()
}

fn best() -> Hash {
	Hash::repeat_byte(1)
}

fn model(id: ModelId) -> ModelInfo {
	ModelInfo {
		id,
		name: format!("model-{id}"),
		owner: alice(),
		paused: id == PAUSED,
		version: 1,
		price_version: 2,
		price: PriceSchedule { per_call: 10, per_input_token: 1, per_output_token: 2 },
		policy: RevenuePolicy {
			developer: Permill::from_percent(50),
			data: Permill::zero(),
			node: Permill::from_percent(50),
			attributed: Permill::zero(),
		},
		uri: "https://example.org".into(),
		weights_hash: Hash::repeat_byte(2),
		tokenizer_hash: Hash::repeat_byte(3),
		sources: Default::default(),
	}
}

fn session(id: SessionId) -> SessionInfo {
	SessionInfo {
		id,
		caller: alice(),
		node: alice(),
		signer: alice(),
		deposit: u128::MAX,
		settled: 0,
		expires_at: 100,
		closes_at: None,
		lanes: vec![],
	}
}

fn node() -> NodeInfo {
	NodeInfo {
		operator: alice(),
		endpoint: "http://127.0.0.1:8080".into(),
		receipt_key: alice(),
		bond: 1,
		models: vec![0],
	}
}

struct Api;

sp_api::mock_impl_runtime_apis! {
	impl ModelsApi<Block> for Api {
		fn model(id: ModelId) -> Option<ModelInfo> {
			(id < MODELS).then(|| model(id))
		}

		fn model_by_name(name: String) -> Option<ModelId> {
			name.strip_prefix("model-")?.parse().ok().filter(|id| *id < MODELS)
		}

		fn models(from: ModelId, limit: u32) -> Vec<ModelInfo> {
			(from..MODELS).take(limit as usize).map(model).collect()
		}
	}

	impl InferenceApi<Block> for Api {
		fn quote(
			id: ModelId,
			input_tokens: u32,
			output_tokens: u32,
		) -> Result<Quote, QuoteError> {
			let ModelInfo { price, version, price_version, .. } = match id {
				PAUSED => return Err(QuoteError::Paused),
				PRICELESS => return Err(QuoteError::Overflow),
				id if id < MODELS => model(id),
				_ => return Err(QuoteError::UnknownModel),
			};
			let charge = price.charge(input_tokens, output_tokens).ok_or(QuoteError::Overflow)?;
			Ok(Quote { model: id, version, price_version, price, charge })
		}

		#[advanced]
		fn session(at: Hash, id: SessionId) -> Result<Option<SessionInfo>, sp_api::ApiError> {
			match id {
				SESSION => Ok(Some(session(id))),
				BROKEN => Err(sp_api::ApiError::StateBackendIsNotTrie),
				PRUNED => Err(sp_api::ApiError::UnknownBlock(format!("{at:?}"))),
				_ => Ok(None),
			}
		}

		fn node(operator: AccountId) -> Option<NodeInfo> {
			(operator == alice()).then(node)
		}

		fn nodes(id: ModelId, after: Option<AccountId>, _limit: u32) -> Vec<NodeInfo> {
			if id == 0 && after.is_none() { vec![node()] } else { vec![] }
		}
	}

	impl PayoutsApi<Block> for Api {
		fn pending(account: AccountId, from: ContributionId, limit: u32) -> PendingPage {
			if account != alice() {
				return PendingPage::default();
			}
			let payout = PendingPayout {
				contribution: from,
				datanet: limit,
				release: Some(1),
				weight: 9,
				amount: 9_007_199_254_740_993,
			};
			PendingPage { payouts: vec![payout], next: Some(from + 1) }
		}

		fn earnings(account: AccountId) -> Earnings {
			Earnings { node: u128::from(account == alice()), ..Earnings::default() }
		}
	}
}

/// A chain of one block.
struct Chain;

impl ProvideRuntimeApi<Block> for Chain {
	type Api = Api;

	fn runtime_api(&self) -> ApiRef<'_, Api> {
		Api.into()
	}
}

impl HeaderBackend<Block> for Chain {
	fn header(&self, hash: Hash) -> sp_blockchain::Result<Option<Header>> {
		let (root, digest) = Default::default();
		Ok((hash == best()).then(|| Header::new(1, root, root, root, digest)))
	}

	fn info(&self) -> Info<Block> {
		Info {
			best_hash: best(),
			best_number: 1,
			genesis_hash: best(),
			finalized_hash: best(),
			finalized_number: 1,
			finalized_state: None,
			number_leaves: 1,
			block_gap: None,
		}
	}

	fn status(&self, _: Hash) -> sp_blockchain::Result<BlockStatus> {
		Ok(BlockStatus::InChain)
	}

	fn number(&self, _: Hash) -> sp_blockchain::Result<Option<u32>> {
		Ok(Some(1))
	}

	fn hash(&self, _: u32) -> sp_blockchain::Result<Option<Hash>> {
		Ok(Some(best()))
	}
}

/// Calls a method with positional parameters: its result, or the code of its error.
async fn call(method: &str, params: Value) -> Result<Value, i32> {
	let module: RpcModule<()> = module::<_, Block>(Arc::new(Chain)).unwrap();
	let params = params.as_array().unwrap().clone();
	module.call(method, params).await.map_err(|error| match error {
		MethodsError::JsonRpc(error) => error.code(),
		other => panic!("{other}"),
	})
}

#[tokio::test]
async fn models_are_listed_page_by_page() {
	let page = call("models_list", json!([0, 2])).await.unwrap();
	assert_eq!(page["models"].as_array().unwrap().len(), 2);
	assert_eq!(page["next"], 2);
	let page = call("models_list", json!([4, 2])).await.unwrap();
	assert_eq!(page["models"][0]["name"], "model-4");
	assert_eq!(page["next"], Value::Null);
	let all = call("models_list", json!([])).await.unwrap();
	assert_eq!(all["models"].as_array().unwrap().len(), 5);
	assert_eq!(call("models_list", json!([0, 0])).await, Err(12011));
	assert_eq!(call("models_list", json!([0, 257])).await, Err(12011));
}

#[tokio::test]
async fn a_model_is_got_by_id_and_by_name() {
	let by_id = call("models_get", json!([1])).await.unwrap();
	assert_eq!(by_id, call("models_get", json!(["model-1"])).await.unwrap());
	assert_eq!(by_id["owner"], ALICE);
	assert_eq!(by_id["price"]["per_call"], "10");
	assert_eq!(call("models_get", json!([5])).await, Err(12020));
	assert_eq!(call("models_get", json!(["nobody"])).await, Err(12020));
	assert_eq!(call("models_get", json!([true])).await, Err(-32602));
	assert_eq!(call("models_get", json!([])).await, Err(-32602));
}

#[tokio::test]
async fn quotes_say_why_there_is_none() {
	let quote = call("inference_quote", json!(["model-0", 3, 4])).await.unwrap();
	assert_eq!(quote["charge"], "21");
	assert_eq!(quote["price_version"], 2);
	assert_eq!(call("inference_quote", json!([PAUSED, 3, 4])).await, Err(12021));
	assert_eq!(call("inference_quote", json!([PRICELESS, 3, 4])).await, Err(12022));
	assert_eq!(call("inference_quote", json!([MODELS, 3, 4])).await, Err(12020));
	assert_eq!(call("inference_quote", json!([0, -1, 4])).await, Err(-32602));
}

#[tokio::test]
async fn failures_of_the_state_are_told_apart() {
	let session = call("inference_session", json!([SESSION])).await.unwrap();
	assert_eq!(session["deposit"], u128::MAX.to_string());
	assert_eq!(call("inference_session", json!([1])).await, Err(12030));
	assert_eq!(call("inference_session", json!([BROKEN])).await, Err(12002));
	assert_eq!(call("inference_session", json!([PRUNED])).await, Err(12001));
	assert_eq!(call("inference_session", json!([SESSION, Hash::zero()])).await, Err(12001));
	assert!(call("inference_session", json!([SESSION, best()])).await.is_ok());
}

#[tokio::test]
async fn nodes_are_found_by_operator_and_by_model() {
	let node = call("inference_node", json!([ALICE])).await.unwrap();
	assert_eq!(node["operator"], ALICE);
	let stranger = format!("0x{}", "00".repeat(32));
	assert_eq!(call("inference_node", json!([stranger])).await, Err(12031));
	assert_eq!(call("inference_node", json!(["alice"])).await, Err(12010));

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
async fn payouts_are_those_of_the_account() {
	let page = call("payouts_pending", json!([ALICE, 6])).await.unwrap();
	assert_eq!(page["payouts"][0]["contribution"], 6);
	assert_eq!(page["payouts"][0]["datanet"], DEFAULT_LIMIT);
	assert_eq!(page["payouts"][0]["amount"], "9007199254740993");
	assert_eq!(page["next"], 7);
	assert_eq!(call("payouts_earnings", json!([ALICE])).await.unwrap()["node"], "1");
	for method in ["payouts_pending", "payouts_earnings"] {
		assert_eq!(call(method, json!(["5Grw"])).await, Err(12010));
		assert_eq!(call(method, json!([42])).await, Err(-32602));
	}
	assert_eq!(call("payouts_pending", json!([ALICE, 0, 1_000])).await, Err(12011));
}
