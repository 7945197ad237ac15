//! What can be called. Each call checks its origin and hands on to the module that does it.

use frame_support::pallet_macros::pallet_section;

/// The calls of the pallet.
#[pallet_section]
mod calls {
	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Creates a datanet, curated by the caller, and holds its deposit on the caller's account.
		/// Anybody may contribute to it, and all that it earns goes to its contributors.
		///
		/// - `name`: what it is about; 1 to 64 of `a-z 0-9 . _ - /`, and no other datanet's.
		///
		/// # Errors
		/// `InvalidName`, `NameTaken`, `OutOfIds`, or that the caller cannot afford the deposit.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::create_datanet())]
		pub fn create_datanet(origin: OriginFor<T>, name: Name) -> DispatchResult {
			Self::do_create(ensure_signed(origin)?, name, true, Permill::zero())
		}

		/// Submits a contribution to a datanet, and holds its bond on the caller's account.
		///
		/// - `root`: the Merkle root over its chunks. If the caller has
		///   [reserved](Call::reserve_root) it, the submission counts from then on, and the
		///   reservation's deposit is released. One that counts from earlier takes the root over from
		///   one that has it: that is removed if it is pending; if not, it stays, and can be accused
		///   as a duplicate once this one is accepted. One that was pending for the
		///   [time](Config::PendingPeriod) that curators have is removed for any other, unless it has taken
		///   the root over itself from one that is still there, which only what counts from earlier does.
		/// - `size`: its size in bytes.
		/// - `uri`: where it is to be found.
		///
		/// # Errors
		/// `UnknownDatanet`, `NotAdmitted`, `EmptyContribution`, `RootTaken`, `OutOfIds`, or that
		/// the caller cannot afford the bond.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::submit_contribution())]
		pub fn submit_contribution(
			origin: OriginFor<T>,
			datanet: DatanetId,
			root: Hash,
			size: u64,
			uri: Uri,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			let displaced = Self::do_submit(who, datanet, &[Submission { root, size, uri }])?;
			let worst = T::WeightInfo::submit_contribution();
			let actual = T::WeightInfo::submit_contributions(1, 0).min(worst);
			Ok(displaced.is_zero().then_some(actual).into())
		}

		/// Accepts a pending contribution: it is part of all releases from the next one on. For the
		/// datanet's curator.
		///
		/// - `weight`: its share of what a release earns, relative to the other contributions'.
		///
		/// # Errors
		/// `UnknownContribution`, `NotCurator`, `NotPending`, `ZeroWeight`, `WeightTooHigh`,
		/// `TotalWeightTooHigh`, `TooManyReleases`.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::accept_contribution())]
		pub fn accept_contribution(
			origin: OriginFor<T>,
			contribution: ContributionId,
			weight: Weight,
		) -> DispatchResult {
			Self::do_accept(&ensure_signed(origin)?, contribution, weight)
		}

		/// Rejects a pending contribution: its bond is released, and its root is free again. So that
		/// nobody who has seen the root is quicker than its contributor elsewhere, the contributor is
		/// left a [reservation](Call::reserve_root) of it that counts from when the contribution did;
		/// the deposit for that is a part of the bond. If the contribution was submitted with what an
		/// earlier rejection has left, it counts for no longer than that. If it has taken the root over
		/// from one that was accepted, the root goes back to that, and no reservation is left. For the
		/// datanet's curator.
		///
		/// # Errors
		/// `UnknownContribution`, `NotCurator`, `NotPending`.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::reject_contribution())]
		pub fn reject_contribution(
			origin: OriginFor<T>,
			contribution: ContributionId,
		) -> DispatchResult {
			Self::do_reject(&ensure_signed(origin)?, contribution)
		}

		/// Withdraws a pending contribution: its bond is released, and its root is free again, or goes
		/// back to the accepted one that it was taken over from. For its contributor.
		///
		/// # Errors
		/// `UnknownContribution`, `NotContributor`, `NotPending`.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::withdraw_contribution())]
		pub fn withdraw_contribution(
			origin: OriginFor<T>,
			contribution: ContributionId,
		) -> DispatchResult {
			Self::do_withdraw(&ensure_signed(origin)?, contribution)
		}

		/// Freezes the datanet's accepted contributions, their weights and the curator's share as
		/// its next release, and adds a deposit for it to the datanet's. Models that name it are paid
		/// for it at once. Those that name no number go on paying the current one until the
		/// [notice](Config::ReleaseNotice) is over; one that was announced before is passed over, and
		/// the notice begins anew. Only the first release is the current one at once. For the datanet's
		/// curator.
		///
		/// # Errors
		/// `UnknownDatanet`, `NotCurator`, `EmptyRelease`, `NothingChanged`, `TooManyReleases`, or that
		/// the caller cannot afford the deposit.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::publish_release())]
		pub fn publish_release(origin: OriginFor<T>, datanet: DatanetId) -> DispatchResult {
			Self::do_publish(&ensure_signed(origin)?, datanet)
		}

		/// Pays what a contribution has earned, in one transfer, to the contributor or the
		/// beneficiary: all that calls attributed to it directly, and what `releases` have earned
		/// it. For its contributor.
		///
		/// - `releases`: of the contribution's datanet, 16 at most; naming one twice changes
		///   nothing.
		///
		/// # Errors
		/// `UnknownContribution`, `NotContributor`, `UnknownRelease`, `NothingToClaim`,
		/// `ClaimBelowMinimum`.
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::claim(releases.len().saturated_into()))]
		pub fn claim(
			origin: OriginFor<T>,
			contribution: ContributionId,
			releases: BoundedVec<ReleaseId, ConstU32<MAX_CLAIM>>,
		) -> DispatchResultWithPostInfo {
			let entry = Self::contribution_of(&ensure_signed(origin)?, contribution)?;
			let paid = Self::do_claim(contribution, entry, releases)?;
			Ok(Some(T::WeightInfo::claim(paid)).into())
		}

		/// Creates a datanet, curated by the caller, and holds its deposit on the caller's account.
		///
		/// - `name`: what it is about; 1 to 64 of `a-z 0-9 . _ - /`, and no other datanet's.
		/// - `open`: whether anybody may contribute, or only the curator and those whom the curator
		///   [lets in](Call::allow_contributor).
		/// - `curator_share`: the curator's part of what the datanet earns. It can be lowered later,
		///   but not raised.
		///
		/// # Errors
		/// `InvalidName`, `NameTaken`, `CuratorShareTooHigh`, `OutOfIds`, or that the caller cannot
		/// afford the deposit.
		#[pallet::call_index(7)]
		#[pallet::weight(T::WeightInfo::create_datanet_with())]
		pub fn create_datanet_with(
			origin: OriginFor<T>,
			name: Name,
			open: bool,
			curator_share: Permill,
		) -> DispatchResult {
			Self::do_create(ensure_signed(origin)?, name, open, curator_share)
		}

		/// Opens a datanet to everybody, or closes it to all but those who were let in. What has
		/// been submitted stays. For the datanet's curator.
		///
		/// # Errors
		/// `UnknownDatanet`, `NotCurator`, `AccessUnchanged`.
		#[pallet::call_index(8)]
		#[pallet::weight(T::WeightInfo::set_open())]
		pub fn set_open(origin: OriginFor<T>, datanet: DatanetId, open: bool) -> DispatchResult {
			Self::do_set_open(&ensure_signed(origin)?, datanet, open)
		}

		/// Lets an account contribute to a datanet even if it is not open, and holds a deposit for
		/// that on the caller's account. For the datanet's curator.
		///
		/// # Errors
		/// `UnknownDatanet`, `NotCurator`, `AlreadyAdmitted`, or that the caller cannot afford the
		/// deposit.
		#[pallet::call_index(9)]
		#[pallet::weight(T::WeightInfo::allow_contributor())]
		pub fn allow_contributor(
			origin: OriginFor<T>,
			datanet: DatanetId,
			account: T::AccountId,
		) -> DispatchResult {
			Self::do_allow(ensure_signed(origin)?, datanet, account)
		}

		/// Takes back that an account was let in, and releases the deposit for it to whoever put it
		/// down. What the account has contributed stays. For the datanet's curator, and for the former
		/// one who put the deposit down.
		///
		/// # Errors
		/// `UnknownDatanet`, `NotCurator`, `NoAdmission`.
		#[pallet::call_index(10)]
		#[pallet::weight(T::WeightInfo::disallow_contributor())]
		pub fn disallow_contributor(
			origin: OriginFor<T>,
			datanet: DatanetId,
			account: T::AccountId,
		) -> DispatchResult {
			Self::do_disallow(&ensure_signed(origin)?, datanet, account)
		}

		/// Lowers the curator's share from the next release on. For the datanet's curator.
		///
		/// # Errors
		/// `UnknownDatanet`, `NotCurator`, `CuratorShareNotLower`.
		#[pallet::call_index(11)]
		#[pallet::weight(T::WeightInfo::lower_curator_share())]
		pub fn lower_curator_share(
			origin: OriginFor<T>,
			datanet: DatanetId,
			curator_share: Permill,
		) -> DispatchResult {
			Self::do_lower_share(&ensure_signed(origin)?, datanet, curator_share)
		}

		/// Offers the curator's role to an account. An earlier offer is off. For the datanet's
		/// curator.
		///
		/// # Errors
		/// `UnknownDatanet`, `NotCurator`, `SameAccount`.
		#[pallet::call_index(12)]
		#[pallet::weight(T::WeightInfo::offer_curator())]
		pub fn offer_curator(
			origin: OriginFor<T>,
			datanet: DatanetId,
			to: T::AccountId,
		) -> DispatchResult {
			Self::do_offer_curator(&ensure_signed(origin)?, datanet, to)
		}

		/// Takes the offer of the curator's role back. For the datanet's curator.
		///
		/// # Errors
		/// `UnknownDatanet`, `NotCurator`, `NoOffer`.
		#[pallet::call_index(13)]
		#[pallet::weight(T::WeightInfo::withdraw_curator_offer())]
		pub fn withdraw_curator_offer(origin: OriginFor<T>, datanet: DatanetId) -> DispatchResult {
			Self::do_withdraw_curator_offer(&ensure_signed(origin)?, datanet)
		}

		/// Takes the curator's role over. The deposits for the datanet and its releases, as they are
		/// by now, are held on the caller's account, and the former curator's are released. Deposits for those who were let in stay with who put
		/// them down. What the datanet earned until now stays the former curator's. For whom the
		/// role is offered to.
		///
		/// # Errors
		/// `UnknownDatanet`, `NoOffer`, `NotOffered`, or that the caller cannot afford the deposit.
		#[pallet::call_index(14)]
		#[pallet::weight(T::WeightInfo::accept_curator())]
		pub fn accept_curator(origin: OriginFor<T>, datanet: DatanetId) -> DispatchResult {
			Self::do_accept_curator(ensure_signed(origin)?, datanet)
		}

		/// Pays the caller what datanets have earned the caller as their curator.
		///
		/// # Errors
		/// `NothingToClaim`, `ClaimBelowMinimum`.
		#[pallet::call_index(15)]
		#[pallet::weight(T::WeightInfo::claim_curator())]
		pub fn claim_curator(origin: OriginFor<T>) -> DispatchResult {
			Self::do_claim_curator(ensure_signed(origin)?)
		}

		/// Pays an account what datanets have earned it as their curator. For anybody.
		///
		/// # Errors
		/// `NothingToClaim`, `ClaimBelowMinimum`.
		#[pallet::call_index(16)]
		#[pallet::weight(T::WeightInfo::claim_curator_for())]
		pub fn claim_curator_for(origin: OriginFor<T>, account: T::AccountId) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_claim_curator(account)
		}

		/// Submits several contributions to a datanet, all or none, and holds their bonds on the
		/// caller's account. Each is then one like those of
		/// [`submit_contribution`](Call::submit_contribution).
		///
		/// - `submissions`: 1 to 32.
		///
		/// # Errors
		/// `UnknownDatanet`, `NotAdmitted`, `EmptySubmission`, `EmptyContribution`, `RootTaken` (also
		/// if two of them have the same root), `OutOfIds`, or that the caller cannot afford the
		/// bonds.
		#[pallet::call_index(17)]
		#[pallet::weight(
			T::WeightInfo::submit_contributions(0, submissions.len().saturated_into())
		)]
		pub fn submit_contributions(
			origin: OriginFor<T>,
			datanet: DatanetId,
			submissions: BoundedVec<Submission, ConstU32<MAX_SUBMISSION>>,
		) -> DispatchResultWithPostInfo {
			let displaced = Self::do_submit(ensure_signed(origin)?, datanet, &submissions)?;
			let others = submissions.len().saturated_into::<u32>().saturating_sub(displaced);
			Ok(Some(T::WeightInfo::submit_contributions(others, displaced)).into())
		}

		/// Gives an accepted contribution another weight, from the next release on. Releases that
		/// are published do not change. For the datanet's curator.
		///
		/// # Errors
		/// `UnknownContribution`, `NotCurator`, `NotAccepted`, `ZeroWeight`, `WeightTooHigh`,
		/// `WeightUnchanged`, `TotalWeightTooHigh`, `TooManyReleases`, `TooManyWeightChanges`.
		#[pallet::call_index(18)]
		#[pallet::weight(T::WeightInfo::set_weight())]
		pub fn set_weight(
			origin: OriginFor<T>,
			contribution: ContributionId,
			weight: Weight,
		) -> DispatchResult {
			Self::do_set_weight(&ensure_signed(origin)?, contribution, weight)
		}

		/// Keeps an accepted contribution out of all further releases, for good. It earns from those
		/// that have it as before. Its bond can be [taken back](Call::withdraw_bond) after a while.
		/// For its contributor.
		///
		/// # Errors
		/// `UnknownContribution`, `NotContributor`, `NotAccepted`.
		#[pallet::call_index(19)]
		#[pallet::weight(T::WeightInfo::stop_contribution())]
		pub fn stop_contribution(
			origin: OriginFor<T>,
			contribution: ContributionId,
		) -> DispatchResult {
			Self::do_stop(&ensure_signed(origin)?, contribution)
		}

		/// Releases the bond of a stopped contribution, but for the
		/// [deposit](Config::ContributionDeposit) for what stays stored of it. If no release ever had
		/// it, all of the bond is released, the contribution is removed, and its root is free again.
		/// For its contributor.
		///
		/// # Errors
		/// `UnknownContribution`, `NotContributor`, `NotStopped`, `ContributionAccused`,
		/// `BondLocked`, `NothingHeld`.
		#[pallet::call_index(20)]
		#[pallet::weight(T::WeightInfo::withdraw_bond())]
		pub fn withdraw_bond(origin: OriginFor<T>, contribution: ContributionId) -> DispatchResult {
			Self::do_withdraw_bond(&ensure_signed(origin)?, contribution)
		}

		/// Gives a contribution to another account, with its bond and with everything that it has
		/// earned and not been paid. It has no beneficiary then. For its contributor.
		///
		/// # Errors
		/// `UnknownContribution`, `NotContributor`, `SameAccount`, `AlreadySlashed`,
		/// `ContributionAccused`, or that the bond cannot be held on the other account, because it
		/// does not exist.
		#[pallet::call_index(21)]
		#[pallet::weight(T::WeightInfo::transfer_contribution())]
		pub fn transfer_contribution(
			origin: OriginFor<T>,
			contribution: ContributionId,
			to: T::AccountId,
		) -> DispatchResult {
			Self::do_transfer(ensure_signed(origin)?, contribution, to)
		}

		/// Names who is paid what a contribution has earned and will earn. For its contributor.
		///
		/// - `beneficiary`: the contributor if none.
		///
		/// # Errors
		/// `UnknownContribution`, `NotContributor`.
		#[pallet::call_index(22)]
		#[pallet::weight(T::WeightInfo::set_beneficiary())]
		pub fn set_beneficiary(
			origin: OriginFor<T>,
			contribution: ContributionId,
			beneficiary: Option<T::AccountId>,
		) -> DispatchResult {
			Self::do_set_beneficiary(&ensure_signed(origin)?, contribution, beneficiary)
		}

		/// Pays what a contribution has earned to its contributor or beneficiary, as
		/// [`claim`](Call::claim) does. For anybody.
		///
		/// # Errors
		/// `UnknownContribution`, `UnknownRelease`, `NothingToClaim`, `ClaimBelowMinimum`.
		#[pallet::call_index(23)]
		#[pallet::weight(T::WeightInfo::claim_for(releases.len().saturated_into()))]
		pub fn claim_for(
			origin: OriginFor<T>,
			contribution: ContributionId,
			releases: BoundedVec<ReleaseId, ConstU32<MAX_CLAIM>>,
		) -> DispatchResultWithPostInfo {
			ensure_signed(origin)?;
			let entry = Self::contribution(contribution)?;
			let paid = Self::do_claim(contribution, entry, releases)?;
			Ok(Some(T::WeightInfo::claim_for(paid)).into())
		}

		/// Accuses a contribution, and holds as much as its bond on the caller's account, but never
		/// less than the bond of a new one. For anybody but its contributor and the datanet's
		/// curator.
		///
		/// If it is said to be a duplicate of the very contribution that has taken its root over, and
		/// that one is not pending, that is a proof: it is slashed at once, as by a [verdict](Call::resolve_accusation), even if it
		/// is accused of something else already, and nothing is held.
		///
		/// - `reason`: what it is.
		///
		/// # Errors
		/// `UnknownContribution` (also the one it is said to copy), `NotAccepted`,
		/// `AlreadySlashed`, `ContributionAccused`, `NotEarlier`, `AccuserIsContributor`,
		/// `AccuserIsCurator`, or that the caller cannot afford the deposit.
		#[pallet::call_index(24)]
		#[pallet::weight(T::WeightInfo::accuse_contribution(MAX_RELEASES))]
		pub fn accuse_contribution(
			origin: OriginFor<T>,
			contribution: ContributionId,
			reason: AccusationReason,
		) -> DispatchResultWithPostInfo {
			let releases = Self::do_accuse(ensure_signed(origin)?, contribution, reason)?;
			Ok(Some(T::WeightInfo::accuse_contribution(releases)).into())
		}

		/// Confirms an accusation: if the contributor does not contest it in time, it can be carried
		/// out. For the datanet's curator.
		///
		/// # Errors
		/// `UnknownContribution`, `NotCurator`, `NoAccusation`, `AlreadyConfirmed`,
		/// `AccusationContested`, `AccuserIsCurator`, `TooLate`.
		#[pallet::call_index(25)]
		#[pallet::weight(T::WeightInfo::confirm_accusation())]
		pub fn confirm_accusation(
			origin: OriginFor<T>,
			contribution: ContributionId,
		) -> DispatchResult {
			Self::do_confirm(&ensure_signed(origin)?, contribution)
		}

		/// Contests a confirmed accusation: governance decides, within the
		/// [time](Config::VerdictPeriod) for that. For the contribution's contributor.
		///
		/// # Errors
		/// `UnknownContribution`, `NotContributor`, `NoAccusation`, `NotConfirmed`,
		/// `AccusationContested`, `TooLate`.
		#[pallet::call_index(26)]
		#[pallet::weight(T::WeightInfo::contest_accusation())]
		pub fn contest_accusation(
			origin: OriginFor<T>,
			contribution: ContributionId,
		) -> DispatchResult {
			Self::do_contest(&ensure_signed(origin)?, contribution)
		}

		/// Slashes a contribution whose confirmed accusation was not contested in time. Its bond goes
		/// to the protocol, and the accuser's deposit is released. What it has earned until now stays
		/// its contributor's; it is in no further release, what it still earns from earlier ones goes
		/// to the protocol, and its root is free again. For anybody.
		///
		/// # Errors
		/// `UnknownContribution`, `NoAccusation`, `NotConfirmed`, `AccusationContested`, `TooEarly`.
		#[pallet::call_index(27)]
		#[pallet::weight(T::WeightInfo::execute_slash(MAX_RELEASES))]
		pub fn execute_slash(
			origin: OriginFor<T>,
			contribution: ContributionId,
		) -> DispatchResultWithPostInfo {
			ensure_signed(origin)?;
			let releases = Self::do_execute_slash(contribution)?;
			Ok(Some(T::WeightInfo::execute_slash(releases)).into())
		}

		/// Decides about an accusation, whether it is contested or not. For governance.
		///
		/// - `accuser`: who made the accusation that is decided about. Deciding takes time, in which it
		///   may be dropped and somebody else accuse the contribution of something else.
		/// - `guilty`: whether the contribution is slashed, as by
		///   [`execute_slash`](Call::execute_slash), but with a [share](Config::ReporterShare) of its
		///   bond for the accuser. If not, what is left of the accuser's deposit goes to the
		///   contributor.
		///
		/// # Errors
		/// `BadOrigin`, `UnknownContribution`, `NoAccusation`, `OtherAccusation`.
		#[pallet::call_index(28)]
		#[pallet::weight(T::WeightInfo::resolve_accusation(MAX_RELEASES))]
		pub fn resolve_accusation(
			origin: OriginFor<T>,
			contribution: ContributionId,
			accuser: T::AccountId,
			guilty: bool,
		) -> DispatchResultWithPostInfo {
			T::GovernanceOrigin::ensure_origin(origin)?;
			let releases = Self::do_resolve(contribution, &accuser, guilty)?;
			Ok(Some(T::WeightInfo::resolve_accusation(releases)).into())
		}

		/// Drops an accusation that is not confirmed. A [share](Config::DroppedShare) of the accuser's
		/// deposit goes to the contributor, the rest is released. For the accuser; for anybody once the
		/// time to confirm it is over. One that was [escalated](Call::escalate_accusation) costs that share
		/// of what is left of the deposit, and can be dropped by anybody, but only once the time that
		/// governance has is over. One that was contested, and not decided in time, is dropped at no
		/// further cost, by anybody.
		///
		/// # Errors
		/// `UnknownContribution`, `NoAccusation`, `AlreadyConfirmed`, `TooEarly`.
		#[pallet::call_index(29)]
		#[pallet::weight(T::WeightInfo::drop_accusation())]
		pub fn drop_accusation(
			origin: OriginFor<T>,
			contribution: ContributionId,
		) -> DispatchResult {
			Self::do_drop_accusation(&ensure_signed(origin)?, contribution)
		}

		/// Pays the protocol what a slashed contribution has earned from releases since it was
		/// slashed. For anybody.
		///
		/// - `releases`: of the contribution's datanet, 16 at most.
		///
		/// # Errors
		/// `UnknownContribution`, `NotSlashed`, `UnknownRelease`, `NothingToClaim`,
		/// `ClaimBelowMinimum`.
		#[pallet::call_index(30)]
		#[pallet::weight(T::WeightInfo::sweep_slashed(releases.len().saturated_into()))]
		pub fn sweep_slashed(
			origin: OriginFor<T>,
			contribution: ContributionId,
			releases: BoundedVec<ReleaseId, ConstU32<MAX_CLAIM>>,
		) -> DispatchResultWithPostInfo {
			ensure_signed(origin)?;
			let paid = Self::do_sweep(contribution, releases)?;
			Ok(Some(T::WeightInfo::sweep_slashed(paid)).into())
		}

		/// Reserves a root without showing it, and holds a deposit for that on the caller's account.
		/// It is released when the root is submitted, or when the reservation is over. One that is over
		/// gives way to this one.
		///
		/// A submission with it comes before all that count from a later block, also before what was
		/// submitted anew meanwhile. It does not give the root to who waits for one that is
		/// [pending](Config::PendingPeriod) for too long: whoever submits it first then has it, until one
		/// with an earlier reservation comes.
		///
		/// - `commitment`: see [`Pallet::commitment`]. It contains the account that can use it,
		///   which need not be the caller's.
		///
		/// # Errors
		/// `ReservationExists`, or that the caller cannot afford the deposit.
		#[pallet::call_index(31)]
		#[pallet::weight(T::WeightInfo::reserve_root())]
		pub fn reserve_root(origin: OriginFor<T>, commitment: Hash) -> DispatchResult {
			Self::do_reserve(ensure_signed(origin)?, commitment)
		}

		/// Removes a reservation that counts no more, and releases its deposit to whoever put it
		/// down. For anybody.
		///
		/// # Errors
		/// `UnknownReservation`, `ReservationInForce`.
		#[pallet::call_index(32)]
		#[pallet::weight(T::WeightInfo::remove_reservation())]
		pub fn remove_reservation(origin: OriginFor<T>, commitment: Hash) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_remove_reservation(commitment)
		}

		/// Hands an accusation that the curator has not confirmed, in time or not, to governance, which
		/// has the [time](Config::VerdictPeriod) as for a contested one to decide. Until that is over,
		/// the curator can still confirm it. For the accuser.
		///
		/// A [share](Config::DroppedShare) of the deposit goes to the contributor at once, whatever
		/// becomes of the accusation: it ties the bond for all that time. What makes up for it is the
		/// [share](Config::ReporterShare) of the bond that the accuser gets if the verdict is guilty,
		/// unless most of the bond was taken back before.
		///
		/// # Errors
		/// `UnknownContribution`, `NoAccusation`, `NotAccuser`, `AlreadyConfirmed`,
		/// `AccusationContested`, `AlreadyEscalated`.
		#[pallet::call_index(33)]
		#[pallet::weight(T::WeightInfo::escalate_accusation())]
		pub fn escalate_accusation(
			origin: OriginFor<T>,
			contribution: ContributionId,
		) -> DispatchResult {
			Self::do_escalate(&ensure_signed(origin)?, contribution)
		}
	}
}
