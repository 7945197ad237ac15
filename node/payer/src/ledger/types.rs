//! What the ledger holds, as it is on disk.

use std::collections::BTreeMap;

use openledger_primitives::{
	price::PriceSchedule, AccountId, Balance, BlockNumber, Hash, LaneId, ModelId, PriceVersion,
	Sequence, SessionId, VersionId,
};
use serde::{Deserialize, Serialize};

use super::Trust;
use crate::known::{KeptStatement, LaneTerms, OpenCall};

/// Whose ledger it is, and what is behind it. Amounts in planck.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
	/// The chain.
	pub genesis_hash: Hash,
	/// Who pays.
	pub caller: AccountId,
	/// What sessions that are closed have cost, at most.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub closed: Balance,
	/// What had been spent when the budget began to count.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub baseline: Balance,
}

/// A session. Its lanes are kept beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
	/// Its number on chain.
	pub id: SessionId,
	/// The operator who is paid.
	pub node: AccountId,
	/// What is in it, in planck.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub deposit: Balance,
	/// The block from which the node serves no more calls.
	pub expires_at: BlockNumber,
	/// The block from which it can be closed, if that was asked for.
	pub closes_at: Option<BlockNumber>,
	/// Whether it pays for no more calls.
	pub retired: bool,
	/// Whether that is so because the node says, and nobody else, that it takes no voucher of it.
	#[serde(default, skip_serializing_if = "std::ops::Not::not")]
	pub unwelcome: bool,
	/// The best block before it was opened.
	pub opened_after: BlockNumber,
	/// How it was opened, as long as no final block shows it: until then its number may become that
	/// of another session.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub opening: Option<Opening>,
	/// The hot key that signs its vouchers, as an account, if it is not the caller's own.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub signer: Option<AccountId>,
	/// What that key may spend in it at most, in planck, if that is limited.
	#[serde(default, skip_serializing_if = "Option::is_none", with = "limit")]
	pub limit: Option<Balance>,
}

/// How a session was opened: by this it is found again under another number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
	/// It has this number or a higher one.
	pub first: SessionId,
	/// Its deposit then, in planck.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub amount: Balance,
	/// The block at which it ends.
	pub expires_at: BlockNumber,
	/// Whether the final chain does not have it under its number: then it is searched for.
	pub displaced: bool,
}

/// A limit as a decimal string.
mod limit {
	use openledger_primitives::Balance;
	use serde::{de::Error, Deserialize, Deserializer, Serialize, Serializer};

	pub(super) fn serialize<S: Serializer>(
		limit: &Option<Balance>,
		serializer: S,
	) -> Result<S::Ok, S::Error> {
		limit.map(|limit| limit.to_string()).serialize(serializer)
	}

	pub(super) fn deserialize<'de, D: Deserializer<'de>>(
		deserializer: D,
	) -> Result<Option<Balance>, D::Error> {
		let text = Option::<String>::deserialize(deserializer)?;
		text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
	}
}

impl Session {
	/// Whether it may be there under another number only.
	pub fn is_displaced(&self) -> bool {
		self.opening.is_some_and(|opening| opening.displaced)
	}

	/// What can be spent in it in all, in planck.
	pub fn spendable(&self) -> Balance {
		self.deposit.min(self.limit.unwrap_or(Balance::MAX))
	}
}

/// Which keys are at hand to sign vouchers with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signers {
	/// Whether the caller's own is, which can sign in every session.
	pub own: bool,
	/// A hot key, as an account.
	pub hot: Option<AccountId>,
}

impl Default for Signers {
	fn default() -> Self {
		Self { own: true, hot: None }
	}
}

/// A lane of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
	/// The last sequence that was used.
	pub sequence: Sequence,
	/// What the node's statements add up to, in planck.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub acknowledged: Balance,
	/// What the node's statements added up to, in planck, before it knew of less.
	#[serde(default, with = "openledger_primitives::serde_balance")]
	pub stated: Balance,
	/// The most that any voucher of the lane has authorised, in planck: whatever became of its
	/// call, the node may hold it, and can never get more out of this lane.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub authorised: Balance,
	/// The highest sequence of these vouchers.
	pub signed: Sequence,
	/// What its vouchers are for.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub terms: Option<LaneTerms>,
	/// Whether no more vouchers are signed on it: it is used for something else, and what that is, is
	/// not known.
	#[serde(default)]
	pub closed: bool,
	/// How far the chain has settled it, when it was last asked.
	#[serde(default)]
	pub settled: Settled,
	/// The call whose statement has not come yet.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub open: Option<Open>,
	/// Calls whose vouchers the node has refused, and can still take if they are brought again: their
	/// sequence is free for another one, and whichever is taken first is the one that counts.
	#[serde(default, skip_serializing_if = "Vec::is_empty")]
	pub untaken: Vec<Open>,
}

/// How far a lane is settled on chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
	/// The sequence of the last settled call.
	pub sequence: Sequence,
	/// What the settled calls cost, in planck.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub amount: Balance,
}

/// A call that is being paid for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
	/// What was agreed on.
	pub call: OpenCall,
	/// The key that has to sign its statement, as an account.
	pub receipt_key: AccountId,
	/// Whether its answer did not arrive, and if so, whether that is another loss in a row.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub lost: Option<bool>,
}

/// What is agreed on with a node before its lane is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
	/// The model's version.
	pub version: VersionId,
	/// The price version.
	pub price_version: PriceVersion,
	/// Its schedule.
	pub price: PriceSchedule,
	/// Tokens of the prompt.
	pub input_tokens: u32,
	/// The most tokens of the answer.
	pub max_output_tokens: u32,
	/// The salted hash of the request.
	pub request_hash: Hash,
	/// What it was hashed with.
	pub salt: Hash,
	/// The last block at which the voucher may be taken.
	pub valid_until: BlockNumber,
	/// The key that has to sign the statement, as an account.
	pub receipt_key: AccountId,
}

impl Draft {
	/// What a voucher for such a call of `model` names.
	pub fn terms(&self, model: ModelId) -> LaneTerms {
		LaneTerms { model, version: self.version, price_version: self.price_version }
	}
}

/// A transaction that puts money into a session, and whose outcome is not known yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
	/// What it does.
	pub kind: IntentKind,
	/// What it puts in, in planck.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub amount: Balance,
	/// The best block when it was made.
	pub from: BlockNumber,
}

/// What such a transaction does.
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

/// What calls of one model through one node came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
	/// Calls that were charged.
	pub calls: u64,
	/// Those of them whose answer did not reach the app, or not whole.
	#[serde(default)]
	pub broken: u64,
	/// Charged tokens of prompts.
	pub input_tokens: u64,
	/// Charged tokens of answers.
	pub output_tokens: u64,
	/// What they cost, in planck.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub charged: Balance,
}

impl Totals {
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

/// How far a session has been used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
	/// Grows with each voucher.
	pub vouchers: u64,
	/// What is in it, in planck.
	pub deposit: Balance,
	/// Whether calls are under way.
	pub busy: bool,
}

/// Something that has to reach the disk.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
	/// The one entry about the ledger itself.
	Meta(Meta),
	/// A session, new or changed.
	Session(Session),
	/// A session with this number is opened now. Whatever is known of another one that had it before, on
	/// a chain that was started anew or in a block that was replaced, is put aside.
	Anew(SessionId),
	/// A session is closed: its lanes are not needed any more.
	Closed(Session),
	/// A session has another number now.
	Forget(SessionId),
	/// A lane of a session.
	Lane(SessionId, LaneId, Box<Lane>),
	/// The transaction under way for a node, if there is one.
	Intent(AccountId, Option<Intent>),
	/// Why a node is paid no more, or that it is paid again.
	Barred(AccountId, Option<String>),
	/// What calls of a model through a node came to.
	Totals(ModelId, AccountId, Totals),
	/// What is known of a node's deliveries, if anything.
	Trust(AccountId, Option<Trust>),
	/// A statement, acknowledged or not.
	Statement(Box<KeptStatement>),
}

/// Everything that is on disk, but for the statements.
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
	/// What calls came to, by model and node.
	pub totals: BTreeMap<(ModelId, AccountId), Totals>,
	/// What is known of deliveries, by node.
	pub trust: BTreeMap<AccountId, Trust>,
}
