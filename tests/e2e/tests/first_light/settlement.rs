//! The other ways from a call to its payment: asked and answered on chain, settled by sums that can be
//! proven, and a session that both sides end at once. And what tells an operator that all is well.

use anyhow::{ensure, Context, Result};
use openledger_chain_client::{
	events, metering, requests, settlements::of_events, At, Call, Chain, Event, LaneOutcome,
};
use openledger_e2e::{
	binaries::model_file,
	caller::{self, Question},
	inference::{self, Settle},
	network::{key, say, Network, LONGEST_GAP, OPERATOR},
	report::Sums,
	scenario::{fee, submit, PRICE},
	settled::awaited,
	story::{open_shop, Shop},
};
use openledger_primitives::{
	lane::{Agreement, CallRecord, SettledItem, SettledRun, VersionedStatement},
	lane_list::{acknowledged_root, LaneLeaf},
	mountain,
	price::Tokens,
	tree, Balance, BlockNumber, Hash, RequestId, Sequence, SessionId,
};
use serde_json::Value;
use sp_io::hashing::blake2_256;
use std::{collections::BTreeSet, fs, time::Duration};

const QUESTION: Question<'static> =
	Question { prompt: "What is the capital of Norway?", max_tokens: 8 };
/// As many calls as the node waits for: it settles all but the newest by their sums.
const TOGETHER: u64 = 4;
/// Who has nothing but a wallet. No validator, so that the only fees in its balance are its own.
const ASKER: &str = "//Alice//stash";
/// Blocks that a call on chain may wait.
const LONG: BlockNumber = 200;
const FINAL: Duration = Duration::from_secs(120);

/// The price of a call with so many tokens, in planck.
fn price(input: u32, output: u32) -> Result<Balance> {
	PRICE.charge(&Tokens::new(input, output)).context("a price that does not fit")
}

#[tokio::test(flavor = "multi_thread")]
async fn sums_are_proven_and_calls_on_chain_are_answered() -> Result<()> {
	Network::with(async |network| {
		let calls = u32::try_from(TOGETHER)?;
		let shop = open_shop(network, Settle::Together { calls }, None).await?;
		let chain = network.chain().clone();
		let start = chain.block(At::Best).await?.number;
		let asker = key(ASKER)?.account();
		let before = chain.account(&asker, At::Best).await?;

		let too_cheap = price(0, 0)? + 1;
		let cheap = ask(&chain, &shop, too_cheap, LONG).await?;
		let generous = price(1_000, 1_000)?;
		let answered = ask(&chain, &shop, generous, LONG).await?;
		say("two calls are requested on chain, one of them for too little");

		for _ in 0..TOGETHER {
			caller::call(&chain, network.folder(), &QUESTION, false).await?;
		}
		let charged = fulfilled(&chain, &shop, &answered).await?;
		let session = settled_together(network, &shop, start).await?;
		close(network, &shop, session).await?;
		doctor(network, &shop).await?;

		declined(&chain, &cheap, start).await?;
		let mut spent = cheap.fee + answered.fee + charged;
		for request in [cheap.id, answered.id] {
			let forget = Call::InferenceRequests(requests::Call::forget_outcome { request });
			let forgotten = submit(&chain, &key(ASKER)?, forget).await?;
			spent += forgotten.find(fee).context("no TransactionFeePaid event")?;
		}
		let after = chain.account(&asker, At::Best).await?;
		ensure!(after.reserved == before.reserved, "{} planck are on hold", after.reserved);
		ensure!(after.free + spent == before.free, "{before:?} less {spent} is not {after:?}");
		network.finality.check(LONGEST_GAP)?;
		Ok(())
	})
	.await
}

/// A call that was requested on chain.
struct Asked {
	id: RequestId,
	block: BlockNumber,
	deadline: BlockNumber,
	max_charge: Balance,
	/// The fee of the request itself, in planck.
	fee: Balance,
}

/// The question asked on chain. The temperature makes the answer the same each time, and short.
const PROMPT: &str = r#"{ "messages": [{ "role": "user", "content": "What is the capital of Italy?" }],
	"max_tokens": 16, "temperature": 0 }"#;

/// Requests a call of the shop's node that is over in so many blocks.
async fn ask(
	chain: &Chain,
	shop: &Shop,
	max_charge: Balance,
	blocks: BlockNumber,
) -> Result<Asked> {
	let deadline = chain.block(At::Best).await?.number + blocks;
	let call = Call::InferenceRequests(requests::Call::request_call {
		model: shop.model,
		node: Some(key(OPERATOR)?.account()),
		input: PROMPT.to_owned(),
		max_charge,
		deadline,
	});
	let included = submit(chain, &key(ASKER)?, call).await?;
	let id = included
		.find(|event| match event {
			Event::InferenceRequests(requests::Event::CallRequested(requested)) => {
				Some(requested.request)
			}
			_ => None,
		})
		.context("no CallRequested event")?;
	let fee = included.find(fee).context("no TransactionFeePaid event")?;
	Ok(Asked { id, block: included.block.number, deadline, max_charge, fee })
}

/// Waits for a call's answer and checks it, and where every planck of its charge went. The charge.
async fn fulfilled(chain: &Chain, shop: &Shop, asked: &Asked) -> Result<Balance> {
	let (block, fulfilled) =
		awaited(chain, asked.block, "the answer on chain", FINAL, |record| match record.event {
			Event::InferenceRequests(requests::Event::CallFulfilled(call)) => {
				(call.request == asked.id).then_some((record.block, call))
			}
			_ => None,
		})
		.await?;
	ensure!(block.number <= asked.deadline, "answered after the deadline");
	let (call, settled) = (&fulfilled.call, &fulfilled.call.call);
	let parties = (&call.caller, &call.node, call.agreement.model, call.agreement.as_of);
	let expected = (&key(ASKER)?.account(), &key(OPERATOR)?.account(), shop.model, asked.block);
	ensure!(parties == expected, "{parties:?} instead of {expected:?}");
	let text = &fulfilled.output;
	let record = &settled.record;
	ensure!(!text.trim().is_empty() && record.output_tokens <= 16, "the answer is {text:?}");
	let hashes = (fulfilled.input_hash, record.response_hash);
	let output = blake2_256(text.as_bytes());
	let expected: (Hash, Hash) = (blake2_256(PROMPT.as_bytes()).into(), output.into());
	ensure!(hashes == expected, "{hashes:?} instead of {expected:?}");
	let price = price(record.input_tokens, record.output_tokens)?;
	ensure!(price == settled.charge, "charged {} planck", settled.charge);
	let all = settled.charge + fulfilled.released;
	ensure!(all == asked.max_charge, "{all} planck instead of {}", asked.max_charge);
	let stated = call.statement(chain.genesis_hash(), asked.id, fulfilled.input_hash);
	let signed = VersionedStatement::from(stated);
	let is_signed = signed.verify(&fulfilled.signature, &fulfilled.receipt_key);
	ensure!(is_signed, "the node has not signed for the call: {fulfilled:?}");
	Sums::of_call(asked.id, call, &shop.release.contributions)?.check()?;
	say(format_args!("the call was answered on chain: {text:?}"));
	Ok(settled.charge)
}

/// Waits until the node says on chain that it does not answer a call for its price. All that was set aside for its
/// charge comes back with that.
async fn declined(chain: &Chain, asked: &Asked, start: BlockNumber) -> Result<()> {
	let id = asked.id;
	let reason =
		awaited(chain, start, "the end of a call on chain", FINAL, |record| match record.event {
			Event::InferenceRequests(requests::Event::CallDeclined(over)) if over.request == id => {
				Some(format!("{:?}, over: {}", over.reason, over.over))
			}
			Event::InferenceRequests(requests::Event::CallFulfilled(call)) => {
				(call.request == id).then(|| "it was answered".to_owned())
			}
			Event::InferenceRequests(requests::Event::CallExpired(over)) => {
				(over.request == id).then(|| "nobody said anything".to_owned())
			}
			_ => None,
		})
		.await?;
	ensure!(reason == "TooDear, over: true", "the call for too little: {reason}");
	say("the call for too little was declined, and came back whole");
	Ok(())
}

/// Waits until the calls are settled by their sums, and checks the sums against the node's records, each of
/// which it can prove. The newest call waits for the next settlement: nobody has acknowledged it. The session.
async fn settled_together(network: &Network, shop: &Shop, start: BlockNumber) -> Result<SessionId> {
	let chain = network.chain();
	let settled =
		awaited(chain, start, "a settlement by sums", FINAL, |record| match record.event {
			Event::InferenceMetering(metering::Event::LaneSettled(_)) => Some(record.block),
			_ => None,
		});
	let block = settled.await?;
	let outcomes = of_events(&events::at(chain, block.hash).await?);
	let [LaneOutcome::Settled(settled)] = outcomes.as_slice() else {
		anyhow::bail!("not one lane: {outcomes:?}")
	};
	ensure!(settled.rejected.is_empty(), "rejected: {settled:?}");
	let session = settled.header.session;
	let [SettledItem::Run(run)] = settled.items.as_slice() else {
		anyhow::bail!("not one run: {settled:?}")
	};
	let range = (run.first_sequence, run.last_sequence, u64::from(run.totals.calls));
	ensure!(range == (1, TOGETHER - 1, TOGETHER - 1), "the sums are of {range:?}");
	shop.check(&settled.header)?;
	Sums::of_lane(settled, &shop.release.contributions)?.check()?;

	let mut charges = 0;
	for sequence in 1..=run.last_sequence {
		let proven = Proven::of(shop, session, sequence).await?;
		let place = (proven.block, proven.root, &proven.agreement);
		let expected = (block.number, settled.header.root, &settled.header.agreement);
		ensure!(place == expected, "{place:?} instead of {expected:?}");
		ensure!(proven.holds(), "no proof of {proven:?}");
		ensure!(proven.is_listed(run), "no proof that the run has it: {proven:?}");
		let leaf = proven.list.as_ref().context("no list")?.leaf;
		let other = LaneLeaf { statement: Hash::repeat_byte(1), ..leaf };
		ensure!(!proven.with_leaf(other)?.is_listed(run), "it proves any statement");
		charges += proven.charge;
	}
	let charge = run.totals.charge;
	ensure!(charges == charge, "{charges} planck are proven, {charge} were charged");

	let checked = caller::check(chain, network.folder(), session).await?;
	let counts = |what: &str| checked.matches(what).count();
	let stated = counts("settled together with others");
	ensure!(u64::try_from(stated)? == TOGETHER - 1, "{checked}");
	ensure!(counts(" of 3 calls: as stated") == 1 && counts("  as stated") == 0, "{checked}");
	say("the calls were settled by their sums, and each is proven");
	Ok(session)
}

/// The node's word on a call that is settled.
#[derive(Clone, Debug)]
struct Proven {
	block: BlockNumber,
	agreement: Agreement,
	record: CallRecord,
	charge: Balance,
	item: SettledItem,
	root: Hash,
	index: u32,
	items: u32,
	hashes: Vec<Hash>,
	list: Option<Listed>,
}

/// The place of a call in its lane's list.
#[derive(Clone, Debug)]
struct Listed {
	count: u32,
	peaks: Vec<Hash>,
	leaf: LaneLeaf,
	hashes: Vec<Hash>,
}

impl Proven {
	/// Asks the node for a record until it has heard that it is settled.
	async fn of(shop: &Shop, session: SessionId, sequence: Sequence) -> Result<Self> {
		let url = format!("{}/v1/records/{session}/0/{sequence}", shop.home.url());
		let asking = async {
			loop {
				let answer = reqwest::get(&url).await?.error_for_status()?;
				let answer: Value = serde_json::from_str(&answer.text().await?)?;
				if answer.get("status").and_then(Value::as_str) == Some("settled") {
					return anyhow::Ok(answer);
				}
				tokio::time::sleep(Duration::from_millis(200)).await;
			}
		};
		let answer = tokio::time::timeout(FINAL, asking).await.context("it is not settled")??;
		let part = |path: &str| {
			let part = answer.pointer(path).with_context(|| format!("no {path} in {answer}"));
			part.cloned()
		};
		Ok(Self {
			block: serde_json::from_value(part("/settlement/block")?)?,
			agreement: serde_json::from_value(part("/agreement")?)?,
			record: serde_json::from_value(part("/record")?)?,
			charge: part("/charge")?.as_str().context("no amount")?.parse()?,
			item: serde_json::from_value(part("/settlement/item")?)?,
			root: serde_json::from_value(part("/settlement/root")?)?,
			index: serde_json::from_value(part("/settlement/index")?)?,
			items: serde_json::from_value(part("/settlement/items")?)?,
			hashes: serde_json::from_value(part("/settlement/hashes")?)?,
			list: match part("/settlement/list")? {
				Value::Null => None,
				_ => Some(Listed {
					count: serde_json::from_value(part("/settlement/list/count")?)?,
					peaks: serde_json::from_value(part("/settlement/list/peaks")?)?,
					leaf: serde_json::from_value(part("/settlement/list/leaf")?)?,
					hashes: serde_json::from_value(part("/settlement/list/hashes")?)?,
				}),
			},
		})
	}

	/// Returns `true` if the item is among those under the settlement's root.
	fn holds(&self) -> bool {
		let opened = [(self.index, self.item.leaf())];
		tree::root_from(self.items, &opened, &self.hashes) == Some(self.root)
	}

	/// Returns `true` if the call is in a run: in the list that the run's voucher has acknowledged, at a place that
	/// the run covers.
	fn is_listed(&self, run: &SettledRun) -> bool {
		let Some(Listed { count, peaks, leaf, hashes }) = &self.list else { return false };
		let opened = leaf.index().map(|index| [(index, leaf.hash())]);
		let is_acknowledged = acknowledged_root(*count, peaks) == Some(run.acknowledged_root);
		let is_inside = (run.first_sequence..=run.last_sequence).contains(&leaf.sequence);
		is_acknowledged
			&& is_inside
			&& leaf.sequence == self.record.sequence
			&& opened.is_some_and(|opened| mountain::holds(*count, peaks, &opened, hashes))
	}

	/// The same with another leaf.
	fn with_leaf(&self, leaf: LaneLeaf) -> Result<Self> {
		let list = self.list.clone().context("no list")?;
		Ok(Self { list: Some(Listed { leaf, ..list }), ..self.clone() })
	}
}

/// One more call, and the end of the session: the node settles what is left, call by call, and agrees; and what
/// was not spent is free again at once.
async fn close(network: &Network, shop: &Shop, session: SessionId) -> Result<()> {
	let chain = network.chain();
	caller::call(chain, network.folder(), &QUESTION, false).await?;
	let open = chain.session(session, At::Best).await?.context("no session")?;
	let asked = chain.block(At::Best).await?.number;
	let printed = caller::close(chain, network.folder(), session).await?;
	ensure!(printed.contains(&format!("session {session} is closed")), "{printed}");
	let best = chain.block(At::Best).await?.number;
	network.finality.wait_for_block(best, LONGEST_GAP).await?;
	ensure!(chain.session(session, At::Finalized).await?.is_none(), "it is still open");

	let mut settled = open.settled;
	let refunded = awaited(chain, asked, "the end of the session", FINAL, |record| {
		let Event::InferenceMetering(event) = record.event else { return None };
		match event {
			metering::Event::LaneSettled(lane) if lane.header.session == session => {
				settled += lane.header.charged;
			}
			metering::Event::SessionClosed(closed) if closed.session == session => {
				return Some(closed.refunded);
			}
			_ => {}
		}
		None
	})
	.await?;
	ensure!(settled > open.settled, "the last calls were not settled");
	let left = open.deposit - settled;
	ensure!(refunded == left, "{refunded} planck came back instead of {left}");
	let held = chain.account(&open.caller, At::Finalized).await?.reserved;
	ensure!(held == 0, "{held} planck are still on hold");
	ensure!(!printed.contains("can be closed at"), "not at once: {printed}");

	let mut charges = 0;
	for sequence in [TOGETHER, TOGETHER + 1] {
		let proven = Proven::of(shop, session, sequence).await?;
		let is_call =
			matches!(&proven.item, SettledItem::Call(call) if call.record == proven.record);
		ensure!(is_call && proven.list.is_none() && proven.holds(), "no proof of {proven:?}");
		charges += proven.charge;
	}
	ensure!(charges == settled - open.settled, "{charges} planck are proven of {settled}");
	let checked = caller::check(chain, network.folder(), session).await?;
	ensure!(checked.contains("closed in block"), "{checked}");
	let listed = caller::sessions(chain, network.folder()).await?;
	ensure!(
		listed.lines().any(|line| line.starts_with("state") && line.ends_with("closed")),
		"{listed}"
	);
	say("the session was closed at once");
	Ok(())
}

/// `openledger-inference doctor` and `hash`, against what is on chain.
async fn doctor(network: &Network, shop: &Shop) -> Result<()> {
	let config = shop.home.config().to_string_lossy().into_owned();
	let well = inference::run(&["doctor", "--config", &config], &[], false).await?;
	ensure!(well.contains("nothing that stops this node"), "{well}");
	for what in ["chain", "bond", "receipt key", "endpoint", "reachable", "store"] {
		ensure!(well.contains(&format!("ok    {what:<12} ")), "{what} is not well:\n{well}");
	}

	let sick = async |arguments: &[&str], expected: &[&str]| {
		let arguments = [&["doctor", "--no-models"], arguments].concat();
		let said = inference::run(&arguments, &[], false).await;
		let said = said.err().context("the doctor found nothing")?.to_string();
		for expected in expected {
			ensure!(said.contains(expected), "{expected:?} is not said:\n{said}");
		}
		anyhow::Ok(())
	};
	let (url, moved) = (shop.home.url(), "http://moved.example:8402");
	let other = network.folder().join("moved.toml");
	let text = fs::read_to_string(&config)?;
	fs::write(
		&other,
		text.replace(&format!("endpoint = {url:?}"), &format!("endpoint = {moved:?}")),
	)?;
	let says = format!("FAIL  endpoint     registered is {url}, configured {moved}: run");
	sick(&["--config", &other.to_string_lossy()], &[&says, "1 of "]).await?;
	let nowhere = "ws://127.0.0.1:1";
	let says = ["FAIL  chain", "start a chain node, or correct `chain.url`", "1 of "];
	sick(&["--config", &config, "--chain", nowhere], &says).await?;

	let hashed = inference::run(&["hash", &model_file()?.to_string_lossy()], &[], false).await?;
	let found: BTreeSet<&str> = hashed.split_whitespace().collect();
	let model = network.chain().model(shop.model, At::Best).await?.context("no model")?;
	let template = model.details.template_hash.context("no template is registered")?;
	for registered in [model.details.base_hash, template] {
		ensure!(found.contains(format!("{registered:?}").as_str()), "{registered:?}: {hashed}");
	}
	say("the doctor knows what is well and what is not");
	Ok(())
}
