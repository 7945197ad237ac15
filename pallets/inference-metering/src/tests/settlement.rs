//! Vouchers: who has signed them, for which chain, and how often they pay.

use super::run;
use crate::{mock::*, Error};
use codec::Encode;
use frame_support::{
	assert_noop, assert_ok,
	traits::fungible::{Inspect, MutateFreeze},
};
use openledger_primitives::{
	lane::{CallRecord, Voucher},
	signing::{wrap, Signed},
	Hash, Signature,
};
use sp_core::{ed25519, Pair};
use sp_runtime::DispatchResult;

#[test]
fn nothing_is_settled_twice() {
	run(|| {
		let session = open_session(DEPOSIT);
		let charge = call_charge();
		let second = voucher(session, 0, 2, charge, charge);
		assert_ok!(settle_calls(&second, vec![record(1), record(2)]));
		// The same voucher, and one from before.
		assert_noop!(settle_calls(&second, vec![record(2)]), Error::<Test>::VoucherNotNewer);
		let first = voucher(session, 0, 1, 0, charge);
		assert_noop!(settle_calls(&first, vec![record(1)]), Error::<Test>::VoucherNotNewer);
		// A newer voucher with old records.
		let third = voucher(session, 0, 3, 2 * charge, charge);
		let old = vec![record(1), record(2)];
		assert_noop!(settle_calls(&third, old), Error::<Test>::SequenceNotRising);
		assert_ok!(settle_calls(&third, vec![record(2), record(3), record(3)]));
		assert_eq!(Metering::session_info(session).unwrap().settled, 3 * charge);
	});
}

/// The caller has signed for model and node, and that is all it takes.
#[test]
fn a_model_need_not_be_listed_to_be_settled() {
	run(|| {
		let session = open_session(DEPOSIT);
		let mut voucher = voucher(session, 0, 1, 0, call_charge());
		voucher.agreement.model = OTHER_MODEL;
		assert_ok!(settle_calls(&voucher, vec![record(1)]));
	});
}

#[test]
fn pausing_a_model_does_not_void_calls_that_were_served() {
	run(|| {
		let session = open_session(DEPOSIT);
		Models::change(MODEL, |model| model.callable = false);
		assert_ok!(settle_one(session, 0, 1, 0, call_charge()));
	});
}

#[test]
fn only_what_the_signer_signed_for_this_chain_counts() {
	run(|| {
		let session = open_session(DEPOSIT);
		let good = voucher(session, 0, 1, 0, call_charge());
		let submit = |voucher: &Voucher, signature: Signature, calls: Vec<CallRecord>| {
			let mut signed = settlement(voucher, vec![records(calls)]);
			signed.signature = signature;
			settle(vec![signed])
		};
		let one = || vec![record(1)];
		let refused = |signature: Signature| -> DispatchResult { submit(&good, signature, one()) };

		let fork = Voucher { genesis_hash: Hash::repeat_byte(7), ..good };
		assert_noop!(submit(&fork, sign(SIGNER, &fork), one()), Error::<Test>::WrongChain);
		let raised = Voucher { authorised: good.authorised + 1, ..good };
		let of_good = sign(SIGNER, &good);
		assert_noop!(submit(&raised, of_good, one()), Error::<Test>::BadSignature);
		for seed in [NODE, STRANGER, RECEIPTS] {
			assert_noop!(refused(sign(seed, &good)), Error::<Test>::BadSignature);
		}
		// A signature over the bare fields, without the domain tag.
		let bare: Signature = pair(SIGNER).sign(&good.encode()).into();
		assert_noop!(refused(bare), Error::<Test>::BadSignature);
		let wrong_kind: Signature =
			ed25519::Pair::from_seed(&[SIGNER; 32]).sign(&good.signing_payload()).into();
		assert_noop!(refused(wrong_kind), Error::<Test>::BadSignature);

		let wrapped: Signature = pair(SIGNER).sign(&wrap(&good.signing_payload())).into();
		assert_ok!(submit(&good, wrapped, one()));
		// The caller's own key counts as well.
		let second = voucher(session, 0, 2, call_charge(), call_charge());
		let by_caller: Signature = pair(CALLER).sign(&wrap(&second.signing_payload())).into();
		assert_ok!(submit(&second, by_caller, vec![record(2)]));
	});
}

#[test]
fn frozen_funds_are_still_promised() {
	run(|| {
		let session = open_session(DEPOSIT);
		let all = Balances::total_balance(&account(CALLER));
		Balances::set_freeze(&Frozen, &account(CALLER), all).unwrap();
		assert_ok!(settle_one(session, 0, 1, 0, call_charge()));
		Balances::thaw(&Frozen, &account(CALLER)).unwrap();
	});
}

#[test]
fn a_lanes_settlements_are_told() {
	run(|| {
		let session = open_session(DEPOSIT);
		let charge = call_charge();
		assert_ok!(settle_one(session, 3, 2, charge, charge));
		assert_ok!(settle_one(session, 1, 1, 0, charge));

		let info = Metering::session_info(session).unwrap();
		let told: Vec<_> =
			info.lanes.iter().map(|lane| (lane.lane, lane.sequence, lane.settled)).collect();
		assert_eq!(told, [(1, 1, charge), (3, 2, charge)]);
		let agreement = voucher(session, 0, 1, 0, charge).agreement.hash();
		assert!(info.lanes.iter().all(|lane| lane.agreement == agreement));
		assert_eq!(info.settled, 2 * charge);
	});
}
