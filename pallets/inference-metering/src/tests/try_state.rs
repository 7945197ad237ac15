//! Invariants notice what breaks them.

use crate::{
	mock::*,
	tests::disputing::{overcharge, settled},
	Commitment, Disputed, Nodes, PreviousKeys, ReportCommitments, Roots, Sessions,
};
use frame_support::{
	assert_ok,
	traits::{fungible::MutateHold, tokens::Precision},
};
use openledger_primitives::Hash;

/// Breaks something about a node with a settled session, an earlier key and a dispute, and expects
/// that `message` is said of it.
fn breaks(message: &'static str, change: impl FnOnce(u64)) {
	new_test_ext().execute_with(|| {
		prepare();
		let all = settled(2);
		assert_ok!(overcharge(&all[0].cheaper(5), &all[0]));
		assert_ok!(Metering::rotate_receipt_key(signed(NODE), account(20)));
		assert_ok!(Metering::do_try_state());
		change(all[0].key.0);
		assert_eq!(Metering::do_try_state(), Err(message.into()));
	});
}

fn change_node(change: impl FnOnce(&mut crate::types::NodeOf<Test>)) {
	Nodes::<Test>::mutate(account(NODE), |node| change(node.as_mut().unwrap()));
}

fn change_session(id: u64, change: impl FnOnce(&mut crate::types::SessionOf<Test>)) {
	Sessions::<Test>::mutate(id, |session| change(session.as_mut().unwrap()));
}

#[test]
fn sessions_can_be_settled_while_keys_are_kept() {
	breaks("a session ends before it expires", |session| {
		change_session(session, |it| it.settle_until = it.expires_at - 1);
	});
	breaks("a node's session can be settled longer than it keeps its keys for", |_| {
		change_node(|it| it.settles_until -= 1);
	});
	breaks("a node's earlier keys are out of order", |_| {
		PreviousKeys::<Test>::mutate(account(NODE), |keys| keys[0].since += 1);
	});
	breaks("a node's earlier keys are out of order", |_| {
		PreviousKeys::<Test>::mutate(account(NODE), |keys| keys[0].kept_until = 0);
	});
	breaks("a node's key is older than the one before it", |_| change_node(|it| it.key_since = 0));
	breaks("a node's payee is its own operator", |_| {
		change_node(|it| it.payee = Some(account(NODE)));
	});
	breaks("keys are kept of an unknown node", |_| {
		let keys = PreviousKeys::<Test>::get(account(NODE));
		PreviousKeys::<Test>::insert(account(STRANGER), keys);
	});
}

#[test]
fn lane_deposits_are_on_hold() {
	let message = "what is on hold is not what is stored";
	breaks(message, |session| change_session(session, |it| it.lane_deposits -= 1));
	breaks(message, |session| change_session(session, |it| it.lane_deposits += 1));
	breaks(message, |_| {
		let reason = crate::HoldReason::LaneStorage.into();
		Balances::hold(&reason, &account(NODE), 1).unwrap();
	});
	breaks(message, |_| {
		let reason = crate::HoldReason::LaneStorage.into();
		Balances::release(&reason, &account(NODE), 1, Precision::Exact).unwrap();
	});
	breaks("an operator put up a deposit for no lane", |_| {
		// A jailed node takes no sessions.
		change_node(|it| it.status = crate::types::Status::Active);
		let session = open_session(DEPOSIT);
		let reason = crate::HoldReason::LaneStorage.into();
		Balances::hold(&reason, &account(NODE), 1).unwrap();
		change_session(session, |it| it.lane_deposits = 1);
	});
	breaks("a root is of another agreement than its lane", |session| {
		Roots::<Test>::mutate((session, 0, 2), |root| {
			root.as_mut().unwrap().agreement = Default::default();
		});
	});
	breaks("a lane has a number that none has", |session| {
		let lane = crate::Lanes::<Test>::get(session, 0).unwrap();
		crate::Lanes::<Test>::insert(session, openledger_primitives::MAX_LANES, lane);
	});
	breaks("a root is for more items than sequences", |session| {
		Roots::<Test>::mutate((session, 0, 2), |root| root.as_mut().unwrap().items = 3);
	});
	breaks("a session was opened in a later block", |session| {
		change_session(session, |it| it.opened_at = 2);
	});
}

#[test]
fn bonds_answer_for_settlements() {
	let message = "a bond could leave before a settlement that it answers for";
	breaks(message, |session| change_session(session, |it| it.liable_until -= 1));
	breaks(message, |session| {
		assert_ok!(Metering::close_session(signed(NODE), session));
		assert_ok!(Metering::do_try_state());
		change_node(|it| it.liable_until -= 1);
	});
}

#[test]
fn refunds_are_of_what_was_charged() {
	breaks("more was refunded than was overcharged", |session| {
		Disputed::<Test>::mutate((session, 0, 2), |records| {
			*records = records
				.clone()
				.try_mutate(|records| records.values_mut().for_each(|proven| proven.refunded += 1))
				.unwrap();
		});
	});
	breaks("more was refunded than was charged", |session| {
		Roots::<Test>::mutate((session, 0, 2), |root| root.as_mut().unwrap().charged = 4);
	});
	breaks("calls are disputed without their root", |session| {
		let records = Disputed::<Test>::get((session, 0, 2));
		Disputed::<Test>::insert((session, 1, 2), records);
	});
}

/// Both ways: what is stored and not on hold, and what is on hold and not stored, of whomever.
#[test]
fn nothing_is_on_hold_but_what_is_stored() {
	use crate::HoldReason::{Bond, LaneStorage, Report, Session, SessionStorage};

	let message = "what is on hold is not what is stored";
	breaks(message, |_| change_node(|it| it.bond -= 1));
	breaks(message, |session| change_session(session, |it| it.deposit += 1));
	breaks(message, |session| change_session(session, |it| it.storage_deposit -= 1));
	for reason in [Bond, Session, SessionStorage, LaneStorage, Report] {
		for seed in [NODE, CALLER, STRANGER] {
			breaks(message, |_| {
				Balances::hold(&reason.into(), &account(seed), 1).unwrap();
			});
		}
	}
	let commit = |seed, at, deposit| {
		let commitment = Commitment { at, deposit };
		ReportCommitments::<Test>::insert(account(seed), Hash::zero(), commitment);
	};
	breaks(message, |_| commit(STRANGER, 0, 1));
	breaks("what is stored is of no account", |_| commit(99, 0, 1));
	breaks("a report was committed to in a later block", |_| {
		commit(STRANGER, System::block_number() + 1, 0);
	});
}
