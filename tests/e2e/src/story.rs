//! The whole path of money, as the demo shows it and the tests check it: three paid calls, from the
//! caller's balance to each contributor's.

use crate::{
	caller::{self, Question},
	inference::{self, Engine, Home, InferenceNode, Settle},
	network::{key, say, Network, CALLER, CURATOR, DEVELOPER, LONGEST_GAP, OPERATOR},
	report::{exact, line, Contribution, LaneReport, Sums},
	scenario::{self, Claimed, Release, MODEL},
	settled::settled_lanes,
};
use anyhow::{ensure, Context, Result};
use openledger_chain_client::{At, Chain};
use openledger_primitives::{
	attribution::ReleaseSelector,
	info::{ModelEarnings, PendingPage},
	lane::{SettledCall, SettledLane, SourceShare},
	AccountId, Balance, BlockNumber, ModelId, ReleaseId,
};
use sp_runtime::Permill;
use std::{collections::BTreeMap, fmt, time::Duration};

/// Three questions of different length.
pub const QUESTIONS: [Question<'static>; 3] = [
	Question { prompt: "What is the capital of France?", max_tokens: 24 },
	Question {
		prompt: "Which is the longest river of Europe, and into which sea does it flow? Answer in \
		         one sentence.",
		max_tokens: 48,
	},
	Question {
		prompt:
			"Mount Everest is 8,849 metres high. Kilimanjaro is the highest mountain of Africa, \
		         Denali that of North America, Aconcagua that of South America. Write two sentences \
		         about the highest mountain of Africa.",
		max_tokens: 72,
	},
];

/// Longest time for calls to be settled and final.
const SETTLED: Duration = Duration::from_secs(120);
/// The protocol's part, as it is from the beginning.
const PROTOCOL_SHARE: Permill = Permill::from_percent(5);
/// The pallet id `ol/trsry`, which zeros make an account.
const PROTOCOL: &[u8] = b"modlol/trsry";

/// The account that the protocol's share goes to.
pub fn protocol() -> AccountId {
	let mut account = [0; 32];
	account.iter_mut().zip(PROTOCOL).for_each(|(byte, given)| *byte = *given);
	account.into()
}

/// A model on a chain, and a node that serves it.
pub struct Shop {
	/// The data that the model was made from.
	pub release: Release,
	/// The model.
	pub model: ModelId,
	/// Where the node keeps what it has.
	pub home: Home,
	/// The node.
	pub node: InferenceNode,
}

impl Shop {
	/// Checks what the events only say of a lane's settlement, and nothing else in them can show: whom the parts
	/// go to, at which terms, and out of which releases.
	///
	/// # Errors
	/// If it is not what was registered.
	pub fn check(&self, lane: &SettledLane) -> Result<()> {
		let paid = (&lane.node_payee, &lane.developer_payee);
		let expected = (&key(OPERATOR)?.account(), &key(DEVELOPER)?.account());
		ensure!(paid == expected, "{paid:?} are paid instead of {expected:?}");
		let terms = (lane.price, lane.policy, lane.protocol_share);
		let expected = (scenario::PRICE, scenario::policy(), PROTOCOL_SHARE);
		ensure!(terms == expected, "{terms:?} instead of {expected:?}");
		ensure!(lane.lineage.is_empty(), "a model without parents has some: {lane:?}");
		let source = SourceShare {
			datanet: self.release.datanet,
			release: self.release.release,
			weight: 1,
			curator: key(CURATOR)?.account(),
			curator_share: scenario::CURATOR_SHARE,
		};
		ensure!(lane.sources.as_slice() == [source], "another source: {lane:?}");
		Ok(())
	}
}

/// Everything that has to be there before the first call: data, model, node. A smaller `context` than
/// the model's makes prompts too long sooner.
///
/// # Errors
/// If anything fails.
pub async fn open_shop(
	network: &mut Network,
	settle: Settle,
	context: Option<u32>,
) -> Result<Shop> {
	open_shop_with(network, settle, Engine::Own { context }).await
}

/// The same, with something else that answers.
///
/// # Errors
/// If anything fails.
pub async fn open_shop_with(network: &mut Network, settle: Settle, engine: Engine) -> Result<Shop> {
	let home = Home::new(network, engine)?;
	home.configure(settle)?;
	open_shop_in(network, home, ReleaseSelector::Fixed).await
}

/// The same, with a home that is set up, and a model that pays the release that is chosen.
///
/// # Errors
/// If anything fails.
pub async fn open_shop_in(
	network: &mut Network,
	home: Home,
	choose: impl FnOnce(ReleaseId) -> ReleaseSelector,
) -> Result<Shop> {
	let chain = network.chain().clone();
	let (release, hashes) = tokio::try_join!(scenario::publish_data(&chain), inference::hashes())?;
	say(format_args!(
		"datanet {} has release {} with {} contributions",
		release.datanet,
		release.release,
		release.contributions.len()
	));
	let selector = choose(release.release);
	let model = scenario::register_model_of(&chain, release.datanet, selector, hashes).await?;
	say(format_args!("{MODEL} is registered as model {model}"));
	home.register().await?;
	say("the inference node is registered with its bond");
	let node = home.start(network).await?;
	Ok(Shop { release, model, home, node })
}

/// Outcome of the three calls.
pub struct Story {
	/// One for each settlement of the lane: they have all of the calls.
	pub reports: Vec<LaneReport>,
	/// Claims of each contributor.
	pub claims: Vec<(Contribution, Claimed)>,
	/// Different finalized heads that were seen.
	pub heads: usize,
}

/// Tells the story and checks every sum. With `show`, answers and tables are printed as they come.
///
/// # Errors
/// If anything is missing, or off by a planck.
pub async fn tell(network: &mut Network, show: bool) -> Result<Story> {
	let chain = network.chain().clone();
	let start = chain.block(At::Best).await?.number;
	let settle = Settle::At { calls: 3, seconds: 45 };
	let shop = open_shop(network, settle, None).await?;
	let developer = key(DEVELOPER)?.account();
	let before = chain.free_balance(&developer, At::Best).await?;

	for (number, question) in QUESTIONS.iter().enumerate() {
		say(format_args!("call {}: {:?}", number + 1, question.prompt));
		let printed = caller::call(&chain, network.folder(), question, show).await?;
		ensure!(!printed.trim().is_empty(), "call {} printed nothing", number + 1);
	}

	say("waiting until the calls are settled and final");
	let settled = settled_lanes(&chain, start, QUESTIONS.len(), SETTLED).await?;
	let mut reports = Vec::new();
	for (block, settlement) in &settled {
		let report = LaneReport::new(settlement, prompt_of, &shop.release.contributions)?;
		if show {
			println!("\n{report}  settled in block {}, final\n", block.number);
		}
		report.sums.check()?;
		check_lane(&report, &shop)?;
		reports.push(report);
	}
	let calls = reports.iter().flat_map(|report| &report.calls);
	let sequences: Vec<_> = calls.map(|(call, _)| call.record.sequence).collect();
	ensure!(sequences == [1, 2, 3], "the calls {sequences:?} were settled");
	say("every call adds up to the planck");

	check_state(&chain, &reports, start, before).await?;
	let claims = claim_all(&chain, &reports, &shop, show).await?;
	claim_share(&chain, &reports).await?;
	check_statements(&chain, network, &reports).await?;

	network.finality.wait_for_heads(1, LONGEST_GAP).await?;
	let seen = network.finality.check(LONGEST_GAP)?;
	say(format_args!(
		"chain_getFinalizedHead moved {} times, up to block {}; it never stood still for longer \
		 than {:.1} s",
		seen.heads,
		seen.newest,
		seen.longest_gap.as_secs_f64()
	));
	Ok(Story { reports, claims, heads: seen.heads })
}

/// The question of a call.
fn prompt_of(call: &SettledCall) -> String {
	let number =
		call.record.sequence.checked_sub(1).and_then(|number| usize::try_from(number).ok());
	let question = number.and_then(|number| QUESTIONS.get(number));
	question.map(|question| question.prompt.to_owned()).unwrap_or_default()
}

/// Checks that the events tell of the calls that were made, and name who has to be paid for them.
fn check_lane(report: &LaneReport, shop: &Shop) -> Result<()> {
	let header = &report.settlement.header;
	ensure!(header.agreement.model == shop.model, "calls of another model: {header:?}");
	ensure!(header.caller == key(CALLER)?.account(), "somebody else paid: {header:?}");
	ensure!(header.node == key(OPERATOR)?.account(), "somebody else served: {header:?}");
	shop.check(header)?;
	for (call, _) in &report.calls {
		let record = &call.record;
		let used = record.input_tokens > 0 && record.output_tokens > 0;
		ensure!(used, "no tokens were used: {record:?}");
		let price = scenario::PRICE.charge(&record.tokens());
		ensure!(price == Some(call.charge), "{record:?} was charged {} planck", call.charge);
	}
	Ok(())
}

/// Checks that the chain's state says the same as the events: what the session paid, what everyone
/// earned, and the developer's balance.
async fn check_state(
	chain: &Chain,
	reports: &[LaneReport],
	start: BlockNumber,
	before: Balance,
) -> Result<()> {
	let developer = &key(DEVELOPER)?.account();
	let total = |part: fn(&Sums) -> Balance| -> Balance {
		reports.iter().map(|report| part(&report.sums)).sum()
	};
	let charged = total(|sums| sums.charged);
	let header = &reports.first().context("no call")?.settlement.header;
	let session = chain.session(header.session, At::Finalized).await?.context("no session")?;
	ensure!(session.settled == charged, "the session paid {} planck", session.settled);
	let lane = session.lanes.first().context("the session has no lane")?;
	ensure!(lane.settled == charged, "the lane paid {} planck", lane.settled);
	ensure!(lane.agreement == header.agreement.hash(), "the lane has another agreement");
	ensure!(session.opened_at <= header.agreement.as_of, "paid as of before the session");
	// What is left is still on hold, and what was put down for the session's place.
	let caller = chain.account(&session.caller, At::Finalized).await?;
	let place = scenario::storage_deposit(chain, start, session.id).await?;
	let left = session.deposit - session.settled + place;
	ensure!(caller.reserved == left, "{} planck are on hold instead of {left}", caller.reserved);

	let earned = |account: AccountId| async move { chain.earnings(&account, At::Finalized).await };
	let developed = total(|sums| sums.developer);
	ensure!(earned(developer.clone()).await?.developer == developed, "the developer's earnings");
	let served = total(|sums| sums.node);
	ensure!(earned(session.node).await?.node == served, "the node's earnings");
	let kept = total(|sums| sums.protocol);
	ensure!(earned(protocol()).await?.protocol == kept, "the protocol's earnings");

	let model = chain.model_earnings(header.agreement.model, At::Finalized).await?;
	let expected = ModelEarnings {
		calls: u64::try_from(QUESTIONS.len())?,
		charged,
		developer: developed,
		data: total(|sums| sums.for_data),
		node: served,
		royalties: 0,
		protocol: kept,
	};
	ensure!(model == expected, "the model's totals are {model:?} instead of {expected:?}");

	let after = chain.free_balance(developer, At::Finalized).await?;
	ensure!(after == before + developed, "the developer has {after} planck");
	Ok(())
}

/// Lets every contributor claim, and checks what they get against the calls.
async fn claim_all(
	chain: &Chain,
	reports: &[LaneReport],
	shop: &Shop,
	show: bool,
) -> Result<Vec<(Contribution, Claimed)>> {
	let mut owed: BTreeMap<u64, Balance> = BTreeMap::new();
	for (contribution, earned) in reports.iter().flat_map(|report| &report.sums.data) {
		*owed.entry(contribution.id).or_default() += earned;
	}
	say("the contributors claim what they earned");
	let claiming = shop.release.contributions.iter().map(|contribution| async {
		let owed = owed.get(&contribution.id).copied().unwrap_or_default();
		let account = key(&contribution.contributor)?;
		let address = serde_json::Value::from(account.address());
		let page: PendingPage = chain.rpc("payouts_pending", vec![address]).await?;
		let pending: Balance = page.payouts.iter().map(|payout| payout.amount).sum();
		ensure!(pending == owed, "payouts_pending says {pending} planck instead of {owed}");

		let claimed = scenario::claim(chain, contribution).await?;
		ensure!(claimed.amount == owed, "{} planck claimed instead of {owed}", claimed.amount);
		let earnings = chain.earnings(&account.account(), At::Finalized).await?;
		ensure!(earnings.data == owed, "data earnings of {} planck", earnings.data);
		let left = chain.pending(&account.account(), 0, 16, At::Finalized).await?;
		let left: Balance = left.payouts.iter().map(|payout| payout.amount).sum();
		ensure!(left == 0, "{left} planck are left after the claim");
		anyhow::Ok((contribution.clone(), claimed))
	});
	let claims = futures::future::try_join_all(claiming).await?;
	if show {
		println!();
		for (contribution, claimed) in &claims {
			println!("{}", ClaimTable(contribution, claimed));
		}
	}
	Ok(claims)
}

/// Lets the curator claim, and checks what it gets against the calls.
async fn claim_share(chain: &Chain, reports: &[LaneReport]) -> Result<()> {
	let owed: Balance = reports.iter().flat_map(|report| report.sums.curators.values()).sum();
	ensure!(owed > 0, "the curator earned nothing");
	let curator = key(CURATOR)?;
	let address = serde_json::Value::from(curator.address());
	let page: serde_json::Value = chain.rpc("payouts_pending", vec![address]).await?;
	let pending = page.get("curator").and_then(serde_json::Value::as_str);
	ensure!(pending == Some(&owed.to_string()), "payouts_pending says {page} instead of {owed}");
	let claimed = scenario::claim_curator(chain).await?;
	ensure!(claimed == owed, "the curator was paid {claimed} planck instead of {owed}");
	let account = curator.account();
	let earnings = chain.earnings(&account, At::Finalized).await?;
	ensure!(earnings.curator == owed, "curator earnings of {} planck", earnings.curator);
	let left = chain.pending_curator(&account, At::Finalized).await?;
	ensure!(left == 0, "{left} planck are left after the curator's claim");
	say("the curator claimed its share");
	Ok(())
}

/// Lets the caller compare what the node has signed with what it has settled.
async fn check_statements(chain: &Chain, network: &Network, reports: &[LaneReport]) -> Result<()> {
	let session = reports.first().context("no call")?.settlement.header.session;
	let checked = caller::check(chain, network.folder(), session).await?;
	let agreed = checked.matches("as stated").count();
	ensure!(agreed == QUESTIONS.len(), "{agreed} calls were settled as stated:\n{checked}");
	say("the node has settled exactly what it stated");
	Ok(())
}

struct ClaimTable<'a>(&'a Contribution, &'a Claimed);

impl fmt::Display for ClaimTable<'_> {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		let Self(contribution, claimed) = self;
		let Contribution { contributor, title, weight, .. } = contribution;
		writeln!(formatter, "{contributor} ({title}, weight {weight})")?;
		line(formatter, "balance before", &exact(claimed.before))?;
		line(formatter, "claimed", &format!("+{}", exact(claimed.amount)))?;
		line(formatter, "transaction fee", &format!("-{}", exact(claimed.fee)))?;
		line(formatter, "balance after", &exact(claimed.after))
	}
}
