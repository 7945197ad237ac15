//! What a settlement of lanes weighs.

use super::redeem::Redeemer;
use crate::{
	pallet::Config,
	types::{count, extra},
	versions::LaneSettlement,
	WeightInfo,
};
use alloc::collections::BTreeSet;
use frame_support::weights::Weight;
use openledger_primitives::{lane::Extent, MAX_LINEAGE, MAX_SOURCES};

/// What a settlement of lanes is made of, as far as its weight goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LanesLoad {
	/// Lanes, those that are rejected too.
	pub(crate) lanes: u32,
	/// Records, their entries, and runs.
	pub(crate) extent: Extent,
	/// Sessions that they are of.
	pub(crate) sessions: u32,
	/// Models, versions and price versions that they name, with who is paid for each.
	pub(crate) models: u32,
	/// Releases that they pay, with the curators.
	pub(crate) sources: u32,
	/// Models above theirs.
	pub(crate) parents: u32,
}

impl LanesLoad {
	/// The most that these lanes can be.
	pub(crate) fn of(lanes: &[LaneSettlement]) -> Self {
		let extent = lanes.iter().map(LaneSettlement::extent).sum();
		let lanes = count(lanes.len());
		Self {
			lanes,
			extent,
			sessions: lanes,
			models: lanes,
			sources: lanes.saturating_mul(MAX_SOURCES),
			parents: lanes.saturating_mul(MAX_LINEAGE),
		}
	}

	/// What was really found of that.
	pub(super) fn as_found<T: Config>(self, redeemer: &Redeemer<T>) -> Self {
		// Whoever is paid costs an account, also where another is paid for the same.
		let models: BTreeSet<_> = redeemer
			.terms
			.iter()
			.map(|((model, version, price_version, _), terms)| {
				let payee = terms.as_ref().ok().map(|terms| &terms.call.payee);
				(model, version, price_version, payee)
			})
			.collect();
		let found = || redeemer.terms.values().flatten();
		let sources: BTreeSet<_> = found()
			.flat_map(|terms| &terms.sources)
			.map(|source| (source.datanet, source.release, &source.curator))
			.collect();
		let parents: BTreeSet<_> = found()
			.flat_map(|terms| &terms.call.lineage)
			.map(|parent| (parent.model, &parent.payee))
			.collect();
		Self {
			sessions: count(redeemer.sessions.len()),
			models: count(models.len()),
			sources: count(sources.len()),
			parents: count(parents.len()),
			..self
		}
	}

	/// The weight of the settlement.
	///
	/// Measured are lanes that have nothing in common, each with a model of its own that has as many sources
	/// and parents as it can; what lanes with a session but not a model of their own weigh; and lanes of one
	/// session and model.
	pub(crate) fn weight<W: WeightInfo>(&self) -> Weight {
		// Models of which several lanes see different releases or owners count as more than one.
		let models = self
			.models
			.max(self.sources.div_ceil(MAX_SOURCES))
			.max(self.parents.div_ceil(MAX_LINEAGE));
		let sessions = self.sessions.saturating_sub(models);
		let lanes = self.lanes.saturating_sub(models).saturating_sub(sessions);
		let Extent { records, entries, runs } = self.extent;
		let no_sources = models.saturating_mul(MAX_SOURCES).saturating_sub(self.sources);
		let no_parents = models.saturating_mul(MAX_LINEAGE).saturating_sub(self.parents);
		W::settle_lanes(models)
			.saturating_add(extra(W::settle_lanes_of_sessions, sessions, 0))
			.saturating_add(extra(W::settle_lanes_of_one, lanes, 0))
			.saturating_add(extra(W::settle_lane_records, records, self.lanes.min(records)))
			.saturating_add(extra(W::settle_lane_entries, entries, 0))
			.saturating_add(extra(W::settle_lane_runs, runs, 0))
			.saturating_sub(extra(W::settle_lane_sources, no_sources, 0))
			.saturating_sub(extra(W::settle_lane_parents, no_parents, 0))
	}
}
