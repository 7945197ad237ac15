//! Plain answers that did not reach their callers.
//!
//! A plain answer is charged and written down first, and handed out then. If the connection breaks, or
//! the node dies, in between, its caller has paid for something that never came. So it is kept with its
//! record: the same request with the same voucher gets the same answer and statement, and is charged
//! once. Whatever else there would be to say against that request does not matter any more.

use axum::response::Response;
use openledger_books::CallId;
use openledger_protocol::x402;
use tracing::{error, info};

use super::{app::App, intake::Intake, lookup, plain, refused::Refused};
use crate::payment::Presented;

/// The answer to a request, or what was answered to it before, if anything was.
pub(super) async fn or_kept(
	app: &App,
	intake: &Intake,
	answered: Result<Response, Refused>,
) -> Result<Response, Refused> {
	let Err(refused) = answered else { return answered };
	kept(app, intake).await.ok_or(refused)
}

/// The answer that was given to exactly this request and voucher. Nobody but the caller knows both:
/// the voucher is for a hash of the body with a salt that only the two of them have seen. So there
/// is no need to look at the signature, nor at the session, which may be over.
async fn kept(app: &App, intake: &Intake) -> Option<Response> {
	let header = intake.headers.get(x402::PAYMENT_SIGNATURE)?.to_str().ok()?;
	let voucher = Presented::decode(header, &intake.body).ok()?.of_request()?;
	let id = CallId::of(&voucher);
	let kept = app.store.kept(voucher).await.unwrap_or_else(|error| {
		error!(call = %id, %error, "what was answered before cannot be read");
		None
	})?;
	let served = kept.call.served?;
	info!(call = %id, "answered once more, and not charged again");
	metrics::counter!("openledger_answers_repeated_total").increment(1);
	Some(plain::response(kept.body, &lookup::payment_response(app, kept.call.payer, &served)))
}
