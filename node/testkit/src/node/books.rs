//! The books of an inference node.

use std::{collections::BTreeMap, time::Duration};

use openledger_primitives::{
	lane::{Statement, VersionedStatement, VersionedVoucher},
	lane_list::{LaneList, LaneSnapshot},
	price::PriceSchedule,
	Balance, BlockNumber, Hash, LaneId, Sequence, SessionId, Signature,
};
use openledger_protocol::x402::PaymentResponse;

use super::Mood;

/// A lane, as its node knows it.
#[derive(Clone, Debug, Default)]
pub struct LaneBook {
	/// The last sequence that was used.
	pub sequence: Sequence,
	/// Its calls that were charged.
	pub list: LaneList,
	/// Nodes of the list's tree that are complete: level, place in its row.
	pub nodes: BTreeMap<(u32, u32), Hash>,
	/// The amount that it settles beyond what its statements say, in planck.
	pub beyond: Balance,
	/// The most that its call may cost which is under way, in planck.
	pub in_flight: Balance,
	/// The last voucher that was taken: all vouchers of a lane are for the same.
	pub last: Option<LastVoucher>,
	/// The most that any voucher has authorised.
	pub authorised: Balance,
}

/// The last voucher that a node has taken on a lane.
#[derive(Clone, Debug)]
pub struct LastVoucher {
	/// The voucher.
	pub voucher: VersionedVoucher,
	/// Its signature.
	pub signature: Signature,
	/// The list of calls that it acknowledges.
	pub snapshot: LaneSnapshot,
}

impl LaneBook {
	/// The cost of its calls by their statements, in planck.
	pub fn charged(&self) -> Balance {
		self.list.totals().charge
	}

	/// The amount that it settles, in planck.
	pub fn settles(&self) -> Balance {
		self.charged() + self.beyond
	}

	/// Adds a call that was charged.
	pub(super) fn append(&mut self, statement: &Statement) {
		let hash = VersionedStatement::from(statement.clone()).hash();
		let Self { list, nodes, .. } = self;
		let visit = |level, index, node: &Hash| {
			nodes.insert((level, index), *node);
		};
		let leaf = list.append_visited(statement.sequence, hash, &statement.totals(), visit);
		leaf.expect("the lane's next call");
	}

	/// The state from which somebody goes on who has lost the list.
	pub(super) fn snapshot(&self) -> LaneSnapshot {
		let stored = |level, index| self.nodes.get(&(level, index)).copied();
		LaneSnapshot::new(&self.list, stored).expect("all nodes are kept")
	}
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
	/// Its own price for the model, if it has one.
	pub own_price: Option<PriceSchedule>,
	/// Blocks that it is behind the chain.
	pub behind: BlockNumber,
	/// `true` if it offers its newest block, final or not.
	pub offers_best: bool,
	/// The time that an answer takes.
	pub delay: Duration,
	/// The lanes of its sessions.
	pub lanes: BTreeMap<(SessionId, LaneId), LaneBook>,
	/// The statements of the calls that it has served.
	pub served: BTreeMap<(SessionId, LaneId, Sequence), PaymentResponse>,
	/// By lane, the amount and the root that it wants to have acknowledged, whatever its books say.
	pub claims: BTreeMap<(SessionId, LaneId), (Balance, Hash)>,
	/// The first and the last block that calls may be paid as of, if not as usual.
	pub as_of: Option<(BlockNumber, BlockNumber)>,
	/// Requests that came without a payment.
	pub offers: u32,
	/// Requests that came with one.
	pub paid: u32,
	/// True if its health check fails.
	pub unwell: bool,
	/// Questions about what became of a call.
	pub asked: u32,
	/// Questions about the state of a lane.
	pub asked_for_lanes: u32,
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
	/// Loses what it knows of lanes and calls.
	pub fn lose(&mut self) {
		self.lanes.clear();
		self.served.clear();
	}

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
