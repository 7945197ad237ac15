//! The voucher that a node is paid with. It is made of what is on disk, and of nothing else.

use openledger_chain_client::Keypair;
use openledger_primitives::{voucher::Voucher, Hash};
use openledger_protocol::x402::{self, Payload, PaymentSignature, Requirements, Resource};

use crate::treasury::Reserved;

/// A signed voucher, as it goes over the wire. [`NodeApi`](crate::node::api::NodeApi) pays with nothing
/// else, and there is none without [`Reserved`], which is on disk: a voucher that was not written down
/// cannot be sent.
///
/// ```compile_fail
/// use openledger_payer::voucher::SignedVoucher;
/// // Its header is private, and signing one takes what the treasury has written down.
/// let unwritten = SignedVoucher { header: "eyJ4NDAyVmVyc2lvbiI6Mn0=".into() };
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedVoucher {
	header: String,
}

impl SignedVoucher {
	/// Signs what was reserved on the chain with this genesis hash, for what was offered at `url`.
	pub fn sign(
		reserved: &Reserved,
		genesis_hash: Hash,
		key: &Keypair,
		offer: &Requirements,
		url: String,
	) -> Self {
		let (slot, call) = (&reserved.slot, &reserved.open.call);
		let voucher = Voucher {
			genesis_hash,
			session: slot.session,
			lane: slot.lane,
			model: call.model,
			version: call.version,
			price_version: call.price_version,
			sequence: slot.sequence,
			acknowledged: reserved.acknowledged,
			authorised: reserved.authorised,
			request_hash: call.request_hash,
			valid_until: call.valid_until,
		};
		let signature = key.sign_message(&voucher);
		let resource = Resource { url, description: None, mime_type: None };
		let payload = Payload { voucher, signature, salt: call.salt.to_fixed_bytes() };
		Self { header: x402::encode(&PaymentSignature::new(resource, offer.clone(), payload)) }
	}

	/// The value of the header `PAYMENT-SIGNATURE`.
	pub fn header(&self) -> &str {
		&self.header
	}

	/// Any text in place of a voucher.
	#[cfg(test)]
	pub(crate) fn made_up(header: &str) -> Self {
		Self { header: header.into() }
	}
}
