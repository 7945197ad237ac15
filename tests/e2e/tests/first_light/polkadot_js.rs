//! polkadot.js reads the metadata and registers a model.

use anyhow::{ensure, Context, Result};
use openledger_chain_client::At;
use openledger_e2e::network::{key, Network};
use openledger_primitives::Hash;
use std::{path::Path, time::Duration};
use tokio::{process::Command, time::timeout};

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_registered_with_polkadot_js() -> Result<()> {
	Network::with(async |network| {
		let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/polkadot-js");
		ensure!(scripts.join("node_modules").is_dir(), "run scripts/setup.sh first");
		let name = "polkadot-js/test";
		let running = Command::new("node")
			.arg(scripts.join("register-model.mjs"))
			.args([network.url(), name])
			.kill_on_drop(true)
			.output();
		let output = timeout(Duration::from_secs(100), running).await??;
		let printed = String::from_utf8_lossy(&output.stdout);
		let complaints = String::from_utf8_lossy(&output.stderr);
		ensure!(output.status.success(), "{}\n{printed}\n{complaints}", output.status);
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
