//! The task that finds calls on chain and brings their answers there.

mod work;

use std::{
	collections::{BTreeMap, BTreeSet, HashMap},
	sync::Arc,
	time::{Duration, Instant},
};

use openledger_books::{Store, StoreError, StoredAnswer};
use openledger_chain_client::Keypair;
use openledger_models::Backend;
use openledger_primitives::{
	info::{ModelInfo, RequestInfo},
	on_chain::DeclineReason,
	price::PriceSchedule,
	AccountId, BlockNumber, ModelId, PriceVersion, RequestId,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use self::work::Shared;
use super::{
	answer::NoAnswer,
	chain::RequestChain,
	rounds::Rounds,
	when::{expires, has_refused, is_given_up, is_of_another, is_too_late, last_block_for},
	OnChainCalls,
};
use crate::view::{ChainUnavailable, SessionSource};

/// The time between two polls for requests.
const TICK: Duration = Duration::from_secs(3);
/// The most calls that are answered at the same time.
const AT_ONCE: usize = 8;
/// The number of blocks past its last one for which an answer is still taken to be in flight.
const DOUBT: BlockNumber = 16;
/// A call that the model failed to answer, or whose answer the chain did not take, is tried so often.
const ATTEMPTS: u32 = 3;

/// The longest that a call waits for a model that has too much to do, before it is tried again.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A model that is served, and what answers for it.
#[derive(Clone)]
pub struct CatalogueEntry {
	/// The model on chain.
	pub id: ModelId,
	/// The engine that answers.
	pub backend: Arc<dyn Backend>,
	/// The time that one call may take, from its voucher or its request to the end of its answer.
	pub timeout: Duration,
}

/// The models that are served, by their names on chain.
pub type Catalogue = BTreeMap<String, CatalogueEntry>;

/// A reason why a call is not answered, or not yet.
#[derive(Debug, thiserror::Error)]
enum CallError {
	#[error(transparent)]
	Chain(#[from] ChainUnavailable),
	#[error(transparent)]
	Store(#[from] StoreError),
	#[error(transparent)]
	NoAnswer(#[from] NoAnswer),
	#[error("{0}")]
	Input(String),
	#[error("this node serves another version by now")]
	OtherVersion,
	#[error("its price is of long ago")]
	UnknownPrice,
	#[error("it could not be claimed: {0}")]
	NotClaimed(String),
	#[error("the chain refused the answer: {error}")]
	Refused { error: String, again: bool },
}

impl CallError {
	/// The reason to give for not answering, if that is decided. `last` says that there is no other attempt.
	fn reason(&self, last: bool) -> Option<DeclineReason> {
		match self {
			Self::Input(_) => Some(DeclineReason::BadInput),
			Self::OtherVersion | Self::UnknownPrice => Some(DeclineReason::NotServed),
			Self::NoAnswer(error) => error.reason(last),
			Self::Refused { again, .. } => (last || !*again).then_some(DeclineReason::Unavailable),
			Self::Chain(_) | Self::Store(_) | Self::NotClaimed(_) => None,
		}
	}
}

/// The end of a call on chain, for now.
#[derive(Debug, PartialEq, Eq)]
enum End {
	/// It is answered.
	Answered,
	/// There is nothing to do, or not yet.
	Wait,
}

/// The task.
pub struct Watcher {
	shared: Arc<Shared>,
	served: Box<dyn Fn() -> Catalogue + Send + Sync>,
	which: OnChainCalls,
	/// Prices that have been in force since this task began: a call keeps the one it was made at.
	prices: HashMap<(ModelId, PriceVersion), PriceSchedule>,
	running: JoinSet<(RequestId, Result<End, CallError>)>,
	/// Calls that are at work, and whose they are.
	active: BTreeMap<RequestId, AccountId>,
	/// Calls that are not tried again, and how often the others were.
	failed: BTreeMap<RequestId, u32>,
	/// Calls that wait for a model that has too much to do, and until when.
	later: BTreeMap<RequestId, Instant>,
	/// The task that ends a call which nobody answered, one at a time.
	expiring: JoinSet<()>,
	/// Calls that this was tried for.
	expired: BTreeSet<RequestId>,
	rounds: Rounds,
}

/// A call that could be answered now.
struct Candidate {
	request: RequestInfo,
	info: Arc<ModelInfo>,
	entry: CatalogueEntry,
	answer: Option<StoredAnswer>,
}

impl Watcher {
	/// Answers calls on chain of the models that are served at the time. `receipt_key` signs statements of them.
	pub fn new(
		chain: Arc<dyn RequestChain>,
		source: Arc<dyn SessionSource>,
		store: Store,
		receipt_key: Keypair,
		served: impl Fn() -> Catalogue + Send + Sync + 'static,
		which: OnChainCalls,
	) -> Self {
		Self {
			shared: Arc::new(Shared { chain, source, store, receipt_key }),
			served: Box::new(served),
			which,
			prices: HashMap::new(),
			running: JoinSet::new(),
			active: BTreeMap::new(),
			failed: BTreeMap::new(),
			later: BTreeMap::new(),
			expiring: JoinSet::new(),
			expired: BTreeSet::new(),
			rounds: Rounds::default(),
		}
	}

	/// Answers calls until it is stopped. Answers that are being made then are given up; those that
	/// were written down are brought to the chain at the next start.
	pub async fn run(mut self, stop: CancellationToken) {
		if self.which == OnChainCalls::Off {
			return;
		}
		let mut failing = false;
		loop {
			tokio::select! {
				() = stop.cancelled() => break,
				looked = self.round() => match looked {
					Ok(()) => failing = false,
					// Once is enough until it works again.
					Err(error) if !failing => {
						failing = true;
						warn!(%error, "cannot look for calls on chain; trying on");
					}
					Err(_) => {}
				},
			}
			tokio::select! {
				() = stop.cancelled() => break,
				() = tokio::time::sleep(TICK) => {}
			}
		}
		self.running.shutdown().await;
		self.expiring.shutdown().await;
	}

	/// Looks once, and begins to answer what there is to answer.
	async fn round(&mut self) -> Result<(), CallError> {
		while let Some(done) = self.running.try_join_next() {
			self.note(done.ok());
		}
		while self.expiring.try_join_next().is_some() {}
		let served = (self.served)();
		let heights = self.shared.chain.heights().await?;
		let mut waiting = BTreeSet::new();
		let mut candidates = Vec::new();
		let answers: BTreeMap<_, _> = self.shared.store.answers().await?.into_iter().collect();
		for entry in served.values() {
			let model = entry.id;
			let Some(info) = self.shared.source.model(model)? else {
				self.rounds.pass(model);
				continue;
			};
			self.note_prices(&info);
			let info = Arc::new(info);
			for request in self.rounds.look(self.shared.chain.as_ref(), model).await? {
				waiting.insert(request.id);
				let answer = answers.get(&request.id).cloned();
				if answer.is_none() {
					if !self.is_ours(&request) {
						continue;
					}
					if is_too_late(&request, heights.best) {
						self.expire(&request, heights.finalized);
						continue;
					}
					if !self.may_answer(&request, heights.best) {
						continue;
					}
				}
				if self.may_begin(request.id) {
					let (info, entry) = (info.clone(), entry.clone());
					candidates.push(Candidate { request, info, entry, answer });
				}
			}
		}
		self.begin_in_turn(candidates);
		if let Some(seen) = self.rounds.end(served.values().map(|entry| entry.id)) {
			self.failed.retain(|id, _| seen.contains(id));
			self.later.retain(|id, _| seen.contains(id));
			self.expired.retain(|id| seen.contains(id));
		}
		self.forget(&answers, &waiting).await
	}

	/// Begins with as many calls as there are places: first those with an answer, then the first of
	/// each caller, then the second. What a caller has at work already counts.
	fn begin_in_turn(&mut self, candidates: Vec<Candidate>) {
		let mut of_caller: HashMap<AccountId, usize> = HashMap::new();
		for caller in self.active.values() {
			let calls = of_caller.entry(caller.clone()).or_default();
			*calls = calls.saturating_add(1);
		}
		let mut in_turn = Vec::with_capacity(candidates.len());
		for candidate in candidates {
			let calls = of_caller.entry(candidate.request.caller.clone()).or_default();
			let turn = (candidate.answer.is_none(), *calls);
			*calls = calls.saturating_add(1);
			in_turn.push((turn, candidate));
		}
		// Those with the same turn stay in the order in which they were asked for.
		in_turn.sort_by_key(|(turn, _)| *turn);
		for (_, candidate) in in_turn {
			if self.active.len() >= AT_ONCE {
				break;
			}
			self.begin(candidate);
		}
	}

	/// Ends a call that nobody answered and that the chain has not swept, at this node's time.
	fn expire(&mut self, request: &RequestInfo, finalized: BlockNumber) {
		let at = expires(request, self.shared.source.operator());
		if finalized <= at || !self.expiring.is_empty() || !self.expired.insert(request.id) {
			return;
		}
		let (shared, id) = (self.shared.clone(), request.id);
		self.expiring.spawn(async move {
			// What the chain says now: it may be gone meanwhile.
			let ended = match shared.chain.request(id).await {
				Ok((_, Some(_))) => shared.chain.expire(id).await,
				Ok((_, None)) => return,
				Err(error) => Err(error),
			};
			match ended {
				Ok(()) => info!(request = id, "ended a call on chain that nobody answered"),
				Err(error) => warn!(request = id, %error, "cannot end a call on chain"),
			}
		});
	}

	fn note_prices(&mut self, info: &ModelInfo) {
		self.prices.insert((info.id, info.price_version), info.price);
		if let Some(next) = &info.next_price {
			self.prices.insert((info.id, next.value.price_version), next.value.price);
		}
	}

	fn is_ours(&self, request: &RequestInfo) -> bool {
		match &request.node {
			Some(node) => node == self.shared.source.operator(),
			None => self.which == OnChainCalls::Any,
		}
	}

	/// Tells whether this node can answer a call: it is named, or can claim the call, or has.
	fn may_answer(&self, request: &RequestInfo, best: BlockNumber) -> bool {
		let operator = self.shared.source.operator();
		let own_claim = last_block_for(request, operator) >= best
			&& request.claim.as_ref().is_some_and(|claim| claim.node == *operator);
		let claimable = request.cancelled_at.is_none()
			&& !is_of_another(request, operator, best)
			&& !has_refused(request, operator, best)
			&& !is_given_up(request, best);
		request.node.is_some() || own_claim || claimable
	}

	/// Tells whether a call is not at work already, was not given up, and has not to wait.
	fn may_begin(&self, id: RequestId) -> bool {
		let given_up = self.failed.get(&id).is_some_and(|times| *times >= ATTEMPTS);
		let has_to_wait = self.later.get(&id).is_some_and(|until| Instant::now() < *until);
		!given_up && !has_to_wait && !self.active.contains_key(&id)
	}

	/// Begins with a call, if this node can answer it.
	fn begin(&mut self, candidate: Candidate) {
		let Candidate { request, info, entry, answer } = candidate;
		let facts = entry.backend.facts();
		let details = &info.details;
		// It is answered at the version that was in force when it was asked, or not at all.
		let is_served = || {
			request.version == info.version && facts.may_be(details.base_hash, details.adapter_hash)
		};
		let other_version = answer.is_none() && !is_served();
		if other_version && request.node.is_none() {
			return;
		}
		let id = request.id;
		let known = self.prices.get(&(request.model, request.price_version)).copied();
		// From before this task began it is known as long as offers with it stand.
		let standing = || self.shared.source.standing_price(request.model, request.price_version);
		let price = known.or_else(|| standing().ok().flatten());
		self.active.insert(id, request.caller.clone());
		let shared = self.shared.clone();
		let tried = self.failed.get(&id).copied().unwrap_or(0);
		let last = tried.saturating_add(1) >= ATTEMPTS;
		self.running.spawn(async move {
			let outcome = async {
				if other_version {
					return Err(CallError::OtherVersion);
				}
				let price = price.ok_or(CallError::UnknownPrice)?;
				let answer = match answer {
					Some(answer) => answer,
					None => shared.answer(&request, &entry, &price, &info.name).await?,
				};
				shared.deliver(&request, &price, answer).await
			};
			let outcome = outcome.await;
			let reason = outcome.as_ref().err().and_then(|error| error.reason(last));
			if let Some(reason) = reason {
				if let Err(away) = shared.decline(id, reason).await {
					return (id, Err(away.into()));
				}
			}
			(id, outcome)
		});
	}

	/// Notes how a call ended.
	fn note(&mut self, done: Option<(RequestId, Result<End, CallError>)>) {
		let Some((id, outcome)) = done else {
			// It panicked, and does not say which it was: everything that runs says so itself.
			self.active.clear();
			return;
		};
		self.active.remove(&id);
		let error = match outcome {
			Ok(End::Answered) => {
				metrics::counter!("openledger_on_chain_calls_total", "outcome" => "answered")
					.increment(1);
				return;
			}
			Ok(End::Wait) => return,
			Err(error) => error,
		};
		self.later.remove(&id);
		if let CallError::NoAnswer(reason) = &error {
			if let Some(wait) = reason.retry_after() {
				let wait = wait.min(LONGEST_WAIT);
				self.later.insert(id, Instant::now() + wait);
				return warn!(request = id, %error, seconds = wait.as_secs(), "later");
			}
		}
		let passing = match &error {
			CallError::Chain(_) | CallError::Store(_) => {
				return warn!(request = id, %error, "later")
			}
			CallError::NoAnswer(error) => error.is_passing(),
			CallError::Refused { again, .. } => *again,
			CallError::NotClaimed(_) => true,
			CallError::Input(_) | CallError::OtherVersion | CallError::UnknownPrice => false,
		};
		let times = self.failed.entry(id).or_insert(0);
		*times = if passing { times.saturating_add(1) } else { ATTEMPTS };
		let again = *times < ATTEMPTS;
		warn!(request = id, %error, again, "a call on chain was not answered");
		metrics::counter!("openledger_on_chain_calls_total", "outcome" => "failed").increment(1);
	}

	/// Forgets answers of calls that do not wait any more: they have arrived, or it is too late.
	async fn forget(
		&self,
		answers: &BTreeMap<RequestId, StoredAnswer>,
		waiting: &BTreeSet<RequestId>,
	) -> Result<(), CallError> {
		for id in answers.keys().filter(|id| !waiting.contains(id) && !self.active.contains_key(id))
		{
			// Its model may not be served any more.
			if self.shared.chain.request(*id).await?.0.is_none() {
				self.shared.store.forget_answer(*id).await?;
				info!(request = id, "a call on chain waits no more");
			}
		}
		Ok(())
	}

	/// Waits for everything that is at work.
	#[cfg(test)]
	async fn settle(&mut self) {
		while let Some(done) = self.running.join_next().await {
			self.note(done.ok());
		}
		while self.expiring.join_next().await.is_some() {}
	}
}

#[cfg(test)]
mod tests;
