//! Types that the registry stores, and a short name of it in the types of a runtime.

use codec::{Decode, Encode, MaxEncodedLen};
use frame_support::traits::ConstU32;
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{
	history::{History, NoRoom},
	info::ParentInfo,
	policy::RevenuePolicy,
	price::PriceSchedule,
	Balance, Name, PriceVersion, VersionId,
};
use scale_info::TypeInfo;

/// Most versions and prices that one call removes.
pub const MAX_REMOVED: u32 = 256;

/// Most owners and payees that are known of one model, the present ones among them.
pub const MAX_PARTIES: u32 = 16;

/// Something of which one is in force, and another may be announced.
///
/// What was announced comes into force in its block by itself: nothing has to run then. Whoever
/// reads says which block it is.
///
/// ```
/// use pallet_model_registry::Changing;
///
/// let mut price = Changing::new(0u32);
/// price.change(1, 100u32, 150, 90);
/// assert_eq!((*price.at(99), *price.at(100)), (0, 1));
/// assert_eq!(price.announced(99).map(|next| next.from), Some(100));
/// assert_eq!(price.announced(100), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Changing<Value, BlockNumber> {
	/// In force until `next` is.
	pub current: Value,
	/// In force from its block on.
	pub next: Option<Next<Value, BlockNumber>>,
}

/// Something that was announced.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Next<Value, BlockNumber> {
	/// The first block in which it is in force.
	pub from: BlockNumber,
	/// Value in force then.
	pub value: Value,
	/// From which block on calls under what it replaces can be settled no more.
	pub settle_until: BlockNumber,
}

impl<Value, BlockNumber: Ord> Changing<Value, BlockNumber> {
	/// `current`, with nothing announced.
	pub fn new(current: Value) -> Self {
		Self { current, next: None }
	}

	/// Value in force in the block `now`.
	pub fn at(&self, now: BlockNumber) -> &Value {
		match &self.next {
			Some(next) if next.from <= now => &next.value,
			_ => &self.current,
		}
	}

	/// Value announced, but not in force yet in the block `now`.
	pub fn announced(&self, now: BlockNumber) -> Option<&Next<Value, BlockNumber>> {
		self.next.as_ref().filter(|next| next.from > now)
	}

	/// Forgets what was in force before the block `now`, and returns from which block on its calls
	/// can be settled no more, if there is such a thing. [`at`](Self::at) stays the same from then
	/// on.
	pub fn advance(&mut self, now: BlockNumber) -> Option<BlockNumber> {
		let next = self.next.take_if(|next| next.from <= now)?;
		self.current = next.value;
		Some(next.settle_until)
	}

	/// In the block `now`, puts `value` in force from the block `from` on, in place of whatever was
	/// announced. Calls under what it replaces can be settled until the block `settle_until`.
	/// Returns what [`advance`](Self::advance) does.
	pub fn change(
		&mut self,
		value: Value,
		from: BlockNumber,
		settle_until: BlockNumber,
		now: BlockNumber,
	) -> Option<BlockNumber>
	where
		BlockNumber: Clone,
	{
		let before = self.advance(now.clone());
		self.next = Some(Next { from, value, settle_until });
		before.max(self.advance(now))
	}
}

/// A version, or terms, with the time in which it is in force.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Dated<Value, BlockNumber> {
	/// The value.
	pub value: Value,
	/// The first block in which it is in force.
	pub from: BlockNumber,
	/// When that ends, if it is known. It may lie ahead.
	pub ends: Option<Ends<BlockNumber>>,
}

/// When something ends that calls were agreed on under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Ends<BlockNumber> {
	/// The first block in which something else is in force.
	pub at: BlockNumber,
	/// The first block in which calls under it can be settled no more. It is fixed together with
	/// `at`: what governance changes later does not reach it.
	pub settle_until: BlockNumber,
}

impl<Value, BlockNumber: Copy + Ord> Dated<Value, BlockNumber> {
	/// In force from the block `from` on, without an end.
	pub fn new(value: Value, from: BlockNumber) -> Self {
		Self { value, from, ends: None }
	}

	/// Returns `true` if it has been in force.
	pub fn has_begun(&self, now: BlockNumber) -> bool {
		self.from <= now
	}

	/// Returns `true` if it was replaced so long ago that its calls must have been settled by now.
	pub fn is_expired(&self, now: BlockNumber) -> bool {
		self.ends.is_some_and(|ends| ends.settle_until <= now)
	}
}

/// Terms that a price version stands for: what a call costs, and who shares that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Terms {
	/// Price of a call.
	pub price: PriceSchedule,
	/// The shares of a charge.
	pub policy: RevenuePolicy,
}

/// The deposit of a model's owner for it, in planck: `base + bytes * per_byte`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Deposit {
	/// For how many bytes.
	pub bytes: u32,
	/// The part that does not depend on them.
	pub base: Balance,
	/// For each of them.
	pub per_byte: Balance,
}

impl Deposit {
	/// Its amount. `None` if that does not fit a balance.
	pub fn amount(&self) -> Option<Balance> {
		self.base.checked_add(self.per_byte.checked_mul(self.bytes.into())?)
	}
}

/// Accounts behind a model.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Parties<AccountId> {
	/// The developer, whose model it is.
	pub owner: AccountId,
	/// The account that is paid for it, unless that is the owner's.
	pub payee: Option<AccountId>,
}

impl<AccountId> Parties<AccountId> {
	/// The account that is paid for the model.
	pub fn payee(&self) -> &AccountId {
		self.payee.as_ref().unwrap_or(&self.owner)
	}
}

/// The owners and payees that a model has had, and from which block on.
pub type PartiesHistory<AccountId, BlockNumber> =
	History<BlockNumber, Parties<AccountId>, ConstU32<MAX_PARTIES>>;

/// A model.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Model<AccountId, BlockNumber> {
	/// Its unique name.
	pub name: Name,
	/// The developer, whose model it is.
	pub owner: AccountId,
	/// Who owned it and was paid for it when. The newest owner is `owner`.
	pub parties: PartiesHistory<AccountId, BlockNumber>,
	/// Who may take it over.
	pub offered_to: Option<AccountId>,
	/// `true` if its owner wants no new calls to be served.
	pub paused: bool,
	/// From which block on none of its calls can be settled any more, once it is retired.
	pub retired_at: Option<BlockNumber>,
	/// The model that it descends from.
	pub parent: Option<ParentInfo>,
	/// Number of models that name it as their parent.
	pub children: u32,
	/// Its versions.
	pub version: Changing<VersionId, BlockNumber>,
	/// Its price versions, each of which stands for [`Terms`].
	pub price: Changing<PriceVersion, BlockNumber>,
	/// From which block on no call can be settled any more under a version or terms that were in
	/// force once and have been replaced.
	pub settle_until: BlockNumber,
	/// The number of its next version.
	pub next_version: VersionId,
	/// The number of its next price version.
	pub next_price: PriceVersion,
	/// Price versions below this one are gone.
	pub oldest_price: PriceVersion,
	/// Deposit held on the owner's account for it.
	pub deposit: Deposit,
}

impl<AccountId: Clone + PartialEq, BlockNumber: Copy + Ord> Model<AccountId, BlockNumber> {
	/// The account that is paid for it now.
	pub fn payee(&self) -> &AccountId {
		self.parties.now().map_or(&self.owner, Parties::payee)
	}

	/// Gives it another owner or payee from the block `now` on. Forgets those that were so before the
	/// block `oldest_needed` only.
	///
	/// # Errors
	/// If there is no room to remember those before. Nothing has changed then.
	pub(crate) fn set_parties(
		&mut self,
		parties: Parties<AccountId>,
		now: BlockNumber,
		oldest_needed: BlockNumber,
	) -> Result<(), NoRoom> {
		self.parties.set(now, parties.clone(), oldest_needed)?;
		self.owner = parties.owner;
		Ok(())
	}

	/// Brings it up to the block `now`: what was announced for then or earlier is in force.
	pub fn advance(&mut self, now: BlockNumber) {
		let ended = self.version.advance(now).max(self.price.advance(now));
		self.keep_promise(ended);
	}

	/// Remembers until when calls under what was replaced can be settled.
	pub(crate) fn keep_promise(&mut self, settle_until: Option<BlockNumber>) {
		self.settle_until = settle_until.map_or(self.settle_until, |at| at.max(self.settle_until));
	}
}

/// The rest of a model that is gone, but that others descend from: enough to pay royalties.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Tombstone<AccountId, BlockNumber> {
	/// Who owned it when; the last payee is paid its royalties.
	pub parties: PartiesHistory<AccountId, BlockNumber>,
	/// The model that it descends from.
	pub parent: Option<ParentInfo>,
	/// Number of models that name it as their parent.
	pub children: u32,
}

/// The name of a model that is gone.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct RestingName<AccountId, BlockNumber> {
	/// The last owner of the model, who may take the name again at any time.
	pub owner: AccountId,
	/// The first block in which everybody may.
	pub until: BlockNumber,
	/// Deposit held on the owner's account for it, in planck.
	pub deposit: Balance,
}

impl<AccountId: PartialEq, BlockNumber: Ord> RestingName<AccountId, BlockNumber> {
	/// Returns `true` if `who` may take the name in the block `now`.
	pub fn is_free_for(&self, who: &AccountId, now: &BlockNumber) -> bool {
		self.until <= *now || self.owner == *who
	}
}

/// The owners and payees of a model, in the types of a runtime.
pub(crate) type PartiesOf<T> =
	PartiesHistory<<T as frame_system::Config>::AccountId, BlockNumberFor<T>>;

/// A model, in the types of a runtime.
pub type ModelOf<T> = Model<<T as frame_system::Config>::AccountId, BlockNumberFor<T>>;

/// The rest of a model, in the types of a runtime.
pub type TombstoneOf<T> = Tombstone<<T as frame_system::Config>::AccountId, BlockNumberFor<T>>;

/// The name of a model that is gone, in the types of a runtime.
pub type RestingNameOf<T> = RestingName<<T as frame_system::Config>::AccountId, BlockNumberFor<T>>;
