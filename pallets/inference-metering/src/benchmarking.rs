//! Benchmarks of the extrinsics.

use super::*;
use crate::types::{Lane, Node, ServedModels, Session};
use alloc::vec::Vec;
use frame_benchmarking::v2::*;
use frame_support::traits::{
	fungible::{Inspect, Mutate, MutateHold},
	Get,
};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use openledger_primitives::{
	record::{CallRecord, CallRecords},
	signing::{wrap, Signed},
	traits::{ModelInspect, RevenueDistributor},
	voucher::Voucher,
	AccountId, Balance, Hash, ModelId, SessionId, Signature, Uri, MAX_LANES, MAX_RECORDS,
	MAX_SERVED,
};
use sp_core::{crypto::KeyTypeId, sr25519};
use sp_runtime::{
	traits::{IdentifyAccount, Saturating, Zero},
	MultiSigner,
};

const KEY_TYPE: KeyTypeId = KeyTypeId(*b"bnch");

/// Enough for every deposit here.
fn wealth<T: Config>() -> Balance {
	let largest = T::MinBond::get().max(T::MinDeposit::get()).max(T::Currency::minimum_balance());
	largest.saturating_mul(1_000_000)
}

fn funded<T: Config>(name: &'static str) -> Result<AccountId, BenchmarkError> {
	let account = account(name, 0, 0);
	T::Currency::mint_into(&account, wealth::<T>())?;
	Ok(account)
}

fn models<T: Config>(count: u32) -> Result<Vec<ModelId>, BenchmarkError> {
	let developer = funded::<T>("developer")?;
	let register = |_| T::Models::benchmark_model(&developer, Default::default());
	Ok((0..count).map(register).collect::<Result<_, _>>()?)
}

fn endpoint() -> Uri {
	let mut endpoint = b"https://".to_vec();
	endpoint.resize(openledger_primitives::MAX_URI as usize, b'a');
	endpoint.try_into().unwrap_or_default()
}

fn register<T: Config>(operator: &AccountId, models: Vec<ModelId>) -> Result<(), BenchmarkError> {
	let bond = T::MinBond::get();
	T::Currency::hold(&HoldReason::Bond.into(), operator, bond)?;
	let models: ServedModels = models.try_into().map_err(|_| "too many models")?;
	for model in &models {
		ServedBy::<T>::insert(model, operator, ());
	}
	let node = Node { endpoint: endpoint(), receipt_key: operator.clone(), bond, models };
	Nodes::<T>::insert(operator, node);
	Ok(())
}

fn open<T: Config>(
	caller: &AccountId,
	node: &AccountId,
	signer: AccountId,
) -> Result<SessionId, BenchmarkError> {
	let deposit = wealth::<T>() / 2;
	T::Currency::hold(&HoldReason::Session.into(), caller, deposit)?;
	let session = Session {
		caller: caller.clone(),
		node: node.clone(),
		signer,
		deposit,
		settled: 0,
		expires_at: T::MaxDuration::get(),
		closes_at: None,
		lanes: 0,
	};
	Sessions::<T>::insert(0, session);
	NextSessionId::<T>::put(1);
	Ok(0)
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn register_node(m: Linear<1, MAX_SERVED>) -> Result<(), BenchmarkError> {
		let operator = funded::<T>("operator")?;
		let models: ServedModels =
			models::<T>(m)?.try_into().map_err(|_| BenchmarkError::Weightless)?;

		#[extrinsic_call]
		_(
			RawOrigin::Signed(operator.clone()),
			endpoint(),
			operator.clone(),
			T::MinBond::get(),
			models,
		);

		assert!(Nodes::<T>::contains_key(&operator));
		Ok(())
	}

	/// All of the models that are served change.
	#[benchmark]
	fn update_node(m: Linear<1, MAX_SERVED>) -> Result<(), BenchmarkError> {
		let operator = funded::<T>("operator")?;
		register::<T>(&operator, models::<T>(MAX_SERVED)?)?;
		let models: ServedModels =
			models::<T>(m)?.try_into().map_err(|_| BenchmarkError::Weightless)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(operator.clone()), endpoint(), operator.clone(), models.clone());

		assert_eq!(Nodes::<T>::get(&operator).map(|node| node.models), Some(models));
		Ok(())
	}

	#[benchmark]
	fn open_session() -> Result<(), BenchmarkError> {
		let operator = funded::<T>("operator")?;
		let caller = funded::<T>("caller")?;
		register::<T>(&operator, models::<T>(1)?)?;
		let now = frame_system::Pallet::<T>::block_number();
		let expires_at = now.saturating_add(T::MaxDuration::get());

		#[extrinsic_call]
		_(
			RawOrigin::Signed(caller.clone()),
			operator,
			T::MinDeposit::get(),
			caller.clone(),
			expires_at,
		);

		assert!(Sessions::<T>::contains_key(0));
		Ok(())
	}

	/// The signature is over the wrapped form, so both forms are checked.
	#[benchmark]
	fn settle(r: Linear<1, MAX_RECORDS>) -> Result<(), BenchmarkError> {
		let operator = funded::<T>("operator")?;
		let caller = funded::<T>("caller")?;
		let models = models::<T>(1)?;
		let model = *models.first().ok_or("no model")?;
		register::<T>(&operator, models)?;
		T::Currency::mint_into(&T::Revenue::pot(), wealth::<T>())?;
		let key: sr25519::Public = sp_io::crypto::sr25519_generate(KEY_TYPE, None);
		let session = open::<T>(&caller, &operator, MultiSigner::from(key).into_account())?;

		let voucher = Voucher {
			genesis_hash: frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero()),
			session,
			lane: 0,
			model,
			sequence: r.into(),
			acknowledged: wealth::<T>() / 4,
			authorised: wealth::<T>() / 2,
			price_version: 0,
			request_hash: Hash::zero(),
			valid_until: 0,
		};
		let signature: Signature =
			sp_io::crypto::sr25519_sign(KEY_TYPE, &key, &wrap(&voucher.signing_payload()))
				.ok_or("no key to sign with")?
				.into();
		let records: Vec<_> = (1..=r)
			.map(|sequence| CallRecord {
				sequence: sequence.into(),
				model,
				version: 0,
				price_version: 0,
				input_tokens: 1,
				output_tokens: 1,
				request_hash: Hash::zero(),
				response_hash: Hash::zero(),
				attribution: Default::default(),
			})
			.collect();
		let records: CallRecords = records.try_into().map_err(|_| "too many records")?;

		#[extrinsic_call]
		_(RawOrigin::Signed(operator), voucher, signature, records);

		assert_eq!(Lanes::<T>::get(session, 0).sequence, u64::from(r));
		Ok(())
	}

	#[benchmark]
	fn request_close() -> Result<(), BenchmarkError> {
		let caller = funded::<T>("caller")?;
		let session = open::<T>(&caller, &caller, caller.clone())?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), session);

		assert!(Sessions::<T>::get(session).is_some_and(|session| session.closes_at.is_some()));
		Ok(())
	}

	#[benchmark]
	fn close_session(l: Linear<0, { MAX_LANES as u32 }>) -> Result<(), BenchmarkError> {
		let caller = funded::<T>("caller")?;
		let operator = funded::<T>("operator")?;
		let session = open::<T>(&caller, &operator, caller.clone())?;
		let lanes = u16::try_from(l).map_err(|_| "too many lanes")?;
		for lane in 0..lanes {
			Lanes::<T>::insert(session, lane, Lane { sequence: 1, settled: 0 });
		}
		Sessions::<T>::mutate(session, |session| {
			if let Some(session) = session {
				session.lanes = lanes;
			}
		});

		#[extrinsic_call]
		_(RawOrigin::Signed(operator), session);

		assert!(!Sessions::<T>::contains_key(session));
		assert_eq!(Lanes::<T>::iter_prefix(session).count(), 0);
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
