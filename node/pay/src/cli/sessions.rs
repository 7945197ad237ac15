//! `sessions`: what an account has in sessions, and closing them.

use std::sync::Arc;

use anyhow::{bail, Context};
use clap::Args;
use openledger_chain_client::{ss58, At, Chain};
use openledger_payer::network::{Keys, Live, Network};
use openledger_payer_ledger::{Book, Budget, Session, Treasury};
use openledger_primitives::{AccountId, SessionId};
use openledger_protocol::units::format_amount;

use super::{
	shared::{open_all, open_payer, Opened, PayerArgs},
	show, show_closings,
};

/// Shows the sessions that were opened with this state, or closes some.
///
/// Closing gives back what is left of a deposit. The node is asked first: once it has settled what it
/// served, it agrees, and the session is closed at once. If it does not, or cannot be reached,
/// closing takes two steps: the first asks for it on chain, so that the node can settle; the second,
/// once the notice has passed, closes the session.
///
/// Examples:
///
///   openledger-pay sessions
///   openledger-pay sessions --close 3 4 --key-file key
///
/// `openledger-pay --close` closes all of them. While a proxy runs, it has the state to itself: its
/// GET /spend shows its sessions.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Sessions {
	/// Close these sessions. They may have been opened with another state.
	#[arg(long, value_name = "SESSION", num_args = 1..)]
	close: Vec<SessionId>,
	#[command(flatten)]
	payer: PayerArgs,
}

impl Sessions {
	pub(super) async fn main(self) -> anyhow::Result<()> {
		if self.close.is_empty() {
			let chain = self.payer.chain.connect().await?;
			return self.list(&chain).await;
		}
		let keys = self.payer.keys(true)?;
		let chain = self.payer.chain.connect().await?;
		self.close(chain, keys).await
	}

	async fn list(&self, chain: &Chain) -> anyhow::Result<()> {
		let mut any = false;
		for Opened { treasury, .. } in open_all(&self.payer.state, chain.genesis_hash()).await? {
			let (caller, sessions) = treasury.look(|ledger| {
				let sessions = ledger.books().sessions().cloned().collect::<Vec<_>>();
				(ledger.meta().caller.clone(), sessions)
			});
			for session in sessions {
				any = true;
				let info = chain.session(session.id, At::Best).await?;
				let is_open =
					info.is_some_and(|info| info.caller == caller && info.node == session.node);
				print(&caller, &session, Some(&treasury).filter(|_| is_open));
			}
			for session in treasury.closed().await? {
				any = true;
				print(&caller, &session, None);
			}
			treasury.close().await;
		}
		if !any {
			let folder = self.payer.state.state.display();
			show::line(format_args!("no sessions on this chain in {folder}"));
		}
		Ok(())
	}

	async fn close(&self, chain: Chain, keys: Keys) -> anyhow::Result<()> {
		let account = keys.account.clone();
		for session in &self.close {
			let info = chain.session(*session, At::Best).await?;
			let info = info.with_context(|| format!("the chain has no open session {session}"))?;
			if info.caller != account {
				bail!("session {session} belongs to {}, not to this key", ss58(&info.caller));
			}
		}
		let network: Arc<dyn Network> = Arc::new(Live::new(chain, keys));
		// Nothing is spent.
		let settings = self.payer.settings(Budget::new(0, None));
		let payer = open_payer(network, settings).await?;
		payer.janitor.recover().await;
		let mut closings = Vec::new();
		for session in &self.close {
			let closing = payer.janitor.close_one(*session).await;
			closings.push(closing.map(|closing| (*session, closing)));
		}
		payer.close().await;
		let closings: Result<Vec<_>, _> = closings.into_iter().collect();
		show_closings(&closings?);
		Ok(())
	}
}

/// Shows a session. `treasury` is that with its lanes, if it is not closed.
fn print(caller: &AccountId, session: &Session, treasury: Option<&Treasury>) {
	let Session { id, node, deposit, expires_at, closes_at, retired, .. } = session;
	show::row("session", id);
	show::row("caller", ss58(caller));
	show::row("node", ss58(node));
	let Some(treasury) = treasury else {
		show::row("deposit", format_amount(*deposit));
		show::row("state", "closed");
		return show::line("");
	};
	treasury.look(|ledger| {
		let left = format_amount(ledger.books().left(*id));
		show::row("deposit", format_args!("{}, {left} left", format_amount(*deposit)));
		show::row(
			"state",
			match (closes_at, retired) {
				(Some(block), _) => format!("can be closed at block {block}"),
				(None, true) => format!(
					"not used any more; `openledger-pay sessions --close {id}` gives back what is left"
				),
				(None, false) => format!("open until block {expires_at}"),
			},
		);
		let lanes = ledger.books().get(*id).into_iter().flat_map(Book::lanes);
		for (lane, state) in lanes.filter(|(_, state)| state.is_used()) {
			let open = if state.open.is_some() { ", one without a statement" } else { "" };
			let (calls, spent) = (state.list.count(), format_amount(state.spent()));
			show::row("lane", format_args!("{lane}: {calls} calls for {spent}{open}"));
			if let Some(agreement) = state.agreement {
				show::row("", format_args!("for {agreement}"));
			}
		}
	});
	show::line("");
}
