//! What to do about calls whose outcome is unknown, and about vouchers that are refused.

use std::{collections::BTreeSet, time::Duration};

use openledger_primitives::{Balance, Sequence, SessionId};
use serde_json::Value;
use tokio::time::{sleep, Instant};

use super::{
	check::Received,
	http::{Known, Refusal},
	Attempt, Caller, CallerError, KnownLane, KnownSession, PAUSE,
};
use crate::chain::At;

/// So many sessions may be retired that a node was never paid out of, for it to say so of another one.
const MOST_UNUSED: usize = 2;
/// A node is not asked for longer than this what became of a call.
const LONGEST_RECOVERY: Duration = Duration::from_secs(60 * 60);
/// A node may know of so many calls that are not known here: an older state may have been put back.
pub(super) const AHEAD: Sequence = 1_000_000;

impl Caller {
	/// Settles a call whose outcome was left unknown, before anything else is paid on its lane.
	pub(super) async fn recover(&self, attempt: &Attempt<'_>) -> Result<(), CallerError> {
		let Some(session) = self.current(attempt.key, 0).await? else { return Ok(()) };
		let Some(lane) = session.lanes.get(&attempt.lane).cloned() else { return Ok(()) };
		let Some(call) = lane.open.clone() else {
			if lane.untaken.is_empty() {
				return Ok(());
			}
			let best = self.chain.block(At::Best).await?.number;
			return self.put_lane(attempt, session.session, lane.without_expired(best)).await;
		};
		if call.rejected.is_some() {
			let reason = "an earlier one was refused already".into();
			return Err(self.does_not_hold(session.session, reason));
		}
		match self.ask_statement(attempt, session.session, call.sequence).await {
			Known::Served(response) => {
				self.acknowledge(attempt, &session, lane, call, &response, Received::Unknown)
					.await?;
				Ok(())
			}
			Known::NotCharged => {
				self.put_lane(attempt, session.session, lane.used(call.sequence)).await
			}
			Known::NotTaken => self.put_lane(attempt, session.session, lane.not_taken(call)).await,
			Known::NotNow(reason) => {
				Err(CallerError::Unresolved { reason, allowance: call.allowance })
			}
		}
	}

	/// What became of a call, asking until the node knows or time is up.
	pub(super) async fn ask_statement(
		&self,
		attempt: &Attempt<'_>,
		session: SessionId,
		sequence: Sequence,
	) -> Known {
		let deadline = Instant::now() + self.options.recovery.min(LONGEST_RECOVERY);
		loop {
			let known = attempt.api.statement(session, attempt.lane, sequence).await;
			let left = deadline.saturating_duration_since(Instant::now());
			match known {
				Known::NotNow(reason) if !left.is_zero() => {
					tracing::debug!(%reason, "the node does not know yet what became of a call");
					sleep(PAUSE.min(left)).await;
				}
				known => return known,
			}
		}
	}

	/// Finds out whether a voucher that was not taken at first was taken after all. The lane as it is
	/// known then.
	async fn take_up(
		&self,
		attempt: &Attempt<'_>,
		session: KnownSession,
	) -> Result<KnownLane, CallerError> {
		let mut lane = session.lanes.get(&attempt.lane).cloned().unwrap_or_default();
		let sequences: BTreeSet<_> = lane.untaken.iter().map(|call| call.sequence).collect();
		for sequence in sequences {
			match attempt.api.statement(session.session, attempt.lane, sequence).await {
				Known::Served(response) => {
					let hash = response.extra.statement.request_hash;
					let mut ours = lane.untaken.iter().filter(|call| call.sequence == sequence);
					if let Some(call) = ours.find(|call| call.request_hash == hash).cloned() {
						let paid = self.acknowledge(
							attempt,
							&session,
							lane,
							call,
							&response,
							Received::Unknown,
						);
						lane = paid.await?;
					}
				}
				Known::NotCharged => {
					lane = lane.used(sequence);
					self.put_lane(attempt, session.session, lane.clone()).await?;
				}
				Known::NotTaken | Known::NotNow(_) => {}
			}
		}
		Ok(lane)
	}

	/// Makes the next voucher for a call of `amount` one that the node takes, if that does no harm.
	pub(super) async fn correct(
		&self,
		attempt: &Attempt<'_>,
		session: SessionId,
		amount: Balance,
		refusal: Refusal,
	) -> Result<(), CallerError> {
		let known = self.book.find(attempt.key).await.filter(|known| known.session == session);
		let before = known.as_ref().and_then(|known| known.lanes.get(&attempt.lane));
		let tried = before.map_or(0, |lane| lane.sequence).saturating_add(1);
		let about_the_lane = matches!(
			refusal.code.as_str(),
			"voucher_out_of_order" | "voucher_already_used" | "acknowledged_mismatch"
		);
		let lane = match known {
			Some(known) if about_the_lane => self.take_up(attempt, known).await?,
			_ => KnownLane::default(),
		};
		let detail = |key: &str| refusal.details.get(key);
		match refusal.code.as_str() {
			// The next offer has the new price, or the next voucher more time.
			"price_changed"
			| "version_changed"
			| "voucher_expired"
			| "voucher_valid_too_long"
			| "insufficient_authorisation" => Ok(()),
			// One sequence is as good as another: a record counts once for each, whatever it is. But a
			// lane ends with the last of them, and that is not for the node to say.
			"voucher_out_of_order" => {
				match last_named(&refusal.details, lane.highest().max(tried)) {
					Some(sequence) => {
						self.put_lane(attempt, session, KnownLane { sequence, ..lane }).await
					}
					None => Err(refusal.into()),
				}
			}
			"voucher_already_used" => {
				let sequence = lane.sequence.max(tried);
				self.put_lane(attempt, session, KnownLane { sequence, ..lane }).await
			}
			// Less than the statements say is welcome; more needs a statement.
			"acknowledged_mismatch" => {
				let expected = detail("acknowledged").and_then(Value::as_str);
				match expected.and_then(|expected| expected.parse::<Balance>().ok()) {
					Some(acknowledged) if acknowledged < lane.acknowledged => {
						self.put_lane(attempt, session, KnownLane { acknowledged, ..lane }).await
					}
					// What was found out just now makes up for it.
					Some(acknowledged) if acknowledged == lane.acknowledged => Ok(()),
					Some(claimed) => {
						let known = lane.acknowledged;
						Err(CallerError::Disputed { session, claimed, known })
					}
					None => Err(refusal.into()),
				}
			}
			// The next round takes another one. What it is used for is not known here.
			"lane_of_other_terms" if !self.options.only_lane => {
				let known = self.book.find(attempt.key).await;
				let known = known.filter(|known| known.session == session);
				let lane = known.and_then(|mut known| known.lanes.remove(&attempt.lane));
				let lane = lane.unwrap_or_default();
				// Its statements are about calls at the very terms that it denies.
				if lane.acknowledged > 0 {
					return Err(CallerError::Protocol(format!(
						"it says that lane {} of session {session} is used for something else than the \
						 calls for which it has signed statements",
						attempt.lane
					)));
				}
				self.put_lane(attempt, session, KnownLane { closed: true, ..lane }).await
			}
			// It is of no use with this node, and what is in it can be had back. But the next one is for
			// whoever calls again to open, and not where it is said of one after the other.
			"session_of_other_caller" => {
				let known = self.book.sessions().await;
				let unused =
					known.iter().filter(|known| known.is(attempt.key) && known.is_unused());
				if unused.count() < MOST_UNUSED {
					self.book.retire(attempt.key, session).await?;
				}
				Err(refusal.into())
			}
			// Another session costs another deposit, so that is not for the node alone to say. If the
			// chain agrees, the next round opens one; else the node may be behind.
			"session_unknown"
			| "session_expired"
			| "session_closing"
			| "session_underfunded"
			| "session_of_other_node" => match self.current(attempt.key, amount).await? {
				Some(known) if known.session == session => {
					sleep(PAUSE).await;
					Ok(())
				}
				_ => self.book.retire(attempt.key, session).await,
			},
			_ => Err(refusal.into()),
		}
	}
}

/// The sequence before the one that a node wants for the next voucher of a lane, if it names one that
/// may be used. `highest` is the highest one that can have been used, as far as is known.
pub(super) fn last_named(details: &Value, highest: Sequence) -> Option<Sequence> {
	let expected = details.get("sequence").and_then(Value::as_u64)?;
	expected.checked_sub(1).filter(|last| *last <= highest.saturating_add(AHEAD))
}
