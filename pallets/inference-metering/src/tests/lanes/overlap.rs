//! An upgrade to a runtime that accepts one more version of each message: what was signed, settled and agreed
//! on by the present version goes on.
//!
//! Whatever happens before the upgrade is made of bytes that the present enumerations encode; all tests of
//! this pallet run on those of the next runtime.

use super::*;
use crate::{
	tests::disputing::{dispatch, status},
	versions::{
		self, NextCloseAgreement, NextRecord, NextStatement, NextVoucher, VersionedCloseAgreement,
		VersionedVoucher,
	},
	Error, Lanes, Sessions,
};
use codec::Decode;
use frame_support::{assert_noop, assert_ok};
use openledger_primitives::{
	info::NodeStatus,
	lane::{CloseAgreement, Part as PresentPart},
};

/// What the next runtime reads where the present one wrote.
fn upgraded<Present: Encode, Next: Decode>(present: &Present) -> Next {
	let bytes = present.encode();
	let mut rest = bytes.as_slice();
	let next = Next::decode(&mut rest).unwrap();
	assert!(rest.is_empty());
	next
}

/// A settlement in bytes of the present runtime.
fn present_settlement(voucher: &Voucher, parts: Vec<PresentPart>) -> LaneSettlement {
	upgraded(&lane::LaneSettlement {
		voucher: (*voucher).into(),
		signature: sign(SIGNER, voucher),
		parts: parts.try_into().unwrap(),
	})
}

fn next_voucher(book: &Book) -> NextVoucher {
	NextVoucher { present: book.voucher(), more: 5 }
}

/// A settlement with a voucher and records of the next version.
fn next_settlement(book: &Book, places: Range<usize>) -> LaneSettlement {
	let voucher = next_voucher(book);
	let next = |record: &CallRecord| NextRecord { present: record.clone(), more: 6 };
	let records: Vec<_> = book.records[places].iter().map(next).collect();
	LaneSettlement {
		signature: sign(SIGNER, &voucher),
		voucher: VersionedVoucher::V4(voucher),
		parts: vec![Part::NextRecords(records.try_into().unwrap())].try_into().unwrap(),
	}
}

/// A lane of an open session with two settled calls and one voucher that is not, and a statement of each call.
fn before_the_upgrade() -> (Book, Vec<Proven>, Voucher) {
	let mut book = Book::with_calls(open_session(DEPOSIT), 0, 2);
	System::reset_events();
	let parts = vec![PresentPart::Records(book.records.clone().try_into().unwrap())];
	assert_ok!(settle(vec![present_settlement(&book.voucher(), parts)]));
	let proven = proven();
	book.call(record(3));
	book.call(record(4));
	let unsettled = book.voucher();
	(book, proven, unsettled)
}

#[test]
fn a_voucher_of_the_present_version_is_redeemed_by_the_next_runtime() {
	run(|| {
		let (book, _, unsettled) = before_the_upgrade();
		let run = vec![PresentPart::Run(book.proof(2..4))];

		assert_ok!(settle(vec![present_settlement(&unsettled, run)]));

		let lane = Lanes::<Test>::get(book.session, 0).unwrap();
		assert_eq!((lane.sequence, lane.settled), (4, 4 * call_charge()));
		assert_eq!(lane.agreement, book.agreement.hash());
	});
}

/// One lane, both versions: the caller goes on with the next one where it was.
#[test]
fn a_lane_goes_on_with_the_next_version() {
	run(|| {
		let (mut book, _, unsettled) = before_the_upgrade();
		let records = vec![PresentPart::Records(book.records[2..3].to_vec().try_into().unwrap())];
		let present = present_settlement(&unsettled, records);
		book.call(record(5));

		assert_ok!(settle(vec![present, next_settlement(&book, 3..5)]));

		assert_eq!(Lanes::<Test>::get(book.session, 0).unwrap().settled, 5 * call_charge());
		// And not back, nor twice.
		let again = vec![PresentPart::Records(book.records[4..5].to_vec().try_into().unwrap())];
		let again = present_settlement(&unsettled, again);
		assert_noop!(settle(vec![again]), Error::<Test>::VoucherNotNewer);
		let twice = settle(vec![next_settlement(&book, 3..5)]);
		assert_eq!(twice, Err(Error::<Test>::SequenceNotRising.into()));
	});
}

/// A signature counts for the version that was signed, not for another one that says the same.
#[test]
fn a_signature_is_over_the_version_that_was_signed() {
	run(|| {
		let (book, _, unsettled) = before_the_upgrade();
		let next = NextVoucher { present: unsettled, more: 0 };
		let parts = || vec![book.records(2..4)].try_into().unwrap();
		let signatures = [sign(SIGNER, &unsettled), sign(SIGNER, &next)];
		let [by_present, by_next] = signatures;
		let other = NextVoucher { more: 1, ..next.clone() };
		for (voucher, signature) in [
			(VersionedVoucher::V3(unsettled), by_next.clone()),
			(VersionedVoucher::V4(next.clone()), by_present),
			(VersionedVoucher::V4(other), by_next.clone()),
		] {
			let bad = LaneSettlement { voucher, signature, parts: parts() };
			assert_noop!(settle(vec![bad]), Error::<Test>::BadSignature);
		}
		let voucher = VersionedVoucher::V4(next);
		assert_ok!(settle(vec![LaneSettlement { voucher, signature: by_next, parts: parts() }]));
	});
}

fn report(
	statement: versions::VersionedStatement,
	signature: Signature,
	of: &Proven,
) -> DispatchResult {
	let call = crate::Call::report_overcharged_call {
		statement: Box::new(statement),
		signature,
		receipt_key: account(RECEIPTS),
		last_sequence: of.key.2,
		item: upgraded(&of.item),
		index: of.index,
		hashes: of.hashes.clone().try_into().unwrap(),
	};
	dispatch(STRANGER, call).map(|_| ()).map_err(|refused| refused.error)
}

#[test]
fn a_settlement_of_the_present_version_is_disputed_in_the_next_runtime() {
	run(|| {
		let (book, proven, _) = before_the_upgrade();
		let cheaper = |at: usize| {
			let statement = book.statement(&book.records[at]);
			Statement { charge: statement.charge - 5, ..statement }
		};

		// With a statement of the present version, and with one of the next.
		let present = cheaper(0);
		let signature = sign(RECEIPTS, &present);
		assert_ok!(report(upgraded(&VersionedStatement::from(present)), signature, &proven[0]));
		let next = NextStatement { present: cheaper(1), more: 0 };
		let signature = sign(RECEIPTS, &next);
		let next = versions::VersionedStatement::V3(next);
		let unsigned = sign(RECEIPTS, &cheaper(1));
		assert_noop!(
			report(next.clone(), unsigned, &proven[1]),
			Error::<Test>::BadStatementSignature
		);
		assert_ok!(report(next, signature, &proven[1]));
		assert!(matches!(status(), NodeStatus::Jailed(_)));
	});
}

/// Two statements of a call contradict each other whatever their versions, and only if they do.
#[test]
fn statements_of_both_versions_are_compared_by_what_they_say() {
	run(|| {
		let (book, ..) = before_the_upgrade();
		let present = book.statement(&book.records[0]);
		let same = NextStatement { present: present.clone(), more: 7 };
		let other = NextStatement {
			present: Statement { response_hash: Hash::zero(), ..present.clone() },
			more: 7,
		};
		let report = |second: NextStatement| {
			let second_signature = sign(RECEIPTS, &second);
			let call = crate::Call::report_two_statements {
				operator: account(NODE),
				first: Box::new(upgraded(&VersionedStatement::from(present.clone()))),
				first_signature: sign(RECEIPTS, &present),
				first_key: account(RECEIPTS),
				second: Box::new(versions::VersionedStatement::V3(second)),
				second_signature,
				second_key: account(RECEIPTS),
			};
			dispatch(STRANGER, call).map(|_| ()).map_err(|refused| refused.error)
		};
		assert_noop!(report(same), Error::<Test>::NoContradiction);
		assert_ok!(report(other));
	});
}

#[test]
fn a_session_is_closed_by_an_agreement_of_either_version() {
	for next in [false, true] {
		run(|| {
			let (book, ..) = before_the_upgrade();
			let agreed = CloseAgreement {
				genesis_hash: System::block_hash(0),
				session: book.session,
				settled: 2 * call_charge(),
				extension: None,
			};
			let present_signature = sign(RECEIPTS, &agreed);
			let (agreement, signature) = if next {
				let agreed = NextCloseAgreement { present: agreed, more: 1 };
				let signature = sign(RECEIPTS, &agreed);
				(VersionedCloseAgreement::V3(agreed), signature)
			} else {
				let agreed = lane::VersionedCloseAgreement::from(agreed);
				(upgraded(&agreed), present_signature.clone())
			};
			if next {
				let wrong = Metering::close_by_agreement(
					signed(CALLER),
					agreement.clone(),
					present_signature,
				);
				assert_eq!(wrong.unwrap_err().error, Error::<Test>::BadSignature.into());
			}
			assert_ok!(Metering::close_by_agreement(signed(CALLER), agreement, signature));
			assert!(!Sessions::<Test>::contains_key(book.session));
			assert_eq!(held_for_lanes(NODE), 0);
		});
	}
}
