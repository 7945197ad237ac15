use super::*;
use crate::{
	keys::Scheme,
	testing::{FakeChain, FakeNode, Mood},
};
use openledger_primitives::{
	info::{ModelInfo, NodeStatus, ServedInfo, SessionInfo},
	policy::RevenuePolicy,
	price::PriceSchedule,
	Hash,
};
use sp_runtime::Permill;
use tempfile::TempDir;

mod behind;
mod lanes;
mod lost;
mod opening;
mod sequences;

const MODEL: ModelId = 3;
const SESSION: SessionId = 5;
const TERMS: LaneTerms = LaneTerms { model: MODEL, version: 0, price_version: 0 };
/// What the fake node's answer costs: 12 tokens in, 3 out.
const CHARGE: Balance = 1_000 + 12 * 10 + 3 * 100;
/// What it may cost at most: 16 out.
const MOST: Balance = 1_000 + 12 * 10 + 16 * 100;

struct World {
	chain: FakeChain,
	node: FakeNode,
	info: NodeInfo,
	alice: Keypair,
	connected: Chain,
	folder: TempDir,
}

fn key(uri: &str) -> Keypair {
	Keypair::from_uri(uri, Scheme::Sr25519).unwrap()
}

fn model() -> ModelInfo {
	ModelInfo {
		id: MODEL,
		name: "m".into(),
		owner: [1; 32].into(),
		paused: false,
		retired_at: None,
		offered_to: None,
		version: 0,
		price_version: 0,
		price: PriceSchedule { per_call: 1_000, per_input_token: 10, per_output_token: 100 },
		policy: RevenuePolicy {
			developer: Permill::one(),
			data: Permill::zero(),
			node: Permill::zero(),
			attributed: Permill::zero(),
		},
		uri: String::new(),
		weights_hash: Hash::zero(),
		tokenizer_hash: Hash::zero(),
		sources: Default::default(),
		parent: None,
		next_version: None,
		next_price: None,
		next_policy: None,
		deposit: 0,
	}
}

impl World {
	/// A chain, a node that serves the model, and Alice with a session that holds `deposit`.
	async fn new(deposit: Balance) -> Self {
		let chain = FakeChain::start().await;
		let connected = chain.connect().await;
		let (alice, bob) = (key("//Alice"), key("//Bob"));
		let genesis = connected.genesis_hash();
		let node = FakeNode::start(genesis, bob.clone(), model(), alice.account()).await;
		let info = NodeInfo {
			operator: bob.account(),
			endpoint: node.url.clone(),
			receipt_key: bob.account(),
			bond: 0,
			models: vec![ServedInfo { model: MODEL, capacity: 1 }],
			status: NodeStatus::Active,
			last_heartbeat: 0,
			sessions: 1,
		};
		{
			let mut state = chain.state.lock().unwrap();
			state.models.insert(MODEL, model());
			state.nodes.insert(bob.account(), info.clone());
			let session = SessionInfo {
				id: SESSION,
				caller: alice.account(),
				node: bob.account(),
				signer: alice.account(),
				deposit,
				settled: 0,
				spending_limit: 0,
				expires_at: 1_000,
				closes_at: None,
				lanes: vec![],
			};
			state.sessions.insert(SESSION, session);
		}
		let folder = tempfile::tempdir().unwrap();
		let world = Self { chain, node, info, alice, connected, folder };
		let known = KnownSession {
			genesis_hash: genesis,
			node: world.info.operator.clone(),
			caller: world.alice.account(),
			session: SESSION,
			deposit,
			expires_at: 1_000,
			opened_at: None,
			retired: false,
			lanes: Default::default(),
		};
		world.book().await.put(&world.key(), known, &[]).await.unwrap();
		world
	}

	fn key(&self) -> SessionKey {
		SessionKey {
			genesis_hash: self.connected.genesis_hash(),
			node: self.info.operator.clone(),
			caller: self.alice.account(),
		}
	}

	async fn book(&self) -> SessionBook {
		SessionBook::open(&self.folder.path().join("sessions.json")).await.unwrap()
	}

	/// What a new process makes of the file.
	async fn lane(&self) -> KnownLane {
		let known = self.book().await.find(&self.key()).await.unwrap();
		known.lanes.get(&0).cloned().unwrap_or_default()
	}

	async fn call(&self, stream: bool) -> Result<CallResult, CallerError> {
		self.call_with(stream, CallerOptions::default()).await
	}

	async fn call_with(
		&self,
		stream: bool,
		options: CallerOptions,
	) -> Result<CallResult, CallerError> {
		let recovery = options.recovery.min(Duration::from_millis(100));
		let options = CallerOptions { recovery, deposit: 0, ..options };
		let book = self.book().await;
		let caller =
			Caller::new(self.connected.clone(), self.alice.clone(), book, options).unwrap();
		let target = Target::registered(self.info.clone());
		let body = format!(r#"{{"model":"m","messages":[],"stream":{stream},"max_tokens":16}}"#);
		let mut streamed = String::new();
		let mut on_text = |text: &str| streamed.push_str(text);
		let result = caller.call(&target, MODEL, body.as_bytes(), &mut on_text).await?;
		assert_eq!(streamed, result.text);
		Ok(result)
	}
}

#[tokio::test]
async fn calls_are_paid_one_after_the_other() {
	let world = World::new(10 * MOST).await;
	for (round, stream) in [(1, false), (2, true), (3, false)] {
		let result = world.call(stream).await.unwrap();
		assert_eq!(result.text, "The capital of Zoë is Paris.");
		assert_eq!(result.finish_reason.as_deref(), Some("stop"));
		assert_eq!(result.completion.is_some(), !stream);
		assert_eq!(result.statement.charge, CHARGE);
		assert_eq!((result.session, result.opened), (SESSION, false));
		assert_eq!(result.authorised, MOST);
		assert_eq!(result.left, 10 * MOST - Balance::from(round) * CHARGE);
		let expected = KnownLane {
			sequence: round,
			acknowledged: Balance::from(round) * CHARGE,
			terms: Some(TERMS),
			..KnownLane::default()
		};
		assert_eq!(world.lane().await, expected);
	}
}

#[tokio::test]
async fn nothing_is_paid_for_a_false_offer() {
	let world = World::new(10 * MOST).await;
	for mood in [Mood::WrongPrice, Mood::WrongPayee] {
		world.node.set(mood);
		let refused = world.call(false).await.unwrap_err();
		assert!(matches!(refused, CallerError::Offer(_)), "{refused}");
	}
	world.node.set(Mood::Honest);
	let options = CallerOptions { max_charge: Some(MOST - 1), ..CallerOptions::default() };
	let refused = world.call_with(false, options).await.unwrap_err();
	assert!(matches!(refused, CallerError::TooExpensive { .. }), "{refused}");
	assert_eq!(world.node.ledger.lock().unwrap().paid_requests, 0);
	assert_eq!(world.lane().await, KnownLane::default());
}

#[tokio::test]
async fn a_false_statement_is_kept_and_never_acknowledged() {
	for (mood, said) in [
		(Mood::Overcharge, "not the price"),
		(Mood::TooManyTokens, "17 output tokens where 16"),
		(Mood::WrongText, "another answer"),
		(Mood::WrongKey, "not signed"),
	] {
		for stream in [false, true] {
			let world = World::new(10 * MOST).await;
			world.node.set(mood);
			let refused = world.call(stream).await.unwrap_err();
			assert!(matches!(refused, CallerError::Statement { .. }), "{mood:?}: {refused}");
			assert!(refused.to_string().contains(said), "{mood:?}: {refused}");
			let lane = world.lane().await;
			assert_eq!(lane.acknowledged, 0);
			assert!(lane.open.unwrap().rejected.is_some());
			// Nor is anything more paid to that node.
			world.node.set(Mood::Honest);
			let refused = world.call(stream).await.unwrap_err();
			assert!(matches!(refused, CallerError::Statement { .. }), "{refused}");
			assert_eq!(world.node.ledger.lock().unwrap().paid_requests, 1);
		}
	}
}

#[tokio::test]
async fn a_lost_statement_is_asked_for() {
	for stream in [false, true] {
		let world = World::new(10 * MOST).await;
		world.node.set(Mood::BreakOff);
		let lost = world.call(stream).await.unwrap_err();
		assert!(matches!(lost, CallerError::AnswerLost { charge: CHARGE, .. }), "{lost}");
		let expected = KnownLane {
			sequence: 1,
			acknowledged: CHARGE,
			terms: Some(TERMS),
			..KnownLane::default()
		};
		assert_eq!(world.lane().await, expected);
		world.node.set(Mood::Honest);
		world.call(stream).await.unwrap();
		assert_eq!(world.lane().await.acknowledged, 2 * CHARGE);
	}
}

#[tokio::test]
async fn a_call_that_was_not_served_costs_nothing() {
	let world = World::new(10 * MOST).await;
	world.node.set(Mood::BreakEarly);
	let lost = world.call(true).await.unwrap_err();
	assert!(matches!(lost, CallerError::Unreachable { .. }), "{lost}");
	assert_eq!(world.lane().await.open, None);
	world.node.set(Mood::Fail);
	let failed = world.call(false).await.unwrap_err();
	let CallerError::Refused { status, code, .. } = &failed else { panic!("{failed}") };
	assert_eq!((*status, code.as_str()), (502, "upstream_failed"));
	assert_eq!(world.lane().await.open, None);
	world.node.set(Mood::Honest);
	let result = world.call(false).await.unwrap();
	// The node had used up a number for each.
	assert_eq!(result.statement.sequence, 3);
	assert_eq!(world.lane().await.acknowledged, CHARGE);
}

#[tokio::test]
async fn a_node_without_room_has_used_no_voucher() {
	let world = World::new(10 * MOST).await;
	world.node.set(Mood::Busy);
	let busy = world.call(false).await.unwrap_err();
	assert!(matches!(busy, CallerError::Refused { status: 429, .. }), "{busy}");
	let lane = world.lane().await;
	assert_eq!((lane.sequence, lane.acknowledged, &lane.open), (0, 0, &None));
	assert_eq!(lane.untaken.len(), 1, "it is still valid");
	world.node.set(Mood::Honest);
	let result = world.call(false).await.unwrap();
	assert_eq!(result.statement.sequence, 1, "the same number again");
}

#[tokio::test]
async fn an_unknown_outcome_is_settled_before_the_next_call() {
	let world = World::new(10 * MOST).await;
	world.node.set(Mood::BreakOffMute);
	let unknown = world.call(true).await.unwrap_err();
	assert!(matches!(unknown, CallerError::Unresolved { allowance: MOST, .. }), "{unknown}");
	assert_eq!(world.lane().await.open.unwrap().sequence, 1);
	let still = world.call(false).await.unwrap_err();
	assert!(matches!(still, CallerError::Unresolved { .. }), "{still}");
	assert_eq!(world.node.ledger.lock().unwrap().paid_requests, 1);

	world.node.set(Mood::Honest);
	world.call(false).await.unwrap();
	let expected = KnownLane {
		sequence: 2,
		acknowledged: 2 * CHARGE,
		terms: Some(TERMS),
		..KnownLane::default()
	};
	assert_eq!(world.lane().await, expected);
}

#[tokio::test]
async fn vouchers_are_corrected_where_it_does_no_harm() {
	let world = World::new(10 * MOST).await;
	{
		let mut ledger = world.node.ledger.lock().unwrap();
		ledger.lanes.entry(0).or_default().sequence = 7;
	}
	let result = world.call(false).await.unwrap();
	assert_eq!(result.statement.sequence, 8);
	// The node has lost what it served: less to acknowledge.
	let charged =
		|charged| world.node.ledger.lock().unwrap().lanes.get_mut(&0).unwrap().charged = charged;
	charged(0);
	world.call(false).await.unwrap();
	assert_eq!(world.lane().await.acknowledged, CHARGE);
	// The node wants more than it signed for.
	charged(5 * CHARGE);
	let disputed = world.call(false).await.unwrap_err();
	let expected = CallerError::Disputed { session: SESSION, claimed: 5 * CHARGE, known: CHARGE };
	assert_eq!(disputed, expected);
	assert_eq!(world.lane().await.acknowledged, CHARGE);
}

#[tokio::test]
async fn a_node_is_known_by_the_account_it_wants_to_be_paid_on() {
	let world = World::new(10 * MOST).await;
	let caller = Caller::new(
		world.connected.clone(),
		world.alice.clone(),
		world.book().await,
		CallerOptions::default(),
	)
	.unwrap();
	let target = Target { url: format!("{}/", world.node.url), node: None };
	let body = br#"{"model":"m","messages":[],"max_tokens":16}"#;
	let result = caller.call(&target, MODEL, body, &mut |_| {}).await.unwrap();
	assert_eq!(result.statement.charge, CHARGE);

	world.node.set(Mood::WrongPayee);
	let refused = caller.call(&target, MODEL, body, &mut |_| {}).await.unwrap_err();
	assert!(refused.to_string().contains("no registered inference node"), "{refused}");
}

#[tokio::test]
async fn a_session_that_cannot_pay_is_replaced() {
	// The account has nothing, so that opening another one fails: that is how it shows.
	let needs_another = |result: Result<CallResult, CallerError>| {
		let error = result.unwrap_err();
		assert!(matches!(error, CallerError::DepositTooSmall { amount: MOST, deposit: 0 }));
	};
	let world = World::new(MOST + CHARGE).await;
	world.call(false).await.unwrap();
	world.call(false).await.unwrap();
	needs_another(world.call(false).await);

	let change = |change: fn(&mut SessionInfo)| {
		let mut state = world.chain.state.lock().unwrap();
		let info = state.sessions.get_mut(&SESSION).unwrap();
		let before = info.clone();
		change(info);
		before
	};
	let changes: [fn(&mut SessionInfo); 5] = [
		|info| info.closes_at = Some(50),
		|info| info.settled = info.deposit,
		|info| info.expires_at -= 1,
		|info| info.signer = [7; 32].into(),
		|info| info.node = [7; 32].into(),
	];
	for spoil in changes {
		let before = change(spoil);
		needs_another(world.call(false).await);
		world.chain.state.lock().unwrap().sessions.insert(SESSION, before);
	}
	world.chain.state.lock().unwrap().best = 990;
	needs_another(world.call(false).await);
}

#[tokio::test]
async fn a_session_that_was_topped_up_and_extended_goes_on() {
	let world = World::new(MOST).await;
	world.call(false).await.unwrap();
	{
		let mut state = world.chain.state.lock().unwrap();
		let info = state.sessions.get_mut(&SESSION).unwrap();
		info.deposit += MOST;
		info.expires_at += 50;
	}
	let result = world.call(false).await.unwrap();
	assert_eq!((result.session, result.left), (SESSION, 2 * (MOST - CHARGE)));
	let known = world.book().await.find(&world.key()).await.unwrap();
	assert_eq!((known.deposit, known.expires_at), (2 * MOST, 1_050));
}

#[tokio::test]
async fn what_the_node_signed_is_kept() {
	let world = World::new(10 * MOST).await;
	let genesis = world.connected.genesis_hash();
	let first = world.call(false).await.unwrap();
	world.node.set(Mood::BreakOff);
	world.call(true).await.unwrap_err();
	world.node.set(Mood::WrongKey);
	world.call(false).await.unwrap_err();
	let kept = world.book().await.statements(&genesis, SESSION).await.unwrap();
	assert_eq!(kept.iter().map(KeptStatement::call).collect::<Vec<_>>(), [(0, 1), (0, 2)]);
	assert_eq!(kept[0].receipt.statement, first.statement);
	assert!(kept.iter().all(|kept| {
		kept.rejected.is_none() && kept.receipt.is_signed_by(&world.info.receipt_key)
	}));

	// What the node signed against its own interest most of all.
	let world = World::new(10 * MOST).await;
	world.node.set(Mood::Overcharge);
	world.call(false).await.unwrap_err();
	let kept = world.book().await.statements(&genesis, SESSION).await.unwrap();
	assert!(kept[0].rejected.as_ref().unwrap().contains("not the price"));
}

#[tokio::test]
async fn an_account_without_funds_is_told_so() {
	let world = World::new(0).await;
	let book = world.book().await;
	let options = CallerOptions { deposit: 2 * OPEN, ..CallerOptions::default() };
	let caller = Caller::new(world.connected.clone(), world.alice.clone(), book, options).unwrap();
	let target = Target::registered(world.info.clone());
	let body = br#"{"model":"m","messages":[],"max_tokens":16}"#;
	let poor = caller.call(&target, MODEL, body, &mut |_| {}).await.unwrap_err();
	assert!(matches!(poor, CallerError::Balance { free: 0, .. }), "{poor}");
	assert!(poor.to_string().contains("2 OPEN"), "{poor}");
}

#[tokio::test]
async fn nobody_there_is_told_so() {
	let world = World::new(10 * MOST).await;
	let World { chain, node, info, alice, connected, folder } = world;
	drop(node);
	let world = |chain, node| World { chain, node, info, alice, connected, folder };
	let elsewhere = FakeNode::start(Hash::zero(), key("//Eve"), model(), [0; 32].into()).await;
	let world = world(chain, elsewhere);
	let gone = world.call(false).await.unwrap_err();
	assert!(matches!(gone, CallerError::Unreachable { .. }), "{gone}");
	assert_eq!(world.lane().await, KnownLane::default());
}

#[tokio::test]
async fn what_a_proxy_says_is_not_believed() {
	let world = World::new(10 * MOST).await;
	// The call is served behind it, and charged.
	world.node.set(Mood::Proxied);
	let lost = world.call(false).await.unwrap_err();
	assert!(matches!(lost, CallerError::AnswerLost { charge: CHARGE, .. }), "{lost}");
	assert_eq!(world.lane().await.acknowledged, CHARGE);
}

#[tokio::test]
async fn a_nodes_word_opens_no_session() {
	let world = World::new(10 * MOST).await;
	// The chain has the session, so the node is given time.
	world.node.ledger.lock().unwrap().session_unknown = 1;
	let result = world.call(false).await.unwrap();
	assert_eq!((result.session, result.statement.sequence), (SESSION, 1));
	world.node.ledger.lock().unwrap().session_unknown = 99;
	let refused = world.call(false).await.unwrap_err();
	let CallerError::Refused { code, .. } = &refused else { panic!("{refused}") };
	assert_eq!(code, "session_unknown");
	assert!(!world.book().await.find(&world.key()).await.unwrap().retired);
}

#[tokio::test]
async fn a_voucher_that_was_not_taken_is_not_forgotten() {
	let world = World::new(10 * MOST).await;
	world.node.set(Mood::Lose);
	let lost = world.call(false).await.unwrap_err();
	assert!(matches!(lost, CallerError::Refused { status: 502, .. }), "{lost}");
	let lane = world.lane().await;
	assert_eq!((lane.sequence, lane.untaken.len()), (0, 1));
	// It arrives late, and is served; the next one has the same sequence.
	world.node.set(Mood::Honest);
	world.node.take_late();
	let result = world.call(false).await.unwrap();
	assert_eq!(result.statement.sequence, 2);
	let expected = KnownLane {
		sequence: 2,
		acknowledged: 2 * CHARGE,
		terms: Some(TERMS),
		..KnownLane::default()
	};
	assert_eq!(world.lane().await, expected);

	// When it can be taken no more, it is forgotten.
	world.node.set(Mood::Lose);
	world.call(false).await.unwrap_err();
	world.chain.state.lock().unwrap().best = 500;
	world.node.set(Mood::Honest);
	let result = world.call(false).await.unwrap();
	assert_eq!(result.statement.sequence, 3);
}
