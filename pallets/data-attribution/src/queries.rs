//! What earners ask, through the runtime API.

use crate::{Config, Contributions, ContributionsOf, Datanets, DirectEarnings, Pallet, Releases};
use alloc::vec::Vec;
use openledger_primitives::{
	info::{PendingPage, PendingPayout},
	ContributionId, MAX_PAGE,
};
use sp_runtime::traits::Zero;

/// A page ends early once it has looked at so many releases, so that a datanet with a long history
/// cannot make one query take for ever.
const RELEASES_PER_PAGE: usize = 4_096;

impl<T: Config> Pallet<T> {
	/// What `account` may claim now: up to `limit` of its contributions (256 at most), from the id
	/// `from` upwards. A page may end before `limit` if the contributions have very many releases;
	/// `next` says where to go on.
	pub fn pending(account: &T::AccountId, from: ContributionId, limit: u32) -> PendingPage {
		let limit = usize::try_from(limit.min(MAX_PAGE)).unwrap_or_default();
		let mut page = PendingPage::default();
		let mut looked_at = 0usize;
		for (position, contribution) in Self::contributions_from(account, from).enumerate() {
			if position >= limit || looked_at >= RELEASES_PER_PAGE {
				page.next = Some(contribution);
				break;
			}
			let (releases, mut payouts) = Self::pending_of(contribution);
			looked_at = looked_at.saturating_add(releases);
			page.payouts.append(&mut payouts);
		}
		page
	}

	/// The ids of an account's contributions, rising, from `from` upwards.
	fn contributions_from(
		account: &T::AccountId,
		from: ContributionId,
	) -> impl Iterator<Item = ContributionId> {
		// The iterator starts after the key it is given.
		let keys = match from.checked_sub(1) {
			Some(before) => ContributionsOf::<T>::iter_key_prefix_from(
				account,
				ContributionsOf::<T>::hashed_key_for(account, before.to_be_bytes()),
			),
			None => ContributionsOf::<T>::iter_key_prefix(account),
		};
		keys.map(ContributionId::from_be_bytes)
	}

	/// What one contribution may claim, directly and from each release, and how many releases were
	/// looked at.
	fn pending_of(id: ContributionId) -> (usize, Vec<PendingPayout>) {
		let mut payouts = Vec::new();
		let Some(contribution) = Contributions::<T>::get(id) else { return (0, payouts) };
		let datanet = contribution.datanet;

		let direct = DirectEarnings::<T>::get(id);
		if !direct.is_zero() {
			payouts.push(PendingPayout {
				contribution: id,
				datanet,
				release: None,
				weight: 0,
				amount: direct,
			});
		}
		let Some(first) = contribution.checkpoints.first().map(|point| point.from_release) else {
			return (0, payouts);
		};
		let latest = Datanets::<T>::get(datanet).map_or(0, |datanet| datanet.latest_release);
		let mut looked_at = 0usize;
		for release in first..=latest {
			looked_at = looked_at.saturating_add(1);
			let Some(state) = Releases::<T>::get(datanet, release) else { continue };
			let owed = Self::owed(id, &contribution, release, &state).unwrap_or_default();
			if !owed.is_zero() {
				payouts.push(PendingPayout {
					contribution: id,
					datanet,
					release: Some(release),
					weight: contribution.weight_at(release),
					amount: owed,
				});
			}
		}
		(looked_at, payouts)
	}
}
