//! A runtime for tests: the data part is credited by a stand-in that pays what a call is attributed
//! to and puts the rest into the pools of its sources.

use crate as pallet_revenue_split;
use frame_support::{
	derive_impl, parameter_types,
	traits::{fungible::Mutate, Hooks},
	PalletId,
};
use openledger_primitives::{
	attribution::{DataSource, DataSources, ReleaseSelector},
	lane::{direct_part, AttributionShare, DirectAmount, PoolPayment, RejectReason},
	lineage::{Ancestor, Lineage},
	policy::RevenuePolicy,
	price::PriceSchedule,
	split::{part_of, split_exact},
	traits::{CallTerms, DataRevenue, LaneCredit, LaneDue, Resolved, ResolvedSource},
	Balance, BlockNumber, ModelId,
};
use sp_runtime::{traits::IdentityLookup, BuildStorage, DispatchError, Permill};

pub type AccountId = openledger_primitives::AccountId;

pub const DEVELOPER: AccountId = AccountId::new([1; 32]);
pub const NODE: AccountId = AccountId::new([2; 32]);
pub const PROTOCOL: AccountId = AccountId::new([3; 32]);
pub const DATA_POT: AccountId = AccountId::new([4; 32]);
pub const PAYER: AccountId = AccountId::new([5; 32]);
pub const PARENT: AccountId = AccountId::new([6; 32]);
pub const GRANDPARENT: AccountId = AccountId::new([7; 32]);
pub const CURATOR: AccountId = AccountId::new([8; 32]);
pub const CURATOR_SHARE: Permill = Permill::from_percent(10);
pub const EXISTENTIAL_DEPOSIT: Balance = 100;
/// The model of most lanes.
pub const MODEL: ModelId = 7;

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

/// A misbehaviour of the stand-in for data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
	MiscountsAPlanck,
	ForgetsALane,
	ForgetsAnItem,
	Refuses,
}

parameter_types! {
	pub const ExistentialDeposit: Balance = EXISTENTIAL_DEPOSIT;
	pub ProtocolAccount: AccountId = PROTOCOL;
	pub const PotId: PalletId = PalletId(*b"ol/split");
	/// Governed.
	pub static ProtocolShare: Permill = Permill::from_percent(5);
	pub const HistoryPeriod: u64 = 50;
	pub static CountedCharge: Balance = 1;
	pub static DataFault: Option<Fault> = None;
	/// The block before which nobody knows any more which releases there were.
	pub static DataKnownSince: BlockNumber = 0;
	/// The block in which the releases or their curators are others.
	pub static DataChangesAt: Option<BlockNumber> = None;
	/// Number of lanes each time that data was credited.
	pub static Credits: Vec<usize> = Vec::new();
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type Balance = Balance;
	type ExistentialDeposit = ExistentialDeposit;
	type AccountStore = System;
}

/// Pays attributed contributions, and one pool a source.
pub struct Pools;

impl Pools {
	/// Contributions below 100 count, by the first source.
	fn credit_lane(due: &LaneDue<AccountId>) -> LaneCredit {
		let key = |source: &ResolvedSource<_>| ((source.datanet, source.release), source.weight);
		let shares: Vec<_> = due.sources.iter().map(key).collect();
		let mut sums = vec![0; shares.len()];
		let mut direct = Vec::new();
		for (data, attribution) in &due.items {
			let pay = |entry: &AttributionShare| {
				let part = direct_part(*data, due.attributed, entry.basis_points).unwrap();
				let amount = if entry.contribution < 100 { part } else { 0 };
				DirectAmount { amount, source: 0 }
			};
			let paid: Vec<_> = attribution.iter().map(pay).collect();
			let left = *data - paid.iter().map(|paid| paid.amount).sum::<Balance>();
			direct.push(if left == *data { Vec::new() } else { paid }.try_into().unwrap());
			if left > 0 {
				let parts = split_exact(left, &shares).unwrap();
				sums.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part);
			}
		}
		let pool = |(source, amount): (&ResolvedSource<_>, Balance)| {
			let curator = part_of(amount, source.curator_share);
			PoolPayment {
				datanet: source.datanet,
				release: source.release,
				amount,
				curator,
				raised: amount - curator,
				total_weight: 1,
				carry_before: 0,
				carry_after: 0,
			}
		};
		let paid = due.sources.iter().zip(sums).filter(|(_, amount)| *amount > 0);
		LaneCredit { direct, pools: paid.map(pool).collect() }
	}
}

impl DataRevenue<AccountId> for Pools {
	fn pot() -> AccountId {
		DATA_POT
	}

	/// Each source leads to release 1 of its datanet.
	fn resolve(
		sources: &DataSources,
		as_of: BlockNumber,
	) -> Result<Resolved<AccountId>, RejectReason> {
		if as_of < DataKnownSince::get() {
			return Err(RejectReason::TermsForgotten);
		}
		if sources.is_empty() {
			return Err(RejectReason::NoPayableSource);
		}
		let source = |source: &DataSource| ResolvedSource {
			datanet: source.datanet,
			release: 1,
			weight: source.weight,
			curator: CURATOR,
			curator_share: CURATOR_SHARE,
		};
		let changed_at = DataChangesAt::get();
		Ok(Resolved { sources: sources.iter().map(source).collect(), changed_at })
	}

	fn credit_lanes(dues: &[LaneDue<AccountId>]) -> Result<Vec<LaneCredit>, DispatchError> {
		Credits::mutate(|credits| credits.push(dues.len()));
		let mut credits: Vec<_> = dues.iter().map(Self::credit_lane).collect();
		match DataFault::get() {
			None => {}
			Some(Fault::MiscountsAPlanck) => credits[0].pools[0].amount ^= 1,
			Some(Fault::ForgetsALane) => drop(credits.pop()),
			Some(Fault::ForgetsAnItem) => drop(credits[0].direct.pop()),
			Some(Fault::Refuses) => return Err(DispatchError::Unavailable),
		}
		Ok(credits)
	}
}

impl pallet_revenue_split::Config for Test {
	type Currency = Balances;
	type Data = Pools;
	type ProtocolShare = ProtocolShare;
	type HistoryPeriod = HistoryPeriod;
	type ProtocolAccount = ProtocolAccount;
	type CountedCharge = CountedCharge;
	type PotId = PotId;
	type WeightInfo = ();
}

/// The terms of most calls: 40% developer, 35% data, 25% node of what the protocol leaves. Half of the
/// data part is attributed directly, if a call has an attribution.
pub fn terms() -> CallTerms<AccountId> {
	CallTerms {
		payee: DEVELOPER,
		price: PriceSchedule::default(),
		policy: RevenuePolicy {
			developer: Permill::from_percent(40),
			data: Permill::from_percent(35),
			node: Permill::from_percent(25),
			attributed: Permill::from_percent(50),
		},
		sources: vec![DataSource { datanet: 0, release: ReleaseSelector::Fixed(1), weight: 1 }]
			.try_into()
			.unwrap(),
		lineage: Lineage::default(),
	}
}

/// The models above one: their payees and royalties in percent, nearest first.
pub fn lineage(levels: &[(AccountId, u32)]) -> Lineage<AccountId> {
	let level = |(depth, (payee, royalty)): (usize, &(AccountId, u32))| Ancestor {
		model: MODEL - 1 - depth as ModelId,
		payee: payee.clone(),
		royalty: Permill::from_percent(*royalty),
	};
	levels.iter().enumerate().map(level).collect::<Vec<_>>().try_into().unwrap()
}

/// Moves `amount` from nowhere into the pot, as a settlement does from its caller.
pub fn fund_pot(amount: Balance) {
	Balances::mint_into(&RevenueSplit::pot(), amount).unwrap();
}

/// Goes on to the next block.
pub fn next_block() {
	let now = System::block_number() + 1;
	System::set_block_number(now);
	RevenueSplit::on_initialize(now);
}

/// A chain whose genesis endows `balances`.
pub fn chain(balances: Vec<(AccountId, Balance)>) -> sp_io::TestExternalities {
	let genesis = RuntimeGenesisConfig {
		balances: pallet_balances::GenesisConfig { balances, ..Default::default() },
		..Default::default()
	};
	let mut ext = sp_io::TestExternalities::new(genesis.build_storage().unwrap());
	ext.execute_with(|| System::set_block_number(1));
	ext
}

pub fn new_test_ext() -> sp_io::TestExternalities {
	ProtocolShare::set(Permill::from_percent(5));
	CountedCharge::set(1);
	DataFault::set(None);
	DataKnownSince::set(0);
	DataChangesAt::set(None);
	Credits::set(Vec::new());
	chain(vec![(PAYER, 1_000_000), (DATA_POT, EXISTENTIAL_DEPOSIT)])
}
