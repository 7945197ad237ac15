//! Measures the calls at their worst: the longest names and URIs, every entry in storage cold, deposits
//! of others released, contributions that displace others, and claims that pay from each release that
//! they name, to an account that does not hold anything else.

use super::*;
use alloc::{format, vec, vec::Vec};
use frame_benchmarking::v2::*;
use frame_support::traits::{
	fungible::{Inspect, Mutate},
	EnsureOrigin, Get,
};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use openledger_primitives::{
	attribution::{AttributionEntry, DataSource, DataSources, ReleaseSelector},
	traits::DataDue,
	ContributionId, DatanetId, Hash, Name, ReleaseId, Uri, MAX_CLAIM, MAX_NAME, MAX_URI, OPEN,
};
use sp_runtime::{
	traits::{One, Saturating},
	BoundedVec, DispatchError, Permill, SaturatedConversion,
};

/// An account that can sign, and has enough for what it is to do.
fn funded<T: Config>(name: &'static str, number: u32) -> T::AccountId {
	let who = account(name, number, 0);
	fund::<T>(&who);
	who
}

/// Gives an account enough for many deposits and bonds, on top of what it has.
fn fund<T: Config>(who: &T::AccountId) {
	let deposits = T::DatanetDeposit::get()
		.saturating_add(T::AdmissionDeposit::get())
		.saturating_add(T::ContributionBond::get())
		.saturating_add(T::ReservationDeposit::get())
		.saturating_mul(64);
	let needed = T::Currency::balance(who)
		.saturating_add(T::Currency::minimum_balance())
		.saturating_add(deposits)
		.saturating_add(OPEN);
	T::Currency::set_balance(who, needed);
}

fn signed<T: Config>(who: &T::AccountId) -> T::RuntimeOrigin {
	RawOrigin::Signed(who.clone()).into()
}

fn pass<T: Config>(blocks: BlockNumberFor<T>) {
	let now = frame_system::Pallet::<T>::block_number();
	frame_system::Pallet::<T>::set_block_number(now.saturating_add(blocks));
}

/// The longest name that no other datanet has.
fn longest_name<T: Config>() -> Name {
	let mut name = vec![b'n'; MAX_NAME.saturated_into()];
	let tail = format!("{:010}", NextDatanetId::<T>::get());
	let start = name.len().saturating_sub(tail.len());
	name.truncate(start);
	name.extend(tail.bytes());
	Name::truncate_from(name)
}

fn longest_uri() -> Uri {
	Uri::truncate_from(vec![b'u'; MAX_URI.saturated_into()])
}

/// The largest submission of a root of its own.
fn submission(number: u64) -> Submission {
	Submission { root: Hash::from_low_u64_be(number), size: u64::MAX, uri: longest_uri() }
}

/// A closed datanet without contributions. The curator takes as much as possible.
fn create<T: Config>(curator: &T::AccountId) -> Result<DatanetId, DispatchError> {
	fund::<T>(curator);
	let datanet = NextDatanetId::<T>::get();
	let share = T::MaxCuratorShare::get();
	Pallet::<T>::create_datanet_with(signed::<T>(curator), longest_name::<T>(), false, share)?;
	Ok(datanet)
}

/// A pending contribution.
fn submit<T: Config>(
	contributor: &T::AccountId,
	datanet: DatanetId,
) -> Result<ContributionId, DispatchError> {
	fund::<T>(contributor);
	let contribution = NextContributionId::<T>::get();
	if let Some(entry) = Datanets::<T>::get(datanet) {
		if !Pallet::<T>::admits(datanet, &entry, contributor) {
			let curator = signed::<T>(&entry.curator);
			fund::<T>(&entry.curator);
			Pallet::<T>::allow_contributor(curator, datanet, contributor.clone())?;
		}
	}
	let submission = submission(contribution.saturating_add(1));
	Pallet::<T>::do_submit(contributor.clone(), datanet, &[submission])?;
	Ok(contribution)
}

/// An accepted contribution in a datanet of its own, that no release has.
fn accept<T: Config>(
	curator: &T::AccountId,
	contributor: &T::AccountId,
) -> Result<(DatanetId, ContributionId), DispatchError> {
	let datanet = create::<T>(curator)?;
	let contribution = submit::<T>(contributor, datanet)?;
	Pallet::<T>::accept_contribution(signed::<T>(curator), contribution, 1)?;
	Ok((datanet, contribution))
}

/// A release of a new datanet, with so many contributions of as many contributors, each of weight 1.
/// Returns their ids. The pot exists afterwards.
pub(crate) fn publish<T: Config>(
	contributions: u32,
) -> Result<(DatanetId, ReleaseId, Vec<ContributionId>), DispatchError> {
	let curator: T::AccountId = account("curator", NextDatanetId::<T>::get(), 0);
	let datanet = create::<T>(&curator)?;
	let mut ids = Vec::new();
	for number in 0..contributions {
		let contributor: T::AccountId = account("contributor", number, datanet);
		let contribution = submit::<T>(&contributor, datanet)?;
		Pallet::<T>::accept_contribution(signed::<T>(&curator), contribution, 1)?;
		ids.push(contribution);
	}
	Pallet::<T>::publish_release(signed::<T>(&curator), datanet)?;
	let pot = Pallet::<T>::pot();
	if T::Currency::balance(&pot) < T::Currency::minimum_balance() {
		T::Currency::set_balance(&pot, T::Currency::minimum_balance());
	}
	Ok((datanet, 1, ids))
}

/// Pays an OPEN to each release, half of it to the contribution directly.
fn pay<T: Config>(
	datanet: DatanetId,
	contribution: ContributionId,
	releases: &[ReleaseId],
) -> Result<(), DispatchError> {
	let pot = Pallet::<T>::pot();
	let minimum = T::Currency::minimum_balance();
	if T::Currency::balance(&pot) < minimum {
		T::Currency::set_balance(&pot, minimum);
	}
	for release in releases {
		let release = ReleaseSelector::Fixed(*release);
		let sources = DataSources::truncate_from(vec![DataSource { datanet, release, weight: 1 }]);
		Pallet::<T>::do_credit(&[DataDue {
			amount: OPEN,
			attributed: Permill::from_percent(50),
			attribution: &[AttributionEntry { contribution, weight: 1 }],
			unattributed: 0,
			sources: &sources,
		}])?;
		T::Currency::mint_into(&pot, OPEN)?;
	}
	Ok(())
}

/// One contribution that is part of so many releases, each of which has earned it something.
fn earn<T: Config>(
	contributor: &T::AccountId,
	releases: u32,
) -> Result<(DatanetId, ContributionId, Vec<ReleaseId>), BenchmarkError> {
	let curator: T::AccountId = account("curator", 0, 0);
	let (datanet, contribution) = accept::<T>(&curator, contributor)?;
	let mut published = Vec::new();
	for release in 1..=releases {
		// A change that needs no contribution.
		Datanets::<T>::mutate(datanet, |entry| {
			if let Some(entry) = entry {
				entry.changed = true;
			}
		});
		Pallet::<T>::publish_release(signed::<T>(&curator), datanet)?;
		published.push(release);
	}
	pay::<T>(datanet, contribution, &published)?;
	Ok((datanet, contribution, published))
}

/// Accuses a contribution, and confirms that if asked to.
fn accuse<T: Config>(contribution: ContributionId, confirmed: bool) -> Result<(), DispatchError> {
	let accuser = funded::<T>("accuser", 0);
	let protocol = T::ProtocolAccount::get();
	if T::Currency::balance(&protocol) < T::Currency::minimum_balance() {
		T::Currency::set_balance(&protocol, T::Currency::minimum_balance());
	}
	Pallet::<T>::accuse_contribution(signed::<T>(&accuser), contribution, AccusationReason::Fraud)?;
	if confirmed {
		let curator: T::AccountId = account("curator", 0, 0);
		Pallet::<T>::confirm_accusation(signed::<T>(&curator), contribution)?;
	}
	Ok(())
}

/// Lets others submit so many roots, after the caller reserved them. Returns the submissions.
fn overtaken<T: Config>(
	caller: &T::AccountId,
	datanet: DatanetId,
	count: u32,
) -> Result<Vec<Submission>, DispatchError> {
	let mut submissions = Vec::new();
	for number in 0..count {
		let submission = submission(u64::MAX.saturating_sub(number.into()));
		let payer = funded::<T>("payer", number);
		let commitment = Pallet::<T>::commitment(submission.root, caller);
		Pallet::<T>::reserve_root(signed::<T>(&payer), commitment)?;
		submissions.push(submission);
	}
	pass::<T>(One::one());
	let curator = Datanets::<T>::get(datanet).map(|entry| entry.curator);
	for (number, submission) in (0u32..).zip(&submissions) {
		let other = funded::<T>("other", number);
		if let Some(curator) = &curator {
			let origin = signed::<T>(curator);
			fund::<T>(curator);
			Pallet::<T>::allow_contributor(origin, datanet, other.clone())?;
		}
		Pallet::<T>::do_submit(other, datanet, core::slice::from_ref(submission))?;
	}
	Ok(submissions)
}

/// Makes the pot owe an OPEN to a curator.
fn owe<T: Config>(curator: &T::AccountId) -> Result<(), DispatchError> {
	let pot = Pallet::<T>::pot();
	T::Currency::set_balance(&pot, T::Currency::minimum_balance().saturating_add(OPEN));
	CuratorEarnings::<T>::insert(curator, OPEN);
	Accounted::<T>::put(OPEN);
	Ok(())
}

/// Publishes releases with a weight each until the contribution has room for one more.
fn fill_checkpoints<T: Config>(
	datanet: DatanetId,
	contribution: ContributionId,
) -> Result<(), DispatchError> {
	let Some(entry) = Datanets::<T>::get(datanet) else { return Ok(()) };
	let curator = entry.curator;
	for change in 2..MAX_CHECKPOINTS {
		Pallet::<T>::publish_release(signed::<T>(&curator), datanet)?;
		if change.saturating_add(1) < MAX_CHECKPOINTS {
			let weight = change.checked_rem(2).unwrap_or_default().saturating_add(1);
			let weight = weight.saturating_add(2).into();
			Pallet::<T>::set_weight(signed::<T>(&curator), contribution, weight)?;
		}
	}
	Ok(())
}

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
		let Submission { root, size, uri } =
			overtaken.into_iter().next().ok_or(BenchmarkError::Weightless)?;
		let contribution = NextContributionId::<T>::get();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), datanet, root, size, uri);

		assert_eq!(RootOwner::<T>::get(root), Some(contribution));
		Ok(())
	}

	/// `n` contributions whose roots were reserved, and `d` more that displace another.
	#[benchmark]
	fn submit_contributions(n: Linear<1, 16>, d: Linear<0, 16>) -> Result<(), BenchmarkError> {
		let curator: T::AccountId = account("curator", 0, 0);
		let datanet = create::<T>(&curator)?;
		let caller: T::AccountId = whitelisted_caller();
		fund::<T>(&caller);
		Pallet::<T>::allow_contributor(signed::<T>(&curator), datanet, caller.clone())?;
		let mut submissions = overtaken::<T>(&caller, datanet, d)?;
		for number in 0..n {
			let submission = submission(number.saturating_add(1).into());
			let payer = funded::<T>("reserver", number);
			let commitment = Pallet::<T>::commitment(submission.root, &caller);
			Pallet::<T>::reserve_root(signed::<T>(&payer), commitment)?;
			submissions.push(submission);
		}
		let submissions = BoundedVec::truncate_from(submissions);
		let first = NextContributionId::<T>::get();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), datanet, submissions);

		let count = u64::from(n).saturating_add(d.into());
		assert_eq!(NextContributionId::<T>::get(), first.saturating_add(count));
		assert_eq!(Contributions::<T>::iter_keys().count() as u64, count);
		Ok(())
	}

	#[benchmark]
	fn accept_contribution() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let datanet = create::<T>(&caller)?;
		let contributor: T::AccountId = account("contributor", 0, 0);
		let contribution = submit::<T>(&contributor, datanet)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), contribution, T::MaxWeight::get());

		let accepted = Contributions::<T>::get(contribution).map(|entry| entry.status);
		assert_eq!(accepted, Some(ContributionStatus::Accepted));
		Ok(())
	}

	#[benchmark]
	fn reject_contribution() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let datanet = create::<T>(&caller)?;
		let contributor: T::AccountId = account("contributor", 0, 0);
		let contribution = submit::<T>(&contributor, datanet)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), contribution);

		assert!(!Contributions::<T>::contains_key(contribution));
		Ok(())
	}

	#[benchmark]
	fn withdraw_contribution() -> Result<(), BenchmarkError> {
		let curator: T::AccountId = account("curator", 0, 0);
		let datanet = create::<T>(&curator)?;
		let caller: T::AccountId = whitelisted_caller();
		let contribution = submit::<T>(&caller, datanet)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), contribution);

		assert!(!Contributions::<T>::contains_key(contribution));
		Ok(())
	}

	#[benchmark]
	fn publish_release() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let contributor: T::AccountId = account("contributor", 0, 0);
		let (datanet, _) = accept::<T>(&caller, &contributor)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), datanet);

		assert!(Releases::<T>::contains_key(datanet, 1));
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
		Pallet::<T>::accept_curator(signed::<T>(&caller), datanet)?;

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

		#[extrinsic_call]
		_(RawOrigin::Signed(caller.clone()), datanet);

		assert!(Datanets::<T>::get(datanet).is_some_and(|entry| entry.curator == caller));
		Ok(())
	}

	#[benchmark]
	fn claim_curator() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		owe::<T>(&caller)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller.clone()));

		assert!(!CuratorEarnings::<T>::contains_key(caller));
		Ok(())
	}

	#[benchmark]
	fn claim_curator_for() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let curator: T::AccountId = account("curator", 0, 0);
		owe::<T>(&curator)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), curator.clone());

		assert!(!CuratorEarnings::<T>::contains_key(curator));
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
		let (_, original) = accept::<T>(&curator, &contributor)?;
		let (_, contribution) = accept::<T>(&curator, &contributor)?;
		let caller: T::AccountId = whitelisted_caller();
		fund::<T>(&caller);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), contribution, AccusationReason::Duplicate(original));

		assert!(Accusations::<T>::contains_key(contribution));
		Ok(())
	}

	#[benchmark]
	fn confirm_accusation() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let contributor: T::AccountId = account("contributor", 0, 0);
		let (_, contribution) = accept::<T>(&caller, &contributor)?;
		accuse::<T>(contribution, false)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), contribution);

		let stage = Accusations::<T>::get(contribution).map(|accusation| accusation.stage);
		assert!(matches!(stage, Some(AccusationStage::Confirmed(_))));
		Ok(())
	}

	#[benchmark]
	fn contest_accusation() -> Result<(), BenchmarkError> {
		let curator: T::AccountId = account("curator", 0, 0);
		let caller: T::AccountId = whitelisted_caller();
		let (_, contribution) = accept::<T>(&curator, &caller)?;
		accuse::<T>(contribution, true)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), contribution);

		let stage = Accusations::<T>::get(contribution).map(|accusation| accusation.stage);
		assert_eq!(stage, Some(AccusationStage::Contested));
		Ok(())
	}

	#[benchmark]
	fn execute_slash(r: Linear<1, MAX_RELEASES>) -> Result<(), BenchmarkError> {
		let contributor: T::AccountId = account("contributor", 0, 0);
		let (_, contribution, _) = earn::<T>(&contributor, r)?;
		accuse::<T>(contribution, true)?;
		pass::<T>(T::ContestPeriod::get());
		let caller: T::AccountId = whitelisted_caller();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), contribution);

		assert_eq!(Claimed::<T>::iter_prefix(contribution).count(), r as usize);
		Ok(())
	}

	#[benchmark]
	fn resolve_accusation(r: Linear<1, MAX_RELEASES>) -> Result<(), BenchmarkError> {
		let contributor: T::AccountId = account("contributor", 0, 0);
		let (_, contribution, _) = earn::<T>(&contributor, r)?;
		accuse::<T>(contribution, true)?;
		let origin =
			T::GovernanceOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, contribution, true);

		assert_eq!(Claimed::<T>::iter_prefix(contribution).count(), r as usize);
		Ok(())
	}

	#[benchmark]
	fn drop_accusation() -> Result<(), BenchmarkError> {
		let curator: T::AccountId = account("curator", 0, 0);
		let contributor: T::AccountId = account("contributor", 0, 0);
		let (_, contribution) = accept::<T>(&curator, &contributor)?;
		accuse::<T>(contribution, false)?;
		pass::<T>(T::ContestPeriod::get());
		let caller: T::AccountId = whitelisted_caller();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), contribution);

		assert!(!Accusations::<T>::contains_key(contribution));
		Ok(())
	}

	#[benchmark]
	fn sweep_slashed(r: Linear<1, MAX_CLAIM>) -> Result<(), BenchmarkError> {
		let contributor: T::AccountId = account("contributor", 0, 0);
		let (datanet, contribution, releases) = earn::<T>(&contributor, r)?;
		accuse::<T>(contribution, true)?;
		pass::<T>(T::ContestPeriod::get());
		Pallet::<T>::do_execute_slash(contribution)?;
		let before = Claimed::<T>::get(contribution, 1);
		pay::<T>(datanet, contribution, &releases)?;
		let caller: T::AccountId = whitelisted_caller();
		let releases = BoundedVec::truncate_from(releases);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), contribution, releases);

		assert!(Claimed::<T>::get(contribution, 1) > before);
		Ok(())
	}

	#[benchmark]
	fn reserve_root() {
		let caller: T::AccountId = whitelisted_caller();
		fund::<T>(&caller);
		let commitment = Hash::repeat_byte(7);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), commitment);

		assert!(Reservations::<T>::contains_key(commitment));
	}

	#[benchmark]
	fn remove_reservation() -> Result<(), BenchmarkError> {
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

	impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
