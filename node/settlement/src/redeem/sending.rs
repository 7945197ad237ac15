//! Sending a settlement, and noting its outcome.

use std::sync::Arc;

use openledger_books::{LaneKey, Loss, Outcome, Store, Submission};
use tokio::sync::watch;
use tracing::{error, info, warn};

use super::{
	handle::LastSettlement,
	lane_error::LaneError,
	notes::{self, both, note},
	plan::Plan,
	Sent, SettlementChain, Verdict,
};

/// Sends settlements.
pub(super) struct Sender {
	pub store: Store,
	pub chain: Arc<dyn SettlementChain>,
	pub last: watch::Sender<LastSettlement>,
}

impl Sender {
	/// Sends a settlement, once, and notes its outcome. What had no effect waits for the next
	/// one; unless it was a copy: then it waits for the first, which may still arrive.
	pub async fn send(
		&self,
		key: LaneKey,
		submission: Submission,
		plan: Plan,
	) -> Result<(), LaneError> {
		let Plan { batch, ids, charge, sums, earlier, .. } = plan;
		let store = &self.store;
		let all = |outcome: Outcome| ids.iter().map(|id| (*id, outcome)).collect::<Vec<_>>();
		let summed = sums.as_ref().map_or(0, |sums| sums.aggregate.calls);
		let no_effect = earlier.map_or(Outcome::NotSettled, Outcome::Submitted);
		// Whoever looks for it later looks no further than this: so it must not come later, however long
		// others sign before it.
		let last = submission.until;
		let submission = both(earlier, submission);
		notes::note_sending(store, key, all(Outcome::Submitted(submission)), sums).await?;
		let again = earlier.is_some();
		info!(lane = %key, calls = ids.len(), summed, %charge, again, "settling");
		let sent = match self.chain.settle(batch, last).await {
			Ok(sent) => sent,
			Err(error) => {
				note(store, all(no_effect)).await?;
				return Err(error.into());
			}
		};
		match sent {
			Sent::Finalized { block, verdicts } => {
				let outcomes = ids.iter().map(|id| {
					let outcome = Verdict::outcome_of(&verdicts, id.sequence);
					let outcome = outcome.filter(|outcome| *outcome != Outcome::NotSettled);
					(*id, outcome.unwrap_or(no_effect))
				});
				note(store, outcomes.collect()).await?;
				let rejected = verdicts.iter().filter(|verdict| verdict.rejected.is_some());
				for verdict in rejected {
					error!(
						lane = %key, sequence = verdict.last, reason = ?verdict.rejected,
						"the chain rejected a record",
					);
				}
				info!(lane = %key, block, calls = ids.len(), "settled");
				metrics::counter!("openledger_settlements_total").increment(1);
				self.last.send_modify(|last| {
					last.block = Some(block);
					last.error = None;
				});
				Ok(())
			}
			Sent::Refused { error } => {
				note(store, all(no_effect)).await?;
				Err(LaneError::Refused(error))
			}
			Sent::Over if again => {
				note(store, all(no_effect)).await?;
				Err(LaneError::Refused("the session's time to be settled is over".into()))
			}
			// Sending it again would cost a fee each time.
			Sent::Over => {
				error!(lane = %key, calls = ids.len(), "the session's time to be settled is over");
				note(store, all(Outcome::Lost(Loss::SessionClosed))).await?;
				Ok(())
			}
			Sent::Unknown { until: bound, reason } => {
				warn!(lane = %key, %reason, "the outcome of a settlement is not known yet");
				if let Some(until) = bound {
					let bounded = both(earlier, Submission { until, ..submission });
					note(store, all(Outcome::Submitted(bounded))).await?;
				}
				// It is not sent a third time at once.
				match again {
					true => Err(LaneError::NotArrived(reason)),
					false => Ok(()),
				}
			}
		}
	}
}
