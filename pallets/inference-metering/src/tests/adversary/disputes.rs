//! With disputes, and against them.

use crate::{
	mock::*,
	tests::{disputes::*, run},
	Error, Event, Nodes, PreviousKeys,
};
use frame_support::{
	assert_noop, assert_ok,
	traits::{
		fungible::{Inspect, Mutate},
		tokens::Preservation,
		Hooks,
	},
	weights::Weight,
};
use openledger_primitives::{
	ids::{MILLI_OPEN, OPEN},
	info::NodeStatus,
	merkle,
	record::CallRecord,
	statement::Statement,
	Balance, Hash,
};
use sp_runtime::Permill;

/// What the reporter, the caller, and the protocol have.
fn purses() -> [Balance; 3] {
	[STRANGER, CALLER, PROTOCOL].map(balance)
}

#[test]
fn dispute_on_the_last_block_of_the_window() {
	run(|| {
		let all = settled(3);
		System::set_block_number(101);
		Metering::on_idle(101, Weight::MAX);
		assert_ok!(overcharge(&all[0].cheaper(1), &all[0]));
		assert_ok!(misreport(&all[1].altered(), &all[1]));
		// One block later nobody has removed the root yet, and still it is too late.
		System::set_block_number(102);
		assert_noop!(overcharge(&all[2].cheaper(1), &all[2]), Error::<Test>::NotDisputable);
		assert_noop!(misreport(&all[2].altered(), &all[2]), Error::<Test>::NotDisputable);
	});
}

#[test]
fn the_same_contradiction_twice() {
	run(|| {
		let of = &settled(1)[0];
		assert_ok!(overcharge(&of.cheaper(100), of));
		assert_ok!(misreport(&of.altered(), of));
		assert_ok!(equivocation(&of.altered(), &of.cheaper(100)));
		let before = (bond_of(NODE), purses());
		for seed in [STRANGER, CALLER, NODE] {
			for again in [
				overcharge_of(seed, RECEIPTS, &of.cheaper(100), of),
				misreport_of(seed, RECEIPTS, &of.altered(), of),
				equivocation_of(seed, NODE, RECEIPTS, &of.cheaper(100), &of.altered()),
			] {
				assert_eq!(again, Err(Error::<Test>::AlreadyDisputed.into()));
			}
		}
		assert_eq!((bond_of(NODE), purses()), before);
	});
}

#[test]
fn a_node_settles_more_than_it_stated() {
	run(|| {
		// It stated 5 tokens, and settles 23: what the caller has authorised covers that.
		let session = open_session(DEPOSIT);
		let stated_charge = price(PRICE).charge(11, 5).unwrap();
		let statement = Statement::of(
			System::block_hash(0),
			session,
			0,
			&CallRecord { output_tokens: 5, ..record(1) },
			stated_charge,
		);
		let before = balance(CALLER) + held(CALLER);
		settle_one(session, 0, 1, 0, call_charge()).unwrap();
		let of = &proven((session, 0, 1), &[(record(1), call_charge())])[0];
		// It cannot be had for the lesser offence.
		assert_noop!(misreport(&statement, of), Error::<Test>::ReportAsOvercharge);
		assert_ok!(overcharge_of(CALLER, RECEIPTS, &statement, of));
		assert_eq!(balance(CALLER) + held(CALLER), before - stated_charge + REWARD);
		assert_eq!(bond_of(NODE), BOND - PENALTY - (call_charge() - stated_charge));
		assert_eq!(status(), NodeStatus::Jailed(31));
	});
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
				session: all[0].session,
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

/// A node that is its own caller has no refund to expect.
#[test]
fn an_operator_does_not_refund_itself() {
	run(|| {
		let session = crate::NextSessionId::<Test>::get();
		let node = account(NODE);
		assert_ok!(Metering::open_session(signed(NODE), node.clone(), DEPOSIT, node.clone(), 101));
		let voucher = voucher(session, 0, 1, 0, call_charge());
		assert_ok!(settle_by(NODE, &voucher, vec![record(1)]));
		let of = &proven((session, 0, 1), &[(record(1), call_charge())])[0];
		let before = balance(NODE);
		assert_ok!(overcharge(&of.cheaper(call_charge()), of));
		assert_eq!((balance(NODE), bond_of(NODE)), (before, BOND - PENALTY));
	});
}

/// A refund is of what was paid. An operator who is the caller under another name cannot get the bond
/// out before others have reported what they know, by making up records of any charge.
#[test]
fn a_bond_is_not_emptied_by_made_up_overcharges() {
	run(|| {
		let session = open_session(DEPOSIT);
		let charge = call_charge();
		let records: Vec<_> =
			(1..=3).map(|n| (record(n), if n == 3 { Balance::MAX } else { 5 * OPEN })).collect();
		let mut sums = aggregate(9, vec![entry(0, 2)]);
		let leaves = records.iter().map(|(record, charge)| merkle::leaf(record, *charge));
		sums.root = merkle::root(leaves);
		assert_ok!(settle_sums(&voucher(session, 0, 10, 2 * charge, 0), sums, None));
		let before = balance(CALLER);
		for of in &proven((session, 0, 9), &records) {
			assert_ok!(overcharge(&of.cheaper(of.charge), of));
		}
		assert_eq!(balance(CALLER) - before, 2 * charge);
		// Three penalties, each of what was left.
		let after = [2 * charge, 0, 0].iter().fold(BOND, |bond, refund| bond - bond / 10 - refund);
		assert!(bond_of(NODE).abs_diff(after) < 3);
	});
}

/// What a node contradicts by itself does not spare it what its caller can prove.
#[test]
fn a_node_does_not_use_up_its_callers_dispute() {
	run(|| {
		let of = &settled(1)[0];
		let before = balance(CALLER);
		// It says something else at the same price, and something a planck cheaper, and has both
		// reported before its caller comes.
		assert_ok!(misreport(&of.altered(), of));
		assert_ok!(overcharge(&of.cheaper(1), of));
		assert_ok!(overcharge_of(STRANGER, RECEIPTS, &of.cheaper(5_000), of));
		assert_eq!(balance(CALLER) - before, 5_000);
	});
}

#[test]
fn a_forged_statement() {
	run(|| {
		let of = &settled(1)[0];
		let statement = of.cheaper(of.charge);
		let report = |signer: u8, signed_statement: &Statement| {
			Metering::report_overcharge(
				signed(CALLER),
				Box::new(statement.clone()),
				sign_statement(signer, signed_statement),
				account(RECEIPTS),
				of.last_sequence,
				Box::new(of.record.clone()),
				of.charge,
				of.proof.clone(),
			)
			.map(|_| ())
			.map_err(|refused| refused.error)
		};
		// By the caller; by the operator, whose own key is not the receipt key; with the signature of
		// the true one.
		for (signer, of_what) in
			[(CALLER, &statement), (NODE, &statement), (RECEIPTS, &of.statement())]
		{
			assert_noop!(report(signer, of_what), Error::<Test>::BadStatementSignature);
		}
		// With a key that is not the node's; or that of another node.
		let with = |key| overcharge_of(CALLER, key, &statement, of);
		assert_noop!(with(CALLER), Error::<Test>::UnknownReceiptKey);
		register_node_of(OTHER_NODE);
		assert_ok!(Metering::rotate_receipt_key(signed(OTHER_NODE), account(20)));
		assert_noop!(with(20), Error::<Test>::UnknownReceiptKey);
		assert_eq!(bond_of(NODE), BOND);
	});
}

/// Accepted as long as the key is kept, and not any more after that.
#[test]
fn a_statement_signed_with_a_rotated_key() {
	run(|| {
		let all = settled(2);
		assert_ok!(Metering::rotate_receipt_key(signed(NODE), account(20)));
		assert_ok!(Metering::rotate_receipt_key(signed(NODE), account(21)));
		assert_ok!(overcharge(&all[0].cheaper(1), &all[0]));
		assert_ok!(overcharge_of(STRANGER, 21, &all[1].cheaper(1), &all[1]));
		// One statement with each key.
		let (one, other) = (all[0].statement(), all[0].altered());
		let report = |first: u8, second: u8| {
			Metering::report_equivocation(
				signed(STRANGER),
				account(NODE),
				Box::new(one.clone()),
				sign_statement(first, &one),
				account(first),
				Box::new(other.clone()),
				sign_statement(second, &other),
				account(second),
			)
			.map(|_| ())
			.map_err(|refused| refused.error)
		};
		let until = PreviousKeys::<Test>::get(account(NODE))[0].kept_until;
		System::set_block_number(until + 1);
		assert_noop!(report(21, RECEIPTS), Error::<Test>::UnknownReceiptKey);
		System::set_block_number(until);
		assert_ok!(report(21, RECEIPTS));
	});
}

/// The penalty is taken whole, and the rest goes to the caller.
#[test]
fn a_bond_smaller_than_refund_and_penalty() {
	run(|| {
		let all = settled(2);
		let bond = 5 * MILLI_OPEN;
		jail(NODE, 10, bond);
		let before = purses();
		assert_ok!(overcharge(&all[0].cheaper(call_charge()), &all[0]));
		let penalty = bond / 10;
		let reward = penalty * 3 / 10;
		let after = purses();
		let got = [0, 1, 2].map(|who| after[who] - before[who]);
		assert_eq!(got, [reward, bond - penalty, penalty - reward]);
		assert_eq!(bond_of(NODE), 0);
		// There is nothing left to take, and nothing stands in the way.
		assert_ok!(overcharge(&all[1].cheaper(1), &all[1]));
		assert_ok!(equivocation(&all[1].cheaper(1), &all[1].altered()));
		assert_eq!(purses(), after);
		// And nothing to give back.
		assert_ok!(Metering::close_session(signed(NODE), all[0].session));
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

/// What is too little to bring an account back goes to the protocol; enough brings it back.
#[test]
fn a_caller_account_that_no_longer_exists() {
	run(|| {
		let all = settled(2);
		assert_ok!(Metering::close_session(signed(NODE), all[0].session));
		let caller = account(CALLER);
		let everything = balance(CALLER);
		let to = account(STRANGER);
		Balances::transfer(&caller, &to, everything, Preservation::Expendable).unwrap();
		assert!(!System::account_exists(&caller));
		let before = purses();
		assert_ok!(overcharge(&all[0].cheaper(100), &all[0]));
		let after = purses();
		let got = [0, 1, 2].map(|who| after[who] - before[who]);
		assert_eq!(got, [REWARD, 0, REST + 100]);

		assert_ok!(overcharge(&all[1].cheaper(call_charge()), &all[1]));
		assert_eq!(balance(CALLER), call_charge());
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

/// Neither is a way around a dispute, or around jail.
#[test]
fn an_unbonding_or_jailed_node() {
	run(|| {
		let all = settled(3);
		assert_ok!(Metering::start_unbonding(signed(NODE)));
		System::set_block_number(50);
		assert_ok!(overcharge(&all[0].cheaper(1), &all[0]));
		assert_eq!(status(), NodeStatus::Jailed(80));
		// Whoever was leaving is not out of jail by staying, and not gone by having started early.
		assert_noop!(Metering::cancel_unbonding(signed(NODE)), Error::<Test>::NotUnbonding);
		System::set_block_number(60);
		assert_ok!(overcharge(&all[1].cheaper(1), &all[1]));
		assert_eq!(status(), NodeStatus::Jailed(90));
		// A longer time in jail is not cut short.
		let bond = bond_of(NODE);
		jail(NODE, 500, bond);
		assert_ok!(overcharge(&all[2].cheaper(1), &all[2]));
		assert_eq!(status(), NodeStatus::Jailed(500));
		System::set_block_number(130);
		assert_noop!(Metering::withdraw_bond(signed(NODE)), Error::<Test>::NotUnbonding);
		assert!(bond_of(NODE) < BOND * 73 / 100);
	});
}

#[test]
fn a_statement_for_another_chain() {
	run(|| {
		let of = &settled(1)[0];
		let fork = |statement| Statement { genesis_hash: Hash::repeat_byte(7), ..statement };
		let cheaper = fork(of.cheaper(1));
		assert_noop!(overcharge(&cheaper, of), Error::<Test>::WrongChain);
		assert_noop!(misreport(&fork(of.altered()), of), Error::<Test>::WrongChain);
		let (one, other) = (fork(of.statement()), fork(of.altered()));
		assert_noop!(equivocation(&one, &other), Error::<Test>::WrongChain);
	});
}

#[test]
fn a_proof_from_another_root() {
	run(|| {
		let (all, others) = (settled(4), settled(5));
		let of = &all[1];
		let cheaper = of.cheaper(1);
		// Another settlement's proof, another record's, and one that is cut or spun out.
		let cut = |proof: &merkle::InclusionProof, by: usize| {
			let mut proof = proof.clone();
			proof.path.truncate(proof.path.len() - by);
			proof
		};
		let mut longer = of.proof.clone();
		longer.path.try_push(Hash::zero()).unwrap();
		let beyond = merkle::InclusionProof { index: 4, ..of.proof.clone() };
		for proof in [
			others[1].proof.clone(),
			all[2].proof.clone(),
			cut(&of.proof, 1),
			cut(&of.proof, 2),
			longer,
			beyond,
		] {
			let of = crate::tests::disputes::SettledRecord { proof, ..of.clone() };
			assert_noop!(overcharge(&cheaper, &of), Error::<Test>::BadInclusionProof);
		}
		// A record that was never settled, with a proof of its own.
		let made_up = [(record(1), 9 * call_charge()), (record(2), 9 * call_charge())];
		let made_up = &proven((of.session, 0, 4), &made_up)[1];
		assert_noop!(overcharge(&cheaper, made_up), Error::<Test>::BadInclusionProof);
		assert_ok!(overcharge(&cheaper, of));
	});
}

#[test]
fn an_aggregates_record() {
	run(|| {
		let session = open_session(DEPOSIT);
		let charge = call_charge();
		let records: Vec<_> = (1..=5).map(|n| (record(n), charge)).collect();
		let mut sums = aggregate(5, vec![entry(0, 5)]);
		let leaves = records.iter().map(|(record, charge)| merkle::leaf(record, *charge));
		sums.root = merkle::root(leaves);
		let voucher = voucher(session, 0, 6, 5 * charge, charge);
		assert_ok!(settle_sums(&voucher, sums, Some(record(6))));
		let all = proven((session, 0, 5), &records);
		let before = balance(CALLER);
		assert_ok!(overcharge(&all[4].cheaper(700), &all[4]));
		assert_ok!(misreport(&all[3].altered(), &all[3]));
		// The voucher's own call has a root of its own.
		let own = &proven((session, 0, 6), &[(record(6), charge)])[0];
		assert_ok!(overcharge(&own.cheaper(77), own));
		assert_eq!(balance(CALLER) - before, 777);
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
					0 => overcharge_of(seed, RECEIPTS, &of.cheaper(of.charge / 3), of).unwrap(),
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
