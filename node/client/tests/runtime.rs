//! What this crate knows of the runtime, compared with the runtime.

use codec::{DecodeAll, Encode};
use openledger_client::{Call, ChainError, Keypair};
use openledger_primitives::{
	policy::RevenuePolicy, price::PriceSchedule, voucher::Voucher, AccountId, Hash, OPEN,
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

fn calls() -> Vec<Call> {
	let name = || b"a/model".to_vec().try_into().unwrap();
	let uri = || b"http://node".to_vec().try_into().unwrap();
	let pair = Keypair::from_uri("//Alice", Default::default()).unwrap();
	let voucher = Voucher {
		genesis_hash: Hash::repeat_byte(1),
		session: 2,
		lane: 3,
		model: 10,
		sequence: 4,
		acknowledged: 5,
		authorised: 6,
		price_version: 7,
		request_hash: Hash::repeat_byte(8),
		valid_until: 9,
	};
	let alone = vec![
		Call::RegisterModel {
			name: name(),
			uri: uri(),
			weights_hash: Hash::repeat_byte(1),
			tokenizer_hash: Hash::repeat_byte(2),
			price: PriceSchedule { per_call: 1, per_input_token: 2, per_output_token: 3 },
			policy: RevenuePolicy {
				developer: Permill::from_percent(40),
				data: Permill::from_percent(35),
				node: Permill::from_percent(25),
				attributed: Permill::from_percent(30),
			},
			sources: Default::default(),
		},
		Call::PauseModel { model: 1 },
		Call::ResumeModel { model: 1 },
		Call::CreateDatanet { name: name() },
		Call::SubmitContribution { datanet: 1, root: Hash::zero(), size: 1 << 40, uri: uri() },
		Call::AcceptContribution { contribution: 1, weight: 2 },
		Call::RejectContribution { contribution: 1 },
		Call::WithdrawContribution { contribution: 1 },
		Call::PublishRelease { datanet: 1 },
		Call::Claim { contribution: 1, releases: vec![1, 2].try_into().unwrap() },
		Call::SetProtocolShare { share: Permill::from_percent(5) },
		Call::PayAccrued { account: account(1) },
		Call::RegisterNode {
			endpoint: uri(),
			receipt_key: account(2),
			bond: 100 * OPEN,
			models: vec![0, 1].try_into().unwrap(),
		},
		Call::UpdateNode { endpoint: uri(), receipt_key: account(2), models: Default::default() },
		Call::OpenSession {
			node: account(3),
			deposit: OPEN,
			signer: account(4),
			expires_at: 1_000,
		},
		Call::Settle {
			voucher,
			signature: pair.sign_message(&voucher),
			records: Default::default(),
		},
		Call::RequestClose { session: 1 },
		Call::CloseSession { session: 1 },
		Call::Transfer { dest: account(5), value: u128::MAX },
	];
	let mut calls = alone.clone();
	calls.extend(alone.iter().map(|call| Call::Sudo { call: Box::new(call.clone()) }));
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
	let events: &[(&str, &str, &[&str])] = &[
		("ModelRegistry", "ModelRegistered", &["model", "owner", "name"]),
		("ModelRegistry", "ModelPaused", &["model"]),
		("ModelRegistry", "ModelResumed", &["model"]),
		("DataAttribution", "DatanetCreated", &["datanet", "curator", "name"]),
		(
			"DataAttribution",
			"ContributionSubmitted",
			&["contribution", "datanet", "contributor", "root"],
		),
		(
			"DataAttribution",
			"ContributionAccepted",
			&["contribution", "datanet", "weight", "from_release"],
		),
		("DataAttribution", "ContributionRejected", &["contribution"]),
		("DataAttribution", "ContributionWithdrawn", &["contribution"]),
		(
			"DataAttribution",
			"ReleasePublished",
			&["datanet", "release", "total_weight", "contributions"],
		),
		("DataAttribution", "PayoutClaimed", &["contribution", "contributor", "amount"]),
		("InferenceMetering", "NodeRegistered", &["operator", "bond"]),
		("InferenceMetering", "NodeUpdated", &["operator"]),
		(
			"InferenceMetering",
			"SessionOpened",
			&["session", "caller", "node", "deposit", "expires_at"],
		),
		("InferenceMetering", "CloseRequested", &["session", "closes_at"]),
		("InferenceMetering", "SessionClosed", &["session", "refunded"]),
		(
			"InferenceMetering",
			"CallSettled",
			&[
				"session",
				"lane",
				"sequence",
				"caller",
				"node",
				"developer",
				"model",
				"version",
				"price_version",
				"input_tokens",
				"output_tokens",
				"charge",
				"request_hash",
				"response_hash",
				"payment",
			],
		),
		("InferenceMetering", "RecordRejected", &["session", "lane", "sequence", "reason"]),
		(
			"InferenceMetering",
			"VoucherSettled",
			&["session", "lane", "sequence", "accepted", "rejected", "charged"],
		),
		("RevenueSplit", "ProtocolShareSet", &["share"]),
		("RevenueSplit", "AccruedPaid", &["account", "amount"]),
		("Sudo", "Sudid", &["sudo_result"]),
		("Balances", "Transfer", &["from", "to", "amount"]),
	];
	let metadata = metadata();
	for (pallet, event, fields) in events {
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
