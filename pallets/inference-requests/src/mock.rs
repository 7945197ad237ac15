//! A runtime for tests with stand-ins for models, nodes and the split of charges. They keep what they
//! know in storage, so that it is undone with everything else.

use crate as pallet_inference_requests;
use crate::types::{RequestInput, RequestOutput};
use codec::{Decode, Encode};
use frame_support::{
	assert_ok, derive_impl, parameter_types,
	storage::unhashed,
	traits::{
		fungible::{Inspect, InspectHold, Mutate},
		tokens::Preservation,
		Hooks,
	},
	weights::Weight,
	PalletId,
};
use openledger_primitives::{
	attribution::{Attribution, AttributionEntry, DataSource, ReleaseSelector},
	ids::{MILLI_OPEN, OPEN},
	policy::RevenuePolicy,
	price::PriceSchedule,
	record::{CallPayment, RejectReason},
	traits::{
		CallTerms, ChargedCall, LaneCharges, LanePayment, LaneTerms, ModelInspect, NodeInspect,
		RevenueDistributor,
	},
	AccountId, Balance, ModelId, PriceVersion, RequestId, VersionId,
};
use sp_runtime::{
	traits::{AccountIdConversion, IdentityLookup},
	BuildStorage, DispatchError, DispatchResultWithInfo, Permill,
};

pub const DEVELOPER: u8 = 1;
pub const NODE: u8 = 2;
pub const OTHER_NODE: u8 = 3;
pub const CALLER: u8 = 4;
pub const OTHER_CALLER: u8 = 5;
pub const STRANGER: u8 = 6;
pub const PROTOCOL: u8 = 7;
pub const DATA: u8 = 8;
/// Everybody who has funds.
pub const PEOPLE: [u8; 8] =
	[DEVELOPER, NODE, OTHER_NODE, CALLER, OTHER_CALLER, STRANGER, PROTOCOL, DATA];

pub const WEALTH: Balance = 1_000 * OPEN;
/// Price per call; a token costs a hundredth of it.
pub const PRICE: Balance = MILLI_OPEN;
pub const MAX_CHARGE: Balance = 10 * PRICE;
/// The question of [`request`].
pub const INPUT: &[u8] = b"what is a ledger?";
/// Output of [`answer`], with as many tokens as [`call_charge`] counts.
pub const OUTPUT: &[u8] = b"a book of accounts";
pub const INPUT_TOKENS: u32 = 7;
pub const OUTPUT_TOKENS: u32 = 5;

/// Both nodes serve it.
pub const MODEL: ModelId = 0;
/// Only the first node serves it, and it pays no data.
pub const OTHER_MODEL: ModelId = 1;

#[frame_support::runtime]
mod runtime {
	#[runtime::runtime]
	#[runtime::derive(
		RuntimeCall,
		RuntimeEvent,
		RuntimeError,
		RuntimeOrigin,
		RuntimeFreezeReason,
		RuntimeHoldReason,
		RuntimeTask
	)]
	pub struct Test;

	#[runtime::pallet_index(0)]
	pub type System = frame_system::Pallet<Test>;
	#[runtime::pallet_index(1)]
	pub type Balances = pallet_balances::Pallet<Test>;
	#[runtime::pallet_index(2)]
	pub type Requests = pallet_inference_requests::Pallet<Test>;
}

type Block = frame_system::mocking::MockBlockU32<Test>;

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = Block;
	type AccountId = AccountId;
	type Lookup = IdentityLookup<AccountId>;
	type AccountData = pallet_balances::AccountData<Balance>;
}

parameter_types! {
	pub const ExistentialDeposit: Balance = MILLI_OPEN;
	pub const SplitPot: PalletId = PalletId(*b"ol/split");
	pub const DepositBase: Balance = OPEN;
	pub static DepositPerByte: Balance = MILLI_OPEN;
	pub const MinDeadline: u32 = 2;
	pub const MaxDeadline: u32 = 100;
	pub static CancelNotice: u32 = 4;
	pub const MaxPerSlot: u32 = 2;
	/// Set by a test to make the stand-in for the split forget a payment.
	pub static ForgetPayment: bool = false;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type Balance = Balance;
	type ExistentialDeposit = ExistentialDeposit;
	type AccountStore = System;
	type RuntimeHoldReason = RuntimeHoldReason;
}

impl pallet_inference_requests::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Models = Models;
	type Nodes = Nodes;
	type Revenue = Split;
	type DepositBase = DepositBase;
	type DepositPerByte = DepositPerByte;
	type MinDeadline = MinDeadline;
	type MaxDeadline = MaxDeadline;
	type CancelNotice = CancelNotice;
	type MaxPerSlot = MaxPerSlot;
	type WeightInfo = ();
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkData = Data;
}

/// A model, as the stand-in for the registry knows it.
#[derive(Clone, Debug, Encode, Decode)]
pub struct Model {
	/// `true` if it takes new calls.
	pub callable: bool,
	/// Version and price version in force; all below were.
	pub in_force: Option<(VersionId, PriceVersion)>,
	/// The price of the price version 0. Each later one is as much dearer.
	pub price: PriceSchedule,
	/// `true` if it pays data.
	pub data: bool,
	/// Why there are no terms, if there are none.
	pub refusal: Option<RejectReason>,
}

/// Stands in for the model registry.
pub struct Models;

fn model_key(model: ModelId) -> Vec<u8> {
	(b"models", model).encode()
}

impl Models {
	pub fn set(id: ModelId, model: &Model) {
		unhashed::put(&model_key(id), model);
	}

	pub fn get(id: ModelId) -> Option<Model> {
		unhashed::get(&model_key(id))
	}

	pub fn change(id: ModelId, change: impl FnOnce(&mut Model)) {
		let mut model = Self::get(id).unwrap();
		change(&mut model);
		Self::set(id, &model);
	}

	pub fn add(id: ModelId, data: bool) {
		let token = PRICE / 100;
		let price = PriceSchedule {
			per_call: PRICE,
			per_input_token: token,
			per_cached_input_token: 0,
			per_output_token: token,
		};
		Self::set(
			id,
			&Model { callable: true, in_force: Some((0, 0)), price, data, refusal: None },
		);
	}
}

impl ModelInspect<AccountId> for Models {
	fn exists(model: ModelId) -> bool {
		Self::get(model).is_some()
	}

	fn is_callable(model: ModelId) -> bool {
		Self::get(model).is_some_and(|model| model.callable)
	}

	fn in_force(model: ModelId) -> Option<(VersionId, PriceVersion)> {
		Self::get(model)?.in_force
	}

	fn terms(
		model: ModelId,
		version: VersionId,
		price_version: PriceVersion,
	) -> Result<CallTerms<AccountId>, RejectReason> {
		let model = Self::get(model).ok_or(RejectReason::UnknownModel)?;
		if let Some(reason) = model.refusal {
			return Err(reason);
		}
		let (newest, newest_price) = model.in_force.ok_or(RejectReason::NotInForce)?;
		if version > newest {
			return Err(RejectReason::UnknownVersion);
		}
		if price_version > newest_price {
			return Err(RejectReason::UnknownPrice);
		}
		let times = Balance::from(price_version) + 1;
		let mut policy = RevenuePolicy {
			developer: Permill::from_percent(50),
			data: Permill::from_percent(20),
			node: Permill::from_percent(30),
			attributed: Permill::from_percent(50),
		};
		let mut sources =
			vec![DataSource { datanet: 0, release: ReleaseSelector::Latest, weight: 1 }];
		if !model.data {
			policy = policy.without_data();
			sources.clear();
		}
		Ok(CallTerms {
			payee: account(DEVELOPER),
			price: PriceSchedule {
				per_call: model.price.per_call.saturating_mul(times),
				per_input_token: model.price.per_input_token.saturating_mul(times),
				per_cached_input_token: 0,
				per_output_token: model.price.per_output_token.saturating_mul(times),
			},
			policy,
			sources: sources.try_into().unwrap(),
			lineage: Default::default(),
		})
	}

	/// No lanes are settled here.
	fn terms_as_of(
		_: ModelId,
		_: VersionId,
		_: PriceVersion,
		_: u32,
	) -> Result<(CallTerms<AccountId>, Option<u32>), RejectReason> {
		Err(RejectReason::TermsForgotten)
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_model(
		_: &AccountId,
		_: openledger_primitives::attribution::DataSources,
	) -> Result<ModelId, DispatchError> {
		let id = 1_000;
		Self::add(id, true);
		Ok(id)
	}
}

/// Stands in for the inference nodes.
pub struct Nodes;

fn node_key(operator: &AccountId, model: ModelId) -> Vec<u8> {
	(b"nodes", operator, model).encode()
}

fn payee_key(operator: &AccountId) -> Vec<u8> {
	(b"payees", operator).encode()
}

impl Nodes {
	/// From now on `payee` is paid for the node.
	pub fn set_payee(seed: u8, payee: u8) {
		unhashed::put(&payee_key(&account(seed)), &account(payee));
	}

	/// From now on the node serves the model, or not.
	pub fn set(seed: u8, model: ModelId, serves: bool) {
		unhashed::put(&node_key(&account(seed), model), &serves);
	}
}

impl NodeInspect<AccountId> for Nodes {
	fn serves(operator: &AccountId, model: ModelId) -> bool {
		unhashed::get_or_default(&node_key(operator, model))
	}

	fn payee(operator: &AccountId) -> AccountId {
		unhashed::get_or(&payee_key(operator), operator.clone())
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_node(operator: &AccountId, model: ModelId) -> sp_runtime::DispatchResult {
		unhashed::put(&node_key(operator, model), &true);
		Ok(())
	}
}

/// Stands in for the datanets.
#[cfg(feature = "runtime-benchmarks")]
pub struct Data;

#[cfg(feature = "runtime-benchmarks")]
impl openledger_primitives::traits::DataInspect for Data {
	fn release_exists(_: u32, _: u32) -> bool {
		true
	}

	fn latest_release(_: u32) -> Option<u32> {
		Some(1)
	}

	fn benchmark_release(contributions: u32) -> Result<(u32, u32, Vec<u64>), DispatchError> {
		Ok((0, 1, (0..contributions.into()).collect()))
	}
}

/// Stands in for the split: a tenth each to protocol and data, half of the rest to the node, and
/// what is left to the developer.
pub struct Split;

impl RevenueDistributor<AccountId> for Split {
	fn pot() -> AccountId {
		SplitPot::get().into_account_truncating()
	}

	/// No lanes are settled here.
	fn lane_terms(
		_: CallTerms<AccountId>,
		_: Option<u32>,
		_: u32,
	) -> Result<LaneTerms<AccountId>, RejectReason> {
		Err(RejectReason::TermsForgotten)
	}

	fn distribute_lanes(_: &[LaneCharges<AccountId>]) -> Result<Vec<LanePayment>, DispatchError> {
		Err(DispatchError::Unavailable)
	}

	/// Nothing accrues here.
	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_accrue(_: &AccountId) -> sp_runtime::DispatchResult {
		Ok(())
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_accrued() -> Balance {
		0
	}

	fn distribute(
		node: &AccountId,
		_: ModelId,
		terms: &CallTerms<AccountId>,
		calls: &[ChargedCall],
	) -> Result<Vec<CallPayment>, DispatchError> {
		let mut payments = Vec::new();
		for call in calls {
			assert_eq!((call.calls, call.unattributed), (1, 0));
			let tenth = call.charge / 10;
			let half = (call.charge - 2 * tenth) / 2;
			let rest = call.charge - 2 * tenth - half;
			let parts = [
				(account(PROTOCOL), tenth),
				(account(DATA), tenth),
				(node.clone(), half),
				(terms.payee.clone(), rest),
			];
			for (to, amount) in parts {
				Balances::transfer(&Self::pot(), &to, amount, Preservation::Preserve)?;
			}
			payments.push(CallPayment {
				protocol: tenth,
				developer: rest,
				node: half,
				data: tenth,
				..Default::default()
			});
		}
		if ForgetPayment::get() {
			payments.clear();
		}
		Ok(payments)
	}
}

pub fn account(seed: u8) -> AccountId {
	AccountId::new([seed; 32])
}

pub fn new_test_ext() -> sp_io::TestExternalities {
	DepositPerByte::set(MILLI_OPEN);
	CancelNotice::set(4);
	ForgetPayment::set(false);
	let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
	let mut balances: Vec<_> = PEOPLE.into_iter().map(|seed| (account(seed), WEALTH)).collect();
	balances.push((Split::pot(), MILLI_OPEN));
	pallet_balances::GenesisConfig::<Test> { balances, ..Default::default() }
		.assimilate_storage(&mut storage)
		.unwrap();
	let mut ext = sp_io::TestExternalities::new(storage);
	ext.execute_with(|| {
		System::set_block_number(1);
		Models::add(MODEL, true);
		Models::add(OTHER_MODEL, false);
		Nodes::set(NODE, MODEL, true);
		Nodes::set(NODE, OTHER_MODEL, true);
		Nodes::set(OTHER_NODE, MODEL, true);
	});
	ext
}

/// Runs `test` on a fresh chain and checks the invariants afterwards.
pub fn run(test: impl FnOnce()) {
	new_test_ext().execute_with(|| {
		test();
		Requests::do_try_state().unwrap();
	});
}

pub fn origin(seed: u8) -> RuntimeOrigin {
	RuntimeOrigin::signed(account(seed))
}

pub fn input(bytes: &[u8]) -> RequestInput {
	bytes.to_vec().try_into().unwrap()
}

pub fn output(bytes: &[u8]) -> RequestOutput {
	bytes.to_vec().try_into().unwrap()
}

pub fn attribution(entries: u64) -> Attribution {
	(0..entries)
		.map(|contribution| AttributionEntry { contribution, weight: 1 })
		.collect::<Vec<_>>()
		.try_into()
		.unwrap()
}

/// Requests a call of [`MODEL`] as the caller.
pub fn try_request(node: Option<u8>, max_charge: Balance, deadline: u32) -> PostInfo {
	let node = node.map(account);
	Requests::request_call(origin(CALLER), MODEL, node, input(INPUT), max_charge, deadline)
}

pub type PostInfo = DispatchResultWithInfo<frame_support::dispatch::PostDispatchInfo>;

/// Requests a call of whoever answers, that can be answered for 10 blocks.
pub fn request() -> RequestId {
	request_until(System::block_number() + 10)
}

pub fn request_until(deadline: u32) -> RequestId {
	let id = crate::NextRequestId::<Test>::get();
	assert_ok!(try_request(None, MAX_CHARGE, deadline));
	id
}

/// Answers as node `seed`.
pub fn answer(seed: u8, request: RequestId) -> PostInfo {
	Requests::fulfil_call(
		origin(seed),
		request,
		output(OUTPUT),
		INPUT_TOKENS,
		OUTPUT_TOKENS,
		0,
		attribution(2),
	)
}

/// Charge for [`answer`] at the price version 0.
pub fn call_charge() -> Balance {
	PRICE + Balance::from(INPUT_TOKENS + OUTPUT_TOKENS) * (PRICE / 100)
}

/// The deposit of [`request`].
pub fn deposit() -> Balance {
	OPEN + MILLI_OPEN * Balance::try_from(INPUT.len()).unwrap()
}

/// Amounts on hold for somebody's calls, and for their place.
pub fn held(seed: u8) -> (Balance, Balance) {
	let held = |reason: crate::HoldReason| {
		Balances::balance_on_hold(&RuntimeHoldReason::from(reason), &account(seed))
	};
	(held(crate::HoldReason::Call), held(crate::HoldReason::Storage))
}

/// Balance of somebody, with what is on hold.
pub fn total(seed: u8) -> Balance {
	Balances::total_balance(&account(seed))
}

/// Ends this block, whose extrinsics leave `idle` for its hooks, and starts the next.
pub fn next_block_with(idle: Weight) {
	let used = Requests::on_idle(System::block_number(), idle);
	assert!(used.all_lte(idle));
	Requests::do_try_state().unwrap();
	System::set_block_number(System::block_number() + 1);
}

/// Goes on to block `number`, sweeping on the way.
pub fn go_to(number: u32) {
	while System::block_number() < number {
		next_block_with(Weight::MAX);
	}
}

/// Goes on to block `number`, where blocks on the way are too full for a sweep.
pub fn go_to_without_sweep(number: u32) {
	while System::block_number() < number {
		next_block_with(Weight::zero());
	}
}
