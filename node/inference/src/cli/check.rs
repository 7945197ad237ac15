//! `sessions --check`: what a node stated, next to what it settled.

use anyhow::{bail, Context};
use openledger_client::{
	caller::{Audit, AuditedAggregate, AuditedCall, Finding, SessionBook},
	units::format_amount,
	At, Chain, SessionSettlements,
};
use openledger_primitives::{Balance, BlockNumber, SessionId};

use super::show;

/// Compares the statements that are kept of a session with what the finalized blocks from `from`
/// upwards have settled of it.
///
/// # Errors
/// If something that the node has signed is proof against it, or the comparison cannot be made.
pub(super) async fn check(
	chain: &Chain,
	book: &SessionBook,
	session: SessionId,
	from: Option<BlockNumber>,
) -> anyhow::Result<()> {
	let genesis = chain.genesis_hash();
	let finalized = chain.block(At::Finalized).await?;
	let info = chain.session(session, At::Block(finalized.hash)).await?;
	let known = book.sessions().await.into_iter();
	let mut known = known.filter(|known| known.genesis_hash == genesis && known.session == session);
	let opened_at = known.find_map(|known| known.opened_at);
	let from = match (from.or(opened_at), &info) {
		(Some(from), _) => from,
		// From the first block on, it can be found when it was opened.
		(None, Some(_)) => 0,
		(None, None) => bail!(
			"session {session} is not open, and it is not known when it was: give --from with a \
			 block in which it was open"
		),
	};
	let kept = book.statements(&genesis, session).await?;
	if from > finalized.number {
		bail!(
			"session {session} is newer than block {}, the last that is final: check again in a few \
			 seconds",
			finalized.number
		);
	}
	eprintln!("looking for settlements in the blocks {from} to {}…", finalized.number);
	let settlements = chain.session_settlements(session, from, finalized.number).await.context(
		"cannot read older blocks: this needs a chain node that keeps their state \
		 (--state-pruning archive), or a later --from",
	)?;
	let audit = Audit::new(&kept, &settlements);
	print(session, &audit, &settlements);

	let found = settlements.charged();
	if let Some(info) = info.filter(|info| info.settled != found) {
		let (found, all) = (format_amount(found), format_amount(info.settled));
		eprintln!("warning: {found} of the {all} that were settled are in these blocks only");
	}
	if audit.is_against_node() {
		bail!(
			"the node has signed something else than it settled, and charged {} more than it \
			 stated; what it signed is kept beside {}: do not lose it",
			format_amount(audit.overcharged()),
			book.path().display()
		);
	}
	Ok(())
}

fn print(session: SessionId, audit: &Audit, settlements: &SessionSettlements) {
	if audit.calls.is_empty() && audit.aggregates.is_empty() {
		show::line(format_args!("nothing is stated or settled of session {session}"));
		return;
	}
	row("call", "stated", "settled", "block", "");
	for call in &audit.calls {
		let AuditedCall { lane, sequence, stated, settled, block, .. } = call;
		let place = format!("{lane}/{sequence}");
		row(&place, &amount(*stated), &amount(*settled), &number(*block), &said(call));
	}
	for sum in &audit.aggregates {
		let AuditedAggregate { lane, first_sequence, last_sequence, .. } = sum;
		let place = format!("{lane}/{first_sequence}-{last_sequence}");
		let (stated, settled) = (amount(Some(sum.stated)), amount(Some(sum.settled)));
		let said = format!("{} of {} calls: {}", sum.stated_calls, sum.calls, word(sum.finding));
		row(&place, &stated, &settled, &number(Some(sum.block)), &said);
	}
	for (block, lane, sequence, reason) in &settlements.rejected {
		let said = format!("the chain rejected its record: {reason:?}");
		row(&format!("{lane}/{sequence}"), "", "", &number(Some(block.number)), &said);
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
		Finding::Overcharged => "MORE THAN WAS STATED",
		Finding::Differs => "NOT THE CALL THAT WAS STATED",
		Finding::Equivocates => "TWO DIFFERENT STATEMENTS",
	}
}

#[cfg(test)]
mod tests {
	use super::*;

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
		};
		assert_eq!(said(&call), "MORE THAN WAS STATED (another version, another answer)");
		let call = AuditedCall { finding: Finding::Agrees, differences: vec![], ..call };
		assert_eq!(said(&call), "as stated");
		assert_eq!((amount(None), number(Some(7))), ("-".into(), "7".into()));
	}
}
