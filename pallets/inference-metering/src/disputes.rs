//! Disputes: two things that a node signed, or signed and settled, and that contradict each other.
//!
//! Nothing is decided by trust or by vote. What a report needs is signed by the node's receipt key, or
//! stands behind a root that the node's operator settled, or in a list of calls that its caller signed and it
//! settled by, so nobody can win against a node that never contradicted itself. A report that holds costs no
//! fee, unless the bond had next to nothing left; one that does not costs its weight.
//!
//! | report | what contradicts | what follows |
//! |---|---|---|
//! | [`report_overcharged_call`](Pallet::report_overcharged_call) | a statement, and a settled call that cost more | the difference goes back to the caller, and the node is punished |
//! | [`report_misreported_call`](Pallet::report_misreported_call) | a statement, and what was settled of that call, which says something else, at no higher price | the node is punished |
//! | [`report_unlisted_call`](Pallet::report_unlisted_call) | a list of calls that a voucher acknowledges, and a settled call that is not in it, or not as settled | the node is punished |
//! | [`report_two_statements`](Pallet::report_two_statements) | two statements of one call | the node is punished |
//!
//! What is settled of a call says nothing of what the lane's vouchers say, so a statement that names another
//! agreement than the settled lane's is contradicted as well.
//!
//! Calls that were [answered on chain](openledger_primitives::on_chain) are settled with a statement that says the same.
//! Any other statement of one is a contradiction, whichever of the reports it comes with.
//!
//! ## Calls that there were not
//!
//! A record below its voucher's sequence counts as long as the caller has acknowledged as much in all. So a
//! node could give calls that were acknowledged a sequence of which there was none, and say of them what suits
//! it: that other contributions were used. The caller loses nothing by that, and has no statement that
//! contradicts it; those whose data was used do. The list of the lane's calls shows it: sequences rise in it,
//! so two neighbours prove that there is no call between them. The list of any later voucher of the lane counts
//! as well as that by which the call was settled, so that it makes no difference whether the node settled it as
//! a voucher's own call. A node that serves nothing before all that it has charged is acknowledged (which
//! protects its own money too) is never contradicted by a list.
//!
//! A punished node loses [`Config::DisputePenalty`] of its bond, or half of what its caller gets back if
//! that is more. [`Config::DisputeReward`] of that share of the bond goes to who reported it, and the rest
//! of the penalty to the protocol. The node is jailed: nobody can open sessions with it for [`Config::JailPeriod`] blocks, and
//! an operator who was leaving has to start over. It can still settle the sessions that it has.
//!
//! ## A bond that is too small
//!
//! If the bond does not cover refund and penalty, it is used up, and what is missing of the refund stays
//! due for as long as the settlement can be disputed: once the operator has put up more, anyone may
//! report the same overcharge again. Two thirds of the bond then go to the caller until all is paid, and
//! with every two planck one to the protocol, as the rest of the penalty; nobody is rewarded, and the
//! node is not punished again. It takes no sessions, though, while its bond is below the least one. The
//! same goes for a refund that the caller's account could not take, because it did not exist any more.
//!
//! ## Which keys count
//!
//! A statement about a settled call counts if its key was the node's when the call was settled, or had been
//! earlier. What a key has signed that became the node's later proves nothing against it.
//!
//! ## What a node cannot get out of it
//!
//! A node may contradict itself on purpose and report that itself, under any name:
//!
//! - It never gets more back than it loses: whatever is refunded, a penalty is taken with it, the reward
//!   is only a part of the least penalty, however large the refund makes it, and there is none for the
//!   operator's own account.
//! - Its bond cannot be drawn on at will: a refund is paid for what a caller has paid, and all refunds of one
//!   settlement together are at most what it charged, because each is at most what its call was charged. A
//!   caller who is the operator gets none. Somebody who is the operator under another name gets two thirds of
//!   the bond at the most, and the reward, however large the overcharge; the rest of the last third is lost.
//!   That is also so with what was put up after the bond had been used up.
//! - It does not take the bond out by rewards: each report takes a tenth of what is left, and seven tenths of that are
//!   lost, three times as much as of what a refund to itself takes. What has left the bond in either way is gone for its
//!   callers; `docs/adr/0022-a-bond-is-a-penalty.md` has the numbers.
//! - It does not keep its caller from a refund: a call that was disputed can be disputed again with
//!   a statement that proves a larger overcharge, for the difference.
//!
//! ## Each contradiction counts once
//!
//! Of a settled call, the largest overcharge proven, what of it was refunded, and whether it was misreported, or
//! not listed as it was settled, are kept as long as its root. Of statements, the calls that a node equivocated
//! about are kept as long as the node. There is room for [`MAX_EQUIVOCATIONS`](crate::MAX_EQUIVOCATIONS) of them;
//! then the ones of the oldest session make room, and calls older than all that are kept cannot be reported any
//! more. Of a call on chain, two statements count once the node has answered it, and are kept with its root: calls on
//! chain come after all sessions, and would otherwise take the room of all of them.
//!
//! A statement names no operator. Nodes that share a receipt key answer for one another, and an
//! operator who registers again should do so with a new one.

use crate::{
	evidence::{Listed, SettledLeaf, Stated, StatedCall},
	pallet::*,
	reports::Reporter,
	types::{DisputedCalls, NodeOf, Proven, Punished, RootKey, SettledRootOf},
};
use frame_support::ensure;
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{on_chain::is_call, AccountId, Balance, LaneId, Sequence, SessionId};
use sp_runtime::DispatchError;

/// A statement of a call, and what the same node settled of it.
struct Case<T: Config> {
	key: RootKey,
	root: SettledRootOf<T>,
	node: NodeOf<T>,
}

impl<T: Config> Pallet<T> {
	pub(crate) fn do_report_overcharge(
		reporter: Reporter<T>,
		stated: &Stated,
		settled: &SettledLeaf,
	) -> Result<Punished, DispatchError> {
		let Case { key, root, node } = Self::case(stated, settled)?;
		let StatedCall { session, lane, sequence, .. } = stated.call();
		let (charged, agreed) = (settled.item.charge(), stated.charge());
		let overcharge = charged.saturating_sub(agreed);
		ensure!(overcharge > 0, Error::<T>::NoContradiction);
		let mut disputed = Disputed::<T>::get(key);
		let mut proven = disputed.get(&sequence).copied().unwrap_or_default();
		let anew = overcharge > proven.overcharge;
		proven.overcharge = proven.overcharge.max(overcharge);
		let due = Self::due(&root, proven);
		ensure!(anew || due > 0, Error::<T>::AlreadyDisputed);

		let (operator, caller) = (root.node, root.caller);
		let Reporter { account: reporter, uncommitted } = reporter;
		let committed = uncommitted.is_none();
		if let Some(missing) = uncommitted {
			ensure!(reporter == caller, missing);
		}
		let least = if anew { Self::least_penalty(&node) } else { 0 };
		let bill = Self::bill(&node, least, &caller, due);
		ensure!(anew || bill.refund > 0, Error::<T>::RefundUnavailable);
		proven.refunded = proven.refunded.saturating_add(bill.refund);
		Self::note(&mut disputed, sequence, proven)?;

		Disputed::<T>::insert(key, disputed);
		if !anew {
			let paid = Self::pay_arrears(&operator, node, &reporter, &caller, bill)?;
			let Punished { refunded, protocol, .. } = paid;
			Self::deposit_event(Event::RefundPaid {
				operator,
				reporter,
				caller,
				session,
				lane,
				sequence,
				refunded,
				protocol,
			});
			return Ok(paid);
		}
		// There is no reward for an operator, nor for a report that anybody could have copied.
		let finder = if committed { &reporter } else { &operator };
		let punished = Self::punish(&operator, node, finder, &caller, bill)?;
		Self::deposit_event(Event::OverchargeProven {
			operator,
			reporter,
			caller,
			session,
			lane,
			sequence,
			stated: agreed,
			settled: charged,
			refunded: punished.refunded,
			reward: punished.reward,
			protocol: punished.protocol,
		});
		Ok(punished)
	}

	pub(crate) fn do_report_misreport(
		reporter: AccountId,
		stated: &Stated,
		settled: &SettledLeaf,
	) -> Result<Punished, DispatchError> {
		let Case { key, root, node } = Self::case(stated, settled)?;
		let StatedCall { session, lane, sequence, .. } = stated.call();
		ensure!(settled.item.charge() <= stated.charge(), Error::<T>::ReportAsOvercharge);
		let is_as_stated = settled.is_as_stated::<T>(stated.statement, &root);
		ensure!(!is_as_stated, Error::<T>::NoContradiction);
		Self::count_misreport(key, sequence)?;

		let bill = Self::bill(&node, Self::least_penalty(&node), &root.caller, 0);
		let punished = Self::punish(&root.node, node, &reporter, &root.caller, bill)?;
		Self::deposit_event(Event::MisreportProven {
			operator: root.node,
			reporter,
			session,
			lane,
			sequence,
			reward: punished.reward,
			protocol: punished.protocol,
		});
		Ok(punished)
	}

	pub(crate) fn do_report_unlisted(
		reporter: AccountId,
		(session, lane): (SessionId, LaneId),
		settled: &SettledLeaf,
		listed: &Listed,
	) -> Result<Punished, DispatchError> {
		let key = (session, lane, settled.last_sequence);
		let root = Self::disputable(key)?;
		let sequence = settled.sequence().ok_or(Error::<T>::NotTheSameCall)?;
		ensure!(settled.is_behind::<T>(&root), Error::<T>::BadInclusionProof);
		Self::check_unlisted(&root, (session, lane, sequence), settled, listed)?;
		let node = Self::node(&root.node)?;
		Self::count_misreport(key, sequence)?;

		let bill = Self::bill(&node, Self::least_penalty(&node), &root.caller, 0);
		let punished = Self::punish(&root.node, node, &reporter, &root.caller, bill)?;
		Self::deposit_event(Event::UnlistedCallProven {
			operator: root.node,
			reporter,
			session,
			lane,
			sequence,
			reward: punished.reward,
			protocol: punished.protocol,
		});
		Ok(punished)
	}

	/// Checks that the caller has acknowledged another call than was settled, or none. The list may be that of
	/// any settlement of the lane whose voucher came after the call: a node answers no further call on a lane
	/// before all that it has charged is acknowledged.
	fn check_unlisted(
		root: &SettledRootOf<T>,
		(session, lane, sequence): RootKey,
		settled: &SettledLeaf,
		listed: &Listed,
	) -> Result<(), Error<T>> {
		let other = match listed.last_sequence == settled.last_sequence {
			true => None,
			false => Some(Self::disputable((session, lane, listed.last_sequence))?),
		};
		let acknowledged = other.as_ref().unwrap_or(root);
		ensure!(sequence < acknowledged.voucher_sequence, Error::<T>::NotAcknowledgedYet);
		let call = listed.proof.verify(sequence, &acknowledged.acknowledged_root);
		let Some(call) = call.map_err(|_| Error::<T>::BadLookupProof)? else {
			ensure!(listed.statement.is_none(), Error::<T>::NotTheSameCall);
			return Ok(());
		};
		let statement = listed.statement.ok_or(Error::<T>::NoContradiction)?;
		ensure!(statement.hash() == call.statement, Error::<T>::NotTheSameCall);
		ensure!(settled.item.charge() <= statement.newest().charge, Error::<T>::ReportAsOvercharge);
		ensure!(!settled.is_as_stated::<T>(statement, root), Error::<T>::NoContradiction);
		Ok(())
	}

	pub(crate) fn do_report_equivocation(
		reporter: AccountId,
		operator: AccountId,
		first: &Stated,
		second: &Stated,
	) -> Result<Punished, DispatchError> {
		ensure!(first.call() == second.call(), Error::<T>::NotTheSameCall);
		ensure!(!first.agrees_with(second), Error::<T>::NoContradiction);
		let StatedCall { session, lane, sequence, .. } = first.call();
		// Calls that nobody can have made would fill the list of what was proven.
		let known = is_call(session) || session < NextSessionId::<T>::get();
		ensure!(known, Error::<T>::UnknownSession);
		let node = Self::node(&operator)?;
		Self::check_statement(&operator, &node, first, None)?;
		Self::check_statement(&operator, &node, second, None)?;
		let call = (session, lane, sequence);
		if is_call(session) {
			Self::count_two_statements_of_call(&operator, call)?;
		} else {
			Self::count_equivocation(&operator, call)?;
		}

		let bill = Self::bill(&node, Self::least_penalty(&node), &operator, 0);
		let punished = Self::punish(&operator, node, &reporter, &operator, bill)?;
		Self::deposit_event(Event::EquivocationProven {
			operator,
			reporter,
			session,
			lane,
			sequence,
			reward: punished.reward,
			protocol: punished.protocol,
		});
		Ok(punished)
	}

	/// Checks that statement and settlement are of the same call and the same node, and that it can still
	/// be disputed.
	fn case(stated: &Stated, settled: &SettledLeaf) -> Result<Case<T>, Error<T>> {
		let StatedCall { session, lane, sequence, .. } = stated.call();
		let key = (session, lane, settled.last_sequence);
		let root = Self::disputable(key)?;
		ensure!(settled.sequence() == Some(sequence), Error::<T>::NotTheSameCall);
		let settled_here = root.first_sequence..=root.last_sequence;
		ensure!(settled_here.contains(&sequence), Error::<T>::NotTheSameCall);
		ensure!(settled.is_behind::<T>(&root), Error::<T>::BadInclusionProof);
		let node = Self::node(&root.node)?;
		Self::check_statement(&root.node, &node, stated, Some(root.at))?;
		Ok(Case { key, root, node })
	}

	/// The root of a settlement that can still be disputed.
	pub(crate) fn disputable(key: RootKey) -> Result<SettledRootOf<T>, Error<T>> {
		let root = Roots::<T>::get(key).ok_or(Error::<T>::NotDisputable)?;
		ensure!(Self::now() <= root.until, Error::<T>::NotDisputable);
		Ok(root)
	}

	/// Checks that a statement is of this chain, and signed with a receipt key that the node has or had:
	/// already in block `settled_at`, if the call was settled in that.
	fn check_statement(
		operator: &AccountId,
		node: &NodeOf<T>,
		stated: &Stated,
		settled_at: Option<BlockNumberFor<T>>,
	) -> Result<(), Error<T>> {
		ensure!(stated.call().genesis_hash == Self::genesis_hash(), Error::<T>::WrongChain);
		let now = Self::now();
		let is_key = |key: &AccountId, since: BlockNumberFor<T>| {
			key == stated.receipt_key && settled_at.is_none_or(|settled_at| since <= settled_at)
		};
		let known = is_key(&node.receipt_key, node.key_since)
			|| PreviousKeys::<T>::get(operator).iter().any(|previous| {
				is_key(&previous.key, previous.since) && previous.kept_until >= now
			});
		ensure!(known, Error::<T>::UnknownReceiptKey);
		// Last, because it costs most.
		ensure!(stated.is_signed(), Error::<T>::BadStatementSignature);
		Ok(())
	}

	/// The debt to who paid for a call, in planck: what is missing of the overcharge that was proven. What
	/// operators pay to themselves is no refund.
	fn due(root: &SettledRootOf<T>, proven: Proven) -> Balance {
		if root.caller == root.node {
			return 0;
		}
		proven.overcharge.saturating_sub(proven.refunded)
	}

	/// Notes what was proven of a call. There is room for every call of a settlement.
	fn note(
		disputed: &mut DisputedCalls,
		sequence: Sequence,
		proven: Proven,
	) -> Result<(), Error<T>> {
		disputed.try_insert(sequence, proven).map_err(|_| Error::<T>::TooManyDisputes)?;
		Ok(())
	}

	/// Notes that a call was misreported, or is none that was acknowledged.
	pub(crate) fn count_misreport(key: RootKey, sequence: Sequence) -> Result<(), Error<T>> {
		let mut disputed = Disputed::<T>::get(key);
		let mut proven = disputed.get(&sequence).copied().unwrap_or_default();
		ensure!(!proven.misreported, Error::<T>::AlreadyDisputed);
		proven.misreported = true;
		Self::note(&mut disputed, sequence, proven)?;
		Disputed::<T>::insert(key, disputed);
		Ok(())
	}

	/// Notes that a node made two statements of a call.
	fn count_equivocation(operator: &AccountId, call: RootKey) -> Result<(), Error<T>> {
		let mut known = Equivocations::<T>::get(operator);
		ensure!(!known.contains(&call), Error::<T>::AlreadyDisputed);
		// Whatever fills the list, a node stays within reach: for newer calls than the oldest in it,
		// which can then not come again.
		if let (true, Some(oldest)) = (known.is_full(), known.first().copied()) {
			ensure!(call > oldest, Error::<T>::TooManyDisputes);
			known.remove(&oldest);
		}
		known.try_insert(call).map_err(|_| Error::<T>::TooManyDisputes)?;
		Equivocations::<T>::insert(operator, known);
		Ok(())
	}
}
