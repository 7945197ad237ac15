//! Answering one call: from its claim to the end of its transaction.

use std::{sync::Arc, time::Duration};

use openledger_books::{Store, StoredAnswer, Submission};
use openledger_chain_client::Keypair;
use openledger_models::Party;
use openledger_primitives::{
	info::RequestInfo,
	lane::{CallRecord, FulfilledCall},
	on_chain::{call_statement, text_hash, DeclineReason, Refusal, MAX_NOTES},
	price::PriceSchedule,
	BlockNumber, RequestId, Signature,
};
use tracing::{info, warn};

use super::{CallError, CatalogueEntry, End, DOUBT};
use crate::{
	requests::{
		answer::{self, Bounds, NoAnswer},
		chain::{Delivery, RequestChain, Told},
		input,
		when::{has_refused, is_of_another, last_block, last_block_for, mortality, needed_block},
	},
	view::{ChainUnavailable, SessionSource},
};

/// The time that a block takes.
const BLOCK: Duration = Duration::from_secs(3);

/// The parts that the calls being answered share.
pub(super) struct Shared {
	pub(super) chain: Arc<dyn RequestChain>,
	pub(super) source: Arc<dyn SessionSource>,
	pub(super) store: Store,
	/// Signs statements.
	pub(super) receipt_key: Keypair,
}

impl Shared {
	/// Makes the answer of a call and writes it down.
	pub(super) async fn answer(
		&self,
		request: &RequestInfo,
		entry: &CatalogueEntry,
		price: &PriceSchedule,
		name: &str,
	) -> Result<StoredAnswer, CallError> {
		let chat = input::read(&request.input, name).map_err(CallError::Input)?;
		let backend = entry.backend.as_ref();
		let party = Party::Account(request.caller.clone());
		let bounds = Bounds {
			price,
			max_charge: request.max_charge,
			most_input_tokens: request.most_input_tokens,
		};
		// Nothing is claimed that would not be answered.
		let call = answer::prepare(backend, party, chat, bounds, entry.timeout).await?;
		let last = match &request.node {
			Some(_) => last_block(request),
			None => self.claim(request).await?,
		};
		let best = self.chain.heights().await?.best;
		let blocks = last.saturating_sub(needed_block(best));
		if blocks == 0 {
			return Err(NoAnswer::TooLate.into());
		}
		let time = BLOCK.saturating_mul(blocks).min(entry.timeout);
		info!(request = request.id, model = name, "answering a call on chain");
		let made = answer::make(backend, call, bounds, time).await?;
		let answer = StoredAnswer {
			model: request.model,
			output: made.text.into_bytes(),
			input_tokens: made.input_tokens,
			output_tokens: made.output_tokens,
			submission: None,
		};
		self.store.keep_answer(request.id, answer.clone()).await?;
		Ok(answer)
	}

	/// Claims an open call, unless this node has. Returns the last block in which it can answer then.
	async fn claim(&self, request: &RequestInfo) -> Result<BlockNumber, CallError> {
		let (id, operator) = (request.id, self.source.operator());
		let own_claim = |request: &RequestInfo, best: BlockNumber| {
			let own = request.claim.as_ref().filter(|claim| claim.node == *operator);
			own.is_some_and(|claim| best <= claim.until)
		};
		// What the chain says now: another node may have been faster, or this one before it was started again.
		let best = self.chain.heights().await?.best;
		let (_, now) = self.chain.request(id).await?;
		let now = now.ok_or_else(|| CallError::NotClaimed("it is over".into()))?;
		if own_claim(&now, best) {
			return Ok(last_block_for(&now, operator));
		}
		if is_of_another(&now, operator, best) {
			return Err(CallError::NotClaimed("another node has claimed it".into()));
		}
		if let Told::Refused { error } = self.chain.claim(id).await? {
			return Err(CallError::NotClaimed(error));
		}
		metrics::counter!("openledger_on_chain_calls_total", "outcome" => "claimed").increment(1);
		let (_, now) = self.chain.request(id).await?;
		let claimed = now.filter(|now| own_claim(now, best));
		let claimed = claimed.ok_or_else(|| CallError::NotClaimed("it was not kept".into()))?;
		let until = last_block_for(&claimed, operator);
		info!(request = id, until, "claimed a call on chain");
		Ok(until)
	}

	/// Says on chain why a call is not answered, if that is of use: to who has named this node; to free what it has
	/// claimed; or if it is about the call, and nobody has said the same of it.
	pub(super) async fn decline(
		&self,
		id: RequestId,
		reason: DeclineReason,
	) -> Result<(), ChainUnavailable> {
		let best = self.chain.heights().await?.best;
		let (_, Some(now)) = self.chain.request(id).await? else { return Ok(()) };
		let operator = self.source.operator();
		if has_refused(&now, operator, best) || best > last_block(&now) {
			return Ok(());
		}
		let claimed = now.claim.as_ref().is_some_and(|claim| claim.node == *operator);
		if now.node.is_none() && !claimed {
			let about_the_call = matches!(
				reason,
				DeclineReason::BadInput | DeclineReason::PromptTooLong | DeclineReason::TooDear
			);
			let notes = now.refusals.iter().filter(|it| !it.refusal.was_claimed()).count();
			let full = notes >= usize::try_from(MAX_NOTES).unwrap_or(usize::MAX);
			let said = now.refusals.iter().any(|it| it.refusal == Refusal::Declined(reason));
			if !about_the_call || full || said {
				return Ok(());
			}
		}
		match self.chain.decline(id, reason).await? {
			Told::Done => {
				info!(request = id, ?reason, "declined a call on chain");
				metrics::counter!("openledger_on_chain_calls_total", "outcome" => "declined")
					.increment(1);
			}
			Told::Refused { error } => {
				warn!(request = id, ?reason, %error, "cannot decline a call on chain");
			}
		}
		Ok(())
	}

	/// The signature over the statement of an answer. The statement follows from what is written down, so that however
	/// often it is signed, it says the same.
	fn sign(
		&self,
		request: &RequestInfo,
		price: &PriceSchedule,
		answer: &StoredAnswer,
	) -> Option<Signature> {
		let record = CallRecord {
			sequence: FulfilledCall::SEQUENCE,
			input_tokens: answer.input_tokens,
			cached_tokens: 0,
			retrieved_tokens: 0,
			output_tokens: answer.output_tokens,
			response_hash: text_hash(std::str::from_utf8(&answer.output).ok()?),
			attribution: Default::default(),
			extension: None,
		};
		let charge = price.charge(&record.tokens())?;
		let statement = call_statement(
			self.source.genesis_hash(),
			request.id,
			text_hash(&request.input),
			request.agreement(),
			&record,
			charge,
		);
		Some(self.receipt_key.sign_message(&statement))
	}

	/// Brings an answer to the chain: once, in time, or not at all.
	pub(super) async fn deliver(
		&self,
		request: &RequestInfo,
		price: &PriceSchedule,
		answer: StoredAnswer,
	) -> Result<End, CallError> {
		let id = request.id;
		let heights = self.chain.heights().await?;
		if let Some(earlier) = answer.submission {
			if heights.finalized <= earlier.until {
				return Ok(End::Wait);
			}
		}
		// What the chain says now: the call may have been answered or cancelled meanwhile.
		let (Some(finalized), Some(best)) = self.chain.request(id).await? else {
			return Ok(End::Wait);
		};
		if best.node.is_none() && best.claim.is_none() {
			// A reorg has put this node's claim off.
			return Ok(End::Wait);
		}
		let operator = self.source.operator();
		let last = last_block(&finalized).min(last_block_for(&best, operator));
		let held =
			best.node.is_some() || best.claim.as_ref().is_some_and(|claim| claim.node == *operator);
		let mortality = if held { mortality(heights.best, last) } else { None };
		let (Some(mortality), Some(signature)) = (mortality, self.sign(request, price, &answer))
		else {
			self.store.forget_answer(id).await?;
			return Err(NoAnswer::TooLate.into());
		};
		let until = heights.best.saturating_add(mortality).saturating_add(DOUBT);
		let submission = Submission { at: heights.finalized, until };
		let sent = StoredAnswer { submission: Some(submission), ..answer };
		self.store.keep_answer(id, sent.clone()).await?;
		match self.chain.fulfil(id, sent.clone(), signature, mortality).await {
			Ok(Delivery::Done { block }) => {
				self.store.forget_answer(id).await?;
				info!(request = id, block, "answered a call on chain");
				Ok(End::Answered)
			}
			Ok(Delivery::Refused { error, again }) => {
				match again {
					true => {
						let unsent = StoredAnswer { submission: None, ..sent };
						self.store.keep_answer(id, unsent).await?;
					}
					false => self.store.forget_answer(id).await?,
				}
				Err(CallError::Refused { error, again })
			}
			Ok(Delivery::Unknown { until }) => {
				if let Some(until) = until {
					let submission = Some(Submission { until, ..submission });
					self.store.keep_answer(id, StoredAnswer { submission, ..sent }).await?;
				}
				Ok(End::Wait)
			}
			Err(error) => {
				self.store.keep_answer(id, StoredAnswer { submission: None, ..sent }).await?;
				Err(error.into())
			}
		}
	}
}
