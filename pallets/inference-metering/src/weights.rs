//! Weights of the extrinsics.

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::RocksDbWeight, RuntimeDbWeight, Weight},
};

/// Weight functions of the pallet.
pub trait WeightInfo {
	/// Weight of `register_node` with `m` models.
	fn register_node(m: u32) -> Weight;
	/// Weight of `update_node` with `m` models.
	fn update_node(m: u32) -> Weight;
	/// Weight of `open_session`.
	fn open_session() -> Weight;
	/// Weight of `settle` with `r` records.
	fn settle(r: u32) -> Weight;
	/// Weight of `request_close`.
	fn request_close() -> Weight;
	/// Weight of `close_session` for a session with `l` lanes.
	fn close_session(l: u32) -> Weight;
}

/// Upper estimates from counted storage accesses, in the units of the runtime's database.
pub struct EstimatedWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for EstimatedWeight<T> {
	fn register_node(m: u32) -> Weight {
		register_node(T::DbWeight::get(), m.into())
	}
	fn update_node(m: u32) -> Weight {
		update_node(T::DbWeight::get(), m.into())
	}
	fn open_session() -> Weight {
		open_session(T::DbWeight::get())
	}
	fn settle(r: u32) -> Weight {
		settle(T::DbWeight::get(), r.into())
	}
	fn request_close() -> Weight {
		request_close(T::DbWeight::get())
	}
	fn close_session(l: u32) -> Weight {
		close_session(T::DbWeight::get(), l.into())
	}
}

/// For mocks.
impl WeightInfo for () {
	fn register_node(m: u32) -> Weight {
		register_node(RocksDbWeight::get(), m.into())
	}
	fn update_node(m: u32) -> Weight {
		update_node(RocksDbWeight::get(), m.into())
	}
	fn open_session() -> Weight {
		open_session(RocksDbWeight::get())
	}
	fn settle(r: u32) -> Weight {
		settle(RocksDbWeight::get(), r.into())
	}
	fn request_close() -> Weight {
		request_close(RocksDbWeight::get())
	}
	fn close_session(l: u32) -> Weight {
		close_session(RocksDbWeight::get(), l.into())
	}
}

fn register_node(db: RuntimeDbWeight, models: u64) -> Weight {
	// The node, the account, its holds; a model's entry is read and a `ServedBy` entry written.
	let base = Weight::from_parts(90_000_000, 8_000).saturating_add(db.reads_writes(3, 3));
	let each = Weight::from_parts(8_000_000, 3_500).saturating_add(db.reads_writes(1, 1));
	base.saturating_add(each.saturating_mul(models))
}

fn update_node(db: RuntimeDbWeight, models: u64) -> Weight {
	// As many `ServedBy` entries may go as a node can have.
	let gone = Weight::from_parts(4_000_000, 2_600).saturating_add(db.writes(1));
	let most = u64::from(openledger_primitives::MAX_SERVED);
	register_node(db, models).saturating_add(gone.saturating_mul(most))
}

fn open_session(db: RuntimeDbWeight) -> Weight {
	// The node, the account, its holds, the id, the session.
	Weight::from_parts(100_000_000, 8_000).saturating_add(db.reads_writes(4, 4))
}

fn settle(db: RuntimeDbWeight, records: u64) -> Weight {
	// A signature check in both forms; session, lane, genesis hash, share, four accounts, holds,
	// accruals and totals.
	let base = Weight::from_parts(450_000_000, 40_000).saturating_add(db.reads_writes(20, 16));
	// The worst record: a model of its own (model, version, price, `ServedBy`), a developer of its
	// own (account, accrual, total), eight attribution entries and eight releases.
	let each = Weight::from_parts(90_000_000, 60_000).saturating_add(db.reads_writes(40, 20));
	base.saturating_add(each.saturating_mul(records))
}

fn request_close(db: RuntimeDbWeight) -> Weight {
	Weight::from_parts(25_000_000, 3_700).saturating_add(db.reads_writes(1, 1))
}

fn close_session(db: RuntimeDbWeight, lanes: u64) -> Weight {
	let base = Weight::from_parts(90_000_000, 8_000).saturating_add(db.reads_writes(3, 3));
	let each = Weight::from_parts(2_000_000, 2_600).saturating_add(db.reads_writes(1, 1));
	base.saturating_add(each.saturating_mul(lanes))
}
