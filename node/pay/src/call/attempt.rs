//! Trying one node: a place for the call, the voucher, and what the node says to it.

use std::time::Duration;

use openledger_client::{
	caller::CallerError,
	ss58,
	units::format_amount,
	x402::{self, Payload, PaymentSignature, Requirements, Resource},
	At, ChainError,
};
use openledger_primitives::{
	info::{ModelInfo, NodeInfo},
	voucher::{request_hash, Voucher},
	AccountId, Balance, BlockNumber, Hash, SessionId,
};
use rand::{rngs::OsRng, RngCore};
use tokio::time::{sleep, timeout_at, Instant};
use tracing::{debug, warn};

use super::{
	remedy::{remedy, Remedy, Tried},
	Call, Engine, NoFunds, Task, Verdict, PAUSE,
};
use crate::{
	error::ApiError,
	funding::{FundingError, Want},
	ledger::{Begun, Correction, Draft, Shortfall},
	market::Listing,
	node::{
		api::{Refusal, Sent},
		health::Health,
	},
};

/// How often a voucher is corrected and sent again before another node is asked.
const CORRECTIONS: u32 = 4;
/// A voucher is never valid for longer than this, in blocks: an hour.
const LONGEST_VALIDITY: BlockNumber = 1_200;
/// A node that does not serve the model after all is left alone for so long.
const NOT_SERVED: u64 = 60_000;

/// A payment that can be sent.
pub(super) struct Payment {
	pub begun: Begun,
	pub header: String,
	/// When it was signed.
	pub made: Instant,
}

impl Engine {
	/// Tries one node.
	pub(super) async fn attempt(
		&self,
		call: &mut Call<'_>,
		listing: &Listing,
		node: &NodeInfo,
	) -> Verdict {
		let _in_flight = InFlight::new(self, node);
		let mut node = node.clone();
		let mut corrections = 0;
		let patience = later(self.settings.catch_up).min(call.deadline);
		loop {
			let offer = match self.offer(call, &listing.model, &mut node).await {
				Ok(offer) => offer,
				Err(verdict) => return verdict,
			};
			if let Err(reason) = self.weigh(call.request, &offer).await {
				return self.disagree(call.request.task, &node, &CallerError::Offer(reason));
			}
			let payment = match self.prepare(call, &node, &offer).await {
				Ok(payment) => payment,
				Err(verdict) => return verdict,
			};
			let refusal = match self.pay(call, &node, &payment).await {
				Ok(refusal) => refusal,
				Err(verdict) => return verdict,
			};
			let seat = &payment.begun.seat;
			debug!(code = %refusal.code, message = %refusal.message, "voucher refused");
			let fresh = self.funding.is_fresh(seat.session);
			let (sequence, acknowledged) = (seat.sequence, payment.begun.acknowledged);
			let highest = self.treasury.look(|ledger| ledger.highest(seat));
			let mut what = remedy(&refusal, Tried { sequence, highest, acknowledged, fresh });
			// Its number may be that of somebody else's session.
			if matches!(what, Remedy::Disputed(_) | Remedy::Contradicted) {
				what = self.dispute(what, &node.operator, seat.session).await;
			}
			// Another session costs another deposit, so that is not for the node alone to say.
			if what == Remedy::Retire {
				let (session, amount) = (seat.session, offer.amount);
				match self.can_still_pay(&node.operator, session, amount).await {
					Ok(true) => what = Remedy::Wait,
					Ok(false) => {}
					Err(error) => {
						warn!(%error, "the chain cannot be asked");
						what = Remedy::None;
					}
				}
			}
			let as_before =
				Correction { sequence: Some(seat.sequence.saturating_sub(1)), acknowledged: None };
			let correction = match what {
				Remedy::Again(correction) => correction,
				_ => as_before,
			};
			if what == Remedy::OtherLane {
				let closed = self.treasury.update(|ledger| ledger.close_lane(seat)).await;
				if let Err(error) = closed {
					return Verdict::Refused(unwritable(&error));
				}
			}
			if let Err(error) = self.treasury.correct(seat, correction).await {
				return Verdict::Refused(unwritable(&error));
			}
			match what {
				Remedy::Wait if Instant::now() < patience => {
					if let Err(stop) = call.unless_stopped(sleep(self.settings.pause)).await {
						return stop.into_verdict();
					}
				}
				Remedy::Again(_) | Remedy::OtherLane if corrections < CORRECTIONS => {
					corrections += 1;
				}
				Remedy::Retire if corrections < CORRECTIONS => {
					corrections += 1;
					let session = seat.session;
					let retired = self.treasury.update(|ledger| ledger.retire(session)).await;
					if let Err(error) = retired {
						return Verdict::Refused(unwritable(&error));
					}
				}
				Remedy::Disputed(_) | Remedy::Contradicted => {
					let signed = format_amount(acknowledged);
					let reason = match what {
						Remedy::Disputed(claimed) => format!(
							"it says that calls cost {} for which it has signed statements of {signed}",
							format_amount(claimed),
						),
						_ => format!(
							"it says that lane {} of session {} is used for something else than the calls \
							 for which it has signed statements of {signed}",
							seat.lane, seat.session,
						),
					};
					warn!(node = %node.operator, %reason, "a node is paid no more");
					let _ =
						self.treasury.update(|ledger| ledger.bar(&node.operator, &reason)).await;
					return Verdict::Elsewhere(ApiError::bad_gateway("node_misbehaves", reason));
				}
				Remedy::Useless => {
					let session = seat.session;
					let retired =
						self.treasury.update(|ledger| ledger.retire_unwelcome(session)).await;
					return match retired {
						Ok(()) => self.refused(call.request.task, &node, &listing.model, refusal),
						Err(error) => Verdict::Refused(unwritable(&error)),
					};
				}
				Remedy::Wait
				| Remedy::Again(_)
				| Remedy::OtherLane
				| Remedy::Retire
				| Remedy::None => return self.refused(call.request.task, &node, &listing.model, refusal),
			}
		}
	}

	/// Whether a session can pay for a call, as far as the chain knows.
	async fn can_still_pay(
		&self,
		operator: &AccountId,
		session: SessionId,
		amount: Balance,
	) -> Result<bool, ChainError> {
		let best = self.network.block(At::Best).await?;
		let info = self.network.session(session, At::Best).await?;
		Ok(info.is_some_and(|info| {
			info.node == *operator
				&& info.caller == self.network.account()
				&& info.closes_at.is_none()
				&& best < info.expires_at
				&& info.deposit.saturating_sub(info.settled) >= amount
				&& (info.signer == info.caller
					|| info.spending_limit.saturating_sub(info.settled) >= amount)
		}))
	}

	/// What a node's claim is worth that a session's calls cost more than it has signed for. As long
	/// as no final block shows the session, it may be about another one with the same number.
	async fn dispute(&self, claim: Remedy, operator: &AccountId, session: SessionId) -> Remedy {
		let is_proven = || {
			let known = self.treasury.look(|ledger| ledger.session(session).cloned());
			known.is_some_and(|known| known.opening.is_none())
		};
		if !is_proven() {
			if let Ok(Some(info)) = self.network.session(session, At::Finalized).await {
				let _ = self.treasury.update(|ledger| ledger.prove(session, &info)).await;
			}
		}
		if !is_proven() {
			return Remedy::None;
		}
		let account = self.network.account();
		match self.network.session(session, At::Best).await {
			Ok(Some(info)) if info.caller == account && info.node == *operator => claim,
			Ok(_) => Remedy::Retire,
			Err(error) => {
				warn!(%error, "the chain cannot be asked");
				Remedy::None
			}
		}
	}

	/// Finds a lane that can pay, puts money into a session if there is none, and signs a voucher.
	/// When this returns, it is on disk.
	async fn prepare(
		&self,
		call: &mut Call<'_>,
		node: &NodeInfo,
		offer: &Requirements,
	) -> Result<Payment, Verdict> {
		let terms = &offer.extra;
		let mut salt = [0; 32];
		OsRng.fill_bytes(&mut salt);
		let draft = Draft {
			version: terms.version,
			price_version: terms.price_version,
			price: terms.price,
			input_tokens: terms.input_tokens,
			max_output_tokens: terms.max_output_tokens,
			request_hash: request_hash(&salt, &call.request.body),
			salt: Hash::from(salt),
			valid_until: terms.valid_until.min(self.best().saturating_add(LONGEST_VALIDITY)),
			receipt_key: node.receipt_key.clone(),
		};
		let (node_account, amount) = (node.operator.clone(), offer.amount);
		let want =
			Want { node: node_account, model: terms.model, amount, draft, best: self.best() };
		let patience = later(self.settings.catch_up).min(call.deadline);
		let begun = loop {
			// A transaction goes on by itself if nobody waits for it any more.
			let begun = call.unless_stopped(self.funding.begin(want.clone())).await;
			match begun.map_err(super::Stop::into_verdict)? {
				Ok(begun) => break begun,
				Err(FundingError::Short(Shortfall::UnderWay)) if Instant::now() < patience => {
					let settled = self.funding.settled(&want.node, patience);
					call.unless_stopped(settled).await.map_err(super::Stop::into_verdict)?;
				}
				Err(FundingError::Short(Shortfall::Doubted)) if Instant::now() < patience => {
					let pause = sleep(self.settings.pause);
					call.unless_stopped(pause).await.map_err(super::Stop::into_verdict)?;
				}
				Err(error) => return Err(self.unfunded(amount, error)),
			}
		};
		let request_hash = begun.open.call.request_hash;
		self.funding.refill(&node.operator, begun.seat.session);
		let voucher = Voucher {
			genesis_hash: self.network.genesis_hash(),
			session: begun.seat.session,
			lane: begun.seat.lane,
			model: terms.model,
			version: terms.version,
			price_version: terms.price_version,
			sequence: begun.seat.sequence,
			acknowledged: begun.acknowledged,
			authorised: begun.authorised,
			request_hash,
			valid_until: begun.open.call.valid_until,
		};
		let signer = self.treasury.look(|ledger| {
			ledger.session(voucher.session).and_then(|session| session.signer.clone())
		});
		let Some(key) = self.network.voucher_key(signer.as_ref()) else {
			// No such session is chosen.
			let released = self.treasury.release(&begun.seat, false).await;
			released.map_err(|error| Verdict::Refused(unwritable(&error)))?;
			let error = FundingError::NoKey { account: ss58(&self.network.account()) };
			return Err(self.unfunded(amount, error));
		};
		let signature = key.sign_message(&voucher);
		let path = call.request.task.path();
		let url = format!("{}{path}", node.endpoint.trim_end_matches('/'));
		let resource = Resource { url, description: None, mime_type: None };
		let payload = Payload { voucher, signature, salt };
		let header = x402::encode(&PaymentSignature::new(resource, offer.clone(), payload));
		Ok(Payment { begun, header, made: Instant::now() })
	}

	fn unfunded(&self, amount: Balance, error: FundingError) -> Verdict {
		match error {
			FundingError::Short(Shortfall::Budget { left, .. }) => {
				Verdict::NoFunds(NoFunds::Budget { left, amount })
			}
			FundingError::Poor { .. } => Verdict::NoFunds(NoFunds::Account(error.to_string())),
			FundingError::Store(error) => Verdict::Refused(unwritable(&error)),
			error @ FundingError::AboveLimit { .. } => {
				let status = axum::http::StatusCode::BAD_REQUEST;
				let message = error.to_string();
				let code = "charge_above_limit";
				Verdict::Refused(ApiError::invalid(status, None, code, message))
			}
			FundingError::Chain(error) => {
				warn!(%error, "the chain cannot be asked");
				let message = "the chain node cannot be reached, and a session needs money";
				Verdict::Elsewhere(ApiError::unavailable("chain_unavailable", message))
			}
			error => {
				let unpaid = ApiError::unavailable("session_not_funded", error.to_string());
				Verdict::Elsewhere(ApiError { retry_after: Some(PAUSE), ..unpaid })
			}
		}
	}

	/// Sends the voucher, and the answer on its way. `Ok` if the node does not take the voucher.
	async fn pay(
		&self,
		call: &mut Call<'_>,
		node: &NodeInfo,
		payment: &Payment,
	) -> Result<Refusal, Verdict> {
		let begun = &payment.begun;
		if call.line.is_gone() {
			return Err(match self.treasury.release(&begun.seat, false).await {
				Ok(()) => Verdict::Gone,
				Err(error) => Verdict::Refused(unwritable(&error)),
			});
		}
		let (body, task) = (call.request.body.clone(), call.request.task);
		let left = call.deadline.saturating_duration_since(Instant::now());
		let sending = self.api.pay(&node.endpoint, task, &body, &payment.header, left);
		let sent = match call.unless_stopped(sending).await {
			Ok(sent) => sent,
			Err(stop) => return Err(self.ended(call, node, payment, stop).await),
		};
		match sent {
			Sent::Answer(answer) => Err(self.deliver(call, node, payment, answer).await),
			// In the node's own words: the voucher was not taken.
			Sent::Refused(refusal) if refusal.is_own_refusal() => Ok(refusal),
			Sent::NobodyThere(reason) => {
				self.failed(node);
				if let Err(error) = self.treasury.release(&begun.seat, false).await {
					return Err(Verdict::Refused(unwritable(&error)));
				}
				Err(Verdict::Elsewhere(ApiError::bad_gateway("node_unreachable", reason)))
			}
			// This may come from a proxy, with the call served behind it.
			Sent::Refused(refusal) => Err(self.lost(call, node, payment, refusal.message).await),
			Sent::Lost(reason) => Err(self.lost(call, node, payment, reason).await),
		}
	}

	/// What a node's refusal means for the call.
	pub(super) fn refused(
		&self,
		task: Task,
		node: &NodeInfo,
		model: &ModelInfo,
		refusal: Refusal,
	) -> Verdict {
		let error = ApiError::of_node(&refusal);
		match (refusal.shaped, refusal.status) {
			(true, 429) => {
				let rest = millis(refusal.retry_after.unwrap_or(PAUSE));
				self.note(node, |health, now| health.busy(now, rest));
				Verdict::Elsewhere(error)
			}
			// It has to be paid for what it has served first, which is under way.
			(true, 402) if refusal.code == "exposure_reached" => {
				let rest = refusal.retry_after.unwrap_or(PAUSE);
				self.note(node, |health, now| health.busy(now, millis(rest)));
				Verdict::Elsewhere(ApiError::overloaded(rest, refusal.message))
			}
			// What one node does not support, another one may.
			(true, 400 | 422)
				if matches!(
					refusal.code.as_str(),
					"unsupported_parameter" | "unsupported_value"
				) =>
			{
				Verdict::Elsewhere(error)
			}
			(true, 400) if refusal.code == "unsupported_endpoint" => {
				self.market.note_unserved(&node.operator, (model.id, task));
				Verdict::Elsewhere(error)
			}
			(true, 400 | 413 | 422) => Verdict::Refused(error),
			(true, 403 | 404) => {
				self.note(node, |health, now| health.busy(now, NOT_SERVED));
				Verdict::Elsewhere(error)
			}
			_ => {
				self.failed(node);
				Verdict::Elsewhere(ApiError::bad_gateway("node_failed", refusal.message))
			}
		}
	}

	pub(super) fn failed(&self, node: &NodeInfo) {
		self.note(node, Health::failed);
	}

	pub(super) fn note(&self, node: &NodeInfo, change: impl FnOnce(&mut Health, u64)) {
		self.market.note(&node.operator, change);
	}

	/// Waits until `deadline` at most.
	pub(super) async fn until<T>(
		deadline: Instant,
		what: impl std::future::Future<Output = T>,
	) -> Option<T> {
		timeout_at(deadline, what).await.ok()
	}
}

/// A call that a node is answering.
struct InFlight<'a> {
	engine: &'a Engine,
	operator: openledger_primitives::AccountId,
}

impl<'a> InFlight<'a> {
	fn new(engine: &'a Engine, node: &NodeInfo) -> Self {
		engine.note(node, |health, _| health.begin());
		Self { engine, operator: node.operator.clone() }
	}
}

impl Drop for InFlight<'_> {
	fn drop(&mut self) {
		self.engine.market.note(&self.operator, |health, _| health.end());
	}
}

/// What an app is told when the ledger cannot be written.
pub(super) fn unwritable(error: &crate::store::StoreError) -> ApiError {
	tracing::error!(%error, "the state cannot be written");
	let message = "this proxy cannot write its state, and pays nothing until it is started again";
	ApiError::unavailable("state_unwritable", message)
}

pub(super) fn later(after: Duration) -> Instant {
	let now = Instant::now();
	now.checked_add(after).unwrap_or(now)
}

pub(super) fn millis(time: Duration) -> u64 {
	u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
