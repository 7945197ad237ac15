//! Hot keys and what they may spend, and sessions that nobody uses.

use super::*;

const HOT: u8 = 8;

#[test]
fn only_sessions_whose_key_is_here_are_used() {
	let mut ledger = with_session(100);
	book(&mut ledger, |book| book.opened_for(node(HOT), Balance::MAX));
	let left = |ledger: &mut Ledger, own: bool, hot: Option<u8>| {
		ledger.sign_with(Signers { own, hot: hot.map(node) });
		ledger.means().most_left(&node(2), 10)
	};
	assert_eq!(left(&mut ledger, true, None), Some(100));
	assert_eq!(left(&mut ledger, false, Some(HOT)), Some(100));
	assert_eq!(left(&mut ledger, false, Some(9)), None);
	assert_eq!(left(&mut ledger, false, None), None);
	let budget = Budget::new(200, Some(100));
	assert_eq!(begin(&mut ledger, 1, &budget), Err(Shortfall::Open { need: 1 }));
	// One for the account's own key is not for any hot key.
	let mut own = with_session(100);
	assert_eq!(left(&mut own, false, Some(HOT)), None);
	assert_eq!(left(&mut own, true, Some(HOT)), Some(100));
}

#[test]
fn a_hot_key_spends_no_more_than_it_may() {
	let (mut ledger, budget) = (with_session(100), Budget::new(1_000, Some(100)));
	book(&mut ledger, |book| book.opened_for(node(HOT), 60));
	assert_eq!(ledger.books().left(7), 60);
	// More in it would not help.
	assert_eq!(begin(&mut ledger, 61, &budget), Err(Shortfall::Open { need: 61 }));
	let begun = begin(&mut ledger, 50, &budget).unwrap();
	assert_eq!((ledger.books().left(7), begun.slot.session), (10, 7));
	assert_eq!(begin(&mut ledger, 11, &budget), Err(Shortfall::Open { need: 11 }));
	ledger.acknowledge(&begun.slot, receipt(&begun.slot, 3, 20), Fate::Delivered, 0);
	assert_eq!(ledger.books().left(7), 40);

	// The chain knows better what the limit is.
	let seen = SessionInfo {
		signer: node(HOT),
		spending_limit: 150,
		..info(&ledger, 7, vec![settled_lane(0, 1, 20)])
	};
	assert_eq!(look(&mut ledger, 7, Some(&seen)), []);
	assert_eq!(ledger.books().left(7), 80);
	let need = Shortfall::TopUp { session: 7, need: 50 };
	assert_eq!(begin(&mut ledger, 130, &budget), Err(need));
	assert_eq!(begin(&mut ledger, 131, &budget), Err(Shortfall::Open { need: 131 }));

	// And whether there is one.
	let seen = SessionInfo { spending_limit: Balance::MAX, ..seen };
	look(&mut ledger, 7, Some(&seen));
	assert_eq!(ledger.books().session(7).unwrap().limit, Balance::MAX);
	let seen = SessionInfo { signer: ALICE.into(), spending_limit: 5, ..seen };
	look(&mut ledger, 7, Some(&seen));
	assert_eq!(
		(ledger.books().session(7).unwrap().signer.clone(), ledger.books().left(7)),
		(None, 80)
	);
}

#[test]
fn a_session_is_not_retired_while_it_is_used() {
	let (mut ledger, budget) = (with_session(100), Budget::new(100, None));
	let before = ledger.books().get(7).map(Book::usage).unwrap();
	let begun = begin(&mut ledger, 10, &budget).unwrap();
	assert!(ledger.books().busy_lanes() > 0);
	assert!(book(&mut ledger, |book| book.retire_unused(before)).is_empty());
	let busy = ledger.books().get(7).map(Book::usage).unwrap();
	assert!(busy != before && book(&mut ledger, |book| book.retire_unused(busy)).is_empty());
	ledger.acknowledge(&begun.slot, receipt(&begun.slot, 3, 4), Fate::Delivered, 0);
	assert!(book(&mut ledger, |book| book.retire_unused(busy)).is_empty());
	let after = ledger.books().get(7).map(Book::usage).unwrap();
	assert!(after != before && !after.busy);
	assert_eq!(book(&mut ledger, |book| book.retire_unused(after)).len(), 1);
	assert_eq!(begin(&mut ledger, 1, &budget).ok(), None);
}
