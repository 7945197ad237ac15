//! The list of a model's nodes: whoever lives comes first, and nobody can choose a place in it.

use crate::{listing::ORDER_KEPT, mock::*, Nodes, ServedBy};
use frame_support::assert_ok;
use openledger_primitives::{AccountId, BlockNumber, Hash, MAX_PAGE};

/// With so many nodes more than the one that there is, all of which have just registered.
fn with_nodes(count: u16, test: impl FnOnce(Vec<AccountId>)) {
	new_test_ext().execute_with(|| {
		prepare();
		let node = Nodes::<Test>::get(account(NODE)).unwrap();
		let mut all = vec![account(NODE)];
		for number in 0..count {
			let mut bytes = [0; 32];
			bytes[..2].copy_from_slice(&number.to_be_bytes());
			let operator = AccountId::new(bytes);
			Nodes::<Test>::insert(&operator, node.clone());
			ServedBy::<Test>::insert(MODEL, &operator, ());
			all.push(operator);
		}
		test(all);
	});
}

fn page(after: Option<AccountId>, limit: u32) -> Vec<AccountId> {
	Metering::nodes(MODEL, after, limit).into_iter().map(|node| node.operator).collect()
}

/// All pages of so many, one after the other.
fn pages(limit: u32) -> Vec<AccountId> {
	let mut all: Vec<AccountId> = Vec::new();
	loop {
		let next = page(all.last().cloned(), limit);
		if next.is_empty() {
			return all;
		}
		all.extend(next);
	}
}

fn sorted(mut operators: Vec<AccountId>) -> Vec<AccountId> {
	operators.sort();
	operators
}

/// Goes to a block, and lets the chain know the hash of every block at which the order changes.
fn enter(block: BlockNumber) {
	System::set_block_number(block);
	for turn in (0..block).step_by(ORDER_KEPT as usize) {
		frame_system::BlockHash::<Test>::insert(turn, Hash::from_low_u64_be(turn.into()));
	}
}

#[test]
fn pages_have_every_node_once() {
	with_nodes(50, |all| {
		let listed = pages(7);
		assert_eq!(listed.len(), 51);
		assert_eq!(sorted(listed.clone()), sorted(all));
		for limit in [1, 50, 51, 52] {
			assert_eq!(pages(limit), listed);
		}
		assert_eq!(page(None, 0), vec![]);
	});
}

#[test]
fn a_page_is_no_longer_than_it_may_be() {
	with_nodes(300, |_| assert_eq!(page(None, u32::MAX).len(), MAX_PAGE as usize));
}

#[test]
fn nodes_that_have_fallen_silent_come_last() {
	with_nodes(30, |all| {
		enter(1 + HeartbeatPeriod::get());
		let everybody = pages(4);
		enter(2 + HeartbeatPeriod::get());
		// All of them are silent by now, which changes nothing.
		assert_eq!(pages(4), everybody);

		let living = [&everybody[30], &everybody[12], &all[0]];
		for operator in living {
			assert_ok!(Metering::heartbeat(RuntimeOrigin::signed(operator.clone())));
		}

		let listed = pages(4);
		let mut first = sorted(living.into_iter().cloned().collect());
		first.dedup();
		assert_eq!(sorted(listed[..first.len()].to_vec()), first);
		// The others stay in their order.
		let rest: Vec<_> =
			everybody.into_iter().filter(|operator| !first.contains(operator)).collect();
		assert_eq!(listed[first.len()..], rest);
	});
}

/// Whoever has found an account that comes first loses the place with the next turn; and the order of the map, which
/// anybody can work out, is none of them.
#[test]
fn no_account_comes_first_for_long() {
	with_nodes(40, |all| {
		let mut first = Vec::new();
		let mut orders = Vec::new();
		for turn in 0..20 {
			enter(turn * ORDER_KEPT + 1);
			let order = pages(11);
			enter((turn + 1) * ORDER_KEPT);
			assert_eq!(pages(11), order, "it stays until the turn");
			first.push(order[0].clone());
			orders.push(order);
		}
		let in_the_map: Vec<_> = ServedBy::<Test>::iter_key_prefix(MODEL).collect();
		assert!(orders.iter().all(|order| *order != in_the_map));
		assert!(orders.windows(2).all(|two| two[0] != two[1]));
		first.sort();
		first.dedup();
		assert!(first.len() > 5, "{}", first.len());
		assert_eq!(all.len(), 41);
	});
}

/// A node that leaves, or falls silent, while somebody reads on does not hide those behind it.
#[test]
fn who_leaves_between_two_pages_hides_nobody() {
	with_nodes(20, |_| {
		let listed = pages(21);
		let last = listed[9].clone();
		Nodes::<Test>::remove(&last);
		ServedBy::<Test>::remove(MODEL, &last);

		assert_eq!(page(Some(last), 100), listed[10..]);
	});
}
