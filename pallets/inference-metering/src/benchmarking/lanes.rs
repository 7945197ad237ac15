//! Lanes that benchmarks start from.

use super::setup::*;
use crate::{
	pallet::*,
	types::{self, Lane, SettledRoot},
	versions::{LaneSettlement, LaneSettlements, Part},
};
use alloc::{vec, vec::Vec};
use frame_benchmarking::v2::*;
use frame_support::traits::{
	fungible::{Inspect, Mutate, MutateHold},
	Get,
};
use frame_system::RawOrigin;
use openledger_primitives::{
	answer::Evidence,
	lane::{
		Agreement, Amount, AttributionShare, CallRecord, DirectAmount, SettledCall, SettledItem,
		SettledParts, Statement, Voucher, MAX_ENTRIES, WHOLE_ANSWER,
	},
	lane_list::{acknowledged_root, AggregateProof, LaneLeaf, LaneList, LookupProof, Totals},
	price::{PriceSchedule, Tokens},
	traits::{CallTerms, ItemCharge, LaneTerms, ModelInspect, RevenueDistributor},
	tree, AccountId, Balance, BlockNumber, ContributionId, Hash, ModelId, Sequence, SessionId,
	MAX_LINEAGE, MAX_PROOF, MAX_RECORDS, MAX_SERVED, MAX_SOURCES,
};
use sp_core::{sr25519, ConstU32};
use sp_runtime::{
	traits::{Bounded, UniqueSaturatedInto, Zero},
	BoundedVec, DispatchResult,
};

/// Most entries of the records of one part.
pub(super) const MOST_ENTRIES: u32 = MAX_RECORDS * MAX_ENTRIES;

/// What lanes have in common.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Common {
	Nothing,
	Model,
	SessionAndModel,
}

/// A lane before anything of it was settled.
pub(super) struct NewLane {
	key: sr25519::Public,
	pub(super) voucher: Voucher,
}

impl NewLane {
	/// A settlement that the caller's own key has signed, in the wrapped form.
	pub(super) fn settlement(&self, parts: Vec<Part>) -> Result<LaneSettlement, BenchmarkError> {
		Ok(LaneSettlement {
			voucher: self.voucher.into(),
			signature: sign(&self.key, &self.voucher)?,
			parts: parts.try_into().map_err(|_| "too many parts")?,
		})
	}
}

/// Lanes that cost most to check, and their node's operator. The callers' own keys sign; each lane is paid as of a
/// block of its own; as many old roots as there are lanes wait to be removed. The node serves as many models as it
/// can, and pays its earnings to another account. Something has accrued for everybody who is paid.
pub(super) struct NewLanes {
	pub(super) operator: AccountId,
	pub(super) lanes: Vec<NewLane>,
	pub(super) contributions: Vec<ContributionId>,
}

pub(super) fn new_lanes<T: Config>(
	count: u32,
	common: Common,
	contributions: u32,
) -> Result<NewLanes, BenchmarkError> {
	let operator = funded::<T>("operator")?;
	register::<T>(&operator, models::<T>(MAX_SERVED)?)?;
	let payee = funded::<T>("payee")?;
	Pallet::<T>::set_payee(RawOrigin::Signed(operator.clone()).into(), Some(payee.clone()))?;
	fund::<T>(&T::Revenue::pot())?;
	let mut models = Vec::new();
	let mut named = Vec::new();
	let own_models = if common == Common::Nothing { count } else { 1 };
	for number in 0..own_models {
		let (model, contributions) = model_of_its_own::<T>(number, contributions)?;
		models.push(model);
		named.extend(contributions);
	}
	old_roots::<T>(count);
	let first: BlockNumber = Pallet::<T>::now().unique_saturated_into();
	frame_system::Pallet::<T>::set_block_number(first.saturating_add(count).into());

	let mut lanes = Vec::new();
	let mut session = None;
	for number in 0..count {
		let (key, id) = match session {
			Some(known) if common == Common::SessionAndModel => known,
			_ => open_by_key::<T>(&operator)?,
		};
		session = Some((key, id));
		let model = models.get(number as usize).or(models.first()).ok_or("no model")?;
		let lane = u16::try_from(number).map_err(|_| "too many lanes")?;
		let as_of = first.saturating_add(number);
		let (call, _) =
			T::Models::terms_as_of(*model, 0, 0, as_of).map_err(|_| "the model has terms")?;
		accrue::<T>(&payee, &call)?;
		lanes.push(NewLane { key, voucher: voucher::<T>(id, lane, *model, as_of) });
	}
	Ok(NewLanes { operator, lanes, contributions: named })
}

/// Lets something have accrued for all who are paid for a call: it is paid along with it.
fn accrue<T: Config>(node: &AccountId, call: &CallTerms<AccountId>) -> DispatchResult {
	let parents = call.lineage.iter().map(|parent| &parent.payee);
	for payee in [node, &call.payee, &T::ProtocolAccount::get()].into_iter().chain(parents) {
		T::Revenue::benchmark_accrue(payee)?;
	}
	Ok(())
}

/// One lane, and its node's operator.
pub(super) fn new_lane<T: Config>(
	contributions: u32,
) -> Result<(AccountId, NewLane, Vec<ContributionId>), BenchmarkError> {
	let NewLanes { operator, mut lanes, contributions } =
		new_lanes::<T>(1, Common::Nothing, contributions)?;
	let lane = lanes.pop().ok_or("no lane")?;
	Ok((operator, lane, contributions))
}

/// As many sources and parents as a model can have, none of which another one has.
fn model_of_its_own<T: Config>(
	number: u32,
	contributions: u32,
) -> Result<(ModelId, Vec<ContributionId>), BenchmarkError> {
	let developer = account("developer of", number, 0);
	fund::<T>(&developer)?;
	let (sources, contributions) = sources::<T>(contributions)?;
	Ok((T::Models::benchmark_model(&developer, sources)?, contributions))
}

/// Opens a session of a caller with a key of its own. Vouchers may be signed with another one, which is looked at first:
/// one that is no point on the curve would be refused before anything is worked out.
fn open_by_key<T: Config>(
	operator: &AccountId,
) -> Result<(sr25519::Public, SessionId), BenchmarkError> {
	let (_, signer) = key();
	let (key, caller) = key();
	fund::<T>(&caller)?;
	Ok((key, open::<T>(&caller, operator, signer, 0)?))
}

fn voucher<T: Config>(
	session: SessionId,
	lane: u16,
	model: ModelId,
	as_of: BlockNumber,
) -> Voucher {
	Voucher {
		genesis_hash: Pallet::<T>::genesis_hash(),
		session,
		lane,
		agreement: Agreement {
			model,
			version: 0,
			price_version: 0,
			as_of,
			evidence: Evidence::Open,
			own_price: None,
		},
		sequence: u32::MAX.into(),
		acknowledged: wealth::<T>() / 8,
		acknowledged_root: LaneList::default().root(),
		authorised: wealth::<T>() / 4,
		request_hash: Hash::zero(),
		valid_until: Pallet::<T>::now().unique_saturated_into(),
		extension: None,
	}
}

/// A settlement of lanes with one record each.
pub(super) fn settlements<T: Config>(
	count: u32,
	common: Common,
) -> Result<(AccountId, LaneSettlements), BenchmarkError> {
	let NewLanes { operator, lanes, .. } = new_lanes::<T>(count, common, 1)?;
	let settlement = |lane: &NewLane| lane.settlement(vec![lane_records(1, &[])?]);
	let all = lanes.iter().map(settlement).collect::<Result<Vec<_>, _>>()?;
	Ok((operator, all.try_into().map_err(|_| "too many lanes")?))
}

/// A settlement of one lane.
pub(super) fn only(settlement: LaneSettlement) -> LaneSettlements {
	LaneSettlements::truncate_from(vec![settlement])
}

fn lane_record(sequence: Sequence, contributions: &[ContributionId]) -> CallRecord {
	let each = WHOLE_ANSWER / MAX_ENTRIES;
	let share = |contribution: &ContributionId| AttributionShare {
		contribution: *contribution,
		basis_points: u16::try_from(each).unwrap_or(u16::MAX),
	};
	let shares: Vec<_> = contributions.iter().map(share).collect();
	CallRecord {
		sequence,
		input_tokens: 2,
		cached_tokens: 1,
		retrieved_tokens: 1,
		output_tokens: 1,
		response_hash: Hash::zero(),
		attribution: shares.try_into().unwrap_or_default(),
		extension: None,
	}
}

/// So many records, to which the contributions are attributed in turn.
pub(super) fn lane_records(
	count: u32,
	contributions: &[ContributionId],
) -> Result<Part, BenchmarkError> {
	let mut chunks = contributions.chunks(MAX_ENTRIES as usize);
	let records: Vec<_> = (1..=count)
		.map(|sequence| lane_record(sequence.into(), chunks.next().unwrap_or_default()))
		.collect();
	Ok(Part::Records(records.try_into().map_err(|_| "too many records")?))
}

/// Lets a lane be settled up to somewhere in the longest list, and returns runs of it from there on. Each is in a
/// perfect tree of its own, the largest first: what it opens is so far apart that its proof is as long as can be.
pub(super) fn longest_runs<T: Config>(
	lane: &mut NewLane,
	count: u32,
) -> Result<Vec<Part>, BenchmarkError> {
	let Agreement { model, as_of, .. } = lane.voucher.agreement;
	let (terms, _) =
		T::Models::terms_as_of(model, 0, 0, as_of).map_err(|_| "the model has terms")?;
	let list = ForgedList::new(&terms.price, count).ok_or("no such list")?;
	let voucher = &mut lane.voucher;
	voucher.acknowledged = list.charge;
	voucher.authorised = list.charge;
	voucher.acknowledged_root = list.root;
	voucher.sequence = Sequence::MAX;
	let agreement = voucher.agreement.hash();
	let settled = Lane { sequence: list.settled, settled: 0, agreement };
	Lanes::<T>::insert(voucher.session, voucher.lane, settled);
	let session = Sessions::<T>::mutate(voucher.session, |session| {
		let session = session.as_mut()?;
		session.deposit = session.deposit.saturating_add(list.charge);
		session.lanes = 1;
		Some(session.clone())
	});
	let caller = session.ok_or("no session")?.caller;
	T::Currency::mint_into(&caller, list.charge)?;
	T::Currency::hold(&HoldReason::Session.into(), &caller, list.charge)?;
	Ok(list.runs.into_iter().map(Part::Run).collect())
}

/// A list of as many calls as fit, of which nobody knows but the calls that runs open.
struct ForgedList {
	runs: Vec<AggregateProof>,
	root: Hash,
	/// What all runs cost together.
	charge: Balance,
	/// The sequence up to which calls are settled before the first run.
	settled: Sequence,
}

impl ForgedList {
	fn new(price: &PriceSchedule, count: u32) -> Option<Self> {
		let mut peaks = vec![Hash::zero(); u32::MAX.count_ones() as usize];
		let mut runs = Vec::new();
		let (mut first, mut charge, mut settled) = (0u32, 0, 0);
		for (run, peak) in (0..count).zip(&mut peaks) {
			let size = 1u32.checked_shl(31u32.checked_sub(run)?)?;
			let middle = size / 2;
			let call = |index: u32, before: u32| {
				let calls = first.checked_add(index)?.checked_add(1)?;
				let more = Totals { calls: index.checked_sub(before)?, ..Totals::default() };
				let totals = Totals { calls, charge: more.cost(price)?, ..Totals::default() };
				Some(LaneLeaf { sequence: calls.into(), statement: Hash::zero(), totals })
			};
			let before = middle.checked_sub(1)?;
			let (from, next) = (call(before, before)?, call(middle, before)?);
			let mut to = call(size.checked_sub(1)?, before)?;
			charge = to.totals.charge.checked_add(charge)?;
			if run == 0 {
				settled = from.sequence;
			}
			// The next run begins in the middle of the next tree.
			to.sequence = to.sequence.checked_add(u64::from(size / 4))?;
			let opened =
				[(before, from.hash()), (middle, next.hash()), (size.checked_sub(1)?, to.hash())];
			let indices = opened.map(|(index, _)| index);
			let hashes = vec![Hash::zero(); tree::needed(size, &indices)?.len()];
			*peak = tree::root_from(size, &opened, &hashes)?;
			runs.push(AggregateProof {
				count: u32::MAX,
				peaks: Default::default(),
				from: Some(from),
				next,
				to: Some(to),
				hashes: hashes.try_into().ok()?,
			});
			first = first.checked_add(size)?;
		}
		for run in &mut runs {
			run.peaks = peaks.clone().try_into().ok()?;
		}
		Some(Self { runs, root: acknowledged_root(u32::MAX, &peaks)?, charge, settled })
	}
}

/// A lane's call of terms with so many sources and parents, and the operator who answered it.
pub(super) struct LaneOfTerms {
	pub(super) operator: AccountId,
	pub(super) model: ModelId,
	pub(super) terms: LaneTerms<AccountId>,
	pub(super) as_of: BlockNumber,
	pub(super) item: ItemCharge<'static>,
}

pub(super) fn lane_of_terms<T: Config>(
	sources: u32,
	parents: u32,
) -> Result<LaneOfTerms, BenchmarkError> {
	let operator = funded::<T>("operator")?;
	fund::<T>(&T::Revenue::pot())?;
	let (model, _) = model_of_its_own::<T>(0, 1)?;
	let as_of = Pallet::<T>::now().unique_saturated_into();
	let (call, changed_at) =
		T::Models::terms_as_of(model, 0, 0, as_of).map_err(|_| "the model has terms")?;
	let terms = T::Revenue::lane_terms(call, changed_at, as_of);
	let mut terms = terms.map_err(|_| "the data has terms")?;
	terms.sources.truncate(sources as usize);
	terms.call.lineage.truncate(parents as usize);
	accrue::<T>(&operator, &terms.call)?;
	let charge = T::Currency::minimum_balance().saturating_mul(1_000);
	let item = ItemCharge { calls: 1, charge, list_charge: charge, attribution: &[] };
	Ok(LaneOfTerms { operator, model, terms, as_of, item })
}

/// A statement of a call that as many contributions are named in as can be.
pub(super) fn lane_statement<T: Config>() -> Statement {
	let named: Vec<_> = (0..MAX_ENTRIES.into()).collect();
	let record = lane_record(1, &named);
	Statement {
		genesis_hash: Pallet::<T>::genesis_hash(),
		session: 0,
		lane: 0,
		agreement: voucher::<T>(0, 0, 0, 0).agreement,
		sequence: 1,
		tokens: Tokens { input: 2, cached: 1, retrieved: 1, output: 1 },
		charge: 0,
		request_hash: Hash::zero(),
		response_hash: record.response_hash,
		attribution: record.attribution,
		extension: None,
	}
}

/// Keeps a root that the statement's call, at this charge, stands behind, with so many hashes of proof. Returns
/// what was settled of the call, and the hashes.
pub(super) fn keep_leaf<T: Config>(
	operator: &AccountId,
	statement: &Statement,
	charge: Balance,
	hashes: u32,
) -> Result<(SettledItem, BoundedVec<Hash, ConstU32<MAX_PROOF>>), BenchmarkError> {
	let item = SettledItem::Call(SettledCall {
		record: statement.record(),
		charge,
		parts: SettledParts {
			royalties: vec![Amount(1); MAX_LINEAGE as usize].try_into().unwrap_or_default(),
			..SettledParts::default()
		},
		direct: vec![DirectAmount { amount: 1, source: 0 }; MAX_ENTRIES as usize]
			.try_into()
			.unwrap_or_default(),
	});
	let hashes = vec![Hash::repeat_byte(7); hashes as usize];
	// The first leaf has a sibling on each level.
	let levels = u32::try_from(hashes.len()).map_err(|_| "too many hashes")?;
	let items = 1u32.checked_shl(levels.min(MAX_PROOF)).unwrap_or(u32::MAX);
	let root = SettledRoot {
		agreement: statement.agreement.hash(),
		root: tree::root_from(items, &[(0, item.leaf())], &hashes).ok_or("no such tree")?,
		items,
		first_sequence: 1,
		last_sequence: u64::from(u32::MAX),
		voucher_sequence: u64::from(u32::MAX),
		acknowledged_root: Hash::zero(),
		charged: charge,
		node: operator.clone(),
		caller: account("caller", 0, 0),
		at: Zero::zero(),
		until: Bounded::max_value(),
	};
	let key = (0, 0, root.last_sequence);
	Roots::<T>::insert(key, root);
	Disputed::<T>::insert(key, disputed(types::MAX_DISPUTED.saturating_sub(1)));
	Ok((item, hashes.try_into().map_err(|_| "too many hashes")?))
}

/// The sequence of which [`keep_list`] keeps a list that has no call of it.
pub(super) const UNLISTED: Sequence = (1 << 30) + 1;

/// Keeps another settlement of the lane, by a voucher whose list is as long as can be, and has calls right before
/// and after [`UNLISTED`]. Returns its last sequence, and the longest proof of that.
pub(super) fn keep_list<T: Config>() -> Result<(Sequence, LookupProof), BenchmarkError> {
	let (size, middle) = (1u32 << 31, 1u32 << 30);
	let leaf = |calls: u32, sequence| LaneLeaf {
		sequence,
		statement: Hash::zero(),
		totals: Totals { calls, ..Totals::default() },
	};
	let before = leaf(middle, UNLISTED.saturating_sub(1));
	let next = leaf(middle.saturating_add(1), UNLISTED.saturating_add(1));
	// On both sides of the middle of the largest tree: they have no node in common but its root.
	let opened = [(middle.saturating_sub(1), before.hash()), (middle, next.hash())];
	let needed = tree::needed(size, &opened.map(|(index, _)| index)).ok_or("no such tree")?;
	let hashes = vec![Hash::zero(); needed.len()];
	let mut peaks = vec![Hash::zero(); u32::MAX.count_ones() as usize];
	let largest = peaks.first_mut().ok_or("no peaks")?;
	*largest = tree::root_from(size, &opened, &hashes).ok_or("no such tree")?;

	let last_sequence = Sequence::MAX;
	let settled = Roots::<T>::iter_values().next().ok_or("no settlement")?;
	let root = SettledRoot {
		last_sequence,
		voucher_sequence: last_sequence,
		acknowledged_root: acknowledged_root(u32::MAX, &peaks).ok_or("no such list")?,
		..settled
	};
	Roots::<T>::insert((0, 0, last_sequence), root);
	let proof = LookupProof {
		count: u32::MAX,
		peaks: peaks.try_into().map_err(|_| "too many peaks")?,
		before: Some(before),
		next: Some(next),
		hashes: hashes.try_into().map_err(|_| "too many hashes")?,
	};
	Ok((last_sequence, proof))
}

/// As many contributions a source as the records of one part can name.
pub(super) const EACH_SOURCE: u32 = MOST_ENTRIES / MAX_SOURCES;
