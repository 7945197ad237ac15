//! A real llama.cpp server runs the small language model, and the inference node stands in front of it.

use anyhow::{ensure, Context, Result};
use openledger_chain_client::At;
use openledger_e2e::{
	backend,
	binaries::model_file,
	inference::{Engine, Settle},
	network::{key, say, Network, CALLER},
	payer::{Answer, Lane, Payer},
	process::Process,
	scenario::{open_session, MODEL, PRICE},
	settled::settled_calls,
	story::open_shop_with,
};
use openledger_models::ModelTokenizer;
use openledger_primitives::{Balance, BlockNumber, OPEN};
use serde_json::{json, Value};
use std::{net::TcpListener, path::PathBuf, time::Duration};
use tokio::{
	process::Command,
	time::{sleep, timeout},
};

const STARTED: Duration = Duration::from_secs(120);
const SETTLED: Duration = Duration::from_secs(120);
const QUESTION: &str = "Name the planets of the solar system, in order.";
const TOKENS: u32 = 32;
/// Time that the session lasts, in blocks.
const BLOCKS: BlockNumber = 1_000;

/// A running server. It is killed when this is dropped.
struct Server {
	_process: Process,
	url: String,
}

impl Server {
	async fn start(network: &mut Network) -> Result<Self> {
		let home = std::env::var_os("OPENLEDGER_LLAMA_CPP").context(
			"OPENLEDGER_LLAMA_CPP is not set; scripts/openai/llama-cpp.sh runs this test",
		)?;
		let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
		let mut command = Command::new(PathBuf::from(home).join("bin/python"));
		command.args([
			"-m",
			"llama_cpp.server",
			"--host",
			"127.0.0.1",
			"--n_ctx",
			"2048",
			"--model",
		]);
		command.arg(model_file()?).args(["--model_alias", backend::MODEL]);
		// Otherwise whoever asks which models there are, as the node does from time to time, breaks the
		// answer off that is under way.
		command.args(["--interrupt_requests", "false", "--port"]);
		let mut process = Process::start("llama_cpp.server", command.arg(port.to_string()))?;
		network.keep_log(process.log());
		let url = format!("http://127.0.0.1:{port}/v1");
		let answers = async {
			while reqwest::get(format!("{url}/models")).await.is_err() {
				ensure!(process.ended()?.is_none(), "llama.cpp's server ended");
				sleep(Duration::from_millis(100)).await;
			}
			Ok(())
		};
		timeout(STARTED, answers).await.context("llama.cpp's server does not answer")??;
		Ok(Self { _process: process, url })
	}

	/// Answer to a question that is asked without anything in between.
	async fn ask(&self, body: &[u8]) -> Result<Value> {
		let mut body: Value = serde_json::from_slice(body)?;
		let fields = body.as_object_mut().context("no request")?;
		fields.insert("model".into(), backend::MODEL.into());
		let url = format!("{}/chat/completions", self.url);
		let answer = reqwest::Client::new().post(url).json(&body).send().await?;
		Ok(answer.error_for_status()?.json().await?)
	}
}

/// The same answer each time: the likeliest token always.
fn request(stream: bool) -> Vec<u8> {
	let body = json!({
		"model": MODEL,
		"messages": [{ "role": "user", "content": QUESTION }],
		"max_tokens": TOKENS,
		"temperature": 0,
		"stream": stream,
	});
	body.to_string().into_bytes()
}

/// Checks an answer against what the server says by itself. What it cost, in planck.
fn check(answer: &Answer, direct: &Value, tokenizer: &ModelTokenizer) -> Result<Balance> {
	let said = direct.pointer("/choices/0/message/content").and_then(Value::as_str);
	let said = said.with_context(|| format!("no text: {direct}"))?;
	ensure!(!said.trim().is_empty(), "it says nothing: {direct}");
	ensure!(answer.text == said, "{:?} instead of {said:?}", answer.text);
	let used = |pointer: &str| direct.pointer(pointer).and_then(Value::as_u64);
	let statement = answer.receipt()?.statement.newest();
	let tokens = statement.tokens;
	ensure!(
		Some(u64::from(tokens.input)) == used("/usage/prompt_tokens"),
		"{statement:?}, and the server counted {direct}"
	);
	// The tokenizer of this node counts the text. The server counts what it generated, with a token
	// that ends an answer, or the first bytes of a character that is not whole.
	let counted = tokenizer.count(&answer.text)?.min(TOKENS);
	ensure!(tokens.output == counted, "{statement:?} instead of {counted}");
	let generated = used("/usage/completion_tokens").context("no usage")?;
	ensure!(generated.abs_diff(u64::from(counted)) <= 2, "{counted}, and the server {generated}");
	let price = PRICE.charge(&tokens);
	ensure!(price == Some(statement.charge), "{statement:?} instead of {price:?}");
	say(format_args!(
		"{} tokens in, {counted} out ({generated} generated), {} planck: {:?}",
		tokens.input, statement.charge, answer.text
	));
	Ok(statement.charge)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs llama.cpp's server: scripts/openai/llama-cpp.sh"]
async fn calls_of_a_real_llama_cpp_server_are_paid() -> Result<()> {
	Network::with(async |network| {
		let chain = network.chain().clone();
		let start = chain.block(At::Best).await?.number;
		let server = Server::start(network).await?;
		let engine = Engine::Server { url: server.url.clone() };
		let settle = Settle::At { calls: 2, seconds: 60 };
		let shop = open_shop_with(network, settle, engine).await?;
		let tokenizer = ModelTokenizer::load(&model_file()?, None)?;
		let caller = key(CALLER)?;
		let session = open_session(&chain, OPEN, BLOCKS).await?;
		let payer = Payer::new(shop.home.url(), session, caller);
		let direct = server.ask(&request(false)).await?;

		let mut lane = Lane::default();
		let mut charges = Vec::new();
		for stream in [false, true] {
			let body = request(stream);
			let offer = payer.offer(&body).await?;
			let voucher = payer.voucher(&offer, &body, &lane);
			let answer = payer.pay(&offer, &body, voucher).await?;
			ensure!(answer.status.is_success(), "{answer:?}");
			let charge = check(&answer, &direct, &tokenizer)?;
			ensure!(charge <= offer.amount, "{charge} is more than {}", offer.amount);
			lane.take(answer.receipt()?)?;
			charges.push(charge);
		}
		let settled = settled_calls(&chain, start, charges.len(), SETTLED).await?;
		let paid: Vec<Balance> = settled.iter().map(|settled| settled.call.charge).collect();
		ensure!(paid == charges, "{paid:?} were settled instead of {charges:?}");
		say(format_args!("both calls are settled as stated"));
		Ok(())
	})
	.await
}
