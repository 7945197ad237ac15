//! Nodes that deny: that they have charged a call, or that they can take a voucher.

use std::time::Duration;

use openledger_payer_ledger::{Book, Trust};
use openledger_primitives::BlockNumber;

use super::{call, code, payer};
use crate::{
	call::Ended,
	testing::{Mood, TestNet, MOST},
	Payer,
};

/// The session that is opened first.
const SESSION: u64 = 5;

fn trust(net: &TestNet, payer: &Payer) -> Trust {
	payer.treasury.look(|ledger| ledger.nodes().trust(&net.nodes[0].keypair.account()))
}

fn is_barred(payer: &Payer) -> bool {
	payer.treasury.look(|ledger| !ledger.nodes().barred().is_empty())
}

/// The number of lanes that were used, and that of those which were closed.
fn lanes(payer: &Payer) -> (usize, usize) {
	payer.treasury.look(|ledger| {
		let lanes = || ledger.books().get(SESSION).into_iter().flat_map(Book::lanes);
		(lanes().count(), lanes().filter(|(_, lane)| lane.closed).count())
	})
}

async fn at_block(net: &TestNet, payer: &Payer, best: BlockNumber) {
	{
		let mut state = net.chain.state.lock();
		(state.best, state.finalized) = (best, best);
	}
	payer.market.refresh_if_older(Duration::ZERO).await.unwrap();
}

/// The attack: an answer is given for nothing, and all that was allowed for it charged when the next one is paid.
#[tokio::test]
async fn what_its_node_has_not_charged_is_not_charged_by_taking_the_lane_over() {
	for stream in [false, true] {
		let net = TestNet::new(1).await;
		let payer = payer(&net, net.settings(100 * MOST, 50 * MOST)).await;
		net.nodes[0].set(Mood::Deceiving);
		assert_eq!(call(&payer, TestNet::chat(stream)).await.ended, Ended::Delivered);
		assert_eq!(payer.treasury.look(|ledger| ledger.standing().reserved), 0);

		let asked = call(&payer, TestNet::chat(stream)).await;

		assert_eq!(code(&asked), "node_misbehaves");
		assert_eq!(payer.treasury.look(|ledger| ledger.standing().charged), 0);
		assert_eq!((net.charged(), lanes(&payer)), (MOST, (1, 1)));
		let account = net.nodes[0].keypair.account();
		let reason = payer.treasury.look(|ledger| ledger.nodes().barred()[&account].clone());
		assert!(reason.contains("lane 0 of session 5 as charged that was not"), "{reason}");
	}
}

/// The attack: voucher after voucher is refused for a reason that makes the payer take another lane, and all of them
/// are settled.
#[tokio::test]
async fn a_reason_that_the_chain_contradicts_costs_one_voucher_and_is_a_loss() {
	for reason in ["terms_changed", "lane_lost"] {
		let net = TestNet::new(1).await;
		let payer = payer(&net, net.settings(100 * MOST, 50 * MOST)).await;
		net.nodes[0].set(Mood::Denying(reason));
		for round in 1..=3 {
			assert_eq!(code(&call(&payer, TestNet::chat(false)).await), "node_misbehaves");
			assert_eq!(net.nodes[0].ledger.lock().paid, round, "{reason}");
			assert_eq!(trust(&net, &payer).in_a_row, round, "{reason}");
		}
		assert!(is_barred(&payer), "{reason}");
		assert_eq!(lanes(&payer), (1, 0), "{reason}");
		assert_eq!(payer.treasury.look(|ledger| ledger.standing().exposed), MOST, "{reason}");
	}
}

/// Where the chain cannot be asked, a node is neither believed nor blamed.
#[tokio::test]
async fn a_reason_that_cannot_be_looked_up_costs_one_voucher() {
	let net = TestNet::new(1).await;
	let payer = payer(&net, net.settings(100 * MOST, 50 * MOST)).await;
	assert!(call(&payer, TestNet::chat(false)).await.answered().is_some());
	net.chain.state.lock().be_away(true);
	for (round, reason) in [(2, "terms_changed"), (3, "lane_lost")] {
		net.nodes[0].set(Mood::Denying(reason));
		assert_eq!(code(&call(&payer, TestNet::chat(false)).await), "node_failed");
		assert_eq!(net.nodes[0].ledger.lock().paid, round, "{reason}");
	}
	assert_eq!((lanes(&payer), trust(&net, &payer).lost), ((1, 0), 0));
}

#[tokio::test]
async fn a_lane_is_as_of_a_block_that_the_chain_has() {
	let net = TestNet::new(1).await;
	let payer = payer(&net, net.settings(100 * MOST, 50 * MOST)).await;
	assert!(call(&payer, TestNet::chat(false)).await.answered().is_some());
	at_block(&net, &payer, 20).await;
	// The session was open in the lane's block, and the node has come to it.
	for (round, blocks) in [(2, (11, 15)), (3, (5, 9))] {
		net.nodes[0].ledger.lock().as_of = Some(blocks);
		assert_eq!(code(&call(&payer, TestNet::chat(false)).await), "node_misbehaves");
		assert_eq!(net.nodes[0].ledger.lock().paid, round);
		assert_eq!((lanes(&payer), trust(&net, &payer).in_a_row), ((1, 0), round - 1));
	}
	// It was not, but neither is there a lane as of a block to come.
	net.chain.state.lock().sessions.get_mut(&SESSION).unwrap().opened_at = 11;
	net.nodes[0].ledger.lock().as_of = Some((21, 40));
	assert_eq!(code(&call(&payer, TestNet::chat(false)).await), "node_failed");
	assert_eq!((net.nodes[0].ledger.lock().paid, lanes(&payer)), (4, (1, 0)));
	net.nodes[0].ledger.lock().as_of = Some((11, 40));
	assert!(call(&payer, TestNet::chat(false)).await.answered().is_some());
	let books = net.nodes[0].ledger.lock();
	let taken = books.lanes[&(SESSION, 1)].last.as_ref().unwrap();
	assert_eq!(taken.voucher.newest().agreement.as_of, 20, "its newest");
	assert!(!is_barred(&payer));
}
