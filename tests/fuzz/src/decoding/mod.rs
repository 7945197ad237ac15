//! Bytes read as each kind of message that is signed, stored or submitted, and all that is done with it before anybody
//! believes it.

mod answers;
mod money;
mod proofs;

use codec::{Decode, DecodeAll, DecodeLimit, Encode, MaxEncodedLen};
use frame_support::dispatch::GetDispatchInfo;
use openledger_primitives::{
	contribution::{data_root, Submission},
	history::History,
	lane::{LaneSettlement, Part, VersionedCloseAgreement, VersionedStatement, VersionedVoucher},
	lane_list::Settled,
	model::VersionDetails,
	on_chain::Refusal,
	signing::Signed,
	text::Text,
	AccountId, Signature,
};
use openledger_runtime::{RuntimeCall, UncheckedExtrinsic};
use sp_core::ConstU32;
use sp_io::TestExternalities;
use std::fmt::Debug;

/// Depth to which everything is decoded, as in an extrinsic.
const DEPTH: u32 = 256;

/// Bytes that are read, in turn.
type Input<'a> = &'a [u8];

/// Something that bytes are read as, and what is done with it. `None` if they are no such thing.
type Kind = fn(&mut Input) -> Option<()>;

/// All kinds, by the first byte of an input; `seeds.py` has the same numbers. New ones come last.
const KINDS: [Kind; 32] = [
	voucher,
	statement,
	close_agreement,
	settlement,
	proofs::run,
	proofs::lookup,
	proofs::snapshot,
	proofs::list,
	proofs::release,
	proofs::release_log,
	proofs::range,
	proofs::shown_range,
	proofs::tree,
	proofs::range_of_mountains,
	answers::words_proof,
	answers::piece_proof,
	answers::prompt_proof,
	answers::response,
	answers::word_leaves,
	answers::answer,
	answers::stream,
	answers::words,
	money::settled_lane,
	money::fulfilled_call,
	money::own_price,
	money::split,
	money::price,
	money::pool,
	submission,
	history,
	call,
	on_chain,
];

/// Reads bytes as what their first byte says, and does all that can be done with it.
///
/// # Panics
///
/// If anything of that panics, if what was read is written as other bytes, or if a rule does not hold that follows from
/// what was checked.
pub fn decode(bytes: &[u8]) {
	let Some((kind, mut input)) = bytes.split_first() else { return };
	let Some(check) = KINDS.get(usize::from(*kind)) else { return };
	// No such thing: that is no fault.
	let _ = check(&mut input);
}

/// Reads a value. There is one way to write it, and that is what was read.
fn read<T: Encode + Decode + PartialEq + Debug>(input: &mut Input) -> Option<T> {
	let before = *input;
	let value = T::decode_with_depth_limit(DEPTH, input).ok()?;
	let taken = &before[..before.len() - input.len()];
	let written = value.encode();
	assert_eq!(written, taken, "{value:?} is written otherwise than it was read");
	assert_eq!(T::decode_all(&mut written.as_slice()), Ok(value));
	T::decode_all(&mut written.as_slice()).ok()
}

/// Checks that a value takes no more bytes than there is room for.
fn fits<T: Encode + MaxEncodedLen>(value: &T) {
	assert!(value.encoded_size() <= T::max_encoded_len());
}

fn voucher(input: &mut Input) -> Option<()> {
	let (voucher, signature, signer) = read::<(VersionedVoucher, Signature, AccountId)>(input)?;
	fits(&voucher);
	let newest = voucher.newest();
	let allowance = newest.allowance();
	assert_eq!(allowance.is_some(), newest.acknowledged <= newest.authorised);
	assert_eq!(newest.acknowledges().sequence, newest.sequence);
	let _ = voucher.verify(&signature, &signer);
	Some(())
}

fn statement(input: &mut Input) -> Option<()> {
	let (statement, signature, signer) = read::<(VersionedStatement, Signature, AccountId)>(input)?;
	fits(&statement);
	let newest = statement.newest();
	assert_eq!(newest.totals().calls, 1);
	let record = newest.record();
	fits(&record);
	if record.check().is_ok() {
		assert!(record.tokens().is_sound());
	}
	let _ = (statement.hash(), newest.signing_payload());
	let _ = statement.verify(&signature, &signer);
	Some(())
}

fn close_agreement(input: &mut Input) -> Option<()> {
	let (agreement, signature, signer) =
		read::<(VersionedCloseAgreement, Signature, AccountId)>(input)?;
	fits(&agreement);
	let _ = agreement.newest();
	let _ = agreement.verify(&signature, &signer);
	Some(())
}

fn settlement(input: &mut Input) -> Option<()> {
	let settlement = read::<LaneSettlement>(input)?;
	let extent = settlement.extent();
	let records = settlement.records().count();
	assert_eq!(u32::try_from(records), Ok(extent.records));
	for record in settlement.records() {
		let _ = record.check();
	}
	let voucher = settlement.voucher.newest().acknowledges();
	for part in settlement.parts {
		if let Part::Run(proof) = part.newest() {
			proofs::check_run(&proof, &Settled::default(), &voucher);
		}
	}
	Some(())
}

fn submission(input: &mut Input) -> Option<()> {
	let (submission, details) = read::<(Submission, VersionDetails)>(input)?;
	fits(&submission);
	fits(&details);
	if submission.check().is_ok() {
		let data = data_root(submission.format, submission.root, submission.size);
		assert!(data.is_none_or(|data| data.leaves().is_some()));
	}
	Some(())
}

fn history(input: &mut Input) -> Option<()> {
	type Values = History<u32, u8, ConstU32<4>>;
	let (history, [block, oldest], value) = read::<(Values, [u32; 2], u8)>(input)?;
	let sound = history.is_sound();
	let (at, now) = (history.at(block).copied(), history.now().copied());
	assert!(at.is_none() || now.is_some());
	let _ = history.changed_after(block);
	let mut changed = history.clone();
	match changed.set_but_last(block, value, oldest) {
		Ok(()) if sound => {
			assert!(changed.is_sound());
			assert_eq!(changed.now(), Some(&value));
		}
		Ok(()) => (),
		Err(_) => assert_eq!(changed, history),
	}
	Some(())
}

fn on_chain(input: &mut Input) -> Option<()> {
	let (refusal, text) = read::<(Refusal, Text<ConstU32<64>>)>(input)?;
	fits(&refusal);
	fits(&text);
	assert_eq!(text.as_str().as_bytes(), text.as_bytes());
	assert_eq!(Text::<ConstU32<64>>::try_from(text.clone().into_string()), Ok(text));
	Some(())
}

/// A call, and an extrinsic, with their weights, which are worked out before anything is known of who sends them.
fn call(input: &mut Input) -> Option<()> {
	let whole = *input;
	if let Ok(call) = RuntimeCall::decode_with_depth_limit(DEPTH, input) {
		let written = call.encode();
		let again = RuntimeCall::decode_all(&mut written.as_slice());
		assert_eq!(again.as_ref(), Ok(&call), "{call:?}");
		let _ = TestExternalities::default().execute_with(|| call.get_dispatch_info());
	}
	let extrinsic = UncheckedExtrinsic::decode_all_with_depth_limit(DEPTH, &mut &*whole).ok()?;
	let written = extrinsic.encode();
	let again = UncheckedExtrinsic::decode_all(&mut written.as_slice()).ok()?;
	assert_eq!(again.encode(), written);
	Some(())
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_primitives::{lane_list::LaneList, price::PriceSchedule};

	#[test]
	fn what_was_read_is_what_is_left_over() {
		let two = (PriceSchedule::default(), LaneList::default()).encode();
		let mut input = two.as_slice();
		assert_eq!(read::<PriceSchedule>(&mut input), Some(PriceSchedule::default()));
		assert_eq!(read::<LaneList>(&mut input), Some(LaneList::default()));
		assert!(input.is_empty());
		assert_eq!(read::<PriceSchedule>(&mut input), None);
	}

	/// What the targets make themselves, so that it has to hold.
	#[test]
	fn what_is_made_is_proven() {
		let bytes =
			(0..=255u8).chain([255, 32, 9, 200, 65]).cycle().take(3_000).collect::<Vec<_>>();
		for kind in [proofs::shown_range as Kind, answers::answer, answers::stream, answers::words]
		{
			for length in [0, 1, 60, 100, 700, 3_000] {
				let _ = kind(&mut &bytes[..length]);
			}
		}
		assert_eq!(answers::answer(&mut &bytes[..200]), Some(()));
		assert_eq!(proofs::shown_range(&mut &bytes[1..200]), Some(()));
	}

	#[test]
	fn bytes_of_no_kind_are_nothing() {
		for kind in 0..=255 {
			decode(&[kind]);
			decode(&[kind, 0, 0, 0, 0]);
		}
		decode(&[]);
	}
}
