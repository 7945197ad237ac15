//! Agreements of callers and nodes beside the chain: vouchers, records, statements.

use crate::{
	common::genesis_hash,
	data::contributions,
	market::Market,
	metering::{session_is_open, sessions},
	models::callable_models,
	script::Step,
};
use openledger_primitives::{
	attribution::{Attribution, AttributionEntry},
	merkle,
	price::Tokens,
	record::CallRecord,
	voucher::Voucher,
	AccountId, Balance, Hash, LaneId, ModelId, PriceVersion, Sequence, SessionId, VersionId,
	Weight, MAX_LANES,
};
use openledger_runtime::{Runtime, RuntimeEvent, System};
use pallet_inference_metering::{Event, Lanes, Nodes, Roots, Sessions};
use pallet_model_registry::Prices;

use crate::common::bounded;

/// A call that was served: what the caller signed for it, and what the node notes of it.
#[derive(Clone, Debug)]
pub struct Served {
	pub voucher: Voucher,
	pub record: CallRecord,
	pub charge: Balance,
}

/// Terms of a lane: all of its calls are of one version of one model, at one price version.
type Agreement = (ModelId, VersionId, PriceVersion);

/// A lane, as its caller and its node know it.
#[derive(Clone, Debug)]
pub struct Book {
	agreement: Agreement,
	/// The calls that have not been settled.
	pub calls: Vec<Served>,
	/// That of the last call.
	pub sequence: Sequence,
	/// Cost of all calls, as the caller agrees, in planck.
	pub agreed: Balance,
}

impl Book {
	fn of(agreement: Agreement) -> Self {
		Self { agreement, calls: Vec::new(), sequence: 0, agreed: 0 }
	}

	/// Amount that waits to be settled, in planck.
	pub fn outstanding(&self) -> Balance {
		self.calls.iter().map(|call| call.charge).sum()
	}
}

/// A settlement that was sent.
#[derive(Clone, Debug)]
pub struct Settlement {
	pub voucher: Voucher,
	pub node: AccountId,
	/// The records, each list behind a root of its own.
	pub records: Vec<Vec<Served>>,
	/// `true` if there is nothing wrong with it on purpose.
	pub honest: bool,
}

/// Contributions that an answer came from, or that a node says it came from. Not all of them earn.
pub fn attribution(value: u16) -> Attribution {
	let all = contributions();
	let count = usize::from(value % 4);
	let entries = (0..count).filter_map(|number| {
		let place = (usize::from(value) + number * 5).checked_rem(all.len())?;
		let weight = match value % 50 {
			48 => 0,
			49 => Weight::MAX,
			other => 1 + Weight::from(other) * number as Weight,
		};
		Some(AttributionEntry { contribution: all[place].0, weight })
	});
	bounded(entries)
}

impl Market {
	/// A node answers a call of one of its sessions, if there is one that it can.
	pub fn serve(&mut self, step: &Step) {
		let open = sessions().into_iter().filter(|(_, session)| session_is_open(session));
		let open = open.collect::<Vec<_>>();
		let Some(place) = usize::from(step.pick).checked_rem(open.len()) else { return };
		let (id, session) = &open[place];
		let served = Nodes::<Runtime>::get(&session.node).map(|node| node.models);
		let callable = callable_models();
		let mut offered = callable
			.iter()
			.filter(|(model, _)| served.iter().flatten().any(|served| served.model == *model));
		let count = offered.clone().count();
		let Some(place) = step.place().checked_rem(count) else { return };
		let Some((model, entry)) = offered.nth(place) else { return };
		let (version, price_version) = (entry.version.current, entry.price.current);
		let Some(agreed) = Prices::<Runtime>::get(model, price_version) else { return };
		let (input_tokens, output_tokens) =
			(u32::from(step.value % 50), u32::from(step.value / 50 % 100));
		let tokens = Tokens::new(input_tokens, output_tokens);
		let Some(charge) = agreed.value.price.charge(&tokens) else { return };
		let waiting = self.outstanding(*id);
		// A node does not work for nothing. Some do.
		if session.remaining() < waiting + charge && !step.value.is_multiple_of(16) {
			return;
		}
		let serial = self.next_serial();
		let request_hash = Hash::from_low_u64_be(serial.into());
		// For each agreement, lanes of its own.
		let agreement = (*model, version, price_version);
		let fits = |lane: &LaneId| {
			self.books.get(&(*id, *lane)).is_none_or(|book| book.agreement == agreement)
		};
		let Some(lane) = (step.value % 3..MAX_LANES).step_by(3).find(fits) else { return };
		let book = self.books.entry((*id, lane)).or_insert_with(|| Book::of(agreement));
		book.sequence += 1;
		let sequence = book.sequence;
		let voucher = Voucher {
			genesis_hash: genesis_hash(),
			session: *id,
			lane,
			model: *model,
			version,
			price_version,
			sequence,
			acknowledged: book.agreed,
			// Some allow more than it costs.
			authorised: book.agreed + charge + Balance::from(step.value % 3),
			request_hash,
			valid_until: System::block_number() + 10,
		};
		let record = CallRecord {
			sequence,
			model: *model,
			version,
			price_version,
			input_tokens,
			output_tokens,
			request_hash,
			response_hash: Hash::repeat_byte(7),
			attribution: attribution(step.value),
		};
		book.agreed += charge;
		book.calls.push(Served { voucher, record, charge });
	}

	/// Calls that were settled wait no more. Neither do those of sessions that are closed.
	pub fn forget_settled(&mut self) {
		self.books.retain(|(session, _), _| Sessions::<Runtime>::contains_key(session));
		for ((session, lane), book) in &mut self.books {
			let settled = Lanes::<Runtime>::get(session, lane).sequence;
			book.calls.retain(|call| call.record.sequence > settled);
		}
	}

	/// A node gives up on what it cannot settle: the terms are too old, or the money is gone.
	pub fn write_off(&mut self, session: SessionId, lane: LaneId) {
		if let Some(book) = self.books.get_mut(&(session, lane)) {
			book.calls.clear();
		}
	}

	/// Checks what was kept of a settlement, whose events are those from the given one on, and keeps
	/// what a dispute would need.
	pub fn remember_settlement(&mut self, mut settlement: Settlement, events: usize) {
		let Voucher { session, lane, .. } = settlement.voucher;
		let rejected = System::events()
			.into_iter()
			.skip(events)
			.filter_map(|record| match record.event {
				RuntimeEvent::InferenceMetering(Event::RecordRejected {
					session: of,
					lane: at,
					sequence,
					..
				}) if (of, at) == (session, lane) => Some(sequence),
				_ => None,
			})
			.collect::<Vec<_>>();
		for records in &mut settlement.records {
			records.retain(|call| !rejected.contains(&call.record.sequence));
		}
		settlement.records.retain(|records| !records.is_empty());
		for records in &settlement.records {
			let last = records.last().map_or(0, |call| call.record.sequence);
			let root = Roots::<Runtime>::get((session, lane, last)).expect("a root is kept");
			let charged = records.iter().map(|call| call.charge).sum::<Balance>();
			assert_eq!(root.charged, charged, "a root is for another amount");
			assert_eq!(root.records as usize, records.len(), "a root is for other records");
			assert_eq!(root.root, merkle::root(leaves(records)), "a root is over other records");
		}
		self.settled.push(settlement);
	}
}

/// The leaves of the tree over records.
pub fn leaves(records: &[Served]) -> Vec<Hash> {
	records.iter().map(|call| merkle::leaf(&call.record, call.charge)).collect()
}
