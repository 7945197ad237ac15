//! One call of an app, from the choice of a node to the answer.
//!
//! As long as nothing of an answer has gone out, the next node is asked where one fails. A call
//! runs in a task of its own: when the app goes away, it is still brought to an orderly end.

mod again;
mod attempt;
mod deliver;
mod line;
mod offer;
mod relay;
mod remedy;
mod said;

pub use self::{
	line::{Gone, Line, Reply},
	said::Said,
};
pub use openledger_client::{task::ChatTexts, Task};

use std::{
	collections::{BTreeMap, BTreeSet},
	sync::Arc,
	time::Duration,
};

use axum::body::Bytes;
use openledger_client::{caller::LaneTerms, ss58, units::format_amount};
use openledger_primitives::{
	info::{ModelInfo, NodeInfo},
	AccountId, Balance, BlockNumber, ModelId,
};
use tokio::time::{timeout_at, Instant};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::{
	clerk::Clerk,
	error::ApiError,
	funding::Funding,
	ledger::{Fate, Shortfall},
	market::{Listing, Market},
	network::Network,
	node::{
		api::NodeApi,
		choice::{rank, Candidate},
	},
	treasury::Treasury,
};

/// Tokens that an answer is taken to have at most, where the request does not say.
const USUAL_OUTPUT: u32 = 512;
/// Bytes of a request that are taken to be one token.
const BYTES_PER_TOKEN: usize = 3;
/// A node that does not want a call is left alone for so long, if it does not say for how long.
const PAUSE: Duration = Duration::from_secs(1);

/// What an app asks.
#[derive(Clone, Debug)]
pub struct Request {
	/// What the call is about.
	pub task: Task,
	/// The request's bytes; they go to the node as they are.
	pub body: Bytes,
	/// The model's name.
	pub model: String,
	/// The most tokens of the answer, if it says.
	pub max_tokens: Option<u32>,
	/// The texts that the model reads just as they are, where there are such.
	pub inputs: Option<Vec<String>>,
	/// What a chat says.
	pub chat: Option<ChatTexts>,
	/// Whether the answer is to come piece by piece.
	pub stream: bool,
}

/// How calls are made.
#[derive(Clone, Debug)]
pub struct CallSettings {
	/// The most that one call may cost, in planck.
	pub max_charge: Option<Balance>,
	/// The most output tokens of a call that does not say how many it wants.
	pub max_output_tokens: u32,
	/// An app that leaves after so long and has got nothing has waited in vain.
	pub in_vain: Duration,
	/// How long one call may take, with everything.
	pub deadline: Duration,
	/// How long a node is asked what became of a call, before it is left for later.
	pub recovery: Duration,
	/// How long a call waits for others to leave something of the budget.
	pub budget_wait: Duration,
	/// How many nodes are tried for one call.
	pub attempts: usize,
	/// How long a session that was opened or topped up just now may take to reach a node, and a
	/// lane to be free again.
	pub catch_up: Duration,
	/// How often to look whether it did.
	pub pause: Duration,
}

impl Default for CallSettings {
	fn default() -> Self {
		Self {
			max_charge: None,
			max_output_tokens: 4_096,
			in_vain: Duration::from_secs(5),
			deadline: Duration::from_secs(600),
			recovery: Duration::from_secs(15),
			budget_wait: Duration::from_secs(30),
			attempts: 4,
			catch_up: Duration::from_secs(45),
			pause: Duration::from_millis(750),
		}
	}
}

/// Makes calls.
pub struct Engine {
	/// The chain.
	pub network: Arc<dyn Network>,
	/// Models and nodes.
	pub market: Arc<Market>,
	/// The ledger.
	pub treasury: Arc<Treasury>,
	/// Transactions.
	pub funding: Arc<Funding>,
	/// Statements.
	pub clerk: Clerk,
	/// Speaks with nodes.
	pub api: NodeApi,
	/// How calls are made.
	pub settings: CallSettings,
	/// Time is up for calls that are under way.
	pub cut: CancellationToken,
}

/// What came of trying one node.
#[derive(Debug)]
enum Verdict {
	/// The app has its answer.
	Delivered,
	/// The answer broke off after part of it had gone out, and the app was told.
	BrokeOff,
	/// The app has gone.
	Gone,
	/// Another node may do better.
	Elsewhere(ApiError),
	/// There is no money for it with this node.
	NoFunds(NoFunds),
	/// No node will take this request, or there is no time left for one.
	Refused(ApiError),
}

/// Why there is no money for a call.
#[derive(Clone, Debug)]
enum NoFunds {
	/// The budget does not allow it.
	Budget {
		/// What is left of it, in planck.
		left: Balance,
		/// What the call may cost, in planck.
		amount: Balance,
	},
	/// The account is too poor.
	Account(String),
}

/// Why a call has to end before its answer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
	Gone,
	Deadline,
	Shutdown,
}

impl Stop {
	fn into_error(self) -> ApiError {
		match self {
			Self::Gone | Self::Shutdown => {
				ApiError::unavailable("shutting_down", "this proxy is stopping")
			}
			Self::Deadline => ApiError::timeout("the call took too long"),
		}
	}

	/// What becomes of an answer that is not waited for any longer.
	fn fate(self) -> Fate {
		match self {
			Self::Gone | Self::Shutdown => Fate::Unwanted,
			Self::Deadline => Fate::Lost,
		}
	}

	fn into_verdict(self) -> Verdict {
		match self {
			Self::Gone => Verdict::Gone,
			Self::Deadline | Self::Shutdown => Verdict::Refused(self.into_error()),
		}
	}
}

/// A call on its way.
struct Call<'a> {
	request: &'a Request,
	line: &'a mut Line,
	deadline: Instant,
	cut: &'a CancellationToken,
}

impl Call<'_> {
	/// Completes when the call has to end.
	async fn stopped(&mut self) -> Stop {
		tokio::select! {
			biased;
			() = self.line.gone() => Stop::Gone,
			() = self.cut.cancelled() => Stop::Shutdown,
			() = tokio::time::sleep_until(self.deadline) => Stop::Deadline,
		}
	}

	/// Waits for something that may be dropped half way.
	async fn unless_stopped<T>(
		&mut self,
		what: impl std::future::Future<Output = T>,
	) -> Result<T, Stop> {
		tokio::select! {
			biased;
			done = what => Ok(done),
			stop = self.stopped() => Err(stop),
		}
	}
}

impl Engine {
	/// Makes a call, and answers on `line`.
	pub async fn serve(&self, request: Request, mut line: Line) {
		let began = Instant::now();
		let mut call = Call {
			request: &request,
			line: &mut line,
			deadline: began.checked_add(self.settings.deadline).unwrap_or(began),
			cut: &self.cut,
		};
		let outcome = match self.run(&mut call).await {
			Verdict::Delivered => "served",
			Verdict::BrokeOff => "broke_off",
			Verdict::Gone => "caller_gone",
			Verdict::Elsewhere(error) | Verdict::Refused(error) => {
				debug!(model = %request.model, %error, "call failed");
				call.line.fail(error).await;
				"failed"
			}
			Verdict::NoFunds(reason) => {
				call.line.fail(self.no_funds(request.task, &reason)).await;
				"no_funds"
			}
		};
		// Others could choose any names.
		let is_listed = self.market.lists().models.contains_key(&request.model);
		let model = if is_listed { request.model.clone() } else { "unknown".to_owned() };
		metrics::counter!("openledger_pay_calls_total", "model" => model.clone(), "outcome" => outcome)
			.increment(1);
		metrics::histogram!(
			"gen_ai_client_operation_duration_seconds",
			"gen_ai_request_model" => model,
			"gen_ai_operation_name" => request.task.operation(),
		)
		.record(began.elapsed().as_secs_f64());
	}

	/// Tries nodes until one has answered.
	async fn run(&self, call: &mut Call<'_>) -> Verdict {
		let model = call.request.model.clone();
		let listing = match call.unless_stopped(self.market.find(&model)).await {
			Ok(Ok(Some(listing))) => listing,
			Ok(Ok(None)) => return Verdict::Refused(ApiError::unknown_model(&model)),
			Ok(Err(error)) => {
				warn!(%error, "the chain cannot be asked");
				let message = "the chain node cannot be reached, and the model is not known yet";
				return Verdict::Refused(ApiError::unavailable("chain_unavailable", message));
			}
			Err(stop) => return stop.into_verdict(),
		};
		let patience = Instant::now().checked_add(self.settings.budget_wait);
		let patience = patience.map_or(call.deadline, |patience| patience.min(call.deadline));
		let mut tried = BTreeSet::new();
		let mut failure: Option<ApiError> = None;
		loop {
			let mut poor: BTreeMap<AccountId, NoFunds> = BTreeMap::new();
			while tried.len() < self.settings.attempts {
				let node = self.choose(&listing, call.request, &tried, &poor);
				let Some(node) = node else { break };
				match self.attempt(call, &listing, &node).await {
					Verdict::NoFunds(reason) => {
						poor.insert(node.operator, reason);
					}
					Verdict::Elsewhere(error) => {
						info!(node = %ss58(&node.operator), %error, "asking another node");
						metrics::counter!("openledger_pay_failovers_total", "code" => error.label())
							.increment(1);
						tried.insert(node.operator);
						failure = Some(more_telling(failure, error));
					}
					verdict => return verdict,
				}
			}
			if tried.len() < self.settings.attempts {
				match self.funds_are_back(call, &listing, &poor, patience).await {
					Ok(true) => continue,
					Ok(false) => {}
					Err(stop) => return stop.into_verdict(),
				}
			}
			return match (failure, poor.into_values().next()) {
				(Some(failure), _) => Verdict::Elsewhere(failure),
				(None, Some(reason)) => Verdict::NoFunds(reason),
				(None, None) => Verdict::Elsewhere(ApiError::unavailable(
					"no_node",
					format!("no node that serves `{model}` can be paid"),
				)),
			};
		}
	}

	/// Waits until there is money for a call with one of the nodes that had none, because calls that
	/// were under way have left something of what was set aside for them. Whether there is.
	async fn funds_are_back(
		&self,
		call: &mut Call<'_>,
		listing: &Listing,
		poor: &BTreeMap<AccountId, NoFunds>,
		patience: Instant,
	) -> Result<bool, Stop> {
		loop {
			// Who frees something from here on wakes this call up.
			let freed = self.treasury.freed();
			let mut may_change = false;
			for (node, reason) in poor {
				let NoFunds::Budget { amount, .. } = reason else { continue };
				let ModelInfo { id: model, version, price_version, .. } = listing.model;
				let terms = LaneTerms { model, version, price_version };
				match self.treasury.check(node, terms, *amount, self.best()) {
					Err(Shortfall::Budget { may_change: more, .. }) => may_change |= more,
					Err(
						Shortfall::Barred(_)
						| Shortfall::LanesDenied { .. }
						| Shortfall::Unwelcome { .. },
					) => {}
					Ok(()) | Err(_) => return Ok(true),
				}
			}
			if !may_change {
				return Ok(false);
			}
			if call.unless_stopped(timeout_at(patience, freed)).await?.is_err() {
				return Ok(false);
			}
		}
	}

	/// A model's name, or its number if it is not listed any more.
	fn model_name(&self, id: ModelId) -> String {
		let lists = self.market.lists();
		let listed = lists.models.values().find(|listing| listing.model.id == id);
		listed.map_or_else(|| id.to_string(), |listing| listing.model.name.clone())
	}

	/// The node to ask next.
	fn choose(
		&self,
		listing: &Listing,
		request: &Request,
		tried: &BTreeSet<AccountId>,
		poor: &BTreeMap<AccountId, NoFunds>,
	) -> Option<NodeInfo> {
		let (best, usual) = (self.market.best(), usual_charge(listing, request));
		let candidates = self.treasury.look(|ledger| {
			let untried = listing.nodes.iter().filter(|node| {
				let operator = &node.operator;
				!tried.contains(operator)
					&& !poor.contains_key(operator)
					&& !ledger.barred().contains_key(operator)
			});
			let candidate = |node: &NodeInfo| {
				let served = node.models.iter().find(|served| served.model == listing.model.id);
				let purse = ledger.purse(&node.operator, best);
				Candidate {
					operator: node.operator.clone(),
					capacity: served.map_or(1, |served| served.capacity),
					funded: purse.is_some_and(|left| left >= usual),
					health: self.market.health(&node.operator),
				}
			};
			untried.map(candidate).collect::<Vec<_>>()
		});
		// Whoever does not serve such calls of the model may have begun to.
		let task = (listing.model.id, request.task);
		let waits =
			|node: &Candidate| self.treasury.look(|ledger| ledger.must_wait(&node.operator));
		let (unlikely, likely): (Vec<_>, Vec<_>) = candidates
			.into_iter()
			.partition(|node| self.market.is_unserved(&node.operator, task) || waits(node));
		let now = self.market.now();
		let first = rank(likely, now).into_iter().chain(rank(unlikely, now)).next()?;
		listing.nodes.iter().find(|node| node.operator == first.operator).cloned()
	}

	fn no_funds(&self, task: Task, reason: &NoFunds) -> ApiError {
		ApiError::no_quota(match reason {
			NoFunds::Budget { left, amount } => format!(
				"this call may cost {}, and {} of the budget of {} are left for it: raise the budget \
				 (--budget), or ask for fewer tokens ({}); GET /spend shows where it went",
				format_amount(*amount),
				format_amount(*left),
				format_amount(self.treasury.budget().limit),
				task.costly_part(),
			),
			NoFunds::Account(reason) => reason.clone(),
		})
	}

	fn best(&self) -> BlockNumber {
		self.market.best()
	}
}

/// About what a call may cost, before a node has said so.
fn usual_charge(listing: &Listing, request: &Request) -> Balance {
	let tokens = request.body.len().checked_div(BYTES_PER_TOKEN).unwrap_or_default();
	let input = u32::try_from(tokens).unwrap_or(u32::MAX);
	let output = request.max_tokens.unwrap_or(USUAL_OUTPUT);
	listing.model.price.charge(input, output).unwrap_or(Balance::MAX)
}

/// The error that tells an app more: what is wrong with its request rather than how busy the nodes
/// are, and that rather than how they failed.
fn more_telling(before: Option<ApiError>, newer: ApiError) -> ApiError {
	let weight = |error: &ApiError| match error.status.as_u16() {
		429 => 1,
		400..=499 => 2,
		_ => 0,
	};
	match before {
		Some(before) if weight(&before) > weight(&newer) => before,
		_ => newer,
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use axum::http::StatusCode;

	#[test]
	fn the_more_telling_error_is_kept() {
		let invalid = || ApiError::invalid(StatusCode::BAD_REQUEST, None, "bad", "bad");
		let busy = || ApiError::overloaded(PAUSE, "busy");
		let broken = || ApiError::bad_gateway("broken", "broken");
		assert_eq!(more_telling(None, broken()), broken());
		assert_eq!(more_telling(Some(invalid()), broken()), invalid());
		assert_eq!(more_telling(Some(broken()), busy()), busy());
		assert_eq!(more_telling(Some(busy()), invalid()), invalid());
		assert_eq!(more_telling(Some(invalid()), busy()), invalid());
	}
}
