//! From the moment on when a voucher is out: taking its statement, or finding out what became of it.

use std::{sync::Arc, time::Duration};

use axum::http::{HeaderName, HeaderValue};
use openledger_chain_client::ss58;
use openledger_primitives::{statement::response_hash, AccountId, Balance};
use openledger_protocol::x402::PaymentResponse;
use tokio::time::{sleep, timeout_at, Instant};
use tracing::{info, warn};

use super::{context::Call, paid::Outcome, prepared::Payment, stop::later, verdict::unwritable};
use crate::{
	clerk::{self, Clerk, Unacceptable},
	ledger::{Begun, Fate, LaneSlot},
	market::Market,
	node::{
		api::{NodeApi, StatementStatus},
		health::Health,
	},
	treasury::Treasury,
};

/// What an app learns of the payment, if it looks.
const NODE: HeaderName = HeaderName::from_static("x-openledger-node");
const SESSION: HeaderName = HeaderName::from_static("x-openledger-session");
const CHARGE: HeaderName = HeaderName::from_static("x-openledger-charge");

/// What is needed while an answer comes, or does not.
pub(super) struct Receiving {
	pub api: NodeApi,
	pub clerk: Clerk,
	pub treasury: Arc<Treasury>,
	pub market: Arc<Market>,
	/// An app that leaves after so long and has got nothing has waited in vain.
	pub in_vain: Duration,
	/// How long a node is asked what became of a call, before it is left for later.
	pub recovery: Duration,
	/// How long to wait before it is asked again.
	pub pause: Duration,
}

impl Receiving {
	/// Takes a statement.
	pub async fn take(
		&self,
		payment: &Payment,
		response: PaymentResponse,
		answer: Option<clerk::Answer<'_>>,
		fate: Fate,
	) -> Outcome {
		let Begun { slot, open, .. } = payment.begun();
		let receipt = Box::new(response.extra.clone());
		match self.clerk.take(slot, open, response, answer, fate).await {
			Ok(_) => {
				let (model, statement) =
					(self.market.model_name(open.call.model), &receipt.statement);
				let tokens =
					[("input", statement.input_tokens), ("output", statement.output_tokens)];
				for (kind, count) in tokens {
					metrics::counter!(
						"openledger_pay_tokens_total",
						"model" => model.clone(), "direction" => kind,
					)
					.increment(count.into());
				}
				Outcome::Charged(receipt)
			}
			Err(Unacceptable::False(reason)) => Outcome::False(reason),
			Err(Unacceptable::Store(error)) => {
				unwritable(&error);
				Outcome::Unknown
			}
		}
	}

	/// Finds out what became of a call whose answer came without a statement. If the node does not
	/// say in time, that is left for later, and what the call could cost stays set aside.
	pub async fn find_out(
		&self,
		payment: &Payment,
		answer: Option<clerk::Answer<'_>>,
		fate: Fate,
	) -> Outcome {
		self.note_answer(payment.begun(), answer).await;
		let status = self.ask_until(later(self.recovery), payment).await;
		self.account_for(payment, status, answer, fate).await
	}

	/// What a node says of a call, once it can say, or what it says when time is up.
	pub async fn ask_until(&self, deadline: Instant, payment: &Payment) -> StatementStatus {
		let (endpoint, slot) = (&payment.node().endpoint, payment.slot());
		loop {
			let asking = self.api.statement(endpoint, slot.session, slot.lane, slot.sequence);
			let status = timeout_at(deadline, asking).await;
			match status.unwrap_or_else(|_| StatementStatus::NotNow("time is up".into())) {
				StatementStatus::NotNow(_) if Instant::now() < deadline => sleep(self.pause).await,
				status => return status,
			}
		}
	}

	/// Settles up for a call whose answer came without a statement, by what its node says of it.
	pub async fn account_for(
		&self,
		payment: &Payment,
		status: StatementStatus,
		answer: Option<clerk::Answer<'_>>,
		fate: Fate,
	) -> Outcome {
		let Begun { slot, open, .. } = payment.begun();
		let taken = match status {
			StatementStatus::Served(response) => {
				return self.take(payment, *response, answer, fate).await;
			}
			StatementStatus::NotCharged => true,
			// Whoever has the request may still bring it.
			StatementStatus::NotTaken if open.call.can_be_taken(self.market.best()) => {
				self.park(slot, fate).await;
				return Outcome::Unknown;
			}
			StatementStatus::NotTaken => false,
			StatementStatus::NotNow(reason) => {
				warn!(
					node = %ss58(&slot.node), session = slot.session, lane = slot.lane, %reason,
					"what became of a call is not known yet; what it may cost stays set aside",
				);
				self.park(slot, fate).await;
				return Outcome::Unknown;
			}
		};
		match self.treasury.release(slot, taken).await {
			Ok(()) => Outcome::NotCharged,
			Err(error) => {
				unwritable(&error);
				Outcome::Unknown
			}
		}
	}

	/// Writes down what has come of an answer whose statement has not: whoever takes that, and be it
	/// another process, holds it against this.
	pub async fn note_answer(&self, begun: &Begun, answer: Option<clerk::Answer<'_>>) {
		let Some(answer) = answer else { return };
		let most = self.clerk.most_owed(answer).await;
		let salt = begun.open.call.salt;
		let hash = || response_hash(salt.as_fixed_bytes(), answer.said.signed.as_bytes());
		let expected = answer.whole.then(hash);
		let noted = self.treasury.update(|ledger| ledger.owe_at_most(&begun.slot, most, expected));
		if let Err(error) = noted.await {
			unwritable(&error);
		}
	}

	/// Leaves it for later to learn what became of a call.
	async fn park(&self, slot: &LaneSlot, fate: Fate) {
		if fate != Fate::Lost {
			return self.treasury.park(slot);
		}
		if let Err(error) = self.treasury.park_lost(slot).await {
			unwritable(&error);
		}
	}

	/// Notes an answer that did not arrive, if it was paid for or may be.
	pub fn note_lost(&self, node: &AccountId, outcome: &Outcome) {
		if outcome.charge() != Some(0) {
			self.market.note(node, Health::lost);
		}
		if let Outcome::Charged(receipt) = outcome {
			let charge = receipt.statement.charge;
			warn!(node = %ss58(node), %charge, "an answer was charged and did not arrive");
			metrics::counter!("openledger_pay_lost_answers_total").increment(1);
		}
	}

	/// Writes a call into the log.
	pub fn log(&self, call: &Call<'_>, payment: &Payment, charge: Option<Balance>) {
		let slot = payment.slot();
		info!(
			model = %call.request.model, node = %ss58(&slot.node), session = slot.session,
			lane = slot.lane, sequence = slot.sequence, charge = ?charge, "call served",
		);
	}
}

/// The headers of an answer that tell of its payment.
pub(super) fn headers(slot: &LaneSlot, charge: Option<Balance>) -> Vec<(HeaderName, HeaderValue)> {
	let charge = charge.map(|charge| (CHARGE, charge.to_string()));
	let known = [(NODE, ss58(&slot.node)), (SESSION, slot.session.to_string())];
	let all = known.into_iter().chain(charge);
	all.filter_map(|(name, value)| Some((name, HeaderValue::from_str(&value).ok()?))).collect()
}
