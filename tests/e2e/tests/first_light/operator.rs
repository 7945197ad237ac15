//! An operator whose own key is never where its node runs: a proxy's key signs what goes to the chain,
//! and another one the statements.

use anyhow::{ensure, Context, Result};
use openledger_chain_client::{proxy, requests, runtime::balances, At, Call, Event, ProxyType};
use openledger_e2e::{
	caller::{self, Question},
	inference::{self, Engine, Home, Settle},
	network::{key, say, Network, CALLER, LONGEST_GAP, OPERATOR, RECEIPT_KEY},
	scenario::{publish_data, register_model, submit, PRICE},
	settled::{awaited, settled_calls},
};
use openledger_primitives::{price::Tokens, OPEN};
use std::{fs, time::Duration};

/// The account whose key is on the node's machine.
const PROXY: &str = "//Ferdie//node";
/// Balance that it pays fees from.
const FEES: u128 = 10 * OPEN;
/// The most that a lane's place on chain takes.
const LANE_DEPOSIT: u128 = OPEN / 20;
const QUESTION: Question<'static> =
	Question { prompt: "What is the capital of France?", max_tokens: 12 };
const FINAL: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn a_node_runs_with_the_key_of_a_proxy() -> Result<()> {
	Network::with(async |network| {
		let chain = network.chain().clone();
		let start = chain.block(At::Best).await?.number;
		let (operator, hot, receipts) = (key(OPERATOR)?, key(PROXY)?, key(RECEIPT_KEY)?);
		let home = Home::new(network, Engine::Own { context: None })?;
		home.configure(Settle::At { calls: 1, seconds: 1 })?;
		let text = fs::read_to_string(home.config())?;
		let own = format!("key = {{ uri = {OPERATOR:?} }}");
		let others = format!(
			"key = {{ uri = {PROXY:?} }}\nreceipt_key = {{ uri = {RECEIPT_KEY:?} }}\noperator = {:?}",
			operator.address()
		);
		ensure!(text.contains(&own), "another configuration: {text}");
		fs::write(home.config(), text.replace(&own, &others))?;
		let config = home.config().to_string_lossy().into_owned();

		let (release, hashes) = tokio::try_join!(publish_data(&chain), inference::hashes())?;
		let model = register_model(&chain, &release, hashes).await?;
		let refused = home.register().await.err().context("anybody can act for the operator")?;
		let refused = refused.to_string();
		ensure!(refused.contains("as its proxy") && refused.contains("addProxy"), "{refused}");

		let (delegate, proxy_type) = (hot.account().into(), ProxyType::Operator);
		let add = Call::Proxy(proxy::Call::add_proxy { delegate, proxy_type, delay: 0 });
		submit(&chain, &operator, add).await?;
		let dest = hot.account().into();
		let transfer = Call::Balances(balances::Call::transfer_keep_alive { dest, value: FEES });
		submit(&chain, &key(CALLER)?, transfer).await?;
		let refused =
			home.register().await.err().context("a proxy can put the operator's bond down")?;
		let refused = refused.to_string();
		ensure!(refused.contains("no proxy can do that"), "{refused}");
		home.register_with(&["--suri", OPERATOR]).await?;
		say("the operator has registered and named a proxy, and its key is not needed any more");
		let before = chain.account(&operator.account(), At::Best).await?;
		let registered = chain.node(&operator.account(), At::Best).await?.context("no node")?;
		ensure!(registered.receipt_key == receipts.account(), "another receipt key");

		let node = home.start(network).await?;
		// The caller's side checks the statement's signature against the key on chain.
		caller::call(&chain, network.folder(), &QUESTION, false).await?;
		let calls = settled_calls(&chain, start, 1, FINAL).await?;
		let settled = calls.first().context("no call was settled")?;
		ensure!(settled.lane.node == operator.account(), "the node of {settled:?}");
		say("a call was settled by the proxy");

		let asked = chain.block(At::Best).await?.number;
		let most = PRICE.charge(&Tokens::new(1_000, 16));
		let call = Call::InferenceRequests(requests::Call::request_call {
			model,
			node: Some(operator.account()),
			input: "What is the capital of Italy?".into(),
			max_charge: most.context("a price that does not fit")?,
			deadline: asked + 200,
		});
		submit(&chain, &key(CALLER)?, call).await?;
		let answered =
			awaited(&chain, asked, "the answer on chain", FINAL, |record| match record.event {
				Event::InferenceRequests(requests::Event::CallFulfilled(call)) => Some(call),
				_ => None,
			});
		let answered = answered.await?;
		let by = &answered.call.node;
		ensure!(*by == operator.account() && !answered.output.is_empty(), "{answered:?}");
		say("a call on chain was answered by the proxy");

		let node_now = chain.node(&operator.account(), At::Best).await?.context("no node")?;
		ensure!(node_now.last_heartbeat > 0, "the node was never heard of");
		let after = chain.account(&operator.account(), At::Best).await?;
		ensure!(after.nonce == before.nonce, "the operator's key has signed something");
		// What it puts up for the lane that was settled is on hold.
		let held = after.reserved.checked_sub(before.reserved).context("less is on hold")?;
		ensure!(held > 0 && held <= LANE_DEPOSIT, "{before:?} became {after:?}");
		ensure!(after.free + held > before.free, "the operator earned nothing");
		let left = chain.free_balance(&hot.account(), At::Best).await?;
		ensure!(left < FEES, "the proxy paid nothing");

		let shown = inference::run(&["status", "--config", &config], &[], false).await?;
		ensure!(shown.contains(&operator.address()), "{shown}");
		let well = inference::run(&["doctor", "--config", &config], &[], false).await?;
		for what in ["operator", "proxy", "receipt key", "payee", "open files"] {
			ensure!(well.contains(&format!(" {what:<12} ")), "{what} is missing:\n{well}");
		}
		// The weights bring their tokenizer along: it is no file that the chain could name.
		ensure!(well.contains("which cannot be compared, because the chain has"), "{well}");
		// Another receipt key is the operator's own business.
		let other = network.folder().join("other.toml");
		let text = fs::read_to_string(home.config())?;
		fs::write(&other, text.replace(RECEIPT_KEY, "//Ferdie//other"))?;
		let arguments = ["register", "--config", &other.to_string_lossy()];
		let refused = inference::run(&arguments, &[], false).await;
		let refused = refused.err().context("the proxy can name a receipt key")?.to_string();
		ensure!(refused.contains("no proxy can change that"), "{refused}");
		let arguments = [&arguments[..], &["--suri", OPERATOR]].concat();
		inference::run(&arguments, &[], false).await?;
		let rotated = chain.node(&operator.account(), At::Best).await?.context("no node")?;
		ensure!(rotated.receipt_key == key("//Ferdie//other")?.account(), "it was not changed");

		// And so is who is paid.
		let cold = key("//Ferdie//cold")?.address();
		let other = other.to_string_lossy();
		let arguments = ["register", "--config", &other, "--payee", &cold];
		let refused = inference::run(&arguments, &[], false).await;
		let refused = refused.err().context("the proxy can name who is paid")?.to_string();
		ensure!(refused.contains("another payee, and no proxy can change that"), "{refused}");
		let arguments = [&arguments[..], &["--suri", OPERATOR]].concat();
		inference::run(&arguments, &[], false).await?;
		let paid = chain.node(&operator.account(), At::Best).await?.context("no node")?;
		ensure!(paid.payee == key("//Ferdie//cold")?.account(), "{} is paid", paid.payee);
		let shown = inference::run(&["status", "--config", &other], &[], false).await?;
		for said in [cold.as_str(), "by the operator itself"] {
			ensure!(shown.contains(said), "{said} is missing:\n{shown}");
		}
		drop(node);
		network.finality.check(LONGEST_GAP)?;
		Ok(())
	})
	.await
}
