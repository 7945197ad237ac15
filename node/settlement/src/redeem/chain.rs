//! The chain, as settling needs it.

use std::{
	collections::{BTreeMap, BTreeSet},
	time::Duration,
};

use async_trait::async_trait;
use openledger_books::LaneKey;
use openledger_chain_client::{
	agent, events, metering, settlements, Agent, At, Call, Chain, DispatchFailure, LaneOutcome,
	SubmitOptions, TxOutcome,
};
use openledger_primitives::{info::SessionInfo, lane::LaneSettlement, BlockNumber, SessionId};
use serde::Deserialize;

use crate::view::ChainUnavailable;

/// For how many blocks a settlement may enter one. Short, so that after a crash its outcome is
/// known soon.
const MORTALITY: u32 = 32;
/// The number of blocks that may pass between looking at the chain and signing.
const SLACK: BlockNumber = 16;
/// The time to wait for one settlement.
const TIMEOUT: Duration = Duration::from_secs(150);

/// Sessions as settling sees them, all at one block.
#[derive(Clone, Debug)]
pub struct Sighting {
	/// The finalized block's height.
	pub finalized: BlockNumber,
	/// The best block's height.
	pub best: BlockNumber,
	/// The sessions that were asked about.
	pub sessions: BTreeMap<SessionId, SeenSession>,
	/// True if the chain's node knows of nothing that was signed for the operator and is on its way:
	/// the number of its next transaction, with those in the pool and in blocks that are not final, is
	/// the one after its last final one. A settlement that was to be sent before and is not settled was
	/// probably never taken then. That is not certain: what waits for a number before its own is not
	/// counted, another key may sign by now, and other nodes may have what this one has forgotten. But
	/// whichever copy arrives later has no effect, and costs its fee.
	pub nothing_under_way: bool,
}

/// A session as settling sees it.
#[derive(Clone, Debug, Default)]
pub struct SeenSession {
	/// The session at the finalized block.
	pub info: Option<SessionInfo>,
	/// True if the best block has the session: one that was opened just now is not final yet.
	pub known_at_best: bool,
}

/// The fate of a settlement that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The variants' descriptions say what the fields are.
pub enum Sent {
	/// It is in a finalized block and had these effects on its lanes.
	Finalized { block: BlockNumber, outcomes: Vec<LaneOutcome> },
	/// It failed in a finalized block, and had no effect. This is what the chain says of the first lane.
	Failed { block: BlockNumber, reason: DispatchFailure },
	/// The pool refused it: it is in no block, and will be in none.
	Refused { error: String },
	/// No block included it in time, and none will.
	Expired,
	/// It may have had an effect, or may still get one, until the last block that may include it, where
	/// that is known.
	Unknown { until: Option<BlockNumber>, reason: String },
}

/// The chain, as settling sees it.
#[async_trait]
pub trait SettlementChain: Send + Sync + 'static {
	/// For how many blocks after the best one a settlement that is sent now may enter one, at most.
	fn mortality(&self) -> BlockNumber;

	/// Looks at sessions.
	///
	/// # Errors
	/// If the chain cannot be asked.
	async fn look(&self, sessions: &BTreeSet<SessionId>) -> Result<Sighting, ChainUnavailable>;

	/// Sends a settlement and waits until it is finalized, or its outcome cannot be waited for. It enters
	/// no block after `last`.
	///
	/// # Errors
	/// If the chain cannot be asked, or it is too late for that: it was certainly not sent.
	async fn settle(
		&self,
		lanes: Vec<LaneSettlement>,
		last: BlockNumber,
	) -> Result<Sent, ChainUnavailable>;

	/// What the finalized blocks from `from` to `to` say of lanes.
	///
	/// # Errors
	/// If the chain cannot be asked, or has forgotten those blocks.
	async fn outcomes(
		&self,
		lanes: &BTreeSet<LaneKey>,
		from: BlockNumber,
		to: BlockNumber,
	) -> Result<Vec<(BlockNumber, LaneOutcome)>, ChainUnavailable>;
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

#[async_trait]
impl SettlementChain for ChainLink {
	fn mortality(&self) -> BlockNumber {
		MORTALITY.saturating_add(SLACK)
	}

	async fn look(&self, sessions: &BTreeSet<SessionId>) -> Result<Sighting, ChainUnavailable> {
		let block = self.chain.block(At::Finalized).await?;
		let mut seen = BTreeMap::new();
		for session in sessions {
			let info = self.chain.session(*session, At::Block(block.hash)).await?;
			let known_at_best = match &info {
				Some(_) => true,
				None => self.chain.session(*session, At::Best).await?.is_some(),
			};
			seen.insert(*session, SeenSession { info, known_at_best });
		}
		let best = self.chain.block(At::Best).await?.number;
		let signer = self.operator.signer().account();
		let last = self.chain.account(&signer, At::Block(block.hash)).await?;
		let next = self.chain.nonce(&signer).await?;
		// A node that is behind knows nothing of what is on its way elsewhere.
		let nothing_under_way = next == last.nonce && !self.is_syncing().await?;
		Ok(Sighting { finalized: block.number, best, sessions: seen, nothing_under_way })
	}

	async fn settle(
		&self,
		lanes: Vec<LaneSettlement>,
		last: BlockNumber,
	) -> Result<Sent, ChainUnavailable> {
		let call = Call::InferenceMetering(metering::Call::settle_lanes { lanes });
		let options = SubmitOptions {
			timeout: TIMEOUT,
			mortality: MORTALITY,
			last: Some(last),
			..SubmitOptions::finalized()
		};
		let outcome = agent::submit_for(&self.chain, &call, &self.operator, options).await?;
		Ok(match outcome {
			TxOutcome::Included(included) if included.finalized => Sent::Finalized {
				block: included.block.number,
				outcomes: settlements::of_events(&included.events),
			},
			TxOutcome::Included(included) => Sent::Unknown {
				until: None,
				reason: format!("in block {}, not finalized", included.block.number),
			},
			TxOutcome::Failed { error, finalized: true, block } => {
				Sent::Failed { block: block.number, reason: error }
			}
			TxOutcome::Failed { error, block, .. } => Sent::Unknown {
				until: None,
				reason: format!("failed in block {}, not finalized: {error}", block.number),
			},
			TxOutcome::Invalid { reason } => Sent::Refused { error: reason },
			TxOutcome::Expired { .. } => Sent::Expired,
			TxOutcome::Dropped { reason } => Sent::Unknown { until: None, reason },
			TxOutcome::TimedOut { valid_until, .. } => {
				Sent::Unknown { until: Some(valid_until), reason: "timed out".into() }
			}
		})
	}

	async fn outcomes(
		&self,
		lanes: &BTreeSet<LaneKey>,
		from: BlockNumber,
		to: BlockNumber,
	) -> Result<Vec<(BlockNumber, LaneOutcome)>, ChainUnavailable> {
		let mut found = Vec::new();
		for number in from..=to {
			let Some(hash) = self.chain.block_hash(number).await? else {
				return Err(ChainUnavailable(format!("there is no block {number}")));
			};
			let events = events::at(&self.chain, hash).await?;
			let outcomes = settlements::of_events(&events).into_iter().filter(|outcome| {
				let (session, lane) = (outcome.session(), outcome.lane());
				lanes.contains(&LaneKey { session, lane })
			});
			found.extend(outcomes.map(|outcome| (number, outcome)));
		}
		Ok(found)
	}
}
