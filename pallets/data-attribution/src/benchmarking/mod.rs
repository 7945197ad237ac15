//! Measures the calls at their worst: the longest names and URIs, every entry in storage cold, deposits
//! of others released, contributions that displace others, and claims that pay from each release that
//! they name, to an account that does not hold anything else.

use super::*;
use frame_benchmarking::v2::*;
use frame_support::traits::{EnsureOrigin, Get, Hooks};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use openledger_primitives::{Balance, Hash, MAX_CLAIM, MAX_SUBMISSION};
use sp_runtime::{
	traits::{One, Saturating},
	BoundedVec, Permill,
};

mod setup;

pub(crate) use setup::publish_remembered;
use setup::*;

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn create_datanet() {
		let caller: T::AccountId = whitelisted_caller();
		fund::<T>(&caller);
		let datanet = NextDatanetId::<T>::get();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), longest_name::<T>());

		assert!(Datanets::<T>::contains_key(datanet));
	}

	#[benchmark]
	fn create_datanet_with() {
		let caller: T::AccountId = whitelisted_caller();
		fund::<T>(&caller);
		let datanet = NextDatanetId::<T>::get();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), longest_name::<T>(), false, T::MaxCuratorShare::get());

		assert!(Datanets::<T>::contains_key(datanet));
	}

	#[benchmark]
	fn submit_contribution() -> Result<(), BenchmarkError> {
		let curator: T::AccountId = account("curator", 0, 0);
		let datanet = create::<T>(&curator)?;
		let caller: T::AccountId = whitelisted_caller();
		fund::<T>(&caller);
		Pallet::<T>::allow_contributor(signed::<T>(&curator), datanet, caller.clone())?;
		let overtaken = overtaken::<T>(&caller, datanet, 1)?;
		let submission = overtaken.into_iter().next().ok_or(BenchmarkError::Weightless)?;
		let contribution = NextContributionId::<T>::get();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), datanet, submission);

		assert!(Reservations::<T>::iter_values().all(|entry| entry.used_by == Some(contribution)));
		Ok(())
	}

	/// `n` contributions whose roots were reserved, and others own them.
	#[benchmark]
	fn submit_contributions(n: Linear<1, MAX_SUBMISSION>) -> Result<(), BenchmarkError> {
		let curator: T::AccountId = account("curator", 0, 0);
		let datanet = create::<T>(&curator)?;
		let caller: T::AccountId = whitelisted_caller();
		fund::<T>(&caller);
		Pallet::<T>::allow_contributor(signed::<T>(&curator), datanet, caller.clone())?;
		let submissions = overtaken::<T>(&caller, datanet, n)?;
		let submissions = BoundedVec::truncate_from(submissions);
		let first = NextContributionId::<T>::get();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), datanet, submissions);

		assert_eq!(NextContributionId::<T>::get(), first.saturating_add(n.into()));
		assert!(Reservations::<T>::iter_values().all(|entry| entry.used_by.is_some()));
		Ok(())
	}

	/// It makes one tree out of all that the datanet's log has.
	#[benchmark]
	fn accept_contribution() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let datanet = create::<T>(&caller)?;
		let contributor: T::AccountId = account("contributor", 0, 0);
		let contribution = submit::<T>(&contributor, datanet)?;
		fill_log::<T>(datanet, u32::MAX >> 1);
		fill_histories::<T>(datanet);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), contribution, T::MaxWeight::get());

		let accepted = Contributions::<T>::get(contribution).map(|entry| entry.status);
		assert_eq!(accepted, Some(ContributionStatus::Accepted));
		assert_eq!(ReleaseLogs::<T>::get(datanet).peaks().len(), 1);
		Ok(())
	}

	#[benchmark]
	fn reject_contribution() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let datanet = create::<T>(&caller)?;
		let contributor: T::AccountId = account("contributor", 0, 0);
		let contribution = submit::<T>(&contributor, datanet)?;
		rejectable::<T>(contribution)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), contribution);

		assert!(!Contributions::<T>::contains_key(contribution));
		assert_eq!(Reservations::<T>::iter_values().filter(|entry| entry.kept).count(), 1);
		Ok(())
	}

	/// Before its data was shown: the reservation that it was submitted with goes with it.
	#[benchmark]
	fn withdraw_contribution() -> Result<(), BenchmarkError> {
		let curator: T::AccountId = account("curator", 0, 0);
		let datanet = create::<T>(&curator)?;
		let caller: T::AccountId = whitelisted_caller();
		let contribution = reserved::<T>(&caller, datanet)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), contribution);

		assert!(!Contributions::<T>::contains_key(contribution));
		assert_eq!(Reservations::<T>::iter_keys().count(), 0);
		Ok(())
	}

	/// One that is announced takes the place of another.
	#[benchmark]
	fn publish_release() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let contributor: T::AccountId = account("contributor", 0, 0);
		let (datanet, contribution) = accept::<T>(&caller, &contributor)?;
		for weight in 2..4 {
			Pallet::<T>::publish_release(signed::<T>(&caller), datanet)?;
			Pallet::<T>::set_weight(signed::<T>(&caller), contribution, weight)?;
			if weight == 2 {
				fill_histories::<T>(datanet);
			}
		}
		fill_log::<T>(datanet, u32::MAX);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), datanet);

		assert!(Releases::<T>::contains_key(datanet, 3));
		let remembered = Datanets::<T>::get(datanet).map(|entry| entry.current.entries().len());
		assert_eq!(remembered, Some(MAX_CURRENT as usize));
		Ok(())
	}

	#[benchmark]
	fn claim(r: Linear<1, MAX_CLAIM>) -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let (_, contribution, releases) = earn::<T>(&caller, r)?;
		let to: T::AccountId = account("beneficiary", 0, 0);
		Pallet::<T>::set_beneficiary(signed::<T>(&caller), contribution, Some(to))?;
		let releases = BoundedVec::truncate_from(releases);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), contribution, releases);

		assert!(!DirectEarnings::<T>::contains_key(contribution));
		assert_eq!(Claimed::<T>::iter_prefix(contribution).count(), r as usize);
		Ok(())
	}

	#[benchmark]
	fn claim_for(r: Linear<1, MAX_CLAIM>) -> Result<(), BenchmarkError> {
		let contributor: T::AccountId = account("contributor", 0, 0);
		let (_, contribution, releases) = earn::<T>(&contributor, r)?;
		let to: T::AccountId = account("beneficiary", 0, 0);
		Pallet::<T>::set_beneficiary(signed::<T>(&contributor), contribution, Some(to))?;
		let caller: T::AccountId = whitelisted_caller();
		let releases = BoundedVec::truncate_from(releases);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), contribution, releases);

		assert_eq!(Claimed::<T>::iter_prefix(contribution).count(), r as usize);
		Ok(())
	}

	#[benchmark]
	fn set_open() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let datanet = create::<T>(&caller)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), datanet, true);

		assert!(Datanets::<T>::get(datanet).is_some_and(|entry| entry.open));
		Ok(())
	}

	#[benchmark]
	fn allow_contributor() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let datanet = create::<T>(&caller)?;
		let who: T::AccountId = account("contributor", 0, 0);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), datanet, who.clone());

		assert!(Admissions::<T>::contains_key(datanet, who));
		Ok(())
	}

	/// The deposit goes back to a former curator.
	#[benchmark]
	fn disallow_contributor() -> Result<(), BenchmarkError> {
		let former: T::AccountId = account("curator", 0, 0);
		let datanet = create::<T>(&former)?;
		let who: T::AccountId = account("contributor", 0, 0);
		Pallet::<T>::allow_contributor(signed::<T>(&former), datanet, who.clone())?;
		let caller: T::AccountId = whitelisted_caller();
		fund::<T>(&caller);
		Pallet::<T>::offer_curator(signed::<T>(&former), datanet, caller.clone())?;
		Pallet::<T>::accept_curator(signed::<T>(&caller), datanet, Balance::MAX)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), datanet, who.clone());

		assert!(!Admissions::<T>::contains_key(datanet, who));
		Ok(())
	}

	#[benchmark]
	fn lower_curator_share() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let datanet = create::<T>(&caller)?;
		Datanets::<T>::mutate(datanet, |entry| {
			if let Some(entry) = entry {
				entry.curator_share = Permill::one();
			}
		});

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), datanet, Permill::zero());

		assert!(Datanets::<T>::get(datanet).is_some_and(|entry| entry.curator_share.is_zero()));
		Ok(())
	}

	#[benchmark]
	fn offer_curator() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let datanet = create::<T>(&caller)?;
		let to: T::AccountId = account("curator", 1, 0);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), datanet, to);

		assert!(Datanets::<T>::get(datanet).is_some_and(|entry| entry.offered_to.is_some()));
		Ok(())
	}

	#[benchmark]
	fn withdraw_curator_offer() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let datanet = create::<T>(&caller)?;
		let to: T::AccountId = account("curator", 1, 0);
		Pallet::<T>::offer_curator(signed::<T>(&caller), datanet, to)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), datanet);

		assert!(Datanets::<T>::get(datanet).is_some_and(|entry| entry.offered_to.is_none()));
		Ok(())
	}

	#[benchmark]
	fn accept_curator() -> Result<(), BenchmarkError> {
		let former: T::AccountId = account("curator", 0, 0);
		let datanet = create::<T>(&former)?;
		let caller: T::AccountId = whitelisted_caller();
		fund::<T>(&caller);
		Pallet::<T>::offer_curator(signed::<T>(&former), datanet, caller.clone())?;
		fill_histories::<T>(datanet);
		pass::<T>(One::one());

		#[extrinsic_call]
		_(RawOrigin::Signed(caller.clone()), datanet, Balance::MAX);

		assert!(Datanets::<T>::get(datanet).is_some_and(|entry| entry.curator() == Some(&caller)));
		Ok(())
	}

	#[benchmark]
	fn claim_curator(d: Linear<1, MAX_CLAIM>) -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		owe::<T>(&caller, d);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller.clone()));

		assert_eq!(CuratorEarnings::<T>::iter_prefix(caller).count(), 0);
		Ok(())
	}

	#[benchmark]
	fn claim_curator_for(d: Linear<1, MAX_CLAIM>) -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let curator: T::AccountId = account("curator", 0, 0);
		owe::<T>(&curator, d);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), curator.clone());

		assert_eq!(CuratorEarnings::<T>::iter_prefix(curator).count(), 0);
		Ok(())
	}

	#[benchmark]
	fn set_weight() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let contributor: T::AccountId = account("contributor", 0, 0);
		let (datanet, contribution) = accept::<T>(&caller, &contributor)?;
		fill_checkpoints::<T>(datanet, contribution)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), contribution, T::MaxWeight::get());

		let next = Datanets::<T>::get(datanet).map(|entry| entry.next_total_weight);
		assert_eq!(next, Some(T::MaxWeight::get()));
		Ok(())
	}

	#[benchmark]
	fn stop_contribution() -> Result<(), BenchmarkError> {
		let curator: T::AccountId = account("curator", 0, 0);
		let caller: T::AccountId = whitelisted_caller();
		let (datanet, contribution) = accept::<T>(&curator, &caller)?;
		fill_checkpoints::<T>(datanet, contribution)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), contribution);

		let next = Datanets::<T>::get(datanet).map(|entry| entry.next_total_weight);
		assert_eq!(next, Some(0));
		Ok(())
	}

	/// No release has it, so that all its entries go.
	#[benchmark]
	fn withdraw_bond() -> Result<(), BenchmarkError> {
		let curator: T::AccountId = account("curator", 0, 0);
		let caller: T::AccountId = whitelisted_caller();
		let (_, contribution) = accept::<T>(&curator, &caller)?;
		Pallet::<T>::stop_contribution(signed::<T>(&caller), contribution)?;
		displace::<T>(contribution, ContributionStatus::Accepted);
		pass::<T>(T::BondLockPeriod::get());

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), contribution);

		assert!(!Contributions::<T>::contains_key(contribution));
		Ok(())
	}

	#[benchmark]
	fn transfer_contribution() -> Result<(), BenchmarkError> {
		let curator: T::AccountId = account("curator", 0, 0);
		let caller: T::AccountId = whitelisted_caller();
		let (_, contribution) = accept::<T>(&curator, &caller)?;
		let to = funded::<T>("to", 0);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), contribution, to.clone());

		assert!(Contributions::<T>::get(contribution).is_some_and(|entry| entry.contributor == to));
		Ok(())
	}

	#[benchmark]
	fn set_beneficiary() -> Result<(), BenchmarkError> {
		let curator: T::AccountId = account("curator", 0, 0);
		let caller: T::AccountId = whitelisted_caller();
		let (_, contribution) = accept::<T>(&curator, &caller)?;
		let to: T::AccountId = account("to", 0, 0);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), contribution, Some(to.clone()));

		assert!(Contributions::<T>::get(contribution).is_some_and(|entry| *entry.payee() == to));
		Ok(())
	}

	#[benchmark]
	fn accuse_contribution() -> Result<(), BenchmarkError> {
		let curator: T::AccountId = account("curator", 0, 0);
		let contributor: T::AccountId = account("contributor", 0, 0);
		let (datanet, original) = accept::<T>(&curator, &contributor)?;
		let contribution = submit::<T>(&contributor, datanet)?;
		Pallet::<T>::accept_contribution(signed::<T>(&curator), contribution, 1)?;
		let caller: T::AccountId = whitelisted_caller();
		fund::<T>(&caller);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller.clone()), contribution, AccusationReason::Duplicate(original));

		assert!(Accusations::<T>::contains_key(contribution, caller));
		Ok(())
	}

	#[benchmark]
	fn confirm_accusation() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let contributor: T::AccountId = account("contributor", 0, 0);
		let (_, contribution) = accept::<T>(&caller, &contributor)?;
		let accuser = accuse::<T>(contribution, false)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), contribution, accuser.clone());

		let accusation = Accusations::<T>::get(contribution, accuser);
		assert!(accusation.is_some_and(|accusation| accusation.stake.is_some()));
		Ok(())
	}

	#[benchmark]
	fn contest_accusation() -> Result<(), BenchmarkError> {
		let curator: T::AccountId = account("curator", 0, 0);
		let caller: T::AccountId = whitelisted_caller();
		let (_, contribution) = accept::<T>(&curator, &caller)?;
		let accuser = accuse::<T>(contribution, true)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), contribution, accuser.clone());

		let stage = Accusations::<T>::get(contribution, accuser).map(|accusation| accusation.stage);
		assert!(matches!(stage, Some(AccusationStage::Contested(_))));
		Ok(())
	}

	#[benchmark]
	fn escalate_accusation() -> Result<(), BenchmarkError> {
		let curator: T::AccountId = account("curator", 0, 0);
		let contributor: T::AccountId = account("contributor", 0, 0);
		let (_, contribution) = accept::<T>(&curator, &contributor)?;
		endow_protocol::<T>();
		let caller: T::AccountId = whitelisted_caller();
		fund::<T>(&caller);
		let origin = signed::<T>(&caller);
		Pallet::<T>::accuse_contribution(origin, contribution, AccusationReason::Fraud)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller.clone()), contribution);

		let stage = Accusations::<T>::get(contribution, caller).map(|accusation| accusation.stage);
		assert!(matches!(stage, Some(AccusationStage::Escalated(_))));
		Ok(())
	}

	#[benchmark]
	fn suspend_contribution() -> Result<(), BenchmarkError> {
		let curator: T::AccountId = account("curator", 0, 0);
		let contributor: T::AccountId = account("contributor", 0, 0);
		let (datanet, contribution) = accept::<T>(&curator, &contributor)?;
		fill_checkpoints::<T>(datanet, contribution)?;
		fill_histories::<T>(datanet);
		let accuser = accuse::<T>(contribution, true)?;
		pass::<T>(T::ContestPeriod::get());
		let caller: T::AccountId = whitelisted_caller();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), contribution, accuser.clone());

		let status = Contributions::<T>::get(contribution).map(|entry| entry.status);
		assert!(matches!(status, Some(ContributionStatus::Stopped(_))));
		assert!(!Accusations::<T>::contains_key(contribution, accuser));
		Ok(())
	}

	#[benchmark]
	fn resolve_accusation(r: Linear<1, MAX_RELEASES>) -> Result<(), BenchmarkError> {
		let contributor: T::AccountId = account("contributor", 0, 0);
		let (_, contribution, _) = earn::<T>(&contributor, r)?;
		let accuser = accuse::<T>(contribution, true)?;
		fill_standings::<T>(contribution);
		displace::<T>(contribution, ContributionStatus::Accepted);
		let origin =
			T::GovernanceOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, contribution, Some(accuser), true);

		assert_eq!(Claimed::<T>::iter_prefix(contribution).count(), r as usize);
		Ok(())
	}

	/// It was confirmed and contested, and nobody has decided.
	#[benchmark]
	fn drop_accusation() -> Result<(), BenchmarkError> {
		let curator: T::AccountId = account("curator", 0, 0);
		let contributor: T::AccountId = account("contributor", 0, 0);
		let (_, contribution) = accept::<T>(&curator, &contributor)?;
		let accuser = contest::<T>(contribution)?;
		pass::<T>(T::VerdictPeriod::get());
		let caller: T::AccountId = whitelisted_caller();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), contribution, accuser.clone());

		assert!(!Accusations::<T>::contains_key(contribution, accuser));
		Ok(())
	}

	#[benchmark]
	fn sweep_slashed(r: Linear<1, MAX_CLAIM>) -> Result<(), BenchmarkError> {
		let contributor: T::AccountId = account("contributor", 0, 0);
		let (datanet, contribution, releases) = earn::<T>(&contributor, r)?;
		endow_protocol::<T>();
		Pallet::<T>::do_resolve(contribution, None, true)?;
		let before = Claimed::<T>::get(contribution, 1);
		pay::<T>(datanet, contribution, &releases)?;
		owe_slashed::<T>(contribution)?;
		let caller: T::AccountId = whitelisted_caller();
		let releases = BoundedVec::truncate_from(releases);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), contribution, releases);

		assert!(Claimed::<T>::get(contribution, 1) > before);
		assert!(!SlashedEarnings::<T>::contains_key(contribution));
		Ok(())
	}

	/// In place of one that somebody else paid for, and that is over.
	#[benchmark]
	fn reserve_root() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		fund::<T>(&caller);
		endow_protocol::<T>();
		let payer = funded::<T>("payer", 0);
		let commitment = Hash::repeat_byte(7);
		Pallet::<T>::reserve_root(signed::<T>(&payer), commitment)?;
		pass::<T>(T::ReservationPeriod::get());

		#[extrinsic_call]
		_(RawOrigin::Signed(caller.clone()), commitment);

		assert_eq!(Reservations::<T>::get(commitment).map(|entry| entry.payer), Some(caller));
		Ok(())
	}

	#[benchmark]
	fn remove_reservation() -> Result<(), BenchmarkError> {
		endow_protocol::<T>();
		let payer = funded::<T>("payer", 0);
		let commitment = Hash::repeat_byte(7);
		Pallet::<T>::reserve_root(signed::<T>(&payer), commitment)?;
		pass::<T>(T::ReservationPeriod::get());
		let caller: T::AccountId = whitelisted_caller();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), commitment);

		assert!(!Reservations::<T>::contains_key(commitment));
		Ok(())
	}

	/// Somebody waits for the draw of the block.
	#[benchmark]
	fn on_initialize() -> Result<(), BenchmarkError> {
		let curator: T::AccountId = account("curator", 0, 0);
		let contributor: T::AccountId = account("contributor", 0, 0);
		let datanet = create::<T>(&curator)?;
		submit_only::<T>(&contributor, datanet)?;
		let now = frame_system::Pallet::<T>::block_number().saturating_add(T::DrawDelay::get());

		#[block]
		{
			<Pallet<T> as Hooks<BlockNumberFor<T>>>::on_initialize(now);
		}

		assert!(Draws::<T>::get(now).is_some_and(|draw| draw.seed.is_some()));
		Ok(())
	}

	/// A leaf of the longest stream. Somebody else has shown it before, but has submitted it later.
	#[benchmark]
	fn show_possession() -> Result<(), BenchmarkError> {
		let curator: T::AccountId = account("curator", 0, 0);
		let datanet = create::<T>(&curator)?;
		let caller: T::AccountId = whitelisted_caller();
		fund::<T>(&caller);
		Pallet::<T>::allow_contributor(signed::<T>(&curator), datanet, caller.clone())?;
		let overtaken = overtaken::<T>(&caller, datanet, 1)?;
		let before = NextContributionId::<T>::get().saturating_sub(1);
		let contribution = NextContributionId::<T>::get();
		Pallet::<T>::do_submit(caller.clone(), datanet, &overtaken)?;
		// Others wait for the same draw.
		let contributor: T::AccountId = account("contributor", 0, 0);
		submit_only::<T>(&contributor, datanet)?;
		draw::<T>(contribution);
		let (proof, root) = proof(u64::MAX);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), contribution, proof);

		assert_eq!(RootOwner::<T>::get(root), Some(contribution));
		assert!(!Contributions::<T>::contains_key(before));
		assert_eq!(Reservations::<T>::iter_keys().count(), 0);
		Ok(())
	}

	#[benchmark]
	fn lapse_contribution() -> Result<(), BenchmarkError> {
		let curator: T::AccountId = account("curator", 0, 0);
		let datanet = create::<T>(&curator)?;
		let contributor: T::AccountId = account("contributor", 0, 0);
		let contribution = submit::<T>(&contributor, datanet)?;
		rejectable::<T>(contribution)?;
		pass::<T>(T::PendingPeriod::get());
		let caller: T::AccountId = whitelisted_caller();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), contribution);

		assert!(!Contributions::<T>::contains_key(contribution));
		assert_eq!(Reservations::<T>::iter_values().filter(|entry| entry.kept).count(), 1);
		Ok(())
	}

	#[benchmark]
	fn take_down(r: Linear<1, MAX_RELEASES>) -> Result<(), BenchmarkError> {
		let contributor: T::AccountId = account("contributor", 0, 0);
		let (_, contribution, _) = earn::<T>(&contributor, r)?;
		fill_standings::<T>(contribution);
		let origin =
			T::GovernanceOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, contribution);

		assert_eq!(Claimed::<T>::iter_prefix(contribution).count(), r as usize);
		Ok(())
	}

	#[benchmark]
	fn restore(r: Linear<1, MAX_RELEASES>) -> Result<(), BenchmarkError> {
		let contributor: T::AccountId = account("contributor", 0, 0);
		let (datanet, contribution, releases) = earn::<T>(&contributor, r)?;
		Pallet::<T>::do_take_down(contribution)?;
		let before = Claimed::<T>::get(contribution, 1);
		pay::<T>(datanet, contribution, &releases)?;
		pass::<T>(One::one());
		let origin =
			T::GovernanceOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, contribution);

		assert!(Claimed::<T>::get(contribution, 1) > before);
		assert!(SlashedEarnings::<T>::contains_key(contribution));
		Ok(())
	}

	#[benchmark]
	fn remove_datanet() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let datanet = create::<T>(&caller)?;
		fill_log::<T>(datanet, u32::MAX);
		fill_histories::<T>(datanet);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), datanet);

		assert!(!Datanets::<T>::contains_key(datanet));
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
