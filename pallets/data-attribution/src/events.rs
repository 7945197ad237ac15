//! What the pallet tells of.

use frame_support::pallet_macros::pallet_section;

/// The events of the pallet.
#[pallet_section]
mod events {
	/// What happened to datanets, contributions and their earnings.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A datanet was created.
		#[codec(index = 0)]
		DatanetCreated {
			/// Its id.
			datanet: DatanetId,
			/// Who curates it.
			curator: T::AccountId,
			/// What it is about.
			name: Name,
			/// Whether anybody may contribute.
			open: bool,
			/// The curator's part of what it earns.
			curator_share: Permill,
		},
		/// A contribution waits for the curator.
		#[codec(index = 1)]
		ContributionSubmitted {
			/// Its id.
			contribution: ContributionId,
			/// The datanet.
			datanet: DatanetId,
			/// Who gave it.
			contributor: T::AccountId,
			/// The Merkle root over its chunks.
			root: Hash,
		},
		/// A contribution will be part of all releases from the next one on.
		#[codec(index = 2)]
		ContributionAccepted {
			/// The contribution.
			contribution: ContributionId,
			/// Its datanet.
			datanet: DatanetId,
			/// Its weight.
			weight: Weight,
			/// The first release that it is part of.
			from_release: ReleaseId,
		},
		/// A curator rejected a contribution. The bond is released, but for the deposit of the
		/// reservation of the root that may be left to the contributor.
		#[codec(index = 3)]
		ContributionRejected {
			/// The contribution.
			contribution: ContributionId,
		},
		/// A contributor withdrew a contribution that no release has. The bond is released, and the
		/// root is free, or goes back to the one that it was taken over from.
		#[codec(index = 4)]
		ContributionWithdrawn {
			/// The contribution.
			contribution: ContributionId,
		},
		/// A datanet's state was frozen under a number.
		#[codec(index = 5)]
		ReleasePublished {
			/// The datanet.
			datanet: DatanetId,
			/// The number, from 1 upwards.
			release: ReleaseId,
			/// The sum of its contributions' weights.
			total_weight: Weight,
			/// How many contributions it has.
			contributions: u32,
			/// The curator's part of what it earns.
			curator_share: Permill,
		},
		/// What a contribution had earned was paid out.
		#[codec(index = 6)]
		PayoutClaimed {
			/// The contribution.
			contribution: ContributionId,
			/// Who was paid: the contributor, or the beneficiary that the contributor has named.
			contributor: T::AccountId,
			/// How much, in planck.
			amount: Balance,
		},
		/// A datanet was opened to everybody, or closed to all but those who were let in.
		#[codec(index = 7)]
		AccessChanged {
			/// The datanet.
			datanet: DatanetId,
			/// Whether anybody may contribute now.
			open: bool,
		},
		/// An account was let into a datanet.
		#[codec(index = 8)]
		ContributorAllowed {
			/// The datanet.
			datanet: DatanetId,
			/// Who may contribute.
			account: T::AccountId,
		},
		/// An account may contribute no more to a datanet that is not open.
		#[codec(index = 9)]
		ContributorDisallowed {
			/// The datanet.
			datanet: DatanetId,
			/// Who was let in before.
			account: T::AccountId,
		},
		/// From the next release on, the curator takes less.
		#[codec(index = 10)]
		CuratorShareLowered {
			/// The datanet.
			datanet: DatanetId,
			/// The curator's part from the next release on.
			curator_share: Permill,
		},
		/// A curator offered the role to somebody.
		#[codec(index = 11)]
		CuratorOffered {
			/// The datanet.
			datanet: DatanetId,
			/// Who may take it.
			to: T::AccountId,
		},
		/// The curator's role is not on offer any more.
		#[codec(index = 12)]
		CuratorOfferWithdrawn {
			/// The datanet.
			datanet: DatanetId,
		},
		/// A datanet has another curator.
		#[codec(index = 13)]
		CuratorChanged {
			/// The datanet.
			datanet: DatanetId,
			/// Who curated it before.
			from: T::AccountId,
			/// Who curates it now, and earns the curator's share from now on.
			to: T::AccountId,
		},
		/// A curator was paid the shares of all datanets.
		#[codec(index = 14)]
		CuratorPaid {
			/// The curator.
			curator: T::AccountId,
			/// How much, in planck.
			amount: Balance,
		},
		/// A contribution has another weight from the next release on.
		#[codec(index = 15)]
		WeightSet {
			/// The contribution.
			contribution: ContributionId,
			/// Its datanet.
			datanet: DatanetId,
			/// Its weight.
			weight: Weight,
			/// The first release with that weight.
			from_release: ReleaseId,
		},
		/// A contribution will be part of no further release.
		#[codec(index = 16)]
		ContributionStopped {
			/// The contribution.
			contribution: ContributionId,
			/// Its datanet.
			datanet: DatanetId,
			/// The first release without it.
			from_release: ReleaseId,
			/// The block from which its bond can be taken back.
			bond_until: BlockNumberFor<T>,
		},
		/// The bond of a stopped contribution went back to its contributor, but for what its storage
		/// costs.
		#[codec(index = 17)]
		BondReturned {
			/// The contribution.
			contribution: ContributionId,
			/// How much, in planck.
			amount: Balance,
		},
		/// A contribution has another contributor, who is paid what it has earned and will earn.
		#[codec(index = 18)]
		ContributionTransferred {
			/// The contribution.
			contribution: ContributionId,
			/// Who had it.
			from: T::AccountId,
			/// Who has it now.
			to: T::AccountId,
		},
		/// A contributor named who is paid what a contribution has earned and will earn.
		#[codec(index = 19)]
		BeneficiarySet {
			/// The contribution.
			contribution: ContributionId,
			/// Who is paid; the contributor if none.
			beneficiary: Option<T::AccountId>,
		},
		/// A contribution was accused. The curator may confirm that.
		#[codec(index = 20)]
		ContributionAccused {
			/// The contribution.
			contribution: ContributionId,
			/// Who says so.
			accuser: T::AccountId,
			/// What it is said to be.
			reason: AccusationReason,
			/// The block before which the curator may confirm it.
			until: BlockNumberFor<T>,
		},
		/// A curator confirmed an accusation. The contributor may contest it.
		#[codec(index = 21)]
		AccusationConfirmed {
			/// The contribution.
			contribution: ContributionId,
			/// The block before which the contributor may contest it.
			until: BlockNumberFor<T>,
		},
		/// A contributor contested an accusation. Governance decides.
		#[codec(index = 22)]
		AccusationContested {
			/// The contribution.
			contribution: ContributionId,
			/// The block from which anybody may have it dropped if governance has not decided.
			until: BlockNumberFor<T>,
		},
		/// An accusation that was not confirmed, or not decided in time, is off. What is left of the
		/// accuser's deposit is released.
		#[codec(index = 23)]
		AccusationDropped {
			/// The contribution.
			contribution: ContributionId,
			/// What the accuser has lost by it, in planck, next to what turning to governance may have
			/// cost.
			charged: Balance,
			/// Who made it.
			accuser: T::AccountId,
			/// Who got what the accuser has lost: the contributor, or the protocol if the contributor has
			/// no account any more. Nobody if it is nothing.
			to: Option<T::AccountId>,
		},
		/// A contribution was found to be a duplicate or a fraud. It will be part of no further
		/// release, and what it earns from now on goes to the protocol.
		#[codec(index = 24)]
		ContributionSlashed {
			/// The contribution.
			contribution: ContributionId,
			/// Its datanet.
			datanet: DatanetId,
			/// Who accused it.
			accuser: T::AccountId,
			/// What of the bond went to the accuser, in planck. 0 unless governance has decided, or the
			/// accusation was its own proof.
			to_accuser: Balance,
			/// What of the bond went to the protocol, in planck.
			to_protocol: Balance,
			/// What it had earned in releases until now, which its contributor may claim, in planck.
			kept: Balance,
		},
		/// Governance found an accusation to be wrong.
		#[codec(index = 25)]
		ContributionAcquitted {
			/// The contribution.
			contribution: ContributionId,
			/// Who accused it.
			accuser: T::AccountId,
			/// What was left of the accuser's deposit, which went to the contributor, in planck.
			to_contributor: Balance,
		},
		/// What a slashed contribution earned since then went to the protocol.
		#[codec(index = 26)]
		SlashedSwept {
			/// The contribution.
			contribution: ContributionId,
			/// How much, in planck.
			amount: Balance,
		},
		/// Somebody reserved a root without showing it, or whose contribution was rejected has its root
		/// reserved.
		#[codec(index = 27)]
		RootReserved {
			/// What hides the root.
			commitment: Hash,
			/// Who put the deposit down.
			payer: T::AccountId,
			/// The block from which it counts no more.
			expires_at: BlockNumberFor<T>,
		},
		/// A reservation was used or is over. Its deposit is released.
		#[codec(index = 28)]
		ReservationRemoved {
			/// What hid the root.
			commitment: Hash,
		},
		/// A pending contribution gave way to one whose root had been reserved before, or, if it was
		/// pending for too long, to a new one. The bond is released.
		#[codec(index = 29)]
		ContributionDisplaced {
			/// The contribution that is gone.
			contribution: ContributionId,
			/// The one that has the root now.
			by: ContributionId,
		},
		/// A contribution that was accepted lost its root to one whose root had been reserved before.
		/// It can be accused as a duplicate of that, and needs no other proof.
		#[codec(index = 30)]
		RootTakenOver {
			/// The contribution that has lost its root.
			contribution: ContributionId,
			/// The one that has the root now.
			by: ContributionId,
		},
		/// An accuser turned to governance, at a cost. The curator may still confirm the accusation.
		#[codec(index = 31)]
		AccusationEscalated {
			/// The contribution.
			contribution: ContributionId,
			/// The block from which anybody may have it dropped if nobody has decided.
			until: BlockNumberFor<T>,
			/// What of the accuser's deposit went to the contributor, in planck.
			charged: Balance,
		},
		/// Sources without a release number will lead to another release.
		#[codec(index = 32)]
		ReleaseAnnounced {
			/// The datanet.
			datanet: DatanetId,
			/// The release.
			release: ReleaseId,
			/// The block from which they lead to it.
			from: BlockNumberFor<T>,
		},
		/// What had taken a root over is gone. The root belongs to whom it was taken from again.
		#[codec(index = 33)]
		RootReturned {
			/// The contribution that has the root again.
			contribution: ContributionId,
			/// The one that is gone.
			by: ContributionId,
		},
	}
}
