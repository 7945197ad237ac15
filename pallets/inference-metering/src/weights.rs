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
	/// Weight of `update_node` with `m` models, in the place of `g` others.
	fn update_node(m: u32, g: u32) -> Weight;
	/// Weight of `open_session`.
	fn open_session() -> Weight;
	/// Weight of `open_session_with_limit`.
	fn open_session_with_limit() -> Weight;
	/// Weight of `request_close`.
	fn request_close() -> Weight;
	/// Weight of `close_session` for a session with `l` lanes.
	fn close_session(l: u32) -> Weight;
	/// Weight of `rotate_receipt_key`.
	fn rotate_receipt_key() -> Weight;
	/// Weight of `bond_more`.
	fn bond_more() -> Weight;
	/// Weight of `heartbeat`.
	fn heartbeat() -> Weight;
	/// Weight of `start_unbonding` for a node with `m` models.
	fn start_unbonding(m: u32) -> Weight;
	/// Weight of `cancel_unbonding` for a node with `m` models.
	fn cancel_unbonding(m: u32) -> Weight;
	/// Weight of `withdraw_bond`.
	fn withdraw_bond() -> Weight;
	/// Weight of `unjail` for a node with `m` models.
	fn unjail(m: u32) -> Weight;
	/// Weight of `remove_node`.
	fn remove_node() -> Weight;
	/// Weight of `top_up`.
	fn top_up() -> Weight;
	/// Weight of `extend_session`.
	fn extend_session() -> Weight;
	/// Weight of `set_spending_limit`.
	fn set_spending_limit() -> Weight;
	/// Weight of `set_payee`.
	fn set_payee() -> Weight;
	/// Weight of `settle_lanes` with `l` lanes of one record each, which have nothing in common: each has
	/// its own session, and a model with as many data sources and parents as it can have.
	fn settle_lanes(l: u32) -> Weight;
	/// Weight of `settle_lanes` with `l` lanes of one record each, each of its own session, all of one model.
	/// Their terms are looked up for each.
	fn settle_lanes_of_sessions(l: u32) -> Weight;
	/// Weight of `settle_lanes` with `l` lanes of one record each, all of one session and one model. Their
	/// terms are looked up for each.
	fn settle_lanes_of_one(l: u32) -> Weight;
	/// Weight of `settle_lanes` with one lane of `r` records, without entries.
	fn settle_lane_records(r: u32) -> Weight;
	/// Weight of `settle_lanes` with one lane of as many records as one part takes, and `e` entries in all.
	fn settle_lane_entries(e: u32) -> Weight;
	/// Weight of `settle_lanes` with one lane of `n` runs of calls, each with the longest proof.
	fn settle_lane_runs(n: u32) -> Weight;
	/// Weight of paying a lane's call of terms with `s` releases, of 8, each of a datanet of its own.
	fn settle_lane_sources(s: u32) -> Weight;
	/// Weight of paying a lane's call of terms with `p` parents, of 4, each with an owner of its own.
	fn settle_lane_parents(p: u32) -> Weight;
	/// Weight of `report_overcharged_call` with a proof of `h` hashes, against a node that is listed with
	/// `m` models.
	fn report_overcharged_call(h: u32, m: u32) -> Weight;
	/// Weight of `report_misreported_call` with a proof of `h` hashes, against a node that is listed with
	/// `m` models.
	fn report_misreported_call(h: u32, m: u32) -> Weight;
	/// Weight of `report_unlisted_call` with a proof of `h` hashes that the call was settled, and the longest
	/// proof of what the list has, against a node that is listed with `m` models.
	fn report_unlisted_call(h: u32, m: u32) -> Weight;
	/// Weight of `report_two_statements` against a node that is listed with `m` models.
	fn report_two_statements(m: u32) -> Weight;
	/// Weight of `commit_report`.
	fn commit_report() -> Weight;
	/// Weight of `withdraw_commitment`.
	fn withdraw_commitment() -> Weight;
	/// Weight of `close_by_agreement` for a session with `l` lanes.
	fn close_by_agreement(l: u32) -> Weight;
	/// Weight of removing `n` old roots.
	fn drop_roots(n: u32) -> Weight;
}

/// Where estimates take the price of a storage access from.
pub trait Database {
	/// The weight of reads and writes.
	fn weight(reads: u64, writes: u64) -> Weight;
}

/// Upper estimates from counted storage accesses, in the units of the runtime's database.
pub struct EstimatedWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> Database for EstimatedWeight<T> {
	fn weight(reads: u64, writes: u64) -> Weight {
		T::DbWeight::get().reads_writes(reads, writes)
	}
}

/// For mocks.
impl Database for () {
	fn weight(reads: u64, writes: u64) -> Weight {
		let db: RuntimeDbWeight = RocksDbWeight::get();
		db.reads_writes(reads, writes)
	}
}

/// `micros` µs of computing, and so many storage accesses.
fn estimate<D: Database>(micros: u64, reads: u64, writes: u64) -> Weight {
	let accesses = reads.saturating_add(writes);
	Weight::from_parts(micros.saturating_mul(1_000_000), accesses.saturating_mul(3_000))
		.saturating_add(D::weight(reads, writes))
}

fn times(each: Weight, count: u32) -> Weight {
	each.saturating_mul(count.into())
}

impl<D: Database> WeightInfo for D {
	fn register_node(m: u32) -> Weight {
		// The node, the account, its holds; a model's entry is read and a `ServedBy` entry written.
		estimate::<D>(90, 3, 3).saturating_add(times(estimate::<D>(8, 1, 1), m))
	}
	fn update_node(m: u32, g: u32) -> Weight {
		Self::register_node(m).saturating_add(times(estimate::<D>(4, 0, 1), g))
	}
	fn open_session() -> Weight {
		// The node, the account, its holds, the id, the session; four parameters.
		estimate::<D>(150, 9, 5)
	}
	fn open_session_with_limit() -> Weight {
		Self::open_session()
	}
	fn request_close() -> Weight {
		estimate::<D>(25, 1, 1)
	}
	fn close_session(l: u32) -> Weight {
		// The session, the node, caller's and operator's accounts and their holds, the cleaner's account.
		estimate::<D>(190, 7, 7).saturating_add(times(estimate::<D>(2, 1, 1), l))
	}
	fn rotate_receipt_key() -> Weight {
		estimate::<D>(40, 2, 2)
	}
	fn bond_more() -> Weight {
		estimate::<D>(80, 3, 3)
	}
	fn heartbeat() -> Weight {
		estimate::<D>(25, 1, 1)
	}
	fn start_unbonding(m: u32) -> Weight {
		estimate::<D>(30, 1, 1).saturating_add(times(estimate::<D>(4, 0, 1), m))
	}
	fn cancel_unbonding(m: u32) -> Weight {
		Self::start_unbonding(m)
	}
	fn withdraw_bond() -> Weight {
		estimate::<D>(90, 3, 5)
	}
	fn unjail(m: u32) -> Weight {
		Self::start_unbonding(m)
	}
	fn remove_node() -> Weight {
		Self::withdraw_bond()
	}
	fn top_up() -> Weight {
		estimate::<D>(80, 3, 3)
	}
	fn extend_session() -> Weight {
		// The session, its node, two parameters.
		estimate::<D>(40, 4, 2)
	}
	fn set_spending_limit() -> Weight {
		estimate::<D>(25, 1, 1)
	}
	fn set_payee() -> Weight {
		estimate::<D>(25, 1, 1)
	}
	fn settle_lanes(l: u32) -> Weight {
		// For all: genesis hash, three parameters, the node, the operator's account and holds, pots, the
		// protocol's account and what accrues to it, the queue's ends. For each: what a lane and a session
		// take; model, version, price, four parents, their owners now and then; eight releases, their
		// curators now and then, and their income. For each that is paid, what has accrued.
		estimate::<D>(230, 20, 15).saturating_add(times(estimate::<D>(750, 75, 45), l))
	}
	fn settle_lanes_of_sessions(l: u32) -> Weight {
		// Beside the lane: the session, the caller's account and holds.
		estimate::<D>(780, 90, 53).saturating_add(times(estimate::<D>(400, 5, 9), l))
	}
	fn settle_lanes_of_one(l: u32) -> Weight {
		// A signature is checked in both forms for both keys; the lane, the queue, two roots, and what was
		// proven of one.
		estimate::<D>(830, 94, 56).saturating_add(times(estimate::<D>(350, 2, 6), l))
	}
	fn settle_lane_records(r: u32) -> Weight {
		Self::settle_lanes(1).saturating_add(times(estimate::<D>(25, 0, 0), r))
	}
	fn settle_lane_entries(e: u32) -> Weight {
		// A contribution, its weight, its standing, what it has earned, its curator's income.
		Self::settle_lane_records(256).saturating_add(times(estimate::<D>(15, 4, 2), e))
	}
	fn settle_lane_runs(n: u32) -> Weight {
		// Some hundred hashes.
		Self::settle_lanes(1).saturating_add(times(estimate::<D>(150, 0, 0), n))
	}
	fn settle_lane_sources(s: u32) -> Weight {
		// A release and its curator.
		times(estimate::<D>(8, 2, 2), s)
	}
	fn settle_lane_parents(p: u32) -> Weight {
		// An owner, what it has earned, what has accrued.
		times(estimate::<D>(25, 2, 3), p)
	}
	fn report_overcharged_call(h: u32, m: u32) -> Weight {
		// A signature is checked in both forms. The root, its disputed calls, the node, its earlier
		// keys, genesis hash; three accounts beside the operator's, and the operator's holds; five
		// parameters.
		estimate::<D>(500, 15, 8)
			.saturating_add(Weight::from_parts(0, 15_000))
			.saturating_add(Self::withdraw_commitment())
			.saturating_add(times(estimate::<D>(2, 0, 0), h))
			.saturating_add(times(estimate::<D>(4, 0, 1), m))
	}
	fn report_misreported_call(h: u32, m: u32) -> Weight {
		Self::report_overcharged_call(h, m)
	}
	fn report_unlisted_call(h: u32, m: u32) -> Weight {
		// No signature; some hundred hashes more, and another root.
		Self::report_misreported_call(h, m).saturating_add(estimate::<D>(150, 1, 0))
	}
	fn report_two_statements(m: u32) -> Weight {
		// Two signatures.
		Self::report_overcharged_call(0, m).saturating_add(estimate::<D>(230, 0, 0))
	}
	fn commit_report() -> Weight {
		// The commitment, the account and its holds.
		estimate::<D>(60, 3, 3)
	}
	fn withdraw_commitment() -> Weight {
		estimate::<D>(60, 3, 3)
	}
	fn close_by_agreement(l: u32) -> Weight {
		Self::close_session(l).saturating_add(estimate::<D>(220, 1, 0))
	}
	fn drop_roots(n: u32) -> Weight {
		// The root, its place, and what was proven of its calls.
		estimate::<D>(5, 2, 1).saturating_add(times(estimate::<D>(8, 1, 3), n))
	}
}
