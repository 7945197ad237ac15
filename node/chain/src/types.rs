//! The concrete types of this node's parts, which the framework leaves open.

use openledger_runtime::{opaque::Block, RuntimeApi};
use sc_transaction_pool::TransactionPoolHandle;

/// Runs the Wasm runtime.
pub type Executor = sc_executor::WasmExecutor<sp_io::SubstrateHostFunctions>;
/// The chain: its database, and the runtime to ask about it.
pub type Client = sc_service::TFullClient<Block, RuntimeApi, Executor>;
/// The database.
pub type Backend = sc_service::TFullBackend<Block>;
/// Chooses the best fork: the longest.
pub type SelectChain = sc_consensus::LongestChain<Backend, Block>;
/// Transactions that wait for a block.
pub type Pool = TransactionPoolHandle<Block, Client>;
