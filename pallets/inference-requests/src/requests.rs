//! The work of the extrinsics.

use crate::{
	pallet::*,
	types::{bytes, length, Answer, End, Request, RequestInput, RequestOf, SLOT_SEARCH},
	WeightInfo,
};
use alloc::{boxed::Box, vec, vec::Vec};
use frame_support::{
	ensure,
	traits::{
		fungible::MutateHold,
		tokens::{Fortitude, Precision, Restriction},
		Get,
	},
	weights::Weight,
};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{
	lane::{
		Agreement, CallRecord, FulfilledCall, LineageShare, RejectReason, SettledCall, SourceShare,
		Statement,
	},
	on_chain::{call_statement, text_hash, CALLS_FROM, MAX_CLAIMS},
	price::Tokens,
	signing::Signed,
	traits::{
		ItemCharge, LaneCharges, LanePayment, LaneTerms, ModelInspect, NodeInspect,
		RevenueDistributor,
	},
	tree, AccountId, Balance, Hash, ModelId, RequestId,
};
use sp_runtime::{
	traits::{One, Zero},
	BoundedVec, DispatchError, DispatchResult, Saturating,
};

/// The key of a request among those of its model.
pub(crate) fn ordered(id: RequestId) -> [u8; 8] {
	id.to_be_bytes()
}

impl<T: Config> Pallet<T> {
	/// Takes a request, also if no slot is free. Returns how many full slots it had to pass over.
	pub(crate) fn do_request(
		caller: AccountId,
		model: ModelId,
		node: Option<AccountId>,
		input: RequestInput,
		max_charge: Balance,
		deadline: BlockNumberFor<T>,
	) -> Result<u32, DispatchError> {
		ensure!(!input.as_bytes().is_empty(), Error::<T>::EmptyInput);
		let now = frame_system::Pallet::<T>::block_number();
		ensure!(deadline >= now.saturating_add(T::MinDeadline::get()), Error::<T>::DeadlineTooSoon);
		ensure!(deadline <= now.saturating_add(T::MaxDeadline::get()), Error::<T>::DeadlineTooLate);
		ensure!(T::Models::exists(model), Error::<T>::UnknownModel);
		ensure!(T::Models::is_callable(model), Error::<T>::ModelNotCallable);
		let (version, price_version) = T::Models::in_force(model).ok_or(Error::<T>::NoTerms)?;
		if let Some(operator) = &node {
			ensure!(T::Nodes::serves(operator, model), Error::<T>::ModelNotServed);
		}
		let overhead = T::Models::template_overhead(model, version).ok_or(Error::<T>::NoTerms)?;
		let deposit = Self::longest_deposit().ok_or(Error::<T>::Overflow)?;
		let id = NextRequestId::<T>::get();
		// Each stands for a session that there is not.
		ensure!(id < CALLS_FROM, Error::<T>::IdsExhausted);
		let next = id.saturating_add(1);
		let mut request = Request {
			caller,
			model,
			node,
			version,
			price_version,
			asked_at: now,
			max_charge,
			deposit,
			deadline,
			cancelled_at: None,
			slot: None,
			input_hash: text_hash(input.as_str()),
			most_input_tokens: bytes(&input).saturating_add(overhead),
			claim: None,
			refusals: Default::default(),
		};
		// Of all who would be paid, too: a call that could not be paid gets no answer.
		let LaneTerms { call, .. } = Self::terms(&request.agreement())?;
		let least = call.price.charge(&Tokens::default()).ok_or(Error::<T>::ChargeOverflow)?;
		ensure!(least <= max_charge, Error::<T>::MaxChargeTooSmall);
		let (slot, passed) = Self::free_slot(request.ends_at(), SLOT_SEARCH);

		T::Currency::hold(&HoldReason::Call.into(), &request.caller, max_charge)?;
		T::Currency::hold(&HoldReason::Storage.into(), &request.caller, deposit)?;
		NextRequestId::<T>::put(next);
		request.slot = slot.filter(|slot| Self::queue(*slot, id));
		Inputs::<T>::insert(id, input);
		ByModel::<T>::insert(model, ordered(id), ());
		Requests::<T>::insert(id, &request);
		Self::deposit_event(Event::CallRequested {
			request: id,
			caller: request.caller,
			model,
			node: request.node,
			version,
			price_version,
			max_charge,
			deposit,
			deadline,
			input_hash: request.input_hash,
		});
		Ok(passed)
	}

	/// Charges and pays for an answer. Returns what that weighed.
	pub(crate) fn do_fulfil(
		operator: AccountId,
		id: RequestId,
		answer: Answer,
	) -> Result<Weight, DispatchError> {
		let mut request = Requests::<T>::get(id).ok_or(Error::<T>::UnknownRequest)?;
		let now = frame_system::Pallet::<T>::block_number();
		Self::check_not_over(&request)?;
		// Before, another price or owner could still come into force in the block that it is paid as of.
		ensure!(request.asked_at < now, Error::<T>::AnsweredTooSoon);
		match &request.node {
			Some(named) => ensure!(*named == operator, Error::<T>::NotNamedNode),
			None => {
				let claim = request.claim_at(now).filter(|claim| claim.node == operator);
				ensure!(claim.is_some(), Error::<T>::NotClaimed);
			}
		}
		ensure!(T::Nodes::serves(&operator, request.model), Error::<T>::ModelNotServed);
		ensure!(answer.is_plausible(request.most_input_tokens), Error::<T>::TooManyTokens);
		let record = answer.record();
		record.check().map_err(|_| Error::<T>::InvalidAttribution)?;
		let terms = Self::terms(&request.agreement())?;
		let charge = terms.call.price.charge(&record.tokens());
		let charge = charge.ok_or(Error::<T>::ChargeOverflow)?;
		let released = request.max_charge.checked_sub(charge).ok_or(Error::<T>::AboveMaxCharge)?;
		let input_hash = request.input_hash;
		let agreement = request.agreement();
		let genesis = Self::genesis_hash();
		let statement = call_statement(genesis, id, input_hash, agreement, &record, charge);
		let receipt_key = Self::check_statement(&operator, &statement, &answer)?;

		let weight = Self::weight_of(&answer, &terms);
		let node = operator.clone();
		let call = Self::collect(&request, operator, record, charge, terms)?;
		let (_, item) = call.as_lane(id);
		let root = tree::root(&[item.leaf()]).ok_or(Error::<T>::NotDistributed)?;
		T::Nodes::keep_call(&node, &request.caller, &statement, root)?;
		Self::release(&request.caller, HoldReason::Call, released)?;
		if let Some(claim) = request.claim.take() {
			Self::release(&claim.node, HoldReason::Claim, claim.deposit)?;
		}
		Self::unqueue(request.slot, id);
		Self::forget(id, request.model);
		let end = End::Answered { node, charge, output: answer.output.clone() };
		let (deposit, until) = Self::keep(id, request, end)?;
		Self::deposit_event(Event::CallFulfilled {
			request: id,
			released,
			input_hash,
			output: answer.output,
			call: Box::new(call),
			receipt_key,
			signature: answer.signature,
			deposit,
			until,
		});
		Ok(weight)
	}

	/// Checks that the node's receipt key has signed the statement of the call. Returns that key.
	fn check_statement(
		operator: &AccountId,
		statement: &Statement,
		answer: &Answer,
	) -> Result<AccountId, Error<T>> {
		let key = T::Nodes::receipt_key(operator).ok_or(Error::<T>::ModelNotServed)?;
		let signed = statement.verify(&answer.signature, &key);
		ensure!(signed, Error::<T>::BadStatementSignature);
		Ok(key)
	}

	/// Checks that a call is not over.
	pub(crate) fn check_not_over(request: &RequestOf<T>) -> Result<(), Error<T>> {
		let now = frame_system::Pallet::<T>::block_number();
		ensure!(now <= request.deadline, Error::<T>::DeadlinePassed);
		ensure!(now < request.ends_at(), Error::<T>::Cancelled);
		Ok(())
	}

	/// Has a call end after the notice. Returns how many full slots it had to pass over.
	pub(crate) fn do_cancel(caller: AccountId, id: RequestId) -> Result<u32, DispatchError> {
		let mut request = Requests::<T>::get(id).ok_or(Error::<T>::UnknownRequest)?;
		ensure!(request.caller == caller, Error::<T>::NotRequestCaller);
		ensure!(request.cancelled_at.is_none(), Error::<T>::AlreadyCancelled);
		let now = frame_system::Pallet::<T>::block_number();
		ensure!(now <= request.deadline, Error::<T>::DeadlinePassed);

		let noticed = now.saturating_add(T::CancelNotice::get());
		// Who has claimed it was promised all of the time.
		let claimed = request.claim_at(now).map(|claim| claim.until.saturating_add(One::one()));
		let cancelled_at = noticed.max(claimed.unwrap_or(noticed)).min(request.ends_at());
		request.cancelled_at = Some(cancelled_at);
		let (slot, passed) = Self::free_slot(cancelled_at, SLOT_SEARCH);
		// Where it waits now, if it does, is good as well, only later.
		let earlier = slot.filter(|slot| request.slot.is_none_or(|now| *slot < now));
		if let Some(slot) = earlier.filter(|slot| Self::queue(*slot, id)) {
			Self::unqueue(request.slot, id);
			request.slot = Some(slot);
		}
		Requests::<T>::insert(id, request);
		Self::deposit_event(Event::CallCancelled { request: id, cancelled_at });
		Ok(passed)
	}

	/// Ends a call that is over.
	pub(crate) fn do_expire(id: RequestId) -> DispatchResult {
		let request = Requests::<T>::get(id).ok_or(Error::<T>::UnknownRequest)?;
		let now = frame_system::Pallet::<T>::block_number();
		ensure!(now >= request.ends_at() || Self::is_given_up(&request), Error::<T>::NotOver);

		Self::unqueue(request.slot, id);
		Self::give_back(id, request)
	}

	/// Returns `true` if as many claims on a call came to nothing as may, so that nobody can answer it any more.
	fn is_given_up(request: &RequestOf<T>) -> bool {
		let now = frame_system::Pallet::<T>::block_number();
		let lapsed = u32::from(request.claim.is_some());
		request.claim_at(now).is_none()
			&& request.lost_claims().saturating_add(lapsed) >= MAX_CLAIMS
	}

	/// Frees everything that is on hold for a request, and forgets it. A claim on it has lapsed: it never
	/// outlasts the call. Its slot is the caller's business.
	pub(crate) fn give_back(id: RequestId, mut request: RequestOf<T>) -> DispatchResult {
		Self::forfeit(id, &mut request)?;
		Self::release(&request.caller, HoldReason::Call, request.max_charge)?;
		Self::release(&request.caller, HoldReason::Storage, request.deposit)?;
		Self::forget(id, request.model);
		Self::deposit_event(Event::CallExpired {
			request: id,
			caller: request.caller,
			released: request.max_charge,
			deposit: request.deposit,
			cancelled: request.cancelled_at.is_some(),
			refusals: request.refusals,
		});
		Ok(())
	}

	/// The hash of block 0, which every signed message names.
	fn genesis_hash() -> Hash {
		frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero())
	}

	/// Takes what a call costs out of the caller's hold, and has it split.
	fn collect(
		request: &RequestOf<T>,
		operator: AccountId,
		record: CallRecord,
		charge: Balance,
		terms: LaneTerms<AccountId>,
	) -> Result<FulfilledCall, DispatchError> {
		if charge > 0 {
			// By force: the caller may have frozen the funds since for a purpose of their own, but
			// these are promised.
			T::Currency::transfer_on_hold(
				&HoldReason::Call.into(),
				&request.caller,
				&T::Revenue::pot(),
				charge,
				Precision::Exact,
				Restriction::Free,
				Fortitude::Force,
			)?;
		}
		let agreement = request.agreement();
		let node_payee = T::Nodes::payee(&operator);
		let attribution = &record.attribution;
		let item = ItemCharge { calls: 1, charge, list_charge: charge, attribution };
		let lane = LaneCharges {
			node: &node_payee,
			model: agreement.model,
			terms: &terms,
			as_of: agreement.as_of,
			items: vec![item],
		};
		let LanePayment { items, pools } = only::<T, _>(T::Revenue::distribute_lanes(&[lane])?)?;
		let (parts, direct) = only::<T, _>(items)?;
		let LaneTerms { call, protocol_share, sources, .. } = terms;
		Ok(FulfilledCall {
			caller: request.caller.clone(),
			node: operator,
			node_payee,
			agreement,
			developer_payee: call.payee,
			price: call.price,
			policy: call.policy,
			protocol_share,
			lineage: bounded::<T, _, _>(call.lineage.into_iter().map(LineageShare::from))?,
			sources: bounded::<T, _, _>(sources.into_iter().map(SourceShare::from))?,
			pools: bounded::<T, _, _>(pools.into_iter())?,
			call: SettledCall { record, charge, parts, direct },
		})
	}

	/// Weight of an answer: data is only paid where the model does.
	fn weight_of(answer: &Answer, LaneTerms { call, .. }: &LaneTerms<AccountId>) -> Weight {
		let (attribution, sources) = if call.policy.pays_data() {
			(length(&answer.attribution), length(&call.sources))
		} else {
			(0, 0)
		};
		T::WeightInfo::fulfil_call(bytes(&answer.output), attribution, sources)
	}

	/// Who is behind a call.
	fn terms(agreement: &Agreement) -> Result<LaneTerms<AccountId>, Error<T>> {
		let Agreement { model, version, price_version, as_of, .. } = *agreement;
		let (call, changed_at) = T::Models::terms_as_of(model, version, price_version, as_of)?;
		Ok(T::Revenue::lane_terms(call, changed_at, as_of)?)
	}

	/// Frees what is on hold on somebody's account.
	pub(crate) fn release(who: &AccountId, reason: HoldReason, amount: Balance) -> DispatchResult {
		T::Currency::release(&reason.into(), who, amount, Precision::Exact).map(|_| ())
	}

	/// Removes all of a request but its place in a slot.
	pub(crate) fn forget(id: RequestId, model: ModelId) {
		Requests::<T>::remove(id);
		Inputs::<T>::remove(id);
		ByModel::<T>::remove(model, ordered(id));
	}
}

/// The only entry of a list: one call was to be split.
fn only<T: Config, Entry>(list: Vec<Entry>) -> Result<Entry, Error<T>> {
	let [entry] = <[Entry; 1]>::try_from(list).map_err(|_| Error::<T>::NotDistributed)?;
	Ok(entry)
}

/// A list that is no longer than it can be; others keep to that as well.
fn bounded<T: Config, Entry, Bound: Get<u32>>(
	entries: impl Iterator<Item = Entry>,
) -> Result<BoundedVec<Entry, Bound>, Error<T>> {
	BoundedVec::try_from(entries.collect::<Vec<_>>()).map_err(|_| Error::NotDistributed)
}

impl<T> From<RejectReason> for Error<T> {
	fn from(reason: RejectReason) -> Self {
		match reason {
			RejectReason::UnknownModel => Self::UnknownModel,
			RejectReason::NotInForce => Self::NotInForce,
			RejectReason::VersionExpired => Self::VersionExpired,
			RejectReason::PriceExpired => Self::PriceExpired,
			RejectReason::ModelRetired => Self::ModelRetired,
			RejectReason::TermsForgotten => Self::TermsForgotten,
			RejectReason::NoPayableSource => Self::NoPayableSource,
			// Version and price version are the registry's own, and the others are reasons of settlements.
			_ => Self::NoTerms,
		}
	}
}
