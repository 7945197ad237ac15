//! What the pallet tells of: a section of the pallet's module.

use frame_support::pallet_macros::pallet_section;

/// The events.
#[pallet_section]
mod events {
	/// What happened.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A node was registered.
		#[codec(index = 0)]
		NodeRegistered {
			/// Its operator.
			operator: AccountId,
			/// What is held as its bond, in planck.
			bond: Balance,
		},
		/// A node's endpoint or models were replaced.
		#[codec(index = 1)]
		NodeUpdated {
			/// Its operator.
			operator: AccountId,
		},
		/// A session was opened.
		#[codec(index = 2)]
		SessionOpened {
			/// Its id.
			session: SessionId,
			/// Who pays.
			caller: AccountId,
			/// Who is paid.
			node: AccountId,
			/// What is held, in planck.
			deposit: Balance,
			/// From which block on the node must not serve calls.
			expires_at: BlockNumberFor<T>,
		},
		/// A call was charged and its charge was split.
		#[codec(index = 3)]
		CallSettled {
			/// The session that paid.
			session: SessionId,
			/// Its lane.
			lane: LaneId,
			/// The call's sequence in the lane.
			sequence: Sequence,
			/// Who paid.
			caller: AccountId,
			/// The operator of the inference node that answered.
			node: AccountId,
			/// The owner of the model that answered.
			developer: AccountId,
			/// The model.
			model: ModelId,
			/// Its version.
			version: VersionId,
			/// The price schedule that was applied.
			price_version: PriceVersion,
			/// Tokens of the prompt.
			input_tokens: u32,
			/// Tokens of the answer.
			output_tokens: u32,
			/// What the call cost, in planck.
			charge: Balance,
			/// Salted hash of the request.
			request_hash: Hash,
			/// Salted hash of the answer.
			response_hash: Hash,
			/// How the charge was paid.
			payment: CallPayment,
		},
		/// A record had no effect.
		#[codec(index = 4)]
		RecordRejected {
			/// The session.
			session: SessionId,
			/// The lane.
			lane: LaneId,
			/// The record's sequence.
			sequence: Sequence,
			/// Why.
			reason: RejectReason,
		},
		/// A voucher was redeemed.
		#[codec(index = 5)]
		VoucherSettled {
			/// The session.
			session: SessionId,
			/// The lane.
			lane: LaneId,
			/// The sequence of the last record that counted.
			sequence: Sequence,
			/// How many records counted.
			accepted: u32,
			/// How many were rejected.
			rejected: u32,
			/// What they cost together, in planck.
			charged: Balance,
		},
		/// The caller has asked to close a session.
		#[codec(index = 6)]
		CloseRequested {
			/// The session.
			session: SessionId,
			/// The block from which anyone can close it.
			closes_at: BlockNumberFor<T>,
		},
		/// A session was closed.
		#[codec(index = 7)]
		SessionClosed {
			/// The session.
			session: SessionId,
			/// What went back to the caller, without the storage deposit, in planck.
			refunded: Balance,
		},
		/// A node signs with another key from now on.
		#[codec(index = 8)]
		ReceiptKeyRotated {
			/// Its operator.
			operator: AccountId,
			/// The new key, as an account.
			receipt_key: AccountId,
			/// The key before, as an account.
			previous: AccountId,
		},
		/// An operator has put up more.
		#[codec(index = 9)]
		BondIncreased {
			/// The operator.
			operator: AccountId,
			/// How much more, in planck.
			amount: Balance,
			/// What is held as the bond now, in planck.
			bond: Balance,
		},
		/// A node gave a sign of life.
		#[codec(index = 10)]
		Heartbeat {
			/// Its operator.
			operator: AccountId,
		},
		/// An operator is leaving: the node takes no new sessions.
		#[codec(index = 11)]
		UnbondingStarted {
			/// The operator.
			operator: AccountId,
			/// The block in which the bond can be withdrawn, at the soonest.
			at: BlockNumberFor<T>,
		},
		/// An operator stays.
		#[codec(index = 12)]
		UnbondingCancelled {
			/// The operator.
			operator: AccountId,
		},
		/// A node is gone.
		#[codec(index = 13)]
		NodeRemoved {
			/// Its operator.
			operator: AccountId,
			/// What of its bond was released, in planck.
			released: Balance,
		},
		/// A node that had been jailed takes sessions again.
		#[codec(index = 14)]
		NodeUnjailed {
			/// Its operator.
			operator: AccountId,
		},
		/// A caller has put more into a session.
		#[codec(index = 15)]
		SessionToppedUp {
			/// The session.
			session: SessionId,
			/// How much more, in planck.
			amount: Balance,
			/// What has been put in altogether, in planck.
			deposit: Balance,
		},
		/// A session lasts longer.
		#[codec(index = 16)]
		SessionExtended {
			/// The session.
			session: SessionId,
			/// From which block on the node must not serve calls.
			expires_at: BlockNumberFor<T>,
		},
		/// A session's spending limit was set.
		#[codec(index = 17)]
		SpendingLimitSet {
			/// The session.
			session: SessionId,
			/// The most that may be settled with vouchers of its hot key, in planck.
			limit: Balance,
			/// From which block on.
			from: BlockNumberFor<T>,
		},
		/// Somebody was paid for closing a session that its parties had left behind.
		#[codec(index = 18)]
		CleanupRewarded {
			/// The session.
			session: SessionId,
			/// Who closed it.
			account: AccountId,
			/// What they got of its storage deposit, in planck.
			amount: Balance,
		},
		/// Calls were charged together, by their sums, and their charge was split.
		#[codec(index = 19)]
		AggregateSettled {
			/// The session that paid.
			session: SessionId,
			/// Its lane.
			lane: LaneId,
			/// The first sequence that the aggregate is for.
			first_sequence: Sequence,
			/// The last one.
			last_sequence: Sequence,
			/// Who paid.
			caller: AccountId,
			/// The operator of the inference node that answered.
			node: AccountId,
			/// The owner of the model that answered.
			developer: AccountId,
			/// The model.
			model: ModelId,
			/// Its version.
			version: VersionId,
			/// The price schedule that was applied.
			price_version: PriceVersion,
			/// How many calls.
			calls: u32,
			/// Tokens of their prompts.
			input_tokens: u64,
			/// Tokens of their answers.
			output_tokens: u64,
			/// What they cost together, in planck.
			charge: Balance,
			/// The Merkle root over their records.
			root: Hash,
			/// How the charge was paid.
			payment: CallPayment,
		},
		/// A node has settled more for a call than it had stated. What left its bond is `refunded`,
		/// `reward` and `protocol` together.
		#[codec(index = 20)]
		OverchargeProven {
			/// Its operator.
			operator: AccountId,
			/// Who reported it.
			reporter: AccountId,
			/// Who had paid for the call.
			caller: AccountId,
			/// The session of the call.
			session: SessionId,
			/// Its lane.
			lane: LaneId,
			/// The call's sequence.
			sequence: Sequence,
			/// What the node had stated that it cost, in planck.
			stated: Balance,
			/// What was settled, in planck.
			settled: Balance,
			/// What the caller got back, in planck.
			refunded: Balance,
			/// What the reporter got of the penalty, in planck.
			reward: Balance,
			/// What the protocol got of the rest, in planck.
			protocol: Balance,
		},
		/// A node has settled something else than it had stated. What left its bond is `reward` and
		/// `protocol` together.
		#[codec(index = 21)]
		MisreportProven {
			/// Its operator.
			operator: AccountId,
			/// Who reported it.
			reporter: AccountId,
			/// The session of the call.
			session: SessionId,
			/// Its lane.
			lane: LaneId,
			/// The call's sequence.
			sequence: Sequence,
			/// What the reporter got of the penalty, in planck.
			reward: Balance,
			/// What the protocol got of the penalty, in planck.
			protocol: Balance,
		},
		/// A node has made two different statements of one call. What left its bond is `reward` and
		/// `protocol` together.
		#[codec(index = 22)]
		EquivocationProven {
			/// Its operator.
			operator: AccountId,
			/// Who reported it.
			reporter: AccountId,
			/// The session of the call.
			session: SessionId,
			/// Its lane.
			lane: LaneId,
			/// The call's sequence.
			sequence: Sequence,
			/// What the reporter got of the penalty, in planck.
			reward: Balance,
			/// What the protocol got of the penalty, in planck.
			protocol: Balance,
		},
		/// A node takes no sessions for a while.
		#[codec(index = 23)]
		NodeJailed {
			/// Its operator.
			operator: AccountId,
			/// The block in which it can come back, at the soonest.
			until: BlockNumberFor<T>,
			/// What is left of its bond, in planck.
			bond: Balance,
		},
		/// A node has paid what its bond had not covered of a refund, or a part of that, and the
		/// penalty that goes with it. What left its bond is `refunded` and `protocol` together.
		#[codec(index = 24)]
		RefundPaid {
			/// Its operator.
			operator: AccountId,
			/// Who reported the overcharge again.
			reporter: AccountId,
			/// Who had paid for the call.
			caller: AccountId,
			/// The session of the call.
			session: SessionId,
			/// Its lane.
			lane: LaneId,
			/// The call's sequence.
			sequence: Sequence,
			/// What the caller got back, in planck.
			refunded: Balance,
			/// What the protocol got, in planck.
			protocol: Balance,
		},
	}
}
