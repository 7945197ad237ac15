//! Lanes whose vouchers name an agreement: settlement of many at once, runs, deposits, disputes.

mod attacks;
mod deposits;
pub(super) mod disputes;
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
use frame_support::dispatch::DispatchResultWithPostInfo;
use openledger_primitives::{
	answer::Evidence,
	lane::{
		self, recompute, Agreement, AttributionShare, CallRecord, SettledItem, SettledLane,
		Statement, VersionedStatement, Voucher,
	},
	lane_list::{AggregateProof, LaneLeaf, LaneList, Totals},
	price::PriceSchedule,
	signing::Signed,
	tree, Balance, Hash, LaneId, Sequence, SessionId, Signature,
};
use sp_core::Pair;
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

/// What calls are made under that are paid as of the block before.
pub(super) fn agreement() -> Agreement {
	Agreement {
		model: MODEL,
		version: 0,
		price_version: CURRENT,
		as_of: System::block_number() - 1,
		evidence: Evidence::Open,
		own_price: None,
	}
}

/// What a call used that costs [`call_charge`].
pub(super) fn used(sequence: Sequence) -> CallRecord {
	let old = record(sequence);
	CallRecord {
		sequence,
		input_tokens: old.input_tokens,
		cached_tokens: 0,
		retrieved_tokens: 0,
		output_tokens: old.output_tokens,
		response_hash: Hash::repeat_byte(0xbb),
		attribution: Default::default(),
		extension: None,
	}
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
	CallRecord { attribution: shares(entries), ..used(sequence) }
}

pub(super) fn sign_with(seed: u8, message: &impl Signed) -> Signature {
	pair(seed).sign(&message.signing_payload()).into()
}

/// A settlement that the session's signer has signed.
pub(super) fn settlement(voucher: &Voucher, parts: Vec<Part>) -> LaneSettlement {
	settlement_by(SIGNER, voucher, parts)
}

pub(super) fn settlement_by(seed: u8, voucher: &Voucher, parts: Vec<Part>) -> LaneSettlement {
	let signature = sign_with(seed, voucher);
	LaneSettlement { voucher: (*voucher).into(), signature, parts: parts.try_into().unwrap() }
}

pub(super) fn records(records: Vec<CallRecord>) -> Part {
	Part::Records(records.try_into().unwrap())
}

pub(super) fn try_settle(lanes: Vec<LaneSettlement>) -> DispatchResultWithPostInfo {
	Metering::settle_lanes(signed(NODE), lanes.try_into().unwrap())
}

/// Settles as the node.
pub(super) fn settle(lanes: Vec<LaneSettlement>) -> DispatchResult {
	try_settle(lanes).map(|_| ()).map_err(|refused| refused.error)
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
			book.call(used(sequence));
		}
		book
	}

	fn price(&self) -> PriceSchedule {
		self.agreement.price(&price(PRICE))
	}

	/// What the node states of a call.
	pub(super) fn statement(&self, record: &CallRecord) -> Statement {
		Statement {
			genesis_hash: System::block_hash(0),
			session: self.session,
			lane: self.lane,
			agreement: self.agreement,
			sequence: record.sequence,
			tokens: record.tokens(),
			charge: self.price().charge(&record.tokens()).unwrap(),
			request_hash: Hash::repeat_byte(0xaa),
			response_hash: record.response_hash,
			attribution: record.attribution.clone(),
			extension: None,
		}
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
	pub(super) item: SettledItem,
	pub(super) index: u32,
	pub(super) hashes: Vec<Hash>,
}

/// Everything that was settled in this block.
pub(super) fn proven() -> Vec<Proven> {
	let mut all = Vec::new();
	for (header, items) in settled_lanes() {
		let key = (header.session, header.lane, header.sequence);
		let leaves: Vec<_> = items.iter().map(SettledItem::leaf).collect();
		for (index, item) in (0..).zip(items) {
			let hashes = tree::prove(&leaves, &[index]).unwrap();
			all.push(Proven { key, item, index, hashes });
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
