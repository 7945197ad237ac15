//! # Data attribution
//!
//! Who gave the data behind a model, and how they are paid for each call of it.
//!
//! A *datanet* is a pool of data around one subject. Contributors submit data sets to it, each as
//! the Merkle root of its chunks, with a bond. The datanet's curator accepts a contribution with a
//! weight, or rejects it. When the curator publishes a *release*, the contributions and weights of
//! that moment are frozen under a number, and models are trained on that release. A model's income
//! goes to the contributors of the releases that it was made from: who contributes later earns from
//! later models and never dilutes earlier ones.
//!
//! ## How a release costs the same with one contribution or a million
//!
//! Publishing copies three numbers: the total weight and the count, which the datanet keeps up to
//! date as contributions are accepted, and the curator's share. Which contributions are in a
//! release is not written down once more. Each contribution has [`Checkpoint`]s instead,
//! `(from_release, weight)`, and its weight in release `r` is that of the newest checkpoint with
//! `from_release <= r` ([`Contribution::weight_at`]). Accepting, changing a weight, stopping and
//! slashing set a checkpoint at the *next* release, so a published release never changes.
//!
//! ## How a payment costs the same with one contribution or a million
//!
//! A release has a pool index (see [`openledger_primitives::pool_index`]): planck paid per unit of
//! weight, a whole number, and a carry for what did not divide. Paying a release is one addition to
//! its index. What a contribution has to claim is its weight times the difference between the index
//! and the one it claimed up to last. All of it is exact: `total_weight * index + carry` is what the
//! release ever received.
//!
//! ```
//! use openledger_primitives::pool_index::PoolIndex;
//!
//! // A release of Alice, with weight 1, and Bob, with weight 3, earns 42 planck.
//! let index = PoolIndex::default().pay(42, 4).unwrap();
//! assert_eq!((index.per_weight, index.carry), (10, 2));
//! assert_eq!(index.owed(3, 0), Some(30));
//!
//! // Bob claims, and 6 planck more come in. With the two that were carried, all is divided.
//! let bob_claimed_to = index.per_weight;
//! let index = index.pay(6, 4).unwrap();
//! assert_eq!(index.carry, 0);
//! assert_eq!(index.owed(3, bob_claimed_to), Some(6));
//! assert_eq!(index.owed(1, 0), Some(12));
//! ```
//!
//! ## How a call's data part is divided
//!
//! ```text
//! data part ─┬─ attributed share ──► contributions that the call's attribution names, by weight
//!            └─ rest ──────────────► releases that the model was made from, by weight
//!                                    (of each: the curator's share to the curator)
//! ```
//!
//! All divisions are exact ([`openledger_primitives::split`]). The attribution comes from the node
//! that ran the call, so it is not trusted to name just anybody: an entry counts only if its
//! contribution is part of one of the releases that the model was made from, and was not slashed.
//! The part of an entry that does not count goes to the releases, not to the other entries. A source that leads to no published release
//! leaves its part to the others; if none leads to one, the payment fails whole. Of what is
//! attributed to a contribution, the curator gets the share of the newest of those releases that it
//! is part of. A whole batch of calls is credited at once: each release, contribution and curator
//! is read and written once. See
//! [`DataRevenue::credit`](openledger_primitives::traits::DataRevenue::credit).
//!
//! Crediting moves no OPEN: the settlement that credits also pays the sum into this pallet's pot
//! ([`Pallet::pot`]), from which contributors [`claim`](Call::claim) and curators
//! [`claim_curator`](Call::claim_curator). [`Accounted`] is what the pot owes, and `try_state`
//! re-adds it from every index, claim and carry.
//!
//! ## What keeps curators and contributors honest
//!
//! - A release is frozen: a curator can change weights and shares only for later ones, and the
//!   curator's share only downwards.
//! - A model that names no release number is paid by the datanet's current release when a call is
//!   settled, and a new release becomes that only after a notice
//!   ([`ReleaseNotice`](Config::ReleaseNotice)): a curator cannot publish a release that is heavy with
//!   data of their own and be paid by calls that are settled before the notice is over.
//! - A contributor may stop: the contribution is in no further release, but keeps what it has.
//! - A rejected contributor keeps a claim to the root for a time (see below): a curator cannot reject
//!   what they have seen, and submit it as their own.
//! - A duplicate or a fraud can be accused by anybody who puts up as much as the bond. The curator
//!   confirms, the contributor may contest, and then governance alone decides, as it may at any
//!   time before. If the curator does nothing, the accuser can turn to governance. As long as the
//!   curator could confirm it, only the accuser can drop it: no curator protects a fraud of their own.
//! - A curator who is the accuser cannot confirm, nothing of a bond ever goes to the curator, and
//!   whoever else accuses gets a part of it only if governance has decided, or the root itself proves
//!   it. What is merely not contested goes to the protocol: slashing does not pay a curator, not
//!   with a second account either.
//! - Accusing over and over costs the accuser a share of the deposit each time, which goes to the
//!   contributor, and turning to governance costs one more, at once. What governance does not decide in
//!   time can be dropped by anybody.
//! - A verdict names whose accusation it is about. If that was dropped before the verdict is carried
//!   out, it does not hit the next one.
//! - A slashed contribution keeps what it has earned. What it would still earn goes to the protocol
//!   ([`sweep_slashed`](Call::sweep_slashed)): nobody else's share moves.
//!
//! An accusation and how it goes on:
//!
//! ```text
//! Reported ──confirm──► Confirmed ──contest──► Contested ──► governance: slashed, or the deposit is
//!    │ │                 ▲  │                     │           the contributor's
//!    │ │                 │  └─ after a time: slashed, all to the protocol
//!    │ │                 │                        └─ after a longer time: dropped, at no cost
//!    │ └──escalate──► Escalated
//!    │       at a cost   └─ after that longer time: dropped, at a cost once more
//!    └─ dropped, at a cost
//! ```
//!
//! Governance can decide at each stage. A duplicate by proof is slashed by the accusation itself. Only
//! what the curator has confirmed, and the contributor contested, costs the accuser nothing more if
//! nobody decides. For whoever turned to governance with good reason, the share of the bond that comes
//! with the verdict makes up for what it cost.
//!
//! What an accusation costs goes to the contributor, who was put under it. So a fraud and an accomplice
//! can keep others from accusing it for a while at the price of fees, by accusing and dropping in turn.
//! Two things go through all the same: a duplicate's proof, and a verdict that governance batches for
//! whoever is the accuser of the moment.
//!
//! ## How a root is reserved
//!
//! Whoever sees a submission before it is in a block could submit the same root first. Against
//! this, a contributor may reserve the root some blocks earlier without showing it, by its
//! [`commitment`](Pallet::commitment). A submission counts from the block of its reservation, and
//! one that counts from earlier takes the root over. The commitment contains the account that may
//! use it, so it does not matter who sent it: copying a reservation only pays for somebody else's.
//!
//! A contribution that is pending and loses its root is removed, and its bond released. One that was
//! accepted stays, because releases may have it, but once the one that has its root now is accepted
//! too, whoever accuses it as a duplicate of that one needs no other proof: it is slashed at once. If
//! the one that took the root over is withdrawn or rejected instead, the root goes back.
//!
//! Whose contribution is rejected gets such a reservation too, which counts from when the
//! contribution did. For its [time](Config::ReservationPeriod) nobody who has seen the root in the
//! rejected submission can keep it from them. What is submitted with it and rejected again leaves
//! none that would last longer, and none at all if the root goes back to one that was accepted: whom
//! curators reject elsewhere can still bring it to a datanet of their own within that time.
//!
//! Nor does a root stay with a contribution that nobody decides about, and that risks no bond because
//! only what was accepted can be accused. Curators have a [time](Config::PendingPeriod) to decide,
//! counted from the block that the contribution counts from, or, if it was submitted with what a
//! rejection had left, from when that would have been over. As long as nobody comes it stays as it is,
//! and can be accepted later too. But from then on it gives way to any other submission of its root,
//! as to one that was reserved earlier: it is removed, its bond is released, and nothing of it is left
//! to be accepted. The root of one that is accepted is not to be had that way, whoever contends for
//! it.
//!
//! What comes after it counts from its own reservation, or its own block, as ever. So who waits for a
//! root should reserve it: whoever reserved it earliest has it then, and the one that gave way, too,
//! comes back only with a reservation from before.
//!
//! What this does not prevent: whoever withdraws a contribution just before its time is over, and
//! submits it anew in the same transaction with a reservation that is about to end, keeps the root for
//! as long as they go on with that, at the price of the fees. It pays nobody, and ends when they once
//! come late; data that is worth that much is better reserved before anybody has seen it.
//!
//! ## What sources without a number lead to
//!
//! A model's source names a release, or none: then it means the datanet's *current* one. The first
//! release is that at once; a later one takes its place [`ReleaseNotice`](Config::ReleaseNotice)
//! blocks after it was published. One that is published meanwhile takes the place of the announced
//! one, and the notice begins anew. [`Datanet`] has both: `current_release`, and `next_release` with
//! the block from which it counts, whether anything is written in that block or not
//! ([`Datanet::current_at`]). Whoever calls such a model finds the latter with the event
//! `ReleaseAnnounced`, a notice before it is paid. It is the block of the settlement that counts, not
//! that of the call: what is settled once the notice is over pays the new one.
//!
//! ## Who does what
//!
//! | role | calls |
//! |---|---|
//! | curator (anybody with the deposit) | [`create_datanet`](Call::create_datanet), [`create_datanet_with`](Call::create_datanet_with) |
//! | the datanet's curator | [`accept_contribution`](Call::accept_contribution), [`reject_contribution`](Call::reject_contribution), [`set_weight`](Call::set_weight), [`publish_release`](Call::publish_release), [`set_open`](Call::set_open), [`allow_contributor`](Call::allow_contributor), [`disallow_contributor`](Call::disallow_contributor), [`lower_curator_share`](Call::lower_curator_share), [`offer_curator`](Call::offer_curator), [`withdraw_curator_offer`](Call::withdraw_curator_offer), [`confirm_accusation`](Call::confirm_accusation) |
//! | whom the curator's role is offered to | [`accept_curator`](Call::accept_curator) |
//! | contributor (anybody with the bond whom the datanet admits) | [`submit_contribution`](Call::submit_contribution), [`submit_contributions`](Call::submit_contributions), [`reserve_root`](Call::reserve_root) |
//! | the contribution's contributor | [`withdraw_contribution`](Call::withdraw_contribution), [`stop_contribution`](Call::stop_contribution), [`withdraw_bond`](Call::withdraw_bond), [`transfer_contribution`](Call::transfer_contribution), [`set_beneficiary`](Call::set_beneficiary), [`contest_accusation`](Call::contest_accusation), [`claim`](Call::claim) |
//! | a former curator who paid for an admission | [`disallow_contributor`](Call::disallow_contributor) |
//! | whoever earned as a curator | [`claim_curator`](Call::claim_curator) |
//! | reporter (anybody with as much as the bond) | [`accuse_contribution`](Call::accuse_contribution), [`escalate_accusation`](Call::escalate_accusation), [`drop_accusation`](Call::drop_accusation) |
//! | governance | [`resolve_accusation`](Call::resolve_accusation) |
//! | anybody | [`claim_for`](Call::claim_for), [`claim_curator_for`](Call::claim_curator_for), [`drop_accusation`](Call::drop_accusation), [`execute_slash`](Call::execute_slash), [`sweep_slashed`](Call::sweep_slashed), [`remove_reservation`](Call::remove_reservation) |
//!
//! ## Storage
//!
//! | map | key | largest value | who pays | who cleans |
//! |---|---|---|---|---|
//! | [`NextDatanetId`], [`NextContributionId`] | – | 4 and 8 bytes | – | never grow |
//! | [`Datanets`] | datanet | 182 bytes | the curator's deposit | stays: releases refer to it |
//! | [`DatanetIdByName`] | name | 4 bytes | the curator's deposit | stays with the datanet |
//! | [`Admissions`] | datanet, account | 48 bytes | the curator's deposit for each | disallowing |
//! | [`Contributions`] | contribution | 599 bytes | the contributor's bond, and what stays of it | rejecting, withdrawing, or taking the bond of one back that no release has; stays otherwise |
//! | [`RootOwner`] | Merkle root | 8 bytes | the contributor's bond | with the contribution, or slashing it |
//! | [`ContributionsOf`] | account, contribution | 0 bytes | the contributor's bond | with the contribution |
//! | [`Releases`] | datanet, release | 64 bytes | the curator's deposit for each, 512 at most | stays: models refer to it |
//! | [`Claimed`] | contribution, release | 16 bytes | who claims, by the fee | stays with the release |
//! | [`DirectEarnings`] | contribution | 16 bytes | the contributor's bond | claiming |
//! | [`CuratorEarnings`] | account | 16 bytes | the curator's deposit | claiming |
//! | [`Accusations`] | contribution | 62 bytes | the accuser's deposit | dropping, resolving or carrying it out |
//! | [`Reservations`] | commitment | 57 bytes | the deposit of who reserved | using it; anybody once it is over |
//! | [`Accounted`] | – | 16 bytes | – | never grows |
//!
//! Deposits and bonds are flat and meant to cover the largest entry. They are holds, and the amount
//! is kept with what it was held for, so that what comes back is what was put down even if the
//! parameters have changed. A stopped contribution that releases have stays for them, and a part of
//! its bond with it ([`ContributionDeposit`](Config::ContributionDeposit)). What is left of a slashed
//! one was paid for by the bond that it lost.

#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]

extern crate alloc;

mod accusations;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod calls;
mod claims;
mod config;
mod contributions;
mod credit;
mod curation;
mod datanets;
mod errors;
mod events;
mod impls;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod invariants;
pub mod migrations;
#[cfg(test)]
mod mock;
mod queries;
mod reservations;
mod storage;
#[cfg(test)]
mod tests;
mod types;
pub mod weights;

use frame_support::pallet_macros::import_section;
pub use pallet::*;
pub use types::{
	Accusation, AccusationReason, AccusationStage, Admission, Checkpoint, Contribution,
	ContributionStatus, Datanet, Release, Reservation, Submission, MAX_CHECKPOINTS, MAX_RELEASES,
	MAX_TOTAL_WEIGHT,
};
pub use weights::WeightInfo;

/// The datanets of a pallet's runtime.
pub(crate) type DatanetOf<T> = Datanet<
	<T as frame_system::Config>::AccountId,
	frame_system::pallet_prelude::BlockNumberFor<T>,
>;
/// The contributions of a pallet's runtime.
pub(crate) type ContributionOf<T> = Contribution<
	<T as frame_system::Config>::AccountId,
	frame_system::pallet_prelude::BlockNumberFor<T>,
>;
/// The accusations of a pallet's runtime.
pub(crate) type AccusationOf<T> = Accusation<
	<T as frame_system::Config>::AccountId,
	frame_system::pallet_prelude::BlockNumberFor<T>,
>;
/// The reservations of a pallet's runtime.
pub(crate) type ReservationOf<T> = Reservation<
	<T as frame_system::Config>::AccountId,
	frame_system::pallet_prelude::BlockNumberFor<T>,
>;

#[import_section(calls::calls)]
#[import_section(config::config)]
#[import_section(errors::errors)]
#[import_section(events::events)]
#[import_section(storage::storage)]
#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use frame_support::{
		pallet_prelude::*,
		traits::{
			fungible::{Inspect, Mutate, MutateHold},
			EnsureOrigin,
		},
		PalletId,
	};
	use frame_system::pallet_prelude::*;
	use openledger_primitives::{
		traits::RecordEarnings, Balance, ContributionId, DatanetId, Hash, Name, ReleaseId, Uri,
		Weight, MAX_CLAIM, MAX_SUBMISSION,
	};
	use sp_runtime::{
		traits::{AccountIdConversion, Zero},
		Permill, SaturatedConversion,
	};

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(2);

	/// Datanets, contributions, and what they earn.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// Makes sure that the pot exists. There is nothing to configure.
	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// Nothing.
		#[serde(skip)]
		pub _config: core::marker::PhantomData<T>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			let pot = Pallet::<T>::pot();
			let missing =
				T::Currency::minimum_balance().saturating_sub(T::Currency::total_balance(&pot));
			if !missing.is_zero() {
				// A genesis that cannot be built must not become a chain: no call ever comes here.
				let minted = T::Currency::mint_into(&pot, missing);
				assert!(minted.is_ok(), "the pot cannot be endowed");
			}
		}
	}

	#[pallet::extra_constants]
	impl<T: Config> Pallet<T> {
		/// The most that the weights of one release add up to.
		#[pallet::constant_name(MaxTotalWeight)]
		fn max_total_weight() -> Weight {
			MAX_TOTAL_WEIGHT
		}

		/// The most releases of one datanet.
		#[pallet::constant_name(MaxReleases)]
		fn max_releases() -> ReleaseId {
			MAX_RELEASES
		}
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		#[cfg(feature = "std")]
		fn integrity_test() {
			// Asking governance costs the one, and being right pays the other, of the same bond.
			assert!(
				T::DroppedShare::get() < T::ReporterShare::get(),
				"being right must make up for having asked governance"
			);
			assert!(
				T::ReservationPeriod::get() < T::PendingPeriod::get(),
				"what is submitted with a reservation must not be late from the start"
			);
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	impl<T: Config> Pallet<T> {
		/// The account that holds what contributors may claim.
		pub fn pot() -> T::AccountId {
			T::PotId::get().into_account_truncating()
		}
	}
}
