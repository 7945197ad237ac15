//! Which calls of a lane a voucher pays for: the rules of settlement, without storage.
//!
//! A voucher says two things about its lane: what all calls *before* it were and cost, as the caller agrees
//! (`acknowledged`, `acknowledged_root`), and how much its *own* call may cost on top
//! (`authorised - acknowledged`). Calls come in the order of their sequences, one by one as records, or
//! many at once as a run:
//!
//! - A record below the voucher's sequence counts as long as the lane's total stays within `acknowledged`,
//!   and the record at the voucher's sequence as long as it costs no more than that one allowance. The
//!   charge is what the lane's price gives for the record's tokens. One that breaks a rule is rejected
//!   alone.
//! - A run counts as far as the caller has acknowledged its calls one by one: it opens the lane's list where
//!   the settled calls end, and the difference of totals is paid, if that is what the lane's price gives for
//!   the totals' tokens. It counts whole or not at all.
//!
//! So a node can never collect more than the caller agreed to, nor more for one call than the caller
//! authorised for it, nor for a call twice, whatever it reports, and in whatever parts.
//!
//! ```
//! use openledger_primitives::{
//!     answer::Evidence,
//!     lane::{Agreement, CallRecord, RejectReason, Voucher},
//!     lane_list::{LaneList, Settled},
//!     price::PriceSchedule,
//!     Hash,
//! };
//! use pallet_inference_metering::meter::Meter;
//!
//! // A planck a token.
//! let list = PriceSchedule {
//!     per_call: 0,
//!     per_input_token: 1,
//!     per_cached_input_token: 1,
//!     per_output_token: 1,
//! };
//! // The caller agrees that the first call cost 60, and pays up to 50 for the second.
//! let voucher = Voucher {
//!     genesis_hash: Hash::zero(),
//!     session: 0,
//!     lane: 0,
//!     agreement: Agreement {
//!         model: 7,
//!         version: 0,
//!         price_version: 0,
//!         as_of: 1,
//!         evidence: Evidence::Open,
//!         own_price: None,
//!     },
//!     sequence: 2,
//!     acknowledged: 60,
//!     acknowledged_root: LaneList::default().root(),
//!     authorised: 110,
//!     request_hash: Hash::zero(),
//!     valid_until: 1,
//!     extension: None,
//! };
//! let record = |sequence, tokens| CallRecord {
//!     sequence,
//!     input_tokens: tokens,
//!     cached_tokens: 0,
//!     retrieved_tokens: 0,
//!     output_tokens: 0,
//!     response_hash: Hash::zero(),
//!     attribution: Default::default(),
//!     extension: None,
//! };
//! let mut meter = Meter::new(&voucher, &list, Settled::default(), 1_000);
//! assert_eq!(meter.take_record(&record(1, 61)), Err(RejectReason::AboveAcknowledged));
//! assert_eq!(meter.take_record(&record(1, 60)).unwrap().charge, 60);
//! assert_eq!(meter.take_record(&record(2, 51)), Err(RejectReason::AboveAuthorised));
//! assert_eq!(meter.take_record(&record(2, 45)).unwrap().charge, 45);
//! assert_eq!(meter.charged(), 105);
//! assert_eq!(meter.settled(), Settled { sequence: 2, charge: 105 });
//! ```

use openledger_primitives::{
	answer::Evidence,
	lane::{CallRecord, RecordError, RejectReason, Voucher},
	lane_list::{AggregateProof, LaneError, Settled, Totals},
	price::PriceSchedule,
	Balance,
};

/// What calls cost, in planck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
	/// At the lane's price: what the caller pays.
	pub charge: Balance,
	/// At the list price, by which everybody but the node is paid.
	pub by_list: Balance,
}

/// Goes through the calls that are settled with one voucher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meter<'a> {
	voucher: &'a Voucher,
	price: PriceSchedule,
	list: &'a PriceSchedule,
	settled: Settled,
	funds: Balance,
	spendable: Balance,
	charged: Balance,
}

impl<'a> Meter<'a> {
	/// Starts from what has been settled on the lane, with `funds` planck left of the session's deposit.
	/// `list` is the list price that the voucher's agreement names.
	pub fn new(
		voucher: &'a Voucher,
		list: &'a PriceSchedule,
		settled: Settled,
		funds: Balance,
	) -> Self {
		let price = voucher.agreement.price(list);
		Self { voucher, price, list, settled, funds, spendable: Balance::MAX, charged: 0 }
	}

	/// For a voucher that was signed by a hot key, which may spend `spendable` planck more.
	pub fn with_spending_limit(self, spendable: Balance) -> Self {
		Self { spendable, ..self }
	}

	/// Prices a record and counts it. If it is refused, nothing changes.
	///
	/// # Errors
	/// `SequenceNotRising`, `SequenceBeyondVoucher`, `InvalidRecord`, `UnknownExtension`,
	/// `SealedHasEntries`, `ChargeOverflow`, `AboveAcknowledged`, `AboveAuthorised`, `DepositExhausted`,
	/// `AboveSpendingLimit`.
	pub fn take_record(&mut self, record: &CallRecord) -> Result<Cost, RejectReason> {
		if record.sequence <= self.settled.sequence {
			return Err(RejectReason::SequenceNotRising);
		}
		if record.sequence > self.voucher.sequence {
			return Err(RejectReason::SequenceBeyondVoucher);
		}
		record.check().map_err(reason_of_record)?;
		let sealed = self.voucher.agreement.evidence == Evidence::Sealed;
		if sealed && !record.attribution.is_empty() {
			return Err(RejectReason::SealedHasEntries);
		}
		let tokens = record.tokens();
		let cost =
			|price: &PriceSchedule| price.charge(&tokens).ok_or(RejectReason::ChargeOverflow);
		let charge = cost(&self.price)?;
		// Once is enough where they are the same.
		let by_list = match self.voucher.agreement.own_price {
			Some(_) => cost(self.list)?,
			None => charge,
		};
		let cost = Cost { charge, by_list };

		let total = self.settled.charge.checked_add(cost.charge);
		let total = total.ok_or(RejectReason::ChargeOverflow)?;
		if record.sequence < self.voucher.sequence {
			if total > self.voucher.acknowledged {
				return Err(RejectReason::AboveAcknowledged);
			}
		} else {
			let allowance = self.voucher.allowance().ok_or(RejectReason::AboveAuthorised)?;
			if cost.charge > allowance || total > self.voucher.authorised {
				return Err(RejectReason::AboveAuthorised);
			}
		}
		self.take(Settled { sequence: record.sequence, charge: total }, cost.charge)?;
		Ok(cost)
	}

	/// Counts the calls of a run, and returns their sums. If it is refused, nothing changes.
	///
	/// # Errors
	/// `BadRun`, `RunHasEntries`, `SequenceBeyondVoucher`, `AboveAcknowledged`, `RunPriceMismatch`,
	/// `ChargeOverflow`, `DepositExhausted`, `AboveSpendingLimit`.
	pub fn take_run(&mut self, proof: &AggregateProof) -> Result<(Totals, Cost), RejectReason> {
		let run =
			proof.verify(&self.settled, &self.voucher.acknowledges()).map_err(reason_of_run)?;
		// What a statement says of its charge is the node's word, and the chain believes no charge.
		if run.cost(&self.price) != Some(run.charge) {
			return Err(RejectReason::RunPriceMismatch);
		}
		let by_list = run.cost(self.list).ok_or(RejectReason::ChargeOverflow)?;
		let total = self.settled.charge.checked_add(run.charge);
		let total = total.ok_or(RejectReason::ChargeOverflow)?;
		self.take(Settled { sequence: proof.last().sequence, charge: total }, run.charge)?;
		Ok((run, Cost { charge: run.charge, by_list }))
	}

	fn take(&mut self, settled: Settled, charge: Balance) -> Result<(), RejectReason> {
		let funds = self.funds.checked_sub(charge).ok_or(RejectReason::DepositExhausted)?;
		let spendable =
			self.spendable.checked_sub(charge).ok_or(RejectReason::AboveSpendingLimit)?;
		let charged = self.charged.checked_add(charge).ok_or(RejectReason::ChargeOverflow)?;

		self.settled = settled;
		self.funds = funds;
		self.spendable = spendable;
		self.charged = charged;
		Ok(())
	}

	/// What has been settled of the lane, with the calls that were counted.
	pub fn settled(&self) -> Settled {
		self.settled
	}

	/// What the calls that were counted cost together, in planck.
	pub fn charged(&self) -> Balance {
		self.charged
	}
}

fn reason_of_record(error: RecordError) -> RejectReason {
	match error {
		RecordError::Tokens | RecordError::Attribution => RejectReason::InvalidRecord,
		RecordError::Extension => RejectReason::UnknownExtension,
	}
}

fn reason_of_run(error: LaneError) -> RejectReason {
	match error {
		LaneError::HasEntries => RejectReason::RunHasEntries,
		LaneError::NotAcknowledged => RejectReason::SequenceBeyondVoucher,
		LaneError::AboveAcknowledged => RejectReason::AboveAcknowledged,
		LaneError::Overflow
		| LaneError::Sequence
		| LaneError::Place
		| LaneError::Peaks
		| LaneError::Root
		| LaneError::Totals
		| LaneError::Neighbours => RejectReason::BadRun,
	}
}
