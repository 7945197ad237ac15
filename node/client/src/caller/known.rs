//! What a caller knows of its sessions, their lanes, and the calls on them.

use std::{
	collections::BTreeMap,
	fmt::{self, Display, Formatter},
};

use openledger_primitives::{
	price::PriceSchedule, statement::response_hash, AccountId, Balance, BlockNumber, Hash, LaneId,
	ModelId, PriceVersion, Sequence, SessionId, VersionId, MAX_LANES,
};
use serde::{Deserialize, Serialize};

use super::{
	check::{most_tokens, tokens_in},
	AnswerSize,
};
use crate::x402::{self, Receipt};

/// A node may be so many blocks behind.
pub(super) const LAG: BlockNumber = 100;

/// A session as its caller knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownSession {
	/// The chain.
	pub genesis_hash: Hash,
	/// The operator who is paid.
	pub node: AccountId,
	/// Who pays.
	pub caller: AccountId,
	/// The session's number on chain.
	pub session: SessionId,
	/// What was put in, in planck.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub deposit: Balance,
	/// The block from which the node serves no more calls.
	pub expires_at: BlockNumber,
	/// The block in which it was opened, if that was written down.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub opened_at: Option<BlockNumber>,
	/// Whether another session has taken its place. What is left of its deposit comes back when it
	/// is closed.
	#[serde(default)]
	pub retired: bool,
	/// Its lanes.
	#[serde(default)]
	pub lanes: BTreeMap<LaneId, KnownLane>,
}

/// A lane as its caller knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownLane {
	/// The last sequence that was used.
	pub sequence: Sequence,
	/// What the node's statements add up to, in planck.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub acknowledged: Balance,
	/// What its vouchers are for: a lane is for one agreement.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub terms: Option<LaneTerms>,
	/// Whether no more vouchers are signed on it: it is used for something else, and what that is, is
	/// not known.
	#[serde(default, skip_serializing_if = "is_false")]
	pub closed: bool,
	/// The call whose statement has not come yet.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub open: Option<OpenCall>,
	/// Calls whose vouchers the node has not taken, and still can: their sequence is free for another
	/// one, and whichever is taken first is the one that counts.
	#[serde(default, skip_serializing_if = "Vec::is_empty")]
	pub untaken: Vec<OpenCall>,
}

impl KnownLane {
	/// Whether a voucher for these terms may be signed on it.
	pub fn is_for(&self, terms: &LaneTerms) -> bool {
		!self.closed && self.terms.is_none_or(|used| used == *terms)
	}

	/// Whether a voucher was ever signed on it.
	pub fn is_used(&self) -> bool {
		let signed = self.terms.is_some() || self.open.is_some() || !self.untaken.is_empty();
		signed || self.closed || self.sequence > 0 || self.acknowledged > 0
	}

	/// The highest sequence that can have been used on it, as far as is known.
	pub(super) fn highest(&self) -> Sequence {
		let signed = self.untaken.iter().chain(&self.open).map(|call| call.sequence);
		signed.fold(self.sequence, Sequence::max)
	}

	/// The lane when it is known that this sequence was used.
	pub(super) fn used(mut self, sequence: Sequence) -> Self {
		self.sequence = self.sequence.max(sequence);
		self.untaken.retain(|call| call.sequence > sequence);
		Self { open: None, ..self }
	}

	/// The lane when the node has not taken the voucher of a call.
	pub(super) fn not_taken(mut self, call: OpenCall) -> Self {
		self.sequence = call.sequence.saturating_sub(1);
		// It may still hold the voucher.
		self.terms = self.terms.or(Some(call.terms()));
		self.untaken.push(call);
		Self { open: None, ..self }
	}

	/// The lane without the calls whose vouchers nobody can take any more.
	pub(super) fn without_expired(mut self, best: BlockNumber) -> Self {
		self.untaken.retain(|call| call.can_be_taken(best));
		self
	}
}

/// What the vouchers of a lane are for. All of them name the same: what a voucher acknowledges is
/// settled at what it names, so that with another one on the lane a node could settle the calls
/// before it at terms that came after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LaneTerms {
	/// The model.
	pub model: ModelId,
	/// Its version.
	pub version: VersionId,
	/// The price version.
	pub price_version: PriceVersion,
}

impl Display for LaneTerms {
	fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
		let Self { model, version, price_version } = self;
		write!(formatter, "model {model}, version {version}, price version {price_version}")
	}
}

impl From<&x402::Terms> for LaneTerms {
	fn from(offered: &x402::Terms) -> Self {
		let (model, version) = (offered.model, offered.version);
		Self { model, version, price_version: offered.price_version }
	}
}

fn is_false(value: &bool) -> bool {
	!value
}

/// A call that was paid for and not acknowledged yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenCall {
	/// Its voucher's sequence.
	pub sequence: Sequence,
	/// The model that was asked.
	pub model: ModelId,
	/// Its version.
	pub version: VersionId,
	/// The price version that was agreed on.
	pub price_version: PriceVersion,
	/// Its schedule.
	pub price: PriceSchedule,
	/// The tokens of the prompt that were agreed on.
	pub input_tokens: u32,
	/// The most tokens of the answer.
	pub max_output_tokens: u32,
	/// The most that it may cost, in planck.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub allowance: Balance,
	/// The hash of the request.
	pub request_hash: Hash,
	/// What it was hashed with.
	pub salt: Hash,
	/// The last block at which the node may take its voucher.
	#[serde(default)]
	pub valid_until: BlockNumber,
	/// What the hash of its answer has to be, if all of it came without a statement.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub expected: Option<Hash>,
	/// A statement of the node that does not hold: proof against it.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub rejected: Option<Receipt>,
}

impl OpenCall {
	/// What its voucher is for.
	pub fn terms(&self) -> LaneTerms {
		LaneTerms { model: self.model, version: self.version, price_version: self.price_version }
	}

	/// Whether the node may still take its voucher, when the best block is this one: a node may be
	/// behind.
	pub fn can_be_taken(&self, best: BlockNumber) -> bool {
		best <= self.valid_until.saturating_add(LAG)
	}

	/// The call when all of its answer has come, which says this, and no statement with it: it may still
	/// come, and has to be about this answer.
	pub(super) fn answered(mut self, text: &str) -> Self {
		self.expected = Some(response_hash(self.salt.as_fixed_bytes(), text.as_bytes()));
		self.max_output_tokens = self.max_output_tokens.min(tokens_in(text.len()));
		self
	}

	/// The call when so many bytes of its answer's text have come before it broke off.
	pub(super) fn broken_off(mut self, bytes: usize) -> Self {
		self.max_output_tokens = self.max_output_tokens.min(most_tokens(bytes));
		self
	}

	/// How large its answer can be.
	pub fn size(&self) -> AnswerSize {
		AnswerSize::of(self.input_tokens, self.max_output_tokens)
	}
}

impl KnownSession {
	/// What has been acknowledged or may still be charged, in planck.
	pub fn spent(&self) -> Balance {
		self.lanes.values().fold(0, |sum: Balance, lane| {
			let open = lane.open.as_ref().map_or(0, |call| call.allowance);
			sum.saturating_add(lane.acknowledged).saturating_add(open)
		})
	}

	/// A lane for a call at these terms: `first` if it can be, else one after it that is for them, or
	/// was never used. `None` if all lanes are used for something else.
	pub fn lane_for(&self, terms: &LaneTerms, first: LaneId) -> Option<LaneId> {
		let fits = |lane: &LaneId| self.lanes.get(lane).is_none_or(|known| known.is_for(terms));
		(first..MAX_LANES).chain(0..first.min(MAX_LANES)).find(fits)
	}

	/// Whether a lane of it is closed on which nothing was ever charged. That it is used for something
	/// else is what the node says then, and nothing else shows it.
	pub fn closed_unproven(&self) -> bool {
		self.lanes.values().any(|lane| lane.closed && lane.acknowledged == 0)
	}

	/// Whether it is used no more, and nothing was ever charged in it.
	pub(super) fn is_unused(&self) -> bool {
		self.retired && self.spent() == 0
	}

	/// Whether it is the session of `caller` with `node` on this chain.
	pub(super) fn is(&self, key: &SessionKey) -> bool {
		(self.genesis_hash, &self.node, &self.caller) == (key.genesis_hash, &key.node, &key.caller)
	}
}

/// Between whom a session is. A caller uses one session with a node at a time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SessionKey {
	pub genesis_hash: Hash,
	pub node: AccountId,
	pub caller: AccountId,
}
