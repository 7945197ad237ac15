//! An inference node and its command line.

use crate::{
	backend,
	binaries::{binary, model_file},
	network::{say, Network, OPERATOR},
	process::{run_to_end, Log, Process},
	scenario::MODEL,
};
use anyhow::{bail, ensure, Context, Result};
use openledger_models::hash_template;
use openledger_primitives::{BlockNumber, Hash};
use serde_json::Value;
use sp_io::hashing::blake2_256;
use std::{
	fs,
	net::TcpListener,
	path::{Path, PathBuf},
	time::Duration,
};
use tokio::{process::Command, time::timeout};

/// Longest time for the node to load its model and to listen.
const START: Duration = Duration::from_secs(60);
/// Longest time for it to read its configuration again.
const RELOAD: Duration = Duration::from_secs(30);

/// When a node settles.
#[derive(Clone, Copy, Debug)]
pub enum Settle {
	/// As soon as so many calls wait, or the first has waited so long, in seconds.
	At {
		/// Calls.
		calls: u32,
		/// Seconds.
		seconds: u32,
	},
	/// By their sums, as soon as so many calls wait; fewer not while a test runs.
	Together {
		/// Calls.
		calls: u32,
	},
	/// By their sums, as soon as so many calls wait, or the first has waited so long, in seconds.
	Summed {
		/// Calls.
		calls: u32,
		/// Seconds.
		seconds: u32,
	},
	/// Not while a test runs.
	Later,
}

/// The engine that answers for the model that a node serves.
#[derive(Clone, Debug)]
pub enum Engine {
	/// The small language model, in the node's own process.
	Own {
		/// A smaller context than the model's makes prompts too long sooner, in tokens.
		context: Option<u32>,
	},
	/// Another server, at this URL; tokens are counted with the small model's tokenizer.
	Server {
		/// Its base URL.
		url: String,
	},
}

impl Engine {
	/// Its part of the configuration.
	fn configuration(&self) -> Result<String> {
		let file = model_file()?;
		Ok(match self {
			Self::Own { context } => {
				let context = context.map(|context| format!("context = {context}\n"));
				let context = context.unwrap_or_default();
				format!("[models.backend.candle]\npath = {file:?}\n{context}")
			}
			Self::Server { url } => format!(
				"queue = 64\n\
				 [models.backend.openai]\n\
				 base_url = {url:?}\n\
				 upstream_model = {name:?}\n\
				 tokenizer = {file:?}\n\
				 context = 2048\n\
				 concurrent = 64\n",
				name = backend::MODEL,
			),
		})
	}
}

/// For how many blocks a voucher may be valid, if a test has no other wish: an hour.
const VOUCHER_BLOCKS: BlockNumber = 1_200;
/// So many seconds are more than any test takes.
const WEEK: u32 = 604_800;

/// Where an inference node keeps what it has, and where it listens. Outlives the node's process, so
/// that it can be started again.
#[derive(Clone, Debug)]
pub struct Home {
	config: PathBuf,
	chain_url: String,
	folder: PathBuf,
	port: u16,
	engine: Engine,
	/// Amount that a session may owe, as the configuration has it.
	exposure: String,
	/// For how many blocks a voucher may be valid.
	voucher_blocks: BlockNumber,
}

impl Home {
	/// A home for one node in the folder of a network.
	///
	/// # Errors
	/// If it cannot be made.
	pub fn new(network: &Network, engine: Engine) -> Result<Self> {
		let folder = network.folder().join("inference");
		fs::create_dir_all(&folder)?;
		// Freed again at once; the system gives out another port to whoever asks next.
		let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
		let home = Self {
			config: folder.join("config.toml"),
			chain_url: network.url().into(),
			folder,
			port,
			engine,
			exposure: "1_000_000".into(),
			voucher_blocks: VOUCHER_BLOCKS,
		};
		home.configure(Settle::Later)?;
		Ok(home)
	}

	/// Where callers connect.
	pub fn url(&self) -> String {
		format!("http://127.0.0.1:{}", self.port)
	}

	/// The file with the configuration.
	pub fn config(&self) -> &Path {
		&self.config
	}

	/// Sets what a session may owe, in OPEN, from the next time on that the configuration is written.
	pub fn limit_exposure(&mut self, open: &str) {
		self.exposure = format!("{open:?}");
	}

	/// Sets for how many blocks a voucher may be valid, from the next time on that the configuration is written.
	pub fn take_vouchers_for(&mut self, blocks: BlockNumber) {
		self.voucher_blocks = blocks;
	}

	/// Deletes the node's books. It does not run.
	///
	/// # Errors
	/// If there are none.
	pub fn lose_books(&self) -> Result<()> {
		fs::remove_dir_all(self.data()).context("deleting the node's books")
	}

	fn data(&self) -> PathBuf {
		self.folder.join("data")
	}

	/// Writes the configuration.
	///
	/// # Errors
	/// If it cannot be written.
	pub fn configure(&self, settle: Settle) -> Result<()> {
		let (calls, seconds, mode) = match settle {
			Settle::At { calls, seconds } => (calls, seconds, "itemised"),
			Settle::Together { calls } => (calls, WEEK, "aggregate"),
			Settle::Summed { calls, seconds } => (calls, seconds, "aggregate"),
			Settle::Later => (100_000, WEEK, "itemised"),
		};
		let config = format!(
			"data_dir = {data:?}\n\
			 listen = \"127.0.0.1:{port}\"\n\
			 endpoint = {endpoint:?}\n\
			 key = {{ uri = {OPERATOR:?} }}\n\
			 [chain]\n\
			 url = {chain:?}\n\
			 [settlement]\n\
			 max_age_seconds = {seconds}\n\
			 max_calls = {calls}\n\
			 min_value = 0\n\
			 mode = {mode:?}\n\
			 aggregate_from = 2\n\
			 [limits]\n\
			 exposure = {exposure}\n\
			 voucher_blocks = {voucher_blocks}\n\
			 [[models]]\n\
			 name = {MODEL:?}\n\
			 {engine}",
			exposure = self.exposure,
			voucher_blocks = self.voucher_blocks,
			data = self.data(),
			port = self.port,
			endpoint = self.url(),
			chain = self.chain_url,
			engine = self.engine.configuration()?,
		);
		fs::write(&self.config, config).context("writing the inference node's configuration")
	}

	/// `openledger-inference register`, as the operator does once.
	///
	/// # Errors
	/// If it fails.
	pub async fn register(&self) -> Result<()> {
		self.register_with(&[]).await
	}

	/// The same, with more options.
	///
	/// # Errors
	/// If it fails.
	pub async fn register_with(&self, options: &[&str]) -> Result<()> {
		let config = self.config.to_string_lossy();
		let arguments = [&["register", "--config", &config, "--bond", "100"], options].concat();
		run(&arguments, &[], false).await?;
		Ok(())
	}

	/// `openledger-inference run`: starts the node and waits until it serves.
	///
	/// # Errors
	/// If it does not start.
	pub async fn start(&self, network: &mut Network) -> Result<InferenceNode> {
		let mut node = self.launch()?;
		network.keep_log(node.log());
		self.serving(&mut node).await?;
		say(format_args!("an inference node serves at {}", self.url()));
		Ok(node)
	}

	/// Starts the node, and does not wait for anything.
	///
	/// # Errors
	/// If there is no such program.
	pub fn launch(&self) -> Result<InferenceNode> {
		let mut command = Command::new(binary("openledger-inference")?);
		command.arg("run").arg("--config").arg(&self.config);
		Ok(InferenceNode { process: Process::start("openledger-inference", &mut command)? })
	}

	/// Waits until a node that was launched serves.
	///
	/// # Errors
	/// If it ends, or the time is up.
	pub async fn serving(&self, node: &mut InferenceNode) -> Result<()> {
		let health = format!("{}/health", self.url());
		let serving = async {
			loop {
				if reqwest::get(&health).await.is_ok_and(|answer| answer.status().is_success()) {
					return Ok(());
				}
				if let Some(status) = node.process.ended()? {
					bail!("the inference node ended while it started: {status}");
				}
				// Nothing tells when a port opens; a refused connection costs nothing.
				tokio::time::sleep(Duration::from_millis(100)).await;
			}
		};
		timeout(START, serving).await.context("the inference node does not answer /health")?
	}

	/// Waits until everything that the node has served is settled, and nothing is lost.
	///
	/// # Errors
	/// If it takes longer than `limit`, or something is lost.
	pub async fn settled(&self, limit: Duration) -> Result<()> {
		let settling = async {
			loop {
				let status = self.status().await?;
				let count = |name: &str| status.pointer(name).and_then(Value::as_u64);
				ensure!(count("/calls/lost") == Some(0), "lost: {status}");
				if (count("/calls/unsettled"), count("/calls/in_progress")) == (Some(0), Some(0)) {
					return Ok(());
				}
				tokio::time::sleep(Duration::from_millis(500)).await;
			}
		};
		timeout(limit, settling).await.context("not everything is settled in time")?
	}

	/// The node's word on what it has served and been paid.
	///
	/// # Errors
	/// If it does not say.
	pub async fn status(&self) -> Result<Value> {
		let answer = reqwest::get(format!("{}/v1/status", self.url())).await?;
		Ok(serde_json::from_str(&answer.error_for_status()?.text().await?)?)
	}

	/// Waits until the node says of its health what `is` wants to hear.
	///
	/// # Errors
	/// If it does not within `limit`.
	pub async fn health(&self, limit: Duration, is: impl Fn(&Value) -> bool) -> Result<()> {
		let health = format!("{}/health", self.url());
		let asking = async {
			loop {
				let said = reqwest::get(&health).await?.text().await?;
				if is(&serde_json::from_str(&said)?) {
					return anyhow::Ok(());
				}
				tokio::time::sleep(Duration::from_millis(200)).await;
			}
		};
		timeout(limit, asking).await.context("/health says something else")?
	}
}

/// A running inference node. It is killed when this is dropped.
pub struct InferenceNode {
	process: Process,
}

impl InferenceNode {
	/// Ends it with SIGKILL.
	///
	/// # Errors
	/// If it cannot be killed.
	pub async fn kill(&mut self) -> Result<()> {
		self.process.kill().await
	}

	/// Has it read its configuration again, and waits until that is in force.
	///
	/// # Errors
	/// If it does not.
	pub async fn reload(&mut self) -> Result<()> {
		const IN_FORCE: &str = "the new settings are in force";
		let before = self.log().count(IN_FORCE);
		self.process.signal("HUP").await?;
		self.process.wait_for_more(IN_FORCE, before, RELOAD).await
	}

	/// Its output.
	pub fn log(&self) -> &Log {
		self.process.log()
	}

	/// The memory that it has in use (its resident set), in bytes.
	///
	/// # Errors
	/// If the system does not say: this is for Linux.
	pub fn memory(&self) -> Result<u64> {
		let id = self.process.id().context("the inference node has ended")?;
		let status = fs::read_to_string(format!("/proc/{id}/status"))?;
		let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
		let resident = resident.context("no resident set")?.trim().trim_end_matches(" kB");
		Ok(resident.parse::<u64>()? * 1024)
	}
}

/// The hashes that a developer puts on chain of a model's files.
#[derive(Clone, Copy, Debug)]
pub struct Hashes {
	/// blake2-256 of the weights file.
	pub weights: Hash,
	/// blake2-256 of the file by which tokens are counted: the weights bring their tokenizer along, and
	/// there is no `tokenizer.json`.
	pub tokenizer: Hash,
	/// blake2-256 of the text of the chat template in the weights file.
	pub template: Option<Hash>,
}

/// The hashes of the language model: those of files as anybody can compute them, the template's as the
/// inference node does.
///
/// # Errors
/// If the file cannot be read.
pub async fn hashes() -> Result<Hashes> {
	let reading = tokio::task::spawn_blocking(|| {
		let file = model_file()?;
		let bytes = fs::read(&file).with_context(|| file.display().to_string())?;
		let weights = blake2_256(&bytes).into();
		Ok(Hashes { weights, tokenizer: weights, template: hash_template(&file)? })
	});
	reading.await?
}

/// Runs `openledger-inference` to its end and returns what it printed.
///
/// # Errors
/// If it fails or takes too long, with what it printed.
pub async fn run(arguments: &[&str], env: &[(&str, &str)], show: bool) -> Result<String> {
	run_to_end("openledger-inference", arguments, env, show).await
}
