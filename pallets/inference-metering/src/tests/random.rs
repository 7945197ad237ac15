//! Random sequences of extrinsics: the invariants hold after each block, and no planck appears or is
//! lost.

use super::{
	disputing::{self, misreport_call, overcharge_call, two_statements_call, two_statements_of},
	lanes::{
		self,
		random::{lane_step, Kept, LaneStep},
	},
};
use crate::{mock::*, Nodes, Sessions};
use frame_support::{
	dispatch::{DispatchResultWithPostInfo, RawOrigin},
	traits::{
		fungible::{Inspect, InspectHold},
		Hooks,
	},
	weights::Weight,
};
use openledger_primitives::lane::CallRecord;
use proptest::{collection::vec, prelude::*};
use sp_runtime::traits::Dispatchable;

type Call = crate::Call<Test>;

/// A step of somebody.
#[derive(Clone, Debug)]
enum Step {
	Open { node: u8, calls: u128, limit: u128, blocks: u32 },
	Serve { session: u64, lane: u16, skip: u64, tokens: u32, entry: Option<u64> },
	Lanes { by: u8, lanes: Vec<LaneStep> },
	TopUp(u64, u128),
	Extend(u64, u32),
	Limit(u64, u128),
	RequestClose(u64),
	Agree(u64),
	Close(u64, u8),
	Register(u8),
	Update(u8, u32),
	Rotate(u8, u8),
	Payee(u8, Option<u8>),
	BondMore(u8),
	Heartbeat(u8),
	Leave(u8),
	Stay(u8),
	Withdraw(u8),
	Jail(u8, u128),
	Unjail(u8),
	Remove(u8),
	Overcharge { which: usize, eighths: u128, key: Key, by: u8 },
	Misreport { which: usize, tokens: u32, key: Key, by: u8 },
	Equivocate { node: u8, session: u64, sequence: u64, key: Key, by: u8 },
	Wait(u32),
}

/// Who has signed a statement.
#[derive(Clone, Copy, Debug)]
enum Key {
	/// The node's receipt key.
	Current,
	/// The one that it had in the beginning, which may be kept, or forgotten, or the same.
	First,
	/// Somebody else's.
	Forged,
}

impl Key {
	fn of(self, operator: u8) -> u8 {
		let current = Nodes::<Test>::get(account(operator)).map(|node| node.receipt_key);
		match self {
			Self::Current => {
				(20..23).find(|key| Some(account(*key)) == current).unwrap_or(RECEIPTS)
			}
			Self::First => RECEIPTS,
			Self::Forged => STRANGER,
		}
	}
}

fn session() -> impl Strategy<Value = u64> {
	0u64..6
}

fn node() -> impl Strategy<Value = u8> {
	prop_oneof![3 => Just(NODE), 1 => Just(OTHER_NODE)]
}

fn key() -> impl Strategy<Value = Key> {
	prop_oneof![6 => Just(Key::Current), 2 => Just(Key::First), 1 => Just(Key::Forged)]
}

fn anyone() -> impl Strategy<Value = u8> {
	prop_oneof![3 => Just(STRANGER), 2 => Just(CALLER), 1 => Just(NODE)]
}

fn step() -> impl Strategy<Value = Step> {
	prop_oneof![
		3 => (node(), 0u128..8, 0u128..8, 5u32..120)
			.prop_map(|(node, calls, limit, blocks)| Step::Open { node, calls, limit, blocks }),
		16 => (session(), 0u16..4, 0u64..2, 0u32..60, prop::option::weighted(0.2, 95u64..105)).prop_map(
			|(session, lane, skip, tokens, entry)| Step::Serve { session, lane, skip, tokens, entry }
		),
		14 => (by_signers(), vec(lane_step(), 1..5)).prop_map(|(by, lanes)| Step::Lanes { by, lanes }),
		1 => (session(), 0u128..4).prop_map(|(session, calls)| Step::TopUp(session, calls)),
		1 => (session(), 0u32..200).prop_map(|(session, blocks)| Step::Extend(session, blocks)),
		1 => (session(), 0u128..8).prop_map(|(session, calls)| Step::Limit(session, calls)),
		1 => session().prop_map(Step::RequestClose),
		1 => session().prop_map(Step::Agree),
		3 => (session(), prop_oneof![Just(NODE), Just(CALLER), Just(STRANGER)])
			.prop_map(|(session, by)| Step::Close(session, by)),
		1 => node().prop_map(Step::Register),
		1 => (node(), 0u32..3).prop_map(|(node, models)| Step::Update(node, models)),
		1 => (node(), 20u8..23).prop_map(|(node, key)| Step::Rotate(node, key)),
		1 => (node(), proptest::option::of(prop_oneof![Just(NODE), Just(STRANGER), Just(99)]))
			.prop_map(|(node, payee)| Step::Payee(node, payee)),
		1 => node().prop_map(Step::BondMore),
		1 => node().prop_map(Step::Heartbeat),
		1 => node().prop_map(Step::Leave),
		1 => node().prop_map(Step::Stay),
		3 => node().prop_map(Step::Withdraw),
		1 => (node(), 1u128..3).prop_map(|(node, part)| Step::Jail(node, part)),
		3 => node().prop_map(Step::Unjail),
		2 => node().prop_map(Step::Remove),
		4 => (any::<usize>(), 0u128..9, key(), anyone()).prop_map(|(which, eighths, key, by)| {
			Step::Overcharge { which, eighths, key, by }
		}),
		3 => (any::<usize>(), 22u32..26, key(), anyone())
			.prop_map(|(which, tokens, key, by)| Step::Misreport { which, tokens, key, by }),
		2 => (node(), session(), 0u64..4, key(), anyone()).prop_map(
			|(node, session, sequence, key, by)| Step::Equivocate {
				node,
				session,
				sequence,
				key,
				by,
			}
		),
		2 => (1u32..150).prop_map(Step::Wait),
	]
}

fn by_signers() -> impl Strategy<Value = u8> {
	prop_oneof![8 => Just(SIGNER), 4 => Just(CALLER), 1 => Just(STRANGER)]
}

fn dispatch(seed: u8, call: Call) -> DispatchResultWithPostInfo {
	RuntimeCall::from(call).dispatch(RawOrigin::Signed(account(seed)).into())
}

/// Who is paid by a session, if it is open.
pub(super) fn node_of(session: u64) -> u8 {
	let node = Sessions::<Test>::get(session).map(|session| session.node);
	if node == Some(account(OTHER_NODE)) {
		OTHER_NODE
	} else {
		NODE
	}
}

fn endpoint() -> openledger_primitives::Uri {
	b"http://127.0.0.1:8402".to_vec().try_into().unwrap()
}

fn take(step: Step, kept: &mut Kept) -> DispatchResultWithPostInfo {
	let now = System::block_number();
	let charge = call_charge();
	match step {
		Step::Open { node, calls, limit, blocks } => dispatch(
			CALLER,
			Call::open_session_with_limit {
				node: account(node),
				deposit: MIN_DEPOSIT + calls * charge,
				signer: account(if limit == 7 { CALLER } else { SIGNER }),
				spending_limit: limit * charge,
				expires_at: now + blocks,
			},
		),
		Step::Serve { session, lane, skip, tokens, entry } => {
			if Sessions::<Test>::contains_key(session) {
				let book = kept.lanes.entry((session, lane));
				let book = book.or_insert_with(|| lanes::Book::new(session, lane));
				let sequence = book.voucher().sequence + skip;
				let entries = entry.map(|contribution| (contribution, 2_500));
				book.call(CallRecord {
					output_tokens: tokens,
					attribution: lanes::shares(entries.as_slice()),
					..record(sequence)
				});
			}
			Ok(().into())
		}
		Step::Lanes { by, lanes } => {
			let lanes: Vec<_> = lanes.iter().filter_map(|lane| kept.settlement(lane, by)).collect();
			let node = lanes.first().map_or(NODE, |(node, _)| *node);
			let lanes: Vec<_> = lanes.into_iter().map(|(_, settlement)| settlement).collect();
			dispatch(node, Call::settle_lanes { lanes: lanes.try_into().unwrap() })
		}
		Step::TopUp(session, calls) => {
			dispatch(CALLER, Call::top_up { session, amount: calls * charge })
		}
		Step::Extend(session, blocks) => {
			dispatch(CALLER, Call::extend_session { session, expires_at: now + blocks })
		}
		Step::Limit(session, calls) => {
			dispatch(CALLER, Call::set_spending_limit { session, limit: calls * charge })
		}
		Step::RequestClose(session) => dispatch(CALLER, Call::request_close { session }),
		Step::Agree(session) => {
			let agreement = agreement_to_close(session);
			let signature = sign(RECEIPTS, &agreement);
			dispatch(CALLER, Call::close_by_agreement { agreement: agreement.into(), signature })
		}
		Step::Close(session, by) => dispatch(by, Call::close_session { session }),
		Step::Register(node) => dispatch(
			node,
			Call::register_node {
				endpoint: endpoint(),
				receipt_key: account(RECEIPTS),
				bond: BOND,
				models: serving(&[MODEL, OTHER_MODEL]),
			},
		),
		Step::Update(node, models) => {
			let models: Vec<_> = (0..models).collect();
			let models = serving(&models);
			dispatch(node, Call::update_node { endpoint: endpoint(), models })
		}
		Step::Rotate(node, key) => {
			dispatch(node, Call::rotate_receipt_key { receipt_key: account(key) })
		}
		Step::Payee(node, payee) => dispatch(node, Call::set_payee { payee: payee.map(account) }),
		Step::BondMore(node) => dispatch(node, Call::bond_more { amount: charge }),
		Step::Heartbeat(node) => dispatch(node, Call::heartbeat {}),
		Step::Leave(node) => dispatch(node, Call::start_unbonding {}),
		Step::Stay(node) => dispatch(node, Call::cancel_unbonding {}),
		Step::Withdraw(node) => dispatch(node, Call::withdraw_bond {}),
		Step::Jail(node, part) => {
			if let Some(stored) = Nodes::<Test>::get(account(node)) {
				jail(node, now + 30, stored.bond / part);
			}
			Ok(().into())
		}
		Step::Unjail(node) => dispatch(node, Call::unjail {}),
		Step::Remove(node) => dispatch(STRANGER, Call::remove_node { operator: account(node) }),
		Step::Overcharge { which, eighths, key, by } => {
			let Some((node, of)) = kept.pick(which) else { return Ok(().into()) };
			let statement = of.cheaper(of.call().charge * eighths / 8);
			disputing::dispatch(by, overcharge_call(key.of(*node), &statement, of))
		}
		Step::Misreport { which, tokens, key, by } => {
			let Some((node, of)) = kept.pick(which) else { return Ok(().into()) };
			let mut statement = of.statement();
			statement.tokens.output = tokens;
			disputing::dispatch(by, misreport_call(key.of(*node), &statement, of))
		}
		Step::Equivocate { node, session, sequence, key, by } => {
			let (one, other) = two_statements_of(session, 0, sequence);
			let key = key.of(node);
			disputing::dispatch(by, two_statements_call(node, (key, &one), (key, &other)))
		}
		Step::Wait(blocks) => {
			System::set_block_number(now + blocks);
			Metering::on_idle(now + blocks, <() as crate::WeightInfo>::drop_roots(2));
			Ok(().into())
		}
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(128))]

	#[test]
	fn conservation(steps in vec(step(), 1..80)) {
		new_test_ext().execute_with(|| {
			prepare();
			let issuance = Balances::total_issuance();
			for calls in 1..=3 {
				open_session(calls * 4 * call_charge());
			}
			let mut kept = Kept::default();
			let pot = balance(100);
			for step in steps {
				System::reset_events();
				let before = sp_io::storage::root(sp_runtime::StateVersion::V1);
				if take(step, &mut kept).is_err() {
					let after = sp_io::storage::root(sp_runtime::StateVersion::V1);
					prop_assert_eq!(before, after, "something refused has changed the state");
				}
				kept.note();
				lanes::check_events();
				check_invariants();
				prop_assert_eq!(balance(100), pot, "something stays in the pot");
				prop_assert_eq!(Balances::total_issuance(), issuance);
			}

			// Everybody leaves: first the sessions, then the nodes, in the end the roots.
			System::set_block_number(10_000);
			for session in Sessions::<Test>::iter_keys().collect::<Vec<_>>() {
				let closed = dispatch(STRANGER, Call::close_session { session });
				prop_assert!(closed.is_ok());
			}
			prop_assert_eq!((held(CALLER), held_for_places(CALLER)), (0, 0));
			prop_assert_eq!((held_for_lanes(NODE), held_for_lanes(OTHER_NODE)), (0, 0));
			prop_assert_eq!(Balances::total_balance(&account(CALLER)), balance(CALLER));
			for node in [NODE, OTHER_NODE] {
				let _ = dispatch(node, Call::unjail {});
				let _ = dispatch(node, Call::start_unbonding {});
			}
			System::set_block_number(20_000);
			for node in [NODE, OTHER_NODE] {
				let _ = dispatch(node, Call::withdraw_bond {});
				let _ = dispatch(STRANGER, Call::remove_node { operator: account(node) });
				let bond = crate::HoldReason::Bond.into();
				prop_assert_eq!(Balances::balance_on_hold(&bond, &account(node)), 0);
			}
			prop_assert_eq!(Nodes::<Test>::iter().count(), 0);
			Metering::on_idle(20_000, Weight::MAX);
			prop_assert_eq!(crate::Roots::<Test>::iter().count(), 0);
			prop_assert_eq!(crate::Disputed::<Test>::iter().count(), 0);
			prop_assert_eq!(crate::Equivocations::<Test>::iter().count(), 0);
			check_invariants();
			prop_assert_eq!(Balances::total_issuance(), issuance);
			Ok(())
		})?;
	}
}
