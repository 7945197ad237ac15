//! The chain, and what it says of this node.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use openledger_chain_client::{ss58, Agent, At, Chain};
use openledger_primitives::{
	info::{ModelInfo, NodeInfo, NodeStatus},
	AccountId, Balance, BlockNumber, OPEN,
};
use openledger_protocol::units::format_amount;
use serde::Deserialize;

use super::{prices, Finding};
use crate::{
	cli::{models, show},
	config::Config,
	node::{may_run_a_node, Keys},
};

/// Finality that is this many blocks behind is not well.
const FAR_BEHIND: BlockNumber = 50;
/// A best block this many seconds old means that the chain stands still, or that the clock is fast.
const OLD: u64 = 60;
/// A best block this many seconds in the future means that the clock is slow.
const AHEAD: u64 = 6;
/// The time that a block takes, in seconds.
const BLOCK: u32 = 3;
/// With less an account may soon not be able to pay for settlements.
const LOW: Balance = OPEN;
/// With deposits for fewer lanes than this, new callers may soon be refused.
const FEW_LANES: Balance = 32;
/// The time that the endpoint may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// A chain node's word on itself.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Health {
	peers: u64,
	is_syncing: bool,
	should_have_peers: bool,
}

/// Checks the chain and what it knows of this node. The models of the configuration, as far as the
/// chain knows them.
pub(super) async fn check(config: &Config, keys: Option<&Keys>) -> (Vec<ModelInfo>, Vec<Finding>) {
	let url = &config.chain.url;
	let chain = match Chain::connect(url).await {
		Ok(chain) => chain,
		Err(error) => {
			let said = format!("{error}: start a chain node, or correct `chain.url`");
			return (Vec::new(), vec![Finding::bad("chain", said)]);
		}
	};
	let mut findings = vec![Finding::good("chain", format_args!("{url} is {}", chain.network()))];
	findings.extend(synced(&chain).await);
	findings.extend(clock(&chain).await);
	let mut infos = Vec::new();
	for model in &config.models {
		match models::find(&chain, &model.name.to_string()).await {
			Ok(info) => {
				findings.extend(prices::check(&chain, &info, model.own_price()).await);
				infos.push(info);
			}
			Err(error) => findings.push(Finding::bad(model.name.to_string(), error)),
		}
	}
	if let Some(keys) = keys {
		findings.extend(account(&chain, &keys.operator).await);
		findings.push(deposits(&chain, keys.operator.account()).await);
		findings.extend(proxy(&chain, &keys.operator).await);
		match chain.node(keys.operator.account(), At::Best).await {
			Ok(Some(node)) => {
				findings.extend(registration(config, keys, &node, &infos));
				let best = chain.block(At::Best).await.map(|block| block.number);
				let seconds = config.chain.heartbeat_seconds;
				findings
					.extend(best.ok().map(|best| heartbeat(node.last_heartbeat, best, seconds)));
				findings.push(endpoint(&node.endpoint).await);
			}
			Ok(None) => {
				let said = "the account is not registered: run `openledger-inference register`";
				findings.push(Finding::bad("registered", said));
			}
			Err(error) => findings.push(Finding::bad("registered", error)),
		}
	}
	(infos, findings)
}

async fn synced(chain: &Chain) -> Vec<Finding> {
	let what = "synced";
	let mut findings = Vec::new();
	match chain.rpc::<Health>("system_health", Vec::new()).await {
		Ok(health) => findings.push(health_finding(&health)),
		Err(error) => findings.push(Finding::doubtful(what, error)),
	}
	let blocks = (chain.block(At::Best).await, chain.block(At::Finalized).await);
	findings.push(match blocks {
		(Ok(best), Ok(finalized)) => {
			let behind = best.number.saturating_sub(finalized.number);
			let said = format!("best block {}, final {}", best.number, finalized.number);
			match behind <= FAR_BEHIND {
				true => Finding::good("finality", said),
				false => Finding::bad(
					"finality",
					format_args!("{said}: settlements wait; look at the chain's validators"),
				),
			}
		}
		(Err(error), _) | (_, Err(error)) => Finding::bad("finality", error),
	});
	findings
}

fn health_finding(health: &Health) -> Finding {
	let what = "synced";
	if health.is_syncing {
		return Finding::bad(what, "the chain node is still catching up: wait until it is done");
	}
	if health.should_have_peers && health.peers == 0 {
		return Finding::bad(what, "the chain node has no peers: look at its network");
	}
	Finding::good(what, format_args!("the chain node has {} peers", health.peers))
}

async fn clock(chain: &Chain) -> Option<Finding> {
	let millis = match chain.timestamp(At::Best).await {
		Ok(Some(millis)) => millis,
		Ok(None) => {
			let said = "the chain says no time: compare this machine's clock with another";
			return Some(Finding::doubtful("clock", said));
		}
		Err(error) => return Some(Finding::doubtful("clock", error)),
	};
	let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
	Some(clock_finding(now, millis / 1_000))
}

fn clock_finding(now: u64, block: u64) -> Finding {
	let what = "clock";
	let (age, ahead) = (now.saturating_sub(block), block.saturating_sub(now));
	if ahead > AHEAD {
		let said = format!("the best block is {ahead} s in the future: set this machine's clock");
		return Finding::bad(what, said);
	}
	if age > OLD {
		let said = format!(
			"the best block is {age} s old: the chain stands still, or this machine's clock is fast"
		);
		return Finding::bad(what, said);
	}
	Finding::good(what, format_args!("the best block is {age} s old"))
}

/// Tells whether the operator lets its proxy run the node, where it has one.
async fn proxy(chain: &Chain, agent: &Agent) -> Option<Finding> {
	let what = "proxy";
	if !agent.is_proxy() {
		return None;
	}
	let (operator, delegate) = (ss58(agent.account()), agent.signer().address());
	Some(match may_run_a_node(chain, agent).await {
		Ok(true) => Finding::good(what, format_args!("{delegate} may act for {operator}")),
		Ok(false) => Finding::bad(
			what,
			format_args!(
				"{delegate} may not act for {operator}: sign `proxy.addProxy` with the operator's key, \
				 for the type `Operator` and without a delay"
			),
		),
		Err(error) => Finding::bad(what, error),
	})
}

/// Looks at what the account that signs has for fees.
async fn account(chain: &Chain, agent: &Agent) -> Option<Finding> {
	let what = "account";
	let free = match chain.free_balance(&agent.signer().account(), At::Best).await {
		Ok(free) => free,
		Err(error) => return Some(Finding::bad(what, error)),
	};
	let said = format!("{} can be spent on fees", format_amount(free));
	Some(match free {
		0 => Finding::bad(what, format_args!("{said}: send it OPEN")),
		1..LOW => Finding::doubtful(what, format_args!("{said}: send it OPEN soon")),
		_ => Finding::good(what, said),
	})
}

/// Looks at what the operator has for the deposits of lanes.
async fn deposits(chain: &Chain, operator: &AccountId) -> Finding {
	let deposit = chain.constant("InferenceMetering", "LaneDeposit").await;
	match (deposit, chain.free_balance(operator, At::Best).await) {
		(Ok(deposit), Ok(free)) => deposits_finding(free, deposit),
		(Err(error), _) | (_, Err(error)) => Finding::bad("deposits", error),
	}
}

fn deposits_finding(free: Balance, deposit: Balance) -> Finding {
	let what = "deposits";
	let lanes = free.checked_div(deposit).unwrap_or(Balance::MAX);
	let said = format!("the operator has {} each for {lanes} more lanes", format_amount(deposit));
	match lanes {
		0 => Finding::bad(
			what,
			format_args!("{said}: new callers are refused; send the operator OPEN"),
		),
		1..FEW_LANES => {
			Finding::doubtful(what, format_args!("{said}: send the operator OPEN soon"))
		}
		_ => Finding::good(what, said),
	}
}

/// Looks at when the node last told the chain that it is alive, where it does so every `every` seconds.
fn heartbeat(last: BlockNumber, best: BlockNumber, every: u32) -> Finding {
	let what = "heartbeat";
	let seconds = best.saturating_sub(last).saturating_mul(BLOCK);
	let said = format!("the last one was in block {last}, {} minutes ago", seconds / 60);
	// One may be late.
	match seconds <= every.saturating_mul(2) {
		true => Finding::good(what, said),
		false => {
			Finding::doubtful(what, format_args!("{said}: callers may pass by; start the node"))
		}
	}
}

/// The remedy for a registration that does not fit the configuration.
const REGISTER: &str = "run `openledger-inference register --config …`";

/// Compares who is paid for the node's calls with the configuration.
fn payee(configured: Option<&AccountId>, node: &NodeInfo) -> Finding {
	let (what, registered) = ("payee", ss58(&node.payee));
	match configured {
		Some(payee) if *payee != node.payee => {
			let said =
				format!("registered is {registered}, configured {}: {REGISTER}", ss58(payee));
			Finding::bad(what, said)
		}
		None if node.payee != node.operator => Finding::doubtful(
			what,
			format_args!(
				"{registered} is paid in the operator's place, and the configuration does not say so: \
				 name it as `payee`, or run `openledger-inference register --payee` with the right one"
			),
		),
		_ => Finding::good(what, format_args!("{registered} is paid")),
	}
}

/// Compares the registration with the configuration.
fn registration(
	config: &Config,
	keys: &Keys,
	node: &NodeInfo,
	infos: &[ModelInfo],
) -> Vec<Finding> {
	let mut findings = vec![match node.status {
		NodeStatus::Active => {
			Finding::good("bond", format_args!("{} are held", format_amount(node.bond)))
		}
		status => Finding::bad("bond", format_args!("the node is {}", show::node_status(status))),
	}];
	let (receipt_key, account) = (ss58(&node.receipt_key), keys.receipts.address());
	findings.push(match node.receipt_key == keys.receipts.account() {
		true => Finding::good("receipt key", receipt_key),
		false => Finding::bad(
			"receipt key",
			format_args!(
				"registered is {receipt_key}, statements are signed by {account}: {REGISTER}"
			),
		),
	});
	findings.push(payee(config.payee.as_ref(), node));
	let trimmed = |url: &str| url.trim_end_matches('/').to_owned();
	findings.push(match &config.endpoint {
		Some(endpoint) if trimmed(endpoint) != trimmed(&node.endpoint) => Finding::bad(
			"endpoint",
			format_args!("registered is {}, configured {endpoint}: {REGISTER}", node.endpoint),
		),
		_ => Finding::good("endpoint", format_args!("{} is registered", node.endpoint)),
	});
	for model in &config.models {
		let Some(info) = infos.iter().find(|info| model.name.is(info)) else { continue };
		let what = info.name.as_str();
		let wanted = config.capacity(model);
		let served = node.models.iter().find(|served| served.model == info.id);
		findings.push(match served.map(|served| served.capacity) {
			None => Finding::bad(what, format_args!("is not registered as served: {REGISTER}")),
			Some(capacity) if capacity != wanted => {
				let said = format!("is registered with {capacity} at a time, configured {wanted}");
				Finding::doubtful(what, format_args!("{said}: {REGISTER}"))
			}
			Some(capacity) => {
				Finding::good(what, format_args!("is registered, {capacity} at a time"))
			}
		});
		if let Some(how) = show::closed(info) {
			let said = format!("is {how} by its owner: its calls are refused");
			findings.push(Finding::doubtful(what, said));
		}
	}
	findings
}

/// Tells whether the node can be reached where the chain says that it is.
async fn endpoint(url: &str) -> Finding {
	let what = "reachable";
	let health = format!("{}/health", url.trim_end_matches('/'));
	let asking = async {
		let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
		client.get(&health).send().await
	};
	match asking.await {
		Ok(answer) if answer.status().is_success() => {
			Finding::good(what, format_args!("{url} answers and is well"))
		}
		Ok(answer) => Finding::doubtful(
			what,
			format_args!(
				"{health} answers with status {}: see what it says",
				answer.status().as_u16()
			),
		),
		Err(_) => Finding::doubtful(
			what,
			format_args!("{url} does not answer from here: start the node, or look at its proxy"),
		),
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::cli::doctor::Verdict;
	use openledger_primitives::info::ServedInfo;
	use openledger_testkit as testkit;
	use std::path::Path;

	#[test]
	fn the_clock_is_compared_with_the_chain() {
		assert_eq!(clock_finding(1_000, 997).verdict, Verdict::Good);
		assert_eq!(clock_finding(1_000, 1_003).verdict, Verdict::Good);
		assert_eq!(clock_finding(1_000, 900).verdict, Verdict::Bad);
		let slow = clock_finding(1_000, 1_060);
		assert_eq!(slow.verdict, Verdict::Bad);
		assert!(slow.said.contains("set this machine's clock"), "{}", slow.said);
	}

	#[test]
	fn a_chain_node_that_is_alone_or_behind_is_no_good() {
		let health = |peers, is_syncing, should_have_peers| {
			health_finding(&Health { peers, is_syncing, should_have_peers }).verdict
		};
		assert_eq!(health(0, false, false), Verdict::Good);
		assert_eq!(health(3, false, true), Verdict::Good);
		assert_eq!(health(0, false, true), Verdict::Bad);
		assert_eq!(health(3, true, true), Verdict::Bad);
	}

	#[test]
	fn an_operator_without_deposits_for_lanes_is_told() {
		let verdict = |free| deposits_finding(free, 10).verdict;
		assert_eq!([verdict(9), verdict(10), verdict(319)], {
			use Verdict::{Bad, Doubtful};
			[Bad, Doubtful, Doubtful]
		});
		assert_eq!(verdict(320), Verdict::Good);
	}

	/// A node as the chain has it.
	fn registered() -> NodeInfo {
		NodeInfo {
			operator: testkit::operator().account(),
			payee: testkit::operator().account(),
			endpoint: "http://node/".into(),
			receipt_key: testkit::operator().account(),
			bond: 100 * OPEN,
			models: vec![ServedInfo { model: testkit::MODEL, capacity: 1 }],
			status: NodeStatus::Active,
			last_heartbeat: 0,
			sessions: 0,
		}
	}

	#[test]
	fn the_registration_has_to_fit_the_configuration() {
		let text = "data_dir = \"d\"\nendpoint = \"http://node\"\nkey = { uri = \"//Bob\" }\n\
		            [[models]]\nname = \"echo\"\nbackend.candle.path = \"m.gguf\"\n";
		let config = Config::parse(text, Path::new("/")).unwrap();
		let verdicts = |change: &dyn Fn(&mut NodeInfo)| -> Vec<Verdict> {
			let mut node = registered();
			change(&mut node);
			let infos = [testkit::model()];
			let findings = registration(&config, &Keys::one(testkit::operator()), &node, &infos);
			findings.iter().map(|finding| finding.verdict).collect()
		};
		use Verdict::{Bad, Doubtful, Good};
		assert_eq!(verdicts(&|_| {}), [Good; 5]);
		assert_eq!(verdicts(&|node| node.status = NodeStatus::Jailed(5))[0], Bad);
		assert_eq!(verdicts(&|node| node.receipt_key = [1; 32].into())[1], Bad);
		assert_eq!(verdicts(&|node| node.payee = [1; 32].into())[2], Doubtful);
		assert_eq!(verdicts(&|node| node.endpoint = "http://old".into())[3], Bad);
		assert_eq!(verdicts(&|node| node.models.clear())[4], Bad);
		assert_eq!(verdicts(&|node| node.models[0].capacity = 9)[4], Doubtful);
	}

	#[test]
	fn both_payees_are_named_where_they_differ() {
		let cold = testkit::key("//Bob//cold").account();
		let paid = NodeInfo { payee: cold.clone(), ..registered() };
		assert_eq!(payee(Some(&cold), &paid).verdict, Verdict::Good);
		assert_eq!(payee(Some(&registered().operator), &registered()).verdict, Verdict::Good);

		let differs = payee(Some(&cold), &registered());
		assert_eq!(differs.verdict, Verdict::Bad);
		for said in [&ss58(&registered().operator), &ss58(&cold), "inference register"] {
			assert!(differs.said.contains(said), "{}", differs.said);
		}
		let silent = payee(None, &paid);
		assert_eq!(silent.verdict, Verdict::Doubtful);
		assert!(silent.said.contains(&ss58(&cold)), "{}", silent.said);
	}
}
