//! Sending a settlement, and noting what became of it.

use openledger_primitives::{record::RejectReason, Sequence};
use tracing::{error, info, warn};

use super::{
	lane::{both, Plan, NOTED},
	worker::{LaneError, Worker},
	Sent, Verdict,
};
use crate::store::{CallId, LaneKey, Loss, Outcome, StoredAggregate, Submission};

impl Worker {
	/// Writes down what is about to be sent: sums last, when all calls in them say so.
	async fn write_down(
		&self,
		key: LaneKey,
		outcomes: Vec<(CallId, Outcome)>,
		sums: Option<StoredAggregate>,
	) -> Result<(), LaneError> {
		let Some(sums) = sums else { return self.note(outcomes).await.map(drop) };
		let split = outcomes.len().saturating_sub(NOTED);
		let (earlier, newest) = outcomes.split_at(split);
		self.note(earlier.to_vec()).await?;
		self.store.send_aggregate(key, sums, newest.to_vec()).await?;
		Ok(())
	}

	/// Sends a settlement, once, and notes what became of it. What had no effect waits for the next
	/// one; unless it was a copy: then it waits for the first, which may still arrive.
	pub(super) async fn send(
		&self,
		key: LaneKey,
		submission: Submission,
		plan: Plan,
	) -> Result<(), LaneError> {
		let Plan { batch, ids, charge, sums, earlier, .. } = plan;
		let all = |outcome: Outcome| ids.iter().map(|id| (*id, outcome)).collect::<Vec<_>>();
		let summed = sums.as_ref().map_or(0, |sums| sums.aggregate.calls);
		let no_effect = earlier.map_or(Outcome::NotSettled, Outcome::Submitted);
		// Whoever looks for it later looks no further than this: so it must not come later, however long
		// others sign before it.
		let last = submission.until;
		let submission = both(earlier, submission);
		self.write_down(key, all(Outcome::Submitted(submission)), sums).await?;
		let again = earlier.is_some();
		info!(lane = %key, calls = ids.len(), summed, %charge, again, "settling");
		let sent = match self.chain.settle(batch, last).await {
			Ok(sent) => sent,
			Err(error) => {
				self.note(all(no_effect)).await?;
				return Err(error.into());
			}
		};
		match sent {
			Sent::Finalized { block, verdicts } => {
				let outcomes = ids.iter().map(|id| match find(&verdicts, id.sequence) {
					Some(verdict) => match outcome(&verdict) {
						Outcome::NotSettled => (*id, no_effect),
						outcome => (*id, outcome),
					},
					None => (*id, no_effect),
				});
				self.note(outcomes.collect()).await?;
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
				self.note(all(no_effect)).await?;
				Err(LaneError::Refused(error))
			}
			Sent::Over if again => {
				self.note(all(no_effect)).await?;
				Err(LaneError::Refused("the session's time to be settled is over".into()))
			}
			// Sending it again would cost a fee each time.
			Sent::Over => {
				error!(lane = %key, calls = ids.len(), "the session's time to be settled is over");
				self.note(all(Outcome::Lost(Loss::SessionClosed))).await?;
				Ok(())
			}
			Sent::Unknown { until: bound, reason } => {
				warn!(lane = %key, %reason, "the outcome of a settlement is not known yet");
				if let Some(until) = bound {
					let bounded = both(earlier, Submission { until, ..submission });
					self.note(all(Outcome::Submitted(bounded))).await?;
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

/// What was said of a record.
pub(super) fn find(verdicts: &[Verdict], sequence: Sequence) -> Option<Verdict> {
	verdicts.iter().find(|verdict| verdict.is_about(sequence)).copied()
}

/// What that makes of its call.
pub(super) fn outcome(verdict: &Verdict) -> Outcome {
	match verdict.rejected {
		None => Outcome::Settled { block: Some(verdict.block) },
		// An earlier settlement got there first after all: the next look at the chain finds it.
		Some(RejectReason::SequenceNotRising) => Outcome::NotSettled,
		Some(reason) => Outcome::Lost(Loss::Rejected(reason)),
	}
}
