//! Calls as the runtime takes them.

use codec::{Compact, Encode};
use openledger_primitives::AccountId;
use sp_runtime::MultiAddress;
use subxt::{
	ext::{
		scale_decode::visitor::{decode_with_visitor, IgnoreVisitor},
		scale_encode::{self, EncodeAsFields, FieldIter, TypeResolver},
	},
	tx::Payload,
	Metadata,
};

use super::Call;
use crate::chain::ChainError;

impl Call {
	/// The arguments, encoded one after the other in the pallet's order.
	fn arguments(&self, metadata: &Metadata) -> Result<Vec<u8>, ChainError> {
		Ok(match self {
			Self::Transfer { dest, value } => {
				(MultiAddress::<&AccountId, ()>::Id(dest), Compact(*value)).encode()
			}
			Self::SetParameter { key_value } => key_value.clone(),
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
			Self::AddProxy { delegate, proxy_type, delay }
			| Self::RemoveProxy { delegate, proxy_type, delay } => {
				(MultiAddress::<&AccountId, ()>::Id(delegate), proxy_type, delay).encode()
			}
			Self::Proxy { real, force_proxy_type, call } => {
				let real = MultiAddress::<&AccountId, ()>::Id(real);
				let mut encoded = (real, force_proxy_type).encode();
				encoded.extend(call.encode_with(metadata)?);
				encoded
			}
			plain => plain.encode_plain(),
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
