//! The settings of a payer.

use std::{path::PathBuf, sync::Arc, time::Duration};

use openledger_payer_ledger::{Budget, TrustRules};
use openledger_primitives::{answer::Evidence, AccountId, Balance, BlockNumber, SessionId};

use crate::{node::api::Patience, recount::Recount};

/// The settings of a payer.
#[derive(Clone, Debug)]
pub struct PayerSettings {
	/// The budget.
	pub budget: Budget,
	/// `true` if the budget counts from now on, not from when the state was begun.
	pub new_budget: bool,
	/// Nodes that were caught cheating and are paid again.
	pub forgive: Vec<AccountId>,
	/// Sessions of the account that were opened with a state that is lost, and that are used again.
	pub take_over: Vec<SessionId>,
	/// The folder with the state. Each account on each chain has files of its own in it.
	pub state: PathBuf,
	/// The length of a new session, in blocks.
	pub session_blocks: BlockNumber,
	/// `true` if nodes inside this machine's network are called.
	pub inside: bool,
	/// The time that nodes are given.
	pub patience: Patience,
	/// The settings of calls.
	pub call: CallSettings,
	/// Tokenizers to count answers with.
	pub recount: Arc<Recount>,
	/// The settings of upkeep.
	pub closing: ClosingSettings,
	/// The rules by which a node that charges for what does not arrive gets no calls for a day.
	pub trust: TrustRules,
}

impl PayerSettings {
	/// The usual settings, with a budget and a state. Sessions last a day of blocks of three seconds.
	pub fn new(budget: Budget, state: PathBuf) -> Self {
		Self {
			budget,
			new_budget: false,
			forgive: Vec::new(),
			take_over: Vec::new(),
			state,
			session_blocks: 24 * 1_200,
			inside: false,
			patience: Patience::default(),
			call: CallSettings::default(),
			recount: Arc::default(),
			closing: ClosingSettings::default(),
			trust: TrustRules::default(),
		}
	}
}

/// The settings of calls.
#[derive(Clone, Debug)]
pub struct CallSettings {
	/// The most that one call may cost, in planck.
	pub max_charge: Option<Balance>,
	/// The most output tokens of a call that does not say how many it wants.
	pub max_output_tokens: u32,
	/// The most blocks that a voucher is valid for.
	pub validity: BlockNumber,
	/// The permission to show on chain what answers are made of.
	pub evidence: Evidence,
	/// An app that leaves after so long and has got nothing has waited in vain.
	pub in_vain: Duration,
	/// The time of one call, with everything.
	pub deadline: Duration,
	/// The time in which a node is asked what became of a call, before it is left for later.
	pub recovery: Duration,
	/// The time in which a node may say what became of vouchers that it refused before.
	pub take_up: Duration,
	/// The time that a call waits for others to leave something of the budget.
	pub budget_wait: Duration,
	/// The most nodes that are tried for one call.
	pub attempts: usize,
	/// The time that a session which was opened or topped up just now may take to reach a node, and a
	/// lane to be free again.
	pub catch_up: Duration,
	/// The pause before that is looked at again.
	pub pause: Duration,
	/// `true` if sessions that have little left are topped up before they have run dry.
	pub refill: bool,
}

impl Default for CallSettings {
	fn default() -> Self {
		Self {
			max_charge: None,
			max_output_tokens: 4_096,
			// An hour of blocks of three seconds.
			validity: 1_200,
			evidence: Evidence::Open,
			in_vain: Duration::from_secs(5),
			deadline: Duration::from_secs(600),
			recovery: Duration::from_secs(15),
			take_up: Duration::from_secs(15),
			budget_wait: Duration::from_secs(30),
			attempts: 4,
			catch_up: Duration::from_secs(45),
			pause: Duration::from_millis(750),
			refill: true,
		}
	}
}

/// The settings of upkeep.
#[derive(Clone, Copy, Debug)]
pub struct ClosingSettings {
	/// A session is closed after nothing was done with it for so long.
	pub idle: Option<Duration>,
	/// The pause before a node is asked again that is not done yet.
	pub again: Duration,
	/// The pause between rounds.
	pub round: Duration,
}

impl Default for ClosingSettings {
	fn default() -> Self {
		Self {
			idle: Some(Duration::from_secs(2 * 60 * 60)),
			again: Duration::from_secs(10),
			round: Duration::from_secs(15),
		}
	}
}
