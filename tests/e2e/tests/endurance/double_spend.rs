//! A caller who promises the same deposit many times over, at the same time.

use anyhow::{ensure, Context, Result};
use futures::future::{join_all, try_join_all};
use openledger_chain_client::{settlements::of_events, At, LaneOutcome};
use openledger_e2e::{
	backend::{answer, ModelServer},
	binaries::model_file,
	inference::{Engine, Settle},
	ledger::Ledger,
	network::{key, say, Network, CALLER, LONGEST_GAP},
	payer::{chat, Answer, Lane, Payer},
	scenario::{open_session, Opened, MODEL},
	story::open_shop_with,
};
use openledger_models::ModelTokenizer;
use openledger_primitives::{lane::SettledItem, Balance, BlockNumber, LaneId, SessionId};
use std::time::Duration;

/// Calls at the same time, each on a lane of its own.
const CALLS: LaneId = 64;
/// So many of them the deposit pays for.
const PAID: usize = 10;
const BLOCKS: BlockNumber = 10_000;
const WORD: Duration = Duration::from_millis(20);
const SETTLED: Duration = Duration::from_secs(300);
const PROMPT: &str = "Where to?";

#[tokio::test(flavor = "multi_thread")]
async fn a_deposit_for_ten_calls_pays_for_ten_of_sixty_four() -> Result<()> {
	Network::with(async |network| {
		let chain = network.chain().clone();
		let start = chain.block(At::Best).await?.number;
		let mut ledger = Ledger::follow(&chain, start);
		let server = ModelServer::start(WORD).await?;
		let engine = Engine::Server { url: server.url() };
		let mut shop = open_shop_with(network, Settle::Later, engine).await?;

		// The answer has exactly as many tokens as it may have: what is set aside is what is charged,
		// so that no call makes room for another one when it ends.
		let known = answer(PROMPT);
		let tokens = ModelTokenizer::load(&model_file()?, None)?.count(&known)?;
		let body = chat(MODEL, PROMPT, tokens);
		let nobody = Payer::new(shop.home.url(), Opened::default(), key(CALLER)?);
		let offer = nobody.offer(&body).await?;
		let price = offer.amount;
		let deposit = price * (Balance::try_from(PAID)? + 1) - 1;
		let session = open_session(&chain, deposit, BLOCKS).await?;
		let payer = nobody.with_session(session);

		let payments: Vec<String> = (0..CALLS)
			.map(|lane| payer.voucher(&offer, &body, &Lane::new(lane)))
			.map(|voucher| payer.payment(&offer, voucher))
			.collect();
		let ask = async || -> Result<Vec<Answer>> {
			try_join_all(payments.iter().map(|payment| payer.ask(&body, Some(payment.as_str()))))
				.await
		};
		let answers = ask().await?;
		let (served, refused): (Vec<_>, Vec<_>) =
			answers.iter().partition(|answer| answer.status.is_success());
		ensure!(served.len() == PAID, "{} calls were served instead of {PAID}", served.len());
		for answer in &served {
			ensure!(answer.text == known, "{:?} instead of {known:?}", answer.text);
			let charge = answer.response.as_ref().context("no statement")?.amount;
			ensure!(charge == price, "a charge of {charge} planck instead of {price}");
		}
		for answer in refused {
			answer.is_error(402, "session_underfunded")?;
		}
		say(format_args!("{PAID} of {CALLS} parallel calls were served, the others refused"));

		// Once more the same vouchers, now and after a crash: what was answered is handed out again.
		let receipts: Vec<_> = served.iter().map(|answer| answer.response.clone()).collect();
		for _ in 0..2 {
			let mut again = Vec::new();
			for answer in ask().await? {
				match answer.status.is_success() {
					true => again.push(answer.response),
					false => answer.is_error(402, "session_underfunded")?,
				}
			}
			ensure!(again == receipts, "{again:?} instead of {receipts:?}");
			shop.node.kill().await?;
			shop.home.configure(Settle::At { calls: 1, seconds: 1 })?;
			shop.node = shop.home.start(network).await?;
		}
		say("none of them was served twice, and none after a crash");

		// One place on one lane, promised to as many calls.
		let second = open_session(&chain, deposit, BLOCKS).await?;
		let payer = payer.with_session(second);
		let bodies: Vec<_> =
			(0..CALLS).map(|call| chat(MODEL, &format!("Where to, {call}?"), 64)).collect();
		let offers = try_join_all(bodies.iter().map(|body| payer.offer(body))).await?;
		let racing = bodies.iter().zip(&offers).map(|(body, offer)| {
			let voucher = payer.voucher(offer, body, &Lane::default());
			payer.pay(offer, body, voucher)
		});
		let mut charged = None;
		for answer in join_all(racing).await {
			let answer = answer?;
			if answer.status.is_success() {
				let charge = answer.response.context("no statement")?.amount;
				ensure!(charged.replace(charge).is_none(), "two calls of one sequence were served");
			} else {
				ensure!(answer.status.as_u16() == 409, "{answer:?}");
			}
		}
		let charged = charged.context("none of them was served")?;
		say("one of as many calls with the same sequence was served");

		shop.home.settled(SETTLED).await?;
		let best = chain.block(At::Best).await?.number;
		network.finality.wait_for_block(best, LONGEST_GAP).await?;
		let events = ledger.up_to(best, LONGEST_GAP).await?;
		let settled: Vec<(SessionId, SettledItem)> = of_events(&events)
			.into_iter()
			.flat_map(|outcome| match outcome {
				LaneOutcome::Settled(lane) => {
					lane.items.into_iter().map(|item| (lane.header.session, item)).collect()
				}
				LaneOutcome::Refused { .. } => Vec::new(),
			})
			.collect();
		for (session, calls, all) in
			[(session, PAID, price * Balance::try_from(PAID)?), (second, 1, charged)]
		{
			let items = settled.iter().filter(|(paid, _)| *paid == session.id);
			let settled: Vec<Balance> = items.map(|(_, item)| item.charge()).collect();
			ensure!(settled.len() == calls, "{} calls were settled", settled.len());
			ensure!(settled.iter().sum::<Balance>() == all, "settled: {settled:?}");
			let info = chain.session(session.id, At::Finalized).await?.context("no session")?;
			ensure!(info.settled == all && info.lanes.len() == calls, "{info:?}");
		}
		let earned = chain.model_earnings(shop.model, At::Finalized).await?;
		let calls = u64::try_from(PAID)? + 1;
		ensure!(earned.calls == calls, "{earned:?}");
		println!(
			"double spend: {CALLS} parallel calls, {PAID} served over {} planck, {} refused; {} \
			 settled",
			price * Balance::try_from(PAID)?,
			usize::from(CALLS) - PAID,
			earned.calls
		);
		Ok(())
	})
	.await
}
