//! One data set: a caller, an operator, a model that it serves, and a session between them.

use openledger_chain_client::{Keypair, Scheme};
use openledger_primitives::{
	answer::{self, prompt_root, unattributed, AnswerSalts, Evidence},
	attribution::{DataSources, NEWEST_RULE},
	info::{LaneInfo, ModelInfo, SessionInfo},
	lane::{request_hash, Agreement, Statement, VersionedStatement, Voucher},
	lane_list::{LaneLeaf, LaneList},
	model::VersionDetails,
	policy::RevenuePolicy,
	price::{PriceSchedule, Tokens},
	Balance, BlockNumber, Hash, LaneId, ModelId, PriceVersion, Sequence, SessionId, VersionId,
};
use openledger_protocol::x402::{self, Payload, PaymentRequired, PaymentSignature, Receipt};
use sp_runtime::Permill;

/// The chain.
pub const GENESIS: Hash = Hash::repeat_byte(7);
/// Its best block.
pub const BEST: BlockNumber = 100;
/// The block in which its sessions were opened.
pub const OPENED_AT: BlockNumber = 50;
/// The block whose owners, curators and releases the calls of a lane are paid by.
pub const AS_OF: BlockNumber = 90;
/// The model.
pub const MODEL: ModelId = 3;
/// Its version.
pub const VERSION: VersionId = 1;
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
/// The prompt of a call, as the model's template renders it.
pub const PROMPT: &str = "What is the capital of France?";
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
		opened_at: OPENED_AT,
		expires_at: BEST + 1_000,
		closes_at: None,
		lanes: Vec::new(),
	}
}

/// A lane as far as the chain has settled it.
pub fn settled_lane(lane: LaneId, sequence: Sequence, settled: Balance) -> LaneInfo {
	LaneInfo { lane, sequence, settled, agreement: agreement().hash() }
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
		version: VERSION,
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

/// The agreement of a lane, by which its calls cost the list price.
pub fn agreement() -> Agreement {
	Agreement {
		model: MODEL,
		version: VERSION,
		price_version: PRICE_VERSION,
		as_of: AS_OF,
		evidence: Evidence::Open,
		own_price: None,
	}
}

/// The first voucher of the session's first lane, for this body, good for `allowance`.
pub fn voucher(body: &[u8], allowance: Balance) -> Voucher {
	Voucher {
		genesis_hash: GENESIS,
		session: SESSION,
		lane: 0,
		agreement: agreement(),
		sequence: 1,
		acknowledged: 0,
		acknowledged_root: LaneList::default().root(),
		authorised: allowance,
		request_hash: request_hash(&SALT, body),
		valid_until: BEST + 50,
		extension: None,
	}
}

/// The voucher after `last` on the same lane, which acknowledges the calls in `list`.
pub fn next_voucher(list: &LaneList, last: &Voucher, body: &[u8], allowance: Balance) -> Voucher {
	let acknowledged = list.totals().charge;
	Voucher {
		sequence: last.sequence + 1,
		acknowledged,
		acknowledged_root: list.root(),
		authorised: acknowledged + allowance,
		request_hash: request_hash(&SALT, body),
		..*last
	}
}

/// A voucher's header, signed by `signer`, as an answer to `required`.
pub fn payment(required: &PaymentRequired, voucher: Voucher, signer: &Keypair) -> PaymentSignature {
	let signature = signer.sign_message(&voucher);
	let payload = Payload { voucher: voucher.into(), signature, salt: SALT };
	let accepted = required.accepts.first().expect("there is a way to pay").clone();
	PaymentSignature::new(required.resource.clone(), accepted, payload)
}

/// A voucher's header, as it goes over the wire.
pub fn header(payment: &PaymentSignature) -> String {
	x402::encode(payment)
}

/// The answer to a voucher's call, of which `text` was delivered. Nobody is traced in it.
pub fn response(
	voucher: &Voucher,
	salt: &[u8; 32],
	text: &[u8],
	prompt: &[u8],
) -> answer::Response {
	let salts = AnswerSalts::new(salt, &voucher.request_hash);
	let prompt = prompt_root(&salts, prompt).expect("a short prompt");
	let evidence = voucher.agreement.evidence;
	unattributed(salt, &voucher.request_hash, text, prompt, evidence).expect("a short answer")
}

/// The statement of a voucher's call, of which `text` was delivered.
pub fn statement(voucher: &Voucher, tokens: Tokens, text: &str) -> Statement {
	stated(voucher, tokens, response(voucher, &SALT, text.as_bytes(), PROMPT.as_bytes()).hash())
}

/// The same, with its header, and signed.
pub fn receipt(voucher: &Voucher, tokens: Tokens, text: &str, signer: &Keypair) -> Receipt {
	let answer = response(voucher, &SALT, text.as_bytes(), PROMPT.as_bytes());
	let statement = stated(voucher, tokens, answer.hash());
	let signature = signer.sign_message(&statement);
	Receipt { statement: statement.into(), signature, header: answer.header }
}

fn stated(voucher: &Voucher, tokens: Tokens, response_hash: Hash) -> Statement {
	Statement {
		genesis_hash: voucher.genesis_hash,
		session: voucher.session,
		lane: voucher.lane,
		agreement: voucher.agreement,
		sequence: voucher.sequence,
		tokens,
		charge: voucher.agreement.price(&PRICE).charge(&tokens).expect("a small charge"),
		request_hash: voucher.request_hash,
		response_hash,
		attribution: Default::default(),
		extension: None,
	}
}

/// Adds a call that was charged to its lane's list.
pub fn append(list: &mut LaneList, statement: &Statement) -> LaneLeaf {
	let hash = VersionedStatement::from(statement.clone()).hash();
	list.append(statement.sequence, hash, &statement.totals()).expect("the lane's next call")
}
