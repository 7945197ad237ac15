//! Settlement, record by record; and what it has in common with that of sums ([`crate::aggregate`]).

use crate::{
	meter::Meter,
	pallet::*,
	roots::DROPPED_PER_SETTLEMENT,
	types::{count, Absent, Lane, Load, SessionOf, SettledRoot, SettledRootOf},
};
use alloc::vec::Vec;
use frame_support::{
	ensure,
	traits::{
		fungible::MutateHold,
		tokens::{Fortitude, Precision, Restriction},
		Get,
	},
};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{
	merkle,
	price::{PriceSchedule, Tokens},
	record::{CallPayment, CallRecord, CallRecords, RejectReason},
	signing::Signed,
	traits::{CallTerms, ChargedCall, ModelInspect, NodeInspect, RevenueDistributor},
	voucher::Voucher,
	AccountId, Hash, LaneId, Sequence, Signature, MAX_LANES,
};
use sp_runtime::{DispatchError, Saturating};

/// A voucher that was checked: only such a one can be redeemed.
pub(crate) struct Redemption<T: Config> {
	pub(crate) voucher: Voucher,
	pub(crate) session: SessionOf<T>,
	/// The account that is paid for the node.
	pub(crate) payee: AccountId,
	pub(crate) lane: Lane,
	/// The terms of all calls that it is redeemed for.
	pub(crate) terms: CallTerms<AccountId>,
	/// The number of lanes of the session that will have settled records.
	lanes: LaneId,
	/// True if the spending limit applies: it was signed by another key than the caller's own.
	hot: bool,
	/// The last block in which the settlement can be disputed.
	until: BlockNumberFor<T>,
}

impl<T: Config> Redemption<T> {
	pub(crate) fn meter(&self) -> Meter<'_> {
		let meter = Meter::new(&self.voucher, self.lane, self.session.remaining());
		if self.hot {
			let limit = self.session.limit_at(Pallet::<T>::now());
			meter.with_spending_limit(limit.saturating_sub(self.session.spent))
		} else {
			meter
		}
	}
}

/// The records of one voucher, as far as they have been gone through.
#[derive(Default)]
pub(crate) struct Itemised {
	/// Those that counted, without their attributions, which are in `calls`.
	pub(crate) records: Vec<CallRecord>,
	pub(crate) calls: Vec<ChargedCall>,
	pub(crate) leaves: Vec<Hash>,
	pub(crate) rejected: Vec<(Sequence, RejectReason)>,
}

impl Itemised {
	fn with_capacity(records: usize) -> Self {
		Self {
			records: Vec::with_capacity(records),
			calls: Vec::with_capacity(records),
			leaves: Vec::with_capacity(records),
			rejected: Vec::new(),
		}
	}

	/// Prices a record and counts it against the voucher, or rejects it.
	pub(crate) fn take(&mut self, record: CallRecord, price: &PriceSchedule, meter: &mut Meter) {
		let sequence = record.sequence;
		if let Err(reason) = self.try_take(record, price, meter) {
			self.rejected.push((sequence, reason));
		}
	}

	fn try_take(
		&mut self,
		mut record: CallRecord,
		price: &PriceSchedule,
		meter: &mut Meter,
	) -> Result<(), RejectReason> {
		// First of all: what is out of place may not even fit the price.
		meter.check(&record)?;
		let tokens = Tokens::new(record.input_tokens, record.output_tokens);
		let charge = price.charge(&tokens).ok_or(RejectReason::ChargeOverflow)?;
		meter.admit(&record, charge)?;

		self.leaves.push(merkle::leaf(&record, charge));
		let attribution = core::mem::take(&mut record.attribution).into_inner();
		self.calls.push(ChargedCall { calls: 1, charge, attribution, unattributed: 0 });
		self.records.push(record);
		Ok(())
	}

	/// The reason why nothing counted, if all records were rejected for the same one.
	fn refusal<T>(&self) -> Error<T> {
		match self.rejected.split_first() {
			Some(((_, reason), rest)) if rest.iter().all(|(_, other)| other == reason) => {
				(*reason).into()
			}
			_ => Error::NothingSettled,
		}
	}
}

impl<T: Config> Pallet<T> {
	/// Returns what was settled, for its weight.
	pub(crate) fn do_settle(
		operator: &AccountId,
		voucher: Voucher,
		signature: &Signature,
		records: CallRecords,
	) -> Result<Load, DispatchError> {
		ensure!(!records.is_empty(), Error::<T>::NoRecords);
		let submitted = count(records.len());
		let redemption = Self::check_voucher(operator, voucher, signature)?;
		let mut meter = redemption.meter();
		let mut itemised = Itemised::with_capacity(records.len());
		for record in records {
			itemised.take(record, &redemption.terms.price, &mut meter);
		}
		ensure!(!itemised.calls.is_empty(), itemised.refusal::<T>());
		let attributed = itemised.calls.iter().map(|call| count(call.attribution.len()));
		let load = Load {
			records: submitted,
			attributed: attributed.fold(0, u32::saturating_add),
			absent: Absent::of(&redemption.terms),
		};

		let payments = Self::collect_and_split(&redemption, &meter, &itemised.calls)?;
		let first_sequence = redemption.lane.sequence.saturating_add(1);
		let root = Self::settled_root(&redemption, first_sequence, meter.lane().sequence);
		let root = SettledRoot {
			root: merkle::root(itemised.leaves.iter().copied()),
			records: count(itemised.leaves.len()),
			charged: meter.charged(),
			..root
		};
		let key = (voucher.session, voucher.lane, root.last_sequence);
		Self::keep_roots(DROPPED_PER_SETTLEMENT, [(key, root)])?;
		let accepted = count(itemised.calls.len());
		Self::deposit_items(&redemption, itemised, payments, &meter, accepted);
		Ok(load)
	}

	/// Checks that the operator can redeem the voucher, and on which terms.
	pub(crate) fn check_voucher(
		operator: &AccountId,
		voucher: Voucher,
		signature: &Signature,
	) -> Result<Redemption<T>, Error<T>> {
		let session = Self::session(voucher.session)?;
		ensure!(session.node == *operator, Error::<T>::NotSessionNode);
		let now = Self::now();
		ensure!(now <= session.settle_until, Error::<T>::SettlementOver);
		ensure!(voucher.genesis_hash == Self::genesis_hash(), Error::<T>::WrongChain);
		ensure!(voucher.allowance().is_some(), Error::<T>::VoucherContradictsItself);
		ensure!(voucher.lane < MAX_LANES, Error::<T>::NoSuchLane);
		let known = Lanes::<T>::try_get(voucher.session, voucher.lane).ok();
		let lane = known.unwrap_or_default();
		ensure!(lane.agreement.is_none(), Error::<T>::OtherAgreement);
		ensure!(voucher.sequence > lane.sequence, Error::<T>::VoucherNotNewer);
		let lanes = match known {
			Some(_) => session.lanes,
			None => session.lanes.checked_add(1).ok_or(Error::<T>::NoSuchLane)?,
		};
		// After what costs next to nothing, and before what only counts if the caller has signed it.
		let hot = Self::check_signature(&session, |signer| voucher.verify(signature, signer))?;
		let terms = T::Models::terms(voucher.model, voucher.version, voucher.price_version)?;
		let payee = <Self as NodeInspect<_>>::payee(operator);
		let until = now.saturating_add(T::DisputeWindow::get());
		Ok(Redemption { voucher, session, payee, lane, terms, lanes, hot, until })
	}

	/// Checks that a session's signer or caller has signed something. Returns `true` if its spending limit
	/// applies: another key than the caller's own has signed.
	pub(crate) fn check_signature(
		session: &SessionOf<T>,
		is_signed_by: impl Fn(&AccountId) -> bool,
	) -> Result<bool, Error<T>> {
		let by_signer = is_signed_by(&session.signer);
		let hot = session.has_hot_key();
		ensure!(by_signer || (hot && is_signed_by(&session.caller)), Error::<T>::BadSignature);
		Ok(hot && by_signer)
	}

	/// Takes what the calls cost out of the caller's hold, has it split, and remembers how far the
	/// lane has been settled.
	pub(crate) fn collect_and_split(
		redemption: &Redemption<T>,
		meter: &Meter,
		calls: &[ChargedCall],
	) -> Result<Vec<CallPayment>, DispatchError> {
		let Redemption { voucher, session, payee, terms, .. } = redemption;
		let charged = meter.charged();
		let settled = session.settled.checked_add(charged).ok_or(Error::<T>::Overflow)?;
		let by_hot_key = if redemption.hot { charged } else { 0 };
		let spent = session.spent.checked_add(by_hot_key).ok_or(Error::<T>::Overflow)?;

		let lanes = redemption.lanes;
		let liable_until = session.liable_until.max(redemption.until);
		Lanes::<T>::insert(voucher.session, voucher.lane, meter.lane());
		let after = SessionOf::<T> { settled, spent, lanes, liable_until, ..session.clone() };
		Sessions::<T>::insert(voucher.session, after);
		if charged > 0 {
			// By force: the caller may have frozen the funds since for a purpose of their own, but
			// these are promised.
			T::Currency::transfer_on_hold(
				&HoldReason::Session.into(),
				&session.caller,
				&T::Revenue::pot(),
				charged,
				Precision::Exact,
				Restriction::Free,
				Fortitude::Force,
			)?;
		}
		let payments = T::Revenue::distribute(payee, voucher.model, terms, calls)?;
		// One per charge; anything else would leave events without their payments.
		ensure!(payments.len() == calls.len(), DispatchError::Corruption);
		Ok(payments)
	}

	/// A root of the settlement, still empty.
	pub(crate) fn settled_root(
		redemption: &Redemption<T>,
		first_sequence: Sequence,
		last_sequence: Sequence,
	) -> SettledRootOf<T> {
		SettledRoot {
			agreement: None,
			root: Hash::zero(),
			records: 0,
			first_sequence,
			last_sequence,
			voucher_sequence: 0,
			acknowledged_root: Hash::zero(),
			charged: 0,
			node: redemption.session.node.clone(),
			caller: redemption.session.caller.clone(),
			at: Self::now(),
			until: redemption.until,
		}
	}

	/// Says what became of records: one event for each, and one for the voucher.
	pub(crate) fn deposit_items(
		redemption: &Redemption<T>,
		itemised: Itemised,
		payments: Vec<CallPayment>,
		meter: &Meter,
		accepted: u32,
	) {
		let Redemption { voucher, session, payee, terms, .. } = redemption;
		let rejected = count(itemised.rejected.len());
		for (sequence, reason) in itemised.rejected {
			Self::deposit_event(Event::RecordRejected {
				session: voucher.session,
				lane: voucher.lane,
				sequence,
				reason,
			});
		}
		let settled = itemised.records.into_iter().zip(itemised.calls).zip(payments);
		for ((record, call), payment) in settled {
			Self::deposit_event(Event::CallSettled {
				session: voucher.session,
				lane: voucher.lane,
				sequence: record.sequence,
				caller: session.caller.clone(),
				node: session.node.clone(),
				payee: payee.clone(),
				developer: terms.payee.clone(),
				model: voucher.model,
				version: voucher.version,
				price_version: voucher.price_version,
				input_tokens: record.input_tokens,
				output_tokens: record.output_tokens,
				charge: call.charge,
				request_hash: record.request_hash,
				response_hash: record.response_hash,
				payment,
			});
		}
		Self::deposit_event(Event::VoucherSettled {
			session: voucher.session,
			lane: voucher.lane,
			sequence: meter.lane().sequence,
			accepted,
			rejected,
			charged: meter.charged(),
		});
	}
}
