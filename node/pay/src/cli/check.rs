//! `check`: a node's statements of a session's calls, next to what it settled.

use std::{
	path::{Path, PathBuf},
	sync::Arc,
};

use anyhow::{bail, Context};
use clap::Args;
use openledger_chain_client::{settlements, At, Chain, Rejection, SessionSettlements};
use openledger_payer::{
	assembly::{proofs_of, reports_of},
	audit::{Audit, AuditedCall, AuditedRun, Finding, Report},
	network::Live,
	reporting::{News, Reporter},
};
use openledger_payer_ledger::{KeptReport, KeptStatement};
use openledger_primitives::{Balance, BlockNumber, Hash, SessionId};
use openledger_protocol::units::format_amount;

use super::{
	keys::{KeyArgs, KeyType},
	shared::{open_all, ChainArgs, Opened, StateArgs},
	show,
};

/// A transaction can enter a block for so many blocks after it was written down.
const LIFETIME: BlockNumber = 128;

/// Compares what a node stated of the calls of a session, and signed, with what it has settled on chain.
///
/// It ends with an error if what the node signed is proof against it; then it writes a file with what can be
/// reported to the chain: anybody can bring that there. The statements are in the state: a proxy that runs has
/// to be stopped first.
///
/// With --report it brings that to the chain itself. A report has to be committed to some blocks before, so that
/// nobody can copy it on its way; this takes half a minute, and a small deposit, which comes back. If it ends before
/// that, call it again: it goes on from where it was.
///
/// Examples:
///
///   openledger-pay check 3
///   openledger-pay check 3 --report --key-file key
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Check {
	/// The session.
	session: SessionId,
	/// The block from which on to look for settlements, if it is not the one in which the session
	/// was opened.
	#[arg(long, value_name = "BLOCK")]
	from: Option<BlockNumber>,
	/// Report what the node did to the chain, with the key of an account that has a little OPEN.
	#[arg(long)]
	report: bool,
	#[command(flatten)]
	chain: ChainArgs,
	#[command(flatten)]
	state: StateArgs,
	#[command(flatten)]
	key: KeyArgs,
	#[command(flatten)]
	key_type: KeyType,
}

/// The part of the state that is about a session.
#[derive(Default)]
struct Kept {
	statements: Vec<KeptStatement>,
	/// The block after which it was opened.
	opened_after: Option<BlockNumber>,
	/// The file of the state that it is in.
	path: Option<PathBuf>,
}

impl Check {
	pub(super) async fn main(self) -> anyhow::Result<()> {
		let Self { session, .. } = self;
		// Asked for before anything else is done.
		let key = match self.report {
			true => {
				let key = self.key.read(&self.key_type)?;
				Some(key.context("--report needs a key, not --account")?)
			}
			false => None,
		};
		let chain = self.chain.connect().await?;
		let finalized = chain.block(At::Finalized).await?;
		let info = chain.session(session, At::Block(finalized.hash)).await?;
		let Kept { statements, opened_after, path } = self.kept(chain.genesis_hash()).await?;
		let reporter = key.zip(path.as_deref()).map(|(key, path)| {
			Reporter::new(Arc::new(Live::new(chain.clone(), key)), reports_of(path))
		});
		if let Some(reporter) = &reporter {
			// What was begun before does not wait for what is found now.
			report(reporter, session).await?;
		}
		let from = match (self.from, opened_after, &info) {
			(Some(from), _, _) => from,
			(None, Some(after), _) => opened_in(&chain, session, after, finalized.number).await?,
			// From the first block on, it can be found when it was opened.
			(None, None, Some(_)) => 0,
			(None, None, None) => bail!(
				"session {session} is not open, and it is not known when it was: give --from with a \
				 block in which it was open"
			),
		};
		if from > finalized.number {
			bail!(
				"session {session} is newer than block {}, the last that is final: check again in a few \
				 seconds",
				finalized.number
			);
		}
		eprintln!("looking for settlements in the blocks {from} to {}…", finalized.number);
		let found = settlements::of_session(&chain, session, from, finalized.number).await;
		let settlements = found.context(
			"cannot read older blocks: this needs a chain node that keeps their state \
			 (--state-pruning archive), or a later --from",
		)?;
		let audit = Audit::new(&statements, &settlements);
		print(session, &audit, &settlements);

		let found = settlements.charged();
		if let Some(info) = info.filter(|info| info.settled != found) {
			let (found, all) = (format_amount(found), format_amount(info.settled));
			eprintln!("warning: {found} of the {all} that were settled are in these blocks only");
		}
		if audit.is_against_node() {
			let files = match path {
				Some(path) => keep(&path, session, &audit, chain.genesis_hash()).await?,
				None => Vec::new(),
			};
			for file in &files {
				show::line(format_args!("can be reported to the chain: {}", file.display()));
			}
			if let Some(reporter) = &reporter {
				for (call, found) in audit.reports() {
					let name = name_of(session, call, found);
					reporter.take_on(name, session, &found.call()).await?;
				}
				report(reporter, session).await?;
			} else if !files.is_empty() {
				show::line(format_args!(
					"`openledger-pay check {session} --report` with a key reports it"
				));
			}
			bail!(
				"the node has settled something else than it signed, or signed two things of one call, \
				 and charged {} more than it stated; what it signed is kept in {}: do not lose it",
				format_amount(audit.overcharged()),
				self.state.state.display()
			);
		}
		Ok(())
	}

	/// Reads what is kept of the session in the state, by whatever account it was opened.
	async fn kept(&self, genesis_hash: Hash) -> anyhow::Result<Kept> {
		let mut kept = Kept::default();
		for Opened { path, treasury } in open_all(&self.state, genesis_hash).await? {
			let statements = treasury.statements(self.session).await?;
			if !statements.is_empty() {
				kept.path = Some(path);
			}
			kept.statements.extend(statements);
			let closed = treasury.closed().await?;
			let closed = closed.iter().find(|closed| closed.id == self.session);
			let known = treasury.look(|ledger| {
				let known = ledger.books().session(self.session).or(closed);
				known.map(|known| known.opened_after)
			});
			kept.opened_after = known.or(kept.opened_after);
			treasury.close().await;
		}
		Ok(kept)
	}
}

/// Keeps what can be reported to the chain, each in a file beside the state in `path`. Returns the files.
async fn keep(
	path: &Path,
	session: SessionId,
	audit: &Audit,
	genesis_hash: Hash,
) -> anyhow::Result<Vec<PathBuf>> {
	let proofs = proofs_of(path);
	let mut files = Vec::new();
	for (call, report) in audit.reports() {
		let name = format!("{}.json", name_of(session, call, report));
		let kept = proofs.keep_report(name, report.to_json(genesis_hash)).await;
		files.push(kept.context("cannot write what can be reported to the chain")?);
	}
	Ok(files)
}

/// The name of a report's file, without its ending.
fn name_of(session: SessionId, call: &AuditedCall, report: &Report) -> String {
	let AuditedCall { lane, sequence, .. } = call;
	format!("{session}-{lane}-{sequence}-{}", report.transaction())
}

/// Brings all reports of a session to the chain that were taken on, and shows how far they come.
async fn report(reporter: &Reporter, session: SessionId) -> anyhow::Result<()> {
	let mut heard = |report: &KeptReport, news: News| {
		show::line(format_args!("{}: {}", report.name, told(&news)));
	};
	let finished = reporter.finish(session, &mut heard).await;
	finished.context("a report is not finished; call this again: it goes on from where it was")?;
	Ok(())
}

fn told(news: &News) -> String {
	match news {
		News::Committed { at, due } => {
			format!("committed in block {at}; the report follows after block {due}")
		}
		News::Made => "reported".into(),
		News::Withdrawn { reason } => {
			format!("the chain does not take it: {reason}; the deposit came back")
		}
	}
}

/// The block in which a session was opened, which is one of those after `after`.
async fn opened_in(
	chain: &Chain,
	session: SessionId,
	after: BlockNumber,
	to: BlockNumber,
) -> anyhow::Result<BlockNumber> {
	let last = after.saturating_add(LIFETIME).min(to);
	for number in after.saturating_add(1)..=last {
		let Some(hash) = chain.block_hash(number).await? else { break };
		if chain.session(session, At::Block(hash)).await?.is_some() {
			return Ok(number);
		}
	}
	Ok(after)
}

fn print(session: SessionId, audit: &Audit, settlements: &SessionSettlements) {
	if audit.calls.is_empty() && audit.runs.is_empty() {
		show::line(format_args!("nothing is stated or settled of session {session}"));
		return;
	}
	row("call", "stated", "settled", "block", "");
	for call in &audit.calls {
		let AuditedCall { lane, sequence, stated, settled, block, .. } = call;
		let place = format!("{lane}/{sequence}");
		row(&place, &amount(*stated), &amount(*settled), &number(*block), &said(call));
	}
	for run in &audit.runs {
		let AuditedRun { lane, first_sequence, last_sequence, .. } = run;
		let place = format!("{lane}/{first_sequence}-{last_sequence}");
		let (stated, settled) = (amount(Some(run.stated)), amount(Some(run.settled)));
		let said = format!("{} of {} calls: {}", run.stated_calls, run.calls, word(run.finding));
		row(&place, &stated, &settled, &number(Some(run.block)), &said);
	}
	for (block, lane, rejection) in settlements.rejected() {
		let (place, reason) = match rejection {
			Rejection::Record { sequence, reason } => (format!("{lane}/{sequence}"), reason),
			Rejection::Run { first_sequence, last_sequence, reason } => {
				(format!("{lane}/{first_sequence}-{last_sequence}"), reason)
			}
		};
		let said = format!("the chain rejected it: {reason:?}");
		row(&place, "", "", &number(Some(block.number)), &said);
	}
	for (block, lane, reason) in &settlements.refused {
		let said = format!("the chain settled nothing of the lane: {reason}");
		row(&lane.to_string(), "", "", &number(Some(block.number)), &said);
	}
	let stated = audit.calls.iter().filter_map(|call| call.stated);
	let stated = stated.fold(0, Balance::saturating_add);
	row("in all", &format_amount(stated), &format_amount(settlements.charged()), "", "");
	if let Some(block) = settlements.closed {
		show::line(format_args!("closed in block {}", block.number));
	}
}

fn row(call: &str, stated: &str, settled: &str, block: &str, said: &str) {
	let line = format!("{call:<12} {stated:>28} {settled:>28} {block:>10}  {said}");
	show::line(line.trim_end());
}

fn amount(planck: Option<Balance>) -> String {
	planck.map_or_else(|| "-".into(), format_amount)
}

fn number(block: Option<BlockNumber>) -> String {
	block.map_or_else(|| "-".into(), |block| block.to_string())
}

fn said(call: &AuditedCall) -> String {
	let word = word(call.finding);
	match call.differences.as_slice() {
		[] => word.into(),
		differences => format!("{word} (another {})", differences.join(", another ")),
	}
}

fn word(finding: Finding) -> &'static str {
	match finding {
		Finding::Agrees => "as stated",
		Finding::Together => "settled together with others",
		Finding::Waits => "not settled yet",
		Finding::NotCharged => "never charged",
		Finding::Undercharged => "less than was stated",
		Finding::Unstated => "no statement of it is kept here",
		Finding::Unlisted => "THERE WAS NO SUCH CALL",
		Finding::Overcharged => "MORE THAN WAS STATED",
		Finding::Differs => "NOT THE CALL THAT WAS STATED",
		Finding::Equivocates => "TWO DIFFERENT STATEMENTS",
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn the_way_of_a_report_is_shown() {
		let told = |news| told(&news);
		let committed = told(News::Committed { at: 12, due: 22 });
		assert_eq!(committed, "committed in block 12; the report follows after block 22");
		let refused = told(News::Withdrawn { reason: "no".into() });
		assert_eq!(refused, "the chain does not take it: no; the deposit came back");
	}

	#[test]
	fn what_differs_is_named() {
		let call = AuditedCall {
			lane: 0,
			sequence: 1,
			stated: Some(5),
			settled: Some(6),
			block: Some(7),
			finding: Finding::Overcharged,
			differences: vec!["version", "answer"],
			reports: vec![],
		};
		assert_eq!(said(&call), "MORE THAN WAS STATED (another version, another answer)");
		let call = AuditedCall { finding: Finding::Agrees, differences: vec![], ..call };
		assert_eq!(said(&call), "as stated");
		assert_eq!((amount(None), number(Some(7))), ("-".into(), "7".into()));
	}
}
