//! The inference node is killed between an answer and its settlement.

use anyhow::{ensure, Context, Result};
use openledger_chain_client::At;
use openledger_e2e::{
	caller::{self, Question},
	inference::Settle,
	network::{say, Network, LONGEST_GAP},
	settled::{settled_calls, settlements},
	story::open_shop,
};
use openledger_primitives::{BlockNumber, SessionId};
use std::time::Duration;

const QUESTION: Question<'static> =
	Question { prompt: "What is the capital of Japan?", max_tokens: 12 };
const SETTLED: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_settled_once_although_the_node_was_killed() -> Result<()> {
	Network::with(async |network| {
		let chain = network.chain().clone();
		let start = chain.block(At::Best).await?.number;
		let mut shop = open_shop(network, Settle::Later, None).await?;

		// Killed after the answer, long before it would settle.
		caller::call(&chain, network.folder(), &QUESTION, false).await?;
		shop.node.kill().await?;
		say("the inference node was killed after an answer");
		network.finality.wait_for_heads(2, LONGEST_GAP).await?;
		let session = the_session(network).await?;
		expect_settlements(network, start, session, &[]).await?;

		// It has not forgotten.
		shop.home.configure(Settle::At { calls: 1, seconds: 1 })?;
		let mut node = shop.home.start(network).await?;
		settled_calls(&chain, start, 1, SETTLED).await?;
		expect_settlements(network, start, session, &[(0, 1)]).await?;
		say("the call was settled after the restart");

		// Killed again, this time with a settlement on its way whose outcome it does not know.
		let paid = chain.session(session, At::Best).await?.context("no session")?.settled;
		caller::call(&chain, network.folder(), &QUESTION, false).await?;
		let in_block = async {
			while chain.session(session, At::Best).await?.context("no session")?.settled == paid {
				tokio::time::sleep(Duration::from_millis(50)).await;
			}
			anyhow::Ok(())
		};
		tokio::time::timeout(SETTLED, in_block).await.context("the second settlement")??;
		node.kill().await?;
		say("the inference node was killed with a settlement on its way");
		let mut node = shop.home.start(network).await?;
		settled_calls(&chain, start, 2, SETTLED).await?;

		// And a third time, with nothing left to do.
		node.kill().await?;
		let _node = shop.home.start(network).await?;
		network.finality.wait_for_heads(4, LONGEST_GAP).await?;
		expect_settlements(network, start, session, &[(0, 1), (0, 2)]).await?;
		network.finality.check(LONGEST_GAP)?;
		Ok(())
	})
	.await
}

/// The only session there is.
async fn the_session(network: &Network) -> Result<SessionId> {
	let session = chain_session(network, 0).await?.context("the call opened no session")?;
	ensure!(chain_session(network, 1).await?.is_none(), "the call opened two sessions");
	Ok(session)
}

async fn chain_session(network: &Network, id: SessionId) -> Result<Option<SessionId>> {
	Ok(network.chain().session(id, At::Best).await?.map(|session| session.id))
}

async fn expect_settlements(
	network: &Network,
	start: BlockNumber,
	session: SessionId,
	expected: &[(u16, u64)],
) -> Result<()> {
	let settled = settlements(network.chain(), start, session).await?;
	ensure!(settled == expected, "settled {settled:?} instead of {expected:?}");
	Ok(())
}
