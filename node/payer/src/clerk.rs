//! Taking statements: each is checked, and either acknowledged or kept as a proof. Where that cannot be
//! written down, it fails.

use std::{io, path::PathBuf, sync::Arc};

use openledger_chain_client::ss58;
use openledger_payer_ledger::{
	Fate, LaneSlot, OpenCall, Oversettled, Proofs, StoreError, Treasury,
};
use openledger_primitives::{Balance, Hash};
use openledger_protocol::{
	clock::unix_seconds,
	units::format_amount,
	x402::{PaymentResponse, Receipt},
	Task,
};
use thiserror::Error;
use tracing::error;

use crate::{
	answer_text::AnswerText,
	check::{check_statement, owed},
	recount::Recount,
};

/// A model's answer, as far as it has come.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
	/// The model's name.
	pub model: &'a str,
	/// The kind of call.
	pub task: Task,
	/// Its text.
	pub said: &'a AnswerText,
	/// `true` if that is all of it.
	pub whole: bool,
}

/// A reason why a statement was not acknowledged.
#[derive(Clone, Debug, Error)]
pub enum Unacceptable {
	/// It does not hold.
	#[error("its statement does not hold: {0}")]
	False(String),
	/// It cannot be written down.
	#[error(transparent)]
	Store(#[from] StoreError),
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

	/// Checks a statement and acknowledges it, or keeps it as a proof. `answer` is there if it is
	/// known what has come of it, and `fate` is what became of it. Returns the cost of the call, in planck;
	/// nothing if it was not charged, for another voucher with its sequence was: one that was refused before.
	pub async fn take(
		&self,
		slot: &LaneSlot,
		call: &OpenCall,
		response: PaymentResponse,
		answer: Option<Answer<'_>>,
		fate: Fate,
	) -> Result<Option<Balance>, Unacceptable> {
		let stated = response.extra.statement.newest();
		let is_another = stated.request_hash != call.agreed.request_hash;
		if is_another && self.take_up(slot, response.clone()).await? {
			return Ok(None);
		}
		let receipt = response.extra;
		self.check(slot, call, &receipt, answer).await?;
		let (charge, now) = (receipt.statement.newest().charge, unix_seconds());
		self.treasury.update(|ledger| ledger.acknowledge(slot, receipt, fate, now)).await?;
		Ok(Some(charge))
	}

	/// Takes the statement of a call whose voucher was refused at first and taken after all, because
	/// whoever has the request has brought it again. Nobody has its answer. Returns `false` if it is of
	/// none of these calls.
	pub async fn take_up(
		&self,
		slot: &LaneSlot,
		response: PaymentResponse,
	) -> Result<bool, Unacceptable> {
		let receipt = response.extra;
		// Several vouchers may have had its sequence.
		let call = self.treasury.look(|ledger| {
			let ours = |call: &&OpenCall| {
				call.sequence == slot.sequence
					&& call.agreed.request_hash == receipt.statement.newest().request_hash
			};
			ledger.books().lane(slot)?.untaken.iter().find(ours).cloned()
		});
		let Some(call) = call else { return Ok(false) };
		self.check(slot, &call, &receipt, None).await?;
		let now = unix_seconds();
		self.treasury.update(|ledger| ledger.take_up(slot, receipt, now)).await?;
		Ok(true)
	}

	/// Checks a statement. One that does not hold is rejected, and kept if it proves something: if the
	/// node has signed it, for this very call.
	async fn check(
		&self,
		slot: &LaneSlot,
		call: &OpenCall,
		receipt: &Receipt,
		answer: Option<Answer<'_>>,
	) -> Result<(), Unacceptable> {
		let owed = match answer {
			Some(answer) => self.owed(call, answer).await,
			None => Ok(call.clone()),
		};
		let checked =
			owed.and_then(|owed| check_statement(receipt, self.genesis_hash, slot, &owed));
		let Err(reason) = checked else { return Ok(()) };
		metrics::counter!("openledger_pay_rejected_statements_total").increment(1);
		let LaneSlot { node, session, lane, sequence } = slot;
		let statement = receipt.statement.newest();
		let proves = (statement.genesis_hash, statement.session) == (self.genesis_hash, *session)
			&& (statement.lane, statement.sequence) == (*lane, *sequence)
			&& receipt.is_signed_by(&call.agreed.receipt_key);
		error!(
			node = %ss58(node), session, lane, sequence, %reason, proves,
			"a node's statement does not hold: nothing is acknowledged, and it gets no more calls",
		);
		if proves {
			let genesis = self.genesis_hash;
			kept(self.proofs.keep_statement(genesis, slot, call, receipt, &reason).await);
		}
		let (receipt, why) = (receipt.clone(), reason.as_str());
		self.treasury.update(|ledger| ledger.reject(slot, call, receipt, why, proves)).await?;
		Err(Unacceptable::False(reason))
	}

	/// A call as far as it is owed for what has come of its answer.
	///
	/// # Errors
	/// The reason why no answer is as that which has come.
	pub async fn owed(&self, call: &OpenCall, answer: Answer<'_>) -> Result<OpenCall, String> {
		let Answer { model, task, said, whole } = answer;
		let counted = match task {
			Task::Embeddings => None,
			Task::Chat | Task::Text => self.recount.count(model, vec![said.all()], false).await,
		};
		// A long answer takes its time.
		let (same_call, same_text) = (call.clone(), said.clone());
		let hashing = move || owed(&same_call, &same_text, whole, counted);
		let owed_for = tokio::task::spawn_blocking(hashing).await;
		owed_for.unwrap_or_else(|_| owed(call, said, whole, counted))
	}

	/// Keeps the proof that nodes have settled more than they stated, and pays them no more.
	pub async fn accuse(&self, found: &[Oversettled]) -> Result<(), StoreError> {
		for evidence in found {
			let Oversettled { node, session, lane, settled, stated } = evidence;
			if self.treasury.look(|ledger| ledger.nodes().is_barred_for_good(node)) {
				continue;
			}
			let place = lane.map_or_else(String::new, |(lane, _)| format!("lane {lane} of "));
			let (settled, stated) = (format_amount(*settled), format_amount(*stated));
			let reason =
				format!("it settled {settled} on {place}session {session} where its statements say {stated}");
			metrics::counter!("openledger_pay_oversettled_total").increment(1);
			error!(
				node = %ss58(node), %reason,
				"a node has settled more than it stated: it gets no more calls",
			);
			let statements = self.treasury.statements(*session).await.unwrap_or_default();
			kept(self.proofs.keep_settled(self.genesis_hash, evidence, &statements).await);
			self.treasury.update(|ledger| ledger.bar(node, &reason)).await?;
		}
		Ok(())
	}
}

/// Says where a proof is.
fn kept(proof: io::Result<PathBuf>) {
	match proof {
		Ok(path) => error!(proof = %path.display(), "a proof against a node was kept"),
		// The statements themselves are in the ledger's file.
		Err(error) => error!(%error, "a proof could not be written to its file"),
	}
}
