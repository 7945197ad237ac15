//! A state that cannot be written.

use std::sync::atomic::Ordering;

use openledger_payer_ledger::testing;

use super::{call, code};
use crate::{
	network::Network,
	testing::{TestNet, MOST},
	Payer,
};

#[tokio::test]
async fn no_voucher_goes_out_that_cannot_be_written_down() {
	let net = TestNet::new(1).await;
	let settings = net.settings(100 * MOST, 50 * MOST);
	let (genesis, account) = (net.chain.genesis_hash(), net.chain.account());
	let (treasury, is_full) = testing::treasury(genesis, account, settings.budget);
	let payer = Payer::with(net.chain.clone(), treasury, settings).await.unwrap();
	assert!(call(&payer, TestNet::chat(false)).await.answered().is_some());
	let spent = payer.treasury.look(|ledger| ledger.standing().charged);
	let seen = || net.nodes[0].ledger.lock().paid;
	assert_eq!(seen(), 1);

	is_full.store(true, Ordering::Relaxed);
	for stream in [false, true] {
		let asked = call(&payer, TestNet::chat(stream)).await;
		assert_eq!(code(&asked), "state_unwritable");
		assert!(asked.paid.is_empty(), "{asked:?}");
	}
	assert_eq!((seen(), net.charged()), (1, spent));
	assert!(!payer.treasury.is_well());
	// Nor when there is room again: what is on the disk is not known before it is read anew.
	is_full.store(false, Ordering::Relaxed);
	assert_eq!(code(&call(&payer, TestNet::chat(false)).await), "state_unwritable");
	assert_eq!(seen(), 1);
	assert_eq!(net.transactions(), ["open_session"]);
}
