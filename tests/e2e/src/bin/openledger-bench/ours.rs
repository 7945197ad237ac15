//! The inference node with its chain: paid calls, and whether the chain pays for them in the end.

use anyhow::{anyhow, ensure, Context, Result};
use openledger_chain_client::{At, Keypair};
use openledger_e2e::{
	binaries::{binary, model_file},
	inference,
	network::{key, say, Network, CALLER, OPERATOR},
	payer::{Lane, Payer, SALT},
	scenario::{self, Opened, MODEL},
};
use openledger_primitives::{
	lane::{Statement, VersionedStatement, Voucher},
	AccountId, Balance, LaneId, OPEN,
};
use openledger_protocol::x402::{
	self, Payload, PaymentResponse, PaymentSignature, Requirements, Resource,
};
use serde_json::Value;
use std::{
	fs,
	net::SocketAddr,
	path::{Path, PathBuf},
	time::Duration,
};
use tokio::{
	process::Command,
	task::block_in_place,
	time::{sleep, timeout},
};

use crate::{
	backend,
	load::{self, Measured, Requests},
	options::{Options, MOST_CONNECTIONS},
	server::{free_address, Server},
};

/// The deposit of the session: more than all calls together cost.
const DEPOSIT: Balance = 100_000 * OPEN;
/// Time that it lasts, in blocks.
const LASTS: u32 = 28_800;
/// Vouchers are valid for so many blocks.
const VALID: u32 = 1_000;
/// Longest time for the node to load its tokenizer and to listen.
const START: Duration = Duration::from_secs(60);
/// Longest time until a lane is settled.
const SETTLED: Duration = Duration::from_secs(120);
/// More calls in a second than there are vouchers for: on one connection, and on all.
const MOST_OF_ONE: f64 = 1_500.0;
const MOST: f64 = 12_000.0;

/// A caller, a session, and the node that it is with.
pub struct Shop {
	home: Home,
	node: Server,
	session: Opened,
	caller: Keypair,
	body: Vec<u8>,
	lanes: Vec<Lane>,
	/// The first call's statement. Those of all others are the same, but for lane and sequence.
	stated: Statement,
}

impl Shop {
	/// Everything up to the first call: a chain with a model, a node that serves it, a session.
	///
	/// # Errors
	/// If anything fails.
	pub async fn open(network: &Network, options: &Options, backend: &Server) -> Result<Self> {
		let chain = network.chain();
		let home = Home::new(network, options, backend)?;
		home.configure(false)?;
		let (release, hashes) =
			tokio::try_join!(scenario::publish_data(chain), inference::hashes())?;
		scenario::register_model(chain, &release, hashes).await?;
		let config = home.config.to_string_lossy().into_owned();
		inference::run(&["register", "--config", &config, "--bond", "100"], &[], false).await?;
		let node = home.start().await?;
		let caller = key(CALLER)?;
		let session = scenario::open_session(chain, DEPOSIT, LASTS).await?;
		let body = backend::request();

		// The first one tells what every call costs.
		let payer = Payer::new(format!("http://{}", home.address), session, caller.clone());
		let offer = payer.offer(&body).await?;
		let mut lanes: Vec<_> = (0..LaneId::try_from(MOST_CONNECTIONS)?).map(Lane::new).collect();
		let first = lanes.first_mut().context("no lane")?;
		let answer = payer.pay(&offer, &body, payer.voucher(&offer, &body, first)).await?;
		first.take(answer.receipt()?)?;
		let stated = answer.receipt()?.statement.newest().clone();
		for lane in &mut lanes {
			lane.agreement = Some(stated.agreement);
		}
		say(format_args!(
			"session {}: each call has {} tokens in, {} out, and costs {} planck",
			session.id, stated.tokens.input, stated.tokens.output, stated.charge
		));
		Ok(Self { home, node, session, caller, body, lanes, stated })
	}

	/// Pays for calls on so many lanes, and checks every statement.
	///
	/// # Errors
	/// If a call is refused, or a statement is not what it should be.
	pub async fn measure(&mut self, connections: usize, options: &Options) -> Result<Measured> {
		let payer =
			Payer::new(format!("http://{}", self.node.address), self.session, self.caller.clone());
		let offer = payer.offer(&self.body).await?;
		let rate = MOST.min(MOST_OF_ONE * connections as f64);
		let each = (rate * options.seconds / connections as f64).ceil() as u64;
		let requests = block_in_place(|| self.prepare(&payer, connections, each, &offer))?;
		let requests = Requests::Each(requests);
		let measured = load::run(&self.node, requests, options.seconds);
		let measured = measured.context("calling the inference node")?;
		block_in_place(|| self.take(&measured.receipts, &offer.extra.receipt_key))?;
		Ok(measured)
	}

	/// Signs the vouchers of so many calls on each of the first lanes. What they acknowledge is known:
	/// every call is the same.
	fn prepare(
		&self,
		payer: &Payer,
		connections: usize,
		each: u64,
		offer: &Requirements,
	) -> Result<Vec<Vec<Vec<u8>>>> {
		let lanes = self.lanes.get(..connections).unwrap_or(&self.lanes);
		let sign = |lane: &Lane| {
			let mut lane = lane.clone();
			(0..each)
				.map(|_| {
					let request = self.request(payer, &lane, offer);
					self.go_on(&mut lane)?;
					Ok(request)
				})
				.collect::<Result<Vec<_>>>()
		};
		let half = lanes.len().div_ceil(2);
		std::thread::scope(|scope| {
			let (first, second) = lanes.split_at(half);
			let other = scope.spawn(move || second.iter().map(sign).collect::<Result<Vec<_>>>());
			let mut all = first.iter().map(sign).collect::<Result<Vec<_>>>()?;
			let other = other.join().map_err(|_| anyhow!("signing panicked"))?;
			all.extend(other?);
			Ok(all)
		})
	}

	fn request(&self, payer: &Payer, lane: &Lane, offer: &Requirements) -> Vec<u8> {
		let valid_until = offer.extra.block + VALID;
		let voucher = Voucher { valid_until, ..payer.voucher(offer, &self.body, lane) };
		let signature = self.caller.sign_message(&voucher);
		let resource = Resource {
			url: format!("http://{}{}", self.home.address, backend::CHAT_PATH),
			description: None,
			mime_type: None,
		};
		let payload = Payload { voucher: voucher.into(), signature, salt: SALT };
		let payment = x402::encode(&PaymentSignature::new(resource, offer.clone(), payload));
		load::post(backend::CHAT_PATH, &[(x402::PAYMENT_SIGNATURE, &payment)], &self.body)
	}

	/// Adds the next call to a lane, as the node will state it. That statement.
	fn go_on(&self, lane: &mut Lane) -> Result<VersionedStatement> {
		let sequence = lane.sequence + 1;
		let statement = Statement { lane: lane.number, sequence, ..self.stated.clone() };
		let (totals, statement) = (statement.totals(), VersionedStatement::from(statement));
		let added = lane.list.append(sequence, statement.hash(), &totals);
		added.map_err(|error| anyhow!("{error}"))?;
		lane.sequence = sequence;
		Ok(statement)
	}

	/// Checks the statements of each lane's calls, in order, and goes on from there.
	fn take(&mut self, receipts: &[Vec<String>], receipt_key: &AccountId) -> Result<()> {
		let mut lanes = std::mem::take(&mut self.lanes);
		for (lane, receipts) in lanes.iter_mut().zip(receipts) {
			for receipt in receipts {
				let PaymentResponse { extra, .. } = x402::decode(receipt)?;
				let expected = self.go_on(lane)?;
				let said = &extra.statement;
				ensure!(*said == expected, "{said:?} instead of {expected:?}");
				ensure!(extra.is_signed_by(receipt_key), "nobody signed {said:?}");
			}
		}
		self.lanes = lanes;
		Ok(())
	}

	/// Kills the node. After a start it must know of every call that it has acknowledged, on each lane,
	/// and what the chain pays for the first lane must be the sum of its statements.
	///
	/// # Errors
	/// If it does not, or is not.
	pub async fn check(self, network: &Network) -> Result<()> {
		let Self { home, node, session, lanes, .. } = self;
		node.kill().await?;
		home.configure(true)?;
		let node = home.start().await?;
		for lane in lanes.iter().filter(|lane| lane.sequence > 0) {
			let (session, number) = (session.id, lane.number);
			let url = format!("http://{}/v1/sessions/{session}/{number}", node.address);
			let known: Value = reqwest::get(url).await?.error_for_status()?.json().await?;
			let next = known.get("next_sequence").and_then(Value::as_u64);
			let charged = known.get("charged").and_then(Value::as_str);
			let expected = (Some(lane.sequence + 1), Some(lane.charged().to_string()));
			ensure!(
				(next, charged) == (expected.0, expected.1.as_deref()),
				"{known}: {expected:?}"
			);
		}
		let calls: u64 = lanes.iter().map(|lane| lane.sequence).sum();
		let charged: Balance = lanes.iter().map(Lane::charged).sum();
		say(format_args!(
			"after SIGKILL and a start the node knows of all {calls} calls that it had acknowledged, \
			 {charged} planck"
		));
		let first = lanes.first().context("no lane")?.charged();
		let settled = async {
			loop {
				let found = network.chain().session(session.id, At::Best).await?;
				let found = found.context("the session is gone")?;
				if let Some(lane) = found.lanes.iter().find(|lane| lane.lane == 0) {
					ensure!(lane.settled <= first, "{} were settled of {first}", lane.settled);
					if lane.settled == first {
						return Ok(());
					}
				}
				sleep(Duration::from_millis(500)).await;
			}
		};
		timeout(SETTLED, settled).await.context("it does not settle in time")??;
		say(format_args!(
			"the chain pays {first} planck for the first lane, as the node has signed"
		));
		Ok(())
	}
}

/// Where the node keeps what it has, and how it is set up.
struct Home {
	folder: PathBuf,
	data: PathBuf,
	config: PathBuf,
	address: SocketAddr,
	chain: String,
	upstream: SocketAddr,
	log: String,
}

impl Home {
	fn new(network: &Network, options: &Options, backend: &Server) -> Result<Self> {
		let folder = network.folder().to_path_buf();
		let data = match &options.data {
			Some(elsewhere) => elsewhere.join(folder.file_name().unwrap_or_default()),
			None => folder.join("node"),
		};
		Ok(Self {
			config: folder.join("node.toml"),
			data,
			folder,
			address: free_address()?,
			chain: network.url().into(),
			upstream: backend.address,
			log: options.log.clone(),
		})
	}

	/// Writes the configuration. It settles not at all while it is measured, and then at once.
	fn configure(&self, settle: bool) -> Result<()> {
		let (calls, seconds) = if settle { (1, 1) } else { (100_000_000, 604_800) };
		let config = format!(
			"data_dir = {data:?}\n\
			 listen = \"{address}\"\n\
			 endpoint = \"http://{address}\"\n\
			 key = {{ uri = {OPERATOR:?} }}\n\
			 [chain]\n\
			 url = {chain:?}\n\
			 [settlement]\n\
			 max_age_seconds = {seconds}\n\
			 max_calls = {calls}\n\
			 min_value = 0\n\
			 mode = \"aggregate\"\n\
			 aggregate_from = 2\n\
			 [limits]\n\
			 exposure = 1_000_000\n\
			 [[models]]\n\
			 name = {MODEL:?}\n\
			 queue = 256\n\
			 [models.backend.openai]\n\
			 base_url = \"http://{upstream}/v1\"\n\
			 upstream_model = {MODEL:?}\n\
			 tokenizer = {model:?}\n\
			 context = 2048\n\
			 concurrent = 256\n",
			data = self.data,
			address = self.address,
			chain = self.chain,
			upstream = self.upstream,
			model = model_file()?,
		);
		fs::write(&self.config, config).context("writing the node's configuration")
	}

	async fn start(&self) -> Result<Server> {
		let mut command = Command::new(binary("openledger-inference")?);
		command.arg("run").arg("--config").arg(&self.config).env("RUST_LOG", &self.log);
		let folder: &Path = &self.folder;
		Server::start("node", &mut command, folder, self.address, "/health", START).await
	}
}

/// Files kept elsewhere do not go with the network's folder.
impl Drop for Home {
	fn drop(&mut self) {
		if !self.data.starts_with(&self.folder) {
			if let Err(error) = fs::remove_dir_all(&self.data) {
				eprintln!("{}: {error}", self.data.display());
			}
		}
	}
}
