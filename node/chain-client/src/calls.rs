//! Sending calls: encoded as the live runtime takes them.
//!
//! Pallets, calls and arguments are looked up by name in the live runtime's metadata, so that a
//! renumbered runtime is still called rightly. A call whose arguments have changed is refused: it never
//! becomes a transaction that means something else.

use codec::Encode;
use subxt::{
	ext::scale_encode::{self, EncodeAsFields, FieldIter, TypeResolver},
	tx::Payload,
	Metadata,
};

use crate::{
	chain::ChainError,
	runtime::{
		self,
		rewrite::{rewrite, Mismatch, Side},
		Call,
	},
};

impl Call {
	/// The pallet's name in the runtime.
	pub fn pallet(&self) -> &'static str {
		self.names().0
	}

	/// The extrinsic's name.
	pub fn name(&self) -> &'static str {
		self.names().1
	}

	fn names(&self) -> (&'static str, &'static str) {
		let encoded = self.encode();
		let names = || {
			let (pallet, call) = (*encoded.first()?, *encoded.get(1)?);
			let pallet = runtime::metadata().ok()?.pallet_by_call_index(pallet)?;
			Some((pallet.name(), pallet.call_variant_by_index(call)?.name.as_str()))
		};
		names().unwrap_or_default()
	}

	/// The call as it stands in a transaction of the runtime with this metadata: pallet, call,
	/// arguments.
	///
	/// # Errors
	/// [`ChainError::UnknownCall`] and [`ChainError::CallChanged`], for it or a call within it.
	pub fn encode_with(&self, metadata: &Metadata) -> Result<Vec<u8>, ChainError> {
		let encode = || {
			let ours = Side::calls("this program", runtime::metadata()?);
			rewrite(ours, Side::calls("the chain", metadata), &self.encode())
		};
		encode().map_err(|mismatch| match mismatch {
			Mismatch::Unknown { pallet, name: call } => ChainError::UnknownCall { pallet, call },
			Mismatch::Changed { pallet, name: call, reason } => {
				ChainError::CallChanged { pallet, call, reason }
			}
			Mismatch::Malformed(reason) => {
				ChainError::Decode { what: "the runtime's calls".into(), reason }
			}
		})
	}

	/// The call in the form that the transaction builder takes.
	pub(crate) fn payload(&self, metadata: &Metadata) -> Result<CallPayload, ChainError> {
		let (pallet, call) = self.names();
		// The builder looks up the two numbers at the beginning by itself.
		let encoded = self.encode_with(metadata)?;
		let arguments = Encoded(encoded.get(2..).unwrap_or_default().to_vec());
		Ok(CallPayload { pallet, call, arguments })
	}
}

/// A call whose arguments are encoded already.
pub(crate) struct CallPayload {
	pallet: &'static str,
	call: &'static str,
	arguments: Encoded,
}

/// Arguments as the live runtime takes them.
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
