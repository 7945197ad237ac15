//! Names of models that are gone: nobody is led to a stranger's model by one.

use super::*;
use crate::RestingName;

/// The model of these tests is gone, and its name rests. Returns until which block.
fn gone() -> BlockNumber {
	let id = registered();
	retire(id);
	pass(20);
	assert_ok!(ModelRegistry::purge_model(developer(), id, 0));
	System::block_number() + NameRest::get()
}

fn strangers() -> Registration {
	Registration { owner: OTHER, ..Default::default() }
}

fn release(who: AccountId, text: &str) -> DispatchResult {
	ModelRegistry::release_name(RuntimeOrigin::signed(who), name(text))
}

#[test]
fn a_name_rests_when_its_model_is_gone() {
	run(|| {
		let until = gone();
		let (owner, deposit) = (DEVELOPER, held(&DEVELOPER));
		let rests = Event::NameRests { name: name("acme/smol-1"), owner: DEVELOPER, until };
		System::assert_has_event(rests.into());
		let resting = RestingName { owner, until, deposit };
		assert_eq!(RestingNames::<Test>::get(name("acme/smol-1")), Some(resting));
		// The price of a name, 52 bytes of the entry, and the name with its length.
		assert_eq!(deposit, DepositBase::get() + (52 + 12) * DepositPerByte::get());

		for _ in 0..2 {
			assert_noop!(strangers().send(), Error::<Test>::NameRests);
			let derived = Registration { parent: Some((0, 10)), ..strangers() };
			assert_noop!(derived.send(), Error::<Test>::NameRests);
			// What governance sets later is for other names.
			NameRest::set(1);
			pass(50 - 1);
		}
		assert_noop!(release(OTHER, "acme/smol-1"), Error::<Test>::NameRests);
		pass(1);
		assert_noop!(strangers().send(), Error::<Test>::NameRests);
		pass(1);
		assert_eq!(System::block_number(), until);
		assert_ok!(strangers().send());
	});
}

#[test]
fn whoever_takes_a_rested_name_ends_its_rest() {
	run(|| {
		gone();
		pass(NameRest::get());

		let model = strangers().id();

		System::assert_has_event(Event::NameReleased { name: name("acme/smol-1") }.into());
		assert_eq!(RestingNames::<Test>::iter().count(), 0);
		assert_eq!(held(&DEVELOPER), 0);
		assert_eq!(ModelRegistry::model_by_name(b"acme/smol-1"), Some(model));
	});
}

#[test]
fn its_last_owner_may_use_a_name_again() {
	run(|| {
		let until = gone();

		let model = registered();

		assert_eq!(RestingNames::<Test>::iter().count(), 0);
		assert!(System::block_number() < until);
		assert_eq!(Models::<Test>::get(model).unwrap().deposit.amount(), Some(held(&DEVELOPER)));
	});
}

#[test]
fn anybody_gives_the_deposit_of_a_rested_name_back() {
	run(|| {
		gone();
		assert_noop!(release(OTHER, "acme/smol-1"), Error::<Test>::NameRests);
		assert_noop!(release(DEVELOPER, "acme/smol-1"), Error::<Test>::NameRests);
		assert_noop!(release(OTHER, "acme/smol-2"), Error::<Test>::NameNotResting);
		pass(NameRest::get());

		assert_ok!(release(OTHER, "acme/smol-1"));

		System::assert_last_event(Event::NameReleased { name: name("acme/smol-1") }.into());
		assert_eq!(held(&DEVELOPER), 0);
		assert_noop!(release(OTHER, "acme/smol-1"), Error::<Test>::NameNotResting);
		assert_ok!(strangers().send());
		// It is a model's again.
		assert_noop!(Registration::default().send(), Error::<Test>::NameTaken);
	});
}

/// Giving something up never costs anything.
#[test]
fn a_name_rests_for_what_its_model_had_put_up() {
	run(|| {
		DepositPerByte::set(0);
		DepositBase::set(0);
		let id = registered();
		retire(id);
		DepositPerByte::set(OPEN);
		pass(20);

		assert_ok!(ModelRegistry::purge_model(developer(), id, 0));

		assert_eq!(held(&DEVELOPER), 0);
		assert_noop!(strangers().send(), Error::<Test>::NameRests);
	});
}
