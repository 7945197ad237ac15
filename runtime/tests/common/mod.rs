//! A development chain to test with: its people and their keys, its blocks, and what must be true of
//! it after each of them.

// Each test target uses a part of it.
#![allow(dead_code)]

pub mod state;

use codec::Encode;
use frame_support::{
	dispatch::DispatchResult,
	traits::{fungible::Inspect, BuildGenesisConfig, GetCallMetadata, Hooks},
};
use openledger_primitives::{
	attribution::{DataSources, NEWEST_RULE},
	contribution::{Submission, FORMAT_STREAM},
	data_tree::{self, leaf_hashes, RangeProof},
	model::VersionDetails,
	report::commitment,
	signing::Signed,
	AccountId, Balance, BlockNumber, ContributionId, Hash, Signature, MILLI_OPEN, OPEN,
};
use openledger_runtime::{
	configs::pot_accounts, constants::SLOT_DURATION, genesis_config_presets, Balances,
	DataAttribution, Executive, Header, RevenueSplit, Runtime, RuntimeCall, RuntimeEvent,
	RuntimeGenesisConfig, RuntimeHoldReason, RuntimeOrigin, SignedPayload, System, TxExtension,
	UncheckedExtrinsic,
};
use pallet_data_attribution::{Contributions, Draws, Possession};
use serde_json::Value;
use sp_consensus_babe::{
	digests::{PreDigest, SecondaryPlainPreDigest},
	BABE_ENGINE_ID,
};
use sp_core::{sr25519, storage::StateVersion, Pair};
use sp_io::TestExternalities;
use sp_keyring::Sr25519Keyring;
use sp_runtime::{
	generic::Era,
	traits::{Dispatchable, Header as _},
	Digest, DigestItem, TryRuntimeError,
};
use std::{collections::BTreeMap, sync::OnceLock};

/// The existential deposit, in planck.
pub const EXISTENTIAL_DEPOSIT: Balance = MILLI_OPEN;

/// Lays `patch` over `base`, as a node does with a preset and the default genesis.
fn lay_over(base: &mut Value, patch: Value) {
	match (base, patch) {
		(Value::Object(base), Value::Object(patch)) => {
			for (key, value) in patch {
				lay_over(base.entry(key).or_insert(Value::Null), value);
			}
		}
		(base, patch) => *base = patch,
	}
}

/// The development chain at its genesis.
pub fn chain() -> TestExternalities {
	let mut genesis = serde_json::to_value(RuntimeGenesisConfig::default()).unwrap();
	let patch = genesis_config_presets::get_preset(&"development".into()).unwrap();
	lay_over(&mut genesis, serde_json::from_slice(&patch).unwrap());
	let genesis: RuntimeGenesisConfig = serde_json::from_value(genesis).unwrap();

	let mut externalities = TestExternalities::default();
	externalities.execute_with(|| genesis.build());
	externalities.commit_all().unwrap();
	externalities
}

/// A chain in its first block.
pub fn on_chain(test: impl FnOnce()) {
	chain().execute_with(|| {
		begin_block(1);
		test();
		finish_block();
		check_state().unwrap();
	});
}

/// Begins a block as a node does. Numbers may be left out: nothing on chain looks at the blocks
/// between.
pub fn begin_block(number: BlockNumber) {
	let slot = u64::from(number);
	let digest = PreDigest::SecondaryPlain(SecondaryPlainPreDigest {
		authority_index: 0,
		slot: slot.into(),
	});
	let digest = Digest { logs: vec![DigestItem::PreRuntime(BABE_ENGINE_ID, digest.encode())] };
	// As if all blocks before had been there, with what is drawn in those that somebody waits for.
	let between = System::block_number() + 1..number;
	let mut awaited = Draws::<Runtime>::iter_keys().collect::<Vec<_>>();
	awaited.retain(|draw| between.contains(draw));
	for draw in awaited {
		DataAttribution::on_initialize(draw);
	}
	System::set_block_number(number - 1);
	let parent = System::block_hash(number - 1);
	let header = Header::new(number, Default::default(), Default::default(), parent, digest);
	Executive::initialize_block(&header);
	let now = RuntimeCall::Timestamp(pallet_timestamp::Call::set { now: slot * SLOT_DURATION });
	now.dispatch(RuntimeOrigin::none()).expect("the time is right");
}

/// Finishes the block: everything that blocks do by themselves is done.
pub fn finish_block() {
	Executive::finalize_block();
}

/// Goes on to the block that comes `blocks` later.
pub fn pass(blocks: BlockNumber) {
	let next = System::block_number() + blocks;
	finish_block();
	begin_block(next);
}

/// The root of all state.
pub fn state_root() -> Vec<u8> {
	sp_io::storage::root(StateVersion::V1)
}

/// Dispatches a call, without a fee. One that fails leaves the state as it is, to the root.
pub fn dispatch(origin: RuntimeOrigin, call: impl Into<RuntimeCall>) -> DispatchResult {
	sp_io::storage::start_transaction();
	match call.into().dispatch(origin) {
		Ok(_) => {
			sp_io::storage::commit_transaction();
			Ok(())
		}
		Err(failed) => {
			let after = state_root();
			sp_io::storage::rollback_transaction();
			assert_eq!(after, state_root(), "a call that failed changed the state");
			Err(failed.error)
		}
	}
}

/// Dispatches a call that `who` signed.
pub fn send(who: &AccountId, call: impl Into<RuntimeCall>) -> DispatchResult {
	dispatch(RuntimeOrigin::signed(who.clone()), call)
}

/// Dispatches a call of governance.
pub fn govern(call: impl Into<RuntimeCall>) -> DispatchResult {
	dispatch(RuntimeOrigin::root(), call)
}

/// Applies an extrinsic, as a block does: signed, and paid for.
pub fn submit(signer: Sr25519Keyring, call: impl Into<RuntimeCall>) -> DispatchResult {
	let extension: TxExtension = (
		frame_system::AuthorizeCall::new(),
		frame_system::CheckNonZeroSender::new(),
		frame_system::CheckSpecVersion::new(),
		frame_system::CheckTxVersion::new(),
		frame_system::CheckGenesis::new(),
		frame_system::CheckEra::from(Era::Immortal),
		frame_system::CheckNonce::from(System::account_nonce(signer.to_account_id())),
		frame_system::CheckWeight::new(),
		pallet_transaction_payment::ChargeTransactionPayment::from(0),
		frame_metadata_hash_extension::CheckMetadataHash::new(false),
		frame_system::WeightReclaim::new(),
	);
	let payload = SignedPayload::new(call.into(), extension).expect("it is valid");
	let signature = payload.using_encoded(|bytes| signer.sign(bytes));
	let (call, extension, _) = payload.deconstruct();
	let address = signer.to_account_id().into();
	let extrinsic = UncheckedExtrinsic::new_signed(call, address, signature.into(), extension);
	Executive::apply_extrinsic(extrinsic).expect("a block takes it")
}

/// What `reporter` has to commit to before this report of a node.
pub fn commitment_to(reporter: &AccountId, report: &RuntimeCall) -> Hash {
	let name = report.get_call_metadata().function_name;
	// Without the indices of the pallet and of the call.
	report.using_encoded(|encoded| commitment(reporter, name, &encoded[2..]))
}

/// The keys of the well-known accounts, and ten more, by account.
fn keys() -> &'static BTreeMap<AccountId, sr25519::Pair> {
	static KEYS: OnceLock<BTreeMap<AccountId, sr25519::Pair>> = OnceLock::new();
	KEYS.get_or_init(|| {
		Sr25519Keyring::iter()
			.map(Sr25519Keyring::pair)
			.chain((0..10).map(Sr25519Keyring::numeric))
			.map(|pair| (pair.public().into(), pair))
			.collect()
	})
}

/// One of ten accounts that hold nothing, and whose keys are known: receipt keys and hot keys.
pub fn spare_key(number: usize) -> AccountId {
	static ACCOUNTS: OnceLock<Vec<AccountId>> = OnceLock::new();
	let accounts =
		ACCOUNTS.get_or_init(|| (0..10).map(Sr25519Keyring::numeric_id).collect::<Vec<_>>());
	accounts[number % accounts.len()].clone()
}

/// A signature over a message with the key of `who`. Of somebody whose key is not known: a wrong one.
pub fn sign(who: &AccountId, message: &impl Signed) -> Signature {
	let key = keys().get(who).unwrap_or_else(|| &keys()[&Sr25519Keyring::Two.to_account_id()]);
	key.sign(&message.signing_payload()).into()
}

/// The hash of block 0, which every signed message names.
pub fn genesis_hash() -> Hash {
	System::block_hash(0)
}

/// Balance of an account, on hold or not, in planck.
pub fn wealth(who: &AccountId) -> Balance {
	Balances::total_balance(who)
}

/// The pot of data attribution, that of the revenue split, and the protocol's account.
pub fn pots() -> [AccountId; 3] {
	pot_accounts()
}

/// The amount burned in this block because it was too little for an account, in planck.
pub fn dust() -> Balance {
	System::events()
		.into_iter()
		.filter_map(|record| match record.event {
			RuntimeEvent::Balances(pallet_balances::Event::DustLost { amount, .. }) => Some(amount),
			_ => None,
		})
		.sum()
}

/// Amounts on hold in all, by reason, in planck.
pub fn holds() -> BTreeMap<Vec<u8>, Balance> {
	let mut holds = BTreeMap::new();
	for (_, of_account) in pallet_balances::Holds::<Runtime>::iter() {
		for hold in of_account {
			*holds.entry(hold.id.encode()).or_default() += hold.amount;
		}
	}
	holds.retain(|_, amount: &mut Balance| *amount > 0);
	holds
}

/// Amounts that must be on hold for what the pallets have stored, by reason, in planck.
fn promised() -> BTreeMap<Vec<u8>, Balance> {
	use pallet_data_attribution::HoldReason as Data;
	use pallet_inference_metering::HoldReason as Metering;
	use pallet_inference_requests::HoldReason as Requests;
	use pallet_model_registry::HoldReason as Models;

	let mut promised = BTreeMap::<Vec<u8>, Balance>::new();
	let mut add = |reason: RuntimeHoldReason, amount: Balance| {
		*promised.entry(reason.encode()).or_default() += amount;
	};
	for model in pallet_model_registry::Models::<Runtime>::iter_values() {
		add(Models::Model.into(), model.deposit.amount().unwrap());
	}
	for resting in pallet_model_registry::RestingNames::<Runtime>::iter_values() {
		add(Models::Model.into(), resting.deposit);
	}
	for datanet in pallet_data_attribution::Datanets::<Runtime>::iter_values() {
		add(Data::Datanet.into(), datanet.deposit);
	}
	for contribution in pallet_data_attribution::Contributions::<Runtime>::iter_values() {
		add(Data::Contribution.into(), contribution.bond);
	}
	for admission in pallet_data_attribution::Admissions::<Runtime>::iter_values() {
		add(Data::Admission.into(), admission.deposit);
	}
	for accusation in pallet_data_attribution::Accusations::<Runtime>::iter_values() {
		add(Data::Accusation.into(), accusation.deposit);
		add(Data::Confirmation.into(), accusation.stake.map_or(0, |stake| stake.amount));
	}
	for reservation in pallet_data_attribution::Reservations::<Runtime>::iter_values() {
		add(Data::Reservation.into(), reservation.deposit);
	}
	for node in pallet_inference_metering::Nodes::<Runtime>::iter_values() {
		add(Metering::Bond.into(), node.bond);
	}
	for session in pallet_inference_metering::Sessions::<Runtime>::iter_values() {
		add(Metering::Session.into(), session.remaining());
		add(Metering::SessionStorage.into(), session.storage_deposit);
		add(Metering::LaneStorage.into(), session.lane_deposits);
	}
	for commitment in pallet_inference_metering::ReportCommitments::<Runtime>::iter_values() {
		add(Metering::Report.into(), commitment.deposit);
	}
	for request in pallet_inference_requests::Requests::<Runtime>::iter_values() {
		add(Requests::Call.into(), request.max_charge);
		add(Requests::Storage.into(), request.deposit);
		add(Requests::Claim.into(), request.claim.map_or(0, |claim| claim.deposit));
	}
	for outcome in pallet_inference_requests::Outcomes::<Runtime>::iter_values() {
		add(Requests::Storage.into(), outcome.deposit);
	}
	promised.retain(|_, amount| *amount > 0);
	promised
}

/// Checks the invariants of all six pallets, and those of the money in all of them: accounts add up
/// to the issuance, and nothing is on hold but for what is stored.
pub fn check_state() -> Result<(), String> {
	fn of(pallet: &str, result: Result<(), TryRuntimeError>) -> Result<(), String> {
		result.map_err(|error| format!("{pallet}: {error:?}"))
	}
	of("models", pallet_model_registry::Pallet::<Runtime>::do_try_state())?;
	of("data", pallet_data_attribution::Pallet::<Runtime>::do_try_state())?;
	of("metering", pallet_inference_metering::Pallet::<Runtime>::do_try_state())?;
	of("requests", pallet_inference_requests::Pallet::<Runtime>::do_try_state())?;
	of("revenue", pallet_revenue_split::Pallet::<Runtime>::do_try_state())?;
	of("fees", pallet_length_fee::Pallet::<Runtime>::do_try_state())?;

	let mut sum: Balance = 0;
	for (account, info) in frame_system::Account::<Runtime>::iter() {
		sum += info.data.free + info.data.reserved;
		let held: Balance =
			pallet_balances::Holds::<Runtime>::get(&account).iter().map(|hold| hold.amount).sum();
		if held != info.data.reserved {
			return Err(format!("{account} has {} reserved, {held} on hold", info.data.reserved));
		}
	}
	let issuance = Balances::total_issuance();
	if sum != issuance {
		return Err(format!("accounts have {sum}, the issuance is {issuance}"));
	}
	let (holds, promised) = (holds(), promised());
	if holds != promised {
		return Err(format!("on hold: {holds:?}, but stored: {promised:?}"));
	}
	Ok(())
}

/// Frees the names of models that are gone, as if they had rested, and gives the deposits for them back.
pub fn end_rests() {
	use pallet_model_registry::{Call, RestingNames};

	for (name, resting) in RestingNames::<Runtime>::iter().collect::<Vec<_>>() {
		let until = System::block_number();
		RestingNames::<Runtime>::insert(
			&name,
			pallet_model_registry::RestingName { until, ..resting },
		);
		send(&Sr25519Keyring::One.to_account_id(), Call::release_name { name }).unwrap();
	}
}

/// Checks that the pots have exactly what they owe, the existential deposit, and what somebody gave
/// them, in planck.
pub fn check_pots(gifts: [Balance; 2]) -> Result<(), String> {
	let data = pallet_data_attribution::Accounted::<Runtime>::get();
	let split = pallet_revenue_split::TotalAccrued::<Runtime>::get();
	for (pot, owes, gift) in
		[(DataAttribution::pot(), data, gifts[0]), (RevenueSplit::pot(), split, gifts[1])]
	{
		let (has, expected) = (wealth(&pot), EXISTENTIAL_DEPOSIT + owes + gift);
		if has != expected {
			return Err(format!("the pot {pot} has {has} instead of {expected}"));
		}
	}
	Ok(())
}

/// A bounded list, which `items` fit.
pub fn bounded<Item, Bound: sp_core::Get<u32>>(
	items: impl IntoIterator<Item = Item>,
) -> sp_runtime::BoundedVec<Item, Bound> {
	sp_runtime::BoundedVec::truncate_from(items.into_iter().collect())
}

/// A version of a model, with weights of this hash and without anything special.
pub fn version(uri: &str, base_hash: Hash, sources: DataSources) -> VersionDetails {
	VersionDetails {
		uri: text(uri),
		base_hash,
		adapter_hash: None,
		tokenizer_hash: Hash::zero(),
		template_hash: None,
		template_overhead: 8,
		max_retrieved_tokens: 0,
		attribution_rule: NEWEST_RULE,
		sources,
	}
}

/// The root of a number's data set, which is one leaf: the number.
pub fn data_root(number: u64) -> Hash {
	data_tree::root(&number.to_le_bytes(), None).expect("it has bytes").root
}

/// The commitment to a number's data set, at an address that ends with the number.
pub fn submission(number: u64) -> Submission {
	Submission {
		root: data_root(number),
		size: 8,
		uri: text(&format!("https://data.example/{number}")),
		format: FORMAT_STREAM,
		licence: Hash::zero(),
	}
}

/// The number of the data set that is to be found at an address; 0 if there is none.
pub fn number_at(uri: &[u8]) -> u64 {
	let number = uri.rsplit(|byte| *byte == b'/').next().map(String::from_utf8_lossy);
	number.and_then(|number| number.parse().ok()).unwrap_or_default()
}

/// The call that shows the data of a contribution, whose leaf is drawn with it if it was not before.
pub fn show(contribution: ContributionId) -> pallet_data_attribution::Call<Runtime> {
	let entry = Contributions::<Runtime>::get(contribution);
	if let Some(Possession::Owed(draw)) = entry.as_ref().map(|entry| entry.possession) {
		if Draws::<Runtime>::get(draw).is_some_and(|draw| draw.seed.is_none()) {
			DataAttribution::on_initialize(draw);
		}
	}
	let number = entry.map_or(0, |entry| number_at(&entry.uri));
	pallet_data_attribution::Call::show_possession { contribution, proof: proof(number) }
}

/// The proof of the only leaf of a number's data set.
pub fn proof(number: u64) -> RangeProof {
	let stream = number.to_le_bytes();
	RangeProof::new(&stream, None, &leaf_hashes(&stream, None), 0, 8).expect("it is all of it")
}

/// A bounded string.
pub fn text<Bound: sp_core::Get<u32>>(text: &str) -> sp_runtime::BoundedVec<u8, Bound> {
	bounded(text.bytes())
}

/// So much that nobody in a test runs out of it, in planck.
pub const PLENTY: Balance = 1_000 * OPEN;
