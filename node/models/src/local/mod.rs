//! A model that runs in this process, with candle, from a GGUF file.

mod detokenize;
mod sampling;
mod sequence;
mod unpack;

use std::{
	path::{Path, PathBuf},
	sync::{
		atomic::{AtomicBool, Ordering},
		Arc, Mutex, MutexGuard, PoisonError, Weak,
	},
	time::{Duration, Instant},
};

use async_trait::async_trait;
use candle_core::Device;
use candle_transformers::models::quantized_llama::{ModelWeights, MAX_SEQ_LEN};

use self::{
	detokenize::Detokenizer,
	sampling::Sampler,
	sequence::{bytes_per_token, Conversations, Sequence},
	unpack::{unpacked_size, Unpacked},
};
use super::{
	emit::Emitter,
	gguf::{self, Gguf},
	turns::{Permit, Turns},
	Backend, BackendError, ChatRequest, Delta, EventSink, FinishReason, Finished, Generation, Gone,
	Load, LoadError, Message, ModelFacts, ModelTokenizer, Prepared, Role,
};

/// The prompt is read in pieces of this many tokens: a large piece is fast, but its attention needs
/// memory for every pair of tokens, and only between pieces can a call be called off.
const PIECE: usize = 128;

/// Weights are unpacked by default if they then take at most this many bytes.
const UNPACK_UP_TO: u64 = 4 << 30;

/// The time between two checks for conversations whose time is over.
const FORGETTING: Duration = Duration::from_secs(10);

/// Settings of a model in this process.
#[derive(Debug, Clone)]
pub struct LocalOptions {
	/// The GGUF file.
	pub path: PathBuf,
	/// A `tokenizer.json`, for files whose own tokenizer cannot be loaded, and to compare it with the
	/// chain's.
	pub tokenizer: Option<PathBuf>,
	/// A chat template, instead of the file's own.
	pub chat_template: Option<PathBuf>,
	/// A smaller context than the model's, in tokens.
	pub context: Option<u32>,
	/// True to unpack the weights when they are loaded, which takes four bytes for each, and is
	/// faster and more exact. If not given, they are if they then take at most 4 GiB.
	pub unpack: Option<bool>,
	/// Output tokens of a call that names no number.
	pub default_max_tokens: u32,
	/// Memory for conversations that may go on, in bytes; 0 keeps none.
	pub conversations: u64,
	/// The time for which each of them is kept after its last turn.
	pub conversations_for: Duration,
	/// Calls that may wait while one is answered.
	pub queue: usize,
	/// The longest that one call may take, waiting included.
	pub timeout: Duration,
}

/// A llama-family model in this process. It answers one call at a time. What it has read is kept for the
/// conversation's next turn.
pub struct LocalBackend {
	facts: ModelFacts,
	model: Arc<Model>,
	default_max_tokens: u32,
	timeout: Duration,
}

impl LocalBackend {
	/// Loads a model. Reads the whole file twice (once to hash it), so call it outside the async
	/// runtime.
	///
	/// # Errors
	/// If the file cannot be read, is no model of the llama family, or has a tokenizer that
	/// cannot be trusted to count rightly.
	pub fn load(options: &LocalOptions) -> Result<Self, LoadError> {
		let path = options.path.as_path();
		let mut file = Gguf::open(path)?;
		let architecture = gguf::text(&file.content, "general.architecture").unwrap_or("unnamed");
		if architecture != "llama" {
			return Err(LoadError::invalid(
				path,
				format!("architecture `{architecture}` is not supported, only `llama` is"),
			));
		}
		let context_length = context_length(path, &file, options.context)?;
		let template = options.chat_template.as_deref();
		let tokenizer = match &options.tokenizer {
			Some(path) => ModelTokenizer::load(path, template)?,
			None => ModelTokenizer::from_gguf(path, &mut file.content, template)?,
		};
		let base_hash = file.hash(path)?;
		let each = bytes_per_token(&file);
		let conversations =
			Conversations::new(options.conversations, each, options.conversations_for);
		let weights =
			load_weights(file, options.unpack).map_err(|error| LoadError::invalid(path, error))?;

		let facts = ModelFacts {
			kind: "candle",
			context_length,
			base_hash: Some(base_hash),
			tokenizer_hash: tokenizer.hash(),
		};
		let model = Arc::new(Model {
			weights,
			tokenizer: Arc::new(tokenizer),
			conversations: Mutex::new(conversations),
			turns: Turns::new(1, options.queue),
			broken: AtomicBool::new(false),
		});
		if let Ok(runtime) = tokio::runtime::Handle::try_current() {
			runtime.spawn(forget_old(Arc::downgrade(&model)));
		}
		Ok(Self {
			facts,
			model,
			default_max_tokens: options.default_max_tokens,
			timeout: options.timeout,
		})
	}
}

/// The context that the model was trained for, as far as candle's tables of positions reach.
fn context_length(path: &Path, file: &Gguf, wanted: Option<u32>) -> Result<u32, LoadError> {
	let trained = gguf::number(&file.content, "llama.context_length").unwrap_or(u32::MAX);
	let most = trained.min(u32::try_from(MAX_SEQ_LEN).unwrap_or(u32::MAX));
	match wanted {
		None => Ok(most),
		Some(context) if context <= most => Ok(context),
		Some(context) => Err(LoadError::invalid(
			path,
			format!("`context` is {context}, but at most {most} tokens can be served"),
		)),
	}
}

fn load_weights(file: Gguf, unpack: Option<bool>) -> candle_core::Result<ModelWeights> {
	let Gguf { mut content, mut reader } = file;
	if unpack.unwrap_or_else(|| unpacked_size(&content) <= UNPACK_UP_TO) {
		let mut unpacked = Unpacked::new(&mut content, &mut reader);
		ModelWeights::from_gguf(content, &mut unpacked, &Device::Cpu)
	} else {
		ModelWeights::from_gguf(content, &mut reader, &Device::Cpu)
	}
}

#[async_trait]
impl Backend for LocalBackend {
	fn facts(&self) -> &ModelFacts {
		&self.facts
	}

	async fn prepare(&self, request: ChatRequest) -> Result<Prepared, BackendError> {
		if let Some(param) = request.extras.keys().next() {
			return Err(BackendError::Unsupported { param: param.clone() });
		}
		let tools = request.messages.iter().position(Message::is_about_tools);
		if let Some(index) = tools {
			let about = request.messages.get(index).filter(|message| message.role == Role::Tool);
			let part = if about.is_some() { "role" } else { "tool_calls" };
			return Err(BackendError::Unsupported { param: format!("messages[{index}].{part}") });
		}
		let context = self.facts.context_length;
		self.model.tokenizer.prepare(request, context, self.default_max_tokens).await
	}

	async fn generate(&self, call: Prepared) -> Result<Generation, BackendError> {
		let permit = self.model.turns.admit(call.party())?;
		// Room for everything that can come, so that a slow reader never stops the model: a delta
		// for each token, and the rest of the text.
		let room = usize::try_from(call.max_output_tokens()).unwrap_or(usize::MAX);
		let (sink, generation) = Generation::channel(room.saturating_add(1));
		tokio::spawn(self.model.clone().serve(call, sink, self.timeout, permit));
		Ok(generation)
	}

	fn load(&self) -> Load {
		self.model.turns.load()
	}

	fn count_tokens(&self, text: &str) -> Result<u32, BackendError> {
		self.model.tokenizer.count(text)
	}

	async fn health(&self) -> Result<(), BackendError> {
		match self.model.broken.load(Ordering::Relaxed) {
			true => Err(BackendError::failed("the last call broke the model")),
			false => Ok(()),
		}
	}
}

/// The model, and what all calls of it share.
struct Model {
	weights: ModelWeights,
	tokenizer: Arc<ModelTokenizer>,
	conversations: Mutex<Conversations>,
	turns: Turns,
	/// The last call ended in a panic.
	broken: AtomicBool,
}

impl Model {
	/// Answers a call to its end, when it is its turn, and holds its permit until then.
	async fn serve(
		self: Arc<Self>,
		call: Prepared,
		sink: EventSink,
		timeout: Duration,
		permit: Permit,
	) {
		let deadline = Instant::now() + timeout;
		let turn = tokio::time::timeout_at(deadline.into(), self.turns.take(call.party()));
		let slot = tokio::select! {
			biased;
			() = sink.cancelled() => return,
			turn = turn => match turn.unwrap_or_else(|_| Err(too_late(timeout))) {
				Ok(slot) => slot,
				Err(error) => return sink.finish(Err(error)),
			},
		};
		let model = self.clone();
		let work = move || {
			let _held = (permit, slot);
			let mut decoding = Decoding {
				call: &call,
				model: &model,
				sink: &sink,
				deadline,
				timeout,
				emitter: Emitter::new(&call.request().stop),
				text: String::new(),
			};
			let made = decoding.run();
			let ended = made.and_then(|reason| decoding.finished(reason));
			if let Err(error) = &ended {
				tracing::warn!(%error, "a call failed");
			}
			sink.finish(ended);
		};
		// A panic drops the call's sink, which its reader sees as an error; it takes no other with it.
		let done = tokio::task::spawn_blocking(work).await;
		self.broken.store(done.is_err(), Ordering::Relaxed);
		if done.is_err() {
			tracing::error!("a call panicked in the model");
			self.conversations().clear();
		}
	}

	fn conversations(&self) -> MutexGuard<'_, Conversations> {
		// Every change of them is complete before anything could panic.
		self.conversations.lock().unwrap_or_else(PoisonError::into_inner)
	}
}

/// Forgets conversations whose time is over, until the model is gone.
async fn forget_old(model: Weak<Model>) {
	while let Some(model) = model.upgrade() {
		model.conversations().forget_old(Instant::now());
		drop(model);
		tokio::time::sleep(FORGETTING).await;
	}
}

fn too_late(timeout: Duration) -> BackendError {
	BackendError::Timeout { stage: "answering", after: timeout }
}

/// A call while the model decodes its answer.
struct Decoding<'a> {
	call: &'a Prepared,
	model: &'a Model,
	sink: &'a EventSink,
	deadline: Instant,
	timeout: Duration,
	emitter: Emitter,
	/// All that was handed out.
	text: String,
}

impl Decoding<'_> {
	/// Reads the prompt, as far as it was not read in an earlier turn, and answers it. Keeps what the
	/// next turn will begin with.
	fn run(&mut self) -> Result<FinishReason, BackendError> {
		let (call, model, party) = (self.call, self.model, self.call.party());
		let resumed = model.conversations().resume(party, call.prompt());
		let mut sequence = resumed.unwrap_or_else(|| Sequence::new(&model.weights));
		let known = sequence.tokens().len();
		if known > 0 {
			let known = u64::try_from(known).unwrap_or(u64::MAX);
			metrics::counter!("openledger_resumed_tokens_total").increment(known);
		}
		let mut scores = Vec::new();
		for piece in call.prompt().get(known..).unwrap_or_default().chunks(PIECE) {
			if self.is_called_off()? {
				return Ok(FinishReason::Cancelled);
			}
			scores = sequence.feed(piece)?;
		}
		let prompt = model.conversations().are_kept(party).then(|| sequence.clone());
		let reason = self.answer(&mut sequence, scores)?;
		if let Some(prompt) = prompt {
			// The next turn has this answer as its text is tokenised, which need not be how the model
			// spelled it.
			let said = sequence.tokens().get(call.prompt().len()..).unwrap_or_default();
			let as_spelled = model.tokenizer.tokens(&self.text)?.starts_with(said);
			model.conversations().keep(party, if as_spelled { sequence } else { prompt });
		}
		Ok(reason)
	}

	/// Makes the answer, when the prompt was read and these are its scores.
	fn answer(
		&mut self,
		sequence: &mut Sequence,
		mut scores: Vec<f32>,
	) -> Result<FinishReason, BackendError> {
		let mut sampler = Sampler::new(&self.call.request().sampling);
		let mut detokenizer = Detokenizer::new(self.model.tokenizer.library());
		let most = self.call.max_output_tokens();
		let mut reason = FinishReason::Length;
		let mut made = 0;
		for number in 1..=most {
			let token = sampler.choose(&scores)?;
			if self.model.tokenizer.is_end(token) {
				reason = FinishReason::Stop;
				break;
			}
			made = number;
			let text = detokenizer.push(token)?;
			match self.hand_out(&text, made) {
				Ok(false) => {}
				Ok(true) => return Ok(FinishReason::Stop),
				Err(Gone) => return Ok(FinishReason::Cancelled),
			}
			if self.is_called_off()? {
				return Ok(FinishReason::Cancelled);
			}
			if number < most {
				scores = sequence.feed(&[token])?;
			}
		}
		match self.hand_out_rest(&detokenizer.finish()?, made) {
			Ok(true) => Ok(FinishReason::Stop),
			Ok(false) => Ok(reason),
			Err(Gone) => Ok(FinishReason::Cancelled),
		}
	}

	/// Hands out what may be; true when a stop string was reached.
	fn hand_out(&mut self, text: &str, tokens: u32) -> Result<bool, Gone> {
		let emitted = self.emitter.push(text, tokens);
		self.send(emitted.text)?;
		Ok(emitted.stopped)
	}

	/// Hands out what was held back, at the end.
	fn hand_out_rest(&mut self, text: &str, tokens: u32) -> Result<bool, Gone> {
		let mut emitted = self.emitter.push(text, tokens);
		if !emitted.stopped {
			emitted.text.push_str(&self.emitter.finish());
		}
		self.send(emitted.text)?;
		Ok(emitted.stopped)
	}

	fn send(&mut self, text: String) -> Result<(), Gone> {
		if text.is_empty() {
			return Ok(());
		}
		self.text.push_str(&text);
		self.sink.try_send(Delta { text, output_tokens: self.emitter.tokens() })
	}

	fn is_called_off(&self) -> Result<bool, BackendError> {
		if Instant::now() >= self.deadline {
			return Err(too_late(self.timeout));
		}
		Ok(self.sink.is_cancelled())
	}

	/// The counts to charge: the tokens made, or those that anybody counts in the text, whichever are fewer. The
	/// model may spell a word with more tokens than its tokenizer would.
	fn finished(&self, reason: FinishReason) -> Result<Finished, BackendError> {
		let counted = self.model.tokenizer.count(&self.text)?;
		Ok(Finished {
			reason,
			input_tokens: self.call.input_tokens(),
			output_tokens: self.emitter.tokens().min(counted),
		})
	}
}

#[cfg(test)]
mod tests;
