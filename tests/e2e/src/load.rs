//! Callers who do not let up, whatever happens to the node.
//!
//! Every customer has an account, a session and a file of its own, and asks on several lanes at once:
//! on each of them one question after another, streamed and plain in turn. A question that was not
//! answered and not charged is asked again. Every answer is compared with the one that is known.

use crate::{
	backend::answer,
	binaries::model_file,
	network::key,
	payer::chat_streamed,
	scenario::{MODEL, PRICE},
	story::Shop,
};
use anyhow::{bail, ensure, Context, Result};
use openledger_client::{
	caller::{CallResult, Caller, CallerError, CallerOptions, SessionBook, Target},
	At, Chain, Keypair,
};
use openledger_inference::backend::ModelTokenizer;
use openledger_primitives::{Balance, LaneId, ModelId, OPEN};
use std::{
	path::Path,
	sync::{
		atomic::{AtomicU64, Ordering},
		Arc,
	},
	time::Duration,
};
use tokio::{sync::watch, task::JoinSet};

/// More than all calls of a test cost, in planck.
const DEPOSIT: Balance = 1_000 * OPEN;
/// More than any answer has.
const MAX_TOKENS: u32 = 64;
/// How long to wait before a question is asked again.
const PAUSE: Duration = Duration::from_millis(100);
/// How often a question is asked at most: for as long as a node may take to come back.
const MOST: u32 = 1_000;

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

/// Who asks and pays.
pub struct Customer {
	/// The key.
	pub keypair: Keypair,
	/// Where the customer keeps what the node has signed.
	pub book: SessionBook,
	/// What the customer could spend before, in planck. Nothing was on hold.
	pub before: Balance,
}

impl Customer {
	/// A customer with a development key, whose file is in `folder`.
	///
	/// # Errors
	/// If the chain or the file cannot be read, or something is on hold already.
	pub async fn new(chain: &Chain, folder: &Path, uri: &str) -> Result<Self> {
		let keypair = key(uri)?;
		let account = chain.account(&keypair.account(), At::Best).await?;
		ensure!(account.reserved == 0, "{uri} has something on hold already");
		let file = folder.join(format!("sessions-{}.json", keypair.address()));
		let book = SessionBook::open(&file).await?;
		Ok(Self { keypair, book, before: account.free })
	}
}

/// How a question ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
	/// With the answer, and its statement.
	Answered,
	/// The answer broke off; there is a statement.
	Broken,
	/// Nobody said in time. If there is a statement, it came with the next question.
	Unknown,
}

/// A question, as it was asked in the end.
#[derive(Clone, Debug)]
pub struct Asked {
	/// The request, byte for byte.
	pub body: Vec<u8>,
	/// What came of it.
	pub ended: Ended,
}

/// What was asked on one lane, in order.
#[derive(Clone, Debug)]
pub struct History {
	/// Which customer asked.
	pub customer: usize,
	/// The lane.
	pub lane: LaneId,
	/// The questions.
	pub asked: Vec<Asked>,
	/// How often one had to be asked again.
	pub again: u64,
}

/// Customers at work.
pub struct Load {
	answered: Arc<AtomicU64>,
	stop: watch::Sender<bool>,
	workers: JoinSet<Result<History>>,
}

impl Load {
	/// Lets every customer ask on so many lanes.
	///
	/// # Errors
	/// If the node is not on chain, or the tokenizer cannot be read.
	pub async fn start(
		chain: &Chain,
		shop: &Shop,
		customers: &[Customer],
		lanes: LaneId,
	) -> Result<Self> {
		let node = chain.node(&key(crate::network::OPERATOR)?.account(), At::Best).await?;
		let node = node.context("the node is not registered")?;
		let target = Target { url: shop.home.url(), node: Some(node) };
		let tokenizer = tokio::task::spawn_blocking(|| {
			anyhow::Ok(Arc::new(ModelTokenizer::load(&model_file()?, None)?))
		});
		let tokenizer = tokenizer.await??;
		let (stop, stopped) = watch::channel(false);
		let answered = Arc::new(AtomicU64::new(0));
		let mut workers = JoinSet::new();
		for (customer, owner) in customers.iter().enumerate() {
			for lane in 0..lanes {
				let options = CallerOptions {
					deposit: DEPOSIT,
					lane,
					connect_timeout: Duration::from_secs(2),
					silence: Duration::from_secs(30),
					recovery: Duration::from_secs(40),
					..CallerOptions::default()
				};
				let (keypair, book) = (owner.keypair.clone(), owner.book.clone());
				let worker = Worker {
					caller: Caller::new(chain.clone(), keypair, book, options)?,
					target: target.clone(),
					model: shop.model,
					tokenizer: tokenizer.clone(),
					answered: answered.clone(),
				};
				workers.spawn(worker.run(customer, lane, stopped.clone()));
			}
		}
		Ok(Self { answered, stop, workers })
	}

	/// How many answers have come so far.
	pub fn answered(&self) -> u64 {
		self.answered.load(Ordering::Relaxed)
	}

	/// Whether all of them are still at it.
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

/// One lane of a customer.
struct Worker {
	caller: Caller,
	target: Target,
	model: ModelId,
	tokenizer: Arc<ModelTokenizer>,
	answered: Arc<AtomicU64>,
}

impl Worker {
	async fn run(
		self,
		customer: usize,
		lane: LaneId,
		stop: watch::Receiver<bool>,
	) -> Result<History> {
		let mut history = History { customer, lane, asked: Vec::new(), again: 0 };
		loop {
			let is_last = *stop.borrow();
			let number = history.asked.len();
			let prompt = format!("Customer {customer}, lane {lane}, question {number}: where to?");
			let streamed = (number + usize::from(lane)).is_multiple_of(2);
			let body = chat_streamed(MODEL, &prompt, MAX_TOKENS, streamed);
			let asking = self.ask(&prompt, &body, &mut history.again).await;
			let ended = asking.with_context(|| prompt.clone())?;
			history.asked.push(Asked { body, ended });
			if ended == Ended::Answered {
				self.answered.fetch_add(1, Ordering::Relaxed);
				if is_last {
					return Ok(history);
				}
			}
		}
	}

	/// Asks until there is an answer, or a charge, or no telling.
	async fn ask(&self, prompt: &str, body: &[u8], again: &mut u64) -> Result<Ended> {
		for _ in 0..MOST {
			let mut text = String::new();
			let mut take = |piece: &str| text.push_str(piece);
			let called = self.caller.call(&self.target, self.model, body, &mut take).await;
			match called {
				Ok(result) => {
					ensure!(text == result.text, "{text:?} came, and {:?}", result.text);
					self.check(prompt, &result)?;
					return Ok(Ended::Answered);
				}
				Err(CallerError::AnswerLost { .. }) => return Ok(Ended::Broken),
				Err(CallerError::Unresolved { .. }) => return Ok(Ended::Unknown),
				Err(CallerError::Unreachable { .. }) => {}
				Err(CallerError::Refused { status, .. }) if status >= 500 || status == 429 => {}
				Err(error) => return Err(error.into()),
			}
			*again += 1;
			tokio::time::sleep(PAUSE).await;
		}
		bail!("asked {MOST} times");
	}

	/// Whether this is the known answer, at its price.
	fn check(&self, prompt: &str, result: &CallResult) -> Result<()> {
		let expected = answer(prompt);
		ensure!(result.text == expected, "{:?} instead of {expected:?}", result.text);
		let (statement, tokens) = (&result.statement, self.tokenizer.count(&expected)?);
		ensure!(
			statement.output_tokens == tokens,
			"{} tokens of {tokens}",
			statement.output_tokens
		);
		let price = PRICE.charge(statement.input_tokens, tokens);
		ensure!(price == Some(statement.charge), "charged {} planck", statement.charge);
		Ok(())
	}
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
