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
	/// Weight of `claim_call`.
	fn claim_call() -> Weight;
	/// Weight of `decline_call`.
	fn decline_call() -> Weight;
	/// Weight of `forget_outcome`.
	fn forget_outcome() -> Weight;
	/// Weight of a sweep that looks at no slot.
	fn sweep_base() -> Weight;
	/// Weight of looking at one slot.
	fn sweep_slot() -> Weight;
	/// Weight of ending one call in a sweep, or of removing what was kept of one.
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
	fn claim_call() -> Weight {
		claim_call(T::DbWeight::get())
	}
	fn decline_call() -> Weight {
		decline_call(T::DbWeight::get())
	}
	fn forget_outcome() -> Weight {
		forget_outcome(T::DbWeight::get())
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
	fn claim_call() -> Weight {
		claim_call(RocksDbWeight::get())
	}
	fn decline_call() -> Weight {
		decline_call(RocksDbWeight::get())
	}
	fn forget_outcome() -> Weight {
		forget_outcome(RocksDbWeight::get())
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
	// first slot, the cursor, the version once more; the request, its input and its index are written too.
	let base = Weight::from_parts(265_000_000, 120_000).saturating_add(db.reads_writes(40, 9));
	// Copied and hashed.
	let bytes = Weight::from_parts(10_000, 1).saturating_mul(input);
	let slots = Weight::from_parts(2_000_000, 3_000).saturating_add(db.reads(1));
	base.saturating_add(bytes).saturating_add(slots.saturating_mul(full))
}

fn fulfil_call(db: RuntimeDbWeight, output: u64, attribution: u64, sources: u64) -> Weight {
	// The request and what belongs to it, the node, the model with its lineage, the protocol's share, the account
	// and its holds; pots, payees of model and node, protocol and four parents with account, accrual and totals. The
	// signature in both forms; the root with its place, and an older one with its disputes; the operator's holds; the
	// outcome, its counter, and four slots.
	let base = Weight::from_parts(950_000_000, 180_000).saturating_add(db.reads_writes(68, 50));
	// Hashed, and copied into the event and the outcome.
	let bytes = Weight::from_parts(25_000, 1).saturating_mul(output);
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

fn claim_call(db: RuntimeDbWeight) -> Weight {
	// The request, whom the model is served by, the operator's account and its holds; those of whose claim has lapsed, and
	// the protocol's account.
	Weight::from_parts(170_000_000, 16_000).saturating_add(db.reads_writes(7, 6))
}

fn decline_call(db: RuntimeDbWeight) -> Weight {
	// The request, its slot, the counters, four slots for the outcome, the cursor, the account, its holds; input, index
	// and outcome are written. That of a claim is less.
	Weight::from_parts(170_000_000, 24_000).saturating_add(db.reads_writes(12, 11))
}

fn forget_outcome(db: RuntimeDbWeight) -> Weight {
	// The outcome, its counter, its slot, the account, its holds.
	Weight::from_parts(90_000_000, 16_000).saturating_add(db.reads_writes(5, 5))
}

fn sweep_base(db: RuntimeDbWeight) -> Weight {
	// The cursor and the counters.
	Weight::from_parts(6_000_000, 3_500).saturating_add(db.reads_writes(3, 1))
}

fn sweep_slot(db: RuntimeDbWeight) -> Weight {
	Weight::from_parts(8_000_000, 3_500).saturating_add(db.reads_writes(1, 1))
}

fn sweep_request(db: RuntimeDbWeight) -> Weight {
	// The request, the counter, the account, its holds; those of who has let a claim on it lapse, and the protocol's
	// account; input and index are removed too. What was kept of a call is less.
	Weight::from_parts(200_000_000, 24_000).saturating_add(db.reads_writes(7, 9))
}
