//! Texts that are continued, and sessions that are closed with the agreement of their node, or without.

use super::{amount, command, Proxy, BUDGET, MODEL, QUESTION, SETTLED, SIGNER, STOPPED, TOKENS};
use anyhow::{ensure, Context, Result};
use openledger_chain_client::{
	metering,
	runtime::{dynamic_params::windows, parameters, sudo, RuntimeParameters},
	At, Call, Chain, Event,
};
use openledger_e2e::{
	inference::Settle,
	network::{key, say, Network, CALLER},
	scenario::submit,
	settled::{awaited, settled_calls},
	story::open_shop,
};
use openledger_primitives::{Balance, BlockNumber, SessionId};
use openledger_protocol::units::format_amount;
use serde_json::{json, Value};
use std::time::Duration;
use tokio::time::timeout;

/// Longest time until a node has settled, and that is final.
const CLOSED: Duration = Duration::from_secs(240);
/// The shortest notice that governance can set, in blocks of three seconds: ten minutes.
const SHORTEST_NOTICE: BlockNumber = 200;
/// Longest time for that.
const NOTICE: Duration = Duration::from_secs(1_200);

/// `openledger-pay --close`. What it printed.
pub(super) async fn close(network: &Network) -> Result<String> {
	let closing = command(network)?.arg("--close").output();
	let output = timeout(CLOSED, closing).await.context("--close takes too long")??;
	let printed = String::from_utf8_lossy(&output.stdout).into_owned();
	let complaints = String::from_utf8_lossy(&output.stderr);
	ensure!(output.status.success(), "{}\n{printed}\n{complaints}", output.status);
	Ok(printed)
}

/// Asks without any client. The status, and what came.
async fn post(proxy: &Proxy, path: &str, body: &Value) -> Result<(u16, String)> {
	let http = reqwest::Client::builder().no_proxy().build()?;
	let request = http.post(format!("{}{path}", proxy.url)).body(body.to_string());
	let answer = request.header("content-type", "application/json").send().await?;
	Ok((answer.status().as_u16(), answer.text().await?))
}

/// Lets a text be continued, plain or streamed. What it was continued with.
async fn continued(proxy: &Proxy, stream: bool) -> Result<String> {
	let body = json!({
		"model": MODEL, "prompt": "The capital of France is", "max_tokens": TOKENS,
		"temperature": 0, "stream": stream,
	});
	let (status, answer) = post(proxy, "/v1/completions", &body).await?;
	ensure!(status == 200, "{status}: {answer}");
	let text = |json: &str| -> Result<String> {
		let value: Value = serde_json::from_str(json)?;
		let text = value.pointer("/choices/0/text").and_then(Value::as_str);
		Ok(text.unwrap_or_default().to_owned())
	};
	if !stream {
		return text(&answer);
	}
	let data: Vec<_> = answer.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
	let (last, pieces) = data.split_last().context("an empty stream")?;
	ensure!(*last == "[DONE]", "the stream broke off: {answer}");
	pieces.iter().map(|piece| text(piece)).collect()
}

async fn chat(proxy: &Proxy) -> Result<()> {
	let message = json!({ "role": "user", "content": QUESTION });
	let body = json!({ "model": MODEL, "messages": [message], "max_tokens": TOKENS });
	let (status, answer) = post(proxy, "/v1/chat/completions", &body).await?;
	ensure!(status == 200, "{status}: {answer}");
	Ok(())
}

/// Amount that came back from a session, in a final block, in planck.
async fn refunded(chain: &Chain, from: BlockNumber, session: SessionId) -> Result<Balance> {
	awaited(chain, from, "the end of the session", SETTLED, |record| match record.event {
		Event::InferenceMetering(metering::Event::SessionClosed(closed))
			if closed.session == session =>
		{
			Some(closed.refunded)
		}
		_ => None,
	})
	.await
}

async fn held(chain: &Chain) -> Result<Balance> {
	Ok(chain.account(&key(CALLER)?.account(), At::Finalized).await?.reserved)
}

/// The node settles by itself not while this runs: it does so because it is asked to.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_at_once_when_both_sides_agree() -> Result<()> {
	Network::with(async |network| {
		let chain = network.chain().clone();
		let mut shop = open_shop(network, Settle::Later, None).await?;
		let start = chain.block(At::Best).await?.number;
		let budget = 3 * BUDGET;
		let deposit = format_amount(BUDGET);
		let options = ["--deposit", deposit.as_str()];
		let closing = [&options[..], &["--close-at-end"]].concat();
		let mut proxy = Proxy::start_with(network, budget, &closing).await?;

		chat(&proxy).await?;
		let plain = continued(&proxy, false).await?;
		ensure!(plain.contains("Paris"), "continued with {plain:?}");
		let streamed = continued(&proxy, true).await?;
		ensure!(streamed == plain, "{streamed:?} instead of {plain:?}");
		let inputs = json!({ "model": MODEL, "input": "Paris" });
		let (status, refused) = post(&proxy, "/v1/embeddings", &inputs).await?;
		ensure!(status == 400 && refused.contains("unsupported_endpoint"), "{status}: {refused}");
		say("a chat and two continued texts are paid for; vectors are not served");

		let spent = amount(&proxy.spend().await?, "/spent")?;
		let open = chain.session(0, At::Best).await?.context("no session")?;
		ensure!((open.deposit, open.settled) == (BUDGET, 0), "{open:?}");
		let status = proxy.process.stop(CLOSED).await?;
		ensure!(status.success(), "openledger-pay ended with {status}");
		ensure!(chain.session(0, At::Best).await?.is_none(), "the session is open");
		let calls = settled_calls(&chain, start, 3, SETTLED).await?;
		let charged: Balance = calls.iter().map(|settled| settled.call.charge).sum();
		ensure!(charged == spent, "{charged} planck were settled, {spent} spent");
		let back = refunded(&chain, start, 0).await?;
		ensure!(back == BUDGET - spent, "{back} planck came back");
		ensure!(held(&chain).await? == 0, "something is still on hold");
		let row = format!("{:<14} {}", "in sessions", format_amount(0));
		let row = proxy.process.log().find(|line| line.starts_with(&row).then_some(()));
		row.context("the summary does not say that nothing is in sessions")?;
		say("the session was closed when the proxy was stopped");

		hot_key(network, budget, &options).await?;

		// Another session, and nobody to agree to its end.
		let mut proxy = Proxy::start_with(network, budget, &options).await?;
		chat(&proxy).await?;
		ensure!(proxy.process.stop(STOPPED).await?.success());
		shop.node.kill().await?;
		let printed = close(network).await?;
		let session = chain.session(2, At::Best).await?.context("no third session")?;
		let from = session.closes_at.context("nobody asked to close the session")?;
		let told = format!("session 2 can be closed at block {from}");
		ensure!(printed.contains(&told), "{told} is missing in {printed}");
		say("without the node, the end was asked for on chain");
		Ok(())
	})
	.await
}

/// A session whose vouchers a hot key signs, first beside the account's own key, then without it.
async fn hot_key(network: &mut Network, budget: Balance, options: &[&str]) -> Result<()> {
	let chain = network.chain().clone();
	let start = chain.block(At::Best).await?.number;
	let (signer, limit) = (["--signer-env", "SIGNER_KEY"], BUDGET / 2);
	let limited = format_amount(limit);
	let opening = [options, &signer, &["--signer-limit", &limited]].concat();
	let mut proxy = Proxy::start_with(network, budget, &opening).await?;
	chat(&proxy).await?;
	ensure!(proxy.process.stop(STOPPED).await?.success());
	let session = chain.session(1, At::Best).await?.context("no second session")?;
	ensure!(session.signer == key(SIGNER)?.account(), "{session:?}");
	ensure!((session.deposit, session.spending_limit) == (BUDGET, limit), "{session:?}");

	let mut proxy = Proxy::start_keyless(network, budget, &[options, &signer].concat()).await?;
	chat(&proxy).await?;
	let refused = loop {
		let message = json!({ "role": "user", "content": QUESTION });
		let body = json!({ "model": MODEL, "messages": [message], "max_tokens": TOKENS });
		let (status, answer) = post(&proxy, "/v1/chat/completions", &body).await?;
		if status != 200 {
			break answer;
		}
	};
	ensure!(refused.contains("session_not_funded"), "{refused}");
	let report = proxy.spend().await?;
	let of_session = amount(&report, "/sessions/0/left")?;
	ensure!(of_session < limit / 2, "{of_session} planck are left: {report}");
	ensure!(proxy.process.stop(STOPPED).await?.success());

	let printed = close(network).await?;
	ensure!(printed.contains("session 1 is closed"), "{printed}");
	let back = refunded(&chain, start, 1).await?;
	ensure!(back == BUDGET - (limit - of_session), "{back} planck came back");
	say("a hot key paid, no more than its limit, and without the account's key");
	Ok(())
}

/// To the end of the shortest notice that there is.
#[ignore = "it takes ten minutes and more"]
#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_with_notice_when_the_node_is_gone() -> Result<()> {
	Network::with(async |network| {
		let chain = network.chain().clone();
		let notice = windows::Parameters::CloseNotice(windows::CloseNotice, Some(SHORTEST_NOTICE));
		let key_value = RuntimeParameters::Windows(notice);
		let set = Call::Parameters(parameters::Call::set_parameter { key_value });
		let call = Call::Sudo(sudo::Call::sudo { call: Box::new(set) });
		submit(&chain, &key(CALLER)?, call).await?;
		let mut shop = open_shop(network, Settle::Later, None).await?;
		let start = chain.block(At::Best).await?.number;
		let mut proxy = Proxy::start(network, BUDGET).await?;
		chat(&proxy).await?;
		ensure!(proxy.process.stop(STOPPED).await?.success());
		shop.node.kill().await?;

		close(network).await?;
		let session = chain.session(0, At::Best).await?.context("no session")?;
		let from = session.closes_at.context("nobody asked to close the session")?;
		let now = chain.block(At::Best).await?.number;
		ensure!(from <= now + SHORTEST_NOTICE, "the notice is over in block {from} only");
		let waiting = async {
			while chain.block(At::Best).await?.number < from {
				tokio::time::sleep(Duration::from_secs(3)).await;
			}
			anyhow::Ok(())
		};
		timeout(NOTICE, waiting).await.context("the notice is not over")??;

		let printed = close(network).await?;
		// The node has settled nothing.
		let told = format!("session 0 is closed; {} came back", format_amount(BUDGET));
		ensure!(printed.contains(&told), "{told} is missing in {printed}");
		let back = refunded(&chain, start, 0).await?;
		ensure!(back == BUDGET && held(&chain).await? == 0, "{back} planck came back");
		say("the session was closed when its notice was over");
		Ok(())
	})
	.await
}
