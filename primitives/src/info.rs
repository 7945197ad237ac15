//! A node's view of the chain's state: the answers of the runtime APIs and, in JSON, of the
//! JSON-RPC methods.

use crate::{
	answer::Evidence,
	data_tree::DrawnLeaf,
	lane::Agreement,
	model::VersionDetails,
	on_chain::{DeclineReason, Refusal},
	policy::RevenuePolicy,
	price::PriceSchedule,
	AccountId, Balance, BlockNumber, ContributionId, DatanetId, Hash, LaneId, ModelId,
	PriceVersion, ReleaseId, RequestId, Sequence, SessionId, VersionId, Weight,
};
use alloc::{string::String, vec::Vec};
use codec::{Decode, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_arithmetic::Permill;

/// A model, as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct ModelInfo {
	/// Its id.
	pub id: ModelId,
	/// Its unique name.
	pub name: String,
	/// The developer who owns it.
	pub owner: AccountId,
	/// The account that is paid for its calls, and its royalties: the owner's own, unless it has named
	/// another.
	pub payee: AccountId,
	/// `true` if its owner has paused it.
	pub paused: bool,
	/// From which block on none of its calls can be settled any more, if its owner has retired it.
	pub retired_at: Option<BlockNumber>,
	/// Who may take it over, if its owner has offered it.
	pub offered_to: Option<AccountId>,
	/// The version in force.
	pub version: VersionId,
	/// The price version in force.
	pub price_version: PriceVersion,
	/// The price schedule in force.
	pub price: PriceSchedule,
	/// The shares of its income.
	pub policy: RevenuePolicy,
	/// The version in force; in JSON, its fields are the model's.
	#[cfg_attr(feature = "std", serde(flatten))]
	pub details: VersionDetails,
	/// The model it descends from, and what of its developer's part goes there.
	pub parent: Option<ParentInfo>,
	/// A version that will be in force.
	pub next_version: Option<Scheduled<VersionId>>,
	/// A price that will be in force.
	pub next_price: Option<Scheduled<NextPrice>>,
	/// A policy that will be in force.
	pub next_policy: Option<Scheduled<RevenuePolicy>>,
	/// Amount held on its owner's account for it, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub deposit: Balance,
}

/// The model that another descends from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct ParentInfo {
	/// The parent.
	pub model: ModelId,
	/// The part of the developer's income that goes to it, in millionths.
	pub royalty: Permill,
}

/// Something that is announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Scheduled<Value> {
	/// The block from which on it is in force.
	pub from: BlockNumber,
	/// Value that will be in force.
	pub value: Value,
}

/// A price that is announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct NextPrice {
	/// Its price version.
	pub price_version: PriceVersion,
	/// The schedule.
	pub price: PriceSchedule,
}

/// A version of a model.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct VersionInfo {
	/// Its number.
	pub version: VersionId,
	/// From which block on it is or was in force.
	pub from: BlockNumber,
	/// Since when another is in force.
	pub until: Option<BlockNumber>,
	/// Its parts; in JSON, these fields are its own.
	#[cfg_attr(feature = "std", serde(flatten))]
	pub details: VersionDetails,
}

/// Cost that a call would have.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Quote {
	/// The model.
	pub model: ModelId,
	/// The version that would answer.
	pub version: VersionId,
	/// The price version to name in the voucher.
	pub price_version: PriceVersion,
	/// Its schedule.
	pub price: PriceSchedule,
	/// The charge for the token counts that were asked about, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub charge: Balance,
}

/// Why there is no quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub enum QuoteError {
	/// No such model.
	#[codec(index = 0)]
	UnknownModel,
	/// The model's owner has paused or retired it.
	#[codec(index = 1)]
	Paused,
	/// The charge does not fit a balance.
	#[codec(index = 2)]
	Overflow,
}

/// An inference node.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct NodeInfo {
	/// The account behind it.
	pub operator: AccountId,
	/// The account that is paid for its calls: the operator's own, unless it has named another.
	pub payee: AccountId,
	/// The base URL of its HTTP API.
	pub endpoint: String,
	/// The key that signs its statements, as an account.
	pub receipt_key: AccountId,
	/// The bond that it put up against misbehaviour, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub bond: Balance,
	/// The models that it serves.
	pub models: Vec<ServedInfo>,
	/// Its status: new sessions can be opened with it, or not.
	pub status: NodeStatus,
	/// The block of its last sign of life.
	pub last_heartbeat: BlockNumber,
	/// Number of open sessions with it.
	pub sessions: u32,
}

/// A model that an inference node serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct ServedInfo {
	/// The model.
	pub model: ModelId,
	/// Number of calls of it that the node answers at a time.
	pub capacity: u32,
}

/// The status of an inference node: it takes new sessions, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "std", serde(rename_all = "snake_case"))]
pub enum NodeStatus {
	/// It does.
	#[codec(index = 0)]
	Active,
	/// Its operator is leaving; the bond is released in the block given, at the soonest.
	#[codec(index = 1)]
	Unbonding(BlockNumber),
	/// It lost a dispute, and may come back in the block given, at the soonest.
	#[codec(index = 2)]
	Jailed(BlockNumber),
}

/// One lane of a session.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct LaneInfo {
	/// The lane.
	pub lane: LaneId,
	/// The sequence of its last settled call.
	pub sequence: Sequence,
	/// Cost of its settled calls, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub settled: Balance,
	/// The hash of the agreement that its calls are made under.
	pub agreement: Hash,
}

/// The terms of a lane's calls, by the block that its agreement names.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct LaneTermsInfo {
	/// The list price.
	pub price: PriceSchedule,
	/// How a charge is shared, once the protocol has its part.
	pub policy: RevenuePolicy,
	/// The protocol's part.
	pub protocol_share: Permill,
	/// The first block after that one in which a release, a curator, an owner or the protocol's part is
	/// another, as far as is known.
	pub changed_at: Option<BlockNumber>,
	/// The last block that a voucher may name as its last one, because of that change.
	pub valid_until: Option<BlockNumber>,
}

/// A payment session.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct SessionInfo {
	/// Its id.
	pub id: SessionId,
	/// Who pays.
	pub caller: AccountId,
	/// The operator who is paid through it.
	pub node: AccountId,
	/// The key that signs its vouchers, as an account.
	pub signer: AccountId,
	/// Amount put in, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub deposit: Balance,
	/// Amount settled out of it so far, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub settled: Balance,
	/// The most that calls may cost in all that `signer` signs for, if it is not the caller's own key,
	/// in planck. The lower of what holds now and what the caller has announced.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub spending_limit: Balance,
	/// The block in which it was opened. No lane's calls are paid as of an earlier one.
	pub opened_at: BlockNumber,
	/// The node must not serve calls from this block on.
	pub expires_at: BlockNumber,
	/// If the caller has asked to close it: the block from which it can be closed by anyone.
	pub closes_at: Option<BlockNumber>,
	/// Its lanes that have settled calls.
	pub lanes: Vec<LaneInfo>,
}

/// A model call that was requested on chain.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs)] // Names say what has no comment.
pub struct RequestInfo {
	pub id: RequestId,
	pub caller: AccountId,
	pub model: ModelId,
	/// The operator who is to answer; anybody who serves the model if there is none.
	pub node: Option<AccountId>,
	/// The version of the model that is to answer.
	pub version: VersionId,
	/// The price version that applies.
	pub price_version: PriceVersion,
	/// The block of the request. Whoever was behind the call in it is paid.
	pub asked_at: BlockNumber,
	/// The most that the call may cost, in planck. It is on hold.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub max_charge: Balance,
	/// The last block in which it can be answered.
	pub deadline: BlockNumber,
	/// From which block on it cannot be answered any more, because its caller has cancelled it.
	pub cancelled_at: Option<BlockNumber>,
	/// The most tokens of its prompt that can be charged.
	pub most_input_tokens: u32,
	/// The claim of a node on it. It may have lapsed.
	pub claim: Option<ClaimInfo>,
	/// Who will not answer it, or did not.
	pub refusals: Vec<RefusalInfo>,
	/// The question.
	pub input: String,
}

impl RequestInfo {
	/// The agreement of caller and node. Everybody can read the call, and it costs the list price.
	pub fn agreement(&self) -> Agreement {
		Agreement {
			model: self.model,
			version: self.version,
			price_version: self.price_version,
			as_of: self.asked_at,
			evidence: Evidence::Open,
			own_price: None,
		}
	}
}

/// A node's claim on a call on chain.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct ClaimInfo {
	/// The operator.
	pub node: AccountId,
	/// Amount on hold on the operator's account, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub deposit: Balance,
	/// The last block in which the operator alone can answer.
	pub until: BlockNumber,
}

/// A node that will not answer a call on chain, or did not.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct RefusalInfo {
	/// The operator.
	pub node: AccountId,
	/// How it came to that.
	pub refusal: Refusal,
}

/// What became of a call on chain, as long as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct OutcomeInfo {
	/// The request.
	pub id: RequestId,
	/// Who has asked.
	pub caller: AccountId,
	/// The model.
	pub model: ModelId,
	/// Amount on hold on the caller's account for the place that this takes, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub deposit: Balance,
	/// The block in which the call ended.
	pub at: BlockNumber,
	/// The last block in which this is kept, unless the caller has it removed before.
	pub until: BlockNumber,
	/// How it ended.
	pub end: EndInfo,
}

/// The end of a call on chain that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "std", serde(rename_all = "snake_case"))]
pub enum EndInfo {
	/// It was answered.
	Answered {
		/// The operator.
		node: AccountId,
		/// Its cost, in planck.
		#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
		charge: Balance,
		/// The answer.
		output: String,
	},
	/// The node that its caller had named will not answer it.
	Declined {
		/// The operator.
		node: AccountId,
		/// Its reason.
		reason: DeclineReason,
	},
}

/// A datanet.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct DatanetInfo {
	/// Its id.
	pub id: DatanetId,
	/// Its unique name.
	pub name: String,
	/// Who curates it.
	pub curator: AccountId,
	/// Who may take the curator's role over, if it was offered.
	pub offered_to: Option<AccountId>,
	/// The curator's part of what the datanet earns from its next release on.
	pub curator_share: Permill,
	/// `true` if anybody may contribute, `false` if only who was let in.
	pub open: bool,
	/// Its newest release, or 0 if there is none.
	pub latest_release: ReleaseId,
	/// The release that a model's source without a number pays now, if there is one.
	pub current_release: Option<ReleaseId>,
	/// The release that such a source will pay, and from which block on.
	pub next_release: Option<Scheduled<ReleaseId>>,
	/// The sum of the weights that its next release will have.
	pub next_total_weight: Weight,
	/// Number of contributions that its next release will have.
	pub next_contributions: u32,
}

/// A release of a datanet.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs)] // Names say what has no comment.
pub struct ReleaseInfo {
	pub datanet: DatanetId,
	pub release: ReleaseId,
	/// The sum of its contributions' weights.
	pub total_weight: Weight,
	pub contributions: u32,
	/// The hash over the list of all contributions that were accepted before it was published.
	pub root: Hash,
	/// The curator's part of what it earns.
	pub curator_share: Permill,
	/// Amount paid so far per unit of weight, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub per_weight: Balance,
	/// Amount that waits for the next payment because it did not divide, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub carry: Balance,
	/// Everything that was ever paid to its contributors, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub received: Balance,
}

/// The state of a contribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "std", serde(rename_all = "snake_case"))]
pub enum ContributionState {
	/// It waits for the curator.
	#[codec(index = 0)]
	Pending,
	/// It is part of releases.
	#[codec(index = 1)]
	Accepted,
	/// Its contributor wants it in no further release.
	#[codec(index = 2)]
	Stopped,
	/// It is accused of being a duplicate or a fraud.
	#[codec(index = 3)]
	Accused,
	/// It was found to be one: what it earns from then on goes to the protocol.
	#[codec(index = 4)]
	Slashed,
	/// A court has it taken down: as long as that holds, what it would earn goes to the protocol.
	#[codec(index = 5)]
	TakenDown,
}

/// A contribution.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs)] // Names say what has no comment.
pub struct ContributionInfo {
	pub id: ContributionId,
	pub datanet: DatanetId,
	pub contributor: AccountId,
	pub beneficiary: AccountId,
	/// The root over its data, as its format says.
	pub root: Hash,
	/// Its size in bytes.
	pub size: u64,
	/// Where it is to be found.
	pub uri: String,
	/// The format of the data that the root is over; 0 if it is not specified.
	pub format: u8,
	/// The hash of the terms under which the data may be used.
	pub licence: Hash,
	/// The block in which its root was committed to: that of the reservation, if it had one.
	pub since: BlockNumber,
	/// The block in which the contributor showed that it has the data, if it did.
	pub shown_at: Option<BlockNumber>,
	/// The leaf that the contributor has to show so that it can be accepted, once that is drawn.
	pub drawn: Option<DrawnLeaf>,
	/// `true` while data is owed that somebody asked for.
	pub withheld: bool,
	/// The block in which it was found to be a duplicate or a fraud.
	pub slashed_at: Option<BlockNumber>,
	pub state: ContributionState,
	/// Its weight in the datanet's next release.
	pub next_weight: Weight,
	/// The bond that is held for it, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub bond: Balance,
}

/// Amount that one contribution may claim from one release, or from direct attribution.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct PendingPayout {
	/// The contribution.
	pub contribution: ContributionId,
	/// Its datanet.
	pub datanet: DatanetId,
	/// The release that earned it; none for what was attributed to the contribution directly.
	pub release: Option<ReleaseId>,
	/// The contribution's weight in that release; 0 for direct attribution.
	pub weight: Weight,
	/// Amount that may be claimed, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub amount: Balance,
}

/// A page of what an account may claim.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct PendingPage {
	/// By contribution and release, in order.
	pub payouts: Vec<PendingPayout>,
	/// The contribution to go on from, if there is more.
	pub next: Option<ContributionId>,
}

/// The earnings of an account over its lifetime, by role, in planck. Data earnings count when they
/// are claimed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Earnings {
	/// As the payee of models.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub developer: Balance,
	/// As a data contributor.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub data: Balance,
	/// As the payee of inference nodes.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub node: Balance,
	/// As the protocol.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub protocol: Balance,
	/// As the curator of datanets.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub curator: Balance,
	/// As the payee of models that others descend from.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub royalty: Balance,
	/// Earned, but kept back until a payment reaches the existential deposit.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub accrued: Balance,
}

/// The charges and payments of a model's calls over its lifetime, in planck. The parts add up to
/// `charged`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct ModelEarnings {
	/// The number of settled calls that were paid for. Callers and nodes say how many there were; a call that cost
	/// less than the least charge that counts is left out, and a run is for no more calls than its charge has of those.
	/// So a large number costs as much as so many calls. What says how much a model is used is what was paid for it.
	pub calls: u64,
	/// Their cost.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub charged: Balance,
	/// To its payees, after the royalties.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub developer: Balance,
	/// To the data behind it, curators included.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub data: Balance,
	/// To the payees of the nodes that ran it.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub node: Balance,
	/// To the payees of the models it descends from.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub royalties: Balance,
	/// To the protocol.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub protocol: Balance,
}
