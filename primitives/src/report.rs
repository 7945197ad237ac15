//! Commitment to a report against a node, which comes before the report.
//!
//! A report shows its evidence to everybody before it is in a block. So that nobody can take it from its way
//! there and send it as their own, it counts only for who had committed to it before.

use crate::{domain, AccountId, Hash};
use codec::Encode;

/// What `reporter` commits to before they report with `call`, such as `report_two_statements`, and its arguments as
/// they are encoded, one after the other.
///
/// It says nothing of the evidence to who does not have it, and is of no use to anybody else: another account's
/// commitment to the same report is another hash.
///
/// ```
/// use openledger_primitives::{report::commitment, AccountId};
///
/// let (one, other) = (AccountId::new([1; 32]), AccountId::new([2; 32]));
/// let hash = commitment(&one, "report_two_statements", &[1, 2, 3]);
/// assert_ne!(hash, commitment(&other, "report_two_statements", &[1, 2, 3]));
/// assert_ne!(hash, commitment(&one, "report_unlisted_call", &[1, 2, 3]));
/// assert_ne!(hash, commitment(&one, "report_two_statements", &[1, 2]));
/// ```
pub fn commitment(reporter: &AccountId, call: &str, arguments: &[u8]) -> Hash {
	domain::hash(domain::REPORT, &[reporter.as_ref(), &call.encode(), arguments])
}
