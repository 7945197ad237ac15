//! On whose terms the calls of a lane are paid, and until when.

use super::*;
use crate::ProtocolShares;
use openledger_primitives::lane::RejectReason;

fn set(percent: u32) {
	ProtocolShare::set(Permill::from_percent(percent));
	next_block();
}

fn lane_terms(as_of: BlockNumber) -> LaneTerms<AccountId> {
	RevenueSplit::lane_terms(terms(), None, as_of).unwrap()
}

#[test]
fn share_and_releases_are_added_to_the_terms_of_the_model() {
	run(|| {
		let terms = lane_terms(1);
		assert_eq!(terms.call, super::super::terms());
		assert_eq!(terms.protocol_share, Permill::from_percent(5));
		let [source] = &terms.sources[..] else { panic!("{terms:?}") };
		assert_eq!((source.datanet, source.release, source.weight), (0, 1, 1));
		assert_eq!((&source.curator, source.curator_share), (&CURATOR, CURATOR_SHARE));
		assert_eq!(terms.changed_at, None);
	});
}

#[test]
fn the_share_is_that_of_the_agreed_block() {
	run(|| {
		set(20);
		set(20);
		set(7);

		// From block 2 it was 20%, and from block 4 7%.
		let expected =
			[(0, 5, Some(2)), (1, 5, Some(2)), (2, 20, Some(4)), (3, 20, Some(4)), (4, 7, None)];
		for (as_of, percent, changed_at) in expected {
			let terms = lane_terms(as_of);
			assert_eq!(terms.protocol_share, Permill::from_percent(percent), "{as_of}");
			assert_eq!(terms.changed_at, changed_at, "{as_of}");
		}
	});
}

#[test]
fn terms_end_with_the_first_of_what_they_are_made_of() {
	run(|| {
		set(20);
		let changed_at = |model, data| {
			DataChangesAt::set(data);
			RevenueSplit::lane_terms(terms(), model, 1).unwrap().changed_at
		};
		assert_eq!(changed_at(None, None), Some(2));
		assert_eq!(changed_at(Some(3), Some(4)), Some(2));
		let changed_at = |model, data| {
			DataChangesAt::set(data);
			RevenueSplit::lane_terms(terms(), model, 2).unwrap().changed_at
		};
		assert_eq!(changed_at(None, None), None);
		assert_eq!(changed_at(Some(3), Some(4)), Some(3));
		assert_eq!(changed_at(Some(5), Some(4)), Some(4));
		assert_eq!(changed_at(None, Some(4)), Some(4));
	});
}

#[test]
fn a_model_that_pays_no_data_needs_none() {
	run(|| {
		DataKnownSince::set(9);
		DataChangesAt::set(Some(12));
		let policy = terms().policy.without_data();
		let free = CallTerms { policy, sources: Default::default(), ..terms() };
		let terms = RevenueSplit::lane_terms(free, None, 1).unwrap();
		assert_eq!((terms.sources, terms.changed_at), (vec![], None));
	});
}

#[test]
fn what_nobody_knows_any_more_is_refused() {
	run(|| {
		let refusal = |as_of| RevenueSplit::lane_terms(terms(), None, as_of).err();
		DataKnownSince::set(3);
		assert_eq!(refusal(2), Some(RejectReason::TermsForgotten));
		assert_eq!(refusal(3), None);
		let unsourced = CallTerms { sources: Default::default(), ..terms() };
		let refused = RevenueSplit::lane_terms(unsourced, None, 3).err();
		assert_eq!(refused, Some(RejectReason::NoPayableSource));

		DataKnownSince::set(0);
		set(20);
		while System::block_number() < 52 {
			next_block();
		}
		set(7);
		assert_eq!(ProtocolShares::<Test>::get().entries().len(), 2);
		assert_eq!(refusal(1), Some(RejectReason::TermsForgotten));
		assert_eq!(refusal(2), None);
	});
}

#[test]
fn a_share_that_is_raised_before_a_settlement_is_not_that_of_earlier_calls() {
	run(|| {
		let agreed = Lane::of(vec![call_of(900, 0, &[])]);
		set(50);
		let later = Lane::of(vec![call_of(900, 0, &[])]);

		let events = settle(&[agreed, later]).unwrap();

		let parts = events.iter().map(|events| events.payouts().protocol);
		assert_eq!(parts.collect::<Vec<_>>(), [500, 5_000]);
	});
}
