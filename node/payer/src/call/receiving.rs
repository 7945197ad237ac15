//! From the moment on when a voucher is out: taking its statement, or finding out what became of it.

use axum::http::{HeaderName, HeaderValue};
use openledger_chain_client::ss58;
use openledger_payer_ledger::{Book, Fate, LaneSlot, OpenCall, StoreError};
use openledger_primitives::Balance;
use openledger_protocol::x402::PaymentResponse;
use tokio::time::{sleep, timeout_at, Instant};
use tracing::{info, warn};

use super::{
	context::Call,
	paid::Outcome,
	prepared::Payment,
	verdict::{later, unwritable},
};
use crate::{
	clerk::{Answer, Unacceptable},
	node::{api::StatementStatus, health::Health},
	parts::Parts,
};

/// The headers that tell an app of the payment, if it looks.
const NODE: HeaderName = HeaderName::from_static("x-openledger-node");
const SESSION: HeaderName = HeaderName::from_static("x-openledger-session");
const CHARGE: HeaderName = HeaderName::from_static("x-openledger-charge");

/// A payment whose voucher is out.
#[derive(Clone, Copy)]
pub(super) struct Receiving<'a> {
	pub parts: &'a Parts,
	pub payment: &'a Payment,
}

impl Receiving<'_> {
	/// Takes the statement that came with an answer, or finds out what became of the call; and notes that
	/// for the app.
	pub async fn conclude(
		self,
		call: &mut Call<'_>,
		response: Option<PaymentResponse>,
		answer: Option<Answer<'_>>,
		fate: Fate,
	) -> Outcome {
		let outcome = match response {
			Some(response) => self.take(response, answer, fate).await,
			None => {
				self.note_answer(answer).await;
				let status = self.ask_until(later(self.parts.settings.call.recovery)).await;
				self.account_for(status, answer, fate).await
			}
		};
		self.note(call, &outcome, fate);
		outcome
	}

	/// Notes what became of the call.
	pub fn note(self, call: &mut Call<'_>, outcome: &Outcome, fate: Fate) {
		call.paid.push(self.payment.paid(outcome.clone()));
		if fate != Fate::Lost {
			return;
		}
		let node = &self.payment.node.operator;
		// Nobody is blamed for an answer that was not paid for, and will not be.
		if outcome.charge() != Some(0) {
			self.parts.market.note(node, Health::lost);
		}
		if let Outcome::Charged(receipt) = outcome {
			let charge = receipt.statement.newest().charge;
			warn!(node = %ss58(node), %charge, "an answer was charged and did not arrive");
			metrics::counter!("openledger_pay_lost_answers_total").increment(1);
		}
	}

	async fn take(
		self,
		response: PaymentResponse,
		answer: Option<Answer<'_>>,
		fate: Fate,
	) -> Outcome {
		let (slot, call) = (&self.payment.reserved.slot, &self.payment.reserved.call);
		let receipt = Box::new(response.extra.clone());
		match self.parts.clerk.take(slot, call, response, answer, fate).await {
			Ok(None) => Outcome::NotCharged,
			Ok(Some(_)) => {
				let model = self.parts.market.model_name(call.agreed.agreement.model);
				let used = receipt.statement.newest().tokens;
				let tokens = [("input", used.input), ("output", used.output)];
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

	/// The node's word on the call, once it can say, or what it says when time is up.
	pub async fn ask_until(self, deadline: Instant) -> StatementStatus {
		let (endpoint, slot) = (&self.payment.node.endpoint, &self.payment.reserved.slot);
		loop {
			let status = timeout_at(deadline, self.parts.api.statement(endpoint, slot)).await;
			match status.unwrap_or_else(|_| StatementStatus::NotNow("time is up".into())) {
				StatementStatus::NotNow(_) if Instant::now() < deadline => {
					sleep(self.parts.settings.call.pause).await;
				}
				status => return status,
			}
		}
	}

	/// Settles up for a call whose answer came without a statement, by what its node says of it. If it
	/// does not say, that is left for later, and what the call could cost stays set aside.
	pub async fn account_for(
		self,
		status: StatementStatus,
		answer: Option<Answer<'_>>,
		fate: Fate,
	) -> Outcome {
		let (slot, call) = (&self.payment.reserved.slot, &self.payment.reserved.call);
		let best = self.parts.market.best();
		let taken = match status {
			StatementStatus::Served(response) => return self.take(*response, answer, fate).await,
			StatementStatus::NotCharged => true,
			// Whoever has the request may still bring it.
			StatementStatus::NotTaken if call.can_be_taken(best) => return self.park(fate).await,
			StatementStatus::NotTaken => false,
			StatementStatus::NotNow(reason) => {
				warn!(
					node = %ss58(&slot.node), session = slot.session, lane = slot.lane, %reason,
					"what became of a call is not known yet; what it may cost stays set aside",
				);
				return self.park(fate).await;
			}
		};
		let released = self.parts.treasury.at(slot.session, |book| book.release(slot, taken));
		match noted(released.await) {
			true => Outcome::NotCharged,
			false => Outcome::Unknown,
		}
	}

	/// Writes down what has come of an answer whose statement has not: whoever takes that, and be it
	/// another process, holds it against this.
	pub async fn note_answer(self, answer: Option<Answer<'_>>) {
		let Some(answer) = answer else { return };
		let (slot, call) = (&self.payment.reserved.slot, &self.payment.reserved.call);
		// What is no answer will not have a statement that holds either.
		let Ok(owed) = self.parts.clerk.owed(call, answer).await else { return };
		let OpenCall { agreed, expected, .. } = owed;
		let owed = |book: &mut Book| book.owe_at_most(slot, agreed.max_output_tokens, expected);
		noted(self.parts.treasury.at(slot.session, owed).await);
	}

	/// Leaves it for later to learn what became of the call.
	async fn park(self, fate: Fate) -> Outcome {
		let slot = &self.payment.reserved.slot;
		match fate {
			Fate::Lost => {
				noted(self.parts.treasury.update(|ledger| ledger.park_lost(slot)).await);
			}
			Fate::Delivered | Fate::Unwanted => self.parts.treasury.park(slot),
		}
		Outcome::Unknown
	}

	/// Writes the call into the log.
	pub fn log(self, call: &Call<'_>, charge: Option<Balance>) {
		let slot = &self.payment.reserved.slot;
		info!(
			model = %call.request.model, node = %ss58(&slot.node), session = slot.session,
			lane = slot.lane, sequence = slot.sequence, charge = ?charge, "call served",
		);
	}
}

/// Returns `true` if a change was written down. The log says if not.
fn noted(written: Result<(), StoreError>) -> bool {
	written.inspect_err(|error| drop(unwritable(error))).is_ok()
}

/// The headers of an answer that tell of its payment.
pub(super) fn headers(slot: &LaneSlot, charge: Option<Balance>) -> Vec<(HeaderName, HeaderValue)> {
	let charge = charge.map(|charge| (CHARGE, charge.to_string()));
	let known = [(NODE, ss58(&slot.node)), (SESSION, slot.session.to_string())];
	let all = known.into_iter().chain(charge);
	all.filter_map(|(name, value)| Some((name, HeaderValue::from_str(&value).ok()?))).collect()
}
