//! `sessions`: what a caller has in sessions.

use std::{env, path::PathBuf};

use anyhow::{bail, Context};
use clap::Args;
use openledger_client::{
	caller::{KnownSession, SessionBook},
	closing::{self, CloseRequest},
	ss58,
	units::format_amount,
	At, Call, Chain, Event, Keypair, SubmitOptions,
};
use openledger_primitives::{info::SessionInfo, BlockNumber, SessionId, Signature};

use super::{check, keys::KeyArgs, show, ChainArgs};

/// For how many blocks the node may take the request to close a session: five minutes.
const ASK_BLOCKS: BlockNumber = 100;

/// Shows the sessions that `call` has opened, closes one, or checks what was charged.
///
/// Closing gives back what is left of a deposit. The node is asked first: once it has settled what it
/// served, it agrees, and the session is closed at once. If it does not, or cannot be reached,
/// closing takes two steps: the first asks for it on chain, so that the node can settle; the second,
/// once the notice has passed, closes the session.
///
/// Checking compares what the node stated of each call, and signed, with what it has settled on
/// chain. It ends with an error if what the node signed is proof against it.
///
/// Examples:
///
///   openledger-inference sessions
///   openledger-inference sessions --check 3
///   openledger-inference sessions --close 3 --key-file key
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Sessions {
	/// The file in which sessions are kept.
	#[arg(long, visible_alias = "state", value_name = "FILE", env = "OPENLEDGER_SESSIONS",
		default_value_os_t = default_file())]
	sessions: PathBuf,
	/// Close this session, which need not be in the file.
	#[arg(long, value_name = "SESSION")]
	close: Option<SessionId>,
	/// Compare what the node stated of this session's calls with what was settled.
	#[arg(long, value_name = "SESSION", conflicts_with = "close")]
	check: Option<SessionId>,
	/// The block from which on to look for settlements, if it is not the one in which the session
	/// was opened.
	#[arg(long, value_name = "BLOCK", requires = "check")]
	from: Option<BlockNumber>,
	#[command(flatten)]
	chain: ChainArgs,
	#[command(flatten)]
	key: KeyArgs,
}

/// Where sessions are kept if nothing else is said.
pub(super) fn default_file() -> PathBuf {
	let state = env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
	let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"));
	let folder = state.or_else(home).unwrap_or_else(env::temp_dir);
	folder.join("openledger").join("sessions.json")
}

impl Sessions {
	pub(super) async fn main(self) -> anyhow::Result<()> {
		let chain = self.chain.connect().await?;
		match (self.close, self.check) {
			(Some(session), _) => self.close(&chain, session).await,
			(None, Some(session)) => {
				let book = SessionBook::open(&self.sessions).await?;
				check::check(&chain, &book, session, self.from).await
			}
			(None, None) => self.list(&chain).await,
		}
	}

	async fn list(&self, chain: &Chain) -> anyhow::Result<()> {
		let book = SessionBook::open(&self.sessions).await?;
		let mut known = book.sessions().await;
		known.retain(|session| session.genesis_hash == chain.genesis_hash());
		if known.is_empty() {
			let file = self.sessions.display();
			show::line(format_args!("no sessions on this chain in {file}"));
		}
		for session in &known {
			print(chain, session).await?;
		}
		Ok(())
	}

	async fn close(&self, chain: &Chain, session: SessionId) -> anyhow::Result<()> {
		let keypair = self.key.require()?;
		let info = chain.session(session, At::Best).await?;
		let info = info.with_context(|| format!("the chain has no open session {session}"))?;
		if info.caller != keypair.account() {
			bail!("session {session} belongs to {}, not to this key", ss58(&info.caller));
		}
		let best = chain.block(At::Best).await?.number;
		if info.closes_at.is_some_and(|closes_at| best >= closes_at) {
			return submit(chain, &keypair, Call::CloseSession { session }).await;
		}
		match agreement(chain, &info, best, &keypair).await {
			Ok(signature) => {
				let call = Call::CloseWithAgreement { session, signature };
				match submit(chain, &keypair, call).await {
					Ok(()) => return Ok(()),
					Err(error) => {
						show::line(format_args!("the agreement was of no use: {error:#}"))
					}
				}
			}
			Err(error) => show::line(format_args!("the node has not agreed to it: {error:#}")),
		}
		if let Some(closes_at) = info.closes_at {
			let wait = closes_at.saturating_sub(best);
			show::line(format_args!(
				"session {session} can be closed without it at block {closes_at}, {wait} blocks from \
				 now"
			));
			return Ok(());
		}
		show::line("asking for it on chain instead, with notice");
		submit(chain, &keypair, Call::RequestClose { session }).await
	}
}

/// The node's agreement to a session's end, good for what is settled of it now.
async fn agreement(
	chain: &Chain,
	info: &SessionInfo,
	best: BlockNumber,
	keypair: &Keypair,
) -> anyhow::Result<Signature> {
	let node = chain.node(&info.node, At::Best).await?.context("it is not registered any more")?;
	let genesis_hash = chain.genesis_hash();
	let valid_until = best.saturating_add(ASK_BLOCKS);
	let request = CloseRequest { genesis_hash, session: info.id, valid_until };
	let answer = closing::ask(&node.endpoint, &request, keypair, &node.receipt_key).await?;
	let now = chain.session(info.id, At::Best).await?.context("the session is closed")?;
	if now.settled != answer.settled {
		let (agreed, settled) = (format_amount(answer.settled), format_amount(now.settled));
		bail!("it is for {agreed}, and {settled} are settled");
	}
	Ok(answer.signature)
}

/// Submits one of the calls that close a session, and says what it did.
async fn submit(chain: &Chain, keypair: &Keypair, call: Call) -> anyhow::Result<()> {
	let outcome = chain.submit(&call, keypair, SubmitOptions::finalized()).await?;
	let included = outcome.into_included().with_context(|| format!("{} failed", call.name()))?;
	let done = included.find(|event| match event {
		Event::CloseRequested { session, closes_at } => Some(format!(
			"session {session} can be closed at block {closes_at}; the node may close it before"
		)),
		Event::SessionClosed { session, refunded } => {
			Some(format!("session {session} is closed; {} came back", format_amount(*refunded)))
		}
		_ => None,
	});
	show::line(done.unwrap_or_else(|| format!("{} is done", call.name())));
	Ok(())
}

async fn print(chain: &Chain, known: &KnownSession) -> anyhow::Result<()> {
	let info = chain.session(known.session, At::Best).await?;
	let info = info.filter(|info| info.caller == known.caller && info.node == known.node);
	let left = known.deposit.saturating_sub(known.spent());
	show::row("session", known.session);
	show::row("caller", ss58(&known.caller));
	show::row("node", ss58(&known.node));
	show::row(
		"deposit",
		format_args!("{}, {} left", format_amount(known.deposit), format_amount(left)),
	);
	let state = match info {
		None => "closed".to_owned(),
		Some(info) => match (info.closes_at, known.retired) {
			(Some(block), _) => format!("can be closed at block {block}"),
			(None, true) => format!(
				"not used any more; `sessions --close {}` gives back what is left",
				known.session
			),
			(None, false) => format!("open until block {}", info.expires_at),
		},
	};
	show::row("state", state);
	for (lane, state) in &known.lanes {
		let open = if state.open.is_some() { ", one without a statement" } else { "" };
		let calls = state.sequence;
		let spent = format_amount(state.acknowledged);
		show::row("lane", format_args!("{lane}: {calls} calls for {spent}{open}"));
	}
	show::line("");
	Ok(())
}
