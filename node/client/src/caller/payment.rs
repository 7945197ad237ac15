//! Paying for one call and taking its statement.

use openledger_primitives::{
	voucher::{request_hash, Voucher},
	BlockNumber, Hash, Sequence, SessionId,
};
use rand::{rngs::OsRng, RngCore};

use super::{
	check::{self, Place, Received},
	http::{self, Delivered, Known, Sent},
	statements::KeptStatement,
	AnswerSize, Attempt, CallResult, Caller, CallerError, KnownLane, KnownSession, LaneTerms,
	OpenCall, Outcome,
};
use crate::{
	chain::At,
	sanitise::{sanitised, MESSAGE},
	x402::{self, Payload, PaymentResponse, PaymentSignature, Requirements, Resource},
};

/// A voucher is never valid for longer than this, in blocks: an hour.
const LONGEST_VALIDITY: BlockNumber = 1_200;

impl Caller {
	/// Signs a voucher, writes it down, pays, and takes the answer.
	pub(super) async fn pay(
		&self,
		attempt: &Attempt<'_>,
		session: KnownSession,
		offer: &Requirements,
		opened: bool,
		on_text: &mut (dyn FnMut(&str) + Send),
	) -> Result<Outcome, CallerError> {
		let lane = session.lanes.get(&attempt.lane).cloned().unwrap_or_default();
		let mut salt = [0; 32];
		OsRng.fill_bytes(&mut salt);
		let exhausted = || CallerError::Protocol("the lane has no sequence or amount left".into());
		let terms = &offer.extra;
		let agreed = LaneTerms::from(terms);
		if !lane.is_for(&agreed) {
			let terms = lane.terms.filter(|_| !lane.closed);
			return Err(CallerError::LaneOfOtherTerms { lane: attempt.lane, terms });
		}
		let best = self.chain.block(At::Best).await?.number;
		let voucher = Voucher {
			genesis_hash: self.chain.genesis_hash(),
			session: session.session,
			lane: attempt.lane,
			model: terms.model,
			version: terms.version,
			price_version: terms.price_version,
			sequence: lane.sequence.checked_add(1).ok_or_else(exhausted)?,
			acknowledged: lane.acknowledged,
			authorised: lane.acknowledged.checked_add(offer.amount).ok_or_else(exhausted)?,
			request_hash: request_hash(&salt, attempt.body),
			valid_until: terms.valid_until.min(best.saturating_add(LONGEST_VALIDITY)),
		};
		let call = OpenCall {
			sequence: voucher.sequence,
			model: terms.model,
			version: terms.version,
			price_version: terms.price_version,
			price: terms.price,
			input_tokens: terms.input_tokens,
			max_output_tokens: terms.max_output_tokens,
			allowance: offer.amount,
			request_hash: voucher.request_hash,
			salt: Hash::from(salt),
			valid_until: voucher.valid_until,
			expected: None,
			rejected: None,
		};
		let under_way = KnownLane {
			sequence: voucher.sequence,
			acknowledged: lane.acknowledged,
			terms: Some(agreed),
			closed: false,
			open: Some(call.clone()),
			untaken: lane.untaken.clone(),
		};
		self.put_lane(attempt, session.session, under_way.clone()).await?;

		let signature = self.keypair.sign_message(&voucher);
		let resource = Resource {
			url: format!("{}/v1/chat/completions", attempt.node.endpoint.trim_end_matches('/')),
			description: None,
			mime_type: None,
		};
		let payload = Payload { voucher, signature, salt };
		let payment = x402::encode(&PaymentSignature::new(resource, offer.clone(), payload));
		let size = call.size();
		let delivered = match attempt.api.pay(attempt.body, &payment).await {
			Sent::Answer(answer) => http::read(answer, size, on_text).await,
			Sent::NobodyThere(reason) => {
				self.put_lane(attempt, session.session, lane).await?;
				let url = sanitised(&attempt.node.endpoint, MESSAGE);
				return Err(CallerError::Unreachable { url, reason });
			}
			// A refusal in the node's own words means that the voucher was not taken, so its
			// sequence is still free. That goes for 429 as well: a node that has no room takes
			// nothing. But whoever has the request may bring it again.
			Sent::Refused(refusal) if refusal.shaped && refusal.status.is_client_error() => {
				self.put_lane(attempt, session.session, lane.not_taken(call)).await?;
				return Ok(Outcome::Refused(refusal, session.session));
			}
			// This may come from a proxy, with the call served behind it.
			Sent::Refused(refusal) => Delivered {
				broken: Some(refusal.message.clone()),
				error: Some(refusal),
				..Delivered::default()
			},
			Sent::Lost(reason) => Delivered { broken: Some(reason), ..Delivered::default() },
		};
		let lost =
			Lost { session: session.session, sequence: call.sequence, payment: &payment, size };
		let delivered = self.ask_again(attempt, lost, delivered, on_text).await;
		let result = self.conclude(attempt, &session, under_way, call, delivered, opened).await?;
		Ok(Outcome::Done(Box::new(result)))
	}

	/// Asks once more for a whole answer that was lost, with the very same request: the node may have
	/// it still, and charges for it once. A node that is not there, or not done yet, is asked again when
	/// it has said that it has charged for the call. If it has no answer then either, what is known stays
	/// as it is, and what it has said of the call comes along.
	async fn ask_again(
		&self,
		attempt: &Attempt<'_>,
		lost: Lost<'_>,
		delivered: Delivered,
		on_text: &mut (dyn FnMut(&str) + Send),
	) -> Delivered {
		// What the node says itself is no loss, and streams are not kept.
		let said = delivered.error.as_ref().is_some_and(|refusal| refusal.shaped);
		if delivered.broken.is_none() || said || is_stream(attempt.body) {
			return delivered;
		}
		if let Some(again) = repeat(attempt, &lost, on_text).await {
			return again;
		}
		match self.ask_statement(attempt, lost.session, lost.sequence).await {
			Known::Served(response) => {
				let again = repeat(attempt, &lost, on_text).await;
				again.unwrap_or(Delivered { response: Some(*response), ..delivered })
			}
			// It is not asked again for what it has said just now.
			known => Delivered { known: Some(known), ..delivered },
		}
	}

	/// Takes the statement of a call whose answer has come, or asks for it.
	pub(super) async fn conclude(
		&self,
		attempt: &Attempt<'_>,
		session: &KnownSession,
		lane: KnownLane,
		call: OpenCall,
		delivered: Delivered,
		opened: bool,
	) -> Result<CallResult, CallerError> {
		let Delivered { text, signed, finish_reason, completion, response, broken, error, known } =
			delivered;
		let whole = broken.is_none() && error.is_none();
		let (mut lane, mut call) = (lane, call);
		if response.is_none() {
			// Whenever the statement comes: no more is owed than for what has come.
			call = match whole {
				true => call.answered(&signed),
				// A whole answer is charged before it is sent, and nobody can tell what was on its way.
				false if !is_stream(attempt.body) => call,
				false => call.broken_off(signed.len()),
			};
			lane.open = Some(call.clone());
			self.put_lane(attempt, session.session, lane.clone()).await?;
		}
		let response = match response {
			Some(response) => response,
			None => {
				let reason = match (&error, &broken) {
					(Some(error), _) => error.message.clone(),
					(None, Some(reason)) => reason.clone(),
					(None, None) => "it came without a statement".into(),
				};
				let known = match known {
					Some(known) => known,
					None => self.ask_statement(attempt, session.session, call.sequence).await,
				};
				match known {
					Known::Served(response) => *response,
					known @ (Known::NotCharged | Known::NotTaken) => {
						let lane = match known {
							Known::NotTaken => lane.not_taken(call),
							_ => lane.used(call.sequence),
						};
						self.put_lane(attempt, session.session, lane).await?;
						return Err(match error {
							Some(error) => error.into(),
							None => {
								let url = sanitised(&attempt.node.endpoint, MESSAGE);
								CallerError::Unreachable { url, reason }
							}
						});
					}
					Known::NotNow(why) => {
						let reason = format!("{reason}; {why}");
						let allowance = call.allowance;
						return Err(CallerError::Unresolved { reason, allowance });
					}
				}
			}
		};
		let authorised = call.allowance;
		let received = match whole {
			true => Received::Whole(&signed),
			false if !is_stream(attempt.body) => Received::Unknown,
			false => Received::Part(signed.len()),
		};
		let lane = self.acknowledge(attempt, session, lane, call, &response, received).await?;
		if !whole {
			let reason = error.map(|error| error.message).or(broken).unwrap_or_default();
			return Err(CallerError::AnswerLost {
				reason,
				charge: response.extra.statement.charge,
			});
		}
		let mut session = session.clone();
		session.lanes.insert(attempt.lane, lane);
		Ok(CallResult {
			text,
			finish_reason,
			completion,
			statement: response.extra.statement,
			signature: response.extra.signature,
			authorised,
			node: attempt.node.operator.clone(),
			session: session.session,
			opened,
			left: session.deposit.saturating_sub(session.spent()),
		})
	}

	/// Checks a statement and adds its charge to what is acknowledged.
	pub(super) async fn acknowledge(
		&self,
		attempt: &Attempt<'_>,
		session: &KnownSession,
		lane: KnownLane,
		call: OpenCall,
		response: &PaymentResponse,
		received: Received<'_>,
	) -> Result<KnownLane, CallerError> {
		let place = Place {
			genesis_hash: self.chain.genesis_hash(),
			session: session.session,
			lane: attempt.lane,
			receipt_key: &attempt.node.receipt_key,
		};
		let checked = check::statement(&response.extra, place, &call, received);
		// Proof against the node, whichever way. A statement that is about something else, or that
		// the node has not signed, proves nothing.
		let statement = &response.extra.statement;
		let of_this_call = (statement.genesis_hash, statement.session, statement.lane)
			== (place.genesis_hash, place.session, place.lane)
			&& statement.sequence == call.sequence
			&& response.extra.is_signed_by(place.receipt_key);
		if of_this_call {
			let kept = KeptStatement {
				node: attempt.node.operator.clone(),
				receipt_key: place.receipt_key.clone(),
				salt: call.salt,
				receipt: response.extra.clone(),
				rejected: checked.clone().err(),
			};
			self.book.keep(&kept).await?;
		}
		if let Err(reason) = checked {
			let call = OpenCall { rejected: Some(response.extra.clone()), ..call };
			let lane = KnownLane { open: Some(call), ..lane };
			self.put_lane(attempt, session.session, lane).await?;
			return Err(self.does_not_hold(session.session, reason));
		}
		let charge = response.extra.statement.charge;
		let acknowledged = lane.acknowledged.saturating_add(charge);
		let lane = KnownLane { acknowledged, ..lane.used(call.sequence) };
		self.put_lane(attempt, session.session, lane.clone()).await?;
		Ok(lane)
	}

	pub(super) fn does_not_hold(&self, session: SessionId, reason: String) -> CallerError {
		let book = self.book.path().display().to_string();
		CallerError::Statement { reason, session, book }
	}
}

/// Whether a request asks for a stream.
fn is_stream(body: &[u8]) -> bool {
	let body: Option<serde_json::Value> = serde_json::from_slice(body).ok();
	body.is_some_and(|body| body.get("stream") == Some(&true.into()))
}

/// A call whose whole answer was lost.
struct Lost<'a> {
	session: SessionId,
	sequence: Sequence,
	/// The payment, as it was sent.
	payment: &'a str,
	size: AnswerSize,
}

/// Sends the very same request once more, and takes its answer if that comes whole.
async fn repeat(
	attempt: &Attempt<'_>,
	lost: &Lost<'_>,
	on_text: &mut (dyn FnMut(&str) + Send),
) -> Option<Delivered> {
	match attempt.api.pay(attempt.body, lost.payment).await {
		Sent::Answer(answer) => {
			let again = http::read(answer, lost.size, on_text).await;
			(again.broken.is_none() && again.error.is_none()).then_some(again)
		}
		_ => None,
	}
}
