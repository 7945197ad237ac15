//! The agreement of caller and node, once for all calls of a lane.

use crate::{
	answer::Evidence, policy::RevenuePolicy, price::PriceSchedule, split::node_weight, Balance,
	BlockNumber, Hash, ModelId, PriceVersion, VersionId,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt::{self, Display, Formatter};
use scale_info::TypeInfo;
use sp_arithmetic::Permill;
use sp_core::U256;

/// The agreement of a lane. It is part of each voucher and statement, and the first settlement of a lane
/// keeps its hash: vouchers of another one are not redeemed on that lane.
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
pub struct Agreement {
	/// The model that is called.
	pub model: ModelId,
	/// Its version, which names the data behind it.
	pub version: VersionId,
	/// The price version: what calls cost, and who shares that.
	pub price_version: PriceVersion,
	/// The block whose releases, curators, owners and protocol share all calls of the lane are paid by.
	pub as_of: BlockNumber,
	/// The permission to show on chain what the calls' answers are made of.
	pub evidence: Evidence,
	/// Price that this node charges instead of the list price. Everybody else is paid by the list price.
	pub own_price: Option<PriceSchedule>,
}

/// Reason for which a node may not charge its own price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnPriceError {
	/// A price is above the list's: the protocol would get no part of the difference.
	AboveList,
	/// A price is so low that others than the node would have to pay for it.
	BelowOthers,
	/// A cached token is dearer than another token of the prompt.
	CachedDearer,
	/// The policy is not complete, or a price too large to work with.
	Unusable,
}

impl Agreement {
	/// The hash that is kept of a lane's agreement.
	pub fn hash(&self) -> Hash {
		crate::domain::hash_encoded(crate::domain::AGREEMENT, self)
	}

	/// The price of calls: the node's own, if it names one, or the list price.
	pub fn price(&self, list: &PriceSchedule) -> PriceSchedule {
		self.own_price.unwrap_or(*list)
	}

	/// Checks the node's own price, if there is one: each of its prices is at most that of the list, and
	/// at least the part of it that others than the node get. Then whatever a call uses, its charge covers
	/// what others are owed by the list price.
	///
	/// # Errors
	///
	/// One of [`OwnPriceError`]'s for each rule.
	pub fn check_own_price(
		&self,
		list: &PriceSchedule,
		protocol: Permill,
		policy: &RevenuePolicy,
	) -> Result<(), OwnPriceError> {
		let Some(own) = self.own_price else { return Ok(()) };
		let pairs = [
			(own.per_call, list.per_call),
			(own.per_input_token, list.per_input_token),
			(own.per_cached_input_token, list.per_cached_input_token),
			(own.per_output_token, list.per_output_token),
		];
		for (own, list) in pairs {
			if own > list {
				return Err(OwnPriceError::AboveList);
			}
			let others = others_part(list, protocol, policy).ok_or(OwnPriceError::Unusable)?;
			if own < others {
				return Err(OwnPriceError::BelowOthers);
			}
		}
		if !own.is_sound() {
			return Err(OwnPriceError::CachedDearer);
		}
		Ok(())
	}
}

impl Display for Agreement {
	fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
		let Self { model, version, price_version, as_of, .. } = self;
		write!(
			formatter,
			"model {model}, version {version}, price version {price_version}, as of block {as_of}"
		)?;
		if self.evidence == Evidence::Sealed {
			formatter.write_str(", sealed")?;
		}
		if self.own_price.is_some() {
			formatter.write_str(", at the node's own price")?;
		}
		Ok(())
	}
}

/// Part of an amount for others than the node, rounded up, in planck. `None` if the policy is not complete.
fn others_part(amount: Balance, protocol: Permill, policy: &RevenuePolicy) -> Option<Balance> {
	let (node, whole) = node_weight(protocol, policy)?;
	let others = whole.checked_sub(node)?;
	let product = U256::from(amount).checked_mul(U256::from(others))?;
	let (part, rest) = product.div_mod(U256::from(whole));
	let part = Balance::try_from(part).ok()?;
	if rest.is_zero() {
		Some(part)
	} else {
		part.checked_add(1)
	}
}
