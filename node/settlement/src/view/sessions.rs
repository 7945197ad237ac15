//! Sessions as far as they are known, so that the chain is rarely asked about them.
//!
//! Anybody can name a session, whether there is one or not, and have the node ask. So what the chain
//! does not know, or is another node's, is remembered for a moment; each session is asked about once at
//! a time, and few at the same time. Sessions that are this node's own do not wait behind those.

use std::{
	collections::HashMap,
	future::Future,
	sync::{Mutex, MutexGuard, PoisonError},
	time::{Duration, Instant},
};

use openledger_primitives::{info::SessionInfo, AccountId, BlockNumber, SessionId};
use tokio::time::timeout;
use tracing::warn;

use super::ChainUnavailable;

/// For how many blocks a session is not read again.
const FRESH: BlockNumber = 2;
/// For how long what was read counts while somebody else reads it again.
const RECENT: Duration = Duration::from_secs(60);
/// For how long a session is kept that nobody names, while the chain can be asked.
const KEPT: Duration = Duration::from_secs(600);
/// For how long the chain is not asked again about what is no session of this node.
const FOREIGN: Duration = Duration::from_secs(1);
/// The most sessions that are kept.
const MOST: usize = 10_000;
/// The most of others that are remembered.
const MOST_FOREIGN: usize = 4_096;
/// The number of questions asked at the same time.
const DOORS: usize = 8;
/// The time that an answer may take, and how long to wait before asking.
const PATIENCE: Duration = Duration::from_secs(5);

/// A session of this node as it was read when the best block was `read_at`.
#[derive(Clone, Debug)]
struct Known {
	info: SessionInfo,
	read_at: BlockNumber,
	seen: Instant,
}

/// The sessions that were asked about lately.
#[derive(Debug)]
pub(super) struct Sessions {
	operator: AccountId,
	ours: Mutex<HashMap<SessionId, Known>>,
	foreign: Mutex<HashMap<SessionId, (Option<SessionInfo>, Instant)>>,
	doors: [tokio::sync::Mutex<()>; DOORS],
}

/// The state of the chain when a session is asked about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight {
	pub best: BlockNumber,
	/// True if the chain cannot be asked.
	pub away: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
	mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sessions {
	/// None are known yet.
	pub fn new(operator: AccountId) -> Self {
		let doors = std::array::from_fn(|_| tokio::sync::Mutex::new(()));
		Self { operator, ours: Mutex::default(), foreign: Mutex::default(), doors }
	}

	/// A session, as it is known, or as `ask` finds it. One of this node's that was seen lately is used
	/// as it was where the chain cannot be asked.
	///
	/// # Errors
	/// If it is not known and the chain cannot be asked, or too many ask.
	pub async fn get<F, A>(
		&self,
		id: SessionId,
		sight: Sight,
		ask: F,
	) -> Result<Option<SessionInfo>, ChainUnavailable>
	where
		F: FnOnce() -> A,
		A: Future<Output = Result<Option<SessionInfo>, String>>,
	{
		if let Some(found) = self.without_asking(id, sight) {
			return Ok(found);
		}
		let known = self.known(id);
		if sight.away {
			return Err(ChainUnavailable(format!("session {id} was not seen before")));
		}
		let door = usize::try_from(id).unwrap_or_default().wrapping_rem(DOORS);
		let door = self.doors.get(door).ok_or_else(|| ChainUnavailable("no door".into()))?;
		let _inside = match (door.try_lock(), known) {
			(Ok(inside), _) => inside,
			(Err(_), Some(known)) if known.seen.elapsed() < RECENT => return Ok(Some(known.info)),
			(Err(_), _) => timeout(PATIENCE, door.lock())
				.await
				.map_err(|_| ChainUnavailable("too many sessions are asked about".into()))?,
		};
		// Whoever was inside before may have asked the same.
		if let Some(found) = self.without_asking(id, sight) {
			return Ok(found);
		}
		let answer = timeout(PATIENCE, ask()).await;
		let answer = answer.unwrap_or_else(|_| Err("it does not answer".into()));
		match answer {
			Ok(found) => {
				self.note(id, found.clone(), sight.best);
				Ok(found)
			}
			Err(error) => match self.known(id) {
				Some(known) => {
					warn!(%error, session = id, "using a session as it was last read");
					Ok(Some(known.info))
				}
				None => Err(ChainUnavailable(error)),
			},
		}
	}

	/// The answer to what need not be asked about.
	fn without_asking(&self, id: SessionId, sight: Sight) -> Option<Option<SessionInfo>> {
		if let Some(known) = self.known(id) {
			let fresh = sight.best.saturating_sub(known.read_at) < FRESH;
			return (fresh || sight.away).then_some(Some(known.info));
		}
		let foreign = lock(&self.foreign);
		let (found, seen) = foreign.get(&id)?;
		(seen.elapsed() < FOREIGN).then(|| found.clone())
	}

	fn known(&self, id: SessionId) -> Option<Known> {
		lock(&self.ours).get(&id).cloned()
	}

	fn note(&self, id: SessionId, found: Option<SessionInfo>, best: BlockNumber) {
		let now = Instant::now();
		match found {
			Some(info) if info.node == self.operator => {
				lock(&self.foreign).remove(&id);
				let mut ours = lock(&self.ours);
				if ours.len() < MOST || ours.contains_key(&id) {
					ours.insert(id, Known { info, read_at: best, seen: now });
				}
			}
			other => {
				lock(&self.ours).remove(&id);
				let mut foreign = lock(&self.foreign);
				if foreign.len() >= MOST_FOREIGN {
					foreign.retain(|_, (_, seen)| seen.elapsed() < FOREIGN);
				}
				if foreign.len() < MOST_FOREIGN {
					foreign.insert(id, (other, now));
				}
			}
		}
	}

	/// Forgets sessions that nobody has named for long. While the chain can be asked.
	pub fn forget_old(&self) {
		lock(&self.ours).retain(|_, known| known.seen.elapsed() < KEPT);
		lock(&self.foreign).retain(|_, (_, seen)| seen.elapsed() < FOREIGN);
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_testkit::{key, operator, session, SESSION};
	use std::sync::atomic::{AtomicUsize, Ordering};

	const NEAR: Sight = Sight { best: 100, away: false };

	fn sessions() -> Sessions {
		Sessions::new(operator().account())
	}

	async fn get(
		sessions: &Sessions,
		id: SessionId,
		sight: Sight,
		answer: Result<Option<SessionInfo>, String>,
	) -> Result<Option<SessionInfo>, ChainUnavailable> {
		sessions.get(id, sight, || async { answer }).await
	}

	fn down() -> Result<Option<SessionInfo>, String> {
		Err("gone fishing".into())
	}

	#[tokio::test]
	async fn what_was_read_counts_for_two_blocks() {
		let sessions = sessions();
		let ours = session(SESSION);
		let found = get(&sessions, SESSION, NEAR, Ok(Some(ours.clone()))).await;
		assert_eq!(found, Ok(Some(ours.clone())));
		for (best, settled) in [(101, 0), (102, 7), (103, 7), (104, 7)] {
			let newer = SessionInfo { settled: if best == 103 { 9 } else { 7 }, ..ours.clone() };
			let sight = Sight { best, ..NEAR };
			let found = get(&sessions, SESSION, sight, Ok(Some(newer))).await;
			assert_eq!(
				found.map(|info| info.map(|info| info.settled)),
				Ok(Some(settled)),
				"{best}"
			);
		}
		assert_eq!(get(&sessions, SESSION, Sight { best: 106, ..NEAR }, Ok(None)).await, Ok(None));
	}

	#[tokio::test]
	async fn who_was_seen_is_known_while_the_chain_is_away() {
		let sessions = sessions();
		let ours = session(SESSION);
		let _ = get(&sessions, SESSION, NEAR, Ok(Some(ours.clone()))).await;
		// It has just gone, and it is long gone.
		for (best, away) in [(110, false), (1_000, true)] {
			let sight = Sight { best, away };
			assert_eq!(get(&sessions, SESSION, sight, down()).await, Ok(Some(ours.clone())));
			assert!(get(&sessions, SESSION + 1, sight, down()).await.is_err());
		}
	}

	#[tokio::test]
	async fn strangers_are_not_asked_about_each_time() {
		let sessions = sessions();
		let foreign = SessionInfo { node: key("//Eve").account(), ..session(8) };
		for answer in [None, Some(foreign)] {
			let id = if answer.is_some() { 8 } else { 9 };
			assert_eq!(get(&sessions, id, NEAR, Ok(answer.clone())).await, Ok(answer.clone()));
			assert_eq!(get(&sessions, id, NEAR, down()).await, Ok(answer), "it is remembered");
		}
		assert!(lock(&sessions.ours).is_empty());
		for id in 100..SessionId::try_from(MOST_FOREIGN).expect("it fits") + 200 {
			let _ = get(&sessions, id, NEAR, Ok(None)).await;
		}
		assert!(lock(&sessions.foreign).len() <= MOST_FOREIGN);
	}

	#[tokio::test]
	async fn each_is_asked_about_once_at_a_time_and_few_together() {
		let (sessions, asked, most) = (sessions(), AtomicUsize::new(0), AtomicUsize::new(0));
		let now = AtomicUsize::new(0);
		let ask = || async {
			asked.fetch_add(1, Ordering::SeqCst);
			most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
			tokio::time::sleep(Duration::from_millis(5)).await;
			now.fetch_sub(1, Ordering::SeqCst);
			Ok(None)
		};
		let same = (0..50).map(|_| sessions.get(7, NEAR, ask));
		for found in futures::future::join_all(same).await {
			assert_eq!(found, Ok(None));
		}
		assert_eq!(asked.load(Ordering::SeqCst), 1);
		let others = (100..200).map(|id| sessions.get(id, NEAR, ask));
		futures::future::join_all(others).await;
		assert_eq!(asked.load(Ordering::SeqCst), 101);
		assert_eq!(most.load(Ordering::SeqCst), DOORS);
	}
}
