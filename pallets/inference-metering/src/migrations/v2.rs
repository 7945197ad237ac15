//! From version 1 to 2.
//!
//! Version 1 had nodes that were always active, with models and no capacities, and did not count
//! their sessions; and sessions without storage deposit and spending limit, and without an end of the
//! time to settle them. Nor were there roots, so that nothing of it can be disputed.
//!
//! Both maps are gone through in one block, which is only right for a chain with few nodes and
//! sessions: no more than [`MOST_ENTRIES`] together. `pre_upgrade` refuses any other.

use crate::{
	pallet::*,
	types::{Node, Served, ServedModels, Session, Status},
};
use alloc::collections::BTreeMap;
use codec::{Decode, Encode};
use core::marker::PhantomData;
use frame_support::{
	migrations::VersionedMigration,
	traits::{Get, UncheckedOnRuntimeUpgrade},
	weights::Weight,
};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{AccountId, Balance, LaneId, ModelId, Uri, MAX_SERVED};
use sp_core::ConstU32;
use sp_runtime::{traits::Zero, BoundedVec, Saturating};

/// How many nodes and sessions there may be together. Each is read and written once: that many take
/// half a second at the most that a database is counted with, which is half of what a block may take.
pub const MOST_ENTRIES: u64 = 4_000;

/// Gives every node a status, its count of sessions, and a capacity of one call at a time for each
/// of its models; and every session no spending limit, no storage deposit, and the time to settle it
/// that there is now, from its expiry on, or from now on if it has expired.
pub type MigrateToV2<T> =
	VersionedMigration<1, 2, Unchecked<T>, Pallet<T>, <T as frame_system::Config>::DbWeight>;

/// The migration itself. Use [`MigrateToV2`], which checks the version.
pub struct Unchecked<T>(PhantomData<T>);

/// A node, as version 1 had it.
#[derive(Clone, Encode, Decode)]
pub(crate) struct NodeV1 {
	pub(crate) endpoint: Uri,
	pub(crate) receipt_key: AccountId,
	pub(crate) bond: Balance,
	pub(crate) models: BoundedVec<ModelId, ConstU32<MAX_SERVED>>,
}

/// A session, as version 1 had it.
#[derive(Clone, Encode, Decode)]
pub(crate) struct SessionV1<BlockNumber> {
	pub(crate) caller: AccountId,
	pub(crate) node: AccountId,
	pub(crate) signer: AccountId,
	pub(crate) deposit: Balance,
	pub(crate) settled: Balance,
	pub(crate) expires_at: BlockNumber,
	pub(crate) closes_at: Option<BlockNumber>,
	pub(crate) lanes: LaneId,
}

impl<T: Config> UncheckedOnRuntimeUpgrade for Unchecked<T> {
	fn on_runtime_upgrade() -> Weight {
		let now = Pallet::<T>::now();
		let window = T::SettlementWindow::get();
		let mut open = BTreeMap::<AccountId, (u32, BlockNumberFor<T>)>::new();
		let mut entries: u64 = 0;
		Sessions::<T>::translate::<SessionV1<BlockNumberFor<T>>, _>(|_, old| {
			let settle_until = old.expires_at.max(now).saturating_add(window);
			let (sessions, settles_until) = open.entry(old.node.clone()).or_default();
			*sessions = sessions.saturating_add(1);
			*settles_until = settle_until.max(*settles_until);
			entries = entries.saturating_add(1);
			Some(Session {
				caller: old.caller,
				node: old.node,
				signer: old.signer,
				deposit: old.deposit,
				settled: old.settled,
				// All that was settled before was without a limit.
				spent: 0,
				spending_limit: Balance::MAX,
				pending_limit: None,
				storage_deposit: 0,
				expires_at: old.expires_at,
				settle_until,
				closes_at: old.closes_at,
				lanes: old.lanes,
				liable_until: Zero::zero(),
			})
		});
		Nodes::<T>::translate::<NodeV1, _>(|operator, old| {
			entries = entries.saturating_add(1);
			let served = |model| Served { model, capacity: 1 };
			let models = old.models.into_iter().map(served).collect();
			let (sessions, settles_until) = open.get(&operator).copied().unwrap_or_default();
			Some(Node {
				endpoint: old.endpoint,
				receipt_key: old.receipt_key,
				// It never had another.
				key_since: Zero::zero(),
				bond: old.bond,
				models: ServedModels::truncate_from(models),
				status: Status::Active,
				last_heartbeat: now,
				sessions,
				settles_until,
				liable_until: Zero::zero(),
			})
		});
		T::DbWeight::get().reads_writes(entries, entries)
	}

	#[cfg(feature = "try-runtime")]
	fn pre_upgrade() -> Result<alloc::vec::Vec<u8>, sp_runtime::TryRuntimeError> {
		let before = checks::before::<T>();
		before.fits_a_block(MOST_ENTRIES)?;
		Ok(before.encode())
	}

	#[cfg(feature = "try-runtime")]
	fn post_upgrade(state: alloc::vec::Vec<u8>) -> Result<(), sp_runtime::TryRuntimeError> {
		let before =
			checks::Summary::decode(&mut state.as_slice()).map_err(|_| "undecodable state")?;
		checks::after::<T>(before)
	}
}

/// What must be the same after the migration as before.
#[cfg(any(test, feature = "try-runtime"))]
pub(crate) mod checks {
	use super::*;
	use frame_support::{ensure, Blake2_128Concat, Twox64Concat};
	use sp_runtime::TryRuntimeError;

	#[frame_support::storage_alias]
	pub(crate) type Nodes<T: Config> = StorageMap<Pallet<T>, Blake2_128Concat, AccountId, NodeV1>;
	#[frame_support::storage_alias]
	pub(crate) type Sessions<T: Config> = StorageMap<
		Pallet<T>,
		Twox64Concat,
		openledger_primitives::SessionId,
		SessionV1<BlockNumberFor<T>>,
	>;

	/// How many nodes and sessions there are, the sum of bonds, and of what sessions have left.
	#[derive(Debug, PartialEq, Eq, Encode, Decode)]
	pub(crate) struct Summary {
		nodes: u64,
		sessions: u64,
		bonds: Balance,
		left: Balance,
	}

	impl Summary {
		/// Whether there are few enough nodes and sessions to be gone through in one block.
		pub(crate) fn fits_a_block(&self, most: u64) -> Result<(), TryRuntimeError> {
			let entries = self.nodes.saturating_add(self.sessions);
			ensure!(entries <= most, "there are too many nodes and sessions for one block");
			Ok(())
		}
	}

	fn sum(amounts: impl Iterator<Item = Balance>) -> (u64, Balance) {
		amounts.fold((0, 0), |(count, sum), amount| {
			(count.saturating_add(1), sum.saturating_add(amount))
		})
	}

	pub(crate) fn before<T: Config>() -> Summary {
		let (nodes, bonds) = sum(Nodes::<T>::iter_values().map(|node| node.bond));
		let left = Sessions::<T>::iter_values()
			.map(|session| session.deposit.saturating_sub(session.settled));
		let (sessions, left) = sum(left);
		Summary { nodes, sessions, bonds, left }
	}

	pub(crate) fn after<T: Config>(before: Summary) -> Result<(), TryRuntimeError> {
		let (nodes, bonds) = sum(crate::Nodes::<T>::iter_values().map(|node| node.bond));
		let (sessions, left) =
			sum(crate::Sessions::<T>::iter_values().map(|session| session.remaining()));
		let now = Summary { nodes, sessions, bonds, left };
		ensure!(now == before, "nodes or sessions were changed or lost");
		Pallet::<T>::do_try_state()
	}
}

#[cfg(test)]
mod tests {
	use super::{checks, *};
	use crate::mock::*;
	use frame_support::{
		assert_ok,
		traits::{fungible::MutateHold, GetStorageVersion, OnRuntimeUpgrade, StorageVersion},
		weights::{
			constants::{RocksDbWeight, WEIGHT_REF_TIME_PER_SECOND},
			RuntimeDbWeight,
		},
	};

	#[test]
	fn nodes_and_sessions_are_taken_over() {
		new_test_ext().execute_with(|| {
			prepare_models();
			StorageVersion::new(1).put::<Metering>();
			let (node, caller) = (account(NODE), account(CALLER));
			assert_ok!(Balances::hold(&HoldReason::Bond.into(), &node, BOND));
			let old = NodeV1 {
				endpoint: b"http://127.0.0.1:8402".to_vec().try_into().unwrap(),
				receipt_key: account(RECEIPTS),
				bond: BOND,
				models: vec![MODEL, OTHER_MODEL].try_into().unwrap(),
			};
			checks::Nodes::<Test>::insert(&node, old);
			for model in [MODEL, OTHER_MODEL] {
				ServedBy::<Test>::insert(model, &node, ());
			}
			// The second expires only after the first.
			for (id, closes_at, expires_at) in [(0, None, 100), (1, Some(30), 150)] {
				assert_ok!(Balances::hold(&HoldReason::Session.into(), &caller, DEPOSIT));
				let old = SessionV1 {
					caller: caller.clone(),
					node: node.clone(),
					signer: account(SIGNER),
					deposit: DEPOSIT,
					settled: 0,
					expires_at,
					closes_at,
					lanes: 0,
				};
				checks::Sessions::<Test>::insert(id, old);
			}
			NextSessionId::<Test>::put(2);

			let before = checks::before::<Test>();
			assert!(before.fits_a_block(2).is_err());
			assert_ok!(before.fits_a_block(3));
			let weight = MigrateToV2::<Test>::on_runtime_upgrade();
			let most = RocksDbWeight::get().reads_writes(MOST_ENTRIES, MOST_ENTRIES).ref_time();
			assert!(most <= WEIGHT_REF_TIME_PER_SECOND / 2);
			let db: RuntimeDbWeight = <Test as frame_system::Config>::DbWeight::get();
			assert!(weight.all_gte(db.reads_writes(3, 3)));
			assert_ok!(checks::after::<Test>(before));
			assert_eq!(Metering::on_chain_storage_version(), 2);

			let info = Metering::node_info(node.clone()).unwrap();
			assert_eq!((info.bond, info.sessions, info.models.len()), (BOND, 2, 2));
			assert_eq!(info.models[0].capacity, 1);
			let stored = Nodes::<Test>::get(&node).unwrap();
			assert_eq!((stored.key_since, stored.settles_until), (0, 150 + 40));
			let settle_until = |id| Sessions::<Test>::get(id).unwrap().settle_until;
			assert_eq!([settle_until(0), settle_until(1)], [100 + 40, 150 + 40]);
			assert_eq!(Metering::session_info(1).unwrap().closes_at, Some(30));
			// They go on as any other.
			settle_one(0, 0, 1, 0, call_charge()).unwrap();
			assert_ok!(Metering::close_session(RuntimeOrigin::signed(node), 0));
			System::set_block_number(30);
			assert_ok!(Metering::close_session(RuntimeOrigin::signed(caller.clone()), 1));
			assert_eq!(Balances::reserved_balance(&caller), 0);
			assert_ok!(Metering::do_try_state());

			// A second time it does nothing.
			let nodes = Nodes::<Test>::iter_values().count();
			MigrateToV2::<Test>::on_runtime_upgrade();
			assert_eq!(Nodes::<Test>::iter_values().count(), nodes);
		});
	}
}
