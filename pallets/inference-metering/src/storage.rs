//! What the pallet stores: a section of the pallet's module.

use frame_support::pallet_macros::pallet_section;

/// The storage.
#[pallet_section]
mod storage {
	/// Inference nodes by their operator.
	#[pallet::storage]
	pub type Nodes<T: Config> = StorageMap<_, Blake2_128Concat, AccountId, NodeOf<T>>;

	/// The receipt keys that nodes have replaced, and that may have signed what can still be
	/// disputed.
	#[pallet::storage]
	pub type PreviousKeys<T: Config> =
		StorageMap<_, Blake2_128Concat, AccountId, KeyHistoryOf<T>, ValueQuery>;

	/// Which operators of active nodes serve a model.
	#[pallet::storage]
	pub type ServedBy<T: Config> =
		StorageDoubleMap<_, Twox64Concat, ModelId, Blake2_128Concat, AccountId, ()>;

	/// The id of the next session.
	#[pallet::storage]
	pub type NextSessionId<T: Config> = StorageValue<_, SessionId, ValueQuery>;

	/// Open sessions.
	#[pallet::storage]
	pub type Sessions<T: Config> = StorageMap<_, Twox64Concat, SessionId, SessionOf<T>>;

	/// The lanes of open sessions that have settled records.
	#[pallet::storage]
	pub type Lanes<T: Config> =
		StorageDoubleMap<_, Twox64Concat, SessionId, Twox64Concat, LaneId, Lane, ValueQuery>;

	/// What settlements came to, by session, lane and the sequence of the last record.
	#[pallet::storage]
	pub type Roots<T: Config> = StorageNMap<
		_,
		(
			NMapKey<Twox64Concat, SessionId>,
			NMapKey<Twox64Concat, LaneId>,
			NMapKey<Twox64Concat, Sequence>,
		),
		SettledRootOf<T>,
	>;

	/// The roots in the order in which they came, and will be removed.
	#[pallet::storage]
	pub type RootQueue<T: Config> = StorageMap<_, Twox64Concat, u64, QueuedRoot<BlockNumberFor<T>>>;

	/// The places in the queue that are taken.
	#[pallet::storage]
	pub type RootQueueEnds<T: Config> = StorageValue<_, QueueEnds, ValueQuery>;

	/// What was proven of the records of settlements that can still be disputed, by the key of their
	/// root.
	#[pallet::storage]
	pub type Disputed<T: Config> =
		StorageMap<_, Twox64Concat, RootKey, DisputedRecords, ValueQuery>;

	/// The calls that nodes made two statements of.
	#[pallet::storage]
	pub type Equivocations<T: Config> =
		StorageMap<_, Blake2_128Concat, AccountId, EquivocatedCalls, ValueQuery>;
}
