//! A runtime for tests.

use crate as pallet_data_attribution;
use frame_support::{
	assert_ok, derive_impl, parameter_types,
	storage::with_storage_layer,
	traits::{
		fungible::{Inspect, InspectHold, Mutate},
		Hooks, Randomness,
	},
	PalletId,
};
use frame_system::EnsureRoot;
use openledger_primitives::{
	attribution::{DataSource, DataSources, ReleaseSelector},
	contribution::{Submission, FORMAT_PRIVATE_STREAM, FORMAT_STREAM},
	data_tree::{self, leaf_hashes, DataSeed, RangeProof},
	lane::{AttributionShare, PoolPayment, RejectReason},
	traits::{LaneDue, RecordEarnings, Role},
	AccountId, Balance, BlockNumber, ContributionId, DatanetId, Hash, Name, ReleaseId, Uri, Weight,
	MILLI_OPEN, OPEN,
};
use pallet_data_attribution::{
	Accounted, Contributions, Draws, Error, HoldReason, NextContributionId, NextDatanetId,
	Possession, ReleasePayout, Releases, MAX_TOTAL_WEIGHT,
};
use sp_runtime::{traits::IdentityLookup, BuildStorage, DispatchError, DispatchResult, Permill};

pub const CURATOR: AccountId = AccountId::new([1; 32]);
pub const ALICE: AccountId = AccountId::new([2; 32]);
pub const BOB: AccountId = AccountId::new([3; 32]);
pub const CAROL: AccountId = AccountId::new([4; 32]);
pub const POOR: AccountId = AccountId::new([5; 32]);
pub const DAVE: AccountId = AccountId::new([6; 32]);
pub const PROTOCOL: AccountId = AccountId::new([7; 32]);
/// Has no account.
pub const NOBODY: AccountId = AccountId::new([8; 32]);

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
	pub const PotId: PalletId = PalletId(*b"ol/datap");
	pub const MaxWeight: Weight = MAX_TOTAL_WEIGHT;
	pub static DatanetDeposit: Balance = 10 * OPEN;
	pub static ReleaseDeposit: Balance = OPEN / 5;
	pub static ReleaseNotice: BlockNumber = 5;
	pub static HistoryPeriod: BlockNumber = 100;
	pub static ContributionBond: Balance = 2 * OPEN;
	pub static ContributionDeposit: Balance = OPEN / 4;
	pub static AdmissionDeposit: Balance = OPEN;
	pub static ReservationDeposit: Balance = OPEN / 2;
	pub static ReservationPeriod: BlockNumber = 20;
	pub const DrawDelay: BlockNumber = 3;
	pub static ShowPeriod: BlockNumber = 10;
	pub static RootClaimPeriod: BlockNumber = 30;
	pub static PendingPeriod: BlockNumber = 50;
	/// The part of each block in the draws.
	pub static Part: u64 = 1;
	pub static BondLockPeriod: BlockNumber = 30;
	pub static ContestPeriod: BlockNumber = 10;
	pub static VerdictPeriod: BlockNumber = 25;
	pub const DroppedShare: Permill = Permill::from_percent(10);
	pub const ReporterShare: Permill = Permill::from_percent(25);
	pub const MaxCuratorShare: Permill = Permill::from_percent(30);
	pub const ProtocolAccount: AccountId = PROTOCOL;
	/// Claims that the pallet has told of.
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

/// Says what [`Part`] says.
pub struct Dice;

impl Randomness<Hash, BlockNumber> for Dice {
	fn random(_: &[u8]) -> (Hash, BlockNumber) {
		(Hash::from_low_u64_be(Part::get()), System::block_number())
	}
}

impl pallet_data_attribution::Config for Test {
	type RuntimeHoldReason = RuntimeHoldReason;
	type Currency = Balances;
	type Earnings = Recorder;
	type Randomness = Dice;
	type PotId = PotId;
	type GovernanceOrigin = EnsureRoot<AccountId>;
	type ProtocolAccount = ProtocolAccount;
	type DatanetDeposit = DatanetDeposit;
	type ReleaseDeposit = ReleaseDeposit;
	type ReleaseNotice = ReleaseNotice;
	type HistoryPeriod = HistoryPeriod;
	type AdmissionDeposit = AdmissionDeposit;
	type ContributionBond = ContributionBond;
	type ContributionDeposit = ContributionDeposit;
	type ReservationDeposit = ReservationDeposit;
	type ReservationPeriod = ReservationPeriod;
	type DrawDelay = DrawDelay;
	type ShowPeriod = ShowPeriod;
	type RootClaimPeriod = RootClaimPeriod;
	type PendingPeriod = PendingPeriod;
	type BondLockPeriod = BondLockPeriod;
	type ContestPeriod = ContestPeriod;
	type VerdictPeriod = VerdictPeriod;
	type ReporterShare = ReporterShare;
	type DroppedShare = DroppedShare;
	type MaxCuratorShare = MaxCuratorShare;
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
			(DAVE, ENDOWMENT),
			(POOR, EXISTENTIAL_DEPOSIT),
			(PROTOCOL, EXISTENTIAL_DEPOSIT),
		],
		..Default::default()
	}
	.assimilate_storage(&mut storage)
	.unwrap();
	pallet_data_attribution::GenesisConfig::<Test>::default()
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

/// Bytes of each data set: four leaves, the last one shorter.
pub const SIZE: u64 = 1_000;

/// The data set that the tests use for a number: a stream, of which no two leaves are alike.
pub fn data(number: u64) -> Vec<u8> {
	(0..).flat_map(|at| format!("{number}.{at} ").into_bytes()).take(SIZE as usize).collect()
}

/// The secret of a number's data set, if it is private.
pub fn seed(number: u64) -> DataSeed {
	DataSeed(root(number).0)
}

/// The root over a number's data set.
pub fn root(number: u64) -> Hash {
	data_tree::root(&data(number), None).unwrap().root
}

/// The proof of the leaf that a contribution has to show, which is of a number's data set. Lets the draw come out.
pub fn proof(contribution: ContributionId, number: u64) -> RangeProof {
	let entry = Contributions::<Test>::get(contribution).unwrap();
	let Possession::Owed(draw) = entry.possession else { panic!("nothing is to be shown") };
	if DataAttribution::drawn_leaf(contribution, &entry).is_none() {
		DataAttribution::on_initialize(draw);
	}
	let drawn = DataAttribution::drawn_leaf(contribution, &entry).unwrap();
	let seed = (entry.format == FORMAT_PRIVATE_STREAM).then(|| seed(number));
	let stream = data(number);
	let hashes = leaf_hashes(&stream, seed.as_ref());
	RangeProof::new(&stream, seed.as_ref(), &hashes, drawn.offset, drawn.length).unwrap()
}

/// Has the contributor of a contribution show that it is a number's data set.
pub fn show(contribution: ContributionId, number: u64) -> DispatchResult {
	let entry = Contributions::<Test>::get(contribution).unwrap();
	let proof = proof(contribution, number);
	let shown = DataAttribution::show_possession(signed(&entry.contributor), contribution, proof);
	let Possession::Owed(draw) = entry.possession else { panic!("nothing was to be shown") };
	if System::block_number() < draw {
		// Nobody else is to know it before its block.
		Draws::<Test>::mutate_extant(draw, |draw| draw.seed = None);
	}
	shown
}

/// Submits a number's data set and shows it, or does nothing.
pub fn bring(
	who: &AccountId,
	datanet: DatanetId,
	number: u64,
) -> Result<ContributionId, DispatchError> {
	with_storage_layer(|| {
		let contribution = NextContributionId::<Test>::get();
		DataAttribution::submit_contribution(signed(who), datanet, submission(number))?;
		show(contribution, number)?;
		Ok(contribution)
	})
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
	assert_ok!(DataAttribution::create_datanet(signed(&CURATOR), name(&format!("law/{datanet}"))));
	datanet
}

/// A datanet of [`CURATOR`]'s, who takes so many percent.
pub fn datanet_with(open: bool, percent: u32) -> DatanetId {
	let datanet = NextDatanetId::<Test>::get();
	assert_ok!(DataAttribution::create_datanet_with(
		signed(&CURATOR),
		name(&format!("med/{datanet}")),
		open,
		Permill::from_percent(percent)
	));
	datanet
}

/// Goes so many blocks on.
pub fn pass(blocks: BlockNumber) {
	for _ in 0..blocks {
		let next = System::block_number() + 1;
		System::set_block_number(next);
		DataAttribution::on_initialize(next);
	}
}

/// A public stream: that of a number.
pub fn submission(number: u64) -> Submission {
	Submission {
		root: root(number),
		size: SIZE,
		uri: uri(),
		format: FORMAT_STREAM,
		licence: Hash::repeat_byte(0x11),
	}
}

/// The same as a private one.
pub fn private_submission(number: u64) -> Submission {
	let root = data_tree::root(&data(number), Some(&seed(number))).unwrap().root;
	Submission { root, format: FORMAT_PRIVATE_STREAM, ..submission(number) }
}

/// A pending contribution, whose data was shown.
pub fn submitted(contributor: &AccountId, datanet: DatanetId) -> ContributionId {
	let contribution = NextContributionId::<Test>::get();
	let submission = submission(contribution);
	assert_ok!(DataAttribution::submit_contribution(signed(contributor), datanet, submission));
	assert_ok!(show(contribution, contribution));
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

/// Payment of a call straight to one contribution, the curator's part included, in planck.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectPayment {
	pub contribution: ContributionId,
	pub amount: Balance,
}

/// The payment of one call's data part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataPayment {
	pub direct: Vec<DirectPayment>,
	pub pools: Vec<PoolPayment>,
}

/// Credits the data part of a call as of now and pays it into the pot, as a settlement does. The contributions have
/// the whole answer, in parts by weight.
pub fn pay(
	amount: Balance,
	attributed: Permill,
	attribution: &[(ContributionId, Weight)],
	sources: &[DataSource],
) -> Result<DataPayment, DispatchError> {
	pay_as_of(System::block_number(), amount, attributed, attribution, sources)
}

/// The same as of an earlier block.
pub fn pay_as_of(
	as_of: BlockNumber,
	amount: Balance,
	attributed: Permill,
	attribution: &[(ContributionId, Weight)],
	sources: &[DataSource],
) -> Result<DataPayment, DispatchError> {
	let sources = DataSources::try_from(sources.to_vec()).unwrap();
	let resolved = DataAttribution::resolve_sources(&sources, as_of);
	let sources = resolved.map_err(|reason| match reason {
		RejectReason::NoPayableSource => DispatchError::from(Error::<Test>::NoPayableSource),
		_ => FORGOTTEN,
	})?;
	let shares = shares(attribution);
	let items = vec![(amount, shares.as_slice())];
	let due = LaneDue { sources: &sources.sources, as_of, attributed, items };
	let before = Accounted::<Test>::get();
	let credit = DataAttribution::do_credit_lanes(&[due])?.remove(0);

	assert_eq!(Accounted::<Test>::get(), before + amount);
	Balances::mint_into(&DataAttribution::pot(), amount)?;
	let direct = shares.iter().zip(&credit.direct[0]).filter(|(_, paid)| paid.amount > 0);
	let direct = direct.map(|(share, paid)| DirectPayment {
		contribution: share.contribution,
		amount: paid.amount,
	});
	Ok(DataPayment { direct: direct.collect(), pools: credit.pools })
}

/// The error of [`pay_as_of`] if it is not known any more who was to be paid.
pub const FORGOTTEN: DispatchError = DispatchError::Other("forgotten");

/// The parts of a whole answer that has come from these contributions alone, by their weights.
fn shares(attribution: &[(ContributionId, Weight)]) -> Vec<AttributionShare> {
	let total: u128 = attribution.iter().map(|(_, weight)| u128::from(*weight)).sum();
	let share = |(contribution, weight): &(ContributionId, Weight)| {
		let basis_points = (u128::from(*weight) * 10_000).checked_div(total)?;
		let basis_points = u16::try_from(basis_points).unwrap();
		Some(AttributionShare { contribution: *contribution, basis_points })
	};
	attribution.iter().filter_map(share).collect()
}

/// Payout of a release to a contribution of so much weight, from one pool index up to another.
pub fn release_payout(
	release: ReleaseId,
	weight: Weight,
	from: Balance,
	to: Balance,
) -> ReleasePayout {
	ReleasePayout { release, weight, from, to, amount: Balance::from(weight) * (to - from) }
}

/// Amount that the releases have received and not yet divided.
pub fn carried() -> Balance {
	Releases::<Test>::iter().map(|(_, _, state)| state.index.carry).sum()
}
