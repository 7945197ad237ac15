//! The steps of a call's life, from its voucher to its end.

use openledger_primitives::SessionId;

use super::{
	desk::Outcome,
	error::StoreError,
	lanes::{self, Acceptance, LaneRefusal},
	tables::{Tables, SCHEMA},
	types::{CallId, LaneState, ServedCall, Uncharged, UnixSeconds},
	writer::Job,
	Store, MAX_KEPT, SCHEMA_VERSION,
};

/// How often a voucher is compared anew after its session's lanes were taken over from the chain.
const ADOPTIONS: usize = 4;

impl Store {
	/// Takes a voucher, if it fits its lane and session: from now on its call is being served, and
	/// must be ended by [`Self::serve`] or [`Self::release`]. It is written down with the call's end,
	/// or by [`Self::secure`].
	///
	/// # Errors
	/// Of the store. Inside: why the voucher was refused.
	pub async fn accept(
		&self,
		acceptance: Acceptance,
	) -> Result<Result<LaneState, LaneRefusal>, StoreError> {
		if self.queue.is_closed() {
			return Err(StoreError::Closed);
		}
		let mut acceptance = acceptance;
		// Taking lanes over from the chain is done once, unless the chain goes on meanwhile.
		for _ in 0..ADOPTIONS {
			let (behind, lanes) = match self.desk.accept(&self.database, acceptance)? {
				Outcome::Taken(lane) => return Ok(Ok(lane)),
				Outcome::Refused(refusal) => return Ok(Err(refusal)),
				Outcome::Behind(behind, lanes) => (behind, lanes),
			};
			let session = behind.session.clone();
			self.write(move |tables| lanes::adopt(tables, &session, &lanes)).await?;
			acceptance = behind;
		}
		Err(StoreError::Invariant(
			"a session's lanes were taken over from the chain, and are behind it",
		))
	}

	/// Writes down that a voucher was taken, before anything of its answer goes out.
	///
	/// # Errors
	/// Of the store. Nothing may go out then.
	pub async fn secure(&self, id: CallId) -> Result<(), StoreError> {
		let desk = self.desk.clone();
		let secured = self.write(move |tables| match desk.unwritten(id) {
			Some(acceptance) => lanes::write(tables, &acceptance),
			None => Ok(()),
		});
		secured.await
	}

	/// Waits until everything that was done before is on disk.
	///
	/// # Errors
	/// Of the store.
	pub async fn sync(&self) -> Result<(), StoreError> {
		let desk = self.desk.clone();
		let synced = self.write(move |tables| {
			for acceptance in desk.all_unwritten() {
				lanes::write(tables, &acceptance)?;
			}
			tables.put_meta(SCHEMA, &SCHEMA_VERSION)
		});
		synced.await
	}

	/// Ends an accepted call that was served.
	///
	/// # Errors
	/// [`StoreError::Invariant`] if the call is not an accepted one, or costs more than was set
	/// aside for it.
	pub async fn serve(&self, id: CallId, served: ServedCall) -> Result<(), StoreError> {
		let desk = self.desk.clone();
		let operation = move |tables: &mut Tables<'_>| {
			lanes::serve(tables, id, desk.unwritten(id).as_deref(), served, None)
		};
		self.write(operation).await
	}

	/// The same, and keeps what the call was answered until the next one of its lane is: whoever breaks
	/// off between this and the answer can have it all the same ([`Self::kept`]). For answers of at most
	/// [`MAX_KEPT`] bytes; longer ones are not kept.
	///
	/// # Errors
	/// As of [`Self::serve`].
	pub async fn serve_and_keep(
		&self,
		id: CallId,
		served: ServedCall,
		answer: Vec<u8>,
	) -> Result<(), StoreError> {
		let desk = self.desk.clone();
		let operation = move |tables: &mut Tables<'_>| {
			let kept = Some(answer.as_slice()).filter(|answer| answer.len() <= MAX_KEPT);
			lanes::serve(tables, id, desk.unwritten(id).as_deref(), served, kept)
		};
		self.write(operation).await
	}

	/// Ends an accepted call without a charge; its sequence stays used. Whether it was still open.
	///
	/// # Errors
	/// Of the store.
	pub async fn release(&self, id: CallId, why: Uncharged) -> Result<bool, StoreError> {
		let desk = self.desk.clone();
		self.write(move |tables| lanes::release(tables, id, desk.unwritten(id).as_deref(), why))
			.await
	}

	/// Takes back that a voucher was taken, as if it had never come. For calls that are refused
	/// before anything was done for them.
	///
	/// # Errors
	/// [`StoreError::Invariant`] if the call is not an accepted one.
	pub async fn withdraw(&self, id: CallId) -> Result<(), StoreError> {
		let desk = self.desk.clone();
		self.write(move |tables| lanes::withdraw(tables, id, desk.unwritten(id).as_deref())).await
	}

	/// Like [`Self::release`], for where nobody can wait: in a destructor. If the queue is full the
	/// call stays open until the store is opened again.
	pub(crate) fn release_later(&self, id: CallId, why: Uncharged) {
		let desk = self.desk.clone();
		let (job, _answer) =
			Job::new(move |tables| lanes::release(tables, id, desk.unwritten(id).as_deref(), why));
		if self.queue.try_send(job).is_err() {
			tracing::error!(call = %id, "a broken call stays open until the node starts again");
		}
	}

	/// Takes no more vouchers of a session, for good. How many of its calls are still being served.
	///
	/// # Errors
	/// Of the store.
	pub async fn close_session(
		&self,
		session: SessionId,
		now: UnixSeconds,
	) -> Result<usize, StoreError> {
		let (desk, database) = (self.desk.clone(), self.database.clone());
		let closed = self.write(move |tables| {
			// In this order: no voucher is taken between counting and closing.
			let unwritten = desk.close(session, &database)?;
			Ok(lanes::close(tables, session, now)?.saturating_add(unwritten))
		});
		closed.await
	}
}
