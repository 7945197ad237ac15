//! Callers who do not let up, whatever happens to the node.
//!
//! Every customer has an account, a session and a state of its own, pays with the engine that
//! `openledger-pay` pays with, and asks several questions at once: one after another by each worker,
//! streamed and plain in turn. A question that was not answered and not charged is asked again. Every
//! answer is compared with the one that is known.

use crate::{
	backend::answer,
	binaries::model_file,
	network::key,
	payer::chat_streamed,
	scenario::{MODEL, PRICE},
	story::Shop,
};
use anyhow::{bail, ensure, Context, Result};
use openledger_chain_client::{At, Chain, Keypair};
use openledger_models::ModelTokenizer;
use openledger_payer::{
	assembly::Background,
	call::{Ended, Outcome, PaidCall, Request},
	network::Live,
	node::api::{Patience, StatementStatus},
	one_shot::{ask, Asked},
	settings::{CallSettings, ClosingSettings},
	Payer, PayerSettings,
};
use openledger_payer_ledger::{Budget, LaneSlot, TrustRules};
use openledger_primitives::{Balance, OPEN};
use openledger_protocol::Task;
use std::{
	path::Path,
	sync::{
		atomic::{AtomicU64, Ordering},
		Arc,
	},
	time::Duration,
};
use tokio::{
	sync::watch,
	task::JoinSet,
	time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// More than all calls of a test cost, in planck. Nothing is left of the budget for a second session.
const DEPOSIT: Balance = 10_000 * OPEN;
/// The most that one call may cost, in planck.
const MAX_CHARGE: Balance = 10 * OPEN;
/// More than any answer has.
const MAX_TOKENS: u32 = 64;
/// The wait before a question is asked again.
const PAUSE: Duration = Duration::from_millis(100);
/// The most times that a question is asked: for as long as a node may take to come back.
const MOST: u32 = 1_000;
/// Longest time for a node to say in the end what became of calls that nobody has an answer of.
const LAST_LOOK: Duration = Duration::from_secs(60);

/// Chance that can be had again: one number after another from a seed (SplitMix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
	/// Always the same numbers for the same seed.
	pub fn new(seed: u64) -> Self {
		Self(seed)
	}

	/// A number below `end`, or 0.
	pub fn below(&mut self, end: u64) -> u64 {
		self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
		let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
		let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
		(mixed ^ (mixed >> 31)).checked_rem(end).unwrap_or(0)
	}
}

/// Who asks and pays: a payer of its own, with a state of its own.
pub struct Customer {
	/// The key.
	pub keypair: Keypair,
	/// The payer, which keeps what the node has signed.
	pub payer: Arc<Payer>,
	/// Balance that the customer could spend before, in planck. Nothing was on hold.
	pub before: Balance,
	stop: CancellationToken,
	/// The task that looks after calls whose outcome is unknown.
	_background: Background,
}

impl Drop for Customer {
	fn drop(&mut self) {
		self.stop.cancel();
	}
}

impl Customer {
	/// A customer with a development key, whose state is in `folder`. The node is registered already.
	///
	/// # Errors
	/// If the chain or the state cannot be read, or something is on hold already.
	pub async fn new(chain: &Chain, folder: &Path, uri: &str) -> Result<Self> {
		let keypair = key(uri)?;
		let account = chain.account(&keypair.account(), At::Best).await?;
		ensure!(account.reserved == 0, "{uri} has something on hold already");
		let network = Arc::new(Live::new(chain.clone(), keypair.clone()));
		let payer = Arc::new(Payer::open(network, settings(folder)).await?);
		let stop = CancellationToken::new();
		let background = payer.start(stop.clone()).await;
		Ok(Self { keypair, payer, before: account.free, stop, _background: background })
	}

	/// Asks, and hands out what comes.
	pub async fn ask(&self, body: &[u8], streamed: bool) -> Result<Asked> {
		ask_for(&self.payer, body, streamed).await
	}

	/// Waits until it is known of every call what became of it. What is left are calls whose vouchers the
	/// node has never taken, by its own word.
	///
	/// # Errors
	/// If the node does not say in time.
	pub async fn settle_down(&self, shop: &Shop) -> Result<()> {
		let payer = &self.payer;
		let looking = async {
			loop {
				payer.janitor.recover().await;
				let unresolved: Vec<_> = payer
					.treasury
					.look(|ledger| ledger.books().unresolved().map(|(slot, _)| slot).collect());
				let mut waits = false;
				for slot in unresolved {
					waits |= !never_taken(payer, shop, &slot).await;
				}
				if !waits {
					return;
				}
				sleep(PAUSE).await;
			}
		};
		timeout(LAST_LOOK, looking).await.context("nobody knows what became of a call")
	}
}

/// Returns `true` if the node says that it has not taken a call's voucher.
pub async fn never_taken(payer: &Payer, shop: &Shop, slot: &LaneSlot) -> bool {
	let status = payer.api.statement(&shop.home.url(), slot).await;
	matches!(status, StatementStatus::NotTaken)
}

fn settings(folder: &Path) -> PayerSettings {
	let budget = Budget::new(DEPOSIT, Some(DEPOSIT));
	PayerSettings {
		inside: true,
		patience: Patience {
			connect: Duration::from_secs(2),
			question: Duration::from_secs(15),
			silence: Duration::from_secs(30),
		},
		call: CallSettings {
			max_charge: Some(MAX_CHARGE),
			recovery: Duration::from_secs(40),
			attempts: 1,
			pause: PAUSE,
			refill: false,
			..CallSettings::default()
		},
		closing: ClosingSettings {
			idle: None,
			round: Duration::from_secs(1),
			..ClosingSettings::default()
		},
		// It is the test that breaks the node.
		trust: TrustRules::ANY_LOSS,
		..PayerSettings::new(budget, folder.join("customers"))
	}
}

async fn ask_for(payer: &Payer, body: &[u8], streamed: bool) -> Result<Asked> {
	let request = Request {
		task: Task::Chat,
		body: body.to_vec().into(),
		model: MODEL.into(),
		max_tokens: Some(MAX_TOKENS),
		inputs: None,
		chat: None,
		stream: streamed,
		node: None,
	};
	let mut text = String::new();
	let asked = ask(&payer.router, request, &mut |piece| text.push_str(piece)).await;
	ensure!(text == asked.text, "{text:?} came, and {:?}", asked.text);
	Ok(asked)
}

/// The end of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
	/// With the answer, and its statement.
	Answered,
	/// The answer broke off; there is a statement.
	Broken,
	/// Nobody said in time. If there is a statement, it came later.
	Unknown,
}

/// A question, as it was asked in the end.
#[derive(Clone, Debug)]
pub struct Question {
	/// The request, byte for byte.
	pub body: Vec<u8>,
	/// The vouchers that went out for it.
	pub slots: Vec<LaneSlot>,
	/// Its outcome.
	pub end: End,
}

/// The questions of one worker, in order.
#[derive(Clone, Debug)]
pub struct History {
	/// Which customer asked.
	pub customer: usize,
	/// The questions.
	pub asked: Vec<Question>,
	/// Number of times that one had to be asked again.
	pub again: u64,
}

/// Customers at work.
pub struct Load {
	answered: Arc<AtomicU64>,
	stop: watch::Sender<bool>,
	workers: JoinSet<Result<History>>,
}

impl Load {
	/// Lets every customer ask so many questions at a time.
	///
	/// # Errors
	/// If the tokenizer cannot be read.
	pub async fn start(customers: &[Customer], at_once: usize) -> Result<Self> {
		let tokenizer = tokio::task::spawn_blocking(|| {
			anyhow::Ok(Arc::new(ModelTokenizer::load(&model_file()?, None)?))
		});
		let tokenizer = tokenizer.await??;
		let (stop, stopped) = watch::channel(false);
		let answered = Arc::new(AtomicU64::new(0));
		let mut workers = JoinSet::new();
		for (customer, owner) in customers.iter().enumerate() {
			for number in 0..at_once {
				let worker = Worker {
					customer,
					number,
					payer: owner.payer.clone(),
					tokenizer: tokenizer.clone(),
					answered: answered.clone(),
				};
				workers.spawn(worker.run(stopped.clone()));
			}
		}
		Ok(Self { answered, stop, workers })
	}

	/// Number of answers that have come so far.
	pub fn answered(&self) -> u64 {
		self.answered.load(Ordering::Relaxed)
	}

	/// Checks that all of them are still at it.
	///
	/// # Errors
	/// If one has met an error that no caller should meet.
	pub fn check(&mut self) -> Result<()> {
		match self.workers.try_join_next() {
			Some(ended) => {
				ended??;
				bail!("a caller ended before it was asked to");
			}
			None => Ok(()),
		}
	}

	/// Lets everybody get one more answer, and ends.
	///
	/// # Errors
	/// As [`Self::check`].
	pub async fn finish(mut self) -> Result<Vec<History>> {
		self.stop.send_replace(true);
		let mut histories = Vec::new();
		while let Some(ended) = self.workers.join_next().await {
			histories.push(ended??);
		}
		Ok(histories)
	}
}

/// Somebody who asks one question after another for a customer.
struct Worker {
	customer: usize,
	number: usize,
	payer: Arc<Payer>,
	tokenizer: Arc<ModelTokenizer>,
	answered: Arc<AtomicU64>,
}

impl Worker {
	async fn run(self, stop: watch::Receiver<bool>) -> Result<History> {
		let Self { customer, number: worker, .. } = self;
		let mut history = History { customer, asked: Vec::new(), again: 0 };
		loop {
			let is_last = *stop.borrow();
			let number = history.asked.len();
			let prompt =
				format!("Customer {customer}, worker {worker}, question {number}: where to?");
			let streamed = (number + worker).is_multiple_of(2);
			let asking = self.ask(&prompt, streamed, &mut history.again).await;
			let question = asking.with_context(|| prompt.clone())?;
			let end = question.end;
			history.asked.push(question);
			if end == End::Answered {
				self.answered.fetch_add(1, Ordering::Relaxed);
				if is_last {
					return Ok(history);
				}
			}
		}
	}

	/// Asks until there is an answer, or a charge, or no telling.
	async fn ask(&self, prompt: &str, streamed: bool, again: &mut u64) -> Result<Question> {
		let body = chat_streamed(MODEL, prompt, MAX_TOKENS, streamed);
		let mut slots = Vec::new();
		let mut last = None;
		for _ in 0..MOST {
			let asked = ask_for(&self.payer, &body, streamed).await?;
			slots.extend(asked.paid.iter().map(|paid| paid.slot.clone()));
			let end = match asked.answered() {
				Some(_) => {
					self.check(prompt, &asked)?;
					Some(End::Answered)
				}
				None => what_remains(&asked.paid)?,
			};
			if let Some(end) = end {
				return Ok(Question { body, slots, end });
			}
			match &asked.ended {
				Ended::BrokeOff(error) | Ended::Failed(error)
					if error.code() != "node_misbehaves"
						&& (error.status.is_server_error() || error.status.as_u16() == 429) =>
				{
					last = Some(error.clone());
				}
				ended => bail!("{ended:?}"),
			}
			*again += 1;
			sleep(PAUSE).await;
		}
		bail!("asked {MOST} times, the last time: {last:?}");
	}

	/// Checks that this is the known answer, at its price.
	fn check(&self, prompt: &str, asked: &Asked) -> Result<()> {
		let expected = answer(prompt);
		ensure!(asked.text == expected, "{:?} instead of {expected:?}", asked.text);
		let (_, receipt) = asked.answered().context("no statement")?;
		let (statement, tokens) = (receipt.statement.newest(), self.tokenizer.count(&expected)?);
		let used = statement.tokens;
		ensure!(used.output == tokens, "{} tokens of {tokens}", used.output);
		let price = PRICE.charge(&used);
		ensure!(price == Some(statement.charge), "charged {} planck", statement.charge);
		Ok(())
	}
}

/// The rest of a question that was not answered: nothing, if nothing was charged for it.
fn what_remains(paid: &[PaidCall]) -> Result<Option<End>> {
	let mut end = None;
	for paid in paid {
		end = match &paid.outcome {
			Outcome::False(reason) => bail!("a false statement: {reason}"),
			Outcome::Charged(_) => Some(End::Broken),
			Outcome::Unknown => end.or(Some(End::Unknown)),
			Outcome::NotCharged => end,
		};
	}
	Ok(end)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn chance_can_be_had_again() {
		let rolled = |seed| {
			let mut dice = Dice::new(seed);
			(0..100).map(|_| dice.below(6)).collect::<Vec<_>>()
		};
		assert_eq!(rolled(7), rolled(7));
		assert_ne!(rolled(7), rolled(8));
		assert!((0..6).all(|side| rolled(7).contains(&side)));
		assert_eq!(Dice::new(7).below(0), 0);
	}
}
