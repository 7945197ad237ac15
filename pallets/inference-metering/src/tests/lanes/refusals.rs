//! Each reason for which a lane is rejected.

use super::*;
use crate::{Error, Lanes};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::DispatchError;

/// What changes a voucher, before it is signed.
type Change = fn(&mut Voucher);

/// The settlement of a call with a voucher that was changed.
fn changed(session: u64, lane: u16, change: Change) -> LaneSettlement {
	let book = Book::with_calls(session, lane, 1);
	let mut voucher = book.voucher();
	change(&mut voucher);
	settlement(&voucher, vec![book.records(0..1)])
}

/// What is wrong with a lane's voucher, and the error of that.
fn faults() -> Vec<(Change, Error<Test>)> {
	vec![
		(|voucher| voucher.session += 1, Error::UnknownSession),
		(|voucher| voucher.genesis_hash = Hash::repeat_byte(7), Error::WrongChain),
		(|voucher| voucher.extension = Some(Hash::zero()), Error::UnknownExtension),
		(|voucher| voucher.authorised = 0, Error::VoucherContradictsItself),
		(|voucher| voucher.lane = openledger_primitives::MAX_LANES, Error::NoSuchLane),
		(|voucher| voucher.lane = u16::MAX, Error::NoSuchLane),
		(|voucher| voucher.sequence = 0, Error::VoucherNotNewer),
		(|voucher| voucher.agreement.as_of = 1, Error::WrongAsOf),
		(|voucher| voucher.agreement.as_of = 50, Error::WrongAsOf),
		(|voucher| voucher.agreement.as_of = 51, Error::WrongAsOf),
		(|voucher| voucher.valid_until = 9, Error::SettledTooLate),
		(|voucher| voucher.agreement.model = 77, Error::UnknownModel),
		(|voucher| voucher.agreement.version = 7, Error::UnknownVersion),
		(|voucher| voucher.agreement.version = 8, Error::VersionExpired),
		(|voucher| voucher.agreement.version = 9, Error::NotInForce),
		(|voucher| voucher.agreement.version = 10, Error::TermsForgotten),
		(|voucher| voucher.agreement.price_version = 7, Error::UnknownPrice),
		(|voucher| voucher.agreement.price_version = 8, Error::PriceExpired),
		(
			|voucher| voucher.agreement.own_price = Some(price(PRICE + 1_000)),
			Error::OwnPriceRefused,
		),
		(
			|voucher| {
				// Its own call may cost nothing.
				voucher.sequence = 1;
				voucher.authorised = voucher.acknowledged;
			},
			Error::AboveAuthorised,
		),
		(|voucher| voucher.acknowledged -= 1, Error::AboveAcknowledged),
	]
}

/// A session that was opened in block 2, in block 50.
fn prepared() -> u64 {
	Models::change(MODEL, |model| {
		model.versions.insert(8, Err(RejectReason::VersionExpired));
		model.versions.insert(9, Err(RejectReason::NotInForce));
		model.versions.insert(10, Err(RejectReason::TermsForgotten));
		model.prices.insert(8, Err(RejectReason::PriceExpired));
	});
	System::set_block_number(3);
	let session = open_session(DEPOSIT);
	System::set_block_number(50);
	session
}

#[test]
fn a_lane_that_breaks_a_rule_is_the_error_if_it_is_alone() {
	run(|| {
		let session = prepared();
		for (change, error) in faults() {
			assert_noop!(settle(vec![changed(session, 0, change)]), DispatchError::from(error));
		}
		assert_ok!(settle(vec![changed(session, 0, |_| ())]));
	});
}

#[test]
fn a_lane_that_breaks_a_rule_is_rejected_alone() {
	run(|| {
		let session = prepared();
		for ((change, error), lane) in faults().into_iter().zip((0..).step_by(2)) {
			let bad = changed(session, lane, change);
			let voucher = bad.voucher.newest();
			let good = changed(session, lane + 1, |_| ());
			System::reset_events();
			assert_ok!(settle(vec![bad, good]));
			System::assert_has_event(
				Event::LaneRejected {
					session: voucher.session,
					lane: voucher.lane,
					reason: error.into(),
				}
				.into(),
			);
			let settled: Vec<_> = settled_lanes().iter().map(|(header, _)| header.lane).collect();
			assert_eq!(settled, [lane + 1]);
			assert!(!Lanes::<Test>::contains_key(voucher.session, voucher.lane));
		}
	});
}

/// Of many reasons, that of the first lane.
#[test]
fn if_no_lane_counts_the_first_reason_is_the_error() {
	run(|| {
		let session = prepared();
		let all = faults().into_iter().map(|(change, _)| changed(session, 0, change));
		assert_noop!(settle(all.collect()), Error::<Test>::UnknownSession);
	});
}

#[test]
fn nothing_to_settle_is_an_error() {
	run(|| {
		let session = open_session(DEPOSIT);
		let book = Book::with_calls(session, 0, 1);
		assert_noop!(settle(vec![]), Error::<Test>::NoRecords);
		for parts in [vec![], vec![records(vec![]), records(vec![])]] {
			let empty = settlement(&book.voucher(), parts);
			assert_noop!(settle(vec![empty]), Error::<Test>::NoRecords);
		}
		// For two reasons.
		let bad = CallRecord { extension: Some(Hash::zero()), ..record(1) };
		let mixed = settlement(&book.voucher(), vec![records(vec![bad, record(9)])]);
		assert_noop!(settle(vec![mixed]), Error::<Test>::NothingSettled);
		assert_ok!(settle(vec![book.settlement()]));
	});
}

#[test]
fn a_lane_whose_records_are_all_bad_is_rejected_for_that() {
	run(|| {
		let session = open_session(10 * call_charge());
		let book = Book::with_calls(session, 0, 1);
		let mut sealed = Book::with_calls(session, 1, 1);
		sealed.agreement.evidence = Evidence::Sealed;
		let dear = CallRecord { output_tokens: 100_000, ..record(1) };
		let rich = Voucher { acknowledged: DEPOSIT, authorised: DEPOSIT, ..book.voucher() };
		let mut priceless = book.voucher();
		priceless.agreement.price_version = DEAR;
		let cases = [
			(book.voucher(), record(3), Error::<Test>::SequenceBeyondVoucher),
			(book.voucher(), record(0), Error::SequenceNotRising),
			(
				book.voucher(),
				CallRecord { retrieved_tokens: u32::MAX, ..record(1) },
				Error::InvalidRecord,
			),
			(
				book.voucher(),
				CallRecord { extension: Some(Hash::zero()), ..record(1) },
				Error::UnknownExtension,
			),
			(sealed.voucher(), attributed(1, &[(1, 1)]), Error::SealedHasEntries),
			(priceless, record(1), Error::Overflow),
			(rich, dear, Error::DepositExhausted),
		];
		for (voucher, record, error) in cases {
			let bad = settlement(&voucher, vec![records(vec![record])]);
			assert_noop!(settle(vec![bad]), DispatchError::from(error));
		}
	});
}

#[test]
fn only_the_sessions_node_settles_and_only_in_time() {
	run(|| {
		let session = open_session(DEPOSIT);
		let book = Book::with_calls(session, 0, 1);
		register_node_of(OTHER_NODE);
		let lanes = || vec![book.settlement()].try_into().unwrap();
		let by_other = Metering::settle_lanes(signed(OTHER_NODE), lanes());
		assert_eq!(by_other.unwrap_err().error, Error::<Test>::NotSessionNode.into());
		// It expires in block 101, and can be settled 40 blocks longer.
		System::set_block_number(142);
		assert_noop!(settle(vec![book.settlement()]), Error::<Test>::SettlementOver);
		System::set_block_number(141);
		assert_ok!(settle(vec![book.settlement()]));
	});
}

#[test]
fn only_the_signer_and_the_caller_sign() {
	run(|| {
		let session = open_session(DEPOSIT);
		let book = Book::with_calls(session, 0, 1);
		let by = |seed| settlement_by(seed, &book.voucher(), vec![book.records(0..1)]);
		for seed in [STRANGER, NODE, RECEIPTS] {
			assert_noop!(settle(vec![by(seed)]), Error::<Test>::BadSignature);
		}
		assert_ok!(settle(vec![by(SIGNER)]));
		let mut more = book.clone();
		more.call(record(2));
		let by_caller = settlement_by(CALLER, &more.voucher(), vec![more.records(1..2)]);
		assert_ok!(settle(vec![by_caller]));
	});
}

#[test]
fn a_retired_model_and_data_without_a_release_pay_nobody() {
	run(|| {
		let session = open_session(DEPOSIT);
		let book = Book::with_calls(session, 0, 1);
		Models::change(MODEL, |model| model.retired = true);
		assert_noop!(settle(vec![book.settlement()]), Error::<Test>::ModelRetired);
		Models::change(MODEL, |model| model.retired = false);
		Releases::set(BTreeMap::from([(2, 1)]));
		assert_noop!(settle(vec![book.settlement()]), Error::<Test>::NoPayableSource);
	});
}
