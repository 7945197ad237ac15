//! Builders of what is stored, for tests here and of the crates above.

use openledger_primitives::{
	lane::{Statement, Voucher},
	price::Tokens,
	Balance, MILLI_OPEN,
};
use openledger_testkit::{caller, operator, response, session, GENESIS, PROMPT, SALT};

use crate::{Acceptance, Identity, LaneFunds, LaneState, ServedCall, StoredVoucher};

/// The deposit for a lane, in planck.
pub const LANE_DEPOSIT: Balance = 30 * MILLI_OPEN;

/// The store of the test's operator.
pub fn identity() -> Identity {
	Identity { genesis: GENESIS, operator: operator().account() }
}

/// A voucher that was checked, signed by the test's caller.
pub fn acceptance(voucher: Voucher, reserve: Balance) -> Acceptance {
	let signature = caller().sign_message(&voucher);
	Acceptance {
		voucher: StoredVoucher { voucher: voucher.into(), signature, salt: SALT },
		reserve,
		session: session(voucher.session),
		limit: Balance::MAX,
		exposure: Balance::MAX,
		funds: LaneFunds { deposit: LANE_DEPOSIT, free: Balance::MAX },
		at: 1_000,
	}
}

/// The call of a voucher once it was served, with three tokens in and four out.
pub fn served(voucher: &Voucher, charge: Balance) -> ServedCall {
	let answer = response(voucher, &SALT, b"Paris", PROMPT.as_bytes());
	let statement = Statement {
		genesis_hash: voucher.genesis_hash,
		session: voucher.session,
		lane: voucher.lane,
		agreement: voucher.agreement,
		sequence: voucher.sequence,
		tokens: Tokens::new(3, 4),
		charge,
		request_hash: voucher.request_hash,
		response_hash: answer.hash(),
		attribution: Default::default(),
		extension: None,
	};
	let signature = operator().sign_message(&statement);
	ServedCall { statement: statement.into(), signature, header: answer.header, at: 2_000 }
}

/// The voucher as it has to be to come next on a lane, for the same allowance.
pub fn following(voucher: Voucher, lane: &LaneState) -> Voucher {
	let (acknowledged, allowance) = (lane.charged(), voucher.allowance().unwrap_or_default());
	Voucher {
		sequence: lane.sequence.saturating_add(1),
		acknowledged,
		acknowledged_root: lane.list.root(),
		authorised: acknowledged.saturating_add(allowance),
		..voucher
	}
}
