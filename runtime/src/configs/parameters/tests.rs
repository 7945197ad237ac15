//! Values that governance sets stay within bounds.

use super::*;
use crate::{Parameters, RuntimeOrigin};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives::history::History;
use proptest::prelude::*;
use sp_io::TestExternalities;
use sp_runtime::DispatchError;

fn set(parameter: RuntimeParameters) {
	assert_ok!(Parameters::set_parameter(RuntimeOrigin::root(), parameter));
}

fn set_share(share: Option<Permill>) {
	let parameter = revenue::Parameters::ProtocolShare(revenue::ProtocolShare, share);
	set(RuntimeParameters::Revenue(parameter));
}

fn set_bonds(values: [Option<Balance>; 5]) {
	use bonds::*;
	let [bond, contribution, datanet, least, session] = values;
	for parameter in [
		Parameters::MinBond(MinBond, bond),
		Parameters::ContributionBond(ContributionBond, contribution),
		Parameters::DatanetDeposit(DatanetDeposit, datanet),
		Parameters::MinSessionDeposit(MinSessionDeposit, least),
		Parameters::SessionDeposit(SessionDeposit, session),
	] {
		set(RuntimeParameters::Bonds(parameter));
	}
}

fn set_windows(values: [Option<BlockNumber>; 9]) {
	use windows::*;
	let [notice, grace, close, settlement, dispute, unbonding, contest, lock, jail] = values;
	for parameter in [
		Parameters::NoticePeriod(NoticePeriod, notice),
		Parameters::SettlementGrace(SettlementGrace, grace),
		Parameters::CloseNotice(CloseNotice, close),
		Parameters::SettlementWindow(SettlementWindow, settlement),
		Parameters::DisputeWindow(DisputeWindow, dispute),
		Parameters::UnbondingPeriod(UnbondingPeriod, unbonding),
		Parameters::ContestPeriod(ContestPeriod, contest),
		Parameters::BondLockPeriod(BondLockPeriod, lock),
		Parameters::JailPeriod(JailPeriod, jail),
	] {
		set(RuntimeParameters::Windows(parameter));
	}
}

fn set_limits(duration: Option<BlockNumber>, weight: Option<u64>) {
	use limits::*;
	for parameter in [
		Parameters::MaxSessionDuration(MaxSessionDuration, duration),
		Parameters::MaxWeight(MaxWeight, weight),
	] {
		set(RuntimeParameters::Limits(parameter));
	}
}

fn amounts() -> [Balance; 5] {
	[
		MinBond::get(),
		ContributionBond::get(),
		DatanetDeposit::get(),
		MinSessionDeposit::get(),
		SessionDeposit::get(),
	]
}

fn periods() -> [BlockNumber; 9] {
	[
		NoticePeriod::get(),
		SettlementGrace::get(),
		CloseNotice::get(),
		SettlementWindow::get(),
		DisputeWindow::get(),
		UnbondingPeriod::get(),
		ContestPeriod::get(),
		BondLockPeriod::get(),
		JailPeriod::get(),
	]
}

/// Checks the relations that must hold whatever governance has set.
fn check() -> Result<(), TestCaseError> {
	prop_assert!(ProtocolShare::get() <= MaxProtocolShare::get());

	let milli = MILLI_OPEN;
	let bounds = [
		(1_000 * milli, 1_000_000 * OPEN),
		(200 * milli, 10_000 * OPEN),
		(1_000 * milli, 100_000 * OPEN),
		(milli, 1_000 * OPEN),
		(50 * milli, 100 * OPEN),
	];
	for (amount, (least, most)) in amounts().into_iter().zip(bounds) {
		prop_assert!((least..=most).contains(&amount), "{amount}");
	}

	let bounds = [
		(HOURS, 90 * DAYS),
		(HOURS, 30 * DAYS),
		(10 * MINUTES, 7 * DAYS),
		(HOURS, 7 * DAYS),
		(DAYS, 30 * DAYS),
		(2 * DAYS, 90 * DAYS),
		(14 * DAYS, 30 * DAYS),
		(14 * DAYS, 90 * DAYS),
		(HOURS, 90 * DAYS),
	];
	for (period, (least, most)) in periods().into_iter().zip(bounds) {
		prop_assert!((least..=most).contains(&period), "{period}");
	}
	prop_assert!(UnbondingPeriod::get() > DisputeWindow::get());
	prop_assert!(SettlementGrace::get() >= CloseNotice::get() + SettlementWindow::get());
	prop_assert!(SettlementGrace::get() >= TermsGrace::get() + SettlementWindow::get());
	prop_assert!(BondLockPeriod::get() >= ContestPeriod::get());

	prop_assert!((DAYS..=365 * DAYS).contains(&MaxSessionDuration::get()));
	let known_for: BlockNumber = HistoryPeriod::get();
	let used_for = TermsGrace::get() + SettlementWindow::get() + DisputeWindow::get();
	prop_assert!(known_for >= used_for, "{known_for} {used_for}");
	prop_assert!((1_000..=1 << 40).contains(&MaxWeight::get()));
	Ok(())
}

fn defaults() -> ([Balance; 5], [BlockNumber; 9]) {
	(
		[100 * OPEN, OPEN, 10 * OPEN, 100 * MILLI_OPEN, 150 * MILLI_OPEN],
		[7 * DAYS, 2 * DAYS, 6 * HOURS, DAYS, 7 * DAYS, 14 * DAYS, 14 * DAYS, 14 * DAYS, DAYS],
	)
}

#[test]
fn the_defaults_are_used_as_they_are() {
	TestExternalities::default().execute_with(|| {
		check().unwrap();
		assert_eq!(ProtocolShare::get(), Permill::from_percent(5));
		assert_eq!((amounts(), periods()), defaults());
		assert_eq!(MaxSessionDuration::get(), 30 * DAYS);
		assert_eq!(MaxWeight::get(), 1_000_000);
	});
}

#[test]
fn what_is_set_is_in_force_until_it_is_unset() {
	TestExternalities::default().execute_with(|| {
		set_share(Some(Permill::from_percent(7)));
		set_bonds([2, 3, 4, 5, 6].map(|amount| Some(amount * OPEN)));
		let days = [1, 20, 2, 3, 4, 5, 16, 17, 8];
		set_windows(days.map(|days| Some(days * DAYS)));
		set_limits(Some(9 * DAYS), Some(2_000));
		assert_eq!(ProtocolShare::get(), Permill::from_percent(7));
		assert_eq!(amounts(), [2, 3, 4, 5, 6].map(|amount| amount * OPEN));
		assert_eq!(periods(), days.map(|days| days * DAYS));
		assert_eq!((MaxSessionDuration::get(), MaxWeight::get()), (9 * DAYS, 2_000));

		set_share(None);
		set_bonds([None; 5]);
		set_windows([None; 9]);
		set_limits(None, None);
		assert_eq!(ProtocolShare::get(), Permill::from_percent(5));
		assert_eq!((amounts(), periods()), defaults());
	});
}

#[test]
fn the_extremes_are_kept_within_bounds() {
	for (amount, period, weight, share) in [
		(Balance::MIN, BlockNumber::MIN, u64::MIN, Permill::zero()),
		(Balance::MAX, BlockNumber::MAX, u64::MAX, Permill::one()),
	] {
		TestExternalities::default().execute_with(|| {
			set_share(Some(share));
			set_bonds([Some(amount); 5]);
			set_windows([Some(period); 9]);
			set_limits(Some(period), Some(weight));
			check().unwrap();
		});
	}
}

#[test]
fn only_root_sets_parameters() {
	TestExternalities::default().execute_with(|| {
		let parameter = revenue::Parameters::ProtocolShare(revenue::ProtocolShare, None);
		for origin in [RuntimeOrigin::none(), RuntimeOrigin::signed([1; 32].into())] {
			let parameter = RuntimeParameters::Revenue(parameter.clone());
			assert_noop!(Parameters::set_parameter(origin, parameter), DispatchError::BadOrigin);
		}
	});
}

#[test]
fn a_share_beyond_the_most_acts_as_the_most() {
	TestExternalities::default().execute_with(|| {
		set_share(Some(Permill::from_percent(12)));
		assert_eq!(ProtocolShare::get(), Permill::from_percent(12));
		set_share(Some(Permill::from_percent(90)));
		assert_eq!(ProtocolShare::get(), MaxProtocolShare::get());
	});
}

parameter_types! {
	static Value: u32 = 0;
	static Least: u32 = 0;
	static Most: u32 = 0;
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(256))]

	/// Each wrapper is the nearest value that its bounds allow.
	#[test]
	fn wrappers_keep_bounds(value: u32, one: u32, other: u32) {
		let (least, most) = (one.min(other), one.max(other));
		Value::set(value);
		Least::set(least);
		Most::set(most);
		let get = |clamped: u32, at_least: u32, sum: u32| (clamped, at_least, sum);
		prop_assert_eq!(
			get(
				Clamped::<Value, Least, Most>::get(),
				AtLeast::<Value, Least>::get(),
				Sum::<Least, Most>::get(),
			),
			(value.clamp(least, most), value.max(least), least.saturating_add(most))
		);
		// Where bounds contradict each other, nothing panics, and the upper one counts.
		let upside_down: u32 = Clamped::<Value, Most, Least>::get();
		prop_assert_eq!(upside_down, least);
	}

	/// No combination of values breaks a bound or a relation.
	#[test]
	fn nothing_that_governance_sets_breaks_a_relation(
		share in proptest::option::of(0u32..=1_000_000),
		amounts in proptest::array::uniform5(proptest::option::of(amount())),
		periods in proptest::array::uniform9(proptest::option::of(period())),
		duration in proptest::option::of(period()),
		weight in proptest::option::of(any::<u64>()),
	) {
		TestExternalities::default().execute_with(|| {
			set_share(share.map(Permill::from_parts));
			set_bonds(amounts);
			set_windows(periods);
			set_limits(duration, weight);
			check()
		})?;
	}
}

proptest! {
	/// Whoever was to be paid as of a block is known for as long as any voucher that names the block can be
	/// settled, and that settlement be disputed, whatever has changed and been forgotten meanwhile.
	#[test]
	fn no_lane_is_settled_or_disputed_after_its_terms_are_forgotten(
		changes in proptest::collection::vec((1..20 * DAYS, 0u8..3), 0..30),
		as_of in 0..200 * DAYS,
		valid_for in 0..400 * DAYS,
		[settled_after, disputed_after] in any::<[prop::sample::Index; 2]>(),
	) {
		let mut history = History::<BlockNumber, u8, ConstU32<64>>::new(0, 0);
		let set = |history: &mut History<_, _, _>, block: BlockNumber, value| {
			history.set(block, value, block.saturating_sub(HistoryPeriod::get())).unwrap();
		};
		let mut changes = changes.into_iter().scan(0, |block, (after, value)| {
			*block += after;
			Some((*block, value))
		}).collect::<Vec<_>>().into_iter().peekable();
		while let Some((block, value)) = changes.next_if(|(block, _)| *block <= as_of) {
			set(&mut history, block, value);
		}
		let value = *history.at(as_of).unwrap();

		// What may be settled, at the latest that the rules allow.
		let window: BlockNumber = MAX_SETTLEMENT_WINDOW;
		let mut last = as_of + valid_for;
		if let Some((changed_at, _)) = changes.clone().find(|(_, next)| *next != value) {
			last = last.min(changed_at + TermsGrace::get());
		}
		let settled = last + settled_after.index(window as usize + 1) as BlockNumber;
		let disputes: BlockNumber = MaxDisputeWindow::get();
		let disputed = settled + disputed_after.index(disputes as usize + 1) as BlockNumber;
		for (block, next) in changes.filter(|(block, _)| *block <= disputed) {
			set(&mut history, block, next);
		}

		prop_assert_eq!(history.at(as_of), Some(&value));
	}
}

/// Amounts and periods of every magnitude, about the bounds above all.
fn amount() -> impl Strategy<Value = Balance> {
	prop_oneof![any::<Balance>(), 0..2 * OPEN, 0..2_000_000 * OPEN]
}

fn period() -> impl Strategy<Value = BlockNumber> {
	prop_oneof![any::<BlockNumber>(), 0..2 * DAYS, 0..100 * DAYS]
}
