//! The pallet's invariants.

use crate::pallet::*;
use alloc::collections::{BTreeMap, BTreeSet};
use frame_support::{ensure, traits::fungible::InspectHold};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{on_chain::is_call, AccountId, Balance, SessionId, MAX_LANES};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
	/// Checks the pallet's invariants. The first one that does not hold is the error.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		Self::check_sessions()?;
		Self::check_lanes()?;
		Self::check_nodes()?;
		Self::check_roots()?;
		Self::check_holds()
	}

	/// Checks that everything that is stored has its hold, and that nobody has anything else on hold.
	fn check_holds() -> Result<(), TryRuntimeError> {
		use HoldReason::{Bond, LaneStorage, Report, Session, SessionStorage};

		let reasons = [Bond, Session, SessionStorage, LaneStorage, Report];
		let mut promised = BTreeMap::<AccountId, [Balance; 5]>::new();
		let mut add = |who: AccountId, amounts: [Balance; 5]| {
			for (sum, amount) in promised.entry(who).or_default().iter_mut().zip(amounts) {
				*sum = sum.checked_add(amount).ok_or("what should be on hold overflows")?;
			}
			Ok::<_, TryRuntimeError>(())
		};
		for (operator, node) in Nodes::<T>::iter() {
			add(operator, [node.bond, 0, 0, 0, 0])?;
		}
		for session in Sessions::<T>::iter_values() {
			let (deposit, place) = (session.remaining(), session.storage_deposit);
			add(session.caller, [0, deposit, place, 0, 0])?;
			add(session.node, [0, 0, 0, session.lane_deposits, 0])?;
		}
		for (reporter, _, commitment) in ReportCommitments::<T>::iter() {
			ensure!(commitment.at <= Self::now(), "a report was committed to in a later block");
			add(reporter, [0, 0, 0, 0, commitment.deposit])?;
		}
		for who in frame_system::Account::<T>::iter_keys() {
			let amounts = promised.remove(&who).unwrap_or_default();
			for (reason, amount) in reasons.into_iter().zip(amounts) {
				let held = T::Currency::balance_on_hold(&reason.into(), &who);
				ensure!(held == amount, "what is on hold is not what is stored");
			}
		}
		let nothing = promised.values().flatten().all(|amount| *amount == 0);
		ensure!(nothing, "what is stored is of no account");
		Ok(())
	}

	fn check_sessions() -> Result<(), TryRuntimeError> {
		let mut open = BTreeMap::<AccountId, (u32, BlockNumberFor<T>)>::new();
		for (id, session) in Sessions::<T>::iter() {
			ensure!(id < NextSessionId::<T>::get(), "a session has an id not yet given out");
			ensure!(!is_call(id), "a session has an id that stands for a call on chain");
			ensure!(session.settled <= session.deposit, "a session settled more than its deposit");
			ensure!(session.spent <= session.settled, "a hot key spent what was not settled");
			ensure!(session.lanes <= MAX_LANES, "a session has too many lanes");
			ensure!(session.opened_at <= Self::now(), "a session was opened in a later block");
			ensure!(session.settle_until >= session.expires_at, "a session ends before it expires");
			let lowers = |limit| limit < session.spending_limit;
			ensure!(
				session.pending_limit.is_none_or(|pending| lowers(pending.limit)),
				"a limit that is not lower waits"
			);

			let (count, settles_until) = open.entry(session.node).or_default();
			*count = count.saturating_add(1);
			*settles_until = session.settle_until.max(*settles_until);
		}
		for (operator, node) in Nodes::<T>::iter() {
			let (sessions, settles_until) = open.remove(&operator).unwrap_or_default();
			ensure!(node.sessions == sessions, "a node's sessions are miscounted");
			ensure!(
				node.settles_until >= settles_until,
				"a node's session can be settled longer than it keeps its keys for"
			);
		}
		ensure!(open.is_empty(), "a session is with an unknown node");
		Ok(())
	}

	/// The last block in which a node's bond answers for the settlements of a session.
	fn liable_until(session: SessionId, node: &AccountId) -> BlockNumberFor<T> {
		match Sessions::<T>::get(session) {
			Some(session) => session.liable_until,
			None => Nodes::<T>::get(node).map(|node| node.liable_until).unwrap_or_default(),
		}
	}

	fn check_lanes() -> Result<(), TryRuntimeError> {
		for (id, session) in Sessions::<T>::iter() {
			let mut lanes: u32 = 0;
			let mut settled: Balance = 0;
			for (number, lane) in Lanes::<T>::iter_prefix(id) {
				ensure!(number < MAX_LANES, "a lane has a number that none has");
				lanes = lanes.saturating_add(1);
				settled = settled.checked_add(lane.settled).ok_or("lanes overflow")?;
			}
			ensure!(lanes == u32::from(session.lanes), "a session's lanes are miscounted");
			ensure!(settled == session.settled, "lanes do not add up to what a session settled");
			ensure!(
				lanes > 0 || session.lane_deposits == 0,
				"an operator put up a deposit for no lane"
			);
		}
		for (id, _, _) in Lanes::<T>::iter() {
			ensure!(Sessions::<T>::contains_key(id), "a lane has no session");
		}
		Ok(())
	}

	fn check_nodes() -> Result<(), TryRuntimeError> {
		for (operator, node) in Nodes::<T>::iter() {
			ensure!(node.payee.as_ref() != Some(&operator), "a node's payee is its own operator");
			let models: BTreeSet<_> = node.models.iter().map(|served| served.model).collect();
			ensure!(models.len() == node.models.len(), "a node serves a model twice");
			for served in &node.models {
				ensure!(served.capacity > 0, "a node serves no calls of a model");
				ensure!(
					ServedBy::<T>::contains_key(served.model, &operator) == node.is_active(),
					"ServedBy lacks an active node, or has another"
				);
			}
		}
		for (model, operator, ()) in ServedBy::<T>::iter() {
			let node = Nodes::<T>::get(&operator).ok_or("ServedBy names an unknown node")?;
			let serves = node.models.iter().any(|served| served.model == model);
			ensure!(serves, "ServedBy names a model that is not served");
		}
		for (operator, keys) in PreviousKeys::<T>::iter() {
			let node = Nodes::<T>::get(operator).ok_or("keys are kept of an unknown node")?;
			let mut since = None;
			for previous in &keys {
				ensure!(
					since.is_none_or(|since| since <= previous.since)
						&& previous.since <= previous.replaced_at
						&& previous.replaced_at <= previous.kept_until,
					"a node's earlier keys are out of order"
				);
				since = Some(previous.replaced_at);
			}
			ensure!(
				since.is_none_or(|since| since <= node.key_since),
				"a node's key is older than the one before it"
			);
		}
		for (operator, calls) in Equivocations::<T>::iter() {
			ensure!(Nodes::<T>::contains_key(operator), "calls are kept of an unknown node");
			ensure!(!calls.is_empty(), "a node equivocated about nothing");
		}
		Ok(())
	}

	fn check_roots() -> Result<(), TryRuntimeError> {
		let ends = RootQueueEnds::<T>::get();
		let places = ends.next.checked_sub(ends.first).ok_or("the queue of roots is inside out")?;
		for (place, queued) in RootQueue::<T>::iter() {
			ensure!(
				place >= ends.first && place < ends.next,
				"a queued root is outside of the queue"
			);
			let root = Roots::<T>::get(queued.key).ok_or("a queued root is gone")?;
			ensure!(root.until == queued.until, "a root is queued for another block");
			let (_, _, last) = queued.key;
			ensure!(root.last_sequence == last, "a root has another key");
			ensure!(root.first_sequence <= last, "a root is for no sequence");
			let (session, lane, _) = queued.key;
			let lane = Lanes::<T>::get(session, lane);
			ensure!(
				lane.is_none_or(|lane| lane.agreement == root.agreement),
				"a root is of another agreement than its lane"
			);
			ensure!(
				root.until < Self::now() || Self::liable_until(session, &root.node) >= root.until,
				"a bond could leave before a settlement that it answers for"
			);
			let sequences = last.saturating_sub(root.first_sequence).saturating_add(1);
			ensure!(
				root.items > 0 && u64::from(root.items) <= sequences,
				"a root is for more items than sequences"
			);
		}
		let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
		ensure!(count(RootQueue::<T>::iter_keys().count()) == places, "the queue has gaps");
		ensure!(count(Roots::<T>::iter_keys().count()) == places, "a root is not queued once");
		for (key, records) in Disputed::<T>::iter() {
			let root = Roots::<T>::get(key).ok_or("calls are disputed without their root")?;
			let mut refunded: Balance = 0;
			for proven in records.values() {
				ensure!(
					proven.refunded <= proven.overcharge,
					"more was refunded than was overcharged"
				);
				refunded = refunded.checked_add(proven.refunded).ok_or("refunds overflow")?;
			}
			ensure!(refunded <= root.charged, "more was refunded than was charged");
			ensure!(
				!records.is_empty() && records.values().all(|proven| *proven != Default::default()),
				"a call is disputed for nothing"
			);
		}
		Ok(())
	}
}
