//! Lanes: which releases their sources lead to, who is paid how much of their calls, who would like that to be
//! somebody else, and what random batches keep true.
//!
//! The lanes here are of a model that pays all to data, at a price per token of the prompt alone. So what a call
//! costs is its data part, and the events of a settlement can be made, and worked out again, without the rest of
//! the chain.

mod attacks;
mod paying;
mod properties;
mod resolving;

use crate::{mock::*, Accounted, CuratorEarnings, DirectEarnings, Releases, SlashedEarnings};
use frame_support::{traits::fungible::Mutate, BoundedVec};
use openledger_primitives::{
	answer::Evidence,
	attribution::{DataSource, DataSources},
	lane::{
		payouts, Agreement, AttributionShare, CallRecord, DirectAmounts, LanePayouts, RejectReason,
		SettledCall, SettledItem, SettledLane, SettledParts, SettledRun, SourceShare,
	},
	lane_list::Totals,
	policy::RevenuePolicy,
	price::PriceSchedule,
	traits::{DataRevenue, LaneCredit, LaneDue, Resolved, ResolvedSource},
	tree, AccountId, Balance, BlockNumber, ContributionId, DatanetId, Hash, ReleaseId,
};
use sp_runtime::{DispatchError, Permill};
use std::collections::BTreeMap;

const HALF: Permill = Permill::from_percent(50);
const ALL: Permill = Permill::from_percent(100);
const NOTHING: Permill = Permill::from_percent(0);

/// Something settled of a lane: tokens, each of which costs as much as the lane says.
#[derive(Clone, Debug)]
enum Item {
	/// A call with the contributions that it is attributed to, and their basis points.
	Call(u32, Vec<(ContributionId, u16)>),
	/// A run of calls.
	Run(u32),
}

/// A lane that is settled.
#[derive(Clone, Debug)]
struct Lane {
	sources: Vec<DataSource>,
	as_of: BlockNumber,
	attributed: Permill,
	/// The price of a token, in planck.
	per_token: Balance,
	items: Vec<Item>,
}

impl Lane {
	/// A lane as of now whose calls are attributed by half, for a planck a token.
	fn of(sources: &[DataSource], items: Vec<Item>) -> Self {
		let (sources, as_of) = (sources.to_vec(), System::block_number());
		Self { sources, as_of, attributed: HALF, per_token: 1, items }
	}

	fn agreed_in(self, as_of: BlockNumber) -> Self {
		Self { as_of, ..self }
	}

	fn attributed(self, attributed: Permill) -> Self {
		Self { attributed, ..self }
	}

	fn tokens(&self) -> Vec<u32> {
		let tokens = |item: &Item| match item {
			Item::Call(tokens, _) | Item::Run(tokens) => *tokens,
		};
		self.items.iter().map(tokens).collect()
	}

	fn entries(&self) -> Vec<Vec<AttributionShare>> {
		let entries = |item: &Item| match item {
			Item::Call(_, entries) => shares(entries),
			Item::Run(_) => Vec::new(),
		};
		self.items.iter().map(entries).collect()
	}

	/// The lane's data part, in planck.
	fn data(&self) -> Balance {
		self.tokens().into_iter().map(|tokens| self.per_token * Balance::from(tokens)).sum()
	}
}

fn shares(entries: &[(ContributionId, u16)]) -> Vec<AttributionShare> {
	let share = |(contribution, basis_points): &(ContributionId, u16)| AttributionShare {
		contribution: *contribution,
		basis_points: *basis_points,
	};
	entries.iter().map(share).collect()
}

/// A call of so many tokens.
fn call(tokens: u32, entries: &[(ContributionId, u16)]) -> Item {
	Item::Call(tokens, entries.to_vec())
}

fn resolve(
	sources: &[DataSource],
	as_of: BlockNumber,
) -> Result<Resolved<AccountId>, RejectReason> {
	let sources = DataSources::try_from(sources.to_vec()).unwrap();
	<DataAttribution as DataRevenue<AccountId>>::resolve(&sources, as_of)
}

/// The releases that sources led to, and until when.
fn releases(
	sources: &[DataSource],
	as_of: BlockNumber,
) -> (Vec<(DatanetId, ReleaseId)>, Option<BlockNumber>) {
	let resolved = resolve(sources, as_of).unwrap();
	let releases = resolved.sources.iter().map(|source| (source.datanet, source.release));
	(releases.collect(), resolved.changed_at)
}

/// Credits lanes whose releases are known.
fn credit_resolved(
	lanes: &[(Lane, Vec<ResolvedSource<AccountId>>)],
) -> Result<Vec<LaneCredit>, DispatchError> {
	let entries: Vec<_> = lanes.iter().map(|(lane, _)| lane.entries()).collect();
	let dues: Vec<_> = lanes
		.iter()
		.zip(&entries)
		.map(|((lane, sources), entries)| LaneDue {
			sources,
			as_of: lane.as_of,
			attributed: lane.attributed,
			items: lane
				.tokens()
				.into_iter()
				.map(|tokens| lane.per_token * Balance::from(tokens))
				.zip(entries.iter().map(Vec::as_slice))
				.collect(),
		})
		.collect();
	DataAttribution::credit_lanes(&dues)
}

/// The events of a lane's settlement.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Events {
	lane: SettledLane,
	items: Vec<SettledItem>,
}

impl Events {
	fn of(lane: &Lane, sources: &[ResolvedSource<AccountId>], credit: &LaneCredit) -> Self {
		assert_eq!(credit.direct.len(), lane.items.len());
		let items: Vec<_> = (1u64..)
			.zip(&lane.items)
			.zip(&credit.direct)
			.map(|((sequence, item), direct)| settled(lane, sequence, item, direct))
			.collect();
		let lane = SettledLane {
			session: 1,
			lane: 2,
			caller: ALICE,
			node: BOB,
			node_payee: BOB,
			agreement: Agreement {
				model: 3,
				version: 0,
				price_version: 0,
				as_of: lane.as_of,
				evidence: Evidence::Open,
				own_price: None,
			},
			developer_payee: CAROL,
			price: PriceSchedule { per_input_token: lane.per_token, ..Default::default() },
			policy: RevenuePolicy {
				developer: NOTHING,
				data: ALL,
				node: NOTHING,
				attributed: lane.attributed,
			},
			protocol_share: NOTHING,
			lineage: Default::default(),
			sources: BoundedVec::truncate_from(
				sources.iter().cloned().map(SourceShare::from).collect(),
			),
			pools: BoundedVec::truncate_from(credit.pools.clone()),
			sequence: lane.items.len() as u64,
			voucher_sequence: lane.items.len() as u64,
			acknowledged_root: Hash::zero(),
			items: lane.items.len() as u32,
			rejected: 0,
			charged: lane.data(),
			root: Hash::zero(),
		};
		Self { lane, items }.with_root()
	}

	/// The same with the root over its items.
	fn with_root(mut self) -> Self {
		let leaves: Vec<_> = self.items.iter().map(SettledItem::leaf).collect();
		self.lane.root = tree::root(&leaves).unwrap_or_default();
		self
	}

	/// The payouts, worked out again.
	fn payouts(&self) -> LanePayouts {
		payouts(&self.lane, &self.items).unwrap_or_else(|wrong| panic!("{wrong:?}: {self:?}"))
	}
}

fn settled(lane: &Lane, sequence: u64, item: &Item, direct: &DirectAmounts) -> SettledItem {
	let parts = |tokens: u32| SettledParts {
		data: lane.per_token * Balance::from(tokens),
		..Default::default()
	};
	match item {
		Item::Call(tokens, entries) => SettledItem::Call(SettledCall {
			record: CallRecord {
				sequence,
				input_tokens: *tokens,
				cached_tokens: 0,
				retrieved_tokens: 0,
				output_tokens: 7,
				response_hash: Hash::repeat_byte(9),
				attribution: BoundedVec::truncate_from(shares(entries)),
				extension: None,
			},
			charge: parts(*tokens).data,
			parts: parts(*tokens),
			direct: direct.clone(),
		}),
		Item::Run(tokens) => {
			assert!(direct.is_empty());
			SettledItem::Run(SettledRun {
				first_sequence: sequence,
				last_sequence: sequence,
				count: 1,
				acknowledged_root: Hash::repeat_byte(8),
				totals: Totals {
					calls: 1,
					charge: parts(*tokens).data,
					input_tokens: u64::from(*tokens),
					..Default::default()
				},
				parts: parts(*tokens),
			})
		}
	}
}

/// Everything that was ever credited and is not claimed, but for what releases have received, which only grows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Books {
	contributions: BTreeMap<ContributionId, Balance>,
	releases: BTreeMap<(DatanetId, ReleaseId), Balance>,
	curators: BTreeMap<(AccountId, DatanetId), Balance>,
	total: Balance,
}

impl Books {
	fn now() -> Self {
		let mut books = Self { total: Accounted::<Test>::get(), ..Self::default() };
		for (id, amount) in DirectEarnings::<Test>::iter().chain(SlashedEarnings::<Test>::iter()) {
			*books.contributions.entry(id).or_default() += amount;
		}
		for (datanet, release, state) in Releases::<Test>::iter() {
			if state.received > 0 {
				books.releases.insert((datanet, release), state.received);
			}
		}
		for (curator, datanet, amount) in CuratorEarnings::<Test>::iter() {
			books.curators.insert((curator, datanet), amount);
		}
		books
	}

	/// Adds what a lane's events say.
	fn add(&mut self, payouts: LanePayouts) {
		assert_eq!((payouts.protocol, payouts.payees.len()), (0, 0));
		for (id, amount) in payouts.contributions {
			*self.contributions.entry(id).or_default() += amount;
			self.total += amount;
		}
		for (release, amount) in payouts.releases {
			*self.releases.entry(release).or_default() += amount;
			self.total += amount;
		}
		for (curator, amount) in payouts.curators {
			*self.curators.entry(curator).or_default() += amount;
			self.total += amount;
		}
	}
}

/// Resolves and credits lanes and pays them into the pot, as a settlement does. Checks that what has changed is what
/// their events say, to the planck.
fn credit(lanes: &[Lane]) -> Result<Vec<Events>, DispatchError> {
	let resolved: Vec<_> = lanes
		.iter()
		.map(|lane| (lane.clone(), resolve(&lane.sources, lane.as_of).unwrap().sources))
		.collect();
	let before = Books::now();
	let credits = credit_resolved(&resolved)?;
	assert_eq!(credits.len(), lanes.len());
	let events: Vec<_> = resolved
		.iter()
		.zip(&credits)
		.map(|((lane, sources), credit)| Events::of(lane, sources, credit))
		.collect();

	let mut expected = before.clone();
	for events in &events {
		expected.add(events.payouts());
	}
	assert_eq!(Books::now(), expected);
	let data = lanes.iter().map(Lane::data).sum::<Balance>();
	assert_eq!(expected.total - before.total, data);
	check_carries(&events);
	Balances::mint_into(&DataAttribution::pot(), data)?;
	Ok(events)
}

/// Checks that each lane's pools go on from where those of the lanes before have ended.
fn check_carries(events: &[Events]) {
	let mut carried = BTreeMap::new();
	for pool in events.iter().flat_map(|events| &events.lane.pools) {
		let before = carried.insert((pool.datanet, pool.release), pool.carry_after);
		assert!(before.is_none_or(|before| before == pool.carry_before));
	}
	for ((datanet, release), carry) in carried {
		let state = Releases::<Test>::get(datanet, release).unwrap();
		assert_eq!(state.index.carry, carry);
	}
}

/// Credits one lane.
fn credit_one(lane: Lane) -> Events {
	credit(&[lane]).unwrap().remove(0)
}

/// The direct amounts of each call, and the sources by which they count.
fn direct(events: &Events) -> Vec<Vec<(Balance, u8)>> {
	let of_item = |item: &SettledItem| match item {
		SettledItem::Call(call) => {
			call.direct.iter().map(|paid| (paid.amount, paid.source)).collect()
		}
		SettledItem::Run(_) => Vec::new(),
	};
	events.items.iter().map(of_item).collect()
}

/// The amounts that came into the releases.
fn pools(events: &Events) -> Vec<(DatanetId, ReleaseId, Balance)> {
	events.lane.pools.iter().map(|pool| (pool.datanet, pool.release, pool.amount)).collect()
}

/// Hands a datanet over.
fn hand_over(datanet: DatanetId, from: &AccountId, to: &AccountId) {
	DataAttribution::offer_curator(signed(from), datanet, to.clone()).unwrap();
	DataAttribution::accept_curator(signed(to), datanet, ENDOWMENT).unwrap();
}

/// A verdict of governance.
fn slash(contribution: ContributionId) {
	DataAttribution::resolve_accusation(RuntimeOrigin::root(), contribution, None, true).unwrap();
}
