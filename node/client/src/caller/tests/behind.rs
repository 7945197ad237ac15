//! A chain node that has not seen yet what another one has.

use super::*;

#[tokio::test]
async fn a_session_that_was_opened_just_now_is_waited_for() {
	let world = World::new(10 * MOST).await;
	let ours = world.chain.state.lock().unwrap().sessions.remove(&SESSION).unwrap();
	let mut known = world.book().await.find(&world.key()).await.unwrap();
	known.opened_at = Some(12);
	world.book().await.put(&world.key(), known, &[SESSION]).await.unwrap();
	let catching_up = async {
		sleep(Duration::from_millis(100)).await;
		let mut state = world.chain.state.lock().unwrap();
		state.best = 12;
		state.sessions.insert(SESSION, ours);
	};
	let (called, ()) = futures::join!(world.call(false), catching_up);
	let result = called.unwrap();
	assert_eq!((result.session, result.opened), (SESSION, false));
}

#[tokio::test]
async fn a_session_is_not_forgotten_before_its_end_is_final() {
	let world = World::new(10 * MOST).await;
	let options = CallerOptions::default();
	let book = world.book().await;
	let mut known = book.find(&world.key()).await.unwrap();
	known.opened_at = Some(9);
	book.put(&world.key(), known, &[SESSION]).await.unwrap();
	world.chain.state.lock().unwrap().sessions.clear();
	let caller = Caller::new(world.connected.clone(), world.alice.clone(), book, options).unwrap();
	assert!(caller.closed().await.unwrap().is_empty());
	{
		let mut state = world.chain.state.lock().unwrap();
		(state.best, state.finalized) = (200, 136);
	}
	assert!(caller.closed().await.unwrap().is_empty());
	world.chain.state.lock().unwrap().finalized = 137;
	assert_eq!(caller.closed().await.unwrap(), [SESSION]);
}
