//! The chain, as settling needs it.

use std::time::Duration;

use async_trait::async_trait;
use openledger_books::{LaneKey, Loss, Outcome};
use openledger_chain_client::{
	agent, events, metering, Agent, At, Call, Chain, Event, EventRecord, SubmitOptions, TxOutcome,
};
use openledger_primitives::{
	aggregate::Aggregate,
	info::SessionInfo,
	record::{CallRecord, CallRecords, RejectReason},
	voucher::Voucher,
	BlockNumber, Sequence, SessionId, Signature,
};
use serde::Deserialize;

use crate::view::ChainUnavailable;

/// For how many blocks a settlement may enter one. Short, so that after a crash its outcome is
/// known soon.
const MORTALITY: u32 = 32;
/// The number of blocks that may pass between looking at the chain and signing.
const SLACK: BlockNumber = 16;
/// The time to wait for one settlement.
const TIMEOUT: Duration = Duration::from_secs(150);

/// A session as settling sees it.
#[derive(Clone, Debug)]
pub struct Sighting {
	/// The finalized block's height.
	pub finalized: BlockNumber,
	/// The best block's height.
	pub best: BlockNumber,
	/// The session at that block.
	pub session: Option<SessionInfo>,
	/// True if the best block has the session: one that was opened just now is not final yet.
	pub known_at_best: bool,
	/// True if the chain's node knows of nothing that was signed for the operator and is on its way:
	/// the number of its next transaction, with those in the pool and in blocks that are not final, is
	/// the one after its last final one. A settlement that was to be sent before and is not settled was
	/// probably never taken then. That is not certain: what waits for a number before its own is not
	/// counted, another key may sign by now, and other nodes may have what this one has forgotten. So
	/// what is sent again for this reason is the very same settlement, of which either copy may arrive.
	pub nothing_under_way: bool,
}

/// Calls that are settled together.
#[derive(Clone, Debug)]
pub struct Batch {
	/// The voucher of the newest of them.
	pub voucher: Voucher,
	/// Its signature.
	pub signature: Signature,
	/// The calls.
	pub content: Content,
}

/// The way in which calls go to the chain.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // The variants' descriptions say what the fields are.
pub enum Content {
	/// One by one: their records, in order.
	Itemised(CallRecords),
	/// By the sums of all but the newest of them, and that one: the voucher's own call.
	Aggregate { aggregate: Box<Aggregate>, last: Option<CallRecord> },
}

/// The chain's word on one record, or on several that were settled together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
	/// The first of them.
	pub first: Sequence,
	/// The last of them.
	pub last: Sequence,
	/// The block of the settlement.
	pub block: BlockNumber,
	/// The reason why it was rejected, if it was.
	pub rejected: Option<RejectReason>,
}

impl Verdict {
	/// Of a single record.
	pub fn of_one(sequence: Sequence, block: BlockNumber, rejected: Option<RejectReason>) -> Self {
		Self { first: sequence, last: sequence, block, rejected }
	}

	/// Tells whether it is about this record.
	pub fn is_about(&self, sequence: Sequence) -> bool {
		(self.first..=self.last).contains(&sequence)
	}

	/// The outcome of a record's call, if one of these is about it.
	pub(super) fn outcome_of(verdicts: &[Self], sequence: Sequence) -> Option<Outcome> {
		verdicts.iter().find(|verdict| verdict.is_about(sequence)).map(Self::outcome)
	}

	/// The outcome of a call that it is about.
	fn outcome(&self) -> Outcome {
		match self.rejected {
			None => Outcome::Settled { block: Some(self.block) },
			// An earlier settlement got there first after all: the next look at the chain finds it.
			Some(RejectReason::SequenceNotRising) => Outcome::NotSettled,
			Some(reason) => Outcome::Lost(Loss::Rejected(reason)),
		}
	}
}

/// The fate of a settlement that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The variants' descriptions say what the fields are.
pub enum Sent {
	/// It is in a finalized block and had these effects on the records.
	Finalized { block: BlockNumber, verdicts: Vec<Verdict> },
	/// It had no effect and will have none, because of the pallet's error, or the pool's.
	Refused { error: String },
	/// The session's time to be settled is over: it had no effect, and nor will any other.
	Over,
	/// It may have had an effect, or may still get one, until the last block that may include it, where
	/// that is known.
	Unknown { until: Option<BlockNumber>, reason: String },
}

/// The chain, as settling sees it.
#[async_trait]
pub trait SettlementChain: Send + Sync + 'static {
	/// For how many blocks after the best one a settlement that is sent now may enter one, at most.
	fn mortality(&self) -> BlockNumber;

	/// Looks at a session.
	///
	/// # Errors
	/// If the chain cannot be asked.
	async fn look(&self, session: SessionId) -> Result<Sighting, ChainUnavailable>;

	/// Sends a settlement and waits until it is finalized, or its outcome cannot be waited for. It enters
	/// no block after `last`.
	///
	/// # Errors
	/// If the chain cannot be asked, or it is too late for that: it was certainly not sent.
	async fn settle(&self, batch: Batch, last: BlockNumber) -> Result<Sent, ChainUnavailable>;

	/// The word of the finalized blocks from `from` to `to` on a lane's records.
	///
	/// # Errors
	/// If the chain cannot be asked, or has forgotten those blocks.
	async fn verdicts(
		&self,
		lane: LaneKey,
		from: BlockNumber,
		to: BlockNumber,
	) -> Result<Vec<Verdict>, ChainUnavailable>;
}

/// A real chain, and who signs for the operator.
#[derive(Clone, Debug)]
pub struct ChainLink {
	chain: Chain,
	operator: Agent,
}

impl ChainLink {
	/// Settles as `operator`.
	pub fn new(chain: Chain, operator: Agent) -> Self {
		Self { chain, operator }
	}

	/// Tells whether the chain's node is behind the others.
	async fn is_syncing(&self) -> Result<bool, ChainUnavailable> {
		let health: Health = self.chain.rpc("system_health", Vec::new()).await?;
		Ok(health.is_syncing)
	}
}

/// A chain node's word on itself.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Health {
	is_syncing: bool,
}

/// The word of an event on records of this lane.
fn verdict(record: &EventRecord, key: LaneKey) -> Option<Verdict> {
	let block = record.block.number;
	let Event::InferenceMetering(event) = &record.event else { return None };
	let (session, lane, verdict) = match event {
		metering::Event::CallSettled(call) => {
			(call.session, call.lane, Verdict::of_one(call.sequence, block, None))
		}
		metering::Event::AggregateSettled(sum) => {
			let (first, last) = (sum.first_sequence, sum.last_sequence);
			(sum.session, sum.lane, Verdict { first, last, block, rejected: None })
		}
		metering::Event::RecordRejected(record) => {
			let verdict = Verdict::of_one(record.sequence, block, Some(record.reason));
			(record.session, record.lane, verdict)
		}
		_ => return None,
	};
	let ours = LaneKey { session, lane } == key;
	ours.then_some(verdict)
}

#[async_trait]
impl SettlementChain for ChainLink {
	fn mortality(&self) -> BlockNumber {
		MORTALITY.saturating_add(SLACK)
	}

	async fn look(&self, session: SessionId) -> Result<Sighting, ChainUnavailable> {
		let block = self.chain.block(At::Finalized).await?;
		let info = self.chain.session(session, At::Block(block.hash)).await?;
		let known_at_best = match &info {
			Some(_) => true,
			None => self.chain.session(session, At::Best).await?.is_some(),
		};
		let best = self.chain.block(At::Best).await?.number;
		let signer = self.operator.signer().account();
		let last = self.chain.account(&signer, At::Block(block.hash)).await?;
		let next = self.chain.nonce(&signer).await?;
		// A node that is behind knows nothing of what is on its way elsewhere.
		let nothing_under_way = next == last.nonce && !self.is_syncing().await?;
		Ok(Sighting {
			finalized: block.number,
			best,
			session: info,
			known_at_best,
			nothing_under_way,
		})
	}

	async fn settle(&self, batch: Batch, last: BlockNumber) -> Result<Sent, ChainUnavailable> {
		let Batch { voucher, signature, content } = batch;
		let key = LaneKey { session: voucher.session, lane: voucher.lane };
		let call = match content {
			Content::Itemised(records) => {
				metering::Call::settle { voucher, signature, records: records.into() }
			}
			Content::Aggregate { aggregate, last } => {
				let aggregate = *aggregate;
				metering::Call::settle_aggregate { voucher, signature, aggregate, last }
			}
		};
		let options = SubmitOptions {
			timeout: TIMEOUT,
			mortality: MORTALITY,
			last: Some(last),
			..SubmitOptions::finalized()
		};
		let outcome =
			agent::submit_for(&self.chain, &Call::InferenceMetering(call), &self.operator, options)
				.await?;
		Ok(match outcome {
			TxOutcome::Included(included) if included.finalized => Sent::Finalized {
				block: included.block.number,
				verdicts: included.events.iter().filter_map(|event| verdict(event, key)).collect(),
			},
			TxOutcome::Included(included) => Sent::Unknown {
				until: None,
				reason: format!("in block {}, not finalized", included.block.number),
			},
			TxOutcome::Failed { error, finalized: true, .. } if error.name == "SettlementOver" => {
				Sent::Over
			}
			TxOutcome::Failed { error, finalized: true, .. } => {
				Sent::Refused { error: error.to_string() }
			}
			TxOutcome::Failed { error, block, .. } => Sent::Unknown {
				until: None,
				reason: format!("failed in block {}, not finalized: {error}", block.number),
			},
			TxOutcome::Invalid { reason } => Sent::Refused { error: reason },
			TxOutcome::Dropped { reason } => Sent::Unknown { until: None, reason },
			TxOutcome::TimedOut { valid_until, .. } => {
				Sent::Unknown { until: Some(valid_until), reason: "timed out".into() }
			}
		})
	}

	async fn verdicts(
		&self,
		lane: LaneKey,
		from: BlockNumber,
		to: BlockNumber,
	) -> Result<Vec<Verdict>, ChainUnavailable> {
		let mut verdicts = Vec::new();
		for number in from..=to {
			let Some(hash) = self.chain.block_hash(number).await? else {
				return Err(ChainUnavailable(format!("there is no block {number}")));
			};
			let events = events::at(&self.chain, hash).await?;
			verdicts.extend(events.iter().filter_map(|event| verdict(event, lane)));
		}
		Ok(verdicts)
	}
}
