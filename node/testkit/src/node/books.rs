//! The books of an inference node.

use std::{collections::BTreeMap, time::Duration};

use openledger_primitives::{voucher::Voucher, Balance, LaneId, Sequence, SessionId};
use openledger_protocol::x402::PaymentResponse;

use super::Mood;

/// A lane, as its node knows it.
#[derive(Clone, Debug, Default)]
pub struct LaneBook {
	/// The last sequence that was used.
	pub sequence: Sequence,
	/// The cost of its calls, in planck.
	pub charged: Balance,
	/// The most that its call may cost which is under way, in planck.
	pub in_flight: Balance,
	/// The last voucher that was taken: all vouchers of a lane are for the same.
	pub last: Option<Voucher>,
	/// The most that any voucher has authorised.
	pub authorised: Balance,
}

/// The books of a node, and how it behaves.
#[derive(Default)]
pub struct NodeBooks {
	/// Its honesty.
	pub mood: Mood,
	/// The tokens that are offered where none are asked for.
	pub unasked: u32,
	/// The tokens of a request.
	pub input_tokens: u32,
	/// The time that an answer takes.
	pub delay: Duration,
	/// The lanes of its sessions.
	pub lanes: BTreeMap<(SessionId, LaneId), LaneBook>,
	/// The statements of the calls that it has served.
	pub served: BTreeMap<(SessionId, LaneId, Sequence), PaymentResponse>,
	/// Requests that came without a payment.
	pub offers: u32,
	/// Requests that came with one.
	pub paid: u32,
	/// True if its health check fails.
	pub unwell: bool,
	/// Questions about what became of a call.
	pub asked: u32,
	/// The number of vouchers that it still refuses as if the session were not known yet.
	pub session_unknown: u32,
	/// A session whose number was somebody else's.
	pub foreign: Option<SessionId>,
	/// The number of times that it still says that a lost answer is not done yet.
	pub not_yet: u32,
	/// Vouchers that were taken are not known when they are asked for.
	pub forgetful: bool,
	/// Requests to agree to a session's end.
	pub closings: u32,
	/// The number of those that are still told that it is settling.
	pub settling: u32,
	/// Agrees to no session's end.
	pub stubborn: bool,
	/// Vouchers that were taken and not signed by the caller itself.
	pub by_hot_key: u32,
	/// Calls that are being answered.
	pub at_once: u32,
	/// The most that ever were.
	pub most_at_once: u32,
	/// Requests whose voucher was refused, and that somebody could bring again: the body and the payment.
	pub refused: Vec<(Vec<u8>, String)>,
}

impl NodeBooks {
	pub(super) fn taken(&self, (session, lane, sequence): (SessionId, LaneId, Sequence)) -> bool {
		let lane = self.lanes.get(&(session, lane));
		!self.forgetful && lane.is_some_and(|lane| sequence <= lane.sequence)
	}

	/// True if it says that it is not done yet.
	pub(super) fn is_not_done(&mut self) -> bool {
		let left = self.not_yet.checked_sub(1);
		self.not_yet = left.unwrap_or_default();
		left.is_some()
	}
}
