//! Random scripts: whatever anybody does, the invariants hold, and no promise is broken.

use super::*;
use crate::Ends;
use openledger_primitives::info::Quote;
use proptest::{collection::vec, prelude::*};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const ACCOUNTS: [AccountId; 3] = [DEVELOPER, OTHER, POOR];

/// In place of an account: the one that may take the step.
const ENTITLED: usize = 3;

/// One step of a script. Models and accounts are named by small numbers, so that scripts are short
/// when they shrink.
#[derive(Clone, Debug)]
enum Step {
	Register { who: usize, name: usize, data: bool, parent: Option<ModelId> },
	Publish { who: usize, model: ModelId, weights: u8, sources: u8 },
	CancelVersion { who: usize, model: ModelId },
	SetPrice { who: usize, model: ModelId, per_call: u8, per_token: u8 },
	CancelPrice { who: usize, model: ModelId },
	SetPolicy { who: usize, model: ModelId, data: u32 },
	CancelPolicy { who: usize, model: ModelId },
	Pause { who: usize, model: ModelId },
	Resume { who: usize, model: ModelId },
	Retire { who: usize, model: ModelId },
	Purge { who: usize, model: ModelId, limit: u32 },
	Prune { who: usize, model: ModelId, limit: u32 },
	Offer { who: usize, model: ModelId, to: usize },
	Withdraw { who: usize, model: ModelId },
	Accept { who: usize, model: ModelId },
	SetPayee { who: usize, model: ModelId, payee: Option<usize> },
	ReleaseName { who: usize, name: usize },
	Govern { notice: BlockNumber, grace: BlockNumber, base: u8, per_byte: u8 },
	Pass { blocks: BlockNumber },
}

fn step() -> impl Strategy<Value = Step> {
	// Most steps should do something.
	let account = || prop_oneof![4 => Just(0usize), 3 => Just(1), 1 => Just(2)];
	let who = || prop_oneof![6 => Just(ENTITLED), 1 => 0..3usize];
	let model = || prop_oneof![5 => Just(0u32), 4 => Just(1), 2 => Just(2), 1 => 3..6u32];
	prop_oneof![
		4 => (account(), 0..4usize, any::<bool>(), prop::option::of(model())).prop_map(
			|(who, name, data, parent)| Step::Register { who, name, data, parent }
		),
		4 => (who(), model(), 0..4u8, 0..3u8).prop_map(
			|(who, model, weights, sources)| Step::Publish { who, model, weights, sources }
		),
		1 => (who(), model()).prop_map(|(who, model)| Step::CancelVersion { who, model }),
		5 => (who(), model(), 0..4u8, 0..4u8).prop_map(
			|(who, model, per_call, per_token)| Step::SetPrice { who, model, per_call, per_token }
		),
		1 => (who(), model()).prop_map(|(who, model)| Step::CancelPrice { who, model }),
		4 => (who(), model(), 0..3u32).prop_map(
			|(who, model, data)| Step::SetPolicy { who, model, data: data * 20 }
		),
		1 => (who(), model()).prop_map(|(who, model)| Step::CancelPolicy { who, model }),
		1 => (who(), model()).prop_map(|(who, model)| Step::Pause { who, model }),
		2 => (who(), model()).prop_map(|(who, model)| Step::Resume { who, model }),
		1 => (who(), model()).prop_map(|(who, model)| Step::Retire { who, model }),
		3 => (who(), model(), 0..4u32).prop_map(
			|(who, model, limit)| Step::Purge { who, model, limit }
		),
		3 => (who(), model(), 0..4u32).prop_map(
			|(who, model, limit)| Step::Prune { who, model, limit }
		),
		1 => (who(), model(), account()).prop_map(|(who, model, to)| Step::Offer { who, model, to }),
		1 => (who(), model()).prop_map(|(who, model)| Step::Withdraw { who, model }),
		2 => (who(), model()).prop_map(|(who, model)| Step::Accept { who, model }),
		3 => (who(), model(), prop::option::of(account())).prop_map(
			|(who, model, payee)| Step::SetPayee { who, model, payee }
		),
		2 => (account(), 0..4usize).prop_map(|(who, name)| Step::ReleaseName { who, name }),
		1 => (0..15u32, 0..30u32, 0..3u8, 0..3u8).prop_map(
			|(notice, grace, base, per_byte)| Step::Govern { notice, grace, base, per_byte }
		),
		5 => (1..25u32).prop_map(|blocks| Step::Pass { blocks }),
	]
}

fn data(choice: u8) -> Vec<DataSource> {
	match choice {
		0 => vec![],
		1 => vec![fixed(1, 10)],
		_ => vec![fixed(1, 10), latest(1)],
	}
}

fn shares(data: u32) -> RevenuePolicy {
	policy(60 - data, data, 40)
}

/// Takes a step that is a call.
fn call(step: Step) -> DispatchResult {
	type Registry = ModelRegistry;
	let by = |who: usize| RuntimeOrigin::signed(ACCOUNTS[who].clone());
	let entitled = |who: usize, model: ModelId| match Models::<Test>::get(model) {
		Some(model) if who == ENTITLED => RuntimeOrigin::signed(model.owner),
		_ => by(who % ACCOUNTS.len()),
	};
	let price = |per_call: u8, per_token: u8| PriceSchedule {
		per_call: per_call.into(),
		per_input_token: 1,
		per_cached_input_token: u128::from(per_call % 2),
		per_output_token: per_token.into(),
	};
	let plain = |result: frame_support::dispatch::DispatchResultWithPostInfo| {
		result.map(|_| ()).map_err(|error| error.error)
	};
	match step {
		Step::Register { who, name, data, parent } => {
			let defaults = Registration::default();
			Registration {
				owner: ACCOUNTS[who].clone(),
				name: NAMES[name],
				policy: shares(if data { 20 } else { 0 }),
				sources: if data { defaults.sources.clone() } else { vec![] },
				parent: parent.map(|parent| (parent, 10)),
				..defaults
			}
			.send()
		}
		Step::Publish { who, model, weights, sources } => {
			let version = details(weights, data(sources));
			Registry::publish_version(entitled(who, model), model, version)
		}
		Step::CancelVersion { who, model } => Registry::cancel_version(entitled(who, model), model),
		Step::SetPrice { who, model, per_call, per_token } => {
			Registry::set_price(entitled(who, model), model, price(per_call, per_token))
		}
		Step::CancelPrice { who, model } => Registry::cancel_price(entitled(who, model), model),
		Step::SetPolicy { who, model, data } => {
			Registry::set_policy(entitled(who, model), model, shares(data))
		}
		Step::CancelPolicy { who, model } => Registry::cancel_policy(entitled(who, model), model),
		Step::Pause { who, model } => Registry::pause_model(entitled(who, model), model),
		Step::Resume { who, model } => Registry::resume_model(entitled(who, model), model),
		Step::Retire { who, model } => Registry::retire_model(entitled(who, model), model),
		Step::Purge { who, model, limit } => {
			plain(Registry::purge_model(entitled(who, model), model, limit))
		}
		Step::Prune { who, model, limit } => {
			plain(Registry::prune_model(entitled(who, model), model, limit))
		}
		Step::Offer { who, model, to } => {
			Registry::offer_model(entitled(who, model), model, ACCOUNTS[to].clone())
		}
		Step::Withdraw { who, model } => Registry::withdraw_offer(entitled(who, model), model),
		Step::Accept { who, model } => {
			let offered_to = Models::<Test>::get(model).and_then(|model| model.offered_to);
			let who = match offered_to {
				Some(account) if who == ENTITLED => RuntimeOrigin::signed(account),
				_ => by(who % ACCOUNTS.len()),
			};
			Registry::accept_model(who, model, Balance::MAX)
		}
		Step::SetPayee { who, model, payee } => {
			let payee = payee.map(|payee| ACCOUNTS[payee].clone());
			Registry::set_payee(entitled(who, model), model, payee)
		}
		Step::ReleaseName { who, name: number } => {
			Registry::release_name(by(who), name(NAMES[number]))
		}
		Step::Govern { .. } | Step::Pass { .. } => Ok(()),
	}
}

/// Terms that a caller was told in a block, and agreed to.
struct Agreement {
	/// It can be settled until then, at the least.
	until: BlockNumber,
	model: ModelId,
	version: u32,
	price_version: u32,
	as_of: BlockNumber,
	terms: CallTerms<AccountId>,
}

impl Agreement {
	/// Its terms, if it is settled now.
	fn terms_now(&self) -> CallTerms<AccountId> {
		let Self { model, version, price_version, as_of, .. } = *self;
		ModelRegistry::terms_as_of(model, version, price_version, as_of).unwrap().0
	}
}

/// The ends of a version and of a price version, if they are known.
fn ends(model: ModelId, version: u32, price_version: u32) -> [Option<Ends<BlockNumber>>; 2] {
	[
		Versions::<Test>::get(model, version).and_then(|entry| entry.ends),
		Prices::<Test>::get(model, price_version).and_then(|entry| entry.ends),
	]
}

impl Agreement {
	/// Returns `true` if its version and its price version have ends that nothing can move any more.
	fn has_ended(&self) -> bool {
		let now = System::block_number();
		let ends = ends(self.model, self.version, self.price_version);
		ends.iter().all(|ends| ends.is_some_and(|ends| ends.at <= now))
	}
}

/// The calls that could be agreed to as of this block, which is over.
fn agreements() -> Vec<Agreement> {
	let now = System::block_number();
	(0..NextModelId::<Test>::get())
		.filter_map(|model| ModelRegistry::quote(model, 0, 0).ok())
		.map(|quote| {
			let Quote { model, version, price_version, price, .. } = quote;
			let terms = ModelRegistry::terms_as_of(model, version, price_version, now).unwrap().0;
			let info = ModelRegistry::model_info(model).unwrap();
			let told = info.policy;
			let applies = if info.details.sources.is_empty() { told.without_data() } else { told };
			assert_eq!((terms.price, terms.policy), (price, applies));
			assert!(!terms.policy.pays_data() || !terms.sources.is_empty());
			assert!(terms.lineage.iter().all(|above| above.model < model));
			// What is known to end has the time that it was given with its end, be it less.
			let ends = ends(model, version, price_version);
			let until = ends.into_iter().flatten().map(|ends| ends.settle_until);
			let until = until.fold(now + SettlementGrace::get(), BlockNumber::min);
			Agreement { until, model, version, price_version, as_of: now, terms }
		})
		.collect()
}

/// Whatever was agreed to, and can still be settled, keeps its terms, and whom it pays.
fn check(agreements: &[Agreement]) {
	let now = System::block_number();
	for agreed in agreements.iter().filter(|agreed| now < agreed.until) {
		assert_eq!(agreed.terms_now(), agreed.terms);
	}
}

/// Stands for all that is stored.
fn state() -> Vec<u8> {
	sp_io::storage::root(sp_runtime::StateVersion::V1)
}

fn play(script: Vec<Step>) {
	NameRest::set(20);
	// A model with a child, of different owners.
	for (who, name, parent) in [(0, 0, None), (1, 1, Some(0))] {
		assert_ok!(call(Step::Register { who, name, data: true, parent }));
	}
	let mut agreed = Vec::<Agreement>::new();
	for step in script {
		match step {
			Step::Govern { notice, grace, base, per_byte } => {
				NoticePeriod::set(notice);
				// From now on things may end with less time, but what has ended has the time it had.
				let until = System::block_number() + grace;
				let going_on = agreed.iter_mut().filter(|agreed| !agreed.has_ended());
				going_on.for_each(|agreed| agreed.until = agreed.until.min(until));
				SettlementGrace::set(grace);
				DepositBase::set(Balance::from(base) * OPEN);
				DepositPerByte::set(Balance::from(per_byte) * OPEN / 1_000);
			}
			Step::Pass { blocks } => {
				ModelRegistry::do_try_state().unwrap();
				agreed.extend(agreements());
				System::set_block_number(System::block_number() + blocks);
			}
			step => {
				let before = state();
				if call(step).is_err() {
					assert_eq!(state(), before);
				}
			}
		}
		check(&agreed);
	}
	ModelRegistry::do_try_state().unwrap();

	// Everybody leaves, and has everything back.
	for (id, model) in Models::<Test>::iter().collect::<Vec<_>>() {
		let owner = RuntimeOrigin::signed(model.owner);
		if model.retired_at.is_none() {
			assert_ok!(ModelRegistry::retire_model(owner, id));
		}
	}
	let retired_at = Models::<Test>::iter_values().filter_map(|model| model.retired_at).max();
	System::set_block_number(System::block_number().max(retired_at.unwrap_or_default()));
	check(&agreed);
	ModelRegistry::do_try_state().unwrap();
	for (id, model) in Models::<Test>::iter().collect::<Vec<_>>() {
		let owner = RuntimeOrigin::signed(model.owner);
		assert_ok!(ModelRegistry::purge_model(owner, id, MAX_REMOVED));
	}
	ModelRegistry::do_try_state().unwrap();
	assert_eq!(Versions::<Test>::iter().count() + Prices::<Test>::iter().count(), 0);
	assert_eq!(Tombstones::<Test>::iter().count() + ModelIdByName::<Test>::iter().count(), 0);
	assert!(ACCOUNTS.iter().all(|account| held(account) == resting(account)));
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(384))]

	#[test]
	fn scripts_keep_every_promise(script in vec(step(), 1..100)) {
		new_test_ext().execute_with(|| play(script));
	}

	#[test]
	fn a_deposit_is_exact(bytes: u32, base: u64, per_byte: u64) {
		let deposit = crate::Deposit { bytes, base: base.into(), per_byte: per_byte.into() };
		let exact = u128::from(base) + u128::from(per_byte) * u128::from(bytes);
		prop_assert_eq!(deposit.amount(), Some(exact));
	}

	#[test]
	fn what_changes_is_what_is_in_force(
		changes in vec((0u8..5, 0u32..20), 0..12), blocks in vec(1u32..8, 12)
	) {
		// Told by a list of what was announced, against what is kept.
		let mut value = crate::Changing::new(0u8);
		let (mut in_force, mut now) = (0u8, 0u32);
		let (mut settle_until, mut last) = (None::<u32>, None::<u32>);
		for ((next, notice), blocks) in changes.into_iter().zip(blocks) {
			settle_until = settle_until.max(value.change(next, now + notice, u32::from(next), now));
			let mut announced = Some((now + notice, next));
			for now in now..now + blocks {
				if let Some((_, next)) = announced.take_if(|(from, _)| *from <= now) {
					in_force = next;
					last = last.max(Some(next.into()));
				}
				prop_assert_eq!(*value.at(now), in_force);
				prop_assert_eq!(value.announced(now).is_some(), announced.is_some());
			}
			now += blocks;
			if let Some((_, next)) = announced.take_if(|(from, _)| *from <= now) {
				in_force = next;
				last = last.max(Some(next.into()));
			}
			settle_until = settle_until.max(value.advance(now));
			prop_assert_eq!(settle_until, last);
		}
	}
}
