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

/// The arguments, encoded one after the other in the pallet's order.
fn arguments(call: &Call, metadata: &Metadata) -> Result<Vec<u8>, ChainError> {
	Ok(match call {
		Call::Transfer { dest, value } => {
			(MultiAddress::<&AccountId, ()>::Id(dest), Compact(*value)).encode()
		}
		Call::SetParameter { key_value } => key_value.clone(),
		Call::BatchAll { calls } => {
			let count = u32::try_from(calls.len()).map_err(|_| ChainError::CallChanged {
				pallet: call.pallet(),
				call: call.name(),
				reason: "too many calls in one batch".into(),
			})?;
			let mut encoded = Compact(count).encode();
			for call in calls {
				encoded.extend(encode(call, metadata)?);
			}
			encoded
		}
		Call::Sudo { call } => encode(call, metadata)?,
		Call::AddProxy { delegate, proxy_type, delay } => {
			(MultiAddress::<&AccountId, ()>::Id(delegate), proxy_type, delay).encode()
		}
		Call::Proxy { real, force_proxy_type, call } => {
			let real = MultiAddress::<&AccountId, ()>::Id(real);
			let mut encoded = (real, force_proxy_type).encode();
			encoded.extend(encode(call, metadata)?);
			encoded
		}
		plain => plain.encode_plain(),
	})
}

/// Looks a call up in the runtime, and compares what it takes with what is sent: the numbers of the
/// pallet and of the call, and its arguments.
fn resolve(call: &Call, metadata: &Metadata) -> Result<([u8; 2], Vec<u8>), ChainError> {
	let (pallet, name, names) = call.names();
	let unknown = || ChainError::UnknownCall { pallet, call: name };
	let changed = |reason| ChainError::CallChanged { pallet, call: name, reason };
	let metadata_of = metadata.pallet_by_name(pallet).ok_or_else(unknown)?;
	let variant = metadata_of.call_variant_by_name(name).ok_or_else(unknown)?;

	let found: Vec<&str> =
		variant.fields.iter().map(|field| field.name.as_deref().unwrap_or("")).collect();
	if found != names {
		return Err(changed(format!(
			"it takes ({}), not ({})",
			found.join(", "),
			names.join(", ")
		)));
	}
	let arguments = arguments(call, metadata)?;
	let mut rest = arguments.as_slice();
	for field in &variant.fields {
		let ignore = IgnoreVisitor::new();
		decode_with_visitor(&mut rest, field.ty.id, metadata.types(), ignore).map_err(|error| {
			let name = field.name.as_deref().unwrap_or_default();
			changed(format!("`{name}` has another type ({error})"))
		})?;
	}
	if !rest.is_empty() {
		return Err(changed("its arguments have other types".into()));
	}
	Ok(([metadata_of.call_index(), variant.index], arguments))
}

/// Encodes a call as [`Call::encode_with`] says.
pub(super) fn encode(call: &Call, metadata: &Metadata) -> Result<Vec<u8>, ChainError> {
	let (indices, arguments) = resolve(call, metadata)?;
	Ok([indices.as_slice(), &arguments].concat())
}

/// Puts a call into the form that the transaction builder takes.
pub(super) fn payload(call: &Call, metadata: &Metadata) -> Result<CallPayload, ChainError> {
	let (_, arguments) = resolve(call, metadata)?;
	Ok(CallPayload { pallet: call.pallet(), call: call.name(), arguments: Encoded(arguments) })
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
