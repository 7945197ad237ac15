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
	aggregate::Aggregate,
	attribution::{Attribution, AttributionEntry, DataSource, DataSources, ReleaseSelector},
	policy::RevenuePolicy,
	price::PriceSchedule,
	record::CallRecord,
	split::split_charge,
	voucher::Voucher,
	AccountId, Balance, ContributionId, DatanetId, Hash, LaneId, ModelId, PriceVersion, ReleaseId,
	Sequence, SessionId, VersionId, Weight, MILLI_OPEN, OPEN,
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
/// weight and Ferdie (1) the rest; a node that serves it; and a session (0) with that.
fn market(curator_share: u32) {
	create_datanet(CURATOR, "datanet", curator_share);
	assert_eq!(contribute(Eve, CURATOR, 0, 1, 1), 0);
	assert_eq!(contribute(Ferdie, CURATOR, 0, 2, 3), 1);
	publish(CURATOR, 0);
	register(DEVELOPER, "model", policy(), fixed(0, 1));
	serve([0]);
	assert_eq!(open_session(CALLER, 10 * OPEN), 0);
}

/// One call of the model 0.
#[derive(Clone)]
struct TheCall {
	session: SessionId,
	lane: LaneId,
	sequence: Sequence,
	acknowledged: Balance,
	allowance: Balance,
	version: VersionId,
	price_version: PriceVersion,
	output_tokens: u32,
	attribution: Vec<(ContributionId, Weight)>,
}

/// The first call of session 0, which costs 50 thousandths of an OPEN.
fn the_call() -> TheCall {
	TheCall {
		session: 0,
		lane: 0,
		sequence: 1,
		acknowledged: 0,
		allowance: 50 * MILLI_OPEN,
		version: 0,
		price_version: 0,
		output_tokens: 20,
		attribution: Vec::new(),
	}
}

impl TheCall {
	/// The voucher that its caller signs, before it is answered.
	fn voucher(&self) -> Voucher {
		Voucher {
			genesis_hash: genesis_hash(),
			session: self.session,
			lane: self.lane,
			model: 0,
			version: self.version,
			price_version: self.price_version,
			sequence: self.sequence,
			acknowledged: self.acknowledged,
			authorised: self.acknowledged + self.allowance,
			request_hash: Hash::zero(),
			valid_until: System::block_number() + 10,
		}
	}

	/// The node's record of it.
	fn record(&self) -> CallRecord {
		let entries = self.attribution.iter();
		let attribution: Attribution = bounded(entries.map(|(contribution, weight)| {
			AttributionEntry { contribution: *contribution, weight: *weight }
		}));
		CallRecord {
			sequence: self.sequence,
			model: 0,
			version: self.version,
			price_version: self.price_version,
			input_tokens: 0,
			output_tokens: self.output_tokens,
			request_hash: Hash::zero(),
			response_hash: Hash::zero(),
			attribution,
		}
	}

	/// Settles it.
	fn settle(&self) -> DispatchResult {
		redeem(self.voucher(), [self.record()])
	}
}

/// Settles records with a voucher.
fn redeem(voucher: Voucher, records: impl IntoIterator<Item = CallRecord>) -> DispatchResult {
	let caller = Sessions::<Runtime>::get(voucher.session).expect("it is open").caller;
	let signature = sign(&caller, &voucher);
	send(&id(OPERATOR), Metering::settle { voucher, signature, records: bounded(records) })
}

/// Settles the sums of records with a voucher.
fn redeem_sums(voucher: Voucher, records: &[CallRecord]) -> DispatchResult {
	let caller = Sessions::<Runtime>::get(voucher.session).expect("it is open").caller;
	let signature = sign(&caller, &voucher);
	let tokens =
		|of: fn(&CallRecord) -> u32| records.iter().map(|record| u64::from(of(record))).sum();
	let aggregate = Aggregate {
		up_to: records.last().map_or(0, |record| record.sequence),
		calls: records.len().try_into().unwrap(),
		input_tokens: tokens(|record| record.input_tokens),
		output_tokens: tokens(|record| record.output_tokens),
		attribution: Default::default(),
		unattributed: 0,
		root: Hash::zero(),
	};
	send(&id(OPERATOR), Metering::settle_aggregate { voucher, signature, aggregate, last: None })
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
