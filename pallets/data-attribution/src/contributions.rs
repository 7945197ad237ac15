//! The contributors' calls: submitting, withdrawing, stopping, handing over. Everything is checked
//! before anything is written.

use crate::{
	Accusations, Config, ContributionOf, ContributionStatus, Contributions, ContributionsOf,
	DatanetOf, Datanets, Error, Event, HoldReason, NextContributionId, Pallet, Possession,
	Reservations, RootOwner,
};
use alloc::{collections::BTreeSet, vec::Vec};
use frame_support::{
	dispatch::DispatchResult,
	ensure,
	traits::{
		fungible::MutateHold,
		tokens::{Fortitude, Precision, Restriction},
		Get,
	},
};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{
	contribution::{is_provable, Submission, SubmissionError},
	history::History,
	ContributionId, DatanetId, Hash, ReleaseId,
};
use sp_runtime::{
	traits::{Saturating, Zero},
	ArithmeticError, DispatchError, SaturatedConversion,
};

/// The right that a submission rests on.
struct Right<T: Config> {
	/// The block from which it counts.
	since: BlockNumberFor<T>,
	/// Until when no other rejection can make that reach further: see [`Contribution::kept_until`](crate::Contribution::kept_until).
	kept_until: Option<BlockNumberFor<T>>,
	/// The commitment under which the root was reserved.
	reserved: Option<Hash>,
}

impl<T: Config> Pallet<T> {
	/// See [`submit_contributions`](Pallet::submit_contributions).
	pub(crate) fn do_submit(
		contributor: T::AccountId,
		datanet: DatanetId,
		submissions: &[Submission],
	) -> DispatchResult {
		let mut entry = Datanets::<T>::get(datanet).ok_or(Error::<T>::UnknownDatanet)?;
		ensure!(Self::admits(datanet, &entry, &contributor), Error::<T>::NotAdmitted);
		ensure!(!submissions.is_empty(), Error::<T>::EmptySubmission);
		let mut roots = BTreeSet::new();
		let mut rights = Vec::with_capacity(submissions.len());
		for submission in submissions {
			submission.check().map_err(|error| match error {
				SubmissionError::Empty => Error::<T>::EmptyContribution,
				SubmissionError::Format => Error::<T>::UnknownFormat,
				SubmissionError::TooLong => Error::<T>::StreamTooLong,
			})?;
			ensure!(roots.insert(submission.root), Error::<T>::RootTaken);
			rights.push(Self::right_to(submission, &contributor)?);
		}
		let count = submissions.len().saturated_into::<u32>();
		let first = NextContributionId::<T>::get();
		let next = first.checked_add(count.into()).ok_or(Error::<T>::OutOfIds)?;
		entry.contributions = entry.contributions.checked_add(count).ok_or(Error::<T>::OutOfIds)?;
		let bond = T::ContributionBond::get();
		let bonds = bond.checked_mul(count.into()).ok_or(ArithmeticError::Overflow)?;
		T::Currency::hold(&HoldReason::Contribution.into(), &contributor, bonds)?;

		NextContributionId::<T>::put(next);
		Datanets::<T>::insert(datanet, entry);
		for (id, (submission, right)) in (first..next).zip(submissions.iter().zip(rights)) {
			let Right { since, kept_until, reserved } = right;
			if let Some(commitment) = reserved {
				Reservations::<T>::mutate(commitment, |entry| {
					if let Some(entry) = entry {
						entry.used_by = Some(id);
					}
				});
			}
			let Submission { root, size, uri, format, licence } = submission.clone();
			let possession = match is_provable(format) {
				true => Possession::Owed(Self::wait_for_draw()),
				false => Possession::Unprovable,
			};
			let new = ContributionOf::<T> {
				datanet,
				contributor: contributor.clone(),
				beneficiary: None,
				root,
				size,
				uri,
				format,
				licence,
				bond,
				since,
				kept_until,
				displaced: None,
				possession,
				status: ContributionStatus::Pending,
				taken_down: None,
				standing: History::default(),
				place: None,
				checkpoints: Default::default(),
			};
			Self::insert_pending(id, new);
		}
		Ok(())
	}

	pub(crate) fn do_withdraw(who: &T::AccountId, contribution: ContributionId) -> DispatchResult {
		let entry = Self::contribution_of(who, contribution)?;
		ensure!(entry.status == ContributionStatus::Pending, Error::<T>::NotPending);
		Self::remove_contribution(contribution, &entry)?;
		Self::give_root_back(contribution, &entry);
		Self::deposit_event(Event::ContributionWithdrawn { contribution });
		Ok(())
	}

	/// See [`lapse_contribution`](Pallet::lapse_contribution).
	pub(crate) fn do_lapse(contribution: ContributionId) -> DispatchResult {
		let entry = Self::contribution(contribution)?;
		ensure!(entry.status == ContributionStatus::Pending, Error::<T>::NotPending);
		let until = match entry.possession {
			Possession::Owed(draw) => Self::show_until(draw),
			Possession::Shown(from) => from.saturating_add(T::PendingPeriod::get()),
			Possession::Unprovable => entry.since.saturating_add(T::PendingPeriod::get()),
		};
		ensure!(frame_system::Pallet::<T>::block_number() >= until, Error::<T>::TooEarly);
		Self::let_go(contribution, entry)?;
		Self::deposit_event(Event::ContributionLapsed { contribution });
		Ok(())
	}

	/// Removes a pending contribution that is not accepted, by a decision or for want of one. Its contributor keeps
	/// a claim to the root, if its data was shown: everybody has seen the root by now. But who is given a root
	/// back must not lose it to the same claim over and over.
	pub(crate) fn let_go(contribution: ContributionId, entry: ContributionOf<T>) -> DispatchResult {
		Self::remove_contribution(contribution, &entry)?;
		let given_back = Self::give_root_back(contribution, &entry);
		if entry.shown_at().is_some() && !given_back {
			Self::keep_root(entry)?;
		}
		Ok(())
	}

	pub(crate) fn do_stop(who: &T::AccountId, contribution: ContributionId) -> DispatchResult {
		let mut entry = Self::contribution_of(who, contribution)?;
		ensure!(entry.status == ContributionStatus::Accepted, Error::<T>::NotAccepted);
		let datanet = entry.datanet;
		let mut datanet_entry = Datanets::<T>::get(datanet).ok_or(Error::<T>::UnknownDatanet)?;
		let (from_release, bond_until) = Self::leave_releases(&mut entry, &mut datanet_entry)?;

		Contributions::<T>::insert(contribution, entry);
		Datanets::<T>::insert(datanet, datanet_entry);
		Self::deposit_event(Event::ContributionStopped {
			contribution,
			datanet,
			from_release,
			bond_until,
		});
		Ok(())
	}

	/// Keeps an accepted contribution out of the next release and all after it, for good. Returns the number of that,
	/// and from which block on the bond may be taken back. Neither entry is written.
	pub(crate) fn leave_releases(
		entry: &mut ContributionOf<T>,
		datanet: &mut DatanetOf<T>,
	) -> Result<(ReleaseId, BlockNumberFor<T>), DispatchError> {
		// Even if there will be no such release.
		let from_release = datanet.latest_release.saturating_add(1);
		if !entry.weight_at(from_release).is_zero() {
			Self::weigh(entry, datanet, from_release, 0)?;
		}
		// Nothing is left to come back to, either.
		entry.taken_down = entry.taken_down.map(|_| 0);
		let now = frame_system::Pallet::<T>::block_number();
		let bond_until = now.saturating_add(T::BondLockPeriod::get());
		entry.status = ContributionStatus::Stopped(bond_until);
		Ok((from_release, bond_until))
	}

	pub(crate) fn do_withdraw_bond(
		who: &T::AccountId,
		contribution: ContributionId,
	) -> DispatchResult {
		let mut entry = Self::contribution_of(who, contribution)?;
		let ContributionStatus::Stopped(until) = entry.status else {
			return Err(Error::<T>::NotStopped.into());
		};
		Self::ensure_not_accused(contribution)?;
		ensure!(frame_system::Pallet::<T>::block_number() >= until, Error::<T>::BondLocked);
		// A weight that no release got was replaced by the 0 of stopping. What is taken down keeps its root, so
		// that nobody brings the same data anew.
		let in_none = entry.checkpoints.iter().all(|point| point.weight.is_zero());
		if in_none && entry.taken_down.is_none() {
			Self::remove_contribution(contribution, &entry)?;
			Self::give_root_back(contribution, &entry);
			Self::deposit_event(Event::ContributionWithdrawn { contribution });
			return Ok(());
		}
		// The rest pays for what stays stored.
		let amount = entry.bond.saturating_sub(T::ContributionDeposit::get());
		ensure!(!amount.is_zero(), Error::<T>::NothingHeld);
		entry.bond = entry.bond.saturating_sub(amount);
		let reason = HoldReason::Contribution.into();
		T::Currency::release(&reason, &entry.contributor, amount, Precision::Exact)?;

		Contributions::<T>::insert(contribution, entry);
		Self::deposit_event(Event::BondReturned { contribution, amount });
		Ok(())
	}

	pub(crate) fn do_transfer(
		from: T::AccountId,
		contribution: ContributionId,
		to: T::AccountId,
	) -> DispatchResult {
		let mut entry = Self::contribution_of(&from, contribution)?;
		ensure!(from != to, Error::<T>::SameAccount);
		ensure!(entry.status != ContributionStatus::Slashed, Error::<T>::AlreadySlashed);
		// Who has reserved its root is not somebody else then.
		ensure!(!matches!(entry.possession, Possession::Owed(_)), Error::<T>::NotShown);
		Self::ensure_not_accused(contribution)?;
		if !entry.bond.is_zero() {
			T::Currency::transfer_on_hold(
				&HoldReason::Contribution.into(),
				&from,
				&to,
				entry.bond,
				Precision::Exact,
				Restriction::OnHold,
				Fortitude::Polite,
			)?;
		}

		entry.contributor = to.clone();
		entry.beneficiary = None;
		Contributions::<T>::insert(contribution, entry);
		let key = contribution.to_be_bytes();
		ContributionsOf::<T>::remove(&from, key);
		ContributionsOf::<T>::insert(&to, key, ());
		Self::deposit_event(Event::ContributionTransferred { contribution, from, to });
		Ok(())
	}

	pub(crate) fn do_set_beneficiary(
		who: &T::AccountId,
		contribution: ContributionId,
		beneficiary: Option<T::AccountId>,
	) -> DispatchResult {
		let mut entry = Self::contribution_of(who, contribution)?;
		entry.beneficiary = beneficiary.clone();

		Contributions::<T>::insert(contribution, entry);
		Self::deposit_event(Event::BeneficiarySet { contribution, beneficiary });
		Ok(())
	}

	/// The contribution.
	pub(crate) fn contribution(
		contribution: ContributionId,
	) -> Result<ContributionOf<T>, DispatchError> {
		Contributions::<T>::get(contribution).ok_or(Error::<T>::UnknownContribution.into())
	}

	/// The contribution, if it is `who`'s.
	pub(crate) fn contribution_of(
		who: &T::AccountId,
		contribution: ContributionId,
	) -> Result<ContributionOf<T>, DispatchError> {
		let entry = Self::contribution(contribution)?;
		ensure!(entry.contributor == *who, Error::<T>::NotContributor);
		Ok(entry)
	}

	/// Returns `true` if a contribution has been accepted, and nothing was found against it.
	pub(crate) fn is_settled(contribution: &ContributionOf<T>) -> bool {
		match contribution.status {
			ContributionStatus::Accepted | ContributionStatus::Stopped(_) => true,
			ContributionStatus::Pending | ContributionStatus::Slashed => false,
		}
	}

	/// Removes a contribution that has never earned, and releases its bond. If its data was never shown, the
	/// reservation that it was submitted with was not used. What becomes of its root is left to the caller.
	pub(crate) fn remove_contribution(
		id: ContributionId,
		contribution: &ContributionOf<T>,
	) -> DispatchResult {
		let reason = HoldReason::Contribution.into();
		let ContributionOf::<T> { datanet, contributor, bond, .. } = contribution;
		T::Currency::release(&reason, contributor, *bond, Precision::Exact)?;
		if let Possession::Owed(draw) = contribution.possession {
			Self::end_use(id, contribution, false)?;
			Self::end_wait(draw);
		}

		Datanets::<T>::mutate(datanet, |entry| {
			if let Some(entry) = entry {
				entry.contributions = entry.contributions.saturating_sub(1);
			}
		});
		Contributions::<T>::remove(id);
		ContributionsOf::<T>::remove(contributor, id.to_be_bytes());
		Ok(())
	}

	/// Gives the root of a contribution that is gone, or slashed, back to the one that it was taken over from, if
	/// that is still there and was not slashed, or else lets others have it; unless another one has it already.
	/// Returns whether it was given back.
	pub(crate) fn give_root_back(id: ContributionId, gone: &ContributionOf<T>) -> bool {
		if RootOwner::<T>::get(gone.root) != Some(id) {
			return false;
		}
		let Some((contribution, _)) = Self::goes_back_to(gone) else {
			RootOwner::<T>::remove(gone.root);
			return false;
		};
		RootOwner::<T>::insert(gone.root, contribution);
		Self::deposit_event(Event::RootReturned { contribution, by: id });
		true
	}

	fn ensure_not_accused(contribution: ContributionId) -> DispatchResult {
		ensure!(!Self::is_accused(contribution), Error::<T>::ContributionAccused);
		Ok(())
	}

	/// Returns `true` if there is an accusation against a contribution.
	pub(crate) fn is_accused(contribution: ContributionId) -> bool {
		Accusations::<T>::iter_key_prefix(contribution).next().is_some()
	}

	/// Finds out from when a submission would count, and that its root is not owned by what counts from as early.
	/// Of what nothing can be shown, nobody owns the root.
	fn right_to(
		submission: &Submission,
		contributor: &T::AccountId,
	) -> Result<Right<T>, DispatchError> {
		let now = frame_system::Pallet::<T>::block_number();
		let mut right = Right { since: now, kept_until: None, reserved: None };
		if !is_provable(submission.format) {
			return Ok(right);
		}
		let commitment = Self::commitment(submission.root, contributor);
		if let Some(entry) = Reservations::<T>::get(commitment) {
			if entry.used_by.is_none() && now < entry.expires_at {
				right.since = entry.at;
				right.kept_until = entry.kept.then_some(entry.expires_at);
				right.reserved = Some(commitment);
			}
		}
		Self::owner_after(submission.root, right.since)?;
		Ok(right)
	}

	/// The contribution that a contribution has taken its root over from, if that is still there and
	/// was not slashed.
	fn goes_back_to(
		contribution: &ContributionOf<T>,
	) -> Option<(ContributionId, ContributionOf<T>)> {
		let before = contribution.displaced?;
		let entry = Contributions::<T>::get(before)?;
		(entry.root == contribution.root && Self::is_settled(&entry)).then_some((before, entry))
	}

	fn insert_pending(contribution: ContributionId, entry: ContributionOf<T>) {
		let ContributionOf::<T> { datanet, root, format, since, possession, .. } = entry;
		let contributor = entry.contributor.clone();
		let draw = match possession {
			Possession::Owed(draw) => Some(draw),
			Possession::Unprovable | Possession::Shown(_) => None,
		};
		ContributionsOf::<T>::insert(&contributor, contribution.to_be_bytes(), ());
		Contributions::<T>::insert(contribution, entry);
		Self::deposit_event(Event::ContributionSubmitted {
			contribution,
			datanet,
			contributor,
			root,
			format,
			since,
			draw,
		});
	}
}
