//! The steps of a script, and the making of random ones.
//!
//! A step is a kind of deed and three small numbers. What they stand for depends on the state that
//! the step finds: `pick` chooses among what the deed can be done to, `value` says how, and `by`
//! whether the right one does it. So most steps of a random script succeed, and one that fails
//! shrinks to few steps that can be read and replayed.

use openledger_primitives::BlockNumber;
use proptest::{collection::vec, prelude::*};
use std::fmt;

/// The pick where there is no such thing.
pub const NOTHING: u8 = u8::MAX;

/// A deed of one sender.
#[derive(Clone, Copy)]
pub struct Step {
	pub kind: Kind,
	/// Which of the things that it can be done to; [`NOTHING`] for one that does not exist.
	pub pick: u8,
	/// Amount, manner or counterpart. 0 and 65,535 stand for what is not allowed, if anything is not.
	pub value: u16,
	pub by: By,
}

/// On one line, so that a script reads like one.
impl fmt::Debug for Step {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		let Self { kind, pick, value, by } = self;
		write!(f, "{kind:?} {{ pick: {pick}, value: {value}, by: {by:?} }}")
	}
}

/// Who does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
	/// Whose right it is.
	Right,
	/// Somebody, who may or may not have the right.
	Person(u8),
}

/// Content of one transaction.
#[derive(Clone, Debug)]
pub enum Entry {
	/// A call.
	One(Step),
	/// A batch of calls, all by the sender of the first.
	Together(Batch, Vec<Step>),
}

/// The way in which the calls of a batch hang together.
#[derive(Clone, Copy, Debug)]
pub enum Batch {
	/// Up to the first that fails.
	UpToFailure,
	/// All or none.
	All,
	/// Each by itself.
	Each,
}

/// One block.
#[derive(Clone, Debug)]
pub struct BlockOf {
	/// Number of blocks after the one before.
	pub after: BlockNumber,
	pub entries: Vec<Entry>,
}

macro_rules! kinds {
	($($(#[$doc:meta])* $weight:literal $name:ident,)+) => {
		/// A kind of deed. Where nothing else is said, it is the call of that name.
		#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
		pub enum Kind { $($(#[$doc])* $name,)+ }

		impl Kind {
			/// Each kind, with how often it comes up in a random script.
			pub const ALL: &'static [(u32, Self)] = &[$(($weight, Self::$name),)+];
		}
	};
}

kinds! {
	6 RegisterModel,
	4 RegisterDerivedModel,
	4 PauseModel,
	6 ResumeModel,
	8 PublishVersion,
	4 CancelVersion,
	12 SetPrice,
	4 CancelPrice,
	6 SetPolicy,
	3 CancelPolicy,
	2 RetireModel,
	6 PurgeModel,
	6 PruneModel,
	2 ReleaseName,
	6 OfferModel,
	3 WithdrawOffer,
	5 AcceptModel,
	/// Naming who is paid for a model.
	6 SetModelPayee,

	2 CreateDatanet,
	3 CreateDatanetWith,
	14 SubmitContribution,
	6 SubmitContributions,
	/// Showing the data of a contribution, or something else.
	30 ShowPossession,
	24 AcceptContribution,
	3 RejectContribution,
	3 WithdrawContribution,
	18 PublishRelease,
	14 Claim,
	8 ClaimFor,
	3 SetOpen,
	5 AllowContributor,
	3 DisallowContributor,
	3 LowerCuratorShare,
	6 OfferCurator,
	2 WithdrawCuratorOffer,
	5 AcceptCurator,
	5 ClaimCurator,
	5 ClaimCuratorFor,
	10 SetWeight,
	3 StopContribution,
	8 WithdrawContributionBond,
	4 TransferContribution,
	5 SetBeneficiary,
	10 AccuseContribution,
	9 ConfirmAccusation,
	6 ContestAccusation,
	6 SuspendContribution,
	6 ResolveAccusation,
	3 DropAccusation,
	3 EscalateAccusation,
	3 LapseContribution,
	3 TakeDown,
	5 Restore,
	3 RemoveDatanet,
	8 SweepSlashed,
	6 ReserveRoot,
	4 RemoveReservation,

	3 RegisterNode,
	4 UpdateNode,
	20 OpenSession,
	8 OpenSessionWithLimit,
	130 SettleLanes,
	4 RequestClose,
	6 CloseSession,
	6 CloseByAgreement,
	4 TopUp,
	4 ExtendSession,
	4 SetSpendingLimit,
	4 RotateReceiptKey,
	5 BondMore,
	3 Heartbeat,
	3 StartUnbonding,
	5 CancelUnbonding,
	4 WithdrawNodeBond,
	8 Unjail,
	3 RemoveNode,
	/// Naming who is paid for a node.
	5 SetNodePayee,
	4 ReportOverchargedCall,
	3 ReportMisreportedCall,
	4 ReportUnlistedCall,
	2 ReportTwoStatements,

	22 RequestCall,
	24 ClaimCall,
	24 FulfilCall,
	5 DeclineCall,
	4 CancelCall,
	5 ExpireCall,
	5 ForgetOutcome,

	8 PayAccrued,

	/// A node answers calls of a session. Nothing of it is on chain yet.
	240 Serve,
	/// Money goes to somebody, who may be new, or a pot.
	8 Transfer,
	/// One of those who have little sends all of it away.
	6 TransferAll,
	/// Governance changes a parameter, to something sensible or not.
	4 SetParameter,
}

/// A script of up to `blocks` blocks with up to `entries` transactions each.
pub fn script(blocks: usize, entries: usize) -> impl Strategy<Value = Vec<BlockOf>> {
	vec(block(entries), 1..=blocks)
}

fn block(entries: usize) -> impl Strategy<Value = BlockOf> {
	let after = prop_oneof![
		40 => 1u32..4,
		12 => 5u32..60,
		4 => 400u32..1_300,
		4 => 7_200u32..9_000,
		4 => 28_800u32..90_000,
		1 => 201_600u32..420_000,
	];
	(after, vec(entry(), 1..=entries)).prop_map(|(after, entries)| BlockOf { after, entries })
}

fn entry() -> impl Strategy<Value = Entry> {
	let batch = || prop_oneof![Just(Batch::UpToFailure), Just(Batch::All), Just(Batch::Each)];
	// Somebody does the same to several things, or several things.
	let again =
		(batch(), step(), vec((0..NOTHING, 1u16..2_000), 1..4)).prop_map(|(batch, first, more)| {
			let more = more.into_iter().map(|(pick, value)| Step { pick, value, ..first });
			Entry::Together(batch, std::iter::once(first).chain(more).collect())
		});
	let mixed =
		(batch(), vec(step(), 1..4)).prop_map(|(batch, steps)| Entry::Together(batch, steps));
	prop_oneof![48 => step().prop_map(Entry::One), 2 => again, 1 => mixed]
}

fn step() -> impl Strategy<Value = Step> {
	let kinds = Kind::ALL.iter().map(|(weight, kind)| (*weight, Just(*kind))).collect::<Vec<_>>();
	let pick = prop_oneof![32 => 0..NOTHING, 1 => Just(NOTHING)];
	let value = prop_oneof![24 => 1u16..2_000, 1 => Just(0), 1 => Just(u16::MAX)];
	let by = prop_oneof![10 => Just(By::Right), 1 => (0u8..17).prop_map(By::Person)];
	(proptest::strategy::Union::new_weighted(kinds), pick, value, by)
		.prop_map(|(kind, pick, value, by)| Step { kind, pick, value, by })
}
