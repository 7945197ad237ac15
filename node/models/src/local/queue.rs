//! A bounded, fair queue between the async world and a thread that works.

use std::{
	sync::{Condvar, Mutex, MutexGuard, PoisonError},
	time::Instant,
};

use crate::fair_queue::FairQueue;

/// Work that nobody may want any more.
pub(super) trait Job {
	/// A party that has work done.
	type Party: Eq;

	/// The party that it is done for.
	fn party(&self) -> Self::Party;

	/// True if nobody waits for it any more.
	fn is_abandoned(&self) -> bool;
}

/// One job of each party after the other; refuses work instead of growing without bound.
pub(super) struct Queue<T: Job> {
	state: Mutex<State<T>>,
	changed: Condvar,
	capacity: usize,
}

struct State<T: Job> {
	waiting: FairQueue<T::Party, T>,
	/// The worker waits for a job.
	idle: bool,
	closed: bool,
}

/// A reason why a job was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
	/// No more jobs may wait.
	Full {
		/// The number of those that do.
		waiting: usize,
	},
	/// The worker is gone.
	Closed,
}

/// The worker's next step.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<T> {
	/// This job.
	Job(T),
	/// Nothing came in time.
	Late,
	/// Go: nothing will come any more.
	Closed,
}

impl<T: Job> Queue<T> {
	/// A queue in which `capacity` jobs may wait while one is worked on.
	pub fn new(capacity: usize) -> Self {
		let state = State { waiting: FairQueue::new(), idle: false, closed: false };
		Self { state: Mutex::new(state), changed: Condvar::new(), capacity }
	}

	/// Puts a job at the end of its party's line. Abandoned ones make room first. Where there is none
	/// it may take the place of the newest job of the party that has most: that one is handed back.
	pub fn push(&self, job: T) -> Result<Option<T>, Refused> {
		let mut state = self.lock();
		if state.closed {
			return Err(Refused::Closed);
		}
		state.waiting.retain(|job| !job.is_abandoned());
		let waiting = state.waiting.len();
		// An idle worker takes a job at once, so that one does not have to wait.
		let mut displaced = None;
		if waiting >= self.capacity.saturating_add(usize::from(state.idle)) {
			let longest = state.waiting.displace(&job.party());
			displaced = Some(longest.ok_or(Refused::Full { waiting })?);
		}
		state.waiting.push(job.party(), job);
		self.changed.notify_one();
		Ok(displaced)
	}

	/// Waits for the next job that is still wanted, at most until `end`.
	pub fn pop(&self, end: Option<Instant>) -> Next<T> {
		let mut state = self.lock();
		loop {
			if state.closed {
				return Next::Closed;
			}
			match state.waiting.pop() {
				Some(job) if job.is_abandoned() => {}
				Some(job) => {
					state.idle = false;
					return Next::Job(job);
				}
				None => {
					state.idle = true;
					let Some(end) = end else {
						state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
						continue;
					};
					let time = end.saturating_duration_since(Instant::now());
					if time.is_zero() {
						return Next::Late;
					}
					let waited = self.changed.wait_timeout(state, time);
					state = waited.unwrap_or_else(PoisonError::into_inner).0;
				}
			}
		}
	}

	/// Drops what is waiting and lets the worker go.
	pub fn close(&self) {
		let mut state = self.lock();
		state.closed = true;
		state.waiting.clear();
		self.changed.notify_all();
	}

	/// The number of jobs that wait, and true if the worker waits for one.
	pub fn load(&self) -> (usize, bool) {
		let state = self.lock();
		(state.waiting.len(), state.idle)
	}

	/// True once it was closed.
	pub fn is_closed(&self) -> bool {
		self.lock().closed
	}

	fn lock(&self) -> MutexGuard<'_, State<T>> {
		// Every change of the state is complete before anything could panic.
		self.state.lock().unwrap_or_else(PoisonError::into_inner)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::{
		sync::{
			atomic::{AtomicBool, Ordering},
			Arc,
		},
		time::Duration,
	};

	/// The party, the number, and whether it is still wanted.
	#[derive(Debug)]
	struct Numbered(char, u32, Arc<AtomicBool>);

	impl Job for Numbered {
		type Party = char;

		fn party(&self) -> char {
			self.0
		}

		fn is_abandoned(&self) -> bool {
			self.2.load(Ordering::SeqCst)
		}
	}

	fn of(party: char, number: u32) -> Numbered {
		Numbered(party, number, Arc::default())
	}

	fn job(number: u32) -> Numbered {
		of('a', number)
	}

	/// Takes the job in; the number of the one that had to make way.
	fn push(queue: &Queue<Numbered>, job: Numbered) -> Result<Option<u32>, Refused> {
		queue.push(job).map(|displaced| displaced.map(|job| job.1))
	}

	fn pop(queue: &Queue<Numbered>) -> Option<u32> {
		match queue.pop(None) {
			Next::Job(job) => Some(job.1),
			Next::Late | Next::Closed => None,
		}
	}

	#[test]
	fn refuses_when_full_and_serves_in_order() {
		let queue = Queue::new(2);
		for number in 0..2 {
			assert_eq!(push(&queue, job(number)), Ok(None));
		}
		assert_eq!(push(&queue, job(2)), Err(Refused::Full { waiting: 2 }));
		assert_eq!(pop(&queue), Some(0));
		assert_eq!(push(&queue, job(3)), Ok(None), "there is room again");
		assert_eq!((pop(&queue), pop(&queue)), (Some(1), Some(3)));
	}

	#[test]
	fn parties_take_turns() {
		let queue = Queue::new(10);
		for number in 0..4 {
			push(&queue, of('a', number)).expect("there is room");
		}
		for number in 10..12 {
			push(&queue, of('b', number)).expect("there is room");
		}
		push(&queue, of('c', 20)).expect("there is room");
		assert_eq!(queue.load(), (7, false));
		let order: Vec<_> = (0..4).filter_map(|_| pop(&queue)).collect();
		assert_eq!(order, [0, 10, 20, 1]);
		// Who comes again while others wait comes after them.
		push(&queue, of('c', 21)).expect("there is room");
		let order: Vec<_> = (0..4).filter_map(|_| pop(&queue)).collect();
		assert_eq!(order, [11, 2, 21, 3]);
	}

	#[test]
	fn who_fills_the_queue_makes_way_for_others() {
		let queue = Queue::new(4);
		for number in 0..4 {
			push(&queue, of('a', number)).expect("there is room");
		}
		let full = Err(Refused::Full { waiting: 4 });
		assert_eq!(push(&queue, of('a', 4)), full, "not for itself");
		assert_eq!(push(&queue, of('b', 10)), Ok(Some(3)));
		assert_eq!(push(&queue, of('b', 11)), Ok(Some(2)));
		assert_eq!(push(&queue, of('b', 12)), full, "both have as many");
		assert_eq!(push(&queue, of('c', 20)), Ok(Some(11)), "the newest of a longest line");
		let order: Vec<_> = (0..4).filter_map(|_| pop(&queue)).collect();
		assert_eq!(order, [0, 10, 20, 1]);
	}

	#[test]
	fn abandoned_jobs_make_room() {
		let queue = Queue::new(1);
		let first = job(0);
		let abandoned = first.2.clone();
		push(&queue, first).expect("there is room");
		assert!(push(&queue, job(1)).is_err());
		abandoned.store(true, Ordering::SeqCst);
		assert_eq!(push(&queue, job(2)), Ok(None), "the abandoned job made room");
		assert_eq!(pop(&queue), Some(2));
	}

	#[test]
	fn a_queue_without_room_still_feeds_an_idle_worker() {
		let queue = Arc::new(Queue::new(0));
		assert!(push(&queue, job(0)).is_err(), "nobody is there to take it");
		let worker = {
			let queue = queue.clone();
			std::thread::spawn(move || pop(&queue))
		};
		while push(&queue, job(1)).is_err() {
			std::thread::yield_now();
		}
		assert_eq!(worker.join().expect("no panic"), Some(1));
	}

	#[test]
	fn a_worker_does_not_wait_for_longer_than_it_wants() {
		let queue = Queue::new(1);
		let soon = Instant::now() + Duration::from_millis(30);
		assert!(matches!(queue.pop(Some(soon)), Next::Late));
		assert!(Instant::now() >= soon);
		push(&queue, job(0)).expect("there is room");
		assert!(matches!(queue.pop(Some(soon)), Next::Job(_)), "what is there is taken first");
		assert!(matches!(queue.pop(Some(soon)), Next::Late));
	}

	#[test]
	fn closing_frees_the_worker() {
		let queue = Arc::new(Queue::<Numbered>::new(1));
		let worker = {
			let queue = queue.clone();
			std::thread::spawn(move || matches!(queue.pop(None), Next::Closed))
		};
		queue.close();
		assert!(worker.join().expect("no panic"));
		assert_eq!(push(&queue, job(0)), Err(Refused::Closed));
	}
}
