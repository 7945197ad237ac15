//! Calls on chain.

use crate::{
	common::{genesis_hash, sign},
	lanes::entries,
	market::{Deed, Then},
	metering::nodes,
	models::callable_models,
	people::{caller, operator, person},
	script::{Kind, Step},
};
use openledger_primitives::{
	lane::{CallRecord, FulfilledCall},
	on_chain::{call_statement, text_hash, DeclineReason},
	price::Tokens,
	AccountId, ModelId, RequestId, Signature,
};
use openledger_runtime::{Runtime, System};
use pallet_inference_metering::{Nodes, ServedBy};
use pallet_inference_requests::{Call, Outcome, Outcomes, Request, Requests};
use pallet_model_registry::Prices;

/// A request that never was.
const NO_REQUEST: RequestId = 999_999;

/// All requests, by id.
pub fn requests() -> Vec<(RequestId, Request<AccountId, u32>)> {
	let mut all = Requests::<Runtime>::iter().collect::<Vec<_>>();
	all.sort_by_key(|(id, _)| *id);
	all
}

/// What became of requests, by id.
pub fn outcomes() -> Vec<(RequestId, Outcome<AccountId, u32>)> {
	let mut all = Outcomes::<Runtime>::iter().collect::<Vec<_>>();
	all.sort_by_key(|(id, _)| *id);
	all
}

/// A text of so many letters.
fn letters<Text: TryFrom<String>>(letter: &str, count: usize) -> Text {
	Text::try_from(letter.repeat(count)).ok().expect("it is short")
}

/// The statement of an answer that the node's receipt key has signed.
fn stated(
	(id, request): (RequestId, &Request<AccountId, u32>),
	operator: &AccountId,
	record: &CallRecord,
) -> Option<Signature> {
	let agreed = Prices::<Runtime>::get(request.model, request.price_version)?;
	let charge = agreed.value.price.charge(&record.tokens())?;
	let (genesis, hash) = (genesis_hash(), request.input_hash);
	let statement = call_statement(genesis, id, hash, request.agreement(), record, charge);
	let key = Nodes::<Runtime>::get(operator)?.receipt_key;
	Some(sign(&key, &statement))
}

/// An operator whose active node serves the model.
fn who_serves(model: ModelId) -> Option<AccountId> {
	ServedBy::<Runtime>::iter_key_prefix(model).min()
}

/// The call of a step that is about calls on chain.
pub fn deed(step: &Step) -> Option<Deed> {
	let now = System::block_number();
	let requests = requests();
	let that = |fits: &dyn Fn(&Request<AccountId, u32>) -> bool| {
		let fit = requests.iter().filter(|(_, request)| fits(request)).map(|(id, _)| *id);
		step.pick(fit, requests.iter().map(|(id, _)| *id), NO_REQUEST)
	};
	let find = |id| requests.iter().find(|(other, _)| *other == id).map(|(_, request)| request);

	match step.kind {
		Kind::RequestCall => {
			let callable = callable_models();
			let served = callable.iter().filter(|(id, _)| who_serves(*id).is_some());
			let all = callable.iter().map(|(id, _)| *id);
			let model = step.pick(served.map(|(id, _)| *id), all, 9_999);
			let version = callable.iter().find(|(id, _)| *id == model);
			let price = version
				.and_then(|(_, entry)| Prices::<Runtime>::get(model, entry.price.current))
				.and_then(|entry| entry.value.price.charge(&Tokens::default()))
				.unwrap_or_default();
			let node = match step.value % 12 {
				0 => Some(operator(step.place())),
				1..5 => who_serves(model),
				_ => None,
			};
			let deadline = now
				+ match step.value {
					0 => 1,
					u16::MAX => 5_000,
					value => 10 + u32::from(value % 1_190),
				};
			let call = Call::request_call {
				model,
				node,
				input: letters("?", usize::from(step.value % 64) + 1),
				max_charge: price + step.amount() / 10,
				deadline,
			};
			Deed::by(step.by(caller(step.place())), call)
		}
		Kind::FulfilCall => {
			let holder = |request: &Request<AccountId, u32>| {
				let claim = request.claim_at(now).map(|claim| claim.node.clone());
				request.node.clone().or(claim)
			};
			let request = that(&|request| {
				request.asked_at < now && now < request.ends_at() && holder(request).is_some()
			});
			let found = find(request);
			let serving = || found.and_then(|found| who_serves(found.model));
			let first = || nodes().first().map(|(operator, _)| operator.clone());
			let who = found.and_then(holder).or_else(serving).or_else(first);
			let (mut input_tokens, mut output_tokens) =
				(u32::from(step.value % 20), u32::from(step.value % 60));
			let text = "!".repeat(usize::from(step.value % 60));
			// Most do not ask for more than was offered.
			if let Some(found) = found.filter(|_| !step.value.is_multiple_of(8)) {
				let agreed = Prices::<Runtime>::get(found.model, found.price_version);
				let tokens = Tokens::new(input_tokens, output_tokens);
				let charge = agreed.and_then(|agreed| agreed.value.price.charge(&tokens));
				if charge.is_some_and(|charge| charge > found.max_charge) {
					(input_tokens, output_tokens) = (0, 0);
				}
			}
			if step.value == 0 {
				output_tokens = 100;
			}
			let who = who.unwrap_or_else(|| operator(step.pick));
			let record = CallRecord {
				sequence: FulfilledCall::SEQUENCE,
				input_tokens,
				cached_tokens: 0,
				retrieved_tokens: 0,
				output_tokens,
				response_hash: text_hash(&text),
				attribution: entries(step.value),
				extension: None,
			};
			// Some sign something else.
			let of = if step.value % 16 == 3 { NO_REQUEST } else { request };
			let signature = found.and_then(|found| stated((of, found), &who, &record));
			let nothing = || Signature::Sr25519(sp_core::sr25519::Signature::from_raw([0; 64]));
			let call = Call::fulfil_call {
				request,
				output: text.try_into().expect("it is short"),
				input_tokens,
				output_tokens,
				attribution: record.attribution,
				signature: signature.unwrap_or_else(nothing),
			};
			Deed::by(step.by(who), call)?.then(Then::Fulfilled)
		}
		Kind::ClaimCall => {
			let request = that(&|request| {
				let open = request.node.is_none() && request.cancelled_at.is_none();
				open && now <= request.deadline && request.claim_at(now).is_none()
			});
			let found = find(request);
			let serving = |found: &Request<AccountId, u32>| {
				let mut serving: Vec<_> =
					ServedBy::<Runtime>::iter_key_prefix(found.model).collect();
				serving.retain(|operator| !found.is_refused_by(operator));
				serving.sort();
				serving.get(step.place() % serving.len().max(1)).cloned()
			};
			let who = found.and_then(serving).unwrap_or_else(|| operator(step.pick));
			Deed::by(step.by(who), Call::claim_call { request })
		}
		Kind::DeclineCall => {
			let request = that(&|request| now < request.ends_at());
			let found = find(request);
			let holder = found.and_then(|found| {
				let claim = found.claim_at(now).map(|claim| claim.node.clone());
				found.node.clone().or(claim).or_else(|| who_serves(found.model))
			});
			let who = step.by(holder.unwrap_or_else(|| operator(step.pick)));
			let reason = match step.value % 3 {
				0 => DeclineReason::BadInput,
				1 => DeclineReason::TooDear,
				_ => DeclineReason::Unavailable,
			};
			Deed::by(who, Call::decline_call { request, reason })
		}
		Kind::ForgetOutcome => {
			let outcomes = outcomes();
			let ids = || outcomes.iter().map(|(id, _)| *id);
			let request = step.pick(ids(), ids(), NO_REQUEST);
			let found = outcomes.iter().find(|(id, _)| *id == request);
			let who = found.map(|(_, outcome)| outcome.caller.clone());
			let who = step.by(who.unwrap_or_else(|| caller(step.pick)));
			Deed::by(who, Call::forget_outcome { request })
		}
		Kind::CancelCall => {
			let request =
				that(&|request| request.cancelled_at.is_none() && now <= request.deadline);
			let who = find(request).map(|request| request.caller.clone());
			let who = step.by(who.unwrap_or_else(|| caller(step.pick)));
			Deed::by(who, Call::cancel_call { request })
		}
		Kind::ExpireCall => {
			let request = that(&|request| request.ends_at() <= now);
			Deed::by(person(step.pick), Call::expire_call { request })
		}
		_ => None,
	}
}
