//! Parts for tests: a chain in memory, a model that says what it is told to, and callers with keys.

use std::{
	collections::BTreeMap,
	sync::{Mutex, MutexGuard},
	time::Duration,
};

use async_trait::async_trait;
use openledger_client::{
	x402::{self, Payload, PaymentRequired, PaymentSignature},
	Keypair, Scheme,
};
use openledger_primitives::{
	attribution::DataSources,
	info::{LaneInfo, ModelInfo, SessionInfo},
	policy::RevenuePolicy,
	price::PriceSchedule,
	voucher::{request_hash, Voucher},
	AccountId, Balance, BlockNumber, Hash, LaneId, ModelId, PriceVersion, Sequence, SessionId,
};
use sp_runtime::Permill;

use crate::{
	backend::{
		Backend, BackendError, ChatRequest, Delta, Embedded, EmbeddingRequest, FinishReason,
		Finished, Generation, ModelFacts, Party, Prepared, PreparedEmbedding, ToolDelta,
	},
	payment::{ChainUnavailable, SessionSource},
	store::{Acceptance, ServedCall, StoredVoucher},
};

pub(crate) const GENESIS: Hash = Hash::repeat_byte(7);
pub(crate) const BEST: BlockNumber = 100;
pub(crate) const MODEL: ModelId = 3;
pub(crate) const MODEL_NAME: &str = "echo";
pub(crate) const PRICE_VERSION: u32 = 2;
pub(crate) const PRICE: PriceSchedule =
	PriceSchedule { per_call: 1_000, per_input_token: 10, per_output_token: 100 };
pub(crate) const DEPOSIT: Balance = 1_000_000;
pub(crate) const SALT: [u8; 32] = [9; 32];
/// A session that is open and pays this node.
pub(crate) const SESSION: SessionId = 5;

pub(crate) fn key(uri: &str) -> Keypair {
	Keypair::from_uri(uri, Scheme::Sr25519).expect("a development key")
}

pub(crate) fn operator() -> Keypair {
	key("//Bob")
}

pub(crate) fn caller() -> Keypair {
	key("//Alice")
}

/// A key that may sign vouchers for the caller, where a test says so.
pub(crate) fn hot_key() -> Keypair {
	key("//Alice//hot")
}

pub(crate) fn session(id: SessionId) -> SessionInfo {
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

pub(crate) fn settled_lane(lane: LaneId, sequence: Sequence, settled: Balance) -> LaneInfo {
	LaneInfo { lane, sequence, settled }
}

pub(crate) fn model() -> ModelInfo {
	ModelInfo {
		id: MODEL,
		name: MODEL_NAME.into(),
		owner: key("//Dave").account(),
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
		uri: String::new(),
		weights_hash: Hash::zero(),
		tokenizer_hash: Hash::zero(),
		sources: DataSources::default(),
		parent: None,
		next_version: None,
		next_price: None,
		next_policy: None,
		deposit: 0,
	}
}

/// A chain in memory.
pub(crate) struct TestChain {
	operator: AccountId,
	state: Mutex<ChainState>,
}

pub(crate) struct ChainState {
	pub(crate) best: BlockNumber,
	pub(crate) away: bool,
	/// For how long it has not been heard of, where what is known of it still counts.
	pub(crate) quiet: Option<Duration>,
	pub(crate) sessions: BTreeMap<SessionId, SessionInfo>,
	pub(crate) models: BTreeMap<ModelId, ModelInfo>,
	/// Prices that were offered before.
	pub(crate) standing: BTreeMap<(ModelId, PriceVersion), PriceSchedule>,
}

impl Default for TestChain {
	fn default() -> Self {
		let state = ChainState {
			best: BEST,
			away: false,
			quiet: None,
			sessions: [(SESSION, session(SESSION))].into(),
			models: [(MODEL, model())].into(),
			standing: BTreeMap::new(),
		};
		Self { operator: operator().account(), state: Mutex::new(state) }
	}
}

impl TestChain {
	pub(crate) fn state(&self) -> MutexGuard<'_, ChainState> {
		self.state.lock().expect("no test panics while it holds this")
	}

	pub(crate) fn change_session(&self, change: impl FnOnce(&mut SessionInfo)) {
		change(self.state().sessions.get_mut(&SESSION).expect("it is there"));
	}

	pub(crate) fn change_model(&self, change: impl FnOnce(&mut ModelInfo)) {
		change(self.state().models.get_mut(&MODEL).expect("it is there"));
	}

	/// As if the model were served no more.
	pub(crate) fn forget_model(&self) {
		self.state().models.remove(&MODEL);
	}

	fn asked(&self) -> Result<MutexGuard<'_, ChainState>, ChainUnavailable> {
		let state = self.state();
		match state.away {
			true => Err(ChainUnavailable("gone fishing".into())),
			false => Ok(state),
		}
	}
}

#[async_trait]
impl SessionSource for TestChain {
	fn genesis_hash(&self) -> Hash {
		GENESIS
	}

	fn operator(&self) -> &AccountId {
		&self.operator
	}

	fn best_block(&self) -> Result<BlockNumber, ChainUnavailable> {
		Ok(self.asked()?.best)
	}

	fn model(&self, id: ModelId) -> Result<Option<ModelInfo>, ChainUnavailable> {
		Ok(self.asked()?.models.get(&id).cloned())
	}

	fn standing_price(
		&self,
		model: ModelId,
		version: PriceVersion,
	) -> Result<Option<PriceSchedule>, ChainUnavailable> {
		Ok(self.asked()?.standing.get(&(model, version)).copied())
	}

	async fn session(&self, id: SessionId) -> Result<Option<SessionInfo>, ChainUnavailable> {
		Ok(self.asked()?.sessions.get(&id).cloned())
	}

	fn away_for(&self) -> Option<Duration> {
		self.state().quiet
	}
}

/// What a [`TestBackend`] does when it is called.
#[derive(Clone, Debug)]
pub(crate) enum Script {
	/// Says these words, then ends.
	Say(Vec<&'static str>),
	/// Says these words, then nothing until it is called off.
	Stall(Vec<&'static str>),
	/// Says these words, then fails.
	Break(Vec<&'static str>, BackendError),
	/// Calls a tool, then ends.
	Call(ToolDelta),
	/// Has no room.
	Refuse(BackendError),
}

/// A model that says what it is told to. A word is a token.
pub(crate) struct TestBackend {
	facts: ModelFacts,
	script: Mutex<Script>,
}

pub(crate) const CONTEXT: u32 = 64;
pub(crate) const DEFAULT_MAX_TOKENS: u32 = 16;

impl TestBackend {
	pub(crate) fn new(script: Script) -> Self {
		let facts = ModelFacts {
			kind: "test",
			context_length: CONTEXT,
			weights_hash: Some(model().weights_hash),
			tokenizer_hash: Hash::zero(),
		};
		Self { facts, script: Mutex::new(script) }
	}

	pub(crate) fn follow(&self, script: Script) {
		*self.script.lock().expect("no test panics while it holds this") = script;
	}
}

fn words(text: &str) -> u32 {
	u32::try_from(text.split_whitespace().count()).expect("tests are short")
}

async fn speak(sink: &crate::backend::EventSink, words: &[&'static str]) -> u32 {
	let mut output_tokens = 0;
	for word in words {
		output_tokens += 1;
		let delta = Delta { text: format!("{word} "), output_tokens };
		if sink.send(delta).await.is_err() {
			break;
		}
	}
	output_tokens
}

#[async_trait]
impl Backend for TestBackend {
	fn facts(&self) -> &ModelFacts {
		&self.facts
	}

	async fn prepare(&self, request: ChatRequest) -> Result<Prepared, BackendError> {
		let chat: u32 = request.messages.iter().map(|message| words(&message.content)).sum();
		let input = chat + request.prompt.as_deref().map_or(0, words);
		let prompt = vec![0; usize::try_from(input).expect("tests are short")];
		Prepared::new(request, prompt, CONTEXT, DEFAULT_MAX_TOKENS)
	}

	async fn generate(&self, call: Prepared) -> Result<Generation, BackendError> {
		let script = self.script.lock().expect("no test panics while it holds this").clone();
		let (sink, generation) = Generation::channel(4);
		let input_tokens = call.input_tokens();
		let end = move |reason, output_tokens| Ok(Finished { reason, input_tokens, output_tokens });
		match script {
			Script::Refuse(error) => return Err(error),
			Script::Call(delta) => {
				let tokens = delta.output_tokens;
				sink.send_tool(delta).await.expect("there is room");
				sink.finish(end(FinishReason::ToolCalls, tokens));
			}
			Script::Say(words) => {
				tokio::spawn(async move {
					let spoken = speak(&sink, &words).await;
					sink.finish(end(FinishReason::Stop, spoken));
				});
			}
			Script::Stall(words) => {
				tokio::spawn(async move {
					let spoken = speak(&sink, &words).await;
					sink.cancelled().await;
					sink.finish(end(FinishReason::Cancelled, spoken));
				});
			}
			Script::Break(words, error) => {
				tokio::spawn(async move {
					speak(&sink, &words).await;
					sink.finish(Err(error));
				});
			}
		}
		Ok(generation)
	}

	/// Every text becomes the number of its words.
	async fn prepare_embedding(
		&self,
		request: EmbeddingRequest,
	) -> Result<PreparedEmbedding, BackendError> {
		let input_tokens = request.inputs.iter().map(|text| words(text)).sum();
		Ok(PreparedEmbedding { party: Party::Nobody, request, input_tokens })
	}

	async fn embed(&self, call: PreparedEmbedding) -> Result<Embedded, BackendError> {
		let script = self.script.lock().expect("no test panics while it holds this").clone();
		if let Script::Refuse(error) = script {
			return Err(error);
		}
		let vector = |text: &String| vec![f32::from(u8::try_from(words(text)).expect("short"))];
		let vectors = call.request.inputs.iter().map(vector).collect();
		Ok(Embedded { vectors, input_tokens: call.input_tokens })
	}

	fn count_tokens(&self, text: &str) -> Result<u32, BackendError> {
		Ok(words(text))
	}

	async fn health(&self) -> Result<(), BackendError> {
		match &*self.script.lock().expect("no test panics while it holds this") {
			Script::Refuse(error) => Err(error.clone()),
			_ => Ok(()),
		}
	}
}

/// The first voucher of the session's first lane, for this body, good for `allowance`.
pub(crate) fn voucher(body: &[u8], allowance: Balance) -> Voucher {
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
pub(crate) fn payment(
	required: &PaymentRequired,
	voucher: Voucher,
	signer: &Keypair,
) -> PaymentSignature {
	let payload = Payload { voucher, signature: signer.sign_message(&voucher), salt: SALT };
	let accepted = required.accepts.first().expect("there is a way to pay").clone();
	PaymentSignature::new(required.resource.clone(), accepted, payload)
}

pub(crate) fn header(payment: &PaymentSignature) -> String {
	x402::encode(payment)
}

/// A voucher that was checked, for the store's own tests.
pub(crate) fn acceptance(voucher: Voucher, reserve: Balance) -> Acceptance {
	let signature = caller().sign_message(&voucher);
	Acceptance {
		voucher: StoredVoucher { voucher, signature, salt: SALT },
		reserve,
		session: session(voucher.session),
		limit: Balance::MAX,
		exposure: Balance::MAX,
		at: 1_000,
	}
}

/// A call that was served, for the store's own tests.
pub(crate) fn served(sequence: Sequence, charge: Balance) -> ServedCall {
	let record = openledger_primitives::record::CallRecord {
		sequence,
		model: MODEL,
		version: 1,
		price_version: PRICE_VERSION,
		input_tokens: 3,
		output_tokens: 4,
		request_hash: Hash::repeat_byte(1),
		response_hash: Hash::repeat_byte(2),
		attribution: Default::default(),
	};
	ServedCall { record, charge, statement_signature: operator().sign(b"statement"), at: 2_000 }
}
