//! Lanes that are adopted from their node, because the payer's state was lost.

use openledger_primitives::{
	lane::{AttributionShare, VersionedStatement, Voucher},
	lane_list::{LaneError, LaneList},
};
use openledger_protocol::{LaneStateBody, LastVoucher};

use super::{
	node_side::{account, statement, voucher, NodeLane},
	*,
};
use crate::{testing, AdoptError};

pub(super) const CALLER: u8 = 1;
const HOT: u8 = 2;
pub(super) const RECEIPTS: u8 = 3;
const OTHER: u8 = 4;

pub(super) const PRICE: PriceSchedule = PriceSchedule {
	per_call: 5,
	per_input_token: 0,
	per_cached_input_token: 0,
	per_output_token: 1,
};

fn budget() -> Budget {
	Budget::new(1_000, Some(1_000))
}

fn start() -> Ledger {
	with_session_of(account(CALLER), 1_000)
}

/// A call for another request each time.
pub(super) fn call(ledger: &mut Ledger, request: u64) -> Begun {
	let request_hash = Hash::from_low_u64_be(request);
	let (input_tokens, max_output_tokens) = (2, 25);
	let agreed = CallTerms {
		list_price: PRICE,
		input_tokens,
		max_output_tokens,
		request_hash,
		..agreed(3, 30)
	};
	ledger.begin(&node(2), agreed, 10, &budget()).unwrap().0
}

/// Serves a call for so many tokens, and has its statement acknowledged.
fn serve(ledger: &mut Ledger, lane: &mut NodeLane, request: u64, tokens: u32) {
	let begun = call(ledger, request);
	let voucher = voucher(&begun);
	let tokens = Tokens::new(2, tokens);
	let receipt = statement(&voucher, PRICE.charge(&tokens).unwrap(), tokens);
	assert!(lane.charge(voucher, &receipt));
	assert!(!ledger.acknowledge(&begun.slot, receipt, Fate::Delivered, 0).is_empty());
}

/// A lane with so many calls, and the ledger as it was after each of them.
pub(super) fn history(calls: u64) -> (NodeLane, Vec<Ledger>) {
	let (mut ledger, mut lane) = (start(), NodeLane::default());
	let mut before = vec![ledger.clone()];
	for request in 1..=calls {
		serve(&mut ledger, &mut lane, request, 4);
		before.push(ledger.clone());
	}
	(lane, before)
}

pub(super) fn adopt(ledger: &mut Ledger, state: &LaneStateBody) -> Result<Vec<Change>, AdoptError> {
	ledger.adopt(7, state, &account(RECEIPTS), &PRICE, 0)
}

/// The refusal of a node's word, which has changed nothing.
pub(super) fn refused(ledger: &Ledger, state: &LaneStateBody) -> AdoptError {
	let mut after = ledger.clone();
	let refused = adopt(&mut after, state).unwrap_err();
	assert_eq!(contents(&after), contents(ledger));
	refused
}

pub(super) fn at(ledger: &Ledger) -> &Lane {
	lane(ledger, &LaneSlot { node: node(2), session: 7, lane: 0, sequence: 1 })
}

#[test]
fn a_lost_lane_goes_on_where_its_caller_has_signed_for_it() {
	let (lane, before) = history(6);
	let known = before.last().unwrap();
	for earlier in &before[..6] {
		let mut ledger = Ledger::restore(contents(earlier));

		let changes = adopt(&mut ledger, &lane.state(CALLER, RECEIPTS)).unwrap();

		let state = at(&ledger);
		assert_eq!(state, at(known));
		assert_eq!((&state.list, state.acknowledged(), state.sequence), (&lane.list, 54, 6));
		assert_eq!(ledger.standing(), known.standing());
		let kept = |change: &Change| match change {
			Change::Statement(kept) => kept.salt.is_none() && kept.call() == (0, 6),
			_ => false,
		};
		assert!(changes.iter().any(kept));
		let next = call(&mut ledger, 7);
		assert_eq!((next.slot.lane, next.slot.sequence), (0, 7));
		assert_eq!((next.acknowledged, next.acknowledged_root), (54, lane.list.root()));
	}
	assert!(matches!(refused(known, &lane.state(CALLER, RECEIPTS)), AdoptError::NothingNew));
}

#[test]
fn the_sums_of_forgotten_calls_are_counted() {
	let (lane, before) = history(6);
	let mut ledger = before[2].clone();
	adopt(&mut ledger, &lane.state(CALLER, RECEIPTS)).unwrap();
	assert_eq!(ledger.totals()[&(3, node(2))], before[6].totals()[&(3, node(2))]);
}

#[test]
fn a_call_that_was_not_charged_uses_its_sequence() {
	let (mut lane, mut before) = history(3);
	let begun = call(&mut before[3], 9);
	lane.take(voucher(&begun));
	for known in [0, 3] {
		let mut ledger = Ledger::restore(contents(&history(3).1[known]));
		adopt(&mut ledger, &lane.state(CALLER, RECEIPTS)).unwrap();
		let state = at(&ledger);
		assert_eq!((state.sequence, state.signed, state.charged()), (4, 4, 3));
		assert_eq!((state.acknowledged(), state.authorised), (27, 57));
		assert_eq!(call(&mut ledger, 10).slot.sequence, 5);
	}
}

#[test]
fn only_who_may_sign_for_the_session_is_believed() {
	let (lane, before) = history(3);
	let mut ledger = before[0].clone();
	for signer in [OTHER, HOT, RECEIPTS] {
		let forged = refused(&ledger, &lane.state(signer, RECEIPTS));
		assert!(matches!(forged, AdoptError::Unsigned), "{forged}");
	}
	book(&mut ledger, |book| book.opened_for(account(HOT), 500));
	let other = refused(&ledger, &lane.state(OTHER, RECEIPTS));
	assert!(matches!(other, AdoptError::Unsigned), "{other}");
	for signer in [HOT, CALLER] {
		assert!(adopt(&mut ledger.clone(), &lane.state(signer, RECEIPTS)).is_ok());
	}
	// What was signed is another voucher.
	let mut changed = lane.state(CALLER, RECEIPTS);
	let last = changed.last.as_mut().unwrap();
	last.voucher = Voucher { authorised: 31, ..last.voucher.newest() }.into();
	assert!(matches!(refused(&ledger, &changed), AdoptError::Unsigned));
}

/// The node's word, with the voucher changed before it was signed.
fn with_voucher(lane: &NodeLane, change: impl FnOnce(&mut Voucher)) -> LaneStateBody {
	let mut lane = lane.clone();
	change(&mut lane.last.as_mut().unwrap().0);
	lane.state(CALLER, RECEIPTS)
}

#[test]
fn a_list_is_the_one_that_was_signed_for() {
	let (lane, before) = history(3);
	let (shorter, _) = history(1);
	let of_another = LaneStateBody {
		last: Some(LastVoucher {
			snapshot: shorter.state(CALLER, RECEIPTS).last.unwrap().snapshot,
			..lane.state(CALLER, RECEIPTS).last.unwrap()
		}),
		..lane.state(CALLER, RECEIPTS)
	};
	for (state, expected) in [
		(of_another, LaneError::Peaks),
		(with_voucher(&lane, |voucher| voucher.acknowledged_root = Hash::zero()), LaneError::Peaks),
		(with_voucher(&lane, |voucher| voucher.acknowledged -= 1), LaneError::Totals),
		(with_voucher(&lane, |voucher| voucher.sequence = 2), LaneError::Sequence),
	] {
		match refused(&before[0], &state) {
			AdoptError::Broken(found) => assert_eq!(found, expected),
			other => panic!("{other}"),
		}
	}
}

#[test]
fn a_voucher_is_for_this_lane() {
	let (lane, before) = history(3);
	let state = || lane.state(CALLER, RECEIPTS);
	for state in [
		with_voucher(&lane, |voucher| voucher.genesis_hash = Hash::repeat_byte(1)),
		with_voucher(&lane, |voucher| voucher.session = 8),
		with_voucher(&lane, |voucher| voucher.extension = Some(Hash::zero())),
		LaneStateBody { lane: 1, ..state() },
		LaneStateBody { session: 8, ..state() },
		LaneStateBody {
			lane: MAX_LANES,
			..with_voucher(&lane, |voucher| voucher.lane = MAX_LANES)
		},
	] {
		let other = refused(&before[0], &state);
		assert!(matches!(other, AdoptError::Other(_)), "{other}");
	}
	// A lane that is known here is of one agreement.
	let mut sealed = lane.clone();
	let (voucher, _, receipt) = sealed.last.as_mut().unwrap();
	voucher.agreement.evidence = Evidence::Sealed;
	let VersionedStatement::V2(statement) = &mut receipt.as_mut().unwrap().statement;
	statement.agreement.evidence = Evidence::Sealed;
	let other = refused(&before[1], &sealed.state(CALLER, RECEIPTS));
	assert!(matches!(other, AdoptError::Other("agreement")), "{other}");

	let mut ledger = start();
	let unknown = ledger.adopt(6, &state(), &account(RECEIPTS), &PRICE, 0).unwrap_err();
	assert!(matches!(unknown, AdoptError::NoSession));
	let nothing = LaneStateBody { last: None, ..state() };
	assert!(matches!(refused(&ledger, &nothing), AdoptError::NoVoucher));
	let busy = LaneStateBody { in_flight: Some(5), ..state() };
	assert!(matches!(refused(&ledger, &busy), AdoptError::InFlight));
}

#[test]
fn a_statement_is_of_the_voucher_and_at_its_price() {
	let (lane, before) = history(3);
	let with = |change: &dyn Fn(&mut Statement)| {
		let mut lane = lane.clone();
		let receipt = lane.last.as_mut().unwrap().2.as_mut().unwrap();
		let VersionedStatement::V2(statement) = &mut receipt.statement;
		change(statement);
		lane.state(CALLER, RECEIPTS)
	};
	let share = AttributionShare { contribution: 1, basis_points: 5 };
	let changes: [&dyn Fn(&mut Statement); 13] = [
		&|statement| statement.genesis_hash = Hash::repeat_byte(1),
		&|statement| statement.session = 8,
		&|statement| statement.lane = 1,
		&|statement| statement.sequence = 4,
		&|statement| statement.agreement.as_of = 11,
		&|statement| statement.request_hash = Hash::zero(),
		&|statement| statement.extension = Some(Hash::zero()),
		&|statement| statement.attribution = vec![share].try_into().unwrap(),
		&|statement| statement.tokens.cached = 3,
		&|statement| statement.charge += 1,
		&|statement| statement.charge -= 1,
		&|statement| statement.tokens.output = 5,
		// More than the voucher allows.
		&|statement| (statement.tokens.output, statement.charge) = (26, 31),
	];
	for (at, change) in changes.iter().enumerate() {
		let refused = refused(&before[0], &with(*change));
		assert!(matches!(refused, AdoptError::False(_)), "{at}: {refused}");
	}
	assert!(adopt(&mut start(), &with(&|_| ())).is_ok());
	let all = |statement: &mut Statement| (statement.tokens.output, statement.charge) = (25, 30);
	assert!(adopt(&mut start(), &with(&all)).is_ok());
	let forged = refused(&before[0], &lane.state(CALLER, OTHER));
	assert!(matches!(forged, AdoptError::False("its signature")), "{forged}");
}

#[test]
fn what_is_known_never_gets_less() {
	let (_, before) = history(6);
	let (older, _) = history(4);
	// An older voucher, which was signed as well.
	assert!(matches!(refused(&before[6], &older.state(CALLER, RECEIPTS)), AdoptError::Less));
	assert!(adopt(&mut before[3].clone(), &older.state(CALLER, RECEIPTS)).is_ok());
	// As many calls that cost as much, but others.
	let (mut ledger, mut lane) = (start(), NodeLane::default());
	for request in 11..=16 {
		serve(&mut ledger, &mut lane, request, 4);
	}
	assert_eq!(lane.list.totals(), at(&before[6]).list.totals());
	assert!(matches!(refused(&before[6], &lane.state(CALLER, RECEIPTS)), AdoptError::Less));
	// More calls that cost less.
	let (mut ledger, mut cheap) = (start(), NodeLane::default());
	for request in 1..=7 {
		serve(&mut ledger, &mut cheap, request, 0);
	}
	assert!(matches!(refused(&before[6], &cheap.state(CALLER, RECEIPTS)), AdoptError::Less));
}

#[test]
fn what_the_chain_has_charged_is_part_of_what_is_known() {
	let (mut lane, mut before) = history(3);
	// The statement of the fourth call does not come, and then that is lost as well.
	let mut ledger = before.remove(3);
	let begun = call(&mut ledger, 9);
	let mut uncharged = lane.clone();
	uncharged.take(voucher(&begun));
	ledger.park(&begun.slot);
	let seen = info(&ledger, 7, vec![settled_lane(0, 4, 27 + 9)]);
	assert_eq!(look(&mut ledger, 7, Some(&seen)), []);
	assert!(at(&ledger).is_behind());
	assert_eq!(call(&mut ledger.clone(), 10).slot.lane, 1);

	// The node may not say that it was not charged.
	assert!(matches!(refused(&ledger, &uncharged.state(CALLER, RECEIPTS)), AdoptError::Less));
	let tokens = Tokens::new(2, 4);
	let voucher = voucher(&begun);
	assert!(lane.charge(voucher, &statement(&voucher, 9, tokens)));
	adopt(&mut ledger, &lane.state(CALLER, RECEIPTS)).unwrap();

	let state = at(&ledger);
	assert!(!state.is_behind());
	assert_eq!((state.acknowledged(), state.spent(), state.charged()), (36, 36, 4));
	assert_eq!(ledger.standing().charged, 36, "it was counted already");
	assert_eq!(call(&mut ledger, 10).slot.lane, 0);
}

#[test]
fn a_call_that_is_known_here_is_asked_for_by_its_statement() {
	let (mut lane, mut before) = history(2);
	let mut ledger = before.remove(2);
	let begun = call(&mut ledger, 9);
	let voucher = voucher(&begun);
	assert!(lane.charge(voucher, &statement(&voucher, 9, Tokens::new(2, 4))));
	let state = lane.state(CALLER, RECEIPTS);

	assert!(matches!(refused(&ledger, &state), AdoptError::Remembered));
	let mut untaken = ledger.clone();
	refuse(&mut untaken, &begun.slot, Correction { sequence: Some(2) });
	assert!(matches!(refused(&untaken, &state), AdoptError::Remembered));

	let receipt = state.last.unwrap().statement.unwrap();
	ledger.acknowledge(&begun.slot, receipt, Fate::Delivered, 0);
	assert_eq!(at(&ledger).list, lane.list);
}

#[test]
fn a_call_whose_voucher_was_refused_meanwhile_ends_with_its_sequence() {
	let (lane, before) = history(6);
	// An older state: the next voucher has a sequence that was used, and is refused.
	let mut ledger = before[2].clone();
	let begun = call(&mut ledger, 9);
	assert_eq!((begun.slot.sequence, ledger.books().busy_lanes()), (3, 1));

	adopt(&mut ledger, &lane.state(CALLER, RECEIPTS)).unwrap();

	assert!(at(&ledger).open.is_none() && at(&ledger).untaken.is_empty());
	assert_eq!((ledger.books().busy_lanes(), ledger.standing().reserved), (0, 0));
	assert!(refuse(&mut ledger, &begun.slot, Correction { sequence: Some(6) }).is_empty());
	assert_eq!(call(&mut ledger, 10).slot.sequence, 7);
	// One with a later sequence is still to be refused.
	let mut ahead = before[2].clone();
	let skipped = call(&mut ahead, 9);
	refuse(&mut ahead, &skipped.slot, Correction { sequence: Some(10) });
	let begun = call(&mut ahead, 10);
	adopt(&mut ahead, &lane.state(CALLER, RECEIPTS)).unwrap();
	assert_eq!(at(&ahead).open.as_ref(), Some(&begun.call));
	refuse(&mut ahead, &begun.slot, Correction { sequence: Some(6) });
	assert_eq!(at(&ahead).untaken.len(), 1, "it may be taken yet");
	assert_eq!(call(&mut ahead, 11).slot.sequence, 7);
}

#[test]
fn a_lane_that_was_begun_anew_goes_back_to_its_agreement() {
	let (lane, _) = history(6);
	let mut ledger = start();
	let agreement = Agreement { as_of: 9, ..agreement(3) };
	let agreed = CallTerms { agreement, ..agreed(3, 30) };
	let begun = ledger.begin(&node(2), agreed, 10, &budget()).unwrap().0;
	assert_eq!((begun.slot.lane, at(&ledger).agreement), (0, Some(agreement)));

	adopt(&mut ledger, &lane.state(CALLER, RECEIPTS)).unwrap();

	assert_eq!(at(&ledger).agreement, Some(super::agreement(3)));
	assert_eq!((at(&ledger).acknowledged(), ledger.standing().reserved), (54, 0));
	assert_eq!(call(&mut ledger, 9).slot.sequence, 7);
}

#[test]
fn what_was_forgotten_is_not_held_against_its_node() {
	let (lane, before) = history(6);
	let mut ledger = before[2].clone();
	let seen = info(&ledger, 7, vec![settled_lane(0, 6, 54)]);

	assert_eq!(look(&mut ledger, 7, Some(&seen)), []);

	assert!(at(&ledger).is_forgotten());
	assert_eq!(call(&mut ledger.clone(), 9).slot.lane, 1, "nothing is signed on what is not known");
	// As much as there is may have been promised.
	assert_eq!(ledger.standing().exposed, 1_000);
	let (_, found) = ledger.clone().closed(7, Some(900), 0);
	assert_eq!(found, []);
	let mut closed = ledger.clone();
	closed.closed(7, None, 0);
	assert_eq!(closed.standing().committed, 1_000);

	adopt(&mut ledger, &lane.state(CALLER, RECEIPTS)).unwrap();
	assert_eq!(ledger.standing(), before[6].standing());
	assert_eq!(call(&mut ledger.clone(), 9).slot.lane, 0);
	// From here on its node has to have a statement for each planck.
	let seen = info(&ledger, 7, vec![settled_lane(0, 6, 55)]);
	assert_eq!(look(&mut ledger, 7, Some(&seen)).len(), 1);
}

#[test]
fn a_session_is_taken_over_from_the_chain_and_its_lanes_from_the_node() {
	let (lane, before) = history(6);
	let seen = SessionInfo { lanes: vec![settled_lane(0, 5, 45)], ..info(&before[6], 7, vec![]) };
	let mut ledger = empty_of(account(CALLER));
	let stranger = SessionInfo { caller: node(5), ..seen.clone() };
	assert!(ledger.take_over(&stranger).is_empty());

	assert!(!ledger.take_over(&seen).is_empty());
	assert!(ledger.take_over(&seen).is_empty(), "it is known now");

	let standing = ledger.standing();
	assert_eq!((standing.committed, standing.exposed), (1_000, 1_000));
	assert_eq!(call(&mut ledger.clone(), 9).slot.lane, 1);
	adopt(&mut ledger, &lane.state(CALLER, RECEIPTS)).unwrap();
	let next = call(&mut ledger, 9);
	assert_eq!((next.slot.lane, next.slot.sequence, next.acknowledged), (0, 7, 54));
	// Its node may hold vouchers of other lanes.
	assert_eq!(ledger.standing().exposed, 1_000);
	assert_eq!(ledger.closed(7, Some(500), 0).1, []);
}

#[test]
fn a_lane_that_is_closed_stays_so() {
	let (lane, before) = history(6);
	let mut ledger = before[2].clone();
	book(&mut ledger, |book| book.close_lane(0));
	adopt(&mut ledger, &lane.state(CALLER, RECEIPTS)).unwrap();
	assert_eq!((at(&ledger).acknowledged(), at(&ledger).closed), (54, true));
	assert_eq!(call(&mut ledger, 9).slot.lane, 1);
}

#[tokio::test]
async fn what_is_adopted_is_on_disk() {
	let (lane, before) = history(6);
	let (treasury, _) = testing::treasury(Hash::zero(), account(CALLER), budget());
	let seen = info(&before[6], 7, vec![]);
	treasury.update(|ledger| ledger.take_over(&seen)).await.unwrap();
	let (state, receipt_key) = (lane.state(CALLER, RECEIPTS), account(RECEIPTS));
	let forged = treasury.adopt(7, &lane.state(OTHER, RECEIPTS), &receipt_key, &PRICE).await;
	assert!(matches!(forged, Err(AdoptError::Unsigned)));

	treasury.adopt(7, &state, &receipt_key, &PRICE).await.unwrap();

	let statements = treasury.statements(7).await.unwrap();
	assert_eq!(statements.len(), 1);
	assert_eq!(statements[0].receipt.statement, state.last.unwrap().statement.unwrap().statement);
	let list: LaneList = treasury.look(|ledger| at(ledger).list.clone());
	assert_eq!(list, lane.list);
	let agreed = CallTerms { list_price: PRICE, ..agreed(3, 30) };
	let reserved = treasury.begin(&node(2), agreed, 10).await.unwrap();
	assert_eq!((reserved.slot.sequence, reserved.acknowledged_root), (7, list.root()));
}
