//! A stand-in for the revenue split. It pays everyone at once, and all data into one account, but counts
//! what comes into each release as a pool does.

use super::*;
use openledger_primitives::{
	lane::{
		direct_part, settled_parts, Amount, AttributionShare, DirectAmount, DirectAmounts,
		PoolPayment,
	},
	split::{part_of, split_exact, split_own_charge},
	traits::{ItemCharge, LaneCharges, LanePayment, LaneTerms, ResolvedSource},
	ContributionId, DatanetId, ReleaseId,
};

parameter_types! {
	/// The release of datanet 1 that lanes pay, by the block from which on it is the current one. One may
	/// be announced.
	pub static Releases: BTreeMap<u32, ReleaseId> = BTreeMap::new();
	/// Who curates the datanets, by the block from which on. Before that, and if there is none, the stranger.
	pub static Curators: BTreeMap<u32, u8> = BTreeMap::new();
	/// What is left of payments to releases that did not divide.
	pub static Carries: BTreeMap<(DatanetId, ReleaseId), Balance> = BTreeMap::new();
	/// How often terms of lanes were looked up.
	pub static LaneLookups: u32 = 0;
}

#[cfg(feature = "runtime-benchmarks")]
parameter_types! {
	/// What benchmarks have let accrue.
	pub static Accrued: Balance = 0;
}

pub const PROTOCOL_SHARE: Permill = Permill::from_percent(5);
const CURATOR_SHARE: Permill = Permill::from_percent(10);
const RELEASE_WEIGHT: u64 = 7;
/// Contributions from here on are in no release.
pub const FOREIGN: ContributionId = 100;

/// Stands in for the revenue split.
pub struct Revenue;

impl RevenueDistributor<AccountId> for Revenue {
	fn pot() -> AccountId {
		account(POT)
	}

	fn lane_terms(
		call: CallTerms<AccountId>,
		changed_at: Option<u32>,
		as_of: u32,
	) -> Result<LaneTerms<AccountId>, RejectReason> {
		LaneLookups::mutate(|lookups| *lookups += 1);
		let releases = Releases::get();
		let latest = releases.range(..=as_of).next_back();
		let (_, latest) = latest.ok_or(RejectReason::NoPayableSource)?;
		let next = releases.range(as_of + 1..).next().map(|(from, _)| *from);
		let curators = Curators::get();
		let curator =
			curators.range(..=as_of).next_back().map_or(STRANGER, |(_, curator)| *curator);
		let source = |datanet, release, weight| ResolvedSource {
			datanet,
			release,
			weight,
			curator: account(curator),
			curator_share: CURATOR_SHARE,
		};
		let sources = if call.policy.pays_data() {
			vec![source(0, 1, 1), source(1, *latest, 3)]
		} else {
			Vec::new()
		};
		Ok(LaneTerms {
			call,
			protocol_share: PROTOCOL_SHARE,
			sources,
			changed_at: changed_at.into_iter().chain(next).min(),
		})
	}

	fn distribute_lanes(
		lanes: &[LaneCharges<AccountId>],
	) -> Result<Vec<LanePayment>, DispatchError> {
		if Unsplittable::get() {
			return Err(DispatchError::Other("unsplittable"));
		}
		let mut dues = BTreeMap::<AccountId, Balance>::new();
		let payments = lanes.iter().map(|lane| pay_lane(lane, &mut dues)).collect();
		for (payee, amount) in dues.into_iter().filter(|(_, amount)| *amount > 0) {
			Balances::transfer(&Self::pot(), &payee, amount, Preservation::Preserve)?;
		}
		#[cfg(feature = "runtime-benchmarks")]
		Accrued::take();
		Ok(payments)
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_accrue(_: &AccountId) -> DispatchResult {
		Accrued::mutate(|sum| *sum += 1);
		Ok(())
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_accrued() -> Balance {
		Accrued::get()
	}
}

fn pay_lane(lane: &LaneCharges<AccountId>, dues: &mut BTreeMap<AccountId, Balance>) -> LanePayment {
	let terms = lane.terms;
	let mut pooled = BTreeMap::<(DatanetId, ReleaseId), Balance>::new();
	let mut due = |to: &AccountId, amount| *dues.entry(to.clone()).or_default() += amount;
	let mut items = Vec::new();
	for item in &lane.items {
		let policy = &terms.call.policy;
		let parts =
			split_own_charge(item.charge, item.list_charge, terms.protocol_share, policy).unwrap();
		let royalties: Vec<_> = terms.call.lineage.iter().map(|parent| parent.royalty).collect();
		let (settled, node) = settled_parts(parts, &royalties).unwrap();
		due(&account(PROTOCOL), settled.protocol);
		due(&terms.call.payee, settled.developer);
		due(lane.node, node);
		due(&account(DATA), settled.data);
		for (parent, Amount(amount)) in terms.call.lineage.iter().zip(&settled.royalties) {
			due(&parent.payee, *amount);
		}

		let (direct, rest) = pay_directly(item, settled.data, policy.attributed);
		let keys: Vec<_> = terms
			.sources
			.iter()
			.map(|source| ((source.datanet, source.release), source.weight))
			.collect();
		if rest > 0 {
			for ((key, _), amount) in keys.iter().zip(split_exact(rest, &keys).unwrap()) {
				*pooled.entry(*key).or_default() += amount;
			}
		}
		items.push((settled, direct));
	}
	pooled.retain(|_, amount| *amount > 0);
	LanePayment { items, pools: pooled.into_iter().map(pay_release).collect() }
}

/// Returns what each entry gets, and what is left for the sources.
fn pay_directly(item: &ItemCharge, data: Balance, attributed: Permill) -> (DirectAmounts, Balance) {
	let pay = |entry: &AttributionShare| {
		let amount = direct_part(data, attributed, entry.basis_points).unwrap();
		if entry.contribution < FOREIGN && amount > 0 {
			DirectAmount { amount, source: 1 }
		} else {
			DirectAmount::default()
		}
	};
	let direct: Vec<_> = item.attribution.iter().map(pay).collect();
	let paid: Balance = direct.iter().map(|paid| paid.amount).sum();
	let direct = if paid == 0 { Vec::new() } else { direct };
	(direct.try_into().unwrap(), data - paid)
}

fn pay_release(((datanet, release), amount): ((DatanetId, ReleaseId), Balance)) -> PoolPayment {
	let curator = part_of(amount, CURATOR_SHARE);
	Carries::mutate(|carries| {
		let carry = carries.entry((datanet, release)).or_default();
		let carry_before = *carry;
		let whole = amount - curator + carry_before;
		*carry = whole % Balance::from(RELEASE_WEIGHT);
		PoolPayment {
			datanet,
			release,
			amount,
			curator,
			raised: whole / Balance::from(RELEASE_WEIGHT),
			total_weight: RELEASE_WEIGHT,
			carry_before,
			carry_after: *carry,
		}
	})
}
