//! The sessions that are not closed, with their lanes.

use std::collections::BTreeMap;

use openledger_primitives::{
	info::SessionInfo, AccountId, Balance, BlockNumber, LaneId, SessionId,
};

use crate::{
	book::Book,
	call::{LaneSlot, OpenCall},
	lane::Lane,
	session::{Opening, Session},
	types::Change,
};

/// A hot key that may spend less than this part of its limit is as good as done with a session.
const WORN: Balance = 4;

/// See the module's documentation.
#[derive(Clone, Debug, Default)]
pub struct Books(BTreeMap<SessionId, Book>);

impl Books {
	/// As they were on disk. No call is under way in this process.
	pub(crate) fn restore(
		sessions: BTreeMap<SessionId, Session>,
		lanes: BTreeMap<(SessionId, LaneId), Lane>,
	) -> Self {
		let books = sessions.into_iter().map(|(id, session)| (id, Book::new(session)));
		let mut books: BTreeMap<_, _> = books.collect();
		for ((session, lane), state) in lanes {
			if let Some(book) = books.get_mut(&session) {
				book.restore(lane, state);
			}
		}
		Self(books)
	}

	/// All of them.
	pub fn all(&self) -> impl Iterator<Item = &Book> {
		self.0.values()
	}

	/// Those of a node's sessions.
	pub(crate) fn with<'a>(&'a self, node: &'a AccountId) -> impl Iterator<Item = &'a Book> {
		self.all().filter(move |book| book.session.node == *node)
	}

	/// That of a session.
	pub fn get(&self, id: SessionId) -> Option<&Book> {
		self.0.get(&id)
	}

	pub(crate) fn get_mut(&mut self, id: SessionId) -> Option<&mut Book> {
		self.0.get_mut(&id)
	}

	pub(crate) fn insert(&mut self, session: Session) {
		self.0.insert(session.id, Book::new(session));
	}

	pub(crate) fn remove(&mut self, id: SessionId) -> Option<Book> {
		self.0.remove(&id)
	}

	/// Begins one for a session that the chain has, if there is none: vouchers may have been signed in it.
	pub(crate) fn take_over(&mut self, info: &SessionInfo, is_barred: bool) -> Vec<Change> {
		if self.get(info.id).is_some() {
			return Vec::new();
		}
		let session = Session::of(info.clone());
		let session =
			Session { retired: session.retired || is_barred, taken_over: true, ..session };
		self.insert(session.clone());
		let mut changes = vec![Change::Anew(info.id), Change::Session(session)];
		changes.extend(self.at(info.id, |book| book.observe(info)));
		changes
	}

	/// Goes on with a displaced session under another number. Under the old one it has cost nothing, and no
	/// voucher names the new one yet.
	pub(crate) fn moved(&mut self, id: SessionId, to: SessionId, is_barred: bool) -> Vec<Change> {
		let session = self.session(id).filter(|session| session.is_displaced());
		let is_free = self.session(to).is_none();
		let Some((session, opening)) = session.and_then(|session| {
			let opening = session.opening.filter(|_| is_free)?;
			Some((session.clone(), opening))
		}) else {
			return Vec::new();
		};
		self.remove(id);
		let Opening { amount, expires_at, .. } = opening;
		let found = Session {
			retired: is_barred,
			opened_after: session.opened_after,
			opening: Some(Opening { displaced: false, ..opening }),
			signer: session.signer,
			limit: session.limit,
			..Session::new(to, session.node, amount, expires_at, session.opened_at)
		};
		self.insert(found.clone());
		vec![Change::Forget(id), Change::Anew(to), Change::Session(found)]
	}

	/// Changes that of a session, if there is one.
	pub fn at<C: IntoIterator<Item = Change>>(
		&mut self,
		id: SessionId,
		change: impl FnOnce(&mut Book) -> C,
	) -> Vec<Change> {
		let changes = self.get_mut(id).map(change);
		changes.into_iter().flatten().collect()
	}

	/// The lane of a call.
	pub fn lane(&self, slot: &LaneSlot) -> Option<&Lane> {
		self.get(slot.session)?.lane(slot.lane)
	}

	/// The call at this place, if it is open.
	pub(crate) fn open(&self, slot: &LaneSlot) -> Option<&OpenCall> {
		self.get(slot.session)?.open_call(slot)
	}

	/// The sum of something over all sessions, in planck.
	pub(crate) fn sum(&self, of: impl Fn(&Book) -> Balance) -> Balance {
		self.all().map(of).fold(0, Balance::saturating_add)
	}

	/// The sessions.
	pub fn sessions(&self) -> impl Iterator<Item = &Session> {
		self.all().map(|book| &book.session)
	}

	/// A session.
	pub fn session(&self, id: SessionId) -> Option<&Session> {
		self.get(id).map(|book| &book.session)
	}

	/// The rest of a session, in planck: see [`Book::left`].
	pub fn left(&self, id: SessionId) -> Balance {
		self.get(id).map_or(0, Book::left)
	}

	/// The number of lanes whose calls are under way in this process.
	pub fn busy_lanes(&self) -> usize {
		self.all().map(Book::busy).sum()
	}

	/// Calls whose outcome is unknown, and that nobody in this process is looking after.
	pub fn unresolved(&self) -> impl Iterator<Item = (LaneSlot, &OpenCall)> {
		self.all().flat_map(Book::unresolved)
	}

	/// Forgets refused vouchers that can be taken no more, and of which their node has not said for a day
	/// what became of them.
	pub fn forget_untaken(&mut self, best: BlockNumber) -> Vec<Change> {
		self.0.values_mut().flat_map(|book| book.forget_untaken(best)).collect()
	}

	/// Uses no session with a node for more calls.
	pub(crate) fn retire_all(&mut self, node: &AccountId) -> Vec<Change> {
		let books = self.0.values_mut().filter(|book| book.session.node == *node);
		books.filter_map(Book::retire).collect()
	}

	/// Uses no more the sessions with a node whose hot key has spent nearly all that it may: more money
	/// in them would not help. What is left in them comes back when they are closed.
	pub fn retire_worn(&mut self, node: &AccountId) -> Vec<Change> {
		let books = self.0.values_mut().filter(|book| {
			let limit = book.session.limit;
			let is_worn = limit.saturating_sub(book.spent()) < limit / WORN;
			book.session.node == *node && is_worn
		});
		books.filter_map(Book::retire).collect()
	}
}
