//! `sessions`: what a caller has in sessions.

use std::{env, path::PathBuf};

use anyhow::{bail, Context};
use clap::Args;
use openledger_client::{
	caller::{KnownSession, SessionBook},
	ss58,
	units::format_amount,
	At, Call, Chain, Event, SubmitOptions,
};
use openledger_primitives::SessionId;

use super::{keys::KeyArgs, show, ChainArgs};

/// Shows the sessions that `call` has opened, or closes one.
///
/// Closing gives back what is left of a deposit. It takes two steps: the first asks for it, so that
/// the node can settle what it served; the second, once the notice has passed, closes the session.
/// The node may close it before.
///
/// Examples:
///
///   openledger-inference sessions
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
		match self.close {
			Some(session) => self.close(&chain, session).await,
			None => self.list(&chain).await,
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
		let call = match info.closes_at {
			Some(closes_at) if best < closes_at => {
				let wait = closes_at.saturating_sub(best);
				show::line(format_args!(
					"session {session} can be closed at block {closes_at}, {wait} blocks from now; \
					 the node may close it before"
				));
				return Ok(());
			}
			Some(_) => Call::CloseSession { session },
			None => Call::RequestClose { session },
		};
		let outcome = chain.submit(&call, &keypair, SubmitOptions::finalized()).await?;
		let included =
			outcome.into_included().with_context(|| format!("{} failed", call.name()))?;
		let done = included.find(|event| match event {
			Event::CloseRequested { closes_at, .. } => Some(format!(
				"session {session} can be closed at block {closes_at}; the node may close it before"
			)),
			Event::SessionClosed { refunded, .. } => {
				Some(format!("session {session} is closed; {} came back", format_amount(*refunded)))
			}
			_ => None,
		});
		show::line(done.unwrap_or_else(|| format!("{} is done", call.name())));
		Ok(())
	}
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
