//! With the real language model.

mod turns;

use futures::StreamExt;
use sp_core::{Blake2Hasher, Hasher};

use super::*;
use crate::{test_model, Completion, Event, Message, Party, Role, Sampling};

const GREEDY: Sampling = Sampling { temperature: Some(0.0), top_p: None, seed: None };

fn ask(question: &str) -> ChatRequest {
	ChatRequest {
		messages: vec![Message::new(Role::User, question)],
		sampling: GREEDY,
		..ChatRequest::default()
	}
}

fn backend() -> LocalBackend {
	LocalBackend::load(&test_model::options()).expect("the model loads")
}

async fn start(backend: &LocalBackend, request: ChatRequest) -> Generation {
	let call = backend.prepare(request).await.expect("it fits");
	backend.generate(call).await.expect("there is room")
}

async fn answer(backend: &LocalBackend, request: ChatRequest) -> Completion {
	start(backend, request).await.collect().await.expect("it answers")
}

/// Waits until some text has come.
async fn first_text(generation: &mut Generation) -> Delta {
	match generation.next().await {
		Some(Ok(Event::Delta(delta))) => delta,
		other => panic!("no text but {other:?}"),
	}
}

#[tokio::test]
async fn knows_the_capital_of_france() {
	let backend = backend();
	let request = ask("What is the capital of France?");
	let call = backend.prepare(request.clone()).await.expect("it fits");
	let mut generation = backend.generate(call.clone()).await.expect("there is room");
	let mut text = String::new();
	let mut tokens = 0;
	let finished = loop {
		match generation.next().await.expect("it ends with a reason").expect("it does not fail") {
			Event::Delta(delta) => {
				assert!(!delta.text.is_empty() && delta.output_tokens > tokens);
				tokens = delta.output_tokens;
				text.push_str(&delta.text);
			}
			Event::Tool(_) => panic!("it knows no tools"),
			Event::Finished(finished) => break finished,
		}
	};
	assert!(generation.next().await.is_none());
	println!("{text:?} {finished:?}");
	assert_eq!(text, "The capital of France is Paris.");
	assert_eq!(finished.reason, FinishReason::Stop);
	assert_eq!(finished.input_tokens, call.input_tokens());
	assert_eq!(finished.output_tokens, backend.count_tokens(&text).expect("it counts"));
	assert!(finished.output_tokens <= tokens);
	// The same question again: nothing is left of the first.
	assert_eq!(answer(&backend, request).await.text, text);
	assert_eq!(backend.health().await, Ok(()));
}

#[tokio::test]
async fn facts_are_those_of_the_file() {
	let backend = backend();
	let bytes = std::fs::read(test_model::path()).expect("it is there");
	let hash = Blake2Hasher::hash(&bytes);
	assert_eq!(backend.facts().base_hash, Some(hash));
	assert_eq!(backend.facts().kind, "candle");
	// The model knows 8,192, candle's table of positions half of that.
	assert_eq!(backend.facts().context_length, 4_096);
	// Its tokenizer is in the weights, and not in a file that the chain could name.
	assert_eq!(backend.facts().tokenizer_hash, None);
}

#[tokio::test]
async fn the_prompt_is_the_text_that_the_model_reads() {
	let backend = backend();
	let messages = vec![Message::new(Role::System, "Be brief."), Message::new(Role::User, "Hi")];
	let chat = ChatRequest { messages, ..ChatRequest::default() };
	let call = backend.prepare(chat).await.expect("it fits");
	let text = "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n\
	            <|im_start|>assistant\n";
	assert_eq!(call.text(), text);
	assert_eq!(call.prompt(), backend.model.tokenizer.tokens(text).expect("it tokenises"));

	let continued = ChatRequest { prompt: Some("Once upon".into()), ..ChatRequest::default() };
	assert_eq!(backend.prepare(continued).await.expect("it fits").text(), "Once upon");
}

#[tokio::test]
async fn follows_the_bounds_of_the_call() {
	let backend = backend();
	let short = ChatRequest { max_tokens: Some(3), ..ask("What is the capital of France?") };
	let Completion { text, finished, .. } = answer(&backend, short).await;
	assert_eq!(text, "The capital of");
	assert_eq!((finished.reason, finished.output_tokens), (FinishReason::Length, 3));

	let stop = vec!["Paris".to_owned(), "never said".to_owned()];
	let stopped = ChatRequest { stop, ..ask("What is the capital of France?") };
	let Completion { text, finished, .. } = answer(&backend, stopped).await;
	assert_eq!(text, "The capital of France is ");
	assert_eq!(finished.reason, FinishReason::Stop);
	assert!(finished.output_tokens <= 6, "{finished:?}");
}

#[tokio::test]
async fn the_same_seed_says_the_same() {
	let backend = backend();
	let request = |seed| ChatRequest {
		sampling: Sampling { temperature: Some(1.2), top_p: Some(0.95), seed: Some(seed) },
		max_tokens: Some(12),
		..ask("Tell me about the sea.")
	};
	let first = answer(&backend, request(1)).await;
	assert_eq!(answer(&backend, request(1)).await, first);
	assert_ne!(answer(&backend, request(2)).await.text, first.text);
}

#[tokio::test]
async fn packed_weights_answer_too() {
	let options = LocalOptions { unpack: Some(false), ..test_model::options() };
	let backend = LocalBackend::load(&options).expect("the model loads");
	let system = Message::new(Role::System, "You are a helpful assistant.");
	let mut request = ask("What is the capital of France?");
	request.messages.insert(0, system);
	assert_eq!(answer(&backend, request).await.text, "The capital of France is Paris.");
}

#[tokio::test]
async fn refuses_what_it_cannot_serve() {
	let backend = backend();
	let long = ask(&"word ".repeat(5_000));
	match backend.prepare(long).await {
		Err(BackendError::PromptTooLong { tokens, context: 4_096 }) => assert!(tokens > 5_000),
		other => panic!("{other:?}"),
	}
	let mut tools = ask("Hi");
	tools.extras.insert("tools".into(), serde_json::json!([{}]));
	assert_eq!(
		backend.prepare(tools).await,
		Err(BackendError::Unsupported { param: "tools".into() })
	);
}

#[tokio::test]
async fn a_cancelled_call_makes_way() {
	let backend = backend();
	let story = || ChatRequest { max_tokens: Some(2_000), ..ask("Tell me a very long story.") };

	let mut generation = start(&backend, story()).await;
	let delta = first_text(&mut generation).await;
	generation.cancel();
	let completion = generation.collect().await.expect("it ends well");
	assert_eq!(completion.finished.reason, FinishReason::Cancelled);
	let text = delta.text + &completion.text;
	let counted = backend.count_tokens(&text).expect("it counts");
	assert_eq!(completion.finished.output_tokens, counted);

	// Dropped ones too, whether being answered or waiting.
	let mut running = start(&backend, story()).await;
	first_text(&mut running).await;
	let waiting = start(&backend, story()).await;
	drop((running, waiting));
	let question = ask("What is the capital of France?");
	assert_eq!(answer(&backend, question).await.text, "The capital of France is Paris.");
}

#[tokio::test]
async fn calls_wait_their_turn_and_too_many_are_refused() {
	let options = LocalOptions { queue: 1, ..test_model::options() };
	let backend = LocalBackend::load(&options).expect("the model loads");
	let question = || ask("What is the capital of France?");
	let mut running = start(&backend, question()).await;
	let mut text = first_text(&mut running).await.text;
	let waiting = start(&backend, question()).await;
	let refused = backend.prepare(question()).await.expect("it fits");
	match backend.generate(refused).await.map(|_| ()) {
		Err(BackendError::Overloaded { retry_after }) => assert!(retry_after.as_secs() >= 1),
		other => panic!("{other:?}"),
	}
	let (running, waiting) = tokio::join!(running.collect(), waiting.collect());
	text.push_str(&running.expect("it answers").text);
	assert_eq!(text, "The capital of France is Paris.");
	assert_eq!(waiting.expect("it answers").text, text);
}

#[tokio::test]
async fn a_slow_call_times_out() {
	let options = LocalOptions { timeout: Duration::from_millis(300), ..test_model::options() };
	let backend = LocalBackend::load(&options).expect("the model loads");
	let request = ChatRequest { max_tokens: Some(2_000), ..ask("Tell me a very long story.") };
	let error = start(&backend, request).await.collect().await.expect_err("it takes too long");
	assert!(matches!(error, BackendError::Timeout { .. }), "{error:?}");
}

#[test]
fn a_prompt_read_in_pieces_is_the_same_prompt() {
	let path = test_model::path();
	let tokenizer = ModelTokenizer::load(&path, None).expect("the tokenizer loads");
	let file = Gguf::open(&path).expect("it opens");
	let weights = load_weights(file, None).expect("the weights load");
	let question = "The sea is wide. ".repeat(8) + "How wide is the sea?";
	let prompt =
		tokenizer.chat_tokens(&[Message::new(Role::User, question)]).expect("it tokenises");
	let whole = Sequence::new(&weights).feed(&prompt).expect("it reads");
	let mut sequence = Sequence::new(&weights);
	let mut pieces = Vec::new();
	for piece in prompt.chunks(7) {
		pieces = sequence.feed(piece).expect("it reads");
	}
	let difference = whole.iter().zip(&pieces).map(|(a, b)| (a - b).abs()).fold(0.0_f32, f32::max);
	assert!(difference < 1e-2, "scores differ by {difference}");
}

#[test]
fn other_files_are_refused_with_a_reason() {
	let folder = tempfile::tempdir().expect("a folder");
	let path = folder.path().join("model.gguf");
	let load = |context| {
		let options = LocalOptions { path: path.clone(), context, ..test_model::options() };
		LocalBackend::load(&options).err().expect("it is refused").to_string()
	};
	assert!(load(None).contains("model.gguf"), "not there");
	std::fs::write(&path, b"GGUF").expect("it is written");
	assert!(load(None).contains("model.gguf"), "cut off");

	let write = |architecture: &str| {
		use candle_core::quantized::gguf_file::{write, Value};
		let architecture = Value::String(architecture.into());
		let mut file = std::fs::File::create(&path).expect("it is created");
		write(&mut file, &[("general.architecture", &architecture)], &[]).expect("it is written");
	};
	write("mamba");
	assert!(load(None).contains("`mamba`"));
	write("llama");
	assert!(load(Some(5_000)).contains("4096"));
	assert!(load(None).contains("tokenizer.json"), "it has no tokenizer");
}
