//! What the events say of a settlement of lanes, in the order of its lanes.

use super::{commit::Committed, redeem::Rejected, Outcome};
use crate::{deposit::deposit_all, pallet::*};
use alloc::{boxed::Box, vec::Vec};

impl<T: Config> Pallet<T> {
	/// Says what became of lanes: of each that was settled the header, its items, and what was rejected.
	pub(super) fn deposit_lanes(outcomes: Vec<Outcome<Committed>>) {
		for outcome in outcomes {
			match outcome {
				Outcome::Settled(lane) => Self::deposit_lane(lane),
				Outcome::Rejected { session, lane, reason } => {
					Self::deposit_event(Event::LaneRejected { session, lane, reason });
				}
			}
		}
	}

	fn deposit_lane(Committed { header, items, rejected, .. }: Committed) {
		let (session, lane) = (header.session, header.lane);
		Self::deposit_event(Event::LaneSettled { header: Box::new(header) });
		deposit_all::<T>(items.into_iter().map(Event::ItemSettled));
		for rejected in rejected {
			Self::deposit_event(match rejected {
				Rejected::Record { sequence, reason } => {
					Event::RecordRejected { session, lane, sequence, reason }
				}
				Rejected::Run { first_sequence, last_sequence, reason } => {
					Event::RunRejected { session, lane, first_sequence, last_sequence, reason }
				}
			});
		}
	}
}
