//! The caller's side of a paid call.
//!
//! A call goes: ask without paying; compare the offer with the chain; open a session if there is
//! none; sign a voucher and write it down; ask again, paying; read the answer; check the statement
//! and write it down. Where the connection breaks, the node is asked what became of the call before
//! anything else is paid to it.

mod book;
mod check;
mod error;
mod http;
mod session;
mod sse;

pub use book::{KnownLane, KnownSession, OpenCall, SessionBook};
pub use error::CallerError;

use std::time::Duration;

use openledger_primitives::{
	info::NodeInfo, statement::Statement, voucher::request_hash, voucher::Voucher, AccountId,
	Balance, BlockNumber, Hash, LaneId, ModelId, SessionId, Signature, OPEN,
};
use rand::{rngs::OsRng, RngCore};
use serde_json::Value;
use tokio::time::{sleep, Instant};

use self::{
	book::SessionKey,
	check::{Facts, Place},
	http::{Delivered, Known, NodeApi, Refusal, Sent},
};
use crate::{
	chain::{At, Chain},
	keys::Keypair,
	x402::{self, Payload, PaymentResponse, PaymentSignature, Requirements, Resource},
};

/// How often a voucher is corrected and sent again before giving up.
const MAX_CORRECTIONS: u32 = 4;
/// How long the node may take to see a session that was just opened, or to end the call before.
const PATIENCE: Duration = Duration::from_secs(45);
/// How long to wait before asking again.
const PAUSE: Duration = Duration::from_millis(1_500);

/// How a caller behaves.
#[derive(Clone, Debug)]
pub struct CallerOptions {
	/// What goes into a new session, in planck.
	pub deposit: Balance,
	/// How long a new session lasts, in blocks.
	pub session_blocks: BlockNumber,
	/// The most that one call may cost, in planck.
	pub max_charge: Option<Balance>,
	/// The lane to use. Calls on one lane wait for one another.
	pub lane: LaneId,
	/// How long a connection may take.
	pub connect_timeout: Duration,
	/// How long a node may be silent in the middle of an answer.
	pub silence: Duration,
	/// How long to ask a node what became of a call whose answer broke off.
	pub recovery: Duration,
}

impl Default for CallerOptions {
	fn default() -> Self {
		Self {
			deposit: 10 * OPEN,
			// A day of blocks of three seconds.
			session_blocks: 28_800,
			max_charge: None,
			lane: 0,
			connect_timeout: Duration::from_secs(10),
			silence: Duration::from_secs(300),
			recovery: Duration::from_secs(20),
		}
	}
}

/// Which node to call.
#[derive(Clone, Debug)]
pub struct Target {
	/// The base URL of its HTTP API.
	pub url: String,
	/// The node as the chain has it. If it is not known, the account that the node wants to be paid
	/// on is looked up on chain.
	pub node: Option<NodeInfo>,
}

impl Target {
	/// A node at the address that it registered.
	pub fn registered(node: NodeInfo) -> Self {
		Self { url: node.endpoint.clone(), node: Some(node) }
	}
}

/// A call that was served and paid.
#[derive(Clone, Debug)]
pub struct CallResult {
	/// The answer's text.
	pub text: String,
	/// Why it ended, in OpenAI's words.
	pub finish_reason: Option<String>,
	/// The whole answer as it came, if it did not come in pieces.
	pub completion: Option<Value>,
	/// What the call was and cost.
	pub statement: Statement,
	/// The node's signature on that.
	pub signature: Signature,
	/// The most that it could have cost, in planck.
	pub authorised: Balance,
	/// The operator who was paid.
	pub node: AccountId,
	/// The session that paid.
	pub session: SessionId,
	/// Whether it was opened for this call.
	pub opened: bool,
	/// What is left of the session's deposit, in planck.
	pub left: Balance,
}

/// Calls models and pays for it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Caller {
	chain: Chain,
	keypair: Keypair,
	book: SessionBook,
	options: CallerOptions,
	http: reqwest::Client,
}

/// A call on its way.
struct Attempt<'a> {
	api: &'a NodeApi,
	node: &'a NodeInfo,
	key: &'a SessionKey,
	body: &'a [u8],
}

/// What came of paying once.
enum Outcome {
	Done(Box<CallResult>),
	Refused(Refusal, SessionId),
}

impl Caller {
	/// Pays with `keypair`, whose account opens sessions and signs vouchers.
	///
	/// # Errors
	/// If HTTP cannot be set up.
	pub fn new(
		chain: Chain,
		keypair: Keypair,
		book: SessionBook,
		options: CallerOptions,
	) -> Result<Self, CallerError> {
		let http = NodeApi::client(options.connect_timeout, options.silence)?;
		Ok(Self { chain, keypair, book, options, http })
	}

	/// Calls a model. `body` is the request as OpenAI's API has it; its bytes go out as they are.
	/// `on_text` gets the answer's text piece by piece, if the request asks for a stream.
	///
	/// # Errors
	/// [`CallerError`]. Unless it says otherwise, nothing was charged.
	pub async fn call(
		&self,
		target: &Target,
		model: ModelId,
		body: &[u8],
		on_text: &mut (dyn FnMut(&str) + Send),
	) -> Result<CallResult, CallerError> {
		let api = NodeApi::new(self.http.clone(), &target.url);
		let node = match &target.node {
			Some(node) => node.clone(),
			None => self.identify(&api, model, body).await?,
		};
		let key = SessionKey {
			genesis_hash: self.chain.genesis_hash(),
			node: node.operator.clone(),
			caller: self.keypair.account(),
		};
		let attempt = Attempt { api: &api, node: &node, key: &key, body };
		let _turn = self.book.turn(&key, Some(self.options.lane)).await;
		self.recover(&attempt).await?;

		let mut corrections = 0;
		let patience = Instant::now() + PATIENCE;
		let mut opened_any = false;
		loop {
			let offer = self.offer(&attempt, model).await?;
			let (session, opened) = self.session(&key, offer.amount).await?;
			opened_any |= opened;
			let outcome = self.pay(&attempt, session, &offer, opened_any, on_text).await?;
			let (refusal, session) = match outcome {
				Outcome::Done(result) => return Ok(*result),
				Outcome::Refused(refusal, session) => (refusal, session),
			};
			tracing::debug!(code = %refusal.code, message = %refusal.message, "voucher refused");
			match refusal.code.as_str() {
				"session_unknown" if opened_any && Instant::now() < patience => sleep(PAUSE).await,
				"lane_busy" if Instant::now() < patience => sleep(PAUSE).await,
				_ if corrections < MAX_CORRECTIONS => {
					corrections += 1;
					self.correct(&attempt, session, refusal).await?;
				}
				_ => return Err(refusal.into()),
			}
		}
	}

	/// Who a node is, by the account that it wants to be paid on.
	async fn identify(
		&self,
		api: &NodeApi,
		model: ModelId,
		body: &[u8],
	) -> Result<NodeInfo, CallerError> {
		let required = api.offer(body).await?;
		let wrong = |what: &str| CallerError::Offer(what.into());
		let payee = required.accepts.first().ok_or_else(|| wrong("it offers no way to pay"))?;
		let node = self.chain.node(&payee.pay_to, At::Best).await?;
		let node = node.ok_or_else(|| {
			wrong("the account that it wants to be paid on is no registered inference node")
		})?;
		if !node.models.contains(&model) {
			return Err(wrong("it is not registered to serve this model"));
		}
		Ok(node)
	}

	/// Asks for the price and compares it with the chain.
	async fn offer(
		&self,
		attempt: &Attempt<'_>,
		model: ModelId,
	) -> Result<Requirements, CallerError> {
		let required = attempt.api.offer(attempt.body).await?;
		let mut result = Err(CallerError::Offer("the chain has no such model".into()));
		// A price or version that has changed lately may not have reached the node yet.
		for at in [At::Best, At::Finalized] {
			let Some(model) = self.chain.model(model, at).await? else { continue };
			let facts = Facts {
				genesis_hash: self.chain.genesis_hash(),
				network: &self.chain.network(),
				node: attempt.node,
				model: &model,
				body: attempt.body,
				limit: self.options.max_charge,
			};
			result = check::offer(required.clone(), facts);
			match &result {
				Err(CallerError::Offer(_)) => {}
				_ => break,
			}
		}
		result
	}

	/// Signs a voucher, writes it down, pays, and takes the answer.
	async fn pay(
		&self,
		attempt: &Attempt<'_>,
		session: KnownSession,
		offer: &Requirements,
		opened: bool,
		on_text: &mut (dyn FnMut(&str) + Send),
	) -> Result<Outcome, CallerError> {
		let lane = session.lanes.get(&self.options.lane).cloned().unwrap_or_default();
		let mut salt = [0; 32];
		OsRng.fill_bytes(&mut salt);
		let exhausted = || CallerError::Protocol("the lane has no sequence or amount left".into());
		let terms = &offer.extra;
		let voucher = Voucher {
			genesis_hash: self.chain.genesis_hash(),
			session: session.session,
			lane: self.options.lane,
			sequence: lane.sequence.checked_add(1).ok_or_else(exhausted)?,
			acknowledged: lane.acknowledged,
			authorised: lane.acknowledged.checked_add(offer.amount).ok_or_else(exhausted)?,
			price_version: terms.price_version,
			request_hash: request_hash(&salt, attempt.body),
			valid_until: terms.valid_until,
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
			rejected: None,
		};
		let under_way = KnownLane {
			sequence: voucher.sequence,
			acknowledged: lane.acknowledged,
			open: Some(call.clone()),
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
		let delivered = match attempt.api.pay(attempt.body, &payment).await {
			Sent::Answer(answer) => http::read(answer, on_text).await,
			Sent::NotSent(reason) => {
				self.put_lane(attempt, session.session, lane).await?;
				let url = attempt.node.endpoint.clone();
				return Err(CallerError::Unreachable { url, reason });
			}
			// A refusal in the node's own words means that the voucher was not taken, so its
			// sequence is still free.
			Sent::Refused(refusal) if refusal.status.is_client_error() => {
				let used = refusal.status == reqwest::StatusCode::TOO_MANY_REQUESTS;
				let sequence = if used { voucher.sequence } else { lane.sequence };
				let lane = KnownLane { sequence, open: None, ..lane };
				self.put_lane(attempt, session.session, lane).await?;
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
		let result = self.conclude(attempt, &session, under_way, call, delivered, opened).await?;
		Ok(Outcome::Done(Box::new(result)))
	}

	/// Takes the statement of a call whose answer has come, or asks for it.
	async fn conclude(
		&self,
		attempt: &Attempt<'_>,
		session: &KnownSession,
		lane: KnownLane,
		call: OpenCall,
		delivered: Delivered,
		opened: bool,
	) -> Result<CallResult, CallerError> {
		let Delivered { text, finish_reason, completion, response, broken, error } = delivered;
		let whole = broken.is_none() && error.is_none();
		let response = match response {
			Some(response) => response,
			None => {
				let reason = match (&error, &broken) {
					(Some(error), _) => error.message.clone(),
					(None, Some(reason)) => reason.clone(),
					(None, None) => "it came without a statement".into(),
				};
				match self.ask_statement(attempt, session.session, call.sequence).await {
					Known::Served(response) => *response,
					Known::NotServed => {
						let lane = KnownLane { open: None, ..lane };
						self.put_lane(attempt, session.session, lane).await?;
						return Err(match error {
							Some(error) => error.into(),
							None => {
								let url = attempt.node.endpoint.clone();
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
		let text_known = whole.then_some(text.as_str());
		let lane = self.acknowledge(attempt, session, lane, call, &response, text_known).await?;
		if !whole {
			let reason = error.map(|error| error.message).or(broken).unwrap_or_default();
			return Err(CallerError::AnswerLost {
				reason,
				charge: response.extra.statement.charge,
			});
		}
		let mut session = session.clone();
		session.lanes.insert(self.options.lane, lane);
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
	async fn acknowledge(
		&self,
		attempt: &Attempt<'_>,
		session: &KnownSession,
		lane: KnownLane,
		call: OpenCall,
		response: &PaymentResponse,
		text: Option<&str>,
	) -> Result<KnownLane, CallerError> {
		let place = Place {
			genesis_hash: self.chain.genesis_hash(),
			session: session.session,
			lane: self.options.lane,
			receipt_key: &attempt.node.receipt_key,
		};
		if let Err(reason) = check::statement(&response.extra, place, &call, text) {
			let call = OpenCall { rejected: Some(response.extra.clone()), ..call };
			let lane = KnownLane { open: Some(call), ..lane };
			self.put_lane(attempt, session.session, lane).await?;
			return Err(self.does_not_hold(session.session, reason));
		}
		let charge = response.extra.statement.charge;
		let lane = KnownLane {
			sequence: lane.sequence,
			acknowledged: lane.acknowledged.saturating_add(charge),
			open: None,
		};
		self.put_lane(attempt, session.session, lane.clone()).await?;
		Ok(lane)
	}

	fn does_not_hold(&self, session: SessionId, reason: String) -> CallerError {
		let book = self.book.path().display().to_string();
		CallerError::Statement { reason, session, book }
	}

	/// Settles a call whose outcome was left unknown, before anything else is paid on its lane.
	async fn recover(&self, attempt: &Attempt<'_>) -> Result<(), CallerError> {
		let Some(session) = self.current(attempt.key, 0).await? else { return Ok(()) };
		let Some(lane) = session.lanes.get(&self.options.lane).cloned() else { return Ok(()) };
		let Some(call) = lane.open.clone() else { return Ok(()) };
		if call.rejected.is_some() {
			let reason = "an earlier one was refused already".into();
			return Err(self.does_not_hold(session.session, reason));
		}
		match self.ask_statement(attempt, session.session, call.sequence).await {
			Known::Served(response) => {
				self.acknowledge(attempt, &session, lane, call, &response, None).await?;
				Ok(())
			}
			Known::NotServed => {
				let lane = KnownLane { open: None, ..lane };
				self.put_lane(attempt, session.session, lane).await
			}
			Known::NotNow(reason) => {
				Err(CallerError::Unresolved { reason, allowance: call.allowance })
			}
		}
	}

	/// What became of a call, asking until the node knows or time is up.
	async fn ask_statement(
		&self,
		attempt: &Attempt<'_>,
		session: SessionId,
		sequence: u64,
	) -> Known {
		let deadline = Instant::now() + self.options.recovery;
		loop {
			let known = attempt.api.statement(session, self.options.lane, sequence).await;
			match known {
				Known::NotNow(reason) if Instant::now() < deadline => {
					tracing::debug!(%reason, "the node does not know yet what became of a call");
					sleep(PAUSE).await;
				}
				known => return known,
			}
		}
	}

	/// Makes the next voucher one that the node takes, if that does no harm.
	async fn correct(
		&self,
		attempt: &Attempt<'_>,
		session: SessionId,
		refusal: Refusal,
	) -> Result<(), CallerError> {
		let known = self.book.find(attempt.key).await.filter(|known| known.session == session);
		let lanes = known.map(|known| known.lanes).unwrap_or_default();
		let lane = lanes.get(&self.options.lane).cloned().unwrap_or_default();
		let detail = |key: &str| refusal.details.get(key);
		match refusal.code.as_str() {
			// The next offer has the new price, or the next voucher more time.
			"price_changed"
			| "voucher_expired"
			| "voucher_valid_too_long"
			| "insufficient_authorisation" => Ok(()),
			// One sequence is as good as another: a record counts once for each, whatever it is.
			"voucher_out_of_order" => {
				let expected = detail("sequence").and_then(Value::as_u64);
				match expected.and_then(|expected| expected.checked_sub(1)) {
					Some(sequence) => {
						self.put_lane(attempt, session, KnownLane { sequence, ..lane }).await
					}
					None => Err(refusal.into()),
				}
			}
			"voucher_already_used" => {
				let sequence = lane.sequence.saturating_add(1);
				self.put_lane(attempt, session, KnownLane { sequence, ..lane }).await
			}
			// Less than the statements say is welcome; more needs a statement.
			"acknowledged_mismatch" => {
				let expected = detail("acknowledged").and_then(Value::as_str);
				match expected.and_then(|expected| expected.parse::<Balance>().ok()) {
					Some(acknowledged) if acknowledged < lane.acknowledged => {
						self.put_lane(attempt, session, KnownLane { acknowledged, ..lane }).await
					}
					Some(claimed) => {
						let known = lane.acknowledged;
						Err(CallerError::Disputed { session, claimed, known })
					}
					None => Err(refusal.into()),
				}
			}
			// The session is of no use any more: the next round opens another.
			"session_unknown"
			| "session_expired"
			| "session_closing"
			| "session_underfunded"
			| "session_of_other_node" => self.book.put(attempt.key, None).await,
			_ => Err(refusal.into()),
		}
	}

	async fn put_lane(
		&self,
		attempt: &Attempt<'_>,
		session: SessionId,
		lane: KnownLane,
	) -> Result<(), CallerError> {
		self.book.put_lane(attempt.key, session, self.options.lane, lane).await
	}
}

#[cfg(test)]
mod tests;
