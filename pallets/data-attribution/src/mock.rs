//! A runtime for tests.

use crate as pallet_data_attribution;
use frame_support::{
	assert_ok, derive_impl, parameter_types,
	traits::fungible::{Inspect, InspectHold, Mutate},
	PalletId,
};
use openledger_primitives::{
	attribution::{Attribution, AttributionEntry, DataSource, DataSources, ReleaseSelector},
	record::DataPayment,
	traits::{DataRevenue, RecordEarnings, Role},
	AccountId, Balance, ContributionId, DatanetId, Hash, Name, ReleaseId, Uri, Weight, MILLI_OPEN,
	OPEN,
};
use pallet_data_attribution::{
	Accounted, HoldReason, NextContributionId, NextDatanetId, Releases, MAX_TOTAL_WEIGHT,
};
use sp_runtime::{traits::IdentityLookup, BuildStorage, DispatchError, Permill};

pub const CURATOR: AccountId = AccountId::new([1; 32]);
pub const ALICE: AccountId = AccountId::new([2; 32]);
pub const BOB: AccountId = AccountId::new([3; 32]);
pub const CAROL: AccountId = AccountId::new([4; 32]);
pub const POOR: AccountId = AccountId::new([5; 32]);

pub const EXISTENTIAL_DEPOSIT: Balance = MILLI_OPEN;
pub const ENDOWMENT: Balance = 1_000 * OPEN;

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
	pub type DataAttribution = pallet_data_attribution::Pallet<Test>;
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
	pub const PotId: PalletId = PalletId(*b"ol/datap");
	pub const MaxWeight: Weight = MAX_TOTAL_WEIGHT;
	pub static DatanetDeposit: Balance = 10 * OPEN;
	pub static ContributionBond: Balance = 2 * OPEN;
	/// What the pallet has told of claims.
	pub static Recorded: Vec<(AccountId, Role, Balance)> = Vec::new();
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type Balance = Balance;
	type ExistentialDeposit = ExistentialDeposit;
	type AccountStore = System;
}

/// Keeps what it is told in [`Recorded`].
pub struct Recorder;

impl RecordEarnings<AccountId> for Recorder {
	fn record(account: &AccountId, role: Role, amount: Balance) {
		Recorded::mutate(|recorded| recorded.push((account.clone(), role, amount)));
	}
}

impl pallet_data_attribution::Config for Test {
	type RuntimeHoldReason = RuntimeHoldReason;
	type Currency = Balances;
	type Earnings = Recorder;
	type PotId = PotId;
	type DatanetDeposit = DatanetDeposit;
	type ContributionBond = ContributionBond;
	type MaxWeight = MaxWeight;
	type WeightInfo = ();
}

pub fn new_test_ext() -> sp_io::TestExternalities {
	let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
	pallet_balances::GenesisConfig::<Test> {
		balances: vec![
			(CURATOR, ENDOWMENT),
			(ALICE, ENDOWMENT),
			(BOB, ENDOWMENT),
			(CAROL, ENDOWMENT),
			(POOR, EXISTENTIAL_DEPOSIT),
			(DataAttribution::pot(), EXISTENTIAL_DEPOSIT),
		],
		..Default::default()
	}
	.assimilate_storage(&mut storage)
	.unwrap();
	let mut ext = sp_io::TestExternalities::new(storage);
	ext.execute_with(|| System::set_block_number(1));
	ext
}

/// Runs a test, then checks the pallet's invariants.
pub fn run(test: impl FnOnce()) {
	new_test_ext().execute_with(|| {
		test();
		DataAttribution::do_try_state().unwrap();
	});
}

pub fn signed(who: &AccountId) -> RuntimeOrigin {
	RuntimeOrigin::signed(who.clone())
}

pub fn name(text: &str) -> Name {
	Name::truncate_from(text.as_bytes().to_vec())
}

pub fn uri() -> Uri {
	Uri::truncate_from(b"ipfs://data".to_vec())
}

/// The content root that the tests use for a number.
pub fn root(number: u64) -> Hash {
	Hash::from_low_u64_be(number)
}

pub fn held(reason: HoldReason, who: &AccountId) -> Balance {
	Balances::balance_on_hold(&reason.into(), who)
}

pub fn pot_balance() -> Balance {
	Balances::balance(&DataAttribution::pot())
}

/// A datanet of [`CURATOR`]'s.
pub fn datanet() -> DatanetId {
	let datanet = NextDatanetId::<Test>::get();
	assert_ok!(DataAttribution::create_datanet(signed(&CURATOR), name("law/cases")));
	datanet
}

/// A pending contribution.
pub fn submitted(contributor: &AccountId, datanet: DatanetId) -> ContributionId {
	let contribution = NextContributionId::<Test>::get();
	assert_ok!(DataAttribution::submit_contribution(
		signed(contributor),
		datanet,
		root(contribution),
		1_000,
		uri()
	));
	contribution
}

/// An accepted contribution.
pub fn accepted(contributor: &AccountId, datanet: DatanetId, weight: Weight) -> ContributionId {
	let contribution = submitted(contributor, datanet);
	assert_ok!(DataAttribution::accept_contribution(signed(&CURATOR), contribution, weight));
	contribution
}

pub fn publish(datanet: DatanetId) -> ReleaseId {
	assert_ok!(DataAttribution::publish_release(signed(&CURATOR), datanet));
	crate::Datanets::<Test>::get(datanet).unwrap().latest_release
}

/// A datanet with one release of these contributors and weights, and their contributions.
pub fn released(
	contributions: &[(AccountId, Weight)],
) -> (DatanetId, ReleaseId, Vec<ContributionId>) {
	let datanet = datanet();
	let contributions =
		contributions.iter().map(|(who, weight)| accepted(who, datanet, *weight)).collect();
	(datanet, publish(datanet), contributions)
}

pub fn fixed(datanet: DatanetId, release: ReleaseId, weight: Weight) -> DataSource {
	DataSource { datanet, release: ReleaseSelector::Fixed(release), weight }
}

pub fn latest(datanet: DatanetId, weight: Weight) -> DataSource {
	DataSource { datanet, release: ReleaseSelector::Latest, weight }
}

/// Credits the data part of a call and pays it into the pot, as a settlement does.
pub fn pay(
	amount: Balance,
	attributed: Permill,
	attribution: &[(ContributionId, Weight)],
	sources: &[DataSource],
) -> Result<DataPayment, DispatchError> {
	let entries = attribution
		.iter()
		.map(|(contribution, weight)| AttributionEntry {
			contribution: *contribution,
			weight: *weight,
		})
		.collect::<Vec<_>>();
	let before = Accounted::<Test>::get();
	let payment = DataAttribution::credit(
		amount,
		attributed,
		&Attribution::try_from(entries).unwrap(),
		&DataSources::try_from(sources.to_vec()).unwrap(),
	)?;
	let direct = payment.direct.iter().map(|payment| payment.amount).sum::<Balance>();
	let pooled = payment.pools.iter().map(|payment| payment.amount).sum::<Balance>();
	assert_eq!(direct + pooled, amount);
	for pool in &payment.pools {
		assert_eq!(
			pool.amount + pool.carry_before,
			pool.raised * Balance::from(pool.total_weight) + pool.carry_after
		);
	}
	assert_eq!(Accounted::<Test>::get(), before + amount);
	Balances::mint_into(&DataAttribution::pot(), amount)?;
	Ok(payment)
}

/// What the releases have received and not yet divided.
pub fn carried() -> Balance {
	Releases::<Test>::iter().map(|(_, _, state)| state.index.carry).sum()
}
