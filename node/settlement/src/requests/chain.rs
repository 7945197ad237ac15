//! What answering calls on chain needs of the chain.

use std::time::Duration;

use async_trait::async_trait;
use openledger_chain_client::{
	agent, Agent, At, Call, Chain, ChainError, SubmitOptions, TxOutcome,
};
use openledger_primitives::{
	attribution::Attribution, info::RequestInfo, BlockNumber, ModelId, RequestId, VersionId,
	MAX_PAGE,
};
use sp_runtime::BoundedVec;

use crate::view::ChainUnavailable;

/// The time to wait for an answer's transaction.
const TIMEOUT: Duration = Duration::from_secs(120);

/// For how many blocks the end of a call may enter one.
const EXPIRY_MORTALITY: u32 = 16;

/// The heights of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heights {
	/// The finalized block's height.
	pub finalized: BlockNumber,
	/// The best block's height.
	pub best: BlockNumber,
}

/// An answer on its way to the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fulfilment {
	/// The call.
	pub request: RequestId,
	/// The answer.
	pub output: Vec<u8>,
	/// Tokens of the prompt.
	pub input_tokens: u32,
	/// Tokens of the answer.
	pub output_tokens: u32,
	/// The version that answered.
	pub version: VersionId,
}

/// The fate of an answer that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
	/// It is in a finalized block, and paid.
	Done {
		/// The block.
		block: BlockNumber,
	},
	/// It had no effect and will have none.
	Refused {
		/// The pallet's error, or the pool's.
		error: String,
		/// True if it could be taken another time: it was in no block.
		again: bool,
	},
	/// It may have had an effect, or may still get one.
	Unknown {
		/// The last block that may include it, where that is known.
		until: Option<BlockNumber>,
	},
}

/// The chain, as answering calls sees it.
#[async_trait]
pub trait RequestChain: Send + Sync + 'static {
	/// The heights of the chain.
	///
	/// # Errors
	/// If it cannot be asked.
	async fn heights(&self) -> Result<Heights, ChainUnavailable>;

	/// Calls of a model that wait for an answer at the finalized block, from an id upwards: a page of
	/// [`MAX_PAGE`].
	///
	/// # Errors
	/// If it cannot be asked.
	async fn requests(
		&self,
		model: ModelId,
		from: RequestId,
	) -> Result<Vec<RequestInfo>, ChainUnavailable>;

	/// A call that waits for an answer: at the finalized block and at the best one.
	///
	/// # Errors
	/// If it cannot be asked.
	async fn request(
		&self,
		id: RequestId,
	) -> Result<(Option<RequestInfo>, Option<RequestInfo>), ChainUnavailable>;

	/// Sends an answer in a transaction that may enter a block for `mortality` blocks, which is a
	/// power of two and at least 4, and waits until it is finalized or its outcome cannot be waited for.
	///
	/// # Errors
	/// If the chain cannot be asked: it was certainly not sent.
	async fn fulfil(
		&self,
		answer: Fulfilment,
		mortality: u32,
	) -> Result<Delivery, ChainUnavailable>;

	/// Ends a call whose deadline has passed, so that its caller has back what is on hold. Waits until
	/// that is in a block, or had no effect.
	///
	/// # Errors
	/// If the chain cannot be asked.
	async fn expire(&self, id: RequestId) -> Result<(), ChainUnavailable>;
}

/// A real chain, and who signs for the operator.
#[derive(Clone, Debug)]
pub struct RequestLink {
	chain: Chain,
	operator: Agent,
}

impl RequestLink {
	/// Answers as `operator`.
	pub fn new(chain: Chain, operator: Agent) -> Self {
		Self { chain, operator }
	}
}

fn unavailable(error: ChainError) -> ChainUnavailable {
	ChainUnavailable(error.to_string())
}

#[async_trait]
impl RequestChain for RequestLink {
	async fn heights(&self) -> Result<Heights, ChainUnavailable> {
		let finalized = self.chain.block(At::Finalized).await.map_err(unavailable)?.number;
		let best = self.chain.block(At::Best).await.map_err(unavailable)?.number;
		Ok(Heights { finalized, best })
	}

	async fn requests(
		&self,
		model: ModelId,
		from: RequestId,
	) -> Result<Vec<RequestInfo>, ChainUnavailable> {
		let page = self.chain.requests(model, from, MAX_PAGE, At::Finalized);
		page.await.map_err(unavailable)
	}

	async fn request(
		&self,
		id: RequestId,
	) -> Result<(Option<RequestInfo>, Option<RequestInfo>), ChainUnavailable> {
		let finalized = self.chain.request(id, At::Finalized).await.map_err(unavailable)?;
		let best = self.chain.request(id, At::Best).await.map_err(unavailable)?;
		Ok((finalized, best))
	}

	async fn fulfil(
		&self,
		answer: Fulfilment,
		mortality: u32,
	) -> Result<Delivery, ChainUnavailable> {
		let Fulfilment { request, output, input_tokens, output_tokens, version } = answer;
		let Ok(output) = BoundedVec::try_from(output) else {
			return Ok(Delivery::Refused { error: "it is too long".into(), again: false });
		};
		let call = Call::FulfilCall {
			request,
			output,
			input_tokens,
			output_tokens,
			version,
			attribution: Attribution::default(),
		};
		let options = SubmitOptions { timeout: TIMEOUT, mortality, ..SubmitOptions::finalized() };
		let outcome = agent::submit_for(&self.chain, &call, &self.operator, options)
			.await
			.map_err(unavailable)?;
		Ok(match outcome {
			TxOutcome::Included(included) if included.finalized => {
				Delivery::Done { block: included.block.number }
			}
			TxOutcome::Failed { error, finalized: true, .. } => {
				Delivery::Refused { error: error.to_string(), again: false }
			}
			TxOutcome::Invalid { reason } => Delivery::Refused { error: reason, again: true },
			TxOutcome::TimedOut { valid_until, .. } => {
				Delivery::Unknown { until: Some(valid_until) }
			}
			_ => Delivery::Unknown { until: None },
		})
	}

	async fn expire(&self, request: RequestId) -> Result<(), ChainUnavailable> {
		let call = Call::ExpireCall { request };
		let options = SubmitOptions { mortality: EXPIRY_MORTALITY, ..SubmitOptions::in_block() };
		let outcome = agent::submit_for(&self.chain, &call, &self.operator, options).await;
		// Somebody else may have been faster.
		outcome.map(drop).map_err(unavailable)
	}
}
