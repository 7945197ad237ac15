//! An answer that comes piece by piece.

use std::collections::VecDeque;

use axum::body::Bytes;
use futures::{stream::BoxStream, FutureExt, StreamExt};
use openledger_chain_client::ss58;
use openledger_payer_ledger::{Fate, LaneSlot};
use reqwest::Response;
use tokio::time::{sleep_until, Instant};
use tracing::warn;

use super::{
	context::Call,
	paid::Outcome,
	receiving::{headers, Receiving},
	refused::broke_off,
	relay::{Relay, Step},
	reply::Gone,
	request::Request,
	verdict::{millis, Stop, Verdict},
};
use crate::{
	clerk::Answer,
	error::PayerCode,
	node::api::describe,
	size::AnswerSize,
	sse::{SseEvent, SseParser},
};

/// The reason why an answer is not read to its end.
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

/// A streamed answer as it comes.
struct Events {
	pieces: BoxStream<'static, reqwest::Result<Bytes>>,
	parser: SseParser,
	ready: VecDeque<SseEvent>,
	/// Bytes that have come.
	read: usize,
}

impl Events {
	fn new(answer: Response) -> Self {
		let (parser, ready) = (SseParser::default(), VecDeque::new());
		Self { pieces: answer.bytes_stream().boxed(), parser, ready, read: 0 }
	}

	/// The next event, or why there is none.
	async fn next(&mut self) -> Result<SseEvent, String> {
		loop {
			if let Some(event) = self.ready.pop_front() {
				return Ok(event);
			}
			let piece = match self.pieces.next().await {
				Some(piece) => piece.map_err(|error| describe(&error))?,
				None => return Err("the stream ended before its last word".into()),
			};
			self.read = self.read.saturating_add(piece.len());
			let events = self.parser.push(&piece);
			self.ready.extend(events.map_err(|_| "the node sends an endless event".to_owned())?);
		}
	}

	/// Returns `true` if more has come than an answer of this size has.
	fn is_beyond(&self, relay: &Relay, size: AnswerSize) -> bool {
		self.read > size.written || relay.said.len() > size.said
	}
}

/// Hands the pieces of an answer through to the app as they come, and settles up for it.
pub(super) async fn deliver(
	receiving: Receiving<'_>,
	call: &mut Call<'_>,
	answer: Response,
) -> Verdict {
	let began = Instant::now();
	let Receiving { parts, payment } = receiving;
	let size = payment.size();
	let mut relay = Relay::new(call.request.task);
	let mut events = Events::new(answer);
	let end = loop {
		let event = match call.unless_stopped(events.next()).await {
			Ok(Ok(event)) => event,
			Ok(Err(reason)) => break End::BrokeOff(reason),
			Err(stop) => break End::Stopped(stop),
		};
		let step = relay.take(event);
		if events.is_beyond(&relay, size) {
			break End::BrokeOff(TOO_LONG.into());
		}
		let pieces = match step {
			Step::Wait => continue,
			Step::End => break End::Complete,
			Step::Forward(pieces) => pieces,
		};
		if !call.reply.has_begun() {
			let after = millis(began.elapsed());
			parts.market.note(&payment.node.operator, |health, _| health.answered(after));
			note_first_piece(call.request, began);
		}
		if let Err(stop) = forward(call, &payment.reserved.slot, pieces).await {
			break End::Stopped(stop);
		}
	};
	// What has come already counts as well.
	while let (End::Stopped(_), Some(Ok(event))) = (&end, events.next().now_or_never()) {
		if relay.take(event) == Step::End || events.is_beyond(&relay, size) {
			break;
		}
	}
	// The node learns that nobody listens any more, and charges what was taken.
	drop(events);
	settle_up(receiving, call, relay, end).await
}

async fn settle_up(
	receiving: Receiving<'_>,
	call: &mut Call<'_>,
	mut relay: Relay,
	end: End,
) -> Verdict {
	let Receiving { parts, payment } = receiving;
	let operator = &payment.node.operator;
	let whole = matches!(end, End::Complete) && relay.error.is_none() && relay.has_answered();
	let Request { task, model, .. } = call.request;
	let is_gone = call.reply.is_gone();
	let in_vain = payment.was_in_vain(parts.settings.call.in_vain);
	let fate = match &end {
		_ if relay.said.is_empty() && is_gone && in_vain => Fate::Lost,
		_ if is_gone => Fate::Unwanted,
		End::Complete if whole => Fate::Delivered,
		End::Stopped(Stop::Deadline) if call.reply.has_begun() => Fate::Unwanted,
		End::Stopped(stop) => stop.fate(),
		End::Complete | End::BrokeOff(_) => Fate::Lost,
	};
	let response = relay.response.take();
	let known = Answer { model, task: *task, said: &relay.said, whole };
	let outcome = receiving.conclude(call, response, Some(known), fate).await;
	if whole {
		// The app has all of it, whatever the node says about the price.
		if !matches!(outcome, Outcome::False(_)) {
			parts.market.note(operator, |health, _| health.succeeded());
		}
		receiving.log(call, outcome.charge());
		let mut last = relay.flush();
		last.push("data: [DONE]\n\n".into());
		return match forward(call, &payment.reserved.slot, last).await {
			Ok(()) => Verdict::Delivered,
			Err(stop) => stop.into(),
		};
	}
	let error = match (&relay.error, end) {
		(_, End::Stopped(Stop::Gone)) => {
			if fate == Fate::Lost {
				parts.market.failed(operator);
			}
			return Verdict::Gone;
		}
		(_, End::Stopped(stop)) => stop.into_error(),
		(Some(error), _) => broke_off(error),
		(None, End::BrokeOff(reason)) => PayerCode::NodeFailed.bad_gateway(reason),
		(None, End::Complete) => PayerCode::NodeFailed.bad_gateway("the answer broke off"),
	};
	parts.market.failed(operator);
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
