//! Operators.

use super::run;
use crate::{mock::*, Error, Event, HoldReason, Nodes, ServedBy};
use frame_support::{assert_noop, assert_ok, traits::fungible::InspectHold};
use openledger_primitives::{ids::OPEN, Uri};
use sp_runtime::TokenError;

fn uri(text: &str) -> Uri {
	text.as_bytes().to_vec().try_into().unwrap()
}

fn served(models: &[u32]) -> crate::types::ServedModels {
	models.to_vec().try_into().unwrap()
}

#[test]
fn registering_holds_the_bond() {
	run(|| {
		let operator = account(STRANGER);
		assert_ok!(Metering::register_node(
			RuntimeOrigin::signed(operator.clone()),
			uri("https://node.example:8402"),
			account(NODE),
			BOND + 1,
			served(&[MODEL]),
		));
		System::assert_last_event(
			Event::NodeRegistered { operator: operator.clone(), bond: BOND + 1 }.into(),
		);
		let held = Balances::balance_on_hold(&HoldReason::Bond.into(), &operator);
		assert_eq!(held, BOND + 1);
		let info = Metering::node_info(operator.clone()).unwrap();
		assert_eq!(info.endpoint, "https://node.example:8402");
		assert_eq!(info.receipt_key, account(NODE));
		assert_eq!(info.models, vec![MODEL]);
		let serving: Vec<_> =
			Metering::nodes(MODEL, None, 10).into_iter().map(|node| node.operator).collect();
		assert_eq!(serving.len(), 2);
		assert!(serving.contains(&operator) && serving.contains(&account(NODE)));
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
	});
}

#[test]
fn bad_registrations_are_refused() {
	run(|| {
		let good = uri("http://127.0.0.1:8402");
		let register = |seed, endpoint: &Uri, bond, models: &[u32]| {
			Metering::register_node(
				RuntimeOrigin::signed(account(seed)),
				endpoint.clone(),
				account(seed),
				bond,
				served(models),
			)
		};
		assert_noop!(register(NODE, &good, BOND, &[MODEL]), Error::<Test>::AlreadyRegistered);
		assert_noop!(register(STRANGER, &good, BOND - 1, &[MODEL]), Error::<Test>::BondTooSmall);
		for bad in ["", "ftp://x", "http://", "https://a b", "http://a\n"] {
			assert_noop!(
				register(STRANGER, &uri(bad), BOND, &[MODEL]),
				Error::<Test>::InvalidEndpoint
			);
		}
		assert_noop!(register(STRANGER, &good, BOND, &[]), Error::<Test>::NoModels);
		assert_noop!(
			register(STRANGER, &good, BOND, &[MODEL, MODEL]),
			Error::<Test>::DuplicateModel
		);
		assert_noop!(register(STRANGER, &good, BOND, &[MODEL, 7]), Error::<Test>::UnknownModel);
		assert_ok!(Models::pause_model(RuntimeOrigin::signed(account(DEVELOPER)), MODEL));
		assert_noop!(register(STRANGER, &good, BOND, &[MODEL]), Error::<Test>::ModelPaused);
		assert_ok!(Models::resume_model(RuntimeOrigin::signed(account(DEVELOPER)), MODEL));
		assert_noop!(
			register(STRANGER, &good, 1_000_000_000 * OPEN, &[MODEL]),
			TokenError::FundsUnavailable
		);
	});
}

#[test]
fn updating_replaces_all_but_the_bond() {
	run(|| {
		let other = register_model("other", PRICE);
		let node = account(NODE);
		let update = |models: &[u32], endpoint: &str| {
			Metering::update_node(
				RuntimeOrigin::signed(account(NODE)),
				uri(endpoint),
				account(STRANGER),
				served(models),
			)
		};
		assert_ok!(update(&[other], "http://new.example"));
		System::assert_last_event(Event::NodeUpdated { operator: node.clone() }.into());
		let stored = Nodes::<Test>::get(&node).unwrap();
		assert_eq!(stored.bond, BOND);
		assert_eq!(stored.receipt_key, account(STRANGER));
		assert!(ServedBy::<Test>::contains_key(other, &node));
		assert!(!ServedBy::<Test>::contains_key(MODEL, &node));

		assert_noop!(update(&[], "http://x"), Error::<Test>::NoModels);
		assert_noop!(update(&[other, other], "http://x"), Error::<Test>::DuplicateModel);
		assert_noop!(update(&[99], "http://x"), Error::<Test>::UnknownModel);
		assert_noop!(update(&[other], "x"), Error::<Test>::InvalidEndpoint);
		assert_ok!(Models::pause_model(RuntimeOrigin::signed(account(DEVELOPER)), MODEL));
		assert_noop!(update(&[MODEL], "http://x"), Error::<Test>::ModelPaused);
		assert_ok!(Models::pause_model(RuntimeOrigin::signed(account(DEVELOPER)), other));
		// It is served already, so it may stay.
		assert_ok!(update(&[other], "http://x"));
		assert_noop!(
			Metering::update_node(
				RuntimeOrigin::signed(account(CALLER)),
				uri("http://x"),
				account(CALLER),
				served(&[other]),
			),
			Error::<Test>::UnknownNode
		);
	});
}
