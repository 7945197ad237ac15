//! `POST /v1/chat/completions` and `POST /v1/completions`: chats are answered, and texts continued.

use std::sync::Arc;

use axum::{
	extract::{Request, State},
	response::Response,
};
use openledger_models::{openai::CompletionRequest, Generation, Party, Prepared};
use openledger_protocol::{clock, Task};
use openledger_server_kit::Permit;
use tracing::debug;

use super::{
	admission::{check_prompt, find_model, offer, or_refusal, payment},
	app::App,
	call::{detached, Call, Reply, Stop},
	call_ref::answer_id,
	intake::{self, Intake},
	plain,
	refused::{for_task, Refused},
	replay, stream,
};
use crate::{
	openai::{AnswerWriter, CompletionKind},
	payment::Checked,
};

/// The task that such a call is.
fn task_of(kind: CompletionKind) -> Task {
	match kind {
		CompletionKind::Chat => Task::Chat,
		CompletionKind::Text => Task::Text,
	}
}

/// Answers a chat, if it is paid for.
pub(super) async fn chats(State(app): State<Arc<App>>, request: Request) -> Response {
	or_refusal(handle(app, CompletionKind::Chat, request).await)
}

/// Continues a text, if it is paid for.
pub(super) async fn texts(State(app): State<Arc<App>>, request: Request) -> Response {
	or_refusal(handle(app, CompletionKind::Text, request).await)
}

async fn handle(
	app: Arc<App>,
	kind: CompletionKind,
	request: Request,
) -> Result<Response, Refused> {
	let (intake, permit) = intake::take(&app, request).await?;
	let answered = answer(&app, kind, &intake, permit).await;
	replay::or_kept(&app, &intake, answered).await
}

async fn answer(
	app: &Arc<App>,
	kind: CompletionKind,
	intake: &Intake,
	permit: Permit,
) -> Result<Response, Refused> {
	let task = task_of(kind);
	let CompletionRequest { model, stream, include_usage, request } = match kind {
		CompletionKind::Chat => CompletionRequest::chat(&intake.body)?,
		CompletionKind::Text => CompletionRequest::text(&intake.body)?,
	};
	let (entry, info) = find_model(app, &model)?;
	let prepared = entry.backend.prepare(request).await;
	let prepared = prepared.map_err(|error| for_task(task, error.into()))?;
	check_prompt(&prepared.text())?;
	let (input, output) = (prepared.input_tokens(), prepared.max_output_tokens());
	let offer = offer(app, &info, input, output)?;
	let checked = payment(app, intake, offer, task, entry.timeout).await?;
	let call = Call::new(app, task, model, stream, &entry, permit);
	let form = (kind, include_usage);
	detached(app, |reply| run(call, form, checked, prepared, reply)).await
}

async fn run(
	call: Call,
	(kind, include_usage): (CompletionKind, bool),
	checked: Checked,
	prepared: Prepared,
	reply: Reply,
) {
	let prompt = prepared.text().into_owned();
	let Some((reserved, mut reply)) = call.reserve(checked, prompt, reply).await else { return };
	let id = reserved.id();
	let input = reserved.offer().input_tokens;
	debug!(call = %id, model = %call.model, input, "call accepted");
	let prepared = prepared.on_behalf_of(Party::Session(id.session));
	let generation = match start(&call, prepared, &mut reply).await {
		Ok(generation) => generation,
		Err(stop) => return call.give_up(reserved, stop, Some(reply)).await,
	};
	let writer = || {
		let now = clock::unix_seconds();
		AnswerWriter::new(kind, answer_id(kind, id), now, &call.model, include_usage)
	};
	if call.stream {
		return stream::answer(&call, reserved, generation, writer, reply).await;
	}
	let making = async {
		let completion = generation.collect().await?;
		call.note_first_token();
		let finished = completion.finished;
		Ok(plain::WholeAnswer {
			signed_text: completion.signed_text(),
			input_tokens: finished.input_tokens,
			output_tokens: finished.output_tokens,
			body: plain::json(&writer().whole(completion)),
		})
	};
	plain::answer(&call, reserved, making, reply).await;
}

async fn start(call: &Call, prepared: Prepared, reply: &mut Reply) -> Result<Generation, Stop> {
	tokio::select! {
		biased;
		() = reply.closed() => Err(Stop::Gone),
		stop = call.interrupted() => Err(stop),
		generation = call.backend.generate(prepared) => generation.map_err(Stop::Failed),
	}
}
