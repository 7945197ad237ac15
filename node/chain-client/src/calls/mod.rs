//! The extrinsics of OpenLedger, typed.
//!
//! Which number a pallet or a call has is looked up by its name in the live runtime's metadata, so
//! that a renumbered runtime is still called rightly. The names of the arguments and the shape of
//! their encoding are compared with the metadata too, so that a changed runtime gives a clear error
//! instead of a transaction that means something else.

mod encode;
mod types;

pub use self::types::{ProxyKind, ServedModels};

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
use subxt::Metadata;

use self::encode::CallPayload;
use crate::chain::ChainError;

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
		/// Stops new calls of a model.
		PauseModel = ModelRegistry.pause_model { model: ModelId }
		/// Lets a paused model be called again.
		ResumeModel = ModelRegistry.resume_model { model: ModelId }
		/// Creates a datanet, open or not, of whose income the curator has a share.
		CreateDatanetWith = DataAttribution.create_datanet_with {
			name: Name,
			open: bool,
			curator_share: Permill,
		}
		/// Pays the signer what it has earned as a curator.
		ClaimCurator = DataAttribution.claim_curator {}
		/// Offers a contribution to a datanet. `size` is in bytes.
		SubmitContribution = DataAttribution.submit_contribution {
			datanet: DatanetId,
			root: Hash,
			size: u64,
			uri: Uri,
		}
		/// Accepts a contribution, from the next release on.
		AcceptContribution = DataAttribution.accept_contribution {
			contribution: ContributionId,
			weight: Weight,
		}
		/// Freezes the state of a datanet under the next number.
		PublishRelease = DataAttribution.publish_release { datanet: DatanetId }
		/// Pays a contribution what it has earned.
		Claim = DataAttribution.claim {
			contribution: ContributionId,
			releases: BoundedVec<ReleaseId, ConstU32<MAX_CLAIM>>,
		}
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
		/// Tells that an inference node is alive.
		Heartbeat = InferenceMetering.heartbeat {}
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
		/// A call for the account `real`, by a signer who may act for it. Whether it succeeded is in
		/// [`Event::ProxyExecuted`](crate::events::Event::ProxyExecuted).
		Proxy = Proxy.proxy { real: AccountId, force_proxy_type: Option<ProxyKind>, call: Box<Call> }
		/// A call as root, by the holder of the sudo key. It succeeds, too, where the call within fails.
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

	/// The call as it stands in a transaction of the runtime with this metadata: pallet, call,
	/// arguments.
	///
	/// # Errors
	/// [`ChainError::UnknownCall`] and [`ChainError::CallChanged`].
	pub fn encode_with(&self, metadata: &Metadata) -> Result<Vec<u8>, ChainError> {
		encode::encode(self, metadata)
	}

	/// The call in the form that the transaction builder takes.
	pub(crate) fn payload(&self, metadata: &Metadata) -> Result<CallPayload, ChainError> {
		encode::payload(self, metadata)
	}
}
