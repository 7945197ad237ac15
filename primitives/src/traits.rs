//! The traits by which the pallets know one another; never by each other's crates.

use crate::{
	attribution::DataSources,
	lane::{AttributionShare, DirectAmounts, PoolPayment, RejectReason, SettledParts, Statement},
	lineage::Lineage,
	policy::RevenuePolicy,
	price::PriceSchedule,
	Balance, BlockNumber, DatanetId, Hash, ModelId, PriceVersion, ReleaseId, VersionId, Weight,
};
use alloc::vec::Vec;
use codec::{Decode, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_arithmetic::Permill;
use sp_runtime::{DispatchError, DispatchResult};

/// The role that an earner is paid for.
#[derive(
	Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "std", serde(rename_all = "snake_case"))]
pub enum Role {
	/// Is paid for the model that answered: its owner, or whom the owner has named.
	#[codec(index = 0)]
	Developer,
	/// Gave data that the model was made from.
	#[codec(index = 1)]
	Data,
	/// Is paid for the inference node that answered: its operator, or whom the operator has named.
	#[codec(index = 2)]
	Node,
	/// Keeps the chain.
	#[codec(index = 3)]
	Protocol,
	/// Curates a datanet that the model was made from.
	#[codec(index = 4)]
	Curator,
	/// Is paid for a model that the called one descends from.
	#[codec(index = 5)]
	Royalty,
}

/// The terms under which a call of one model is charged and its charge is split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallTerms<AccountId> {
	/// Who is paid for the model: its owner, or whom the owner has named.
	pub payee: AccountId,
	/// The price schedule that was asked for.
	pub price: PriceSchedule,
	/// The shares of the charge.
	pub policy: RevenuePolicy,
	/// The data that the version was made from. Never empty if the policy pays data.
	pub sources: DataSources,
	/// The models that this one descends from, nearest first.
	pub lineage: Lineage<AccountId>,
}

/// Facts on models that others need.
pub trait ModelInspect<AccountId> {
	/// Returns `true` if a model of that id is registered.
	fn exists(model: ModelId) -> bool;

	/// Returns `true` if the model takes new calls: it is neither paused nor retired.
	fn is_callable(model: ModelId) -> bool;

	/// The version and the price version that are in force now.
	fn in_force(model: ModelId) -> Option<(VersionId, PriceVersion)>;

	/// The most tokens that the chat template of a version adds for each message, if there is that version.
	fn template_overhead(model: ModelId, version: VersionId) -> Option<u32>;

	/// The terms of calls that were agreed on as of a block, in which version and price version were in force,
	/// and the first block after it in which another of these is, or in which another owns the model or one
	/// above it, or is paid for it, as far as is known.
	///
	/// # Errors
	/// `UnknownModel`, `UnknownVersion`, `UnknownPrice`; `NotInForce` for a block to come, or one in which
	/// something else was in force; `VersionExpired`, `PriceExpired` or `ModelRetired` if it was replaced too
	/// long ago; `TermsForgotten` if nobody knows any more who owned the model then.
	fn terms_as_of(
		model: ModelId,
		version: VersionId,
		price_version: PriceVersion,
		as_of: BlockNumber,
	) -> Result<(CallTerms<AccountId>, Option<BlockNumber>), RejectReason>;

	/// Registers a model for benchmarks: `owner` owns it, `sources` are its data sources, and it
	/// pays data, half of it directly to what calls are attributed to. Its parents, as many as a
	/// model can have, are registered too, each with an owner of its own. All of them have had as
	/// many owners before as are remembered; some blocks may pass.
	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_model(owner: &AccountId, sources: DataSources) -> Result<ModelId, DispatchError>;
}

/// Facts on datanets that others need.
pub trait DataInspect {
	/// Returns `true` if the release has been published.
	fn release_exists(datanet: DatanetId, release: ReleaseId) -> bool;

	/// The newest release, if any has been published.
	fn latest_release(datanet: DatanetId) -> Option<ReleaseId>;

	/// Publishes a release with `contributions` contributions for benchmarks, in a datanet of its
	/// own whose curator has a share. It is the current one, and as much as is remembered has
	/// happened before; some blocks may pass. Returns the contributions too.
	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_release(
		contributions: u32,
	) -> Result<(DatanetId, ReleaseId, Vec<crate::ContributionId>), DispatchError>;
}

/// Pays the data behind calls.
pub trait DataRevenue<AccountId> {
	/// The account that holds what contributors may claim. It must receive the sum of what was
	/// credited, in the same transaction.
	fn pot() -> AccountId;

	/// The releases that sources led to in a block that is not to come, and who curated them.
	///
	/// # Errors
	/// `NoPayableSource` if none of them led to a release, `TermsForgotten` if it is not known any more.
	fn resolve(
		sources: &DataSources,
		as_of: BlockNumber,
	) -> Result<Resolved<AccountId>, RejectReason>;

	/// Credits what lanes owe, all at once: each release, contribution and curator is read and written
	/// once, however many lanes pay it. Returns one credit a due, in order; the direct amounts and the
	/// payments to releases of each add up to the data parts of its items.
	///
	/// # Errors
	/// If anything cannot be credited whole; then nothing is, and the caller must fail.
	fn credit_lanes(dues: &[LaneDue<AccountId>]) -> Result<Vec<LaneCredit>, DispatchError>;
}

/// A release that the calls of a lane pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedSource<AccountId> {
	/// The datanet.
	pub datanet: DatanetId,
	/// Its release.
	pub release: ReleaseId,
	/// The weight of this release among all: the sum of those of the sources that lead to it, or the largest
	/// number if that is less. Not zero.
	pub weight: Weight,
	/// Who curated the datanet.
	pub curator: AccountId,
	/// The curator's part of what the release earns. Only a later release can have another.
	pub curator_share: Permill,
}

/// The releases that sources lead to in one block, by datanet and release, and when that ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved<AccountId> {
	/// The releases. At least one.
	pub sources: Vec<ResolvedSource<AccountId>>,
	/// The first block after that one in which a release or a curator is another, as far as is known.
	pub changed_at: Option<BlockNumber>,
}

/// What the data behind the calls of one lane is owed.
#[derive(Clone, Debug)]
pub struct LaneDue<'a, AccountId> {
	/// The releases.
	pub sources: &'a [ResolvedSource<AccountId>],
	/// The block that decides whose contributions count.
	pub as_of: BlockNumber,
	/// How much of the data part of a whole answer goes straight to the contributions that it is made of.
	pub attributed: Permill,
	/// By item of the lane: its data part in planck, and the contributions that it is attributed to.
	pub items: Vec<(Balance, &'a [AttributionShare])>,
}

/// What became of a [`LaneDue`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LaneCredit {
	/// By item, what the contributions were paid that it is attributed to.
	pub direct: Vec<DirectAmounts>,
	/// What came into each release that got something.
	pub pools: Vec<PoolPayment>,
}

/// Who is behind the calls of a lane, in the block that its agreement names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneTerms<AccountId> {
	/// List price, policy, and who is paid for the model and for those above it.
	pub call: CallTerms<AccountId>,
	/// The protocol's part.
	pub protocol_share: Permill,
	/// The releases that are paid: none if the policy pays no data.
	pub sources: Vec<ResolvedSource<AccountId>>,
	/// The first block after that one in which any of this is otherwise, as far as is known.
	pub changed_at: Option<BlockNumber>,
}

/// One item of a lane's settlement: a call, or the sums of a run of calls.
#[derive(Clone, Copy, Debug)]
pub struct ItemCharge<'a> {
	/// How many calls it is for.
	pub calls: u64,
	/// What the caller paid, in planck.
	pub charge: Balance,
	/// What the same would have cost by the list price, in planck.
	pub list_charge: Balance,
	/// The contributions that are paid directly.
	pub attribution: &'a [AttributionShare],
}

/// The charges of one lane.
#[derive(Clone, Debug)]
pub struct LaneCharges<'a, AccountId> {
	/// Who is paid for the node.
	pub node: &'a AccountId,
	/// The model that answered.
	pub model: ModelId,
	/// Who is behind the calls.
	pub terms: &'a LaneTerms<AccountId>,
	/// The block that they are paid as of.
	pub as_of: BlockNumber,
	/// What was charged, in the order of the calls.
	pub items: Vec<ItemCharge<'a>>,
}

/// Who was paid what of a lane's charges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LanePayment {
	/// By item, its parts, and what contributions were paid directly.
	pub items: Vec<(SettledParts, DirectAmounts)>,
	/// What came into each release that got something.
	pub pools: Vec<PoolPayment>,
}

/// Splits charges among everyone behind a call, and pays them.
pub trait RevenueDistributor<AccountId> {
	/// The account that must have received the sum of the charges before [`Self::distribute_lanes`].
	fn pot() -> AccountId;

	/// Adds to the terms of calls what does not come from the model: the protocol's share and the releases
	/// of a block. `changed_at` is when something of the terms themselves is otherwise.
	///
	/// # Errors
	/// Those of [`DataRevenue::resolve`]; `TermsForgotten` if the share is not known any more.
	fn lane_terms(
		call: CallTerms<AccountId>,
		changed_at: Option<BlockNumber>,
		as_of: BlockNumber,
	) -> Result<LaneTerms<AccountId>, RejectReason>;

	/// Splits the charges of lanes and pays their parts out of the pot, one transfer a recipient, however
	/// many lanes and calls. Returns one payment a lane, in order.
	///
	/// # Errors
	/// If the charges cannot be paid out whole; the caller must fail, which undoes everything.
	fn distribute_lanes(
		lanes: &[LaneCharges<AccountId>],
	) -> Result<Vec<LanePayment>, DispatchError>;

	/// Lets something have accrued for an account and for the protocol, for benchmarks: earlier payments that
	/// were too little to be paid out. The next payment that can be made takes it along.
	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_accrue(account: &AccountId) -> DispatchResult;

	/// The sum of what has accrued, in planck, for benchmarks.
	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_accrued() -> Balance;
}

/// Facts on inference nodes that others need.
pub trait NodeInspect<AccountId> {
	/// Returns `true` if the operator has an inference node that is active and serves the model.
	fn serves(operator: &AccountId, model: ModelId) -> bool;

	/// The account that is paid for what the operator's inference node does: the operator's own, unless it
	/// has named another.
	fn payee(operator: &AccountId) -> AccountId;

	/// The key that signs the statements of the operator's inference node, if there is one.
	fn receipt_key(operator: &AccountId) -> Option<crate::AccountId>;

	/// Keeps an answered call on chain for disputes, like a settlement of a session, and with it the bond of the
	/// operator. `caller` has paid for it, `statement` is what the node's receipt key has signed of it, and `root` is
	/// over the leaf of the one item.
	///
	/// # Errors
	/// If the operator has no inference node.
	fn keep_call(
		operator: &AccountId,
		caller: &AccountId,
		statement: &Statement,
		root: Hash,
	) -> DispatchResult;

	/// Registers an inference node of `operator` that serves `model`, for benchmarks. Anything that
	/// [`Self::keep_call`] could have to remove is there, and can be.
	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_node(operator: &AccountId, model: ModelId) -> DispatchResult;
}

/// Lets a pallet tell another that money is its own: what a role has earned over its lifetime.
pub trait RecordEarnings<AccountId> {
	/// Adds to the lifetime total of `account` in `role`.
	fn record(account: &AccountId, role: Role, amount: Balance);
}

impl<AccountId> RecordEarnings<AccountId> for () {
	fn record(_: &AccountId, _: Role, _: Balance) {}
}
