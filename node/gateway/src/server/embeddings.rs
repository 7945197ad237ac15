//! `POST /v1/embeddings`: texts become vectors, and are charged by their input tokens.

use std::sync::Arc;

use axum::{
	extract::{Request, State},
	response::Response,
};
use openledger_models::{openai::EmbeddingsRequest, Party, PreparedEmbedding};
use openledger_protocol::Task;
use openledger_server_kit::Permit;
use tracing::info;

use super::{
	admission::{check_prompt, find_model, offer, or_refusal, payment},
	app::App,
	call::{detached, Call, Reply},
	intake::{self, Intake},
	plain,
	refused::{for_task, Refused},
	replay,
};
use crate::{
	openai::{signed_text, EmbeddingList},
	payment::Checked,
};

/// Answers with vectors, if they are paid for.
pub(super) async fn embeddings(State(app): State<Arc<App>>, request: Request) -> Response {
	or_refusal(handle(app, request).await)
}

async fn handle(app: Arc<App>, request: Request) -> Result<Response, Refused> {
	let (intake, permit) = intake::take(&app, request).await?;
	let answered = answer(&app, &intake, permit).await;
	replay::or_kept(&app, &intake, answered).await
}

async fn answer(app: &Arc<App>, intake: &Intake, permit: Permit) -> Result<Response, Refused> {
	let task = Task::Embeddings;
	let request = EmbeddingsRequest::from_json(&intake.body)?;
	let (entry, info) = find_model(app, &request.model)?;
	let prepared = entry.backend.prepare_embedding(request.embedding).await;
	let prepared = prepared.map_err(|error| for_task(task, error.into()))?;
	check_prompt(&prepared.request.text())?;
	let offer = offer(app, &info, prepared.input_tokens, 0)?;
	let checked = payment(app, intake, offer, task, entry.timeout).await?;
	let call = Call::new(app, task, request.model, false, &entry, permit);
	let in_base64 = request.base64;
	detached(app, |reply| serve(call, checked, prepared, in_base64, reply)).await
}

async fn serve(
	call: Call,
	checked: Checked,
	prepared: PreparedEmbedding,
	in_base64: bool,
	reply: Reply,
) {
	let prompt = prepared.request.text().into_owned();
	let Some((reserved, reply)) = call.reserve(checked, prompt, reply).await else { return };
	let id = reserved.id();
	info!(call = %id, model = %call.model, input = prepared.input_tokens, "call accepted");
	let prepared = PreparedEmbedding { party: Party::Session(id.session), ..prepared };
	let making = async {
		let embedded = call.backend.embed(prepared).await?;
		Ok(plain::WholeAnswer {
			signed_text: signed_text(&embedded.vectors),
			input_tokens: embedded.input_tokens,
			output_tokens: 0,
			body: plain::json(&EmbeddingList::new(call.model.clone(), embedded, in_base64)),
		})
	};
	plain::answer(&call, reserved, making, reply).await;
}
