//! Questions that a node can ask the runtime.

// The macro generates public items without documentation.
#![allow(missing_docs)]

use crate::{
	constants, genesis_config_presets, pallets, AccountId, Babe, Balance, Block, DataAttribution,
	Executive, Grandpa, InferenceMetering, InferenceRequests, ModelRegistry, Nonce, RevenueSplit,
	Runtime, RuntimeCall, RuntimeGenesisConfig, SessionKeys, System, TransactionPayment, VERSION,
};
use alloc::{string::String, vec::Vec};
use frame_support::{
	genesis_builder_helper::{build_state, get_preset},
	weights::Weight,
};
use openledger_primitives::{
	info::{
		ContributionInfo, DatanetInfo, Earnings, LaneTermsInfo, ModelEarnings, ModelInfo, NodeInfo,
		OutcomeInfo, PendingPage, Quote, QuoteError, ReleaseInfo, RequestInfo, SessionInfo,
		VersionInfo,
	},
	lane::RejectReason,
	BlockNumber, ContributionId, DatanetId, ModelId, PriceVersion, ReleaseId, RequestId, SessionId,
	VersionId,
};
use pallet_transaction_payment_rpc_runtime_api::{FeeDetails, RuntimeDispatchInfo};
use sp_api::impl_runtime_apis;
use sp_core::OpaqueMetadata;
use sp_runtime::{
	traits::{Block as BlockT, NumberFor},
	transaction_validity::{TransactionSource, TransactionValidity},
	ApplyExtrinsicResult, ExtrinsicInclusionMode,
};
use sp_session::OpaqueGeneratedSessionKeys;
use sp_version::RuntimeVersion;

impl_runtime_apis! {
	impl sp_api::Core<Block> for Runtime {
		fn version() -> RuntimeVersion {
			VERSION
		}

		fn execute_block(block: <Block as BlockT>::LazyBlock) {
			Executive::execute_block(block);
		}

		fn initialize_block(header: &<Block as BlockT>::Header) -> ExtrinsicInclusionMode {
			Executive::initialize_block(header)
		}
	}

	impl sp_api::Metadata<Block> for Runtime {
		fn metadata() -> OpaqueMetadata {
			OpaqueMetadata::new(Runtime::metadata().into())
		}

		fn metadata_at_version(version: u32) -> Option<OpaqueMetadata> {
			Runtime::metadata_at_version(version)
		}

		fn metadata_versions() -> Vec<u32> {
			Runtime::metadata_versions()
		}
	}

	impl frame_support::view_functions::runtime_api::RuntimeViewFunction<Block> for Runtime {
		fn execute_view_function(
			id: frame_support::view_functions::ViewFunctionId,
			input: Vec<u8>,
		) -> Result<Vec<u8>, frame_support::view_functions::ViewFunctionDispatchError> {
			Runtime::execute_view_function(id, input)
		}
	}

	impl sp_block_builder::BlockBuilder<Block> for Runtime {
		fn apply_extrinsic(extrinsic: <Block as BlockT>::Extrinsic) -> ApplyExtrinsicResult {
			Executive::apply_extrinsic(extrinsic)
		}

		fn finalize_block() -> <Block as BlockT>::Header {
			Executive::finalize_block()
		}

		fn inherent_extrinsics(
			data: sp_inherents::InherentData,
		) -> Vec<<Block as BlockT>::Extrinsic> {
			pallets::create_inherents(&data)
		}

		fn check_inherents(
			block: <Block as BlockT>::LazyBlock,
			data: sp_inherents::InherentData,
		) -> sp_inherents::CheckInherentsResult {
			pallets::check_inherents(&block, &data)
		}
	}

	impl sp_transaction_pool::runtime_api::TaggedTransactionQueue<Block> for Runtime {
		fn validate_transaction(
			source: TransactionSource,
			tx: <Block as BlockT>::Extrinsic,
			block_hash: <Block as BlockT>::Hash,
		) -> TransactionValidity {
			Executive::validate_transaction(source, tx, block_hash)
		}
	}

	impl sp_offchain::OffchainWorkerApi<Block> for Runtime {
		fn offchain_worker(header: &<Block as BlockT>::Header) {
			Executive::offchain_worker(header)
		}
	}

	impl sp_session::SessionKeys<Block> for Runtime {
		fn generate_session_keys(
			owner: Vec<u8>,
			seed: Option<Vec<u8>>,
		) -> OpaqueGeneratedSessionKeys {
			SessionKeys::generate(&owner, seed).into()
		}

		fn decode_session_keys(
			encoded: Vec<u8>,
		) -> Option<Vec<(Vec<u8>, sp_core::crypto::KeyTypeId)>> {
			SessionKeys::decode_into_raw_public_keys(&encoded)
		}
	}

	impl sp_consensus_babe::BabeApi<Block> for Runtime {
		fn configuration() -> sp_consensus_babe::BabeConfiguration {
			let epoch_config = Babe::epoch_config().unwrap_or(constants::BABE_GENESIS_EPOCH_CONFIG);
			sp_consensus_babe::BabeConfiguration {
				slot_duration: Babe::slot_duration(),
				epoch_length: constants::EPOCH_DURATION_IN_SLOTS,
				c: epoch_config.c,
				authorities: Babe::authorities().to_vec(),
				randomness: Babe::randomness(),
				allowed_slots: epoch_config.allowed_slots,
			}
		}

		fn current_epoch_start() -> sp_consensus_babe::Slot {
			Babe::current_epoch_start()
		}

		fn current_epoch() -> sp_consensus_babe::Epoch {
			Babe::current_epoch()
		}

		fn next_epoch() -> sp_consensus_babe::Epoch {
			Babe::next_epoch()
		}

		// `None` in the next two: equivocations are not reported, see `configs::consensus`.
		fn generate_key_ownership_proof(
			_slot: sp_consensus_babe::Slot,
			_authority_id: sp_consensus_babe::AuthorityId,
		) -> Option<sp_consensus_babe::OpaqueKeyOwnershipProof> {
			None
		}

		fn submit_report_equivocation_unsigned_extrinsic(
			_equivocation_proof: sp_consensus_babe::EquivocationProof<<Block as BlockT>::Header>,
			_key_owner_proof: sp_consensus_babe::OpaqueKeyOwnershipProof,
		) -> Option<()> {
			None
		}
	}

	impl sp_consensus_grandpa::GrandpaApi<Block> for Runtime {
		fn grandpa_authorities() -> sp_consensus_grandpa::AuthorityList {
			Grandpa::grandpa_authorities()
		}

		fn current_set_id() -> sp_consensus_grandpa::SetId {
			pallet_grandpa::CurrentSetId::<Runtime>::get()
		}

		// `None` in the next two: equivocations are not reported, see `configs::consensus`.
		fn submit_report_equivocation_unsigned_extrinsic(
			_equivocation_proof: sp_consensus_grandpa::EquivocationProof<
				<Block as BlockT>::Hash,
				NumberFor<Block>,
			>,
			_key_owner_proof: sp_consensus_grandpa::OpaqueKeyOwnershipProof,
		) -> Option<()> {
			None
		}

		fn generate_key_ownership_proof(
			_set_id: sp_consensus_grandpa::SetId,
			_authority_id: sp_consensus_grandpa::AuthorityId,
		) -> Option<sp_consensus_grandpa::OpaqueKeyOwnershipProof> {
			None
		}
	}

	impl frame_system_rpc_runtime_api::AccountNonceApi<Block, AccountId, Nonce> for Runtime {
		fn account_nonce(account: AccountId) -> Nonce {
			System::account_nonce(account)
		}
	}

	impl pallet_transaction_payment_rpc_runtime_api::TransactionPaymentApi<Block, Balance>
		for Runtime
	{
		fn query_info(
			uxt: <Block as BlockT>::Extrinsic,
			len: u32,
		) -> RuntimeDispatchInfo<Balance> {
			TransactionPayment::query_info(uxt, len)
		}

		fn query_fee_details(uxt: <Block as BlockT>::Extrinsic, len: u32) -> FeeDetails<Balance> {
			TransactionPayment::query_fee_details(uxt, len)
		}

		fn query_weight_to_fee(weight: Weight) -> Balance {
			TransactionPayment::weight_to_fee(weight)
		}

		fn query_length_to_fee(length: u32) -> Balance {
			TransactionPayment::length_to_fee(length)
		}
	}

	impl pallet_transaction_payment_rpc_runtime_api::TransactionPaymentCallApi<
		Block,
		Balance,
		RuntimeCall,
	> for Runtime {
		fn query_call_info(call: RuntimeCall, len: u32) -> RuntimeDispatchInfo<Balance> {
			TransactionPayment::query_call_info(call, len)
		}

		fn query_call_fee_details(call: RuntimeCall, len: u32) -> FeeDetails<Balance> {
			TransactionPayment::query_call_fee_details(call, len)
		}

		fn query_weight_to_fee(weight: Weight) -> Balance {
			TransactionPayment::weight_to_fee(weight)
		}

		fn query_length_to_fee(length: u32) -> Balance {
			TransactionPayment::length_to_fee(length)
		}
	}

	impl openledger_primitives::runtime_api::ModelsApi<Block> for Runtime {
		fn model(id: ModelId) -> Option<ModelInfo> {
			ModelRegistry::model_info(id)
		}

		fn model_by_name(name: String) -> Option<ModelId> {
			ModelRegistry::model_by_name(name.as_bytes())
		}

		fn models(from: ModelId, limit: u32) -> Vec<ModelInfo> {
			ModelRegistry::models(from, limit)
		}

		fn versions(model: ModelId, from: VersionId, limit: u32) -> Vec<VersionInfo> {
			ModelRegistry::versions(model, from, limit)
		}
	}

	impl openledger_primitives::runtime_api::DatanetsApi<Block> for Runtime {
		fn datanet(id: DatanetId) -> Option<DatanetInfo> {
			DataAttribution::datanet_info(id)
		}

		fn datanet_by_name(name: String) -> Option<DatanetId> {
			DataAttribution::datanet_by_name(name.as_bytes())
		}

		fn datanets(from: DatanetId, limit: u32) -> Vec<DatanetInfo> {
			DataAttribution::datanets(from, limit)
		}

		fn releases(datanet: DatanetId, from: ReleaseId, limit: u32) -> Vec<ReleaseInfo> {
			DataAttribution::releases(datanet, from, limit)
		}

		fn contribution(id: ContributionId) -> Option<ContributionInfo> {
			DataAttribution::contribution_info(id)
		}

		fn contributions(
			account: AccountId,
			from: ContributionId,
			limit: u32,
		) -> Vec<ContributionInfo> {
			DataAttribution::contributions(&account, from, limit)
		}
	}

	impl openledger_primitives::runtime_api::InferenceApi<Block> for Runtime {
		fn quote(
			model: ModelId,
			input_tokens: u32,
			output_tokens: u32,
		) -> Result<Quote, QuoteError> {
			ModelRegistry::quote(model, input_tokens, output_tokens)
		}

		fn session(id: SessionId) -> Option<SessionInfo> {
			InferenceMetering::session_info(id)
		}

		fn lane_terms(
			model: ModelId,
			version: VersionId,
			price_version: PriceVersion,
			as_of: BlockNumber,
		) -> Result<LaneTermsInfo, RejectReason> {
			InferenceMetering::lane_terms(model, version, price_version, as_of)
		}

		fn node(operator: AccountId) -> Option<NodeInfo> {
			InferenceMetering::node_info(operator)
		}

		fn nodes(model: ModelId, after: Option<AccountId>, limit: u32) -> Vec<NodeInfo> {
			InferenceMetering::nodes(model, after, limit)
		}

		fn request(id: RequestId) -> Option<RequestInfo> {
			InferenceRequests::request_info(id)
		}

		fn outcome(id: RequestId) -> Option<OutcomeInfo> {
			InferenceRequests::outcome_info(id)
		}

		fn requests(model: ModelId, from: RequestId, limit: u32) -> Vec<RequestInfo> {
			InferenceRequests::requests(model, from, limit)
		}
	}

	impl openledger_primitives::runtime_api::PayoutsApi<Block> for Runtime {
		fn pending(account: AccountId, from: ContributionId, limit: u32) -> PendingPage {
			DataAttribution::pending(&account, from, limit)
		}

		fn pending_curator(account: AccountId) -> Balance {
			DataAttribution::pending_curator(&account)
		}

		fn earnings(account: AccountId) -> Earnings {
			RevenueSplit::earnings(&account)
		}

		fn model_earnings(model: ModelId) -> ModelEarnings {
			RevenueSplit::model_earnings(model)
		}
	}

	impl sp_genesis_builder::GenesisBuilder<Block> for Runtime {
		fn build_state(json: Vec<u8>) -> sp_genesis_builder::Result {
			genesis_config_presets::use_own_addresses();
			build_state::<RuntimeGenesisConfig>(json)
		}

		fn get_preset(id: &Option<sp_genesis_builder::PresetId>) -> Option<Vec<u8>> {
			genesis_config_presets::use_own_addresses();
			get_preset::<RuntimeGenesisConfig>(id, genesis_config_presets::get_preset)
		}

		fn preset_names() -> Vec<sp_genesis_builder::PresetId> {
			genesis_config_presets::preset_names()
		}
	}

	#[cfg(feature = "runtime-benchmarks")]
	impl frame_benchmarking::Benchmark<Block> for Runtime {
		fn benchmark_metadata(
			extra: bool,
		) -> (Vec<frame_benchmarking::BenchmarkList>, Vec<frame_support::traits::StorageInfo>) {
			use crate::*;
			use frame_benchmarking::{baseline::Pallet as BaselineBench, BenchmarkList};
			use frame_support::traits::StorageInfoTrait;
			use frame_system_benchmarking::{
				extensions::Pallet as SystemExtensionsBench, Pallet as SystemBench,
			};

			let mut list = Vec::<BenchmarkList>::new();
			list_benchmarks!(list, extra);
			(list, AllPalletsWithSystem::storage_info())
		}

		fn dispatch_benchmark(
			config: frame_benchmarking::BenchmarkConfig,
		) -> Result<Vec<frame_benchmarking::BenchmarkBatch>, String> {
			use crate::*;
			use frame_benchmarking::{baseline::Pallet as BaselineBench, BenchmarkBatch};
			use frame_support::traits::{TrackedStorageKey, WhitelistedStorageKeys};
			use frame_system_benchmarking::{
				extensions::Pallet as SystemExtensionsBench, Pallet as SystemBench,
			};

			let whitelist: Vec<TrackedStorageKey> =
				AllPalletsWithSystem::whitelisted_storage_keys();
			let mut batches = Vec::<BenchmarkBatch>::new();
			let params = (&config, &whitelist);
			add_benchmarks!(params, batches);
			Ok(batches)
		}
	}

	// The two calls below run off chain, on a copy of the state. A failed check is reported by a
	// panic: that is how the tool that calls them learns of it.
	#[cfg(feature = "try-runtime")]
	impl frame_try_runtime::TryRuntime<Block> for Runtime {
		fn on_runtime_upgrade(
			checks: frame_try_runtime::UpgradeCheckSelect,
		) -> (Weight, Weight) {
			let weight = Executive::try_runtime_upgrade(checks).unwrap();
			(weight, constants::MAXIMUM_BLOCK_WEIGHT)
		}

		fn execute_block(
			block: <Block as BlockT>::LazyBlock,
			state_root_check: bool,
			signature_check: bool,
			select: frame_try_runtime::TryStateSelect,
		) -> Weight {
			Executive::try_execute_block(block, state_root_check, signature_check, select).unwrap()
		}
	}
}
