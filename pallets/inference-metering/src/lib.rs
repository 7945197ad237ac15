//! # Inference metering
//!
//! Operators of inference nodes, the sessions that callers pay them through, and the settlement of
//! paid model calls.
//!
//! ## The life of a paid call
//!
//! 1. An operator registers a node with a bond: where it listens, the key that signs its
//!    statements, and the models that it serves.
//! 2. A caller opens a session with it. The deposit is a hold on the caller's own account.
//! 3. Off chain, each call carries a [`Voucher`](openledger_primitives::lane::Voucher) signed by
//!    the session's signer, and is answered with a
//!    [`Statement`](openledger_primitives::lane::Statement) signed by the node.
//! 4. The node settles: it hands in [the newest vouchers of many lanes](Pallet::settle_lanes), each with the
//!    records of the calls that it pays for, or with the proof of what they came to together. The runtime
//!    prices them by the model's schedule, takes what they cost out of the hold, and has it split among
//!    everyone behind the calls: see [`lanes`].
//! 5. The session is closed, and what is left goes back to the caller.
//!
//! The [`versions`] of messages that count are enumerations, so that a later version does not make worthless what
//! was signed by an earlier one.
//!
//! ## Who can lose what
//!
//! A node can collect at most what the caller signed for, out of a deposit that nobody else can
//! touch; replays are impossible because a lane's sequence and its cumulative amount only grow and
//! a voucher names its chain. A caller can leave at most one call's allowance per lane unpaid: the
//! next voucher acknowledges the last charge, or the node stops serving. One bad record never sinks
//! its batch: it is rejected alone, and an event says why. The [`meter`] module holds the rules by which
//! records and runs count against a voucher.
//!
//! A caller who gives an app a hot key to sign with limits what it may spend; a voucher that the
//! caller's own key has signed is bound by the deposit only. The limit may rise at once, and sinks
//! after [`Config::CloseNotice`], so that a node never serves a call under a limit that is gone when
//! it settles.
//!
//! An operator loses a part of the bond, [`Config::DisputePenalty`] of it or more, for each time that
//! the node contradicted itself in what it signed and settled, or what its callers had acknowledged by the
//! vouchers that it settled with, and beyond that what it charged its callers too much. One whose node never
//! did so cannot lose anything, whoever reports what: without two contradicting messages that the node has
//! signed or settled, a report is refused, at the reporter's cost.
//!
//! What a node's calls earn goes to the operator's own account, or to the payee that the operator has
//! named: so the key that settles from day to day need not be the one that holds what was earned.
//!
//! A node may settle calls of any model, whether it is listed with it or not: the caller's signature
//! names node and model, and that is the consent that counts. So an operator who stops serving a
//! model, is leaving or was jailed can still settle what was served before.
//!
//! ## Disputes
//!
//! The root over the items of every settled lane is kept for [`Config::DisputeWindow`] blocks, in which a
//! node that contradicted itself can be reported: the [`disputes`] module holds the rules. The proof is made
//! from the items of the settlement, each of which is an event. Calls that were settled by their sums have no
//! item of their own: what protects their caller is that nothing counts beyond the sums that the caller has
//! acknowledged.
//!
//! Calls that were [answered on chain](openledger_primitives::on_chain) are kept and disputed in the same way, each as the
//! only call of a lane: what is charged for them is not this pallet's business.
//!
//! ## Leaving and closing
//!
//! A bond answers for every settlement that can still be disputed: it comes back when the
//! [`UnbondingPeriod`](Config::UnbondingPeriod) is over, no session with the node is open, and the last
//! settlement of those that were closed is out of the dispute window. No caller can keep an operator from
//! leaving, because the node may close any session at once. The keys that a node has signed with earlier
//! are kept for as long as a call that they answered can be settled and disputed, even if the window should
//! grow meanwhile.
//!
//! A session that has expired cannot be settled after the [`SettlementWindow`](Config::SettlementWindow),
//! whether it was closed or not. When that is over was fixed when the session was opened or last extended:
//! a window that governance makes shorter is for later sessions.
//!
//! ## Storage
//!
//! | map | key | value | who pays | who cleans |
//! |---|---|---|---|---|
//! | `Nodes` | operator | ≤ 880 bytes | the operator's bond | `withdraw_bond`, `remove_node` |
//! | `PreviousKeys` | operator | ≤ 2.8 KB: [`MAX_PREVIOUS_KEYS`] keys | the operator's bond | `rotate_receipt_key` (those that are too old), `withdraw_bond`, `remove_node` |
//! | `ServedBy` | model, operator | empty, ≤ 64 per operator, of active nodes | the operator's bond | `update_node`, `start_unbonding`, a dispute that is lost |
//! | `NextSessionId` | - | 8 bytes | - | - |
//! | `Sessions` | session | ≤ 240 bytes | the caller's storage deposit, `SessionDeposit` | whoever closes it; rewarded if it was left behind |
//! | `Lanes` | session, lane | 56 bytes, ≤ `MAX_LANES` per session | the operator, `LaneDeposit` | with the session |
//! | `Roots` | session, lane, sequence | 212 bytes, one per settled lane, and per call answered on chain, of the last `DisputeWindow` blocks | the node's fee for the settlement, or the answer | as many by each settlement as it may add, more in `on_idle` |
//! | `Disputed` | the root's key | ≤ 10,498 bytes: 41 for each disputed call, ≤ [`MAX_DISPUTED`] | the penalty, for each of them | with its root |
//! | `Equivocations` | operator | ≤ 1,154 bytes: 18 for each call, ≤ [`MAX_EQUIVOCATIONS`] | the penalty, for each of them | `withdraw_bond`, `remove_node` |
//! | `ReportCommitments` | reporter, hash | 20 bytes | the reporter's deposit, `ReportDeposit` | the report, or its reporter |
//! | `RootQueue` | place | 22 bytes, one per root | as `Roots` | with its root |
//! | `RootQueueEnds` | - | 16 bytes | - | - |

#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod calls;
mod deposit;
pub mod disputes;
mod evidence;
mod impls;
pub mod lanes;
mod listing;
pub mod meter;
#[cfg(test)]
mod mock;
mod operators;
mod punishment;
mod queries;
mod reports;
mod roots;
mod sessions;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
mod types;
pub mod versions;
pub mod weights;

pub use pallet::*;
pub use reports::Commitment;
pub use types::{
	DisputedCalls, EquivocatedCalls, KeyHistory, Lane, Node, PendingLimit, PreviousKey, Proven,
	QueueEnds, QueuedRoot, RootKey, Served, ServedModels, Session, SettledRoot, Status,
	MAX_DISPUTED, MAX_EQUIVOCATIONS, MAX_PREVIOUS_KEYS,
};
pub use weights::WeightInfo;

#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use crate::{
		evidence::{Listed, SettledLeaf, Stated},
		lanes::LanesLoad,
		types::{count, KeyHistoryOf, NodeOf, SessionOf, SettledRootOf},
		versions::{LaneSettlements, VersionedCloseAgreement, VersionedStatement},
	};
	use alloc::boxed::Box;
	use frame_support::{
		pallet_prelude::*,
		traits::fungible::{Inspect, InspectHold, Mutate, MutateHold},
	};
	use frame_system::pallet_prelude::*;
	use openledger_primitives::{
		lane::{RejectReason, SettledItem, SettledLane},
		lane_list::LookupProof,
		traits::{ModelInspect, RevenueDistributor},
		AccountId, Balance, Hash, LaneId, ModelId, Sequence, SessionId, Signature, Uri, MAX_LANES,
		MAX_PROOF, MAX_SERVED,
	};
	use sp_runtime::Permill;

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	/// The pallet.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// Types and parameters that the runtime provides. Accounts and hashes are those of the signed
	/// messages, so they are not free to choose.
	///
	/// Amounts and periods may be governed parameters: what has been opened, announced or promised
	/// keeps the terms that it was promised with.
	#[pallet::config]
	pub trait Config: frame_system::Config<AccountId = AccountId, Hash = Hash> {
		/// OPEN.
		type Currency: Inspect<AccountId, Balance = Balance>
			+ Mutate<AccountId>
			+ InspectHold<AccountId, Reason = Self::RuntimeHoldReason>
			+ MutateHold<AccountId>;

		/// The runtime's reasons for holds.
		type RuntimeHoldReason: From<HoldReason>;

		/// The model registry.
		type Models: ModelInspect<AccountId>;

		/// Splits and pays what calls cost.
		type Revenue: RevenueDistributor<AccountId>;

		/// The least bond of an inference node, in planck.
		type MinBond: Get<Balance>;

		/// Time that an operator waits for the bond after the node has stopped taking sessions, in
		/// blocks. Longer than [`Config::DisputeWindow`].
		type UnbondingPeriod: Get<BlockNumberFor<Self>>;

		/// The least deposit of a session, in planck.
		type MinDeposit: Get<Balance>;

		/// Amount held for a session's place in storage, in planck.
		type SessionDeposit: Get<Balance>;

		/// What is held from the operator for a lane's place in storage, from its first settlement until its
		/// session is closed, in planck.
		#[pallet::constant]
		type LaneDeposit: Get<Balance>;

		/// The part of [`Config::SessionDeposit`] that goes to who closes a session that its parties
		/// have left behind.
		type CleanupReward: Get<Permill>;

		/// The shortest time that a session may be opened for, in blocks.
		type MinDuration: Get<BlockNumberFor<Self>>;

		/// The longest time that a session may be opened for, in blocks.
		type MaxDuration: Get<BlockNumberFor<Self>>;

		/// Time for a node to settle after the caller has asked to close, and that it is warned ahead
		/// of a lower spending limit, in blocks.
		type CloseNotice: Get<BlockNumberFor<Self>>;

		/// Time for a node to settle after a session has expired; then anyone can close it. In
		/// blocks.
		type SettlementWindow: Get<BlockNumberFor<Self>>;

		/// How long a voucher may be valid after a change of who is paid for its calls, if that came after
		/// the block that they are paid as of, in blocks. A node takes no voucher that is valid for longer
		/// than that.
		type TermsGrace: Get<BlockNumberFor<Self>>;

		/// How long a settlement can be disputed, in blocks.
		type DisputeWindow: Get<BlockNumberFor<Self>>;

		/// The most that [`Config::DisputeWindow`] can ever be, whatever it is changed to, in blocks.
		type MaxDisputeWindow: Get<BlockNumberFor<Self>>;

		/// The part of its bond that a node loses for a contradiction, at the least. Not nothing.
		type DisputePenalty: Get<Permill>;

		/// The part of that least penalty that goes to who reported the contradiction; the rest of the
		/// penalty goes to the protocol. Not all of it, because an operator can report under another
		/// name.
		type DisputeReward: Get<Permill>;

		/// Time by which a reporter's commitment has to come before the report, in blocks. At least one.
		#[pallet::constant]
		type ReportDelay: Get<BlockNumberFor<Self>>;

		/// Amount held for a commitment's place in storage, in planck.
		#[pallet::constant]
		type ReportDeposit: Get<Balance>;

		/// For how long a node that contradicted itself takes no sessions, in blocks.
		type JailPeriod: Get<BlockNumberFor<Self>>;

		/// Time after its last sign of life for which a node is listed before others, in blocks.
		type HeartbeatPeriod: Get<BlockNumberFor<Self>>;

		/// The protocol's account. It should always exist.
		type ProtocolAccount: Get<AccountId>;

		/// Weights of the extrinsics.
		type WeightInfo: WeightInfo;

		/// The data that models are made from in benchmarks.
		#[cfg(feature = "runtime-benchmarks")]
		type BenchmarkData: openledger_primitives::traits::DataInspect;
	}

	/// Why the pallet holds funds.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// An operator's bond.
		#[codec(index = 0)]
		Bond,
		/// The rest of a session's deposit.
		#[codec(index = 1)]
		Session,
		/// A session's place in storage.
		#[codec(index = 2)]
		SessionStorage,
		/// The places of lanes in storage.
		#[codec(index = 3)]
		LaneStorage,
		/// The places of commitments to reports in storage.
		#[codec(index = 4)]
		Report,
	}

	/// Inference nodes by their operator.
	#[pallet::storage]
	pub type Nodes<T: Config> = StorageMap<_, Blake2_128Concat, AccountId, NodeOf<T>>;

	/// The receipt keys that nodes have replaced, and that may have signed what can still be
	/// disputed.
	#[pallet::storage]
	pub type PreviousKeys<T: Config> =
		StorageMap<_, Blake2_128Concat, AccountId, KeyHistoryOf<T>, ValueQuery>;

	/// Which operators of active nodes serve a model.
	#[pallet::storage]
	pub type ServedBy<T: Config> =
		StorageDoubleMap<_, Twox64Concat, ModelId, Blake2_128Concat, AccountId, ()>;

	/// The id of the next session.
	#[pallet::storage]
	pub type NextSessionId<T: Config> = StorageValue<_, SessionId, ValueQuery>;

	/// Open sessions.
	#[pallet::storage]
	pub type Sessions<T: Config> = StorageMap<_, Twox64Concat, SessionId, SessionOf<T>>;

	/// The lanes of open sessions that have settled calls.
	#[pallet::storage]
	pub type Lanes<T: Config> =
		StorageDoubleMap<_, Twox64Concat, SessionId, Twox64Concat, LaneId, Lane>;

	/// The roots of settlements, by session, lane and the sequence of the last call.
	#[pallet::storage]
	pub type Roots<T: Config> = StorageNMap<
		_,
		(
			NMapKey<Twox64Concat, SessionId>,
			NMapKey<Twox64Concat, LaneId>,
			NMapKey<Twox64Concat, Sequence>,
		),
		SettledRootOf<T>,
	>;

	/// The roots in the order in which they came, and will be removed.
	#[pallet::storage]
	pub type RootQueue<T: Config> = StorageMap<_, Twox64Concat, u64, QueuedRoot<BlockNumberFor<T>>>;

	/// The places in the queue that are taken.
	#[pallet::storage]
	pub type RootQueueEnds<T: Config> = StorageValue<_, QueueEnds, ValueQuery>;

	/// The proofs against calls of settlements that can still be disputed, by the key of their
	/// root.
	#[pallet::storage]
	pub type Disputed<T: Config> = StorageMap<_, Twox64Concat, RootKey, DisputedCalls, ValueQuery>;

	/// The calls that nodes made two statements of.
	#[pallet::storage]
	pub type Equivocations<T: Config> =
		StorageMap<_, Blake2_128Concat, AccountId, EquivocatedCalls, ValueQuery>;

	/// What reporters have committed to, by the hash of the report.
	#[pallet::storage]
	pub type ReportCommitments<T: Config> = StorageDoubleMap<
		_,
		Blake2_128Concat,
		AccountId,
		Blake2_128Concat,
		Hash,
		Commitment<BlockNumberFor<T>>,
	>;

	/// Events of nodes, sessions and settlements. Amounts are in planck, keys are accounts; `node` is the
	/// operator that ran the model, `payee` who was paid for that, and `developer` who was paid for the model.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	#[allow(missing_docs)] // A field that needs more than its name is in its event's description.
	pub enum Event<T: Config> {
		/// A node was registered.
		#[codec(index = 0)]
		NodeRegistered { operator: AccountId, bond: Balance },
		/// A node's endpoint or models were replaced.
		#[codec(index = 1)]
		NodeUpdated { operator: AccountId },
		/// A session was opened. From block `expires_at` on the node must not serve calls.
		#[codec(index = 2)]
		SessionOpened {
			session: SessionId,
			caller: AccountId,
			node: AccountId,
			deposit: Balance,
			expires_at: BlockNumberFor<T>,
		},
		/// A record had no effect.
		#[codec(index = 3)]
		RecordRejected {
			session: SessionId,
			lane: LaneId,
			sequence: Sequence,
			reason: RejectReason,
		},
		/// The caller has asked to close a session: anyone can from block `closes_at` on.
		#[codec(index = 4)]
		CloseRequested { session: SessionId, closes_at: BlockNumberFor<T> },
		/// A session was closed. `refunded` does not contain the storage deposit.
		#[codec(index = 5)]
		SessionClosed { session: SessionId, refunded: Balance },
		/// A node signs with another key from now on.
		#[codec(index = 6)]
		ReceiptKeyRotated { operator: AccountId, receipt_key: AccountId, previous: AccountId },
		/// An operator has put up more: `bond` is held now.
		#[codec(index = 7)]
		BondIncreased { operator: AccountId, amount: Balance, bond: Balance },
		/// A node gave a sign of life.
		#[codec(index = 8)]
		Heartbeat { operator: AccountId },
		/// An operator is leaving: the node takes no new sessions, and its bond can be withdrawn in block `at`
		/// at the soonest.
		#[codec(index = 9)]
		UnbondingStarted { operator: AccountId, at: BlockNumberFor<T> },
		/// An operator stays.
		#[codec(index = 10)]
		UnbondingCancelled { operator: AccountId },
		/// A node is gone, and `released` of its bond went back.
		#[codec(index = 11)]
		NodeRemoved { operator: AccountId, released: Balance },
		/// A node that had been jailed takes sessions again.
		#[codec(index = 12)]
		NodeUnjailed { operator: AccountId },
		/// A caller has put more into a session: `deposit` altogether.
		#[codec(index = 13)]
		SessionToppedUp { session: SessionId, amount: Balance, deposit: Balance },
		/// A session lasts longer: until before block `expires_at`.
		#[codec(index = 14)]
		SessionExtended { session: SessionId, expires_at: BlockNumberFor<T> },
		/// A session's spending limit was set: `limit` is the most that may be settled with vouchers of its
		/// hot key from block `from` on.
		#[codec(index = 15)]
		SpendingLimitSet { session: SessionId, limit: Balance, from: BlockNumberFor<T> },
		/// Somebody was paid, out of its storage deposit, for closing a session that its parties had left
		/// behind.
		#[codec(index = 16)]
		CleanupRewarded { session: SessionId, account: AccountId, amount: Balance },
		/// A node has settled more for a call than it had stated. What left its bond is `refunded` to the
		/// caller, `reward` to the reporter, and `protocol`.
		#[codec(index = 17)]
		OverchargeProven {
			operator: AccountId,
			reporter: AccountId,
			caller: AccountId,
			session: SessionId,
			lane: LaneId,
			sequence: Sequence,
			stated: Balance,
			settled: Balance,
			refunded: Balance,
			reward: Balance,
			protocol: Balance,
		},
		/// A node has settled something else than it had stated. What left its bond is `reward` and
		/// `protocol` together.
		#[codec(index = 18)]
		MisreportProven {
			operator: AccountId,
			reporter: AccountId,
			session: SessionId,
			lane: LaneId,
			sequence: Sequence,
			reward: Balance,
			protocol: Balance,
		},
		/// A node has made two different statements of one call. What left its bond is `reward` and
		/// `protocol` together.
		#[codec(index = 19)]
		EquivocationProven {
			operator: AccountId,
			reporter: AccountId,
			session: SessionId,
			lane: LaneId,
			sequence: Sequence,
			reward: Balance,
			protocol: Balance,
		},
		/// A node takes no sessions until block `until` at the soonest. `bond` is left.
		#[codec(index = 20)]
		NodeJailed { operator: AccountId, until: BlockNumberFor<T>, bond: Balance },
		/// A node has paid what its bond had not covered of a refund, or a part of that, and the
		/// penalty that goes with it. What left its bond is `refunded` and `protocol` together.
		#[codec(index = 21)]
		RefundPaid {
			operator: AccountId,
			reporter: AccountId,
			caller: AccountId,
			session: SessionId,
			lane: LaneId,
			sequence: Sequence,
			refunded: Balance,
			protocol: Balance,
		},
		/// The earnings of a node's calls go to `payee` from now on.
		#[codec(index = 22)]
		PayeeSet { operator: AccountId, payee: AccountId },
		/// Something of a lane was settled. `header.items` events [`ItemSettled`](Event::ItemSettled) follow,
		/// one for each item in its order, and one for each of the `header.rejected` records and runs that
		/// had no effect.
		#[codec(index = 23)]
		LaneSettled { header: Box<SettledLane> },
		/// A call, or a run of calls, of the lane of the last `LaneSettled` was charged, and its charge was
		/// split. It is a leaf of the settlement's root.
		#[codec(index = 24)]
		ItemSettled(SettledItem),
		/// Nothing of a lane was settled, and nothing of it has changed.
		#[codec(index = 25)]
		LaneRejected { session: SessionId, lane: LaneId, reason: DispatchError },
		/// A run of calls had no effect.
		#[codec(index = 26)]
		RunRejected {
			session: SessionId,
			lane: LaneId,
			first_sequence: Sequence,
			last_sequence: Sequence,
			reason: RejectReason,
		},
		/// A node has settled a call that is not among those that its caller has acknowledged, or not as it
		/// is. What left its bond is `reward` and `protocol` together.
		#[codec(index = 27)]
		UnlistedCallProven {
			operator: AccountId,
			reporter: AccountId,
			session: SessionId,
			lane: LaneId,
			sequence: Sequence,
			reward: Balance,
			protocol: Balance,
		},
		/// Somebody has committed to a report.
		#[codec(index = 28)]
		ReportCommitted { reporter: AccountId, commitment: Hash },
		/// Somebody has given a commitment up.
		#[codec(index = 29)]
		CommitmentWithdrawn { reporter: AccountId, commitment: Hash },
	}

	/// A reason why a call fails.
	#[pallet::error]
	pub enum Error<T> {
		/// The operator has registered a node already; update it instead.
		#[codec(index = 0)]
		AlreadyRegistered,
		/// No inference node is registered under this account.
		#[codec(index = 1)]
		UnknownNode,
		/// The bond is below the least bond.
		#[codec(index = 2)]
		BondTooSmall,
		/// The endpoint must be an `http://` or `https://` URL.
		#[codec(index = 3)]
		InvalidEndpoint,
		/// A node has to serve at least one model.
		#[codec(index = 4)]
		NoModels,
		/// A model is listed twice.
		#[codec(index = 5)]
		DuplicateModel,
		/// No such model.
		#[codec(index = 6)]
		UnknownModel,
		/// The model's owner has paused or retired it.
		#[codec(index = 7)]
		ModelPaused,
		/// The deposit is below the least deposit.
		#[codec(index = 8)]
		DepositTooSmall,
		/// The session would expire too soon.
		#[codec(index = 9)]
		ExpiryTooSoon,
		/// The session would expire too late.
		#[codec(index = 10)]
		ExpiryTooLate,
		/// No such session, or it was closed.
		#[codec(index = 11)]
		UnknownSession,
		/// Only the session's node can settle.
		#[codec(index = 12)]
		NotSessionNode,
		/// Only the session's caller can do this.
		#[codec(index = 13)]
		NotSessionCaller,
		/// The voucher, or the statement, was signed for another chain.
		#[codec(index = 14)]
		WrongChain,
		/// The voucher authorises less than it acknowledges.
		#[codec(index = 15)]
		VoucherContradictsItself,
		/// The signature is neither the session signer's nor the caller's over this voucher; or it
		/// is not the node's over this agreement to close the session.
		#[codec(index = 16)]
		BadSignature,
		/// The voucher's sequence is not above the lane's last settled one: it was settled already,
		/// or a newer one was.
		#[codec(index = 17)]
		VoucherNotNewer,
		/// There are no records.
		#[codec(index = 18)]
		NoRecords,
		/// The lane's number is not below `MAX_LANES`.
		#[codec(index = 19)]
		NoSuchLane,
		/// Every record was rejected, for different reasons: there is nothing to pay, and nothing
		/// changed. If all were rejected for the same reason, that one is the error.
		#[codec(index = 20)]
		NothingSettled,
		/// The caller has asked to close the session already.
		#[codec(index = 21)]
		AlreadyClosing,
		/// The close notice, or the settlement window after expiry, has not passed yet.
		#[codec(index = 22)]
		NotYetClosable,
		/// There are no ids left.
		#[codec(index = 23)]
		IdsExhausted,
		/// A sum does not fit a balance.
		#[codec(index = 24)]
		Overflow,
		/// A node has to answer at least one call of a model at a time.
		#[codec(index = 25)]
		NoCapacity,
		/// The node takes no new sessions: its operator is leaving, or it was jailed.
		#[codec(index = 26)]
		NodeNotActive,
		/// The operator has not started to leave.
		#[codec(index = 27)]
		NotUnbonding,
		/// The bond cannot be released yet: the unbonding period has not passed, or a settlement
		/// can still be disputed.
		#[codec(index = 28)]
		BondLocked,
		/// Sessions with the node are open: close them first.
		#[codec(index = 29)]
		SessionsOpen,
		/// The node is not jailed.
		#[codec(index = 30)]
		NotJailed,
		/// The node's time in jail has not passed yet.
		#[codec(index = 31)]
		StillJailed,
		/// The node signs with this key already.
		#[codec(index = 32)]
		SameKey,
		/// The node's earlier keys are still kept for disputes, and there is no room for another.
		#[codec(index = 33)]
		TooManyRotations,
		/// Only a jailed node whose bond is below the least bond can be removed by others.
		#[codec(index = 34)]
		NotRemovable,
		/// The amount is zero.
		#[codec(index = 35)]
		ZeroAmount,
		/// The caller has asked to close the session.
		#[codec(index = 36)]
		SessionClosing,
		/// The session has expired; extend it first.
		#[codec(index = 37)]
		SessionExpired,
		/// The session lasts as long already.
		#[codec(index = 38)]
		NotAnExtension,
		/// The spending limit is that already.
		#[codec(index = 39)]
		SameLimit,
		/// The sequence is not above the lane's last settled one, or not above that of the record
		/// before it.
		#[codec(index = 40)]
		SequenceNotRising,
		/// A record's sequence is above the voucher's, or a run's is not below it.
		#[codec(index = 41)]
		SequenceBeyondVoucher,
		/// The model has no such version.
		#[codec(index = 42)]
		UnknownVersion,
		/// The model has no such price version.
		#[codec(index = 43)]
		UnknownPrice,
		/// With these calls, the lane's earlier calls cost more than the caller acknowledged.
		#[codec(index = 44)]
		AboveAcknowledged,
		/// The voucher's own call costs more than the caller authorised for it.
		#[codec(index = 45)]
		AboveAuthorised,
		/// The rest of the session's deposit does not cover it.
		#[codec(index = 46)]
		DepositExhausted,
		/// The version was replaced so long ago that its calls must have been settled by now.
		#[codec(index = 47)]
		VersionExpired,
		/// The price version was replaced so long ago that its calls must have been settled by now.
		#[codec(index = 48)]
		PriceExpired,
		/// The version or price version is not in force yet.
		#[codec(index = 49)]
		NotInForce,
		/// The model was retired, and the time to settle its calls is over.
		#[codec(index = 50)]
		ModelRetired,
		/// The calls cost more than the session's hot key may spend.
		#[codec(index = 51)]
		AboveSpendingLimit,
		/// There is no settlement of this session and lane with this last sequence, or the time to
		/// dispute it is over.
		#[codec(index = 52)]
		NotDisputable,
		/// The statement is of another call than what was settled, or than the other statement.
		#[codec(index = 53)]
		NotTheSameCall,
		/// The item is not one of those behind the settlement's root, at this place.
		#[codec(index = 54)]
		BadInclusionProof,
		/// The node does not sign with this key, and has not done so lately; or it did not yet when the
		/// call was settled.
		#[codec(index = 55)]
		UnknownReceiptKey,
		/// The signature is not that of the receipt key over the statement.
		#[codec(index = 56)]
		BadStatementSignature,
		/// Both say the same; or the call was not charged more than was stated.
		#[codec(index = 57)]
		NoContradiction,
		/// The call was charged more than was stated: report it with `report_overcharged_call`, so that
		/// the caller is refunded.
		#[codec(index = 58)]
		ReportAsOvercharge,
		/// This was reported before.
		#[codec(index = 59)]
		AlreadyDisputed,
		/// The call is older than all those that are kept of what the node equivocated about; or there is no
		/// room to note another dispute of this settlement, which has room for each of its calls.
		#[codec(index = 60)]
		TooManyDisputes,
		/// The time to settle the session's calls is over: it has expired, and anyone can close it.
		#[codec(index = 61)]
		SettlementOver,
		/// The overcharge was proven before, and what is still due to the caller cannot be paid now:
		/// nothing is left of the node's bond, or the caller's account cannot take it.
		#[codec(index = 62)]
		RefundUnavailable,
		/// The node's calls are paid to this account already.
		#[codec(index = 63)]
		SamePayee,
		/// Who was to be paid in the block that the caller signed for is not known any more.
		#[codec(index = 64)]
		TermsForgotten,
		/// The block that a voucher's calls are paid as of is before its session, or not over yet.
		#[codec(index = 65)]
		WrongAsOf,
		/// The session's settlement window has passed since the last block in which the voucher's call could
		/// begin.
		#[codec(index = 66)]
		SettledTooLate,
		/// The voucher is valid for too long after a change of who is paid for its calls.
		#[codec(index = 67)]
		OutlivesTerms,
		/// The node's own price is above the list price, leaves others less than they get of that, or
		/// charges a cached token more than another.
		#[codec(index = 68)]
		OwnPriceRefused,
		/// The message says something that this version of the chain does not know.
		#[codec(index = 69)]
		UnknownExtension,
		/// The lane is for vouchers of another agreement.
		#[codec(index = 70)]
		OtherAgreement,
		/// The operator cannot put up the deposit for the lane's place.
		#[codec(index = 71)]
		NoLaneDeposit,
		/// None of the data sources of the version leads to a release.
		#[codec(index = 72)]
		NoPayableSource,
		/// No call has such a record: it has more cached or retrieved tokens than its prompt has, or an
		/// attribution that names a contribution twice or comes to more than the whole answer.
		#[codec(index = 73)]
		InvalidRecord,
		/// The lane is sealed, and a record names contributions.
		#[codec(index = 74)]
		SealedHasEntries,
		/// A run of calls does not cost what the lane's price gives for its totals.
		#[codec(index = 75)]
		RunPriceMismatch,
		/// The proof of a run does not hold, or the run does not begin where the lane has been settled.
		#[codec(index = 76)]
		BadRun,
		/// A run of calls covers one that names contributions: settle that itemised.
		#[codec(index = 77)]
		RunHasEntries,
		/// Something was settled after the node had agreed to close.
		#[codec(index = 78)]
		AgreementOutdated,
		/// More records are settled of a lane at once than can be disputed.
		#[codec(index = 79)]
		TooManyRecords,
		/// The call is not below the sequence of the voucher whose list is shown: the caller had not agreed
		/// with it yet. That of a later settlement may show it.
		#[codec(index = 80)]
		NotAcknowledgedYet,
		/// The calls are not those around the sequence, or do not stand in the list that the voucher
		/// acknowledges.
		#[codec(index = 81)]
		BadLookupProof,
		/// The reporter has not committed to this, or not to this report as it is.
		#[codec(index = 82)]
		NotCommitted,
		/// The reporter has committed to this already.
		#[codec(index = 83)]
		AlreadyCommitted,
		/// The commitment to the report is too new: send it again some blocks later.
		#[codec(index = 84)]
		CommittedTooLate,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		/// Removes roots that nobody can dispute any more, as far as the block has weight left.
		fn on_idle(_: BlockNumberFor<T>, remaining: Weight) -> Weight {
			Self::drop_roots_within(remaining)
		}

		#[cfg(feature = "std")]
		fn integrity_test() {
			use sp_runtime::traits::Zero;

			// What is governed is read from storage.
			sp_io::TestExternalities::new_empty().execute_with(|| {
				assert!(
					T::MinDuration::get() <= T::MaxDuration::get(),
					"no session could be opened"
				);
				assert!(!T::CloseNotice::get().is_zero(), "a node needs time to settle");
				assert!(
					T::UnbondingPeriod::get() > T::DisputeWindow::get(),
					"a bond has to outlast what it answers for"
				);
				assert!(
					T::DisputeWindow::get() <= T::MaxDisputeWindow::get(),
					"keys would be forgotten while they can prove something"
				);
				assert!(!T::DisputePenalty::get().is_zero(), "a contradiction has to cost");
				assert!(!T::ReportDelay::get().is_zero(), "reports could be copied");
				assert!(
					T::DisputeReward::get() < Permill::one(),
					"operators would get their penalty back by reporting themselves"
				);
			});
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Registers the signer as the operator of an inference node.
		///
		/// - `endpoint`: the base URL of its HTTP API.
		/// - `receipt_key`: the account of the key that signs its statements.
		/// - `bond`: what the operator puts up, in planck.
		/// - `models`: the models that it serves, and how many calls of each at a time.
		///
		/// # Origin
		/// Signed, by an account without a node.
		///
		/// # Deposit
		/// `bond` planck are held on the operator's account until the node is removed.
		///
		/// # Errors
		/// `AlreadyRegistered`, `BondTooSmall`, `InvalidEndpoint`, `NoModels`, `NoCapacity`,
		/// `DuplicateModel`, `UnknownModel`, `ModelPaused`; a token error if the operator cannot put
		/// up the bond.
		///
		/// # Events
		/// `NodeRegistered`.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::register_node(count(models.len())))]
		pub fn register_node(
			origin: OriginFor<T>,
			endpoint: Uri,
			receipt_key: AccountId,
			bond: Balance,
			models: ServedModels,
		) -> DispatchResult {
			let operator = ensure_signed(origin)?;
			Self::do_register_node(operator, endpoint, receipt_key, bond, models)
		}

		/// Replaces a node's endpoint and models.
		///
		/// What it has served of other models before can still be settled.
		///
		/// # Origin
		/// Signed, by the node's operator.
		///
		/// # Errors
		/// `UnknownNode`, `InvalidEndpoint`, `NoModels`, `NoCapacity`, `DuplicateModel`,
		/// `UnknownModel`, `ModelPaused` (for models that were not served before).
		///
		/// # Events
		/// `NodeUpdated`.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::update_node(count(models.len()), MAX_SERVED))]
		pub fn update_node(
			origin: OriginFor<T>,
			endpoint: Uri,
			models: ServedModels,
		) -> DispatchResultWithPostInfo {
			let operator = ensure_signed(origin)?;
			let now = count(models.len());
			let before = Self::do_update_node(operator, endpoint, models)?;
			Ok(Some(T::WeightInfo::update_node(now, before)).into())
		}

		/// Opens a session with the inference node of operator `node`, without a spending limit.
		///
		/// - `deposit`: what the node can be paid out of, in planck; nobody else can be, and it only
		///   for calls whose vouchers `signer` or the caller has signed.
		/// - `signer`: the account of the key that signs vouchers.
		/// - `expires_at`: the block from which on the node must not serve calls.
		///
		/// # Origin
		/// Signed, by the caller who pays.
		///
		/// # Deposit
		/// `deposit` planck, and [`Config::SessionDeposit`] for the session's place in storage, are
		/// held on the caller's account until the session is closed.
		///
		/// # Errors
		/// `UnknownNode`, `NodeNotActive`, `DepositTooSmall`, `ExpiryTooSoon`, `ExpiryTooLate`,
		/// `IdsExhausted`; a token error if the caller does not have the deposits.
		///
		/// # Events
		/// `SessionOpened`.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::open_session())]
		pub fn open_session(
			origin: OriginFor<T>,
			node: AccountId,
			deposit: Balance,
			signer: AccountId,
			expires_at: BlockNumberFor<T>,
		) -> DispatchResult {
			let caller = ensure_signed(origin)?;
			Self::do_open_session(caller, node, deposit, signer, Balance::MAX, expires_at)
		}

		/// Asks to close a session.
		///
		/// The node has [`Config::CloseNotice`] blocks left to settle; from then on anyone can close
		/// it.
		///
		/// # Origin
		/// Signed, by the session's caller.
		///
		/// # Errors
		/// `UnknownSession`, `NotSessionCaller`, `AlreadyClosing`.
		///
		/// # Events
		/// `CloseRequested`.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::request_close())]
		pub fn request_close(origin: OriginFor<T>, session: SessionId) -> DispatchResult {
			Self::do_request_close(ensure_signed(origin)?, session)
		}

		/// Closes a session and gives what is left of its deposit back to the caller.
		///
		/// # Origin
		/// Signed. By the operator of the session's node at any time: what it has not settled, it
		/// gives up. By anyone once the caller's notice has passed, or more than
		/// [`Config::SettlementWindow`] blocks after the session has expired.
		///
		/// # Deposit
		/// The deposit for the session's place goes back to the caller. After expiry, who is neither
		/// its caller nor its node gets [`Config::CleanupReward`] of it. The deposits for its lanes go back to
		/// the operator.
		///
		/// # Errors
		/// `UnknownSession`, `NotYetClosable`.
		///
		/// # Events
		/// `CleanupRewarded`, if somebody gets that; `SessionClosed`.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::close_session(MAX_LANES.into()))]
		pub fn close_session(
			origin: OriginFor<T>,
			session: SessionId,
		) -> DispatchResultWithPostInfo {
			let lanes = Self::do_close_session(ensure_signed(origin)?, session)?;
			Ok(Some(T::WeightInfo::close_session(lanes.into())).into())
		}

		/// Replaces the key that signs a node's statements.
		///
		/// The key before it is kept for as long as a call that it answered can be settled and
		/// disputed.
		///
		/// # Origin
		/// Signed, by the node's operator.
		///
		/// # Errors
		/// `UnknownNode`, `SameKey`, `TooManyRotations`.
		///
		/// # Events
		/// `ReceiptKeyRotated`.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::rotate_receipt_key())]
		pub fn rotate_receipt_key(origin: OriginFor<T>, receipt_key: AccountId) -> DispatchResult {
			Self::do_rotate_receipt_key(ensure_signed(origin)?, receipt_key)
		}

		/// Puts `amount` planck more into a node's bond.
		///
		/// # Origin
		/// Signed, by the node's operator.
		///
		/// # Deposit
		/// `amount` is held on the operator's account as the bond is.
		///
		/// # Errors
		/// `ZeroAmount`, `UnknownNode`, `Overflow`; a token error if the operator does not have it.
		///
		/// # Events
		/// `BondIncreased`.
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::bond_more())]
		pub fn bond_more(origin: OriginFor<T>, amount: Balance) -> DispatchResult {
			Self::do_bond_more(ensure_signed(origin)?, amount)
		}

		/// Gives a sign of life of a node. For [`Config::HeartbeatPeriod`] blocks it is listed before those that give
		/// none.
		///
		/// # Origin
		/// Signed, by the node's operator.
		///
		/// # Errors
		/// `UnknownNode`.
		///
		/// # Events
		/// `Heartbeat`.
		#[pallet::call_index(7)]
		#[pallet::weight(T::WeightInfo::heartbeat())]
		pub fn heartbeat(origin: OriginFor<T>) -> DispatchResult {
			Self::do_heartbeat(ensure_signed(origin)?)
		}

		/// Starts to leave: the node takes no new sessions, and can still settle those it has.
		///
		/// [`Config::UnbondingPeriod`] blocks later the bond can be withdrawn.
		///
		/// # Origin
		/// Signed, by the node's operator.
		///
		/// # Errors
		/// `UnknownNode`, `NodeNotActive`.
		///
		/// # Events
		/// `UnbondingStarted`.
		#[pallet::call_index(8)]
		#[pallet::weight(T::WeightInfo::start_unbonding(MAX_SERVED))]
		pub fn start_unbonding(origin: OriginFor<T>) -> DispatchResultWithPostInfo {
			let models = Self::do_start_unbonding(ensure_signed(origin)?)?;
			Ok(Some(T::WeightInfo::start_unbonding(models)).into())
		}

		/// Stays after all: the node takes sessions again.
		///
		/// # Origin
		/// Signed, by the node's operator.
		///
		/// # Errors
		/// `UnknownNode`, `NotUnbonding`; `BondTooSmall` if the least bond has risen above this one.
		///
		/// # Events
		/// `UnbondingCancelled`.
		#[pallet::call_index(9)]
		#[pallet::weight(T::WeightInfo::cancel_unbonding(MAX_SERVED))]
		pub fn cancel_unbonding(origin: OriginFor<T>) -> DispatchResultWithPostInfo {
			let models = Self::do_cancel_unbonding(ensure_signed(origin)?)?;
			Ok(Some(T::WeightInfo::cancel_unbonding(models)).into())
		}

		/// Takes the bond back, at the end of the unbonding period. The node is removed.
		///
		/// # Origin
		/// Signed, by the node's operator.
		///
		/// # Deposit
		/// The bond is released.
		///
		/// # Errors
		/// `UnknownNode`, `NotUnbonding`, `SessionsOpen`; `BondLocked` before the end of the
		/// unbonding period, or while a settlement can be disputed.
		///
		/// # Events
		/// `NodeRemoved`.
		#[pallet::call_index(10)]
		#[pallet::weight(T::WeightInfo::withdraw_bond())]
		pub fn withdraw_bond(origin: OriginFor<T>) -> DispatchResult {
			Self::do_withdraw_bond(ensure_signed(origin)?)
		}

		/// Comes back after the time in jail, with a bond that is large enough.
		///
		/// # Origin
		/// Signed, by the node's operator.
		///
		/// # Errors
		/// `UnknownNode`, `NotJailed`, `StillJailed`, `BondTooSmall`.
		///
		/// # Events
		/// `NodeUnjailed`.
		#[pallet::call_index(11)]
		#[pallet::weight(T::WeightInfo::unjail(MAX_SERVED))]
		pub fn unjail(origin: OriginFor<T>) -> DispatchResultWithPostInfo {
			let models = Self::do_unjail(ensure_signed(origin)?)?;
			Ok(Some(T::WeightInfo::unjail(models)).into())
		}

		/// Removes the jailed node of `operator`, who has not brought the bond back up to the least
		/// bond within [`Config::UnbondingPeriod`] blocks after the time in jail.
		///
		/// # Origin
		/// Signed, by anyone, the operator too.
		///
		/// # Deposit
		/// What is left of the bond is released to the operator.
		///
		/// # Errors
		/// `UnknownNode`, `NotJailed`, `NotRemovable`, `SessionsOpen`, `BondLocked`.
		///
		/// # Events
		/// `NodeRemoved`.
		#[pallet::call_index(12)]
		#[pallet::weight(T::WeightInfo::remove_node())]
		pub fn remove_node(origin: OriginFor<T>, operator: AccountId) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_remove_node(operator)
		}

		/// Opens a session as [`open_session`](Pallet::open_session) does, with a spending limit.
		///
		/// - `spending_limit`: the most that can be settled with vouchers that `signer` has signed,
		///   unless that is the caller's own key, in planck.
		///
		/// # Origin
		/// Signed, by the caller who pays.
		///
		/// # Deposit
		/// That of [`open_session`](Pallet::open_session).
		///
		/// # Errors
		/// Those of [`open_session`](Pallet::open_session).
		///
		/// # Events
		/// `SessionOpened`.
		#[pallet::call_index(13)]
		#[pallet::weight(T::WeightInfo::open_session_with_limit())]
		pub fn open_session_with_limit(
			origin: OriginFor<T>,
			node: AccountId,
			deposit: Balance,
			signer: AccountId,
			spending_limit: Balance,
			expires_at: BlockNumberFor<T>,
		) -> DispatchResult {
			let caller = ensure_signed(origin)?;
			Self::do_open_session(caller, node, deposit, signer, spending_limit, expires_at)
		}

		/// Puts `amount` planck more into a session.
		///
		/// # Origin
		/// Signed, by the session's caller.
		///
		/// # Deposit
		/// `amount` is held on the caller's account as the session's deposit is.
		///
		/// # Errors
		/// `ZeroAmount`, `UnknownSession`, `NotSessionCaller`, `SessionClosing`, `SessionExpired`,
		/// `Overflow`; a token error if the caller does not have it.
		///
		/// # Events
		/// `SessionToppedUp`.
		#[pallet::call_index(14)]
		#[pallet::weight(T::WeightInfo::top_up())]
		pub fn top_up(origin: OriginFor<T>, session: SessionId, amount: Balance) -> DispatchResult {
			Self::do_top_up(ensure_signed(origin)?, session, amount)
		}

		/// Lets a session, even one that has expired, last until block `expires_at`.
		///
		/// The time to settle it is then counted from there.
		///
		/// # Origin
		/// Signed, by the session's caller.
		///
		/// # Errors
		/// `UnknownSession`, `NotSessionCaller`, `SessionClosing`, `NotAnExtension`,
		/// `ExpiryTooSoon`, `ExpiryTooLate`, `NodeNotActive`.
		///
		/// # Events
		/// `SessionExtended`.
		#[pallet::call_index(15)]
		#[pallet::weight(T::WeightInfo::extend_session())]
		pub fn extend_session(
			origin: OriginFor<T>,
			session: SessionId,
			expires_at: BlockNumberFor<T>,
		) -> DispatchResult {
			Self::do_extend_session(ensure_signed(origin)?, session, expires_at)
		}

		/// Sets how much in all, in planck, can be settled with vouchers of a session's hot key.
		///
		/// At once if that is more than now, else after [`Config::CloseNotice`] blocks. Replaces a
		/// lower limit that was announced before.
		///
		/// # Origin
		/// Signed, by the session's caller.
		///
		/// # Errors
		/// `UnknownSession`, `NotSessionCaller`, `SameLimit`.
		///
		/// # Events
		/// `SpendingLimitSet`.
		#[pallet::call_index(16)]
		#[pallet::weight(T::WeightInfo::set_spending_limit())]
		pub fn set_spending_limit(
			origin: OriginFor<T>,
			session: SessionId,
			limit: Balance,
		) -> DispatchResult {
			Self::do_set_spending_limit(ensure_signed(origin)?, session, limit)
		}

		/// Names the account that a node's calls are paid to from now on, also those that are not settled yet.
		///
		/// - `payee`: the operator's own account if none.
		///
		/// # Origin
		/// Signed, by the node's operator.
		///
		/// # Errors
		/// `UnknownNode`, `SamePayee`.
		///
		/// # Events
		/// `PayeeSet`.
		#[pallet::call_index(17)]
		#[pallet::weight(T::WeightInfo::set_payee())]
		pub fn set_payee(origin: OriginFor<T>, payee: Option<AccountId>) -> DispatchResult {
			Self::do_set_payee(ensure_signed(origin)?, payee)
		}

		/// Redeems the newest vouchers of lanes for the calls that they pay for: one by one, or many at once
		/// by what they came to together.
		///
		/// Each lane counts or is rejected by itself, and so does each record and each run of calls: see
		/// [`RejectReason`]. The same lane may come more than once.
		///
		/// # Origin
		/// Signed, by the operator of the node of all the sessions.
		///
		/// # Deposit
		/// [`Config::LaneDeposit`] planck are held on the operator's account for each lane that is settled
		/// for the first time, until its session is closed.
		///
		/// # Errors
		/// If nothing counted, the reason of the first lane. `NoRecords`, `UnknownSession`,
		/// `NotSessionNode`, `SettlementOver`, `WrongChain`, `UnknownExtension`,
		/// `VoucherContradictsItself`, `NoSuchLane`, `OtherAgreement`, `VoucherNotNewer`, `WrongAsOf`,
		/// `TooManyRecords`, `SettledTooLate`, `BadSignature`; those of the terms that the voucher names: `UnknownModel`,
		/// `UnknownVersion`, `UnknownPrice`, `NotInForce`, `VersionExpired`, `PriceExpired`, `ModelRetired`,
		/// `TermsForgotten`, `NoPayableSource`; `OutlivesTerms`, `OwnPriceRefused`, `NoLaneDeposit`; and if
		/// none of a lane's records and runs counted, the reason that all of them have in common, or else
		/// `NothingSettled`.
		///
		/// # Events
		/// For each lane, in order, `LaneRejected`, or `LaneSettled` and then `ItemSettled` for each item,
		/// `RecordRejected` and `RunRejected`.
		#[pallet::call_index(18)]
		#[pallet::weight(LanesLoad::of(lanes).weight::<T::WeightInfo>())]
		pub fn settle_lanes(
			origin: OriginFor<T>,
			lanes: LaneSettlements,
		) -> DispatchResultWithPostInfo {
			let operator = ensure_signed(origin)?;
			let load = Self::do_settle_lanes(&operator, lanes)?;
			Ok(Some(load.weight::<T::WeightInfo>()).into())
		}

		/// Reports that a node has settled more for a call than it had stated. The caller gets the
		/// difference back, and the node is punished: see [`disputes`].
		///
		/// If the bond did not cover the refund, the same can be reported again once it does.
		///
		/// - `statement`, `signature`: the node's statement of the call.
		/// - `receipt_key`: the key that signed it, the node's of now or of earlier.
		/// - `last_sequence`: the last sequence of the settlement of the call's lane.
		/// - `item`: what was settled of the call, as its event says.
		/// - `index`, `hashes`: its place among the settlement's items, and the hashes that prove that: see
		///   [`prove`](openledger_primitives::tree::prove).
		///
		/// # Origin
		/// Signed, by anyone who has [committed](Pallet::commit_report) to it in time. The same holds for all reports;
		/// but this one may also come at once from the session's caller, who gets the refund and no reward then.
		///
		/// # Fee
		/// None for a report that holds, unless the node's bond had next to nothing left.
		///
		/// # Errors
		/// `NotCommitted`, `CommittedTooLate`, `NotDisputable`, `NotTheSameCall`, `BadInclusionProof`,
		/// `UnknownNode`, `WrongChain`, `UnknownReceiptKey`, `BadStatementSignature`, `NoContradiction`,
		/// `AlreadyDisputed`, `RefundUnavailable`, `TooManyDisputes`.
		///
		/// # Events
		/// `NodeJailed` and `OverchargeProven`; or `RefundPaid`, of a report that was made before, with
		/// `NodeJailed` if it takes the bond of an active node below the least one.
		#[pallet::call_index(19)]
		#[pallet::weight(T::WeightInfo::report_overcharged_call(count(hashes.len()), MAX_SERVED))]
		pub fn report_overcharged_call(
			origin: OriginFor<T>,
			statement: Box<VersionedStatement>,
			signature: Signature,
			receipt_key: AccountId,
			last_sequence: Sequence,
			item: Box<SettledItem>,
			index: u32,
			hashes: BoundedVec<Hash, ConstU32<MAX_PROOF>>,
		) -> DispatchResultWithPostInfo {
			let evidence =
				(&statement, &signature, &receipt_key, last_sequence, &item, index, &hashes);
			let reporter = Self::reporter(origin, "report_overcharged_call", &evidence)?;
			let stated =
				Stated { statement: &statement, signature: &signature, receipt_key: &receipt_key };
			let settled = SettledLeaf { last_sequence, item: &item, index, hashes: &hashes };
			let punished = Self::do_report_overcharge(reporter, &stated, &settled)?;
			let length = count(hashes.len());
			let weight = T::WeightInfo::report_overcharged_call(length, punished.unlisted);
			Ok(Self::cost_of_report(weight, &punished))
		}

		/// Reports that a node has settled something else of a call than it had stated, at no higher price:
		/// other tokens, another attribution, another answer, or under another agreement.
		///
		/// The arguments are those of [`report_overcharged_call`](Pallet::report_overcharged_call).
		///
		/// # Origin
		/// Signed, by anyone.
		///
		/// # Fee
		/// That of [`report_overcharged_call`](Pallet::report_overcharged_call).
		///
		/// # Errors
		/// Those of [`report_overcharged_call`](Pallet::report_overcharged_call) but `RefundUnavailable`,
		/// and `ReportAsOvercharge`.
		///
		/// # Events
		/// `NodeJailed`, `MisreportProven`.
		#[pallet::call_index(20)]
		#[pallet::weight(T::WeightInfo::report_misreported_call(count(hashes.len()), MAX_SERVED))]
		pub fn report_misreported_call(
			origin: OriginFor<T>,
			statement: Box<VersionedStatement>,
			signature: Signature,
			receipt_key: AccountId,
			last_sequence: Sequence,
			item: Box<SettledItem>,
			index: u32,
			hashes: BoundedVec<Hash, ConstU32<MAX_PROOF>>,
		) -> DispatchResultWithPostInfo {
			let evidence =
				(&statement, &signature, &receipt_key, last_sequence, &item, index, &hashes);
			let reporter = Self::committed(origin, "report_misreported_call", &evidence)?;
			let stated =
				Stated { statement: &statement, signature: &signature, receipt_key: &receipt_key };
			let settled = SettledLeaf { last_sequence, item: &item, index, hashes: &hashes };
			let punished = Self::do_report_misreport(reporter, &stated, &settled)?;
			let length = count(hashes.len());
			let weight = T::WeightInfo::report_misreported_call(length, punished.unlisted);
			Ok(Self::cost_of_report(weight, &punished))
		}

		/// Reports that the node of `operator` has made two different statements of one call, whether that
		/// was settled or not.
		///
		/// Each comes with its signature and with the receipt key that signed it, which need not be the
		/// same. They may be of different versions.
		///
		/// # Origin
		/// Signed, by anyone.
		///
		/// # Fee
		/// That of [`report_overcharged_call`](Pallet::report_overcharged_call).
		///
		/// # Errors
		/// `NotCommitted`, `CommittedTooLate`, `NotTheSameCall`, `NoContradiction`, `UnknownSession`,
		/// `UnknownNode`, `WrongChain`, `UnknownReceiptKey`, `BadStatementSignature`, `AlreadyDisputed`,
		/// `TooManyDisputes`.
		///
		/// # Events
		/// `NodeJailed`, `EquivocationProven`.
		#[pallet::call_index(21)]
		#[pallet::weight(T::WeightInfo::report_two_statements(MAX_SERVED))]
		pub fn report_two_statements(
			origin: OriginFor<T>,
			operator: AccountId,
			first: Box<VersionedStatement>,
			first_signature: Signature,
			first_key: AccountId,
			second: Box<VersionedStatement>,
			second_signature: Signature,
			second_key: AccountId,
		) -> DispatchResultWithPostInfo {
			let evidence = (
				(&operator, &first, &first_signature, &first_key),
				(&second, &second_signature, &second_key),
			);
			let reporter = Self::committed(origin, "report_two_statements", &evidence)?;
			let first =
				Stated { statement: &first, signature: &first_signature, receipt_key: &first_key };
			let second = Stated {
				statement: &second,
				signature: &second_signature,
				receipt_key: &second_key,
			};
			let punished = Self::do_report_equivocation(reporter, operator, &first, &second)?;
			let weight = T::WeightInfo::report_two_statements(punished.unlisted);
			Ok(Self::cost_of_report(weight, &punished))
		}

		/// Closes a session at once, with the node's consent.
		///
		/// - `agreement`: what the node has agreed to, for what has been settled by now.
		/// - `signature`: that of the node's receipt key over it.
		///
		/// # Origin
		/// Signed, by the session's caller.
		///
		/// # Deposit
		/// All that is held from the caller for the session goes back to the caller, and the deposits for
		/// its lanes to the operator.
		///
		/// # Errors
		/// `UnknownSession`, `NotSessionCaller`, `WrongChain`, `UnknownExtension`, `AgreementOutdated`,
		/// `BadSignature`.
		///
		/// # Events
		/// `SessionClosed`.
		#[pallet::call_index(22)]
		#[pallet::weight(T::WeightInfo::close_by_agreement(MAX_LANES.into()))]
		pub fn close_by_agreement(
			origin: OriginFor<T>,
			agreement: VersionedCloseAgreement,
			signature: Signature,
		) -> DispatchResultWithPostInfo {
			let caller = ensure_signed(origin)?;
			let lanes = Self::do_close_by_agreement(caller, agreement, &signature)?;
			Ok(Some(T::WeightInfo::close_by_agreement(lanes.into())).into())
		}

		/// Reports that a node has settled a call that its caller has never agreed with: the list of the
		/// lane's calls that a voucher acknowledges has none of that sequence, or another one. The node is
		/// punished: see [`disputes`].
		///
		/// - `session`, `lane`, `last_sequence`: the settlement of the call's lane, by its last sequence.
		/// - `item`: what was settled of the call, as its event says.
		/// - `index`, `hashes`: its place among the settlement's items, and the hashes that prove that: see
		///   [`prove`](openledger_primitives::tree::prove).
		/// - `listed_in`: the last sequence of the settlement of the lane whose voucher acknowledges the list.
		///   It is that of the call, or a later one; the voucher's sequence is above the call's.
		/// - `lookup`: what the list says of the call's sequence.
		/// - `statement`: the node's statement of the call that the list has of that sequence, if it has one.
		///
		/// # Origin
		/// Signed, by anyone.
		///
		/// # Fee
		/// That of [`report_overcharged_call`](Pallet::report_overcharged_call).
		///
		/// # Errors
		/// `NotCommitted`, `CommittedTooLate`, `NotDisputable`, `NotTheSameCall` (also of a statement that is not
		/// the one in the list), `BadInclusionProof`, `NotAcknowledgedYet`, `BadLookupProof`, `NoContradiction`,
		/// `ReportAsOvercharge`, `UnknownNode`, `AlreadyDisputed` (also if it was misreported),
		/// `TooManyDisputes`.
		///
		/// # Events
		/// `NodeJailed`, `UnlistedCallProven`.
		#[pallet::call_index(23)]
		#[pallet::weight(T::WeightInfo::report_unlisted_call(count(hashes.len()), MAX_SERVED))]
		pub fn report_unlisted_call(
			origin: OriginFor<T>,
			session: SessionId,
			lane: LaneId,
			last_sequence: Sequence,
			item: Box<SettledItem>,
			index: u32,
			hashes: BoundedVec<Hash, ConstU32<MAX_PROOF>>,
			listed_in: Sequence,
			lookup: Box<LookupProof>,
			statement: Option<Box<VersionedStatement>>,
		) -> DispatchResultWithPostInfo {
			let evidence = (
				(session, lane, last_sequence, &item, index, &hashes),
				(listed_in, &lookup, &statement),
			);
			let reporter = Self::committed(origin, "report_unlisted_call", &evidence)?;
			let settled = SettledLeaf { last_sequence, item: &item, index, hashes: &hashes };
			let listed = Listed {
				last_sequence: listed_in,
				proof: &lookup,
				statement: statement.as_deref(),
			};
			let punished = Self::do_report_unlisted(reporter, (session, lane), &settled, &listed)?;
			let length = count(hashes.len());
			let weight = T::WeightInfo::report_unlisted_call(length, punished.unlisted);
			Ok(Self::cost_of_report(weight, &punished))
		}

		/// Commits to a report, of which nothing is shown yet.
		///
		/// - `commitment`: the hash of the reporter, the report's call and its arguments: see
		///   [`commitment`](openledger_primitives::report::commitment). The report may come
		///   [`Config::ReportDelay`] blocks later.
		///
		/// # Origin
		/// Signed, by who is going to report.
		///
		/// # Deposit
		/// [`Config::ReportDeposit`] planck are held on the reporter's account until the report, or until the
		/// commitment is withdrawn.
		///
		/// # Errors
		/// `AlreadyCommitted`; a token error if the reporter does not have the deposit.
		///
		/// # Events
		/// `ReportCommitted`.
		#[pallet::call_index(24)]
		#[pallet::weight(T::WeightInfo::commit_report())]
		pub fn commit_report(origin: OriginFor<T>, commitment: Hash) -> DispatchResult {
			Self::do_commit_report(ensure_signed(origin)?, commitment)
		}

		/// Gives a commitment to a report up.
		///
		/// # Origin
		/// Signed, by who has committed.
		///
		/// # Deposit
		/// That for the commitment is released.
		///
		/// # Errors
		/// `NotCommitted`.
		///
		/// # Events
		/// `CommitmentWithdrawn`.
		#[pallet::call_index(25)]
		#[pallet::weight(T::WeightInfo::withdraw_commitment())]
		pub fn withdraw_commitment(origin: OriginFor<T>, commitment: Hash) -> DispatchResult {
			Self::do_withdraw_commitment(ensure_signed(origin)?, commitment)
		}
	}
}
