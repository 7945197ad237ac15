//! A session, as it is on disk. Its lanes are kept beside it.

use openledger_primitives::{info::SessionInfo, AccountId, Balance, BlockNumber, SessionId};
use serde::{Deserialize, Serialize};

/// A session that ends within so many blocks is not used for another call.
const MARGIN: BlockNumber = 20;

/// A session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
	/// Its number on chain.
	pub id: SessionId,
	/// The operator who is paid.
	pub node: AccountId,
	/// The amount that is in it, in planck.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub deposit: Balance,
	/// The block from which the node serves no more calls.
	pub expires_at: BlockNumber,
	/// The block from which it can be closed, if that was asked for.
	pub closes_at: Option<BlockNumber>,
	/// `true` once it pays for no more calls.
	pub retired: bool,
	/// `true` if that is so because the node says, and nobody else, that it takes no voucher of it.
	pub unwelcome: bool,
	/// The block in which it was opened, or a later one as long as that is not known: no lane of it is as of
	/// an earlier one.
	pub opened_at: BlockNumber,
	/// The best block before it was opened.
	pub opened_after: BlockNumber,
	/// The way in which it was opened, as long as no final block shows it: until then its number may
	/// become that of another session.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub opening: Option<Opening>,
	/// The hot key that signs its vouchers, as an account, if it is not the caller's own.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub signer: Option<AccountId>,
	/// The most that this key may spend in it, in planck.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub limit: Balance,
	/// `true` if it was taken over from the chain: vouchers may have been signed in it of which nothing is
	/// known here.
	pub taken_over: bool,
}

/// The way in which a session was opened: by this it is found again under another number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
	/// It has this number or a higher one.
	pub first: SessionId,
	/// Its deposit then, in planck.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub amount: Balance,
	/// The block at which it ends.
	pub expires_at: BlockNumber,
	/// `true` once the final chain does not have it under its number: then it is searched for.
	pub displaced: bool,
}

/// The keys that are at hand to sign vouchers with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signers {
	/// `true` if the caller's own is, which can sign in every session.
	pub own: bool,
	/// A hot key, as an account.
	pub hot: Option<AccountId>,
}

impl Default for Signers {
	fn default() -> Self {
		Self { own: true, hot: None }
	}
}

/// The use that was made of a session so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
	/// Grows with each voucher.
	pub vouchers: u64,
	/// The amount that is in it, in planck.
	pub deposit: Balance,
	/// `true` while calls are under way.
	pub busy: bool,
}

impl Session {
	/// A session for the caller's own key.
	pub(crate) fn new(
		id: SessionId,
		node: AccountId,
		deposit: Balance,
		expires_at: BlockNumber,
		opened_at: BlockNumber,
	) -> Self {
		Self {
			id,
			node,
			deposit,
			expires_at,
			opened_at,
			closes_at: None,
			retired: false,
			unwelcome: false,
			opened_after: 0,
			opening: None,
			signer: None,
			limit: Balance::MAX,
			taken_over: false,
		}
	}

	/// A session as the chain has it.
	pub fn of(info: SessionInfo) -> Self {
		let SessionInfo { id, caller, node, signer, deposit, opened_at, .. } = info;
		let SessionInfo { expires_at, closes_at, .. } = info;
		let signer = Some(signer).filter(|signer| *signer != caller);
		let limit = signer.as_ref().map_or(Balance::MAX, |_| info.spending_limit);
		let retired = closes_at.is_some();
		let session = Self::new(id, node, deposit, expires_at, opened_at);
		Self { closes_at, retired, signer, limit, ..session }
	}

	/// The same, when the chain has it so. What only the payer knows of it stays.
	pub(crate) fn seen(&self, info: &SessionInfo) -> Self {
		let seen = Self::of(info.clone());
		Self {
			// A transaction under way may have raised it. It is never lowered.
			deposit: self.deposit.max(seen.deposit),
			retired: self.retired || seen.retired,
			unwelcome: self.unwelcome,
			opened_after: self.opened_after,
			opening: self.opening,
			taken_over: self.taken_over,
			..seen
		}
	}

	/// Returns `true` if it may be there under another number only.
	pub fn is_displaced(&self) -> bool {
		self.opening.is_some_and(|opening| opening.displaced)
	}

	/// The most that can be spent in it in all, in planck.
	pub(crate) fn spendable(&self) -> Balance {
		self.deposit.min(self.limit)
	}

	/// Returns `true` if it can pay for another call, when the newest block is `best`, by a voucher that
	/// one of these keys signs.
	pub(crate) fn can_pay(&self, best: BlockNumber, signers: &Signers) -> bool {
		let is_signed = signers.own || self.signer.is_some() && self.signer == signers.hot;
		is_signed && !self.retired && self.closes_at.is_none() && !self.ends_soon(best)
	}

	/// Returns `true` if it is too late for another call when the newest block is `best`.
	pub(crate) fn ends_soon(&self, best: BlockNumber) -> bool {
		self.expires_at <= best.saturating_add(MARGIN)
	}
}
