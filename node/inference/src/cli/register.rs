//! `register`: puts the node on chain.

use std::path::PathBuf;

use anyhow::{bail, Context};
use clap::Args;
use openledger_chain_client::{
	agent,
	metering::{self, Served},
	parse_account, ss58, utility, At, Call, Chain, Event, SubmitOptions,
};
use openledger_primitives::{
	info::{ModelInfo, NodeInfo, NodeStatus},
	AccountId, Balance, Uri, MAX_SERVED, MILLI_OPEN,
};
use openledger_protocol::units::{format_amount, parse_amount};

use super::{chain_url, keys::KeyArgs, models, show};
use crate::{
	config::Config,
	node::{may_run_a_node, Keys},
};

/// The amount that an account keeps besides a bond: the existential deposit, and fees.
const RESERVE: Balance = 100 * MILLI_OPEN;

/// Registers the node on chain, with a bond, or changes what is registered.
///
/// The endpoint, the models, how many calls of each are answered at a time, the key and the chain
/// come from the configuration; what is given here counts instead. Callers find the node on chain
/// by the models that it serves. Statements are signed with the configuration's `receipt_key`, else
/// with its `key`; if the node is registered with another one, it is changed. So is the account that is
/// paid, where a `payee` is named. Where the configuration names an `operator`, its proxy's key can do
/// everything here but these two: give the operator's own key.
///
/// Examples:
///
///   openledger-inference register --config config.toml --bond 100
///   openledger-inference register --chain ws://127.0.0.1:9944 --suri //Bob \
///       --endpoint http://127.0.0.1:8402 --model smollm2-135m-instruct --bond 100
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Register {
	/// The configuration of the node.
	#[arg(long, short, value_name = "FILE")]
	config: Option<PathBuf>,
	/// The WebSocket of a chain node.
	#[arg(long, value_name = "URL", env = "OPENLEDGER_CHAIN")]
	chain: Option<String>,
	/// The URL at which callers reach the node.
	#[arg(long, value_name = "URL")]
	endpoint: Option<String>,
	/// A model that the node serves, by its name on chain or its number. May be given several
	/// times.
	#[arg(long = "model", value_name = "MODEL")]
	models: Vec<String>,
	/// Calls of each model that the node answers at a time. If left out, what the configuration
	/// says, or 1.
	#[arg(long, value_name = "CALLS", value_parser = clap::value_parser!(u32).range(1..))]
	capacity: Option<u32>,
	/// The account that is paid for the node's calls. If left out, what the configuration says, or what is
	/// registered: the operator itself at first, whose account ends that again.
	#[arg(long, value_name = "ACCOUNT", value_parser = parse_account)]
	payee: Option<AccountId>,
	/// The bond against misbehaviour, in OPEN. It is held on the operator's account, and
	/// stays as it is when a registration is changed.
	#[arg(long, value_name = "OPEN", default_value = "100", value_parser = parse_amount)]
	bond: Balance,
	#[command(flatten)]
	key: KeyArgs,
}

/// The registration that is to be on chain.
struct Wanted {
	endpoint: String,
	models: Vec<(ModelInfo, u32)>,
	receipt_key: AccountId,
	/// Whoever is registered stays if there is none.
	payee: Option<AccountId>,
}

impl Register {
	pub(super) async fn main(self) -> anyhow::Result<()> {
		let config = self.config.as_deref().map(Config::load).transpose()?;
		let url = chain_url(self.chain.as_deref(), config.as_ref());
		let keys = self.key.of_operator(config.as_ref())?;
		let operator = keys.operator.account();
		let chain = Chain::connect(&url).await?;
		let wanted = self.wanted(config.as_ref(), &keys, &chain).await?;
		for (model, _) in &wanted.models {
			if let Some(how) = show::closed(model) {
				eprintln!("warning: {} is {how} by its owner: nobody can call it", model.name);
			}
		}
		let registered = chain.node(operator, At::Best).await?;
		let left = registered.as_ref().filter(|node| node.status != NodeStatus::Active);
		if let Some(node) = left {
			eprintln!("warning: the node is {}", show::node_status(node.status));
		}
		let call = wanted.call(operator, registered.as_ref(), self.bond)?;
		let Some(call) = call else {
			show::line("already registered so: nothing to change");
			return print(&chain, operator).await;
		};
		check_signer(&chain, &keys, &call).await?;
		if registered.is_none() {
			let free = chain.free_balance(operator, At::Best).await?;
			if free < self.bond.saturating_add(RESERVE) {
				bail!(
					"the account {} has {}, too little for a bond of {} and fees: send it OPEN",
					ss58(operator),
					format_amount(free),
					format_amount(self.bond)
				);
			}
		}
		eprintln!("waiting until {} is final…", call.name());
		let outcome =
			agent::submit_for(&chain, &call, &keys.operator, SubmitOptions::finalized()).await?;
		let included =
			outcome.into_included().with_context(|| format!("{} failed", call.name()))?;
		let held = included.find(|event| match event {
			Event::InferenceMetering(metering::Event::NodeRegistered(node)) => Some(node.bond),
			_ => None,
		});
		match held {
			Some(bond) => show::line(format_args!(
				"registered in block {}; {} are held as the bond",
				included.block.number,
				format_amount(bond)
			)),
			None => show::line(format_args!("changed in block {}", included.block.number)),
		}
		print(&chain, operator).await
	}

	async fn wanted(
		&self,
		config: Option<&Config>,
		keys: &Keys,
		chain: &Chain,
	) -> anyhow::Result<Wanted> {
		let configured = config.and_then(|config| config.endpoint.clone());
		let endpoint = self.endpoint.clone().or(configured).context(
			"at which URL do callers reach the node? Set `endpoint` in the configuration, or give \
			 --endpoint",
		)?;
		let http =
			reqwest::Url::parse(&endpoint).with_context(|| format!("endpoint {endpoint}"))?;
		if !matches!(http.scheme(), "http" | "https") {
			bail!("the endpoint {endpoint} must start with http:// or https://");
		}
		let mut names = self.models.clone();
		if names.is_empty() {
			let configured = config.map(|config| config.models.as_slice()).unwrap_or_default();
			names.extend(configured.iter().map(|model| model.name.to_string()));
		}
		if names.is_empty() {
			bail!("which models does the node serve? Give --config or --model");
		}
		let mut found: Vec<(ModelInfo, u32)> = Vec::with_capacity(names.len());
		for name in &names {
			let model = models::find(chain, name).await?;
			if !found.iter().any(|(other, _)| other.id == model.id) {
				let capacity = self.capacity(config, &model);
				found.push((model, capacity));
			}
		}
		let payee = self.payee.clone().or_else(|| config?.payee.clone());
		Ok(Wanted { endpoint, models: found, receipt_key: keys.receipts.account(), payee })
	}

	/// The number of calls of a model that the node answers at a time.
	fn capacity(&self, config: Option<&Config>, model: &ModelInfo) -> u32 {
		let configured = config.and_then(|config| {
			let entry = config.models.iter().find(|entry| entry.name.is(model))?;
			Some(config.capacity(entry))
		});
		self.capacity.or(configured).unwrap_or(1)
	}
}

impl Wanted {
	/// The call that has to be sent, if any.
	fn call(
		&self,
		operator: &AccountId,
		registered: Option<&NodeInfo>,
		bond: Balance,
	) -> anyhow::Result<Option<Call>> {
		let models = self.models.iter().map(|(model, capacity)| (model.id, *capacity));
		let models: Vec<Served> =
			models.map(|(model, capacity)| Served { model, capacity }).collect();
		if u32::try_from(models.len()).map_or(true, |models| models > MAX_SERVED) {
			bail!("a node serves {MAX_SERVED} models at most");
		}
		let endpoint = Uri::try_from(self.endpoint.clone().into_bytes()).ok();
		let endpoint = endpoint.context("the endpoint is longer than 256 bytes")?.into();
		let receipt_key = self.receipt_key.clone();
		let mut calls = Vec::new();
		match registered {
			None => {
				calls.push(metering::Call::register_node { endpoint, receipt_key, bond, models });
			}
			Some(node) => {
				let served = node.models.iter();
				let served: Vec<_> =
					served.map(|of| Served { model: of.model, capacity: of.capacity }).collect();
				if node.endpoint != self.endpoint || in_order(&served) != in_order(&models) {
					calls.push(metering::Call::update_node { endpoint, models });
				}
				if node.receipt_key != receipt_key {
					calls.push(metering::Call::rotate_receipt_key { receipt_key });
				}
			}
		}
		// Nobody else is paid for a new node than its operator.
		let paid = registered.map_or(operator, |node| &node.payee);
		if let Some(payee) = self.payee.as_ref().filter(|payee| *payee != paid) {
			let payee = (payee != operator).then(|| payee.clone());
			calls.push(metering::Call::set_payee { payee });
		}
		let mut calls: Vec<_> = calls.into_iter().map(Call::InferenceMetering).collect();
		Ok(match calls.len() {
			0 | 1 => calls.pop(),
			_ => Some(Call::Utility(utility::Call::batch_all { calls })),
		})
	}
}

/// Tells whether the key may sign this.
async fn check_signer(chain: &Chain, keys: &Keys, call: &Call) -> anyhow::Result<()> {
	let agent = &keys.operator;
	let (operator, signer) = (ss58(agent.account()), agent.signer().address());
	if !may_run_a_node(chain, agent).await? {
		bail!(
			"{operator} has not named {signer} as its proxy: sign `proxy.addProxy` with the operator's \
			 key, for the type `Operator` and without a delay; or give the operator's own key here"
		);
	}
	let calls = match call {
		Call::Utility(utility::Call::batch_all { calls }) => calls.as_slice(),
		call => std::slice::from_ref(call),
	};
	let has = |is: fn(&metering::Call) -> bool| {
		calls.iter().any(|call| matches!(call, Call::InferenceMetering(call) if is(call)))
	};
	if agent.is_proxy() && has(|call| matches!(call, metering::Call::register_node { .. })) {
		bail!(
			"the node is not registered yet, and no proxy can do that, because it decides on the bond: give \
			 the key of {operator}, with --key-file, --key-env or --key-stdin"
		);
	}
	if agent.is_proxy() && has(|call| matches!(call, metering::Call::rotate_receipt_key { .. })) {
		bail!(
			"the node is registered with another receipt key, and no proxy can change that: give the \
			 key of {operator}, with --key-file, --key-env or --key-stdin"
		);
	}
	if agent.is_proxy() && has(|call| matches!(call, metering::Call::set_payee { .. })) {
		bail!(
			"the node is registered with another payee, and no proxy can change that: give the key of \
			 {operator}, with --key-file, --key-env or --key-stdin"
		);
	}
	Ok(())
}

fn in_order(served: &[Served]) -> Vec<(u32, u32)> {
	let mut pairs: Vec<_> = served.iter().map(|served| (served.model, served.capacity)).collect();
	pairs.sort_unstable();
	pairs
}

/// Prints what the chain has now.
async fn print(chain: &Chain, operator: &AccountId) -> anyhow::Result<()> {
	let node = chain.node(operator, At::Best).await?;
	let node = node.context("the chain does not have the registration")?;
	show::node(operator, &node);
	for served in &node.models {
		if let Some(model) = chain.model(served.model, At::Best).await? {
			show::served(&model, served.capacity);
		}
	}
	show::account(&chain.account(operator, At::Best).await?);
	Ok(())
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_primitives::info::ServedInfo;
	use openledger_testkit as testkit;

	fn wanted() -> Wanted {
		let other = ModelInfo { id: 9, ..testkit::model() };
		Wanted {
			endpoint: "http://node".into(),
			models: vec![(testkit::model(), 1), (other, 4)],
			receipt_key: testkit::operator().account(),
			payee: None,
		}
	}

	fn registered() -> NodeInfo {
		NodeInfo {
			operator: testkit::operator().account(),
			payee: testkit::operator().account(),
			endpoint: "http://node".into(),
			receipt_key: testkit::operator().account(),
			bond: 100,
			// In another order: that makes no difference.
			models: vec![
				ServedInfo { model: 9, capacity: 4 },
				ServedInfo { model: testkit::MODEL, capacity: 1 },
			],
			status: NodeStatus::Active,
			last_heartbeat: 0,
			sessions: 0,
		}
	}

	fn call(change: impl FnOnce(&mut NodeInfo)) -> Option<Call> {
		let mut node = registered();
		change(&mut node);
		send(&wanted(), Some(&node))
	}

	fn send(wanted: &Wanted, registered: Option<&NodeInfo>) -> Option<Call> {
		wanted.call(&testkit::operator().account(), registered, 100).unwrap()
	}

	#[test]
	fn a_new_node_is_registered_whole() {
		let call = send(&wanted(), None).unwrap();
		let Call::InferenceMetering(metering::Call::register_node {
			endpoint,
			receipt_key,
			bond,
			models,
		}) = call
		else {
			panic!("{call:?}")
		};
		assert_eq!((endpoint.as_slice(), bond), (&b"http://node"[..], 100));
		assert_eq!(receipt_key, testkit::operator().account());
		assert_eq!(in_order(&models), [(testkit::MODEL, 1), (9, 4)]);
	}

	#[test]
	fn what_has_changed_is_sent() {
		assert_eq!(call(|_| {}), None);
		let update = |call: Option<Call>| {
			let Some(Call::InferenceMetering(call)) = call else { return false };
			matches!(call, metering::Call::update_node { .. })
		};
		assert!(update(call(|node| node.endpoint = "http://old".into())));
		assert!(update(call(|node| node.models[0].capacity = 3)));
		assert!(update(call(|node| node.models.truncate(1))));
		let receipt_key = testkit::operator().account();
		let rotate = call(|node| node.receipt_key = [1; 32].into());
		let expected = metering::Call::rotate_receipt_key { receipt_key };
		assert_eq!(rotate, Some(Call::InferenceMetering(expected)));
		let both = call(|node| {
			node.receipt_key = [1; 32].into();
			node.models.clear();
		});
		let Some(Call::Utility(utility::Call::batch_all { calls })) = both else { panic!() };
		assert_eq!(calls.len(), 2);
	}

	#[test]
	fn a_payee_is_set_where_another_one_is_registered() {
		let (operator, cold) = (testkit::operator().account(), testkit::key("//cold").account());
		let pays = |payee: &AccountId| Wanted { payee: Some(payee.clone()), ..wanted() };
		let set = |payee| Some(Call::InferenceMetering(metering::Call::set_payee { payee }));
		let by_operator = registered();
		let by_other = NodeInfo { payee: cold.clone(), ..registered() };

		assert_eq!(send(&pays(&cold), Some(&by_operator)), set(Some(cold.clone())));
		assert_eq!(send(&pays(&operator), Some(&by_other)), set(None));
		for (wanted, node) in [
			(pays(&cold), &by_other),
			(pays(&operator), &by_operator),
			// Whoever was named in a wallet stays.
			(wanted(), &by_other),
		] {
			assert_eq!(send(&wanted, Some(node)), None);
		}
		let Some(Call::Utility(utility::Call::batch_all { calls })) = send(&pays(&cold), None)
		else {
			panic!()
		};
		assert_eq!(calls.get(1).cloned(), set(Some(cold)));
		let registers = send(&pays(&operator), None);
		assert!(matches!(
			registers,
			Some(Call::InferenceMetering(metering::Call::register_node { .. }))
		));
	}
}
