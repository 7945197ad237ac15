//! Thousands of calls: the node's memory stays what it was, and everything is settled.

use anyhow::{ensure, Context, Result};
use futures::future::try_join_all;
use openledger_chain_client::At;
use openledger_e2e::{
	backend::{answer, ModelServer},
	inference::{Engine, Settle},
	load::Customer,
	network::{say, Network},
	payer::chat_streamed,
	scenario::MODEL,
	story::open_shop_with,
};
use openledger_primitives::Balance;
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
/// Who calls.
const CUSTOMER: &str = "//Alice//stash";
/// Questions that are asked at a time.
const AT_ONCE: usize = 8;
/// Memory that may be in use on top in the end, in bytes, for each call since then. Nothing is kept of
/// a call: this is how much the allocator has at hand now and then.
const MORE: u64 = 384;
/// And at most, however many calls there are.
const MOST: u64 = 24 << 20;
const MAX_TOKENS: u32 = 64;
const SETTLED: Duration = Duration::from_secs(600);
/// Longest time for the allocator to give back what settling took.
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
		let customer = Customer::new(&chain, network.folder(), CUSTOMER).await?;
		let mut workers: Vec<Worker> =
			(0..AT_ONCE).map(|number| Worker::new(&customer, number)).collect();

		let mut memory = Vec::new();
		let mut serving = Duration::ZERO;
		for _ in 0..most / STEP {
			let began = Instant::now();
			let share = STEP / u64::try_from(AT_ONCE)?;
			try_join_all(workers.iter_mut().map(|worker| worker.ask(share))).await?;
			serving += began.elapsed();
			memory.push(shop.node.memory()?);
			let calls: u64 = workers.iter().map(|worker| worker.calls).sum();
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

		let calls: u64 = workers.iter().map(|worker| worker.calls).sum();
		let charged: Balance = workers.iter().map(|worker| worker.charged).sum();
		let (session, known) = customer.payer.treasury.look(|ledger| {
			let session = ledger.books().sessions().next().map(|session| session.id);
			(session, ledger.standing().charged)
		});
		let session = session.context("no session")?;
		ensure!(known == charged, "{known} planck of {charged} are known");
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

/// Somebody who asks the same again and again, and what that has cost.
struct Worker<'a> {
	customer: &'a Customer,
	/// The answer that has to come.
	known: String,
	/// The requests: plain and streamed.
	bodies: [Vec<u8>; 2],
	calls: u64,
	charged: Balance,
}

impl<'a> Worker<'a> {
	fn new(customer: &'a Customer, number: usize) -> Self {
		let prompt = format!("Worker {number}: where to?");
		let body = |stream| chat_streamed(MODEL, &prompt, MAX_TOKENS, stream);
		let bodies = [body(false), body(true)];
		Self { customer, known: answer(&prompt), bodies, calls: 0, charged: 0 }
	}

	/// Asks so many times more, plain and streamed in turn.
	async fn ask(&mut self, times: u64) -> Result<()> {
		for time in 0..times {
			let [plain, streamed] = &self.bodies;
			let is_plain = time.is_multiple_of(2);
			let body = if is_plain { plain } else { streamed };
			let asked = self.customer.ask(body, !is_plain).await?;
			let (_, receipt) = asked.answered().with_context(|| format!("{asked:?}"))?;
			ensure!(asked.text == self.known, "{asked:?}");
			self.calls += 1;
			self.charged += receipt.statement.newest().charge;
		}
		Ok(())
	}
}
