//! What can be called: a section of the pallet's module.

use frame_support::pallet_macros::pallet_section;

/// The extrinsics.
#[pallet_section]
mod calls {
	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Registers the caller as the operator of an inference node.
		///
		/// `endpoint` is the base URL of its HTTP API, `receipt_key` the account of the key that
		/// signs its statements. `bond` planck are held from the operator.
		///
		/// # Errors
		/// `AlreadyRegistered`, `BondTooSmall`, `InvalidEndpoint`, `NoModels`, `NoCapacity`,
		/// `DuplicateModel`, `UnknownModel`, `ModelPaused`; a token error if the operator cannot put
		/// up the bond.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::register_node(count(models.len())))]
		pub fn register_node(
			origin: OriginFor<T>,
			endpoint: Uri,
			receipt_key: AccountId,
			bond: Balance,
			models: ServedModels,
		) -> DispatchResult {
			let operator = ensure_signed(origin)?;
			Self::do_register_node(operator, endpoint, receipt_key, bond, models)
		}

		/// Replaces a node's endpoint and models.
		///
		/// What it has served of other models before can still be settled.
		///
		/// # Errors
		/// `UnknownNode`, `InvalidEndpoint`, `NoModels`, `NoCapacity`, `DuplicateModel`,
		/// `UnknownModel`, `ModelPaused` (for models that were not served before).
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::update_node(count(models.len()), MAX_SERVED))]
		pub fn update_node(
			origin: OriginFor<T>,
			endpoint: Uri,
			models: ServedModels,
		) -> DispatchResultWithPostInfo {
			let operator = ensure_signed(origin)?;
			let now = count(models.len());
			let before = Self::do_update_node(operator, endpoint, models)?;
			Ok(Some(T::WeightInfo::update_node(now, before)).into())
		}

		/// Opens a session with the inference node of operator `node`, without a spending limit.
		///
		/// `deposit` planck are held from the caller; only this node can be paid out of them, and
		/// only for calls whose vouchers `signer` or the caller has signed. From block `expires_at`
		/// on the node must not serve calls. [`Config::SessionDeposit`] is held as well until the
		/// session is closed.
		///
		/// # Errors
		/// `UnknownNode`, `NodeNotActive`, `DepositTooSmall`, `ExpiryTooSoon`, `ExpiryTooLate`,
		/// `IdsExhausted`; a token error if the caller does not have the deposits.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::open_session())]
		pub fn open_session(
			origin: OriginFor<T>,
			node: AccountId,
			deposit: Balance,
			signer: AccountId,
			expires_at: BlockNumberFor<T>,
		) -> DispatchResult {
			let caller = ensure_signed(origin)?;
			Self::do_open_session(caller, node, deposit, signer, Balance::MAX, expires_at)
		}

		/// Redeems a voucher for the calls that it pays for.
		///
		/// All records have to be of the model, the version and the price version that the voucher
		/// names. Each is priced, split and recorded by itself. One that breaks a rule is rejected
		/// alone: see [`RejectReason`](openledger_primitives::record::RejectReason).
		///
		/// # Errors
		/// `NoRecords`, `UnknownSession`, `NotSessionNode`, `SettlementOver`, `WrongChain`,
		/// `VoucherContradictsItself`, `NoSuchLane`, `VoucherNotNewer`, `BadSignature`; those of the
		/// terms that the voucher names: `UnknownModel`, `UnknownVersion`, `UnknownPrice`,
		/// `NotInForce`, `VersionExpired`, `PriceExpired`, `ModelRetired`. If no record counted, the
		/// reason that all of them have in common, or else `NothingSettled`.
		#[pallet::call_index(3)]
		#[pallet::weight(Load::of(records).weight::<T::WeightInfo>())]
		pub fn settle(
			origin: OriginFor<T>,
			voucher: Voucher,
			signature: Signature,
			records: CallRecords,
		) -> DispatchResultWithPostInfo {
			let operator = ensure_signed(origin)?;
			let load = Self::do_settle(&operator, voucher, &signature, records)?;
			Ok(Some(load.weight::<T::WeightInfo>()).into())
		}

		/// Asks to close a session. The node has [`Config::CloseNotice`] blocks left to settle;
		/// from then on anyone can close it.
		///
		/// # Errors
		/// `UnknownSession`, `NotSessionCaller`, `AlreadyClosing`.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::request_close())]
		pub fn request_close(origin: OriginFor<T>, session: SessionId) -> DispatchResult {
			Self::do_request_close(ensure_signed(origin)?, session)
		}

		/// Closes a session and gives what is left of its deposit back to the caller.
		///
		/// The node may do so at any time, and gives up what it has not settled. Anyone else may
		/// once the caller's notice has passed, or [`Config::SettlementWindow`] blocks after the
		/// session has expired. In the latter case, who is neither its caller nor its node gets
		/// [`Config::CleanupReward`] of the storage deposit; the rest of that goes back as well.
		///
		/// # Errors
		/// `UnknownSession`, `NotYetClosable`.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::close_session(MAX_LANES.into()))]
		pub fn close_session(
			origin: OriginFor<T>,
			session: SessionId,
		) -> DispatchResultWithPostInfo {
			let lanes = Self::do_close_session(ensure_signed(origin)?, session)?;
			Ok(Some(T::WeightInfo::close_session(lanes.into())).into())
		}

		/// Replaces the key that signs a node's statements.
		///
		/// The key before it is kept for as long as a call that it answered can be settled and
		/// disputed.
		///
		/// # Errors
		/// `UnknownNode`, `SameKey`, `TooManyRotations`.
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::rotate_receipt_key())]
		pub fn rotate_receipt_key(origin: OriginFor<T>, receipt_key: AccountId) -> DispatchResult {
			Self::do_rotate_receipt_key(ensure_signed(origin)?, receipt_key)
		}

		/// Puts `amount` planck more into a node's bond.
		///
		/// # Errors
		/// `ZeroAmount`, `UnknownNode`, `Overflow`; a token error if the operator does not have it.
		#[pallet::call_index(7)]
		#[pallet::weight(T::WeightInfo::bond_more())]
		pub fn bond_more(origin: OriginFor<T>, amount: Balance) -> DispatchResult {
			Self::do_bond_more(ensure_signed(origin)?, amount)
		}

		/// Says that a node is alive.
		///
		/// # Errors
		/// `UnknownNode`.
		#[pallet::call_index(8)]
		#[pallet::weight(T::WeightInfo::heartbeat())]
		pub fn heartbeat(origin: OriginFor<T>) -> DispatchResult {
			Self::do_heartbeat(ensure_signed(origin)?)
		}

		/// Starts to leave: the node takes no new sessions, and can still settle those it has.
		/// [`Config::UnbondingPeriod`] blocks later the bond can be withdrawn.
		///
		/// # Errors
		/// `UnknownNode`, `NodeNotActive`.
		#[pallet::call_index(9)]
		#[pallet::weight(T::WeightInfo::start_unbonding(MAX_SERVED))]
		pub fn start_unbonding(origin: OriginFor<T>) -> DispatchResultWithPostInfo {
			let models = Self::do_start_unbonding(ensure_signed(origin)?)?;
			Ok(Some(T::WeightInfo::start_unbonding(models)).into())
		}

		/// Stays after all: the node takes sessions again.
		///
		/// # Errors
		/// `UnknownNode`, `NotUnbonding`; `BondTooSmall` if the least bond has risen above this one.
		#[pallet::call_index(10)]
		#[pallet::weight(T::WeightInfo::cancel_unbonding(MAX_SERVED))]
		pub fn cancel_unbonding(origin: OriginFor<T>) -> DispatchResultWithPostInfo {
			let models = Self::do_cancel_unbonding(ensure_signed(origin)?)?;
			Ok(Some(T::WeightInfo::cancel_unbonding(models)).into())
		}

		/// Takes the bond back, at the end of the unbonding period. The node is removed.
		///
		/// # Errors
		/// `UnknownNode`, `NotUnbonding`, `SessionsOpen`; `BondLocked` before the end of the
		/// unbonding period, or while a settlement can be disputed.
		#[pallet::call_index(11)]
		#[pallet::weight(T::WeightInfo::withdraw_bond())]
		pub fn withdraw_bond(origin: OriginFor<T>) -> DispatchResult {
			Self::do_withdraw_bond(ensure_signed(origin)?)
		}

		/// Comes back after the time in jail, with a bond that is large enough.
		///
		/// # Errors
		/// `UnknownNode`, `NotJailed`, `StillJailed`, `BondTooSmall`.
		#[pallet::call_index(12)]
		#[pallet::weight(T::WeightInfo::unjail(MAX_SERVED))]
		pub fn unjail(origin: OriginFor<T>) -> DispatchResultWithPostInfo {
			let models = Self::do_unjail(ensure_signed(origin)?)?;
			Ok(Some(T::WeightInfo::unjail(models)).into())
		}

		/// Removes the jailed node of `operator`, who has not brought the bond back up to the least
		/// bond within [`Config::UnbondingPeriod`] blocks after the time in jail. What is left of
		/// the bond goes back to the operator. Anyone may do this, the operator too.
		///
		/// # Errors
		/// `UnknownNode`, `NotJailed`, `NotRemovable`, `SessionsOpen`, `BondLocked`.
		#[pallet::call_index(13)]
		#[pallet::weight(T::WeightInfo::remove_node())]
		pub fn remove_node(origin: OriginFor<T>, operator: AccountId) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_remove_node(operator)
		}

		/// Opens a session as [`open_session`](Pallet::open_session) does. No more than
		/// `spending_limit` planck can be settled with vouchers that `signer` has signed, unless
		/// that is the caller's own key.
		///
		/// # Errors
		/// As [`open_session`](Pallet::open_session).
		#[pallet::call_index(14)]
		#[pallet::weight(T::WeightInfo::open_session_with_limit())]
		pub fn open_session_with_limit(
			origin: OriginFor<T>,
			node: AccountId,
			deposit: Balance,
			signer: AccountId,
			spending_limit: Balance,
			expires_at: BlockNumberFor<T>,
		) -> DispatchResult {
			let caller = ensure_signed(origin)?;
			Self::do_open_session(caller, node, deposit, signer, spending_limit, expires_at)
		}

		/// Puts `amount` planck more into a session.
		///
		/// # Errors
		/// `ZeroAmount`, `UnknownSession`, `NotSessionCaller`, `SessionClosing`, `SessionExpired`,
		/// `Overflow`; a token error if the caller does not have it.
		#[pallet::call_index(15)]
		#[pallet::weight(T::WeightInfo::top_up())]
		pub fn top_up(origin: OriginFor<T>, session: SessionId, amount: Balance) -> DispatchResult {
			Self::do_top_up(ensure_signed(origin)?, session, amount)
		}

		/// Lets a session, even one that has expired, last until block `expires_at`. The time to settle
		/// it is then counted from there.
		///
		/// # Errors
		/// `UnknownSession`, `NotSessionCaller`, `SessionClosing`, `NotAnExtension`,
		/// `ExpiryTooSoon`, `ExpiryTooLate`, `NodeNotActive`.
		#[pallet::call_index(16)]
		#[pallet::weight(T::WeightInfo::extend_session())]
		pub fn extend_session(
			origin: OriginFor<T>,
			session: SessionId,
			expires_at: BlockNumberFor<T>,
		) -> DispatchResult {
			Self::do_extend_session(ensure_signed(origin)?, session, expires_at)
		}

		/// Sets how much in all, in planck, can be settled with vouchers of a session's hot key. At
		/// once if that is more than now, else after [`Config::CloseNotice`] blocks. Replaces a
		/// lower limit that was announced before.
		///
		/// # Errors
		/// `UnknownSession`, `NotSessionCaller`, `SameLimit`.
		#[pallet::call_index(17)]
		#[pallet::weight(T::WeightInfo::set_spending_limit())]
		pub fn set_spending_limit(
			origin: OriginFor<T>,
			session: SessionId,
			limit: Balance,
		) -> DispatchResult {
			Self::do_set_spending_limit(ensure_signed(origin)?, session, limit)
		}

		/// Closes a session at once, as its caller, with the node's consent: `signature` is that of
		/// its receipt key over the
		/// [`CloseAgreement`](openledger_primitives::closing::CloseAgreement) for what has been
		/// settled by now.
		///
		/// # Errors
		/// `UnknownSession`, `NotSessionCaller`, `BadSignature`.
		#[pallet::call_index(18)]
		#[pallet::weight(T::WeightInfo::close_with_agreement(MAX_LANES.into()))]
		pub fn close_with_agreement(
			origin: OriginFor<T>,
			session: SessionId,
			signature: Signature,
		) -> DispatchResultWithPostInfo {
			let caller = ensure_signed(origin)?;
			let lanes = Self::do_close_with_agreement(caller, session, signature)?;
			Ok(Some(T::WeightInfo::close_with_agreement(lanes.into())).into())
		}

		/// Redeems a voucher for the sums of the calls before its own, and for its own if the record
		/// of that comes along as `last`. All of them are of the model, the version and the price
		/// version that the voucher names. The sums count whole or not at all; `last` may be rejected
		/// alone.
		///
		/// # Errors
		/// `NotTheOwnCall`, `EmptyAggregate`, `UnknownSession`, `NotSessionNode`, `SettlementOver`,
		/// `WrongChain`, `VoucherContradictsItself`, `NoSuchLane`, `VoucherNotNewer`, `BadSignature`;
		/// those of the terms that the voucher names: `UnknownModel`, `UnknownVersion`,
		/// `UnknownPrice`, `NotInForce`, `VersionExpired`, `PriceExpired`, `ModelRetired`; and
		/// `SequenceNotRising`, `SequenceBeyondVoucher`, `TooManyCalls`, `AboveAcknowledged`,
		/// `DepositExhausted`, `AboveSpendingLimit`, `Overflow`.
		#[pallet::call_index(19)]
		#[pallet::weight(AggregateLoad::of(aggregate, last.as_ref()).weight::<T::WeightInfo>())]
		pub fn settle_aggregate(
			origin: OriginFor<T>,
			voucher: Voucher,
			signature: Signature,
			aggregate: Aggregate,
			last: Option<CallRecord>,
		) -> DispatchResultWithPostInfo {
			let operator = ensure_signed(origin)?;
			let load = Self::do_settle_aggregate(&operator, voucher, &signature, aggregate, last)?;
			Ok(Some(load.weight::<T::WeightInfo>()).into())
		}

		/// Reports that a node has settled more for a call than it had stated. The caller gets the
		/// difference back, and the node is punished: see
		/// [`disputes`](crate::disputes).
		///
		/// `statement` is the node's, `signature` that of `receipt_key`, a key that the node signs
		/// with or was signing with earlier. `record` is the settled record of the same call, `charge`
		/// what it was charged in planck, `last_sequence` the last sequence of its settlement, and
		/// `proof` its [proof of inclusion](openledger_primitives::merkle::prove). Anyone may report;
		/// a report that holds costs no fee, unless the node's bond had next to nothing left.
		///
		/// If the bond did not cover the refund, the same can be reported again once it does.
		///
		/// # Errors
		/// `NotDisputable`, `NotTheSameCall`, `BadInclusionProof`, `UnknownNode`, `WrongChain`,
		/// `UnknownReceiptKey`, `BadStatementSignature`, `NoContradiction`, `AlreadyDisputed`,
		/// `RefundUnavailable`, `TooManyDisputes`.
		#[pallet::call_index(20)]
		#[pallet::weight(T::WeightInfo::report_overcharge(count(proof.path.len()), MAX_SERVED))]
		pub fn report_overcharge(
			origin: OriginFor<T>,
			statement: Box<Statement>,
			signature: Signature,
			receipt_key: AccountId,
			last_sequence: Sequence,
			record: Box<CallRecord>,
			charge: Balance,
			proof: InclusionProof,
		) -> DispatchResultWithPostInfo {
			let reporter = ensure_signed(origin)?;
			let stated =
				Stated { statement: &statement, signature: &signature, receipt_key: &receipt_key };
			let settled = Settled { last_sequence, record: &record, charge, proof: &proof };
			let punished = Self::do_report_overcharge(reporter, stated, settled)?;
			let length = count(proof.path.len());
			let weight = T::WeightInfo::report_overcharge(length, punished.unlisted);
			Ok(held::<T>(weight, &punished))
		}

		/// Reports that a node has settled something else than it had stated, at no higher price: other
		/// tokens, another version, another attribution, or another answer. The arguments are those of
		/// [`report_overcharge`](Pallet::report_overcharge).
		///
		/// # Errors
		/// Those of [`report_overcharge`](Pallet::report_overcharge) but `RefundUnavailable`, and
		/// `ReportAsOvercharge`.
		#[pallet::call_index(21)]
		#[pallet::weight(T::WeightInfo::report_misreport(count(proof.path.len()), MAX_SERVED))]
		pub fn report_misreport(
			origin: OriginFor<T>,
			statement: Box<Statement>,
			signature: Signature,
			receipt_key: AccountId,
			last_sequence: Sequence,
			record: Box<CallRecord>,
			charge: Balance,
			proof: InclusionProof,
		) -> DispatchResultWithPostInfo {
			let reporter = ensure_signed(origin)?;
			let stated =
				Stated { statement: &statement, signature: &signature, receipt_key: &receipt_key };
			let settled = Settled { last_sequence, record: &record, charge, proof: &proof };
			let punished = Self::do_report_misreport(reporter, stated, settled)?;
			let length = count(proof.path.len());
			let weight = T::WeightInfo::report_misreport(length, punished.unlisted);
			Ok(held::<T>(weight, &punished))
		}

		/// Reports that the node of `operator` has made two different statements of one call, whether
		/// that was settled or not. Each comes with its signature and with the receipt key that signed
		/// it, which need not be the same.
		///
		/// # Errors
		/// `NotTheSameCall`, `NoContradiction`, `UnknownNode`, `WrongChain`, `UnknownReceiptKey`,
		/// `BadStatementSignature`, `AlreadyDisputed`, `TooManyDisputes`.
		#[pallet::call_index(22)]
		#[pallet::weight(T::WeightInfo::report_equivocation(MAX_SERVED))]
		pub fn report_equivocation(
			origin: OriginFor<T>,
			operator: AccountId,
			first: Box<Statement>,
			first_signature: Signature,
			first_key: AccountId,
			second: Box<Statement>,
			second_signature: Signature,
			second_key: AccountId,
		) -> DispatchResultWithPostInfo {
			let reporter = ensure_signed(origin)?;
			let first =
				Stated { statement: &first, signature: &first_signature, receipt_key: &first_key };
			let second = Stated {
				statement: &second,
				signature: &second_signature,
				receipt_key: &second_key,
			};
			let punished = Self::do_report_equivocation(reporter, operator, first, second)?;
			let weight = T::WeightInfo::report_equivocation(punished.unlisted);
			Ok(held::<T>(weight, &punished))
		}
	}

	/// What a report that holds weighed, and whether it costs a fee.
	fn held<T: Config>(weight: Weight, punished: &Punished) -> PostDispatchInfo {
		PostDispatchInfo { actual_weight: Some(weight), pays_fee: punished.fee::<T>() }
	}
}
