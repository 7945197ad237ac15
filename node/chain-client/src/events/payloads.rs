//! Events that carry whole calls: everything that somebody needs who follows the money.

use codec::Decode;
use openledger_primitives::{
	attribution::Attribution, record::CallPayment, AccountId, Balance, Hash, LaneId, ModelId,
	PriceVersion, RequestId, Sequence, SessionId, VersionId,
};

/// Makes a struct from an event's fields, in the event's order.
macro_rules! payload {
	($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? }) => {
		$(#[$doc])*
		#[derive(Clone, Debug, PartialEq, Eq, Decode)]
		pub struct $name {
			$($(#[$field_doc])* pub $field: $type,)*
		}

		impl $name {
			/// The names of its fields, which are those of the event.
			pub(super) const FIELDS: &'static [&'static str] = &[$(stringify!($field)),*];
		}
	};
}

payload! {
	/// A call that was charged and paid out.
	CallSettled {
		/// The session that paid.
		session: SessionId,
		/// The lane within it.
		lane: LaneId,
		/// The sequence of the voucher that paid.
		sequence: Sequence,
		/// Who paid.
		caller: AccountId,
		/// The operator who ran the call.
		node: AccountId,
		/// Who owns the model.
		developer: AccountId,
		/// The model that answered.
		model: ModelId,
		/// Its version.
		version: VersionId,
		/// The price schedule that was applied.
		price_version: PriceVersion,
		/// Tokens of the prompt.
		input_tokens: u32,
		/// Tokens of the answer.
		output_tokens: u32,
		/// What the caller paid, in planck.
		charge: Balance,
		/// Salted hash of the request.
		request_hash: Hash,
		/// Salted hash of the answer.
		response_hash: Hash,
		/// How the charge was paid out.
		payment: CallPayment,
	}
}

payload! {
	/// Calls of one version at one price that were charged and paid out together. A settlement has
	/// one of these; before lanes were for one version and price, it could have several.
	AggregateSettled {
		/// The session that paid.
		session: SessionId,
		/// The lane within it.
		lane: LaneId,
		/// The first sequence that the whole settlement is for.
		first_sequence: Sequence,
		/// The last one.
		last_sequence: Sequence,
		/// Who paid.
		caller: AccountId,
		/// The operator who ran the calls.
		node: AccountId,
		/// Who owns the model.
		developer: AccountId,
		/// The model that answered.
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
		/// What the caller paid for them, in planck.
		charge: Balance,
		/// The Merkle root over the records of the whole settlement.
		root: Hash,
		/// How the charge was paid out.
		payment: CallPayment,
	}
}

payload! {
	/// A call on chain that was answered, charged and paid out.
	CallFulfilled {
		/// The request.
		request: RequestId,
		/// Who paid.
		caller: AccountId,
		/// The operator who ran the call.
		node: AccountId,
		/// Who owns the model.
		developer: AccountId,
		/// The model that answered.
		model: ModelId,
		/// Its version.
		version: VersionId,
		/// The price schedule that was applied.
		price_version: PriceVersion,
		/// Tokens of the prompt.
		input_tokens: u32,
		/// Tokens of the answer.
		output_tokens: u32,
		/// What the caller paid, in planck.
		charge: Balance,
		/// What was on hold for the call and is free again, in planck.
		released: Balance,
		/// The hash (BLAKE2b-256) of what was asked.
		input_hash: Hash,
		/// The hash (BLAKE2b-256) of the answer.
		output_hash: Hash,
		/// The answer.
		output: Vec<u8>,
		/// The contributions that the answer came from, as the node says.
		attribution: Attribution,
		/// How the charge was paid out.
		payment: CallPayment,
	}
}
