//! A lane of a session: which vouchers were signed on it, and what has become of them.
//!
//! ```text
//! begin ─► open ─┬─ charge ──► its statement is added to the list, which the next voucher acknowledges
//!                ├─ release ─► not charged, and that is remembered; the lane goes on where the node says
//!                ├─ refuse ──► the same, and the voucher may be taken yet
//!                ├─ rejected ► its statement is false, and what it could cost stays set aside
//!                └─ settled ─► by the chain, without a statement: the lane is used no more
//! ```

use std::collections::BTreeSet;

use openledger_primitives::{
	lane::{Agreement, VersionedStatement},
	lane_list::LaneList,
	Balance, BlockNumber, Hash, Sequence,
};
use openledger_protocol::x402::Receipt;
use serde::{Deserialize, Serialize};

use crate::{
	adopt::{AdoptError, Adopted},
	call::{is_in_time, CallTerms, Correction, OpenCall},
	uncharged::{self, Uncharged},
};

/// A lane with so many vouchers that were refused or not charged, and that its node can settle yet, gets no more
/// calls: none is forgotten for another.
const MOST_UNTAKEN: usize = 32;
/// A node may take so many blocks, of three seconds, to say what became of a voucher that it has refused.
/// An amount that is settled for it after a day counts as settled without a statement; and the chain takes it for
/// no longer than that.
const SILENCE: BlockNumber = 24 * 1_200;

/// A lane of a session, as it is on disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
	/// The last sequence that was used.
	pub sequence: Sequence,
	/// The agreement that all its vouchers name.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub agreement: Option<Agreement>,
	/// The calls that were charged, by the node's statements. It only grows.
	pub list: LaneList,
	/// Calls that were charged and are not in the list.
	pub unlisted: Unlisted,
	/// The most that any voucher of the lane has authorised, in planck: whatever became of its
	/// call, the node may hold it, and can never get more out of this lane.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub authorised: Balance,
	/// The highest sequence of these vouchers.
	pub signed: Sequence,
	/// `true` once no more vouchers are signed on it: its node has lost it, or it is used for something else,
	/// and what that is, is not known.
	pub closed: bool,
	/// The last call that the chain had settled, when it was last asked.
	pub settled: Settled,
	/// The call whose statement has not come yet.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub open: Option<OpenCall>,
	/// Calls whose vouchers the node has refused, and can still take if they are brought again: their
	/// sequence is free for another one, and whichever is taken first is the one that counts.
	#[serde(default, skip_serializing_if = "Vec::is_empty")]
	pub untaken: Vec<OpenCall>,
	/// Calls that were not charged and may not be charged any more, but for those before the last that was.
	#[serde(default, skip_serializing_if = "Vec::is_empty")]
	pub uncharged: Vec<Uncharged>,
}

/// The last settlement of a lane on chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Settled {
	/// The sequence of the last settled call.
	pub sequence: Sequence,
	/// The cost of the settled calls, in planck.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub amount: Balance,
}

/// Calls that were charged and are not in a lane's list: the chain has settled them, and their statements have not
/// come, or they came after a later one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unlisted {
	/// Their number.
	pub calls: u64,
	/// The sequence of the last of them; 0 if there are none.
	pub sequence: Sequence,
	/// Their cost, in planck.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub amount: Balance,
}

impl Unlisted {
	fn add(&mut self, sequence: Sequence, charge: Balance) {
		self.calls = self.calls.saturating_add(1);
		self.sequence = self.sequence.max(sequence);
		self.amount = self.amount.saturating_add(charge);
	}
}

impl Lane {
	/// The same where another node may hold its vouchers: they count as spent, and no more are signed on it.
	pub(crate) fn written_off(&self) -> Self {
		let (sequence, authorised) = (self.highest(), self.authorised);
		Self {
			sequence,
			signed: sequence,
			authorised,
			unlisted: Unlisted { calls: 1, sequence, amount: authorised },
			closed: true,
			..Self::default()
		}
	}

	/// The cost of its calls by the statements that were taken, in planck: what the next voucher acknowledges.
	pub fn acknowledged(&self) -> Balance {
		self.list.totals().charge
	}

	/// The cost of all its calls, also of those of which the chain tells and no statement, in planck.
	pub fn spent(&self) -> Balance {
		self.acknowledged().saturating_add(self.unlisted.amount)
	}

	/// The last sequence that was charged: no other voucher is signed for it, or for one before it.
	pub fn charged(&self) -> Sequence {
		newest(&self.list).max(self.unlisted.sequence)
	}

	/// Returns `true` if calls of it were charged that are not in the list. A voucher would acknowledge too
	/// little, so none is signed before the lane was adopted from its node.
	pub fn is_behind(&self) -> bool {
		self.is_forgotten() || self.unlisted.calls > 0
	}

	/// Returns `true` if the chain has settled a voucher that is not known here: there was a newer state.
	pub fn is_forgotten(&self) -> bool {
		self.settled.sequence > self.signed
	}

	/// Returns `true` if a voucher was ever signed on it, by whoever it was.
	pub fn is_used(&self) -> bool {
		let signed = self.sequence.max(self.signed).max(self.settled.sequence) > 0;
		signed || self.agreement.is_some() || self.open.is_some() || self.closed
	}

	/// Returns `true` if it is closed and nothing was ever charged on it, or its node can settle a voucher yet that it
	/// has refused; if it has come to its end; or if too many of its vouchers were refused. That is the node's
	/// word then, and nothing else shows it.
	pub(crate) fn is_denied(&self) -> bool {
		let is_taken_away = self.closed && (self.spent() == 0 || self.withheld() > 0);
		is_taken_away || self.is_at_its_end() || self.is_full()
	}

	/// Returns `true` if it has as many vouchers that were refused or not charged as it can.
	pub(crate) fn is_full(&self) -> bool {
		let uncharged = self.uncharged.iter().filter(|call| call.is_redeemable()).count();
		self.untaken.len().saturating_add(uncharged) >= MOST_UNTAKEN
	}

	/// The amount that its node can settle on it, in planck, by a voucher that it has refused or not charged,
	/// beyond what is spent and set aside. Of several it can settle one.
	pub(crate) fn withheld(&self) -> Balance {
		let untaken = self.untaken.iter().map(|call| (call.sequence, call.agreed.allowance));
		let uncharged = self.uncharged.iter().map(|call| (call.sequence, call.allowance));
		let over = self.settled.sequence.max(self.charged());
		let is_open = |(sequence, _): &(Sequence, Balance)| *sequence > over;
		let open = untaken.chain(uncharged).filter(is_open);
		let most = open.map(|(_, allowance)| allowance).max().unwrap_or_default();
		most.min(self.authorised.saturating_sub(self.spent())).saturating_sub(self.reserved())
	}

	/// Returns `true` if there is no sequence left.
	pub(crate) fn is_at_its_end(&self) -> bool {
		self.sequence == Sequence::MAX
	}

	/// The amount that is set aside for its call that has no statement yet, in planck.
	pub fn reserved(&self) -> Balance {
		self.open.as_ref().map_or(0, |open| open.agreed.allowance)
	}

	/// The most that its node can settle on it, in planck, by the vouchers that are known here.
	pub(crate) fn most_settled(&self) -> Balance {
		// The chain takes no voucher that is older than what is settled.
		match self.settled.sequence >= self.signed {
			true => self.settled.amount.min(self.authorised),
			false => self.authorised,
		}
	}

	/// The highest sequence that can have been used on it, as far as is known.
	pub fn highest(&self) -> Sequence {
		self.signed.max(self.settled.sequence)
	}

	/// Calls whose vouchers were refused, and have been taken since by what the chain has settled.
	pub(crate) fn taken_since(&self) -> impl Iterator<Item = &OpenCall> {
		self.untaken.iter().filter(|call| call.sequence <= self.settled.sequence)
	}

	/// The sequences of calls whose vouchers were refused, and of which it can be known now what became of
	/// them: the chain has settled them, or they can be taken no more when the best block is this one.
	pub(crate) fn decided(&self, best: BlockNumber) -> BTreeSet<Sequence> {
		let expired = self.untaken.iter().filter(|call| !call.can_be_taken(best));
		self.taken_since().chain(expired).map(|call| call.sequence).collect()
	}

	/// Opens a call under the lane's agreement. Returns it, and the sum that its voucher authorises; nothing if
	/// its node has brought the lane to its end.
	pub(crate) fn begin(&mut self, agreed: CallTerms) -> Option<(OpenCall, Balance)> {
		let sequence = self.sequence.checked_add(1)?;
		let authorised = self.acknowledged().checked_add(agreed.allowance)?;
		self.sequence = sequence;
		self.authorised = self.authorised.max(authorised);
		self.signed = self.signed.max(sequence);
		self.agreement = Some(agreed.agreement);
		let call = OpenCall { sequence, agreed, expected: None, rejected: None, lost: None };
		self.open = Some(call.clone());
		Some((call, authorised))
	}

	/// Adds a call that a voucher with this sequence has paid for, by its statement. It was checked that it costs
	/// no more than was allowed; but never too little is counted.
	pub(crate) fn charge(&mut self, sequence: Sequence, statement: &VersionedStatement) {
		let call = statement.newest().totals();
		if self.list.append(sequence, statement.hash(), &call).is_err() {
			// A later call was charged before it, so that nobody knows what the node's list is.
			self.unlisted.add(sequence, call.charge);
		}
		self.use_up();
	}

	/// Charges a call by what the chain has settled, in planck: that is returned. What the node's list says of it
	/// is not known, so the lane is used no more.
	pub(crate) fn charge_settled(&mut self, sequence: Sequence) -> Balance {
		let settled = self.settled.amount.min(self.authorised);
		let charge = settled.saturating_sub(self.spent());
		self.unlisted.add(sequence, charge);
		self.use_up();
		charge
	}

	/// Uses up what was charged.
	fn use_up(&mut self) {
		self.authorised = self.authorised.max(self.spent());
		self.go_on_from(self.sequence);
	}

	/// Goes on after a sequence, or after the last one that was charged: a second statement for that would
	/// be charged beside the first.
	fn go_on_from(&mut self, sequence: Sequence) {
		let charged = self.charged();
		self.sequence = sequence.max(charged);
		self.untaken.retain(|call| call.sequence > charged);
		// Nothing is adopted that is older.
		self.uncharged.retain(|call| call.sequence >= charged);
	}

	/// Goes on from a voucher that nobody has.
	pub(crate) fn correct(&mut self, correction: Correction) {
		self.go_on_from(correction.sequence.unwrap_or(self.sequence));
	}

	/// The same for a voucher that its node has, and whose call was not charged.
	pub(crate) fn release(&mut self, call: &OpenCall, correction: Correction) {
		uncharged::note(&mut self.uncharged, call);
		self.correct(correction);
	}

	/// The same for a voucher that its node has refused, and may have still: if it is brought again, it
	/// may be taken.
	pub(crate) fn refuse(&mut self, call: OpenCall, correction: Correction) {
		self.untaken.push(call);
		self.correct(correction);
	}

	/// Charges a call whose voucher was refused at first and taken after all. Returns the call.
	pub(crate) fn take_up(
		&mut self,
		sequence: Sequence,
		statement: &VersionedStatement,
	) -> Option<OpenCall> {
		let call = self.remembered(sequence, statement.newest().request_hash)?.clone();
		self.charge(sequence, statement);
		Some(call)
	}

	/// The call with this sequence and request, if its voucher was refused and may be taken yet.
	fn remembered(&self, sequence: Sequence, request_hash: Hash) -> Option<&OpenCall> {
		self.untaken.iter().find(|call| call.is(sequence, request_hash))
	}

	/// Notes of the refused vouchers with a sequence, by its node's word, that it is used and was not charged.
	pub(crate) fn pass(&mut self, sequence: Sequence) {
		self.sequence = self.sequence.max(sequence);
		self.forget(|call| call.sequence != sequence);
	}

	/// Notes of the refused vouchers with a sequence that none was taken, as far as it could be known
	/// when the best block was this one. Others can be taken yet.
	pub(crate) fn give_up(&mut self, sequence: Sequence, best: BlockNumber) {
		let settled = self.settled.sequence;
		let is_open = |call: &OpenCall| call.sequence > settled && call.can_be_taken(best);
		self.forget(|call| call.sequence != sequence || is_open(call));
	}

	/// Waits no longer for refused vouchers to be taken, but for those that are to be kept.
	fn forget(&mut self, is_kept: impl Fn(&OpenCall) -> bool) {
		let (kept, over): (Vec<_>, Vec<_>) =
			std::mem::take(&mut self.untaken).into_iter().partition(is_kept);
		self.untaken = kept;
		over.iter().for_each(|call| uncharged::note(&mut self.uncharged, call));
	}

	/// Notes that a statement does not hold: nobody asks any more about the call with this request.
	pub(crate) fn reject(&mut self, request_hash: Hash, receipt: &Receipt) {
		self.forget(|call| call.agreed.request_hash != request_hash);
		let open = self.open.as_mut().filter(|call| call.agreed.request_hash == request_hash);
		if let Some(call) = open {
			call.rejected = Some(receipt.clone());
		}
	}

	/// Waits no longer for refused vouchers that can be taken no more, and of which their node has not said for a
	/// day what became of them; and lets go of what those allow that the chain takes no more. Returns `true` if
	/// there were any.
	pub(crate) fn forget_untaken(&mut self, best: BlockNumber) -> bool {
		let (before, was) = (self.untaken.len(), best.saturating_sub(SILENCE));
		self.forget(|call| call.can_be_taken(was));
		let mut changed = self.untaken.len() < before;
		for call in &mut self.uncharged {
			if call.is_redeemable() && !is_in_time(call.valid_until, was) {
				(call.allowance, changed) = (0, true);
			}
		}
		changed
	}

	/// Returns `true` if a voucher is known to be of a call that was not charged.
	fn is_uncharged(&self, sequence: Sequence, request_hash: Hash) -> bool {
		let is_it =
			|call: &Uncharged| (call.sequence, call.request_hash) == (sequence, request_hash);
		self.uncharged.iter().any(is_it)
	}

	/// Takes over what its caller has signed for, and forgets the calls up to that voucher: what became of them
	/// stands in the list. Nothing that is known here gets less.
	pub(crate) fn adopt(&mut self, adopted: &Adopted) -> Result<(), AdoptError> {
		let Adopted { voucher, list, receipt, .. } = adopted;
		let sequence = voucher.sequence;
		// One of which nothing was charged may have been signed for because the other was forgotten: the chain
		// redeems vouchers of one agreement.
		let is_other = self.agreement.is_some_and(|known| known != voucher.agreement);
		if is_other && self.charged() > 0 {
			return Err(AdoptError::Other("agreement"));
		}
		let open = self.open.as_ref();
		let is_open =
			|call: &OpenCall| call.is(sequence, voucher.request_hash) || call.rejected.is_some();
		if open.is_some_and(is_open) || self.remembered(sequence, voucher.request_hash).is_some() {
			return Err(AdoptError::Remembered);
		}
		if receipt.is_some() && self.is_uncharged(sequence, voucher.request_hash) {
			return Err(AdoptError::Denied);
		}
		let (new, known) = (list.totals(), self.list.totals());
		// A longer list may contain the known one, which nothing shows; one of the same length has to be it.
		let grows = new.checked_sub(&known).is_some()
			&& newest(list) >= newest(&self.list)
			&& (new.calls > known.calls || list.root() == self.list.root());
		if !grows || new.charge < self.spent() || sequence < self.charged() {
			return Err(AdoptError::Less);
		}
		// A voucher that was refused just now has a later sequence than the node's last one: that is nothing new.
		let is_new = *list != self.list
			|| self.unlisted != Unlisted::default()
			|| self.agreement != Some(voucher.agreement)
			|| sequence > self.sequence.max(self.signed)
			|| voucher.authorised > self.authorised;
		if !is_new {
			return Err(AdoptError::NothingNew);
		}
		let is_later = |call: &OpenCall| call.sequence > sequence;
		let ended = self.open.clone().filter(|call| !is_later(call));
		let mut state = Self {
			sequence,
			agreement: Some(voucher.agreement),
			list: list.clone(),
			unlisted: Unlisted::default(),
			authorised: self.authorised.max(voucher.authorised).max(new.charge),
			signed: self.signed.max(sequence),
			open: self.open.clone().filter(is_later),
			..self.clone()
		};
		// Those are known, and no part of the list.
		ended.iter().for_each(|call| uncharged::note(&mut state.uncharged, call));
		state.forget(is_later);
		state.use_up();
		*self = state;
		Ok(())
	}
}

/// The sequence of the last call in a list; 0 if there is none.
fn newest(list: &LaneList) -> Sequence {
	list.last().map_or(0, |last| last.sequence)
}
