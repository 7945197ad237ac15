//! Datanets and their releases, who may contribute, and who curates. Everything is checked before
//! anything is written.

use crate::{
	Admission, Admissions, Config, Datanet, DatanetIdByName, DatanetOf, Datanets, Error, Event,
	HoldReason, NextDatanetId, Pallet, Release, ReleaseLogs, Releases, MAX_RELEASES,
};
use frame_support::{
	dispatch::DispatchResult,
	ensure,
	traits::{fungible::MutateHold, tokens::Precision, Get},
};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{
	history::{History, NoRoom},
	is_valid_name,
	pool_index::PoolIndex,
	Balance, DatanetId, Name, ReleaseId, Weight,
};
use sp_runtime::{
	traits::{Saturating, Zero},
	ArithmeticError, DispatchError, Permill,
};

impl<T: Config> Pallet<T> {
	pub(crate) fn do_create(
		curator: T::AccountId,
		name: Name,
		open: bool,
		curator_share: Permill,
	) -> DispatchResult {
		ensure!(is_valid_name(&name), Error::<T>::InvalidName);
		ensure!(!DatanetIdByName::<T>::contains_key(&name), Error::<T>::NameTaken);
		ensure!(
			curator_share.is_zero() || curator_share <= T::MaxCuratorShare::get(),
			Error::<T>::CuratorShareTooHigh
		);
		let datanet = NextDatanetId::<T>::get();
		let next = datanet.checked_add(1).ok_or(Error::<T>::OutOfIds)?;
		let deposit = T::DatanetDeposit::get();
		T::Currency::hold(&HoldReason::Datanet.into(), &curator, deposit)?;

		NextDatanetId::<T>::put(next);
		DatanetIdByName::<T>::insert(&name, datanet);
		let now = frame_system::Pallet::<T>::block_number();
		let entry = Datanet {
			name: name.clone(),
			curators: History::new(now, curator.clone()),
			offered_to: None,
			open,
			curator_share,
			deposit,
			latest_release: ReleaseId::zero(),
			current: History::new(now, ReleaseId::zero()),
			next_total_weight: Weight::zero(),
			next_contributions: 0,
			contributions: 0,
			changed: false,
		};
		Datanets::<T>::insert(datanet, entry);
		Self::deposit_event(Event::DatanetCreated { datanet, curator, name, open, curator_share });
		Ok(())
	}

	pub(crate) fn do_remove(who: &T::AccountId, datanet: DatanetId) -> DispatchResult {
		let entry = Self::curated(who, datanet)?;
		let unused = entry.latest_release.is_zero()
			&& entry.contributions.is_zero()
			&& Admissions::<T>::iter_key_prefix(datanet).next().is_none();
		ensure!(unused, Error::<T>::DatanetInUse);
		let reason = HoldReason::Datanet.into();
		T::Currency::release(&reason, who, entry.deposit, Precision::Exact)?;

		Datanets::<T>::remove(datanet);
		DatanetIdByName::<T>::remove(entry.name);
		// Of contributions that no release had, and that are gone.
		ReleaseLogs::<T>::remove(datanet);
		Self::deposit_event(Event::DatanetRemoved { datanet });
		Ok(())
	}

	pub(crate) fn do_publish(who: &T::AccountId, datanet: DatanetId) -> DispatchResult {
		let mut entry = Self::curated(who, datanet)?;
		ensure!(!entry.next_total_weight.is_zero(), Error::<T>::EmptyRelease);
		ensure!(entry.changed, Error::<T>::NothingChanged);
		let release = Self::next_release(&entry)?;
		let announced = Self::announce(&mut entry, release)?;
		let deposit = T::ReleaseDeposit::get();
		let deposits = entry.deposit.checked_add(deposit).ok_or(ArithmeticError::Overflow)?;
		T::Currency::hold(&HoldReason::Datanet.into(), who, deposit)?;

		let state = Release {
			total_weight: entry.next_total_weight,
			contributions: entry.next_contributions,
			root: ReleaseLogs::<T>::get(datanet).root(),
			curator_share: entry.curator_share,
			index: PoolIndex::default(),
			received: Balance::zero(),
		};
		entry.deposit = deposits;
		entry.latest_release = release;
		entry.changed = false;
		Datanets::<T>::insert(datanet, entry);
		Releases::<T>::insert(datanet, release, state);
		Self::deposit_event(Event::ReleasePublished {
			datanet,
			release,
			total_weight: state.total_weight,
			contributions: state.contributions,
			curator_share: state.curator_share,
			root: state.root,
		});
		if let Some(from) = announced {
			Self::deposit_event(Event::ReleaseAnnounced { datanet, release, from });
		}
		Ok(())
	}

	/// Makes sources without a release number lead to this one after the notice, and returns from
	/// when on. The first one has nothing to take the place of: they lead to it at once. The entry is not
	/// written.
	fn announce(
		entry: &mut DatanetOf<T>,
		release: ReleaseId,
	) -> Result<Option<BlockNumberFor<T>>, DispatchError> {
		let now = frame_system::Pallet::<T>::block_number();
		let oldest = Self::oldest_needed();
		let current = entry.current_at(now).unwrap_or_default();
		let mut set = |from, release| {
			let set = entry.current.set(from, release, oldest);
			set.map_err(|NoRoom| Error::<T>::TooManyReleaseChanges)
		};
		if current.is_zero() {
			set(now, release)?;
			return Ok(None);
		}
		// One that was announced before, and is not due yet, is passed over.
		set(now, current)?;
		let from = now.saturating_add(T::ReleaseNotice::get());
		set(from, release)?;
		Ok(Some(from))
	}

	pub(crate) fn do_set_open(
		who: &T::AccountId,
		datanet: DatanetId,
		open: bool,
	) -> DispatchResult {
		let mut entry = Self::curated(who, datanet)?;
		ensure!(entry.open != open, Error::<T>::AccessUnchanged);

		entry.open = open;
		Datanets::<T>::insert(datanet, entry);
		Self::deposit_event(Event::AccessChanged { datanet, open });
		Ok(())
	}

	pub(crate) fn do_allow(
		who: T::AccountId,
		datanet: DatanetId,
		account: T::AccountId,
	) -> DispatchResult {
		Self::curated(&who, datanet)?;
		ensure!(!Admissions::<T>::contains_key(datanet, &account), Error::<T>::AlreadyAdmitted);
		let deposit = T::AdmissionDeposit::get();
		T::Currency::hold(&HoldReason::Admission.into(), &who, deposit)?;

		Admissions::<T>::insert(datanet, &account, Admission { payer: who, deposit });
		Self::deposit_event(Event::ContributorAllowed { datanet, account });
		Ok(())
	}

	pub(crate) fn do_disallow(
		who: &T::AccountId,
		datanet: DatanetId,
		account: T::AccountId,
	) -> DispatchResult {
		let entry = Datanets::<T>::get(datanet).ok_or(Error::<T>::UnknownDatanet)?;
		let admission = Admissions::<T>::get(datanet, &account);
		// Who paid for it was the curator then, and must not depend on the one of now.
		let paid = admission.as_ref().is_some_and(|admission| admission.payer == *who);
		ensure!(entry.curator() == Some(who) || paid, Error::<T>::NotCurator);
		let Admission { payer, deposit } = admission.ok_or(Error::<T>::NoAdmission)?;
		let reason = HoldReason::Admission.into();
		T::Currency::release(&reason, &payer, deposit, Precision::Exact)?;

		Admissions::<T>::remove(datanet, &account);
		Self::deposit_event(Event::ContributorDisallowed { datanet, account });
		Ok(())
	}

	pub(crate) fn do_lower_share(
		who: &T::AccountId,
		datanet: DatanetId,
		curator_share: Permill,
	) -> DispatchResult {
		let mut entry = Self::curated(who, datanet)?;
		ensure!(curator_share < entry.curator_share, Error::<T>::CuratorShareNotLower);

		entry.curator_share = curator_share;
		entry.changed = true;
		Datanets::<T>::insert(datanet, entry);
		Self::deposit_event(Event::CuratorShareLowered { datanet, curator_share });
		Ok(())
	}

	pub(crate) fn do_offer_curator(
		who: &T::AccountId,
		datanet: DatanetId,
		to: T::AccountId,
	) -> DispatchResult {
		let mut entry = Self::curated(who, datanet)?;
		ensure!(entry.curator() != Some(&to), Error::<T>::SameAccount);

		entry.offered_to = Some(to.clone());
		Datanets::<T>::insert(datanet, entry);
		Self::deposit_event(Event::CuratorOffered { datanet, to });
		Ok(())
	}

	pub(crate) fn do_withdraw_curator_offer(
		who: &T::AccountId,
		datanet: DatanetId,
	) -> DispatchResult {
		let mut entry = Self::curated(who, datanet)?;
		ensure!(entry.offered_to.take().is_some(), Error::<T>::NoOffer);

		Datanets::<T>::insert(datanet, entry);
		Self::deposit_event(Event::CuratorOfferWithdrawn { datanet });
		Ok(())
	}

	pub(crate) fn do_accept_curator(
		to: T::AccountId,
		datanet: DatanetId,
		max_deposit: Balance,
	) -> DispatchResult {
		let mut entry = Datanets::<T>::get(datanet).ok_or(Error::<T>::UnknownDatanet)?;
		let offered_to = entry.offered_to.take().ok_or(Error::<T>::NoOffer)?;
		ensure!(offered_to == to, Error::<T>::NotOffered);
		let from = entry.curator().cloned().ok_or(Error::<T>::UnknownDatanet)?;
		let now = frame_system::Pallet::<T>::block_number();
		entry
			.curators
			.set(now, to.clone(), Self::oldest_needed())
			.map_err(|NoRoom| Error::<T>::TooManyCuratorChanges)?;
		let reason = HoldReason::Datanet.into();
		let deposit = T::ReleaseDeposit::get()
			.checked_mul(entry.latest_release.into())
			.and_then(|releases| releases.checked_add(T::DatanetDeposit::get()))
			.ok_or(ArithmeticError::Overflow)?;
		ensure!(deposit <= max_deposit, Error::<T>::DepositAboveLimit);
		T::Currency::hold(&reason, &to, deposit)?;
		let former = core::mem::replace(&mut entry.deposit, deposit);
		T::Currency::release(&reason, &from, former, Precision::Exact)?;

		Datanets::<T>::insert(datanet, entry);
		Self::deposit_event(Event::CuratorChanged { datanet, from, to });
		Ok(())
	}

	/// The datanet, if `who` is its curator.
	pub(crate) fn curated(
		who: &T::AccountId,
		datanet: DatanetId,
	) -> Result<DatanetOf<T>, DispatchError> {
		let entry = Datanets::<T>::get(datanet).ok_or(Error::<T>::UnknownDatanet)?;
		ensure!(entry.curator() == Some(who), Error::<T>::NotCurator);
		Ok(entry)
	}

	/// Returns `true` if `who` may contribute to the datanet.
	pub(crate) fn admits(datanet: DatanetId, entry: &DatanetOf<T>, who: &T::AccountId) -> bool {
		entry.open || entry.curator() == Some(who) || Admissions::<T>::contains_key(datanet, who)
	}

	/// The oldest block about which somebody may still ask what was in force in it.
	pub(crate) fn oldest_needed() -> BlockNumberFor<T> {
		frame_system::Pallet::<T>::block_number().saturating_sub(T::HistoryPeriod::get())
	}

	/// The number of the datanet's next release.
	pub(crate) fn next_release(datanet: &DatanetOf<T>) -> Result<ReleaseId, DispatchError> {
		let next = datanet.latest_release.checked_add(1).filter(|next| *next <= MAX_RELEASES);
		next.ok_or(Error::<T>::TooManyReleases.into())
	}
}
