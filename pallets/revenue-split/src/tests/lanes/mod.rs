//! Lanes: on whose terms they are paid, who is paid how much of all of them, and what random ones keep true.

mod paying;
mod properties;
mod random;
mod terms;

use super::*;
use crate::{Accrued, Earned, Event, ModelTotals};
use openledger_primitives::{
	answer::Evidence,
	lane::{
		payouts, Agreement, AttributionShare, CallRecord, LanePayouts, LineageShare, SettledCall,
		SettledItem, SettledLane, SettledRun, SourceShare,
	},
	lane_list::Totals,
	policy::RevenuePolicy,
	price::{PriceSchedule, Tokens},
	traits::{
		CallTerms, ItemCharge, LaneCharges, LanePayment, LaneTerms, RevenueDistributor, Role,
	},
	tree, Balance, BlockNumber, Hash, ModelId,
};
use sp_runtime::{BoundedVec, DispatchError, Permill};
use std::collections::BTreeMap;

/// A list price in whole planck.
const LIST: PriceSchedule = PriceSchedule {
	per_call: 1_000,
	per_input_token: 10,
	per_cached_input_token: 2,
	per_output_token: 40,
};

/// Something that is settled of a lane.
#[derive(Clone, Debug)]
enum Item {
	/// A call with the contributions that it is attributed to, and their basis points.
	Call(Tokens, Vec<(u64, u16)>),
	/// A run of calls; what it costs is worked out.
	Run(Totals),
}

impl Item {
	fn cost(&self, price: &PriceSchedule) -> Balance {
		match self {
			Self::Call(tokens, _) => price.charge(tokens).unwrap(),
			Self::Run(totals) => totals.cost(price).unwrap(),
		}
	}

	fn calls(&self) -> u64 {
		match self {
			Self::Call(..) => 1,
			Self::Run(totals) => totals.calls.into(),
		}
	}

	/// The calls that it was paid for.
	fn counted(&self, price: &PriceSchedule) -> u128 {
		let calls = self.calls().into();
		match CountedCharge::get() {
			0 => calls,
			least => calls.min(self.cost(price) / least),
		}
	}

	fn entries(&self) -> Vec<AttributionShare> {
		let share = |(contribution, basis_points): &(u64, u16)| AttributionShare {
			contribution: *contribution,
			basis_points: *basis_points,
		};
		match self {
			Self::Call(_, entries) => entries.iter().map(share).collect(),
			Self::Run(_) => Vec::new(),
		}
	}
}

/// A call of so many tokens.
fn call_of(input: u32, output: u32, entries: &[(u64, u16)]) -> Item {
	Item::Call(Tokens::new(input, output), entries.to_vec())
}

/// A run of so many calls with so many tokens.
fn run_of(calls: u32, input_tokens: u64) -> Item {
	Item::Run(Totals { calls, input_tokens, ..Default::default() })
}

/// A lane that is settled.
#[derive(Clone, Debug)]
pub(super) struct Lane {
	model: ModelId,
	node: AccountId,
	terms: LaneTerms<AccountId>,
	as_of: BlockNumber,
	own_price: Option<PriceSchedule>,
	items: Vec<Item>,
}

impl Lane {
	/// A lane of [`MODEL`], by [`NODE`], on the terms of now.
	fn of(items: Vec<Item>) -> Self {
		let call = CallTerms { price: LIST, ..terms() };
		let as_of = System::block_number().try_into().unwrap();
		let terms = RevenueSplit::lane_terms(call, None, as_of).unwrap();
		Self { model: MODEL, node: NODE, terms, as_of, own_price: None, items }
	}

	fn price(&self) -> PriceSchedule {
		self.own_price.unwrap_or(self.terms.call.price)
	}

	/// What is paid for all of it, in planck.
	fn charged(&self) -> Balance {
		self.items.iter().map(|item| item.cost(&self.price())).sum()
	}
}

/// A lane with one call that costs so many planck.
pub(super) fn charged(charge: Balance) -> Lane {
	let mut lane = Lane::of(vec![call_of(0, 0, &[])]);
	lane.terms.call.price = PriceSchedule { per_call: charge, ..Default::default() };
	lane
}

/// The lane with models above its own: see [`lineage`].
pub(super) fn descended(lane: Lane, levels: &[(AccountId, u32)]) -> Lane {
	let call = CallTerms { lineage: lineage(levels), ..lane.terms.call };
	Lane { terms: LaneTerms { call, ..lane.terms }, ..lane }
}

/// Distributes what is in the pot.
fn distribute_lanes(lanes: &[Lane]) -> Result<Vec<LanePayment>, DispatchError> {
	let entries: Vec<Vec<_>> =
		lanes.iter().map(|lane| lane.items.iter().map(Item::entries).collect()).collect();
	let charges: Vec<_> = lanes
		.iter()
		.zip(&entries)
		.map(|(lane, entries)| LaneCharges {
			node: &lane.node,
			model: lane.model,
			terms: &lane.terms,
			as_of: lane.as_of,
			items: lane
				.items
				.iter()
				.zip(entries)
				.map(|(item, attribution): (&Item, &Vec<_>)| ItemCharge {
					calls: item.calls(),
					charge: item.cost(&lane.price()),
					list_charge: item.cost(&lane.terms.call.price),
					attribution,
				})
				.collect(),
		})
		.collect();
	RevenueSplit::distribute_lanes(&charges)
}

/// The events of a lane's settlement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Events {
	lane: SettledLane,
	items: Vec<SettledItem>,
}

impl Events {
	fn of(lane: &Lane, payment: LanePayment) -> Self {
		assert_eq!(payment.items.len(), lane.items.len());
		let items: Vec<_> = (1u64..)
			.zip(&lane.items)
			.zip(payment.items)
			.map(|((sequence, item), (parts, direct))| match item {
				Item::Call(tokens, _) => SettledItem::Call(SettledCall {
					record: CallRecord {
						sequence,
						input_tokens: tokens.input,
						cached_tokens: tokens.cached,
						retrieved_tokens: tokens.retrieved,
						output_tokens: tokens.output,
						response_hash: Hash::repeat_byte(9),
						attribution: BoundedVec::truncate_from(item.entries()),
						extension: None,
					},
					charge: item.cost(&lane.price()),
					parts,
					direct,
				}),
				Item::Run(totals) => SettledItem::Run(SettledRun {
					first_sequence: sequence,
					last_sequence: sequence,
					count: totals.calls,
					acknowledged_root: Hash::repeat_byte(8),
					totals: Totals { charge: item.cost(&lane.price()), ..*totals },
					parts,
				}),
			})
			.collect();
		let LaneTerms { call, protocol_share, sources, .. } = &lane.terms;
		let lane = SettledLane {
			session: 1,
			lane: 2,
			caller: PAYER,
			node: NODE,
			node_payee: lane.node.clone(),
			agreement: Agreement {
				model: lane.model,
				version: 0,
				price_version: 0,
				as_of: lane.as_of,
				evidence: Evidence::Open,
				own_price: lane.own_price,
			},
			developer_payee: call.payee.clone(),
			price: call.price,
			policy: call.policy,
			protocol_share: *protocol_share,
			lineage: BoundedVec::truncate_from(
				call.lineage
					.iter()
					.map(|above| LineageShare {
						model: above.model,
						payee: above.payee.clone(),
						royalty: above.royalty,
					})
					.collect(),
			),
			sources: BoundedVec::truncate_from(
				sources.iter().cloned().map(SourceShare::from).collect(),
			),
			pools: BoundedVec::truncate_from(payment.pools),
			sequence: items.len() as u64,
			voucher_sequence: items.len() as u64,
			acknowledged_root: Hash::repeat_byte(8),
			items: items.len() as u32,
			rejected: 0,
			charged: lane.charged(),
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

/// Everything that anybody has ever earned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Books {
	earned: BTreeMap<(AccountId, Role), Balance>,
	/// Paid or accrued.
	wealth: BTreeMap<AccountId, Balance>,
	/// By model: calls, charges, and the parts of developer, data, node, models above and protocol.
	models: BTreeMap<ModelId, [u128; 7]>,
	data: Balance,
}

impl Books {
	fn now(accounts: impl IntoIterator<Item = AccountId>) -> Self {
		let models = ModelTotals::<Test>::iter().map(|(model, totals)| {
			let parts = [totals.developer, totals.data, totals.node, totals.royalties];
			let [developer, data, node, royalties] = parts;
			let sums = [
				totals.calls.into(),
				totals.charged,
				developer,
				data,
				node,
				royalties,
				totals.protocol,
			];
			(model, sums)
		});
		let wealth = |account: AccountId| {
			let has = Balances::balance(&account) + Accrued::<Test>::get(&account);
			(account, has)
		};
		Self {
			earned: Earned::<Test>::iter().map(|(who, role, sum)| ((who, role), sum)).collect(),
			wealth: accounts.into_iter().map(wealth).collect(),
			models: models.collect(),
			data: Balances::balance(&DATA_POT),
		}
	}

	fn earn(&mut self, account: AccountId, role: Role, amount: Balance) {
		if amount > 0 {
			*self.earned.entry((account.clone(), role)).or_default() += amount;
			*self.wealth.entry(account).or_default() += amount;
		}
	}

	/// Adds what a lane's events say.
	fn add(&mut self, lane: &Lane, payouts: LanePayouts) {
		let sum = |role| {
			let payees = payouts.payees.iter().filter(|((_, other), _)| *other == role);
			payees.map(|(_, amount)| *amount).sum::<Balance>()
		};
		let data = payouts.contributions.values().chain(payouts.releases.values());
		let data = data.chain(payouts.curators.values()).sum::<Balance>();
		let parts = [
			lane.items.iter().map(|item| item.counted(&lane.price())).sum::<Balance>(),
			lane.charged(),
			sum(Role::Developer),
			data,
			sum(Role::Node),
			sum(Role::Royalty),
			payouts.protocol,
		];
		assert_eq!(parts[2..].iter().sum::<Balance>(), lane.charged());
		let totals = self.models.entry(lane.model).or_default();
		totals.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part);
		self.data += data;
		self.earn(PROTOCOL, Role::Protocol, payouts.protocol);
		for ((account, role), amount) in payouts.payees {
			self.earn(account, role, amount);
		}
	}
}

/// The payments of the last settlement by account, paid or accrued, as the pallet's own events say; and how many
/// events of payments there were.
fn told() -> (BTreeMap<AccountId, Balance>, Balance, usize) {
	let mut sums = BTreeMap::new();
	let (mut data_part, mut count) = (0, 0);
	for record in System::events() {
		match record.event {
			RuntimeEvent::RevenueSplit(Event::PaymentsMade { payments, data }) => {
				for payment in payments {
					assert!(sums.insert(payment.account, payment.amount).is_none());
				}
				data_part += data;
				count += 1;
			}
			RuntimeEvent::RevenueSplit(Event::PaymentAccrued { account, added, amount }) => {
				assert_eq!(Accrued::<Test>::get(&account), amount);
				assert!(sums.insert(account, added).is_none());
			}
			_ => {}
		}
	}
	(sums, data_part, count)
}

/// Settles lanes: pays into the pot and distributes that. Checks that what has changed is what their events say, to the
/// planck.
pub(super) fn settle(lanes: &[Lane]) -> Result<Vec<Events>, DispatchError> {
	let charged: Balance = lanes.iter().map(Lane::charged).sum();
	let everybody = || {
		let lineages = lanes.iter().flat_map(|lane| &lane.terms.call.lineage);
		let payees = lanes.iter().flat_map(|lane| [&lane.node, &lane.terms.call.payee]);
		payees.chain(lineages.map(|above| &above.payee)).chain([&PROTOCOL]).cloned()
	};
	fund_pot(charged);
	let before = Books::now(everybody());
	System::reset_events();
	let payments = distribute_lanes(lanes)?;
	assert_eq!(payments.len(), lanes.len());

	let events: Vec<_> =
		lanes.iter().zip(payments).map(|(lane, payment)| Events::of(lane, payment)).collect();
	let mut expected = before.clone();
	for (lane, events) in lanes.iter().zip(&events).filter(|(lane, _)| !lane.items.is_empty()) {
		expected.add(lane, events.payouts());
	}
	assert_eq!(Books::now(everybody()), expected);
	let (sums, data, count) = told();
	assert_eq!(data, expected.data - before.data);
	assert_eq!(data + sums.values().sum::<Balance>(), charged);
	for (account, amount) in sums {
		assert_eq!(expected.wealth[&account] - before.wealth[&account], amount);
	}
	assert!(count <= 1 && (count == 1 || charged == 0 || data == 0));
	Ok(events)
}
