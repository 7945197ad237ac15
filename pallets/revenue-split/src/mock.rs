//! A runtime for tests: the data part is credited by a stand-in that pays what a call is attributed
//! to and puts the rest into one pool.

use crate as pallet_revenue_split;
use frame_support::{
	derive_impl, parameter_types,
	traits::{fungible::Mutate, Hooks},
	PalletId,
};
use openledger_primitives::{
	attribution::{AttributionEntry, DataSource, DataSources, ReleaseSelector},
	lane::{direct_part, AttributionShare, DirectAmount},
	lineage::{Ancestor, Lineage},
	policy::RevenuePolicy,
	price::PriceSchedule,
	record::{CallPayment, DataPayment, DirectPayment, PoolPayment, RejectReason},
	split::{part_of, split_exact},
	traits::{
		CallTerms, ChargedCall, DataDue, DataRevenue, LaneCredit, LaneDue, Resolved,
		ResolvedSource, RevenueDistributor,
	},
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
/// The model that [`call`] is of.
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
	ForgetsACall,
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
	pub static DataFault: Option<Fault> = None;
	/// The block before which nobody knows any more which releases there were.
	pub static DataKnownSince: BlockNumber = 0;
	/// The block in which the releases or their curators are others.
	pub static DataChangesAt: Option<BlockNumber> = None;
	/// Number of charges each time that data was credited.
	pub static Credits: Vec<usize> = Vec::new();
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type Balance = Balance;
	type ExistentialDeposit = ExistentialDeposit;
	type AccountStore = System;
}

/// Pays attributed contributions, and one pool.
pub struct OnePool;

impl OnePool {
	fn pay(due: &DataDue) -> Option<DataPayment> {
		let source = due.sources.first()?;
		let attributed = part_of(due.amount, due.attributed);
		let entries = due.attribution.iter().map(|entry| (Some(entry.contribution), entry.weight));
		let shares: Vec<_> = entries.chain([(None, due.unattributed)]).collect();
		// `None` if there is nothing to weigh: then all of it goes to the pool.
		let parts = split_exact(attributed, &shares).unwrap_or_default();
		let mut payment = DataPayment::default();
		let mut direct = 0;
		for ((contribution, _), amount) in shares.iter().zip(parts) {
			if let Some(contribution) = *contribution {
				direct += amount;
				let paid = DirectPayment { contribution, amount, curator: 0 };
				payment.direct.try_push(paid).ok()?;
			}
		}
		let amount = due.amount - direct;
		let pool = PoolPayment {
			datanet: source.datanet,
			release: 1,
			amount,
			curator: 0,
			raised: amount,
			total_weight: 1,
			carry_before: 0,
			carry_after: 0,
		};
		payment.pools.try_push(pool).ok()?;
		Some(payment)
	}
}

impl OnePool {
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

impl DataRevenue<AccountId> for OnePool {
	fn pot() -> AccountId {
		DATA_POT
	}

	fn credit(dues: &[DataDue]) -> Result<Vec<DataPayment>, DispatchError> {
		Credits::mutate(|credits| credits.push(dues.len()));
		let payments: Option<Vec<_>> = dues.iter().map(Self::pay).collect();
		let mut payments = payments.ok_or(DispatchError::Other("no source"))?;
		match DataFault::get() {
			None | Some(Fault::ForgetsAnItem) => {}
			Some(Fault::MiscountsAPlanck) => payments[0].pools[0].amount ^= 1,
			Some(Fault::ForgetsACall) => drop(payments.pop()),
			Some(Fault::Refuses) => return Err(DispatchError::Unavailable),
		}
		Ok(payments)
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
			Some(Fault::ForgetsACall) => drop(credits.pop()),
			Some(Fault::ForgetsAnItem) => drop(credits[0].direct.pop()),
			Some(Fault::Refuses) => return Err(DispatchError::Unavailable),
		}
		Ok(credits)
	}
}

impl pallet_revenue_split::Config for Test {
	type Currency = Balances;
	type Data = OnePool;
	type ProtocolShare = ProtocolShare;
	type HistoryPeriod = HistoryPeriod;
	type ProtocolAccount = ProtocolAccount;
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

/// A call of `charge` planck.
pub fn call(charge: Balance) -> ChargedCall {
	ChargedCall { calls: 1, charge, attribution: Vec::new(), unattributed: 0 }
}

/// Distributes calls of [`MODEL`] that were charged under [`terms`].
pub fn distribute(
	node: &AccountId,
	calls: &[ChargedCall],
) -> Result<Vec<CallPayment>, DispatchError> {
	RevenueSplit::distribute(node, MODEL, &terms(), calls)
}

/// The same with parents, as [`lineage`] makes them.
pub fn distribute_descended(
	node: &AccountId,
	levels: &[(AccountId, u32)],
	calls: &[ChargedCall],
) -> Result<Vec<CallPayment>, DispatchError> {
	let terms = CallTerms { lineage: lineage(levels), ..terms() };
	RevenueSplit::distribute(node, MODEL, &terms, calls)
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

pub fn attribution(entries: &[(u64, u64)]) -> Vec<AttributionEntry> {
	entries
		.iter()
		.map(|(contribution, weight)| AttributionEntry {
			contribution: *contribution,
			weight: *weight,
		})
		.collect()
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
	DataFault::set(None);
	DataKnownSince::set(0);
	DataChangesAt::set(None);
	Credits::set(Vec::new());
	chain(vec![(PAYER, 1_000_000), (DATA_POT, EXISTENTIAL_DEPOSIT)])
}
