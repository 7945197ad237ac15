//! Reporting a node to the chain: a commitment first, and the report some blocks after it.
//!
//! A report shows its evidence to everybody on its way into a block, so the chain takes it only from who has
//! committed to it before (`docs/adr/0021-reports-are-committed-to.md`). Between the two the program may end. So each
//! step is on disk before the chain gets to know of it, and what has become of it is asked of final blocks alone:
//! there a commitment is, until a report or its withdrawal uses it up. Whoever calls [`Reporter::finish`] again goes
//! on from there, and nothing is reported, or paid for, twice.

mod chain;
#[cfg(test)]
mod tests;

pub use chain::{ReportChain, Sent};

use std::{io, sync::Arc, time::Duration};

use codec::{DecodeAll, Encode};
use openledger_chain_client::{metering, ss58, At, ChainError};
use openledger_payer_ledger::{KeptReport, ReportStage, Reports};
use openledger_primitives::{AccountId, BlockNumber, SessionId};
use thiserror::Error;
use tokio::time::sleep;
use tracing::warn;

/// The pause before the chain is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// The reason why a report is not finished. It goes on from where it is when it is tried again.
#[derive(Debug, Error)]
#[allow(missing_docs)] // The messages say what these are.
pub enum ReportError {
	#[error(transparent)]
	Chain(#[from] ChainError),
	#[error("cannot keep how far a report has come: {0}")]
	Disk(#[from] io::Error),
	#[error(
		"the report {name} was begun by {}: go on with the key of that account",
		ss58(reporter)
	)]
	OfAnother { name: String, reporter: AccountId },
	#[error("the report {name} was begun by another version of this program, and cannot be read: {reason}")]
	Unreadable { name: String, reason: String },
	#[error(
		"the chain does not take {call} of the report {name}: {reason}; nothing was reported by it"
	)]
	Refused { name: String, call: &'static str, reason: String },
}

/// News of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
	/// It is committed to.
	Committed {
		/// The block of the commitment.
		at: BlockNumber,
		/// The first block after which it is reported.
		due: BlockNumber,
	},
	/// The chain has taken it.
	Made,
	/// The chain has refused it, and what was put up for the commitment came back.
	Withdrawn {
		/// The chain's reason.
		reason: String,
	},
}

/// What is done next with a report.
enum Next {
	/// Another step, at once.
	Step,
	/// Nothing before the chain has gone on.
	Wait,
}

/// Hears of the news of reports.
pub type Heard<'a> = &'a mut (dyn FnMut(&KeptReport, News) + Send);

/// Reports nodes to the chain.
pub struct Reporter {
	chain: Arc<dyn ReportChain>,
	reports: Reports,
	pause: Duration,
}

impl Reporter {
	/// Reports on this chain, and keeps the reports that are under way in `reports`.
	pub fn new(chain: Arc<dyn ReportChain>, reports: Reports) -> Self {
		Self { chain, reports, pause: PAUSE }
	}

	/// Takes a report of a session on, if it was not before. Nothing of it is sent yet. One that the chain has
	/// refused is taken on anew if it may be taken later.
	///
	/// # Errors
	/// If it was taken on for another account, cannot be kept, or the chain cannot be asked.
	pub async fn take_on(
		&self,
		name: String,
		session: SessionId,
		report: &metering::Call,
	) -> Result<(), ReportError> {
		let reporter = self.chain.reporter();
		let known = self.reports.all().await?.into_iter().find(|known| known.name == name);
		match known {
			Some(known) if known.stage.may_begin_again() => {}
			Some(known) if known.stage.is_over() || known.reporter == reporter => return Ok(()),
			Some(known) => {
				return Err(ReportError::OfAnother { name, reporter: known.reporter });
			}
			None => {}
		}
		let commitment = self.chain.commitment_to(report).await?;
		let kept = KeptReport::new(name, session, reporter, report.encode(), commitment);
		self.reports.put(&kept).await?;
		Ok(())
	}

	/// Brings all reports of a session to their end that were taken on, and says how far each comes. Returns them.
	///
	/// # Errors
	/// If one cannot be finished now. The others may be under way as well.
	pub async fn finish(
		&self,
		session: SessionId,
		heard: Heard<'_>,
	) -> Result<Vec<KeptReport>, ReportError> {
		let mut reports = self.reports.all().await?;
		reports.retain(|report| report.session == session);
		let reporter = self.chain.reporter();
		if let Some(other) =
			reports.iter().find(|report| !report.stage.is_over() && report.reporter != reporter)
		{
			let (name, reporter) = (other.name.clone(), other.reporter.clone());
			return Err(ReportError::OfAnother { name, reporter });
		}
		loop {
			let mut waits = false;
			// All are committed to before the first is waited for.
			for report in &mut reports {
				while !report.stage.is_over() {
					if let Next::Wait = self.step(report, heard).await? {
						waits = true;
						break;
					}
				}
			}
			if !waits {
				return Ok(reports);
			}
			sleep(self.pause).await;
		}
	}

	/// Does what is to be done next with a report.
	async fn step(&self, report: &mut KeptReport, heard: Heard<'_>) -> Result<Next, ReportError> {
		let commitment = report.commitment;
		let finalized = self.chain.committed(commitment, At::Finalized).await?;
		match (report.stage.clone(), finalized) {
			(ReportStage::Prepared, Some(at)) => {
				self.enter(report, ReportStage::Committed { at }).await?;
				let due = at.saturating_add(self.chain.delay().await?);
				heard(report, News::Committed { at, due });
				Ok(Next::Step)
			}
			(ReportStage::Prepared, None) => self.commit(report).await,
			// It was given up by other means than these.
			(ReportStage::Committed { .. }, None) => {
				self.enter(report, ReportStage::Prepared).await?;
				Ok(Next::Step)
			}
			(ReportStage::Committed { at }, Some(_)) => {
				if !self.is_due(at).await? {
					return Ok(Next::Wait);
				}
				self.enter(report, ReportStage::Reporting { at }).await?;
				Ok(Next::Step)
			}
			// Only a report that was taken uses it up now.
			(ReportStage::Reporting { .. }, None) => {
				self.enter(report, ReportStage::Made).await?;
				heard(report, News::Made);
				Ok(Next::Step)
			}
			(ReportStage::Reporting { at }, Some(_)) => self.report(report, at).await,
			(ReportStage::Withdrawing { reason, again }, None) => {
				let news = News::Withdrawn { reason: reason.clone() };
				self.enter(report, ReportStage::Withdrawn { reason, again }).await?;
				heard(report, news);
				Ok(Next::Step)
			}
			(ReportStage::Withdrawing { .. }, Some(_)) => self.withdraw(report).await,
			(ReportStage::Made | ReportStage::Withdrawn { .. }, _) => Ok(Next::Step),
		}
	}

	/// Keeps that a report has come to a stage.
	async fn enter(&self, report: &mut KeptReport, stage: ReportStage) -> Result<(), ReportError> {
		let mut entered = report.clone();
		entered.stage = stage;
		self.reports.put(&entered).await?;
		*report = entered;
		Ok(())
	}

	/// Returns `true` if what was committed to in the block `at` can be reported.
	async fn is_due(&self, at: BlockNumber) -> Result<bool, ReportError> {
		let due = at.saturating_add(self.chain.delay().await?);
		Ok(self.chain.height(At::Best).await? >= due)
	}

	/// Returns `true` if the newest block has the commitment to a report.
	async fn is_committed(&self, report: &KeptReport) -> Result<bool, ReportError> {
		Ok(self.chain.committed(report.commitment, At::Best).await?.is_some())
	}

	async fn commit(&self, report: &KeptReport) -> Result<Next, ReportError> {
		if self.is_committed(report).await? {
			return Ok(Next::Wait);
		}
		match self.chain.commit(report.commitment).await {
			Sent::Done(_) => Ok(Next::Wait),
			Sent::Unknown(reason) => Ok(unknown(report, &reason)),
			Sent::Failed { reason, .. } | Sent::Refused(reason) => {
				// One that was on its way may have come first.
				match self.is_committed(report).await? {
					true => Ok(Next::Wait),
					false => Err(refused(report, "the commitment", reason)),
				}
			}
		}
	}

	async fn report(&self, report: &mut KeptReport, at: BlockNumber) -> Result<Next, ReportError> {
		// It was taken in a block that is not final yet, or the delay has become longer.
		if !self.is_committed(report).await? || !self.is_due(at).await? {
			return Ok(Next::Wait);
		}
		let call = metering::Call::decode_all(&mut report.call.as_slice());
		let call = call.map_err(|error| ReportError::Unreadable {
			name: report.name.clone(),
			reason: error.to_string(),
		})?;
		let (name, reason) = match self.chain.report(&call).await {
			Sent::Done(_) => return Ok(Next::Wait),
			Sent::Unknown(reason) => return Ok(unknown(report, &reason)),
			Sent::Refused(reason) => return Err(refused(report, "the transaction", reason)),
			Sent::Failed { name, reason } => (name, reason),
		};
		// One that was on its way came first.
		let is_used_up = name == "NotCommitted" && !self.is_committed(report).await?;
		if is_used_up || name == "CommittedTooLate" {
			return Ok(Next::Wait);
		}
		// The bond may cover a refund later; and what is committed to anew is committed to as the chain reads it.
		let again = matches!(name.as_str(), "RefundUnavailable" | "NotCommitted");
		self.enter(report, ReportStage::Withdrawing { reason, again }).await?;
		Ok(Next::Step)
	}

	async fn withdraw(&self, report: &KeptReport) -> Result<Next, ReportError> {
		if !self.is_committed(report).await? {
			return Ok(Next::Wait);
		}
		match self.chain.withdraw(report.commitment).await {
			Sent::Done(_) => Ok(Next::Wait),
			Sent::Unknown(reason) => Ok(unknown(report, &reason)),
			Sent::Failed { name, .. } if name == "NotCommitted" => Ok(Next::Wait),
			Sent::Failed { reason, .. } | Sent::Refused(reason) => {
				Err(refused(report, "the withdrawal", reason))
			}
		}
	}
}

/// Goes on after a transaction whose outcome is not known: final blocks will tell.
fn unknown(report: &KeptReport, reason: &str) -> Next {
	warn!(report = %report.name, %reason, "a transaction's outcome is unknown; looking on chain");
	Next::Wait
}

fn refused(report: &KeptReport, call: &'static str, reason: String) -> ReportError {
	ReportError::Refused { name: report.name.clone(), call, reason }
}
