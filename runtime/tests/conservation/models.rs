//! Actions of developers.

use crate::{
	market::{Deed, Market},
	people::{developer, person},
	script::{Kind, Step},
};
use openledger_primitives::{
	attribution::{DataSource, DataSources, ReleaseSelector},
	model::VersionDetails,
	policy::RevenuePolicy,
	price::PriceSchedule,
	Balance, DatanetId, Hash, ModelId, Name, ReleaseId, MAX_LINEAGE, MILLI_OPEN,
};
use openledger_runtime::{Runtime, System};
use pallet_data_attribution::Datanets;
use pallet_model_registry::{Call, ModelOf, Models, Prices, RestingNames, Terms, Versions};
use sp_runtime::Permill;

use crate::common::{bounded, text, version};

type Model = ModelOf<Runtime>;

/// A model that was never registered.
const NO_MODEL: ModelId = 9_999;

/// All models as they are now, by id.
pub fn models() -> Vec<(ModelId, Model)> {
	let now = System::block_number();
	let mut models = Models::<Runtime>::iter()
		.map(|(id, mut model)| {
			model.advance(now);
			(id, model)
		})
		.collect::<Vec<_>>();
	models.sort_by_key(|(id, _)| *id);
	models
}

/// The terms of a model that are in force, and those that are announced.
fn terms(id: ModelId, model: &Model) -> Vec<Terms> {
	let next = model.price.next.as_ref().map(|next| next.value);
	core::iter::once(model.price.current)
		.chain(next)
		.filter_map(|number| Prices::<Runtime>::get(id, number))
		.map(|entry| entry.value)
		.collect()
}

/// Returns `true` if what is announced for a model differs from what is in force, in the part that `half`
/// picks.
fn announces<Half: PartialEq>(id: ModelId, model: &Model, half: impl Fn(&Terms) -> Half) -> bool {
	let terms = terms(id, model);
	terms.iter().any(|other| half(other) != half(&terms[0]))
}

/// Those that take new calls.
pub fn callable_models() -> Vec<(ModelId, Model)> {
	let mut models = models();
	models.retain(|(_, model)| !model.paused && model.retired_at.is_none());
	models
}

/// The releases that there are.
fn releases() -> Vec<(DatanetId, ReleaseId)> {
	let mut releases = Datanets::<Runtime>::iter()
		.flat_map(|(id, datanet)| (1..=datanet.latest_release).map(move |release| (id, release)))
		.collect::<Vec<_>>();
	releases.sort_unstable();
	releases
}

/// Prices from less than anybody would notice to far above the existential deposit.
fn price(value: u16) -> PriceSchedule {
	let value = Balance::from(value);
	let per_call = match value % 4 {
		0 => value,
		1 => value * MILLI_OPEN / 1_000 + 1,
		_ => (value % 100) * MILLI_OPEN / 10 + 7,
	};
	PriceSchedule {
		per_call,
		per_input_token: (value % 7) * 1_000_003,
		// Dearer than others, at times.
		per_cached_input_token: (value % 7) * 1_000_003 / (1 + value % 3) + value % 300 / 299,
		per_output_token: (value % 5) * MILLI_OPEN / 10_000 + value % 3,
	}
}

/// Policies with all kinds of shares.
fn policy(value: u16) -> RevenuePolicy {
	let shares = |developer, data, node, attributed| RevenuePolicy {
		developer: Permill::from_parts(developer),
		data: Permill::from_parts(data),
		node: Permill::from_parts(node),
		attributed: Permill::from_parts(attributed),
	};
	match value {
		// Not complete.
		0 => shares(500_000, 400_000, 99_999, 0),
		value => match value % 6 {
			0 => shares(1_000_000, 0, 0, 0),
			1 => shares(0, 1_000_000, 0, 1_000_000),
			2 => shares(333_333, 333_334, 333_333, 333_333),
			3 => shares(700_000, 0, 300_000, 0),
			_ => shares(400_000, 350_000, 250_000, 500_000),
		},
	}
}

/// One to three releases, or what does not name any.
fn sources(value: u16) -> DataSources {
	let releases = releases();
	let place = usize::from(value);
	let count = 1 + place % 3;
	let mut sources = (0..count)
		.filter_map(|number| {
			let place = (place + number * 7).checked_rem(releases.len())?;
			let (datanet, release) = releases[place];
			let release = match (place + number) % 3 {
				0 => ReleaseSelector::Latest,
				_ => ReleaseSelector::Fixed(release),
			};
			Some(DataSource { datanet, release, weight: 1 + (place % 5) as u64 })
		})
		.collect::<Vec<_>>();
	sources.sort_by_key(|source| (source.datanet, source.release));
	sources.dedup_by_key(|source| (source.datanet, source.release));
	if let Some(first) = sources.first_mut() {
		match value % 40 {
			37 => first.weight = 0,
			38 => first.release = ReleaseSelector::Fixed(500),
			39 => {
				let again = *first;
				sources.push(again);
			}
			_ => (),
		}
	}
	bounded(sources)
}

/// A policy, and the sources that go with it, if there are any.
fn policy_with_sources(value: u16) -> (RevenuePolicy, DataSources) {
	let policy = policy(value);
	let sources = if policy.pays_data() { sources(value) } else { DataSources::default() };
	(policy, sources)
}

impl Market {
	/// A name that nobody has. Or one that is not allowed, or one that somebody has.
	pub fn name(&mut self, value: u16, taken: Option<Name>) -> Name {
		match (value, taken) {
			(0, _) => text("Not a name"),
			(u16::MAX, Some(name)) => name,
			_ => text(&format!("name-{}", self.next_serial())),
		}
	}

	/// A version with weights that no other has. Or one whose template adds too much.
	fn version(&mut self, value: u16, sources: DataSources) -> VersionDetails {
		let weights = Hash::from_low_u64_be(self.next_serial().into());
		let details = version(&format!("https://models.example/{value}"), weights, sources);
		let template_overhead = if value == u16::MAX { u32::MAX } else { value.into() };
		VersionDetails { template_overhead, ..details }
	}
}

/// The call of a step that is about models.
pub fn deed(market: &mut Market, step: &Step) -> Option<Deed> {
	let now = System::block_number();
	let models = models();
	let ids = || models.iter().map(|(id, _)| *id);
	let that = |fits: &dyn Fn(ModelId, &Model) -> bool| {
		let fit = models.iter().filter(|(id, model)| fits(*id, model)).map(|(id, _)| *id);
		step.pick(fit, ids(), NO_MODEL)
	};
	let find = |id: ModelId| models.iter().find(|(other, _)| *other == id).map(|(_, model)| model);
	let owner = |id: ModelId| {
		step.by(find(id).map_or_else(|| developer(step.pick), |model| model.owner.clone()))
	};
	let active = |_: ModelId, model: &Model| model.retired_at.is_none();
	let taken = || models.first().map(|(_, model)| model.name.clone());

	match step.kind {
		Kind::RegisterModel => {
			let (policy, sources) = policy_with_sources(step.value);
			let call = Call::register_model {
				name: market.name(step.value, taken()),
				details: market.version(step.value, sources),
				price: price(step.value),
				policy,
			};
			Deed::by(step.by(developer(step.pick)), call)
		}
		Kind::RegisterDerivedModel => {
			let levels = |model: &Model| {
				let (mut levels, mut above) = (1, model.parent);
				while let Some(found) = above.and_then(|parent| find(parent.model)) {
					levels += 1;
					above = found.parent;
				}
				levels
			};
			// The deepest may be too deep.
			let parent = that(&|_, model| {
				model.retired_at.is_none() && (levels(model) <= MAX_LINEAGE || step.value < 100)
			});
			let (policy, sources) = policy_with_sources(step.value);
			let call = Call::register_derived_model {
				name: market.name(step.value, taken()),
				details: market.version(step.value, sources),
				price: price(step.value),
				policy,
				parent,
				royalty: Permill::from_parts(u32::from(step.value % 11) * 100_000 + 1)
					.min(Permill::one()),
			};
			Deed::by(step.by(developer(step.pick)), call)
		}
		Kind::PauseModel => {
			let model = that(&|_, model| active(0, model) && !model.paused);
			Deed::by(owner(model), Call::pause_model { model })
		}
		Kind::ResumeModel => {
			let model = that(&|_, model| active(0, model) && model.paused);
			Deed::by(owner(model), Call::resume_model { model })
		}
		Kind::PublishVersion => {
			let model = that(&active);
			let before = find(model).map(|found| {
				let pays_data = terms(model, found).iter().any(|terms| terms.policy.pays_data());
				(found.version.current, pays_data)
			});
			let sources = match before {
				Some((version, _)) if !step.value.is_multiple_of(3) => {
					Versions::<Runtime>::get(model, version)
						.map(|version| version.value.sources)
						.unwrap_or_default()
				}
				Some((_, true)) => sources(step.value),
				_ => policy_with_sources(step.value).1,
			};
			let details = market.version(step.value, sources);
			Deed::by(owner(model), Call::publish_version { model, details })
		}
		Kind::CancelVersion => {
			let model =
				that(&|_, model| active(0, model) && model.version.announced(now).is_some());
			Deed::by(owner(model), Call::cancel_version { model })
		}
		Kind::SetPrice => {
			let model = that(&active);
			let in_force = find(model)
				.and_then(|found| Prices::<Runtime>::get(model, found.price.current))
				.map(|entry| entry.value.price);
			let price = match (step.value, in_force) {
				(0, Some(same)) => same,
				_ => price(step.value),
			};
			Deed::by(owner(model), Call::set_price { model, price })
		}
		Kind::CancelPrice => {
			let model =
				that(&|id, model| active(id, model) && announces(id, model, |terms| terms.price));
			Deed::by(owner(model), Call::cancel_price { model })
		}
		Kind::SetPolicy => {
			let model = that(&active);
			Deed::by(owner(model), Call::set_policy { model, policy: policy(step.value) })
		}
		Kind::CancelPolicy => {
			let model =
				that(&|id, model| active(id, model) && announces(id, model, |terms| terms.policy));
			Deed::by(owner(model), Call::cancel_policy { model })
		}
		Kind::RetireModel => {
			let model = that(&active);
			Deed::by(owner(model), Call::retire_model { model })
		}
		Kind::PurgeModel => {
			let model = that(&|_, model| model.retired_at.is_some_and(|at| at <= now));
			let limit = u32::from(step.value % 5);
			Deed::by(owner(model), Call::purge_model { model, limit })
		}
		Kind::PruneModel => {
			let model = that(&|_, model| model.oldest_price < model.price.current);
			let limit = u32::from(step.value % 5);
			Deed::by(person(step.pick), Call::prune_model { model, limit })
		}
		Kind::ReleaseName => {
			let name = RestingNames::<Runtime>::iter_keys().nth(usize::from(step.pick) % 4);
			let name = name.unwrap_or_else(|| text("nobody's"));
			Deed::by(person(step.pick), Call::release_name { name })
		}
		Kind::OfferModel => {
			let model = that(&|_, _| true);
			// Their own, at times.
			let to =
				if step.value.is_multiple_of(9) { owner(model) } else { developer(step.place()) };
			Deed::by(owner(model), Call::offer_model { model, to })
		}
		Kind::WithdrawOffer => {
			let model = that(&|_, model| model.offered_to.is_some());
			Deed::by(owner(model), Call::withdraw_offer { model })
		}
		Kind::AcceptModel => {
			let model = that(&|_, model| model.offered_to.is_some());
			let to = find(model).and_then(|model| model.offered_to.clone());
			let to = to.unwrap_or_else(|| developer(step.place()));
			let max_deposit = Balance::MAX;
			Deed::by(step.by(to), Call::accept_model { model, max_deposit })
		}
		Kind::SetModelPayee => {
			let model = that(&|_, _| true);
			let payee = (!step.value.is_multiple_of(4)).then(|| person(step.place()));
			Deed::by(owner(model), Call::set_payee { model, payee })
		}
		_ => None,
	}
}
