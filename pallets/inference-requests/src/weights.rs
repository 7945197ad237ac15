//! Weights of the extrinsics and of the sweep.

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::RocksDbWeight, RuntimeDbWeight, Weight},
};

/// Weight functions of the pallet.
pub trait WeightInfo {
	/// Weight of `request_call` with `i` bytes of input, when `f` slots are full.
	fn request_call(i: u32, f: u32) -> Weight;
	/// Weight of `fulfil_call` with `o` bytes of output and `a` attribution entries, for a model
	/// with `s` data sources.
	fn fulfil_call(o: u32, a: u32, s: u32) -> Weight;
	/// Weight of `cancel_call` when `f` slots are full.
	fn cancel_call(f: u32) -> Weight;
	/// Weight of `expire_call`.
	fn expire_call() -> Weight;
	/// Weight of a sweep that looks at no slot.
	fn sweep_base() -> Weight;
	/// Weight of looking at one slot.
	fn sweep_slot() -> Weight;
	/// Weight of ending one call in a sweep.
	fn sweep_request() -> Weight;
}

/// Upper estimates from counted storage accesses, in the units of the runtime's database.
pub struct EstimatedWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for EstimatedWeight<T> {
	fn request_call(i: u32, f: u32) -> Weight {
		request_call(T::DbWeight::get(), i.into(), f.into())
	}
	fn fulfil_call(o: u32, a: u32, s: u32) -> Weight {
		fulfil_call(T::DbWeight::get(), o.into(), a.into(), s.into())
	}
	fn cancel_call(f: u32) -> Weight {
		cancel_call(T::DbWeight::get(), f.into())
	}
	fn expire_call() -> Weight {
		expire_call(T::DbWeight::get())
	}
	fn sweep_base() -> Weight {
		sweep_base(T::DbWeight::get())
	}
	fn sweep_slot() -> Weight {
		sweep_slot(T::DbWeight::get())
	}
	fn sweep_request() -> Weight {
		sweep_request(T::DbWeight::get())
	}
}

/// For mocks.
impl WeightInfo for () {
	fn request_call(i: u32, f: u32) -> Weight {
		request_call(RocksDbWeight::get(), i.into(), f.into())
	}
	fn fulfil_call(o: u32, a: u32, s: u32) -> Weight {
		fulfil_call(RocksDbWeight::get(), o.into(), a.into(), s.into())
	}
	fn cancel_call(f: u32) -> Weight {
		cancel_call(RocksDbWeight::get(), f.into())
	}
	fn expire_call() -> Weight {
		expire_call(RocksDbWeight::get())
	}
	fn sweep_base() -> Weight {
		sweep_base(RocksDbWeight::get())
	}
	fn sweep_slot() -> Weight {
		sweep_slot(RocksDbWeight::get())
	}
	fn sweep_request() -> Weight {
		sweep_request(RocksDbWeight::get())
	}
}

fn request_call(db: RuntimeDbWeight, input: u64, full: u64) -> Weight {
	// The model, its version and price, its lineage (model and owner of four levels), the protocol's share, eight
	// datanets and their releases, the node and what it serves, the account, its holds, the id, the counter, the
	// first slot, the cursor; the request, its input and its index are written too.
	let base = Weight::from_parts(260_000_000, 120_000).saturating_add(db.reads_writes(39, 9));
	// Copied and hashed.
	let bytes = Weight::from_parts(10_000, 1).saturating_mul(input);
	let slots = Weight::from_parts(2_000_000, 3_000).saturating_add(db.reads(1));
	base.saturating_add(bytes).saturating_add(slots.saturating_mul(full))
}

fn fulfil_call(db: RuntimeDbWeight, output: u64, attribution: u64, sources: u64) -> Weight {
	// The request and what belongs to it, the node, the model with its lineage, the protocol's share, the account
	// and its holds; pots, payees of model and node, protocol and four parents with account, accrual and totals.
	let base = Weight::from_parts(700_000_000, 140_000).saturating_add(db.reads_writes(57, 40));
	// Hashed, and copied into the event.
	let bytes = Weight::from_parts(15_000, 0).saturating_mul(output);
	// A contribution with its checkpoint, earnings and curator.
	let entry = Weight::from_parts(25_000_000, 9_000).saturating_add(db.reads_writes(5, 3));
	// A datanet, its release and its curator's earnings.
	let source = Weight::from_parts(25_000_000, 9_000).saturating_add(db.reads_writes(4, 3));
	base.saturating_add(bytes)
		.saturating_add(entry.saturating_mul(attribution))
		.saturating_add(source.saturating_mul(sources))
}

fn cancel_call(db: RuntimeDbWeight, full: u64) -> Weight {
	// The request, the two slots, the cursor.
	let base = Weight::from_parts(45_000_000, 12_000).saturating_add(db.reads_writes(4, 3));
	let slots = Weight::from_parts(2_000_000, 3_000).saturating_add(db.reads(1));
	base.saturating_add(slots.saturating_mul(full))
}

fn expire_call(db: RuntimeDbWeight) -> Weight {
	sweep_slot(db).saturating_add(sweep_request(db))
}

fn sweep_base(db: RuntimeDbWeight) -> Weight {
	// The cursor and the counter.
	Weight::from_parts(5_000_000, 3_000).saturating_add(db.reads_writes(2, 1))
}

fn sweep_slot(db: RuntimeDbWeight) -> Weight {
	Weight::from_parts(8_000_000, 3_500).saturating_add(db.reads_writes(1, 1))
}

fn sweep_request(db: RuntimeDbWeight) -> Weight {
	// The request, the counter, the account, its holds; input and index are removed too.
	Weight::from_parts(110_000_000, 12_000).saturating_add(db.reads_writes(4, 6))
}
