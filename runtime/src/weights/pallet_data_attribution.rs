//! Weights of `pallet_data_attribution`. Measured by `scripts/weights.sh`: run it again rather than edit this.
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

/// The weights of `pallet_data_attribution`, with the database weights of the runtime.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_data_attribution::WeightInfo for WeightInfo<T> {
	/// Storage: `DataAttribution::DatanetIdByName` (r:1 w:1)
	///
	/// Proof: `DataAttribution::DatanetIdByName` (`max_values`: None, `max_size`: Some(86), added: 2561, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::NextDatanetId` (r:1 w:1)
	///
	/// Proof: `DataAttribution::NextDatanetId` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	///
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Datanets` (r:0 w:1)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// At least 59_238 nanoseconds.
	fn create_datanet() -> Weight {
		Weight::from_parts(62_123_000, 3_730)
			.saturating_add(T::DbWeight::get().reads_writes(4, 4))
	}
	/// Storage: `DataAttribution::DatanetIdByName` (r:1 w:1)
	///
	/// Proof: `DataAttribution::DatanetIdByName` (`max_values`: None, `max_size`: Some(86), added: 2561, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::NextDatanetId` (r:1 w:1)
	///
	/// Proof: `DataAttribution::NextDatanetId` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	///
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Datanets` (r:0 w:1)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// At least 59_819 nanoseconds.
	fn create_datanet_with() -> Weight {
		Weight::from_parts(62_653_000, 3_730)
			.saturating_add(T::DbWeight::get().reads_writes(4, 4))
	}
	/// Storage: `DataAttribution::Datanets` (r:1 w:0)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Admissions` (r:1 w:0)
	///
	/// Proof: `DataAttribution::Admissions` (`max_values`: None, `max_size`: Some(108), added: 2583, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Reservations` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Reservations` (`max_values`: None, `max_size`: Some(105), added: 2580, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::RootOwner` (r:1 w:1)
	///
	/// Proof: `DataAttribution::RootOwner` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Contributions` (r:2 w:2)
	///
	/// Proof: `DataAttribution::Contributions` (`max_values`: None, `max_size`: Some(615), added: 3090, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::NextContributionId` (r:1 w:1)
	///
	/// Proof: `DataAttribution::NextContributionId` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	///
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:3 w:3)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:2 w:2)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::ContributionsOf` (r:0 w:2)
	///
	/// Proof: `DataAttribution::ContributionsOf` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
	///
	/// At least 179_347 nanoseconds.
	fn submit_contribution() -> Weight {
		Weight::from_parts(195_654_000, 9_210)
			.saturating_add(T::DbWeight::get().reads_writes(13, 12))
	}
	/// Storage: `DataAttribution::Datanets` (r:1 w:0)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Admissions` (r:1 w:0)
	///
	/// Proof: `DataAttribution::Admissions` (`max_values`: None, `max_size`: Some(108), added: 2583, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Reservations` (r:32 w:32)
	///
	/// Proof: `DataAttribution::Reservations` (`max_values`: None, `max_size`: Some(105), added: 2580, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::RootOwner` (r:32 w:32)
	///
	/// Proof: `DataAttribution::RootOwner` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Contributions` (r:32 w:48)
	///
	/// Proof: `DataAttribution::Contributions` (`max_values`: None, `max_size`: Some(615), added: 3090, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::NextContributionId` (r:1 w:1)
	///
	/// Proof: `DataAttribution::NextContributionId` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	///
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:49 w:49)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:48 w:48)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::ContributionsOf` (r:0 w:48)
	///
	/// Proof: `DataAttribution::ContributionsOf` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
	///
	/// `n` is from 1 to 16.
	///
	/// `d` is from 0 to 16.
	///
	/// At least 1_082_955 nanoseconds.
	fn submit_contributions(n: u32, d: u32, ) -> Weight {
		Weight::from_parts(1_091_717_000, 3_730)
			// Standard error: 3_819_400
			.saturating_add(Weight::from_parts(27_114_817, 0).saturating_mul(n.into()))
			// Standard error: 3_852_914
			.saturating_add(Weight::from_parts(92_869_522, 0).saturating_mul(d.into()))
			.saturating_add(Weight::from_parts(0, 6_180).saturating_mul(d.into()))
			.saturating_add(Weight::from_parts(0, 2_740).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads_writes(5, 2))
			.saturating_add(T::DbWeight::get().reads(4_u64.saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().reads(8_u64.saturating_mul(d.into())))
			.saturating_add(T::DbWeight::get().writes(6_u64.saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(10_u64.saturating_mul(d.into())))
	}
	/// Storage: `DataAttribution::Contributions` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Contributions` (`max_values`: None, `max_size`: Some(615), added: 3090, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// At least 22_925 nanoseconds.
	fn accept_contribution() -> Weight {
		Weight::from_parts(34_321_000, 4_080)
			.saturating_add(T::DbWeight::get().reads_writes(3, 2))
	}
	/// Storage: `DataAttribution::Contributions` (r:2 w:1)
	///
	/// Proof: `DataAttribution::Contributions` (`max_values`: None, `max_size`: Some(615), added: 3090, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Datanets` (r:1 w:0)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:1 w:1)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::RootOwner` (r:1 w:1)
	///
	/// Proof: `DataAttribution::RootOwner` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Reservations` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Reservations` (`max_values`: None, `max_size`: Some(105), added: 2580, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::ContributionsOf` (r:0 w:1)
	///
	/// Proof: `DataAttribution::ContributionsOf` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
	///
	/// At least 119_298 nanoseconds.
	fn reject_contribution() -> Weight {
		Weight::from_parts(167_209_000, 7_170)
			.saturating_add(T::DbWeight::get().reads_writes(7, 6))
	}
	/// Storage: `DataAttribution::Contributions` (r:2 w:1)
	///
	/// Proof: `DataAttribution::Contributions` (`max_values`: None, `max_size`: Some(615), added: 3090, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::RootOwner` (r:1 w:1)
	///
	/// Proof: `DataAttribution::RootOwner` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::ContributionsOf` (r:0 w:1)
	///
	/// Proof: `DataAttribution::ContributionsOf` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
	///
	/// At least 63_785 nanoseconds.
	fn withdraw_contribution() -> Weight {
		Weight::from_parts(69_163_000, 7_170)
			.saturating_add(T::DbWeight::get().reads_writes(4, 4))
	}
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Releases` (r:0 w:1)
	///
	/// Proof: `DataAttribution::Releases` (`max_values`: None, `max_size`: Some(88), added: 2563, mode: `MaxEncodedLen`)
	///
	/// At least 63_895 nanoseconds.
	fn publish_release() -> Weight {
		Weight::from_parts(67_350_000, 3_730)
			.saturating_add(T::DbWeight::get().reads_writes(2, 3))
	}
	/// Storage: `DataAttribution::Contributions` (r:1 w:0)
	///
	/// Proof: `DataAttribution::Contributions` (`max_values`: None, `max_size`: Some(615), added: 3090, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Releases` (r:16 w:0)
	///
	/// Proof: `DataAttribution::Releases` (`max_values`: None, `max_size`: Some(88), added: 2563, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Claimed` (r:16 w:16)
	///
	/// Proof: `DataAttribution::Claimed` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::DirectEarnings` (r:1 w:1)
	///
	/// Proof: `DataAttribution::DirectEarnings` (`max_values`: None, `max_size`: Some(32), added: 2507, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:2 w:2)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Accounted` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Accounted` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	///
	/// Storage: `RevenueSplit::Earned` (r:1 w:1)
	///
	/// Proof: `RevenueSplit::Earned` (`max_values`: None, `max_size`: Some(73), added: 2548, mode: `MaxEncodedLen`)
	///
	/// `r` is from 1 to 16.
	///
	/// At least 86_108 nanoseconds.
	fn claim(r: u32, ) -> Weight {
		Weight::from_parts(83_237_047, 6_196)
			// Standard error: 65_010
			.saturating_add(Weight::from_parts(8_028_532, 0).saturating_mul(r.into()))
			.saturating_add(Weight::from_parts(0, 2_563).saturating_mul(r.into()))
			.saturating_add(T::DbWeight::get().reads_writes(6, 5))
			.saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(r.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(r.into())))
	}
	/// Storage: `DataAttribution::Contributions` (r:1 w:0)
	///
	/// Proof: `DataAttribution::Contributions` (`max_values`: None, `max_size`: Some(615), added: 3090, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Releases` (r:16 w:0)
	///
	/// Proof: `DataAttribution::Releases` (`max_values`: None, `max_size`: Some(88), added: 2563, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Claimed` (r:16 w:16)
	///
	/// Proof: `DataAttribution::Claimed` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::DirectEarnings` (r:1 w:1)
	///
	/// Proof: `DataAttribution::DirectEarnings` (`max_values`: None, `max_size`: Some(32), added: 2507, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:2 w:2)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Accounted` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Accounted` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	///
	/// Storage: `RevenueSplit::Earned` (r:1 w:1)
	///
	/// Proof: `RevenueSplit::Earned` (`max_values`: None, `max_size`: Some(73), added: 2548, mode: `MaxEncodedLen`)
	///
	/// `r` is from 1 to 16.
	///
	/// At least 85_538 nanoseconds.
	fn claim_for(r: u32, ) -> Weight {
		Weight::from_parts(82_581_921, 6_196)
			// Standard error: 17_831
			.saturating_add(Weight::from_parts(7_783_018, 0).saturating_mul(r.into()))
			.saturating_add(Weight::from_parts(0, 2_563).saturating_mul(r.into()))
			.saturating_add(T::DbWeight::get().reads_writes(6, 5))
			.saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(r.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(r.into())))
	}
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// At least 11_657 nanoseconds.
	fn set_open() -> Weight {
		Weight::from_parts(12_659_000, 3_659)
			.saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	/// Storage: `DataAttribution::Datanets` (r:1 w:0)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Admissions` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Admissions` (`max_values`: None, `max_size`: Some(108), added: 2583, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// At least 60_240 nanoseconds.
	fn allow_contributor() -> Weight {
		Weight::from_parts(63_755_000, 3_730)
			.saturating_add(T::DbWeight::get().reads_writes(3, 2))
	}
	/// Storage: `DataAttribution::Datanets` (r:1 w:0)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Admissions` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Admissions` (`max_values`: None, `max_size`: Some(108), added: 2583, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:1 w:1)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// At least 55_503 nanoseconds.
	fn disallow_contributor() -> Weight {
		Weight::from_parts(62_783_000, 3_730)
			.saturating_add(T::DbWeight::get().reads_writes(4, 3))
	}
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// At least 11_778 nanoseconds.
	fn lower_curator_share() -> Weight {
		Weight::from_parts(16_365_000, 3_659)
			.saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// At least 11_727 nanoseconds.
	fn offer_curator() -> Weight {
		Weight::from_parts(15_282_000, 3_659)
			.saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// At least 11_657 nanoseconds.
	fn withdraw_curator_offer() -> Weight {
		Weight::from_parts(14_041_000, 3_659)
			.saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:2 w:2)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:1 w:1)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// At least 97_836 nanoseconds.
	fn accept_curator() -> Weight {
		Weight::from_parts(140_670_000, 6_470)
			.saturating_add(T::DbWeight::get().reads_writes(5, 4))
	}
	/// Storage: `DataAttribution::CuratorEarnings` (r:1 w:1)
	///
	/// Proof: `DataAttribution::CuratorEarnings` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Accounted` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Accounted` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:1 w:1)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `RevenueSplit::Earned` (r:1 w:1)
	///
	/// Proof: `RevenueSplit::Earned` (`max_values`: None, `max_size`: Some(73), added: 2548, mode: `MaxEncodedLen`)
	///
	/// At least 65_898 nanoseconds.
	fn claim_curator() -> Weight {
		Weight::from_parts(99_478_000, 3_593)
			.saturating_add(T::DbWeight::get().reads_writes(4, 4))
	}
	/// Storage: `DataAttribution::CuratorEarnings` (r:1 w:1)
	///
	/// Proof: `DataAttribution::CuratorEarnings` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:2 w:2)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Accounted` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Accounted` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	///
	/// Storage: `RevenueSplit::Earned` (r:1 w:1)
	///
	/// Proof: `RevenueSplit::Earned` (`max_values`: None, `max_size`: Some(73), added: 2548, mode: `MaxEncodedLen`)
	///
	/// At least 66_569 nanoseconds.
	fn claim_curator_for() -> Weight {
		Weight::from_parts(74_350_000, 6_196)
			.saturating_add(T::DbWeight::get().reads_writes(5, 5))
	}
	/// Storage: `DataAttribution::Contributions` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Contributions` (`max_values`: None, `max_size`: Some(615), added: 3090, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// At least 24_256 nanoseconds.
	fn set_weight() -> Weight {
		Weight::from_parts(31_437_000, 4_080)
			.saturating_add(T::DbWeight::get().reads_writes(3, 2))
	}
	/// Storage: `DataAttribution::Contributions` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Contributions` (`max_values`: None, `max_size`: Some(615), added: 3090, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// Storage: `Parameters::Parameters` (r:2 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// At least 26_540 nanoseconds.
	fn stop_contribution() -> Weight {
		Weight::from_parts(31_297_000, 6_012)
			.saturating_add(T::DbWeight::get().reads_writes(4, 2))
	}
	/// Storage: `DataAttribution::Contributions` (r:2 w:1)
	///
	/// Proof: `DataAttribution::Contributions` (`max_values`: None, `max_size`: Some(615), added: 3090, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Accusations` (r:1 w:0)
	///
	/// Proof: `DataAttribution::Accusations` (`max_values`: None, `max_size`: Some(78), added: 2553, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::RootOwner` (r:1 w:1)
	///
	/// Proof: `DataAttribution::RootOwner` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::ContributionsOf` (r:0 w:1)
	///
	/// Proof: `DataAttribution::ContributionsOf` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
	///
	/// At least 67_541 nanoseconds.
	fn withdraw_bond() -> Weight {
		Weight::from_parts(83_715_000, 7_170)
			.saturating_add(T::DbWeight::get().reads_writes(5, 4))
	}
	/// Storage: `DataAttribution::Contributions` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Contributions` (`max_values`: None, `max_size`: Some(615), added: 3090, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Accusations` (r:1 w:0)
	///
	/// Proof: `DataAttribution::Accusations` (`max_values`: None, `max_size`: Some(78), added: 2553, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:2 w:2)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:1 w:1)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::ContributionsOf` (r:0 w:2)
	///
	/// Proof: `DataAttribution::ContributionsOf` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
	///
	/// At least 73_840 nanoseconds.
	fn transfer_contribution() -> Weight {
		Weight::from_parts(100_911_000, 6_470)
			.saturating_add(T::DbWeight::get().reads_writes(5, 6))
	}
	/// Storage: `DataAttribution::Contributions` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Contributions` (`max_values`: None, `max_size`: Some(615), added: 3090, mode: `MaxEncodedLen`)
	///
	/// At least 14_672 nanoseconds.
	fn set_beneficiary() -> Weight {
		Weight::from_parts(18_888_000, 4_080)
			.saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	/// Storage: `DataAttribution::Contributions` (r:2 w:1)
	///
	/// Proof: `DataAttribution::Contributions` (`max_values`: None, `max_size`: Some(615), added: 3090, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Accusations` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Accusations` (`max_values`: None, `max_size`: Some(78), added: 2553, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::RootOwner` (r:1 w:0)
	///
	/// Proof: `DataAttribution::RootOwner` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Releases` (r:512 w:0)
	///
	/// Proof: `DataAttribution::Releases` (`max_values`: None, `max_size`: Some(88), added: 2563, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Claimed` (r:512 w:512)
	///
	/// Proof: `DataAttribution::Claimed` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::DirectEarnings` (r:1 w:1)
	///
	/// Proof: `DataAttribution::DirectEarnings` (`max_values`: None, `max_size`: Some(32), added: 2507, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:2 w:2)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:3 w:3)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// `r` is from 0 to 512.
	///
	/// At least 243_553 nanoseconds.
	fn accuse_contribution(r: u32, ) -> Weight {
		Weight::from_parts(180_970_898, 8_799)
			// Standard error: 846_295
			.saturating_add(Weight::from_parts(12_486_645, 0).saturating_mul(r.into()))
			.saturating_add(Weight::from_parts(0, 2_563).saturating_mul(r.into()))
			.saturating_add(T::DbWeight::get().reads_writes(11, 9))
			.saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(r.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(r.into())))
	}
	/// Storage: `DataAttribution::Contributions` (r:1 w:0)
	///
	/// Proof: `DataAttribution::Contributions` (`max_values`: None, `max_size`: Some(615), added: 3090, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Datanets` (r:1 w:0)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Accusations` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Accusations` (`max_values`: None, `max_size`: Some(78), added: 2553, mode: `MaxEncodedLen`)
	///
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	///
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(36), added: 2511, mode: `MaxEncodedLen`)
	///
	/// At least 24_617 nanoseconds.
	fn confirm_accusation() -> Weight {
		Weight::from_parts(28_542_000, 4_080)
			.saturating_add(T::DbWeight::get().reads_writes(4, 1))
	}
	/// Storage: `DataAttribution::Contributions` (r:1 w:0)
	///
	/// Proof: `DataAttribution::Contributions` (`max_values`: None, `max_size`: Some(615), added: 3090, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Accusations` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Accusations` (`max_values`: None, `max_size`: Some(78), added: 2553, mode: `MaxEncodedLen`)
	///
	/// At least 18_307 nanoseconds.
	fn contest_accusation() -> Weight {
		Weight::from_parts(21_051_000, 4_080)
			.saturating_add(T::DbWeight::get().reads_writes(2, 1))
	}
	/// Storage: `DataAttribution::Contributions` (r:1 w:0)
	///
	/// Proof: `DataAttribution::Contributions` (`max_values`: None, `max_size`: Some(615), added: 3090, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Accusations` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Accusations` (`max_values`: None, `max_size`: Some(78), added: 2553, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:2 w:2)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// At least 100_721 nanoseconds.
	fn escalate_accusation() -> Weight {
		Weight::from_parts(104_776_000, 6_196)
			.saturating_add(T::DbWeight::get().reads_writes(5, 4))
	}
	/// Storage: `DataAttribution::Contributions` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Contributions` (`max_values`: None, `max_size`: Some(615), added: 3090, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Accusations` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Accusations` (`max_values`: None, `max_size`: Some(78), added: 2553, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Releases` (r:512 w:0)
	///
	/// Proof: `DataAttribution::Releases` (`max_values`: None, `max_size`: Some(88), added: 2563, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Claimed` (r:512 w:512)
	///
	/// Proof: `DataAttribution::Claimed` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::DirectEarnings` (r:1 w:1)
	///
	/// Proof: `DataAttribution::DirectEarnings` (`max_values`: None, `max_size`: Some(32), added: 2507, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:2 w:2)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:3 w:3)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::RootOwner` (r:1 w:1)
	///
	/// Proof: `DataAttribution::RootOwner` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
	///
	/// `r` is from 1 to 512.
	///
	/// At least 138_026 nanoseconds.
	fn execute_slash(r: u32, ) -> Weight {
		Weight::from_parts(76_764_787, 8_799)
			// Standard error: 326_842
			.saturating_add(Weight::from_parts(9_369_461, 0).saturating_mul(r.into()))
			.saturating_add(Weight::from_parts(0, 2_563).saturating_mul(r.into()))
			.saturating_add(T::DbWeight::get().reads_writes(10, 10))
			.saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(r.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(r.into())))
	}
	/// Storage: `DataAttribution::Contributions` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Contributions` (`max_values`: None, `max_size`: Some(615), added: 3090, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Accusations` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Accusations` (`max_values`: None, `max_size`: Some(78), added: 2553, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Releases` (r:512 w:0)
	///
	/// Proof: `DataAttribution::Releases` (`max_values`: None, `max_size`: Some(88), added: 2563, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Claimed` (r:512 w:512)
	///
	/// Proof: `DataAttribution::Claimed` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::DirectEarnings` (r:1 w:1)
	///
	/// Proof: `DataAttribution::DirectEarnings` (`max_values`: None, `max_size`: Some(32), added: 2507, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:2 w:2)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:3 w:3)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::RootOwner` (r:1 w:1)
	///
	/// Proof: `DataAttribution::RootOwner` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
	///
	/// `r` is from 1 to 512.
	///
	/// At least 183_103 nanoseconds.
	fn resolve_accusation(r: u32, ) -> Weight {
		Weight::from_parts(247_770_049, 8_799)
			// Standard error: 226_874
			.saturating_add(Weight::from_parts(9_002_372, 0).saturating_mul(r.into()))
			.saturating_add(Weight::from_parts(0, 2_563).saturating_mul(r.into()))
			.saturating_add(T::DbWeight::get().reads_writes(10, 10))
			.saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(r.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(r.into())))
	}
	/// Storage: `DataAttribution::Contributions` (r:1 w:0)
	///
	/// Proof: `DataAttribution::Contributions` (`max_values`: None, `max_size`: Some(615), added: 3090, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Accusations` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Accusations` (`max_values`: None, `max_size`: Some(78), added: 2553, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:2 w:2)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// At least 100_721 nanoseconds.
	fn drop_accusation() -> Weight {
		Weight::from_parts(104_776_000, 6_196)
			.saturating_add(T::DbWeight::get().reads_writes(5, 4))
	}
	/// Storage: `DataAttribution::Contributions` (r:1 w:0)
	///
	/// Proof: `DataAttribution::Contributions` (`max_values`: None, `max_size`: Some(615), added: 3090, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Releases` (r:16 w:0)
	///
	/// Proof: `DataAttribution::Releases` (`max_values`: None, `max_size`: Some(88), added: 2563, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Claimed` (r:16 w:16)
	///
	/// Proof: `DataAttribution::Claimed` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:2 w:2)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `DataAttribution::Accounted` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Accounted` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	///
	/// Storage: `RevenueSplit::Earned` (r:1 w:1)
	///
	/// Proof: `RevenueSplit::Earned` (`max_values`: None, `max_size`: Some(73), added: 2548, mode: `MaxEncodedLen`)
	///
	/// `r` is from 1 to 16.
	///
	/// At least 80_109 nanoseconds.
	fn sweep_slashed(r: u32, ) -> Weight {
		Weight::from_parts(75_895_377, 6_196)
			// Standard error: 158_929
			.saturating_add(Weight::from_parts(9_921_291, 0).saturating_mul(r.into()))
			.saturating_add(Weight::from_parts(0, 2_563).saturating_mul(r.into()))
			.saturating_add(T::DbWeight::get().reads_writes(5, 4))
			.saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(r.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(r.into())))
	}
	/// Storage: `DataAttribution::Reservations` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Reservations` (`max_values`: None, `max_size`: Some(105), added: 2580, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:1 w:1)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:2 w:2)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// At least 99_668 nanoseconds.
	fn reserve_root() -> Weight {
		Weight::from_parts(104_826_000, 6_470)
			.saturating_add(T::DbWeight::get().reads_writes(4, 4))
	}
	/// Storage: `DataAttribution::Reservations` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Reservations` (`max_values`: None, `max_size`: Some(105), added: 2580, mode: `MaxEncodedLen`)
	///
	/// Storage: `System::Account` (r:1 w:1)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// At least 51_266 nanoseconds.
	fn remove_reservation() -> Weight {
		Weight::from_parts(54_090_000, 3_730)
			.saturating_add(T::DbWeight::get().reads_writes(3, 3))
	}
}
