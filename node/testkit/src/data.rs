//! One data set: a caller, an operator, a model that it serves, and a session between them.

use openledger_chain_client::{Keypair, Scheme};
use openledger_primitives::{
	attribution::{DataSources, NEWEST_RULE},
	info::{LaneInfo, ModelInfo, SessionInfo},
	model::VersionDetails,
	policy::RevenuePolicy,
	price::PriceSchedule,
	voucher::{request_hash, Voucher},
	Balance, BlockNumber, Hash, LaneId, ModelId, PriceVersion, Sequence, SessionId,
};
use openledger_protocol::x402::{self, Payload, PaymentRequired, PaymentSignature};
use sp_runtime::Permill;

/// The chain.
pub const GENESIS: Hash = Hash::repeat_byte(7);
/// Its best block.
pub const BEST: BlockNumber = 100;
/// The model.
pub const MODEL: ModelId = 3;
/// Its name.
pub const MODEL_NAME: &str = "echo";
/// The version of its price.
pub const PRICE_VERSION: PriceVersion = 2;
/// Its price.
pub const PRICE: PriceSchedule = PriceSchedule {
	per_call: 1_000,
	per_input_token: 10,
	per_cached_input_token: 5,
	per_output_token: 100,
};
/// The deposit of a session, in planck.
pub const DEPOSIT: Balance = 1_000_000;
/// The caller's salt.
pub const SALT: [u8; 32] = [9; 32];
/// A session that is open and pays this node.
pub const SESSION: SessionId = 5;

/// The key of a development account such as `//Alice`.
pub fn key(uri: &str) -> Keypair {
	Keypair::from_uri(uri, Scheme::Sr25519).expect("a development key")
}

/// The key of the node's operator.
pub fn operator() -> Keypair {
	key("//Bob")
}

/// The key of the caller.
pub fn caller() -> Keypair {
	key("//Alice")
}

/// A key that may sign vouchers for the caller, where a test says so.
pub fn hot_key() -> Keypair {
	key("//Alice//hot")
}

/// A session of the caller with the operator's node, of which nothing is spent.
pub fn session(id: SessionId) -> SessionInfo {
	SessionInfo {
		id,
		caller: caller().account(),
		node: operator().account(),
		signer: caller().account(),
		deposit: DEPOSIT,
		settled: 0,
		spending_limit: 0,
		expires_at: BEST + 1_000,
		closes_at: None,
		lanes: Vec::new(),
	}
}

/// A lane as far as the chain has settled it.
pub fn settled_lane(lane: LaneId, sequence: Sequence, settled: Balance) -> LaneInfo {
	LaneInfo { lane, sequence, settled }
}

/// The model.
pub fn model() -> ModelInfo {
	ModelInfo {
		id: MODEL,
		name: MODEL_NAME.into(),
		owner: key("//Dave").account(),
		payee: key("//Dave").account(),
		paused: false,
		retired_at: None,
		offered_to: None,
		version: 1,
		price_version: PRICE_VERSION,
		price: PRICE,
		policy: RevenuePolicy {
			developer: Permill::from_percent(60),
			data: Permill::zero(),
			node: Permill::from_percent(40),
			attributed: Permill::zero(),
		},
		details: VersionDetails {
			uri: Default::default(),
			base_hash: Hash::zero(),
			adapter_hash: None,
			tokenizer_hash: Hash::zero(),
			template_hash: None,
			template_overhead: 64,
			max_retrieved_tokens: 0,
			attribution_rule: NEWEST_RULE,
			sources: DataSources::default(),
		},
		parent: None,
		next_version: None,
		next_price: None,
		next_policy: None,
		deposit: 0,
	}
}

/// The first voucher of the session's first lane, for this body, good for `allowance`.
pub fn voucher(body: &[u8], allowance: Balance) -> Voucher {
	Voucher {
		genesis_hash: GENESIS,
		session: SESSION,
		lane: 0,
		model: MODEL,
		version: 1,
		price_version: PRICE_VERSION,
		sequence: 1,
		acknowledged: 0,
		authorised: allowance,
		request_hash: request_hash(&SALT, body),
		valid_until: BEST + 50,
	}
}

/// A voucher's header, signed by `signer`, as an answer to `required`.
pub fn payment(required: &PaymentRequired, voucher: Voucher, signer: &Keypair) -> PaymentSignature {
	let payload = Payload { voucher, signature: signer.sign_message(&voucher), salt: SALT };
	let accepted = required.accepts.first().expect("there is a way to pay").clone();
	PaymentSignature::new(required.resource.clone(), accepted, payload)
}

/// A voucher's header, as it goes over the wire.
pub fn header(payment: &PaymentSignature) -> String {
	x402::encode(payment)
}
