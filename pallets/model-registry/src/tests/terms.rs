//! Prices and policies together: a price version stands for both.

use super::*;
use crate::{Ends, Terms};
use sp_runtime::DispatchError;

/// The policy of a registered model, and another.
fn policies() -> (RevenuePolicy, RevenuePolicy) {
	(policy(40, 35, 25), policy(30, 30, 40))
}

/// The terms of a price version.
fn terms(model: ModelId, price_version: u32) -> (PriceSchedule, RevenuePolicy) {
	let terms = last_terms(model, 0, price_version).unwrap();
	(terms.price, terms.policy)
}

fn price_in_force(model: ModelId) -> u32 {
	ModelRegistry::in_force(model).unwrap().1
}

/// The events since the last time.
fn told() -> Vec<Event<Test>> {
	let events = System::events();
	System::reset_events();
	let ours = events.into_iter().filter_map(|record| match record.event {
		RuntimeEvent::ModelRegistry(event) => Some(event),
		_ => None,
	});
	ours.collect()
}

fn price_set(price_version: u32, price: PriceSchedule, from: BlockNumber) -> Event<Test> {
	Event::PriceSet { model: 0, price_version, price, from }
}

fn price_cancelled(price_version: u32) -> Event<Test> {
	Event::PriceCancelled { model: 0, price_version }
}

fn policy_set(policy: RevenuePolicy, from: BlockNumber) -> Event<Test> {
	Event::PolicySet { model: 0, policy, from }
}

const POLICY_CANCELLED: Event<Test> = Event::PolicyCancelled { model: 0 };

/// A model, with the events of its registration read.
fn quiet() -> ModelId {
	let id = registered();
	told();
	id
}

#[test]
fn a_policy_does_not_reach_calls_that_were_agreed_on_before() {
	run(|| {
		let id = quiet();
		let (old, greedy) = (policies().0, policy(100, 0, 0));
		assert_ok!(set_policy(id, greedy));
		assert_eq!(told(), vec![price_set(1, PRICE, 11), policy_set(greedy, 11)]);
		assert_eq!(refusal(id, 0, 1), Some(RejectReason::NotInForce));

		// Held back past the notice, calls are shared as they were agreed on all the same.
		pass(29);
		assert_eq!((price_in_force(id), terms(id, 1)), (1, (PRICE, greedy)));
		assert_eq!(terms(id, 0), (PRICE, old));
		pass(1);
		assert_eq!(refusal(id, 0, 0), Some(RejectReason::PriceExpired));
	});
}

#[test]
fn a_price_that_is_announced_waits_for_a_later_policy() {
	run(|| {
		let id = quiet();
		let (old, new) = policies();
		assert_ok!(set_price(id, RISE));
		pass(5);
		let deposit = held(&DEVELOPER);
		assert_ok!(set_policy(id, new));
		assert_eq!(held(&DEVELOPER), deposit);
		assert_eq!(
			told(),
			vec![
				price_set(1, RISE, 11),
				price_cancelled(1),
				price_set(2, RISE, 16),
				policy_set(new, 16)
			]
		);
		pass(9);
		assert_eq!((price_in_force(id), terms(id, 0)), (0, (PRICE, old)));
		assert_eq!(refusal(id, 0, 1), Some(RejectReason::NotInForce));
		pass(1);
		assert_eq!((price_in_force(id), terms(id, 2)), (2, (RISE, new)));
	});
}

#[test]
fn a_policy_that_is_announced_waits_for_a_later_rise() {
	run(|| {
		let id = quiet();
		let (old, new) = policies();
		assert_ok!(set_policy(id, new));
		pass(5);
		told();
		assert_ok!(set_price(id, RISE));
		assert_eq!(
			told(),
			vec![price_cancelled(1), POLICY_CANCELLED, price_set(2, RISE, 16), policy_set(new, 16)]
		);
		pass(9);
		assert_eq!((price_in_force(id), terms(id, 0)), (0, (PRICE, old)));
		pass(1);
		assert_eq!((price_in_force(id), terms(id, 2)), (2, (RISE, new)));
	});
}

#[test]
fn a_cut_leaves_an_announced_policy_where_it_is() {
	run(|| {
		let id = quiet();
		let (old, new) = policies();
		let deposit = held(&DEVELOPER);
		assert_ok!(set_policy(id, new));
		let with_one = held(&DEVELOPER);
		pass(5);
		told();
		assert_ok!(set_price(id, CUT));
		// The policy is for the same block: there is nothing new to tell of it.
		assert_eq!(told(), vec![price_cancelled(1), price_set(2, CUT, 6), price_set(3, CUT, 11)]);
		assert_eq!((price_in_force(id), terms(id, 2)), (2, (CUT, old)));
		assert_eq!(terms(id, 0), (PRICE, old));
		assert_eq!(refusal(id, 0, 1), Some(RejectReason::NotInForce));
		assert_eq!(refusal(id, 0, 3), Some(RejectReason::NotInForce));
		// Two entries more than at the start, both of the one size.
		assert_eq!(held(&DEVELOPER) - with_one, with_one - deposit);
		let ends = |number| Prices::<Test>::get(id, number).unwrap().ends;
		assert_eq!(ends(0), Some(Ends { at: 6, settle_until: 26 }));
		assert_eq!(ends(2), Some(Ends { at: 11, settle_until: 31 }));
		assert_eq!(ends(3), None);

		let info = ModelRegistry::model_info(id).unwrap();
		assert_eq!((info.price_version, info.price, info.policy), (2, CUT, old));
		let next = info.next_price.unwrap();
		assert_eq!((next.from, next.value.price_version, next.value.price), (11, 3, CUT));
		let next = info.next_policy.unwrap();
		assert_eq!((next.from, next.value), (11, new));

		pass(5);
		assert_eq!((price_in_force(id), terms(id, 3)), (3, (CUT, new)));
		assert_eq!(terms(id, 2), (CUT, old));
	});
}

#[test]
fn a_cut_replaces_a_rise_but_not_the_policy_with_it() {
	run(|| {
		let id = quiet();
		let (old, new) = policies();
		assert_ok!(set_price(id, RISE));
		assert_ok!(set_policy(id, new));
		told();
		assert_ok!(set_price(id, CUT));
		assert_eq!(told(), vec![price_cancelled(2), price_set(3, CUT, 1), price_set(4, CUT, 11)]);
		assert_eq!(terms(id, 3), (CUT, old));
		pass(10);
		assert_eq!((price_in_force(id), terms(id, 4)), (4, (CUT, new)));
		assert_eq!(refusal(id, 0, 2), Some(RejectReason::NotInForce));
	});
}

#[test]
fn taking_a_price_back_leaves_the_policy() {
	run(|| {
		let id = quiet();
		let (_, new) = policies();
		assert_ok!(set_price(id, RISE));
		assert_ok!(set_policy(id, new));
		let deposit = held(&DEVELOPER);
		pass(3);
		told();
		// Rates that nobody can pay: nothing more is stored than before.
		DepositPerByte::set(Balance::MAX);
		assert_ok!(ModelRegistry::cancel_price(developer(), id));
		assert_eq!(told(), vec![price_cancelled(2), price_set(3, PRICE, 11)]);
		assert_eq!(held(&DEVELOPER), deposit);
		// What is left is a policy.
		let error = Error::<Test>::NothingAnnounced;
		assert_noop!(ModelRegistry::cancel_price(developer(), id), error);
		pass(7);
		assert_eq!((price_in_force(id), terms(id, 3)), (3, (PRICE, new)));
		assert_noop!(
			ModelRegistry::cancel_policy(developer(), id),
			Error::<Test>::NothingAnnounced
		);
	});
}

#[test]
fn taking_a_policy_back_leaves_the_price() {
	run(|| {
		let id = quiet();
		let (old, new) = policies();
		assert_ok!(set_policy(id, new));
		assert_ok!(set_price(id, RISE));
		let deposit = held(&DEVELOPER);
		pass(3);
		told();
		DepositPerByte::set(Balance::MAX);
		assert_ok!(ModelRegistry::cancel_policy(developer(), id));
		assert_eq!(told(), vec![price_cancelled(2), POLICY_CANCELLED, price_set(3, RISE, 11)]);
		assert_eq!(held(&DEVELOPER), deposit);
		// What is left is a price.
		let error = Error::<Test>::NothingAnnounced;
		assert_noop!(ModelRegistry::cancel_policy(developer(), id), error);
		pass(7);
		assert_eq!((price_in_force(id), terms(id, 3)), (3, (RISE, old)));
	});
}

#[test]
fn nothing_is_left_of_what_is_taken_back() {
	run(|| {
		let id = quiet();
		let deposit = held(&DEVELOPER);
		assert_ok!(set_policy(id, policies().1));
		assert_noop!(ModelRegistry::cancel_price(developer(), id), Error::<Test>::NothingAnnounced);
		told();
		assert_ok!(ModelRegistry::cancel_policy(developer(), id));
		assert_eq!(told(), vec![price_cancelled(1), POLICY_CANCELLED]);
		assert_eq!(held(&DEVELOPER), deposit);

		assert_ok!(set_price(id, RISE));
		assert_noop!(
			ModelRegistry::cancel_policy(developer(), id),
			Error::<Test>::NothingAnnounced
		);
		assert_ok!(ModelRegistry::cancel_price(developer(), id));
		assert_eq!(held(&DEVELOPER), deposit);
		pass(20);
		assert_eq!((price_in_force(id), terms(id, 0)), (0, (PRICE, policies().0)));
		let info = ModelRegistry::model_info(id).unwrap();
		assert_eq!((info.next_price, info.next_policy), (None, None));
	});
}

#[test]
fn a_policy_alone_is_told_with_its_price_version() {
	run(|| {
		let id = quiet();
		assert_ok!(set_policy(id, policies().1));
		let next = ModelRegistry::model_info(id).unwrap().next_price.unwrap();
		assert_eq!((next.from, next.value.price_version, next.value.price), (11, 1, PRICE));

		// A price alone is no policy.
		assert_ok!(ModelRegistry::cancel_policy(developer(), id));
		assert_ok!(set_price(id, RISE));
		let info = ModelRegistry::model_info(id).unwrap();
		assert_eq!((info.next_price.unwrap().value.price, info.next_policy), (RISE, None));
	});
}

#[test]
fn a_policy_needs_the_deposit_for_its_price_version() {
	run(|| {
		let id = quiet();
		DepositPerByte::set(1_000 * OPEN);
		assert_noop!(set_policy(id, policies().1), TokenError::FundsUnavailable);
		DepositPerByte::set(Balance::MAX);
		assert_noop!(set_policy(id, policies().1), ArithmeticError::Overflow);
	});
}

#[test]
fn changes_of_terms_stop_when_numbers_are_used_up() {
	new_test_ext().execute_with(|| {
		let id = registered();
		assert_ok!(set_price(id, RISE));
		assert_ok!(set_policy(id, policies().1));
		let use_up = |left| {
			Models::<Test>::mutate(id, |model| model.as_mut().unwrap().next_price = u32::MAX - left)
		};
		use_up(0);
		let error: DispatchError = Error::<Test>::OutOfIds.into();
		assert_noop!(set_policy(id, policy(20, 40, 40)), error);
		assert_noop!(set_price(id, RISE), error);
		assert_noop!(ModelRegistry::cancel_price(developer(), id), error);
		assert_noop!(ModelRegistry::cancel_policy(developer(), id), error);
		// A cut takes two when a policy is announced.
		use_up(1);
		assert_noop!(set_price(id, CUT), error);
		assert_ok!(ModelRegistry::cancel_policy(developer(), id));
		use_up(1);
		assert_ok!(set_price(id, CUT));
		assert_noop!(set_price(id, PriceSchedule::default()), error);
	});
}

#[test]
fn without_a_notice_all_is_in_force_at_once() {
	run(|| {
		let id = quiet();
		let (_, new) = policies();
		assert_ok!(set_policy(id, new));
		NoticePeriod::set(0);
		assert_ok!(set_price(id, RISE));
		assert_eq!((price_in_force(id), terms(id, 2)), (2, (RISE, new)));
		assert_ok!(set_policy(id, policies().0));
		assert_eq!((price_in_force(id), terms(id, 3)), (3, (RISE, policies().0)));
		pass(15);
		assert_eq!(price_in_force(id), 3);
	});
}

#[test]
fn a_policy_that_pays_data_is_seen_in_what_is_announced_with_a_cut() {
	run(|| {
		let id = Registration::without_data().id();
		assert_ok!(publish(id, 5, vec![latest(1)]));
		pass(10);
		assert_ok!(set_policy(id, policies().0));
		assert_ok!(set_price(id, CUT));
		assert_noop!(publish(id, 6, vec![]), Error::<Test>::NoSourceForDataShare);
		assert_ok!(ModelRegistry::cancel_policy(developer(), id));
		assert_ok!(publish(id, 6, vec![]));
	});
}

mod time_to_settle {
	use super::*;

	#[test]
	fn is_fixed_with_the_end() {
		run(|| {
			let id = registered();
			pass(1);
			assert_ok!(set_price(id, CUT));
			assert_ok!(publish(id, 5, vec![latest(1)]));
			assert_ok!(set_price(id, RISE));
			// Price 0 has ended; price 1 and version 0 will end in block 12.
			SettlementGrace::set(2);
			pass(19);
			assert_eq!(refusal(id, 0, 0), None);
			pass(1);
			assert_eq!(refusal(id, 0, 0), Some(RejectReason::PriceExpired));
			pass(9);
			assert_eq!(refusal(id, 0, 1), None);
			pass(1);
			assert_eq!(refusal(id, 1, 1), Some(RejectReason::PriceExpired));
			assert_eq!(refusal(id, 0, 2), Some(RejectReason::VersionExpired));

			// What ends from now on goes by what is in force now, and keeps that, too.
			assert_ok!(set_price(id, PRICE));
			SettlementGrace::set(50);
			pass(1);
			assert_eq!(refusal(id, 1, 2), None);
			pass(1);
			assert_eq!(refusal(id, 1, 2), Some(RejectReason::PriceExpired));
		});
	}

	#[test]
	fn is_what_pruning_goes_by() {
		run(|| {
			let id = registered();
			assert_ok!(set_price(id, CUT));
			SettlementGrace::set(0);
			let prune = || ModelRegistry::prune_model(other(), id, 9);
			pass(19);
			assert_noop!(prune(), Error::<Test>::NothingToRemove);
			pass(1);
			assert_ok!(prune());
		});
	}

	#[test]
	fn outlasts_the_model() {
		run(|| {
			let id = registered();
			pass(4);
			assert_ok!(set_price(id, CUT));
			SettlementGrace::set(2);
			retire(id);
			// As long as what was replaced in block 5.
			System::assert_last_event(Event::ModelRetired { model: id, retired_at: 25 }.into());
			let purge = || ModelRegistry::purge_model(developer(), id, 9);
			pass(19);
			assert_eq!((refusal(id, 0, 0), refusal(id, 0, 1)), (None, None));
			assert_noop!(purge(), Error::<Test>::SettlementOpen);
			pass(1);
			assert_eq!(refusal(id, 0, 0), Some(RejectReason::ModelRetired));
			assert_ok!(purge());
		});
	}

	#[test]
	fn outlasts_the_model_after_a_change_that_came_by_itself() {
		run(|| {
			let id = registered();
			assert_ok!(publish(id, 5, vec![latest(1)]));
			SettlementGrace::set(2);
			pass(10);
			retire(id);
			System::assert_last_event(Event::ModelRetired { model: id, retired_at: 31 }.into());
			pass(19);
			assert_eq!((refusal(id, 0, 0), refusal(id, 1, 0)), (None, None));
		});
	}

	#[test]
	fn of_what_never_ended_does_not_count() {
		run(|| {
			let id = registered();
			assert_ok!(publish(id, 5, vec![latest(1)]));
			assert_ok!(set_price(id, RISE));
			SettlementGrace::set(2);
			pass(1);
			retire(id);
			System::assert_last_event(Event::ModelRetired { model: id, retired_at: 4 }.into());
		});
	}
}

#[test]
fn terms_are_a_price_and_a_policy() {
	run(|| {
		let id = registered();
		let stored = Prices::<Test>::get(id, 0).unwrap().value;
		assert_eq!(stored, Terms { price: PRICE, policy: policies().0 });
	});
}
