//! What the pallet needs, and why it holds funds: a section of the pallet's module.

use frame_support::pallet_macros::pallet_section;

/// The configuration.
#[pallet_section]
mod config {
	/// What the pallet needs from the runtime. Accounts and hashes are those of the signed
	/// messages, so they are not free to choose.
	///
	/// Amounts and periods may be governed parameters: what has been opened, announced or promised
	/// keeps the terms that it was promised with.
	#[pallet::config]
	pub trait Config: frame_system::Config<AccountId = AccountId, Hash = Hash> {
		/// OPEN.
		type Currency: Inspect<AccountId, Balance = Balance>
			+ Mutate<AccountId>
			+ InspectHold<AccountId, Reason = Self::RuntimeHoldReason>
			+ MutateHold<AccountId>;

		/// The runtime's reasons for holds.
		type RuntimeHoldReason: From<HoldReason>;

		/// The model registry.
		type Models: ModelInspect<AccountId>;

		/// Splits and pays what calls cost.
		type Revenue: RevenueDistributor<AccountId>;

		/// The least bond of an inference node, in planck.
		type MinBond: Get<Balance>;

		/// How long an operator waits for the bond after the node has stopped taking sessions, in
		/// blocks. Longer than [`Config::DisputeWindow`].
		type UnbondingPeriod: Get<BlockNumberFor<Self>>;

		/// The least deposit of a session, in planck.
		type MinDeposit: Get<Balance>;

		/// What is held for a session's place in storage, in planck.
		type SessionDeposit: Get<Balance>;

		/// The part of [`Config::SessionDeposit`] that goes to who closes a session that its parties
		/// have left behind.
		type CleanupReward: Get<Permill>;

		/// The shortest time that a session may be opened for, in blocks.
		type MinDuration: Get<BlockNumberFor<Self>>;

		/// The longest time that a session may be opened for, in blocks.
		type MaxDuration: Get<BlockNumberFor<Self>>;

		/// How long a node may settle after the caller has asked to close, and how long it is warned
		/// of a lower spending limit, in blocks.
		type CloseNotice: Get<BlockNumberFor<Self>>;

		/// How long a node may settle after a session has expired; then anyone can close it. In
		/// blocks.
		type SettlementWindow: Get<BlockNumberFor<Self>>;

		/// How long a settlement can be disputed, in blocks.
		type DisputeWindow: Get<BlockNumberFor<Self>>;

		/// The most that [`Config::DisputeWindow`] can ever be, whatever it is changed to, in blocks.
		type MaxDisputeWindow: Get<BlockNumberFor<Self>>;

		/// The part of its bond that a node loses for a contradiction, at the least. Not nothing.
		type DisputePenalty: Get<Permill>;

		/// The part of that least penalty that goes to who reported the contradiction; the rest of the
		/// penalty goes to the protocol. Not all of it, because an operator can report under another
		/// name.
		type DisputeReward: Get<Permill>;

		/// For how long a node that contradicted itself takes no sessions, in blocks.
		type JailPeriod: Get<BlockNumberFor<Self>>;

		/// The protocol's account. It should always exist.
		type ProtocolAccount: Get<AccountId>;

		/// Weights of the extrinsics.
		type WeightInfo: WeightInfo;

		/// The data that models are made from in benchmarks.
		#[cfg(feature = "runtime-benchmarks")]
		type BenchmarkData: openledger_primitives::traits::DataInspect;
	}

	/// Why the pallet holds funds.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// An operator's bond.
		#[codec(index = 0)]
		Bond,
		/// What is left of a session's deposit.
		#[codec(index = 1)]
		Session,
		/// A session's place in storage.
		#[codec(index = 2)]
		SessionStorage,
	}
}
