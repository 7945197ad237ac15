//! Operators: registering, changing and leaving.

use crate::{
	pallet::*,
	types::{count, Node, NodeOf, PreviousKey, Served, ServedModels, Status},
};
use alloc::collections::BTreeSet;
use frame_support::{
	ensure,
	traits::{fungible::MutateHold, tokens::Precision, Get},
};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{traits::ModelInspect, AccountId, Balance, Uri};
use sp_runtime::{traits::Zero, DispatchError, DispatchResult, Saturating};

impl<T: Config> Pallet<T> {
	pub(crate) fn do_register_node(
		operator: AccountId,
		endpoint: Uri,
		receipt_key: AccountId,
		bond: Balance,
		models: ServedModels,
	) -> DispatchResult {
		ensure!(!Nodes::<T>::contains_key(&operator), Error::<T>::AlreadyRegistered);
		ensure!(bond >= T::MinBond::get(), Error::<T>::BondTooSmall);
		check_endpoint::<T>(&endpoint)?;
		check_models::<T>(&models, &ServedModels::default())?;

		T::Currency::hold(&HoldReason::Bond.into(), &operator, bond)?;
		Self::list(&operator, &models);
		let now = Self::now();
		let node = Node {
			endpoint,
			payee: None,
			receipt_key,
			key_since: now,
			bond,
			models,
			status: Status::Active,
			last_heartbeat: now,
			sessions: 0,
			settles_until: Zero::zero(),
			liable_until: Zero::zero(),
		};
		Nodes::<T>::insert(&operator, node);
		Self::deposit_event(Event::NodeRegistered { operator, bond });
		Ok(())
	}

	/// Returns how many models the node served before.
	pub(crate) fn do_update_node(
		operator: AccountId,
		endpoint: Uri,
		models: ServedModels,
	) -> Result<u32, DispatchError> {
		let node = Self::node(&operator)?;
		check_endpoint::<T>(&endpoint)?;
		check_models::<T>(&models, &node.models)?;

		let before = count(node.models.len());
		if node.is_active() {
			Self::unlist(&operator, &node.models);
			Self::list(&operator, &models);
		}
		Nodes::<T>::insert(&operator, Node { endpoint, models, ..node });
		Self::deposit_event(Event::NodeUpdated { operator });
		Ok(before)
	}

	pub(crate) fn do_rotate_receipt_key(
		operator: AccountId,
		receipt_key: AccountId,
	) -> DispatchResult {
		let node = Self::node(&operator)?;
		ensure!(node.receipt_key != receipt_key, Error::<T>::SameKey);
		let now = Self::now();
		let mut history = PreviousKeys::<T>::get(&operator);
		history.retain(|previous| previous.kept_until >= now);
		let previous = PreviousKey {
			key: node.receipt_key.clone(),
			since: node.key_since,
			replaced_at: now,
			kept_until: Self::key_kept_until(&node),
		};
		history.try_push(previous).map_err(|_| Error::<T>::TooManyRotations)?;

		PreviousKeys::<T>::insert(&operator, history);
		let previous = node.receipt_key.clone();
		let node = Node { receipt_key: receipt_key.clone(), key_since: now, ..node };
		Nodes::<T>::insert(&operator, node);
		Self::deposit_event(Event::ReceiptKeyRotated { operator, receipt_key, previous });
		Ok(())
	}

	pub(crate) fn do_set_payee(operator: AccountId, payee: Option<AccountId>) -> DispatchResult {
		let node = Self::node(&operator)?;
		// The operator's own account is the same as none.
		let payee = payee.filter(|payee| *payee != operator);
		ensure!(node.payee != payee, Error::<T>::SamePayee);

		let node = Node { payee, ..node };
		let payee = node.payee_of(&operator).clone();
		Nodes::<T>::insert(&operator, node);
		Self::deposit_event(Event::PayeeSet { operator, payee });
		Ok(())
	}

	pub(crate) fn do_bond_more(operator: AccountId, amount: Balance) -> DispatchResult {
		ensure!(amount > 0, Error::<T>::ZeroAmount);
		let node = Self::node(&operator)?;
		let bond = node.bond.checked_add(amount).ok_or(Error::<T>::Overflow)?;

		T::Currency::hold(&HoldReason::Bond.into(), &operator, amount)?;
		Nodes::<T>::insert(&operator, Node { bond, ..node });
		Self::deposit_event(Event::BondIncreased { operator, amount, bond });
		Ok(())
	}

	pub(crate) fn do_heartbeat(operator: AccountId) -> DispatchResult {
		let node = Self::node(&operator)?;
		Nodes::<T>::insert(&operator, Node { last_heartbeat: Self::now(), ..node });
		Self::deposit_event(Event::Heartbeat { operator });
		Ok(())
	}

	/// Returns how many models the node serves.
	pub(crate) fn do_start_unbonding(operator: AccountId) -> Result<u32, DispatchError> {
		let node = Self::node(&operator)?;
		ensure!(node.is_active(), Error::<T>::NodeNotActive);

		let at = Self::now().saturating_add(T::UnbondingPeriod::get());
		let models = count(node.models.len());
		Self::unlist(&operator, &node.models);
		Nodes::<T>::insert(&operator, Node { status: Status::Unbonding(at), ..node });
		Self::deposit_event(Event::UnbondingStarted { operator, at });
		Ok(models)
	}

	/// Returns how many models the node serves.
	pub(crate) fn do_cancel_unbonding(operator: AccountId) -> Result<u32, DispatchError> {
		let node = Self::node(&operator)?;
		ensure!(matches!(node.status, Status::Unbonding(_)), Error::<T>::NotUnbonding);
		let models = Self::activate(&operator, node)?;
		Self::deposit_event(Event::UnbondingCancelled { operator });
		Ok(models)
	}

	pub(crate) fn do_withdraw_bond(operator: AccountId) -> DispatchResult {
		let node = Self::node(&operator)?;
		let Status::Unbonding(at) = node.status else {
			return Err(Error::<T>::NotUnbonding.into());
		};
		ensure!(Self::now() >= at, Error::<T>::BondLocked);
		Self::remove(operator, node)
	}

	/// Returns how many models the node serves.
	pub(crate) fn do_unjail(operator: AccountId) -> Result<u32, DispatchError> {
		let node = Self::node(&operator)?;
		let Status::Jailed(until) = node.status else {
			return Err(Error::<T>::NotJailed.into());
		};
		ensure!(Self::now() >= until, Error::<T>::StillJailed);
		let models = Self::activate(&operator, node)?;
		Self::deposit_event(Event::NodeUnjailed { operator });
		Ok(models)
	}

	pub(crate) fn do_remove_node(operator: AccountId) -> DispatchResult {
		let node = Self::node(&operator)?;
		let Status::Jailed(until) = node.status else {
			return Err(Error::<T>::NotJailed.into());
		};
		ensure!(node.bond < T::MinBond::get(), Error::<T>::NotRemovable);
		let from = until.saturating_add(T::UnbondingPeriod::get());
		ensure!(Self::now() >= from, Error::<T>::BondLocked);
		Self::remove(operator, node)
	}

	/// The node takes sessions again. Returns how many models it serves.
	fn activate(operator: &AccountId, node: NodeOf<T>) -> Result<u32, DispatchError> {
		ensure!(node.bond >= T::MinBond::get(), Error::<T>::BondTooSmall);
		let models = count(node.models.len());
		Self::list(operator, &node.models);
		Nodes::<T>::insert(operator, Node { status: Status::Active, ..node });
		Ok(models)
	}

	/// Removes a node that is not listed, and releases what is left of its bond.
	fn remove(operator: AccountId, node: NodeOf<T>) -> DispatchResult {
		ensure!(node.sessions == 0, Error::<T>::SessionsOpen);
		ensure!(Self::now() > node.liable_until, Error::<T>::BondLocked);

		let released = node.bond;
		T::Currency::release(&HoldReason::Bond.into(), &operator, released, Precision::Exact)?;
		Nodes::<T>::remove(&operator);
		PreviousKeys::<T>::remove(&operator);
		Equivocations::<T>::remove(&operator);
		Self::deposit_event(Event::NodeRemoved { operator, released });
		Ok(())
	}

	pub(crate) fn node(operator: &AccountId) -> Result<NodeOf<T>, Error<T>> {
		Nodes::<T>::get(operator).ok_or(Error::<T>::UnknownNode)
	}

	/// Lists an active node among those that serve its models.
	pub(crate) fn list(operator: &AccountId, models: &ServedModels) {
		for Served { model, .. } in models {
			ServedBy::<T>::insert(model, operator, ());
		}
	}

	/// Takes a node off the list of those that serve its models, when it is not active any more.
	pub(crate) fn unlist(operator: &AccountId, models: &ServedModels) {
		for Served { model, .. } in models {
			ServedBy::<T>::remove(model, operator);
		}
	}

	/// The last block in which a receipt key is kept that is replaced now: a statement that it signed
	/// may be of a call that is settled in the last block in which one of the node's sessions can be,
	/// and disputed at the end of the window after that, however long that is by then. A caller who
	/// extends a session further takes the statements from before for settled.
	fn key_kept_until(node: &NodeOf<T>) -> BlockNumberFor<T> {
		node.settles_until.max(Self::now()).saturating_add(T::MaxDisputeWindow::get())
	}

	pub(crate) fn now() -> BlockNumberFor<T> {
		frame_system::Pallet::<T>::block_number()
	}
}

fn check_endpoint<T>(endpoint: &Uri) -> Result<(), Error<T>> {
	let rest = endpoint
		.strip_prefix(b"http://".as_slice())
		.or_else(|| endpoint.strip_prefix(b"https://".as_slice()))
		.ok_or(Error::<T>::InvalidEndpoint)?;
	let printable = rest.iter().all(u8::is_ascii_graphic);
	ensure!(!rest.is_empty() && printable, Error::<T>::InvalidEndpoint);
	Ok(())
}

/// A model that is served already may stay, even if it has been paused since.
fn check_models<T: Config>(models: &ServedModels, before: &ServedModels) -> Result<(), Error<T>> {
	ensure!(!models.is_empty(), Error::<T>::NoModels);
	ensure!(models.iter().all(|served| served.capacity > 0), Error::<T>::NoCapacity);
	let distinct: BTreeSet<_> = models.iter().map(|served| served.model).collect();
	ensure!(distinct.len() == models.len(), Error::<T>::DuplicateModel);
	let before: BTreeSet<_> = before.iter().map(|served| served.model).collect();
	for model in distinct.difference(&before) {
		ensure!(T::Models::exists(*model), Error::<T>::UnknownModel);
		ensure!(T::Models::is_callable(*model), Error::<T>::ModelPaused);
	}
	Ok(())
}
