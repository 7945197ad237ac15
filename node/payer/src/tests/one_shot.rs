//! Calls one by one, as the command line makes them.

use super::{call, code, payer};
use crate::{
	call::{Ended, Outcome},
	testing::{Mood, TestNet, ANSWER, CHARGE, MOST},
};
use openledger_primitives::Balance;

#[tokio::test]
async fn calls_are_paid_one_after_the_other() {
	let net = TestNet::new(1).await;
	let payer = payer(&net, net.settings(100 * MOST, 10 * MOST)).await;
	for (round, stream) in [(1, false), (2, true), (3, false)] {
		let asked = call(&payer, TestNet::chat(stream)).await;
		assert_eq!(asked.text, ANSWER.concat());
		assert_eq!(asked.finish_reason.as_deref(), Some("stop"));
		assert_eq!(asked.completion.is_some(), !stream);
		let (paid, receipt) = asked.answered().unwrap();
		assert_eq!((paid.allowance, receipt.statement.newest().charge), (MOST, CHARGE));
		assert_eq!((paid.slot.session, paid.slot.lane, paid.slot.sequence), (5, 0, round));
		assert_eq!(paid.url, net.nodes[0].url);
		assert!(receipt.is_signed_by(&net.nodes[0].keypair.account()));
		let left = payer.treasury.look(|ledger| ledger.books().left(5));
		assert_eq!(left, 10 * MOST - Balance::from(round) * CHARGE);
	}
	assert_eq!(net.transactions(), ["open_session"]);
}

#[tokio::test]
async fn what_became_of_each_voucher_is_told() {
	for (mood, stream) in [
		(Mood::BreakOff, true),
		(Mood::BreakOff, false),
		(Mood::BreakOffMute, true),
		(Mood::Fail, false),
		(Mood::Overcharge, true),
	] {
		let net = TestNet::new(1).await;
		let payer = payer(&net, net.settings(100 * MOST, 10 * MOST)).await;
		net.nodes[0].set(mood);
		let asked = call(&payer, TestNet::chat(stream)).await;
		assert!(asked.answered().is_none() || mood == Mood::Overcharge, "{mood:?} {asked:?}");
		let [paid] = asked.paid.as_slice() else { panic!("{mood:?}: {asked:?}") };
		match (mood, &paid.outcome) {
			(Mood::BreakOff, Outcome::Charged(receipt)) => {
				assert_eq!(receipt.statement.newest().charge, CHARGE);
				let is_begun = matches!(asked.ended, Ended::BrokeOff(_));
				assert_eq!(is_begun, stream, "{asked:?}");
			}
			(Mood::BreakOffMute, Outcome::Unknown) | (Mood::Fail, Outcome::NotCharged) => {}
			(Mood::Overcharge, Outcome::False(reason)) => {
				assert!(reason.contains("not the price"), "{reason}");
				assert!(asked.answered().is_none());
			}
			_ => panic!("{mood:?}: {asked:?}"),
		}
	}
}

#[tokio::test]
async fn a_node_that_does_not_say_is_not_waited_for_twice() {
	let net = TestNet::new(1).await;
	let mut settings = net.settings(100 * MOST, 10 * MOST);
	settings.call.recovery = std::time::Duration::from_millis(10);
	let payer = payer(&net, settings).await;
	net.nodes[0].set(Mood::BreakOffMute);
	let asked = call(&payer, TestNet::chat(false)).await;
	assert!(matches!(asked.paid[0].outcome, Outcome::Unknown), "{asked:?}");
	let ledger = net.nodes[0].ledger.lock();
	assert_eq!((ledger.paid, ledger.asked), (2, 1));
}

/// An address that nobody has registered: the node says whose it is.
#[tokio::test]
async fn a_node_is_known_by_the_account_it_wants_to_be_paid_on() {
	let net = TestNet::new(2).await;
	let payer = payer(&net, net.settings(100 * MOST, 10 * MOST)).await;
	let request = |url: String| crate::call::Request { node: Some(url), ..TestNet::chat(false) };
	for node in &net.nodes {
		for url in [node.url.clone(), format!("{}/", node.url.replace("127.0.0.1", "localhost"))] {
			let before = node.charged();
			let asked = call(&payer, request(url)).await;
			assert!(asked.answered().is_some(), "{asked:?}");
			assert_eq!(node.charged() - before, CHARGE);
		}
	}
	// Whoever is no node is not paid.
	let account = net.nodes[0].keypair.account();
	net.chain.state.lock().nodes.remove(&account);
	let asked = call(&payer, request(net.nodes[0].url.replace("127.0.0.1", "localhost"))).await;
	assert_eq!(code(&asked), "node_misbehaves");
	let Ended::Failed(error) = &asked.ended else { panic!("{asked:?}") };
	assert!(error.message().contains("no registered inference node"), "{error}");
	assert!(asked.paid.is_empty());
}

/// Of several chain nodes behind one address, this one has not seen the session's opening.
#[tokio::test]
async fn a_session_is_not_given_up_because_a_chain_node_is_behind() {
	let net = TestNet::new(1).await;
	let settings = net.settings(100 * MOST, 10 * MOST);
	let first = payer(&net, settings.clone()).await;
	assert!(call(&first, TestNet::chat(false)).await.answered().is_some());
	first.close().await;
	let second = payer(&net, settings).await;
	let ours = net.chain.state.lock().sessions.remove(&5).unwrap();
	net.chain.state.lock().best = 9;
	let asked = call(&second, TestNet::chat(false)).await;
	assert_eq!(code(&asked), "node_failed");
	{
		let mut state = net.chain.state.lock();
		state.best = 11;
		state.sessions.insert(5, ours);
	}
	assert!(call(&second, TestNet::chat(false)).await.answered().is_some());
	assert_eq!(net.transactions(), ["open_session"]);
}
