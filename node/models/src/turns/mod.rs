//! Whose call is answered when: a bounded number of calls, and parties that take turns.

mod fair_queue;
mod permits;
mod slots;

use std::{sync::Arc, time::Duration};

pub(crate) use self::permits::Permit;
use self::{
	permits::Permits,
	slots::{Slot, Slots},
};
use crate::{BackendError, Load, Party};

/// The time after which to come back, where no more calls are let in.
const COME_BACK: Duration = Duration::from_secs(1);

/// The calls that one model has: those that it answers, and those that wait.
#[derive(Debug)]
pub(crate) struct Turns {
	permits: Arc<Permits>,
	slots: Arc<Slots>,
	/// The most calls that are answered at once.
	concurrent: usize,
}

impl Turns {
	/// Lets `concurrent` calls be answered at once, and about `queue` more wait.
	pub fn new(concurrent: usize, queue: usize) -> Self {
		let permits = Permits::new(concurrent.saturating_add(queue));
		Self { permits, slots: Slots::new(concurrent), concurrent }
	}

	/// A permit to be answered, or to wait for it.
	///
	/// # Errors
	/// [`BackendError::Overloaded`].
	pub fn admit(&self, party: &Party) -> Result<Permit, BackendError> {
		self.permits.take(party).ok_or(BackendError::Overloaded { retry_after: COME_BACK })
	}

	/// A slot for a call of this party, as soon as it is its turn.
	///
	/// # Errors
	/// Never, as long as this is there.
	pub async fn take(&self, party: &Party) -> Result<Slot, BackendError> {
		self.slots.take(party).await
	}

	/// The calls that are answered and that wait right now.
	pub fn load(&self) -> Load {
		let running = self.concurrent.saturating_sub(self.slots.free());
		Load { running, waiting: self.permits.taken().saturating_sub(running) }
	}
}
