//! A caller who promises the same deposit many times over, at the same time.

use anyhow::{ensure, Context, Result};
use futures::future::{join_all, try_join_all};
use openledger_chain_client::{metering, At, Event};
use openledger_e2e::{
	backend::{answer, ModelServer},
	binaries::model_file,
	inference::{Engine, Settle},
	ledger::Ledger,
	network::{key, say, Network, CALLER, LONGEST_GAP},
	payer::{chat, Answer, Payer},
	scenario::{open_session, MODEL},
	story::open_shop_with,
};
use openledger_models::ModelTokenizer;
use openledger_primitives::{voucher::Voucher, Balance, BlockNumber, LaneId, MAX_LANES};
use std::time::Duration;

/// As many calls as a session has lanes.
const CALLS: LaneId = MAX_LANES;
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
		let nobody = Payer::new(shop.home.url(), 0, key(CALLER)?);
		let offer = nobody.offer(&body).await?;
		let price = offer.amount;
		let deposit = price * (Balance::try_from(PAID)? + 1) - 1;
		let session = open_session(&chain, deposit, BLOCKS).await?;
		let payer = nobody.with_session(session);

		let payments: Vec<String> = (0..CALLS)
			.map(|lane| Voucher { lane, ..payer.voucher(&offer, &body, 1, 0) })
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
			let voucher = payer.voucher(offer, body, 1, 0);
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
		for (session, calls, all) in
			[(session, PAID, price * Balance::try_from(PAID)?), (second, 1, charged)]
		{
			let settled: Vec<Balance> = events
				.iter()
				.filter_map(|record| match &record.event {
					Event::InferenceMetering(metering::Event::CallSettled(call)) => {
						(call.session == session).then_some(call.charge)
					}
					_ => None,
				})
				.collect();
			ensure!(settled.len() == calls, "{} calls were settled", settled.len());
			ensure!(settled.iter().sum::<Balance>() == all, "settled: {settled:?}");
			let info = chain.session(session, At::Finalized).await?.context("no session")?;
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
