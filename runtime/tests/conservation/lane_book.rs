//! Lanes as their callers and nodes keep them: what was signed and stated of their calls, and the list of
//! those.

use crate::common::genesis_hash;
use openledger_primitives::{
	lane::{Agreement, Statement, VersionedStatement, Voucher, MAX_PARTS},
	lane_list::{AggregateProof, LaneLeaf, LaneList, LookupProof, Totals},
	price::PriceSchedule,
	Balance, BlockNumber, Hash, LaneId, Sequence, SessionId,
};
use openledger_runtime::Runtime;
use pallet_inference_metering::Lanes;
use std::{collections::BTreeMap, ops::Range};

use crate::lane_draft::Piece;

/// A call that was answered.
#[derive(Clone, Debug)]
pub struct Answered {
	/// What its caller signed for it.
	pub voucher: Voucher,
	/// What its node stated of it, and its caller agreed with.
	pub statement: Statement,
}

/// A lane, as its caller and its node know it.
#[derive(Clone, Debug)]
pub struct LaneBook {
	pub session: SessionId,
	pub lane: LaneId,
	pub agreement: Agreement,
	/// What calls are charged by.
	pub price: PriceSchedule,
	/// All calls that were charged, in their order.
	pub calls: Vec<Answered>,
	/// The sequence of the newest voucher.
	pub sequence: Sequence,
	/// `true` once a run of its calls was refused: they are settled one by one.
	pub one_by_one: bool,
	/// `true` once nobody goes on with it.
	pub over: bool,
	leaves: Vec<LaneLeaf>,
	list: LaneList,
	nodes: BTreeMap<(u32, u32), Hash>,
}

impl LaneBook {
	/// A lane without calls, with the list price that its agreement names.
	pub fn new(
		session: SessionId,
		lane: LaneId,
		agreement: Agreement,
		list: &PriceSchedule,
	) -> Self {
		Self {
			session,
			lane,
			agreement,
			price: agreement.price(list),
			calls: Vec::new(),
			sequence: 0,
			one_by_one: false,
			over: false,
			leaves: Vec::new(),
			list: LaneList::default(),
			nodes: BTreeMap::new(),
		}
	}

	/// The voucher of that sequence, which acknowledges all calls so far.
	pub fn voucher(
		&self,
		sequence: Sequence,
		allowance: Balance,
		request_hash: Hash,
		valid_until: BlockNumber,
	) -> Voucher {
		let acknowledged = self.list.totals().charge;
		Voucher {
			genesis_hash: genesis_hash(),
			session: self.session,
			lane: self.lane,
			agreement: self.agreement,
			sequence,
			acknowledged,
			acknowledged_root: self.list.root(),
			authorised: acknowledged + allowance,
			request_hash,
			valid_until,
			extension: None,
		}
	}

	/// Adds a call that was answered and charged.
	pub fn add(&mut self, voucher: Voucher, statement: Statement) {
		let hash = VersionedStatement::from(statement.clone()).hash();
		let nodes = &mut self.nodes;
		let leaf = self
			.list
			.append_visited(statement.sequence, hash, &statement.totals(), |level, place, node| {
				nodes.insert((level, place), *node);
			})
			.expect("sequences rise");
		self.sequence = statement.sequence;
		self.leaves.push(leaf);
		self.calls.push(Answered { voucher, statement });
	}

	/// The place of the first call that may still be settled.
	pub fn due(&self) -> usize {
		let settled =
			Lanes::<Runtime>::get(self.session, self.lane).map_or(0, |lane| lane.sequence);
		self.leaves.partition_point(|leaf| leaf.sequence <= settled)
	}

	/// Returns `true` if something of it may still be settled.
	pub fn is_waiting(&self) -> bool {
		!self.over && self.due() < self.calls.len()
	}

	/// Amount that waits to be settled, in planck.
	pub fn outstanding(&self) -> Balance {
		self.calls[self.due()..].iter().map(|call| call.statement.charge).sum()
	}

	/// The most that its caller has ever signed for, in planck.
	pub fn signed_for(&self) -> Balance {
		self.calls.iter().map(|call| call.voucher.authorised).max().unwrap_or_default()
	}

	/// The statement of a call.
	pub fn statement(&self, sequence: Sequence) -> Option<&Statement> {
		let place = self.leaves.binary_search_by_key(&sequence, |leaf| leaf.sequence).ok()?;
		self.calls.get(place).map(|call| &call.statement)
	}

	/// What the statements of these calls come to.
	pub fn sums(&self, first: Sequence, last: Sequence) -> Totals {
		let calls = self.calls.iter().map(|call| &call.statement);
		calls
			.filter(|statement| (first..=last).contains(&statement.sequence))
			.fold(Totals::default(), |sums, statement| {
				sums.checked_add(&statement.totals()).expect("sums fit")
			})
	}

	/// The records of the calls at these places.
	pub fn records(&self, places: Range<usize>) -> Piece {
		Piece::Records(self.calls[places].iter().map(|call| call.statement.record()).collect())
	}

	/// The proof of the run of the calls at these places, for the voucher of the call at `newest`: which
	/// acknowledges all before that one.
	pub fn run(&self, newest: usize, places: Range<usize>) -> AggregateProof {
		let number = |place: usize| u32::try_from(place).expect("there are few calls");
		let leaf = |index: u32| self.leaves.get(index as usize).copied();
		let stored = |level, place| self.nodes.get(&(level, place)).copied();
		let list = LaneList::at(number(newest), leaf, stored).expect("all of it was kept");
		let ends = (number(places.start), number(places.end - 1));
		AggregateProof::new(number(newest), list.peaks(), ends, leaf, stored)
			.expect("all of it was kept")
	}

	/// What the list that the voucher of that sequence acknowledges says of a call's sequence.
	pub fn lookup(&self, voucher: Sequence, sequence: Sequence) -> Option<LookupProof> {
		let count = self.leaves.partition_point(|leaf| leaf.sequence < voucher);
		let count = u32::try_from(count).expect("there are few calls");
		let leaf = |index: u32| self.leaves.get(index as usize).copied();
		let stored = |level, place| self.nodes.get(&(level, place)).copied();
		let list = LaneList::at(count, leaf, stored)?;
		LookupProof::new(count, list.peaks(), sequence, leaf, stored)
	}

	/// What is settled of the calls at the places from `from` on with the voucher of the call at `newest`: up to
	/// that one, which comes along if `own`. Where there would be too many parts, the voucher is an earlier
	/// one. Returns the parts and the place of the voucher's call.
	pub fn pieces(
		&self,
		from: usize,
		newest: usize,
		by_sums: bool,
		own: bool,
	) -> (Vec<Piece>, usize) {
		let mut newest = newest;
		let mut stretches = Vec::<(bool, Range<usize>)>::new();
		for place in from..newest {
			let attribution = &self.calls[place].statement.attribution;
			let is_run = by_sums && !self.one_by_one && attribution.is_empty();
			let full = stretches.len() + 1 == MAX_PARTS as usize;
			match stretches.last_mut() {
				Some((before, places)) if *before == is_run => places.end = place + 1,
				_ if full => {
					newest = place;
					break;
				}
				_ => stretches.push((is_run, place..place + 1)),
			}
		}
		let mut pieces = stretches
			.into_iter()
			.map(|(is_run, places)| match is_run {
				true => Piece::Run(self.run(newest, places)),
				false => self.records(places),
			})
			.collect::<Vec<_>>();
		if own || pieces.is_empty() {
			pieces.push(self.records(newest..newest + 1));
		}
		(pieces, newest)
	}
}
