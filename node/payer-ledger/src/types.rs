//! The ledger as it is on disk, and what has to reach it.

use std::collections::BTreeMap;

use openledger_primitives::{
	lane::Statement, lane_list, AccountId, Balance, BlockNumber, Hash, LaneId, ModelId, SessionId,
};
use serde::{Deserialize, Serialize};

use crate::{
	call::KeptStatement,
	lane::Lane,
	session::{Opening, Session},
};

/// The one entry about the ledger itself: whose it is, and what is behind it. Amounts in planck.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
	/// The chain.
	pub genesis_hash: Hash,
	/// The account that pays.
	pub caller: AccountId,
	/// The most that sessions which are closed have cost.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub closed: Balance,
	/// The amount that had been spent when the budget began to count.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub baseline: Balance,
}

/// A transaction that puts money into a session, and whose outcome is not known yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
	/// Its effect.
	pub kind: IntentKind,
	/// The amount that it puts in, in planck.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub amount: Balance,
	/// The best block when it was made.
	pub from: BlockNumber,
}

impl Intent {
	/// The way in which it opens a session, if it does.
	pub(crate) fn opening(&self) -> Option<Opening> {
		match self.kind {
			IntentKind::Open { expires_at, first } => {
				Some(Opening { first, amount: self.amount, expires_at, displaced: false })
			}
			IntentKind::TopUp { .. } => None,
		}
	}
}

/// The effect of such a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntentKind {
	/// It opens a session.
	Open {
		/// The block at which the session ends.
		expires_at: BlockNumber,
		/// The number that the chain would have given to a session before: ours has this one or a
		/// higher one.
		first: SessionId,
	},
	/// It adds to the deposit of a session.
	TopUp {
		/// The session.
		session: SessionId,
		/// Its deposit before, in planck.
		#[serde(with = "openledger_primitives::serde_balance")]
		before: Balance,
	},
}

/// A node's deliveries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trust {
	/// Calls that it charged for, but for those that nobody waited for any more.
	pub calls: u64,
	/// Those of them whose answers it did not deliver.
	pub lost: u64,
	/// The number of these that came after the last answer that it did deliver. Calls that were under way
	/// at the same time count as one.
	pub in_a_row: u32,
	/// The time since when it gets no calls because of that, in seconds since 1970.
	pub barred_at: Option<u64>,
}

/// The sums of calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
	/// Calls that were charged.
	pub calls: u64,
	/// Those of them whose answer did not reach the app, or not whole.
	pub broken: u64,
	/// Charged tokens of prompts.
	pub input_tokens: u64,
	/// Charged tokens of answers.
	pub output_tokens: u64,
	/// Their cost, in planck.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub charged: Balance,
}

impl Totals {
	/// One call, by its statement; and if its answer has reached the app.
	pub(crate) fn of(statement: &Statement, delivered: bool) -> Self {
		Self {
			calls: 1,
			broken: u64::from(!delivered),
			input_tokens: statement.tokens.input.into(),
			output_tokens: statement.tokens.output.into(),
			charged: statement.charge,
		}
	}

	/// Calls that were forgotten, by what their lane's list says of all of them; `charge` is the part of
	/// their cost that was not counted yet.
	pub(crate) fn adopted(calls: &lane_list::Totals, charge: Balance) -> Self {
		Self {
			calls: calls.calls.into(),
			broken: 0,
			input_tokens: calls.input_tokens,
			output_tokens: calls.output_tokens,
			charged: charge,
		}
	}

	/// Both together.
	pub fn plus(self, other: Self) -> Self {
		Self {
			calls: self.calls.saturating_add(other.calls),
			broken: self.broken.saturating_add(other.broken),
			input_tokens: self.input_tokens.saturating_add(other.input_tokens),
			output_tokens: self.output_tokens.saturating_add(other.output_tokens),
			charged: self.charged.saturating_add(other.charged),
		}
	}
}

/// The standing of the budget. Amounts in planck.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
	/// The cost of calls, by the statements that were acknowledged, closed sessions included.
	pub charged: Balance,
	/// The amount that is set aside for calls under way, or whose outcome is unknown.
	pub reserved: Balance,
	/// The amount that is in sessions which are not closed, spent or not.
	pub deposited: Balance,
	/// The amount that counts against the budget: what closed sessions cost, what is in others, and what
	/// is on its way there.
	pub committed: Balance,
	/// The most that could have been spent by now, if nodes redeem all that they hold.
	pub exposed: Balance,
}

/// Something that has to reach the disk.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
	/// The one entry about the ledger itself.
	Meta(Meta),
	/// A session, new or changed.
	Session(Session),
	/// A session with this number is opened now. Nothing is kept of another one that had it before, on a
	/// chain that was started anew or in a block that was replaced: nobody can prove anything with that.
	Anew(SessionId),
	/// A session is closed: its lanes are not needed any more.
	Closed(Session),
	/// A session has another number now.
	Forget(SessionId),
	/// A lane of a session.
	Lane(SessionId, LaneId, Box<Lane>),
	/// The transaction under way for a node, if there is one.
	Intent(AccountId, Option<Intent>),
	/// The reason why a node is paid no more; none if it is paid again.
	Barred(AccountId, Option<String>),
	/// The sums of a model's calls through a node.
	Totals(ModelId, AccountId, Totals),
	/// A node's deliveries, if anything is known of them.
	Trust(AccountId, Option<Trust>),
	/// A statement, acknowledged or not.
	Statement(Box<KeptStatement>),
}

/// Everything that is on disk, but for the statements and the sessions that are closed.
#[derive(Clone, Debug, PartialEq)]
pub struct Contents {
	/// The one entry about the ledger itself.
	pub meta: Meta,
	/// The sessions that are not closed.
	pub sessions: BTreeMap<SessionId, Session>,
	/// Their lanes.
	pub lanes: BTreeMap<(SessionId, LaneId), Lane>,
	/// Transactions under way, by node.
	pub intents: BTreeMap<AccountId, Intent>,
	/// Nodes that are paid no more.
	pub barred: BTreeMap<AccountId, String>,
	/// The sums of calls, by model and node.
	pub totals: BTreeMap<(ModelId, AccountId), Totals>,
	/// Deliveries, by node.
	pub trust: BTreeMap<AccountId, Trust>,
}
