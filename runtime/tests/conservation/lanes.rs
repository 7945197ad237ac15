//! Calls of lanes: how they are answered, settled, and written down.

use crate::{
	common::bounded,
	data::contributions,
	lane_book::LaneBook,
	lane_draft::{Defect, Draft, UNUSED_LANE},
	market::{Deed, Market, Then},
	metering::{session_is_open, sessions, NO_SESSION},
	models::callable_models,
	payments::{settled_lanes, Settled},
	people::{operator, person},
	script::{By, Step},
};
use codec::Decode;
use openledger_primitives::{
	answer::Evidence,
	info::LaneTermsInfo,
	lane::{
		Agreement, Attribution, AttributionShare, LaneSettlement, SettledItem, Statement, Voucher,
	},
	price::{PriceSchedule, Tokens},
	split::node_weight,
	tree, AccountId, Balance, Hash, LaneId, ModelId, PriceVersion, Sequence, SessionId, VersionId,
	MAX_LANES,
};
use openledger_runtime::{InferenceMetering, Runtime, RuntimeEvent, System};
use pallet_inference_metering::{Call, Error, Event, Lanes, Nodes, RootKey, Roots, Sessions};
use sp_runtime::DispatchError;
use std::collections::BTreeSet;

/// Blocks for which a node takes a voucher at the most.
const LONGEST: u32 = 28_800;
/// Most calls that a node settles of a lane at once.
const AT_ONCE: usize = 40;
/// Most settled items that are remembered.
const REMEMBERED: usize = 400;

/// Something that was settled, the proof of its place, and what the node had stated of the call, or of the
/// last of them.
#[derive(Clone, Debug)]
pub struct Proven {
	pub node: AccountId,
	pub key: RootKey,
	pub item: SettledItem,
	pub index: u32,
	pub hashes: Vec<Hash>,
	pub statement: Statement,
	/// The sequence of the voucher that it was settled with.
	pub voucher_sequence: Sequence,
}

/// Contributions that an answer is made of, or that a node says it is made of. Not all of them earn.
pub fn entries(value: u16) -> Attribution {
	let all = contributions();
	let mut named = BTreeSet::new();
	bounded((0..usize::from(value % 4)).filter_map(|number| {
		let place = (usize::from(value) + number * 5).checked_rem(all.len())?;
		let contribution = all[place].0;
		let basis_points = match value % 50 {
			// Nobody gets more than all of it.
			48 if number == 0 => 10_000,
			48 => return None,
			other => 1 + other * 60,
		};
		named.insert(contribution).then_some(AttributionShare { contribution, basis_points })
	}))
}

/// A node's own price, from what others get of the list price up to that.
fn own_price(terms: &LaneTermsInfo, value: u16) -> Option<PriceSchedule> {
	let (node, whole) = node_weight(terms.protocol_share, &terms.policy)?;
	let (node, whole) = (Balance::from(node), Balance::from(whole));
	let own = |list: Balance| {
		let others = list.checked_mul(whole - node)?.div_ceil(whole);
		Some(others + (list - others) * Balance::from(value % 9) / 8)
	};
	let list = terms.price;
	let per_input_token = own(list.per_input_token)?;
	Some(PriceSchedule {
		per_call: own(list.per_call)?,
		per_input_token,
		per_cached_input_token: own(list.per_cached_input_token)?.min(per_input_token),
		per_output_token: own(list.per_output_token)?,
	})
}

impl Market {
	/// A node answers calls of one of its sessions, if there is one that it can, on lanes of models that it serves.
	pub fn serve(&mut self, step: &Step) {
		for more in 0..1 + step.value % 5 {
			let value = step.value.saturating_add(more * 60);
			self.answer(&Step { value, ..*step });
		}
	}

	/// A node answers a call.
	fn answer(&mut self, step: &Step) {
		let open = sessions().into_iter().filter(|(_, session)| session_is_open(session));
		let open = open.collect::<Vec<_>>();
		let Some(place) = usize::from(step.pick).checked_rem(open.len()) else { return };
		let (id, session) = &open[place];
		let served = Nodes::<Runtime>::get(&session.node).map(|node| node.models);
		let callable = callable_models();
		let offered = callable
			.iter()
			.filter(|(model, _)| served.iter().flatten().any(|served| served.model == *model))
			.map(|(model, entry)| (*model, entry.version.current, entry.price.current))
			.collect::<Vec<_>>();
		let Some(place) = step.place().checked_rem(offered.len()) else { return };
		let Some((lane, terms)) = self.lane_for(*id, session.opened_at, offered[place], step)
		else {
			return;
		};
		let now = System::block_number();
		let longest = if step.value.is_multiple_of(17) { LONGEST } else { 10 };
		let valid_until = (now + longest).min(terms.valid_until.unwrap_or(u32::MAX));
		let waiting = self.outstanding(*id);
		let serial = self.next_serial();
		let request_hash = Hash::from_low_u64_be(serial.into());
		let book = self.lanes.get_mut(&(*id, lane)).expect("it was just found");
		let input = u32::from(step.value % 50);
		let tokens = Tokens {
			input,
			cached: input * u32::from(step.value % 3) / 4,
			retrieved: input * u32::from(step.value % 4) / 4,
			output: u32::from(step.value / 50 % 100),
		};
		let Some(charge) = book.price.charge(&tokens) else { return };
		// A node does not work for nothing. Some do.
		if session.remaining() < waiting + charge && !step.value.is_multiple_of(16) {
			return;
		}
		// A call before it came to nothing, at times.
		let sequence = book.sequence + if step.value.is_multiple_of(11) { 2 } else { 1 };
		// Some allow more than it costs.
		let allowance = charge + Balance::from(step.value % 3);
		let voucher = book.voucher(sequence, allowance, request_hash, valid_until);
		let attribution = match book.agreement.evidence {
			Evidence::Open => entries(step.value),
			Evidence::Sealed => Default::default(),
		};
		let statement = Statement {
			genesis_hash: voucher.genesis_hash,
			session: *id,
			lane,
			agreement: book.agreement,
			sequence,
			tokens,
			// Some state a planck more or less, and nobody checks.
			charge: match step.value % 61 {
				58 => charge.saturating_sub(1),
				59 => charge + 1,
				_ => charge,
			},
			request_hash,
			response_hash: Hash::repeat_byte(7),
			attribution,
			extension: None,
		};
		book.add(voucher, statement);
	}

	/// Amount of a session that waits to be settled, in planck.
	pub fn outstanding(&self, session: SessionId) -> Balance {
		let lanes = self.lanes.range((session, 0)..=(session, LaneId::MAX));
		lanes.map(|(_, book)| book.outstanding()).sum()
	}

	/// A lane of the session for calls of this model, and its terms: one that there is, or a new one.
	fn lane_for(
		&mut self,
		session: SessionId,
		opened_at: u32,
		(model, version, price_version): (ModelId, VersionId, PriceVersion),
		step: &Step,
	) -> Option<(LaneId, LaneTermsInfo)> {
		let now = System::block_number();
		let terms = |as_of| {
			let terms = InferenceMetering::lane_terms(model, version, price_version, as_of).ok()?;
			let ended = terms.valid_until.is_some_and(|last| last < now);
			(!ended).then_some(terms)
		};
		let of_session = self.lanes.range((session, 0)..=(session, LaneId::MAX));
		let fits = |book: &LaneBook| {
			let Agreement { model: of, version: at, price_version: by, .. } = book.agreement;
			(of, at, by) == (model, version, price_version) && !book.over
		};
		let known = of_session.filter(|(_, book)| fits(book)).map(|(key, _)| *key);
		let known = known.collect::<Vec<_>>();
		// On a new one, at times.
		let place = step.place() / 3 % 6;
		let place = if place == 0 { None } else { (place - 1).checked_rem(known.len()) };
		if let Some(key) = place.and_then(|place| known.get(place)) {
			let book = self.lanes.get_mut(key)?;
			let terms = terms(book.agreement.as_of);
			// Nobody is asked about what there was before.
			book.over = terms.is_none() && book.due() == book.calls.len();
			return terms.map(|terms| (key.1, terms));
		}

		// As of the session's beginning, of the block before, or of something between.
		let newest = now.checked_sub(1).filter(|newest| *newest >= opened_at)?;
		let as_of = match step.value % 3 {
			0 => opened_at,
			1 => newest,
			_ => opened_at + (newest - opened_at) / 2,
		};
		let (as_of, terms) = [as_of, newest].into_iter().find_map(|at| Some((at, terms(at)?)))?;
		let evidence = if step.value.is_multiple_of(5) { Evidence::Sealed } else { Evidence::Open };
		let own_price = if step.value % 4 == 1 { own_price(&terms, step.value) } else { None };
		let agreement = Agreement { model, version, price_version, as_of, evidence, own_price };
		agreement.check_own_price(&terms.price, terms.protocol_share, &terms.policy).ok()?;
		let mut lanes = (UNUSED_LANE + 1..MAX_LANES).rev().step_by(5);
		let lane = lanes.find(|lane| !self.lanes.contains_key(&(session, *lane)))?;
		let book = LaneBook::new(session, lane, agreement, &terms.price);
		self.lanes.insert((session, lane), book);
		Some((lane, terms))
	}

	/// Remembers what was settled of lanes by the events from the given one on, and why something was not.
	pub fn note_lanes(&mut self, events: usize) {
		let lanes = settled_lanes(events);
		self.see(&lanes);
		for lane in &lanes {
			self.note_lane(lane);
		}
		for record in System::events().into_iter().skip(events) {
			let RuntimeEvent::InferenceMetering(event) = record.event else { continue };
			let reason = match event {
				Event::LaneRejected { reason, .. } => name_of(reason).to_owned(),
				Event::RecordRejected { reason, .. } | Event::RunRejected { reason, .. } => {
					format!("{reason:?}")
				}
				_ => continue,
			};
			*self.rejections.entry(reason).or_default() += 1;
		}
		self.lanes.retain(|(session, _), _| Sessions::<Runtime>::contains_key(session));
		let forgotten = self.proven.len().saturating_sub(REMEMBERED);
		self.proven.drain(..forgotten);
	}

	fn note_lane(&mut self, (header, items): &Settled) {
		let key = (header.session, header.lane, header.sequence);
		let leaves = items.iter().map(SettledItem::leaf).collect::<Vec<_>>();
		let root = Roots::<Runtime>::get(key).expect("a root is kept");
		assert_eq!((root.root, root.charged), (header.root, header.charged), "another root");
		let Some(book) = self.lanes.get(&(header.session, header.lane)) else { return };
		let mut before = self.paid.get(&(header.session, header.lane)).copied().unwrap_or_default();
		for (index, item) in (0..).zip(items) {
			let first = match item {
				SettledItem::Call(call) => call.record.sequence,
				SettledItem::Run(run) => {
					let sums = book.sums(run.first_sequence, run.last_sequence);
					assert_eq!(run.totals, sums, "a run is of other calls");
					run.first_sequence
				}
			};
			assert!(first > before, "sequence {first} of {key:?} is settled once more");
			before = item.last_sequence();
			let Some(statement) = book.statement(before).cloned() else { continue };
			let hashes = tree::prove(&leaves, &[index]).expect("it is among them");
			let (node, item) = (header.node.clone(), item.clone());
			let voucher_sequence = header.voucher_sequence;
			self.proven.push(Proven {
				node,
				key,
				item,
				index,
				hashes,
				statement,
				voucher_sequence,
			});
		}
		self.paid.insert((header.session, header.lane), before);
		let settled =
			Lanes::<Runtime>::get(header.session, header.lane).map_or(0, |lane| lane.settled);
		assert!(settled <= book.signed_for(), "more is settled than the caller has signed for");
	}

	/// Nodes go on without what they cannot settle: call by call first, and then not at all.
	pub fn give_up(&mut self, lanes: &[(SessionId, LaneId)]) {
		for key in lanes {
			if let Some(book) = self.lanes.get_mut(key) {
				book.over = book.one_by_one;
				book.one_by_one = true;
			}
		}
	}

	/// The lanes among those that were refused, or whose runs were, by the events from the given one on.
	pub fn refused(lanes: &[(SessionId, LaneId)], events: usize) -> Vec<(SessionId, LaneId)> {
		let mut refused = System::events()
			.into_iter()
			.skip(events)
			.filter_map(|record| match record.event {
				RuntimeEvent::InferenceMetering(
					Event::LaneRejected { session, lane, .. }
					| Event::RunRejected { session, lane, .. },
				) => Some((session, lane)),
				_ => None,
			})
			.collect::<Vec<_>>();
		refused.retain(|key| lanes.contains(key));
		refused
	}
}

/// What an error is called. An event keeps less of it than a call returns.
fn name_of(error: DispatchError) -> &'static str {
	match error {
		DispatchError::Module(error) => {
			let error = Error::<Runtime>::decode(&mut error.error.as_slice());
			error.expect("it is one of this pallet's").into()
		}
		other => other.into(),
	}
}

/// The settlement of lanes of one of the nodes that have something to settle.
pub fn settle(market: &Market, step: &Step) -> Option<Deed> {
	let now = System::block_number();
	let waiting = market
		.lanes
		.iter()
		.filter(|(_, book)| book.is_waiting())
		.filter_map(|(key, book)| Some((Sessions::<Runtime>::get(key.0)?, book)))
		// Most nodes know when it is over.
		.filter(|(session, _)| now <= session.settle_until || step.value.is_multiple_of(19))
		.collect::<Vec<_>>();
	let nodes = waiting.iter().map(|(session, _)| session.node.clone()).collect::<BTreeSet<_>>();
	let nodes = nodes.into_iter().collect::<Vec<_>>();
	let Some(node) = nodes.get(step.pick(0..nodes.len(), [], usize::MAX)) else {
		let who = step.by(operator(step.place()));
		let lanes = match step.value % 2 {
			0 => Vec::new(),
			_ => vec![of_nobody(&who)],
		};
		return Deed::by(who, Call::settle_lanes { lanes: bounded(lanes) });
	};
	let of_node = waiting.iter().filter(|(session, _)| session.node == *node).collect::<Vec<_>>();
	let count = of_node.len().min(1 + step.place() % 7);
	let defect = match step.value {
		0 | u16::MAX => None,
		value if value.is_multiple_of(3) => {
			let number = usize::from(value / 3) + usize::from(step.pick);
			Some(Defect::ALL[number % Defect::ALL.len()])
		}
		_ => None,
	};
	let spoiled = usize::from(step.pick) % count;
	let (mut lanes, mut honest) = (Vec::new(), Vec::new());
	for number in 0..count {
		let (session, book) = of_node[(step.place() / 7 + number) % of_node.len()];
		let signer = match step.value {
			u16::MAX => person(step.pick),
			value if value.is_multiple_of(5) => session.caller.clone(),
			_ => session.signer.clone(),
		};
		let by_sums = (step.value / 2).is_multiple_of(2);
		let own = !step.value.is_multiple_of(5);
		let first = book.due();
		let last = (first + AT_ONCE).min(book.calls.len() - 1);
		// Twice in one extrinsic, at times: each settles a part.
		let half = (step.value.is_multiple_of(13) && first < last).then(|| (first + last) / 2);
		let mut from = first;
		for to in half.into_iter().chain([last]) {
			let (pieces, newest) = book.pieces(from.min(to), to, by_sums, own);
			let voucher = book.calls[newest].voucher;
			let mut draft = Draft { voucher, signed: None, signer: signer.clone(), pieces };
			from = newest + usize::from(own);
			if let Some(defect) = defect.filter(|_| number == spoiled) {
				defect.spoil(&mut draft, book);
			}
			lanes.push(draft.settlement());
		}
		if (defect.is_none() || number != spoiled) && step.value != u16::MAX {
			honest.push((book.session, book.lane));
		}
	}
	if step.value == 0 {
		lanes.clear();
	}
	if step.by != By::Right || step.value == 0 {
		honest.clear();
	}
	let call = Call::settle_lanes { lanes: bounded(lanes) };
	Deed::by(step.by(node.clone()), call)?.then(Then::SettledLanes(honest))
}

/// A voucher of nobody for nothing.
pub fn no_voucher() -> Voucher {
	let agreement = Agreement {
		model: 0,
		version: 0,
		price_version: 0,
		as_of: 0,
		evidence: Evidence::Open,
		own_price: None,
	};
	LaneBook::new(NO_SESSION, 0, agreement, &PriceSchedule::default()).voucher(
		1,
		1,
		Hash::zero(),
		0,
	)
}

fn of_nobody(who: &AccountId) -> LaneSettlement {
	let voucher = no_voucher();
	let records = vec![openledger_primitives::lane::CallRecord {
		sequence: 1,
		input_tokens: 0,
		cached_tokens: 0,
		retrieved_tokens: 0,
		output_tokens: 0,
		response_hash: Hash::zero(),
		attribution: Default::default(),
		extension: None,
	}];
	let pieces = vec![crate::lane_draft::Piece::Records(records)];
	Draft { voucher, signed: None, signer: who.clone(), pieces }.settlement()
}
