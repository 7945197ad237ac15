//! Keys and messages to test with.

use openledger_primitives::{
	answer::{unattributed, Evidence},
	lane::{request_hash, Agreement, AttributionShare, Statement, Voucher},
	price::Tokens,
	signing::Signed,
	AccountId, Hash, Signature, OPEN, SS58_PREFIX,
};
use sp_core::{crypto::Ss58Codec, ecdsa, ed25519, sr25519, Pair};
use sp_runtime::{traits::IdentifyAccount, MultiSigner};

use crate::x402::Receipt;

/// A kind of key.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scheme {
	Sr25519,
	Ed25519,
	Ecdsa,
}

/// A key pair.
pub(crate) enum Key {
	Sr25519(sr25519::Pair),
	Ed25519(ed25519::Pair),
	Ecdsa(ecdsa::Pair),
}

impl Key {
	/// A development key, such as `//Alice`.
	pub(crate) fn new(uri: &str, scheme: Scheme) -> Self {
		match scheme {
			Scheme::Sr25519 => Self::Sr25519(Pair::from_string(uri, None).unwrap()),
			Scheme::Ed25519 => Self::Ed25519(Pair::from_string(uri, None).unwrap()),
			Scheme::Ecdsa => Self::Ecdsa(Pair::from_string(uri, None).unwrap()),
		}
	}

	pub(crate) fn account(&self) -> AccountId {
		let signer: MultiSigner = match self {
			Self::Sr25519(pair) => pair.public().into(),
			Self::Ed25519(pair) => pair.public().into(),
			Self::Ecdsa(pair) => pair.public().into(),
		};
		signer.into_account()
	}

	pub(crate) fn address(&self) -> String {
		self.account().to_ss58check_with_version(SS58_PREFIX.into())
	}

	pub(crate) fn sign(&self, message: &[u8]) -> Signature {
		match self {
			Self::Sr25519(pair) => pair.sign(message).into(),
			Self::Ed25519(pair) => pair.sign(message).into(),
			Self::Ecdsa(pair) => pair.sign(message).into(),
		}
	}

	pub(crate) fn sign_message(&self, message: &impl Signed) -> Signature {
		self.sign(&message.signing_payload())
	}
}

/// The agreement of a lane.
pub(crate) fn agreement() -> Agreement {
	Agreement {
		model: 3,
		version: 1,
		price_version: 2,
		as_of: 990,
		evidence: Evidence::Open,
		own_price: None,
	}
}

/// A voucher of that lane.
pub(crate) fn voucher() -> Voucher {
	Voucher {
		genesis_hash: Hash::repeat_byte(0xab),
		session: 9,
		lane: 1,
		agreement: agreement(),
		sequence: 4,
		acknowledged: 3 * OPEN,
		acknowledged_root: Hash::repeat_byte(3),
		authorised: 5 * OPEN,
		request_hash: request_hash(&[7; 32], b"{}"),
		valid_until: 1_050,
		extension: None,
	}
}

/// The statement of its call, with a signature of `//Alice`, and the header of its answer.
pub(crate) fn receipt() -> Receipt {
	let voucher = voucher();
	let (prompt, evidence) = (Hash::repeat_byte(8), voucher.agreement.evidence);
	let answer = unattributed(&[7; 32], &voucher.request_hash, b"Paris", prompt, evidence).unwrap();
	let shares = vec![AttributionShare { contribution: 5, basis_points: 6 }];
	let statement = Statement {
		genesis_hash: voucher.genesis_hash,
		session: voucher.session,
		lane: voucher.lane,
		agreement: voucher.agreement,
		sequence: voucher.sequence,
		tokens: Tokens { input: 20, cached: 10, retrieved: 0, output: 33 },
		charge: OPEN + 301,
		request_hash: voucher.request_hash,
		response_hash: answer.hash(),
		attribution: shares.try_into().unwrap(),
		extension: None,
	};
	let signature = Key::new("//Alice", Scheme::Sr25519).sign_message(&statement);
	Receipt { statement: statement.into(), signature, header: answer.header }
}
