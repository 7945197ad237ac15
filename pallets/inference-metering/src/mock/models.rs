//! A stand-in for the model registry.

use super::*;

/// A model of the developer's, by version and price version.
#[derive(Clone, Default)]
pub struct Model {
	pub callable: bool,
	pub retired: bool,
	pub versions: BTreeMap<VersionId, Result<(), RejectReason>>,
	pub prices: BTreeMap<PriceVersion, Result<PriceSchedule, RejectReason>>,
	/// Who is paid for it, by the block from which on. Before that, and if there is none, the developer.
	pub payees: BTreeMap<u32, u8>,
	/// What a model above it gets of the developer's part, if it has one.
	pub royalty: Option<Permill>,
}

/// The shares of what all models earn.
pub fn policy() -> RevenuePolicy {
	RevenuePolicy {
		developer: Permill::from_percent(40),
		data: Permill::from_percent(35),
		node: Permill::from_percent(25),
		attributed: Permill::from_percent(60),
	}
}

/// Stands in for the model registry.
pub struct Models;

impl Models {
	pub fn change(model: ModelId, change: impl FnOnce(&mut Model)) {
		Catalog::mutate(|catalog| change(catalog.entry(model).or_default()));
	}
}

impl ModelInspect<AccountId> for Models {
	fn exists(model: ModelId) -> bool {
		Catalog::get().contains_key(&model)
	}

	fn is_callable(model: ModelId) -> bool {
		Catalog::get().get(&model).is_some_and(|model| model.callable)
	}

	fn in_force(model: ModelId) -> Option<(VersionId, PriceVersion)> {
		Self::exists(model).then_some((0, 0))
	}

	fn template_overhead(model: ModelId, version: VersionId) -> Option<u32> {
		let known = Catalog::get().get(&model).is_some_and(|it| it.versions.contains_key(&version));
		known.then_some(0)
	}

	fn terms_as_of(
		model: ModelId,
		version: VersionId,
		price_version: PriceVersion,
		as_of: u32,
	) -> Result<(CallTerms<AccountId>, Option<u32>), RejectReason> {
		let model = Catalog::get().remove(&model).ok_or(RejectReason::UnknownModel)?;
		let Model { retired, versions, prices, payees, royalty, .. } = model;
		if retired {
			return Err(RejectReason::ModelRetired);
		}
		(*versions.get(&version).ok_or(RejectReason::UnknownVersion)?)?;
		let price = (*prices.get(&price_version).ok_or(RejectReason::UnknownPrice)?)?;
		let source = DataSource { datanet: 0, release: ReleaseSelector::Fixed(1), weight: 1 };
		let payee = payees.range(..=as_of).next_back().map_or(DEVELOPER, |(_, payee)| *payee);
		let changed_at = payees.range(as_of + 1..).next().map(|(from, _)| *from);
		let parent = |royalty| Ancestor { model: 77, payee: account(PARENT), royalty };
		let lineage: Vec<_> = royalty.map(parent).into_iter().collect();
		let terms = CallTerms {
			payee: account(payee),
			price,
			policy: policy(),
			sources: vec![source].try_into().unwrap(),
			lineage: lineage.try_into().unwrap(),
		};
		Ok((terms, changed_at))
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_model(
		_: &AccountId,
		_: openledger_primitives::attribution::DataSources,
	) -> Result<ModelId, DispatchError> {
		let model = Catalog::get().keys().last().map_or(0, |last| last + 1);
		Models::change(model, |model| {
			model.callable = true;
			model.versions.insert(0, Ok(()));
			model.prices.insert(0, Ok(price(1)));
		});
		Ok(model)
	}
}

#[cfg(feature = "runtime-benchmarks")]
impl openledger_primitives::traits::DataInspect for Models {
	fn release_exists(_: u32, _: u32) -> bool {
		true
	}

	fn latest_release(_: u32) -> Option<u32> {
		Some(1)
	}

	fn benchmark_release(count: u32) -> Result<(u32, u32, Vec<u64>), DispatchError> {
		Ok((0, 1, (0..count).map(u64::from).collect()))
	}
}
