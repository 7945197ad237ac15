//! Vouchers that a node has refused, and that somebody brings again.

use std::time::Duration;

use openledger_payer_ledger::{Book, Standing, Trust};
use openledger_testkit::settled_lane;

use super::{call, code, payer};
use crate::{
	janitor::Closing,
	testing::{Mood, TestNet, CHARGE, MOST},
	Payer,
};

/// The vouchers that were refused and are remembered.
fn untaken(payer: &Payer) -> usize {
	payer.treasury.look(|ledger| {
		let lanes = ledger.books().get(5).into_iter().flat_map(Book::lanes);
		lanes.map(|(_, lane)| lane.untaken.len()).sum()
	})
}

fn standing(payer: &Payer) -> Standing {
	payer.treasury.look(|ledger| ledger.standing())
}

fn is_barred(payer: &Payer) -> bool {
	payer.treasury.look(|ledger| !ledger.nodes().barred().is_empty())
}

fn trust(net: &TestNet, payer: &Payer) -> Trust {
	payer.treasury.look(|ledger| ledger.nodes().trust(&net.nodes[0].keypair.account()))
}

#[tokio::test]
async fn a_voucher_that_was_refused_and_taken_later_is_found_out() {
	let net = TestNet::new(1).await;
	let payer = payer(&net, net.settings(100 * MOST, 50 * MOST)).await;
	let node = &net.nodes[0];
	node.set(Mood::Crowded);
	assert_eq!(code(&call(&payer, TestNet::chat(false)).await), "overloaded");
	assert_eq!(standing(&payer).reserved, 0, "it is not waited for");
	// It arrives late, and is served; the next one has the same sequence.
	node.set(Mood::Honest);
	node.bring_again();
	let asked = call(&payer, TestNet::chat(false)).await;
	let (paid, _) = asked.answered().unwrap();
	assert_eq!((paid.slot.lane, paid.slot.sequence), (0, 2));
	assert_eq!((standing(&payer).charged, net.charged()), (2 * CHARGE, 2 * CHARGE));
	let kept = payer.treasury.statements(5).await.unwrap();
	assert_eq!(kept.len(), 2);
	assert!(!is_barred(&payer));

	// When it can be taken no more, it is forgotten.
	node.set(Mood::Crowded);
	call(&payer, TestNet::chat(false)).await;
	assert_eq!(untaken(&payer), 1);
	net.chain.state.lock().best = 500;
	payer.market.refresh_if_older(std::time::Duration::ZERO).await.unwrap();
	payer.janitor.recover().await;
	assert_eq!(untaken(&payer), 0);
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
	assert_eq!(untaken(&payer), 0);
}

/// A proxy has said that it does not reach the node: the request may still arrive there.
#[tokio::test]
async fn a_voucher_that_got_lost_and_arrives_late_is_found_out() {
	let net = TestNet::new(1).await;
	let payer = payer(&net, net.settings(100 * MOST, 50 * MOST)).await;
	let node = &net.nodes[0];
	node.set(Mood::Unreached);
	assert_eq!(code(&call(&payer, TestNet::chat(true)).await), "node_failed");
	assert_eq!((standing(&payer).reserved, standing(&payer).charged), (MOST, 0));
	// Its node says that it was not taken: the lane goes on, and the voucher is remembered.
	payer.janitor.recover().await;
	assert_eq!((standing(&payer).reserved, untaken(&payer)), (0, 1), "it can be taken still");
	node.set(Mood::Honest);
	node.bring_again();
	let asked = call(&payer, TestNet::chat(false)).await;
	let (paid, _) = asked.answered().unwrap();
	assert_eq!((paid.slot.lane, paid.slot.sequence), (0, 2));
	assert_eq!((standing(&payer).charged, net.charged()), (2 * CHARGE, 2 * CHARGE));
	assert!(!is_barred(&payer));

	// When it can be taken no more, it is forgotten.
	node.set(Mood::Unreached);
	call(&payer, TestNet::chat(true)).await;
	payer.janitor.recover().await;
	assert_eq!(untaken(&payer), 1);
	net.chain.state.lock().best = 500;
	payer.market.refresh_if_older(std::time::Duration::ZERO).await.unwrap();
	payer.janitor.recover().await;
	let after = standing(&payer);
	assert_eq!((after.reserved, after.charged, untaken(&payer)), (0, 2 * CHARGE, 0));
}

/// A node that is killed again and again, while it has calls, costs no lane for each of them.
#[tokio::test]
async fn calls_that_a_node_forgot_leave_their_lane_to_the_next() {
	let net = TestNet::new(1).await;
	let payer = payer(&net, net.settings(100 * MOST, 50 * MOST)).await;
	for _ in 0..3 {
		net.nodes[0].set(Mood::Unreached);
		call(&payer, TestNet::chat(true)).await;
		payer.janitor.recover().await;
	}
	net.nodes[0].set(Mood::Honest);
	let asked = call(&payer, TestNet::chat(false)).await;
	let (paid, _) = asked.answered().unwrap();
	assert_eq!((paid.slot.lane, paid.slot.sequence), (0, 1));
	assert_eq!((standing(&payer).charged, net.charged()), (CHARGE, CHARGE));
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
	net.nodes[0].settle();
	payer.janitor.observe().await.unwrap();
	payer.janitor.recover().await;
	payer.janitor.observe().await.unwrap();
	assert_eq!(standing(&payer).charged, CHARGE);
	assert!(net.proofs().is_empty());
	assert!(!is_barred(&payer));
	// And where the node has no statement for it, it is accused after all.
	node.ledger.lock().served.clear();
	node.set(Mood::Crowded);
	call(&payer, TestNet::chat(false)).await;
	net.chain.state.lock().sessions.get_mut(&5).unwrap().lanes[0] =
		settled_lane(0, 2, CHARGE + MOST);
	payer.janitor.observe().await.unwrap();
	payer.janitor.recover().await;
	payer.janitor.observe().await.unwrap();
	assert_eq!(net.proofs().len(), 1);
}

/// The attack: every voucher is refused, and charged all the same.
#[tokio::test]
async fn a_node_that_refuses_and_charges_is_paid_and_then_paid_no_more() {
	let net = TestNet::new(1).await;
	let payer = payer(&net, net.settings(100 * MOST, 50 * MOST)).await;
	let node = &net.nodes[0];
	for round in 1..=3_u32 {
		assert!(!is_barred(&payer));
		node.set(Mood::Crowded);
		assert_eq!(code(&call(&payer, TestNet::chat(false)).await), "overloaded");
		node.set(Mood::Honest);
		node.bring_again();
		net.nodes[0].settle();
		payer.janitor.take_stock().await.unwrap();
		// What it has signed for is owed, once, and counts as lost.
		assert_eq!(standing(&payer).charged, u128::from(round) * CHARGE);
		let Trust { lost, in_a_row, .. } = trust(&net, &payer);
		assert_eq!((lost, in_a_row), (u64::from(round), round));
	}
	assert_eq!((standing(&payer).reserved, net.charged()), (0, 3 * CHARGE));
	assert!(is_barred(&payer));
	// It has signed nothing false.
	assert!(net.proofs().is_empty());
	assert_eq!(payer.treasury.statements(5).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_node_that_is_silent_about_what_it_refused_and_settled_is_accused_at_the_end() {
	for silent in [true, false] {
		let net = TestNet::new(1).await;
		let payer = payer(&net, net.settings(100 * MOST, 50 * MOST)).await;
		let node = &net.nodes[0];
		node.set(Mood::Crowded);
		call(&payer, TestNet::chat(false)).await;
		node.set(Mood::Honest);
		node.bring_again();
		if silent {
			node.set(Mood::Mute);
		}
		let closing = payer.janitor.close_one(5).await.unwrap();
		assert_eq!(closing, Closing::Closed(50 * MOST - CHARGE));
		assert_eq!((is_barred(&payer), net.proofs().len()), (silent, usize::from(silent)));
		if silent {
			assert_eq!(net.proofs()[0]["kind"], "settled_more_than_stated");
			assert_eq!(net.proofs()[0]["settled"], CHARGE.to_string());
		}
		let charged = if silent { 0 } else { CHARGE };
		assert_eq!((standing(&payer).charged, standing(&payer).committed), (charged, CHARGE));
	}
}

#[tokio::test]
async fn a_false_statement_for_a_refused_voucher_is_kept_and_never_acknowledged() {
	let net = TestNet::new(1).await;
	let payer = payer(&net, net.settings(100 * MOST, 50 * MOST)).await;
	let node = &net.nodes[0];
	node.set(Mood::Crowded);
	call(&payer, TestNet::chat(false)).await;
	node.set(Mood::Honest);
	node.bring_again();
	{
		let mut books = node.ledger.lock();
		let signed = &mut books.served.values_mut().next().unwrap().extra;
		let mut statement = signed.statement.newest().clone();
		statement.charge += 1;
		signed.signature = node.keypair.sign_message(&statement);
		signed.statement = statement.into();
	}
	assert_eq!(code(&call(&payer, TestNet::chat(false)).await), "node_misbehaves");
	assert!(is_barred(&payer));
	assert_eq!((standing(&payer).charged, standing(&payer).reserved), (0, 0));
	let proofs = net.proofs();
	assert_eq!(proofs.len(), 1);
	assert!(proofs[0]["reason"].as_str().unwrap().contains("not the price"), "{}", proofs[0]);
	let kept = payer.treasury.statements(5).await.unwrap();
	assert_eq!(kept.iter().filter(|kept| kept.rejected.is_some()).count(), 1);
	// Nobody asks about it again.
	let asked = node.ledger.lock().asked;
	net.nodes[0].settle();
	payer.janitor.take_stock().await.unwrap();
	assert_eq!(node.ledger.lock().asked, asked + 1, "about the other one");
}

/// A node that does not say in time what it was paid for is not accused of it.
#[tokio::test]
async fn a_node_that_is_slow_about_refused_vouchers_is_left_and_not_barred() {
	let net = TestNet::new(1).await;
	let mut settings = net.settings(100 * MOST, 50 * MOST);
	settings.call.take_up = Duration::from_millis(50);
	let payer = payer(&net, settings).await;
	let node = &net.nodes[0];
	node.set(Mood::Crowded);
	call(&payer, TestNet::chat(false)).await;
	node.set(Mood::Honest);
	node.bring_again();
	node.set(Mood::Hanging);
	assert!(call(&payer, TestNet::chat(false)).await.answered().is_none());
	assert!(!is_barred(&payer));
	assert_eq!((standing(&payer).charged, standing(&payer).reserved), (0, 0));
	assert!(untaken(&payer) > 1, "nothing is forgotten");
	node.set(Mood::Honest);
	assert!(call(&payer, TestNet::chat(false)).await.answered().is_some());
	assert_eq!((standing(&payer).charged, net.charged()), (2 * CHARGE, 2 * CHARGE));
	assert!(!is_barred(&payer) && net.proofs().is_empty());
}

/// Somebody has brought it again, and the node is not done with it.
#[tokio::test]
async fn a_voucher_that_is_being_served_is_asked_about_again() {
	let net = TestNet::new(1).await;
	let payer = payer(&net, net.settings(100 * MOST, 50 * MOST)).await;
	let node = &net.nodes[0];
	node.set(Mood::Crowded);
	call(&payer, TestNet::chat(false)).await;
	node.set(Mood::Honest);
	node.bring_again();
	node.ledger.lock().not_yet = 1;
	assert!(call(&payer, TestNet::chat(false)).await.answered().is_some());
	assert_eq!((standing(&payer).charged, net.charged()), (2 * CHARGE, 2 * CHARGE));
	assert!(!is_barred(&payer));
}

/// It was taken and settled while nobody looked, and by now it could not be taken any more.
#[tokio::test]
async fn a_payer_that_was_away_asks_before_it_accuses() {
	let net = TestNet::new(1).await;
	let settings = net.settings(100 * MOST, 50 * MOST);
	let first = payer(&net, settings.clone()).await;
	net.nodes[0].set(Mood::Crowded);
	call(&first, TestNet::chat(false)).await;
	first.close().await;
	net.nodes[0].set(Mood::Honest);
	net.nodes[0].bring_again();
	net.nodes[0].settle();
	net.chain.state.lock().best = 500;
	let second = payer(&net, settings).await;
	second.janitor.take_stock().await.unwrap();
	assert_eq!((standing(&second).charged, untaken(&second)), (CHARGE, 0));
	assert!(!is_barred(&second) && net.proofs().is_empty());
}

/// A voucher of the same sequence got lost, and the one before it was taken instead.
#[tokio::test]
async fn of_two_vouchers_with_one_sequence_either_may_be_charged() {
	let net = TestNet::new(1).await;
	let payer = payer(&net, net.settings(100 * MOST, 50 * MOST)).await;
	let node = &net.nodes[0];
	node.set(Mood::Crowded);
	call(&payer, TestNet::chat(false)).await;
	node.set(Mood::Unreached);
	assert_eq!(code(&call(&payer, TestNet::chat(true)).await), "node_failed");
	assert_eq!((standing(&payer).reserved, untaken(&payer)), (MOST, 1));
	node.set(Mood::Honest);
	node.bring_again();
	payer.janitor.recover().await;
	assert_eq!((standing(&payer).reserved, standing(&payer).charged), (0, CHARGE));
	assert!(!is_barred(&payer) && net.proofs().is_empty());
	let asked = call(&payer, TestNet::chat(false)).await;
	assert_eq!(asked.answered().unwrap().0.slot.sequence, 2);
	assert_eq!((standing(&payer).charged, net.charged()), (2 * CHARGE, 2 * CHARGE));
}

/// One of two vouchers with the same sequence can be taken no more, and the other one can.
#[tokio::test]
async fn a_voucher_that_can_be_taken_yet_is_not_forgotten_with_an_older_one() {
	let net = TestNet::new(1).await;
	let payer = payer(&net, net.settings(100 * MOST, 50 * MOST)).await;
	let node = &net.nodes[0];
	node.set(Mood::Crowded);
	call(&payer, TestNet::chat(false)).await;
	let mut expired = Vec::new();
	for best in [200, 350] {
		net.chain.state.lock().best = best;
		payer.market.refresh_if_older(Duration::ZERO).await.unwrap();
		if expired.is_empty() {
			expired.append(&mut node.ledger.lock().refused);
			call(&payer, TestNet::chat(false)).await;
		}
	}
	assert_eq!(untaken(&payer), 2);
	payer.janitor.recover().await;
	assert_eq!(untaken(&payer), 1);
	node.set(Mood::Honest);
	node.bring_again();
	let asked = call(&payer, TestNet::chat(false)).await;
	assert_eq!(asked.answered().unwrap().0.slot.sequence, 2);
	assert_eq!((standing(&payer).charged, net.charged()), (2 * CHARGE, 2 * CHARGE));
	assert!(!is_barred(&payer) && net.proofs().is_empty());
}
