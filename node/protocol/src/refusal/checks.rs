//! The checks that a node makes of a voucher, in its order: the tables of the protocol's page.

use super::RefusalCode;

/// A check, and the code of what fails it.
#[derive(Clone, Copy, Debug)]
pub struct Check {
	/// The code of the refusal.
	pub code: RefusalCode,
	/// The case in which the voucher is refused, in Markdown.
	pub fails: &'static str,
	/// Words on the details that come with it, in Markdown.
	pub details: &'static str,
}

const fn check(code: RefusalCode, fails: &'static str) -> Check {
	Check { code, fails, details: "" }
}

/// Comparisons with the request and with the chain, before the node's store is asked.
pub const BEFORE_THE_STORE: &[Check] = &[
	check(
		RefusalCode::MalformedPayment,
		"the header cannot be read, or its voucher is of a version that is not known",
	),
	check(RefusalCode::UnsupportedScheme, "`x402Version`, `scheme` or `network` is another"),
	check(RefusalCode::WrongChain, "`genesisHash` is another"),
	check(RefusalCode::NoSuchLane, "`lane` is above 1,023"),
	check(
		RefusalCode::MalformedPayment,
		"`authorised` is below `acknowledged`, or `extension` is not `null`",
	),
	check(RefusalCode::RequestMismatch, "`requestHash` is not that of this body and `salt`"),
	check(
		RefusalCode::ChainUnavailable,
		"the node has not heard of the chain for longer than its operator lets it \
		 (`chain.away_seconds`, an hour unless set)",
	),
	check(RefusalCode::VoucherExpired, "`validUntil` is below the node's best block"),
	check(
		RefusalCode::VoucherValidTooLong,
		"`validUntil` is more than `limits.voucher_blocks` (1,200 unless set) above it, or more than \
		 28,700 blocks, which is a day, less what the node may be behind: what is served for a session \
		 that is gone can be given up only when its voucher has expired, and a change of terms is \
		 announced a day before",
	),
	check(
		RefusalCode::ChainUnavailable,
		"the chain cannot be asked, and the node has not seen this session before; or too many \
		 sessions are asked about at once",
	),
	check(RefusalCode::SessionUnknown, "the chain has no such session"),
	check(RefusalCode::SessionOfOtherNode, "it pays another node"),
	check(RefusalCode::SessionExpired, "the best block has reached its `expires_at`"),
	check(RefusalCode::SessionClosing, "its caller has asked to close it"),
	check(
		RefusalCode::InvalidSignature,
		"it is neither the session signer's nor the caller's own, in either form",
	),
	check(RefusalCode::ModelMismatch, "`model` is not that of the request"),
	check(RefusalCode::VersionChanged, "`version` is not the version that would answer"),
	check(
		RefusalCode::PriceChanged,
		"`priceVersion` is not in force, and no offer with it stands any more; or `ownPrice` is not \
		 that of the offer",
	),
	check(
		RefusalCode::AsOfUnusable,
		"`asOf` is below the block in which the session was opened, or above that and the newest block \
		 that the node knows to be final",
	),
	check(
		RefusalCode::TermsChanged,
		"the chain has no terms for `model`, `version` and `priceVersion` as of that block, or they \
		 are good for no voucher with this `validUntil`: something behind them changes",
	),
	check(
		RefusalCode::InsufficientAuthorisation,
		"`authorised - acknowledged` is below the call's `amount`",
	),
];

/// Comparisons with the node's store, in the one transaction that takes the voucher.
pub const IN_THE_STORE: &[Check] = &[
	check(
		RefusalCode::SessionClosing,
		"its caller has asked this node to [agree to its end](#ending-a-session)",
	),
	check(
		RefusalCode::SessionOfOtherCaller,
		"the node has served calls in a session of this number for somebody else, before blocks \
		 were replaced",
	),
	check(
		RefusalCode::VoucherAlreadyUsed,
		"this very voucher was taken before, and its answer is [not kept](#a-lost-answer)",
	),
	check(
		RefusalCode::LaneLost,
		"the chain has settled calls of the lane that are not in the node's books: they cost what \
		 they did, and there are no more on this lane",
	),
	check(RefusalCode::VoucherOutOfOrder, "its sequence was used by another"),
	check(RefusalCode::LaneBusy, "the lane's last call is still being served"),
	check(RefusalCode::VoucherOutOfOrder, "its sequence is above the next one"),
	Check {
		code: RefusalCode::LaneOfOtherTerms,
		fails: "the lane's earlier calls were made under another `agreement`",
		details: ": theirs",
	},
	check(
		RefusalCode::AcknowledgedMismatch,
		"`acknowledged` is not what the lane's calls cost, or `acknowledgedRoot` not that of their \
		 list",
	),
	check(
		RefusalCode::ExposureReached,
		"what was charged in the session and is not settled on the chain yet, and what calls that \
		 are being served may cost, have reached what the node lets a session owe \
		 (`limits.exposure`); with `Retry-After`",
	),
	check(
		RefusalCode::SessionUnderfunded,
		"`amount` is more than is left of the deposit: less all charges of all lanes, and what \
		 calls that are being served may cost",
	),
	check(
		RefusalCode::SpendingLimitReached,
		"the session's signer has signed, and not the caller itself, and `amount` is more than is \
		 left of its spending limit, all calls of the session counted",
	),
	check(RefusalCode::StoreUnavailable, "the voucher cannot be written down"),
];

#[cfg(test)]
mod tests {
	use super::*;
	use crate::refusal::Topic;

	#[test]
	fn every_code_of_vouchers_is_that_of_a_check() {
		let checks = || BEFORE_THE_STORE.iter().chain(IN_THE_STORE);
		for code in RefusalCode::ALL {
			let checked = checks().any(|check| check.code == *code);
			assert_eq!(checked, code.topic() == Topic::Voucher, "{code}");
		}
	}
}
