//! What a settlement of lanes does.

use super::*;
use crate::{lanes::LanesLoad, versions::LaneSettlements, Lanes, Roots, Sessions, WeightInfo};
use frame_support::{assert_noop, assert_ok, dispatch::GetDispatchInfo};
use openledger_primitives::{
	lane::Mismatch,
	split::{part_of, split_charge, split_own_charge},
	MAX_LANES,
};
use sp_runtime::{DispatchError, Permill};

fn set_royalty() {
	Models::change(MODEL, |model| model.royalty = Some(Permill::from_percent(10)));
}

#[test]
fn calls_of_many_lanes_are_charged_and_split_at_once() {
	run(|| {
		set_royalty();
		let charge = call_charge();
		let (one, other) = (open_session(DEPOSIT), open_session(DEPOSIT));
		assert_ok!(Metering::set_payee(signed(NODE), Some(account(STRANGER))));
		let people = [PROTOCOL, DEVELOPER, STRANGER, PARENT, 101];
		let before = people.map(balance);
		let books = [(one, 0, 3), (one, 7, 1), (other, 0, 2)]
			.map(|(session, lane, calls)| Book::with_calls(session, lane, calls));
		System::reset_events();

		assert_ok!(settle(books.iter().map(Book::settlement).collect()));

		assert_eq!(held(CALLER), 2 * DEPOSIT - 6 * charge);
		let parts = split_charge(charge, PROTOCOL_SHARE, &policy()).unwrap();
		let royalty = part_of(parts.developer, Permill::from_percent(10));
		let after = people.map(balance);
		let paid: Vec<_> = (0..5).map(|who| after[who] - before[who]).collect();
		let each = [parts.protocol, parts.developer - royalty, parts.node, royalty, parts.data];
		assert_eq!(paid, each.map(|part| 6 * part));
		// One transfer a session.
		let transfers = System::events().into_iter().filter(|record| {
			matches!(
				record.event,
				RuntimeEvent::Balances(pallet_balances::Event::TransferOnHold { .. })
			)
		});
		assert_eq!(transfers.count(), 2);

		let lanes = settled_lanes();
		let of = |lane: &(SettledLane, Vec<SettledItem>)| {
			let header = &lane.0;
			(header.session, header.lane, header.sequence, header.items, header.charged)
		};
		assert_eq!(
			lanes.iter().map(of).collect::<Vec<_>>(),
			[(one, 0, 3, 3, 3 * charge), (one, 7, 1, 1, charge), (other, 0, 2, 2, 2 * charge)]
		);
		let header = &lanes[0].0;
		assert_eq!((&header.caller, &header.node), (&account(CALLER), &account(NODE)));
		let payees = (&header.node_payee, &header.developer_payee, &header.lineage[0].payee);
		assert_eq!(payees, (&account(STRANGER), &account(DEVELOPER), &account(PARENT)));
		assert_eq!((header.agreement, header.price), (books[0].agreement, price(PRICE)));
		assert_eq!((header.rejected, header.protocol_share), (0, PROTOCOL_SHARE));
		assert_eq!(header.sources.len(), 2);
		for (book, (header, items)) in books.iter().zip(&lanes) {
			let records: Vec<_> = items
				.iter()
				.map(|item| match item {
					SettledItem::Call(call) => call.record.clone(),
					SettledItem::Run(_) => panic!("nothing was settled by sums"),
				})
				.collect();
			assert_eq!(records, book.records);
			let lane = Lanes::<Test>::get(book.session, book.lane).unwrap();
			assert_eq!((lane.sequence, lane.settled), (header.sequence, header.charged));
			assert_eq!(lane.agreement, book.agreement.hash());
			let root = Roots::<Test>::get((book.session, book.lane, lane.sequence)).unwrap();
			assert_eq!((root.root, root.items), (header.root, header.items));
			assert_eq!((root.first_sequence, root.charged), (1, header.charged));
			assert_eq!(root.agreement, lane.agreement);
			assert_eq!((root.at, root.until), (1, 101));
		}
		assert_eq!(Sessions::<Test>::get(one).unwrap().lanes, 2);
		// All of them are calls of one model, paid as of one block.
		assert_eq!(LaneLookups::get(), 1);
	});
}

#[test]
fn what_is_stored_of_a_call_is_small() {
	run(|| {
		let session = open_session(DEPOSIT);
		let mut book = Book::new(session, 1_023);
		book.call(CallRecord { input_tokens: 700_000, output_tokens: 9_000, ..record(1) });

		assert_ok!(settle(vec![book.settlement()]));

		// In a block, the number of the extrinsic is stored as well.
		let size = 4 + stored_size(|event| matches!(event, Event::ItemSettled(_)));
		assert!(size <= 120, "{size}");
		let header = stored_size(|event| matches!(event, Event::LaneSettled { .. }));
		assert!(header <= 700, "{header}");
	});
}

#[test]
fn a_lane_goes_on_where_it_was_settled() {
	run(|| {
		let session = open_session(DEPOSIT);
		let mut book = Book::with_calls(session, 0, 2);
		assert_ok!(settle(vec![book.settlement()]));
		let deposits = held_for_lanes(NODE);
		System::set_block_number(5);
		System::reset_events();
		book.call(record(5));
		book.call(record(6));

		// Once with old records, and once more without.
		assert_ok!(settle(vec![book.settlement()]));

		let (header, items) = settled_lanes().remove(0);
		assert_eq!((header.sequence, header.items, header.rejected), (6, 2, 2));
		assert_eq!(items.len(), 2);
		let root = Roots::<Test>::get((session, 0, 6)).unwrap();
		assert_eq!((root.first_sequence, root.at), (3, 5));
		assert_eq!(Sessions::<Test>::get(session).unwrap().settled, 4 * call_charge());
		assert_eq!(held_for_lanes(NODE), deposits);
		assert_noop!(settle(vec![book.settlement()]), crate::Error::<Test>::SequenceNotRising);
	});
}

#[test]
fn the_vouchers_own_call_is_charged_within_its_allowance() {
	run(|| {
		let session = open_session(DEPOSIT);
		let book = Book::with_calls(session, 0, 1);
		let voucher = book.voucher();
		let dear = CallRecord { output_tokens: 1_000, ..record(2) };

		let settled =
			settlement(&voucher, vec![records(vec![record(1), dear, record(2), record(2)])]);
		assert_ok!(settle(vec![settled]));

		assert_eq!(Sessions::<Test>::get(session).unwrap().settled, 2 * call_charge());
		for reason in [RejectReason::AboveAuthorised, RejectReason::SequenceNotRising] {
			let rejected = Event::RecordRejected { session, lane: 0, sequence: 2, reason };
			System::assert_has_event(rejected.into());
		}
	});
}

#[test]
fn events_are_in_the_order_of_lanes_and_items() {
	run(|| {
		let session = open_session(DEPOSIT);
		let book = Book::with_calls(session, 3, 2);
		let bad = CallRecord { cached_tokens: u32::MAX, ..record(2) };
		let mixed = settlement(&book.voucher(), vec![records(vec![record(1), bad, record(2)])]);
		let unsigned = settlement_by(
			STRANGER,
			&Book::with_calls(session, 4, 1).voucher(),
			vec![records(vec![record(1)])],
		);
		System::reset_events();

		assert_ok!(settle(vec![unsigned, mixed]));

		let events = metering_events();
		let [rejected, header, one, two, record] = events.as_slice() else { panic!("{events:?}") };
		let reason = crate::Error::<Test>::BadSignature.into();
		assert_eq!(*rejected, Event::LaneRejected { session, lane: 4, reason });
		let Event::LaneSettled { header } = header else { panic!("{header:?}") };
		assert_eq!((header.lane, header.items, header.rejected), (3, 2, 1));
		for (item, sequence) in [(one, 1), (two, 2)] {
			let Event::ItemSettled(item) = item else { panic!("{item:?}") };
			assert_eq!(item.last_sequence(), sequence);
		}
		let reason = RejectReason::InvalidRecord;
		assert_eq!(*record, Event::RecordRejected { session, lane: 3, sequence: 2, reason });
	});
}

#[test]
fn entries_are_paid_directly_and_the_rest_goes_to_the_pools() {
	run(|| {
		let session = open_session(DEPOSIT);
		let mut book = Book::new(session, 0);
		book.call(attributed(1, &[(3, 2_500), (FOREIGN, 5_000), (4, 1)]));
		book.call(attributed(2, &[(FOREIGN, 10_000)]));
		book.call(record(3));

		assert_ok!(settle(vec![book.settlement()]));

		let (header, items) = settled_lanes().remove(0);
		let calls: Vec<_> = items
			.into_iter()
			.map(|item| match item {
				SettledItem::Call(call) => call,
				SettledItem::Run(_) => panic!("nothing was settled by sums"),
			})
			.collect();
		let data = calls[0].parts.data;
		let attributed = part_of(data, Permill::from_percent(60));
		let direct: Vec<_> = calls[0].direct.iter().map(|paid| paid.amount).collect();
		assert_eq!(direct, [attributed / 4, 0, attributed / 10_000]);
		assert!(calls[1].direct.is_empty() && calls[2].direct.is_empty());
		let pooled: Balance = header.pools.iter().map(|pool| pool.amount).sum();
		assert_eq!(pooled + direct.iter().sum::<Balance>(), 3 * data);
	});
}

#[test]
fn a_nodes_own_price_leaves_others_what_they_get() {
	run(|| {
		let session = open_session(DEPOSIT);
		let list = price(PRICE);
		let less = |price: Balance| price - price / 5;
		let own = PriceSchedule {
			per_call: less(list.per_call),
			per_input_token: less(list.per_input_token),
			per_cached_input_token: less(list.per_cached_input_token),
			per_output_token: less(list.per_output_token),
		};
		let mut book = Book::new(session, 0);
		book.agreement.own_price = Some(own);
		book.call(record(1));
		let (charge, list_charge) = (book.charge(), call_charge());
		assert!(charge < list_charge);

		assert_ok!(settle(vec![book.settlement()]));

		let (_, items) = settled_lanes().remove(0);
		let [SettledItem::Call(SettledCall { parts, charge: paid, .. })] = items.as_slice() else {
			panic!("{items:?}")
		};
		let policy = policy();
		let by_list = split_charge(list_charge, PROTOCOL_SHARE, &policy).unwrap();
		assert_eq!(*paid, charge);
		assert_eq!(
			(parts.protocol, parts.developer, parts.data),
			(by_list.protocol, by_list.developer, by_list.data)
		);
		let node = split_own_charge(charge, list_charge, PROTOCOL_SHARE, &policy).unwrap().node;
		assert_eq!(parts.node(charge), Some(node));
		assert_eq!(held(CALLER), DEPOSIT - charge);
	});
}

#[test]
fn a_session_has_a_thousand_lanes_and_no_more() {
	run(|| {
		let session = open_session(3 * DEPOSIT);
		let last = MAX_LANES - 1;
		for lanes in [0..64, 64..128, last - 1..MAX_LANES] {
			assert_ok!(settle(
				lanes.map(|lane| Book::with_calls(session, lane, 1).settlement()).collect()
			));
			System::reset_events();
		}
		let beyond = Book::with_calls(session, MAX_LANES, 1).settlement();
		assert_noop!(settle(vec![beyond]), crate::Error::<Test>::NoSuchLane);
		assert_eq!(Sessions::<Test>::get(session).unwrap().lanes, 130);
		let closed = Metering::close_session(signed(NODE), session).unwrap();
		assert_eq!(closed.actual_weight, Some(<()>::close_session(130)));
		assert_eq!(Lanes::<Test>::iter_prefix(session).count(), 0);
	});
}

#[test]
fn what_cannot_be_split_is_not_charged() {
	run(|| {
		let session = open_session(DEPOSIT);
		let lanes = || vec![Book::with_calls(session, 0, 1).settlement()];
		Unsplittable::set(true);
		assert_noop!(settle(lanes()), DispatchError::Other("unsplittable"));
		Unsplittable::set(false);
		assert_ok!(settle(lanes()));
	});
}

#[test]
fn free_calls_are_settled_too() {
	run(|| {
		let session = open_session(DEPOSIT);
		let mut book = Book::new(session, 0);
		book.agreement.price_version = FREE;
		let voucher = Voucher { authorised: 0, ..book.voucher() };

		assert_ok!(settle(vec![settlement(&voucher, vec![records(vec![record(1)])])]));

		assert_eq!((held(CALLER), Lanes::<Test>::get(session, 0).unwrap().sequence), (DEPOSIT, 1));
	});
}

#[test]
fn a_settlement_weighs_what_there_was() {
	run(|| {
		set_royalty();
		let sessions = [open_session(DEPOSIT), open_session(DEPOSIT)];
		let mut named = Book::new(sessions[0], 0);
		named.call(attributed(1, &[(3, 2_500)]));
		let mut lanes = vec![named.settlement()];
		lanes.push(Book::with_calls(sessions[0], 1, 3).settlement());
		lanes.push(Book::with_calls(sessions[1], 0, 1).settlement());
		let most = LanesLoad {
			lanes: 3,
			extent: lane::Extent { records: 5, entries: 1, runs: 0 },
			sessions: 3,
			models: 3,
			sources: 24,
			parents: 12,
		};
		let bounded: LaneSettlements = lanes.clone().try_into().unwrap();
		let call = crate::Call::<Test>::settle_lanes { lanes: bounded };
		assert_eq!(LanesLoad::of(&lanes), most);
		assert_eq!(call.get_dispatch_info().call_weight, most.weight::<()>());

		let info = try_settle(lanes).unwrap();

		let found = LanesLoad { sessions: 2, models: 1, sources: 2, parents: 1, ..most };
		assert_eq!(info.actual_weight, Some(found.weight::<()>()));
		assert!(found.weight::<()>().all_lt(most.weight::<()>()));
		let more = [
			LanesLoad { lanes: 4, ..found },
			LanesLoad { sessions: 3, ..found },
			LanesLoad { models: 2, ..found },
			LanesLoad { sources: 3, ..found },
			LanesLoad { parents: 2, ..found },
			LanesLoad { extent: lane::Extent { records: 6, ..found.extent }, ..found },
			LanesLoad { extent: lane::Extent { entries: 2, ..found.extent }, ..found },
			LanesLoad { extent: lane::Extent { runs: 1, ..found.extent }, ..found },
		];
		for more in more {
			assert!(more.weight::<()>().any_gt(found.weight::<()>()), "{more:?}");
		}
	});
}

/// Whoever is paid costs an account, also where another was paid for the same before.
#[test]
fn other_payees_of_the_same_weigh_more() {
	run(|| {
		let session = open_session(DEPOSIT);
		System::set_block_number(20);
		let found = |first: LaneId| {
			let as_of = |lane, as_of| {
				let mut book = Book::new(session, lane);
				book.agreement.as_of = as_of;
				book.call(record(1));
				book.settlement()
			};
			let lanes = vec![as_of(first, 5), as_of(first + 1, 15)];
			let submitted = LanesLoad::of(&lanes);
			let weight = try_settle(lanes).unwrap().actual_weight.unwrap();
			(submitted, weight)
		};
		let of = |submitted, models, sources| {
			let load = LanesLoad { sessions: 1, models, sources, parents: 0, ..submitted };
			load.weight::<()>()
		};

		let (submitted, weight) = found(0);
		assert_eq!(weight, of(submitted, 1, 2));

		Models::change(MODEL, |model| model.payees = BTreeMap::from([(10, STRANGER)]));
		let (submitted, weight) = found(2);
		assert_eq!(weight, of(submitted, 2, 2));

		Models::change(MODEL, |model| model.payees = BTreeMap::new());
		Curators::set(BTreeMap::from([(10, PARENT)]));
		let (submitted, weight) = found(4);
		assert_eq!(weight, of(submitted, 1, 4));
	});
}

/// Nothing of what the events say can be otherwise without being noticed.
#[test]
fn events_that_say_something_else_do_not_add_up() {
	run(|| {
		set_royalty();
		let session = open_session(DEPOSIT);
		let mut book = Book::with_calls(session, 0, 2);
		book.call(attributed(3, &[(3, 2_500)]));
		assert_ok!(settle(vec![book.settlement()]));
		let (header, items) = settled_lanes().remove(0);

		type Change = fn(&mut SettledLane);
		let changes: [(Change, Mismatch); 15] = [
			(|lane| lane.items += 1, Mismatch::Sums),
			(|lane| lane.charged += 1, Mismatch::Sums),
			(|lane| lane.sequence += 1, Mismatch::Sums),
			(|lane| lane.root = Hash::zero(), Mismatch::Root),
			(|lane| lane.price.per_output_token += 1, Mismatch::Charge),
			(|lane| lane.agreement.own_price = Some(price(1)), Mismatch::Charge),
			(|lane| lane.protocol_share = Permill::from_percent(6), Mismatch::Parts),
			(|lane| lane.policy.data = Permill::from_percent(36), Mismatch::Parts),
			(|lane| lane.lineage[0].royalty = Permill::from_percent(11), Mismatch::Parts),
			(|lane| lane.policy.attributed = Permill::from_percent(61), Mismatch::Direct),
			(|lane| lane.sources[0].weight += 1, Mismatch::Pools),
			(|lane| lane.sources[0].curator_share = Permill::from_percent(9), Mismatch::Pools),
			(|lane| lane.pools[0].amount += 1, Mismatch::Pools),
			(|lane| lane.pools[0].curator += 1, Mismatch::Pools),
			(|lane| lane.pools[1].release += 1, Mismatch::Pools),
		];
		for (change, mismatch) in changes {
			let mut changed = header.clone();
			change(&mut changed);
			assert_eq!(recompute(&changed, &items), Err(mismatch), "{changed:?}");
		}
		// An item is what its leaf says.
		for at in 0..items.len() {
			let mut changed = items.clone();
			let SettledItem::Call(call) = &mut changed[at] else { panic!("a call") };
			call.record.response_hash = Hash::zero();
			assert_eq!(recompute(&header, &changed), Err(Mismatch::Root));
		}
	});
}
