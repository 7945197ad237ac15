//! A runtime for tests, with the real neighbours: what is tested here is money moving through all
//! four pallets.

use crate as pallet_inference_metering;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
	assert_ok, derive_impl, parameter_types,
	traits::{fungible::Inspect, VariantCount},
	PalletId,
};
use openledger_primitives::{
	attribution::{DataSource, DataSources, ReleaseSelector},
	ids::{MILLI_OPEN, OPEN},
	policy::RevenuePolicy,
	price::PriceSchedule,
	record::CallRecord,
	signing::Signed,
	voucher::Voucher,
	AccountId, Balance, Hash, ModelId, Signature,
};
use scale_info::TypeInfo;
use sp_core::{sr25519, Pair};
use sp_runtime::{
	traits::{AccountIdConversion, IdentifyAccount, IdentityLookup},
	BuildStorage, DispatchResult, MultiSigner, Permill,
};

pub const DEVELOPER: u8 = 1;
pub const NODE: u8 = 2;
pub const CALLER: u8 = 3;
pub const SIGNER: u8 = 4;
pub const ALICE: u8 = 5;
pub const BOB: u8 = 6;
pub const STRANGER: u8 = 7;
pub const PROTOCOL: u8 = 8;

pub const BOND: Balance = 100 * OPEN;
pub const DEPOSIT: Balance = 10 * OPEN;
pub const MIN_DEPOSIT: Balance = OPEN / 100;
/// Price per call; a token of input costs a thousandth of it, a token of output a hundredth.
pub const PRICE: Balance = 7 * MILLI_OPEN + 13;
/// The model that the node serves.
pub const MODEL: ModelId = 0;
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
	#[runtime::pallet_index(2)]
	pub type Models = pallet_model_registry::Pallet<Test>;
	#[runtime::pallet_index(3)]
	pub type Data = pallet_data_attribution::Pallet<Test>;
	#[runtime::pallet_index(4)]
	pub type Metering = pallet_inference_metering::Pallet<Test>;
	#[runtime::pallet_index(5)]
	pub type Split = pallet_revenue_split::Pallet<Test>;
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
	pub ProtocolAccount: AccountId = account(PROTOCOL);
	pub const DefaultProtocolShare: Permill = Permill::from_percent(5);
	pub const MaxProtocolShare: Permill = Permill::from_percent(20);
	pub const SplitPot: PalletId = PalletId(*b"ol/split");
	pub const DataPot: PalletId = PalletId(*b"ol/datap");
	pub const Deposit: Balance = OPEN;
	pub const DepositPerByte: Balance = 1_000;
	pub const MaxWeight: u64 = 1_000_000;
	pub const MinBond: Balance = BOND;
	pub const MinDeposit: Balance = MIN_DEPOSIT;
	pub const MinDuration: u32 = 10;
	pub const MaxDuration: u32 = 1_000;
	pub const CloseNotice: u32 = 20;
	pub const SettlementWindow: u32 = 40;
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

impl pallet_model_registry::Config for Test {
	type RuntimeHoldReason = RuntimeHoldReason;
	type Currency = Balances;
	type Data = Data;
	type DepositBase = Deposit;
	type DepositPerByte = DepositPerByte;
	type WeightInfo = ();
}

impl pallet_data_attribution::Config for Test {
	type RuntimeHoldReason = RuntimeHoldReason;
	type Currency = Balances;
	type Earnings = Split;
	type PotId = DataPot;
	type DatanetDeposit = Deposit;
	type ContributionBond = Deposit;
	type MaxWeight = MaxWeight;
	type WeightInfo = ();
}

impl pallet_revenue_split::Config for Test {
	type Currency = Balances;
	type Data = Data;
	type GovernanceOrigin = frame_system::EnsureRoot<AccountId>;
	type ProtocolAccount = ProtocolAccount;
	type DefaultProtocolShare = DefaultProtocolShare;
	type MaxProtocolShare = MaxProtocolShare;
	type PotId = SplitPot;
	type WeightInfo = ();
}

impl pallet_inference_metering::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Models = Models;
	type Revenue = Split;
	type MinBond = MinBond;
	type MinDeposit = MinDeposit;
	type MinDuration = MinDuration;
	type MaxDuration = MaxDuration;
	type CloseNotice = CloseNotice;
	type SettlementWindow = SettlementWindow;
	type WeightInfo = ();
}

pub fn pair(seed: u8) -> sr25519::Pair {
	sr25519::Pair::from_seed(&[seed; 32])
}

pub fn account(seed: u8) -> AccountId {
	MultiSigner::from(pair(seed).public()).into_account()
}

fn pot(id: PalletId) -> AccountId {
	id.into_account_truncating()
}

pub fn new_test_ext() -> sp_io::TestExternalities {
	let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
	let people = [DEVELOPER, NODE, CALLER, ALICE, BOB, STRANGER, PROTOCOL];
	let mut balances: Vec<_> =
		people.into_iter().map(|seed| (account(seed), 10_000 * OPEN)).collect();
	balances.extend([SplitPot::get(), DataPot::get()].map(|id| (pot(id), MILLI_OPEN)));
	pallet_balances::GenesisConfig::<Test> { balances, ..Default::default() }
		.assimilate_storage(&mut storage)
		.unwrap();
	let mut ext = sp_io::TestExternalities::new(storage);
	ext.register_extension(sp_keystore::KeystoreExt::new(
		sp_keystore::testing::MemoryKeystore::new(),
	));
	ext.execute_with(|| System::set_block_number(1));
	ext
}

/// A datanet with contributions of Alice (weight 3) and Bob (weight 1), a model made from it, and
/// a node that serves the model.
pub fn prepare() {
	let curator = RuntimeOrigin::signed(account(DEVELOPER));
	assert_ok!(Data::create_datanet(curator.clone(), b"facts".to_vec().try_into().unwrap()));
	for (contribution, (seed, weight)) in [(ALICE, 3), (BOB, 1)].into_iter().enumerate() {
		assert_ok!(Data::submit_contribution(
			RuntimeOrigin::signed(account(seed)),
			0,
			Hash::repeat_byte(seed),
			1_000,
			Default::default(),
		));
		let contribution = contribution.try_into().unwrap();
		assert_ok!(Data::accept_contribution(curator.clone(), contribution, weight));
	}
	assert_ok!(Data::publish_release(curator, 0));
	assert_eq!(register_model("facts-1b", PRICE), MODEL);
	register_node_of(NODE);
}

/// Registers a model of the developer's, made from release 1 of datanet 0.
pub fn register_model(name: &str, price: Balance) -> ModelId {
	let id = Models::models(0, 256).len().try_into().unwrap();
	let sources: DataSources =
		vec![DataSource { datanet: 0, release: ReleaseSelector::Fixed(1), weight: 1 }]
			.try_into()
			.unwrap();
	assert_ok!(Models::register_model(
		RuntimeOrigin::signed(account(DEVELOPER)),
		name.as_bytes().to_vec().try_into().unwrap(),
		Default::default(),
		Hash::repeat_byte(1),
		Hash::repeat_byte(2),
		PriceSchedule {
			per_call: price,
			per_input_token: price / 1_000,
			per_output_token: price / 100,
		},
		RevenuePolicy {
			developer: Permill::from_percent(40),
			data: Permill::from_percent(35),
			node: Permill::from_percent(25),
			attributed: Permill::from_percent(60),
		},
		sources,
	));
	id
}

pub fn register_node_of(seed: u8) {
	assert_ok!(Metering::register_node(
		RuntimeOrigin::signed(account(seed)),
		b"http://127.0.0.1:8402".to_vec().try_into().unwrap(),
		account(seed),
		BOND,
		vec![MODEL].try_into().unwrap(),
	));
}

/// Changes the models that the node serves.
pub fn serve(models: &[ModelId]) {
	assert_ok!(Metering::update_node(
		RuntimeOrigin::signed(account(NODE)),
		b"http://127.0.0.1:8402".to_vec().try_into().unwrap(),
		account(NODE),
		models.to_vec().try_into().unwrap(),
	));
}

/// Opens a session of the caller with the node that expires in 100 blocks.
pub fn open_session(deposit: Balance) -> u64 {
	let session = crate::NextSessionId::<Test>::get();
	assert_ok!(Metering::open_session(
		RuntimeOrigin::signed(account(CALLER)),
		account(NODE),
		deposit,
		account(SIGNER),
		System::block_number() + 100,
	));
	session
}

/// What [`record`] costs.
pub fn call_charge() -> Balance {
	PRICE
		+ Balance::from(INPUT_TOKENS) * (PRICE / 1_000)
		+ Balance::from(OUTPUT_TOKENS) * (PRICE / 100)
}

pub fn record(sequence: u64) -> CallRecord {
	CallRecord {
		sequence,
		model: MODEL,
		version: 0,
		price_version: 0,
		input_tokens: INPUT_TOKENS,
		output_tokens: OUTPUT_TOKENS,
		request_hash: Hash::repeat_byte(0xaa),
		response_hash: Hash::repeat_byte(0xbb),
		attribution: Default::default(),
	}
}

pub fn voucher(
	session: u64,
	lane: u16,
	sequence: u64,
	acknowledged: Balance,
	allowance: Balance,
) -> Voucher {
	Voucher {
		genesis_hash: System::block_hash(0),
		session,
		lane,
		model: MODEL,
		sequence,
		acknowledged,
		authorised: acknowledged + allowance,
		price_version: 0,
		request_hash: Hash::repeat_byte(0xaa),
		valid_until: 0,
	}
}

/// Settles as the node, with the signer's signature.
pub fn settle(voucher: &Voucher, records: Vec<CallRecord>) -> DispatchResult {
	let signature: Signature = pair(SIGNER).sign(&voucher.signing_payload()).into();
	Metering::settle(
		RuntimeOrigin::signed(account(NODE)),
		*voucher,
		signature,
		records.try_into().unwrap(),
	)
}

/// Settles one call.
pub fn settle_one(
	session: u64,
	lane: u16,
	sequence: u64,
	acknowledged: Balance,
	allowance: Balance,
) -> DispatchResult {
	settle(&voucher(session, lane, sequence, acknowledged, allowance), vec![record(sequence)])
}

/// Claims what a contribution earned from release 1, as its contributor.
pub fn try_claim(contribution: u64) -> DispatchResult {
	let seed = if contribution == 0 { ALICE } else { BOB };
	let origin = RuntimeOrigin::signed(account(seed));
	Data::claim(origin, contribution, vec![1].try_into().unwrap())
}

/// Claims, and returns what it brought.
pub fn claim(contribution: u64) -> Balance {
	let owner = account(if contribution == 0 { ALICE } else { BOB });
	let before = Balances::balance(&owner);
	assert_ok!(try_claim(contribution));
	Balances::balance(&owner) - before
}

/// What is in the data pot on top of its existential deposit.
pub fn data_pot_surplus() -> Balance {
	Balances::balance(&pot(DataPot::get())) - MILLI_OPEN
}

/// What the pools carry over to their next payment.
pub fn carried() -> Balance {
	pallet_data_attribution::Releases::<Test>::iter_values()
		.map(|release| release.index.carry)
		.sum()
}

pub fn check_invariants() {
	Models::do_try_state().unwrap();
	Data::do_try_state().unwrap();
	Split::do_try_state().unwrap();
	Metering::do_try_state().unwrap();
}
