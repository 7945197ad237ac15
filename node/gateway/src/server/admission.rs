//! Conditions for a request to become a call: a model that is served, and a voucher that pays for it.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use openledger_primitives::{answer::MAX_ANSWER, info::ModelInfo};
use openledger_protocol::{x402, ApiError, RefusalCode, Task};
use openledger_settlement::requests::CatalogueEntry;
use tracing::{debug, error};

use super::{app::App, intake::Intake, refused::Refused};
use crate::payment::{Checked, Offer, Presented, Refusal};

/// The answer, or why there is none.
pub(super) fn or_refusal(answer: Result<Response, Refused>) -> Response {
	match answer {
		Ok(response) => response,
		Err(refused) => {
			metrics::counter!("openledger_refused_total", "code" => refused.code().to_owned())
				.increment(1);
			debug!(code = refused.code(), "request refused");
			refused.into_response()
		}
	}
}

/// A model that is served, registered, neither paused nor retired, and still the one that was loaded.
pub(super) fn find_model(app: &App, name: &str) -> Result<(CatalogueEntry, ModelInfo), Refused> {
	let entry =
		app.live().models.get(name).cloned().ok_or_else(|| ApiError::unknown_model(name))?;
	let info = app.source.model(entry.id)?.ok_or_else(|| ApiError::unknown_model(name))?;
	let ended = match (info.retired_at, info.paused) {
		(Some(_), _) => Some((RefusalCode::ModelRetired, "retired")),
		(None, true) => Some((RefusalCode::ModelPaused, "paused")),
		(None, false) => None,
	};
	if let Some((code, how)) = ended {
		let message = format!("the owner of `{name}` has {how} it");
		return Err(ApiError::invalid("model", code, message).into());
	}
	if !entry.backend.facts().may_be(info.details.base_hash, info.details.adapter_hash) {
		error!(model = %name, version = info.version, "the chain has other weights now");
		let message = "this node has to load the model's new version first";
		return Err(ApiError::new(RefusalCode::ModelOutdated, message).into());
	}
	Ok((entry, info))
}

/// Refuses prompts that are too long for an answer to be bound to them.
pub(super) fn check_prompt(prompt: &str) -> Result<(), Refused> {
	if u32::try_from(prompt.len()).is_ok_and(|length| length <= MAX_ANSWER) {
		return Ok(());
	}
	let message = format!("the prompt has more than {MAX_ANSWER} bytes");
	Err(ApiError::new(RefusalCode::RequestTooLarge, message).into())
}

/// The offer for a call of a model with these bounds, at this node's own price where it has one.
pub(super) fn offer(
	app: &App,
	info: &ModelInfo,
	input_tokens: u32,
	max_output_tokens: u32,
) -> Result<Offer, Refused> {
	let own = app.live().own_prices.get(&info.id).copied();
	let offer = Offer::new(info, own, input_tokens, max_output_tokens);
	Ok(offer.ok_or_else(ApiError::internal)?)
}

/// The payment for a request, if it came with one that is good.
pub(super) async fn payment(
	app: &App,
	intake: &Intake,
	offer: Offer,
	task: Task,
	timeout: Duration,
) -> Result<Checked, Refused> {
	let Some(header) = intake.headers.get(x402::PAYMENT_SIGNATURE) else {
		let code = RefusalCode::PaymentRequired.as_str();
		return Err(Refused::unpaid(app.payment_required(&offer, task.path(), timeout, code)?));
	};
	let refused = |refusal: Refusal| app.refuse(&offer, task, timeout, &refusal);
	let header =
		header.to_str().map_err(|_| refused(Refusal::Malformed("it is not plain ASCII".into())))?;
	let presented = Presented::decode(header, &intake.body).map_err(refused)?;
	let longest = app.live().limits.voucher_blocks;
	let (source, store) = (app.source.as_ref(), &app.store);
	presented.check(offer.clone(), source, store, longest).await.map_err(refused)
}
