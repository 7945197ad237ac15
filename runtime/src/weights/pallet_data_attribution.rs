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
	/// At least 56_444 nanoseconds.
	fn create_datanet() -> Weight {
		Weight::from_parts(67_989_000, 5_410)
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
	/// At least 56_574 nanoseconds.
	fn create_datanet_with() -> Weight {
		Weight::from_parts(67_558_000, 5_410)
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
	/// At least 175_481 nanoseconds.
	fn submit_contribution() -> Weight {
		Weight::from_parts(194_216_000, 11_100)
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
	/// At least 1_036_025 nanoseconds.
	fn submit_contributions(n: u32, d: u32, ) -> Weight {
		Weight::from_parts(1_076_491_000, 5_410)
			// Standard error: 22_335_027
			.saturating_add(Weight::from_parts(13_261_321, 0).saturating_mul(n.into()))
			// Standard error: 22_531_009
			.saturating_add(Weight::from_parts(219_808_074, 0).saturating_mul(d.into()))
			.saturating_add(Weight::from_parts(0, 6_380).saturating_mul(d.into()))
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
	/// At least 22_874 nanoseconds.
	fn accept_contribution() -> Weight {
		Weight::from_parts(98_608_000, 9_010)
			.saturating_add(T::DbWeight::get().reads_writes(6, 4))
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
	/// At least 113_429 nanoseconds.
	fn reject_contribution() -> Weight {
		Weight::from_parts(124_447_000, 8_160)
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
	/// At least 62_113 nanoseconds.
	fn withdraw_contribution() -> Weight {
		Weight::from_parts(72_189_000, 8_160)
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
	/// At least 61_222 nanoseconds.
	fn publish_release() -> Weight {
		Weight::from_parts(108_455_000, 9_010)
			.saturating_add(T::DbWeight::get().reads_writes(6, 3))
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
	/// At least 81_782 nanoseconds.
	fn claim(r: u32, ) -> Weight {
		Weight::from_parts(85_143_797, 7_186)
			// Standard error: 47_214
			.saturating_add(Weight::from_parts(7_742_461, 0).saturating_mul(r.into()))
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
	/// At least 81_191 nanoseconds.
	fn claim_for(r: u32, ) -> Weight {
		Weight::from_parts(85_629_795, 7_186)
			// Standard error: 52_647
			.saturating_add(Weight::from_parts(7_800_952, 0).saturating_mul(r.into()))
			.saturating_add(Weight::from_parts(0, 2_563).saturating_mul(r.into()))
			.saturating_add(T::DbWeight::get().reads_writes(6, 5))
			.saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(r.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(r.into())))
	}
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// At least 11_427 nanoseconds.
	fn set_open() -> Weight {
		Weight::from_parts(18_719_000, 5_410)
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
	/// At least 57_226 nanoseconds.
	fn allow_contributor() -> Weight {
		Weight::from_parts(65_940_000, 5_410)
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
	/// At least 53_340 nanoseconds.
	fn disallow_contributor() -> Weight {
		Weight::from_parts(61_983_000, 5_410)
			.saturating_add(T::DbWeight::get().reads_writes(4, 3))
	}
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// At least 11_227 nanoseconds.
	fn lower_curator_share() -> Weight {
		Weight::from_parts(18_488_000, 5_410)
			.saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// At least 11_567 nanoseconds.
	fn offer_curator() -> Weight {
		Weight::from_parts(18_879_000, 5_410)
			.saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	/// Storage: `DataAttribution::Datanets` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Datanets` (`max_values`: None, `max_size`: Some(194), added: 2669, mode: `MaxEncodedLen`)
	///
	/// At least 11_367 nanoseconds.
	fn withdraw_curator_offer() -> Weight {
		Weight::from_parts(18_429_000, 5_410)
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
	/// At least 91_716 nanoseconds.
	fn accept_curator() -> Weight {
		Weight::from_parts(109_362_000, 7_370)
			.saturating_add(T::DbWeight::get().reads_writes(7, 4))
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
	/// At least 61_562 nanoseconds.
	// Estimated by hand from the measurement with one map entry a curator, until it is measured again.
	fn claim_curator(d: u32, ) -> Weight {
		Weight::from_parts(67_817_000, 4_493)
			.saturating_add(Weight::from_parts(12_000_000, 2_551).saturating_mul(d.into()))
			.saturating_add(T::DbWeight::get().reads_writes(4, 3))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(d.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(d.into())))
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
	/// At least 62_553 nanoseconds.
	// Estimated by hand from the measurement with one map entry a curator, until it is measured again.
	fn claim_curator_for(d: u32, ) -> Weight {
		Weight::from_parts(69_338_000, 7_096)
			.saturating_add(Weight::from_parts(12_000_000, 2_551).saturating_mul(d.into()))
			.saturating_add(T::DbWeight::get().reads_writes(5, 4))
			.saturating_add(T::DbWeight::get().reads(1_u64.saturating_mul(d.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(d.into())))
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
	/// At least 23_805 nanoseconds.
	fn set_weight() -> Weight {
		Weight::from_parts(33_952_000, 5_410)
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
	/// At least 25_838 nanoseconds.
	fn stop_contribution() -> Weight {
		Weight::from_parts(35_674_000, 7_002)
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
	/// At least 64_496 nanoseconds.
	fn withdraw_bond() -> Weight {
		Weight::from_parts(74_181_000, 8_160)
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
	/// At least 70_776 nanoseconds.
	fn transfer_contribution() -> Weight {
		Weight::from_parts(80_300_000, 7_460)
			.saturating_add(T::DbWeight::get().reads_writes(5, 6))
	}
	/// Storage: `DataAttribution::Contributions` (r:1 w:1)
	///
	/// Proof: `DataAttribution::Contributions` (`max_values`: None, `max_size`: Some(615), added: 3090, mode: `MaxEncodedLen`)
	///
	/// At least 14_631 nanoseconds.
	fn set_beneficiary() -> Weight {
		Weight::from_parts(22_384_000, 5_410)
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
	/// At least 166_798 nanoseconds.
	fn accuse_contribution(r: u32, ) -> Weight {
		Weight::from_parts(115_375_175, 10_689)
			// Standard error: 1_756_135
			.saturating_add(Weight::from_parts(10_564_979, 0).saturating_mul(r.into()))
			.saturating_add(Weight::from_parts(0, 2_563).saturating_mul(r.into()))
			.saturating_add(T::DbWeight::get().reads_writes(13, 9))
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
	/// At least 24_186 nanoseconds.
	fn confirm_accusation() -> Weight {
		Weight::from_parts(32_159_000, 5_410)
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
	/// At least 18_087 nanoseconds.
	fn contest_accusation() -> Weight {
		Weight::from_parts(25_649_000, 5_410)
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
	/// Storage: `System::Account` (r:1 w:1)
	///
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	///
	/// Storage: `Balances::Holds` (r:1 w:1)
	///
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(265), added: 2740, mode: `MaxEncodedLen`)
	///
	/// At least 64_016 nanoseconds.
	fn escalate_accusation() -> Weight {
		Weight::from_parts(74_963_000, 5_410)
			.saturating_add(T::DbWeight::get().reads_writes(4, 3))
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
	/// At least 132_768 nanoseconds.
	fn execute_slash(r: u32, ) -> Weight {
		Weight::from_parts(177_527_208, 10_689)
			// Standard error: 120_548
			.saturating_add(Weight::from_parts(8_096_592, 0).saturating_mul(r.into()))
			.saturating_add(Weight::from_parts(0, 2_563).saturating_mul(r.into()))
			.saturating_add(T::DbWeight::get().reads_writes(12, 10))
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
	/// At least 168_992 nanoseconds.
	fn resolve_accusation(r: u32, ) -> Weight {
		Weight::from_parts(183_848_000, 10_689)
			// Standard error: 1_527_707
			.saturating_add(Weight::from_parts(16_072_176, 0).saturating_mul(r.into()))
			.saturating_add(Weight::from_parts(0, 2_563).saturating_mul(r.into()))
			.saturating_add(T::DbWeight::get().reads_writes(12, 10))
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
	/// At least 96_614 nanoseconds.
	fn drop_accusation() -> Weight {
		Weight::from_parts(107_160_000, 7_186)
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
	/// At least 77_075 nanoseconds.
	fn sweep_slashed(r: u32, ) -> Weight {
		// With a read and a write of `SlashedEarnings` added by hand, until it is measured again.
		Weight::from_parts(84_202_112, 9_685)
			// Standard error: 33_971
			.saturating_add(Weight::from_parts(8_547_862, 0).saturating_mul(r.into()))
			.saturating_add(Weight::from_parts(0, 2_563).saturating_mul(r.into()))
			.saturating_add(T::DbWeight::get().reads_writes(6, 5))
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
	/// At least 94_561 nanoseconds.
	fn reserve_root() -> Weight {
		Weight::from_parts(100_725_000, 7_370)
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
	/// At least 49_274 nanoseconds.
	fn remove_reservation() -> Weight {
		Weight::from_parts(54_277_000, 4_630)
			.saturating_add(T::DbWeight::get().reads_writes(3, 3))
	}
}
