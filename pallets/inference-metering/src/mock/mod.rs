//! A runtime for tests, with real balances. Models and the split of charges are simple stand-ins,
//! which keep to the traits' promises.

mod models;
mod split;

pub use models::*;
pub use split::*;

use crate as pallet_inference_metering;
use crate::{
	types::{Served, ServedModels},
	versions::{LaneSettlement, Part, VersionedCloseAgreement},
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
	assert_ok, derive_impl,
	dispatch::DispatchResultWithPostInfo,
	parameter_types,
	traits::{
		fungible::{Inspect, InspectHold, Mutate, MutateHold},
		tokens::{Fortitude, Precision, Preservation, Restriction},
		Get, VariantCount,
	},
};
use openledger_primitives::{
	answer::Evidence,
	attribution::{DataSource, ReleaseSelector},
	ids::{MILLI_OPEN, OPEN},
	lane::{Agreement, CallRecord, CloseAgreement, RejectReason, Voucher},
	lane_list::LaneList,
	lineage::Ancestor,
	policy::RevenuePolicy,
	price::{PriceSchedule, Tokens},
	signing::Signed,
	traits::{CallTerms, ModelInspect, RevenueDistributor},
	AccountId, Balance, Hash, ModelId, PriceVersion, SessionId, Signature, VersionId,
};
use scale_info::TypeInfo;
use sp_core::{sr25519, Pair};
use sp_runtime::{
	traits::{IdentifyAccount, IdentityLookup},
	BuildStorage, DispatchError, DispatchResult, MultiSigner, Permill,
};
use std::collections::BTreeMap;

pub const DEVELOPER: u8 = 1;
pub const NODE: u8 = 2;
pub const CALLER: u8 = 3;
pub const SIGNER: u8 = 4;
pub const STRANGER: u8 = 5;
pub const PROTOCOL: u8 = 6;
pub const RECEIPTS: u8 = 7;
pub const OTHER_NODE: u8 = 8;
pub const PARENT: u8 = 9;
const POT: u8 = 100;
const DATA: u8 = 101;

pub const BOND: Balance = 100 * OPEN;
pub const DEPOSIT: Balance = 10 * OPEN;
pub const MIN_DEPOSIT: Balance = OPEN / 100;
pub const PLACE: Balance = OPEN / 10;
pub const LANE_PLACE: Balance = OPEN / 50;
/// The deposit for a commitment to a report, in planck.
pub const REPORT_PLACE: Balance = 30 * MILLI_OPEN;
pub const WEALTH: Balance = 10_000 * OPEN;
/// Price per call; a token of input costs a thousandth of it, a token of output a hundredth.
pub const PRICE: Balance = 7 * MILLI_OPEN + 13;
/// The model that the node serves.
pub const MODEL: ModelId = 0;
pub const OTHER_MODEL: ModelId = 1;
/// The price version of vouchers: the newest. Its price is that of version 0.
pub const CURRENT: PriceVersion = 1_000;
/// The price version of [`MODEL`] at which everything is free, and the one at which nothing can be
/// paid.
pub const FREE: PriceVersion = 1;
pub const DEAR: PriceVersion = 2;
const INPUT_TOKENS: u32 = 11;
const OUTPUT_TOKENS: u32 = 23;

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
	#[runtime::pallet_index(4)]
	pub type Metering = pallet_inference_metering::Pallet<Test>;
}

type Block = frame_system::mocking::MockBlockU32<Test>;

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = Block;
	type AccountId = AccountId;
	type Lookup = IdentityLookup<AccountId>;
	type AccountData = pallet_balances::AccountData<Balance>;
}

/// A freeze that has nothing to do with this chain's pallets.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Frozen;

impl VariantCount for Frozen {
	const VARIANT_COUNT: u32 = 1;
}

parameter_types! {
	pub const ExistentialDeposit: Balance = MILLI_OPEN;
	pub const MinDeposit: Balance = MIN_DEPOSIT;
	pub const SessionDeposit: Balance = PLACE;
	pub const LaneDeposit: Balance = LANE_PLACE;
	pub const CleanupReward: Permill = Permill::from_percent(30);
	pub const MinDuration: u32 = 10;
	pub const MaxDuration: u32 = 1_000;
	pub const CloseNotice: u32 = 20;
	pub const MaxDisputeWindow: u32 = 300;
	pub const UnbondingPeriod: u32 = 120;
	pub const JailPeriod: u32 = 30;
	pub const TermsGrace: u32 = 15;
	pub const DisputeReward: Permill = Permill::from_percent(30);
	pub const HeartbeatPeriod: u32 = 50;
	pub const ReportDeposit: Balance = REPORT_PLACE;
	/// Governed parameters may change at any time.
	pub static MinBond: Balance = BOND;
	pub static ReportDelay: u32 = 1;
	pub static SettlementWindow: u32 = 40;
	pub static DisputeWindow: u32 = 100;
	pub static DisputePenalty: Permill = Permill::from_percent(10);

	/// The models that there are.
	pub static Catalog: BTreeMap<ModelId, Model> = BTreeMap::new();
	/// `true` if splitting is to fail.
	pub static Unsplittable: bool = false;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type Balance = Balance;
	type ExistentialDeposit = ExistentialDeposit;
	type AccountStore = System;
	type RuntimeHoldReason = RuntimeHoldReason;
	type FreezeIdentifier = Frozen;
	type MaxFreezes = frame_support::traits::VariantCountOf<Frozen>;
}

impl pallet_inference_metering::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Models = Models;
	type Revenue = Revenue;
	type MinBond = MinBond;
	type UnbondingPeriod = UnbondingPeriod;
	type MinDeposit = MinDeposit;
	type SessionDeposit = SessionDeposit;
	type LaneDeposit = LaneDeposit;
	type CleanupReward = CleanupReward;
	type MinDuration = MinDuration;
	type MaxDuration = MaxDuration;
	type CloseNotice = CloseNotice;
	type SettlementWindow = SettlementWindow;
	type TermsGrace = TermsGrace;
	type DisputeWindow = DisputeWindow;
	type MaxDisputeWindow = MaxDisputeWindow;
	type DisputePenalty = DisputePenalty;
	type DisputeReward = DisputeReward;
	type ReportDelay = ReportDelay;
	type HeartbeatPeriod = HeartbeatPeriod;
	type ReportDeposit = ReportDeposit;
	type JailPeriod = JailPeriod;
	type ProtocolAccount = ProtocolAccount;
	type WeightInfo = ();
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkData = Models;
}

/// The protocol's account.
pub struct ProtocolAccount;

impl Get<AccountId> for ProtocolAccount {
	fn get() -> AccountId {
		account(PROTOCOL)
	}
}

pub fn pair(seed: u8) -> sr25519::Pair {
	sr25519::Pair::from_seed(&[seed; 32])
}

pub fn account(seed: u8) -> AccountId {
	MultiSigner::from(pair(seed).public()).into_account()
}

pub fn signed(seed: u8) -> RuntimeOrigin {
	RuntimeOrigin::signed(account(seed))
}

pub fn new_test_ext() -> sp_io::TestExternalities {
	let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
	let people = [DEVELOPER, NODE, OTHER_NODE, CALLER, STRANGER, PROTOCOL, PARENT];
	let mut balances: Vec<_> = people.into_iter().map(|seed| (account(seed), WEALTH)).collect();
	balances.extend([POT, DATA].map(|seed| (account(seed), MILLI_OPEN)));
	pallet_balances::GenesisConfig::<Test> { balances, ..Default::default() }
		.assimilate_storage(&mut storage)
		.unwrap();
	let mut ext = sp_io::TestExternalities::new(storage);
	ext.register_extension(sp_keystore::KeystoreExt::new(
		sp_keystore::testing::MemoryKeystore::new(),
	));
	ext.execute_with(|| System::set_block_number(1));
	// Benchmarks do not prepare anything else.
	Releases::set(BTreeMap::from([(0, 1)]));
	ext
}

pub fn price(per_call: Balance) -> PriceSchedule {
	PriceSchedule {
		per_call,
		per_input_token: per_call / 1_000,
		per_cached_input_token: per_call / 2_000,
		per_output_token: per_call / 100,
	}
}

/// Two models.
pub fn prepare_models() {
	MinBond::set(BOND);
	SettlementWindow::set(40);
	DisputeWindow::set(100);
	ReportDelay::set(1);
	DisputePenalty::set(Permill::from_percent(10));
	Unsplittable::set(false);
	Releases::set(BTreeMap::from([(0, 1)]));
	Carries::take();
	Curators::take();
	LaneLookups::set(0);
	Catalog::take();
	for model in [MODEL, OTHER_MODEL] {
		Models::change(model, |model| {
			model.callable = true;
			model.versions.insert(0, Ok(()));
			model.prices.insert(0, Ok(price(PRICE)));
			model.prices.insert(CURRENT, Ok(price(PRICE)));
			model.prices.insert(FREE, Ok(price(0)));
			model.prices.insert(DEAR, Ok(price(u128::MAX)));
		});
	}
}

/// Two models, and a node that serves the first.
pub fn prepare() {
	prepare_models();
	register_node_of(NODE);
}

pub fn serving(models: &[ModelId]) -> ServedModels {
	let served = |model: &ModelId| Served { model: *model, capacity: 4 };
	models.iter().map(served).collect::<Vec<_>>().try_into().unwrap()
}

pub fn register_node_of(seed: u8) {
	assert_ok!(Metering::register_node(
		signed(seed),
		b"http://127.0.0.1:8402".to_vec().try_into().unwrap(),
		account(RECEIPTS),
		BOND,
		serving(&[MODEL]),
	));
}

/// Does to a node what a lost dispute does.
pub fn jail(seed: u8, until: u32, bond: Balance) {
	let node = account(seed);
	crate::Nodes::<Test>::mutate(&node, |stored| {
		let stored = stored.as_mut().unwrap();
		Balances::transfer_on_hold(
			&crate::HoldReason::Bond.into(),
			&node,
			&account(STRANGER),
			stored.bond - bond,
			Precision::Exact,
			Restriction::Free,
			Fortitude::Force,
		)
		.unwrap();
		stored.bond = bond;
		stored.status = crate::types::Status::Jailed(until);
		Metering::unlist(&node, &stored.models);
	});
}

/// Opens a session of the caller with the node that expires in 100 blocks. That was in the block before: calls are
/// paid as of a block that is over.
pub fn open_session(deposit: Balance) -> SessionId {
	open_session_with_limit(deposit, Balance::MAX)
}

pub fn open_session_with_limit(deposit: Balance, limit: Balance) -> SessionId {
	let session = crate::NextSessionId::<Test>::get();
	let now = System::block_number();
	System::set_block_number(now - 1);
	assert_ok!(Metering::open_session_with_limit(
		signed(CALLER),
		account(NODE),
		deposit,
		account(SIGNER),
		limit,
		now + 100,
	));
	System::set_block_number(now);
	session
}

/// Amount on hold for a session's place.
pub fn held_for_places(seed: u8) -> Balance {
	let reason = crate::HoldReason::SessionStorage.into();
	Balances::balance_on_hold(&reason, &account(seed))
}

/// Amount on hold for calls.
pub fn held(seed: u8) -> Balance {
	Balances::balance_on_hold(&crate::HoldReason::Session.into(), &account(seed))
}

pub fn balance(seed: u8) -> Balance {
	Balances::balance(&account(seed))
}

/// Cost of [`record`].
pub fn call_charge() -> Balance {
	price(PRICE).charge(&Tokens::new(INPUT_TOKENS, OUTPUT_TOKENS)).unwrap()
}

/// Usage of a call that costs [`call_charge`].
pub fn record(sequence: u64) -> CallRecord {
	CallRecord {
		sequence,
		input_tokens: INPUT_TOKENS,
		cached_tokens: 0,
		retrieved_tokens: 0,
		output_tokens: OUTPUT_TOKENS,
		response_hash: Hash::repeat_byte(0xbb),
		attribution: Default::default(),
		extension: None,
	}
}

/// An agreement on calls that are paid as of a block.
pub fn agreement_as_of(as_of: u32) -> Agreement {
	Agreement {
		model: MODEL,
		version: 0,
		price_version: CURRENT,
		as_of,
		evidence: Evidence::Open,
		own_price: None,
	}
}

/// A voucher of a lane whose calls are paid as of the block in which its session was opened. It is valid for as
/// long as any test goes on.
pub fn voucher(
	session: SessionId,
	lane: u16,
	sequence: u64,
	acknowledged: Balance,
	allowance: Balance,
) -> Voucher {
	let opened_at = crate::Sessions::<Test>::get(session).map(|session| session.opened_at);
	Voucher {
		genesis_hash: System::block_hash(0),
		session,
		lane,
		agreement: agreement_as_of(opened_at.unwrap_or_default()),
		sequence,
		acknowledged,
		acknowledged_root: LaneList::default().root(),
		authorised: acknowledged + allowance,
		request_hash: Hash::repeat_byte(0xaa),
		valid_until: 100_000,
		extension: None,
	}
}

pub fn sign(seed: u8, message: &impl Signed) -> Signature {
	pair(seed).sign(&message.signing_payload()).into()
}

pub fn settlement_by(seed: u8, voucher: &Voucher, parts: Vec<Part>) -> LaneSettlement {
	let signature = sign(seed, voucher);
	LaneSettlement { voucher: (*voucher).into(), signature, parts: parts.try_into().unwrap() }
}

/// A settlement that the session's signer has signed.
pub fn settlement(voucher: &Voucher, parts: Vec<Part>) -> LaneSettlement {
	settlement_by(SIGNER, voucher, parts)
}

pub fn records(records: Vec<CallRecord>) -> Part {
	Part::Records(records.try_into().unwrap())
}

/// The result of an extrinsic, without its weight.
pub fn plain(result: DispatchResultWithPostInfo) -> DispatchResult {
	result.map(|_| ()).map_err(|refused| refused.error)
}

pub fn try_settle(lanes: Vec<LaneSettlement>) -> DispatchResultWithPostInfo {
	Metering::settle_lanes(signed(NODE), lanes.try_into().unwrap())
}

/// Settles as the node.
pub fn settle(lanes: Vec<LaneSettlement>) -> DispatchResult {
	plain(try_settle(lanes))
}

/// Settles calls of one lane as the node, with the signature of `seed`.
pub fn settle_calls_by(seed: u8, voucher: &Voucher, calls: Vec<CallRecord>) -> DispatchResult {
	settle(vec![settlement_by(seed, voucher, vec![records(calls)])])
}

/// Settles calls of one lane as the node, with the signer's signature.
pub fn settle_calls(voucher: &Voucher, calls: Vec<CallRecord>) -> DispatchResult {
	settle_calls_by(SIGNER, voucher, calls)
}

/// Settles one call.
pub fn settle_one(
	session: SessionId,
	lane: u16,
	sequence: u64,
	acknowledged: Balance,
	allowance: Balance,
) -> DispatchResult {
	settle_calls(&voucher(session, lane, sequence, acknowledged, allowance), vec![record(sequence)])
}

/// What the node agrees on to close a session as it is now.
pub fn agreement_to_close(session: SessionId) -> CloseAgreement {
	let settled = crate::Sessions::<Test>::get(session).map_or(0, |session| session.settled);
	CloseAgreement { genesis_hash: System::block_hash(0), session, settled, extension: None }
}

/// Closes a session as `seed`, by an agreement that `key` has signed.
pub fn close_by_agreement(seed: u8, key: u8, agreement: CloseAgreement) -> DispatchResult {
	let signature = sign(key, &agreement);
	let agreement = VersionedCloseAgreement::from(agreement);
	plain(Metering::close_by_agreement(signed(seed), agreement, signature))
}

pub fn check_invariants() {
	Metering::do_try_state().unwrap();
}

/// What is on hold for lanes.
pub fn held_for_lanes(seed: u8) -> Balance {
	Balances::balance_on_hold(&crate::HoldReason::LaneStorage.into(), &account(seed))
}
