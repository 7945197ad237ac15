//! Transactions: what they cost, who gets that, and what their signers have signed.

use super::{chain, transfer};
use crate::{
	configs::{pot_accounts, DealWithFees, FeeMultiplier},
	constants::*,
	AccountId, Authorship, Balances, Executive, Header, LengthFee, Runtime, RuntimeCall,
	SignedPayload, System, TransactionPayment, TxExtension, UncheckedExtrinsic,
};
use codec::Encode;
use frame_support::{
	dispatch::GetDispatchInfo,
	traits::{
		fungible::Balanced,
		tokens::{Fortitude, Precision, Preservation},
		Hooks, OnUnbalanced,
	},
	weights::Weight,
};
use openledger_primitives::{MILLI_OPEN, OPEN};
use sp_consensus_babe::{
	digests::{PreDigest, SecondaryPlainPreDigest},
	BABE_ENGINE_ID,
};
use sp_keyring::Sr25519Keyring::{self, Charlie, Ferdie};
use sp_runtime::{
	generic::Era,
	traits::{Convert, Header as _},
	transaction_validity::UnknownTransaction,
	Digest, DigestItem, FixedPointNumber, FixedU128, MultiAddress,
};

type CheckMetadataHash = frame_metadata_hash_extension::CheckMetadataHash<Runtime>;

#[test]
fn a_transfer_costs_about_half_a_thousandth() {
	chain("development").execute_with(|| {
		let call = transfer();
		// Call, address, signature and the extensions' data.
		let length = u32::try_from(call.encode().len()).unwrap() + 110;
		let fee = TransactionPayment::compute_fee(length, &call.get_dispatch_info(), 0);
		assert!(fee > MILLI_OPEN / 10, "{fee}");
		assert!(fee < MILLI_OPEN, "{fee}");
	});
}

/// A block's header, authored by the validator of that index.
fn header(number: u32, author: u32) -> Header {
	let slot = u64::from(number).into();
	let digest =
		PreDigest::SecondaryPlain(SecondaryPlainPreDigest { authority_index: author, slot });
	let digest = Digest { logs: vec![DigestItem::PreRuntime(BABE_ENGINE_ID, digest.encode())] };
	let parent = System::block_hash(number - 1);
	Header::new(number, Default::default(), Default::default(), parent, digest)
}

fn extension(signer: Sr25519Keyring, tip: u128, metadata: CheckMetadataHash) -> TxExtension {
	(
		frame_system::AuthorizeCall::new(),
		frame_system::CheckNonZeroSender::new(),
		frame_system::CheckSpecVersion::new(),
		frame_system::CheckTxVersion::new(),
		frame_system::CheckGenesis::new(),
		frame_system::CheckEra::from(Era::Immortal),
		frame_system::CheckNonce::from(System::account_nonce(signer.to_account_id())),
		frame_system::CheckWeight::new(),
		pallet_transaction_payment::ChargeTransactionPayment::from(tip),
		metadata,
		frame_system::WeightReclaim::new(),
	)
}

fn signed_with(
	signer: Sr25519Keyring,
	call: RuntimeCall,
	extension: TxExtension,
) -> UncheckedExtrinsic {
	let payload = SignedPayload::new(call, extension).unwrap();
	let signature = payload.using_encoded(|bytes| signer.sign(bytes));
	let (call, extension, _) = payload.deconstruct();
	let address = MultiAddress::Id(signer.to_account_id());
	UncheckedExtrinsic::new_signed(call, address, signature.into(), extension)
}

fn signed(signer: Sr25519Keyring, call: RuntimeCall, tip: u128) -> UncheckedExtrinsic {
	signed_with(signer, call, extension(signer, tip, CheckMetadataHash::new(false)))
}

fn remark(bytes: usize) -> RuntimeCall {
	RuntimeCall::System(frame_system::Call::remark { remark: vec![0; bytes] })
}

#[test]
fn half_of_fees_and_tips_goes_to_the_author_and_half_to_the_protocol() {
	chain("local_testnet").execute_with(|| {
		let balance = |account: &AccountId| Balances::free_balance(account);
		let (sender, author) = (Ferdie.to_account_id(), Charlie.to_account_id());
		let [_, _, protocol] = pot_accounts();
		let issuance = pallet_balances::TotalIssuance::<Runtime>::get();

		Executive::initialize_block(&header(1, 2));
		assert_eq!(Authorship::author(), Some(author.clone()));
		let before = [&sender, &author, &protocol].map(balance);
		let tip = 7 * OPEN;
		Executive::apply_extrinsic(signed(Ferdie, transfer(), tip)).unwrap().unwrap();

		let [sent, authored, kept] = before;
		let paid = sent - balance(&sender) - OPEN;
		assert!(paid > tip);
		assert_eq!(balance(&author) - authored, paid / 2);
		assert_eq!(balance(&protocol) - kept, paid - paid / 2);
		assert_eq!(pallet_balances::TotalIssuance::<Runtime>::get(), issuance);
	});
}

/// Neither by fees nor by tips: what it signs itself does not come back whole.
#[test]
fn an_author_pays_for_filling_its_own_block() {
	chain("local_testnet").execute_with(|| {
		let author = Charlie.to_account_id();
		Executive::initialize_block(&header(1, 2));
		for tip in [0, OPEN] {
			let before = Balances::free_balance(&author);
			Executive::apply_extrinsic(signed(Charlie, remark(10_000), tip)).unwrap().unwrap();
			let lost = before - Balances::free_balance(&author);
			assert!(lost > (tip + 10_000 * TRANSACTION_BYTE_FEE) / 2, "{lost}");
		}
	});
}

/// An account that a fee would not keep alive gets none, and nothing is burned.
#[test]
fn fees_that_the_author_cannot_take_go_to_the_protocol() {
	chain("local_testnet").execute_with(|| {
		let [_, _, protocol] = pot_accounts();
		let author = Charlie.to_account_id();
		let held = Balances::free_balance(&author);
		Executive::initialize_block(&header(1, 2));
		let (issuance, kept) =
			(pallet_balances::TotalIssuance::<Runtime>::get(), Balances::free_balance(&protocol));
		let amount = MILLI_OPEN / 10;
		let spend = || {
			let credit = Balances::withdraw(
				&Ferdie.to_account_id(),
				amount,
				Precision::Exact,
				Preservation::Preserve,
				Fortitude::Polite,
			);
			DealWithFees::on_unbalanced(credit.unwrap());
		};
		spend();
		assert_eq!(Balances::free_balance(&author), held + amount / 2);
		assert_eq!(Balances::free_balance(&protocol), kept + amount / 2);

		frame_system::Account::<Runtime>::remove(&author);
		spend();

		assert_eq!(Balances::free_balance(&author), 0);
		assert_eq!(Balances::free_balance(&protocol), kept + amount / 2 + amount);
		assert_eq!(pallet_balances::TotalIssuance::<Runtime>::get(), issuance);
	});
}

#[test]
fn the_price_of_computation_does_not_fall_below_its_base() {
	chain("development").execute_with(|| {
		let base = TransactionPayment::next_fee_multiplier();
		let next = |weight| {
			System::set_block_consumed_resources(weight, 0);
			FeeMultiplier::convert(base)
		};
		assert_eq!(next(Weight::zero()), base);
		let rises = next(NORMAL_DISPATCH_RATIO * MAXIMUM_BLOCK_WEIGHT);
		assert!(rises > base);
		assert!(rises < base * FixedU128::from_rational(10_001, 10_000));
	});
}

/// Ends a block with so much weight and so many bytes of ordinary transactions.
fn block_with(weight: Weight, bytes: u32) {
	System::set_block_consumed_resources(weight, bytes as usize);
	LengthFee::on_finalize(1);
	TransactionPayment::on_finalize(1);
}

const FULL: Weight = MAXIMUM_BLOCK_WEIGHT;

#[test]
fn bytes_get_dearer_as_computation_does() {
	chain("development").execute_with(|| {
		let most = NORMAL_DISPATCH_RATIO * MAXIMUM_BLOCK_LENGTH;
		let multipliers = || {
			(
				TransactionPayment::next_fee_multiplier(),
				pallet_length_fee::NextMultiplier::<Runtime>::get(),
			)
		};
		let one = FixedU128::from_u32(1);
		assert_eq!(multipliers(), (one, one));

		block_with(NORMAL_DISPATCH_RATIO * FULL, most);
		let (time, bytes) = multipliers();
		assert!(time > one);
		// The two are rounded in different places.
		let apart = time.into_inner().abs_diff(bytes.into_inner());
		assert!(apart < FixedU128::from_rational(1, 1_000_000_000).into_inner(), "{time} {bytes}");

		let before = bytes;
		block_with(NORMAL_DISPATCH_RATIO * FULL, 0);
		let (later, bytes) = multipliers();
		assert!(later > time && bytes < before);
		block_with(Weight::zero(), most);
		let (computation, length) = multipliers();
		assert!(computation < later && length > bytes);
	});
}

#[test]
fn a_byte_never_costs_more_than_a_hundredth() {
	chain("development").execute_with(|| {
		pallet_length_fee::NextMultiplier::<Runtime>::put(FixedU128::from_u32(9_999));
		for _ in 0..10 {
			block_with(Weight::zero(), u32::MAX);
		}
		assert_eq!(TransactionPayment::length_to_fee(1), 10 * MILLI_OPEN);
	});
}

/// Whatever bytes cost: what wallets are told is what is charged.
#[test]
fn what_a_transaction_is_said_to_cost_is_what_it_costs() {
	chain("local_testnet").execute_with(|| {
		let multiplier = FixedU128::from_rational(345, 100);
		pallet_length_fee::NextMultiplier::<Runtime>::put(multiplier);
		Executive::initialize_block(&header(1, 2));
		let extrinsic = signed(Ferdie, remark(2_000), 0);
		let length = u32::try_from(extrinsic.encoded_size()).unwrap();
		let said = TransactionPayment::query_info(extrinsic.clone(), length).partial_fee;
		let details = TransactionPayment::query_fee_details(extrinsic.clone(), length);
		let before = Balances::free_balance(Ferdie.to_account_id());

		Executive::apply_extrinsic(extrinsic).unwrap().unwrap();

		let paid = before - Balances::free_balance(Ferdie.to_account_id());
		assert_eq!(said, details.final_fee());
		let fee = details.inclusion_fee.unwrap();
		assert_eq!(
			fee.len_fee,
			multiplier.saturating_mul_int(u128::from(length) * TRANSACTION_BYTE_FEE)
		);
		assert_eq!(fee.len_fee, TransactionPayment::length_to_fee(length));
		// What the extensions did not need of their time comes back.
		assert!(paid <= said && paid > said - fee.adjusted_weight_fee, "{paid} {said}");
	});
}

/// What an offline wallet signs: that the call was read by metadata of this hash. A blob that does not know its
/// own takes no such transaction; `scripts/wallets.sh` asks one that does.
#[test]
fn a_metadata_hash_is_part_of_what_is_signed() {
	chain("local_testnet").execute_with(|| {
		Executive::initialize_block(&header(1, 2));
		let unknown = UnknownTransaction::CannotLookup.into();
		let asked = extension(Ferdie, 0, CheckMetadataHash::new(true));
		assert_eq!(SignedPayload::new(transfer(), asked).err(), Some(unknown));

		let with = |metadata| extension(Ferdie, 0, metadata);
		let payload = |metadata| SignedPayload::new(transfer(), with(metadata)).unwrap().encode();
		let hashed = CheckMetadataHash::new_with_custom_hash;
		assert_ne!(payload(hashed([1; 32])), payload(hashed([2; 32])));
		assert_ne!(payload(hashed([1; 32])), payload(CheckMetadataHash::new(false)));

		// The hash itself is not sent, only that there is one.
		let sent = |hash| with(hashed(hash)).encode();
		assert_eq!(sent([1; 32]), sent([2; 32]));
		let extrinsic = signed_with(Ferdie, transfer(), with(hashed([1; 32])));
		assert_eq!(Executive::apply_extrinsic(extrinsic), Err(unknown));
		Executive::apply_extrinsic(signed(Ferdie, transfer(), 0)).unwrap().unwrap();
	});
}
