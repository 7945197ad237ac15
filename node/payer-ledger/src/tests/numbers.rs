//! Sessions whose numbers change before they are final.

use super::*;

/// The session in a block where a stranger has its number.
fn strange(ledger: &Ledger) -> SessionInfo {
	SessionInfo { caller: node(5), ..info(ledger, 7, vec![]) }
}

#[test]
fn a_session_is_looked_for_until_a_final_block_shows_it() {
	let (mut ledger, budget) = (with_session(100), Budget::new(200, Some(100)));
	let ours = info(&ledger, 7, vec![]);
	begin(&mut ledger, 60, &budget).unwrap();
	// Nothing is paid with it meanwhile, and nothing forgotten.
	let stranger = strange(&ledger);
	look(&mut ledger, 7, Some(&stranger));
	assert!(ledger
		.books()
		.session(7)
		.is_some_and(|session| session.retired && !session.is_displaced()));
	assert_eq!(ledger.standing().committed, 100);
	ledger.prove(7, &stranger);
	assert!(ledger.books().session(7).unwrap().is_displaced());
	assert_eq!(ledger.standing().committed, 100);
	assert_eq!(contents(&Ledger::restore(contents(&ledger))), contents(&ledger));
	// What is there now says nothing about it.
	look(&mut ledger, 7, Some(&ours));
	assert!(ledger.books().session(7).unwrap().is_displaced());
	ledger.deposits().moved(7, 8);
	assert!(ledger.books().session(7).is_none());
	let standing = ledger.standing();
	assert_eq!((standing.committed, standing.exposed, standing.reserved), (100, 0, 0));
	let begun = begin(&mut ledger, 60, &budget).unwrap();
	assert_eq!((begun.slot.session, begun.slot.sequence), (8, 1));
	// It may move again before it is final.
	ledger.prove(8, &SessionInfo { id: 8, ..ours });
	assert_eq!(ledger.books().session(8).unwrap().opening, None);
}

#[test]
fn another_deposit_or_end_is_another_session() {
	let ledger = with_session(100);
	let ours = info(&ledger, 7, vec![]);
	for (found, is_ours) in [
		(ours.clone(), true),
		// It was topped up since.
		(SessionInfo { deposit: 150, ..ours.clone() }, true),
		(SessionInfo { deposit: 99, ..ours.clone() }, false),
		(SessionInfo { expires_at: 999, ..ours.clone() }, false),
		(SessionInfo { node: node(3), ..ours.clone() }, false),
		(strange(&ledger), false),
	] {
		let mut ledger = ledger.clone();
		ledger.prove(7, &found);
		assert_eq!(ledger.books().session(7).unwrap().opening.is_none(), is_ours, "{found:?}");
		assert_eq!(ledger.books().session(7).unwrap().is_displaced(), !is_ours);
	}
}

#[test]
fn a_session_that_is_not_there_may_have_another_number() {
	let mut ledger = with_session(100);
	look(&mut ledger, 7, None);
	assert!(ledger.books().session(7).unwrap().is_displaced());
	assert_eq!(ledger.standing().committed, 100);
	let mut proven = with_session(100);
	let ours = info(&proven, 7, vec![]);
	proven.prove(7, &ours);
	look(&mut proven, 7, None);
	assert!(proven.books().session(7).is_none());
}
