//! The chain's settlements, from its events.
//!
//! A lane's settlement is several events: what its calls have in common, then each call or run of calls
//! that was charged, then what was rejected. [`of_events`] puts them together.
//!
//! A session may last for weeks, and be settled in a few blocks. What it has settled only grows, so
//! those blocks are found by looking at its state, halving the span again and again, instead of by
//! reading every block's events.

mod changes;

use openledger_primitives::{
	info::LaneInfo,
	lane::{RejectReason, SettledCall, SettledItem, SettledLane, SettledRun},
	Balance, BlockNumber, LaneId, Sequence, SessionId,
};

use self::changes::changes;
use crate::{
	chain::{At, Block, Chain, ChainError},
	events::{self, DispatchFailure, EventRecord},
	runtime::{metering, Event},
};

/// Calls of a lane that were settled with one voucher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
	/// What they have in common.
	pub header: SettledLane,
	/// Each call, or run of calls, that was charged.
	pub items: Vec<SettledItem>,
	/// What was settled together with them and had no effect.
	pub rejected: Vec<Rejection>,
}

/// A part of a lane's settlement that had no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // Names say what has no comment.
pub enum Rejection {
	/// A record.
	Record { sequence: Sequence, reason: RejectReason },
	/// A run of calls.
	Run { first_sequence: Sequence, last_sequence: Sequence, reason: RejectReason },
}

impl Rejection {
	/// Why.
	pub fn reason(&self) -> RejectReason {
		match self {
			Self::Record { reason, .. } | Self::Run { reason, .. } => *reason,
		}
	}

	/// The sequence of the first call in it.
	pub fn first_sequence(&self) -> Sequence {
		match self {
			Self::Record { sequence, .. } => *sequence,
			Self::Run { first_sequence, .. } => *first_sequence,
		}
	}

	/// The sequence of the last call in it.
	pub fn last_sequence(&self) -> Sequence {
		match self {
			Self::Record { sequence, .. } => *sequence,
			Self::Run { last_sequence, .. } => *last_sequence,
		}
	}
}

/// The outcome of one lane of a settlement.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // Names say what has no comment.
pub enum LaneOutcome {
	/// Something of it was settled.
	Settled(Box<Settlement>),
	/// Nothing of it has changed.
	Refused { session: SessionId, lane: LaneId, reason: DispatchFailure },
}

impl LaneOutcome {
	/// The session.
	pub fn session(&self) -> SessionId {
		match self {
			Self::Settled(settlement) => settlement.header.session,
			Self::Refused { session, .. } => *session,
		}
	}

	/// The lane of that session.
	pub fn lane(&self) -> LaneId {
		match self {
			Self::Settled(settlement) => settlement.header.lane,
			Self::Refused { lane, .. } => *lane,
		}
	}
}

/// The outcomes of lanes by the events of a block, or of one extrinsic, in order.
pub fn of_events<'a>(events: impl IntoIterator<Item = &'a EventRecord>) -> Vec<LaneOutcome> {
	let mut outcomes = Vec::new();
	for record in events {
		let Event::InferenceMetering(event) = &record.event else { continue };
		match event {
			metering::Event::LaneSettled(settled) => {
				let (items, rejected) = (Vec::new(), Vec::new());
				let settlement = Settlement { header: (*settled.header).clone(), items, rejected };
				outcomes.push(LaneOutcome::Settled(Box::new(settlement)));
			}
			metering::Event::LaneRejected(rejected) => {
				let unnamed = || DispatchFailure {
					pallet: None,
					name: format!("{:?}", rejected.reason),
					docs: String::new(),
				};
				let reason = record.failure.clone().unwrap_or_else(unnamed);
				let (session, lane) = (rejected.session, rejected.lane);
				outcomes.push(LaneOutcome::Refused { session, lane, reason });
			}
			other => {
				if let Some(LaneOutcome::Settled(settlement)) = outcomes.last_mut() {
					settlement.take(other);
				}
			}
		}
	}
	outcomes
}

impl Settlement {
	/// Takes what an event after that of the lane says, if it is about the same.
	fn take(&mut self, event: &metering::Event) {
		let rejection = match event {
			metering::Event::ItemSettled(item) => return self.items.push(item.clone()),
			metering::Event::RecordRejected(rejected) => {
				let (sequence, reason) = (rejected.sequence, rejected.reason);
				(rejected.session, rejected.lane, Rejection::Record { sequence, reason })
			}
			metering::Event::RunRejected(rejected) => {
				let rejection = Rejection::Run {
					first_sequence: rejected.first_sequence,
					last_sequence: rejected.last_sequence,
					reason: rejected.reason,
				};
				(rejected.session, rejected.lane, rejection)
			}
			_ => return,
		};
		let (session, lane, rejection) = rejection;
		if (session, lane) == (self.header.session, self.header.lane) {
			self.rejected.push(rejection);
		}
	}
}

/// The settlements of a session, in the chain's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionSettlements {
	/// Lanes of which something was settled.
	pub lanes: Vec<(Block, Settlement)>,
	/// Lanes that were rejected.
	pub refused: Vec<(Block, LaneId, DispatchFailure)>,
	/// Where the session was closed.
	pub closed: Option<Block>,
}

impl SessionSettlements {
	/// Cost of all of it, in planck.
	pub fn charged(&self) -> Balance {
		let charged = self.lanes.iter().map(|(_, settlement)| settlement.header.charged);
		charged.fold(0, Balance::saturating_add)
	}

	/// Calls that were settled one by one, with what the lane's settlement says of all of them.
	pub fn calls(&self) -> impl Iterator<Item = (Block, &SettledLane, &SettledCall)> {
		self.items().filter_map(|(block, header, item)| match item {
			SettledItem::Call(call) => Some((block, header, call)),
			SettledItem::Run(_) => None,
		})
	}

	/// Runs of calls that were settled by their sums, with what the lane's settlement says of all of them.
	pub fn runs(&self) -> impl Iterator<Item = (Block, &SettledLane, &SettledRun)> {
		self.items().filter_map(|(block, header, item)| match item {
			SettledItem::Run(run) => Some((block, header, run)),
			SettledItem::Call(_) => None,
		})
	}

	/// Records and runs that were rejected, where something else of their lane was settled.
	pub fn rejected(&self) -> impl Iterator<Item = (Block, LaneId, &Rejection)> {
		self.lanes.iter().flat_map(|(block, settlement)| {
			let lane = settlement.header.lane;
			settlement.rejected.iter().map(move |rejection| (*block, lane, rejection))
		})
	}

	fn items(&self) -> impl Iterator<Item = (Block, &SettledLane, &SettledItem)> {
		self.lanes.iter().flat_map(|(block, settlement)| {
			settlement.items.iter().map(move |item| (*block, &settlement.header, item))
		})
	}

	/// Adds what the events of a block say of the session.
	pub fn take(&mut self, session: SessionId, block: Block, events: &[EventRecord]) {
		for outcome in of_events(events) {
			match outcome {
				LaneOutcome::Settled(settlement) if settlement.header.session == session => {
					self.lanes.push((block, *settlement));
				}
				LaneOutcome::Refused { session: refused, lane, reason } if refused == session => {
					self.refused.push((block, lane, reason));
				}
				_ => {}
			}
		}
		let closed = |record: &EventRecord| {
			matches!(
				&record.event,
				Event::InferenceMetering(metering::Event::SessionClosed(closed))
					if closed.session == session
			)
		};
		if events.iter().any(closed) {
			self.closed = Some(block);
		}
	}
}

/// The progress of a session: changes with every settlement.
type Progress = Option<(Balance, Vec<LaneInfo>)>;

/// Looks for what was settled of a session in the blocks `from..=to` of the best chain. If the session is
/// closed by `to`, it has to be open at `from` to be found; if it is open at `to`, `from` may be
/// before it was opened.
///
/// # Errors
/// If the node cannot be asked, or has pruned the state of one of the blocks.
pub async fn of_session(
	chain: &Chain,
	session: SessionId,
	from: BlockNumber,
	to: BlockNumber,
) -> Result<SessionSettlements, ChainError> {
	let look = |number| progress(chain, session, number);
	let mut blocks = changes(from, to, look).await?;
	// A change that the first block itself has made does not show.
	blocks.insert(0, from);
	let mut found = SessionSettlements::default();
	for number in blocks {
		let block = numbered(chain, number).await?;
		found.take(session, block, &events::in_block(chain, block).await?);
	}
	Ok(found)
}

async fn numbered(chain: &Chain, number: BlockNumber) -> Result<Block, ChainError> {
	let hash = chain.block_hash(number).await?;
	let hash = hash.ok_or_else(|| ChainError::UnknownBlock { block: number.to_string() })?;
	Ok(Block { number, hash })
}

async fn progress(
	chain: &Chain,
	session: SessionId,
	number: BlockNumber,
) -> Result<Progress, ChainError> {
	let block = numbered(chain, number).await?;
	let info = chain.session(session, At::Block(block.hash)).await?;
	Ok(info.map(|info| (info.settled, info.lanes)))
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_primitives::{
		answer::Evidence,
		lane::{Agreement, CallRecord, SettledParts},
		lane_list::Totals,
		policy::RevenuePolicy,
		price::PriceSchedule,
		AccountId, Hash,
	};
	use sp_runtime::{DispatchError, Permill};

	const PRICE: PriceSchedule = PriceSchedule {
		per_call: 1,
		per_input_token: 1,
		per_cached_input_token: 1,
		per_output_token: 1,
	};

	fn header(session: SessionId, lane: LaneId, items: u32, charged: Balance) -> SettledLane {
		let account = AccountId::new([1; 32]);
		SettledLane {
			session,
			lane,
			caller: account.clone(),
			node: account.clone(),
			node_payee: account.clone(),
			agreement: Agreement {
				model: 3,
				version: 1,
				price_version: 2,
				as_of: 4,
				evidence: Evidence::Open,
				own_price: None,
			},
			developer_payee: account,
			price: PRICE,
			policy: RevenuePolicy {
				developer: Permill::from_percent(60),
				data: Permill::zero(),
				node: Permill::from_percent(40),
				attributed: Permill::zero(),
			},
			protocol_share: Permill::zero(),
			lineage: Default::default(),
			sources: Default::default(),
			pools: Default::default(),
			sequence: 9,
			voucher_sequence: 9,
			acknowledged_root: Hash::zero(),
			items,
			rejected: 0,
			charged,
			root: Hash::zero(),
		}
	}

	fn call(sequence: Sequence, charge: Balance) -> SettledItem {
		let record = CallRecord {
			sequence,
			input_tokens: 1,
			cached_tokens: 0,
			retrieved_tokens: 0,
			output_tokens: 1,
			response_hash: Hash::zero(),
			attribution: Default::default(),
			extension: None,
		};
		let (parts, direct) = (SettledParts::default(), Default::default());
		SettledItem::Call(SettledCall { record, charge, parts, direct })
	}

	fn run(first: Sequence, last: Sequence, charge: Balance) -> SettledItem {
		SettledItem::Run(SettledRun {
			first_sequence: first,
			last_sequence: last,
			count: 5,
			acknowledged_root: Hash::zero(),
			totals: Totals { charge, ..Totals::default() },
			parts: SettledParts::default(),
		})
	}

	fn records(block: Block, events: Vec<metering::Event>) -> Vec<EventRecord> {
		let record = |(index, event)| {
			let event = Event::InferenceMetering(event);
			let failure = events::error(&event).map(|error| DispatchFailure {
				pallet: None,
				name: format!("{error:?}"),
				docs: "why".into(),
			});
			EventRecord { block, index, extrinsic: Some(1), event, failure }
		};
		(0..).zip(events).map(record).collect()
	}

	#[test]
	fn what_was_settled_is_put_together_lane_by_lane() {
		use metering::Event as Of;
		let settled = |header| {
			let header = Box::new(header);
			Of::LaneSettled(metering::LaneSettled { header })
		};
		let late = |session, lane, sequence| {
			let reason = RejectReason::SequenceNotRising;
			Of::RecordRejected(metering::RecordRejected { session, lane, sequence, reason })
		};
		let reason = RejectReason::BadRun;
		let of_run = metering::RunRejected {
			session: 7,
			lane: 0,
			first_sequence: 4,
			last_sequence: 6,
			reason,
		};
		let refused =
			metering::LaneRejected { session: 7, lane: 2, reason: DispatchError::BadOrigin };
		let (block, next) =
			(Block { number: 5, hash: Hash::zero() }, Block { number: 6, hash: Hash::zero() });
		let first = records(
			block,
			vec![
				settled(header(7, 0, 2, 30)),
				Of::ItemSettled(run(1, 2, 20)),
				Of::ItemSettled(call(3, 10)),
				Of::RunRejected(of_run),
				Of::LaneRejected(refused),
				// Of a lane that nothing was settled of.
				late(7, 2, 1),
				settled(header(8, 1, 1, 5)),
				Of::ItemSettled(call(1, 5)),
				late(8, 1, 2),
				// Of other lanes, of the same session or the same number.
				late(7, 0, 2),
				late(8, 0, 3),
				late(7, 1, 3),
			],
		);
		let closing = metering::SessionClosed { session: 7, refunded: 1 };
		let second = records(
			next,
			vec![
				settled(header(7, 1, 1, 2)),
				Of::ItemSettled(call(4, 2)),
				Of::SessionClosed(closing),
			],
		);

		let outcomes = of_events(&first);
		let lanes: Vec<_> =
			outcomes.iter().map(|outcome| (outcome.session(), outcome.lane())).collect();
		assert_eq!(lanes, [(7, 0), (7, 2), (8, 1)]);
		let LaneOutcome::Settled(of_eight) = &outcomes[2] else { panic!("{outcomes:?}") };
		let its_own = Rejection::Record { sequence: 2, reason: RejectReason::SequenceNotRising };
		assert_eq!(of_eight.rejected, [its_own]);
		let mut found = SessionSettlements::default();
		found.take(7, block, &first);
		found.take(7, next, &second);

		assert_eq!((found.charged(), found.closed), (32, Some(next)));
		let rejection = Rejection::Run { first_sequence: 4, last_sequence: 6, reason };
		assert_eq!(found.lanes[0].1.items, [run(1, 2, 20), call(3, 10)]);
		assert_eq!(found.rejected().collect::<Vec<_>>(), [(block, 0, &rejection)]);
		assert_eq!((rejection.first_sequence(), rejection.last_sequence()), (4, 6));
		let calls: Vec<_> =
			found.calls().map(|(block, of, call)| (block, of.lane, call.charge)).collect();
		assert_eq!(calls, [(block, 0, 10), (next, 1, 2)]);
		let runs: Vec<_> = found.runs().map(|(_, of, run)| (of.lane, run.last_sequence)).collect();
		assert_eq!(runs, [(0, 2)]);
		assert_eq!(found.refused.len(), 1);
		assert_eq!((found.refused[0].1, found.refused[0].2.docs.as_str()), (2, "why"));
	}
}
