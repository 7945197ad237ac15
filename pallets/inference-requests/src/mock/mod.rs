//! A runtime for tests with stand-ins for models, nodes and the split of charges. They keep what they
//! know in storage, so that it is undone with everything else.

mod models;
mod split;

pub use models::Models;
pub use split::Split;

use crate as pallet_inference_requests;
use crate::types::{bytes, RequestInput, RequestOutput};
use codec::Encode;
use frame_support::{
	assert_ok, derive_impl, parameter_types,
	storage::unhashed,
	traits::{
		fungible::{Inspect, InspectHold},
		Hooks,
	},
	weights::Weight,
	PalletId,
};
use openledger_primitives::{
	ids::{MILLI_OPEN, OPEN},
	lane::{Attribution, AttributionShare, FulfilledCall, RejectReason, Statement},
	on_chain::{call_session, call_statement, DeclineReason},
	signing::Signed,
	traits::{ModelInspect, NodeInspect, RevenueDistributor},
	AccountId, Balance, ContributionId, Hash, ModelId, RequestId, SessionId, Signature,
};
use sp_core::{sr25519, Get, Pair};
use sp_runtime::{
	traits::{IdentifyAccount, IdentityLookup},
	BuildStorage, DispatchResult, DispatchResultWithInfo, MultiSigner, Permill,
};

pub const DEVELOPER: u8 = 1;
pub const NODE: u8 = 2;
pub const OTHER_NODE: u8 = 3;
pub const CALLER: u8 = 4;
pub const OTHER_CALLER: u8 = 5;
pub const STRANGER: u8 = 6;
pub const PROTOCOL: u8 = 7;
pub const DATA: u8 = 8;
/// Is paid for the model above all others.
pub const PARENT: u8 = 9;
/// Curates all data, and claims what that earns from it.
pub const CURATOR: u8 = 10;
/// Everybody who has funds.
pub const PEOPLE: [u8; 10] =
	[DEVELOPER, NODE, OTHER_NODE, CALLER, OTHER_CALLER, STRANGER, PROTOCOL, DATA, PARENT, CURATOR];

pub const PROTOCOL_SHARE: Permill = Permill::from_percent(10);
pub const ROYALTY: Permill = Permill::from_percent(20);
/// The first contribution that is part of no release.
pub const FOREIGN: ContributionId = 100;

pub const WEALTH: Balance = 1_000 * OPEN;
/// Price per call; a token costs a hundredth of it.
pub const PRICE: Balance = MILLI_OPEN;
pub const MAX_CHARGE: Balance = 10 * PRICE;
/// The question of [`request`].
pub const INPUT: &[u8] = b"what is a ledger?";
/// Output of [`answer`], with as many tokens as [`call_charge`] counts.
pub const OUTPUT: &[u8] = b"a book of accounts";
pub const INPUT_TOKENS: u32 = 7;
pub const OUTPUT_TOKENS: u32 = 5;
/// Tokens that the template of all models adds for a message.
pub const OVERHEAD: u32 = 9;

/// Both nodes serve it.
pub const MODEL: ModelId = 0;
/// Only the first node serves it, and it pays no data.
pub const OTHER_MODEL: ModelId = 1;

#[frame_support::runtime]
mod runtime {
	#[runtime::runtime]
	#[runtime::derive(
		RuntimeCall,
		RuntimeEvent,
		RuntimeError,
		RuntimeOrigin,
		RuntimeFreezeReason,
		RuntimeHoldReason,
		RuntimeTask
	)]
	pub struct Test;

	#[runtime::pallet_index(0)]
	pub type System = frame_system::Pallet<Test>;
	#[runtime::pallet_index(1)]
	pub type Balances = pallet_balances::Pallet<Test>;
	#[runtime::pallet_index(2)]
	pub type Requests = pallet_inference_requests::Pallet<Test>;
}

type Block = frame_system::mocking::MockBlockU32<Test>;

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = Block;
	type AccountId = AccountId;
	type Lookup = IdentityLookup<AccountId>;
	type AccountData = pallet_balances::AccountData<Balance>;
}

parameter_types! {
	pub const ExistentialDeposit: Balance = MILLI_OPEN;
	pub const SplitPot: PalletId = PalletId(*b"ol/split");
	pub const DepositBase: Balance = OPEN;
	pub static DepositPerByte: Balance = MILLI_OPEN;
	pub const MinDeadline: u32 = 2;
	pub const MaxDeadline: u32 = 100;
	pub static CancelNotice: u32 = 4;
	pub const MaxPerSlot: u32 = 2;
	pub static ClaimDeposit: Balance = 2 * OPEN;
	pub const ClaimPeriod: u32 = 5;
	pub const ClaimLoss: Permill = Permill::from_percent(10);
	pub const AnswerPeriod: u32 = 30;
	/// Set by a test to make the stand-in for the split forget something.
	pub static Forgets: Option<Forgotten> = None;
	/// Set by a test to make the stand-in for the split refuse to find out who is to be paid.
	pub static SplitRefuses: Option<RejectReason> = None;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type Balance = Balance;
	type ExistentialDeposit = ExistentialDeposit;
	type AccountStore = System;
	type RuntimeHoldReason = RuntimeHoldReason;
}

/// What the stand-in for the split forgets.
#[derive(Clone, Copy, Debug)]
pub enum Forgotten {
	Lane,
	Item,
}

/// The protocol's account.
pub struct ProtocolAccount;

impl Get<AccountId> for ProtocolAccount {
	fn get() -> AccountId {
		account(PROTOCOL)
	}
}

impl pallet_inference_requests::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Models = Models;
	type Nodes = Nodes;
	type Revenue = Split;
	type DepositBase = DepositBase;
	type DepositPerByte = DepositPerByte;
	type MinDeadline = MinDeadline;
	type MaxDeadline = MaxDeadline;
	type CancelNotice = CancelNotice;
	type MaxPerSlot = MaxPerSlot;
	type ClaimDeposit = ClaimDeposit;
	type ClaimPeriod = ClaimPeriod;
	type ClaimLoss = ClaimLoss;
	type AnswerPeriod = AnswerPeriod;
	type ProtocolAccount = ProtocolAccount;
	type WeightInfo = ();
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkData = Data;
}

/// Stands in for the inference nodes.
pub struct Nodes;

fn node_key(operator: &AccountId, model: ModelId) -> Vec<u8> {
	(b"nodes", operator, model).encode()
}

fn kept_key(session: SessionId) -> Vec<u8> {
	(b"kept", session).encode()
}

fn payee_key(operator: &AccountId) -> Vec<u8> {
	(b"payees", operator).encode()
}

impl Nodes {
	/// From now on `payee` is paid for the node.
	pub fn set_payee(seed: u8, payee: u8) {
		unhashed::put(&payee_key(&account(seed)), &account(payee));
	}

	/// What is kept of a call, by the session that it stands for: operator, caller, statement and root.
	pub fn kept(request: RequestId) -> Option<(AccountId, AccountId, Statement, Hash)> {
		unhashed::get(&kept_key(call_session(request)))
	}

	/// From now on the node serves the model, or not.
	pub fn set(seed: u8, model: ModelId, serves: bool) {
		unhashed::put(&node_key(&account(seed), model), &serves);
	}
}

impl NodeInspect<AccountId> for Nodes {
	fn serves(operator: &AccountId, model: ModelId) -> bool {
		unhashed::get_or_default(&node_key(operator, model))
	}

	fn payee(operator: &AccountId) -> AccountId {
		unhashed::get_or(&payee_key(operator), operator.clone())
	}

	/// The operator's own, unless it is one of those who have a key in tests.
	fn receipt_key(operator: &AccountId) -> Option<AccountId> {
		let seed = [NODE, OTHER_NODE, STRANGER].into_iter().find(|it| account(*it) == *operator);
		Some(seed.map_or_else(|| operator.clone(), receipt_key))
	}

	fn keep_call(
		operator: &AccountId,
		caller: &AccountId,
		statement: &Statement,
		root: Hash,
	) -> DispatchResult {
		let kept = (operator, caller, statement, root);
		unhashed::put(&kept_key(statement.session), &kept);
		Ok(())
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_node(operator: &AccountId, model: ModelId) -> sp_runtime::DispatchResult {
		unhashed::put(&node_key(operator, model), &true);
		Ok(())
	}
}

/// Stands in for the datanets.
#[cfg(feature = "runtime-benchmarks")]
pub struct Data;

#[cfg(feature = "runtime-benchmarks")]
impl openledger_primitives::traits::DataInspect for Data {
	fn release_exists(_: u32, _: u32) -> bool {
		true
	}

	fn latest_release(_: u32) -> Option<u32> {
		Some(1)
	}

	/// Each in a datanet of its own.
	fn benchmark_release(
		contributions: u32,
	) -> Result<(u32, u32, Vec<u64>), sp_runtime::DispatchError> {
		let datanet: u32 = unhashed::get_or_default(b"datanets");
		unhashed::put(b"datanets", &(datanet + 1));
		let ids = (0..contributions).map(|number| u64::from(datanet * contributions + number));
		Ok((datanet, 1, ids.collect()))
	}
}

pub fn account(seed: u8) -> AccountId {
	AccountId::new([seed; 32])
}

pub fn pair(seed: u8) -> sr25519::Pair {
	sr25519::Pair::from_seed(&[seed; 32])
}

/// The account of the key that signs the statements of a node.
pub fn receipt_key(seed: u8) -> AccountId {
	MultiSigner::from(pair(seed).public()).into_account()
}

pub fn new_test_ext() -> sp_io::TestExternalities {
	ClaimDeposit::set(2 * OPEN);
	DepositPerByte::set(MILLI_OPEN);
	CancelNotice::set(4);
	Forgets::set(None);
	SplitRefuses::set(None);
	let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
	let mut balances: Vec<_> = PEOPLE.into_iter().map(|seed| (account(seed), WEALTH)).collect();
	balances.push((Split::pot(), MILLI_OPEN));
	pallet_balances::GenesisConfig::<Test> { balances, ..Default::default() }
		.assimilate_storage(&mut storage)
		.unwrap();
	let mut ext = sp_io::TestExternalities::new(storage);
	ext.register_extension(sp_keystore::KeystoreExt::new(
		sp_keystore::testing::MemoryKeystore::new(),
	));
	ext.execute_with(|| {
		System::set_block_number(1);
		Models::add(MODEL, true);
		Models::add(OTHER_MODEL, false);
		Nodes::set(NODE, MODEL, true);
		Nodes::set(NODE, OTHER_MODEL, true);
		Nodes::set(OTHER_NODE, MODEL, true);
	});
	ext
}

/// Runs `test` on a fresh chain and checks the invariants afterwards.
pub fn run(test: impl FnOnce()) {
	new_test_ext().execute_with(|| {
		test();
		Requests::do_try_state().unwrap();
	});
}

pub fn origin(seed: u8) -> RuntimeOrigin {
	RuntimeOrigin::signed(account(seed))
}

pub fn input(bytes: &[u8]) -> RequestInput {
	String::from_utf8(bytes.to_vec()).unwrap().try_into().unwrap()
}

pub fn output(bytes: &[u8]) -> RequestOutput {
	String::from_utf8(bytes.to_vec()).unwrap().try_into().unwrap()
}

/// So many contributions, each with a twentieth of the answer.
pub fn attribution(entries: u64) -> Attribution {
	(0..entries)
		.map(|contribution| AttributionShare { contribution, basis_points: 500 })
		.collect::<Vec<_>>()
		.try_into()
		.unwrap()
}

/// Requests a call of [`MODEL`] as the caller.
pub fn try_request(node: Option<u8>, max_charge: Balance, deadline: u32) -> PostInfo {
	let node = node.map(account);
	Requests::request_call(origin(CALLER), MODEL, node, input(INPUT), max_charge, deadline)
}

pub type PostInfo = DispatchResultWithInfo<frame_support::dispatch::PostDispatchInfo>;

/// Requests a call of whoever answers, that can be answered for 10 blocks.
pub fn request() -> RequestId {
	request_until(System::block_number() + 10)
}

pub fn request_until(deadline: u32) -> RequestId {
	let id = crate::NextRequestId::<Test>::get();
	assert_ok!(try_request(None, MAX_CHARGE, deadline));
	id
}

/// A request of the block before, which the node has claimed.
pub fn asked() -> RequestId {
	let id = request();
	go_to(System::block_number() + 1);
	claim(NODE, id);
	id
}

/// Claims a call as node `seed`.
pub fn claim(seed: u8, request: RequestId) {
	assert_ok!(Requests::claim_call(origin(seed), request));
}

/// Says as node `seed` that it will not answer.
pub fn decline(seed: u8, request: RequestId) -> PostInfo {
	Requests::decline_call(origin(seed), request, DeclineReason::TooDear)
}

/// The statement of an answer to a request, as the chain works it out: at no charge, if there is none.
pub fn statement(
	request: RequestId,
	output: &RequestOutput,
	input_tokens: u32,
	output_tokens: u32,
	attribution: &Attribution,
) -> Statement {
	let genesis = System::block_hash(0);
	let stored = crate::Requests::<Test>::get(request);
	let stored = stored.unwrap_or_else(|| crate::types::Request {
		caller: account(CALLER),
		model: MODEL,
		node: None,
		version: 0,
		price_version: 0,
		asked_at: 0,
		max_charge: 0,
		deposit: 0,
		deadline: 0,
		cancelled_at: None,
		slot: None,
		input_hash: Hash::zero(),
		most_input_tokens: 0,
		claim: None,
		refusals: Default::default(),
	});
	let answer = crate::types::Answer {
		output: output.clone(),
		input_tokens,
		output_tokens,
		attribution: attribution.clone(),
		signature: sign(NODE, &[]),
	};
	let record = answer.record();
	let (model, version, price_version) = (stored.model, stored.version, stored.price_version);
	let terms = Models::terms_as_of(model, version, price_version, stored.asked_at);
	let charge = terms.ok().and_then(|(terms, _)| terms.price.charge(&record.tokens()));
	let agreement = stored.agreement();
	let charge = charge.unwrap_or_default();
	call_statement(genesis, request, stored.input_hash, agreement, &record, charge)
}

/// The signature of node `seed`'s receipt key over these bytes.
pub fn sign(seed: u8, bytes: &[u8]) -> Signature {
	pair(seed).sign(bytes).into()
}

/// Answers as node `seed`, with its statement.
pub fn answer_with_all(
	seed: u8,
	request: RequestId,
	output: RequestOutput,
	input_tokens: u32,
	output_tokens: u32,
	attribution: Attribution,
) -> PostInfo {
	let statement = statement(request, &output, input_tokens, output_tokens, &attribution);
	let signature = sign(seed, &statement.signing_payload());
	Requests::fulfil_call(
		origin(seed),
		request,
		output,
		input_tokens,
		output_tokens,
		attribution,
		signature,
	)
}

/// Answers as node `seed`.
pub fn answer(seed: u8, request: RequestId) -> PostInfo {
	answer_with_all(seed, request, output(OUTPUT), INPUT_TOKENS, OUTPUT_TOKENS, attribution(2))
}

/// What the last event, which is that of an answer, says of the call.
pub fn fulfilled() -> FulfilledCall {
	match System::events().pop().unwrap().event {
		RuntimeEvent::Requests(crate::Event::CallFulfilled { call, .. }) => *call,
		other => panic!("{other:?}"),
	}
}

/// Charge for [`answer`] at the price version 0.
pub fn call_charge() -> Balance {
	PRICE + Balance::from(INPUT_TOKENS + OUTPUT_TOKENS) * (PRICE / 100)
}

/// The deposit of [`request`].
pub fn deposit() -> Balance {
	OPEN + MILLI_OPEN * Balance::from(openledger_primitives::MAX_REQUEST_OUTPUT)
}

/// What is left of it for the answer of [`answer`].
pub fn kept_deposit() -> Balance {
	OPEN + MILLI_OPEN * Balance::from(bytes(&output(OUTPUT)))
}

/// Amount on hold for somebody's claims.
pub fn held_for_claims(seed: u8) -> Balance {
	Balances::balance_on_hold(&crate::HoldReason::Claim.into(), &account(seed))
}

/// Amounts on hold for somebody's calls, and for their place.
pub fn held(seed: u8) -> (Balance, Balance) {
	let held = |reason: crate::HoldReason| {
		Balances::balance_on_hold(&RuntimeHoldReason::from(reason), &account(seed))
	};
	(held(crate::HoldReason::Call), held(crate::HoldReason::Storage))
}

/// Balance of somebody, with what is on hold.
pub fn total(seed: u8) -> Balance {
	Balances::total_balance(&account(seed))
}

/// Ends this block, whose extrinsics leave `idle` for its hooks, and starts the next.
pub fn next_block_with(idle: Weight) {
	let used = Requests::on_idle(System::block_number(), idle);
	assert!(used.all_lte(idle));
	Requests::do_try_state().unwrap();
	System::set_block_number(System::block_number() + 1);
}

/// Goes on to block `number`, sweeping on the way.
pub fn go_to(number: u32) {
	while System::block_number() < number {
		next_block_with(Weight::MAX);
	}
}

/// Goes on to block `number`, where blocks on the way are too full for a sweep.
pub fn go_to_without_sweep(number: u32) {
	while System::block_number() < number {
		next_block_with(Weight::zero());
	}
}
