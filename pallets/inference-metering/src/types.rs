//! Types that the pallet stores and its rules hand to one another, and short names of both in the types of
//! a runtime.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{weights::Weight, BoundedBTreeMap, BoundedBTreeSet};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{
	AccountId, Balance, Hash, LaneId, ModelId, Sequence, SessionId, Uri, MAX_RECORDS, MAX_SERVED,
};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// Most earlier receipt keys that are kept of one node.
pub const MAX_PREVIOUS_KEYS: u32 = 64;
/// Most calls that can be disputed of one settlement.
pub const MAX_DISPUTED: u32 = MAX_RECORDS;
/// Most calls that are kept of those that one node made two statements of.
pub const MAX_EQUIVOCATIONS: u32 = 64;

/// A model that a node serves.
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
pub struct Served {
	/// The model.
	pub model: ModelId,
	/// Number of calls of it that the node answers at a time; never zero.
	pub capacity: u32,
}

/// The models that a node serves, without duplicates.
pub type ServedModels = BoundedVec<Served, ConstU32<MAX_SERVED>>;

/// A node's state: it takes new sessions, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum Status<BlockNumber> {
	/// It does.
	#[codec(index = 0)]
	Active,
	/// Its operator is leaving. The bond is released in the block given, at the soonest.
	#[codec(index = 1)]
	Unbonding(BlockNumber),
	/// It lost a dispute. It may come back in the block given, at the soonest.
	#[codec(index = 2)]
	Jailed(BlockNumber),
}

/// An inference node.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Node<AccountId, BlockNumber> {
	/// The base URL of its HTTP API.
	pub endpoint: Uri,
	/// The account that is paid for its calls, unless that is the operator's own.
	pub payee: Option<AccountId>,
	/// The key that signs its statements, as an account.
	pub receipt_key: AccountId,
	/// The block since which it is that key.
	pub key_since: BlockNumber,
	/// Amount held from the operator as a bond, in planck.
	pub bond: Balance,
	/// The models that it serves while it is active.
	pub models: ServedModels,
	/// Its state: it takes new sessions, or not.
	pub status: Status<BlockNumber>,
	/// The block of its last sign of life.
	pub last_heartbeat: BlockNumber,
	/// Number of open sessions with it.
	pub sessions: u32,
	/// The last block in which any session that was ever opened with it can be settled.
	pub settles_until: BlockNumber,
	/// The last block in which a settlement of a session that is closed by now can be disputed.
	/// The bond stays until it has passed.
	pub liable_until: BlockNumber,
}

impl<AccountId, BlockNumber> Node<AccountId, BlockNumber> {
	/// Returns `true` if the node takes new sessions.
	pub fn is_active(&self) -> bool {
		matches!(self.status, Status::Active)
	}

	/// The account that is paid for the calls of this node of `operator`.
	pub fn payee_of<'a>(&'a self, operator: &'a AccountId) -> &'a AccountId {
		self.payee.as_ref().unwrap_or(operator)
	}
}

/// A receipt key that a node has replaced. What it signed before is still proof against the node.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct PreviousKey<AccountId, BlockNumber> {
	/// The key, as an account.
	pub key: AccountId,
	/// The block since which it was the node's.
	pub since: BlockNumber,
	/// The block in which it was replaced.
	pub replaced_at: BlockNumber,
	/// The last block in which it is kept for disputes.
	pub kept_until: BlockNumber,
}

/// The receipt keys that a node has replaced, oldest first.
pub type KeyHistory<AccountId, BlockNumber> =
	BoundedVec<PreviousKey<AccountId, BlockNumber>, ConstU32<MAX_PREVIOUS_KEYS>>;

/// A lower spending limit that the node has been warned of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct PendingLimit<BlockNumber> {
	/// The limit, in planck.
	pub limit: Balance,
	/// From which block on it holds.
	pub from: BlockNumber,
}

/// A one-way payment channel from a caller to an inference node.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Session<AccountId, BlockNumber> {
	/// Who pays.
	pub caller: AccountId,
	/// The operator who is paid.
	pub node: AccountId,
	/// The key that signs vouchers, as an account. The caller's own key may sign them too.
	pub signer: AccountId,
	/// Amount that the caller put in, in planck.
	pub deposit: Balance,
	/// Amount settled so far, in planck. Never more than the deposit; the difference is on hold.
	pub settled: Balance,
	/// The part of it settled with vouchers of `signer`, unless that is the caller's own key, in
	/// planck.
	pub spent: Balance,
	/// The most that may be settled with vouchers of `signer`, unless that is the caller's own
	/// key, in planck.
	pub spending_limit: Balance,
	/// A lower limit that the caller has announced.
	pub pending_limit: Option<PendingLimit<BlockNumber>>,
	/// Amount held from the caller for the session's place in storage, in planck.
	pub storage_deposit: Balance,
	/// What is held from the operator for the places of its lanes, in planck.
	pub lane_deposits: Balance,
	/// The block in which it was opened. No lane of it is for an earlier one.
	pub opened_at: BlockNumber,
	/// The node must not serve calls from this block on.
	pub expires_at: BlockNumber,
	/// The last block in which it can be settled. From the one after it on anyone can close it, with
	/// or without the caller's notice. Fixed when it was opened or last extended.
	pub settle_until: BlockNumber,
	/// If the caller asked to close it: from this block on anyone can.
	pub closes_at: Option<BlockNumber>,
	/// Number of lanes that have settled calls.
	pub lanes: LaneId,
	/// The last block in which any of its settlements can be disputed.
	pub liable_until: BlockNumber,
}

impl<AccountId: PartialEq, BlockNumber: Copy + PartialOrd> Session<AccountId, BlockNumber> {
	/// The rest of the deposit, in planck.
	pub fn remaining(&self) -> Balance {
		self.deposit.saturating_sub(self.settled)
	}

	/// Returns `true` if vouchers are signed by another key than the caller's own.
	pub fn has_hot_key(&self) -> bool {
		self.signer != self.caller
	}

	/// The spending limit that holds in block `now`, in planck.
	pub fn limit_at(&self, now: BlockNumber) -> Balance {
		match self.pending_limit {
			Some(pending) if pending.from <= now => pending.limit,
			_ => self.spending_limit,
		}
	}
}

/// One of a session's parallel lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Lane {
	/// The sequence of the last settled call.
	pub sequence: Sequence,
	/// Cost of the lane's settled calls together, in planck.
	pub settled: Balance,
	/// The hash of the agreement that its calls are made under.
	pub agreement: Hash,
}

/// The key of a [`SettledRoot`]: session, lane and the sequence of its last call.
pub type RootKey = (SessionId, LaneId, Sequence);

/// Part of a settlement that is kept for as long as it can be disputed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct SettledRoot<AccountId, BlockNumber> {
	/// The hash of the agreement that the lane's calls are made under.
	pub agreement: Hash,
	/// The root of the tree over the leaves of the items that counted.
	pub root: Hash,
	/// Number of those items.
	pub items: u32,
	/// The first sequence that the settlement was for; there may be no call of it.
	pub first_sequence: Sequence,
	/// The sequence of the last call.
	pub last_sequence: Sequence,
	/// The sequence of its voucher, whose list says which calls there were below it.
	pub voucher_sequence: Sequence,
	/// The root over that list.
	pub acknowledged_root: Hash,
	/// Cost of the items together, in planck.
	pub charged: Balance,
	/// The operator who was paid.
	pub node: AccountId,
	/// Who paid.
	pub caller: AccountId,
	/// The block of the settlement.
	pub at: BlockNumber,
	/// The last block in which it can be disputed.
	pub until: BlockNumber,
}

/// A place in the queue of roots that will be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct QueuedRoot<BlockNumber> {
	/// Which root.
	pub key: RootKey,
	/// The last block in which it is kept.
	pub until: BlockNumber,
}

/// Where the queue of roots begins and ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct QueueEnds {
	/// The oldest place that is taken, unless the queue is empty.
	pub first: u64,
	/// The next place to take. The queue is empty if it is the first.
	pub next: u64,
}

/// The offences proven of a settled call, against the node that settled it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Proven {
	/// By how much it was charged above what the node had stated, in planck.
	pub overcharge: Balance,
	/// Part of that which the caller got back out of the node's bond, in planck.
	pub refunded: Balance,
	/// `true` if it says something else than the node had stated, at no higher price, or than the caller had
	/// acknowledged.
	pub misreported: bool,
}

/// The disputed calls of one settlement, by their sequence.
pub type DisputedCalls = BoundedBTreeMap<Sequence, Proven, ConstU32<MAX_DISPUTED>>;

/// The calls that a node made two statements of.
pub type EquivocatedCalls =
	BoundedBTreeSet<(SessionId, LaneId, Sequence), ConstU32<MAX_EQUIVOCATIONS>>;

/// A node, in the types of a runtime.
pub(crate) type NodeOf<T> = Node<AccountId, BlockNumberFor<T>>;
/// The history of a node's keys, in the types of a runtime.
pub(crate) type KeyHistoryOf<T> = KeyHistory<AccountId, BlockNumberFor<T>>;
/// A session, in the types of a runtime.
pub(crate) type SessionOf<T> = Session<AccountId, BlockNumberFor<T>>;
/// A settlement's root, in the types of a runtime.
pub(crate) type SettledRootOf<T> = SettledRoot<AccountId, BlockNumberFor<T>>;

/// What a punished node's bond was spent on, in planck.
pub(crate) struct Punished {
	pub(crate) refunded: Balance,
	pub(crate) reward: Balance,
	pub(crate) protocol: Balance,
	/// Number of models that it was taken off the list of.
	pub(crate) unlisted: u32,
}

impl Punished {
	/// The rest of a bond.
	pub(crate) fn left_of(&self, bond: Balance) -> Balance {
		bond.saturating_sub(self.refunded).saturating_sub(self.reward).saturating_sub(self.protocol)
	}
}

/// What `amount` weighs on top of `included`, which another weight accounts for.
pub(crate) fn extra(weight: impl Fn(u32) -> Weight, amount: u32, included: u32) -> Weight {
	weight(amount).saturating_sub(weight(included))
}

/// A length as a number. The lists here are bounded far below the limits of `u32`.
pub(crate) fn count(length: usize) -> u32 {
	u32::try_from(length).unwrap_or(u32::MAX)
}
