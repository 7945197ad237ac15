//! Money that moves outside of the market, and what governance sets.

use crate::{
	common::{pots, wealth},
	market::{Deed, Then},
	people::{person, poor},
	script::{Kind, Step},
};
use openledger_primitives::OPEN;
use openledger_runtime::{
	configs::parameters::{
		dynamic_params::{bonds, limits, revenue, windows},
		RuntimeParameters,
	},
	Runtime,
};
use pallet_balances::Call as Balances;
use pallet_revenue_split::{Accrued, Call as Revenue};
use sp_runtime::Permill;

/// The call of a step that is about money.
pub fn deed(step: &Step) -> Option<Deed> {
	match step.kind {
		Kind::PayAccrued => {
			let mut owed = Accrued::<Runtime>::iter_keys().collect::<Vec<_>>();
			owed.sort();
			let place = step.pick(0..owed.len(), [], usize::MAX);
			let account = owed.get(place).cloned().unwrap_or_else(|| person(step.place()));
			Deed::by(person(step.pick), Revenue::pay_accrued { account })
		}
		Kind::Transfer => {
			let to = match step.value % 10 {
				8 => pots()[0].clone(),
				9 => pots()[1].clone(),
				0..4 => poor(step.place()),
				_ => person(step.place()),
			};
			let value = match step.value % 3 {
				0 => step.value.into(),
				_ => step.amount(),
			};
			let dest = to.clone().into();
			let call = Balances::transfer_allow_death { dest, value };
			Deed::by(person(step.pick), call)?.then(Then::Gave(to, value))
		}
		Kind::TransferAll => {
			let (from, to) = (poor(step.pick), person(step.place()));
			let dest = to.into();
			let call = match step.value % 4 {
				// All but too little to be kept.
				3 => Balances::transfer_allow_death {
					dest,
					value: wealth(&from).saturating_sub(step.value.into()),
				},
				rest => Balances::transfer_all { dest, keep_alive: rest == 2 },
			};
			Deed::by(step.by(from), call)
		}
		Kind::SetParameter => Deed::of_governance(
			step,
			pallet_parameters::Call::<Runtime>::set_parameter { key_value: parameter(step) },
		),
		_ => None,
	}
}

/// A value for a parameter: what it was at first, something sensible, or something that is out of
/// bounds.
fn parameter(step: &Step) -> RuntimeParameters {
	let level = step.value % 6;
	let amount = [None, Some(OPEN), Some(2 * OPEN), Some(OPEN / 3), Some(0), Some(u128::MAX)]
		[usize::from(level)];
	let blocks = [None, Some(1_200), Some(28_800), Some(40_000), Some(0), Some(u32::MAX)]
		[usize::from(level)];
	match step.pick % 17 {
		0 => {
			let share = amount.map(|amount| Permill::from_rational(amount, 20 * OPEN));
			let parameter = revenue::Parameters::ProtocolShare(revenue::ProtocolShare, share);
			RuntimeParameters::Revenue(parameter)
		}
		1..6 => RuntimeParameters::Bonds(match step.pick % 17 {
			1 => bonds::Parameters::MinBond(bonds::MinBond, amount),
			2 => bonds::Parameters::ContributionBond(bonds::ContributionBond, amount),
			3 => bonds::Parameters::DatanetDeposit(bonds::DatanetDeposit, amount),
			4 => bonds::Parameters::MinSessionDeposit(bonds::MinSessionDeposit, amount),
			_ => bonds::Parameters::SessionDeposit(bonds::SessionDeposit, amount),
		}),
		6..15 => RuntimeParameters::Windows(match step.pick % 17 {
			6 => windows::Parameters::NoticePeriod(windows::NoticePeriod, blocks),
			7 => windows::Parameters::SettlementGrace(windows::SettlementGrace, blocks),
			8 => windows::Parameters::CloseNotice(windows::CloseNotice, blocks),
			9 => windows::Parameters::SettlementWindow(windows::SettlementWindow, blocks),
			10 => windows::Parameters::DisputeWindow(windows::DisputeWindow, blocks),
			11 => windows::Parameters::UnbondingPeriod(windows::UnbondingPeriod, blocks),
			12 => windows::Parameters::ContestPeriod(windows::ContestPeriod, blocks),
			13 => windows::Parameters::BondLockPeriod(windows::BondLockPeriod, blocks),
			_ => windows::Parameters::JailPeriod(windows::JailPeriod, blocks),
		}),
		15 => {
			let duration =
				limits::Parameters::MaxSessionDuration(limits::MaxSessionDuration, blocks);
			RuntimeParameters::Limits(duration)
		}
		_ => {
			let weight = blocks.map(u64::from);
			RuntimeParameters::Limits(limits::Parameters::MaxWeight(limits::MaxWeight, weight))
		}
	}
}
