//! Questions of nodes and wallets about datanets, contributions and what may be claimed, through the
//! runtime APIs.

use crate::{
	Config, ContributionStatus, Contributions, ContributionsOf, CuratorEarnings, DatanetIdByName,
	Datanets, DirectEarnings, NextDatanetId, Pallet, Releases, MAX_RELEASES,
};
use alloc::{string::String, vec::Vec};
use openledger_primitives::{
	info::{
		ContributionInfo, ContributionState, DatanetInfo, PendingPage, PendingPayout, ReleaseInfo,
		Scheduled,
	},
	AccountId, Balance, ContributionId, DatanetId, Name, ReleaseId, MAX_PAGE,
};
use sp_runtime::{traits::Zero, SaturatedConversion};

/// A page ends early once it has looked at so many releases, so that a contributor with many
/// contributions in datanets with a long history cannot make one query take for ever.
const RELEASES_PER_PAGE: usize = 4_096;

/// Datanets of one curator that are looked at, at most, so that nobody's query takes for ever.
const DATANETS_LOOKED_AT: usize = 4_096;

/// The size of a page that was asked to have `limit` entries: at least one, so that whoever goes
/// on from where it ended gets on.
fn page_size(limit: u32) -> usize {
	usize::try_from(limit.clamp(1, MAX_PAGE)).unwrap_or(1)
}

fn text(bytes: &[u8]) -> String {
	String::from_utf8_lossy(bytes).into_owned()
}

impl<T: Config> Pallet<T> {
	/// The id of the datanet with this name.
	pub fn datanet_by_name(name: &[u8]) -> Option<DatanetId> {
		DatanetIdByName::<T>::get(Name::try_from(name.to_vec()).ok()?)
	}

	/// Up to `limit` releases of a datanet (256 at most), from `from` upwards.
	pub fn releases(datanet: DatanetId, from: ReleaseId, limit: u32) -> Vec<ReleaseInfo> {
		let latest = Datanets::<T>::get(datanet).map_or(0, |entry| entry.latest_release);
		let info = |release| {
			let state = Releases::<T>::get(datanet, release)?;
			Some(ReleaseInfo {
				datanet,
				release,
				total_weight: state.total_weight,
				contributions: state.contributions,
				root: state.root,
				curator_share: state.curator_share,
				per_weight: state.index.per_weight,
				carry: state.index.carry,
				received: state.received,
			})
		};
		(from.max(1)..=latest).take(page_size(limit)).filter_map(info).collect()
	}

	/// Amount that `account` may claim as the curator of datanets, in planck: of 4,096 of them at most.
	pub fn pending_curator(account: &T::AccountId) -> Balance {
		CuratorEarnings::<T>::iter_prefix_values(account)
			.take(DATANETS_LOOKED_AT)
			.fold(Balance::zero(), Balance::saturating_add)
	}

	/// The claims of `account` now: up to `limit` of its contributions (256 at most), from the id
	/// `from` upwards. A page may end before `limit` if the contributions have very many releases;
	/// `next` says where to go on.
	pub fn pending(account: &T::AccountId, from: ContributionId, limit: u32) -> PendingPage {
		let limit = page_size(limit);
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

	/// The claims of one contribution, direct and from each release, and how many releases were
	/// looked at: [`MAX_RELEASES`] at most.
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
		if contribution.is_forfeited() {
			return (0, payouts);
		}
		let Some(first) = contribution.checkpoints.first().map(|point| point.from_release) else {
			return (0, payouts);
		};
		let latest = Datanets::<T>::get(datanet).map_or(0, |datanet| datanet.latest_release);
		let mut looked_at = 0usize;
		for release in first..=latest.min(MAX_RELEASES) {
			looked_at = looked_at.saturating_add(1);
			let weight = contribution.weight_at(release);
			if weight.is_zero() {
				continue;
			}
			let Some(state) = Releases::<T>::get(datanet, release) else { continue };
			let amount = Self::owed(id, &contribution, release, &state).unwrap_or_default();
			if !amount.is_zero() {
				let release = Some(release);
				payouts.push(PendingPayout { contribution: id, datanet, release, weight, amount });
			}
		}
		(looked_at, payouts)
	}
}

impl<T: Config> Pallet<T>
where
	T::AccountId: Into<AccountId>,
{
	/// A datanet as it is now.
	pub fn datanet_info(id: DatanetId) -> Option<DatanetInfo> {
		let datanet = Datanets::<T>::get(id)?;
		let now = frame_system::Pallet::<T>::block_number();
		let current = datanet.current_at(now).unwrap_or_default();
		let announced = datanet.announced(now);
		Some(DatanetInfo {
			id,
			name: text(&datanet.name),
			curator: datanet.curator()?.clone().into(),
			offered_to: datanet.offered_to.map(Into::into),
			curator_share: datanet.curator_share,
			open: datanet.open,
			latest_release: datanet.latest_release,
			current_release: (!current.is_zero()).then_some(current),
			next_release: announced
				.map(|(release, from)| Scheduled { from: from.saturated_into(), value: release }),
			next_total_weight: datanet.next_total_weight,
			next_contributions: datanet.next_contributions,
		})
	}

	/// Up to `limit` datanets (256 at most), from the id `from` upwards.
	pub fn datanets(from: DatanetId, limit: u32) -> Vec<DatanetInfo> {
		let ids = from..NextDatanetId::<T>::get();
		ids.take(page_size(limit)).filter_map(Self::datanet_info).collect()
	}

	/// A contribution as it is now.
	pub fn contribution_info(id: ContributionId) -> Option<ContributionInfo> {
		let contribution = Contributions::<T>::get(id)?;
		let latest = Datanets::<T>::get(contribution.datanet)?.latest_release;
		let state = match contribution.status {
			ContributionStatus::Slashed => ContributionState::Slashed,
			_ if contribution.taken_down.is_some() => ContributionState::TakenDown,
			_ if Self::is_accused(id) => ContributionState::Accused,
			ContributionStatus::Pending => ContributionState::Pending,
			ContributionStatus::Accepted => ContributionState::Accepted,
			ContributionStatus::Stopped(_) => ContributionState::Stopped,
		};
		Some(ContributionInfo {
			id,
			datanet: contribution.datanet,
			beneficiary: contribution.payee().clone().into(),
			root: contribution.root,
			size: contribution.size,
			uri: text(&contribution.uri),
			format: contribution.format,
			licence: contribution.licence,
			since: contribution.since.saturated_into(),
			shown_at: contribution.shown_at().map(SaturatedConversion::saturated_into),
			drawn: Self::drawn_leaf(id, &contribution),
			withheld: contribution.is_withheld(),
			slashed_at: contribution.slashed_at().map(SaturatedConversion::saturated_into),
			state,
			next_weight: contribution.weight_at(latest.saturating_add(1)),
			bond: contribution.bond,
			contributor: contribution.contributor.into(),
		})
	}

	/// Up to `limit` contributions of `account` (256 at most), from the id `from` upwards.
	pub fn contributions(
		account: &T::AccountId,
		from: ContributionId,
		limit: u32,
	) -> Vec<ContributionInfo> {
		let ids = Self::contributions_from(account, from);
		ids.take(page_size(limit)).filter_map(Self::contribution_info).collect()
	}
}
