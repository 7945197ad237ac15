//! Compares what the crate `chain-client` knows of calls and events with the runtime itself. It is tested here
//! because this crate builds the runtime anyway.

use codec::{DecodeAll, Encode};
use openledger_chain_client::{Call, ChainError, Event, Keypair, ProxyKind};
use openledger_primitives::{
	aggregate::Aggregate, attribution::AttributionEntry, closing::CloseAgreement, info::ServedInfo,
	policy::RevenuePolicy, price::PriceSchedule, record::CallRecord, voucher::Voucher, AccountId,
	Hash, OPEN,
};
use openledger_runtime::{Runtime, RuntimeCall};
use sp_runtime::Permill;
use subxt::Metadata;

fn metadata() -> Metadata {
	let opaque = Runtime::metadata_at_version(15).expect("the runtime has metadata");
	Metadata::decode_from(&opaque).expect("it can be read")
}

fn account(byte: u8) -> AccountId {
	[byte; 32].into()
}

fn name() -> openledger_primitives::Name {
	b"a/model".to_vec().try_into().unwrap()
}

fn uri() -> openledger_primitives::Uri {
	b"http://node".to_vec().try_into().unwrap()
}

fn price() -> PriceSchedule {
	PriceSchedule { per_call: 1, per_input_token: 2, per_output_token: 3 }
}

fn policy() -> RevenuePolicy {
	RevenuePolicy {
		developer: Permill::from_percent(40),
		data: Permill::from_percent(35),
		node: Permill::from_percent(25),
		attributed: Permill::from_percent(30),
	}
}

fn models() -> Vec<Call> {
	let (weights_hash, tokenizer_hash) = (Hash::repeat_byte(1), Hash::repeat_byte(2));
	vec![
		Call::RegisterModel {
			name: name(),
			uri: uri(),
			weights_hash,
			tokenizer_hash,
			price: price(),
			policy: policy(),
			sources: Default::default(),
		},
		Call::PauseModel { model: 1 },
		Call::ResumeModel { model: 1 },
	]
}

fn data() -> Vec<Call> {
	vec![
		Call::CreateDatanetWith {
			name: name(),
			open: false,
			curator_share: Permill::from_percent(5),
		},
		Call::ClaimCurator {},
		Call::SubmitContribution { datanet: 1, root: Hash::zero(), size: 1 << 40, uri: uri() },
		Call::AcceptContribution { contribution: 1, weight: 2 },
		Call::PublishRelease { datanet: 1 },
		Call::Claim { contribution: 1, releases: vec![1, 2].try_into().unwrap() },
	]
}

fn metering() -> Vec<Call> {
	let pair = Keypair::from_uri("//Alice", Default::default()).unwrap();
	let voucher = Voucher {
		genesis_hash: Hash::repeat_byte(1),
		session: 2,
		lane: 3,
		model: 10,
		version: 1,
		price_version: 7,
		sequence: 4,
		acknowledged: 5,
		authorised: 6,
		request_hash: Hash::repeat_byte(8),
		valid_until: 9,
	};
	let entry = AttributionEntry { contribution: 1, weight: 2 };
	let record = CallRecord {
		sequence: 4,
		model: 10,
		version: 1,
		price_version: 7,
		input_tokens: 11,
		output_tokens: 12,
		request_hash: Hash::repeat_byte(8),
		response_hash: Hash::repeat_byte(9),
		attribution: vec![entry].try_into().unwrap(),
	};
	let aggregate = Aggregate {
		up_to: 3,
		calls: 3,
		input_tokens: 1 << 40,
		output_tokens: 1 << 41,
		attribution: vec![entry].try_into().unwrap(),
		unattributed: 5,
		root: Hash::repeat_byte(10),
	};
	let agreement = CloseAgreement { genesis_hash: Hash::repeat_byte(1), session: 2, settled: 3 };
	let signature = pair.sign_message(&voucher);
	let served = || vec![ServedInfo { model: 1, capacity: 4 }].try_into().unwrap();
	vec![
		Call::RegisterNode {
			endpoint: uri(),
			receipt_key: account(2),
			bond: 100 * OPEN,
			models: served(),
		},
		Call::UpdateNode { endpoint: uri(), models: served() },
		Call::RotateReceiptKey { receipt_key: account(2) },
		Call::Heartbeat {},
		Call::OpenSession {
			node: account(3),
			deposit: OPEN,
			signer: account(4),
			expires_at: 1_000,
		},
		Call::OpenSessionWithLimit {
			node: account(3),
			deposit: OPEN,
			signer: account(4),
			spending_limit: OPEN / 2,
			expires_at: 1_000,
		},
		Call::TopUp { session: 1, amount: OPEN },
		Call::Settle { voucher, signature: signature.clone(), records: Default::default() },
		Call::SettleAggregate {
			voucher,
			signature: signature.clone(),
			aggregate: aggregate.clone(),
			last: Some(record.clone()),
		},
		Call::SettleAggregate { voucher, signature: signature.clone(), aggregate, last: None },
		Call::Settle { voucher, signature, records: vec![record].try_into().unwrap() },
		Call::RequestClose { session: 1 },
		Call::CloseSession { session: 1 },
		Call::CloseWithAgreement { session: 1, signature: pair.sign_message(&agreement) },
	]
}

fn requests() -> Vec<Call> {
	let request = |node| Call::RequestCall {
		model: 1,
		node,
		input: b"Hi".to_vec().try_into().unwrap(),
		max_charge: OPEN,
		deadline: 100,
	};
	vec![
		request(None),
		request(Some(account(1))),
		Call::FulfilCall {
			request: 1,
			output: b"Ho".to_vec().try_into().unwrap(),
			input_tokens: 2,
			output_tokens: 3,
			version: 1,
			attribution: Default::default(),
		},
		Call::ExpireCall { request: 1 },
	]
}

fn calls() -> Vec<Call> {
	let mut alone = [models(), data(), metering(), requests()].concat();
	alone.push(Call::Transfer { dest: account(5), value: u128::MAX });
	let mut calls = alone.clone();
	calls.extend(alone.iter().map(|call| Call::Sudo { call: Box::new(call.clone()) }));
	let (delegate, delay) = (account(6), 0);
	for proxy_type in [
		ProxyKind::Any,
		ProxyKind::NonTransfer,
		ProxyKind::CancelProxy,
		ProxyKind::Caller,
		ProxyKind::Operator,
		ProxyKind::Curator,
		ProxyKind::Claims,
	] {
		calls.push(Call::AddProxy { delegate: delegate.clone(), proxy_type, delay });
		let call = Box::new(Call::Heartbeat {});
		let force_proxy_type = Some(proxy_type);
		calls.push(Call::Proxy { real: account(5), force_proxy_type, call });
	}
	calls.extend(alone.iter().map(|call| Call::Proxy {
		real: account(5),
		force_proxy_type: None,
		call: Box::new(call.clone()),
	}));
	calls.push(Call::BatchAll { calls: alone });
	calls.push(Call::BatchAll { calls: vec![] });
	calls
}

#[test]
fn every_call_is_one_of_the_runtimes() {
	let metadata = metadata();
	for call in calls() {
		let encoded = call.encode_with(&metadata).unwrap_or_else(|error| panic!("{error}"));
		let decoded = RuntimeCall::decode_all(&mut encoded.as_slice())
			.unwrap_or_else(|error| panic!("{}: {error}", call.name()));
		assert_eq!(decoded.encode(), encoded, "{}", call.name());
	}
}

#[test]
fn kinds_of_proxies_are_named_as_the_runtime_names_them() {
	let metadata = metadata();
	for call in calls() {
		let Call::AddProxy { proxy_type, .. } = call else { continue };
		let encoded = call.encode_with(&metadata).unwrap();
		let decoded = RuntimeCall::decode_all(&mut encoded.as_slice()).unwrap();
		let expected = format!("proxy_type: {proxy_type:?}");
		assert!(format!("{decoded:?}").contains(&expected), "{decoded:?} is not {expected}");
	}
}

#[test]
fn amounts_arrive_as_they_were_meant() {
	let call = Call::Transfer { dest: account(5), value: 7 * OPEN };
	let encoded = call.encode_with(&metadata()).unwrap();
	let decoded = RuntimeCall::decode_all(&mut encoded.as_slice()).unwrap();
	let shown = format!("{decoded:?}");
	assert!(shown.contains("transfer_keep_alive"), "{shown}");
	assert!(shown.contains(&(7 * OPEN).to_string()), "{shown}");
}

#[test]
fn every_event_has_the_fields_that_are_read() {
	let proxy: &(&str, &str, &[&str]) = &("Proxy", "ProxyExecuted", &["result"]);
	let metadata = metadata();
	for (pallet, event, fields) in Event::KNOWN.iter().chain([proxy]) {
		let known = metadata.pallet_by_name(pallet).and_then(|pallet| pallet.event_variants());
		let variants = known.unwrap_or_else(|| panic!("no events in {pallet}"));
		let variant = variants.iter().find(|variant| variant.name == *event);
		let variant = variant.unwrap_or_else(|| panic!("no event {pallet}.{event}"));
		let found: Vec<_> =
			variant.fields.iter().map(|field| field.name.as_deref().unwrap_or_default()).collect();
		assert_eq!(&found, fields, "{pallet}.{event}");
	}
}

#[test]
fn another_runtime_is_told_apart() {
	// The metadata of a chain that has none of our pallets: only the names in it are changed.
	let mut opaque = Runtime::metadata_at_version(15).unwrap().to_vec();
	let ours = b"InferenceMetering".to_vec();
	let positions: Vec<_> = opaque
		.windows(ours.len())
		.enumerate()
		.filter_map(|(position, window)| (window == ours).then_some(position))
		.collect();
	for position in positions {
		opaque[position] = b'X';
	}
	let other = Metadata::decode_from(&opaque).unwrap();
	let unknown = Call::CloseSession { session: 1 }.encode_with(&other).unwrap_err();
	let expected = ChainError::UnknownCall { pallet: "InferenceMetering", call: "close_session" };
	assert_eq!(unknown, expected);
	// A call within another call is looked up as well.
	let nested = Call::BatchAll { calls: vec![Call::CloseSession { session: 1 }] };
	assert_eq!(nested.encode_with(&other), Err(expected));
	let mut renamed = Runtime::metadata_at_version(15).unwrap().to_vec();
	let argument = b"expires_at".to_vec();
	for position in 0..renamed.len() - argument.len() {
		if renamed[position..position + argument.len()] == argument[..] {
			renamed[position] = b'X';
		}
	}
	let other = Metadata::decode_from(&renamed).unwrap();
	let call =
		Call::OpenSession { node: account(1), deposit: 1, signer: account(1), expires_at: 1 };
	let changed = call.encode_with(&other).unwrap_err();
	assert!(changed.to_string().contains("(node, deposit, signer, Xxpires_at)"), "{changed}");
}
