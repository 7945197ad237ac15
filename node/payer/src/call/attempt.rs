//! Trying one node, step by step.

use axum::http::header::CONTENT_TYPE;
use openledger_primitives::{
	info::{ModelInfo, NodeInfo},
	AccountId,
};
use reqwest::Response;

use super::{
	agreed::Agreed,
	context::Call,
	lost::Lost,
	offered::Offered,
	prepared::Payment,
	receiving::Receiving,
	rejected::{Next, Patience},
	sent::{send, Came},
	stream,
	verdict::{later, Step, Verdict},
	whole::Whole,
};
use crate::{market::Market, parts::Parts};

/// Tries one node.
pub(super) async fn attempt(
	parts: &Parts,
	call: &mut Call<'_>,
	model: &ModelInfo,
	node: &NodeInfo,
) -> Verdict {
	let _in_flight = InFlight::new(&parts.market, &node.operator);
	let mut patience = Patience::until(later(parts.settings.call.catch_up).min(call.deadline));
	let mut node = node.clone();
	loop {
		match round(parts, call, model, node, &mut patience).await {
			Step::Continue(newest) => node = newest,
			Step::Break(verdict) => return verdict,
		}
	}
}

/// Walks the steps with one voucher. Goes on with the node as the chain has it if there is to be another
/// one.
async fn round(
	parts: &Parts,
	call: &mut Call<'_>,
	model: &ModelInfo,
	node: NodeInfo,
	patience: &mut Patience,
) -> Step<NodeInfo> {
	let offered = Offered::ask(parts, call, model, node).await?;
	let agreed = Agreed::compare(offered, parts, call.request, model).await?;
	let node = agreed.node.clone();
	let mut payment = Payment::prepare(agreed, parts, call, patience.as_of()).await?;
	loop {
		let rejected = match send(payment, parts, call).await? {
			Came::Answered(payment, answer) => {
				return Step::Break(deliver(parts, call, payment, answer).await);
			}
			Came::Lost(lost, reason) => {
				return Step::Break(lost.recover(parts, call, reason).await);
			}
			Came::Stopped(lost, stop) => {
				return Step::Break(lost.abandon(parts, call, stop).await);
			}
			Came::Rejected(rejected) => rejected,
		};
		match rejected.correct(parts, call, model, patience).await? {
			Next::Another => return Step::Continue(node),
			Next::Again(same) => payment = same,
		}
	}
}

/// Last step: hands the answer through to the app, whole or piece by piece, and takes its statement.
async fn deliver(
	parts: &Parts,
	call: &mut Call<'_>,
	payment: Payment,
	answer: Response,
) -> Verdict {
	let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
	let is_stream = kind.is_some_and(|kind| kind.starts_with("text/event-stream"));
	if is_stream != call.request.stream {
		drop(answer);
		return Lost { payment }.recover(parts, call, "it answers in another form".into()).await;
	}
	let receiving = Receiving { parts, payment: &payment };
	if is_stream {
		return stream::deliver(receiving, call, answer).await;
	}
	match call.unless_stopped(Whole::read(answer, payment.size())).await {
		Ok(Ok(whole)) => whole.hand_over(receiving, call).await,
		Ok(Err(reason)) => Lost { payment }.recover(parts, call, reason).await,
		Err(stop) => Lost { payment }.abandon(parts, call, stop).await,
	}
}

/// A call that a node is answering.
struct InFlight<'a> {
	market: &'a Market,
	operator: AccountId,
}

impl<'a> InFlight<'a> {
	fn new(market: &'a Market, operator: &AccountId) -> Self {
		market.note(operator, |health, _| health.begin());
		Self { market, operator: operator.clone() }
	}
}

impl Drop for InFlight<'_> {
	fn drop(&mut self) {
		self.market.note(&self.operator, |health, _| health.end());
	}
}
