//! The x402 packages, with the plug-in for this network, pay for calls.

use anyhow::{ensure, Context, Result};
use openledger_chain_client::At;
use openledger_e2e::{
	inference::Settle, network::Network, scenario::MODEL, settled::settled_calls, story::open_shop,
};
use std::{
	path::{Path, PathBuf},
	process::Output,
	time::Duration,
};
use tokio::{process::Command, time::timeout};

const ANSWERED: Duration = Duration::from_secs(120);
const SETTLED: Duration = Duration::from_secs(120);

fn scripts() -> PathBuf {
	Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/x402")
}

async fn node(arguments: &[&str], env: &[(&str, &str)]) -> Result<Output> {
	ensure!(scripts().join("node_modules").is_dir(), "run scripts/setup.sh first");
	let running = Command::new("node")
		.args(arguments)
		.envs(env.iter().copied())
		.current_dir(scripts())
		.kill_on_drop(true)
		.output();
	let output = timeout(ANSWERED, running).await.context("no answer in time")??;
	let printed = String::from_utf8_lossy(&output.stdout);
	let complaints = String::from_utf8_lossy(&output.stderr);
	ensure!(output.status.success(), "{}\n{printed}\n{complaints}", output.status);
	Ok(output)
}

#[tokio::test]
async fn the_plug_in_encodes_as_the_specification_says() -> Result<()> {
	let tests = ["test/answer.test.mjs", "test/encoding.test.mjs", "test/scheme.test.mjs"];
	node(&[&["--test"], &tests[..]].concat(), &[]).await?;
	Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_x402_packages_pay_for_calls() -> Result<()> {
	Network::with(async |network| {
		let chain = network.chain().clone();
		let start = chain.block(At::Best).await?.number;
		let _shop = open_shop(network, Settle::At { calls: 1, seconds: 1 }, None).await?;
		let url = network.url().to_owned();
		let state = network.folder().join("x402.json");
		let state = state.to_str().context("the folder has an odd name")?;

		let asked = "What is the capital of France?";
		let call = ["--chain", &url, "--model", MODEL, "--prompt", asked];
		let rest = ["--max-tokens", "12", "--state", state];
		let key = [("CALLER_KEY", "//Alice")];
		// The second run goes on where the first ended: the same session, the next sequence.
		for (stream, sequence) in [(&[][..], "call 1"), (&["--stream"][..], "call 2")] {
			let arguments = [&["pay-call.mjs"][..], &call, &rest, stream].concat();
			let output = node(&arguments, &key).await?;
			let printed = String::from_utf8_lossy(&output.stdout).into_owned();
			for word in ["Paris", "charged", "session    0", sequence] {
				ensure!(printed.contains(word), "{word} is missing in\n{printed}");
			}
		}
		let calls = settled_calls(&chain, start, 2, SETTLED).await?;
		ensure!(calls.len() == 2, "{} calls were settled", calls.len());
		ensure!(chain.session(1, At::Best).await?.is_none(), "a second session was opened");
		Ok(())
	})
	.await
}
