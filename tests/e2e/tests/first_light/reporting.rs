//! A caller whose node has contradicted itself commits to the report, is interrupted, and reports it.

use anyhow::{ensure, Context, Result};
use openledger_chain_client::{
	metering::{self, Served},
	At, Call, Chain,
};
use openledger_e2e::{
	inference,
	network::{key, say, Network, CALLER, OPERATOR, RECEIPT_KEY},
	scenario::{open_session, publish_data, register_model, submit},
};
use openledger_payer::{
	network::Live,
	reporting::{News, Reporter},
};
use openledger_payer_ledger::{KeptReport, Reports};
use openledger_primitives::{
	answer::Evidence,
	info::{NodeInfo, NodeStatus},
	lane::{Agreement, Statement},
	price::Tokens,
	Hash, SessionId, OPEN,
};
use std::{path::Path, sync::Arc, time::Duration};
use tokio::time::timeout;

/// The account that reports.
const REPORTER: &str = "//Dave";
/// A commitment is final long before the report is due.
const CUT_OFF: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_says_two_things_is_reported_by_who_has_committed_to_it() -> Result<()> {
	Network::with(async |network| {
		let chain = network.chain().clone();
		let operator = key(OPERATOR)?;
		let (release, hashes) = tokio::try_join!(publish_data(&chain), inference::hashes())?;
		let model = register_model(&chain, &release, hashes).await?;
		let register = metering::Call::register_node {
			endpoint: b"https://node.example".to_vec(),
			receipt_key: key(RECEIPT_KEY)?.account(),
			bond: 1_000 * OPEN,
			models: vec![Served { model, capacity: 1 }],
		};
		submit(&chain, &operator, Call::InferenceMetering(register)).await?;
		let session = open_session(&chain, OPEN, 1_000).await?.id;
		let report = two_statements(&chain, session)?;

		// Nobody can report at once, or with what another has committed to.
		let early = submit(&chain, &key(CALLER)?, Call::InferenceMetering(report.clone())).await;
		let refused = format!("{:#}", early.err().context("it was not committed to")?);
		ensure!(refused.contains("NotCommitted"), "{refused}");

		let folder = network.folder().join("reports");
		let before = chain.account(&key(REPORTER)?.account(), At::Best).await?;
		let reporter = reporter(&chain, &folder)?;
		reporter.take_on("report".into(), session, &report).await?;
		let cut_off = timeout(CUT_OFF, told(&reporter, session)).await;
		ensure!(cut_off.is_err(), "it was too quick: {cut_off:?}");
		ensure!(node(&chain).await?.status == NodeStatus::Active, "it is jailed already");
		say("the report is committed to; it goes on after an interruption");

		let news = told(&self::reporter(&chain, &folder)?, session).await?;
		ensure!(news.last() == Some(&News::Made), "{news:?}");
		let node = node(&chain).await?;
		ensure!(matches!(node.status, NodeStatus::Jailed(_)), "{node:?}");
		ensure!(node.bond < 1_000 * OPEN, "{node:?}");
		let after = chain.account(&key(REPORTER)?.account(), At::Best).await?;
		ensure!(after.reserved == before.reserved, "the deposit did not come back: {after:?}");
		ensure!(after.free > before.free, "there was no reward: {after:?}");
		ensure!(after.nonce == before.nonce + 2, "{} transactions", after.nonce - before.nonce);
		Ok(())
	})
	.await
}

/// As a program that has just been started.
fn reporter(chain: &Chain, folder: &Path) -> Result<Reporter> {
	let live = Live::new(chain.clone(), key(REPORTER)?);
	Ok(Reporter::new(Arc::new(live), Reports::new(folder.into())))
}

/// Finishes the reports of a session. Returns what was heard of them.
async fn told(reporter: &Reporter, session: SessionId) -> Result<Vec<News>> {
	let mut news = Vec::new();
	let mut heard = |report: &KeptReport, said: News| {
		say(format_args!("{}: {said:?}", report.name));
		news.push(said);
	};
	reporter.finish(session, &mut heard).await?;
	Ok(news)
}

async fn node(chain: &Chain) -> Result<NodeInfo> {
	let node = chain.node(&key(OPERATOR)?.account(), At::Best).await?;
	node.context("the node is gone")
}

/// A report of two statements that the node has signed of one call.
fn two_statements(chain: &Chain, session: SessionId) -> Result<metering::Call> {
	let receipts = key(RECEIPT_KEY)?;
	let one = Statement {
		genesis_hash: chain.genesis_hash(),
		session,
		lane: 0,
		agreement: Agreement {
			model: 0,
			version: 0,
			price_version: 0,
			as_of: 1,
			evidence: Evidence::Open,
			own_price: None,
		},
		sequence: 1,
		tokens: Tokens::new(1, 1),
		charge: 5,
		request_hash: Hash::repeat_byte(1),
		response_hash: Hash::repeat_byte(2),
		attribution: Default::default(),
		extension: None,
	};
	let other = Statement { charge: 6, ..one.clone() };
	Ok(metering::Call::report_two_statements {
		operator: key(OPERATOR)?.account(),
		first_signature: receipts.sign_message(&one),
		first: Box::new(one.into()),
		first_key: receipts.account(),
		second_signature: receipts.sign_message(&other),
		second: Box::new(other.into()),
		second_key: receipts.account(),
	})
}
