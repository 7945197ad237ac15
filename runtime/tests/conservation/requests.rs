//! Calls on chain.

use crate::{
	common::bounded,
	lanes::entries,
	market::{Deed, Then},
	metering::nodes,
	models::callable_models,
	people::{caller, operator, person},
	script::{Kind, Step},
};
use openledger_primitives::{price::Tokens, AccountId, ModelId, RequestId};
use openledger_runtime::{Runtime, System};
use pallet_inference_metering::ServedBy;
use pallet_inference_requests::{Call, Request, Requests};
use pallet_model_registry::Prices;

/// A request that never was.
const NO_REQUEST: RequestId = 999_999;

/// All requests, by id.
pub fn requests() -> Vec<(RequestId, Request<AccountId, u32>)> {
	let mut all = Requests::<Runtime>::iter().collect::<Vec<_>>();
	all.sort_by_key(|(id, _)| *id);
	all
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
				input: bounded((0..step.value % 64 + 1).map(|_| b'?')),
				max_charge: price + step.amount() / 10,
				deadline,
			};
			Deed::by(step.by(caller(step.place())), call)
		}
		Kind::FulfilCall => {
			let request = that(&|request| request.asked_at < now && now < request.ends_at());
			let found = find(request);
			let named = found.and_then(|found| found.node.clone());
			let serving = || found.and_then(|found| who_serves(found.model));
			let first = || nodes().first().map(|(operator, _)| operator.clone());
			let who = named.or_else(serving).or_else(first);
			let (mut input_tokens, mut output_tokens) =
				(u32::from(step.value % 20), u32::from(step.value % 60));
			let output = bounded((0..output_tokens).map(|_| b'!'));
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
			let call = Call::fulfil_call {
				request,
				output,
				input_tokens,
				output_tokens,
				attribution: entries(step.value),
			};
			let who = step.by(who.unwrap_or_else(|| operator(step.pick)));
			Deed::by(who, call)?.then(Then::Fulfilled)
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
