//! What the pallet refuses: a section of the pallet's module.

use frame_support::pallet_macros::pallet_section;

/// The errors.
#[pallet_section]
mod errors {
	/// What went wrong.
	#[pallet::error]
	pub enum Error<T> {
		/// The operator has registered a node already; update it instead.
		#[codec(index = 0)]
		AlreadyRegistered,
		/// No inference node is registered under this account.
		#[codec(index = 1)]
		UnknownNode,
		/// The bond is below the least bond.
		#[codec(index = 2)]
		BondTooSmall,
		/// The endpoint must be an `http://` or `https://` URL.
		#[codec(index = 3)]
		InvalidEndpoint,
		/// A node has to serve at least one model.
		#[codec(index = 4)]
		NoModels,
		/// A model is listed twice.
		#[codec(index = 5)]
		DuplicateModel,
		/// No such model.
		#[codec(index = 6)]
		UnknownModel,
		/// The model's owner has paused or retired it.
		#[codec(index = 7)]
		ModelPaused,
		/// The deposit is below the least deposit.
		#[codec(index = 8)]
		DepositTooSmall,
		/// The session would expire too soon.
		#[codec(index = 9)]
		ExpiryTooSoon,
		/// The session would expire too late.
		#[codec(index = 10)]
		ExpiryTooLate,
		/// No such session, or it was closed.
		#[codec(index = 11)]
		UnknownSession,
		/// Only the session's node can settle.
		#[codec(index = 12)]
		NotSessionNode,
		/// Only the session's caller can do this.
		#[codec(index = 13)]
		NotSessionCaller,
		/// The voucher, or the statement, was signed for another chain.
		#[codec(index = 14)]
		WrongChain,
		/// The voucher authorises less than it acknowledges.
		#[codec(index = 15)]
		VoucherContradictsItself,
		/// The signature is neither the session signer's nor the caller's over this voucher; or it
		/// is not the node's over the agreement to close the session as it is now.
		#[codec(index = 16)]
		BadSignature,
		/// The voucher's sequence is not above the lane's last settled one: it was settled already,
		/// or a newer one was.
		#[codec(index = 17)]
		VoucherNotNewer,
		/// There are no records.
		#[codec(index = 18)]
		NoRecords,
		/// The lane's number is not below `MAX_LANES`.
		#[codec(index = 19)]
		NoSuchLane,
		/// Every record was rejected, for different reasons: there is nothing to pay, and nothing
		/// changed. If all were rejected for the same reason, that one is the error.
		#[codec(index = 20)]
		NothingSettled,
		/// The caller has asked to close the session already.
		#[codec(index = 21)]
		AlreadyClosing,
		/// The close notice, or the settlement window after expiry, has not passed yet.
		#[codec(index = 22)]
		NotYetClosable,
		/// There are no ids left.
		#[codec(index = 23)]
		IdsExhausted,
		/// A sum does not fit a balance.
		#[codec(index = 24)]
		Overflow,
		/// A node has to answer at least one call of a model at a time.
		#[codec(index = 25)]
		NoCapacity,
		/// The node takes no new sessions: its operator is leaving, or it was jailed.
		#[codec(index = 26)]
		NodeNotActive,
		/// The operator has not started to leave.
		#[codec(index = 27)]
		NotUnbonding,
		/// The bond cannot be released yet: the unbonding period has not passed, or a settlement
		/// can still be disputed.
		#[codec(index = 28)]
		BondLocked,
		/// Sessions with the node are open: close them first.
		#[codec(index = 29)]
		SessionsOpen,
		/// The node is not jailed.
		#[codec(index = 30)]
		NotJailed,
		/// The node's time in jail has not passed yet.
		#[codec(index = 31)]
		StillJailed,
		/// The node signs with this key already.
		#[codec(index = 32)]
		SameKey,
		/// The node's earlier keys are still kept for disputes, and there is no room for another.
		#[codec(index = 33)]
		TooManyRotations,
		/// Only a jailed node whose bond is below the least bond can be removed by others.
		#[codec(index = 34)]
		NotRemovable,
		/// The amount is zero.
		#[codec(index = 35)]
		ZeroAmount,
		/// The caller has asked to close the session.
		#[codec(index = 36)]
		SessionClosing,
		/// The session has expired; extend it first.
		#[codec(index = 37)]
		SessionExpired,
		/// The session lasts as long already.
		#[codec(index = 38)]
		NotAnExtension,
		/// The spending limit is that already.
		#[codec(index = 39)]
		SameLimit,
		/// An aggregate has to be of at least one call.
		#[codec(index = 40)]
		EmptyAggregate,
		// 41 and 42 were about the entries of an aggregate, which has none any more.
		/// The aggregate has more calls than sequences.
		#[codec(index = 43)]
		TooManyCalls,
		/// The record that goes with an aggregate is not of the voucher's own call.
		#[codec(index = 44)]
		NotTheOwnCall,
		/// The sequence is not above the lane's last settled one, or not above that of the record
		/// before it.
		#[codec(index = 45)]
		SequenceNotRising,
		/// A record's sequence is above the voucher's, or an aggregate's is not below it.
		#[codec(index = 46)]
		SequenceBeyondVoucher,
		/// The model has no such version.
		#[codec(index = 47)]
		UnknownVersion,
		/// The model has no such price version.
		#[codec(index = 48)]
		UnknownPrice,
		/// With these calls, the lane's earlier calls cost more than the caller acknowledged.
		#[codec(index = 49)]
		AboveAcknowledged,
		/// The voucher's own call costs more than the caller authorised for it.
		#[codec(index = 50)]
		AboveAuthorised,
		/// What is left of the session's deposit does not cover it.
		#[codec(index = 51)]
		DepositExhausted,
		/// The voucher's own call is for another request than the caller signed for.
		#[codec(index = 52)]
		RequestMismatch,
		/// A record is priced with another price version than the caller signed for.
		#[codec(index = 53)]
		PriceMismatch,
		/// A record is of another model than the caller signed for.
		#[codec(index = 54)]
		ModelMismatch,
		/// The version was replaced so long ago that its calls must have been settled by now.
		#[codec(index = 55)]
		VersionExpired,
		/// The price version was replaced so long ago that its calls must have been settled by now.
		#[codec(index = 56)]
		PriceExpired,
		/// The version or price version is not in force yet.
		#[codec(index = 57)]
		NotInForce,
		/// The model was retired, and the time to settle its calls is over.
		#[codec(index = 58)]
		ModelRetired,
		/// The calls cost more than the session's hot key may spend.
		#[codec(index = 59)]
		AboveSpendingLimit,
		/// There is no settlement of this session and lane with this last sequence, or the time to
		/// dispute it is over.
		#[codec(index = 60)]
		NotDisputable,
		/// The statement is of another call than the record, or than the other statement.
		#[codec(index = 61)]
		NotTheSameCall,
		/// The record, at this charge, is not one of those behind the settlement's root.
		#[codec(index = 62)]
		BadInclusionProof,
		/// The node does not sign with this key, and has not done so lately; or it did not yet when the
		/// record was settled.
		#[codec(index = 63)]
		UnknownReceiptKey,
		/// The signature is not that of the receipt key over the statement.
		#[codec(index = 64)]
		BadStatementSignature,
		/// Both say the same; or the record was not charged more than was stated.
		#[codec(index = 65)]
		NoContradiction,
		/// The record was charged more than was stated: report it with `report_overcharge`, so that
		/// the caller is refunded.
		#[codec(index = 66)]
		ReportAsOvercharge,
		/// This was reported before.
		#[codec(index = 67)]
		AlreadyDisputed,
		/// There is no room to note another dispute of this settlement; or the call is older than all
		/// those that are kept of what the node equivocated about.
		#[codec(index = 68)]
		TooManyDisputes,
		/// The time to settle the session's calls is over: it has expired, and anyone can close it.
		#[codec(index = 69)]
		SettlementOver,
		/// The overcharge was proven before, and what is still due to the caller cannot be paid now:
		/// nothing is left of the node's bond, or the caller's account cannot take it.
		#[codec(index = 70)]
		RefundUnavailable,
		/// A record is of another version of the model than the caller signed for.
		#[codec(index = 71)]
		VersionMismatch,
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
				RejectReason::VersionMismatch => Self::VersionMismatch,
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
