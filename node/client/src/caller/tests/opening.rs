//! A transaction that opens a session, and is not heard of again.

use super::*;
use crate::caller::opening::Opening;
use openledger_primitives::BlockNumber;
use sp_io::hashing::twox_128;

impl World {
	/// Alice has no session that is known, and one was submitted before block 9.
	async fn opening(&self) {
		let book = self.book().await;
		book.retire(&self.key(), SESSION).await.unwrap();
		let SessionKey { genesis_hash, node, caller } = self.key();
		let (deposit, expires_at) = (7 * MOST, 900);
		let opening =
			Opening { genesis_hash, node, caller, deposit, expires_at, first: SESSION, from: 9 };
		book.begin(opening).await.unwrap();
		self.next_session(SESSION + 1);
	}

	/// The chain would give this number to another one.
	fn next_session(&self, number: SessionId) {
		let key = [twox_128(b"InferenceMetering"), twox_128(b"NextSessionId")].concat();
		let (key, value) = (format!("0x{}", hex::encode(key)), number.to_le_bytes().to_vec());
		self.chain.state.lock().unwrap().storage.insert(key, value);
	}

	fn blocks(&self, finalized: BlockNumber) {
		let mut state = self.chain.state.lock().unwrap();
		(state.best, state.finalized) = (finalized + 2, finalized);
	}
}

#[tokio::test]
async fn its_session_is_found() {
	let world = World::new(10 * MOST).await;
	world.opening().await;
	// Somebody else's comes before it.
	{
		let mut state = world.chain.state.lock().unwrap();
		let of_ours = state.sessions[&SESSION].clone();
		let (deposit, expires_at) = (7 * MOST, 900);
		let ours = SessionInfo { id: SESSION + 2, deposit, expires_at, ..of_ours };
		let other = SessionInfo { id: SESSION + 1, caller: [9; 32].into(), ..ours.clone() };
		state.sessions.extend([(SESSION + 1, other), (SESSION + 2, ours)]);
	}
	world.next_session(SESSION + 3);
	let result = world.call(false).await.unwrap();
	assert_eq!((result.session, result.opened), (SESSION + 2, true));
	assert_eq!(result.left, 7 * MOST - CHARGE);
	assert_eq!(world.book().await.opening(&world.key()).await, None);
	let result = world.call(false).await.unwrap();
	assert_eq!((result.session, result.opened), (SESSION + 2, false));
}

#[tokio::test]
async fn no_other_session_is_opened_before_its_time_is_over() {
	let world = World::new(10 * MOST).await;
	world.opening().await;
	for finalized in [8, 137] {
		world.blocks(finalized);
		let waits = world.call(false).await.unwrap_err();
		let expected = CallerError::Opening { deposit: 7 * MOST, last: 137, finalized };
		assert_eq!(waits, expected);
		assert!(world.book().await.opening(&world.key()).await.is_some());
	}
	world.blocks(138);
	let error = world.call(false).await.unwrap_err();
	assert!(matches!(error, CallerError::DepositTooSmall { .. }), "{error}");
	assert_eq!(world.book().await.opening(&world.key()).await, None);
	assert_eq!(world.node.ledger.lock().unwrap().paid_requests, 0);
}
