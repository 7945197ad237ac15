//! The chain goes away, and comes back.

use anyhow::{ensure, Context, Result};
use openledger_chain_client::At;
use openledger_e2e::{
	backend::ModelServer,
	inference::{Engine, Settle},
	network::{key, say, Network, CALLER, LONGEST_GAP},
	payer::{chat, Answer, Lane, Payer},
	scenario::{open_session, Opened, MODEL},
	story::open_shop_with,
};
use openledger_primitives::{Balance, BlockNumber, SessionId, OPEN};
use serde_json::Value;
use std::time::Duration;

/// Amount that a session may owe, in OPEN: two calls, or a little more.
const EXPOSURE: &str = "0.03";
/// More calls than that allows.
const MANY: usize = 10;
const DEPOSIT: Balance = 10 * OPEN;
const BLOCKS: BlockNumber = 10_000;
/// Longest time until the node takes the chain for gone, or sees it again.
const NOTICED: Duration = Duration::from_secs(90);
const SETTLED: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_goes_away_and_comes_back_costs_nobody_anything() -> Result<()> {
	Network::with(async |network| {
		let chain = network.chain().clone();
		let server = ModelServer::start(Duration::ZERO).await?;
		let engine = Engine::Server { url: server.url() };
		let settle = Settle::At { calls: 1, seconds: 1 };
		let mut shop = open_shop_with(network, settle, engine).await?;
		// Read again while it runs.
		shop.home.limit_exposure(EXPOSURE);
		shop.home.configure(settle)?;
		shop.node.reload().await?;

		let known = open_session(&chain, DEPOSIT, BLOCKS).await?;
		let unknown = open_session(&chain, DEPOSIT, BLOCKS).await?;
		let best = chain.block(At::Best).await?.number;
		network.finality.wait_for_block(best, LONGEST_GAP).await?;
		let mut known = Caller::new(shop.home.url(), known)?;
		let mut unknown = Caller::new(shop.home.url(), unknown)?;
		known.is_served().await?;

		network.stop_chain().await?;
		say("the chain is gone");
		known.is_served().await?;
		let away =
			|health: &Value| health.pointer("/chain/away_seconds").is_some_and(Value::is_u64);
		shop.home.health(NOTICED, away).await?;
		say("the node knows that it is");

		// Who is known is served, as far as anybody may owe; who is not has to wait.
		unknown.ask().await?.is_error(503, "chain_unavailable")?;
		let mut refused = None;
		for _ in 0..MANY {
			let answer = known.ask().await?;
			if !answer.status.is_success() {
				refused = Some(answer);
				break;
			}
		}
		refused.context("a session may owe anything")?.is_error(402, "exposure_reached")?;
		ensure!(known.calls() >= 2, "{} calls before that", known.calls());
		say(format_args!("{} calls were served meanwhile", known.calls() - 1));

		network.start_chain().await?;
		let back = |health: &Value| health.pointer("/chain/connected") == Some(&Value::Bool(true));
		shop.home.health(NOTICED, back).await?;
		say("the chain is back");
		shop.home.settled(SETTLED).await?;
		known.is_served().await?;
		unknown.is_served().await?;
		shop.home.settled(SETTLED).await?;

		let best = chain.block(At::Best).await?.number;
		network.finality.wait_for_block(best, LONGEST_GAP).await?;
		for caller in [&known, &unknown] {
			let session = chain.session(caller.session, At::Finalized).await?;
			let settled = session.context("no session")?.settled;
			let charged = caller.lane.charged();
			ensure!(settled == charged, "{settled} planck instead of {charged}");
		}
		let earned = chain.model_earnings(shop.model, At::Finalized).await?;
		let all = (known.calls() + unknown.calls(), known.lane.charged() + unknown.lane.charged());
		ensure!((earned.calls, earned.charged) == all, "{earned:?} instead of {all:?}");
		Ok(())
	})
	.await
}

/// Somebody who asks the same again and again, and what that came to.
struct Caller {
	payer: Payer,
	session: SessionId,
	body: Vec<u8>,
	lane: Lane,
}

impl Caller {
	fn new(url: String, session: Opened) -> Result<Self> {
		let payer = Payer::new(url, session, key(CALLER)?);
		let body = chat(MODEL, "Is anybody there?", 16);
		Ok(Self { payer, session: session.id, body, lane: Lane::default() })
	}

	/// Calls that were answered.
	fn calls(&self) -> u64 {
		self.lane.list.count().into()
	}

	/// Pays for a call. A refused one leaves everything as it was.
	async fn ask(&mut self) -> Result<Answer> {
		let offer = self.payer.offer(&self.body).await?;
		let voucher = self.payer.voucher(&offer, &self.body, &self.lane);
		let answer = self.payer.pay(&offer, &self.body, voucher).await?;
		if answer.status.is_success() {
			self.lane.take(answer.receipt()?)?;
		}
		Ok(answer)
	}

	async fn is_served(&mut self) -> Result<()> {
		let answer = self.ask().await?;
		ensure!(answer.status.is_success(), "{answer:?}");
		Ok(())
	}
}
