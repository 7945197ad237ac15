//! A model that runs in this process, with candle, from a GGUF file.

mod detokenize;
mod queue;
mod sampling;
mod sequence;
mod unpack;

use std::{
	panic::{catch_unwind, AssertUnwindSafe},
	path::{Path, PathBuf},
	sync::{
		atomic::{AtomicBool, AtomicU64, Ordering},
		Arc,
	},
	time::{Duration, Instant},
};

use async_trait::async_trait;
use candle_core::Device;
use candle_transformers::models::quantized_llama::{ModelWeights, MAX_SEQ_LEN};

use self::{
	detokenize::Detokenizer,
	queue::{Job, Next, Queue, Refused},
	sampling::Sampler,
	sequence::{bytes_per_token, Conversations, Sequence},
	unpack::{unpacked_size, Unpacked},
};
use super::{
	emit::Emitter,
	gguf::{self, Gguf},
	Backend, BackendError, ChatRequest, Delta, EventSink, FinishReason, Finished, Generation, Gone,
	Load, LoadError, Message, ModelFacts, ModelTokenizer, Party, Prepared, Role,
};

/// The prompt is read in pieces of this many tokens: a large piece is fast, but its attention needs
/// memory for every pair of tokens, and only between pieces can a call be called off.
const PIECE: usize = 128;

/// Weights are unpacked by default if they then take at most this many bytes.
pub const UNPACK_UP_TO: u64 = 4 << 30;

/// Settings of a model in this process.
#[derive(Debug, Clone)]
pub struct LocalOptions {
	/// The GGUF file.
	pub path: PathBuf,
	/// A `tokenizer.json`, for files whose own tokenizer cannot be loaded.
	pub tokenizer: Option<PathBuf>,
	/// A chat template, instead of the file's own.
	pub chat_template: Option<PathBuf>,
	/// A smaller context than the model's, in tokens.
	pub context: Option<u32>,
	/// True to unpack the weights when they are loaded, which takes four bytes for each, and is
	/// faster and more exact. If not given, they are if they then take at most [`UNPACK_UP_TO`].
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

/// A llama-family model in this process. It answers one call at a time, on a thread of its own. Calls
/// wait in one line for each party, and the lines take turns. What the model has read is kept for the
/// conversation's next turn.
pub struct LocalBackend {
	facts: ModelFacts,
	tokenizer: Arc<ModelTokenizer>,
	worker: Arc<Worker>,
	default_max_tokens: u32,
	timeout: Duration,
}

impl LocalBackend {
	/// Loads a model and starts its thread. Reads the whole file twice (once to hash it), so call
	/// it outside the async runtime.
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
		let weights_hash = file.hash(path)?;
		let each = bytes_per_token(&file);
		let conversations =
			Conversations::new(options.conversations, each, options.conversations_for);
		let weights =
			load_weights(file, options.unpack).map_err(|error| LoadError::invalid(path, error))?;

		let facts = ModelFacts {
			kind: "candle",
			context_length,
			weights_hash: Some(weights_hash),
			tokenizer_hash: tokenizer.hash(),
		};
		let tokenizer = Arc::new(tokenizer);
		let worker = Arc::new(Worker {
			queue: Queue::new(options.queue),
			broken: AtomicBool::new(false),
			usual_millis: AtomicU64::new(1_000),
		});
		let thread = {
			let (worker, tokenizer) = (worker.clone(), tokenizer.clone());
			move || worker.run(&weights, &tokenizer, conversations)
		};
		std::thread::Builder::new()
			.name("model".into())
			.spawn(thread)
			.map_err(|error| LoadError::Setting(format!("no thread for the model: {error}")))?;
		Ok(Self {
			facts,
			tokenizer,
			worker,
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

impl Drop for LocalBackend {
	fn drop(&mut self) {
		self.worker.queue.close();
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
		self.tokenizer.prepare(request, context, self.default_max_tokens).await
	}

	async fn generate(&self, call: Prepared) -> Result<Generation, BackendError> {
		// Room for everything that can come, so that a slow reader never stops the model: a delta
		// for each token, and the rest of the text.
		let room = usize::try_from(call.max_output_tokens()).unwrap_or(usize::MAX);
		let (sink, generation) = Generation::channel(room.saturating_add(1));
		let call = Call { call, sink, timeout: self.timeout, since: Instant::now() };
		let overloaded =
			|waiting| BackendError::Overloaded { retry_after: self.worker.until_room(waiting) };
		let displaced = self.worker.queue.push(call).map_err(|refused| match refused {
			Refused::Closed => BackendError::failed("the model's thread has ended"),
			Refused::Full { waiting } => overloaded(waiting),
		})?;
		if let Some(displaced) = displaced {
			let (waiting, _) = self.worker.queue.load();
			displaced.sink.finish(Err(overloaded(waiting)));
		}
		Ok(generation)
	}

	fn load(&self) -> Load {
		let (waiting, idle) = self.worker.queue.load();
		Load { running: usize::from(!idle), waiting }
	}

	fn count_tokens(&self, text: &str) -> Result<u32, BackendError> {
		self.tokenizer.count(text)
	}

	async fn health(&self) -> Result<(), BackendError> {
		if self.worker.queue.is_closed() {
			return Err(BackendError::failed("the model's thread has ended"));
		}
		if self.worker.broken.load(Ordering::Relaxed) {
			return Err(BackendError::failed("the last call broke the model"));
		}
		Ok(())
	}
}

/// The state that the model's thread and the rest of the node share.
struct Worker {
	queue: Queue<Call>,
	/// The last call ended in a panic.
	broken: AtomicBool,
	/// The time that a call took lately, on average, in milliseconds.
	usual_millis: AtomicU64,
}

/// A call in the queue.
struct Call {
	call: Prepared,
	sink: EventSink,
	timeout: Duration,
	since: Instant,
}

impl Job for Call {
	type Party = Party;

	fn party(&self) -> Party {
		self.call.party().clone()
	}

	fn is_abandoned(&self) -> bool {
		self.sink.is_cancelled()
	}
}

impl Worker {
	fn run(
		&self,
		weights: &ModelWeights,
		tokenizer: &ModelTokenizer,
		mut conversations: Conversations,
	) {
		loop {
			let next = self.queue.pop(conversations.next_end());
			let begin = Instant::now();
			conversations.forget_old(begin);
			let call = match next {
				Next::Job(call) => call,
				Next::Late => continue,
				Next::Closed => return,
			};
			// A panic must not take the other calls with it. This call's sink is dropped by it,
			// which its reader sees as an error.
			let kept = &mut conversations;
			let done = catch_unwind(AssertUnwindSafe(|| call.serve(weights, tokenizer, kept)));
			self.broken.store(done.is_err(), Ordering::Relaxed);
			if done.is_err() {
				tracing::error!("a call panicked in the model");
				conversations.clear();
			}
			let millis = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
			let usual = self.usual_millis.load(Ordering::Relaxed);
			let usual = usual.saturating_mul(3).saturating_add(millis) / 4;
			self.usual_millis.store(usual, Ordering::Relaxed);
		}
	}

	/// The time until there should be room for another call behind `waiting` ones: one second to a
	/// minute.
	fn until_room(&self, waiting: usize) -> Duration {
		// One of the calls that wait has to begin, so the one being answered has to end; the
		// longer the queue, the more others will come back for that place.
		let calls = u64::try_from(waiting).unwrap_or(u64::MAX).saturating_add(1) / 2 + 1;
		let millis = self.usual_millis.load(Ordering::Relaxed).saturating_mul(calls);
		Duration::from_secs(millis.div_ceil(1_000).clamp(1, 60))
	}
}

impl Call {
	fn serve(
		self,
		weights: &ModelWeights,
		tokenizer: &ModelTokenizer,
		conversations: &mut Conversations,
	) {
		let Self { call, sink, timeout, since } = self;
		let mut answer = Answer {
			call: &call,
			tokenizer,
			sink: &sink,
			deadline: since.checked_add(timeout),
			timeout,
			emitter: Emitter::new(&call.request().stop),
			text: String::new(),
		};
		let made = answer.make(weights, conversations);
		let ended = made.and_then(|reason| answer.finished(reason));
		if let Err(error) = &ended {
			tracing::warn!(%error, "a call failed");
		}
		sink.finish(ended);
	}
}

/// An answer while it is being made.
struct Answer<'a> {
	call: &'a Prepared,
	tokenizer: &'a ModelTokenizer,
	sink: &'a EventSink,
	deadline: Option<Instant>,
	timeout: Duration,
	emitter: Emitter,
	/// All that was handed out.
	text: String,
}

impl Answer<'_> {
	/// Reads the prompt, as far as it was not read in an earlier turn, and answers it. Keeps what the
	/// next turn will begin with.
	fn make(
		&mut self,
		weights: &ModelWeights,
		conversations: &mut Conversations,
	) -> Result<FinishReason, BackendError> {
		let (call, party) = (self.call, self.call.party());
		let resumed = conversations.resume(party, call.prompt());
		let mut sequence = resumed.unwrap_or_else(|| Sequence::new(weights));
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
		let prompt = conversations.are_kept(party).then(|| sequence.clone());
		let reason = self.answer(&mut sequence, scores)?;
		if let Some(prompt) = prompt {
			// The next turn has this answer as its text is tokenised, which need not be how the model
			// spelled it.
			let said = sequence.tokens().get(call.prompt().len()..).unwrap_or_default();
			let as_spelled = self.tokenizer.tokens(&self.text)?.starts_with(said);
			conversations.keep(party, if as_spelled { sequence } else { prompt });
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
		let mut detokenizer = Detokenizer::new(self.tokenizer.library());
		let most = self.call.max_output_tokens();
		let mut reason = FinishReason::Length;
		let mut made = 0;
		for number in 1..=most {
			let token = sampler.choose(&scores)?;
			if self.tokenizer.is_end(token) {
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
		if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
			return Err(BackendError::Timeout { stage: "answering", after: self.timeout });
		}
		Ok(self.sink.is_cancelled())
	}

	/// The counts to charge: the tokens made, or those that anybody counts in the text, whichever are fewer. The
	/// model may spell a word with more tokens than its tokenizer would.
	fn finished(&self, reason: FinishReason) -> Result<Finished, BackendError> {
		let counted = self.tokenizer.count(&self.text)?;
		Ok(Finished {
			reason,
			input_tokens: self.call.input_tokens(),
			output_tokens: self.emitter.tokens().min(counted),
		})
	}
}

#[cfg(test)]
mod tests;
