use super::*;
use crate::testing::FakeChain;
use futures::StreamExt;
use openledger_primitives::{policy::RevenuePolicy, price::PriceSchedule};
use sp_io::hashing::{blake2_128, twox_128};
use sp_runtime::Permill;

#[tokio::test]
async fn blocks_and_accounts_are_read() {
	let fake = FakeChain::start().await;
	let chain = fake.connect().await;
	assert_eq!(chain.block(At::Best).await.unwrap().number, 10);
	let finalized = chain.block(At::Finalized).await.unwrap();
	assert_eq!(finalized.number, 8);
	assert_eq!(chain.block_hash(8).await.unwrap(), Some(finalized.hash));
	assert_eq!(chain.block_hash(11).await.unwrap(), None);
	let unknown = chain.block(At::Block(Hash::zero())).await.unwrap_err();
	assert!(matches!(unknown, ChainError::UnknownBlock { .. }));

	let account = AccountId::new([7; 32]);
	assert_eq!(chain.account(&account, At::Best).await.unwrap(), AccountInfo::default());
	let raw: &[u8] = account.as_ref();
	let key = [&twox_128(b"System")[..], &twox_128(b"Account"), &blake2_128(raw), raw].concat();
	let stored = (3u32, [0u32, 1, 0], (100u128, 20u128, 3u128, 1u128 << 127)).encode();
	fake.state.lock().unwrap().storage.insert(format!("0x{}", hex::encode(key)), stored);
	let expected = AccountInfo { nonce: 3, free: 100, reserved: 20, frozen: 3 };
	assert_eq!(chain.account(&account, At::Best).await.unwrap(), expected);
}

#[tokio::test]
async fn the_next_session_is_the_first_one_before_there_is_any() {
	let fake = FakeChain::start().await;
	let chain = fake.connect().await;
	assert_eq!(chain.next_session(At::Best).await.unwrap(), 0);

	let key = [twox_128(b"InferenceMetering"), twox_128(b"NextSessionId")].concat();
	let key = format!("0x{}", hex::encode(key));
	fake.state.lock().unwrap().storage.insert(key.clone(), 7u64.encode());
	assert_eq!(chain.next_session(At::Best).await.unwrap(), 7);

	fake.state.lock().unwrap().storage.insert(key, 7u32.encode());
	let error = chain.next_session(At::Best).await.unwrap_err();
	assert!(error.to_string().contains("InferenceMetering.NextSessionId"), "{error}");
}

#[tokio::test]
async fn a_commitment_is_found_by_its_reporter_and_hash() {
	let fake = FakeChain::start().await;
	let chain = fake.connect().await;
	let (reporter, commitment) = (AccountId::new([7; 32]), Hash::repeat_byte(9));
	let committed_in = || chain.committed_in(&reporter, commitment, At::Best);
	assert_eq!(committed_in().await.unwrap(), None);

	let keys: [&[u8]; 2] = [reporter.as_ref(), commitment.as_bytes()];
	let hashed = keys.map(|key| [&blake2_128(key)[..], key].concat()).concat();
	let map = [twox_128(b"InferenceMetering"), twox_128(b"ReportCommitments")].concat();
	let key = format!("0x{}", hex::encode([map, hashed].concat()));
	fake.state.lock().unwrap().storage.insert(key, (12u32, 5u128).encode());
	assert_eq!(committed_in().await.unwrap(), Some(12));
}

#[tokio::test]
async fn the_terms_of_a_lane_are_asked_for_by_all_that_they_depend_on() {
	let fake = FakeChain::start().await;
	let chain = fake.connect().await;
	let terms = LaneTermsInfo {
		price: PriceSchedule {
			per_call: 1,
			per_input_token: 2,
			per_cached_input_token: 1,
			per_output_token: 3,
		},
		policy: RevenuePolicy {
			developer: Permill::from_percent(60),
			data: Permill::zero(),
			node: Permill::from_percent(40),
			attributed: Permill::zero(),
		},
		protocol_share: Permill::from_percent(5),
		changed_at: Some(9),
		valid_until: Some(109),
	};
	let forgotten = Err(RejectReason::TermsForgotten);
	for (as_of, answer) in [(7u32, Ok(terms)), (8, forgotten)] {
		let arguments = format!("0x{}", hex::encode((3u32, 1u32, 2u32, as_of).encode()));
		let asked = ("InferenceApi_lane_terms".to_owned(), arguments);
		fake.state.lock().unwrap().apis.insert(asked, answer.encode());
		assert_eq!(chain.lane_terms(3, 1, 2, as_of, At::Best).await.unwrap(), answer);
	}
	assert!(chain.lane_terms(3, 2, 1, 7, At::Best).await.is_err(), "these are other terms");
}

#[tokio::test]
async fn finalized_blocks_come_in_order_without_gaps() {
	let fake = FakeChain::start().await;
	let chain = fake.connect().await;
	let mut blocks = finalized_blocks(&chain, Some(5));
	for number in 5..=8 {
		assert_eq!(blocks.next().await.unwrap().unwrap().number, number);
	}
	{
		let mut state = fake.state.lock().unwrap();
		state.best = 20;
		state.finalized = 12;
	}
	for number in 9..=12 {
		assert_eq!(blocks.next().await.unwrap().unwrap().number, number);
	}
	let newest = finalized_blocks(&chain, None).next().await.unwrap().unwrap();
	assert_eq!(newest.number, 12);
}

#[tokio::test]
async fn a_chain_without_our_pallets_is_told_so() {
	let fake = FakeChain::start().await;
	let chain = fake.connect().await;
	let error = chain.models(0, 10, At::Best).await.unwrap_err();
	assert_eq!(
		error.to_string(),
		"the chain node refused: ModelsApi_models: unknown: no such thing"
	);
	assert!(!error.is_transient());
}

#[tokio::test]
async fn nobody_there_is_told_at_once() {
	for url in ["ws://127.0.0.1:1", "http://127.0.0.1:1", "nonsense"] {
		let error = Chain::connect(url).await.unwrap_err();
		assert!(matches!(error, ChainError::Connect { .. }), "{error}");
		assert!(error.to_string().contains(url), "{error}");
	}
}

#[tokio::test]
async fn a_node_that_goes_away_is_waited_for_but_not_for_ever() {
	let fake = FakeChain::start().await;
	let chain = fake.connect().await;
	fake.stop().await;
	let error = chain.block(At::Best).await.unwrap_err();
	assert!(error.is_transient(), "{error}");
}
