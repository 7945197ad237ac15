//! The caller's side of a paid call.
//!
//! A call goes: ask without paying; compare the offer with the chain; open a session if there is
//! none; sign a voucher and write it down; ask again, paying; read the answer; check the statement
//! and write it down. Where the connection breaks, the node is asked what became of the call before
//! anything else is paid to it.

mod audit;
mod book;
mod check;
mod error;
mod http;
mod known;
mod opening;
mod payment;
mod recovery;
mod session;
mod size;
mod sse;
mod statements;

pub use audit::{Audit, AuditedAggregate, AuditedCall, Finding};
pub use book::SessionBook;
pub use check::{
	most_tokens, offer as check_offer, statement as check_statement, Facts, Place, Received,
	TOKENS_UNDER_WAY,
};
pub use error::CallerError;
pub use known::{KnownLane, KnownSession, LaneTerms, OpenCall};
pub use size::AnswerSize;
pub use sse::{SseEvent, SseParser, TooLong};
pub use statements::KeptStatement;

use std::time::Duration;

use openledger_primitives::{
	info::NodeInfo, statement::Statement, AccountId, Balance, BlockNumber, LaneId, ModelId,
	SessionId, Signature, MAX_LANES, OPEN,
};
use serde_json::Value;
use tokio::time::{sleep, Instant};

use self::{
	http::{NodeApi, Refusal},
	known::SessionKey,
};
use crate::{
	chain::{At, Chain},
	keys::Keypair,
	x402::Requirements,
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
	/// The most that one call may cost, in planck, if there is such a limit.
	pub max_charge: Option<Balance>,
	/// The most output tokens of a call whose request does not say how many it wants.
	pub max_output_tokens: u32,
	/// The lane to use. Calls on one lane wait for one another. Where it is used for other terms, or
	/// the price or the version has changed, another lane is taken, or another session.
	pub lane: LaneId,
	/// Whether no other lane may be used, so that such calls fail.
	pub only_lane: bool,
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
			max_charge: Some(10 * OPEN),
			max_output_tokens: 4_096,
			lane: 0,
			only_lane: false,
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
	/// The lane that is used: nobody else uses it meanwhile.
	lane: LaneId,
}

/// What came of paying once.
enum Outcome {
	Done(Box<CallResult>),
	Refused(Refusal, SessionId),
}

/// Which lane a call has to take.
enum Way {
	/// The one that it has.
	This,
	/// Another one of the session.
	Other(LaneId),
	/// One of another session: this one has none left.
	NoneLeft,
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
		let lane = self.options.lane;
		let mut attempt = Attempt { api: &api, node: &node, key: &key, body, lane };
		let mut turn = self.book.turn(&key, Some(lane)).await;
		self.recover(&attempt).await?;

		let (mut corrections, mut moves) = (0, 0);
		let patience = Instant::now() + PATIENCE;
		let mut opened_any = false;
		loop {
			let offer = self.offer(&attempt, model).await?;
			let (session, opened) = self.session(&key, offer.amount).await?;
			opened_any |= opened;
			match self.way(&attempt, &session, &offer) {
				Way::Other(lane) if moves < MAX_LANES => {
					moves += 1;
					// Whoever waits for a lane holds none.
					drop(turn);
					turn = self.book.turn(&key, Some(lane)).await;
					attempt.lane = lane;
					self.recover(&attempt).await?;
					continue;
				}
				// Another session costs another deposit, so that is not for the node alone to say.
				Way::NoneLeft if session.closed_unproven() => {
					return Err(CallerError::LanesDenied { session: session.session });
				}
				Way::NoneLeft => {
					self.book.retire(&key, session.session).await?;
					continue;
				}
				Way::This | Way::Other(_) => {}
			}
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
					self.correct(&attempt, session, offer.amount, refusal).await?;
				}
				_ => return Err(refusal.into()),
			}
		}
	}

	/// Which lane a call has to take for what the node offers.
	fn way(&self, attempt: &Attempt<'_>, session: &KnownSession, offer: &Requirements) -> Way {
		if self.options.only_lane {
			return Way::This;
		}
		match session.lane_for(&LaneTerms::from(&offer.extra), attempt.lane) {
			Some(lane) if lane == attempt.lane => Way::This,
			Some(lane) => Way::Other(lane),
			None => Way::NoneLeft,
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
		if !node.models.iter().any(|served| served.model == model) {
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
				unasked: self.options.max_output_tokens,
			};
			result = check::offer(required.clone(), facts);
			match &result {
				Err(CallerError::Offer(_)) => {}
				_ => break,
			}
		}
		result
	}

	async fn put_lane(
		&self,
		attempt: &Attempt<'_>,
		session: SessionId,
		lane: KnownLane,
	) -> Result<(), CallerError> {
		self.book.put_lane(attempt.key, session, attempt.lane, lane).await
	}
}

#[cfg(test)]
mod tests;
