//! Terms of lanes as far as they are known, so that the chain is rarely asked about them.
//!
//! Whatever changes the terms of calls is announced long before it bites: a voucher may name a block up to a
//! day after the change as its last one. So what was read counts for a while.

use std::{
	collections::HashMap,
	future::Future,
	sync::{Arc, Mutex, MutexGuard, PoisonError},
	time::Duration,
};

use openledger_primitives::{
	info::LaneTermsInfo, lane::RejectReason, BlockNumber, ModelId, PriceVersion, SessionId,
	VersionId,
};
use tokio::{sync::Semaphore, time::timeout};
use tracing::warn;

use super::{sessions::Sight, ChainUnavailable};

/// For how many blocks terms are not read again: five minutes.
const FRESH: BlockNumber = 100;
/// For how many blocks it counts that there are none: something may just have come into force.
const REFUSED: BlockNumber = 2;
/// For how many blocks terms count where the chain cannot be asked: half a day.
const AWAY: BlockNumber = 14_400;
/// For how many blocks after a change vouchers that were made before are redeemed: a day.
const GRACE: BlockNumber = 28_800;
/// The most terms that are kept.
const MOST: usize = 10_000;
/// The most of them that were asked for by one session. Others must not have to ask anew because of it.
const MOST_OF_ONE: usize = 128;
/// The number of questions asked at the same time.
const AT_ONCE: usize = 8;
/// The number of those that are asked for one session.
const AT_ONCE_OF_ONE: usize = 2;
/// The time that an answer may take, and how long to wait before asking.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the terms of a lane depend on.
pub(super) type TermsKey = (ModelId, VersionId, PriceVersion, BlockNumber);

/// The terms of a lane, or the reason why none of its vouchers is redeemed.
pub(super) type Answer = Result<LaneTermsInfo, RejectReason>;

/// An answer as it was read when the best block was `read_at`.
#[derive(Clone, Debug)]
struct Known {
	answer: Answer,
	read_at: BlockNumber,
	/// The session that it was asked for.
	session: SessionId,
}

impl Known {
	fn counts(&self, best: BlockNumber, longest: BlockNumber) -> bool {
		let longest = if self.answer.is_ok() { longest } else { longest.min(REFUSED) };
		best.saturating_sub(self.read_at) < longest
	}
}

/// Terms that were read when the best block was `best`. No voucher is good by them for so long that a change
/// which nobody knew of then would make it worthless.
fn bounded(terms: LaneTermsInfo, best: BlockNumber) -> LaneTermsInfo {
	let last = best.saturating_add(GRACE);
	let valid_until = terms.valid_until.map_or(last, |until| until.min(last));
	LaneTermsInfo { valid_until: Some(valid_until), ..terms }
}

/// The terms that were asked about lately.
#[derive(Debug)]
pub(super) struct Terms {
	known: Mutex<HashMap<TermsKey, Known>>,
	asking: Semaphore,
	/// The sessions that it is asked for, each with its part of the questions.
	turns: Mutex<HashMap<SessionId, Arc<Semaphore>>>,
}

impl Default for Terms {
	fn default() -> Self {
		let (known, turns) = Default::default();
		Self { known, asking: Semaphore::new(AT_ONCE), turns }
	}
}

impl Terms {
	/// Terms as they are known, or as `ask` finds them, for a session. Those that were read lately are used as they were
	/// where the chain cannot be asked.
	///
	/// # Errors
	/// If they are not known and the chain cannot be asked, or too many ask.
	pub async fn get<F, A>(
		&self,
		session: SessionId,
		key: TermsKey,
		sight: Sight,
		ask: F,
	) -> Result<Answer, ChainUnavailable>
	where
		F: FnOnce() -> A,
		A: Future<Output = Result<Answer, String>>,
	{
		let Sight { best, away } = sight;
		let longest = if away { AWAY } else { FRESH };
		if let Some(known) = self.known(key, best, longest) {
			return Ok(known);
		}
		if away {
			let reason =
				format!("the terms of model {} as of block {} were not read", key.0, key.3);
			return Err(ChainUnavailable(reason));
		}
		let answer = timeout(PATIENCE, async {
			let turn = self.turn(session);
			let _turn = turn.acquire().await.map_err(|error| error.to_string())?;
			let _permit = self.asking.acquire().await.map_err(|error| error.to_string())?;
			// Whoever asked meanwhile may have asked the same.
			match self.known(key, best, longest) {
				Some(known) => Ok(known),
				None => ask().await,
			}
		});
		match answer.await.unwrap_or_else(|_| Err("it does not answer".into())) {
			Ok(answer) => {
				let answer = answer.map(|terms| bounded(terms, best));
				self.note(session, key, answer.clone(), best);
				Ok(answer)
			}
			Err(error) => match self.known(key, best, AWAY) {
				Some(known) => {
					warn!(%error, model = key.0, "using the terms of a lane as they were last read");
					Ok(known)
				}
				None => Err(ChainUnavailable(error)),
			},
		}
	}

	fn known(&self, key: TermsKey, best: BlockNumber, longest: BlockNumber) -> Option<Answer> {
		let lock = self.lock();
		let known = lock.get(&key).filter(|known| known.counts(best, longest))?;
		Some(known.answer.clone())
	}

	/// The part of the questions that a session has.
	fn turn(&self, session: SessionId) -> Arc<Semaphore> {
		let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
		turns.retain(|_, turn| Arc::strong_count(turn) > 1);
		let turn = turns.entry(session).or_insert_with(|| Semaphore::new(AT_ONCE_OF_ONE).into());
		turn.clone()
	}

	fn note(&self, session: SessionId, key: TermsKey, answer: Answer, best: BlockNumber) {
		let mut known = self.lock();
		let of_session = || known.iter().filter(|(_, known)| known.session == session);
		if of_session().count() >= MOST_OF_ONE {
			let oldest = of_session().min_by_key(|(_, known)| known.read_at).map(|(key, _)| *key);
			if let Some(key) = oldest {
				known.remove(&key);
			}
		}
		if known.len() >= MOST {
			known.retain(|_, known| known.counts(best, FRESH));
		}
		let is_known = known.get(&key).is_some_and(|known| known.counts(best, FRESH));
		if !is_known && known.len() < MOST {
			known.insert(key, Known { answer, read_at: best, session });
		}
	}

	/// Forgets what is so old that it does not count even where the chain cannot be asked.
	pub fn forget_old(&self, best: BlockNumber) {
		self.lock().retain(|_, known| known.counts(best, AWAY));
	}

	fn lock(&self) -> MutexGuard<'_, HashMap<TermsKey, Known>> {
		self.known.lock().unwrap_or_else(PoisonError::into_inner)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_testkit::{MODEL, PRICE, PRICE_VERSION, VERSION};
	use std::sync::atomic::{AtomicUsize, Ordering};

	const KEY: TermsKey = (MODEL, VERSION, PRICE_VERSION, 90);
	const SESSION: SessionId = 5;

	fn terms(valid_until: BlockNumber) -> Answer {
		let model = openledger_testkit::model();
		Ok(LaneTermsInfo {
			price: PRICE,
			policy: model.policy,
			protocol_share: Default::default(),
			changed_at: Some(1),
			valid_until: Some(valid_until),
		})
	}

	async fn get(
		terms: &Terms,
		best: BlockNumber,
		away: bool,
		answer: Result<Answer, String>,
	) -> Result<Answer, ChainUnavailable> {
		terms.get(SESSION, KEY, Sight { best, away }, || async { answer }).await
	}

	fn down() -> Result<Answer, String> {
		Err("gone fishing".into())
	}

	#[tokio::test]
	async fn terms_are_read_again_after_a_hundred_blocks() {
		let known = Terms::default();
		assert!(get(&known, 100, false, down()).await.is_err());
		for (best, expected) in [(100, 1), (199, 1), (200, 3), (299, 3)] {
			let newer = terms(if best < 200 { best - 99 } else { 3 });
			assert_eq!(get(&known, best, false, Ok(newer)).await, Ok(terms(expected)), "{best}");
		}
		let other = (MODEL, VERSION, PRICE_VERSION, 91);
		let sight = Sight { best: 299, away: false };
		let found = known.get(SESSION, other, sight, || async { Ok(terms(7)) }).await;
		assert_eq!(found, Ok(terms(7)), "each block has its own");
	}

	#[tokio::test]
	async fn what_was_read_is_good_for_vouchers_that_no_later_change_makes_worthless() {
		let known = Terms::default();
		let unchanged = terms(1).map(|terms| LaneTermsInfo { valid_until: None, ..terms });
		for best in [100, 150, 199] {
			let found = get(&known, best, false, Ok(unchanged.clone())).await;
			assert_eq!(found, Ok(terms(100 + GRACE)), "it was read at block 100");
		}
		assert_eq!(get(&known, 99 + AWAY, true, down()).await, Ok(terms(100 + GRACE)));
	}

	#[tokio::test]
	async fn that_there_are_none_counts_for_a_moment() {
		let known = Terms::default();
		let none = || Err(RejectReason::NotInForce);
		assert_eq!(get(&known, 100, false, Ok(none())).await, Ok(none()));
		assert_eq!(get(&known, 101, false, Ok(terms(1))).await, Ok(none()));
		assert_eq!(get(&known, 102, false, Ok(terms(1))).await, Ok(terms(1)));
	}

	#[tokio::test]
	async fn what_was_read_counts_for_half_a_day_while_the_chain_is_away() {
		let known = Terms::default();
		assert!(get(&known, 100, true, Ok(terms(1))).await.is_err(), "nobody can be asked");
		assert_eq!(get(&known, 100, false, Ok(terms(1))).await, Ok(terms(1)));
		for away in [false, true] {
			assert_eq!(get(&known, 99 + AWAY, away, down()).await, Ok(terms(1)));
			assert!(get(&known, 100 + AWAY, away, down()).await.is_err());
		}
		known.forget_old(100 + AWAY);
		assert!(known.lock().is_empty());
	}

	#[tokio::test]
	async fn what_is_kept_is_bounded_and_so_are_questions() {
		let (known, most, now) = (Terms::default(), AtomicUsize::new(0), AtomicUsize::new(0));
		let answer = terms(1);
		let ask = || async {
			most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
			tokio::time::sleep(Duration::from_millis(2)).await;
			now.fetch_sub(1, Ordering::SeqCst);
			Ok(answer.clone())
		};
		let sight = Sight { best: 100, away: false };
		for (sessions, expected) in [(100, AT_ONCE), (1, AT_ONCE_OF_ONE)] {
			most.store(0, Ordering::SeqCst);
			let asking = (0..100).map(|as_of| {
				let key = (MODEL, sessions, 1, as_of);
				known.get(SessionId::from(as_of % sessions), key, sight, ask)
			});
			futures::future::join_all(asking).await;
			assert_eq!(most.load(Ordering::SeqCst), expected);
		}

		let most = BlockNumber::try_from(MOST).expect("it fits");
		for as_of in 0..most + 10 {
			known.note(as_of.into(), (MODEL, 1, 1, as_of), answer.clone(), 100);
		}
		assert_eq!(known.lock().len(), MOST);
		known.note(SESSION, KEY, terms(2), 100 + FRESH);
		assert_eq!(known.lock().len(), 1, "those that are old make room");
	}

	#[tokio::test]
	async fn one_session_does_not_use_up_what_is_kept() {
		let (known, most) =
			(Terms::default(), BlockNumber::try_from(MOST_OF_ONE).expect("it fits"));
		known.note(SESSION + 1, KEY, terms(1), 100);
		for as_of in 100..150 + most {
			known.note(SESSION, (MODEL, 1, 1, as_of), terms(1), as_of);
		}
		assert_eq!(known.lock().len(), MOST_OF_ONE + 1);
		assert_eq!(known.known(KEY, 100, FRESH), Some(terms(1)), "another one's are kept");
		assert_eq!(known.known((MODEL, 1, 1, 149), 149, FRESH), None, "the oldest makes room");
		assert!(known.known((MODEL, 1, 1, 150), 150, FRESH).is_some());
	}
}
