//! For the money in a node's bond.

use crate::{
	mock::*,
	tests::{disputing::*, run},
	Error, Event, Nodes,
};
use frame_support::{
	assert_noop, assert_ok,
	traits::{
		fungible::{Inspect, Mutate},
		tokens::Preservation,
	},
};
use openledger_primitives::{
	ids::{MILLI_OPEN, OPEN},
	info::NodeStatus,
	Balance,
};
use sp_runtime::Permill;

/// Balances of the reporter, the caller, and the protocol.
fn purses() -> [Balance; 3] {
	[STRANGER, CALLER, PROTOCOL].map(balance)
}

#[test]
fn a_reporter_who_is_the_operator_gains_nothing() {
	run(|| {
		let all = settled(2);
		let free = balance(NODE);
		assert_ok!(overcharge_of(NODE, RECEIPTS, &all[0].cheaper(100), &all[0]));
		System::assert_last_event(
			Event::OverchargeProven {
				operator: account(NODE),
				reporter: account(NODE),
				caller: account(CALLER),
				session: all[0].key.0,
				lane: 0,
				sequence: 1,
				stated: call_charge() - 100,
				settled: call_charge(),
				refunded: 100,
				reward: 0,
				protocol: PENALTY,
			}
			.into(),
		);
		assert_ok!(misreport_of(NODE, RECEIPTS, &all[1].altered(), &all[1]));
		let (one, other) = (all[1].statement(), all[1].altered());
		assert_ok!(equivocation_of(NODE, NODE, RECEIPTS, &one, &other));
		assert_eq!(balance(NODE), free);
	});
}

/// Under another name an operator gets the reward, which is less than what it loses.
#[test]
fn an_operator_who_reports_under_another_name_loses() {
	run(|| {
		let of = &settled(1)[0];
		let before = balance(STRANGER) + bond_of(NODE);
		assert_ok!(equivocation(&of.statement(), &of.altered()));
		assert_eq!(balance(STRANGER) + bond_of(NODE), before - REST);
	});
}

/// An operator that owes its callers contradicts itself, and has that reported under another name, to
/// have as much as possible of its bond back before they come. It gets three tenths of what it loses.
#[test]
fn a_bond_goes_into_rewards_for_its_own_operator_at_a_loss() {
	run(|| {
		crate::NextSessionId::<Test>::put(1_000);
		let of = &settled(1)[0];
		let before = balance(STRANGER);
		for session in 500..540 {
			let (one, other) = two_statements_of(session, 0, 1);
			assert_ok!(equivocation(&one, &other));
			let (lost, got) = (BOND - bond_of(NODE), balance(STRANGER) - before);
			assert!(got * 10 <= lost * 3, "{got} of {lost}");
		}
		assert!(bond_of(NODE) < BOND / 50);
		// Less than half of what a refund to itself brings at once.
		assert!((balance(STRANGER) - before) * 2 < BOND - BOND.div_ceil(3));
		// Nor with a caller that is the operator as well, and is overcharged by next to nothing.
		let (bond, rewarded) = (bond_of(NODE), balance(STRANGER));
		assert_ok!(overcharge(&of.cheaper(100), of));
		assert!((balance(STRANGER) - rewarded) * 10 <= (bond - bond_of(NODE)) * 3);
	});
}

/// Refunds to itself in several steps, each so large that the least penalty goes with it, and all of them reported
/// under yet another name: what comes out is never more than 23 of 30.
#[test]
fn a_bond_comes_out_in_steps_at_a_loss_as_well() {
	run(|| {
		let all = [(); 12].map(|()| settled_for(21 * OPEN));
		let before = purses();
		for of in &all {
			let bond = bond_of(NODE);
			assert_ok!(overcharge(&of.cheaper(bond / 5), of));
			let after = purses();
			let got = after[0] + after[1] - before[0] - before[1];
			assert!(got * 30 <= (BOND - bond_of(NODE)) * 23, "{got}");
			// What is paid is a part of what is left, jailed or not.
			assert_eq!(bond_of(NODE), bond - bond / 5 - (bond / 10));
		}
	});
}

/// The first report jails the node, and those who go on looking are paid as the first one was, as long as there is
/// something to pay them from.
#[test]
fn whoever_looks_on_is_paid_as_the_first_was() {
	run(|| {
		let all = settled(4);
		assert_ok!(misreport(&all[0].altered(), &all[0]));
		assert_eq!(status(), NodeStatus::Jailed(31));
		for of in &all[1..3] {
			let (bond, before) = (bond_of(NODE), balance(STRANGER));
			assert_ok!(misreport(&of.altered(), of));
			assert_eq!(balance(STRANGER) - before, bond / 10 * 3 / 10);
		}
		let (bond, before) = (bond_of(NODE), balance(STRANGER));
		assert_ok!(overcharge(&all[3].cheaper(1), &all[3]));
		assert_eq!(balance(STRANGER) - before, bond / 10 * 3 / 10);
		// The operator's own account is not.
		let own = balance(NODE);
		let (one, other) = (all[0].statement(), all[0].altered());
		assert_ok!(equivocation_of(NODE, NODE, RECEIPTS, &one, &other));
		assert_eq!(balance(NODE), own);
	});
}

/// An operator who is the caller under another name, and proves an overcharge of any size, gets no
/// more than two planck of the bond out for each that is lost.
#[test]
fn a_self_dispute_does_not_take_a_bond_out_of_reach() {
	for (overcharged, penalty) in [
		(OPEN, PENALTY),
		(20 * OPEN, PENALTY),
		(30 * OPEN, 15 * OPEN),
		(66 * OPEN, 33 * OPEN),
		(90 * OPEN, BOND / 3 + 1),
		(500 * OPEN, BOND / 3 + 1),
	] {
		run(|| {
			let of = &settled_for(500 * OPEN);
			let before = purses();
			assert_ok!(overcharge_of(CALLER, RECEIPTS, &of.cheaper(overcharged), of));
			// Of the least penalty, also where the refund made it larger.
			let reward = REWARD;
			let refunded = overcharged.min(BOND - penalty);
			let after = purses();
			let got = [0, 1, 2].map(|who| after[who] - before[who]);
			assert_eq!(got, [0, refunded + reward, penalty - reward]);
			assert_eq!(bond_of(NODE), BOND - penalty - refunded);
			assert!(penalty >= refunded / 2);
			// Even with the reward, more than a fifth of what left the bond is lost.
			assert!((penalty - reward) * 5 > penalty + refunded);
		});
	}
}

/// Nor is a refund that waits a way to get at what is put up later: there, too, a third is lost.
#[test]
fn a_refund_that_waits_does_not_take_the_next_bond_out_of_reach() {
	run(|| {
		let of = &settled_for(500 * OPEN);
		let cheaper = of.cheaper(400 * OPEN);
		assert_ok!(overcharge_of(CALLER, RECEIPTS, &cheaper, of));
		System::set_block_number(31);
		assert_ok!(Metering::bond_more(signed(NODE), BOND));
		assert_ok!(Metering::unjail(signed(NODE)));
		let before = purses();
		assert_ok!(overcharge_of(CALLER, RECEIPTS, &cheaper, of));
		let after = purses();
		let got = [0, 1, 2].map(|who| after[who] - before[who]);
		let refunded = BOND - BOND.div_ceil(3);
		assert_eq!(got, [0, refunded, BOND - refunded]);
		// And it cannot go on without a bond.
		assert_eq!((bond_of(NODE), status()), (0, NodeStatus::Jailed(31)));
		assert!(Metering::nodes(MODEL, None, 10).is_empty());
	});
}

/// A node that is its own caller has no refund to expect.
#[test]
fn an_operator_does_not_refund_itself() {
	run(|| {
		let session = crate::NextSessionId::<Test>::get();
		let node = account(NODE);
		assert_ok!(Metering::open_session(signed(NODE), node.clone(), DEPOSIT, node.clone(), 101));
		System::set_block_number(2);
		let voucher = voucher(session, 0, 1, 0, call_charge());
		let of = &settled_by(|| settle_calls_by(NODE, &voucher, vec![record(1)]))[0];
		let before = balance(NODE);
		assert_ok!(overcharge(&of.cheaper(call_charge()), of));
		assert_eq!((balance(NODE), bond_of(NODE)), (before, BOND - PENALTY));
	});
}

/// Two thirds go to the caller, and a third is the penalty.
#[test]
fn a_bond_smaller_than_refund_and_penalty() {
	run(|| {
		let all = settled(2);
		let bond = 6 * MILLI_OPEN;
		jail(NODE, 10, bond);
		let before = purses();
		assert_ok!(overcharge(&all[0].cheaper(call_charge()), &all[0]));
		let penalty = bond / 3;
		let reward = bond / 10 * 3 / 10;
		let after = purses();
		let got = [0, 1, 2].map(|who| after[who] - before[who]);
		assert_eq!(got, [reward, bond - penalty, penalty - reward]);
		assert_eq!(bond_of(NODE), 0);
		let again = overcharge(&all[0].cheaper(call_charge()), &all[0]);
		assert_eq!(again, Err(Error::<Test>::RefundUnavailable.into()));
		// There is nothing left to take, and nothing stands in the way.
		assert_ok!(overcharge(&all[1].cheaper(1), &all[1]));
		assert_ok!(equivocation(&all[1].cheaper(1), &all[1].altered()));
		assert_eq!(purses(), after);
		// And nothing to give back.
		assert_ok!(Metering::close_session(signed(NODE), all[0].key.0));
		System::set_block_number(31 + 120);
		assert_ok!(Metering::remove_node(signed(STRANGER), account(NODE)));
	});
}

#[test]
fn a_penalty_of_everything_leaves_no_refund() {
	run(|| {
		DisputePenalty::set(Permill::one());
		let of = &settled(1)[0];
		let before = purses();
		assert_ok!(overcharge(&of.cheaper(1), of));
		assert_eq!(purses()[1], before[1]);
		assert_eq!(bond_of(NODE), 0);
	});
}

/// An amount too little to bring an account back stays due; enough brings it back.
#[test]
fn a_caller_account_that_no_longer_exists() {
	run(|| {
		let all = settled(2);
		assert_ok!(Metering::close_session(signed(NODE), all[0].key.0));
		let caller = account(CALLER);
		let everything = balance(CALLER);
		let to = account(STRANGER);
		Balances::transfer(&caller, &to, everything, Preservation::Expendable).unwrap();
		assert!(!System::account_exists(&caller));
		let before = purses();
		assert_ok!(overcharge(&all[0].cheaper(100), &all[0]));
		let after = purses();
		let got = [0, 1, 2].map(|who| after[who] - before[who]);
		assert_eq!(got, [REWARD, 0, REST]);
		assert_eq!(bond_of(NODE), BOND - PENALTY);
		let again = || overcharge(&all[0].cheaper(100), &all[0]);
		assert_noop!(again(), Error::<Test>::RefundUnavailable);

		assert_ok!(overcharge(&all[1].cheaper(call_charge()), &all[1]));
		assert_eq!(balance(CALLER), call_charge());
		assert_ok!(again());
		assert_eq!(balance(CALLER), call_charge() + 100);
		assert_noop!(again(), Error::<Test>::AlreadyDisputed);
	});
}

/// Not even a protocol account that cannot take its part stands in the way.
#[test]
fn nobody_is_there_to_be_paid() {
	run(|| {
		let of = &settled(1)[0];
		jail(NODE, 10, MILLI_OPEN / 10);
		for seed in [PROTOCOL, STRANGER] {
			Balances::set_balance(&account(seed), 0);
		}
		assert_ok!(overcharge(&of.cheaper(100), of));
		// The caller was paid; the rest stayed where it was.
		assert_eq!(bond_of(NODE), MILLI_OPEN / 10 - 100);
		assert_eq!([PROTOCOL, STRANGER].map(balance), [0, 0]);
	});
}

/// To the planck, in every kind of report, whoever is who.
#[test]
fn what_leaves_the_bond_is_refund_reward_and_protocol() {
	run(|| {
		let people = [STRANGER, CALLER, PROTOCOL, NODE, DEVELOPER];
		let sum = || people.map(|seed| Balances::total_balance(&account(seed))).iter().sum();
		let all = settled(12);
		let issuance = Balances::total_issuance();
		let total: Balance = sum();
		for (of, seed) in all.iter().zip(people.into_iter().cycle()) {
			let bond = bond_of(NODE);
			for report in 0..3 {
				let bond = bond_of(NODE);
				System::reset_events();
				match report {
					0 => overcharge_of(seed, RECEIPTS, &of.cheaper(of.call().charge / 3), of)
						.unwrap(),
					1 => misreport_of(seed, RECEIPTS, &of.altered(), of).unwrap(),
					_ => {
						let (one, other) = (of.statement(), of.altered());
						equivocation_of(seed, NODE, RECEIPTS, &one, &other).unwrap();
					}
				}
				let told = System::events().into_iter().find_map(|record| match record.event {
					RuntimeEvent::Metering(event) => match event {
						Event::OverchargeProven { refunded, reward, protocol, .. } => {
							Some(refunded + reward + protocol)
						}
						Event::MisreportProven { reward, protocol, .. }
						| Event::EquivocationProven { reward, protocol, .. } => Some(reward + protocol),
						_ => None,
					},
					_ => None,
				});
				assert_eq!(told, Some(bond - bond_of(NODE)));
				check_invariants();
			}
			assert!(bond_of(NODE) < bond);
			let stored = Nodes::<Test>::get(account(NODE)).unwrap().bond;
			assert_eq!(stored, bond_of(NODE));
		}
		assert_eq!((sum(), Balances::total_issuance()), (total, issuance));
	});
}
