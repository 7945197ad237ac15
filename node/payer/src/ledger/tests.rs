use super::*;
use openledger_primitives::{
	info::{LaneInfo, SessionInfo},
	price::PriceSchedule,
	statement::Statement,
	Hash, Sequence, MAX_LANES,
};
use openledger_protocol::x402::Receipt;

use crate::budget::Budget;

const ALICE: [u8; 32] = [1; 32];

fn node(number: u8) -> AccountId {
	[number; 32].into()
}

fn ledger() -> Ledger {
	Ledger::new(Meta { genesis_hash: Hash::zero(), caller: ALICE.into(), closed: 0, baseline: 0 })
}

fn draft() -> Draft {
	Draft {
		version: 0,
		price_version: 0,
		price: PriceSchedule::default(),
		input_tokens: 1,
		max_output_tokens: 1,
		request_hash: Hash::zero(),
		salt: Hash::zero(),
		valid_until: 100,
		receipt_key: node(9),
	}
}

fn receipt(slot: &LaneSlot, model: ModelId, charge: Balance) -> Receipt {
	let statement = Statement {
		genesis_hash: Hash::zero(),
		session: slot.session,
		lane: slot.lane,
		sequence: slot.sequence,
		model,
		version: 0,
		price_version: 0,
		input_tokens: 2,
		output_tokens: 3,
		charge,
		request_hash: Hash::zero(),
		response_hash: Hash::zero(),
		attribution: Default::default(),
	};
	let key = openledger_chain_client::Keypair::from_uri("//Bob", Default::default()).unwrap();
	Receipt { statement, signature: key.sign(b"not looked at here") }
}

fn info(ledger: &Ledger, id: SessionId, lanes: Vec<LaneInfo>) -> SessionInfo {
	let session = ledger.session(id).unwrap();
	SessionInfo {
		id,
		caller: ALICE.into(),
		node: session.node.clone(),
		signer: ALICE.into(),
		deposit: session.deposit,
		settled: 0,
		spending_limit: session.deposit,
		expires_at: session.expires_at,
		closes_at: None,
		lanes,
	}
}

/// A ledger with a session of `deposit` with node 2.
fn with_session(deposit: Balance) -> Ledger {
	let mut ledger = ledger();
	let budget = Budget::new(deposit, Some(deposit));
	let open = IntentKind::Open { expires_at: 1_000, first: 0 };
	ledger.plan(&node(2), deposit, open, 5, &budget).unwrap();
	ledger.submitted(&node(2));
	ledger.opened(&node(2), 7, deposit, 1_000);
	ledger
}

fn begin(ledger: &mut Ledger, amount: Balance, budget: &Budget) -> Result<Begun, Shortfall> {
	ledger.begin(&node(2), 3, amount, draft(), 10, budget).map(|(begun, _)| begun)
}

#[test]
fn calls_in_parallel_take_lanes_of_their_own() {
	let (mut ledger, budget) = (with_session(100), Budget::new(100, None));
	let first = begin(&mut ledger, 10, &budget).unwrap();
	let second = begin(&mut ledger, 10, &budget).unwrap();
	assert_eq!((first.slot.lane, second.slot.lane), (0, 1));
	assert_eq!((first.acknowledged, first.authorised, first.slot.sequence), (0, 10, 1));
	ledger.acknowledge(&first.slot, receipt(&first.slot, 3, 4), true);
	// The lane that is free again goes on where it was.
	let third = begin(&mut ledger, 10, &budget).unwrap();
	assert_eq!((third.slot.lane, third.slot.sequence), (0, 2));
	assert_eq!((third.acknowledged, third.authorised), (4, 14));
	let standing = ledger.standing();
	assert_eq!((standing.charged, standing.reserved, standing.committed), (4, 20, 100));
	assert_eq!(standing.exposed, 24);
	assert_eq!(ledger.left(7), 100 - 4 - 20);
}

#[test]
fn what_is_missing_is_told() {
	let budget = Budget::new(100, Some(40));
	let mut empty = ledger();
	assert_eq!(begin(&mut empty, 10, &budget), Err(Shortfall::Open { need: 10 }));
	let over = Shortfall::Budget { left: 100, may_change: false };
	assert_eq!(begin(&mut empty, 101, &budget), Err(over));

	let mut ledger = with_session(40);
	begin(&mut ledger, 35, &budget).unwrap();
	let need = Shortfall::TopUp { session: 7, need: 15 };
	assert_eq!(begin(&mut ledger, 20, &budget), Err(need));
	let top_up = IntentKind::TopUp { session: 7, before: 40 };
	let (amount, _) = ledger.plan(&node(2), 15, top_up, 10, &budget).unwrap();
	assert_eq!(amount, 40);
	assert_eq!(begin(&mut ledger, 20, &budget), Err(Shortfall::UnderWay));
	// But what is there can be spent.
	begin(&mut ledger, 5, &budget).unwrap();
	ledger.topped_up(&node(2));
	begin(&mut ledger, 20, &budget).unwrap();
	let over = Shortfall::Budget { left: 20, may_change: true };
	assert_eq!(begin(&mut ledger, 50, &budget), Err(over));
}

#[test]
fn a_full_session_is_followed_by_another() {
	let (mut ledger, budget) = (with_session(1_000), Budget::new(2_000, Some(1_000)));
	for _ in 0..MAX_LANES {
		begin(&mut ledger, 1, &budget).unwrap();
	}
	assert_eq!(begin(&mut ledger, 1, &budget), Err(Shortfall::Open { need: 1 }));
	let open = IntentKind::Open { expires_at: 1_000, first: 8 };
	ledger.plan(&node(2), 1, open, 10, &budget).unwrap();
	ledger.opened(&node(2), 8, 1_000, 1_000);
	assert_eq!(begin(&mut ledger, 1, &budget).unwrap().slot.session, 8);
}

#[test]
fn a_node_cannot_have_sessions_opened_by_its_word() {
	let (ledger, budget) = (with_session(1_000), Budget::new(2_000, Some(1_000)));
	let deny_all = |charge: Option<Balance>| {
		let mut ledger = ledger.clone();
		for _ in 0..MAX_LANES {
			let Begun { slot, .. } = begin(&mut ledger, 5, &budget).unwrap();
			if let Some(charge) = charge {
				ledger.acknowledge(&slot, receipt(&slot, 3, charge), true);
				let again = begin(&mut ledger, 5, &budget).unwrap();
				assert_eq!(again.slot.lane, slot.lane);
				ledger.close_lane(&again.slot);
				ledger.release(&again.slot, false);
			} else {
				ledger.close_lane(&slot);
				ledger.release(&slot, false);
			}
		}
		ledger
	};
	let mut denied = deny_all(None);
	assert_eq!(begin(&mut denied, 1, &budget), Err(Shortfall::LanesDenied { session: 7 }));
	// Nor does it help it that the session is used no more: what is in it comes back then.
	denied.retire(7);
	assert_eq!(begin(&mut denied, 1, &budget), Err(Shortfall::Open { need: 1 }));
	// What was charged shows that the lanes were used.
	assert_eq!(begin(&mut deny_all(Some(1)), 1, &budget), Err(Shortfall::Open { need: 1 }));
}

#[test]
fn what_was_signed_once_may_be_settled() {
	let (mut ledger, budget) = (with_session(1_000), Budget::new(2_000, Some(1_000)));
	let Begun { slot, .. } = begin(&mut ledger, 100, &budget).unwrap();
	ledger.acknowledge(&slot, receipt(&slot, 3, 100), true);
	// The node has forgotten it, but not before its settlement was on its way.
	let Begun { slot, .. } = begin(&mut ledger, 100, &budget).unwrap();
	ledger.refuse(&slot, Correction { sequence: Some(0), acknowledged: Some(0) });
	let mut settled = |settled| {
		let lanes = vec![LaneInfo { lane: slot.lane, sequence: 1, settled }];
		let seen = info(&ledger, 7, lanes);
		ledger.observe(7, Seen::There(&seen)).1
	};
	assert_eq!(settled(100), []);
	assert_eq!(settled(101).len(), 1);
}

#[test]
fn a_lane_that_has_come_to_its_end_is_left() {
	let (mut ledger, budget) = (with_session(1_000), Budget::new(2_000, Some(1_000)));
	let end = Correction { sequence: Some(Sequence::MAX), acknowledged: None };
	for lane in 0..MAX_LANES {
		let Begun { slot, .. } = begin(&mut ledger, 5, &budget).unwrap();
		assert_eq!((slot.lane, ledger.highest(&slot)), (lane, 1));
		ledger.refuse(&slot, end);
	}
	assert_eq!(begin(&mut ledger, 1, &budget), Err(Shortfall::LanesDenied { session: 7 }));
}

#[test]
fn a_node_that_takes_no_session_gets_no_third() {
	let (mut ledger, budget) = (with_session(100), Budget::new(1_000, Some(100)));
	let open = |ledger: &mut Ledger, id| {
		let kind = IntentKind::Open { expires_at: 1_000, first: id };
		ledger.plan(&node(2), 1, kind, 10, &budget).unwrap();
		ledger.submitted(&node(2));
		ledger.opened(&node(2), id, 100, 1_000);
	};
	ledger.retire_unwelcome(7);
	assert_eq!(begin(&mut ledger, 1, &budget), Err(Shortfall::Open { need: 1 }));
	open(&mut ledger, 8);
	assert_eq!(begin(&mut ledger, 1, &budget).unwrap().slot.session, 8);
	ledger.retire_unwelcome(8);
	assert_eq!(begin(&mut ledger, 1, &budget), Err(Shortfall::Unwelcome { sessions: 2 }));
	// It is written down, and over when one of them is closed.
	let mut ledger = Ledger::restore(ledger.contents());
	assert_eq!(begin(&mut ledger, 1, &budget), Err(Shortfall::Unwelcome { sessions: 2 }));
	ledger.closed(7, Some(100));
	assert_eq!(begin(&mut ledger, 1, &budget), Err(Shortfall::Open { need: 1 }));
}

#[test]
fn sessions_that_end_are_not_used() {
	let (ledger, budget) = (with_session(100), Budget::new(200, Some(100)));
	let usable =
		|ledger: &Ledger, best| ledger.check(&node(2), draft().terms(3), 1, best, &budget).is_ok();
	assert!(usable(&ledger, 979));
	assert!(!usable(&ledger, 980));
	let mut closing = ledger.clone();
	let seen = SessionInfo { closes_at: Some(50), ..info(&ledger, 7, vec![]) };
	closing.observe(7, Seen::There(&seen));
	assert!(!usable(&closing, 10));
	let mut retired = ledger.clone();
	assert_eq!(retired.retire(7).len(), 1);
	assert!(retired.retire(7).is_empty() && !usable(&retired, 10));
}

#[test]
fn a_refused_voucher_frees_its_number_but_still_counts() {
	let (mut ledger, budget) = (with_session(100), Budget::new(100, None));
	let begun = begin(&mut ledger, 60, &budget).unwrap();
	ledger.release(&begun.slot, false);
	assert_eq!(ledger.standing().reserved, 0);
	// The node may have kept it.
	assert_eq!(ledger.standing().exposed, 60);
	let again = begin(&mut ledger, 60, &budget).unwrap();
	assert_eq!((again.slot.lane, again.slot.sequence), (0, 1));
	ledger.release(&again.slot, true);
	let third = begin(&mut ledger, 60, &budget).unwrap();
	assert_eq!(third.slot.sequence, 2);
	let less = Correction { sequence: Some(9), acknowledged: Some(0) };
	ledger.refuse(&third.slot, less);
	let fourth = begin(&mut ledger, 60, &budget).unwrap();
	assert_eq!((fourth.slot.sequence, fourth.authorised), (10, 60));
	assert_eq!(ledger.closed(7, None).len(), 2);
	assert_eq!(ledger.standing().committed, 60);
}

#[test]
fn a_number_that_comes_back_with_the_same_node_goes_on_with_its_lanes() {
	let (mut ledger, budget) = (with_session(100), Budget::new(300, Some(300)));
	let first = begin(&mut ledger, 10, &budget).unwrap();
	ledger.acknowledge(&first.slot, receipt(&first.slot, 3, 4), true);
	// Blocks were reorganised away, and the session with them.
	ledger.retire(7);
	let open = IntentKind::Open { expires_at: 1_000, first: 0 };
	ledger.plan(&node(2), 100, open, 5, &budget).unwrap();
	ledger.submitted(&node(2));
	let changes = ledger.opened(&node(2), 7, 100, 1_000);
	assert!(!changes.iter().any(|change| matches!(change, Change::Anew(_))));
	let next = begin(&mut ledger, 10, &budget).unwrap();
	assert_eq!((next.slot.sequence, next.acknowledged), (2, 4));
}

#[test]
fn refused_vouchers_are_remembered_while_they_can_be_taken() {
	let (mut ledger, budget) = (with_session(100), Budget::new(100, None));
	let before = |sequence| Correction { sequence: Some(sequence), acknowledged: None };
	let refused = begin(&mut ledger, 10, &budget).unwrap();
	ledger.refuse(&refused.slot, before(0));
	assert_eq!(Ledger::restore(ledger.contents()).untaken(7, 0).len(), 1);
	// Valid until block 100, and its node may be a hundred blocks behind.
	assert!(ledger.forget_untaken(200).is_empty());
	let mut later = ledger.clone();
	assert_eq!(later.forget_untaken(201).len(), 1);
	assert!(later.untaken(7, 0).is_empty());
	// Another one with its number takes its place.
	let mut other = ledger.clone();
	let next = begin(&mut other, 10, &budget).unwrap();
	assert_eq!((next.slot.lane, next.slot.sequence), (0, 1));
	other.acknowledge(&next.slot, receipt(&next.slot, 3, 4), true);
	assert!(other.untaken(7, 0).is_empty());
	// Or it was taken after all.
	let mut behind = ledger.clone();
	assert_eq!(ledger.take_up(&refused.slot, receipt(&refused.slot, 3, 4), 0).len(), 4);
	assert_eq!(ledger.trust(&node(2)).lost, 1, "nobody has its answer");
	assert_eq!((ledger.acknowledged(&refused.slot), ledger.standing().charged), (4, 4));
	let next = begin(&mut ledger, 10, &budget).unwrap();
	assert_eq!((next.slot.sequence, next.acknowledged), (2, 4));
	// A sequence that is behind is charged once, whatever else was refused with it.
	let again = begin(&mut behind, 10, &budget).unwrap();
	behind.take_up(&refused.slot, receipt(&refused.slot, 3, 4), 0);
	behind.refuse(&again.slot, before(1));
	assert!(behind.untaken(7, 0).is_empty());
	assert!(behind.take_up(&again.slot, receipt(&again.slot, 3, 4), 0).is_empty());
	assert_eq!(behind.standing().charged, 4);
	// No node can have any number of them remembered.
	ledger.refuse(&next.slot, before(1));
	for _ in 0..50 {
		let refused = begin(&mut ledger, 10, &budget).unwrap();
		ledger.refuse(&refused.slot, before(1));
	}
	assert_eq!(ledger.untaken(7, 0).len(), 32);
}

#[test]
fn sessions_whose_key_has_spent_its_limit_are_used_no_more() {
	let (mut ledger, budget) = (with_session(100), Budget::new(200, Some(100)));
	ledger.opened_for(7, node(5), Some(80));
	let spend = |ledger: &mut Ledger, charge| {
		let begun = begin(ledger, charge, &budget).unwrap();
		ledger.acknowledge(&begun.slot, receipt(&begun.slot, 3, charge), true);
	};
	spend(&mut ledger, 60);
	assert!(ledger.retire_worn(&node(2)).is_empty(), "a quarter of it is left");
	spend(&mut ledger, 1);
	assert!(ledger.retire_worn(&node(3)).is_empty(), "another node");
	assert_eq!(ledger.retire_worn(&node(2)).len(), 1);
	assert!(ledger.session(7).unwrap().retired && ledger.retire_worn(&node(2)).is_empty());
	// Without a limit more money helps.
	let mut ledger = with_session(100);
	spend(&mut ledger, 100);
	assert!(ledger.retire_worn(&node(2)).is_empty());
}

#[test]
fn other_terms_take_other_lanes_and_then_another_session() {
	let (mut ledger, budget) = (with_session(100), Budget::new(200, Some(100)));
	let take = |ledger: &mut Ledger, version, model| {
		let draft = Draft { version, ..draft() };
		let (begun, _) = ledger.begin(&node(2), model, 1, draft, 10, &budget)?;
		ledger.release(&begun.slot, false);
		Ok(begun.slot.lane)
	};
	assert_eq!(take(&mut ledger, 0, 3), Ok(0));
	assert_eq!(take(&mut ledger, 1, 3), Ok(1), "the node may have kept the first voucher");
	assert_eq!((take(&mut ledger, 0, 3), take(&mut ledger, 0, 4)), (Ok(0), Ok(2)));
	for version in 2..=62 {
		assert!(take(&mut ledger, version, 3).is_ok());
	}
	assert_eq!(take(&mut ledger, 63, 3), Err(Shortfall::Open { need: 1 }));
	assert_eq!(take(&mut ledger, 1, 3), Ok(1), "it is there for the others still");
}

#[test]
fn a_false_statement_ends_it_with_that_node() {
	let (mut ledger, budget) = (with_session(100), Budget::new(100, None));
	let begun = begin(&mut ledger, 60, &budget).unwrap();
	ledger.reject(&begun.slot, receipt(&begun.slot, 3, 61), "too much", true);
	assert_eq!(begin(&mut ledger, 1, &budget), Err(Shortfall::Barred("too much".into())));
	assert_eq!((ledger.standing().reserved, ledger.standing().charged), (60, 0));
	assert!(ledger.unresolved().is_empty(), "there is nothing more to ask");
	let (_, lane) = ledger.lanes(7).next().unwrap();
	assert!(lane.open.as_ref().unwrap().call.rejected.is_some());
	// Whoever forgives it does not get the session back.
	assert_eq!(ledger.forgive(&node(2)).len(), 1);
	assert!(ledger.forgive(&node(2)).is_empty());
	assert!(matches!(begin(&mut ledger, 1, &budget), Err(Shortfall::Budget { .. })));
}

#[test]
fn a_parked_call_keeps_its_lane_until_it_is_resolved() {
	let (mut ledger, budget) = (with_session(100), Budget::new(100, None));
	let begun = begin(&mut ledger, 60, &budget).unwrap();
	assert!(ledger.unresolved().is_empty(), "somebody is looking after it");
	ledger.park(&begun.slot);
	let other = begin(&mut ledger, 40, &budget).unwrap();
	assert_eq!(other.slot.lane, 1);
	let unresolved = ledger.unresolved();
	assert_eq!(unresolved, [(begun.slot.clone(), begun.open)]);
	assert!(ledger.resume(&begun.slot) && !ledger.resume(&begun.slot));
	ledger.acknowledge(&begun.slot, receipt(&begun.slot, 3, 10), false);
	assert_eq!(ledger.totals()[&(3, node(2))].broken, 1);
	assert!(!ledger.resume(&begun.slot));
	// What comes too late changes nothing.
	assert!(ledger.acknowledge(&begun.slot, receipt(&begun.slot, 3, 10), true).is_empty());
	assert!(ledger.release(&begun.slot, true).is_empty());
}

#[test]
fn more_than_was_stated_is_noticed() {
	let (mut ledger, budget) = (with_session(100), Budget::new(100, None));
	let begun = begin(&mut ledger, 60, &budget).unwrap();
	let settled = |sequence, settled| vec![LaneInfo { lane: 0, sequence, settled }];
	let look = |ledger: &mut Ledger, lanes| {
		let info = info(ledger, 7, lanes);
		ledger.observe(7, Seen::There(&info)).1
	};
	// Its statement may be on its way.
	assert!(look(&mut ledger, settled(1, 50)).is_empty());
	ledger.acknowledge(&begun.slot, receipt(&begun.slot, 3, 50), true);
	assert!(look(&mut ledger, settled(1, 50)).is_empty());
	let evidence = look(&mut ledger, settled(1, 51));
	assert_eq!((evidence[0].settled.amount, evidence[0].stated), (51, 50));
}

#[test]
fn a_closed_session_costs_what_could_be_settled() {
	let budget = Budget::new(100, None);
	let run = |settled: Option<(Sequence, Balance)>, refunded| {
		let mut ledger = with_session(100);
		let begun = begin(&mut ledger, 60, &budget).unwrap();
		ledger.acknowledge(&begun.slot, receipt(&begun.slot, 3, 20), true);
		if let Some((sequence, settled)) = settled {
			let lanes = vec![LaneInfo { lane: 0, sequence, settled }];
			let info = info(&ledger, 7, lanes);
			ledger.observe(7, Seen::There(&info));
		}
		ledger.closed(7, refunded);
		assert!(ledger.session(7).is_none() && ledger.lanes(7).next().is_none());
		ledger.standing().committed
	};
	assert_eq!(run(None, Some(80)), 20);
	assert_eq!(run(Some((1, 20)), None), 20);
	assert_eq!(run(None, None), 60);
	let mut other = with_session(100);
	let stranger = SessionInfo { caller: node(5), ..info(&other, 7, vec![]) };
	let ours = info(&other, 7, vec![]);
	other.prove(7, &ours);
	other.observe(7, Seen::There(&stranger));
	assert_eq!((other.session(7), other.standing().committed), (None, 0));
}

#[test]
fn a_budget_can_begin_anew() {
	let mut ledger = with_session(100);
	let budget = Budget::new(100, None);
	let begun = begin(&mut ledger, 30, &budget).unwrap();
	ledger.acknowledge(&begun.slot, receipt(&begun.slot, 3, 20), true);
	assert_eq!(ledger.standing().committed, 100);
	ledger.rebase();
	// What could still be charged for the call before counts as spent before.
	assert_eq!((ledger.standing().committed, ledger.standing().exposed), (70, 0));
	assert_eq!(ledger.standing().charged, 20);
}

#[test]
fn a_lowered_budget_is_kept() {
	let mut ledger = with_session(100);
	let lower = Budget::new(25, None);
	let first = begin(&mut ledger, 20, &lower).unwrap();
	let over = Shortfall::Budget { left: 5, may_change: true };
	assert_eq!(begin(&mut ledger, 20, &lower), Err(over));
	ledger.acknowledge(&first.slot, receipt(&first.slot, 3, 4), true);
	// On the same lane, the next voucher takes the place of the first.
	begin(&mut ledger, 20, &lower).unwrap();
	assert_eq!(ledger.standing().exposed, 24);
}

mod keys;
mod numbers;
mod random;
mod trust;
