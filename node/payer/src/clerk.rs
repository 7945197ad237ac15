//! Taking statements: each is checked, and either acknowledged or kept as a proof.

use std::sync::Arc;

use openledger_chain_client::ss58;
use openledger_primitives::{
	statement::{response_hash, Statement},
	Balance, Hash,
};
use openledger_protocol::{
	units::format_amount,
	x402::{PaymentResponse, Receipt},
	Task,
};
use thiserror::Error;
use tracing::{error, warn};

use crate::{
	answer_text::AnswerText,
	check::{check_statement, Place, Received, TOKENS_UNDER_WAY},
	known::OpenCall,
	ledger::{Evidence, Fate, LaneSlot, Open},
	proof::Proofs,
	recount::{self, Recount},
	store::{unix_seconds, StoreError},
	treasury::Treasury,
};

/// A model's answer, as far as it has come.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
	/// The model's name.
	pub model: &'a str,
	/// What was asked of it.
	pub task: Task,
	/// Its text.
	pub said: &'a AnswerText,
	/// Whether that is all of it.
	pub whole: bool,
}

/// Why a statement was not acknowledged.
#[derive(Clone, Debug, Error)]
pub enum Unacceptable {
	/// It does not hold.
	#[error("its statement does not hold: {0}")]
	False(String),
	/// It cannot be written down.
	#[error(transparent)]
	Store(#[from] StoreError),
}

/// Whether a statement was signed by the node, for this call. Anything else proves nothing.
fn is_of(slot: &LaneSlot, open: &Open, receipt: &Receipt, genesis_hash: Hash) -> bool {
	let statement = &receipt.statement;
	(statement.genesis_hash, statement.session) == (genesis_hash, slot.session)
		&& (statement.lane, statement.sequence) == (slot.lane, slot.sequence)
		&& receipt.is_signed_by(&open.receipt_key)
}

/// Takes statements.
#[derive(Clone, Debug)]
pub struct Clerk {
	genesis_hash: Hash,
	treasury: Arc<Treasury>,
	proofs: Proofs,
	recount: Arc<Recount>,
}

impl Clerk {
	/// Checks statements of the chain with this genesis hash.
	pub fn new(
		genesis_hash: Hash,
		treasury: Arc<Treasury>,
		proofs: Proofs,
		recount: Arc<Recount>,
	) -> Self {
		Self { genesis_hash, treasury, proofs, recount }
	}

	/// The proofs.
	pub fn proofs(&self) -> &Proofs {
		&self.proofs
	}

	/// Checks a statement and acknowledges it, or keeps it as a proof. `answer` is there if it is
	/// known what has come of it, and `fate` is what became of it. What the call cost, in planck.
	///
	/// # Errors
	/// Why it was not acknowledged.
	pub async fn take(
		&self,
		slot: &LaneSlot,
		open: &Open,
		response: PaymentResponse,
		answer: Option<Answer<'_>>,
		fate: Fate,
	) -> Result<Balance, Unacceptable> {
		let receipt = response.extra;
		if let Err(reason) = self.check(slot, open, &receipt, answer).await {
			self.reject(slot, open, receipt, &reason).await?;
			return Err(Unacceptable::False(reason));
		}
		let charge = receipt.statement.charge;
		self.treasury.acknowledge(slot, receipt, fate).await?;
		Ok(charge)
	}

	/// Takes the statement of a call whose voucher was refused at first and taken after all, because
	/// whoever has the request has brought it again. Nobody has its answer. Whether it is that of the
	/// call: several vouchers may have had its sequence.
	///
	/// # Errors
	/// Why it was not acknowledged.
	pub async fn take_up(
		&self,
		slot: &LaneSlot,
		open: &Open,
		response: PaymentResponse,
	) -> Result<bool, Unacceptable> {
		let receipt = response.extra;
		if receipt.statement.request_hash != open.call.request_hash {
			return Ok(false);
		}
		if let Err(reason) = self.check(slot, open, &receipt, None).await {
			let proves = self.keep_false(slot, open, &receipt, &reason).await;
			self.treasury
				.update(|ledger| ledger.reject_untaken(slot, open, receipt, &reason, proves))
				.await?;
			return Err(Unacceptable::False(reason));
		}
		let now = unix_seconds();
		self.treasury.update(|ledger| ledger.take_up(slot, receipt, now)).await?;
		Ok(true)
	}

	async fn check(
		&self,
		slot: &LaneSlot,
		open: &Open,
		receipt: &Receipt,
		answer: Option<Answer<'_>>,
	) -> Result<(), String> {
		let place = Place {
			genesis_hash: self.genesis_hash,
			session: slot.session,
			lane: slot.lane,
			receipt_key: &open.receipt_key,
		};
		let received = match answer {
			Some(Answer { said, whole: false, .. }) => Received::Part(said.len()),
			// Where it says more than is signed, its tokens are not those of the signed text alone.
			Some(Answer { said, .. }) if said.besides.is_empty() => Received::Whole(&said.signed),
			Some(_) | None => Received::Unknown,
		};
		check_statement(receipt, place, &open.call, received)?;
		match answer {
			Some(answer) => self.check_answer(&receipt.statement, &open.call, answer).await,
			None => Ok(()),
		}
	}

	/// Whether a statement is about this answer, and charges no more tokens than it can have.
	async fn check_answer(
		&self,
		statement: &Statement,
		call: &OpenCall,
		answer: Answer<'_>,
	) -> Result<(), String> {
		let Answer { model, task, said, whole } = answer;
		let hash = response_hash(call.salt.as_fixed_bytes(), said.signed.as_bytes());
		if whole && statement.response_hash != hash {
			return Err("it is about another answer".into());
		}
		let charged = match whole {
			true => statement.output_tokens,
			false => statement.output_tokens.saturating_sub(TOKENS_UNDER_WAY),
		};
		// A token is at least a byte of text, but for the few that end an answer.
		recount::at_most(charged, said.len(), "bytes of text")?;
		if task == Task::Embeddings {
			return Ok(());
		}
		let Some(counted) = self.recount.count(model, &said.all()).await else { return Ok(()) };
		if usize::try_from(charged).map_or(true, |charged| charged > counted) {
			warn!(model, charged, counted, "more tokens charged than counted");
		}
		recount::compare(charged, counted)
	}

	/// The most output tokens that can be owed for what has come of an answer.
	pub async fn most_owed(&self, answer: Answer<'_>) -> u32 {
		let Answer { model, task, said, whole } = answer;
		let counted = match task {
			Task::Embeddings => None,
			Task::Chat | Task::Text => self.recount.count(model, &said.all()).await,
		};
		let most = recount::most_owed(said.len(), counted);
		match whole {
			true => most,
			false => most.saturating_add(TOKENS_UNDER_WAY),
		}
	}

	async fn reject(
		&self,
		slot: &LaneSlot,
		open: &Open,
		receipt: Receipt,
		reason: &str,
	) -> Result<(), StoreError> {
		let proves = self.keep_false(slot, open, &receipt, reason).await;
		self.treasury.reject(slot, receipt, reason, proves).await
	}

	/// Keeps a false statement in a file, if it proves something: if the node has signed it, for this very
	/// call. Returns whether it does.
	async fn keep_false(
		&self,
		slot: &LaneSlot,
		open: &Open,
		receipt: &Receipt,
		reason: &str,
	) -> bool {
		metrics::counter!("openledger_pay_rejected_statements_total").increment(1);
		if !is_of(slot, open, receipt, self.genesis_hash) {
			error!(
				node = %ss58(&slot.node), session = slot.session, lane = slot.lane, %reason,
				"what came as a node's statement is none: nothing is acknowledged, and it gets no \
				 more calls",
			);
			return false;
		}
		let (proofs, genesis) = (self.proofs.clone(), self.genesis_hash);
		let (at, agreed, kept, why) =
			(slot.clone(), open.clone(), receipt.clone(), reason.to_owned());
		let keeping = tokio::task::spawn_blocking(move || {
			proofs.keep_statement(genesis, &at, &agreed, &kept, &why)
		});
		match keeping.await.map_err(std::io::Error::other).and_then(|kept| kept) {
			Ok(path) => error!(
				node = %ss58(&slot.node), session = slot.session, lane = slot.lane,
				sequence = slot.sequence, %reason, proof = %path.display(),
				"a node's statement does not hold: nothing is acknowledged, and it gets no more calls",
			),
			// The ledger keeps it too, as long as the session is open.
			Err(error) => error!(%error, %reason, "a proof could not be written to its file"),
		}
		true
	}

	/// Keeps the proof that a node has settled more than it stated, and pays it no more.
	///
	/// # Errors
	/// If it cannot be written down.
	pub async fn accuse(&self, evidence: &Evidence) -> Result<(), StoreError> {
		let reason = format!(
			"it settled {} on lane {} of session {} where its statements say {}",
			format_amount(evidence.settled.amount),
			evidence.lane,
			evidence.session,
			format_amount(evidence.stated),
		);
		let is_known = self.treasury.look(|ledger| ledger.is_barred_for_good(&evidence.node));
		if is_known {
			return Ok(());
		}
		metrics::counter!("openledger_pay_oversettled_total").increment(1);
		let kept = self.treasury.store().statements(evidence.session).await.unwrap_or_default();
		let (proofs, genesis, found) = (self.proofs.clone(), self.genesis_hash, evidence.clone());
		let keeping =
			tokio::task::spawn_blocking(move || proofs.keep_settled(genesis, &found, &kept));
		match keeping.await.map_err(std::io::Error::other).and_then(|kept| kept) {
			Ok(path) => error!(
				node = %ss58(&evidence.node), %reason, proof = %path.display(),
				"a node has settled more than it stated: it gets no more calls",
			),
			Err(error) => error!(%error, %reason, "a proof could not be written to its file"),
		}
		self.treasury.update(|ledger| ledger.bar(&evidence.node, &reason)).await
	}
}
