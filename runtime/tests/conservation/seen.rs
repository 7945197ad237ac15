//! What a script has come upon in settlements of lanes, so that a long one that sees too little is noticed.

use crate::{market::Market, payments::Settled};
use openledger_primitives::{
	answer::Evidence,
	lane::{SettledItem, SettledLane},
	traits::{LaneTerms, ModelInspect, RevenueDistributor},
	AccountId, ReleaseId,
};
use openledger_runtime::{ModelRegistry, RevenueSplit, System};
use std::collections::BTreeSet;

/// What a long script has to come upon.
pub const TO_BE_SEEN: &[&str] = &[
	"five lanes at once",
	"lanes of several sessions at once",
	"one lane twice at once",
	"records alone",
	"a run alone",
	"records and a run",
	"something rejected beside what counts",
	"a contribution paid directly",
	"a sealed lane",
	"a price of the node's own",
	"a model above",
	"a node's payee",
	"a call skipped",
	"as of a block in the past",
	"another release since",
	"another curator since",
	"another payee of the model since",
	"another payee above since",
	"another share of the protocol since",
];

/// The terms that a lane's calls would have if they were agreed on now.
fn terms_of_now(lane: &SettledLane) -> Option<LaneTerms<AccountId>> {
	let now = System::block_number();
	let agreement = &lane.agreement;
	let (call, changed_at) = <ModelRegistry as ModelInspect<AccountId>>::terms_as_of(
		agreement.model,
		agreement.version,
		agreement.price_version,
		now,
	)
	.ok()?;
	RevenueSplit::lane_terms(call, changed_at, now).ok()
}

impl Market {
	/// Notes what there is to lanes that were settled at once.
	pub fn see(&mut self, lanes: &[Settled]) {
		let headers = || lanes.iter().map(|(header, _)| header);
		let sessions = headers().map(|header| header.session).collect::<BTreeSet<_>>();
		let keys = headers().map(|header| (header.session, header.lane)).collect::<BTreeSet<_>>();
		self.count("five lanes at once", keys.len() >= 5);
		self.count("lanes of several sessions at once", sessions.len() > 1);
		self.count("one lane twice at once", keys.len() < lanes.len());
		for (header, items) in lanes {
			self.see_lane(header, items);
			self.see_changes(header);
		}
	}

	fn see_lane(&mut self, header: &SettledLane, items: &[SettledItem]) {
		let is_run = |item: &SettledItem| matches!(item, SettledItem::Run(_));
		let runs = items.iter().filter(|item| is_run(item)).count();
		let direct = |item: &SettledItem| match item {
			SettledItem::Call(call) => call.direct.iter().any(|paid| paid.amount > 0),
			SettledItem::Run(_) => false,
		};
		let calls: u64 = items
			.iter()
			.map(|item| match item {
				SettledItem::Call(_) => 1,
				SettledItem::Run(run) => run.totals.calls.into(),
			})
			.sum();
		let first = self.paid.get(&(header.session, header.lane)).copied().unwrap_or_default();
		self.count("records alone", runs == 0);
		self.count("a run alone", runs == items.len());
		self.count("records and a run", runs > 0 && runs < items.len());
		self.count("something rejected beside what counts", header.rejected > 0);
		self.count("a contribution paid directly", items.iter().any(direct));
		self.count("a sealed lane", header.agreement.evidence == Evidence::Sealed);
		self.count("a price of the node's own", header.agreement.own_price.is_some());
		self.count("a model above", !header.lineage.is_empty());
		self.count("a node's payee", header.node_payee != header.node);
		self.count("a call skipped", header.sequence - first > calls);
	}

	fn see_changes(&mut self, header: &SettledLane) {
		let newest = System::block_number() - 1;
		self.count("as of a block in the past", header.agreement.as_of < newest);
		let Some(now) = terms_of_now(header) else { return };
		let releases = |sources: &mut dyn Iterator<Item = ReleaseId>| sources.collect::<Vec<_>>();
		let then = releases(&mut header.sources.iter().map(|source| source.release));
		let since = releases(&mut now.sources.iter().map(|source| source.release));
		let curators = header.sources.iter().zip(&now.sources);
		let mut curators = curators.filter(|(then, now)| then.datanet == now.datanet);
		let mut above = header.lineage.iter().zip(&now.call.lineage);
		self.count("another release since", then != since);
		self.count(
			"another curator since",
			curators.any(|(then, now)| then.curator != now.curator),
		);
		self.count("another payee of the model since", header.developer_payee != now.call.payee);
		self.count("another payee above since", above.any(|(then, now)| then.payee != now.payee));
		let share = header.protocol_share != now.protocol_share;
		self.count("another share of the protocol since", share);
	}

	fn count(&mut self, what: &'static str, seen: bool) {
		if seen {
			*self.seen.entry(what).or_default() += 1;
		}
	}
}
