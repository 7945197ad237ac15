//! Statements of a node are kept, also against its own interest.

use openledger_payer_ledger::KeptStatement;

use super::{call, payer};
use crate::testing::{Mood, TestNet, MOST};

#[tokio::test]
async fn what_the_node_signed_is_kept() {
	let net = TestNet::new(1).await;
	let payer = payer(&net, net.settings(100 * MOST, 50 * MOST)).await;
	let first = call(&payer, TestNet::chat(false)).await;
	net.nodes[0].set(Mood::BreakOff);
	assert!(call(&payer, TestNet::chat(true)).await.answered().is_none());
	net.nodes[0].set(Mood::WrongKey);
	assert!(call(&payer, TestNet::chat(false)).await.answered().is_none());
	let kept = payer.treasury.statements(5).await.unwrap();
	assert_eq!(kept.iter().map(KeptStatement::call).collect::<Vec<_>>(), [(0, 1), (0, 2)]);
	assert_eq!(&kept[0].receipt, first.answered().unwrap().1);
	let account = net.nodes[0].keypair.account();
	assert!(kept.iter().all(|kept| {
		kept.rejected.is_none()
			&& kept.node == account
			&& kept.receipt.is_signed_by(&kept.receipt_key)
	}));
}

#[tokio::test]
async fn what_the_node_signed_against_its_own_interest_is_kept_most_of_all() {
	let net = TestNet::new(1).await;
	let payer = payer(&net, net.settings(100 * MOST, 50 * MOST)).await;
	net.nodes[0].set(Mood::Overcharge);
	assert!(call(&payer, TestNet::chat(false)).await.answered().is_none());
	let kept = payer.treasury.statements(5).await.unwrap();
	let [kept] = kept.as_slice() else { panic!("{kept:?}") };
	assert!(kept.rejected.as_ref().unwrap().contains("not the price"));
}

#[tokio::test]
async fn a_session_that_was_closed_is_remembered() {
	let net = TestNet::new(1).await;
	let payer = payer(&net, net.settings(100 * MOST, 10 * MOST)).await;
	assert!(call(&payer, TestNet::chat(false)).await.answered().is_some());
	payer.janitor.close_all().await.unwrap();
	let closed = payer.treasury.closed().await.unwrap();
	assert_eq!(closed.iter().map(|session| session.id).collect::<Vec<_>>(), [5]);
	assert_eq!(payer.treasury.statements(5).await.unwrap().len(), 1);
}
