//! Operators.

use super::run;
use crate::{
	mock::*,
	types::{Served, ServedModels},
	Error, Event, HoldReason, Nodes, PreviousKeys, ServedBy,
};
use frame_support::{assert_noop, assert_ok, traits::fungible::InspectHold};
use openledger_primitives::{ids::OPEN, info::NodeStatus, traits::NodeInspect, Uri};
use sp_runtime::{DispatchResult, TokenError};

fn uri(text: &str) -> Uri {
	text.as_bytes().to_vec().try_into().unwrap()
}

fn bond_of(seed: u8) -> u128 {
	Balances::balance_on_hold(&HoldReason::Bond.into(), &account(seed))
}

fn status() -> NodeStatus {
	Metering::node_info(account(NODE)).unwrap().status
}

#[test]
fn registering_holds_the_bond() {
	run(|| {
		let operator = account(STRANGER);
		assert_ok!(Metering::register_node(
			signed(STRANGER),
			uri("https://node.example:8402"),
			account(RECEIPTS),
			BOND + 1,
			serving(&[MODEL]),
		));
		System::assert_last_event(
			Event::NodeRegistered { operator: operator.clone(), bond: BOND + 1 }.into(),
		);
		assert_eq!(bond_of(STRANGER), BOND + 1);
		let info = Metering::node_info(operator.clone()).unwrap();
		assert_eq!(info.endpoint, "https://node.example:8402");
		assert_eq!((info.payee, info.receipt_key), (operator.clone(), account(RECEIPTS)));
		assert_eq!((info.models[0].model, info.models[0].capacity), (MODEL, 4));
		assert_eq!((info.status, info.last_heartbeat, info.sessions), (NodeStatus::Active, 1, 0));
		let serving: Vec<_> =
			Metering::nodes(MODEL, None, 10).into_iter().map(|node| node.operator).collect();
		assert_eq!(serving.len(), 2);
		assert!(serving.contains(&operator) && serving.contains(&account(NODE)));
		assert!(Metering::serves(&operator, MODEL));
		assert!(!Metering::serves(&operator, OTHER_MODEL));
		assert!(!Metering::serves(&account(CALLER), MODEL));
	});
}

#[test]
fn nodes_are_listed_in_pages() {
	run(|| {
		register_node_of(STRANGER);
		let first = Metering::nodes(MODEL, None, 1);
		let second = Metering::nodes(MODEL, Some(first[0].operator.clone()), 1);
		assert_ne!(first[0].operator, second[0].operator);
		assert!(Metering::nodes(MODEL, Some(second[0].operator.clone()), 1).is_empty());
		assert!(Metering::nodes(99, None, 10).is_empty());
		assert!(Metering::nodes(MODEL, None, 0).is_empty());
	});
}

#[test]
fn bad_registrations_are_refused() {
	run(|| {
		let good = uri("http://127.0.0.1:8402");
		let register = |seed, endpoint: &Uri, bond, models: ServedModels| {
			let receipts = account(RECEIPTS);
			Metering::register_node(signed(seed), endpoint.clone(), receipts, bond, models)
		};
		let one = || serving(&[MODEL]);
		assert_noop!(register(NODE, &good, BOND, one()), Error::<Test>::AlreadyRegistered);
		assert_noop!(register(STRANGER, &good, BOND - 1, one()), Error::<Test>::BondTooSmall);
		for bad in ["", "ftp://x", "http://", "https://a b", "http://a\n"] {
			let endpoint = uri(bad);
			assert_noop!(
				register(STRANGER, &endpoint, BOND, one()),
				Error::<Test>::InvalidEndpoint
			);
		}
		assert_noop!(register(STRANGER, &good, BOND, serving(&[])), Error::<Test>::NoModels);
		let none = vec![Served { model: MODEL, capacity: 0 }].try_into().unwrap();
		assert_noop!(register(STRANGER, &good, BOND, none), Error::<Test>::NoCapacity);
		assert_noop!(
			register(STRANGER, &good, BOND, serving(&[MODEL, MODEL])),
			Error::<Test>::DuplicateModel
		);
		assert_noop!(
			register(STRANGER, &good, BOND, serving(&[MODEL, 7])),
			Error::<Test>::UnknownModel
		);
		Models::change(MODEL, |model| model.callable = false);
		assert_noop!(register(STRANGER, &good, BOND, one()), Error::<Test>::ModelPaused);
		Models::change(MODEL, |model| model.callable = true);
		assert_noop!(
			register(STRANGER, &good, 1_000_000_000 * OPEN, one()),
			TokenError::FundsUnavailable
		);
	});
}

#[test]
fn updating_replaces_endpoint_and_models() {
	run(|| {
		let node = account(NODE);
		let update = |models: &[u32], endpoint: &str| {
			Metering::update_node(signed(NODE), uri(endpoint), serving(models))
		};
		assert_ok!(update(&[OTHER_MODEL], "http://new.example"));
		System::assert_last_event(Event::NodeUpdated { operator: node.clone() }.into());
		let stored = Nodes::<Test>::get(&node).unwrap();
		assert_eq!((stored.bond, stored.receipt_key), (BOND, account(RECEIPTS)));
		assert!(ServedBy::<Test>::contains_key(OTHER_MODEL, &node));
		assert!(!ServedBy::<Test>::contains_key(MODEL, &node));

		assert_noop!(update(&[], "http://x"), Error::<Test>::NoModels);
		assert_noop!(update(&[MODEL, MODEL], "http://x"), Error::<Test>::DuplicateModel);
		assert_noop!(update(&[99], "http://x"), Error::<Test>::UnknownModel);
		assert_noop!(update(&[OTHER_MODEL], "x"), Error::<Test>::InvalidEndpoint);
		let none = vec![Served { model: MODEL, capacity: 0 }].try_into().unwrap();
		assert_noop!(
			Metering::update_node(signed(NODE), uri("http://x"), none),
			Error::<Test>::NoCapacity
		);
		for model in [MODEL, OTHER_MODEL] {
			Models::change(model, |model| model.callable = false);
		}
		assert_noop!(update(&[MODEL], "http://x"), Error::<Test>::ModelPaused);
		// It is served already, so it may stay.
		assert_ok!(update(&[OTHER_MODEL], "http://x"));
		assert_noop!(
			Metering::update_node(signed(CALLER), uri("http://x"), serving(&[OTHER_MODEL])),
			Error::<Test>::UnknownNode
		);
	});
}

#[test]
fn a_node_that_is_not_active_is_not_listed_by_an_update() {
	run(|| {
		assert_ok!(Metering::start_unbonding(signed(NODE)));
		let models = serving(&[MODEL, OTHER_MODEL]);
		assert_ok!(Metering::update_node(signed(NODE), uri("http://x"), models));
		assert!(Metering::nodes(OTHER_MODEL, None, 10).is_empty());
		assert_ok!(Metering::cancel_unbonding(signed(NODE)));
		assert_eq!(Metering::nodes(OTHER_MODEL, None, 10).len(), 1);
	});
}

#[test]
fn replaced_keys_are_kept_for_disputes() {
	run(|| {
		let node = account(NODE);
		let rotate = |key: u8| Metering::rotate_receipt_key(signed(NODE), account(key)).map(|_| ());
		assert_noop!(rotate(RECEIPTS), Error::<Test>::SameKey);
		assert_ok!(rotate(20));
		System::assert_last_event(
			Event::ReceiptKeyRotated {
				operator: node.clone(),
				receipt_key: account(20),
				previous: account(RECEIPTS),
			}
			.into(),
		);
		let kept = PreviousKeys::<Test>::get(&node);
		assert_eq!(kept.len(), 1);
		// There is nothing that could be settled; but what was can be disputed for so long at the most.
		let until = 1 + 300;
		let only = (&kept[0].key, kept[0].since, kept[0].replaced_at, kept[0].kept_until);
		assert_eq!(only, (&account(RECEIPTS), 1, 1, until));

		for key in 21..84 {
			assert_ok!(rotate(key));
		}
		assert_noop!(rotate(84), Error::<Test>::TooManyRotations);
		System::set_block_number(until);
		assert_noop!(rotate(84), Error::<Test>::TooManyRotations);
		System::set_block_number(until + 1);
		assert_ok!(rotate(84));
		assert_eq!(PreviousKeys::<Test>::get(&node).len(), 1);
		assert_noop!(
			Metering::rotate_receipt_key(signed(CALLER), account(28)),
			Error::<Test>::UnknownNode
		);
	});
}

#[test]
fn a_payee_is_paid_for_the_nodes_calls_until_another_one_is_named() {
	run(|| {
		let (operator, payee) = (account(NODE), account(STRANGER));
		let set = |payee: Option<u8>| Metering::set_payee(signed(NODE), payee.map(account));
		let session = open_session(DEPOSIT);
		let charge = call_charge();
		let paid = |sequence: u64| -> Vec<u128> {
			let before = [NODE, STRANGER].map(balance);
			let acknowledged = u128::from(sequence - 1) * charge;
			settle_one(session, 0, sequence, acknowledged, charge).unwrap();
			[NODE, STRANGER]
				.map(balance)
				.iter()
				.zip(before)
				.map(|(now, was)| now.saturating_sub(was))
				.collect()
		};
		// The first one takes the deposit for the lane.
		paid(1);
		let part = paid(2);
		assert_eq!(part[1], 0);

		assert_ok!(set(Some(STRANGER)));
		let event = Event::PayeeSet { operator: operator.clone(), payee: payee.clone() };
		System::assert_last_event(event.into());
		assert_eq!(Metering::node_info(operator.clone()).unwrap().payee, payee);
		assert_eq!(Metering::payee(&operator), payee);
		assert_eq!(paid(3), [0, part[0]]);

		assert_ok!(set(None));
		let event = Event::PayeeSet { operator: operator.clone(), payee: operator.clone() };
		System::assert_last_event(event.into());
		assert_eq!(Metering::payee(&operator), operator);
		assert_eq!(paid(4), part);
	});
}

#[test]
fn a_payee_is_named_by_the_operator_and_only_if_it_is_another_one() {
	run(|| {
		let set = |payee: Option<u8>| Metering::set_payee(signed(NODE), payee.map(account));

		for same in [None, Some(NODE)] {
			assert_noop!(set(same), Error::<Test>::SamePayee);
		}
		assert_noop!(
			Metering::set_payee(signed(CALLER), Some(account(STRANGER))),
			Error::<Test>::UnknownNode
		);
		assert_noop!(
			Metering::set_payee(RuntimeOrigin::root(), None),
			sp_runtime::DispatchError::BadOrigin
		);
		assert_ok!(set(Some(STRANGER)));
		assert_noop!(set(Some(STRANGER)), Error::<Test>::SamePayee);
		// The operator's own account is the same as none.
		assert_ok!(set(Some(NODE)));
		assert_noop!(set(None), Error::<Test>::SamePayee);
		// Whoever is no operator is paid as they are.
		assert_eq!(Metering::payee(&account(CALLER)), account(CALLER));
	});
}

#[test]
fn a_bond_can_be_raised() {
	run(|| {
		assert_ok!(Metering::bond_more(signed(NODE), OPEN));
		System::assert_last_event(
			Event::BondIncreased { operator: account(NODE), amount: OPEN, bond: BOND + OPEN }
				.into(),
		);
		assert_eq!(bond_of(NODE), BOND + OPEN);
		assert_noop!(Metering::bond_more(signed(NODE), 0), Error::<Test>::ZeroAmount);
		assert_noop!(Metering::bond_more(signed(NODE), u128::MAX), Error::<Test>::Overflow);
		assert_noop!(Metering::bond_more(signed(NODE), WEALTH), TokenError::FundsUnavailable);
		assert_noop!(Metering::bond_more(signed(CALLER), 1), Error::<Test>::UnknownNode);
	});
}

#[test]
fn a_heartbeat_is_remembered() {
	run(|| {
		System::set_block_number(42);
		assert_ok!(Metering::heartbeat(signed(NODE)));
		System::assert_last_event(Event::Heartbeat { operator: account(NODE) }.into());
		assert_eq!(Metering::node_info(account(NODE)).unwrap().last_heartbeat, 42);
		assert_noop!(Metering::heartbeat(signed(CALLER)), Error::<Test>::UnknownNode);
	});
}

#[test]
fn an_operator_leaves_with_the_bond() {
	run(|| {
		let operator = account(NODE);
		let before = balance(NODE);
		assert_ok!(Metering::rotate_receipt_key(signed(NODE), account(20)));
		assert_noop!(Metering::withdraw_bond(signed(NODE)), Error::<Test>::NotUnbonding);
		assert_noop!(Metering::cancel_unbonding(signed(NODE)), Error::<Test>::NotUnbonding);
		assert_ok!(Metering::start_unbonding(signed(NODE)));
		System::assert_last_event(
			Event::UnbondingStarted { operator: operator.clone(), at: 121 }.into(),
		);
		assert_eq!(status(), NodeStatus::Unbonding(121));
		assert!(Metering::nodes(MODEL, None, 10).is_empty());
		assert!(!Metering::serves(&operator, MODEL));
		assert_noop!(Metering::start_unbonding(signed(NODE)), Error::<Test>::NodeNotActive);

		System::set_block_number(120);
		assert_noop!(Metering::withdraw_bond(signed(NODE)), Error::<Test>::BondLocked);
		System::set_block_number(121);
		assert_ok!(Metering::withdraw_bond(signed(NODE)));
		System::assert_last_event(
			Event::NodeRemoved { operator: operator.clone(), released: BOND }.into(),
		);
		assert_eq!((bond_of(NODE), balance(NODE)), (0, before + BOND));
		assert!(PreviousKeys::<Test>::get(&operator).is_empty());
		assert!(Metering::node_info(operator).is_none());
		for call in [
			Metering::withdraw_bond,
			|origin| Metering::start_unbonding(origin).map(|_| ()).map_err(|error| error.error),
			|origin| Metering::cancel_unbonding(origin).map(|_| ()).map_err(|error| error.error),
			|origin| Metering::unjail(origin).map(|_| ()).map_err(|error| error.error),
		] as [fn(RuntimeOrigin) -> DispatchResult; 4]
		{
			assert_noop!(call(signed(NODE)), Error::<Test>::UnknownNode);
		}
		register_node_of(NODE);
	});
}

#[test]
fn an_operator_stays_after_all() {
	run(|| {
		assert_ok!(Metering::start_unbonding(signed(NODE)));
		MinBond::set(BOND + 1);
		assert_noop!(Metering::cancel_unbonding(signed(NODE)), Error::<Test>::BondTooSmall);
		assert_ok!(Metering::bond_more(signed(NODE), 1));
		assert_ok!(Metering::cancel_unbonding(signed(NODE)));
		System::assert_last_event(Event::UnbondingCancelled { operator: account(NODE) }.into());
		assert_eq!(status(), NodeStatus::Active);
		assert!(Metering::serves(&account(NODE), MODEL));
		open_session(DEPOSIT);
	});
}

#[test]
fn a_node_that_leaves_settles_what_it_has() {
	run(|| {
		let session = open_session(DEPOSIT);
		assert_ok!(Metering::start_unbonding(signed(NODE)));
		settle_one(session, 0, 1, 0, call_charge()).unwrap();
		assert_noop!(
			Metering::open_session(signed(CALLER), account(NODE), DEPOSIT, account(SIGNER), 50),
			Error::<Test>::NodeNotActive
		);
		System::set_block_number(121);
		assert_noop!(Metering::withdraw_bond(signed(NODE)), Error::<Test>::SessionsOpen);
		assert_ok!(Metering::close_session(signed(NODE), session));
	});
}

/// Settling wrongly at the very end of the unbonding period does not get the bond away from the
/// caller's dispute.
#[test]
fn a_bond_outlasts_the_last_settlement() {
	run(|| {
		let session = open_session(DEPOSIT);
		assert_ok!(Metering::start_unbonding(signed(NODE)));
		System::set_block_number(130);
		settle_one(session, 0, 1, 0, call_charge()).unwrap();
		assert_ok!(Metering::close_session(signed(NODE), session));
		System::set_block_number(230);
		assert_noop!(Metering::withdraw_bond(signed(NODE)), Error::<Test>::BondLocked);
		System::set_block_number(231);
		assert_ok!(Metering::withdraw_bond(signed(NODE)));
	});
}

#[test]
fn sessions_without_settlements_do_not_lock_the_bond() {
	run(|| {
		let session = open_session(DEPOSIT);
		assert_eq!(Metering::node_info(account(NODE)).unwrap().sessions, 1);
		assert_ok!(Metering::start_unbonding(signed(NODE)));
		System::set_block_number(121);
		assert_ok!(Metering::close_session(signed(NODE), session));
		assert_ok!(Metering::withdraw_bond(signed(NODE)));
	});
}

#[test]
fn a_jailed_node_comes_back_with_enough_bond() {
	run(|| {
		let session = open_session(DEPOSIT);
		assert_noop!(Metering::unjail(signed(NODE)), Error::<Test>::NotJailed);
		jail(NODE, 50, BOND / 2);
		assert_eq!(status(), NodeStatus::Jailed(50));
		assert!(!Metering::serves(&account(NODE), MODEL));
		for call in
			[Metering::start_unbonding, Metering::cancel_unbonding] as [fn(RuntimeOrigin) -> _; 2]
		{
			assert!(call(signed(NODE)).is_err());
		}
		assert_noop!(Metering::withdraw_bond(signed(NODE)), Error::<Test>::NotUnbonding);
		settle_one(session, 0, 1, 0, call_charge()).unwrap();

		System::set_block_number(49);
		assert_noop!(Metering::unjail(signed(NODE)), Error::<Test>::StillJailed);
		System::set_block_number(50);
		assert_noop!(Metering::unjail(signed(NODE)), Error::<Test>::BondTooSmall);
		assert_ok!(Metering::bond_more(signed(NODE), BOND / 2));
		assert_ok!(Metering::unjail(signed(NODE)));
		System::assert_last_event(Event::NodeUnjailed { operator: account(NODE) }.into());
		assert_eq!(status(), NodeStatus::Active);
		assert!(Metering::serves(&account(NODE), MODEL));
	});
}

#[test]
fn a_jailed_node_that_does_not_come_back_is_removed() {
	run(|| {
		let remove = || Metering::remove_node(signed(STRANGER), account(NODE));
		assert_noop!(remove(), Error::<Test>::NotJailed);
		let session = open_session(DEPOSIT);
		assert_ok!(Metering::extend_session(signed(CALLER), session, 200));
		jail(NODE, 50, BOND);
		System::set_block_number(50 + 120);
		assert_noop!(remove(), Error::<Test>::NotRemovable);
		MinBond::set(BOND + 1);
		assert_noop!(remove(), Error::<Test>::SessionsOpen);
		settle_one(session, 0, 1, 0, call_charge()).unwrap();
		assert_ok!(Metering::close_session(signed(NODE), session));
		assert_noop!(remove(), Error::<Test>::BondLocked);
		System::set_block_number(50 + 120 + 101);
		assert_ok!(remove());
		System::assert_last_event(
			Event::NodeRemoved { operator: account(NODE), released: BOND }.into(),
		);
		assert_eq!(bond_of(NODE), 0);
		assert_noop!(remove(), Error::<Test>::UnknownNode);
	});
}

#[test]
fn a_jailed_node_has_time_to_come_back() {
	run(|| {
		jail(NODE, 50, BOND / 2);
		System::set_block_number(50 + 119);
		assert_noop!(
			Metering::remove_node(signed(STRANGER), account(NODE)),
			Error::<Test>::BondLocked
		);
		System::set_block_number(50 + 120);
		// The operator may as well, and has nothing else to wait for.
		assert_ok!(Metering::remove_node(signed(NODE), account(NODE)));
		assert_eq!(balance(NODE), WEALTH - BOND / 2);
	});
}

/// For as long as the last session that the key may have answered calls of can be settled, and that
/// be disputed; also if the windows have grown since.
#[test]
fn a_key_is_kept_for_the_sessions_that_it_served() {
	run(|| {
		let node = account(NODE);
		let settles_until = || Nodes::<Test>::get(&node).unwrap().settles_until;
		let session = open_session(DEPOSIT);
		assert_eq!(settles_until(), 101 + 40);
		assert_ok!(Metering::extend_session(signed(CALLER), session, 500));
		assert_eq!(settles_until(), 500 + 40);
		// A shorter one changes nothing, and neither does the end of the longest.
		open_session(DEPOSIT);
		assert_ok!(Metering::close_session(signed(NODE), session));
		assert_eq!(settles_until(), 540);
		System::set_block_number(7);
		assert_ok!(Metering::rotate_receipt_key(signed(NODE), account(20)));
		let kept = PreviousKeys::<Test>::get(&node);
		assert_eq!((kept[0].since, kept[0].replaced_at, kept[0].kept_until), (1, 7, 840));
		assert_eq!(Nodes::<Test>::get(&node).unwrap().key_since, 7);
	});
}

/// The promise made to the caller when a call was settled is kept when the window is made shorter
/// before the session is closed.
#[test]
fn a_bond_outlasts_a_window_that_was_longer() {
	run(|| {
		let session = open_session(DEPOSIT);
		settle_one(session, 0, 1, 0, call_charge()).unwrap();
		assert_ok!(Metering::start_unbonding(signed(NODE)));
		DisputeWindow::set(200);
		settle_one(session, 0, 2, call_charge(), call_charge()).unwrap();
		DisputeWindow::set(10);
		settle_one(session, 1, 1, 0, call_charge()).unwrap();
		assert_ok!(Metering::close_session(signed(NODE), session));
		System::set_block_number(201);
		assert_noop!(Metering::withdraw_bond(signed(NODE)), Error::<Test>::BondLocked);
		System::set_block_number(202);
		assert_ok!(Metering::withdraw_bond(signed(NODE)));
	});
}

#[test]
fn what_is_stored_is_as_large_as_documented() {
	use codec::MaxEncodedLen;
	assert!(crate::types::NodeOf::<Test>::max_encoded_len() <= 880);
	assert!(crate::types::SessionOf::<Test>::max_encoded_len() <= 240);
	assert_eq!(crate::types::Lane::max_encoded_len(), 56);
	assert_eq!(crate::types::SettledRootOf::<Test>::max_encoded_len(), 212);
	assert_eq!(crate::types::KeyHistoryOf::<Test>::max_encoded_len(), 2_818);
}
