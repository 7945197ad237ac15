//! Each call, each of its errors, and what others see of the registry.

use crate::{
	mock::*, Error, Event, HoldReason, Model, ModelIdByName, ModelVersion, Models, NextModelId,
	Prices, Versions, WeightInfo,
};
use codec::{Encode, MaxEncodedLen};
use frame_support::{
	assert_noop, assert_ok,
	traits::{fungible::InspectHold, GetStorageVersion, StorageVersion},
};
use openledger_primitives::{
	attribution::{DataSource, DataSources, ReleaseSelector},
	info::QuoteError,
	policy::RevenuePolicy,
	price::PriceSchedule,
	record::RejectReason,
	traits::ModelInspect,
	AccountId, Balance, Hash, ModelId, Name, Uri, MAX_PAGE, MAX_SOURCES, OPEN,
};
use sp_runtime::{ArithmeticError, DispatchResult, Permill, TokenError};

const PRICE: PriceSchedule =
	PriceSchedule { per_call: 1_000, per_input_token: 10, per_output_token: 20 };

/// A registration that is fine, to be spoilt by the tests in one point each.
#[derive(Clone)]
struct Registration {
	owner: AccountId,
	name: &'static str,
	price: PriceSchedule,
	policy: RevenuePolicy,
	sources: Vec<DataSource>,
}

impl Default for Registration {
	fn default() -> Self {
		Self {
			owner: DEVELOPER,
			name: "acme/smol-1",
			price: PRICE,
			policy: policy(40, 35, 25),
			sources: vec![fixed(1, 10), fixed(2, 20)],
		}
	}
}

impl Registration {
	fn send(self) -> DispatchResult {
		ModelRegistry::register_model(
			RuntimeOrigin::signed(self.owner),
			name(self.name),
			uri(),
			Hash::repeat_byte(1),
			Hash::repeat_byte(2),
			self.price,
			self.policy,
			self.sources.try_into().unwrap(),
		)
	}
}

fn name(text: &str) -> Name {
	Name::truncate_from(text.as_bytes().to_vec())
}

fn uri() -> Uri {
	Uri::truncate_from(b"https://example.com/smol-1".to_vec())
}

fn policy(developer: u32, data: u32, node: u32) -> RevenuePolicy {
	RevenuePolicy {
		developer: Permill::from_percent(developer),
		data: Permill::from_percent(data),
		node: Permill::from_percent(node),
		attributed: Permill::from_percent(50),
	}
}

fn fixed(release: u32, weight: u64) -> DataSource {
	DataSource { datanet: 1, release: ReleaseSelector::Fixed(release), weight }
}

fn latest(datanet: u32) -> DataSource {
	DataSource { datanet, release: ReleaseSelector::Latest, weight: 1 }
}

fn held(who: &AccountId) -> Balance {
	Balances::balance_on_hold(&HoldReason::Model.into(), who)
}

fn registered() -> ModelId {
	let id = NextModelId::<Test>::get();
	assert_ok!(Registration::default().send());
	id
}

mod registering {
	use super::*;

	#[test]
	fn stores_everything_and_tells() {
		run(|| {
			assert_ok!(Registration::default().send());

			let model = Models::<Test>::get(0).unwrap();
			assert_eq!(model.name, name("acme/smol-1"));
			assert_eq!(model.owner, DEVELOPER);
			assert!(!model.paused);
			assert_eq!((model.version, model.price_version), (0, 0));
			assert_eq!(model.policy, policy(40, 35, 25));
			let version = Versions::<Test>::get(0, 0).unwrap();
			assert_eq!(version.uri, uri());
			assert_eq!(version.weights_hash, Hash::repeat_byte(1));
			assert_eq!(version.tokenizer_hash, Hash::repeat_byte(2));
			assert_eq!(version.sources.to_vec(), vec![fixed(1, 10), fixed(2, 20)]);
			assert_eq!(Prices::<Test>::get(0, 0), Some(PRICE));
			assert_eq!(ModelIdByName::<Test>::get(name("acme/smol-1")), Some(0));
			assert_eq!(NextModelId::<Test>::get(), 1);
			System::assert_last_event(
				Event::ModelRegistered { model: 0, owner: DEVELOPER, name: name("acme/smol-1") }
					.into(),
			);
		});
	}

	#[test]
	fn holds_a_deposit_for_every_stored_byte_and_remembers_it() {
		run(|| {
			assert_ok!(Registration::default().send());
			let model = Models::<Test>::get(0).unwrap();
			let bytes = model.encoded_size()
				+ name("acme/smol-1").encoded_size()
				+ Versions::<Test>::get(0, 0).unwrap().encoded_size()
				+ PRICE.encoded_size();
			let deposit = DepositBase::get() + DepositPerByte::get() * bytes as Balance;
			assert_eq!(model.deposit, deposit);
			assert_eq!(held(&DEVELOPER), deposit);

			DepositBase::set(7 * OPEN);
			let second = Registration { name: "another", ..Default::default() };
			assert_ok!(second.send());
			let second = Models::<Test>::get(1).unwrap().deposit;
			assert!(second > deposit);
			assert_eq!(Models::<Test>::get(0).unwrap().deposit, deposit);
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
			let without_data = Registration { policy: policy(60, 0, 40), ..Default::default() };
			assert_noop!(without_data.clone().send(), Error::<Test>::NoDataShareForSources);
			assert_ok!(Registration { sources: vec![], ..without_data }.send());
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
				Registration { sources: vec![fixed(1, 1), fixed(1, 2)], ..Default::default() }
					.send(),
				Error::<Test>::DuplicateSource
			);
			// A fixed release and the latest are different promises, though the same today.
			assert_ok!(Registration {
				sources: vec![fixed(9, 1), latest(1)],
				..Default::default()
			}
			.send());
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
}

mod pausing {
	use super::*;

	#[test]
	fn and_resuming_by_the_owner() {
		run(|| {
			let id = registered();
			assert_ok!(ModelRegistry::pause_model(RuntimeOrigin::signed(DEVELOPER), id));
			System::assert_last_event(Event::ModelPaused { model: id }.into());
			assert!(ModelRegistry::is_paused(id));

			assert_ok!(ModelRegistry::resume_model(RuntimeOrigin::signed(DEVELOPER), id));
			System::assert_last_event(Event::ModelResumed { model: id }.into());
			assert!(!ModelRegistry::is_paused(id));
		});
	}

	#[test]
	fn needs_a_model() {
		run(|| {
			let origin = RuntimeOrigin::signed(DEVELOPER);
			assert_noop!(
				ModelRegistry::pause_model(origin.clone(), 0),
				Error::<Test>::UnknownModel
			);
			assert_noop!(ModelRegistry::resume_model(origin, 0), Error::<Test>::UnknownModel);
		});
	}

	#[test]
	fn is_for_the_owner() {
		run(|| {
			let id = registered();
			let origin = RuntimeOrigin::signed(OTHER);
			assert_noop!(ModelRegistry::pause_model(origin.clone(), id), Error::<Test>::NotOwner);
			assert_noop!(ModelRegistry::resume_model(origin, id), Error::<Test>::NotOwner);
		});
	}

	#[test]
	fn twice_is_an_error() {
		run(|| {
			let id = registered();
			let origin = RuntimeOrigin::signed(DEVELOPER);
			assert_noop!(ModelRegistry::resume_model(origin.clone(), id), Error::<Test>::NotPaused);
			assert_ok!(ModelRegistry::pause_model(origin.clone(), id));
			assert_noop!(ModelRegistry::pause_model(origin, id), Error::<Test>::AlreadyPaused);
		});
	}
}

mod inspecting {
	use super::*;

	#[test]
	fn terms_are_those_of_version_and_price() {
		run(|| {
			let id = registered();
			assert!(ModelRegistry::exists(id));
			assert!(!ModelRegistry::exists(id + 1));
			let terms = ModelRegistry::terms(id, 0, 0).unwrap();
			assert_eq!(terms.developer, DEVELOPER);
			assert_eq!(terms.price, PRICE);
			assert_eq!(terms.policy, policy(40, 35, 25));
			assert_eq!(terms.sources.to_vec(), vec![fixed(1, 10), fixed(2, 20)]);

			assert_eq!(ModelRegistry::terms(id + 1, 0, 0), Err(RejectReason::UnknownModel));
			assert_eq!(ModelRegistry::terms(id, 1, 0), Err(RejectReason::UnknownVersion));
			assert_eq!(ModelRegistry::terms(id, 0, 1), Err(RejectReason::UnknownPrice));
		});
	}

	#[test]
	fn pausing_keeps_the_terms_of_earlier_calls() {
		run(|| {
			let id = registered();
			let terms = ModelRegistry::terms(id, 0, 0);
			assert_ok!(ModelRegistry::pause_model(RuntimeOrigin::signed(DEVELOPER), id));
			assert_eq!(ModelRegistry::terms(id, 0, 0), terms);
			assert!(!ModelRegistry::is_paused(id + 1));
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
	fn a_model_is_told_whole() {
		run(|| {
			let id = registered();
			assert_ok!(ModelRegistry::pause_model(RuntimeOrigin::signed(DEVELOPER), id));
			let info = ModelRegistry::model_info(id).unwrap();
			assert_eq!(info.id, id);
			assert_eq!(info.name, "acme/smol-1");
			assert_eq!(info.owner, DEVELOPER);
			assert!(info.paused);
			assert_eq!((info.version, info.price_version), (0, 0));
			assert_eq!(info.price, PRICE);
			assert_eq!(info.policy, policy(40, 35, 25));
			assert_eq!(info.uri, "https://example.com/smol-1");
			assert_eq!(info.weights_hash, Hash::repeat_byte(1));
			assert_eq!(info.tokenizer_hash, Hash::repeat_byte(2));
			assert_eq!(info.sources.to_vec(), vec![fixed(1, 10), fixed(2, 20)]);
			assert_eq!(ModelRegistry::model_info(id + 1), None);
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
			for id in 1..=MAX_PAGE {
				Models::<Test>::insert(id, &model);
				Versions::<Test>::insert(id, 0, &version);
				Prices::<Test>::insert(id, 0, PRICE);
			}
			NextModelId::<Test>::put(MAX_PAGE + 1);
			assert_eq!(ModelRegistry::models(0, u32::MAX).len(), MAX_PAGE as usize);
		});
	}
}

#[test]
fn the_storage_table_tells_the_truth() {
	assert_eq!(Model::<AccountId>::max_encoded_len(), 139);
	assert_eq!(ModelVersion::max_encoded_len(), 459);
	assert_eq!(PriceSchedule::max_encoded_len(), 48);
	assert_eq!(ModelRegistry::in_code_storage_version(), StorageVersion::new(1));
}

#[test]
fn invariants_are_watched() {
	let broken: [(&str, fn()); 6] = [
		("a model's id was not given out", || NextModelId::<Test>::put(0)),
		("a name without a model", || ModelIdByName::<Test>::insert(name("b"), 7)),
		("a version without a model", || {
			Versions::<Test>::insert(7, 0, Versions::<Test>::get(0, 0).unwrap())
		}),
		("a price without a model", || Prices::<Test>::insert(7, 0, PRICE)),
		("a policy does not add up to 100%", || {
			Models::<Test>::mutate(0, |model| model.as_mut().unwrap().policy = policy(1, 1, 1))
		}),
		("an owner's hold differs from the deposits", || {
			Models::<Test>::mutate(0, |model| model.as_mut().unwrap().deposit += 1)
		}),
	];
	for (reason, break_it) in broken {
		new_test_ext().execute_with(|| {
			registered();
			ModelRegistry::do_try_state().unwrap();
			break_it();
			assert_eq!(ModelRegistry::do_try_state(), Err(reason.into()));
		});
	}
}

#[test]
fn weights_grow_with_the_sources() {
	let none = <() as WeightInfo>::register_model(0);
	let most = <() as WeightInfo>::register_model(MAX_SOURCES);
	assert!(most.ref_time() > none.ref_time() && most.proof_size() > none.proof_size());
	assert!(DataSources::bound() == MAX_SOURCES as usize);
}
