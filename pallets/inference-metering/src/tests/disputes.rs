//! Disputes: what they do, and each error. Who tries to cheat with them is in [`super::adversary`].

use super::{
	disputing::*,
	lanes::{self, Book, Proven},
	run,
};
use crate::{
	mock::*, types::MAX_EQUIVOCATIONS, Disputed, Equivocations, Error, Event, Nodes, WeightInfo,
};
use frame_support::{
	assert_noop, assert_ok,
	dispatch::{GetDispatchInfo, Pays},
	traits::{fungible::MutateFreeze, Hooks},
	weights::Weight,
};
use openledger_primitives::{
	answer::Evidence,
	info::NodeStatus,
	lane::{SettledCall, SettledItem, Statement},
	signing::{wrap, Signed},
	traits::NodeInspect,
	Hash, Signature, MAX_SERVED,
};
use sp_core::Pair;
use sp_runtime::DispatchResult;

#[test]
fn an_overcharge_is_refunded_and_punished() {
	run(|| {
		let of = &settled(3)[1];
		let statement = of.cheaper(100);
		let before = [CALLER, STRANGER, PROTOCOL].map(balance);
		assert_ok!(overcharge(&statement, of));
		let operator = account(NODE);
		System::assert_has_event(
			Event::NodeJailed { operator: operator.clone(), until: 31, bond: BOND - PENALTY - 100 }
				.into(),
		);
		System::assert_last_event(
			Event::OverchargeProven {
				operator: operator.clone(),
				reporter: account(STRANGER),
				caller: account(CALLER),
				session: of.key.0,
				lane: 0,
				sequence: 2,
				stated: call_charge() - 100,
				settled: call_charge(),
				refunded: 100,
				reward: REWARD,
				protocol: REST,
			}
			.into(),
		);
		let after = [CALLER, STRANGER, PROTOCOL].map(balance);
		let got = [0, 1, 2].map(|who| after[who] - before[who]);
		assert_eq!(got, [100, REWARD, REST]);
		assert_eq!(bond_of(NODE), BOND - PENALTY - 100);
		assert_eq!(status(), NodeStatus::Jailed(31));
		assert!(!Metering::serves(&operator, MODEL));
		let disputed = Disputed::<Test>::get((of.key.0, 0, 3));
		assert_eq!(disputed[&2].overcharge, 100);
	});
}

#[test]
fn every_call_of_a_settlement_can_be_disputed() {
	run(|| {
		let all = settled(9);
		for of in &all {
			assert_ok!(overcharge(&of.cheaper(1), of));
		}
		assert_eq!(Disputed::<Test>::get((all[0].key.0, 0, 9)).len(), 9);
	});
}

#[test]
fn whatever_was_settled_otherwise_is_a_misreport() {
	run(|| {
		let changes: [fn(&mut Statement); 14] = [
			|it| it.tokens.input += 1,
			|it| it.tokens.cached += 1,
			|it| it.tokens.retrieved += 1,
			|it| it.tokens.output += 1,
			|it| it.response_hash = Hash::zero(),
			|it| it.attribution = lanes::shares(&[(1, 1)]),
			|it| it.extension = Some(Hash::zero()),
			// Settled for less, and not as stated.
			|it| {
				it.charge += 1;
				it.tokens.output += 1;
			},
			// Another agreement than that under which the lane was settled.
			|it| it.agreement.model = OTHER_MODEL,
			|it| it.agreement.version = 1,
			|it| it.agreement.price_version = FREE,
			|it| it.agreement.as_of += 1,
			|it| it.agreement.evidence = Evidence::Sealed,
			|it| it.agreement.own_price = Some(price(PRICE)),
		];
		let all = settled(14);
		let changed = |(of, change): (&Proven, fn(&mut Statement))| {
			let mut statement = of.statement();
			change(&mut statement);
			statement
		};
		let others: Vec<_> = all.iter().zip(changes).map(changed).collect();
		let callers = balance(CALLER);
		for (of, other) in all.iter().zip(&others) {
			assert_noop!(misreport(&of.statement(), of), Error::<Test>::NoContradiction);
			let bond = bond_of(NODE);
			let before = [STRANGER, PROTOCOL].map(balance);
			assert_ok!(misreport(other, of));
			let paid = [STRANGER, PROTOCOL].map(balance);
			let (reward, protocol) = (paid[0] - before[0], paid[1] - before[1]);
			assert_eq!(bond - bond_of(NODE), reward + protocol);
			assert_eq!(reward + protocol, bond.div_ceil(10));
			System::assert_last_event(
				Event::MisreportProven {
					operator: account(NODE),
					reporter: account(STRANGER),
					session: of.key.0,
					lane: 0,
					sequence: of.call().record.sequence,
					reward,
					protocol,
				}
				.into(),
			);
			assert_noop!(misreport(other, of), Error::<Test>::AlreadyDisputed);
		}
		assert_eq!(balance(CALLER), callers);
		assert_eq!(status(), NodeStatus::Jailed(31));
	});
}

#[test]
fn two_statements_of_a_call_are_an_equivocation() {
	run(|| {
		// Nothing needs to be settled.
		let session = open_session(DEPOSIT);
		let (one, other) = two_statements_of(session, 3, 9);
		let before = [STRANGER, PROTOCOL].map(balance);
		assert_ok!(equivocation(&one, &other));
		System::assert_last_event(
			Event::EquivocationProven {
				operator: account(NODE),
				reporter: account(STRANGER),
				session,
				lane: 3,
				sequence: 9,
				reward: REWARD,
				protocol: REST,
			}
			.into(),
		);
		assert_eq!(balance(STRANGER) - before[0], REWARD);
		assert_eq!(balance(PROTOCOL) - before[1], REST);
		assert_eq!((bond_of(NODE), status()), (BOND - PENALTY, NodeStatus::Jailed(31)));
		assert!(Equivocations::<Test>::get(account(NODE)).contains(&(session, 3, 9)));
	});
}

#[test]
fn two_statements_that_differ_in_anything_are_an_equivocation() {
	run(|| {
		let session = open_session(DEPOSIT);
		let changes: [fn(&mut Statement); 4] = [
			|it| it.charge += 1,
			|it| it.agreement.model += 1,
			|it| it.request_hash = Hash::zero(),
			|it| it.attribution = lanes::shares(&[(1, 1)]),
		];
		for (sequence, change) in (1..).zip(changes) {
			let (one, _) = two_statements_of(session, 0, sequence);
			let mut other = one.clone();
			change(&mut other);
			assert_ok!(equivocation(&one, &other));
		}
	});
}

#[test]
fn bad_reports_of_settled_calls_are_refused() {
	run(|| {
		let all = settled(3);
		let of = &all[1];
		let cheaper = of.cheaper(1);
		for report in [overcharge, misreport] {
			let unknown = Proven { key: (of.key.0, 0, 2), ..of.clone() };
			assert_noop!(report(&cheaper, &unknown), Error::<Test>::NotDisputable);
			for elsewhere in [
				Statement { session: of.key.0 + 1, ..cheaper.clone() },
				Statement { lane: 1, ..cheaper.clone() },
			] {
				assert_noop!(report(&elsewhere, of), Error::<Test>::NotDisputable);
			}
			assert_noop!(report(&cheaper, &all[2]), Error::<Test>::NotTheSameCall);
			let call = of.call().clone();
			let dearer = SettledItem::Call(SettledCall { charge: call.charge + 1, ..call });
			let dearer = Proven { item: dearer, ..of.clone() };
			assert_noop!(report(&cheaper, &dearer), Error::<Test>::BadInclusionProof);
			let fork = Statement { genesis_hash: Hash::repeat_byte(7), ..cheaper.clone() };
			assert_noop!(report(&fork, of), Error::<Test>::WrongChain);
		}
		assert_noop!(overcharge(&of.statement(), of), Error::<Test>::NoContradiction);
		let dearer = Statement { charge: of.call().charge + 1, ..of.statement() };
		assert_noop!(overcharge(&dearer, of), Error::<Test>::NoContradiction);
		assert_noop!(misreport(&dearer, of), Error::<Test>::NoContradiction);
		let other = Statement { response_hash: Hash::zero(), ..cheaper.clone() };
		assert_noop!(misreport(&other, of), Error::<Test>::ReportAsOvercharge);
		for report in [overcharge_of, misreport_of] {
			assert_noop!(report(STRANGER, NODE, &cheaper, of), Error::<Test>::UnknownReceiptKey);
		}
		// A node cannot be gone as long as its settlements can be disputed.
		let node = Nodes::<Test>::take(account(NODE)).unwrap();
		assert_noop!(overcharge(&cheaper, of), Error::<Test>::UnknownNode);
		Nodes::<Test>::insert(account(NODE), node);
		assert_ok!(overcharge(&cheaper, of));
		assert_noop!(overcharge(&cheaper, of), Error::<Test>::AlreadyDisputed);
	});
}

#[test]
fn bad_reports_of_equivocation_are_refused() {
	run(|| {
		let of = &settled(1)[0];
		let (one, other) = (of.statement(), of.altered());
		for elsewhere in [
			Statement { session: of.key.0 + 1, ..other.clone() },
			Statement { lane: 1, ..other.clone() },
			Statement { sequence: 2, ..other.clone() },
			Statement { genesis_hash: Hash::repeat_byte(7), ..other.clone() },
		] {
			assert_noop!(equivocation(&one, &elsewhere), Error::<Test>::NotTheSameCall);
		}
		assert_noop!(equivocation(&one, &one), Error::<Test>::NoContradiction);
		let fork = |statement: &Statement| Statement {
			genesis_hash: Hash::repeat_byte(7),
			..statement.clone()
		};
		assert_noop!(equivocation(&fork(&one), &fork(&other)), Error::<Test>::WrongChain);
		let of_nobody = equivocation_of(STRANGER, CALLER, RECEIPTS, &one, &other);
		assert_eq!(of_nobody, Err(Error::<Test>::UnknownNode.into()));
		assert_noop!(
			equivocation_of(STRANGER, NODE, NODE, &one, &other),
			Error::<Test>::UnknownReceiptKey
		);
		let forged = |first: u8, second: u8| -> DispatchResult {
			let mut call = two_statements_call(NODE, (RECEIPTS, &one), (RECEIPTS, &other));
			if let crate::Call::report_two_statements {
				first_signature, second_signature, ..
			} = &mut call
			{
				*first_signature = sign(first, &one);
				*second_signature = sign(second, &other);
			}
			report(call)
		};
		for (first, second) in [(STRANGER, RECEIPTS), (RECEIPTS, STRANGER)] {
			assert_noop!(forged(first, second), Error::<Test>::BadStatementSignature);
		}
		assert_ok!(equivocation(&one, &other));
		for (first, second) in [(&one, &other), (&other, &one)] {
			assert_noop!(equivocation(first, second), Error::<Test>::AlreadyDisputed);
		}
	});
}

/// As browser wallets sign, too.
#[test]
fn a_wrapped_signature_counts() {
	run(|| {
		let of = &settled(1)[0];
		let statement = of.cheaper(1);
		let wrapped: Signature = pair(RECEIPTS).sign(&wrap(&statement.signing_payload())).into();
		let mut call = overcharge_call(RECEIPTS, &statement, of);
		if let crate::Call::report_overcharged_call { signature, .. } = &mut call {
			*signature = wrapped;
		}
		assert_ok!(report(call));
	});
}

/// And one that does not hold costs what it weighs.
#[test]
fn a_report_that_holds_costs_no_fee() {
	run(|| {
		let of = &settled(4)[0];
		let calls: Vec<(_, fn(u32) -> Weight)> = vec![
			(overcharge_call(RECEIPTS, &of.cheaper(1), of), |models| {
				<()>::report_overcharged_call(2, models)
			}),
			(misreport_call(RECEIPTS, &of.altered(), of), |models| {
				<()>::report_misreported_call(2, models)
			}),
			(
				two_statements_call(NODE, (RECEIPTS, &of.statement()), (RECEIPTS, &of.altered())),
				<()>::report_two_statements,
			),
		];
		let mut listed = 1;
		for (call, weight) in calls {
			let info = call.get_dispatch_info();
			assert_eq!((info.call_weight, info.pays_fee), (weight(MAX_SERVED), Pays::Yes));
			let held = dispatch(STRANGER, call.clone()).unwrap();
			assert_eq!((held.actual_weight, held.pays_fee), (Some(weight(listed)), Pays::No));
			let refused = dispatch(STRANGER, call).unwrap_err().post_info;
			assert_eq!((refused.actual_weight, refused.pays_fee), (None, Pays::Yes));
			// It was taken off the list by the first.
			listed = 0;
		}
		// A node that has nothing left to lose could fill blocks for nothing.
		jail(NODE, 10, 5);
		let call = overcharge_call(RECEIPTS, &of.cheaper(2), of);
		assert_eq!(dispatch(STRANGER, call).unwrap().pays_fee, Pays::Yes);
	});
}

/// A statement that proves more, of the same record, is worth the difference.
#[test]
fn a_larger_overcharge_counts_once_more() {
	run(|| {
		let of = &settled(1)[0];
		let before = balance(CALLER);
		assert_ok!(overcharge(&of.cheaper(100), of));
		assert_ok!(overcharge(&of.cheaper(1_000), of));
		assert_eq!(balance(CALLER) - before, 1_000);
		for less in [100, 999, 1_000] {
			assert_noop!(overcharge(&of.cheaper(less), of), Error::<Test>::AlreadyDisputed);
		}
	});
}

/// As soon as the operator has put up more, whoever reports it, and however often that takes.
#[test]
fn what_a_bond_did_not_cover_is_paid_later() {
	run(|| {
		let of = &settled(1)[0];
		let due = call_charge();
		jail(NODE, 40, 3_000);
		let before = [CALLER, STRANGER, PROTOCOL].map(balance);
		assert_ok!(overcharge(&of.cheaper(due), of));
		let proven = || Disputed::<Test>::get((of.key.0, 0, 1))[&1];
		assert_eq!((proven().overcharge, proven().refunded), (due, 2_000));
		let again = || overcharge_of(DEVELOPER, RECEIPTS, &of.cheaper(due), of);
		assert_noop!(again(), Error::<Test>::RefundUnavailable);

		System::set_block_number(50);
		assert_ok!(Metering::bond_more(signed(NODE), 30));
		assert_ok!(again());
		System::assert_last_event(
			Event::RefundPaid {
				operator: account(NODE),
				reporter: account(DEVELOPER),
				caller: account(CALLER),
				session: of.key.0,
				lane: 0,
				sequence: 1,
				refunded: 20,
				protocol: 10,
			}
			.into(),
		);
		// Nobody is rewarded for it, and the node is not jailed again.
		let paid = [CALLER, STRANGER, PROTOCOL].map(balance);
		assert_eq!([0, 1, 2].map(|who| paid[who] - before[who]), [2_020, 90, 920]);
		assert_eq!((status(), bond_of(NODE)), (NodeStatus::Jailed(40), 0));
		assert_noop!(again(), Error::<Test>::RefundUnavailable);

		// A statement that proves less will do: more was proven before.
		assert_ok!(Metering::bond_more(signed(NODE), 3 * BOND));
		assert_ok!(Metering::unjail(signed(NODE)));
		let call = overcharge_call(RECEIPTS, &of.cheaper(1), of);
		let post = dispatch(STRANGER, call).unwrap();
		assert_eq!(post.pays_fee, Pays::No);
		assert_eq!(post.actual_weight, Some(<()>::report_overcharged_call(0, 0)));
		assert_eq!(balance(CALLER) - before[0], due);
		assert_eq!(bond_of(NODE), 3 * BOND - (due - 2_020) - (due - 2_020).div_ceil(2));
		assert_eq!(status(), NodeStatus::Active);
		assert_eq!(proven().refunded, due);
		for less in [due, 1] {
			assert_noop!(overcharge(&of.cheaper(less), of), Error::<Test>::AlreadyDisputed);
		}
	});
}

/// Without being punished again; but nobody opens a session with a node whose bond was needed.
#[test]
fn a_node_that_pays_late_takes_no_sessions_below_the_least_bond() {
	run(|| {
		let of = &settled(1)[0];
		jail(NODE, 1, 0);
		assert_ok!(overcharge(&of.cheaper(call_charge()), of));
		System::set_block_number(31);
		assert_ok!(Metering::bond_more(signed(NODE), BOND));
		assert_ok!(Metering::unjail(signed(NODE)));
		let call = overcharge_call(RECEIPTS, &of.cheaper(call_charge()), of);
		let post = dispatch(STRANGER, call).unwrap();
		assert_eq!(post.actual_weight, Some(<()>::report_overcharged_call(0, 1)));
		assert_eq!(status(), NodeStatus::Jailed(31));
		assert!(!Metering::serves(&account(NODE), MODEL));
		assert_noop!(Metering::unjail(signed(NODE)), Error::<Test>::BondTooSmall);
		assert_ok!(Metering::bond_more(signed(NODE), BOND));
		assert_ok!(Metering::unjail(signed(NODE)));
	});
}

#[test]
fn a_jailed_node_settles_what_it_has_and_comes_back() {
	run(|| {
		let of = &settled(1)[0];
		assert_ok!(overcharge(&of.cheaper(1), of));
		assert_ok!(settle_one(of.key.0, 0, 2, call_charge(), call_charge()));
		assert_noop!(
			Metering::open_session(signed(CALLER), account(NODE), DEPOSIT, account(SIGNER), 101),
			Error::<Test>::NodeNotActive
		);
		System::set_block_number(30);
		assert_noop!(Metering::unjail(signed(NODE)), Error::<Test>::StillJailed);
		System::set_block_number(31);
		assert_noop!(Metering::unjail(signed(NODE)), Error::<Test>::BondTooSmall);
		assert_ok!(Metering::bond_more(signed(NODE), PENALTY + 1));
		assert_ok!(Metering::unjail(signed(NODE)));
		assert!(Metering::serves(&account(NODE), MODEL));
	});
}

/// Whatever the operator has frozen for another purpose.
#[test]
fn a_frozen_bond_answers_all_the_same() {
	run(|| {
		let of = &settled(1)[0];
		Balances::set_freeze(&Frozen, &account(NODE), WEALTH).unwrap();
		assert_ok!(overcharge(&of.cheaper(1), of));
		Balances::thaw(&Frozen, &account(NODE)).unwrap();
		assert_eq!(bond_of(NODE), BOND - PENALTY - 1);
	});
}

#[test]
fn disputes_go_with_their_root() {
	run(|| {
		let of = &settled(1)[0];
		assert_ok!(overcharge(&of.cheaper(1), of));
		System::set_block_number(102);
		Metering::on_idle(102, Weight::MAX);
		assert_eq!(Disputed::<Test>::iter().count(), 0);
	});
}

#[test]
fn equivocations_go_with_their_node() {
	run(|| {
		let session = open_session(DEPOSIT);
		let (one, other) = two_statements_of(session, 0, 1);
		assert_ok!(equivocation(&one, &other));
		assert_ok!(Metering::close_session(signed(NODE), session));
		System::set_block_number(31 + 120);
		assert_ok!(Metering::remove_node(signed(STRANGER), account(NODE)));
		assert_eq!(Equivocations::<Test>::iter().count(), 0);
	});
}

/// Those of the oldest session make room.
#[test]
fn a_node_is_never_out_of_reach_for_having_equivocated_too_often() {
	run(|| {
		let report = |session| {
			let (one, other) = two_statements_of(session, 0, 1);
			equivocation(&one, &other)
		};
		let most = u64::from(MAX_EQUIVOCATIONS);
		assert_noop!(report(10), Error::<Test>::UnknownSession);
		crate::NextSessionId::<Test>::put(1_000);
		for session in 10..10 + most {
			assert_ok!(report(session));
		}
		assert_noop!(report(10), Error::<Test>::AlreadyDisputed);
		// Whatever makes room can never come again.
		assert_noop!(report(9), Error::<Test>::TooManyDisputes);
		assert_ok!(report(100));
		assert_noop!(report(10), Error::<Test>::TooManyDisputes);
		assert_noop!(report(100), Error::<Test>::AlreadyDisputed);
		assert_eq!(Equivocations::<Test>::get(account(NODE)).len(), MAX_EQUIVOCATIONS as usize);
	});
}

/// Sums are nobody's one call.
#[test]
fn what_is_no_settled_call_is_not_disputed_as_one() {
	run(|| {
		let book = Book::with_calls(open_session(DEPOSIT), 0, 3);
		let by_sums = vec![settlement(&book.voucher(), vec![book.run(0..3)])];
		let all = settled_by(|| settle(by_sums));
		let cheaper = Statement { charge: 1, ..book.statement(&book.records[2]) };

		assert_eq!(all.len(), 1);
		assert_noop!(overcharge(&cheaper, &all[0]), Error::<Test>::NotTheSameCall);
		assert_noop!(misreport(&cheaper, &all[0]), Error::<Test>::NotTheSameCall);
	});
}

#[test]
fn a_settlement_can_be_disputed_after_its_session() {
	run(|| {
		let all = settled(2);
		assert_ok!(Metering::close_session(signed(NODE), all[0].key.0));
		assert_ok!(overcharge(&all[0].cheaper(1), &all[0]));
		assert_ok!(misreport(&all[1].altered(), &all[1]));
	});
}
