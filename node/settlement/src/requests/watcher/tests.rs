//! Calls on chain against a chain in memory.

use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;

use super::*;
use crate::{
	requests::{
		chain::{Delivery, Told},
		rounds::PAGES,
		when::{MOST_MORTALITY, SLACK, SPREAD, UNSWEPT},
		Heights,
	},
	testing::TestChain,
};
use openledger_books::Identity;
use openledger_models::{
	testing::{Script, TestBackend},
	BackendError,
};
use openledger_primitives::{
	info::{ClaimInfo, RefusalInfo},
	lane::{CallRecord, FulfilledCall},
	on_chain::{call_statement, text_hash, Refusal},
	price::Tokens,
	signing::Signed,
	Balance, Signature, MAX_PAGE,
};
use openledger_testkit::{
	caller, operator, GENESIS, MODEL, MODEL_NAME, PRICE, PRICE_VERSION, VERSION,
};

const BEST: BlockNumber = 100;
const DEADLINE: BlockNumber = 200;
/// Blocks of a claim.
const CLAIM: BlockNumber = 20;

/// The chain's answer to the next fulfilment.
#[derive(Clone, Copy, Debug)]
enum Fate {
	Take,
	TakeUnheard,
	Lose,
	Refuse { again: bool },
	Away,
}

struct State {
	heights: Heights,
	requests: BTreeMap<RequestId, RequestInfo>,
	/// Calls that are answered at the best block only.
	gone_at_best: BTreeSet<RequestId>,
	fates: Vec<Fate>,
	sent: Vec<(RequestId, StoredAnswer, u32)>,
	/// The signatures that came with them.
	signed: Vec<Signature>,
	claimed: Vec<RequestId>,
	/// Who is faster with claims, if somebody is.
	faster: Option<AccountId>,
	declined: Vec<(RequestId, DeclineReason)>,
	expired: Vec<RequestId>,
}

struct FakeChain(Mutex<State>);

impl FakeChain {
	fn state(&self) -> MutexGuard<'_, State> {
		self.0.lock().expect("no test panics while it holds this")
	}

	fn sent(&self) -> Vec<(RequestId, String)> {
		let text = |output: &[u8]| String::from_utf8(output.to_vec()).expect("it is text");
		let state = self.state();
		state.sent.iter().map(|(id, answer, _)| (*id, text(&answer.output))).collect()
	}
}

#[async_trait]
impl RequestChain for FakeChain {
	async fn heights(&self) -> Result<Heights, ChainUnavailable> {
		Ok(self.state().heights)
	}

	async fn requests(
		&self,
		model: ModelId,
		from: RequestId,
	) -> Result<Vec<RequestInfo>, ChainUnavailable> {
		let state = self.state();
		let page = state.requests.range(from..).map(|(_, request)| request.clone());
		let page = page.filter(|request| request.model == model);
		Ok(page.take(usize::try_from(MAX_PAGE).expect("it is small")).collect())
	}

	async fn request(
		&self,
		id: RequestId,
	) -> Result<(Option<RequestInfo>, Option<RequestInfo>), ChainUnavailable> {
		let state = self.state();
		let request = state.requests.get(&id).cloned();
		let best = request.clone().filter(|_| !state.gone_at_best.contains(&id));
		Ok((request, best))
	}

	async fn claim(&self, id: RequestId) -> Result<Told, ChainUnavailable> {
		let mut state = self.state();
		state.claimed.push(id);
		let node = state.faster.clone().unwrap_or_else(|| operator().account());
		let refused = state.faster.is_some();
		let until = state.heights.best + CLAIM;
		if let Some(request) = state.requests.get_mut(&id) {
			request.claim = Some(ClaimInfo { node, deposit: 1, until });
		}
		Ok(match refused {
			true => Told::Refused { error: "AlreadyClaimed".into() },
			false => Told::Done,
		})
	}

	/// The call is still there at the finalized block.
	async fn decline(
		&self,
		id: RequestId,
		reason: DeclineReason,
	) -> Result<Told, ChainUnavailable> {
		self.state().declined.push((id, reason));
		Ok(Told::Done)
	}

	async fn fulfil(
		&self,
		id: RequestId,
		answer: StoredAnswer,
		signature: Signature,
		mortality: u32,
	) -> Result<Delivery, ChainUnavailable> {
		let mut state = self.state();
		state.signed.push(signature);
		let fate = if state.fates.is_empty() { Fate::Take } else { state.fates.remove(0) };
		if matches!(fate, Fate::Away) {
			return Err(ChainUnavailable("gone".into()));
		}
		state.sent.push((id, answer, mortality));
		if matches!(fate, Fate::Take | Fate::TakeUnheard) {
			state.requests.remove(&id);
		}
		Ok(match fate {
			Fate::Take => Delivery::Done { block: BEST + 3 },
			Fate::Refuse { again } => Delivery::Refused { error: "no".into(), again },
			Fate::TakeUnheard | Fate::Lose | Fate::Away => Delivery::Unknown { until: None },
		})
	}

	async fn expire(&self, id: RequestId) -> Result<(), ChainUnavailable> {
		self.state().expired.push(id);
		Ok(())
	}
}

fn request(id: RequestId, node: Option<openledger_primitives::AccountId>) -> RequestInfo {
	RequestInfo {
		id,
		caller: caller().account(),
		model: MODEL,
		node,
		version: VERSION,
		price_version: PRICE_VERSION,
		asked_at: BEST - 10,
		max_charge: 1_000_000,
		deadline: DEADLINE,
		cancelled_at: None,
		most_input_tokens: 77,
		claim: None,
		refusals: Vec::new(),
		input: "one two three".into(),
	}
}

fn to_us(id: RequestId) -> RequestInfo {
	request(id, Some(operator().account()))
}

struct Bench {
	_directory: tempfile::TempDir,
	chain: Arc<FakeChain>,
	source: Arc<TestChain>,
	store: Store,
	backend: Arc<TestBackend>,
	watcher: Watcher,
}

fn watcher(
	chain: &Arc<FakeChain>,
	source: &Arc<TestChain>,
	store: &Store,
	backend: &Arc<TestBackend>,
	which: OnChainCalls,
) -> Watcher {
	let entry =
		CatalogueEntry { id: MODEL, backend: backend.clone(), timeout: Duration::from_secs(60) };
	let served = move || Catalogue::from([(MODEL_NAME.to_owned(), entry.clone())]);
	Watcher::new(chain.clone(), source.clone(), store.clone(), operator(), served, which)
}

impl Bench {
	async fn new(which: OnChainCalls, requests: Vec<RequestInfo>) -> Self {
		let directory = tempfile::tempdir().expect("a directory");
		let identity = Identity { genesis: GENESIS, operator: operator().account() };
		let store = Store::open(&directory.path().join("calls.redb"), identity).await;
		let store = store.expect("it opens");
		let chain = Arc::new(FakeChain(Mutex::new(State {
			heights: Heights { finalized: BEST - 3, best: BEST },
			requests: requests.into_iter().map(|request| (request.id, request)).collect(),
			gone_at_best: BTreeSet::new(),
			fates: Vec::new(),
			sent: Vec::new(),
			signed: Vec::new(),
			claimed: Vec::new(),
			faster: None,
			declined: Vec::new(),
			expired: Vec::new(),
		})));
		let source = Arc::new(TestChain::default());
		let backend = Arc::new(TestBackend::new(Script::Say(vec!["four", "five"])));
		let watcher = watcher(&chain, &source, &store, &backend, which);
		Self { _directory: directory, chain, source, store, backend, watcher }
	}

	/// As if the process had died and started again.
	fn restart(&mut self) {
		let Self { chain, source, store, backend, .. } = self;
		self.watcher = watcher(chain, source, store, backend, OnChainCalls::Named);
	}

	async fn round(&mut self) {
		self.watcher.round().await.expect("the chain is there");
		self.watcher.settle().await;
	}

	async fn kept(&self) -> Vec<(RequestId, StoredAnswer)> {
		self.store.answers().await.expect("the store works")
	}
}

#[tokio::test]
async fn a_call_is_answered_once() {
	let mut bench = Bench::new(OnChainCalls::Named, vec![to_us(4)]).await;
	bench.round().await;
	bench.round().await;
	assert_eq!(bench.chain.sent(), [(4, "four five ".to_owned())]);
	let (_, answer, mortality) = bench.chain.state().sent[0].clone();
	assert_eq!((answer.input_tokens, answer.output_tokens), (3, 2));
	assert_eq!(mortality, MOST_MORTALITY);
	assert_eq!(bench.kept().await, []);
}

#[tokio::test]
async fn only_calls_that_are_for_this_node_are_answered() {
	let others = Some(caller().account());
	for (which, expected) in [
		(OnChainCalls::Named, vec![1]),
		(OnChainCalls::Any, vec![1, 2]),
		(OnChainCalls::Off, vec![]),
	] {
		let other_model = RequestInfo { model: MODEL + 1, ..to_us(4) };
		let requests = vec![to_us(1), request(2, None), request(3, others.clone()), other_model];
		let mut bench = Bench::new(which, requests).await;
		if which == OnChainCalls::Off {
			bench.watcher.run(CancellationToken::new()).await;
			assert!(bench.chain.sent().is_empty());
			continue;
		}
		bench.round().await;
		let mut answered: Vec<_> = bench.chain.sent().into_iter().map(|(id, _)| id).collect();
		answered.sort_unstable();
		assert_eq!(answered, expected);
	}
}

#[tokio::test]
async fn an_answer_costs_no_more_than_is_on_hold() {
	let least = PRICE.charge(&Tokens::new(3, 1)).expect("it fits");
	let with = |id, max_charge: Balance| RequestInfo { max_charge, ..to_us(id) };
	let mut bench = Bench::new(OnChainCalls::Named, vec![with(1, least), with(2, least - 1)]).await;
	bench.round().await;
	bench.round().await;
	let sent = bench.chain.state().sent.clone();
	assert_eq!(sent.len(), 1, "the other one cannot be paid");
	let tokens = Tokens::new(sent[0].1.input_tokens, sent[0].1.output_tokens);
	assert_eq!(PRICE.charge(&tokens), Some(least));
}

#[tokio::test]
async fn what_is_too_late_is_not_answered() {
	let by = |id, deadline| RequestInfo { deadline, ..to_us(id) };
	let cancelled = RequestInfo { cancelled_at: Some(BEST + 5), ..to_us(3) };
	let requests = vec![by(1, BEST + 6), by(2, BEST + 12), cancelled];
	let mut bench = Bench::new(OnChainCalls::Named, requests).await;
	bench.round().await;
	assert_eq!(bench.chain.sent(), [(2, "four five ".to_owned())]);
	let mortality = bench.chain.state().sent[0].2;
	assert!(BEST + SLACK + mortality - 1 <= BEST + 12, "{mortality}");
	assert_eq!(bench.kept().await, []);
}

#[tokio::test]
async fn an_answer_that_may_have_arrived_is_not_sent_again() {
	for fate in [Fate::TakeUnheard, Fate::Lose] {
		let mut bench = Bench::new(OnChainCalls::Named, vec![to_us(4)]).await;
		bench.chain.state().fates.push(fate);
		bench.round().await;
		bench.restart();
		bench.round().await;
		assert_eq!(bench.chain.sent().len(), 1, "{fate:?}");
		let until = BEST + MOST_MORTALITY + DOUBT;
		bench.chain.state().heights = Heights { finalized: until, best: until + 3 };
		bench.round().await;
		assert_eq!(bench.chain.sent().len(), 1, "{fate:?}");
		// Its time is over: now the chain tells whether it arrived.
		bench.chain.state().heights = Heights { finalized: until + 1, best: until + 4 };
		bench.backend.follow(Script::Say(vec!["something", "else"]));
		bench.round().await;
		let expected = usize::from(matches!(fate, Fate::Lose)) + 1;
		assert_eq!(bench.chain.sent().len(), expected, "{fate:?}");
		assert!(bench.chain.sent().iter().all(|(_, text)| text == "four five "), "the same");
		assert_eq!(bench.kept().await, [], "{fate:?}");
	}
}

#[tokio::test]
async fn an_answer_that_was_written_down_is_sent_after_a_restart() {
	let mut bench = Bench::new(OnChainCalls::Named, vec![to_us(4)]).await;
	bench.chain.state().fates.push(Fate::Away);
	bench.round().await;
	assert!(bench.chain.sent().is_empty());
	assert_eq!(bench.kept().await[0].1.submission, None);
	bench.backend.follow(Script::Refuse(BackendError::Failed("gone".into())));
	bench.restart();
	bench.round().await;
	assert_eq!(bench.chain.sent(), [(4, "four five ".to_owned())]);
}

#[tokio::test]
async fn a_call_that_somebody_else_has_answered_is_left_alone() {
	let mut bench = Bench::new(OnChainCalls::Any, vec![request(4, None)]).await;
	bench.chain.state().gone_at_best.insert(4);
	bench.round().await;
	assert!(bench.chain.sent().is_empty());
	bench.chain.state().requests.clear();
	bench.round().await;
	assert_eq!(bench.kept().await, [], "it is forgotten once that is final");
}

#[tokio::test]
async fn many_calls_that_cannot_be_answered_do_not_hide_one_that_can() {
	let looked_at = u64::try_from(PAGES).expect("it is small") * u64::from(MAX_PAGE);
	let rubbish = |id| RequestInfo { input: "{".into(), ..to_us(id) };
	let mut requests: Vec<_> = (0..looked_at + 7).map(rubbish).collect();
	requests.push(to_us(looked_at + 7));
	let mut bench = Bench::new(OnChainCalls::Named, requests).await;
	bench.round().await;
	assert!(bench.chain.sent().is_empty(), "it is too far behind");
	assert!(!bench.watcher.failed.is_empty());
	bench.round().await;
	assert_eq!(bench.chain.sent().len(), 1);
	let given_up = bench.watcher.failed.clone();
	for _ in 0..2 {
		bench.round().await;
	}
	assert!(
		given_up.keys().all(|id| bench.watcher.failed.contains_key(id)),
		"nothing is tried anew"
	);
	// What is gone is forgotten.
	bench.chain.state().requests.clear();
	for _ in 0..2 {
		bench.round().await;
	}
	assert!(bench.watcher.failed.is_empty());
}

#[tokio::test]
async fn what_fails_is_tried_again_and_not_for_ever() {
	let failing = Script::Refuse(BackendError::Failed("gone".into()));
	let mut bench = Bench::new(OnChainCalls::Named, vec![to_us(4)]).await;
	bench.backend.follow(failing);
	bench.round().await;
	bench.backend.follow(Script::Say(vec!["four"]));
	bench.round().await;
	assert_eq!(bench.chain.sent().len(), 1, "the second attempt");

	let mut bench = Bench::new(OnChainCalls::Named, vec![to_us(4)]).await;
	bench.chain.state().fates = vec![Fate::Refuse { again: true }; 9];
	for _ in 0..6 {
		bench.round().await;
	}
	assert_eq!(bench.chain.sent().len(), usize::try_from(ATTEMPTS).expect("it is small"));

	let mut bench = Bench::new(OnChainCalls::Named, vec![to_us(4)]).await;
	bench.chain.state().fates = vec![Fate::Refuse { again: false }; 9];
	for _ in 0..6 {
		bench.round().await;
	}
	assert_eq!(bench.chain.sent().len(), 1, "it cost a fee");
	assert_eq!(bench.kept().await, []);
}

#[tokio::test]
async fn input_that_makes_no_sense_and_terms_of_another_time_are_left_alone() {
	let rubbish = RequestInfo { input: "{".into(), ..to_us(1) };
	let old = RequestInfo { price_version: PRICE_VERSION - 1, ..to_us(2) };
	// Another version than is served answers otherwise.
	let other = RequestInfo { version: VERSION + 1, ..to_us(3) };
	let mut bench = Bench::new(OnChainCalls::Named, vec![rubbish, old, other]).await;
	for _ in 0..3 {
		bench.round().await;
	}
	assert!(bench.chain.sent().is_empty());
	// Who has named this node is told why, once.
	let mut declined = bench.chain.state().declined.clone();
	declined.sort_by_key(|(id, _)| *id);
	let not_served = DeclineReason::NotServed;
	assert_eq!(declined, [(1, DeclineReason::BadInput), (2, not_served), (3, not_served)]);

	// A price that was in force while the node was there still counts.
	let mut bench = Bench::new(OnChainCalls::Named, vec![]).await;
	bench.round().await;
	bench.source.change_model(|model| model.price_version += 1);
	bench.chain.state().requests.insert(3, to_us(3));
	bench.round().await;
	assert_eq!(bench.chain.sent().len(), 1);
}

#[tokio::test]
async fn a_model_that_is_busy_is_waited_for() {
	let retry_after = Duration::from_secs(3);
	for error in [
		BackendError::Overloaded { retry_after },
		BackendError::Unwell { retry_after },
		BackendError::Timeout { stage: "waiting", after: retry_after },
	] {
		let mut bench = Bench::new(OnChainCalls::Named, vec![to_us(4)]).await;
		bench.backend.follow(Script::Refuse(error.clone()));
		for _ in 0..=ATTEMPTS {
			bench.round().await;
			assert!(bench.watcher.failed.is_empty(), "{error}");
			let until = bench.watcher.later.get(&4).copied().expect("it waits");
			bench.round().await;
			assert_eq!(bench.watcher.later.get(&4), Some(&until), "not before its time");
			bench.watcher.later.insert(4, Instant::now());
		}
		bench.backend.follow(Script::Say(vec!["four"]));
		bench.round().await;
		assert_eq!(bench.chain.sent().len(), 1, "{error}");
		bench.round().await;
		assert!(bench.watcher.later.is_empty());
	}
}

#[tokio::test]
async fn callers_take_turns_and_what_cannot_be_answered_takes_no_place() {
	let many = 2 * u64::try_from(AT_ONCE).expect("it is small");
	let late = |id| RequestInfo { deadline: BEST + 3, ..to_us(id) };
	let mut requests: Vec<_> = (0..many).map(late).collect();
	requests.extend((many..2 * many).map(to_us));
	let other = 2 * many;
	requests.push(RequestInfo { caller: operator().account(), ..to_us(other) });
	let mut bench = Bench::new(OnChainCalls::Named, requests).await;
	bench.watcher.round().await.expect("the chain is there");
	let begun: Vec<_> = bench.watcher.active.keys().copied().collect();
	let of_many = u64::try_from(AT_ONCE - 1).expect("it is small");
	let expected: Vec<_> = (many..many + of_many).chain([other]).collect();
	assert_eq!(begun, expected);
	bench.watcher.settle().await;
	assert_eq!(bench.chain.sent().len(), AT_ONCE);
	for _ in 0..3 {
		bench.round().await;
	}
	assert_eq!(bench.chain.sent().len(), usize::try_from(many).expect("it is small") + 1);
	assert!(bench.chain.state().expired.is_empty(), "it is for the chain to sweep them");
}

fn open(id: RequestId) -> RequestInfo {
	request(id, None)
}

#[tokio::test]
async fn an_answer_comes_with_a_statement() {
	let mut bench = Bench::new(OnChainCalls::Named, vec![to_us(4)]).await;
	bench.round().await;
	let state = bench.chain.state();
	let record = CallRecord {
		sequence: FulfilledCall::SEQUENCE,
		input_tokens: 3,
		cached_tokens: 0,
		retrieved_tokens: 0,
		output_tokens: 2,
		response_hash: text_hash("four five "),
		attribution: Default::default(),
		extension: None,
	};
	let charge = PRICE.charge(&record.tokens()).expect("it fits");
	let hash = text_hash("one two three");
	let statement = call_statement(GENESIS, 4, hash, to_us(4).agreement(), &record, charge);
	assert!(statement.verify(&state.signed[0], &operator().account()));
	assert!(state.claimed.is_empty(), "a call that names this node needs no claim");
}

#[tokio::test]
async fn an_open_call_is_claimed_before_it_is_answered() {
	let mut bench = Bench::new(OnChainCalls::Any, vec![open(4)]).await;
	bench.round().await;
	assert_eq!(bench.chain.state().claimed, [4]);
	assert_eq!(bench.chain.sent().len(), 1);
	// Its transaction is too old for any block by the end of the claim.
	let mortality = bench.chain.state().sent[0].2;
	assert!(BEST + SLACK + mortality - 1 <= BEST + CLAIM, "{mortality}");
}

#[tokio::test]
async fn an_open_call_that_another_node_has_claimed_is_left_alone() {
	let claimed_until = |id, until| {
		let claim = ClaimInfo { node: caller().account(), deposit: 1, until };
		RequestInfo { claim: Some(claim), ..open(id) }
	};
	let requests = vec![claimed_until(1, BEST + 9), claimed_until(2, BEST - 1)];
	let mut bench = Bench::new(OnChainCalls::Any, requests).await;
	bench.round().await;
	assert_eq!(bench.chain.state().claimed, [2], "the other claim has lapsed");

	// Neither is it answered if the other one was faster.
	let mut bench = Bench::new(OnChainCalls::Any, vec![open(1)]).await;
	bench.chain.state().faster = Some(caller().account());
	for _ in 0..3 {
		bench.round().await;
	}
	assert_eq!(bench.chain.state().claimed, [1]);
	assert_eq!((bench.chain.sent().len(), bench.backend.calls()), (0, 0));
}

/// After a crash the chain says what was claimed.
#[tokio::test]
async fn a_claim_is_gone_on_with_after_a_restart() {
	let claim = ClaimInfo { node: operator().account(), deposit: 1, until: BEST + 20 };
	let claimed = RequestInfo { claim: Some(claim), ..open(4) };
	let mut bench = Bench::new(OnChainCalls::Any, vec![claimed]).await;
	bench.round().await;
	assert!(bench.chain.state().claimed.is_empty());
	assert_eq!(bench.chain.sent().len(), 1);
}

#[tokio::test]
async fn nothing_is_claimed_that_would_not_be_answered() {
	let least = PRICE.charge(&Tokens::new(3, 1)).expect("it fits");
	let requests = vec![
		RequestInfo { input: "{\"messages\":[".into(), ..open(1) },
		RequestInfo { max_charge: least - 1, ..open(2) },
		RequestInfo { version: VERSION + 1, ..open(3) },
		RequestInfo { cancelled_at: Some(BEST + 50), ..open(4) },
	];
	let mut bench = Bench::new(OnChainCalls::Any, requests).await;
	for _ in 0..3 {
		bench.round().await;
	}
	assert!(bench.chain.state().claimed.is_empty() && bench.chain.sent().is_empty());
	// What is wrong with the call is said once, and what is this node's own affair is not.
	let mut declined = bench.chain.state().declined.clone();
	declined.sort_by_key(|(id, _)| *id);
	assert_eq!(declined, [(1, DeclineReason::BadInput), (2, DeclineReason::TooDear)]);
}

#[tokio::test]
async fn what_another_node_has_said_of_an_open_call_is_not_said_again() {
	let refusal = Refusal::Declined(DeclineReason::BadInput);
	let said = RefusalInfo { node: caller().account(), refusal };
	let bad = RequestInfo { input: "[".into(), refusals: vec![said], ..open(1) };
	let mut bench = Bench::new(OnChainCalls::Any, vec![bad]).await;
	bench.round().await;
	assert!(bench.chain.state().declined.is_empty());
}

#[tokio::test]
async fn a_claim_is_given_up_rather_than_forfeited() {
	let mut bench = Bench::new(OnChainCalls::Any, vec![open(4)]).await;
	bench.backend.follow(Script::Refuse(BackendError::Failed("gone".into())));
	for _ in 0..ATTEMPTS + 2 {
		bench.round().await;
	}
	assert_eq!(bench.chain.state().claimed, [4], "it is claimed once");
	assert_eq!(bench.chain.state().declined, [(4, DeclineReason::Unavailable)]);
	assert!(bench.chain.sent().is_empty());
}

#[tokio::test]
async fn a_call_that_was_refused_or_given_up_on_is_not_claimed() {
	let with = |id, refusals: Vec<(AccountId, Refusal)>| {
		let told = |(node, refusal)| RefusalInfo { node, refusal };
		RequestInfo { refusals: refusals.into_iter().map(told).collect(), ..open(id) }
	};
	let own = with(1, vec![(operator().account(), Refusal::Lapsed)]);
	let all = with(2, vec![(caller().account(), Refusal::Lapsed); 4]);
	let mut bench = Bench::new(OnChainCalls::Any, vec![own, all]).await;
	bench.round().await;
	assert!(bench.chain.state().claimed.is_empty());
}

#[tokio::test]
async fn what_the_chain_has_not_swept_is_ended_once() {
	let to_other = request(3, Some(caller().account()));
	let requests = vec![to_us(1), to_us(2), to_other, RequestInfo { deadline: 9_999, ..to_us(4) }];
	let at = expires(&requests[0], &operator().account());
	assert!((DEADLINE + UNSWEPT..DEADLINE + UNSWEPT + SPREAD).contains(&at));
	assert_ne!(at, expires(&requests[0], &caller().account()), "each at its time");
	let mut bench = Bench::new(OnChainCalls::Named, requests).await;
	bench.chain.state().heights = Heights { finalized: at, best: at + 3 };
	bench.chain.state().requests.remove(&2);
	bench.round().await;
	assert!(bench.chain.state().expired.is_empty(), "not yet");
	bench.chain.state().heights = Heights { finalized: at + 1, best: at + 4 };
	for _ in 0..3 {
		bench.round().await;
	}
	assert_eq!(bench.chain.state().expired, [1]);

	// Who was faster is left in peace.
	bench.chain.state().gone_at_best.insert(2);
	bench.chain.state().requests.insert(2, to_us(2));
	let later = DEADLINE + UNSWEPT + SPREAD;
	bench.chain.state().heights = Heights { finalized: later, best: later + 3 };
	bench.round().await;
	assert_eq!(bench.chain.state().expired, [1]);
}
