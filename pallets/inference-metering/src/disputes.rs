//! Disputes: two things that a node signed, or signed and settled, and that contradict each other.
//!
//! Nothing is decided by trust or by vote. What a report needs is signed by the node's receipt key or
//! stands behind a root that the node's operator settled, so nobody can win against a node that never
//! contradicted itself. A report that holds costs no fee, unless the bond had next to nothing left; one
//! that does not costs its weight.
//!
//! | report | what contradicts | what follows |
//! |---|---|---|
//! | [`report_overcharge`](Pallet::report_overcharge) | a statement, and a settled record of that call that cost more | the difference goes back to the caller, and the node is punished |
//! | [`report_misreport`](Pallet::report_misreport) | a statement, and a settled record of that call that says something else, at no higher price | the node is punished |
//! | [`report_equivocation`](Pallet::report_equivocation) | two statements of one call | the node is punished |
//!
//! A punished node loses [`Config::DisputePenalty`] of its bond, of which [`Config::DisputeReward`] goes
//! to who reported it and the rest to the protocol. It is jailed: nobody can open sessions with it for
//! [`Config::JailPeriod`] blocks, and an operator who was leaving has to start over. It can still
//! settle the sessions that it has.
//!
//! ## What a node cannot get out of it
//!
//! A node may contradict itself on purpose and report that itself, under any name:
//!
//! - It never gets more back than it loses: the penalty is taken first and whole, only a part of it is
//!   the reward, and there is none for the operator's own account.
//! - Its bond is no purse: a refund is paid for what a caller has paid, and all refunds of one
//!   settlement together are at most what it charged, even if the node made up the records behind an
//!   aggregate's root. A caller who is the operator gets none.
//! - It does not keep its caller from a refund: a record that was disputed can be disputed again with
//!   a statement that proves a larger overcharge, for the difference.
//!
//! ## Each contradiction counts once
//!
//! Of a settled record, the largest overcharge proven and whether it was misreported are kept as long
//! as its root. Of statements, the calls that a node equivocated about are kept as long as the node.
//! There is room for [`MAX_EQUIVOCATIONS`](crate::types::MAX_EQUIVOCATIONS) of them; then the ones of
//! the oldest session make room, and calls older than all that are kept cannot be reported any more.
//!
//! A statement names no operator. Nodes that share a receipt key answer for one another, and an
//! operator who registers again should do so with a new one.

use crate::{
	operators::NodeOf,
	pallet::*,
	roots::SettledRootOf,
	settlement::count,
	types::{Node, RootKey, Status, MAX_DISPUTED},
};
use frame_support::{
	dispatch::Pays,
	ensure,
	traits::{
		fungible::{Inspect, MutateHold},
		tokens::{Fortitude, Precision, Provenance, Restriction},
		Get,
	},
};
use openledger_primitives::{
	merkle::{self, InclusionProof},
	record::CallRecord,
	signing::Signed,
	statement::Statement,
	AccountId, Balance, Sequence, Signature,
};
use sp_runtime::{DispatchError, Saturating};

/// What a node stated: a statement, its signature, and the receipt key that it is said to be of.
pub(crate) struct Stated<'a> {
	pub(crate) statement: &'a Statement,
	pub(crate) signature: &'a Signature,
	pub(crate) receipt_key: &'a AccountId,
}

/// What a node settled: a record, what it was charged, and the proof that it stands behind the root
/// whose last sequence is given.
pub(crate) struct Settled<'a> {
	pub(crate) last_sequence: Sequence,
	pub(crate) record: &'a CallRecord,
	pub(crate) charge: Balance,
	pub(crate) proof: &'a InclusionProof,
}

/// A statement and a settled record of the same call, both of the same node.
struct Case<T: Config> {
	key: RootKey,
	root: SettledRootOf<T>,
	node: NodeOf<T>,
}

/// What a punished node's bond was spent on, in planck.
pub(crate) struct Punished {
	refunded: Balance,
	reward: Balance,
	protocol: Balance,
	/// How many models it was taken off the list of.
	pub(crate) unlisted: u32,
}

impl Punished {
	/// Whether the reporter pays for the report: not if the protocol got something for it. What a
	/// node with next to no bond says against itself would fill blocks for nothing otherwise.
	pub(crate) fn fee<T: Config>(&self) -> Pays {
		if self.protocol >= T::Currency::minimum_balance() {
			Pays::No
		} else {
			Pays::Yes
		}
	}
}

impl<T: Config> Pallet<T> {
	pub(crate) fn do_report_overcharge(
		reporter: AccountId,
		stated: Stated,
		settled: Settled,
	) -> Result<Punished, DispatchError> {
		let Case { key, root, node } = Self::case(&stated, &settled)?;
		let statement = stated.statement;
		let overcharge = settled.charge.saturating_sub(statement.charge);
		ensure!(overcharge > 0, Error::<T>::NoContradiction);
		let due = Self::count_overcharge(key, statement.sequence, overcharge, root.charged)?;

		let operator = root.node;
		// What operators pay to themselves is no refund.
		let refund = (root.caller != operator).then_some((&root.caller, due));
		let punished = Self::punish(&operator, node, &reporter, refund)?;
		Self::deposit_event(Event::OverchargeProven {
			operator,
			reporter,
			caller: root.caller,
			session: statement.session,
			lane: statement.lane,
			sequence: statement.sequence,
			stated: statement.charge,
			settled: settled.charge,
			refunded: punished.refunded,
			reward: punished.reward,
			protocol: punished.protocol,
		});
		Ok(punished)
	}

	pub(crate) fn do_report_misreport(
		reporter: AccountId,
		stated: Stated,
		settled: Settled,
	) -> Result<Punished, DispatchError> {
		let Case { key, root, node } = Self::case(&stated, &settled)?;
		let statement = stated.statement;
		ensure!(settled.charge <= statement.charge, Error::<T>::ReportAsOvercharge);
		let as_settled = Statement::of(
			statement.genesis_hash,
			statement.session,
			statement.lane,
			settled.record,
			// A node may settle for less than it stated.
			statement.charge,
		);
		ensure!(as_settled != *statement, Error::<T>::NoContradiction);
		Self::count_misreport(key, statement.sequence)?;

		let punished = Self::punish(&root.node, node, &reporter, None)?;
		Self::deposit_event(Event::MisreportProven {
			operator: root.node,
			reporter,
			session: statement.session,
			lane: statement.lane,
			sequence: statement.sequence,
			reward: punished.reward,
			protocol: punished.protocol,
		});
		Ok(punished)
	}

	pub(crate) fn do_report_equivocation(
		reporter: AccountId,
		operator: AccountId,
		first: Stated,
		second: Stated,
	) -> Result<Punished, DispatchError> {
		let (one, other) = (first.statement, second.statement);
		let call = |statement: &Statement| {
			(statement.genesis_hash, statement.session, statement.lane, statement.sequence)
		};
		ensure!(call(one) == call(other), Error::<T>::NotTheSameCall);
		ensure!(one != other, Error::<T>::NoContradiction);
		// Calls that nobody can have made would fill the list of what was proven.
		ensure!(one.session < NextSessionId::<T>::get(), Error::<T>::UnknownSession);
		let node = Self::node(&operator)?;
		Self::check_statement(&operator, &node, &first)?;
		Self::check_statement(&operator, &node, &second)?;
		Self::count_equivocation(&operator, (one.session, one.lane, one.sequence))?;

		let punished = Self::punish(&operator, node, &reporter, None)?;
		Self::deposit_event(Event::EquivocationProven {
			operator,
			reporter,
			session: one.session,
			lane: one.lane,
			sequence: one.sequence,
			reward: punished.reward,
			protocol: punished.protocol,
		});
		Ok(punished)
	}

	/// Whether statement and record are of the same call and the same node, and the settlement can
	/// still be disputed.
	fn case(stated: &Stated, settled: &Settled) -> Result<Case<T>, Error<T>> {
		let statement = stated.statement;
		let key = (statement.session, statement.lane, settled.last_sequence);
		let root = Roots::<T>::get(key).ok_or(Error::<T>::NotDisputable)?;
		ensure!(Self::now() <= root.until, Error::<T>::NotDisputable);
		ensure!(statement.sequence == settled.record.sequence, Error::<T>::NotTheSameCall);
		let settled_here = root.first_sequence..=root.last_sequence;
		ensure!(settled_here.contains(&statement.sequence), Error::<T>::NotTheSameCall);
		// How many leaves there are is the node's word where it settled sums, so that no proof is
		// held to it.
		ensure!(
			merkle::verify(&root.root, settled.record, settled.charge, settled.proof),
			Error::<T>::BadInclusionProof
		);
		let node = Self::node(&root.node)?;
		Self::check_statement(&root.node, &node, stated)?;
		Ok(Case { key, root, node })
	}

	/// Whether a statement is of this chain, and signed with a receipt key that the node has or had.
	fn check_statement(
		operator: &AccountId,
		node: &NodeOf<T>,
		stated: &Stated,
	) -> Result<(), Error<T>> {
		let Stated { statement, signature, receipt_key } = stated;
		ensure!(statement.genesis_hash == Self::genesis_hash(), Error::<T>::WrongChain);
		let now = Self::now();
		let known = node.receipt_key == **receipt_key
			|| PreviousKeys::<T>::get(operator)
				.iter()
				.any(|previous| previous.key == **receipt_key && previous.kept_until >= now);
		ensure!(known, Error::<T>::UnknownReceiptKey);
		// Last, because it costs most.
		ensure!(statement.verify(signature, receipt_key), Error::<T>::BadStatementSignature);
		Ok(())
	}

	/// Notes by how much a record was overcharged. Returns what of it is due to the caller: no more
	/// than what a smaller overcharge that was proven before has left, and than what the settlement
	/// charged.
	fn count_overcharge(
		key: RootKey,
		sequence: Sequence,
		overcharge: Balance,
		charged: Balance,
	) -> Result<Balance, Error<T>> {
		let mut disputed = Disputed::<T>::get(key);
		let sum =
			disputed.values().fold(0, |sum: Balance, proven| sum.saturating_add(proven.overcharge));
		let mut proven = disputed.get(&sequence).copied().unwrap_or_default();
		ensure!(overcharge > proven.overcharge, Error::<T>::AlreadyDisputed);
		let more = overcharge.saturating_sub(proven.overcharge);
		proven.overcharge = overcharge;
		if disputed.len() >= MAX_DISPUTED as usize && !disputed.contains_key(&sequence) {
			// What cost a caller something comes before what did not.
			let lesser = disputed.iter().find(|(_, proven)| proven.overcharge == 0);
			let lesser = lesser.map(|(sequence, _)| *sequence);
			lesser.and_then(|sequence| disputed.remove(&sequence));
		}
		disputed.try_insert(sequence, proven).map_err(|_| Error::<T>::TooManyDisputes)?;
		Disputed::<T>::insert(key, disputed);
		Ok(more.min(charged.saturating_sub(sum)))
	}

	/// Notes that a record was misreported.
	fn count_misreport(key: RootKey, sequence: Sequence) -> Result<(), Error<T>> {
		let mut disputed = Disputed::<T>::get(key);
		let mut proven = disputed.get(&sequence).copied().unwrap_or_default();
		ensure!(!proven.misreported, Error::<T>::AlreadyDisputed);
		proven.misreported = true;
		disputed.try_insert(sequence, proven).map_err(|_| Error::<T>::TooManyDisputes)?;
		Disputed::<T>::insert(key, disputed);
		Ok(())
	}

	/// Notes that a node made two statements of a call.
	fn count_equivocation(operator: &AccountId, call: RootKey) -> Result<(), Error<T>> {
		let mut known = Equivocations::<T>::get(operator);
		ensure!(!known.contains(&call), Error::<T>::AlreadyDisputed);
		// Whatever fills the list, a node stays within reach. What makes room could count once more:
		// that can only happen to a node with more contradictions than the list has places.
		if let (true, Some(oldest)) = (known.is_full(), known.first().copied()) {
			known.remove(&oldest);
		}
		known.try_insert(call).map_err(|_| Error::<T>::TooManyDisputes)?;
		Equivocations::<T>::insert(operator, known);
		Ok(())
	}

	/// Takes the penalty out of a node's bond and then, as far as that goes, a refund to its caller;
	/// and jails the node.
	fn punish(
		operator: &AccountId,
		node: NodeOf<T>,
		reporter: &AccountId,
		refund: Option<(&AccountId, Balance)>,
	) -> Result<Punished, DispatchError> {
		// First and whole, whatever is due to the caller: otherwise a node could get its bond out
		// unpunished, by overcharging itself under another name.
		let penalty = T::DisputePenalty::get().mul_ceil(node.bond);
		let reward = match reporter == operator {
			true => 0,
			false => T::DisputeReward::get().mul_floor(penalty),
		};
		let left = node.bond.saturating_sub(penalty);
		let (refund, refunded) = match refund {
			Some((caller, due)) => {
				let refund = due.min(left);
				(refund, Self::pay_from_bond(operator, caller, refund)?)
			}
			None => (0, 0),
		};
		let reward = Self::pay_from_bond(operator, reporter, reward)?;
		let taken = penalty.saturating_add(refund);
		let rest = taken.saturating_sub(refunded).saturating_sub(reward);
		let protocol = Self::pay_from_bond(operator, &T::ProtocolAccount::get(), rest)?;
		let paid = refunded.saturating_add(reward).saturating_add(protocol);

		let bond = node.bond.saturating_sub(paid);
		let until = Self::now().saturating_add(T::JailPeriod::get());
		let (until, unlisted) = match node.status {
			Status::Active => {
				Self::unlist(operator, &node.models);
				(until, count(node.models.len()))
			}
			Status::Jailed(before) => (before.max(until), 0),
			// Whoever could stay after all would be out of jail at once.
			Status::Unbonding(_) => (until, 0),
		};
		Nodes::<T>::insert(operator, Node { bond, status: Status::Jailed(until), ..node });
		Self::deposit_event(Event::NodeJailed { operator: operator.clone(), until, bond });
		Ok(Punished { refunded, reward, protocol, unlisted })
	}

	/// Pays out of a node's bond, if the account can take it. Returns what was paid: an account that
	/// cannot stands in nobody's way.
	fn pay_from_bond(
		operator: &AccountId,
		to: &AccountId,
		amount: Balance,
	) -> Result<Balance, DispatchError> {
		let payable = T::Currency::can_deposit(to, amount, Provenance::Extant);
		if amount == 0 || payable.into_result().is_err() {
			return Ok(0);
		}
		// By force: whatever the operator has frozen since, the bond answers for the node.
		T::Currency::transfer_on_hold(
			&HoldReason::Bond.into(),
			operator,
			to,
			amount,
			Precision::Exact,
			Restriction::Free,
			Fortitude::Force,
		)
	}
}
