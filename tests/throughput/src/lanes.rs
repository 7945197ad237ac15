//! Lanes, and the settlements of their calls.

use crate::{
	account::Account,
	market::{PRICE, TOKENS},
	runs::Runs,
};
use anyhow::{Context, Result};
use openledger_primitives::{
	answer::Evidence,
	lane::{Agreement, CallRecord, LaneSettlement, Part, Voucher},
	Balance, BlockNumber, Hash, LaneId, ModelId, Sequence, SessionId,
};
use openledger_runtime::RuntimeCall;
use pallet_inference_metering::Call as Metering;

/// What all vouchers have in common.
#[derive(Clone, Copy)]
pub struct Terms {
	/// The chain.
	pub genesis_hash: Hash,
	/// The model that is called.
	pub model: ModelId,
	/// The block that calls are paid as of.
	pub as_of: BlockNumber,
}

impl Terms {
	/// The agreement of all lanes.
	pub fn agreement(&self) -> Agreement {
		Agreement {
			model: self.model,
			version: 0,
			price_version: 0,
			as_of: self.as_of,
			evidence: Evidence::Open,
			own_price: None,
		}
	}
}

/// A session that a caller has opened.
#[derive(Clone)]
pub struct Session {
	/// Its id.
	pub id: SessionId,
	/// Who pays.
	pub caller: Account,
}

/// A lane, and how far it is settled.
#[derive(Clone)]
pub struct Lane {
	session: Session,
	number: LaneId,
	sequence: Sequence,
	settled: Balance,
	runs: usize,
}

impl Lane {
	/// A lane of which nothing is settled.
	pub fn new(session: &Session, number: LaneId) -> Self {
		Self { session: session.clone(), number, sequence: 0, settled: 0, runs: 0 }
	}

	/// Where it is.
	pub fn place(&self) -> (SessionId, LaneId) {
		(self.session.id, self.number)
	}

	/// The sequence of the last call that was settled, and what all of them cost, in planck.
	pub fn settled(&self) -> (Sequence, Balance) {
		(self.sequence, self.settled)
	}

	/// How many of its runs are settled.
	pub fn runs(&self) -> usize {
		self.runs
	}

	/// The settlement of its next `calls` calls, one by one.
	pub fn itemised(&mut self, terms: &Terms, calls: u32) -> Result<LaneSettlement> {
		let charge = PRICE.charge(&TOKENS).context("a call that is too dear")?;
		let calls = Sequence::from(calls);
		let earlier = charge.saturating_mul(calls.saturating_sub(1).into());
		let records: Vec<_> =
			(1..=calls).map(|call| record(self.sequence.saturating_add(call))).collect();
		self.sequence = self.sequence.saturating_add(calls);
		// Records need no list; any root has as many bytes.
		let root = Hash::repeat_byte(6);
		let acknowledged = self.settled.saturating_add(earlier);
		self.settled = acknowledged.saturating_add(charge);
		let records = records.try_into().ok().context("too many records")?;
		let voucher = self.voucher(terms, self.sequence, (acknowledged, root), charge);
		self.settlement(voucher, Part::Records(records))
	}

	/// The settlement of its next run.
	pub fn run(&mut self, terms: &Terms, runs: &Runs) -> Result<LaneSettlement> {
		let run = runs.get(self.runs)?;
		self.runs = self.runs.saturating_add(1);
		self.sequence = run.last;
		self.settled = run.acknowledged;
		// A call that was promised and not made any more.
		let sequence = run.last.saturating_add(1);
		let voucher = self.voucher(terms, sequence, (run.acknowledged, run.root), 0);
		self.settlement(voucher, Part::Run(run.proof.clone()))
	}

	fn settlement(&self, voucher: Voucher, part: Part) -> Result<LaneSettlement> {
		Ok(LaneSettlement {
			voucher: voucher.into(),
			signature: self.session.caller.sign(&voucher),
			parts: vec![part].try_into().ok().context("too many parts")?,
		})
	}

	/// A voucher that acknowledges that the calls before cost so much, and names the root over them.
	fn voucher(
		&self,
		terms: &Terms,
		sequence: Sequence,
		(acknowledged, acknowledged_root): (Balance, Hash),
		allowance: Balance,
	) -> Voucher {
		Voucher {
			genesis_hash: terms.genesis_hash,
			session: self.session.id,
			lane: self.number,
			agreement: terms.agreement(),
			sequence,
			acknowledged,
			acknowledged_root,
			authorised: acknowledged.saturating_add(allowance),
			request_hash: Hash::repeat_byte(9),
			valid_until: BlockNumber::MAX,
			extension: None,
		}
	}
}

/// The record of a call that nothing is attributed to.
fn record(sequence: Sequence) -> CallRecord {
	CallRecord {
		sequence,
		input_tokens: TOKENS.input,
		cached_tokens: TOKENS.cached,
		retrieved_tokens: TOKENS.retrieved,
		output_tokens: TOKENS.output,
		response_hash: Hash::repeat_byte(8),
		attribution: Default::default(),
		extension: None,
	}
}

/// The extrinsic that settles lanes.
pub fn settle(lanes: Vec<LaneSettlement>) -> Result<RuntimeCall> {
	let lanes = lanes.try_into().ok().context("too many lanes")?;
	Ok(Metering::settle_lanes { lanes }.into())
}
