//! Pausing, retiring, and leaving storage.

use super::*;

#[test]
fn pausing_and_resuming_by_the_owner() {
	run(|| {
		let id = registered();
		assert_ok!(ModelRegistry::pause_model(developer(), id));
		System::assert_last_event(Event::ModelPaused { model: id }.into());
		assert!(!ModelRegistry::is_callable(id));

		assert_ok!(ModelRegistry::resume_model(developer(), id));
		System::assert_last_event(Event::ModelResumed { model: id }.into());
		assert!(ModelRegistry::is_callable(id));
	});
}

#[test]
fn pausing_or_resuming_twice_is_an_error() {
	run(|| {
		let id = registered();
		let origin = developer();
		assert_noop!(ModelRegistry::resume_model(origin.clone(), id), Error::<Test>::NotPaused);
		assert_ok!(ModelRegistry::pause_model(origin.clone(), id));
		assert_noop!(ModelRegistry::pause_model(origin, id), Error::<Test>::AlreadyPaused);
	});
}

fn purge(model: ModelId, limit: u32) -> frame_support::dispatch::DispatchResultWithPostInfo {
	ModelRegistry::purge_model(developer(), model, limit)
}

fn prune(model: ModelId, limit: u32) -> frame_support::dispatch::DispatchResultWithPostInfo {
	ModelRegistry::prune_model(other(), model, limit)
}

fn price(per_call: Balance) -> PriceSchedule {
	PriceSchedule { per_call, ..PRICE }
}

#[test]
fn a_retired_model_takes_no_calls_but_settles_earlier_ones_for_a_while() {
	run(|| {
		let id = registered();
		retire(id);
		System::assert_last_event(Event::ModelRetired { model: id, retired_at: 21 }.into());
		assert!(!ModelRegistry::is_callable(id));
		assert_eq!(ModelRegistry::model_info(id).unwrap().retired_at, Some(21));
		// A change of the grace does not change what was promised.
		SettlementGrace::set(5);
		pass(19);
		assert_eq!(refusal(id, 0, 0), None);
		pass(1);
		assert_eq!(refusal(id, 0, 0), Some(RejectReason::ModelRetired));
	});
}

#[test]
fn retiring_takes_back_what_is_announced() {
	run(|| {
		let id = registered();
		let deposit = held(&DEVELOPER);
		assert_ok!(publish(id, 5, vec![latest(1)]));
		assert_ok!(set_price(id, RISE));
		assert_ok!(set_policy(id, policy(30, 30, 40)));
		assert!(held(&DEVELOPER) > deposit);
		System::reset_events();
		retire(id);
		System::assert_has_event(Event::VersionCancelled { model: id, version: 1 }.into());
		System::assert_has_event(Event::PriceCancelled { model: id, price_version: 2 }.into());
		System::assert_has_event(Event::PolicyCancelled { model: id }.into());
		assert_eq!(held(&DEVELOPER), deposit);
		pass(15);
		assert_eq!(ModelRegistry::in_force(id), Some((0, 0)));
		assert_eq!(last_terms(id, 0, 0).unwrap().policy, policy(40, 35, 25));
	});
}

#[test]
fn retiring_never_needs_more_deposit() {
	run(|| {
		let id = registered();
		assert_ok!(set_price(id, CUT));
		assert_ok!(set_price(id, RISE));
		assert_ok!(set_policy(id, policy(30, 30, 40)));
		DepositPerByte::set(OPEN);
		DepositBase::set(Balance::MAX);
		let before = held(&DEVELOPER);
		assert_ok!(ModelRegistry::pause_model(developer(), id));
		assert_ok!(ModelRegistry::offer_model(developer(), id, OTHER));
		retire(id);
		assert!(held(&DEVELOPER) < before);
		pass(20);
		assert_ok!(purge(id, 1));
		assert_eq!(held(&DEVELOPER), resting(&DEVELOPER));
	});
}

#[test]
fn purging_returns_everything_but_the_name() {
	run(|| {
		let id = registered();
		assert_ok!(publish(id, 5, vec![fixed(1, 10), fixed(2, 20)]));
		assert_ok!(set_price(id, CUT));
		retire(id);
		pass(20);
		assert_ok!(purge(id, 2));
		System::assert_last_event(Event::ModelPurged { model: id }.into());
		assert_eq!(held(&DEVELOPER), resting(&DEVELOPER));
		assert!(!ModelRegistry::exists(id));
		assert_eq!(ModelRegistry::model_info(id), None);
		assert_eq!(Versions::<Test>::iter().count() + Prices::<Test>::iter().count(), 0);
		assert_eq!(Tombstones::<Test>::iter().count(), 0);
		assert_eq!(ModelRegistry::model_by_name(b"acme/smol-1"), None);
		// Its calls are still told what has become of it.
		assert_eq!(refusal(id, 0, 0), Some(RejectReason::ModelRetired));

		// The name rests, and the id is not free.
		assert_eq!(registered(), id + 1);
	});
}

#[test]
fn purging_may_take_several_calls() {
	run(|| {
		let id = registered();
		for weights in 3..7 {
			assert_ok!(publish(id, weights, vec![fixed(1, 10), fixed(2, 20)]));
			assert_ok!(set_price(id, price(900 - u128::from(weights))));
		}
		retire(id);
		pass(20);
		let mut before = held(&DEVELOPER);
		for removed in [3, 3] {
			let weight = purge(id, 3).unwrap().actual_weight;
			assert_eq!(weight, Some(<() as WeightInfo>::purge_model(3)));
			System::assert_last_event(Event::ModelPurgedInPart { model: id, removed }.into());
			assert!(held(&DEVELOPER) < before);
			before = held(&DEVELOPER);
			ModelRegistry::do_try_state().unwrap();
			assert_eq!(ModelRegistry::model_info(id).unwrap().price, price(894));
			assert_eq!(refusal(id, 4, 4), Some(RejectReason::ModelRetired));
		}
		assert_noop!(purge(id, 0), Error::<Test>::NothingToRemove);
		let weight = purge(id, u32::MAX).unwrap().actual_weight;
		assert_eq!(weight, Some(<() as WeightInfo>::purge_model(2)));
		System::assert_last_event(Event::ModelPurged { model: id }.into());
		assert_eq!(held(&DEVELOPER), resting(&DEVELOPER));
	});
}

#[test]
fn only_what_is_settled_is_purged() {
	run(|| {
		let id = registered();
		assert_noop!(purge(id, 9), Error::<Test>::NotRetired);
		retire(id);
		pass(19);
		assert_noop!(purge(id, 9), Error::<Test>::SettlementOpen);
		pass(1);
		// Nothing old is in the way.
		assert_ok!(purge(id, 0));
	});
}

#[test]
fn anybody_prunes_prices_that_are_over() {
	run(|| {
		let id = registered();
		pass(1);
		assert_noop!(prune(id, 9), Error::<Test>::NothingToRemove);
		assert_ok!(set_price(id, price(900)));
		let one = held(&DEVELOPER);
		pass(5);
		assert_ok!(set_price(id, price(800)));
		assert_ok!(set_price(id, RISE));
		assert_ok!(set_price(id, price(700)));
		let all = held(&DEVELOPER);

		// Price 0 ended in block 2, price 1 in block 7 as did 2; 3 never was in force.
		pass(14);
		assert_eq!(refusal(id, 0, 0), None);
		assert_noop!(prune(id, 9), Error::<Test>::NothingToRemove);
		pass(1);
		assert_eq!(refusal(id, 0, 0), Some(RejectReason::PriceExpired));
		let weight = prune(id, 9).unwrap().actual_weight;
		assert_eq!(weight, Some(<() as WeightInfo>::prune_model(1)));
		System::assert_last_event(Event::PricesPruned { model: id, removed: 1 }.into());
		assert!(held(&DEVELOPER) < all);
		assert!(Prices::<Test>::get(id, 0).is_none());
		assert_eq!(refusal(id, 0, 0), Some(RejectReason::PriceExpired));
		assert_eq!(refusal(id, 0, 3), Some(RejectReason::NotInForce));
		assert_noop!(prune(id, 9), Error::<Test>::NothingToRemove);

		pass(5);
		assert_noop!(prune(id, 0), Error::<Test>::NothingToRemove);
		assert_ok!(prune(id, 1));
		System::assert_last_event(Event::PricesPruned { model: id, removed: 1 }.into());
		assert_ok!(prune(id, 9));
		System::assert_last_event(Event::PricesPruned { model: id, removed: 1 }.into());
		assert_eq!(Prices::<Test>::iter().count(), 1);
		assert_eq!(refusal(id, 0, 4), None);
		assert!(held(&DEVELOPER) < one);
		assert_noop!(prune(id + 1, 1), Error::<Test>::UnknownModel);
	});
}

#[test]
fn the_price_in_force_is_never_pruned() {
	run(|| {
		let id = registered();
		SettlementGrace::set(0);
		assert_ok!(set_price(id, RISE));
		pass(9);
		assert_noop!(prune(id, 9), Error::<Test>::NothingToRemove);
		pass(1);
		assert_ok!(prune(id, 9));
		assert_eq!(refusal(id, 0, 1), None);
		assert_noop!(prune(id, 9), Error::<Test>::NothingToRemove);
		SettlementGrace::set(BlockNumber::MAX);
		assert_eq!(refusal(id, 0, 0), Some(RejectReason::PriceExpired));
	});
}
