//! A hot key signs vouchers, and the account's own key need not be there.

use super::code;
use crate::world::World;
use openledger_chain_client::{Keypair, Scheme};
use openledger_payer::testing::{CHARGE, MOST};

fn hot() -> Keypair {
	Keypair::from_uri("//Alice//hot", Scheme::Sr25519).unwrap()
}

/// A world in which sessions are opened for a hot key.
async fn with_hot_key() -> World {
	let world = World::new(1, 100 * MOST, 4 * MOST).await;
	world.chain.keys.lock().hot = Some(hot());
	world
}

#[tokio::test]
async fn a_hot_key_signs_vouchers() {
	let world = with_hot_key().await;
	let proxy = world.start().await;
	for stream in [false, true] {
		let answer = world.ask(&proxy, stream).await;
		assert_eq!(answer.status(), 200);
		answer.bytes().await.unwrap();
	}
	let session = world.chain.state.lock().sessions[&5].clone();
	assert_eq!(
		(session.signer, session.caller),
		(hot().account(), world.chain.keys.lock().account.clone())
	);
	assert_eq!(world.nodes[0].ledger.lock().by_hot_key, 2);
	assert_eq!(world.spend(&proxy, "spent").await, 2 * CHARGE);
	proxy.stop().await;
}

#[tokio::test]
async fn the_accounts_key_is_needed_for_opening_only() {
	let world = with_hot_key().await;
	let proxy = world.start().await;
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	proxy.stop().await;

	let own = world.chain.keys.lock().own.take();
	let mut world = world;
	world.settings.payer.closing.idle = Some(std::time::Duration::ZERO);
	world.settings.payer.closing.round = std::time::Duration::from_millis(20);
	let proxy = world.start().await;
	let mut served = 1;
	let refused = loop {
		let answer = world.ask(&proxy, false).await;
		if answer.status() != 200 {
			break code(answer).await;
		}
		served += 1;
	};
	// As long as there is money in the session.
	assert_eq!(served, (4 * MOST - MOST) / CHARGE + 1);
	assert_eq!(refused, (503, "session_not_funded".into()));
	assert_eq!(world.spend(&proxy, "spent").await, served * CHARGE);
	proxy.stop().await;
	assert_eq!(world.transactions(), ["open_session"]);

	// With another hot key there is nothing to be paid out of; with the account's own there is.
	let other = Keypair::from_uri("//Alice//other", Scheme::Sr25519).unwrap();
	world.chain.keys.lock().hot = Some(other);
	let proxy = world.start().await;
	assert_eq!(code(world.ask(&proxy, false).await).await, (503, "session_not_funded".into()));
	proxy.stop().await;
	world.chain.keys.lock().own = own;
	world.settings.payer.closing.idle = None;
	let proxy = world.start().await;
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	assert_eq!(u128::from(world.nodes[0].ledger.lock().by_hot_key), served);
	proxy.stop().await;
	assert_eq!(world.transactions(), ["open_session", "top_up"]);
}

#[tokio::test]
async fn a_hot_key_spends_no_more_than_its_limit() {
	let world = with_hot_key().await;
	world.chain.keys.lock().hot_limit = Some(MOST + CHARGE);
	let proxy = world.start().await;
	for _ in 0..5 {
		assert_eq!(world.ask(&proxy, false).await.status(), 200);
	}
	// Two calls in each session; more money in it would not help.
	assert_eq!(world.transactions(), ["open_session", "open_session", "open_session"]);
	let sessions = world.chain.state.lock().sessions.clone();
	for session in sessions.values() {
		assert_eq!((session.deposit, session.spending_limit), (4 * MOST, MOST + CHARGE));
	}
	assert_eq!(world.spend(&proxy, "spent").await, 5 * CHARGE);
	proxy.stop().await;
	// It is known from the disk as well.
	let proxy = world.start().await;
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	assert_eq!(world.transactions().len(), 3);
	proxy.stop().await;
	// No session is opened for a call that the key may not pay for.
	world.chain.keys.lock().hot_limit = Some(MOST - 1);
	let proxy = world.start().await;
	let refused = code(world.ask(&proxy, false).await).await;
	assert_eq!(refused, (400, "charge_above_limit".into()));
	assert_eq!(world.transactions().len(), 3);
	proxy.stop().await;
}

#[tokio::test]
async fn a_session_is_closed_when_its_hot_key_has_spent_its_limit() {
	let mut world = World::new(1, 100 * MOST, 40 * MOST).await;
	world.chain.keys.lock().hot = Some(hot());
	world.chain.keys.lock().hot_limit = Some(4 * MOST);
	world.settings.payer.closing.round = std::time::Duration::from_millis(20);
	let proxy = world.start().await;
	let mut calls = 0;
	while world.transactions().len() < 2 {
		assert_eq!(world.ask(&proxy, false).await.status(), 200);
		calls += 1;
	}
	let closed = async {
		while world.transactions().len() < 3 {
			tokio::time::sleep(std::time::Duration::from_millis(20)).await;
		}
	};
	tokio::time::timeout(std::time::Duration::from_secs(20), closed).await.unwrap();
	assert_eq!(world.transactions(), ["open_session", "open_session", "close_by_agreement"]);
	// What its key could not spend has come back.
	assert_eq!(world.spend(&proxy, "committed").await, 40 * MOST + (calls - 1) * CHARGE);
	assert_eq!(world.spend(&proxy, "spent").await, calls * CHARGE);
	proxy.stop().await;
}
