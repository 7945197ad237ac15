//! Settlement of any number of calls by their sums.
//!
//! The caller's voucher acknowledges what all calls before it cost together. So the node need not
//! bring each of them: it brings, for every version and price, how many calls and tokens there were,
//! where the answers came from as a whole, and the Merkle root over the records. Every sum is priced
//! by the schedule and split like a call. What they cost must fit what the caller acknowledged, and
//! there cannot be more calls than sequences.
//!
//! Unlike a record, an aggregate counts whole or not at all.

use crate::{
	meter::Meter,
	pallet::*,
	settlement::{count, extra, Absent, Itemised, Redemption, TermsCache},
	types::SettledRoot,
	WeightInfo,
};
use alloc::{collections::BTreeSet, vec::Vec};
use frame_support::{ensure, weights::Weight};
use openledger_primitives::{
	aggregate::{Aggregate, AggregateEntry},
	merkle,
	record::{CallPayment, CallRecord, RejectReason},
	traits::ChargedCall,
	voucher::Voucher,
	AccountId, Balance, Signature,
};
use sp_runtime::DispatchError;

/// What an aggregate is made of, as far as its weight goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AggregateLoad {
	/// Entries, each of which is credited to the whole attribution.
	entries: u32,
	/// Entries of the attribution.
	attributed: u32,
	/// Entries of the attribution of the voucher's own call.
	own_attributed: u32,
	/// Distinct pairs of version and price version.
	terms: u32,
	/// What these have less than they could have.
	absent: Absent,
}

impl AggregateLoad {
	/// The most that an aggregate, with the record of the voucher's own call, can be.
	pub(crate) fn of(aggregate: &Aggregate, last: Option<&CallRecord>) -> Self {
		let entries = count(aggregate.entries.len());
		Self {
			entries,
			attributed: count(aggregate.attribution.len()),
			own_attributed: last.map_or(0, |own| count(own.attribution.len())),
			terms: entries.saturating_add(u32::from(last.is_some())),
			absent: Absent::default(),
		}
	}

	/// The weight of the settlement.
	pub(crate) fn weight<W: WeightInfo>(&self) -> Weight {
		let again = u64::from(self.entries.saturating_sub(1));
		let full = W::settle_aggregate(self.attributed)
			.saturating_add(extra(W::settle_attributed, self.attributed, 0).saturating_mul(again))
			.saturating_add(extra(W::settle_attributed, self.own_attributed, 0))
			.saturating_add(extra(W::settle_terms, self.terms, 1));
		self.absent.from::<W>(full)
	}
}

/// The sums of an aggregate, priced.
struct Sums {
	calls: Vec<ChargedCall<AccountId>>,
	charge: Balance,
}

impl<T: Config> Pallet<T> {
	/// Returns what was settled, for its weight.
	pub(crate) fn do_settle_aggregate(
		operator: &AccountId,
		voucher: Voucher,
		signature: &Signature,
		aggregate: Aggregate,
		last: Option<CallRecord>,
	) -> Result<AggregateLoad, DispatchError> {
		let mut load = AggregateLoad::of(&aggregate, last.as_ref());
		let of_own_call = last.as_ref().is_none_or(|own| own.sequence == voucher.sequence);
		ensure!(of_own_call, Error::<T>::NotTheOwnCall);
		check_entries::<T>(&aggregate)?;
		let redemption = Self::check_voucher(operator, voucher, signature)?;
		let before = redemption.lane.sequence;
		let mut meter = redemption.meter();
		let mut terms = TermsCache::default();
		let Sums { mut calls, charge } =
			price_entries::<T>(&voucher, &meter, &aggregate, &mut terms)?;
		meter.admit_sum(aggregate.up_to, charge).map_err(Error::<T>::from)?;
		let sequences = aggregate.up_to.saturating_sub(before);
		let counted = u32::try_from(aggregate.calls().ok_or(Error::<T>::TooManyCalls)?)
			.map_err(|_| Error::<T>::TooManyCalls)?;
		ensure!(u64::from(counted) <= sequences, Error::<T>::TooManyCalls);

		let mut itemised = Itemised::default();
		if let Some(own) = last {
			itemised.take::<T>(own, &voucher, &mut meter, &mut terms);
		}
		load.terms = terms.len();
		load.absent = terms.absent();
		let own = itemised.calls.clone();
		load.own_attributed = own.first().map_or(0, |call| count(call.attribution.len()));
		let accepted = counted.saturating_add(count(own.len()));
		calls.extend(own);
		let mut payments = Self::collect_and_split(&redemption, &meter, &calls)?;
		let own_payments = payments.split_off(aggregate.entries.len());
		Self::keep_aggregate_roots(&redemption, &aggregate, counted, charge, &itemised)?;
		Self::deposit_entries(&redemption, &aggregate, calls, payments);
		Self::deposit_items(&redemption, itemised, own_payments, &meter, accepted);
		Ok(load)
	}

	/// Keeps the node's root over the records behind the sums, and one for the voucher's own call.
	fn keep_aggregate_roots(
		redemption: &Redemption<T>,
		aggregate: &Aggregate,
		records: u32,
		charged: Balance,
		itemised: &Itemised,
	) -> Result<(), DispatchError> {
		let Voucher { session, lane, sequence, .. } = redemption.voucher;
		let first_sequence = redemption.lane.sequence.saturating_add(1);
		let sums = Self::settled_root(redemption, first_sequence, aggregate.up_to);
		let sums = SettledRoot { root: aggregate.root, records, charged, ..sums };
		let own = itemised.calls.first().map(|call| {
			let first_sequence = aggregate.up_to.saturating_add(1);
			let root = Self::settled_root(redemption, first_sequence, sequence);
			let leaves = itemised.leaves.iter().copied();
			SettledRoot { root: merkle::root(leaves), records: 1, charged: call.charge, ..root }
		});
		let roots = [Some(sums), own].into_iter().flatten();
		Self::keep_roots(roots.map(|root| ((session, lane, root.last_sequence), root)))
	}

	/// Says how the sums were paid: one event per entry.
	fn deposit_entries(
		redemption: &Redemption<T>,
		aggregate: &Aggregate,
		calls: Vec<ChargedCall<AccountId>>,
		payments: Vec<CallPayment>,
	) {
		let Redemption { voucher, session, lane, .. } = redemption;
		for ((entry, call), payment) in aggregate.entries.iter().zip(calls).zip(payments) {
			Self::deposit_event(Event::AggregateSettled {
				session: voucher.session,
				lane: voucher.lane,
				first_sequence: lane.sequence.saturating_add(1),
				last_sequence: aggregate.up_to,
				caller: session.caller.clone(),
				node: session.node.clone(),
				developer: call.terms.developer,
				model: call.model,
				version: entry.version,
				price_version: entry.price_version,
				calls: entry.calls,
				input_tokens: entry.input_tokens,
				output_tokens: entry.output_tokens,
				charge: call.charge,
				root: aggregate.root,
				payment,
			});
		}
	}
}

fn check_entries<T>(aggregate: &Aggregate) -> Result<(), Error<T>> {
	let entries = &aggregate.entries;
	ensure!(!entries.is_empty(), Error::<T>::EmptyAggregate);
	ensure!(entries.iter().all(|entry| entry.calls > 0), Error::<T>::EntryWithoutCalls);
	let key = |entry: &AggregateEntry| (entry.version, entry.price_version);
	let distinct: BTreeSet<_> = entries.iter().map(key).collect();
	ensure!(distinct.len() == entries.len(), Error::<T>::DuplicateEntry);
	Ok(())
}

/// Prices each entry. The attribution is that of all of them.
fn price_entries<T: Config>(
	voucher: &Voucher,
	meter: &Meter,
	aggregate: &Aggregate,
	terms: &mut TermsCache,
) -> Result<Sums, Error<T>> {
	let mut sums = Sums { calls: Vec::with_capacity(aggregate.entries.len()), charge: 0 };
	for entry in &aggregate.entries {
		meter.check_price(entry.price_version)?;
		let terms = terms.get::<T>(voucher, entry.version, entry.price_version)?;
		let charge = entry.charge(&terms.price).ok_or(RejectReason::ChargeOverflow)?;
		sums.charge = sums.charge.checked_add(charge).ok_or(RejectReason::ChargeOverflow)?;
		sums.calls.push(ChargedCall {
			model: voucher.model,
			calls: entry.calls.into(),
			charge,
			terms: terms.clone(),
			attribution: aggregate.attribution.to_vec(),
			unattributed: aggregate.unattributed,
		});
	}
	Ok(sums)
}
