//! Lanes: who is paid for calls that were agreed on some time ago, and what their sums are. All of it by
//! extrinsics as they come in a block, signed and paid for.

use super::*;
use openledger_primitives::{
	lane::{SettledItem, SettledLane, Statement, VersionedStatement},
	lane_list::{AggregateProof, LaneLeaf, Totals},
	price::Tokens,
};
use openledger_runtime::{RuntimeCall, RuntimeEvent};
use pallet_inference_metering::Event;
use std::{collections::BTreeMap, ops::Range};

/// Blocks of one day.
const DAY: BlockNumber = 28_800;
/// The cost of a call.
const CHARGE: Balance = 50 * MILLI_OPEN;

/// A model (0) that follows a datanet (0), of which release 1 is Eve's and Ferdie's, a node that serves it, and
/// a session (0) that lasts for 20 days, in a block in which release 1 is the current one.
fn following_market() {
	create_datanet(CURATOR, "datanet", 10);
	contribute(Eve, CURATOR, 0, 1, 1);
	contribute(Ferdie, CURATOR, 0, 2, 3);
	publish(CURATOR, 0);
	let release = ReleaseSelector::Latest;
	let follows = bounded([DataSource { datanet: 0, release, weight: 1 }]);
	register(DEVELOPER, "model", policy(), follows);
	serve([0]);
	wait(1_000);
	assert_eq!(open_session(CALLER, 10 * OPEN), 0);
	pass(1);
}

/// Goes on to the block that comes `blocks` later, and is not one of the first after the time that was left out: those
/// have little room for extrinsics, because so much has ended in between.
fn wait(blocks: BlockNumber) {
	pass(blocks - 5);
	(0..5).for_each(|_| pass(1));
}

/// Something that is otherwise in what calls came to.
type Change = fn(&mut Totals);

/// A lane of session 0, as its caller and its node keep it.
#[derive(Clone)]
struct Lane {
	lane: LaneId,
	agreement: Agreement,
	statements: Vec<Statement>,
	leaves: Vec<LaneLeaf>,
	list: LaneList,
	nodes: BTreeMap<(u32, u32), Hash>,
}

impl Lane {
	fn new(lane: LaneId, as_of: BlockNumber) -> Self {
		Self {
			lane,
			agreement: Agreement {
				model: 0,
				version: 0,
				price_version: 0,
				as_of,
				evidence: Evidence::Open,
				own_price: None,
			},
			statements: Vec::new(),
			leaves: Vec::new(),
			list: LaneList::default(),
			nodes: BTreeMap::new(),
		}
	}

	/// A lane with so many calls, agreed on as of the block before.
	fn with_calls(lane: LaneId, calls: u32) -> Self {
		let mut lane = Self::new(lane, block_before());
		for _ in 0..calls {
			lane.call(&[]);
		}
		lane
	}

	/// The node answers a call, out of these contributions, and its caller agrees.
	fn call(&mut self, entries: &[(ContributionId, u16)]) {
		self.call_stated(entries, |_| ());
	}

	/// The same, but the node changes what it came to, and its caller does not look.
	fn call_stated(&mut self, entries: &[(ContributionId, u16)], change: Change) {
		let share = |(contribution, basis_points): &(ContributionId, u16)| AttributionShare {
			contribution: *contribution,
			basis_points: *basis_points,
		};
		let statement = Statement {
			genesis_hash: genesis_hash(),
			session: 0,
			lane: self.lane,
			agreement: self.agreement,
			sequence: self.statements.len() as Sequence + 1,
			tokens: Tokens::new(0, 20),
			charge: CHARGE,
			request_hash: Hash::zero(),
			response_hash: Hash::zero(),
			attribution: bounded(entries.iter().map(share)),
			extension: None,
		};
		let hash = VersionedStatement::from(statement.clone()).hash();
		let mut totals = statement.totals();
		change(&mut totals);
		let nodes = &mut self.nodes;
		let leaf = self
			.list
			.append_visited(statement.sequence, hash, &totals, |level, place, node| {
				nodes.insert((level, place), *node);
			})
			.unwrap();
		self.leaves.push(leaf);
		self.statements.push(statement);
	}

	/// The caller's voucher for the next call, valid for ten blocks.
	fn voucher(&self) -> Voucher {
		let acknowledged = self.list.totals().charge;
		Voucher {
			genesis_hash: genesis_hash(),
			session: 0,
			lane: self.lane,
			agreement: self.agreement,
			sequence: self.statements.len() as Sequence + 1,
			acknowledged,
			acknowledged_root: self.list.root(),
			authorised: acknowledged + CHARGE,
			request_hash: Hash::zero(),
			valid_until: System::block_number() + 10,
			extension: None,
		}
	}

	fn records(&self, places: Range<usize>) -> Part {
		Part::Records(bounded(self.statements[places].iter().map(Statement::record)))
	}

	fn run(&self, places: Range<u32>) -> AggregateProof {
		let leaf = |index: u32| self.leaves.get(index as usize).copied();
		let stored = |level, place| self.nodes.get(&(level, place)).copied();
		let ends = (places.start, places.end - 1);
		AggregateProof::new(self.list.count(), self.list.peaks(), ends, leaf, stored).unwrap()
	}
}

/// A settlement, with the caller's signature over `signed`.
fn signed_as(signed: &Voucher, voucher: Voucher, parts: Vec<Part>) -> LaneSettlement {
	let signature = sign(&id(CALLER), signed);
	LaneSettlement { voucher: voucher.into(), signature, parts: bounded(parts) }
}

fn settlement(voucher: Voucher, parts: Vec<Part>) -> LaneSettlement {
	signed_as(&voucher, voucher, parts)
}

/// Has the node settle lanes, in an extrinsic.
fn settle(lanes: Vec<LaneSettlement>) -> DispatchResult {
	submit(OPERATOR, RuntimeCall::from(Metering::settle_lanes { lanes: bounded(lanes) }))
}

/// The last lane that was settled in this block, and its items.
fn last_settled() -> (SettledLane, Vec<SettledItem>) {
	let mut lanes = Vec::<(SettledLane, Vec<SettledItem>)>::new();
	for record in System::events() {
		match record.event {
			RuntimeEvent::InferenceMetering(Event::LaneSettled { header }) => {
				lanes.push((*header, Vec::new()));
			}
			RuntimeEvent::InferenceMetering(Event::ItemSettled(item)) => {
				lanes.last_mut().unwrap().1.push(item);
			}
			_ => (),
		}
	}
	lanes.pop().unwrap()
}

fn refused(error: MeteringError<Runtime>) -> DispatchResult {
	Err(error.into())
}

/// The node's operator holds back calls until another release is the current one, in which a friend has nearly
/// everything.
#[test]
fn calls_held_back_for_20_days_onto_a_later_release() {
	on_chain(|| {
		following_market();
		let opened_at = block_before();
		let lane = Lane::with_calls(0, 20);
		let voucher = lane.voucher();
		let friend = contribute(Bob, CURATOR, 0, 50, 999_999);
		publish(CURATOR, 0);
		// A caller who helps signs that the calls could begin much later.
		let late = Voucher { valid_until: opened_at + 20 * DAY, ..voucher };
		let at_best = Voucher { valid_until: System::block_number() + 3 * DAY, ..voucher };
		wait(20 * DAY - 10);

		// The node signed nothing, the caller for the block before: it can only say when that was.
		let all = || vec![lane.records(0..20)];
		assert_eq!(
			settle(vec![settlement(voucher, all())]),
			refused(MeteringError::SettledTooLate)
		);
		let now = Agreement { as_of: block_before(), ..lane.agreement };
		for said in [
			Voucher { valid_until: late.valid_until, ..voucher },
			Voucher { agreement: now, ..voucher },
			Voucher { agreement: now, valid_until: late.valid_until, ..voucher },
		] {
			let error = match said.valid_until == voucher.valid_until {
				true => MeteringError::SettledTooLate,
				false => MeteringError::BadSignature,
			};
			// A block has no room for all of them.
			pass(1);
			assert_eq!(settle(vec![signed_as(&voucher, said, all())]), refused(error));
		}
		// With the caller's help, calls as of then end a day after the release has changed.
		for said in [late, at_best] {
			let error = match said == late {
				true => MeteringError::OutlivesTerms,
				false => MeteringError::SettledTooLate,
			};
			pass(1);
			assert_eq!(settle(vec![settlement(said, all())]), refused(error));
		}
		assert_eq!(settled(0), 0);
		assert_eq!(claim(friend, 2), Err(DataError::<Runtime>::NothingToClaim.into()));

		// What is agreed on by now is paid by the release of now, and that of before by that of before.
		let today = Lane::with_calls(1, 1);
		assert_ok!(settle(vec![settlement(today.voucher(), vec![today.records(0..1)])]));
		let (header, _) = last_settled();
		assert_eq!((header.sources[0].datanet, header.sources[0].release), (0, 2));
	});
}

/// What is held back for as long as a node may is paid as if it had not been.
#[test]
fn calls_held_back_for_a_day_pay_the_release_of_then() {
	on_chain(|| {
		following_market();
		let lane = Lane::with_calls(0, 20);
		let voucher = lane.voucher();
		contribute(Bob, CURATOR, 0, 50, 999_999);
		publish(CURATOR, 0);
		wait(DAY + 5);
		let half = vec![Part::Run(lane.run(0..10)), lane.records(10..20)];
		assert_ok!(settle(vec![settlement(voucher, half)]));

		let (header, items) = last_settled();
		let releases = header.sources.iter().map(|source| source.release).collect::<Vec<_>>();
		assert_eq!((releases, items.len(), header.charged), (vec![1], 11, 20 * CHARGE));
		let received = |release| Releases::<Runtime>::get(0, release).unwrap().received;
		let data = 20 * data_part(CHARGE, &policy());
		assert_eq!((received(1), received(2)), (data - data / 10, 0));
	});
}

/// A block is chosen in which somebody else owned the model, or curated its data.
#[test]
fn a_block_chosen_for_a_friend() {
	on_chain(|| {
		following_market();
		let opened_at = block_before();
		wait(10);
		// Ferdie owns the model from now on, and Dave curates.
		assert_ok!(send(&id(DEVELOPER), Models::offer_model { model: 0, to: id(Ferdie) }));
		assert_ok!(send(&id(Ferdie), Models::accept_model { model: 0, max_deposit: Balance::MAX }));
		assert_ok!(send(&id(CURATOR), Data::offer_curator { datanet: 0, to: id(Dave) }));
		assert_ok!(send(&id(Dave), Data::accept_curator { datanet: 0, max_deposit: 100 * OPEN }));
		let changed_at = System::block_number();
		wait(2 * DAY);
		let now = block_before();
		let agreed = |lane, as_of, valid_until| {
			let mut lane = Lane::new(lane, as_of);
			lane.call(&[]);
			let voucher = Voucher { valid_until, ..lane.voucher() };
			vec![settlement(voucher, vec![lane.records(0..1)])]
		};

		// Before the session, or to come: not even with the caller's signature.
		for as_of in [0, 1, opened_at - 1, now + 1, u32::MAX] {
			let chosen = settle(agreed(0, as_of, now));
			assert_eq!(chosen, refused(MeteringError::WrongAsOf), "{as_of}");
		}
		// Since, but before the change, the longer ago the change is.
		for valid_until in [now, changed_at + DAY + 1, u32::MAX] {
			let chosen = settle(agreed(0, opened_at, valid_until));
			assert_eq!(chosen, refused(MeteringError::OutlivesTerms), "{valid_until}");
		}
		// Nor can the node choose what the caller has not signed for, for a friend of its own.
		let mut honest = Lane::new(0, now);
		honest.call(&[]);
		let signed = honest.voucher();
		let chosen = |as_of, valid_until| Voucher {
			agreement: Agreement { as_of, ..honest.agreement },
			valid_until,
			..signed
		};
		for said in [chosen(now - 1, signed.valid_until), chosen(opened_at, changed_at + DAY)] {
			let bad = signed_as(&signed, said, vec![honest.records(0..1)]);
			assert_eq!(settle(vec![bad]), refused(MeteringError::BadSignature));
		}
		let before = wealth(&id(Ferdie));
		assert_eq!(settled(0), 0);

		assert_ok!(settle(vec![settlement(signed, vec![honest.records(0..1)])]));

		let (header, _) = last_settled();
		assert_eq!(header.developer_payee, id(Ferdie));
		assert_eq!(header.sources[0].curator, id(Dave));
		assert!(wealth(&id(Ferdie)) > before);
		assert_eq!(Earned::<Runtime>::iter_prefix_values(id(DEVELOPER)).count(), 0);
		assert!(CuratorEarnings::<Runtime>::get(id(Dave), 0) > 0);
		assert_eq!(CuratorEarnings::<Runtime>::get(id(CURATOR), 0), 0);
		// And once something of a lane is settled, its block is what it is.
		let mut other = Lane::new(0, now - 1);
		other.call(&[]);
		other.call(&[]);
		let again = settlement(other.voucher(), vec![other.records(1..2)]);
		assert_eq!(settle(vec![again]), refused(MeteringError::OtherAgreement));
	});
}

/// A node that adds a token or a planck to what its calls came to together is paid for none of them by their
/// sums.
#[test]
fn sums_that_differ_by_one() {
	on_chain(|| {
		market(0);
		let lane = Lane::with_calls(0, 10);
		let voucher = lane.voucher();
		let changes: [Change; 8] = [
			|totals| totals.charge += 1,
			|totals| totals.charge -= 1,
			|totals| totals.output_tokens += 1,
			|totals| totals.output_tokens -= 1,
			|totals| totals.input_tokens += 1,
			|totals| totals.calls += 1,
			|totals| totals.calls_with_entries += 1,
			|totals| {
				// At the lane's price, the sums would be sound.
				totals.charge += MILLI_OPEN;
				totals.output_tokens += 1;
			},
		];
		for change in changes {
			for (from, to) in [(0, 9), (0, 2), (0, 1)] {
				let mut proof = lane.run(from..to);
				change(match &mut proof.to {
					Some(to) => &mut to.totals,
					None => &mut proof.next.totals,
				});
				let bad = settlement(voucher, vec![Part::Run(proof)]);
				assert_eq!(settle(vec![bad]), refused(MeteringError::BadRun));
			}
		}
		// Nor if its caller does not look, and acknowledges that: the price does not give it.
		for (number, change) in (1..).zip(&changes[..4]) {
			let mut careless = Lane::with_calls(number, 3);
			careless.call_stated(&[], *change);
			let bad = settlement(careless.voucher(), vec![Part::Run(careless.run(0..4))]);
			assert_eq!(settle(vec![bad]), refused(MeteringError::RunPriceMismatch));
		}
		assert_eq!(settled(0), 0);

		assert_ok!(settle(vec![settlement(voucher, vec![Part::Run(lane.run(0..10))])]));
		assert_eq!(settled(0), 10 * CHARGE);
	});
}

/// A node that would rather not pay the contributors that its answers were made of settles the sums.
#[test]
fn sums_over_calls_with_entries() {
	on_chain(|| {
		market(0);
		let mut lane = Lane::new(0, block_before());
		for entries in [&[][..], &[(0, 10_000)], &[], &[(0, 5_000), (1, 2_500)], &[]] {
			lane.call(entries);
		}
		let voucher = lane.voucher();
		for places in [0..5, 0..4, 0..2] {
			let bad = settlement(voucher, vec![Part::Run(lane.run(places))]);
			assert_eq!(settle(vec![bad]), refused(MeteringError::RunHasEntries));
		}
		// As if it had none: it is another leaf then.
		let mut proof = lane.run(0..2);
		proof.to.as_mut().unwrap().totals.calls_with_entries = 0;
		let bad = settlement(voucher, vec![Part::Run(proof)]);
		assert_eq!(settle(vec![bad]), refused(MeteringError::BadRun));
		assert_eq!((settled(0), DirectEarnings::<Runtime>::get(0)), (0, 0));

		let parts = vec![
			Part::Run(lane.run(0..1)),
			lane.records(1..2),
			Part::Run(lane.run(2..3)),
			lane.records(3..4),
			Part::Run(lane.run(4..5)),
		];
		assert_ok!(settle(vec![settlement(voucher, parts)]));

		// Half of the data part goes straight to the contributions of an answer.
		let half = data_part(CHARGE, &policy()) / 2;
		assert_eq!(settled(0), 5 * CHARGE);
		assert_eq!(DirectEarnings::<Runtime>::get(0), half + half / 2);
		assert_eq!(DirectEarnings::<Runtime>::get(1), half / 4);
	});
}
