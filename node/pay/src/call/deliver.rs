//! Handing an answer through, and settling up for it.

use std::collections::VecDeque;

use axum::{
	body::Body,
	http::{header::CONTENT_TYPE, HeaderName, HeaderValue},
	response::Response as Answer,
};
use futures::{stream::BoxStream, FutureExt, StreamExt};
use openledger_client::{
	caller::{SseEvent, SseParser},
	ss58,
	x402::PaymentResponse,
};
use openledger_primitives::{info::NodeInfo, statement::response_hash, Balance};
use reqwest::Response;
use tokio::time::{sleep, Instant};
use tracing::{info, warn};

use super::{
	again::Whole,
	attempt::{later, millis, Payment},
	line::Gone,
	relay::{Relay, Step},
	Call, Engine, Request, Said, Stop, Verdict,
};
use crate::{
	clerk::{self, Unacceptable},
	error::ApiError,
	ledger::{Begun, Fate, Seat},
	node::{
		api::{describe, Known},
		health::Health,
	},
};

/// What an app learns of the payment, if it looks.
const NODE: HeaderName = HeaderName::from_static("x-openledger-node");
const SESSION: HeaderName = HeaderName::from_static("x-openledger-session");
const CHARGE: HeaderName = HeaderName::from_static("x-openledger-charge");

/// Why an answer is not read to its end.
const TOO_LONG: &str = "the answer is longer than what was paid for can be";

/// What became of a call.
pub(super) enum Found {
	/// It was charged so much, in planck.
	Charged(Balance),
	/// It was not charged.
	NotCharged,
	/// The node's statement does not hold.
	False(String),
	/// The node does not say.
	Unknown,
}

impl Engine {
	/// Hands an answer through to the app, and settles up for it.
	pub(super) async fn deliver(
		&self,
		call: &mut Call<'_>,
		node: &NodeInfo,
		payment: &Payment,
		answer: Response,
	) -> Verdict {
		let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
		let is_stream = kind.is_some_and(|kind| kind.starts_with("text/event-stream"));
		match (is_stream, call.request.stream) {
			(true, true) => self.stream(call, node, payment, answer).await,
			(false, false) => self.whole(call, node, payment, answer).await,
			_ => {
				drop(answer);
				self.lost(call, node, payment, "it answers in another form".into()).await
			}
		}
	}

	/// An answer that comes all at once.
	async fn whole(
		&self,
		call: &mut Call<'_>,
		node: &NodeInfo,
		payment: &Payment,
		answer: Response,
	) -> Verdict {
		let size = payment.begun.open.call.size();
		match call.unless_stopped(Whole::read(answer, size)).await {
			Ok(Ok(whole)) => self.hand_over(call, node, &payment.begun, whole).await,
			Ok(Err(reason)) => self.lost(call, node, payment, reason).await,
			Err(stop) => self.ended(call, node, payment, stop).await,
		}
	}

	/// Takes the statement of a whole answer, and hands the answer to the app.
	pub(super) async fn hand_over(
		&self,
		call: &mut Call<'_>,
		node: &NodeInfo,
		begun: &Begun,
		whole: Whole,
	) -> Verdict {
		let Whole { response, body, value } = whole;
		let Request { task, model, .. } = call.request;
		let said = Said::of(*task, &value);
		let answer = |said| clerk::Answer { model, task: *task, said, whole: true };
		let known = said.as_ref().map(answer);
		let is_answer = known.is_some() && Said::is_answer(*task, &value);
		let fate = match (call.line.is_gone(), is_answer) {
			(true, _) => Fate::Unwanted,
			(false, true) => Fate::Delivered,
			// Whatever that is, it is no answer.
			(false, false) => Fate::Lost,
		};
		let found = match response {
			Some(response) => self.take(begun, response, known, fate).await,
			None => self.find_out(node, begun, known, fate).await,
		};
		let charge = match &found {
			Found::Charged(charge) => Some(*charge),
			// Whoever answers for free may. It is not the node that has to be asked again.
			Found::NotCharged => Some(0),
			Found::Unknown => None,
			// Who was caught cheating about the price may have cheated about the answer.
			Found::False(reason) => {
				return Verdict::Elsewhere(ApiError::bad_gateway("node_misbehaves", reason.clone()))
			}
		};
		match fate {
			Fate::Delivered => self.note(node, |health, _| health.succeeded()),
			Fate::Lost => {
				self.failed(node);
				self.note_lost(node, &found);
				let reason = "what it answers is no answer";
				return Verdict::Elsewhere(ApiError::bad_gateway("node_failed", reason));
			}
			// An answer that comes when nobody is there any more is none to be praised for.
			Fate::Unwanted => {}
		}
		self.log(call, &begun.seat, charge);
		let mut reply = Answer::new(Body::from(body));
		let json = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
		reply.headers_mut().extend([json]);
		reply.headers_mut().extend(headers(&begun.seat, charge));
		match call.line.answer(Ok(reply)) {
			Ok(()) => Verdict::Delivered,
			Err(Gone) => Verdict::Gone,
		}
	}

	/// An answer that comes piece by piece.
	async fn stream(
		&self,
		call: &mut Call<'_>,
		node: &NodeInfo,
		payment: &Payment,
		answer: Response,
	) -> Verdict {
		let began = Instant::now();
		let (begun, size) = (&payment.begun, payment.begun.open.call.size());
		let mut relay = Relay::new(call.request.task);
		let mut events = Events::new(answer);
		let end = loop {
			let event = match call.unless_stopped(events.next()).await {
				Ok(Ok(event)) => event,
				Ok(Err(reason)) => break Err(Ok(reason)),
				Err(stop) => break Err(Err(stop)),
			};
			let step = relay.take(event);
			if events.read > size.written || relay.said.len() > size.said {
				break Err(Ok(TOO_LONG.into()));
			}
			let pieces = match step {
				Step::Wait => continue,
				Step::End => break Ok(()),
				Step::Forward(pieces) => pieces,
			};
			if !call.line.has_begun() {
				self.note(node, |health, _| health.answered(millis(began.elapsed())));
				note_first_piece(call.request, began);
			}
			if let Err(stop) = forward(call, &begun.seat, pieces).await {
				break Err(Err(stop));
			}
		};
		// What has come already counts as well.
		while let (Err(Err(_)), Some(Ok(event))) = (&end, events.next().now_or_never()) {
			let is_end = relay.take(event) == Step::End;
			if is_end || events.read > size.written || relay.said.len() > size.said {
				break;
			}
		}
		// The node learns that nobody listens any more, and charges what was taken.
		drop(events);
		self.end_stream(call, node, payment, relay, end).await
	}

	async fn end_stream(
		&self,
		call: &mut Call<'_>,
		node: &NodeInfo,
		payment: &Payment,
		mut relay: Relay,
		end: Result<(), Result<String, Stop>>,
	) -> Verdict {
		let begun = &payment.begun;
		let whole = end.is_ok() && relay.error.is_none() && relay.has_answered();
		let Request { task, model, .. } = call.request;
		let known = Some(clerk::Answer { model, task: *task, said: &relay.said, whole });
		let fate = match &end {
			_ if relay.said.is_empty() && call.line.is_gone() && self.was_in_vain(payment) => {
				Fate::Lost
			}
			_ if call.line.is_gone() => Fate::Unwanted,
			Ok(()) if whole => Fate::Delivered,
			Err(Err(Stop::Deadline)) if call.line.has_begun() => Fate::Unwanted,
			Err(Err(stop)) => stop.fate(),
			_ => Fate::Lost,
		};
		let found = match relay.response.take() {
			Some(response) => self.take(begun, response, known, fate).await,
			None => self.find_out(node, begun, known, fate).await,
		};
		let charge = match &found {
			Found::Charged(charge) => Some(*charge),
			Found::NotCharged => Some(0),
			Found::Unknown | Found::False(_) => None,
		};
		if whole {
			// The app has all of it, whatever the node says about the price.
			if !matches!(found, Found::False(_)) {
				self.note(node, |health, _| health.succeeded());
			}
			self.log(call, &begun.seat, charge);
			let mut last = relay.flush();
			last.push("data: [DONE]\n\n".into());
			return match forward(call, &begun.seat, last).await {
				Ok(()) => Verdict::Delivered,
				Err(stop) => stop.into_verdict(),
			};
		}
		if fate == Fate::Lost {
			self.note_lost(node, &found);
		}
		let error = match (relay.error, end) {
			(_, Err(Err(Stop::Gone))) => {
				if fate == Fate::Lost {
					self.failed(node);
				}
				return Verdict::Gone;
			}
			(_, Err(Err(stop))) => stop.into_error(),
			(Some(error), _) => ApiError::bad_gateway(&error.code, error.message),
			(None, Err(Ok(reason))) => ApiError::bad_gateway("node_failed", reason),
			(None, Ok(())) => ApiError::bad_gateway("node_failed", "the answer broke off"),
		};
		self.failed(node);
		if call.line.has_begun() {
			warn!(node = %ss58(&node.operator), %error, "an answer broke off");
			call.line.fail(error).await;
			return Verdict::BrokeOff;
		}
		match call.deadline > Instant::now() && !call.cut.is_cancelled() {
			true => Verdict::Elsewhere(error),
			false => Verdict::Refused(error),
		}
	}

	/// Takes a statement.
	async fn take(
		&self,
		begun: &Begun,
		response: PaymentResponse,
		answer: Option<clerk::Answer<'_>>,
		fate: Fate,
	) -> Found {
		let statement = &response.extra.statement;
		let tokens = [("input", statement.input_tokens), ("output", statement.output_tokens)];
		match self.clerk.take(&begun.seat, &begun.open, response, answer, fate).await {
			Ok(charge) => {
				let model = self.model_name(begun.open.call.model);
				for (kind, count) in tokens {
					metrics::counter!(
						"openledger_pay_tokens_total",
						"model" => model.clone(), "direction" => kind,
					)
					.increment(count.into());
				}
				Found::Charged(charge)
			}
			Err(Unacceptable::False(reason)) => Found::False(reason),
			Err(Unacceptable::Store(error)) => {
				super::attempt::unwritable(&error);
				Found::Unknown
			}
		}
	}

	/// Finds out what became of a call whose answer came without a statement. If the node does not
	/// say in time, that is left for later, and what the call could cost stays set aside.
	pub(super) async fn find_out(
		&self,
		node: &NodeInfo,
		begun: &Begun,
		answer: Option<clerk::Answer<'_>>,
		fate: Fate,
	) -> Found {
		self.note_answer(begun, answer).await;
		let deadline = later(self.settings.recovery);
		let known = self.ask_until(deadline, node, &begun.seat).await;
		self.account_for(node, begun, known, answer, fate).await
	}

	/// What a node says of a call, once it can say, or what it says when time is up.
	pub(super) async fn ask_until(&self, deadline: Instant, node: &NodeInfo, seat: &Seat) -> Known {
		loop {
			let asked = self.api.statement(&node.endpoint, seat.session, seat.lane, seat.sequence);
			let known = Self::until(deadline, asked).await;
			match known.unwrap_or_else(|| Known::NotNow("time is up".into())) {
				Known::NotNow(_) if Instant::now() < deadline => sleep(self.settings.pause).await,
				known => return known,
			}
		}
	}

	/// Settles up for a call whose answer came without a statement, by what its node says of it.
	pub(super) async fn account_for(
		&self,
		node: &NodeInfo,
		begun: &Begun,
		known: Known,
		answer: Option<clerk::Answer<'_>>,
		fate: Fate,
	) -> Found {
		let seat = &begun.seat;
		let taken = match known {
			Known::Served(response) => return self.take(begun, *response, answer, fate).await,
			Known::NotCharged => true,
			// Whoever has the request may still bring it.
			Known::NotTaken if begun.open.call.can_be_taken(self.best()) => {
				self.park(seat, fate).await;
				return Found::Unknown;
			}
			Known::NotTaken => false,
			Known::NotNow(reason) => {
				warn!(
					node = %ss58(&node.operator), session = seat.session, lane = seat.lane, %reason,
					"what became of a call is not known yet; what it may cost stays set aside",
				);
				self.park(seat, fate).await;
				return Found::Unknown;
			}
		};
		match self.treasury.release(seat, taken).await {
			Ok(()) => Found::NotCharged,
			Err(error) => {
				super::attempt::unwritable(&error);
				Found::Unknown
			}
		}
	}

	/// Writes down what has come of an answer whose statement has not: whoever takes that, and be it
	/// another process, holds it against this.
	pub(super) async fn note_answer(&self, begun: &Begun, answer: Option<clerk::Answer<'_>>) {
		let Some(answer) = answer else { return };
		let most = self.clerk.most_owed(answer).await;
		let salt = begun.open.call.salt;
		let hash = || response_hash(salt.as_fixed_bytes(), answer.said.signed.as_bytes());
		let expected = answer.whole.then(hash);
		let noted = self.treasury.update(|ledger| ledger.owe_at_most(&begun.seat, most, expected));
		if let Err(error) = noted.await {
			super::attempt::unwritable(&error);
		}
	}

	/// Leaves it for later to learn what became of a call.
	async fn park(&self, seat: &Seat, fate: Fate) {
		if fate != Fate::Lost {
			return self.treasury.park(seat);
		}
		if let Err(error) = self.treasury.park_lost(seat).await {
			super::attempt::unwritable(&error);
		}
	}

	/// Notes an answer that did not arrive, if it was paid for or may be.
	pub(super) fn note_lost(&self, node: &NodeInfo, found: &Found) {
		if !matches!(found, Found::NotCharged | Found::Charged(0)) {
			self.note(node, Health::lost);
		}
		if let Found::Charged(charge) = found {
			warn!(node = %ss58(&node.operator), %charge, "an answer was charged and did not arrive");
			metrics::counter!("openledger_pay_lost_answers_total").increment(1);
		}
	}

	fn log(&self, call: &Call<'_>, seat: &Seat, charge: Option<Balance>) {
		info!(
			model = %call.request.model, node = %ss58(&seat.node), session = seat.session,
			lane = seat.lane, sequence = seat.sequence, charge = ?charge, "call served",
		);
	}
}

/// Hands pieces on. A stream is begun with the first.
async fn forward(
	call: &mut Call<'_>,
	seat: &Seat,
	pieces: Vec<axum::body::Bytes>,
) -> Result<(), Stop> {
	if !call.line.has_begun() {
		call.line.open(headers(seat, None)).map_err(|Gone| Stop::Gone)?;
	}
	for piece in pieces {
		let (deadline, cut) = (call.deadline, call.cut);
		tokio::select! {
			biased;
			sent = call.line.send(piece) => sent.map_err(|Gone| Stop::Gone)?,
			() = cut.cancelled() => return Err(Stop::Shutdown),
			() = tokio::time::sleep_until(deadline) => return Err(Stop::Deadline),
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

fn headers(seat: &Seat, charge: Option<Balance>) -> Vec<(HeaderName, HeaderValue)> {
	let charge = charge.map(|charge| (CHARGE, charge.to_string()));
	let known = [(NODE, ss58(&seat.node)), (SESSION, seat.session.to_string())];
	let all = known.into_iter().chain(charge);
	all.filter_map(|(name, value)| Some((name, HeaderValue::from_str(&value).ok()?))).collect()
}

/// The events of an answer.
struct Events {
	pieces: BoxStream<'static, reqwest::Result<axum::body::Bytes>>,
	parser: SseParser,
	ready: VecDeque<SseEvent>,
	/// Bytes that have come.
	read: usize,
}

impl Events {
	fn new(answer: Response) -> Self {
		Self {
			pieces: answer.bytes_stream().boxed(),
			parser: SseParser::default(),
			ready: VecDeque::new(),
			read: 0,
		}
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
}
