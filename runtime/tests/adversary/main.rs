//! Adversaries who need more than one pallet: each test is one attack on the whole runtime, and what
//! comes of it.
//!
//! Those against one pallet alone are among its own tests: replayed vouchers and vouchers of another
//! chain, lanes that overdraw, settling and closing in the wrong order, disputes in the last block.

#[path = "../common/mod.rs"]
mod common;

mod data;
mod dust;
mod lanes;
mod terms;

use common::*;
use frame_support::{assert_ok, traits::Get};
use openledger_primitives::{
	answer::Evidence,
	attribution::{DataSource, DataSources, ReleaseSelector},
	lane::{Agreement, AttributionShare, CallRecord, LaneSettlement, Part, Voucher},
	lane_list::LaneList,
	policy::RevenuePolicy,
	price::PriceSchedule,
	split::split_charge,
	AccountId, Balance, BlockNumber, ContributionId, DatanetId, Hash, LaneId, ModelId,
	PriceVersion, ReleaseId, Sequence, SessionId, VersionId, Weight, MILLI_OPEN, OPEN,
};
use openledger_runtime::{configs::parameters, Runtime, System};
use pallet_data_attribution::{
	AccusationReason::{Duplicate, Fraud},
	Call as Data, ContributionStatus, Contributions, CuratorEarnings, DirectEarnings,
	Error as DataError, NextContributionId, Releases, RootOwner, SlashedEarnings,
};
use pallet_inference_metering::{Call as Metering, Error as MeteringError, Served, Sessions};
use pallet_model_registry::Call as Models;
use pallet_revenue_split::{Accrued, Call as Revenue, Earned};
use sp_keyring::Sr25519Keyring::{self, *};
use sp_runtime::{DispatchError, DispatchResult, Permill};

const DEVELOPER: Sr25519Keyring = Alice;
const CURATOR: Sr25519Keyring = Charlie;
const OPERATOR: Sr25519Keyring = BobStash;
const CALLER: Sr25519Keyring = EveStash;

/// Price of a call of the model.
const PRICE: PriceSchedule = PriceSchedule {
	per_call: 30 * MILLI_OPEN,
	per_input_token: 0,
	per_cached_input_token: 0,
	per_output_token: MILLI_OPEN,
};

fn policy() -> RevenuePolicy {
	RevenuePolicy {
		developer: Permill::from_percent(40),
		data: Permill::from_percent(35),
		node: Permill::from_percent(25),
		attributed: Permill::from_percent(50),
	}
}

fn id(key: Sr25519Keyring) -> AccountId {
	key.to_account_id()
}

fn root(number: u64) -> Hash {
	data_root(number)
}

fn create_datanet(curator: Sr25519Keyring, name: &str, share: u32) {
	let curator_share = Permill::from_percent(share);
	let call = Data::create_datanet_with { name: text(name), open: true, curator_share };
	assert_ok!(send(&id(curator), call));
}

/// Submits a contribution, shows it, and has it accepted. It is the data set of `number`.
fn contribute(
	who: Sr25519Keyring,
	curator: Sr25519Keyring,
	datanet: DatanetId,
	number: u64,
	weight: Weight,
) -> ContributionId {
	let contribution = bring(who, datanet, number).unwrap();
	assert_ok!(send(&id(curator), Data::accept_contribution { contribution, weight }));
	contribution
}

/// Submits a number's data set, and shows it.
fn bring(
	who: Sr25519Keyring,
	datanet: DatanetId,
	number: u64,
) -> Result<ContributionId, DispatchError> {
	let contribution = NextContributionId::<Runtime>::get();
	let submission = submission(number);
	send(&id(who), Data::submit_contribution { datanet, submission })?;
	send(&id(who), show(contribution))?;
	Ok(contribution)
}

fn publish(curator: Sr25519Keyring, datanet: DatanetId) {
	assert_ok!(send(&id(curator), Data::publish_release { datanet }));
}

fn fixed(datanet: DatanetId, release: ReleaseId) -> DataSources {
	bounded([DataSource { datanet, release: ReleaseSelector::Fixed(release), weight: 1 }])
}

fn register(owner: Sr25519Keyring, name: &str, policy: RevenuePolicy, sources: DataSources) {
	let details = version("https://models.example", Hash::zero(), sources);
	let call = Models::register_model { name: text(name), details, price: PRICE, policy };
	assert_ok!(send(&id(owner), call));
}

fn serve(models: impl IntoIterator<Item = ModelId>) {
	let call = Metering::register_node {
		endpoint: text("https://node.example"),
		receipt_key: spare_key(0),
		bond: 100 * OPEN,
		models: bounded(models.into_iter().map(|model| Served { model, capacity: 1 })),
	};
	assert_ok!(send(&id(OPERATOR), call));
}

fn open_session(caller: Sr25519Keyring, deposit: Balance) -> SessionId {
	let session = pallet_inference_metering::NextSessionId::<Runtime>::get();
	let call = Metering::open_session {
		node: id(OPERATOR),
		deposit,
		signer: id(caller),
		expires_at: System::block_number() + 20 * 28_800,
	};
	assert_ok!(send(&id(caller), call));
	session
}

/// A model (0) of Alice's from the release 1 of a datanet (0), in which Eve (0) has a quarter of the
/// weight and Ferdie (1) the rest; a node that serves it; and a session (0) with that. All of it is of the block
/// before: calls are paid as of a block that is over.
fn market(curator_share: u32) {
	create_datanet(CURATOR, "datanet", curator_share);
	assert_eq!(contribute(Eve, CURATOR, 0, 1, 1), 0);
	assert_eq!(contribute(Ferdie, CURATOR, 0, 2, 3), 1);
	publish(CURATOR, 0);
	register(DEVELOPER, "model", policy(), fixed(0, 1));
	serve([0]);
	assert_eq!(open_session(CALLER, 10 * OPEN), 0);
	pass(1);
}

/// The newest block that calls can be settled as of in this one.
fn block_before() -> BlockNumber {
	System::block_number() - 1
}

/// One call.
#[derive(Clone)]
struct TheCall {
	session: SessionId,
	lane: LaneId,
	sequence: Sequence,
	acknowledged: Balance,
	allowance: Balance,
	model: ModelId,
	version: VersionId,
	price_version: PriceVersion,
	/// The block that it is paid as of.
	as_of: BlockNumber,
	output_tokens: u32,
	/// Basis points of contributions.
	attribution: Vec<(ContributionId, u16)>,
}

/// The first call of session 0, which costs 50 thousandths of an OPEN, as of the session's first block.
fn the_call() -> TheCall {
	TheCall {
		session: 0,
		lane: 0,
		sequence: 1,
		acknowledged: 0,
		allowance: 50 * MILLI_OPEN,
		model: 0,
		version: 0,
		price_version: 0,
		as_of: Sessions::<Runtime>::get(0).expect("it is open").opened_at,
		output_tokens: 20,
		attribution: Vec::new(),
	}
}

impl TheCall {
	/// The voucher that its caller signs, before it is answered. It is valid for ten blocks.
	fn voucher(&self) -> Voucher {
		Voucher {
			genesis_hash: genesis_hash(),
			session: self.session,
			lane: self.lane,
			agreement: Agreement {
				model: self.model,
				version: self.version,
				price_version: self.price_version,
				as_of: self.as_of,
				evidence: Evidence::Open,
				own_price: None,
			},
			sequence: self.sequence,
			acknowledged: self.acknowledged,
			acknowledged_root: LaneList::default().root(),
			authorised: self.acknowledged + self.allowance,
			request_hash: Hash::zero(),
			valid_until: System::block_number() + 10,
			extension: None,
		}
	}

	/// The node's record of it.
	fn record(&self) -> CallRecord {
		let entries = self.attribution.iter();
		let share = |(contribution, basis_points): &(ContributionId, u16)| AttributionShare {
			contribution: *contribution,
			basis_points: *basis_points,
		};
		CallRecord {
			sequence: self.sequence,
			input_tokens: 0,
			cached_tokens: 0,
			retrieved_tokens: 0,
			output_tokens: self.output_tokens,
			response_hash: Hash::zero(),
			attribution: bounded(entries.map(share)),
			extension: None,
		}
	}

	/// Settles it.
	fn settle(&self) -> DispatchResult {
		redeem(self.voucher(), [self.record()])
	}
}

/// Settles records with a voucher.
fn redeem(voucher: Voucher, records: impl IntoIterator<Item = CallRecord>) -> DispatchResult {
	redeem_as_signed(&voucher, voucher, records)
}

/// The same, with the caller's signature over `signed`.
fn redeem_as_signed(
	signed: &Voucher,
	voucher: Voucher,
	records: impl IntoIterator<Item = CallRecord>,
) -> DispatchResult {
	let caller = Sessions::<Runtime>::get(signed.session).expect("it is open").caller;
	let signature = sign(&caller, signed);
	let parts = bounded([Part::Records(bounded(records))]);
	let settlement = LaneSettlement { voucher: voucher.into(), signature, parts };
	send(&id(OPERATOR), Metering::settle_lanes { lanes: bounded([settlement]) })
}

/// Amount that a session has settled.
fn settled(session: SessionId) -> Balance {
	Sessions::<Runtime>::get(session).map_or(0, |session| session.settled)
}

/// Part of a charge that goes to the data behind the model.
fn data_part(charge: Balance, policy: &RevenuePolicy) -> Balance {
	split_charge(charge, parameters::ProtocolShare::get(), policy).unwrap().data
}

/// Amount that a claim of a contribution from a release brings to its payee.
fn claim(contribution: ContributionId, release: ReleaseId) -> Result<Balance, DispatchError> {
	let payee = Contributions::<Runtime>::get(contribution).unwrap().payee().clone();
	let before = wealth(&payee);
	send(&id(Dave), Data::claim_for { contribution, releases: bounded([release]) })?;
	Ok(wealth(&payee) - before)
}

/// Part of a release's earnings that waits for a contribution that has not claimed, in planck.
fn claimable(contribution: ContributionId, release: ReleaseId) -> Balance {
	let entry = Contributions::<Runtime>::get(contribution).unwrap();
	let state = Releases::<Runtime>::get(entry.datanet, release).unwrap();
	state.index.owed(entry.weight_at(release), 0).unwrap()
}
