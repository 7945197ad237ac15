//! What an OpenLedger inference node is made of: models behind one small trait, the OpenAI-shaped
//! types in which callers speak to it, the check that a call is paid for, what must not be
//! forgotten, and how it is redeemed on chain.
//!
//! | module | holds |
//! |---|---|
//! | [`config`] | the configuration file |
//! | [`backend`] | models, in this process or behind another server |
//! | [`openai`] | what callers send and get |
//! | [`payment`] | vouchers, from the header to the signed statement |
//! | [`store`] | vouchers and calls, on disk |
//! | [`settlement`] | redeeming served calls on chain |
//! | [`onchain`] | calls that are requested through the chain |
//! | [`heartbeat`] | telling the chain that the node is alive |
//! | [`pruning`] | removing what is old from the store |
//! | [`server`] | the HTTP side, and what holds all of it together |
//! | [`cli`] | the command line |

pub mod backend;
pub mod cli;
mod clock;
pub mod config;
pub mod heartbeat;
pub mod onchain;
pub mod openai;
pub mod payment;
pub mod pruning;
pub mod server;
pub mod settlement;
pub mod store;
#[cfg(test)]
mod testing;
