//! A voucher that the node does not take, and the way back to the first step.

use std::collections::BTreeSet;

use openledger_chain_client::{At, ChainError};
use openledger_payer_ledger::{Book, Correction, Lane, LaneSlot, Ledger};
use openledger_primitives::{info::ModelInfo, Balance, BlockNumber, Hash, Sequence};
use openledger_protocol::{clock::unix_seconds, units::format_amount};
use tokio::time::{sleep, timeout, Instant};
use tracing::{debug, warn};

use super::{
	by_chain,
	context::Call,
	prepared::Payment,
	refused,
	remedy::{is_about_the_lane, remedy, Remedy, Tried},
	verdict::{elsewhere, in_time, unwritable, written, Step},
};
use crate::{
	adoption::{self, Taken},
	error::PayerCode,
	node::api::Refusal,
	parts::Parts,
	recovery::{self, Refused},
};

/// A voucher is corrected and sent again so often before another node is asked.
const CORRECTIONS: u32 = 4;

/// The patience that is left with a node.
pub(super) struct Patience {
	/// The time until when a node may catch up.
	until: Instant,
	/// Vouchers that were corrected.
	corrections: u32,
	/// The requests of the vouchers that it has refused for this very call.
	refused: Vec<Hash>,
	/// The last block that calls of a new lane may be paid as of, if it has named one.
	as_of: Option<BlockNumber>,
}

impl Patience {
	/// All of it.
	pub fn until(until: Instant) -> Self {
		Self { until, corrections: 0, refused: Vec::new(), as_of: None }
	}

	/// The last block that calls of a new lane may be paid as of, if the node has named one.
	pub fn as_of(&self) -> Option<BlockNumber> {
		self.as_of
	}

	/// Returns `true` if one more voucher may be corrected.
	fn corrects(&mut self) -> bool {
		let is_left = self.corrections < CORRECTIONS;
		self.corrections = self.corrections.saturating_add(u32::from(is_left));
		is_left
	}
}

/// The way on from a voucher that was refused.
pub(super) enum Next {
	/// Another one.
	Another,
	/// The very same once more: it may be taken by now.
	Again(Payment),
}

/// A voucher that was refused.
pub(super) struct Rejected {
	pub payment: Payment,
	pub refusal: Refusal,
}

/// The node's word on vouchers that it had refused before.
struct TakenUp {
	/// `true` if it has said of each what became of it.
	all: bool,
	/// The last sequence of those that were taken.
	used: Sequence,
}

impl Rejected {
	/// Gives back what was set aside, and goes on where another voucher may be taken.
	pub async fn correct(
		self,
		parts: &Parts,
		call: &mut Call<'_>,
		model: &ModelInfo,
		patience: &mut Patience,
	) -> Step<Next> {
		let Self { payment, refusal } = self;
		let slot = &payment.reserved.slot;
		debug!(code = %refusal.code, message = %refusal.message, "voucher refused");
		let as_before = |used: Sequence| {
			let sequence = slot.sequence.saturating_sub(1).max(used);
			Correction { sequence: Some(sequence) }
		};
		let refuse = async |correction| {
			let refused = parts.treasury.at(slot.session, |book| book.refuse(slot, correction));
			written(refused.await)
		};
		let found = match is_about_the_lane(&refusal) {
			true => {
				let limit = parts.settings.call.take_up;
				let asking = timeout(limit, take_up(parts, &payment, &patience.refused));
				match call.unless_stopped(asking).await {
					Ok(asked) => asked.unwrap_or(Step::Continue(TakenUp { all: false, used: 0 })),
					Err(stop) => in_time(Err(stop)),
				}
			}
			false => Step::Continue(TakenUp { all: true, used: 0 }),
		};
		let TakenUp { all, used } = match found {
			Step::Continue(found) => found,
			Step::Break(verdict) => {
				refuse(as_before(0)).await?;
				return Step::Break(verdict);
			}
		};
		let remedy = match remedy_for(parts, &payment, &refusal, used).await {
			// What was charged for a voucher of which nothing is known yet may explain it.
			Remedy::Disputed(_) if !all => Remedy::None,
			remedy => remedy,
		};
		let is_used = used >= slot.sequence
			|| parts.treasury.look(|ledger| {
				ledger.books().lane(slot).is_some_and(|lane| lane.charged() >= slot.sequence)
			});
		if remedy == Remedy::Wait && !is_used && Instant::now() < patience.until {
			let waited = call.unless_stopped(sleep(parts.settings.call.pause)).await;
			if let Err(stop) = waited {
				refuse(as_before(used)).await?;
				return Step::Break(stop.into());
			}
			return Step::Continue(Next::Again(payment));
		}
		patience.refused.push(payment.reserved.call.agreed.request_hash);
		if matches!(remedy, Remedy::OtherLane | Remedy::AsOf(..)) {
			let closed = parts.treasury.at(slot.session, |book| book.close_lane(slot.lane));
			written(closed.await)?;
		}
		if let Remedy::AsOf(_, until) = remedy {
			patience.as_of = Some(until);
		}
		refuse(match remedy {
			Remedy::Again(correction) => correction,
			_ => as_before(used),
		})
		.await?;
		let node = &payment.node;
		let refused =
			|| refused::verdict(&parts.market, call.request.task, node, model, refusal.clone());
		match remedy {
			Remedy::Again(_) | Remedy::OtherLane | Remedy::AsOf(..) if patience.corrects() => {
				Step::Continue(Next::Another)
			}
			Remedy::Retire if patience.corrects() => {
				written(parts.treasury.at(slot.session, Book::retire).await)?;
				Step::Continue(Next::Another)
			}
			Remedy::Disputed(claimed) => {
				let (claimed, signed) = (format_amount(claimed), signed(parts, slot));
				let reason = format!(
					"it says that calls cost {claimed} for which it has signed statements of {signed}"
				);
				bar(parts, slot, reason).await
			}
			Remedy::Contradicted => {
				let signed = signed(parts, slot);
				let reason = format!(
					"it says that lane {} of session {} is used for something else than the calls \
					 for which it has signed statements of {signed}",
					slot.lane, slot.session,
				);
				bar(parts, slot, reason).await
			}
			Remedy::Untrue => {
				let (allowance, now) = (payment.reserved.call.agreed.allowance, unix_seconds());
				let counted =
					parts.treasury.update(|ledger| ledger.count_untrue(slot, allowance, now));
				written(counted.await)?;
				parts.market.failed(&node.operator);
				let code = &refusal.code;
				let reason =
					format!("it refuses a voucher with `{code}`, and the chain says otherwise");
				warn!(node = %slot.node, %reason, "a node is not believed");
				Step::Break(elsewhere(PayerCode::NodeMisbehaves, reason))
			}
			Remedy::Useless => {
				written(parts.treasury.at(slot.session, Book::retire_unwelcome).await)?;
				Step::Break(refused())
			}
			Remedy::Wait
			| Remedy::Again(_)
			| Remedy::OtherLane
			| Remedy::AsOf(..)
			| Remedy::OutOfTerms
			| Remedy::LaneLost
			| Remedy::Occupied
			| Remedy::Retire
			| Remedy::None => Step::Break(refused()),
		}
	}
}

/// Finds out if vouchers of the lane that were refused before were taken after all, because somebody has
/// brought them again. Each sequence is asked for once: one voucher of it can have been taken.
async fn take_up(parts: &Parts, payment: &Payment, refused: &[Hash]) -> Step<TakenUp> {
	let slot = &payment.reserved.slot;
	let sequences: BTreeSet<Sequence> = parts.treasury.look(|ledger| {
		let untaken = ledger.books().lane(slot).into_iter().flat_map(|lane| &lane.untaken);
		let asked = untaken.filter(|call| !refused.contains(&call.agreed.request_hash));
		asked.map(|call| call.sequence).collect()
	});
	let mut found = TakenUp { all: true, used: 0 };
	for sequence in sequences {
		let slot = LaneSlot { sequence, ..slot.clone() };
		let endpoint = &payment.node.endpoint;
		match written(recovery::take_up(parts, endpoint, &slot, refused).await)? {
			Refused::Taken => found.used = sequence,
			Refused::NotTaken => {}
			Refused::Unsaid => found.all = false,
			Refused::False(reason) => {
				return Step::Break(elsewhere(PayerCode::NodeMisbehaves, reason));
			}
		}
	}
	Step::Continue(found)
}

/// The remedy for a refusal, where the chain agrees with what the node says.
async fn remedy_for(parts: &Parts, payment: &Payment, refusal: &Refusal, used: Sequence) -> Remedy {
	let slot = &payment.reserved.slot;
	let lane = parts.treasury.look(|ledger| ledger.books().lane(slot).cloned().unwrap_or_default());
	let tried = Tried {
		sequence: slot.sequence,
		highest: lane.highest(),
		acknowledged: (payment.reserved.acknowledged, payment.reserved.acknowledged_root),
		stated: (lane.acknowledged(), lane.list.root()),
		as_of: payment.reserved.call.agreed.agreement.as_of,
		charged: lane.charged().max(used),
		fresh: parts.funding.is_fresh(slot.session),
	};
	let claim = match remedy(refusal, tried) {
		// What is known here may be older than what was signed.
		claim @ (Remedy::Disputed(_) | Remedy::Contradicted | Remedy::Occupied) => {
			shown(parts, payment, claim).await
		}
		claim => claim,
	};
	let claim = match claim {
		// Its number may be that of somebody else's session.
		Remedy::Disputed(_) | Remedy::Contradicted => dispute(parts, claim, slot).await,
		Remedy::Occupied => Remedy::OtherLane,
		claim => by_chain::compare(parts, payment, claim).await,
	};
	// Another session costs another deposit, so that is not for the node alone to say.
	if claim != Remedy::Retire {
		return claim;
	}
	match can_still_pay(parts, slot, payment.reserved.call.agreed.allowance).await {
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

/// The worth of a node's claim that more was signed on the lane of a call than is known here. If the node shows
/// that, the lane goes on from there.
async fn shown(parts: &Parts, payment: &Payment, claim: Remedy) -> Remedy {
	let slot = &payment.reserved.slot;
	match adoption::adopt(parts, &payment.node, slot.session, slot.lane).await {
		Ok(Taken::Over) => {
			let lane = |ledger: &Ledger| Some(ledger.books().lane(slot)?.sequence);
			Remedy::Again(Correction { sequence: parts.treasury.look(lane) })
		}
		Ok(Taken::Not) => claim,
		// It is neither believed nor blamed. A lane of which nothing is known need not be waited for.
		Ok(Taken::NotYet) if claim == Remedy::Occupied => claim,
		Ok(Taken::NotYet) => Remedy::None,
		Err(error) => {
			unwritable(&error);
			Remedy::None
		}
	}
}

/// Returns `true` if the session of a call can pay for it, as far as the chain knows. `None` if this chain
/// node has not come to the block yet in which it was opened: of several behind one address, each knows as
/// much as it does.
async fn can_still_pay(
	parts: &Parts,
	slot: &LaneSlot,
	amount: Balance,
) -> Result<Option<bool>, ChainError> {
	let best = parts.network.block(At::Best).await?;
	let info = parts.network.session(slot.session, At::Best).await?;
	let opened_after =
		parts.treasury.look(|ledger| Some(ledger.books().session(slot.session)?.opened_after));
	if info.is_none() && opened_after.is_some_and(|opened_after| best <= opened_after) {
		return Ok(None);
	}
	Ok(Some(info.is_some_and(|info| {
		info.node == slot.node
			&& info.caller == parts.network.account()
			&& info.closes_at.is_none()
			&& best < info.expires_at
			&& info.deposit.saturating_sub(info.settled) >= amount
			&& (info.signer == info.caller
				|| info.spending_limit.saturating_sub(info.settled) >= amount)
	})))
}

/// The worth of a node's claim that a session's calls cost more than it has signed for. As long as no
/// final block shows the session, it may be about another one with the same number.
async fn dispute(parts: &Parts, claim: Remedy, slot: &LaneSlot) -> Remedy {
	let session = slot.session;
	let is_proven = || {
		parts.treasury.look(|ledger| {
			let known = ledger.books().session(session);
			known.is_some_and(|known| known.opening.is_none())
		})
	};
	if !is_proven() {
		if let Ok(Some(info)) = parts.network.session(session, At::Finalized).await {
			let _ = parts.treasury.update(|ledger| ledger.prove(session, &info)).await;
		}
	}
	if !is_proven() {
		return Remedy::None;
	}
	let account = parts.network.account();
	match parts.network.session(session, At::Best).await {
		Ok(Some(info)) if info.caller == account && info.node == slot.node => claim,
		Ok(_) => Remedy::Retire,
		Err(error) => {
			warn!(%error, "the chain cannot be asked");
			Remedy::None
		}
	}
}

/// The sum of the statements of a lane, for people.
fn signed(parts: &Parts, slot: &LaneSlot) -> String {
	let lane = |ledger: &Ledger| ledger.books().lane(slot).map(Lane::acknowledged);
	format_amount(parts.treasury.look(lane).unwrap_or_default())
}

/// Pays a node no more.
async fn bar<T>(parts: &Parts, slot: &LaneSlot, reason: String) -> Step<T> {
	warn!(node = %slot.node, %reason, "a node is paid no more");
	let _ = parts.treasury.update(|ledger| ledger.bar(&slot.node, &reason)).await;
	Step::Break(elsewhere(PayerCode::NodeMisbehaves, reason))
}
