//! Choosing a node for a call, and another one where that fails.

use std::{
	collections::{BTreeMap, BTreeSet},
	sync::Arc,
};

use openledger_chain_client::{ss58, ChainError};
use openledger_payer_ledger::Shortfall;
use openledger_primitives::{
	info::{ModelInfo, NodeInfo},
	price::Tokens,
	AccountId, Balance,
};
use openledger_protocol::{units::format_amount, ApiError, Task};
use tokio::time::{timeout_at, Instant};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use super::{
	attempt::attempt,
	context::Call,
	paid::PaidCall,
	reply::ReplyChannel,
	request::Request,
	verdict::{in_time, later, no_chain, NoFunds, Step, Verdict},
};
use crate::{
	error::{label, unknown_model, PayerCode},
	market::Listing,
	node::{
		api::Quote,
		choice::{rank, Candidate},
	},
	parts::Parts,
};

/// Tokens that an answer is taken to have at most, where the request does not say.
const USUAL_OUTPUT: u32 = 512;
/// Bytes of a request that are taken to be one token.
const BYTES_PER_TOKEN: usize = 3;

/// Makes calls: chooses a node for each, and another one where that fails.
pub struct Router {
	parts: Arc<Parts>,
	/// Time is up for calls that are under way.
	cut: CancellationToken,
}

/// A call that has come to its end.
#[derive(Clone, Debug)]
pub struct Served {
	/// The end.
	pub ended: Ended,
	/// The vouchers that went out for it, in order, and what became of each.
	pub paid: Vec<PaidCall>,
}

/// The end of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
	/// The app has its answer.
	Delivered,
	/// The answer broke off after part of it had gone out.
	BrokeOff(ApiError),
	/// The app has gone.
	Gone,
	/// There is no answer.
	Failed(ApiError),
	/// There is no money for it.
	NoFunds(ApiError),
}

impl Ended {
	/// Its name in metrics.
	fn label(&self) -> &'static str {
		match self {
			Self::Delivered => "served",
			Self::BrokeOff(_) => "broke_off",
			Self::Gone => "caller_gone",
			Self::Failed(_) => "failed",
			Self::NoFunds(_) => "no_funds",
		}
	}
}

impl Router {
	/// Makes calls with these parts.
	pub(crate) fn new(parts: Arc<Parts>) -> Self {
		Self { parts, cut: CancellationToken::new() }
	}

	/// Ends all calls that are under way, once it is cancelled.
	pub fn cut(&self) -> CancellationToken {
		self.cut.clone()
	}

	/// Makes a call, and answers on `reply`.
	pub async fn serve(&self, request: Request, mut reply: ReplyChannel) -> Served {
		let began = Instant::now();
		let mut call = Call {
			request: &request,
			reply: &mut reply,
			deadline: later(self.parts.settings.call.deadline),
			cut: &self.cut,
			paid: Vec::new(),
		};
		let ended = match self.run(&mut call).await {
			Verdict::Delivered => Ended::Delivered,
			Verdict::BrokeOff(error) => Ended::BrokeOff(error),
			Verdict::Gone => Ended::Gone,
			Verdict::Elsewhere(error) | Verdict::Refused(error) => {
				debug!(model = %request.model, %error, "call failed");
				call.reply.fail(error.clone()).await;
				Ended::Failed(error)
			}
			Verdict::NoFunds(reason) => {
				let error = self.no_funds(request.task, &reason);
				call.reply.fail(error.clone()).await;
				Ended::NoFunds(error)
			}
		};
		let paid = call.paid;
		// Others could choose any names.
		let is_listed = self.parts.market.lists().models.contains_key(&request.model);
		let model = if is_listed { request.model.clone() } else { "unknown".to_owned() };
		let outcome = ended.label();
		metrics::counter!("openledger_pay_calls_total", "model" => model.clone(), "outcome" => outcome)
			.increment(1);
		metrics::histogram!(
			"gen_ai_client_operation_duration_seconds",
			"gen_ai_request_model" => model,
			"gen_ai_operation_name" => request.task.operation(),
		)
		.record(began.elapsed().as_secs_f64());
		Served { ended, paid }
	}

	/// Tries nodes until one has answered.
	async fn run(&self, call: &mut Call<'_>) -> Verdict {
		let listing = match self.listing(call).await {
			Step::Continue(listing) => listing,
			Step::Break(verdict) => return verdict,
		};
		let patience = later(self.parts.settings.call.budget_wait).min(call.deadline);
		let mut tried = BTreeSet::new();
		let mut failure: Option<ApiError> = None;
		loop {
			let mut poor: BTreeMap<AccountId, NoFunds> = BTreeMap::new();
			while tried.len() < self.parts.settings.call.attempts {
				let node = self.choose(&listing, call.request, &tried, &poor);
				let Some(node) = node else { break };
				match attempt(&self.parts, call, &listing.model, &node).await {
					Verdict::NoFunds(reason) => {
						poor.insert(node.operator, reason);
					}
					Verdict::Elsewhere(error) => {
						info!(node = %ss58(&node.operator), %error, "asking another node");
						metrics::counter!("openledger_pay_failovers_total", "code" => label(&error))
							.increment(1);
						tried.insert(node.operator);
						failure = Some(more_telling(failure, error));
					}
					verdict => return verdict,
				}
			}
			if tried.len() < self.parts.settings.call.attempts {
				match self.funds_are_back(call, &poor, patience).await {
					Step::Continue(true) => continue,
					Step::Continue(false) => {}
					Step::Break(verdict) => return verdict,
				}
			}
			return match (failure, poor.into_values().next()) {
				(Some(failure), _) => Verdict::Elsewhere(failure),
				(None, Some(reason)) => Verdict::NoFunds(reason),
				(None, None) => Verdict::Elsewhere(PayerCode::NoNode.unavailable(format!(
					"no node that serves `{}` can be paid",
					call.request.model
				))),
			};
		}
	}

	/// The model, and the nodes that may answer the call.
	async fn listing(&self, call: &mut Call<'_>) -> Step<Listing> {
		let Request { model, node, .. } = call.request;
		let unreachable = |error: ChainError| {
			let message = "the chain node cannot be reached, and the model is not known yet";
			Step::Break(Verdict::Refused(no_chain(&error, message)))
		};
		let mut listing = match in_time(call.unless_stopped(self.parts.market.find(model)).await)? {
			Ok(Some(listing)) => listing,
			Ok(None) => return Step::Break(Verdict::Refused(unknown_model(model))),
			Err(error) => return unreachable(error),
		};
		let Some(url) = node else { return Step::Continue(listing) };
		let base = |url: &str| url.trim_end_matches('/').to_owned();
		listing.nodes.retain(|node| base(&node.endpoint) == base(url));
		if listing.nodes.is_empty() {
			let found = self.identify(call.request, url, &listing.model);
			match in_time(call.unless_stopped(found).await)? {
				Ok(Ok(node)) => listing.nodes.push(node),
				Ok(Err(reason)) => {
					let error = PayerCode::NodeMisbehaves.bad_gateway(reason);
					return Step::Break(Verdict::Refused(error));
				}
				Err(error) => return unreachable(error),
			}
		}
		Step::Continue(listing)
	}

	/// The node at an address that is not registered, known by the account that it wants to be paid on.
	async fn identify(
		&self,
		request: &Request,
		url: &str,
		model: &ModelInfo,
	) -> Result<Result<NodeInfo, String>, ChainError> {
		let required = match self.parts.api.offer(url, request.task, &request.body).await {
			Quote::Offer(required) => required,
			Quote::Refused(refusal) => return Ok(Err(refusal.message)),
			Quote::Failed(reason) => return Ok(Err(reason)),
		};
		let Some(payee) = required.accepts.first() else {
			return Ok(Err("it offers no way to pay".into()));
		};
		let Some(node) = self.parts.network.node(&payee.pay_to).await? else {
			let reason = "the account that it wants to be paid on is no registered inference node";
			return Ok(Err(reason.into()));
		};
		match node.models.iter().any(|served| served.model == model.id) {
			true => Ok(Ok(NodeInfo { endpoint: url.to_owned(), ..node })),
			false => Ok(Err("it is not registered to serve this model".into())),
		}
	}

	/// Waits until there is money for a call with one of the nodes that had none, because calls that
	/// were under way have left something of what was set aside for them. Returns `true` if there is.
	async fn funds_are_back(
		&self,
		call: &mut Call<'_>,
		poor: &BTreeMap<AccountId, NoFunds>,
		patience: Instant,
	) -> Step<bool> {
		loop {
			// Who frees something from here on wakes this call up.
			let freed = self.parts.treasury.freed();
			let mut may_change = false;
			for (node, reason) in poor {
				let NoFunds::Budget { amount, agreement, .. } = reason else { continue };
				let (best, budget) = (self.parts.market.best(), self.parts.treasury.budget());
				let checked = self
					.parts
					.treasury
					.look(|ledger| ledger.means().check(node, agreement, *amount, best, budget));
				match checked {
					Err(Shortfall::Budget { may_change: more, .. }) => may_change |= more,
					Err(
						Shortfall::Barred(_)
						| Shortfall::LanesDenied { .. }
						| Shortfall::Unwelcome { .. },
					) => {}
					Ok(()) | Err(_) => return Step::Continue(true),
				}
			}
			if !may_change {
				return Step::Continue(false);
			}
			if in_time(call.unless_stopped(timeout_at(patience, freed)).await)?.is_err() {
				return Step::Continue(false);
			}
		}
	}

	/// The node to ask next.
	fn choose(
		&self,
		listing: &Listing,
		request: &Request,
		tried: &BTreeSet<AccountId>,
		poor: &BTreeMap<AccountId, NoFunds>,
	) -> Option<NodeInfo> {
		let (best, usual) = (self.parts.market.best(), usual_charge(listing, request));
		// Whoever does not serve such calls of the model may have begun to.
		let task = (listing.model.id, request.task);
		let (mut likely, mut unlikely) = (Vec::new(), Vec::new());
		for node in &listing.nodes {
			let operator = &node.operator;
			let (is_barred, must_wait, left) = self.parts.treasury.look(|ledger| {
				let (nodes, means) = (ledger.nodes(), ledger.means());
				let is_barred = nodes.barred().contains_key(operator);
				(is_barred, means.must_wait(operator), means.most_left(operator, best))
			});
			if tried.contains(operator) || poor.contains_key(operator) || is_barred {
				continue;
			}
			let served = node.models.iter().find(|served| served.model == listing.model.id);
			let candidate = Candidate {
				operator: operator.clone(),
				capacity: served.map_or(1, |served| served.capacity),
				funded: left.is_some_and(|left| left >= usual),
				health: self.parts.market.health(operator),
			};
			match self.parts.market.is_unserved(operator, task) || must_wait {
				true => unlikely.push(candidate),
				false => likely.push(candidate),
			}
		}
		let now = self.parts.market.now();
		let first = rank(likely, now).into_iter().chain(rank(unlikely, now)).next()?;
		listing.nodes.iter().find(|node| node.operator == first.operator).cloned()
	}

	fn no_funds(&self, task: Task, reason: &NoFunds) -> ApiError {
		ApiError::no_quota(match reason {
			NoFunds::Budget { left, amount, .. } => format!(
				"this call may cost {}, and {} of the budget of {} are left for it: raise the budget \
				 (--budget), or ask for fewer tokens ({}); GET /spend shows where it went",
				format_amount(*amount),
				format_amount(*left),
				format_amount(self.parts.treasury.budget().limit),
				task.costly_part(),
			),
			NoFunds::Account(reason) => reason.clone(),
		})
	}
}

/// About what a call may cost, before a node has said so.
fn usual_charge(listing: &Listing, request: &Request) -> Balance {
	let tokens = request.body.len().checked_div(BYTES_PER_TOKEN).unwrap_or_default();
	let input = u32::try_from(tokens).unwrap_or(u32::MAX);
	let output = request.max_tokens.unwrap_or(USUAL_OUTPUT);
	listing.model.price.charge(&Tokens::new(input, output)).unwrap_or(Balance::MAX)
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
	use openledger_protocol::RefusalCode;

	#[test]
	fn the_more_telling_error_is_kept() {
		let invalid = || ApiError::new(RefusalCode::InvalidValue, "bad");
		let busy = || ApiError::new(RefusalCode::Overloaded, "busy");
		let broken = || PayerCode::NodeFailed.bad_gateway("broken");
		assert_eq!(more_telling(None, broken()), broken());
		assert_eq!(more_telling(Some(invalid()), broken()), invalid());
		assert_eq!(more_telling(Some(broken()), busy()), busy());
		assert_eq!(more_telling(Some(busy()), invalid()), invalid());
		assert_eq!(more_telling(Some(invalid()), busy()), invalid());
	}
}
