//! Sessions that change on chain.

use super::{call, payer};
use crate::{
	janitor::Closing,
	network::Network,
	testing::{TestNet, CHARGE, MOST},
	PayerSettings,
};
use openledger_primitives::info::SessionInfo;

/// The chain agrees with its node that it cannot pay: another one takes its place.
#[tokio::test]
async fn a_session_that_cannot_pay_is_replaced() {
	let changes: [fn(&mut SessionInfo); 2] =
		[|info| info.closes_at = Some(50), |info| info.node = [7; 32].into()];
	for spoil in changes {
		let net = TestNet::new(1).await;
		let settings = net.settings(100 * MOST, 10 * MOST);
		let first = payer(&net, settings.clone()).await;
		assert!(call(&first, TestNet::chat(false)).await.answered().is_some());
		first.close().await;
		spoil(net.chain.state.lock().sessions.get_mut(&5).unwrap());
		// To another process it is none that money was put into just now.
		let second = payer(&net, settings).await;
		let asked = call(&second, TestNet::chat(false)).await;
		assert_eq!(asked.answered().unwrap().0.slot.session, 6, "{asked:?}");
		assert_eq!(net.transactions(), ["open_session", "open_session"]);
	}
}

#[tokio::test]
async fn a_session_that_was_topped_up_and_extended_by_others_goes_on() {
	let net = TestNet::new(1).await;
	let payer = payer(&net, net.settings(100 * MOST, 10 * MOST)).await;
	assert!(call(&payer, TestNet::chat(false)).await.answered().is_some());
	// It is final that it is ours.
	payer.janitor.observe().await.unwrap();
	{
		let mut state = net.chain.state.lock();
		let info = state.sessions.get_mut(&5).unwrap();
		info.deposit += MOST;
		info.expires_at += 50;
	}
	payer.janitor.observe().await.unwrap();
	let asked = call(&payer, TestNet::chat(false)).await;
	assert_eq!(asked.answered().unwrap().0.slot.session, 5);
	let (left, expires_at) = payer.treasury.look(|ledger| {
		(ledger.books().left(5), ledger.books().session(5).map(|session| session.expires_at))
	});
	assert_eq!((left, expires_at), (11 * MOST - 2 * CHARGE, Some(1_060)));
}

#[tokio::test]
async fn a_session_is_not_forgotten_before_its_end_is_final() {
	let net = TestNet::new(1).await;
	let payer = payer(&net, net.settings(100 * MOST, 10 * MOST)).await;
	assert!(call(&payer, TestNet::chat(false)).await.answered().is_some());
	payer.janitor.observe().await.unwrap();
	net.chain.state.lock().sessions.clear();
	let is_known = async || {
		payer.janitor.observe().await.unwrap();
		payer.treasury.look(|ledger| ledger.books().session(5).is_some())
	};
	assert!(is_known().await);
	// It was opened after block 10.
	for (finalized, known) in [(10 + 127, true), (10 + 128, false)] {
		{
			let mut state = net.chain.state.lock();
			(state.best, state.finalized) = (finalized + 2, finalized);
		}
		assert_eq!(is_known().await, known, "{finalized}");
	}
	assert_eq!(net.transactions(), ["open_session"]);
}

/// A session may have been opened with another state.
#[tokio::test]
async fn a_session_that_is_not_in_the_ledger_can_be_closed() {
	let net = TestNet::new(1).await;
	let settings = net.settings(100 * MOST, 10 * MOST);
	let first = payer(&net, settings.clone()).await;
	assert!(call(&first, TestNet::chat(false)).await.answered().is_some());
	let other = tempfile::tempdir().unwrap();
	let settings = PayerSettings { state: other.path().to_owned(), ..settings };
	let second = payer(&net, settings).await;
	let closing = second.janitor.close_one(5).await.unwrap();
	assert_eq!(closing, Closing::Closed(10 * MOST - CHARGE));
	// But not one of somebody else.
	let account = net.chain.account();
	let stranger = SessionInfo {
		id: 9,
		caller: [9; 32].into(),
		node: account.clone(),
		signer: account,
		deposit: 1,
		settled: 0,
		spending_limit: 0,
		opened_at: 0,
		expires_at: 1_000,
		closes_at: None,
		lanes: vec![],
	};
	net.chain.state.lock().sessions.insert(9, stranger);
	let closing = second.janitor.close_one(9).await.unwrap();
	assert_eq!(closing, Closing::NotYet);
	assert_eq!(net.transactions(), ["open_session", "close_by_agreement"]);
}
