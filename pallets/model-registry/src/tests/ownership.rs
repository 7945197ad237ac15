//! How a model changes hands.

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

		assert_ok!(ModelRegistry::accept_model(other(), id));
		System::assert_last_event(
			Event::OwnerChanged { model: id, from: DEVELOPER, to: OTHER }.into(),
		);
		assert_eq!((held(&DEVELOPER), held(&OTHER)), (0, deposit));
		assert_eq!(ModelRegistry::terms(id, 0, 0).unwrap().developer, OTHER);
		assert_eq!(ModelRegistry::model_info(id).unwrap().offered_to, None);
		assert_noop!(ModelRegistry::pause_model(developer(), id), Error::<Test>::NotOwner);
		assert_ok!(ModelRegistry::pause_model(other(), id));
		assert_noop!(ModelRegistry::accept_model(other(), id), Error::<Test>::NotOffered);
	});
}

#[test]
fn the_new_deposit_is_at_the_rates_of_the_day() {
	run(|| {
		let id = registered();
		assert_ok!(offer(id, OTHER));
		DepositBase::set(5 * OPEN);
		let before = held(&DEVELOPER);
		assert_ok!(ModelRegistry::accept_model(other(), id));
		assert_eq!(held(&OTHER), before + 4 * OPEN);
		assert_eq!(held(&DEVELOPER), 0);
	});
}

#[test]
fn an_offer_is_for_one() {
	run(|| {
		let id = registered();
		assert_noop!(ModelRegistry::accept_model(other(), id), Error::<Test>::NotOffered);
		assert_ok!(offer(id, POOR));
		assert_noop!(ModelRegistry::accept_model(other(), id), Error::<Test>::NotOffered);
		assert_noop!(ModelRegistry::accept_model(other(), id + 1), Error::<Test>::UnknownModel);
		// Another one takes its place.
		assert_ok!(offer(id, OTHER));
		assert_noop!(
			ModelRegistry::accept_model(RuntimeOrigin::signed(POOR), id),
			Error::<Test>::NotOffered
		);
		assert_ok!(ModelRegistry::accept_model(other(), id));
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
		assert_noop!(ModelRegistry::accept_model(other(), id), Error::<Test>::NotOffered);
	});
}

#[test]
fn the_new_owner_needs_the_deposit() {
	run(|| {
		let id = registered();
		assert_ok!(offer(id, POOR));
		assert_noop!(
			ModelRegistry::accept_model(RuntimeOrigin::signed(POOR), id),
			TokenError::FundsUnavailable
		);
		assert_ok!(offer(id, OTHER));
		DepositPerByte::set(Balance::MAX);
		assert_noop!(ModelRegistry::accept_model(other(), id), ArithmeticError::Overflow);
	});
}
