//! The blocks at which something is done about a call on chain.

use blake2b_simd::Params;
use openledger_primitives::{
	info::{ClaimInfo, RequestInfo},
	on_chain::MAX_CLAIMS,
	AccountId, BlockNumber,
};

/// The number of blocks that may pass between looking at the chain and signing.
pub(super) const SLACK: BlockNumber = 2;
/// The fewest and the most blocks in which an answer's transaction may be included.
pub(super) const LEAST_MORTALITY: u32 = 4;
pub(super) const MOST_MORTALITY: u32 = 32;
/// The number of blocks after its end at which a call that is still there was not swept by the chain
/// itself.
pub(super) const UNSWEPT: BlockNumber = 20;
/// The number of blocks after that within which nodes end such a call: each at its own time, so that
/// seldom two do.
pub(super) const SPREAD: BlockNumber = 200;

/// Tells whether there is no time left to answer a call.
pub(super) fn is_too_late(request: &RequestInfo, best: BlockNumber) -> bool {
	needed_block(best) >= last_block(request)
}

/// The last block in which `operator` can answer a call: before its claim is over, if it has one.
pub(super) fn last_block_for(request: &RequestInfo, operator: &AccountId) -> BlockNumber {
	let last = last_block(request);
	let claim = request.claim.as_ref().filter(|claim| claim.node == *operator);
	claim.map_or(last, |claim| claim.until.min(last))
}

/// Tells whether another node has claimed a call, and has time left at the best block.
pub(super) fn is_of_another(
	request: &RequestInfo,
	operator: &AccountId,
	best: BlockNumber,
) -> bool {
	let live = |claim: &ClaimInfo| claim.until >= best && claim.node != *operator;
	request.claim.as_ref().is_some_and(live)
}

/// Tells whether `operator` has refused a call, or let a claim on it lapse.
pub(super) fn has_refused(request: &RequestInfo, operator: &AccountId, best: BlockNumber) -> bool {
	let lapsed = |claim: &ClaimInfo| claim.node == *operator && claim.until < best;
	request.refusals.iter().any(|refusal| refusal.node == *operator)
		|| request.claim.as_ref().is_some_and(lapsed)
}

/// Tells whether so many claims on a call came to nothing that nobody can claim it any more.
pub(super) fn is_given_up(request: &RequestInfo, best: BlockNumber) -> bool {
	let lost = request.refusals.iter().filter(|refusal| refusal.refusal.was_claimed()).count();
	let lapsed = request.claim.as_ref().is_some_and(|claim| claim.until < best);
	lost.saturating_add(usize::from(lapsed)) >= usize::try_from(MAX_CLAIMS).unwrap_or(usize::MAX)
}

/// The last block that an answer which is ready now may need.
pub(super) fn needed_block(best: BlockNumber) -> BlockNumber {
	best.saturating_add(SLACK).saturating_add(LEAST_MORTALITY)
}

/// After which block this node ends a call that nobody answered: each node at another.
pub(super) fn expires(request: &RequestInfo, operator: &AccountId) -> BlockNumber {
	let mut hasher = Params::new().hash_length(4).to_state();
	let hash = hasher.update(&request.id.to_le_bytes()).update(operator.as_ref()).finalize();
	let number = hash.as_bytes().try_into().map_or(0, u32::from_le_bytes);
	let own = number.checked_rem(SPREAD).unwrap_or(0);
	last_block(request).saturating_add(UNSWEPT).saturating_add(own)
}

/// The last block in which a call can be answered.
pub(super) fn last_block(request: &RequestInfo) -> BlockNumber {
	let cancelled = request.cancelled_at.map(|block| block.saturating_sub(1));
	cancelled.map_or(request.deadline, |block| block.min(request.deadline))
}

/// For how many blocks a transaction that is signed now may be included, so that it never is after
/// `last`. None if there is too little time.
pub(super) fn mortality(best: BlockNumber, last: BlockNumber) -> Option<u32> {
	// A transaction of mortality `m` from block `b` is valid up to block `b + m - 1`.
	let room = last.checked_sub(best.checked_add(SLACK)?)?.checked_add(1)?;
	let fits = |mortality: &u32| *mortality <= room;
	let powers = std::iter::successors(Some(MOST_MORTALITY), |mortality| Some(mortality / 2));
	powers.take_while(|mortality| *mortality >= LEAST_MORTALITY).find(fits)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_transaction_never_outlives_the_deadline() {
		assert_eq!(mortality(100, 200), Some(32));
		for last in 90..160 {
			match mortality(100, last) {
				Some(mortality) => {
					assert!(mortality.is_power_of_two() && mortality >= 4);
					assert!(100 + SLACK + mortality - 1 <= last, "{last}");
				}
				None => assert!(last < 100 + SLACK + 3, "{last}"),
			}
		}
	}
}
