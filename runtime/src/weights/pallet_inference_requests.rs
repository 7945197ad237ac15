//! Weights of `pallet_inference_requests`. Measured by `scripts/weights.sh`: run it again rather than edit this.
//!
//! | | |
//! |---|---|
//! | machine | 2 cores, AMD EPYC, 24 GiB of memory |
//! | compiler | rustc 1.95.0 (59807616e 2026-04-14) |
//! | runtime | wasm, production profile |
//! | date | 2026-11-22 |
//! | benchmark runner | 64.0.0, 10 steps, 4 repeats |

#![cfg_attr(rustfmt, rustfmt_skip)]

use core::marker::PhantomData;
#[allow(unused_imports)]
use frame_support::{traits::Get, weights::Weight};

/// The weights of `pallet_inference_requests`, with the database weights of the runtime.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_inference_requests::WeightInfo for WeightInfo<T> {
	/// Storage: `ModelRegistry::Models` (r:5 w:0)
	///
	/// Proof: `ModelRegistry::Models` (`max_values`: None, `max_size`: Some(248), added: 2723, mode: `MaxEncodedLen`)
	///
	/// Storage: `ModelRegistry::Versions` (r:1 w:0)
	///
	/// Proof: `ModelRegistry::Versions` (`max_values`: None, `max_size`: Some(496), added: 2971, mode: `MaxEncodedLen`)
	///
	/// Storage: `ModelRegistry::Prices` (r:1 w:0)
	///
	/// Proof: `ModelRegistry::Prices` (`max_values`: None, `max_size`: Some(101), added: 2576, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceMetering::ServedBy` (r:1 w:0)
	///
	/// Proof: `InferenceMetering::ServedBy` (`max_values`: None, `max_size`: Some(60), added: 2535, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceRequests::NextRequestId` (r:1 w:1)
	///
	/// Proof: `InferenceRequests::NextRequestId` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceRequests::Deadlines` (r:16 w:1)
	///
	/// Proof: `InferenceRequests::Deadlines` (`max_values`: None, `max_size`: Some(526), added: 3001, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:1 w:1)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceRequests::NextSlot` (r:1 w:1)
	///
	/// Proof: `InferenceRequests::NextSlot` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceRequests::Requests` (r:1 w:1)
	///
	/// Proof: `InferenceRequests::Requests` (`max_values`: None, `max_size`: Some(171), added: 2646, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceRequests::CounterForRequests` (r:1 w:1)
	///
	/// Proof: `InferenceRequests::CounterForRequests` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceRequests::ByModel` (r:0 w:1)
	///
	/// Proof: `InferenceRequests::ByModel` (`max_values`: None, `max_size`: Some(20), added: 2495, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceRequests::Inputs` (r:0 w:1)
	///
	/// Proof: `InferenceRequests::Inputs` (`max_values`: None, `max_size`: Some(4114), added: 6589, mode: `MaxEncodedLen`)
	///
	/// `i` is from 1 to 4096.
	///
	/// `f` is from 0 to 15.
	///
	/// At least 190_093 nanoseconds.
	fn request_call(i: u32, f: u32, ) -> Weight {
		// Estimated, until it is measured again: releases and their datanets are looked up as well by now.
		Weight::from_parts(265_000_000, 120_000)
			.saturating_add(Weight::from_parts(10_000, 1).saturating_mul(i.into()))
			.saturating_add(Weight::from_parts(4_309_089, 3_001).saturating_mul(f.into()))
			.saturating_add(T::DbWeight::get().reads_writes(40, 9))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(f.into())))
	}
	/// Storage: `InferenceRequests::Requests` (r:1 w:1)
	///
	/// Proof: `InferenceRequests::Requests` (`max_values`: None, `max_size`: Some(171), added: 2646, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceMetering::ServedBy` (r:1 w:0)
	///
	/// Proof: `InferenceMetering::ServedBy` (`max_values`: None, `max_size`: Some(60), added: 2535, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceRequests::Inputs` (r:1 w:1)
	///
	/// Proof: `InferenceRequests::Inputs` (`max_values`: None, `max_size`: Some(4114), added: 6589, mode: `MaxEncodedLen`)
	///
	/// Storage: `ModelRegistry::Models` (r:5 w:0)
	///
	/// Proof: `ModelRegistry::Models` (`max_values`: None, `max_size`: Some(248), added: 2723, mode: `MaxEncodedLen`)
	///
	/// Storage: `ModelRegistry::Versions` (r:1 w:0)
	///
	/// Proof: `ModelRegistry::Versions` (`max_values`: None, `max_size`: Some(496), added: 2971, mode: `MaxEncodedLen`)
	///
	/// Storage: `ModelRegistry::Prices` (r:1 w:0)
	///
	/// Proof: `ModelRegistry::Prices` (`max_values`: None, `max_size`: Some(101), added: 2576, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:10 w:10)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Releases` (r:8 w:8)
	///
	/// Proof: `DataAttribution::Releases` (`max_values`: None, `max_size`: Some(88), added: 2563, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Contributions` (r:8 w:0)
	///
	/// Proof: `DataAttribution::Contributions` (`max_values`: None, `max_size`: Some(615), added: 3090, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Accounted` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Accounted` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::DirectEarnings` (r:8 w:8)
	///
	/// Proof: `DataAttribution::DirectEarnings` (`max_values`: None, `max_size`: Some(32), added: 2507, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Datanets` (r:8 w:0)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::CuratorEarnings` (r:8 w:8)
	///
	/// Proof: `DataAttribution::CuratorEarnings` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	///
	/// Storage: `RevenueSplit::TotalAccrued` (r:1 w:0)
	///
	/// Proof: `RevenueSplit::TotalAccrued` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	///
	/// Storage: `RevenueSplit::Accrued` (r:7 w:0)
	///
	/// Proof: `RevenueSplit::Accrued` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	///
	/// Storage: `RevenueSplit::Earned` (r:7 w:7)
	///
	/// Proof: `RevenueSplit::Earned` (`max_values`: None, `max_size`: Some(73), added: 2548, mode: `MaxEncodedLen`)
	///
	/// Storage: `RevenueSplit::ModelTotals` (r:1 w:1)
	///
	/// Proof: `RevenueSplit::ModelTotals` (`max_values`: None, `max_size`: Some(116), added: 2591, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceRequests::Deadlines` (r:1 w:1)
	///
	/// Proof: `InferenceRequests::Deadlines` (`max_values`: None, `max_size`: Some(526), added: 3001, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceRequests::CounterForRequests` (r:1 w:1)
	///
	/// Proof: `InferenceRequests::CounterForRequests` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceRequests::ByModel` (r:0 w:1)
	///
	/// Proof: `InferenceRequests::ByModel` (`max_values`: None, `max_size`: Some(20), added: 2495, mode: `MaxEncodedLen`)
	///
	/// `o` is from 1 to 8192.
	///
	/// `a` is from 0 to 8.
	///
	/// `s` is from 1 to 8.
	///
	/// At least 672_152 nanoseconds.
	fn fulfil_call(o: u32, a: u32, s: u32, ) -> Weight {
		// Estimated, until it is measured again: answers name more contributions by now, releases and curators
		// are looked up in their histories, a signature is checked, a root and the answer are kept.
		Weight::from_parts(950_000_000, 180_000)
			.saturating_add(Weight::from_parts(25_000, 1).saturating_mul(o.into()))
			.saturating_add(Weight::from_parts(38_213_666, 9_000).saturating_mul(a.into()))
			.saturating_add(Weight::from_parts(42_009_218, 9_000).saturating_mul(s.into()))
			.saturating_add(T::DbWeight::get().reads_writes(68, 50))
			.saturating_add(T::DbWeight::get().reads_writes(5, 3).saturating_mul(a.into()))
			.saturating_add(T::DbWeight::get().reads_writes(4, 3).saturating_mul(s.into()))
	}
	/// Storage: `InferenceRequests::Requests` (r:1 w:1)
	///
	/// Proof: `InferenceRequests::Requests` (`max_values`: None, `max_size`: Some(171), added: 2646, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceRequests::Deadlines` (r:16 w:2)
	///
	/// Proof: `InferenceRequests::Deadlines` (`max_values`: None, `max_size`: Some(526), added: 3001, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceRequests::NextSlot` (r:1 w:0)
	///
	/// Proof: `InferenceRequests::NextSlot` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	///
	/// `f` is from 0 to 15.
	///
	/// At least 31_077 nanoseconds.
	fn cancel_call(f: u32, ) -> Weight {
		Weight::from_parts(34_558_623, 4_963)
			// Standard error: 108_338
			.saturating_add(Weight::from_parts(3_618_591, 0).saturating_mul(f.into()))
			.saturating_add(Weight::from_parts(0, 2_908).saturating_mul(f.into()))
			.saturating_add(T::DbWeight::get().reads_writes(3, 3))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(f.into())))
	}
	/// Storage: `InferenceRequests::Requests` (r:1 w:1)
	///
	/// Proof: `InferenceRequests::Requests` (`max_values`: None, `max_size`: Some(171), added: 2646, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceRequests::Deadlines` (r:1 w:1)
	///
	/// Proof: `InferenceRequests::Deadlines` (`max_values`: None, `max_size`: Some(526), added: 3001, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:1 w:1)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceRequests::CounterForRequests` (r:1 w:1)
	///
	/// Proof: `InferenceRequests::CounterForRequests` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceRequests::ByModel` (r:0 w:1)
	///
	/// Proof: `InferenceRequests::ByModel` (`max_values`: None, `max_size`: Some(20), added: 2495, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceRequests::Inputs` (r:0 w:1)
	///
	/// Proof: `InferenceRequests::Inputs` (`max_values`: None, `max_size`: Some(4114), added: 6589, mode: `MaxEncodedLen`)
	///
	/// At least 99_739 nanoseconds.
	fn expire_call() -> Weight {
		// Estimated, until it is measured again: a claim may have lapsed.
		Weight::from_parts(210_000_000, 28_000)
			.saturating_add(T::DbWeight::get().reads_writes(8, 10))
	}
	/// Estimated, until it is measured.
	fn claim_call() -> Weight {
		Weight::from_parts(170_000_000, 16_000)
			.saturating_add(T::DbWeight::get().reads_writes(7, 6))
	}
	/// Estimated, until it is measured.
	fn decline_call() -> Weight {
		Weight::from_parts(170_000_000, 24_000)
			.saturating_add(T::DbWeight::get().reads_writes(12, 11))
	}
	/// Estimated, until it is measured.
	fn forget_outcome() -> Weight {
		Weight::from_parts(90_000_000, 16_000)
			.saturating_add(T::DbWeight::get().reads_writes(5, 5))
	}
	/// Storage: `InferenceRequests::NextSlot` (r:1 w:1)
	///
	/// Proof: `InferenceRequests::NextSlot` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceRequests::CounterForRequests` (r:1 w:0)
	///
	/// Proof: `InferenceRequests::CounterForRequests` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	///
	/// At least 6_760 nanoseconds.
	fn sweep_base() -> Weight {
		// Estimated, until it is measured again: there are two counters.
		Weight::from_parts(8_500_000, 3_500)
			.saturating_add(T::DbWeight::get().reads_writes(3, 1))
	}
	/// Storage: `InferenceRequests::Deadlines` (r:1 w:1)
	///
	/// Proof: `InferenceRequests::Deadlines` (`max_values`: None, `max_size`: Some(526), added: 3001, mode: `MaxEncodedLen`)
	///
	/// At least 6_780 nanoseconds.
	fn sweep_slot() -> Weight {
		Weight::from_parts(7_461_000, 3_991)
			.saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	/// Storage: `InferenceRequests::Requests` (r:1 w:1)
	///
	/// Proof: `InferenceRequests::Requests` (`max_values`: None, `max_size`: Some(171), added: 2646, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:1 w:1)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceRequests::CounterForRequests` (r:1 w:1)
	///
	/// Proof: `InferenceRequests::CounterForRequests` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceRequests::ByModel` (r:0 w:1)
	///
	/// Proof: `InferenceRequests::ByModel` (`max_values`: None, `max_size`: Some(20), added: 2495, mode: `MaxEncodedLen`)
	///
	/// Storage: `InferenceRequests::Inputs` (r:0 w:1)
	///
	/// Proof: `InferenceRequests::Inputs` (`max_values`: None, `max_size`: Some(4114), added: 6589, mode: `MaxEncodedLen`)
	///
	/// At least 93_810 nanoseconds.
	fn sweep_request() -> Weight {
		// Estimated, until it is measured again: a claim may have lapsed.
		Weight::from_parts(200_000_000, 24_000)
			.saturating_add(T::DbWeight::get().reads_writes(7, 9))
	}
}
