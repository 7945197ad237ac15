//! Hot keys and what they may spend, and sessions that nobody uses.

use super::*;

const HOT: u8 = 8;

#[test]
fn only_sessions_whose_key_is_here_are_used() {
	let mut ledger = with_session(100);
	ledger.opened_for(7, node(HOT), None);
	let purse = |ledger: &mut Ledger, own: bool, hot: Option<u8>| {
		ledger.sign_with(Signers { own, hot: hot.map(node) });
		ledger.purse(&node(2), 10)
	};
	assert_eq!(purse(&mut ledger, true, None), Some(100));
	assert_eq!(purse(&mut ledger, false, Some(HOT)), Some(100));
	assert_eq!(purse(&mut ledger, false, Some(9)), None);
	assert_eq!(purse(&mut ledger, false, None), None);
	let budget = Budget::new(200, Some(100));
	assert_eq!(begin(&mut ledger, 1, &budget), Err(Shortfall::Open { need: 1 }));
	// One for the account's own key is not for any hot key.
	let mut own = with_session(100);
	assert_eq!(purse(&mut own, false, Some(HOT)), None);
	assert_eq!(purse(&mut own, true, Some(HOT)), Some(100));
}

#[test]
fn a_hot_key_spends_no_more_than_it_may() {
	let (mut ledger, budget) = (with_session(100), Budget::new(1_000, Some(100)));
	ledger.opened_for(7, node(HOT), Some(60));
	assert_eq!(ledger.left(7), 60);
	// More in it would not help.
	assert_eq!(begin(&mut ledger, 61, &budget), Err(Shortfall::Open { need: 61 }));
	let begun = begin(&mut ledger, 50, &budget).unwrap();
	assert_eq!((ledger.left(7), begun.slot.session), (10, 7));
	assert_eq!(begin(&mut ledger, 11, &budget), Err(Shortfall::Open { need: 11 }));
	ledger.acknowledge(&begun.slot, receipt(&begun.slot, 3, 20), true);
	assert_eq!(ledger.left(7), 40);

	// The chain knows better what the limit is.
	let seen = SessionInfo {
		signer: node(HOT),
		spending_limit: 150,
		..info(&ledger, 7, vec![LaneInfo { lane: 0, sequence: 1, settled: 20 }])
	};
	let (changes, evidence) = ledger.observe(7, Seen::There(&seen));
	assert!(!changes.is_empty() && evidence.is_empty());
	assert_eq!(ledger.left(7), 80);
	let need = Shortfall::TopUp { session: 7, need: 50 };
	assert_eq!(begin(&mut ledger, 130, &budget), Err(need));
	assert_eq!(begin(&mut ledger, 131, &budget), Err(Shortfall::Open { need: 131 }));

	// And whether there is one.
	let seen = SessionInfo { spending_limit: Balance::MAX, ..seen };
	ledger.observe(7, Seen::There(&seen));
	assert_eq!(ledger.session(7).unwrap().limit, None);
	let seen = SessionInfo { signer: ALICE.into(), spending_limit: 5, ..seen };
	ledger.observe(7, Seen::There(&seen));
	assert_eq!((ledger.session(7).unwrap().signer.clone(), ledger.left(7)), (None, 80));
}

#[test]
fn a_session_is_not_retired_while_it_is_used() {
	let (mut ledger, budget) = (with_session(100), Budget::new(100, None));
	let before = ledger.usage(7);
	let begun = begin(&mut ledger, 10, &budget).unwrap();
	assert!(ledger.is_busy(7));
	assert!(ledger.retire_unused(7, before).is_empty());
	let busy = ledger.usage(7);
	assert!(busy != before && ledger.retire_unused(7, busy).is_empty());
	ledger.acknowledge(&begun.slot, receipt(&begun.slot, 3, 4), true);
	assert!(ledger.retire_unused(7, busy).is_empty());
	let after = ledger.usage(7);
	assert!(after != before && !after.busy);
	assert_eq!(ledger.retire_unused(7, after).len(), 1);
	assert_eq!(begin(&mut ledger, 1, &budget).ok(), None);
}
