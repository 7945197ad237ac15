//! Why calls fail.

use frame_support::pallet_macros::pallet_section;

/// The errors of the pallet.
#[pallet_section]
mod errors {
	/// Why a call of this pallet failed. Nothing has changed then.
	#[pallet::error]
	pub enum Error<T> {
		/// A name has 1 to 64 of `a-z 0-9 . _ - /`, and starts and ends with a letter or a digit.
		InvalidName,
		/// No such datanet.
		UnknownDatanet,
		/// No such contribution.
		UnknownContribution,
		/// The datanet has no such release.
		UnknownRelease,
		/// Only the datanet's curator may do this; what a former curator has paid for, they may end
		/// too.
		NotCurator,
		/// Only the contribution's contributor may do this.
		NotContributor,
		/// A contribution has at least one byte.
		EmptyContribution,
		/// Another contribution owns the Merkle root: first come, or first reserved, owns it, unless it was
		/// [pending](Config::PendingPeriod) for too long.
		RootTaken,
		/// The contribution is not pending any more.
		NotPending,
		/// A contribution's weight is at least 1.
		ZeroWeight,
		/// The weight is above what one contribution may have.
		WeightTooHigh,
		/// The weights of the datanet's contributions would add up to more than 2^40.
		TotalWeightTooHigh,
		/// The datanet has no accepted contribution.
		EmptyRelease,
		/// Nothing has changed since the last release.
		NothingChanged,
		/// There is nothing to claim here.
		NothingToClaim,
		/// The claim would leave the account that it pays below the existential deposit.
		ClaimBelowMinimum,
		/// None of the data sources leads to a published release.
		NoPayableSource,
		/// All ids are given out.
		OutOfIds,
		/// Another datanet has this name.
		NameTaken,
		/// The curator's share is above what the chain allows.
		CuratorShareTooHigh,
		/// The curator's share can only be lowered.
		CuratorShareNotLower,
		/// The datanet is open, or closed, already.
		AccessUnchanged,
		/// The account has this role already.
		SameAccount,
		/// The curator's role is not on offer.
		NoOffer,
		/// The curator's role is on offer to somebody else.
		NotOffered,
		/// The datanet takes contributions only from those whom its curator has let in.
		NotAdmitted,
		/// The account has been let in already.
		AlreadyAdmitted,
		/// The account has not been let in.
		NoAdmission,
		/// A submission has at least one contribution.
		EmptySubmission,
		/// The contribution is not an accepted one: it is pending, stopped or slashed.
		NotAccepted,
		/// The contribution has this weight already.
		WeightUnchanged,
		/// The contribution's weight has changed in as many releases as it can.
		TooManyWeightChanges,
		/// The datanet has as many releases as it can have.
		TooManyReleases,
		/// Only the bond of a stopped contribution can be taken back.
		NotStopped,
		/// The time for which a stopped contribution's bond stays is not over.
		BondLocked,
		/// The bond has been given back already: what is left pays for the storage.
		NothingHeld,
		/// The contribution is accused: this has to wait until that is settled.
		ContributionAccused,
		/// The contribution was found to be a duplicate or a fraud.
		AlreadySlashed,
		/// The curator cannot be the accuser: nobody earns by confirming an accusation of their own.
		AccuserIsCurator,
		/// The contributor cannot be the accuser.
		AccuserIsContributor,
		/// A contribution can only be the copy of an earlier one, or of one that is not pending and has
		/// taken its root over.
		NotEarlier,
		/// The contribution is not accused.
		NoAccusation,
		/// The accusation is not confirmed.
		NotConfirmed,
		/// The accusation is confirmed already.
		AlreadyConfirmed,
		/// The accusation is contested: governance decides.
		AccusationContested,
		/// The time to do this is over.
		TooLate,
		/// The time that others have to act first is not over.
		TooEarly,
		/// The contribution is not slashed.
		NotSlashed,
		/// The same reservation exists.
		ReservationExists,
		/// No such reservation.
		UnknownReservation,
		/// The reservation still counts.
		ReservationInForce,
		/// An attribution names at most 64 contributions.
		AttributionTooLong,
		/// Only the accuser may do this.
		NotAccuser,
		/// Governance has been asked about the accusation already.
		AlreadyEscalated,
		/// The contribution is accused, but by another account than the one that was named.
		OtherAccusation,
	}
}
