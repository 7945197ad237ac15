//! The steps of a settlement between its checks and its storage.

use crate::{
	meter::Meter,
	pallet::*,
	types::{Lane, Session},
};
use alloc::{collections::BTreeMap, vec::Vec};
use frame_support::traits::{
	fungible::MutateHold,
	tokens::{Fortitude, Precision, Restriction},
};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{
	record::{CallPayment, CallRecord, RejectReason},
	traits::{CallTerms, ChargedCall, ModelInspect, RevenueDistributor},
	voucher::Voucher,
	AccountId, Balance, ModelId, PriceVersion, Sequence, VersionId,
};
use sp_runtime::DispatchError;

/// A record that counts, with what it was charged.
pub(crate) struct Accepted<'a> {
	record: &'a CallRecord,
	call: ChargedCall<AccountId>,
}

/// What becomes of the records of one voucher.
pub(crate) struct Outcome<'a> {
	pub(crate) accepted: Vec<Accepted<'a>>,
	pub(crate) rejected: Vec<(Sequence, RejectReason)>,
	pub(crate) lane: Lane,
	pub(crate) charged: Balance,
}

/// Terms that were looked up for one voucher: most of its calls are of one model.
type TermsCache =
	BTreeMap<(ModelId, VersionId, PriceVersion), Result<CallTerms<AccountId>, RejectReason>>;

impl<T: Config> Pallet<T> {
	/// Prices each record and counts it against the voucher. Reads storage, writes none.
	pub(crate) fn price_records<'a>(
		session: &Session<AccountId, BlockNumberFor<T>>,
		lane: Lane,
		voucher: &Voucher,
		records: &'a [CallRecord],
	) -> Outcome<'a> {
		let mut meter = Meter::new(voucher, lane, session.remaining());
		let mut cache = TermsCache::new();
		let mut accepted = Vec::with_capacity(records.len());
		let mut rejected = Vec::new();
		for record in records {
			match Self::price_record(&session.node, record, &mut meter, &mut cache) {
				Ok(call) => accepted.push(Accepted { record, call }),
				Err(reason) => rejected.push((record.sequence, reason)),
			}
		}
		Outcome { accepted, rejected, lane: meter.lane(), charged: meter.charged() }
	}

	fn price_record(
		node: &AccountId,
		record: &CallRecord,
		meter: &mut Meter,
		cache: &mut TermsCache,
	) -> Result<ChargedCall<AccountId>, RejectReason> {
		// Cheap checks first: a record out of place costs no storage access.
		meter.check(record)?;
		let terms = cache
			.entry((record.model, record.version, record.price_version))
			.or_insert_with(|| {
				let terms = T::Models::terms(record.model, record.version, record.price_version)?;
				if !ServedBy::<T>::contains_key(record.model, node) {
					return Err(RejectReason::ModelNotServed);
				}
				Ok(terms)
			})
			.clone()?;
		let charge = terms
			.price
			.charge(record.input_tokens, record.output_tokens)
			.ok_or(RejectReason::ChargeOverflow)?;
		meter.admit(record, charge)?;
		Ok(ChargedCall { charge, terms, attribution: record.attribution.clone() })
	}

	/// Takes what the calls cost out of the caller's hold, and has it split.
	pub(crate) fn collect_and_split(
		session: &Session<AccountId, BlockNumberFor<T>>,
		outcome: &Outcome,
	) -> Result<Vec<CallPayment>, DispatchError> {
		if outcome.charged > 0 {
			// By force: the caller may have frozen the funds since for a purpose of their own, but
			// these are promised.
			T::Currency::transfer_on_hold(
				&HoldReason::Session.into(),
				&session.caller,
				&T::Revenue::pot(),
				outcome.charged,
				Precision::Exact,
				Restriction::Free,
				Fortitude::Force,
			)?;
		}
		let calls: Vec<_> = outcome.accepted.iter().map(|accepted| accepted.call.clone()).collect();
		T::Revenue::distribute(&session.node, &calls)
	}

	/// Says what happened: one event per call, one for the voucher.
	pub(crate) fn deposit_settled(
		session: &Session<AccountId, BlockNumberFor<T>>,
		voucher: &Voucher,
		outcome: &Outcome,
		payments: Vec<CallPayment>,
	) {
		for (Accepted { record, call }, payment) in outcome.accepted.iter().zip(payments) {
			Self::deposit_event(Event::CallSettled {
				session: voucher.session,
				lane: voucher.lane,
				sequence: record.sequence,
				caller: session.caller.clone(),
				node: session.node.clone(),
				developer: call.terms.developer.clone(),
				model: record.model,
				version: record.version,
				price_version: record.price_version,
				input_tokens: record.input_tokens,
				output_tokens: record.output_tokens,
				charge: call.charge,
				request_hash: record.request_hash,
				response_hash: record.response_hash,
				payment,
			});
		}
		let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
		Self::deposit_event(Event::VoucherSettled {
			session: voucher.session,
			lane: voucher.lane,
			sequence: outcome.lane.sequence,
			accepted: count(outcome.accepted.len()),
			rejected: count(outcome.rejected.len()),
			charged: outcome.charged,
		});
	}
}
