//! Duplicates and frauds: accusing, confirming, contesting, deciding. Everything is checked before anything is
//! written.
//!
//! Accusations stand side by side, one an account, and each is ended by itself: nothing goes through all of them,
//! so that nobody keeps others from accusing with accusations of their own, and there is no bound that could be
//! used up.
//!
//! Who accuses is rewarded only for what is beyond the curator's power: a verdict of governance, which names whose
//! accusation has led to it. Of several it is to be the first that is right, and never the contributor's own
//! second account: the chain cannot know whose account that is, governance can. Whatever an accusation costs
//! that was dropped, or came to nothing, goes to the protocol, as does the stake of the curator who was wrong with
//! it. So an accusation of one's own data, with a second account, costs the same as any other.

use crate::{
	Accusation, AccusationOf, AccusationReason, AccusationStage, Accusations, Config,
	ContributionOf, ContributionStatus, Contributions, Datanets, Error, Event, HoldReason, Pallet,
	Stake,
};
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
use openledger_primitives::{split::part_of, Balance, ContributionId};
use sp_runtime::{
	traits::{Saturating, Zero},
	ArithmeticError, DispatchError,
};

impl<T: Config> Pallet<T> {
	pub(crate) fn do_accuse(
		accuser: T::AccountId,
		contribution: ContributionId,
		reason: AccusationReason,
	) -> DispatchResult {
		let entry = Self::accusable(contribution)?;
		ensure!(accuser != entry.contributor, Error::<T>::AccuserIsContributor);
		let datanet = Datanets::<T>::get(entry.datanet).ok_or(Error::<T>::UnknownDatanet)?;
		ensure!(datanet.curator() != Some(&accuser), Error::<T>::AccuserIsCurator);
		if let AccusationReason::Duplicate(original) = reason {
			let earlier = Self::contribution(original)?;
			ensure!(
				(earlier.since, original) < (entry.since, contribution),
				Error::<T>::NotEarlier
			);
		}
		ensure!(
			!Accusations::<T>::contains_key(contribution, &accuser),
			Error::<T>::AlreadyAccused
		);
		let deposit = Self::at_stake(&entry);
		T::Currency::hold(&HoldReason::Accusation.into(), &accuser, deposit)?;

		let made_at = frame_system::Pallet::<T>::block_number();
		let until = made_at.saturating_add(T::ContestPeriod::get());
		let stage = AccusationStage::Reported(until);
		let accusation = Accusation { deposit, reason, made_at, stage, stake: None };
		Accusations::<T>::insert(contribution, &accuser, accusation);
		Self::deposit_event(Event::ContributionAccused { contribution, accuser, reason, until });
		Ok(())
	}

	pub(crate) fn do_confirm(
		who: T::AccountId,
		contribution: ContributionId,
		accuser: T::AccountId,
	) -> DispatchResult {
		let entry = Self::accusable(contribution)?;
		Self::curated(&who, entry.datanet)?;
		let mut accusation = Self::accusation(contribution, &accuser)?;
		let until = match accusation.stage {
			AccusationStage::Reported(until) | AccusationStage::Escalated(until) => until,
			AccusationStage::Confirmed(_) => return Err(Error::<T>::AlreadyConfirmed.into()),
			AccusationStage::Contested(_) => return Err(Error::<T>::AccusationContested.into()),
		};
		// An accuser may have become the curator since.
		ensure!(accuser != who, Error::<T>::AccuserIsCurator);
		let now = frame_system::Pallet::<T>::block_number();
		ensure!(now < until, Error::<T>::TooLate);
		let stake = Self::at_stake(&entry);
		T::Currency::hold(&HoldReason::Confirmation.into(), &who, stake)?;

		let until = now.saturating_add(T::ContestPeriod::get());
		accusation.stage = AccusationStage::Confirmed(until);
		accusation.stake = Some(Stake { curator: who, amount: stake });
		Accusations::<T>::insert(contribution, &accuser, accusation);
		Self::deposit_event(Event::AccusationConfirmed { contribution, until, accuser, stake });
		Ok(())
	}

	pub(crate) fn do_contest(
		who: &T::AccountId,
		contribution: ContributionId,
		accuser: T::AccountId,
	) -> DispatchResult {
		let entry = Self::accusable(contribution)?;
		ensure!(entry.contributor == *who, Error::<T>::NotContributor);
		let mut accusation = Self::accusation(contribution, &accuser)?;
		let until = Self::confirmed_until(&accusation)?;
		ensure!(frame_system::Pallet::<T>::block_number() < until, Error::<T>::TooLate);

		let until = Self::verdict_period_from_now();
		accusation.stage = AccusationStage::Contested(until);
		Accusations::<T>::insert(contribution, &accuser, accusation);
		Self::deposit_event(Event::AccusationContested { contribution, until, accuser });
		Ok(())
	}

	pub(crate) fn do_escalate(
		accuser: T::AccountId,
		contribution: ContributionId,
	) -> DispatchResult {
		Self::accusable(contribution)?;
		let mut accusation = Self::accusation(contribution, &accuser)?;
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
		let protocol = T::ProtocolAccount::get();
		Self::forfeit(HoldReason::Accusation, &accuser, &protocol, charged)?;

		let until = Self::verdict_period_from_now();
		accusation.deposit = rest;
		accusation.stage = AccusationStage::Escalated(until);
		Accusations::<T>::insert(contribution, &accuser, accusation);
		Self::deposit_event(Event::AccusationEscalated { contribution, until, charged, accuser });
		Ok(())
	}

	pub(crate) fn do_drop_accusation(
		who: &T::AccountId,
		contribution: ContributionId,
		accuser: T::AccountId,
	) -> DispatchResult {
		let entry = Self::contribution(contribution)?;
		let accusation = Self::accusation(contribution, &accuser)?;
		let now = frame_system::Pallet::<T>::block_number();
		let over = match accusation.stage {
			// It was right, or nobody needs to know any more.
			_ if entry.status == ContributionStatus::Slashed => {
				return Self::end_accusation(contribution, accuser, accusation, false);
			}
			AccusationStage::Reported(until) => accuser == *who || now >= until,
			// Not even by the accuser before: governance has been asked.
			AccusationStage::Escalated(until) | AccusationStage::Contested(until) => now >= until,
			AccusationStage::Confirmed(_) => return Err(Error::<T>::AlreadyConfirmed.into()),
		};
		ensure!(over, Error::<T>::TooEarly);
		Self::end_accusation(contribution, accuser, accusation, true)
	}

	/// See [`suspend_contribution`](Pallet::suspend_contribution).
	pub(crate) fn do_suspend(
		contribution: ContributionId,
		accuser: T::AccountId,
	) -> DispatchResult {
		let mut entry = Self::accusable(contribution)?;
		let accusation = Self::accusation(contribution, &accuser)?;
		let until = Self::confirmed_until(&accusation)?;
		ensure!(frame_system::Pallet::<T>::block_number() >= until, Error::<T>::TooEarly);
		let datanet = entry.datanet;
		let mut datanet_entry = Datanets::<T>::get(datanet).ok_or(Error::<T>::UnknownDatanet)?;
		let (from_release, bond_until) = Self::leave_releases(&mut entry, &mut datanet_entry)?;

		Contributions::<T>::insert(contribution, entry);
		Datanets::<T>::insert(datanet, datanet_entry);
		Self::deposit_event(Event::ContributionSuspended {
			contribution,
			datanet,
			accuser: accuser.clone(),
			from_release,
			bond_until,
		});
		Self::end_accusation(contribution, accuser, accusation, false)
	}

	/// See [`resolve_accusation`](Pallet::resolve_accusation). Returns how many releases were
	/// looked at.
	pub(crate) fn do_resolve(
		contribution: ContributionId,
		accuser: Option<T::AccountId>,
		guilty: bool,
	) -> Result<u32, DispatchError> {
		let entry = Self::accusable(contribution)?;
		if guilty {
			// If it was dropped meanwhile, the verdict holds all the same.
			let found = accuser.and_then(|accuser| {
				let accusation = Accusations::<T>::get(contribution, &accuser)?;
				Some((accuser, accusation))
			});
			let rewarded = found.as_ref().map(|(accuser, _)| accuser.clone());
			let looked_at = Self::slash(contribution, entry, rewarded)?;
			if let Some((accuser, accusation)) = found {
				Self::end_accusation(contribution, accuser, accusation, false)?;
			}
			return Ok(looked_at);
		}
		let accuser = accuser.ok_or(Error::<T>::NoAccusation)?;
		let Accusation { deposit, stake, .. } = Self::accusation(contribution, &accuser)?;
		Self::forfeit(HoldReason::Accusation, &accuser, &entry.contributor, deposit)?;
		let mut to_protocol = Balance::zero();
		if let Some(Stake { curator, amount }) = stake {
			// Not to the contributor: one who has made themselves look guilty must not gain by it.
			let protocol = T::ProtocolAccount::get();
			Self::forfeit(HoldReason::Confirmation, &curator, &protocol, amount)?;
			to_protocol = amount;
		}

		Accusations::<T>::remove(contribution, &accuser);
		Self::deposit_event(Event::ContributionAcquitted {
			contribution,
			accuser,
			to_contributor: deposit,
			to_protocol,
		});
		Ok(0)
	}

	/// Ends an accusation. If it is `charged`, the protocol gets a share of the accuser's deposit, and of the stake of
	/// the curator who has confirmed it; the rest is released.
	fn end_accusation(
		contribution: ContributionId,
		accuser: T::AccountId,
		accusation: AccusationOf<T>,
		charged: bool,
	) -> DispatchResult {
		let share = |amount| if charged { Self::dropped_share(amount) } else { Balance::zero() };
		let Accusation { deposit, stake, .. } = accusation;
		let mut to_protocol = share(deposit);
		Self::give_back(HoldReason::Accusation, &accuser, deposit, to_protocol)?;
		if let Some(Stake { curator, amount }) = stake {
			let lost = share(amount);
			Self::give_back(HoldReason::Confirmation, &curator, amount, lost)?;
			to_protocol = to_protocol.checked_add(lost).ok_or(ArithmeticError::Overflow)?;
		}

		Accusations::<T>::remove(contribution, &accuser);
		Self::deposit_event(Event::AccusationDropped {
			contribution,
			charged: to_protocol,
			accuser,
		});
		Ok(())
	}

	/// Amount that whoever accuses a contribution, or confirms that, has to put at stake, in planck: as much as its
	/// contributor has, but never less than for a new one.
	fn at_stake(entry: &ContributionOf<T>) -> Balance {
		entry.bond.max(T::ContributionBond::get())
	}

	/// Part of a deposit or stake that an accusation costs which comes to nothing.
	fn dropped_share(amount: Balance) -> Balance {
		part_of(amount, T::DroppedShare::get())
	}

	/// Releases what is held on an account, but for the part that the protocol gets.
	fn give_back(
		reason: HoldReason,
		who: &T::AccountId,
		held: Balance,
		to_protocol: Balance,
	) -> DispatchResult {
		let rest = held.checked_sub(to_protocol).ok_or(ArithmeticError::Underflow)?;
		Self::forfeit(reason, who, &T::ProtocolAccount::get(), to_protocol)?;
		T::Currency::release(&reason.into(), who, rest, Precision::Exact)?;
		Ok(())
	}

	/// Gives what is held on one account to another.
	pub(crate) fn forfeit(
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

	/// A contribution that was accepted, and not slashed.
	pub(crate) fn accusable(
		contribution: ContributionId,
	) -> Result<ContributionOf<T>, DispatchError> {
		let entry = Self::contribution(contribution)?;
		match entry.status {
			ContributionStatus::Pending => Err(Error::<T>::NotAccepted.into()),
			ContributionStatus::Slashed => Err(Error::<T>::AlreadySlashed.into()),
			ContributionStatus::Accepted | ContributionStatus::Stopped(_) => Ok(entry),
		}
	}

	/// The accusation of an account against a contribution.
	fn accusation(
		contribution: ContributionId,
		accuser: &T::AccountId,
	) -> Result<AccusationOf<T>, DispatchError> {
		Accusations::<T>::get(contribution, accuser).ok_or(Error::<T>::NoAccusation.into())
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

	fn verdict_period_from_now() -> BlockNumberFor<T> {
		frame_system::Pallet::<T>::block_number().saturating_add(T::VerdictPeriod::get())
	}
}
