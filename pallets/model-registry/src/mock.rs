//! A runtime for tests. Datanets are a stand-in: datanet 1 has releases 1 to 9, datanet 2 has none.

use crate as pallet_model_registry;
use frame_support::{derive_impl, parameter_types};
use openledger_primitives::{
	traits::DataInspect, AccountId, Balance, BlockNumber, DatanetId, ReleaseId, MILLI_OPEN, OPEN,
};
use sp_runtime::{traits::IdentityLookup, BuildStorage};

pub const DEVELOPER: AccountId = AccountId::new([1; 32]);
pub const OTHER: AccountId = AccountId::new([2; 32]);
/// Owns nothing.
pub const PAYEE: AccountId = AccountId::new([4; 32]);
pub const POOR: AccountId = AccountId::new([3; 32]);

pub const EXISTENTIAL_DEPOSIT: Balance = MILLI_OPEN;

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
	pub type ModelRegistry = pallet_model_registry::Pallet<Test>;
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
	pub const ExistentialDeposit: Balance = EXISTENTIAL_DEPOSIT;
	pub static DepositBase: Balance = OPEN;
	pub static DepositPerByte: Balance = MILLI_OPEN;
	pub static NoticePeriod: BlockNumber = 10;
	pub static SettlementGrace: BlockNumber = 20;
	pub static HistoryPeriod: BlockNumber = 50;
	pub static NameRest: BlockNumber = 100;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type Balance = Balance;
	type ExistentialDeposit = ExistentialDeposit;
	type AccountStore = System;
}

/// See the module's text.
pub struct TwoDatanets;

impl DataInspect for TwoDatanets {
	fn release_exists(datanet: DatanetId, release: ReleaseId) -> bool {
		datanet == 1 && (1..=9).contains(&release)
	}

	fn latest_release(datanet: DatanetId) -> Option<ReleaseId> {
		(datanet == 1).then_some(9)
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_release(
		_: u32,
	) -> Result<
		(DatanetId, ReleaseId, Vec<openledger_primitives::ContributionId>),
		sp_runtime::DispatchError,
	> {
		parameter_types! {
			static Published: ReleaseId = 0;
		}
		Published::mutate(|release| *release = *release % 9 + 1);
		Ok((1, Published::get(), Vec::new()))
	}
}

impl pallet_model_registry::Config for Test {
	type RuntimeHoldReason = RuntimeHoldReason;
	type Currency = Balances;
	type Data = TwoDatanets;
	type NoticePeriod = NoticePeriod;
	type SettlementGrace = SettlementGrace;
	type HistoryPeriod = HistoryPeriod;
	type NameRest = NameRest;
	type DepositBase = DepositBase;
	type DepositPerByte = DepositPerByte;
	type WeightInfo = ();
}

pub fn new_test_ext() -> sp_io::TestExternalities {
	let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
	pallet_balances::GenesisConfig::<Test> {
		balances: vec![
			(DEVELOPER, 10_000 * OPEN),
			(OTHER, 10_000 * OPEN),
			(POOR, EXISTENTIAL_DEPOSIT),
		],
		..Default::default()
	}
	.assimilate_storage(&mut storage)
	.unwrap();
	let mut ext = sp_io::TestExternalities::new(storage);
	ext.execute_with(|| System::set_block_number(1));
	ext
}

/// With the periods of a chain with a block every three seconds.
#[cfg(feature = "runtime-benchmarks")]
pub fn with_real_periods() -> sp_io::TestExternalities {
	let mut ext = new_test_ext();
	ext.execute_with(|| {
		NoticePeriod::set(7 * 28_800);
		SettlementGrace::set(2 * 28_800);
		HistoryPeriod::set(38 * 28_800);
	});
	ext
}

/// Goes `blocks` blocks on, and checks the pallet's invariants in each.
pub fn pass(blocks: BlockNumber) {
	for _ in 0..blocks {
		ModelRegistry::do_try_state().unwrap();
		System::set_block_number(System::block_number() + 1);
	}
}

/// Runs a test, then checks the pallet's invariants.
pub fn run(test: impl FnOnce()) {
	new_test_ext().execute_with(|| {
		test();
		ModelRegistry::do_try_state().unwrap();
	});
}
