//! Measures the calls at their worst: the longest name and URI, as many data sources as fit, each
//! in a datanet of its own, as many parents as there can be, and something announced that has to
//! go.

mod setup;

pub(crate) use setup::register_remembered;

use super::*;
use frame_benchmarking::v2::*;
use frame_support::traits::Get;
use frame_system::RawOrigin;
use openledger_primitives::{price::PriceSchedule, Balance, MAX_LINEAGE, MAX_SOURCES};
use setup::*;
use sp_runtime::Permill;

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn register_model(s: Linear<0, MAX_SOURCES>) -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		fund::<T>(&caller);
		let sources = sources::<T>(s)?;
		let policy = policy(&sources);
		let id = NextModelId::<T>::get();
		rest::<T>(longest_name(id))?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), longest_name(id), version(1, sources), price(), policy);

		assert!(Models::<T>::contains_key(id));
		Ok(())
	}

	#[benchmark]
	fn pause_model() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let id = register::<T>(&caller, Default::default())?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id);

		assert!(Models::<T>::get(id).is_some_and(|model| model.paused));
		Ok(())
	}

	#[benchmark]
	fn resume_model() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let id = register::<T>(&caller, Default::default())?;
		Pallet::<T>::pause_model(RawOrigin::Signed(caller.clone()).into(), id)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id);

		assert!(Models::<T>::get(id).is_some_and(|model| !model.paused));
		Ok(())
	}

	/// With tombstones above the parent, which take two reads each to find.
	#[benchmark]
	fn register_derived_model(s: Linear<0, MAX_SOURCES>) -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		fund::<T>(&caller);
		let sources = sources::<T>(s)?;
		let policy = policy(&sources);
		let parent = parents::<T>(MAX_LINEAGE)?.ok_or(BenchmarkError::Stop("no parent"))?;
		let above = Pallet::<T>::model_now(parent)?.parent;
		for (ancestor, _) in Pallet::<T>::levels_from(above) {
			retire::<T>(ancestor.model)?;
			let model = Pallet::<T>::model_now(ancestor.model)?;
			Pallet::<T>::do_purge(ancestor.model, model, 0)?;
		}
		let id = NextModelId::<T>::get();

		#[extrinsic_call]
		_(
			RawOrigin::Signed(caller),
			longest_name(id),
			version(1, sources),
			price(),
			policy,
			parent,
			Permill::from_percent(10),
		);

		assert!(Models::<T>::get(id).is_some_and(|model| model.parent.is_some()));
		Ok(())
	}

	/// In place of one that is announced. With a model that pays no data, versions need no sources,
	/// but without them the terms are looked at, which are announced, too.
	#[benchmark]
	fn publish_version(s: Linear<0, MAX_SOURCES>) -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let id = register::<T>(&caller, Default::default())?;
		announce_version::<T>(id)?;
		setup::set_price::<T>(id, higher_price())?;
		let sources = sources::<T>(s)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id, version(1, sources));

		assert!(Versions::<T>::contains_key(id, 2));
		assert!(!Versions::<T>::contains_key(id, 1));
		Ok(())
	}

	#[benchmark]
	fn cancel_version() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let id = register::<T>(&caller, sources::<T>(1)?)?;
		announce_version::<T>(id)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id);

		assert_eq!(announced::<T>(id).0, None);
		Ok(())
	}

	/// A cut, while a rise and a policy are announced: the policy is announced anew. After a change
	/// that came into force by itself, so that the model has to be brought up to date.
	#[benchmark]
	fn set_price() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let id = register::<T>(&caller, sources::<T>(1)?)?;
		setup::set_price::<T>(id, higher_price())?;
		pass_notice::<T>();
		let dearer = PriceSchedule { per_output_token: Balance::from(u64::MAX), ..price() };
		setup::set_price::<T>(id, dearer)?;
		setup::set_policy::<T>(id, policy_for_data())?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id, lower_price(1));

		assert_eq!(announced::<T>(id).1, Some(5));
		assert_eq!(Prices::<T>::iter_prefix(id).count(), 4);
		Ok(())
	}

	/// With nothing else announced, so that the deposit changes.
	#[benchmark]
	fn cancel_price() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let id = register::<T>(&caller, Default::default())?;
		setup::set_price::<T>(id, higher_price())?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id);

		assert_eq!(announced::<T>(id).1, None);
		Ok(())
	}

	/// With two versions to look at, as large as they can be. No terms are announced, so that the
	/// deposit changes.
	#[benchmark]
	fn set_policy() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let id = register::<T>(&caller, Default::default())?;
		announce_version::<T>(id)?;
		pass_notice::<T>();
		announce_smaller_version::<T>(id)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id, policy_for_data());

		assert_eq!(announced::<T>(id).1, Some(1));
		Ok(())
	}

	/// With nothing else announced, so that the deposit changes.
	#[benchmark]
	fn cancel_policy() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let id = register::<T>(&caller, Default::default())?;
		setup::set_policy::<T>(id, policy_without_data())?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id);

		assert_eq!(announced::<T>(id).1, None);
		Ok(())
	}

	/// With everything announced that can be.
	#[benchmark]
	fn retire_model() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let id = register::<T>(&caller, sources::<T>(1)?)?;
		announce_version::<T>(id)?;
		setup::set_price::<T>(id, higher_price())?;
		setup::set_policy::<T>(id, policy_for_data())?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id);

		assert!(Models::<T>::get(id).is_some_and(|model| model.retired_at.is_some()));
		Ok(())
	}

	/// The last of a line whose others have left tombstones.
	#[benchmark]
	fn purge_model(n: Linear<0, MAX_REMOVED>) -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let id = register_with_parents::<T>(&caller, sources::<T>(MAX_SOURCES)?, MAX_LINEAGE)?;
		for number in 1..=n {
			let model = Pallet::<T>::model_now(id)?;
			let sources = Versions::<T>::get(id, 0).map(|first| first.value.sources);
			Pallet::<T>::do_publish(id, model, version(number, sources.unwrap_or_default()))?;
		}
		let above = Pallet::<T>::model_now(id)?.parent;
		for (ancestor, _) in Pallet::<T>::levels_from(above) {
			retire::<T>(ancestor.model)?;
			let model = Pallet::<T>::model_now(ancestor.model)?;
			Pallet::<T>::do_purge(ancestor.model, model, 0)?;
		}
		retire::<T>(id)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id, n);

		assert!(!Models::<T>::contains_key(id));
		assert_eq!(Tombstones::<T>::iter_keys().count(), 0);
		Ok(())
	}

	#[benchmark]
	fn prune_model(n: Linear<1, MAX_REMOVED>) -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let owner = account("owner", 0, 0);
		let id = register::<T>(&owner, Default::default())?;
		for number in 1..=n {
			setup::set_price::<T>(id, lower_price(number))?;
		}
		pass::<T>(T::SettlementGrace::get());

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id, n);

		assert_eq!(Prices::<T>::iter_prefix(id).count(), 1);
		Ok(())
	}

	#[benchmark]
	fn offer_model() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let id = register::<T>(&caller, Default::default())?;
		let to: T::AccountId = account("to", 0, 0);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id, to.clone());

		assert_eq!(Models::<T>::get(id).and_then(|model| model.offered_to), Some(to));
		Ok(())
	}

	#[benchmark]
	fn withdraw_offer() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let id = register::<T>(&caller, Default::default())?;
		Pallet::<T>::do_offer(id, Pallet::<T>::model_now(id)?, account("to", 0, 0))?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id);

		assert!(Models::<T>::get(id).is_some_and(|model| model.offered_to.is_none()));
		Ok(())
	}

	#[benchmark]
	fn accept_model() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		fund::<T>(&caller);
		let id = register::<T>(&account("owner", 0, 0), Default::default())?;
		fill_history::<T>(id)?;
		Pallet::<T>::do_offer(id, Pallet::<T>::model_now(id)?, caller.clone())?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller.clone()), id, Balance::MAX);

		assert!(Models::<T>::get(id).is_some_and(|model| model.owner == caller));
		Ok(())
	}

	#[benchmark]
	fn set_payee() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let id = register::<T>(&caller, Default::default())?;
		fill_history::<T>(id)?;
		let payee: T::AccountId = account("payee", 0, 0);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id, Some(payee.clone()));

		assert_eq!(Models::<T>::get(id).map(|model| model.payee().clone()), Some(payee));
		Ok(())
	}

	#[benchmark]
	fn release_name() -> Result<(), BenchmarkError> {
		let caller: T::AccountId = whitelisted_caller();
		let name = longest_name(0);
		rest::<T>(name.clone())?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), name.clone());

		assert!(!RestingNames::<T>::contains_key(&name));
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::with_real_periods(), crate::mock::Test);
}
