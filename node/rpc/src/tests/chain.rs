//! A chain of one block, whose runtime answers what a test expects.

use openledger_primitives::{
	attribution::{DataSource, ReleaseSelector, NEWEST_RULE},
	data_tree::DrawnLeaf,
	info::{
		ClaimInfo, ContributionInfo, ContributionState, DatanetInfo, Earnings, EndInfo,
		ModelEarnings, ModelInfo, NextPrice, NodeInfo, NodeStatus, OutcomeInfo, ParentInfo,
		PendingPage, PendingPayout, Quote, QuoteError, RefusalInfo, ReleaseInfo, RequestInfo,
		Scheduled, ServedInfo, SessionInfo, VersionInfo,
	},
	model::VersionDetails,
	on_chain::{DeclineReason, Refusal},
	policy::RevenuePolicy,
	price::{PriceSchedule, Tokens},
	runtime_api::{DatanetsApi, InferenceApi, ModelsApi, PayoutsApi},
	AccountId, Balance, ContributionId, DatanetId, Hash, ModelId, ReleaseId, RequestId, SessionId,
	VersionId,
};
use sp_api::{ApiRef, ProvideRuntimeApi};
use sp_blockchain::{BlockStatus, HeaderBackend, Info};
use sp_runtime::{
	generic,
	traits::{BlakeTwo256, Header as _},
	OpaqueExtrinsic, Permill,
};

pub type Header = generic::Header<u32, BlakeTwo256>;
pub type Block = generic::Block<Header, OpaqueExtrinsic>;

pub const ALICE: &str = "opnyNEihcAKoDLEuFQ4zsFcd5C5FghnQER5KX9ZTQL4u9r3Aa";
/// Models have the ids below this.
pub const MODELS: ModelId = 5;
/// A model that its owner has paused.
pub const PAUSED: ModelId = 3;
/// A model of which every call costs too much for a balance.
pub const PRICELESS: ModelId = 4;
/// A model that was removed, but has earned.
pub const REMOVED: ModelId = 9;
/// Versions of each model.
pub const VERSIONS: VersionId = 3;
/// Datanets have the ids below this.
pub const DATANETS: DatanetId = 3;
/// Releases of each datanet, from 1.
pub const RELEASES: ReleaseId = 4;
/// Contributions have the ids below this, and are Alice's.
pub const CONTRIBUTIONS: ContributionId = 6;
/// Calls on chain that wait have the ids below this, and are of model 0.
pub const REQUESTS: RequestId = 3;
/// A call on chain that was answered, and one that was declined.
pub const ANSWERED: RequestId = 7;
pub const DECLINED: RequestId = 8;
pub const SESSION: SessionId = 7;
/// A session at which the runtime fails.
pub const BROKEN: SessionId = 8;
/// A session that has been pruned.
pub const PRUNED: SessionId = 9;

pub fn alice() -> AccountId {
	crate::parse_account(ALICE).unwrap()
}

pub fn best() -> Hash {
	Hash::repeat_byte(1)
}

fn price() -> PriceSchedule {
	PriceSchedule {
		per_call: 10,
		per_input_token: 1,
		per_cached_input_token: 0,
		per_output_token: 2,
	}
}

fn details() -> VersionDetails {
	VersionDetails {
		uri: b"https://example.org".to_vec().try_into().unwrap(),
		base_hash: Hash::repeat_byte(2),
		adapter_hash: None,
		tokenizer_hash: Hash::repeat_byte(3),
		template_hash: Some(Hash::repeat_byte(5)),
		template_overhead: 9,
		max_retrieved_tokens: 1_000,
		attribution_rule: NEWEST_RULE,
		sources: vec![DataSource { datanet: 0, release: ReleaseSelector::Fixed(1), weight: 1 }]
			.try_into()
			.unwrap(),
	}
}

fn model(id: ModelId) -> ModelInfo {
	let next_price = NextPrice { price_version: 3, price: price() };
	ModelInfo {
		id,
		name: format!("model-{id}"),
		owner: alice(),
		payee: alice(),
		paused: id == PAUSED,
		retired_at: None,
		offered_to: None,
		version: 1,
		price_version: 2,
		price: price(),
		policy: RevenuePolicy {
			developer: Permill::from_percent(50),
			data: Permill::zero(),
			node: Permill::from_percent(50),
			attributed: Permill::zero(),
		},
		details: details(),
		parent: Some(ParentInfo { model: 0, royalty: Permill::from_percent(10) }),
		next_version: None,
		next_price: Some(Scheduled { from: 50, value: next_price }),
		next_policy: None,
		deposit: 1 << 100,
	}
}

fn version(version: VersionId) -> VersionInfo {
	VersionInfo { version, from: version, until: None, details: details() }
}

fn session(id: SessionId) -> SessionInfo {
	SessionInfo {
		id,
		caller: alice(),
		node: alice(),
		signer: alice(),
		deposit: u128::MAX,
		settled: 0,
		spending_limit: u128::MAX - 1,
		opened_at: 10,
		expires_at: 100,
		closes_at: None,
		lanes: vec![],
	}
}

fn node() -> NodeInfo {
	NodeInfo {
		operator: alice(),
		payee: alice(),
		endpoint: "http://127.0.0.1:8080".into(),
		receipt_key: alice(),
		bond: 1,
		models: vec![ServedInfo { model: 0, capacity: 4 }],
		status: NodeStatus::Unbonding(77),
		last_heartbeat: 5,
		sessions: 1,
	}
}

fn request(id: RequestId) -> RequestInfo {
	RequestInfo {
		id,
		caller: alice(),
		model: 0,
		node: None,
		version: 1,
		price_version: 2,
		asked_at: 80,
		max_charge: 1 << 64,
		deadline: 90,
		cancelled_at: None,
		most_input_tokens: 11,
		claim: Some(ClaimInfo { node: alice(), deposit: 1 << 65, until: 85 }),
		refusals: vec![RefusalInfo {
			node: alice(),
			refusal: Refusal::GaveUp(DeclineReason::TooLate),
		}],
		input: "Hi".into(),
	}
}

fn outcome(id: RequestId) -> OutcomeInfo {
	let (node, reason) = (alice(), DeclineReason::BadInput);
	let end = match id {
		ANSWERED => EndInfo::Answered { node, charge: 1 << 64, output: "Grüße".into() },
		_ => EndInfo::Declined { node, reason },
	};
	OutcomeInfo { id, caller: alice(), model: 0, deposit: 1 << 66, at: 88, until: 99, end }
}

fn datanet(id: DatanetId) -> DatanetInfo {
	DatanetInfo {
		id,
		name: format!("datanet-{id}"),
		curator: alice(),
		offered_to: None,
		curator_share: Permill::from_percent(5),
		open: true,
		latest_release: RELEASES,
		current_release: Some(RELEASES - 1),
		next_release: Some(Scheduled { from: 90, value: RELEASES }),
		next_total_weight: 10,
		next_contributions: 2,
	}
}

fn release(datanet: DatanetId, release: ReleaseId) -> ReleaseInfo {
	ReleaseInfo {
		datanet,
		release,
		total_weight: 10,
		contributions: 2,
		root: Hash::repeat_byte(6),
		curator_share: Permill::from_percent(5),
		per_weight: 3,
		carry: 1,
		received: 1 << 90,
	}
}

fn contribution(id: ContributionId) -> ContributionInfo {
	ContributionInfo {
		id,
		datanet: 0,
		contributor: alice(),
		beneficiary: alice(),
		root: Hash::repeat_byte(4),
		size: 1_000,
		uri: "https://example.org/data".into(),
		format: 1,
		licence: Hash::repeat_byte(7),
		since: 12,
		shown_at: None,
		drawn: Some(DrawnLeaf { leaf: 2, offset: 512, length: 256 }),
		withheld: false,
		slashed_at: None,
		state: ContributionState::Accepted,
		next_weight: 5,
		bond: 1 << 70,
	}
}

fn page<T>(ids: impl Iterator<Item = T>, limit: u32) -> impl Iterator<Item = T> {
	ids.take(limit as usize)
}

pub struct Api;

sp_api::mock_impl_runtime_apis! {
	impl ModelsApi<Block> for Api {
		fn model(id: ModelId) -> Option<ModelInfo> {
			(id < MODELS).then(|| model(id))
		}

		fn model_by_name(name: String) -> Option<ModelId> {
			name.strip_prefix("model-")?.parse().ok().filter(|id| *id < MODELS)
		}

		fn models(from: ModelId, limit: u32) -> Vec<ModelInfo> {
			page(from..MODELS, limit).map(model).collect()
		}

		fn versions(model: ModelId, from: VersionId, limit: u32) -> Vec<VersionInfo> {
			let until = if model < MODELS { VERSIONS } else { 0 };
			page(from..until, limit).map(version).collect()
		}
	}

	impl DatanetsApi<Block> for Api {
		fn datanet(id: DatanetId) -> Option<DatanetInfo> {
			(id < DATANETS).then(|| datanet(id))
		}

		fn datanet_by_name(name: String) -> Option<DatanetId> {
			name.strip_prefix("datanet-")?.parse().ok().filter(|id| *id < DATANETS)
		}

		fn datanets(from: DatanetId, limit: u32) -> Vec<DatanetInfo> {
			page(from..DATANETS, limit).map(datanet).collect()
		}

		fn releases(datanet: DatanetId, from: ReleaseId, limit: u32) -> Vec<ReleaseInfo> {
			page(from.max(1)..=RELEASES, limit).map(|number| release(datanet, number)).collect()
		}

		fn contribution(id: ContributionId) -> Option<ContributionInfo> {
			(id < CONTRIBUTIONS).then(|| contribution(id))
		}

		fn contributions(
			account: AccountId,
			from: ContributionId,
			limit: u32,
		) -> Vec<ContributionInfo> {
			let until = if account == alice() { CONTRIBUTIONS } else { 0 };
			page(from..until, limit).map(contribution).collect()
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
			let charge = price.charge(&Tokens::new(input_tokens, output_tokens));
			let charge = charge.ok_or(QuoteError::Overflow)?;
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

		fn request(id: RequestId) -> Option<RequestInfo> {
			(id < REQUESTS).then(|| request(id))
		}

		fn outcome(id: RequestId) -> Option<OutcomeInfo> {
			[ANSWERED, DECLINED].contains(&id).then(|| outcome(id))
		}

		fn requests(model: ModelId, from: RequestId, limit: u32) -> Vec<RequestInfo> {
			let until = if model == 0 { REQUESTS } else { 0 };
			page(from..until, limit).map(request).collect()
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

		fn pending_curator(account: AccountId) -> Balance {
			if account == alice() { 1 << 100 } else { 0 }
		}

		fn earnings(account: AccountId) -> Earnings {
			let amount = u128::from(account == alice());
			Earnings { node: amount, curator: 2 * amount, royalty: 3 * amount, ..Earnings::default() }
		}

		fn model_earnings(model: ModelId) -> ModelEarnings {
			match model {
				0 | REMOVED => {
					ModelEarnings { calls: 2, charged: 1 << 80, ..ModelEarnings::default() }
				}
				_ => ModelEarnings::default(),
			}
		}
	}
}

/// A chain of one block.
pub struct Chain;

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
