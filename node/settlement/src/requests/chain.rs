//! The chain, as answering calls on it needs it.

use std::time::Duration;

use async_trait::async_trait;
use openledger_books::StoredAnswer;
use openledger_chain_client::{agent, requests, Agent, At, Call, Chain, SubmitOptions, TxOutcome};
use openledger_primitives::{
	info::RequestInfo, BlockNumber, ModelId, RequestId, MAX_PAGE, MAX_REQUEST_OUTPUT,
};

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

/// The fate of an answer that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The variants' descriptions say what the fields are.
pub enum Delivery {
	/// It is in a finalized block, and paid.
	Done { block: BlockNumber },
	/// It had no effect and will have none, because of the pallet's error, or the pool's. It could be taken
	/// `again`, another time, if it was in no block.
	Refused { error: String, again: bool },
	/// It may have had an effect, or may still get one, until the last block that may include it, where
	/// that is known.
	Unknown { until: Option<BlockNumber> },
}

/// The chain, as answering calls sees it. Everything fails if it cannot be asked; nothing was sent then.
#[async_trait]
pub trait RequestChain: Send + Sync + 'static {
	/// The heights of the chain.
	async fn heights(&self) -> Result<Heights, ChainUnavailable>;

	/// Calls of a model that wait for an answer at the finalized block, from an id upwards: a page of
	/// [`MAX_PAGE`].
	async fn requests(
		&self,
		model: ModelId,
		from: RequestId,
	) -> Result<Vec<RequestInfo>, ChainUnavailable>;

	/// A call that waits for an answer: at the finalized block and at the best one.
	async fn request(
		&self,
		id: RequestId,
	) -> Result<(Option<RequestInfo>, Option<RequestInfo>), ChainUnavailable>;

	/// Sends an answer in a transaction that may enter a block for `mortality` blocks, which is a
	/// power of two and at least 4, and waits until it is finalized or its outcome cannot be waited for.
	async fn fulfil(
		&self,
		request: RequestId,
		answer: StoredAnswer,
		mortality: u32,
	) -> Result<Delivery, ChainUnavailable>;

	/// Ends a call whose deadline has passed, so that its caller has back what is on hold. Waits until
	/// that is in a block, or had no effect.
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

#[async_trait]
impl RequestChain for RequestLink {
	async fn heights(&self) -> Result<Heights, ChainUnavailable> {
		let finalized = self.chain.block(At::Finalized).await?.number;
		let best = self.chain.block(At::Best).await?.number;
		Ok(Heights { finalized, best })
	}

	async fn requests(
		&self,
		model: ModelId,
		from: RequestId,
	) -> Result<Vec<RequestInfo>, ChainUnavailable> {
		Ok(self.chain.requests(model, from, MAX_PAGE, At::Finalized).await?)
	}

	async fn request(
		&self,
		id: RequestId,
	) -> Result<(Option<RequestInfo>, Option<RequestInfo>), ChainUnavailable> {
		let finalized = self.chain.request(id, At::Finalized).await?;
		let best = self.chain.request(id, At::Best).await?;
		Ok((finalized, best))
	}

	async fn fulfil(
		&self,
		request: RequestId,
		answer: StoredAnswer,
		mortality: u32,
	) -> Result<Delivery, ChainUnavailable> {
		let StoredAnswer { output, input_tokens, output_tokens, .. } = answer;
		if u32::try_from(output.len()).map_or(true, |len| len > MAX_REQUEST_OUTPUT) {
			return Ok(Delivery::Refused { error: "it is too long".into(), again: false });
		}
		let call = Call::InferenceRequests(requests::Call::fulfil_call {
			request,
			output,
			input_tokens,
			output_tokens,
			// Nobody is traced in it: what is for the data goes to the releases.
			attribution: Vec::new(),
		});
		let options = SubmitOptions { timeout: TIMEOUT, mortality, ..SubmitOptions::finalized() };
		let outcome = agent::submit_for(&self.chain, &call, &self.operator, options).await?;
		Ok(match outcome {
			TxOutcome::Included(included) if included.finalized => {
				Delivery::Done { block: included.block.number }
			}
			TxOutcome::Failed { error, finalized: true, .. } => {
				Delivery::Refused { error: error.to_string(), again: false }
			}
			TxOutcome::Invalid { reason } => Delivery::Refused { error: reason, again: true },
			TxOutcome::Expired { .. } => {
				Delivery::Refused { error: "no block included it in time".into(), again: true }
			}
			TxOutcome::TimedOut { valid_until, .. } => {
				Delivery::Unknown { until: Some(valid_until) }
			}
			_ => Delivery::Unknown { until: None },
		})
	}

	async fn expire(&self, request: RequestId) -> Result<(), ChainUnavailable> {
		let call = Call::InferenceRequests(requests::Call::expire_call { request });
		let options = SubmitOptions { mortality: EXPIRY_MORTALITY, ..SubmitOptions::in_block() };
		// Somebody else may have been faster.
		agent::submit_for(&self.chain, &call, &self.operator, options).await?;
		Ok(())
	}
}
