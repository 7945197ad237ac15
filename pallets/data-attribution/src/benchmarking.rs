//! Measures the calls at their worst: the longest names and URIs, every entry in storage cold, and
//! claims that pay from each release that they name, to an account that does not hold anything else.

use super::*;
use alloc::{vec, vec::Vec};
use frame_benchmarking::v2::*;
use frame_support::traits::{
	fungible::{Inspect, Mutate},
	Get,
};
use frame_system::RawOrigin;
use openledger_primitives::{
	attribution::{Attribution, AttributionEntry, DataSource, DataSources, ReleaseSelector},
	ContributionId, DatanetId, Hash, Name, ReleaseId, Uri, MAX_CLAIM, MAX_NAME, MAX_URI, OPEN,
};
use sp_runtime::{BoundedVec, DispatchError, Permill, SaturatedConversion};

/// Gives an account enough for a datanet and a contribution, on top of what it has.
fn fund<T: Config>(who: &T::AccountId) {
	let needed = T::Currency::balance(who)
		.saturating_add(T::Currency::minimum_balance())
		.saturating_add(T::DatanetDeposit::get())
		.saturating_add(T::ContributionBond::get())
		.saturating_add(OPEN);
	T::Currency::set_balance(who, needed);
}

fn longest_name() -> Name {
	Name::truncate_from(vec![b'n'; MAX_NAME.saturated_into()])
}

fn longest_uri() -> Uri {
	Uri::truncate_from(vec![b'u'; MAX_URI.saturated_into()])
}

/// A datanet without contributions.
fn create<T: Config>(curator: &T::AccountId) -> Result<DatanetId, DispatchError> {
	fund::<T>(curator);
	let datanet = NextDatanetId::<T>::get();
	Pallet::<T>::create_datanet(RawOrigin::Signed(curator.clone()).into(), longest_name())?;
	Ok(datanet)
}

/// A pending contribution.
fn submit<T: Config>(
	contributor: &T::AccountId,
	datanet: DatanetId,
) -> Result<ContributionId, DispatchError> {
	fund::<T>(contributor);
	let contribution = NextContributionId::<T>::get();
	Pallet::<T>::submit_contribution(
		RawOrigin::Signed(contributor.clone()).into(),
		datanet,
		Hash::from_low_u64_be(contribution.saturating_add(1)),
		1,
		longest_uri(),
	)?;
	Ok(contribution)
}

/// A release of a new datanet, with so many contributions of as many contributors, each of weight 1.
/// Their ids are the newest ones. The pot exists afterwards.
pub(crate) fn publish<T: Config>(
	contributions: u32,
) -> Result<(DatanetId, ReleaseId), DispatchError> {
	let curator: T::AccountId = account("curator", 0, 0);
	let origin = RawOrigin::Signed(curator.clone());
	let datanet = create::<T>(&curator)?;
	for number in 0..contributions {
		let contributor: T::AccountId = account("contributor", number, datanet);
		let contribution = submit::<T>(&contributor, datanet)?;
		Pallet::<T>::accept_contribution(origin.clone().into(), contribution, 1)?;
	}
	Pallet::<T>::publish_release(origin.into(), datanet)?;
	let pot = Pallet::<T>::pot();
	if T::Currency::balance(&pot) < T::Currency::minimum_balance() {
		T::Currency::set_balance(&pot, T::Currency::minimum_balance());
	}
	Ok((datanet, 1))
}

/// One contribution that is part of so many releases, each of which has earned an OPEN, half of it
/// by direct attribution.
fn earn<T: Config>(
	contributor: &T::AccountId,
	releases: u32,
) -> Result<(ContributionId, Vec<ReleaseId>), BenchmarkError> {
	let curator: T::AccountId = account("curator", 0, 0);
	let origin = RawOrigin::Signed(curator.clone());
	let datanet = create::<T>(&curator)?;
	let contribution = submit::<T>(contributor, datanet)?;
	Pallet::<T>::accept_contribution(origin.clone().into(), contribution, 1)?;
	let mut published = Vec::new();
	for release in 1..=releases {
		if release > 1 {
			let other: T::AccountId = account("other", release, 0);
			let other = submit::<T>(&other, datanet)?;
			Pallet::<T>::accept_contribution(origin.clone().into(), other, 1)?;
		}
		Pallet::<T>::publish_release(origin.clone().into(), datanet)?;
		published.push(release);
	}

	let pot = Pallet::<T>::pot();
	T::Currency::set_balance(&pot, T::Currency::minimum_balance());
	let attribution =
		Attribution::truncate_from(vec![AttributionEntry { contribution, weight: 1 }]);
	for release in &published {
		let source = DataSource { datanet, release: ReleaseSelector::Fixed(*release), weight: 1 };
		let half = Permill::from_percent(50);
		let sources = DataSources::truncate_from(vec![source]);
		Pallet::<T>::do_credit(OPEN, half, &attribution, &sources)?;
		T::Currency::mint_into(&pot, OPEN)?;
	}
	Ok((contribution, published))
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
		_(RawOrigin::Signed(caller), longest_name());

		assert!(Datanets::<T>::contains_key(datanet));
	}

	#[benchmark]
	fn submit_contribution() -> Result<(), BenchmarkError> {
		let curator: T::AccountId = account("curator", 0, 0);
		let datanet = create::<T>(&curator)?;
		let caller: T::AccountId = whitelisted_caller();
		fund::<T>(&caller);
		let contribution = NextContributionId::<T>::get();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), datanet, Hash::repeat_byte(7), u64::MAX, longest_uri());

		assert!(Contributions::<T>::contains_key(contribution));
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
		let datanet = create::<T>(&caller)?;
		let contributor: T::AccountId = account("contributor", 0, 0);
		let contribution = submit::<T>(&contributor, datanet)?;
		Pallet::<T>::accept_contribution(
			RawOrigin::Signed(caller.clone()).into(),
			contribution,
			1,
		)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), datanet);

		assert!(Releases::<T>::contains_key(datanet, 1));
		Ok(())
	}

	#[benchmark]
	fn claim(r: Linear<1, MAX_CLAIM>) -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let (contribution, releases) = earn::<T>(&caller, r)?;
		let releases = BoundedVec::truncate_from(releases);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), contribution, releases);

		assert!(!DirectEarnings::<T>::contains_key(contribution));
		assert_eq!(Claimed::<T>::iter_prefix(contribution).count(), r as usize);
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
