//! polkadot.js reads the metadata, registers a model, calls one, and signs as an offline wallet does.

use anyhow::{ensure, Context, Result};
use openledger_chain_client::At;
use openledger_e2e::{
	inference::{Engine, Home, Settle},
	network::{key, Network, OPERATOR},
	scenario::MODEL,
	story::open_shop_in,
};
use openledger_primitives::{attribution::ReleaseSelector, Balance, Hash, OPEN};
use std::{fs, path::Path, time::Duration};

/// What the node's operator has put up.
const BOND: Balance = 100 * OPEN;
use tokio::{process::Command, time::timeout};

/// Runs a script with these arguments to its end. Returns what it has printed.
async fn run(script: &str, arguments: &[&str]) -> Result<String> {
	let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/polkadot-js");
	ensure!(scripts.join("node_modules").is_dir(), "run scripts/setup.sh first");
	let running =
		Command::new("node").arg(scripts.join(script)).args(arguments).kill_on_drop(true).output();
	let output = timeout(Duration::from_secs(100), running).await??;
	let printed = String::from_utf8_lossy(&output.stdout).into_owned();
	let complaints = String::from_utf8_lossy(&output.stderr);
	ensure!(output.status.success(), "{}\n{printed}\n{complaints}", output.status);
	Ok(printed)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_registered_with_polkadot_js() -> Result<()> {
	Network::with(async |network| {
		let name = "polkadot-js/test";
		let printed = run("register-model.mjs", &[network.url(), name]).await?;
		for word in [
			"modelRegistry",
			"dataAttribution",
			"inferenceMetering",
			"revenueSplit",
			"registerModel(name:",
			"details: ",
			"setPayee(model:",
			"claim(contribution:",
			"settleLanes(lanes:",
			"payAccrued(account:",
			"ModelRegistered",
		] {
			ensure!(printed.contains(word), "{word} is missing in\n{printed}");
		}

		let chain = network.chain();
		let id = chain.model_by_name(name, At::Best).await?.context("no such model")?;
		let model = chain.model(id, At::Best).await?.context("no such model")?;
		ensure!(model.owner == key("//Charlie")?.account(), "{model:?}");
		ensure!(model.payee == model.owner, "{model:?}");
		ensure!(model.price.is_sound() && model.details.base_hash != Hash::zero(), "{model:?}");
		Ok(())
	})
	.await
}

/// Somebody with a wallet asks the node, and then anybody, and reads the answer in the state.
#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_called_with_polkadot_js() -> Result<()> {
	Network::with(async |network| {
		let home = Home::new(network, Engine::Own { context: None })?;
		home.configure(Settle::Later)?;
		let config = fs::read_to_string(home.config())?;
		fs::write(home.config(), format!("on_chain_calls = \"any\"\n{config}"))?;
		let shop = open_shop_in(network, home, ReleaseSelector::Fixed).await?;
		let operator = key(OPERATOR)?;
		let url = network.url().to_owned();
		let chat = r#"{"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 8}"#;
		let address = operator.address();
		for (who, question) in [(address.as_str(), "What is the capital of Italy?"), ("any", chat)]
		{
			let printed = run("call-on-chain.mjs", &[&url, MODEL, question, who]).await?;
			let by = format!("answered by {address}");
			for word in [by.as_str(), "answer   ", "freed    "] {
				ensure!(printed.contains(word), "{word} is missing in\n{printed}");
			}
			ensure!(!printed.contains("answer   0x"), "the answer is no text:\n{printed}");
		}
		let held = network.chain().account(&operator.account(), At::Best).await?.reserved;
		ensure!(held == BOND, "{held} planck are on hold of the operator's");

		// What is no chat request is declined, and costs nothing.
		let declined = run("call-on-chain.mjs", &[&url, MODEL, r#"{"messages":["#, &address]).await;
		let told = declined.err().context("it was answered")?.to_string();
		ensure!(told.contains("declined: BadInput"), "{told}");
		drop(shop);
		Ok(())
	})
	.await
}

/// Development blobs do not know the hash of their metadata: `scripts/wallets.sh` asks one that does.
#[tokio::test(flavor = "multi_thread")]
async fn an_offline_wallets_metadata_hash_is_checked() -> Result<()> {
	Network::with(async |network| {
		let printed = run("sign-offline.mjs", &["refused", network.url()]).await?;
		for word in [
			"metadata hash 0x",
			"balances.transferKeepAlive:",
			"inferenceMetering.settleLanes:",
			"accepted without a hash",
			"refused with another hash",
			"refused with the hash",
		] {
			ensure!(printed.contains(word), "{word} is missing in\n{printed}");
		}
		Ok(())
	})
	.await
}
