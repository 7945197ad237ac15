//! The states of a call, from the header it came with to the statement it ends with.

use openledger_books::{
	Acceptance, CallId, ServedCall, Store, StoreError, StoredVoucher, Uncharged,
};
use openledger_chain_client::Keypair;
use openledger_primitives::{
	attribution::Attribution,
	info::SessionInfo,
	record::CallRecord,
	statement::{response_hash, Statement},
	voucher::Voucher,
	AccountId, Balance, BlockNumber, PriceVersion, Signature, MAX_LANES,
};

use openledger_protocol::{
	clock,
	x402::{self, PaymentResponse, PaymentSignature},
};
use openledger_settlement::view::SessionSource;

use super::{Offer, Refusal};

/// A voucher as it came with a request. Nothing about it is believed yet.
#[derive(Clone, Debug)]
pub struct Presented {
	payment: PaymentSignature,
	is_for_request: bool,
}

impl Presented {
	/// Reads the payment header of a request with this exact body.
	///
	/// # Errors
	/// [`Refusal::Malformed`].
	pub fn decode(header: &str, body: &[u8]) -> Result<Self, Refusal> {
		let payment: PaymentSignature =
			x402::decode(header).map_err(|error| Refusal::Malformed(error.to_string()))?;
		let is_for_request = payment.payload.is_for(body);
		Ok(Self { payment, is_for_request })
	}

	/// The voucher, if it is for the request that it came with.
	pub fn of_request(&self) -> Option<Voucher> {
		self.is_for_request.then_some(self.payment.payload.voucher)
	}

	/// Checks everything that does not depend on the lane: that the voucher is for this chain, this
	/// node and this request, from an open session, signed, in time, and enough for the offer. It may
	/// be valid for `longest` blocks at most: what is served for it is not given up before that, even
	/// where the session is gone.
	///
	/// A price that was offered stands as long as the offer does, whatever is in force by now.
	///
	/// # Errors
	/// The first thing that is wrong.
	pub async fn check(
		self,
		offer: Offer,
		source: &dyn SessionSource,
		longest: BlockNumber,
	) -> Result<Checked, Refusal> {
		let Self { payment, is_for_request } = self;
		let genesis = source.genesis_hash();
		let network = x402::network(&genesis);
		if payment.x402_version != x402::VERSION
			|| payment.accepted.scheme != x402::SCHEME
			|| payment.accepted.network != network
		{
			return Err(Refusal::UnsupportedScheme { scheme: x402::SCHEME, network });
		}
		let voucher = payment.payload.voucher;
		if voucher.genesis_hash != genesis {
			return Err(Refusal::WrongChain);
		}
		// The chain would never pay for it.
		if voucher.lane >= MAX_LANES {
			return Err(Refusal::NoSuchLane);
		}
		let Some(allowed) = voucher.allowance() else {
			return Err(Refusal::Malformed("authorised is less than acknowledged".into()));
		};
		if !is_for_request {
			return Err(Refusal::RequestMismatch);
		}

		let best = source.best_block()?;
		if voucher.valid_until < best {
			let valid_until = voucher.valid_until;
			return Err(Refusal::VoucherExpired { valid_until, best });
		}
		let latest = best.saturating_add(longest);
		if voucher.valid_until > latest {
			return Err(Refusal::VoucherValidTooLong { latest, found: voucher.valid_until });
		}
		let Some(session) = source.session(voucher.session).await? else {
			return Err(Refusal::SessionUnknown { session: voucher.session });
		};
		check_session(&session, source.operator(), best)?;
		let limit = spendable(&payment, &session).ok_or(Refusal::InvalidSignature)?;

		if voucher.model != offer.model {
			let (expected, found) = (offer.model, voucher.model);
			return Err(Refusal::ModelMismatch { expected, found });
		}
		if voucher.version != offer.version {
			let (expected, found) = (offer.version, voucher.version);
			return Err(Refusal::VersionChanged { expected, found });
		}
		let offer = at_price(offer, voucher.price_version, source)?;
		if allowed < offer.max_charge {
			return Err(Refusal::InsufficientAuthorisation { needed: offer.max_charge, allowed });
		}
		let voucher = StoredVoucher {
			voucher,
			signature: payment.payload.signature,
			salt: payment.payload.salt,
		};
		Ok(Checked { voucher, session, limit, offer })
	}
}

/// The offer at the price that a voucher names: the one in force, or one that was offered so lately
/// that its offers still stand.
fn at_price(
	offer: Offer,
	named: PriceVersion,
	source: &dyn SessionSource,
) -> Result<Offer, Refusal> {
	if named == offer.price_version {
		return Ok(offer);
	}
	let expected = offer.price_version;
	let standing = source.standing_price(offer.model, named)?;
	standing
		.and_then(|price| offer.at_price(named, price))
		.ok_or(Refusal::PriceChanged { expected, found: named })
}

fn check_session(
	session: &SessionInfo,
	operator: &AccountId,
	best: BlockNumber,
) -> Result<(), Refusal> {
	if session.node != *operator {
		return Err(Refusal::SessionOfOtherNode { session: session.id });
	}
	if best >= session.expires_at {
		return Err(Refusal::SessionExpired { expires_at: session.expires_at, best });
	}
	if session.closes_at.is_some() {
		return Err(Refusal::SessionClosing);
	}
	Ok(())
}

/// The most that the calls of a session may cost in all for the chain to pay this voucher, besides what its
/// deposit allows, in planck. `None` if nobody signed it who may.
///
/// The chain counts what is settled with vouchers of the hot key. A voucher stands for all calls
/// before it on its lane, whoever signed theirs; so here all calls of the session count.
fn spendable(payment: &PaymentSignature, session: &SessionInfo) -> Option<Balance> {
	if session.signer != session.caller && payment.payload.is_signed_by(&session.signer) {
		return Some(session.spending_limit);
	}
	payment.payload.is_signed_by(&session.caller).then_some(Balance::MAX)
}

/// A voucher that is good in itself. Whether it is its lane's next, and whether the deposit still
/// covers it, is found out when it is taken.
#[derive(Clone, Debug)]
pub struct Checked {
	voucher: StoredVoucher,
	session: SessionInfo,
	limit: Balance,
	offer: Offer,
}

impl Checked {
	/// The offer that it was checked against.
	pub fn offer(&self) -> &Offer {
		&self.offer
	}

	/// Takes the voucher, unless the session owes `exposure` or more already, in planck: writes it down
	/// and sets aside what the call may cost. It is on disk when the call is delivered, or
	/// [secured](Reserved::secure) before that.
	///
	/// # Errors
	/// [`Refusal::Lane`] if it does not fit its lane, the deposit or the spending limit,
	/// [`Refusal::Store`] if it cannot be written down.
	pub async fn reserve(self, store: &Store, exposure: Balance) -> Result<Reserved, Refusal> {
		let Self { voucher, session, limit, offer } = self;
		let payer = session.caller.clone();
		let acceptance = Acceptance {
			voucher: voucher.clone(),
			reserve: offer.max_charge,
			session,
			limit,
			exposure,
			at: clock::unix_seconds(),
		};
		let id = CallId::of(&voucher.voucher);
		store.accept(acceptance).await.map_err(Refusal::Store)??;
		Ok(Reserved {
			open: OpenEntry { id, store: store.clone(), ended: false },
			voucher: voucher.voucher,
			salt: voucher.salt,
			payer,
			offer,
		})
	}
}

/// The store's entry of a call that is being served. However the call is left, the entry is ended:
/// its lane must not stay busy because a task broke.
#[derive(Debug)]
struct OpenEntry {
	id: CallId,
	store: Store,
	ended: bool,
}

impl Drop for OpenEntry {
	fn drop(&mut self) {
		if !self.ended {
			tracing::warn!(call = %self.id, "a call was dropped while it was being served");
			self.store.release_later(self.id, Uncharged::NodeStopped);
		}
	}
}

/// The part of an answer that was delivered.
#[derive(Clone, Copy, Debug)]
pub struct Delivered<'a> {
	/// Its text.
	pub text: &'a str,
	/// Input tokens to charge.
	pub input_tokens: u32,
	/// Output tokens to charge.
	pub output_tokens: u32,
}

/// A call that may be served: its voucher is taken, and what it may cost is set aside.
#[derive(Debug)]
pub struct Reserved {
	open: OpenEntry,
	voucher: Voucher,
	salt: [u8; 32],
	payer: AccountId,
	offer: Offer,
}

impl Reserved {
	/// The call.
	pub fn id(&self) -> CallId {
		self.open.id
	}

	/// Its terms.
	pub fn offer(&self) -> &Offer {
		&self.offer
	}

	/// Waits until the voucher is on disk: before anything of the answer goes out.
	///
	/// # Errors
	/// Of the store. Nothing may go out then.
	pub async fn secure(&self) -> Result<(), StoreError> {
		self.open.store.secure(self.open.id).await
	}

	/// Charges the call for what was delivered, signs its statement, and writes both down, with the
	/// voucher, durably. An `answer` that goes out only after that is kept with them, for a caller whom it
	/// does not reach.
	///
	/// # Errors
	/// Of the store. The call is not charged then.
	pub async fn deliver(
		mut self,
		delivered: Delivered<'_>,
		answer: Option<Vec<u8>>,
		receipt_key: &Keypair,
	) -> Result<Served, StoreError> {
		let input_tokens = delivered.input_tokens.min(self.offer.input_tokens);
		let output_tokens = delivered.output_tokens.min(self.offer.max_output_tokens);
		let charge = self.offer.charge(input_tokens, output_tokens);
		let record = CallRecord {
			sequence: self.voucher.sequence,
			model: self.offer.model,
			version: self.offer.version,
			price_version: self.offer.price_version,
			input_tokens,
			output_tokens,
			request_hash: self.voucher.request_hash,
			response_hash: response_hash(&self.salt, delivered.text.as_bytes()),
			attribution: Attribution::default(),
		};
		let id = self.open.id;
		let genesis = self.voucher.genesis_hash;
		let statement = Statement::of(genesis, id.session, id.lane, &record, charge);
		let signature = receipt_key.sign_message(&statement);
		let served = ServedCall {
			record,
			charge,
			statement_signature: signature.clone(),
			at: clock::unix_seconds(),
		};
		match answer {
			Some(answer) => self.open.store.serve_and_keep(id, served, answer).await?,
			None => self.open.store.serve(id, served).await?,
		}
		self.open.ended = true;
		Ok(Served { statement, signature, payer: self.payer.clone() })
	}

	/// Takes back that the voucher was taken: it may come again. For calls that are refused before
	/// anything was done for them.
	///
	/// # Errors
	/// Of the store. The call is closed as not charged then.
	pub async fn withdraw(mut self) -> Result<(), StoreError> {
		self.open.store.withdraw(self.open.id).await?;
		self.open.ended = true;
		Ok(())
	}

	/// Ends the call without a charge; its voucher stays used.
	///
	/// # Errors
	/// Of the store. The call is closed when the node starts again.
	pub async fn release(mut self, why: Uncharged) -> Result<(), StoreError> {
		self.open.store.release(self.open.id, why).await?;
		self.open.ended = true;
		Ok(())
	}
}

/// A call that was served, charged and recorded.
#[derive(Clone, Debug)]
pub struct Served {
	statement: Statement,
	signature: Signature,
	payer: AccountId,
}

impl Served {
	/// The signed statement, as the caller gets it.
	pub fn response(self) -> PaymentResponse {
		let genesis = self.statement.genesis_hash;
		PaymentResponse::new(&genesis, self.payer, self.statement, self.signature)
	}

	/// The statement.
	pub fn statement(&self) -> &Statement {
		&self.statement
	}
}
