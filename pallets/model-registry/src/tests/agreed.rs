//! The terms of calls that were agreed on as of an earlier block, and who would like them to be others.

use super::*;

/// The terms of a call of the first version at the first price.
fn agreed(
	model: ModelId,
	as_of: BlockNumber,
) -> Result<(CallTerms<AccountId>, Option<BlockNumber>), RejectReason> {
	ModelRegistry::terms_as_of(model, 0, 0, as_of)
}

/// The payee of calls as of a block, and the block until which that holds.
fn paid(model: ModelId, as_of: BlockNumber) -> (AccountId, Option<BlockNumber>) {
	let (terms, changed_at) = agreed(model, as_of).unwrap();
	(terms.payee, changed_at)
}

/// The payees of the models above, and the block until which that holds.
fn paid_above(model: ModelId, as_of: BlockNumber) -> (Vec<AccountId>, Option<BlockNumber>) {
	let (terms, changed_at) = agreed(model, as_of).unwrap();
	(terms.lineage.into_iter().map(|above| above.payee).collect(), changed_at)
}

fn hand_over(model: ModelId, from: &AccountId, to: &AccountId) {
	let origin = |who: &AccountId| RuntimeOrigin::signed(who.clone());
	assert_ok!(ModelRegistry::offer_model(origin(from), model, to.clone()));
	assert_ok!(ModelRegistry::accept_model(origin(to), model, Balance::MAX));
}

fn derive(owner: AccountId, name: &'static str, parent: ModelId) -> ModelId {
	Registration { owner, name, parent: Some((parent, 10)), ..Default::default() }.id()
}

fn to(block: BlockNumber) {
	pass(block - System::block_number());
}

#[test]
fn who_was_paid_in_the_agreed_block_is_paid() {
	run(|| {
		let id = registered();
		to(5);
		assert_ok!(ModelRegistry::set_payee(developer(), id, Some(PAYEE)));
		to(10);
		hand_over(id, &DEVELOPER, &OTHER);
		to(15);

		let expected = [
			(1, (DEVELOPER, Some(5))),
			(4, (DEVELOPER, Some(5))),
			(5, (PAYEE, Some(10))),
			(9, (PAYEE, Some(10))),
			(10, (OTHER, None)),
			(15, (OTHER, None)),
		];
		for (block, expected) in expected {
			assert_eq!(paid(id, block), expected, "{block}");
		}
		// All else is the same.
		let now = agreed(id, 15).unwrap().0;
		for block in [1, 5, 10] {
			let terms = CallTerms { payee: OTHER, ..agreed(id, block).unwrap().0 };
			assert_eq!(terms, now, "{block}");
		}
	});
}

#[test]
fn no_call_is_agreed_on_as_of_a_block_to_come() {
	run(|| {
		let id = registered();
		assert!(agreed(id, 1).is_ok());
		assert_eq!(agreed(id, 2), Err(RejectReason::NotInForce));
		// Nor was there a model before it was registered.
		to(3);
		let later = Registration { name: "later", ..Default::default() }.id();
		assert_eq!(agreed(later, 2), Err(RejectReason::NotInForce));
		assert!(agreed(later, 3).is_ok());
	});
}

#[test]
fn version_and_price_had_begun_by_then() {
	run(|| {
		let id = registered();
		let terms = |version, price, block| {
			let terms = ModelRegistry::terms_as_of(id, version, price, block);
			terms.map(|(terms, _)| (terms.price, terms.sources.len()))
		};
		assert_ok!(publish(id, 5, vec![latest(1)]));
		to(2);
		assert_ok!(set_price(id, CUT));
		to(3);
		assert_ok!(set_price(id, RISE));
		to(13);

		// The version was announced in block 1, for 11.
		assert_eq!(terms(1, 1, 10), Err(RejectReason::NotInForce));
		assert_eq!(terms(1, 1, 11), Ok((CUT, 1)));
		// A cut is in force at once, a rise after the notice.
		assert_eq!(terms(0, 1, 1), Err(RejectReason::NotInForce));
		assert_eq!(terms(0, 1, 2), Ok((CUT, 2)));
		assert_eq!(terms(1, 2, 12), Err(RejectReason::NotInForce));
		assert_eq!(terms(1, 2, 13), Ok((RISE, 1)));
		for (version, price, reason) in
			[(2, 0, RejectReason::UnknownVersion), (0, 3, RejectReason::UnknownPrice)]
		{
			assert_eq!(terms(version, price, 13), Err(reason));
		}
		let unknown = ModelRegistry::terms_as_of(id + 1, 0, 0, 13);
		assert_eq!(unknown, Err(RejectReason::UnknownModel));
	});
}

#[test]
fn what_was_replaced_is_agreed_on_as_of_an_earlier_block_only() {
	run(|| {
		let id = registered();
		let terms = |version, price, block| {
			let terms = ModelRegistry::terms_as_of(id, version, price, block);
			terms.map(|(terms, changed_at)| (terms.price, changed_at))
		};
		let price = terms(0, 0, 1).unwrap().0;
		assert_eq!(terms(0, 0, 1), Ok((price, None)));

		// A cut: whoever agreed before has its end for a change, and nobody agrees on it from then on.
		to(5);
		assert_ok!(set_price(id, CUT));
		to(8);
		assert_eq!(terms(0, 0, 4), Ok((price, Some(5))));
		for block in 5..=8 {
			assert_eq!(terms(0, 0, block), Err(RejectReason::NotInForce), "{block}");
			assert_eq!(terms(0, 1, block), Ok((CUT, None)), "{block}");
		}
		// A version that only says more of itself is in force at once.
		assert_ok!(publish(id, 5, vec![fixed(1, 10), fixed(2, 20)]));
		assert_eq!(terms(0, 1, 7), Ok((CUT, Some(8))));
		assert_eq!(terms(0, 1, 8), Err(RejectReason::NotInForce));
		// The price before and the version after it were never in force together.
		for block in 1..=8 {
			assert_eq!(terms(1, 0, block), Err(RejectReason::NotInForce), "{block}");
		}
		// What is announced puts an end to what is in force, unless it is taken back.
		assert_ok!(set_price(id, RISE));
		assert_eq!(terms(1, 1, 8), Ok((CUT, Some(18))));
		assert_ok!(ModelRegistry::cancel_price(developer(), id));
		assert_eq!(terms(1, 1, 8), Ok((CUT, None)));
		assert_ok!(set_price(id, RISE));
		to(18);
		assert_eq!(terms(1, 1, 17), Ok((CUT, Some(18))));
		assert_eq!(terms(1, 1, 18), Err(RejectReason::NotInForce));
		assert_eq!(terms(1, 3, 18), Ok((RISE, None)));
	});
}

#[test]
fn what_has_expired_cannot_be_settled_as_of_any_block() {
	run(|| {
		let id = registered();
		to(5);
		assert_ok!(set_price(id, CUT));
		to(7);
		assert_ok!(publish(id, 5, vec![fixed(1, 10), fixed(2, 20)]));
		let terms =
			|version, price, block| ModelRegistry::terms_as_of(id, version, price, block).err();
		to(24);
		assert_eq!([terms(0, 0, 4), terms(0, 1, 6), terms(1, 1, 7)], [None; 3]);
		to(25);
		assert_eq!(terms(0, 0, 4), Some(RejectReason::PriceExpired));
		to(26);
		assert_eq!([terms(0, 1, 6), terms(1, 1, 7)], [None; 2]);
		to(27);
		assert_eq!(terms(0, 1, 6), Some(RejectReason::VersionExpired));
		assert_eq!(terms(1, 1, 7), None);

		retire(id);
		to(46);
		assert_eq!(terms(1, 1, 7), None);
		to(47);
		assert_eq!(terms(1, 1, 7), Some(RejectReason::ModelRetired));
	});
}

#[test]
fn those_above_are_paid_as_of_the_same_block() {
	run(|| {
		let root = Registration { name: "root", ..Default::default() }.id();
		let middle = derive(OTHER, "middle", root);
		let leaf = derive(DEVELOPER, "leaf", middle);
		to(5);
		assert_ok!(ModelRegistry::set_payee(developer(), root, Some(PAYEE)));
		to(8);
		hand_over(middle, &OTHER, &DEVELOPER);
		to(9);
		assert_ok!(ModelRegistry::set_payee(developer(), leaf, Some(POOR)));
		to(10);

		let expected = [
			(4, vec![OTHER, DEVELOPER], Some(5)),
			(5, vec![OTHER, PAYEE], Some(8)),
			(8, vec![DEVELOPER, PAYEE], Some(9)),
			(9, vec![DEVELOPER, PAYEE], None),
		];
		for (block, payees, changed_at) in expected {
			assert_eq!(paid_above(leaf, block), (payees, changed_at), "{block}");
		}
		assert_eq!(paid(leaf, 8), (DEVELOPER, Some(9)));
		// What changes below a model is nothing to it.
		assert_eq!(paid_above(middle, 5), (vec![PAYEE], Some(8)));
		assert_eq!(paid(root, 5), (PAYEE, None));
	});
}

#[test]
fn those_above_who_are_gone_were_paid_then_all_the_same() {
	run(|| {
		let root = Registration { name: "root", ..Default::default() }.id();
		let child = derive(OTHER, "child", root);
		to(5);
		assert_ok!(ModelRegistry::set_payee(developer(), root, Some(PAYEE)));
		retire(root);
		to(25);
		assert_ok!(ModelRegistry::purge_model(developer(), root, 9));

		assert!(!ModelRegistry::exists(root));
		assert_eq!(paid_above(child, 4), (vec![DEVELOPER], Some(5)));
		assert_eq!(paid_above(child, 25), (vec![PAYEE], None));
	});
}

#[test]
fn a_model_that_changes_hands_right_before_a_settlement_pays_whom_it_belonged_to() {
	run(|| {
		let root = Registration { name: "root", ..Default::default() }.id();
		let child = derive(DEVELOPER, "child", root);
		let since = System::block_number();
		// For twenty days a node serves and settles nothing; then a friend of its operator's takes both over.
		to(21);
		hand_over(root, &DEVELOPER, &OTHER);
		hand_over(child, &DEVELOPER, &OTHER);

		for block in since..21 {
			assert_eq!(paid(child, block), (DEVELOPER, Some(21)), "{block}");
			assert_eq!(paid_above(child, block), (vec![DEVELOPER], Some(21)), "{block}");
		}
		assert_eq!(paid(child, 21), (OTHER, None));
	});
}

#[test]
fn a_model_that_is_lent_within_a_block_was_not_anothers() {
	run(|| {
		let id = registered();
		to(5);
		for _ in 0..MAX_PARTIES {
			hand_over(id, &DEVELOPER, &OTHER);
			hand_over(id, &OTHER, &DEVELOPER);
		}
		to(6);
		for block in 1..=6 {
			assert_eq!(paid(id, block), (DEVELOPER, None), "{block}");
		}
	});
}

#[test]
fn nobody_is_paid_in_the_place_of_who_is_not_known_any_more() {
	run(|| {
		let root = Registration { name: "root", ..Default::default() }.id();
		let child = derive(OTHER, "child", root);
		let other = derive(OTHER, "other", child);
		let set = |payee| ModelRegistry::set_payee(developer(), root, payee);
		to(2);
		assert_ok!(set(Some(PAYEE)));
		to(52);
		// Until block 51 somebody might have asked for the first one.
		assert_ok!(set(None));

		for model in [root, child, other] {
			assert_eq!(agreed(model, 1), Err(RejectReason::TermsForgotten), "{model}");
			assert!(agreed(model, 2).is_ok(), "{model}");
		}
		assert_eq!(paid(root, 2), (PAYEE, Some(52)));
	});
}

#[cfg(feature = "runtime-benchmarks")]
#[test]
fn the_models_of_benchmarks_have_full_histories() {
	use openledger_primitives::MAX_LINEAGE;

	crate::mock::with_real_periods().execute_with(|| {
		for _ in 0..2 {
			let sources = DataSources::try_from(vec![latest(1)]).unwrap();
			let id = ModelRegistry::benchmark_model(&DEVELOPER, sources).unwrap();
			let now = System::block_number();
			let (terms, changed_at) = agreed(id, now).unwrap();
			assert_eq!((terms.payee, changed_at), (DEVELOPER, None));
			assert_eq!(terms.lineage.len(), MAX_LINEAGE as usize);
			let above = terms.lineage.iter().map(|above| above.model);
			for model in above.chain([id]) {
				let parties = Models::<Test>::get(model).unwrap().parties;
				assert_eq!(parties.entries().len(), MAX_PARTIES as usize);
				ModelRegistry::do_try_state().unwrap();
			}
		}
	});
}
