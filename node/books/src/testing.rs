//! Builders of what is stored, for tests here and of the crates above.

use openledger_primitives::{record::CallRecord, voucher::Voucher, Balance, Hash, Sequence};
use openledger_testkit::{caller, operator, session, GENESIS, MODEL, PRICE_VERSION, SALT};

use crate::{Acceptance, Identity, ServedCall, StoredVoucher};

/// The store of the test's operator.
pub fn identity() -> Identity {
	Identity { genesis: GENESIS, operator: operator().account() }
}

/// A voucher that was checked, signed by the test's caller.
pub fn acceptance(voucher: Voucher, reserve: Balance) -> Acceptance {
	let signature = caller().sign_message(&voucher);
	Acceptance {
		voucher: StoredVoucher { voucher, signature, salt: SALT },
		reserve,
		session: session(voucher.session),
		limit: Balance::MAX,
		exposure: Balance::MAX,
		at: 1_000,
	}
}

/// A call that was served, with three tokens in and four out.
pub fn served(sequence: Sequence, charge: Balance) -> ServedCall {
	let record = CallRecord {
		sequence,
		model: MODEL,
		version: 1,
		price_version: PRICE_VERSION,
		input_tokens: 3,
		output_tokens: 4,
		request_hash: Hash::repeat_byte(1),
		response_hash: Hash::repeat_byte(2),
		attribution: Default::default(),
	};
	ServedCall { record, charge, statement_signature: operator().sign(b"statement"), at: 2_000 }
}
