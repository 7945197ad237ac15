//! The extrinsics of OpenLedger, typed.
//!
//! Which number a pallet or a call has is looked up by its name in the live runtime's metadata, so
//! that a renumbered runtime is still called rightly. The names of the arguments and the shape of
//! their encoding are compared with the metadata too, so that a changed runtime gives a clear error
//! instead of a transaction that means something else.

use codec::{Compact, Encode};
use openledger_primitives::{
	attribution::DataSources, policy::RevenuePolicy, price::PriceSchedule, record::CallRecords,
	voucher::Voucher, AccountId, Balance, BlockNumber, ContributionId, DatanetId, Hash, ModelId,
	Name, ReleaseId, SessionId, Signature, Uri, Weight, MAX_CLAIM, MAX_SERVED,
};
use sp_core::ConstU32;
use sp_runtime::{BoundedVec, MultiAddress, Permill};
use subxt::{
	ext::{
		scale_decode::visitor::{decode_with_visitor, IgnoreVisitor},
		scale_encode::{self, EncodeAsFields, FieldIter, TypeResolver},
	},
	tx::Payload,
	Metadata,
};

use crate::chain::ChainError;

/// An extrinsic. Amounts are in planck.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)] // Arguments are named and documented as in the pallets' extrinsics.
pub enum Call {
	/// Registers a model. The signer is its developer.
	RegisterModel {
		name: Name,
		uri: Uri,
		weights_hash: Hash,
		tokenizer_hash: Hash,
		price: PriceSchedule,
		policy: RevenuePolicy,
		sources: DataSources,
	},
	/// Stops new calls of a model.
	PauseModel { model: ModelId },
	/// Lets a paused model be called again.
	ResumeModel { model: ModelId },
	/// Creates a datanet. The signer is its curator.
	CreateDatanet { name: Name },
	/// Offers a contribution to a datanet. `size` is in bytes.
	SubmitContribution { datanet: DatanetId, root: Hash, size: u64, uri: Uri },
	/// Accepts a contribution, from the next release on.
	AcceptContribution { contribution: ContributionId, weight: Weight },
	/// Turns a contribution down.
	RejectContribution { contribution: ContributionId },
	/// Takes a contribution back that has not been accepted.
	WithdrawContribution { contribution: ContributionId },
	/// Freezes the state of a datanet under the next number.
	PublishRelease { datanet: DatanetId },
	/// Pays a contribution what it has earned.
	Claim { contribution: ContributionId, releases: BoundedVec<ReleaseId, ConstU32<MAX_CLAIM>> },
	/// Sets the protocol's share. Root only: see [`Call::Sudo`].
	SetProtocolShare { share: Permill },
	/// Pays an account what it earned in parts too small to transfer.
	PayAccrued { account: AccountId },
	/// Registers an inference node. The signer is its operator.
	RegisterNode {
		endpoint: Uri,
		receipt_key: AccountId,
		bond: Balance,
		models: BoundedVec<ModelId, ConstU32<MAX_SERVED>>,
	},
	/// Changes what an inference node says of itself.
	UpdateNode {
		endpoint: Uri,
		receipt_key: AccountId,
		models: BoundedVec<ModelId, ConstU32<MAX_SERVED>>,
	},
	/// Opens a session with a node, until the block `expires_at`.
	OpenSession { node: AccountId, deposit: Balance, signer: AccountId, expires_at: BlockNumber },
	/// Redeems a voucher for the records of calls.
	Settle { voucher: Voucher, signature: Signature, records: CallRecords },
	/// Asks to close a session.
	RequestClose { session: SessionId },
	/// Closes a session and gives the rest of its deposit back.
	CloseSession { session: SessionId },
	/// Sends OPEN, leaving at least the existential deposit.
	Transfer { dest: AccountId, value: Balance },
	/// Several calls of one signer: all of them or none.
	BatchAll { calls: Vec<Call> },
	/// A call as root, by the holder of the sudo key. Whether it succeeded is in
	/// [`Event::RootCalled`](crate::events::Event::RootCalled).
	Sudo { call: Box<Call> },
}

/// Pallet, call and argument names.
type Names = (&'static str, &'static str, &'static [&'static str]);

impl Call {
	/// The pallet's name in the runtime.
	pub fn pallet(&self) -> &'static str {
		self.names().0
	}

	/// The extrinsic's name.
	pub fn name(&self) -> &'static str {
		self.names().1
	}

	fn names(&self) -> Names {
		const MODELS: &str = "ModelRegistry";
		const DATA: &str = "DataAttribution";
		const METERING: &str = "InferenceMetering";
		const SPLIT: &str = "RevenueSplit";
		match self {
			Self::RegisterModel { .. } => (
				MODELS,
				"register_model",
				&["name", "uri", "weights_hash", "tokenizer_hash", "price", "policy", "sources"],
			),
			Self::PauseModel { .. } => (MODELS, "pause_model", &["model"]),
			Self::ResumeModel { .. } => (MODELS, "resume_model", &["model"]),
			Self::CreateDatanet { .. } => (DATA, "create_datanet", &["name"]),
			Self::SubmitContribution { .. } => {
				(DATA, "submit_contribution", &["datanet", "root", "size", "uri"])
			}
			Self::AcceptContribution { .. } => {
				(DATA, "accept_contribution", &["contribution", "weight"])
			}
			Self::RejectContribution { .. } => (DATA, "reject_contribution", &["contribution"]),
			Self::WithdrawContribution { .. } => (DATA, "withdraw_contribution", &["contribution"]),
			Self::PublishRelease { .. } => (DATA, "publish_release", &["datanet"]),
			Self::Claim { .. } => (DATA, "claim", &["contribution", "releases"]),
			Self::SetProtocolShare { .. } => (SPLIT, "set_protocol_share", &["share"]),
			Self::PayAccrued { .. } => (SPLIT, "pay_accrued", &["account"]),
			Self::RegisterNode { .. } => {
				(METERING, "register_node", &["endpoint", "receipt_key", "bond", "models"])
			}
			Self::UpdateNode { .. } => {
				(METERING, "update_node", &["endpoint", "receipt_key", "models"])
			}
			Self::OpenSession { .. } => {
				(METERING, "open_session", &["node", "deposit", "signer", "expires_at"])
			}
			Self::Settle { .. } => (METERING, "settle", &["voucher", "signature", "records"]),
			Self::RequestClose { .. } => (METERING, "request_close", &["session"]),
			Self::CloseSession { .. } => (METERING, "close_session", &["session"]),
			Self::Transfer { .. } => ("Balances", "transfer_keep_alive", &["dest", "value"]),
			Self::BatchAll { .. } => ("Utility", "batch_all", &["calls"]),
			Self::Sudo { .. } => ("Sudo", "sudo", &["call"]),
		}
	}

	/// The arguments, encoded one after the other in the pallet's order.
	fn arguments(&self, metadata: &Metadata) -> Result<Vec<u8>, ChainError> {
		Ok(match self {
			Self::RegisterModel {
				name,
				uri,
				weights_hash,
				tokenizer_hash,
				price,
				policy,
				sources,
			} => (name, uri, weights_hash, tokenizer_hash, price, policy, sources).encode(),
			Self::PauseModel { model } | Self::ResumeModel { model } => model.encode(),
			Self::CreateDatanet { name } => name.encode(),
			Self::SubmitContribution { datanet, root, size, uri } => {
				(datanet, root, size, uri).encode()
			}
			Self::AcceptContribution { contribution, weight } => (contribution, weight).encode(),
			Self::RejectContribution { contribution }
			| Self::WithdrawContribution { contribution } => contribution.encode(),
			Self::PublishRelease { datanet } => datanet.encode(),
			Self::Claim { contribution, releases } => (contribution, releases).encode(),
			Self::SetProtocolShare { share } => share.encode(),
			Self::PayAccrued { account } => account.encode(),
			Self::RegisterNode { endpoint, receipt_key, bond, models } => {
				(endpoint, receipt_key, bond, models).encode()
			}
			Self::UpdateNode { endpoint, receipt_key, models } => {
				(endpoint, receipt_key, models).encode()
			}
			Self::OpenSession { node, deposit, signer, expires_at } => {
				(node, deposit, signer, expires_at).encode()
			}
			Self::Settle { voucher, signature, records } => (voucher, signature, records).encode(),
			Self::RequestClose { session } | Self::CloseSession { session } => session.encode(),
			Self::Transfer { dest, value } => {
				(MultiAddress::<&AccountId, ()>::Id(dest), Compact(*value)).encode()
			}
			Self::BatchAll { calls } => {
				let count = u32::try_from(calls.len()).map_err(|_| ChainError::CallChanged {
					pallet: self.pallet(),
					call: self.name(),
					reason: "too many calls in one batch".into(),
				})?;
				let mut encoded = Compact(count).encode();
				for call in calls {
					encoded.extend(call.encode_with(metadata)?);
				}
				encoded
			}
			Self::Sudo { call } => call.encode_with(metadata)?,
		})
	}

	/// Looks the call up in the runtime, and compares what it takes with what is sent.
	fn resolve(&self, metadata: &Metadata) -> Result<([u8; 2], Vec<u8>), ChainError> {
		let (pallet, call, names) = self.names();
		let unknown = || ChainError::UnknownCall { pallet, call };
		let changed = |reason| ChainError::CallChanged { pallet, call, reason };
		let metadata_of = metadata.pallet_by_name(pallet).ok_or_else(unknown)?;
		let variant = metadata_of.call_variant_by_name(call).ok_or_else(unknown)?;

		let found: Vec<&str> =
			variant.fields.iter().map(|field| field.name.as_deref().unwrap_or("")).collect();
		if found != names {
			return Err(changed(format!(
				"it takes ({}), not ({})",
				found.join(", "),
				names.join(", ")
			)));
		}
		let arguments = self.arguments(metadata)?;
		let mut rest = arguments.as_slice();
		for field in &variant.fields {
			let ignore = IgnoreVisitor::new();
			decode_with_visitor(&mut rest, field.ty.id, metadata.types(), ignore).map_err(
				|error| {
					let name = field.name.as_deref().unwrap_or_default();
					changed(format!("`{name}` has another type ({error})"))
				},
			)?;
		}
		if !rest.is_empty() {
			return Err(changed("its arguments have other types".into()));
		}
		Ok(([metadata_of.call_index(), variant.index], arguments))
	}

	/// The call as it stands in a transaction of the runtime with this metadata: pallet, call,
	/// arguments.
	///
	/// # Errors
	/// [`ChainError::UnknownCall`] and [`ChainError::CallChanged`].
	pub fn encode_with(&self, metadata: &Metadata) -> Result<Vec<u8>, ChainError> {
		let (indices, arguments) = self.resolve(metadata)?;
		Ok([indices.as_slice(), &arguments].concat())
	}

	/// The call in the form that the transaction builder takes.
	pub(crate) fn payload(&self, metadata: &Metadata) -> Result<CallPayload, ChainError> {
		let (_, arguments) = self.resolve(metadata)?;
		Ok(CallPayload { pallet: self.pallet(), call: self.name(), arguments: Encoded(arguments) })
	}
}

/// A call whose arguments are encoded already.
pub(crate) struct CallPayload {
	pallet: &'static str,
	call: &'static str,
	arguments: Encoded,
}

/// Arguments that were encoded and compared with the metadata already.
pub(crate) struct Encoded(Vec<u8>);

impl EncodeAsFields for Encoded {
	fn encode_as_fields_to<R: TypeResolver>(
		&self,
		_: &mut dyn FieldIter<'_, R::TypeId>,
		_: &R,
		out: &mut Vec<u8>,
	) -> Result<(), scale_encode::Error> {
		out.extend_from_slice(&self.0);
		Ok(())
	}
}

impl Payload for CallPayload {
	type CallData = Encoded;

	fn pallet_name(&self) -> &str {
		self.pallet
	}

	fn call_name(&self) -> &str {
		self.call
	}

	fn call_data(&self) -> &Encoded {
		&self.arguments
	}
}
