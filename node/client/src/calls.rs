//! The extrinsics of OpenLedger, typed.
//!
//! Which number a pallet or a call has is looked up by its name in the live runtime's metadata, so
//! that a renumbered runtime is still called rightly. The names of the arguments and the shape of
//! their encoding are compared with the metadata too, so that a changed runtime gives a clear error
//! instead of a transaction that means something else.

mod encode;
mod types;

pub use self::types::{Accusation, ProxyKind, ServedModels, Submission, Submissions};

use codec::Encode;
use openledger_primitives::{
	aggregate::Aggregate,
	attribution::{Attribution, DataSources},
	policy::RevenuePolicy,
	price::PriceSchedule,
	record::{CallRecord, CallRecords},
	voucher::Voucher,
	AccountId, Balance, BlockNumber, ContributionId, DatanetId, Hash, ModelId, Name, ReleaseId,
	RequestId, SessionId, Signature, Uri, VersionId, Weight, MAX_CLAIM, MAX_REQUEST_INPUT,
	MAX_REQUEST_OUTPUT,
};
use sp_core::ConstU32;
use sp_runtime::{BoundedVec, Permill};

/// Pallet, call and argument names.
type Names = (&'static str, &'static str, &'static [&'static str]);

/// Makes [`Call`] from a table of extrinsics. A field has the name of the extrinsic's argument, and
/// fields come in the extrinsic's order.
macro_rules! calls {
	(
		plain { $(
			$(#[$doc:meta])*
			$plain:ident = $plain_pallet:ident.$plain_call:ident {
				$($field:ident: $type:ty),* $(,)?
			}
		)* }
		special { $(
			$(#[$special_doc:meta])*
			$special:ident = $special_pallet:ident.$special_call:ident {
				$($special_field:ident: $special_type:ty),* $(,)?
			}
		)* }
	) => {
		/// An extrinsic. Amounts are in planck.
		#[derive(Clone, Debug, PartialEq, Eq)]
		#[non_exhaustive]
		#[allow(missing_docs)] // Arguments are named and documented as in the pallets' extrinsics.
		pub enum Call {
			$($(#[$doc])* $plain { $($field: $type),* },)*
			$($(#[$special_doc])* $special { $($special_field: $special_type),* },)*
		}

		impl Call {
			fn names(&self) -> Names {
				match self {
					$(Self::$plain { .. } => (
						stringify!($plain_pallet),
						stringify!($plain_call),
						&[$(stringify!($field)),*],
					),)*
					$(Self::$special { .. } => (
						stringify!($special_pallet),
						stringify!($special_call),
						&[$(stringify!($special_field)),*],
					),)*
				}
			}

			/// The arguments, one after the other. None for a call whose arguments are encoded in
			/// their own way.
			fn encode_plain(&self) -> Vec<u8> {
				match self {
					$(Self::$plain { $($field),* } => {
						#[allow(unused_mut)]
						let mut encoded = Vec::new();
						$($field.encode_to(&mut encoded);)*
						encoded
					})*
					$(Self::$special { .. } => Vec::new(),)*
				}
			}
		}
	};
}

calls! {
	plain {
		/// Registers a model. The signer is its developer.
		RegisterModel = ModelRegistry.register_model {
			name: Name,
			uri: Uri,
			weights_hash: Hash,
			tokenizer_hash: Hash,
			price: PriceSchedule,
			policy: RevenuePolicy,
			sources: DataSources,
		}
		/// Registers a model that descends from another, whose owner gets the royalty.
		RegisterDerivedModel = ModelRegistry.register_derived_model {
			name: Name,
			uri: Uri,
			weights_hash: Hash,
			tokenizer_hash: Hash,
			price: PriceSchedule,
			policy: RevenuePolicy,
			sources: DataSources,
			parent: ModelId,
			royalty: Permill,
		}
		/// Publishes a version of a model: in force at once, or after notice if its data changes.
		PublishVersion = ModelRegistry.publish_version {
			model: ModelId,
			uri: Uri,
			weights_hash: Hash,
			tokenizer_hash: Hash,
			sources: DataSources,
		}
		/// Takes an announced version back.
		CancelVersion = ModelRegistry.cancel_version { model: ModelId }
		/// Changes a model's price: a cut at once, a rise after notice.
		SetPrice = ModelRegistry.set_price { model: ModelId, price: PriceSchedule }
		/// Takes an announced price back.
		CancelPrice = ModelRegistry.cancel_price { model: ModelId }
		/// Changes how a model's income is shared, after notice.
		SetPolicy = ModelRegistry.set_policy { model: ModelId, policy: RevenuePolicy }
		/// Takes an announced policy back.
		CancelPolicy = ModelRegistry.cancel_policy { model: ModelId }
		/// Stops new calls of a model.
		PauseModel = ModelRegistry.pause_model { model: ModelId }
		/// Lets a paused model be called again.
		ResumeModel = ModelRegistry.resume_model { model: ModelId }
		/// Ends a model. What was called before can be settled for a while.
		RetireModel = ModelRegistry.retire_model { model: ModelId }
		/// Removes a retired model's storage, up to `limit` entries of it, and returns its deposit.
		PurgeModel = ModelRegistry.purge_model { model: ModelId, limit: u32 }
		/// Removes up to `limit` prices of a model that nothing can be settled at any more.
		PruneModel = ModelRegistry.prune_model { model: ModelId, limit: u32 }
		/// Offers a model to a new owner.
		OfferModel = ModelRegistry.offer_model { model: ModelId, to: AccountId }
		/// Takes an offer of a model back.
		WithdrawOffer = ModelRegistry.withdraw_offer { model: ModelId }
		/// Takes over a model that was offered.
		AcceptModel = ModelRegistry.accept_model { model: ModelId }

		/// Creates a datanet that is open to all. The signer is its curator, without a share.
		CreateDatanet = DataAttribution.create_datanet { name: Name }
		/// Creates a datanet, open or not, of whose income the curator has a share.
		CreateDatanetWith = DataAttribution.create_datanet_with {
			name: Name,
			open: bool,
			curator_share: Permill,
		}
		/// Opens a datanet to all, or only to who was let in.
		SetOpen = DataAttribution.set_open { datanet: DatanetId, open: bool }
		/// Lets an account contribute to a datanet.
		AllowContributor = DataAttribution.allow_contributor {
			datanet: DatanetId,
			account: AccountId,
		}
		/// Does not let an account contribute to a datanet any more.
		DisallowContributor = DataAttribution.disallow_contributor {
			datanet: DatanetId,
			account: AccountId,
		}
		/// Lowers the curator's share, from the next release on.
		LowerCuratorShare = DataAttribution.lower_curator_share {
			datanet: DatanetId,
			curator_share: Permill,
		}
		/// Offers the role of curator to another account.
		OfferCurator = DataAttribution.offer_curator { datanet: DatanetId, to: AccountId }
		/// Takes an offer of the role of curator back.
		WithdrawCuratorOffer = DataAttribution.withdraw_curator_offer { datanet: DatanetId }
		/// Takes over the role of curator that was offered.
		AcceptCurator = DataAttribution.accept_curator { datanet: DatanetId }
		/// Pays the signer what it has earned as a curator.
		ClaimCurator = DataAttribution.claim_curator {}
		/// Pays an account what it has earned as a curator.
		ClaimCuratorFor = DataAttribution.claim_curator_for { account: AccountId }
		/// Reserves a content root by a hash of it, so that nobody can be first with a copy.
		ReserveRoot = DataAttribution.reserve_root { commitment: Hash }
		/// Removes a reservation that is over, and returns its deposit.
		RemoveReservation = DataAttribution.remove_reservation { commitment: Hash }
		/// Offers a contribution to a datanet. `size` is in bytes.
		SubmitContribution = DataAttribution.submit_contribution {
			datanet: DatanetId,
			root: Hash,
			size: u64,
			uri: Uri,
		}
		/// Offers several contributions to a datanet: all of them or none.
		SubmitContributions = DataAttribution.submit_contributions {
			datanet: DatanetId,
			submissions: Submissions,
		}
		/// Accepts a contribution, from the next release on.
		AcceptContribution = DataAttribution.accept_contribution {
			contribution: ContributionId,
			weight: Weight,
		}
		/// Changes a contribution's weight, from the next release on.
		SetWeight = DataAttribution.set_weight { contribution: ContributionId, weight: Weight }
		/// Turns a contribution down.
		RejectContribution = DataAttribution.reject_contribution { contribution: ContributionId }
		/// Takes a contribution back that has not been accepted.
		WithdrawContribution = DataAttribution.withdraw_contribution {
			contribution: ContributionId,
		}
		/// Leaves a contribution out of all further releases.
		StopContribution = DataAttribution.stop_contribution { contribution: ContributionId }
		/// Returns the bond of a contribution that was stopped a while ago.
		WithdrawContributionBond = DataAttribution.withdraw_bond { contribution: ContributionId }
		/// Gives a contribution, its bond and what it will earn to another account.
		TransferContribution = DataAttribution.transfer_contribution {
			contribution: ContributionId,
			to: AccountId,
		}
		/// Lets another account be paid for a contribution.
		SetBeneficiary = DataAttribution.set_beneficiary {
			contribution: ContributionId,
			beneficiary: Option<AccountId>,
		}
		/// Accuses a contribution, with a deposit.
		AccuseContribution = DataAttribution.accuse_contribution {
			contribution: ContributionId,
			reason: Accusation,
		}
		/// Agrees, as the curator, with an accusation.
		ConfirmAccusation = DataAttribution.confirm_accusation { contribution: ContributionId }
		/// Denies, as the contributor, an accusation.
		ContestAccusation = DataAttribution.contest_accusation { contribution: ContributionId }
		/// Slashes a contribution whose accusation was confirmed and not contested.
		ExecuteSlash = DataAttribution.execute_slash { contribution: ContributionId }
		/// Decides about an account's accusation, contested or not. Root only: see [`Call::Sudo`].
		ResolveAccusation = DataAttribution.resolve_accusation {
			contribution: ContributionId,
			accuser: AccountId,
			guilty: bool,
		}
		/// Lets governance decide about one's own accusation.
		EscalateAccusation = DataAttribution.escalate_accusation { contribution: ContributionId }
		/// Drops an accusation: one's own, or one that was not confirmed or decided in time.
		DropAccusation = DataAttribution.drop_accusation { contribution: ContributionId }
		/// Freezes the state of a datanet under the next number.
		PublishRelease = DataAttribution.publish_release { datanet: DatanetId }
		/// Pays a contribution what it has earned.
		Claim = DataAttribution.claim {
			contribution: ContributionId,
			releases: BoundedVec<ReleaseId, ConstU32<MAX_CLAIM>>,
		}
		/// Pays a contribution what it has earned, whoever asks for it.
		ClaimFor = DataAttribution.claim_for {
			contribution: ContributionId,
			releases: BoundedVec<ReleaseId, ConstU32<MAX_CLAIM>>,
		}
		/// Pays the protocol what a slashed contribution has earned since.
		SweepSlashed = DataAttribution.sweep_slashed {
			contribution: ContributionId,
			releases: BoundedVec<ReleaseId, ConstU32<MAX_CLAIM>>,
		}

		/// Pays an account what it earned in parts too small to transfer.
		PayAccrued = RevenueSplit.pay_accrued { account: AccountId }

		/// Registers an inference node. The signer is its operator.
		RegisterNode = InferenceMetering.register_node {
			endpoint: Uri,
			receipt_key: AccountId,
			bond: Balance,
			models: ServedModels,
		}
		/// Changes what an inference node says of itself.
		UpdateNode = InferenceMetering.update_node { endpoint: Uri, models: ServedModels }
		/// Changes the key that signs an inference node's statements.
		RotateReceiptKey = InferenceMetering.rotate_receipt_key { receipt_key: AccountId }
		/// Adds to an inference node's bond.
		BondMore = InferenceMetering.bond_more { amount: Balance }
		/// Tells that an inference node is alive.
		Heartbeat = InferenceMetering.heartbeat {}
		/// Begins to leave: no new sessions.
		StartUnbonding = InferenceMetering.start_unbonding {}
		/// Stays after all.
		CancelUnbonding = InferenceMetering.cancel_unbonding {}
		/// Ends leaving: returns the bond and removes the node.
		WithdrawNodeBond = InferenceMetering.withdraw_bond {}
		/// Comes back after a lost dispute.
		Unjail = InferenceMetering.unjail {}
		/// Removes a node that was jailed and does not come back.
		RemoveNode = InferenceMetering.remove_node { operator: AccountId }
		/// Opens a session with a node, until the block `expires_at`.
		OpenSession = InferenceMetering.open_session {
			node: AccountId,
			deposit: Balance,
			signer: AccountId,
			expires_at: BlockNumber,
		}
		/// Opens a session whose hot key `signer` may spend no more than `spending_limit`.
		OpenSessionWithLimit = InferenceMetering.open_session_with_limit {
			node: AccountId,
			deposit: Balance,
			signer: AccountId,
			spending_limit: Balance,
			expires_at: BlockNumber,
		}
		/// Adds to a session's deposit.
		TopUp = InferenceMetering.top_up { session: SessionId, amount: Balance }
		/// Lets a session last longer.
		ExtendSession = InferenceMetering.extend_session {
			session: SessionId,
			expires_at: BlockNumber,
		}
		/// Changes what a session's hot key may spend: more at once, less after notice.
		SetSpendingLimit = InferenceMetering.set_spending_limit {
			session: SessionId,
			limit: Balance,
		}
		/// Redeems a voucher for the records of calls.
		Settle = InferenceMetering.settle {
			voucher: Voucher,
			signature: Signature,
			records: CallRecords,
		}
		/// Redeems a voucher for the sums of calls.
		SettleAggregate = InferenceMetering.settle_aggregate {
			voucher: Voucher,
			signature: Signature,
			aggregate: Aggregate,
			last: Option<CallRecord>,
		}
		/// Asks to close a session.
		RequestClose = InferenceMetering.request_close { session: SessionId }
		/// Closes a session and gives the rest of its deposit back.
		CloseSession = InferenceMetering.close_session { session: SessionId }
		/// Closes a session at once: the node has signed that it is content.
		CloseWithAgreement = InferenceMetering.close_with_agreement {
			session: SessionId,
			signature: Signature,
		}

		/// Calls a model on chain.
		RequestCall = InferenceRequests.request_call {
			model: ModelId,
			node: Option<AccountId>,
			input: BoundedVec<u8, ConstU32<MAX_REQUEST_INPUT>>,
			max_charge: Balance,
			deadline: BlockNumber,
		}
		/// Answers a call on chain.
		FulfilCall = InferenceRequests.fulfil_call {
			request: RequestId,
			output: BoundedVec<u8, ConstU32<MAX_REQUEST_OUTPUT>>,
			input_tokens: u32,
			output_tokens: u32,
			version: VersionId,
			attribution: Attribution,
		}
		/// Takes a call on chain back, after notice.
		CancelCall = InferenceRequests.cancel_call { request: RequestId }
		/// Returns what was put up for a call on chain that nobody answered.
		ExpireCall = InferenceRequests.expire_call { request: RequestId }
	}
	special {
		/// Sets a parameter of the protocol: the key with its value, encoded as the runtime has
		/// them. Root only: see [`Call::Sudo`].
		SetParameter = Parameters.set_parameter { key_value: Vec<u8> }
		/// Sends OPEN, leaving at least the existential deposit.
		Transfer = Balances.transfer_keep_alive { dest: AccountId, value: Balance }
		/// Several calls of one signer: all of them or none.
		BatchAll = Utility.batch_all { calls: Vec<Call> }
		/// Lets another account act for the signer, from `delay` blocks after it has said what it is
		/// about to do. The signer pays a deposit.
		AddProxy = Proxy.add_proxy { delegate: AccountId, proxy_type: ProxyKind, delay: BlockNumber }
		/// Does not let another account act for the signer any more.
		RemoveProxy = Proxy.remove_proxy {
			delegate: AccountId,
			proxy_type: ProxyKind,
			delay: BlockNumber,
		}
		/// A call for the account `real`, by a signer who may act for it. Whether it succeeded is in
		/// [`Event::ProxyExecuted`](crate::events::Event::ProxyExecuted).
		Proxy = Proxy.proxy { real: AccountId, force_proxy_type: Option<ProxyKind>, call: Box<Call> }
		/// A call as root, by the holder of the sudo key. Whether it succeeded is in
		/// [`Event::RootCalled`](crate::events::Event::RootCalled).
		Sudo = Sudo.sudo { call: Box<Call> }
	}
}

impl Call {
	/// The pallet's name in the runtime.
	pub fn pallet(&self) -> &'static str {
		self.names().0
	}

	/// The extrinsic's name.
	pub fn name(&self) -> &'static str {
		self.names().1
	}
}
