//! The view that others have of models.

use super::*;

#[test]
fn terms_are_those_of_version_and_price() {
	run(|| {
		let id = registered();
		assert!(ModelRegistry::exists(id));
		assert!(!ModelRegistry::exists(id + 1));
		let terms = last_terms(id, 0, 0).unwrap();
		assert_eq!(terms.payee, DEVELOPER);
		assert_eq!(terms.price, PRICE);
		assert_eq!(terms.policy, policy(40, 35, 25));
		assert_eq!(terms.sources.to_vec(), vec![fixed(1, 10), fixed(2, 20)]);

		assert!(terms.lineage.is_empty());
		assert_eq!(ModelRegistry::template_overhead(id, 0), Some(8));
		assert_eq!(ModelRegistry::template_overhead(id, 1), None);

		assert_eq!(refusal(id + 1, 0, 0), Some(RejectReason::UnknownModel));
		assert_eq!(refusal(id, 1, 0), Some(RejectReason::UnknownVersion));
		assert_eq!(refusal(id, 0, 1), Some(RejectReason::UnknownPrice));
	});
}

#[test]
fn pausing_keeps_the_terms_of_earlier_calls() {
	run(|| {
		let id = registered();
		let terms = last_terms(id, 0, 0);
		assert_ok!(ModelRegistry::pause_model(RuntimeOrigin::signed(DEVELOPER), id));
		assert_eq!(last_terms(id, 0, 0), terms);
		assert!(!ModelRegistry::is_callable(id));
		assert!(!ModelRegistry::is_callable(id + 1));
	});
}

#[test]
fn quotes_are_exact() {
	run(|| {
		let id = registered();
		let quote = ModelRegistry::quote(id, 3, 5).unwrap();
		assert_eq!(quote.charge, 1_000 + 3 * 10 + 5 * 20);
		assert_eq!((quote.model, quote.version, quote.price_version), (id, 0, 0));
		assert_eq!(quote.price, PRICE);
	});
}

#[test]
fn no_quote_without_a_reason() {
	run(|| {
		assert_eq!(ModelRegistry::quote(0, 1, 1), Err(QuoteError::UnknownModel));
		let dear = PriceSchedule { per_output_token: Balance::MAX, ..PRICE };
		assert_ok!(Registration { price: dear, ..Default::default() }.send());
		assert_eq!(ModelRegistry::quote(0, 1, 1), Err(QuoteError::Overflow));
		assert_ok!(ModelRegistry::pause_model(RuntimeOrigin::signed(DEVELOPER), 0));
		assert_eq!(ModelRegistry::quote(0, 1, 1), Err(QuoteError::Paused));
	});
}

#[test]
fn nothing_new_is_quoted_for_a_retired_model() {
	run(|| {
		let id = registered();
		retire(id);
		assert!(!ModelRegistry::is_callable(id));
		assert_eq!(ModelRegistry::quote(id, 1, 1), Err(QuoteError::Paused));
	});
}

#[test]
fn a_quote_is_at_the_price_in_force() {
	run(|| {
		let id = registered();
		assert_ok!(set_price(id, RISE));
		assert_ok!(publish(id, 5, vec![latest(1)]));
		pass(9);
		let quote = ModelRegistry::quote(id, 0, 1).unwrap();
		assert_eq!((quote.version, quote.price_version, quote.charge), (0, 0, 1_020));
		pass(1);
		let quote = ModelRegistry::quote(id, 0, 1).unwrap();
		assert_eq!((quote.version, quote.price_version, quote.charge), (1, 1, 1_021));
		assert_eq!(ModelRegistry::in_force(id), Some((1, 1)));
		assert_eq!(ModelRegistry::in_force(id + 1), None);
	});
}

#[test]
fn a_model_is_told_whole() {
	run(|| {
		let parent = Registration { owner: OTHER, name: "parent", ..Default::default() }.id();
		let id = Registration { parent: Some((parent, 10)), ..Default::default() }.id();
		assert_ok!(ModelRegistry::pause_model(developer(), id));
		assert_ok!(ModelRegistry::offer_model(developer(), id, OTHER));
		let info = ModelRegistry::model_info(id).unwrap();
		assert_eq!(info.id, id);
		assert_eq!(info.name, "acme/smol-1");
		assert_eq!((info.owner, info.payee), (DEVELOPER, DEVELOPER));
		assert!(info.paused);
		assert_eq!(info.retired_at, None);
		assert_eq!(info.offered_to, Some(OTHER));
		assert_eq!((info.version, info.price_version), (0, 0));
		assert_eq!(info.price, PRICE);
		assert_eq!(info.policy, policy(40, 35, 25));
		assert_eq!(info.details, details(1, vec![fixed(1, 10), fixed(2, 20)]));
		let above = info.parent.unwrap();
		assert_eq!((above.model, above.royalty), (parent, Permill::from_percent(10)));
		assert_eq!(info.deposit, held(&DEVELOPER));
		assert_eq!((info.next_version, info.next_price, info.next_policy), (None, None, None));
		assert_eq!(ModelRegistry::model_info(id + 1), None);
	});
}

#[test]
fn what_is_announced_is_told_until_it_is_in_force() {
	run(|| {
		let id = registered();
		assert_ok!(publish(id, 5, vec![latest(1)]));
		assert_ok!(set_price(id, RISE));
		assert_ok!(set_policy(id, policy(30, 30, 40)));
		pass(9);
		let info = ModelRegistry::model_info(id).unwrap();
		let version = info.next_version.unwrap();
		assert_eq!((version.from, version.value), (11, 1));
		let price = info.next_price.unwrap();
		assert_eq!((price.from, price.value.price_version), (11, 2));
		assert_eq!(price.value.price, RISE);
		let next = info.next_policy.unwrap();
		assert_eq!((next.from, next.value), (11, policy(30, 30, 40)));
		assert_eq!((info.version, info.price, info.policy), (0, PRICE, policy(40, 35, 25)));

		pass(1);
		let info = ModelRegistry::model_info(id).unwrap();
		assert_eq!((info.next_version, info.next_price, info.next_policy), (None, None, None));
		assert_eq!((info.version, info.price_version), (1, 2));
		assert_eq!((info.price, info.policy), (RISE, policy(30, 30, 40)));
		assert_eq!(info.details.base_hash, Hash::repeat_byte(5));
	});
}

#[test]
fn versions_are_listed_in_pages() {
	run(|| {
		let id = registered();
		for weights in 3..8 {
			assert_ok!(publish(id, weights, vec![fixed(1, 10), fixed(2, 20)]));
			pass(1);
		}
		assert_ok!(publish(id, 9, vec![latest(1)]));
		assert_ok!(publish(id, 10, vec![latest(1)]));
		let page = |from, limit| {
			let versions = ModelRegistry::versions(id, from, limit);
			versions.into_iter().map(|version| version.version).collect::<Vec<_>>()
		};
		// 6 was announced, and replaced.
		assert_eq!(page(0, 3), vec![0, 1, 2]);
		assert_eq!(page(3, 100), vec![3, 4, 5, 7]);
		assert_eq!(page(8, 100), Vec::<u32>::new());
		assert_eq!(page(0, 0), Vec::<u32>::new());
		assert!(ModelRegistry::versions(id + 1, 0, 9).is_empty());
		let versions = ModelRegistry::versions(id, 4, 9);
		assert_eq!((versions[0].from, versions[0].until), (4, Some(5)));
		assert_eq!((versions[1].from, versions[1].until), (5, Some(16)));
		assert_eq!((versions[2].from, versions[2].until), (16, None));
		assert_eq!(versions[2].details, details(10, vec![latest(1)]));
	});
}

#[test]
fn models_are_found_by_name() {
	run(|| {
		let id = registered();
		assert_eq!(ModelRegistry::model_by_name(b"acme/smol-1"), Some(id));
		assert_eq!(ModelRegistry::model_by_name(b"acme/smol-2"), None);
		assert_eq!(ModelRegistry::model_by_name(&[b'a'; 65]), None);
	});
}

#[test]
fn models_are_listed_in_pages() {
	run(|| {
		for name in ["a", "b", "c", "d", "e"] {
			assert_ok!(Registration { name, ..Default::default() }.send());
		}
		let page = |from, limit| {
			let models = ModelRegistry::models(from, limit);
			models.into_iter().map(|model| model.id).collect::<Vec<_>>()
		};
		assert_eq!(page(0, 2), vec![0, 1]);
		assert_eq!(page(2, 2), vec![2, 3]);
		assert_eq!(page(4, 2), vec![4]);
		assert_eq!(page(5, 2), Vec::<ModelId>::new());
		assert_eq!(page(0, 0), Vec::<ModelId>::new());
		assert_eq!(page(0, u32::MAX).len(), 5);
	});
}

#[test]
fn a_page_is_bounded() {
	new_test_ext().execute_with(|| {
		registered();
		let model = Models::<Test>::get(0).unwrap();
		let version = Versions::<Test>::get(0, 0).unwrap();
		let price = Prices::<Test>::get(0, 0).unwrap();
		for id in 1..=MAX_PAGE {
			Models::<Test>::insert(id, &model);
			Versions::<Test>::insert(id, 0, &version);
			Prices::<Test>::insert(id, 0, &price);
		}
		NextModelId::<Test>::put(MAX_PAGE + 1);
		assert_eq!(ModelRegistry::models(0, u32::MAX).len(), MAX_PAGE as usize);
	});
}
