//! Versions, prices and policies, and when they are in force.

use super::*;

fn sources() -> Vec<DataSource> {
	vec![fixed(1, 10), fixed(2, 20)]
}

mod versions {
	use super::*;

	#[test]
	fn of_the_same_data_are_in_force_at_once() {
		run(|| {
			let id = registered();
			pass(1);
			assert_ok!(publish(id, 5, sources()));
			System::assert_last_event(
				Event::VersionPublished { model: id, version: 1, from: 2 }.into(),
			);
			assert_eq!(ModelRegistry::in_force(id), Some((1, 0)));
			assert_eq!(refusal(id, 1, 0), None);
			let entries = ModelRegistry::versions(id, 0, 9);
			assert_eq!((entries[0].from, entries[0].until), (1, Some(2)));
			assert_eq!((entries[1].from, entries[1].until), (2, None));
		});
	}

	#[test]
	fn of_other_data_are_announced() {
		run(|| {
			let id = registered();
			assert_ok!(publish(id, 5, vec![latest(1)]));
			System::assert_last_event(
				Event::VersionPublished { model: id, version: 1, from: 11 }.into(),
			);
			// What was announced keeps its block.
			NoticePeriod::set(1_000);
			pass(9);
			assert_eq!(ModelRegistry::in_force(id), Some((0, 0)));
			assert_eq!(refusal(id, 1, 0), Some(RejectReason::NotInForce));
			pass(1);
			assert_eq!(ModelRegistry::in_force(id), Some((1, 0)));
			assert_eq!(last_terms(id, 1, 0).unwrap().sources.to_vec(), vec![latest(1)]);
			// Calls of the one before can be settled for 20 blocks.
			pass(19);
			assert_eq!(last_terms(id, 0, 0).unwrap().sources.to_vec(), sources());
			pass(1);
			assert_eq!(refusal(id, 0, 0), Some(RejectReason::VersionExpired));
			assert_eq!(refusal(id, 1, 0), None);
		});
	}

	#[test]
	fn that_are_announced_can_be_replaced() {
		run(|| {
			let id = registered();
			assert_ok!(publish(id, 5, vec![latest(1)]));
			let with_one = held(&DEVELOPER);
			pass(5);
			assert_ok!(publish(id, 6, vec![fixed(3, 1)]));
			System::assert_has_event(Event::VersionCancelled { model: id, version: 1 }.into());
			assert_eq!(held(&DEVELOPER).abs_diff(with_one), 4 * DepositPerByte::get());
			pass(5);
			// The first one would be in force now.
			assert_eq!(ModelRegistry::in_force(id), Some((0, 0)));
			assert_eq!(refusal(id, 1, 0), Some(RejectReason::NotInForce));
			pass(5);
			assert_eq!(ModelRegistry::in_force(id), Some((2, 0)));
			assert_eq!(refusal(id, 1, 0), Some(RejectReason::NotInForce));

			// One that needs no notice replaces what is announced, too.
			assert_ok!(publish(id, 7, vec![fixed(4, 1)]));
			assert_ok!(publish(id, 8, vec![fixed(3, 1)]));
			assert_eq!(ModelRegistry::in_force(id), Some((4, 0)));
			pass(15);
			assert_eq!(ModelRegistry::in_force(id), Some((4, 0)));
		});
	}

	#[test]
	fn that_are_announced_can_be_taken_back() {
		run(|| {
			let id = registered();
			let deposit = held(&DEVELOPER);
			assert_noop!(
				ModelRegistry::cancel_version(developer(), id),
				Error::<Test>::NothingAnnounced
			);
			assert_ok!(publish(id, 5, vec![latest(1)]));
			assert!(held(&DEVELOPER) > deposit);
			pass(9);
			assert_ok!(ModelRegistry::cancel_version(developer(), id));
			System::assert_last_event(Event::VersionCancelled { model: id, version: 1 }.into());
			assert_eq!(held(&DEVELOPER), deposit);
			pass(9);
			assert_eq!(ModelRegistry::in_force(id), Some((0, 0)));
			assert_eq!(refusal(id, 1, 0), Some(RejectReason::NotInForce));

			// What is in force stays so.
			assert_ok!(publish(id, 5, vec![latest(1)]));
			pass(10);
			assert_noop!(
				ModelRegistry::cancel_version(developer(), id),
				Error::<Test>::NothingAnnounced
			);
		});
	}

	#[test]
	fn must_be_new() {
		run(|| {
			let id = registered();
			assert_noop!(publish(id, 1, sources()), Error::<Test>::SameVersion);
		});
	}

	#[test]
	fn need_sources_that_are_fine() {
		run(|| {
			let id = registered();
			assert_noop!(publish(id, 5, vec![]), Error::<Test>::NoSourceForDataShare);
			assert_noop!(publish(id, 5, vec![fixed(1, 0)]), Error::<Test>::ZeroSourceWeight);
			assert_noop!(publish(id, 5, vec![latest(2)]), Error::<Test>::UnknownRelease);
			let twice = vec![latest(1), latest(1)];
			assert_noop!(publish(id, 5, twice), Error::<Test>::DuplicateSource);
		});
	}

	#[test]
	fn need_the_deposit() {
		run(|| {
			let id = registered();
			DepositPerByte::set(1_000 * OPEN);
			assert_noop!(publish(id, 5, vec![latest(1)]), TokenError::FundsUnavailable);
			DepositPerByte::set(Balance::MAX);
			assert_noop!(publish(id, 5, vec![latest(1)]), ArithmeticError::Overflow);
		});
	}

	#[test]
	fn bring_the_whole_deposit_to_the_rates_of_the_day() {
		run(|| {
			let id = registered();
			DepositBase::set(2 * OPEN);
			assert_ok!(publish(id, 5, sources()));
			let deposit = Models::<Test>::get(id).unwrap().deposit;
			assert_eq!(deposit.base, 2 * OPEN);
			assert_eq!(deposit.amount(), Some(held(&DEVELOPER)));

			// They may be lower, too.
			DepositBase::set(0);
			DepositPerByte::set(1);
			assert_ok!(publish(id, 6, sources()));
			let bytes = Models::<Test>::get(id).unwrap().deposit.bytes;
			assert_eq!(held(&DEVELOPER), Balance::from(bytes));
		});
	}

	#[test]
	fn stop_when_numbers_are_used_up() {
		new_test_ext().execute_with(|| {
			let id = registered();
			Models::<Test>::mutate(id, |model| {
				let model = model.as_mut().unwrap();
				(model.next_version, model.next_price) = (u32::MAX, u32::MAX);
			});
			assert_noop!(publish(id, 5, sources()), Error::<Test>::OutOfIds);
			assert_noop!(set_price(id, CUT), Error::<Test>::OutOfIds);
		});
	}
}

mod prices {
	use super::*;

	#[test]
	fn fall_at_once() {
		run(|| {
			let id = registered();
			pass(1);
			assert_ok!(set_price(id, CUT));
			System::assert_last_event(
				Event::PriceSet { model: id, price_version: 1, price: CUT, from: 2 }.into(),
			);
			assert_eq!(ModelRegistry::in_force(id), Some((0, 1)));
			assert_eq!(last_terms(id, 0, 1).unwrap().price, CUT);
			// Calls that were agreed on before keep their price.
			assert_eq!(last_terms(id, 0, 0).unwrap().price, PRICE);
			pass(20);
			assert_eq!(refusal(id, 0, 0), Some(RejectReason::PriceExpired));
			assert_eq!(refusal(id, 0, 1), None);
		});
	}

	#[test]
	fn rise_after_the_notice() {
		run(|| {
			let id = registered();
			// One part that rises is enough.
			let mixed = PriceSchedule { per_input_token: 11, ..Default::default() };
			assert_ok!(set_price(id, mixed));
			System::assert_last_event(
				Event::PriceSet { model: id, price_version: 1, price: mixed, from: 11 }.into(),
			);
			pass(9);
			assert_eq!(ModelRegistry::in_force(id), Some((0, 0)));
			assert_eq!(refusal(id, 0, 1), Some(RejectReason::NotInForce));
			pass(1);
			assert_eq!(ModelRegistry::in_force(id), Some((0, 1)));
			pass(19);
			assert_eq!(refusal(id, 0, 0), None);
			pass(1);
			assert_eq!(refusal(id, 0, 0), Some(RejectReason::PriceExpired));
		});
	}

	#[test]
	fn compare_with_the_one_in_force() {
		run(|| {
			let id = registered();
			assert_ok!(set_price(id, RISE));
			pass(10);
			// It would have been no cut before.
			assert_ok!(set_price(id, PRICE));
			assert_eq!(ModelRegistry::in_force(id), Some((0, 2)));
		});
	}

	#[test]
	fn that_are_announced_can_be_replaced_or_taken_back() {
		run(|| {
			let id = registered();
			let deposit = held(&DEVELOPER);
			assert_noop!(
				ModelRegistry::cancel_price(developer(), id),
				Error::<Test>::NothingAnnounced
			);
			assert_ok!(set_price(id, RISE));
			pass(1);
			let dearer = PriceSchedule { per_call: 2_000, ..RISE };
			assert_ok!(set_price(id, dearer));
			System::assert_has_event(Event::PriceCancelled { model: id, price_version: 1 }.into());
			pass(9);
			assert_eq!(ModelRegistry::in_force(id), Some((0, 0)));
			assert_ok!(ModelRegistry::cancel_price(developer(), id));
			System::assert_last_event(Event::PriceCancelled { model: id, price_version: 2 }.into());
			assert_eq!(held(&DEVELOPER), deposit);
			pass(1);
			assert_eq!(ModelRegistry::in_force(id), Some((0, 0)));
			assert_eq!(refusal(id, 0, 2), Some(RejectReason::NotInForce));

			// A cut replaces a rise.
			assert_ok!(set_price(id, RISE));
			assert_ok!(set_price(id, CUT));
			pass(15);
			assert_eq!(ModelRegistry::in_force(id), Some((0, 4)));
			assert_noop!(
				ModelRegistry::cancel_price(developer(), id),
				Error::<Test>::NothingAnnounced
			);
		});
	}

	#[test]
	fn must_differ() {
		run(|| {
			let id = registered();
			assert_noop!(set_price(id, PRICE), Error::<Test>::SamePrice);
		});
	}

	#[test]
	fn need_the_deposit() {
		run(|| {
			let id = registered();
			DepositPerByte::set(1_000 * OPEN);
			assert_noop!(set_price(id, CUT), TokenError::FundsUnavailable);
			DepositPerByte::set(Balance::MAX);
			assert_noop!(set_price(id, CUT), ArithmeticError::Overflow);
		});
	}

	#[test]
	fn may_change_twice_in_a_block() {
		run(|| {
			let id = registered();
			for per_call in [3, 2, 1] {
				assert_ok!(set_price(id, PriceSchedule { per_call, ..PRICE }));
			}
			// What was replaced in the block in which it began was never in force at the end of one.
			for price_version in 0..3 {
				assert_eq!(refusal(id, 0, price_version), Some(RejectReason::NotInForce));
			}
			assert_eq!(refusal(id, 0, 3), None);
			pass(20);
			assert_eq!(refusal(id, 0, 2), Some(RejectReason::PriceExpired));
			assert_eq!(refusal(id, 0, 3), None);
		});
	}
}

mod policies {
	use super::*;

	#[test]
	fn change_after_the_notice() {
		run(|| {
			let id = registered();
			let next = policy(30, 30, 40);
			assert_ok!(set_policy(id, next));
			System::assert_last_event(
				Event::PolicySet { model: id, policy: next, from: 11 }.into(),
			);
			pass(9);
			assert_eq!(ModelRegistry::in_force(id), Some((0, 0)));
			assert_eq!(last_terms(id, 0, 0).unwrap().policy, policy(40, 35, 25));
			pass(1);
			assert_eq!(ModelRegistry::in_force(id), Some((0, 1)));
			assert_eq!(last_terms(id, 0, 1).unwrap().policy, next);
		});
	}

	#[test]
	fn that_are_announced_can_be_replaced_or_taken_back() {
		run(|| {
			let id = registered();
			assert_noop!(
				ModelRegistry::cancel_policy(developer(), id),
				Error::<Test>::NothingAnnounced
			);
			assert_ok!(set_policy(id, policy(30, 30, 40)));
			pass(5);
			assert_ok!(set_policy(id, policy(20, 40, 40)));
			System::assert_has_event(Event::PolicyCancelled { model: id }.into());
			pass(9);
			assert_eq!(last_terms(id, 0, 0).unwrap().policy, policy(40, 35, 25));
			assert_ok!(ModelRegistry::cancel_policy(developer(), id));
			System::assert_last_event(Event::PolicyCancelled { model: id }.into());
			pass(9);
			assert_eq!(ModelRegistry::in_force(id), Some((0, 0)));
			assert_eq!(last_terms(id, 0, 0).unwrap().policy, policy(40, 35, 25));
		});
	}

	#[test]
	fn must_be_complete_and_differ() {
		run(|| {
			let id = registered();
			assert_noop!(set_policy(id, policy(40, 35, 24)), Error::<Test>::PolicyIncomplete);
			assert_noop!(set_policy(id, policy(40, 35, 25)), Error::<Test>::SamePolicy);
		});
	}

	#[test]
	fn that_pay_data_need_sources_of_every_version_to_come() {
		run(|| {
			let id = Registration::without_data().id();
			assert_noop!(set_policy(id, policy(40, 35, 25)), Error::<Test>::NoSourceForDataShare);
			assert_ok!(publish(id, 5, vec![latest(1)]));
			// The version in force has none.
			assert_noop!(set_policy(id, policy(40, 35, 25)), Error::<Test>::NoSourceForDataShare);
			pass(10);
			assert_ok!(publish(id, 6, vec![]));
			// The version that is announced has none.
			assert_noop!(set_policy(id, policy(40, 35, 25)), Error::<Test>::NoSourceForDataShare);
			assert_ok!(ModelRegistry::cancel_version(developer(), id));
			assert_ok!(set_policy(id, policy(40, 35, 25)));
			// Now no version without data can come, though the policy in force pays none yet.
			assert_noop!(publish(id, 6, vec![]), Error::<Test>::NoSourceForDataShare);
		});
	}

	#[test]
	fn do_not_reach_versions_without_data() {
		run(|| {
			let id = Registration::without_data().id();
			assert_ok!(publish(id, 5, vec![latest(1)]));
			pass(10);
			assert_ok!(set_policy(id, policy(40, 35, 25)));
			pass(10);
			assert_eq!(last_terms(id, 1, 1).unwrap().policy, policy(40, 35, 25));
			// A call of the version before, which was made from nothing.
			assert_eq!(refusal(id, 0, 1), Some(RejectReason::NotInForce));
			assert!(last_terms(id, 0, 0).unwrap().sources.is_empty());
		});
	}

	#[test]
	fn can_stop_paying_data() {
		run(|| {
			let id = registered();
			assert_ok!(set_policy(id, policy(60, 0, 40)));
			assert_noop!(publish(id, 6, vec![]), Error::<Test>::NoSourceForDataShare);
			pass(10);
			assert_ok!(publish(id, 6, vec![]));
			pass(10);
			for version in [0, 1] {
				let terms = last_terms(id, version, 1).unwrap();
				assert!(!terms.policy.pays_data());
			}
			// A call that was agreed on before pays it.
			assert!(last_terms(id, 0, 0).unwrap().policy.pays_data());
		});
	}
}
