//! The transfer of a model, and who is paid for it.

use super::*;

fn offer(model: ModelId, to: AccountId) -> DispatchResult {
	ModelRegistry::offer_model(developer(), model, to)
}

#[test]
fn takes_two_steps() {
	run(|| {
		let id = registered();
		let deposit = held(&DEVELOPER);
		assert_ok!(offer(id, OTHER));
		System::assert_last_event(Event::ModelOffered { model: id, to: OTHER }.into());
		assert_eq!(Models::<Test>::get(id).unwrap().owner, DEVELOPER);
		assert_eq!((held(&DEVELOPER), held(&OTHER)), (deposit, 0));

		assert_ok!(ModelRegistry::accept_model(other(), id, Balance::MAX));
		System::assert_last_event(
			Event::OwnerChanged { model: id, from: DEVELOPER, to: OTHER }.into(),
		);
		assert_eq!((held(&DEVELOPER), held(&OTHER)), (0, deposit));
		assert_eq!(last_terms(id, 0, 0).unwrap().payee, OTHER);
		assert_eq!(ModelRegistry::model_info(id).unwrap().offered_to, None);
		assert_noop!(ModelRegistry::pause_model(developer(), id), Error::<Test>::NotOwner);
		assert_ok!(ModelRegistry::pause_model(other(), id));
		assert_noop!(
			ModelRegistry::accept_model(other(), id, Balance::MAX),
			Error::<Test>::NotOffered
		);
	});
}

#[test]
fn the_new_deposit_is_at_the_rates_of_the_day() {
	run(|| {
		let id = registered();
		assert_ok!(offer(id, OTHER));
		DepositBase::set(5 * OPEN);
		let before = held(&DEVELOPER);
		assert_ok!(ModelRegistry::accept_model(other(), id, Balance::MAX));
		assert_eq!(held(&OTHER), before + 4 * OPEN);
		assert_eq!(held(&DEVELOPER), 0);
	});
}

/// The old owner makes the model larger while the transaction that accepts it waits for its block.
#[test]
fn nobody_takes_over_a_larger_deposit_than_they_agreed_to() {
	run(|| {
		let id = registered();
		assert_ok!(offer(id, OTHER));
		let agreed = held(&DEVELOPER);
		let accept = |most| ModelRegistry::accept_model(other(), id, most);
		assert_ok!(set_price(id, RISE));
		let larger = held(&DEVELOPER);
		assert!(larger > agreed);

		assert_noop!(accept(agreed), Error::<Test>::DepositTooHigh);
		assert_noop!(accept(larger - 1), Error::<Test>::DepositTooHigh);
		// The rates of the day count, not those at which the old owner has paid.
		DepositBase::set(2 * OPEN);
		assert_noop!(accept(larger), Error::<Test>::DepositTooHigh);
		DepositBase::set(OPEN);
		assert_ok!(accept(larger));
		assert_eq!((held(&DEVELOPER), held(&OTHER)), (0, larger));
	});
}

#[test]
fn an_offer_is_for_one() {
	run(|| {
		let id = registered();
		assert_noop!(
			ModelRegistry::accept_model(other(), id, Balance::MAX),
			Error::<Test>::NotOffered
		);
		assert_ok!(offer(id, POOR));
		assert_noop!(
			ModelRegistry::accept_model(other(), id, Balance::MAX),
			Error::<Test>::NotOffered
		);
		assert_noop!(
			ModelRegistry::accept_model(other(), id + 1, Balance::MAX),
			Error::<Test>::UnknownModel
		);
		// Another one takes its place.
		assert_ok!(offer(id, OTHER));
		assert_noop!(
			ModelRegistry::accept_model(RuntimeOrigin::signed(POOR), id, Balance::MAX),
			Error::<Test>::NotOffered
		);
		assert_ok!(ModelRegistry::accept_model(other(), id, Balance::MAX));
	});
}

#[test]
fn an_offer_is_to_somebody_else() {
	run(|| {
		let id = registered();
		assert_noop!(offer(id, DEVELOPER), Error::<Test>::AlreadyOwner);
	});
}

#[test]
fn an_offer_can_be_taken_back() {
	run(|| {
		let id = registered();
		assert_noop!(ModelRegistry::withdraw_offer(developer(), id), Error::<Test>::NoOffer);
		assert_ok!(offer(id, OTHER));
		assert_ok!(ModelRegistry::withdraw_offer(developer(), id));
		System::assert_last_event(Event::OfferWithdrawn { model: id }.into());
		assert_noop!(
			ModelRegistry::accept_model(other(), id, Balance::MAX),
			Error::<Test>::NotOffered
		);
	});
}

#[test]
fn the_new_owner_needs_the_deposit() {
	run(|| {
		let id = registered();
		assert_ok!(offer(id, POOR));
		assert_noop!(
			ModelRegistry::accept_model(RuntimeOrigin::signed(POOR), id, Balance::MAX),
			TokenError::FundsUnavailable
		);
		assert_ok!(offer(id, OTHER));
		DepositPerByte::set(Balance::MAX);
		assert_noop!(
			ModelRegistry::accept_model(other(), id, Balance::MAX),
			ArithmeticError::Overflow
		);
	});
}

fn set_payee(model: ModelId, payee: Option<AccountId>) -> DispatchResult {
	ModelRegistry::set_payee(developer(), model, payee)
}

fn payee(model: ModelId) -> AccountId {
	let payee = ModelRegistry::model_info(model).unwrap().payee;
	assert_eq!(last_terms(model, 0, 0).unwrap().payee, payee);
	payee
}

/// The payee in `block`, if it is known.
fn payee_at(model: ModelId, block: BlockNumber) -> Option<AccountId> {
	let parties = Models::<Test>::get(model).unwrap().parties;
	parties.at(block).map(|parties| parties.payee().clone())
}

#[test]
fn the_owner_is_paid_until_a_payee_is_named() {
	run(|| {
		let id = registered();
		assert_eq!(payee(id), DEVELOPER);

		assert_ok!(set_payee(id, Some(PAYEE)));
		System::assert_last_event(Event::PayeeSet { model: id, payee: PAYEE }.into());
		assert_eq!(payee(id), PAYEE);
		assert_eq!(ModelRegistry::model_info(id).unwrap().owner, DEVELOPER);

		assert_ok!(set_payee(id, None));
		System::assert_last_event(Event::PayeeSet { model: id, payee: DEVELOPER }.into());
		assert_eq!(payee(id), DEVELOPER);
	});
}

#[test]
fn a_payee_is_another_one_than_before() {
	run(|| {
		let id = registered();
		for same in [None, Some(DEVELOPER)] {
			assert_noop!(set_payee(id, same), Error::<Test>::SamePayee);
		}

		assert_ok!(set_payee(id, Some(PAYEE)));

		assert_noop!(set_payee(id, Some(PAYEE)), Error::<Test>::SamePayee);
		// The owner's own account is the same as none.
		assert_ok!(set_payee(id, Some(DEVELOPER)));
		assert_noop!(set_payee(id, None), Error::<Test>::SamePayee);
		assert_noop!(
			ModelRegistry::set_payee(RuntimeOrigin::root(), id, None),
			sp_runtime::DispatchError::BadOrigin
		);
	});
}

#[test]
fn a_payee_goes_with_the_owner_who_named_it() {
	run(|| {
		let id = registered();
		assert_ok!(set_payee(id, Some(PAYEE)));
		assert_ok!(offer(id, OTHER));
		assert_eq!(payee(id), PAYEE);

		assert_ok!(ModelRegistry::accept_model(other(), id, Balance::MAX));

		assert_eq!(payee(id), OTHER);
		assert_noop!(set_payee(id, Some(PAYEE)), Error::<Test>::NotOwner);
		assert_ok!(ModelRegistry::set_payee(other(), id, Some(PAYEE)));
		assert_eq!(payee(id), PAYEE);
	});
}

#[test]
fn who_was_paid_when_is_remembered() {
	run(|| {
		let id = registered();
		pass(4);
		assert_ok!(set_payee(id, Some(PAYEE)));
		pass(5);
		assert_ok!(offer(id, OTHER));
		assert_ok!(ModelRegistry::accept_model(other(), id, Balance::MAX));

		let blocks = [0, 1, 4, 5, 9, 10, 100];
		let [developer, payee, other] = [DEVELOPER, PAYEE, OTHER].map(Some);
		let expected =
			[None, developer.clone(), developer, payee.clone(), payee, other.clone(), other];
		assert_eq!(blocks.map(|block| payee_at(id, block)), expected);
	});
}

#[test]
fn a_change_that_could_not_be_remembered_is_refused() {
	run(|| {
		let id = registered();
		let change = |number: u32| {
			pass(1);
			set_payee(id, (number % 2 == 1).then_some(PAYEE))
		};
		for number in 1..MAX_PARTIES {
			assert_ok!(change(number));
		}
		assert_ok!(offer(id, OTHER));

		pass(1);
		let payee = if MAX_PARTIES % 2 == 1 { Some(PAYEE) } else { None };
		assert_noop!(set_payee(id, payee), Error::<Test>::TooManyChanges);
		assert_noop!(
			ModelRegistry::accept_model(other(), id, Balance::MAX),
			Error::<Test>::TooManyChanges
		);
		// Until 50 blocks have passed since the first change, somebody may ask for the block before it.
		let first = 1 + 1;
		pass(first + 49 - System::block_number());
		assert_eq!(payee_at(id, 1), Some(DEVELOPER));
		assert_noop!(
			ModelRegistry::accept_model(other(), id, Balance::MAX),
			Error::<Test>::TooManyChanges
		);
		pass(1);
		assert_ok!(ModelRegistry::accept_model(other(), id, Balance::MAX));
		assert_eq!(payee_at(id, first), Some(PAYEE));
		assert_eq!(payee_at(id, first - 1), None);
	});
}

#[test]
fn a_second_change_in_a_block_needs_no_room() {
	run(|| {
		let id = registered();
		for _ in 0..MAX_PARTIES {
			assert_ok!(set_payee(id, Some(PAYEE)));
			assert_ok!(set_payee(id, Some(OTHER)));
		}
		assert_eq!(Models::<Test>::get(id).unwrap().parties.entries().len(), 1);
		assert_eq!(payee(id), OTHER);
	});
}
