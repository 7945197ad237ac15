//! Lanes whose books are lost on either side, that are settled together, or that see the terms of their calls
//! change.

use anyhow::{ensure, Context, Result};
use openledger_chain_client::{
	models, settlements::of_events, At, Call, Chain, LaneOutcome, Settlement,
};
use openledger_e2e::{
	backend::ModelServer,
	caller::{self, Question},
	inference::{Engine, Home, Settle},
	ledger::Ledger,
	load::Customer,
	network::{key, say, Network, CALLER, DEVELOPER, LONGEST_GAP},
	payer::{chat, Answer, Lane, Payer},
	report::Sums,
	scenario::{open_session, open_session_of, publish_another, submit, Opened, MODEL},
	settled::settlements,
	story::{open_shop_in, open_shop_with, Shop},
};
use openledger_primitives::{
	attribution::ReleaseSelector,
	lane::{SettledItem, Statement, Voucher},
	AccountId, Balance, BlockNumber, LaneId, Sequence, SessionId, OPEN,
};
use std::{
	collections::{BTreeMap, BTreeSet},
	fs,
	time::Duration,
};

/// Who pays by a program of its own. No validator, so that the only fees in its balance are its own.
const CUSTOMER: &str = "//Alice//stash";
const SETTLED: Duration = Duration::from_secs(120);
const SOON: Settle = Settle::At { calls: 1, seconds: 1 };
const DEPOSIT: Balance = 10 * OPEN;
const BLOCKS: BlockNumber = 10_000;
/// Time between the announcement of a release and its beginning, and time that a voucher may outlive a change of
/// its terms, in blocks.
const DAY: BlockNumber = 28_800;
/// The longest that a node may take vouchers for, in blocks: it looks at a lane's terms once in a hundred.
const LONGEST: BlockNumber = DAY - 100;

/// A node that answers at once.
async fn open(network: &mut Network, server: &ModelServer, settle: Settle) -> Result<Shop> {
	open_shop_with(network, settle, Engine::Server { url: server.url() }).await
}

/// The statement of a customer's next call.
async fn ask(customer: &Customer, prompt: &str) -> Result<Statement> {
	let asked = customer.ask(&chat(MODEL, prompt, 32), false).await?;
	let (_, receipt) = asked.answered().with_context(|| format!("not answered: {asked:?}"))?;
	Ok(receipt.statement.newest().clone())
}

/// Waits until everything is settled and final.
async fn settle_all(network: &Network, shop: &Shop) -> Result<()> {
	shop.home.settled(SETTLED).await?;
	let best = network.chain().block(At::Best).await?.number;
	network.finality.wait_for_block(best, LONGEST_GAP).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_has_lost_its_books_is_paid_on_another_lane() -> Result<()> {
	Network::with(async |network| {
		let chain = network.chain().clone();
		let server = ModelServer::start(Duration::ZERO).await?;
		let mut shop = open(network, &server, SOON).await?;
		let customer = Customer::new(&chain, network.folder(), CUSTOMER).await?;

		let first = ask(&customer, "First?").await?;
		let second = ask(&customer, "Second?").await?;
		settle_all(network, &shop).await?;
		shop.home.configure(Settle::Later)?;
		shop.node.reload().await?;
		let third = ask(&customer, "Third?").await?;
		let places =
			[&first, &second, &third].map(|statement| (statement.lane, statement.sequence));
		ensure!(places == [(0, 1), (0, 2), (0, 3)], "the calls are {places:?}");
		shop.node.kill().await?;
		shop.home.lose_books()?;
		shop.home.configure(SOON)?;
		shop.node = shop.home.start(network).await?;
		say("the node has lost its books, and a call that was not settled");

		let fourth = ask(&customer, "Fourth?").await?;
		ensure!((fourth.lane, fourth.sequence) == (1, 1), "the fourth call is {fourth:?}");
		ensure!(fourth.session == first.session, "another session: {fourth:?}");
		let fifth = ask(&customer, "Fifth?").await?;
		ensure!((fifth.lane, fifth.sequence) == (1, 2), "the fifth call is {fifth:?}");
		settle_all(network, &shop).await?;

		// What the node has forgotten is its own loss; all else is paid, and once.
		let session = chain.session(first.session, At::Finalized).await?.context("no session")?;
		let paid = session.lanes.iter().map(|lane| (lane.lane, (lane.sequence, lane.settled)));
		let paid: BTreeMap<LaneId, (Sequence, Balance)> = paid.collect();
		let charges = |of: [&Statement; 2]| of.map(|statement| statement.charge).iter().sum();
		let expected =
			[(0, (2, charges([&first, &second]))), (1, (2, charges([&fourth, &fifth])))].into();
		ensure!(paid == expected, "{paid:?} were paid instead of {expected:?}");
		let stated = customer.payer.treasury.look(|ledger| ledger.standing().charged);
		let all = session.settled + third.charge;
		ensure!(stated == all, "the caller knows of {stated} planck instead of {all}");
		network.finality.check(LONGEST_GAP)?;
		Ok(())
	})
	.await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payer_that_has_lost_its_books_goes_on_where_it_was() -> Result<()> {
	const QUESTION: Question<'static> = Question { prompt: "Where to?", max_tokens: 32 };
	Network::with(async |network| {
		let chain = network.chain().clone();
		let start = chain.block(At::Best).await?.number;
		let server = ModelServer::start(Duration::ZERO).await?;
		let mut shop = open(network, &server, SOON).await?;
		let call = async |network: &Network, options: &[&str]| {
			caller::call_with(network.chain(), network.folder(), &QUESTION, options, false).await
		};

		// One call is settled by then, the other one is known to the node alone.
		call(network, &[]).await?;
		settle_all(network, &shop).await?;
		shop.home.configure(Settle::Later)?;
		shop.node.reload().await?;
		call(network, &[]).await?;
		fs::remove_dir_all(network.folder().join("caller")).context("no state to delete")?;
		say("the payer has lost its state");

		call(network, &["--take-over", "0"]).await?;
		call(network, &[]).await?;
		shop.home.configure(SOON)?;
		shop.node.reload().await?;
		settle_all(network, &shop).await?;
		ensure!(chain.session(1, At::Best).await?.is_none(), "a second session was opened");
		let settled = settlements(&chain, start, 0).await?;
		ensure!(settled == [(0, 1), (0, 2), (0, 3), (0, 4)], "settled: {settled:?}");
		network.finality.check(LONGEST_GAP)?;
		Ok(())
	})
	.await
}

/// Somebody who pays by hand, on lanes of a session.
struct Paying {
	payer: Payer,
	lanes: Vec<Lane>,
}

impl Paying {
	fn new(shop: &Shop, session: Opened, signer: &str, lanes: LaneId) -> Result<Self> {
		let payer = Payer::new(shop.home.url(), session, key(signer)?);
		Ok(Self { payer, lanes: (0..lanes).map(Lane::new).collect() })
	}

	/// Pays for a call on a lane, whose voucher is changed before it is signed.
	async fn pay(
		&mut self,
		lane: usize,
		change: impl FnOnce(Voucher) -> Voucher,
	) -> Result<Answer> {
		let lane = self.lanes.get_mut(lane).context("no such lane")?;
		let body = chat(MODEL, "Where to?", 32);
		let offer = self.payer.offer(&body).await?;
		let voucher = change(self.payer.voucher(&offer, &body, lane));
		let answer = self.payer.pay(&offer, &body, voucher).await?;
		if answer.status.is_success() {
			lane.take(answer.receipt()?)?;
		}
		Ok(answer)
	}

	/// Has a call answered on a lane.
	async fn call(&mut self, lane: usize) -> Result<()> {
		let answer = self.pay(lane, |voucher| voucher).await?;
		ensure!(answer.status.is_success(), "{answer:?}");
		Ok(())
	}

	/// What all lanes have cost, in planck.
	fn charged(&self) -> Balance {
		self.lanes.iter().map(Lane::charged).sum()
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn lanes_of_several_sessions_are_settled_together() -> Result<()> {
	const LANES: LaneId = 4;
	const EACH: u32 = 3;
	Network::with(async |network| {
		let chain = network.chain().clone();
		let start = chain.block(At::Best).await?.number;
		let mut ledger = Ledger::follow(&chain, start);
		let server = ModelServer::start(Duration::ZERO).await?;
		let mut shop = open(network, &server, Settle::Later).await?;
		let mut paying = Vec::new();
		for caller in [CALLER, CALLER, CUSTOMER] {
			let session = open_session_of(&chain, &key(caller)?, DEPOSIT, BLOCKS).await?;
			paying.push(Paying::new(&shop, session, caller, LANES)?);
		}
		for who in &mut paying {
			for lane in 0..usize::from(LANES) {
				for _ in 0..EACH {
					who.call(lane).await?;
				}
			}
		}
		// A session is settled once it is final itself.
		let best = chain.block(At::Best).await?.number;
		network.finality.wait_for_block(best, LONGEST_GAP).await?;
		shop.home.configure(SOON)?;
		shop.node.reload().await?;
		settle_all(network, &shop).await?;

		let best = chain.block(At::Finalized).await?.number;
		let events = ledger.up_to(best, LONGEST_GAP).await?;
		let outcomes = of_events(&events);
		// By extrinsic, the sessions of which it settled lanes. What is due first does not wait for the others.
		let mut extrinsics: BTreeMap<_, BTreeSet<SessionId>> = BTreeMap::new();
		for record in &events {
			for outcome in of_events([record]) {
				let place = (record.block.number, record.extrinsic);
				extrinsics.entry(place).or_default().insert(outcome.session());
			}
		}
		let together = extrinsics.values().any(|sessions| sessions.len() > 1);
		ensure!(together && extrinsics.len() < paying.len(), "they were settled in {extrinsics:?}");
		let lanes = paying.len() * usize::from(LANES);
		ensure!(outcomes.len() == lanes, "{} lanes were settled", outcomes.len());
		let mut charged = 0;
		for outcome in outcomes {
			let settlement = settled(outcome)?;
			let calls = u32::try_from(settlement.items.len())?;
			ensure!(calls == EACH, "{calls} calls of a lane were settled: {settlement:?}");
			shop.check(&settlement.header)?;
			let sums = Sums::of_lane(&settlement, &shop.release.contributions)?;
			sums.check()?;
			charged += sums.charged;
		}
		let stated: Balance = paying.iter().map(Paying::charged).sum();
		ensure!(charged == stated, "{charged} planck were settled instead of {stated}");
		say(format_args!("{lanes} lanes of {} sessions were settled together", paying.len()));
		Ok(())
	})
	.await
}

fn settled(outcome: LaneOutcome) -> Result<Settlement> {
	match outcome {
		LaneOutcome::Settled(settlement) => Ok(*settlement),
		refused @ LaneOutcome::Refused { .. } => anyhow::bail!("{refused:?}"),
	}
}

/// A shop whose model pays its datanet's current release, and whose node takes vouchers for as long as any may.
async fn open_following(network: &mut Network, server: &ModelServer) -> Result<Shop> {
	let mut home = Home::new(network, Engine::Server { url: server.url() })?;
	home.take_vouchers_for(LONGEST);
	home.configure(Settle::Later)?;
	open_shop_in(network, home, |_| ReleaseSelector::Latest).await
}

/// The developer has somebody else paid from now on. Who that is, and the block in which it was.
async fn change_payee(chain: &Chain, shop: &Shop) -> Result<(AccountId, BlockNumber)> {
	let payee = key("//Bob//payee")?.account();
	let (model, named) = (shop.model, Some(payee.clone()));
	let call = Call::ModelRegistry(models::Call::set_payee { model, payee: named });
	Ok((payee, submit(chain, &key(DEVELOPER)?, call).await?.block.number))
}

/// The first change of the terms of a lane's calls, and the last block that its vouchers may name.
async fn changes(
	chain: &Chain,
	shop: &Shop,
	lane: &Lane,
) -> Result<(Option<BlockNumber>, Option<BlockNumber>)> {
	let as_of = lane.agreement.context("the lane was never used")?.as_of;
	let terms = chain.lane_terms(shop.model, 0, 0, as_of, At::Best).await?;
	let terms = terms.map_err(|reason| anyhow::anyhow!("no terms: {reason:?}"))?;
	Ok((terms.changed_at, terms.valid_until))
}

/// Who is paid for the model by each lane, once everything is settled.
async fn payees(
	network: &Network,
	shop: &mut Shop,
	ledger: &mut Ledger,
) -> Result<BTreeMap<LaneId, (AccountId, Sequence)>> {
	shop.home.configure(SOON)?;
	shop.node.reload().await?;
	settle_all(network, shop).await?;
	let best = network.chain().block(At::Finalized).await?.number;
	let mut payees = BTreeMap::new();
	for outcome in of_events(&ledger.up_to(best, LONGEST_GAP).await?) {
		let settlement = settled(outcome)?;
		Sums::of_lane(&settlement, &shop.release.contributions)?.check()?;
		let header = settlement.header;
		let is_call = |item: &SettledItem| matches!(item, SettledItem::Call(_));
		ensure!(settlement.items.iter().all(is_call), "settled by sums: {:?}", settlement.items);
		payees.insert(header.lane, (header.developer_payee, header.sequence));
	}
	Ok(payees)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_terms_is_for_new_lanes() -> Result<()> {
	Network::with(async |network| {
		let chain = network.chain().clone();
		let mut ledger = Ledger::follow(&chain, chain.block(At::Best).await?.number);
		let server = ModelServer::start(Duration::ZERO).await?;
		let mut shop = open_following(network, &server).await?;
		let session = open_session(&chain, DEPOSIT, BLOCKS).await?;
		let mut paying = Paying::new(&shop, session, CALLER, 2)?;
		paying.call(0).await?;
		ensure!(changes(&chain, &shop, &paying.lanes[0]).await? == (None, None));

		// A release is announced a day before it is in force, and vouchers may outlive that by another.
		let published = publish_another(&chain, shop.release.datanet).await?;
		let known = changes(&chain, &shop, &paying.lanes[0]).await?;
		ensure!(known == (Some(published + DAY), Some(published + 2 * DAY)), "{known:?}");
		let (payee, changed) = change_payee(&chain, &shop).await?;
		let known = changes(&chain, &shop, &paying.lanes[0]).await?;
		ensure!(known == (Some(changed), Some(changed + DAY)), "{known:?}");

		// The lane goes on as it began, and another one begins as it is now.
		network.finality.wait_for_block(changed, LONGEST_GAP).await?;
		paying.call(0).await?;
		paying.call(1).await?;
		let payees = payees(network, &mut shop, &mut ledger).await?;
		let expected = [(0, (key(DEVELOPER)?.account(), 2)), (1, (payee, 1))].into();
		ensure!(payees == expected, "{payees:?} instead of {expected:?}");
		Ok(())
	})
	.await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes six minutes"]
async fn a_lane_ends_when_its_terms_have_changed_for_long() -> Result<()> {
	Network::with(async |network| {
		let chain = network.chain().clone();
		let mut ledger = Ledger::follow(&chain, chain.block(At::Best).await?.number);
		let server = ModelServer::start(Duration::ZERO).await?;
		let mut shop = open_following(network, &server).await?;
		let session = open_session(&chain, DEPOSIT, BLOCKS).await?;
		let mut paying = Paying::new(&shop, session, CALLER, 2)?;
		paying.call(0).await?;
		publish_another(&chain, shop.release.datanet).await?;
		let (payee, changed) = change_payee(&chain, &shop).await?;

		// The longest voucher, a hundred blocks later, is valid for too long; a shorter one is not.
		let late = changed + (DAY - LONGEST) + 5;
		network.finality.wait_for_block(late, Duration::from_secs(600)).await?;
		let longest = |voucher: Voucher| Voucher { valid_until: late + LONGEST, ..voucher };
		paying.pay(0, longest).await?.is_error(402, "terms_changed")?;
		paying.call(0).await?;
		let answer = paying.pay(1, longest).await?;
		ensure!(answer.status.is_success(), "{answer:?}");
		let payees = payees(network, &mut shop, &mut ledger).await?;
		let expected = [(0, (key(DEVELOPER)?.account(), 2)), (1, (payee, 1))].into();
		ensure!(payees == expected, "{payees:?} instead of {expected:?}");
		Ok(())
	})
	.await
}
