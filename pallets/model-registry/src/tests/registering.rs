//! New models.

use super::*;

#[test]
fn stores_everything_and_tells() {
	run(|| {
		assert_ok!(Registration::default().send());

		let model = Models::<Test>::get(0).unwrap();
		assert_eq!(model.name, name("acme/smol-1"));
		assert_eq!(model.owner, DEVELOPER);
		assert_eq!((model.payee(), model.parties.at(1).unwrap().payee()), (&DEVELOPER, &DEVELOPER));
		assert!(!model.paused);
		assert_eq!((model.version.current, model.price.current), (0, 0));
		assert_eq!((model.retired_at, model.offered_to, model.parent), (None, None, None));
		let version = Versions::<Test>::get(0, 0).unwrap();
		assert_eq!((version.from, version.ends), (1, None));
		let version = version.value;
		assert_eq!(version, details(1, vec![fixed(1, 10), fixed(2, 20)]));
		let price = Prices::<Test>::get(0, 0).unwrap();
		assert_eq!((price.value.price, price.from, price.ends), (PRICE, 1, None));
		assert_eq!(price.value.policy, policy(40, 35, 25));
		assert_eq!(ModelIdByName::<Test>::get(name("acme/smol-1")), Some(0));
		assert_eq!(NextModelId::<Test>::get(), 1);
		System::assert_last_event(
			Event::ModelRegistered { model: 0, owner: DEVELOPER, name: name("acme/smol-1") }.into(),
		);
	});
}

#[test]
fn holds_a_deposit_for_every_stored_byte_and_remembers_its_rates() {
	run(|| {
		assert_ok!(Registration::default().send());
		let model = Models::<Test>::get(0).unwrap();
		// The model's entry counts at its largest, but for the name.
		let unused = Name::max_encoded_len() - model.name.encoded_size();
		let bytes = crate::ModelOf::<Test>::max_encoded_len() - unused
			+ model.name.encoded_size()
			+ Versions::<Test>::get(0, 0).unwrap().encoded_size()
			+ Prices::<Test>::get(0, 0).unwrap().encoded_size();
		let deposit = DepositBase::get() + DepositPerByte::get() * bytes as Balance;
		assert_eq!(model.deposit.amount(), Some(deposit));
		assert_eq!(held(&DEVELOPER), deposit);

		DepositBase::set(7 * OPEN);
		let second = Registration { name: "another", ..Default::default() }.id();
		let second = Models::<Test>::get(second).unwrap().deposit.amount().unwrap();
		assert!(second > deposit + 5 * OPEN);
		assert_eq!(Models::<Test>::get(0).unwrap().deposit, model.deposit);
		assert_eq!(held(&DEVELOPER), deposit + second);
	});
}

#[test]
fn ids_count_up() {
	run(|| {
		for (id, name) in ["a", "b", "c"].into_iter().enumerate() {
			assert_ok!(Registration { name, ..Default::default() }.send());
			assert_eq!(ModelRegistry::model_by_name(name.as_bytes()), Some(id as ModelId));
		}
	});
}

#[test]
fn needs_a_readable_name() {
	run(|| {
		for bad in ["", "-a", "a/", "A", "a b"] {
			assert_noop!(
				Registration { name: bad, ..Default::default() }.send(),
				Error::<Test>::InvalidName
			);
		}
	});
}

#[test]
fn needs_a_free_name() {
	run(|| {
		registered();
		assert_noop!(
			Registration { owner: OTHER, ..Default::default() }.send(),
			Error::<Test>::NameTaken
		);
	});
}

#[test]
fn needs_a_policy_of_one_hundred_percent() {
	run(|| {
		for bad in [policy(40, 35, 24), policy(40, 35, 26), policy(100, 100, 100)] {
			assert_noop!(
				Registration { policy: bad, ..Default::default() }.send(),
				Error::<Test>::PolicyIncomplete
			);
		}
	});
}

#[test]
fn needs_sources_exactly_for_a_data_share() {
	run(|| {
		assert_noop!(
			Registration { sources: vec![], ..Default::default() }.send(),
			Error::<Test>::NoSourceForDataShare
		);
		assert_noop!(
			Registration { policy: policy(60, 0, 40), ..Default::default() }.send(),
			Error::<Test>::NoDataShareForSources
		);
		assert_ok!(Registration::without_data().send());
	});
}

#[test]
fn needs_details_within_bounds() {
	run(|| {
		let spoilt =
			|spoilt: fn(&mut VersionDetails)| Registration { spoilt, ..Default::default() }.send();
		let error = Error::<Test>::TemplateOverheadTooHigh;
		assert_noop!(spoilt(|it| it.template_overhead = MAX_TEMPLATE_OVERHEAD + 1), error);
		let error = Error::<Test>::UnknownAttributionRule;
		assert_noop!(spoilt(|it| it.attribution_rule = NEWEST_RULE + 1), error);
		assert_ok!(spoilt(|it| it.template_overhead = MAX_TEMPLATE_OVERHEAD));

		let publish = |spoil: fn(&mut VersionDetails)| {
			let mut version = details(5, vec![fixed(1, 10)]);
			spoil(&mut version);
			ModelRegistry::publish_version(developer(), 0, version)
		};
		let error = Error::<Test>::TemplateOverheadTooHigh;
		assert_noop!(publish(|it| it.template_overhead = MAX_TEMPLATE_OVERHEAD + 1), error);
		let error = Error::<Test>::UnknownAttributionRule;
		assert_noop!(publish(|it| it.attribution_rule = NEWEST_RULE + 1), error);
		assert_ok!(publish(|it| it.max_retrieved_tokens = u32::MAX));
	});
}

#[test]
fn needs_cached_tokens_that_are_no_dearer() {
	run(|| {
		let price = |cached| PriceSchedule { per_cached_input_token: cached, ..PRICE };
		let dearer = price(PRICE.per_input_token + 1);
		let same = price(PRICE.per_input_token);
		let error = Error::<Test>::CachedTokenDearer;
		assert_noop!(Registration { price: dearer, ..Default::default() }.send(), error);
		let id = Registration { price: same, ..Default::default() }.id();
		let child = Registration {
			name: "child",
			price: dearer,
			parent: Some((id, 1)),
			..Default::default()
		};
		assert_noop!(child.send(), Error::<Test>::CachedTokenDearer);

		assert_noop!(set_price(id, dearer), Error::<Test>::CachedTokenDearer);
		// Cheaper cached tokens are a cut.
		assert_ok!(set_price(id, PRICE));
		assert_eq!(ModelRegistry::quote(id, 0, 0).unwrap().price, PRICE);
		// Dearer ones are a rise.
		assert_ok!(set_price(id, same));
		assert_eq!(ModelRegistry::quote(id, 0, 0).unwrap().price, PRICE);
	});
}

#[test]
fn needs_published_releases() {
	run(|| {
		for bad in [fixed(10, 1), fixed(0, 1), latest(2)] {
			assert_noop!(
				Registration { sources: vec![fixed(1, 1), bad], ..Default::default() }.send(),
				Error::<Test>::UnknownRelease
			);
		}
		assert_ok!(Registration { sources: vec![latest(1)], ..Default::default() }.send());
	});
}

#[test]
fn needs_sources_of_some_weight() {
	run(|| {
		assert_noop!(
			Registration { sources: vec![fixed(1, 0)], ..Default::default() }.send(),
			Error::<Test>::ZeroSourceWeight
		);
	});
}

#[test]
fn refuses_a_source_named_twice() {
	run(|| {
		assert_noop!(
			Registration { sources: vec![fixed(1, 1), fixed(1, 2)], ..Default::default() }.send(),
			Error::<Test>::DuplicateSource
		);
		// A fixed release and the latest are different promises, though the same today.
		assert_ok!(
			Registration { sources: vec![fixed(9, 1), latest(1)], ..Default::default() }.send()
		);
	});
}

#[test]
fn needs_the_deposit() {
	run(|| {
		assert_noop!(
			Registration { owner: POOR, ..Default::default() }.send(),
			TokenError::FundsUnavailable
		);
		DepositPerByte::set(Balance::MAX);
		assert_noop!(Registration::default().send(), ArithmeticError::Overflow);
	});
}

#[test]
fn stops_when_ids_are_used_up() {
	new_test_ext().execute_with(|| {
		NextModelId::<Test>::put(ModelId::MAX);
		assert_noop!(Registration::default().send(), Error::<Test>::OutOfIds);
	});
}
