//! The benchmarks' set-up: people, datanets, contributions, and what they have earned.

use crate::*;
use alloc::{format, vec, vec::Vec};
use frame_benchmarking::v2::*;
use frame_support::traits::{
	fungible::{Inspect, Mutate},
	Get,
};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use openledger_primitives::{
	attribution::{DataSource, DataSources, ReleaseSelector},
	contribution::{Standing, Submission, FORMAT_STREAM},
	data_tree::{self, RangeProof, LEAF_BYTES},
	domain,
	history::History,
	lane::AttributionShare,
	release::ReleaseLog,
	stream::MAX_STREAM,
	traits::LaneDue,
	ContributionId, DatanetId, Hash, Name, ReleaseId, Uri, MAX_NAME, MAX_URI, OPEN,
};
use sp_runtime::{
	traits::{One, Saturating, Zero},
	BoundedVec, DispatchError, Permill, SaturatedConversion,
};

/// An account that can sign, and has enough for what it is to do.
pub(crate) fn funded<T: Config>(name: &'static str, number: u32) -> T::AccountId {
	let who = account(name, number, 0);
	fund::<T>(&who);
	who
}

/// Gives an account enough for many deposits and bonds, on top of what it has.
pub(crate) fn fund<T: Config>(who: &T::AccountId) {
	let deposits = T::DatanetDeposit::get()
		.saturating_add(T::ReleaseDeposit::get())
		.saturating_add(T::AdmissionDeposit::get())
		.saturating_add(T::ContributionBond::get())
		.saturating_add(T::ReservationDeposit::get())
		.saturating_mul(64);
	let needed = T::Currency::balance(who)
		.saturating_add(T::Currency::minimum_balance())
		.saturating_add(deposits)
		.saturating_add(OPEN);
	T::Currency::set_balance(who, needed);
}

pub(crate) fn signed<T: Config>(who: &T::AccountId) -> T::RuntimeOrigin {
	RawOrigin::Signed(who.clone()).into()
}

pub(crate) fn pass<T: Config>(blocks: BlockNumberFor<T>) {
	let now = frame_system::Pallet::<T>::block_number();
	frame_system::Pallet::<T>::set_block_number(now.saturating_add(blocks));
}

/// The longest name that no other datanet has.
pub(crate) fn longest_name<T: Config>() -> Name {
	let mut name = vec![b'n'; MAX_NAME.saturated_into()];
	let tail = format!("{:010}", NextDatanetId::<T>::get());
	let start = name.len().saturating_sub(tail.len());
	name.truncate(start);
	name.extend(tail.bytes());
	Name::truncate_from(name)
}

pub(crate) fn longest_uri() -> Uri {
	Uri::truncate_from(vec![b'u'; MAX_URI.saturated_into()])
}

/// The largest submission of a root of its own: that over a stream of nothing but one leaf, over and over. No two
/// numbers have the same leaf.
pub(crate) fn submission(number: u64) -> Submission {
	Submission {
		root: proof(number).1,
		size: MAX_STREAM,
		uri: longest_uri(),
		format: FORMAT_STREAM,
		licence: Hash::repeat_byte(0x11),
	}
}

/// The proof of any leaf of that stream, and its root: on each of the levels, both nodes are the same.
pub(crate) fn proof(number: u64) -> (RangeProof, Hash) {
	let mut bytes = number.to_le_bytes().to_vec();
	bytes.resize(LEAF_BYTES.saturated_into(), 0xda);
	let mut node = data_tree::leaf(&bytes, None);
	let mut hashes = Vec::new();
	let leaves = MAX_STREAM.checked_div(LEAF_BYTES.into()).unwrap_or_default();
	for _ in 0..leaves.trailing_zeros() {
		hashes.push(node);
		node = domain::hash(domain::NODE, &[node.as_bytes(), node.as_bytes()]);
	}
	let proof = RangeProof {
		bytes: BoundedVec::truncate_from(bytes),
		salts: Default::default(),
		hashes: BoundedVec::truncate_from(hashes),
	};
	(proof, node)
}

/// Shows the data of a contribution with that submission, whose leaf is drawn by now.
pub(crate) fn show<T: Config>(
	contribution: ContributionId,
	number: u64,
) -> Result<(), DispatchError> {
	draw::<T>(contribution);
	let contributor = Pallet::<T>::contribution(contribution)?.contributor;
	Pallet::<T>::show_possession(signed::<T>(&contributor), contribution, proof(number).0)
}

/// Lets the draw that a contribution waits for come out.
pub(crate) fn draw<T: Config>(contribution: ContributionId) {
	let entry = Contributions::<T>::get(contribution);
	if let Some(Possession::Owed(draw)) = entry.map(|entry| entry.possession) {
		Pallet::<T>::do_draw(draw);
	}
}

/// A closed datanet without contributions. The curator takes as much as possible.
pub(crate) fn create<T: Config>(curator: &T::AccountId) -> Result<DatanetId, DispatchError> {
	fund::<T>(curator);
	let datanet = NextDatanetId::<T>::get();
	let share = T::MaxCuratorShare::get();
	Pallet::<T>::create_datanet_with(signed::<T>(curator), longest_name::<T>(), false, share)?;
	Ok(datanet)
}

/// The curator of a datanet.
pub(crate) fn curator_of<T: Config>(datanet: DatanetId) -> Result<T::AccountId, DispatchError> {
	let curator = Datanets::<T>::get(datanet).and_then(|entry| entry.curator().cloned());
	curator.ok_or(Error::<T>::UnknownDatanet.into())
}

/// Makes a datanet's log one of so many leaves.
pub(crate) fn fill_log<T: Config>(datanet: DatanetId, count: u32) {
	let peaks = vec![Hash::repeat_byte(0x77); count.count_ones().saturated_into()];
	if let Some(log) = ReleaseLog::from_peaks(count, &peaks) {
		ReleaseLogs::<T>::insert(datanet, log);
	}
}

/// Fills what a datanet remembers, but for one place: its curator and its current release have changed in each
/// block until now, in the end to what they were.
pub(crate) fn fill_histories<T: Config>(datanet: DatanetId) {
	let oldest = BlockNumberFor::<T>::zero();
	let before = Datanets::<T>::get(datanet);
	for number in 0..MAX_CURRENT {
		pass::<T>(One::one());
		let now = frame_system::Pallet::<T>::block_number();
		Datanets::<T>::mutate(datanet, |entry| {
			let (Some(entry), Some(before)) = (entry, &before) else { return };
			if entry.curators.entries().len().saturating_add(2) < MAX_CURATORS.saturated_into() {
				let _ = entry.curators.set(now, account("former", number, 0), oldest);
			} else if let Some(curator) = before.curator() {
				let _ = entry.curators.set(now, curator.clone(), oldest);
			}
			if entry.current.entries().len().saturating_add(2) < MAX_CURRENT.saturated_into() {
				let _ = entry.current.set(now, MAX_RELEASES.saturating_add(number), oldest);
			} else {
				let _ = entry.current.set(now, before.latest_release, oldest);
			}
		});
	}
}

/// Fills what is remembered of a contribution's standing, but for the place that is kept for slashing it.
pub(crate) fn fill_standings<T: Config>(contribution: ContributionId) {
	for number in 0..MAX_STANDINGS {
		let now = frame_system::Pallet::<T>::block_number();
		let standing = match number.checked_rem(2) {
			Some(0) => Standing::Withheld,
			_ => Standing::Accepted,
		};
		Contributions::<T>::mutate(contribution, |entry| {
			if let Some(entry) = entry {
				let _ = entry.standing.set_but_last(now, standing, BlockNumberFor::<T>::zero());
			}
		});
		pass::<T>(One::one());
	}
}

/// A pending contribution, whose data was shown.
pub(crate) fn submit<T: Config>(
	contributor: &T::AccountId,
	datanet: DatanetId,
) -> Result<ContributionId, DispatchError> {
	let contribution = submit_only::<T>(contributor, datanet)?;
	show::<T>(contribution, contribution.saturating_add(1))?;
	Ok(contribution)
}

/// A contribution whose data is still to be shown.
pub(crate) fn submit_only<T: Config>(
	contributor: &T::AccountId,
	datanet: DatanetId,
) -> Result<ContributionId, DispatchError> {
	fund::<T>(contributor);
	let contribution = NextContributionId::<T>::get();
	if let Some(entry) = Datanets::<T>::get(datanet) {
		if !Pallet::<T>::admits(datanet, &entry, contributor) {
			let curator = curator_of::<T>(datanet)?;
			fund::<T>(&curator);
			let origin = signed::<T>(&curator);
			Pallet::<T>::allow_contributor(origin, datanet, contributor.clone())?;
		}
	}
	let submission = submission(contribution.saturating_add(1));
	Pallet::<T>::do_submit(contributor.clone(), datanet, &[submission])?;
	Ok(contribution)
}

/// Makes a contribution one that has taken its root over from another with the given status. Returns
/// that one's id.
pub(crate) fn displace<T: Config>(
	contribution: ContributionId,
	status: ContributionStatus<BlockNumberFor<T>>,
) -> ContributionId {
	let before = NextContributionId::<T>::mutate(|next| {
		let id = *next;
		*next = next.saturating_add(1);
		id
	});
	Contributions::<T>::mutate(contribution, |entry| {
		if let Some(entry) = entry {
			entry.displaced = Some(before);
			let standing = History::new(Zero::zero(), Standing::Accepted);
			let since = entry.since.saturating_add(One::one());
			let displaced =
				Contribution { status, standing, since, uri: longest_uri(), ..entry.clone() };
			Contributions::<T>::insert(before, displaced);
		}
	});
	before
}

/// Makes a contribution one that has taken its root over from one that was slashed since, and whose contributor has a
/// reservation of it that somebody else has paid for, and that is over.
pub(crate) fn rejectable<T: Config>(contribution: ContributionId) -> Result<(), DispatchError> {
	endow_protocol::<T>();
	displace::<T>(contribution, ContributionStatus::Slashed);
	let entry = Pallet::<T>::contribution(contribution)?;
	let payer = funded::<T>("payer", 0);
	let commitment = Pallet::<T>::commitment(entry.root, &entry.contributor);
	Pallet::<T>::reserve_root(signed::<T>(&payer), commitment)?;
	pass::<T>(T::ReservationPeriod::get());
	Ok(())
}

/// A contribution whose root somebody else has reserved for its contributor, and whose data was not shown.
pub(crate) fn reserved<T: Config>(
	contributor: &T::AccountId,
	datanet: DatanetId,
) -> Result<ContributionId, DispatchError> {
	endow_protocol::<T>();
	let payer = funded::<T>("payer", 0);
	let next = submission(NextContributionId::<T>::get().saturating_add(1));
	let commitment = Pallet::<T>::commitment(next.root, contributor);
	Pallet::<T>::reserve_root(signed::<T>(&payer), commitment)?;
	submit_only::<T>(contributor, datanet)
}

/// An accepted contribution in a datanet of its own, that no release has.
pub(crate) fn accept<T: Config>(
	curator: &T::AccountId,
	contributor: &T::AccountId,
) -> Result<(DatanetId, ContributionId), DispatchError> {
	let datanet = create::<T>(curator)?;
	let contribution = submit::<T>(contributor, datanet)?;
	Pallet::<T>::accept_contribution(signed::<T>(curator), contribution, 1)?;
	Ok((datanet, contribution))
}

/// A release of a new datanet, with so many contributions of as many contributors, each of weight 1.
/// Returns their ids. The pot exists afterwards.
pub(crate) fn publish<T: Config>(
	contributions: u32,
) -> Result<(DatanetId, ReleaseId, Vec<ContributionId>), DispatchError> {
	let curator: T::AccountId = account("curator", NextDatanetId::<T>::get(), 0);
	let datanet = create::<T>(&curator)?;
	let mut ids = Vec::new();
	for number in 0..contributions {
		let contributor: T::AccountId = account("contributor", number, datanet);
		let contribution = submit::<T>(&contributor, datanet)?;
		Pallet::<T>::accept_contribution(signed::<T>(&curator), contribution, 1)?;
		ids.push(contribution);
	}
	Pallet::<T>::publish_release(signed::<T>(&curator), datanet)?;
	let pot = Pallet::<T>::pot();
	if T::Currency::balance(&pot) < T::Currency::minimum_balance() {
		T::Currency::set_balance(&pot, T::Currency::minimum_balance());
	}
	Ok((datanet, 1, ids))
}

/// [`publish`], with as many curators, current releases and standings of the contributions before as are
/// remembered. The release is the current one.
pub(crate) fn publish_remembered<T: Config>(
	contributions: u32,
) -> Result<(DatanetId, ReleaseId, Vec<ContributionId>), DispatchError> {
	let published = publish::<T>(contributions)?;
	let least: BlockNumberFor<T> = MAX_CURRENT.into();
	if frame_system::Pallet::<T>::block_number() < least {
		frame_system::Pallet::<T>::set_block_number(least);
	}
	let (datanet, _, ids) = &published;
	Datanets::<T>::mutate(datanet, |entry| {
		let Some(entry) = entry else { return };
		if let Some(curator) = entry.curator().cloned() {
			entry.curators = full::<T, _, _>(|number| account("former", number, 0), curator);
		}
		let former = |number| MAX_RELEASES.saturating_add(number);
		entry.current = full::<T, _, _>(former, entry.latest_release);
	});
	for id in ids {
		Contributions::<T>::mutate(id, |entry| {
			let Some(entry) = entry else { return };
			// The last one before is another one than the present one.
			let former = |number: u32| match number.checked_rem(2) {
				Some(0) => Standing::Accepted,
				_ => Standing::Withheld,
			};
			entry.standing = full::<T, _, _>(former, Standing::Accepted);
		});
	}
	Ok(published)
}

/// A history without room: something else in each of the last blocks, and `value` from now on.
fn full<T: Config, Value: PartialEq, Bound: Get<u32>>(
	former: impl Fn(u32) -> Value,
	value: Value,
) -> History<BlockNumberFor<T>, Value, Bound> {
	let now = frame_system::Pallet::<T>::block_number();
	let first = now.saturating_sub(Bound::get().into());
	let mut history = History::default();
	for number in 1..Bound::get() {
		let _ = history.set(first.saturating_add(number.into()), former(number), Zero::zero());
	}
	let _ = history.set(now, value, Zero::zero());
	history
}

/// Pays an OPEN to each release, half of it to the contribution directly.
pub(crate) fn pay<T: Config>(
	datanet: DatanetId,
	contribution: ContributionId,
	releases: &[ReleaseId],
) -> Result<(), DispatchError> {
	let pot = Pallet::<T>::pot();
	let minimum = T::Currency::minimum_balance();
	if T::Currency::balance(&pot) < minimum {
		T::Currency::set_balance(&pot, minimum);
	}
	let now = frame_system::Pallet::<T>::block_number();
	let whole = [AttributionShare { contribution, basis_points: 10_000 }];
	for release in releases {
		let release = ReleaseSelector::Fixed(*release);
		let sources = DataSources::truncate_from(vec![DataSource { datanet, release, weight: 1 }]);
		let resolved = Pallet::<T>::resolve_sources(&sources, now);
		let due = LaneDue {
			sources: &resolved.map_err(|_| Error::<T>::NoPayableSource)?.sources,
			as_of: now.saturated_into(),
			attributed: Permill::from_percent(50),
			items: vec![(OPEN, &whole)],
		};
		Pallet::<T>::do_credit_lanes(&[due])?;
		T::Currency::mint_into(&pot, OPEN)?;
	}
	Ok(())
}

/// One contribution that is part of so many releases, each of which has earned it something.
pub(crate) fn earn<T: Config>(
	contributor: &T::AccountId,
	releases: u32,
) -> Result<(DatanetId, ContributionId, Vec<ReleaseId>), BenchmarkError> {
	let curator: T::AccountId = account("curator", 0, 0);
	let (datanet, contribution) = accept::<T>(&curator, contributor)?;
	let mut published = Vec::new();
	for release in 1..=releases {
		// A change that needs no contribution.
		Datanets::<T>::mutate(datanet, |entry| {
			if let Some(entry) = entry {
				entry.changed = true;
			}
		});
		fund::<T>(&curator);
		Pallet::<T>::publish_release(signed::<T>(&curator), datanet)?;
		published.push(release);
	}
	pay::<T>(datanet, contribution, &published)?;
	Ok((datanet, contribution, published))
}

/// Accuses a contribution, and confirms that if asked to. Returns who accused it.
pub(crate) fn accuse<T: Config>(
	contribution: ContributionId,
	confirmed: bool,
) -> Result<T::AccountId, DispatchError> {
	let accuser = funded::<T>("accuser", 0);
	endow_protocol::<T>();
	Pallet::<T>::do_accuse(accuser.clone(), contribution, AccusationReason::Fraud)?;
	if confirmed {
		let curator: T::AccountId = account("curator", 0, 0);
		fund::<T>(&curator);
		let origin = signed::<T>(&curator);
		Pallet::<T>::confirm_accusation(origin, contribution, accuser.clone())?;
	}
	Ok(accuser)
}

/// The same, contested by its contributor.
pub(crate) fn contest<T: Config>(
	contribution: ContributionId,
) -> Result<T::AccountId, DispatchError> {
	let accuser = accuse::<T>(contribution, true)?;
	let contributor = Pallet::<T>::contribution(contribution)?.contributor;
	let origin = signed::<T>(&contributor);
	Pallet::<T>::contest_accusation(origin, contribution, accuser.clone())?;
	Ok(accuser)
}

/// Makes sure that there is the protocol's account.
pub(crate) fn endow_protocol<T: Config>() {
	let protocol = T::ProtocolAccount::get();
	if T::Currency::balance(&protocol) < T::Currency::minimum_balance() {
		T::Currency::set_balance(&protocol, T::Currency::minimum_balance());
	}
}

/// Lets somebody submit and show so many roots, each of which the caller had reserved in an earlier block. Returns
/// the submissions.
pub(crate) fn overtaken<T: Config>(
	caller: &T::AccountId,
	datanet: DatanetId,
	count: u32,
) -> Result<Vec<Submission>, DispatchError> {
	let curator = curator_of::<T>(datanet)?;
	let numbers = || (0..count).map(|number| u64::MAX.saturating_sub(number.into()));
	for (number, place) in numbers().zip(0u32..) {
		let payer = funded::<T>("payer", place);
		let commitment = Pallet::<T>::commitment(submission(number).root, caller);
		Pallet::<T>::reserve_root(signed::<T>(&payer), commitment)?;
	}
	pass::<T>(One::one());
	for (number, place) in numbers().zip(0u32..) {
		let other = funded::<T>("other", place);
		fund::<T>(&curator);
		Pallet::<T>::allow_contributor(signed::<T>(&curator), datanet, other.clone())?;
		let contribution = NextContributionId::<T>::get();
		Pallet::<T>::do_submit(other, datanet, &[submission(number)])?;
		show::<T>(contribution, number)?;
	}
	Ok(numbers().map(submission).collect())
}

/// Makes the pot owe an OPEN to the curator of each of so many datanets.
pub(crate) fn owe<T: Config>(curator: &T::AccountId, datanets: u32) {
	let owed = OPEN.saturating_mul(datanets.into());
	let pot = Pallet::<T>::pot();
	T::Currency::set_balance(&pot, T::Currency::minimum_balance().saturating_add(owed));
	for datanet in 0..datanets {
		CuratorEarnings::<T>::insert(curator, datanet, OPEN);
	}
	Accounted::<T>::put(owed);
}

/// Makes the pot owe an OPEN to the protocol, for calls that were attributed to a contribution that was slashed
/// since.
pub(crate) fn owe_slashed<T: Config>(contribution: ContributionId) -> Result<(), DispatchError> {
	T::Currency::mint_into(&Pallet::<T>::pot(), OPEN)?;
	SlashedEarnings::<T>::insert(contribution, OPEN);
	Accounted::<T>::mutate(|sum| *sum = sum.saturating_add(OPEN));
	Ok(())
}

/// Publishes releases with a weight each until the contribution has room for one more.
pub(crate) fn fill_checkpoints<T: Config>(
	datanet: DatanetId,
	contribution: ContributionId,
) -> Result<(), DispatchError> {
	let curator = curator_of::<T>(datanet)?;
	for change in 2..MAX_CHECKPOINTS {
		Pallet::<T>::publish_release(signed::<T>(&curator), datanet)?;
		if change.saturating_add(1) < MAX_CHECKPOINTS {
			let weight = change.checked_rem(2).unwrap_or_default().saturating_add(1);
			let weight = weight.saturating_add(2).into();
			Pallet::<T>::set_weight(signed::<T>(&curator), contribution, weight)?;
		}
	}
	Ok(())
}
