//! Answering requests: with an offer, or, where they are paid, with an answer and its statement.

use axum::{
	body::Bytes,
	extract::State,
	http::{HeaderMap, StatusCode},
	response::{IntoResponse, Response},
};
use openledger_primitives::{
	lane::{AttributionShare, Statement},
	price::Tokens,
	signing::Signed,
	AccountId,
};
use openledger_protocol::{
	x402::{
		self, Payload, PaymentRequired, PaymentResponse, PaymentSignature, Receipt, Requirements,
	},
	Task,
};
use serde_json::{json, Value};

use super::{
	answers::{endless, padded, stream_of, streamed, whole, ANSWER, TOOL},
	offer, refused,
	taking::take,
	Mood, Shared,
};
use crate::data::{response, PROMPT};

pub(super) async fn chat(
	State(shared): State<Shared>,
	headers: HeaderMap,
	body: Bytes,
) -> Response {
	answer(Task::Chat, shared, headers, body).await
}

pub(super) async fn text(
	State(shared): State<Shared>,
	headers: HeaderMap,
	body: Bytes,
) -> Response {
	answer(Task::Text, shared, headers, body).await
}

pub(super) async fn vectors(
	State(shared): State<Shared>,
	headers: HeaderMap,
	body: Bytes,
) -> Response {
	answer(Task::Embeddings, shared, headers, body).await
}

async fn answer(task: Task, shared: Shared, headers: HeaderMap, body: Bytes) -> Response {
	let (mood, delay) = {
		let ledger = shared.ledger.lock();
		(ledger.mood, ledger.delay)
	};
	match mood {
		Mood::Broken => return (StatusCode::BAD_GATEWAY, "<html>").into_response(),
		Mood::Busy => return refused(429, "overloaded", Value::Null),
		Mood::Picky(status, code) => return refused(status, code, Value::Null),
		Mood::NoVectors if task == Task::Embeddings => {
			shared.ledger.lock().offers += 1;
			return refused(400, "unsupported_endpoint", Value::Null);
		}
		_ => {}
	}
	let offer = offer(&shared, task, mood, &body);
	let Some(header) = headers.get(x402::PAYMENT_SIGNATURE) else {
		shared.ledger.lock().offers += 1;
		let required = PaymentRequired::new("payment_required", "http://node", offer);
		let mut response = refused(402, "payment_required", Value::Null);
		let header = x402::encode(&required).parse().unwrap();
		response.headers_mut().insert(x402::PAYMENT_REQUIRED, header);
		return response;
	};
	shared.ledger.lock().paid += 1;
	let payment: PaymentSignature = x402::decode(header.to_str().unwrap()).unwrap();
	let payload = payment.payload;
	if matches!(mood, Mood::Crowded | Mood::Unreached) {
		let header = header.to_str().unwrap().to_owned();
		shared.ledger.lock().refused.push((body.to_vec(), header));
		return match mood {
			Mood::Crowded => refused(429, "overloaded", Value::Null),
			_ => (StatusCode::BAD_GATEWAY, "<html>no route</html>").into_response(),
		};
	}
	if let Mood::Denying(code) = mood {
		return refused(409, code, json!({ "sequence": u64::MAX }));
	}
	if mood == Mood::Keeping {
		let place = payload.voucher.newest();
		let key = (place.session, place.lane, place.sequence);
		let mut ledger = shared.ledger.lock();
		if let Some(kept) = ledger.served.get(&key).cloned() {
			return match ledger.is_not_done() {
				true => refused(409, "voucher_already_used", Value::Null),
				false => whole(task, Mood::Honest, &kept),
			};
		}
	}
	let taken = match take(&payload, &body, &offer, &shared) {
		Ok(taken) => taken,
		Err(refusal) => return refusal,
	};
	tokio::time::sleep(delay).await;
	match mood {
		Mood::Fail => return refused(502, "upstream_failed", Value::Null),
		Mood::BreakEarly => return stream_of(vec![], true),
		_ => {}
	}
	let response = serve(&shared, task, mood, &offer, &payload, &taken.payer);
	let request: Value = serde_json::from_slice(&body).unwrap();
	match (mood, request["stream"] == true) {
		(Mood::Thief, _) => stream_of(vec![], true),
		(Mood::Padding | Mood::PaddingMute, true) => padded(),
		(Mood::Endless, true) => endless(),
		(Mood::Stalling, _) => std::future::pending().await,
		(Mood::Proxied, _) => {
			(StatusCode::REQUEST_TIMEOUT, "<html>too slow</html>").into_response()
		}
		(_, true) if task != Task::Embeddings => streamed(task, mood, &response),
		_ => whole(task, mood, &response),
	}
}

/// The text that an answer's statement is about.
fn said(task: Task, mood: Mood) -> String {
	match (task, mood) {
		(_, Mood::Empty) => String::new(),
		(_, Mood::WrongText | Mood::ThinkingWrongText | Mood::WrongTextMute) => "Berlin".to_owned(),
		(Task::Embeddings, _) => "AAAAPwAAgL8=\nAAAAQA==\n".to_owned(),
		(Task::Chat, Mood::Tool) => [&ANSWER.concat(), TOOL.0, TOOL.1].concat(),
		_ => ANSWER.concat(),
	}
}

/// Charges the call and signs its statement.
pub(super) fn serve(
	shared: &Shared,
	task: Task,
	mood: Mood,
	offer: &Requirements,
	payload: &Payload,
	payer: &AccountId,
) -> PaymentResponse {
	let terms = &offer.extra;
	let voucher = payload.voucher.newest();
	let output_tokens = match mood {
		Mood::TooManyTokens => terms.max_output_tokens + 1,
		Mood::Thief
		| Mood::Padding
		| Mood::PaddingMute
		| Mood::PaddingWholeMute
		| Mood::Stalling
		| Mood::Deceiving
		| Mood::Endless => terms.max_output_tokens,
		_ => 3.min(terms.max_output_tokens),
	};
	let tokens = Tokens::new(terms.input_tokens, output_tokens);
	let price = voucher.agreement.price(&terms.price).charge(&tokens).unwrap();
	let said = said(task, mood);
	let mut answer = response(&voucher, &payload.salt, said.as_bytes(), PROMPT.as_bytes());
	if mood == Mood::OtherHeader {
		answer.header.rule += 1;
	}
	let attribution = match mood {
		Mood::Attributing => vec![AttributionShare { contribution: 1, basis_points: 10_000 }],
		_ => vec![],
	};
	let statement = Statement {
		genesis_hash: terms.genesis_hash,
		session: voucher.session,
		lane: voucher.lane,
		agreement: voucher.agreement,
		sequence: voucher.sequence,
		tokens,
		charge: if mood == Mood::Overcharge { price + 1 } else { price },
		request_hash: voucher.request_hash,
		response_hash: answer.hash(),
		attribution: attribution.try_into().unwrap(),
		extension: None,
	};
	let signature = match mood {
		Mood::WrongKey => shared.operator.sign(b"something else"),
		_ => shared.operator.sign(&statement.signing_payload()),
	};
	let mut ledger = shared.ledger.lock();
	ledger.lanes.get_mut(&(voucher.session, voucher.lane)).unwrap().append(&statement);
	let receipt = Receipt { statement: statement.into(), signature, header: answer.header };
	let response = PaymentResponse::new(&terms.genesis_hash, payer.clone(), receipt);
	let key = (voucher.session, voucher.lane, voucher.sequence);
	ledger.served.insert(key, response.clone());
	if mood.ends_mute() {
		ledger.mood = Mood::Mute;
	}
	response
}
