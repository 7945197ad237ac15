//! Settlement of many lanes at once.
//!
//! One extrinsic redeems vouchers of lanes of any of a node's sessions. Each lane counts or is rejected by
//! itself, with its reason:
//!
//! 1. Everything is read and worked out in memory, one lane after the other (`redeem`). A lane sees what
//!    those before it have settled, so no order of lanes pays more than another order of extrinsics would.
//! 2. What counted is written, charged and split, once for all (`commit`).
//! 3. The events say, lane by lane and in the order of the settlement, what was settled or why not
//!    (`events`). From them alone, every part of every payment can be worked out again:
//!    [`recompute`](openledger_primitives::lane::recompute).
//!
//! All calls of a lane are paid as of one block, which its agreement names: to whoever owned the model and
//! curated its data then, out of the releases of then, at the price of then. That block is neither before the
//! session nor still going on, and no voucher outlives a change of any of this by more than
//! [`Config::TermsGrace`]; nor is one redeemed later than its session's settlement window after its last block. So a node cannot hold calls back
//! for terms that suit it better, and an honest one loses nothing that it serves: it takes no voucher that is
//! valid for longer than the grace, counted from the block in which it takes it.

mod commit;
mod events;
mod load;
mod redeem;

pub(crate) use load::LanesLoad;

use crate::{pallet::*, versions::LaneSettlements};
use alloc::vec::Vec;
use frame_support::ensure;
use openledger_primitives::{AccountId, LaneId, SessionId};
use redeem::Redeemer;
use sp_runtime::DispatchError;

/// What became of one lane of a settlement.
enum Outcome<S> {
	/// Something of it was settled.
	Settled(S),
	/// Nothing of it has changed.
	Rejected { session: SessionId, lane: LaneId, reason: DispatchError },
}

impl<T: Config> Pallet<T> {
	/// Returns what was settled, for its weight.
	pub(crate) fn do_settle_lanes(
		operator: &AccountId,
		lanes: LaneSettlements,
	) -> Result<LanesLoad, DispatchError> {
		ensure!(!lanes.is_empty(), Error::<T>::NoRecords);
		let submitted = LanesLoad::of(&lanes);
		let mut redeemer = Redeemer::<T>::new(operator);
		let mut outcomes = Vec::with_capacity(lanes.len());
		for settlement in lanes {
			let voucher = settlement.voucher.newest();
			let (session, lane) = (voucher.session, voucher.lane);
			outcomes.push(match redeemer.redeem(&voucher, settlement) {
				Ok(redeemed) => Outcome::Settled(redeemed),
				Err(reason) => Outcome::Rejected { session, lane, reason },
			});
		}
		let first = outcomes.iter().find_map(|outcome| match outcome {
			Outcome::Rejected { reason, .. } => Some(*reason),
			Outcome::Settled(_) => None,
		});
		let anything = outcomes.iter().any(|outcome| matches!(outcome, Outcome::Settled(_)));
		ensure!(anything, first.unwrap_or(Error::<T>::NothingSettled.into()));

		let load = submitted.as_found(&redeemer);
		let committed = Self::commit_lanes(redeemer, outcomes)?;
		Self::deposit_lanes(committed);
		Ok(load)
	}
}
