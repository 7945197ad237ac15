//! Which records a voucher pays for: the rules of settlement, without storage.
//!
//! A voucher says two things about its lane: what all calls *before* it cost, as the caller agrees
//! (`acknowledged`), and how much its *own* call may cost on top (`authorised - acknowledged`). So
//! a record below the voucher's sequence counts as long as the lane's total stays within
//! `acknowledged`, and the record at the voucher's sequence as long as it costs no more than that
//! one allowance. A node can therefore never collect more than the caller agreed to, nor more for
//! one call than the caller authorised for it, whatever it reports.
//!
//! All records have to be of the voucher's model, version and price version. Without that a node could
//! report one model's calls as calls of another, its own, and take what the people behind the first have
//! earned; or hold calls back until the model shares what it earns with others, and settle them then. That
//! the calls *before* the voucher's own were made on its terms as well is up to the caller, who signs
//! vouchers of one model, version and price version on each lane. A node that takes vouchers of other terms
//! on a lane harms only itself: it cannot settle the calls before them any more.
//!
//! ```
//! use openledger_primitives::{
//!     record::{CallRecord, RejectReason},
//!     voucher::Voucher,
//!     Hash,
//! };
//! use pallet_inference_metering::{meter::Meter, Lane};
//!
//! // The caller agrees that the first call cost 60, and pays up to 50 for the second.
//! let voucher = Voucher {
//!     genesis_hash: Hash::zero(),
//!     session: 0,
//!     lane: 0,
//!     model: 7,
//!     version: 0,
//!     price_version: 0,
//!     sequence: 2,
//!     acknowledged: 60,
//!     authorised: 110,
//!     request_hash: Hash::zero(),
//!     valid_until: 0,
//! };
//! let record = |sequence| CallRecord {
//!     sequence,
//!     model: 7,
//!     version: 0,
//!     price_version: 0,
//!     input_tokens: 10,
//!     output_tokens: 20,
//!     request_hash: Hash::zero(),
//!     response_hash: Hash::zero(),
//!     attribution: Default::default(),
//! };
//! let mut meter = Meter::new(&voucher, Lane::default(), 1_000);
//! assert_eq!(meter.admit(&record(1), 61), Err(RejectReason::AboveAcknowledged));
//! assert_eq!(meter.admit(&record(1), 60), Ok(()));
//! assert_eq!(meter.admit(&record(2), 51), Err(RejectReason::AboveAuthorised));
//! assert_eq!(meter.admit(&record(2), 45), Ok(()));
//! assert_eq!(meter.charged(), 105);
//! ```

use crate::types::Lane;
use openledger_primitives::{
	record::{CallRecord, RejectReason},
	voucher::Voucher,
	Balance, Sequence,
};

/// Goes through the records of one voucher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meter<'a> {
	voucher: &'a Voucher,
	lane: Lane,
	funds: Balance,
	spendable: Balance,
	charged: Balance,
}

impl<'a> Meter<'a> {
	/// Starts from what has been settled on the lane, with `funds` planck left of the session's
	/// deposit.
	pub fn new(voucher: &'a Voucher, lane: Lane, funds: Balance) -> Self {
		Self { voucher, lane, funds, spendable: Balance::MAX, charged: 0 }
	}

	/// For a voucher that was signed by a hot key, which may spend `spendable` planck more.
	pub fn with_spending_limit(self, spendable: Balance) -> Self {
		Self { spendable, ..self }
	}

	/// Checks that a record's place is one that the voucher pays for.
	///
	/// # Errors
	/// `SequenceNotRising`, `SequenceBeyondVoucher`, `ModelMismatch`, `VersionMismatch`, `PriceMismatch`;
	/// for the voucher's own call, `RequestMismatch`.
	pub fn check(&self, record: &CallRecord) -> Result<(), RejectReason> {
		if record.sequence <= self.lane.sequence {
			return Err(RejectReason::SequenceNotRising);
		}
		if record.sequence > self.voucher.sequence {
			return Err(RejectReason::SequenceBeyondVoucher);
		}
		if record.model != self.voucher.model {
			return Err(RejectReason::ModelMismatch);
		}
		if record.version != self.voucher.version {
			return Err(RejectReason::VersionMismatch);
		}
		if record.price_version != self.voucher.price_version {
			return Err(RejectReason::PriceMismatch);
		}
		let own = record.sequence == self.voucher.sequence;
		if own && record.request_hash != self.voucher.request_hash {
			return Err(RejectReason::RequestMismatch);
		}
		Ok(())
	}

	/// Counts a record that costs `charge`. If it is refused, nothing changes.
	///
	/// # Errors
	/// Those of [`Self::check`], and `AboveAcknowledged`, `AboveAuthorised`, `DepositExhausted`,
	/// `AboveSpendingLimit` or `ChargeOverflow`.
	pub fn admit(&mut self, record: &CallRecord, charge: Balance) -> Result<(), RejectReason> {
		self.check(record)?;
		let settled = self.lane.settled.checked_add(charge).ok_or(RejectReason::ChargeOverflow)?;
		if record.sequence < self.voucher.sequence {
			if settled > self.voucher.acknowledged {
				return Err(RejectReason::AboveAcknowledged);
			}
		} else {
			let allowance = self.voucher.allowance().ok_or(RejectReason::AboveAuthorised)?;
			if charge > allowance || settled > self.voucher.authorised {
				return Err(RejectReason::AboveAuthorised);
			}
		}
		self.take(record.sequence, settled, charge)
	}

	/// Counts calls that cost `charge` together, the last of which has the sequence `up_to`. If they
	/// are refused, nothing changes.
	///
	/// All of them are earlier than the voucher's own call, so the caller has agreed with what they
	/// cost.
	///
	/// # Errors
	/// `SequenceNotRising`, `SequenceBeyondVoucher`, `AboveAcknowledged`, `DepositExhausted`,
	/// `AboveSpendingLimit`, `ChargeOverflow`.
	pub fn admit_sum(&mut self, up_to: Sequence, charge: Balance) -> Result<(), RejectReason> {
		if up_to <= self.lane.sequence {
			return Err(RejectReason::SequenceNotRising);
		}
		if up_to >= self.voucher.sequence {
			return Err(RejectReason::SequenceBeyondVoucher);
		}
		let settled = self.lane.settled.checked_add(charge).ok_or(RejectReason::ChargeOverflow)?;
		if settled > self.voucher.acknowledged {
			return Err(RejectReason::AboveAcknowledged);
		}
		self.take(up_to, settled, charge)
	}

	fn take(
		&mut self,
		sequence: Sequence,
		settled: Balance,
		charge: Balance,
	) -> Result<(), RejectReason> {
		let funds = self.funds.checked_sub(charge).ok_or(RejectReason::DepositExhausted)?;
		let spendable =
			self.spendable.checked_sub(charge).ok_or(RejectReason::AboveSpendingLimit)?;
		let charged = self.charged.checked_add(charge).ok_or(RejectReason::ChargeOverflow)?;

		self.lane = Lane { sequence, settled, ..self.lane };
		self.funds = funds;
		self.spendable = spendable;
		self.charged = charged;
		Ok(())
	}

	/// The lane after the records that were counted.
	pub fn lane(&self) -> Lane {
		self.lane
	}

	/// The cost of the records that were counted, in planck.
	pub fn charged(&self) -> Balance {
		self.charged
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_primitives::Hash;
	use proptest::{collection::vec, prelude::*};

	fn lane_at(sequence: u64, settled: u128) -> Lane {
		Lane { sequence, settled, agreement: None }
	}

	fn voucher(sequence: u64, acknowledged: u128, allowance: u128) -> Voucher {
		Voucher {
			genesis_hash: Hash::zero(),
			session: 0,
			lane: 0,
			model: 0,
			version: 0,
			price_version: 0,
			sequence,
			acknowledged,
			authorised: acknowledged + allowance,
			request_hash: Hash::zero(),
			valid_until: 0,
		}
	}

	fn record(sequence: u64) -> CallRecord {
		CallRecord {
			sequence,
			model: 0,
			version: 0,
			price_version: 0,
			input_tokens: 1,
			output_tokens: 1,
			request_hash: Hash::zero(),
			response_hash: Hash::zero(),
			attribution: Default::default(),
		}
	}

	#[test]
	fn counts_within_what_was_signed() {
		let voucher = voucher(3, 100, 50);
		let mut meter = Meter::new(&voucher, Lane::default(), 1_000);
		assert_eq!(meter.admit(&record(1), 60), Ok(()));
		assert_eq!(meter.admit(&record(2), 41), Err(RejectReason::AboveAcknowledged));
		assert_eq!(meter.admit(&record(2), 40), Ok(()));
		assert_eq!(meter.admit(&record(3), 51), Err(RejectReason::AboveAuthorised));
		assert_eq!(meter.admit(&record(3), 50), Ok(()));
		assert_eq!(meter.lane(), lane_at(3, 150));
		assert_eq!(meter.charged(), 150);
	}

	#[test]
	fn an_unused_acknowledgement_does_not_raise_the_own_calls_allowance() {
		let voucher = voucher(2, 100, 50);
		let mut meter = Meter::new(&voucher, Lane::default(), 1_000);
		assert_eq!(meter.admit(&record(2), 51), Err(RejectReason::AboveAuthorised));
	}

	#[test]
	fn sequences_rise_within_the_voucher() {
		let voucher = voucher(5, 100, 50);
		let mut meter = Meter::new(&voucher, lane_at(2, 10), 1_000);
		for sequence in [0, 1, 2] {
			assert_eq!(meter.admit(&record(sequence), 1), Err(RejectReason::SequenceNotRising));
		}
		assert_eq!(meter.admit(&record(4), 1), Ok(()));
		assert_eq!(meter.admit(&record(4), 1), Err(RejectReason::SequenceNotRising));
		assert_eq!(meter.admit(&record(6), 1), Err(RejectReason::SequenceBeyondVoucher));
	}

	#[test]
	fn the_own_call_is_the_one_that_was_signed_for() {
		let voucher = voucher(1, 0, 50);
		let meter = Meter::new(&voucher, Lane::default(), 1_000);
		let other = CallRecord { request_hash: Hash::repeat_byte(1), ..record(1) };
		assert_eq!(meter.check(&other), Err(RejectReason::RequestMismatch));
	}

	#[test]
	fn no_call_is_settled_on_other_terms() {
		let voucher = Voucher { version: 3, price_version: 5, ..voucher(2, 100, 50) };
		let mut meter = Meter::new(&voucher, Lane::default(), 1_000);
		let signed_for = |sequence| CallRecord { version: 3, price_version: 5, ..record(sequence) };
		for sequence in [1, 2] {
			let of = || signed_for(sequence);
			for (other, reason) in [
				(CallRecord { model: 1, ..of() }, RejectReason::ModelMismatch),
				(CallRecord { version: 2, ..of() }, RejectReason::VersionMismatch),
				(CallRecord { version: 4, ..of() }, RejectReason::VersionMismatch),
				(CallRecord { price_version: 4, ..of() }, RejectReason::PriceMismatch),
				(CallRecord { price_version: 6, ..of() }, RejectReason::PriceMismatch),
			] {
				assert_eq!(meter.admit(&other, 1), Err(reason));
			}
		}
		assert_eq!(meter.admit(&signed_for(1), 1), Ok(()));
		assert_eq!(meter.admit(&signed_for(2), 1), Ok(()));
	}

	#[test]
	fn funds_run_out() {
		let voucher = voucher(2, 100, 50);
		let mut meter = Meter::new(&voucher, Lane::default(), 10);
		assert_eq!(meter.admit(&record(1), 11), Err(RejectReason::DepositExhausted));
		assert_eq!(meter.admit(&record(1), 10), Ok(()));
		assert_eq!(meter.admit(&record(2), 1), Err(RejectReason::DepositExhausted));
		assert_eq!(meter.charged(), 10);
	}

	#[test]
	fn a_hot_key_spends_within_its_limit() {
		let voucher = voucher(3, 100, 50);
		let mut meter = Meter::new(&voucher, Lane::default(), 1_000).with_spending_limit(60);
		assert_eq!(meter.admit(&record(1), 61), Err(RejectReason::AboveSpendingLimit));
		assert_eq!(meter.admit(&record(1), 40), Ok(()));
		assert_eq!(meter.admit_sum(2, 21), Err(RejectReason::AboveSpendingLimit));
		assert_eq!(meter.admit_sum(2, 20), Ok(()));
		assert_eq!(meter.admit(&record(3), 1), Err(RejectReason::AboveSpendingLimit));
		assert_eq!(meter.charged(), 60);
	}

	#[test]
	fn sums_are_of_earlier_calls_only() {
		let voucher = voucher(5, 100, 50);
		let lane = lane_at(2, 10);
		let mut meter = Meter::new(&voucher, lane, 95);
		assert_eq!(meter.admit_sum(2, 1), Err(RejectReason::SequenceNotRising));
		assert_eq!(meter.admit_sum(5, 1), Err(RejectReason::SequenceBeyondVoucher));
		assert_eq!(meter.admit_sum(4, 91), Err(RejectReason::AboveAcknowledged));
		assert_eq!(meter.admit_sum(4, u128::MAX), Err(RejectReason::ChargeOverflow));
		assert_eq!(meter.lane(), lane);
		assert_eq!(meter.admit_sum(4, 90), Ok(()));
		assert_eq!(meter.lane(), lane_at(4, 100));
		assert_eq!(meter.admit(&record(5), 6), Err(RejectReason::DepositExhausted));
		assert_eq!(meter.admit(&record(5), 5), Ok(()));
	}

	#[test]
	fn edges_of_the_number_range() {
		let voucher =
			Voucher { acknowledged: u128::MAX, authorised: u128::MAX, ..voucher(2, 0, 0) };
		let lane = lane_at(0, u128::MAX);
		let mut meter = Meter::new(&voucher, lane, u128::MAX);
		assert_eq!(meter.admit(&record(1), 1), Err(RejectReason::ChargeOverflow));
		let contradictory = Voucher { authorised: 0, ..voucher };
		let mut meter = Meter::new(&contradictory, Lane::default(), u128::MAX);
		assert_eq!(meter.admit(&record(2), 0), Err(RejectReason::AboveAuthorised));
	}

	proptest! {
		/// Whatever a node reports, in whatever order and how often: never more than was
		/// authorised, never more than the deposit, never a sequence twice.
		#[test]
		fn never_more_than_was_signed(
			sequence in 1u64..20,
			acknowledged in 0u128..1_000,
			allowance in 0u128..200,
			before in (0u64..5, 0u128..500),
			funds in 0u128..2_000,
			spendable in 0u128..2_000,
			reported in vec((0u64..25, 0u128..300, any::<bool>()), 0..60),
		) {
			let voucher = voucher(sequence, acknowledged, allowance);
			let start = lane_at(before.0, before.1);
			let mut meter =
				Meter::new(&voucher, start, funds).with_spending_limit(spendable);
			let mut seen = std::collections::BTreeSet::new();
			let mut sum = 0;
			for (sequence, charge, summed) in reported {
				let previous = meter.clone();
				let counted = if summed {
					meter.admit_sum(sequence, charge)
				} else {
					meter.admit(&record(sequence), charge)
				};
				match counted {
					Ok(()) => {
						prop_assert!(seen.insert(sequence));
						prop_assert!(sequence > start.sequence && sequence <= voucher.sequence);
						sum += charge;
					},
					Err(_) => prop_assert_eq!(&meter, &previous),
				}
			}
			prop_assert_eq!(meter.charged(), sum);
			prop_assert_eq!(meter.lane().settled, start.settled + sum);
			prop_assert!(sum <= funds && sum <= spendable);
			if sum > 0 {
				prop_assert!(meter.lane().settled <= voucher.authorised);
			}
		}
	}
}
