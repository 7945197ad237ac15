//! What the pallet stores of a model.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use openledger_primitives::{info::ModelEarnings, Balance};
use scale_info::TypeInfo;

/// What the calls of one model were charged and paid, in planck. The parts add up to `charged`.
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
pub struct Totals {
	/// How many calls were settled.
	pub calls: u64,
	/// What they cost.
	pub charged: Balance,
	/// To its developers, who have paid the royalties already.
	pub developer: Balance,
	/// To the data behind it, curators included.
	pub data: Balance,
	/// To the operators who ran it.
	pub node: Balance,
	/// To the owners of the models that it descends from.
	pub royalties: Balance,
	/// To the protocol.
	pub protocol: Balance,
}

impl Totals {
	/// Adds `more`. A sum over a lifetime that would not fit stays at the largest number: no
	/// payment is undone for the sake of a statistic.
	pub(crate) fn add(&mut self, more: &Self) {
		self.calls = self.calls.saturating_add(more.calls);
		self.charged = self.charged.saturating_add(more.charged);
		self.developer = self.developer.saturating_add(more.developer);
		self.data = self.data.saturating_add(more.data);
		self.node = self.node.saturating_add(more.node);
		self.royalties = self.royalties.saturating_add(more.royalties);
		self.protocol = self.protocol.saturating_add(more.protocol);
	}

	/// The sums, or `None` if one of them does not fit.
	pub(crate) fn checked_add(&self, more: &Self) -> Option<Self> {
		Some(Self {
			calls: self.calls.checked_add(more.calls)?,
			charged: self.charged.checked_add(more.charged)?,
			developer: self.developer.checked_add(more.developer)?,
			data: self.data.checked_add(more.data)?,
			node: self.node.checked_add(more.node)?,
			royalties: self.royalties.checked_add(more.royalties)?,
			protocol: self.protocol.checked_add(more.protocol)?,
		})
	}

	/// The sum of the parts, or `None` if it does not fit a balance.
	#[cfg(any(feature = "std", feature = "try-runtime"))]
	pub(crate) fn parts(&self) -> Option<Balance> {
		[self.developer, self.data, self.node, self.royalties, self.protocol]
			.into_iter()
			.try_fold(0, Balance::checked_add)
	}
}

impl From<Totals> for ModelEarnings {
	fn from(totals: Totals) -> Self {
		let Totals { calls, charged, developer, data, node, royalties, protocol } = totals;
		Self { calls, charged, developer, data, node, royalties, protocol }
	}
}
