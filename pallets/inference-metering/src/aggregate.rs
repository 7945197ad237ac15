//! Settlement of any number of calls by their sums.
//!
//! The caller's voucher acknowledges what all calls before it cost together. So the node need not
//! bring each of them: it brings how many calls and tokens there were, where the answers came from as a
//! whole, and the Merkle root over the records. The sums are priced and split like one call, on the
//! terms that the voucher names. What they cost must fit what the caller acknowledged, and there cannot
//! be more calls than sequences.
//!
//! Unlike a record, an aggregate counts whole or not at all.

use crate::{
	pallet::*,
	roots::DROPPED_PER_SETTLEMENT,
	settlement::{Itemised, Redemption},
	types::{count, Absent, AggregateLoad, SettledRoot},
};
use alloc::vec;
use frame_support::ensure;
use openledger_primitives::{
	aggregate::Aggregate,
	merkle,
	record::{CallPayment, CallRecord, RejectReason},
	traits::ChargedCall,
	voucher::Voucher,
	AccountId, Balance, Signature,
};
use sp_runtime::DispatchError;

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
		ensure!(aggregate.calls > 0, Error::<T>::EmptyAggregate);
		let redemption = Self::check_voucher(operator, voucher, signature)?;
		load.absent = Absent::of(&redemption.terms);
		let price = &redemption.terms.price;
		let mut meter = redemption.meter();
		let charge = aggregate
			.charge(price)
			.ok_or_else(|| Error::<T>::from(RejectReason::ChargeOverflow))?;
		meter.admit_sum(aggregate.up_to, charge).map_err(Error::<T>::from)?;
		let sequences = aggregate.up_to.saturating_sub(redemption.lane.sequence);
		ensure!(u64::from(aggregate.calls) <= sequences, Error::<T>::TooManyCalls);

		let mut itemised = Itemised::default();
		if let Some(own) = last {
			itemised.take(own, price, &mut meter);
		}
		let own = itemised.calls.first();
		load.own_attributed = own.map_or(0, |call| count(call.attribution.len()));
		let accepted = aggregate.calls.saturating_add(count(itemised.calls.len()));
		let mut calls = vec![ChargedCall {
			calls: aggregate.calls.into(),
			charge,
			attribution: aggregate.attribution.to_vec(),
			unattributed: aggregate.unattributed,
		}];
		calls.extend(itemised.calls.iter().cloned());
		let mut payments = Self::collect_and_split(&redemption, &meter, &calls)?.into_iter();
		let payment = payments.next().ok_or(DispatchError::Corruption)?;
		Self::keep_aggregate_roots(&redemption, &aggregate, charge, &itemised)?;
		Self::deposit_sums(&redemption, &aggregate, charge, payment);
		Self::deposit_items(&redemption, itemised, payments.collect(), &meter, accepted);
		Ok(load)
	}

	/// Keeps the node's root over the records behind the sums, and one for the voucher's own call.
	fn keep_aggregate_roots(
		redemption: &Redemption<T>,
		aggregate: &Aggregate,
		charged: Balance,
		itemised: &Itemised,
	) -> Result<(), DispatchError> {
		let Voucher { session, lane, sequence, .. } = redemption.voucher;
		let first_sequence = redemption.lane.sequence.saturating_add(1);
		let sums = Self::settled_root(redemption, first_sequence, aggregate.up_to);
		let (root, records) = (aggregate.root, aggregate.calls);
		let sums = SettledRoot { root, records, charged, ..sums };
		let own = itemised.calls.first().map(|call| {
			let first_sequence = aggregate.up_to.saturating_add(1);
			let root = Self::settled_root(redemption, first_sequence, sequence);
			let leaves = itemised.leaves.iter().copied();
			SettledRoot { root: merkle::root(leaves), records: 1, charged: call.charge, ..root }
		});
		let roots = [Some(sums), own].into_iter().flatten();
		let roots = roots.map(|root| ((session, lane, root.last_sequence), root));
		Self::keep_roots(DROPPED_PER_SETTLEMENT, roots)
	}

	/// Says how the sums were paid.
	fn deposit_sums(
		redemption: &Redemption<T>,
		aggregate: &Aggregate,
		charge: Balance,
		payment: CallPayment,
	) {
		let Redemption { voucher, session, payee, lane, terms, .. } = redemption;
		Self::deposit_event(Event::AggregateSettled {
			session: voucher.session,
			lane: voucher.lane,
			first_sequence: lane.sequence.saturating_add(1),
			last_sequence: aggregate.up_to,
			caller: session.caller.clone(),
			node: session.node.clone(),
			payee: payee.clone(),
			developer: terms.payee.clone(),
			model: voucher.model,
			version: voucher.version,
			price_version: voucher.price_version,
			calls: aggregate.calls,
			input_tokens: aggregate.input_tokens,
			output_tokens: aggregate.output_tokens,
			charge,
			root: aggregate.root,
			payment,
		});
	}
}
