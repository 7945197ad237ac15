//! Lanes whose payer, or whose node, does not know any more what was signed on them; and lanes that go on at
//! other terms.

use std::{fs, path::PathBuf, time::Duration};

use openledger_payer_ledger::Lane;
use openledger_primitives::{
	answer::Evidence, info::LaneTermsInfo, lane::Agreement, price::PriceSchedule, Balance, Hash,
	LaneId, Sequence,
};
use openledger_testkit::{MODEL, PRICE, PRICE_VERSION, VERSION};

use super::{call, code, payer};
use crate::{
	one_shot::Asked,
	testing::{Mood, TestNet, CHARGE, MOST},
	Payer, PayerSettings,
};

/// The session that is opened first.
const SESSION: u64 = 5;

/// The lane and the sequence that a call was answered with.
fn place(asked: &Asked) -> (LaneId, Sequence) {
	let Some((paid, _)) = asked.answered() else { panic!("{asked:?}") };
	assert_eq!(paid.slot.session, SESSION);
	(paid.slot.lane, paid.slot.sequence)
}

async fn pay(payer: &Payer) -> (LaneId, Sequence) {
	place(&call(payer, TestNet::chat(false)).await)
}

fn charged(payer: &Payer) -> Balance {
	payer.treasury.look(|ledger| ledger.standing().charged)
}

fn is_barred(payer: &Payer) -> bool {
	payer.treasury.look(|ledger| !ledger.nodes().barred().is_empty())
}

fn lane(payer: &Payer, lane: LaneId) -> Lane {
	let of = |(number, state): (LaneId, &Lane)| (number == lane).then(|| state.clone());
	payer.treasury.look(|ledger| ledger.books().get(SESSION)?.lanes().find_map(of)).unwrap()
}

/// The agreement of the node's lane.
fn agreement(net: &TestNet, lane: LaneId) -> Agreement {
	let books = net.nodes[0].ledger.lock();
	books.lanes[&(SESSION, lane)].last.as_ref().unwrap().voucher.newest().agreement
}

/// All blocks up to this one are final.
async fn at_block(net: &TestNet, payer: &Payer, block: u32) {
	{
		let mut state = net.chain.state.lock();
		(state.best, state.finalized) = (block, block);
	}
	payer.market.refresh_if_older(Duration::ZERO).await.unwrap();
}

/// The state file.
fn state(net: &TestNet) -> PathBuf {
	let files = fs::read_dir(net.folder.path()).unwrap().flatten().map(|entry| entry.path());
	let mut files = files.filter(|path| path.extension().is_some_and(|ending| ending == "redb"));
	files.next().unwrap()
}

/// Two calls are made, and the state is lost; then these settings are used.
async fn after_a_loss(net: &TestNet) -> PayerSettings {
	let settings = net.settings(100 * MOST, 50 * MOST);
	let first = payer(net, settings.clone()).await;
	assert_eq!((pay(&first).await, pay(&first).await), ((0, 1), (0, 2)));
	first.close().await;
	fs::remove_file(state(net)).unwrap();
	PayerSettings { take_over: vec![SESSION], ..settings }
}

#[tokio::test]
async fn a_payer_that_has_lost_its_state_goes_on_in_its_session() {
	let net = TestNet::new(1).await;
	let settings = after_a_loss(&net).await;
	// The second call is not settled: only its node knows of it.
	net.nodes[0].settle();
	net.chain.state.lock().best = 20;
	let second = payer(&net, settings).await;
	second.janitor.take_stock().await.unwrap();
	assert_eq!(charged(&second), 2 * CHARGE, "by what its own key has signed");
	let before = net.nodes[0].ledger.lock().paid;
	assert_eq!((pay(&second).await, pay(&second).await), ((0, 3), (0, 4)));
	assert_eq!(net.nodes[0].ledger.lock().paid, before + 2, "nothing was refused");
	assert_eq!(net.transactions(), ["open_session"]);
	assert_eq!((charged(&second), net.charged()), (4 * CHARGE, 4 * CHARGE));
	let left = second.treasury.look(|ledger| ledger.books().left(SESSION));
	assert_eq!(left, 50 * MOST - 4 * CHARGE);
	// What is settled then is no more than what was stated.
	net.nodes[0].settle();
	second.janitor.take_stock().await.unwrap();
	assert!(!is_barred(&second) && net.proofs().is_empty());
	second.janitor.close_all().await.unwrap();
	assert_eq!(net.transactions(), ["open_session", "close_by_agreement"]);
	assert!(!is_barred(&second) && net.proofs().is_empty());
}

/// Nobody says what was signed in it, when it is taken over: what a voucher is refused with shows that.
#[tokio::test]
async fn lanes_that_could_not_be_had_are_taken_over_once_they_are_used() {
	for best in [10, 20] {
		let net = TestNet::new(1).await;
		let settings = after_a_loss(&net).await;
		net.nodes[0].set(Mood::Mute);
		net.chain.state.lock().best = best;
		let second = payer(&net, settings).await;
		second.janitor.take_over().await.unwrap();
		assert_eq!((charged(&second), net.nodes[0].ledger.lock().asked_for_lanes), (0, 1));
		net.nodes[0].set(Mood::Honest);
		let (lane, sequence) = pay(&second).await;
		assert!(lane == 0 && sequence > 2, "{best}: {lane} {sequence}");
		assert_eq!((charged(&second), net.charged()), (3 * CHARGE, 3 * CHARGE), "{best}");
		assert_eq!(net.transactions(), ["open_session"]);
		assert!(!is_barred(&second) && net.proofs().is_empty());
	}
}

/// Another state of the account may be using it.
#[tokio::test]
async fn a_session_that_nobody_has_named_is_not_taken_over() {
	let net = TestNet::new(1).await;
	let settings = PayerSettings { take_over: vec![], ..after_a_loss(&net).await };
	let second = payer(&net, settings).await;
	second.janitor.take_stock().await.unwrap();
	let asked = call(&second, TestNet::chat(false)).await;
	assert_eq!(asked.answered().unwrap().0.slot.session, 6);
	assert_eq!(net.transactions(), ["open_session", "open_session"]);
	// Nor is one of somebody else.
	net.chain.state.lock().sessions.get_mut(&SESSION).unwrap().caller = [9; 32].into();
	let mut settings = net.settings(100 * MOST, 50 * MOST);
	settings.take_over = vec![SESSION, 99];
	second.close().await;
	let third = payer(&net, settings).await;
	third.janitor.take_over().await.unwrap();
	assert!(third.treasury.look(|ledger| ledger.books().session(SESSION).is_none()));
}

/// A payer that has made three calls, and whose state is the one from after the first.
async fn with_an_older_state(net: &TestNet) -> Payer {
	let settings = net.settings(100 * MOST, 50 * MOST);
	let first = payer(net, settings.clone()).await;
	assert_eq!(pay(&first).await, (0, 1));
	first.janitor.take_stock().await.unwrap();
	first.close().await;
	let older = fs::read(state(net)).unwrap();
	let second = payer(net, settings.clone()).await;
	assert_eq!((pay(&second).await, pay(&second).await), ((0, 2), (0, 3)));
	second.close().await;
	fs::write(state(net), older).unwrap();
	payer(net, settings).await
}

#[tokio::test]
async fn a_payer_whose_older_state_was_put_back_goes_on_where_its_own_signature_says() {
	let net = TestNet::new(1).await;
	let payer = with_an_older_state(&net).await;
	assert_eq!(charged(&payer), CHARGE);
	let (lane, sequence) = pay(&payer).await;
	assert!(lane == 0 && sequence > 3, "{lane} {sequence}");
	assert_eq!((charged(&payer), net.charged()), (4 * CHARGE, 4 * CHARGE));
	assert!(!is_barred(&payer) && net.proofs().is_empty());
}

/// What the chain has settled of calls that are not known any more accuses nobody.
#[tokio::test]
async fn what_was_settled_and_forgotten_is_asked_for_before_anybody_is_accused() {
	let net = TestNet::new(1).await;
	let payer = with_an_older_state(&net).await;
	net.nodes[0].settle();
	payer.janitor.take_stock().await.unwrap();
	assert_eq!(charged(&payer), 3 * CHARGE);
	assert!(!is_barred(&payer) && net.proofs().is_empty());
	assert_eq!(pay(&payer).await, (0, 4));
}

/// A node that claims more than is known, and cannot show that it was signed for, is paid no more.
#[tokio::test]
async fn a_claim_that_no_signature_shows_bars_its_node() {
	for mood in [Mood::FalseList, Mood::FalseVoucher] {
		let net = TestNet::new(1).await;
		let payer = with_an_older_state(&net).await;
		net.nodes[0].set(mood);
		let asked = call(&payer, TestNet::chat(false)).await;
		assert_eq!(code(&asked), "node_misbehaves", "{mood:?}");
		assert!(is_barred(&payer), "{mood:?}");
		assert_eq!(charged(&payer), CHARGE, "{mood:?}");
	}
}

/// One that cannot show it right now is left, and neither believed nor blamed.
#[tokio::test]
async fn a_claim_that_cannot_be_shown_yet_bars_nobody() {
	let net = TestNet::new(1).await;
	let payer = with_an_older_state(&net).await;
	net.nodes[0].set(Mood::Mute);
	assert_eq!(code(&call(&payer, TestNet::chat(false)).await), "node_failed");
	assert!(!is_barred(&payer));
	assert_eq!(charged(&payer), CHARGE);
	net.nodes[0].set(Mood::Honest);
	assert_eq!(pay(&payer).await.0, 0);
	assert_eq!((charged(&payer), net.charged()), (4 * CHARGE, 4 * CHARGE));
}

#[tokio::test]
async fn a_node_that_has_lost_its_books_gets_other_lanes() {
	for settled in [true, false] {
		let net = TestNet::new(1).await;
		let payer = payer(&net, net.settings(100 * MOST, 50 * MOST)).await;
		assert_eq!((pay(&payer).await, pay(&payer).await), ((0, 1), (0, 2)));
		if settled {
			net.nodes[0].settle();
		}
		net.nodes[0].ledger.lock().lose();
		let before = net.nodes[0].ledger.lock().paid;
		assert_eq!((pay(&payer).await, pay(&payer).await), ((1, 1), (1, 2)), "{settled}");
		assert_eq!(net.nodes[0].ledger.lock().paid, before + 3, "it is tried once");
		// Nothing of what it had signed for is taken back.
		assert_eq!((charged(&payer), net.charged()), (4 * CHARGE, 2 * CHARGE));
		assert!(lane(&payer, 0).closed && !lane(&payer, 1).closed);
		assert_eq!(net.transactions(), ["open_session"]);
		payer.janitor.take_stock().await.unwrap();
		assert!(!is_barred(&payer) && net.proofs().is_empty());
	}
}

/// Less than it has signed for, or as much for other calls.
#[tokio::test]
async fn a_node_that_has_another_list_gets_another_lane() {
	for claim in [(0, Hash::zero()), (CHARGE, Hash::repeat_byte(9))] {
		let net = TestNet::new(1).await;
		let payer = payer(&net, net.settings(100 * MOST, 50 * MOST)).await;
		assert_eq!(pay(&payer).await, (0, 1));
		net.nodes[0].ledger.lock().claims.insert((SESSION, 0), claim);
		assert_eq!(pay(&payer).await, (1, 1), "{claim:?}");
		assert_eq!(lane(&payer, 0).acknowledged(), CHARGE);
		assert!(lane(&payer, 0).closed && !is_barred(&payer));
	}
}

#[tokio::test]
async fn a_lane_is_paid_as_of_a_block_that_its_node_can_use() {
	let net = TestNet::new(1).await;
	let payer = payer(&net, net.settings(100 * MOST, 50 * MOST)).await;
	assert_eq!(pay(&payer).await, (0, 1));
	assert_eq!(agreement(&net, 0).as_of, 10, "of the session's own block");
	at_block(&net, &payer, 20).await;
	// Others have replaced the blocks before.
	net.chain.state.lock().sessions.get_mut(&SESSION).unwrap().opened_at = 11;
	net.nodes[0].ledger.lock().as_of = Some((11, 15));
	assert_eq!(pay(&payer).await, (1, 1));
	assert_eq!(agreement(&net, 1).as_of, 15);
	assert!(lane(&payer, 0).closed && !is_barred(&payer));
	// There are no such blocks.
	net.nodes[0].ledger.lock().as_of = Some((30, 25));
	assert_eq!(code(&call(&payer, TestNet::chat(false)).await), "node_failed");
	assert!(!is_barred(&payer));
	// And where the node is behind, it is of the node's newest block.
	{
		let mut books = net.nodes[0].ledger.lock();
		(books.as_of, books.behind) = (None, 3);
		books.own_price = Some(PRICE);
	}
	assert_eq!(pay(&payer).await, (2, 1));
	assert_eq!(agreement(&net, 2).as_of, 17);
	// If it has gone back since, it says so in its offer as well.
	net.nodes[0].ledger.lock().behind = 5;
	assert_eq!(pay(&payer).await, (3, 1));
	assert_eq!(agreement(&net, 3).as_of, 15);
	assert!(!is_barred(&payer));
}

/// The attack: others may be paid in the block that comes in its place.
#[tokio::test]
async fn no_lane_is_as_of_a_block_that_is_not_final() {
	let net = TestNet::new(1).await;
	let payer = payer(&net, net.settings(100 * MOST, 50 * MOST)).await;
	assert_eq!(pay(&payer).await, (0, 1));
	at_block(&net, &payer, 20).await;
	net.chain.state.lock().best = 25;
	payer.market.refresh_if_older(Duration::ZERO).await.unwrap();
	// Its node offers its newest block, and takes what is as of that.
	{
		let mut books = net.nodes[0].ledger.lock();
		(books.offers_best, books.own_price) = (true, Some(PRICE));
	}
	assert_eq!(pay(&payer).await, (1, 1));
	assert_eq!(agreement(&net, 1).as_of, 20);
}

#[tokio::test]
async fn a_lane_whose_owners_change_is_left_for_another() {
	let net = TestNet::new(1).await;
	let payer = payer(&net, net.settings(100 * MOST, 50 * MOST)).await;
	assert_eq!(pay(&payer).await, (0, 1));
	at_block(&net, &payer, 20).await;
	{
		let mut state = net.chain.state.lock();
		let terms = state.lane_terms(MODEL, VERSION, PRICE_VERSION, 10).unwrap();
		let terms = LaneTermsInfo { changed_at: Some(15), valid_until: Some(30), ..terms };
		state.lane_terms.insert((MODEL, VERSION, PRICE_VERSION, 10), Ok(terms));
	}
	assert_eq!(pay(&payer).await, (1, 1));
	assert_eq!(agreement(&net, 1).as_of, 20);
	assert!(lane(&payer, 0).closed && !is_barred(&payer));
}

#[tokio::test]
async fn a_nodes_own_price_is_paid_on_a_lane_of_its_own() {
	let net = TestNet::new(1).await;
	let payer = payer(&net, net.settings(100 * MOST, 50 * MOST)).await;
	assert_eq!(pay(&payer).await, (0, 1));
	let own = PriceSchedule { per_output_token: 50, ..PRICE };
	net.nodes[0].ledger.lock().own_price = Some(own);
	let asked = call(&payer, TestNet::chat(false)).await;
	let (paid, receipt) = asked.answered().unwrap();
	assert_eq!((paid.slot.lane, paid.allowance), (1, MOST - 16 * 50));
	assert_eq!(receipt.statement.newest().charge, CHARGE - 3 * 50);
	assert_eq!(agreement(&net, 1).own_price, Some(own));
	assert_eq!((charged(&payer), net.charged()), (2 * CHARGE - 150, 2 * CHARGE - 150));
	// One that is above the list is not paid at all.
	let dear = PriceSchedule { per_output_token: 101, ..PRICE };
	net.nodes[0].ledger.lock().own_price = Some(dear);
	let before = net.nodes[0].ledger.lock().paid;
	assert_eq!(code(&call(&payer, TestNet::chat(false)).await), "node_misbehaves");
	assert_eq!(net.nodes[0].ledger.lock().paid, before);
}

#[tokio::test]
async fn an_offer_of_long_ago_is_not_taken() {
	let net = TestNet::new(1).await;
	{
		let mut state = net.chain.state.lock();
		(state.best, state.finalized) = (200, 200);
	}
	net.nodes[0].ledger.lock().behind = 101;
	let payer = payer(&net, net.settings(100 * MOST, 50 * MOST)).await;
	assert_eq!(code(&call(&payer, TestNet::chat(false)).await), "node_misbehaves");
	assert_eq!((net.nodes[0].ledger.lock().paid, net.transactions().len()), (0, 0));
}

#[tokio::test]
async fn sealed_calls_have_lanes_of_their_own() {
	let net = TestNet::new(1).await;
	let mut settings = net.settings(100 * MOST, 50 * MOST);
	let first = payer(&net, settings.clone()).await;
	assert_eq!(pay(&first).await, (0, 1));
	first.close().await;
	settings.call.evidence = Evidence::Sealed;
	let second = payer(&net, settings).await;
	let asked = call(&second, TestNet::chat(true)).await;
	assert_eq!(place(&asked), (1, 1));
	assert_eq!(asked.answered().unwrap().1.header.evidence, Evidence::Sealed);
	assert_eq!(
		(agreement(&net, 0).evidence, agreement(&net, 1).evidence),
		(Evidence::Open, Evidence::Sealed)
	);
}
