//! Claims to lanes, and how they are given back.

use std::{sync::Arc, time::Duration};

use futures::FutureExt;
use openledger_payer_ledger::{Budget, CallTerms, Treasury};
use openledger_primitives::Hash;
use openledger_testkit::{agreement, PRICE};
use tokio_util::task::TaskTracker;

use crate::{
	funding::{Funding, Want},
	network::Network,
	testing::{TestNet, MOST},
};

/// A treasury and its funding, without calls.
struct Money {
	treasury: Arc<Treasury>,
	funding: Arc<Funding>,
	tasks: TaskTracker,
	want: Want,
}

impl Money {
	async fn of(net: &TestNet) -> Self {
		let (chain, path) = (net.chain.clone(), net.folder.path().join("money.redb"));
		let budget = Budget::new(100 * MOST, Some(50 * MOST));
		let opened = Treasury::open(&path, chain.genesis_hash(), chain.account(), budget).await;
		let treasury = Arc::new(opened.unwrap());
		let tasks = TaskTracker::new();
		let funding = Funding::new(chain, treasury.clone(), 1_000, tasks.clone());
		let node = net.nodes[0].keypair.account();
		let agreed = CallTerms {
			agreement: agreement(),
			list_price: PRICE,
			input_tokens: 1,
			max_output_tokens: 1,
			allowance: MOST,
			request_hash: Hash::zero(),
			salt: Hash::zero(),
			valid_until: 100,
			receipt_key: node.clone(),
		};
		let want = Want { node, agreed, best: 10 };
		Self { treasury, funding, tasks, want }
	}

	fn busy(&self) -> usize {
		self.treasury.look(|ledger| ledger.books().busy_lanes())
	}

	async fn idle(&self) {
		let idle = async {
			while !self.tasks.is_empty() {
				tokio::task::yield_now().await;
			}
		};
		tokio::time::timeout(Duration::from_secs(20), idle).await.unwrap();
	}
}

#[tokio::test]
async fn a_lane_that_nobody_waits_for_is_given_back() {
	let net = TestNet::new(1).await;
	let money = Money::of(&net).await;
	for _ in 0..3 {
		let mut begin = Box::pin(money.funding.begin(money.want.clone()));
		assert!(begin.as_mut().now_or_never().is_none());
		// It is on its way, and nobody looks.
		money.idle().await;
		assert_eq!(money.busy(), 1);
		drop(begin);
		money.idle().await;
		assert_eq!(money.busy(), 0);
	}
	let begun = money.funding.begin(money.want.clone()).await.unwrap();
	assert_eq!((begun.slot.lane, begun.slot.sequence, money.busy()), (0, 1, 1));
	assert_eq!(net.transactions(), ["open_session"]);
}

#[tokio::test]
async fn a_call_that_is_looked_after_no_more_is_taken_up_again() {
	let net = TestNet::new(1).await;
	let Money { treasury, funding, want, .. } = Money::of(&net).await;
	let slot = funding.begin(want.clone()).await.unwrap().slot.clone();
	assert!(treasury.hold(&slot).is_none());
	treasury.park(&slot);
	for _ in 0..2 {
		let resumed = treasury.hold(&slot).unwrap();
		assert!(treasury.hold(&slot).is_none());
		drop(resumed);
	}
	// Once it is known, the lane may be another call's.
	let resumed = treasury.hold(&slot).unwrap();
	treasury.at(slot.session, |book| book.release(&slot, true)).await.unwrap();
	let next = funding.begin(want).await.unwrap().slot.clone();
	assert_eq!((next.lane, next.sequence), (slot.lane, slot.sequence + 1));
	drop(resumed);
	assert_eq!(treasury.look(|ledger| ledger.books().busy_lanes()), 1);
}
