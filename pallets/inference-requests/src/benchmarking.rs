//! Benchmarks of the extrinsics and of the sweep.

use super::*;
use crate::types::{Answer, RequestInput, RequestOutput};
use alloc::{string::String, vec::Vec};
use frame_benchmarking::v2::*;
use frame_support::{
	traits::{
		fungible::{Inspect, Mutate},
		Get,
	},
	weights::Weight,
	BoundedVec,
};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use openledger_primitives::{
	attribution::{DataSource, DataSources, ReleaseSelector},
	lane::{Attribution, AttributionShare, MAX_ENTRIES},
	on_chain::{call_statement, DeclineReason, Refusal, MAX_CLAIMS, MAX_NOTES},
	price::Tokens,
	signing::{wrap, Signed},
	traits::{CallTerms, DataInspect, ModelInspect, NodeInspect, RevenueDistributor},
	AccountId, Balance, ContributionId, ModelId, RequestId, Signature, MAX_REQUEST_INPUT,
	MAX_REQUEST_OUTPUT, MAX_SOURCES, OPEN,
};
use sp_core::{crypto::KeyTypeId, sr25519};
use sp_runtime::{
	traits::{IdentifyAccount, One, Zero},
	MultiSigner, SaturatedConversion, Saturating,
};

const KEY_TYPE: KeyTypeId = KeyTypeId(*b"bnch");

/// As many as the longest input has bytes: an answer may count them, and no part of the charge is too
/// small to be paid.
const INPUT_TOKENS: u32 = MAX_REQUEST_INPUT;

fn funded<T: Config>(name: &'static str, amount: Balance) -> Result<AccountId, BenchmarkError> {
	let account = account(name, 0, 0);
	fund::<T>(&account, amount)?;
	Ok(account)
}

/// Gives an account so much, and enough for all deposits.
fn fund<T: Config>(account: &AccountId, amount: Balance) -> Result<(), BenchmarkError> {
	let spare = T::Currency::minimum_balance().saturating_mul(1_000);
	let deposit = T::DepositPerByte::get()
		.saturating_mul(MAX_REQUEST_OUTPUT.into())
		.saturating_add(T::DepositBase::get())
		.saturating_add(T::ClaimDeposit::get());
	let sum = amount.saturating_add(spare).saturating_add(deposit);
	T::Currency::mint_into(account, sum)?;
	Ok(())
}

fn text(count: u32) -> String {
	"a".repeat(usize::try_from(count).unwrap_or_default())
}

fn input(count: u32) -> Result<RequestInput, BenchmarkError> {
	text(count).try_into().map_err(|_| "too long an input".into())
}

/// The sources of a model, each a datanet of its own, and contributions to them.
fn sources<T: Config>(count: u32) -> Result<(DataSources, Vec<ContributionId>), BenchmarkError> {
	let mut sources = Vec::new();
	let mut contributions = Vec::new();
	for _ in 0..count {
		// As many in each as can be attributed to altogether.
		let (datanet, release, given) = T::BenchmarkData::benchmark_release(MAX_ENTRIES)?;
		sources.push(DataSource { datanet, release: ReleaseSelector::Fixed(release), weight: 1 });
		contributions.push(given);
	}
	// One of each datanet, then another of each.
	let mut mixed = Vec::new();
	for position in 0..usize::try_from(MAX_ENTRIES).unwrap_or_default() {
		mixed.extend(contributions.iter().filter_map(|given| given.get(position)).copied());
	}
	Ok((sources.try_into().map_err(|_| "too many sources")?, mixed))
}

fn model<T: Config>(sources: DataSources) -> Result<ModelId, BenchmarkError> {
	let developer = funded::<T>("developer", 1_000 * OPEN)?;
	Ok(T::Models::benchmark_model(&developer, sources)?)
}

fn node<T: Config>(model: ModelId) -> Result<AccountId, BenchmarkError> {
	Ok(signing_node::<T>(model)?.1)
}

/// A node whose statements can be signed: with its operator's own key.
fn signing_node<T: Config>(model: ModelId) -> Result<(sr25519::Public, AccountId), BenchmarkError> {
	let key: sr25519::Public = sp_io::crypto::sr25519_generate(KEY_TYPE, None);
	let operator: AccountId = MultiSigner::from(key).into_account();
	fund::<T>(&operator, 1_000 * OPEN)?;
	T::Nodes::benchmark_node(&operator, model)?;
	Ok((key, operator))
}

/// The signature over the statement of an answer, in the wrapped form, so that both are checked.
fn signature<T: Config>(
	key: &sr25519::Public,
	id: RequestId,
	output: &RequestOutput,
	attribution: &Attribution,
) -> Result<Signature, BenchmarkError> {
	let request = Requests::<T>::get(id).ok_or("no request")?;
	let unsigned = Answer {
		output: output.clone(),
		input_tokens: INPUT_TOKENS,
		output_tokens: 1,
		attribution: attribution.clone(),
		signature: sr25519::Signature::from_raw([0; 64]).into(),
	};
	let record = unsigned.record();
	let genesis = frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero());
	let hash = request.input_hash;
	let agreement = request.agreement();
	let statement =
		call_statement(genesis, id, hash, agreement, &record, charge::<T>(request.model)?);
	let payload = wrap(&statement.signing_payload());
	let signature = sp_io::crypto::sr25519_sign(KEY_TYPE, key, &payload);
	Ok(signature.ok_or("no key to sign with")?.into())
}

/// Lets an open call be claimed by one whose time is over, as the last but one who may, and as many as can say why they
/// will not answer.
fn claimed_in_vain<T: Config>(model: ModelId, id: RequestId) -> Result<(), BenchmarkError> {
	let other = funded::<T>("other", 1_000 * OPEN)?;
	T::Nodes::benchmark_node(&other, model)?;
	Pallet::<T>::claim_call(RawOrigin::Signed(other).into(), id)?;
	Requests::<T>::mutate(id, |request| {
		let Some(request) = request else { return };
		for number in 0..MAX_NOTES {
			let refusal = Refusal::Declined(DeclineReason::TooDear);
			let _ = request.refusals.try_push((account("says why", number, 0), refusal));
		}
		for number in 0..MAX_CLAIMS.saturating_sub(2) {
			let _ = request.refusals.try_push((account("late", number, 0), Refusal::Lapsed));
		}
	});
	let now = frame_system::Pallet::<T>::block_number();
	let late = now.saturating_add(T::ClaimPeriod::get()).saturating_add(One::one());
	frame_system::Pallet::<T>::set_block_number(late);
	Ok(())
}

/// A call that was answered, and is kept in a full slot.
fn answered<T: Config>() -> Result<(AccountId, RequestId), BenchmarkError> {
	let model = model::<T>(sources::<T>(1)?.0)?;
	let (key, operator) = signing_node::<T>(model)?;
	let minimum = T::Currency::minimum_balance();
	T::Currency::mint_into(&T::Revenue::pot(), minimum)?;
	let (caller, id) = ask::<T>(model, Some(&operator))?;
	let now = frame_system::Pallet::<T>::block_number();
	frame_system::Pallet::<T>::set_block_number(now.saturating_add(One::one()));
	let output: RequestOutput =
		text(MAX_REQUEST_OUTPUT).try_into().map_err(|_| "too long an output")?;
	let nobody = Attribution::default();
	let signature = signature::<T>(&key, id, &output, &nobody)?;
	let signed = RawOrigin::Signed(operator).into();
	Pallet::<T>::fulfil_call(signed, id, output, INPUT_TOKENS, 1, nobody, signature)
		.map_err(|error| error.error)?;
	let outcome = Outcomes::<T>::get(id).ok_or("it is not kept")?;
	fill_up::<T>(outcome.slot.ok_or("it waits in no slot")?);
	Ok((caller, id))
}

/// The terms of a call that is requested now.
fn terms<T: Config>(model: ModelId) -> Result<CallTerms<AccountId>, BenchmarkError> {
	let (version, price_version) = T::Models::in_force(model).ok_or("no price")?;
	let now = frame_system::Pallet::<T>::block_number().saturated_into();
	let terms = T::Models::terms_as_of(model, version, price_version, now);
	Ok(terms.map_err(|_| "no terms")?.0)
}

/// Charge for a call of so many tokens and one now.
fn charge<T: Config>(model: ModelId) -> Result<Balance, BenchmarkError> {
	let price = terms::<T>(model)?.price;
	Ok(price.charge(&Tokens::new(INPUT_TOKENS, 1)).ok_or("too dear")?)
}

/// Lets something have accrued for all who are paid for a call: it is paid along with it.
fn accrue<T: Config>(model: ModelId, operator: &AccountId) -> Result<(), BenchmarkError> {
	let terms = terms::<T>(model)?;
	T::Revenue::benchmark_accrue(&T::Nodes::payee(operator))?;
	T::Revenue::benchmark_accrue(&terms.payee)?;
	for parent in terms.lineage {
		T::Revenue::benchmark_accrue(&parent.payee)?;
	}
	Ok(())
}

fn deadline<T: Config>() -> BlockNumberFor<T> {
	frame_system::Pallet::<T>::block_number().saturating_add(T::MaxDeadline::get())
}

/// A request with the longest input, of a node that is named, or open.
fn ask<T: Config>(
	model: ModelId,
	operator: Option<&AccountId>,
) -> Result<(AccountId, RequestId), BenchmarkError> {
	let charge = charge::<T>(model)?;
	let caller = funded::<T>("caller", charge)?;
	let id = NextRequestId::<T>::get();
	Pallet::<T>::request_call(
		RawOrigin::Signed(caller.clone()).into(),
		model,
		operator.cloned(),
		input(MAX_REQUEST_INPUT)?,
		charge,
		deadline::<T>(),
	)
	.map_err(|error| error.error)?;
	Ok((caller, id))
}

/// An open request of a model that is made for it. It was claimed in vain.
fn asked<T: Config>() -> Result<(AccountId, RequestId), BenchmarkError> {
	let model = model::<T>(sources::<T>(1)?.0)?;
	let (caller, id) = ask::<T>(model, None)?;
	claimed_in_vain::<T>(model, id)?;
	Ok((caller, id))
}

/// The slot that a request waits in.
fn slot<T: Config>(id: RequestId) -> Result<BlockNumberFor<T>, BenchmarkError> {
	let request = Requests::<T>::get(id).ok_or("no request")?;
	Ok(request.slot.ok_or("it waits in no slot")?)
}

/// Fills `count` slots, from `first` on.
fn fill<T: Config>(first: BlockNumberFor<T>, count: u32) {
	let mut slot = first;
	for _ in 0..count {
		fill_up::<T>(slot);
		slot = slot.saturating_add(One::one());
	}
}

/// Leaves no room in a slot, with ids that are not in use.
fn fill_up<T: Config>(slot: BlockNumberFor<T>) {
	Deadlines::<T>::mutate(slot, |ids| {
		let room = usize::try_from(T::MaxPerSlot::get()).unwrap_or_default();
		let mut list: Vec<_> = core::mem::take(ids).into_inner();
		while list.len() < room {
			list.insert(0, RequestId::MAX);
		}
		*ids = BoundedVec::truncate_from(list);
	});
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn request_call(
		i: Linear<1, MAX_REQUEST_INPUT>,
		f: Linear<0, { SLOT_SEARCH - 1 }>,
	) -> Result<(), BenchmarkError> {
		let model = model::<T>(sources::<T>(MAX_SOURCES)?.0)?;
		let operator = node::<T>(model)?;
		let charge = charge::<T>(model)?;
		let caller = funded::<T>("caller", charge)?;
		let input = input(i)?;
		fill::<T>(deadline::<T>().saturating_add(One::one()), f);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), model, Some(operator), input, charge, deadline::<T>());

		assert_eq!(Requests::<T>::count(), 1);
		Ok(())
	}

	#[benchmark]
	fn fulfil_call(
		o: Linear<1, MAX_REQUEST_OUTPUT>,
		a: Linear<0, MAX_ENTRIES>,
		s: Linear<1, MAX_SOURCES>,
	) -> Result<(), BenchmarkError> {
		let (sources, contributions) = sources::<T>(s)?;
		let model = model::<T>(sources)?;
		let (key, operator) = signing_node::<T>(model)?;
		let minimum = T::Currency::minimum_balance();
		T::Currency::mint_into(&T::Revenue::pot(), minimum)?;
		let (_, id) = ask::<T>(model, None)?;
		fill_up::<T>(slot::<T>(id)?);
		claimed_in_vain::<T>(model, id)?;
		Pallet::<T>::claim_call(RawOrigin::Signed(operator.clone()).into(), id)?;
		let output: RequestOutput = text(o).try_into().map_err(|_| "too long an output")?;
		let entries: Vec<_> = contributions
			.into_iter()
			.take(usize::try_from(a).unwrap_or_default())
			.map(|contribution| AttributionShare { contribution, basis_points: 600 })
			.collect();
		let attribution: Attribution = entries.try_into().map_err(|_| "too many entries")?;
		accrue::<T>(model, &operator)?;
		let signature = signature::<T>(&key, id, &output, &attribution)?;
		// The last slot that the answer can wait in is the only one with room.
		let now = frame_system::Pallet::<T>::block_number();
		let first = now.saturating_add(T::AnswerPeriod::get()).saturating_add(One::one());
		fill::<T>(first, OUTCOME_SEARCH.saturating_sub(1));

		#[extrinsic_call]
		_(RawOrigin::Signed(operator), id, output, INPUT_TOKENS, 1, attribution, signature);

		assert!(!Requests::<T>::contains_key(id));
		assert!(Outcomes::<T>::get(id).is_some_and(|outcome| outcome.slot.is_some()));
		assert_eq!(T::Revenue::benchmark_accrued(), 0);
		Ok(())
	}

	#[benchmark]
	fn cancel_call(f: Linear<0, { SLOT_SEARCH - 1 }>) -> Result<(), BenchmarkError> {
		let (caller, id) = asked::<T>()?;
		let now = frame_system::Pallet::<T>::block_number();
		let first = now.saturating_add(T::CancelNotice::get());
		fill::<T>(first.max(now.saturating_add(One::one())), f);
		fill_up::<T>(slot::<T>(id)?);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id);

		assert!(Requests::<T>::get(id).is_some_and(|request| request.cancelled_at.is_some()));
		Ok(())
	}

	#[benchmark]
	fn expire_call() -> Result<(), BenchmarkError> {
		let (caller, id) = asked::<T>()?;
		let slot = slot::<T>(id)?;
		fill_up::<T>(slot);
		frame_system::Pallet::<T>::set_block_number(slot);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id);

		assert!(!Requests::<T>::contains_key(id));
		Ok(())
	}

	/// Another claim has lapsed.
	#[benchmark]
	fn claim_call() -> Result<(), BenchmarkError> {
		let (_, id) = asked::<T>()?;
		let model = Requests::<T>::get(id).ok_or("no request")?.model;
		let operator = node::<T>(model)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(operator.clone()), id);

		let claim = Requests::<T>::get(id).and_then(|request| request.claim);
		assert_eq!(claim.map(|claim| claim.node), Some(operator));
		Ok(())
	}

	/// The call is over. Giving a claim up reads and writes less.
	#[benchmark]
	fn decline_call() -> Result<(), BenchmarkError> {
		let model = model::<T>(sources::<T>(1)?.0)?;
		let operator = node::<T>(model)?;
		let (_, id) = ask::<T>(model, Some(&operator))?;
		fill_up::<T>(slot::<T>(id)?);
		let now = frame_system::Pallet::<T>::block_number();
		let first = now.saturating_add(T::AnswerPeriod::get()).saturating_add(One::one());
		fill::<T>(first, OUTCOME_SEARCH.saturating_sub(1));

		#[extrinsic_call]
		_(RawOrigin::Signed(operator), id, DeclineReason::BadInput);

		assert!(!Requests::<T>::contains_key(id) && Outcomes::<T>::contains_key(id));
		Ok(())
	}

	#[benchmark]
	fn forget_outcome() -> Result<(), BenchmarkError> {
		let (caller, id) = answered::<T>()?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id);

		assert!(!Outcomes::<T>::contains_key(id));
		Ok(())
	}

	/// Something waits, but nothing is over.
	#[benchmark]
	fn sweep_base() -> Result<(), BenchmarkError> {
		answered::<T>()?;
		let now = frame_system::Pallet::<T>::block_number().saturating_sub(One::one());

		#[block]
		{
			Pallet::<T>::sweep(now, Weight::MAX);
		}

		assert_eq!(Outcomes::<T>::count(), 1);
		Ok(())
	}

	/// The slot is full, and stays so.
	#[benchmark]
	fn sweep_slot() -> Result<(), BenchmarkError> {
		let slot = deadline::<T>();
		fill_up::<T>(slot);

		#[block]
		{
			let ids = Deadlines::<T>::take(slot);
			Deadlines::<T>::insert(slot, ids);
		}

		assert!(Deadlines::<T>::contains_key(slot));
		Ok(())
	}

	#[benchmark]
	fn sweep_request() -> Result<(), BenchmarkError> {
		let (_, id) = asked::<T>()?;

		#[block]
		{
			Pallet::<T>::end_swept(id);
		}

		assert!(!Requests::<T>::contains_key(id));
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
