//! What the pallet stores. The crate's documentation says how large it gets, who pays for it and who
//! cleans it.

use frame_support::pallet_macros::pallet_section;

/// The storage of the pallet.
#[pallet_section]
mod storage {
	/// The id that the next datanet gets.
	#[pallet::storage]
	pub type NextDatanetId<T> = StorageValue<_, DatanetId, ValueQuery>;

	/// The id that the next contribution gets.
	#[pallet::storage]
	pub type NextContributionId<T> = StorageValue<_, ContributionId, ValueQuery>;

	/// All datanets.
	#[pallet::storage]
	pub type Datanets<T: Config> = StorageMap<_, Twox64Concat, DatanetId, DatanetOf<T>>;

	/// The datanet of each name.
	#[pallet::storage]
	pub type DatanetIdByName<T> = StorageMap<_, Blake2_128Concat, Name, DatanetId>;

	/// Who may contribute to a datanet that is not open, beside its curator.
	#[pallet::storage]
	pub type Admissions<T: Config> = StorageDoubleMap<
		_,
		Twox64Concat,
		DatanetId,
		Blake2_128Concat,
		T::AccountId,
		Admission<T::AccountId>,
	>;

	/// All contributions that were not rejected or withdrawn.
	#[pallet::storage]
	pub type Contributions<T: Config> =
		StorageMap<_, Twox64Concat, ContributionId, ContributionOf<T>>;

	/// Which contribution owns a Merkle root. One that lost its root to another has none.
	#[pallet::storage]
	pub type RootOwner<T> = StorageMap<_, Blake2_128Concat, Hash, ContributionId>;

	/// The contributions of each account, for queries. The second key is the contribution's id in
	/// big-endian bytes, not hashed, so that the entries of an account are stored in the order of
	/// their ids and a page of them can start anywhere.
	#[pallet::storage]
	pub type ContributionsOf<T: Config> =
		StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Identity, [u8; 8], ()>;

	/// The releases of each datanet.
	#[pallet::storage]
	pub type Releases<T> =
		StorageDoubleMap<_, Twox64Concat, DatanetId, Twox64Concat, ReleaseId, Release>;

	/// Up to which pool index, in planck per unit of weight, a contribution has claimed from a
	/// release.
	#[pallet::storage]
	pub type Claimed<T> = StorageDoubleMap<
		_,
		Twox64Concat,
		ContributionId,
		Twox64Concat,
		ReleaseId,
		Balance,
		ValueQuery,
	>;

	/// What calls have attributed to a contribution directly since it last claimed, in planck.
	#[pallet::storage]
	pub type DirectEarnings<T> = StorageMap<_, Twox64Concat, ContributionId, Balance, ValueQuery>;

	/// What datanets have earned their curators, in planck. It belongs to whoever was the curator
	/// when it was credited.
	#[pallet::storage]
	pub type CuratorEarnings<T: Config> =
		StorageMap<_, Blake2_128Concat, T::AccountId, Balance, ValueQuery>;

	/// The accusations that are not settled, one a contribution.
	#[pallet::storage]
	pub type Accusations<T: Config> = StorageMap<_, Twox64Concat, ContributionId, AccusationOf<T>>;

	/// Roots that are reserved, by what hides them: see [`Pallet::commitment`].
	#[pallet::storage]
	pub type Reservations<T: Config> = StorageMap<_, Blake2_128Concat, Hash, ReservationOf<T>>;

	/// What the pot owes, in planck: everything that was credited and has not been claimed,
	/// including what releases carry into their next payment.
	#[pallet::storage]
	pub type Accounted<T> = StorageValue<_, Balance, ValueQuery>;
}
