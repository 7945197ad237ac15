//! `POST /v1/embeddings`: texts become vectors, and are charged by their input tokens.

use std::sync::Arc;

use axum::{
	extract::{Request, State},
	response::Response,
};
use tracing::info;

use super::{
	again,
	app::App,
	chat::{self, Call, Reply, Stop},
	intake::{self, Intake},
	metering, plain,
	refused::Refused,
	room::Place,
	task::{self, Task},
};
use crate::{
	backend::{Party, PreparedEmbedding},
	openai::{signed_text, ApiError, EmbeddingList, EmbeddingsRequest},
	payment::{Checked, Delivered, Offer},
};

/// Answers with vectors, if they are paid for.
pub(super) async fn embeddings(State(app): State<Arc<App>>, request: Request) -> Response {
	chat::or_refusal(handle(app, request).await)
}

async fn handle(app: Arc<App>, request: Request) -> Result<Response, Refused> {
	let (intake, place) = intake::take(&app, request).await?;
	let answered = answer(&app, &intake, place).await;
	again::or_kept(&app, &intake, answered).await
}

async fn answer(app: &Arc<App>, intake: &Intake, place: Place) -> Result<Response, Refused> {
	let task = Task::Embeddings;
	let request = EmbeddingsRequest::from_json(&intake.body)?;
	let (entry, info) = chat::find_model(app, &request.model)?;
	let prepared = entry.backend.prepare_embedding(request.embedding).await;
	let prepared = prepared.map_err(|error| task::shape(task, error.into()))?;
	let offer = Offer::bounded(&info, prepared.input_tokens, 0).ok_or_else(ApiError::internal)?;
	let checked = chat::payment(app, intake, offer, task, entry.timeout).await?;
	let call = Call::new(app, task, request.model, &entry, place);
	let in_base64 = request.base64;
	chat::detached(app, |reply| serve(call, checked, prepared, in_base64, reply)).await
}

async fn serve(
	call: Call,
	checked: Checked,
	prepared: PreparedEmbedding,
	in_base64: bool,
	reply: Reply,
) {
	let Some((reserved, mut reply)) = call.reserve(checked, reply).await else { return };
	let id = reserved.id();
	info!(call = %id, model = %call.model, input = prepared.input_tokens, "call accepted");
	let prepared = PreparedEmbedding { party: Party::Session(id.session), ..prepared };
	let embedded = tokio::select! {
		biased;
		() = reply.closed() => Err(Stop::Gone),
		stop = call.interrupted() => Err(stop),
		embedded = call.backend.embed(prepared) => embedded.map_err(Stop::Failed),
	};
	let embedded = match embedded {
		Ok(embedded) => embedded,
		Err(stop) => return call.give_up(reserved, stop, Some(reply)).await,
	};
	let text = signed_text(&embedded.vectors);
	let delivered =
		Delivered { text: &text, input_tokens: embedded.input_tokens, output_tokens: 0 };
	let body = plain::json(&EmbeddingList::new(call.model.clone(), embedded, in_base64));
	let kept = plain::to_keep(&body);
	let served = match reserved.deliver(delivered, kept, &call.app.receipt_key).await {
		Ok(served) => served,
		Err(error) => {
			tracing::error!(call = %id, %error, "vectors could not be recorded, and stay here");
			let _ = reply.send(Err(Refused::from(error)));
			return;
		}
	};
	metering::served(&call, &served);
	let _ = reply.send(Ok(plain::response(body, &served.response())));
}
