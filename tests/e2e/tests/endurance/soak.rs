//! Thousands of calls: the node's memory stays what it was, and everything is settled.

use anyhow::{ensure, Context, Result};
use futures::future::try_join_all;
use openledger_client::{x402::Requirements, At};
use openledger_e2e::{
	backend::{answer, ModelServer},
	inference::{Engine, Settle},
	network::{key, say, Network, CALLER},
	payer::{chat_streamed, Payer},
	scenario::{open_session, MODEL},
	story::{open_shop_with, Shop},
};
use openledger_primitives::{
	voucher::Voucher, Balance, BlockNumber, LaneId, Sequence, SessionId, OPEN,
};
use std::{
	env,
	time::{Duration, Instant},
};
use tokio::time::timeout;

/// Another number with `OPENLEDGER_CALLS`, in whole thousands.
const CALLS: u64 = 10_000;
/// So many calls are asked between two looks at the memory.
const STEP: u64 = 1_000;
/// After so many calls everything is there that is there only once, and the caches are full.
const WARM_UP: u64 = 3 * STEP;
const LANES: LaneId = 8;
/// How much more memory may be in use in the end, in bytes, for each call since then. Nothing is kept of
/// a call: this is how much the allocator has at hand now and then.
const MORE: u64 = 384;
/// And at most, however many calls there are.
const MOST: u64 = 24 << 20;
/// An offer stands for ten minutes, a voucher of [`Payer`] for one.
const OFFERED: u64 = 25;
const MAX_TOKENS: u32 = 64;
const DEPOSIT: Balance = 10_000 * OPEN;
const BLOCKS: BlockNumber = 10_000;
const SETTLED: Duration = Duration::from_secs(600);
/// How long the allocator may take to give back what settling took.
const GIVEN_BACK: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes two minutes"]
async fn ten_thousand_calls_leave_memory_as_it_was() -> Result<()> {
	let most = match env::var("OPENLEDGER_CALLS") {
		Ok(calls) => calls.parse().context("OPENLEDGER_CALLS is no number")?,
		Err(_) => CALLS,
	};
	Network::with(async |network| {
		let server = ModelServer::start(Duration::ZERO).await?;
		let engine = Engine::Server { url: server.url() };
		let settle = Settle::Summed { calls: 1_000, seconds: 10 };
		let shop = open_shop_with(network, settle, engine).await?;
		let chain = network.chain().clone();
		let session = open_session(&chain, DEPOSIT, BLOCKS).await?;
		let mut lanes: Vec<Lane> =
			(0..LANES).map(|lane| Lane::new(&shop, session, lane)).collect::<Result<_>>()?;

		let mut memory = Vec::new();
		let mut serving = Duration::ZERO;
		for _ in 0..most / STEP {
			let began = Instant::now();
			let share = STEP / u64::from(LANES);
			try_join_all(lanes.iter_mut().map(|lane| lane.ask(share))).await?;
			serving += began.elapsed();
			memory.push(shop.node.memory()?);
			let calls: u64 = lanes.iter().map(|lane| lane.sequence).sum();
			say(format_args!("{calls} calls, {} KiB in use", shop.node.memory()? >> 10));
		}
		shop.home.settled(SETTLED).await?;
		let warm = memory.get(usize::try_from(WARM_UP / STEP)? - 1).copied();
		let warm = warm.with_context(|| format!("fewer than {WARM_UP} calls"))?;
		let most_memory = warm + MOST.min(MORE * (most - WARM_UP));
		let given_back = async {
			while shop.node.memory()? > most_memory {
				tokio::time::sleep(Duration::from_millis(500)).await;
			}
			anyhow::Ok(())
		};
		// What is in use when that takes too long is compared below.
		let _ = timeout(GIVEN_BACK, given_back).await;
		let end = shop.node.memory()?;
		memory.push(end);

		let calls: u64 = lanes.iter().map(|lane| lane.sequence).sum();
		let charged: Balance = lanes.iter().map(|lane| lane.acknowledged).sum();
		ensure!(calls == most, "{calls} calls");
		let best = chain.block(At::Best).await?.number;
		network.finality.wait_for_block(best, SETTLED).await?;
		let earned = chain.model_earnings(shop.model, At::Finalized).await?;
		ensure!((earned.calls, earned.charged) == (calls, charged), "{earned:?}");
		let paid = chain.session(session, At::Finalized).await?.context("no session")?;
		ensure!(paid.settled == charged, "{} planck of {charged} were paid", paid.settled);
		let kib: Vec<u64> = memory.iter().map(|bytes| bytes >> 10).collect();
		println!(
			"soak: {calls} calls at {:.0} a second, all settled over {charged} planck; KiB in use \
			 after every {STEP} and in the end: {kib:?}",
			f64::from(u32::try_from(calls)?) / serving.as_secs_f64()
		);
		ensure!(end <= most_memory, "{end} bytes are in use, {warm} after {WARM_UP} calls");
		Ok(())
	})
	.await
}

/// A lane, and what was asked on it.
struct Lane {
	payer: Payer,
	lane: LaneId,
	/// The prompt, and the requests with it: plain and streamed.
	prompt: String,
	bodies: [Vec<u8>; 2],
	sequence: Sequence,
	acknowledged: Balance,
}

impl Lane {
	fn new(shop: &Shop, session: SessionId, lane: LaneId) -> Result<Self> {
		let prompt = format!("Lane {lane}: where to?");
		let body = |stream| chat_streamed(MODEL, &prompt, MAX_TOKENS, stream);
		let bodies = [body(false), body(true)];
		let payer = Payer::new(shop.home.url(), session, key(CALLER)?);
		Ok(Self { payer, lane, prompt, bodies, sequence: 0, acknowledged: 0 })
	}

	/// Asks so many times more, plain and streamed in turn.
	async fn ask(&mut self, times: u64) -> Result<()> {
		let known = answer(&self.prompt);
		let mut offer: Option<Requirements> = None;
		for time in 0..times {
			let [plain, streamed] = &self.bodies;
			let body = if time.is_multiple_of(2) { plain } else { streamed };
			let offer = match offer.take_if(|_| !time.is_multiple_of(OFFERED)) {
				Some(standing) => offer.insert(standing),
				None => offer.insert(self.payer.offer(body).await?),
			};
			let next = self.payer.voucher(offer, body, self.sequence + 1, self.acknowledged);
			let voucher = Voucher { lane: self.lane, ..next };
			let answer = self.payer.pay(offer, body, voucher).await?;
			ensure!(answer.status.is_success() && answer.text == known, "{answer:?}");
			let response = answer.response.context("no statement")?;
			ensure!(response.extra.is_signed_by(&offer.extra.receipt_key), "not signed");
			self.sequence += 1;
			self.acknowledged += response.amount;
		}
		Ok(())
	}
}
