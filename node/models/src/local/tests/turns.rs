//! Conversations of several turns, and several callers at once.

use super::*;

const CALLER: Party = Party::Session(1);
const OTHER: Party = Party::Session(2);

async fn of(backend: &LocalBackend, party: &Party, request: ChatRequest) -> Generation {
	let call = backend.prepare(request).await.expect("it fits").on_behalf_of(party.clone());
	backend.generate(call).await.expect("there is room")
}

fn without_memory() -> LocalBackend {
	let options = LocalOptions { conversations: 0, ..test_model::options() };
	LocalBackend::load(&options).expect("the model loads")
}

/// An answer, and how long it took until it began.
async fn timed(backend: &LocalBackend, party: &Party, request: ChatRequest) -> (String, Duration) {
	let begin = Instant::now();
	let mut generation = of(backend, party, request).await;
	let first = first_text(&mut generation).await;
	let waited = begin.elapsed();
	let rest = generation.collect().await.expect("it answers");
	(first.text + &rest.text, waited)
}

/// The answers, and how long each turn took to begin.
async fn talk(backend: &LocalBackend, party: &Party, turns: &[&str]) -> Vec<(String, Duration)> {
	let mut messages = Vec::new();
	let mut said = Vec::new();
	for turn in turns {
		messages.push(Message::new(Role::User, *turn));
		let request = ChatRequest {
			messages: messages.clone(),
			sampling: GREEDY,
			max_tokens: Some(24),
			..ChatRequest::default()
		};
		let answer = timed(backend, party, request).await;
		messages.push(Message::new(Role::Assistant, answer.0.clone()));
		said.push(answer);
	}
	said
}

#[tokio::test]
async fn a_conversation_goes_on_where_it_was() {
	let long = "The sea is wide, and ships sail on it from one harbour to the next. ".repeat(24);
	let first = format!("{long}\nWhat is it that sails on the sea?");
	let turns = [&first, "And where do they sail to?", "What is the capital of France?"];
	let (with, without) = (backend(), without_memory());
	let kept = talk(&with, &CALLER, &turns).await;
	let read = talk(&without, &CALLER, &turns).await;
	for (number, (kept, read)) in kept.iter().zip(&read).enumerate() {
		println!(
			"turn {}: first token after {} ms, {} ms where nothing is kept; {:?}",
			number + 1,
			kept.1.as_millis(),
			read.1.as_millis(),
			kept.0
		);
		assert_eq!(kept.0, read.0, "the answer is the same");
	}
	for (kept, read) in kept.iter().zip(&read).skip(1) {
		assert!(kept.1 < read.1, "{:?} instead of {:?}", kept.1, read.1);
	}
	// Nobody learns from the time that an answer takes what somebody else has asked.
	let other = talk(&with, &OTHER, &turns[..1]).await;
	println!("the first turn of somebody else: first token after {} ms", other[0].1.as_millis());
	assert_eq!(other[0].0, kept[0].0);
	assert!(other[0].1 > kept[1].1, "{:?} and {:?}", other[0].1, kept[1].1);
}

#[tokio::test]
async fn a_conversation_that_was_cut_short_goes_on_as_well() {
	let (with, without) = (backend(), without_memory());
	let ask = |messages: &[(Role, &str)], stop: &[&str]| ChatRequest {
		messages: messages.iter().map(|(role, text)| Message::new(*role, *text)).collect(),
		sampling: GREEDY,
		max_tokens: Some(16),
		stop: stop.iter().map(|stop| (*stop).to_owned()).collect(),
		..ChatRequest::default()
	};
	let question = (Role::User, "What is the capital of France?");
	// The stop string leaves less of the answer than the model has made.
	let first = of(&with, &CALLER, ask(&[question], &[" Paris"])).await.collect().await;
	assert_eq!(first.expect("it answers").text, "The capital of France is");
	let then = (Role::User, "And of Italy?");
	for said in ["The capital of France is", "I do not know, and nobody has said that."] {
		let second = || ask(&[question, (Role::Assistant, said), then], &[]);
		let with = of(&with, &CALLER, second()).await.collect().await.expect("it answers");
		let without = of(&without, &CALLER, second()).await.collect().await.expect("it answers");
		assert_eq!(with, without);
	}
	// The very same request again has something left to read.
	let again = of(&with, &CALLER, ask(&[question], &[])).await.collect().await;
	assert_eq!(again.expect("it answers").text, "The capital of France is Paris.");
}

#[test]
fn what_is_kept_has_bounds_and_owners() {
	let file = Gguf::open(&test_model::path()).expect("it opens");
	let each = bytes_per_token(&file);
	assert_eq!(each, 30 * 2 * 3 * 64 * 4, "layers, keys and values, heads, numbers, bytes");
	let weights = load_weights(file, Some(false)).expect("the weights load");
	let read = |tokens: &[u32]| {
		let mut sequence = Sequence::new(&weights);
		for token in tokens {
			sequence.feed(&[*token]).expect("it reads");
		}
		sequence
	};
	let length = |kept: Option<Sequence>| kept.map(|sequence| sequence.tokens().len());

	let time = Duration::from_secs(60);
	let mut kept = Conversations::new(5 * each, each, time);
	kept.keep(&CALLER, read(&[1, 2]));
	assert_eq!(length(kept.resume(&CALLER, &[1, 2, 3])), Some(2));
	assert_eq!(length(kept.resume(&CALLER, &[1, 2])), None, "there has to be something to read");
	assert_eq!(length(kept.resume(&CALLER, &[1, 3, 2])), None);
	assert_eq!(length(kept.resume(&OTHER, &[1, 2, 3])), None, "it is somebody else's");
	kept.keep(&Party::Nobody, read(&[1]));
	assert_eq!(length(kept.resume(&Party::Nobody, &[1, 2])), None, "it could be anybody's");

	kept.keep(&CALLER, read(&[1, 2, 3]));
	kept.keep(&OTHER, read(&[7, 8]));
	assert_eq!(length(kept.resume(&CALLER, &[1, 2, 3, 4])), Some(3), "it took the other's place");
	assert_eq!(length(kept.resume(&OTHER, &[7, 8, 9])), Some(2));
	kept.keep(&OTHER, read(&[9]));
	assert_eq!(length(kept.resume(&CALLER, &[1, 2, 3, 4])), None, "the oldest makes room");
	assert_eq!(length(kept.resume(&OTHER, &[7, 8, 9])), Some(2));
	kept.keep(&OTHER, read(&[1, 2, 3, 4, 5, 6]));
	assert_eq!(length(kept.resume(&OTHER, &[9, 1])), Some(1), "what is too large is not kept");
	kept.clear();
	assert_eq!(length(kept.resume(&OTHER, &[9, 1])), None);

	let before = Instant::now();
	kept.keep(&CALLER, read(&[1]));
	kept.forget_old(before + time / 2);
	assert_eq!(length(kept.resume(&CALLER, &[1, 2])), Some(1));
	kept.forget_old(Instant::now() + time);
	assert_eq!(length(kept.resume(&CALLER, &[1, 2])), None, "its time is over");
}

#[tokio::test]
async fn callers_take_turns() {
	let options = LocalOptions { queue: 3, ..test_model::options() };
	let backend = LocalBackend::load(&options).expect("the model loads");
	let story = ChatRequest { max_tokens: Some(2_000), ..ask("Tell me a very long story.") };
	let short = || ChatRequest { max_tokens: Some(2), ..ask("What is the capital of France?") };
	let mut running = of(&backend, &CALLER, story).await;
	first_text(&mut running).await;
	let mut many = Vec::new();
	for _ in 0..3 {
		many.push(of(&backend, &CALLER, short()).await);
	}
	// There is no room, but not for who has none of it.
	let one = of(&backend, &OTHER, short()).await;
	assert_eq!(backend.load(), Load { running: 1, waiting: 4 });
	let call = backend.prepare(short()).await.expect("it fits").on_behalf_of(CALLER);
	let refused = backend.generate(call).await.map(|_| ());
	assert!(matches!(refused, Err(BackendError::Overloaded { .. })), "{refused:?}");

	let order = Arc::new(std::sync::Mutex::new(Vec::new()));
	let mut waiting = tokio::task::JoinSet::new();
	for (name, generation) in many.into_iter().map(|call| ("many", call)).chain([("one", one)]) {
		let order = order.clone();
		waiting.spawn(async move {
			generation.collect().await.expect("it answers");
			order.lock().expect("no panic").push(name);
		});
	}
	running.cancel();
	drop(running);
	while let Some(done) = waiting.join_next().await {
		done.expect("no panic");
	}
	assert_eq!(*order.lock().expect("no panic"), ["many", "one", "many", "many"]);
}
