//! A voucher that the node does not take, and the way back to the first step.

use std::{sync::Arc, time::Duration};

use openledger_chain_client::{At, ChainError};
use openledger_primitives::{info::ModelInfo, AccountId, Balance, Hash, Sequence, SessionId};
use openledger_protocol::units::format_amount;
use tokio::time::{sleep, timeout, Instant};
use tracing::{debug, warn};

use super::{
	context::Call,
	prepared::Payment,
	refused,
	remedy::{is_about_the_lane, remedy, Remedy, Tried},
	verdict::{in_time, unwritable, written, Step, Verdict},
};
use crate::{
	clerk::{Clerk, Unacceptable},
	error::ApiError,
	funding::Funding,
	ledger::{Correction, LaneSlot},
	market::Market,
	network::Network,
	node::api::{NodeApi, Refusal, StatementStatus},
	treasury::Treasury,
};

/// How long a node may take to say what became of vouchers that it refused before.
const TAKE_UP: Duration = Duration::from_secs(15);
/// How often a voucher is corrected and sent again before another node is asked.
const CORRECTIONS: u32 = 4;

/// What is needed to correct a voucher.
pub(super) struct Correcting {
	pub network: Arc<dyn Network>,
	pub market: Arc<Market>,
	pub treasury: Arc<Treasury>,
	pub funding: Arc<Funding>,
	pub clerk: Clerk,
	pub api: NodeApi,
	/// How long to wait before a voucher is sent again that may be taken in a while.
	pub pause: Duration,
}

/// How far a node was put up with already.
pub(super) struct Patience {
	/// Until when a node may catch up.
	pub until: Instant,
	/// Vouchers that were corrected.
	pub corrections: u32,
	/// The requests of the vouchers that it has refused for this very call.
	pub refused: Vec<Hash>,
}

impl Patience {
	/// Whether one more voucher may be corrected.
	fn corrects(&mut self) -> bool {
		let is_left = self.corrections < CORRECTIONS;
		self.corrections = self.corrections.saturating_add(u32::from(is_left));
		is_left
	}
}

/// A voucher that was refused.
pub(super) struct Rejected {
	pub payment: Payment,
	pub refusal: Refusal,
}

impl Rejected {
	/// Gives back what was set aside, and goes on where another voucher may be taken.
	pub async fn correct(
		self,
		desk: &Correcting,
		call: &mut Call<'_>,
		model: &ModelInfo,
		patience: &mut Patience,
	) -> Step<()> {
		let Self { payment, refusal } = self;
		let slot = payment.slot();
		debug!(code = %refusal.code, message = %refusal.message, "voucher refused");
		let as_before = |taken: Option<Sequence>| {
			let sequence = slot.sequence.saturating_sub(1).max(taken.unwrap_or_default());
			Correction { sequence: Some(sequence), acknowledged: None }
		};
		let taken = match is_about_the_lane(&refusal) {
			true => {
				// A node that refuses a voucher and charges it in the same breath is not believed.
				let found = timeout(TAKE_UP, desk.take_up(&payment, &patience.refused));
				match call.unless_stopped(found).await {
					Ok(Ok(taken)) => taken,
					Ok(Err(_)) => Step::Continue(None),
					Err(stop) => in_time(Err(stop)),
				}
			}
			false => Step::Continue(None),
		};
		let taken = match taken {
			Step::Continue(taken) => taken,
			Step::Break(verdict) => {
				written(desk.treasury.refuse(slot, as_before(None)).await)?;
				return Step::Break(verdict);
			}
		};
		patience.refused.push(payment.begun().open.call.request_hash);
		let remedy = desk.remedy(&payment, &refusal, taken).await;
		let correction = match remedy {
			Remedy::Again(correction) => correction,
			_ => as_before(taken),
		};
		if remedy == Remedy::OtherLane {
			written(desk.treasury.update(|ledger| ledger.close_lane(slot)).await)?;
		}
		written(desk.treasury.refuse(slot, correction).await)?;
		let task = call.request.task;
		let refused =
			|| refused::verdict(&desk.market, task, payment.node(), model, refusal.clone());
		match remedy {
			Remedy::Wait if Instant::now() < patience.until => {
				in_time(call.unless_stopped(sleep(desk.pause)).await)
			}
			Remedy::Again(_) | Remedy::OtherLane if patience.corrects() => Step::Continue(()),
			Remedy::Retire if patience.corrects() => {
				written(desk.treasury.update(|ledger| ledger.retire(slot.session)).await)
			}
			Remedy::Disputed(claimed) => {
				let (claimed, signed) = (format_amount(claimed), desk.signed(slot));
				let reason = format!(
					"it says that calls cost {claimed} for which it has signed statements of {signed}"
				);
				desk.bar(payment.node().operator.clone(), reason).await
			}
			Remedy::Contradicted => {
				let signed = desk.signed(slot);
				let reason = format!(
					"it says that lane {} of session {} is used for something else than the calls \
					 for which it has signed statements of {signed}",
					slot.lane, slot.session,
				);
				desk.bar(payment.node().operator.clone(), reason).await
			}
			Remedy::Useless => {
				let session = slot.session;
				written(desk.treasury.update(|ledger| ledger.retire_unwelcome(session)).await)?;
				Step::Break(refused())
			}
			Remedy::Wait | Remedy::Again(_) | Remedy::OtherLane | Remedy::Retire | Remedy::None => {
				Step::Break(refused())
			}
		}
	}
}

impl Correcting {
	/// The remedy for a refusal, where the chain agrees with what the node says.
	async fn remedy(
		&self,
		payment: &Payment,
		refusal: &Refusal,
		taken: Option<Sequence>,
	) -> Remedy {
		let (slot, amount) = (payment.slot(), payment.begun().open.call.allowance);
		let (highest, stated) =
			self.treasury.look(|ledger| (ledger.highest(slot), ledger.acknowledged(slot)));
		let tried = Tried {
			sequence: slot.sequence,
			highest,
			acknowledged: payment.begun().acknowledged,
			stated,
			taken,
			fresh: self.funding.is_fresh(slot.session),
		};
		let claim = remedy(refusal, tried);
		let claim = match claim {
			// Its number may be that of somebody else's session.
			Remedy::Disputed(_) | Remedy::Contradicted => self.dispute(claim, slot).await,
			claim => claim,
		};
		// Another session costs another deposit, so that is not for the node alone to say.
		if claim != Remedy::Retire {
			return claim;
		}
		match self.can_still_pay(&slot.node, slot.session, amount).await {
			Ok(Some(true)) => Remedy::Wait,
			Ok(Some(false)) => Remedy::Retire,
			Ok(None) => {
				warn!(session = slot.session, "the chain node has not come to the session yet");
				Remedy::None
			}
			Err(error) => {
				warn!(%error, "the chain cannot be asked");
				Remedy::None
			}
		}
	}

	/// Finds out whether vouchers of the lane that were refused before were taken after all, because
	/// somebody has brought them again. The last sequence of these.
	async fn take_up(&self, payment: &Payment, refused: &[Hash]) -> Step<Option<Sequence>> {
		let slot = payment.slot();
		let untaken = self.treasury.look(|ledger| ledger.untaken(slot.session, slot.lane));
		let mut taken = None;
		for open in untaken {
			let sequence = open.call.sequence;
			let endpoint = &payment.node().endpoint;
			let asking = self.api.statement(endpoint, slot.session, slot.lane, sequence);
			let of_it = LaneSlot { sequence, ..slot.clone() };
			if refused.contains(&open.call.request_hash) {
				continue;
			}
			match asking.await {
				StatementStatus::Served(response) => {
					match self.clerk.take_up(&of_it, &open, *response).await {
						Ok(false) => continue,
						Ok(true) => {}
						Err(Unacceptable::False(reason)) => {
							let error = ApiError::bad_gateway("node_misbehaves", reason);
							return Step::Break(Verdict::Elsewhere(error));
						}
						Err(Unacceptable::Store(error)) => {
							return Step::Break(Verdict::Refused(unwritable(&error)));
						}
					}
				}
				StatementStatus::NotCharged => {
					written(self.treasury.update(|ledger| ledger.use_up(&of_it)).await)?;
				}
				StatementStatus::NotTaken | StatementStatus::NotNow(_) => continue,
			}
			taken = taken.max(Some(sequence));
		}
		Step::Continue(taken)
	}

	/// Whether a session can pay for a call, as far as the chain knows. `None` if this chain node has not
	/// come to the block yet in which it was opened: of several behind one address, each knows as much as
	/// it does.
	async fn can_still_pay(
		&self,
		operator: &AccountId,
		session: SessionId,
		amount: Balance,
	) -> Result<Option<bool>, ChainError> {
		let best = self.network.block(At::Best).await?;
		let info = self.network.session(session, At::Best).await?;
		let opened_after =
			self.treasury.look(|ledger| ledger.session(session).map(|known| known.opened_after));
		if info.is_none() && opened_after.is_some_and(|opened_after| best <= opened_after) {
			return Ok(None);
		}
		Ok(Some(info.is_some_and(|info| {
			info.node == *operator
				&& info.caller == self.network.account()
				&& info.closes_at.is_none()
				&& best < info.expires_at
				&& info.deposit.saturating_sub(info.settled) >= amount
				&& (info.signer == info.caller
					|| info.spending_limit.saturating_sub(info.settled) >= amount)
		})))
	}

	/// The worth of a node's claim that a session's calls cost more than it has signed for. As long as no
	/// final block shows the session, it may be about another one with the same number.
	async fn dispute(&self, claim: Remedy, slot: &LaneSlot) -> Remedy {
		let session = slot.session;
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
			Ok(Some(info)) if info.caller == account && info.node == slot.node => claim,
			Ok(_) => Remedy::Retire,
			Err(error) => {
				warn!(%error, "the chain cannot be asked");
				Remedy::None
			}
		}
	}

	/// What the statements of a lane add up to, for people.
	fn signed(&self, slot: &LaneSlot) -> String {
		format_amount(self.treasury.look(|ledger| ledger.acknowledged(slot)))
	}

	/// Pays a node no more.
	async fn bar(&self, node: AccountId, reason: String) -> Step<()> {
		warn!(%node, %reason, "a node is paid no more");
		let _ = self.treasury.update(|ledger| ledger.bar(&node, &reason)).await;
		Step::Break(Verdict::Elsewhere(ApiError::bad_gateway("node_misbehaves", reason)))
	}
}
