//! A stand-in for the model registry.

use super::*;
use codec::{Decode, Encode};
use openledger_primitives::{
	attribution::{DataSource, ReleaseSelector},
	lineage::Ancestor,
	policy::RevenuePolicy,
	price::PriceSchedule,
	traits::CallTerms,
	BlockNumber, PriceVersion, VersionId,
};

/// A model, as the stand-in for the registry knows it.
#[derive(Clone, Debug, Encode, Decode)]
pub struct Model {
	/// `true` if it takes new calls.
	pub callable: bool,
	/// Version and price version that were in force, and from which block on.
	pub in_force: Vec<(BlockNumber, (VersionId, PriceVersion))>,
	/// The price of the price version 0. Each later one is as much dearer.
	pub price: PriceSchedule,
	/// `true` if it pays data.
	pub data: bool,
	/// Why there are no terms, if there are none.
	pub refusal: Option<RejectReason>,
}

/// Stands in for the model registry.
pub struct Models;

fn model_key(model: ModelId) -> Vec<u8> {
	(b"models", model).encode()
}

impl Models {
	pub fn set(id: ModelId, model: &Model) {
		unhashed::put(&model_key(id), model);
	}

	pub fn get(id: ModelId) -> Option<Model> {
		unhashed::get(&model_key(id))
	}

	pub fn change(id: ModelId, change: impl FnOnce(&mut Model)) {
		let mut model = Self::get(id).unwrap();
		change(&mut model);
		Self::set(id, &model);
	}

	pub fn add(id: ModelId, data: bool) {
		let token = PRICE / 100;
		let price = PriceSchedule {
			per_call: PRICE,
			per_input_token: token,
			per_cached_input_token: 0,
			per_output_token: token,
		};
		let in_force = vec![(0, (0, 0))];
		Self::set(id, &Model { callable: true, in_force, price, data, refusal: None });
	}

	/// Puts a version and a price version in force, from this block on.
	pub fn replace(id: ModelId, version: VersionId, price_version: PriceVersion) {
		let now = System::block_number();
		Self::change(id, |model| {
			model.in_force.retain(|(from, _)| *from < now);
			model.in_force.push((now, (version, price_version)));
		});
	}
}

impl ModelInspect<AccountId> for Models {
	fn exists(model: ModelId) -> bool {
		Self::get(model).is_some()
	}

	fn is_callable(model: ModelId) -> bool {
		Self::get(model).is_some_and(|model| model.callable)
	}

	fn in_force(model: ModelId) -> Option<(VersionId, PriceVersion)> {
		Self::get(model)?.in_force.last().map(|(_, in_force)| *in_force)
	}

	fn template_overhead(_: ModelId, _: VersionId) -> Option<u32> {
		Some(OVERHEAD)
	}

	/// The developer and the parent are the same at all times.
	fn terms_as_of(
		model: ModelId,
		version: VersionId,
		price_version: PriceVersion,
		as_of: BlockNumber,
	) -> Result<(CallTerms<AccountId>, Option<BlockNumber>), RejectReason> {
		let model = Self::get(model).ok_or(RejectReason::UnknownModel)?;
		if let Some(reason) = model.refusal {
			return Err(reason);
		}
		let mut before = model.in_force.iter().rev();
		let in_force = before.find(|(from, _)| *from <= as_of && as_of <= System::block_number());
		if in_force.is_none_or(|(_, in_force)| *in_force != (version, price_version)) {
			return Err(RejectReason::NotInForce);
		}
		let times = Balance::from(price_version) + 1;
		let mut policy = RevenuePolicy {
			developer: Permill::from_percent(50),
			data: Permill::from_percent(20),
			node: Permill::from_percent(30),
			attributed: Permill::from_percent(50),
		};
		let source = |datanet| DataSource { datanet, release: ReleaseSelector::Latest, weight: 1 };
		let mut sources = vec![source(0), source(1)];
		if !model.data {
			policy = policy.without_data();
			sources.clear();
		}
		let parent = Ancestor { model: 7, payee: account(PARENT), royalty: ROYALTY };
		let terms = CallTerms {
			payee: account(DEVELOPER),
			price: PriceSchedule {
				per_call: model.price.per_call.saturating_mul(times),
				per_input_token: model.price.per_input_token.saturating_mul(times),
				per_cached_input_token: 0,
				per_output_token: model.price.per_output_token.saturating_mul(times),
			},
			policy,
			sources: sources.try_into().unwrap(),
			lineage: vec![parent].try_into().unwrap(),
		};
		Ok((terms, None))
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_model(
		_: &AccountId,
		_: openledger_primitives::attribution::DataSources,
	) -> Result<ModelId, sp_runtime::DispatchError> {
		let id = 1_000;
		Self::add(id, true);
		Ok(id)
	}
}
