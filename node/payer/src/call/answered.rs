//! Last step: the node answers, whole or piece by piece.

use axum::http::header::CONTENT_TYPE;
use reqwest::Response;

use super::{
	context::Call, lost::Lost, prepared::Payment, receiving::Receiving, stream, verdict::Verdict,
	whole::Whole,
};

/// An answer that has begun to come.
pub(super) struct Answered {
	pub payment: Payment,
	pub answer: Response,
}

impl Answered {
	/// Hands the answer through to the app, and takes its statement.
	pub async fn deliver(self, desk: &Receiving, call: &mut Call<'_>) -> Verdict {
		let Self { payment, answer } = self;
		let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
		let is_stream = kind.is_some_and(|kind| kind.starts_with("text/event-stream"));
		if is_stream != call.request.stream {
			drop(answer);
			return Lost { payment }.recover(desk, call, "it answers in another form".into()).await;
		}
		if is_stream {
			return stream::deliver(desk, call, payment, answer).await;
		}
		let size = payment.begun().open.call.size();
		match call.unless_stopped(Whole::read(answer, size)).await {
			Ok(Ok(whole)) => whole.hand_over(desk, call, &payment).await,
			Ok(Err(reason)) => Lost { payment }.recover(desk, call, reason).await,
			Err(stop) => Lost { payment }.abandon(desk, call, stop).await,
		}
	}
}
