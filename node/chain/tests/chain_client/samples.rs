//! Calls and events of every kind that programs send and read.

use openledger_chain_client::{
	data, metering, models, proxy, requests,
	runtime::{balances, dynamic_params::windows, parameters, sudo, RuntimeParameters},
	utility, Call, Event, Keypair, ProxyType,
};
use openledger_primitives::{
	answer::Evidence,
	attribution::{DataSource, DataSources, ReleaseSelector, NEWEST_RULE},
	contribution::{Submission, FORMAT_STREAM},
	data_tree::{leaf_hashes, RangeProof},
	lane::{
		Agreement, AttributionShare, CallRecord, CloseAgreement, DirectAmount, LaneSettlement,
		LineageShare, Part, PoolPayment, RejectReason, SettledCall, SettledItem, SettledLane,
		SettledParts, SettledRun, SourceShare, Statement, Voucher,
	},
	lane_list::{AggregateProof, LaneLeaf, LookupProof, Totals},
	model::VersionDetails,
	policy::RevenuePolicy,
	price::{PriceSchedule, Tokens},
	AccountId, Hash, Uri, OPEN,
};
use sp_runtime::{DispatchError, Permill};

/// An account.
pub fn account(byte: u8) -> AccountId {
	[byte; 32].into()
}

fn price() -> PriceSchedule {
	PriceSchedule {
		per_call: 1,
		per_input_token: 2,
		per_cached_input_token: 1,
		per_output_token: 3,
	}
}

fn policy() -> RevenuePolicy {
	RevenuePolicy {
		developer: Permill::from_percent(40),
		data: Permill::from_percent(35),
		node: Permill::from_percent(25),
		attributed: Permill::from_percent(30),
	}
}

fn details() -> VersionDetails {
	VersionDetails {
		uri: Uri::truncate_from(b"http://node".to_vec()),
		base_hash: Hash::repeat_byte(1),
		adapter_hash: Some(Hash::repeat_byte(2)),
		tokenizer_hash: Hash::repeat_byte(3),
		template_hash: None,
		template_overhead: 4,
		max_retrieved_tokens: 5,
		attribution_rule: NEWEST_RULE,
		sources: DataSources::truncate_from(vec![DataSource {
			datanet: 1,
			release: ReleaseSelector::Fixed(2),
			weight: 3,
		}]),
	}
}

fn of_models() -> Vec<Call> {
	let calls = [
		models::Call::register_model {
			name: b"a/model".to_vec(),
			details: details(),
			price: price(),
			policy: policy(),
		},
		models::Call::publish_version { model: 1, details: details() },
		models::Call::set_payee { model: 1, payee: Some(account(7)) },
		models::Call::pause_model { model: 1 },
		models::Call::resume_model { model: 1 },
	];
	calls.map(Call::ModelRegistry).to_vec()
}

/// The proof that the only leaf of some data is there.
fn possession() -> RangeProof {
	let stream = b"data";
	RangeProof::new(stream, None, &leaf_hashes(stream, None), 0, 4).unwrap()
}

fn of_data() -> Vec<Call> {
	let curator_share = Permill::from_percent(5);
	let submission = Submission {
		root: Hash::zero(),
		size: 1 << 32,
		uri: Uri::truncate_from(b"http://data".to_vec()),
		format: FORMAT_STREAM,
		licence: Hash::repeat_byte(1),
	};
	let calls = [
		data::Call::create_datanet_with { name: b"facts".to_vec(), open: false, curator_share },
		data::Call::claim_curator,
		data::Call::submit_contribution { datanet: 1, submission: submission.clone() },
		data::Call::submit_contributions { datanet: 1, submissions: vec![submission] },
		data::Call::show_possession { contribution: 1, proof: possession() },
		data::Call::accept_contribution { contribution: 1, weight: 2 },
		data::Call::publish_release { datanet: 1 },
		data::Call::claim { contribution: 1, releases: vec![1, 2] },
	];
	calls.map(Call::DataAttribution).to_vec()
}

fn agreement() -> Agreement {
	Agreement {
		model: 10,
		version: 1,
		price_version: 7,
		as_of: 13,
		evidence: Evidence::Open,
		own_price: Some(price()),
	}
}

fn record() -> CallRecord {
	CallRecord {
		sequence: 4,
		input_tokens: 11,
		cached_tokens: 3,
		retrieved_tokens: 2,
		output_tokens: 12,
		response_hash: Hash::repeat_byte(9),
		attribution: vec![AttributionShare { contribution: 1, basis_points: 20 }]
			.try_into()
			.unwrap(),
		extension: None,
	}
}

/// A call of a lane's list.
fn leaf(calls: u32) -> LaneLeaf {
	LaneLeaf {
		sequence: calls.into(),
		statement: Hash::repeat_byte(5),
		totals: Totals { calls, charge: 18, ..Totals::default() },
	}
}

/// A lane of which a run and a record are settled.
fn lane_settlement(pair: &Keypair) -> LaneSettlement {
	let voucher = Voucher {
		genesis_hash: Hash::repeat_byte(1),
		session: 2,
		lane: 3,
		agreement: agreement(),
		sequence: 4,
		acknowledged: 5,
		acknowledged_root: Hash::repeat_byte(7),
		authorised: 6,
		request_hash: Hash::repeat_byte(8),
		valid_until: 9,
		extension: None,
	};
	let run = AggregateProof {
		count: 3,
		peaks: vec![Hash::repeat_byte(2); 2].try_into().unwrap(),
		from: Some(leaf(1)),
		next: leaf(2),
		to: Some(leaf(3)),
		hashes: vec![Hash::repeat_byte(3)].try_into().unwrap(),
	};
	let parts = vec![Part::Run(run), Part::Records(vec![record()].try_into().unwrap())];
	LaneSettlement {
		voucher: voucher.into(),
		signature: pair.sign_message(&voucher),
		parts: parts.try_into().unwrap(),
	}
}

fn of_metering() -> Vec<Call> {
	let pair = Keypair::from_uri("//Alice", Default::default()).unwrap();
	let statement = Statement {
		genesis_hash: Hash::repeat_byte(1),
		session: 2,
		lane: 3,
		agreement: agreement(),
		sequence: 4,
		tokens: Tokens::new(11, 12),
		charge: 5,
		request_hash: Hash::repeat_byte(8),
		response_hash: Hash::repeat_byte(9),
		attribution: Default::default(),
		extension: None,
	};
	let agreement = CloseAgreement {
		genesis_hash: Hash::repeat_byte(1),
		session: 2,
		settled: 3,
		extension: None,
	};
	let signature = pair.sign_message(&statement);
	let hashes = vec![Hash::repeat_byte(4)];
	let endpoint = b"http://node".to_vec();
	let served = vec![metering::Served { model: 1, capacity: 4 }];
	let calls = vec![
		metering::Call::register_node {
			endpoint: endpoint.clone(),
			receipt_key: account(2),
			bond: 100 * OPEN,
			models: served.clone(),
		},
		metering::Call::update_node { endpoint, models: served },
		metering::Call::rotate_receipt_key { receipt_key: account(2) },
		metering::Call::set_payee { payee: Some(account(7)) },
		metering::Call::set_payee { payee: None },
		metering::Call::heartbeat,
		metering::Call::open_session {
			node: account(3),
			deposit: OPEN,
			signer: account(4),
			expires_at: 1_000,
		},
		metering::Call::open_session_with_limit {
			node: account(3),
			deposit: OPEN,
			signer: account(4),
			spending_limit: OPEN / 2,
			expires_at: 1_000,
		},
		metering::Call::top_up { session: 1, amount: OPEN },
		metering::Call::settle_lanes { lanes: Vec::new() },
		metering::Call::settle_lanes { lanes: vec![lane_settlement(&pair)] },
		metering::Call::request_close { session: 1 },
		metering::Call::close_session { session: 1 },
		metering::Call::close_by_agreement {
			agreement: agreement.into(),
			signature: pair.sign_message(&agreement),
		},
		metering::Call::report_overcharged_call {
			statement: Box::new(statement.clone().into()),
			signature: signature.clone(),
			receipt_key: account(2),
			last_sequence: 12,
			item: Box::new(settled_run()),
			index: 1,
			hashes: hashes.clone(),
		},
		metering::Call::report_misreported_call {
			statement: Box::new(statement.clone().into()),
			signature: signature.clone(),
			receipt_key: account(2),
			last_sequence: 12,
			item: Box::new(settled_call()),
			index: 0,
			hashes: hashes.clone(),
		},
		metering::Call::report_unlisted_call {
			session: 2,
			lane: 3,
			last_sequence: 12,
			item: Box::new(settled_call()),
			index: 0,
			hashes,
			listed_in: 20,
			lookup: Box::new(LookupProof {
				count: 1,
				peaks: vec![Hash::repeat_byte(2)].try_into().unwrap(),
				before: Some(leaf(1)),
				next: None,
				hashes: Default::default(),
			}),
			statement: Box::new(Some(statement.clone().into())),
		},
		metering::Call::report_two_statements {
			operator: account(3),
			first: Box::new(statement.clone().into()),
			first_signature: signature.clone(),
			first_key: account(2),
			second: Box::new(Statement { charge: 6, ..statement }.into()),
			second_signature: signature,
			second_key: account(2),
		},
		metering::Call::commit_report { commitment: Hash::repeat_byte(3) },
		metering::Call::withdraw_commitment { commitment: Hash::repeat_byte(3) },
	];
	calls.into_iter().map(Call::InferenceMetering).collect()
}

fn of_requests() -> Vec<Call> {
	let pair = Keypair::from_uri("//Bob", Default::default()).unwrap();
	let request = |node| requests::Call::request_call {
		model: 1,
		node,
		input: "Hi".into(),
		max_charge: OPEN,
		deadline: 100,
	};
	let calls = [
		request(None),
		request(Some(account(1))),
		requests::Call::fulfil_call {
			request: 1,
			output: "Ho".into(),
			input_tokens: 2,
			output_tokens: 3,
			attribution: vec![AttributionShare { contribution: 1, basis_points: 2 }],
			signature: pair.sign(b"a statement"),
		},
		requests::Call::claim_call { request: 1 },
		requests::Call::forget_outcome { request: 1 },
		requests::Call::expire_call { request: 1 },
	];
	calls.map(Call::InferenceRequests).to_vec()
}

/// A transfer of so many planck.
pub fn transfer(value: u128) -> Call {
	Call::Balances(balances::Call::transfer_keep_alive { dest: account(5).into(), value })
}

fn as_root(call: &Call) -> Call {
	Call::Sudo(sudo::Call::sudo { call: Box::new(call.clone()) })
}

fn by_proxy(call: &Call, force_proxy_type: Option<ProxyType>) -> Call {
	let (real, call) = (account(5).into(), Box::new(call.clone()));
	Call::Proxy(proxy::Call::proxy { real, force_proxy_type, call })
}

/// Calls in one.
pub fn batch(calls: Vec<Call>) -> Call {
	Call::Utility(utility::Call::batch_all { calls })
}

const HEARTBEAT: Call = Call::InferenceMetering(metering::Call::heartbeat);

/// Calls of every kind, alone and within others.
pub fn calls() -> Vec<Call> {
	let mut alone = [of_models(), of_data(), of_metering(), of_requests()].concat();
	alone.push(transfer(u128::MAX));
	let notice = windows::Parameters::CloseNotice(windows::CloseNotice, Some(200));
	let key_value = RuntimeParameters::Windows(notice);
	alone.push(Call::Parameters(parameters::Call::set_parameter { key_value }));
	let mut calls = alone.clone();
	calls.extend(alone.iter().map(as_root));
	for proxy_type in [
		ProxyType::Any,
		ProxyType::NonTransfer,
		ProxyType::CancelProxy,
		ProxyType::Caller,
		ProxyType::Operator,
		ProxyType::Curator,
		ProxyType::Claims,
	] {
		calls.push(by_proxy(&HEARTBEAT, Some(proxy_type.clone())));
		let (delegate, delay) = (account(6).into(), 0);
		calls.push(Call::Proxy(proxy::Call::add_proxy { delegate, proxy_type, delay }));
	}
	calls.extend(alone.iter().map(|call| by_proxy(call, None)));
	calls.push(batch(alone));
	calls.push(batch(Vec::new()));
	calls
}

fn settled_call() -> SettledItem {
	SettledItem::Call(SettledCall {
		record: record(),
		charge: 18,
		parts: SettledParts { protocol: 1, developer: 2, data: 4, ..SettledParts::default() },
		direct: vec![DirectAmount { amount: 3, source: 0 }].try_into().unwrap(),
	})
}

fn settled_run() -> SettledItem {
	SettledItem::Run(SettledRun {
		first_sequence: 5,
		last_sequence: 12,
		count: 9,
		acknowledged_root: Hash::repeat_byte(6),
		totals: Totals { calls: 8, charge: 30, ..Totals::default() },
		parts: SettledParts::default(),
	})
}

fn settled_lane() -> SettledLane {
	let lineage = LineageShare { model: 3, payee: account(8), royalty: Permill::from_percent(9) };
	let source = SourceShare {
		datanet: 1,
		release: 2,
		weight: 3,
		curator: account(9),
		curator_share: Permill::from_percent(5),
	};
	let pool = PoolPayment {
		datanet: 1,
		release: 2,
		amount: 4,
		curator: 1,
		raised: 1,
		total_weight: 3,
		carry_before: 0,
		carry_after: 0,
	};
	SettledLane {
		session: 7,
		lane: 1,
		caller: account(1),
		node: account(2),
		node_payee: account(6),
		agreement: agreement(),
		developer_payee: account(3),
		price: price(),
		policy: policy(),
		protocol_share: Permill::from_percent(5),
		lineage: vec![lineage].try_into().unwrap(),
		sources: vec![source].try_into().unwrap(),
		pools: vec![pool].try_into().unwrap(),
		sequence: 12,
		voucher_sequence: 13,
		acknowledged_root: Hash::repeat_byte(2),
		items: 2,
		rejected: 2,
		charged: 48,
		root: Hash::repeat_byte(1),
	}
}

/// The event of a lane of which something was settled.
pub fn lane_settled() -> Event {
	Event::InferenceMetering(metering::Event::LaneSettled(metering::LaneSettled {
		header: Box::new(settled_lane()),
	}))
}

/// Events of every kind.
pub fn happened() -> Vec<Event> {
	let (session, lane) = (7, 1);
	let of_metering = [
		metering::Event::ItemSettled(settled_call()),
		metering::Event::ItemSettled(settled_run()),
		metering::Event::RecordRejected(metering::RecordRejected {
			session,
			lane,
			sequence: 13,
			reason: RejectReason::SequenceNotRising,
		}),
		metering::Event::RunRejected(metering::RunRejected {
			session,
			lane,
			first_sequence: 14,
			last_sequence: 20,
			reason: RejectReason::BadRun,
		}),
		metering::Event::LaneRejected(metering::LaneRejected {
			session,
			lane: 2,
			reason: DispatchError::CannotLookup,
		}),
	];
	let result = Err(DispatchError::BadOrigin);
	let mut events = vec![lane_settled()];
	events.extend(of_metering.map(Event::InferenceMetering));
	events.extend([
		Event::DataAttribution(data::Event::CuratorPaid(data::CuratorPaid {
			curator: account(1),
			datanets: Vec::new(),
			amount: 5,
		})),
		Event::Proxy(proxy::Event::ProxyExecuted(proxy::ProxyExecuted { result })),
	]);
	events
}
