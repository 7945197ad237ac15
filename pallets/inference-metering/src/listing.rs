//! The order in which nodes are listed: those that were heard of lately come first, and among them chance decides.
//!
//! Whoever reads one page only reads the first. Accounts can be tried out until one comes before all others in the
//! order of a map, so the order of a list follows from the hash of a block as well, and is another one after some
//! time. A node whose heartbeat is old stays in the list, behind all those that are alive: it may have been
//! the heartbeat that failed.

use crate::{pallet::*, queries::number, types::NodeOf};
use alloc::vec::Vec;
use frame_support::traits::Get;
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{info::NodeInfo, AccountId, BlockNumber, Hash, ModelId, MAX_PAGE};
use sp_runtime::Saturating;

/// Nodes of one model that a query looks at, at most. Each of them has put up a bond.
const MOST_LOOKED_AT: usize = 4_096;
/// Blocks for which the order stays, but for nodes that come, go, or fall silent. Fewer than the chain knows the hashes
/// of.
pub(crate) const ORDER_KEPT: BlockNumber = 1_024;

/// A node's place in the list: the lowest comes first.
type Place = (bool, Hash);

/// What the order of one model's nodes follows from.
struct Order {
	model: ModelId,
	seed: Hash,
}

impl Order {
	fn of<T: Config>(model: ModelId) -> Self {
		// The hash of the block itself is not known yet.
		let known = number::<T>(Pallet::<T>::now()).saturating_sub(1);
		let turn = known.saturating_sub(known.checked_rem(ORDER_KEPT).unwrap_or_default());
		Self { model, seed: frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::from(turn)) }
	}

	/// The place of a node that has been silent for long, or not.
	fn place(&self, operator: &AccountId, is_silent: bool) -> Place {
		let drawn = (self.seed, self.model, operator);
		(is_silent, codec::Encode::using_encoded(&drawn, sp_io::hashing::blake2_256).into())
	}
}

impl<T: Config> Pallet<T> {
	/// Up to `limit` active nodes that serve `model` (256 at most), after operator `after`: first those that have
	/// given a sign of life within [`Config::HeartbeatPeriod`] blocks. Looks at 4,096 nodes at most.
	pub fn nodes(model: ModelId, after: Option<AccountId>, limit: u32) -> Vec<NodeInfo> {
		let order = Order::of::<T>(model);
		let place = |operator: &AccountId| {
			let node = Nodes::<T>::get(operator)?;
			Some(order.place(operator, Self::is_silent(&node)))
		};
		// Whoever has left since the last page was alive then.
		let after = after.map(|after| place(&after).unwrap_or_else(|| order.place(&after, false)));
		let mut found: Vec<_> = ServedBy::<T>::iter_key_prefix(model)
			.take(MOST_LOOKED_AT)
			.filter_map(|operator| Some((place(&operator)?, operator)))
			.filter(|(place, _)| after.as_ref().is_none_or(|after| after < place))
			.collect();
		found.sort();
		let limit = usize::try_from(limit.min(MAX_PAGE)).unwrap_or_default();
		let operators = found.into_iter().map(|(_, operator)| operator);
		operators.filter_map(Self::node_info).take(limit).collect()
	}

	/// Returns `true` if a node's last sign of life is too old.
	fn is_silent(node: &NodeOf<T>) -> bool {
		node.last_heartbeat.saturating_add(T::HeartbeatPeriod::get()) < Self::now()
	}
}
