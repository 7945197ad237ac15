//! Sending a settlement, and noting the outcome of each of its lanes.

use std::sync::Arc;

use openledger_books::{CallId, LaneKey, Loss, Outcome, Store, StoreError, Submission};
use openledger_chain_client::{DispatchFailure, LaneOutcome, Rejection};
use openledger_primitives::{BlockNumber, Sequence};
use tokio::sync::watch;
use tracing::{error, info, warn};

use super::{
	handle::LastSettlement,
	lane_error::LaneError,
	notes::{both, keep, note, outcome_of},
	plan::{Left, Plan, Planner},
	refusal::{is_of_runs, loss},
	worker::{Looked, Results},
	Sent, SettlementChain,
};

/// Sends settlements.
pub(super) struct Sender {
	pub store: Store,
	pub chain: Arc<dyn SettlementChain>,
	pub planner: Arc<Planner>,
	pub last: watch::Sender<LastSettlement>,
}

impl Sender {
	/// Sends a settlement of lanes, once, and notes the outcome of each. What had no effect waits for the
	/// next one; unless it was sent before: then it waits for that, which may still arrive.
	pub async fn send(&self, submission: Submission, plans: Vec<Plan>) -> Results {
		if let Err(error) = self.note_sending(submission, &plans).await {
			return of_all(&plans, || error.clone().into());
		}
		for Plan { key, calls, charge, run, .. } in &plans {
			let (calls, summed) = (calls.len(), run.is_some());
			info!(lane = %key, calls, summed, %charge, lanes = plans.len(), "settling");
		}
		let lanes = plans.iter().map(|plan| plan.settlement.clone()).collect();
		// Whoever looks for it later looks no further than this: so it must not come later, however long
		// others sign before it.
		let sent = match self.chain.settle(lanes, submission.until).await {
			Ok(sent) => sent,
			Err(error) => return self.no_effect(&plans, || error.clone().into()).await,
		};
		match sent {
			Sent::Finalized { block, outcomes } => self.finalized(block, &outcomes, &plans).await,
			Sent::Failed { block, reason } => self.failed(block, &reason, &plans).await,
			Sent::Refused { error } => self.refused(error, &plans).await,
			// That says nothing against any of its lanes.
			Sent::Expired => {
				let late = || LaneError::NotIncluded;
				self.no_effect(&plans, late).await
			}
			Sent::Unknown { until, reason } => {
				self.unknown(until, submission, &reason, &plans).await
			}
		}
	}

	/// Writes down that calls may be on their way from now on.
	async fn note_sending(&self, submission: Submission, plans: &[Plan]) -> Result<(), StoreError> {
		let outcomes = plans.iter().flat_map(|plan| &plan.calls);
		let outcomes =
			outcomes.map(|(id, earlier)| (*id, Outcome::Submitted(both(*earlier, submission))));
		note(&self.store, outcomes.collect()).await.map(drop)
	}

	/// Nothing of it has reached the chain, or will.
	async fn no_effect(&self, plans: &[Plan], why: impl Fn() -> LaneError) -> Results {
		let outcomes = plans.iter().flat_map(|plan| &plan.calls).map(as_before);
		match note(&self.store, outcomes.collect()).await {
			Ok(_) => of_all(plans, why),
			Err(error) => of_all(plans, || error.clone().into()),
		}
	}

	/// Nothing of it counted, for this reason of the first lane's: of several it says little.
	async fn failed(
		&self,
		block: BlockNumber,
		reason: &DispatchFailure,
		plans: &[Plan],
	) -> Results {
		match plans {
			[plan] => vec![(plan.key, self.lane_refused(plan, block, reason).await)],
			_ => self.refused(reason.to_string(), plans).await,
		}
	}

	async fn refused(&self, error: String, plans: &[Plan]) -> Results {
		let why = || match plans {
			[_] => LaneError::Refused(error.clone()),
			_ => LaneError::RefusedTogether(error.clone()),
		};
		self.no_effect(plans, why).await
	}

	/// Goes on from the chain's refusal of a lane. Where nothing will mend it, sending the calls again would
	/// cost a fee each time: they are lost, unless their own voucher, or an earlier copy, may do better.
	async fn lane_refused(
		&self,
		plan: &Plan,
		block: BlockNumber,
		reason: &DispatchFailure,
	) -> Result<Looked, LaneError> {
		let Plan { key, settlement, calls, left, .. } = plan;
		let as_of = settlement.voucher.newest().agreement.as_of;
		let loss = loss(&reason.name, block, as_of).filter(|_| !plan.is_again());
		let is_lost = |loss: &Loss| *loss == Loss::SessionClosed || plan.has_own_voucher();
		if let Some(loss) = loss.filter(is_lost) {
			error!(lane = %key, calls = calls.len(), %reason, "the chain will not pay for calls");
			let lost = |(id, _): &(CallId, _)| (*id, Outcome::Lost(loss));
			note(&self.store, calls.iter().map(lost).collect()).await?;
			return Ok(Looked::Sent { left: *left });
		}
		note(&self.store, calls.iter().map(as_before).collect()).await?;
		if loss.is_some() {
			warn!(lane = %key, %reason, "the newest voucher is refused, and the calls' own is next");
			self.planner.use_own_voucher(*key);
			return Ok(Looked::Sent { left: Left::More });
		}
		if is_of_runs(&reason.name) {
			self.refuse_run(plan);
		}
		Err(LaneError::Refused(reason.to_string()))
	}

	async fn unknown(
		&self,
		until: Option<BlockNumber>,
		submission: Submission,
		reason: &str,
		plans: &[Plan],
	) -> Results {
		let lanes = plans.len();
		warn!(lanes, %reason, "the outcome of a settlement is not known yet");
		if let Some(until) = until {
			let bounded = Submission { until, ..submission };
			if let Err(error) = self.note_sending(bounded, plans).await {
				return of_all(plans, || error.clone().into());
			}
		}
		let result = |plan: &Plan| match plan.is_again() {
			// It is not sent a third time at once.
			true => Err(LaneError::NotArrived(reason.to_owned())),
			false => Ok(Looked::Sent { left: plan.left }),
		};
		plans.iter().map(|plan| (plan.key, result(plan))).collect()
	}

	async fn finalized(
		&self,
		block: BlockNumber,
		outcomes: &[LaneOutcome],
		plans: &[Plan],
	) -> Results {
		metrics::counter!("openledger_settlements_total").increment(1);
		self.last.send_modify(|last| {
			last.block = Some(block);
			last.error = None;
		});
		let mut results = Results::with_capacity(plans.len());
		for plan in plans {
			let is_about = |outcome: &&LaneOutcome| {
				LaneKey { session: outcome.session(), lane: outcome.lane() } == plan.key
			};
			let of_lane = outcomes.iter().filter(is_about).map(|outcome| (block, outcome.clone()));
			let result = self.of_lane(plan, of_lane.collect()).await;
			results.push((plan.key, result));
		}
		results
	}

	/// Notes what became of one lane.
	async fn of_lane(
		&self,
		plan: &Plan,
		outcomes: Vec<(BlockNumber, LaneOutcome)>,
	) -> Result<Looked, LaneError> {
		let Plan { key, calls, left, .. } = plan;
		for (block, outcome) in &outcomes {
			match outcome {
				LaneOutcome::Settled(settlement) => {
					keep(&self.store, *block, settlement).await?;
					settlement.rejected.iter().for_each(|rejected| self.rejected(plan, rejected));
					let charged = settlement.header.charged;
					info!(lane = %key, block, calls = calls.len(), %charged, "settled");
				}
				LaneOutcome::Refused { reason, .. } => {
					return self.lane_refused(plan, *block, reason).await;
				}
			}
		}
		let settled = settled_up_to(&outcomes);
		let noted = calls.iter().map(|call| {
			let (id, earlier) = *call;
			let is_final = |outcome: &Outcome| match outcome {
				Outcome::Settled { .. } => true,
				// Another copy may still bring what the lane has not gone past.
				Outcome::Lost(_) => earlier.is_none() || id.sequence <= settled,
				Outcome::NotSettled | Outcome::Submitted(_) => false,
			};
			let outcome = outcome_of(&outcomes, id.sequence).filter(is_final);
			outcome.map_or_else(|| as_before(call), |outcome| (id, outcome))
		});
		note(&self.store, noted.collect()).await?;
		if outcomes.is_empty() {
			return Err(LaneError::Refused("the chain says nothing of it".into()));
		}
		Ok(Looked::Sent { left: *left })
	}

	/// Says what was rejected of a lane of which something was settled.
	fn rejected(&self, plan: &Plan, rejection: &Rejection) {
		let (key, reason) = (plan.key, rejection.reason());
		match rejection {
			Rejection::Record { sequence, .. } => {
				error!(lane = %key, sequence, ?reason, "the chain rejected a record");
			}
			Rejection::Run { last_sequence, .. } => {
				error!(lane = %key, up_to = last_sequence, ?reason, "the chain rejected a run");
				self.refuse_run(plan);
			}
		}
	}

	/// A run had no effect: its calls go one by one next. That it was sent before as well may mean that the
	/// first copy has arrived.
	fn refuse_run(&self, plan: &Plan) {
		if let Some(last) = plan.run.filter(|_| !plan.is_again()) {
			self.planner.refuse_run(plan.key, last);
		}
	}
}

/// The same for all lanes.
fn of_all(plans: &[Plan], why: impl Fn() -> LaneError) -> Results {
	plans.iter().map(|plan| (plan.key, Err(why()))).collect()
}

/// The last sequence of a lane that these settled; 0 if they settled none.
fn settled_up_to(outcomes: &[(BlockNumber, LaneOutcome)]) -> Sequence {
	let sequences = outcomes.iter().map(|(_, outcome)| match outcome {
		LaneOutcome::Settled(settlement) => settlement.header.sequence,
		LaneOutcome::Refused { .. } => 0,
	});
	sequences.max().unwrap_or_default()
}

/// A call as it was before it was sent.
fn as_before((id, earlier): &(CallId, Option<Submission>)) -> (CallId, Outcome) {
	(*id, earlier.map_or(Outcome::NotSettled, Outcome::Submitted))
}
