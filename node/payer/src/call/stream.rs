//! An answer that comes piece by piece.

use axum::body::Bytes;
use futures::FutureExt;
use openledger_chain_client::ss58;
use reqwest::Response;
use tokio::time::{sleep_until, Instant};
use tracing::warn;

use super::{
	context::Call,
	events::Events,
	paid::Outcome,
	prepared::Payment,
	receiving::{headers, Receiving},
	relay::{Relay, Step},
	reply::Gone,
	stop::{millis, Stop},
	verdict::Verdict,
	Request,
};
use crate::{
	clerk,
	error::ApiError,
	ledger::{Fate, LaneSlot},
};

/// Why an answer is not read to its end.
const TOO_LONG: &str = "the answer is longer than what was paid for can be";

/// The end of a stream.
#[derive(Debug)]
enum End {
	/// Its last word has come.
	Complete,
	/// It broke off, and why.
	BrokeOff(String),
	/// Nobody waits for the rest.
	Stopped(Stop),
}

/// Hands the pieces of an answer through to the app as they come, and settles up for it.
pub(super) async fn deliver(
	desk: &Receiving,
	call: &mut Call<'_>,
	payment: Payment,
	answer: Response,
) -> Verdict {
	let began = Instant::now();
	let size = payment.begun().open.call.size();
	let mut relay = Relay::new(call.request.task);
	let mut events = Events::new(answer);
	let end = loop {
		let event = match call.unless_stopped(events.next()).await {
			Ok(Ok(event)) => event,
			Ok(Err(reason)) => break End::BrokeOff(reason),
			Err(stop) => break End::Stopped(stop),
		};
		let step = relay.take(event);
		if events.read > size.written || relay.said.len() > size.said {
			break End::BrokeOff(TOO_LONG.into());
		}
		let pieces = match step {
			Step::Wait => continue,
			Step::End => break End::Complete,
			Step::Forward(pieces) => pieces,
		};
		if !call.reply.has_begun() {
			let operator = &payment.node().operator;
			desk.market.note(operator, |health, _| health.answered(millis(began.elapsed())));
			note_first_piece(call.request, began);
		}
		if let Err(stop) = forward(call, payment.slot(), pieces).await {
			break End::Stopped(stop);
		}
	};
	// What has come already counts as well.
	while let (End::Stopped(_), Some(Ok(event))) = (&end, events.next().now_or_never()) {
		let is_end = relay.take(event) == Step::End;
		if is_end || events.read > size.written || relay.said.len() > size.said {
			break;
		}
	}
	// The node learns that nobody listens any more, and charges what was taken.
	drop(events);
	settle_up(desk, call, &payment, relay, end).await
}

async fn settle_up(
	desk: &Receiving,
	call: &mut Call<'_>,
	payment: &Payment,
	mut relay: Relay,
	end: End,
) -> Verdict {
	let operator = &payment.node().operator;
	let whole = matches!(end, End::Complete) && relay.error.is_none() && relay.has_answered();
	let Request { task, model, .. } = call.request;
	let known = Some(clerk::Answer { model, task: *task, said: &relay.said, whole });
	let is_gone = call.reply.is_gone();
	let fate = match &end {
		_ if relay.said.is_empty() && is_gone && payment.was_in_vain(desk.in_vain) => Fate::Lost,
		_ if is_gone => Fate::Unwanted,
		End::Complete if whole => Fate::Delivered,
		End::Stopped(Stop::Deadline) if call.reply.has_begun() => Fate::Unwanted,
		End::Stopped(stop) => stop.fate(),
		End::Complete | End::BrokeOff(_) => Fate::Lost,
	};
	let outcome = match relay.response.take() {
		Some(response) => desk.take(payment, response, known, fate).await,
		None => desk.find_out(payment, known, fate).await,
	};
	call.note(payment.paid(outcome.clone()));
	if whole {
		// The app has all of it, whatever the node says about the price.
		if !matches!(outcome, Outcome::False(_)) {
			desk.market.note(operator, |health, _| health.succeeded());
		}
		desk.log(call, payment, outcome.charge());
		let mut last = relay.flush();
		last.push("data: [DONE]\n\n".into());
		return match forward(call, payment.slot(), last).await {
			Ok(()) => Verdict::Delivered,
			Err(stop) => stop.into(),
		};
	}
	if fate == Fate::Lost {
		desk.note_lost(operator, &outcome);
	}
	let error = match (relay.error, end) {
		(_, End::Stopped(Stop::Gone)) => {
			if fate == Fate::Lost {
				desk.market.failed(operator);
			}
			return Verdict::Gone;
		}
		(_, End::Stopped(stop)) => stop.into_error(),
		(Some(error), _) => ApiError::bad_gateway(&error.code, error.message),
		(None, End::BrokeOff(reason)) => ApiError::bad_gateway("node_failed", reason),
		(None, End::Complete) => ApiError::bad_gateway("node_failed", "the answer broke off"),
	};
	desk.market.failed(operator);
	if call.reply.has_begun() {
		warn!(node = %ss58(operator), %error, "an answer broke off");
		call.reply.fail(error.clone()).await;
		return Verdict::BrokeOff(error);
	}
	match call.may_go_on() {
		true => Verdict::Elsewhere(error),
		false => Verdict::Refused(error),
	}
}

/// Hands pieces on. A stream is begun with the first.
async fn forward(call: &mut Call<'_>, slot: &LaneSlot, pieces: Vec<Bytes>) -> Result<(), Stop> {
	if !call.reply.has_begun() {
		call.reply.open(headers(slot, None)).map_err(|Gone| Stop::Gone)?;
	}
	for piece in pieces {
		let (deadline, cut) = (call.deadline, call.cut);
		tokio::select! {
			biased;
			sent = call.reply.send(piece) => sent.map_err(|Gone| Stop::Gone)?,
			() = cut.cancelled() => return Err(Stop::Shutdown),
			() = sleep_until(deadline) => return Err(Stop::Deadline),
		}
	}
	Ok(())
}

fn note_first_piece(request: &Request, began: Instant) {
	metrics::histogram!(
		"gen_ai_client_operation_time_to_first_chunk_seconds",
		"gen_ai_request_model" => request.model.clone(),
		"gen_ai_operation_name" => request.task.operation(),
	)
	.record(began.elapsed().as_secs_f64());
}
