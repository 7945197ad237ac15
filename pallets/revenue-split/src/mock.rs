//! A runtime for tests: the data part is credited by a stand-in that puts all of it into one pool.

use crate as pallet_revenue_split;
use frame_support::{derive_impl, parameter_types, traits::fungible::Mutate, PalletId};
use openledger_primitives::{
	attribution::{Attribution, DataSource, DataSources, ReleaseSelector},
	policy::RevenuePolicy,
	price::PriceSchedule,
	record::{DataPayment, PoolPayment},
	traits::{CallTerms, ChargedCall, DataRevenue},
	Balance,
};
use sp_runtime::{traits::IdentityLookup, BuildStorage, DispatchError, Permill};

pub type AccountId = u64;

pub const DEVELOPER: AccountId = 1;
pub const NODE: AccountId = 2;
pub const PROTOCOL: AccountId = 3;
pub const DATA_POT: AccountId = 4;
pub const PAYER: AccountId = 5;
pub const EXISTENTIAL_DEPOSIT: Balance = 100;

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
	pub type RevenueSplit = pallet_revenue_split::Pallet<Test>;
}

type Block = frame_system::mocking::MockBlock<Test>;

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = Block;
	type AccountId = AccountId;
	type Lookup = IdentityLookup<AccountId>;
	type AccountData = pallet_balances::AccountData<Balance>;
}

parameter_types! {
	pub const ExistentialDeposit: Balance = EXISTENTIAL_DEPOSIT;
	pub const ProtocolAccount: AccountId = PROTOCOL;
	pub const DefaultProtocolShare: Permill = Permill::from_percent(5);
	pub const MaxProtocolShare: Permill = Permill::from_percent(20);
	pub const PotId: PalletId = PalletId(*b"ol/split");
	/// Set by a test to make the stand-in lose a planck.
	pub static LosePlanck: bool = false;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type Balance = Balance;
	type ExistentialDeposit = ExistentialDeposit;
	type AccountStore = System;
}

/// Credits everything to one pool.
pub struct OnePool;

impl DataRevenue<AccountId> for OnePool {
	fn pot() -> AccountId {
		DATA_POT
	}

	fn credit(
		amount: Balance,
		_: Permill,
		_: &Attribution,
		sources: &DataSources,
	) -> Result<DataPayment, DispatchError> {
		let source = sources.first().ok_or(DispatchError::Other("no source"))?;
		let pool = PoolPayment {
			datanet: source.datanet,
			release: 1,
			amount: amount - Balance::from(LosePlanck::get()),
			raised: 0,
			total_weight: 1,
			carry_before: 0,
			carry_after: 0,
		};
		Ok(DataPayment {
			direct: Default::default(),
			pools: vec![pool].try_into().map_err(|_| DispatchError::Other("too many"))?,
		})
	}
}

impl pallet_revenue_split::Config for Test {
	type Currency = Balances;
	type Data = OnePool;
	type GovernanceOrigin = frame_system::EnsureRoot<AccountId>;
	type ProtocolAccount = ProtocolAccount;
	type DefaultProtocolShare = DefaultProtocolShare;
	type MaxProtocolShare = MaxProtocolShare;
	type PotId = PotId;
	type WeightInfo = ();
}

/// A call of `charge` planck: 40% developer, 35% data, 25% node of what the protocol leaves.
pub fn call(charge: Balance) -> ChargedCall<AccountId> {
	ChargedCall {
		charge,
		terms: CallTerms {
			developer: DEVELOPER,
			price: PriceSchedule::default(),
			policy: RevenuePolicy {
				developer: Permill::from_percent(40),
				data: Permill::from_percent(35),
				node: Permill::from_percent(25),
				attributed: Permill::zero(),
			},
			sources: vec![DataSource { datanet: 0, release: ReleaseSelector::Fixed(1), weight: 1 }]
				.try_into()
				.unwrap(),
		},
		attribution: Default::default(),
	}
}

/// Moves `amount` from the payer into the pot, as a settlement does.
pub fn fund_pot(amount: Balance) {
	Balances::mint_into(&RevenueSplit::pot(), amount).unwrap();
}

pub fn new_test_ext() -> sp_io::TestExternalities {
	let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
	pallet_balances::GenesisConfig::<Test> {
		balances: vec![
			(PAYER, 1_000_000),
			(RevenueSplit::pot(), EXISTENTIAL_DEPOSIT),
			(DATA_POT, EXISTENTIAL_DEPOSIT),
		],
		..Default::default()
	}
	.assimilate_storage(&mut storage)
	.unwrap();
	let mut ext = sp_io::TestExternalities::new(storage);
	ext.execute_with(|| System::set_block_number(1));
	ext
}
