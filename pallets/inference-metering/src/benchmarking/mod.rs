//! Benchmarks of the extrinsics, and of what a settlement is made of: its lanes, records and runs, the terms that
//! they are charged under, and their attributions.

mod lanes;
mod setup;

pub(crate) use setup::{old_roots, register};

use super::*;
use crate::types::{PreviousKey, Status};
use alloc::{boxed::Box, vec, vec::Vec};
use frame_benchmarking::v2::*;
use frame_support::traits::{Get, UnfilteredDispatchable};
use frame_system::RawOrigin;
use lanes::*;
use openledger_primitives::{
	lane::{CloseAgreement, MAX_LANE_SETTLEMENTS, MAX_PARTS},
	traits::{LaneCharges, RevenueDistributor},
	Hash, Sequence, MAX_LANES, MAX_LINEAGE, MAX_PROOF, MAX_RECORDS, MAX_SERVED, MAX_SOURCES,
};
use setup::*;
use sp_runtime::traits::{Bounded, One, Saturating, Zero};

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn register_node(m: Linear<1, MAX_SERVED>) -> Result<(), BenchmarkError> {
		let operator = funded::<T>("operator")?;
		let models = served(models::<T>(m)?)?;

		#[extrinsic_call]
		_(
			RawOrigin::Signed(operator.clone()),
			endpoint(),
			operator.clone(),
			T::MinBond::get(),
			models,
		);

		assert!(Nodes::<T>::contains_key(&operator));
		Ok(())
	}

	/// All of the models that are served change.
	#[benchmark]
	fn update_node(
		m: Linear<1, MAX_SERVED>,
		g: Linear<1, MAX_SERVED>,
	) -> Result<(), BenchmarkError> {
		let operator = funded::<T>("operator")?;
		register::<T>(&operator, models::<T>(g)?)?;
		let models = served(models::<T>(m)?)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(operator.clone()), endpoint(), models.clone());

		assert_eq!(Nodes::<T>::get(&operator).map(|node| node.models), Some(models));
		Ok(())
	}

	#[benchmark]
	fn open_session() -> Result<(), BenchmarkError> {
		let operator = funded::<T>("operator")?;
		let caller = funded::<T>("caller")?;
		register::<T>(&operator, models::<T>(MAX_SERVED)?)?;
		let now = frame_system::Pallet::<T>::block_number();
		let expires_at = now.saturating_add(T::MaxDuration::get());

		#[extrinsic_call]
		_(
			RawOrigin::Signed(caller.clone()),
			operator,
			T::MinDeposit::get(),
			caller.clone(),
			expires_at,
		);

		assert!(Sessions::<T>::contains_key(0));
		Ok(())
	}

	#[benchmark]
	fn open_session_with_limit() -> Result<(), BenchmarkError> {
		let operator = funded::<T>("operator")?;
		let caller = funded::<T>("caller")?;
		register::<T>(&operator, models::<T>(MAX_SERVED)?)?;
		let now = frame_system::Pallet::<T>::block_number();
		let expires_at = now.saturating_add(T::MaxDuration::get());

		#[extrinsic_call]
		_(
			RawOrigin::Signed(caller.clone()),
			operator,
			T::MinDeposit::get(),
			caller.clone(),
			0,
			expires_at,
		);

		assert!(Sessions::<T>::contains_key(0));
		Ok(())
	}

	#[benchmark]
	fn request_close() -> Result<(), BenchmarkError> {
		let caller = funded::<T>("caller")?;
		let session = open::<T>(&caller, &caller, caller.clone(), 0)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), session);

		assert!(Sessions::<T>::get(session).is_some_and(|session| session.closes_at.is_some()));
		Ok(())
	}

	/// By somebody else, who is rewarded.
	#[benchmark]
	fn close_session(l: Linear<0, { MAX_LANES as u32 }>) -> Result<(), BenchmarkError> {
		let caller = funded::<T>("caller")?;
		let operator = funded::<T>("operator")?;
		let cleaner = funded::<T>("cleaner")?;
		register::<T>(&operator, models::<T>(MAX_SERVED)?)?;
		let session = open::<T>(&caller, &operator, caller.clone(), l)?;
		let lapsed = Sessions::<T>::get(session).ok_or("no session")?.settle_until;
		frame_system::Pallet::<T>::set_block_number(lapsed.saturating_add(One::one()));

		#[extrinsic_call]
		_(RawOrigin::Signed(cleaner), session);

		assert!(!Sessions::<T>::contains_key(session));
		assert_eq!(Lanes::<T>::iter_prefix(session).count(), 0);
		Ok(())
	}

	#[benchmark]
	fn close_by_agreement(l: Linear<0, { MAX_LANES as u32 }>) -> Result<(), BenchmarkError> {
		let (key, caller, session) = closing::<T>(l)?;
		let genesis_hash = Pallet::<T>::genesis_hash();
		let agreement = CloseAgreement { genesis_hash, session, settled: 1, extension: None };
		let signature = sign(&key, &agreement)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), agreement.into(), signature);

		assert!(!Sessions::<T>::contains_key(session));
		Ok(())
	}

	/// All but one of the places for earlier keys are taken.
	#[benchmark]
	fn rotate_receipt_key() -> Result<(), BenchmarkError> {
		let operator = funded::<T>("operator")?;
		register::<T>(&operator, models::<T>(MAX_SERVED)?)?;
		let previous = PreviousKey {
			key: operator.clone(),
			since: Zero::zero(),
			replaced_at: Zero::zero(),
			kept_until: Bounded::max_value(),
		};
		let most = types::MAX_PREVIOUS_KEYS as usize;
		let history = vec![previous; most.saturating_sub(1)];
		let history = history.try_into().map_err(|_| "too many keys")?;
		PreviousKeys::<T>::insert::<_, types::KeyHistoryOf<T>>(&operator, history);

		#[extrinsic_call]
		_(RawOrigin::Signed(operator.clone()), account("key", 0, 0));

		assert_eq!(PreviousKeys::<T>::get(&operator).len(), most);
		Ok(())
	}

	#[benchmark]
	fn set_payee() -> Result<(), BenchmarkError> {
		let operator = funded::<T>("operator")?;
		register::<T>(&operator, models::<T>(MAX_SERVED)?)?;
		let payee: T::AccountId = account("payee", 0, 0);

		#[extrinsic_call]
		_(RawOrigin::Signed(operator.clone()), Some(payee.clone()));

		assert_eq!(Nodes::<T>::get(&operator).and_then(|node| node.payee), Some(payee));
		Ok(())
	}

	#[benchmark]
	fn bond_more() -> Result<(), BenchmarkError> {
		let operator = funded::<T>("operator")?;
		register::<T>(&operator, models::<T>(MAX_SERVED)?)?;
		let bond = T::MinBond::get();

		#[extrinsic_call]
		_(RawOrigin::Signed(operator.clone()), bond);

		assert_eq!(Nodes::<T>::get(&operator).map(|node| node.bond), bond.checked_mul(2));
		Ok(())
	}

	#[benchmark]
	fn heartbeat() -> Result<(), BenchmarkError> {
		let operator = funded::<T>("operator")?;
		register::<T>(&operator, models::<T>(MAX_SERVED)?)?;
		frame_system::Pallet::<T>::set_block_number(10u32.into());

		#[extrinsic_call]
		_(RawOrigin::Signed(operator.clone()));

		let last = Nodes::<T>::get(&operator).map(|node| node.last_heartbeat);
		assert_eq!(last, Some(10u32.into()));
		Ok(())
	}

	#[benchmark]
	fn start_unbonding(m: Linear<1, MAX_SERVED>) -> Result<(), BenchmarkError> {
		let operator = funded::<T>("operator")?;
		register::<T>(&operator, models::<T>(m)?)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(operator.clone()));

		assert!(Nodes::<T>::get(&operator).is_some_and(|node| !node.is_active()));
		Ok(())
	}

	#[benchmark]
	fn cancel_unbonding(m: Linear<1, MAX_SERVED>) -> Result<(), BenchmarkError> {
		let operator = inactive::<T>(m, Status::Unbonding(Zero::zero()))?;

		#[extrinsic_call]
		_(RawOrigin::Signed(operator.clone()));

		assert!(Nodes::<T>::get(&operator).is_some_and(|node| node.is_active()));
		Ok(())
	}

	#[benchmark]
	fn withdraw_bond() -> Result<(), BenchmarkError> {
		let operator = inactive::<T>(MAX_SERVED, Status::Unbonding(Zero::zero()))?;
		frame_system::Pallet::<T>::set_block_number(10u32.into());

		#[extrinsic_call]
		_(RawOrigin::Signed(operator.clone()));

		assert!(!Nodes::<T>::contains_key(&operator));
		Ok(())
	}

	#[benchmark]
	fn unjail(m: Linear<1, MAX_SERVED>) -> Result<(), BenchmarkError> {
		let operator = inactive::<T>(m, Status::Jailed(Zero::zero()))?;

		#[extrinsic_call]
		_(RawOrigin::Signed(operator.clone()));

		assert!(Nodes::<T>::get(&operator).is_some_and(|node| node.is_active()));
		Ok(())
	}

	#[benchmark]
	fn remove_node() -> Result<(), BenchmarkError> {
		let operator = inactive::<T>(MAX_SERVED, Status::Jailed(Zero::zero()))?;
		Nodes::<T>::mutate(&operator, |node| {
			if let Some(node) = node {
				node.bond = node.bond.saturating_sub(1);
			}
		});
		let now = T::UnbondingPeriod::get().saturating_add(1u32.into());
		frame_system::Pallet::<T>::set_block_number(now);

		#[extrinsic_call]
		_(RawOrigin::Signed(funded::<T>("anyone")?), operator.clone());

		assert!(!Nodes::<T>::contains_key(&operator));
		Ok(())
	}

	#[benchmark]
	fn top_up() -> Result<(), BenchmarkError> {
		let caller = funded::<T>("caller")?;
		let session = open::<T>(&caller, &caller, caller.clone(), 0)?;
		let before = Sessions::<T>::get(session).map(|session| session.deposit);

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), session, 1);

		assert!(Sessions::<T>::get(session).map(|session| session.deposit) > before);
		Ok(())
	}

	#[benchmark]
	fn extend_session() -> Result<(), BenchmarkError> {
		let caller = funded::<T>("caller")?;
		let operator = funded::<T>("operator")?;
		register::<T>(&operator, models::<T>(MAX_SERVED)?)?;
		let session = open::<T>(&caller, &operator, caller.clone(), 0)?;
		let now = frame_system::Pallet::<T>::block_number();
		let expires_at = now.saturating_add(T::MaxDuration::get());

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), session, expires_at);

		let stored = Sessions::<T>::get(session).map(|session| session.expires_at);
		assert_eq!(stored, Some(expires_at));
		Ok(())
	}

	#[benchmark]
	fn set_spending_limit() -> Result<(), BenchmarkError> {
		let caller = funded::<T>("caller")?;
		let session = open::<T>(&caller, &caller, caller.clone(), 0)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), session, 1);

		assert!(Sessions::<T>::get(session).is_some_and(|session| session.pending_limit.is_some()));
		Ok(())
	}

	#[benchmark]
	fn settle_lanes(l: Linear<1, MAX_LANE_SETTLEMENTS>) -> Result<(), BenchmarkError> {
		let (operator, lanes) = settlements::<T>(l, Common::Nothing)?;
		let accrued = T::Revenue::benchmark_accrued();

		#[extrinsic_call]
		_(RawOrigin::Signed(operator), lanes);

		assert_eq!(types::count(Lanes::<T>::iter().count()), l);
		assert!(T::Revenue::benchmark_accrued() < accrued);
		Ok(())
	}

	#[benchmark]
	fn settle_lanes_of_sessions(l: Linear<1, MAX_LANE_SETTLEMENTS>) -> Result<(), BenchmarkError> {
		let (operator, lanes) = settlements::<T>(l, Common::Model)?;
		let accrued = T::Revenue::benchmark_accrued();

		#[extrinsic_call]
		settle_lanes(RawOrigin::Signed(operator), lanes);

		assert_eq!(types::count(Lanes::<T>::iter().count()), l);
		assert!(T::Revenue::benchmark_accrued() < accrued);
		Ok(())
	}

	#[benchmark]
	fn settle_lanes_of_one(l: Linear<1, MAX_LANE_SETTLEMENTS>) -> Result<(), BenchmarkError> {
		let (operator, lanes) = settlements::<T>(l, Common::SessionAndModel)?;
		let accrued = T::Revenue::benchmark_accrued();

		#[extrinsic_call]
		settle_lanes(RawOrigin::Signed(operator), lanes);

		assert_eq!(types::count(Lanes::<T>::iter_prefix(0).count()), l);
		assert!(T::Revenue::benchmark_accrued() < accrued);
		Ok(())
	}

	#[benchmark]
	fn settle_lane_records(r: Linear<1, MAX_RECORDS>) -> Result<(), BenchmarkError> {
		let (operator, lane, _) = new_lane::<T>(1)?;
		let settled = lane.settlement(vec![lane_records(r, &[])?])?;
		let accrued = T::Revenue::benchmark_accrued();

		#[extrinsic_call]
		settle_lanes(RawOrigin::Signed(operator), only(settled));

		assert_eq!(Lanes::<T>::get(0, 0).map(|lane| lane.sequence), Some(u64::from(r)));
		assert!(T::Revenue::benchmark_accrued() < accrued);
		Ok(())
	}

	/// Every contribution is named but once.
	#[benchmark]
	fn settle_lane_entries(e: Linear<0, MOST_ENTRIES>) -> Result<(), BenchmarkError> {
		let (operator, lane, contributions) = new_lane::<T>(EACH_SOURCE)?;
		let named: Vec<_> = contributions.into_iter().take(e as usize).collect();
		let settled = lane.settlement(vec![lane_records(MAX_RECORDS, &named)?])?;
		let accrued = T::Revenue::benchmark_accrued();

		#[extrinsic_call]
		settle_lanes(RawOrigin::Signed(operator), only(settled));

		assert_eq!(Lanes::<T>::get(0, 0).map(|lane| lane.sequence), Some(u64::from(MAX_RECORDS)));
		assert!(T::Revenue::benchmark_accrued() < accrued);
		Ok(())
	}

	#[benchmark]
	fn settle_lane_runs(n: Linear<1, MAX_PARTS>) -> Result<(), BenchmarkError> {
		let (operator, mut lane, _) = new_lane::<T>(1)?;
		let runs = longest_runs::<T>(&mut lane, n)?;
		let settled = lane.settlement(runs)?;
		let accrued = T::Revenue::benchmark_accrued();

		#[extrinsic_call]
		settle_lanes(RawOrigin::Signed(operator), only(settled));

		let settled = Lanes::<T>::get(0, 0).map(|lane| lane.settled);
		assert_eq!(settled, Some(lane.voucher.acknowledged));
		assert!(T::Revenue::benchmark_accrued() < accrued);
		Ok(())
	}

	#[benchmark]
	fn settle_lane_sources(s: Linear<1, MAX_SOURCES>) -> Result<(), BenchmarkError> {
		let LaneOfTerms { operator, model, terms, as_of, item } =
			lane_of_terms::<T>(s, MAX_LINEAGE)?;
		let charges =
			LaneCharges { node: &operator, model, terms: &terms, as_of, items: vec![item] };
		let accrued = T::Revenue::benchmark_accrued();
		let payments;

		#[block]
		{
			payments = T::Revenue::distribute_lanes(&[charges])?;
		}

		assert_eq!(payments.len(), 1);
		assert!(T::Revenue::benchmark_accrued() < accrued);
		Ok(())
	}

	#[benchmark]
	fn settle_lane_parents(p: Linear<0, MAX_LINEAGE>) -> Result<(), BenchmarkError> {
		let LaneOfTerms { operator, model, terms, as_of, item } =
			lane_of_terms::<T>(MAX_SOURCES, p)?;
		let charges =
			LaneCharges { node: &operator, model, terms: &terms, as_of, items: vec![item] };
		let accrued = T::Revenue::benchmark_accrued();
		let payments;

		#[block]
		{
			payments = T::Revenue::distribute_lanes(&[charges])?;
		}

		assert_eq!(payments.len(), 1);
		assert!(T::Revenue::benchmark_accrued() < accrued);
		Ok(())
	}

	#[benchmark]
	fn report_overcharged_call(
		h: Linear<0, MAX_PROOF>,
		m: Linear<1, MAX_SERVED>,
	) -> Result<(), BenchmarkError> {
		let Disputing { key, receipt_key, operator, reporter } = disputing::<T>(m)?;
		let statement = lane_statement::<T>();
		let (item, hashes) = keep_leaf::<T>(&operator, &statement, T::MinBond::get(), h)?;
		let signature = sign(&key, &statement)?;

		let report = Call::<T>::report_overcharged_call {
			statement: Box::new(statement.into()),
			signature,
			receipt_key,
			last_sequence: u64::from(u32::MAX),
			item: Box::new(item),
			index: 0,
			hashes,
		};
		commit::<T>(&reporter, &report)?;

		#[block]
		{
			report
				.dispatch_bypass_filter(RawOrigin::Signed(reporter).into())
				.map_err(|e| e.error)?;
		}

		assert!(Nodes::<T>::get(&operator).is_some_and(|node| !node.is_active()));
		Ok(())
	}

	#[benchmark]
	fn report_misreported_call(
		h: Linear<0, MAX_PROOF>,
		m: Linear<1, MAX_SERVED>,
	) -> Result<(), BenchmarkError> {
		let Disputing { key, receipt_key, operator, reporter } = disputing::<T>(m)?;
		let mut statement = lane_statement::<T>();
		statement.charge = T::MinBond::get();
		let (item, hashes) = keep_leaf::<T>(&operator, &statement, statement.charge, h)?;
		// Only the agreement is another one, which is compared last.
		statement.agreement.as_of = statement.agreement.as_of.saturating_add(1);
		let signature = sign(&key, &statement)?;

		let report = Call::<T>::report_misreported_call {
			statement: Box::new(statement.into()),
			signature,
			receipt_key,
			last_sequence: u64::from(u32::MAX),
			item: Box::new(item),
			index: 0,
			hashes,
		};
		commit::<T>(&reporter, &report)?;

		#[block]
		{
			report
				.dispatch_bypass_filter(RawOrigin::Signed(reporter).into())
				.map_err(|e| e.error)?;
		}

		assert!(Nodes::<T>::get(&operator).is_some_and(|node| !node.is_active()));
		Ok(())
	}

	/// The list of another voucher, of as many calls as can be, has none of that sequence.
	#[benchmark]
	fn report_unlisted_call(
		h: Linear<0, MAX_PROOF>,
		m: Linear<1, MAX_SERVED>,
	) -> Result<(), BenchmarkError> {
		let Disputing { operator, reporter, .. } = disputing::<T>(m)?;
		let mut statement = lane_statement::<T>();
		statement.sequence = UNLISTED;
		let (item, hashes) = keep_leaf::<T>(&operator, &statement, T::MinBond::get(), h)?;
		let (listed_in, lookup) = keep_list::<T>()?;

		let report = Call::<T>::report_unlisted_call {
			session: statement.session,
			lane: statement.lane,
			last_sequence: u64::from(u32::MAX),
			item: Box::new(item),
			index: 0,
			hashes,
			listed_in,
			lookup: Box::new(lookup),
			statement: None,
		};
		commit::<T>(&reporter, &report)?;

		#[block]
		{
			report
				.dispatch_bypass_filter(RawOrigin::Signed(reporter).into())
				.map_err(|e| e.error)?;
		}

		assert!(Nodes::<T>::get(&operator).is_some_and(|node| !node.is_active()));
		Ok(())
	}

	/// The oldest of the calls that are kept has to make room.
	#[benchmark]
	fn report_two_statements(m: Linear<1, MAX_SERVED>) -> Result<(), BenchmarkError> {
		let Disputing { key, receipt_key, operator, reporter } = disputing::<T>(m)?;
		let mut first = lane_statement::<T>();
		first.sequence = Sequence::MAX;
		let mut second = first.clone();
		second.attribution.pop();
		let signatures = (sign(&key, &first)?, sign(&key, &second)?);
		fill_equivocations::<T>(&operator)?;

		let report = Call::<T>::report_two_statements {
			operator: operator.clone(),
			first: Box::new(first.into()),
			first_signature: signatures.0,
			first_key: receipt_key.clone(),
			second: Box::new(second.into()),
			second_signature: signatures.1,
			second_key: receipt_key,
		};
		commit::<T>(&reporter, &report)?;

		#[block]
		{
			report
				.dispatch_bypass_filter(RawOrigin::Signed(reporter).into())
				.map_err(|e| e.error)?;
		}

		assert!(Nodes::<T>::get(&operator).is_some_and(|node| !node.is_active()));
		Ok(())
	}

	#[benchmark]
	fn commit_report() -> Result<(), BenchmarkError> {
		let reporter = funded::<T>("reporter")?;
		let commitment = Hash::zero();

		#[extrinsic_call]
		_(RawOrigin::Signed(reporter.clone()), commitment);

		assert!(ReportCommitments::<T>::contains_key(&reporter, commitment));
		Ok(())
	}

	#[benchmark]
	fn withdraw_commitment() -> Result<(), BenchmarkError> {
		let reporter = funded::<T>("reporter")?;
		let commitment = Hash::zero();
		Pallet::<T>::do_commit_report(reporter.clone(), commitment)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(reporter.clone()), commitment);

		assert!(!ReportCommitments::<T>::contains_key(&reporter, commitment));
		Ok(())
	}

	#[benchmark]
	fn drop_roots(n: Linear<0, { roots::DROPPED_PER_BLOCK }>) -> Result<(), BenchmarkError> {
		// One more, which is looked at but not removed.
		old_roots::<T>(n.saturating_add(1));
		let dropped;

		#[block]
		{
			dropped = Pallet::<T>::drop_roots(n);
		}

		assert_eq!(dropped, n);
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
