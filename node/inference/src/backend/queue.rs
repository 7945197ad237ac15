//! A bounded queue between the async world and a thread that works.

use std::{
	collections::VecDeque,
	sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

/// Work that nobody may want any more.
pub(crate) trait Job {
	/// Whether nobody waits for it any more.
	fn is_abandoned(&self) -> bool;
}

/// First come, first served; refuses work instead of growing without bound.
#[derive(Debug)]
pub(crate) struct Queue<T> {
	state: Mutex<State<T>>,
	changed: Condvar,
	capacity: usize,
}

#[derive(Debug)]
struct State<T> {
	waiting: VecDeque<T>,
	idle: bool,
	closed: bool,
}

/// Why a job was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
	/// As many jobs as allowed are waiting.
	Full {
		/// How many that is.
		waiting: usize,
	},
	/// The worker is gone.
	Closed,
}

impl<T: Job> Queue<T> {
	/// A queue in which `capacity` jobs may wait while one is worked on.
	pub fn new(capacity: usize) -> Self {
		let state = State { waiting: VecDeque::new(), idle: false, closed: false };
		Self { state: Mutex::new(state), changed: Condvar::new(), capacity }
	}

	/// Puts a job at the end. Abandoned ones make room first.
	pub fn push(&self, job: T) -> Result<(), Refused> {
		let mut state = self.lock();
		if state.closed {
			return Err(Refused::Closed);
		}
		state.waiting.retain(|job| !job.is_abandoned());
		let waiting = state.waiting.len();
		// An idle worker takes a job at once, so that one does not have to wait.
		if waiting >= self.capacity.saturating_add(usize::from(state.idle)) {
			return Err(Refused::Full { waiting });
		}
		state.waiting.push_back(job);
		self.changed.notify_one();
		Ok(())
	}

	/// Waits for the next job that is still wanted; `None` once the queue is closed.
	pub fn pop(&self) -> Option<T> {
		let mut state = self.lock();
		loop {
			if state.closed {
				return None;
			}
			match state.waiting.pop_front() {
				Some(job) if job.is_abandoned() => {}
				Some(job) => {
					state.idle = false;
					return Some(job);
				}
				None => {
					state.idle = true;
					state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
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

	/// How many jobs wait, and whether the worker does.
	pub fn load(&self) -> (usize, bool) {
		let state = self.lock();
		(state.waiting.len(), state.idle)
	}

	/// Whether it was closed.
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
	use std::sync::{
		atomic::{AtomicBool, Ordering},
		Arc,
	};

	#[derive(Debug)]
	struct Numbered(u32, Arc<AtomicBool>);

	impl Job for Numbered {
		fn is_abandoned(&self) -> bool {
			self.1.load(Ordering::SeqCst)
		}
	}

	fn job(number: u32) -> (Numbered, Arc<AtomicBool>) {
		let abandoned = Arc::new(AtomicBool::new(false));
		(Numbered(number, abandoned.clone()), abandoned)
	}

	#[test]
	fn refuses_when_full_and_serves_in_order() {
		let queue = Queue::new(2);
		for number in 0..2 {
			queue.push(job(number).0).expect("there is room");
		}
		assert_eq!(queue.push(job(2).0), Err(Refused::Full { waiting: 2 }));
		assert_eq!(queue.pop().map(|job| job.0), Some(0));
		queue.push(job(3).0).expect("there is room again");
		assert_eq!(queue.pop().map(|job| job.0), Some(1));
		assert_eq!(queue.pop().map(|job| job.0), Some(3));
	}

	#[test]
	fn abandoned_jobs_make_room() {
		let queue = Queue::new(1);
		let (first, abandoned) = job(0);
		queue.push(first).expect("there is room");
		assert!(queue.push(job(1).0).is_err());
		abandoned.store(true, Ordering::SeqCst);
		queue.push(job(2).0).expect("the abandoned job made room");
		assert_eq!(queue.pop().map(|job| job.0), Some(2));
	}

	#[test]
	fn a_queue_without_room_still_feeds_an_idle_worker() {
		let queue = Arc::new(Queue::new(0));
		assert!(queue.push(job(0).0).is_err(), "nobody is there to take it");
		let worker = {
			let queue = queue.clone();
			std::thread::spawn(move || queue.pop().map(|job| job.0))
		};
		while queue.push(job(1).0).is_err() {
			std::thread::yield_now();
		}
		assert_eq!(worker.join().expect("no panic"), Some(1));
	}

	#[test]
	fn closing_frees_the_worker() {
		let queue = Arc::new(Queue::<Numbered>::new(1));
		let worker = {
			let queue = queue.clone();
			std::thread::spawn(move || queue.pop().is_none())
		};
		queue.close();
		assert!(worker.join().expect("no panic"));
		assert_eq!(queue.push(job(0).0), Err(Refused::Closed));
	}
}
