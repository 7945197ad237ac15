//! Commitments to reports.
//!
//! A report that holds is worth a reward, and whoever sees one on its way into a block has all that it takes to make
//! the same. Nobody would be paid to look for contradictions then but who copies what others find. So a report needs a
//! [commitment](openledger_primitives::report::commitment) of its reporter, of [`Config::ReportDelay`] blocks
//! before at the least: too late for who has read the evidence in the report itself, even if the author of the next
//! block keeps the report out of it. A commitment shows nothing of the evidence, and is bound to one reporter.
//!
//! It is for all reports, not only for a reward: a copy would not have to be paid for to be worth while to the operator,
//! who is better off if nobody is paid to look. Only the caller who was charged too much may report that at once, for the
//! refund alone: a commitment would warn the operator, who can commit to reports of its own contradictions beforehand, and
//! have its bond paid out to itself first.
//!
//! A commitment costs a deposit, which comes back with the report, or when its reporter gives it up.

use crate::pallet::*;
use codec::{Decode, Encode, MaxEncodedLen};
use frame_support::{
	ensure,
	traits::{fungible::MutateHold, tokens::Precision, Get},
};
use frame_system::{
	ensure_signed,
	pallet_prelude::{BlockNumberFor, OriginFor},
};
use openledger_primitives::{report::commitment, AccountId, Balance, Hash};
use scale_info::TypeInfo;
use sp_runtime::{DispatchError, DispatchResult, Saturating};

/// A reporter's commitment to a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Commitment<BlockNumber> {
	/// The block in which it was made.
	pub at: BlockNumber,
	/// Amount held from the reporter for it, in planck.
	pub deposit: Balance,
}

/// Who reports an overcharge.
pub(crate) struct Reporter<T> {
	pub(crate) account: AccountId,
	/// Why only the caller may report it like this, who gets no reward then: `None` if it was committed to in time.
	pub(crate) uncommitted: Option<Error<T>>,
}

impl<T: Config> Pallet<T> {
	pub(crate) fn do_commit_report(reporter: AccountId, hash: Hash) -> DispatchResult {
		let known = ReportCommitments::<T>::contains_key(&reporter, hash);
		ensure!(!known, Error::<T>::AlreadyCommitted);

		let deposit = T::ReportDeposit::get();
		T::Currency::hold(&HoldReason::Report.into(), &reporter, deposit)?;
		let commitment = Commitment { at: Self::now(), deposit };
		ReportCommitments::<T>::insert(&reporter, hash, commitment);
		Self::deposit_event(Event::ReportCommitted { reporter, commitment: hash });
		Ok(())
	}

	pub(crate) fn do_withdraw_commitment(reporter: AccountId, hash: Hash) -> DispatchResult {
		let known = ReportCommitments::<T>::get(&reporter, hash);
		let commitment = known.ok_or(Error::<T>::NotCommitted)?;

		Self::give_back(&reporter, hash, &commitment)?;
		Self::deposit_event(Event::CommitmentWithdrawn { reporter, commitment: hash });
		Ok(())
	}

	/// The reporter who has signed `origin`, if they have committed to this report in time. What they have put up for
	/// that comes back.
	pub(crate) fn committed(
		origin: OriginFor<T>,
		call: &str,
		arguments: &impl Encode,
	) -> Result<AccountId, DispatchError> {
		let reporter = ensure_signed(origin)?;
		match Self::take_commitment(&reporter, call, arguments)? {
			None => Ok(reporter),
			Some(missing) => Err(missing.into()),
		}
	}

	/// The reporter who has signed `origin`, whether they have committed to this report in time or not. What they
	/// have put up for that comes back.
	pub(crate) fn reporter(
		origin: OriginFor<T>,
		call: &str,
		arguments: &impl Encode,
	) -> Result<Reporter<T>, DispatchError> {
		let account = ensure_signed(origin)?;
		let uncommitted = Self::take_commitment(&account, call, arguments)?;
		Ok(Reporter { account, uncommitted })
	}

	/// Takes a commitment to this report away. Returns what is missing if there is none, or not for long enough.
	fn take_commitment(
		reporter: &AccountId,
		call: &str,
		arguments: &impl Encode,
	) -> Result<Option<Error<T>>, DispatchError> {
		let hash = arguments.using_encoded(|arguments| commitment(reporter, call, arguments));
		let Some(commitment) = ReportCommitments::<T>::get(reporter, hash) else {
			return Ok(Some(Error::NotCommitted));
		};
		let ripe = commitment.at.saturating_add(T::ReportDelay::get());
		if ripe > Self::now() {
			return Ok(Some(Error::CommittedTooLate));
		}
		Self::give_back(reporter, hash, &commitment)?;
		Ok(None)
	}

	fn give_back(
		reporter: &AccountId,
		hash: Hash,
		commitment: &Commitment<BlockNumberFor<T>>,
	) -> DispatchResult {
		let deposit = commitment.deposit;
		T::Currency::release(&HoldReason::Report.into(), reporter, deposit, Precision::Exact)?;
		ReportCommitments::<T>::remove(reporter, hash);
		Ok(())
	}
}
