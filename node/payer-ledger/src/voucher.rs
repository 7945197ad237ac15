//! The voucher that a node is paid with. It is made of what is on disk, and of nothing else.

use openledger_primitives::{lane::Voucher, Hash, Signature};
use openledger_protocol::x402::{self, Payload, PaymentSignature, Requirements, Resource};

use crate::treasury::Reserved;

/// A signed voucher, as it goes over the wire. A payer sends nothing else to be paid with, and there is none
/// without [`Reserved`], which is on disk: a voucher that was not written down cannot be sent.
///
/// ```compile_fail
/// use openledger_payer_ledger::SignedVoucher;
/// // Its header is private, and signing one takes what the treasury has written down.
/// let unwritten = SignedVoucher { header: "eyJ4NDAyVmVyc2lvbiI6Mn0=".into() };
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedVoucher {
	header: String,
}

impl SignedVoucher {
	/// Has the voucher signed for what was reserved on the chain with this genesis hash, for what was
	/// offered at `url`.
	pub fn sign(
		reserved: &Reserved,
		genesis_hash: Hash,
		sign: impl FnOnce(&Voucher) -> Signature,
		offer: &Requirements,
		url: String,
	) -> Self {
		let (slot, agreed) = (&reserved.slot, &reserved.call.agreed);
		let voucher = Voucher {
			genesis_hash,
			session: slot.session,
			lane: slot.lane,
			agreement: agreed.agreement,
			sequence: slot.sequence,
			acknowledged: reserved.acknowledged,
			acknowledged_root: reserved.acknowledged_root,
			authorised: reserved.authorised,
			request_hash: agreed.request_hash,
			valid_until: agreed.valid_until,
			extension: None,
		};
		let signature = sign(&voucher);
		let resource = Resource { url, description: None, mime_type: None };
		let salt = agreed.salt.to_fixed_bytes();
		let payload = Payload { voucher: voucher.into(), signature, salt };
		Self { header: x402::encode(&PaymentSignature::new(resource, offer.clone(), payload)) }
	}

	/// The value of the header `PAYMENT-SIGNATURE`.
	pub fn header(&self) -> &str {
		&self.header
	}
}
