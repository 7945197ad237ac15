//! Duplicates and frauds: accusing, confirming, contesting, deciding, slashing. Everything is
//! checked before anything is written.
//!
//! Who accuses is rewarded only for what is beyond the curator's power: a verdict of governance, or a
//! proof. Otherwise a curator could share the bonds of those who do not look after their own with a
//! second account.

use crate::{
	claims::Due, Accusation, AccusationOf, AccusationReason, AccusationStage, Accusations, Config,
	ContributionOf, ContributionStatus, Contributions, Datanets, DirectEarnings, Error, Event,
	HoldReason, Pallet, RootOwner,
};
use frame_support::{
	dispatch::DispatchResult,
	ensure,
	traits::{
		fungible::{Inspect, MutateHold},
		tokens::{DepositConsequence, Fortitude, Precision, Provenance, Restriction},
		Get,
	},
};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{contribution::Standing, history::History, Balance, ContributionId};
use sp_runtime::{
	traits::{Saturating, Zero},
	ArithmeticError, DispatchError, Permill,
};

impl<T: Config> Pallet<T> {
	/// See [`accuse_contribution`](Pallet::accuse_contribution). Returns how many releases were looked
	/// at: none if nothing is slashed yet.
	pub(crate) fn do_accuse(
		accuser: T::AccountId,
		contribution: ContributionId,
		reason: AccusationReason,
	) -> Result<u32, DispatchError> {
		let entry = Self::contribution(contribution)?;
		match entry.status {
			ContributionStatus::Pending => return Err(Error::<T>::NotAccepted.into()),
			ContributionStatus::Slashed => return Err(Error::<T>::AlreadySlashed.into()),
			ContributionStatus::Accepted | ContributionStatus::Stopped(_) => (),
		}
		ensure!(accuser != entry.contributor, Error::<T>::AccuserIsContributor);
		let datanet = Datanets::<T>::get(entry.datanet).ok_or(Error::<T>::UnknownDatanet)?;
		ensure!(datanet.curator() != Some(&accuser), Error::<T>::AccuserIsCurator);
		let unsettled = Accusations::<T>::get(contribution);
		if let AccusationReason::Duplicate(original) = reason {
			if Self::has_taken_root(original, &entry) {
				// Nobody can stand in the way of this with an accusation of their own.
				let share = T::ReporterShare::get();
				return Self::slash(contribution, entry, &accuser, share, unsettled);
			}
			ensure!(original < contribution, Error::<T>::NotEarlier);
			ensure!(Contributions::<T>::contains_key(original), Error::<T>::UnknownContribution);
		}
		ensure!(unsettled.is_none(), Error::<T>::ContributionAccused);
		let deposit = entry.bond.max(T::ContributionBond::get());
		T::Currency::hold(&HoldReason::Accusation.into(), &accuser, deposit)?;

		let until = Self::contest_period_from_now();
		let stage = AccusationStage::Reported(until);
		let accusation = Accusation { accuser: accuser.clone(), deposit, reason, stage };
		Accusations::<T>::insert(contribution, accusation);
		Self::deposit_event(Event::ContributionAccused { contribution, accuser, reason, until });
		Ok(0)
	}

	/// Returns `true` if `original` has taken the root of the accused contribution over, which is a proof: it
	/// has the same root, owns it, and counts from earlier. As long as it is pending it proves nothing:
	/// it could be gone again in the same block, and who has it would have risked no bond.
	fn has_taken_root(original: ContributionId, accused: &ContributionOf<T>) -> bool {
		RootOwner::<T>::get(accused.root) == Some(original)
			&& Contributions::<T>::get(original).is_some_and(|entry| {
				Self::is_settled(&entry)
					&& entry.root == accused.root
					&& entry.since < accused.since
			})
	}

	pub(crate) fn do_confirm(who: &T::AccountId, contribution: ContributionId) -> DispatchResult {
		Self::curated_contribution(who, contribution)?;
		let mut accusation = Self::accusation(contribution)?;
		let until = match accusation.stage {
			AccusationStage::Reported(until) | AccusationStage::Escalated(until) => until,
			AccusationStage::Confirmed(_) => return Err(Error::<T>::AlreadyConfirmed.into()),
			AccusationStage::Contested(_) => return Err(Error::<T>::AccusationContested.into()),
		};
		// An accuser may have become the curator since.
		ensure!(accusation.accuser != *who, Error::<T>::AccuserIsCurator);
		ensure!(frame_system::Pallet::<T>::block_number() < until, Error::<T>::TooLate);

		let until = Self::contest_period_from_now();
		accusation.stage = AccusationStage::Confirmed(until);
		Accusations::<T>::insert(contribution, accusation);
		Self::deposit_event(Event::AccusationConfirmed { contribution, until });
		Ok(())
	}

	pub(crate) fn do_contest(who: &T::AccountId, contribution: ContributionId) -> DispatchResult {
		Self::contribution_of(who, contribution)?;
		let mut accusation = Self::accusation(contribution)?;
		let until = Self::confirmed_until(&accusation)?;
		ensure!(frame_system::Pallet::<T>::block_number() < until, Error::<T>::TooLate);

		let until = Self::verdict_period_from_now();
		accusation.stage = AccusationStage::Contested(until);
		Accusations::<T>::insert(contribution, accusation);
		Self::deposit_event(Event::AccusationContested { contribution, until });
		Ok(())
	}

	pub(crate) fn do_escalate(who: &T::AccountId, contribution: ContributionId) -> DispatchResult {
		let entry = Self::contribution(contribution)?;
		let mut accusation = Self::accusation(contribution)?;
		ensure!(accusation.accuser == *who, Error::<T>::NotAccuser);
		match accusation.stage {
			AccusationStage::Reported(_) => (),
			AccusationStage::Confirmed(_) => return Err(Error::<T>::AlreadyConfirmed.into()),
			AccusationStage::Contested(_) => return Err(Error::<T>::AccusationContested.into()),
			AccusationStage::Escalated(_) => return Err(Error::<T>::AlreadyEscalated.into()),
		}

		// Neither the curator's right to confirm it nor what it costs to drop it ends with this. It costs
		// as much once more, and at once: it ties the bond for all the time that governance has, whatever
		// becomes of it.
		let charged = Self::dropped_share(accusation.deposit);
		let rest = accusation.deposit.checked_sub(charged).ok_or(ArithmeticError::Underflow)?;
		Self::compensate(&accusation.accuser, entry.contributor, charged)?;

		let until = Self::verdict_period_from_now();
		accusation.deposit = rest;
		accusation.stage = AccusationStage::Escalated(until);
		Accusations::<T>::insert(contribution, accusation);
		Self::deposit_event(Event::AccusationEscalated { contribution, until, charged });
		Ok(())
	}

	pub(crate) fn do_drop_accusation(
		who: &T::AccountId,
		contribution: ContributionId,
	) -> DispatchResult {
		let entry = Self::contribution(contribution)?;
		let Accusation { accuser, deposit, stage, .. } = Self::accusation(contribution)?;
		let now = frame_system::Pallet::<T>::block_number();
		let charged = match stage {
			AccusationStage::Reported(until) => {
				ensure!(accuser == *who || now >= until, Error::<T>::TooEarly);
				Self::dropped_share(deposit)
			}
			// Not even by the accuser before: governance has been asked.
			AccusationStage::Escalated(until) => {
				ensure!(now >= until, Error::<T>::TooEarly);
				Self::dropped_share(deposit)
			}
			AccusationStage::Confirmed(_) => return Err(Error::<T>::AlreadyConfirmed.into()),
			// The curator agreed with the accuser, whose fault it is not that nobody has decided.
			AccusationStage::Contested(until) => {
				ensure!(now >= until, Error::<T>::TooEarly);
				Balance::zero()
			}
		};
		let rest = deposit.checked_sub(charged).ok_or(ArithmeticError::Underflow)?;
		let to = Self::compensate(&accuser, entry.contributor, charged)?;
		let reason = HoldReason::Accusation.into();
		T::Currency::release(&reason, &accuser, rest, Precision::Exact)?;

		Accusations::<T>::remove(contribution);
		Self::deposit_event(Event::AccusationDropped { contribution, charged, accuser, to });
		Ok(())
	}

	/// See [`execute_slash`](Pallet::execute_slash). Returns how many releases were looked at.
	pub(crate) fn do_execute_slash(contribution: ContributionId) -> Result<u32, DispatchError> {
		let entry = Self::contribution(contribution)?;
		let accusation = Self::accusation(contribution)?;
		let until = Self::confirmed_until(&accusation)?;
		ensure!(frame_system::Pallet::<T>::block_number() >= until, Error::<T>::TooEarly);
		let accuser = accusation.accuser.clone();
		Self::slash(contribution, entry, &accuser, Permill::zero(), Some(accusation))
	}

	/// See [`resolve_accusation`](Pallet::resolve_accusation). Returns how many releases were
	/// looked at.
	pub(crate) fn do_resolve(
		contribution: ContributionId,
		accuser: &T::AccountId,
		guilty: bool,
	) -> Result<u32, DispatchError> {
		let entry = Self::contribution(contribution)?;
		let accusation = Self::accusation(contribution)?;
		// The one that was decided about may have been dropped meanwhile, and another one made.
		ensure!(accusation.accuser == *accuser, Error::<T>::OtherAccusation);
		if guilty {
			let (accuser, share) = (accusation.accuser.clone(), T::ReporterShare::get());
			return Self::slash(contribution, entry, &accuser, share, Some(accusation));
		}
		let Accusation { accuser, deposit, .. } = accusation;
		Self::forfeit(HoldReason::Accusation, &accuser, &entry.contributor, deposit)?;

		Accusations::<T>::remove(contribution);
		Self::deposit_event(Event::ContributionAcquitted {
			contribution,
			accuser,
			to_contributor: deposit,
		});
		Ok(0)
	}

	/// Slashes a contribution. What it has earned from its releases is moved to where no later
	/// payment can touch it; from then on, what they owe it belongs to the protocol. Of its bond, the
	/// accuser gets the share given. The accusation that there may be is over, whoever made it.
	/// Returns how many releases were looked at.
	fn slash(
		contribution: ContributionId,
		mut entry: ContributionOf<T>,
		accuser: &T::AccountId,
		share: Permill,
		accusation: Option<AccusationOf<T>>,
	) -> Result<u32, DispatchError> {
		let datanet = entry.datanet;
		let mut datanet_entry = Datanets::<T>::get(datanet).ok_or(Error::<T>::UnknownDatanet)?;
		let latest = datanet_entry.latest_release;
		let first = entry.checkpoints.first().map_or(1, |point| point.from_release);
		let looked_at = latest.saturating_add(1).saturating_sub(first);
		let releases = (first..=latest).filter(|release| !entry.weight_at(*release).is_zero());
		let Due { amount: kept, payouts, .. } = Self::due(contribution, &entry, releases)?;
		let direct = DirectEarnings::<T>::get(contribution)
			.checked_add(kept)
			.ok_or(ArithmeticError::Overflow)?;
		let next = latest.saturating_add(1);
		if !entry.weight_at(next).is_zero() {
			Self::weigh(&mut entry, &mut datanet_entry, next, 0)?;
		}
		let bond = core::mem::take(&mut entry.bond);
		let to_accuser = openledger_primitives::split::part_of(bond, share);
		let to_protocol = bond.checked_sub(to_accuser).ok_or(ArithmeticError::Underflow)?;
		Self::forfeit(HoldReason::Contribution, &entry.contributor, accuser, to_accuser)?;
		let protocol = T::ProtocolAccount::get();
		Self::forfeit(HoldReason::Contribution, &entry.contributor, &protocol, to_protocol)?;
		if let Some(Accusation { accuser, deposit, .. }) = accusation {
			let reason = HoldReason::Accusation.into();
			T::Currency::release(&reason, &accuser, deposit, Precision::Exact)?;
			Accusations::<T>::remove(contribution);
		}

		// So that whose it really is can submit it.
		Self::free_root(contribution, entry.root);
		entry.status = ContributionStatus::Slashed;
		let now = frame_system::Pallet::<T>::block_number();
		if entry.standing.set(now, Standing::Slashed, Self::oldest_needed()).is_err() {
			// A place is kept for this. Were there none, it would not go unpunished all the same.
			entry.standing = History::new(now, Standing::Slashed);
		}
		Contributions::<T>::insert(contribution, entry);
		Datanets::<T>::insert(datanet, datanet_entry);
		if !direct.is_zero() {
			DirectEarnings::<T>::insert(contribution, direct);
		}
		Self::set_claimed(contribution, &payouts);
		Self::deposit_event(Event::ContributionSlashed {
			contribution,
			datanet,
			accuser: accuser.clone(),
			to_accuser,
			to_protocol,
			kept,
		});
		Ok(looked_at)
	}

	/// Part of a deposit that it costs to have a contribution accused without the curator's agreement.
	fn dropped_share(deposit: Balance) -> Balance {
		openledger_primitives::split::part_of(deposit, T::DroppedShare::get())
	}

	/// Gives a part of an accuser's deposit to the contributor. Returns who got it: nobody if it is
	/// nothing.
	fn compensate(
		accuser: &T::AccountId,
		contributor: T::AccountId,
		amount: Balance,
	) -> Result<Option<T::AccountId>, DispatchError> {
		if amount.is_zero() {
			return Ok(None);
		}
		let to = match T::Currency::can_deposit(&contributor, amount, Provenance::Extant) {
			DepositConsequence::Success => contributor,
			// Whoever has no account must not keep the accuser from going on.
			_ => T::ProtocolAccount::get(),
		};
		Self::forfeit(HoldReason::Accusation, accuser, &to, amount)?;
		Ok(Some(to))
	}

	/// Gives what is held on one account to another.
	fn forfeit(
		reason: HoldReason,
		from: &T::AccountId,
		to: &T::AccountId,
		amount: Balance,
	) -> DispatchResult {
		if amount.is_zero() {
			return Ok(());
		}
		T::Currency::transfer_on_hold(
			&reason.into(),
			from,
			to,
			amount,
			Precision::Exact,
			Restriction::Free,
			Fortitude::Force,
		)?;
		Ok(())
	}

	/// The accusation against a contribution.
	fn accusation(contribution: ContributionId) -> Result<AccusationOf<T>, DispatchError> {
		Accusations::<T>::get(contribution).ok_or(Error::<T>::NoAccusation.into())
	}

	/// The block before which a confirmed accusation can be contested.
	fn confirmed_until(accusation: &AccusationOf<T>) -> Result<BlockNumberFor<T>, DispatchError> {
		match accusation.stage {
			AccusationStage::Reported(_) | AccusationStage::Escalated(_) => {
				Err(Error::<T>::NotConfirmed.into())
			}
			AccusationStage::Confirmed(until) => Ok(until),
			AccusationStage::Contested(_) => Err(Error::<T>::AccusationContested.into()),
		}
	}

	fn contest_period_from_now() -> BlockNumberFor<T> {
		frame_system::Pallet::<T>::block_number().saturating_add(T::ContestPeriod::get())
	}

	fn verdict_period_from_now() -> BlockNumberFor<T> {
		frame_system::Pallet::<T>::block_number().saturating_add(T::VerdictPeriod::get())
	}
}
