//! What to do about calls whose outcome is unknown, and about vouchers that are refused.

use std::time::Duration;

use openledger_primitives::{Balance, Sequence, SessionId};
use serde_json::Value;
use tokio::time::{sleep, Instant};

use super::{
	http::{Known, Refusal},
	Attempt, Caller, CallerError, KnownLane, PAUSE,
};

/// A node is not asked for longer than this what became of a call.
const LONGEST_RECOVERY: Duration = Duration::from_secs(60 * 60);

impl Caller {
	/// Settles a call whose outcome was left unknown, before anything else is paid on its lane.
	pub(super) async fn recover(&self, attempt: &Attempt<'_>) -> Result<(), CallerError> {
		let Some(session) = self.current(attempt.key, 0).await? else { return Ok(()) };
		let Some(lane) = session.lanes.get(&self.options.lane).cloned() else { return Ok(()) };
		let Some(call) = lane.open.clone() else { return Ok(()) };
		if call.rejected.is_some() {
			let reason = "an earlier one was refused already".into();
			return Err(self.does_not_hold(session.session, reason));
		}
		match self.ask_statement(attempt, session.session, call.sequence).await {
			Known::Served(response) => {
				self.acknowledge(attempt, &session, lane, call, &response, None).await?;
				Ok(())
			}
			Known::NotServed => {
				let lane = KnownLane { open: None, ..lane };
				self.put_lane(attempt, session.session, lane).await
			}
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
			let known = attempt.api.statement(session, self.options.lane, sequence).await;
			match known {
				Known::NotNow(reason) if Instant::now() < deadline => {
					tracing::debug!(%reason, "the node does not know yet what became of a call");
					sleep(PAUSE).await;
				}
				known => return known,
			}
		}
	}

	/// Makes the next voucher one that the node takes, if that does no harm.
	pub(super) async fn correct(
		&self,
		attempt: &Attempt<'_>,
		session: SessionId,
		refusal: Refusal,
	) -> Result<(), CallerError> {
		let known = self.book.find(attempt.key).await.filter(|known| known.session == session);
		let lanes = known.map(|known| known.lanes).unwrap_or_default();
		let lane = lanes.get(&self.options.lane).cloned().unwrap_or_default();
		let detail = |key: &str| refusal.details.get(key);
		match refusal.code.as_str() {
			// The next offer has the new price, or the next voucher more time.
			"price_changed"
			| "voucher_expired"
			| "voucher_valid_too_long"
			| "insufficient_authorisation" => Ok(()),
			// One sequence is as good as another: a record counts once for each, whatever it is.
			"voucher_out_of_order" => {
				let expected = detail("sequence").and_then(Value::as_u64);
				match expected.and_then(|expected| expected.checked_sub(1)) {
					Some(sequence) => {
						self.put_lane(attempt, session, KnownLane { sequence, ..lane }).await
					}
					None => Err(refusal.into()),
				}
			}
			"voucher_already_used" => {
				let sequence = lane.sequence.saturating_add(1);
				self.put_lane(attempt, session, KnownLane { sequence, ..lane }).await
			}
			// Less than the statements say is welcome; more needs a statement.
			"acknowledged_mismatch" => {
				let expected = detail("acknowledged").and_then(Value::as_str);
				match expected.and_then(|expected| expected.parse::<Balance>().ok()) {
					Some(acknowledged) if acknowledged < lane.acknowledged => {
						self.put_lane(attempt, session, KnownLane { acknowledged, ..lane }).await
					}
					Some(claimed) => {
						let known = lane.acknowledged;
						Err(CallerError::Disputed { session, claimed, known })
					}
					None => Err(refusal.into()),
				}
			}
			// The session is of no use any more: the next round opens another.
			"session_unknown"
			| "session_expired"
			| "session_closing"
			| "session_underfunded"
			| "session_of_other_node" => self.book.retire(attempt.key, session).await,
			_ => Err(refusal.into()),
		}
	}
}
