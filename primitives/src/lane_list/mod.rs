//! The list of a lane's charged calls, which caller and node keep alike and each voucher acknowledges.
//!
//! It is a Merkle mountain range, one leaf a charged call, each with the totals of all calls up to and
//! with it. A caller that signs `acknowledged_root` has agreed with every one of them, so that an
//! [`AggregateProof`] over two leaves pays for all between at once, and that a [`LookupProof`] shows which call
//! of a sequence the caller has agreed with, or that there was none. A node refuses a voucher with another root
//! than its own *before* it serves the call.

mod aggregate_proof;
#[cfg(test)]
mod histories;
mod lookup_proof;
mod snapshot;
mod stored;

pub use aggregate_proof::{Acknowledged, AggregateProof, Settled, MAX_AGGREGATE_HASHES};
pub use lookup_proof::{LookupProof, MAX_LOOKUP_HASHES};
pub use snapshot::LaneSnapshot;

use crate::price::PriceSchedule;
use crate::{
	domain::{self, LANE_LEAF, LANE_ROOT},
	mountain,
	tree::TreeBuilder,
	Balance, Hash, Sequence,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Reason for which a call does not go into a lane's list, or an opening of it proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneError {
	/// The list is full, or a total does not fit.
	Overflow,
	/// A sequence is not above the one before, or too low for the number of calls before it.
	Sequence,
	/// A leaf's place contradicts its number of calls, the count, or another leaf's place.
	Place,
	/// There are not as many peaks as the count has, or they are not those that were acknowledged.
	Peaks,
	/// The hashes are not as many as needed, or do not lead to the peaks.
	Root,
	/// A total falls, or rises where it cannot.
	Totals,
	/// The leaves are not the neighbours of what was settled, so that a call might be paid twice.
	Neighbours,
	/// A call of the run is not below the voucher's own, and nobody has agreed with what it cost.
	NotAcknowledged,
	/// A call of the run has attribution entries: it can be settled itemised only.
	HasEntries,
	/// With this run, the lane's calls cost more than the caller acknowledged.
	AboveAcknowledged,
}

impl core::fmt::Display for LaneError {
	fn fmt(&self, f: &mut core::fmt::Formatter) -> core::fmt::Result {
		f.write_str(match self {
			Self::Overflow => "the lane's list is full or a total does not fit",
			Self::Sequence => "a call's sequence does not rise",
			Self::Place => "a leaf cannot stand at its place in the lane's list",
			Self::Peaks => "the peaks are not those that were acknowledged",
			Self::Root => "the proof does not lead to the peaks",
			Self::Totals => "totals of the lane do not rise from call to call",
			Self::Neighbours => "the leaves are not the neighbours of what was settled",
			Self::NotAcknowledged => "the run reaches beyond what was acknowledged",
			Self::HasEntries => "a call of the run has attribution entries; settle it itemised",
			Self::AboveAcknowledged => "the run costs more than was acknowledged",
		})
	}
}

impl core::error::Error for LaneError {}

/// Sums over calls of a lane: of one, of all up to one, or of those between two.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Totals {
	/// Calls.
	pub calls: u32,
	/// Their cost, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub charge: Balance,
	/// Tokens of their prompts.
	pub input_tokens: u64,
	/// Tokens that were priced as cached.
	pub cached_tokens: u64,
	/// Tokens of retrieved passages.
	pub retrieved_tokens: u64,
	/// Tokens of their answers that were delivered.
	pub output_tokens: u64,
	/// Calls with attribution entries.
	pub calls_with_entries: u32,
}

impl Totals {
	/// Each sum and that of `other` together. `None` if one does not fit.
	pub fn checked_add(&self, other: &Self) -> Option<Self> {
		Some(Self {
			calls: self.calls.checked_add(other.calls)?,
			charge: self.charge.checked_add(other.charge)?,
			input_tokens: self.input_tokens.checked_add(other.input_tokens)?,
			cached_tokens: self.cached_tokens.checked_add(other.cached_tokens)?,
			retrieved_tokens: self.retrieved_tokens.checked_add(other.retrieved_tokens)?,
			output_tokens: self.output_tokens.checked_add(other.output_tokens)?,
			calls_with_entries: self.calls_with_entries.checked_add(other.calls_with_entries)?,
		})
	}

	/// Each sum less that of `earlier`. `None` if one of them would be below 0.
	pub fn checked_sub(&self, earlier: &Self) -> Option<Self> {
		Some(Self {
			calls: self.calls.checked_sub(earlier.calls)?,
			charge: self.charge.checked_sub(earlier.charge)?,
			input_tokens: self.input_tokens.checked_sub(earlier.input_tokens)?,
			cached_tokens: self.cached_tokens.checked_sub(earlier.cached_tokens)?,
			retrieved_tokens: self.retrieved_tokens.checked_sub(earlier.retrieved_tokens)?,
			output_tokens: self.output_tokens.checked_sub(earlier.output_tokens)?,
			calls_with_entries: self.calls_with_entries.checked_sub(earlier.calls_with_entries)?,
		})
	}

	/// What calls with these totals cost together at one price, in planck. `None` if it does not fit, or no
	/// calls have such totals.
	pub fn cost(&self, price: &PriceSchedule) -> Option<Balance> {
		if self.cached_tokens.max(self.retrieved_tokens) > self.input_tokens {
			return None;
		}
		let fresh = self.input_tokens.checked_sub(self.cached_tokens)?;
		[
			(price.per_call, u64::from(self.calls)),
			(price.per_input_token, fresh),
			(price.per_cached_input_token, self.cached_tokens),
			(price.per_output_token, self.output_tokens),
		]
		.into_iter()
		.try_fold(0, |sum: Balance, (price, times)| {
			sum.checked_add(price.checked_mul(times.into())?)
		})
	}

	/// Returns `true` if some calls have such sums.
	fn is_possible(&self) -> bool {
		self.calls_with_entries <= self.calls
	}
}

/// One call in a lane's list.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct LaneLeaf {
	/// The sequence of the voucher that paid for the call.
	pub sequence: Sequence,
	/// The hash of the node's statement of it.
	pub statement: Hash,
	/// The totals of all calls of the list up to and with this one.
	pub totals: Totals,
}

impl LaneLeaf {
	/// The hash that stands in the list.
	pub fn hash(&self) -> Hash {
		domain::hash_encoded(LANE_LEAF, self)
	}

	/// The call's place in the list, from 0: the calls before it. `None` for a leaf of no call.
	pub fn index(&self) -> Option<u32> {
		self.totals.calls.checked_sub(1)
	}

	/// Checks what can be seen of a leaf alone: sequences count from 1, and no two calls have the same.
	fn check(&self) -> Result<u32, LaneError> {
		let index = self.index().ok_or(LaneError::Place)?;
		if self.sequence < self.totals.calls.into() {
			return Err(LaneError::Sequence);
		}
		if !self.totals.is_possible() {
			return Err(LaneError::Totals);
		}
		Ok(index)
	}

	/// The totals of the calls after `earlier` up to and with this one.
	fn since(&self, earlier: &Self) -> Result<Totals, LaneError> {
		let run = self.totals.checked_sub(&earlier.totals).ok_or(LaneError::Totals)?;
		let apart = self.sequence.checked_sub(earlier.sequence).ok_or(LaneError::Sequence)?;
		if apart < run.calls.into() {
			return Err(LaneError::Sequence);
		}
		if !run.is_possible() {
			return Err(LaneError::Totals);
		}
		Ok(run)
	}
}

/// The commitment over a list that a voucher carries: [`None`] if there are not as many peaks as a list of
/// `count` calls has.
pub fn acknowledged_root(count: u32, peaks: &[Hash]) -> Option<Hash> {
	mountain::root(LANE_ROOT, count, peaks)
}

/// A lane's list, as caller and node keep it: peaks and last leaf, whatever the number of calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "std", serde(try_from = "stored::StoredList", into = "stored::StoredList"))]
pub struct LaneList {
	tree: TreeBuilder,
	last: Option<LaneLeaf>,
}

impl LaneList {
	/// Adds a charged call, and returns its leaf.
	///
	/// # Errors
	///
	/// [`LaneError::Sequence`] if its sequence is 0 or not above that of the call before,
	/// [`LaneError::Totals`] if `call` is not one call, [`LaneError::Overflow`] if the list is full or a
	/// total does not fit. Nothing was added.
	pub fn append(
		&mut self,
		sequence: Sequence,
		statement: Hash,
		call: &Totals,
	) -> Result<LaneLeaf, LaneError> {
		self.append_visited(sequence, statement, call, |_, _, _| ())
	}

	/// Adds a charged call, and shows each node of the mountain range that is complete with it: level,
	/// place in its row, and hash. A node stores them to make proofs.
	///
	/// # Errors
	///
	/// As [`append`](Self::append).
	pub fn append_visited(
		&mut self,
		sequence: Sequence,
		statement: Hash,
		call: &Totals,
		visit: impl FnMut(u32, u32, &Hash),
	) -> Result<LaneLeaf, LaneError> {
		if call.calls != 1 || !call.is_possible() {
			return Err(LaneError::Totals);
		}
		if sequence <= self.last.map_or(0, |last| last.sequence) {
			return Err(LaneError::Sequence);
		}
		let totals = self.totals().checked_add(call).ok_or(LaneError::Overflow)?;
		let leaf = LaneLeaf { sequence, statement, totals };
		self.tree.push_visited(leaf.hash(), visit).map_err(|_| LaneError::Overflow)?;
		self.last = Some(leaf);
		Ok(leaf)
	}

	/// The number of calls.
	pub fn count(&self) -> u32 {
		self.tree.count()
	}

	/// The roots of the perfect trees, from the largest to the smallest.
	pub fn peaks(&self) -> &[Hash] {
		self.tree.peaks()
	}

	/// The newest call.
	pub fn last(&self) -> Option<&LaneLeaf> {
		self.last.as_ref()
	}

	/// The totals of all calls.
	pub fn totals(&self) -> Totals {
		self.last.map_or_else(Totals::default, |last| last.totals)
	}

	/// The commitment over the list, for the next voucher.
	pub fn root(&self) -> Hash {
		// There are always as many peaks as the count has.
		acknowledged_root(self.count(), self.peaks()).unwrap_or_default()
	}
}

#[cfg(test)]
mod tests;
