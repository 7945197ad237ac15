//! Broken storage is noticed.

use super::*;
use crate::{
	Changing, Dated, Ends, ModelOf, Next, Parties, PartiesHistory, RestingName, RestingNameOf,
	Terms, Tombstone, TombstoneOf,
};
use codec::Decode;
use frame_support::traits::fungible::MutateHold;

fn change(id: ModelId, change: impl FnOnce(&mut ModelOf<Test>)) {
	Models::<Test>::mutate(id, |model| change(model.as_mut().unwrap()));
}

/// The history of a model that is somebody's from a block on.
fn history(from: BlockNumber, owner: AccountId, payee: Option<AccountId>) -> History {
	PartiesHistory::new(from, Parties { owner, payee })
}

/// A tombstone with so many children.
fn tombstone(children: u32) -> TombstoneOf<Test> {
	Tombstone { parties: history(1, OTHER, None), parent: None, children }
}

type History = PartiesHistory<AccountId, BlockNumber>;

fn change_price(number: u32, change: impl FnOnce(&mut Dated<Terms, BlockNumber>)) {
	Prices::<Test>::mutate(0, number, |price| change(price.as_mut().unwrap()));
}

#[test]
fn the_storage_table_tells_the_truth() {
	assert_eq!(ModelOf::<Test>::max_encoded_len(), 1_341);
	assert_eq!(Dated::<VersionDetails, BlockNumber>::max_encoded_len(), 548);
	assert_eq!(Dated::<Terms, BlockNumber>::max_encoded_len(), 93);
	assert_eq!(TombstoneOf::<Test>::max_encoded_len(), 1_118);
	assert_eq!(RestingNameOf::<Test>::max_encoded_len(), 52);
	assert_eq!(ModelRegistry::in_code_storage_version(), StorageVersion::new(1));
}

/// Leaves this of a model 9.
fn bury(left: TombstoneOf<Test>) {
	NextModelId::<Test>::put(10);
	Tombstones::<Test>::insert(9, left);
}

/// Lets a name rest that nothing is on hold for.
fn rest(text: &str, owner: AccountId) {
	RestingNames::<Test>::insert(name(text), RestingName { owner, until: 1, deposit: 1 });
}

#[test]
fn are_watched() {
	// A child 1 of model 0, which has an old price and an announced one.
	let broken: [(&str, fn()); 38] = [
		("a model's id was not given out", || NextModelId::<Test>::put(0)),
		("a name without a model", || ModelIdByName::<Test>::insert(name("b"), 7)),
		("a model is not found by its name", || change(0, |model| model.name = name("b"))),
		("a version without a model", || {
			Versions::<Test>::insert(7, 0, Versions::<Test>::get(0, 0).unwrap())
		}),
		("a price without a model", || {
			Prices::<Test>::insert(7, 0, Prices::<Test>::get(0, 0).unwrap())
		}),
		("a policy does not add up to 100%", || {
			change_price(1, |price| price.value.policy = policy(1, 1, 1))
		}),
		("a policy does not add up to 100%", || {
			change_price(2, |price| price.value.policy = policy(1, 1, 1))
		}),
		("a policy pays data that there is none of", || {
			let mut sources = DataSources::default();
			Versions::<Test>::mutate(0, 0, |version| {
				core::mem::swap(&mut version.as_mut().unwrap().value.sources, &mut sources)
			});
			change(0, |model| model.deposit.bytes -= sources.encoded_size() as u32 - 1);
		}),
		("a deposit is not for what is stored", || change(0, |model| model.deposit.bytes += 1)),
		("an owner's hold differs from the deposits", || {
			change(0, |model| model.deposit.base += 1)
		}),
		// A hold that nothing is stored for.
		("an owner's hold differs from the deposits", || {
			assert_ok!(Balances::hold(&HoldReason::Model.into(), &OTHER, 1));
		}),
		("an owner's hold differs from the deposits", || rest("b", OTHER)),
		("an owner is no account", || rest("b", PAYEE)),
		("a deposit overflows", || change(0, |model| model.deposit.base = Balance::MAX)),
		("a price is older than the oldest", || change(0, |model| model.oldest_price = 1)),
		("a number was not given out", || change(0, |model| model.next_version = 0)),
		("what is announced is not there", || {
			change(0, |model| model.price.next.as_mut().unwrap().from = 12)
		}),
		("what is in force is not there", || change(0, |model| model.price.current = 0)),
		("nothing is in force", || {
			change(0, |model| {
				let next = Next { from: 1, value: 0, settle_until: 21 };
				model.version = Changing { current: 1, next: Some(next) }
			})
		}),
		("what is announced changes nothing", || change_price(2, |price| price.value.price = CUT)),
		("times do not join up", || {
			change_price(0, |price| price.ends = Some(Ends { at: 3, settle_until: 21 }))
		}),
		("calls cannot be settled", || {
			change_price(0, |price| price.ends = Some(Ends { at: 1, settle_until: 0 }))
		}),
		("a time to settle is forgotten", || change(0, |model| model.settle_until = 20)),
		("a time to settle is not as announced", || {
			change(0, |model| model.price.next.as_mut().unwrap().settle_until = 30)
		}),
		("a model is gone before its calls are settled", || {
			change(0, |model| model.retired_at = Some(20))
		}),
		("a number of children is wrong", || change(0, |model| model.children = 2)),
		("a model's name rests", || rest("acme/smol-1", DEVELOPER)),
		("a tombstone of a model that is there", || Tombstones::<Test>::insert(0, tombstone(1))),
		("a tombstone that nothing descends from", || Tombstones::<Test>::insert(9, tombstone(0))),
		("a tombstone of nobody's", || {
			bury(Tombstone { parties: Default::default(), ..tombstone(1) })
		}),
		("a payee is the owner", || {
			bury(Tombstone { parties: history(1, OTHER, Some(OTHER)), ..tombstone(1) })
		}),
		("a model without an owner", || change(0, |model| model.parties = Default::default())),
		("a model's owner is not the newest one", || {
			change(0, |model| model.parties = history(1, OTHER, None))
		}),
		("an owner or payee lies ahead", || {
			change(0, |model| model.parties = history(2, DEVELOPER, None))
		}),
		("a payee is the owner", || {
			change(0, |model| model.parties = history(1, DEVELOPER, Some(DEVELOPER)))
		}),
		("owners and payees are out of order", || {
			let twice = [1u32, 1].map(|from| (from, Parties { owner: DEVELOPER, payee: None }));
			let twice = History::decode(&mut twice.to_vec().encode().as_slice()).unwrap();
			change(0, |model| model.parties = twice)
		}),
		("a cached token is dearer than another one", || {
			change_price(2, |price| price.value.price.per_cached_input_token = 11)
		}),
		("a version has a number out of bounds", || {
			Versions::<Test>::mutate(0, 0, |version| {
				version.as_mut().unwrap().value.template_overhead = MAX_TEMPLATE_OVERHEAD + 1
			})
		}),
	];
	for (reason, break_it) in broken {
		new_test_ext().execute_with(|| {
			let id = registered();
			assert_ok!(set_price(id, CUT));
			assert_ok!(set_price(id, RISE));
			let child =
				Registration { name: "child", parent: Some((id, 10)), ..Default::default() };
			assert_ok!(child.send());
			ModelRegistry::do_try_state().unwrap();
			break_it();
			assert_eq!(ModelRegistry::do_try_state(), Err(reason.into()));
		});
	}
}
