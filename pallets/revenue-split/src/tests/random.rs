//! Invariants, whatever is settled.

use super::*;
use crate::{Accrued, TotalAccrued};
use frame_support::traits::fungible::Mutate;
use openledger_primitives::{
	policy::RevenuePolicy,
	record::CallPayment,
	traits::{CallTerms, ChargedCall, RevenueDistributor},
	ModelId,
};
use proptest::{collection::vec, prelude::*};
use sp_runtime::{DispatchError, Permill};

/// Everybody who may be paid: few, so that they meet in several roles.
fn earner(index: u8) -> AccountId {
	AccountId::new([20 + index % 4; 32])
}

fn earners() -> Vec<AccountId> {
	(0..4).map(earner).collect()
}

/// Calls of one model that are settled together.
#[derive(Clone, Debug)]
struct Settlement {
	model: ModelId,
	terms: CallTerms<AccountId>,
	calls: Vec<ChargedCall>,
}

impl Settlement {
	/// So many planck were charged.
	fn charged(&self) -> u128 {
		self.calls.iter().map(|call| call.charge).sum()
	}

	fn settle(&self, node: &AccountId) -> Result<Vec<CallPayment>, DispatchError> {
		RevenueSplit::distribute(node, self.model, &self.terms, &self.calls)
	}

	/// The same with other calls.
	fn with(&self, calls: &[ChargedCall]) -> Self {
		Self { calls: calls.to_vec(), ..self.clone() }
	}
}

fn any_call() -> impl Strategy<Value = ChargedCall> {
	let charge = prop_oneof![0u128..500, 0u128..1_000_000_000];
	let data = (vec((0u64..5, 0u64..10), 0..=8), 0u64..3);
	(charge, data).prop_map(|(charge, (entries, unattributed))| ChargedCall {
		attribution: attribution(&entries),
		unattributed,
		..call(charge)
	})
}

fn any_settlement(
	count: impl Into<proptest::collection::SizeRange>,
) -> impl Strategy<Value = Settlement> {
	let policy = (0u32..=1_000_000, 0u32..=1_000_000, 0u32..=1_000_000);
	let levels = vec((any::<u8>(), 0u32..=100), 0..=4);
	(policy, levels, any::<u8>(), 0u32..3, vec(any_call(), count)).prop_map(
		|((a, b, attributed), levels, developer, model, calls)| {
			let levels: Vec<_> =
				levels.into_iter().map(|(who, part)| (earner(who), part)).collect();
			let terms = CallTerms {
				payee: earner(developer),
				policy: RevenuePolicy {
					developer: Permill::from_parts(a.min(b)),
					data: Permill::from_parts(a.max(b) - a.min(b)),
					node: Permill::from_parts(1_000_000 - a.max(b)),
					attributed: Permill::from_parts(attributed),
				},
				lineage: lineage(&levels),
				..terms()
			};
			Settlement { model, terms, calls }
		},
	)
}

/// An action on the chain.
#[derive(Clone, Debug)]
enum Step {
	/// A settlement by the earner of that index.
	Settle(u8, Settlement),
	/// Somebody asks for what has accrued for an earner.
	PayAccrued(u8),
	/// An earner spends everything.
	Spend(u8),
	/// Governance sets the protocol's share, in percent.
	SetShare(u32),
	/// Data fails in the middle of a settlement.
	Fail(Fault, Settlement),
}

fn step() -> impl Strategy<Value = Step> {
	let fault = prop_oneof![Just(Fault::MiscountsAPlanck), Just(Fault::ForgetsACall)];
	prop_oneof![
		6 => (any::<u8>(), any_settlement(0..6))
			.prop_map(|(node, settlement)| Step::Settle(node, settlement)),
		2 => any::<u8>().prop_map(Step::PayAccrued),
		2 => any::<u8>().prop_map(Step::Spend),
		1 => (0u32..=100).prop_map(Step::SetShare),
		1 => (fault, any_settlement(1..4))
			.prop_map(|(fault, settlement)| Step::Fail(fault, settlement)),
	]
}

/// The parts of one payment, added up.
fn paid(payment: &CallPayment) -> u128 {
	let royalties: u128 = payment.royalties.iter().map(|royalty| royalty.amount).sum();
	payment.protocol + payment.developer + payment.node + payment.data + royalties
}

/// Amounts that everybody has, paid or accrued.
fn possessions() -> Vec<u128> {
	earners()
		.into_iter()
		.chain([PROTOCOL, DATA_POT])
		.map(|account| Balances::balance(&account) + Accrued::<Test>::get(&account))
		.collect()
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(48))]

	/// Whatever happens, in whatever order: all that was charged is paid, credited to data, or kept
	/// as accrued, and nothing else ever moves.
	#[test]
	fn every_planck_is_accounted_for(steps in vec(step(), 1..20)) {
		new_test_ext().execute_with(|| {
			let mut charged = 0;
			let mut spent = 0;
			for step in steps {
				match step {
					Step::Settle(node, settlement) => {
						fund_pot(settlement.charged());
						charged += settlement.charged();
						let payments = settlement.settle(&earner(node)).unwrap();
						prop_assert_eq!(payments.len(), settlement.calls.len());
						for (payment, call) in payments.iter().zip(&settlement.calls) {
							prop_assert_eq!(paid(payment), call.charge);
						}
					}
					Step::PayAccrued(who) => {
						let who = earner(who);
						let (due, before) = (Accrued::<Test>::get(&who), Balances::balance(&who));
						let outcome =
							RevenueSplit::pay_accrued(RuntimeOrigin::signed(PAYER), who.clone());
						let payable = due > 0 && before + due >= EXISTENTIAL_DEPOSIT;
						prop_assert_eq!(outcome.is_ok(), payable);
						let moved = if payable { due } else { 0 };
						prop_assert_eq!(Balances::balance(&who), before + moved);
					}
					Step::Spend(who) => {
						let all = Balances::balance(&earner(who));
						spent += all;
						let origin = RuntimeOrigin::signed(earner(who));
						if all > 0 {
							Balances::transfer_allow_death(origin, PAYER, all).unwrap();
						}
					}
					Step::SetShare(percent) => {
						ProtocolShare::set(Permill::from_percent(percent));
						next_block();
					}
					Step::Fail(fault, settlement) => {
						let before = possessions();
						DataFault::set(Some(fault));
						let outcome = frame_support::storage::with_storage_layer(|| {
							Balances::mint_into(&RevenueSplit::pot(), settlement.charged()).unwrap();
							let payments = settlement.settle(&NODE)?;
							// No data was paid, so the fault had nothing to spoil.
							assert!(payments.iter().all(|payment| payment.data == 0));
							Err::<(), _>(DispatchError::Other("nothing to spoil"))
						});
						DataFault::set(None);
						prop_assert!(outcome.is_err());
						prop_assert_eq!(before, possessions());
					}
				}
				RevenueSplit::do_try_state().unwrap();
				prop_assert_eq!(pot_surplus(), TotalAccrued::<Test>::get());
			}
			let held: u128 = possessions().iter().sum();
			prop_assert_eq!(held + spent, charged + 2 * EXISTENTIAL_DEPOSIT);
			let issued = pallet_balances::TotalIssuance::<Test>::get();
			prop_assert_eq!(issued, 1_000_000 + 3 * EXISTENTIAL_DEPOSIT + charged);
			Ok(())
		})?;
	}

	/// A batch pays everybody what its calls would have paid one by one.
	#[test]
	fn batching_changes_nobodys_income(settlement in any_settlement(1..8), node: u8) {
		let settle = |batches: Vec<&[ChargedCall]>| {
			new_test_ext().execute_with(|| {
				let mut payments = Vec::new();
				for batch in batches {
					let settlement = settlement.with(batch);
					fund_pot(settlement.charged());
					payments.extend(settlement.settle(&earner(node)).unwrap());
				}
				let earned: Vec<_> = earners()
					.iter()
					.map(|account| {
						let mut earnings = RevenueSplit::earnings(account);
						earnings.accrued = 0;
						earnings
					})
					.collect();
				let models: Vec<_> = (0..3).map(RevenueSplit::model_earnings).collect();
				(payments, possessions(), earned, models)
			})
		};
		let calls = &settlement.calls;
		prop_assert_eq!(settle(vec![&calls[..]]), settle(calls.chunks(1).collect()));
	}

	/// The order of calls changes nobody's income.
	#[test]
	fn order_changes_nobodys_income(
		(settlement, other) in any_settlement(1..8)
			.prop_flat_map(|one| (Just(one.clone()), Just(one.calls).prop_shuffle())),
	) {
		let settle = |calls: &[ChargedCall]| {
			new_test_ext().execute_with(|| {
				let settlement = settlement.with(calls);
				fund_pot(settlement.charged());
				settlement.settle(&NODE).unwrap();
				(possessions(), Balances::balance(&NODE))
			})
		};
		prop_assert_eq!(settle(&settlement.calls), settle(&other));
	}
}
