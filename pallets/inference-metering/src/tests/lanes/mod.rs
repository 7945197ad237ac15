//! Settlement of many lanes at once, runs, deposits, and what their callers had acknowledged.

mod attacks;
mod deposits;
mod meter;
mod overlap;
pub(super) mod random;
mod refusals;
mod runs;
mod settling;
mod unlisted;

use crate::{
	mock::*,
	versions::{LaneSettlement, Part},
	Event, RootKey,
};
use codec::Encode;
use openledger_primitives::{
	answer::Evidence,
	lane::{
		self, recompute, Agreement, AttributionShare, CallRecord, RejectReason, SettledCall,
		SettledItem, SettledLane, Statement, VersionedStatement, Voucher,
	},
	lane_list::{AggregateProof, LaneLeaf, LaneList, Totals},
	price::PriceSchedule,
	tree, Balance, Hash, LaneId, Sequence, SessionId, Signature,
};
use sp_runtime::DispatchResult;
use std::{collections::BTreeMap, ops::Range};

/// As [`super::run`], and everything that was settled comes out as its events say.
fn run(test: impl FnOnce()) {
	super::run(|| {
		let pot = balance(100);
		test();
		check_events();
		assert_eq!(balance(100), pot, "something stays in the pot");
	});
}

/// What the events of this block say of lanes that were settled.
pub(super) fn settled_lanes() -> Vec<(SettledLane, Vec<SettledItem>)> {
	let mut lanes = Vec::<(SettledLane, Vec<SettledItem>)>::new();
	for event in metering_events() {
		match event {
			Event::LaneSettled { header } => lanes.push((*header, Vec::new())),
			Event::ItemSettled(item) => lanes.last_mut().unwrap().1.push(item),
			_ => {}
		}
	}
	lanes
}

/// Works out all payments of this block's settlements again.
pub(super) fn check_events() {
	for (header, items) in settled_lanes() {
		assert_eq!(recompute(&header, &items), Ok(()), "{header:?} {items:?}");
	}
}

fn metering_events() -> Vec<Event<Test>> {
	System::events()
		.into_iter()
		.filter_map(|record| match record.event {
			RuntimeEvent::Metering(event) => Some(event),
			_ => None,
		})
		.collect()
}

/// An agreement on calls that are paid as of the block before.
fn agreement() -> Agreement {
	agreement_as_of(System::block_number() - 1)
}

pub(super) fn shares(entries: &[(u64, u16)]) -> lane::Attribution {
	let share = |(contribution, basis_points): &(u64, u16)| AttributionShare {
		contribution: *contribution,
		basis_points: *basis_points,
	};
	entries.iter().map(share).collect::<Vec<_>>().try_into().unwrap()
}

/// Such a call, with entries.
fn attributed(sequence: Sequence, entries: &[(u64, u16)]) -> CallRecord {
	CallRecord { attribution: shares(entries), ..record(sequence) }
}

/// A lane as caller and node keep it: the list of its calls, and all that is needed to open it.
#[derive(Clone)]
pub(super) struct Book {
	pub(super) session: SessionId,
	pub(super) lane: LaneId,
	pub(super) agreement: Agreement,
	pub(super) records: Vec<CallRecord>,
	leaves: Vec<LaneLeaf>,
	list: LaneList,
	nodes: BTreeMap<(u32, u32), Hash>,
}

impl Book {
	pub(super) fn new(session: SessionId, lane: LaneId) -> Self {
		Self {
			session,
			lane,
			agreement: agreement(),
			records: Vec::new(),
			leaves: Vec::new(),
			list: LaneList::default(),
			nodes: BTreeMap::new(),
		}
	}

	/// A lane with so many calls.
	pub(super) fn with_calls(session: SessionId, lane: LaneId, calls: u64) -> Self {
		let mut book = Self::new(session, lane);
		for sequence in 1..=calls {
			book.call(record(sequence));
		}
		book
	}

	fn price(&self) -> PriceSchedule {
		self.agreement.price(&price(PRICE))
	}

	/// What the node states of a call.
	pub(super) fn statement(&self, record: &CallRecord) -> Statement {
		let charge = self.price().charge(&record.tokens()).unwrap();
		Statement { charge, ..stated(self.session, self.lane, self.agreement, record) }
	}

	/// The node answers a call, and the caller agrees with its statement.
	pub(super) fn call(&mut self, record: CallRecord) {
		let statement = self.statement(&record);
		self.call_stated(record, statement.totals());
	}

	/// The same, whatever the node stated of it.
	fn call_stated(&mut self, record: CallRecord, totals: Totals) {
		let statement = VersionedStatement::from(self.statement(&record)).hash();
		let nodes = &mut self.nodes;
		let leaf = self
			.list
			.append_visited(record.sequence, statement, &totals, |level, index, hash| {
				nodes.insert((level, index), *hash);
			})
			.unwrap();
		self.leaves.push(leaf);
		self.records.push(record);
	}

	fn charge(&self) -> Balance {
		self.list.totals().charge
	}

	/// The voucher for the next call, which acknowledges all before it.
	pub(super) fn voucher(&self) -> Voucher {
		let acknowledged = self.charge();
		Voucher {
			genesis_hash: System::block_hash(0),
			session: self.session,
			lane: self.lane,
			agreement: self.agreement,
			sequence: self.leaves.last().map_or(0, |leaf| leaf.sequence) + 1,
			acknowledged,
			acknowledged_root: self.list.root(),
			authorised: acknowledged + call_charge(),
			request_hash: Hash::repeat_byte(0xaa),
			valid_until: System::block_number(),
			extension: None,
		}
	}

	/// The proof of the run of the calls at these places.
	pub(super) fn proof(&self, places: Range<u32>) -> AggregateProof {
		let leaf = |index: u32| self.leaves.get(index as usize).copied();
		let stored = |level, index| self.nodes.get(&(level, index)).copied();
		let (count, peaks) = (self.list.count(), self.list.peaks());
		let ends = (places.start, places.end - 1);
		AggregateProof::new(count, peaks, ends, leaf, stored).unwrap()
	}

	pub(super) fn run(&self, places: Range<u32>) -> Part {
		Part::Run(self.proof(places))
	}

	pub(super) fn records(&self, places: Range<usize>) -> Part {
		records(self.records[places].to_vec())
	}

	/// All calls, by the voucher for the next one.
	pub(super) fn settlement(&self) -> LaneSettlement {
		settlement(&self.voucher(), vec![self.records(0..self.records.len())])
	}
}

/// An item of a settlement, and the hashes that prove its place.
#[derive(Clone, Debug)]
pub(super) struct Proven {
	pub(super) key: RootKey,
	pub(super) agreement: Agreement,
	pub(super) item: SettledItem,
	pub(super) index: u32,
	pub(super) hashes: Vec<Hash>,
}

impl Proven {
	/// The settled call.
	pub(super) fn call(&self) -> &SettledCall {
		let SettledItem::Call(call) = &self.item else { panic!("{self:?} is not one call") };
		call
	}

	/// The statement of an honest node.
	pub(super) fn statement(&self) -> Statement {
		let (session, lane, _) = self.key;
		let SettledCall { record, charge, .. } = self.call();
		Statement { charge: *charge, ..stated(session, lane, self.agreement, record) }
	}

	/// The statement of a node that charged so much more than that.
	pub(super) fn cheaper(&self, by: Balance) -> Statement {
		let statement = self.statement();
		Statement { charge: statement.charge - by, ..statement }
	}

	/// The statement of a node whose answer was another one.
	pub(super) fn altered(&self) -> Statement {
		altered(&self.statement())
	}
}

/// What an honest node states of a call at the list price.
pub(super) fn stated(
	session: SessionId,
	lane: LaneId,
	agreement: Agreement,
	record: &CallRecord,
) -> Statement {
	Statement {
		genesis_hash: System::block_hash(0),
		session,
		lane,
		agreement,
		sequence: record.sequence,
		tokens: record.tokens(),
		charge: price(PRICE).charge(&record.tokens()).unwrap(),
		request_hash: Hash::repeat_byte(0xaa),
		response_hash: record.response_hash,
		attribution: record.attribution.clone(),
		extension: record.extension,
	}
}

/// The same of another answer.
pub(super) fn altered(statement: &Statement) -> Statement {
	Statement { response_hash: Hash::repeat_byte(0xdd), ..statement.clone() }
}

/// Everything that was settled in this block.
pub(super) fn proven() -> Vec<Proven> {
	let mut all = Vec::new();
	for (header, items) in settled_lanes() {
		let key = (header.session, header.lane, header.sequence);
		let agreement = header.agreement;
		let leaves: Vec<_> = items.iter().map(SettledItem::leaf).collect();
		for (index, item) in (0..).zip(items) {
			let hashes = tree::prove(&leaves, &[index]).unwrap();
			all.push(Proven { key, agreement, item, index, hashes });
		}
	}
	all
}

/// What an event takes in storage, in bytes.
fn stored_size(wanted: impl Fn(&Event<Test>) -> bool) -> usize {
	let stored = System::events().into_iter().find(|record| match &record.event {
		RuntimeEvent::Metering(event) => wanted(event),
		_ => false,
	});
	stored.unwrap().encoded_size()
}
