//! Vouchers that a node has refused, and that somebody brings again.

use super::{call, code, payer};
use crate::testing::{Mood, TestNet, CHARGE, MOST};

#[tokio::test]
async fn a_voucher_that_was_refused_and_taken_later_is_found_out() {
	let net = TestNet::new(1).await;
	let payer = payer(&net, net.settings(100 * MOST, 50 * MOST)).await;
	let node = &net.nodes[0];
	node.set(Mood::Crowded);
	assert_eq!(code(&call(&payer, TestNet::chat(false)).await), "overloaded");
	let reserved = || payer.treasury.look(|ledger| ledger.standing().reserved);
	assert_eq!(reserved(), 0, "it is not waited for");
	// It arrives late, and is served; the next one has the same sequence.
	node.set(Mood::Honest);
	node.bring_again();
	let asked = call(&payer, TestNet::chat(false)).await;
	let (paid, _) = asked.answered().unwrap();
	assert_eq!((paid.slot.lane, paid.slot.sequence), (0, 2));
	let spent = || payer.treasury.look(|ledger| ledger.standing().charged);
	assert_eq!((spent(), net.charged()), (2 * CHARGE, 2 * CHARGE));
	let kept = payer.treasury.store().statements(5).await.unwrap();
	assert_eq!(kept.len(), 2);
	assert!(payer.treasury.look(|ledger| ledger.barred().is_empty()));

	// When it can be taken no more, it is forgotten.
	node.set(Mood::Crowded);
	call(&payer, TestNet::chat(false)).await;
	let untaken = || payer.treasury.look(|ledger| ledger.untaken(5, 0).len());
	assert_eq!(untaken(), 1);
	net.chain.state.lock().best = 500;
	payer.market.refresh_if_older(std::time::Duration::ZERO).await.unwrap();
	payer.janitor.recover().await;
	assert_eq!(untaken(), 0);
	assert!(net.proofs().is_empty());
}

/// A node that has no room has used no voucher.
#[tokio::test]
async fn a_refused_voucher_leaves_its_number_to_the_next() {
	let net = TestNet::new(1).await;
	let payer = payer(&net, net.settings(100 * MOST, 50 * MOST)).await;
	net.nodes[0].set(Mood::Crowded);
	call(&payer, TestNet::chat(false)).await;
	net.nodes[0].set(Mood::Honest);
	let asked = call(&payer, TestNet::chat(false)).await;
	assert_eq!(asked.answered().unwrap().0.slot.sequence, 1, "the same number again");
	// It can be taken no more once the other one is.
	assert!(payer.treasury.look(|ledger| ledger.untaken(5, 0)).is_empty());
}

/// A proxy has said that it does not reach the node: the request may still arrive there.
#[tokio::test]
async fn a_voucher_that_got_lost_and_arrives_late_is_found_out() {
	let net = TestNet::new(1).await;
	let payer = payer(&net, net.settings(100 * MOST, 50 * MOST)).await;
	let node = &net.nodes[0];
	node.set(Mood::Unreached);
	assert_eq!(code(&call(&payer, TestNet::chat(true)).await), "node_failed");
	let standing = || payer.treasury.look(|ledger| ledger.standing());
	assert_eq!((standing().reserved, standing().charged), (MOST, 0));
	payer.janitor.recover().await;
	assert_eq!(standing().reserved, MOST, "it can be taken still");
	node.set(Mood::Honest);
	node.bring_again();
	payer.janitor.recover().await;
	assert_eq!((standing().reserved, standing().charged), (0, CHARGE));
	let asked = call(&payer, TestNet::chat(false)).await;
	assert_eq!(asked.answered().unwrap().0.slot.sequence, 2);

	// When it can be taken no more, it is forgotten.
	node.set(Mood::Unreached);
	call(&payer, TestNet::chat(true)).await;
	assert_eq!(standing().reserved, MOST);
	net.chain.state.lock().best = 500;
	payer.market.refresh_if_older(std::time::Duration::ZERO).await.unwrap();
	payer.janitor.recover().await;
	assert_eq!((standing().reserved, standing().charged), (0, 2 * CHARGE));
}

/// The chain shows that it was taken before the node is paid out of the session again.
#[tokio::test]
async fn a_voucher_that_was_refused_and_settled_later_accuses_nobody() {
	let net = TestNet::new(1).await;
	let payer = payer(&net, net.settings(100 * MOST, 50 * MOST)).await;
	let node = &net.nodes[0];
	node.set(Mood::Crowded);
	call(&payer, TestNet::chat(false)).await;
	node.set(Mood::Honest);
	node.bring_again();
	{
		let mut state = net.chain.state.lock();
		let session = state.sessions.get_mut(&5).unwrap();
		session.settled = CHARGE;
		let lane = openledger_primitives::info::LaneInfo { lane: 0, sequence: 1, settled: CHARGE };
		session.lanes.push(lane);
	}
	payer.janitor.observe().await.unwrap();
	payer.janitor.recover().await;
	payer.janitor.observe().await.unwrap();
	assert_eq!(payer.treasury.look(|ledger| ledger.standing().charged), CHARGE);
	assert!(net.proofs().is_empty());
	assert!(payer.treasury.look(|ledger| ledger.barred().is_empty()));
	// And where the node has no statement for it, it is accused after all.
	node.ledger.lock().served.clear();
	node.set(Mood::Crowded);
	call(&payer, TestNet::chat(false)).await;
	net.chain.state.lock().sessions.get_mut(&5).unwrap().lanes[0] =
		openledger_primitives::info::LaneInfo { lane: 0, sequence: 2, settled: CHARGE + MOST };
	payer.janitor.observe().await.unwrap();
	payer.janitor.recover().await;
	payer.janitor.observe().await.unwrap();
	assert_eq!(net.proofs().len(), 1);
}
