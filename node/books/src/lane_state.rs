//! The progress of a lane, and its end where the chain has settled what is not in these books.

use codec::{Decode, Encode};
use openledger_primitives::{
	info::LaneInfo, lane::Agreement, lane_list::LaneList, Balance, Sequence,
};

/// The progress of a lane: the fold of its calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct LaneState {
	/// The agreement of its first voucher, and so of all of them; none before that.
	pub agreement: Option<Agreement>,
	/// The list of its charged calls. The next voucher must acknowledge exactly this.
	pub list: LaneList,
	/// The sequence of the last voucher that was taken, served or not; of a lost lane, of what the chain has
	/// settled, if that is higher.
	pub sequence: Sequence,
	/// The most that the call which is being served may cost, in planck, if there is one. That
	/// call is the one at `sequence`.
	pub in_flight: Option<Balance>,
	/// `true` once the chain has settled of it what these books do not know: nobody can say what its next
	/// voucher has to acknowledge, so it gets none.
	pub lost: bool,
	/// The part of what the chain has settled of a lost lane that is beyond the list, in planck.
	pub unlisted: Balance,
	/// Up to this sequence there are no calls here any more: they were removed because they are old. 0 if
	/// none were.
	pub base_sequence: Sequence,
	/// The number of those that were charged: the index in the list of the first one that is not removed.
	pub base_calls: u32,
}

impl LaneState {
	/// The charges of all calls in its list, in planck.
	pub fn charged(&self) -> Balance {
		self.list.totals().charge
	}

	/// The part of its session's deposit that it has used, in planck.
	pub(super) fn used(&self) -> Balance {
		self.charged().saturating_add(self.unlisted)
	}

	/// Returns `true` if the call with this sequence is not kept any more, or never was.
	pub(super) fn is_removed(&self, sequence: Sequence) -> bool {
		sequence <= self.base_sequence || (self.lost && sequence <= self.sequence)
	}

	/// The lane once it is lost, if the chain has settled of it what these books do not know: the store is
	/// new, was restored from a backup, or is of another lane of that number. `None` if there is nothing
	/// new in what the chain says. A lane with a call under way is not lost before that ends.
	pub(super) fn lost_by(&self, info: &LaneInfo) -> Option<Self> {
		if self.in_flight.is_some() {
			return None;
		}
		let is_ahead = info.sequence > self.sequence || info.settled > self.charged();
		let known = |agreement: Agreement| agreement.hash() == info.agreement;
		let is_other = || !self.agreement.is_some_and(known);
		if !self.lost && !is_ahead && !is_other() {
			return None;
		}
		let sequence = self.sequence.max(info.sequence);
		let unlisted = self.unlisted.max(info.settled.saturating_sub(self.charged()));
		if self.lost && (sequence, unlisted) == (self.sequence, self.unlisted) {
			return None;
		}
		Some(Self { lost: true, sequence, unlisted, ..self.clone() })
	}

	/// Takes a voucher's sequence and agreement.
	pub(super) fn begin(&mut self, sequence: Sequence, agreement: Agreement) {
		self.sequence = self.sequence.max(sequence);
		self.agreement.get_or_insert(agreement);
	}

	/// Frees the sequence of the voucher that was taken last, as if it had never come. The agreement of a
	/// lane that has no other is free again as well.
	pub(super) fn take_back(&mut self, sequence: Sequence) {
		self.in_flight = None;
		if self.sequence == sequence {
			self.sequence = sequence.saturating_sub(1);
		}
		if self.sequence == 0 {
			self.agreement = None;
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_primitives::{answer::Evidence, lane_list::Totals, Hash};

	fn agreement(as_of: u32) -> Agreement {
		let evidence = Evidence::Open;
		Agreement { model: 1, version: 0, price_version: 0, as_of, evidence, own_price: None }
	}

	/// A lane of five vouchers, of which three calls were charged, 20 planck each.
	fn lane() -> LaneState {
		let mut list = LaneList::default();
		let call = Totals { calls: 1, charge: 20, ..Totals::default() };
		for sequence in [1, 2, 4] {
			list.append(sequence, Hash::zero(), &call).expect("it follows");
		}
		LaneState { agreement: Some(agreement(9)), list, sequence: 5, ..LaneState::default() }
	}

	fn info(sequence: Sequence, settled: Balance) -> LaneInfo {
		LaneInfo { lane: 0, sequence, settled, agreement: agreement(9).hash() }
	}

	#[test]
	fn a_lane_is_lost_by_what_the_books_do_not_know() {
		let lane = lane();
		for known in [info(1, 20), info(4, 60), info(5, 60), info(5, 7)] {
			assert_eq!(lane.lost_by(&known), None, "{known:?}");
		}
		let other = LaneInfo { agreement: agreement(8).hash(), ..info(1, 20) };
		for (ahead, sequence, used) in
			[(info(6, 60), 6, 60), (info(9, 75), 9, 75), (info(4, 61), 5, 61), (other, 5, 60)]
		{
			let lost = lane.lost_by(&ahead).expect("it is lost");
			assert!(lost.lost);
			assert_eq!((lost.sequence, lost.used(), lost.charged()), (sequence, used, 60));
			assert_eq!(lost.lost_by(&ahead), None, "that is known now");
			assert_eq!(lost.lost_by(&info(1, 20)), None);
			let more = lost.lost_by(&info(11, 90)).expect("the chain has gone on");
			assert_eq!((more.sequence, more.used()), (11, 90));
		}
		let busy = LaneState { in_flight: Some(1), ..lane };
		assert_eq!(busy.lost_by(&info(9, 75)), None, "not before its call has ended");
	}

	#[test]
	fn a_lane_that_only_the_chain_knows_is_lost() {
		let lost = LaneState::default().lost_by(&info(7, 400)).expect("it is lost");
		assert_eq!((lost.sequence, lost.charged(), lost.used()), (7, 0, 400));
		assert!(lost.is_removed(7) && !lost.is_removed(8));
	}

	#[test]
	fn only_the_first_voucher_frees_the_agreement() {
		let mut lane = LaneState::default();
		lane.begin(1, agreement(9));
		lane.take_back(1);
		assert_eq!(lane, LaneState::default());
		lane.begin(1, agreement(8));
		lane.begin(2, agreement(8));
		lane.take_back(2);
		assert_eq!((lane.sequence, lane.agreement), (1, Some(agreement(8))));
	}
}
