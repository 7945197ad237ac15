//! Sessions: opening, changing and closing.

use crate::{
	pallet::*,
	types::{Node, NodeOf, PendingLimit, Session, SessionOf},
	versions::VersionedCloseAgreement,
};
use frame_support::{
	ensure,
	traits::{
		fungible::{Inspect, MutateHold},
		tokens::{Fortitude, Precision, Provenance, Restriction},
		Get,
	},
};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{
	on_chain::CALLS_FROM, AccountId, Balance, Hash, LaneId, SessionId, Signature, MAX_LANES,
};
use sp_runtime::{traits::Zero, DispatchError, DispatchResult, Saturating};

impl<T: Config> Pallet<T> {
	pub(crate) fn do_open_session(
		caller: AccountId,
		node: AccountId,
		deposit: Balance,
		signer: AccountId,
		spending_limit: Balance,
		expires_at: BlockNumberFor<T>,
	) -> DispatchResult {
		let served_by = Self::active_node(&node)?;
		ensure!(deposit >= T::MinDeposit::get(), Error::<T>::DepositTooSmall);
		Self::check_expiry(expires_at)?;
		let session = NextSessionId::<T>::get();
		// Those from there on stand for calls on chain.
		ensure!(session < CALLS_FROM, Error::<T>::IdsExhausted);
		let next = session.saturating_add(1);
		let sessions = served_by.sessions.checked_add(1).ok_or(Error::<T>::IdsExhausted)?;
		let settle_until = expires_at.saturating_add(T::SettlementWindow::get());
		let settles_until = served_by.settles_until.max(settle_until);

		let storage_deposit = T::SessionDeposit::get();
		T::Currency::hold(&HoldReason::Session.into(), &caller, deposit)?;
		T::Currency::hold(&HoldReason::SessionStorage.into(), &caller, storage_deposit)?;
		NextSessionId::<T>::put(next);
		Nodes::<T>::insert(&node, Node { sessions, settles_until, ..served_by });
		Sessions::<T>::insert(
			session,
			Session {
				caller: caller.clone(),
				node: node.clone(),
				signer,
				deposit,
				settled: 0,
				spent: 0,
				spending_limit,
				pending_limit: None,
				storage_deposit,
				lane_deposits: 0,
				opened_at: Self::now(),
				expires_at,
				settle_until,
				closes_at: None,
				lanes: 0,
				liable_until: Zero::zero(),
			},
		);
		Self::deposit_event(Event::SessionOpened { session, caller, node, deposit, expires_at });
		Ok(())
	}

	pub(crate) fn do_top_up(caller: AccountId, id: SessionId, amount: Balance) -> DispatchResult {
		ensure!(amount > 0, Error::<T>::ZeroAmount);
		let session = Self::session_of(&caller, id)?;
		ensure!(session.closes_at.is_none(), Error::<T>::SessionClosing);
		ensure!(Self::now() < session.expires_at, Error::<T>::SessionExpired);
		let deposit = session.deposit.checked_add(amount).ok_or(Error::<T>::Overflow)?;

		T::Currency::hold(&HoldReason::Session.into(), &caller, amount)?;
		Sessions::<T>::insert(id, Session { deposit, ..session });
		Self::deposit_event(Event::SessionToppedUp { session: id, amount, deposit });
		Ok(())
	}

	pub(crate) fn do_extend_session(
		caller: AccountId,
		id: SessionId,
		expires_at: BlockNumberFor<T>,
	) -> DispatchResult {
		let session = Self::session_of(&caller, id)?;
		ensure!(session.closes_at.is_none(), Error::<T>::SessionClosing);
		ensure!(expires_at > session.expires_at, Error::<T>::NotAnExtension);
		Self::check_expiry(expires_at)?;
		let node = Self::active_node(&session.node)?;
		// The window may be shorter by now: what the node was promised stays, after whichever end.
		let promised = session.settle_until.saturating_sub(session.expires_at);
		let window = T::SettlementWindow::get().max(promised);
		let settle_until = expires_at.saturating_add(window);
		let settles_until = node.settles_until.max(settle_until);

		Nodes::<T>::insert(&session.node, Node { settles_until, ..node });
		Sessions::<T>::insert(id, Session { expires_at, settle_until, ..session });
		Self::deposit_event(Event::SessionExtended { session: id, expires_at });
		Ok(())
	}

	pub(crate) fn do_set_spending_limit(
		caller: AccountId,
		id: SessionId,
		limit: Balance,
	) -> DispatchResult {
		let session = Self::session_of(&caller, id)?;
		let now = Self::now();
		let in_force = session.limit_at(now);
		let announced = session.pending_limit.filter(|pending| pending.from > now);
		let last = announced.map_or(in_force, |pending| pending.limit);
		ensure!(limit != last, Error::<T>::SameLimit);

		let (spending_limit, pending_limit, from) = if limit >= in_force {
			(limit, None, now)
		} else {
			// The node may be answering a call that the old limit covers.
			let from = now.saturating_add(T::CloseNotice::get());
			(in_force, Some(PendingLimit { limit, from }), from)
		};
		Sessions::<T>::insert(id, Session { spending_limit, pending_limit, ..session });
		Self::deposit_event(Event::SpendingLimitSet { session: id, limit, from });
		Ok(())
	}

	pub(crate) fn do_request_close(caller: AccountId, id: SessionId) -> DispatchResult {
		let session = Self::session_of(&caller, id)?;
		ensure!(session.closes_at.is_none(), Error::<T>::AlreadyClosing);

		let closes_at = Self::now().saturating_add(T::CloseNotice::get());
		Sessions::<T>::insert(id, Session { closes_at: Some(closes_at), ..session });
		Self::deposit_event(Event::CloseRequested { session: id, closes_at });
		Ok(())
	}

	/// Returns how many lanes the session had.
	pub(crate) fn do_close_session(who: AccountId, id: SessionId) -> Result<LaneId, DispatchError> {
		let session = Self::session(id)?;
		let now = Self::now();
		let noticed = session.closes_at.is_some_and(|closes_at| closes_at <= now);
		// In its last block it is the node's alone: nobody closes it before what the node settles in it.
		let lapsed = session.settle_until < now;
		ensure!(who == session.node || noticed || lapsed, Error::<T>::NotYetClosable);

		let stranger = who != session.node && who != session.caller;
		Self::close(id, session, (stranger && lapsed).then_some(&who))
	}

	/// Returns how many lanes the session had.
	pub(crate) fn do_close_by_agreement(
		caller: AccountId,
		agreement: VersionedCloseAgreement,
		signature: &Signature,
	) -> Result<LaneId, DispatchError> {
		let agreed = agreement.newest();
		let session = Self::session_of(&caller, agreed.session)?;
		ensure!(agreed.genesis_hash == Self::genesis_hash(), Error::<T>::WrongChain);
		ensure!(agreed.extension.is_none(), Error::<T>::UnknownExtension);
		ensure!(agreed.settled == session.settled, Error::<T>::AgreementOutdated);
		let node = Self::node(&session.node)?;
		ensure!(agreement.verify(signature, &node.receipt_key), Error::<T>::BadSignature);
		Self::close(agreed.session, session, None)
	}

	/// Gives back what is left of a session, and removes it. Returns how many lanes it had.
	fn close(
		id: SessionId,
		session: SessionOf<T>,
		cleaner: Option<&AccountId>,
	) -> Result<LaneId, DispatchError> {
		let refunded = session.remaining();
		T::Currency::release(
			&HoldReason::Session.into(),
			&session.caller,
			refunded,
			Precision::Exact,
		)?;
		let rewarded = match cleaner {
			Some(cleaner) => Self::reward(id, &session, cleaner)?,
			None => 0,
		};
		T::Currency::release(
			&HoldReason::SessionStorage.into(),
			&session.caller,
			session.storage_deposit.saturating_sub(rewarded),
			Precision::Exact,
		)?;
		if session.lane_deposits > 0 {
			T::Currency::release(
				&HoldReason::LaneStorage.into(),
				&session.node,
				session.lane_deposits,
				Precision::Exact,
			)?;
		}
		Nodes::<T>::mutate(&session.node, |node| {
			if let Some(node) = node {
				node.sessions = node.sessions.saturating_sub(1);
				node.liable_until = node.liable_until.max(session.liable_until);
			}
		});
		Sessions::<T>::remove(id);
		// All of them: a session never has more lanes than the limit.
		let _ = Lanes::<T>::clear_prefix(id, MAX_LANES.into(), None);
		Self::deposit_event(Event::SessionClosed { session: id, refunded });
		Ok(session.lanes)
	}

	/// Pays who closes a session that its parties left behind, out of the deposit for its place.
	/// Returns how much that was.
	fn reward(
		id: SessionId,
		session: &SessionOf<T>,
		cleaner: &AccountId,
	) -> Result<Balance, DispatchError> {
		let amount = T::CleanupReward::get().mul_floor(session.storage_deposit);
		let payable = T::Currency::can_deposit(cleaner, amount, Provenance::Extant);
		if amount == 0 || payable.into_result().is_err() {
			return Ok(0);
		}
		T::Currency::transfer_on_hold(
			&HoldReason::SessionStorage.into(),
			&session.caller,
			cleaner,
			amount,
			Precision::Exact,
			Restriction::Free,
			Fortitude::Force,
		)?;
		Self::deposit_event(Event::CleanupRewarded {
			session: id,
			account: cleaner.clone(),
			amount,
		});
		Ok(amount)
	}

	/// The hash of block 0, which every signed message names.
	pub(crate) fn genesis_hash() -> Hash {
		frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero())
	}

	pub(crate) fn session(id: SessionId) -> Result<SessionOf<T>, Error<T>> {
		Sessions::<T>::get(id).ok_or(Error::<T>::UnknownSession)
	}

	fn session_of(caller: &AccountId, id: SessionId) -> Result<SessionOf<T>, Error<T>> {
		let session = Self::session(id)?;
		ensure!(session.caller == *caller, Error::<T>::NotSessionCaller);
		Ok(session)
	}

	/// Checks that a session's signer or caller has signed something. Returns `true` if its spending limit
	/// applies: another key than the caller's own has signed.
	pub(crate) fn check_signature(
		session: &SessionOf<T>,
		is_signed_by: impl Fn(&AccountId) -> bool,
	) -> Result<bool, Error<T>> {
		let by_signer = is_signed_by(&session.signer);
		let hot = session.has_hot_key();
		ensure!(by_signer || (hot && is_signed_by(&session.caller)), Error::<T>::BadSignature);
		Ok(hot && by_signer)
	}

	fn active_node(operator: &AccountId) -> Result<NodeOf<T>, Error<T>> {
		let node = Self::node(operator)?;
		ensure!(node.is_active(), Error::<T>::NodeNotActive);
		Ok(node)
	}

	fn check_expiry(expires_at: BlockNumberFor<T>) -> Result<(), Error<T>> {
		let now = Self::now();
		let soonest = now.saturating_add(T::MinDuration::get());
		let latest = now.saturating_add(T::MaxDuration::get());
		ensure!(expires_at >= soonest, Error::<T>::ExpiryTooSoon);
		ensure!(expires_at <= latest, Error::<T>::ExpiryTooLate);
		Ok(())
	}
}
