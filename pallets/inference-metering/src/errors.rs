//! What the pallet refuses: a section of the pallet's module.

use frame_support::pallet_macros::pallet_section;

/// The errors.
#[pallet_section]
mod errors {
	/// What went wrong.
	#[pallet::error]
	pub enum Error<T> {
		/// The operator has registered a node already; update it instead.
		AlreadyRegistered,
		/// No inference node is registered under this account.
		UnknownNode,
		/// The bond is below the least bond.
		BondTooSmall,
		/// The endpoint must be an `http://` or `https://` URL.
		InvalidEndpoint,
		/// A node has to serve at least one model.
		NoModels,
		/// A model is listed twice.
		DuplicateModel,
		/// No such model.
		UnknownModel,
		/// The model's owner has paused or retired it.
		ModelPaused,
		/// The deposit is below the least deposit.
		DepositTooSmall,
		/// The session would expire too soon.
		ExpiryTooSoon,
		/// The session would expire too late.
		ExpiryTooLate,
		/// No such session, or it was closed.
		UnknownSession,
		/// Only the session's node can settle.
		NotSessionNode,
		/// Only the session's caller can do this.
		NotSessionCaller,
		/// The voucher, or the statement, was signed for another chain.
		WrongChain,
		/// The voucher authorises less than it acknowledges.
		VoucherContradictsItself,
		/// The signature is neither the session signer's nor the caller's over this voucher; or it
		/// is not the node's over the agreement to close the session as it is now.
		BadSignature,
		/// The voucher's sequence is not above the lane's last settled one: it was settled already,
		/// or a newer one was.
		VoucherNotNewer,
		/// There are no records.
		NoRecords,
		/// The lane's number is not below `MAX_LANES`.
		NoSuchLane,
		/// Every record was rejected, for different reasons: there is nothing to pay, and nothing
		/// changed. If all were rejected for the same reason, that one is the error.
		NothingSettled,
		/// The caller has asked to close the session already.
		AlreadyClosing,
		/// The close notice, or the settlement window after expiry, has not passed yet.
		NotYetClosable,
		/// There are no ids left.
		IdsExhausted,
		/// A sum does not fit a balance.
		Overflow,
		/// A node has to answer at least one call of a model at a time.
		NoCapacity,
		/// The node takes no new sessions: its operator is leaving, or it was jailed.
		NodeNotActive,
		/// The operator has not started to leave.
		NotUnbonding,
		/// The bond cannot be released yet: the unbonding period has not passed, or a settlement
		/// can still be disputed.
		BondLocked,
		/// Sessions with the node are open: close them first.
		SessionsOpen,
		/// The node is not jailed.
		NotJailed,
		/// The node's time in jail has not passed yet.
		StillJailed,
		/// The node signs with this key already.
		SameKey,
		/// The node's earlier keys are still kept for disputes, and there is no room for another.
		TooManyRotations,
		/// Only a jailed node whose bond is below the least bond can be removed by others.
		NotRemovable,
		/// The amount is zero.
		ZeroAmount,
		/// The caller has asked to close the session.
		SessionClosing,
		/// The session has expired; extend it first.
		SessionExpired,
		/// The session lasts as long already.
		NotAnExtension,
		/// The spending limit is that already.
		SameLimit,
		/// An aggregate has to have entries.
		EmptyAggregate,
		/// An entry of the aggregate is for no calls.
		EntryWithoutCalls,
		/// Two entries of the aggregate are of the same version at the same price.
		DuplicateEntry,
		/// The aggregate has more calls than sequences.
		TooManyCalls,
		/// The record that goes with an aggregate is not of the voucher's own call.
		NotTheOwnCall,
		/// The sequence is not above the lane's last settled one, or not above that of the record
		/// before it.
		SequenceNotRising,
		/// A record's sequence is above the voucher's, or an aggregate's is not below it.
		SequenceBeyondVoucher,
		/// The model has no such version.
		UnknownVersion,
		/// The model has no such price version.
		UnknownPrice,
		/// With these calls, the lane's earlier calls cost more than the caller acknowledged.
		AboveAcknowledged,
		/// The voucher's own call costs more than the caller authorised for it.
		AboveAuthorised,
		/// What is left of the session's deposit does not cover it.
		DepositExhausted,
		/// The voucher's own call is for another request than the caller signed for.
		RequestMismatch,
		/// The voucher's own call is priced with another price version than the caller signed for, or
		/// an earlier one with a version that came later.
		PriceMismatch,
		/// A record is of another model than the caller signed for.
		ModelMismatch,
		/// The version was replaced so long ago that its calls must have been settled by now.
		VersionExpired,
		/// The price version was replaced so long ago that its calls must have been settled by now.
		PriceExpired,
		/// The version or price version is not in force yet.
		NotInForce,
		/// The model was retired, and the time to settle its calls is over.
		ModelRetired,
		/// The calls cost more than the session's hot key may spend.
		AboveSpendingLimit,
		/// There is no settlement of this session and lane with this last sequence, or the time to
		/// dispute it is over.
		NotDisputable,
		/// The statement is of another call than the record, or than the other statement.
		NotTheSameCall,
		/// The record, at this charge, is not one of those behind the settlement's root.
		BadInclusionProof,
		/// The node does not sign with this key, and has not done so lately; or it did not yet when the
		/// record was settled.
		UnknownReceiptKey,
		/// The signature is not that of the receipt key over the statement.
		BadStatementSignature,
		/// Both say the same; or the record was not charged more than was stated.
		NoContradiction,
		/// The record was charged more than was stated: report it with `report_overcharge`, so that
		/// the caller is refunded.
		ReportAsOvercharge,
		/// This was reported before.
		AlreadyDisputed,
		/// There is no room to note another dispute of this settlement; or the call is older than all
		/// those that are kept of what the node equivocated about.
		TooManyDisputes,
		/// The time to settle the session's calls is over: it has expired, and anyone can close it.
		SettlementOver,
		/// The overcharge was proven before, and what is still due to the caller cannot be paid now:
		/// nothing is left of the node's bond, or the caller's account cannot take it.
		RefundUnavailable,
	}

	impl<T> From<RejectReason> for Error<T> {
		fn from(reason: RejectReason) -> Self {
			match reason {
				RejectReason::SequenceNotRising => Self::SequenceNotRising,
				RejectReason::SequenceBeyondVoucher => Self::SequenceBeyondVoucher,
				RejectReason::UnknownModel => Self::UnknownModel,
				RejectReason::UnknownVersion => Self::UnknownVersion,
				RejectReason::UnknownPrice => Self::UnknownPrice,
				RejectReason::ChargeOverflow => Self::Overflow,
				RejectReason::AboveAcknowledged => Self::AboveAcknowledged,
				RejectReason::AboveAuthorised => Self::AboveAuthorised,
				RejectReason::DepositExhausted => Self::DepositExhausted,
				RejectReason::RequestMismatch => Self::RequestMismatch,
				RejectReason::PriceMismatch => Self::PriceMismatch,
				RejectReason::ModelMismatch => Self::ModelMismatch,
				RejectReason::VersionExpired => Self::VersionExpired,
				RejectReason::PriceExpired => Self::PriceExpired,
				RejectReason::NotInForce => Self::NotInForce,
				RejectReason::ModelRetired => Self::ModelRetired,
				RejectReason::AboveSpendingLimit => Self::AboveSpendingLimit,
				// No rule here gives this reason: the caller's signature over the model is the
				// consent that counts.
				RejectReason::ModelNotServed => Self::NothingSettled,
			}
		}
	}
}
