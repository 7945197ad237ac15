//! The contributors' calls: submitting, withdrawing, stopping, handing over. Everything is checked
//! before anything is written.

use crate::{
	Accusations, Config, ContributionOf, ContributionStatus, Contributions, ContributionsOf,
	Datanets, Error, Event, HoldReason, NextContributionId, Pallet, RootOwner,
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
	contribution::{Submission, SubmissionError},
	history::History,
	ContributionId, DatanetId, Hash,
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
	/// The contribution that has the root, and has to give way.
	displaces: Option<(ContributionId, ContributionOf<T>)>,
}

impl<T: Config> Pallet<T> {
	/// See [`submit_contributions`](Pallet::submit_contributions). Returns how many contributions had
	/// to give way.
	pub(crate) fn do_submit(
		contributor: T::AccountId,
		datanet: DatanetId,
		submissions: &[Submission],
	) -> Result<u32, DispatchError> {
		let entry = Datanets::<T>::get(datanet).ok_or(Error::<T>::UnknownDatanet)?;
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
		let bond = T::ContributionBond::get();
		let bonds = bond.checked_mul(count.into()).ok_or(ArithmeticError::Overflow)?;
		T::Currency::hold(&HoldReason::Contribution.into(), &contributor, bonds)?;

		NextContributionId::<T>::put(next);
		let mut displaced = 0u32;
		for (id, (submission, right)) in (first..next).zip(submissions.iter().zip(rights)) {
			if let Some(commitment) = right.reserved {
				Self::end_reservation(commitment)?;
			}
			let Submission { root, size, uri, format, licence } = submission.clone();
			let mut new = ContributionOf::<T> {
				datanet,
				contributor: contributor.clone(),
				beneficiary: None,
				root,
				size,
				uri,
				format,
				licence,
				bond,
				since: right.since,
				kept_until: right.kept_until,
				displaced: None,
				shown_at: None,
				status: ContributionStatus::Pending,
				standing: History::default(),
				place: None,
				checkpoints: Default::default(),
			};
			if let Some((contribution, entry)) = right.displaces {
				displaced = displaced.saturating_add(1);
				if entry.status == ContributionStatus::Pending {
					// Whom it has taken the root from still has to get it back.
					new.displaced = entry.displaced;
					Self::remove_contribution(contribution, &entry)?;
					Self::deposit_event(Event::ContributionDisplaced { contribution, by: id });
				} else {
					// Releases may have it. Without its root it is a proven duplicate of one that gets
					// accepted.
					new.displaced = Some(contribution);
					Self::deposit_event(Event::RootTakenOver { contribution, by: id });
				}
			}
			Self::insert_pending(id, new);
		}
		Ok(displaced)
	}

	pub(crate) fn do_withdraw(who: &T::AccountId, contribution: ContributionId) -> DispatchResult {
		let entry = Self::contribution_of(who, contribution)?;
		ensure!(entry.status == ContributionStatus::Pending, Error::<T>::NotPending);
		Self::remove_contribution(contribution, &entry)?;
		Self::give_root_back(contribution, &entry);
		Self::deposit_event(Event::ContributionWithdrawn { contribution });
		Ok(())
	}

	pub(crate) fn do_stop(who: &T::AccountId, contribution: ContributionId) -> DispatchResult {
		let mut entry = Self::contribution_of(who, contribution)?;
		ensure!(entry.status == ContributionStatus::Accepted, Error::<T>::NotAccepted);
		let datanet = entry.datanet;
		let mut datanet_entry = Datanets::<T>::get(datanet).ok_or(Error::<T>::UnknownDatanet)?;
		// Even if there will be no such release.
		let from_release = datanet_entry.latest_release.saturating_add(1);
		Self::weigh(&mut entry, &mut datanet_entry, from_release, 0)?;
		let now = frame_system::Pallet::<T>::block_number();
		let bond_until = now.saturating_add(T::BondLockPeriod::get());
		entry.status = ContributionStatus::Stopped(bond_until);

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
		// A weight that no release got was replaced by the 0 of stopping.
		if entry.checkpoints.iter().all(|point| point.weight.is_zero()) {
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

	/// Removes a contribution that has never earned, and releases its bond. What becomes of its root
	/// is left to the caller.
	pub(crate) fn remove_contribution(
		id: ContributionId,
		contribution: &ContributionOf<T>,
	) -> DispatchResult {
		let reason = HoldReason::Contribution.into();
		let ContributionOf::<T> { contributor, bond, .. } = contribution;
		T::Currency::release(&reason, contributor, *bond, Precision::Exact)?;

		Contributions::<T>::remove(id);
		ContributionsOf::<T>::remove(contributor, id.to_be_bytes());
		Ok(())
	}

	/// Gives the root of a contribution that is gone back to the one that it was taken over from, if
	/// that is still there and was not slashed, or else lets others have it. Returns whether it was
	/// given back.
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

	/// Lets others have a contribution's root, unless another one has it already.
	pub(crate) fn free_root(id: ContributionId, root: Hash) {
		if RootOwner::<T>::get(root) == Some(id) {
			RootOwner::<T>::remove(root);
		}
	}

	fn ensure_not_accused(contribution: ContributionId) -> DispatchResult {
		ensure!(!Accusations::<T>::contains_key(contribution), Error::<T>::ContributionAccused);
		Ok(())
	}

	/// Finds out whether a contributor may have a root: if nobody has it, or a contribution that
	/// counts from later than the contributor's reservation, or one that was pending for too long.
	fn right_to(
		submission: &Submission,
		contributor: &T::AccountId,
	) -> Result<Right<T>, DispatchError> {
		let now = frame_system::Pallet::<T>::block_number();
		let commitment = Self::commitment(submission.root, contributor);
		let reservation = crate::Reservations::<T>::get(commitment);
		let (since, kept_until) = match &reservation {
			Some(reservation) if now < reservation.expires_at => {
				(reservation.at, reservation.kept.then_some(reservation.expires_at))
			}
			_ => (now, None),
		};
		let displaces = match RootOwner::<T>::get(submission.root) {
			None => None,
			Some(owner) => {
				let entry = Self::contribution(owner)?;
				ensure!(
					since < entry.since || Self::is_overdue(&entry, since),
					Error::<T>::RootTaken
				);
				Some((owner, entry))
			}
		};
		Ok(Right { since, kept_until, reserved: reservation.map(|_| commitment), displaces })
	}

	/// Returns `true` if a contribution was pending for so long that it gives way to one that counts from
	/// `since`. What it has taken the root over from must have no better right: the root is not free
	/// only because nobody decides about who contends for it.
	fn is_overdue(contribution: &ContributionOf<T>, since: BlockNumberFor<T>) -> bool {
		// With what a rejection has left, it may have been submitted long after it counts from, but not
		// after that was over.
		let submitted = contribution.kept_until.unwrap_or_default().max(contribution.since);
		// What is older than the time to decide counts from block 0. Nobody could know then that there
		// would be one, so it has no end.
		contribution.status == ContributionStatus::Pending
			&& !contribution.since.is_zero()
			&& frame_system::Pallet::<T>::block_number()
				>= submitted.saturating_add(T::PendingPeriod::get())
			&& Self::goes_back_to(contribution).is_none_or(|(_, before)| since < before.since)
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
		let ContributionOf::<T> { datanet, root, format, since, .. } = entry;
		let contributor = entry.contributor.clone();
		RootOwner::<T>::insert(root, contribution);
		ContributionsOf::<T>::insert(&contributor, contribution.to_be_bytes(), ());
		Contributions::<T>::insert(contribution, entry);
		Self::deposit_event(Event::ContributionSubmitted {
			contribution,
			datanet,
			contributor,
			root,
			format,
			since,
		});
	}
}
