//! Adversaries who need more than one pallet: each test is one attack on the whole runtime, and what
//! comes of it.
//!
//! Those against one pallet alone are among its own tests: replayed vouchers and vouchers of another
//! chain, lanes that overdraw, settling and closing in the wrong order, disputes in the last block.

mod common;

use common::*;
use frame_support::{assert_ok, traits::Get};
use openledger_primitives::{
	attribution::{Attribution, AttributionEntry, DataSource, DataSources, ReleaseSelector},
	policy::RevenuePolicy,
	price::PriceSchedule,
	record::CallRecord,
	split::split_charge,
	voucher::Voucher,
	AccountId, Balance, ContributionId, DatanetId, Hash, ModelId, PriceVersion, ReleaseId,
	Sequence, SessionId, VersionId, Weight, MILLI_OPEN, OPEN,
};
use openledger_runtime::{configs::parameters, Runtime, System};
use pallet_data_attribution::{
	AccusationReason::{Duplicate, Fraud},
	Call as Data, ContributionStatus, Contributions, CuratorEarnings, DirectEarnings,
	Error as DataError, NextContributionId, Releases, RootOwner,
};
use pallet_inference_metering::{
	types::Served, Call as Metering, Error as MeteringError, Lanes, Sessions,
};
use pallet_model_registry::Call as Models;
use pallet_revenue_split::{Accrued, Call as Revenue, Earned};
use sp_keyring::Sr25519Keyring::{self, *};
use sp_runtime::{DispatchError, DispatchResult, Permill};

const DEVELOPER: Sr25519Keyring = Alice;
const CURATOR: Sr25519Keyring = Charlie;
const OPERATOR: Sr25519Keyring = BobStash;
const CALLER: Sr25519Keyring = EveStash;

/// What a call of the model costs.
const PRICE: PriceSchedule =
	PriceSchedule { per_call: 30 * MILLI_OPEN, per_input_token: 0, per_output_token: MILLI_OPEN };

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

fn root(byte: u8) -> Hash {
	Hash::repeat_byte(byte)
}

fn create_datanet(curator: Sr25519Keyring, name: &str, share: u32) {
	let curator_share = Permill::from_percent(share);
	let call = Data::create_datanet_with { name: text(name), open: true, curator_share };
	assert_ok!(send(&id(curator), call));
}

/// Submits a contribution, and has it accepted. Its root is of `byte`.
fn contribute(
	who: Sr25519Keyring,
	curator: Sr25519Keyring,
	datanet: DatanetId,
	byte: u8,
	weight: Weight,
) -> ContributionId {
	let uri = text("https://data.example");
	let call = Data::submit_contribution { datanet, root: root(byte), size: 1, uri };
	assert_ok!(send(&id(who), call));
	let contribution = RootOwner::<Runtime>::get(root(byte)).unwrap();
	assert_ok!(send(&id(curator), Data::accept_contribution { contribution, weight }));
	contribution
}

fn publish(curator: Sr25519Keyring, datanet: DatanetId) {
	assert_ok!(send(&id(curator), Data::publish_release { datanet }));
}

fn fixed(datanet: DatanetId, release: ReleaseId) -> DataSources {
	bounded([DataSource { datanet, release: ReleaseSelector::Fixed(release), weight: 1 }])
}

fn register(owner: Sr25519Keyring, name: &str, policy: RevenuePolicy, sources: DataSources) {
	let call = Models::register_model {
		name: text(name),
		uri: text("https://models.example"),
		weights_hash: Hash::zero(),
		tokenizer_hash: Hash::zero(),
		price: PRICE,
		policy,
		sources,
	};
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

/// One call of the model 0, on the lane 0 of a session.
#[derive(Clone)]
struct TheCall {
	session: SessionId,
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
	/// What its caller signs, before it is answered.
	fn voucher(&self) -> Voucher {
		Voucher {
			genesis_hash: genesis_hash(),
			session: self.session,
			lane: 0,
			model: 0,
			sequence: self.sequence,
			acknowledged: self.acknowledged,
			authorised: self.acknowledged + self.allowance,
			price_version: self.price_version,
			request_hash: Hash::zero(),
			valid_until: System::block_number() + 10,
		}
	}

	/// What its node says of it.
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

fn settled(session: SessionId) -> Balance {
	Lanes::<Runtime>::get(session, 0).settled
}

/// What of a charge goes to the data behind the model.
fn data_part(charge: Balance, policy: &RevenuePolicy) -> Balance {
	split_charge(charge, parameters::ProtocolShare::get(), policy).unwrap().data
}

/// What a claim of a contribution from a release brings to its payee.
fn claim(contribution: ContributionId, release: ReleaseId) -> Result<Balance, DispatchError> {
	let payee = Contributions::<Runtime>::get(contribution).unwrap().payee().clone();
	let before = wealth(&payee);
	send(&id(Dave), Data::claim_for { contribution, releases: bounded([release]) })?;
	Ok(wealth(&payee) - before)
}

#[test]
fn price_change_between_voucher_and_settlement() {
	on_chain(|| {
		market(0);
		// The caller agrees to two calls at the price of now.
		let first = the_call();
		let second = TheCall { sequence: 2, acknowledged: 50 * MILLI_OPEN, ..the_call() };
		let voucher = second.voucher();
		// The developer makes them ten times as dear, and then the call itself cheaper.
		let dear = PriceSchedule { per_output_token: 10 * MILLI_OPEN, ..PRICE };
		assert_ok!(send(&id(DEVELOPER), Models::set_price { model: 0, price: dear }));
		pass(parameters::NoticePeriod::get());

		// In force or not: the node cannot use it for a call that was agreed on before. Neither for
		// the voucher's own, nor for one before it.
		let at_new_price = |call: &TheCall| CallRecord { price_version: 1, ..call.record() };
		assert_eq!(
			redeem(voucher, [at_new_price(&second)]),
			Err(MeteringError::<Runtime>::PriceMismatch.into())
		);
		assert_eq!(
			redeem(voucher, [at_new_price(&first)]),
			Err(MeteringError::<Runtime>::PriceMismatch.into())
		);
		// At the price that was agreed on they are paid, a week later.
		assert_ok!(redeem(voucher, [first.record(), second.record()]));
		assert_eq!(settled(0), 100 * MILLI_OPEN);

		// A cut is in force at once, and does not reach what was agreed on before, either.
		let third = TheCall {
			sequence: 3,
			acknowledged: 100 * MILLI_OPEN,
			allowance: 230 * MILLI_OPEN,
			price_version: 1,
			..the_call()
		};
		let voucher = third.voucher();
		let cut = PriceSchedule { per_output_token: 1, ..PRICE };
		assert_ok!(send(&id(DEVELOPER), Models::set_price { model: 0, price: cut }));
		assert_ok!(redeem(voucher, [third.record()]));
		assert_eq!(settled(0), 330 * MILLI_OPEN);

		// But not for ever: it is for the node to settle in time.
		let fourth = TheCall {
			sequence: 4,
			acknowledged: 330 * MILLI_OPEN,
			allowance: 230 * MILLI_OPEN,
			price_version: 1,
			..the_call()
		};
		pass(parameters::SettlementGrace::get());
		assert_eq!(fourth.settle(), Err(MeteringError::<Runtime>::PriceExpired.into()));
	});
}

#[test]
fn weight_change_between_call_and_claim() {
	on_chain(|| {
		market(0);
		assert_ok!(the_call().settle());
		let earned = data_part(50 * MILLI_OPEN, &policy());

		// The curator wants Eve to have nearly all of it, Eve too.
		for (contribution, weight) in [(0, 999_999), (1, 1)] {
			assert_ok!(send(&id(CURATOR), Data::set_weight { contribution, weight }));
		}
		assert_eq!(claim(0, 1), Ok(earned / 4));
		publish(CURATOR, 0);
		assert_eq!(claim(1, 1), Ok(earned / 4 * 3));
		assert_eq!(Releases::<Runtime>::get(0, 1).unwrap().total_weight, 4);

		// The model was made from the first release, and goes on to pay that.
		let second = TheCall { sequence: 2, acknowledged: 50 * MILLI_OPEN, ..the_call() };
		assert_ok!(second.settle());
		let nothing = DataError::<Runtime>::NothingToClaim;
		assert_eq!(claim(0, 2), Err(nothing.into()));
		assert_eq!(claim(0, 1), Ok(earned / 4));
		assert_eq!(claim(1, 1), Ok(earned / 4 * 3));
	});
}

#[test]
fn self_attribution_by_the_node() {
	on_chain(|| {
		create_datanet(CURATOR, "datanet", 10);
		assert_eq!(contribute(Eve, CURATOR, 0, 1, 1_000), 0);
		assert_eq!(contribute(OPERATOR, CURATOR, 0, 2, 1), 1);
		publish(CURATOR, 0);
		register(DEVELOPER, "model", policy(), fixed(0, 1));
		serve([0]);
		open_session(CALLER, 10 * OPEN);
		// The node's operator has two more contributions: one that the datanet had too late for the
		// model, and one in a datanet of the operator's own.
		assert_eq!(contribute(OPERATOR, CURATOR, 0, 3, 1_000), 2);
		publish(CURATOR, 0);
		create_datanet(OPERATOR, "own", 30);
		assert_eq!(contribute(OPERATOR, OPERATOR, 1, 4, 1_000), 3);
		publish(OPERATOR, 1);

		let charge = 50 * MILLI_OPEN;
		let data = data_part(charge, &policy());
		let pool = || Releases::<Runtime>::get(0, 1).unwrap().received;
		let mut sequence = 0;
		let mut attribute = |entries: &[(ContributionId, Weight)]| {
			sequence += 1;
			let acknowledged = charge * Balance::from(sequence - 1);
			let attribution = entries.to_vec();
			let call = TheCall { sequence, acknowledged, attribution, ..the_call() };
			let before = (DirectEarnings::<Runtime>::get(1), pool());
			call.settle().unwrap();
			(DirectEarnings::<Runtime>::get(1) - before.0, pool() - before.1)
		};

		// To what the model was not made from: all goes to the model's release.
		let foreign = [(2, Weight::MAX), (3, 1), (77, 5)];
		let (direct, pooled) = attribute(&foreign);
		assert_eq!((direct, pooled), (0, data - data / 10));
		assert_eq!(DirectEarnings::<Runtime>::get(2), 0);
		assert_eq!(DirectEarnings::<Runtime>::get(3), 0);

		// To the one that is in the release: the attributed half, less the curator's tenth, however
		// often and heavily it is named, and next to whatever.
		let half = data / 2 - data / 20;
		for entries in [&[(1, 1)][..], &[(1, Weight::MAX); 8][..], &[(1, 7), (1, 0)][..]] {
			assert_eq!(attribute(entries), (half, half));
		}
		// Next to others, only a part of the half, whether they are in it or not: what would go to
		// those that are not is the release's.
		let (direct, pooled) = attribute(&[(1, 1), (0, 4)]);
		assert_eq!((direct, pooled), (half / 5, half));
		let (direct, pooled) = attribute(&[(2, 3), (1, 1), (77, 1), (1, 0)]);
		assert_eq!((direct, pooled), (half / 5, half + half / 5 * 4));
		let (direct, _) = attribute(&[(2, Weight::MAX), (1, 1), (3, Weight::MAX)]);
		assert!(direct <= 1);

		// And once it is found to be a fraud, nothing at all.
		let accuse = Data::accuse_contribution { contribution: 1, reason: Fraud };
		assert_ok!(send(&id(Dave), accuse));
		assert_ok!(govern(Data::resolve_accusation { contribution: 1, guilty: true }));
		let (direct, pooled) = attribute(&[(1, 1)]);
		assert_eq!((direct, pooled), (0, data - data / 10));
	});
}

#[test]
fn curator_slashing_to_steal() {
	on_chain(|| {
		market(30);
		assert_ok!(the_call().settle());
		let bond = parameters::ContributionBond::get();
		let accomplice = Dave;
		let accuse = || Data::accuse_contribution { contribution: 0, reason: Fraud };
		let confirm = || Data::confirm_accusation { contribution: 0 };

		// Not by the curator alone, not even if the accuser becomes the curator.
		let is_curator: DispatchError = DataError::<Runtime>::AccuserIsCurator.into();
		assert_eq!(send(&id(CURATOR), accuse()), Err(is_curator));
		assert_ok!(send(&id(accomplice), accuse()));
		let offer = Data::offer_curator { datanet: 0, to: id(accomplice) };
		assert_ok!(send(&id(CURATOR), offer));
		assert_ok!(send(&id(accomplice), Data::accept_curator { datanet: 0 }));
		assert_eq!(send(&id(accomplice), confirm()), Err(is_curator));
		let back = Data::offer_curator { datanet: 0, to: id(CURATOR) };
		assert_ok!(send(&id(accomplice), back));
		assert_ok!(send(&id(CURATOR), Data::accept_curator { datanet: 0 }));

		// With an accomplice, the contributor contests, and only governance decides. It costs them.
		let before = (wealth(&id(accomplice)), wealth(&id(Eve)));
		assert_ok!(send(&id(CURATOR), confirm()));
		assert_ok!(send(&id(Eve), Data::contest_accusation { contribution: 0 }));
		pass(2 * parameters::ContestPeriod::get());
		let execute = || Data::execute_slash { contribution: 0 };
		let contested: DispatchError = DataError::<Runtime>::AccusationContested.into();
		assert_eq!(send(&id(CURATOR), execute()), Err(contested));
		let decide = |guilty| Data::resolve_accusation { contribution: 0, guilty };
		assert_eq!(send(&id(CURATOR), decide(true)), Err(DispatchError::BadOrigin));
		assert_ok!(govern(decide(false)));
		assert_eq!(wealth(&id(accomplice)), before.0 - bond);
		assert_eq!(wealth(&id(Eve)), before.1 + bond);

		// If the contributor sleeps, the protocol gets the bond, and they get nothing: what was earned
		// stays the contributor's, what comes is the protocol's, and the other's share is what it was.
		let [data_pot, _, protocol] = pots();
		let earned = claimable(0, 1);
		let the_others = claimable(1, 1);
		let before =
			(wealth(&id(CURATOR)), wealth(&id(accomplice)), wealth(&protocol), wealth(&data_pot));
		assert_ok!(send(&id(accomplice), accuse()));
		assert_ok!(send(&id(CURATOR), confirm()));
		pass(parameters::ContestPeriod::get());
		assert_ok!(send(&id(accomplice), execute()));
		assert_eq!(wealth(&id(CURATOR)), before.0);
		assert_eq!(wealth(&id(accomplice)), before.1);
		assert_eq!(wealth(&protocol), before.2 + bond);
		assert_eq!(wealth(&data_pot), before.3);
		assert_eq!(claim(0, 1), Ok(earned));
		assert_eq!(claim(1, 1), Ok(the_others));

		let second = TheCall { sequence: 2, acknowledged: 50 * MILLI_OPEN, ..the_call() };
		assert_ok!(second.settle());
		assert_eq!(claim(1, 1), Ok(the_others));
		assert_eq!(claim(0, 1), Err(DataError::<Runtime>::NothingToClaim.into()));
		let before = wealth(&protocol);
		let sweep = Data::sweep_slashed { contribution: 0, releases: bounded([1]) };
		assert_ok!(send(&id(CURATOR), sweep));
		assert_eq!(wealth(&protocol), before + earned);
	});
}

/// What of a release's earnings waits for a contribution that has not claimed, in planck.
fn claimable(contribution: ContributionId, release: ReleaseId) -> Balance {
	let entry = Contributions::<Runtime>::get(contribution).unwrap();
	let state = Releases::<Runtime>::get(entry.datanet, release).unwrap();
	state.index.owed(entry.weight_at(release), 0).unwrap()
}

#[test]
fn duplicate_content_under_another_root_order() {
	on_chain(|| {
		market(0);
		let uri = text("https://data.example/copy");
		let copy = Data::submit_contribution { datanet: 0, root: root(1), size: 1, uri };
		let taken: DispatchError = DataError::<Runtime>::RootTaken.into();
		assert_eq!(send(&id(One), copy.clone()), Err(taken));

		// With its chunks in another order it has another root, and the curator of another datanet
		// does not notice.
		create_datanet(Dave, "other", 0);
		let copy = contribute(Bob, Dave, 1, 99, 4);
		publish(Dave, 1);
		let source =
			|datanet| DataSource { datanet, release: ReleaseSelector::Fixed(1), weight: 1 };
		let both: DataSources = bounded([source(0), source(1)]);
		let publish_version = Models::publish_version {
			model: 0,
			uri: text("https://models.example/both"),
			weights_hash: root(5),
			tokenizer_hash: Hash::zero(),
			sources: both,
		};
		assert_ok!(send(&id(DEVELOPER), publish_version));
		pass(parameters::NoticePeriod::get());
		let call = |sequence| TheCall {
			sequence,
			acknowledged: 50 * MILLI_OPEN * Balance::from(sequence - 1),
			version: 1,
			..the_call()
		};
		assert_ok!(call(1).settle());
		let half = data_part(50 * MILLI_OPEN, &policy()) / 2;
		let (earlier, others) = (claimable(0, 1), claimable(1, 1));
		assert_eq!((earlier, others, claimable(copy, 1)), (half / 4, half / 4 * 3, half));

		// The earlier one cannot be called the copy.
		let not_earlier: DispatchError = DataError::<Runtime>::NotEarlier.into();
		let backwards = Data::accuse_contribution { contribution: 0, reason: Duplicate(copy) };
		assert_eq!(send(&id(Bob), backwards), Err(not_earlier));

		// A reporter who has seen both asks governance if the curator does nothing, has it slashed, and
		// is paid out of its bond.
		let bond = parameters::ContributionBond::get();
		let before = (wealth(&id(FerdieStash)), wealth(&id(Bob)));
		let accuse = Data::accuse_contribution { contribution: copy, reason: Duplicate(0) };
		assert_ok!(send(&id(FerdieStash), accuse));
		let too_early: DispatchError = DataError::<Runtime>::TooEarly.into();
		let drop_it = Data::drop_accusation { contribution: copy };
		assert_eq!(send(&id(Dave), drop_it), Err(too_early));
		let escalate = Data::escalate_accusation { contribution: copy };
		assert_ok!(send(&id(FerdieStash), escalate));
		assert_ok!(govern(Data::resolve_accusation { contribution: copy, guilty: true }));
		assert_eq!(wealth(&id(FerdieStash)), before.0 + bond * 3 / 10);
		assert_eq!(wealth(&id(Bob)), before.1 - bond);

		// It is in no further release, and earns nothing more; the earlier one keeps everything.
		assert_eq!(RootOwner::<Runtime>::get(root(1)), Some(0));
		assert_ok!(call(2).settle());
		assert_eq!(claimable(0, 1), 2 * earlier);
		assert_eq!(claim(0, 1), Ok(2 * earlier));
		assert_eq!(claim(1, 1), Ok(2 * others));
		assert_eq!(claim(copy, 1), Ok(half));
		let empty: DispatchError = DataError::<Runtime>::EmptyRelease.into();
		assert_eq!(send(&id(Dave), Data::publish_release { datanet: 1 }), Err(empty));
		let [.., protocol] = pots();
		let before = wealth(&protocol);
		let sweep = Data::sweep_slashed { contribution: copy, releases: bounded([1]) };
		assert_ok!(send(&id(Eve), sweep));
		assert_eq!(wealth(&protocol), before + half);
		// Its root is free, for whoever can justify it. The earlier one's is not.
		assert_eq!(RootOwner::<Runtime>::get(root(99)), None);
		let uri = text("https://data.example/again");
		let again = Data::submit_contribution { datanet: 0, root: root(1), size: 1, uri };
		assert_eq!(send(&id(Bob), again), Err(taken));
	});
}

#[test]
fn curator_keeps_what_was_rejected() {
	on_chain(|| {
		market(0);
		create_datanet(Dave, "other", 0);
		let submit = |datanet| {
			let uri = text("https://data.example/new");
			Data::submit_contribution { datanet, root: root(42), size: 1, uri }
		};
		// The curator sees it, rejects it, and brings it as their own before anybody else can.
		assert_ok!(send(&id(Bob), submit(0)));
		let bobs = NextContributionId::<Runtime>::get() - 1;
		pass(1);
		assert_ok!(send(&id(CURATOR), Data::reject_contribution { contribution: bobs }));
		assert_ok!(send(&id(CURATOR), submit(0)));
		let copy = bobs + 1;
		let accept = Data::accept_contribution { contribution: copy, weight: 1_000 };
		assert_ok!(send(&id(CURATOR), accept));
		publish(CURATOR, 0);

		// It is Bob's all the same: he brings it elsewhere, and the copy is slashed on the spot.
		pass(1);
		assert_ok!(send(&id(Bob), submit(1)));
		assert_eq!(RootOwner::<Runtime>::get(root(42)), Some(copy + 1));
		let accept = Data::accept_contribution { contribution: copy + 1, weight: 1 };
		assert_ok!(send(&id(Dave), accept));
		let bond = parameters::ContributionBond::get();
		let before = (wealth(&id(Bob)), wealth(&id(CURATOR)));
		let reason = Duplicate(copy + 1);
		assert_ok!(send(&id(Bob), Data::accuse_contribution { contribution: copy, reason }));
		assert_eq!(wealth(&id(Bob)), before.0 + bond * 3 / 10);
		assert_eq!(wealth(&id(CURATOR)), before.1 - bond);
		let entry = Contributions::<Runtime>::get(copy).unwrap();
		assert_eq!(entry.status, ContributionStatus::Slashed);
	});
}

/// Sends all that an account has away, so that it does not exist any more.
fn vanish(who: &AccountId) {
	let call = pallet_balances::Call::transfer_all { dest: id(Dave).into(), keep_alive: false };
	assert_ok!(send(who, call));
	assert_eq!(wealth(who), 0);
}

/// Gives an account exactly what it needs to exist.
fn fund(who: &AccountId, value: Balance) {
	let call = pallet_balances::Call::transfer_allow_death { dest: who.clone().into(), value };
	assert_ok!(send(&id(Dave), call));
}

#[test]
fn dust_around_the_existential_deposit() {
	on_chain(|| {
		// One publishes a model and gives it up; only a tombstone is left when calls of Alice's model
		// that descends from it pay their royalties.
		fund(&id(One), 100 * OPEN);
		let royal = PriceSchedule { per_call: 0, per_input_token: 0, per_output_token: 1 };
		let no_data = RevenuePolicy {
			developer: Permill::from_percent(75),
			data: Permill::zero(),
			node: Permill::from_percent(25),
			attributed: Permill::zero(),
		};
		// Two curates for a while.
		fund(&id(Two), 100 * OPEN);
		create_datanet(Two, "datanet", 30);
		assert_eq!(contribute(Eve, Two, 0, 1, 1), 0);
		publish(Two, 0);
		register(One, "parent", no_data, DataSources::default());
		let child = Models::register_derived_model {
			name: text("child"),
			uri: text("https://models.example/child"),
			weights_hash: Hash::zero(),
			tokenizer_hash: Hash::zero(),
			price: royal,
			policy: policy(),
			sources: fixed(0, 1),
			parent: 0,
			royalty: Permill::from_percent(50),
		};
		assert_ok!(send(&id(DEVELOPER), child));
		assert_ok!(send(&id(One), Models::retire_model { model: 0 }));
		serve([1]);
		// The caller puts all but the existential deposit into a session.
		fund(&spare_key(9), 3 * OPEN + EXISTENTIAL_DEPOSIT);
		let place = parameters::SessionDeposit::get();
		let open = |deposit| Metering::open_session {
			node: id(OPERATOR),
			deposit,
			signer: spare_key(9),
			expires_at: System::block_number() + 20 * 28_800,
		};
		assert!(send(&spare_key(9), open(3 * OPEN - place + 1)).is_err());
		assert_ok!(send(&spare_key(9), open(3 * OPEN - place)));
		pass(parameters::SettlementGrace::get());
		assert_ok!(send(&id(One), Models::purge_model { model: 0, limit: 10 }));
		vanish(&id(One));

		// A nobody is to be paid for Eve's data.
		let nobody = AccountId::new([7; 32]);
		let beneficiary = Some(nobody.clone());
		assert_ok!(send(&id(Eve), Data::set_beneficiary { contribution: 0, beneficiary }));

		let mut sequence = 0;
		let mut acknowledged = 0;
		let mut charge = |tokens: u32| {
			sequence += 1;
			let voucher = Voucher {
				model: 1,
				sequence,
				acknowledged,
				authorised: acknowledged + Balance::from(tokens),
				..the_call().voucher()
			};
			let record = CallRecord { model: 1, output_tokens: tokens, ..the_call().record() };
			acknowledged += Balance::from(tokens);
			let record = CallRecord { sequence, ..record };
			let signature = sign(&spare_key(9), &voucher);
			let records = bounded([record]);
			send(&id(OPERATOR), Metering::settle { voucher, signature, records })
		};

		// Calls of one planck, and of few: each is paid out to the last planck, to somebody.
		let [_, split_pot, protocol] = pots();
		let payees = [id(DEVELOPER), id(OPERATOR), protocol.clone()];
		let before = payees.each_ref().map(wealth);
		let mut paid = 0;
		for tokens in [1, 2, 3, 19, 20, 21, 999, 1_000_001] {
			assert_ok!(charge(tokens));
			paid += Balance::from(tokens);
			check_state().unwrap();
			check_pots([0, 0]).unwrap();
		}
		let pushed: Balance = payees
			.each_ref()
			.map(wealth)
			.iter()
			.zip(before)
			.map(|(after, before)| after - before)
			.sum();
		let accrued = Accrued::<Runtime>::get(id(One));
		let accounted = pallet_data_attribution::Accounted::<Runtime>::get();
		assert_eq!(pushed + accrued + accounted, paid);
		assert!(accrued > 0 && accounted > 0);

		// The owner of the parent waits for the existential deposit, and gets all of it.
		let too_little = pallet_revenue_split::Error::<Runtime>::BelowExistentialDeposit;
		let pay = || Revenue::pay_accrued { account: id(One) };
		assert_eq!(send(&id(Dave), pay()), Err(too_little.into()));
		assert_eq!(wealth(&split_pot), EXISTENTIAL_DEPOSIT + accrued);
		// One planck short of existing, then not.
		let short = EXISTENTIAL_DEPOSIT - 1;
		let nowhere =
			pallet_balances::Call::transfer_allow_death { dest: id(One).into(), value: short };
		assert!(send(&id(Dave), nowhere).is_err());
		fund(&id(One), EXISTENTIAL_DEPOSIT);
		assert_ok!(send(&id(Dave), pay()));
		assert_eq!(wealth(&id(One)), EXISTENTIAL_DEPOSIT + accrued);
		assert_eq!(wealth(&split_pot), EXISTENTIAL_DEPOSIT);
		// From now on it is paid at once, be it a planck.
		assert_ok!(charge(100));
		assert_eq!(Accrued::<Runtime>::get(id(One)), 0);
		assert!(wealth(&id(One)) > EXISTENTIAL_DEPOSIT + accrued);

		// What is too little for the nobody to exist stays in the pot until it is enough.
		let owed = claimable(0, 1) + DirectEarnings::<Runtime>::get(0);
		assert!(owed > 0 && owed < EXISTENTIAL_DEPOSIT);
		let below: DispatchError = DataError::<Runtime>::ClaimBelowMinimum.into();
		assert_eq!(claim(0, 1), Err(below));
		fund(&nobody, EXISTENTIAL_DEPOSIT);
		assert_eq!(claim(0, 1), Ok(owed));

		// So does what Two has earned as a curator, who has handed the role over and vanished.
		assert_ok!(send(&id(Two), Data::offer_curator { datanet: 0, to: id(CURATOR) }));
		assert_ok!(send(&id(CURATOR), Data::accept_curator { datanet: 0 }));
		vanish(&id(Two));
		let owed = CuratorEarnings::<Runtime>::get(id(Two));
		assert!(owed > 0);
		let claim_curator = || Data::claim_curator_for { account: id(Two) };
		assert_eq!(send(&id(Dave), claim_curator()), Err(below));
		fund(&id(Two), EXISTENTIAL_DEPOSIT);
		assert_ok!(send(&id(Dave), claim_curator()));
		assert_eq!(wealth(&id(Two)), EXISTENTIAL_DEPOSIT + owed);

		// The caller cannot be reaped while a session is open, and gets back what is left.
		let drain =
			pallet_balances::Call::transfer_all { dest: id(Dave).into(), keep_alive: false };
		assert_ok!(send(&spare_key(9), drain));
		assert_eq!(wealth(&spare_key(9)), 3 * OPEN + EXISTENTIAL_DEPOSIT - paid - 100);
		// Nobody closes it. A cleaner who does not exist is paid enough to exist.
		pass(60 * 28_800);
		let cleaner = AccountId::new([8; 32]);
		assert_ok!(send(&cleaner, Metering::close_session { session: 0 }));
		assert_eq!(wealth(&cleaner), place / 10);
		assert_eq!(wealth(&spare_key(9)), 3 * OPEN + EXISTENTIAL_DEPOSIT - paid - 100 - place / 10);
		assert_eq!(dust(), 0);
	});
}

#[test]
fn version_policy_and_price_change_between_call_and_settlement() {
	on_chain(|| {
		market(0);
		create_datanet(Dave, "other", 0);
		let other = contribute(Bob, Dave, 1, 50, 1);
		publish(Dave, 1);

		// The caller has signed for two calls, and one is answered, when all changes are announced.
		let first = the_call();
		let voucher =
			TheCall { sequence: 2, acknowledged: 50 * MILLI_OPEN, ..the_call() }.voucher();
		let call = Models::publish_version {
			model: 0,
			uri: text("https://models.example/next"),
			weights_hash: root(5),
			tokenizer_hash: Hash::zero(),
			sources: fixed(1, 1),
		};
		assert_ok!(send(&id(DEVELOPER), call));
		let dear = PriceSchedule { per_call: OPEN, ..PRICE };
		assert_ok!(send(&id(DEVELOPER), Models::set_price { model: 0, price: dear }));
		let greedy = RevenuePolicy {
			developer: Permill::from_percent(70),
			data: Permill::from_percent(10),
			node: Permill::from_percent(20),
			attributed: Permill::zero(),
		};
		assert_ok!(send(&id(DEVELOPER), Models::set_policy { model: 0, policy: greedy }));
		// Until they are in force, nobody can use them.
		let early = CallRecord { version: 1, ..first.record() };
		assert_eq!(redeem(voucher, [early]), Err(MeteringError::<Runtime>::NotInForce.into()));
		pass(parameters::NoticePeriod::get());
		// And the model has another owner.
		assert_ok!(send(&id(DEVELOPER), Models::offer_model { model: 0, to: id(Ferdie) }));
		assert_ok!(send(&id(Ferdie), Models::accept_model { model: 0 }));

		// Nobody can say that it was the new terms that these calls were made at.
		let later = CallRecord { price_version: 2, ..first.record() };
		assert_eq!(redeem(voucher, [later]), Err(MeteringError::<Runtime>::PriceMismatch.into()));

		// What the caller pays, who shares it, and whose data answered, is as it was when the calls
		// were made: the first by the old version, the second, at the old price, by the new one. That
		// they were held back until the greedy policy was in force makes no difference.
		let owners = [id(DEVELOPER), id(Ferdie), id(OPERATOR)];
		let before = owners.each_ref().map(wealth);
		let second = TheCall { sequence: 2, version: 1, ..the_call() };
		assert_ok!(redeem(voucher, [first.record(), second.record()]));
		let charge = 50 * MILLI_OPEN;
		let share = parameters::ProtocolShare::get();
		let parts = split_charge(charge, share, &policy()).unwrap();
		assert_eq!(settled(0), 2 * charge);
		let after = owners.each_ref().map(wealth);
		assert_eq!(after[0], before[0]);
		assert_eq!(after[1] - before[1], 2 * parts.developer);
		assert_eq!(after[2] - before[2], 2 * parts.node);
		let received = |datanet| Releases::<Runtime>::get(datanet, 1).unwrap().received;
		assert_eq!((received(0), received(1)), (parts.data, parts.data));
		assert_eq!(claim(other, 1), Ok(parts.data));
		assert_eq!(Earned::<Runtime>::iter_prefix_values(id(DEVELOPER)).count(), 0);

		// What is agreed on from now on is dearer, and is shared in the new way. That is one price
		// version: the one that was announced before the policy was never in force.
		let dear_charge = OPEN + 20 * MILLI_OPEN;
		let third = TheCall {
			sequence: 3,
			acknowledged: 2 * charge,
			allowance: dear_charge,
			version: 1,
			price_version: 2,
			..the_call()
		};
		let never = TheCall { price_version: 1, ..third.clone() };
		assert_eq!(never.settle(), Err(MeteringError::<Runtime>::NotInForce.into()));
		let before = after;
		assert_ok!(third.settle());
		let parts = split_charge(dear_charge, share, &greedy).unwrap();
		let after = owners.each_ref().map(wealth);
		assert_eq!(after[1] - before[1], parts.developer);
		assert_eq!(after[2] - before[2], parts.node);
		assert_eq!(claim(other, 1), Ok(parts.data));
		let paid = 2 * charge + dear_charge;

		// The old terms end, all at once, and with them what was not settled.
		let third = TheCall { sequence: 4, acknowledged: paid, ..the_call() };
		pass(parameters::SettlementGrace::get());
		let expired: DispatchError = MeteringError::<Runtime>::VersionExpired.into();
		assert_eq!(third.settle(), Err(expired));
		let third = TheCall { version: 1, ..third };
		let expired: DispatchError = MeteringError::<Runtime>::PriceExpired.into();
		assert_eq!(third.settle(), Err(expired));
		// The caller has lost nothing by that.
		let session = Sessions::<Runtime>::get(0).unwrap();
		assert_eq!(session.remaining(), 10 * OPEN - paid);
	});
}
