//! The pallets that this chain is for: models, data, metering, and the split of each charge.
//!
//! They are wired in a line: metering charges a call on the terms of the model registry, hands the
//! charge to the revenue split, and that hands the data part to data attribution. Calls on chain take
//! the same way from the pallet that keeps their requests.

use super::parameters;
use crate::{
	constants::{deposit, DAYS, HOURS, MINUTES},
	weights, AccountId, Balance, Balances, BlockNumber, DataAttribution, Hash, InferenceMetering,
	ModelRegistry, RevenueSplit, Runtime, RuntimeHoldReason, System,
};
use frame_support::{
	parameter_types,
	traits::{ConstU128, ConstU32, Randomness},
	PalletId,
};
use frame_system::EnsureRoot;
use openledger_primitives::{MICRO_OPEN, MILLI_OPEN, OPEN};
use pallet_babe::ParentBlockRandomness;
use sp_runtime::{traits::AccountIdConversion, Permill};

/// [`TermsGrace`], in blocks.
pub(super) const TERMS_GRACE: BlockNumber = DAYS;

parameter_types! {
	/// Keeps what contributors may claim.
	pub const DataPot: PalletId = PalletId(*b"ol/datap");
	/// Charges pass through it, and it keeps what is too little to be paid out yet.
	pub const SplitPot: PalletId = PalletId(*b"ol/split");
	/// Keeps the protocol's share until governance spends it.
	pub const Treasury: PalletId = PalletId(*b"ol/trsry");
	pub ProtocolAccount: AccountId = Treasury::get().into_account_truncating();

	/// A model's entries, and a price on a good name.
	pub const ModelDepositBase: Balance = 5 * OPEN + deposit(4, 0);
	pub const ModelDepositPerByte: Balance = deposit(0, 1);
	/// Time in which nobody else can take the name of a model that is gone.
	pub const NameRest: BlockNumber = 365 * DAYS;

	/// One entry: an account and the datanet that lets it contribute.
	pub const AdmissionDeposit: Balance = deposit(1, 100);
	/// One entry: the commitment to a Merkle root.
	pub const ReservationDeposit: Balance = deposit(1, 150);
	/// Enough for a submission to be in a block after it, and not for one that is only guessed at.
	pub const ReservationPeriod: BlockNumber = 10 * MINUTES;
	/// Three blocks: those of two authors after the submission have a part in the draw.
	pub const DrawDelay: BlockNumber = 3;
	/// Time that a contributor has to show the leaf that was drawn.
	pub const ShowPeriod: BlockNumber = HOURS;
	/// Time that whose contribution was rejected, or lapsed, has to bring it elsewhere.
	pub const RootClaimPeriod: BlockNumber = DAYS;
	/// Time that a curator has to decide about a contribution before it may lapse.
	pub const PendingPeriod: BlockNumber = 7 * DAYS;
	/// One entry: what a release has, and what it was paid.
	pub const ReleaseDeposit: Balance = deposit(1, 150);
	/// Time that a model that follows a datanet goes on paying the release before.
	pub const ReleaseNotice: BlockNumber = DAYS;
	/// The entries of a contribution that releases have. No bond is less.
	pub const ContributionDeposit: Balance = deposit(2, 800);
	/// Time that governance has to decide about an accusation.
	pub const VerdictPeriod: BlockNumber = 30 * DAYS;
	/// Part of an accuser's deposit, and of the curator's stake in it, that an accusation costs which comes to
	/// nothing.
	pub const DroppedShare: Permill = Permill::from_percent(10);
	/// Part of a slashed bond that goes to whom the verdict names. Less than all: nobody gains by reporting
	/// themselves.
	pub const ReporterShare: Permill = Permill::from_percent(30);
	pub const MaxCuratorShare: Permill = Permill::from_percent(30);

	/// A lane's entry.
	pub const LaneDeposit: Balance = deposit(1, 100);
	/// How long a voucher may outlive what it says of who is paid.
	pub const TermsGrace: BlockNumber = TERMS_GRACE;
	/// What of a lapsed session's deposit goes to who cleans it up.
	pub const CleanupReward: Permill = Permill::from_percent(10);
	/// Part of its bond that a node loses for a contradiction, next to what it has to give back.
	pub const DisputePenalty: Permill = Permill::from_percent(10);
	/// Part of that which goes to who proved it.
	pub const DisputeReward: Permill = Permill::from_percent(30);
	/// Twice the pace at which nodes send heartbeats if nothing else is set.
	pub const HeartbeatPeriod: BlockNumber = DAYS;
	/// How long before a report its reporter has to commit to it: half a minute, so that no author, and no few of
	/// them, can keep a report back for as long as a copy of it needs.
	pub const ReportDelay: BlockNumber = 10;
	/// One entry: a commitment to a report.
	pub const ReportDeposit: Balance = deposit(1, 120);
	/// Ten blocks: half a minute.
	pub const MinSessionDuration: BlockNumber = 10;

	/// The entries of a call on chain, and of what became of it.
	pub const RequestDepositBase: Balance = deposit(5, 600);
	pub const RequestDepositPerByte: Balance = deposit(0, 1);
	pub const MinDeadline: BlockNumber = 10;
	/// Shorter than the settlement grace can ever be, so that a price does not expire before.
	pub const MaxDeadline: BlockNumber = HOURS;
	pub const CancelNotice: BlockNumber = MINUTES;
	/// More than calls cost as a rule, so that it does not pay to keep others from answering one.
	pub const ClaimDeposit: Balance = 100 * MILLI_OPEN;
	/// Two minutes: enough for an answer of some hundred words on a processor, and for it to get into a block.
	pub const ClaimPeriod: BlockNumber = 2 * MINUTES;
	/// Part of a claim's deposit that giving it up costs.
	pub const ClaimLoss: Permill = Permill::from_percent(10);
	/// Time that an answer is kept in the state.
	pub const AnswerPeriod: BlockNumber = DAYS;
}

/// The accounts that must exist from genesis on, with the existential deposit: the pots, and the
/// protocol's. No key signs for them.
pub fn pot_accounts() -> [AccountId; 3] {
	[DataAttribution::pot(), RevenueSplit::pot(), ProtocolAccount::get()]
}

impl pallet_model_registry::Config for Runtime {
	type RuntimeHoldReason = RuntimeHoldReason;
	type Currency = Balances;
	type Data = DataAttribution;
	type NoticePeriod = parameters::NoticePeriod;
	type SettlementGrace = parameters::SettlementGrace;
	type HistoryPeriod = parameters::HistoryPeriod;
	type NameRest = NameRest;
	type DepositBase = ModelDepositBase;
	type DepositPerByte = ModelDepositPerByte;
	type WeightInfo = weights::pallet_model_registry::WeightInfo<Runtime>;
}

/// What the author of the block before has put into the chain's randomness with it: a number that comes out of its
/// key and the slot, so that it can neither be chosen nor known by others. A block without one, which only a
/// chain with other kinds of slots has, is taken by its hash.
pub struct ParentRandomness;

impl Randomness<Hash, BlockNumber> for ParentRandomness {
	fn random(subject: &[u8]) -> (Hash, BlockNumber) {
		let (random, known_since) = ParentBlockRandomness::<Runtime>::random(subject);
		(random.unwrap_or_else(System::parent_hash), known_since)
	}
}

impl pallet_data_attribution::Config for Runtime {
	type RuntimeHoldReason = RuntimeHoldReason;
	type Currency = Balances;
	type Earnings = RevenueSplit;
	type Randomness = ParentRandomness;
	type PotId = DataPot;
	type GovernanceOrigin = EnsureRoot<AccountId>;
	type ProtocolAccount = ProtocolAccount;
	type DatanetDeposit = parameters::DatanetDeposit;
	type ReleaseDeposit = ReleaseDeposit;
	type ReleaseNotice = ReleaseNotice;
	type HistoryPeriod = parameters::HistoryPeriod;
	type AdmissionDeposit = AdmissionDeposit;
	type ContributionBond = parameters::ContributionBond;
	type ContributionDeposit = ContributionDeposit;
	type ReservationDeposit = ReservationDeposit;
	type ReservationPeriod = ReservationPeriod;
	type DrawDelay = DrawDelay;
	type ShowPeriod = ShowPeriod;
	type RootClaimPeriod = RootClaimPeriod;
	type PendingPeriod = PendingPeriod;
	type BondLockPeriod = parameters::BondLockPeriod;
	type ContestPeriod = parameters::ContestPeriod;
	type VerdictPeriod = VerdictPeriod;
	type ReporterShare = ReporterShare;
	type DroppedShare = DroppedShare;
	type MaxCuratorShare = MaxCuratorShare;
	type MaxWeight = parameters::MaxWeight;
	type WeightInfo = weights::pallet_data_attribution::WeightInfo<Runtime>;
}

impl pallet_revenue_split::Config for Runtime {
	type Currency = Balances;
	type Data = DataAttribution;
	type ProtocolShare = parameters::ProtocolShare;
	type HistoryPeriod = parameters::HistoryPeriod;
	type ProtocolAccount = ProtocolAccount;
	type CountedCharge = ConstU128<MICRO_OPEN>;
	type PotId = SplitPot;
	type WeightInfo = weights::pallet_revenue_split::WeightInfo<Runtime>;
}

impl pallet_inference_metering::Config for Runtime {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Models = ModelRegistry;
	type Revenue = RevenueSplit;
	type MinBond = parameters::MinBond;
	type UnbondingPeriod = parameters::UnbondingPeriod;
	type MinDeposit = parameters::MinSessionDeposit;
	type SessionDeposit = parameters::SessionDeposit;
	type LaneDeposit = LaneDeposit;
	type CleanupReward = CleanupReward;
	type MinDuration = MinSessionDuration;
	type MaxDuration = parameters::MaxSessionDuration;
	type CloseNotice = parameters::CloseNotice;
	type SettlementWindow = parameters::SettlementWindow;
	type TermsGrace = TermsGrace;
	type DisputeWindow = parameters::DisputeWindow;
	type MaxDisputeWindow = parameters::MaxDisputeWindow;
	type DisputePenalty = DisputePenalty;
	type DisputeReward = DisputeReward;
	type ReportDelay = ReportDelay;
	type HeartbeatPeriod = HeartbeatPeriod;
	type ReportDeposit = ReportDeposit;
	type JailPeriod = parameters::JailPeriod;
	type ProtocolAccount = ProtocolAccount;
	type WeightInfo = weights::pallet_inference_metering::WeightInfo<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkData = DataAttribution;
}

impl pallet_inference_requests::Config for Runtime {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Models = ModelRegistry;
	type Nodes = InferenceMetering;
	type Revenue = RevenueSplit;
	type DepositBase = RequestDepositBase;
	type DepositPerByte = RequestDepositPerByte;
	type MinDeadline = MinDeadline;
	type MaxDeadline = MaxDeadline;
	type CancelNotice = CancelNotice;
	type MaxPerSlot = ConstU32<64>;
	type ClaimDeposit = ClaimDeposit;
	type ClaimPeriod = ClaimPeriod;
	type ClaimLoss = ClaimLoss;
	type AnswerPeriod = AnswerPeriod;
	type ProtocolAccount = ProtocolAccount;
	type WeightInfo = weights::pallet_inference_requests::WeightInfo<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkData = DataAttribution;
}
