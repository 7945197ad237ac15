//! Tests of what only the whole runtime has: genesis, transactions and their fees, and what proxies may do.

mod transactions;

use crate::{
	configs::{pot_accounts, ProxyType},
	constants::*,
	genesis_config_presets, Babe, Balances, Grandpa, Header, LengthFee, Runtime, RuntimeCall,
	RuntimeGenesisConfig, RuntimeOrigin, Session,
};
use frame_support::{
	dispatch::Pays,
	traits::{BuildGenesisConfig, Contains, InstanceFilter},
};
use openledger_primitives::{on_chain::DeclineReason, OPEN};
use pallet_data_attribution::Call as Data;
use pallet_inference_metering::Call as Metering;
use pallet_inference_requests::Call as Requests;
use serde_json::Value;
use sp_io::TestExternalities;
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie, Dave, Ferdie};
use sp_runtime::{
	traits::{Dispatchable, Header as _},
	transaction_validity::TransactionSource,
	Digest, MultiAddress, MultiSignature,
};

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

fn chain(preset: &str) -> TestExternalities {
	let mut genesis = serde_json::to_value(RuntimeGenesisConfig::default()).unwrap();
	let patch = genesis_config_presets::get_preset(&preset.into()).expect("the preset exists");
	lay_over(&mut genesis, serde_json::from_slice(&patch).unwrap());
	let genesis: RuntimeGenesisConfig = serde_json::from_value(genesis).unwrap();

	let mut externalities = TestExternalities::default();
	externalities.execute_with(|| genesis.build());
	externalities
}

fn transfer() -> RuntimeCall {
	let dest = MultiAddress::Id(Bob.to_account_id());
	RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive { dest, value: OPEN })
}

#[test]
fn presets_have_their_validators() {
	let all = [Alice, Bob, Charlie, Dave].map(|key| key.to_account_id());
	for (preset, validators) in [("development", &all[..1]), ("local_testnet", &all[..])] {
		chain(preset).execute_with(|| {
			assert_eq!(Session::validators(), validators);
			assert_eq!(Babe::authorities().len(), validators.len());
			assert_eq!(Grandpa::grandpa_authorities().len(), validators.len());
			assert_eq!(Babe::epoch_config(), Some(BABE_GENESIS_EPOCH_CONFIG));
			assert_eq!(pallet_sudo::Key::<Runtime>::get(), Some(Alice.to_account_id()));
			assert_eq!(Balances::free_balance(Ferdie.to_account_id()), 1_000_000 * OPEN);
			for pot in pot_accounts() {
				assert_eq!(Balances::free_balance(pot), EXISTENTIAL_DEPOSIT);
			}
		});
	}
}

#[test]
fn accounts_in_presets_are_addresses_of_this_chain() {
	let preset = genesis_config_presets::get_preset(&"development".into()).unwrap();
	let preset: Value = serde_json::from_slice(&preset).unwrap();

	let alice = "opnyNEihcAKoDLEuFQ4zsFcd5C5FghnQER5KX9ZTQL4u9r3Aa";
	assert_eq!(preset["sudo"]["key"], alice);
	assert_eq!(preset["session"]["keys"][0][0], alice);
	let ours = |balance: &Value| balance[0].as_str().unwrap().starts_with("op");
	assert!(preset["balances"]["balances"].as_array().unwrap().iter().all(ours));
	assert_eq!(<Runtime as frame_system::Config>::SS58Prefix::get(), 4521);
}

/// Calls, events and what is on hold name pallets by these numbers.
#[test]
fn our_pallets_have_the_numbers_from_20_on() {
	use frame_support::traits::PalletInfo;
	fn number<Pallet: 'static>() -> Option<usize> {
		<Runtime as frame_system::Config>::PalletInfo::index::<Pallet>()
	}

	let numbers = [
		number::<crate::ModelRegistry>(),
		number::<crate::DataAttribution>(),
		number::<crate::InferenceMetering>(),
		number::<crate::RevenueSplit>(),
		number::<crate::InferenceRequests>(),
		number::<LengthFee>(),
	];

	assert_eq!(numbers, [20, 21, 22, 23, 24, 25].map(Some));
}

#[test]
fn every_preset_is_listed() {
	let names = genesis_config_presets::preset_names();
	assert_eq!(names, ["development", "local_testnet"]);
	assert!(names.iter().all(|name| genesis_config_presets::get_preset(name).is_some()));
	assert_eq!(genesis_config_presets::get_preset(&"mainnet".into()), None);
}

#[test]
fn proxies_do_only_what_they_are_for() {
	let remark = RuntimeCall::System(frame_system::Call::remark { remark: vec![] });
	let reject = RuntimeCall::Proxy(pallet_proxy::Call::reject_announcement {
		delegate: MultiAddress::Id(Bob.to_account_id()),
		call_hash: Default::default(),
	});
	let sudo = RuntimeCall::Sudo(pallet_sudo::Call::sudo { call: Box::new(transfer()) });

	for proxy in [ProxyType::Any, ProxyType::NonTransfer, ProxyType::CancelProxy] {
		assert!(proxy.filter(&reject));
	}
	assert!(!ProxyType::Claims.filter(&reject));
	let open = RuntimeCall::InferenceMetering(Metering::open_session {
		node: Bob.to_account_id(),
		deposit: OPEN,
		signer: Bob.to_account_id(),
		expires_at: 100,
	});
	let close = RuntimeCall::InferenceMetering(Metering::close_session { session: 0 });
	let publish = RuntimeCall::DataAttribution(Data::publish_release { datanet: 0 });
	let claim =
		RuntimeCall::DataAttribution(Data::claim { contribution: 0, releases: Default::default() });
	let collect = RuntimeCall::RevenueSplit(pallet_revenue_split::Call::pay_accrued {
		account: Bob.to_account_id(),
	});

	let calls = [open, close, publish, claim, collect, transfer(), sudo, remark];
	let allowed = |proxy: ProxyType| calls.each_ref().map(|call| proxy.filter(call));
	for (proxy, expected) in [
		(ProxyType::Any, [true; 8]),
		(ProxyType::NonTransfer, [false, false, false, true, true, false, false, true]),
		(ProxyType::CancelProxy, [false; 8]),
		(ProxyType::Caller, [true, false, false, false, false, false, false, false]),
		(ProxyType::Operator, [false, true, false, false, false, false, false, false]),
		(ProxyType::Curator, [false, false, true, false, false, false, false, false]),
		(ProxyType::Claims, [false, false, false, true, true, false, false, false]),
	] {
		assert_eq!(allowed(proxy), expected, "{proxy:?}");
	}
	// Whoever gives a contribution up before it is accepted gives its root to the first who has seen it.
	let give_up = RuntimeCall::DataAttribution(Data::withdraw_contribution { contribution: 0 });
	assert!(ProxyType::Any.filter(&give_up) && !ProxyType::NonTransfer.filter(&give_up));
	let batch = RuntimeCall::Utility(pallet_utility::Call::batch { calls: vec![] });
	assert!(ProxyType::Claims.filter(&batch) && !ProxyType::CancelProxy.filter(&batch));
}

#[test]
fn no_proxy_can_add_one_that_may_do_more() {
	use ProxyType::*;
	let all = [Any, NonTransfer, CancelProxy, Caller, Operator, Curator, Claims];
	for mine in all {
		for theirs in all {
			let covers = match mine {
				Any => true,
				NonTransfer => !matches!(theirs, Any | Caller | Operator | Curator),
				_ => mine == theirs,
			};
			assert_eq!(mine.is_superset(&theirs), covers, "{mine:?} {theirs:?}");
		}
	}
}

#[test]
fn only_the_operator_and_its_own_proxy_speak_for_a_node() {
	let answer = Requests::fulfil_call {
		request: 0,
		output: Default::default(),
		input_tokens: 0,
		output_tokens: 0,
		attribution: Default::default(),
		signature: MultiSignature::from(sp_core::sr25519::Signature::from_raw([0; 64])),
	};
	let lanes = Metering::settle_lanes { lanes: Default::default() };
	// A claim ties a deposit up, and giving it up costs a part of it.
	let claim = Requests::claim_call { request: 0 };
	let decline = Requests::decline_call { request: 0, reason: DeclineReason::TooDear };
	let for_a_node = [RuntimeCall::from(lanes), answer.into(), claim.into(), decline.into()];
	for call in &for_a_node {
		assert!(ProxyType::Operator.filter(call) && !ProxyType::NonTransfer.filter(call));
	}
	// These decide how much of the account can be lost, and by whose signature.
	let key = Ferdie.to_account_id();
	let register = Metering::register_node {
		endpoint: Default::default(),
		receipt_key: key.clone(),
		bond: OPEN,
		models: Default::default(),
	};
	let more = Metering::bond_more { amount: OPEN };
	let rotate = Metering::rotate_receipt_key { receipt_key: key.clone() };
	let payee = Metering::set_payee { payee: Some(key.clone()) };
	let models = pallet_model_registry::Call::set_payee { model: 0, payee: Some(key) };
	let calls = [register, more, rotate, payee].map(RuntimeCall::from);
	for call in calls.into_iter().chain([models.into()]) {
		assert!(!ProxyType::Operator.filter(&call) && !ProxyType::NonTransfer.filter(&call));
	}
}

/// A report that is accepted costs no fee, whatever it says and however long it is.
#[test]
fn reports_about_validators_are_refused_and_paid_for() {
	chain("development").execute_with(|| {
		let header = Header::new(
			1,
			Default::default(),
			Default::default(),
			Default::default(),
			Digest::default(),
		);
		let equivocation_proof = Box::new(sp_consensus_babe::EquivocationProof {
			offender: sp_core::sr25519::Public::default().into(),
			slot: 1.into(),
			first_header: header.clone(),
			second_header: header,
		});
		let trie_nodes = vec![vec![0; 1_000]];
		let key_owner_proof =
			sp_session::MembershipProof { session: 0, trie_nodes, validator_count: 0 };
		let report = pallet_babe::Call::report_equivocation {
			equivocation_proof: equivocation_proof.clone(),
			key_owner_proof: key_owner_proof.clone(),
		};
		let signed = RuntimeOrigin::signed(Ferdie.to_account_id());
		let refused = RuntimeCall::from(report).dispatch(signed).unwrap_err();
		assert_eq!(refused.post_info.pays_fee, Pays::Yes);

		let unsigned =
			pallet_babe::Call::report_equivocation_unsigned { equivocation_proof, key_owner_proof };
		let source = TransactionSource::Local;
		assert!(Babe::validate_unsigned(source, &unsigned).is_err());
		assert!(Babe::pre_dispatch(&unsigned).is_err());
	});
}

#[test]
fn a_validator_cannot_leave_the_set_for_ever() {
	let purge = RuntimeCall::Session(pallet_session::Call::purge_keys {});
	assert!(!<Runtime as frame_system::Config>::BaseCallFilter::contains(&purge));
	let other = RuntimeCall::System(frame_system::Call::remark { remark: vec![] });
	assert!(<Runtime as frame_system::Config>::BaseCallFilter::contains(&other));
}

#[test]
fn the_invariants_of_all_pallets_hold_at_genesis() {
	chain("local_testnet").execute_with(|| {
		pallet_model_registry::Pallet::<Runtime>::do_try_state().unwrap();
		pallet_data_attribution::Pallet::<Runtime>::do_try_state().unwrap();
		pallet_inference_metering::Pallet::<Runtime>::do_try_state().unwrap();
		pallet_inference_requests::Pallet::<Runtime>::do_try_state().unwrap();
		pallet_revenue_split::Pallet::<Runtime>::do_try_state().unwrap();
		LengthFee::do_try_state().unwrap();
	});
}
