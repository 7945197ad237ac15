//! The chain, as answering calls on it needs it.

use std::time::Duration;

use async_trait::async_trait;
use openledger_books::StoredAnswer;
use openledger_chain_client::{agent, requests, Agent, At, Call, Chain, SubmitOptions, TxOutcome};
use openledger_primitives::{
	info::RequestInfo, on_chain::DeclineReason, BlockNumber, ModelId, RequestId, Signature,
	MAX_PAGE, MAX_REQUEST_OUTPUT,
};

use crate::view::ChainUnavailable;

/// The time to wait for an answer's transaction.
const TIMEOUT: Duration = Duration::from_secs(120);

/// For how many blocks the end of a call may enter one, and that this node will not answer it.
const EXPIRY_MORTALITY: u32 = 16;
/// For how many blocks a claim may enter one: few, because it costs something if nobody waits for it any more.
const CLAIM_MORTALITY: u32 = 4;
/// The time to wait until a claim is in a block.
const CLAIM_TIMEOUT: Duration = Duration::from_secs(30);

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

/// The fate of a claim, or of a word that a call will not be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The variants' descriptions say what the fields are.
pub enum Told {
	/// It is in a block.
	Done,
	/// It had no effect, because of the pallet's error, or the pool's; or none is known.
	Refused { error: String },
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

	/// Claims an open call. Waits until that is in a block, or had no effect.
	async fn claim(&self, request: RequestId) -> Result<Told, ChainUnavailable>;

	/// Says that this node will not answer a call. Waits until that is in a block, or had no effect.
	async fn decline(
		&self,
		request: RequestId,
		reason: DeclineReason,
	) -> Result<Told, ChainUnavailable>;

	/// Sends an answer with the signature over its statement, in a transaction that may enter a block for `mortality`
	/// blocks, which is a power of two and at least 4, and waits until it is finalized or its outcome cannot be waited
	/// for.
	async fn fulfil(
		&self,
		request: RequestId,
		answer: StoredAnswer,
		signature: Signature,
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

	async fn tell(
		&self,
		call: requests::Call,
		options: SubmitOptions,
	) -> Result<Told, ChainUnavailable> {
		let call = Call::InferenceRequests(call);
		let outcome = agent::submit_for(&self.chain, &call, &self.operator, options).await?;
		Ok(match outcome {
			TxOutcome::Included(_) => Told::Done,
			TxOutcome::Failed { error, .. } => Told::Refused { error: error.to_string() },
			TxOutcome::Invalid { reason } | TxOutcome::Dropped { reason } => {
				Told::Refused { error: reason }
			}
			TxOutcome::Expired { .. } | TxOutcome::TimedOut { .. } => {
				Told::Refused { error: "no block is known to include it".into() }
			}
		})
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

	async fn claim(&self, request: RequestId) -> Result<Told, ChainUnavailable> {
		let options = SubmitOptions {
			timeout: CLAIM_TIMEOUT,
			mortality: CLAIM_MORTALITY,
			..SubmitOptions::in_block()
		};
		self.tell(requests::Call::claim_call { request }, options).await
	}

	async fn decline(
		&self,
		request: RequestId,
		reason: DeclineReason,
	) -> Result<Told, ChainUnavailable> {
		let options = SubmitOptions { mortality: EXPIRY_MORTALITY, ..SubmitOptions::in_block() };
		self.tell(requests::Call::decline_call { request, reason }, options).await
	}

	async fn fulfil(
		&self,
		request: RequestId,
		answer: StoredAnswer,
		signature: Signature,
		mortality: u32,
	) -> Result<Delivery, ChainUnavailable> {
		let StoredAnswer { output, input_tokens, output_tokens, .. } = answer;
		if u32::try_from(output.len()).map_or(true, |len| len > MAX_REQUEST_OUTPUT) {
			return Ok(Delivery::Refused { error: "it is too long".into(), again: false });
		}
		let Ok(output) = String::from_utf8(output) else {
			return Ok(Delivery::Refused { error: "it is no text".into(), again: false });
		};
		let call = Call::InferenceRequests(requests::Call::fulfil_call {
			request,
			output,
			input_tokens,
			output_tokens,
			// Nobody is traced in it: what is for the data goes to the releases.
			attribution: Vec::new(),
			signature,
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
