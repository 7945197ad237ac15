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
//! 3. Off chain, each call carries a [`Voucher`](openledger_primitives::voucher::Voucher) signed by
//!    the session's signer, and is answered with a
//!    [`Statement`](openledger_primitives::statement::Statement) signed by the node.
//! 4. The node settles: it hands in the newest voucher of a lane, and either the records of the
//!    calls that it pays for or their sums. The runtime prices them by the model's schedule, takes
//!    what they cost out of the hold, and has it split among everyone behind the calls.
//! 5. The session is closed, and what is left goes back to the caller.
//!
//! ## Who does what
//!
//! | who | calls |
//! |---|---|
//! | operator | [`register_node`](Pallet::register_node), [`update_node`](Pallet::update_node), [`rotate_receipt_key`](Pallet::rotate_receipt_key), [`bond_more`](Pallet::bond_more), [`heartbeat`](Pallet::heartbeat), [`settle`](Pallet::settle), [`settle_aggregate`](Pallet::settle_aggregate), [`close_session`](Pallet::close_session) at once |
//! | operator who leaves | [`start_unbonding`](Pallet::start_unbonding), [`cancel_unbonding`](Pallet::cancel_unbonding), [`withdraw_bond`](Pallet::withdraw_bond) |
//! | operator who was jailed | [`unjail`](Pallet::unjail) |
//! | caller | [`open_session`](Pallet::open_session), [`open_session_with_limit`](Pallet::open_session_with_limit), [`top_up`](Pallet::top_up), [`extend_session`](Pallet::extend_session), [`set_spending_limit`](Pallet::set_spending_limit), [`close_with_agreement`](Pallet::close_with_agreement), [`request_close`](Pallet::request_close), then [`close_session`](Pallet::close_session) |
//! | anyone | [`close_session`](Pallet::close_session) of a session that was left behind, for a reward; [`remove_node`](Pallet::remove_node); [`report_overcharge`](Pallet::report_overcharge), [`report_misreport`](Pallet::report_misreport), [`report_equivocation`](Pallet::report_equivocation), for a reward |
//!
//! ## Who can lose what
//!
//! A node can collect at most what the caller signed for, out of a deposit that nobody else can
//! touch; replays are impossible because a lane's sequence and its cumulative amount only grow and
//! a voucher names its chain. A caller can leave at most one call's allowance per lane unpaid: the
//! next voucher acknowledges the last charge, or the node stops serving. One bad record never sinks
//! its batch: it is rejected alone, and an event says why. The [`meter`] module holds the rules by
//! which records and sums count against a voucher.
//!
//! A voucher names the version and the price version that its calls are made on: whose data answers, what
//! it costs, and who shares that. Nothing is settled with it on other terms. What it acknowledges should
//! have been made on the same ones, so a caller signs vouchers of one model, version and price version on
//! each lane, and uses another lane for others. A node that takes vouchers of other terms on a lane harms
//! only itself: it cannot settle the calls before them any more.
//!
//! A caller who gives an app a hot key to sign with limits what it may spend; a voucher that the
//! caller's own key has signed is bound by the deposit only. The limit may rise at once, and sinks
//! after [`Config::CloseNotice`], so that a node never serves a call under a limit that is gone when
//! it settles.
//!
//! An operator loses a part of the bond, [`Config::DisputePenalty`] of it or more, for each time that
//! the node contradicted itself in what it signed and settled, and beyond that what it charged its
//! callers too much. One whose node never did so cannot lose anything, whoever reports what: without
//! two contradicting messages that the node has signed, or signed and settled, a report is refused, at
//! the reporter's cost.
//!
//! A node may settle calls of any model, whether it is listed with it or not: the caller's signature
//! names node and model, and that is the consent that counts. So an operator who stops serving a
//! model, is leaving or was jailed can still settle what was served before.
//!
//! ## Settling sums
//!
//! A million calls need not cost a million records: [`settle_aggregate`](Pallet::settle_aggregate)
//! takes their sums, the merged attribution, and the Merkle root over the records.
//! The caller has acknowledged what all calls before the voucher's own cost together, so nobody can
//! be charged more than with records; and the root commits the node to each of them.
//!
//! ## Disputes
//!
//! The root over the records of every settlement is kept for [`Config::DisputeWindow`] blocks. A node
//! that has settled more than it stated, or something else, is proven wrong with its own statement and
//! a proof that the record stands behind the root; and one that has made two statements of a call,
//! with these. The caller gets back what was charged too much, who reported it a part of the penalty,
//! and the node is jailed. The [`disputes`] module holds the rules.
//!
//! The proof is made from the records of the settlement. Those of an itemised one are in its
//! extrinsic, and its events say which of them counted; those behind an aggregate's root only its node
//! can hand out. So what protects the caller of a million calls is not the root, but that nothing
//! counts beyond the sums that the caller has acknowledged.
//!
//! ## Leaving
//!
//! A bond answers for every settlement that can still be disputed. It is released
//! [`Config::UnbondingPeriod`] blocks after [`start_unbonding`](Pallet::start_unbonding), when no
//! session with the node is open, and the last settlement of the sessions that were closed is out of
//! the dispute window. No caller can keep an operator from leaving, because the node may close any
//! session at once. The keys that a node has signed with earlier are kept for as long as a call that
//! they answered can be settled and disputed, even if the dispute window should grow meanwhile.
//!
//! ## Closing
//!
//! The node may close a session at once: it gives up what it has not settled. With the node's signed
//! [`CloseAgreement`](openledger_primitives::closing::CloseAgreement) the caller may, too. Otherwise
//! the caller asks for it and gives the node [`Config::CloseNotice`] blocks in which to settle. A
//! session that has expired can be closed by anyone [`Config::SettlementWindow`] blocks later, who
//! then gets [`Config::CleanupReward`] of its storage deposit; and it cannot be settled any more after
//! that block, whether it was closed or not. When that is was fixed when the session was opened or last
//! extended: a window that governance makes shorter is for later sessions.
//!
//! ## Storage
//!
//! | map | key | value | who pays | who cleans |
//! |---|---|---|---|---|
//! | `Nodes` | operator | ≤ 850 bytes | the operator's bond | `withdraw_bond`, `remove_node` |
//! | `PreviousKeys` | operator | ≤ 2.8 KB: [`MAX_PREVIOUS_KEYS`](types::MAX_PREVIOUS_KEYS) keys | the operator's bond | `rotate_receipt_key` (those that are too old), `withdraw_bond`, `remove_node` |
//! | `ServedBy` | model, operator | empty, ≤ 64 per operator, of active nodes | the operator's bond | `update_node`, `start_unbonding`, a dispute that is lost |
//! | `NextSessionId` | - | 8 bytes | - | - |
//! | `Sessions` | session | ≤ 220 bytes | the caller's storage deposit, `SessionDeposit` | whoever closes it; rewarded if it was left behind |
//! | `Lanes` | session, lane | 24 bytes, ≤ `MAX_LANES` per session | the storage deposit | with the session |
//! | `Roots` | session, lane, sequence | ≤ 140 bytes, one or two per settlement of the last `DisputeWindow` blocks | the node's fee for the settlement | two by each settlement, more in `on_idle` |
//! | `Disputed` | the root's key | ≤ 10,498 bytes: 41 for each disputed record, ≤ [`MAX_DISPUTED`](types::MAX_DISPUTED) | the penalty, for each of them | with its root |
//! | `Equivocations` | operator | ≤ 1,154 bytes: 18 for each call, ≤ [`MAX_EQUIVOCATIONS`](types::MAX_EQUIVOCATIONS) | the penalty, for each of them | `withdraw_bond`, `remove_node` |
//! | `RootQueue` | place | 22 bytes, one per root | as `Roots` | with its root |
//! | `RootQueueEnds` | - | 16 bytes | - | - |
//!
//! ## Invariants (`try_state`)
//!
//! The sum of what sessions have left is on hold in their callers' accounts, and so are their storage
//! deposits; bonds are on hold in the operators' accounts; the lanes of a session add up to what it
//! has settled; no session has settled more than its deposit, or spent more than it settled; each
//! node counts its sessions; `ServedBy` mirrors the active ones of `Nodes`; the queue holds each root
//! once, and nothing else; only records of roots that are kept are disputed, and only nodes that there
//! are have equivocated; nobody was refunded more than was proven, nor more than a settlement charged;
//! a node's bond stays for as long as its settlements can be disputed, and its sessions be settled.

#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]

extern crate alloc;

mod aggregate;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod calls;
mod config;
pub mod disputes;
mod errors;
mod events;
mod hooks;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod invariants;
pub mod meter;
pub mod migrations;
#[cfg(test)]
mod mock;
mod operators;
mod punishment;
mod queries;
mod roots;
mod sessions;
mod settlement;
mod storage;
#[cfg(test)]
mod tests;
pub mod types;
pub mod weights;

pub use pallet::*;
pub use weights::WeightInfo;

use frame_support::pallet_macros::import_section;

#[import_section(calls::calls)]
#[import_section(config::config)]
#[import_section(errors::errors)]
#[import_section(events::events)]
#[import_section(hooks::hooks)]
#[import_section(storage::storage)]
#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use crate::{
		aggregate::AggregateLoad,
		disputes::{Settled, Stated},
		operators::{KeyHistoryOf, NodeOf},
		punishment::Punished,
		roots::SettledRootOf,
		sessions::SessionOf,
		settlement::{count, Load},
		types::{
			DisputedRecords, EquivocatedCalls, Lane, QueueEnds, QueuedRoot, RootKey, ServedModels,
		},
	};
	use alloc::boxed::Box;
	use frame_support::{
		dispatch::PostDispatchInfo,
		pallet_prelude::*,
		traits::fungible::{Inspect, InspectHold, Mutate, MutateHold},
	};
	use frame_system::pallet_prelude::*;
	use openledger_primitives::{
		aggregate::Aggregate,
		merkle::InclusionProof,
		record::{CallPayment, CallRecord, CallRecords, RejectReason},
		statement::Statement,
		traits::{ModelInspect, RevenueDistributor},
		voucher::Voucher,
		AccountId, Balance, Hash, LaneId, ModelId, PriceVersion, Sequence, SessionId, Signature,
		Uri, VersionId, MAX_LANES, MAX_SERVED,
	};
	use sp_runtime::Permill;

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(2);

	/// The pallet.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);
}
