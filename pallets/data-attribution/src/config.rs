//! What the pallet needs from the runtime, and why it holds OPEN.

use frame_support::pallet_macros::pallet_section;

/// The configuration of the pallet.
#[pallet_section]
mod config {
	/// What the pallet needs from the runtime.
	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// The runtime's reasons for holds.
		type RuntimeHoldReason: From<HoldReason>;

		/// OPEN.
		type Currency: Inspect<Self::AccountId, Balance = Balance>
			+ Mutate<Self::AccountId>
			+ MutateHold<Self::AccountId, Reason = Self::RuntimeHoldReason>;

		/// Is told of each claim, for the lifetime totals of earners.
		type Earnings: RecordEarnings<Self::AccountId>;

		/// Names the account that holds what contributors may claim. The account must exist from
		/// genesis on, with the existential deposit.
		#[pallet::constant]
		type PotId: Get<PalletId>;

		/// Decides about accusations.
		type GovernanceOrigin: EnsureOrigin<Self::RuntimeOrigin>;

		/// Gets what is slashed, and what slashed contributions still earn. The account must exist
		/// from genesis on.
		type ProtocolAccount: Get<Self::AccountId>;

		/// The deposit for a datanet, in planck.
		type DatanetDeposit: Get<Balance>;

		/// The deposit for each release of a datanet, in planck: what its storage costs.
		type ReleaseDeposit: Get<Balance>;

		/// For how many blocks after a release is published sources without a number still lead to the
		/// one before. So whoever calls or runs a model can see whom they are about to pay.
		type ReleaseNotice: Get<BlockNumberFor<Self>>;

		/// The deposit for letting an account into a datanet, in planck.
		type AdmissionDeposit: Get<Balance>;

		/// The bond for a contribution, in planck. An accusation needs as much. Even without
		/// `DroppedShare` it is at least the existential deposit, so that what is left of an accuser's
		/// deposit can be paid out to anybody.
		type ContributionBond: Get<Balance>;

		/// What of the bond of a stopped contribution stays, in planck, as long as the contribution is
		/// stored: what its storage costs.
		type ContributionDeposit: Get<Balance>;

		/// The deposit for reserving a root, in planck.
		type ReservationDeposit: Get<Balance>;

		/// For how many blocks a reservation counts.
		type ReservationPeriod: Get<BlockNumberFor<Self>>;

		/// For how many blocks a contribution may be pending before it gives way to whoever submits its
		/// root anew. It is more than `ReservationPeriod`, so that what is submitted with a reservation
		/// is never late from the start.
		type PendingPeriod: Get<BlockNumberFor<Self>>;

		/// For how many blocks the bond of a stopped contribution stays.
		type BondLockPeriod: Get<BlockNumberFor<Self>>;

		/// How many blocks a curator has to confirm an accusation, and then a contributor to
		/// contest it.
		type ContestPeriod: Get<BlockNumberFor<Self>>;

		/// How many blocks governance has to decide about an accusation that was contested, or handed
		/// to it, before anybody can have it dropped.
		type VerdictPeriod: Get<BlockNumberFor<Self>>;

		/// What of a slashed bond goes to the accuser after a verdict of governance, or a proof. The
		/// rest goes to the protocol, and all of it without either.
		type ReporterShare: Get<Permill>;

		/// What of the accuser's deposit goes to the contributor if the accusation is dropped without
		/// the curator having confirmed it, and when governance is asked. So nobody can keep a
		/// contribution accused for nothing. It is less than `ReporterShare`, so that being right makes up
		/// for it.
		type DroppedShare: Get<Permill>;

		/// The most that a curator may take of what a datanet earns.
		type MaxCuratorShare: Get<Permill>;

		/// The most weight that a curator may give to one contribution. Whatever it is, the weights
		/// of a release add up to [`MAX_TOTAL_WEIGHT`] at most.
		type MaxWeight: Get<Weight>;

		/// What the calls cost to execute.
		type WeightInfo: WeightInfo;
	}

	/// Why this pallet holds OPEN.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// The deposit for a datanet.
		#[codec(index = 0)]
		Datanet,
		/// The bond for a contribution.
		#[codec(index = 1)]
		Contribution,
		/// The deposit for letting an account into a datanet.
		#[codec(index = 2)]
		Admission,
		/// The deposit for an accusation.
		#[codec(index = 3)]
		Accusation,
		/// The deposit for reserving a root.
		#[codec(index = 4)]
		Reservation,
	}
}
