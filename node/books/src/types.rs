//! The types that are stored, in SCALE. Changing any of them means a new schema version.

use std::{fmt, ops::RangeInclusive};

use codec::{Decode, Encode};
use openledger_primitives::{
	answer::Header,
	lane::{
		CallRecord, RejectReason, SettledItem, SettledLane, Statement, VersionedStatement,
		VersionedVoucher, Voucher,
	},
	lane_list::{acknowledged_root, LaneLeaf, LaneSnapshot},
	mountain, AccountId, Balance, BlockNumber, Hash, LaneId, ModelId, Sequence, SessionId,
	Signature,
};

use super::lane_state::LaneState;

/// Whose store it is. A file that belongs to somebody else, or to another chain, is refused.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Identity {
	/// The chain.
	pub genesis: Hash,
	/// The operator.
	pub operator: AccountId,
}

/// Seconds since the Unix epoch.
pub type UnixSeconds = u64;

/// A lane of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct LaneKey {
	/// The session.
	pub session: SessionId,
	/// The lane within it.
	pub lane: LaneId,
}

impl LaneKey {
	/// All calls that it can have.
	pub(super) fn all(self) -> RangeInclusive<CallId> {
		self.call(0)..=self.last()
	}

	/// One of its calls.
	pub(super) fn call(self, sequence: Sequence) -> CallId {
		CallId { session: self.session, lane: self.lane, sequence }
	}

	/// The last call that it can have.
	pub(super) fn last(self) -> CallId {
		self.call(Sequence::MAX)
	}
}

impl fmt::Display for LaneKey {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(formatter, "{}/{}", self.session, self.lane)
	}
}

/// A call, by the voucher that paid for it. Written `session/lane/sequence`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct CallId {
	/// The session that pays.
	pub session: SessionId,
	/// The lane within it.
	pub lane: LaneId,
	/// The voucher's number within the lane.
	pub sequence: Sequence,
}

impl CallId {
	/// The call that a voucher pays for.
	pub fn of(voucher: &Voucher) -> Self {
		Self { session: voucher.session, lane: voucher.lane, sequence: voucher.sequence }
	}

	/// Its lane.
	pub fn lane_key(&self) -> LaneKey {
		LaneKey { session: self.session, lane: self.lane }
	}
}

impl fmt::Display for CallId {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(formatter, "{}/{}/{}", self.session, self.lane, self.sequence)
	}
}

/// The sum over a session's lanes, and who pays for them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct SessionState {
	/// The charges of all calls, in planck.
	pub charged: Balance,
	/// The most that the calls which are being served may cost, in planck.
	pub in_flight: Balance,
	/// The session's caller, as long as that is known. Blocks that are not final yet can be replaced,
	/// and the session's number with them given to somebody else.
	pub payer: Option<AccountId>,
}

impl SessionState {
	/// True if all of it is this caller's.
	pub fn is_of(&self, caller: &AccountId) -> bool {
		self.payer.as_ref().is_none_or(|payer| payer == caller)
	}
}

/// A voucher as it came in, with what is needed to prove what it was for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct StoredVoucher {
	/// The part that the caller signed.
	pub voucher: VersionedVoucher,
	/// The signature, in the form that the chain verifies.
	pub signature: Signature,
	/// The caller's salt of the request and response hashes.
	pub salt: [u8; 32],
}

/// A reason why a call that was accepted ended without a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Uncharged {
	/// The caller went away before anything was delivered.
	#[codec(index = 0)]
	CallerGone,
	/// The model, or the server behind it, failed.
	#[codec(index = 1)]
	BackendFailed,
	/// The node stopped, or lost the call, before the answer was recorded.
	#[codec(index = 2)]
	NodeStopped,
	/// Time ran out before anything was delivered.
	#[codec(index = 3)]
	TimedOut,
}

impl Uncharged {
	/// For error bodies, logs and metrics.
	pub fn code(self) -> &'static str {
		match self {
			Self::CallerGone => "caller_gone",
			Self::BackendFailed => "backend_failed",
			Self::NodeStopped => "node_stopped",
			Self::TimedOut => "timed_out",
		}
	}
}

/// A reason why a served call will not be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Loss {
	/// The chain rejected its record.
	#[codec(index = 0)]
	Rejected(RejectReason),
	/// The session was closed before the call was settled.
	#[codec(index = 1)]
	SessionClosed,
	/// The chain does not redeem its voucher, nor a later one of its lane.
	#[codec(index = 2)]
	Unredeemable(Unredeemable),
}

/// A reason why the chain redeems a voucher neither now nor later, whatever calls it comes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Unredeemable {
	/// Its calls are to be paid as of a block before the session, in blocks that others have replaced.
	#[codec(index = 0)]
	WrongAsOf,
	/// The time to redeem it is over.
	#[codec(index = 1)]
	TooLate,
	/// It is valid for longer than the terms of its agreement.
	#[codec(index = 2)]
	OutlivesTerms,
	/// The chain does not allow the price that it names.
	#[codec(index = 3)]
	OwnPriceRefused,
	/// Nobody signed it who may.
	#[codec(index = 4)]
	BadSignature,
	/// Its lane was settled under another agreement.
	#[codec(index = 5)]
	OtherAgreement,
}

/// A settlement that was sent, while its outcome is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Submission {
	/// The finalized block when it was sent.
	pub at: BlockNumber,
	/// The last block that may include it.
	pub until: BlockNumber,
}

/// The state of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum CallStatus {
	/// Its voucher was taken and it is being served.
	#[codec(index = 0)]
	Accepted,
	/// It ended without a charge; its sequence stays used.
	#[codec(index = 1)]
	NotCharged(Uncharged),
	/// It was served and charged, and waits to be settled.
	#[codec(index = 2)]
	Served,
	/// It is in a settlement whose outcome is not known yet.
	#[codec(index = 3)]
	Submitted(Submission),
	/// It was settled, in this finalized block, or in an earlier one where it is not known which.
	#[codec(index = 4)]
	Settled {
		/// The block, where it is known.
		block: Option<BlockNumber>,
	},
	/// It was served, and will not be paid.
	#[codec(index = 5)]
	Lost(Loss),
}

impl CallStatus {
	/// For JSON, logs and metrics.
	pub fn code(&self) -> &'static str {
		match self {
			Self::Accepted => "in_progress",
			Self::NotCharged(_) => "not_charged",
			Self::Served => "served",
			Self::Submitted(_) => "submitted",
			Self::Settled { .. } => "settled",
			Self::Lost(_) => "lost",
		}
	}
}

/// The delivery of a call, and its charge.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ServedCall {
	/// The node's word on it, which stands in the lane's list.
	pub statement: VersionedStatement,
	/// The node's signature over that.
	pub signature: Signature,
	/// The header of the answer, without which nobody can tell what the answer's hash is of.
	pub header: Header,
	/// The time when it was served.
	pub at: UnixSeconds,
}

impl ServedCall {
	fn said(&self) -> &Statement {
		self.statement.newest()
	}

	/// Its cost, in planck.
	pub fn charge(&self) -> Balance {
		self.said().charge
	}

	/// The record that goes to the chain.
	pub fn record(&self) -> CallRecord {
		self.said().record()
	}

	/// Returns `true` if it pays contributions directly, so that no run can settle it.
	pub fn has_entries(&self) -> bool {
		!self.said().attribution.is_empty()
	}
}

/// A call whose voucher was taken.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct StoredCall {
	/// The session's caller, who pays.
	pub payer: AccountId,
	/// The model that was asked.
	pub model: ModelId,
	/// The most it may cost, in planck.
	pub reserved: Balance,
	/// The time when its voucher was taken.
	pub accepted_at: UnixSeconds,
	/// Its state.
	pub status: CallStatus,
	/// Its delivery; none while it is being served, and if it was not charged.
	pub served: Option<ServedCall>,
	/// Its index in the lane's list, if it was served: its voucher acknowledges the list of so many calls.
	pub index: Option<u32>,
}

impl StoredCall {
	/// Its cost, in planck: 0 if it was not charged.
	pub fn charge(&self) -> Balance {
		self.served.as_ref().map_or(0, ServedCall::charge)
	}
}

/// The sum over all calls of this store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Totals {
	/// Calls that were served and charged.
	pub served_calls: u64,
	/// Their charges, in planck.
	pub served: Balance,
	/// Calls of those that were settled.
	pub settled_calls: u64,
	/// Their charges, in planck.
	pub settled: Balance,
	/// Calls of those that will not be paid.
	pub lost_calls: u64,
	/// Their charges, in planck.
	pub lost: Balance,
	/// Calls that ended without a charge.
	pub uncharged_calls: u64,
}

impl Totals {
	/// Calls that were served and are neither settled nor lost.
	pub fn unsettled_calls(&self) -> u64 {
		self.served_calls.saturating_sub(self.settled_calls).saturating_sub(self.lost_calls)
	}

	/// Their charges, in planck.
	pub fn unsettled(&self) -> Balance {
		self.served.saturating_sub(self.settled).saturating_sub(self.lost)
	}
}

/// A lane's calls that wait for settlement or for its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenLane {
	/// The lane.
	pub key: LaneKey,
	/// The number of them.
	pub calls: u32,
	/// Their cost together, in planck.
	pub value: Balance,
	/// The time when the oldest of them was served.
	pub oldest: UnixSeconds,
	/// True if some are in a settlement whose outcome is not known.
	pub submitted: bool,
}

/// A call that was requested on chain and has an answer, which is not known to have arrived yet.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[allow(missing_docs)] // Names say what has no comment.
pub struct StoredAnswer {
	pub model: ModelId,
	pub output: Vec<u8>,
	pub input_tokens: u32,
	pub output_tokens: u32,
	/// The transaction that was sent last, if one was.
	pub submission: Option<Submission>,
}

/// The answer to a call, for its caller to have once more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
	/// The call.
	pub call: StoredCall,
	/// The body of the answer, byte for byte.
	pub body: Vec<u8>,
}

/// The age at which calls are removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cutoff {
	/// Answers to calls whose vouchers were taken before this are not kept any more, whatever becomes of
	/// the calls.
	pub answers: UnixSeconds,
	/// Their vouchers were taken before this.
	pub at: UnixSeconds,
	/// They were settled before this block, where it is known in which they were.
	pub block: BlockNumber,
}

/// The result of a step of removing old calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pruned {
	/// The number of calls that were removed.
	pub calls: usize,
	/// The lane to go on with, if there may be more.
	pub next: Option<LaneKey>,
}

/// The result of a step of forgetting a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forgotten {
	/// The number of calls that were removed.
	pub calls: usize,
	/// `true` once nothing of the session is left.
	pub done: bool,
}

/// A lane, as its next voucher has to see it, and its last one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneWithLast {
	/// The lane.
	pub state: LaneState,
	/// Its last voucher. None of a lost lane, and where none is kept.
	pub last: Option<LastVoucher>,
}

/// The last voucher of a lane that was taken: what a caller who lost the lane's list goes on from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastVoucher {
	/// The voucher.
	pub voucher: StoredVoucher,
	/// The list that it acknowledges. Its own call is not in it.
	pub snapshot: LaneSnapshot,
	/// Its call.
	pub call: StoredCall,
}

/// A call, and how it was settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenCall {
	/// The call.
	pub call: StoredCall,
	/// The settled item that it is in, if that is kept.
	pub settled: Option<ProvenItem>,
}

/// An item of a lane's settlement, with the proof that it is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenItem {
	/// The settlement of the lane: its root, and the number of items.
	pub header: SettledLane,
	/// The block that it is in.
	pub block: BlockNumber,
	/// The item: the call itself, or a run that it is in.
	pub item: SettledItem,
	/// The item's index among those of the settlement.
	pub index: u32,
	/// The hashes that prove it.
	pub hashes: Vec<Hash>,
	/// The proof that the call is in the list that the run was opened from, if it is in a run, and it is known
	/// of how many calls that list was.
	pub listed: Option<ListProof>,
}

/// The proof that a call is in a lane's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListProof {
	/// The number of calls in the list.
	pub count: u32,
	/// The roots of its perfect trees, from the largest to the smallest.
	pub peaks: Vec<Hash>,
	/// The call.
	pub leaf: LaneLeaf,
	/// The hashes beside it, from the leaf up.
	pub hashes: Vec<Hash>,
}

impl ListProof {
	/// Returns `true` if the call is in the list that has this root.
	pub fn verify(&self, root: &Hash) -> bool {
		let Some(index) = self.leaf.index() else { return false };
		let leaf = (index, self.leaf.hash());
		acknowledged_root(self.count, &self.peaks) == Some(*root)
			&& mountain::holds(self.count, &self.peaks, &[leaf], &self.hashes)
	}
}
