//! The inference node is killed again and again, at random points, while it answers, streams and
//! settles. At the end every caller's charge, every record and all payouts have to agree.

use anyhow::{ensure, Context, Result};
use openledger_chain_client::At;
use openledger_e2e::{
	backend::ModelServer,
	inference::{Engine, Settle},
	ledger::{Books, Ledger, Outcome},
	load::{Customer, Dice, Load},
	network::{key, say, Network, DEVELOPER, LONGEST_GAP},
	story::{open_shop_with, Shop},
};
use openledger_primitives::BlockNumber;
use std::{
	env,
	time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio::time::{sleep, timeout};

const FEW: u64 = 20;
const MANY: u64 = 200;
/// Who calls: no validators, so that the only fees in their balances are their own.
const CUSTOMERS: [&str; 2] = ["//Alice//stash", "//Charlie//stash"];
/// Questions that each of them asks at a time.
const AT_ONCE: usize = 3;
/// Before each word: so that most of a call's time is in the middle of its answer.
const WORD: Duration = Duration::from_millis(15);
/// The life of the node, in milliseconds: mostly less than this, and one time in ten much longer,
/// so that settlements become final.
const LIFE: u64 = 2_500;
const LONG_LIFE: u64 = 8_000;
/// The node's log line at its start for each call that it was serving when it was killed.
const CUT_OFF: &str = "was cut off when the node last stopped";
/// For the last answers, and for the settlement of all calls: one that was written down, and perhaps
/// sent, when the node was killed, may have to wait until it cannot enter a block any more.
const ANSWERED: Duration = Duration::from_secs(180);
const SETTLED: Duration = Duration::from_secs(600);

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_charged_twice_when_the_node_is_killed() -> Result<()> {
	kill_again_and_again(FEW).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes eight minutes"]
async fn nothing_is_lost_or_charged_twice_when_the_node_is_killed_two_hundred_times() -> Result<()>
{
	kill_again_and_again(MANY).await
}

/// The same chance again with `OPENLEDGER_SEED`. What happens still depends on the machine.
fn seed() -> Result<u64> {
	match env::var("OPENLEDGER_SEED") {
		Ok(seed) => seed.parse().context("OPENLEDGER_SEED is no number"),
		Err(_) => Ok(u64::from(SystemTime::now().duration_since(UNIX_EPOCH)?.subsec_nanos())),
	}
}

async fn kill_again_and_again(kills: u64) -> Result<()> {
	Network::with(async |network| {
		let began = Instant::now();
		let start = network.chain().block(At::Best).await?.number;
		let server = ModelServer::start(WORD).await?;
		let engine = Engine::Server { url: server.url() };
		let mut shop = open_shop_with(network, Settle::Later, engine).await?;
		let seed = seed()?;
		say(format_args!("{kills} times the node is going to be killed (seed {seed})"));
		let outcome = live_and_die(network, &mut shop, start, kills, Dice::new(seed)).await;
		if outcome.is_err() {
			network.keep_log(shop.node.log());
		}
		let (outcome, cut_off) = outcome?;
		let seconds = began.elapsed().as_secs();
		println!(
			"fault test: {kills} kills in {seconds} s (seed {seed}), {cut_off} calls cut off: \
			 {outcome}"
		);
		Ok(())
	})
	.await
}

async fn live_and_die(
	network: &Network,
	shop: &mut Shop,
	start: BlockNumber,
	kills: u64,
	mut dice: Dice,
) -> Result<(Outcome, usize)> {
	let chain = network.chain();
	let mut ledger = Ledger::follow(chain, start);
	let developer = chain.free_balance(&key(DEVELOPER)?.account(), At::Best).await?;
	let mut customers = Vec::new();
	for uri in CUSTOMERS {
		customers.push(Customer::new(chain, network.folder(), uri).await?);
	}
	let mut load = Load::start(&customers, AT_ONCE).await?;
	let mut cut_off = 0;
	for kill in 1..=kills {
		let life = if dice.below(10) == 0 { LONG_LIFE } else { LIFE };
		sleep(Duration::from_millis(dice.below(life))).await;
		shop.node.kill().await?;
		load.check()?;
		cut_off += shop.node.log().count(CUT_OFF);
		shop.home.configure(if kill == kills { SOON } else { settle(&mut dice) })?;
		shop.node = shop.home.launch()?;
		// One time in eight it is killed while it starts.
		if kill == kills || dice.below(8) != 0 {
			shop.home.serving(&mut shop.node).await?;
		}
		if kill.is_multiple_of(10) {
			say(format_args!("killed {kill} times, {} answers so far", load.answered()));
		}
	}
	let histories = timeout(ANSWERED, load.finish()).await.context("a caller waits for ever")??;
	say("everybody has a last answer");
	shop.home.settled(SETTLED).await?;
	let best = chain.block(At::Best).await?.number;
	network.finality.wait_for_block(best, LONGEST_GAP).await?;
	let events = ledger.up_to(best, LONGEST_GAP).await?;
	say("everything is settled; the books are compared");
	let books = Books {
		chain,
		shop,
		customers: &customers,
		histories: &histories,
		events: &events,
		developer,
	};
	let outcome = books.compare().await?;
	ensure!(outcome.answered >= kills, "hardly anything was answered: {outcome}");
	cut_off += shop.node.log().count(CUT_OFF);
	ensure!(cut_off > 0, "it was never killed while it served a call");
	Ok((outcome, cut_off))
}

const SOON: Settle = Settle::At { calls: 1, seconds: 1 };

/// One by one, by sums, or not in this life.
fn settle(dice: &mut Dice) -> Settle {
	match dice.below(5) {
		0 | 1 => SOON,
		2 | 3 => Settle::Summed { calls: 1, seconds: 1 },
		_ => Settle::Later,
	}
}
