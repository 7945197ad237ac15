//! Each call, each of its errors, and what others see of the registry.

mod agreed;
mod changes;
mod inspecting;
mod lifecycle;
mod lineage;
mod names;
mod ownership;
mod random;
mod registering;
mod terms;
mod try_state;

use crate::{
	mock::*, Error, Event, HoldReason, ModelIdByName, Models, NextModelId, Prices, RestingNames,
	Tombstones, Versions, WeightInfo, MAX_PARTIES, MAX_REMOVED,
};
use codec::{Encode, MaxEncodedLen};
use frame_support::{
	assert_noop, assert_ok,
	traits::{fungible::InspectHold, GetStorageVersion, StorageVersion},
};
use openledger_primitives::{
	attribution::{DataSource, DataSources, ReleaseSelector, NEWEST_RULE},
	info::QuoteError,
	lane::RejectReason,
	model::{VersionDetails, MAX_TEMPLATE_OVERHEAD},
	policy::RevenuePolicy,
	price::PriceSchedule,
	traits::{CallTerms, ModelInspect},
	AccountId, Balance, BlockNumber, Hash, ModelId, Name, Uri, MAX_PAGE, MAX_SOURCES, OPEN,
};
use sp_runtime::{ArithmeticError, DispatchResult, Permill, TokenError};

const PRICE: PriceSchedule = PriceSchedule {
	per_call: 1_000,
	per_input_token: 10,
	per_cached_input_token: 4,
	per_output_token: 20,
};
const CUT: PriceSchedule = PriceSchedule { per_call: 999, ..PRICE };
const RISE: PriceSchedule = PriceSchedule { per_output_token: 21, ..PRICE };

/// A registration that is fine, to be spoilt by the tests in one point each.
#[derive(Clone)]
struct Registration {
	owner: AccountId,
	name: &'static str,
	price: PriceSchedule,
	policy: RevenuePolicy,
	sources: Vec<DataSource>,
	/// The change to the other details.
	spoilt: fn(&mut VersionDetails),
	parent: Option<(ModelId, u32)>,
}

impl Default for Registration {
	fn default() -> Self {
		Self {
			owner: DEVELOPER,
			name: "acme/smol-1",
			price: PRICE,
			policy: policy(40, 35, 25),
			sources: vec![fixed(1, 10), fixed(2, 20)],
			spoilt: |_| {},
			parent: None,
		}
	}
}

impl Registration {
	/// A model without data.
	fn without_data() -> Self {
		Self { policy: policy(60, 0, 40), sources: vec![], ..Self::default() }
	}

	fn send(self) -> DispatchResult {
		let origin = RuntimeOrigin::signed(self.owner);
		let mut details = details(1, self.sources);
		(self.spoilt)(&mut details);
		let (name, price, policy) = (name(self.name), self.price, self.policy);
		match self.parent {
			None => ModelRegistry::register_model(origin, name, details, price, policy),
			Some((parent, royalty)) => {
				let royalty = Permill::from_percent(royalty);
				ModelRegistry::register_derived_model(
					origin, name, details, price, policy, parent, royalty,
				)
			}
		}
	}

	/// Sends it, and returns the model's id.
	fn id(self) -> ModelId {
		let id = NextModelId::<Test>::get();
		assert_ok!(self.send());
		id
	}
}

fn name(text: &str) -> Name {
	Name::truncate_from(text.as_bytes().to_vec())
}

fn uri() -> Uri {
	Uri::truncate_from(b"https://example.com/smol-1".to_vec())
}

/// A version with these weights and sources.
fn details(weights: u8, sources: Vec<DataSource>) -> VersionDetails {
	VersionDetails {
		uri: uri(),
		base_hash: Hash::repeat_byte(weights),
		adapter_hash: None,
		tokenizer_hash: Hash::repeat_byte(2),
		template_hash: Some(Hash::repeat_byte(3)),
		template_overhead: 8,
		max_retrieved_tokens: 1_000,
		attribution_rule: NEWEST_RULE,
		sources: sources.try_into().unwrap(),
	}
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

/// The part of it for names that rest.
fn resting(who: &AccountId) -> Balance {
	let of_theirs = RestingNames::<Test>::iter_values().filter(|resting| resting.owner == *who);
	of_theirs.map(|resting| resting.deposit).sum()
}

fn registered() -> ModelId {
	Registration::default().id()
}

fn developer() -> RuntimeOrigin {
	RuntimeOrigin::signed(DEVELOPER)
}

fn other() -> RuntimeOrigin {
	RuntimeOrigin::signed(OTHER)
}

/// Publishes a version with these weights and sources as the developer.
fn publish(model: ModelId, weights: u8, sources: Vec<DataSource>) -> DispatchResult {
	ModelRegistry::publish_version(developer(), model, details(weights, sources))
}

fn set_price(model: ModelId, price: PriceSchedule) -> DispatchResult {
	ModelRegistry::set_price(developer(), model, price)
}

fn set_policy(model: ModelId, policy: RevenuePolicy) -> DispatchResult {
	ModelRegistry::set_policy(developer(), model, policy)
}

fn retire(model: ModelId) {
	assert_ok!(ModelRegistry::retire_model(developer(), model));
}

/// The terms of a call that is settled now, and was agreed on in the last block in which version and price version
/// were in force together.
fn last_terms(
	model: ModelId,
	version: u32,
	price_version: u32,
) -> Result<CallTerms<AccountId>, RejectReason> {
	(0..=System::block_number())
		.rev()
		.map(|as_of| ModelRegistry::terms_as_of(model, version, price_version, as_of))
		.find(|terms| *terms != Err(RejectReason::NotInForce))
		.unwrap_or(Err(RejectReason::NotInForce))
		.map(|(terms, _)| terms)
}

/// Why there are no terms; none if there are.
fn refusal(model: ModelId, version: u32, price_version: u32) -> Option<RejectReason> {
	last_terms(model, version, price_version).err()
}

type OwnersCall = (&'static str, fn(RuntimeOrigin, ModelId) -> DispatchResult);

/// Each call that only the owner of a model may make; those first that a retired one does not take.
fn owners_calls() -> ([OwnersCall; 9], [OwnersCall; 4]) {
	(
		[
			("pause", |origin, id| ModelRegistry::pause_model(origin, id)),
			("resume", |origin, id| ModelRegistry::resume_model(origin, id)),
			("publish", |origin, id| {
				ModelRegistry::publish_version(origin, id, details(9, vec![]))
			}),
			("cancel version", |origin, id| ModelRegistry::cancel_version(origin, id)),
			("set price", |origin, id| ModelRegistry::set_price(origin, id, CUT)),
			("cancel price", |origin, id| ModelRegistry::cancel_price(origin, id)),
			("set policy", |origin, id| ModelRegistry::set_policy(origin, id, policy(30, 30, 40))),
			("cancel policy", |origin, id| ModelRegistry::cancel_policy(origin, id)),
			("retire", |origin, id| ModelRegistry::retire_model(origin, id)),
		],
		[
			("purge", |origin, id| {
				ModelRegistry::purge_model(origin, id, 9).map(|_| ()).map_err(|error| error.error)
			}),
			("offer", |origin, id| ModelRegistry::offer_model(origin, id, POOR)),
			("withdraw", |origin, id| ModelRegistry::withdraw_offer(origin, id)),
			("set payee", |origin, id| ModelRegistry::set_payee(origin, id, Some(PAYEE))),
		],
	)
}

#[test]
fn what_is_the_owners_is_the_owners() {
	run(|| {
		let id = registered();
		let (first, rest) = owners_calls();
		for (_, call) in first.iter().chain(&rest) {
			assert_noop!(call(other(), id), Error::<Test>::NotOwner);
			assert_noop!(call(developer(), id + 1), Error::<Test>::UnknownModel);
		}
	});
}

#[test]
fn a_retired_model_takes_no_changes() {
	run(|| {
		let id = registered();
		retire(id);
		for (_, call) in owners_calls().0 {
			assert_noop!(call(developer(), id), Error::<Test>::Retired);
		}
	});
}

#[test]
fn weights_grow_with_the_work() {
	let weights: [(fn(u32) -> frame_support::weights::Weight, u32); 5] = [
		(<() as WeightInfo>::register_model, MAX_SOURCES),
		(<() as WeightInfo>::register_derived_model, MAX_SOURCES),
		(<() as WeightInfo>::publish_version, MAX_SOURCES),
		(<() as WeightInfo>::purge_model, MAX_REMOVED),
		(<() as WeightInfo>::prune_model, MAX_REMOVED),
	];
	for (weight, most) in weights {
		let (none, most) = (weight(0), weight(most));
		assert!(most.ref_time() > none.ref_time() && most.proof_size() > none.proof_size());
	}
	assert!(DataSources::bound() == MAX_SOURCES as usize);
}
