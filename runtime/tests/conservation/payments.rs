//! Payments of settlements, worked out from their events alone, and compared with what became of everybody's money.

use crate::common::{pots, wealth};
use openledger_primitives::{
	lane::{payouts, LanePayouts, SettledItem, SettledLane},
	AccountId, Balance, ContributionId, DatanetId, ReleaseId,
};
use openledger_runtime::{Runtime, RuntimeEvent, System};
use pallet_data_attribution::{CuratorEarnings, DirectEarnings, Releases, SlashedEarnings};
use pallet_inference_metering::Event;
use pallet_inference_requests::Event as RequestEvent;
use pallet_revenue_split::Accrued;
use std::collections::BTreeMap;

/// A lane's settlement, as the events say.
pub type Settled = (SettledLane, Vec<SettledItem>);

/// What the events of this block, from the given one on, say of lanes that were settled.
pub fn settled_lanes(events: usize) -> Vec<Settled> {
	let mut lanes = Vec::<Settled>::new();
	for record in System::events().into_iter().skip(events) {
		match record.event {
			RuntimeEvent::InferenceMetering(Event::LaneSettled { header }) => {
				lanes.push((*header, Vec::new()));
			}
			RuntimeEvent::InferenceMetering(Event::ItemSettled(item)) => {
				lanes.last_mut().expect("its lane comes first").1.push(item);
			}
			_ => (),
		}
	}
	lanes
}

/// What the events of this block, from the given one on, say of calls on chain that were answered: the same as of
/// lanes with one call.
pub fn fulfilled_calls(events: usize) -> Vec<Settled> {
	let fulfilled = System::events().into_iter().skip(events);
	let calls = fulfilled.filter_map(|record| match record.event {
		RuntimeEvent::InferenceRequests(RequestEvent::CallFulfilled { request, call, .. }) => {
			let (lane, item) = call.as_lane(request);
			Some((lane, vec![item]))
		}
		_ => None,
	});
	calls.collect()
}

/// Works out once more what all of these settlements have paid, and to whom.
pub fn recomputed(lanes: &[Settled]) -> Vec<LanePayouts> {
	let payouts = |(lane, items): &Settled| {
		payouts(lane, items)
			.unwrap_or_else(|error| panic!("{error:?} does not come out: {lane:?} {items:?}"))
	};
	lanes.iter().map(payouts).collect()
}

/// Everything that a settlement can add to or take from, in planck. What is nothing is not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
	/// By account: what it has, on hold or not, and what waits for it because it is too little.
	accounts: BTreeMap<AccountId, Balance>,
	contributions: BTreeMap<ContributionId, Balance>,
	/// Amounts that came into releases, for their contributors.
	releases: BTreeMap<(DatanetId, ReleaseId), Balance>,
	curators: BTreeMap<(AccountId, DatanetId), Balance>,
}

impl Ledger {
	/// As it is now.
	pub fn now() -> Self {
		let mut ledger = Self::default();
		for account in frame_system::Account::<Runtime>::iter_keys() {
			let balance = wealth(&account);
			ledger.accounts.insert(account, balance);
		}
		// What waits for others is in this pot.
		let [_, split_pot, _] = pots();
		ledger.accounts.remove(&split_pot);
		for (account, amount) in Accrued::<Runtime>::iter() {
			*ledger.accounts.entry(account).or_default() += amount;
		}
		let earned = DirectEarnings::<Runtime>::iter().chain(SlashedEarnings::<Runtime>::iter());
		for (contribution, amount) in earned {
			*ledger.contributions.entry(contribution).or_default() += amount;
		}
		for (datanet, release, state) in Releases::<Runtime>::iter() {
			ledger.releases.insert((datanet, release), state.received);
		}
		for (account, datanet, amount) in CuratorEarnings::<Runtime>::iter() {
			ledger.curators.insert((account, datanet), amount);
		}
		ledger.retain();
		ledger
	}

	/// After settlements that paid this.
	pub fn after(mut self, lanes: &[Settled]) -> Self {
		let [data_pot, _, protocol] = pots();
		for ((lane, _), paid) in lanes.iter().zip(recomputed(lanes)) {
			let caller = self.accounts.get_mut(&lane.caller).expect("the caller had it");
			*caller = caller.checked_sub(lane.charged).expect("the caller had it");
			self.add(&protocol, paid.protocol);
			for ((payee, _), amount) in paid.payees {
				self.add(&payee, amount);
			}
			let mut data = 0;
			for (contribution, amount) in paid.contributions {
				*self.contributions.entry(contribution).or_default() += amount;
				data += amount;
			}
			for (release, amount) in paid.releases {
				*self.releases.entry(release).or_default() += amount;
				data += amount;
			}
			for (curator, amount) in paid.curators {
				*self.curators.entry(curator).or_default() += amount;
				data += amount;
			}
			self.add(&data_pot, data);
		}
		self.retain();
		self
	}

	fn add(&mut self, account: &AccountId, amount: Balance) {
		*self.accounts.entry(account.clone()).or_default() += amount;
	}

	fn retain(&mut self) {
		self.accounts.retain(|_, amount| *amount > 0);
		self.contributions.retain(|_, amount| *amount > 0);
		self.releases.retain(|_, amount| *amount > 0);
		self.curators.retain(|_, amount| *amount > 0);
	}
}
