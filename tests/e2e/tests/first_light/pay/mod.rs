//! The official OpenAI clients, as they are, call models through `openledger-pay`.

mod closing;

use anyhow::{bail, ensure, Context, Result};
use openledger_chain_client::{At, Chain};
use openledger_e2e::{
	binaries::{binary, python},
	inference::Settle,
	network::{key, Network, CALLER, OPERATOR},
	process::Process,
	scenario::MODEL,
	settled::{settled_calls, FinalCall},
	story::open_shop,
};
use openledger_primitives::{Balance, BlockNumber, MILLI_OPEN};
use openledger_protocol::units::format_amount;
use serde_json::Value;
use std::{
	path::{Path, PathBuf},
	time::Duration,
};
use tokio::{process::Command, time::timeout};

const STARTED: Duration = Duration::from_secs(30);
const ANSWERED: Duration = Duration::from_secs(120);
const SETTLED: Duration = Duration::from_secs(120);
const STOPPED: Duration = Duration::from_secs(60);

const QUESTION: &str = "What is the capital of France?";
const EXPECTED: &str = "Paris";
/// Tokens of an answer that has the expected word in it.
const TOKENS: u32 = 12;
/// In planck: the least that the chain takes as a deposit, and enough for a handful of calls.
const BUDGET: Balance = 100 * MILLI_OPEN;
/// More calls than the budget can pay for.
const TOO_MANY: usize = 12;

/// A key that signs vouchers in place of the caller's.
const SIGNER: &str = "//Alice//hot";

/// A running `openledger-pay`. It is killed when this is dropped.
struct Proxy {
	process: Process,
	url: String,
}

impl Proxy {
	/// Starts it on a free port. It goes on with the state of the last one.
	async fn start(network: &mut Network, budget: Balance) -> Result<Self> {
		Self::start_with(network, budget, &[]).await
	}

	/// The same with more options.
	async fn start_with(network: &mut Network, budget: Balance, more: &[&str]) -> Result<Self> {
		Self::run(network, command(network)?, budget, more).await
	}

	/// The same without the key of the account that pays.
	async fn start_keyless(network: &mut Network, budget: Balance, more: &[&str]) -> Result<Self> {
		let mut command = keyless(network)?;
		command.args(["--account", &key(CALLER)?.address()]);
		Self::run(network, command, budget, more).await
	}

	async fn run(
		network: &mut Network,
		mut command: Command,
		budget: Balance,
		more: &[&str],
	) -> Result<Self> {
		command.args(["--summary", "--listen", "127.0.0.1:0", "--budget", &format_amount(budget)]);
		command.args(more);
		let mut process = Process::start("openledger-pay", &mut command)?;
		network.keep_log(process.log());
		let ready = process.wait_for("it is ready for calls", STARTED, |line| address(line));
		let url = format!("http://{}", ready.await?);
		Ok(Self { process, url })
	}

	async fn get(&self, path: &str) -> Result<String> {
		let answer = reqwest::get(format!("{}{path}", self.url)).await?.error_for_status()?;
		Ok(answer.text().await?)
	}

	async fn spend(&self) -> Result<Value> {
		Ok(serde_json::from_str(&self.get("/spend").await?)?)
	}

	/// Calls that were refused for lack of money. A client that tries again makes it more.
	async fn unpaid(&self) -> Result<usize> {
		let metrics = self.get("/metrics").await?;
		let is_it = |line: &&str| {
			line.starts_with("openledger_pay_calls_total{") && line.contains("\"no_funds\"")
		};
		let count = metrics.lines().find(is_it).and_then(|line| line.rsplit(' ').next());
		Ok(count.map_or(Ok(0), str::parse)?)
	}
}

/// `openledger-pay` with what it always needs.
fn command(network: &Network) -> Result<Command> {
	let mut command = keyless(network)?;
	command.args(["--key-env", "CALLER_KEY"]).env("CALLER_KEY", CALLER);
	Ok(command)
}

/// The same without the key of the account that pays.
fn keyless(network: &Network) -> Result<Command> {
	let mut command = Command::new(binary("openledger-pay")?);
	command
		.args(["--chain", network.url(), "--state"])
		.arg(network.folder().join("pay"))
		.env("SIGNER_KEY", SIGNER)
		// The test reads a line of the log.
		.env("RUST_LOG", "info")
		.kill_on_drop(true);
	Ok(command)
}

/// The address in `… ready for calls address=127.0.0.1:41234 account=…`.
fn address(line: &str) -> Option<String> {
	let (_, rest) = line.split_once("ready for calls address=")?;
	rest.split_whitespace().next().map(str::to_owned)
}

/// One of the official clients.
#[derive(Clone, Copy, Debug)]
enum Client {
	Python,
	JavaScript,
}

const CLIENTS: [Client; 2] = [Client::Python, Client::JavaScript];

/// The forms of an answer: whole, or in pieces.
const MODES: [&str; 2] = ["plain", "stream"];

fn scripts() -> PathBuf {
	Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/openai")
}

impl Client {
	fn command(self) -> Result<Command> {
		let (program, script) = match self {
			Self::Python => (python()?, "chat.py"),
			Self::JavaScript => {
				ensure!(scripts().join("node_modules").is_dir(), "run scripts/setup.sh first");
				("node".into(), "chat.mjs")
			}
		};
		let mut command = Command::new(program);
		command.arg(scripts().join(script));
		Ok(command)
	}

	/// Asks, and returns what the script tells: an answer, or the error that the client raised.
	async fn chat(self, proxy: &Proxy, mode: &str, model: &str, tokens: u32) -> Result<Value> {
		let running = self
			.command()?
			.args([mode, model, &tokens.to_string(), QUESTION])
			.env("OPENAI_BASE_URL", format!("{}/v1", proxy.url))
			.env("OPENAI_API_KEY", "none")
			// What is on this machine is not reached through a proxy for the world.
			.env("NO_PROXY", "127.0.0.1")
			.kill_on_drop(true)
			.output();
		let output = timeout(ANSWERED, running).await.context("no answer in time")??;
		let printed = String::from_utf8_lossy(&output.stdout);
		let complaints = String::from_utf8_lossy(&output.stderr);
		ensure!(output.status.success(), "{self:?}: {}\n{printed}\n{complaints}", output.status);
		serde_json::from_str(&printed).with_context(|| format!("{self:?}: {printed}"))
	}

	/// Asks, and checks the answer.
	async fn ask(self, proxy: &Proxy, mode: &str) -> Result<()> {
		let answer = self.chat(proxy, mode, MODEL, TOKENS).await?;
		let what = || format!("{self:?}, {mode}: {answer}");
		let text = answer.get("text").and_then(Value::as_str).with_context(what)?;
		ensure!(text.contains(EXPECTED), what());
		let number = |pointer: &str| answer.pointer(pointer).and_then(Value::as_u64);
		let used = number("/usage/completion_tokens").with_context(what)?;
		ensure!((1..=u64::from(TOKENS)).contains(&used), what());
		ensure!(number("/usage/prompt_tokens").is_some_and(|used| used > 0), what());
		ensure!(answer.get("finish").is_some_and(Value::is_string), what());
		// What is streamed comes in pieces.
		ensure!(mode == "plain" || number("/pieces").is_some_and(|pieces| pieces > 1), what());
		Ok(())
	}
}

/// Checks the class of a client's error, its status and code, and that it says these words.
fn check_error(told: &Value, name: &str, status: u64, code: &str, words: &[&str]) -> Result<()> {
	let error = told.get("error").with_context(|| format!("no error: {told}"))?;
	let text = |key: &str| error.get(key).and_then(Value::as_str).unwrap_or_default();
	ensure!(text("name") == name, "not {name}: {error}");
	ensure!(error.get("status").and_then(Value::as_u64) == Some(status), "not {status}: {error}");
	ensure!(text("code") == code, "not {code}: {error}");
	for word in words {
		ensure!(text("message").contains(word), "{word} is missing in {error}");
	}
	Ok(())
}

/// An amount in planck.
fn amount(report: &Value, pointer: &str) -> Result<Balance> {
	let text = report.pointer(pointer).and_then(Value::as_str);
	let text = text.with_context(|| format!("{pointer} is missing in {report}"))?;
	text.parse().with_context(|| format!("{pointer} is no amount in {report}"))
}

/// Checks that what the proxy says was spent is what the chain has settled, to the planck.
async fn check_sums(
	chain: &Chain,
	report: &Value,
	calls: &[FinalCall],
	budget: Balance,
) -> Result<Balance> {
	let spent = amount(report, "/spent")?;
	let charged: Balance = calls.iter().map(|settled| settled.call.charge).sum();
	ensure!(charged == spent, "{charged} planck were settled, and these spent: {report}");
	let session = report.pointer("/sessions/0/session").and_then(Value::as_u64);
	let session = session.with_context(|| format!("no session: {report}"))?;
	let found = chain.session(session, At::Finalized).await?.context("no such session on chain")?;
	ensure!(found.settled == spent, "{} planck were paid out of {found:?}", found.settled);
	ensure!(found.caller == key(CALLER)?.account() && found.node == key(OPERATOR)?.account());
	ensure!(found.deposit == budget, "{found:?}");
	ensure!(chain.session(session + 1, At::Best).await?.is_none(), "a second session was opened");

	let left = amount(report, "/sessions/0/left")?;
	ensure!(left + spent == budget, "{left} planck are left: {report}");
	ensure!(amount(report, "/in_sessions")? == budget, "{report}");
	ensure!(amount(report, "/committed")? == budget && amount(report, "/reserved")? == 0);
	for of in ["/models/0", "/nodes/0"] {
		ensure!(amount(report, &format!("{of}/spent"))? == spent, "{of} is off: {report}");
	}
	let count = |pointer: &str| report.pointer(pointer).and_then(Value::as_u64);
	ensure!(count("/calls/served") == Some(u64::try_from(calls.len())?), "{report}");
	for none in ["/calls/broken", "/calls/under_way", "/calls/unresolved", "/proofs"] {
		ensure!(count(none) == Some(0), "{none} is not 0: {report}");
	}
	let tokens = |of: fn(&FinalCall) -> u32| calls.iter().map(|call| u64::from(of(call))).sum();
	ensure!(count("/models/0/input_tokens") == Some(tokens(|call| call.call.record.input_tokens)));
	ensure!(
		count("/models/0/output_tokens") == Some(tokens(|call| call.call.record.output_tokens))
	);
	Ok(spent)
}

/// Calls until the budget is spent. How often that went well.
async fn exhaust(proxy: &Proxy) -> Result<usize> {
	for number in 0..TOO_MANY {
		let told = Client::JavaScript.chat(proxy, "plain", MODEL, 1).await?;
		if told.get("error").is_some() {
			let words = ["--budget", "/spend", &format_amount(BUDGET)];
			check_error(&told, "RateLimitError", 429, "insufficient_quota", &words)?;
			return Ok(number);
		}
	}
	bail!("{TOO_MANY} calls did not use up the budget");
}

/// Waits until so many calls are settled, and checks what the proxy says. What was spent.
async fn check_all(
	chain: &Chain,
	start: BlockNumber,
	proxy: &Proxy,
	calls: usize,
	budget: Balance,
) -> Result<Balance> {
	let settled = settled_calls(chain, start, calls, SETTLED).await?;
	check_sums(chain, &proxy.spend().await?, &settled, budget).await
}

/// Ends it with SIGTERM, and checks what it prints.
async fn stop(mut proxy: Proxy, spent: Balance, calls: usize, budget: Balance) -> Result<()> {
	let status = proxy.process.stop(STOPPED).await?;
	ensure!(status.success(), "openledger-pay ended with {status}");
	let (spent, budget) = (format_amount(spent), format_amount(budget));
	for (name, value) in [
		("spent", format!("{spent} for {calls} calls")),
		("budget", format!("{budget}, 0 OPEN left")),
		("model", format!("{MODEL}: {spent} for {calls} calls, ")),
	] {
		let row = format!("{name:<14} {value}");
		let found = proxy.process.log().find(|line| line.starts_with(&row).then_some(()));
		found.with_context(|| format!("the summary lacks: {row}"))?;
	}
	Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_clients_pay_for_calls() -> Result<()> {
	Network::with(async |network| {
		let chain = network.chain().clone();
		let start = chain.block(At::Best).await?.number;
		let _shop = open_shop(network, Settle::At { calls: 1, seconds: 1 }, None).await?;
		let proxy = Proxy::start_with(network, BUDGET, &["--max-charge", "1"]).await?;

		let words = ["`gpt-unheard-of`", "/v1/models"];
		for client in CLIENTS {
			for mode in MODES {
				let told = client.chat(&proxy, mode, "gpt-unheard-of", TOKENS).await?;
				check_error(&told, "NotFoundError", 404, "model_not_found", &words)?;
			}
		}
		ensure!(amount(&proxy.spend().await?, "/committed")? == 0, "errors cost something");

		let mut calls = 0;
		for client in CLIENTS {
			for mode in MODES {
				client.ask(&proxy, mode).await?;
				calls += 1;
			}
		}
		check_all(&chain, start, &proxy, calls, BUDGET).await?;

		// Too much for what is left; less than that goes through until the rest is spent, too.
		let words = ["--budget", "max_tokens", &format_amount(BUDGET)];
		for mode in MODES {
			let told = Client::Python.chat(&proxy, mode, MODEL, 1_000).await?;
			check_error(&told, "RateLimitError", 429, "insufficient_quota", &words)?;
		}
		calls += exhaust(&proxy).await?;
		let unpaid = proxy.unpaid().await?;
		ensure!(unpaid == 3, "clients tried again without money: {unpaid} times instead of 3");
		let spent = check_all(&chain, start, &proxy, calls, BUDGET).await?;

		stop(proxy, spent, calls, BUDGET).await?;

		// With a higher budget the same session goes on, with more in it.
		let raised = 2 * BUDGET;
		let proxy = Proxy::start(network, raised).await?;
		Client::Python.ask(&proxy, "stream").await?;
		calls += 1;
		let spent = check_all(&chain, start, &proxy, calls, raised).await?;
		stop(proxy, spent, calls, raised).await?;

		let printed = closing::close(network).await?;
		let left = format_amount(raised - spent);
		let told = format!("session 0 is closed; {left} came back");
		ensure!(printed.contains(&told), "{told} is missing in {printed}");
		ensure!(chain.session(0, At::Best).await?.is_none(), "the session is open");
		Ok(())
	})
	.await
}
