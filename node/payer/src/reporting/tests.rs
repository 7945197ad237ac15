use super::*;
use crate::testing::{ChainMood, FakeChain};
use openledger_primitives::{lane::Statement, price::Tokens, Balance, OPEN};
use openledger_testkit::{caller, hot_key, key, receipt, voucher, REPORT_DELAY, SESSION};
use tempfile::TempDir;

const NAME: &str = "5-0-1-report_two_statements";
/// The time between two blocks.
const BLOCK: Duration = Duration::from_millis(3);

/// A chain, and a folder with reports.
struct World {
	chain: Arc<FakeChain>,
	folder: TempDir,
}

impl World {
	fn new() -> Self {
		let chain = Arc::new(FakeChain::new(caller(), OPEN));
		Self { chain, folder: tempfile::tempdir().unwrap() }
	}

	/// As a program that has just been started.
	fn reporter(&self) -> Reporter {
		let reports = Reports::new(self.folder.path().into());
		Reporter { chain: self.chain.clone(), reports, pause: Duration::from_millis(1) }
	}

	async fn take_on(&self) {
		self.reporter().take_on(NAME.into(), SESSION, &report()).await.unwrap();
	}

	/// Finishes what was taken on while the chain makes blocks. It is cut off after so many of them.
	async fn run_for(&self, blocks: u32) -> Option<Result<Vec<News>, ReportError>> {
		let (reporter, mut news) = (self.reporter(), Vec::new());
		let mut heard = |_: &KeptReport, said: News| news.push(said);
		let ticking = async {
			for _ in 0..blocks {
				sleep(BLOCK).await;
				self.chain.make_blocks(1);
			}
		};
		let finished = tokio::select! {
			finished = reporter.finish(SESSION, &mut heard) => finished.map(|_| ()),
			() = ticking => {
				// What was being written when the program ended is on disk, or not.
				sleep(20 * BLOCK).await;
				return None;
			}
		};
		Some(finished.map(|()| news))
	}

	async fn finish(&self) -> Result<Vec<News>, ReportError> {
		self.run_for(2_000).await.expect("it ends")
	}

	async fn stage(&self) -> ReportStage {
		let kept = self.reporter().reports.all().await.unwrap();
		assert_eq!(kept.len(), 1);
		kept[0].stage.clone()
	}

	fn transactions(&self) -> Vec<&'static str> {
		self.chain.state().transactions.clone()
	}

	/// Returns how many reports the chain has taken, and what the reporter has.
	fn taken(&self) -> (usize, Balance) {
		let state = self.chain.state();
		(state.reports.len(), state.free)
	}
}

/// A report of two statements of one call.
fn report() -> metering::Call {
	let (node, receipts) = (key("//Bob"), key("//Bob//receipts"));
	let one = receipt(&voucher(b"{}", 5_000), Tokens::new(1, 1), "Paris.", &receipts);
	let said: Statement = one.statement.newest().clone();
	let other = Statement { charge: said.charge + 1, ..said };
	metering::Call::report_two_statements {
		operator: node.account(),
		first: Box::new(one.statement.clone()),
		first_signature: one.signature.clone(),
		first_key: receipts.account(),
		second_signature: receipts.sign_message(&other),
		second: Box::new(other.into()),
		second_key: receipts.account(),
	}
}

#[tokio::test]
async fn a_report_follows_its_commitment_once_the_delay_is_over() {
	let world = World::new();
	world.take_on().await;
	assert!(world.transactions().is_empty(), "nothing is sent before it is asked for");

	let news = world.finish().await.unwrap();

	let [News::Committed { at, due }, News::Made] = news[..] else { panic!("{news:?}") };
	assert_eq!(due, at + REPORT_DELAY);
	assert_eq!(world.transactions(), ["commit_report", "report"]);
	assert_eq!((world.taken(), world.stage().await), ((1, OPEN), ReportStage::Made));
	let used = world.chain.state().commitments.values().next().unwrap().until.unwrap();
	assert!(used >= due, "{used} is before {due}");
	// Asked again, there is nothing left to do.
	world.take_on().await;
	assert!(world.finish().await.unwrap().is_empty());
	assert_eq!(world.transactions().len(), 2);
}

#[tokio::test]
async fn wherever_a_program_ends_the_next_one_goes_on() {
	for blocks in 0..18 {
		let world = World::new();
		world.take_on().await;

		let _ = world.run_for(blocks).await;
		world.finish().await.unwrap();

		assert_eq!(world.transactions(), ["commit_report", "report"], "after {blocks} blocks");
		assert_eq!((world.taken(), world.stage().await), ((1, OPEN), ReportStage::Made));
	}
}

#[tokio::test]
async fn what_is_not_heard_of_is_looked_up_and_not_sent_again() {
	let world = World::new();
	world.take_on().await;
	world.chain.state().mood = ChainMood::Secretive;

	world.finish().await.unwrap();

	assert_eq!(world.transactions(), ["commit_report", "report"]);
	assert_eq!(world.taken(), (1, OPEN));
}

#[tokio::test]
async fn what_is_lost_on_its_way_is_sent_again() {
	let world = World::new();
	world.take_on().await;
	world.chain.state().mood = ChainMood::Lossy;
	assert!(world.run_for(50).await.is_none());
	assert!(world.transactions().len() > 1);
	assert_eq!(world.stage().await, ReportStage::Prepared);

	world.chain.state().mood = ChainMood::Well;
	world.finish().await.unwrap();

	assert_eq!(world.taken(), (1, OPEN));
}

#[tokio::test]
async fn a_report_that_the_chain_refuses_costs_no_deposit() {
	for (error, comes_again) in [("AlreadyDisputed", false), ("RefundUnavailable", true)] {
		let world = World::new();
		world.take_on().await;
		world.chain.state().refuses_reports = Some(error);

		let news = world.finish().await.unwrap();

		assert_eq!(news.last(), Some(&News::Withdrawn { reason: error.into() }));
		assert_eq!(world.transactions(), ["commit_report", "report", "withdraw_commitment"]);
		assert_eq!(world.taken(), (0, OPEN));
		// What can be reported later is committed to anew.
		world.chain.state().refuses_reports = None;
		world.take_on().await;
		world.finish().await.unwrap();
		assert_eq!(world.taken(), (usize::from(comes_again), OPEN));
	}
}

#[tokio::test]
async fn a_commitment_that_the_chain_does_not_take_is_an_error_and_tried_again_when_asked() {
	let world = World::new();
	world.take_on().await;
	world.chain.state().mood = ChainMood::Refuse;

	let error = world.finish().await.unwrap_err().to_string();

	assert!(error.contains("does not take the commitment"), "{error}");
	assert!(error.contains("it does not like it; nothing was reported"), "{error}");
	world.chain.state().mood = ChainMood::Well;
	world.finish().await.unwrap();
	assert_eq!(world.taken(), (1, OPEN));
}

#[tokio::test]
async fn a_report_is_gone_on_with_by_who_has_committed_to_it() {
	let world = World::new();
	world.take_on().await;
	let _ = world.run_for(6).await;
	*world.chain.keys.lock() = hot_key().into();

	for refused in [
		world.reporter().take_on(NAME.into(), SESSION, &report()).await.unwrap_err(),
		world.finish().await.unwrap_err(),
	] {
		assert!(matches!(refused, ReportError::OfAnother { .. }), "{refused}");
	}
	assert_eq!(world.taken().0, 0);
	*world.chain.keys.lock() = caller().into();
	world.finish().await.unwrap();
	assert_eq!(world.taken(), (1, OPEN));
}

#[tokio::test]
async fn the_chain_in_memory_takes_no_report_that_was_not_committed_to_in_time() {
	let world = World::new();
	let (chain, report) = (&world.chain, report());
	let failed = |name: &str| Sent::Failed { name: name.into(), reason: name.into() };
	assert_eq!(chain.report(&report).await, failed("NotCommitted"));
	let commitment = chain.commitment_to(&report).await.unwrap();
	assert_eq!(chain.commit(commitment).await, Sent::Done(10));
	assert_eq!(chain.commit(commitment).await, failed("AlreadyCommitted"));
	chain.make_blocks(REPORT_DELAY - 1);
	assert_eq!(chain.report(&report).await, failed("CommittedTooLate"));
	chain.make_blocks(1);
	// Of no use to anybody else.
	*chain.keys.lock() = hot_key().into();
	assert_eq!(chain.report(&report).await, failed("NotCommitted"));
	*chain.keys.lock() = caller().into();
	assert_eq!(chain.report(&report).await, Sent::Done(20));
	assert_eq!(chain.report(&report).await, failed("NotCommitted"));
}
