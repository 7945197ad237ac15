//! The JSON-RPC methods that the node adds to those of `sc-service`: account nonces, fees, BABE,
//! GRANDPA, and OpenLedger's own.

use crate::types::{Backend, Client, Pool, SelectChain};
use jsonrpsee::RpcModule;
use openledger_runtime::{opaque::Block, BlockNumber, Hash};
use pallet_transaction_payment_rpc::{TransactionPayment, TransactionPaymentApiServer};
use sc_consensus_babe::BabeWorkerHandle;
use sc_consensus_babe_rpc::{Babe, BabeApiServer};
use sc_consensus_grandpa::{
	FinalityProofProvider, GrandpaJustificationStream, SharedAuthoritySet, SharedVoterState,
};
use sc_consensus_grandpa_rpc::{Grandpa, GrandpaApiServer};
use sc_rpc::SubscriptionTaskExecutor;
use sp_keystore::KeystorePtr;
use std::sync::Arc;
use substrate_frame_rpc_system::{System, SystemApiServer};

/// The sources that the methods answer from.
pub struct Deps {
	/// The chain.
	pub client: Arc<Client>,
	/// Transactions that wait for a block.
	pub pool: Arc<Pool>,
	/// Which fork is best.
	pub select_chain: SelectChain,
	/// The node's keys.
	pub keystore: KeystorePtr,
	/// BABE's epochs.
	pub babe: BabeWorkerHandle<Block>,
	/// GRANDPA's rounds, voters and proofs.
	pub grandpa: GrandpaDeps,
}

/// The sources that GRANDPA's methods answer from.
pub struct GrandpaDeps {
	/// The rounds of the local voter.
	pub voter_state: SharedVoterState,
	/// The voters.
	pub authority_set: SharedAuthoritySet<Hash, BlockNumber>,
	/// Justifications as they come in.
	pub justifications: GrandpaJustificationStream<Block>,
	/// Proofs of finality.
	pub proofs: Arc<FinalityProofProvider<Backend, Block>>,
}

/// All methods, in one module.
pub fn module(
	deps: Deps,
	executor: SubscriptionTaskExecutor,
) -> Result<RpcModule<()>, Box<dyn std::error::Error + Send + Sync>> {
	let Deps { client, pool, select_chain, keystore, babe, grandpa } = deps;
	let GrandpaDeps { voter_state, authority_set, justifications, proofs } = grandpa;

	let mut module = RpcModule::new(());
	module.merge(System::new(client.clone(), pool).into_rpc())?;
	module.merge(TransactionPayment::new(client.clone()).into_rpc())?;
	module.merge(Babe::new(client.clone(), babe, keystore, select_chain).into_rpc())?;
	module.merge(
		Grandpa::new(executor, authority_set, voter_state, justifications, proofs).into_rpc(),
	)?;
	module.merge(openledger_rpc::module(client)?)?;
	Ok(module)
}
